//! Facts about one contact, segment or monitoring period, in the form the tables are decided on: a bit set per slot.
//! A slot is an axis or a table; derived values of tables lie in the slots after the axes.
//! Only storage: what a fact means is decided by the compiled tables.

use crate::model::FactSource;

/// How many slots, axes and tables together, a description system may have.
pub const SLOTS: usize = 48;

/// How many values an axis or a table may have.
pub const VALUES_MAX: usize = 62;

/// Set in a slot whose fact is known.
pub(crate) const KNOWN: u64 = 1 << 63;

/// Set in a slot that is known to have no value.
pub(crate) const NOT_APPLICABLE: u64 = 1 << 62;

/// The bits that stand for values.
pub(crate) const VALUES: u64 = NOT_APPLICABLE - 1;

/// A slot: an axis or a table of one description system, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AxisIndex(u8);

impl AxisIndex {
    /// The slot at a position; `None` beyond [`SLOTS`].
    pub fn new(position: usize) -> Option<Self> {
        u8::try_from(position).ok().filter(|_| position < SLOTS).map(Self)
    }

    /// Its position: axes in the order of the source, then tables.
    pub fn position(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct AxisSet(u64);

impl AxisSet {
    /// No slot.
    pub const EMPTY: Self = Self(0);

    /// Adds a slot.
    pub fn insert(&mut self, axis: AxisIndex) {
        self.0 |= 1 << axis.0;
    }

    /// Whether the slot is in it.
    pub fn contains(self, axis: AxisIndex) -> bool {
        self.0 & (1 << axis.0) != 0
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The slots of both.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Its slots in order.
    pub fn iter(self) -> impl Iterator<Item = AxisIndex> {
        bits(self.0).map(AxisIndex)
    }
}

/// What is known, slot by slot, and where each fact came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactSet {
    facts: [u64; SLOTS],
    sources: [u8; SLOTS],
}

impl Default for FactSet {
    fn default() -> Self {
        Self::new()
    }
}

impl FactSet {
    /// Nothing known.
    pub const fn new() -> Self {
        Self {
            facts: [0; SLOTS],
            sources: [0; SLOTS],
        }
    }

    /// States a fact: bit `i` of `values` is the value with ordinal `i`. No bit at all states that the axis does
    /// not apply: conditions on it are false and their negations true.
    pub fn set(&mut self, axis: AxisIndex, values: u64, source: FactSource) {
        let values = values & VALUES;
        self.put(axis, if values == 0 { NOT_APPLICABLE } else { values });
        if let Some(slot) = self.sources.get_mut(axis.position()) {
            *slot = source_code(source);
        }
    }

    /// Forgets a fact.
    pub fn clear(&mut self, axis: AxisIndex) {
        if let Some(slot) = self.facts.get_mut(axis.position()) {
            *slot = 0;
        }
        if let Some(slot) = self.sources.get_mut(axis.position()) {
            *slot = 0;
        }
    }

    /// The values of a slot, with bit 63 set when the fact is known; 0 when it is not.
    pub fn get(&self, axis: AxisIndex) -> u64 {
        self.raw(axis.0) & !NOT_APPLICABLE
    }

    /// The values of a slot, without the mark that it is known.
    pub fn values(&self, axis: AxisIndex) -> u64 {
        self.raw(axis.0) & VALUES
    }

    /// Whether the fact is known, be it that the axis does not apply.
    pub fn is_known(&self, axis: AxisIndex) -> bool {
        self.raw(axis.0) != 0
    }

    /// Where the fact came from; `None` when it is unknown or was decided by a table.
    pub fn source(&self, axis: AxisIndex) -> Option<FactSource> {
        self.sources.get(axis.position()).copied().and_then(source_of)
    }

    /// The slot's bits as the tables test them.
    pub(crate) fn raw(&self, slot: u8) -> u64 {
        self.facts.get(usize::from(slot)).copied().unwrap_or(0)
    }

    /// Writes a value decided by a table; `bits` has values, or [`NOT_APPLICABLE`].
    pub(crate) fn put(&mut self, axis: AxisIndex, bits: u64) {
        if let Some(slot) = self.facts.get_mut(axis.position()) {
            *slot = bits | KNOWN;
        }
    }
}

/// The ordinals of the bits that are set, in rising order.
pub fn bits(mut mask: u64) -> impl Iterator<Item = u8> {
    core::iter::from_fn(move || {
        let ordinal = u8::try_from(mask.trailing_zeros()).ok().filter(|&bit| bit < 64)?;
        mask &= mask - 1;
        Some(ordinal)
    })
}

fn source_code(source: FactSource) -> u8 {
    match source {
        FactSource::Record => 1,
        FactSource::Segment => 2,
        FactSource::Episode => 3,
        FactSource::Unit => 4,
        FactSource::Derived => 5,
        FactSource::Mapped => 6,
    }
}

fn source_of(code: u8) -> Option<FactSource> {
    match code {
        1 => Some(FactSource::Record),
        2 => Some(FactSource::Segment),
        3 => Some(FactSource::Episode),
        4 => Some(FactSource::Unit),
        5 => Some(FactSource::Derived),
        6 => Some(FactSource::Mapped),
        _ => None,
    }
}
