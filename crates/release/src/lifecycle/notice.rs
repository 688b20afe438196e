//! Whether a reporter may say that it has taken notice of a release.

use super::{Refusal, check_caller, entry};
use crate::authority::AuthorityState;
use crate::entry::{AuthorityEntry, Change, Step};

/// Notes that a reporter has taken notice of a release; `None` when it has already.
///
/// # Errors
/// [`Refusal::BadCaller`]; [`Refusal::NoNotice`] when it was given none.
pub fn acknowledge(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    release: &str,
    reporter: &str,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    let known = state.release(release).ok_or(Refusal::NoNotice)?;
    let told = known.announced.as_ref().ok_or(Refusal::NoNotice)?;
    if !told.reporters.iter().any(|told| told == reporter) {
        return Err(Refusal::NoNotice);
    }
    if known.acknowledged.contains_key(reporter) {
        return Ok(None);
    }
    let step = Step::NoticeAcknowledged {
        release: release.to_owned(),
        reporter: reporter.to_owned(),
    };
    Ok(Some(entry(caller, at, Change::Step(step))))
}
