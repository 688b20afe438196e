//! Contacts that are alike, from the marks that the projection keeps: the marks of a page of entries become rows, and the
//! rows of a month the contacts that stand and share a likeness. What is listed by id is read from the ledger and compared
//! again. What a likeness is, and the form of the rows, is said in `vardnav_register::quality::alike`.

use std::collections::BTreeMap;

use vardnav_api::common::{date_message, severity_message};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::bytes::DecodeError;
use vardnav_register::definition::Severity;
use vardnav_register::delivery::Month;
use vardnav_register::entry::Entry;
use vardnav_register::quality::Counts;
use vardnav_register::quality::alike::{Blocks, Gathered, Mark, block_key, marks_of, months_from, number_of};
use vardnav_register::record::Record;
use vardnav_register::validate::{Mechanism, contact_key};
use vardnav_store::{Change, StoreError, StreamId, View};

use super::answer::Together;
use super::{PROJECTION, Quality, damaged, damaged_row};
use crate::ledger;

/// Blocks read at a time.
const SCAN: u32 = 500;
/// Contacts told of those that are alike.
const GROUP_MAX: usize = 1_000;
/// Others named with a contact.
const OTHERS_MAX: usize = 100;

/// Marks by month, each month's in the order in which entries became current.
pub(super) type Marks = BTreeMap<Month, Vec<Mark>>;

/// A contact that says the same as others do.
struct Alike {
    entry: Entry,
    record: Record,
}

impl Quality {
    /// The rows that marks fill, which go on with those that are there.
    pub(super) async fn blocks(&self, reporter: &str, marks: Marks) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        for (month, marks) in marks {
            let last = self.last_block(reporter, month).await?;
            let mut blocks = last.map_or_else(Blocks::default, |(number, last)| Blocks::after(number, last));
            marks.iter().for_each(|mark| blocks.push(mark));
            let changed = blocks.into_changed().into_iter();
            changes.extend(changed.map(|(number, block)| Change {
                key: block_key(reporter, month, number),
                value: Some(block),
            }));
        }
        Ok(changes)
    }

    /// What is found of the records of each month together.
    ///
    /// # Errors
    /// When the store does not answer or a row cannot be read.
    pub(super) async fn together(
        &self,
        reporter: &str,
        (from, until): (Month, Month),
        view: &View,
    ) -> Result<BTreeMap<Month, Together>, StoreError> {
        let mut together: BTreeMap<Month, Together> = BTreeMap::new();
        for month in months(from, until) {
            for mark in self.alike(reporter, month).await?.iter().flatten() {
                let Some((code, severity)) = told_as(view, month, mark.likeness.day) else {
                    continue;
                };
                let of = together.entry(month).or_default().entry(code.to_owned());
                let (_, counts) = of.or_insert((severity, Counts::default()));
                match mark.held {
                    true => counts.held += 1,
                    false => counts.accepted += 1,
                }
            }
        }
        Ok(together)
    }

    /// The contacts alike of some months by group, after the one of a month that begins at a position: about `size`, and
    /// where to go on.
    ///
    /// # Errors
    /// When the store does not answer, or a row or an entry cannot be read.
    pub(super) async fn listed(
        &self,
        stream: &StreamId,
        (from, until): (Month, Month),
        after: Option<(Month, u64)>,
        size: usize,
        view: &View,
    ) -> Result<(Vec<pb::ContactAlike>, Option<(Month, u64)>), StoreError> {
        let reporter = stream.as_reporter().unwrap_or_default();
        let (mut listed, mut last) = (Vec::new(), None);
        let begin = after.map_or(from, |(month, _)| month.max(from));
        for month in months(begin, until) {
            for mut group in self.alike(reporter, month).await? {
                let Some(first) = group.first().copied() else {
                    continue;
                };
                let at = (month, first.position);
                let Some(found_as) = told_as(view, month, first.likeness.day) else {
                    continue;
                };
                if after.is_some_and(|after| at <= after) {
                    continue;
                }
                if listed.len() >= size {
                    return Ok((listed, last));
                }
                group.truncate(GROUP_MAX);
                for group in self.compared(stream, &group).await? {
                    listed.extend(messages(&group, found_as));
                }
                last = Some(at);
            }
        }
        Ok((listed, None))
    }

    /// The contacts of a month that stand and are alike, by two and more: by their first position, and so within.
    ///
    /// # Errors
    /// When the store does not answer or a row cannot be read.
    pub(super) async fn alike(&self, reporter: &str, month: Month) -> Result<Vec<Vec<Mark>>, StoreError> {
        let Some((number, last)) = self.last_block(reporter, month).await? else {
            return Ok(Vec::new());
        };
        let gathering = self.gathering.acquire().await;
        let _gathering = gathering.map_err(|_| crate::stopping())?;
        let shares = Gathered::shares(marks_of(number, &last));
        let mut groups = Vec::new();
        for share in 0..shares {
            groups.extend(self.gather(reporter, month, Gathered::new(share, shares)).await?);
        }
        groups.sort_unstable_by_key(|group| group.first().map(|mark| mark.position));
        Ok(groups)
    }

    async fn gather(
        &self,
        reporter: &str,
        month: Month,
        mut gathered: Gathered,
    ) -> Result<Vec<Vec<Mark>>, StoreError> {
        let prefix = months_from(reporter, month);
        let mut from = prefix.clone();
        loop {
            let rows = self.store.scan(PROJECTION, &from, SCAN).await?;
            let full = rows.len() == SCAN as usize;
            let mut own = true;
            for row in rows {
                own = row.key.starts_with(&prefix);
                if !own {
                    break;
                }
                gathered.take(&row.value).map_err(|_| damaged_row())?;
                from = row.key;
            }
            if !full || !own {
                break;
            }
            from.push(0);
        }
        let sorted = tokio::task::spawn_blocking(move || gathered.alike());
        sorted.await.map_err(|_| crate::stopping())
    }

    /// The block that marks of a month are added to, with its number; none while the month has no marks.
    async fn last_block(&self, reporter: &str, month: Month) -> Result<Option<(u32, Vec<u8>)>, StoreError> {
        let prefix = months_from(reporter, month);
        let rows = self.store.scan(PROJECTION, &prefix, 1).await?;
        let Some(row) = rows.into_iter().find(|row| row.key.starts_with(&prefix)) else {
            return Ok(None);
        };
        let number = number_of(&row.key).ok_or_else(damaged_row)?;
        Ok(Some((number, row.value)))
    }

    /// Contacts that share a digest, read from the ledger and compared by what they say, so that groups are of contacts
    /// alike and of no others.
    async fn compared(&self, stream: &StreamId, group: &[Mark]) -> Result<Vec<Vec<Alike>>, StoreError> {
        let positions = group.iter().map(|mark| mark.position).collect();
        let mut found = ledger::read(self.store.as_ref(), stream, positions).await?;
        let mut by_key: BTreeMap<[u8; 16], Vec<Alike>> = BTreeMap::new();
        for mark in group {
            let Some(former) = found.remove(&mark.position) else {
                continue;
            };
            if let Some((key, alike)) = alike(former.entry).map_err(damaged(stream, mark.position))? {
                by_key.entry(key).or_default().push(alike);
            }
        }
        Ok(by_key.into_values().filter(|group| group.len() > 1).collect())
    }
}

