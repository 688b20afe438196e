//! Which edition and which value set is meant: versions stated, ruled by the request, or floating.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil::Date;

use super::compiled::{Own, ValueSetEdition};
use super::issue::{Failure, FailureKind};
use super::request::{Settings, ValueSetRef, VersionRules};
use crate::canonical::{self, Canonical};
use crate::catalog::Catalog;
use crate::edition::Edition;
use crate::version;

/// Deepest chain of imports.
const IMPORTS_MAX: usize = 64;

/// What a question is asked within: the catalog, the date, the rules on versions.
pub(crate) struct Scope<'c> {
    pub(crate) catalog: &'c Catalog,
    pub(crate) date: Option<Date>,
    rules: Cow<'c, VersionRules>,
}

impl<'c> Scope<'c> {
    pub(crate) fn new(catalog: &'c Catalog, settings: &'c Settings) -> Self {
        Self {
            catalog,
            date: settings.date,
            rules: Cow::Borrowed(&settings.versions),
        }
    }

    /// Takes up what the value set itself says of versions, after what the request says.
    pub(crate) fn follow(&mut self, own: &Own) {
        if own.default.is_empty() && own.check.is_empty() && own.force.is_empty() {
            return;
        }
        let rules = self.rules.to_mut();
        rules.default.extend_from_slice(&own.default);
        rules.check.extend_from_slice(&own.check);
        rules.force.extend_from_slice(&own.force);
    }

    /// The value set that is meant, which can be used.
    pub(crate) fn value_set(&self, wanted: ValueSetRef<'_>) -> Result<Arc<ValueSetEdition>, Failure> {
        let found = match wanted {
            ValueSetRef::Inline(source) => Arc::new(ValueSetEdition::compile(source.clone())),
            ValueSetRef::Address { url, version } => {
                let (plain, own) = canonical::split(url);
                let version = if version.is_empty() { own } else { version };
                self.find(plain, version)
                    .ok_or_else(|| unknown_value_set(plain, version))?
            }
        };
        match found.failure() {
            Some(failure) => Err(failure.clone()),
            None => Ok(found),
        }
    }

    /// An imported value set, which can be used.
    pub(crate) fn import(&self, import: &Canonical) -> Result<Arc<ValueSetEdition>, Failure> {
        let version = match import.version.as_str() {
            "" => rule(&self.rules.value_sets, &import.url).unwrap_or_default(),
            version => version,
        };
        let url = import.url.as_str();
        self.value_set(ValueSetRef::Address { url, version })
    }

    fn find(&self, url: &str, version: &str) -> Option<Arc<ValueSetEdition>> {
        let kept = self.catalog.value_set(url, version).cloned();
        kept.or_else(|| self.catalog.implicit.find(self.catalog, url, version))
    }

    /// Every value set that one reaches by imports, each once, those imported before those that import them.
    ///
    /// # Errors
    /// When one is not known, cannot be used, or imports itself by whatever way.
    pub(crate) fn reached(&self, top: &Arc<ValueSetEdition>) -> Result<Vec<Arc<ValueSetEdition>>, Failure> {
        if !top.has_imports() {
            return Ok(vec![Arc::clone(top)]);
        }
        let mut all = Vec::new();
        self.reach(top, &mut Vec::new(), &mut all)?;
        Ok(all)
    }

    fn reach(
        &self,
        value_set: &Arc<ValueSetEdition>,
        path: &mut Vec<Arc<ValueSetEdition>>,
        all: &mut Vec<Arc<ValueSetEdition>>,
    ) -> Result<(), Failure> {
        let same = |other: &Arc<ValueSetEdition>| {
            Arc::ptr_eq(other, value_set)
                || (!value_set.source().url.is_empty() && other.canonical() == value_set.canonical())
        };
        if let Some(at) = path.iter().position(same) {
            let names = path.iter().skip(at).chain([value_set]);
            let names: Vec<String> = names.map(|met| format!("`{}`", met.canonical())).collect();
            return Err(Failure::new(
                FailureKind::Circular,
                format!("a value set imports itself: {}", names.join(" → ")),
            ));
        }
        if path.len() >= IMPORTS_MAX {
            let message = format!("value sets are imported more than {IMPORTS_MAX} deep");
            return Err(Failure::new(FailureKind::Definition, message));
        }
        if all.iter().any(same) {
            return Ok(());
        }
        path.push(Arc::clone(value_set));
        for (_, clause) in value_set.included().chain(value_set.excluded()) {
            for import in &clause.value_sets {
                self.reach(&self.import(import)?, path, all)?;
            }
        }
        path.pop();
        all.push(Arc::clone(value_set));
        Ok(())
    }

    /// The version of a code system, or pattern of versions, that is meant where `stated` stands; empty to float.
    pub(crate) fn wanted<'s>(&'s self, system: &str, stated: &'s str) -> &'s str {
        let rules = &*self.rules;
        let fallback = || rule(&rules.default, system).or_else(|| rule(&rules.check, system));
        match rule(&rules.force, system) {
            Some(forced) => forced,
            None if stated.is_empty() => fallback().unwrap_or_default(),
            None => stated,
        }
    }

    /// The edition of a code system that has a version or fits a pattern, the newest of several; without a version that
    /// in force on the date, or where nothing binds the newest.
    pub(crate) fn edition(&self, system: &str, version: &str) -> Option<&'c Arc<Edition>> {
        self.edition_as_of(system, version, None)
    }

    /// The same for a value set that may be locked to a date (`lockedDate`), which then counts instead.
    pub(crate) fn edition_as_of(
        &self,
        system: &str,
        version: &str,
        locked: Option<Date>,
    ) -> Option<&'c Arc<Edition>> {
        self.catalog.newest(system, version, locked.or(self.date))
    }

    /// The version that a rule requires of a code system, if an edition is not of it.
    pub(crate) fn ruled_out(&self, edition: &Edition) -> Option<&str> {
        rule(&self.rules.check, edition.url())
            .filter(|&required| !version::matches(required, edition.version()))
    }

    /// What is known of a code system, for messages.
    pub(crate) fn versions(&self, system: &str) -> String {
        let versions: Vec<&str> = self.catalog.versions(system).collect();
        match versions.as_slice() {
            [] => "no version of it is known".to_owned(),
            versions => format!("known versions: {}", versions.join(", ")),
        }
    }
}

fn rule<'r>(rules: &'r [Canonical], url: &str) -> Option<&'r str> {
    rules
        .iter()
        .find(|rule| rule.url == url)
        .map(|rule| rule.version.as_str())
}

fn unknown_value_set(url: &str, version: &str) -> Failure {
    let name = canonical::join(url, version);
    Failure::new(
        FailureKind::UnknownValueSet,
        format!("the value set `{name}` is not known"),
    )
}

/// That a code system, or the version of it that is meant, is not known.
pub(crate) fn unknown_code_system(scope: &Scope<'_>, system: &str, version: &str) -> Failure {
    let name = canonical::join(system, version);
    Failure::new(
        FailureKind::UnknownCodeSystem,
        format!(
            "the code system `{name}` is not known; {}",
            scope.versions(system)
        ),
    )
}
