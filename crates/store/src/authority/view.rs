//! What the authority's stream amounts to at one position: immutable, shared by all requests that began under it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use vardnav_register::mapping::ReporterMaps;
use vardnav_register::unit::{CareUnit, UnitVersion};
use vardnav_release::entry::{ContentRecord, EditionRecord, Reporter};
use vardnav_release::{AuthorityState, Snapshot};
use vardnav_terminology::translate::ConceptMapIndex;
use vardnav_terminology::value_set::ValueSetEdition;
use vardnav_terminology::{Catalog, Edition};

use super::maps::Maps;
use super::timeline;

/// The authority at a position of its stream.
#[derive(Default)]
pub struct View {
    position: u64,
    state: AuthorityState,
    /// Entries that could not be taken in, by name, with the reason.
    void: Vec<(String, String)>,
    editions: Vec<Loaded>,
    /// By kind, address and version.
    contents: Vec<LoadedContent>,
    snapshots: BTreeMap<String, Result<Arc<Snapshot>, String>>,
    catalog: Arc<Catalog>,
    maps: Arc<Maps>,
}

/// An imported edition, or why it could not be loaded.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) record: EditionRecord,
    pub(crate) edition: Result<Arc<Edition>, String>,
}

/// An imported value set or concept map, or why it could not be loaded.
#[derive(Clone)]
pub(crate) struct LoadedContent {
    pub(crate) record: ContentRecord,
    pub(crate) content: Result<Content, String>,
}

/// A value set or concept map, compiled.
#[derive(Clone)]
pub(crate) enum Content {
    ValueSet(Arc<ValueSetEdition>),
    ConceptMap(Arc<ConceptMapIndex>),
}

impl View {
    /// The view after `old`; what did not change is shared with it.
    pub(crate) fn following(
        old: &Self,
        position: u64,
        state: AuthorityState,
        void: Vec<(String, String)>,
        editions: Vec<Loaded>,
        contents: Vec<LoadedContent>,
        snapshots: BTreeMap<String, Result<Arc<Snapshot>, String>>,
    ) -> Self {
        let same = old.has_same_editions(&editions)
            && old.has_same_contents(&contents)
            && old.has_same_snapshots(&snapshots);
        let mut view = Self {
            position,
            state,
            void,
            editions,
            contents,
            snapshots,
            catalog: Arc::clone(&old.catalog),
            maps: Arc::default(),
        };
        if !same {
            view.catalog = Arc::new(view.build_catalog());
        }
        view
    }

    /// The view with the reporters' maps.
    pub(crate) fn with_maps(mut self, maps: Arc<Maps>) -> Self {
        self.maps = maps;
        self
    }

    pub(crate) fn maps(&self) -> &Arc<Maps> {
        &self.maps
    }

    pub(crate) fn void(&self) -> &[(String, String)] {
        &self.void
    }

    /// Entries taken in so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// What the entries say, releases and drafts as records.
    pub fn state(&self) -> &AuthorityState {
        &self.state
    }

    /// The compiled release in force on a date of care. `None` when there is none, and when that one cannot be
    /// loaded: another never stands in for it.
    pub fn release_on(&self, date: Date) -> Option<Arc<Snapshot>> {
        self.snapshot_on(date).cloned()
    }

    /// A compiled release by id.
    pub fn release(&self, id: &str) -> Option<Arc<Snapshot>> {
        self.snapshot(id).cloned()
    }

    /// As [`View::release_on`], borrowed from the view.
    pub fn snapshot_on(&self, date: Date) -> Option<&Arc<Snapshot>> {
        self.snapshot(&self.state.release_on(date)?.id)
    }

    /// As [`View::release`], borrowed from the view.
    pub fn snapshot(&self, id: &str) -> Option<&Arc<Snapshot>> {
        self.snapshots.get(id)?.as_ref().ok()
    }

    /// The compiled releases in the order of publication.
    pub fn releases(&self) -> impl Iterator<Item = Arc<Snapshot>> {
        self.state
            .releases()
            .filter_map(|release| self.release(&release.id))
    }

    /// The release published last.
    pub fn newest_release(&self) -> Option<Arc<Snapshot>> {
        self.releases().last()
    }

    /// What is published or imported and cannot be loaded, and the entries that are void, with the reason.
    pub fn unloaded(&self) -> impl Iterator<Item = (String, &str)> {
        let releases = self
            .snapshots
            .iter()
            .map(|(id, result)| (format!("release {id}"), result.as_ref().err()));
        let editions = self.editions.iter().map(|loaded| {
            let name = format!("edition {} of {}", loaded.record.version, loaded.record.system);
            (name, loaded.edition.as_ref().err())
        });
        let void = self
            .void
            .iter()
            .map(|(name, reason)| (name.clone(), Some(reason)));
        let contents = self
            .contents
            .iter()
            .map(|loaded| (loaded.record.url.clone(), loaded.content.as_ref().err()));
        releases
            .chain(editions)
            .chain(contents)
            .chain(void)
            .filter_map(|(name, reason)| Some((name, reason?.as_str())))
            .chain(self.maps.lost())
    }

    /// A care unit by HSA-id.
    pub fn unit(&self, hsa_id: &str) -> Option<&CareUnit> {
        self.state.unit(hsa_id)
    }

    /// A care unit as it was on a date.
    pub fn unit_on(&self, hsa_id: &str, date: Date) -> Option<&UnitVersion> {
        self.state.unit(hsa_id)?.on(date)
    }

