//! Holds the engine's answers against the right ones, in substance: wording, order and identifiers do not matter.
//! Differences are told in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vardnav_terminology::model::MapRelationship;
use vardnav_terminology::translate::Translated;
use vardnav_terminology::value_set::{Expansion, Failure, Item, Validated};

use super::case::{array, text};
use super::request::value;

/// What differs; empty when nothing does.
pub(crate) type Differences = Vec<String>;

/// Whether a text is what the right answer says, which may leave a choice.
fn fits(right: &str, given: &str) -> bool {
    match right
        .strip_prefix("$choice:")
        .and_then(|choice| choice.strip_suffix('$'))
    {
        Some(choice) => choice.split('|').any(|one| one == given),
        None => right == given,
    }
}

fn is_optional(value: &Value) -> bool {
    value["$optional$"] == true
        || value["$optional$"]
            .as_str()
            .is_some_and(|when| when.starts_with("warning"))
}

/// A failure against the `OperationOutcome` that is right.
pub(crate) fn failure(right: &Value, failure: &Failure) -> Differences {
    let errors = array(&right["issue"])
        .iter()
        .filter(|issue| issue["severity"] == "error");
    let kind = (failure.kind.issue_type(), failure.kind.code());
    let same = |issue: &Value| {
        let code = text(&issue["details"]["coding"][0]["code"]);
        fits(text(&issue["code"]), kind.0) && fits(code, kind.1)
    };
    match errors.clone().any(same) {
        true => Vec::new(),
        false => vec![format!(
            "failed as {kind:?} ({failure}), right is {:?}",
            errors.collect::<Vec<_>>()
        )],
    }
}

/// A validation against the `Parameters` that are right.
pub(crate) fn validated(right: &Value, given: &Validated) -> Differences {
    let mut differences = Differences::new();
    let parameters = array(&right["parameter"]);
    let expected = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name);
    let mut same = |name: &str, given: Option<String>| {
        let right = expected(name);
        let right_value = right
            .and_then(value)
            .map(|value| value.to_string().trim_matches('"').replace("\\\"", "\""));
        if right_value != given && !right.is_some_and(is_optional) {
            differences.push(format!("{name} is {given:?}, right is {right_value:?}"));
        }
    };
    same("result", Some(given.result.to_string()));
    same("code", given.code.clone());
    same("system", given.system.clone());
    same("version", given.version.clone());
    same("display", given.display.clone());
    same("inactive", given.inactive.then(|| "true".to_owned()));
    same("normalized-code", given.normalized_code.clone());
    let said = given.issues.iter().map(|issue| {
        let kind = issue.kind;
        format!("{} {} {}", issue.severity.code(), kind.issue_type(), kind.code())
    });
    let issues = expected("issues").map_or(&[][..], |issues| array(&issues["resource"]["issue"]));
    let described = |issue: &Value| {
        let code = text(&issue["details"]["coding"][0]["code"]);
        format!("{} {} {code}", text(&issue["severity"]), text(&issue["code"]))
    };
    // Whether the same is said once or for each code is a matter of presentation.
    let said: BTreeSet<String> = said.collect();
    let allowed: BTreeSet<String> = issues.iter().map(described).collect();
    let right = issues.iter().filter(|issue| !is_optional(issue));
    let right: BTreeSet<String> = right.map(described).collect();
    let too_much = said.difference(&allowed);
    differences.extend(too_much.map(|issue| format!("says too much: {issue}")));
    differences.extend(
        right
            .difference(&said)
            .map(|issue| format!("does not say: {issue}")),
    );
    differences
}

/// What is compared of a code of an expansion.
#[derive(Debug, PartialEq)]
struct Content {
    display: Option<String>,
    is_abstract: bool,
    inactive: bool,
}

