//! What the authority keeps, as the fold over its stream: releases, drafts, editions, care units, reporters.
//! It repeats what the stream says and decides nothing; [`crate::lifecycle`] decides what may be written.

mod derivations;
mod draft;
mod identity;
mod publications;
mod steps;
mod uploads;

pub use derivations::{Derivation, Derivations, Switch};
pub use draft::{CheckMark, Draft, KeptComment, Mark, Resolved, Round, Stage, TrailMark};
pub use identity::{Identities, Link};
pub use publications::{KeptPublication, Publications};
pub use uploads::{KeptUpload, Upload, Uploads, Withdrawal};

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use vardnav_register::unit::{CareUnit, UnitVersion};

use crate::entry::{
    Announcement, AuthorityEntry, Base, Change, ConceptMapRecord, ContentKind, ContentRecord, EditionPin,
    EditionRecord, IntroducedKey, KeyPurpose, Proposal, Reporter,
};
use crate::package::Digest;

/// A published release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRelease {
    /// Id.
    pub id: String,
    /// What was published.
    pub proposal: Proposal,
    /// First date of care it applies to.
    pub from: Date,
    /// The draft it came from.
    pub draft: String,
    /// Who published it, and when.
    pub publication: Mark,
    /// The bound editions that were at hand then.
    pub editions: Vec<EditionPin>,
    /// What reporters were told, and the terms of publication; `None` when nothing of it is written.
    pub announced: Option<Announcement>,
    /// The reporters that have taken notice, each with the first who said so.
    pub acknowledged: BTreeMap<String, Mark>,
}

/// What was said of a care unit once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitStatement {
    /// The version as it was put.
    pub version: Arc<UnitVersion>,
    /// Who put it, and when.
    pub mark: Mark,
}

impl PublishedRelease {
    /// Whether it is the same publication; what was told of it later does not count.
    fn is_publication(&self, other: &Self) -> bool {
        let told = Self {
            announced: self.announced.clone(),
            acknowledged: self.acknowledged.clone(),
            ..other.clone()
        };
        *self == told
    }

    /// Whether it was published on its first date of care or later: records were judged otherwise before. `None` when
    /// the day of publication is not written.
    pub fn is_retroactive(&self) -> Option<bool> {
        self.announced.as_ref().map(|told| told.from <= told.on)
    }
}

/// An entry that does not fit what the stream said before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// It names a draft that was never put.
    #[error("the entry names draft `{0}`, which was never put")]
    UnknownDraft(String),
    /// It checks, approves or publishes other content than the draft holds.
    #[error("the entry names other content than draft `{0}` holds")]
    OtherContent(String),
    /// It gives published content another form.
    #[error("the entry changes `{0}`, which is published")]
    Published(String),
    /// It gives a version of a code system, value set or map other content than was imported under that version.
    #[error("the entry changes version `{version}` of `{system}`, which is imported")]
    EditionTaken {
        /// Canonical address of the code system.
        system: String,
        /// The version.
        version: String,
    },
    /// It names a derivation that does not stand so: unknown, given up, in use, or another.
    #[error("the entry does not fit derivation `{0}`")]
    Derivation(String),
    /// It gives a key that is in use another public half.
    #[error("the entry changes a key that is in use")]
    KeyTaken,
    /// It gives a version of a reporter's map other content than was put under that version.
    #[error("the entry changes version `{version}` of map `{url}`, which is put")]
    MapTaken {
        /// Canonical address of the map.
        url: String,
        /// The version.
        version: String,
    },
    /// It names a referral round or a comment that the draft does not have, or gives one that it has another form.
    #[error("the entry does not fit the referral of draft `{0}`")]
    Referral(String),
    /// It tells of a release that is not published, or tells otherwise than was told.
    #[error("the entry does not fit the notice of release `{0}`")]
    Notice(String),
    /// It puts another revision of an upload than the next, or withdraws what is not there.
    #[error("the entry does not fit upload `{0}`")]
    Upload(String),
    /// It publishes figures of a year under another number than the next.
    #[error("the entry does not fit publication `{0}`")]
    Publication(String),
}

