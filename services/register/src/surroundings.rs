//! What the records of one batch are judged against: the authority's view at the batch's beginning, with the reporter's
//! own maps, and the episodes that the batch's records name, from the ledger or from earlier in the batch.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use vardnav_register::mapping::ReporterMaps;
use vardnav_register::surroundings::{EpisodeView, ReleaseView, Surroundings};
use vardnav_register::unit::CareUnit;
use vardnav_store::View;

/// Look-ups for one batch of one reporter.
#[derive(Clone)]
pub(crate) struct BatchSurroundings {
    pub(crate) view: Arc<View>,
    pub(crate) episodes: HashMap<String, Arc<EpisodeView>>,
}

impl Surroundings for BatchSurroundings {
    fn release_on(&self, date: Date) -> Option<ReleaseView<'_>> {
        self.view.snapshot_on(date).map(|release| release.view())
    }

    fn unit(&self, hsa_id: &str) -> Option<&CareUnit> {
        self.view.state().unit(hsa_id)
    }

    fn reporter_known(&self, reporter: &str) -> bool {
        self.view.state().reporter(reporter).is_some()
    }

    fn episode(&self, _reporter: &str, id: &str) -> Option<&EpisodeView> {
        self.episodes.get(id).map(Arc::as_ref)
    }

    fn reporter_maps(&self, reporter: &str) -> Option<&ReporterMaps> {
        self.view.reporter_maps(reporter).ok().flatten()
    }
}
