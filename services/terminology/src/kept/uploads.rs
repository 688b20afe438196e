//! Uploads that are under way, written down as they arrive, so that one that breaks off goes on where it was: also when
//! the server was killed. What is written down is a help and nothing more: without it an upload begins anew.
//!
//! An upload is named by what it holds ([`upload_name`]), and a caller goes on only with its own. A record that was not
//! written whole ends what is read back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::PIECE_BYTES;
use super::pieces::{packed, unpacked};
use super::spool::Spool;

/// How long an upload waits to be gone on with, in microseconds: a day.
const KEPT_MAX_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Most bytes of one upload as it is written down.
const ONE_MAX: u64 = 3 << 30;
/// Most bytes of the uploads that wait while another comes in.
const WAITING_MAX: u64 = 3 << 30;
/// Most uploads that wait while another comes in.
const WAITING_COUNT_MAX: usize = 100;
/// Bytes that are read at once.
const READ_BYTES: usize = 1 << 18;
/// Extension of the files.
const EXTENSION: &str = "upload";
/// What a file begins with: its kind and version.
const HEAD: &[u8; 8] = b"VNUPLD\0\x01";
/// Bytes of a record before its body: length and check.
const RECORD_HEAD: usize = 4 + 8;
/// Most bytes of a record's body: a path and a piece that cannot be compressed.
const BODY_MAX: usize = PIECE_BYTES + PIECE_BYTES / 16 + 4096;

/// A folder of uploads that are under way. It may be emptied while no server uses it.
#[derive(Debug, Clone)]
pub struct Uploads {
    folder: PathBuf,
}

/// An upload, written down as it arrives.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    size: u64,
}

/// The name of an upload: SHA-256 over its files by path, of each the length of the path (four bytes, the highest
/// first), the path, the size (eight bytes), and SHA-256 of the bytes. `files` are paths, sizes and digests.
pub fn upload_name(mut files: Vec<(&str, u64, [u8; 32])>) -> [u8; 32] {
    files.sort_unstable();
    let mut hash = Sha256::new();
    for (path, size, digest) in files {
        hash.update(u32::try_from(path.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(path);
        hash.update(size.to_be_bytes());
        hash.update(digest);
    }
    hash.finalize().into()
}

/// Size and SHA-256 of what a reader gives.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(mut reader: impl Read) -> io::Result<(u64, [u8; 32])> {
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut part = vec![0; READ_BYTES];
    loop {
        let read = reader.read(&mut part)?;
        let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok((size, hash.finalize().into()));
        };
        hash.update(bytes);
        size += read as u64;
    }
}

impl Uploads {
    /// Uploads in `folder`, which is made when the first one comes.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Removes what waited too long at `now` (microseconds since 1970-01-01 UTC), and the oldest of what is too much.
    pub fn prune(&self, now: i64) {
        self.prune_but(now, None);
    }

    /// The upload that a caller names, with what is there of it. Others that wait too long or are too many go.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(crate) fn open(&self, caller: &str, name: &[u8; 32], now: i64) -> io::Result<(Journal, Spool)> {
        let path = self.path(caller, name);
        self.prune_but(now, Some(&path));
        fs::create_dir_all(&self.folder)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        let mut spool = Spool::default();
        let size = read_back(&file, &mut spool)?;
        let mut journal = Journal { file, path, size };
        journal.file.set_len(size)?;
        journal.file.seek(SeekFrom::Start(size))?;
        if size == 0 {
            journal.write(HEAD)?;
        }
        Ok((journal, spool))
    }

    /// Of the same content every caller has an upload of its own.
    fn path(&self, caller: &str, name: &[u8; 32]) -> PathBuf {
        let hash = Sha256::new().chain_update(name).chain_update(caller).finalize();
        let name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{name}.{EXTENSION}"))
    }

    fn prune_but(&self, now: i64, but: Option<&Path>) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut waiting: Vec<(i64, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let (path, told) = (entry.path(), entry.metadata().ok()?);
                let is_one = path.extension().is_some_and(|extension| extension == EXTENSION);
                let changed = told.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
                let changed = i64::try_from(changed.as_micros()).ok()?;
                (is_one && but != Some(path.as_path())).then_some((changed, told.len(), path))
            })
            .collect();
        // The newest first.
        waiting.sort_unstable_by(|a, b| b.cmp(a));
        let mut bytes = 0_u64;
        for (count, (changed, size, path)) in waiting.into_iter().enumerate() {
            bytes = bytes.saturating_add(size);
            let too_old = now.saturating_sub(changed) > KEPT_MAX_MICROS;
            if too_old || bytes > WAITING_MAX || count >= WAITING_COUNT_MAX {
                remove(&path);
            }
        }
    }
}

impl Journal {
    /// Writes down the next bytes of a file.
    ///
    /// # Errors
    /// When it cannot be written, or the upload is too large to be.
    pub(crate) fn push(&mut self, path: &str, data: &[u8]) -> io::Result<()> {
        if data.is_empty() {
            return self.record(path, &[]);
        }
        data.chunks(PIECE_BYTES)
            .try_for_each(|piece| self.record(path, piece))
    }

    /// The upload is done, or of no use.
    pub(crate) fn remove(self) {
        remove(&self.path);
    }

    fn record(&mut self, path: &str, piece: &[u8]) -> io::Result<()> {
        let length = u16::try_from(path.len()).map_err(io::Error::other)?;
        let mut body = length.to_le_bytes().to_vec();
        body.extend_from_slice(path.as_bytes());
        body.extend_from_slice(&packed(piece));
        let mut record = u32::try_from(body.len())
            .map_err(io::Error::other)?
            .to_le_bytes()
            .to_vec();
        record.extend_from_slice(&check(&body));
        record.append(&mut body);
        if self.size.saturating_add(record.len() as u64) > ONE_MAX {
            return Err(io::Error::other("the upload is too large to be written down"));
        }
        self.write(&record)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(%error, path = %path.display(), "an upload that is of no use cannot be removed");
    }
}

