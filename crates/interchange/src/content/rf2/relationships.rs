//! The Relationship and RelationshipConcreteValues tables: superordinate concepts and attributes. Stated relationships
//! are passed over, since the hierarchy is that of the inferred ones.

use std::cmp::Ordering;

use vardnav_terminology::model::{Attribute, AttributeValue, Concept};

use super::concepts::Concepts;
use super::finding::Report;
use super::ids;
use super::index::{Newest, State};
use super::names::{FileName, Table};
use super::row::{Head, Row, Source};
use super::sctid::Kind;

const COLUMNS: [&str; 10] = [
    "id",
    "effectiveTime",
    "active",
    "moduleId",
    "sourceId",
    "destinationId",
    "relationshipGroup",
    "typeId",
    "characteristicTypeId",
    "modifierId",
];

/// Column of the destination, or of the concrete value.
const VALUE: usize = 5;

/// A relationship; one that is not active names nothing.
#[derive(Debug)]
struct Relationship<V> {
    value: V,
    source: u32,
    kind: u32,
    time: u32,
    group: u16,
    active: bool,
}

impl<V> State for Relationship<V> {
    fn time(&self) -> u32 {
        self.time
    }
}

/// Reads the relationships, gives every concept its superordinate concepts, and answers the attributes, by source and
/// group.
pub(super) fn read<'n>(
    source: Source<'_>,
    files: impl Iterator<Item = &'n FileName> + Clone,
    concepts: &Concepts,
    into: &mut [Concept],
    report: &mut Report,
) -> Vec<Attribute> {
    let of = |table| files.clone().filter(move |file| file.table == table);
    let destination = |row: &Row<'_>, report: &mut Report| {
        let id = row.id(VALUE, report)?;
        concepts.find(id).or_else(|| unknown(row, id, report))
    };
    let relationships = table(
        source,
        of(Table::Relationship),
        &COLUMNS,
        concepts,
        destination,
        report,
    );
    let is_a = concepts.position(ids::IS_A);
    let mut parents = Vec::new();
    let mut attributes = Vec::with_capacity(relationships.len());
    for one in relationships {
        if one.kind == is_a {
            parents.push((one.source, one.value));
        } else {
            attributes.push(attribute(one, AttributeValue::Concept));
        }
    }
    set_parents(parents, concepts, into);
    let mut columns = COLUMNS;
    if let Some(column) = columns.get_mut(VALUE) {
        *column = "value";
    }
    for one in table(
        source,
        of(Table::ConcreteValue),
        &columns,
        concepts,
        concrete,
        report,
    ) {
        attributes.push(attribute(one, |value| value));
    }
    attributes.sort_unstable_by(|a, b| {
        let key = |one: &Attribute| (one.source, one.group, one.kind);
        key(a).cmp(&key(b)).then_with(|| compare(&a.value, &b.value))
    });
    attributes.dedup();
    attributes
}

/// The active relationships of a table, with what `value` makes of the column of the value.
fn table<'n, V>(
    source: Source<'_>,
    files: impl Iterator<Item = &'n FileName>,
    columns: &[&str],
    concepts: &Concepts,
    value: impl Fn(&Row<'_>, &mut Report) -> Option<V>,
    report: &mut Report,
) -> Vec<Relationship<V>> {
    let mut newest = Newest::default();
    for file in files {
        newest.begin_file();
        source.each(file, (columns, 0), report, |row, report| {
            let Some((id, head)) = row.own_id(Kind::Relationship, report).zip(row.head(report)) else {
                return;
            };
            let Some(relationship) = relationship(row, head, concepts, &value, report) else {
                return;
            };
            row.note(newest.put(id, relationship, row.history), report);
        });
    }
    let mut rows = newest.into_parts().1;
    rows.retain(|row| row.active);
    rows
}

fn relationship<V>(
    row: &Row<'_>,
    head: Head,
    concepts: &Concepts,
    value: impl Fn(&Row<'_>, &mut Report) -> Option<V>,
    report: &mut Report,
) -> Option<Relationship<V>> {
    let (source, kind) = (row.id(4, report)?, row.id(7, report)?);
    let characteristic = row.id(8, report)?;
    let Ok(group) = row.text(6).parse::<u16>() else {
        row.error(
            "VN-IMP-106",
            "relationshipGroup is not a number from 0 to 65535",
            report,
        );
        return None;
    };
    Some(Relationship {
        value: value(row, report)?,
        source: concepts.find(source).or_else(|| unknown(row, source, report))?,
        kind: concepts.find(kind).or_else(|| unknown(row, kind, report))?,
        time: head.time,
        group,
        active: head.active && characteristic != ids::STATED,
    })
}

fn unknown(row: &Row<'_>, id: u64, report: &mut Report) -> Option<u32> {
    let message = format_args!("`{}` names `{id}`, which is not here", row.text(0));
    report.warn("VN-IMP-108", row.file, row.line, message);
    None
}

/// A concrete value: `#` and a number, a text in quotation marks, `true` or `false`.
fn concrete(row: &Row<'_>, report: &mut Report) -> Option<AttributeValue> {
    let text = row.text(VALUE);
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let value = match (text.strip_prefix('#'), quoted, text) {
        (Some(number), ..) if is_number(number) => Some(AttributeValue::Number(number.to_owned())),
        (_, Some(text), _) => Some(AttributeValue::Text(text.to_owned())),
        (.., "true" | "false") => Some(AttributeValue::Boolean(text == "true")),
        _ => None,
    };
    if value.is_none() {
        let message = "value is neither # and a number, nor text in quotation marks, nor true or false";
        row.error("VN-IMP-106", message, report);
    }
    value
}

/// Whether a text is digits, with a sign and a fraction if any.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

fn attribute<V>(one: Relationship<V>, value: impl Fn(V) -> AttributeValue) -> Attribute {
    Attribute {
        source: one.source,
        group: one.group,
        kind: one.kind,
        value: value(one.value),
    }
}

fn set_parents(mut parents: Vec<(u32, u32)>, concepts: &Concepts, into: &mut [Concept]) {
    parents.sort_unstable();
    parents.dedup();
    for group in parents.chunk_by(|(a, _), (b, _)| a == b) {
        let child = group.first().map_or(usize::MAX, |(child, _)| *child as usize);
        if let Some(concept) = into.get_mut(child) {
            let codes = group.iter().filter_map(|(_, parent)| concepts.id(*parent));
            concept.parents.reserve_exact(group.len());
            concept.parents.extend(codes.map(|id| id.to_string()));
        }
    }
}

fn compare(a: &AttributeValue, b: &AttributeValue) -> Ordering {
    fn key(value: &AttributeValue) -> (u8, u32, &str) {
        match value {
            AttributeValue::Concept(position) => (0, *position, ""),
            AttributeValue::Number(text) => (1, 0, text),
            AttributeValue::Text(text) => (2, 0, text),
            AttributeValue::Boolean(truth) => (3, u32::from(*truth), ""),
        }
    }
    key(a).cmp(&key(b))
}