    /// All care units.
    pub fn units(&self) -> impl Iterator<Item = &CareUnit> {
        self.state.units()
    }

    /// A reporter by id.
    pub fn reporter(&self, id: &str) -> Option<&Reporter> {
        self.state.reporter(id)
    }

    /// A reporter's own maps from codes to facts; `None` when it has none.
    ///
    /// # Errors
    /// Why one of them cannot be loaded: then nothing may be judged without it.
    pub fn reporter_maps(&self, reporter: &str) -> Result<Option<&ReporterMaps>, &str> {
        match self.maps.of(reporter) {
            None => Ok(None),
            Some(Ok(maps)) => Ok(Some(maps)),
            Some(Err(reason)) => Err(reason),
        }
    }

    /// All reporters.
    pub fn reporters(&self) -> impl Iterator<Item = &Reporter> {
        self.state.reporters()
    }

    /// The imported editions that are loaded.
    pub fn editions(&self) -> impl Iterator<Item = &Arc<Edition>> {
        self.editions
            .iter()
            .filter_map(|loaded| loaded.edition.as_ref().ok())
    }

    /// The imported value sets that are loaded.
    pub fn value_sets(&self) -> impl Iterator<Item = (&ContentRecord, &Arc<ValueSetEdition>)> {
        self.contents.iter().filter_map(|loaded| match &loaded.content {
            Ok(Content::ValueSet(set)) => Some((&loaded.record, set)),
            _ => None,
        })
    }

    /// The imported concept maps that are loaded.
    pub fn concept_maps(&self) -> impl Iterator<Item = (&ContentRecord, &Arc<ConceptMapIndex>)> {
        self.contents.iter().filter_map(|loaded| match &loaded.content {
            Ok(Content::ConceptMap(map)) => Some((&loaded.record, map)),
            _ => None,
        })
    }

    /// Every edition, value set and map at hand, imported or of a release, with what each release binds or carries on
    /// the dates on which it is in force: for looking things up outside any release.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(crate) fn loaded(&self, record: &EditionRecord) -> Option<&Loaded> {
        self.editions
            .iter()
            .find(|loaded| loaded.record == *record && loaded.edition.is_ok())
    }

    /// What was imported under the record, if it is loaded.
    pub(crate) fn loaded_content(&self, record: &ContentRecord) -> Option<&LoadedContent> {
        let at = self
            .contents
            .binary_search_by(|loaded| compare_records(&loaded.record, record));
        let loaded = self.contents.get(at.ok()?)?;
        (loaded.record == *record && loaded.content.is_ok()).then_some(loaded)
    }

    pub(crate) fn has_same_editions(&self, others: &[Loaded]) -> bool {
        self.editions.len() == others.len()
            && self
                .editions
                .iter()
                .zip(others)
                .all(|(one, other)| match (&one.edition, &other.edition) {
                    (Ok(one), Ok(other)) => Arc::ptr_eq(one, other),
                    (Err(_), Err(_)) => true,
                    _ => false,
                })
    }

    fn has_same_contents(&self, others: &[LoadedContent]) -> bool {
        let mut pairs = self.contents.iter().zip(others);
        self.contents.len() == others.len()
            && pairs.all(|(one, other)| match (&one.content, &other.content) {
                (Ok(Content::ValueSet(one)), Ok(Content::ValueSet(other))) => Arc::ptr_eq(one, other),
                (Ok(Content::ConceptMap(one)), Ok(Content::ConceptMap(other))) => Arc::ptr_eq(one, other),
                (Err(_), Err(_)) => true,
                _ => false,
            })
    }

    fn has_same_snapshots(&self, others: &BTreeMap<String, Result<Arc<Snapshot>, String>>) -> bool {
        self.snapshots.len() == others.len()
            && self
                .snapshots
                .iter()
                .zip(others)
                .all(|((id, one), (other_id, other))| {
                    id == other_id
                        && match (one, other) {
                            (Ok(one), Ok(other)) => Arc::ptr_eq(one, other),
                            (Err(_), Err(_)) => true,
                            _ => false,
                        }
                })
    }

    fn build_catalog(&self) -> Catalog {
        let mut catalog = Catalog::new();
        let mut releases: Vec<_> = self.releases().collect();
        releases.reverse();
        // What is there already comes from a later release and stays; the order is fixed, so every server agrees.
        for edition in releases
            .iter()
            .flat_map(|release| release.catalog.editions())
            .chain(self.editions())
        {
            let _ = catalog.insert(Arc::clone(edition));
        }
        // So it is with the maps of releases. Each record of imported content names another address or version.
        let maps = releases.iter().flat_map(|release| release.catalog.concept_maps());
        for map in maps.chain(self.concept_maps().map(|(_, map)| map)) {
            let _ = catalog.insert_concept_map(Arc::clone(map));
        }
        for (_, set) in self.value_sets() {
            let _ = catalog.insert_value_set(Arc::clone(set));
        }
        for (system, bindings) in timeline::bindings(self) {
            for binding in bindings {
                if let Err(error) = catalog.bind(system, &binding.version, binding.validity) {
                    tracing::error!(%error, "a binding of a release cannot be held to");
                }
            }
        }
        catalog
    }
}

/// The order in which the state gives records of content: by kind, address and version.
fn compare_records(one: &ContentRecord, other: &ContentRecord) -> Ordering {
    (one.kind, &one.url, &one.version).cmp(&(other.kind, &other.url, &other.version))
}
