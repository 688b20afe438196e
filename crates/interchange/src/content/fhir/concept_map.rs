//! Reading `ConceptMap`, R4 and R5 alike.

use vardnav_terminology::model::{
    ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Property, Unmapped,
};

use super::CONCEPTS_MAX;
use super::finding::Problems;
use super::reading::{self, require};
use super::shapes;
use super::valued::Valued;
use super::words::{self, EQUIVALENCE, RELATIONSHIP, UNMAPPED_RELATIONSHIP};

/// A map from its shape.
pub(super) fn read(mut head: shapes::Head, body: shapes::ConceptMap, problems: &mut Problems) -> ConceptMap {
    let first = |texts: [String; 4]| {
        texts
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    };
    let groups = body
        .group
        .into_iter()
        .enumerate()
        .map(|(position, read)| group(read, &format!("group[{position}]"), problems))
        .collect();
    ConceptMap {
        publication: reading::publication(&mut head, problems),
        url: head.url,
        version: head.version,
        title: head.title,
        source_scope: first([
            body.source_scope_canonical,
            body.source_scope_uri,
            body.source_canonical,
            body.source_uri,
        ]),
        target_scope: first([
            body.target_scope_canonical,
            body.target_scope_uri,
            body.target_canonical,
            body.target_uri,
        ]),
        groups,
    }
}

fn group(read: shapes::Group, place: &str, problems: &mut Problems) -> MapGroup {
    if read.element.len() > CONCEPTS_MAX {
        problems.error("VN-IMP-208", place, &format!("more than {CONCEPTS_MAX} elements"));
    }
    let elements = read.element.into_iter().enumerate();
    let elements = elements
        .filter_map(|(position, read)| element(read, &|| format!("{place}.element[{position}]"), problems))
        .collect();
    MapGroup {
        source: versioned(read.source, &read.source_version),
        target: versioned(read.target, &read.target_version),
        elements,
        unmapped: read.unmapped.map_or(Unmapped::None, |read| {
            unmapped(read, &format!("{place}.unmapped"), problems)
        }),
    }
}

fn versioned(url: String, version: &str) -> String {
    if version.is_empty() {
        url
    } else {
        format!("{url}|{version}")
    }
}

/// An element; `None` when it maps a value set instead of a code.
fn element(read: shapes::Element, place: &dyn Fn() -> String, problems: &mut Problems) -> Option<MapElement> {
    if !is_code(&read.code, &read.value_set, place, problems) {
        return None;
    }
    let mut element = MapElement {
        code: read.code,
        display: read.display,
        no_map: read.no_map.unwrap_or_default(),
        targets: Vec::with_capacity(read.target.len()),
    };
    for (position, read) in read.target.into_iter().enumerate() {
        if read.code.is_empty() && read.equivalence == "unmatched" {
            element.no_map = true;
        } else {
            let place = || format!("{}.target[{position}]", place());
            element.targets.extend(target(read, &place, problems));
        }
    }
    Some(element)
}

/// Whether a code is mapped from or to. A value set in its place is not kept: of what leads to any of many codes no one
/// can say which.
fn is_code(code: &str, value_set: &str, place: &dyn Fn() -> String, problems: &mut Problems) -> bool {
    match (code, value_set) {
        ("", "") => require("", &format!("{}.code", place()), problems),
        (_, "") => return true,
        _ => {
            let message = "value sets of mapped codes are not kept: this leads nowhere; map code by code";
            problems.warn("VN-IMP-209", &place(), message);
        }
    }
    !code.is_empty()
}

/// A target; `None` when it is a value set instead of a code.
fn target(read: shapes::Target, place: &dyn Fn() -> String, problems: &mut Problems) -> Option<MapTarget> {
    if !is_code(&read.code, &read.value_set, place, problems) {
        return None;
    }
    if read.relationship.is_empty() && read.equivalence.is_empty() {
        require("", &format!("{}.relationship", place()), problems);
    }
    Some(MapTarget {
        relationship: relationship(&read.relationship, &read.equivalence, place, problems),
        code: read.code,
        display: read.display,
        comment: read.comment,
        depends_on: read.depends_on.into_iter().map(named).collect(),
        products: read.product.into_iter().map(named).collect(),
    })
}

/// R5's relationship or R4's equivalence.
fn relationship(
    relationship: &str,
    equivalence: &str,
    place: &dyn Fn() -> String,
    problems: &mut Problems,
) -> MapRelationship {
    let read = match (relationship, equivalence) {
        ("", "") => return MapRelationship::default(),
        ("", equivalence) => words::meaning(EQUIVALENCE, equivalence),
        (relationship, _) => words::meaning(RELATIONSHIP, relationship),
    };
    read.unwrap_or_else(|| {
        problems.error(
            "VN-IMP-204",
            &place(),
            "not a relationship or equivalence of FHIR",
        );
        MapRelationship::default()
    })
}

fn named(read: Valued) -> Property {
    Property {
        value: read.text().to_owned(),
        name: read.name,
    }
}

fn unmapped(read: shapes::Unmapped, place: &str, problems: &mut Problems) -> Unmapped {
    let extended = read
        .extension
        .iter()
        .find(|extension| extension.name == UNMAPPED_RELATIONSHIP)
        .map_or("", Valued::text);
    let stated = if read.relationship.is_empty() {
        extended
    } else {
        &read.relationship
    };
    let relationship = relationship(stated, "", &|| place.to_owned(), problems);
    match read.mode.as_str() {
        "use-source-code" | "provided" => Unmapped::SourceCode { relationship },
        "fixed" if !is_code(&read.code, &read.value_set, &|| place.to_owned(), problems) => Unmapped::None,
        "fixed" => Unmapped::Fixed {
            code: read.code,
            display: read.display,
            relationship,
        },
        "other-map" => {
            let url = if read.other_map.is_empty() {
                read.url
            } else {
                read.other_map
            };
            require(&url, &format!("{place}.otherMap"), problems);
            Unmapped::OtherMap { url }
        }
        _ => {
            problems.error("VN-IMP-204", place, "not a mode of FHIR");
            Unmapped::None
        }
    }
}
