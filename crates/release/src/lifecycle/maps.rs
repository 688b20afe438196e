//! Whether a version of a reporter's map may be written. What the map says is judged in [`crate::maps`].

use super::{Refusal, check_caller, check_text, entry};
use crate::authority::AuthorityState;
use crate::entry::{AuthorityEntry, Change, ConceptMapRecord};

/// Most versions of maps of one reporter.
const VERSIONS_MAX: usize = 500;
/// Most rows of all maps of one reporter together: they are held in memory.
const ROWS_MAX: u64 = 500_000;

/// Puts a version of a reporter's map; `None` when it is put already.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadText`]; [`Refusal::UnknownReporter`]; [`Refusal::MapTaken`] when the version
/// holds other content or applies from another date; [`Refusal::TooManyMaps`].
pub fn put_concept_map(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    map: &ConceptMapRecord,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_text("address of the map", &map.url)?;
    check_text("version of the map", &map.version)?;
    check_text("title of the map", &map.title)?;
    check_text("name of the map's file", &map.file)?;
    if state.reporter(&map.reporter).is_none() {
        return Err(Refusal::UnknownReporter);
    }
    match state.concept_map(&map.reporter, &map.url, &map.version) {
        Some(known) if known.blob == map.blob && known.from == map.from => return Ok(None),
        Some(_) => {
            return Err(Refusal::MapTaken {
                url: map.url.clone(),
                version: map.version.clone(),
            });
        }
        None => {}
    }
    let kept = state.concept_maps_of(&map.reporter);
    let rows = kept
        .iter()
        .fold(map.rows, |rows, map| rows.saturating_add(map.rows));
    if kept.len() >= VERSIONS_MAX || rows > ROWS_MAX {
        return Err(Refusal::TooManyMaps);
    }
    Ok(Some(entry(caller, at, Change::ConceptMapPut(map.clone()))))
}
