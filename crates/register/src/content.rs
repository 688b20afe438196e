//! The bytes of what was reported, without the person: residence, principals, provider, unit, facts and what is
//! particular to the kind. Strings stand as reported, and an empty one that need not be there is the same as none; facts are
//! sorted, so that their order in a file does not matter, and no axis or value stands twice. Codes keep their order:
//! what was mapped from one names its place.
//! Id and revision are in the header of the entry, the person in the vault.
//!
//! Version 3 has care requests; those who hold a role of principal jointly, each with its basis; the care provider;
//! responsibilities; a contact's end and external causes. Version 2 has the codes of the record and of its segments, each
//! list after the facts of the same place. Version 1 has none of these. A record that states what a version has no room
//! for has no bytes in it.

use jiff::civil::Date;

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::record::{
    Body, CareRequest, Coding, Contact, Episode, Fact, IdentityType, MonitoringPeriod, Person, Plan,
    Principal, Principals, Record, RecordKind, Responsibility, Segment,
};

/// Most items of a list that are read.
const ITEMS_MAX: usize = 10_000;

impl Record {
    /// What kind of record it is.
    pub fn kind(&self) -> RecordKind {
        match self.body {
            Body::Episode(_) => RecordKind::Episode,
            Body::Contact(_) => RecordKind::Contact,
            Body::MonitoringPeriod(_) => RecordKind::MonitoringPeriod,
            Body::CareRequest(_) => RecordKind::CareRequest,
        }
    }

    /// The date that chooses the release: the contact's or the request's, or the start.
    pub fn date(&self) -> Date {
        match &self.body {
            Body::Episode(episode) => episode.start,
            Body::Contact(contact) => contact.date,
            Body::MonitoringPeriod(period) => period.start,
            Body::CareRequest(request) => request.date,
        }
    }

    /// Whether it states codes beside those of its own variables.
    pub fn states_codes(&self) -> bool {
        let of_segments = match &self.body {
            Body::Episode(episode) => episode.segments.as_slice(),
            Body::Contact(_) | Body::MonitoringPeriod(_) | Body::CareRequest(_) => &[],
        };
        !self.codes.is_empty() || of_segments.iter().any(|segment| !segment.codes.is_empty())
    }

    /// Whether it states what only version 3 has room for.
    fn needs_version_3(&self) -> bool {
        let holders_need = self.principals.by_role().iter().any(|(_, holders)| {
            holders.len() > 1 || holders.iter().any(|holder| some(holder.basis.as_ref()).is_some())
        });
        let body_needs = match &self.body {
            Body::Episode(episode) => !episode.responsibilities.is_empty(),
            Body::Contact(contact) => contact.end.is_some() || !contact.external_causes.is_empty(),
            Body::MonitoringPeriod(_) => false,
            Body::CareRequest(_) => true,
        };
        holders_need || body_needs || some(self.provider.as_ref()).is_some()
    }
}

impl Person {
    /// Stands for a person whose identity stays in the vault.
    pub fn withheld() -> Self {
        Self {
            identity_type: IdentityType::Reserve,
            identity: String::new(),
            sex: None,
            birth_date: None,
            protected: false,
        }
    }
}

impl RecordKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 4] = [
        Self::Episode,
        Self::Contact,
        Self::MonitoringPeriod,
        Self::CareRequest,
    ];

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Episode => "episode",
            Self::Contact => "contact",
            Self::MonitoringPeriod => "monitoring-period",
            Self::CareRequest => "care-request",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The canonical bytes of a record's content in a version of the format.
