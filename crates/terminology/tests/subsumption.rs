//! Subsumption is a partial order and agrees with a walk over the ancestors.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use vardnav_terminology::model::{CodeSystem, Concept};
use vardnav_terminology::{ConceptIndex, Edition, Subsumption};

/// Parents of each concept, all with lower numbers, in any position of the source.
fn hierarchies() -> impl Strategy<Value = (Vec<BTreeSet<usize>>, Vec<usize>)> {
    let parents = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..40);
    parents.prop_flat_map(|picks| {
        let parents: Vec<BTreeSet<usize>> = picks
            .iter()
            .enumerate()
            .map(|(concept, picks)| {
                picks
                    .iter()
                    .filter(|_| concept > 0)
                    .map(|pick| pick.index(concept))
                    .collect()
            })
            .collect();
        let positions: Vec<usize> = (0..parents.len()).collect();
        (Just(parents), Just(positions).prop_shuffle())
    })
}

fn ancestors(parents: &[BTreeSet<usize>], concept: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![concept];
    while let Some(next) = open.pop() {
        open.extend(
            parents[next]
                .iter()
                .copied()
                .filter(|&parent| found.insert(parent)),
        );
    }
    found
}

proptest! {
    #[test]
    fn agrees_with_a_walk_over_ancestors((parents, order) in hierarchies()) {
        let code = |concept: usize| format!("c{concept}");
        let concepts = order.iter().map(|&concept| Concept {
            code: code(concept),
            parents: parents[concept].iter().map(|&parent| code(parent)).collect(),
            ..Concept::default()
        });
        let edition =
            Edition::compile(CodeSystem { concepts: concepts.collect(), ..CodeSystem::default() }).unwrap();
        let index: Vec<ConceptIndex> =
            (0..parents.len()).map(|concept| edition.find(&code(concept)).unwrap()).collect();
        let above: Vec<BTreeSet<usize>> =
            (0..parents.len()).map(|concept| ancestors(&parents, concept)).collect();
        let mut below = vec![Vec::new(); parents.len()];
        for a in 0..parents.len() {
            for b in 0..parents.len() {
                let expected = if a == b {
                    Subsumption::Equivalent
                } else if above[b].contains(&a) {
                    Subsumption::Subsumes
                } else if above[a].contains(&b) {
                    Subsumption::SubsumedBy
                } else {
                    Subsumption::NotSubsumed
                };
                let found = edition.subsumes(index[a], index[b]);
                prop_assert_eq!(found, expected);
                prop_assert_eq!(edition.subsumes_codes(&code(a), &code(b)), Ok(expected));
                if matches!(found, Subsumption::Subsumes | Subsumption::Equivalent) {
                    below[a].push(b);
                }
            }
        }
        for concept in 0..parents.len() {
            let found: BTreeSet<ConceptIndex> = edition.ancestors(index[concept]).iter().collect();
            let expected: BTreeSet<ConceptIndex> = above[concept].iter().map(|&c| index[c]).collect();
            prop_assert_eq!(found, expected);
            let found: BTreeSet<ConceptIndex> = edition.descendants(index[concept]).iter().collect();
            let expected = below[concept].iter().filter(|&&c| c != concept).map(|&c| index[c]);
            prop_assert_eq!(found, expected.collect());
        }
        // Reflexive, antisymmetric, transitive.
        for a in 0..parents.len() {
            prop_assert!(below[a].contains(&a));
            for &b in &below[a] {
                prop_assert!(a == b || !below[b].contains(&a));
                prop_assert!(below[b].iter().all(|c| below[a].contains(c)));
            }
        }
    }
}
