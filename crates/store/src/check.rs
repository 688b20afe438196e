//! What a check of a store tells, whatever the store lies in: findings by code, how far it has come, and what was held
//! against what. Which bytes are held against which is said where they lie.

mod named;

use std::collections::BTreeMap;

pub(crate) use self::named::sought;
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
    (
        "VN-STO-010",
        "a row of the database cannot be read back as it was written",
        "take the database back to a copy that has it (the database's own, or by `admin store copy` from a copied folder); the rows around it are still served",
    ),
    (
        "VN-STO-011",
        "rows of a stream are missing in the database, or stand there without belonging to its head",
        "take the database back to a copy in which they stand as they must, and keep this one",
    ),
    (
        "VN-STO-012",
        "the leaves of a stream in the database do not lead to its head, or the head cannot be read",
        "take the database back to a copy and keep this one: the rows are not those that were acknowledged",
    ),
    (
        "VN-STO-013",
        "a row of the database is sound but does not have the leaf that stands beside it",
        "take the database back to a copy and keep this one: the row is not the one that was acknowledged",
    ),
    (
        "VN-STO-014",
        "a kept hash in the database differs from the leaves, or is missing",
        "nothing is lost: a server builds the hashes of a stream anew when a proof of it does not lead to the root",
    ),
    (
        "VN-STO-015",
        "a row of the database is not found by its key",
        "nothing is lost: have the database build the index `ledger_keys` anew",
    ),
    (
        "VN-STO-016",
        "a blob in the database no longer has the digest it is named by, or parts of it are missing",
        "put the same bytes again, which writes what is damaged anew, or take the database back to a copy that has them",
    ),
    (
        "VN-STO-017",
        "a projection in the database has followed a stream further than it reaches",
        "nothing is lost: stop the servers, remove the projection's rows and cursors and start them again; it is built anew",
    ),
    (
        "VN-STO-018",
        "a blob that the authority's stream names is missing: of a release, of imported content, of a map, of an upload or of published figures",
        "put the same file again, which keeps the blob under its digest, or take the blob from a backup or another copy",
    ),
];

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// One of [`CODES`].
    pub code: &'static str,
    /// The file, from the folder of the store, or the table of the database.
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
    pub(crate) fn of(code: &'static str, file: String, message: impl Into<String>) -> Self {
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

    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    pub(crate) fn row(mut self, stream: &StreamId, position: u64) -> Self {
        self.stream = Some(stream.clone());
        self.position = Some(position);
        self
    }

    pub(crate) fn lost(mut self) -> Self {
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
    /// How far it has come: bytes of the log, rows of a database, or blobs.
    Progress {
        /// What is held against what.
        step: &'static str,
        /// How much is done.
        done: u64,
        /// How much there is in all.
        total: u64,
    },
}

/// What was held against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Streams.
    pub streams: u64,
    /// Frames of the log; a database has none.
    pub frames: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of the log, or of the rows of a database.
    pub log_bytes: u64,
    /// Blobs.
    pub blobs: u64,
    /// Cursors of projections.
    pub cursors: u64,
    /// Findings in all, also those that were not told one by one.
    pub findings: u64,
}

/// Who is told, and what was told and counted so far.
pub(crate) struct Telling<'a, T: ?Sized> {
    tell: &'a mut T,
    pub(crate) summary: Summary,
    told: BTreeMap<&'static str, u64>,
}

impl<'a, T: FnMut(Told) -> bool + ?Sized> Telling<'a, T> {
    /// Nothing yet; `tell` answers whether to go on.
    pub(crate) fn new(tell: &'a mut T) -> Self {
        Self {
            tell,
            summary: Summary::default(),
            told: BTreeMap::new(),
        }
    }

    /// Counts a finding, and tells it unless there are too many of its code.
    ///
    /// # Errors
    /// `Unavailable` when nobody wants to hear more.
    pub(crate) fn find(&mut self, finding: Finding) -> Result<(), StoreError> {
        self.summary.findings += 1;
        let told = self.told.entry(finding.code).or_default();
        *told += 1;
        if *told > TOLD_MAX {
            return Ok(());
        }
        tracing::warn!(?finding, "found by a check of the store");
        self.say(Told::Finding(finding))
    }

    /// Tells how far the check has come.
    ///
    /// # Errors
    /// As [`Telling::find`].
    pub(crate) fn progress(&mut self, step: &'static str, done: u64, total: u64) -> Result<(), StoreError> {
        self.say(Told::Progress { step, done, total })
    }

    fn say(&mut self, told: Told) -> Result<(), StoreError> {
        match (self.tell)(told) {
            true => Ok(()),
            false => Err(StoreError::Unavailable("nobody waits for the check".to_owned())),
        }
    }
}
