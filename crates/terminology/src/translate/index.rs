//! A concept map compiled: from a source code to its targets and from a target code to its sources, by hash.

use std::borrow::Cow;

use super::implicit::ImplicitMap;
use crate::canonical::{self, Published};
use crate::codes::CodeTable;
use crate::csr::Csr;
use crate::model::{ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Property, Unmapped};
use crate::version;

/// A concept map that can be asked.
#[derive(Debug)]
pub struct ConceptMapIndex {
    source: ConceptMap,
    groups: Box<[Group]>,
}

/// A group of a map, by code.
#[derive(Debug)]
struct Group {
    sources: CodeTable,
    /// By the first element with a source code: all elements with it.
    elements: Csr<u32>,
    targets: CodeTable,
    /// By the first pair with a target code: all pairs with it.
    pairs_to: Csr<u32>,
    /// Element and place of the target within it, in the order of the source.
    pairs: Box<[(u32, u32)]>,
}

/// A group of a map, as it was written and by code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapGroupView<'m> {
    map: &'m ConceptMapIndex,
    source: &'m MapGroup,
    group: &'m Group,
}

/// The map that led to an answer.
#[derive(Debug, Clone, Copy)]
pub enum MapReference<'m> {
    /// One that was written down.
    Written(&'m ConceptMapIndex),
    /// A reference set.
    Implicit(ImplicitMap<'m>),
}

impl MapReference<'_> {
    /// Its address and version, as `url|version`.
    pub fn canonical(&self) -> String {
        match self {
            Self::Written(map) => map.canonical(),
            Self::Implicit(map) => canonical::join(&map.url(), map.version()),
        }
    }
}

/// Where a code leads, as a map says.
#[derive(Debug, Clone)]
pub struct Translation<'m> {
    /// The map.
    pub map: MapReference<'m>,
    /// The code system led to.
    pub system: &'m str,
    /// Its version; empty when the map states none.
    pub version: &'m str,
    /// The code led to.
    pub code: &'m str,
    /// Its display; empty when the map states none.
    pub display: &'m str,
    /// How it stands to the code asked for: asked for in reverse, the map's relationship mirrored.
    pub relationship: MapRelationship,
    /// For people; empty when nothing is said.
    pub comment: &'m str,
    /// Conditions under which it holds.
    pub depends_on: Cow<'m, [Property]>,
    /// Further values that come with it.
    pub products: Cow<'m, [Property]>,
    /// No element names the code: the map's rule for such codes led here.
    pub unmapped: bool,
}

/// The relationship seen from the other side.
pub fn mirrored(relationship: MapRelationship) -> MapRelationship {
    match relationship {
        MapRelationship::SourceIsNarrowerThanTarget => MapRelationship::SourceIsBroaderThanTarget,
        MapRelationship::SourceIsBroaderThanTarget => MapRelationship::SourceIsNarrowerThanTarget,
        same => same,
    }
}

impl ConceptMapIndex {
    /// Compiles a map.
    pub fn compile(source: ConceptMap) -> Self {
        let groups = source.groups.iter().map(Group::new).collect();
        Self { source, groups }
    }

    /// Its definition.
    pub fn source(&self) -> &ConceptMap {
        &self.source
    }

    /// Its address and version, as `url|version`.
    pub fn canonical(&self) -> String {
        canonical::join(&self.source.url, &self.source.version)
    }

    /// Where a code leads, in the order of the map. An empty `version` fits all; so does a group that states none.
    /// Elements alone are looked at, not what becomes of codes without one.
    pub fn forward<'m>(
        &'m self,
        system: &'m str,
        version: &'m str,
        code: &'m str,
    ) -> impl Iterator<Item = Translation<'m>> {
        let groups = self.by_group(system, version);
        groups.flat_map(move |group| group.forward(code))
    }

    /// The codes that lead to a code, in the order of the map: the exact inverse of [`forward`](Self::forward).
    pub fn backward<'m>(
        &'m self,
        system: &'m str,
        version: &'m str,
        code: &'m str,
    ) -> impl Iterator<Item = Translation<'m>> {
        let groups = self.source.groups.iter().zip(&self.groups);
        let groups = groups.filter(move |(source, _)| fits(&source.target, system, version));
        groups.flat_map(move |(source, group)| {
            let pairs = group.to(source, code);
            pairs.map(move |(element, target)| {
                let (system, version) = canonical::split(&source.source);
                Translation {
                    system,
                    version,
                    code: &element.code,
                    display: &element.display,
                    relationship: mirrored(target.relationship),
                    ..self.leading_to(source, target)
                }
            })
        })
    }

    /// The groups that lead from a code system, as [`ConceptMapIndex::forward`] understands its version.
    pub(crate) fn by_group<'m>(
        &'m self,
        system: &str,
        version: &str,
    ) -> impl Iterator<Item = MapGroupView<'m>> {
        let groups = self.source.groups.iter().zip(&self.groups);
        let groups = groups.filter(move |(source, _)| fits(&source.source, system, version));
        groups.map(|(source, group)| MapGroupView {
            map: self,
            source,
            group,
        })
    }

    fn leading_to<'m>(&'m self, group: &'m MapGroup, target: &'m MapTarget) -> Translation<'m> {
        let (system, version) = canonical::split(&group.target);
        Translation {
            map: MapReference::Written(self),
            system,
            version,
            code: &target.code,
            display: &target.display,
            relationship: target.relationship,
            comment: &target.comment,
            depends_on: Cow::Borrowed(&target.depends_on),
            products: Cow::Borrowed(&target.products),
            unmapped: false,
        }
    }
}

