//! ClaML 2 and 3, the Classification Markup Language (EN 14463, ISO 13120): classes with their rubrics, and modifiers
//! as the classes that they make.
//!
//! The kind of a class becomes the property `kind`, its usage the property `mark` (`dagger`, `aster` or the name of the
//! usage). Preferred rubrics are recommended terms, further preferred ones (`preferredLong`) accepted terms,
//! definitions definitions; notes, texts and introductions notes; inclusions, exclusions and coding hints properties
//! of their names. Other rubrics are properties of the name of their kind.

mod modifiers;

use std::collections::{BTreeSet, HashMap};

use vardnav_terminology::model::{
    CodeSystem, Concept, Definition, Designation, DesignationStatus, LocalizedText, Property,
    PropertyDefinition, Publication,
};

use super::xml::{self, Element};
use super::{Contents, Files};
use crate::codesystem::{Findings, NO_VERSION};

/// Codes of findings about ClaML: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-311",
        "the classification has no identifier",
        "state `Identifier` with `authority` and `uid`",
    ),
    (
        "VN-IMP-312",
        "a class is below a class that is not in the file",
        "add the class, or correct the code of `SuperClass`",
    ),
    (
        "VN-IMP-313",
        "a class has no code or one that stands twice",
        "keep one of the classes",
    ),
    (
        "VN-IMP-314",
        "a class has no preferred rubric, or the classification no version",
        "add the rubric, or the version to `Title`",
    ),
    (
        "VN-IMP-315",
        "modifiers make too many classes, or a modifier is not in the file",
        "name the valid classes of the modifier, or add it",
    ),
];

/// Whether a path can be of this format.
pub(super) fn wants(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.ends_with(".claml") || path.ends_with(".xml")
}

/// Reads those of `paths` that are of this format, and answers which they were.
pub(super) fn read(files: &dyn Files, paths: &[String], contents: &mut Contents) -> BTreeSet<String> {
    let is_ours = |path: &str, root: &str| root == "ClaML" || path.to_ascii_lowercase().ends_with(".claml");
    xml::read_each(files, paths, contents, is_ours, classification)
}

fn classification(path: &str, root: &Element, findings: &mut Findings) -> Option<CodeSystem> {
    let title = root.at(&["Title"]);
    let of_title = |name: &str| title.map_or("", |title| title.attribute(name)).to_owned();
    let Some(url) = root.named("Identifier").find_map(url) else {
        findings.error(
            "VN-IMP-311",
            path,
            root.line,
            "the classification has no identifier",
        );
        return None;
    };
    let mut version = of_title("version");
    if version.is_empty() {
        version = of_title("date");
    }
    if version.is_empty() {
        version = NO_VERSION.to_owned();
        findings.warn(
            "VN-IMP-314",
            path,
            root.line,
            "the title states no version; it is `undated`",
        );
    }
    let meta = |name: &str| {
        let meta = root.named("Meta").find(|meta| meta.attribute("name") == name);
        meta.map_or("", |meta| meta.attribute("value")).to_owned()
    };
    let mut language = meta("lang");
    if language.is_empty() {
        language = first_language(root);
    }
    let marks = marks(root);
    let mut concepts = Vec::new();
    let mut lines = Vec::new();
    for class in root.named("Class") {
        let concept = concept(class, &marks);
        if concept.designations.is_empty() {
            let message = format!("class `{}` has no preferred rubric", concept.code);
            findings.warn("VN-IMP-314", path, class.line, message);
        }
        concepts.push(concept);
        lines.push(class.line);
    }
    check(path, &concepts, &lines, findings);
    if !findings.any_error() {
        modifiers::expand(path, root, &mut concepts, findings);
    }
    let text = title.map(Element::text).filter(|text| !text.is_empty());
    Some(CodeSystem {
        url,
        version,
        title: text.unwrap_or_else(|| of_title("name")),
        language,
        publication: Publication {
            name: of_title("name"),
            date: of_title("date"),
            publisher: root
                .at(&["Identifier"])
                .map_or("", |identifier| identifier.attribute("authority"))
                .to_owned(),
            ..Publication::default()
        },
        properties: properties(&concepts),
        concepts,
        ..CodeSystem::default()
    })
}

