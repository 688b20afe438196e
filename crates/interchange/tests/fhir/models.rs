//! Code systems, value sets and maps of any content, made from a list of choices, which proptest makes and shrinks.
#![allow(dead_code, reason = "each test that shares this uses a part")]

use jiff::civil::date;
use vardnav_terminology::model::{
    Acceptability, Attribute, AttributeValue, CodeSystem, Components, Concept, ConceptComponent, ConceptMap,
    ConceptReference, ConceptStatus, Content, Definition, Description, Designation, DesignationComponent,
    DesignationStatus, Diagram, DiagramNode, FieldValue, Filter, FilterOperator, Include, LocalizedText,
    MapElement, MapGroup, MapRelationship, MapTarget, Property, PropertyDefinition, PropertyKind,
    Publication, PublicationStatus, ReferenceSet, ReferenceSetMember, Relation, RelationKind, Standing,
    Unmapped, Validity, ValueSet,
};

/// Choices; when they are used up, the first is taken everywhere.
pub(crate) struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    pub(crate) fn new(choices: Vec<u8>) -> Self {
        Self(choices.into_iter())
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % count
    }

    fn of<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn maybe(&mut self) -> bool {
        self.below(3) == 1
    }

    fn many<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| make(self)).collect()
    }

    /// A text that is not empty.
    fn text(&mut self) -> String {
        let texts = [
            "a",
            "åäö ÅÄÖ",
            "two words",
            "quote \" and 'one'",
            "semi;colon, comma",
            "line\nbreak\ttab",
            "back\\slash",
            "pipe|d",
            "<b>&amp;",
            " spaced ",
            "true",
            "12",
            "1.50",
            "2024-05-01",
            "urn:x|y",
            "\u{feff}mark",
        ];
        self.of(&texts).to_owned()
    }

    /// A text that may be empty, and mostly is.
    fn optional(&mut self) -> String {
        if self.maybe() { self.text() } else { String::new() }
    }

    fn language(&mut self) -> String {
        self.of(&["sv", "en", "", "sv-FI"]).to_owned()
    }

    fn validity(&mut self) -> Validity {
        let from = self.of(&[None, Some(date(2020, 1, 1)), Some(date(1999, 12, 31))]);
        let until = self.of(&[None, Some(date(2024, 2, 29)), Some(date(2030, 1, 1))]);
        if self.maybe() {
            Validity { from, until }
        } else {
            Validity::default()
        }
    }

    fn localized(&mut self) -> LocalizedText {
        LocalizedText {
            language: self.language(),
            text: self.text(),
        }
    }

    fn publication(&mut self) -> Publication {
        use PublicationStatus::{Active, Draft, Retired, Unknown};
        Publication {
            name: self.optional(),
            status: self.of(&[Active, Draft, Retired, Unknown]),
            experimental: self.maybe(),
            date: self.of(&["", "2024", "2024-05-01"]).to_owned(),
            publisher: self.optional(),
            steward: self.optional(),
            description: self.optional(),
            copyright: self.optional(),
            standards_status: self.of(&["", "draft", "deprecated"]).to_owned(),
        }
    }

    fn designation(&mut self) -> Designation {
        use DesignationStatus::{Accepted, Deprecated, Recommended};
        Designation {
            text: self.text(),
            language: self.language(),
            status: self.of(&[Recommended, Accepted, Deprecated]),
            validity: self.validity(),
            scope: self.optional(),
            domain: self.optional(),
            usage: self
                .of(&["", "urn:use|display", "urn:use|synonym", "alone"])
                .to_owned(),
            comment: self.optional(),
        }
    }

    fn definition(&mut self) -> Definition {
        let plain = Definition {
            text: self.text(),
            language: self.language(),
            ..Definition::default()
        };
        if self.maybe() {
            return plain;
        }
        Definition {
            source: self.optional(),
            paraphrase: self.maybe(),
            domain: self.optional(),
            decided: self.of(&["", "2019", "våren 2020"]).to_owned(),
            ..plain
        }
    }

    fn relation(&mut self) -> Relation {
        use RelationKind::{Associative, Distinguish, Partitive, ReplacedBy, Replaces};
        Relation {
            kind: self.of(&[Associative, Distinguish, Partitive, ReplacedBy, Replaces]),
            target: code(self.below(8)),
            validity: self.validity(),
            scope: self.optional(),
            source: self.optional(),
        }
    }

    fn property(&mut self) -> Property {
        let names = [
            "p",
            "inactive",
            "status",
            "notSelectable",
            "parent",
            "child",
            "dead",
            "size",
            "flag",
            "kind",
        ];
        let values = [
            "true",
            "false",
            "retired",
            "1",
            "-2.50",
            "urn:s|c",
            "2024-01-01",
            "",
            "two words",
            "c1",
        ];
        Property {
            name: self.of(&names).to_owned(),
            value: self.of(&values).to_owned(),
        }
    }

    fn definitions(&mut self) -> Vec<PropertyDefinition> {
        use PropertyKind::{Boolean, Code, Coding, DateTime, Decimal, Integer, String};
        let names = [
            "size", "flag", "kind", "dead", "inactive", "status", "parent", "child", "above",
        ];
        names
            .into_iter()
            .filter_map(|name| {
                let chosen = self.maybe();
                let uri = match name {
                    "above" => "http://hl7.org/fhir/concept-properties#parent",
                    "dead" => "http://hl7.org/fhir/concept-properties#inactive",
                    _ => self.of(&[
                        "",
                        "urn:p",
                        "http://hl7.org/fhir/concept-properties#notSelectable",
                    ]),
                };
                chosen.then(|| PropertyDefinition {
                    name: name.to_owned(),
                    uri: uri.to_owned(),
                    description: self.optional(),
                    kind: self.of(&[String, Code, Coding, Integer, Decimal, Boolean, DateTime]),
                })
            })
            .collect()
    }

    fn concept(&mut self, position: usize, count: usize, tree: bool) -> Concept {
        use ConceptStatus::{Active, Analysis, Inactive, NotAgreed, Proposed, Referral, Withdrawn};
        let mut parents = Vec::new();
        if tree && position > 0 && self.below(4) > 0 {
            parents.push(code(position - 1));
        } else if !tree {
            parents = self.many(2, |choices| code(choices.below(count)));
            parents.dedup();
        }
        Concept {
            code: code(position),
            parents,
            status: self.of(&[
                Active, Inactive, Proposed, Analysis, Referral, NotAgreed, Withdrawn,
            ]),
            status_reason: self.optional(),
            not_selectable: self.maybe(),
            standards_status: self.of(&["", "", "deprecated"]).to_owned(),
            features: self.many(1, Self::localized),
            subject_fields: self.many(2, Self::text),
            steward: self.optional(),
            validity: self.validity(),
            designations: self.many(3, Self::designation),
            definitions: self.many(3, Self::definition),
            notes: self.many(2, Self::localized),
            relations: self.many(2, Self::relation),
            properties: self.many(3, Self::property),
        }
    }

    pub(crate) fn code_system(&mut self) -> CodeSystem {
        use Content::{Complete, Example, Fragment, NotPresent, Supplement};
        let content = self.of(&[Complete, Fragment, Example, NotPresent, Supplement]);
        let count = self.below(6);
        let tree = self.below(2) == 0;
        CodeSystem {
            url: "https://example.org/codes".to_owned(),
            version: self.optional(),
            title: self.optional(),
            language: self.language(),
            publication: self.publication(),
            content,
            supplements: if content == Supplement {
                "urn:s|1".to_owned()
            } else {
                self.optional()
            },
            case_insensitive: self.maybe(),
            value_set: self.optional(),
            properties: self.definitions(),
            concepts: (0..count)
                .map(|position| self.concept(position, count, tree))
                .collect(),
            diagrams: self.many(2, |choices| Diagram {
                id: choices.text(),
                title: choices.many(2, Self::localized),
                nodes: choices.many(3, |choices| DiagramNode {
                    code: code(choices.below(8)),
                    column: choices.of(&[0, 7, u16::MAX]),
                    row: choices.of(&[0, 7, u16::MAX]),
                }),
            }),
            components: None,
        }
    }

    /// A code system that may have components, in the order that the model says.
    pub(crate) fn clinical(&mut self) -> CodeSystem {
        let system = self.code_system();
        if system.concepts.is_empty() {
            return system;
        }
        let components = self.components(&system);
        CodeSystem {
            components: Some(Box::new(components)),
            ..system
        }
    }

    fn components(&mut self, system: &CodeSystem) -> Components {
        let count = system.concepts.len();
        let designations = system.concepts.iter().map(|concept| concept.designations.len());
        let designations: usize = designations.sum();
        let mut acceptabilities = Vec::new();
        for designation in 0..designations as u32 {
            acceptabilities.extend(self.many(2, |choices| Acceptability {
                designation,
                dialect: choices.below(count) as u32,
                preferred: choices.maybe(),
            }));
        }
        let mut attributes = Vec::new();
        for source in 0..count as u32 {
            let mut own = self.many(3, |choices| Attribute {
                source,
                group: choices.of(&[0, 1, u16::MAX]),
                kind: choices.below(count) as u32,
                value: choices.attribute_value(count),
            });
            own.sort_by_key(|attribute| attribute.group);
            attributes.extend(own);
        }
        let mut descriptions = self.many(4, |choices| Description {
            concept: choices.below(count) as u32,
            text: choices.of(&["a", " b\n", "å \"c\""]).to_owned(),
            language: choices.of(&["", "sv", "en-GB"]).to_owned(),
            active: choices.maybe(),
            component: DesignationComponent {
                id: choices.of(&[0, 19_999_999_119, u64::MAX]),
                module: choices.perhaps(count),
                kind: choices.perhaps(count),
                case_significance: choices.perhaps(count),
                effective_time: choices.time(),
            },
            standings: choices.many(3, |choices| Standing {
                dialect: choices.below(count) as u32,
                preferred: choices.maybe(),
            }),
        });
        descriptions.sort_by_key(|description| description.concept);
        let mut sets: Vec<u32> = (0..count as u32).collect();
        sets.rotate_left(self.below(count));
        sets.truncate(self.below(3));
        Components {
            concepts: (0..count)
                .map(|_| ConceptComponent {
                    module: self.perhaps(count),
                    effective_time: self.time(),
                    defined: self.maybe(),
                })
                .collect(),
            designations: (0..designations)
                .map(|_| DesignationComponent {
                    id: self.of(&[0, 19_999_999_119, u64::MAX]),
                    module: self.perhaps(count),
                    kind: self.perhaps(count),
                    case_significance: self.perhaps(count),
                    effective_time: self.time(),
                })
                .collect(),
            descriptions,
            acceptabilities,
            attributes,
            reference_sets: sets
                .into_iter()
                .map(|concept| self.reference_set(concept, count))
                .collect(),
        }
    }

    fn reference_set(&mut self, concept: u32, count: usize) -> ReferenceSet {
        let fields = self.many(3, |choices| {
            let names = ["mapTarget", "mapGroup", "target ComponentId", "a:b"];
            choices.of(&names).to_owned()
        });
        let mut members = self.many(4, |choices| ReferenceSetMember {
            id: choices.of(&[0, 0x4000_8000_0000_0000_012c, u128::MAX]),
            effective_time: choices.time(),
            active: !choices.maybe(),
            module: choices.perhaps(count),
            referenced: choices.below(count) as u32,
            values: fields.iter().map(|_| choices.field_value(count)).collect(),
        });
        members.sort_by_key(|member| member.referenced);
        ReferenceSet {
            concept,
            fields,
            members,
        }
    }

    fn attribute_value(&mut self, count: usize) -> AttributeValue {
        match self.below(4) {
            0 => AttributeValue::Concept(self.below(count) as u32),
            1 => AttributeValue::Number(self.of(&["10", "-2.50", "+1.5", "007", "0"]).to_owned()),
            2 => AttributeValue::Text(self.of(&["", "12", "two words", " spaced "]).to_owned()),
            _ => AttributeValue::Boolean(self.maybe()),
        }
    }

    fn field_value(&mut self, count: usize) -> FieldValue {
        match self.below(3) {
            0 => FieldValue::Concept(self.below(count) as u32),
            1 => FieldValue::Integer(self.of(&[0, -7, i64::MIN, i64::MAX])),
            _ => FieldValue::Text(self.of(&["", "12", "I50.9", "line\nbreak"]).to_owned()),
        }
    }

    /// A position, or that there is none.
    fn perhaps(&mut self, count: usize) -> u32 {
        if self.maybe() {
            u32::MAX
        } else {
            self.below(count) as u32
        }
    }

    fn time(&mut self) -> u32 {
        self.of(&[20_240_131, 0, 20_020_131])
    }

    fn reference(&mut self) -> ConceptReference {
        let names = [
            "label",
            "order",
            "weight",
            "definition",
            "deprecated",
            "status",
            "other name",
        ];
        let values = ["1", "2.5", "true", "text", ""];
        ConceptReference {
            code: self.text(),
            display: self.optional(),
            designations: self.many(2, Self::designation),
            properties: self.many(2, |choices| Property {
                name: choices.of(&names).to_owned(),
                value: choices.of(&values).to_owned(),
            }),
        }
    }

    fn include(&mut self) -> Include {
        use FilterOperator::{
            ChildOf, DescendentLeaf, DescendentOf, Equal, Exists, Generalizes, In, IsA, IsNotA, NotIn, Regex,
        };
        let operators = [
            Equal,
            IsA,
            DescendentOf,
            IsNotA,
            Regex,
            In,
            NotIn,
            Generalizes,
            ChildOf,
            DescendentLeaf,
            Exists,
        ];
        Include {
            system: "urn:system".to_owned(),
            version: self.of(&["", "1", "1.x"]).to_owned(),
            concepts: self.many(2, Self::reference),
            filters: self.many(2, |choices| Filter {
                property: choices.text(),
                operator: choices.of(&operators),
                value: choices.optional(),
            }),
            value_sets: self.many(2, Self::text),
        }
    }

    pub(crate) fn value_set(&mut self) -> ValueSet {
        ValueSet {
            url: "https://example.org/set".to_owned(),
            version: self.optional(),
            title: self.optional(),
            language: self.language(),
            publication: self.publication(),
            inactive: self.of(&[None, Some(true), Some(false)]),
            locked_date: self.of(&["", "2024-05-01"]).to_owned(),
            include: {
                let mut include = vec![self.include()];
                include.extend(self.many(2, Self::include));
                include
            },
            exclude: self.many(2, Self::include),
            parameters: self.many(3, |choices| Property {
                name: choices.of(&["useSupplement", "displayLanguage"]).to_owned(),
                value: choices.text(),
            }),
        }
    }

    fn relationship(&mut self) -> MapRelationship {
        use MapRelationship::{
            Equivalent, NotRelatedTo, RelatedTo, SourceIsBroaderThanTarget, SourceIsNarrowerThanTarget,
        };
        self.of(&[
            RelatedTo,
            Equivalent,
            SourceIsBroaderThanTarget,
            SourceIsNarrowerThanTarget,
            NotRelatedTo,
        ])
    }

    fn named(&mut self) -> Property {
        Property {
            name: self.text(),
            value: self.text(),
        }
    }

    fn map_target(&mut self) -> MapTarget {
        MapTarget {
            code: self.text(),
            display: self.optional(),
            relationship: self.relationship(),
            comment: self.optional(),
            depends_on: self.many(2, Self::named),
            products: self.many(2, Self::named),
        }
    }

    fn unmapped(&mut self) -> Unmapped {
        match self.below(4) {
            0 => Unmapped::None,
            1 => Unmapped::SourceCode {
                relationship: self.relationship(),
            },
            2 => Unmapped::Fixed {
                code: self.text(),
                display: self.optional(),
                relationship: self.relationship(),
            },
            _ => Unmapped::OtherMap { url: self.text() },
        }
    }

    pub(crate) fn concept_map(&mut self) -> ConceptMap {
        ConceptMap {
            url: "https://example.org/map".to_owned(),
            version: self.optional(),
            title: self.optional(),
            publication: self.publication(),
            source_scope: self.optional(),
            target_scope: self.optional(),
            groups: self.many(3, |choices| MapGroup {
                source: choices.of(&["urn:a", "urn:a|1"]).to_owned(),
                target: choices.of(&["urn:b", "urn:b|2.0"]).to_owned(),
                elements: choices.many(3, |choices| MapElement {
                    code: choices.text(),
                    display: choices.optional(),
                    no_map: choices.maybe(),
                    targets: choices.many(3, Self::map_target),
                }),
                unmapped: choices.unmapped(),
            }),
        }
    }
}

/// The code at a position.
pub(crate) fn code(position: usize) -> String {
    format!("c{position}")
}

/// ICD-10-SE and KVÅ as Socialstyrelsen publishes them; none where they are not at hand.
pub(crate) fn real_code_systems() -> Vec<CodeSystem> {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let mut files = Vec::new();
    for folder in ["icd-10-se-2021", "kva-2021/kka", "kva-2021/kma"] {
        let Ok(entries) = std::fs::read_dir(data.join(folder)) else {
            println!("skipped: {folder} is not at hand");
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            files.push((format!("{folder}/{name}"), std::fs::read(&path).unwrap()));
        }
    }
    let borrowed = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    vardnav_interchange::codesystem::read_folder(borrowed).0
}
