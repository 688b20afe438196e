//! What care units state of themselves, day by day, as cells of measures: their beds, and the lists of their physicians.
//! It follows from the uploads that hold and the registry of units, so it is counted anew when one of them changes and
//! kept in memory alone. Whether a statement may be made is decided where it is taken; what may be shown, elsewhere.
//!
//! A unit is asked as it was on the day: where it lies, what kind it is, which facts it supplies. Of a unit that is not
//! open on the day, by the registry as it is now, nothing is counted. Where two reporters state the same, the statement
//! of the first by id counts.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use vardnav_classification::FactSet;
use vardnav_classification::model::FactSource;
use vardnav_indicators::Residence;
use vardnav_indicators::engine::{Described, Marked, MeasureCell, PartView, SystemIndex};
use vardnav_indicators::measure::Part;
use vardnav_register::derive::facts_of_unit;
use vardnav_register::record::Sex;
use vardnav_register::unit::beds::BedDay;
use vardnav_register::unit::listing::Listing;
use vardnav_register::unit::{CareUnit, UnitVersion};
use vardnav_release::Snapshot;
use vardnav_store::uploads::Held;
use vardnav_store::{AuthorityError, Digest, View};

use super::part::Codes;
use super::plan::Plan;
use crate::Uploads;

/// The uploads that are counted.
pub(super) struct Source {
    bed_days: Vec<Held<Vec<BedDay>>>,
    listings: Vec<Held<Vec<Listing>>>,
}

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Cells with their counts.
    pub(crate) cells: BTreeMap<MeasureCell, u64>,
    /// How much is stated, by kind of part, year and month, 0 for the year.
    periods: BTreeMap<(Part, i16, i8), Stated>,
    /// The kinds of part of which some statements are made up.
    made_up: Vec<Part>,
}

/// How much is stated of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stated {
    /// Units that state anything.
    pub(crate) units: u64,
    /// Days of theirs that are stated.
    pub(crate) days: u64,
    /// Days on which they were open and of which they state no beds.
    pub(crate) lacking: u64,
}

/// Whether parts are statements of care units.
pub(crate) fn is_of_units(part: Part) -> bool {
    !part.is_of_a_person()
}

impl Source {
    /// What holds now.
    ///
    /// # Errors
    /// When an upload cannot be read.
    pub(super) async fn read(uploads: &Uploads) -> Result<Self, AuthorityError> {
        Ok(Self {
            bed_days: uploads.bed_days().await?,
            listings: uploads.listings().await?,
        })
    }

    /// A digest of all that cells follow from beside the plan: uploads, units and releases.
    pub(super) fn digest(&self, view: &View) -> Digest {
        let beds = self.bed_days.iter().map(|held| &held.record);
        let records = beds.chain(self.listings.iter().map(|held| &held.record));
        let uploads: Vec<_> = records
            .map(|record| (&record.kind, &record.id, record.revision))
            .collect();
        let units: Vec<&CareUnit> = view.units().collect();
        let releases: Vec<_> = view.releases().map(|release| release.digest).collect();
        Digest::of(format!("{uploads:?} {units:?} {releases:?}").as_bytes())
    }

    fn made_up(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        if self.bed_days.iter().any(|held| held.record.is_made_up()) {
            parts.push(Part::UnitDay);
        }
        if self.listings.iter().any(|held| held.record.is_made_up()) {
            parts.push(Part::Listing);
        }
        parts
    }
}

/// Statements of a unit in a calendar year, by day; of beds with their kind.
#[derive(Default)]
struct Year<'a> {
    beds: BTreeMap<(Date, &'a str), &'a BedDay>,
    listings: BTreeMap<Date, &'a Listing>,
}

/// Counts what holds.
pub(super) fn count(plan: &Plan, view: &View, source: &Source) -> Told {
    let mut years: BTreeMap<(&str, i16), Year<'_>> = BTreeMap::new();
    for day in source.bed_days.iter().flat_map(|held| held.content.iter()) {
        let year = years.entry((&day.unit, day.date.year())).or_default();
        year.beds.entry((day.date, &day.kind)).or_insert(day);
    }
    for listing in source.listings.iter().flat_map(|held| held.content.iter()) {
        let year = years.entry((&listing.unit, listing.date.year())).or_default();
        year.listings.entry(listing.date).or_insert(listing);
    }
    let mut told = Told {
        made_up: source.made_up(),
        ..Told::default()
    };
    let mut marker = plan.engine.marker(Codes::of(&plan.release));
    for ((unit, at), year) in years {
        let Some(unit) = view.unit(unit) else { continue };
        let mut seen = SeenUnit {
            plan,
            view,
            unit,
            facts: None,
        };
        let mut marked: Vec<Marked> = Vec::with_capacity(year.beds.len() + year.listings.len());
        for ((date, kind), day) in &year.beds {
            let numbers = [day.available, day.occupied, day.overcrowded, day.outliers];
            if let Some(part) = seen.part(Part::UnitDay, *date, Some(kind), &numbers) {
                marked.push(marker.mark(&part));
            }
        }
        for (date, list) in &year.listings {
            let numbers = [list.listed, list.specialists, list.in_training];
            if let Some(part) = seen.part(Part::Listing, *date, None, &numbers) {
                marked.push(marker.mark(&part));
            }
        }
        for (cell, count) in plan.engine.contributions(&marked) {
            *told.cells.entry(cell).or_default() += count;
        }
        told.note(Part::UnitDay, (unit, at), year.beds.keys().map(|(date, _)| *date));
        told.note(Part::Listing, (unit, at), year.listings.keys().copied());
    }
    told
}

