//! From mapping relations to concept maps: one for each scheme that has any, with a group for each scheme mapped to.

use std::collections::{BTreeMap, HashMap};

use vardnav_terminology::model::{ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget};

use super::SKOS;
use super::graph::Graph;
use super::read::{Scheme, last_part};

/// The mapping relations and what they say of the source and the target.
const MATCHES: [(&str, MapRelationship); 5] = [
    ("exactMatch", MapRelationship::Equivalent),
    ("closeMatch", MapRelationship::RelatedTo),
    ("broadMatch", MapRelationship::SourceIsNarrowerThanTarget),
    ("narrowMatch", MapRelationship::SourceIsBroaderThanTarget),
    ("relatedMatch", MapRelationship::RelatedTo),
];

/// The concept maps of a file. A concept that is not in the file is taken to be of the code system whose address its
/// own begins with, up to the last `#` or `/`.
pub(super) fn maps(graph: &Graph, schemes: &[Scheme]) -> Vec<ConceptMap> {
    let mut known: HashMap<&str, (&str, &str)> = HashMap::new();
    for scheme in schemes {
        for (address, concept) in scheme.addresses.iter().zip(&scheme.system.concepts) {
            known.insert(address, (&scheme.system.url, &concept.code));
        }
    }
    schemes
        .iter()
        .filter_map(|scheme| map(graph, scheme, &known))
        .collect()
}

fn map(graph: &Graph, scheme: &Scheme, known: &HashMap<&str, (&str, &str)>) -> Option<ConceptMap> {
    let mut groups: BTreeMap<&str, Vec<MapElement>> = BTreeMap::new();
    for (address, concept) in scheme.addresses.iter().zip(&scheme.system.concepts) {
        let mut targets: BTreeMap<&str, Vec<MapTarget>> = BTreeMap::new();
        for (name, relationship) in MATCHES {
            for other in graph.nodes(address, &format!("{SKOS}{name}")) {
                let (system, code) = known.get(other).copied().unwrap_or_else(|| last_part(other));
                targets.entry(system).or_default().push(MapTarget {
                    code: code.to_owned(),
                    relationship,
                    ..MapTarget::default()
                });
            }
        }
        for (system, targets) in targets {
            groups.entry(system).or_default().push(MapElement {
                code: concept.code.clone(),
                targets,
                ..MapElement::default()
            });
        }
    }
    let system = &scheme.system;
    (!groups.is_empty()).then(|| ConceptMap {
        url: format!("{}/mappings", system.url),
        version: system.version.clone(),
        title: system.title.clone(),
        groups: groups
            .into_iter()
            .map(|(target, elements)| MapGroup {
                source: system.url.clone(),
                target: target.to_owned(),
                elements,
                ..MapGroup::default()
            })
            .collect(),
        ..ConceptMap::default()
    })
}
