//! What a clinical terminology keeps beyond a plain code system, from the tables beside that of the concepts. The
//! mapping says that there is any (`components`), and names the reference sets with their fields.

use std::collections::HashMap;

use vardnav_register::text::safe_echo;
use vardnav_terminology::model::{
    Acceptability, Attribute, AttributeValue, Components, Concept, ConceptComponent, Description,
    DesignationComponent, FieldValue, ReferenceSet, ReferenceSetMember, Standing,
};

use super::super::uuid;
use super::mapping::ReferenceSetEntry;
use super::table::{Row, Source};

/// What concepts are as components.
pub(super) const COMPONENTS: (&str, &[&str]) =
    ("components", &["code", "module", "effective-time", "defined"]);
/// What designations are as components; `number` is that of the designation among its concept's, from 1, the one in
/// the concept's own row first.
pub(super) const DESCRIPTIONS: (&str, &[&str]) = (
    "descriptions",
    &[
        "code",
        "number",
        "id",
        "module",
        "type",
        "case-significance",
        "effective-time",
    ],
);
/// Where designations are preferred or acceptable.
pub(super) const ACCEPTABILITIES: (&str, &[&str]) =
    ("acceptabilities", &["code", "number", "dialect", "preferred"]);
/// Descriptions that are no designations; their standings name them by the number of their row, from 1.
pub(super) const OTHERS: (&str, &[&str]) = (
    "other-descriptions",
    &[
        "code",
        "id",
        "module",
        "type",
        "case-significance",
        "effective-time",
        "language",
        "active",
        "text",
    ],
);
/// Where these are preferred or acceptable.
pub(super) const OTHER_ACCEPTABILITIES: (&str, &[&str]) =
    ("other-acceptabilities", &["number", "dialect", "preferred"]);
/// Relationships other than is-a; `kind` is that of the value.
pub(super) const ATTRIBUTES: (&str, &[&str]) =
    ("attributes", &["code", "group", "attribute", "kind", "value"]);
/// The members of a reference set; behind these columns stand those of its fields, `FORM:NUMBER:NAME`.
pub(super) const MEMBER_COLUMNS: &[&str] = &["id", "effective-time", "active", "module", "code"];

/// Forms of values.
pub(super) const CONCEPT: &str = "concept";
pub(super) const NUMBER: &str = "number";
pub(super) const INTEGER: &str = "integer";
pub(super) const TEXT: &str = "text";
pub(super) const BOOLEAN: &str = "boolean";

/// No concept.
const NONE: u32 = u32::MAX;

/// The name of the table of a reference set's members, by its number in the mapping.
pub(super) fn members(number: usize) -> String {
    format!("members-{number}")
}

/// Form and number of the field that a column holds.
fn field(column: &str) -> Option<(&str, usize)> {
    let (form, rest) = column.split_once(':')?;
    let (number, _) = rest.split_once(':')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    [CONCEPT, INTEGER, TEXT].contains(&form).then_some((form, number))
}

fn is_member_column(name: &str) -> bool {
    MEMBER_COLUMNS.contains(&name) || field(name).is_some()
}

/// The components; `None` when the mapping speaks of none.
pub(super) fn read(
    source: &mut Source<'_>,
    concepts: &[Concept],
    positions: &HashMap<String, usize>,
) -> Option<Components> {
    if !source.mapping.components {
        return None;
    }
    let mut designations = 0_u32;
    let starts = concepts.iter().map(|concept| {
        let start = designations;
        designations = designations.saturating_add(concept.designations.len() as u32);
        (start, concept.designations.len())
    });
    let mut tables = Tables {
        positions,
        starts: starts.collect(),
        source,
    };
    Some(Components {
        concepts: tables.concepts(),
        designations: tables.descriptions(designations as usize),
        acceptabilities: tables.acceptabilities(),
        descriptions: tables.others(),
        attributes: tables.attributes(),
        reference_sets: tables.reference_sets(),
    })
}

/// The tables while they are read.
struct Tables<'t, 's> {
    source: &'t mut Source<'s>,
    positions: &'t HashMap<String, usize>,
    /// By concept: the position of its first designation among all, and how many it has.
    starts: Vec<(u32, usize)>,
}

