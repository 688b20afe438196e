//! One NDJSON line as a record. Everything that is wrong with the form is found at once, each with its path.
//! Whether a record is right is decided by `vardnav_register::validate`.

use std::borrow::Cow;

use vardnav_register::finding::Finding;
use vardnav_register::record::{
    Body, CareRequest, Coding, Contact, Episode, Fact, IdentityType, MonitoringPeriod, Person, Plan,
    Principal, Principals, Record, RecordKind, Responsibility, Segment, Sex,
};
use vardnav_register::text::{may_echo_id, safe_echo, shape};
use vardnav_register::validate::{Mechanism, finding_without_release};

use super::fields::{Fields, texts};
use super::json::Json;
use super::lines::LineContent;

/// A record with the reporter that its line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedRecord {
    /// Who reports it.
    pub reporter: String,
    /// The record.
    pub record: Record,
}

/// A line that is no record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refused {
    /// The reporter it names, where it can be told and repeated.
    pub reporter: Option<String>,
    /// The kind it names.
    pub kind: Option<RecordKind>,
    /// The id it names, where it can be told and repeated.
    pub id: Option<String>,
    /// The revision it names.
    pub revision: Option<u32>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Reads the content of a line.
///
/// # Errors
/// [`Refused`] with everything that is wrong with its form.
pub fn read_line(content: LineContent<'_>) -> Result<ReportedRecord, Box<Refused>> {
    match content {
        LineContent::Bytes(bytes) => read_record(bytes),
        LineContent::TooLong => Err(refused(Mechanism::FormatLineTooLong, "")),
    }
}

/// Reads the bytes of a line.
///
/// # Errors
/// [`Refused`] with everything that is wrong with its form.
pub fn read_record(bytes: &[u8]) -> Result<ReportedRecord, Box<Refused>> {
    read_record_of(bytes, false)
}

/// Reads the content of a line of a delivery: its revision is the register's to give, and 0 where it is not stated.
///
/// # Errors
/// As [`read_line`].
pub fn read_delivered(content: LineContent<'_>) -> Result<ReportedRecord, Box<Refused>> {
    match content {
        LineContent::Bytes(bytes) => read_record_of(bytes, true),
        LineContent::TooLong => Err(refused(Mechanism::FormatLineTooLong, "")),
    }
}

fn read_record_of(bytes: &[u8], delivered: bool) -> Result<ReportedRecord, Box<Refused>> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(refused(Mechanism::FormatEncoding, ""));
    }
    let Some(json) = Json::read(bytes) else {
        return Err(refused(
            Mechanism::FormatUnreadable,
            "not one complete JSON object",
        ));
    };
    read_tree(json, delivered, Vec::new())
}

/// Reads a record from a tree, whatever it was written as. A tree with findings of its own is refused, with what else
/// is wrong with it.
pub(super) fn read_tree(
    json: Json<'_>,
    delivered: bool,
    mut findings: Vec<Finding>,
) -> Result<ReportedRecord, Box<Refused>> {
    let Some(mut fields) = Fields::of(json, String::new(), &mut findings) else {
        return Err(Box::new(Refused {
            findings,
            ..Refused::default()
        }));
    };
    let number = stated_number(&fields.entries);
    let may_repeat = |text: &String| may_echo_id(text, &number);
    let reporter = fields.text("reporter");
    let kind = fields.text("kind").and_then(|name| {
        let kind = RecordKind::from_name(&name);
        if kind.is_none() {
            let names = RecordKind::ALL.map(RecordKind::name).join(", ");
            fields.wrong("kind", &format!("one of {names}, not {}", shape(&name)));
        }
        kind
    });
    let id = fields.text("id");
    let revision = match delivered {
        true => Some(fields.optional_number("revision").unwrap_or(0)),
        false => fields.number("revision"),
    };
    let person = fields.object("person").and_then(person);
    let residence = fields.optional_text("residence");
    let principals = match fields.optional_object("principals") {
        None => Principals::default(),
        Some(mut inner) => {
            let principals = Principals {
                responsible: holders(&mut inner, "responsible"),
                performing: holders(&mut inner, "performing"),
                bed_owner: holders(&mut inner, "bed_owner"),
                payer: holders(&mut inner, "payer"),
            };
            inner.end();
            principals
        }
    };
    let provider = fields.optional_text("provider");
    let unit = fields.optional_text("unit");
    let facts = facts(&mut fields);
    let codes = fields.objects("codes", coding);
    let body = match kind {
        None => None,
        Some(RecordKind::Episode) => episode(&mut fields).map(Body::Episode),
        Some(RecordKind::Contact) => contact(&mut fields).map(Body::Contact),
        Some(RecordKind::MonitoringPeriod) => monitoring_period(&mut fields).map(Body::MonitoringPeriod),
        Some(RecordKind::CareRequest) => care_request(&mut fields).map(Body::CareRequest),
    };
    // Which fields there may be depends on the kind.
    if kind.is_some() {
        fields.end();
    }
    match (reporter, id, revision, person, body) {
        (Some(reporter), Some(id), Some(revision), Some(person), Some(body)) if findings.is_empty() => {
            let record = Record {
                id,
                revision,
                person,
                residence,
                principals,
                provider,
                unit,
                facts,
                codes,
                body,
            };
            Ok(ReportedRecord { reporter, record })
        }
        (reporter, id, revision, ..) => Err(Box::new(Refused {
            reporter: reporter.filter(may_repeat),
            kind,
            id: id.filter(may_repeat),
            revision,
            findings,
        })),
    }
}

