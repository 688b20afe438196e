//! The bytes of what was reported, without the person: residence, principals, unit, facts and what is particular
//! to the kind. Strings stand as reported; facts are sorted, so that their order in a file does not matter.
//! Id and revision are in the header of the entry, the person in the vault.

use jiff::civil::Date;

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::record::{
    Body, Coding, Contact, Episode, Fact, IdentityType, MonitoringPeriod, Person, Plan, Principals, Record,
    RecordKind, Segment,
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
        }
    }

    /// The date that chooses the release: the contact's, or the start.
    pub fn date(&self) -> Date {
        match &self.body {
            Body::Episode(episode) => episode.start,
            Body::Contact(contact) => contact.date,
            Body::MonitoringPeriod(period) => period.start,
        }
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
    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Episode, Self::Contact, Self::MonitoringPeriod]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }

    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Episode => "episode",
            Self::Contact => "contact",
            Self::MonitoringPeriod => "monitoring-period",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Episode, Self::Contact, Self::MonitoringPeriod]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// The canonical bytes of a record's content.
pub fn content_bytes(record: &Record) -> Vec<u8> {
    let mut w = Writer::with_capacity(256);
    w.option_str(record.residence.as_deref());
    for principal in [
        &record.principals.responsible,
        &record.principals.performing,
        &record.principals.bed_owner,
        &record.principals.payer,
    ] {
        w.option_str(principal.as_deref());
    }
    w.option_str(record.unit.as_deref());
    write_facts(&mut w, &record.facts);
    match &record.body {
        Body::Episode(episode) => write_episode(&mut w, episode),
        Body::Contact(contact) => write_contact(&mut w, contact),
        Body::MonitoringPeriod(period) => write_monitoring(&mut w, period),
    }
    w.into_bytes()
}

/// The record of content bytes; its person is [`Person::withheld`].
///
/// # Errors
/// [`DecodeError`] when the bytes are not of the kind's form.
pub fn decode_content(
    kind: RecordKind,
    id: &str,
    revision: u32,
    bytes: &[u8],
) -> Result<Record, DecodeError> {
    let mut r = Reader::new(bytes);
    let residence = r.option_string()?;
    let principals = Principals {
        responsible: r.option_string()?,
        performing: r.option_string()?,
        bed_owner: r.option_string()?,
        payer: r.option_string()?,
    };
    let unit = r.option_string()?;
    let facts = read_facts(&mut r)?;
    let body = match kind {
        RecordKind::Episode => Body::Episode(read_episode(&mut r)?),
        RecordKind::Contact => Body::Contact(read_contact(&mut r)?),
        RecordKind::MonitoringPeriod => Body::MonitoringPeriod(read_monitoring(&mut r)?),
    };
    r.finish()?;
    let person = Person::withheld();
    Ok(Record {
        id: id.to_owned(),
        revision,
        person,
        residence,
        principals,
        unit,
        facts,
        body,
    })
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
        if values.is_sorted() {
            Ok(Fact { axis, values })
        } else {
            Err(r.error(DecodeProblem::NotCanonical))
        }
    })?;
    if facts.is_sorted() {
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

fn write_episode(w: &mut Writer, episode: &Episode) {
    w.date(episode.start);
    w.option_date(episode.end);
    w.option_str(episode.end_mode.as_deref());
    w.option_str(episode.decided_by.as_deref());
    w.seq(&episode.plans, |w, plan| {
        w.str(&plan.kind);
        w.option_str(plan.legal_basis.as_deref());
        write_strings(w, &plan.parties);
        w.date(plan.from);
        w.option_date(plan.until);
    });
    w.seq(&episode.segments, |w, segment| {
        w.date(segment.start);
        w.option_date(segment.end);
        w.option_str(segment.unit.as_deref());
        write_facts(w, &segment.facts);
    });
}

fn read_episode(r: &mut Reader<'_>) -> Result<Episode, DecodeError> {
    Ok(Episode {
        start: r.date()?,
        end: r.option_date()?,
        end_mode: r.option_string()?,
        decided_by: r.option_string()?,
        plans: r.seq(ITEMS_MAX, |r| {
            Ok(Plan {
                kind: r.string()?,
                legal_basis: r.option_string()?,
                parties: strings(r)?,
                from: r.date()?,
                until: r.option_date()?,
            })
        })?,
        segments: r.seq(ITEMS_MAX, |r| {
            Ok(Segment {
                start: r.date()?,
                end: r.option_date()?,
                unit: r.option_string()?,
                facts: read_facts(r)?,
            })
        })?,
    })
}

fn write_contact(w: &mut Writer, contact: &Contact) {
    let coding = |w: &mut Writer, coding: &Coding| {
        w.str(&coding.system);
        w.option_str(coding.version.as_deref());
        w.str(&coding.code);
    };
    w.date(contact.date);
    w.option_str(contact.episode.as_deref());
    write_strings(w, &contact.professions);
    w.option(contact.delegated, Writer::flag);
    w.option(contact.reason.as_ref(), coding);
    w.seq(&contact.diagnoses, coding);
    w.seq(&contact.procedures, coding);
    w.option_date(contact.requested);
    w.option(contact.first_contact, Writer::flag);
}

fn read_contact(r: &mut Reader<'_>) -> Result<Contact, DecodeError> {
    let coding = |r: &mut Reader<'_>| {
        Ok(Coding {
            system: r.string()?,
            version: r.option_string()?,
            code: r.string()?,
        })
    };
    Ok(Contact {
        date: r.date()?,
        episode: r.option_string()?,
        professions: strings(r)?,
        delegated: r.option(Reader::flag)?,
        reason: r.option(coding)?,
        diagnoses: r.seq(ITEMS_MAX, coding)?,
        procedures: r.seq(ITEMS_MAX, coding)?,
        requested: r.option_date()?,
        first_contact: r.option(Reader::flag)?,
    })
}

fn write_monitoring(w: &mut Writer, period: &MonitoringPeriod) {
    w.date(period.start);
    w.option_date(period.end);
    w.option_str(period.episode.as_deref());
    w.option_str(period.ordered_by.as_deref());
    write_strings(w, &period.measures);
    w.option(period.thresholds, Writer::flag);
    w.option(period.response_duty, Writer::flag);
    w.option(period.assessed_alarms, Writer::u32);
}

fn read_monitoring(r: &mut Reader<'_>) -> Result<MonitoringPeriod, DecodeError> {
    Ok(MonitoringPeriod {
        start: r.date()?,
        end: r.option_date()?,
        episode: r.option_string()?,
        ordered_by: r.option_string()?,
        measures: strings(r)?,
        thresholds: r.option(Reader::flag)?,
        response_duty: r.option(Reader::flag)?,
        assessed_alarms: r.option(Reader::u32)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn anything_is_read_without_panic_and_has_one_form(kind in 1u8..=3, bytes: Vec<u8>) {
            let kind = RecordKind::from_number(kind).unwrap();
            if let Ok(record) = decode_content(kind, "a", 1, &bytes) {
                prop_assert_eq!(record.kind(), kind);
                prop_assert_eq!(content_bytes(&record), bytes);
            }
        }
    }
}
