//! Writing `ValueSet`.

use vardnav_terminology::model::{ConceptReference, Include, Property, ValueSet};

use super::super::reading::ImpliedStatus;
use super::super::shapes;
use super::super::valued::{ValueKind, Valued, is_number};
use super::super::words::{
    EXPANSION_PARAMETER, FILTER_OPERATOR, STANDARDS_STATUS, SUPPLEMENT, USE_SUPPLEMENT, property_extension,
    word,
};
use super::{designation, own};

/// The head of a value set, with the supplements it needs.
pub(super) fn head(set: &ValueSet) -> shapes::Head {
    let mut head = super::head("ValueSet", &set.url, &set.version, &set.title, &set.publication);
    head.language.clone_from(&set.language);
    head.extension.extend(
        supplements(set)
            .1
            .iter()
            .map(|needed| Valued::extension(SUPPLEMENT, ValueKind::Canonical, &needed.value)),
    );
    head
}

/// The parameters, and behind them the supplements.
fn supplements(set: &ValueSet) -> (&[Property], &[Property]) {
    let last = set
        .parameters
        .iter()
        .rposition(|parameter| parameter.name != USE_SUPPLEMENT)
        .map_or(0, |last| last + 1);
    set.parameters.split_at(last)
}

/// The rest of a value set.
pub(super) fn body(set: &ValueSet) -> shapes::ValueSet {
    let includes = |includes: &[Include]| {
        includes
            .iter()
            .map(|part| include(part, &set.language))
            .collect::<Vec<_>>()
    };
    let parameters = supplements(set).0.iter().map(|parameter| {
        let parts = vec![
            Valued::extension("name", ValueKind::Code, &parameter.name),
            Valued::extension("value", ValueKind::String, &parameter.value),
        ];
        Valued::of(EXPANSION_PARAMETER, parts)
    });
    let compose = shapes::Compose {
        extension: parameters.collect(),
        locked_date: set.locked_date.clone(),
        inactive: set.inactive,
        include: includes(&set.include),
        exclude: includes(&set.exclude),
    };
    let nothing = compose.include.is_empty()
        && compose.exclude.is_empty()
        && compose.extension.is_empty()
        && compose.locked_date.is_empty()
        && compose.inactive.is_none();
    shapes::ValueSet {
        compose: (!nothing).then_some(compose),
        expansion: None,
    }
}

fn include(from: &Include, language: &str) -> shapes::Include {
    let filters = from.filters.iter().map(|filter| shapes::Filter {
        property: filter.property.clone(),
        op: word(FILTER_OPERATOR, &filter.operator).to_owned(),
        value: Some(filter.value.clone()),
    });
    shapes::Include {
        system: from.system.clone(),
        version: from.version.clone(),
        concept: from
            .concepts
            .iter()
            .map(|concept| reference(concept, language))
            .collect(),
        filter: filters.collect(),
        value_set: from.value_sets.clone(),
    }
}

fn reference(from: &ConceptReference, language: &str) -> shapes::Reference {
    let mut implied = ImpliedStatus::default();
    if !from.display.is_empty() {
        implied.next(language, "");
    }
    shapes::Reference {
        extension: from.properties.iter().map(property).collect(),
        code: from.code.clone(),
        display: from.display.clone(),
        designation: from
            .designations
            .iter()
            .map(|other| designation(other, language, &mut implied))
            .collect(),
    }
}

/// A property as HL7's extension where there is one and the value fits it, otherwise as our own.
fn property(property: &Property) -> Valued {
    let text = property.value.as_str();
    if property.name == "status" && !text.is_empty() {
        return Valued::extension(STANDARDS_STATUS, ValueKind::Code, text);
    }
    let extension = property_extension(&property.name).filter(|(_, kind)| match kind {
        ValueKind::Integer => text.parse::<i32>().is_ok() && is_number(text),
        ValueKind::Decimal => is_number(text),
        ValueKind::Boolean => matches!(text, "true" | "false"),
        _ => !text.is_empty(),
    });
    match extension {
        Some((url, kind)) => Valued::extension(url, kind, text),
        None => {
            let parts = vec![
                Valued::extension("code", ValueKind::Code, &property.name),
                Valued::extension("value", ValueKind::String, text),
            ];
            Valued::of(own("concept-property"), parts)
        }
    }
}
