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