/// What is not even the beginning of a record.
pub(super) fn refused(mechanism: Mechanism, detail: &str) -> Box<Refused> {
    Box::new(Refused {
        findings: vec![finding_without_release(mechanism, String::new(), detail)],
        ..Refused::default()
    })
}

/// The person's number as a line states it, readable or not: what may not be repeated. Empty when it states none.
fn stated_number(fields: &[(Cow<'_, str>, Json<'_>)]) -> String {
    let person = fields.iter().find_map(|(name, value)| match value {
        Json::Object(inner) if name == "person" => Some(inner),
        _ => None,
    });
    let number = person.into_iter().flatten().find(|(name, _)| name == "number");
    match number {
        Some((_, Json::Text(number))) => number.clone().into_owned(),
        Some((_, Json::Count(number))) => number.to_string(),
        _ => String::new(),
    }
}

fn person(mut fields: Fields<'_, '_>) -> Option<Person> {
    let identity_type = fields.text("type").and_then(|name| {
        let found = match name.as_str() {
            "personnummer" => Some(IdentityType::Personnummer),
            "samordningsnummer" => Some(IdentityType::Samordningsnummer),
            "reserve" => Some(IdentityType::Reserve),
            _ => None,
        };
        if found.is_none() {
            fields.wrong(
                "type",
                &format!(
                    "one of personnummer, samordningsnummer, reserve, not {}",
                    shape(&name)
                ),
            );
        }
        found
    });
    let identity = fields.text("number");
    let sex = fields.optional_text("sex").and_then(|name| {
        let found = match name.as_str() {
            "female" => Some(Sex::Female),
            "male" => Some(Sex::Male),
            _ => None,
        };
        if found.is_none() {
            fields.wrong("sex", &format!("female or male, not {}", shape(&name)));
        }
        found
    });
    let birth_date = fields.optional_date("birth_date");
    let protected = fields.flag("protected").unwrap_or(false);
    fields.end();
    Some(Person {
        identity_type: identity_type?,
        identity: identity?,
        sex,
        birth_date,
        protected,
    })
}

fn facts(fields: &mut Fields<'_, '_>) -> Vec<Fact> {
    let Some(mut inner) = fields.optional_object("facts") else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    for (axis, value) in std::mem::take(&mut inner.entries) {
        let path = inner.path(&safe_echo(&axis));
        if facts.iter().any(|fact: &Fact| fact.axis == axis) {
            inner.found(Mechanism::FormatUnreadable, path, "stated twice");
            continue;
        }
        let values = match value {
            Json::Null => continue,
            Json::Text(value) => vec![value.into_owned()],
            Json::List(items) => texts(items, &path, inner.findings),
            other => {
                inner.found(
                    Mechanism::FormatUnreadable,
                    path,
                    &format!("a text or a list of texts, not {}", other.kind()),
                );
                continue;
            }
        };
        facts.push(Fact {
            axis: axis.into_owned(),
            values,
        });
    }
    facts
}

