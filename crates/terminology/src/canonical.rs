//! Published things by address and version: what value sets and maps are kept in, and how one is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::version;

/// An address with or without a version: FHIR's `canonical`, written `url` or `url|version`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Canonical {
    /// The address.
    pub url: String,
    /// The version, or a pattern of versions; empty when none is stated.
    pub version: String,
}

impl Canonical {
    /// Reads `url` or `url|version`.
    pub fn parse(text: &str) -> Self {
        let (url, version) = split(text);
        Self {
            url: url.to_owned(),
            version: version.to_owned(),
        }
    }
}

/// The address and the version of `url|version`; the version is empty when there is none.
pub(crate) fn split(text: &str) -> (&str, &str) {
    text.split_once('|').unwrap_or((text, ""))
}

/// An address with its version, as FHIR writes it.
pub(crate) fn join(url: &str, version: &str) -> String {
    match version {
        "" => url.to_owned(),
        version => format!("{url}|{version}"),
    }
}

/// Something published under an address and a version.
pub(crate) trait Published {
    /// Its address.
    fn url(&self) -> &str;

    /// Its version; empty when none is stated.
    fn version(&self) -> &str;
}

/// Things by address, each address with its versions from the oldest to the newest.
#[derive(Debug)]
pub(crate) struct Shelf<T>(BTreeMap<String, Vec<Arc<T>>>);

impl<T> Clone for Shelf<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Published> Shelf<T> {
    /// Puts something in. Answers false, and keeps what was there, when its address and version are taken.
    pub(crate) fn insert(&mut self, thing: Arc<T>) -> bool {
        let versions = self.0.entry(thing.url().to_owned()).or_default();
        match versions.binary_search_by(|other| {
            version::compare(other.version(), thing.version())
                .then_with(|| other.version().cmp(thing.version()))
        }) {
            Ok(_) => false,
            Err(at) => {
                versions.insert(at, thing);
                true
            }
        }
    }

    /// The newest that has an address and whose version is what `pattern` says; any version when it is empty.
    pub(crate) fn find(&self, url: &str, pattern: &str) -> Option<&Arc<T>> {
        let versions = self.0.get(url)?;
        match pattern {
            "" => versions.last(),
            pattern => versions
                .iter()
                .rev()
                .find(|thing| version::matches(pattern, thing.version())),
        }
    }

    /// All versions of an address, from the oldest to the newest.
    pub(crate) fn versions(&self, url: &str) -> &[Arc<T>] {
        self.0.get(url).map_or(&[], Vec::as_slice)
    }

    /// All, by address, then from the oldest to the newest.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.0.values().flatten()
    }
}
