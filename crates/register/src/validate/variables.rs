//! The variables of a record by path: which kinds have each, whether a record states it; whether those that a release
//! requires are there, and whether all that is stated has a legal basis on the record's date. What the values mean is
//! judged elsewhere.

use super::Mechanism;
use super::bases::Bases;
use super::report::Report;
use crate::definition::RegisterDefinition;
use crate::record::{
    Body, CareRequest, Contact, Episode, IdentityType, MonitoringPeriod, Record, RecordKind,
};
use crate::surroundings::Surroundings;

/// A path of a record that a variable may be about.
pub struct RecordPath {
    /// The path, for example `segments.start`.
    pub path: &'static str,
    /// The kinds of record that have it.
    pub kinds: &'static [RecordKind],
    is_stated: fn(&Record) -> bool,
}

const ALL: &[RecordKind] = &RecordKind::ALL;
const CARE: &[RecordKind] = &[
    RecordKind::Episode,
    RecordKind::Contact,
    RecordKind::MonitoringPeriod,
];
const EPISODE: &[RecordKind] = &[RecordKind::Episode];
const CONTACT: &[RecordKind] = &[RecordKind::Contact];
const MONITORING: &[RecordKind] = &[RecordKind::MonitoringPeriod];
const REQUEST: &[RecordKind] = &[RecordKind::CareRequest];

const fn path(
    path: &'static str,
    kinds: &'static [RecordKind],
    is_stated: fn(&Record) -> bool,
) -> RecordPath {
    RecordPath {
        path,
        kinds,
        is_stated,
    }
}

