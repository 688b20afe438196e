//! What a reporter's records amount to, month by month of care: how many are accepted and held, by kind and care unit,
//! what was found in them, what was rejected, and which units nothing came from. Records are counted as they stand: what
//! takes the place of a record, or withdraws it, takes away what it counted as.
//!
//! Counts are sums over entries, so that the order in which streams are followed does not matter and adding up again
//! from the beginning gives the same. [`row`] has their bytes, [`refusal`] the durable note of what was rejected, [`alike`]
//! the contacts that say the same, [`departure`] how a month departs from those before it.

pub mod alike;
pub mod departure;
pub mod refusal;
pub mod row;

use std::collections::{BTreeMap, BTreeSet};

use crate::bytes::DecodeError;
use crate::delivery::{Month, spans};
use crate::entry::Entry;
use crate::outcome::Outcome;
use crate::record::{Body, Record, RecordKind};
use crate::text::is_id;
use crate::unit::CareUnit;
use alike::Likeness;
use refusal::Refusal;

/// What an entry counts as while it is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The month of care that it begins in, which it is counted in.
    pub month: Month,
    /// The last month that it spans; `None` while it goes on.
    pub last: Option<Month>,
    /// Kind of record.
    pub kind: RecordKind,
    /// HSA-id of the care unit; empty when none is stated.
    pub unit: String,
    /// Whether some derived value waits.
    pub held: bool,
    /// Codes of what was found, each once.
    pub codes: BTreeSet<String>,
    /// What it is told apart by, when it is a contact.
    pub likeness: Option<Likeness>,
}

impl Counted {
    /// What an entry counts as; `None` for a withdrawal and for one that was erased.
    ///
    /// # Errors
    /// [`DecodeError`] when its bytes are not of their form.
    pub fn of(entry: &Entry) -> Result<Option<Self>, DecodeError> {
        let (Some(record), Some((person, derived))) = (entry.record()?, entry.derived()?) else {
            return Ok(None);
        };
        let months = spans(&record);
        let likeness = Likeness::of(&record, person, &derived);
        Ok(Some(Self {
            month: months.first,
            last: months.last,
            kind: entry.header.kind,
            unit: unit_of(&record).to_owned(),
            held: derived.outcome == Outcome::Held,
            codes: derived.findings.into_iter().map(|finding| finding.code).collect(),
            likeness,
        }))
    }
}

/// The care unit that a record counts for: its own or, where it states none, that of its first segment that does.
fn unit_of(record: &Record) -> &str {
    let of_segment = || match &record.body {
        Body::Episode(episode) => episode
            .segments
            .iter()
            .find_map(|segment| segment.unit.as_deref()),
        _ => None,
    };
    let unit = record.unit.as_deref().or_else(of_segment);
    unit.filter(|unit| is_id(unit)).unwrap_or_default()
}

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Current records that begin in a month.
    Records(Month, RecordKind, String),
    /// Current records that begin in a month and have a finding with this code.
    Found(Month, String),
    /// Answers given in a month that rejected a record for this code or, of the empty code, for whatever it was.
    Rejected(Month, String),
}

/// Counts; sums and differences of them are counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accepted.
    pub accepted: i64,
    /// Held.
    pub held: i64,
    /// Accepted or held, with at least one finding.
    pub with_findings: i64,
    /// Accepted or held, whose last month this is; their first month may be another.
    pub last: i64,
    /// Rejections.
    pub rejected: i64,
}

impl Counts {
    /// Accepted and held.
    pub fn records(&self) -> i64 {
        self.accepted.saturating_add(self.held)
    }

    /// Adds others, or takes them away.
    pub fn add(&mut self, other: Self, sign: i64) {
        let all = [
            (&mut self.accepted, other.accepted),
            (&mut self.held, other.held),
            (&mut self.with_findings, other.with_findings),
            (&mut self.last, other.last),
            (&mut self.rejected, other.rejected),
        ];
        for (own, other) in all {
            *own = own.saturating_add(other.saturating_mul(sign));
        }
    }
}

/// Counts of one reporter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    counts: BTreeMap<Key, Counts>,
}

impl Tally {
    /// Adds counts to a key.
    pub fn add(&mut self, key: Key, counts: Counts) {
        self.counts.entry(key).or_default().add(counts, 1);
    }

