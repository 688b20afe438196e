//! Small code systems of every shape, from bytes.
#![allow(dead_code, reason = "each test uses its part")]

use jiff::civil::Date;
use vardnav_terminology::model::*;

/// Choices, drawn from bytes; the first of every choice when they have run out.
pub(crate) struct Dice<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl<'b> Dice<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or_default()) % end
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    fn text(&mut self) -> String {
        ["", "", "hjärtsvikt", "vård i hemmet", "Svikt, 5.5 mg", "ö"][self.below(6)].to_owned()
    }

    fn word(&mut self) -> String {
        [
            "höger",
            "vänster",
            "akut svikt",
            "Hälso- och sjukvård",
            "hemsjukvård",
        ][self.below(5)]
        .to_owned()
    }

    fn language(&mut self) -> String {
        ["sv", "en", "sv-FI"][self.below(3)].to_owned()
    }

    fn many<T>(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }

    fn validity(&mut self) -> Validity {
        let year = |dice: &mut Self, year| {
            let date = Date::constant(year, 1, 1);
            dice.coin().then_some(date)
        };
        Validity {
            from: year(self, 2020),
            until: year(self, 2027),
        }
    }

    fn localized(&mut self) -> LocalizedText {
        LocalizedText {
            language: self.language(),
            text: self.text(),
        }
    }
}

/// A code system without a defect, written as an edition gives it back: languages stated, rows in their order.
pub(crate) fn code_system(dice: &mut Dice<'_>) -> CodeSystem {
    let count = 1 + dice.below(8);
    let concepts: Vec<Concept> = (0..count).map(|number| concept(dice, number, count)).collect();
    let designations = concepts.iter().map(|concept| concept.designations.len()).sum();
    CodeSystem {
        url: "https://example.org/codes".to_owned(),
        version: dice.text(),
        title: dice.text(),
        language: dice.language(),
        publication: Publication {
            publisher: dice.text(),
            status: [PublicationStatus::Active, PublicationStatus::Retired][dice.below(2)],
            experimental: dice.coin(),
            steward: dice.text(),
            ..Publication::default()
        },
        content: [Content::Complete, Content::Fragment, Content::Supplement][dice.below(3)],
        supplements: dice.text(),
        case_insensitive: dice.coin(),
        value_set: dice.text(),
        properties: dice.many(2, |dice| PropertyDefinition {
            name: ["level", "mark"][dice.below(2)].to_owned(),
            uri: dice.text(),
            description: dice.text(),
            kind: [PropertyKind::Integer, PropertyKind::Code][dice.below(2)],
        }),
        diagrams: dice.many(2, |dice| Diagram {
            id: dice.text(),
            title: dice.many(2, Dice::localized),
            nodes: dice.many(2, |dice| DiagramNode {
                code: code(dice.below(count)),
                column: 3,
                row: 1,
            }),
        }),
        components: dice
            .coin()
            .then(|| Box::new(components(dice, count as u32, designations))),
        concepts,
    }
}

/// Short and long codes.
pub(crate) fn code(number: usize) -> String {
    if number.is_multiple_of(2) {
        format!("I5{number}9")
    } else {
        format!("a-longer-code-{number}")
    }
}

fn concept(dice: &mut Dice<'_>, number: usize, count: usize) -> Concept {
    let mut parents = Vec::new();
    for _ in 0..dice.below(3).min(number) {
        let parent = code(dice.below(number));
        if !parents.contains(&parent) {
            parents.push(parent);
        }
    }
    Concept {
        code: code(number),
        parents,
        status: [
            ConceptStatus::Active,
            ConceptStatus::Inactive,
            ConceptStatus::Referral,
        ][dice.below(3)],
        status_reason: dice.text(),
        not_selectable: dice.coin(),
        standards_status: dice.text(),
        features: dice.many(2, Dice::localized),
        subject_fields: dice.many(2, Dice::text),
        steward: dice.text(),
        validity: dice.validity(),
        designations: dice.many(3, |dice| Designation {
            text: dice.word(),
            language: dice.language(),
            status: [
                DesignationStatus::Recommended,
                DesignationStatus::Accepted,
                DesignationStatus::Deprecated,
            ][dice.below(3)],
            validity: dice.validity(),
            scope: dice.text(),
            domain: dice.text(),
            usage: dice.text(),
            comment: dice.text(),
        }),
        definitions: dice.many(2, |dice| Definition {
            text: dice.text(),
            language: dice.language(),
            source: dice.text(),
            paraphrase: dice.coin(),
            domain: dice.text(),
            decided: dice.text(),
        }),
        notes: dice.many(2, Dice::localized),
        relations: dice.many(2, |dice| Relation {
            kind: [RelationKind::Partitive, RelationKind::ReplacedBy][dice.below(2)],
            target: code(dice.below(count)),
            validity: dice.validity(),
            scope: dice.text(),
            source: dice.text(),
        }),
        properties: dice.many(3, |dice| Property {
            name: ["level", "kind", "mark"][dice.below(3)].to_owned(),
            value: dice.text(),
        }),
    }
}

