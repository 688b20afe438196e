//! The tables beside the rows they were made from.

use proptest::prelude::*;

use super::*;
use crate::Edition;
use crate::model::{
    Acceptability, CodeSystem, Components, Concept, Designation, FieldValue, ReferenceSet, ReferenceSetMember,
};
use crate::problem::ProblemKind;

const CONCEPTS: u32 = 12;

fn system(components: Components) -> CodeSystem {
    let concepts = (0..CONCEPTS).map(|number| Concept {
        code: format!("{number}"),
        designations: vec![Designation {
            text: format!("term {number}"),
            ..Designation::default()
        }],
        ..Concept::default()
    });
    CodeSystem {
        concepts: concepts.collect(),
        components: Some(Box::new(components)),
        ..CodeSystem::default()
    }
}

fn components() -> Components {
    let concept = ConceptComponent {
        module: 0,
        effective_time: 20_260_101,
        defined: false,
    };
    Components {
        concepts: vec![concept; CONCEPTS as usize],
        designations: (0..CONCEPTS)
            .map(|number| DesignationComponent {
                id: u64::from(number) + 100,
                module: number % 2,
                kind: 1,
                case_significance: u32::MAX,
                effective_time: 20_260_101,
            })
            .collect(),
        ..Components::default()
    }
}

fn attribute(source: u32, group: u16, kind: u32, value: AttributeValue) -> Attribute {
    Attribute {
        source,
        group,
        kind,
        value,
    }
}

fn member(referenced: u32, active: bool, values: Vec<FieldValue>) -> ReferenceSetMember {
    ReferenceSetMember {
        id: u128::from(referenced) << 100,
        active,
        referenced,
        values,
        ..ReferenceSetMember::default()
    }
}

#[test]
fn a_row_takes_twelve_bytes() {
    assert_eq!(size_of::<AttributeRow>(), 12);
    assert_eq!(size_of::<SourceRow>(), 12);
}

#[test]
fn designations_and_values_are_given_back() {
    let mut source = components();
    for (designation, dialect, preferred) in [(3, 8, false), (3, 7, true), (4, 7, true)] {
        source.acceptabilities.push(Acceptability {
            designation,
            dialect,
            preferred,
        });
    }
    source.attributes = vec![
        attribute(2, 0, 5, AttributeValue::Number("12.50".to_owned())),
        attribute(2, 0, 6, AttributeValue::Text("svart".to_owned())),
        attribute(1, 0, 6, AttributeValue::Boolean(true)),
    ];
    source.reference_sets = vec![
        ReferenceSet {
            concept: 9,
            ..ReferenceSet::default()
        },
        ReferenceSet {
            concept: 8,
            fields: vec!["mapTarget".to_owned(), "mapGroup".to_owned(), "other".to_owned()],
            members: vec![
                member(
                    4,
                    true,
                    vec![
                        FieldValue::Text("I50.9".to_owned()),
                        FieldValue::Integer(-1),
                        FieldValue::Concept(3),
                    ],
                ),
                member(
                    2,
                    false,
                    vec![
                        FieldValue::Text("J18".to_owned()),
                        FieldValue::Integer(i64::MAX),
                        FieldValue::Concept(1),
                    ],
                ),
            ],
        },
    ];
    let expected = source.designations.clone();
    let edition = Edition::compile(system(source)).unwrap();
    let tables = edition.components().unwrap();
    for (number, expected) in (0..).zip(expected) {
        assert_eq!(tables.designation(number), expected);
    }
    let standing = |designation| -> Vec<(u32, bool)> {
        let rows = tables.acceptabilities(designation).iter();
        rows.map(|row| (row.dialect, row.preferred())).collect()
    };
    assert_eq!(standing(3), [(7, true), (8, false)]);
    assert_eq!(standing(4), [(7, true)]);
    assert_eq!(standing(5), []);

    let values: Vec<_> = tables.attributes(2).iter().map(|row| row.value()).collect();
    let [AttributeValueRow::Number(number), AttributeValueRow::Text(text)] = values[..] else {
        panic!("{values:?}")
    };
    assert_eq!(tables.number(&edition.texts, number), Decimal::parse("12.5"));
    assert_eq!(tables.text(&edition.texts, text), "svart");
    assert_eq!(tables.attributes(1)[0].value(), AttributeValueRow::Boolean(true));

    let sets: Vec<u32> = tables
        .reference_sets()
        .iter()
        .map(ReferenceSetTable::concept)
        .collect();
    assert_eq!(sets, [8, 9]);
    let set = &tables.reference_sets()[0];
    assert_eq!(set.field(&edition.texts, "mapGroup"), Some(1));
    let (at, found) = set.members_of(4).next().unwrap();
    assert!(found.active());
    assert_eq!(found.id, 4 << 100);
    let value = |field| set.value(&edition.texts, at, field);
    assert_eq!(value(0), Some(FieldValueRow::Text("I50.9")));
    assert_eq!(value(1), Some(FieldValueRow::Integer(-1)));
    assert_eq!(value(2), Some(FieldValueRow::Concept(3)));
    assert_eq!(value(3), None);
    assert_eq!(
        tables
            .reference_sets_of(4)
            .map(ReferenceSetTable::concept)
            .collect::<Vec<_>>(),
        [8]
    );
    assert_eq!(tables.reference_sets_of(2).count(), 0, "inactive");
}