/// First bytes of a body's SHA-256.
fn check(body: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(body).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// Reads whole records into a spool; answers where they end, 0 when the file is none of ours.
fn read_back(file: &File, spool: &mut Spool) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut head = [0; HEAD.len()];
    match reader.read_exact(&mut head) {
        Ok(()) if head == *HEAD => {}
        Ok(()) => return Ok(0),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
        Err(error) => return Err(error),
    }
    let mut end = HEAD.len() as u64;
    while let Some(body) = next_body(&mut reader)? {
        let Some((path, data)) = parse(&body) else { break };
        if spool.push(&path, &data).is_err() {
            break;
        }
        end += (RECORD_HEAD + body.len()) as u64;
    }
    Ok(end)
}

/// The body of the next record; `None` at the end, and where a record is not whole.
fn next_body(reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut whole = |out: &mut [u8]| match reader.read_exact(out) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    };
    let (mut length, mut stated) = ([0; 4], [0; 8]);
    if !whole(&mut length)? || !whole(&mut stated)? {
        return Ok(None);
    }
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > BODY_MAX {
        return Ok(None);
    }
    let mut body = vec![0; length];
    Ok((whole(&mut body)? && check(&body) == stated).then_some(body))
}

fn parse(body: &[u8]) -> Option<(String, Vec<u8>)> {
    let (length, rest) = body.split_first_chunk::<2>()?;
    let (path, piece) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    Some((String::from_utf8(path.to_vec()).ok()?, unpacked(piece).ok()?))
}

#[cfg(test)]
mod tests {
    use vardnav_interchange::content::Files as _;

    use super::*;

    const NAME: [u8; 32] = [7; 32];
    const NOW: i64 = 0;

    fn arrived(uploads: &Uploads, caller: &str) -> Vec<(String, u64)> {
        uploads.open(caller, &NAME, NOW).unwrap().1.arrived()
    }

    #[test]
    fn an_upload_goes_on_where_it_was_and_is_named_by_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(&folder.path().join("uploads"));
        let large: Vec<u8> = (0..PIECE_BYTES + 77).map(|at| (at % 251) as u8).collect();
        let (mut journal, spool) = uploads.open("anna", &NAME, NOW).unwrap();
        assert_eq!(spool.arrived(), []);
        journal.push("b", &large).unwrap();
        journal.push("empty", b"").unwrap();
        journal.push("a", b"one ").unwrap();
        drop(journal);
        let (mut journal, mut spool) = uploads.open("anna", &NAME, NOW).unwrap();
        let told = [("b", large.len() as u64), ("empty", 0), ("a", 4)];
        assert_eq!(spool.arrived(), told.map(|(path, size)| (path.to_owned(), size)));
        for part in ["two", "!"] {
            journal.push("a", part.as_bytes()).unwrap();
            spool.push("a", part.as_bytes()).unwrap();
        }
        assert_eq!(arrived(&uploads, "bo"), [], "another caller has one of its own");
        let again = uploads.open("anna", &NAME, NOW).unwrap().1.finish();
        let whole = spool.finish();
        assert_eq!(whole.name(), again.name());
        let digest = |bytes: &[u8]| digest_of(bytes).unwrap();
        let files = [
            ("a", digest(b"one two!")),
            ("empty", digest(b"")),
            ("b", digest(&large)),
        ];
        let named = files.map(|(path, (size, digest))| (path, size, digest));
        assert_eq!(whole.name(), upload_name(named.to_vec()));
        assert_eq!(whole.paths(), ["a", "b", "empty"]);
        journal.remove();
        assert_eq!(arrived(&uploads, "anna"), []);
    }

    #[test]
    fn what_was_not_written_whole_is_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(folder.path());
        let (mut journal, _) = uploads.open("anna", &NAME, NOW).unwrap();
        let mut ends = vec![journal.size];
        for part in ["first", "second", "third"] {
            journal.push("file", part.as_bytes()).unwrap();
            ends.push(journal.size);
        }
        let (path, lengths) = (journal.path.clone(), [0, 5, 11, 16]);
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&path, whole.get(..cut).unwrap()).unwrap();
            let records = ends.iter().filter(|end| **end <= cut as u64).count();
            let expected = lengths[records.max(1) - 1];
            let told: u64 = arrived(&uploads, "anna").iter().map(|(_, size)| size).sum();
            assert_eq!(told, expected, "cut at {cut}");
            // What follows is read back as well.
            let (mut journal, _) = uploads.open("anna", &NAME, NOW).unwrap();
            journal.push("file", b"!").unwrap();
            let told: u64 = arrived(&uploads, "anna").iter().map(|(_, size)| size).sum();
            assert_eq!(told, expected + 1, "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            let told: u64 = arrived(&uploads, "anna").iter().map(|(_, size)| size).sum();
            let before = ends.iter().filter(|end| **end <= at as u64).count();
            assert_eq!(told, lengths[before.max(1) - 1], "damaged at {at}");
        }
    }

    #[test]
    fn uploads_that_wait_too_long_or_are_too_many_go() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(folder.path());
        let count = || fs::read_dir(folder.path()).unwrap().count();
        for caller in 0..WAITING_COUNT_MAX + 5 {
            uploads.open(&caller.to_string(), &NAME, NOW).unwrap();
        }
        assert_eq!(count(), WAITING_COUNT_MAX + 1, "and the one that comes in");
        fs::write(folder.path().join("notes.txt"), "of another").unwrap();
        uploads.prune(i64::MAX);
        assert_eq!(count(), 1);
    }
}