/// Every path of a record that can be reported. Nothing is collected without a legal basis, so a release has a variable
/// for each, save for those that it may do without.
pub const RECORD_PATHS: &[RecordPath] = &[
    path("id", ALL, |_| true),
    path("revision", ALL, |_| true),
    path("person.type", ALL, |_| true),
    path("person.number", ALL, |_| true),
    path("person.sex", ALL, |record| record.person.sex.is_some()),
    path("person.birth_date", ALL, |record| {
        record.person.birth_date.is_some()
    }),
    path("person.protected", ALL, |record| record.person.protected),
    path("residence", ALL, |record| record.residence.is_some()),
    path("principals.responsible", ALL, |record| {
        !record.principals.responsible.is_empty()
    }),
    path("principals.performing", ALL, |record| {
        !record.principals.performing.is_empty()
    }),
    path("principals.bed_owner", ALL, |record| {
        !record.principals.bed_owner.is_empty()
    }),
    path("principals.payer", ALL, |record| {
        !record.principals.payer.is_empty()
    }),
    path("principals.basis", ALL, |record| {
        let roles = record.principals.by_role();
        let mut holders = roles.iter().flat_map(|(_, holders)| *holders);
        holders.any(|holder| holder.basis.is_some())
    }),
    path("provider", ALL, |record| record.provider.is_some()),
    path("unit", ALL, |record| record.unit.is_some()),
    path("facts", CARE, |record| !record.facts.is_empty()),
    path("codes", CARE, |record| !record.codes.is_empty()),
    path(
        "start",
        &[RecordKind::Episode, RecordKind::MonitoringPeriod],
        |record| matches!(record.body, Body::Episode(_) | Body::MonitoringPeriod(_)),
    ),
    path("end", CARE, |record| match &record.body {
        Body::Episode(episode) => episode.end.is_some(),
        Body::Contact(contact) => contact.end.is_some(),
        Body::MonitoringPeriod(period) => period.end.is_some(),
        Body::CareRequest(_) => false,
    }),
    path("end_mode", EPISODE, |record| {
        episode(record, |episode| episode.end_mode.is_some())
    }),
    path("decided_by", EPISODE, |record| {
        episode(record, |episode| episode.decided_by.is_some())
    }),
    path("plans.kind", EPISODE, |record| {
        episode(record, |episode| !episode.plans.is_empty())
    }),
    path("plans.legal_basis", EPISODE, |record| {
        episode(record, |episode| {
            episode.plans.iter().any(|plan| plan.legal_basis.is_some())
        })
    }),
    path("plans.parties", EPISODE, |record| {
        episode(record, |episode| {
            episode.plans.iter().any(|plan| !plan.parties.is_empty())
        })
    }),
    path("plans.from", EPISODE, |record| {
        episode(record, |episode| !episode.plans.is_empty())
    }),
    path("plans.until", EPISODE, |record| {
        episode(record, |episode| {
            episode.plans.iter().any(|plan| plan.until.is_some())
        })
    }),
    path("responsibilities.role", EPISODE, has_responsibilities),
    path("responsibilities.unit", EPISODE, |record| {
        episode(record, |episode| {
            episode.responsibilities.iter().any(|one| one.unit.is_some())
        })
    }),
    path("responsibilities.profession", EPISODE, |record| {
        episode(record, |episode| {
            episode
                .responsibilities
                .iter()
                .any(|one| one.profession.is_some())
        })
    }),
    path("responsibilities.from", EPISODE, has_responsibilities),
    path("responsibilities.until", EPISODE, |record| {
        episode(record, |episode| {
            episode.responsibilities.iter().any(|one| one.until.is_some())
        })
    }),
    path("segments.start", EPISODE, |record| {
        episode(record, |episode| !episode.segments.is_empty())
    }),
    path("segments.end", EPISODE, |record| {
        episode(record, |episode| {
            episode.segments.iter().any(|segment| segment.end.is_some())
        })
    }),
    path("segments.unit", EPISODE, |record| {
        episode(record, |episode| {
            episode.segments.iter().any(|segment| segment.unit.is_some())
        })
    }),
    path("segments.facts", EPISODE, |record| {
        episode(record, |episode| {
            episode.segments.iter().any(|segment| !segment.facts.is_empty())
        })
    }),
    path("segments.codes", EPISODE, |record| {
        episode(record, |episode| {
            episode.segments.iter().any(|segment| !segment.codes.is_empty())
        })
    }),
    path(
        "date",
        &[RecordKind::Contact, RecordKind::CareRequest],
        |record| matches!(record.body, Body::Contact(_) | Body::CareRequest(_)),
    ),
    path(
        "episode",
        &[RecordKind::Contact, RecordKind::MonitoringPeriod],
        |record| super::episode_id(record).is_some(),
    ),
    path(
        "professions",
        &[RecordKind::Contact, RecordKind::CareRequest],
        |record| match &record.body {
            Body::Contact(contact) => !contact.professions.is_empty(),
            Body::CareRequest(request) => !request.professions.is_empty(),
            Body::Episode(_) | Body::MonitoringPeriod(_) => false,
        },
    ),
    path("delegated", CONTACT, |record| {
        contact(record, |contact| contact.delegated.is_some())
    }),
    path(
        "reason",
        &[RecordKind::Contact, RecordKind::CareRequest],
        |record| match &record.body {
            Body::Contact(contact) => contact.reason.is_some(),
            Body::CareRequest(request) => request.reason.is_some(),
            Body::Episode(_) | Body::MonitoringPeriod(_) => false,
        },
    ),
    path("diagnoses", CONTACT, |record| {
        contact(record, |contact| !contact.diagnoses.is_empty())
    }),
    path("external_causes", CONTACT, |record| {
        contact(record, |contact| !contact.external_causes.is_empty())
    }),
    path("procedures", CONTACT, |record| {
        contact(record, |contact| !contact.procedures.is_empty())
    }),
    path("requested", CONTACT, |record| {
        contact(record, |contact| contact.requested.is_some())
    }),
    path("first_contact", CONTACT, |record| {
        contact(record, |contact| contact.first_contact.is_some())
    }),
    path("ordered_by", MONITORING, |record| {
        monitoring(record, |period| period.ordered_by.is_some())
    }),
    path("measures", MONITORING, |record| {
        monitoring(record, |period| !period.measures.is_empty())
    }),
    path("thresholds", MONITORING, |record| {
        monitoring(record, |period| period.thresholds.is_some())
    }),
    path("response_duty", MONITORING, |record| {
        monitoring(record, |period| period.response_duty.is_some())
    }),
    path("assessed_alarms", MONITORING, |record| {
        monitoring(record, |period| period.assessed_alarms.is_some())
    }),
    path("problem", REQUEST, |record| {
        request(record, |request| request.problem.is_some())
    }),
    path("channel", REQUEST, |record| {
        request(record, |request| request.channel.is_some())
    }),
    path("contacted", REQUEST, |record| {
        request(record, |request| request.contacted.is_some())
    }),
    path("assessed", REQUEST, |record| {
        request(record, |request| request.assessed.is_some())
    }),
    path("ending", REQUEST, |record| {
        request(record, |request| request.ending.is_some())
    }),
    path("ended", REQUEST, |record| {
        request(record, |request| request.ended.is_some())
    }),
];

