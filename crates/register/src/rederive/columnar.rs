//! The short way: blocks of packed facts under a plan. Each fact of a block is translated once; then the tables are
//! run on every part. What is not certain to have the same facts today is left to the ledger, which is told.

use jiff::civil::Date;
use vardnav_classification::model::Grain;
use vardnav_classification::{AxisIndex, Classification, FactSet, FactSource, TableIndex, TableResult};

use super::Rederivation;
use super::columns::{Columns, EntryColumn, PartColumn};
use super::episodes::{EpisodeColumn, Episodes, NO_VALUE, Named, SegmentColumn};
use super::translation::Translation;
use super::units::{UnitColumns, covers};
use crate::bytes::date_from_days;
use crate::derived::Part;
use crate::surroundings::ReleaseView;

/// A plan, made ready for packed facts of the releases that entries name.
pub struct Columnar<'a> {
    plan: Rederivation<'a>,
    releases: Vec<Source<'a>>,
    units: UnitColumns,
    /// The tables of the plan's release whose value a contact is given by the segment that covers it.
    given: Vec<(AxisIndex, TableIndex)>,
}

/// A release that entries name.
struct Source<'a> {
    release: ReleaseView<'a>,
    translation: Translation,
    /// For each table that gives a contact something: the release's own table of that name, and the plan's ordinals
    /// of its values.
    given: Vec<Option<(TableIndex, Vec<u8>)>>,
}

/// What became of one entry.
#[derive(Debug, Clone, Copy)]
pub enum Anew<'b> {
    /// It was erased.
    Erased,
    /// The packed facts do not settle it: it is derived from the ledger.
    Ledger,
    /// Its parts in order.
    Parts(&'b [PartAnew]),
}

/// One part, before and after.
#[derive(Debug, Clone, Copy)]
pub struct PartAnew {
    /// Which part.
    pub part: Part,
    /// Its date.
    pub date: Date,
    /// Age in completed years on its date.
    pub age: Option<u16>,
    /// Which of [`Columnar::releases`] it was classified with when it was taken.
    pub former: usize,
    /// What the tables of that release gave.
    pub was: Classification,
    /// What the tables of the plan's release give; `None` when the part is outside the plan and keeps what it has.
    pub now: Option<Classification>,
}

impl PartAnew {
    /// Whether a value of the part waits under the plan.
    pub fn is_held(&self) -> bool {
        let results = self.now.as_ref().unwrap_or(&self.was);
        let mut results = results.iter();
        results.any(|(_, result)| matches!(result, TableResult::Held { .. }))
    }
}

/// What surrounds the parts of one entry.
struct Around<'b> {
    roles: u8,
    own_maps: bool,
    unit: Option<u64>,
    given: &'b [u8],
}

impl<'a> Columnar<'a> {
    /// Makes a plan ready. `releases` are those that entries may name, `units` the care units as they are now.
    pub fn new(
        plan: Rederivation<'a>,
        releases: impl IntoIterator<Item = ReleaseView<'a>>,
        units: UnitColumns,
    ) -> Self {
        let system = plan.release.system;
        let given: Vec<(AxisIndex, TableIndex)> = system
            .tables()
            .filter_map(|(table, _)| Some((system.slot_of(table)?, table)))
            .filter(|(slot, _)| system.takes_fact(*slot, Grain::Contact))
            .collect();
        let releases = releases.into_iter().map(|release| Source {
            release,
            translation: Translation::new(release, plan.release),
            given: given
                .iter()
                .map(|given| given_by(release, plan.release, *given))
                .collect(),
        });
        Self {
            plan,
            releases: releases.collect(),
            units,
            given,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Rederivation<'a> {
        &self.plan
    }

    /// The releases that entries may name, in the order in which they were given.
    pub fn releases(&self) -> impl Iterator<Item = ReleaseView<'a>> {
        self.releases.iter().map(|source| source.release)
    }

