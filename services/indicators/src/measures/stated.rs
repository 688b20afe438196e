//! What a record states at the path of a variable, as text: what conditions of measures are held against. A segment has its
//! own dates, unit, facts and codes; of everything else it has what its episode states. Nothing is decided here.

use jiff::civil::Date;
use vardnav_register::record::{Body, Coding, Contact, Episode, Fact, Record, Segment};

/// A record, or one of its segments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stated<'a> {
    pub(crate) record: &'a Record,
    /// The segment that it is about.
    pub(crate) segment: Option<&'a Segment>,
}

impl<'a> Stated<'a> {
    /// Its first date.
    pub(crate) fn start(self) -> Date {
        match self.segment {
            Some(segment) => segment.start,
            None => self.record.date(),
        }
    }

    /// The date on which it ended: the first that is no longer of it. A care request ends when it is ended.
    pub(crate) fn end(self) -> Option<Date> {
        match (self.segment, &self.record.body) {
            (Some(segment), _) => segment.end,
            (None, Body::Episode(episode)) => episode.end,
            (None, Body::Contact(contact)) => contact.end,
            (None, Body::MonitoringPeriod(period)) => period.end,
            (None, Body::CareRequest(request)) => request.ended,
        }
    }

    /// HSA-id of its care unit.
    pub(crate) fn unit(self) -> Option<&'a str> {
        let own = self.segment.and_then(|segment| segment.unit.as_deref());
        own.or(self.record.unit.as_deref())
    }

    /// The values that are stated at a path; none where nothing is stated. What is yes or no is `true` or `false`, a date
    /// as it is written.
    pub(crate) fn values(self, path: &str) -> Vec<String> {
        let record = self.record;
        match path {
            "id" => vec![record.id.clone()],
            "revision" => vec![record.revision.to_string()],
            "residence" => text(record.residence.as_deref()),
            "provider" => text(record.provider.as_deref()),
            "unit" => text(self.unit()),
            "facts" => facts(&record.facts),
            "segments.facts" => self.each(|segment| facts(&segment.facts)),
            "segments.start" => self.each(|segment| vec![segment.start.to_string()]),
            "segments.end" => self.each(|segment| date(segment.end)),
            "segments.unit" => self.each(|segment| text(segment.unit.as_deref())),
            "principals.basis" => {
                let holders = record.principals.by_role();
                let bases = holders.iter().flat_map(|(_, holders)| *holders);
                bases.filter_map(|holder| holder.basis.clone()).collect()
            }
            "start" => vec![self.start().to_string()],
            "date" => vec![record.date().to_string()],
            "end" => date(self.end()),
            _ => match path.strip_prefix("principals.") {
                Some(role) => {
                    let holders = record.principals.of_role(role).iter();
                    holders.map(|holder| holder.organisation.clone()).collect()
                }
                None => self.of_body(path),
            },
        }
    }

    fn of_body(self, path: &str) -> Vec<String> {
        match &self.record.body {
            Body::Episode(episode) => of_episode(episode, path),
            Body::Contact(contact) => of_contact(contact, path),
            Body::MonitoringPeriod(period) => match path {
                "episode" => text(period.episode.as_deref()),
                "ordered_by" => text(period.ordered_by.as_deref()),
                "measures" => period.measures.clone(),
                "thresholds" => flag(period.thresholds),
                "response_duty" => flag(period.response_duty),
                "assessed_alarms" => period.assessed_alarms.iter().map(u32::to_string).collect(),
                _ => Vec::new(),
            },
            Body::CareRequest(request) => match path {
                "problem" => text(request.problem.as_deref()),
                "channel" => text(request.channel.as_deref()),
                "reason" => coded(request.reason.as_slice()),
                "professions" => request.professions.clone(),
                "contacted" => date(request.contacted),
                "assessed" => date(request.assessed),
                "ending" => text(request.ending.as_deref()),
                "ended" => date(request.ended),
                _ => Vec::new(),
            },
        }
    }

    /// The codes that are stated at a path.
    pub(crate) fn codes(self, path: &str) -> Vec<&'a Coding> {
        let record = self.record;
        let codes: &[Coding] = match (path, &record.body) {
            ("codes", _) => &record.codes,
            ("segments.codes", Body::Episode(episode)) => {
                return match self.segment {
                    Some(segment) => segment.codes.iter().collect(),
                    None => episode
                        .segments
                        .iter()
                        .flat_map(|segment| &segment.codes)
                        .collect(),
                };
            }
            ("reason", Body::Contact(contact)) => contact.reason.as_slice(),
            ("reason", Body::CareRequest(request)) => request.reason.as_slice(),
            ("diagnoses", Body::Contact(contact)) => &contact.diagnoses,
            ("external_causes", Body::Contact(contact)) => &contact.external_causes,
            ("procedures", Body::Contact(contact)) => &contact.procedures,
            _ => &[],
        };
        codes.iter().collect()
    }

    /// What each segment states: the one that it is about, or all of the episode.
    fn each(self, of: impl Fn(&Segment) -> Vec<String>) -> Vec<String> {
        match (self.segment, &self.record.body) {
            (Some(segment), _) => of(segment),
            (None, Body::Episode(episode)) => episode.segments.iter().flat_map(of).collect(),
            _ => Vec::new(),
        }
    }
}

