//! Small terminologies with all that expressions can speak of, as plain vectors, and the editions made of them.

use std::collections::BTreeSet;

use vardnav_terminology::Edition;
use vardnav_terminology::model;

/// Identifiers that the language itself speaks of; the first concepts of every terminology, in this order.
pub(crate) const HISTORICAL: usize = 0;
pub(crate) const SAME_AS: usize = 1;
pub(crate) const REPLACED_BY: usize = 2;
pub(crate) const FSN: usize = 3;
pub(crate) const SYNONYM: usize = 4;
pub(crate) const DEFINITION: usize = 5;
pub(crate) const PRIMITIVE: usize = 6;
pub(crate) const DEFINED: usize = 7;
pub(crate) const SWEDISH: usize = 8;
pub(crate) const AMERICAN: usize = 9;
pub(crate) const WELL_KNOWN: [u64; 10] = [
    900000000000522004,
    900000000000527005,
    900000000000526001,
    900000000000003001,
    900000000000013009,
    900000000000550004,
    900000000000074008,
    900000000000073002,
    46011000052107,
    900000000000509007,
];

/// A terminology. Concepts are named by their position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Small {
    pub(crate) concepts: Vec<Concept>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) reference_sets: Vec<ReferenceSet>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Concept {
    pub(crate) id: u64,
    pub(crate) active: bool,
    pub(crate) parents: BTreeSet<usize>,
    pub(crate) module: usize,
    pub(crate) time: u32,
    pub(crate) defined: bool,
    pub(crate) descriptions: Vec<Description>,
}

#[derive(Debug, Clone)]
pub(crate) struct Description {
    pub(crate) id: u64,
    pub(crate) term: String,
    pub(crate) language: String,
    pub(crate) kind: usize,
    pub(crate) module: usize,
    pub(crate) time: u32,
    /// Dialect, and whether preferred in it.
    pub(crate) standings: Vec<(usize, bool)>,
    pub(crate) active: bool,
}

impl Description {
    /// Whether it is a term in use, and no definition.
    fn is_designation(&self) -> bool {
        self.active && self.kind != DEFINITION
    }

    fn component(&self) -> model::DesignationComponent {
        model::DesignationComponent {
            id: self.id,
            module: self.module as u32,
            kind: self.kind as u32,
            case_significance: u32::MAX,
            effective_time: self.time,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) source: usize,
    pub(crate) group: u16,
    pub(crate) kind: usize,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Concept(usize),
    Number(String),
    Text(String),
    Boolean(bool),
    Integer(i64),
}

#[derive(Debug, Clone)]
pub(crate) struct ReferenceSet {
    pub(crate) concept: usize,
    pub(crate) fields: Vec<String>,
    pub(crate) members: Vec<Member>,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) active: bool,
    pub(crate) module: usize,
    pub(crate) time: u32,
    pub(crate) referenced: usize,
    pub(crate) values: Vec<Value>,
}

impl Small {
    /// The edition with the same content.
    pub(crate) fn edition(&self) -> Edition {
        let code = |concept: usize| self.concepts[concept].id.to_string();
        let concepts = self.concepts.iter().map(|concept| model::Concept {
            code: concept.id.to_string(),
            parents: concept.parents.iter().map(|&parent| code(parent)).collect(),
            status: if concept.active {
                model::ConceptStatus::Active
            } else {
                model::ConceptStatus::Inactive
            },
            designations: concept
                .descriptions
                .iter()
                .filter(|description| description.is_designation())
                .map(|description| model::Designation {
                    text: description.term.clone(),
                    language: description.language.clone(),
                    ..model::Designation::default()
                })
                .collect(),
            ..model::Concept::default()
        });
        let descriptions: Vec<&Description> = self
            .concepts
            .iter()
            .flat_map(|concept| &concept.descriptions)
            .filter(|description| description.is_designation())
            .collect();
        let others = self.concepts.iter().enumerate().flat_map(|(number, concept)| {
            let others = concept
                .descriptions
                .iter()
                .filter(|other| !other.is_designation());
            others.map(move |other| model::Description {
                concept: number as u32,
                text: other.term.clone(),
                language: other.language.clone(),
                active: other.active,
                component: other.component(),
                standings: other
                    .standings
                    .iter()
                    .map(|&(dialect, preferred)| model::Standing {
                        dialect: dialect as u32,
                        preferred,
                    })
                    .collect(),
            })
        });
        let components = model::Components {
            concepts: self
                .concepts
                .iter()
                .map(|concept| model::ConceptComponent {
                    module: concept.module as u32,
                    effective_time: concept.time,
                    defined: concept.defined,
                })
                .collect(),
            designations: descriptions
                .iter()
                .map(|description| description.component())
                .collect(),
            descriptions: others.collect(),
            acceptabilities: descriptions
                .iter()
                .enumerate()
                .flat_map(|(number, description)| {
                    description
                        .standings
                        .iter()
                        .map(move |&(dialect, preferred)| model::Acceptability {
                            designation: number as u32,
                            dialect: dialect as u32,
                            preferred,
                        })
                })
                .collect(),
            attributes: self
                .attributes
                .iter()
                .map(|attribute| model::Attribute {
                    source: attribute.source as u32,
                    group: attribute.group,
                    kind: attribute.kind as u32,
                    value: match &attribute.value {
                        Value::Concept(concept) => model::AttributeValue::Concept(*concept as u32),
                        Value::Number(number) => model::AttributeValue::Number(number.clone()),
                        Value::Text(text) => model::AttributeValue::Text(text.clone()),
                        Value::Boolean(value) => model::AttributeValue::Boolean(*value),
                        Value::Integer(_) => panic!("attributes have numbers"),
                    },
                })
                .collect(),
            reference_sets: self.reference_sets.iter().map(reference_set).collect(),
        };
        Edition::compile(model::CodeSystem {
            concepts: concepts.collect(),
            components: Some(Box::new(components)),
            ..model::CodeSystem::default()
        })
        .unwrap()
    }
}

fn reference_set(set: &ReferenceSet) -> model::ReferenceSet {
    let members = set
        .members
        .iter()
        .enumerate()
        .map(|(id, member)| model::ReferenceSetMember {
            id: id as u128,
            effective_time: member.time,
            active: member.active,
            module: member.module as u32,
            referenced: member.referenced as u32,
            values: member
                .values
                .iter()
                .map(|value| match value {
                    Value::Concept(concept) => model::FieldValue::Concept(*concept as u32),
                    Value::Integer(integer) => model::FieldValue::Integer(*integer),
                    Value::Text(text) | Value::Number(text) => model::FieldValue::Text(text.clone()),
                    Value::Boolean(value) => model::FieldValue::Text(value.to_string()),
                })
                .collect(),
        });
    model::ReferenceSet {
        concept: set.concept as u32,
        fields: set.fields.clone(),
        members: members.collect(),
    }
}
