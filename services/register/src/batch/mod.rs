//! What becomes of the records of a batch, decided one after the other: [`asked`] says whom the vault is asked for,
//! [`pass`] is the way through them, [`single`] judges records that are reported one by one. Pure work over what was
//! looked up, run on the bounded pool. Nothing here waits, reads the store or appends.

mod asked;
mod pass;
mod single;

use vardnav_register::content::content_bytes;
use vardnav_register::derived::Derived;
use vardnav_register::entry::{Entry, EntryBody, Header, Nonce, VERSION, identity_bytes};
use vardnav_register::finding::Finding;
use vardnav_register::outcome::Outcome;
use vardnav_register::receipt::ReceiptLeaf;
use vardnav_register::record::Record;
use vardnav_store::{Row, StoreError, Vault};

pub(crate) use self::asked::Asked;
pub(crate) use self::pass::{Batch, Passed, speaks_against, stand_for_later};
pub(crate) use self::single::{LookedUp, Single};
use crate::surroundings::BatchSurroundings;

/// A record that could be read, or why not.
pub(crate) type Read = Result<Record, Finding>;

/// How the records of a batch are judged, one after the other. What is refused leaves no trace in it, so that it lends
/// nothing to the records after it.
pub(crate) trait Judge: Clone + Send + 'static {
    /// What it needs to know again of a record that is taken.
    type Mark;

    /// Judges the record in a place; those before it are judged.
    ///
    /// # Errors
    /// When a nonce that the vault sealed cannot be opened again: then nothing can be said of what was sent before.
    fn judge(
        &mut self,
        record: &Record,
        place: usize,
        records: &[Read],
        surroundings: &BatchSurroundings,
        vault: &dyn Vault,
    ) -> Result<Verdict<Self::Mark>, StoreError>;

    /// Hears that a record that was to be taken is.
    fn took(&mut self, mark: Self::Mark);
}

/// What is said of a record before its person is known.
pub(crate) enum Verdict<M> {
    /// Nothing of its person changes what becomes of it.
    Settled(Judged),
    /// It is taken, unless something is known of its person that speaks against it.
    ToTake(Box<Candidate>, M),
}

/// A record that is to be taken.
pub(crate) struct Candidate {
    /// The record with the revision that the register gives it, where it does.
    pub(crate) record: Option<Record>,
    pub(crate) outcome: Outcome,
    pub(crate) findings: Vec<Finding>,
    pub(crate) derived: Derived,
    /// The revision that it takes the place of; 0 for none.
    pub(crate) replaces: u32,
}

/// What becomes of a record.
pub(crate) enum Judged {
    /// It is not taken.
    Rejected(Vec<Finding>),
    /// The register holds it already; `as_before` when it is of a delivery and the same as what was current before.
    Resent {
        kept: Box<Kept>,
        derived: Option<Derived>,
        as_before: bool,
    },
    /// The same as an earlier record of the batch, by its place.
    Repeats(usize),
    /// It is taken.
    New {
        outcome: Outcome,
        findings: Vec<Finding>,
        derived: Derived,
    },
}

/// What the register holds of a record, as its receipt tells it. The position of one that is not appended yet is not
/// known.
pub(crate) struct Kept {
    pub(crate) position: Option<u64>,
    pub(crate) leaf: [u8; 32],
    pub(crate) header: Header,
    content_nonce: Nonce,
    identity_nonce: Nonce,
    derived: [u8; 32],
    /// Whether it answers a record of a delivery, whose revision the register gives.
    assigned: bool,
}

impl Kept {
    /// What is kept as an entry whose identity nonce was opened; `None` when the entry was erased.
    pub(crate) fn of(
        entry: &Entry,
        leaf: [u8; 32],
        position: Option<u64>,
        identity_nonce: Nonce,
    ) -> Option<Self> {
        let EntryBody::Whole { content_nonce, .. } = &entry.body else {
            return None;
        };
        Some(Self {
            position,
            leaf,
            header: entry.header.clone(),
            content_nonce: *content_nonce,
            identity_nonce,
            derived: entry.commitments().derived,
            assigned: false,
        })
    }

    /// The same, as it answers a record of a delivery.
    pub(crate) fn assigned(self) -> Self {
        Self {
            assigned: true,
            ..self
        }
    }

    /// Whether it answers a record of a delivery.
    pub(crate) fn is_assigned(&self) -> bool {
        self.assigned
    }

    /// The receipt's leaf for the record on `line`.
    pub(crate) fn receipt_leaf(&self, line: u64, position: u64) -> ReceiptLeaf {
        ReceiptLeaf {
            line,
            version: self.header.version,
            kind: self.header.kind,
            id: self.header.id.clone(),
            revision: self.header.revision,
            assigned: self.assigned,
            replaces: self.header.replaces,
            delivery: self.header.delivery,
            position,
            received: self.header.received,
            release: self.header.release.clone(),
            content_nonce: self.content_nonce,
            identity_nonce: self.identity_nonce,
            derived: self.derived,
        }
    }
}

/// A record sealed into the row that is to be appended.
pub(crate) struct Sealed {
    pub(crate) kept: Kept,
    pub(crate) row: Row,
}

/// Opens the identity nonce of an entry; `None` when the entry was erased, or withdraws its record.
///
/// # Errors
/// When the vault does not open what it sealed.
pub(crate) fn identity_nonce(entry: &Entry, vault: &dyn Vault) -> Result<Option<Nonce>, StoreError> {
    match &entry.body {
        EntryBody::Whole {
            sealed_identity_nonce,
            ..
        } => vault
            .unseal_nonce(sealed_identity_nonce, &entry.header.bytes())
            .map(Some),
        EntryBody::Erased { .. } | EntryBody::Withdrawn { .. } => Ok(None),
    }
}

/// Whether two records of a batch say the same.
pub(crate) fn says_the_same(record: &Record, other: &Record, received: i64) -> bool {
    let identity = |record: &Record| identity_bytes(&record.person, received, VERSION).ok();
    content_bytes(record, VERSION) == content_bytes(other, VERSION) && identity(record) == identity(other)
}
