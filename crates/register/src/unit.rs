//! Care units (vårdenheter), dated: who runs them, on which basis, at which level, with which beds and hours.
//! A unit supplies facts to reports as it was on the date.

use jiff::civil::Date;

use crate::record::{Fact, Principals};

/// A care unit with all its dated versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareUnit {
    /// HSA-id.
    pub hsa_id: String,
    /// Versions by first date, rising.
    pub versions: Vec<UnitVersion>,
}

/// What holds for a unit from a date until the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitVersion {
    /// First date on which it holds.
    pub from: Date,
    /// First date on which the unit is closed; `None` while it is open.
    pub closed: Option<Date>,
    /// Name for people.
    pub name: String,
    /// Kind of unit, for example `mobile-team`, `hospital-at-home`, `primary-care-beds`, `monitoring-centre`.
    pub kind: String,
    /// Organisationsnummer of the care provider (vårdgivare).
    pub provider: String,
    /// Reporters that may report for the unit.
    pub reporters: Vec<String>,
    /// Principals by role.
    pub principals: Principals,
    /// Kommun where it lies (SCB code).
    pub kommun: Option<String>,
    /// Facts it supplies: origin, level, principal-basis, physician-access, team-response and others.
    pub facts: Vec<Fact>,
    /// Opening hours, for people.
    pub hours: String,
    /// Beds by kind.
    pub beds: Vec<Beds>,
}

/// Number of beds of a kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Beds {
    /// Value of the bed axis.
    pub kind: String,
    /// How many.
    pub count: u32,
}

impl CareUnit {
    /// The version that holds on `date`, unless the unit is not yet open or already closed then.
    pub fn on(&self, date: Date) -> Option<&UnitVersion> {
        self.versions
            .iter()
            .rev()
            .find(|version| version.from <= date)
            .filter(|version| version.closed.is_none_or(|closed| date < closed))
    }
}
