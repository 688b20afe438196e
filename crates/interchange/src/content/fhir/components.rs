//! Reading what a clinical terminology keeps beyond a plain code system, from the properties and extensions that it is
//! written as. Concepts are named by codes, and codes may be named before they stand: they are numbered as they are
//! met, and become positions when all concepts are read.

use std::collections::HashMap;

use vardnav_terminology::model::{
    Acceptability, Attribute, AttributeValue, Components, ConceptComponent, Description,
    DesignationComponent, FieldValue, ReferenceSet, ReferenceSetMember, Standing,
};

use super::finding::Problems;
use super::reading::{part, parts, shown};
use super::shapes;
use super::valued::{Value, ValueKind, Valued};
use super::words::own;
use crate::content::uuid;

/// No concept.
const NONE: u32 = u32::MAX;

/// What a property says of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Module,
    Defined,
    EffectiveTime,
    /// A relationship of the kind that is the concept of this number.
    Attribute(u32),
}

/// The components of a code system while it is read. Concepts are numbers of codes.
#[derive(Debug)]
pub(super) struct Reader {
    /// By name.
    properties: HashMap<String, Meaning>,
    codes: Codes,
    components: Components,
    /// Position of each reference set, by the number of the concept it is.
    sets: HashMap<u32, usize>,
}

impl Reader {
    /// Of a code system that says so; `None` when it has no components.
    pub(super) fn new(
        head: &[Valued],
        definitions: &[shapes::PropertyDefinition],
        problems: &mut Problems,
    ) -> Option<Self> {
        let ours = |name: &'static str| head.iter().filter(move |valued| own(&valued.name) == Some(name));
        ours("components").find(|valued| valued.text() == "true")?;
        let mut reader = Self {
            properties: HashMap::new(),
            codes: Codes::default(),
            components: Components::default(),
            sets: HashMap::new(),
        };
        for definition in definitions {
            for extension in &definition.extension {
                let meaning = match (own(&extension.name), extension.text()) {
                    (Some("component"), "module") => Meaning::Module,
                    (Some("component"), "defined") => Meaning::Defined,
                    (Some("component"), "effective-time") => Meaning::EffectiveTime,
                    (Some("attribute"), code) => Meaning::Attribute(reader.codes.number(code)),
                    (Some("component"), _) => {
                        wrong(&|| "property".to_owned(), "not what a component has", problems);
                        continue;
                    }
                    _ => continue,
                };
                reader.properties.insert(definition.code.clone(), meaning);
            }
        }
        for set in ours("reference-set") {
            let concept = reader.codes.number(part(set, "concept"));
            let position = reader.components.reference_sets.len();
            if reader.sets.insert(concept, position).is_some() {
                wrong(
                    &|| "extension".to_owned(),
                    "a reference set stands twice",
                    problems,
                );
            }
            reader.components.reference_sets.push(ReferenceSet {
                concept,
                fields: parts(set, "field").map(|field| field.text().to_owned()).collect(),
                members: Vec::new(),
            });
        }
        Some(reader)
    }

    /// Begins a concept, which has these extensions.
    pub(super) fn concept(
        &mut self,
        extensions: &[Valued],
        place: &dyn Fn() -> String,
        problems: &mut Problems,
    ) {
        let referenced = self.components.concepts.len() as u32;
        self.components.concepts.push(ConceptComponent {
            module: NONE,
            ..ConceptComponent::default()
        });
        for extension in described(extensions) {
            let (component, standings) = self.described(extension, place, problems);
            self.components.descriptions.push(Description {
                concept: referenced,
                text: part(extension, "text").to_owned(),
                language: part(extension, "language").to_owned(),
                active: part(extension, "active") != "false",
                component,
                standings,
            });
        }
        for extension in extensions
            .iter()
            .filter(|valued| own(&valued.name) == Some("member"))
        {
            let set = self.codes.number(part(extension, "set"));
            let member = self.member(extension, referenced, place, problems);
            let set = self.sets.get(&set);
            match set.and_then(|set| self.components.reference_sets.get_mut(*set)) {
                Some(set) => set.members.extend(member),
                None => wrong(place, "the code system has no such reference set", problems),
            }
        }
    }

