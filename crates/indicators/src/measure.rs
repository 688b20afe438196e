//! Measures: what an indicator counts, in a form that an engine can compute without knowing the indicator.
//!
//! A [`Measure`] is a set of parts of records, and what is counted of them. The set is given by conditions on what is
//! known of a part: what the decision tables gave, its facts, its coded variables, its dates, the age of the person, and
//! what the same person had before or after. A figure is a sum of measures over another sum of measures, times a
//! factor ([`Figure`]). There is nothing else: no names that stand for expressions, no loops, no functions of one's own.
//! A measure may name measures that stand before it in the release and no others, so every figure can be computed, in
//! one pass over the parts of a person in order of date.
//!
//! # What is counted
//! The period is that of the question, a calendar month or year. A part belongs to it by the date that [`Dated`] names.
//! A part that several kinds of [`Part`] describe is counted once a kind.
//!
//! # Unknown
//! A condition on what is unknown is itself unknown. A part is counted when all conditions hold and no exclusion does;
//! it is not counted when one condition does not hold or one exclusion does; else it is *undecided*, and how many are
//! is told beside the figure. So the bounds of every count are known, and no value is made up.
//!
//! # Who
//! Persons are counted once in the period, whatever number of their parts meet the conditions, and whichever units or
//! reporters these are of. A person is counted where the first part that counts in the period lies: by its residence, and
//! by the person's sex and age on it. So persons add up over places, sexes and ages; they do not over months, nor over
//! the values of a breakdown, and a sum of measures may hold one measure of persons at most.
//!
//! # When
//! A part that is open is counted to the end of the year that is under way. What rests on days that must be over is
//! undecided until they are, and settled from then on, without anything being reported.

use vardnav_classification::model::Label;

/// A set of parts and what is counted of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Stable id.
    pub id: String,
    /// What is counted, in words.
    pub label: Label,
    /// Of which kinds the parts are. At least one.
    pub of: Vec<Part>,
    /// What is counted of them.
    pub counts: Counts,
    /// By which date a part belongs to a period.
    pub dated: Dated,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// None may hold.
    pub exclusions: Vec<Condition>,
}

/// A kind of part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A care contact.
    Contact,
    /// An interval of an episode in which its facts are constant.
    Segment,
    /// A period of monitoring.
    MonitoringPeriod,
    /// A care request.
    CareRequest,
    /// A kind of beds of a care unit on a day, at 06:00; its numbers are [`UNIT_DAY_NUMBERS`].
    UnitDay,
    /// The list of a unit's named physicians on a day; its numbers are [`LISTING_NUMBERS`].
    Listing,
    /// An inhabitant, out of the population table of the period.
    Inhabitant,
}

/// Numbers of a unit-day, each of beds of one kind: those available, those occupied of them, patients beyond them, and
/// patients of the unit who lie elsewhere.
pub const UNIT_DAY_NUMBERS: [&str; 4] = ["available", "occupied", "overcrowded", "outliers"];

/// Numbers of a listing: inhabitants listed, and physicians in full-time equivalents who are specialists and who are in
/// training.
pub const LISTING_NUMBERS: [&str; 3] = ["listed", "specialists", "in-training"];

/// How many of what is summed make one of a number: full-time equivalents are summed as hundredths.
pub fn number_scale(number: &str) -> u32 {
    match number {
        "specialists" | "in-training" => 100,
        _ => 1,
    }
}

/// Variables whose absence says something: that the part is open, or that there was no such thing. A condition on one
/// that is not stated does not hold.
pub const ABSENT_IS_KNOWN: [&str; 6] = ["end", "end_mode", "ended", "ending", "contacted", "assessed"];

/// What is counted of the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// The parts.
    Parts,
    /// The persons whom they are about, each once.
    Persons,
    /// The days of the period that they cover: a part covers its first date and those after it up to, not including,
    /// its end.
    Days,
    /// The sum of a number of theirs.
    Sum(String),
}

/// By which date a part belongs to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Dated {
    /// Its first date.
    #[default]
    Start,
    /// The date on which it ended; a part that has not ended belongs to no period.
    End,
    /// Any date that it covers: it may belong to several periods.
    During,
}

