//! The catalog's maps, and where a code leads by them.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::civil::Date;

use super::implicit::{ImplicitMap, MARK};
use super::index::{ConceptMapIndex, Translation};
use crate::canonical::{self, Published};
use crate::catalog::{Catalog, CatalogError};
use crate::model::{MapRelationship, Property, PublicationStatus, Unmapped};
use crate::value_set::{Coding, Failure, FailureKind};
use crate::version;

/// Most maps that are followed one after another for a code that is not mapped.
const MAPS_MAX: usize = 16;

/// Which way a map is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Direction {
    /// From source to target.
    #[default]
    Forward,
    /// From target to source.
    Backward,
}

/// Asks where a code leads.
#[derive(Debug, Clone, Copy, Default)]
pub struct TranslateRequest<'r> {
    /// Which way maps are read.
    pub direction: Direction,
    /// The code that is translated: a source code forward, a target code backward.
    pub coding: Coding<'r>,
    /// The map to use, `url` or `url|version`, retired or not; empty for all that fit and are not retired.
    pub map: &'r str,
    /// The code system that is led to; empty for any.
    pub to_system: &'r str,
    /// Only maps whose source codes come from this value set; empty for any.
    pub source_scope: &'r str,
    /// Only maps whose target codes go to this value set; empty for any.
    pub target_scope: &'r str,
    /// What is known beside the code (name, value): a translation that depends on another value is left out.
    pub known: &'r [Property],
    /// The date whose editions' reference sets are asked as maps; without one, those of the newest.
    pub date: Option<Date>,
}

/// Where a code leads.
#[derive(Debug, Clone, Default)]
pub struct Translated<'c> {
    /// Whether it leads to anything that is related to it.
    pub result: bool,
    /// Where it leads: by map, those in use before drafts, then in the order of the map.
    pub matches: Vec<Translation<'c>>,
    /// Maps that were asked and leave the code to others, which are not known: these others, each once.
    pub missing: Vec<String>,
}

impl Catalog {
    /// Puts a concept map in.
    ///
    /// # Errors
    /// When there is one with its address and version.
    pub fn insert_concept_map(&mut self, map: Arc<ConceptMapIndex>) -> Result<(), CatalogError> {
        let (url, version) = (map.url().to_owned(), map.version().to_owned());
        match self.concept_maps.insert(map) {
            true => Ok(()),
            false => Err(CatalogError::DuplicateConceptMap { url, version }),
        }
    }

    /// The newest concept map that has an address and a version, or fits a pattern such as `1.x`; of any version when
    /// `version` is empty.
    pub fn concept_map(&self, url: &str, version: &str) -> Option<&Arc<ConceptMapIndex>> {
        self.concept_maps.find(url, version)
    }

    /// All concept maps, by address, each from its oldest to its newest version.
    pub fn concept_maps(&self) -> impl Iterator<Item = &Arc<ConceptMapIndex>> {
        self.concept_maps.iter()
    }

    /// Where a code leads, by the map named or by every map that fits and is not retired. Of several versions of a map
    /// the newest in use answers; where none is in use the newest draft, and of a map named the newest retired one.
    ///
    /// Codes that no element of a group names follow the group's rule for them, in the forward direction only: a rule
    /// leads from any number of codes and has no inverse. A map that is reached in several ways is asked once.
    ///
    /// # Errors
    /// When the map named is not known; when maps leave codes to each other.
    pub fn translate<'c>(&'c self, request: &TranslateRequest<'c>) -> Result<Translated<'c>, Failure> {
        let mut chain = Chain::new(self, request);
        if request.map.is_empty() {
            for map in self.current_maps() {
                if in_scope(map, request) {
                    chain.follow(map)?;
                }
            }
            let implicit = |map| implicit(map, request, false);
            let found = self.implicit_maps(request).into_iter().flat_map(implicit);
            chain.translated.matches.extend(found);
        } else if let Some(map) = self.implicit_named(request.map, request.coding, request.date) {
            chain.translated.matches.extend(implicit(map, request, true));
        } else {
            let map = self.named(request.map).ok_or_else(|| {
                let message = format!("the concept map `{}` is not known", request.map);
                Failure::new(FailureKind::UnknownConceptMap, message)
            })?;
            chain.follow(map)?;
        }
        let mut translated = chain.translated;
        translated.matches.retain(|found| wanted(found, request));
        let related = |found: &Translation<'_>| found.relationship != MapRelationship::NotRelatedTo;
        translated.result = translated.matches.iter().any(related);
        Ok(translated)
    }

