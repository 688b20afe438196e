//! What a clause means in an edition, kept from one question to the next, for a few editions.

use std::sync::{Arc, RwLock, Weak};

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

/// Most editions whose meanings are kept.
const EDITIONS_MAX: usize = 4;

/// Meanings by edition, that kept last at the end.
#[derive(Debug, Default)]
pub(crate) struct Kept(RwLock<Vec<(Weak<Edition>, Arc<Meaning>)>>);

impl Kept {
    /// The meaning in an edition, if it is kept.
    pub(crate) fn get(&self, edition: &Arc<Edition>) -> Option<Arc<Meaning>> {
        let all = self.0.read().ok()?;
        let found = all
            .iter()
            .find(|(of, _)| std::ptr::eq(of.as_ptr(), Arc::as_ptr(edition)));
        found.map(|(_, meaning)| Arc::clone(meaning))
    }

    /// Whether another can be kept without giving one up.
    pub(crate) fn has_room(&self) -> bool {
        self.0.read().is_ok_and(|all| all.len() < EDITIONS_MAX)
    }

    /// Keeps the meaning in an edition; of too many, and of editions that are gone, the first is given up.
    pub(crate) fn put(&self, edition: &Arc<Edition>, meaning: Arc<Meaning>) {
        if let Ok(mut all) = self.0.write() {
            all.retain(|(of, _)| of.strong_count() > 0);
            if all.len() >= EDITIONS_MAX {
                all.remove(0);
            }
            all.push((Arc::downgrade(edition), meaning));
        }
    }
}
