//! What the authority's stream holds: who changed what, when. Canonical bytes, version 1; versions once written
//! stay readable. Whether a change is allowed is decided in [`crate::lifecycle`] before it is written.

mod derivation;
mod publication;
mod step;
mod unit;
mod upload;

pub use derivation::{AS_REPORTED, DerivationPlan, DerivationStep};
pub use publication::{HeadMark, PublicationRecord, PublicationState};
pub use step::{
    Announcement, AreaCount, Base, Body, Comment, Procedure, Resolution, Step, Subject, TEXT_LONG_BYTES_MAX,
};
pub use upload::{MADE_UP, UploadRecord, UploadStep};

use jiff::civil::Date;
use vardnav_classification::model::Label;
use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use vardnav_register::text::holds_personal_number;
use vardnav_register::unit::UnitVersion;

use crate::package::Digest;

/// Version of the bytes that [`AuthorityEntry::encode`] writes.
pub const ENTRY_VERSION: u8 = 1;

/// The version of the bytes of a care unit that says more than the first version can hold; others stay in the first.
pub const UNIT_VERSION: u8 = 2;

const KIND_UNIT: u8 = 2;

/// Most items of one list in an entry.
const ITEMS_MAX: usize = 4096;

/// A change to what the authority keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityEntry {
    /// The authenticated caller.
    pub caller: String,
    /// When, in microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// What changed.
    pub change: Change,
}

/// Kinds of change. The kind bytes are stored: see [`Change::kind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A reporter was registered or changed.
    ReporterPut(Reporter),
    /// A dated version of a care unit was registered or changed.
    UnitPut {
        /// HSA-id of the unit.
        hsa_id: String,
        /// The version. It takes the place of the version with the same first date.
        version: Box<UnitVersion>,
    },
    /// An edition of an external code system was imported.
    EditionImported(EditionRecord),
    /// A value set or concept map was imported.
    ContentImported(ContentRecord),
    /// A draft was put: made, or given other content.
    DraftPut {
        /// Id of the draft.
        draft: String,
        /// What it proposes.
        proposal: Proposal,
    },
    /// A draft was checked.
    DraftChecked {
        /// Id of the draft.
        draft: String,
        /// The content that was checked.
        digest: Digest,
        /// Findings that stop publication.
        errors: u32,
        /// Findings that deserve a look.
        warnings: u32,
    },
    /// A draft was approved.
    DraftApproved {
        /// Id of the draft.
        draft: String,
        /// The content that was approved.
        digest: Digest,
    },
    /// A draft was published and is a release from now on.
    ReleasePublished {
        /// Id of the draft.
        draft: String,
        /// The content that was published.
        digest: Digest,
        /// First date of care it applies to.
        from: Date,
        /// The bound editions that were at hand then, and what they held.
        editions: Vec<EditionPin>,
    },
    /// A key came into use: heads may be signed with it, or persons be found with it, from now on.
    KeyIntroduced(IntroducedKey),
    /// A reporter put a version of a map from its own codes to facts.
    ConceptMapPut(ConceptMapRecord),
    /// A step of a draft, a release or a caller: referral, submission, notice, identity.
    Step(Step),
    /// A step of a derivation of history.
    Derivation(DerivationStep),
    /// A step of an upload: data that are no records.
    Upload(UploadStep),
    /// The figures of a year were published.
    FiguresPublished(PublicationRecord),
}

/// What a key is for. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyPurpose {
    /// Signs the heads of streams.
    Head = 1,
    /// Finds and seals persons in the vault.
    Vault = 2,
}

/// A key by what anybody may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntroducedKey {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Short id: tells keys apart and says nothing of a secret one.
    pub id: [u8; 8],
    /// The public key of one that signs; empty for one that only seals.
    pub public: Vec<u8>,
}

/// An edition that a release was published over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionPin {
    /// Canonical address of the code system.
    pub system: String,
    /// Version of the content.
    pub version: String,
    /// Digest of the blob that holds the edition.
    pub digest: Digest,
}

