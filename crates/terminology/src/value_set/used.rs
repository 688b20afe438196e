//! What an answer about a value set rests on: code systems, value sets and supplements with their versions, and which of
//! them are not for use without thought.

use std::sync::Arc;

use super::compiled::ValueSetEdition;
use crate::canonical;
use crate::edition::Edition;
use crate::model::{Content, Publication, PublicationStatus};

/// What an answer rests on.
#[derive(Debug, Clone, Default)]
pub struct Used {
    /// Code systems, as `url|version`.
    pub code_systems: Vec<String>,
    /// Imported value sets, as `url|version`.
    pub value_sets: Vec<String>,
    /// Supplements, as `url|version`.
    pub supplements: Vec<String>,
    /// Code systems that are here in part only: there may be more codes than are answered.
    pub fragments: Vec<String>,
    /// What of it is not for use without thought.
    pub warnings: Vec<StatusWarning>,
    editions: Vec<Arc<Edition>>,
}

/// Something used that is not, or no longer, for use without thought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusWarning {
    /// What its state is.
    pub status: UsedStatus,
    /// Whether it is a value set rather than a code system.
    pub is_value_set: bool,
    /// It, as `url|version`.
    pub canonical: String,
}

/// States that something used is warned of for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsedStatus {
    /// Not yet for use, while what uses it is.
    Draft,
    /// For trying out only, while what uses it is not.
    Experimental,
    /// Taken out of use.
    Retired,
    /// To be taken out of use.
    Deprecated,
    /// Taken back.
    Withdrawn,
}

impl UsedStatus {
    /// FHIR's word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Experimental => "experimental",
            Self::Retired => "retired",
            Self::Deprecated => "deprecated",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Used {
    pub(crate) fn note_code_system(&mut self, edition: &Arc<Edition>) {
        if self.editions.iter().any(|noted| Arc::ptr_eq(noted, edition)) {
            return;
        }
        let canonical = canonical::join(edition.url(), edition.version());
        if edition.content() == Content::Fragment {
            self.fragments.push(canonical.clone());
        }
        self.code_systems.push(canonical);
        self.editions.push(Arc::clone(edition));
    }

    pub(crate) fn note_value_set(&mut self, value_set: &ValueSetEdition) {
        let canonical = value_set.canonical();
        if !self.value_sets.contains(&canonical) {
            self.value_sets.push(canonical);
        }
    }

    /// Notes the states of all that was used, seen from the value set that was asked for.
    pub(crate) fn note_statuses(
        &mut self,
        top: &ValueSetEdition,
        reached: &[Arc<ValueSetEdition>],
        supplements: &[Arc<Edition>],
    ) {
        self.warnings = warnings(top, reached, &self.editions).collect();
        let canonical = |edition: &Arc<Edition>| canonical::join(edition.url(), edition.version());
        self.supplements = supplements.iter().map(canonical).collect();
    }
}

/// What of value sets and editions is not for use without thought, seen from a value set that uses them.
pub(crate) fn warnings(
    by: &ValueSetEdition,
    value_sets: &[Arc<ValueSetEdition>],
    editions: &[Arc<Edition>],
) -> impl Iterator<Item = StatusWarning> {
    let by = &by.source().publication;
    let value_sets = value_sets.iter().filter_map(move |value_set| {
        Some(StatusWarning {
            status: status(&value_set.source().publication, by)?,
            is_value_set: true,
            canonical: value_set.canonical(),
        })
    });
    let editions = editions.iter().filter_map(move |edition| {
        Some(StatusWarning {
            status: status(edition.publication(), by)?,
            is_value_set: false,
            canonical: canonical::join(edition.url(), edition.version()),
        })
    });
    value_sets.chain(editions)
}

fn status(used: &Publication, by: &Publication) -> Option<UsedStatus> {
    match used.standards_status.as_str() {
        "deprecated" => return Some(UsedStatus::Deprecated),
        "withdrawn" => return Some(UsedStatus::Withdrawn),
        _ => {}
    }
    match used.status {
        PublicationStatus::Retired => Some(UsedStatus::Retired),
        PublicationStatus::Draft if by.status != PublicationStatus::Draft => Some(UsedStatus::Draft),
        _ if used.experimental && !by.experimental => Some(UsedStatus::Experimental),
        _ => None,
    }
}
