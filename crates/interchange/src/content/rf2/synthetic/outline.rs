//! Which concepts a synthetic edition has and how they hang together: a hierarchy without cycles, each concept below
//! ones made before it.

use super::super::ids;
use super::super::sctid::{self, Kind};
use super::NAMESPACE;
use super::metadata::{HIERARCHIES, Hierarchy, KNOWN, Known, SIMPLE_MAP_TYPE, SIMPLE_TYPE};
use super::random::Random;

/// Deepest that a made concept lies below the root.
const DEPTH_MAX: u8 = 15;

/// A concept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) id: u64,
    /// Superordinate concepts; the first so many count.
    parents: [u32; 3],
    parent_count: u8,
    depth: u8,
    /// Position in [`HIERARCHIES`]; [`Node::KNOWN`] for the concepts that every edition begins with.
    hierarchy: u8,
    pub(super) inactive: bool,
}

/// All concepts, those of [`metadata`](super::metadata) first.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) nodes: Vec<Node>,
    /// Made concepts by hierarchy.
    members: Vec<Vec<u32>>,
    /// The concepts that every edition begins with.
    pub(super) known: Vec<Known>,
}

impl Node {
    const KNOWN: u8 = u8::MAX;

    /// Positions of the superordinate concepts.
    pub(super) fn parents(&self) -> &[u32] {
        self.parents
            .get(..usize::from(self.parent_count))
            .unwrap_or_default()
    }

    /// The hierarchy that a made concept lies in.
    pub(super) fn hierarchy(&self) -> Option<&'static Hierarchy> {
        HIERARCHIES.get(usize::from(self.hierarchy))
    }
}

/// The synthetic edition's own module.
pub(super) fn module() -> u64 {
    own(1)
}

/// Its simple reference sets.
pub(super) fn simple_sets() -> [u64; 2] {
    [own(2), own(3)]
}

/// Its map.
pub(super) fn simple_map() -> u64 {
    own(4)
}

fn own(item: u64) -> u64 {
    sctid::of_extension(item, NAMESPACE, Kind::Concept)
}

impl Outline {
    /// Concepts, as many as asked for but never fewer than those every edition begins with.
    pub(super) fn new(seed: u64, count: usize) -> Self {
        let mut known = KNOWN.to_vec();
        let metadata = "foundation metadata concept";
        let [first, second] = simple_sets();
        for (id, parent, term, swedish) in [
            (module(), ids::CORE_MODULE, "Synthetic module", "syntetisk modul"),
            (
                first,
                SIMPLE_TYPE,
                "Synthetic reference set of every tenth concept",
                "syntetiskt stort urval",
            ),
            (
                second,
                SIMPLE_TYPE,
                "Synthetic reference set of some concepts",
                "syntetiskt litet urval",
            ),
            (
                simple_map(),
                SIMPLE_MAP_TYPE,
                "Synthetic map",
                "syntetisk mappning",
            ),
        ] {
            known.push(Known {
                id,
                parent,
                term,
                tag: metadata,
                swedish,
            });
        }
        let mut outline = Self {
            nodes: Vec::with_capacity(count.max(known.len())),
            members: vec![Vec::new(); HIERARCHIES.len()],
            known,
        };
        for known in &outline.known {
            let parent = outline.nodes.iter().position(|node| node.id == known.parent);
            let depth = parent
                .and_then(|parent| outline.nodes.get(parent))
                .map_or(0, |node| node.depth + 1);
            outline.nodes.push(Node {
                id: known.id,
                parents: [parent.unwrap_or_default() as u32, 0, 0],
                parent_count: u8::from(parent.is_some()),
                depth,
                hierarchy: Node::KNOWN,
                inactive: false,
            });
        }
        for position in outline.nodes.len()..count {
            outline.make(seed, position);
        }
        outline
    }

    fn make(&mut self, seed: u64, position: usize) {
        let mut random = Random::of(seed, 1, position as u64);
        let mut share = random.below(100);
        let hierarchy = HIERARCHIES.iter().position(|hierarchy| {
            let found = share < hierarchy.percent;
            share = share.saturating_sub(hierarchy.percent);
            found
        });
        let hierarchy = hierarchy.unwrap_or_default();
        let mut parents = [0; 3];
        let mut count = 0;
        let wanted = if random.percent(15) {
            2 + random.below(2)
        } else {
            1
        };
        for _ in 0..wanted {
            let parent = self.parent(hierarchy, &mut random);
            let taken = parents.iter().take(count).any(|other| *other == parent);
            if let (false, Some(place)) = (taken, parents.get_mut(count)) {
                *place = parent;
                count += 1;
            }
        }
        let deepest = parents
            .iter()
            .take(count)
            .filter_map(|parent| self.nodes.get(*parent as usize));
        let depth = deepest.map(|node| node.depth).max().unwrap_or_default() + 1;
        self.nodes.push(Node {
            id: own(1000 + position as u64),
            parents,
            parent_count: count as u8,
            depth,
            hierarchy: hierarchy as u8,
            inactive: random.percent(3),
        });
        if let Some(members) = self.members.get_mut(hierarchy) {
            members.push(position as u32);
        }
    }

    /// A superordinate concept for the next concept of a hierarchy: active, and not too deep.
    fn parent(&self, hierarchy: usize, random: &mut Random) -> u32 {
        let top = HIERARCHIES
            .get(hierarchy)
            .map_or(ids::ROOT, |hierarchy| hierarchy.top);
        let top = self
            .nodes
            .iter()
            .take(self.known.len())
            .position(|node| node.id == top);
        let members = self.members.get(hierarchy).map(Vec::as_slice).unwrap_or_default();
        let mut parent = members
            .get(random.low_below(members.len()))
            .copied()
            .or(top.map(|top| top as u32));
        while let Some(node) = parent.and_then(|parent| self.nodes.get(parent as usize)) {
            if !node.inactive && node.depth < DEPTH_MAX {
                break;
            }
            parent = node.parents().first().copied();
        }
        parent.unwrap_or_default()
    }

    /// A value for an attribute: an active concept at or below the top of a hierarchy.
    pub(super) fn value(&self, top: u64, random: &mut Random) -> u64 {
        let hierarchy = HIERARCHIES.iter().position(|hierarchy| hierarchy.top == top);
        self.active(hierarchy.unwrap_or_default(), random).unwrap_or(top)
    }

    /// An active concept of a hierarchy, `None` when it has none made.
    pub(super) fn active(&self, hierarchy: usize, random: &mut Random) -> Option<u64> {
        let members = self.members.get(hierarchy)?;
        let mut node = self
            .nodes
            .get(*members.get(random.low_below(members.len()))? as usize)?;
        while node.inactive {
            node = self.nodes.get(*node.parents().first()? as usize)?;
        }
        Some(node.id)
    }

    /// The module that a concept belongs to.
    pub(super) fn module(&self, at: usize) -> u64 {
        if at < KNOWN.len() {
            ids::CORE_MODULE
        } else {
            module()
        }
    }

    /// An active concept of the hierarchy of a concept.
    pub(super) fn replacement(&self, node: &Node, random: &mut Random) -> u64 {
        self.active(usize::from(node.hierarchy), random)
            .unwrap_or(ids::ROOT)
    }
}
