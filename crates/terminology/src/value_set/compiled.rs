//! A value set compiled: its enumerated codes found by hash, its filters ready to be asked of a concept.
//!
//! It holds no codes of a code system: which edition answers is settled with each question.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;

use super::filter::{self, Test};
use super::issue::{Failure, FailureKind};
use super::kept::{Found, Kept, Meaning};
use super::languages::Languages;
use crate::canonical::{self, Canonical, Published};
use crate::codes::{CodeTable, undotted};
use crate::edition::Edition;
use crate::model::{ConceptReference, Include, Property, ValueSet};
use crate::set::ConceptSet;

/// So many concepts are looked at one by one before all that a costly filter means is found and kept.
const SINGLES_MAX: u32 = 16;

/// A value set that can be expanded and validated against.
#[derive(Debug)]
pub struct ValueSetEdition {
    source: ValueSet,
    include: Box<[Clause]>,
    exclude: Box<[Clause]>,
    own: Own,
    imports: bool,
    failure: Option<Failure>,
}

/// What a value set says of its own expansion.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) languages: Languages,
    pub(crate) versions_match: bool,
    pub(crate) supplements: Vec<String>,
    pub(crate) default: Vec<Canonical>,
    pub(crate) check: Vec<Canonical>,
    pub(crate) force: Vec<Canonical>,
    /// The date as of which floating versions are resolved (`lockedDate`).
    pub(crate) locked: Option<Date>,
}

/// An include or exclude, compiled.
#[derive(Debug)]
pub(crate) struct Clause {
    /// Positions of the enumerated codes.
    listed: CodeTable,
    /// The same, by code in small letters; made when a code system without letter case is met.
    folded: OnceLock<HashMap<String, u32>>,
    pub(crate) tests: Box<[Test]>,
    pub(crate) value_sets: Box<[Canonical]>,
    kept: Kept,
    /// How often a costly filter was asked of a single concept.
    singles: AtomicU32,
    /// Nothing but their codes is said of the enumerated codes.
    is_plain: bool,
    /// A filter costs much to ask of a single concept.
    is_costly: bool,
    /// What a filter says depends on the date.
    is_dated: bool,
}

impl ValueSetEdition {
    /// Compiles a value set. A definition that cannot be carried out is compiled too; questions about it are answered
    /// with the reason.
    pub fn compile(source: ValueSet) -> Self {
        let mut failure = None;
        let mut compile = |clauses: &[Include]| {
            let compiled = clauses.iter().map(|clause| {
                let tests = clause
                    .filters
                    .iter()
                    .map(|filter| Test::new(&clause.system, filter));
                let tests: Result<Vec<Test>, String> = tests.collect();
                let tests = tests.unwrap_or_else(|reason| {
                    let message = unusable(&source, &reason);
                    failure.get_or_insert(Failure::new(FailureKind::Definition, message));
                    Vec::new()
                });
                Clause::new(clause, tests)
            });
            compiled.collect()
        };
        let (include, exclude) = (compile(&source.include), compile(&source.exclude));
        let own = Own::read(&source).unwrap_or_else(|reason| {
            failure.get_or_insert(reason);
            Own::default()
        });
        let clauses = source.include.iter().chain(&source.exclude);
        Self {
            imports: clauses.into_iter().any(|clause| !clause.value_sets.is_empty()),
            source,
            include,
            exclude,
            own,
            failure,
        }
    }

    /// Its definition.
    pub fn source(&self) -> &ValueSet {
        &self.source
    }

    /// Its address and version, as `url|version`.
    pub fn canonical(&self) -> String {
        canonical::join(&self.source.url, &self.source.version)
    }

    /// Why it cannot be used, if it cannot.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether it holds an expression, which takes long to evaluate. Says nothing of what it imports.
    pub(crate) fn has_expression(&self) -> bool {
        let mut clauses = self.include.iter().chain(&self.exclude);
        clauses.any(|clause| clause.is_costly)
    }

    /// Whether it imports any value set.
    pub(crate) fn has_imports(&self) -> bool {
        self.imports
    }

    pub(crate) fn own(&self) -> &Own {
        &self.own
    }

    pub(crate) fn included(&self) -> impl Iterator<Item = (&Include, &Clause)> {
        self.source.include.iter().zip(&self.include)
    }

    pub(crate) fn excluded(&self) -> impl Iterator<Item = (&Include, &Clause)> {
        self.source.exclude.iter().zip(&self.exclude)
    }
}

