//! What was derived of a record, and its bytes in the ledger: what became of it and what was found, facts and table
//! results as ordinals within the release that each part names, with sex, age and residence, under the key of the
//! person.
//! How it is derived is [`crate::derive`]'s.
//!
//! Version 3 has the age of the person on the record's date, in days too below one year: a care request has no parts that
//! could tell it. Version 2 has facts mapped from codes, with the maps and codes that gave them after the facts of each part;
//! version 1 knows no such facts.

use jiff::civil::Date;
use vardnav_classification::{AxisIndex, DescriptionSystem, FactSet, FactSource, Grain, TableResult, facts};

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::definition::Severity;
use crate::finding::StoredFinding;
use crate::identity::PersonKey;
use crate::mapping::{CodePath, MappedFrom};
use crate::outcome::Outcome;
use crate::record::Sex;

/// Most parts of a record that are read.
const PARTS_MAX: usize = 10_000;
/// Most codes that gave the facts of a part that are read. What a record may state allows fewer.
const MAPPED_MAX: usize = 1_000_000;
/// Most findings of a record that are read. What a record may state allows fewer.
const FINDINGS_MAX: usize = 1_000_000;

/// What was derived of one revision of one record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Derived {
    /// What became of the record.
    pub outcome: Outcome,
    /// What was found, in order.
    pub findings: Vec<StoredFinding>,
    /// Whether the identity is protected: then no residence is kept.
    pub protected: bool,
    /// Legal sex.
    pub sex: Option<Sex>,
    /// Kommun of residence (SCB code, four digits; the first two are the region's), as stated or else as the population
    /// register had it when the record was taken: [`crate::residence`]. `None` when unknown or the identity is protected.
    pub residence: Option<String>,
    /// Age in completed years on the record's date; `None` when it is unknown, and in versions before 3.
    pub years: Option<u16>,
    /// Age in days on the record's date, of a person who has not completed the first year.
    pub days: Option<u16>,
    /// The parts that are classified.
    pub parts: Vec<PartDerived>,
}

/// What was derived of one part: the contact, a segment, the monitoring period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartDerived {
    /// Which part.
    pub part: Part,
    /// Its date: what chose the release.
    pub date: Date,
    /// Id of the release it was described and classified with.
    pub release: String,
    /// Age in completed years on its date.
    pub age: Option<u16>,
    /// Facts with their sources, by ordinals of the release.
    pub facts: FactSet,
    /// Which code, by which map, gave each fact whose source is [`FactSource::Mapped`]: by axis, then in the order in
    /// which the codes stand and the maps were asked.
    pub mapped: Vec<MappedFrom>,
    /// What each table gave, in the release's feeding order.
    pub tables: Vec<TableResult>,
}

/// A part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The contact.
    Contact,
    /// The segment with this index.
    Segment(usize),
    /// The monitoring period.
    MonitoringPeriod,
}

impl Part {
    /// What kind of thing it is to the tables.
    pub fn grain(self) -> Grain {
        match self {
            Self::Contact => Grain::Contact,
            Self::Segment(_) => Grain::Segment,
            Self::MonitoringPeriod => Grain::MonitoringPeriod,
        }
    }

    /// Its path in a record: empty for the record as a whole.
    pub fn path(self) -> String {
        match self {
            Self::Segment(index) => format!("segments[{index}]"),
            Self::Contact | Self::MonitoringPeriod => String::new(),
        }
    }
}

impl PartDerived {
    /// Whether a table could not decide.
    pub fn is_held(&self) -> bool {
        self.tables
            .iter()
            .any(|result| matches!(result, TableResult::Held { .. }))
    }

    /// Whether some fact was mapped from a code.
    fn has_mapped(&self) -> bool {
        let mut slots = (0..facts::SLOTS).filter_map(AxisIndex::new);
        !self.mapped.is_empty() || slots.any(|axis| self.facts.source(axis) == Some(FactSource::Mapped))
    }

    /// The facts with the values that the tables decided, as conditions on tables see them.
    pub fn with_tables(&self, system: &DescriptionSystem) -> FactSet {
        let mut facts = self.facts;
        system.classify_into(self.part.grain(), self.date, &mut facts);
        facts
    }
}

impl Derived {
    /// Whether some value waits.
    pub fn is_held(&self) -> bool {
        self.parts.iter().any(PartDerived::is_held)
    }

