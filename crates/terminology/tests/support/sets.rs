//! Code systems, value sets and questions for the tests of value sets, in few words.
#![allow(dead_code, reason = "each test uses its part")]

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptReference, Designation, DesignationStatus, Filter, FilterOperator, Include,
    Validity, ValueSet,
};
use vardnav_terminology::value_set::{
    Coding, Expansion, IssueKind, Severity, Subject, ValidateRequest, Validated, ValueSetEdition, ValueSetRef,
};
use vardnav_terminology::{Catalog, Edition};

pub(crate) const SNOMED: &str = "http://snomed.info/sct";

pub(crate) fn term(text: &str, language: &str) -> Designation {
    Designation {
        text: text.to_owned(),
        language: language.to_owned(),
        status: DesignationStatus::Recommended,
        ..Designation::default()
    }
}

pub(crate) fn concept(code: &str, terms: &[(&str, &str)]) -> Concept {
    Concept {
        code: code.to_owned(),
        designations: terms
            .iter()
            .map(|&(text, language)| term(text, language))
            .collect(),
        ..Concept::default()
    }
}

pub(crate) fn system(url: &str, version: &str, concepts: Vec<Concept>) -> CodeSystem {
    CodeSystem {
        url: url.to_owned(),
        version: version.to_owned(),
        language: "sv".to_owned(),
        concepts,
        ..CodeSystem::default()
    }
}

pub(crate) fn include(system: &str, codes: &[&str]) -> Include {
    let listed = codes.iter().map(|&code| ConceptReference {
        code: code.to_owned(),
        ..ConceptReference::default()
    });
    Include {
        system: system.to_owned(),
        concepts: listed.collect(),
        ..Include::default()
    }
}

pub(crate) fn filtered(system: &str, property: &str, operator: FilterOperator, value: &str) -> Include {
    Include {
        system: system.to_owned(),
        filters: vec![Filter {
            property: property.to_owned(),
            operator,
            value: value.to_owned(),
        }],
        ..Include::default()
    }
}

pub(crate) fn set(url: &str, include: Vec<Include>) -> ValueSet {
    ValueSet {
        url: url.to_owned(),
        include,
        ..ValueSet::default()
    }
}

pub(crate) fn catalog(systems: Vec<CodeSystem>, value_sets: Vec<ValueSet>) -> Catalog {
    let mut catalog = Catalog::new();
    for system in systems {
        catalog
            .insert(Arc::new(Edition::compile(system).unwrap()))
            .unwrap();
    }
    for value_set in value_sets {
        let compiled = ValueSetEdition::compile(value_set);
        catalog.insert_value_set(Arc::new(compiled)).unwrap();
    }
    catalog
}

pub(crate) fn named(url: &str) -> ValueSetRef<'_> {
    ValueSetRef::Address { url, version: "" }
}

pub(crate) fn codes(expansion: &Expansion) -> Vec<&str> {
    expansion.items.iter().map(|item| item.code.as_str()).collect()
}

pub(crate) fn validate(catalog: &Catalog, url: &str, coding: Coding<'_>) -> Validated {
    let request = ValidateRequest::new(Some(named(url)), Subject::Coding(coding));
    catalog.validate(&request).unwrap()
}

pub(crate) fn coding<'r>(system: &'r str, code: &'r str) -> Coding<'r> {
    Coding {
        system,
        code,
        ..Coding::default()
    }
}

pub(crate) fn kinds(validated: &Validated) -> Vec<(Severity, IssueKind)> {
    let issues = validated.issues.iter();
    issues.map(|issue| (issue.severity, issue.kind)).collect()
}

pub(crate) fn year(year: i16) -> Validity {
    Validity {
        from: Some(Date::constant(year, 1, 1)),
        until: Some(Date::constant(year + 1, 1, 1)),
    }
}
