//! The changes that one fact can undergo. Values that no condition tells apart are one: of them one is tried, and all
//! are told.

use crate::counterfactual::ChangeKind;
use crate::facts::{AxisIndex, VALUES, bits};

/// A slot whose fact can change.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) slot: AxisIndex,
    /// Its values now, as bits; 0 when the fact is missing or does not apply.
    pub(super) from: u64,
    /// Whether the fact is missing.
    pub(super) missing: bool,
    pub(super) moves: Vec<Move>,
}

/// A change that a fact can undergo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) kind: ChangeKind,
    /// The values of which any one does the same.
    pub(super) any_of: u64,
    /// The values that are known after it, by one of them.
    pub(super) after: u64,
}

/// The slot as a candidate. `masks` are those of all conditions on it, `all` the bits of its values.
pub(super) fn candidate(
    slot: AxisIndex,
    raw: u64,
    all: u64,
    several: bool,
    masks: impl Iterator<Item = u64>,
) -> Candidate {
    let from = raw & VALUES;
    let mut moves = Vec::new();
    for class in classes(all, masks) {
        if several && from != 0 {
            add(&mut moves, ChangeKind::Add, class & !from, |low| from | low);
            if from.count_ones() > 1 {
                add(&mut moves, ChangeKind::Remove, class & from, |low| from & !low);
            }
        }
        let others = if from.count_ones() == 1 {
            class & !from
        } else {
            class
        };
        let unlike = several || class & from == 0;
        if unlike {
            add(&mut moves, ChangeKind::Set, others, |low| low);
        }
    }
    Candidate {
        slot,
        from,
        missing: raw == 0,
        moves,
    }
}

fn add(moves: &mut Vec<Move>, kind: ChangeKind, any_of: u64, after: impl Fn(u64) -> u64) {
    if let Some(low) = bits(any_of).next() {
        moves.push(Move {
            kind,
            any_of,
            after: after(1 << low),
        });
    }
}

/// The values parted so that each condition holds of all values of a part or of none, by their first values.
fn classes(all: u64, masks: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut classes = vec![all];
    for mask in masks {
        classes = classes
            .iter()
            .flat_map(|class| [class & mask, class & !mask])
            .filter(|class| *class != 0)
            .collect();
    }
    classes.sort_by_key(|class| class.trailing_zeros());
    classes
}
