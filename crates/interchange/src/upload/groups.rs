//! Groups of kommuner as uploads: a division of the country by a table with its date.
//!
//! | column | holds |
//! |---|---|
//! | `grouping` | id of the division, as a breakdown of the release names it, the same in every row |
//! | `from` | the date from which it holds (`YYYY-MM-DD`), the same in every row |
//! | `kommun` | four digits of a kommun |
//! | `group` | code of its group |
//! | `name_sv`, `name_en` | name of the group; the English one may be left out |

use jiff::civil::Date;
use vardnav_classification::model::Label;
use vardnav_indicators::definition::BrokenDownBy;
use vardnav_indicators::grouping::{GroupError, KommunGroups};
use vardnav_indicators::population::Area;

use super::population::told;
use super::problem::{Problem, Problems};
use super::rows::{self, Row, Shape, Written};
use super::{Against, Content, Kind};

/// Name of the kind.
pub const NAME: &str = "kommun-groups";

/// Code, meaning and remedy of what is found in groups of kommuner.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-UPL-030",
        "no breakdown of the release is by these groups of kommuner",
        "write the id that a breakdown of the release names in `kommun-group`",
    ),
    (
        "VN-UPL-031",
        "a kommun is in no group",
        "give one row for each kommun that there is on the date",
    ),
    (
        "VN-UPL-032",
        "a group of kommuner has no name, or several",
        "write the same name in every row of a group",
    ),
];

/// The columns.
const COLUMNS: [&str; 6] = ["grouping", "from", "kommun", "group", "name_sv", "name_en"];

const SHAPE: Shape = Shape {
    columns: &COLUMNS,
    optional: &["name_en"],
    rows_max: 1_000,
};

/// The kind; the id of an upload is that of the division and its date.
#[derive(Debug, Clone, Copy)]
pub struct OfKommuner;

impl Kind for OfKommuner {
    fn name(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> &'static [&'static str] {
        &COLUMNS
    }

    fn read(&self, file: &[u8], against: &Against<'_>) -> Result<Content, Vec<Problem>> {
        let mut problems = Problems::default();
        let groups = parse(file, against.today, &mut problems, |row, from, problems| {
            let area = Area::parse(row.cell("kommun"));
            if area.is_some_and(|area| !against.knows(area, from)) {
                problems.add(
                    row.line,
                    "kommun",
                    "VN-UPL-005",
                    "there was no such kommun on the date",
                );
            }
        });
        if let Some(groups) = &groups {
            judge(groups, against, &mut problems);
        }
        let groups = problems.or(groups)?;
        let (rows, bytes) = written(&groups);
        Ok(Content {
            id: format!("{}/{}", groups.id, groups.from),
            date: groups.from,
            rows,
            bytes,
        })
    }
}

/// Reads groups as they are kept.
///
/// # Errors
/// The first thing that is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<KommunGroups, String> {
    let mut problems = Problems::default();
    let groups = parse(bytes, Date::MAX, &mut problems, |_, _, _| {});
    problems.or(groups).map_err(|problems| told(&problems))
}

fn parse(
    file: &[u8],
    today: Date,
    problems: &mut Problems,
    mut look: impl FnMut(Row<'_>, Date, &mut Problems),
) -> Option<KommunGroups> {
    let mut groups: Option<KommunGroups> = None;
    rows::read(file, SHAPE, problems, |row, problems| {
        let id = row.code("grouping", problems);
        let from = row.date("from", today, problems);
        let group = row.code("group", problems);
        let label = row.text("name_sv", problems).zip(row.text("name_en", problems));
        let kommun = match Area::parse(row.cell("kommun")) {
            Some(Area::Kommun(kommun)) => Some(kommun),
            _ => {
                problems.add(
                    row.line,
                    "kommun",
                    "VN-UPL-005",
                    "it is not the four digits of a kommun",
                );
                None
            }
        };
        let (Some(id), Some(from), Some(group), Some((sv, en)), Some(kommun)) =
            (id, from, group, label, kommun)
        else {
            return;
        };
        if sv.is_empty() {
            problems.add(row.line, "name_sv", "VN-UPL-032", "the group has no name");
        }
        look(row, from, problems);
        let label = Label {
            sv: sv.to_owned(),
            en: en.to_owned(),
        };
        let groups = groups.get_or_insert_with(|| KommunGroups::new(id, from));
        if groups.id != id {
            problems.add(
                row.line,
                "grouping",
                "VN-UPL-008",
                "the first row names another division",
            );
        }
        if groups.from != from {
            problems.add(row.line, "from", "VN-UPL-008", "the first row has another date");
        }
        match groups.add(kommun, group, &label) {
            Ok(()) => {}
            Err(error @ GroupError::Twice) => {
                problems.add(row.line, "kommun", "VN-UPL-006", error.to_string());
            }
            Err(error @ GroupError::OtherName) => {
                problems.add(row.line, "name_sv", "VN-UPL-032", error.to_string());
            }
        }
    });
    groups
}

fn judge(groups: &KommunGroups, against: &Against<'_>, problems: &mut Problems) {
    let mut breakdowns = against.release.indicators.breakdowns.iter();
    let is_named = breakdowns
        .any(|breakdown| matches!(&breakdown.by, BrokenDownBy::KommunGroup(id) if *id == groups.id));
    if !is_named {
        let message = "no breakdown of the release in force is by this division";
        problems.add(2, "grouping", "VN-UPL-030", message);
    }
    for kommun in against.kommuner(groups.from) {
        if groups.group_of(kommun).is_none() {
            let message = format!("kommun {kommun:04} is in no group");
            problems.add(0, "kommun", "VN-UPL-031", message);
        }
    }
}

fn written(groups: &KommunGroups) -> (u64, Vec<u8>) {
    let mut written = Written::new(&COLUMNS);
    let from = groups.from.to_string();
    for (kommun, group) in groups.kommuner() {
        let label = groups.groups().find(|(code, _)| *code == group);
        let (sv, en) = label.map_or(("", ""), |(_, label)| (&*label.sv, &*label.en));
        written.row([&groups.id, &from, &format!("{kommun:04}"), group, sv, en]);
    }
    written.finish()
}
