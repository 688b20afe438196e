//! Entries of a reporter's stream: their bytes, the commitments in them and the leaf of the Merkle tree. Nonces,
//! sealed nonces and instants are arguments; nothing here draws or reads one.
//!
//! An entry keeps the version it was written with, and so does its receipt: its bytes and its leaf are computed in
//! that version for ever. All versions are `kind u8 ‖ version u8 ‖ header ‖ body`. Versions differ in their
//! content and derived bytes; version 3 says in the header which revision an entry takes the place of and which
//! delivery it belongs to, and has withdrawals. The leaf is SHA-256(0x00 ‖ kind ‖ version ‖ header ‖ C_content ‖
//! C_identity ‖ C_derived), and each commitment SHA-256(tag ‖ nonce ‖ bytes) under its own nonce. The body holds
//! content and derived values with their nonces, the identity only as its commitment and the sealed nonce. Nothing of
//! a withdrawal is secret: it commits to its reason, to no identity and to no derived values, under nonces of zeros.
//! An erased entry keeps header and commitments, so leaf, order and proofs survive; a filler of zeros gives it the
//! length of what it takes the place of, so it can be written over it.
//!
//! Entries about deliveries are in [`crate::delivery`]; a row of a stream is read as a [`StreamEntry`].

mod header;
mod stream;

pub use header::{Act, Delivered, Header, row_key, test_key};
pub use stream::StreamEntry;

use crate::bytes::{BYTES_MAX, DecodeError, DecodeProblem, Reader, Writer};
use crate::content::{content_bytes, decode_content};
use crate::derived::Derived;
use crate::hash::{Hash, sha256};
use crate::identity::{IdentityError, PersonKey, normalise, reference_date};
use crate::outcome::Outcome;
use crate::record::{Person, Record};

/// A nonce of a commitment.
pub type Nonce = [u8; 32];

/// The nonce of commitments to what is not secret.
const PUBLIC: Nonce = [0; 32];

/// The version of the format that new entries are written in.
pub const VERSION: u8 = 3;

/// Whether entries of a version have been written.
pub(crate) fn is_known(version: u8) -> bool {
    (1..=VERSION).contains(&version)
}

pub(crate) const TAG_LEAF: u8 = 0x00;
const TAG_CONTENT: u8 = 0x02;
const TAG_IDENTITY: u8 = 0x03;
const TAG_DERIVED: u8 = 0x04;
pub(crate) const TAG_KEY: u8 = 0x05;

/// What a leaf commits to besides its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitments {
    /// To the reported content.
    pub content: Hash,
    /// To the reported identity.
    pub identity: Hash,
    /// To derived values and person key.
    pub derived: Hash,
}

impl Commitments {
    /// The leaf of an entry.
    pub fn leaf(&self, header: &Header) -> Hash {
        sha256(&[
            &[TAG_LEAF],
            &header.bytes(),
            &self.content,
            &self.identity,
            &self.derived,
        ])
    }
}

/// Commits to content bytes.
pub fn commit_content(nonce: &Nonce, bytes: &[u8]) -> Hash {
    sha256(&[&[TAG_CONTENT], nonce, bytes])
}

/// Commits to identity bytes.
pub fn commit_identity(nonce: &Nonce, bytes: &[u8]) -> Hash {
    sha256(&[&[TAG_IDENTITY], nonce, bytes])
}

/// Commits to derived bytes.
pub fn commit_derived(nonce: &Nonce, bytes: &[u8]) -> Hash {
    sha256(&[&[TAG_DERIVED], nonce, bytes])
}

/// The nonces of an entry's commitments, freshly drawn for each entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonces {
    /// Of the content. Kept in the entry and returned with the receipt.
    pub content: Nonce,
    /// Of the identity. Kept only sealed, and returned with the receipt.
    pub identity: Nonce,
    /// Of the derived values. Kept in the entry.
    pub derived: Nonce,
}

impl std::fmt::Debug for Nonces {
    /// Never shows them: with the identity nonce numbers could be tried out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonces(withheld)")
    }
}

/// Why there are no bytes of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityBytesError {
    /// The number is not of its kind.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The version of the format is not known.
    #[error(transparent)]
    Version(#[from] DecodeError),
}

/// The bytes of the identity as reported, in a version of the format: kind of number, the number in its one form,
/// stated sex, stated date of birth, protection. `received` is the instant in the header, which gives ten-digit
/// forms their century.
///
/// # Errors
/// [`IdentityBytesError`] when the number is not of its kind or the version is not known.
pub fn identity_bytes(person: &Person, received: i64, version: u8) -> Result<Vec<u8>, IdentityBytesError> {
    if !is_known(version) {
        return Err(DecodeError::unknown_version().into());
    }
    let number = normalise(person, reference_date(received))?;
    let mut w = Writer::with_capacity(32);
    w.u8(person.identity_type as u8);
    w.str(number.reveal());
    w.u8(person.sex.map_or(0, |sex| sex as u8));
    w.option_date(person.birth_date);
    w.flag(person.protected);
    Ok(w.into_bytes())
}

