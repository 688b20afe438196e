//! A record as one NDJSON line, in the format that [`super::read`] reads. Fields stand in a fixed order and absent
//! ones are left out, so a record has one line.

use jiff::civil::Date;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use vardnav_register::record::{
    Body, CareRequest, Coding, Contact, Episode, Fact, IdentityType, MonitoringPeriod, Person, Plan,
    Principal, Principals, Record, Responsibility, Segment, Sex,
};

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
#[error("a record cannot be written as JSON")]
pub struct WriteError(#[from] serde_json::Error);

/// Appends a record and a line break to `line`. The person is left out where the record leaves the register.
///
/// # Errors
/// [`WriteError`], which no record is known to cause.
pub fn write_record(
    line: &mut Vec<u8>,
    reporter: &str,
    record: &Record,
    with_person: bool,
) -> Result<(), WriteError> {
    let dto = Line {
        reporter,
        kind: record.kind().name(),
        id: &record.id,
        revision: record.revision,
        person: with_person.then(|| PersonDto::of(&record.person)),
        residence: record.residence.as_deref(),
        principals: (record.principals != Principals::default())
            .then(|| PrincipalsDto::of(&record.principals)),
        provider: record.provider.as_deref(),
        unit: record.unit.as_deref(),
        facts: Facts(&record.facts),
        codes: record.codes.iter().map(CodingDto::of).collect(),
        body: match &record.body {
            Body::Episode(episode) => BodyDto::Episode(EpisodeDto::of(episode)),
            Body::Contact(contact) => BodyDto::Contact(ContactDto::of(contact)),
            Body::MonitoringPeriod(period) => BodyDto::MonitoringPeriod(MonitoringDto::of(period)),
            Body::CareRequest(request) => BodyDto::CareRequest(RequestDto::of(request)),
        },
    };
    serde_json::to_writer(&mut *line, &dto)?;
    line.push(b'\n');
    Ok(())
}

#[derive(Serialize)]
struct Line<'a> {
    reporter: &'a str,
    kind: &'static str,
    id: &'a str,
    revision: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<PersonDto<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    residence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principals: Option<PrincipalsDto<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Facts::is_empty")]
    facts: Facts<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<CodingDto<'a>>,
    #[serde(flatten)]
    body: BodyDto<'a>,
}

#[derive(Serialize)]
struct PersonDto<'a> {
    r#type: &'static str,
    number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sex: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<Date>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    protected: bool,
}

impl<'a> PersonDto<'a> {
    fn of(person: &'a Person) -> Self {
        Self {
            r#type: match person.identity_type {
                IdentityType::Personnummer => "personnummer",
                IdentityType::Samordningsnummer => "samordningsnummer",
                IdentityType::Reserve => "reserve",
            },
            number: &person.identity,
            sex: person.sex.map(|sex| match sex {
                Sex::Female => "female",
                Sex::Male => "male",
            }),
            birth_date: person.birth_date,
            protected: person.protected,
        }
    }
}

#[derive(Serialize)]
struct PrincipalsDto<'a> {
    #[serde(skip_serializing_if = "Holders::is_empty")]
    responsible: Holders<'a>,
    #[serde(skip_serializing_if = "Holders::is_empty")]
    performing: Holders<'a>,
    #[serde(skip_serializing_if = "Holders::is_empty")]
    bed_owner: Holders<'a>,
    #[serde(skip_serializing_if = "Holders::is_empty")]
    payer: Holders<'a>,
}

impl<'a> PrincipalsDto<'a> {
    fn of(principals: &'a Principals) -> Self {
        Self {
            responsible: Holders(&principals.responsible),
            performing: Holders(&principals.performing),
            bed_owner: Holders(&principals.bed_owner),
            payer: Holders(&principals.payer),
        }
    }
}

/// Those who hold a role: one as it is, several as a list.
struct Holders<'a>(&'a [Principal]);

impl Holders<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Holders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [holder] => HolderDto::of(holder).serialize(serializer),
            holders => serializer.collect_seq(holders.iter().map(HolderDto::of)),
        }
    }
}

/// One who holds a role: a text where no basis is stated.
#[derive(Serialize)]
#[serde(untagged)]
enum HolderDto<'a> {
    Organisation(&'a str),
    WithBasis { organisation: &'a str, basis: &'a str },
}

impl<'a> HolderDto<'a> {
    fn of(holder: &'a Principal) -> Self {
        let organisation = &holder.organisation;
        match &holder.basis {
            None => Self::Organisation(organisation),
            Some(basis) => Self::WithBasis { organisation, basis },
        }
    }
}

/// Facts as an object: one value as a text, several as a list.
struct Facts<'a>(&'a [Fact]);

