//! Bed-days as uploads: a month of a reporter, by unit, day at 06:00 and kind of bed.
//!
//! | column | holds |
//! |---|---|
//! | `reporter` | id of the reporter, the same in every row |
//! | `date` | the day (`YYYY-MM-DD`), all of one month |
//! | `unit` | HSA-id of the care unit |
//! | `kind` | kind of bed, as a value of the release's axis of beds |
//! | `available` | available beds |
//! | `occupied` | patients on them |
//! | `overcrowded` | patients beyond the available beds; may be left out for none |
//! | `outliers` | patients of the unit who lie at another; may be left out for none |

use std::collections::BTreeSet;

use jiff::civil::Date;
use vardnav_register::unit::beds::{self, BedDay, Fault};

use super::months::{self, Read};
use super::population::told;
use super::problem::{Problem, Problems};
use super::rows::{self, Row, Shape, Written};
use super::{Against, Content, Kind};

/// Name of the kind.
pub const NAME: &str = "bed-days";

/// Code, meaning and remedy of what is found in bed-days beside what is found in uploads of a month.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-UPL-050",
        "a kind of bed is not known",
        "write a value of the axis of beds of the release",
    ),
    (
        "VN-UPL-051",
        "more patients lie on available beds than there are",
        "count patients beyond the available beds as overcrowded",
    ),
];

const COLUMNS: [&str; 8] = [
    "reporter",
    "date",
    "unit",
    "kind",
    "available",
    "occupied",
    "overcrowded",
    "outliers",
];

const SHAPE: Shape = Shape {
    columns: &COLUMNS,
    optional: &["overcrowded", "outliers"],
    rows_max: 200_000,
};

/// The kind; the id of an upload is that of the reporter and the month.
#[derive(Debug, Clone, Copy)]
pub struct OfBedDays;

impl Kind for OfBedDays {
    fn name(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> &'static [&'static str] {
        &COLUMNS
    }

    fn read(&self, file: &[u8], against: &Against<'_>) -> Result<Content, Vec<Problem>> {
        let kinds = kinds(against);
        let faults = |days: &[BedDay], reporter: &str, month: Date| {
            let of = beds::Against {
                reporter,
                month,
                today: against.today,
                kinds: &kinds,
            };
            let found = beds::faults(days, of, |id| against.state.unit(id)).into_iter();
            found
                .map(|(place, fault)| (place, fault.column(), words(fault)))
                .collect()
        };
        parse(file, against.today).content(against, faults, written)
    }

    fn reporter<'i>(&self, id: &'i str) -> Option<&'i str> {
        months::reporter(id)
    }
}

/// Reads bed-days as they are kept.
///
/// # Errors
/// The first thing that is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<Vec<BedDay>, String> {
    let read = parse(bytes, Date::MAX);
    read.problems
        .or(Some(read.rows))
        .map_err(|problems| told(&problems))
}

/// The rows that can be read.
fn parse(file: &[u8], today: Date) -> Read<BedDay> {
    let mut read = Read::new();
    let Read {
        month,
        rows,
        lines,
        problems,
    } = &mut read;
    rows::read(file, SHAPE, problems, |row, problems| {
        let date = month.date(row, today, problems);
        let unit = row.code("unit", problems);
        let kind = row.code("kind", problems);
        let available = number(row, "available", true, problems);
        let occupied = number(row, "occupied", true, problems);
        let overcrowded = number(row, "overcrowded", false, problems);
        let outliers = number(row, "outliers", false, problems);
        if let (
            Some(date),
            Some(unit),
            Some(kind),
            Some(available),
            Some(occupied),
            Some(overcrowded),
            Some(outliers),
        ) = (date, unit, kind, available, occupied, overcrowded, outliers)
        {
            lines.push(row.line);
            rows.push(BedDay {
                unit: unit.to_owned(),
                date,
                kind: kind.to_owned(),
                available,
                occupied,
                overcrowded,
                outliers,
            });
        }
    });
    read
}

/// A number of beds or patients; 0 where it is left out and need not be there.
pub(super) fn number(
    row: Row<'_>,
    column: &'static str,
    is_needed: bool,
    problems: &mut Problems,
) -> Option<u32> {
    let number = match row.count(column, problems)? {
        None if is_needed => None,
        None => Some(0),
        Some(number) => u32::try_from(number)
            .ok()
            .filter(|number| *number <= months::NUMBER_MAX),
    };
    if number.is_none() {
        let message = format!("it is not 0 to {}", months::NUMBER_MAX);
        problems.add(row.line, column, "VN-UPL-007", message);
    }
    number
}

fn kinds(against: &Against<'_>) -> BTreeSet<String> {
    let axes = against.release.description.source().axes.iter();
    let own = axes.filter(|axis| axis.id == against.release.register.units.bed_axis);
    own.flat_map(|axis| axis.values.iter().map(|value| value.code.clone()))
        .collect()
}

fn words(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Twice => (
            "VN-UPL-006",
            "another row tells of the same unit, day and kind of bed",
        ),
        Fault::UnknownUnit => ("VN-UPL-041", "there is no such care unit in the registry"),
        Fault::NotForReporter => (
            "VN-UPL-041",
            "the reporter may not report for the unit on that day",
        ),
        Fault::UnitClosed => ("VN-UPL-042", "the unit is not open on that day"),
        Fault::OtherMonth => ("VN-UPL-040", "the day is of another month than the first row"),
        Fault::InFuture => ("VN-UPL-004", "the day has not come yet"),
        Fault::UnknownKind => ("VN-UPL-050", "there is no such kind of bed"),
        Fault::MoreThanAvailable => ("VN-UPL-051", "there are more patients than available beds"),
    }
}

fn written(reporter: &str, mut days: Vec<BedDay>) -> (u64, Vec<u8>) {
    days.sort_unstable_by(|one, other| {
        let key = |day: &BedDay| (day.date, day.unit.clone(), day.kind.clone());
        key(one).cmp(&key(other))
    });
    let mut written = Written::new(&COLUMNS);
    for day in days {
        written.row([
            reporter,
            &day.date.to_string(),
            &day.unit,
            &day.kind,
            &day.available.to_string(),
            &day.occupied.to_string(),
            &day.overcrowded.to_string(),
            &day.outliers.to_string(),
        ]);
    }
    written.finish()
}