    /// Age on the record's date, or on that of the first part.
    pub fn age(&self) -> Option<u16> {
        self.years.or_else(|| self.parts.first()?.age)
    }

    /// SCB code of the region of residence.
    pub fn region(&self) -> Option<&str> {
        self.residence.as_deref()?.get(..2)
    }

    /// The bytes kept in the ledger, in a version of the format.
    ///
    /// # Errors
    /// [`DecodeProblem::Version`] when the version is not known, or has no room for what was derived.
    pub fn encode(&self, person: PersonKey, version: u8) -> Result<Vec<u8>, DecodeError> {
        let (mapped, aged) = (has_mapped(version)?, has_age(version));
        if !aged && (self.years.is_some() || self.days.is_some()) {
            return Err(DecodeError::unknown_version());
        }
        if !mapped && self.parts.iter().any(PartDerived::has_mapped) {
            return Err(DecodeError::unknown_version());
        }
        let mut w = Writer::with_capacity(64 + self.parts.len() * 128 + self.findings.len() * 64);
        w.raw(&person.0);
        w.u8(self.outcome as u8);
        w.seq(&self.findings, |w, finding| {
            w.str(&finding.code);
            w.u8(severity_number(finding.severity));
            w.str(&finding.path);
        });
        w.flag(self.protected);
        w.u8(self.sex.map_or(0, |sex| sex as u8));
        w.option_str(self.residence.as_deref());
        if aged {
            w.option(self.years, Writer::u16);
            w.option(self.days, Writer::u16);
        }
        w.seq(&self.parts, |w, part| {
            match part.part {
                Part::Contact => w.u8(1),
                Part::Segment(index) => {
                    w.u8(2);
                    w.varint(index as u64);
                }
                Part::MonitoringPeriod => w.u8(3),
            }
            w.date(part.date);
            w.str(&part.release);
            w.option(part.age, |w, age| w.u16(age));
            encode_facts(w, &part.facts);
            if mapped {
                w.seq(&part.mapped, encode_mapped);
            }
            w.seq(&part.tables, |w, result| encode_result(w, *result));
        });
        Ok(w.into_bytes())
    }

    /// The person key that derived bytes of any version begin with.
    ///
    /// # Errors
    /// [`DecodeError`] when they end within it.
    pub fn person(bytes: &[u8]) -> Result<PersonKey, DecodeError> {
        Reader::new(bytes).array().map(PersonKey)
    }

    /// The outcome alone, which follows the person in every version.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes end before it, or it is none.
    pub fn outcome_of(bytes: &[u8]) -> Result<Outcome, DecodeError> {
        let mut r = Reader::new(bytes);
        r.array::<16>()?;
        Outcome::from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))
    }

    /// Reads what [`Self::encode`] wrote in a version.
    ///
    /// # Errors
    /// [`DecodeError`] when the version is not known or the bytes are not of its form.
    pub fn decode(bytes: &[u8], version: u8) -> Result<(PersonKey, Self), DecodeError> {
        let (mapped, aged) = (has_mapped(version)?, has_age(version));
        let mut r = Reader::new(bytes);
        let person = PersonKey(r.array()?);
        let outcome = Outcome::from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?;
        let findings = r.seq(FINDINGS_MAX, |r| {
            Ok(StoredFinding {
                code: r.string()?,
                severity: severity_from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?,
                path: r.string()?,
            })
        })?;
        let protected = r.flag()?;
        let sex = match r.u8()? {
            0 => None,
            1 => Some(Sex::Female),
            2 => Some(Sex::Male),
            _ => return Err(r.error(DecodeProblem::Tag)),
        };
        let residence = r.option_string()?;
        let mut age = || match aged {
            true => r.option(Reader::u16),
            false => Ok(None),
        };
        let (years, days) = (age()?, age()?);
        let parts = r.seq(PARTS_MAX, |r| {
            let part = match r.u8()? {
                1 => Part::Contact,
                2 => {
                    Part::Segment(usize::try_from(r.varint()?).map_err(|_| r.error(DecodeProblem::TooLong))?)
                }
                3 => Part::MonitoringPeriod,
                _ => return Err(r.error(DecodeProblem::Tag)),
            };
            Ok(PartDerived {
                part,
                date: r.date()?,
                release: r.string()?,
                age: r.option(Reader::u16)?,
                facts: decode_facts(r, mapped)?,
                mapped: match mapped {
                    true => r.seq(MAPPED_MAX, decode_mapped)?,
                    false => Vec::new(),
                },
                tables: r.seq(usize::from(u8::MAX), decode_result)?,
            })
        })?;
        r.finish()?;
        Ok((
            person,
            Self {
                outcome,
                findings,
                protected,
                sex,
                residence,
                years,
                days,
                parts,
            },
        ))
    }
}

