//! Conversions of histories: what happened to a concept, in words that programs can tell apart.

use jiff::civil::Date;
use vardnav_terminology::history::{Difference, Happening, Replacement, StatedRelation, Turn, Turning};
use vardnav_terminology::model::{ConceptStatus, DesignationStatus, Validity};
use vardnav_terminology::{DefinitionView, DesignationView, NoteView, PropertyView};

use super::relation_kind;
use crate::common::date_message;
use crate::pb::vardnav::terminology::v1 as pb;
use crate::pb::vardnav::terminology::v1::get_history_response::Change;

/// What happened in an edition; which one is the caller's to add.
pub fn event_message(what: &Happening<'_>) -> Change {
    match what {
        Happening::FirstSeen(concept) => change("added", "", concept.code()),
        Happening::Returned(concept) => change("returned", "", concept.code()),
        Happening::Gone(concept) => change("removed", concept.code(), ""),
        Happening::Changed(difference) => difference_message(difference),
    }
}

/// What begins or ends on a date of one edition.
pub fn turn_message(turn: &Turn<'_>) -> Change {
    let (kind, text) = match turn.what {
        Turning::Concept => ("code", String::new()),
        Turning::Designation(term) => ("designation", designation(&term)),
        Turning::Relation(stated) => ("relation", relation(&stated)),
    };
    let change = if turn.begins {
        change(&format!("{kind}-begins"), "", &text)
    } else {
        change(&format!("{kind}-ends"), &text, "")
    };
    Change {
        from: Some(date_message(turn.date)),
        ..change
    }
}

/// A step to the concept that takes another's place.
pub fn replacement_message(step: &Replacement<'_>) -> pb::get_history_response::Replacement {
    pb::get_history_response::Replacement {
        code: step.to.code().to_owned(),
        scope: step.scope.to_owned(),
        from: step.validity.from.map(date_message),
        until: step.validity.until.map(date_message),
    }
}

fn difference_message(difference: &Difference<'_>) -> Change {
    match *difference {
        Difference::Status { old, new } => change("status", status(old), status(new)),
        Difference::Validity { old, new } => change("validity", &interval(old), &interval(new)),
        Difference::StatusReason { old, new } => change("status-reason", old, new),
        Difference::Steward { old, new } => change("steward", old, new),
        Difference::NotSelectable { old, new } => {
            change("not-selectable", &old.to_string(), &new.to_string())
        }
        Difference::DesignationAdded(term) => change("designation-added", "", &designation(&term)),
        Difference::DesignationRemoved(term) => change("designation-removed", &designation(&term), ""),
        Difference::DesignationChanged { old, new } => {
            change("designation-changed", &designation(&old), &designation(&new))
        }
        Difference::DefinitionAdded(text) => change("definition-added", "", &definition(&text)),
        Difference::DefinitionRemoved(text) => change("definition-removed", &definition(&text), ""),
        Difference::DefinitionChanged { old, new } => {
            change("definition-changed", &definition(&old), &definition(&new))
        }
        Difference::ParentAdded(code) => change("parent-added", "", code),
        Difference::ParentRemoved(code) => change("parent-removed", code, ""),
        Difference::RelationAdded(stated) => change("relation-added", "", &relation(&stated)),
        Difference::RelationRemoved(stated) => change("relation-removed", &relation(&stated), ""),
        Difference::NoteAdded(text) => change("note-added", "", &note(&text)),
        Difference::NoteRemoved(text) => change("note-removed", &note(&text), ""),
        Difference::FeatureAdded(text) => change("feature-added", "", &note(&text)),
        Difference::FeatureRemoved(text) => change("feature-removed", &note(&text), ""),
        Difference::SubjectFieldAdded(field) => change("subject-field-added", "", field),
        Difference::SubjectFieldRemoved(field) => change("subject-field-removed", field, ""),
        Difference::PropertyAdded(value) => change("property-added", "", &property(&value)),
        Difference::PropertyRemoved(value) => change("property-removed", &property(&value), ""),
    }
}

fn change(kind: &str, before: &str, after: &str) -> Change {
    Change {
        kind: kind.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
        ..Change::default()
    }
}

/// A term with its language, status, dates and where it has that status.
fn designation(term: &DesignationView<'_>) -> String {
    let status = match term.status {
        DesignationStatus::Recommended => "recommended",
        DesignationStatus::Accepted => "accepted",
        DesignationStatus::Deprecated => "deprecated",
    };
    let parts = [
        status.to_owned(),
        interval(term.validity),
        term.scope.to_owned(),
        term.domain.to_owned(),
    ];
    format!("{} [{}] ({})", term.text, term.language, told(&parts))
}

fn definition(text: &DefinitionView<'_>) -> String {
    let domain = if text.domain.is_empty() {
        String::new()
    } else {
        format!("({}) ", text.domain)
    };
    format!("{domain}{} [{}]", text.text, text.language)
}

fn relation(stated: &StatedRelation<'_>) -> String {
    let parts = [interval(stated.validity), stated.scope.to_owned()];
    let more = match told(&parts) {
        more if more.is_empty() => more,
        more => format!(" ({more})"),
    };
    format!("{} {}{more}", relation_kind(stated.kind), stated.target)
}

fn note(text: &NoteView<'_>) -> String {
    format!("{} [{}]", text.text, text.language)
}

fn property(value: &PropertyView<'_>) -> String {
    format!("{} = {}", value.name, value.value)
}

fn told(parts: &[String]) -> String {
    let said: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    said.join(", ")
}

fn interval(validity: Validity) -> String {
    let date = |date: Date| date.to_string();
    match (validity.from, validity.until) {
        (None, None) => String::new(),
        (Some(from), None) => format!("from {}", date(from)),
        (None, Some(until)) => format!("until {}", date(until)),
        (Some(from), Some(until)) => format!("from {} until {}", date(from), date(until)),
    }
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
