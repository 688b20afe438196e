//! Archives among the files, seen as the folders they hold: `.zip`, `.tar`, `.tar.gz` and `.tgz`, and single files
//! compressed as `.gz`. What lies in `a/b.zip` has paths that begin with `a/b/`.
//!
//! The bytes of a zip archive are held in memory; nothing is ever decompressed whole but small files of a tar archive,
//! which else would be read through from its beginning for each. An archive with a defect, or beyond the limits, is
//! not opened at all; a member whose bytes are not what the archive says ends in an error when it is read.

mod checked;
mod tarred;
mod zipped;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::Files;
use crate::codesystem::{ImportFinding, ImportSeverity};
use tarred::Tarred;
use zipped::Zipped;

/// Codes of findings about archives: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-121",
        "the archive is damaged, or not of the kind that its name says",
        "fetch the archive again from its owner",
    ),
    (
        "VN-IMP-122",
        "the archive holds more than is opened",
        "unpack the archive and import what it holds in parts",
    ),
    (
        "VN-IMP-123",
        "a path in the archive leads out of it, or is a link",
        "fetch the archive again from its owner, or unpack it and import the folder",
    ),
    (
        "VN-IMP-124",
        "a file in the archive is encrypted or compressed in a way that is not read",
        "unpack the archive and import the folder",
    ),
    (
        "VN-IMP-125",
        "a path in the archive is that of another file",
        "import the archive or the folder of the same name, not both",
    ),
    (
        "VN-IMP-126",
        "an archive lies in an archive; it is not opened",
        "unpack the outer archive and import the folder",
    ),
];

/// Most files in all archives together.
const ENTRIES_MAX: usize = 50_000;
/// Most bytes of all files in all archives together, decompressed.
const BYTES_MAX: u64 = 8 << 30;
/// Most bytes that a file may have for each of its compressed bytes, beyond the first [`SMALL_BYTES`].
const RATIO_MAX: u64 = 200;
/// Bytes below which the ratio is not looked at.
const SMALL_BYTES: u64 = 16 << 20;

/// Bytes read at a time.
const BUFFER: usize = 128 << 10;

/// Files, with those in archives among them.
pub struct Archive<'f> {
    files: &'f dyn Files,
    /// Zip archives, as long as something in them may be read.
    zipped: Vec<Zipped>,
    members: BTreeMap<String, Place>,
}

/// Where a file lies.
enum Place {
    /// Beside the archives.
    Beside,
    /// In the file of this path, which is compressed alone.
    Compressed(String),
    /// In a tar archive.
    Tarred(Tarred),
    /// In the zip archive at a position of [`Archive::zipped`], as its entry at a position.
    Zipped(usize, usize),
}

/// Kinds of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Zip,
    Tar { compressed: bool },
    Gzip,
}

const ENDINGS: [(&str, Kind); 5] = [
    (".zip", Kind::Zip),
    (".tar.gz", Kind::Tar { compressed: true }),
    (".tgz", Kind::Tar { compressed: true }),
    (".tar", Kind::Tar { compressed: false }),
    (".gz", Kind::Gzip),
];

