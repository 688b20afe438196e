//! From pages of streams to what is to be written of them: rows to be copied, keys of rows that go, and where to go on.
//! Of what becomes current and is replaced within a page only the last is written. Pure but for what is handed to it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use vardnav_interchange::export::{part_rows, record_row};
use vardnav_register::delivery::Place;
use vardnav_register::derived::Derived;
use vardnav_register::identity::PersonKey;
use vardnav_register::record::{Record, RecordKind};
use vardnav_store::View;
use vardnav_store::current::{Current, Page};

use crate::copying::Copying;
use crate::error::AnalysisError;
use crate::line::{NoLine, Told, line};
use crate::persons::{Known, Secret};
use crate::shape::{Shape, Shaped};

/// Names a revision: kind, id and number.
pub(crate) type Revision = (RecordKind, String, u32);

/// A page of a reporter's stream.
pub(crate) struct Taken {
    /// The reporter.
    pub(crate) reporter: String,
    /// How many entries the stream has.
    pub(crate) size: u64,
    /// The page.
    pub(crate) page: Page,
}

/// Rows that go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone {
    /// Kind of the record.
    pub(crate) kind: RecordKind,
    /// Its reporter.
    pub(crate) reporter: String,
    /// Its id.
    pub(crate) id: String,
    /// Only this revision of it; else whichever there is.
    pub(crate) revision: Option<u32>,
}

/// How far a stream is taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Where to go on.
    pub(crate) place: Place,
    /// How many entries the stream had when it was looked at.
    pub(crate) size: u64,
    /// When the newest entry taken in was received, in microseconds since 1970-01-01 UTC.
    pub(crate) received: Option<i64>,
}

/// What is written in one transaction.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Rows, by the position of their table in the shape.
    pub(crate) rows: BTreeMap<usize, Copying>,
    /// Tables and months that rows are of.
    pub(crate) months: BTreeSet<(usize, Date)>,
    /// Rows that go before the new ones come.
    pub(crate) gone: Vec<Gone>,
    /// What was erased: it does not come back from a page read before.
    pub(crate) erased: Vec<(String, Revision)>,
    /// How far each stream is taken in then.
    pub(crate) reached: BTreeMap<String, Reached>,
    /// Reporters whose stream cannot be taken in further, and why.
    pub(crate) stuck: BTreeMap<String, String>,
}

/// What rows are made with.
pub(crate) struct Making<'a> {
    /// The tables.
    pub(crate) shape: &'a Shape,
    /// The releases.
    pub(crate) view: &'a View,
    /// The secret of the persons' keys.
    pub(crate) secret: &'a Secret,
    /// What is known of the persons.
    pub(crate) known: &'a HashMap<PersonKey, Known>,
    /// What was erased before, by reporter.
    pub(crate) erased: &'a HashMap<String, HashSet<Revision>>,
}

/// The persons that entries are of. What is not of its form is told of when it is taken.
pub(crate) fn persons(taken: &[Taken]) -> BTreeSet<PersonKey> {
    let entries = taken.iter().flat_map(|taken| &taken.page.entries);
    entries
        .filter_map(|current| current.entry.person().ok().flatten())
        .collect()
}

impl Batch {
    /// Adds what a page says.
    ///
    /// # Errors
    /// When an entry is not of its form, or was classified with a release that the shape does not have.
    pub(crate) fn take(&mut self, taken: Taken, making: &Making<'_>) -> Result<(), AnalysisError> {
        let Taken { reporter, size, page } = taken;
        let mut erased: HashSet<Revision> = making.erased.get(&reporter).cloned().unwrap_or_default();
        for target in page.erasures.iter().flat_map(|(_, erasure)| &erasure.targets) {
            let revision = (target.kind, target.id.clone(), target.revision);
            erased.insert(revision.clone());
            self.erased.push((reporter.clone(), revision));
            self.gone.push(Gone {
                kind: target.kind,
                reporter: reporter.clone(),
                id: target.id.clone(),
                revision: Some(target.revision),
            });
        }
        let received = page
            .entries
            .iter()
            .map(|current| current.entry.header.received)
            .max();
        let mut last: HashMap<(RecordKind, &str), &Current> = HashMap::new();
        for current in &page.entries {
            let header = &current.entry.header;
            if header.replaces > 0 {
                self.gone.push(Gone {
                    kind: header.kind,
                    reporter: reporter.clone(),
                    id: header.id.clone(),
                    revision: None,
                });
            }
            last.insert((header.kind, &header.id), current);
        }
        for current in &page.entries {
            let header = &current.entry.header;
            let is_last = last
                .get(&(header.kind, header.id.as_str()))
                .is_some_and(|last| last.position == current.position);
            let is_erased = || erased.contains(&(header.kind, header.id.clone(), header.revision));
            if is_last && !is_erased() {
                self.row(&reporter, current, making)?;
            }
        }
        let reached = Reached {
            place: page.next,
            size,
            received,
        };
        self.reached.insert(reporter, reached);
        Ok(())
    }

