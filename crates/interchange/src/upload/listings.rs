//! Listings as uploads: a month of a reporter, for how many inhabitants the named physicians of each unit answer on a day.
//!
//! | column | holds |
//! |---|---|
//! | `reporter` | id of the reporter, the same in every row |
//! | `date` | the day (`YYYY-MM-DD`), all of one month |
//! | `unit` | HSA-id of the care unit |
//! | `listed` | inhabitants listed with a named physician (fast läkarkontakt) there |
//! | `specialists` | specialists who are named physicians, in full-time equivalents with at most two decimals |
//! | `in_training` | physicians in specialist training who are, likewise |

use jiff::civil::Date;
use vardnav_register::unit::listing::{self, Fault, Listing};

use super::bed_days::number;
use super::months::{self, Read};
use super::population::told;
use super::problem::{Problem, Problems};
use super::rows::{self, Row, Shape, Written};
use super::{Against, Content, Kind};

/// Name of the kind.
pub const NAME: &str = "listings";

const COLUMNS: [&str; 6] = ["reporter", "date", "unit", "listed", "specialists", "in_training"];

const SHAPE: Shape = Shape {
    columns: &COLUMNS,
    optional: &[],
    rows_max: 200_000,
};

/// The kind; the id of an upload is that of the reporter and the month.
#[derive(Debug, Clone, Copy)]
pub struct OfListings;

impl Kind for OfListings {
    fn name(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> &'static [&'static str] {
        &COLUMNS
    }

    fn read(&self, file: &[u8], against: &Against<'_>) -> Result<Content, Vec<Problem>> {
        let faults = |listings: &[Listing], reporter: &str, month: Date| {
            let of = (reporter, month, against.today);
            let found = listing::faults(listings, of, |id| against.state.unit(id)).into_iter();
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

/// Reads listings as they are kept.
///
/// # Errors
/// The first thing that is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<Vec<Listing>, String> {
    let read = parse(bytes, Date::MAX);
    read.problems
        .or(Some(read.rows))
        .map_err(|problems| told(&problems))
}

/// The rows that can be read.
fn parse(file: &[u8], today: Date) -> Read<Listing> {
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
        let listed = number(row, "listed", true, problems);
        let specialists = hundredths(row, "specialists", problems);
        let in_training = hundredths(row, "in_training", problems);
        if let (Some(date), Some(unit), Some(listed), Some(specialists), Some(in_training)) =
            (date, unit, listed, specialists, in_training)
        {
            lines.push(row.line);
            rows.push(Listing {
                unit: unit.to_owned(),
                date,
                listed,
                specialists,
                in_training,
            });
        }
    });
    read
}

/// A number with at most two decimals, as hundredths.
fn hundredths(row: Row<'_>, column: &'static str, problems: &mut Problems) -> Option<u32> {
    let text = row.cell(column);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = !whole.is_empty()
        && digits(whole)
        && digits(decimals)
        && decimals.len() <= 2
        && text.contains('.') != decimals.is_empty();
    let number = is_number.then(|| {
        let whole = whole
            .parse::<u32>()
            .ok()
            .filter(|whole| *whole <= months::NUMBER_MAX)?;
        let hundredths: u32 = format!("{decimals:0<2}").parse().ok()?;
        Some(whole * 100 + hundredths)
    });
    let number = number.flatten();
    if number.is_none() {
        let message = "it is no number with at most two decimals";
        problems.add(row.line, column, "VN-UPL-007", message);
    }
    number
}

fn words(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Twice => ("VN-UPL-006", "another row tells of the same unit and day"),
        Fault::UnknownUnit => ("VN-UPL-041", "there is no such care unit in the registry"),
        Fault::NotForReporter => (
            "VN-UPL-041",
            "the reporter may not report for the unit on that day",
        ),
        Fault::UnitClosed => ("VN-UPL-042", "the unit is not open on that day"),
        Fault::OtherMonth => ("VN-UPL-040", "the day is of another month than the first row"),
        Fault::InFuture => ("VN-UPL-004", "the day has not come yet"),
    }
}

fn written(reporter: &str, mut listings: Vec<Listing>) -> (u64, Vec<u8>) {
    listings.sort_unstable_by(|one, other| (one.date, &one.unit).cmp(&(other.date, &other.unit)));
    let mut written = Written::new(&COLUMNS);
    let decimal = |hundredths: u32| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    for listing in listings {
        written.row([
            reporter,
            &listing.date.to_string(),
            &listing.unit,
            &listing.listed.to_string(),
            &decimal(listing.specialists),
            &decimal(listing.in_training),
        ]);
    }
    written.finish()
}
