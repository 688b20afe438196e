//! Whether the variables that a release requires are there.

use jiff::civil::Date;

use super::Mechanism;
use super::report::Report;
use crate::definition::Variable;
use crate::record::{Body, Contact, Episode, IdentityType, MonitoringPeriod, Record, RecordKind};

/// A required variable, with the way to look for it.
#[derive(Debug, Clone)]
pub(super) struct Required {
    path: String,
    kinds: Vec<RecordKind>,
    from: Date,
    is_there: fn(&Record) -> bool,
}

/// The required variables that a record can lack. Paths that no record can lack, or that are not known, are left
/// out.
pub(super) fn compile(variables: &[Variable]) -> Vec<Required> {
    variables
        .iter()
        .filter(|variable| variable.required)
        .filter_map(|variable| {
            Some(Required {
                path: variable.path.clone(),
                kinds: variable.kinds.clone(),
                from: variable.from,
                is_there: presence(&variable.path)?,
            })
        })
        .collect()
}

pub(super) fn check(record: &Record, required: &[Required], with_person: bool, report: &mut Report<'_>) {
    let (kind, date) = (record.kind(), record.date());
    let asked = |variable: &&Required| with_person || !variable.path.starts_with("person.");
    for variable in required.iter().filter(asked) {
        if variable.kinds.contains(&kind) && variable.from <= date && !(variable.is_there)(record) {
            report.add(Mechanism::FormatMissingField, || variable.path.clone());
        }
    }
}

fn presence(path: &str) -> Option<fn(&Record) -> bool> {
    Some(match path {
        // Numbers other than reserve numbers tell both.
        "person.sex" => {
            |record| record.person.sex.is_some() || record.person.identity_type != IdentityType::Reserve
        }
        "person.birth_date" => |record| {
            record.person.birth_date.is_some() || record.person.identity_type != IdentityType::Reserve
        },
        // Of a protected identity no residence is taken, required or not.
        "residence" => |record| record.residence.is_some() || record.person.protected,
        "principals.responsible" => |record| record.principals.responsible.is_some(),
        "principals.performing" => |record| record.principals.performing.is_some(),
        "principals.bed_owner" => |record| record.principals.bed_owner.is_some(),
        "principals.payer" => |record| record.principals.payer.is_some(),
        "unit" => |record| record.unit.is_some(),
        "facts" => |record| !record.facts.is_empty(),
        "codes" => |record| !record.codes.is_empty(),
        "end" => |record| match &record.body {
            Body::Episode(episode) => episode.end.is_some(),
            Body::MonitoringPeriod(period) => period.end.is_some(),
            Body::Contact(_) => true,
        },
        "episode" => |record| match &record.body {
            Body::Contact(contact) => contact.episode.is_some(),
            Body::MonitoringPeriod(period) => period.episode.is_some(),
            Body::Episode(_) => true,
        },
        "end_mode" => |record| episode(record, |episode| episode.end_mode.is_some()),
        "decided_by" => |record| episode(record, |episode| episode.decided_by.is_some()),
        "professions" => |record| contact(record, |contact| !contact.professions.is_empty()),
        "delegated" => |record| contact(record, |contact| contact.delegated.is_some()),
        "reason" => |record| contact(record, |contact| contact.reason.is_some()),
        "diagnoses" => |record| contact(record, |contact| !contact.diagnoses.is_empty()),
        "procedures" => |record| contact(record, |contact| !contact.procedures.is_empty()),
        "requested" => |record| contact(record, |contact| contact.requested.is_some()),
        "first_contact" => |record| contact(record, |contact| contact.first_contact.is_some()),
        "ordered_by" => |record| monitoring(record, |period| period.ordered_by.is_some()),
        "measures" => |record| monitoring(record, |period| !period.measures.is_empty()),
        "thresholds" => |record| monitoring(record, |period| period.thresholds.is_some()),
        "response_duty" => |record| monitoring(record, |period| period.response_duty.is_some()),
        "assessed_alarms" => |record| monitoring(record, |period| period.assessed_alarms.is_some()),
        _ => return None,
    })
}

fn episode(record: &Record, is_there: impl Fn(&Episode) -> bool) -> bool {
    !matches!(&record.body, Body::Episode(episode) if !is_there(episode))
}

fn contact(record: &Record, is_there: impl Fn(&Contact) -> bool) -> bool {
    !matches!(&record.body, Body::Contact(contact) if !is_there(contact))
}

fn monitoring(record: &Record, is_there: impl Fn(&MonitoringPeriod) -> bool) -> bool {
    !matches!(&record.body, Body::MonitoringPeriod(period) if !is_there(period))
}
