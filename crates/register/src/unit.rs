//! Care units (vårdenheter), dated: who runs them, on which basis, at which level, with which beds and hours.
//! A unit supplies facts to reports as it was on the date. What it had of beds, day by day, is [`beds`]; for how many its
//! physicians answer is [`listing`]; what a release says of units is [`definition`].

pub mod beds;
pub mod definition;
pub mod listing;

use jiff::civil::Date;

use crate::record::{Fact, Principals, Responsibility};

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
    /// What else it says of itself.
    pub about: About,
}

/// What a unit says of itself that no report takes a fact from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// Who owns the care provider: a code of the release, such as a region, a kommun or a private owner.
    pub ownership: Option<String>,
    /// Who answers for what in the unit, by role and time: by unit and profession, never by name. The roles are codes of
    /// the release, such as the physician in charge or the medically responsible nurse (MAS).
    pub responsibilities: Vec<Responsibility>,
    /// Kommuner whose inhabitants it serves (SCB codes); empty when not stated.
    pub covers: Vec<String>,
    /// When it is staffed in an ordinary week; empty when not stated.
    pub open: Vec<Opening>,
    /// Within how many minutes a team is with the patient after an acute call, where that is promised.
    pub response_minutes: Option<u16>,
    /// Staff by profession; empty when not stated.
    pub staff: Vec<Staff>,
    /// HSA-id of the unit that takes over when this one closes, as at a merger.
    pub successor: Option<String>,
}

/// A time of an ordinary week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// First weekday, 1 for Monday.
    pub first_day: u8,
    /// Last weekday, 7 for Sunday; not before the first.
    pub last_day: u8,
    /// Minute of the day at which it begins.
    pub from: u16,
    /// Minute of the day at which it ends, after it began; at most [`DAY_MINUTES`].
    pub until: u16,
}

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// Staff of a profession.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Staff {
    /// Profession, as a value of the release's axis of professions.
    pub profession: String,
    /// Full-time equivalents, in hundredths; `None` when only the category is stated.
    pub hundredths: Option<u32>,
}

/// Number of beds of a kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Beds {
    /// Value of the bed axis.
    pub kind: String,
    /// How many.
    pub count: u32,
}

impl Opening {
    /// Whether it is of this week and this day.
    pub fn is_valid(&self) -> bool {
        (1..=7).contains(&self.first_day)
            && (self.first_day..=7).contains(&self.last_day)
            && self.from < self.until
            && self.until <= DAY_MINUTES
    }
}

impl About {
    /// Whether the unit is staffed every minute of the week; `None` when its hours are not stated.
    pub fn is_round_the_clock(&self) -> Option<bool> {
        if self.open.is_empty() {
            return None;
        }
        let whole = |day: u8| {
            let own = self.open.iter();
            let mut times: Vec<(u16, u16)> = own
                .filter(|open| (open.first_day..=open.last_day).contains(&day))
                .map(|open| (open.from, open.until))
                .collect();
            times.sort_unstable();
            let end = times.iter().fold(0, |end, (from, until)| match *from <= end {
                true => end.max(*until),
                false => end,
            });
            end >= DAY_MINUTES
        };
        Some((1..=7).all(whole))
    }
}

impl UnitVersion {
    /// Names of the attributes that are otherwise than in another version, its first date left out.
    pub fn changed_from(&self, other: &Self) -> Vec<&'static str> {
        let (about, before) = (&self.about, &other.about);
        let pairs = [
            ("closed", self.closed == other.closed),
            ("name", self.name == other.name),
            ("kind", self.kind == other.kind),
            ("provider", self.provider == other.provider),
            ("reporters", self.reporters == other.reporters),
            ("principals", self.principals == other.principals),
            ("kommun", self.kommun == other.kommun),
            ("facts", self.facts == other.facts),
            ("hours", self.hours == other.hours),
            ("beds", self.beds == other.beds),
            ("ownership", about.ownership == before.ownership),
            (
                "responsibilities",
                about.responsibilities == before.responsibilities,
            ),
            ("covers", about.covers == before.covers),
            ("open", about.open == before.open),
            (
                "response_minutes",
                about.response_minutes == before.response_minutes,
            ),
            ("staff", about.staff == before.staff),
            ("successor", about.successor == before.successor),
        ];
        let changed = pairs.into_iter().filter(|(_, same)| !same);
        changed.map(|(name, _)| name).collect()
    }
}

impl CareUnit {
    /// The first date on which it is closed, and the unit that takes over, where it closes.
    pub fn closing(&self) -> Option<(Date, Option<&str>)> {
        let newest = self.versions.last()?;
        Some((newest.closed?, newest.about.successor.as_deref()))
    }

    /// The version that holds on `date`, unless the unit is not yet open or already closed then.
    pub fn on(&self, date: Date) -> Option<&UnitVersion> {
        self.versions
            .iter()
            .rev()
            .find(|version| version.from <= date)
            .filter(|version| version.closed.is_none_or(|closed| date < closed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_whole_when_every_day_is() {
        let of = |open: &[(u8, u8, u16, u16)]| {
            let open = open.iter().map(|&(first_day, last_day, from, until)| Opening {
                first_day,
                last_day,
                from,
                until,
            });
            About {
                open: open.collect(),
                ..About::default()
            }
            .is_round_the_clock()
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(1, 7, 0, 1440)]), Some(true));
        assert_eq!(
            of(&[(1, 5, 0, 1440), (6, 7, 600, 1440), (6, 7, 0, 600)]),
            Some(true)
        );
        assert_eq!(of(&[(1, 5, 0, 1440)]), Some(false));
        assert_eq!(of(&[(1, 7, 0, 700), (1, 7, 701, 1440)]), Some(false));
    }
}