    /// Takes from a block what bears on other entries of its stream. All blocks of a stream are learnt before any is
    /// read; `first` is the position of the block's first entry, `own_maps` whether the reporter has maps of its own.
    pub fn learn(&self, columns: &Columns, first: u64, own_maps: bool, episodes: &mut Episodes) {
        let mut block = Block::of(self, columns);
        let mut parts = Vec::new();
        for (entry, position) in columns.entries().iter().zip(first..) {
            if entry.revision > 1 || entry.delivered {
                episodes.revise(entry);
            }
            if entry.kind != crate::record::RecordKind::Episode {
                continue;
            }
            let unit = columns.unit_at(entry.unit);
            let around = Around {
                roles: entry.principals,
                own_maps,
                unit,
                given: &[],
            };
            let settled = !entry.erased && block.parts(entry, &around, &mut parts);
            let given: Vec<Vec<u8>> = parts.iter().map(|part| self.gives(part)).collect();
            let segments: Vec<(SegmentColumn, &[u8])> = columns
                .parts_of(entry)
                .iter()
                .zip(&given)
                .map(|(part, given)| (segment(columns, part, unit), given.as_slice()))
                .collect();
            episodes.take((entry, position), unit, settled.then_some(segments.as_slice()));
        }
    }

    /// Derives a block anew, entry by entry. `first` and `own_maps` as for [`Self::learn`].
    pub fn read(
        &self,
        columns: &Columns,
        first: u64,
        own_maps: bool,
        episodes: &Episodes,
        each: impl FnMut(u64, &EntryColumn, Anew<'_>),
    ) {
        self.read_some(columns, first, own_maps, episodes, |_| true, each);
    }

    /// As [`Self::read`], of those entries that are wanted.
    pub fn read_some(
        &self,
        columns: &Columns,
        first: u64,
        own_maps: bool,
        episodes: &Episodes,
        wanted: impl Fn(&EntryColumn) -> bool,
        mut each: impl FnMut(u64, &EntryColumn, Anew<'_>),
    ) {
        let mut block = Block::of(self, columns);
        let mut parts = Vec::new();
        for (entry, position) in columns.entries().iter().zip(first..) {
            if !wanted(entry) {
                continue;
            }
            if entry.erased {
                each(position, entry, Anew::Erased);
                continue;
            }
            let settled = self
                .around(columns, entry, position, own_maps, episodes)
                .is_some_and(|around| block.parts(entry, &around, &mut parts));
            let anew = match settled {
                true => Anew::Parts(&parts),
                false => Anew::Ledger,
            };
            each(position, entry, anew);
        }
    }

    /// What surrounds an entry; `None` when it is not certain.
    fn around<'b>(
        &self,
        columns: &Columns,
        entry: &EntryColumn,
        position: u64,
        own_maps: bool,
        episodes: &'b Episodes,
    ) -> Option<Around<'b>> {
        let own = columns.unit_at(entry.unit);
        let alone = Around {
            roles: entry.principals,
            own_maps,
            unit: own,
            given: &[],
        };
        let (Some(named), [part]) = (entry.episode, columns.parts_of(entry)) else {
            return Some(alone);
        };
        let episode: &EpisodeColumn = match episodes.named(named, position) {
            Named::Unsure => return None,
            Named::Nothing => return Some(alone),
            Named::Known(episode) if !covers(episode.interval, part.date) => return Some(alone),
            Named::Known(episode) => episode,
        };
        let covering = episodes.covering(episode, part.date, self.given.len());
        Some(Around {
            roles: entry.principals | episode.roles,
            unit: own.or_else(|| covering?.0.unit).or(episode.unit),
            given: covering.map_or(&[], |(_, given)| given),
            own_maps,
        })
    }

    /// What a segment gives to the contacts that it covers, table by table.
    fn gives(&self, part: &PartAnew) -> Vec<u8> {
        let kept = self.releases.get(part.former);
        let ordinal = |(at, (_, table)): (usize, &(AxisIndex, TableIndex))| match part.now {
            Some(now) => match now.get(*table) {
                TableResult::Value { value, .. } => Some(value),
                _ => None,
            },
            None => {
                let (table, ordinals) = kept?.given.get(at)?.as_ref()?;
                match part.was.get(*table) {
                    TableResult::Value { value, .. } => ordinals.get(usize::from(value)).copied(),
                    _ => None,
                }
            }
        };
        let tables = self.given.iter().enumerate();
        tables.map(|given| ordinal(given).unwrap_or(NO_VALUE)).collect()
    }
}

