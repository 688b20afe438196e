//! The contents of releases and drafts as pages compare them: read from the kept packages once, and kept at hand while
//! they are asked for. What is asked is asked on the threads where pages are made; it must not be asked on others.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use vardnav_interchange::release as files;
use vardnav_release::diff::{self, Change};
use vardnav_release::package::Package;
use vardnav_release::source::ReleaseSource;
use vardnav_release::{Digest, Snapshot};
use vardnav_store::Authority;

/// Contents, and differences between them, that are kept at hand.
const KEPT_MAX: usize = 8;

/// Contents by the digests of their packages.
pub(super) struct Contents {
    authority: Arc<Authority>,
    sources: Kept<Digest, ReleaseSource>,
    compiled: Kept<Digest, Snapshot>,
    differences: Kept<(Digest, Digest), Vec<Change>>,
}

impl Contents {
    /// Those that `authority` keeps.
    pub(super) fn new(authority: Arc<Authority>) -> Self {
        Self {
            authority,
            sources: Kept::default(),
            compiled: Kept::default(),
            differences: Kept::default(),
        }
    }

    /// What differs from one content to another.
    pub(super) fn differences(&self, old: Digest, new: Digest) -> Option<Arc<Vec<Change>>> {
        self.differences.or(&(old, new), || {
            let (old, new) = (self.source(old)?, self.source(new)?);
            Some(diff::diff(&old, &new))
        })
    }

    /// A content, compiled.
    pub(super) fn compiled(&self, content: Digest) -> Option<Arc<Snapshot>> {
        self.compiled
            .or(&content, || files::compile(&self.package(content)?, &[]).ok())
    }

    fn source(&self, content: Digest) -> Option<Arc<ReleaseSource>> {
        self.sources
            .or(&content, || files::parse(&self.package(content)?).source)
    }

    fn package(&self, content: Digest) -> Option<Package> {
        let asked = Handle::try_current()
            .ok()?
            .block_on(self.authority.package(&content));
        asked.ok()
    }
}

/// The things asked for last.
struct Kept<K, V>(Mutex<Vec<(K, Arc<V>)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + PartialEq, V> Kept<K, V> {
    /// What is kept under a key, else what is made now; what cannot be made is not kept.
    fn or(&self, key: &K, make: impl FnOnce() -> Option<V>) -> Option<Arc<V>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.iter().position(|(known, _)| known == key) {
            let found = kept.remove(place);
            let value = Arc::clone(&found.1);
            kept.push(found);
            return Some(value);
        }
        drop(kept);
        let value = Arc::new(make()?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((*key, Arc::clone(&value)));
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_MAX, Kept};

    #[test]
    fn what_was_asked_for_last_is_kept() {
        let kept = Kept::default();
        for key in 0..=KEPT_MAX {
            assert_eq!(kept.or(&key, || Some(key)).as_deref(), Some(&key));
            assert_eq!(
                kept.or(&0, || Some(7)).as_deref(),
                Some(&0),
                "asked for again and again"
            );
        }
        assert_eq!(kept.or(&1, || Some(9)).as_deref(), Some(&9), "made anew");
        assert_eq!(kept.or(&99, || None::<usize>), None);
        assert_eq!(kept.0.lock().unwrap().len(), KEPT_MAX);
    }
}
