//! From the facts of one release to those of another: whether a record's facts would be the same under both, decided
//! from what the releases say, and the ordinals of the one by those of the other.

use vardnav_classification::facts::{SLOTS, VALUES_MAX, bits};
use vardnav_classification::model::{Axis, Derivation, FactSource};
use vardnav_classification::{AxisIndex, DescriptionSystem};

use crate::mapping::CodeMap;
use crate::surroundings::{Codes, ReleaseView};

/// What a plan's release makes of the facts of another.
#[derive(Debug)]
pub(super) struct Translation {
    /// Whether nothing that makes facts is other than in the other release, codes and their maps aside.
    pub(super) same_facts: bool,
    /// Whether codes lead to the same facts too.
    pub(super) same_maps: bool,
    axes: Vec<Option<AxisIndex>>,
    /// The bit that each value has in the plan's release, by axis; 0 when it has none.
    values: Vec<[u64; VALUES_MAX]>,
}

impl Translation {
    pub(super) fn new(from: ReleaseView<'_>, to: ReleaseView<'_>) -> Self {
        let mut axes = vec![None; SLOTS];
        let mut values = vec![[0; VALUES_MAX]; SLOTS];
        let positions = from.system.source().axes.iter().zip(&mut axes).zip(&mut values);
        for ((axis, place), values) in positions {
            let slot = to.system.axis(&axis.id);
            *place = slot.filter(|slot| to.system.axis_definition(*slot).is_some());
            if let Some(slot) = *place {
                for (value, bit) in axis.values.iter().zip(values) {
                    *bit = to.system.value(slot, &value.code).map_or(0, |value| 1 << value);
                }
            }
        }
        Self {
            same_facts: same_axes(from.system, to.system) && same_principals(from, to),
            same_maps: same_maps(from, to),
            axes,
            values,
        }
    }

    /// An axis and its values in the plan's release; `None` when it has no such axis.
    pub(super) fn fact(&self, axis: AxisIndex, values: u64) -> Option<(AxisIndex, u64)> {
        let slot = self.axes.get(axis.position()).copied().flatten()?;
        let by_value = self.values.get(axis.position())?;
        let values = bits(values)
            .filter_map(|value| by_value.get(usize::from(value)))
            .fold(0, |mask, bit| mask | bit);
        Some((slot, values))
    }
}

/// Whether every axis of one system gets its facts as in another.
fn same_axes(from: &DescriptionSystem, to: &DescriptionSystem) -> bool {
    let (from, to) = (&from.source().axes, &to.source().axes);
    let computes = |axis: &&Axis| matches!(axis.derivation, Some(Derivation::Performer(_)));
    let professions = |axes: &[Axis]| {
        let found = axes
            .iter()
            .find(|axis| axis.derivation == Some(Derivation::Professions));
        found.map(|axis| axis.id.clone())
    };
    to.iter().all(|axis| {
        from.iter()
            .any(|other| other.id == axis.id && is_same_axis(other, axis))
    }) && (to.iter().find(computes).is_none() || professions(from) == professions(to))
}

fn is_same_axis(one: &Axis, other: &Axis) -> bool {
    let in_order =
        |axis: &Axis| -> Vec<String> { axis.values.iter().map(|value| value.code.clone()).collect() };
    let (mut values, mut others) = (in_order(one), in_order(other));
    // Which value performs is chosen by the order of the values.
    if !matches!(one.derivation, Some(Derivation::Performer(_))) {
        values.sort();
        others.sort();
    }
    let grains = |axis: &Axis| {
        let mut grains = axis.grains.clone();
        grains.sort();
        grains.dedup();
        grains
    };
    values == others
        && one.multiple == other.multiple
        && one.sources == other.sources
        && one.derivation == other.derivation
        && grains(one) == grains(other)
}

/// Whether the code systems of both give every code of a principal the same kind, where an axis asks for it. Codes of
/// principals are SCB's: two digits for a region, four for a kommun.
fn same_principals(from: ReleaseView<'_>, to: ReleaseView<'_>) -> bool {
    let asks = |axis: &Axis| matches!(axis.derivation, Some(Derivation::PrincipalKind { .. }));
    if !to.system.source().axes.iter().any(asks) || is_same(from.codes, to.codes) {
        return true;
    }
    let regions = (0..100).map(|number| format!("{number:02}"));
    let kommuner = (0..10_000).map(|number| format!("{number:04}"));
    regions
        .chain(kommuner)
        .all(|code| from.codes.principal_kind(&code) == to.codes.principal_kind(&code))
}

fn is_same(one: &dyn Codes, other: &dyn Codes) -> bool {
    std::ptr::addr_eq(one, other)
}

/// Whether codes lead to the same facts: no axis of the plan's takes any, or the maps say the same in the same order.
fn same_maps(from: ReleaseView<'_>, to: ReleaseView<'_>) -> bool {
    let takes = |axis: &Axis| axis.sources.contains(&FactSource::Mapped);
    let says_the_same = |one: &CodeMap, other: &CodeMap| one.says_as(other);
    !to.system.source().axes.iter().any(takes)
        || from.maps.len() == to.maps.len()
            && from
                .maps
                .iter()
                .zip(to.maps)
                .all(|(one, other)| says_the_same(one, other))
}
