//! What value sets ask of a concept: is it in use, may it be chosen, what do its properties say.

use jiff::civil::Date;

use crate::edition::Edition;
use crate::model::ConceptStatus;
use crate::set::ConceptSet;
use crate::view::{AttributeValueView, ConceptView};

/// The property that depends on the date: whether a concept is not in use.
pub(crate) const INACTIVE: &str = "inactive";

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

/// What every code system can be asked, whether it defines it or not: what is computed here, and FHIR's own properties
/// of concepts (`http://hl7.org/fhir/concept-properties`).
const COMMON: [&str; 17] = [
    "code",
    "concept",
    "display",
    "definition",
    "parent",
    "child",
    "inactive",
    "notSelectable",
    "status",
    "effectiveDate",
    "deprecationDate",
    "retirementDate",
    "partOf",
    "synonym",
    "comment",
    "itemWeight",
    "order",
];

/// Properties of SNOMED CT's concepts beside their attributes, as HL7's "Using SNOMED CT" names them.
const DEFINED: &str = "sufficientlyDefined";
const MODULE: &str = "moduleId";

/// Whether concepts of an edition can have a property.
pub(crate) fn has_property(edition: &Edition, property: &str) -> bool {
    let of_components = || {
        edition.components().is_some()
            && (matches!(property, DEFINED | MODULE) || edition.find(property).is_some())
    };
    COMMON.contains(&property) || edition.has_property(property) || of_components()
}

/// The concepts that have an attribute of SNOMED CT, where a property is nothing else.
pub(crate) fn with_attribute(edition: &Edition, property: &str) -> Option<ConceptSet> {
    let components = edition.components()?;
    let is_other = COMMON.contains(&property) || edition.has_property(property);
    let kind = edition.find(property).filter(|_| !is_other)?;
    let mut set = ConceptSet::none(edition.len());
    components
        .sources_with(kind.0)
        .iter()
        .for_each(|&source| set.insert(source));
    Some(set)
}

/// Whether any value of a property passes a test. Besides the concept's own properties there are `code` (or
/// `concept`), `display`, `definition`, `parent`, `child`, `inactive` (as of a date) and `notSelectable`; in SNOMED CT
/// also `sufficientlyDefined`, `moduleId` and every attribute, named by its code.
pub(crate) fn any_value(
    concept: ConceptView<'_>,
    property: &str,
    date: Option<Date>,
    test: &dyn Fn(&str) -> bool,
) -> bool {
    let truth = |holds: bool| test(if holds { "true" } else { "false" });
    match property {
        "code" | "concept" => test(concept.code()),
        "display" => concept.designations().any(|designation| test(designation.text)),
        "definition" => concept.definitions().any(|definition| test(definition.text)),
        "parent" => concept.parents().any(|parent| test(parent.code())),
        "child" => concept.children().any(|child| test(child.code())),
        INACTIVE => truth(is_inactive(concept, date)),
        "notSelectable" if concept.property(property).is_none() => concept.not_selectable() && test("true"),
        _ => {
            let mut own = concept.properties();
            own.any(|own| own.name == property && test(own.value)) || of_component(concept, property, test)
        }
    }
}

/// Whether any value of a property that a concept has as a component passes a test.
fn of_component(concept: ConceptView<'_>, property: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let Some(component) = concept.component() else {
        return false;
    };
    match property {
        DEFINED => test(if component.defined { "true" } else { "false" }),
        MODULE => component.module.is_some_and(|module| test(module.code())),
        _ => {
            let Some(kind) = concept.edition().find(property) else {
                return false;
            };
            let mut values = concept
                .attributes()
                .filter(|attribute| attribute.kind.index() == kind);
            values.any(|attribute| match attribute.value {
                AttributeValueView::Concept(value) => test(value.code()),
                AttributeValueView::Number(text) | AttributeValueView::Text(text) => test(text),
                AttributeValueView::Boolean(value) => test(if value { "true" } else { "false" }),
            })
        }
    }
}
