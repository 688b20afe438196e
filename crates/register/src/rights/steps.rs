//! Whether a step may be taken, and the entry that takes it.

use super::{Asked, Rectification, Rights, RightsEntry, RightsError, Scope, Standing, Step, Use, purpose};
use crate::text::{holds_personal_number, is_id};

/// Most of what may be asked for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a reason.
    pub reason_bytes: usize,
    /// Persons, records or reporters.
    pub scope: usize,
    /// Uses.
    pub uses: u32,
    /// Days.
    pub days: i64,
}

/// The limits.
pub const LIMITS: Limits = Limits {
    reason_bytes: 500,
    scope: 10_000,
    uses: 100,
    days: 31,
};

const DAY: i64 = 86_400_000_000;

/// Whether two callers are two persons: gets who asked and who approves.
pub type IsAnother<'a> = &'a dyn Fn(&str, &str) -> Result<(), RightsError>;

impl Rights {
    /// Asks for something.
    ///
    /// # Errors
    /// [`RightsError`] when purpose, reason, scope or extent are not what they must be.
    pub fn ask(caller: &str, at: i64, asked: Asked) -> Result<RightsEntry, RightsError> {
        let purpose = purpose(&asked.purpose).ok_or(RightsError::Purpose)?;
        let wanted = asked.scope.use_for();
        if !purpose.use_for.contains(&wanted) {
            return Err(RightsError::NotForPurpose(match wanted {
                Use::Opening => "opening of the vault",
                Use::Linkage => "linkage export",
                Use::Erasure => "erasure",
            }));
        }
        check_reason(&asked.reason)?;
        let named = |id: &str| is_id(id) && !holds_personal_number(id);
        let ids_fit = match &asked.scope {
            Scope::Persons(_) => true,
            Scope::Records(records) | Scope::Erasure(records) => records
                .iter()
                .all(|record| named(&record.reporter) && named(&record.id)),
            Scope::PersonErasure {
                reporter, records, ..
            } => {
                (reporter.is_empty() || named(reporter))
                    && records
                        .iter()
                        .all(|record| named(&record.reporter) && named(&record.id))
            }
            Scope::Linkage { project, reporters } => {
                named(project) && reporters.iter().all(|reporter| named(reporter))
            }
        };
        if !ids_fit || !(1..=LIMITS.scope).contains(&asked.scope.size()) {
            return Err(RightsError::Scope);
        }
        let in_time = asked.until > at && asked.until - at <= LIMITS.days * DAY;
        if !in_time || !(1..=LIMITS.uses).contains(&asked.uses) {
            return Err(RightsError::Extent);
        }
        Ok(entry(caller, at, Step::Asked(asked)))
    }

    /// Approves a request.
    ///
    /// # Errors
    /// [`RightsError`] when it does not wait, or whoever approves is not another person than who asked.
    pub fn approve(
        &self,
        caller: &str,
        at: i64,
        number: u64,
        is_another: IsAnother<'_>,
    ) -> Result<RightsEntry, RightsError> {
        let request = self.request(number).ok_or(RightsError::Unknown)?;
        is_another(&request.by.by, caller)?;
        match request.standing(at) {
            Standing::Waits => Ok(entry(caller, at, Step::Approved { request: number })),
            other => Err(RightsError::Standing(other)),
        }
    }

    /// Uses what was approved, once.
    ///
    /// # Errors
    /// [`RightsError`] when it may not be used now, by this caller, for this.
    pub fn spend(
        &self,
        caller: &str,
        at: i64,
        number: u64,
        wanted: Use,
        count: u64,
    ) -> Result<RightsEntry, RightsError> {
        let request = self
            .request(number)
            .filter(|request| request.asked.scope.use_for() == wanted)
            .ok_or(RightsError::Unknown)?;
        if request.by.by != caller {
            return Err(RightsError::NotYours);
        }
        match request.standing(at) {
            Standing::Open => {
                let request = number;
                Ok(entry(caller, at, Step::Used { request, count }))
            }
            other => Err(RightsError::Standing(other)),
        }
    }

    /// Withdraws or refuses a request.
    ///
    /// # Errors
    /// [`RightsError`] when there is none, it is over, or it is an approved erasure: that is carried out to its end.
    pub fn end(&self, caller: &str, at: i64, number: u64) -> Result<RightsEntry, RightsError> {
        let request = self.request(number).ok_or(RightsError::Unknown)?;
        let is_begun = request.approved.is_some() && request.asked.scope.use_for() == Use::Erasure;
        match request.standing(at) {
            Standing::Waits | Standing::Open if !is_begun => {
                Ok(entry(caller, at, Step::Ended { request: number }))
            }
            other => Err(RightsError::Standing(other)),
        }
    }

    /// Asks reporters for a correction.
    ///
    /// # Errors
    /// [`RightsError`] when purpose or reason are not what they must be, or no record is named.
    pub fn rectify(caller: &str, at: i64, asked: Rectification) -> Result<RightsEntry, RightsError> {
        purpose(&asked.purpose).ok_or(RightsError::Purpose)?;
        check_reason(&asked.reason)?;
        if !(1..=LIMITS.scope).contains(&asked.records.len()) {
            return Err(RightsError::Scope);
        }
        Ok(entry(caller, at, Step::Rectify(asked)))
    }
}

fn check_reason(reason: &str) -> Result<(), RightsError> {
    let fits =
        !reason.trim().is_empty() && reason.len() <= LIMITS.reason_bytes && !holds_personal_number(reason);
    fits.then_some(()).ok_or(RightsError::Reason)
}

fn entry(caller: &str, at: i64, step: Step) -> RightsEntry {
    RightsEntry {
        caller: caller.to_owned(),
        at,
        step,
    }
}