/// What the authority keeps. Cloning shares what does not change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorityState {
    reporters: Arc<BTreeMap<String, Reporter>>,
    units: Arc<BTreeMap<String, Arc<CareUnit>>>,
    /// What was said of each unit, in the order in which it was said.
    unit_history: Arc<BTreeMap<String, Vec<UnitStatement>>>,
    editions: Arc<BTreeMap<(String, String), EditionRecord>>,
    contents: Arc<BTreeMap<(ContentKind, String, String), ContentRecord>>,
    drafts: Arc<BTreeMap<String, Draft>>,
    releases: Arc<Vec<PublishedRelease>>,
    keys: Arc<Vec<IntroducedKey>>,
    derivations: Derivations,
    /// Of each reporter, in the order in which they were put.
    maps: Arc<BTreeMap<String, Vec<ConceptMapRecord>>>,
    identities: Arc<Identities>,
    uploads: Uploads,
    publications: Publications,
}

impl AuthorityState {
    /// Takes in the next entry of the stream. Taking the same entry twice in a row is the same as once.
    ///
    /// # Errors
    /// When the entry does not fit what came before; the state is unchanged then.
    pub fn apply(&mut self, entry: &AuthorityEntry) -> Result<(), FoldError> {
        let mark = || Mark::of(entry);
        match &entry.change {
            Change::ReporterPut(reporter) => {
                Arc::make_mut(&mut self.reporters).insert(reporter.id.clone(), reporter.clone());
            }
            Change::UnitPut { hsa_id, version } => self.put_unit(hsa_id, version, mark()),
            Change::EditionImported(edition) => self.import_edition(edition)?,
            Change::ContentImported(content) => self.import_content(content)?,
            Change::DraftPut { draft, proposal } => self.put_draft(entry, draft, proposal)?,
            Change::DraftChecked {
                draft,
                digest,
                errors,
                warnings,
            } => {
                let draft = self.draft_with(draft, digest)?;
                draft.check = Some(CheckMark {
                    mark: mark(),
                    errors: *errors,
                    warnings: *warnings,
                });
                draft.note(entry);
            }
            Change::DraftApproved { draft, digest } => {
                let draft = self.draft_with(draft, digest)?;
                draft.approval = Some(mark());
                draft.note(entry);
            }
            Change::ReleasePublished {
                draft,
                digest,
                from,
                editions,
            } => self.publish(entry, draft, digest, *from, editions)?,
            Change::KeyIntroduced(key) => self.introduce(key)?,
            Change::ConceptMapPut(map) => self.put_map(map)?,
            Change::Step(step) => self.take_step(entry, step)?,
            Change::Derivation(step) => self.derivations.take(step, mark())?,
            Change::Upload(step) => self.uploads.take(step, mark())?,
            Change::FiguresPublished(record) => self.publications.take(record, mark())?,
        }
        Ok(())
    }

    fn put_unit(&mut self, hsa_id: &str, version: &UnitVersion, mark: Mark) {
        let said = UnitStatement {
            version: Arc::new(version.clone()),
            mark,
        };
        let history = Arc::make_mut(&mut self.unit_history)
            .entry(hsa_id.to_owned())
            .or_default();
        if history.last() != Some(&said) {
            history.push(said);
        }
        let unit = Arc::make_mut(&mut self.units)
            .entry(hsa_id.to_owned())
            .or_insert_with(|| {
                Arc::new(CareUnit {
                    hsa_id: hsa_id.to_owned(),
                    versions: Vec::new(),
                })
            });
        let unit = Arc::make_mut(unit);
        unit.versions.retain(|known| known.from != version.from);
        let at = unit.versions.partition_point(|known| known.from < version.from);
        unit.versions.insert(at, version.clone());
    }

    fn import_edition(&mut self, edition: &EditionRecord) -> Result<(), FoldError> {
        match self.edition(&edition.system, &edition.version) {
            Some(known) if known.blob != edition.blob => Err(FoldError::EditionTaken {
                system: edition.system.clone(),
                version: edition.version.clone(),
            }),
            Some(_) => Ok(()),
            None => {
                let key = (edition.system.clone(), edition.version.clone());
                Arc::make_mut(&mut self.editions).insert(key, edition.clone());
                Ok(())
            }
        }
    }

