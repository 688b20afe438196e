//! The editions, value sets and maps that apply together, and which edition is in force on a date.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::canonical::Shelf;
use crate::edition::Edition;
use crate::model::{Content, Validity};
use crate::search::{SearchHit, SearchQuery, search_editions};
use crate::translate::ConceptMapIndex;
use crate::validate::Validation;
use crate::value_set::{ImplicitValueSets, ValueSetEdition};
use crate::version;

/// Editions, value sets and maps by address and version, and the dates on which versions of code systems are in force.
///
/// Of an address without bindings the newest version whose own date ([`Edition::date`]) has come is in force; a version
/// that states no date is as if it had always been there. Supplements are never in force.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    systems: BTreeMap<String, System>,
    pub(crate) value_sets: Shelf<ValueSetEdition>,
    pub(crate) concept_maps: Shelf<ConceptMapIndex>,
    pub(crate) implicit: ImplicitValueSets,
}

#[derive(Debug, Clone, Default)]
struct System {
    /// In the order they were put in.
    editions: Vec<Arc<Edition>>,
    /// By first date.
    bindings: Vec<Binding>,
    /// Those that can be in force, the newest version first, with their own dates; supplements cannot.
    newest_first: Vec<(Option<Date>, Arc<Edition>)>,
}

/// A version of a code system that is in force for a while. It need not be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The version.
    pub version: String,
    /// When it is in force.
    pub validity: Validity,
}

/// Why an edition or binding was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// There is an edition with this address and version already.
    #[error("`{url}` version `{version}` is in the catalog already")]
    DuplicateEdition {
        /// Address of the code system.
        url: String,
        /// Version.
        version: String,
    },
    /// There is a value set with this address and version already.
    #[error("the value set `{url}` version `{version}` is in the catalog already")]
    DuplicateValueSet {
        /// Address of the value set.
        url: String,
        /// Version.
        version: String,
    },
    /// There is a concept map with this address and version already.
    #[error("the concept map `{url}` version `{version}` is in the catalog already")]
    DuplicateConceptMap {
        /// Address of the map.
        url: String,
        /// Version.
        version: String,
    },
    /// Two versions would be in force on the same date.
    #[error("two versions of `{url}`, `{version}` and `{other}`, are in force on the same date")]
    OverlappingBinding {
        /// Address of the code system.
        url: String,
        /// Version that was to be bound.
        version: String,
        /// Version bound before.
        other: String,
    },
    /// The interval of a binding is empty.
    #[error("version `{version}` of `{url}` is bound to no date")]
    EmptyBinding {
        /// Address of the code system.
        url: String,
        /// Version.
        version: String,
    },
}

/// Whether a code may be used on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeStatus {
    /// It may.
    Valid,
    /// The edition has it, but not for use on the date; or the edition is not in force on the date.
    NotValidOnDate,
    /// The edition does not have it.
    Unknown,
    /// The code system is known; the edition asked for or in force, or one as old as the date, is not loaded.
    NotLoaded,
    /// Nothing is known of the code system.
    UnknownSystem,
}

impl Catalog {
    /// An empty catalog.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an edition in.
    ///
    /// # Errors
    /// When there is one with its address and version.
    pub fn insert(&mut self, edition: Arc<Edition>) -> Result<(), CatalogError> {
        let system = self.systems.get(edition.url());
        if system.is_some_and(|system| system.exact(edition.version()).is_some()) {
            let (url, version) = (edition.url().to_owned(), edition.version().to_owned());
            return Err(CatalogError::DuplicateEdition { url, version });
        }
        let system = self.systems.entry(edition.url().to_owned()).or_default();
        if edition.content() != Content::Supplement {
            let newer = |other: &Edition| version::compare(other.version(), edition.version()).is_ge();
            let at = system.newest_first.partition_point(|(_, other)| newer(other));
            system
                .newest_first
                .insert(at, (edition.date(), Arc::clone(&edition)));
        }
        system.editions.push(edition);
        Ok(())
    }

    /// States that a version of a code system is in force for a while, whether it is loaded or not.
    ///
    /// # Errors
    /// When the interval is empty or meets that of another version.
    pub fn bind(&mut self, url: &str, version: &str, validity: Validity) -> Result<(), CatalogError> {
        let (owned_url, owned_version) = (|| url.to_owned(), || version.to_owned());
        if matches!((validity.from, validity.until), (Some(from), Some(until)) if until <= from) {
            return Err(CatalogError::EmptyBinding {
                url: owned_url(),
                version: owned_version(),
            });
        }
        let system = self.systems.entry(url.to_owned()).or_default();
        if let Some(other) = system
            .bindings
            .iter()
            .find(|other| meet(other.validity, validity))
        {
            let other = other.version.clone();
            return Err(CatalogError::OverlappingBinding {
                url: owned_url(),
                version: owned_version(),
                other,
            });
        }
        let at = system
            .bindings
            .partition_point(|other| other.validity.from < validity.from);
        system.bindings.insert(
            at,
            Binding {
                version: owned_version(),
                validity,
            },
        );
        Ok(())
    }

    /// All editions, by address, then in the order they were put in.
    pub fn editions(&self) -> impl Iterator<Item = &Arc<Edition>> {
        self.systems.values().flat_map(|system| &system.editions)
    }

    /// The editions of a code system, in the order they were put in.
    pub(crate) fn editions_of(&self, url: &str) -> impl Iterator<Item = &Arc<Edition>> {
        self.systems
            .get(url)
            .into_iter()
            .flat_map(|system| &system.editions)
    }

    /// The edition of a code system with the newest version, supplements aside, whatever is in force.
    pub(crate) fn newest_of(&self, url: &str) -> Option<&Arc<Edition>> {
        let (_, newest) = self.systems.get(url)?.newest_first.first()?;
        Some(newest)
    }

