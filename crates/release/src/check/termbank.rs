//! Checks of the termbank's record: the reasons of statuses, the concept diagrams, no personal number in any text, and
//! what [`vardnav_terminology::terms_check`] finds about definitions, terms and relations.

use std::collections::BTreeSet;

use vardnav_register::text::holds_personal_number;
use vardnav_terminology::model::{CodeSystem, Concept, ConceptStatus, Diagram};
use vardnav_terminology::terms_check::{self, TermFinding, TermFindingKind};

use super::Findings;
use crate::source::Element;

/// Checks all code systems of the release.
pub(super) fn check(found: &mut Findings<'_>) {
    for system in &found.source.code_systems {
        for concept in &system.concepts {
            let at = Element::Concept(system.url.clone(), concept.code.clone());
            reason(found, &at, concept);
            harmless(found, &at, concept);
        }
        diagrams(found, system);
        for finding in terms_check::check(system) {
            add(found, system, &finding);
        }
    }
}

fn reason(found: &mut Findings<'_>, at: &Element, concept: &Concept) {
    let needed = matches!(
        concept.status,
        ConceptStatus::NotAgreed | ConceptStatus::Withdrawn
    );
    if needed && concept.status_reason.trim().is_empty() {
        let message = format!("`{}` has a status that needs a reason", concept.code);
        found.error("VN-REL-127", at, message);
    }
}

fn harmless(found: &mut Findings<'_>, at: &Element, concept: &Concept) {
    let texts = concept
        .designations
        .iter()
        .flat_map(|term| [&term.text, &term.comment])
        .chain(concept.definitions.iter().map(|definition| &definition.text))
        .chain(concept.notes.iter().map(|note| &note.text))
        .chain(concept.features.iter().map(|feature| &feature.text))
        .chain([&concept.status_reason]);
    for text in texts {
        found.harmless(at, &format!("a text of `{}`", concept.code), text);
    }
}

fn diagrams(found: &mut Findings<'_>, system: &CodeSystem) {
    let known: BTreeSet<&str> = system
        .concepts
        .iter()
        .map(|concept| concept.code.as_str())
        .collect();
    let mut ids = BTreeSet::new();
    for diagram in &system.diagrams {
        let at = Element::Diagram(system.url.clone(), diagram.id.clone());
        if diagram.id.is_empty() || !ids.insert(diagram.id.as_str()) {
            let message = format!("diagram id `{}` is empty or given twice", diagram.id);
            found.error("VN-REL-128", &at, message);
        }
        if diagram.title.iter().any(|title| title.text.trim().is_empty()) {
            let message = format!("the title of diagram `{}` is not in both languages", diagram.id);
            found.error("VN-REL-112", &at, message);
        }
        nodes(found, &at, &known, diagram);
    }
}

fn nodes(found: &mut Findings<'_>, at: &Element, known: &BTreeSet<&str>, diagram: &Diagram) {
    let (mut codes, mut places) = (BTreeSet::new(), BTreeSet::new());
    for node in &diagram.nodes {
        let wrong = if !known.contains(node.code.as_str()) {
            "is not a concept"
        } else if !codes.insert(node.code.as_str()) {
            "stands there twice"
        } else if !places.insert((node.column, node.row)) {
            "shares its place with another concept"
        } else {
            continue;
        };
        let message = format!("`{}` {wrong} in diagram `{}`", node.code, diagram.id);
        found.error("VN-REL-128", at, message);
    }
    if diagram.nodes.is_empty() {
        let message = format!("diagram `{}` has no concept", diagram.id);
        found.error("VN-REL-128", at, message);
    }
}

/// Takes a finding of the terms over. Missing recommended terms are told by date elsewhere (`VN-REL-105`).
fn add(found: &mut Findings<'_>, system: &CodeSystem, finding: &TermFinding) {
    let code = match &finding.kind {
        TermFindingKind::Circle { .. } => "VN-REL-119",
        TermFindingKind::DeprecatedInDefinition { .. } => "VN-REL-120",
        TermFindingKind::Homonym { .. } => "VN-REL-121",
        TermFindingKind::NoRecommendedTerm { .. } => return,
        TermFindingKind::NoDefinition | TermFindingKind::UnknownDefinition { .. } => "VN-REL-122",
        TermFindingKind::DefinitionRepeatsTerm { .. } => "VN-REL-123",
        TermFindingKind::WithdrawnTarget { .. } => "VN-REL-124",
        TermFindingKind::OneSided { .. } | TermFindingKind::BothWays { .. } => "VN-REL-125",
        TermFindingKind::UndatedReplacement { .. } => "VN-REL-126",
    };
    let at = Element::Concept(system.url.clone(), finding.code.clone());
    let message = finding.to_string();
    if holds_personal_number(&message) {
        found.warning(code, &at, format!("`{}`: see its terms", finding.code));
    } else {
        found.warning(code, &at, message);
    }
}
