//! Listings: for how many inhabitants the named physicians (fasta läkarkontakter) of a unit answer on a day, beside what
//! the release asks for at most. One file of them is a month of a reporter.

use jiff::civil::Date;

use super::CareUnit;
use super::definition::LoadGuideline;

/// The list of a unit on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listing {
    /// HSA-id of the unit.
    pub unit: String,
    /// The day.
    pub date: Date,
    /// Inhabitants who are listed with a named physician there.
    pub listed: u32,
    /// Specialists who are named physicians, in hundredths of full-time equivalents.
    pub specialists: u32,
    /// Physicians in specialist training who are, likewise.
    pub in_training: u32,
}

/// What is wrong with a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The same unit and day stands in another row too.
    Twice,
    /// There is no such unit.
    UnknownUnit,
    /// The reporter may not report for the unit on that day.
    NotForReporter,
    /// The unit is not open on that day.
    UnitClosed,
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
        }
    }
}

/// Everything that is wrong with a month of listings, by place of the row, rising. `month` and `today` as for bed-days.
pub fn faults<'u>(
    rows: &[Listing],
    (reporter, month, today): (&str, Date, Date),
    unit: impl Fn(&str) -> Option<&'u CareUnit>,
) -> Vec<(usize, Fault)> {
    let mut found = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (place, row) in rows.iter().enumerate() {
        let mut add = |fault| found.push((place, fault));
        if !seen.insert((&row.unit, row.date)) {
            add(Fault::Twice);
        }
        if (row.date.year(), row.date.month()) != (month.year(), month.month()) {
            add(Fault::OtherMonth);
        }
        if row.date > today {
            add(Fault::InFuture);
        }
        match unit(&row.unit).map(|unit| unit.on(row.date)) {
            None => add(Fault::UnknownUnit),
            Some(None) => add(Fault::UnitClosed),
            Some(Some(version)) if !version.reporters.iter().any(|one| one == reporter) => {
                add(Fault::NotForReporter);
            }
            Some(Some(_)) => {}
        }
    }
    found.sort_unstable();
    found
}

impl Listing {
    /// How many are listed beside how many the physicians may answer for at most, in hundredths: 100 is just as many,
    /// more is too many. `None` when nobody answers.
    pub fn load(&self, guideline: LoadGuideline) -> Option<u64> {
        let of = |hundredths: u32, most: u32| u64::from(hundredths) * u64::from(most);
        let most = of(self.specialists, guideline.specialist) + of(self.in_training, guideline.in_training);
        (u64::from(self.listed) * 10_000).checked_div(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_is_told_beside_what_is_asked_for() {
        let guideline = LoadGuideline {
            specialist: 1_100,
            in_training: 550,
        };
        let load = |listed, specialists, in_training| {
            let listing = Listing {
                unit: "SE2321000131-A1".into(),
                date: jiff::civil::date(2026, 9, 1),
                listed,
                specialists,
                in_training,
            };
            listing.load(guideline)
        };
        assert_eq!(load(1_100, 100, 0), Some(100));
        assert_eq!(load(550, 0, 100), Some(100));
        assert_eq!(load(3_300, 200, 200), Some(100));
        assert_eq!(load(2_475, 100, 100), Some(150));
        assert_eq!(load(10, 0, 0), None);
    }
}
