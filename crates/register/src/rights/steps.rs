//! Whether a step may be taken, and the entry that takes it.

use super::Purpose;
use super::{Asked, Rectification, Rights, RightsEntry, RightsError, Scope, Standing, Step, Use};
use crate::definition::RegisterDefinition;
use crate::identity::reference_date;
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
    /// Asks for something, under the release in force at that instant.
    ///
    /// # Errors
    /// [`RightsError`] when purpose, reason, scope or extent are not what they must be.
    pub fn ask(
        register: &RegisterDefinition,
        caller: &str,
        at: i64,
        asked: Asked,
    ) -> Result<RightsEntry, RightsError> {
        check_use(register, at, &asked)?;
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

    /// Approves a request, under the release in force at that instant.
    ///
    /// # Errors
    /// [`RightsError`] when it does not wait, whoever approves is not another person than who asked, or its purpose is no
    /// longer one for what is asked.
    pub fn approve(
        &self,
        register: &RegisterDefinition,
        caller: &str,
        at: i64,
        number: u64,
        is_another: IsAnother<'_>,
    ) -> Result<RightsEntry, RightsError> {
        let request = self.request(number).ok_or(RightsError::Unknown)?;
        is_another(&request.by.by, caller)?;
        match request.standing(at) {
            Standing::Waits => {
                check_use(register, at, &request.asked)?;
                Ok(entry(caller, at, Step::Approved { request: number }))
            }
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

    /// Asks reporters for a correction, under the release in force at that instant.
    ///
    /// # Errors
    /// [`RightsError`] when purpose or reason are not what they must be, or no record is named.
    pub fn rectify(
        register: &RegisterDefinition,
        caller: &str,
        at: i64,
        asked: Rectification,
    ) -> Result<RightsEntry, RightsError> {
        check_purpose(register, at, &asked.purpose)?;
        check_reason(&asked.reason)?;
        if !(1..=LIMITS.scope).contains(&asked.records.len()) {
            return Err(RightsError::Scope);
        }
        Ok(entry(caller, at, Step::Rectify(asked)))
    }
}

/// The purpose with a code at an instant, in microseconds since 1970-01-01 UTC.
///
/// # Errors
/// [`RightsError::Purpose`] with the codes that there are when it is not among them.
pub fn check_purpose<'a>(
    register: &'a RegisterDefinition,
    at: i64,
    code: &str,
) -> Result<&'a Purpose, RightsError> {
    let today = reference_date(at);
    let found = register.purposes_on(today).find(|purpose| purpose.code == code);
    found.ok_or_else(|| {
        let known: Vec<&str> = register
            .purposes_on(today)
            .map(|known| known.code.as_str())
            .collect();
        RightsError::Purpose(known.join(", "))
    })
}

/// Whether the purpose of a request is one for what it asks.
fn check_use(register: &RegisterDefinition, at: i64, asked: &Asked) -> Result<(), RightsError> {
    let purpose = check_purpose(register, at, &asked.purpose)?;
    let wanted = asked.scope.use_for();
    if purpose.use_for.contains(&wanted) {
        return Ok(());
    }
    Err(RightsError::NotForPurpose(match wanted {
        Use::Opening => "opening of the vault",
        Use::Linkage => "linkage export",
        Use::Erasure => "erasure",
    }))
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