    fn member(
        &mut self,
        extension: &Valued,
        referenced: u32,
        place: &dyn Fn() -> String,
        problems: &mut Problems,
    ) -> Option<ReferenceSetMember> {
        let id = part(extension, "id").strip_prefix("urn:uuid:");
        let id = id.and_then(uuid::number);
        if id.is_none() {
            wrong(place, "a member has no UUID", problems);
        }
        let mut values = Vec::new();
        for value in parts(extension, "value").filter_map(|value| value.value.as_ref()) {
            values.push(match value.kind {
                ValueKind::Code => FieldValue::Concept(self.codes.number(&value.text)),
                ValueKind::Integer | ValueKind::Decimal => match value.text.parse() {
                    Ok(number) => FieldValue::Integer(number),
                    Err(_) => {
                        wrong(place, "a value of a member is too large", problems);
                        continue;
                    }
                },
                _ => FieldValue::Text(value.text.clone()),
            });
        }
        Some(ReferenceSetMember {
            id: id?,
            effective_time: time(extension, place, problems),
            active: part(extension, "active") != "false",
            module: self.concept_part(extension, "module"),
            referenced,
            values,
        })
    }

    /// Takes the next designation, which has these extensions.
    pub(super) fn designation(
        &mut self,
        extensions: &[Valued],
        place: &dyn Fn() -> String,
        problems: &mut Problems,
    ) {
        let mut component = DesignationComponent {
            module: NONE,
            kind: NONE,
            case_significance: NONE,
            ..DesignationComponent::default()
        };
        if let Some(extension) = described(extensions).next() {
            let standings;
            (component, standings) = self.described(extension, place, problems);
            let designation = self.components.designations.len() as u32;
            let standings = standings.into_iter().map(|standing| Acceptability {
                designation,
                dialect: standing.dialect,
                preferred: standing.preferred,
            });
            self.components.acceptabilities.extend(standings);
        }
        self.components.designations.push(component);
    }

    /// A description as a component, and its standing in dialects.
    fn described(
        &mut self,
        extension: &Valued,
        place: &dyn Fn() -> String,
        problems: &mut Problems,
    ) -> (DesignationComponent, Vec<Standing>) {
        let id = part(extension, "id").parse();
        if id.is_err() {
            wrong(place, "the identifier of a designation is not a number", problems);
        }
        let component = DesignationComponent {
            id: id.unwrap_or_default(),
            effective_time: time(extension, place, problems),
            module: self.concept_part(extension, "module"),
            kind: self.concept_part(extension, "type"),
            case_significance: self.concept_part(extension, "case-significance"),
        };
        let mut standings = Vec::new();
        for standing in &extension.extension {
            let preferred = match standing.name.as_str() {
                "preferred" => true,
                "acceptable" => false,
                _ => continue,
            };
            let dialect = self.codes.number(standing.text());
            standings.push(Standing { dialect, preferred });
        }
        (component, standings)
    }

    /// Takes a property of the concept begun last; false when it says nothing of components.
    pub(super) fn property(
        &mut self,
        read: &Valued,
        place: &dyn Fn() -> String,
        problems: &mut Problems,
    ) -> bool {
        let Some(&meaning) = self.properties.get(&read.name) else {
            return false;
        };
        let source = (self.components.concepts.len() as u32).saturating_sub(1);
        let (Some(value), Some(concept)) = (&read.value, self.components.concepts.last_mut()) else {
            return true;
        };
        match meaning {
            Meaning::Module => concept.module = self.codes.number(&value.text),
            Meaning::Defined => concept.defined = value.text == "true",
            Meaning::EffectiveTime => match value.text.parse() {
                Ok(time) => concept.effective_time = time,
                Err(_) => wrong(place, "an effective time is not a number", problems),
            },
            Meaning::Attribute(kind) => {
                let group = read
                    .extension
                    .iter()
                    .find(|valued| own(&valued.name) == Some("group"));
                let group = group.map_or(Ok(0), |group| group.text().parse());
                if group.is_err() {
                    wrong(place, "the group of a relationship is not a number", problems);
                }
                let value = self.attribute_value(value, &read.extension);
                self.components.attributes.push(Attribute {
                    source,
                    group: group.unwrap_or_default(),
                    kind,
                    value,
                });
            }
        }
        true
    }

