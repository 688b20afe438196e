//! What a release says about indicators: the library entries, the mission's own figures, what they may be broken down
//! by, and the rules of disclosure. Plain data in FHIR Measure's words. What is counted, and how, is a figure of
//! [`crate::measure`]; how sure it is, is told by [`crate::statistics`] under the method that is named here.

use jiff::civil::Date;
use vardnav_classification::model::{Grain, Label};

use crate::measure::{Figure, Measure};
use crate::population::StandardPopulation;

/// The indicators' part of a release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndicatorDefinitions {
    /// Library entries, core indicators and the mission's own.
    pub indicators: Vec<Indicator>,
    /// Rules of disclosure for figures counted from the register.
    pub disclosure: Disclosure,
    /// Measures, each after those that it names.
    pub measures: Vec<Measure>,
    /// What figures may be broken down by, and what they cannot be yet.
    pub breakdowns: Vec<Breakdown>,
    /// Keywords of the goals that indicators tell of.
    pub goals: Vec<Goal>,
    /// Standard populations.
    pub standards: Vec<StandardPopulation>,
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
    /// What the figure says, in one plain sentence.
    pub plain: Label,
    /// What is counted above the line.
    pub numerator: Label,
    /// What is counted below the line; empty for a plain count.
    pub denominator: Label,
    /// Whom or what it is about.
    pub population: Label,
    /// Who or what is left out.
    pub exclusions: Label,
    /// Goal keywords, of the release's [`Goal`]s.
    pub goals: Vec<String>,
    /// Where the data come from, in words.
    pub source: String,
    /// Where the figures come from.
    pub feed: Feed,
    /// How sure the description is, in domain words.
    pub certainty: String,
    /// Breakdowns offered, of the release's [`Breakdown`]s; those that are not available are shown as that.
    pub breakdowns: Vec<String>,
    /// Breakdowns that are always shown beside the whole, of those offered.
    pub side_by_side: Vec<String>,
    /// Breakdown between whose groups a ratio of rates is told; empty for none.
    pub ratio_between: String,
    /// Unit of the figures, for people.
    pub unit: Label,
    /// What numerator over denominator is multiplied by: 1, 100, 1,000.
    pub factor: u32,
    /// Which way is the better one.
    pub direction: Direction,
    /// How the interval is computed.
    pub interval: Interval,
    /// Id of the standard population that figures are standardised to; empty for none.
    pub standard: String,
    /// Over what time.
    pub window: Window,
    /// Ways of counting that stand side by side; the first is the one that is meant without a name.
    pub variants: Vec<Variant>,
    /// Where the series breaks, rising.
    pub breaks: Vec<SeriesBreak>,
    /// Version of the method.
    pub method_version: String,
    /// Of those whose counts by group are answered: id of the table whose values are counted, for example `groups`.
    pub counted_table: String,
    /// With a counted table: what is counted by its values.
    pub counted_grain: Option<Grain>,
}

/// Where figures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Feed {
    /// Counted from the register.
    Computed,
    /// Linked with other registers, outside.
    Linked,
    /// Uploaded as a series, with its intervals.
    #[default]
    Uploaded,
    /// Counted from the register although it does not hold all that the indicator is about: a test of the method, not
    /// the indicator's figure.
    MethodTest,
}

/// Which way is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither: the figure describes.
    #[default]
    None,
}

/// How an interval is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Interval {
    /// None: the figure is of all there is, and describes.
    #[default]
    None,
    /// Of a proportion: [`crate::statistics::proportion::wilson`].
    Wilson,
    /// Of a count or rate of events: [`crate::statistics::count`].
    Poisson,
    /// Of a rate standardised for age: [`crate::statistics::standardised`].
    Standardised,
    /// With the persons as clusters: [`crate::statistics::clustered`].
    ByPerson,
    /// With the care units as clusters.
    ByUnit,
    /// As it is stated with an uploaded series.
    Stated,
}

/// Over what time figures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The shortest period of a figure.
    pub period: Length,
    /// Most years that are taken together where one has few events; 1 for none.
    pub years: u8,
    /// Fewest events that a year must have to stand alone.
    pub enough: u32,
}

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Length {
    /// A calendar month.
    Month,
    /// A calendar year.
    #[default]
    Year,
    /// As a survey was made, with the date of the measurement.
    Survey,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            period: Length::Year,
            years: 1,
            enough: 0,
        }
    }
}

/// A way of counting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variant {
    /// Id within the indicator.
    pub id: String,
    /// What sets it apart.
    pub label: Label,
    /// Where its figures come from.
    pub feed: Feed,
    /// What is counted; empty where it is uploaded or linked.
    pub figure: Figure,
}

