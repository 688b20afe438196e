//! SKOS and SKOS-XL as RDF/XML or Turtle: concept schemes read into code systems and their mappings into concept maps,
//! and code systems written as Turtle.
//!
//! A concept's code is its notation, or else the last part of its address. An address that is not the scheme's with
//! `/` and the code after it is kept as the property `iri`.

mod graph;
mod matches;
mod read;
mod write;

use std::collections::BTreeSet;

pub use write::write;

use super::{Contents, Files, Read, xml};
use crate::codesystem::Findings;

/// Codes of findings about SKOS: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-331",
        "there is no concept scheme, or a concept is in none",
        "state `skos:inScheme`, and give the scheme the type `skos:ConceptScheme`",
    ),
    (
        "VN-IMP-332",
        "two concepts of a scheme have the same code",
        "give each a `skos:notation` of its own",
    ),
    (
        "VN-IMP-333",
        "a concept is below or related to one that is not in the file",
        "add the concept, or state a mapping relation such as `skos:exactMatch`",
    ),
    (
        "VN-IMP-334",
        "a scheme states no version",
        "state `owl:versionInfo`",
    ),
    (
        "VN-IMP-335",
        "the file has too many statements, or declares entities within entities",
        "split the file, and write the addresses out",
    ),
];

const SKOS: &str = "http://www.w3.org/2004/02/skos/core#";
const SKOS_XL: &str = "http://www.w3.org/2008/05/skos-xl#";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const RDFS: &str = "http://www.w3.org/2000/01/rdf-schema#";
const OWL: &str = "http://www.w3.org/2002/07/owl#";
const DCT: &str = "http://purl.org/dc/terms/";
const DC: &str = "http://purl.org/dc/elements/1.1/";

/// Property that keeps the address of a concept.
pub(super) const IRI: &str = "iri";

/// Whether a path can be of this format.
pub(super) fn wants(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".ttl", ".rdf", ".skos", ".owl", ".xml"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// Reads those of `paths` that are of this format, and answers which they were.
pub(super) fn read(files: &dyn Files, paths: &[String], contents: &mut Contents) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for path in paths {
        let turtle = path.to_ascii_lowercase().ends_with(".ttl");
        let ours = turtle || !path.to_ascii_lowercase().ends_with(".xml") || xml::root(files, path) == "RDF";
        if !ours {
            continue;
        }
        taken.insert(path.clone());
        let mut findings = Findings::default();
        let graph = xml::text(files, path, &mut findings).and_then(|text| {
            if turtle {
                graph::turtle(path, &text, &mut findings)
            } else {
                graph::rdf_xml(path, &text, &mut findings)
            }
        });
        if let Some(graph) = graph {
            let schemes = read::schemes(path, &graph, &mut findings);
            if !findings.any_error() {
                let paths = || vec![path.clone()];
                for map in matches::maps(&graph, &schemes) {
                    contents.concept_maps.push(Read {
                        content: map,
                        paths: paths(),
                    });
                }
                for scheme in schemes {
                    contents.code_systems.push(Read {
                        content: scheme.system,
                        paths: paths(),
                    });
                }
            }
        }
        contents.findings.extend(findings.finish());
    }
    taken
}