impl<'m> MapGroupView<'m> {
    /// Where its elements lead a code.
    pub(crate) fn forward(self, code: &str) -> impl Iterator<Item = Translation<'m>> + use<'m> {
        let elements = self.group.elements(self.source, code);
        elements.flat_map(move |element| {
            let targets = element.targets.iter();
            targets.map(move |target| self.map.leading_to(self.source, target))
        })
    }

    /// Whether any of its elements names a source code, be it to say that it has no counterpart.
    pub(crate) fn names(self, code: &str) -> bool {
        self.group.elements(self.source, code).next().is_some()
    }

    /// What it says of codes that none of its elements names.
    pub(crate) fn unmapped(self) -> &'m Unmapped {
        &self.source.unmapped
    }

    /// A translation that its rule for unmapped codes gives.
    pub(crate) fn fallback(
        self,
        code: &'m str,
        display: &'m str,
        relationship: MapRelationship,
    ) -> Translation<'m> {
        let (system, version) = canonical::split(&self.source.target);
        Translation {
            map: MapReference::Written(self.map),
            system,
            version,
            code,
            display,
            relationship,
            comment: "",
            depends_on: Cow::Borrowed(&[]),
            products: Cow::Borrowed(&[]),
            unmapped: true,
        }
    }
}

impl Published for ConceptMapIndex {
    fn url(&self) -> &str {
        &self.source.url
    }

    fn version(&self) -> &str {
        &self.source.version
    }
}

impl Group {
    fn new(source: &MapGroup) -> Self {
        let codes = source.elements.iter().map(|element| element.code.as_str());
        let (sources, elements) = table(source.elements.len(), codes);
        let of_element = |at: u32, element: &MapElement| {
            let targets = u32::try_from(element.targets.len()).unwrap_or(u32::MAX);
            (0..targets).map(move |target| (at, target))
        };
        let elements_at = (0..).zip(&source.elements);
        let pairs: Box<[(u32, u32)]> = elements_at
            .flat_map(|(at, element)| of_element(at, element))
            .collect();
        let codes = source.elements.iter().flat_map(|element| &element.targets);
        let (targets, pairs_to) = table(pairs.len(), codes.map(|target| target.code.as_str()));
        Self {
            sources,
            elements,
            targets,
            pairs_to,
            pairs,
        }
    }

    fn elements<'m>(
        &'m self,
        source: &'m MapGroup,
        code: &str,
    ) -> impl Iterator<Item = &'m MapElement> + use<'m> {
        let first = self.sources.find(code.as_bytes(), |at| {
            source
                .elements
                .get(at as usize)
                .is_some_and(|element| element.code == code)
        });
        let rows = first.map_or(&[][..], |first| self.elements.row(first));
        rows.iter().filter_map(|&at| source.elements.get(at as usize))
    }

    fn to<'m>(
        &'m self,
        source: &'m MapGroup,
        code: &str,
    ) -> impl Iterator<Item = (&'m MapElement, &'m MapTarget)> + use<'m> {
        let first = self.targets.find(code.as_bytes(), |at| {
            self.pair(source, at)
                .is_some_and(|(_, target)| target.code == code)
        });
        let rows = first.map_or(&[][..], |first| self.pairs_to.row(first));
        rows.iter().filter_map(|&at| self.pair(source, at))
    }

    fn pair<'m>(&self, source: &'m MapGroup, at: u32) -> Option<(&'m MapElement, &'m MapTarget)> {
        let &(element, target) = self.pairs.get(at as usize)?;
        let element = source.elements.get(element as usize)?;
        Some((element, element.targets.get(target as usize)?))
    }
}

/// A table of codes, each leading to its first place; and by first place all places of the code.
fn table<'s>(count: usize, codes: impl Iterator<Item = &'s str> + Clone) -> (CodeTable, Csr<u32>) {
    let all: Vec<&str> = codes.collect();
    let mut table = CodeTable::with_capacity(count);
    let mut places = Vec::with_capacity(count);
    for (at, code) in (0_u32..).zip(&all) {
        let is = |other: u32| all.get(other as usize) == Some(code);
        let first = match table.insert(code.as_bytes(), at, is) {
            Ok(()) => at,
            Err(first) => first,
        };
        places.push((first, at));
    }
    (table, Csr::from_pairs(count, places.iter().copied()))
}

/// Whether a code system that a map names, as `url` or `url|version`, is one asked for.
fn fits(named: &str, system: &str, version: &str) -> bool {
    let (url, own) = canonical::split(named);
    url == system
        && (version.is_empty()
            || own.is_empty()
            || version::matches(own, version)
            || version::matches(version, own))
}
