//! Deriving history anew: what may be planned, given up and switched to.

use vardnav_register::text::id_holds_personal_number;

use super::identity::{NotAnother, is_another};
use super::{Refusal, check_text, entry};
use crate::authority::{AuthorityState, Derivation};
use crate::entry::{AS_REPORTED, AuthorityEntry, Change, DerivationPlan, DerivationStep};

/// Longest id of a derivation, in bytes.
pub const DERIVATION_ID_BYTES_MAX: usize = 32;
/// Most derivations that are kept at once.
pub const DERIVATIONS_MAX: usize = 8;

/// Why a step of a derivation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DerivationRefusal {
    /// No derivation has the id.
    #[error("no derivation has that id")]
    Unknown,
    /// The id has another form.
    #[error(
        "the id of a derivation has 1 to {DERIVATION_ID_BYTES_MAX} of a–z 0–9 -, begins with a letter or digit, holds no personal number and is not `{AS_REPORTED}`"
    )]
    Id,
    /// Another derivation has the id, or had it.
    #[error("another derivation has that id, or had it; choose another")]
    Taken,
    /// The release is not published.
    #[error("no published release has that id")]
    UnknownRelease,
    /// The dates are in the wrong order.
    #[error("the last date lies before the first")]
    Dates,
    /// Too many are kept already.
    #[error("{DERIVATIONS_MAX} derivations are kept already; cancel one first")]
    TooMany,
    /// It was given up.
    #[error("the derivation was cancelled")]
    Cancelled,
    /// Readers are answered from it.
    #[error("readers are answered from the derivation; switch to another first")]
    Active,
    /// Whoever planned it may not switch to it.
    #[error("a derivation is switched to by somebody other than who planned it")]
    OwnPlan,
    /// The procedure asks that planner and switcher are linked to persons by somebody else, and this one is not.
    #[error(
        "caller `{caller}` is not linked to a person by anybody but who planned the derivation and who switches to it"
    )]
    IdentityMissing {
        /// The caller.
        caller: String,
    },
    /// The reason is not usable.
    #[error("{0}")]
    Reason(Refusal),
}

/// Plans a derivation; `None` when the very same is planned already.
///
/// # Errors
/// When it may not be planned.
pub fn plan_derivation(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    plan: DerivationPlan,
) -> Result<Option<AuthorityEntry>, DerivationRefusal> {
    let derivations = state.derivations();
    match derivations.get(&plan.id) {
        Some(known) if known.plan == plan && known.cancelled.is_none() => return Ok(None),
        Some(_) => return Err(DerivationRefusal::Taken),
        None => {}
    }
    if !is_id(&plan.id) {
        return Err(DerivationRefusal::Id);
    }
    if state.release(&plan.release).is_none() {
        return Err(DerivationRefusal::UnknownRelease);
    }
    if matches!((plan.from, plan.until), (Some(from), Some(until)) if until <= from) {
        return Err(DerivationRefusal::Dates);
    }
    if derivations.live().count() >= DERIVATIONS_MAX {
        return Err(DerivationRefusal::TooMany);
    }
    Ok(Some(step(caller, at, DerivationStep::Planned(plan))))
}

/// Gives a derivation up; `None` when it was given up already.
///
/// # Errors
/// When there is none of that id, or readers are answered from it.
pub fn cancel_derivation(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    id: &str,
) -> Result<Option<AuthorityEntry>, DerivationRefusal> {
    let known = state.derivations().get(id).ok_or(DerivationRefusal::Unknown)?;
    if state.derivations().active() == Some(known) {
        return Err(DerivationRefusal::Active);
    }
    let cancelled = DerivationStep::Cancelled { id: id.to_owned() };
    Ok(known.cancelled.is_none().then(|| step(caller, at, cancelled)))
}

/// Has readers answered from a derivation, or from what the ledger's entries hold; `None` when they are already. The
/// `reason` stays with it and may be empty.
///
/// # Errors
/// When there is none of that id, the reason is not usable, or whoever planned it asks for it, be it through another
/// account; and, where the procedure asks for persons, when planner or caller is not linked to one by somebody else.
pub fn switch_derivation(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    id: &str,
    reason: &str,
) -> Result<Option<AuthorityEntry>, DerivationRefusal> {
    check_text("reason", reason).map_err(DerivationRefusal::Reason)?;
    let derivations = state.derivations();
    if id != AS_REPORTED {
        let known = derivations.get(id).ok_or(DerivationRefusal::Unknown)?;
        if known.cancelled.is_some() {
            return Err(DerivationRefusal::Cancelled);
        }
        if derivations.active_id() != id {
            by_another(state, known, caller)?;
        }
    }
    let switched = DerivationStep::Switched {
        id: id.to_owned(),
        from: derivations.active_id().to_owned(),
        reason: reason.to_owned(),
    };
    Ok((derivations.active_id() != id).then(|| step(caller, at, switched)))
}

/// The rule that holds for the approval of a draft.
fn by_another(
    state: &AuthorityState,
    derivation: &Derivation,
    caller: &str,
) -> Result<(), DerivationRefusal> {
    is_another(state, &[&derivation.planned.by], caller).map_err(|refused| match refused {
        NotAnother::Own => DerivationRefusal::OwnPlan,
        NotAnother::Unknown(caller) => DerivationRefusal::IdentityMissing { caller },
    })
}

fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=DERIVATION_ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(allowed)
        && !id.starts_with('-')
        && id != AS_REPORTED
        && !id_holds_personal_number(id)
}

fn step(caller: &str, at: i64, step: DerivationStep) -> AuthorityEntry {
    entry(caller, at, Change::Derivation(step))
}
