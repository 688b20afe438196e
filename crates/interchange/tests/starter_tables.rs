//! The starter release's description system compiles, is proven without its guards, in every variant, and says what
//! the design of its tables says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use vardnav_classification::model::DescriptionSource;
use vardnav_classification::{Defect, DescriptionSystem};
use vardnav_interchange::release::reading::Reading;
use vardnav_interchange::release::{description, starter};

const FROM: Date = date(2026, 1, 1);

fn source() -> DescriptionSource {
    let package = starter::package().unwrap();
    let mut reading = Reading::new(&package);
    let source = description::read(&mut reading);
    assert_eq!(reading.findings, []);
    source
}

fn defects(source: DescriptionSource) -> Vec<String> {
    let system = DescriptionSystem::compile(source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let proofs = system.prove(FROM);
    proofs
        .iter()
        .flat_map(|proof| {
            let of = move |defect: &Defect| {
                format!(
                    "{} of {:?} from {}: {defect}",
                    proof.table, proof.grain, proof.from
                )
            };
            proof.defects.iter().map(of)
        })
        .collect()
}

#[test]
fn every_table_is_proven() {
    let mut found = BTreeMap::new();
    for defect in defects(source()) {
        *found.entry(defect).or_insert(0) += 1;
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_variant_is_proven() {
    let source = source();
    for (at, point) in source.points.iter().enumerate() {
        for variant in &point.variants {
            let mut source = source.clone();
            source.points[at].chosen.clone_from(variant);
            let defects = defects(source);
            assert!(defects.is_empty(), "{} {variant}: {defects:#?}", point.id);
        }
    }
}

/// What both methods say, as lines: gaps by table, date and grain, and unreachable rules.
fn by_both(source: DescriptionSource) -> Option<[Vec<String>; 2]> {
    let system = DescriptionSystem::compile(source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut searched = Vec::new();
    for proof in system.prove(FROM) {
        for defect in proof.defects {
            searched.push(match defect {
                Defect::Gap { .. } => format!("{} {} {:?}", proof.table, proof.from, proof.grain),
                Defect::Unreachable { rule, .. } => format!("{} {} {rule}", proof.table, proof.from),
                Defect::Undecided { .. } => panic!("{defect}"),
            });
        }
    }
    let mut subtracted = Vec::new();
    for said in system.subtract(FROM) {
        let said = said?;
        let gaps = said
            .gaps
            .iter()
            .map(|grain| format!("{} {} {grain:?}", said.table, said.from));
        subtracted.extend(gaps);
        let rules = said.unreachable.iter();
        subtracted.extend(rules.map(|rule| format!("{} {} {rule}", said.table, said.from)));
    }
    searched.sort();
    subtracted.sort();
    Some([searched, subtracted])
}

/// The search and the boxes agree on the release as it is, and on what becomes of it when a rule is gone or stands
/// first.
#[test]
fn the_second_method_agrees() {
    let source = source();
    let [searched, subtracted] = by_both(source.clone()).unwrap();
    assert_eq!((searched.len(), subtracted.len()), (0, 0));
    let (mut compared, mut faulty) = (0, 0);
    for (at, table) in source.tables.iter().enumerate() {
        for rule in 0..table.rules.len() {
            let mut changed = source.clone();
            let rules = &mut changed.tables[at].rules;
            let taken = rules.remove(rule);
            if rule % 2 == 0 && taken.outcome != vardnav_classification::model::Outcome::CatchAll {
                rules.insert(0, taken);
            }
            let Some([searched, subtracted]) = by_both(changed) else {
                continue;
            };
            assert_eq!(searched, subtracted, "{} rule {rule}", table.id);
            compared += 1;
            faulty += usize::from(!searched.is_empty());
        }
    }
    assert!(compared > 40 && faulty > 8, "{compared} {faulty}");
}
