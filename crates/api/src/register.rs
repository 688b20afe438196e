//! Conversions of register messages: records in and out, outcomes, receipts, heads.

use prost::bytes::Bytes;
use vardnav_register::record::{
    Body, CareRequest, Coding, Contact, Episode, IdentityType, MonitoringPeriod, Person, Plan, Principal,
    Principals, Record, RecordKind, Responsibility, Segment, Sex,
};

use crate::common::{coding, coding_message, date, date_message, fact_messages, facts, optional_date, some};
use crate::pb::vardnav::register::v1 as pb;
use crate::pb::vardnav::r#type::v1 as types;
use crate::status::ApiError;

/// A record from its message. Limits and rules are validation's, not checked here.
pub fn record(message: pb::Record) -> Result<Record, ApiError> {
    let person = person(
        message
            .person
            .ok_or_else(|| ApiError::field("person", "a person is needed"))?,
    )?;
    let body = match message.body.ok_or_else(|| {
        ApiError::field(
            "body",
            "an episode, contact, monitoring period or care request is needed",
        )
    })? {
        pb::record::Body::Episode(episode_message) => Body::Episode(episode(episode_message)?),
        pb::record::Body::Contact(contact_message) => Body::Contact(contact(contact_message)?),
        pb::record::Body::MonitoringPeriod(period) => Body::MonitoringPeriod(monitoring_period(period)?),
        pb::record::Body::CareRequest(request) => Body::CareRequest(care_request(request)?),
    };
    Ok(Record {
        id: message.id,
        revision: message.revision,
        person,
        residence: some(message.residence),
        principals: message
            .principals
            .map(principals)
            .transpose()?
            .unwrap_or_default(),
        provider: some(message.provider),
        unit: some(message.unit),
        facts: facts(message.facts),
        codes: indexed(message.codes, "codes", coded)?,
        body,
    })
}

/// A record as a message. `with_person` is false for everything that leaves the register again.
pub fn record_message(record: &Record, with_person: bool) -> pb::Record {
    pb::Record {
        id: record.id.clone(),
        revision: record.revision,
        person: with_person.then(|| person_message(&record.person)),
        residence: record.residence.clone().unwrap_or_default(),
        principals: Some(principals_message(&record.principals)),
        provider: record.provider.clone().unwrap_or_default(),
        unit: record.unit.clone().unwrap_or_default(),
        facts: fact_messages(&record.facts),
        codes: record.codes.iter().map(coding_message).collect(),
        body: Some(match &record.body {
            Body::Episode(episode) => pb::record::Body::Episode(episode_message(episode)),
            Body::Contact(contact) => pb::record::Body::Contact(contact_message(contact)),
            Body::MonitoringPeriod(period) => {
                pb::record::Body::MonitoringPeriod(monitoring_period_message(period))
            }
            Body::CareRequest(request) => pb::record::Body::CareRequest(care_request_message(request)),
        }),
    }
}

/// The kind of a record message, as far as it is stated.
pub fn stated_kind(message: &pb::Record) -> pb::RecordKind {
    match message.body {
        Some(pb::record::Body::Episode(_)) => pb::RecordKind::Episode,
        Some(pb::record::Body::Contact(_)) => pb::RecordKind::Contact,
        Some(pb::record::Body::MonitoringPeriod(_)) => pb::RecordKind::MonitoringPeriod,
        Some(pb::record::Body::CareRequest(_)) => pb::RecordKind::CareRequest,
        None => pb::RecordKind::Unspecified,
    }
}

/// A kind of record from its message.
pub fn kind(message: pb::RecordKind, field: &str) -> Result<RecordKind, ApiError> {
    match message {
        pb::RecordKind::Episode => Ok(RecordKind::Episode),
        pb::RecordKind::Contact => Ok(RecordKind::Contact),
        pb::RecordKind::MonitoringPeriod => Ok(RecordKind::MonitoringPeriod),
        pb::RecordKind::CareRequest => Ok(RecordKind::CareRequest),
        pb::RecordKind::Unspecified => Err(ApiError::field(field, "a kind of record is needed")),
    }
}

