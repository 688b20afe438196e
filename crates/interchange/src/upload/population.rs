//! Population tables as uploads, one for each date. What their files are, [`crate::population_table`] says.

use std::collections::{BTreeMap, BTreeSet};

use vardnav_indicators::population::{AGES, Area, PopulationTable};
use vardnav_register::record::Sex;

use super::problem::{Problem, Problems};
use super::rows::Written;
use super::{Against, Content, Kind};
use crate::population_table::{self, COLUMNS};

/// Name of the kind.
pub const NAME: &str = "population";

/// Code, meaning and remedy of what is found in population tables beside what [`population_table::CODES`] tells.
pub const CODES: &[(&str, &str, &str)] = &[(
    "VN-UPL-010",
    "the parts of an area in a population table are more than the area",
    "correct the rows of the area or of its parts: each inhabitant is in one kommun and one region",
)];

/// The kind; the id of an upload is the date of the table.
#[derive(Debug, Clone, Copy)]
pub struct OfPopulation;

impl Kind for OfPopulation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> &'static [&'static str] {
        &COLUMNS
    }

    fn read(&self, file: &[u8], against: &Against<'_>) -> Result<Content, Vec<Problem>> {
        let table = population_table::read(file, "")?;
        let mut problems = Problems::default();
        if table.date() > against.today {
            problems.add(0, "date", "VN-UPL-004", "the date has not come yet");
        }
        let lines = population_table::lines_of_areas(file);
        let line = |area: Area| lines.get(&area).copied().unwrap_or_default();
        for area in table.areas() {
            if !against.knows(area, table.date()) {
                let message = format!("there was no place {area} on {}", table.date());
                problems.add(line(area), "area", "VN-UPL-005", message);
            }
        }
        for area in overfull(&table) {
            let message = format!("the parts of {area} have more inhabitants of a sex than it has");
            problems.add(line(area), "count", "VN-UPL-010", message);
        }
        let table = problems.or(Some(table))?;
        let (rows, bytes) = written(&table);
        Ok(Content {
            id: table.date().to_string(),
            date: table.date(),
            rows,
            bytes,
        })
    }
}

/// Reads a table as it is kept.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn decode(bytes: &[u8], source: &str) -> Result<PopulationTable, String> {
    population_table::read(bytes, source).map_err(|problems| told(&problems))
}

pub(super) fn told(problems: &[Problem]) -> String {
    problems.first().map_or_else(String::new, |problem| {
        format!("line {}: {}", problem.line, problem.message)
    })
}

fn written(table: &PopulationTable) -> (u64, Vec<u8>) {
    let mut written = Written::new(&COLUMNS);
    let date = table.date().to_string();
    for row in table.rows() {
        let sex = match row.sex {
            Sex::Female => "female",
            Sex::Male => "male",
        };
        let (from, last) = (row.ages.start, row.ages.end - 1);
        let age = match row.ages.end {
            AGES => format!("{from}+"),
            _ if from == last => from.to_string(),
            _ => format!("{from}-{last}"),
        };
        let (area, count) = (row.area.to_string(), row.count.to_string());
        written.row([&date, &area, sex, &age, &count]);
    }
    written.finish()
}

/// Areas with fewer inhabitants of a sex than their parts have together. Parts may be missing, so more is no problem.
fn overfull(table: &PopulationTable) -> BTreeSet<Area> {
    let mut sums: BTreeMap<(Area, Sex), u64> = BTreeMap::new();
    for row in table.rows() {
        *sums.entry((row.area, row.sex)).or_default() += u64::from(row.count);
    }
    let mut parts: BTreeMap<(Area, Sex), u64> = BTreeMap::new();
    for ((area, sex), sum) in &sums {
        let whole = match area {
            Area::Country => continue,
            Area::Region(_) => Area::Country,
            Area::Kommun(kommun) => match u8::try_from(kommun / 100) {
                Ok(region) => Area::Region(region),
                Err(_) => continue,
            },
        };
        *parts.entry((whole, *sex)).or_default() += sum;
    }
    let overfull = parts
        .iter()
        .filter(|(of, sum)| sums.get(of).is_some_and(|whole| whole < sum));
    overfull.map(|((area, _), _)| *area).collect()
}
