//! What value sets ask of a concept: is it in use, may it be chosen, what do its properties say.

use jiff::civil::Date;

use crate::model::ConceptStatus;
use crate::view::ConceptView;

/// Whether a concept is not in use: kept for history, not agreed on, or not valid on the date.
pub(crate) fn is_inactive(concept: ConceptView<'_>, date: Option<Date>) -> bool {
    concept.status() != ConceptStatus::Active || date.is_some_and(|date| !concept.validity().contains(date))
}

/// What the code system calls the concept's status; empty when it says nothing.
pub(crate) fn status(concept: ConceptView<'_>) -> &str {
    match concept.property("status") {
        Some(status) => status,
        None => concept.standards_status(),
    }
}

/// Whether any value of a property passes a test. Besides the concept's own properties there are `code` (or
/// `concept`), `display`, `definition`, `parent`, `child`, `inactive` and `notSelectable`.
pub(crate) fn any_value(concept: ConceptView<'_>, property: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let own = || {
        concept
            .properties()
            .any(|own| own.name == property && test(own.value))
    };
    match property {
        "code" | "concept" => test(concept.code()),
        "display" => concept.designations().any(|designation| test(designation.text)),
        "definition" => concept.definitions().any(|definition| test(definition.text)),
        "parent" => concept.parents().any(|parent| test(parent.code())),
        "child" => concept.children().any(|child| test(child.code())),
        "inactive" => test(if is_inactive(concept, None) {
            "true"
        } else {
            "false"
        }),
        "notSelectable" if concept.property(property).is_none() => concept.not_selectable() && test("true"),
        _ => own(),
    }
}
