//! `measures.toml`: what indicators count, what they are broken down by, the goals they tell of and the populations they
//! are standardised to. A release without the file has none of them.
//!
//! A condition is a table with one of the keys `table`, `axis`, `variable`, `below`, `stated`, `from`, `age`,
//! `unit_kind`, `follows`, `followed_by`, and the keys that belong to it:
//!
//! | condition | holds when |
//! |---|---|
//! | `{ table = "groups", any = ["mobile-care"] }` | the table gave one of the values; without `any`, any value |
//! | `{ axis = "bed", any = ["home-place"] }` | one of the values holds on the axis |
//! | `{ variable = "problem", any = ["new"] }` | the variable is stated as one of the values |
//! | `{ below = "reason", system = "…", any = ["F00-F99"] }` | the code is one of them or lies below one |
//! | `{ stated = "assessed" }` | the variable is stated |
//! | `{ from = "date", to = "assessed", days = [0, 3] }` | so many days lie between the dates |
//! | `{ age = [65, 80] }`, `{ age = [65] }` | the age is 65 to 79; 65 or above |
//! | `{ unit_kind = ["mobile-team"] }` | the unit is of one of the kinds |
//! | `{ follows = "measure", days = [0, 1] }` | another part of the person, of the measure, ended so many days before |
//! | `{ followed_by = "measure", days = [1, 30] }` | another part of the person begins so many days after the end |

use serde::Deserialize;
use toml::Spanned;
use vardnav_indicators::definition::{Breakdown, BrokenDownBy, Goal};
use vardnav_indicators::measure::{Condition, Counts, Dated, Days, Measure, Part, Term};
use vardnav_indicators::population::StandardPopulation;
use vardnav_release::source::Element;

use super::reading::{Day, LabelText, Reading, TextFile};