#[test]
fn rows_that_lead_nowhere_are_problems() {
    let mut source = components();
    source.concepts.pop();
    source.attributes = vec![
        attribute(0, 0, 1, AttributeValue::Concept(CONCEPTS)),
        attribute(CONCEPTS, 0, 1, AttributeValue::Concept(1)),
        attribute(0, 0, 1, AttributeValue::Number("1,5".to_owned())),
    ];
    source.reference_sets = vec![ReferenceSet {
        concept: 1,
        fields: vec!["targetComponentId".to_owned()],
        members: vec![member(u32::MAX, true, Vec::new())],
    }];
    let problems = Edition::compile(system(source)).unwrap_err();
    let kinds: Vec<_> = problems.iter().map(|problem| &problem.kind).collect();
    let unknown = |table, row| ProblemKind::UnknownPosition { table, row };
    assert_eq!(
        kinds,
        [
            &ProblemKind::ComponentCount {
                table: "concept",
                expected: 12,
                found: 11
            },
            &unknown("attributes", 0),
            &unknown("attributes", 1),
            &ProblemKind::MalformedNumber { row: 2 },
            &unknown("members of a reference set", 0),
            &ProblemKind::FieldCount { row: 0 },
        ]
    );
}

proptest! {
    #[test]
    fn attributes_are_found_from_both_ends(
        rows in prop::collection::vec((0..CONCEPTS, 0_u16..3, 0..4_u32, 0..CONCEPTS), 0..60)
    ) {
        let mut source = components();
        let of = |&(source, group, kind, target): &(u32, u16, u32, u32)| {
            attribute(source, group, kind, AttributeValue::Concept(target))
        };
        source.attributes = rows.iter().map(of).collect();
        let edition = Edition::compile(system(source)).unwrap();
        let tables = edition.components().unwrap();
        for concept in 0..CONCEPTS {
            let mut forward: Vec<_> = rows.iter().filter(|row| row.0 == concept).map(|row| (row.1, row.2, row.3)).collect();
            forward.sort_unstable();
            let found: Vec<_> = tables.attributes(concept).iter().map(|row| (row.group, row.kind, row.target().unwrap())).collect();
            prop_assert_eq!(found, forward);
            let mut backward: Vec<_> = rows.iter().filter(|row| row.3 == concept).map(|row| (row.2, row.0, row.1)).collect();
            backward.sort_unstable();
            let found: Vec<_> = tables.sources(concept).iter().map(|row| (row.kind, row.source, row.group())).collect();
            prop_assert_eq!(found, backward);
            for kind in 0..4 {
                prop_assert!(tables.sources_of_kind(concept, kind).iter().all(|row| row.kind == kind));
            }
        }
        for kind in 0..5 {
            let mut with: Vec<u32> = rows.iter().filter(|row| row.2 == kind).map(|row| row.0).collect();
            with.sort_unstable();
            with.dedup();
            prop_assert_eq!(tables.sources_with(kind), with);
        }
    }
}