    /// The newest edition of a code system that fits a version or a pattern; without one that in force on the date, or
    /// where there is no date, the newest. Supplements are no editions of a code system.
    pub(crate) fn newest(&self, url: &str, pattern: &str, date: Option<Date>) -> Option<&Arc<Edition>> {
        match (pattern, date) {
            ("", Some(date)) => self.in_force(url, date),
            ("", None) => self.newest_of(url),
            _ => self
                .systems
                .get(url)?
                .newest(|version| version::matches(pattern, version)),
        }
    }

    /// The bindings of a code system, by first date.
    pub fn bindings(&self, url: &str) -> &[Binding] {
        self.systems.get(url).map_or(&[], |system| &system.bindings)
    }

    /// The edition with an address and version; of a version that names an edition of SNOMED CT without a date
    /// (`http://snomed.info/sct/<module>`) the newest.
    pub fn edition(&self, url: &str, version: &str) -> Option<&Arc<Edition>> {
        self.systems.get(url)?.version(version)
    }

    /// The edition of a code system in force on `date`, if it is loaded.
    pub fn in_force(&self, url: &str, date: Date) -> Option<&Arc<Edition>> {
        self.systems.get(url)?.in_force(date).ok()
    }

    /// The edition that answers for a code system: that with `version` as [`Catalog::edition`] finds it, in force or
    /// not, or without one that in force on `date`.
    ///
    /// # Errors
    /// The status of every code of the code system, when no edition answers.
    pub fn resolve(&self, url: &str, version: Option<&str>, date: Date) -> Result<&Arc<Edition>, CodeStatus> {
        let system = self.systems.get(url).ok_or(CodeStatus::UnknownSystem)?;
        match version {
            None => system.in_force(date),
            Some(version) => system.version(version).ok_or(CodeStatus::NotLoaded),
        }
    }

    /// Whether a code may be used on `date`. A version that is bound must be in force on it.
    pub fn check(&self, url: &str, version: Option<&str>, code: &str, date: Date) -> CodeStatus {
        let meant = |version| {
            self.edition(url, version)
                .map_or(version, |edition| edition.version())
        };
        if version.is_some_and(|version| self.is_out_of_force(url, meant(version), date)) {
            return CodeStatus::NotValidOnDate;
        }
        match self.resolve(url, version, date) {
            Err(status) => status,
            Ok(edition) => match edition.validate_code(code, None, date) {
                Validation::Valid { .. } | Validation::DisplayMismatch { .. } => CodeStatus::Valid,
                Validation::UnknownCode => CodeStatus::Unknown,
                Validation::NotValidOnDate { .. } | Validation::Inactive { .. } => CodeStatus::NotValidOnDate,
            },
        }
    }

    /// Whether a version is bound, but not on the date.
    fn is_out_of_force(&self, url: &str, version: &str, date: Date) -> bool {
        let bindings = self.bindings(url).iter();
        let mut bindings = bindings.filter(|binding| binding.version == version).peekable();
        bindings.peek().is_some() && bindings.all(|binding| !binding.validity.contains(date))
    }

    /// The concepts of all editions that fit a query, best first. With a date, of each code system only the edition
    /// in force on it is searched. `systems` names the addresses to search; empty for all.
    pub fn search(&self, query: &SearchQuery<'_>, systems: &[&str]) -> Vec<SearchHit<'_>> {
        let editions = self.searched(query.date, systems);
        search_editions(query, editions.map(|edition| (edition.as_ref(), None)))
    }

    /// The editions that a search on a date looks into, by address; those of all versions without a date. `systems`
    /// names the addresses; empty for all.
    pub fn searched<'c>(
        &'c self,
        date: Option<Date>,
        systems: &[&str],
    ) -> impl Iterator<Item = &'c Arc<Edition>> {
        let wanted = self
            .systems
            .iter()
            .filter(move |(url, _)| systems.is_empty() || systems.contains(&url.as_str()));
        wanted.flat_map(move |(_, system)| match date {
            Some(date) => system.in_force(date).ok().into_iter().collect::<Vec<_>>(),
            None => system.editions.iter().collect(),
        })
    }
}

impl System {
    fn exact(&self, version: &str) -> Option<&Arc<Edition>> {
        self.editions.iter().find(|edition| edition.version() == version)
    }

    fn version(&self, version: &str) -> Option<&Arc<Edition>> {
        self.exact(version)
            .or_else(|| self.newest(|found| version::is_of_edition(version, found)))
    }

    /// The newest edition whose version fits, supplements aside.
    fn newest(&self, fits: impl Fn(&str) -> bool) -> Option<&Arc<Edition>> {
        let mut editions = self.newest_first.iter().map(|(_, edition)| edition);
        editions.find(|edition| fits(edition.version()))
    }

    fn in_force(&self, date: Date) -> Result<&Arc<Edition>, CodeStatus> {
        if self.bindings.is_empty() {
            // The version of a date before them all is one that is not here.
            let mut editions = self.newest_first.iter();
            let found = editions.find(|(from, _)| from.is_none_or(|from| from <= date));
            return found.map(|(_, edition)| edition).ok_or(CodeStatus::NotLoaded);
        }
        let binding = self
            .bindings
            .iter()
            .find(|binding| binding.validity.contains(date));
        let binding = binding.ok_or(CodeStatus::NotValidOnDate)?;
        self.exact(&binding.version).ok_or(CodeStatus::NotLoaded)
    }
}

fn meet(a: Validity, b: Validity) -> bool {
    let before = |from: Option<Date>, until: Option<Date>| match (from, until) {
        (Some(from), Some(until)) => from < until,
        _ => true,
    };
    before(a.from, b.until) && before(b.from, a.until)
}