impl Facts<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for fact in self.0 {
            match fact.values.as_slice() {
                [value] => map.serialize_entry(&fact.axis, value)?,
                values => map.serialize_entry(&fact.axis, values)?,
            }
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum BodyDto<'a> {
    Episode(EpisodeDto<'a>),
    Contact(ContactDto<'a>),
    MonitoringPeriod(MonitoringDto<'a>),
    CareRequest(RequestDto<'a>),
}

#[derive(Serialize)]
struct EpisodeDto<'a> {
    start: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plans: Vec<PlanDto<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    responsibilities: Vec<ResponsibilityDto<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<SegmentDto<'a>>,
}

#[derive(Serialize)]
struct PlanDto<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_basis: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    parties: &'a [String],
    from: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Date>,
}

#[derive(Serialize)]
struct ResponsibilityDto<'a> {
    role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profession: Option<&'a str>,
    from: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Date>,
}

#[derive(Serialize)]
struct SegmentDto<'a> {
    start: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Facts::is_empty")]
    facts: Facts<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<CodingDto<'a>>,
}

impl<'a> EpisodeDto<'a> {
    fn of(episode: &'a Episode) -> Self {
        let plan = |plan: &'a Plan| PlanDto {
            kind: &plan.kind,
            legal_basis: plan.legal_basis.as_deref(),
            parties: &plan.parties,
            from: plan.from,
            until: plan.until,
        };
        let responsibility = |one: &'a Responsibility| ResponsibilityDto {
            role: &one.role,
            unit: one.unit.as_deref(),
            profession: one.profession.as_deref(),
            from: one.from,
            until: one.until,
        };
        let segment = |segment: &'a Segment| SegmentDto {
            start: segment.start,
            end: segment.end,
            unit: segment.unit.as_deref(),
            facts: Facts(&segment.facts),
            codes: segment.codes.iter().map(CodingDto::of).collect(),
        };
        Self {
            start: episode.start,
            end: episode.end,
            end_mode: episode.end_mode.as_deref(),
            decided_by: episode.decided_by.as_deref(),
            plans: episode.plans.iter().map(plan).collect(),
            responsibilities: episode.responsibilities.iter().map(responsibility).collect(),
            segments: episode.segments.iter().map(segment).collect(),
        }
    }
}

#[derive(Serialize)]
struct CodingDto<'a> {
    system: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    code: &'a str,
}

impl<'a> CodingDto<'a> {
    fn of(coding: &'a Coding) -> Self {
        Self {
            system: &coding.system,
            version: coding.version.as_deref(),
            code: &coding.code,
        }
    }
}

#[derive(Serialize)]
struct ContactDto<'a> {
    date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    professions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    delegated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<CodingDto<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnoses: Vec<CodingDto<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_causes: Vec<CodingDto<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    procedures: Vec<CodingDto<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_contact: Option<bool>,
}

impl<'a> ContactDto<'a> {
    fn of(contact: &'a Contact) -> Self {
        Self {
            date: contact.date,
            end: contact.end,
            episode: contact.episode.as_deref(),
            professions: &contact.professions,
            delegated: contact.delegated,
            reason: contact.reason.as_ref().map(CodingDto::of),
            diagnoses: contact.diagnoses.iter().map(CodingDto::of).collect(),
            external_causes: contact.external_causes.iter().map(CodingDto::of).collect(),
            procedures: contact.procedures.iter().map(CodingDto::of).collect(),
            requested: contact.requested,
            first_contact: contact.first_contact,
        }
    }
}

#[derive(Serialize)]
struct MonitoringDto<'a> {
    start: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordered_by: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    measures: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    thresholds: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_duty: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assessed_alarms: Option<u32>,
}

impl<'a> MonitoringDto<'a> {
    fn of(period: &'a MonitoringPeriod) -> Self {
        Self {
            start: period.start,
            end: period.end,
            episode: period.episode.as_deref(),
            ordered_by: period.ordered_by.as_deref(),
            measures: &period.measures,
            thresholds: period.thresholds,
            response_duty: period.response_duty,
            assessed_alarms: period.assessed_alarms,
        }
    }
}

#[derive(Serialize)]
struct RequestDto<'a> {
    date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<CodingDto<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    professions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    contacted: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assessed: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Date>,
}

impl<'a> RequestDto<'a> {
    fn of(request: &'a CareRequest) -> Self {
        Self {
            date: request.date,
            problem: request.problem.as_deref(),
            channel: request.channel.as_deref(),
            reason: request.reason.as_ref().map(CodingDto::of),
            professions: &request.professions,
            contacted: request.contacted,
            assessed: request.assessed,
            ending: request.ending.as_deref(),
            ended: request.ended,
        }
    }
}
