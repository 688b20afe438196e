//! A concept as data: what its page shows, in both languages.

use serde_json::{Value, json};
use vardnav_terminology::ConceptView;
use vardnav_terminology::history::history;
use vardnav_terminology::model::{ConceptStatus, DesignationStatus, MapRelationship, RelationKind, Validity};
use vardnav_terminology::translate::Direction;

use super::Browsed;
use super::concept::mapped;
use super::history::{changed, points, releases};
use crate::Source;
use crate::address::Language;
use vardnav_terminology::history::Happening;

/// The concept.
pub(super) fn concept(source: &dyn Source, browsed: &Browsed, concept: ConceptView<'_>) -> String {
    let edition = concept.edition();
    let designations = concept.designations().map(|term| {
        json!({
            "text": term.text, "language": term.language, "status": designation_status(term.status),
            "validity": validity(term.validity), "scope": term.scope, "domain": term.domain, "comment": term.comment,
        })
    });
    let definitions = concept.definitions().map(|definition| {
        json!({
            "text": definition.text, "language": definition.language, "source": definition.source,
            "paraphrase": definition.paraphrase, "domain": definition.domain, "decided": definition.decided,
        })
    });
    let relations = concept.relations().map(|relation| {
        json!({
            "kind": relation_kind(relation.kind), "target": relation.target.code(),
            "validity": validity(relation.validity), "scope": relation.scope, "source": relation.source,
        })
    });
    let texts =
        |text: vardnav_terminology::NoteView<'_>| json!({ "text": text.text, "language": text.language });
    let mappings = |direction| {
        let found = mapped(browsed, concept, direction).into_iter().map(|found| {
            json!({
                "system": found.system, "code": found.code, "display": found.display,
                "relationship": relationship(found.relationship), "comment": found.comment,
                "map": found.map.canonical(),
            })
        });
        found.collect::<Vec<_>>()
    };
    let document = json!({
        "release": browsed.release.id,
        "system": edition.url(),
        "version": edition.version(),
        "code": concept.code(),
        "status": status(concept.status()),
        "status_reason": concept.status_reason(),
        "not_selectable": concept.not_selectable(),
        "validity": validity(concept.validity()),
        "subject_fields": concept.subject_fields().collect::<Vec<_>>(),
        "designations": designations.collect::<Vec<_>>(),
        "definitions": definitions.collect::<Vec<_>>(),
        "features": concept.features().map(texts).collect::<Vec<_>>(),
        "notes": concept.notes().map(texts).collect::<Vec<_>>(),
        "parents": concept.parents().map(|parent| parent.code()).collect::<Vec<_>>(),
        "children": concept.children().map(|child| child.code()).collect::<Vec<_>>(),
        "relations": relations.collect::<Vec<_>>(),
        "properties": concept.properties().map(|one| json!({ "name": one.name, "value": one.value })).collect::<Vec<_>>(),
        "maps_to": mappings(Direction::Forward),
        "mapped_from": mappings(Direction::Backward),
        "history": events(source, concept),
    });
    format!("{document:#}\n")
}

fn events(source: &dyn Source, concept: ConceptView<'_>) -> Vec<Value> {
    let system = concept.edition().url();
    let releases = releases(source, system);
    let points = points(&releases, system);
    let events = history(concept.code(), &points).into_iter();
    let event = |event: vardnav_terminology::history::Event<'_>| {
        let (what, detail) = match &event.what {
            Happening::FirstSeen(_) => ("introduced", None),
            Happening::Returned(_) => ("returned", None),
            Happening::Gone(_) => ("removed", None),
            Happening::Changed(difference) => {
                let text = |language| changed(difference, language);
                let both = json!({ "sv": text(Language::Swedish), "en": text(Language::English) });
                ("changed", Some(both))
            }
        };
        json!({ "release": event.label, "date": event.date.map(|date| date.to_string()), "what": what, "detail": detail })
    };
    events.map(event).collect()
}

fn validity(validity: Validity) -> Value {
    let text = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string());
    json!({ "from": text(validity.from), "until": text(validity.until) })
}

fn status(status: ConceptStatus) -> &'static str {
    match status {
        ConceptStatus::Active => "active",
        ConceptStatus::Inactive => "inactive",
        ConceptStatus::Proposed => "proposed",
        ConceptStatus::Analysis => "analysis",
        ConceptStatus::Referral => "referral",
        ConceptStatus::NotAgreed => "not-agreed",
        ConceptStatus::Withdrawn => "withdrawn",
    }
}

fn designation_status(status: DesignationStatus) -> &'static str {
    match status {
        DesignationStatus::Recommended => "recommended",
        DesignationStatus::Accepted => "accepted",
        DesignationStatus::Deprecated => "deprecated",
    }
}

fn relation_kind(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Partitive => "partitive",
        RelationKind::Associative => "associative",
        RelationKind::Distinguish => "distinguish",
        RelationKind::ReplacedBy => "replaced-by",
        RelationKind::Replaces => "replaces",
    }
}

fn relationship(relationship: MapRelationship) -> &'static str {
    match relationship {
        MapRelationship::RelatedTo => "related-to",
        MapRelationship::Equivalent => "equivalent",
        MapRelationship::SourceIsNarrowerThanTarget => "source-is-narrower-than-target",
        MapRelationship::SourceIsBroaderThanTarget => "source-is-broader-than-target",
        MapRelationship::NotRelatedTo => "not-related-to",
    }
}
