//! The disk of a simulated machine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::machine::{Change, Kind, Naming, Node, State, put};
use crate::contract::StoreError;
use crate::disk::{Disk, DiskFile, Held, Open};

pub(super) struct SimulatedDisk {
    pub(super) state: Arc<Mutex<State>>,
}

struct SimulatedFile {
    state: Arc<Mutex<State>>,
    path: PathBuf,
    inode: u64,
}

fn held(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fails(kind: Kind) -> io::Error {
    match kind {
        Kind::Full => io::ErrorKind::StorageFull.into(),
        Kind::Device | Kind::Short | Kind::Dead => io::Error::other("the device failed"),
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = held(&self.state);
        let inode = match (state.names.get(path).copied(), how) {
            (Some(Node::Folder), _) => return Err(io::ErrorKind::IsADirectory.into()),
            (Some(Node::File(_)), Open::New(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, Open::Existing) => return Err(missing()),
            (Some(Node::File(inode)), Open::Empty) => {
                state.meet(path, "empty").map_err(fails)?;
                let file = state.inodes.get_mut(&inode).unwrap();
                file.now.clear();
                file.pending.push(Change::Length(0));
                inode
            }
            (Some(Node::File(inode)), _) => inode,
            (None, _) => {
                let parent = path.parent().unwrap();
                if state.names.get(parent) != Some(&Node::Folder) {
                    return Err(missing());
                }
                state.meet(path, "create").map_err(fails)?;
                state.create(path)
            }
        };
        Ok(Arc::new(SimulatedFile {
            state: Arc::clone(&self.state),
            path: path.to_owned(),
            inode,
        }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut state = held(&self.state);
        let Some(Node::File(inode)) = state.names.get(path).copied() else {
            return Err(missing());
        };
        state.meet(path, "read").map_err(fails)?;
        Ok(state.inodes[&inode].now.clone())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        if !state.names.contains_key(from) {
            return Err(missing());
        }
        state.meet(to, "rename").map_err(fails)?;
        state.rename(Naming::Move(from.to_owned(), to.to_owned()), to);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        if !state.names.contains_key(path) {
            return Err(missing());
        }
        state.meet(path, "remove").map_err(fails)?;
        state.rename(Naming::Unset(path.to_owned()), path);
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut state = held(&self.state);
        state.meet(folder, "list").map_err(fails)?;
        let paths = state.names.keys();
        Ok(paths
            .filter(|path| path.parent() == Some(folder))
            .cloned()
            .collect())
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        let mut above: Vec<_> = folder.ancestors().collect();
        above.reverse();
        for path in above {
            if !state.names.contains_key(path) {
                state.meet(path, "folder").map_err(fails)?;
                state.rename(Naming::Set(path.to_owned(), Node::Folder), path);
            }
        }
        Ok(())
    }

    fn is_folder(&self, path: &Path) -> bool {
        held(&self.state).names.get(path) == Some(&Node::Folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        state.meet(folder, "names").map_err(fails)?;
        state.settle_names(folder);
        Ok(())
    }

    fn lock(&self, _: &Path) -> Result<Held, StoreError> {
        Ok(Box::new(()))
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = held(&self.state);
        state.meet(&self.path, "read").map_err(fails)?;
        let now = &state.inodes[&self.inode].now;
        let rest = now.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = held(&self.state);
        let met = state.meet(&self.path, "write");
        let (count, outcome) = match met {
            Ok(()) => {
                let count = state.take_room(bytes.len());
                let full = count == 0 && !bytes.is_empty();
                (count, if full { Err(fails(Kind::Full)) } else { Ok(count) })
            }
            Err(kind @ (Kind::Short | Kind::Full)) => (state.some_of(0..=bytes.len()), Err(fails(kind))),
            Err(kind) => (0, Err(fails(kind))),
        };
        let written = bytes[..count].to_vec();
        let inode = state.inodes.get_mut(&self.inode).unwrap();
        if !written.is_empty() {
            put(&mut inode.now, offset, &written);
            inode.pending.push(Change::Write(offset, written));
        }
        outcome
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = held(&self.state);
        state.meet(&self.path, "cut").map_err(fails)?;
        let inode = state.inodes.get_mut(&self.inode).unwrap();
        inode.now.resize(usize::try_from(length).unwrap(), 0);
        inode.pending.push(Change::Length(length));
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(held(&self.state).inodes[&self.inode].now.len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = held(&self.state);
        match state.meet(&self.path, "sync") {
            Ok(()) => {
                state.settle(self.inode);
                Ok(())
            }
            Err(Kind::Dead) => Err(fails(Kind::Dead)),
            Err(kind) => {
                state.unsettle(self.inode);
                Err(fails(kind))
            }
        }
    }
}
