//! Which callers are accounts of one person, and whether somebody else decides than who made it.

use super::publication::procedure;
use super::{Refusal, check_caller, entry};
use crate::authority::AuthorityState;
use crate::entry::{AuthorityEntry, Change, Step};

/// Most links of callers.
const LINKS_MAX: usize = 50_000;

/// Notes that `linked` is an account of the person `identity`; `None` when the caller has noted that. It counts for
/// everything the account ever did and is never undone.
///
/// # Errors
/// [`Refusal::BadCaller`] when a name is not usable; [`Refusal::OwnLink`] when it is an account of the caller's own;
/// [`Refusal::TooManyLinks`].
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
    let identities = state.identities();
    if identities.is_same(caller, linked) {
        return Err(Refusal::OwnLink);
    }
    if identities.is_written(linked, identity, caller) {
        return Ok(None);
    }
    if identities.links().len() >= LINKS_MAX {
        return Err(Refusal::TooManyLinks);
    }
    let step = Step::CallerLinked {
        caller: linked.to_owned(),
        identity: identity.to_owned(),
    };
    Ok(Some(entry(caller, at, Change::Step(step))))
}

/// Why somebody may not decide on what others made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAnother {
    /// They made it themselves, under some account.
    Own,
    /// One of them is not linked to a person in the word of anybody else.
    Unknown(String),
}

/// Whether `decider` is another person than each of `makers`, by all that is known today. Where the procedure in force
/// asks for persons, each of them is linked to one by somebody who is none of them.
///
/// # Errors
/// [`NotAnother`].
pub fn is_another(state: &AuthorityState, makers: &[&str], decider: &str) -> Result<(), NotAnother> {
    let identities = state.identities();
    if makers.iter().any(|maker| identities.is_same(maker, decider)) {
        return Err(NotAnother::Own);
    }
    if !procedure(state).is_some_and(|procedure| procedure.identities_required) {
        return Ok(());
    }
    let parties: Vec<&str> = makers.iter().copied().chain([decider]).collect();
    match parties.iter().find(|party| !identities.is_known(party, &parties)) {
        Some(stranger) => Err(NotAnother::Unknown((*stranger).to_owned())),
        None => Ok(()),
    }
}
