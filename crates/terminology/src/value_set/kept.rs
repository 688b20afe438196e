//! What a clause means in an edition, kept from one question to the next: one edition at a time, since nearly all
//! questions are about the same.

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

/// The meaning in the edition that was asked for last.
#[derive(Debug, Default)]
pub(crate) struct Kept(RwLock<Option<(Weak<Edition>, Arc<Meaning>)>>);

impl Kept {
    /// The meaning in an edition, if it is the one that is kept.
    pub(crate) fn get(&self, edition: &Arc<Edition>) -> Option<Arc<Meaning>> {
        let kept = self.0.read().ok()?;
        let (of, meaning) = kept.as_ref()?;
        std::ptr::eq(of.as_ptr(), Arc::as_ptr(edition)).then(|| Arc::clone(meaning))
    }

    /// Keeps the meaning in an edition instead of what was kept.
    pub(crate) fn put(&self, edition: &Arc<Edition>, meaning: Arc<Meaning>) {
        if let Ok(mut kept) = self.0.write() {
            *kept = Some((Arc::downgrade(edition), meaning));
        }
    }
}