/// The address that an identifier states: an OID or address as it is, anything else within its authority.
fn url(identifier: &Element) -> Option<String> {
    let uid = identifier.attribute("uid");
    let is_oid = uid.contains('.') && uid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if uid.is_empty() {
        None
    } else if is_oid {
        Some(format!("urn:oid:{uid}"))
    } else if uid.contains(':') {
        Some(uid.to_owned())
    } else {
        let slug = |text: &str| {
            text.to_lowercase()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join("-")
        };
        Some(format!(
            "urn:claml:{}:{}",
            slug(identifier.attribute("authority")),
            slug(uid)
        ))
    }
}

fn first_language(root: &Element) -> String {
    root.named("Class")
        .flat_map(|class| class.named("Rubric"))
        .flat_map(|rubric| rubric.named("Label"))
        .map(|label| label.attribute("xml:lang"))
        .find(|language| !language.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// The mark of each kind of usage.
fn marks(root: &Element) -> HashMap<&str, &str> {
    let kinds = root
        .at(&["UsageKinds"])
        .into_iter()
        .flat_map(|kinds| kinds.named("UsageKind"));
    kinds
        .map(|kind| {
            let name = kind.attribute("name");
            let mark = match kind.attribute("mark") {
                "†" | "+" => "dagger",
                "*" => "aster",
                _ => name,
            };
            (name, mark)
        })
        .collect()
}

fn concept(class: &Element, marks: &HashMap<&str, &str>) -> Concept {
    let mut concept = Concept {
        code: class.attribute("code").to_owned(),
        parents: class
            .named("SuperClass")
            .map(|above| above.attribute("code").to_owned())
            .collect(),
        ..Concept::default()
    };
    let usage = class.attribute("usage");
    let marks = [
        ("kind", class.attribute("kind")),
        ("mark", marks.get(usage).copied().unwrap_or(usage)),
    ];
    for (name, value) in marks.into_iter().filter(|(_, value)| !value.is_empty()) {
        property(&mut concept, name, value.to_owned());
    }
    for meta in class.named("Meta") {
        property(
            &mut concept,
            meta.attribute("name"),
            meta.attribute("value").to_owned(),
        );
    }
    for rubric in class.named("Rubric") {
        add_rubric(&mut concept, rubric);
    }
    concept
}

fn property(concept: &mut Concept, name: &str, value: String) {
    let name = name.to_owned();
    concept.properties.push(Property { name, value });
}

fn add_rubric(concept: &mut Concept, rubric: &Element) {
    let kind = rubric.attribute("kind");
    for label in rubric.named("Label") {
        let text = label.text();
        if text.is_empty() {
            continue;
        }
        let language = label.attribute("xml:lang").to_owned();
        match kind {
            "preferred" | "preferredLong" => {
                let first = !concept.designations.iter().any(|term| term.language == language);
                concept.designations.push(Designation {
                    text,
                    status: if first && kind == "preferred" {
                        DesignationStatus::Recommended
                    } else {
                        DesignationStatus::Accepted
                    },
                    language,
                    ..Designation::default()
                });
            }
            "definition" => concept.definitions.push(Definition {
                text,
                language,
                ..Definition::default()
            }),
            "note" | "text" | "introduction" | "footnote" => {
                concept.notes.push(LocalizedText { language, text });
            }
            "inclusion" | "exclusion" | "coding-hint" => property(concept, kind, text),
            "codingHint" | "coding_hint" => property(concept, "coding-hint", text),
            _ => property(concept, kind, text),
        }
    }
}

fn check(path: &str, concepts: &[Concept], lines: &[u32], findings: &mut Findings) {
    let mut codes = HashMap::new();
    for (concept, line) in concepts.iter().zip(lines) {
        let code = concept.code.as_str();
        if code.is_empty() || codes.insert(code, line).is_some() {
            let message = format!("class `{code}` has no code or stands twice");
            findings.error("VN-IMP-313", path, *line, message);
        }
    }
    for (concept, line) in concepts.iter().zip(lines) {
        for parent in &concept.parents {
            if !codes.contains_key(parent.as_str()) {
                let message = format!(
                    "class `{}` is below a class that is not in the file",
                    concept.code
                );
                findings.error("VN-IMP-312", path, *line, message);
            }
        }
    }
}

/// The properties that the concepts have.
fn properties(concepts: &[Concept]) -> Vec<PropertyDefinition> {
    let names: BTreeSet<&str> = concepts
        .iter()
        .flat_map(|concept| &concept.properties)
        .map(|property| property.name.as_str())
        .collect();
    names
        .into_iter()
        .map(|name| PropertyDefinition {
            name: name.to_owned(),
            ..PropertyDefinition::default()
        })
        .collect()
}
