//! The source form of a map from codes to facts: rows, as a file states them, or as a concept map of FHIR does whose
//! targets are axes. Plain data; whether axes and values exist is decided against a release.

use std::collections::{BTreeMap, BTreeSet};

use vardnav_terminology::model::{
    ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Unmapped, Validity,
};

/// The code system of an axis's values is this and the axis's id.
pub const AXIS_PREFIX: &str = "https://vardnav.se/axis/";

/// A map in source form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapSource {
    /// Canonical address.
    pub url: String,
    /// Version; what is said under one never changes.
    pub version: String,
    /// Name for people.
    pub title: String,
    /// What it says.
    pub rows: Vec<MapRow>,
}

/// Says how one code stands to one value of one axis.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapRow {
    /// Canonical address of the code system mapped from. It need not be loaded.
    pub system: String,
    /// The code.
    pub code: String,
    /// Id of the axis.
    pub axis: String,
    /// Code of the value.
    pub value: String,
    /// How the value stands to the code.
    pub relationship: MapRelationship,
    /// Dates of care on which it holds.
    pub validity: Validity,
    /// Line of its file, from 1; 0 when unknown.
    pub line: u32,
}

impl MapRow {
    /// Whether the code's meaning settles the value: it is the same, or narrower.
    pub fn settles(&self) -> bool {
        matches!(
            self.relationship,
            MapRelationship::Equivalent | MapRelationship::SourceIsNarrowerThanTarget
        )
    }
}

/// What of a concept map says nothing about axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapNote {
    /// A group leads to a code system that is no axis.
    OtherTarget,
    /// A target holds only under conditions on other values, which a single code does not tell.
    Condition,
    /// What becomes of codes that no element names is not used: unknown stays unknown.
    Unmapped,
    /// A further value that comes with a target is not one of an axis.
    Product,
}

impl MapSource {
    /// Its address and version, `url|version`.
    pub fn name(&self) -> String {
        format!("{}|{}", self.url, self.version)
    }

    /// What a concept map says about axes, and what it holds besides. A group leads to the axis whose code system is
    /// its target; a product leads to the axis that it names, by id or code system.
    pub fn of(map: &ConceptMap) -> (Self, BTreeSet<MapNote>) {
        let mut notes = BTreeSet::new();
        let mut source = Self {
            url: map.url.clone(),
            version: map.version.clone(),
            title: map.title.clone(),
            rows: Vec::new(),
        };
        for group in &map.groups {
            let Some(axis) = unversioned(&group.target).strip_prefix(AXIS_PREFIX) else {
                notes.insert(MapNote::OtherTarget);
                continue;
            };
            if group.unmapped != Unmapped::None {
                notes.insert(MapNote::Unmapped);
            }
            for element in &group.elements {
                for target in &element.targets {
                    let row = MapRow {
                        system: unversioned(&group.source).to_owned(),
                        code: element.code.clone(),
                        axis: axis.to_owned(),
                        value: target.code.clone(),
                        relationship: target.relationship,
                        ..MapRow::default()
                    };
                    source.take(row, target, &mut notes);
                }
            }
        }
        (source, notes)
    }

    /// What it says as a concept map: a group for each code system and axis. A concept map knows no dates: where a row
    /// holds on some dates only, the comment of its target says so.
    pub fn to_concept_map(&self) -> ConceptMap {
        let mut groups: BTreeMap<(&str, &str), BTreeMap<&str, Vec<MapTarget>>> = BTreeMap::new();
        for row in &self.rows {
            let elements = groups.entry((&row.system, &row.axis)).or_default();
            elements.entry(&row.code).or_default().push(MapTarget {
                code: row.value.clone(),
                relationship: row.relationship,
                comment: dates(row.validity),
                ..MapTarget::default()
            });
        }
        let groups = groups.into_iter().map(|((system, axis), elements)| MapGroup {
            source: system.to_owned(),
            target: format!("{AXIS_PREFIX}{axis}"),
            elements: elements
                .into_iter()
                .map(|(code, targets)| MapElement {
                    code: code.to_owned(),
                    targets,
                    ..MapElement::default()
                })
                .collect(),
            ..MapGroup::default()
        });
        ConceptMap {
            url: self.url.clone(),
            version: self.version.clone(),
            title: self.title.clone(),
            groups: groups.collect(),
            ..ConceptMap::default()
        }
    }

    fn take(&mut self, mut row: MapRow, target: &MapTarget, notes: &mut BTreeSet<MapNote>) {
        if !target.depends_on.is_empty() {
            notes.insert(MapNote::Condition);
            row.relationship = MapRelationship::RelatedTo;
        }
        for product in &target.products {
            let axis = product.name.strip_prefix(AXIS_PREFIX).unwrap_or(&product.name);
            if axis.contains(['/', ':']) {
                notes.insert(MapNote::Product);
                continue;
            }
            self.rows.push(MapRow {
                axis: axis.to_owned(),
                value: product.value.clone(),
                ..row.clone()
            });
        }
        self.rows.push(row);
    }
}

/// Dates of care in words; empty when they are all.
fn dates(validity: Validity) -> String {
    match (validity.from, validity.until) {
        (None, None) => String::new(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), Some(until)) => format!("from {from} until {until}"),
    }
}

/// An address without the version after `|`.
fn unversioned(address: &str) -> &str {
    address.split_once('|').map_or(address, |(url, _)| url)
}
