//! The catalog's value sets, and what is asked of them.

use std::sync::Arc;

use super::compiled::ValueSetEdition;
use super::expand::{self, Contents};
use super::issue::Failure;
use super::page::Expansion;
use super::request::{ExpandRequest, ValidateRequest};
use super::validate::{self, Validated};
use crate::canonical::{self, Published};
use crate::catalog::{Catalog, CatalogError};
use crate::edition::Edition;
use crate::model::Content;
use crate::version;

impl Catalog {
    /// Puts a value set in.
    ///
    /// # Errors
    /// When there is one with its address and version.
    pub fn insert_value_set(&mut self, value_set: Arc<ValueSetEdition>) -> Result<(), CatalogError> {
        let (url, version) = (value_set.url().to_owned(), value_set.version().to_owned());
        match self.value_sets.insert(value_set) {
            true => Ok(()),
            false => Err(CatalogError::DuplicateValueSet { url, version }),
        }
    }

    /// The newest value set that has an address and a version, or fits a pattern such as `1.x`; of any version when
    /// `version` is empty. Implicit value sets are not among them.
    pub fn value_set(&self, url: &str, version: &str) -> Option<&Arc<ValueSetEdition>> {
        self.value_sets.find(url, version)
    }

    /// All value sets, by address, each from its oldest to its newest version.
    pub fn value_sets(&self) -> impl Iterator<Item = &Arc<ValueSetEdition>> {
        self.value_sets.iter()
    }

    /// Whether it may take long to tell whether a code is in a value set (`url` or `url|version`): it holds an
    /// expression, or imports a value set that does.
    pub fn is_costly(&self, value_set: &str) -> bool {
        self.reaches_expression(value_set, &mut Vec::new())
    }

    fn reaches_expression(&self, name: &str, path: &mut Vec<Arc<ValueSetEdition>>) -> bool {
        let (url, version) = canonical::split(name);
        let kept = self.value_set(url, version).cloned();
        let Some(set) = kept.or_else(|| self.implicit.find(self, url, version)) else {
            return false;
        };
        if set.has_expression() {
            return true;
        }
        // What imports itself has no answer, which is soon found.
        if !set.has_imports() || path.iter().any(|other| Arc::ptr_eq(other, &set)) {
            return false;
        }
        path.push(Arc::clone(&set));
        let mut clauses = set.included().chain(set.excluded());
        clauses.any(|(source, _)| {
            let mut imports = source.value_sets.iter();
            imports.any(|import| self.reaches_expression(import, path))
        })
    }

    /// What is in a value set.
    ///
    /// # Errors
    /// When something needed is not known, cannot be carried out or is ruled out, or there are too many codes.
    pub fn expand(&self, request: &ExpandRequest<'_>) -> Result<Expansion, Failure> {
        self.contents(request)?.expansion(request)
    }

    /// The codes of a value set, from which pages are cut. They may be kept as long as the catalog is the same.
    ///
    /// # Errors
    /// When something needed is not known, cannot be carried out or is ruled out.
    pub fn contents(&self, request: &ExpandRequest<'_>) -> Result<Contents, Failure> {
        expand::contents(self, request)
    }

    /// Whether a code is right, and in a value set if one is named.
    ///
    /// # Errors
    /// When the value set is not known or cannot be used, or a supplement is not known.
    pub fn validate(&self, request: &ValidateRequest<'_>) -> Result<Validated, Failure> {
        validate::validate(self, request)
    }

    /// The versions of a code system that are loaded, in the order they were put in.
    pub(crate) fn versions(&self, url: &str) -> impl Iterator<Item = &str> {
        self.editions_of(url)
            .filter(|edition| edition.content() != Content::Supplement)
            .map(|edition| edition.version())
    }

    /// The newest supplement with an address that fits a version or pattern; of any version when that is empty.
    pub(crate) fn supplement(&self, url: &str, pattern: &str) -> Option<&Arc<Edition>> {
        self.editions_of(url)
            .filter(|edition| edition.content() == Content::Supplement)
            .filter(|edition| pattern.is_empty() || version::matches(pattern, edition.version()))
            .max_by(|a, b| version::compare(a.version(), b.version()))
    }

    /// The code system whose value set of all codes has an address.
    pub(crate) fn all_codes(&self, url: &str) -> Option<&str> {
        let mut editions = self.editions();
        let found = editions.find(|edition| !url.is_empty() && edition.value_set() == url);
        found.map(|edition| edition.url())
    }
}
