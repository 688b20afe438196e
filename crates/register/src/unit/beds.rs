//! Bed-days (vårdplatser, dag för dag): what a care unit had of each kind of beds at 06:00, and how they were used. One
//! file of them is a month of a reporter. What contradicts itself, or the unit as it was on the day, is found here;
//! nothing is added up over units.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::CareUnit;

/// A unit's beds of one kind on one day, at 06:00.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BedDay {
    /// HSA-id of the unit.
    pub unit: String,
    /// The day.
    pub date: Date,
    /// Kind of bed, as a value of the release's axis of beds.
    pub kind: String,
    /// Available beds (disponibla vårdplatser).
    pub available: u32,
    /// Patients on available beds.
    pub occupied: u32,
    /// Patients admitted beyond the available beds (överbeläggningar).
    pub overcrowded: u32,
    /// Patients of the unit who lie at a unit without the right competence and responsibility (utlokaliserade).
    pub outliers: u32,
}

/// What is wrong with a bed-day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The same unit, day and kind of bed stands in another row too.
    Twice,
    /// There is no such unit.
    UnknownUnit,
    /// The reporter may not report for the unit on that day.
    NotForReporter,
    /// The unit is not open on that day.
    UnitClosed,
    /// The release has no such kind of bed.
    UnknownKind,
    /// More patients lie on available beds than there are.
    MoreThanAvailable,
    /// The day is not of the month that the file is about.
    OtherMonth,
    /// The day has not come yet.
    InFuture,
}

impl Fault {
    /// The column it is about.
    pub fn column(self) -> &'static str {
        match self {
            Self::Twice => "",
            Self::UnknownUnit | Self::NotForReporter => "unit",
            Self::UnitClosed | Self::OtherMonth | Self::InFuture => "date",
            Self::UnknownKind => "kind",
            Self::MoreThanAvailable => "occupied",
        }
    }
}

/// What bed-days are held against.
#[derive(Clone, Copy)]
pub struct Against<'a> {
    /// The reporter.
    pub reporter: &'a str,
    /// First day of the month that they are of.
    pub month: Date,
    /// Today.
    pub today: Date,
    /// Kinds of beds that the release has.
    pub kinds: &'a BTreeSet<String>,
}

/// Everything that is wrong with a month of bed-days, by place of the row, rising.
pub fn faults<'u>(
    rows: &[BedDay],
    against: Against<'_>,
    unit: impl Fn(&str) -> Option<&'u CareUnit>,
) -> Vec<(usize, Fault)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, row) in rows.iter().enumerate() {
        let mut add = |fault| found.push((place, fault));
        if !seen.insert((&row.unit, row.date, &row.kind)) {
            add(Fault::Twice);
        }
        if (row.date.year(), row.date.month()) != (against.month.year(), against.month.month()) {
            add(Fault::OtherMonth);
        }
        if row.date > against.today {
            add(Fault::InFuture);
        }
        if !against.kinds.contains(&row.kind) {
            add(Fault::UnknownKind);
        }
        match unit(&row.unit).map(|unit| unit.on(row.date)) {
            None => add(Fault::UnknownUnit),
            Some(None) => add(Fault::UnitClosed),
            Some(Some(version)) if !version.reporters.iter().any(|one| one == against.reporter) => {
                add(Fault::NotForReporter);
            }
            Some(Some(_)) => {}
        }
        if row.occupied > row.available {
            add(Fault::MoreThanAvailable);
        }
    }
    found.sort_unstable();
    found
}

/// Sums over bed-days, from which capacity is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capacity {
    /// Days × available beds.
    pub available: u64,
    /// Days × patients on them.
    pub occupied: u64,
    /// Days × patients beyond them.
    pub overcrowded: u64,
    /// Days × outliers.
    pub outliers: u64,
}

impl Capacity {
    /// Takes in a bed-day.
    pub fn add(&mut self, day: &BedDay) {
        self.available += u64::from(day.available);
        self.occupied += u64::from(day.occupied);
        self.overcrowded += u64::from(day.overcrowded);
        self.outliers += u64::from(day.outliers);
    }
}
