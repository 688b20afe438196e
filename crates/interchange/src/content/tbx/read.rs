//! From the elements of TBX to concepts. A category is the name of an element in the DCT style and its `type` in the
//! others; apart from that they are read alike.

use std::collections::HashMap;

use vardnav_terminology::model::{
    CodeSystem, Concept, Definition, Designation, DesignationStatus, LocalizedText, Publication, Relation,
    RelationKind, Validity,
};

use crate::codesystem::{Findings, NO_VERSION};
use crate::content::xml::Element;

/// The termbank of a root element.
pub(super) fn termbank(path: &str, root: &Element, findings: &mut Findings) -> Option<CodeSystem> {
    let language = root.attribute("xml:lang").to_owned();
    let header = root.at(&["tbxHeader"]).or_else(|| root.at(&["martifHeader"]));
    let file = header.and_then(|header| header.at(&["fileDesc"]));
    let title = file.and_then(|file| file.at(&["titleStmt", "title"]));
    let (url, version) = address(path, file, findings);
    let body = root.at(&["text", "body"]);
    let entries: Vec<&Element> = body
        .into_iter()
        .flat_map(Element::elements)
        .filter(|entry| matches!(entry.name.as_str(), "conceptEntry" | "termEntry"))
        .collect();
    let codes = codes(path, &entries, findings);
    let concepts = entries
        .iter()
        .map(|entry| {
            Entry {
                path,
                language: &language,
                codes: &codes,
                concept: Concept {
                    code: codes.get(entry.attribute("id")).cloned().unwrap_or_default(),
                    ..Concept::default()
                },
            }
            .read(entry, findings)
        })
        .collect();
    Some(CodeSystem {
        url,
        version,
        title: title.map(Element::text).unwrap_or_default(),
        language,
        publication: Publication::default(),
        concepts,
        ..CodeSystem::default()
    })
}

/// Address and version that the header states (`VN-IMP-353`).
fn address(path: &str, file: Option<&Element>, findings: &mut Findings) -> (String, String) {
    let stated = file
        .into_iter()
        .flat_map(Element::elements)
        .filter(|part| matches!(part.name.as_str(), "sourceDesc" | "publicationStmt"))
        .flat_map(|part| part.named("p"))
        .map(Element::text)
        .find(|text| {
            let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
            !scheme.is_empty()
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && !text.contains(' ')
        });
    let stated = stated.unwrap_or_default();
    let (url, version) = stated.split_once('|').unwrap_or((&stated, ""));
    if !url.is_empty() && !version.is_empty() {
        return (url.to_owned(), version.to_owned());
    }
    findings.warn(
        "VN-IMP-353",
        path,
        0,
        "the header does not state both address and version",
    );
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.rsplit_once('.').map_or(name, |(name, _)| name);
    let url = if url.is_empty() {
        format!(
            "urn:tbx:{}",
            name.to_lowercase().replace(char::is_whitespace, "-")
        )
    } else {
        url.to_owned()
    };
    let version = if version.is_empty() { NO_VERSION } else { version };
    (url, version.to_owned())
}

/// The code of each entry's id: the identifier that it states, or else the id.
fn codes(path: &str, entries: &[&Element], findings: &mut Findings) -> HashMap<String, String> {
    let mut codes = HashMap::new();
    for entry in entries {
        let id = entry.attribute("id");
        let stated = entry
            .elements()
            .find(|element| category(element) == "conceptIdentifier")
            .map(Element::text);
        let code = stated.unwrap_or_else(|| id.to_owned());
        if id.is_empty() || code.is_empty() || codes.insert(id.to_owned(), code).is_some() {
            let message = "an entry has no id, or one that stands twice";
            findings.error("VN-IMP-351", path, entry.line, message);
        }
    }
    codes
}

/// What an element is about: its `type` where it has one of the general names, or else its own name.
fn category(element: &Element) -> &str {
    match element.name.as_str() {
        "descrip" | "descripNote" | "admin" | "adminNote" | "termNote" | "ref" | "xref" => {
            element.attribute("type")
        }
        name => name,
    }
}

/// An entry while it is read.
struct Entry<'r> {
    path: &'r str,
    language: &'r str,
    codes: &'r HashMap<String, String>,
    concept: Concept,
}