/// Those who hold a role: a text names one without basis, an object one with its basis, a list all who hold it jointly.
fn holders(fields: &mut Fields<'_, '_>, name: &str) -> Vec<Principal> {
    let one = |mut fields: Fields<'_, '_>| {
        let organisation = fields.text("organisation");
        let basis = fields.optional_text("basis");
        fields.end();
        Some(Principal {
            organisation: organisation?,
            basis,
        })
    };
    let read = |item: Json<'_>, path: String, findings: &mut Vec<Finding>| match item {
        Json::Text(text) if text.is_empty() => None,
        Json::Text(organisation) => Some(Principal::new(organisation)),
        other => Fields::of(other, path, findings).and_then(one),
    };
    fields.one_or_several(name, read)
}

fn coding(mut fields: Fields<'_, '_>) -> Option<Coding> {
    let system = fields.text("system");
    let version = fields.optional_text("version");
    let code = fields.text("code");
    fields.end();
    Some(Coding {
        system: system?,
        version,
        code: code?,
    })
}

fn episode(fields: &mut Fields<'_, '_>) -> Option<Episode> {
    let start = fields.date("start");
    let end = fields.optional_date("end");
    let end_mode = fields.optional_text("end_mode");
    let decided_by = fields.optional_text("decided_by");
    let plans = fields.objects("plans", |mut fields| {
        let kind = fields.text("kind");
        let legal_basis = fields.optional_text("legal_basis");
        let parties = fields.texts("parties");
        let from = fields.date("from");
        let until = fields.optional_date("until");
        fields.end();
        Some(Plan {
            kind: kind?,
            legal_basis,
            parties,
            from: from?,
            until,
        })
    });
    let responsibilities = fields.objects("responsibilities", |mut fields| {
        let role = fields.text("role");
        let unit = fields.optional_text("unit");
        let profession = fields.optional_text("profession");
        let from = fields.date("from");
        let until = fields.optional_date("until");
        fields.end();
        Some(Responsibility {
            role: role?,
            unit,
            profession,
            from: from?,
            until,
        })
    });
    let segments = fields.objects("segments", |mut fields| {
        let start = fields.date("start");
        let end = fields.optional_date("end");
        let unit = fields.optional_text("unit");
        let facts = facts(&mut fields);
        let codes = fields.objects("codes", coding);
        fields.end();
        Some(Segment {
            start: start?,
            end,
            unit,
            facts,
            codes,
        })
    });
    Some(Episode {
        start: start?,
        end,
        end_mode,
        decided_by,
        plans,
        responsibilities,
        segments,
    })
}

fn contact(fields: &mut Fields<'_, '_>) -> Option<Contact> {
    let date = fields.date("date");
    let end = fields.optional_date("end");
    let episode = fields.optional_text("episode");
    let professions = fields.texts("professions");
    let delegated = fields.flag("delegated");
    let reason = fields.optional_object("reason").and_then(coding);
    let diagnoses = fields.objects("diagnoses", coding);
    let external_causes = fields.objects("external_causes", coding);
    let procedures = fields.objects("procedures", coding);
    let requested = fields.optional_date("requested");
    let first_contact = fields.flag("first_contact");
    Some(Contact {
        date: date?,
        end,
        episode,
        professions,
        delegated,
        reason,
        diagnoses,
        external_causes,
        procedures,
        requested,
        first_contact,
    })
}

fn monitoring_period(fields: &mut Fields<'_, '_>) -> Option<MonitoringPeriod> {
    let start = fields.date("start");
    let end = fields.optional_date("end");
    let episode = fields.optional_text("episode");
    let ordered_by = fields.optional_text("ordered_by");
    let measures = fields.texts("measures");
    let thresholds = fields.flag("thresholds");
    let response_duty = fields.flag("response_duty");
    let assessed_alarms = fields.optional_number("assessed_alarms");
    Some(MonitoringPeriod {
        start: start?,
        end,
        episode,
        ordered_by,
        measures,
        thresholds,
        response_duty,
        assessed_alarms,
    })
}

fn care_request(fields: &mut Fields<'_, '_>) -> Option<CareRequest> {
    let date = fields.date("date");
    let problem = fields.optional_text("problem");
    let channel = fields.optional_text("channel");
    let reason = fields.optional_object("reason").and_then(coding);
    let professions = fields.texts("professions");
    let contacted = fields.optional_date("contacted");
    let assessed = fields.optional_date("assessed");
    let ending = fields.optional_text("ending");
    let ended = fields.optional_date("ended");
    Some(CareRequest {
        date: date?,
        problem,
        channel,
        reason,
        professions,
        contacted,
        assessed,
        ending,
        ended,
    })
}
