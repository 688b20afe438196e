//! Conversions of expansions, validations in value sets and translations.

use vardnav_terminology::model::{
    ConceptReference, Filter, FilterOperator, Include, MapRelationship, Property, ValueSet,
};
use vardnav_terminology::translate::Translation;
use vardnav_terminology::value_set::{
    Failure, FailureKind, Issue, IssueKind, Item, Part, Severity, StatusWarning, Validated,
};

use crate::pb::vardnav::terminology::v1 as pb;
use crate::pb::vardnav::r#type::v1 as types;
use crate::status::{ApiError, Kind};

/// A composition as a value set of its own.
///
/// # Errors
/// When an operator is none of FHIR's.
pub fn composition(message: &pb::Composition) -> Result<ValueSet, ApiError> {
    let parts = |parts: &[pb::composition::Part], field: &str| {
        let parts = parts.iter().enumerate();
        parts
            .map(|(at, part)| {
                include(part).map_err(|error| error.within(&format!("composition.{field}[{at}]")))
            })
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(ValueSet {
        include: parts(&message.include, "include")?,
        exclude: parts(&message.exclude, "exclude")?,
        ..ValueSet::default()
    })
}

/// The codes of a code system that an expression holds for, as a value set of its own.
pub fn expression(system: &str, version: &str, expression: &str) -> ValueSet {
    let filter = Filter {
        property: "constraint".to_owned(),
        operator: FilterOperator::Equal,
        value: expression.to_owned(),
    };
    ValueSet {
        include: vec![Include {
            system: system.to_owned(),
            version: version.to_owned(),
            filters: vec![filter],
            ..Include::default()
        }],
        ..ValueSet::default()
    }
}

fn include(part: &pb::composition::Part) -> Result<Include, ApiError> {
    let filters = part.filters.iter().enumerate().map(|(at, filter)| {
        Ok(Filter {
            property: filter.property.clone(),
            operator: operator(&filter.operator).ok_or_else(|| {
                ApiError::field(format!("filters[{at}].operator"), "not an operator of FHIR")
            })?,
            value: filter.value.clone(),
        })
    });
    Ok(Include {
        system: part.system.clone(),
        version: part.version.clone(),
        concepts: part
            .codes
            .iter()
            .map(|code| ConceptReference {
                code: code.clone(),
                ..ConceptReference::default()
            })
            .collect(),
        filters: filters.collect::<Result<_, ApiError>>()?,
        value_sets: part.value_sets.clone(),
    })
}

fn operator(text: &str) -> Option<FilterOperator> {
    Some(match text {
        "=" => FilterOperator::Equal,
        "is-a" => FilterOperator::IsA,
        "descendent-of" => FilterOperator::DescendentOf,
        "is-not-a" => FilterOperator::IsNotA,
        "regex" => FilterOperator::Regex,
        "in" => FilterOperator::In,
        "not-in" => FilterOperator::NotIn,
        "generalizes" => FilterOperator::Generalizes,
        "child-of" => FilterOperator::ChildOf,
        "descendent-leaf" => FilterOperator::DescendentLeaf,
        "exists" => FilterOperator::Exists,
        _ => return None,
    })
}

/// A code of an expansion as a message.
pub fn item_message(item: Item) -> pb::expand_response::Item {
    pb::expand_response::Item {
        system: item.system,
        version: item.version,
        code: item.code,
        display: item.display,
        not_selectable: item.is_abstract,
        inactive: item.inactive,
        designations: item
            .designations
            .into_iter()
            .map(|term| pb::Designation {
                text: term.text,
                language: term.language,
                usage: term.usage,
                ..pb::Designation::default()
            })
            .collect(),
        properties: item
            .properties
            .into_iter()
            .map(|property| pb::Property {
                name: property.name,
                value: property.value,
            })
            .collect(),
    }
}

/// That something an answer rests on is not for use without thought.
pub fn warning_message(warning: &StatusWarning) -> types::Finding {
    types::Finding {
        code: "VN-TERM-010".to_owned(),
        severity: types::Severity::Warning.into(),
        path: String::new(),
        message: format!("{} is {}", warning.canonical, warning.status.code()),
    }
}

/// A validation in a value set as a message.
pub fn validated_message(validated: Validated) -> pb::ValidateCodeResponse {
    pb::ValidateCodeResponse {
        valid: validated.result,
        display: validated.display.unwrap_or_default(),
        findings: validated.issues.into_iter().map(issue_message).collect(),
        version: validated.version.unwrap_or_default(),
        code: validated.normalized_code.or(validated.code).unwrap_or_default(),
        inactive: validated.inactive,
    }
}

fn issue_message(issue: Issue) -> types::Finding {
    let code = match issue.kind {
        IssueKind::NotInValueSet | IssueKind::ThisCodeNotInValueSet => "VN-TERM-006",
        IssueKind::InvalidCode => "VN-TERM-001",
        IssueKind::InvalidDisplay => "VN-TERM-004",
        IssueKind::DisplayComment => "VN-TERM-005",
        IssueKind::CodeRule => "VN-TERM-003",
        IssueKind::CodeComment => "VN-TERM-007",
        IssueKind::NotFound => "VN-TERM-008",
        IssueKind::VersionMismatch | IssueKind::VersionError => "VN-TERM-009",
        IssueKind::StatusCheck => "VN-TERM-010",
        IssueKind::InvalidData | IssueKind::CannotInfer => "VN-TERM-011",
    };
    let severity = match issue.severity {
        Severity::Error => types::Severity::Error,
        Severity::Warning | Severity::Information => types::Severity::Warning,
    };
    let path = match issue.part {
        Part::Whole | Part::Coding => "",
        Part::System => "system",
        Part::Version => "version",
        Part::Code => "code",
        Part::Display => "display",
    };
    types::Finding {
        code: code.to_owned(),
        severity: severity.into(),
        path: path.to_owned(),
        message: issue.message,
    }
}

/// Why a question about a value set or map has no answer.
pub fn failure(failure: &Failure) -> ApiError {
    let (kind, code) = match failure.kind {
        FailureKind::UnknownValueSet => (Kind::NotFound, "VN-TERM-020"),
        FailureKind::UnknownCodeSystem | FailureKind::UnknownSupplement => (Kind::NotFound, "VN-TERM-021"),
        FailureKind::UnknownConceptMap => (Kind::NotFound, "VN-TERM-022"),
        FailureKind::Circular => (Kind::FailedPrecondition, "VN-TERM-023"),
        FailureKind::Definition => (Kind::InvalidArgument, "VN-TERM-024"),
        FailureKind::VersionRuledOut => (Kind::FailedPrecondition, "VN-TERM-025"),
        FailureKind::TooCostly => (Kind::ResourceExhausted, "VN-TERM-026"),
        FailureKind::Languages => (Kind::InvalidArgument, "VN-TERM-027"),
        FailureKind::Request => (Kind::InvalidArgument, "VN-TERM-028"),
    };
    ApiError::new(kind, code, failure.message.clone())
}

/// Where a code leads, as a message.
pub fn target_message(translation: &Translation<'_>) -> pb::translate_response::Target {
    let relationship = match translation.relationship {
        MapRelationship::RelatedTo => pb::Relationship::RelatedTo,
        MapRelationship::Equivalent => pb::Relationship::Equivalent,
        MapRelationship::SourceIsNarrowerThanTarget => pb::Relationship::SourceIsNarrowerThanTarget,
        MapRelationship::SourceIsBroaderThanTarget => pb::Relationship::SourceIsBroaderThanTarget,
        MapRelationship::NotRelatedTo => pb::Relationship::NotRelatedTo,
    };
    pb::translate_response::Target {
        system: translation.system.to_owned(),
        code: translation.code.to_owned(),
        display: translation.display.to_owned(),
        relationship: relationship.into(),
        concept_map: translation.map.canonical(),
        comment: translation.comment.to_owned(),
        version: translation.version.to_owned(),
        depends_on: translation.depends_on.iter().map(property_message).collect(),
        products: translation.products.iter().map(property_message).collect(),
        unmapped: translation.unmapped,
    }
}

/// That a map leaves codes to another, which is not known.
pub fn missing_map_message(name: &str) -> types::Finding {
    types::Finding {
        code: "VN-TERM-022".to_owned(),
        severity: types::Severity::Warning.into(),
        path: String::new(),
        message: format!("a concept map leaves the code to the concept map `{name}`, which is not known"),
    }
}

fn property_message(property: &Property) -> pb::Property {
    pb::Property {
        name: property.name.clone(),
        value: property.value.clone(),
    }
}