/// Somebody who reports to the register.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reporter {
    /// Id, which also names the stream.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Organisationsnummer of the care provider (vårdgivare).
    pub provider: String,
}

/// An imported edition of an external code system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditionRecord {
    /// Canonical address of the code system.
    pub system: String,
    /// Version of the content.
    pub version: String,
    /// Title for people.
    pub title: String,
    /// How many concepts.
    pub concepts: u64,
    /// Digest of the blob that holds the edition.
    pub blob: Digest,
}

/// Kinds of content that is imported beside code systems. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentKind {
    /// A value set.
    ValueSet = 1,
    /// A concept map.
    ConceptMap = 2,
}

/// An imported value set or concept map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRecord {
    /// What it is.
    pub kind: ContentKind,
    /// Canonical address.
    pub url: String,
    /// Version; empty when none is stated.
    pub version: String,
    /// Title for people.
    pub title: String,
    /// Digest of the blob that holds it.
    pub blob: Digest,
}

/// A version of a reporter's map from codes to facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConceptMapRecord {
    /// The reporter whose records it is asked about.
    pub reporter: String,
    /// Canonical address.
    pub url: String,
    /// Version; what was put under one never changes.
    pub version: String,
    /// Name for people.
    pub title: String,
    /// First date of care it applies to.
    pub from: Date,
    /// How many rows.
    pub rows: u64,
    /// Name of its file, whose ending tells the format.
    pub file: String,
    /// Digest of the blob that holds the file as it was uploaded.
    pub blob: Digest,
}

/// What a draft proposes, as its files say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proposal {
    /// Id of the release it wants to become.
    pub release: String,
    /// Name for people.
    pub title: Label,
    /// First date of care it wants to apply to.
    pub from: Date,
    /// Digest of the package.
    pub digest: Digest,
}

impl Change {
    /// The stored kind byte.
    pub fn kind(&self) -> u8 {
        match self {
            Self::ReporterPut(_) => 1,
            Self::UnitPut { .. } => KIND_UNIT,
            Self::EditionImported(_) => 3,
            Self::DraftPut { .. } => 4,
            Self::DraftChecked { .. } => 5,
            Self::DraftApproved { .. } => 6,
            Self::ReleasePublished { .. } => 7,
            Self::KeyIntroduced(_) => 8,
            Self::ConceptMapPut(_) => 9,
            Self::ContentImported(_) => 10,
            Self::Step(step) => step.kind(),
            Self::Derivation(step) => step.kind(),
            Self::Upload(step) => step.kind(),
            Self::FiguresPublished(_) => publication::KIND,
        }
    }
}

/// Why an entry may not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Its bytes would not be read again: a list or a text is longer than entries may hold.
    #[error("the entry cannot be kept: {0}")]
    Unreadable(#[from] DecodeError),
    /// Its bytes would be read as another entry.
    #[error("the entry cannot be kept: it is not in its one form")]
    Form,
    /// One of its texts holds what must be taken for a personal number.
    #[error("the entry cannot be kept: it holds a personal number")]
    PersonalNumber,
}

impl AuthorityEntry {
    /// Canonical bytes that are certain to be read again as this very entry, and hold no personal number.
    ///
    /// # Errors
    /// When they would not.
    pub fn sealed(&self) -> Result<Vec<u8>, EntryError> {
        let bytes = self.encode();
        if Self::decode(&bytes)? != *self {
            return Err(EntryError::Form);
        }
        if self.texts().into_iter().any(holds_personal_number) {
            return Err(EntryError::PersonalNumber);
        }
        Ok(bytes)
    }