const PATH: &str = "measures.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasuresFile {
    #[serde(default)]
    goal: Vec<GoalText>,
    #[serde(default)]
    breakdown: Vec<BreakdownText>,
    #[serde(default)]
    standard_population: Vec<StandardText>,
    #[serde(default)]
    measure: Vec<MeasureText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoalText {
    id: Spanned<String>,
    label: LabelText,
    adopted: Day,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakdownText {
    id: Spanned<String>,
    label: LabelText,
    by: Option<ByText>,
    not_available: Option<LabelText>,
    #[serde(default)]
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ByText {
    Region,
    Kommun,
    KommunGroup(String),
    Sex,
    Month,
    Axis(String),
    Table(String),
    TableBefore(String),
    UnitKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandardText {
    id: Spanned<String>,
    label: LabelText,
    source: String,
    bands: Vec<(u16, u32)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasureText {
    id: Spanned<String>,
    label: LabelText,
    of: Vec<Spanned<String>>,
    #[serde(default)]
    counts: CountsText,
    #[serde(default)]
    dated: DatedText,
    #[serde(default, rename = "where")]
    conditions: Vec<Spanned<ConditionText>>,
    #[serde(default, rename = "without")]
    exclusions: Vec<Spanned<ConditionText>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CountsText {
    #[default]
    Parts,
    Persons,
    Days,
    Sum(String),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DatedText {
    #[default]
    Start,
    End,
    During,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionText {
    table: Option<String>,
    axis: Option<String>,
    variable: Option<String>,
    below: Option<String>,
    stated: Option<String>,
    from: Option<String>,
    to: Option<String>,
    age: Option<Vec<u16>>,
    unit_kind: Option<Vec<String>>,
    follows: Option<String>,
    followed_by: Option<String>,
    any: Option<Vec<String>>,
    system: Option<String>,
    days: Option<(u16, u16)>,
}

/// A term of a sum: a measure's id, or `{ measure = "…", times = 1100 }`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum TermText {
    Once(String),
    Times { measure: String, times: u32 },
}

impl From<TermText> for Term {
    fn from(text: TermText) -> Self {
        match text {
            TermText::Once(measure) => Self { measure, times: 1 },
            TermText::Times { measure, times } => Self { measure, times },
        }
    }
}

/// What the file holds.
#[derive(Default)]
pub(super) struct Measures {
    pub(super) measures: Vec<Measure>,
    pub(super) breakdowns: Vec<Breakdown>,
    pub(super) goals: Vec<Goal>,
    pub(super) standards: Vec<StandardPopulation>,
}

/// Reads the file.
pub(super) fn read(reading: &mut Reading<'_>) -> Measures {
    let Some(file) = reading.optional(PATH) else {
        return Measures::default();
    };
    let Some(text) = reading.toml::<MeasuresFile>(&file) else {
        return Measures::default();
    };
    let mut read = Measures::default();
    for text in text.goal {
        reading.note(Element::Goal(text.id.get_ref().clone()), &file, &text.id);
        read.goals.push(Goal {
            id: text.id.into_inner(),
            label: text.label.into(),
            adopted: text.adopted.0,
            source: text.source,
        });
    }
    for text in text.breakdown {
        reading.note(Element::Breakdown(text.id.get_ref().clone()), &file, &text.id);
        read.breakdowns.extend(breakdown(reading, &file, text));
    }
    for text in text.standard_population {
        let element = Element::StandardPopulation(text.id.get_ref().clone());
        reading.note(element, &file, &text.id);
        read.standards.push(StandardPopulation {
            id: text.id.into_inner(),
            label: text.label.into(),
            source: text.source,
            bands: text.bands,
        });
    }
    for text in text.measure {
        reading.note(Element::Measure(text.id.get_ref().clone()), &file, &text.id);
        read.measures.push(measure(reading, &file, text));
    }
    read
}

fn breakdown(reading: &mut Reading<'_>, file: &TextFile<'_>, text: BreakdownText) -> Option<Breakdown> {
    let by = match (text.by, text.not_available) {
        (Some(by), None) => match by {
            ByText::Region => BrokenDownBy::Region,
            ByText::Kommun => BrokenDownBy::Kommun,
            ByText::KommunGroup(id) => BrokenDownBy::KommunGroup(id),
            ByText::Sex => BrokenDownBy::Sex,
            ByText::Month => BrokenDownBy::Month,
            ByText::Axis(axis) => BrokenDownBy::Axis(axis),
            ByText::Table(table) => BrokenDownBy::Table(table),
            ByText::TableBefore(table) => BrokenDownBy::TableBefore(table),
            ByText::UnitKind => BrokenDownBy::UnitKind,
        },
        (None, Some(reason)) => BrokenDownBy::NotAvailable(reason.into()),
        _ => {
            let message = "the breakdown does not state exactly one of `by` and `not_available`";
            let line = file.line_of(text.id.span().start);
            reading.problem("VN-REL-026", file.path, line, message);
            return None;
        }
    };
    Some(Breakdown {
        id: text.id.into_inner(),
        label: text.label.into(),
        by,
        source: text.source,
    })
}

fn measure(reading: &mut Reading<'_>, file: &TextFile<'_>, text: MeasureText) -> Measure {
    let mut of = Vec::new();
    for part in text.of {
        match Part::named(part.get_ref()) {
            Some(part) => of.push(part),
            None => {
                let names = Part::ALL.map(Part::name).join(", ");
                let message = format!("a measure is of something that is none of {names}");
                let line = file.line_of(part.span().start);
                reading.problem("VN-REL-026", file.path, line, message);
            }
        }
    }
    let mut conditions = |texts: Vec<Spanned<ConditionText>>| -> Vec<Condition> {
        let mut conditions = Vec::new();
        for text in texts {
            let line = file.line_of(text.span().start);
            match condition(text.into_inner()) {
                Some(condition) => conditions.push(condition),
                None => {
                    let message =
                        "the condition does not state exactly one thing with the keys that belong to it";
                    reading.problem("VN-REL-026", file.path, line, message);
                }
            }
        }
        conditions
    };
    Measure {
        id: text.id.into_inner(),
        label: text.label.into(),
        of,
        counts: match text.counts {
            CountsText::Parts => Counts::Parts,
            CountsText::Persons => Counts::Persons,
            CountsText::Days => Counts::Days,
            CountsText::Sum(number) => Counts::Sum(number),
        },
        dated: match text.dated {
            DatedText::Start => Dated::Start,
            DatedText::End => Dated::End,
            DatedText::During => Dated::During,
        },
        conditions: conditions(text.conditions),
        exclusions: conditions(text.exclusions),
    }
}

/// What is told when exactly one thing is stated, with no key that does not belong to it.
fn condition(text: ConditionText) -> Option<Condition> {
    let days = text.days.map(|(least, most)| Days { least, most });
    // Each key is taken by the condition that it belongs to; one that is left over belongs to none.
    let ConditionText {
        table,
        axis,
        variable,
        below,
        stated,
        from,
        to,
        age,
        unit_kind,
        follows,
        followed_by,
        any,
        system,
        days: _,
    } = text;
    let heads = [
        table.is_some(),
        axis.is_some(),
        variable.is_some(),
        below.is_some(),
        stated.is_some(),
        from.is_some(),
        age.is_some(),
        unit_kind.is_some(),
        follows.is_some(),
        followed_by.is_some(),
    ];
    if heads.iter().filter(|head| **head).count() != 1 {
        return None;
    }
    let takes_any = table.is_some() || axis.is_some() || variable.is_some() || below.is_some();
    let takes_days = from.is_some() || follows.is_some() || followed_by.is_some();
    let belongs = (any.is_none() || takes_any)
        && (days.is_none() || takes_days)
        && to.is_some() == from.is_some()
        && system.is_some() == below.is_some();
    if !belongs {
        return None;
    }
    if let Some(table) = table {
        let any = any.unwrap_or_default();
        return Some(Condition::Table { table, any });
    }
    if let Some(axis) = axis {
        return Some(Condition::Axis { axis, any: any? });
    }
    if let Some(path) = variable {
        return Some(Condition::Variable { path, any: any? });
    }
    if let Some(path) = below {
        let (system, any) = (system?, any?);
        return Some(Condition::Below { path, system, any });
    }
    if let Some(path) = stated {
        return Some(Condition::Stated { path });
    }
    if let Some(from) = from {
        let (to, days) = (to?, days?);
        return Some(Condition::Between { from, to, days });
    }
    if let Some(any) = unit_kind {
        return Some(Condition::UnitKind { any });
    }
    if let Some(measure) = follows {
        return Some(Condition::Follows { measure, days: days? });
    }
    if let Some(measure) = followed_by {
        return Some(Condition::FollowedBy { measure, days: days? });
    }
    match age?.as_slice() {
        [from] => Some(Condition::Age {
            from: *from,
            below: None,
        }),
        [from, below] => Some(Condition::Age {
            from: *from,
            below: Some(*below),
        }),
        _ => None,
    }
}
