//! Checks of relations between concepts: both ends stated, none both ways that holds one way only, nothing that leads
//! to what was taken back.

use std::collections::{HashMap, HashSet};

use super::{Findings, TermFindingKind, positions};
use crate::model::{ConceptStatus, Relation, RelationKind, Validity};

/// Checks all relations of a code system.
pub(super) fn check(found: &mut Findings<'_>) {
    let system = found.system;
    let positions = positions(system);
    let stated: HashMap<(usize, RelationKind, usize), Validity> = system
        .concepts
        .iter()
        .enumerate()
        .flat_map(|(position, concept)| {
            let of = |relation: &Relation| {
                Some((position, relation.kind, *positions.get(relation.target.as_str())?))
            };
            concept
                .relations
                .iter()
                .filter_map(move |relation| Some((of(relation)?, relation.validity)))
                .collect::<Vec<_>>()
        })
        .collect();
    for (position, concept) in system.concepts.iter().enumerate() {
        if concept.status == ConceptStatus::Withdrawn {
            continue;
        }
        let withdrawn = |target: usize| {
            let target = system.concepts.get(target);
            target.is_some_and(|target| target.status == ConceptStatus::Withdrawn)
        };
        let mut told = HashSet::new();
        for code in &concept.parents {
            if let Some(target) = positions.get(code.as_str())
                && withdrawn(*target)
                && told.insert(*target)
            {
                found.add(
                    position,
                    TermFindingKind::WithdrawnTarget { target: code.clone() },
                );
            }
        }
        for relation in &concept.relations {
            let Some(target) = positions.get(relation.target.as_str()).copied() else {
                continue;
            };
            let code = || relation.target.clone();
            if is_replacement(relation.kind) && relation.validity.from.is_none() {
                found.add(position, TermFindingKind::UndatedReplacement { target: code() });
            }
            if withdrawn(target)
                && relation.kind != RelationKind::Replaces
                && relation.validity.until.is_none()
                && told.insert(target)
            {
                found.add(position, TermFindingKind::WithdrawnTarget { target: code() });
            }
            let kind = relation.kind;
            let back = |kind| stated.get(&(target, kind, position));
            match other_end(kind) {
                Some(other) if back(other).is_none() && !withdrawn(target) => {
                    found.add(position, TermFindingKind::OneSided { kind, target: code() });
                }
                _ => {}
            }
            if matches!(kind, RelationKind::Partitive | RelationKind::ReplacedBy)
                && position <= target
                && back(kind).is_some_and(|other| overlap(*other, relation.validity))
            {
                found.add(position, TermFindingKind::BothWays { kind, target: code() });
            }
        }
    }
}

/// Whether some date lies in both intervals.
pub(super) fn overlap(a: Validity, b: Validity) -> bool {
    let before = |from: Option<_>, until: Option<_>| from.zip(until).is_none_or(|(from, until)| from < until);
    before(a.from, b.until) && before(b.from, a.until)
}

/// Whether one concept gives way to the other.
pub(super) fn is_replacement(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::ReplacedBy | RelationKind::Replaces)
}

/// What the other concept must state; `None` where it has no word for it, or where the one end says all.
fn other_end(kind: RelationKind) -> Option<RelationKind> {
    match kind {
        RelationKind::Partitive | RelationKind::ReplacedBy => None,
        RelationKind::Associative => Some(RelationKind::Associative),
        RelationKind::Distinguish => Some(RelationKind::Distinguish),
        RelationKind::Replaces => Some(RelationKind::ReplacedBy),
    }
}
