//! Tables of the size that the proofs must decide, and one that they cannot and say so.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use jiff::civil::{Date, date};
use vardnav_classification::model::*;
use vardnav_classification::synthetic::{Shape, system};
use vardnav_classification::verify::Example;
use vardnav_classification::{Defect, DescriptionSystem, FactSet, TableResult};

const FROM: Date = date(2026, 1, 1);

fn shape(gap: bool) -> Shape {
    Shape {
        axes: 25,
        rules: 500,
        gap,
        seed: 7,
    }
}

fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Facts on all axes: those of an example, the others drawn.
fn drawn(system: &DescriptionSystem, example: Option<&Example>, state: &mut u64) -> FactSet {
    let mut facts = FactSet::new();
    for axis in &system.source().axes {
        let slot = system.axis(&axis.id).unwrap();
        let stated = example.and_then(|example| example.facts.iter().find(|fact| fact.axis == axis.id));
        let mask = match stated {
            Some(fact) => fact
                .values
                .iter()
                .fold(0, |mask, code| mask | 1 << system.value(slot, code).unwrap()),
            None => 1 << (next(state) % axis.values.len() as u64),
        };
        facts.set(slot, mask, FactSource::Record);
    }
    facts
}

#[test]
fn large_tables_are_decided() {
    for gap in [false, true] {
        let system = DescriptionSystem::compile(system(shape(gap))).unwrap();
        let (table, source) = system.tables().next().unwrap();
        let proofs = system.prove(FROM);
        let [proof] = proofs.as_slice() else {
            panic!("{proofs:?}")
        };
        let mut state = 1;
        let (mut found, mut unreachable) = (false, Vec::new());
        for defect in &proof.defects {
            match defect {
                Defect::Gap { example } => {
                    found = true;
                    for _ in 0..200 {
                        let facts = drawn(&system, Some(example), &mut state);
                        if system.excluded(Grain::Contact, &facts).next().is_none() {
                            let given = system.classify(Grain::Contact, FROM, &facts).get(table);
                            assert_eq!(given, TableResult::Held { possible: 0 });
                        }
                    }
                }
                Defect::Unreachable { rule, .. } => unreachable.push(rule.as_str()),
                Defect::Undecided { .. } => panic!("{defect}"),
            }
        }
        assert_eq!(found, gap);
        assert!(unreachable.len() < 60, "{unreachable:?}");
        for _ in 0..5_000 {
            let facts = drawn(&system, None, &mut state);
            if system.excluded(Grain::Contact, &facts).next().is_some() {
                continue;
            }
            match system.classify(Grain::Contact, FROM, &facts).get(table) {
                TableResult::Value { rule, .. } => {
                    assert!(!unreachable.contains(&source.rules[usize::from(rule)].id.as_str()));
                }
                given => assert!(gap, "{given:?}"),
            }
        }
    }
}

/// More pigeons than holes: two in one hole meet a rule, and that there always are two takes more steps than allowed.
#[test]
fn what_is_not_decided_is_said() {
    let values = |count: usize| -> Vec<AxisValue> {
        let code = |at| format!("v{at}");
        (0..count)
            .map(|at| AxisValue {
                code: code(at),
                label: Label::default(),
            })
            .collect()
    };
    let axes: Vec<Axis> = (0..11)
        .map(|at| Axis {
            id: format!("a{at}"),
            label: Label::default(),
            definition: Label::default(),
            values: values(10),
            multiple: false,
            grains: vec![Grain::Contact],
            sources: vec![FactSource::Record],
            derivation: None,
        })
        .collect();
    let mut rules = Vec::new();
    for one in 0..11 {
        for other in 0..one {
            for hole in 0..10 {
                let on = |at: usize| Condition {
                    axis: format!("a{at}"),
                    any_of: vec![format!("v{hole}")],
                    negated: false,
                };
                rules.push(Rule {
                    id: format!("R{one}-{other}-{hole}"),
                    alternatives: vec![vec![on(one), on(other)]],
                    outcome: Outcome::Value("v0".to_owned()),
                    variant: None,
                    legal_basis: String::new(),
                    status: String::new(),
                    in_force_from: None,
                    line: 0,
                });
            }
        }
    }
    let source = DescriptionSource {
        axes,
        tables: vec![Table {
            id: "t".to_owned(),
            label: Label::default(),
            hit_policy: HitPolicy::First,
            grains: vec![Grain::Contact],
            values: values(1),
            rules,
        }],
        ..DescriptionSource::default()
    };
    let system = DescriptionSystem::compile(source).unwrap();
    let proofs = system.prove_within(FROM, 800_000);
    assert_eq!(proofs[0].defects, [Defect::Undecided { limit: 800_000 }]);
}
