//! What a clause means in an edition, kept from one question to the next, for a few editions.

use std::sync::{Arc, RwLock, Weak};

use jiff::civil::Date;

use super::issue::Failure;
use crate::edition::Edition;
use crate::set::ConceptSet;

/// What a clause on a code system means in one edition.
#[derive(Debug)]
pub(crate) struct Meaning {
    /// The concepts that it enumerates and all of whose filters hold.
    pub(crate) set: ConceptSet,
    /// The concepts in the order they are enumerated, each once; `None` for the order of the code system.
    pub(crate) listed: Option<Box<[u32]>>,
}

/// What came of finding a meaning: a failure is kept too, since finding it again may cost as much.
pub(crate) type Found = Result<Arc<Meaning>, Failure>;

/// Most meanings that are kept.
const MEANINGS_MAX: usize = 4;

/// Meanings by edition, and by date where that matters; that kept last at the end.
#[derive(Debug, Default)]
pub(crate) struct Kept(RwLock<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    edition: Weak<Edition>,
    date: Option<Date>,
    found: Found,
}

impl Kept {
    /// What was found in an edition, if it is kept.
    pub(crate) fn get(&self, edition: &Arc<Edition>, date: Option<Date>) -> Option<Found> {
        let all = self.0.read().ok()?;
        let mut all = all.iter();
        let entry = all
            .find(|entry| std::ptr::eq(entry.edition.as_ptr(), Arc::as_ptr(edition)) && entry.date == date);
        entry.map(|entry| entry.found.clone())
    }

    /// Whether another can be kept without giving one up.
    pub(crate) fn has_room(&self) -> bool {
        self.0.read().is_ok_and(|all| all.len() < MEANINGS_MAX)
    }

    /// Keeps what was found in an edition; of too many, and of editions that are gone, the first is given up.
    pub(crate) fn put(&self, edition: &Arc<Edition>, date: Option<Date>, found: Found) {
        if let Ok(mut all) = self.0.write() {
            all.retain(|entry| entry.edition.strong_count() > 0);
            if all.len() >= MEANINGS_MAX {
                all.remove(0);
            }
            all.push(Entry {
                edition: Arc::downgrade(edition),
                date,
                found,
            });
        }
    }
}