fn of_episode(episode: &Episode, path: &str) -> Vec<String> {
    let plans = || episode.plans.iter();
    let roles = || episode.responsibilities.iter();
    match path {
        "end_mode" => text(episode.end_mode.as_deref()),
        "decided_by" => text(episode.decided_by.as_deref()),
        "plans.kind" => plans().map(|plan| plan.kind.clone()).collect(),
        "plans.legal_basis" => plans().filter_map(|plan| plan.legal_basis.clone()).collect(),
        "plans.parties" => plans().flat_map(|plan| plan.parties.clone()).collect(),
        "plans.from" => plans().map(|plan| plan.from.to_string()).collect(),
        "plans.until" => plans().flat_map(|plan| date(plan.until)).collect(),
        "responsibilities.role" => roles().map(|one| one.role.clone()).collect(),
        "responsibilities.unit" => roles().filter_map(|one| one.unit.clone()).collect(),
        "responsibilities.profession" => roles().filter_map(|one| one.profession.clone()).collect(),
        "responsibilities.from" => roles().map(|one| one.from.to_string()).collect(),
        "responsibilities.until" => roles().flat_map(|one| date(one.until)).collect(),
        _ => Vec::new(),
    }
}

fn of_contact(contact: &Contact, path: &str) -> Vec<String> {
    match path {
        "episode" => text(contact.episode.as_deref()),
        "professions" => contact.professions.clone(),
        "delegated" => flag(contact.delegated),
        "reason" => coded(contact.reason.as_slice()),
        "diagnoses" => coded(&contact.diagnoses),
        "external_causes" => coded(&contact.external_causes),
        "procedures" => coded(&contact.procedures),
        "requested" => date(contact.requested),
        "first_contact" => flag(contact.first_contact),
        _ => Vec::new(),
    }
}

fn text(text: Option<&str>) -> Vec<String> {
    text.map(str::to_owned).into_iter().collect()
}

fn date(date: Option<Date>) -> Vec<String> {
    date.map(|date| date.to_string()).into_iter().collect()
}

fn flag(flag: Option<bool>) -> Vec<String> {
    flag.map(|flag| flag.to_string()).into_iter().collect()
}

fn coded(codes: &[Coding]) -> Vec<String> {
    codes.iter().map(|coding| coding.code.clone()).collect()
}

fn facts(facts: &[Fact]) -> Vec<String> {
    let values = facts
        .iter()
        .flat_map(|fact| fact.values.iter().map(|value| (&fact.axis, value)));
    values.map(|(axis, value)| format!("{axis}={value}")).collect()
}

#[cfg(test)]
mod tests {
    use vardnav_register::record::{CareRequest, IdentityType, Person, Principals, RecordKind};
    use vardnav_register::validate::RECORD_PATHS;

    use super::*;

    const DAY: Date = Date::constant(2026, 3, 2);

    fn coding() -> Coding {
        Coding {
            system: "urn:s".to_owned(),
            version: None,
            code: "c".to_owned(),
        }
    }

    fn some() -> Option<String> {
        Some("x".to_owned())
    }

