//! Bed-days (vårdplatser, dag för dag): what a care unit had of each kind of beds at 06:00, and how they were used. One
//! file of them is a month of a reporter. What contradicts itself, or the unit as it was on the day, is found here;
//! nothing is added up over units.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::CareUnit;
use super::definition::UnitDefinition;

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

/// What is wrong with a bed-day, or deserves a look.
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
    /// The unit does not say that it has beds of the kind.
    KindNotOfUnit,
    /// More patients lie on available beds than there are.
    MoreThanAvailable,
    /// Somebody is beyond the beds while some of them are free.
    OvercrowdedBesideFree,
    /// The day is not of the month that the file is about.
    OtherMonth,
    /// The day has not come yet.
    InFuture,
    /// A kind of beds of the unit is told of on some days of the month and not on others.
    DaysMissing,
}

impl Fault {
    /// Whether the file is taken all the same.
    pub fn is_warning(self) -> bool {
        matches!(
            self,
            Self::KindNotOfUnit | Self::OvercrowdedBesideFree | Self::DaysMissing
        )
    }

    /// The column it is about.
    pub fn column(self) -> &'static str {
        match self {
            Self::Twice | Self::DaysMissing => "",
            Self::UnknownUnit | Self::NotForReporter => "unit",
            Self::UnitClosed | Self::OtherMonth | Self::InFuture => "date",
            Self::UnknownKind | Self::KindNotOfUnit => "kind",
            Self::MoreThanAvailable => "occupied",
            Self::OvercrowdedBesideFree => "overcrowded",
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
    let mut days: BTreeMap<(&str, &str), (usize, u32)> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        let mut add = |fault| found.push((place, fault));
        if !seen.insert((&row.unit, row.date, &row.kind)) {
            add(Fault::Twice);
        } else {
            days.entry((&row.unit, &row.kind)).or_insert((place, 0)).1 += 1;
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
        match unit(&row.unit) {
            None => add(Fault::UnknownUnit),
            Some(unit) => match unit.on(row.date) {
                None => add(Fault::UnitClosed),
                Some(version) => {
                    if !version.reporters.iter().any(|one| one == against.reporter) {
                        add(Fault::NotForReporter);
                    }
                    if !version.beds.iter().any(|beds| beds.kind == row.kind) {
                        add(Fault::KindNotOfUnit);
                    }
                }
            },
        }
        if row.occupied > row.available {
            add(Fault::MoreThanAvailable);
        } else if row.overcrowded > 0 && row.occupied < row.available {
            add(Fault::OvercrowdedBesideFree);
        }
    }
    // A month that is not over yet is complete up to its newest day.
    let newest = rows.iter().map(|row| row.date).max();
    let until = newest.map_or(0, |newest| u32::try_from(newest.day()).unwrap_or(0));
    for ((unit_id, _), (place, told)) in days {
        let open = unit(unit_id).map_or(until, |unit| open_days(unit, against.month, until));
        if told < open {
            found.push((place, Fault::DaysMissing));
        }
    }
    found.sort_unstable();
    found
}

/// How many of the first `until` days of a month a unit is open.
fn open_days(unit: &CareUnit, month: Date, until: u32) -> u32 {
    let days = month.first_of_month().series(jiff::Span::new().days(1));
    let days = days.take(usize::try_from(until).unwrap_or(0));
    let open = days.filter(|day| unit.on(*day).is_some()).count();
    u32::try_from(open).unwrap_or(u32::MAX)
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

    /// Sums of bed-days; home places only where they are asked for.
    pub fn of<'d>(
        days: impl IntoIterator<Item = &'d BedDay>,
        definition: &UnitDefinition,
        with_home_places: bool,
    ) -> Self {
        let mut sum = Self::default();
        let is_home = |day: &BedDay| definition.home_places.contains(&day.kind);
        for day in days.into_iter().filter(|day| with_home_places || !is_home(day)) {
            sum.add(day);
        }
        sum
    }

    /// A number of its own per 100 available beds; `None` without any.
    pub fn per_100(&self, number: u64) -> Option<f64> {
        // Sums of bed-days are far below 2^52.
        #[expect(clippy::cast_precision_loss, reason = "sums of bed-days are far below 2^52")]
        let ratio = |one: u64, other: u64| 100.0 * one as f64 / other as f64;
        (self.available > 0).then(|| ratio(number, self.available))
    }
}
