//! A release in source form: what its files say once they are read, and where each element stood.
//! Plain data; [`crate::check`] judges it and [`crate::snapshot`] compiles it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use vardnav_classification::model::{DescriptionSource, Label};
use vardnav_indicators::definition::IndicatorDefinitions;
use vardnav_register::definition::RegisterDefinition;
use vardnav_register::mapping::MapSource;
use vardnav_terminology::model::CodeSystem;

use crate::entry::Procedure;

/// What a release says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseHead {
    /// Id, for example `2026.1`.
    pub id: String,
    /// Name for people.
    pub title: Label,
    /// What it brings.
    pub summary: Label,
    /// First date of care it applies to.
    pub from: Date,
    /// Editions of external code systems that it binds.
    pub bindings: Vec<EditionBinding>,
    /// How drafts are handled while it is the newest release; `None` when it asks for nothing beyond approval by
    /// another person.
    pub procedure: Option<Procedure>,
}

/// Binds one edition of an external code system for dates of care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionBinding {
    /// Canonical address of the code system.
    pub system: String,
    /// Version of the edition.
    pub version: String,
    /// First date of care for which it is the edition; `None` for unbounded.
    pub from: Option<Date>,
    /// First date of care for which it no longer is; `None` for unbounded.
    pub until: Option<Date>,
    /// Whether only codes without subordinate ones may be reported.
    pub most_detailed: bool,
    /// Endings of codes that may not be reported, for example `000`.
    pub refused_endings: Vec<String>,
}

impl EditionBinding {
    /// Whether it holds for a date of care.
    pub fn holds_on(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date < until)
    }
}

/// All parts of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseSource {
    /// What it says of itself.
    pub head: ReleaseHead,
    /// Axes and decision tables.
    pub description: DescriptionSource,
    /// Code systems of the release's own: terms, small code systems, geography.
    pub code_systems: Vec<CodeSystem>,
    /// Variables, checks, legal bases, limits.
    pub register: RegisterDefinition,
    /// Indicators and disclosure.
    pub indicators: IndicatorDefinitions,
    /// Maps from codes to facts, in the order in which they are asked.
    pub maps: Vec<MapSource>,
    /// Where elements stand in the files.
    pub places: Places,
    /// Paths of the files that could not be read whole. What rests on them is not judged: it would be found wanting for
    /// what is only not read.
    pub unread: BTreeSet<String>,
}

/// What an element of a release is, for looking up its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Element {
    /// The head of the release.
    Head,
    /// A binding of an edition, by its code system and version.
    Binding(String, String),
    /// A code system, by its address.
    CodeSystem(String),
    /// A concept, by code system and code.
    Concept(String, String),
    /// A concept diagram, by code system and id.
    Diagram(String, String),
    /// A variable, by id.
    Variable(String),
    /// A check, by finding code.
    Check(String),
    /// A legal basis, by id.
    LegalBasis(String),
    /// A reason of withdrawals, by code.
    WithdrawalReason(String),
    /// A purpose, by code.
    Purpose(String),
    /// A register that deliveries are for.
    Register(String),
    /// What is said of care units.
    Units,
    /// Limits and reserve-number patterns.
    Limits,
    /// An indicator, by id.
    Indicator(String),
    /// A measure, by id.
    Measure(String),
    /// Something that indicators are broken down by, by id.
    Breakdown(String),
    /// A keyword of a goal.
    Goal(String),
    /// A standard population, by id.
    StandardPopulation(String),
    /// An axis, by id.
    Axis(String),
    /// A named set of axis values, by id.
    ValueSet(String),
    /// An unsettled point, by id.
    Point(String),
    /// A decision table in the list of tables, by id.
    TableEntry(String),
    /// The rules of a decision table, by its id.
    Table(String),
    /// The exclusions.
    Exclusions,
    /// The contradictions.
    Contradictions,
    /// A map from codes to facts, by its address.
    Map(String),
}

/// A place in the files of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Path of the file.
    pub file: String,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.file.as_str(), self.line) {
            (file, 0) => f.write_str(file),
            (file, line) => write!(f, "{file}:{line}"),
        }
    }
}

/// Where elements stand. The first place of an element wins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places(BTreeMap<Element, Place>);

impl Places {
    /// Notes where an element stands, unless it is noted already.
    pub fn note(&mut self, element: Element, file: &str, line: u32) {
        self.0.entry(element).or_insert_with(|| Place {
            file: file.to_owned(),
            line,
        });
    }

    /// Where an element stands; an empty place when that is not known.
    pub fn of(&self, element: &Element) -> Place {
        self.0.get(element).cloned().unwrap_or_default()
    }
}

/// What is wrong with a release, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseFinding {
    /// Where.
    pub place: Place,
    /// Stable code `VN-REL-…`.
    pub code: &'static str,
    /// Whether it only deserves a look; a release with any other finding is not published.
    pub warning: bool,
    /// What is wrong.
    pub message: String,
}

impl ReleaseFinding {
    /// A finding that stops publication.
    pub fn error(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            code,
            warning: false,
            message: message.into(),
        }
    }

    /// A finding that deserves a look.
    pub fn warning(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            code,
            warning: true,
            message: message.into(),
        }
    }
}

impl std::fmt::Display for ReleaseFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place.file.as_str() {
            "" => write!(f, "{}: {}", self.code, self.message),
            _ => write!(f, "{}: {}: {}", self.place, self.code, self.message),
        }
    }
}
