//! What care units supply under a plan's release, so that packed facts can be held against the units as they are now.

use std::collections::HashMap;

use vardnav_classification::facts::SLOTS;
use vardnav_classification::model::{Axis, Derivation, FactSource, Grain};
use vardnav_classification::{AxisIndex, FactSet};

use super::columns::{role_bit, unit_hash};
use crate::bytes::days_from_date;
use crate::derive::{Masks, kinds};
use crate::surroundings::ReleaseView;
use crate::unit::CareUnit;

/// The care units under a release, by the hash of their ids.
#[derive(Debug, Default)]
pub struct UnitColumns {
    /// By unit, its versions rising.
    units: HashMap<u64, Vec<Version>>,
    by_grain: [Vec<Rule>; 3],
}

#[derive(Debug)]
struct Version {
    from: i32,
    closed: Option<i32>,
    masks: Box<[u64]>,
}

/// How an axis takes facts from units, in one grain.
#[derive(Debug, Clone, Copy)]
struct Rule {
    axis: AxisIndex,
    /// By which source units come in.
    source: FactSource,
    /// The role of principal that is asked for, as a bit; 0 when the axis is stated of the unit.
    role: u8,
    /// Where units stand among the sources.
    rank: u8,
    /// Where each source stands, by its number in this room.
    ranks: [u8; 6],
    /// Where the masks of a version have what the unit gives.
    slot: usize,
}

impl UnitColumns {
    /// The units under a release.
    pub fn new<'a>(units: impl IntoIterator<Item = &'a CareUnit>, release: ReleaseView<'_>) -> Self {
        let rules = |grain| rules(release.system.source().axes.as_slice(), grain);
        let by_grain = [Grain::Contact, Grain::Segment, Grain::MonitoringPeriod].map(rules);
        let version = |version: &crate::unit::UnitVersion| {
            let stated = Masks::of(&version.facts, release.system);
            let mut masks = vec![0; SLOTS * 2];
            for (position, axis) in release.system.source().axes.iter().enumerate() {
                let Some(slot) = AxisIndex::new(position) else {
                    break;
                };
                if let Some(mask) = masks.get_mut(position) {
                    *mask = stated.get(slot);
                }
                if let Some(mask) = masks.get_mut(SLOTS + position)
                    && let Some(Derivation::PrincipalKind { role }) = &axis.derivation
                {
                    *mask = kinds(version.principals.of_role(role), release, slot);
                }
            }
            Version {
                from: days_from_date(version.from),
                closed: version.closed.map(days_from_date),
                masks: masks.into_boxed_slice(),
            }
        };
        let units = units.into_iter().map(|unit| {
            (
                unit_hash(&unit.hsa_id),
                unit.versions.iter().map(version).collect(),
            )
        });
        Self {
            units: units.collect(),
            by_grain,
        }
    }

    /// Whether the facts of a part are those that its unit would give today. `roles` are the roles of principals that
    /// the record, or its episode, states itself.
    pub(super) fn agree(
        &self,
        grain: Grain,
        facts: &FactSet,
        unit: Option<u64>,
        date: i32,
        roles: u8,
    ) -> bool {
        let version = unit.and_then(|unit| self.on(unit, date));
        let rules = self.by_grain.get(place(grain)).map_or(&[][..], Vec::as_slice);
        rules.iter().all(|rule| {
            if rule.role & roles != 0 {
                return true;
            }
            let given = version.map_or(0, |version| version.masks.get(rule.slot).copied().unwrap_or(0));
            match facts.source(rule.axis) {
                Some(source) if source == rule.source => facts.values(rule.axis) == given,
                Some(source) => {
                    rule.ranks
                        .get(number(source))
                        .is_some_and(|rank| *rank < rule.rank)
                        || given == 0
                }
                None => given == 0,
            }
        })
    }

    fn on(&self, unit: u64, date: i32) -> Option<&Version> {
        let versions = self.units.get(&unit)?;
        versions
            .iter()
            .rev()
            .find(|version| version.from <= date)
            .filter(|version| version.closed.is_none_or(|closed| date < closed))
    }
}

/// Whether a date lies in the days from `start` until `end`.
pub(super) fn covers((start, end): (i32, Option<i32>), date: i32) -> bool {
    start <= date && end.is_none_or(|end| date < end)
}

fn rules(axes: &[Axis], grain: Grain) -> Vec<Rule> {
    let of = |(position, axis): (usize, &Axis)| {
        let slot = AxisIndex::new(position)?;
        let role = match &axis.derivation {
            Some(Derivation::PrincipalKind { role }) => role_bit(role).unwrap_or(0),
            _ => 0,
        };
        let ranks = ranks(axis, grain);
        let rule = |source: FactSource, role: u8, slot_of: usize| {
            let rank = axis.sources.iter().position(|each| *each == source)?;
            Some(Rule {
                axis: slot,
                source,
                role,
                rank: u8::try_from(rank).ok()?,
                ranks,
                slot: slot_of,
            })
        };
        let stated = rule(FactSource::Unit, 0, position);
        let principal = (role != 0)
            .then(|| rule(FactSource::Derived, role, SLOTS + position))
            .flatten();
        Some(stated.into_iter().chain(principal))
    };
    let of_grain = axes
        .iter()
        .enumerate()
        .filter(|(_, axis)| axis.grains.contains(&grain));
    of_grain.filter_map(of).flatten().collect()
}

/// Where each source of facts first stands among the sources of an axis: what a segment states stands for the record's
/// own, and so does what its episode states.
fn ranks(axis: &Axis, grain: Grain) -> [u8; 6] {
    let mut ranks = [u8::MAX; 6];
    for (source, rank) in axis.sources.iter().zip(0..) {
        let gives: &[FactSource] = match source {
            FactSource::Record if grain == Grain::Segment => &[FactSource::Segment, FactSource::Episode],
            other => std::slice::from_ref(other),
        };
        for source in gives {
            if let Some(first) = ranks.get_mut(number(*source)) {
                *first = rank.min(*first);
            }
        }
    }
    ranks
}

fn number(source: FactSource) -> usize {
    match source {
        FactSource::Record => 0,
        FactSource::Segment => 1,
        FactSource::Episode => 2,
        FactSource::Unit => 3,
        FactSource::Derived => 4,
        FactSource::Mapped => 5,
    }
}

fn place(grain: Grain) -> usize {
    match grain {
        Grain::Contact => 0,
        Grain::Segment => 1,
        Grain::MonitoringPeriod => 2,
    }
}
