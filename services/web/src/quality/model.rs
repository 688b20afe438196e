//! What the pages of quality show, as plain data.

use jiff::civil::Date;
use vardnav_classification::model::Label;

/// Why something is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nobody is known by what was stated.
    Unknown,
    /// Whoever is known may not see it.
    NotAllowed,
    /// There is no such reporter or month.
    Missing,
    /// It cannot be told just now.
    Unavailable,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Name, as it stands in the audit trail.
    pub name: String,
    /// The reporters that it acts for, by id.
    pub reporters: Vec<Reporter>,
    /// Whether nobody needs to sign in: the server is on loopback and knows no credentials.
    pub is_open: bool,
}

/// A reporter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reporter {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// What there is of a reporter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quality {
    /// The reporter.
    pub reporter: Reporter,
    /// Months of care, rising; the last is the one that is looked at.
    pub months: Vec<Month>,
    /// What was found most often in those months, the most frequent first.
    pub findings: Vec<Common>,
    /// What waits, the largest group first.
    pub waiting: Vec<Waiting>,
    /// How many records wait, each once.
    pub held: u64,
    /// Entries that are not counted yet.
    pub behind: u64,
}

/// What there is of a month of care.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Month {
    /// The month, as `2026-09`.
    pub period: String,
    /// Records accepted and fully classified.
    pub accepted: u64,
    /// Records accepted of which something waits.
    pub held: u64,
    /// Those of both with a finding of their own.
    pub with_findings: u64,
    /// Records rejected in answers of this month.
    pub rejected: u64,
    /// Records of the month before.
    pub previous: u64,
    /// Records of the same month of the year before.
    pub last_year: u64,
    /// Care units that are to report.
    pub units_with_duty: u32,
    /// Those of them of which there is some record.
    pub units_delivered: u32,
    /// Those of which there is none.
    pub missing: Vec<Unit>,
    /// When deliveries of the month are due.
    pub deadlines: Vec<Deadline>,
    /// What is found of the month's records together.
    pub found: Vec<Found>,
}

/// A care unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// HSA-id.
    pub hsa_id: String,
    /// Name for people; empty when it has none.
    pub name: String,
}

/// When a month is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// The register that it is delivered to.
    pub register: String,
    /// The last date on which it is in time.
    pub primary: Option<Date>,
    /// The last date on which it is resubmitted.
    pub refresh: Option<Date>,
}

/// What is found of records together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Code.
    pub code: String,
    /// How many records it concerns.
    pub records: u64,
    /// Of a month that departs: how many there usually are.
    pub usual: u64,
    /// Of a month that departs: the care unit.
    pub unit: String,
    /// What is wrong.
    pub message: Label,
    /// What to do.
    pub remedy: Label,
}

/// A finding and how often it was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Common {
    /// Code.
    pub code: String,
    /// Accepted records that have it.
    pub accepted: u64,
    /// Held records that have it.
    pub held: u64,
    /// Rejections it led to.
    pub rejected: u64,
    /// What is wrong.
    pub message: Label,
    /// What to do.
    pub remedy: Label,
}

/// Who can mend what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Whoever reports: the fact is stated in the record.
    ReportingUnit,
    /// Whoever administers the registry of units.
    UnitRegistration,
    /// The authority: a rule is wanted.
    Authority,
    /// Not stated.
    Nobody,
}

/// Records that wait for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The care unit; empty when the records state none.
    pub unit: Unit,
    /// What is missing, in words: an axis, a rule, or a check.
    pub what: Label,
    /// The table that waits, in words; empty when a check holds.
    pub table: Label,
    /// Who can mend it.
    pub owner: Owner,
    /// How many records.
    pub records: u64,
    /// Days that the oldest has waited.
    pub oldest_days: u32,
    /// What to do.
    pub remedy: Label,
}

/// What anybody may see: whether those who are to report did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Months, rising, as `2026-09`.
    pub months: Vec<String>,
    /// By region, by code.
    pub regions: Vec<RegionCoverage>,
}

/// A region's care units that are to report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegionCoverage {
    /// SCB code of the region.
    pub code: String,
    /// Name.
    pub name: String,
    /// One a month: care units that are to report, and those of which there is some record.
    pub months: Vec<(u32, u32)>,
}
