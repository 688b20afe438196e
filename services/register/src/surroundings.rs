//! What the records of one batch are judged against: the authority's view at the batch's beginning, with the reporter's
//! own maps, the episodes that the batch's records name, from the ledger or from earlier in the batch, and what the vault
//! knows of persons beside what is reported.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use vardnav_register::identity::PersonKey;
use vardnav_register::mapping::ReporterMaps;
use vardnav_register::person::Kommun;
use vardnav_register::surroundings::{CollectedFor, EpisodeView, ReleaseView, Surroundings};
use vardnav_register::unit::CareUnit;
use vardnav_store::{People, View};

/// Look-ups for one batch of one reporter.
#[derive(Clone)]
pub(crate) struct BatchSurroundings {
    pub(crate) view: Arc<View>,
    pub(crate) episodes: HashMap<String, Arc<EpisodeView>>,
    /// Of whom deaths, protection and residence are known, as the vault told them.
    pub(crate) people: Arc<People>,
    /// Whether the records are of a test delivery.
    pub(crate) synthetic: bool,
    /// For which register the records are collected.
    pub(crate) collected_for: CollectedFor,
}

impl BatchSurroundings {
    /// Records around which these episodes are, of persons of whom nothing is known beside.
    pub(crate) fn of(view: Arc<View>, episodes: HashMap<String, Arc<EpisodeView>>) -> Self {
        Self {
            view,
            episodes,
            people: Arc::default(),
            synthetic: false,
            collected_for: CollectedFor::RecordByRecord,
        }
    }
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

    fn is_synthetic(&self) -> bool {
        self.synthetic
    }

    fn collected_for(&self) -> &CollectedFor {
        &self.collected_for
    }

    fn died(&self, person: PersonKey) -> Option<Date> {
        // What is known of a death is the same on every date.
        self.people.state(person, Date::MAX).died
    }

    fn is_protected(&self, person: PersonKey, on: Date) -> bool {
        self.people.state(person, on).protected
    }

    fn residence(&self, person: PersonKey, on: Date) -> Option<Kommun> {
        let known = self.people.state(person, on).residence?;
        // Whose data are protected now lives nowhere, also in what was before.
        (!self.people.state(person, Date::MAX).protected).then_some(known)
    }

    fn is_same_person(&self, one: PersonKey, other: PersonKey) -> bool {
        self.people.is_same(one, other)
    }

    fn reporter_maps(&self, reporter: &str) -> Option<&ReporterMaps> {
        self.view.reporter_maps(reporter).ok().flatten()
    }
}