    fn import_content(&mut self, content: &ContentRecord) -> Result<(), FoldError> {
        match self.content(content.kind, &content.url, &content.version) {
            Some(known) if known.blob != content.blob => Err(FoldError::EditionTaken {
                system: content.url.clone(),
                version: content.version.clone(),
            }),
            Some(_) => Ok(()),
            None => {
                let key = (content.kind, content.url.clone(), content.version.clone());
                Arc::make_mut(&mut self.contents).insert(key, content.clone());
                Ok(())
            }
        }
    }

    fn introduce(&mut self, key: &IntroducedKey) -> Result<(), FoldError> {
        let known = self
            .keys
            .iter()
            .find(|known| known.purpose == key.purpose && known.id == key.id);
        match known {
            Some(known) if known != key => Err(FoldError::KeyTaken),
            Some(_) => Ok(()),
            None => {
                Arc::make_mut(&mut self.keys).push(key.clone());
                Ok(())
            }
        }
    }

    fn put_map(&mut self, map: &ConceptMapRecord) -> Result<(), FoldError> {
        match self.concept_map(&map.reporter, &map.url, &map.version) {
            Some(known) if known != map => Err(FoldError::MapTaken {
                url: map.url.clone(),
                version: map.version.clone(),
            }),
            Some(_) => Ok(()),
            None => {
                let maps = Arc::make_mut(&mut self.maps);
                maps.entry(map.reporter.clone()).or_default().push(map.clone());
                Ok(())
            }
        }
    }

    fn put_draft(&mut self, entry: &AuthorityEntry, id: &str, proposal: &Proposal) -> Result<(), FoldError> {
        let newest = self.newest_release().map(|release| Base {
            release: release.id.clone(),
            digest: release.proposal.digest,
        });
        let known = self.drafts.get(id);
        if known.is_some_and(|known| known.publication.is_some()) {
            return Err(FoldError::Published(id.to_owned()));
        }
        let mut draft = known.cloned().unwrap_or_else(|| Draft::new(id, entry.at, newest));
        draft.put(entry, proposal);
        Arc::make_mut(&mut self.drafts).insert(id.to_owned(), draft);
        Ok(())
    }

    fn publish(
        &mut self,
        entry: &AuthorityEntry,
        id: &str,
        digest: &Digest,
        from: Date,
        editions: &[EditionPin],
    ) -> Result<(), FoldError> {
        let mark = Mark::of(entry);
        let draft = self.draft_with(id, digest)?;
        let release = PublishedRelease {
            id: draft.proposal.release.clone(),
            proposal: draft.proposal.clone(),
            from,
            draft: draft.id.clone(),
            publication: mark.clone(),
            editions: editions.to_vec(),
            announced: None,
            acknowledged: BTreeMap::new(),
        };
        match self.release(&release.id) {
            Some(known) if known.is_publication(&release) => return Ok(()),
            Some(known) => return Err(FoldError::Published(known.id.clone())),
            None => Arc::make_mut(&mut self.releases).push(release),
        }
        if let Some(draft) = Arc::make_mut(&mut self.drafts).get_mut(id) {
            draft.publication = Some(mark);
            draft.note(entry);
        }
        Ok(())
    }

    fn draft_with(&mut self, id: &str, digest: &Digest) -> Result<&mut Draft, FoldError> {
        match Arc::make_mut(&mut self.drafts).get_mut(id) {
            None => Err(FoldError::UnknownDraft(id.to_owned())),
            Some(draft) if draft.proposal.digest != *digest => Err(FoldError::OtherContent(id.to_owned())),
            Some(draft) => Ok(draft),
        }
    }

    /// A reporter by id.
    pub fn reporter(&self, id: &str) -> Option<&Reporter> {
        self.reporters.get(id)
    }

    /// All reporters, by id.
    pub fn reporters(&self) -> impl Iterator<Item = &Reporter> {
        self.reporters.values()
    }

    /// A care unit by HSA-id.
    pub fn unit(&self, hsa_id: &str) -> Option<&CareUnit> {
        self.units.get(hsa_id).map(Arc::as_ref)
    }

