//! From statements to code systems.

use std::collections::{BTreeMap, HashMap, HashSet};

use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Definition, Designation, DesignationStatus, LocalizedText, Property,
    PropertyDefinition, Publication, Relation, RelationKind, Validity,
};

use super::graph::{Graph, Object};
use super::{DC, DCT, IRI, OWL, RDF, RDFS, SKOS, SKOS_XL};
use crate::codesystem::{Findings, NO_VERSION};

/// A concept scheme.
#[derive(Debug)]
pub(super) struct Scheme {
    /// As a code system.
    pub(super) system: CodeSystem,
    /// Addresses of its concepts, in their order.
    pub(super) addresses: Vec<String>,
}

/// The concept schemes of a file.
pub(super) fn schemes(path: &str, graph: &Graph, findings: &mut Findings) -> Vec<Scheme> {
    let is = |subject: &str, class: &str| {
        let class = format!("{SKOS}{class}");
        graph
            .nodes(subject, &format!("{RDF}type"))
            .any(|known| known == class)
    };
    let addresses: Vec<&str> = graph
        .subjects()
        .filter(|subject| is(subject, "ConceptScheme"))
        .collect();
    let mut tops: HashMap<&str, &str> = HashMap::new();
    for scheme in &addresses {
        for concept in graph.nodes(scheme, &format!("{SKOS}hasTopConcept")) {
            tops.insert(concept, scheme);
        }
    }
    let mut members: BTreeMap<&str, Vec<&str>> =
        addresses.iter().map(|scheme| (*scheme, Vec::new())).collect();
    for concept in graph.subjects().filter(|subject| is(subject, "Concept")) {
        let mut stated = ["inScheme", "topConceptOf"]
            .into_iter()
            .flat_map(|name| graph.nodes(concept, &format!("{SKOS}{name}")).collect::<Vec<_>>());
        let only = || {
            (addresses.len() == 1)
                .then(|| addresses.first().copied())
                .flatten()
        };
        let scheme = stated
            .find(|scheme| members.contains_key(scheme))
            .or_else(|| tops.get(concept).copied())
            .or_else(only);
        match scheme.and_then(|scheme| members.get_mut(scheme)) {
            Some(of) => of.push(concept),
            None => findings.error(
                "VN-IMP-331",
                path,
                0,
                "a concept is in no concept scheme of the file",
            ),
        }
    }
    if addresses.is_empty() {
        findings.error("VN-IMP-331", path, 0, "the file has no concept scheme");
    }
    addresses
        .into_iter()
        .map(|scheme| {
            let concepts = members.remove(scheme).unwrap_or_default();
            self::scheme(path, graph, scheme, &concepts, findings)
        })
        .collect()
}

fn scheme(path: &str, graph: &Graph, address: &str, members: &[&str], findings: &mut Findings) -> Scheme {
    let text = |names: &[(&str, &str)]| {
        let names: Vec<String> = names
            .iter()
            .map(|(space, name)| format!("{space}{name}"))
            .collect();
        graph.text(address, &names).to_owned()
    };
    let mut version = text(&[
        (OWL, "versionInfo"),
        (DCT, "hasVersion"),
        (DCT, "modified"),
        (DCT, "issued"),
    ]);
    if version.is_empty() {
        findings.warn(
            "VN-IMP-334",
            path,
            0,
            "a scheme states no version; it is `undated`",
        );
        version = NO_VERSION.to_owned();
    }
    let mut codes: HashMap<&str, String> = HashMap::new();
    let mut known = HashSet::new();
    for member in members {
        let code = code(graph, member);
        if !known.insert(code.clone()) {
            let message = format!("code `{code}` stands twice");
            findings.error("VN-IMP-332", path, 0, message);
        }
        codes.insert(member, code);
    }
    let mut language = text(&[(DCT, "language"), (DC, "language")]);
    if language.is_empty() {
        language = commonest_language(graph, members);
    }
    let above = above(graph, members);
    let concepts: Vec<Concept> = members
        .iter()
        .map(|member| {
            let mut concept = self::concept(graph, address, member, &codes);
            let parents = above.get(member).map(Vec::as_slice).unwrap_or_default();
            for parent in parents {
                match codes.get(parent) {
                    Some(code) => concept.parents.push(code.clone()),
                    None => missing(path, &concept.code, findings),
                }
            }
            relations(path, graph, member, &codes, &mut concept, findings);
            concept
        })
        .collect();
    let names: std::collections::BTreeSet<&str> = concepts
        .iter()
        .flat_map(|concept| &concept.properties)
        .map(|property| property.name.as_str())
        .collect();
    let system = CodeSystem {
        url: address.to_owned(),
        version,
        title: text(&[
            (DCT, "title"),
            (DC, "title"),
            (SKOS, "prefLabel"),
            (RDFS, "label"),
        ]),
        language,
        publication: Publication {
            publisher: text(&[(DCT, "publisher"), (DC, "publisher")]),
            description: text(&[(DCT, "description"), (DC, "description"), (SKOS, "definition")]),
            copyright: text(&[(DCT, "rights"), (DC, "rights")]),
            ..Publication::default()
        },
        properties: names
            .into_iter()
            .map(|name| PropertyDefinition {
                name: name.to_owned(),
                ..PropertyDefinition::default()
            })
            .collect(),
        concepts,
        ..CodeSystem::default()
    };
    Scheme {
        system,
        addresses: members.iter().map(|member| (*member).to_owned()).collect(),
    }
}

fn missing(path: &str, code: &str, findings: &mut Findings) {
    let message = format!("`{code}` is below or related to a concept that is not in its scheme");
    findings.error("VN-IMP-333", path, 0, message);
}