    /// Every text that the entry holds.
    fn texts(&self) -> Vec<&str> {
        let mut texts = vec![self.caller.as_str()];
        match &self.change {
            Change::ReporterPut(reporter) => {
                texts.extend([&*reporter.id, &*reporter.name, &*reporter.provider]);
            }
            Change::UnitPut { hsa_id, version } => {
                texts.push(hsa_id);
                texts.extend(unit::texts(version));
            }
            Change::EditionImported(edition) => {
                texts.extend([&*edition.system, &*edition.version, &*edition.title]);
            }
            Change::ContentImported(content) => {
                texts.extend([&*content.url, &*content.version, &*content.title]);
            }
            Change::DraftPut { draft, proposal } => {
                texts.extend([
                    &**draft,
                    &*proposal.release,
                    &*proposal.title.sv,
                    &*proposal.title.en,
                ]);
            }
            Change::DraftChecked { draft, .. } | Change::DraftApproved { draft, .. } => texts.push(draft),
            Change::ReleasePublished { draft, editions, .. } => {
                texts.push(draft);
                texts.extend(editions.iter().flat_map(|pin| [&*pin.system, &*pin.version]));
            }
            Change::KeyIntroduced(_) => {}
            Change::ConceptMapPut(map) => {
                texts.extend([&*map.reporter, &*map.url, &*map.version, &*map.title, &*map.file]);
            }
            Change::Step(step) => texts.extend(step.texts()),
            Change::Derivation(step) => texts.extend(step.texts()),
            Change::Upload(step) => texts.extend(step.texts()),
            Change::FiguresPublished(record) => texts.extend(publication::texts(record)),
        }
        texts
    }

