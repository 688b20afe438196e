//! What is imported and registered beside releases: editions, value sets, concept maps, reporters.

use super::{Refusal, check_caller, check_id, check_text, entry};
use crate::authority::AuthorityState;
use crate::entry::{AuthorityEntry, Change, ContentRecord, EditionRecord, Reporter};

/// Imports an edition; `None` when it is imported already.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadText`]; [`Refusal::EditionTaken`] when its version holds other content.
pub fn import_edition(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    edition: &EditionRecord,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_text("address of the code system", &edition.system)?;
    check_text("version of the edition", &edition.version)?;
    check_text("title of the edition", &edition.title)?;
    match state.edition(&edition.system, &edition.version) {
        Some(known) if known.blob == edition.blob => Ok(None),
        Some(_) => Err(Refusal::EditionTaken {
            system: edition.system.clone(),
            version: edition.version.clone(),
        }),
        None => Ok(Some(entry(caller, at, Change::EditionImported(edition.clone())))),
    }
}

/// Imports a value set or concept map; `None` when it is there already.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadText`]; [`Refusal::EditionTaken`] when its version holds other content.
pub fn import_content(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    content: &ContentRecord,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_text("address", &content.url)?;
    check_text("version", &content.version)?;
    check_text("title", &content.title)?;
    match state.content(content.kind, &content.url, &content.version) {
        Some(known) if known.blob == content.blob => Ok(None),
        Some(_) => Err(Refusal::EditionTaken {
            system: content.url.clone(),
            version: content.version.clone(),
        }),
        None => Ok(Some(entry(caller, at, Change::ContentImported(content.clone())))),
    }
}

/// Registers or changes a reporter; `None` when nothing would change.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadId`], [`Refusal::BadText`].
pub fn put_reporter(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    reporter: &Reporter,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_id("reporter", &reporter.id)?;
    check_text("name of the reporter", &reporter.name)?;
    check_text("provider of the reporter", &reporter.provider)?;
    if state.reporter(&reporter.id) == Some(reporter) {
        return Ok(None);
    }
    Ok(Some(entry(caller, at, Change::ReporterPut(reporter.clone()))))
}