/// Whether a version has mapped facts.
fn has_mapped(version: u8) -> Result<bool, DecodeError> {
    match version {
        1 => Ok(false),
        2 | 3 => Ok(true),
        _ => Err(DecodeError::unknown_version()),
    }
}

/// Whether a version has the age on the record's date.
fn has_age(version: u8) -> bool {
    version > 2
}

/// The stored number of a weight.
fn severity_number(severity: Severity) -> u8 {
    match severity {
        Severity::Warning => 1,
        Severity::Hold => 2,
        Severity::Error => 3,
    }
}

fn severity_from_number(number: u8) -> Option<Severity> {
    [Severity::Warning, Severity::Hold, Severity::Error]
        .into_iter()
        .find(|severity| severity_number(*severity) == number)
}

fn encode_facts(w: &mut Writer, facts: &FactSet) {
    let slots = || {
        (0..facts::SLOTS)
            .filter_map(AxisIndex::new)
            .filter_map(|axis| facts.source(axis).map(|source| (axis, source)))
    };
    w.varint(slots().count() as u64);
    for (axis, source) in slots() {
        w.u8(axis.position() as u8);
        w.varint(facts.values(axis));
        w.u8(source_number(source));
    }
}

/// The stored number of a source of facts.
pub(crate) fn source_number(source: FactSource) -> u8 {
    match source {
        FactSource::Record => 1,
        FactSource::Segment => 2,
        FactSource::Episode => 3,
        FactSource::Unit => 4,
        FactSource::Derived => 5,
        FactSource::Mapped => 6,
    }
}

/// The source of facts with this stored number.
pub(crate) fn source_from_number(number: u8) -> Option<FactSource> {
    Some(match number {
        1 => FactSource::Record,
        2 => FactSource::Segment,
        3 => FactSource::Episode,
        4 => FactSource::Unit,
        5 => FactSource::Derived,
        6 => FactSource::Mapped,
        _ => return None,
    })
}

fn decode_facts(r: &mut Reader<'_>, mapped: bool) -> Result<FactSet, DecodeError> {
    let mut facts = FactSet::new();
    let mut next = 0;
    for _ in 0..r.count(facts::SLOTS)? {
        let position = usize::from(r.u8()?);
        if position < next {
            return Err(r.error(DecodeProblem::NotCanonical));
        }
        next = position + 1;
        let axis = AxisIndex::new(position).ok_or_else(|| r.error(DecodeProblem::Tag))?;
        let values = r.varint()?;
        if values >> facts::VALUES_MAX != 0 {
            return Err(r.error(DecodeProblem::Tag));
        }
        let source = source_from_number(r.u8()?)
            .filter(|source| mapped || *source != FactSource::Mapped)
            .ok_or_else(|| r.error(DecodeProblem::Tag))?;
        facts.set(axis, values, source);
    }
    Ok(facts)
}

fn encode_mapped(w: &mut Writer, from: &MappedFrom) {
    w.u8(from.axis.position() as u8);
    match from.path {
        CodePath::Record(at) => {
            w.u8(1);
            w.varint(at as u64);
        }
        CodePath::Procedure(at) => {
            w.u8(2);
            w.varint(at as u64);
        }
        CodePath::Segment(segment, at) => {
            w.u8(3);
            w.varint(segment as u64);
            w.varint(at as u64);
        }
    }
    w.str(&from.map);
}