    /// Takes in an entry that becomes current (`sign` 1), or that something takes the place of (−1).
    pub fn count(&mut self, entry: &Counted, sign: i64) {
        let found = i64::from(!entry.codes.is_empty());
        let (accepted, held) = if entry.held { (0, 1) } else { (1, 0) };
        let counts = Counts {
            accepted,
            held,
            ..Counts::default()
        };
        let of = |month: Month| Key::Records(month, entry.kind, entry.unit.clone());
        let begun = Counts {
            with_findings: found,
            ..counts
        };
        self.counts.entry(of(entry.month)).or_default().add(begun, sign);
        if let Some(last) = entry.last {
            let ended = Counts {
                last: 1,
                ..Counts::default()
            };
            self.counts.entry(of(last)).or_default().add(ended, sign);
        }
        for code in &entry.codes {
            let key = Key::Found(entry.month, code.clone());
            self.counts.entry(key).or_default().add(counts, sign);
        }
    }

    /// Takes in what was rejected, in the month of the answer.
    pub fn refuse(&mut self, refusal: &Refusal, month: Month) {
        let all = [(String::new(), refusal.records)];
        for (code, count) in all.into_iter().chain(refusal.codes.iter().cloned()) {
            let rejected = Counts {
                rejected: i64::from(count),
                ..Counts::default()
            };
            self.add(Key::Rejected(month, code), rejected);
        }
    }

    /// The counts, those that are zero left out.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, Counts)> {
        let counts = self.counts.iter().map(|(key, counts)| (key, *counts));
        counts.filter(|(_, counts)| *counts != Counts::default())
    }

    /// What there is of a month.
    pub fn period(&self, month: Month) -> Period {
        let mut period = Period::default();
        let mut spanning: BTreeMap<&str, i64> = BTreeMap::new();
        for (key, counts) in &self.counts {
            match key {
                Key::Records(at, kind, unit) if *at <= month => {
                    let ended_before = if *at < month { counts.last } else { 0 };
                    *spanning.entry(unit).or_default() += counts.records() - ended_before;
                    if *at == month {
                        period.kinds.entry(*kind).or_default().add(*counts, 1);
                        period
                            .units
                            .entry(unit.clone())
                            .or_default()
                            .counts
                            .add(*counts, 1);
                    }
                }
                Key::Rejected(at, code) if *at == month && code.is_empty() => {
                    period.rejected += counts.rejected;
                }
                _ => {}
            }
        }
        for (unit, count) in spanning {
            period.spanning += count;
            if count > 0 {
                period.units.entry(unit.to_owned()).or_default().spanning = count;
            }
        }
        period.kinds.retain(|_, counts| counts.records() != 0);
        period
            .units
            .retain(|_, unit| unit.counts.records() != 0 || unit.spanning != 0);
        period
    }

    /// How many records each finding code was given to, in months from `from` on and before `until`: of current records
    /// by month of care, of rejections by month of the answer.
    pub fn findings(&self, from: Month, until: Month) -> BTreeMap<&str, Counts> {
        let mut findings: BTreeMap<&str, Counts> = BTreeMap::new();
        for (key, counts) in self.iter() {
            let (Key::Found(month, code) | Key::Rejected(month, code)) = key else {
                continue;
            };
            if !code.is_empty() && from <= *month && *month < until {
                findings.entry(code).or_default().add(counts, 1);
            }
        }
        findings
    }
}

/// What there is of a month of care.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Period {
    /// Records that begin in it, by kind.
    pub kinds: BTreeMap<RecordKind, Counts>,
    /// Records by care unit, the empty name for those that state none.
    pub units: BTreeMap<String, UnitPeriod>,
    /// Records that span it, those that began earlier among them.
    pub spanning: i64,
    /// Rejections answered in it.
    pub rejected: i64,
}

/// What there is of a month from a care unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnitPeriod {
    /// Records that begin in it.
    pub counts: Counts,
    /// Records that span it.
    pub spanning: i64,
}

impl Period {
    /// Records of all kinds that begin in it.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.kinds.values() {
            total.add(*counts, 1);
        }
        total
    }

    /// Whether a care unit delivered: some record of it spans the month.
    pub fn delivered(&self, unit: &str) -> bool {
        self.units.get(unit).is_some_and(|unit| unit.spanning > 0)
    }
}

/// Whether a care unit is open on some day of a month in which it is a reporter's to report for.
pub fn has_duty(unit: &CareUnit, reporter: &str, month: Month) -> bool {
    let (first, after) = (month.first_day(), month.next().first_day());
    let ends = unit
        .versions
        .iter()
        .skip(1)
        .map(|next| Some(next.from))
        .chain([None]);
    unit.versions.iter().zip(ends).any(|(version, next)| {
        let end = [version.closed, next].into_iter().flatten().min();
        let from = version.from.max(first);
        let until = end.map_or(after, |end| end.min(after));
        from < until && version.reporters.iter().any(|own| own == reporter)
    })
}
