//! HL7's public cases for terminology servers (FHIR requests with their right answers) on the engine, without a server.
//!
//! Skipped where the folder is absent. The share that agrees must not fall, and no case may disagree but those of
//! `tx/differences.txt`, each with its reason.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a test"
)]

#[path = "tx/case.rs"]
mod case;
#[path = "tx/compare.rs"]
mod compare;
#[path = "tx/request.rs"]
mod request;
#[path = "tx/setup.rs"]
mod setup;

use std::collections::BTreeMap;

use case::{Case, array, text};
use compare::Differences;
use request::Parameters;
use serde_json::Value;
use vardnav_terminology::Catalog;
use vardnav_terminology::model::{ConceptReference, Include, ValueSet};
use vardnav_terminology::translate::{Direction, TranslateRequest};
use vardnav_terminology::value_set::{Coding, ExpandRequest, Failure, ValueSetRef};

/// Least share of the cases that agrees, in percent.
const SHARE_MIN: usize = 95;

/// Cases that are known to disagree: `suite/case — reason`.
const DIFFERENCES: &str = include_str!("tx/differences.txt");

#[test]
fn the_public_cases_agree() {
    let Some(folder) = case::folder() else {
        eprintln!("skipped: the public cases (tx-tests) are not here");
        return;
    };
    let known: BTreeMap<&str, &str> = DIFFERENCES
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(" — ").expect("a case, a dash, a reason"))
        .collect();
    let (mut agreed_in_all, mut all) = (0, 0);
    let mut unexpected = Vec::new();
    let mut met = Vec::new();
    for suite in case::suites(&folder) {
        let catalog = setup::catalog(&suite.setup);
        let mut agreed = 0;
        for case in &suite.cases {
            let differences = run(&catalog, case);
            met.push(case.id.clone());
            match (differences.is_empty(), known.contains_key(case.id.as_str())) {
                (true, false) => agreed += 1,
                (true, true) => unexpected.push(format!("{} agrees, but is listed as a difference", case.id)),
                (false, true) => {}
                (false, false) => unexpected.push(format!("{}: {}", case.id, differences.join("\n    "))),
            }
        }
        println!("{:28} {agreed:4} of {:4}", suite.name, suite.cases.len());
        agreed_in_all += agreed;
        all += suite.cases.len();
    }
    println!("{:28} {agreed_in_all:4} of {all:4}", "in all");
    let gone = known.keys().filter(|id| !met.iter().any(|case| case == *id));
    unexpected.extend(gone.map(|id| format!("{id} is listed as a difference, but is no case")));
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    assert!(
        agreed_in_all * 100 >= all * SHARE_MIN,
        "{agreed_in_all} of {all} agree"
    );
}

/// Asks the engine what a case asks, and tells what differs.
fn run(catalog: &Catalog, case: &Case) -> Differences {
    let parameters = Parameters::new(case);
    let catalog = parameters.catalog(catalog);
    let answer = match case.operation.as_str() {
        "expand" => expand(&catalog, &parameters, &case.response),
        "validate-code" => validate(
            &catalog,
            &parameters,
            parameters.value_set(),
            "system",
            &case.response,
        ),
        "cs-validate-code" => validate(&catalog, &parameters, None, "url", &case.response),
        "batch-validate" => Ok(batch(&catalog, case)),
        "lookup" => lookup(&catalog, &parameters, &case.response),
        "translate" => translate(&catalog, &parameters, &case.response),
        other => Ok(vec![format!("`{other}` is not asked")]),
    };
    answer.unwrap_or_else(|failure| compare::failure(&case.response, &failure))
}

fn expand(catalog: &Catalog, parameters: &Parameters<'_>, response: &Value) -> Result<Differences, Failure> {
    let request = parameters.expand()?;
    let expansion = catalog.expand(&request)?;
    Ok(compare::expanded(response, &expansion, request.designations))
}

fn validate(
    catalog: &Catalog,
    parameters: &Parameters<'_>,
    value_set: Option<ValueSetRef<'_>>,
    system: &str,
    response: &Value,
) -> Result<Differences, Failure> {
    let codings = parameters.codings();
    let subject = parameters.subject(codings.as_deref(), system);
    let validated = catalog.validate(&parameters.validate(value_set, subject)?)?;
    Ok(match text(&response["resourceType"]) {
        "Parameters" => compare::validated(response, &validated),
        _ => vec![format!("answers {validated:?}, right is a failure")],
    })
}

fn batch(catalog: &Catalog, case: &Case) -> Differences {
    let part = |value: &Value| value["name"] == "validation";
    let questions = case.parameters.iter().filter(|parameter| part(parameter));
    let answers = array(&case.response["parameter"])
        .iter()
        .filter(|parameter| part(parameter));
    let whole = Parameters::new(case);
    let mut differences = Vec::new();
    for (question, answer) in questions.zip(answers) {
        let parameters = Parameters::of(array(&question["resource"]["parameter"]), case);
        let found = validate(
            catalog,
            &parameters,
            whole.value_set(),
            "system",
            &answer["resource"],
        );
        differences.extend(found.unwrap_or_else(|failure| vec![failure.to_string()]));
    }
    differences
}

/// A look-up is the expansion of a value set of one code, with all that is known of it.
fn lookup(catalog: &Catalog, parameters: &Parameters<'_>, response: &Value) -> Result<Differences, Failure> {
    let concept = ConceptReference {
        code: parameters.text("code").to_owned(),
        ..ConceptReference::default()
    };
    let include = Include {
        system: parameters.text("system").to_owned(),
        version: parameters.text("version").to_owned(),
        concepts: vec![concept],
        ..Include::default()
    };
    let only = ValueSet {
        include: vec![include],
        ..ValueSet::default()
    };
    let mut request = ExpandRequest::new(ValueSetRef::Inline(&only));
    request.settings = parameters.settings()?;
    request.designations = true;
    request.properties = vec!["definition".to_owned(), "*".to_owned()];
    let expansion = catalog.expand(&request)?;
    let Some(item) = expansion.items.first() else {
        return Ok(vec!["the code is not found".to_owned()]);
    };
    let edition = catalog.edition(&item.system, &item.version).unwrap();
    let view = edition.lookup(&item.code).unwrap();
    let children: Vec<String> = view.children().map(|child| child.code().to_owned()).collect();
    Ok(compare::looked_up(response, item, &children))
}

fn translate(
    catalog: &Catalog,
    parameters: &Parameters<'_>,
    response: &Value,
) -> Result<Differences, Failure> {
    let backward = !parameters.text("targetCode").is_empty();
    let (code, system, to_system) = match backward {
        true => ("targetCode", "targetSystem", "sourceSystem"),
        false => ("sourceCode", "sourceSystem", "targetSystem"),
    };
    let request = TranslateRequest {
        direction: if backward {
            Direction::Backward
        } else {
            Direction::Forward
        },
        coding: Coding {
            system: parameters.text(system),
            code: parameters.text(code),
            ..Coding::default()
        },
        map: parameters.text("url"),
        to_system: parameters.text(to_system),
        ..TranslateRequest::default()
    };
    Ok(compare::translated(response, &catalog.translate(&request)?))
}
