//! Whether a concept is in a value set, without listing the value set.
//!
//! A value set speaks of editions: which edition each of its clauses means depends on what versions are stated, ruled
//! and reported. So a concept is asked for together with the version it was reported with.

use std::sync::Arc;

use jiff::civil::Date;

use super::compiled::{Clause, ValueSetEdition};
use super::concept;
use super::issue::Failure;
use super::scope::Scope;
use crate::edition::{ConceptIndex, Edition};
use crate::model::{ConceptReference, Include};
use crate::version;

/// Which edition a clause means for a code that was reported with a version.
#[derive(Debug, Clone)]
pub(crate) struct Target<'c> {
    /// The edition; `None` when what the clause means is not known.
    pub(crate) edition: Option<&'c Arc<Edition>>,
    /// An edition to show the code from when the one meant is not known.
    pub(crate) other: Option<&'c Arc<Edition>>,
    /// How the version reported differs from the one meant.
    pub(crate) mismatch: Option<Mismatch>,
    /// A version that was stated, by the clause or with the code, and is not known.
    pub(crate) unknown: Option<String>,
}

/// How the version that a code was reported with differs from the one that a clause means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The version meant.
    pub(crate) meant: String,
    /// The clause states no version, and nothing else does: the newest is meant.
    pub(crate) floating: bool,
}

/// The edition that a clause on `system` with the version `stated` means for a code reported with `reported`. In a value
/// set locked to a date a version that floats is that of the date, whatever was reported.
pub(crate) fn target<'c>(
    scope: &Scope<'c>,
    system: &str,
    stated: &str,
    locked: Option<Date>,
    reported: &str,
) -> Target<'c> {
    let wanted = scope.wanted(system, stated);
    let as_reported = || scope.catalog.edition(system, reported);
    let known = !reported.is_empty() && as_reported().is_some();
    let mut target = Target {
        edition: None,
        other: None,
        mismatch: None,
        unknown: None,
    };
    if let (true, Some(date)) = (wanted.is_empty(), locked) {
        target.edition = scope.edition_as_of(system, "", locked);
        let meant = target.edition.map_or("", |edition| edition.version());
        if !reported.is_empty() && reported != meant && !version::is_of_edition(reported, meant) {
            target.unknown = (!known).then(|| reported.to_owned());
            target.mismatch = target.edition.map(|_| Mismatch {
                meant: meant.to_owned(),
                floating: false,
            });
        }
        if target.edition.is_none() {
            target.unknown = Some(format!("as of {date}"));
            target.other = as_reported().or_else(|| scope.edition(system, ""));
        }
        return target;
    }
    if wanted.is_empty() {
        target.edition = match known {
            true => as_reported(),
            false => scope.edition(system, ""),
        };
        if !reported.is_empty() && !known {
            target.unknown = Some(reported.to_owned());
            target.mismatch = target.edition.map(|edition| Mismatch {
                meant: edition.version().to_owned(),
                floating: true,
            });
        }
        return target;
    }
    let fits = version::matches(wanted, reported);
    if known && fits {
        target.edition = as_reported();
        return target;
    }
    target.edition = scope.edition(system, wanted);
    // An edition of SNOMED CT reported without a date is any version of it.
    let is_meant = |edition: &Arc<Edition>| version::is_of_edition(reported, edition.version());
    if !reported.is_empty() && !fits && !target.edition.is_some_and(is_meant) {
        target.mismatch = Some(Mismatch {
            meant: wanted.to_owned(),
            floating: false,
        });
    }
    if target.edition.is_none() {
        target.unknown = Some(wanted.to_owned());
        let ruled = scope.wanted(system, "");
        target.other = known
            .then(as_reported)
            .flatten()
            .or_else(|| scope.edition(system, ruled));
    } else if !reported.is_empty() && !known {
        target.unknown = Some(reported.to_owned());
    }
    target
}

/// How a concept stands to a value set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    /// It is not in it.
    Out,
    /// It would be in it, if the value set took inactive concepts.
    Inactive,
    /// It is in it.
    In(Option<Box<ConceptReference>>),
}

