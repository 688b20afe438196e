//! Planning, watching, giving up and switching to derivations of history: entries of the authority's stream, and what
//! is told of them.

use std::sync::Arc;

use vardnav_api::common::{date_message, optional_date};
use vardnav_api::status::{ApiError, Fault, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_release::authority::Derivation;
use vardnav_release::entry::{AS_REPORTED, DerivationPlan};
use vardnav_release::lifecycle::{DerivationRefusal, cancel_derivation, plan_derivation, switch_derivation};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{AuthorityError, DecideError, View};

use crate::rederive::{Compiled, Trouble};
use crate::{Register, store_error};

/// Entries that a derivation may be behind when it is switched to: what is reported in the last moment.
const LAG_MAX: u64 = 1000;
/// Entries that a derivation may be behind when it is asked to be switched to.
const BEHIND_MAX: u64 = 50_000;

impl Register {
    /// Plans a derivation; the same again changes nothing.
    ///
    /// # Errors
    /// When the release has no such variant, its tables leave a gap under the variants and on the dates, the plan is
    /// refused, or the store does not take it.
    pub(crate) async fn start_reclassification(
        self: &Arc<Self>,
        caller: &Caller,
        request: pb::StartReclassificationRequest,
    ) -> Result<pb::Derivation, ApiError> {
        let view = self.authority.view();
        let release = view
            .release(&request.release)
            .ok_or_else(|| ApiError::not_found("the release"))?;
        let source = release.description.source();
        let texts: Vec<&str> = request.variants.iter().map(String::as_str).collect();
        let chosen = source.choices(texts).map_err(|wrong| {
            let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            ApiError::field("variants", wrong.join("; "))
        })?;
        let plan = DerivationPlan {
            id: request.id,
            release: request.release,
            variants: source.departures(&chosen).map(ToString::to_string).collect(),
            from: optional_date(request.from.as_ref(), "from")?,
            until: optional_date(request.until.as_ref(), "until")?,
        };
        let compiled = Compiled::of(&plan, release).map_err(|trouble| trouble_error(&trouble))?;
        let gaps = self.compute(move || compiled.gaps()).await.map_err(store_error)?;
        if !gaps.is_empty() {
            return Err(unproven(gaps));
        }
        let at = clock::now_micros();
        let decided = self.authority.decide_all(|state| {
            let entry = plan_derivation(state, &caller.name, at, plan.clone())?;
            Ok(entry.into_iter().collect())
        });
        let view = decided.await.map_err(refused)?;
        self.told(&view, &plan.id, false).await
    }

    /// Gives a derivation up.
    ///
    /// # Errors
    /// When it is refused, or the store does not take it.
    pub(crate) async fn cancel_reclassification(
        self: &Arc<Self>,
        caller: &Caller,
        id: &str,
    ) -> Result<pb::Derivation, ApiError> {
        let at = clock::now_micros();
        let decided = self.authority.decide_all(|state| {
            let entry = cancel_derivation(state, &caller.name, at, id)?;
            Ok(entry.into_iter().collect())
        });
        let view = decided.await.map_err(refused)?;
        self.told(&view, id, false).await
    }

    /// Has readers answered from another derivation.
    ///
    /// # Errors
    /// When it is behind or refused, or the store does not take it.
    pub(crate) async fn switch_derivation(
        self: &Arc<Self>,
        caller: &Caller,
        (id, reason): (&str, &str),
    ) -> Result<pb::SwitchDerivationResponse, ApiError> {
        let at = clock::now_micros();
        let decide = || {
            self.authority.decide_all(|state| {
                let entry = switch_derivation(state, &caller.name, at, id, reason)?;
                Ok(entry.into_iter().collect())
            })
        };
        let view = self.authority.view();
        // What is refused is refused before anything is waited for.
        switch_derivation(view.state(), &caller.name, at, id, reason)
            .map_err(|refusal| refusal_error(&refusal))?;
        let view = match view.state().derivations().get(id) {
            Some(derivation) if id != AS_REPORTED => {
                let (done, total) = self.progress(id).await.map_err(store_error)?;
                if total - done > BEHIND_MAX {
                    return Err(behind(total - done));
                }
                let switched = self.caught_up(&derivation.plan, LAG_MAX, async || decide().await);
                let switched = switched.await.map_err(|trouble| trouble_error(&trouble))?;
                switched.ok_or_else(|| behind(LAG_MAX))?
            }
            _ => decide().await,
        };
        let view = view.map_err(refused)?;
        let active = view.state().derivations().active();
        Ok(pb::SwitchDerivationResponse {
            active: active.map_or(AS_REPORTED, |active| &active.plan.id).to_owned(),
            position: view.position(),
        })
    }

    /// What is told of a derivation, with what it changes when that is asked for.
    ///
    /// # Errors
    /// When there is none of that id, or the store cannot.
    pub(crate) async fn told(
        &self,
        view: &View,
        id: &str,
        with_changes: bool,
    ) -> Result<pb::Derivation, ApiError> {
        let derivations = view.state().derivations();
        let derivation = derivations
            .get(id)
            .ok_or_else(|| ApiError::not_found("the derivation"))?;
        let is_active = derivations.active() == Some(derivation);
        if derivation.cancelled.is_some() {
            return Ok(message(
                derivation,
                pb::DerivationState::Cancelled,
                is_active,
                None,
            ));
        }
        let (done, total) = self.progress(id).await.map_err(store_error)?;
        let live = self.live(&derivation.plan);
        if !self.duty.is_mine() {
            live.saw(done);
        }
        let per_second = live.per_second();
        let changes = match with_changes {
            true => self.changes(id).await.map_err(store_error)?,
            false => Vec::new(),
        };
        let unreadable = match with_changes {
            true => self.unreadable().await.map_err(store_error)?,
            false => Vec::new(),
        };
        let left = total - done;
        let progress = pb::DerivationProgress {
            done,
            total,
            per_second,
            seconds_left: (left == 0 || per_second > 0.0).then(|| match left {
                0 => 0,
                left => (left as f64 / per_second).ceil() as u64,
            }),
            from_ledger: live.entries_from_ledger(),
            waits: live.waits(),
            unreadable,
            changes: changes
                .into_iter()
                .map(|(table, from, to, parts)| pb::DerivationChange {
                    table,
                    from,
                    to,
                    parts,
                })
                .collect(),
        };
        let state = match left <= LAG_MAX {
            true => pb::DerivationState::Following,
            false => pb::DerivationState::Running,
        };
        Ok(message(derivation, state, is_active, Some(progress)))
    }
}

fn message(
    derivation: &Derivation,
    state: pb::DerivationState,
    active: bool,
    progress: Option<pb::DerivationProgress>,
) -> pb::Derivation {
    let plan = &derivation.plan;
    pb::Derivation {
        id: plan.id.clone(),
        release: plan.release.clone(),
        variants: plan.variants.clone(),
        from: plan.from.map(date_message),
        until: plan.until.map(date_message),
        planned_by: derivation.planned.by.clone(),
        planned_micros: derivation.planned.at,
        state: state.into(),
        active,
        progress,
    }
}

fn refused(error: DecideError<DerivationRefusal>) -> ApiError {
    match error {
        DecideError::Refused(refusal) => refusal_error(&refusal),
        DecideError::Authority(AuthorityError::Store(error)) => store_error(error),
        DecideError::Authority(AuthorityError::Entry(error)) => ApiError::field("id", error.to_string()),
        DecideError::Authority(error) => ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string()),
    }
}

