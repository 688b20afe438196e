//! What a release would do to the register: a fold over the parts of records before and after. It counts what each
//! table's values move from and to, by residence and by reporter, which rules take over from which, what becomes held
//! and for want of what, and what is released. Folds of pieces are merged to the fold of the whole.
//!
//! Counts are of the parts as they come; which of them may be told to whom is not decided here.

mod sample;

pub use sample::{Estimate, Sample, StreamSample};

use std::collections::{BTreeMap, HashMap};

use vardnav_classification::facts::bits;
use vardnav_classification::model::{AxisValue, Grain};
use vardnav_classification::{AxisIndex, DescriptionSystem, FactSet, TableIndex, TableResult};

use crate::worklist::{Want, wanted};

/// What a table gave that could not decide, in words.
pub const HELD: &str = "held";

/// The releases that parts are held against: the previewed one, and those that entries name.
pub struct Frame<'a> {
    plan: &'a DescriptionSystem,
    former: Vec<&'a DescriptionSystem>,
    /// Of each release that entries name, its table of the name of each of the previewed one's.
    same: Vec<Vec<Option<Same>>>,
}

/// A table of the same name in another release.
struct Same {
    table: TableIndex,
    /// The previewed release's ordinals of its values.
    ordinals: Vec<Option<u8>>,
}

/// Whose record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose {
    /// The reporter, by a number that the caller keeps.
    pub reporter: u32,
    /// Residence as [`crate::rederive::EntryColumn::residence`] numbers it.
    pub residence: u16,
}

/// One part of a record, before and after.
#[derive(Clone, Copy)]
pub struct Moving<'t> {
    /// Which of the releases that entries name classified it, by its place in the frame; `None` when none did.
    pub former: Option<usize>,
    /// What the tables of that release gave.
    pub was: &'t dyn Fn(TableIndex) -> Option<TableResult>,
    /// What the tables of the previewed release give.
    pub now: &'t dyn Fn(TableIndex) -> Option<TableResult>,
    /// Kind, date and facts under the previewed release, so that what becomes held is explained; `None` when the facts
    /// are not at hand.
    pub facts: Option<(Grain, jiff::civil::Date, &'t FactSet)>,
}

/// What a table gave a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Gave {
    Nothing,
    Held,
    /// Values by ordinal, and whether further ones may be.
    Values(u64, bool),
}

/// What moved: the release before, the table of the previewed release, what it gave and gives.
type Move = (Option<usize>, usize, Gave, Gave);

/// Where counts are broken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum At {
    Residence(u16),
    Reporter(u32),
}

/// What a release would do to the records that were folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impact {
    /// Records whose parts were counted.
    pub records: u64,
    /// Their parts: contacts, segments, monitoring periods.
    pub parts: u64,
    /// Records of which some value moves.
    pub moved: u64,
    /// Records that wait before.
    pub held_before: u64,
    /// Records that wait after and did not before.
    pub becomes_held: u64,
    /// Records that waited before and do not after.
    pub released: u64,
    cells: HashMap<(Move, At), u64>,
    rules: HashMap<(Option<usize>, usize, Rule, Rule), u64>,
    wants: HashMap<(usize, Want), u64>,
}

/// The rule that decided in a *first* table; `None` for what no rule decided.
type Rule = Option<u16>;

/// By what a matrix is broken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// Nothing: all parts together.
    Nothing,
    /// Region of residence.
    Region,
    /// Kommun of residence.
    Kommun,
    /// Reporter.
    Reporter,
}

/// A cell of a matrix: so many parts had one value and have another, or the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The place of the table in feeding order.
    pub order: usize,
    /// The table.
    pub table: String,
    /// What it gave: values joined by `+`, with `?` for further ones that may be; [`HELD`]; empty for none.
    pub from: String,
    /// What it gives, in the same form.
    pub to: String,
    /// Whose: see [`Group`].
    pub group: Group,
    /// How many.
    pub parts: u64,
}

/// Whose parts are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// All.
    All,
    /// Those who live in a region, by its two digits; 0 for those of whom it is not known.
    Region(u16),
    /// Those who live in a kommun, by its four digits; a region's digits followed by `00` for those of whom only that is
    /// known, and 0 for those of whom nothing is.
    Kommun(u16),
    /// Those of a reporter, by its number.
    Reporter(u32),
}

/// So many parts were decided by one rule and are by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMove {
    /// The table.
    pub table: String,
    /// The rule that decided; empty for none.
    pub from: String,
    /// The rule that decides; empty for none.
    pub to: String,
    /// How many.
    pub parts: u64,
}