impl Tables<'_, '_> {
    fn concepts(&mut self) -> Vec<ConceptComponent> {
        let nothing = ConceptComponent {
            module: NONE,
            ..ConceptComponent::default()
        };
        let mut components = vec![nothing; self.starts.len()];
        let table = self.source.beside(COMPONENTS.0, COMPONENTS.1, |_| true);
        for row in table.rows() {
            let read = ConceptComponent {
                module: self.perhaps(row, "module"),
                effective_time: self.number(row, "effective-time"),
                defined: self.source.flag(row, "defined"),
            };
            if let Some(position) = self.concept(row, "code")
                && let Some(component) = components.get_mut(position as usize)
            {
                *component = read;
            }
        }
        components
    }

    fn descriptions(&mut self, count: usize) -> Vec<DesignationComponent> {
        let nothing = DesignationComponent {
            module: NONE,
            kind: NONE,
            case_significance: NONE,
            ..DesignationComponent::default()
        };
        let mut components = vec![nothing; count];
        let table = self.source.beside(DESCRIPTIONS.0, DESCRIPTIONS.1, |_| true);
        for row in table.rows() {
            let read = self.description(row);
            if let Some(position) = self.designation(row)
                && let Some(component) = components.get_mut(position as usize)
            {
                *component = read;
            }
        }
        components
    }

    fn description(&mut self, row: Row<'_>) -> DesignationComponent {
        DesignationComponent {
            id: self.number(row, "id"),
            module: self.perhaps(row, "module"),
            kind: self.perhaps(row, "type"),
            case_significance: self.perhaps(row, "case-significance"),
            effective_time: self.number(row, "effective-time"),
        }
    }

    fn others(&mut self) -> Vec<Description> {
        let mut others = Vec::new();
        let table = self.source.beside(OTHERS.0, OTHERS.1, |_| true);
        for row in table.rows() {
            others.push(Description {
                concept: self.concept(row, "code").unwrap_or(NONE),
                text: row.cell("text").to_owned(),
                language: row.cell("language").to_owned(),
                active: self.source.flag(row, "active"),
                component: self.description(row),
                standings: Vec::new(),
            });
        }
        let name = OTHER_ACCEPTABILITIES.0;
        let table = self.source.beside(name, OTHER_ACCEPTABILITIES.1, |_| true);
        for row in table.rows() {
            let preferred = self.source.flag(row, "preferred");
            let dialect = self.concept(row, "dialect");
            let number = self.source.number(row, "number", 1);
            match (number.checked_sub(1).and_then(|at| others.get_mut(at)), dialect) {
                (Some(other), Some(dialect)) => other.standings.push(Standing { dialect, preferred }),
                (None, _) => self.source.misunderstood(row, "number"),
                _ => {}
            }
        }
        others.retain(|other| other.concept != NONE);
        others.sort_by_key(|other| other.concept);
        others
    }

    fn acceptabilities(&mut self) -> Vec<Acceptability> {
        let mut standings = Vec::new();
        let table = self.source.beside(ACCEPTABILITIES.0, ACCEPTABILITIES.1, |_| true);
        for row in table.rows() {
            let preferred = self.source.flag(row, "preferred");
            let dialect = self.concept(row, "dialect");
            if let (Some(designation), Some(dialect)) = (self.designation(row), dialect) {
                standings.push(Acceptability {
                    designation,
                    dialect,
                    preferred,
                });
            }
        }
        standings.sort_by_key(|standing| standing.designation);
        standings
    }