///
/// # Errors
/// [`DecodeProblem::Version`] when the version is not known, or has no room for what the record states.
pub fn content_bytes(record: &Record, version: u8) -> Result<Vec<u8>, DecodeError> {
    let form = Form::of(version)?;
    if !form.codes && record.states_codes() || !form.whole && record.needs_version_3() {
        return Err(DecodeError::unknown_version());
    }
    let mut w = Writer::with_capacity(256);
    write_text(&mut w, record.residence.as_deref());
    for (_, holders) in record.principals.by_role() {
        if form.whole {
            write_holders(&mut w, holders);
        } else {
            write_text(&mut w, Principal::first(holders));
        }
    }
    if form.whole {
        write_text(&mut w, record.provider.as_deref());
    }
    write_text(&mut w, record.unit.as_deref());
    write_facts(&mut w, &record.facts);
    if form.codes {
        w.seq(&record.codes, write_coding);
    }
    match &record.body {
        Body::Episode(episode) => write_episode(&mut w, episode, form),
        Body::Contact(contact) => write_contact(&mut w, contact, form),
        Body::MonitoringPeriod(period) => write_monitoring(&mut w, period),
        Body::CareRequest(request) => write_request(&mut w, request),
    }
    Ok(w.into_bytes())
}

/// The record of content bytes of a version; its person is [`Person::withheld`].
///
/// # Errors
/// [`DecodeError`] when the version is not known or the bytes are not of the kind's form.
pub fn decode_content(
    version: u8,
    kind: RecordKind,
    id: &str,
    revision: u32,
    bytes: &[u8],
) -> Result<Record, DecodeError> {
    let form = Form::of(version)?;
    let mut r = Reader::new(bytes);
    let residence = read_text(&mut r)?;
    let mut holders = || match form.whole {
        true => read_holders(&mut r),
        false => Ok(Principal::alone(read_text(&mut r)?)),
    };
    let principals = Principals {
        responsible: holders()?,
        performing: holders()?,
        bed_owner: holders()?,
        payer: holders()?,
    };
    let provider = match form.whole {
        true => read_text(&mut r)?,
        false => None,
    };
    let unit = read_text(&mut r)?;
    let facts = read_facts(&mut r)?;
    let codes = read_codes(&mut r, form.codes)?;
    let body = match kind {
        RecordKind::Episode => Body::Episode(read_episode(&mut r, form)?),
        RecordKind::Contact => Body::Contact(read_contact(&mut r, form)?),
        RecordKind::MonitoringPeriod => Body::MonitoringPeriod(read_monitoring(&mut r)?),
        RecordKind::CareRequest if form.whole => Body::CareRequest(read_request(&mut r)?),
        RecordKind::CareRequest => return Err(DecodeError::unknown_version()),
    };
    r.finish()?;
    let person = Person::withheld();
    Ok(Record {
        id: id.to_owned(),
        revision,
        person,
        residence,
        principals,
        provider,
        unit,
        facts,
        codes,
        body,
    })
}

/// What a version has room for.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// Codes of the record and its segments.
    codes: bool,
    /// What version 3 brought.
    whole: bool,
}

impl Form {
    fn of(version: u8) -> Result<Self, DecodeError> {
        let (codes, whole) = match version {
            1 => (false, false),
            2 => (true, false),
            3 => (true, true),
            _ => return Err(DecodeError::unknown_version()),
        };
        Ok(Self { codes, whole })
    }
}

