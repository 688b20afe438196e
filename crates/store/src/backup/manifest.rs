//! What a copy consists of, as one text file with a line for each thing and a checksum last.

use std::fmt::Write as _;

use super::is_path;
use crate::codec::{hex, unhex};
use crate::contract::{Digest, Hash, Head, StreamId};

/// Name of the manifest in the folder of a copy.
pub const MANIFEST_FILE: &str = "manifest";
const FIRST_LINE: &str = "vardnav-backup 1";

/// A file of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Its path within the node's folder.
    pub path: String,
    /// Bytes that belong to the copy; what stands behind them does not.
    pub length: u64,
    /// SHA-256 of these bytes.
    pub digest: Digest,
}

/// What a copy consists of: files, and the heads of all streams at its position.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// When it was taken, in microseconds since 1970-01-01 UTC.
    pub taken: i64,
    /// Where the log ended.
    pub end: u64,
    /// Its files by path.
    pub files: Vec<FileRecord>,
    /// The streams with their heads.
    pub heads: Vec<(StreamId, Head)>,
}

impl Manifest {
    /// The text of the manifest.
    pub fn encode(&self) -> String {
        let mut text = format!("{FIRST_LINE}\ntaken {}\nend {}\n", self.taken, self.end);
        for file in &self.files {
            // Writing to a string does not fail.
            let _ = writeln!(text, "file {} {} {}", file.length, file.digest, file.path);
        }
        for (stream, head) in &self.heads {
            let _ = writeln!(text, "head {} {} {stream}", head.size, hex(&head.root));
        }
        let digest = Digest::of(text.as_bytes());
        let _ = writeln!(text, "sha256 {digest}");
        text
    }

    /// Reads the text of a manifest; `None` when a byte of it is another or it is of another version.
    pub fn decode(text: &str) -> Option<Self> {
        let covered = text.get(..text.trim_end().rfind('\n')? + 1)?;
        let sum = text.get(covered.len()..)?.strip_prefix("sha256 ")?;
        if Digest::parse(sum.strip_suffix('\n')?)? != Digest::of(covered.as_bytes()) {
            return None;
        }
        let mut lines = covered.lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let mut manifest = Self {
            taken: lines.next()?.strip_prefix("taken ")?.parse().ok()?,
            end: lines.next()?.strip_prefix("end ")?.parse().ok()?,
            ..Self::default()
        };
        for line in lines {
            let mut words = line.splitn(4, ' ');
            let kind = words.next()?;
            let number = words.next()?.parse().ok()?;
            let hash: Hash = unhex(words.next()?)?;
            let name = words.next()?;
            match kind {
                "file" if is_path(name) => manifest.files.push(FileRecord {
                    path: name.to_owned(),
                    length: number,
                    digest: Digest(hash),
                }),
                "head" => manifest.heads.push((
                    StreamId::new(name).ok()?,
                    Head {
                        size: number,
                        root: hash,
                    },
                )),
                _ => return None,
            }
        }
        Some(manifest)
    }

    /// The file of a path.
    pub fn file(&self, path: &str) -> Option<&FileRecord> {
        self.files.iter().find(|file| file.path == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_reads_back_and_any_other_byte_is_seen() {
        let manifest = Manifest {
            taken: 5,
            end: 77,
            files: vec![FileRecord {
                path: "store/log/0.log".to_owned(),
                length: 3,
                digest: Digest::of(b"abc"),
            }],
            heads: vec![(
                StreamId::authority(),
                Head {
                    size: 2,
                    root: [7; 32],
                },
            )],
        };
        let text = manifest.encode();
        assert_eq!(Manifest::decode(&text), Some(manifest.clone()));
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1;
            let other = String::from_utf8(bytes)
                .ok()
                .and_then(|text| Manifest::decode(&text));
            assert_eq!(other, None, "byte {place}");
        }
        for path in [
            "../x",
            "store/../x",
            "/etc/passwd",
            "store",
            "store//x",
            "cache/x",
        ] {
            let mut outside = manifest.clone();
            outside.files[0].path = path.to_owned();
            assert_eq!(Manifest::decode(&outside.encode()), None, "{path}");
        }
    }
}