    /// The reference set that an address names as a concept map: that of a date, or the newest.
    pub fn implicit_map(&self, url: &str, version: &str, date: Option<Date>) -> Option<ImplicitMap<'_>> {
        self.implicit_named(&canonical::join(url, version), Coding::default(), date)
    }

    /// The reference sets of all editions that answer as concept maps without being named, by edition.
    pub fn all_implicit_maps(&self) -> impl Iterator<Item = ImplicitMap<'_>> {
        let editions = self.editions();
        let maps = editions.flat_map(|edition| ImplicitMap::all(edition));
        maps.filter(ImplicitMap::answers_unnamed)
    }

    fn implicit_named(&self, name: &str, coding: Coding<'_>, date: Option<Date>) -> Option<ImplicitMap<'_>> {
        let (url, version) = canonical::split(name);
        let (head, set) = url.split_once(MARK)?;
        // The head is a code system, or the edition or version of one, whose address is its beginning.
        let mut editions = self.editions().filter(|edition| edition.components().is_some());
        let system = editions.find_map(|edition| {
            let rest = head.strip_prefix(edition.url())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| edition.url())
        })?;
        let version = match (version, head == system) {
            ("", false) => head,
            ("", true) if coding.system == system => coding.version,
            (version, _) => version,
        };
        ImplicitMap::of(self.newest(system, version, date)?, set)
    }

    /// The reference sets that a request asks, without naming one.
    fn implicit_maps<'c>(&'c self, request: &TranslateRequest<'_>) -> Vec<ImplicitMap<'c>> {
        let mut systems: Vec<&str> = Vec::new();
        for edition in self.editions().filter(|edition| edition.components().is_some()) {
            if systems.last() != Some(&edition.url()) {
                systems.push(edition.url());
            }
        }
        let mut maps = Vec::new();
        for system in systems {
            let version = match request.coding.system == system {
                true => request.coding.version,
                false => "",
            };
            let edition = self.newest(system, version, request.date);
            let of_edition = edition.into_iter().flat_map(|edition| ImplicitMap::all(edition));
            maps.extend(of_edition.filter(ImplicitMap::answers_unnamed));
        }
        maps
    }

    /// By address the version of each map that answers where none is stated, retired maps left out: maps in use first.
    fn current_maps(&self) -> Vec<&Arc<ConceptMapIndex>> {
        let mut current: Vec<&Arc<ConceptMapIndex>> = Vec::new();
        for map in self.concept_maps.iter().filter(|map| standing(map) < RETIRED) {
            match current.last_mut().filter(|last| last.url() == map.url()) {
                Some(last) if standing(map) <= standing(last) => *last = map,
                Some(_) => {}
                None => current.push(map),
            }
        }
        current.sort_by_key(|map| standing(map));
        current
    }

    /// The map with a name, `url` or `url|version`: without a version, or with a pattern of versions, the newest in use
    /// before others.
    fn named(&self, name: &str) -> Option<&Arc<ConceptMapIndex>> {
        let (url, version) = canonical::split(name);
        let fits =
            |map: &&Arc<ConceptMapIndex>| version.is_empty() || version::matches(version, map.version());
        // Of equal ones the first counts, so the newest must come first.
        let newest_first = self.concept_maps.versions(url).iter().rev();
        newest_first.filter(fits).min_by_key(|map| standing(map))
    }
}

/// Maps asked one after another for one code: each once, since it leads to the same whichever way it is reached.
struct Chain<'c, 'a> {
    catalog: &'c Catalog,
    request: &'a TranslateRequest<'c>,
    /// The maps that led to the one that is asked, each by an other-map.
    path: Vec<&'c ConceptMapIndex>,
    asked: HashSet<*const ConceptMapIndex>,
    translated: Translated<'c>,
}

