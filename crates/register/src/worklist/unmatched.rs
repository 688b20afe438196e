//! Combinations that no rule gives a value for, ranked: what a row that holds, or the guard, took, counted by the facts
//! that led there, so that an administrator sees which rule is wanted next.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Cause, Item};
use crate::record::{Fact, RecordKind};

/// Most combinations that are counted.
pub const COMBINATIONS_MAX: usize = 100_000;

/// What no rule gives a value for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Combination {
    /// The table.
    pub table: String,
    /// The row that holds, or the guard.
    pub rule: String,
    /// Whether it is the guard.
    pub guard: bool,
    /// The facts that led there, by axis.
    pub facts: Vec<Fact>,
}

/// How often, where and when a combination occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// How many records.
    pub records: u64,
    /// How many of each reporter.
    pub reporters: BTreeMap<String, u64>,
    /// The earliest date of care.
    pub first: Date,
    /// The latest date of care.
    pub last: Date,
    /// One of the records: its reporter, kind and id.
    pub example: (String, RecordKind, String),
    /// A release whose table waits.
    pub release: String,
}

/// Combinations while they are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unmatched {
    /// The combinations.
    pub combinations: BTreeMap<Combination, Occurrence>,
    /// Whether there are more than [`COMBINATIONS_MAX`]; those beyond are not counted.
    pub full: bool,
}

impl Unmatched {
    /// Counts an item of a reporter; `table` chooses one table. A record counts once for each of its combinations.
    pub fn add(&mut self, reporter: &str, item: &Item, table: Option<&str>) {
        let mut seen: Vec<(&str, &Cause)> = Vec::new();
        let asked = |wait: &&super::Wait| table.is_none_or(|table| wait.table == table);
        for wait in item.waits.iter().filter(asked) {
            let Cause::Rule { rule, guard, facts } = &wait.cause else {
                continue;
            };
            let what = (wait.table.as_str(), &wait.cause);
            if seen.contains(&what) {
                continue;
            }
            seen.push(what);
            let combination = Combination {
                table: wait.table.clone(),
                rule: rule.clone(),
                guard: *guard,
                facts: facts.clone(),
            };
            self.count(combination, reporter, item, &wait.release);
        }
    }

    /// The combinations, the most frequent first. Those with fewer records than `threshold` come last, by what they
    /// are, so that their order does not tell how many.
    pub fn ranked(&self, threshold: u64) -> Vec<(&Combination, &Occurrence)> {
        let mut ranked: Vec<_> = self.combinations.iter().collect();
        ranked.sort_by_key(|(_, occurrence)| {
            let shown = if occurrence.records < threshold {
                0
            } else {
                occurrence.records
            };
            std::cmp::Reverse(shown)
        });
        ranked
    }

    fn count(&mut self, combination: Combination, reporter: &str, item: &Item, release: &str) {
        if self.combinations.len() >= COMBINATIONS_MAX && !self.combinations.contains_key(&combination) {
            self.full = true;
            return;
        }
        let occurrence = self
            .combinations
            .entry(combination)
            .or_insert_with(|| Occurrence {
                records: 0,
                reporters: BTreeMap::new(),
                first: item.date,
                last: item.date,
                example: (reporter.to_owned(), item.kind, item.id.clone()),
                release: release.to_owned(),
            });
        occurrence.records += 1;
        *occurrence.reporters.entry(reporter.to_owned()).or_default() += 1;
        occurrence.first = occurrence.first.min(item.date);
        occurrence.last = occurrence.last.max(item.date);
    }
}