fn refusal_error(refusal: &DerivationRefusal) -> ApiError {
    let message = refusal.to_string();
    match refusal {
        DerivationRefusal::Unknown => ApiError::not_found("the derivation"),
        DerivationRefusal::UnknownRelease => ApiError::not_found("the release"),
        DerivationRefusal::Id => ApiError::field("id", message),
        DerivationRefusal::Dates => ApiError::field("until", message),
        DerivationRefusal::Reason(_) => ApiError::field("reason", message),
        DerivationRefusal::OwnPlan => ApiError::new(Kind::PermissionDenied, "VN-API-024", message),
        _ => ApiError::new(Kind::FailedPrecondition, "VN-API-025", message),
    }
}

fn unproven(gaps: Vec<Fault>) -> ApiError {
    let mut message = "the tables are not proven under these variants and on these dates".to_owned();
    if let Some(first) = gaps.first() {
        message = format!("{message}: {}: {}", first.subject, first.message);
    }
    ApiError::new(Kind::FailedPrecondition, "VN-API-027", message).with_faults(gaps)
}

fn behind(entries: u64) -> ApiError {
    let message = format!("the derivation is more than {entries} entries behind; ask again when it follows");
    ApiError::new(Kind::FailedPrecondition, "VN-API-026", message)
}

fn trouble_error(trouble: &Trouble) -> ApiError {
    match trouble {
        Trouble::Store(error) => store_error(error.clone()),
        other => ApiError::new(Kind::Unavailable, "VN-API-010", other.to_string()),
    }
}