/// An expansion against the `ValueSet` that is right.
pub(crate) fn expanded(right: &Value, given: &Expansion, with_designations: bool) -> Differences {
    let mut differences = Differences::new();
    let expansion = &right["expansion"];
    if let Some(total) = expansion["total"].as_u64()
        && total != given.total as u64
    {
        differences.push(format!("total is {}, right is {total}", given.total));
    }
    let mut expected = BTreeMap::new();
    collect(&expansion["contains"], "", &mut expected);
    let versioned = expected.values().any(|contains| contains["version"].is_string());
    let found = paths(&given.items, versioned);
    for path in found.keys().filter(|path| !expected.contains_key(*path)) {
        differences.push(format!("has too much: {path}"));
    }
    for (path, contains) in &expected {
        let Some(item) = found.get(path) else {
            differences.push(format!("does not have: {path}"));
            continue;
        };
        compare_item(path, contains, item, with_designations, &mut differences);
    }
    compare_used(expansion, given, &mut differences);
    differences
}

/// Codes by path: the codes above, system, version where any has one, code.
fn collect<'v>(contains: &'v Value, above: &str, all: &mut BTreeMap<String, &'v Value>) {
    for code in array(contains) {
        let own = format!(
            "{above}/{}|{}#{}",
            text(&code["system"]),
            text(&code["version"]),
            text(&code["code"])
        );
        collect(&code["contains"], &own, all);
        all.insert(own, code);
    }
}

fn paths(items: &[Item], versioned: bool) -> BTreeMap<String, &Item> {
    let mut open: Vec<String> = Vec::new();
    let mut all = BTreeMap::new();
    for item in items {
        open.truncate(item.level as usize);
        let above = open.last().map_or("", String::as_str);
        let version = if versioned { item.version.as_str() } else { "" };
        let own = format!("{above}/{}|{version}#{}", item.system, item.code);
        assert!(all.insert(own.clone(), item).is_none(), "{own} stands twice");
        open.push(own);
    }
    all
}

fn compare_item(
    path: &str,
    right: &Value,
    item: &Item,
    with_designations: bool,
    differences: &mut Differences,
) {
    let expected = Content {
        display: right["display"].as_str().map(str::to_owned),
        is_abstract: right["abstract"] == true,
        inactive: right["inactive"] == true,
    };
    let given = Content {
        display: Some(item.display.clone()).filter(|display| !display.is_empty()),
        is_abstract: item.is_abstract,
        inactive: item.inactive,
    };
    if expected != given {
        differences.push(format!("{path} is {given:?}, right is {expected:?}"));
    }
    for property in array(&right["property"])
        .iter()
        .filter(|property| !is_optional(property))
    {
        let name = text(&property["code"]);
        let wanted = value(property).map(|value| value.to_string().trim_matches('"').to_owned());
        let has = item
            .properties
            .iter()
            .any(|own| own.name == name && Some(&own.value) == wanted.as_ref());
        if !has {
            differences.push(format!(
                "{path} has no {name} = {wanted:?}, but {:?}",
                item.properties
            ));
        }
    }
    if with_designations {
        let terms = |designations: BTreeSet<String>| designations;
        let given = terms(item.designations.iter().map(|own| own.text.clone()).collect());
        let wanted = array(&right["designation"]).iter();
        let wanted = terms(
            wanted
                .map(|designation| text(&designation["value"]).to_owned())
                .collect(),
        );
        if given != wanted {
            differences.push(format!("{path} has the terms {given:?}, right is {wanted:?}"));
        }
    }
}

fn compare_used(expansion: &Value, given: &Expansion, differences: &mut Differences) {
    let used = &given.used;
    let warned = |status: &str| {
        let warnings = used
            .warnings
            .iter()
            .filter(|warning| warning.status.code() == status);
        warnings
            .map(|warning| warning.canonical.clone())
            .collect::<Vec<_>>()
    };
    let all = [
        ("used-codesystem", used.code_systems.clone()),
        ("used-valueset", used.value_sets.clone()),
        ("used-supplement", used.supplements.clone()),
        ("warning-deprecated", warned("deprecated")),
        ("warning-withdrawn", warned("withdrawn")),
        ("warning-experimental", warned("experimental")),
        ("warning-draft", warned("draft")),
    ];
    for (name, given) in all {
        let right = array(&expansion["parameter"])
            .iter()
            .filter(|parameter| parameter["name"] == name);
        let right: BTreeSet<&str> = right.filter_map(value).map(text).collect();
        let open = |right: &str| right.strip_suffix("$version$").map(str::to_owned);
        let met = |given: &String| {
            right
                .iter()
                .any(|right| open(right).map_or(given == right, |head| given.starts_with(&head)))
        };
        if given.len() != right.len() || !given.iter().all(met) {
            differences.push(format!("{name} is {given:?}, right is {right:?}"));
        }
    }
}

