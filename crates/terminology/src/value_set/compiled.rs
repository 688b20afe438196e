//! A value set compiled: its enumerated codes found by hash, its filters ready to be asked of a concept.
//!
//! It holds no codes of a code system: which edition answers is settled with each question.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::filter::Test;
use super::issue::{Failure, FailureKind};
use super::languages::Languages;
use crate::canonical::{self, Canonical, Published};
use crate::codes::{CodeTable, undotted};
use crate::model::{ConceptReference, Include, Property, ValueSet};

/// A value set that can be expanded and validated against.
#[derive(Debug)]
pub struct ValueSetEdition {
    source: ValueSet,
    include: Box<[Clause]>,
    exclude: Box<[Clause]>,
    own: Own,
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
                    let url = canonical::join(&source.url, &source.version);
                    let message = format!("the value set `{url}` cannot be used: {reason}");
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
        Self {
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
        let mut listed = CodeTable::with_capacity(source.concepts.len() * 2);
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
            tests: tests.into(),
            value_sets: source
                .value_sets
                .iter()
                .map(|url| Canonical::parse(url))
                .collect(),
        }
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

fn by_small_letters(source: &Include) -> HashMap<String, u32> {
    let mut codes = HashMap::with_capacity(source.concepts.len());
    for (at, concept) in (0..).zip(&source.concepts) {
        codes.entry(concept.code.to_lowercase()).or_insert(at);
    }
    codes
}

impl Own {
    fn read(source: &ValueSet) -> Result<Self, Failure> {
        let mut own = Self::default();
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
