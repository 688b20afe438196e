//! Which callers are accounts of one person.

use super::{Refusal, check_caller, entry};
use crate::authority::AuthorityState;
use crate::entry::{AuthorityEntry, Change, Step};

/// Most links of callers.
const LINKS_MAX: usize = 50_000;

/// Notes that `linked` is an account of the person `identity`; `None` when that is noted. It counts for everything
/// the account ever did and is never undone.
///
/// # Errors
/// [`Refusal::BadCaller`] when a name is not usable; [`Refusal::TooManyLinks`].
pub fn link_caller(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    linked: &str,
    identity: &str,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_caller(linked)?;
    check_caller(identity)?;
    let mut links = state.identities().links();
    if links.len() >= LINKS_MAX {
        return Err(Refusal::TooManyLinks);
    }
    if links.any(|pair| pair == (linked, identity)) {
        return Ok(None);
    }
    let step = Step::CallerLinked {
        caller: linked.to_owned(),
        identity: identity.to_owned(),
    };
    Ok(Some(entry(caller, at, Change::Step(step))))
}
