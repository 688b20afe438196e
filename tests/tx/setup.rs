//! From the resources of a suite to a catalog, by the product's own reader.

use std::sync::Arc;

use serde_json::{Value, json};
use vardnav_interchange::content::fhir::{self, Resource};
use vardnav_terminology::model::ValueSet;
use vardnav_terminology::translate::ConceptMapIndex;
use vardnav_terminology::value_set::ValueSetEdition;
use vardnav_terminology::{Catalog, Edition};

/// A catalog with resources. Of two with the same address and version the first counts.
pub(crate) fn catalog(resources: &[Value]) -> Catalog {
    let mut catalog = Catalog::new();
    for resource in resources.iter().chain(&fhir_itself()) {
        insert(&mut catalog, resource);
    }
    catalog
}

/// Puts a resource in, with those it contains.
pub(crate) fn insert(catalog: &mut Catalog, resource: &Value) {
    for contained in super::case::array(&resource["contained"]) {
        let mut contained = contained.clone();
        contained["url"] = json!(format!("#{}", contained["id"].as_str().unwrap()));
        insert(catalog, &contained);
    }
    match parse(resource) {
        Resource::CodeSystem(source) => {
            let edition = Edition::compile(source).unwrap_or_else(|problems| panic!("{problems:?}"));
            let _ = catalog.insert(Arc::new(edition));
        }
        Resource::ValueSet(source) => {
            let _ = catalog.insert_value_set(Arc::new(ValueSetEdition::compile(source)));
        }
        Resource::ConceptMap(source) => {
            let _ = catalog.insert_concept_map(Arc::new(ConceptMapIndex::compile(source)));
        }
    }
}

/// A value set that a request brings.
pub(crate) fn value_set(resource: &Value) -> ValueSet {
    match parse(resource) {
        Resource::ValueSet(source) => source,
        _ => panic!("not a value set"),
    }
}

fn parse(resource: &Value) -> Resource {
    let mut resource = resource.clone();
    give_values(&mut resource);
    let json = serde_json::to_vec(&resource).unwrap();
    fhir::parse_resource(&json).unwrap_or_else(|findings| panic!("{}: {findings:?}", resource["url"]))
}

/// The reader refuses a filter without value when it reads the value set. So that it is the engine that answers, such
/// filters get an empty one.
fn give_values(resource: &mut Value) {
    for part in ["include", "exclude"] {
        let clauses = resource["compose"].get_mut(part).and_then(Value::as_array_mut);
        let filters = clauses
            .into_iter()
            .flatten()
            .filter_map(|clause| clause.get_mut("filter")?.as_array_mut());
        for filter in filters.flatten() {
            if filter.get("value").is_none() {
                filter["value"] = json!("");
            }
        }
    }
}

/// What FHIR itself defines and the suites presume.
fn fhir_itself() -> Vec<Value> {
    let code_system = |name: &str, codes: &[(&str, &str)]| {
        json!({
            "resourceType": "CodeSystem",
            "url": format!("http://hl7.org/fhir/{name}"),
            "version": "5.0.0",
            "status": "active",
            "content": "complete",
            "caseSensitive": true,
            "concept": codes.iter().map(|(code, display)| json!({"code": code, "display": display}))
                .collect::<Vec<_>>(),
        })
    };
    let gender = [
        ("male", "Male"),
        ("female", "Female"),
        ("other", "Other"),
        ("unknown", "Unknown"),
    ];
    let status = [
        ("draft", "Draft"),
        ("active", "Active"),
        ("retired", "Retired"),
        ("unknown", "Unknown"),
    ];
    vec![
        code_system("administrative-gender", &gender),
        code_system("publication-status", &status),
        json!({
            "resourceType": "ValueSet",
            "url": "http://hl7.org/fhir/ValueSet/administrative-gender",
            "version": "5.0.0",
            "status": "active",
            "compose": {"include": [{"system": "http://hl7.org/fhir/administrative-gender"}]},
        }),
    ]
}