    /// Canonical bytes: kind, version, caller, instant, then what the kind holds.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u8(self.change.kind());
        w.u8(self.version());
        w.str(&self.caller);
        w.i64(self.at);
        match &self.change {
            Change::ReporterPut(reporter) => write_reporter(&mut w, reporter),
            Change::UnitPut { hsa_id, version } => {
                w.str(hsa_id);
                unit::write(&mut w, version);
            }
            Change::EditionImported(edition) => {
                w.str(&edition.system);
                w.str(&edition.version);
                w.str(&edition.title);
                w.varint(edition.concepts);
                w.raw(&edition.blob);
            }
            Change::ContentImported(content) => {
                w.u8(content.kind as u8);
                w.str(&content.url);
                w.str(&content.version);
                w.str(&content.title);
                w.raw(&content.blob);
            }
            Change::DraftPut { draft, proposal } => {
                w.str(draft);
                w.str(&proposal.release);
                w.str(&proposal.title.sv);
                w.str(&proposal.title.en);
                w.date(proposal.from);
                w.raw(&proposal.digest);
            }
            Change::DraftChecked {
                draft,
                digest,
                errors,
                warnings,
            } => {
                w.str(draft);
                w.raw(digest);
                w.u32(*errors);
                w.u32(*warnings);
            }
            Change::DraftApproved { draft, digest } => {
                w.str(draft);
                w.raw(digest);
            }
            Change::ReleasePublished {
                draft,
                digest,
                from,
                editions,
            } => {
                w.str(draft);
                w.raw(digest);
                w.date(*from);
                w.seq(editions, |w, pin| {
                    w.str(&pin.system);
                    w.str(&pin.version);
                    w.raw(&pin.digest);
                });
            }
            Change::KeyIntroduced(key) => {
                w.u8(key.purpose as u8);
                w.raw(&key.id);
                w.bytes(&key.public);
            }
            Change::ConceptMapPut(map) => write_map(&mut w, map),
            Change::Step(step) => step.write(&mut w),
            Change::Derivation(step) => step.write(&mut w),
            Change::Upload(step) => step.write(&mut w),
            Change::FiguresPublished(record) => publication::write(&mut w, record),
        }
        w.into_bytes()
    }

    /// The version of the bytes.
    fn version(&self) -> u8 {
        match &self.change {
            Change::UnitPut { version, .. } if unit::is_more(version) => UNIT_VERSION,
            _ => ENTRY_VERSION,
        }
    }

    /// Reads canonical bytes of any version written so far.
    ///
    /// # Errors
    /// When the bytes are not an entry, or not in its one canonical form.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let kind = r.u8()?;
        let version = r.u8()?;
        if version != ENTRY_VERSION && (kind, version) != (KIND_UNIT, UNIT_VERSION) {
            return Err(r.error(DecodeProblem::Version));
        }
        let caller = r.string()?;
        let at = r.i64()?;
        let change = match kind {
            1 => Change::ReporterPut(read_reporter(&mut r)?),
            2 => Change::UnitPut {
                hsa_id: r.string()?,
                version: Box::new(unit::read(&mut r, version == UNIT_VERSION)?),
            },
            3 => Change::EditionImported(EditionRecord {
                system: r.string()?,
                version: r.string()?,
                title: r.string()?,
                concepts: r.varint()?,
                blob: r.array()?,
            }),
            4 => Change::DraftPut {
                draft: r.string()?,
                proposal: Proposal {
                    release: r.string()?,
                    title: Label {
                        sv: r.string()?,
                        en: r.string()?,
                    },
                    from: r.date()?,
                    digest: r.array()?,
                },
            },
            5 => Change::DraftChecked {
                draft: r.string()?,
                digest: r.array()?,
                errors: r.u32()?,
                warnings: r.u32()?,
            },
            6 => Change::DraftApproved {
                draft: r.string()?,
                digest: r.array()?,
            },
            7 => Change::ReleasePublished {
                draft: r.string()?,
                digest: r.array()?,
                from: r.date()?,
                editions: r.seq(ITEMS_MAX, |r| {
                    Ok(EditionPin {
                        system: r.string()?,
                        version: r.string()?,
                        digest: r.array()?,
                    })
                })?,
            },
            8 => Change::KeyIntroduced(IntroducedKey {
                purpose: match r.u8()? {
                    1 => KeyPurpose::Head,
                    2 => KeyPurpose::Vault,
                    _ => return Err(r.error(DecodeProblem::Tag)),
                },
                id: r.array()?,
                public: r.bytes()?.to_vec(),
            }),
            9 => Change::ConceptMapPut(read_map(&mut r)?),
            10 => Change::ContentImported(ContentRecord {
                kind: match r.u8()? {
                    1 => ContentKind::ValueSet,
                    2 => ContentKind::ConceptMap,
                    _ => return Err(r.error(DecodeProblem::Tag)),
                },
                url: r.string()?,
                version: r.string()?,
                title: r.string()?,
                blob: r.array()?,
            }),
            kind if DerivationStep::is_kind(kind) => Change::Derivation(DerivationStep::read(kind, &mut r)?),
            kind if UploadStep::is_kind(kind) => Change::Upload(UploadStep::read(kind, &mut r)?),
            publication::KIND => Change::FiguresPublished(publication::read(&mut r)?),
            kind => Change::Step(Step::read(kind, &mut r)?),
        };
        r.finish()?;
        Ok(Self { caller, at, change })
    }
}

fn write_reporter(w: &mut Writer, reporter: &Reporter) {
    w.str(&reporter.id);
    w.str(&reporter.name);
    w.str(&reporter.provider);
}

fn read_reporter(r: &mut Reader<'_>) -> Result<Reporter, DecodeError> {
    Ok(Reporter {
        id: r.string()?,
        name: r.string()?,
        provider: r.string()?,
    })
}

fn write_map(w: &mut Writer, map: &ConceptMapRecord) {
    for text in [&map.reporter, &map.url, &map.version, &map.title] {
        w.str(text);
    }
    w.date(map.from);
    w.varint(map.rows);
    w.str(&map.file);
    w.raw(&map.blob);
}

fn read_map(r: &mut Reader<'_>) -> Result<ConceptMapRecord, DecodeError> {
    Ok(ConceptMapRecord {
        reporter: r.string()?,
        url: r.string()?,
        version: r.string()?,
        title: r.string()?,
        from: r.date()?,
        rows: r.varint()?,
        file: r.string()?,
        blob: r.array()?,
    })
}
