//! How a month departs from the months before it: by kind of record, and by care unit, beside their median. By how much it
//! may, and from how many records on, is a check of the release. A month that is not over has fewer for that alone, so
//! only more is told of it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Key, Tally};
use crate::definition::Severity;
use crate::delivery::Month;
use crate::record::RecordKind;
use crate::validate::{CheckSet, Mechanism};

/// What a month is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Finding code.
    pub code: String,
    /// How much weight the finding has.
    pub severity: Severity,
    /// How many months before it are looked at.
    pub months: u32,
    /// By how many per cent of their median it may depart.
    pub percent: u32,
    /// From how many records of the median on it is looked at.
    pub least: u32,
    /// Whether care units are looked at one by one.
    pub units: bool,
}

impl Asked {
    /// What checks ask for on a date; `None` when nothing.
    pub fn by(checks: &CheckSet, date: Date) -> Option<Self> {
        let mechanism = Mechanism::PeriodDeparts;
        let (code, severity) = checks.told_as(mechanism, date)?;
        let parameter = |name| checks.parameter(mechanism, name, date);
        Some(Self {
            code: code.to_owned(),
            severity,
            months: parameter("months"),
            percent: parameter("percent"),
            least: parameter("least"),
            units: parameter("units") == 1,
        })
    }
}

/// What is looked at on its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Records of a kind.
    Kind(RecordKind),
    /// Records of a care unit, of all kinds: its HSA-id.
    Unit(String),
}

/// A month that departs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// In what.
    pub of: Of,
    /// How many records begin in it.
    pub records: i64,
    /// The median of the months before it, rounded down.
    pub usual: i64,
}

/// The records of a reporter by the month that they begin in.
#[derive(Debug, Clone, Default)]
pub struct Series {
    by_month: BTreeMap<Of, BTreeMap<Month, i64>>,
}

impl Series {
    /// Those that are counted.
    pub fn of(tally: &Tally) -> Self {
        let mut series = Self::default();
        for (key, counts) in tally.iter() {
            if let Key::Records(month, kind, unit) = key {
                let unit = (!unit.is_empty()).then(|| Of::Unit(unit.clone()));
                for of in [Some(Of::Kind(*kind)), unit].into_iter().flatten() {
                    let months = series.by_month.entry(of).or_default();
                    *months.entry(*month).or_default() += counts.records();
                }
            }
        }
        series
    }

    /// In what a month departs. `is_over` says whether the month is.
    pub fn departures(&self, month: Month, is_over: bool, asked: &Asked) -> Vec<Departure> {
        let all = self.by_month.iter();
        let looked_at = all.filter(|(of, _)| asked.units || matches!(of, Of::Kind(_)));
        let departures = looked_at.filter_map(|(of, months)| {
            let records = months.get(&month).copied().unwrap_or_default();
            let usual = usual(months, month, asked.months)?;
            let departs = departs(records, usual, asked) && (is_over || records > usual);
            departs.then(|| Departure {
                of: of.clone(),
                records,
                usual,
            })
        });
        departures.collect()
    }
}

/// The median of so many months before a month, from the first one that has any records on; none when fewer than half of
/// them are left.
fn usual(counts: &BTreeMap<Month, i64>, month: Month, months: u32) -> Option<i64> {
    let asked = i32::try_from(months).ok()?;
    let (first, _) = counts.iter().find(|(_, records)| **records > 0)?;
    let before = (1..=asked).filter_map(|back| Month::from_number(month.number() - back));
    let count = |before: Month| counts.get(&before).copied().unwrap_or_default();
    let mut before: Vec<i64> = before.filter(|before| before >= first).map(count).collect();
    if before.len() * 2 < usize::try_from(asked).ok()? {
        return None;
    }
    before.sort_unstable();
    let (low, high) = (before.len().checked_sub(1)? / 2, before.len() / 2);
    Some(i64::midpoint(*before.get(low)?, *before.get(high)?))
}

fn departs(records: i64, usual: i64, asked: &Asked) -> bool {
    let off = records.abs_diff(usual);
    usual >= i64::from(asked.least)
        && u128::from(off) * 100 > u128::from(usual.unsigned_abs()) * u128::from(asked.percent)
}