/// An entry of a record: it reports or withdraws it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names it.
    pub header: Header,
    /// Commitment to the reported identity.
    pub identity: Hash,
    /// What it holds.
    pub body: EntryBody,
}

impl std::fmt::Debug for Entry {
    /// Shows which entry it is, not what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// The body of an entry.
#[derive(Clone, PartialEq, Eq)]
pub enum EntryBody {
    /// Everything is there.
    Whole {
        /// Canonical bytes of the content.
        content: Vec<u8>,
        /// Nonce of the commitment to the content.
        content_nonce: Nonce,
        /// Nonce of the commitment to the identity, sealed under a vault key: opaque here.
        sealed_identity_nonce: Vec<u8>,
        /// Canonical bytes of derived values and person key.
        derived: Vec<u8>,
        /// Nonce of the commitment to the derived values.
        derived_nonce: Nonce,
    },
    /// Content and nonces were erased.
    Erased {
        /// Commitment to the content that was.
        content: Hash,
        /// Commitment to the derived values that were.
        derived: Hash,
        /// How many zeros follow, so that the entry has the length of the one it takes the place of.
        filler: u32,
    },
    /// The record was withdrawn.
    Withdrawn {
        /// Code of the reason.
        reason: String,
    },
}

impl std::fmt::Debug for EntryBody {
    /// Shows only which form it has: content and derived values are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Whole { .. } => "Whole(withheld)",
            Self::Erased { .. } => "Erased",
            Self::Withdrawn { .. } => "Withdrawn",
        })
    }
}

impl Entry {
    /// The entry of a record, in the version that the header names. `identity` are its [`identity_bytes`] in that
    /// version, `sealed_identity_nonce` the vault's sealed form of `nonces.identity`.
    ///
    /// # Errors
    /// [`DecodeProblem::Version`] when the version is not known.
    pub fn new(
        header: Header,
        record: &Record,
        identity: &[u8],
        (person, derived): (PersonKey, &Derived),
        nonces: &Nonces,
        sealed_identity_nonce: Vec<u8>,
    ) -> Result<Self, DecodeError> {
        let content = content_bytes(record, header.version)?;
        let derived = derived.encode(person, header.version)?;
        Ok(Self {
            header,
            identity: commit_identity(&nonces.identity, identity),
            body: EntryBody::Whole {
                content,
                content_nonce: nonces.content,
                sealed_identity_nonce,
                derived,
                derived_nonce: nonces.derived,
            },
        })
    }

    /// The entry that withdraws a record, for a reason by its code. The header's act is set.
    pub fn withdrawal(header: Header, reason: String) -> Self {
        Self {
            header: Header {
                act: Act::Withdrawal,
                ..header
            },
            identity: no_identity(),
            body: EntryBody::Withdrawn { reason },
        }
    }