/// A kind of record as a message.
pub fn kind_message(kind: RecordKind) -> pb::RecordKind {
    match kind {
        RecordKind::Episode => pb::RecordKind::Episode,
        RecordKind::Contact => pb::RecordKind::Contact,
        RecordKind::MonitoringPeriod => pb::RecordKind::MonitoringPeriod,
        RecordKind::CareRequest => pb::RecordKind::CareRequest,
    }
}

/// A hash or nonce of 32 bytes.
pub fn hash(bytes: &Bytes, field: &str) -> Result<[u8; 32], ApiError> {
    <[u8; 32]>::try_from(bytes.as_ref()).map_err(|_| ApiError::field(field, "32 bytes are needed"))
}

/// Bytes of a message field.
pub fn bytes(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

fn person(message: pb::Person) -> Result<Person, ApiError> {
    let identity_type = match message.identity_type() {
        pb::IdentityType::Personnummer => IdentityType::Personnummer,
        pb::IdentityType::Samordningsnummer => IdentityType::Samordningsnummer,
        pb::IdentityType::Reserve => IdentityType::Reserve,
        pb::IdentityType::Unspecified => {
            return Err(ApiError::field(
                "person.identity_type",
                "a type of identity number is needed",
            ));
        }
    };
    let sex = match message.sex() {
        pb::Sex::Female => Some(Sex::Female),
        pb::Sex::Male => Some(Sex::Male),
        pb::Sex::Unspecified => None,
    };
    Ok(Person {
        identity_type,
        sex,
        birth_date: optional_date(message.birth_date.as_ref(), "person.birth_date")?,
        protected: message.protected,
        identity: message.identity,
    })
}

fn person_message(person: &Person) -> pb::Person {
    let identity_type = match person.identity_type {
        IdentityType::Personnummer => pb::IdentityType::Personnummer,
        IdentityType::Samordningsnummer => pb::IdentityType::Samordningsnummer,
        IdentityType::Reserve => pb::IdentityType::Reserve,
    };
    let sex = match person.sex {
        Some(Sex::Female) => pb::Sex::Female,
        Some(Sex::Male) => pb::Sex::Male,
        None => pb::Sex::Unspecified,
    };
    pb::Person {
        identity_type: identity_type.into(),
        identity: person.identity.clone(),
        sex: sex.into(),
        birth_date: person.birth_date.map(date_message),
        protected: person.protected,
    }
}

pub(crate) fn principals(message: pb::Principals) -> Result<Principals, ApiError> {
    Ok(Principals {
        responsible: indexed(message.responsible, "principals.responsible", principal)?,
        performing: indexed(message.performing, "principals.performing", principal)?,
        bed_owner: indexed(message.bed_owner, "principals.bed_owner", principal)?,
        payer: indexed(message.payer, "principals.payer", principal)?,
    })
}

fn principal(message: pb::Principal) -> Result<Principal, ApiError> {
    Ok(Principal {
        organisation: stated(message.organisation, "organisation")?,
        basis: some(message.basis),
    })
}

pub(crate) fn principals_message(principals: &Principals) -> pb::Principals {
    let holders = |holders: &[Principal]| holders.iter().map(principal_message).collect();
    pb::Principals {
        responsible: holders(&principals.responsible),
        performing: holders(&principals.performing),
        bed_owner: holders(&principals.bed_owner),
        payer: holders(&principals.payer),
    }
}

fn principal_message(principal: &Principal) -> pb::Principal {
    pb::Principal {
        organisation: principal.organisation.clone(),
        basis: principal.basis.clone().unwrap_or_default(),
    }
}

fn episode(message: pb::Episode) -> Result<Episode, ApiError> {
    Ok(Episode {
        start: date(message.start.as_ref(), "start")?,
        end: optional_date(message.end.as_ref(), "end")?,
        end_mode: some(message.end_mode),
        decided_by: some(message.decided_by),
        plans: indexed(message.plans, "plans", plan)?,
        responsibilities: indexed(message.responsibilities, "responsibilities", responsibility)?,
        segments: indexed(message.segments, "segments", segment)?,
    })
}

fn episode_message(episode: &Episode) -> pb::Episode {
    pb::Episode {
        start: Some(date_message(episode.start)),
        end: episode.end.map(date_message),
        end_mode: episode.end_mode.clone().unwrap_or_default(),
        decided_by: episode.decided_by.clone().unwrap_or_default(),
        plans: episode.plans.iter().map(plan_message).collect(),
        responsibilities: episode
            .responsibilities
            .iter()
            .map(responsibility_message)
            .collect(),
        segments: episode.segments.iter().map(segment_message).collect(),
    }
}

fn segment(message: pb::Segment) -> Result<Segment, ApiError> {
    Ok(Segment {
        start: date(message.start.as_ref(), "start")?,
        end: optional_date(message.end.as_ref(), "end")?,
        unit: some(message.unit),
        facts: facts(message.facts),
        codes: indexed(message.codes, "codes", coded)?,
    })
}

fn segment_message(segment: &Segment) -> pb::Segment {
    pb::Segment {
        start: Some(date_message(segment.start)),
        end: segment.end.map(date_message),
        unit: segment.unit.clone().unwrap_or_default(),
        facts: fact_messages(&segment.facts),
        codes: segment.codes.iter().map(coding_message).collect(),
    }
}

fn plan(message: pb::Plan) -> Result<Plan, ApiError> {
    Ok(Plan {
        kind: stated(message.kind, "kind")?,
        legal_basis: some(message.legal_basis),
        parties: message.parties,
        from: date(message.from.as_ref(), "from")?,
        until: optional_date(message.until.as_ref(), "until")?,
    })
}

fn plan_message(plan: &Plan) -> pb::Plan {
    pb::Plan {
        kind: plan.kind.clone(),
        legal_basis: plan.legal_basis.clone().unwrap_or_default(),
        parties: plan.parties.clone(),
        from: Some(date_message(plan.from)),
        until: plan.until.map(date_message),
    }
}

pub(crate) fn responsibility(message: pb::Responsibility) -> Result<Responsibility, ApiError> {
    Ok(Responsibility {
        role: stated(message.role, "role")?,
        unit: some(message.unit),
        profession: some(message.profession),
        from: date(message.from.as_ref(), "from")?,
        until: optional_date(message.until.as_ref(), "until")?,
    })
}

pub(crate) fn responsibility_message(responsibility: &Responsibility) -> pb::Responsibility {
    pb::Responsibility {
        role: responsibility.role.clone(),
        unit: responsibility.unit.clone().unwrap_or_default(),
        profession: responsibility.profession.clone().unwrap_or_default(),
        from: Some(date_message(responsibility.from)),
        until: responsibility.until.map(date_message),
    }
}

fn contact(message: pb::Contact) -> Result<Contact, ApiError> {
    Ok(Contact {
        date: date(message.date.as_ref(), "date")?,
        end: optional_date(message.end.as_ref(), "end")?,
        episode: some(message.episode),
        professions: message.professions,
        delegated: message.delegated,
        reason: message
            .reason
            .map(|reason| coded(reason).map_err(|error| error.within("reason")))
            .transpose()?,
        diagnoses: indexed(message.diagnoses, "diagnoses", coded)?,
        external_causes: indexed(message.external_causes, "external_causes", coded)?,
        procedures: indexed(message.procedures, "procedures", coded)?,
        requested: optional_date(message.requested.as_ref(), "requested")?,
        first_contact: message.first_contact,
    })
}

fn contact_message(contact: &Contact) -> pb::Contact {
    pb::Contact {
        date: Some(date_message(contact.date)),
        end: contact.end.map(date_message),
        episode: contact.episode.clone().unwrap_or_default(),
        professions: contact.professions.clone(),
        delegated: contact.delegated,
        reason: contact.reason.as_ref().map(coding_message),
        diagnoses: contact.diagnoses.iter().map(coding_message).collect(),
        external_causes: contact.external_causes.iter().map(coding_message).collect(),
        procedures: contact.procedures.iter().map(coding_message).collect(),
        requested: contact.requested.map(date_message),
        first_contact: contact.first_contact,
    }
}

fn monitoring_period(message: pb::MonitoringPeriod) -> Result<MonitoringPeriod, ApiError> {
    Ok(MonitoringPeriod {
        start: date(message.start.as_ref(), "start")?,
        end: optional_date(message.end.as_ref(), "end")?,
        episode: some(message.episode),
        ordered_by: some(message.ordered_by),
        measures: message.measures,
        thresholds: message.thresholds,
        response_duty: message.response_duty,
        assessed_alarms: message.assessed_alarms,
    })
}

fn monitoring_period_message(period: &MonitoringPeriod) -> pb::MonitoringPeriod {
    pb::MonitoringPeriod {
        start: Some(date_message(period.start)),
        end: period.end.map(date_message),
        episode: period.episode.clone().unwrap_or_default(),
        ordered_by: period.ordered_by.clone().unwrap_or_default(),
        measures: period.measures.clone(),
        thresholds: period.thresholds,
        response_duty: period.response_duty,
        assessed_alarms: period.assessed_alarms,
    }
}

fn care_request(message: pb::CareRequest) -> Result<CareRequest, ApiError> {
    Ok(CareRequest {
        date: date(message.date.as_ref(), "date")?,
        problem: some(message.problem),
        channel: some(message.channel),
        reason: message
            .reason
            .map(|reason| coded(reason).map_err(|error| error.within("reason")))
            .transpose()?,
        professions: message.professions,
        contacted: optional_date(message.contacted.as_ref(), "contacted")?,
        assessed: optional_date(message.assessed.as_ref(), "assessed")?,
        ending: some(message.ending),
        ended: optional_date(message.ended.as_ref(), "ended")?,
    })
}

fn care_request_message(request: &CareRequest) -> pb::CareRequest {
    let text = |code: &Option<String>| code.clone().unwrap_or_default();
    pb::CareRequest {
        date: Some(date_message(request.date)),
        problem: text(&request.problem),
        channel: text(&request.channel),
        reason: request.reason.as_ref().map(coding_message),
        professions: request.professions.clone(),
        contacted: request.contacted.map(date_message),
        assessed: request.assessed.map(date_message),
        ending: text(&request.ending),
        ended: request.ended.map(date_message),
    }
}

/// A coding; code and system are needed, as in a line of a file.
fn coded(message: types::Coding) -> Result<Coding, ApiError> {
    let coding = coding(message);
    for (text, field) in [(&coding.system, "system"), (&coding.code, "code")] {
        stated(text.as_str(), field)?;
    }
    Ok(coding)
}

/// A text that is needed: an empty one is missing.
fn stated<T: AsRef<str>>(text: T, field: &str) -> Result<T, ApiError> {
    if text.as_ref().is_empty() {
        return Err(ApiError::field(field, "a text is needed"));
    }
    Ok(text)
}

pub(crate) fn indexed<M, T>(
    messages: Vec<M>,
    name: &str,
    convert: impl Fn(M) -> Result<T, ApiError>,
) -> Result<Vec<T>, ApiError> {
    messages
        .into_iter()
        .enumerate()
        .map(|(index, message)| convert(message).map_err(|error| error.within(&format!("{name}[{index}]"))))
        .collect()
}
