//! What records that become current change: rows of the persons whom they are about, and the cells that all parts of those
//! persons come to. The cells of a person are computed from all of the person's rows before and after, so that they are
//! exact whatever a revision, a withdrawal or another person on it does. Pure but for what is handed to it.

use std::collections::{BTreeMap, BTreeSet};

use vardnav_indicators::engine::{Engine, Marked, MeasureCell};
use vardnav_register::identity::PersonKey;
use vardnav_register::record::RecordKind;
use vardnav_store::{Change, StreamId};

use super::rows;

/// The rows of a person, by key.
pub(crate) type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A record as it becomes.
#[derive(Debug, Clone)]
pub(crate) struct Became {
    /// Kind of the record.
    pub(crate) kind: RecordKind,
    /// Its id.
    pub(crate) id: String,
    /// Where the entry stands.
    pub(crate) position: u64,
    /// The person whom the revision was about that it takes the place of.
    pub(crate) former: Option<PersonKey>,
    /// The person whom it is about and what is marked of its parts; `None` when it is withdrawn or erased.
    pub(crate) now: Option<(PersonKey, Vec<Marked>)>,
}

impl Became {
    /// The persons whose rows it changes.
    pub(crate) fn persons(&self) -> impl Iterator<Item = PersonKey> {
        self.former
            .into_iter()
            .chain(self.now.as_ref().map(|(person, _)| *person))
    }
}

/// What changes.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Rows of persons.
    pub(crate) rows: Vec<Change>,
    /// Cells, by how much.
    pub(crate) cells: BTreeMap<MeasureCell, i64>,
}

/// A row that is not of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

/// What records of a stream change, in the order in which they become current. `persons` holds the rows of every person
/// whom one of them is or was about.
///
/// # Errors
/// When a row is not of its form.
pub(crate) fn changes(
    engine: &Engine,
    stream: &StreamId,
    records: &[Became],
    persons: BTreeMap<PersonKey, Rows>,
) -> Result<Changed, Damaged> {
    let mut changed = Changed::default();
    let mut after = persons.clone();
    for record in records {
        for person in record.persons().collect::<BTreeSet<_>>() {
            let begin = rows::of_record(person, stream, record.kind, &record.id);
            if let Some(rows) = after.get_mut(&person) {
                rows.retain(|key, _| !key.starts_with(&begin));
            }
        }
        if let Some((person, marked)) = &record.now {
            let begin = rows::of_record(*person, stream, record.kind, &record.id);
            let parts: Vec<Vec<u8>> = marked.iter().map(Marked::to_bytes).collect();
            let own = after.entry(*person).or_default();
            own.extend(rows::record_rows(&begin, record.position, &parts));
        }
    }
    for (person, now) in &after {
        let before = persons.get(person);
        let none = Rows::new();
        let before = before.unwrap_or(&none);
        if before == now {
            continue;
        }
        count(engine, before, -1, &mut changed.cells)?;
        count(engine, now, 1, &mut changed.cells)?;
        let gone = before.keys().filter(|key| !now.contains_key(*key));
        changed.rows.extend(gone.map(|key| Change {
            key: key.clone(),
            value: None,
        }));
        let new = now.iter().filter(|(key, value)| before.get(*key) != Some(*value));
        changed.rows.extend(new.map(|(key, value)| Change {
            key: key.clone(),
            value: Some(value.clone()),
        }));
    }
    changed.cells.retain(|_, by| *by != 0);
    Ok(changed)
}

fn count(
    engine: &Engine,
    rows: &Rows,
    times: i64,
    cells: &mut BTreeMap<MeasureCell, i64>,
) -> Result<(), Damaged> {
    let mut marked = Vec::new();
    for value in rows.values() {
        let (_, parts) = rows::read_record(value).ok_or(Damaged)?;
        for part in parts {
            marked.push(Marked::from_bytes(part).map_err(|_| Damaged)?);
        }
    }
    if marked.is_empty() {
        return Ok(());
    }
    for (cell, count) in engine.contributions(&marked) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        *cells.entry(cell).or_default() += count.saturating_mul(times);
    }
    Ok(())
}
