//! What a release says about the register: variables with their legal basis, validation checks with their
//! messages, reasons of withdrawals, purposes, patterns of reserve numbers, limits in time. Plain data;
//! [`crate::validate`] and [`crate::rights`] act on it.

use jiff::civil::Date;
use vardnav_classification::model::Label;

use crate::delivery::RegisterRule;
use crate::record::RecordKind;
use crate::rights::Purpose;

/// The register's part of a release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegisterDefinition {
    /// What may be reported, and on which legal basis.
    pub variables: Vec<Variable>,
    /// Validation checks by finding code.
    pub checks: Vec<Check>,
    /// Statutes that variables, checks and duties rest on.
    pub legal_bases: Vec<LegalBasis>,
    /// For which reasons reporters withdraw records.
    pub withdrawal_reasons: Vec<WithdrawalReason>,
    /// For which purposes identities may be used and content erased.
    pub purposes: Vec<Purpose>,
    /// Patterns of reserve numbers.
    pub reserve_patterns: Vec<ReservePattern>,
    /// Registers that deliveries are for, with their windows.
    pub deliveries: Vec<RegisterRule>,
    /// The registry of care units.
    pub units: crate::unit::definition::UnitDefinition,
    /// Limits in time.
    pub limits: TimeLimits,
    /// Canonical address of the code system of regions and kommuner.
    pub geography_system: String,
    /// Whether variables are collected on legal bases that are only proposed, as before a register is decided.
    pub collects_on_proposals: bool,
}

impl RegisterDefinition {
    /// The reasons for which records are withdrawn on a date.
    pub fn withdrawal_reasons_on(&self, date: Date) -> impl Iterator<Item = &WithdrawalReason> {
        let reasons = self.withdrawal_reasons.iter();
        reasons.filter(move |reason| holds_on(date, reason.from, reason.until))
    }

    /// The purposes that there are on a date.
    pub fn purposes_on(&self, date: Date) -> impl Iterator<Item = &Purpose> {
        let purposes = self.purposes.iter();
        purposes.filter(move |purpose| holds_on(date, purpose.from, purpose.until))
    }
}

fn holds_on(date: Date, from: Option<Date>, until: Option<Date>) -> bool {
    from.is_none_or(|from| from <= date) && until.is_none_or(|until| date < until)
}

/// A reason for which a reporter withdraws a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalReason {
    /// Its code, of the form of [`is_list_code`]; never [`NOT_IN_DELIVERY`].
    pub code: String,
    /// Name for people.
    pub label: Label,
    /// First date on which records are withdrawn for it.
    pub from: Option<Date>,
    /// First date on which they no longer are.
    pub until: Option<Date>,
}

/// The reason that the register itself gives for what a closed delivery no longer holds: no reporter states it.
pub const NOT_IN_DELIVERY: &str = "not-in-delivery";

/// Whether a code of a reason or purpose is well-formed: 1 to 64 bytes of `a–z 0–9 -`, neither first nor last a `-`.
pub fn is_list_code(code: &str) -> bool {
    let is_of_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&code.len())
        && code.bytes().all(is_of_code)
        && !code.starts_with('-')
        && !code.ends_with('-')
}

/// A reported variable. Its id is stable; names are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Stable id, for example `VN-V-014`.
    pub id: String,
    /// Path in a record, for example `contact.requested` or `segments.start`.
    pub path: String,
    /// Name for people.
    pub label: Label,
    /// What it means.
    pub definition: Label,
    /// Kinds of record that have it.
    pub kinds: Vec<RecordKind>,
    /// On what it is collected, for which registers. Without any it is not.
    pub bases: Vec<VariableBasis>,
    /// Whether a record without it is incomplete.
    pub required: bool,
    /// Code systems that its values come from, where it is coded; a coding names the one it is of.
    pub code_systems: Vec<String>,
    /// First date on which it may be collected.
    pub from: Date,
    /// First date on which it may no longer be.
    pub until: Option<Date>,
}

/// A legal basis on which a variable is collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableBasis {
    /// Id of the legal basis.
    pub legal_basis: String,
    /// Ids of the registers that hold the variable on it; every register when empty.
    pub registers: Vec<String>,
    /// First date of care for which they do.
    pub from: Option<Date>,
    /// First date of care for which they no longer do.
    pub until: Option<Date>,
}

impl VariableBasis {
    /// A basis on which every register holds a variable.
    pub fn of_every_register(legal_basis: impl Into<String>) -> Self {
        Self {
            legal_basis: legal_basis.into(),
            registers: Vec::new(),
            from: None,
            until: None,
        }
    }
}

/// A statute or proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalBasis {
    /// Stable id used by variables, checks and rules.
    pub id: String,
    /// Citation, for example `förordning (2001:707) 4 §`.
    pub citation: String,
    /// What it says, in our words.
    pub summary: Label,
    /// `statutory` or `proposed`.
    pub status: String,
    /// First date on which it is in force.
    pub from: Option<Date>,
}

impl LegalBasis {
    /// The status of a basis that is not decided.
    pub const PROPOSED: &'static str = "proposed";
}

/// How much weighs a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Accepted; worth a look.
    Warning,
    /// Accepted; some derived value waits.
    Hold,
    /// The record is rejected.
    Error,
}

/// A validation check: the mechanism is code, everything else is data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Finding code, for example `VN-REG-012`.
    pub code: String,
    /// Family: one of [`FAMILIES`].
    pub family: String,
    /// Name of the mechanism that finds it; see [`crate::validate::MECHANISMS`].
    pub mechanism: String,
    /// Weight.
    pub severity: Severity,
    /// What is wrong.
    pub message: Label,
    /// How to mend it.
    pub remedy: Label,
    /// Id of the legal basis; empty when it follows from the format alone.
    pub legal_basis: String,
    /// First date (of care) on which it applies.
    pub from: Option<Date>,
    /// First date (of care) on which it no longer does.
    pub until: Option<Date>,
    /// Numbers that its mechanism asks for, by name; see [`crate::validate::parameters`].
    pub parameters: Vec<(String, u32)>,
}

/// The families of checks.
pub const FAMILIES: &[&str] = &[
    "format",
    "identity",
    "basis",
    "code",
    "time",
    "unit",
    "contradiction",
    "duplicate",
    "completeness",
];

/// A pattern of reserve numbers: `#` a digit, `@` a letter except I O Q V W, anything else itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservePattern {
    /// Who issues them.
    pub issuer: String,
    /// The pattern.
    pub pattern: String,
}

/// Limits in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Earliest date of care that the register takes.
    pub earliest: Date,
    /// How many days after the day of reporting a date of care may lie.
    pub days_ahead: i32,
    /// Highest age in years.
    pub age_max: u16,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            earliest: Date::constant(2026, 1, 1),
            days_ahead: 0,
            age_max: 130,
        }
    }
}
