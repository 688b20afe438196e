//! Publications of figures as the stream tells of them: of each year in order, the last of which holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{FoldError, Mark};
use crate::entry::PublicationRecord;

/// All publications, by year. Cloning shares them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publications {
    known: Arc<BTreeMap<i16, Vec<KeptPublication>>>,
}

/// A publication as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPublication {
    /// What was published.
    pub record: PublicationRecord,
    /// Who published it, and when.
    pub mark: Mark,
}

impl Publications {
    /// Takes a publication in: the next one of its year.
    pub(super) fn take(&mut self, record: &PublicationRecord, mark: Mark) -> Result<(), FoldError> {
        let last = self.last(record.year);
        if last.is_some_and(|last| last.record == *record && last.mark == mark) {
            return Ok(());
        }
        let next = last.map_or(Some(1), |last| last.record.number.checked_add(1));
        if next != Some(record.number) {
            return Err(FoldError::Publication(record.id()));
        }
        let of_year = Arc::make_mut(&mut self.known).entry(record.year).or_default();
        of_year.push(KeptPublication {
            record: record.clone(),
            mark,
        });
        Ok(())
    }

    /// The publications of a year, the first one first.
    pub fn of_year(&self, year: i16) -> &[KeptPublication] {
        self.known.get(&year).map_or(&[], Vec::as_slice)
    }

    /// The publication of a year that holds.
    pub fn last(&self, year: i16) -> Option<&KeptPublication> {
        self.of_year(year).last()
    }

    /// A publication by its id, as `2026-1`.
    pub fn get(&self, id: &str) -> Option<&KeptPublication> {
        let (year, number) = id.rsplit_once('-')?;
        let number: u32 = number.parse().ok()?;
        let kept = self.of_year(year.parse().ok()?).iter();
        kept.filter(|kept| kept.record.id() == id)
            .find(|kept| kept.record.number == number)
    }

    /// The publication that takes the place of another.
    pub fn after(&self, record: &PublicationRecord) -> Option<&KeptPublication> {
        let mut of_year = self.of_year(record.year).iter();
        of_year.find(|kept| kept.record.number.checked_sub(1) == Some(record.number))
    }

    /// All publications, by year and number.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &KeptPublication> {
        self.known.values().flatten()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.known.values().map(Vec::len).sum()
    }
}