/// The notation of a concept, or else the last part of its address.
pub(super) fn code(graph: &Graph, concept: &str) -> String {
    match graph.texts(concept, &format!("{SKOS}notation")).next() {
        Some((notation, _)) => notation.trim().to_owned(),
        None => last_part(concept).1.to_owned(),
    }
}

/// An address before and after its last `#` or `/`.
pub(super) fn last_part(address: &str) -> (&str, &str) {
    address
        .rsplit_once('#')
        .or_else(|| address.rsplit_once('/'))
        .unwrap_or(("", address))
}

fn commonest_language(graph: &Graph, members: &[&str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for member in members {
        for (_, language) in graph.texts(member, &format!("{SKOS}prefLabel")) {
            *counts.entry(language).or_default() += 1;
        }
    }
    let best = counts
        .into_iter()
        .max_by_key(|(language, count)| (*count, std::cmp::Reverse(*language)));
    best.map_or_else(String::new, |(language, _)| language.to_owned())
}

/// The direct superordinate concepts of each, from both ends. Where a concept has none stated, those of the
/// transitive statements.
fn above<'g>(graph: &'g Graph, members: &[&'g str]) -> HashMap<&'g str, Vec<&'g str>> {
    let mut above: HashMap<&str, Vec<&str>> = HashMap::new();
    for (up, down) in [
        ("broader", "narrower"),
        ("broaderTransitive", "narrowerTransitive"),
    ] {
        let mut found: Vec<(&str, &str)> = Vec::new();
        for member in members {
            let ups = graph.nodes(member, &format!("{SKOS}{up}"));
            found.extend(ups.map(|parent| (*member, parent)));
            let downs = graph.nodes(member, &format!("{SKOS}{down}"));
            found.extend(downs.map(|child| (child, *member)));
        }
        let settled: HashSet<&str> = above.keys().copied().collect();
        for (child, parent) in found {
            let parents = above.entry(child).or_default();
            if !settled.contains(child) && !parents.contains(&parent) {
                parents.push(parent);
            }
        }
    }
    above
}

fn concept(graph: &Graph, scheme: &str, address: &str, codes: &HashMap<&str, String>) -> Concept {
    let mut concept = Concept {
        code: codes.get(address).cloned().unwrap_or_default(),
        ..Concept::default()
    };
    let deprecated = graph.texts(address, &format!("{OWL}deprecated")).next();
    if deprecated.is_some_and(|(value, _)| matches!(value, "true" | "1")) {
        concept.status = ConceptStatus::Inactive;
    }
    for (name, status) in [
        ("prefLabel", DesignationStatus::Recommended),
        ("altLabel", DesignationStatus::Accepted),
        ("hiddenLabel", DesignationStatus::Deprecated),
    ] {
        let plain = graph.texts(address, &format!("{SKOS}{name}"));
        let labels: Vec<&str> = graph.nodes(address, &format!("{SKOS_XL}{name}")).collect();
        let of_labels = labels
            .into_iter()
            .flat_map(|label| graph.texts(label, &format!("{SKOS_XL}literalForm")));
        for (text, language) in plain.chain(of_labels) {
            let stands = |term: &Designation| term.text == text && term.language == language;
            if !concept.designations.iter().any(stands) {
                concept.designations.push(Designation {
                    text: text.to_owned(),
                    language: language.to_owned(),
                    status,
                    ..Designation::default()
                });
            }
        }
    }
    for object in graph.objects(address, &format!("{SKOS}definition")) {
        definition(graph, object, &mut concept);
    }
    for name in ["scopeNote", "note", "editorialNote", "historyNote", "changeNote"] {
        for (text, language) in graph.texts(address, &format!("{SKOS}{name}")) {
            concept.notes.push(LocalizedText {
                language: language.to_owned(),
                text: text.to_owned(),
            });
        }
    }
    let subjects = graph.texts(address, &format!("{DCT}subject"));
    concept
        .subject_fields
        .extend(subjects.map(|(text, _)| text.to_owned()));
    let mut property = |name: &str, value: &str| {
        let (name, value) = (name.to_owned(), value.to_owned());
        concept.properties.push(Property { name, value });
    };
    for (text, _) in graph.texts(address, &format!("{SKOS}example")) {
        property("example", text);
    }
    if address
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix('/'))
        != codes.get(address).map(String::as_str)
    {
        property(IRI, address);
    }
    concept
}

/// A definition: a text, or a thing with its text as value and perhaps a source.
fn definition(graph: &Graph, object: &Object, concept: &mut Concept) {
    let mut add = |text: &str, language: &str, source: &str| {
        concept.definitions.push(Definition {
            text: text.to_owned(),
            language: language.to_owned(),
            source: source.to_owned(),
            ..Definition::default()
        });
    };
    match object {
        Object::Text(text, language) => add(text, language, ""),
        Object::Node(node) => {
            let source = graph.text(node, &[format!("{DCT}source"), format!("{DC}source")]);
            for (text, language) in graph.texts(node, &format!("{RDF}value")) {
                add(text, language, source);
            }
        }
    }
}

fn relations(
    path: &str,
    graph: &Graph,
    address: &str,
    codes: &HashMap<&str, String>,
    concept: &mut Concept,
    findings: &mut Findings,
) {
    let kinds = [
        (format!("{SKOS}related"), RelationKind::Associative),
        (format!("{DCT}isReplacedBy"), RelationKind::ReplacedBy),
        (format!("{DCT}replaces"), RelationKind::Replaces),
    ];
    for (predicate, kind) in kinds {
        for other in graph.nodes(address, &predicate) {
            match codes.get(other) {
                Some(code) => concept.relations.push(Relation {
                    kind,
                    target: code.clone(),
                    validity: Validity::default(),
                    scope: String::new(),
                    source: String::new(),
                }),
                None => missing(path, &concept.code, findings),
            }
        }
    }
}
