//! Files of FHIR resources: one resource, a bundle, or a resource on each line. A resource that cannot be read never
//! keeps the others from being read.

use std::io::{BufRead, Read as _};

use serde::Deserialize;
use serde_json::value::RawValue;
use vardnav_terminology::model::{CodeSystem, ConceptMap, ValueSet};

use super::FILE_BYTES_MAX;
use super::decode::{Sniffed, sniff};
use super::finding::{Problem, Problems};
use super::resource::{self, Resource, findings};
use crate::codesystem::ImportFinding;
use crate::content::{Contents, Files, Read};

/// Most findings of one file.
const FINDINGS_MAX: usize = 1_000;

/// Deepest that bundles may lie within each other.
const BUNDLES_MAX: usize = 4;

/// What broken JSON must hold to be taken for a FHIR resource.
const MARK: &str = "\"resourceType\"";

/// Whether a path can be of this format: JSON, but no description, index or example of a package.
pub(super) fn wants(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    if !is_lines(&lower) && !lower.ends_with(".json") {
        return false;
    }
    let mut folders = folder.split('/').rev();
    let (inner, outer) = (folders.next().unwrap_or(""), folders.next().unwrap_or(""));
    let example = matches!(inner, "example" | "examples") && outer == "package";
    let description = inner == "package" && lower == "package.json";
    !example && !description && !lower.starts_with('.')
}

fn is_lines(lower: &str) -> bool {
    lower.ends_with(".ndjson") || lower.ends_with(".jsonl")
}

/// Reads a file; false when it is none of FHIR's.
pub(super) fn read(files: &dyn Files, path: &str, contents: &mut Contents) -> bool {
    let mut into = Into {
        path,
        contents,
        told: 0,
    };
    let reader = match files.open(path) {
        Ok(reader) => reader,
        Err(_) => {
            into.tell("VN-IMP-210", 0, "the file cannot be opened");
            return true;
        }
    };
    if is_lines(&path.to_ascii_lowercase()) {
        lines(reader, &mut into)
    } else if files.size(path).is_some_and(|size| size > FILE_BYTES_MAX) {
        into.too_large(0)
    } else {
        let size = files.size(path).unwrap_or_default();
        whole(reader, usize::try_from(size).unwrap_or_default(), &mut into)
    }
}

/// Where a file's resources and findings go.
struct Into<'c> {
    path: &'c str,
    contents: &'c mut Contents,
    told: usize,
}

