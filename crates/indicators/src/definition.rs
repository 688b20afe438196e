//! What a release says about indicators: the library entries, the mission's own figures and the rules of
//! disclosure. Plain data in FHIR Measure's words.

use vardnav_classification::model::{Grain, Label};

/// The indicators' part of a release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndicatorDefinitions {
    /// Library entries, core indicators and the mission's own.
    pub indicators: Vec<Indicator>,
    /// Rules of disclosure for figures counted from the register.
    pub disclosure: Disclosure,
}

/// A library entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indicator {
    /// Stable id, for example `core-02`, `reach-by-group`.
    pub id: String,
    /// Number among the 12 core indicators; 0 for the mission's own.
    pub core_number: u8,
    /// Name.
    pub label: Label,
    /// What is counted above the line.
    pub numerator: Label,
    /// What is counted below the line; empty for a plain count.
    pub denominator: Label,
    /// Who or what is left out.
    pub exclusions: Label,
    /// Goal keywords (tillgänglighet, kontinuitet, …).
    pub goals: Vec<String>,
    /// Where the data come from, in words.
    pub source: String,
    /// `computed` from the register, `uploaded` series, or `linked` with other registers.
    pub feed: String,
    /// How sure the description is, in domain words.
    pub certainty: String,
    /// Breakdowns offered.
    pub breakdowns: Vec<String>,
    /// Version of the method.
    pub method_version: String,
    /// For `computed`: id of the table whose values are counted, for example `groups`.
    pub counted_table: String,
    /// With a counted table: what is counted by its values.
    pub counted_grain: Option<Grain>,
}

/// Rules of disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disclosure {
    /// A published count is 0 or at least this.
    pub min_count: u32,
}

impl Default for Disclosure {
    fn default() -> Self {
        Self { min_count: 5 }
    }
}
