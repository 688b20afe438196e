//! Counts of a derivation: cells of the cube, and what parts changed from and to. First by ordinals, as many as come
//! with a piece of a stream; then in words, as the rows that keep them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use vardnav_classification::facts::bits;
use vardnav_classification::{AxisIndex, DescriptionSystem, TableIndex, TableResult};
use vardnav_indicators::{CellKey, Counting, Subject};
use vardnav_register::rederive::rows::Key;
use vardnav_release::Snapshot;
use vardnav_store::{Store, StoreError, StreamId};

/// Stands for a value that waits.
const HELD: u64 = 1 << 63;
/// Stands for further values that may be.
const MORE: u64 = 1 << 62;

/// Rows read at a time.
const SCAN: u32 = 10_000;

/// The releases that parts are counted by: the plan's, and those that entries name.
pub(crate) struct Countings<'a> {
    plan: (&'a DescriptionSystem, Counting<'a>),
    former: Vec<(&'a DescriptionSystem, Counting<'a>)>,
    /// Of each release that entries name, its table of the name of each of the plan's.
    same: Vec<Vec<Option<TableIndex>>>,
}

/// What one part gave before and gives now.
pub(crate) struct Told<'t> {
    pub(crate) subject: Subject,
    /// Which of the releases that entries name classified it; `None` for a part that its entry does not have.
    pub(crate) former: Option<usize>,
    pub(crate) was: &'t dyn Fn(TableIndex) -> Option<TableResult>,
    /// `None` when it keeps what it had.
    pub(crate) now: Option<&'t dyn Fn(TableIndex) -> Option<TableResult>>,
}

/// Changes of counts, by ordinals.
#[derive(Default)]
pub(crate) struct Delta {
    cells: HashMap<(Option<usize>, CellKey), i64>,
    changes: HashMap<(Option<usize>, usize, u64, u64), i64>,
}

impl<'a> Countings<'a> {
    pub(crate) fn new(plan: &'a Snapshot, former: &'a [Arc<Snapshot>]) -> Self {
        let of = |release: &'a Snapshot| {
            let system: &DescriptionSystem = &release.description;
            (system, Counting::of(&release.indicators, system))
        };
        let plan = of(plan);
        let former: Vec<_> = former.iter().map(|release| of(release)).collect();
        let same = former.iter().map(|(system, _)| {
            let tables = plan.0.tables();
            tables
                .map(|(_, table)| system.table(&table.id).map(|(index, _)| index))
                .collect()
        });
        Self {
            same: same.collect(),
            plan,
            former,
        }
    }

    /// Counts a part so many times.
    pub(crate) fn take(&self, delta: &mut Delta, part: &Told<'_>, times: i64) {
        let Delta { cells, changes } = delta;
        let Some(now) = part.now else {
            let known = part
                .former
                .and_then(|former| Some((former, self.former.get(former)?)));
            if let Some((former, (_, counting))) = known {
                counting.keys(part.subject, part.was, |key| {
                    *cells.entry((Some(former), key)).or_default() += times;
                });
            }
            return;
        };
        self.plan.1.keys(part.subject, now, |key| {
            *cells.entry((None, key)).or_default() += times;
        });
        let same = part.former.and_then(|former| self.same.get(former));
        for (at, (table, _)) in self.plan.0.tables().enumerate() {
            let former = same.and_then(|same| same.get(at).copied().flatten());
            let was = former.and_then(part.was).map_or(0, mask);
            let now = now(table).map_or(0, mask);
            if was != 0 || now != 0 {
                *changes.entry((part.former, at, was, now)).or_default() += times;
            }
        }
    }

    /// Changes of the counts of a stream by the rows that keep them.
    pub(crate) fn in_words(&self, stream: &StreamId, delta: Delta) -> BTreeMap<Vec<u8>, i64> {
        let mut rows: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        for ((former, key), times) in delta.cells {
            let counting = match former {
                None => Some(&self.plan.1),
                Some(former) => self.former.get(former).map(|(_, counting)| counting),
            };
            if let Some(cell) = counting.and_then(|counting| counting.cell(key)) {
                let key = Key::Cell.of_stream(stream.as_str(), &cell.to_bytes());
                *rows.entry(key).or_default() += times;
            }
        }
        for ((former, at, was, now), times) in delta.changes {
            let Some((index, table)) = self.plan.0.tables().nth(at) else {
                continue;
            };
            let from = former.and_then(|former| {
                let (system, _) = self.former.get(former)?;
                let table = self.same.get(former)?.get(at).copied().flatten()?;
                Some(words(system, system.slot_of(table), was))
            });
            let to = words(self.plan.0, self.plan.0.slot_of(index), now);
            let from = from.unwrap_or_default();
            let key = [table.id.as_bytes(), &[0], from.as_bytes(), &[0], to.as_bytes()].concat();
            let key = Key::Change.of_stream(stream.as_str(), &key);
            *rows.entry(key).or_default() += times;
        }
        rows.retain(|_, times| *times != 0);
        rows
    }
}

