//! Small durable steps on the machine's own files, for what lies beside the ledger: the vault and the keys.

use std::fs::File;
use std::io;
use std::path::Path;

pub(crate) use crate::disk::unavailable;
use crate::disk::{self, Disk as _, Machine};

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    Machine.sync_folder(folder)
}

/// Creates a folder and makes its own name durable.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    disk::create_folder(&Machine, folder)
}

/// Puts a whole file in place: either the old content or the new is there, and the new is durable on return.
pub(crate) fn put_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    disk::put_file(&Machine, path, bytes, mode)
}

/// Reads up to `length` bytes at an offset; fewer only at the end of the file.
pub(crate) fn read_up_to(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    disk::read_up_to(file, offset, length)
}