/// Paths that a release need not take. Without a variable for them a record that states them is told that there is no
/// such field.
pub const OPTIONAL_PATHS: &[&str] = &["codes", "segments.codes"];

/// The variables of a release, in the order of [`RECORD_PATHS`].
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    by_path: Vec<Option<Collected>>,
}

/// A variable that a release collects.
#[derive(Debug, Clone)]
struct Collected {
    id: String,
    kinds: Vec<RecordKind>,
    required: bool,
    bases: Bases,
}

impl Variables {
    pub(super) fn compile(definition: &RegisterDefinition) -> Self {
        let by_path = RECORD_PATHS.iter().map(|known| {
            let mut variables = definition.variables.iter();
            let variable = variables.find(|variable| variable.path == known.path)?;
            Some(Collected {
                id: variable.id.clone(),
                kinds: variable.kinds.clone(),
                required: variable.required,
                bases: Bases::of(variable, definition),
            })
        });
        Self {
            by_path: by_path.collect(),
        }
    }

    /// Whether what a record states may be held by the register that it is collected for, and what that requires is
    /// there. Of test data nothing is asked for a basis.
    pub(super) fn check<S: Surroundings + ?Sized>(
        &self,
        record: &Record,
        with_person: bool,
        surroundings: &S,
        report: &mut Report<'_>,
    ) {
        let (kind, date) = (record.kind(), record.date());
        let (synthetic, collected_for) = (surroundings.is_synthetic(), surroundings.collected_for());
        let is_held =
            |variable: &Collected| variable.kinds.contains(&kind) && variable.bases.hold(date, collected_for);
        for (known, collected) in RECORD_PATHS.iter().zip(&self.by_path) {
            let is_stated = (known.is_stated)(record);
            match collected {
                _ if known.path.starts_with("person.") && !with_person => {}
                Some(variable) if variable.required && !is_stated => {
                    if is_held(variable) && !is_excused(known.path, record) {
                        report.add(Mechanism::FormatMissingField, || known.path.to_owned());
                    }
                }
                _ if !is_stated || synthetic || OPTIONAL_PATHS.contains(&known.path) => {}
                Some(variable) if is_held(variable) => {}
                Some(variable) => {
                    let told = format!("variable {}, {}", variable.id, variable.bases.told(collected_for));
                    report.add_with(Mechanism::VariableNoBasis, || known.path.to_owned(), &told);
                }
                None => report.add(Mechanism::VariableNoBasis, || known.path.to_owned()),
            }
        }
    }
}

/// Whether a record lacks a required variable rightly.
fn is_excused(path: &str, record: &Record) -> bool {
    match path {
        // Numbers other than reserve numbers tell both.
        "person.sex" | "person.birth_date" => record.person.identity_type != IdentityType::Reserve,
        // Of a protected identity no residence is taken, required or not.
        "residence" => record.person.protected,
        _ => false,
    }
}

fn has_responsibilities(record: &Record) -> bool {
    episode(record, |episode| !episode.responsibilities.is_empty())
}

fn episode(record: &Record, is_stated: impl Fn(&Episode) -> bool) -> bool {
    matches!(&record.body, Body::Episode(episode) if is_stated(episode))
}

fn contact(record: &Record, is_stated: impl Fn(&Contact) -> bool) -> bool {
    matches!(&record.body, Body::Contact(contact) if is_stated(contact))
}

fn monitoring(record: &Record, is_stated: impl Fn(&MonitoringPeriod) -> bool) -> bool {
    matches!(&record.body, Body::MonitoringPeriod(period) if is_stated(period))
}

fn request(record: &Record, is_stated: impl Fn(&CareRequest) -> bool) -> bool {
    matches!(&record.body, Body::CareRequest(request) if is_stated(request))
}
