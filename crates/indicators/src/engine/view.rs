//! What the engine asks of a part, and of the hierarchies of code systems. Whoever holds records, beds or lists answers;
//! the engine knows none of their forms.

use jiff::civil::Date;
use vardnav_classification::{FactSet, TableResult};
use vardnav_register::record::Sex;

use crate::cube::Residence;
use crate::measure::Part;

/// A description system that the engine was made ready for, by the order in which it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemIndex(pub(super) u16);

/// What was derived of a part, by the ordinals of one description system.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// The system.
    pub system: SystemIndex,
    /// Facts.
    pub facts: &'a FactSet,
    /// What each table gave, in feeding order; empty for what no table classifies.
    pub tables: &'a [TableResult],
}

/// A part, as the engine sees it.
///
/// Paths are those that measures may name (`date`, `ended`, `problem`, `diagnoses`). A segment has the variables of its
/// episode, and dates, facts and codes of its own.
pub trait PartView {
    /// Which kind it is.
    fn kind(&self) -> Part;

    /// Its first date; the date of a unit-day or a listing.
    fn start(&self) -> Date;

    /// First date no longer included, or the date on which it ended; `None` while it is open. Of a contact `None` says
    /// that it ended on its date.
    fn end(&self) -> Option<Date>;

    /// Where the person lived; of a unit-day or a listing where the unit lies.
    fn residence(&self) -> Residence;

    /// Legal sex.
    fn sex(&self) -> Option<Sex>;

    /// Age in completed years on the first date.
    fn age(&self) -> Option<u16>;

    /// What was derived of it; `None` where nothing is.
    fn described(&self) -> Option<Described<'_>>;

    /// Gives each value of a variable as text, `true` and `false` for yes and no. Whether it is stated.
    fn variable(&self, path: &str, each: &mut dyn FnMut(&str)) -> bool;

    /// A variable that is a date.
    fn date(&self, path: &str) -> Option<Date>;

    /// Gives each code of a variable: address of the code system, and code.
    fn codes(&self, path: &str, each: &mut dyn FnMut(&str, &str));

    /// Kind of the care unit on the first date.
    fn unit_kind(&self) -> Option<&str>;

    /// A number, in the order of [`Part::numbers`], times [`crate::measure::number_scale`]. `None` when it is not stated.
    fn number(&self, _ordinal: usize) -> Option<u64> {
        None
    }
}

/// The hierarchies of code systems.
pub trait Hierarchy {
    /// Whether a code lies below another, by the edition that whoever answers takes. `None` when one of them is not
    /// known. A code is not asked to lie below itself.
    fn is_below(&self, system: &str, code: &str, ancestor: &str) -> Option<bool>;
}

/// Nothing lies below anything that is known.
impl Hierarchy for () {
    fn is_below(&self, _system: &str, _code: &str, _ancestor: &str) -> Option<bool> {
        None
    }
}