fn decode_mapped(r: &mut Reader<'_>) -> Result<MappedFrom, DecodeError> {
    let axis = AxisIndex::new(usize::from(r.u8()?)).ok_or_else(|| r.error(DecodeProblem::Tag))?;
    let index =
        |r: &mut Reader<'_>| usize::try_from(r.varint()?).map_err(|_| r.error(DecodeProblem::TooLong));
    let path = match r.u8()? {
        1 => CodePath::Record(index(r)?),
        2 => CodePath::Procedure(index(r)?),
        3 => CodePath::Segment(index(r)?, index(r)?),
        _ => return Err(r.error(DecodeProblem::Tag)),
    };
    Ok(MappedFrom {
        axis,
        path,
        map: r.string()?,
    })
}

pub(crate) fn encode_result(w: &mut Writer, result: TableResult) {
    match result {
        TableResult::NotApplicable => w.u8(0),
        TableResult::Value { value, rule } => {
            w.u8(1);
            w.u8(value);
            w.u16(rule);
        }
        TableResult::Held { possible } => {
            w.u8(2);
            w.varint(possible);
        }
        TableResult::Collected { values, possible } => {
            w.u8(3);
            w.varint(values);
            w.varint(possible);
        }
    }
}

pub(crate) fn decode_result(r: &mut Reader<'_>) -> Result<TableResult, DecodeError> {
    Ok(match r.u8()? {
        0 => TableResult::NotApplicable,
        1 => TableResult::Value {
            value: r.u8()?,
            rule: r.u16()?,
        },
        2 => TableResult::Held {
            possible: r.varint()?,
        },
        3 => TableResult::Collected {
            values: r.varint()?,
            possible: r.varint()?,
        },
        _ => return Err(r.error(DecodeProblem::Tag)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_come_back() {
        let mut facts = FactSet::new();
        facts.set(AxisIndex::new(0).unwrap(), 0b101, FactSource::Unit);
        facts.set(AxisIndex::new(7).unwrap(), 0, FactSource::Derived);
        facts.set(AxisIndex::new(9).unwrap(), 0b1, FactSource::Mapped);
        facts.set(AxisIndex::new(47).unwrap(), 1 << 61, FactSource::Segment);
        let derived = Derived {
            outcome: Outcome::Held,
            findings: vec![StoredFinding {
                code: "VN-REG-041".into(),
                severity: Severity::Hold,
                path: "segments[3]".into(),
            }],
            protected: true,
            sex: Some(Sex::Female),
            residence: Some("0180".into()),
            years: Some(0),
            days: Some(364),
            parts: vec![PartDerived {
                part: Part::Segment(3),
                date: Date::constant(2026, 9, 1),
                release: "2026.1".into(),
                age: Some(83),
                facts,
                mapped: vec![
                    MappedFrom {
                        axis: AxisIndex::new(9).unwrap(),
                        path: CodePath::Segment(3, 300),
                        map: "https://region.se/map/besok|2".into(),
                    },
                    MappedFrom {
                        axis: AxisIndex::new(9).unwrap(),
                        path: CodePath::Procedure(0),
                        map: "m".into(),
                    },
                ],
                tables: vec![
                    TableResult::NotApplicable,
                    TableResult::Value { value: 4, rule: 300 },
                    TableResult::Held { possible: 0b11 },
                    TableResult::Collected {
                        values: 1,
                        possible: 1 << 61,
                    },
                ],
            }],
        };
        let person = PersonKey([7; 16]);
        let bytes = derived.encode(person, 3).unwrap();
        assert_eq!(Derived::decode(&bytes, 3), Ok((person, derived.clone())));
        let unknown = DecodeError::unknown_version();
        for version in [0, 1, 2, 4] {
            assert_eq!(derived.encode(person, version), Err(unknown), "{version}");
        }
        assert_eq!(Derived::decode(&bytes, 4), Err(unknown));
        assert!(Derived::decode(&bytes, 1).is_err());
        let before = Derived {
            years: None,
            days: None,
            ..derived.clone()
        };
        let bytes_before = before.encode(person, 2).unwrap();
        assert_eq!(Derived::decode(&bytes_before, 2), Ok((person, before)));
        assert_eq!(derived.region(), Some("01"));
        assert!(derived.is_held());
        for end in 0..bytes.len() {
            assert!(Derived::decode(&bytes[..end], 3).is_err());
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic_and_has_one_form(version in 1u8..=3, bytes: Vec<u8>) {
            if let Ok((person, derived)) = Derived::decode(&bytes, version) {
                prop_assert_eq!(derived.encode(person, version), Ok(bytes));
            }
        }
    }
}