/// A text that is there: an empty one is not.
fn some(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

/// Those who hold a role, in the order stated; one without a name is nobody.
fn write_holders(w: &mut Writer, holders: &[Principal]) {
    let named: Vec<&Principal> = holders
        .iter()
        .filter(|holder| !holder.organisation.is_empty())
        .collect();
    w.seq(&named, |w, holder| {
        w.str(&holder.organisation);
        write_text(w, holder.basis.as_deref());
    });
}

fn read_holders(r: &mut Reader<'_>) -> Result<Vec<Principal>, DecodeError> {
    r.seq(ITEMS_MAX, |r| {
        let organisation = r.string()?;
        if organisation.is_empty() {
            return Err(r.error(DecodeProblem::NotCanonical));
        }
        let basis = read_text(r)?;
        Ok(Principal { organisation, basis })
    })
}

/// A text that need not be there; an empty one is none.
fn write_text(w: &mut Writer, text: Option<&str>) {
    w.option_str(text.filter(|text| !text.is_empty()));
}

fn read_text(r: &mut Reader<'_>) -> Result<Option<String>, DecodeError> {
    match r.option_string()? {
        Some(text) if text.is_empty() => Err(r.error(DecodeProblem::NotCanonical)),
        text => Ok(text),
    }
}

fn write_facts(w: &mut Writer, facts: &[Fact]) {
    let mut sorted: Vec<&Fact> = facts.iter().collect();
    sorted.sort();
    w.seq(&sorted, |w, fact| {
        w.str(&fact.axis);
        let mut values: Vec<&String> = fact.values.iter().collect();
        values.sort();
        w.seq(&values, |w, value| w.str(value));
    });
}

fn read_facts(r: &mut Reader<'_>) -> Result<Vec<Fact>, DecodeError> {
    let facts = r.seq(ITEMS_MAX, |r| {
        let axis = r.string()?;
        let values = strings(r)?;
        if values.is_sorted_by(|one, next| one < next) {
            Ok(Fact { axis, values })
        } else {
            Err(r.error(DecodeProblem::NotCanonical))
        }
    })?;
    if facts.is_sorted_by(|one, next| one.axis < next.axis) {
        Ok(facts)
    } else {
        Err(r.error(DecodeProblem::NotCanonical))
    }
}

fn strings(r: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    r.seq(ITEMS_MAX, Reader::string)
}

fn write_strings(w: &mut Writer, texts: &[String]) {
    w.seq(texts, |w, text| w.str(text));
}

fn write_coding(w: &mut Writer, coding: &Coding) {
    w.str(&coding.system);
    write_text(w, coding.version.as_deref());
    w.str(&coding.code);
}

fn read_coding(r: &mut Reader<'_>) -> Result<Coding, DecodeError> {
    Ok(Coding {
        system: r.string()?,
        version: read_text(r)?,
        code: r.string()?,
    })
}

fn read_codes(r: &mut Reader<'_>, there: bool) -> Result<Vec<Coding>, DecodeError> {
    match there {
        true => r.seq(ITEMS_MAX, read_coding),
        false => Ok(Vec::new()),
    }
}

fn write_episode(w: &mut Writer, episode: &Episode, form: Form) {
    w.date(episode.start);
    w.option_date(episode.end);
    write_text(w, episode.end_mode.as_deref());
    write_text(w, episode.decided_by.as_deref());
    w.seq(&episode.plans, |w, plan| {
        w.str(&plan.kind);
        write_text(w, plan.legal_basis.as_deref());
        write_strings(w, &plan.parties);
        w.date(plan.from);
        w.option_date(plan.until);
    });
    if form.whole {
        w.seq(&episode.responsibilities, |w, responsibility| {
            w.str(&responsibility.role);
            write_text(w, responsibility.unit.as_deref());
            write_text(w, responsibility.profession.as_deref());
            w.date(responsibility.from);
            w.option_date(responsibility.until);
        });
    }
    w.seq(&episode.segments, |w, segment| {
        w.date(segment.start);
        w.option_date(segment.end);
        write_text(w, segment.unit.as_deref());
        write_facts(w, &segment.facts);
        if form.codes {
            w.seq(&segment.codes, write_coding);
        }
    });
}

fn read_episode(r: &mut Reader<'_>, form: Form) -> Result<Episode, DecodeError> {
    Ok(Episode {
        start: r.date()?,
        end: r.option_date()?,
        end_mode: read_text(r)?,
        decided_by: read_text(r)?,
        plans: r.seq(ITEMS_MAX, |r| {
            Ok(Plan {
                kind: r.string()?,
                legal_basis: read_text(r)?,
                parties: strings(r)?,
                from: r.date()?,
                until: r.option_date()?,
            })
        })?,
        responsibilities: match form.whole {
            true => r.seq(ITEMS_MAX, read_responsibility)?,
            false => Vec::new(),
        },
        segments: r.seq(ITEMS_MAX, |r| {
            Ok(Segment {
                start: r.date()?,
                end: r.option_date()?,
                unit: read_text(r)?,
                facts: read_facts(r)?,
                codes: read_codes(r, form.codes)?,
            })
        })?,
    })
}

fn read_responsibility(r: &mut Reader<'_>) -> Result<Responsibility, DecodeError> {
    Ok(Responsibility {
        role: r.string()?,
        unit: read_text(r)?,
        profession: read_text(r)?,
        from: r.date()?,
        until: r.option_date()?,
    })
}

fn write_contact(w: &mut Writer, contact: &Contact, form: Form) {
    w.date(contact.date);
    if form.whole {
        w.option_date(contact.end);
    }
    write_text(w, contact.episode.as_deref());
    write_strings(w, &contact.professions);
    w.option(contact.delegated, Writer::flag);
    w.option(contact.reason.as_ref(), write_coding);
    w.seq(&contact.diagnoses, write_coding);
    if form.whole {
        w.seq(&contact.external_causes, write_coding);
    }
    w.seq(&contact.procedures, write_coding);
    w.option_date(contact.requested);
    w.option(contact.first_contact, Writer::flag);
}

fn read_contact(r: &mut Reader<'_>, form: Form) -> Result<Contact, DecodeError> {
    Ok(Contact {
        date: r.date()?,
        end: match form.whole {
            true => r.option_date()?,
            false => None,
        },
        episode: read_text(r)?,
        professions: strings(r)?,
        delegated: r.option(Reader::flag)?,
        reason: r.option(read_coding)?,
        diagnoses: r.seq(ITEMS_MAX, read_coding)?,
        external_causes: read_codes(r, form.whole)?,
        procedures: r.seq(ITEMS_MAX, read_coding)?,
        requested: r.option_date()?,
        first_contact: r.option(Reader::flag)?,
    })
}

fn write_monitoring(w: &mut Writer, period: &MonitoringPeriod) {
    w.date(period.start);
    w.option_date(period.end);
    write_text(w, period.episode.as_deref());
    write_text(w, period.ordered_by.as_deref());
    write_strings(w, &period.measures);
    w.option(period.thresholds, Writer::flag);
    w.option(period.response_duty, Writer::flag);
    w.option(period.assessed_alarms, Writer::u32);
}

fn read_monitoring(r: &mut Reader<'_>) -> Result<MonitoringPeriod, DecodeError> {
    Ok(MonitoringPeriod {
        start: r.date()?,
        end: r.option_date()?,
        episode: read_text(r)?,
        ordered_by: read_text(r)?,
        measures: strings(r)?,
        thresholds: r.option(Reader::flag)?,
        response_duty: r.option(Reader::flag)?,
        assessed_alarms: r.option(Reader::u32)?,
    })
}

fn write_request(w: &mut Writer, request: &CareRequest) {
    w.date(request.date);
    write_text(w, request.problem.as_deref());
    write_text(w, request.channel.as_deref());
    w.option(request.reason.as_ref(), write_coding);
    write_strings(w, &request.professions);
    w.option_date(request.contacted);
    w.option_date(request.assessed);
    write_text(w, request.ending.as_deref());
    w.option_date(request.ended);
}

fn read_request(r: &mut Reader<'_>) -> Result<CareRequest, DecodeError> {
    Ok(CareRequest {
        date: r.date()?,
        problem: read_text(r)?,
        channel: read_text(r)?,
        reason: r.option(read_coding)?,
        professions: strings(r)?,
        contacted: r.option_date()?,
        assessed: r.option_date()?,
        ending: read_text(r)?,
        ended: r.option_date()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn anything_is_read_without_panic_and_has_one_form(kind in 1u8..=4, version in 1u8..=3, bytes: Vec<u8>) {
            let kind = RecordKind::from_number(kind).unwrap();
            if let Ok(record) = decode_content(version, kind, "a", 1, &bytes) {
                prop_assert_eq!(record.kind(), kind);
                prop_assert_eq!(content_bytes(&record, version), Ok(bytes));
            }
        }
    }
}
