//! One resource, from its text.

use serde::de::IgnoredAny;
use vardnav_terminology::model::{CodeSystem, ConceptMap, ValueSet};

use super::decode::{Sniffed, decode, decode_each, sniff};
use super::finding::Problems;
use super::{code_system, concept_map, shapes, value_set};
use crate::codesystem::{ImportFinding, ImportSeverity};

/// A terminology resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A code system.
    CodeSystem(CodeSystem),
    /// A value set.
    ValueSet(ValueSet),
    /// A map.
    ConceptMap(ConceptMap),
}

/// A code system from the JSON of a FHIR `CodeSystem`, R4 or R5.
///
/// # Errors
/// What is wrong in it, when it cannot be read.
pub fn parse_code_system(json: &[u8]) -> Result<CodeSystem, Vec<ImportFinding>> {
    match parse_resource(json)? {
        Resource::CodeSystem(read) => Ok(read),
        _ => Err(other_type()),
    }
}

/// A value set from the JSON of a FHIR `ValueSet`, R4 or R5. It may be without a `url`.
///
/// # Errors
/// What is wrong in it, when it cannot be read.
pub fn parse_value_set(json: &[u8]) -> Result<ValueSet, Vec<ImportFinding>> {
    match parse_resource(json)? {
        Resource::ValueSet(read) => Ok(read),
        _ => Err(other_type()),
    }
}

/// A map from the JSON of a FHIR `ConceptMap`, R4 or R5. It may be without a `url`.
///
/// # Errors
/// What is wrong in it, when it cannot be read.
pub fn parse_concept_map(json: &[u8]) -> Result<ConceptMap, Vec<ImportFinding>> {
    match parse_resource(json)? {
        Resource::ConceptMap(read) => Ok(read),
        _ => Err(other_type()),
    }
}

/// A terminology resource of any type from its JSON.
///
/// # Errors
/// What is wrong in it, when it cannot be read, or is of another type.
pub fn parse_resource(json: &[u8]) -> Result<Resource, Vec<ImportFinding>> {
    let mut problems = Problems::default();
    let read = match text(json).map(|text| (text, sniff(text))) {
        Some((text, Ok(Sniffed::Resource(resource_type)))) => read(text, &resource_type, &mut problems),
        Some((_, Ok(Sniffed::Other))) => None,
        Some((_, Err(problem))) => {
            problems.add(problem);
            None
        }
        None => {
            problems.error("VN-IMP-201", "the text", "not UTF-8");
            None
        }
    };
    match read {
        Some(read) => Ok(read),
        None if problems.any_error() => Err(findings(problems, "", 0)),
        None => Err(other_type()),
    }
}

/// The text of a file without a byte order mark; `None` when it is not UTF-8.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads a resource of a type; `None` when it is not read, or of a type that is none of ours.
pub(super) fn read(text: &str, resource_type: &str, problems: &mut Problems) -> Option<Resource> {
    if !matches!(resource_type, "CodeSystem" | "ValueSet" | "ConceptMap") {
        return None;
    }
    let head: shapes::Head = decode(text, problems);
    if problems.any_error() {
        return None;
    }
    let read = match resource_type {
        "CodeSystem" => {
            // Its concepts are passed over, and read one by one when the rest is known.
            let body: shapes::CodeSystem<IgnoredAny> = decode(text, problems);
            let concepts = |take: &mut dyn FnMut(shapes::Concept)| decode_each(text, "concept", take);
            (!problems.any_error())
                .then(|| Resource::CodeSystem(code_system::read(head, body, &concepts, problems)))
        }
        "ValueSet" => {
            let body = decode(text, problems);
            (!problems.any_error()).then(|| Resource::ValueSet(value_set::read(head, body, problems)))
        }
        _ => {
            let body = decode(text, problems);
            (!problems.any_error()).then(|| Resource::ConceptMap(concept_map::read(head, body, problems)))
        }
    };
    read.filter(|_| !problems.any_error())
}

/// Problems of a resource that begins after so many lines of a file, as findings.
pub(super) fn findings(problems: Problems, file: &str, lines_before: u32) -> Vec<ImportFinding> {
    let (told, untold) = problems.into_parts();
    let mut findings: Vec<ImportFinding> = told
        .into_iter()
        .map(|problem| {
            let line = match (problem.line, lines_before) {
                (0, 0) => 0,
                (line, before) => before.saturating_add(line.max(1)),
            };
            let mut finding = ImportFinding::error(problem.code, file, line, problem.message);
            if !problem.error {
                finding.severity = ImportSeverity::Warning;
            }
            finding
        })
        .collect();
    if untold > 0 {
        let more = format!("{untold} more findings are not shown");
        findings.push(ImportFinding::error("VN-IMP-011", file, lines_before, more));
    }
    findings
}

fn other_type() -> Vec<ImportFinding> {
    let what = "not a resource of the type asked for";
    vec![ImportFinding::error("VN-IMP-202", "", 0, what)]
}
