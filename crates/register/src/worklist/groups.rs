//! Items counted by what is wanted: a group for each reporter, unit, table and thing that is wanted, with its owner and
//! the age of its oldest record. A record that waits for several things stands in the group of each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Cause, Item, Owner, Wait, Want};

/// Most groups that are counted.
pub const GROUPS_MAX: usize = 100_000;

/// Which waits are asked for; what is left out does not choose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// HSA-id of the care unit; empty for those without one.
    pub unit: Option<String>,
    /// Who owns it.
    pub owner: Option<Owner>,
    /// An axis that is missing.
    pub axis: Option<String>,
    /// The table that waits.
    pub table: Option<String>,
    /// The row or guard that holds.
    pub rule: Option<String>,
    /// Only what has waited since this instant or longer, in microseconds since 1970-01-01 UTC.
    pub since_until: Option<i64>,
}

/// What records wait for together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKey {
    /// The reporter.
    pub reporter: String,
    /// HSA-id of the care unit; `None` for records that state none.
    pub unit: Option<String>,
    /// The table that waits; empty when a check holds.
    pub table: String,
    /// What is wanted.
    pub want: Want,
    /// Who owns it.
    pub owner: Owner,
}

/// A group of records that wait for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How many records.
    pub records: u64,
    /// Those of them for whose table nothing else is missing.
    pub alone: u64,
    /// Since when the oldest waits, in microseconds since 1970-01-01 UTC.
    pub oldest: i64,
    /// The earliest date of care.
    pub first: Date,
    /// The latest date of care.
    pub last: Date,
    /// Values of the table that are still possible for some of them.
    pub possible: BTreeSet<String>,
    /// A release whose table waits.
    pub release: String,
}

/// Groups while they are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    /// The groups.
    pub groups: BTreeMap<GroupKey, Group>,
    /// Records in them, each once.
    pub records: u64,
    /// Whether there are more groups than [`GROUPS_MAX`]; those beyond are not counted.
    pub full: bool,
}

impl Filter {
    /// The waits of an item that are asked for, with each thing wanted that is.
    pub fn chosen<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = (&'a Wait, Want, Owner)> + 'a {
        let old_enough = self.since_until.is_none_or(|until| item.since <= until);
        let waits = item
            .waits
            .iter()
            .filter(move |wait| old_enough && self.takes(wait));
        waits
            .flat_map(|wait| wait.wants().map(move |(want, owner)| (wait, want, owner)))
            .filter(|(_, want, owner)| self.wants(want, *owner))
    }

    /// Whether anything of an item is asked for.
    pub fn matches(&self, item: &Item) -> bool {
        self.chosen(item).next().is_some()
    }

    fn takes(&self, wait: &Wait) -> bool {
        let same = |asked: &Option<String>, given: &str| asked.as_deref().is_none_or(|asked| asked == given);
        same(&self.unit, wait.unit.as_deref().unwrap_or_default()) && same(&self.table, &wait.table)
    }

    fn wants(&self, want: &Want, owner: Owner) -> bool {
        let axis = |asked: &String| matches!(want, Want::Fact(axis) if axis == asked);
        let rule = |asked: &String| matches!(want, Want::Rule(rule) if rule == asked);
        self.owner.is_none_or(|asked| asked == owner)
            && self.axis.as_ref().is_none_or(axis)
            && self.rule.as_ref().is_none_or(rule)
    }
}

impl Groups {
    /// Counts an item of a reporter, as far as it is asked for; gives whether anything of it is.
    pub fn add(&mut self, reporter: &str, item: &Item, filter: &Filter) -> bool {
        let mut counted: BTreeSet<GroupKey> = BTreeSet::new();
        let mut any = false;
        for (wait, want, owner) in filter.chosen(item) {
            any = true;
            let key = GroupKey {
                reporter: reporter.to_owned(),
                unit: wait.unit.clone(),
                table: wait.table.clone(),
                want,
                owner,
            };
            if !counted.contains(&key) {
                self.count(&key, wait, item);
                counted.insert(key);
            }
        }
        self.records += u64::from(any);
        any
    }

    fn count(&mut self, key: &GroupKey, wait: &Wait, item: &Item) {
        if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(key) {
            self.full = true;
            return;
        }
        let group = self.groups.entry(key.clone()).or_insert_with(|| Group {
            records: 0,
            alone: 0,
            oldest: item.since,
            first: item.date,
            last: item.date,
            possible: BTreeSet::new(),
            release: wait.release.clone(),
        });
        group.records += 1;
        group.alone += u64::from(wants_alone(item, &key.table));
        group.oldest = group.oldest.min(item.since);
        group.first = group.first.min(item.date);
        group.last = group.last.max(item.date);
        if let Cause::Missing { possible, .. } = &wait.cause {
            group.possible.extend(possible.iter().cloned());
        }
    }
}

/// Whether every wait of a table wants one and the same thing.
fn wants_alone(item: &Item, table: &str) -> bool {
    let wants: BTreeSet<Want> = item
        .waits
        .iter()
        .filter(|wait| wait.table == table)
        .flat_map(|wait| wait.wants().map(|(want, _)| want))
        .collect();
    wants.len() == 1
}
