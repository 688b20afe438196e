//! The maps of the reporters as they were loaded: whole for a reporter, or not at all, so that no record is judged with
//! some of its maps missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use vardnav_register::mapping::{CodeMap, DatedMap, ReporterMaps};
use vardnav_release::Digest;
use vardnav_release::entry::ConceptMapRecord;

/// The maps of all reporters.
#[derive(Default)]
pub(crate) struct Maps {
    loaded: Vec<(ConceptMapRecord, Result<Arc<CodeMap>, String>)>,
    /// Places among the loaded, by the blobs.
    by_blob: BTreeMap<Digest, Vec<usize>>,
    by_reporter: BTreeMap<String, Result<ReporterMaps, String>>,
}

impl Maps {
    /// Takes in the next map, in the order in which they were put. To be followed by [`Maps::gather`].
    pub(crate) fn add(&mut self, record: &ConceptMapRecord, map: Result<Arc<CodeMap>, String>) {
        self.by_blob
            .entry(record.blob)
            .or_default()
            .push(self.loaded.len());
        self.loaded.push((record.clone(), map));
    }

    /// Puts together what each reporter has.
    pub(crate) fn gather(&mut self) {
        let mut by_reporter: BTreeMap<String, Result<Vec<DatedMap>, String>> = BTreeMap::new();
        for (record, map) in &self.loaded {
            let maps = by_reporter
                .entry(record.reporter.clone())
                .or_insert(Ok(Vec::new()));
            match (maps, map) {
                (Ok(maps), Ok(map)) => maps.push(DatedMap {
                    url: record.url.clone(),
                    from: record.from,
                    map: Arc::clone(map),
                }),
                (maps @ Ok(_), Err(error)) => *maps = Err(error.clone()),
                (Err(_), _) => {}
            }
        }
        let maps = by_reporter.into_iter();
        self.by_reporter = maps
            .map(|(reporter, maps)| (reporter, maps.map(ReporterMaps::new)))
            .collect();
    }

    /// A map that is loaded.
    pub(crate) fn loaded(&self, record: &ConceptMapRecord) -> Option<Arc<CodeMap>> {
        let places = self.by_blob.get(&record.blob)?.iter();
        let mut known = places.filter_map(|at| self.loaded.get(*at));
        let (_, map) = known.find(|(known, _)| known == record)?;
        map.as_ref().ok().cloned()
    }

    /// The maps of a reporter; none when it has none.
    pub(crate) fn of(&self, reporter: &str) -> Option<&Result<ReporterMaps, String>> {
        self.by_reporter.get(reporter)
    }

    /// What could not be loaded, and why.
    pub(crate) fn lost(&self) -> impl Iterator<Item = (String, &str)> {
        self.loaded.iter().filter_map(|(record, map)| {
            let name = format!("map {} of {}", record.version, record.url);
            Some((name, map.as_ref().err()?.as_str()))
        })
    }
}
