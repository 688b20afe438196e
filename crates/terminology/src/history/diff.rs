//! How two editions of a code system differ, concept by concept. Concepts are the same when their codes are.

use std::collections::HashMap;

use super::exactly;
use crate::edition::Edition;
use crate::model::{ConceptStatus, RelationKind, Validity};
use crate::view::{ConceptView, DefinitionView, DesignationView, NoteView, PropertyView, RelationView};

/// What became of a concept from one edition to the next.
#[derive(Debug, Clone)]
pub enum ConceptChange<'e> {
    /// The older edition does not have it.
    Added(ConceptView<'e>),
    /// The newer edition does not have it.
    Removed(ConceptView<'e>),
    /// Both have it, and it is not the same.
    Changed {
        /// As the older edition has it.
        old: ConceptView<'e>,
        /// As the newer edition has it.
        new: ConceptView<'e>,
        /// What is other; never empty.
        differences: Vec<Difference<'e>>,
    },
}

impl<'e> ConceptChange<'e> {
    /// The concept's code.
    pub fn code(&self) -> &'e str {
        match self {
            Self::Added(concept) | Self::Removed(concept) => concept.code(),
            Self::Changed { new, .. } => new.code(),
        }
    }

    /// Whether a concept that was in use no longer is, but is kept.
    pub fn is_inactivation(&self) -> bool {
        matches!(self, Self::Changed { old, new, .. }
            if old.status() == ConceptStatus::Active && new.status() != ConceptStatus::Active)
    }
}