impl<'a> Frame<'a> {
    /// A frame. `former` are the releases that entries name.
    pub fn new(plan: &'a DescriptionSystem, former: impl IntoIterator<Item = &'a DescriptionSystem>) -> Self {
        let former: Vec<_> = former.into_iter().collect();
        let same = former.iter().map(|system| {
            let tables = plan.tables();
            tables
                .map(|(index, table)| {
                    let (of, other) = system.table(&table.id)?;
                    let slot = plan.slot_of(index)?;
                    let ordinal = |value: &AxisValue| plan.value(slot, &value.code);
                    Some(Same {
                        table: of,
                        ordinals: other.values.iter().map(ordinal).collect(),
                    })
                })
                .collect()
        });
        Self {
            same: same.collect(),
            plan,
            former,
        }
    }

    fn same(&self, former: Option<usize>, at: usize) -> Option<&Same> {
        self.same.get(former?)?.get(at)?.as_ref()
    }

    /// Whether some table cannot decide that decided before, or gave nothing.
    pub fn becomes_held(&self, part: &Moving<'_>) -> bool {
        self.plan.tables().enumerate().any(|(at, (table, _))| {
            let (before, after) = self.results(part, at, table);
            gave(after) == Gave::Held && gave(before) != Gave::Held
        })
    }

    /// What a table gave before and gives after.
    fn results(
        &self,
        part: &Moving<'_>,
        at: usize,
        table: TableIndex,
    ) -> (Option<TableResult>, Option<TableResult>) {
        let same = self.same(part.former, at);
        (same.and_then(|same| (part.was)(same.table)), (part.now)(table))
    }

    /// What a table gave before and gives after, in words.
    fn words(&self, (former, at, was, now): Move) -> Option<(String, String, String)> {
        let (index, table) = self.plan.tables().nth(at)?;
        let from = former.and_then(|former| {
            let system = *self.former.get(former)?;
            let table = self.same(Some(former), at)?.table;
            Some(words(system, system.slot_of(table), was))
        });
        let to = words(self.plan, self.plan.slot_of(index), now);
        Some((table.id.clone(), from.unwrap_or_default(), to))
    }

    fn moves(&self, (former, at, was, now): Move) -> bool {
        let (Gave::Values(before, more_before), Gave::Values(after, more_after)) = (was, now) else {
            return was != now;
        };
        let ordinals = self.same(former, at).map_or(&[][..], |same| &same.ordinals);
        let translated = bits(before).try_fold(0_u64, |values, value| {
            let ordinal = ordinals.get(usize::from(value)).copied().flatten()?;
            Some(values | 1_u64.checked_shl(ordinal.into())?)
        });
        more_before != more_after || translated != Some(after)
    }
}

/// A record being counted: as soon as all its parts are, it is dropped.
#[derive(Debug)]
pub struct Counting<'i> {
    impact: &'i mut Impact,
    whose: Whose,
    any: bool,
    moved: bool,
    held_before: bool,
    held_after: bool,
}

impl Counting<'_> {
    /// Counts a part of the record that the preview covers.
    pub fn take(&mut self, frame: &Frame<'_>, part: &Moving<'_>) {
        self.any = true;
        self.impact.parts += 1;
        for (at, (table, _)) in frame.plan.tables().enumerate() {
            let (before, after) = frame.results(part, at, table);
            let (was, now) = (gave(before), gave(after));
            if (was, now) == (Gave::Nothing, Gave::Nothing) {
                continue;
            }
            let of = (part.former, at, was, now);
            for place in [
                At::Residence(self.whose.residence),
                At::Reporter(self.whose.reporter),
            ] {
                *self.impact.cells.entry((of, place)).or_default() += 1;
            }
            self.moved |= frame.moves(of);
            self.held_before |= was == Gave::Held;
            self.held_after |= now == Gave::Held;
            let rules = (part.former, at, rule(before), rule(after));
            if rules.2.is_some() || rules.3.is_some() {
                *self.impact.rules.entry(rules).or_default() += 1;
            }
            if now == Gave::Held
                && was != Gave::Held
                && let Some(facts) = part.facts
            {
                for want in wanted(frame.plan, facts, table) {
                    *self.impact.wants.entry((at, want)).or_default() += 1;
                }
            }
        }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let impact = &mut *self.impact;
        impact.records += u64::from(self.any);
        impact.moved += u64::from(self.moved);
        impact.held_before += u64::from(self.held_before);
        impact.becomes_held += u64::from(self.held_after && !self.held_before);
        impact.released += u64::from(self.held_before && !self.held_after);
    }
}