/// A date from which figures cannot be compared with those before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesBreak {
    /// First date of the new series.
    pub from: Date,
    /// What changed.
    pub reason: Label,
}

/// A keyword of a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// The keyword.
    pub id: String,
    /// What the goal says.
    pub label: Label,
    /// Date on which the goal was laid down.
    pub adopted: Date,
    /// Where.
    pub source: String,
}

/// Something that figures are broken down by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown {
    /// Stable id, for example `kommun`.
    pub id: String,
    /// Name.
    pub label: Label,
    /// How the value of a part is had.
    pub by: BrokenDownBy,
    /// Where it comes from; empty for what the records state themselves.
    pub source: String,
}

/// How the value of a part in a breakdown is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokenDownBy {
    /// Region of residence; of a unit-day or listing the region where the unit lies.
    Region,
    /// Kommun of residence; of a unit-day or listing the kommun where the unit lies.
    Kommun,
    /// A grouping of kommuner by a table that is uploaded with its date.
    KommunGroup(String),
    /// Legal sex.
    Sex,
    /// Calendar month.
    Month,
    /// An axis of facts.
    Axis(String),
    /// What a decision table gave.
    Table(String),
    /// What a decision table gave for the part that the same person had directly before: the part of the same kind that
    /// began earlier and ended last, no later than this one's first date; of several that ended on that date, all.
    TableBefore(String),
    /// Kind of the care unit.
    UnitKind,
    /// It is asked for, and no source has it.
    NotAvailable(Label),
}

/// Rules of disclosure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// A published count is 0 or at least this.
    pub min_count: u32,
    /// What stands below the line of a published figure is 0 or at least this; never less than `min_count`.
    pub min_denominator: u32,
    /// What is given up, one after another, until a figure may be shown that is withheld; empty where nothing coarser is
    /// told in its place.
    pub ladder: Vec<Rung>,
}

/// A step of the coarsening ladder: a detail that is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The year instead of the month.
    Month,
    /// All ages instead of the age group.
    AgeGroup,
    /// Both sexes instead of one.
    Sex,
    /// The region instead of the kommun.
    Kommun,
    /// The country instead of the region.
    Region,
}

impl Rung {
    /// All.
    pub const ALL: [Self; 5] = [Self::Month, Self::AgeGroup, Self::Sex, Self::Kommun, Self::Region];

    /// Stable name: that of the detail.
    pub fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::AgeGroup => "age-group",
            Self::Sex => "sex",
            Self::Kommun => "kommun",
            Self::Region => "region",
        }
    }
}

impl Default for Disclosure {
    fn default() -> Self {
        Self {
            min_count: 5,
            min_denominator: 5,
            ladder: Vec::new(),
        }
    }
}

impl IndicatorDefinitions {
    /// An indicator by its id.
    pub fn indicator(&self, id: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|known| known.id == id)
    }

    /// A measure by its id.
    pub fn measure(&self, id: &str) -> Option<&Measure> {
        self.measures.iter().find(|known| known.id == id)
    }

    /// A breakdown by its id.
    pub fn breakdown(&self, id: &str) -> Option<&Breakdown> {
        self.breakdowns.iter().find(|known| known.id == id)
    }

    /// A standard population by its id.
    pub fn standard(&self, id: &str) -> Option<&StandardPopulation> {
        self.standards.iter().find(|known| known.id == id)
    }
}

impl Feed {
    /// All.
    pub const ALL: [Self; 4] = [Self::Computed, Self::Linked, Self::Uploaded, Self::MethodTest];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Computed => "computed",
            Self::Linked => "linked",
            Self::Uploaded => "uploaded",
            Self::MethodTest => "method-test",
        }
    }
}

impl Direction {
    /// Stable name; empty for none.
    pub fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::None => "",
        }
    }
}

impl Interval {
    /// Stable name; empty for none.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Wilson => "wilson",
            Self::Poisson => "poisson",
            Self::Standardised => "standardised",
            Self::ByPerson => "by-person",
            Self::ByUnit => "by-unit",
            Self::Stated => "stated",
        }
    }
}

impl Length {
    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Year => "year",
            Self::Survey => "survey",
        }
    }
}

impl std::fmt::Display for BrokenDownBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Region => f.write_str("region"),
            Self::Kommun => f.write_str("kommun"),
            Self::KommunGroup(id) => write!(f, "groups of kommuner {id}"),
            Self::Sex => f.write_str("sex"),
            Self::Month => f.write_str("month"),
            Self::Axis(axis) => write!(f, "axis {axis}"),
            Self::Table(table) => write!(f, "table {table}"),
            Self::TableBefore(table) => write!(f, "table {table} before"),
            Self::UnitKind => f.write_str("kind of unit"),
            Self::NotAvailable(_) => f.write_str("not available"),
        }
    }
}
