//! Supplements: additions to a code system that a value set or a request asks for.

use std::sync::Arc;

use super::compiled::ValueSetEdition;
use super::issue::{Failure, FailureKind};
use super::request::Settings;
use crate::canonical::Canonical;
use crate::catalog::Catalog;
use crate::edition::Edition;
use crate::model::Content;

/// The supplements that a value set and a request ask for, each once.
///
/// # Errors
/// When one is not known, or is no supplement.
pub(crate) fn all(
    catalog: &Catalog,
    value_set: &ValueSetEdition,
    settings: &Settings,
) -> Result<Vec<Arc<Edition>>, Failure> {
    named(
        catalog,
        value_set.own().supplements.iter().chain(&settings.supplements),
    )
}

/// The supplements with these addresses, each once.
///
/// # Errors
/// When one is not known, or is no supplement.
pub(crate) fn named<'n>(
    catalog: &Catalog,
    names: impl Iterator<Item = &'n String>,
) -> Result<Vec<Arc<Edition>>, Failure> {
    let mut all: Vec<Arc<Edition>> = Vec::new();
    for name in names {
        let Canonical { url, version } = Canonical::parse(name);
        let found = catalog
            .supplement(&url, &version)
            .filter(|edition| edition.content() == Content::Supplement);
        let found = found.ok_or_else(|| {
            let message = format!("the supplement `{name}` that is asked for is not known");
            Failure::new(FailureKind::UnknownSupplement, message)
        })?;
        if !all.iter().any(|other| Arc::ptr_eq(other, found)) {
            all.push(Arc::clone(found));
        }
    }
    Ok(all)
}