/// A translation against the `Parameters` that are right; `source` is the code asked for, as `system#code`.
pub(crate) fn translated(right: &Value, given: &Translated<'_>) -> Differences {
    let mut differences = Differences::new();
    let parameters = array(&right["parameter"]);
    let part = |parameter: &Value, name: &str| {
        let part = array(&parameter["part"])
            .iter()
            .find(|part| part["name"] == name)
            .and_then(value);
        part.map(|value| match value {
            Value::Object(coding) => {
                let field = |name: &str| coding.get(name).map_or("", text);
                format!("{}#{}", field("system"), field("code"))
            }
            other => text(other).to_owned(),
        })
        .unwrap_or_default()
    };
    let result = parameters
        .iter()
        .find(|parameter| parameter["name"] == "result")
        .and_then(value);
    if result.and_then(Value::as_bool) != Some(given.result) {
        differences.push(format!("result is {}, right is {result:?}", given.result));
    }
    // In reverse the answer names the code asked for as concept, and the code led to as source.
    let matches = parameters.iter().filter(|parameter| parameter["name"] == "match");
    let right: BTreeSet<String> = matches
        .map(|found| {
            format!(
                "{} {} {}",
                part(found, "source"),
                part(found, "relationship"),
                part(found, "originMap")
            )
        })
        .collect();
    let found: BTreeSet<String> = given
        .matches
        .iter()
        .map(|found| {
            let word = match found.relationship {
                MapRelationship::Equivalent => "equivalent",
                MapRelationship::RelatedTo => "related-to",
                MapRelationship::NotRelatedTo => "not-related-to",
                MapRelationship::SourceIsNarrowerThanTarget => "source-is-narrower-than-target",
                MapRelationship::SourceIsBroaderThanTarget => "source-is-broader-than-target",
            };
            format!("{}#{} {word} {}", found.system, found.code, found.map.canonical())
        })
        .collect();
    if right != found {
        differences.push(format!("leads to {found:?}, right is {right:?}"));
    }
    differences
}

/// A code looked up against the `Parameters` that are right. `children` are the codes directly below.
pub(crate) fn looked_up(right: &Value, given: &Item, children: &[String]) -> Differences {
    let mut differences = Differences::new();
    for parameter in array(&right["parameter"])
        .iter()
        .filter(|parameter| !is_optional(parameter))
    {
        let parts = array(&parameter["part"]);
        let part = |name: &str| {
            let part = parts.iter().find(|part| part["name"] == name).and_then(value);
            part.map(|value| value.to_string().trim_matches('"').to_owned())
                .unwrap_or_default()
        };
        let wanted = value(parameter)
            .map(|value| value.to_string().trim_matches('"').to_owned())
            .unwrap_or_default();
        let right = match text(&parameter["name"]) {
            "code" => wanted == given.code,
            "display" => wanted == given.display,
            "system" => wanted == given.system,
            "version" => wanted == given.version,
            "abstract" => wanted == given.is_abstract.to_string(),
            "definition" => has(given, "definition", &wanted),
            "designation" => {
                let term = part("value");
                term == given.display || given.designations.iter().any(|own| own.text == term)
            }
            "property" => match (part("code").as_str(), part("value")) {
                ("child", code) => children.contains(&code),
                ("inactive", flag) => flag == given.inactive.to_string(),
                (name, value) => has(given, name, &value),
            },
            _ => true,
        };
        if !right {
            differences.push(format!("not as is right: {parameter}"));
        }
    }
    differences
}

fn has(item: &Item, name: &str, value: &str) -> bool {
    item.properties
        .iter()
        .any(|own| own.name == name && own.value == value)
}