    /// A record of a kind in which everything is stated.
    fn whole(kind: RecordKind) -> Record {
        let fact = Fact {
            axis: "a".to_owned(),
            values: vec!["v".to_owned()],
        };
        let holders = || {
            vec![vardnav_register::record::Principal {
                organisation: "01".to_owned(),
                basis: some(),
            }]
        };
        let body = match kind {
            RecordKind::Episode => Body::Episode(Episode {
                start: DAY,
                end: Some(DAY),
                end_mode: some(),
                decided_by: some(),
                plans: vec![vardnav_register::record::Plan {
                    kind: "k".to_owned(),
                    legal_basis: some(),
                    parties: vec!["01".to_owned()],
                    from: DAY,
                    until: Some(DAY),
                }],
                responsibilities: vec![vardnav_register::record::Responsibility {
                    role: "r".to_owned(),
                    unit: some(),
                    profession: some(),
                    from: DAY,
                    until: Some(DAY),
                }],
                segments: vec![Segment {
                    start: DAY,
                    end: Some(DAY),
                    unit: some(),
                    facts: vec![fact.clone()],
                    codes: vec![coding()],
                }],
            }),
            RecordKind::Contact => Body::Contact(Contact {
                date: DAY,
                end: Some(DAY),
                episode: some(),
                professions: vec!["nurse".to_owned()],
                delegated: Some(true),
                reason: Some(coding()),
                diagnoses: vec![coding()],
                external_causes: vec![coding()],
                procedures: vec![coding()],
                requested: Some(DAY),
                first_contact: Some(false),
            }),
            RecordKind::MonitoringPeriod => {
                Body::MonitoringPeriod(vardnav_register::record::MonitoringPeriod {
                    start: DAY,
                    end: Some(DAY),
                    episode: some(),
                    ordered_by: some(),
                    measures: vec!["m".to_owned()],
                    thresholds: Some(true),
                    response_duty: Some(false),
                    assessed_alarms: Some(3),
                })
            }
            RecordKind::CareRequest => Body::CareRequest(CareRequest {
                date: DAY,
                problem: some(),
                channel: some(),
                reason: Some(coding()),
                professions: vec!["nurse".to_owned()],
                contacted: Some(DAY),
                assessed: Some(DAY),
                ending: some(),
                ended: Some(DAY),
            }),
        };
        Record {
            id: "1".to_owned(),
            revision: 1,
            person: Person {
                identity_type: IdentityType::Personnummer,
                identity: String::new(),
                sex: None,
                birth_date: None,
                protected: false,
            },
            residence: Some("0180".to_owned()),
            principals: Principals {
                responsible: holders(),
                performing: holders(),
                bed_owner: holders(),
                payer: holders(),
            },
            provider: some(),
            unit: some(),
            facts: vec![fact],
            codes: vec![coding()],
            body,
        }
    }

    /// Whatever a release may name is found where it is stated, so that no path is unknown by oversight.
    #[test]
    fn every_path_of_every_kind_is_found_where_it_is_stated() {
        let kinds = [
            RecordKind::Episode,
            RecordKind::Contact,
            RecordKind::MonitoringPeriod,
            RecordKind::CareRequest,
        ];
        for known in RECORD_PATHS
            .iter()
            .filter(|known| !known.path.starts_with("person."))
        {
            for kind in kinds.into_iter().filter(|kind| known.kinds.contains(kind)) {
                let record = whole(kind);
                let stated = Stated {
                    record: &record,
                    segment: None,
                };
                let found = !stated.values(known.path).is_empty() || !stated.codes(known.path).is_empty();
                assert!(found, "{} of {kind:?}", known.path);
            }
        }
    }

    #[test]
    fn a_segment_has_its_own_dates_and_what_its_episode_states() {
        let record = whole(RecordKind::Episode);
        let segment = Segment {
            start: Date::constant(2026, 5, 1),
            end: None,
            unit: None,
            facts: Vec::new(),
            codes: Vec::new(),
        };
        let stated = Stated {
            record: &record,
            segment: Some(&segment),
        };
        assert_eq!(stated.values("start"), ["2026-05-01"]);
        assert!(stated.values("end").is_empty());
        assert_eq!(stated.values("end_mode"), ["x"]);
        assert_eq!(stated.unit(), Some("x"));
        assert!(stated.codes("segments.codes").is_empty());
    }
}