/// A concept of an edition, and the version it was reported with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) edition: &'a Arc<Edition>,
    pub(crate) concept: ConceptIndex,
    pub(crate) code: &'a str,
    pub(crate) reported: &'a str,
    /// Whether codes that versions of the code system share are one.
    pub(crate) versions_match: bool,
}

/// How a concept stands to a value set whose imports are known to end.
///
/// # Errors
/// When an import is not known or an expression cannot be evaluated.
pub(crate) fn standing(
    scope: &Scope<'_>,
    value_set: &ValueSetEdition,
    asked: Asked<'_>,
) -> Result<Standing, Failure> {
    let mut found = Standing::Out;
    for (source, clause) in value_set.included() {
        match in_clause(scope, value_set, source, clause, asked, false)? {
            Standing::Out => {}
            Standing::Inactive => found = Standing::Inactive,
            Standing::In(reference) => {
                found = Standing::In(reference);
                break;
            }
        }
    }
    if found == Standing::Out {
        return Ok(found);
    }
    for (source, clause) in value_set.excluded() {
        if matches!(
            in_clause(scope, value_set, source, clause, asked, true)?,
            Standing::In(_)
        ) {
            return Ok(Standing::Out);
        }
    }
    let inactive = value_set.source().inactive == Some(false)
        && asked
            .edition
            .concept(asked.concept)
            .is_some_and(|view| concept::is_inactive(view, scope.date));
    Ok(if inactive { Standing::Inactive } else { found })
}

/// Whether a clause on the code system of an edition means this very edition for a code reported with a version, as far
/// as can be told without looking into the catalog: [`target`] says the same.
fn is_meant(
    scope: &Scope<'_>,
    source: &Include,
    locked: Option<Date>,
    reported: &str,
    edition: &Edition,
) -> bool {
    if reported.is_empty() || reported != edition.version() {
        return false;
    }
    match scope.wanted(&source.system, &source.version) {
        "" => locked.is_none(),
        wanted => version::matches(wanted, reported),
    }
}

fn in_clause(
    scope: &Scope<'_>,
    value_set: &ValueSetEdition,
    source: &Include,
    clause: &Clause,
    asked: Asked<'_>,
    taken_out: bool,
) -> Result<Standing, Failure> {
    let mut found = Standing::In(None);
    if !source.system.is_empty() {
        if source.system != asked.edition.url() {
            return Ok(Standing::Out);
        }
        let merged = asked.versions_match && taken_out;
        let reported = if merged { "" } else { asked.reported };
        let locked = value_set.own().locked;
        let edition = match is_meant(scope, source, locked, reported, asked.edition) {
            true => Some(asked.edition),
            false => target(scope, &source.system, &source.version, locked, reported).edition,
        };
        let Some(edition) = edition else {
            return Ok(Standing::Out);
        };
        let concept = match Arc::ptr_eq(edition, asked.edition) {
            true => asked.concept,
            false if merged => match edition.find(asked.code) {
                Some(concept) => concept,
                None => return Ok(Standing::Out),
            },
            false => return Ok(Standing::Out),
        };
        if let Some(meaning) = clause.ready(source, edition, scope.date) {
            if !meaning.set.contains(concept) {
                return Ok(Standing::Out);
            }
        } else {
            if !source.concepts.is_empty() {
                let code = edition.concept(concept).map_or(asked.code, |view| view.code());
                let fold = edition.case_insensitive();
                match clause.reference(source, code, fold) {
                    None => return Ok(Standing::Out),
                    Some(reference) => found = Standing::In(Some(Box::new(reference.clone()))),
                }
            }
            if !clause.holds(source, edition, concept.0, scope.date)? {
                return Ok(Standing::Out);
            }
        }
    }
    for import in &clause.value_sets {
        match standing(scope, &*scope.import(import)?, asked)? {
            Standing::Out => return Ok(Standing::Out),
            Standing::Inactive => found = Standing::Inactive,
            Standing::In(reference) => {
                if found == Standing::In(None) {
                    found = Standing::In(reference);
                }
            }
        }
    }
    Ok(found)
}