    /// What was said of a care unit, in the order in which it was said.
    pub fn unit_history(&self, hsa_id: &str) -> &[UnitStatement] {
        self.unit_history.get(hsa_id).map_or(&[], Vec::as_slice)
    }

    /// All care units, by HSA-id.
    pub fn units(&self) -> impl Iterator<Item = &CareUnit> {
        self.units.values().map(Arc::as_ref)
    }

    /// An imported edition.
    pub fn edition(&self, system: &str, version: &str) -> Option<&EditionRecord> {
        self.editions.get(&(system.to_owned(), version.to_owned()))
    }

    /// All imported editions, by code system and version.
    pub fn editions(&self) -> impl Iterator<Item = &EditionRecord> {
        self.editions.values()
    }

    /// An imported value set or concept map.
    pub fn content(&self, kind: ContentKind, url: &str, version: &str) -> Option<&ContentRecord> {
        self.contents.get(&(kind, url.to_owned(), version.to_owned()))
    }

    /// All imported value sets and concept maps, by kind, address and version.
    pub fn contents(&self) -> impl Iterator<Item = &ContentRecord> {
        self.contents.values()
    }

    /// A version of a reporter's map.
    pub fn concept_map(&self, reporter: &str, url: &str, version: &str) -> Option<&ConceptMapRecord> {
        self.concept_maps_of(reporter)
            .iter()
            .find(|map| map.url == url && map.version == version)
    }

    /// The maps of a reporter in all their versions, in the order in which they were put.
    pub fn concept_maps_of(&self, reporter: &str) -> &[ConceptMapRecord] {
        self.maps.get(reporter).map_or(&[], Vec::as_slice)
    }

    /// Whether the maps of the reporters are those of another state, of which this one was made.
    pub fn shares_concept_maps(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.maps, &other.maps)
    }

    /// The maps of all reporters, by reporter.
    pub fn concept_maps(&self) -> impl Iterator<Item = &ConceptMapRecord> {
        self.maps.values().flatten()
    }

    /// The keys that came into use for a purpose, the oldest first.
    pub fn keys(&self, purpose: KeyPurpose) -> impl Iterator<Item = &IntroducedKey> {
        self.keys.iter().filter(move |key| key.purpose == purpose)
    }

    /// The derivations of history.
    pub fn derivations(&self) -> &Derivations {
        &self.derivations
    }

    /// Uploaded data that are no records.
    pub fn uploads(&self) -> &Uploads {
        &self.uploads
    }

    /// Published figures.
    pub fn publications(&self) -> &Publications {
        &self.publications
    }

    /// A draft by id, published ones included.
    pub fn draft(&self, id: &str) -> Option<&Draft> {
        self.drafts.get(id)
    }

    /// All drafts, by id, published ones included.
    pub fn drafts(&self) -> impl Iterator<Item = &Draft> {
        self.drafts.values()
    }

    /// A published release by id.
    pub fn release(&self, id: &str) -> Option<&PublishedRelease> {
        self.releases.iter().find(|release| release.id == id)
    }

    /// All published releases, in the order of publication.
    pub fn releases(&self) -> impl Iterator<Item = &PublishedRelease> {
        self.releases.iter()
    }

    /// The release published last, whatever its first date of care.
    pub fn newest_release(&self) -> Option<&PublishedRelease> {
        self.releases.last()
    }

    /// Which callers are one person.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// The release in force on a date of care: the one with the latest first date not after it and, of several,
    /// the one published last.
    pub fn release_on(&self, date: Date) -> Option<&PublishedRelease> {
        self.releases
            .iter()
            .filter(|release| release.from <= date)
            .max_by_key(|release| release.from)
    }

    /// The first date on which a later release applies instead of this one; `None` while there is none.
    pub fn superseded_from(&self, id: &str) -> Option<Date> {
        let at = self.releases.iter().position(|release| release.id == id)?;
        let from = self.releases.get(at)?.from;
        let later = |(position, release): (usize, &PublishedRelease)| {
            (release.from > from || release.from == from && position > at).then_some(release.from)
        };
        self.releases.iter().enumerate().filter_map(later).min()
    }
}
