//! An entry as the line that an export writes of it, from which the rows of the tables are made: what the register
//! received, what was derived, and the record without its person. Of whoever is protected nothing below the country is
//! told of where they live.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use vardnav_classification::facts::{SLOTS, bits};
use vardnav_classification::{AxisIndex, DescriptionSystem, TableResult};
use vardnav_interchange::register::write::write_record;
use vardnav_register::derived::{Derived, Part, PartDerived};
use vardnav_register::entry::Header;
use vardnav_register::hash::to_hex;
use vardnav_register::record::{Record, Sex};
use vardnav_register::residence::ResidenceSource;
use vardnav_store::{Hash, View};

/// What stands beside the record in its line already, or nowhere.
const BESIDE: [&str; 5] = ["person", "reporter", "kind", "id", "revision"];
/// Where the record states where the person lives.
const RESIDENCE: &str = "residence";

/// An entry whose record is there.
pub(crate) struct Told<'a> {
    /// Its header.
    pub(crate) header: &'a Header,
    /// Its place.
    pub(crate) position: u64,
    /// Its leaf.
    pub(crate) leaf: &'a Hash,
    /// The record.
    pub(crate) record: &'a Record,
    /// What was derived of it.
    pub(crate) derived: &'a Derived,
    /// Whether the person's data are protected.
    pub(crate) protected: bool,
}

/// Why there is no line.
pub(crate) enum NoLine {
    /// A release that is not there.
    Release(String),
    /// The record cannot be written.
    Record(String),
}

/// The line of an entry, under the releases of a view.
pub(crate) fn line(told: &Told<'_>, view: &View) -> Result<Value, NoLine> {
    let Told {
        header,
        record,
        derived,
        ..
    } = told;
    let source = match told.protected {
        true => None,
        false => ResidenceSource::of(record, derived),
    };
    let residence = source.and(derived.residence.as_deref());
    let parts = derived.parts.iter().map(|part| {
        let release = view.snapshot(&part.release);
        let release = release.ok_or_else(|| NoLine::Release(part.release.clone()))?;
        Ok(part_line(part, &release.description))
    });
    let mut line = Map::new();
    let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
    put("reporter", json!(header.reporter));
    put("kind", json!(header.kind.name()));
    put("id", json!(header.id));
    put("revision", json!(header.revision));
    put("outcome", json!(derived.outcome.name()));
    put("position", json!(told.position));
    let received = Timestamp::from_microsecond(header.received).ok();
    put("received", json!(received.map(|instant| instant.to_string())));
    put("leaf", json!(to_hex(told.leaf)));
    put("sex", json!(sex(derived.sex)));
    put("age", json!(derived.age()));
    put("residence", json!(residence));
    put("residence_source", json!(source.map(ResidenceSource::name)));
    put("derived", Value::Array(parts.collect::<Result<_, _>>()?));
    put("record", stated(record, told.protected)?);
    Ok(Value::Object(line))
}

/// The record as a line would state it, without what stands beside it.
fn stated(record: &Record, protected: bool) -> Result<Value, NoLine> {
    let mut bytes = Vec::with_capacity(1024);
    write_record(&mut bytes, "", record, false).map_err(|error| NoLine::Record(error.to_string()))?;
    // What the parser says may repeat a value.
    let value = serde_json::from_slice(&bytes).map_err(|_| NoLine::Record("it is no JSON".to_owned()));
    let mut value: Value = value?;
    if let Some(fields) = value.as_object_mut() {
        for field in BESIDE {
            fields.remove(field);
        }
        if protected {
            fields.remove(RESIDENCE);
        }
    }
    Ok(value)
}

fn sex(sex: Option<Sex>) -> &'static str {
    match sex {
        Some(Sex::Female) => "female",
        Some(Sex::Male) => "male",
        None => "unspecified",
    }
}

fn part_line(part: &PartDerived, system: &DescriptionSystem) -> Value {
    let segment = match part.part {
        Part::Segment(index) => Some(index),
        Part::Contact | Part::MonitoringPeriod => None,
    };
    let mut line = Map::new();
    line.insert("segment".to_owned(), json!(segment));
    line.insert("date".to_owned(), json!(part.date.to_string()));
    line.insert("release".to_owned(), json!(part.release));
    line.insert("tables".to_owned(), Value::Object(results(part, system)));
    line.insert("facts".to_owned(), Value::Object(facts(part, system)));
    Value::Object(line)
}

/// What the tables gave; nothing of those that do not apply.
fn results(part: &PartDerived, system: &DescriptionSystem) -> Map<String, Value> {
    let tables = system.tables().zip(&part.tables);
    let results = tables.filter_map(|((index, table), result)| {
        let slot = system.slot_of(index)?;
        let code = |value: u8| Value::String(system.value_code(slot, value).to_owned());
        let (values, rule) = match *result {
            TableResult::NotApplicable => return None,
            TableResult::Value { value, rule } => {
                let rule = system.rule(index, rule).map(|rule| rule.id.as_str());
                (Value::Array(vec![code(value)]), rule.unwrap_or_default())
            }
            TableResult::Held { .. } => (json!("held"), ""),
            TableResult::Collected { values, .. } => (bits(values).map(code).collect(), ""),
        };
        Some((table.id.clone(), json!({"values": values, "rule": rule})))
    });
    results.collect()
}

/// The facts; one of several values as a list.
fn facts(part: &PartDerived, system: &DescriptionSystem) -> Map<String, Value> {
    let known = (0..SLOTS).filter_map(AxisIndex::new).filter_map(|axis| {
        part.facts.source(axis)?;
        let code = |value: u8| Value::String(system.value_code(axis, value).to_owned());
        let mut values: Vec<Value> = bits(part.facts.values(axis)).map(code).collect();
        let value = match values.len() {
            1 => values.pop().unwrap_or_default(),
            _ => Value::Array(values),
        };
        Some((system.axis_id(axis).to_owned(), value))
    });
    known.collect()
}
