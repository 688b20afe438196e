//! Population tables: how many lived where on a date, by sex and age. CSV in UTF-8 with a comma, a first line that names
//! the columns. A table is taken whole or not at all; what is wrong is told by line and column.
//!
//! | column | holds |
//! |---|---|
//! | `date` | the date on which it was counted (`YYYY-MM-DD`), the same in every row |
//! | `area` | `00` for the country, two digits for a region, four for a kommun |
//! | `sex` | `female` or `male` |
//! | `age` | completed years: one age (`34`), a band (`0-4`), or an age and all above (`95+`) |
//! | `count` | how many, a whole number |
//!
//! Files that hold persons are another thing: see [`crate::register::population`].

use std::collections::BTreeMap;
use std::ops::Range;

use csv::{ReaderBuilder, StringRecord, Trim};
use jiff::civil::Date;
use vardnav_indicators::population::{AGES, Area, PopulationRow, PopulationTable, RowError};
use vardnav_register::record::Sex;

pub use crate::upload::problem::{PROBLEMS_MAX, Problem};

/// Code, meaning and remedy of what is found in population tables.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-PTB-001",
        "the first line of a population table does not name its columns",
        "begin the file with: date,area,sex,age,count",
    ),
    (
        "VN-PTB-002",
        "a line of a population table cannot be read",
        "save the file as UTF-8 with a comma between the columns, and give each line every column",
    ),
    (
        "VN-PTB-003",
        "a date in a population table is not of its form, or another than that of the first row",
        "write dates as YYYY-MM-DD; give each date a file of its own",
    ),
    (
        "VN-PTB-004",
        "an area in a population table is no code of one",
        "write 00 for the country, two digits for a region, four for a kommun",
    ),
    (
        "VN-PTB-005",
        "a sex in a population table is not known",
        "write female or male",
    ),
    (
        "VN-PTB-006",
        "an age in a population table is none",
        "write one age (34), a band (0-4), or an age and all above (95+)",
    ),
    (
        "VN-PTB-007",
        "a count in a population table is no whole number",
        "write digits alone, without spaces, signs or decimals",
    ),
    (
        "VN-PTB-008",
        "a row of a population table tells of what another row tells of",
        "keep one row for each area, sex and age; bands must not overlap",
    ),
    (
        "VN-PTB-009",
        "a population table is too large, or has no rows",
        "give one row for each area, sex and age of one date",
    ),
];

/// The columns.
pub const COLUMNS: [&str; 5] = ["date", "area", "sex", "age", "count"];

/// Most rows: some times the kommuner, sexes and ages that there are.
pub const ROWS_MAX: u64 = 500_000;

/// Reads a table; `source` says where it comes from.
///
/// # Errors
/// Everything that is wrong with it, at most [`PROBLEMS_MAX`], by line and column.
pub fn read(bytes: &[u8], source: &str) -> Result<PopulationTable, Vec<Problem>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = ReaderBuilder::new()
        .has_headers(false)
        .trim(Trim::All)
        .from_reader(bytes);
    let mut records = lines.records();
    let header = records.next();
    if !header.is_some_and(|header| header.is_ok_and(|header| header.iter().eq(COLUMNS))) {
        return Err(vec![problem(
            1,
            "",
            "VN-PTB-001",
            "the first line does not name the columns",
        )]);
    }
    let mut table: Option<PopulationTable> = None;
    let mut problems = Vec::new();
    let mut rows = 0;
    for record in records {
        rows += 1;
        if rows > ROWS_MAX {
            let message = format!("the table has more than {ROWS_MAX} rows");
            problems.push(problem(0, "", "VN-PTB-009", message));
        }
        if rows > ROWS_MAX || problems.len() >= PROBLEMS_MAX {
            break;
        }
        match record {
            Ok(record) => take(&record, source, &mut table, &mut problems),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let message = "the line is not UTF-8, or does not have five columns";
                problems.push(problem(line, "", "VN-PTB-002", message));
            }
        }
    }
    problems.truncate(PROBLEMS_MAX);
    match table {
        Some(table) if problems.is_empty() => Ok(table),
        None if problems.is_empty() => Err(vec![problem(0, "", "VN-PTB-009", "the table has no rows")]),
        _ => Err(problems),
    }
}

/// The first line that tells of each area, for messages about a table that was read.
pub(crate) fn lines_of_areas(bytes: &[u8]) -> BTreeMap<Area, u64> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut records = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let mut lines = BTreeMap::new();
    for record in records.records().flatten() {
        if let Some(area) = record.get(1).and_then(Area::parse) {
            let line = record.position().map_or(0, csv::Position::line);
            lines.entry(area).or_insert(line);
        }
    }
    lines
}

/// Takes a row into the table, which begins with the first; or tells all that is wrong with it.
fn take(
    record: &StringRecord,
    source: &str,
    table: &mut Option<PopulationTable>,
    problems: &mut Vec<Problem>,
) {
    let line = record.position().map_or(0, csv::Position::line);
    let cell = |at| record.get(at).unwrap_or_default();
    let mut wrong = |column, code, message: &str| problems.push(problem(line, column, code, message));

    let date = date(cell(0));
    let first = table.as_ref().map(PopulationTable::date);
    match (date, first) {
        (None, _) => wrong("date", "VN-PTB-003", "the date is not written as YYYY-MM-DD"),
        (Some(date), Some(first)) if date != first => {
            wrong("date", "VN-PTB-003", &format!("the first row is of {first}"));
        }
        _ => {}
    }
    let area = Area::parse(cell(1));
    if area.is_none() {
        wrong("area", "VN-PTB-004", "the area is not 00, two digits or four");
    }
    let sex = match cell(2) {
        "female" => Some(Sex::Female),
        "male" => Some(Sex::Male),
        _ => None,
    };
    if sex.is_none() {
        wrong("sex", "VN-PTB-005", "the sex is not female or male");
    }
    let ages = ages(cell(3));
    if ages.is_none() {
        let message = format!("the age is not one of 0 to {}, a band or an age and +", AGES - 1);
        wrong("age", "VN-PTB-006", &message);
    }
    let count = Some(cell(4)).filter(|text| is_digits(text));
    let count = count.and_then(|text| text.parse().ok());
    if count.is_none() {
        wrong("count", "VN-PTB-007", "the count is no whole number");
    }
    let (Some(date), Some(area), Some(sex), Some(ages), Some(count)) = (date, area, sex, ages, count) else {
        return;
    };
    let table = table.get_or_insert_with(|| PopulationTable::new(date, source));
    let row = PopulationRow {
        area,
        sex,
        ages,
        count,
    };
    match table.add(row) {
        Ok(()) => {}
        Err(error @ RowError::Ages) => wrong("age", "VN-PTB-006", &error.to_string()),
        Err(error @ RowError::Overlaps) => wrong("", "VN-PTB-008", &error.to_string()),
    }
}

fn date(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}

fn ages(text: &str) -> Option<Range<u16>> {
    let age = |text: &str| {
        let text = Some(text).filter(|text| is_digits(text))?;
        text.parse::<u16>().ok().filter(|age| *age < AGES)
    };
    if let Some(from) = text.strip_suffix('+') {
        return Some(age(from)?..AGES);
    }
    match text.split_once('-') {
        Some((from, to)) => Some(age(from)?..age(to)? + 1).filter(|ages| !ages.is_empty()),
        None => age(text).map(|age| age..age + 1),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn problem(line: u64, column: &'static str, code: &'static str, message: impl Into<String>) -> Problem {
    Problem {
        line,
        column,
        code,
        message: message.into(),
    }
}
