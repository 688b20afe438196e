//! The editions that a Full release holds, and which rows each of them is made of.
//!
//! An edition is what its most specific module published on a date, with every module it depends on as of the date that
//! the module dependency reference set names. From the time before there was one, an edition is the state on each date
//! on which a concept changed.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Report;
use super::ids;
use super::names::{FileName, Table};
use super::row::{MEMBER_COLUMNS, Source, date};

/// Up to when rows count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Until {
    /// The last date, as the number yyyymmdd.
    pub(super) date: u32,
    /// The last date of the rows of some modules.
    pub(super) modules: BTreeMap<u64, u32>,
}

impl Until {
    /// Whether a row of a module and of a date counts.
    pub(super) fn holds(&self, module: u64, time: u32) -> bool {
        time <= *self.modules.get(&module).unwrap_or(&self.date)
    }
}

/// An edition of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edition {
    /// The module it is named by; `None` when only its concepts tell.
    pub(super) module: Option<u64>,
    pub(super) until: Until,
}

/// A module's dependency on another, as one row says.
#[derive(Debug, Clone, Copy)]
struct Dependency {
    id: u128,
    time: u32,
    active: bool,
    module: u64,
    on: u64,
    /// Version of the module, and of that it depends on.
    versions: [u32; 2],
}

/// The editions in files of type Full, from the oldest to the newest. Defects of the files are left to those who read
/// them whole.
pub(super) fn all(source: Source<'_>, files: &[FileName]) -> Vec<Edition> {
    let dependencies = dependencies(source, files);
    let mut named: BTreeMap<u32, Edition> = BTreeMap::new();
    let times: BTreeSet<u32> = dependencies.iter().map(|row| row.time).collect();
    for &time in &times {
        let state = state(&dependencies, time);
        let pairs = state.iter().map(|row| (row.module, row.on, row.versions[0]));
        let Some((module, date)) = most_specific(pairs) else {
            continue;
        };
        let own = state.iter().filter(|row| row.module == module);
        let modules = own.map(|row| (row.on, row.versions[1])).collect();
        let until = Until { date, modules };
        named.insert(
            date,
            Edition {
                module: Some(module),
                until,
            },
        );
    }
    let first = named.keys().next().copied().unwrap_or(u32::MAX);
    let mut editions: Vec<Edition> = changes(source, files)
        .into_iter()
        .filter(|date| *date < first)
        .map(|date| Edition {
            module: None,
            until: Until {
                date,
                modules: BTreeMap::new(),
            },
        })
        .collect();
    editions.extend(named.into_values());
    editions
}

/// By modules that depend on others, with the date of each: the module that no other depends on, of several the one
/// that depends on most others, then the one with the newest date, then that of the greatest identifier; and its newest
/// date.
pub(super) fn most_specific(
    dependencies: impl Iterator<Item = (u64, u64, u32)> + Clone,
) -> Option<(u64, u32)> {
    let others = || dependencies.clone().filter(|(module, on, _)| module != on);
    let mut modules: BTreeMap<u64, (usize, u32)> = BTreeMap::new();
    for (module, _, date) in others() {
        let (count, newest) = modules.entry(module).or_default();
        *count += 1;
        *newest = date.max(*newest);
    }
    for (_, on, _) in others() {
        modules.remove(&on);
    }
    let ((_, date), module) = modules.into_iter().map(|(module, rank)| (rank, module)).max()?;
    (date > 0).then_some((module, date))
}

/// The rows of the module dependency reference set.
fn dependencies(source: Source<'_>, files: &[FileName]) -> Vec<Dependency> {
    let mut unheard = Report::default();
    let mut rows = Vec::new();
    let of = files
        .iter()
        .filter(|file| file.table == Table::ReferenceSet && file.forms == "ss");
    for file in of {
        source.each(file, (&MEMBER_COLUMNS, 2), &mut unheard, |row, unheard| {
            let Some((id, head)) = row.member_id(unheard).zip(row.head(unheard)) else {
                return;
            };
            let versions = [6, 7].map(|column| date(row.text(column)).unwrap_or_default());
            if let Some((ids::MODULE_DEPENDENCY, on)) = row.id(4, unheard).zip(row.id(5, unheard)) {
                rows.push(Dependency {
                    id,
                    time: head.time,
                    active: head.active,
                    module: head.module,
                    on,
                    versions,
                });
            }
        });
    }
    rows.sort_unstable_by_key(|row| (row.id, row.time));
    rows
}

/// The dependencies that hold on a date.
fn state(rows: &[Dependency], time: u32) -> Vec<Dependency> {
    let newest = rows.chunk_by(|a, b| a.id == b.id).filter_map(|of_one| {
        let by_then = of_one.iter().take_while(|row| row.time <= time);
        by_then.last().filter(|row| row.active)
    });
    newest.copied().collect()
}

/// The dates on which a concept changed.
fn changes(source: Source<'_>, files: &[FileName]) -> BTreeSet<u32> {
    let mut unheard = Report::default();
    let mut dates = BTreeSet::new();
    for file in files.iter().filter(|file| file.table == Table::Concept) {
        source.each(file, (&super::concepts::COLUMNS, 0), &mut unheard, |row, _| {
            dates.extend(date(row.text(1)));
        });
    }
    dates
}