fn mask(result: TableResult) -> u64 {
    match result {
        TableResult::NotApplicable => 0,
        TableResult::Value { value, .. } => 1_u64.checked_shl(value.into()).unwrap_or(0),
        TableResult::Held { .. } => HELD,
        TableResult::Collected { values, possible } => values | if possible == 0 { 0 } else { MORE },
    }
}

/// What a table gave: its values joined by `+`, `held`, or nothing.
fn words(system: &DescriptionSystem, slot: Option<AxisIndex>, mask: u64) -> String {
    if mask & HELD != 0 {
        return "held".to_owned();
    }
    let values = bits(mask & !MORE).filter_map(|value| Some(system.value_code(slot?, value)));
    let more = (mask & MORE != 0).then_some("?");
    values.chain(more).collect::<Vec<_>>().join("+")
}

/// A row of [`Key::Change`] in its parts: table, from, to.
pub(crate) fn change(key: &[u8]) -> Option<(String, String, String)> {
    let rest = Key::Change.after_stream(key)?;
    let mut parts = rest
        .splitn(3, |byte| *byte == 0)
        .map(|part| String::from_utf8(part.to_vec()));
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
}

impl Delta {
    /// Takes in further changes.
    pub(crate) fn add(&mut self, other: Self) {
        for (key, times) in other.cells {
            *self.cells.entry(key).or_default() += times;
        }
        for (key, times) in other.changes {
            *self.changes.entry(key).or_default() += times;
        }
    }
}

/// The counts that the entries of one stream come to under a derivation, as they are kept. Those of other streams do not
/// bear on them.
#[derive(Default)]
pub(crate) struct Counts {
    /// Those that were read or written, by row.
    known: HashMap<Vec<u8>, u64>,
    /// Whether there are no others.
    is_whole: bool,
}

impl Counts {
    /// Those of a stream of which nothing is counted yet. Of others they are read as they are needed.
    pub(crate) fn none() -> Self {
        Self {
            is_whole: true,
            ..Self::default()
        }
    }

    /// What the counts become.
    ///
    /// # Errors
    /// When the store cannot, or a row is not of its form.
    pub(crate) async fn after(
        &self,
        store: &dyn Store,
        projection: &str,
        changes: BTreeMap<Vec<u8>, i64>,
    ) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
        let mut after = Vec::with_capacity(changes.len());
        for (key, times) in changes {
            let known = match self.known.get(&key) {
                Some(known) => *known,
                None if self.is_whole => 0,
                None => match store.row(projection, &key).await? {
                    Some(bytes) => count(bytes, projection)?,
                    None => 0,
                },
            };
            after.push((key, known.saturating_add_signed(times)));
        }
        Ok(after)
    }

    /// Takes in what they became.
    pub(crate) fn set(&mut self, counts: Vec<(Vec<u8>, u64)>) {
        self.known.extend(counts);
    }
}

fn count(bytes: Vec<u8>, projection: &str) -> Result<u64, StoreError> {
    let count = bytes.try_into().map(u64::from_be_bytes);
    count.map_err(|_| StoreError::Corrupt(format!("a count of {projection}")))
}

/// The counts under a letter, by key.
///
/// # Errors
/// When the store cannot, or a row is not of its form.
pub(crate) async fn rows(
    store: &dyn Store,
    projection: &str,
    letter: Key,
) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
    let mut counts = Vec::new();
    let mut from = letter.with(&[]);
    loop {
        let rows = store.scan(projection, &from, SCAN).await?;
        let Some(last) = rows.last() else {
            return Ok(counts);
        };
        from.clone_from(&last.key);
        from.push(0);
        for row in rows {
            if row.key.first() != Some(&(letter as u8)) {
                return Ok(counts);
            }
            counts.push((row.key, count(row.value, projection)?));
        }
    }
}