impl Impact {
    /// Counts a record as it stands, whose parts are then taken. One without parts does not count.
    pub fn record(&mut self, whose: Whose) -> Counting<'_> {
        Counting {
            impact: self,
            whose,
            any: false,
            moved: false,
            held_before: false,
            held_after: false,
        }
    }

    /// Takes in what was folded elsewhere under the same frame and numbers of reporters.
    pub fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.parts += other.parts;
        self.moved += other.moved;
        self.held_before += other.held_before;
        self.becomes_held += other.becomes_held;
        self.released += other.released;
        add(&mut self.cells, other.cells);
        add(&mut self.rules, other.rules);
        add(&mut self.wants, other.wants);
    }

    /// What values move from and to, by table in feeding order. Values that stay are in it too.
    pub fn matrix(&self, frame: &Frame<'_>, by: By) -> Vec<Cell> {
        let mut cells: BTreeMap<(usize, String, String, String, Group), u64> = BTreeMap::new();
        for ((of, at), parts) in &self.cells {
            let group = match (by, *at) {
                (By::Nothing, At::Residence(_)) => Group::All,
                (By::Region, At::Residence(number)) => Group::Region(number / 100),
                (By::Kommun, At::Residence(number)) => Group::Kommun(number),
                (By::Reporter, At::Reporter(number)) => Group::Reporter(number),
                _ => continue,
            };
            if let Some((table, from, to)) = frame.words(*of) {
                *cells.entry((of.1, table, from, to, group)).or_default() += parts;
            }
        }
        let cells = cells.into_iter();
        cells
            .map(|((order, table, from, to, group), parts)| Cell {
                order,
                table,
                from,
                to,
                group,
                parts,
            })
            .collect()
    }

    /// The rules that take over from others, the most frequent first.
    pub fn rules(&self, frame: &Frame<'_>) -> Vec<RuleMove> {
        let mut moves: BTreeMap<(String, String, String), u64> = BTreeMap::new();
        for ((former, at, was, now), parts) in &self.rules {
            let Some((index, table)) = frame.plan.tables().nth(*at) else {
                continue;
            };
            let from = was.and_then(|rule| {
                let system = *frame.former.get((*former)?)?;
                system.rule(frame.same(*former, *at)?.table, rule)
            });
            let to = now.and_then(|rule| frame.plan.rule(index, rule));
            let id = |rule: Option<&vardnav_classification::model::Rule>| {
                rule.map(|rule| rule.id.clone()).unwrap_or_default()
            };
            if id(from) != id(to) {
                *moves.entry((table.id.clone(), id(from), id(to))).or_default() += parts;
            }
        }
        let moves = moves.into_iter();
        let mut moves: Vec<RuleMove> = moves
            .map(|((table, from, to), parts)| RuleMove {
                table,
                from,
                to,
                parts,
            })
            .collect();
        moves.sort_by_key(|moved| std::cmp::Reverse(moved.parts));
        moves
    }

    /// For want of what tables could not decide that did before, the most frequent first: table, what is wanted, parts.
    /// A part may want several things.
    pub fn wants(&self, frame: &Frame<'_>) -> Vec<(String, Want, u64)> {
        let wants = self.wants.iter().filter_map(|((at, want), parts)| {
            let (_, table) = frame.plan.tables().nth(*at)?;
            Some((table.id.clone(), want.clone(), *parts))
        });
        let mut wants: Vec<_> = wants.collect();
        wants.sort_by(|one, other| {
            let key = |(table, want, parts): &(String, Want, u64)| {
                (std::cmp::Reverse(*parts), table.clone(), want.clone())
            };
            key(one).cmp(&key(other))
        });
        wants
    }
}

fn add<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, u64>, further: HashMap<K, u64>) {
    for (key, count) in further {
        *counts.entry(key).or_default() += count;
    }
}

fn gave(result: Option<TableResult>) -> Gave {
    match result.unwrap_or(TableResult::NotApplicable) {
        TableResult::NotApplicable => Gave::Nothing,
        TableResult::Held { .. } => Gave::Held,
        TableResult::Value { value, .. } => Gave::Values(1_u64.checked_shl(value.into()).unwrap_or(0), false),
        TableResult::Collected {
            values: 0,
            possible: 0,
        } => Gave::Nothing,
        TableResult::Collected { values, possible } => Gave::Values(values, possible != 0),
    }
}

fn rule(result: Option<TableResult>) -> Rule {
    match result? {
        TableResult::Value { rule, .. } => Some(rule),
        _ => None,
    }
}

fn words(system: &DescriptionSystem, slot: Option<AxisIndex>, gave: Gave) -> String {
    match gave {
        Gave::Nothing => String::new(),
        Gave::Held => HELD.to_owned(),
        Gave::Values(values, more) => {
            let values = bits(values).filter_map(|value| Some(system.value_code(slot?, value)));
            values.chain(more.then_some("?")).collect::<Vec<_>>().join("+")
        }
    }
}
