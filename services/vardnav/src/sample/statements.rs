//! Made-up statements of care units for the demonstration: the beds of each day, and once a month the lists of named
//! physicians. All of it is drawn from a seed and plainly said to be made up. A file is a month of a reporter.

use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::Date;
use vardnav_interchange::upload::{bed_days, listings};
use vardnav_register::unit::CareUnit;
use vardnav_release::entry::MADE_UP;

use super::LAST_DATE;
use super::chance::Chance;
use super::uploads::Upload;

/// First day of the year.
const FIRST_DATE: Date = Date::constant(2026, 1, 1);
/// The kind of units that have places at home, beside those whose beds stand in the registry, and how many.
const AT_HOME: (&str, &str, u32) = ("hospital-at-home", "home-place", 8);
/// The kind of units whose physicians answer for lists.
const WITH_LISTS: &str = "health-centre";
/// A reporter that states nothing of some days of a month.
const FORGETFUL: (&str, [Date; 3]) = (
    "region-gotland",
    [
        Date::constant(2026, 5, 14),
        Date::constant(2026, 5, 15),
        Date::constant(2026, 5, 16),
    ],
);

/// Statements of units, for the days of 2026 up to and with `last`.
pub fn statements(seed: u64, units: &[CareUnit], last: Date) -> Vec<Upload> {
    let mut chance = Chance::new(seed);
    let mut uploads = Vec::new();
    let last = last.min(LAST_DATE);
    let months = FIRST_DATE.series(1.month()).take_while(|first| *first <= last);
    let mut reporters: Vec<&str> = units.iter().filter_map(reporter).collect();
    reporters.sort_unstable();
    reporters.dedup();
    for first in months {
        let days: Vec<Date> = first
            .series(1.day())
            .take_while(|day| day.month() == first.month() && *day <= last)
            .collect();
        for own in &reporters {
            let units: Vec<&CareUnit> = units.iter().filter(|unit| reporter(unit) == Some(own)).collect();
            let files = [
                (bed_days::NAME, beds(&mut chance, own, &units, &days)),
                (listings::NAME, lists(&mut chance, own, &units, first)),
            ];
            for (kind, file) in files {
                // A head alone is no statement.
                if file.lines().count() > 1 {
                    uploads.push(Upload {
                        kind,
                        source: format!("{MADE_UP}: statements of care units, drawn from seed {seed}"),
                        file,
                    });
                }
            }
        }
    }
    uploads
}

fn reporter(unit: &CareUnit) -> Option<&str> {
    let reporters = &unit.versions.last()?.reporters;
    reporters.first().map(String::as_str)
}

fn beds(chance: &mut Chance, reporter: &str, units: &[&CareUnit], days: &[Date]) -> String {
    let mut file = "reporter,date,unit,kind,available,occupied,overcrowded,outliers\n".to_owned();
    for day in days {
        if FORGETFUL.0 == reporter && FORGETFUL.1.contains(day) {
            continue;
        }
        for unit in units {
            let Some(version) = unit.on(*day) else { continue };
            let of_ward = version.beds.iter().map(|beds| (beds.kind.as_str(), beds.count));
            let (kind, place, count) = AT_HOME;
            let at_home = (version.kind == kind).then_some((place, count));
            for (kind, count) in of_ward.chain(at_home) {
                let available = count.saturating_sub(chance.number(0, 2));
                let occupied = available.saturating_sub(chance.number(0, available / 4 + 1));
                let is_full = occupied == available && kind != place;
                let overcrowded = if is_full { chance.number(0, 3) } else { 0 };
                let outliers = if is_full { chance.number(0, 2) } else { 0 };
                // Writing into a text does not fail.
                let _ = writeln!(
                    file,
                    "{reporter},{day},{},{kind},{available},{occupied},{overcrowded},{outliers}",
                    unit.hsa_id
                );
            }
        }
    }
    file
}

fn lists(chance: &mut Chance, reporter: &str, units: &[&CareUnit], first: Date) -> String {
    let mut file = "reporter,date,unit,listed,specialists,in_training\n".to_owned();
    for unit in units {
        if unit.on(first).is_none_or(|version| version.kind != WITH_LISTS) {
            continue;
        }
        let (specialists, training) = (chance.number(300, 700), chance.number(0, 300));
        let listed = specialists * chance.number(9, 18) + training * chance.number(4, 8);
        let _ = writeln!(
            file,
            "{reporter},{first},{},{listed},{}.{:02},{}.{:02}",
            unit.hsa_id,
            specialists / 100,
            specialists % 100,
            training / 100,
            training % 100
        );
    }
    file
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;
    use vardnav_interchange::release::{self, starter};
    use vardnav_interchange::upload::{self, Against};
    use vardnav_release::AuthorityState;
    use vardnav_release::entry::{AuthorityEntry, Change, Reporter};

    use super::*;

    #[test]
    fn they_fit_the_registry_and_say_that_they_are_made_up() {
        let package = starter::package().unwrap();
        let release = Arc::new(release::compile(&package, &[]).unwrap());
        let mut state = AuthorityState::default();
        let mut apply = |change| {
            let entry = AuthorityEntry {
                caller: "anna".to_owned(),
                at: 1,
                change,
            };
            state.apply(&entry).unwrap();
        };
        for reporter in super::super::reporters() {
            apply(Change::ReporterPut(Reporter {
                id: reporter.id,
                name: reporter.name,
                provider: reporter.organisation,
            }));
        }
        let units = super::super::units();
        for unit in &units {
            for version in &unit.versions {
                apply(Change::UnitPut {
                    hsa_id: unit.hsa_id.clone(),
                    version: Box::new(version.clone()),
                });
            }
        }
        let last = date(2026, 3, 20);
        let made = statements(3, &units, last);
        assert_eq!(made, statements(3, &units, last));
        let against = Against {
            today: last,
            release: &release,
            on: &|_| Some(Arc::clone(&release)),
            state: &state,
        };
        let mut ids = Vec::new();
        for upload in &made {
            assert!(upload.source.starts_with(MADE_UP));
            let content = upload::kind(upload.kind)
                .unwrap()
                .read(upload.file.as_bytes(), &against);
            let content = content.unwrap_or_else(|problems| panic!("{problems:?}"));
            ids.push((upload.kind, content.id));
        }
        for month in ["2026-01", "2026-03"] {
            for kind in [bed_days::NAME, listings::NAME] {
                assert!(
                    ids.contains(&(kind, format!("region-skane/{month}"))),
                    "{kind} {month}"
                );
            }
        }
        assert!(made.iter().all(|upload| !upload.file.contains("2026-03-21")));
    }
}
