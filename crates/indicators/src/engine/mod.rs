//! The engine that computes the measures of a release: it marks parts one by one, and counts all parts of a person
//! together.
//!
//! [`Marker::mark`] holds a part against every condition that needs no other part; what comes of it, a [`Marked`], is
//! kept instead of the part. [`Engine::contributions`] settles, from all marked parts of a person, what they count as:
//! [`MeasureCell`]s with counts, which add up over persons. The counts of a person whose parts changed are those after
//! less those before. Neither depends on the order of parts.
//!
//! Nothing here names an indicator, a table or an axis, reads a clock or keeps anything. What may be shown of the counts
//! is decided elsewhere.

mod cell;
mod compile;
mod contribute;
mod mark;
mod marked;
mod periods;
mod relations;
mod truth;
mod view;

use jiff::civil::Date;
use vardnav_classification::DescriptionSystem;
use vardnav_register::bytes::days_from_date;

use crate::definition::IndicatorDefinitions;
use crate::measure::{Condition, Part};
use compile::{Questions, System, Whole};

pub use cell::{BrokenDown, Counted, MeasureCell, Moment, NotAMeasureCell, Value};
pub use mark::Marker;
pub use marked::{Marked, NotMarked};
pub use truth::Truth;
pub use view::{Described, Hierarchy, PartView, SystemIndex};

/// What an engine is made of.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The release's definitions.
    pub definitions: &'a IndicatorDefinitions,
    /// The release's description system: the values of breakdowns are its values.
    pub system: &'a DescriptionSystem,
    /// Kinds of care units, in the order of their ordinals.
    pub unit_kinds: &'a [String],
    /// The last calendar year in which a part that is open is counted. Engines of two years count differently.
    pub through: i16,
}

/// The measures of a release, made ready. Immutable.
#[derive(Debug)]
pub struct Engine {
    whole: Whole,
    systems: Vec<System>,
    through: i16,
}

/// A release has more of something than the engine can hold apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the release has more {0} than can be counted")]
pub struct TooLarge(&'static str);

impl Engine {
    /// Makes measures ready, for parts that were described by any of the systems, each with the id of its release.
    ///
    /// # Errors
    /// When the release has too much of something.
    pub fn new<'a>(
        ground: &Ground<'_>,
        systems: impl IntoIterator<Item = (&'a str, &'a DescriptionSystem)>,
    ) -> Result<Self, TooLarge> {
        let whole = Whole::of(ground)?;
        let systems = systems.into_iter();
        let systems: Vec<System> = systems
            .map(|(id, system)| System::of(id, system, &whole))
            .collect();
        match systems.len() <= usize::from(u16::MAX) {
            true => Ok(Self {
                whole,
                systems,
                through: ground.through,
            }),
            false => Err(TooLarge("description systems")),
        }
    }

    /// The system of a release by its id.
    pub fn system(&self, id: &str) -> Option<SystemIndex> {
        let at = self.systems.iter().position(|system| system.id == id)?;
        u16::try_from(at).ok().map(SystemIndex)
    }

    /// Something that marks one part after another.
    pub fn marker<H: Hierarchy>(&self, hierarchy: H) -> Marker<'_, H> {
        Marker::new(self, hierarchy)
    }

    /// Marks one part. [`Engine::marker`] is faster for many.
    pub fn mark(&self, part: &(impl PartView + ?Sized), hierarchy: &(impl Hierarchy + ?Sized)) -> Marked {
        self.marker(hierarchy).mark(part)
    }

    /// The breakdowns that cells are of, in the order of their ordinals: id and codes of the values. Region, kommun,
    /// sex, age and month are told by each cell, and are not among them.
    pub fn breakdowns(&self) -> impl Iterator<Item = (&str, &[String])> {
        let splits = self.whole.splits.iter();
        splits.map(|split| (split.id.as_str(), split.values.as_slice()))
    }

    /// First ages of the bands of cells, rising from 0.
    pub fn age_bands(&self) -> &[u8] {
        &self.whole.ages
    }

    /// Indicator and variant of the figures that cells of clusters are of, in the order of their ordinals.
    pub fn cluster_figures(&self) -> impl Iterator<Item = (&str, &str)> {
        let clusters = self.whole.clusters.iter();
        clusters.map(|figure| (figure.indicator.as_str(), figure.variant.as_str()))
    }

    /// The last calendar year in which a part that is open is counted.
    pub fn through(&self) -> i16 {
        self.through
    }

    /// Whether parts of a kind are counted by any measure.
    pub fn counts(&self, kind: Part) -> bool {
        self.questions(kind)
            .is_some_and(|questions| !questions.measures.is_empty())
    }

    /// The ages of the inhabitants that a measure counts, by its place; `None` when it is of other parts, or asks for
    /// more than age.
    pub fn inhabitants(&self, measure: usize) -> Option<Vec<std::ops::Range<u16>>> {
        let questions = self.questions(Part::Inhabitant)?;
        let (_, must, must_not) = questions.measures.iter().find(|(at, ..)| *at == measure)?;
        let ages = |place: usize| match self.whole.conditions.get(place) {
            Some(Condition::Age { from, below }) => Some(*from..below.unwrap_or(crate::population::AGES)),
            _ => None,
        };
        let mut counted = vec![true; usize::from(crate::population::AGES)];
        for (set, is_counted) in [(must, false), (must_not, true)] {
            for place in set.iter() {
                let ages = ages(place)?;
                for (age, counted) in (0..).zip(&mut counted) {
                    *counted &= ages.contains(&age) != is_counted;
                }
            }
        }
        let mut ranges: Vec<std::ops::Range<u16>> = Vec::new();
        for (age, _) in (0..).zip(counted).filter(|(_, counted)| *counted) {
            match ranges.last_mut() {
                Some(last) if last.end == age => last.end = age + 1,
                _ => ranges.push(age..age + 1),
            }
        }
        Some(ranges)
    }

    fn questions(&self, kind: Part) -> Option<&Questions> {
        self.whole.questions.get(mark::place(kind))
    }

    /// The band of an age.
    fn age_from(&self, age: Option<u16>) -> Option<u8> {
        let age = age?;
        let bands = self.whole.ages.iter().rev();
        bands.copied().find(|from| u16::from(*from) <= age)
    }
}

impl<H: Hierarchy + ?Sized> Hierarchy for &H {
    fn is_below(&self, system: &str, code: &str, ancestor: &str) -> Option<bool> {
        (**self).is_below(system, code, ancestor)
    }
}

/// Days since 1970.
fn day(date: Date) -> i32 {
    days_from_date(date)
}