impl Into<'_> {
    fn tell(&mut self, code: &'static str, line: u32, what: &str) {
        self.tell_all(vec![ImportFinding::error(code, self.path, line, what)]);
    }

    fn tell_all(&mut self, findings: Vec<ImportFinding>) {
        for finding in findings {
            self.told += 1;
            if self.told <= FINDINGS_MAX {
                self.contents.findings.push(finding);
            } else if self.told == FINDINGS_MAX + 1 {
                let what = format!("there are more than {FINDINGS_MAX} findings");
                let more = ImportFinding::error("VN-IMP-011", self.path, 0, what);
                self.contents.findings.push(more);
            }
        }
    }

    fn too_large(&mut self, line: u32) -> bool {
        let what = format!("more than {FILE_BYTES_MAX} bytes");
        self.tell("VN-IMP-206", line, &what);
        true
    }

    /// A text that is not JSON, `of_fhir` when it is certain whose it is; otherwise it is only worth a look.
    fn broken(&mut self, problem: Problem, of_fhir: bool, lines_before: u32) {
        let mut problems = Problems::default();
        problems.add(Problem {
            error: of_fhir,
            ..problem
        });
        self.tell_all(findings(problems, self.path, lines_before));
    }

    /// A resource that begins after so many lines.
    fn resource(&mut self, text: &str, resource_type: &str, lines_before: u32, depth: usize) {
        if resource_type == "Bundle" {
            self.bundle(text, lines_before, depth);
            return;
        }
        let mut problems = Problems::default();
        let read = resource::read(text, resource_type, &mut problems);
        let read = read.filter(|read| {
            let url = match read {
                Resource::CodeSystem(CodeSystem { url, .. })
                | Resource::ValueSet(ValueSet { url, .. })
                | Resource::ConceptMap(ConceptMap { url, .. }) => url,
            };
            if url.is_empty() {
                problems.error("VN-IMP-203", "url", "missing or empty");
            }
            !url.is_empty()
        });
        self.tell_all(findings(problems, self.path, lines_before));
        let paths = vec![self.path.to_owned()];
        match read {
            Some(Resource::CodeSystem(content)) => self.contents.code_systems.push(Read { content, paths }),
            Some(Resource::ValueSet(content)) => self.contents.value_sets.push(Read { content, paths }),
            Some(Resource::ConceptMap(content)) => self.contents.concept_maps.push(Read { content, paths }),
            None => {}
        }
    }

    /// The resources of a bundle.
    fn bundle(&mut self, text: &str, lines_before: u32, depth: usize) {
        #[derive(Deserialize, Default)]
        #[serde(default, expecting = "an object")]
        struct Bundle<'t> {
            #[serde(borrow)]
            entry: Vec<Entry<'t>>,
        }
        #[derive(Deserialize, Default)]
        #[serde(default, expecting = "an object")]
        struct Entry<'t> {
            #[serde(borrow)]
            resource: Option<&'t RawValue>,
        }
        if depth == BUNDLES_MAX {
            let what = format!("bundles lie more than {BUNDLES_MAX} deep within each other");
            self.tell("VN-IMP-207", lines_before.saturating_add(1), &what);
            return;
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        reader.disable_recursion_limit();
        let Ok(bundle) = Bundle::deserialize(&mut reader) else {
            let what = "the entries of a bundle are not as FHIR says";
            self.tell("VN-IMP-202", lines_before.saturating_add(1), what);
            return;
        };
        let (mut counted, mut line) = (0, lines_before);
        for entry in bundle.entry.into_iter().filter_map(|entry| entry.resource) {
            let within = entry.get();
            let begins = (within.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
            line = line.saturating_add(line_ends(text.as_bytes().get(counted..begins)));
            counted = begins;
            match sniff(within) {
                Ok(Sniffed::Resource(resource_type)) => {
                    self.resource(within, &resource_type, line, depth + 1)
                }
                Ok(Sniffed::Other) => self.tell(
                    "VN-IMP-203",
                    line.saturating_add(1),
                    "resourceType: missing or empty",
                ),
                Err(problem) => self.broken(problem, true, line),
            }
        }
    }
}

fn line_ends(bytes: Option<&[u8]>) -> u32 {
    let count = memchr::memchr_iter(b'\n', bytes.unwrap_or_default()).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A file that is one resource or bundle, of so many bytes when it is known.
fn whole(reader: impl BufRead, size: usize, into: &mut Into<'_>) -> bool {
    let mut bytes = Vec::with_capacity(size);
    if reader.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).is_err() {
        into.tell("VN-IMP-210", 0, "the file cannot be read");
        return true;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return into.too_large(0);
    }
    let Some(text) = resource::text(&bytes) else {
        into.tell("VN-IMP-201", 0, "the text is not UTF-8");
        return true;
    };
    match sniff(text) {
        Ok(Sniffed::Resource(resource_type)) => into.resource(text, &resource_type, 0, 0),
        Ok(Sniffed::Other) => return false,
        Err(problem) => into.broken(problem, text.contains(MARK), 0),
    }
    true
}

/// A file with a resource on each line; false when its first line is JSON but no resource.
fn lines(mut reader: impl BufRead, into: &mut Into<'_>) -> bool {
    let mut bytes = Vec::new();
    let mut any = false;
    for before in 0_u32.. {
        bytes.clear();
        match reader
            .by_ref()
            .take(FILE_BYTES_MAX + 1)
            .read_until(b'\n', &mut bytes)
        {
            Ok(0) => break,
            Ok(count) if count as u64 > FILE_BYTES_MAX => return into.too_large(before.saturating_add(1)),
            Ok(_) => {}
            Err(_) => {
                into.tell("VN-IMP-210", before.saturating_add(1), "the file cannot be read");
                return true;
            }
        }
        let Some(text) = resource::text(&bytes) else {
            into.tell("VN-IMP-201", before.saturating_add(1), "the text is not UTF-8");
            continue;
        };
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        match sniff(text) {
            Ok(Sniffed::Resource(resource_type)) => into.resource(text, &resource_type, before, 0),
            Ok(Sniffed::Other) if !any => return false,
            Ok(Sniffed::Other) => into.tell(
                "VN-IMP-203",
                before.saturating_add(1),
                "resourceType: missing or empty",
            ),
            Err(problem) => into.broken(problem, true, before),
        }
        any = true;
    }
    true
}