/// A contact and what it is compared by; `None` when it was erased meanwhile.
fn alike(entry: Entry) -> Result<Option<([u8; 16], Alike)>, DecodeError> {
    let (Some(record), Some((person, derived))) = (entry.record()?, entry.derived()?) else {
        return Ok(None);
    };
    let key = contact_key(&record, person, &derived);
    Ok(key.map(|key| (key, Alike { entry, record })))
}

/// What is told of contacts alike: each with the others.
fn messages(group: &[Alike], (code, severity): (&str, Severity)) -> Vec<pb::ContactAlike> {
    let ids: Vec<&str> = group.iter().map(|alike| alike.record.id.as_str()).collect();
    let told = group.iter().map(|Alike { entry, record }| pb::ContactAlike {
        code: code.to_owned(),
        severity: severity_message(severity).into(),
        id: record.id.clone(),
        revision: entry.header.revision,
        date: Some(date_message(record.date())),
        unit: record.unit.clone().unwrap_or_default(),
        others: ids
            .iter()
            .filter(|id| **id != record.id)
            .take(OTHERS_MAX)
            .map(|id| (*id).to_owned())
            .collect(),
    });
    told.collect()
}

/// The finding code by which contacts alike on a day of a month are told, with its weight, as the release in force on
/// the day says; `None` when it asks for none.
fn told_as(view: &View, month: Month, day: u8) -> Option<(&str, Severity)> {
    let date = month
        .first_day()
        .with()
        .day(i8::try_from(day).ok()?)
        .build()
        .ok()?;
    let checks = view.snapshot_on(date)?.view().checks;
    checks.told_as(Mechanism::ContactDuplicate, date)
}

fn months(from: Month, until: Month) -> impl Iterator<Item = Month> {
    std::iter::successors(Some(from), |month| Some(month.next())).take_while(move |month| *month < until)
}