impl Entry<'_> {
    fn read(mut self, entry: &Element, findings: &mut Findings) -> Concept {
        let own = self.language.to_owned();
        for element in entry.elements() {
            match element.name.as_str() {
                "langSec" | "langSet" => {
                    let language = element.attribute("xml:lang");
                    if language.is_empty() {
                        let message = "a language section names no language";
                        findings.error("VN-IMP-354", self.path, element.line, message);
                    }
                    self.section(element, language, findings);
                }
                _ => self.description(element, &own, findings),
            }
        }
        let own = self.language;
        let rank = |term: &Designation| (term.status as u8, term.language != own);
        self.concept.designations.sort_by_key(rank);
        self.concept
    }

    fn section(&mut self, section: &Element, language: &str, findings: &mut Findings) {
        let mut terms = Vec::new();
        for element in section.elements() {
            match element.name.as_str() {
                "termSec" | "tig" => terms.extend(term(element, language)),
                "ntig" => terms.extend(element.named("termGrp").filter_map(|group| term(group, language))),
                _ => self.description(element, language, findings),
            }
        }
        // Where nothing is said of any term the first is the recommended one.
        let none = !terms
            .iter()
            .any(|(_, status)| *status == Some(DesignationStatus::Recommended));
        for (at, (mut term, status)) in terms.into_iter().enumerate() {
            term.status = match status {
                Some(status) => status,
                None if none && at == 0 => DesignationStatus::Recommended,
                None => DesignationStatus::Accepted,
            };
            self.concept.designations.push(term);
        }
    }

    /// Something said of the concept, at the entry or within a language.
    fn description(&mut self, element: &Element, language: &str, findings: &mut Findings) {
        if matches!(element.name.as_str(), "descripGrp" | "adminGrp") {
            let source = element
                .elements()
                .find(|part| category(part) == "source")
                .map(Element::text);
            for part in element.elements() {
                self.description(part, language, findings);
            }
            let is_definition = element.elements().any(|part| category(part) == "definition");
            if let (true, Some(definition), Some(source)) =
                (is_definition, self.concept.definitions.last_mut(), source)
            {
                definition.source = source;
            }
            return;
        }
        let text = element.text();
        match category(element) {
            "definition" => self.concept.definitions.push(Definition {
                text,
                language: language.to_owned(),
                ..Definition::default()
            }),
            "subjectField" => self.concept.subject_fields.push(text),
            "characteristic" => self.concept.features.push(LocalizedText {
                language: language.to_owned(),
                text,
            }),
            "note" | "explanation" | "context" | "example" => self.concept.notes.push(LocalizedText {
                language: language.to_owned(),
                text,
            }),
            "crossReference" | "relatedConcept" => {
                self.relation(element, RelationKind::Associative, findings)
            }
            "subordinateConceptPartitive" => self.relation(element, RelationKind::Partitive, findings),
            "superordinateConcept"
            | "superordinateConceptGeneric"
            | "broaderConcept"
            | "broaderConceptGeneric" => {
                if let Some(code) = self.target(element, findings) {
                    self.concept.parents.push(code);
                }
            }
            _ => {}
        }
    }

    fn relation(&mut self, element: &Element, kind: RelationKind, findings: &mut Findings) {
        if let Some(target) = self.target(element, findings) {
            self.concept.relations.push(Relation {
                kind,
                target,
                validity: Validity::default(),
                scope: String::new(),
                source: String::new(),
            });
        }
    }

    fn target(&self, element: &Element, findings: &mut Findings) -> Option<String> {
        let code = self
            .codes
            .get(element.attribute("target").trim_start_matches('#'));
        if code.is_none() {
            let message = "a reference leads to an entry that is not in the file";
            findings.error("VN-IMP-352", self.path, element.line, message);
        }
        code.cloned()
    }
}

/// A term and the status that it states; `None` when there is none.
fn term(section: &Element, language: &str) -> Option<(Designation, Option<DesignationStatus>)> {
    let mut designation = Designation {
        text: section.at(&["term"])?.text(),
        language: language.to_owned(),
        ..Designation::default()
    };
    let mut status = None;
    for element in section.elements() {
        let parts: Vec<&Element> =
            if matches!(element.name.as_str(), "termNoteGrp" | "adminGrp" | "descripGrp") {
                element.elements().collect()
            } else {
                vec![element]
            };
        for part in parts {
            match category(part) {
                "administrativeStatus" | "normativeAuthorization" => {
                    status = match part.text().trim_end_matches("-admn-sts") {
                        "preferredTerm" => Some(DesignationStatus::Recommended),
                        "admittedTerm" => Some(DesignationStatus::Accepted),
                        "deprecatedTerm" | "supersededTerm" => Some(DesignationStatus::Deprecated),
                        _ => status,
                    }
                }
                "note" | "usageNote" => designation.comment = part.text(),
                _ => {}
            }
        }
    }
    (!designation.text.is_empty()).then_some((designation, status))
}