/// One thing that is other. A designation whose text and language stay, a definition whose language and domain stay,
/// is changed; anything else is removed and added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference<'e> {
    /// Where the concept stands in its life.
    Status {
        /// Before.
        old: ConceptStatus,
        /// Now.
        new: ConceptStatus,
    },
    /// On which dates the code may be used.
    Validity {
        /// Before.
        old: Validity,
        /// Now.
        new: Validity,
    },
    /// Why it stands there.
    StatusReason {
        /// Before.
        old: &'e str,
        /// Now.
        new: &'e str,
    },
    /// Who looks after it.
    Steward {
        /// Before.
        old: &'e str,
        /// Now.
        new: &'e str,
    },
    /// Whether it only groups others.
    NotSelectable {
        /// Before.
        old: bool,
        /// Now.
        new: bool,
    },
    /// A new term.
    DesignationAdded(DesignationView<'e>),
    /// A term that is no more.
    DesignationRemoved(DesignationView<'e>),
    /// A term with another status, dates, scope or comment.
    DesignationChanged {
        /// Before.
        old: DesignationView<'e>,
        /// Now.
        new: DesignationView<'e>,
    },
    /// A new definition.
    DefinitionAdded(DefinitionView<'e>),
    /// A definition that is no more.
    DefinitionRemoved(DefinitionView<'e>),
    /// A definition with another text or source.
    DefinitionChanged {
        /// Before.
        old: DefinitionView<'e>,
        /// Now.
        new: DefinitionView<'e>,
    },
    /// A new superordinate concept, by its code.
    ParentAdded(&'e str),
    /// A superordinate concept that is no more, by its code.
    ParentRemoved(&'e str),
    /// A new relation.
    RelationAdded(StatedRelation<'e>),
    /// A relation that is no more.
    RelationRemoved(StatedRelation<'e>),
    /// A new note.
    NoteAdded(NoteView<'e>),
    /// A note that is no more.
    NoteRemoved(NoteView<'e>),
    /// A new distinguishing feature.
    FeatureAdded(NoteView<'e>),
    /// A distinguishing feature that is no more.
    FeatureRemoved(NoteView<'e>),
    /// A new subject field.
    SubjectFieldAdded(&'e str),
    /// A subject field that is no more.
    SubjectFieldRemoved(&'e str),
    /// A new value of a property.
    PropertyAdded(PropertyView<'e>),
    /// A value of a property that is no more.
    PropertyRemoved(PropertyView<'e>),
}

/// A relation as it is stated, its target by code, so that it can be compared over editions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedRelation<'e> {
    /// What kind of relation.
    pub kind: RelationKind,
    /// Code of the other concept.
    pub target: &'e str,
    /// Dates on which it holds.
    pub validity: Validity,
    /// Where it applies; empty when everywhere.
    pub scope: &'e str,
    /// What it rests on.
    pub source: &'e str,
}

impl<'e> StatedRelation<'e> {
    pub(super) fn new(relation: &RelationView<'e>) -> Self {
        Self {
            kind: relation.kind,
            target: relation.target.code(),
            validity: relation.validity,
            scope: relation.scope,
            source: relation.source,
        }
    }
}

/// What became of each concept that is not the same in both editions: those of the older in its order, then those
/// that are new in the order of the newer. The order of designations and other parts does not count.
pub fn diff<'e>(old: &'e Edition, new: &'e Edition) -> impl Iterator<Item = ConceptChange<'e>> {
    let kept = old.concepts().filter_map(move |before| {
        let Some(after) = exactly(new, before.code()) else {
            return Some(ConceptChange::Removed(before));
        };
        let differences = differences(before, after);
        (!differences.is_empty()).then_some(ConceptChange::Changed {
            old: before,
            new: after,
            differences,
        })
    });
    let fresh = new
        .concepts()
        .filter(move |concept| exactly(old, concept.code()).is_none())
        .map(ConceptChange::Added);
    kept.chain(fresh)
}

/// What is other about a concept.
pub(super) fn differences<'e>(old: ConceptView<'e>, new: ConceptView<'e>) -> Vec<Difference<'e>> {
    let mut found = Vec::new();
    if old.status() != new.status() {
        found.push(Difference::Status {
            old: old.status(),
            new: new.status(),
        });
    }
    if old.validity() != new.validity() {
        found.push(Difference::Validity {
            old: old.validity(),
            new: new.validity(),
        });
    }
    if old.status_reason() != new.status_reason() {
        found.push(Difference::StatusReason {
            old: old.status_reason(),
            new: new.status_reason(),
        });
    }
    if old.steward() != new.steward() {
        found.push(Difference::Steward {
            old: old.steward(),
            new: new.steward(),
        });
    }
    if old.not_selectable() != new.not_selectable() {
        found.push(Difference::NotSelectable {
            old: old.not_selectable(),
            new: new.not_selectable(),
        });
    }
    lists(old, new, &mut found);
    found
}

/// What is other in what a concept has several of.
fn lists<'e>(old: ConceptView<'e>, new: ConceptView<'e>, found: &mut Vec<Difference<'e>>) {
    let (gone, fresh) = unmatched(old.designations(), new.designations(), |term| term.text);
    pair(
        gone,
        fresh,
        |term| (term.text, term.language),
        found,
        Difference::DesignationRemoved,
        Difference::DesignationAdded,
        |old, new| Difference::DesignationChanged { old, new },
    );
    let (gone, fresh) = unmatched(old.definitions(), new.definitions(), |text| text.text);
    pair(
        gone,
        fresh,
        |text| (text.domain, text.language),
        found,
        Difference::DefinitionRemoved,
        Difference::DefinitionAdded,
        |old, new| Difference::DefinitionChanged { old, new },
    );
    let codes = |concept: ConceptView<'e>| concept.parents().map(|parent| parent.code());
    let (gone, fresh) = unmatched(codes(old), codes(new), |code| code);
    found.extend(gone.into_iter().map(Difference::ParentRemoved));
    found.extend(fresh.into_iter().map(Difference::ParentAdded));
    let relations =
        |concept: ConceptView<'e>| concept.relations().map(|relation| StatedRelation::new(&relation));
    let (gone, fresh) = unmatched(relations(old), relations(new), |relation| relation.target);
    found.extend(gone.into_iter().map(Difference::RelationRemoved));
    found.extend(fresh.into_iter().map(Difference::RelationAdded));
    let (gone, fresh) = unmatched(old.notes(), new.notes(), |note| note.text);
    found.extend(gone.into_iter().map(Difference::NoteRemoved));
    found.extend(fresh.into_iter().map(Difference::NoteAdded));
    let (gone, fresh) = unmatched(old.features(), new.features(), |feature| feature.text);
    found.extend(gone.into_iter().map(Difference::FeatureRemoved));
    found.extend(fresh.into_iter().map(Difference::FeatureAdded));
    let (gone, fresh) = unmatched(old.subject_fields(), new.subject_fields(), |field| field);
    found.extend(gone.into_iter().map(Difference::SubjectFieldRemoved));
    found.extend(fresh.into_iter().map(Difference::SubjectFieldAdded));
    let (gone, fresh) = unmatched(old.properties(), new.properties(), |property| property.value);
    found.extend(gone.into_iter().map(Difference::PropertyRemoved));
    found.extend(fresh.into_iter().map(Difference::PropertyAdded));
}

/// What stands in one list and not in the other, as often as it stands there oftener. Equal items have equal keys.
fn unmatched<'e, T: PartialEq + Copy>(
    old: impl Iterator<Item = T>,
    new: impl Iterator<Item = T>,
    key: impl Fn(T) -> &'e str,
) -> (Vec<T>, Vec<T>) {
    let (mut old, mut new) = (old.peekable(), new.peekable());
    while old.peek().is_some() && old.peek() == new.peek() {
        old.next();
        new.next();
    }
    let mut left: HashMap<&str, Vec<T>> = HashMap::new();
    let gone: Vec<T> = old.collect();
    for item in gone.iter().rev() {
        left.entry(key(*item)).or_default().push(*item);
    }
    let fresh: Vec<T> = new
        .filter(|item| {
            let same = left.get_mut(key(*item));
            let taken = same.and_then(|same| Some((same.iter().position(|other| other == item)?, same)));
            match taken {
                Some((at, same)) => {
                    same.swap_remove(at);
                    false
                }
                None => true,
            }
        })
        .collect();
    let gone = gone
        .into_iter()
        .filter(|item| {
            let same = left.get_mut(key(*item));
            let taken = same.and_then(|same| Some((same.iter().position(|other| other == item)?, same)));
            taken.map(|(at, same)| same.swap_remove(at)).is_some()
        })
        .collect();
    (gone, fresh)
}

/// Tells what is gone and what is fresh, the first two of the same name as a change.
fn pair<'e, T: Copy>(
    gone: Vec<T>,
    fresh: Vec<T>,
    name: impl Fn(T) -> (&'e str, &'e str),
    found: &mut Vec<Difference<'e>>,
    removed: impl Fn(T) -> Difference<'e>,
    added: impl Fn(T) -> Difference<'e>,
    changed: impl Fn(T, T) -> Difference<'e>,
) {
    let mut by_name: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (at, item) in fresh.iter().enumerate().rev() {
        by_name.entry(name(*item)).or_default().push(at);
    }
    let mut told = vec![false; fresh.len()];
    for item in gone {
        let at = by_name.get_mut(&name(item)).and_then(Vec::pop);
        match at.and_then(|at| Some((*fresh.get(at)?, told.get_mut(at)?))) {
            Some((other, told)) => {
                *told = true;
                found.push(changed(item, other));
            }
            None => found.push(removed(item)),
        }
    }
    let rest = fresh.into_iter().zip(told).filter(|(_, told)| !told);
    found.extend(rest.map(|(item, _)| added(item)));
}
