//! The rows of an edition, as they lie in memory and in its image: fixed in size, texts by where they lie.

use bytemuck::{CheckedBitPattern, NoUninit, Pod, Zeroable};
use jiff::civil::Date;

use crate::model::{ConceptStatus, DesignationStatus, PropertyKind, RelationKind, Validity};
use crate::texts::Span;

/// What nearly every question about a concept needs, in one line of the processor's cache.
#[derive(Debug, Clone, Copy, NoUninit, CheckedBitPattern)]
#[repr(C, align(64))]
pub(crate) struct ConceptRow {
    pub(crate) code: Span,
    pub(crate) validity: Interval,
    /// First and end of its designations among all of the edition.
    pub(crate) designations: [u32; 2],
    /// Copy of the first of them; without meaning when there is none.
    pub(crate) first: DesignationRow,
    /// Index into the edition's rarities; beyond their end when there is none.
    pub(crate) rarity: u32,
    pub(crate) status: ConceptStatus,
    pub(crate) not_selectable: bool,
    /// Up to the end of the line.
    pub(crate) rest: [u8; 18],
}

impl ConceptRow {
    /// Whether it has no designation.
    pub(crate) fn is_bare(&self) -> bool {
        let [first, end] = self.designations;
        first >= end
    }
}

/// What few concepts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct RarityRow {
    pub(crate) status_reason: Span,
    pub(crate) standards_status: Span,
    pub(crate) steward: Span,
}

#[derive(Debug, Clone, Copy, Default, NoUninit, CheckedBitPattern)]
#[repr(C)]
pub(crate) struct DesignationRow {
    pub(crate) text: Span,
    /// Index into the edition's details; beyond their end when there is none.
    pub(crate) detail: u32,
    pub(crate) language: u16,
    pub(crate) status: DesignationStatus,
    pub(crate) rest: u8,
}

/// What many designations do not have, and many of those that do have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct DetailRow {
    pub(crate) validity: Interval,
    pub(crate) scope: Span,
    pub(crate) domain: Span,
    pub(crate) usage: Span,
    pub(crate) comment: Span,
}

#[derive(Debug, Clone, Copy, NoUninit, CheckedBitPattern)]
#[repr(C)]
pub(crate) struct DefinitionRow {
    pub(crate) text: Span,
    pub(crate) source: Span,
    pub(crate) domain: Span,
    pub(crate) decided: Span,
    pub(crate) language: u16,
    pub(crate) paraphrase: bool,
    pub(crate) rest: u8,
}

/// A text with its language.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct NoteRow {
    pub(crate) text: Span,
    pub(crate) language: u32,
}

#[derive(Debug, Clone, Copy, NoUninit, CheckedBitPattern)]
#[repr(C)]
pub(crate) struct RelationRow {
    pub(crate) target: u32,
    pub(crate) validity: Interval,
    pub(crate) scope: Span,
    pub(crate) source: Span,
    pub(crate) kind: RelationKind,
    pub(crate) rest: [u8; 3],
}

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct PropertyRow {
    pub(crate) value: Span,
    /// Index into the names of the edition's properties.
    pub(crate) name: u32,
}

/// A property by its name.
#[derive(Debug, Clone, Copy, NoUninit, CheckedBitPattern)]
#[repr(C)]
pub(crate) struct PropertyNameRow {
    pub(crate) name: Span,
    pub(crate) kind: PropertyKind,
    pub(crate) rest: [u8; 3],
}

/// A [`Validity`] as two numbers that are in order as the dates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Interval {
    from: i32,
    until: i32,
}

impl Interval {
    /// Whether `date` lies in it.
    pub(crate) fn contains(self, date: Date) -> bool {
        (self.from..self.until).contains(&number(date))
    }
}

impl Default for Interval {
    fn default() -> Self {
        Validity::default().into()
    }
}

impl From<Validity> for Interval {
    fn from(validity: Validity) -> Self {
        Self {
            from: validity.from.map_or(i32::MIN, number),
            until: validity.until.map_or(i32::MAX, number),
        }
    }
}

impl From<Interval> for Validity {
    fn from(interval: Interval) -> Self {
        Self {
            from: date(interval.from),
            until: date(interval.until),
        }
    }
}

fn number(date: Date) -> i32 {
    i32::from(date.year()) * 512 + i32::from(date.month()) * 32 + i32::from(date.day())
}

/// The date with a number; `None` for the ends that stand for none.
fn date(number: i32) -> Option<Date> {
    let year = i16::try_from(number.div_euclid(512)).ok()?;
    let rest = number.rem_euclid(512);
    Date::new(year, (rest / 32) as i8, (rest % 32) as i8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_small_as_they_seem() {
        assert_eq!(size_of::<ConceptRow>(), 64);
        assert_eq!(size_of::<DesignationRow>(), 16);
        assert_eq!(size_of::<PropertyRow>(), 12);
    }

    #[test]
    fn an_interval_is_its_validity() {
        let dates = [
            Date::MIN,
            Date::constant(-1, 12, 31),
            Date::constant(0, 1, 1),
            Date::constant(2026, 6, 30),
            Date::constant(2026, 7, 1),
            Date::MAX,
        ];
        let ends = || dates.into_iter().map(Some).chain([None]);
        for from in ends() {
            for until in ends() {
                let validity = Validity { from, until };
                let interval = Interval::from(validity);
                assert_eq!(Validity::from(interval), validity);
                for date in dates {
                    assert_eq!(
                        interval.contains(date),
                        validity.contains(date),
                        "{validity:?} {date}"
                    );
                }
            }
        }
    }
}