    fn attribute_value(&mut self, value: &Value, extensions: &[Valued]) -> AttributeValue {
        let number = || {
            extensions
                .iter()
                .any(|valued| own(&valued.name) == Some("number"))
        };
        match value.kind {
            ValueKind::Code => AttributeValue::Concept(self.codes.number(&value.text)),
            ValueKind::Decimal | ValueKind::Integer => AttributeValue::Number(value.text.clone()),
            ValueKind::Boolean => AttributeValue::Boolean(value.text == "true"),
            _ if number() => AttributeValue::Number(value.text.clone()),
            _ => AttributeValue::Text(value.text.clone()),
        }
    }

    /// The number of a code that a part names; none when there is no such part.
    fn concept_part(&mut self, extension: &Valued, name: &str) -> u32 {
        match part(extension, name) {
            "" => NONE,
            code => self.codes.number(code),
        }
    }

    /// The components, when the positions of all codes are known.
    pub(super) fn finish(self, positions: &HashMap<String, usize>, problems: &mut Problems) -> Components {
        let position: Vec<u32> = self.codes.into_positions(positions, problems);
        let settle = |number: &mut u32| {
            *number = position.get(*number as usize).copied().unwrap_or(NONE);
        };
        let mut components = self.components;
        for concept in &mut components.concepts {
            settle(&mut concept.module);
        }
        for designation in &mut components.designations {
            settle(&mut designation.module);
            settle(&mut designation.kind);
            settle(&mut designation.case_significance);
        }
        for standing in &mut components.acceptabilities {
            settle(&mut standing.dialect);
        }
        for description in &mut components.descriptions {
            settle(&mut description.component.module);
            settle(&mut description.component.kind);
            settle(&mut description.component.case_significance);
            for standing in &mut description.standings {
                settle(&mut standing.dialect);
            }
        }
        for attribute in &mut components.attributes {
            settle(&mut attribute.kind);
            if let AttributeValue::Concept(value) = &mut attribute.value {
                settle(value);
            }
        }
        for set in &mut components.reference_sets {
            settle(&mut set.concept);
            for member in &mut set.members {
                settle(&mut member.module);
                for value in &mut member.values {
                    if let FieldValue::Concept(value) = value {
                        settle(value);
                    }
                }
            }
        }
        components
    }
}

/// The extensions that say what a description is as a component.
fn described(extensions: &[Valued]) -> impl Iterator<Item = &Valued> {
    let of_description = |valued: &&Valued| own(&valued.name) == Some("description");
    extensions.iter().filter(of_description)
}

/// Codes numbered as they are met.
#[derive(Debug, Default)]
struct Codes(HashMap<String, u32>);

impl Codes {
    fn number(&mut self, code: &str) -> u32 {
        if let Some(number) = self.0.get(code) {
            return *number;
        }
        let number = self.0.len() as u32;
        self.0.insert(code.to_owned(), number);
        number
    }

    /// By number: the position of the concept with the code.
    fn into_positions(self, positions: &HashMap<String, usize>, problems: &mut Problems) -> Vec<u32> {
        let mut found = vec![NONE; self.0.len()];
        let mut missing = Vec::new();
        for (code, number) in self.0 {
            match (positions.get(&code), found.get_mut(number as usize)) {
                (Some(position), Some(at)) => *at = *position as u32,
                _ => missing.push(code),
            }
        }
        missing.sort_unstable();
        for code in missing {
            let place = || format!("concept `{}`", shown(&code));
            wrong(
                &place,
                "named by a component, but not in the code system",
                problems,
            );
        }
        found
    }
}

fn wrong(place: &dyn Fn() -> String, what: &str, problems: &mut Problems) {
    problems.error("VN-IMP-211", &place(), what);
}

/// The number of the part that says when something last changed; 0 when there is none.
fn time(extension: &Valued, place: &dyn Fn() -> String, problems: &mut Problems) -> u32 {
    match part(extension, "effective-time") {
        "" => 0,
        text => text.parse().unwrap_or_else(|_| {
            wrong(place, "an effective time is not a number", problems);
            0
        }),
    }
}
