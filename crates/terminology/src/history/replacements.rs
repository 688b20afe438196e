//! Which concepts are used in the place of another on a date.

use std::collections::{HashSet, VecDeque};

use jiff::civil::Date;

use crate::edition::Edition;
use crate::model::{RelationKind, Validity};
use crate::view::ConceptView;

/// A step from a concept to one that is used in its place.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'e> {
    /// The concept that gives way.
    pub from: ConceptView<'e>,
    /// The concept that takes its place.
    pub to: ConceptView<'e>,
    /// Dates on which it does.
    pub validity: Validity,
    /// Where it does, for example `i tillämpliga fall`; empty when everywhere.
    pub scope: &'e str,
    /// What that rests on.
    pub source: &'e str,
    /// How many replacements lie between the concept asked about and `to`, from 1.
    pub steps: u32,
}

/// The replacements that lead away from a code on a date, nearest first. Each concept is followed once, so that
/// replacements in a circle end. Empty when the edition does not hold the code, or nothing replaces it.
pub fn replacements<'e>(edition: &'e Edition, code: &str, date: Date) -> Vec<Replacement<'e>> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut queue = VecDeque::new();
    if let Some(start) = edition.lookup(code) {
        seen.insert(start.index());
        queue.push_back((start, 1));
    }
    while let Some((from, steps)) = queue.pop_front() {
        let relations = from
            .relations()
            .filter(|relation| relation.kind == RelationKind::ReplacedBy && relation.validity.contains(date));
        for relation in relations {
            let to = relation.target;
            if !seen.insert(to.index()) {
                continue;
            }
            found.push(Replacement {
                from,
                to,
                validity: relation.validity,
                scope: relation.scope,
                source: relation.source,
                steps,
            });
            queue.push_back((to, steps + 1));
        }
    }
    found
}
