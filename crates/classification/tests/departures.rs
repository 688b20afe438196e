//! Variants that a system does not take are proven as a system that takes them is, and what is left out is what cannot
//! be otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use support::{Choices, TODAY, system};
use vardnav_classification::model::*;
use vardnav_classification::synthetic::{Shape, unsettled};
use vardnav_classification::text::Language;
use vardnav_classification::verify::{Proof, report};
use vardnav_classification::{Defect, DescriptionSystem};

/// Where gaps are.
fn gaps<'p>(proofs: impl IntoIterator<Item = &'p Proof>) -> BTreeSet<(String, Grain, Date)> {
    let with_gap = |proof: &&Proof| {
        let mut defects = proof.defects.iter();
        defects.any(|defect| matches!(defect, Defect::Gap { .. }))
    };
    let proofs = proofs.into_iter().filter(with_gap);
    proofs
        .map(|proof| (proof.table.clone(), proof.grain, proof.from))
        .collect()
}

/// Rules that can never decide, by table and date.
fn unreachable<'p>(
    proofs: impl IntoIterator<Item = &'p Proof>,
    asked: impl Fn(&str, u32) -> bool,
) -> BTreeSet<(String, Date, String)> {
    let mut rules = BTreeSet::new();
    for proof in proofs {
        for defect in &proof.defects {
            if let Defect::Unreachable { rule, line, .. } = defect
                && asked(&proof.table, *line)
            {
                rules.insert((proof.table.clone(), proof.from, rule.clone()));
            }
        }
    }
    rules
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn a_variant_is_proven_as_a_source_that_takes_it(bytes in prop::collection::vec(any::<u8>(), 0..250)) {
        let mut choices = Choices(bytes.iter());
        let mut source = system(&mut choices);
        // A line of its own names each rule.
        for table in &mut source.tables {
            for (rule, line) in table.rules.iter_mut().zip(1..) {
                rule.line = line;
            }
        }
        let taken = DescriptionSystem::compile(source.clone()).unwrap();
        let found = taken.prove_variants(TODAY);
        for point in &source.points {
            for name in point.variants.iter().filter(|name| **name != point.chosen) {
                let variant = VariantRef { point: point.id.clone(), name: name.clone() };
                let other = DescriptionSystem::compile_with(source.clone(), std::slice::from_ref(&variant)).unwrap();
                let full = other.prove(TODAY);
                let of_variant: Vec<&Proof> = found.iter().filter(|proof| proof.variant == variant).map(|proof| &proof.proof).collect();
                let looked_at: BTreeSet<&str> = of_variant.iter().map(|proof| proof.table.as_str()).collect();
                // What is looked at has the gaps that the full proof has; the rest has those of the chosen variant.
                let (within, beyond): (Vec<&Proof>, Vec<&Proof>) =
                    full.iter().partition(|proof| looked_at.contains(proof.table.as_str()));
                prop_assert_eq!(gaps(of_variant.iter().copied()), gaps(within.iter().copied()));
                let chosen = taken.prove(TODAY);
                let chosen = chosen.iter().filter(|proof| !looked_at.contains(proof.table.as_str()));
                prop_assert_eq!(gaps(chosen), gaps(beyond));
                let own = |table: &str, line: u32| {
                    let table = source.tables.iter().find(|known| known.id == table).unwrap();
                    table.rules.iter().any(|rule| rule.line == line && rule.variant.as_ref() == Some(&variant))
                };
                prop_assert_eq!(unreachable(of_variant.iter().copied(), |_, _| true), unreachable(within, own));
            }
        }
    }

    #[test]
    fn totality_is_what_the_full_proof_says_of_gaps(bytes in prop::collection::vec(any::<u8>(), 0..250)) {
        let system = DescriptionSystem::compile(system(&mut Choices(bytes.iter()))).unwrap();
        let full = gaps(&system.prove(TODAY));
        prop_assert_eq!(gaps(&system.prove_total(TODAY, None)), full.clone());
        let until = TODAY.tomorrow().unwrap();
        let on_the_day = full.into_iter().filter(|(_, _, date)| *date < until).collect();
        prop_assert_eq!(gaps(&system.prove_total(TODAY, Some(until))), on_the_day);
        prop_assert!(system.prove_total(TODAY, Some(TODAY)).is_empty());
    }
}

const FROM: Date = date(2026, 1, 1);

fn large() -> DescriptionSource {
    let shape = Shape {
        axes: 25,
        rules: 500,
        gap: false,
        seed: 7,
    };
    unsettled(shape, 6)
}

/// A table of the size that must be decided, with six points: each variant is total, until the rule of one is gone; then
/// the gap is that variant's alone, and told as such.
#[test]
fn a_gap_in_a_variant_that_is_not_taken_is_found_and_named() {
    let sound = DescriptionSystem::compile(large()).unwrap();
    let proofs = sound.prove_variants(FROM);
    assert_eq!(proofs.len(), 6);
    let gap = |proof: &Proof| {
        proof
            .defects
            .iter()
            .any(|defect| matches!(defect, Defect::Gap { .. }))
    };
    assert!(!proofs.iter().any(|found| gap(&found.proof)));

    let lacking = VariantRef {
        point: "U3".to_owned(),
        name: "other".to_owned(),
    };
    let mut source = large();
    source.tables[0]
        .rules
        .retain(|rule| rule.variant.as_ref() != Some(&lacking));
    let faulty = DescriptionSystem::compile(source).unwrap();
    assert!(!faulty.prove(FROM).iter().any(gap));
    let proofs = faulty.prove_variants(FROM);
    let with_gap: Vec<&VariantRef> = proofs
        .iter()
        .filter(|found| gap(&found.proof))
        .map(|found| &found.variant)
        .collect();
    assert_eq!(with_gap, [&lacking]);
}

#[test]
fn the_report_tells_which_variant_is_not_proven() {
    let shape = Shape {
        axes: 4,
        rules: 10,
        gap: false,
        seed: 7,
    };
    let mut source = unsettled(shape, 1);
    let told = |source: &DescriptionSource| {
        let system = DescriptionSystem::compile(source.clone()).unwrap();
        let report = report(&system, FROM);
        let gap = report.variants.iter().any(|found| {
            let mut defects = found.defects().iter();
            defects.any(|defect| matches!(defect, Defect::Gap { .. }))
        });
        (gap, report.is_proven(), report.lines(&system, Language::English))
    };
    assert!(!told(&source).0);
    source.tables[0].rules.retain(|rule| {
        let variant = rule.variant.as_ref();
        variant.is_none_or(|variant| variant.name != "other")
    });
    let (gap, proven, lines) = told(&source);
    assert!(gap && !proven);
    let at = lines
        .iter()
        .position(|line| line == "variant U1:other in place of the one chosen: not proven")
        .unwrap();
    assert!(
        lines[at + 1].contains("no rule matches when"),
        "{}",
        lines[at + 1]
    );
}

#[test]
fn there_may_be_only_so_many_variants() {
    let mut source = large();
    source.points[0]
        .variants
        .extend((0..100).map(|at| format!("v{at}")));
    let problems = DescriptionSystem::compile(source).unwrap_err();
    assert!(
        problems
            .iter()
            .any(|problem| problem.message.contains("100 are allowed")),
        "{problems:?}"
    );
}