/// That a value set cannot be used, for a reason. One without an address came with a request; when it is nothing but an
/// expression, that is what the reader wrote.
fn unusable(source: &ValueSet, reason: &str) -> String {
    if !source.url.is_empty() {
        let url = canonical::join(&source.url, &source.version);
        return format!("the value set `{url}` cannot be used: {reason}");
    }
    let expression = match (source.include.as_slice(), source.exclude.as_slice()) {
        ([only], []) if only.concepts.is_empty() && only.value_sets.is_empty() => {
            matches!(only.filters.as_slice(), [filter] if filter.property == "constraint")
        }
        _ => false,
    };
    match reason.strip_prefix("its expression ") {
        Some(rest) if expression => format!("the expression {rest}"),
        _ => format!("the value set of the request cannot be used: {reason}"),
    }
}

impl Published for ValueSetEdition {
    fn url(&self) -> &str {
        &self.source.url
    }

    fn version(&self) -> &str {
        &self.source.version
    }
}

impl Clause {
    fn new(source: &Include, tests: Vec<Test>) -> Self {
        let dotted = source
            .concepts
            .iter()
            .filter(|concept| undotted(&concept.code).is_some());
        let mut listed = CodeTable::with_capacity(source.concepts.len() + dotted.count());
        for (position, concept) in (0..).zip(&source.concepts) {
            let is = |code: &[u8]| {
                let code = code.to_owned();
                move |at: u32| text(source, at).as_bytes() == code
            };
            // Of a code that is listed twice the first counts.
            let code = concept.code.as_bytes();
            let _ = listed.insert(code, position, is(code));
            if let Some((plain, len)) = undotted(&concept.code)
                && let Some(plain) = plain.get(..len)
            {
                let _ = listed.insert(plain, position, is(plain));
            }
        }
        Self {
            listed,
            folded: OnceLock::new(),
            kept: Kept::default(),
            singles: AtomicU32::new(0),
            is_plain: source.concepts.iter().all(is_plain),
            is_costly: tests.iter().any(Test::is_costly),
            is_dated: tests.iter().any(Test::is_dated),
            tests: tests.into(),
            value_sets: source
                .value_sets
                .iter()
                .map(|url| Canonical::parse(url))
                .collect(),
        }
    }

    /// What the clause means in an edition on a date, its imports aside.
    ///
    /// # Errors
    /// When a filter cannot be carried out. The failure is remembered.
    pub(crate) fn meaning(&self, source: &Include, edition: &Arc<Edition>, date: Option<Date>) -> Found {
        let date = date.filter(|_| self.is_dated);
        if let Some(kept) = self.kept.get(edition, date) {
            return kept;
        }
        let found = self.find(source, edition, date).map(Arc::new);
        self.kept.put(edition, date, found.clone());
        found
    }

    fn find(&self, source: &Include, edition: &Arc<Edition>, date: Option<Date>) -> Result<Meaning, Failure> {
        let mut set = filter::all(edition, &self.tests, date)?;
        let listed = (!source.concepts.is_empty()).then(|| {
            let mut enumerated = ConceptSet::none(edition.len());
            let mut order = Vec::with_capacity(source.concepts.len());
            for concept in source
                .concepts
                .iter()
                .filter_map(|listed| edition.find(&listed.code))
            {
                if !enumerated.holds(concept.0) {
                    enumerated.insert(concept.0);
                    order.push(concept.0);
                }
            }
            set.intersect(&enumerated);
            order.into_boxed_slice()
        });
        Ok(Meaning { set, listed })
    }

    /// What the clause means in an edition where that tells all there is to tell of a concept in one step: its codes
    /// are enumerated without more said of them, and the meaning is kept or can be.
    pub(crate) fn ready(
        &self,
        source: &Include,
        edition: &Arc<Edition>,
        date: Option<Date>,
    ) -> Option<Arc<Meaning>> {
        if source.concepts.is_empty() || !self.is_plain {
            return None;
        }
        let date = date.filter(|_| self.is_dated);
        match self.kept.get(edition, date) {
            None if self.kept.has_room() => self.meaning(source, edition, date).ok(),
            kept => kept?.ok(),
        }
    }