impl Told {
    /// Notes of which days of a year a unit states something; days come in order. Only beds are stated day by day: of a list
    /// no day lacks.
    fn note(&mut self, part: Part, (unit, year): (&CareUnit, i16), days: impl Iterator<Item = Date>) {
        let mut months: BTreeMap<Date, u64> = BTreeMap::new();
        let mut last = None;
        for day in days.filter(|day| unit.on(*day).is_some()) {
            if last != Some(day) {
                *months.entry(day.first_of_month()).or_default() += 1;
            }
            last = Some(day);
        }
        let mut whole = Stated::default();
        for (first, days) in months {
            let open = first
                .series(1.day())
                .take_while(|day| day.first_of_month() == first)
                .filter(|day| unit.on(*day).is_some());
            let one = Stated {
                units: 1,
                days,
                lacking: match part {
                    Part::UnitDay => (open.count() as u64).saturating_sub(days),
                    _ => 0,
                },
            };
            self.add((part, year, first.month()), one);
            whole = Stated {
                units: 1,
                days: whole.days + one.days,
                lacking: whole.lacking + one.lacking,
            };
        }
        self.add((part, year, 0), whole);
    }

    fn add(&mut self, period: (Part, i16, i8), stated: Stated) {
        let all = self.periods.entry(period).or_default();
        *all = Stated {
            units: all.units + stated.units,
            days: all.days + stated.days,
            lacking: all.lacking + stated.lacking,
        };
    }

    /// How much is stated in a year, or a month of it.
    pub(crate) fn stated(&self, part: Part, year: i16, month: Option<i8>) -> Stated {
        let stated = self.periods.get(&(part, year, month.unwrap_or(0)));
        stated.copied().unwrap_or_default()
    }

    /// Whether some of what is stated is made up.
    pub(crate) fn is_made_up(&self, part: Part) -> bool {
        self.made_up.contains(&part)
    }
}

/// A unit whose statements are looked at in the order of days.
struct SeenUnit<'a> {
    plan: &'a Plan,
    view: &'a View,
    unit: &'a CareUnit,
    /// The facts that it supplies, by release and first date of the version.
    facts: Option<(&'a str, Date, FactSet)>,
}

impl<'a> SeenUnit<'a> {
    /// What is stated of a day; `None` when the unit is not open on it.
    fn part(&mut self, kind: Part, date: Date, bed: Option<&str>, numbers: &[u32]) -> Option<Statement<'a>> {
        let version = self.unit.on(date)?;
        let release: &'a Snapshot = self.view.snapshot_on(date).unwrap_or(&self.plan.release);
        let facts = match &self.facts {
            Some((id, from, facts)) if *id == release.id && *from == version.from => *facts,
            _ => facts_of_unit(version, release.view()),
        };
        self.facts = Some((&release.id, version.from, facts));
        let mut facts = facts;
        let system = &release.description;
        if let Some(axis) = system.axis(&release.register.units.bed_axis)
            && let Some(value) = bed.and_then(|bed| system.value(axis, bed))
        {
            facts.set(axis, 1 << value, FactSource::Record);
        }
        Some(Statement {
            kind,
            date,
            version,
            facts,
            system: self.plan.engine.system(&release.id),
            numbers: numbers.iter().map(|number| u64::from(*number)).collect(),
        })
    }
}

/// A statement as the engine sees it.
struct Statement<'a> {
    kind: Part,
    date: Date,
    version: &'a UnitVersion,
    facts: FactSet,
    system: Option<SystemIndex>,
    numbers: Vec<u64>,
}

/// Where a unit lies: in its kommun; where that is not stated, in the one region that is responsible for it.
fn place(version: &UnitVersion) -> Residence {
    let kommun = version.kommun.as_deref().and_then(Residence::parse);
    let region = match version.principals.responsible.as_slice() {
        [alone] => Some(alone.organisation.as_str()).filter(|code| code.len() == 2),
        _ => None,
    };
    kommun
        .or_else(|| region.and_then(Residence::parse))
        .unwrap_or(Residence::UNKNOWN)
}

impl PartView for Statement<'_> {
    fn kind(&self) -> Part {
        self.kind
    }

    fn start(&self) -> Date {
        self.date
    }

    fn end(&self) -> Option<Date> {
        None
    }

    fn residence(&self) -> Residence {
        place(self.version)
    }

    fn sex(&self) -> Option<Sex> {
        None
    }

    fn age(&self) -> Option<u16> {
        None
    }

    fn described(&self) -> Option<Described<'_>> {
        Some(Described {
            system: self.system?,
            facts: &self.facts,
            tables: &[],
        })
    }

    fn variable(&self, _path: &str, _each: &mut dyn FnMut(&str)) -> bool {
        false
    }

    fn date(&self, path: &str) -> Option<Date> {
        (path == "date").then_some(self.date)
    }

    fn codes(&self, _path: &str, _each: &mut dyn FnMut(&str, &str)) {}

    fn unit_kind(&self) -> Option<&str> {
        Some(&self.version.kind)
    }

    fn number(&self, ordinal: usize) -> Option<u64> {
        self.numbers.get(ordinal).copied()
    }
}