/// A block being read: its dictionaries in the plan's words.
struct Block<'c, 'a> {
    columnar: &'c Columnar<'a>,
    columns: &'c Columns,
    /// Which release each of the block's is; `None` for one that is not at hand.
    releases: Vec<Option<usize>>,
    /// What each of the block's facts is under the plan.
    known: Vec<Option<(AxisIndex, u64)>>,
}

impl<'c, 'a> Block<'c, 'a> {
    fn of(columnar: &'c Columnar<'a>, columns: &'c Columns) -> Self {
        let known = &columnar.releases;
        let releases: Vec<Option<usize>> = columns
            .releases
            .iter()
            .map(|id| known.iter().position(|source| source.release.id == id))
            .collect();
        let translated = columns.known.iter().map(|fact| {
            let source = known.get(releases.get(usize::from(fact.release)).copied()??)?;
            source.translation.fact(fact.axis, fact.values)
        });
        Self {
            known: translated.collect(),
            columnar,
            columns,
            releases,
        }
    }

    /// The parts of an entry before and after; `false` when the packed facts do not settle them.
    fn parts(&mut self, entry: &EntryColumn, around: &Around<'_>, parts: &mut Vec<PartAnew>) -> bool {
        parts.clear();
        if !entry.complete {
            return false;
        }
        for part in self.columns.parts_of(entry) {
            match self.part(entry, part, around) {
                Some(part) => parts.push(part),
                None => return false,
            }
        }
        true
    }

    fn part(&self, entry: &EntryColumn, part: &PartColumn, around: &Around<'_>) -> Option<PartAnew> {
        let former = self.releases.get(usize::from(part.release)).copied()??;
        let source = self.columnar.releases.get(former)?;
        let date = date_from_days(part.date)?;
        let grain = part.part.grain();
        let mut was = FactSet::new();
        let places = self.columns.facts_of(part);
        for fact in places
            .iter()
            .filter_map(|place| self.columns.known.get(usize::from(*place)))
        {
            was.set(fact.axis, fact.values, fact.source);
        }
        let mut anew = PartAnew {
            part: part.part,
            date,
            age: part.age,
            former,
            was: source.release.system.classify(grain, date, &was),
            now: None,
        };
        let plan = &self.columnar.plan;
        if !plan.covers(date) {
            return Some(anew);
        }
        let Translation {
            same_facts,
            same_maps,
            ..
        } = source.translation;
        if !same_facts || entry.has_codes && (around.own_maps || !same_maps) {
            return None;
        }
        let mut facts = FactSet::new();
        for place in places {
            let place = usize::from(*place);
            if let (Some((axis, values)), Some(fact)) = (
                self.known.get(place).copied().flatten(),
                self.columns.known.get(place),
            ) {
                facts.set(axis, values, fact.source);
            }
        }
        let unit = self.columns.unit_at(part.unit).or(around.unit);
        if !self
            .columnar
            .units
            .agree(grain, &facts, unit, part.date, around.roles)
        {
            return None;
        }
        if grain == Grain::Contact {
            for ((slot, _), value) in self.columnar.given.iter().zip(around.given) {
                if *value != NO_VALUE {
                    facts.set(*slot, 1 << value, FactSource::Segment);
                }
            }
        }
        anew.now = Some(plan.release.system.classify(grain, date, &facts));
        Some(anew)
    }
}

fn segment(columns: &Columns, part: &PartColumn, unit: Option<u64>) -> SegmentColumn {
    SegmentColumn {
        interval: (part.date, part.end),
        unit: columns.unit_at(part.unit).or(unit),
    }
}

/// Where a release decides what a table of the plan's gives: its table of the same name, by the plan's ordinals.
fn given_by(
    from: ReleaseView<'_>,
    to: ReleaseView<'_>,
    (slot, _): (AxisIndex, TableIndex),
) -> Option<(TableIndex, Vec<u8>)> {
    let (index, table) = from.system.table(to.system.axis_id(slot))?;
    let ordinals = table.values.iter().map(|value| {
        let ordinal = to.system.value(slot, &value.code);
        ordinal.unwrap_or(NO_VALUE)
    });
    Some((index, ordinals.collect()))
}