    /// Whether all filters hold of a concept on a date.
    ///
    /// # Errors
    /// When a filter cannot be carried out.
    pub(crate) fn holds(
        &self,
        source: &Include,
        edition: &Arc<Edition>,
        concept: u32,
        date: Option<Date>,
    ) -> Result<bool, Failure> {
        if self.tests.is_empty() {
            return Ok(true);
        }
        if self.is_costly
            && let Some(meaning) = self.worth_finding(source, edition, date)
        {
            return Ok(meaning.set.holds(concept));
        }
        for test in &self.tests {
            if !test.holds(edition, concept, date)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a costly clause means in an edition, once it has been asked often enough; `None` also when all of it cannot
    /// be found, though a single concept may be.
    fn worth_finding(
        &self,
        source: &Include,
        edition: &Arc<Edition>,
        date: Option<Date>,
    ) -> Option<Arc<Meaning>> {
        if let Some(kept) = self.kept.get(edition, date.filter(|_| self.is_dated)) {
            return kept.ok();
        }
        let singles = self.singles.fetch_add(1, Ordering::Relaxed);
        (singles % SINGLES_MAX == SINGLES_MAX - 1 && self.kept.has_room())
            .then(|| self.meaning(source, edition, date).ok())?
    }

    /// The enumerated code that is `code`. `fold` when letter case is no difference.
    pub(crate) fn reference<'s>(
        &self,
        source: &'s Include,
        code: &str,
        fold: bool,
    ) -> Option<&'s ConceptReference> {
        let found = self
            .listed
            .find(code.as_bytes(), |at| text(source, at) == code)
            .or_else(|| {
                let folded = fold.then(|| self.folded.get_or_init(|| by_small_letters(source)))?;
                folded.get(&code.to_lowercase()).copied()
            });
        source.concepts.get(found? as usize)
    }
}

fn text(source: &Include, at: u32) -> &str {
    source
        .concepts
        .get(at as usize)
        .map_or("", |concept| concept.code.as_str())
}

/// Whether a value set lists a code without saying anything more of it.
fn is_plain(reference: &ConceptReference) -> bool {
    reference.display.is_empty() && reference.designations.is_empty() && reference.properties.is_empty()
}

fn by_small_letters(source: &Include) -> HashMap<String, u32> {
    let mut codes = HashMap::with_capacity(source.concepts.len());
    for (at, concept) in (0..).zip(&source.concepts) {
        codes.entry(concept.code.to_lowercase()).or_insert(at);
    }
    codes
}

impl Own {
    fn read(source: &ValueSet) -> Result<Self, Failure> {
        let mut own = Self {
            locked: locked(&source.locked_date)?,
            ..Self::default()
        };
        for Property { name, value } in &source.parameters {
            match name.as_str() {
                "displayLanguage" => {
                    own.languages = Languages::parse(value)
                        .map_err(|reason| Failure::new(FailureKind::Languages, reason))?;
                }
                "versionsMatch" => own.versions_match = value == "true",
                "useSupplement" | "supplement" => own.supplements.push(value.clone()),
                "system-version" => own.default.push(Canonical::parse(value)),
                "check-system-version" => own.check.push(Canonical::parse(value)),
                "force-system-version" => own.force.push(Canonical::parse(value)),
                _ => {}
            }
        }
        Ok(own)
    }
}

/// The date that `lockedDate` says: of a year or a month its last day; `None` when it says nothing.
fn locked(text: &str) -> Result<Option<Date>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = match text.len() {
        4 => text.parse().ok().and_then(|year| Date::new(year, 12, 31).ok()),
        7 => {
            let first: Option<Date> = format!("{text}-01").parse().ok();
            first.map(Date::last_of_month)
        }
        10 => text.parse().ok(),
        _ => None,
    };
    read.map(Some).ok_or_else(|| {
        let message = "the `lockedDate` of a value set is no date: write `2026`, `2026-01` or `2026-01-31`";
        Failure::new(FailureKind::Definition, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CodeSystem, Filter, FilterOperator};

    #[test]
    fn a_clause_that_cannot_be_carried_out_is_not_tried_again() {
        let system = CodeSystem {
            url: "urn:s".to_owned(),
            ..CodeSystem::default()
        };
        let edition = Arc::new(Edition::compile(system).unwrap());
        let filter = Filter {
            property: "unknown".to_owned(),
            operator: FilterOperator::Equal,
            value: "x".to_owned(),
        };
        let source = Include {
            system: "urn:s".to_owned(),
            filters: vec![filter],
            ..Include::default()
        };
        let set = ValueSetEdition::compile(ValueSet {
            include: vec![source],
            ..ValueSet::default()
        });
        let (source, clause) = set.included().next().unwrap();
        let failure = clause.meaning(source, &edition, None).unwrap_err();
        let kept = clause.kept.get(&edition, None).unwrap();
        assert_eq!(kept.unwrap_err(), failure);
    }
}