impl<'c, 'a> Chain<'c, 'a> {
    fn new(catalog: &'c Catalog, request: &'a TranslateRequest<'c>) -> Self {
        Self {
            catalog,
            request,
            path: Vec::new(),
            asked: HashSet::new(),
            translated: Translated::default(),
        }
    }

    /// Adds where a map leads, and the maps that it leaves the code to.
    ///
    /// What a group says of codes without a mapping is about those that this group does not name; other groups of the
    /// map neither speak for it nor against it.
    fn follow(&mut self, map: &'c ConceptMapIndex) -> Result<(), Failure> {
        let is_map = |other: &&ConceptMapIndex| std::ptr::eq(*other, map);
        if self.path.iter().any(is_map) || self.path.len() > MAPS_MAX {
            let message = format!(
                "concept maps leave the code to each other in a ring, or more than {MAPS_MAX} one after another do"
            );
            return Err(Failure::new(FailureKind::Circular, message));
        }
        if !self.asked.insert(map) {
            return Ok(());
        }
        let Coding {
            system,
            version,
            code,
            display,
        } = self.request.coding;
        let matches = &mut self.translated.matches;
        if self.request.direction == Direction::Backward {
            matches.extend(map.backward(system, version, code));
            return Ok(());
        }
        for group in map.by_group(system, version) {
            let matches = &mut self.translated.matches;
            if group.names(code) {
                matches.extend(group.forward(code));
                continue;
            }
            match group.unmapped() {
                Unmapped::None => {}
                Unmapped::SourceCode { relationship } => {
                    matches.push(group.fallback(code, display.unwrap_or_default(), *relationship));
                }
                Unmapped::Fixed {
                    code,
                    display,
                    relationship,
                } => matches.push(group.fallback(code, display, *relationship)),
                Unmapped::OtherMap { url } => self.other(map, url)?,
            }
        }
        Ok(())
    }

    /// Leaves the code from one map to another.
    fn other(&mut self, from: &'c ConceptMapIndex, url: &str) -> Result<(), Failure> {
        let Some(other) = self.catalog.named(url) else {
            if !self.translated.missing.iter().any(|known| known == url) {
                self.translated.missing.push(url.to_owned());
            }
            return Ok(());
        };
        self.path.push(from);
        let followed = self.follow(other);
        self.path.pop();
        followed
    }
}

/// The standing of maps that answer only when they are named.
const RETIRED: u8 = 3;

/// How a map stands among others: the smaller the sooner it answers.
fn standing(map: &ConceptMapIndex) -> u8 {
    match map.source().publication.status {
        PublicationStatus::Active => 0,
        PublicationStatus::Unknown => 1,
        PublicationStatus::Draft => 2,
        PublicationStatus::Retired => RETIRED,
    }
}

/// Where a reference set leads a code, as far as its scope is asked for.
fn implicit<'c>(map: ImplicitMap<'c>, request: &TranslateRequest<'_>, named: bool) -> Vec<Translation<'c>> {
    let (source, target) = map.scopes();
    let fits = |wanted: &str, stated: &str| wanted.is_empty() || wanted == stated;
    let in_scope = fits(request.source_scope, &source) && fits(request.target_scope, &target);
    if !(named || in_scope) {
        return Vec::new();
    }
    let coding = request.coding;
    map.translate(request.direction, coding.system, coding.code, named)
}

fn in_scope(map: &ConceptMapIndex, request: &TranslateRequest<'_>) -> bool {
    let fits = |wanted: &str, stated: &str| {
        wanted.is_empty() || wanted == stated || canonical::split(stated).0 == wanted
    };
    let source = map.source();
    fits(request.source_scope, &source.source_scope) && fits(request.target_scope, &source.target_scope)
}

/// Whether a translation leads where it is wanted to, and nothing known speaks against it.
fn wanted(found: &Translation<'_>, request: &TranslateRequest<'_>) -> bool {
    let against = |condition: &Property| {
        let mut stated = request
            .known
            .iter()
            .filter(|known| known.name == condition.name)
            .peekable();
        stated.peek().is_some() && stated.all(|known| known.value != condition.value)
    };
    (request.to_system.is_empty() || request.to_system == found.system)
        && !found.depends_on.iter().any(against)
}