/// Something that holds of a part, does not hold, or is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A decision table gave one of the values, or any value where none is named. A value that is held is unknown.
    Table {
        /// The table.
        table: String,
        /// Values; empty for any.
        any: Vec<String>,
    },
    /// One of the values holds on an axis of facts.
    Axis {
        /// The axis.
        axis: String,
        /// Values.
        any: Vec<String>,
    },
    /// A variable is stated as one of the values. Where it is not stated it is unknown, but for those of
    /// [`ABSENT_IS_KNOWN`]. What is stated as yes or no has the values `true` and `false`.
    Variable {
        /// Path of the variable.
        path: String,
        /// Values.
        any: Vec<String>,
    },
    /// A code of a variable is one of the codes or lies below one in the hierarchy of its code system. Unknown where no
    /// code of the system is stated.
    Below {
        /// Path of the variable.
        path: String,
        /// Address of the code system.
        system: String,
        /// Codes.
        any: Vec<String>,
    },
    /// A variable is stated. Never unknown.
    Stated {
        /// Path of the variable.
        path: String,
    },
    /// From one date of the part to another of it there are no fewer and no more days than named. Unknown where one of
    /// them is not stated, but for those of [`ABSENT_IS_KNOWN`].
    Between {
        /// Path of the first date.
        from: String,
        /// Path of the second.
        to: String,
        /// Fewest and most days.
        days: Days,
    },
    /// The person's age in completed years on the part's first date, or of an inhabitant on the date of the table.
    Age {
        /// Youngest.
        from: u16,
        /// First age no longer included; `None` for no limit.
        below: Option<u16>,
    },
    /// The care unit is of one of the kinds on the part's first date.
    UnitKind {
        /// Kinds.
        any: Vec<String>,
    },
    /// The same person has another part of a measure that ended so many days before this part's first date.
    Follows {
        /// The measure, which stands before this one. What it counts and its period do not matter here.
        measure: String,
        /// Fewest and most days.
        days: Days,
    },
    /// The same person has another part of a measure whose first date is so many days after this one's end. Unknown
    /// while those days are not over.
    FollowedBy {
        /// The measure, which stands before this one.
        measure: String,
        /// Fewest and most days.
        days: Days,
    },
}

/// A number of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Days {
    /// Fewest.
    pub least: u16,
    /// Most.
    pub most: u16,
}

/// A measure as a part of a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The measure.
    pub measure: String,
    /// How many times it is counted. At least 1.
    pub times: u32,
}

/// Numerator and denominator of a figure, each a sum. A figure without a numerator is not computed; one without a
/// denominator is a plain count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figure {
    /// Above the line.
    pub numerator: Vec<Term>,
    /// Below the line.
    pub denominator: Vec<Term>,
}

impl Figure {
    /// Whether it can be computed from parts.
    pub fn is_computed(&self) -> bool {
        !self.numerator.is_empty()
    }

    /// The terms of both sums.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.numerator.iter().chain(&self.denominator)
    }
}

impl Measure {
    /// Conditions and exclusions.
    pub fn all_conditions(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().chain(&self.exclusions)
    }
}

impl Part {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Contact,
        Self::Segment,
        Self::MonitoringPeriod,
        Self::CareRequest,
        Self::UnitDay,
        Self::Listing,
        Self::Inhabitant,
    ];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Segment => "segment",
            Self::MonitoringPeriod => "monitoring-period",
            Self::CareRequest => "care-request",
            Self::UnitDay => "unit-day",
            Self::Listing => "listing",
            Self::Inhabitant => "inhabitant",
        }
    }

    /// The kind with a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    /// Names of its numbers.
    pub fn numbers(self) -> &'static [&'static str] {
        match self {
            Self::UnitDay => &UNIT_DAY_NUMBERS,
            Self::Listing => &LISTING_NUMBERS,
            _ => &[],
        }
    }

    /// Whether it is about a person.
    pub fn is_of_a_person(self) -> bool {
        !matches!(self, Self::UnitDay | Self::Listing)
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parts => f.write_str("parts"),
            Self::Persons => f.write_str("persons"),
            Self::Days => f.write_str("days"),
            Self::Sum(number) => write!(f, "sum of {number}"),
        }
    }
}

impl std::fmt::Display for Dated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::End => "end",
            Self::During => "during",
        })
    }
}

impl std::fmt::Display for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}–{} days", self.least, self.most)
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Table { table, any } if any.is_empty() => write!(f, "table {table}"),
            Self::Table { table, any } => write!(f, "table {table} = {}", any.join("|")),
            Self::Axis { axis, any } => write!(f, "axis {axis} = {}", any.join("|")),
            Self::Variable { path, any } => write!(f, "{path} = {}", any.join("|")),
            Self::Below { path, system, any } => write!(f, "{path} in {system} below {}", any.join("|")),
            Self::Stated { path } => write!(f, "{path} stated"),
            Self::Between { from, to, days } => write!(f, "{from} to {to} {days}"),
            Self::Age { from, below: None } => write!(f, "age from {from}"),
            Self::Age {
                from,
                below: Some(below),
            } => write!(f, "age from {from} below {below}"),
            Self::UnitKind { any } => write!(f, "unit kind = {}", any.join("|")),
            Self::Follows { measure, days } => write!(f, "follows {measure} by {days}"),
            Self::FollowedBy { measure, days } => write!(f, "followed by {measure} in {days}"),
        }
    }
}

impl std::fmt::Display for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.times {
            1 => f.write_str(&self.measure),
            times => write!(f, "{times} × {}", self.measure),
        }
    }
}