    /// Adds the rows of an entry, when it holds a record.
    fn row(&mut self, reporter: &str, current: &Current, making: &Making<'_>) -> Result<(), AnalysisError> {
        let wrong =
            |message: &dyn std::fmt::Display| AnalysisError::entry(reporter, current.position, message);
        let entry = &current.entry;
        let record = entry.record().map_err(|error| wrong(&error))?;
        let derived = entry.derived().map_err(|error| wrong(&error))?;
        let (Some(record), Some((person, derived))) = (record, derived) else {
            return Ok(());
        };
        if let Some(part) = derived
            .parts
            .iter()
            .find(|part| !making.shape.releases.contains(&part.release))
        {
            return Err(AnalysisError::Release(part.release.clone()));
        }
        let known = making.known.get(&person);
        let known = known.ok_or_else(|| wrong(&"its person was not asked for"))?;
        let told = Told {
            header: &entry.header,
            position: current.position,
            leaf: &current.leaf,
            record: &record,
            derived: &derived,
            protected: derived.protected || known.protected,
        };
        let line = line(&told, making.view).map_err(|error| match error {
            NoLine::Release(id) => AnalysisError::Release(id),
            NoLine::Record(message) => wrong(&message),
        })?;
        let key = making.secret.key(known.leader);
        let shape = making.shape;
        let (at, shaped) = shape
            .table(Some(record.kind()))
            .ok_or_else(|| wrong(&"no release has variables of its kind"))?;
        let cells = record_row(&shaped.table, &line).map_err(|error| wrong(&error))?;
        self.of_record((at, shaped), &record, key, &cells);
        let Some((at, shaped)) = shape.table(None) else {
            return Ok(());
        };
        let rows = part_rows(&shaped.table, &line).map_err(|error| wrong(&error))?;
        self.of_parts((at, shaped), &derived, key, &rows);
        Ok(())
    }

    fn of_record(
        &mut self,
        (at, shaped): (usize, &Shaped),
        record: &Record,
        key: [u8; 16],
        cells: &[vardnav_interchange::export::Cell],
    ) {
        let month = record.date().first_of_month();
        self.months.insert((at, month));
        let rows = self.rows(at, shaped);
        rows.begin();
        rows.date(days(month));
        rows.key(key);
        for (column, cell) in shaped.table.columns.iter().zip(cells) {
            rows.cell(column, cell);
        }
    }

    fn of_parts(
        &mut self,
        (at, shaped): (usize, &Shaped),
        derived: &Derived,
        key: [u8; 16],
        parts: &[Vec<vardnav_interchange::export::Cell>],
    ) {
        for (index, (part, cells)) in derived.parts.iter().zip(parts).enumerate() {
            let month = part.date.first_of_month();
            self.months.insert((at, month));
            let rows = self.rows(at, shaped);
            rows.begin();
            rows.date(days(month));
            rows.key(key);
            rows.small(i32::try_from(index).unwrap_or(i32::MAX));
            for (column, cell) in shaped.table.columns.iter().zip(cells) {
                rows.cell(column, cell);
            }
        }
    }

    fn rows(&mut self, at: usize, shaped: &Shaped) -> &mut Copying {
        let columns = shaped.own.len() + shaped.table.columns.len();
        self.rows.entry(at).or_insert_with(|| Copying::new(columns))
    }

    /// Adds another batch, of other streams.
    pub(crate) fn extend(&mut self, other: Self) {
        for (at, rows) in other.rows {
            match self.rows.entry(at) {
                std::collections::btree_map::Entry::Occupied(mut own) => own.get_mut().extend(rows),
                std::collections::btree_map::Entry::Vacant(own) => drop(own.insert(rows)),
            }
        }
        self.months.extend(other.months);
        self.gone.extend(other.gone);
        self.erased.extend(other.erased);
        self.reached.extend(other.reached);
        self.stuck.extend(other.stuck);
    }
}

/// Days since 1970-01-01.
fn days(date: Date) -> i32 {
    Date::constant(1970, 1, 1)
        .until(date)
        .map_or(0, |span| span.get_days())
}