    /// Whether it withdraws its record.
    pub fn is_withdrawal(&self) -> bool {
        self.header.act == Act::Withdrawal
    }

    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(512);
        self.header.write(&mut w);
        w.raw(&self.identity);
        match &self.body {
            EntryBody::Whole {
                content,
                content_nonce,
                sealed_identity_nonce,
                derived,
                derived_nonce,
            } => {
                w.u8(1);
                w.bytes(content);
                w.raw(content_nonce);
                w.bytes(sealed_identity_nonce);
                w.bytes(derived);
                w.raw(derived_nonce);
            }
            EntryBody::Erased {
                content,
                derived,
                filler,
            } => {
                w.u8(2);
                w.raw(content);
                w.raw(derived);
                w.u32(*filler);
                w.zeros(*filler as usize);
            }
            EntryBody::Withdrawn { reason } => {
                w.u8(3);
                w.str(reason);
            }
        }
        w.into_bytes()
    }

    /// Reads an entry of any version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let header = Header::read(&mut r)?;
        let identity = r.array()?;
        let body = match (header.act, r.u8()?) {
            (Act::Report, 1) => EntryBody::Whole {
                content: r.bytes()?.to_vec(),
                content_nonce: r.array()?,
                sealed_identity_nonce: r.bytes()?.to_vec(),
                derived: r.bytes()?.to_vec(),
                derived_nonce: r.array()?,
            },
            (Act::Report, 2) => EntryBody::Erased {
                content: r.array()?,
                derived: r.array()?,
                filler: read_filler(&mut r)?,
            },
            (Act::Withdrawal, 3) => EntryBody::Withdrawn { reason: r.string()? },
            _ => return Err(r.error(DecodeProblem::Tag)),
        };
        if header.act == Act::Withdrawal && identity != no_identity() {
            return Err(r.error(DecodeProblem::NotCanonical));
        }
        r.finish()?;
        Ok(Self {
            header,
            identity,
            body,
        })
    }

    /// What its leaf commits to.
    pub fn commitments(&self) -> Commitments {
        let (content, derived) = match &self.body {
            EntryBody::Whole {
                content,
                content_nonce,
                derived,
                derived_nonce,
                ..
            } => (
                commit_content(content_nonce, content),
                commit_derived(derived_nonce, derived),
            ),
            EntryBody::Erased { content, derived, .. } => (*content, *derived),
            EntryBody::Withdrawn { reason } => (
                commit_content(&PUBLIC, reason.as_bytes()),
                commit_derived(&PUBLIC, &[]),
            ),
        };
        Commitments {
            content,
            identity: self.identity,
            derived,
        }
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        self.commitments().leaf(&self.header)
    }

    /// The record without its person; `None` when it was erased or withdrawn.
    ///
    /// # Errors
    /// [`DecodeError`] when the content bytes are not of the kind's form.
    pub fn record(&self) -> Result<Option<Record>, DecodeError> {
        match &self.body {
            EntryBody::Whole { content, .. } => {
                let Header {
                    version,
                    kind,
                    id,
                    revision,
                    ..
                } = &self.header;
                decode_content(*version, *kind, id, *revision, content).map(Some)
            }
            EntryBody::Erased { .. } | EntryBody::Withdrawn { .. } => Ok(None),
        }
    }

    /// Person key and derived values; `None` when they were erased, and of a withdrawal.
    ///
    /// # Errors
    /// [`DecodeError`] when the derived bytes are not of their form.
    pub fn derived(&self) -> Result<Option<(PersonKey, Derived)>, DecodeError> {
        match &self.body {
            EntryBody::Whole { derived, .. } => Derived::decode(derived, self.header.version).map(Some),
            EntryBody::Erased { .. } | EntryBody::Withdrawn { .. } => Ok(None),
        }
    }

    /// The person key alone; `None` as with [`Self::derived`].
    ///
    /// # Errors
    /// [`DecodeError`] when the derived bytes end within it.
    pub fn person(&self) -> Result<Option<PersonKey>, DecodeError> {
        match &self.body {
            EntryBody::Whole { derived, .. } => Derived::person(derived).map(Some),
            EntryBody::Erased { .. } | EntryBody::Withdrawn { .. } => Ok(None),
        }
    }

    /// The outcome alone; `None` as with [`Self::derived`].
    ///
    /// # Errors
    /// [`DecodeError`] when the derived bytes end before it, or it is none.
    pub fn outcome(&self) -> Result<Option<Outcome>, DecodeError> {
        match &self.body {
            EntryBody::Whole { derived, .. } => Derived::outcome_of(derived).map(Some),
            EntryBody::Erased { .. } | EntryBody::Withdrawn { .. } => Ok(None),
        }
    }

    /// The entry as it stands after erasure, in its shortest form: the leaf is the same. A withdrawal holds nothing to
    /// erase and stays as it is.
    pub fn erased(&self) -> Self {
        self.erased_with(0)
    }

    /// The entry as it stands after erasure, encoded in exactly `length` bytes, so that it can be written over the
    /// row it takes the place of: the leaf is the same. `None` when its shortest form is longer, which no entry of a
    /// record makes it, or the filler would be longer than any bytes are.
    pub fn erased_to(&self, length: usize) -> Option<Self> {
        let filler = length.checked_sub(self.erased().encode().len())?;
        (filler <= BYTES_MAX && (filler == 0 || !self.is_withdrawal()))
            .then(|| u32::try_from(filler).ok())
            .flatten()
            .map(|filler| self.erased_with(filler))
    }

    fn erased_with(&self, filler: u32) -> Self {
        if self.is_withdrawal() {
            return self.clone();
        }
        let Commitments {
            content,
            identity,
            derived,
        } = self.commitments();
        Self {
            header: self.header.clone(),
            identity,
            body: EntryBody::Erased {
                content,
                derived,
                filler,
            },
        }
    }

    /// The key under which a store finds it in its reporter's stream.
    pub fn key(&self) -> [u8; 16] {
        self.header.key()
    }
}

/// The commitment to the identity of entries that are about nobody.
fn no_identity() -> Hash {
    commit_identity(&PUBLIC, &[])
}

/// The length of a filler, after its zeros were read.
fn read_filler(r: &mut Reader<'_>) -> Result<u32, DecodeError> {
    let length = r.u32()?;
    let zeros = match usize::try_from(length) {
        Ok(length) if length <= BYTES_MAX => r.raw(length)?,
        _ => return Err(r.error(DecodeProblem::TooLong)),
    };
    if zeros.iter().all(|byte| *byte == 0) {
        Ok(length)
    } else {
        Err(r.error(DecodeProblem::NotCanonical))
    }
}
