//! The store held against itself, while it is used or not: every byte of the log against its checksums, rows against
//! their leaves, leaves against the heads, hash files, index and blobs against the log, cursors against the streams.
//! Changes nothing; what is found is told with file and offset.

mod derived;
mod log;

use std::collections::BTreeMap;

use self::log::LogCheck;
use super::{Embedded, Shared};
use crate::contract::{StoreError, StreamId};

/// Findings of one code that are told one by one; the rest is counted.
const TOLD_MAX: u64 = 1_000;

/// Code, meaning and remedy of what a check finds.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-STO-001",
        "bytes of the log cannot be read back as they were written; rows in them are lost here",
        "restore the folder from a backup; the rows around the damage are still served",
    ),
    (
        "VN-STO-002",
        "rows of a stream are missing, or stand in the log twice",
        "restore the folder from a backup; a stream that lost rows takes no more",
    ),
    (
        "VN-STO-003",
        "the leaves of a stream do not lead to the root that the log or the head states",
        "restore the folder from a backup and keep this one: the rows are not those that were acknowledged",
    ),
    (
        "VN-STO-004",
        "a row is sound but does not have the leaf that stands beside it",
        "restore the folder from a backup and keep this one: the row is not the one that was acknowledged",
    ),
    (
        "VN-STO-005",
        "a hash file differs from the leaves in the log",
        "nothing is lost: stop the server, remove the file and start it again; it is built anew",
    ),
    (
        "VN-STO-006",
        "the index differs from the log",
        "nothing is lost: stop the server, remove the folder `index` and start it again; it is built anew",
    ),
    (
        "VN-STO-007",
        "a blob no longer has the digest it is named by",
        "put the same bytes again, which replaces the damaged copy, or take the file from a backup",
    ),
    (
        "VN-STO-008",
        "a projection cannot be read, or has followed a stream further than it reaches",
        "nothing is lost: stop the server, remove the folder `projections` and start it again; it is built anew",
    ),
    (
        "VN-STO-009",
        "something was found when the store was opened",
        "what is said to be lost comes back only from a backup; everything else was built anew",
    ),
];

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// One of [`CODES`].
    pub code: &'static str,
    /// The file, from the folder of the store.
    pub file: String,
    /// Byte of the file where it begins; `None` when the whole file is meant.
    pub offset: Option<u64>,
    /// The stream, when one is meant.
    pub stream: Option<StreamId>,
    /// The row, when one is meant.
    pub position: Option<u64>,
    /// What was found.
    pub message: String,
    /// Whether rows or blobs cannot be read any more; otherwise what is damaged is built anew from them.
    pub lost: bool,
}

impl Finding {
    fn of(code: &'static str, file: String, message: impl Into<String>) -> Self {
        Self {
            code,
            file,
            offset: None,
            stream: None,
            position: None,
            message: message.into(),
            lost: false,
        }
    }

    fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    fn row(mut self, stream: &StreamId, position: u64) -> Self {
        self.stream = Some(stream.clone());
        self.position = Some(position);
        self
    }

    fn lost(mut self) -> Self {
        self.lost = true;
        self
    }

    /// What can be done about it.
    pub fn remedy(&self) -> &'static str {
        CODES
            .iter()
            .find(|(code, ..)| *code == self.code)
            .map_or("", |(_, _, remedy)| remedy)
    }
}

/// What a check tells while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something is not as it must be.
    Finding(Finding),
    /// How far it has come: bytes of so many.
    Progress {
        /// What is held against what.
        step: &'static str,
        /// Bytes done.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
}

/// What was held against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Streams.
    pub streams: u64,
    /// Frames of the log.
    pub frames: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Blobs.
    pub blobs: u64,
    /// Cursors of projections.
    pub cursors: u64,
    /// Findings in all, also those that were not told one by one.
    pub findings: u64,
}

/// A check under way.
struct Check<'a> {
    shared: &'a Shared,
    tell: &'a mut dyn FnMut(Told) -> bool,
    summary: Summary,
    told: BTreeMap<&'static str, u64>,
}

impl Embedded {
    /// Holds the store against itself as it stands now; rows appended meanwhile are left out. Works on the disk: call
    /// it outside async tasks. `tell` hears of findings and progress and answers whether to go on.
    ///
    /// # Errors
    /// `Unavailable` when files cannot be read, or `tell` wants no more.
    pub fn check(&self, tell: &mut dyn FnMut(Told) -> bool) -> Result<Summary, StoreError> {
        let mut check = Check {
            shared: &self.shared,
            tell,
            summary: Summary::default(),
            told: BTreeMap::new(),
        };
        for damage in &self.damage {
            let mut finding = Finding::of("VN-STO-009", damage.place.clone(), damage.what.clone());
            finding.lost = damage.lost;
            check.find(finding)?;
        }
        let (end, heads) = self.shared.heads.snapshot();
        check.summary.streams = crate::codec::len64(heads.len());
        LogCheck::new(&mut check, end, &heads).run()?;
        check.index()?;
        check.blobs()?;
        check.projections()?;
        Ok(check.summary)
    }
}

impl Check<'_> {
    fn find(&mut self, finding: Finding) -> Result<(), StoreError> {
        self.summary.findings += 1;
        let told = self.told.entry(finding.code).or_default();
        *told += 1;
        if *told > TOLD_MAX {
            return Ok(());
        }
        tracing::warn!(?finding, "found by a check of the store");
        self.say(Told::Finding(finding))
    }

    fn progress(&mut self, step: &'static str, done: u64, total: u64) -> Result<(), StoreError> {
        self.say(Told::Progress { step, done, total })
    }

    fn say(&mut self, told: Told) -> Result<(), StoreError> {
        match (self.tell)(told) {
            true => Ok(()),
            false => Err(StoreError::Unavailable("nobody waits for the check".to_owned())),
        }
    }
}