    fn attributes(&mut self) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        let table = self.source.beside(ATTRIBUTES.0, ATTRIBUTES.1, |_| true);
        for row in table.rows() {
            let group = self.number(row, "group");
            let value = self.attribute_value(row);
            let places = (self.concept(row, "code"), self.concept(row, "attribute"));
            if let ((Some(source), Some(kind)), Some(value)) = (places, value) {
                attributes.push(Attribute {
                    source,
                    group,
                    kind,
                    value,
                });
            }
        }
        attributes.sort_by_key(|attribute| attribute.source);
        attributes
    }

    fn attribute_value(&mut self, row: Row<'_>) -> Option<AttributeValue> {
        let text = || row.cell("value").to_owned();
        match row.cell("kind") {
            CONCEPT => self.concept(row, "value").map(AttributeValue::Concept),
            NUMBER => Some(AttributeValue::Number(text())),
            TEXT => Some(AttributeValue::Text(text())),
            BOOLEAN => Some(AttributeValue::Boolean(self.source.flag(row, "value"))),
            _ => {
                self.source.misunderstood(row, "kind");
                None
            }
        }
    }

    fn reference_sets(&mut self) -> Vec<ReferenceSet> {
        let entries = self.source.mapping.reference_set.iter().enumerate();
        entries
            .map(|(position, entry)| self.reference_set(position + 1, entry))
            .collect()
    }

    fn reference_set(&mut self, number: usize, entry: &ReferenceSetEntry) -> ReferenceSet {
        let concept = self.positions.get(&entry.concept);
        if concept.is_none() {
            let what = format!("reference set {number} is none of the concepts");
            self.source.mapping_error(what);
        }
        let mut members = Vec::new();
        let table = self
            .source
            .beside(&self::members(number), MEMBER_COLUMNS, is_member_column);
        for row in table.rows() {
            members.extend(self.member(row, entry.fields.len()));
        }
        members.sort_by_key(|member| member.referenced);
        ReferenceSet {
            concept: concept.map_or(NONE, |position| *position as u32),
            fields: entry.fields.clone(),
            members,
        }
    }

    fn member(&mut self, row: Row<'_>, fields: usize) -> Option<ReferenceSetMember> {
        let id = uuid::number(row.cell("id"));
        if id.is_none() {
            self.source.misunderstood(row, "id");
        }
        let mut values = vec![FieldValue::Text(String::new()); fields];
        for (column, cell) in row.filled() {
            let Some((form, number)) = field(column) else {
                continue;
            };
            let Some(value) = values.get_mut(number - 1) else {
                self.source
                    .wrong("VN-IMP-409", row, "the reference set has no such field");
                continue;
            };
            *value = match form {
                CONCEPT => FieldValue::Concept(self.concept(row, column)?),
                INTEGER => FieldValue::Integer(self.number(row, column)),
                _ => FieldValue::Text(cell.to_owned()),
            };
        }
        Some(ReferenceSetMember {
            effective_time: self.number(row, "effective-time"),
            active: self.source.flag(row, "active"),
            module: self.perhaps(row, "module"),
            referenced: self.concept(row, "code")?,
            id: id?,
            values,
        })
    }

    /// The position of the concept that a cell names.
    fn concept(&mut self, row: Row<'_>, column: &str) -> Option<u32> {
        let position = self.positions.get(row.cell(column));
        if position.is_none() {
            let column = safe_echo(column);
            let what = format!("the code in column `{column}` is not among the concepts");
            self.source.wrong("VN-IMP-409", row, what);
        }
        position.map(|position| *position as u32)
    }

    /// As [`Self::concept`], where the cell may be empty.
    fn perhaps(&mut self, row: Row<'_>, column: &str) -> u32 {
        if row.cell(column).is_empty() {
            return NONE;
        }
        self.concept(row, column).unwrap_or(NONE)
    }

    /// The position of a designation among all.
    fn designation(&mut self, row: Row<'_>) -> Option<u32> {
        let concept = self.concept(row, "code")?;
        let number = self.source.number(row, "number", 1);
        let (start, count) = self.starts.get(concept as usize).copied()?;
        if number > count {
            self.source
                .wrong("VN-IMP-409", row, "the concept has no such designation");
            return None;
        }
        Some(start + (number - 1) as u32)
    }

    /// A number; 0 when the cell is empty.
    fn number<T: std::str::FromStr + Default>(&mut self, row: Row<'_>, column: &str) -> T {
        match row.cell(column) {
            "" => T::default(),
            text => text.parse().unwrap_or_else(|_| {
                self.source.misunderstood(row, column);
                T::default()
            }),
        }
    }
}
