//! What became of a concept: over editions of its code system, within one edition by its dates, and which concepts
//! are used in its place. Reads editions only; which of them apply when is for those who hold them.

mod diff;
mod replacements;

use jiff::civil::Date;

pub use diff::{ConceptChange, Difference, StatedRelation, diff};
pub use replacements::{Replacement, replacements};

use crate::edition::Edition;
use crate::view::{ConceptView, DesignationView};

/// An edition at its place in a history.
#[derive(Debug, Clone, Copy)]
pub struct Point<'e> {
    /// What it is called, for example the id of the release that holds it.
    pub label: &'e str,
    /// From when it holds; `None` when that is not stated.
    pub date: Option<Date>,
    /// The edition.
    pub edition: &'e Edition,
}

/// Something that happened to a concept.
#[derive(Debug, Clone)]
pub struct Event<'e> {
    /// The edition that brought it.
    pub label: &'e str,
    /// From when that edition holds.
    pub date: Option<Date>,
    /// What happened.
    pub what: Happening<'e>,
}

/// Kinds of event.
#[derive(Debug, Clone)]
pub enum Happening<'e> {
    /// The first edition that has the concept.
    FirstSeen(ConceptView<'e>),
    /// It is there again after editions without it.
    Returned(ConceptView<'e>),
    /// Something about it is other than in the edition before.
    Changed(Difference<'e>),
    /// The first edition that no longer has it; the concept as the last one had it.
    Gone(ConceptView<'e>),
}

/// What happened to the concept with a code over editions given from the oldest to the newest. Empty when none of
/// them has it.
pub fn history<'e>(code: &str, points: &[Point<'e>]) -> Vec<Event<'e>> {
    let mut events = Vec::new();
    let mut before: Option<ConceptView<'e>> = None;
    let mut seen = false;
    for point in points {
        let now = exactly(point.edition, code);
        let mut tell = |what| {
            events.push(Event {
                label: point.label,
                date: point.date,
                what,
            });
        };
        match (before, now) {
            (Some(old), Some(new)) => diff::differences(old, new)
                .into_iter()
                .for_each(|difference| tell(Happening::Changed(difference))),
            (Some(old), None) => tell(Happening::Gone(old)),
            (None, Some(new)) if seen => tell(Happening::Returned(new)),
            (None, Some(new)) => tell(Happening::FirstSeen(new)),
            (None, None) => {}
        }
        seen |= now.is_some();
        before = now;
    }
    events
}

/// A date on which something begins or ends by what one edition says.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'e> {
    /// The date.
    pub date: Date,
    /// Whether it begins on the date, or is no more from the date on.
    pub begins: bool,
    /// What.
    pub what: Turning<'e>,
}

/// What begins or ends.
#[derive(Debug, Clone, Copy)]
pub enum Turning<'e> {
    /// The use of the code.
    Concept,
    /// A status of a term.
    Designation(DesignationView<'e>),
    /// A relation, for example that the concept is replaced.
    Relation(StatedRelation<'e>),
}

/// The dates of a concept within its edition, in order; of one date what ends before what begins.
pub fn turns(concept: ConceptView<'_>) -> Vec<Turn<'_>> {
    let whole = std::iter::once((concept.validity(), Turning::Concept));
    let terms = concept
        .designations()
        .map(|term| (term.validity, Turning::Designation(term)));
    let relations = concept.relations().map(|relation| {
        (
            relation.validity,
            Turning::Relation(StatedRelation::new(&relation)),
        )
    });
    let mut turns: Vec<Turn<'_>> = whole
        .chain(terms)
        .chain(relations)
        .flat_map(|(validity, what)| {
            [(validity.from, true), (validity.until, false)]
                .into_iter()
                .filter_map(move |(date, begins)| {
                    Some(Turn {
                        date: date?,
                        begins,
                        what,
                    })
                })
        })
        .collect();
    turns.sort_by_key(|turn| (turn.date, turn.begins));
    turns
}

/// The concept with exactly this code.
fn exactly<'e>(edition: &'e Edition, code: &str) -> Option<ConceptView<'e>> {
    edition.lookup(code).filter(|concept| concept.code() == code)
}