/// Why an archive is not opened.
struct Refused(&'static str, String);

impl Refused {
    fn new(code: &'static str, message: impl Display) -> Self {
        Self(code, message.to_string())
    }

    fn damaged(error: impl Display) -> Self {
        Self::new("VN-IMP-121", format_args!("the archive cannot be read: {error}"))
    }
}

/// How much more may be opened.
struct Left {
    entries: usize,
    bytes: u64,
}

impl Left {
    /// Counts a file of `size` bytes, of which the archive holds `compressed`.
    fn take(&mut self, path: &str, size: u64, compressed: Option<u64>) -> Result<(), Refused> {
        let refused = |message: &str| Err(Refused::new("VN-IMP-122", format_args!("{message}: `{path}`")));
        self.entries = match self.entries.checked_sub(1) {
            Some(left) => left,
            None => return refused("more files than are opened"),
        };
        self.bytes = match self.bytes.checked_sub(size) {
            Some(left) => left,
            None => return refused("more bytes than are opened"),
        };
        if compressed.is_some_and(|compressed| size > most(compressed)) {
            return refused("a file is far larger than its compressed bytes let expect");
        }
        Ok(())
    }
}

/// Most bytes that so many compressed bytes may become.
fn most(compressed: u64) -> u64 {
    compressed
        .saturating_mul(RATIO_MAX)
        .saturating_add(SMALL_BYTES)
        .min(BYTES_MAX)
}

/// Whether a path names an archive, by its ending.
pub(super) fn is_archive(path: &str) -> bool {
    kind(path).is_some_and(|(inner, kind)| kind != Kind::Gzip || super::is_wanted(inner))
}

/// Whether what was read under `path` came from the file `sent`: that file itself, or the archive that it lies in.
pub fn came_from(path: &str, sent: &str) -> bool {
    let lies_in = |folder: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    path == sent || kind(sent).is_some_and(|(folder, _)| lies_in(folder))
}

/// The path without the ending that says what archive it is.
fn kind(path: &str) -> Option<(&str, Kind)> {
    ENDINGS
        .iter()
        .find_map(|(ending, kind)| Some((path.strip_suffix(ending)?, *kind)))
}

impl<'f> Archive<'f> {
    /// Opens the archives among `files`, with what is wrong with those that are not opened.
    pub fn open(files: &'f dyn Files) -> (Self, Vec<ImportFinding>) {
        let mut archive = Self {
            files,
            zipped: Vec::new(),
            members: BTreeMap::new(),
        };
        let mut findings = Vec::new();
        let mut left = Left {
            entries: ENTRIES_MAX,
            bytes: BYTES_MAX,
        };
        let (archives, beside): (Vec<String>, Vec<String>) =
            files.paths().into_iter().partition(|path| is_archive(path));
        archive
            .members
            .extend(beside.into_iter().map(|path| (path, Place::Beside)));
        for path in archives {
            if let Err(Refused(code, message)) = archive.add(&path, &mut left, &mut findings) {
                findings.push(ImportFinding::error(code, &path, 0, message));
            }
        }
        (archive, findings)
    }

    /// Adds what lies in an archive: all of it, or nothing.
    fn add(&mut self, path: &str, left: &mut Left, findings: &mut Vec<ImportFinding>) -> Result<(), Refused> {
        let Some((folder, kind)) = kind(path) else {
            return Ok(());
        };
        let members: Vec<(String, Place)> = match kind {
            Kind::Gzip => vec![(folder.to_owned(), Place::Compressed(path.to_owned()))],
            Kind::Tar { compressed } => {
                let members = tarred::members(self.files, path, compressed, left)?;
                members
                    .into_iter()
                    .map(|(name, member)| (inside(folder, &name), Place::Tarred(member)))
                    .collect()
            }
            Kind::Zip => {
                let at = self.zipped.len();
                let zipped = Zipped::open(self.files, path, left)?;
                let places = zipped.names().enumerate();
                let members = places
                    .map(|(entry, name)| (inside(folder, name), Place::Zipped(at, entry)))
                    .collect();
                self.zipped.push(zipped);
                members
            }
        };
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let twice = names
            .windows(2)
            .find(|pair| pair.first() == pair.last())
            .and_then(|pair| pair.first());
        if let Some(name) = twice.or_else(|| names.iter().find(|name| self.members.contains_key(**name))) {
            return Err(Refused::new(
                "VN-IMP-125",
                format_args!("`{name}` is in the archive, and elsewhere or twice"),
            ));
        }
        for name in names.iter().filter(|name| is_archive(name)) {
            let message = "an archive in an archive is not opened";
            findings.push(ImportFinding {
                severity: ImportSeverity::Warning,
                ..ImportFinding::error("VN-IMP-126", name, 0, message)
            });
        }
        self.members.extend(members);
        Ok(())
    }
}

fn inside(folder: &str, name: &str) -> String {
    format!("{folder}/{name}")
}

/// A member's path as it is used here; what leads out of the archive is refused.
fn safe(name: &str) -> Result<&str, Refused> {
    let inner = name.strip_prefix("./").unwrap_or(name);
    let safe = !inner.is_empty()
        && !inner.chars().any(|c| c.is_control() || c == '\\')
        && inner.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let refused = || {
        Refused::new(
            "VN-IMP-123",
            "a path is empty, absolute, leads upwards, or has control characters",
        )
    };
    safe.then_some(inner).ok_or_else(refused)
}

impl Files for Archive<'_> {
    fn paths(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    fn size(&self, path: &str) -> Option<u64> {
        match self.members.get(path)? {
            Place::Beside => self.files.size(path),
            Place::Compressed(_) => None,
            Place::Tarred(member) => Some(member.size()),
            Place::Zipped(zipped, entry) => self.zipped.get(*zipped)?.size(*entry),
        }
    }

    fn open<'o>(&'o self, path: &str) -> io::Result<Box<dyn BufRead + Send + 'o>> {
        match self.members.get(path).ok_or(io::ErrorKind::NotFound)? {
            Place::Beside => self.files.open(path),
            Place::Compressed(archive) => {
                let limit = self.files.size(archive).map_or(BYTES_MAX, most);
                let content = MultiGzDecoder::new(self.files.open(archive)?);
                Ok(buffered(checked::limited(content, limit)))
            }
            Place::Tarred(member) => member.open(self.files),
            Place::Zipped(zipped, entry) => self
                .zipped
                .get(*zipped)
                .ok_or(io::ErrorKind::NotFound)?
                .content(*entry),
        }
    }
}

fn buffered<'o>(content: impl Read + Send + 'o) -> Box<dyn BufRead + Send + 'o> {
    Box::new(BufReader::with_capacity(BUFFER, content))
}
