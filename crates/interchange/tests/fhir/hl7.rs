//! Every code system, value set and map among HL7's terminology cases is read, but those that are broken on purpose.

use std::path::{Path, PathBuf};

use serde_json::Value;
use vardnav_interchange::content::fhir::{Resource, parse_resource};

/// Broken on purpose: filters without values.
const BROKEN: &[&str] = &["/broken-filter", "/broken-filter2"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/tx-tests")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

/// The terminology resources in a value, however deep.
fn resources<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("resourceType").and_then(Value::as_str);
            if matches!(kind, Some("CodeSystem" | "ValueSet" | "ConceptMap")) {
                found.push(value);
            }
            fields.values().for_each(|value| resources(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| resources(value, found)),
        _ => {}
    }
}

/// All of them, with the file each is in; empty where the cases are not at hand.
pub(crate) fn all() -> Vec<(String, Value)> {
    let folder = folder();
    if !folder.is_dir() {
        println!("skipped: HL7's terminology cases are not at hand");
        return Vec::new();
    }
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let Ok(value) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else {
            continue;
        };
        let mut found = Vec::new();
        resources(&value, &mut found);
        let name = path.display().to_string();
        all.extend(found.into_iter().map(|resource| (name.clone(), resource.clone())));
    }
    all
}

#[test]
fn all_are_read() {
    let all = all();
    let (mut read, mut concepts) = (0, 0);
    for (file, value) in &all {
        let url = value.get("url").and_then(Value::as_str).unwrap_or("");
        let broken = BROKEN.iter().any(|end| url.ends_with(end));
        match parse_resource(&serde_json::to_vec(value).unwrap()) {
            Ok(resource) => {
                assert!(!broken, "{file}: {url} is broken");
                read += 1;
                if let Resource::CodeSystem(system) = resource {
                    concepts += system.concepts.len();
                }
            }
            Err(findings) => assert!(broken, "{file}: {url}: {findings:#?}"),
        }
    }
    assert!(
        all.is_empty() || (read > 240 && concepts > 3_000),
        "{read} {concepts}"
    );
}