fn components(dice: &mut Dice<'_>, concepts: u32, designations: usize) -> Components {
    let number = |dice: &mut Dice<'_>| dice.below(concepts as usize) as u32;
    let module = |dice: &mut Dice<'_>| if dice.coin() { number(dice) } else { u32::MAX };
    let mut acceptabilities: Vec<Acceptability> = Vec::new();
    for designation in 0..designations as u32 {
        if dice.coin() {
            acceptabilities.push(Acceptability {
                designation,
                dialect: number(dice),
                preferred: dice.coin(),
            });
        }
    }
    let mut attributes = Vec::new();
    for source in 0..concepts {
        for group in 0..dice.below(3) as u16 {
            attributes.push(Attribute {
                source,
                group,
                kind: number(dice),
                value: match dice.below(4) {
                    0 => AttributeValue::Concept(number(dice)),
                    1 => AttributeValue::Number(["10", "-2.50"][dice.below(2)].to_owned()),
                    2 => AttributeValue::Text(dice.text()),
                    _ => AttributeValue::Boolean(dice.coin()),
                },
            });
        }
    }
    let mut reference_sets = Vec::new();
    for concept in 0..concepts.min(2) {
        let fields = ["mapTarget", "mapGroup"][..dice.below(3)].iter();
        let fields: Vec<String> = fields.map(|&field| field.to_owned()).collect();
        let mut members = Vec::new();
        for referenced in 0..concepts {
            if dice.coin() {
                members.push(ReferenceSetMember {
                    id: u128::MAX - u128::from(referenced),
                    effective_time: 20_260_131,
                    active: dice.coin(),
                    module: module(dice),
                    referenced,
                    values: fields
                        .iter()
                        .map(|_| match dice.below(3) {
                            0 => FieldValue::Concept(number(dice)),
                            1 => FieldValue::Integer(-5),
                            _ => FieldValue::Text(dice.text()),
                        })
                        .collect(),
                });
            }
        }
        reference_sets.push(ReferenceSet {
            concept,
            fields,
            members,
        });
    }
    Components {
        concepts: (0..concepts)
            .map(|_| ConceptComponent {
                module: module(dice),
                effective_time: 20_250_731,
                defined: dice.coin(),
            })
            .collect(),
        designations: (0..designations)
            .map(|designation| DesignationComponent {
                id: u64::MAX - designation as u64,
                module: module(dice),
                kind: module(dice),
                case_significance: module(dice),
                effective_time: 20_240_131,
            })
            .collect(),
        descriptions: (0..concepts)
            .filter(|concept| concept % 3 == 0)
            .map(|concept| Description {
                concept,
                text: format!("beskrivning {concept}"),
                language: ["sv", "en", "da"][concept as usize / 3 % 3].to_owned(),
                active: concept % 2 == 0,
                component: DesignationComponent {
                    id: u64::from(concept),
                    module: concept,
                    kind: concept,
                    case_significance: u32::MAX,
                    effective_time: 20_240_731,
                },
                standings: (concept % 2 == 0)
                    .then_some(Standing {
                        dialect: concept,
                        preferred: true,
                    })
                    .into_iter()
                    .collect(),
            })
            .collect(),
        acceptabilities,
        attributes,
        reference_sets,
    }
}
