//! Conversions of terminology messages: concepts, validations, hits, findings of imports.

mod content;
mod history;

pub use content::{
    composition, expression, failure, item_message, missing_map_message, target_message, validated_message,
    warning_message,
};
pub use history::{event_message, replacement_message, turn_message};

use jiff::civil::Date;
use vardnav_release::entry::{ContentRecord, EditionRecord};
use vardnav_terminology::model::{ConceptStatus, DesignationStatus, Diagram, RelationKind, Validity};
use vardnav_terminology::value_set::Languages;
use vardnav_terminology::{
    AttributeValueView, AttributeView, ComponentView, ConceptView, DesignationView, Edition, SearchHit,
    Subsumption, Validation,
};

use crate::common::date_message;
use crate::pb::vardnav::terminology::v1 as pb;
use crate::pb::vardnav::r#type::v1 as types;

/// Most subordinate concepts that one answer lists.
const CHILDREN_MAX: usize = 1000;

/// Codes of findings about a code that is validated: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-TERM-001",
        "the edition does not hold the code",
        "check the code against the edition",
    ),
    (
        "VN-TERM-002",
        "the code may not be used on the date",
        "choose a code that is valid on the date",
    ),
    (
        "VN-TERM-003",
        "the concept is not in use",
        "choose a concept in use",
    ),
    (
        "VN-TERM-004",
        "the display is no term for the concept on the date",
        "use the term that the message names",
    ),
    (
        "VN-TERM-005",
        "the term is deprecated (avrådd) on the date",
        "use the recommended term that the message names",
    ),
    (
        "VN-TERM-006",
        "the code is not in the value set",
        "choose a code of the value set; `term expand` lists them",
    ),
    (
        "VN-TERM-007",
        "the concept is inactive or deprecated, but allowed",
        "look at the concept that takes its place",
    ),
    (
        "VN-TERM-008",
        "a code system, version or value set that the answer needs is not known",
        "import it, or name another version",
    ),
    (
        "VN-TERM-009",
        "the version is not the one that the value set or the request means",
        "leave the version out, or name the one that the message names",
    ),
    (
        "VN-TERM-010",
        "something that the answer rests on is a draft, experimental, deprecated, retired or withdrawn",
        "use the answer with care, or name another version",
    ),
    (
        "VN-TERM-011",
        "what was given cannot be right whatever the terminology says",
        "state code and code system as the message says",
    ),
    (
        "VN-TERM-020",
        "the value set is not known",
        "check its address and version, or import it",
    ),
    (
        "VN-TERM-021",
        "a code system or supplement that the value set needs is not known",
        "import it",
    ),
    (
        "VN-TERM-022",
        "the concept map is not known",
        "check its address and version, or import it",
    ),
    (
        "VN-TERM-023",
        "a value set imports itself, by whatever way",
        "take out one of the imports that the message names",
    ),
    (
        "VN-TERM-024",
        "the definition of the value set, or the expression, cannot be carried out",
        "correct what the message names",
    ),
    (
        "VN-TERM-025",
        "a version would be used that the request rules out",
        "ask without that rule, or import the version that is wanted",
    ),
    (
        "VN-TERM-026",
        "the value set has more codes than are answered at once",
        "ask for pages, or filter",
    ),
    (
        "VN-TERM-027",
        "the list of languages cannot be read",
        "write BCP 47 tags, parted by commas, with weights such as `;q=0.5`",
    ),
    (
        "VN-TERM-028",
        "the request does not name what is needed",
        "name what the message asks for",
    ),
    (
        "VN-TERM-029",
        "what the pages are cut from is not what it was on the page before",
        "begin again without a page token",
    ),
    (
        "VN-TERM-030",
        "there are more hits than can be paged to",
        "write more of what is sought, or name code systems or a value set to search in",
    ),
];

/// A concept as a message: displayed in `language`, judged on `date`.
pub fn concept_message(concept: ConceptView<'_>, language: &str, date: Date) -> pb::Concept {
    let (valid_from, valid_until) = validity(concept.validity());
    pb::Concept {
        code: concept.code().to_owned(),
        display: display(concept, language, date),
        status: concept_status(concept.status()).into(),
        valid_from,
        valid_until,
        designations: concept.designations().map(designation_message).collect(),
        definitions: concept
            .definitions()
            .map(|definition| pb::Definition {
                text: definition.text.to_owned(),
                language: definition.language.to_owned(),
                source: definition.source.to_owned(),
                paraphrase: definition.paraphrase,
                domain: definition.domain.to_owned(),
                decided: definition.decided.to_owned(),
            })
            .collect(),
        parents: concept.parents().map(|parent| parent.code().to_owned()).collect(),
        children: concept
            .children()
            .take(CHILDREN_MAX)
            .map(|child| child.code().to_owned())
            .collect(),
        relations: concept
            .relations()
            .map(|relation| {
                let (valid_from, valid_until) = validity(relation.validity);
                pb::Relation {
                    kind: relation_kind(relation.kind).to_owned(),
                    target: relation.target.code().to_owned(),
                    valid_from,
                    valid_until,
                    scope: relation.scope.to_owned(),
                    source: relation.source.to_owned(),
                }
            })
            .collect(),
        properties: concept
            .properties()
            .map(|property| pb::Property {
                name: property.name.to_owned(),
                value: property.value.to_owned(),
            })
            .collect(),
        notes: concept
            .notes()
            .map(|note| pb::Note {
                language: note.language.to_owned(),
                text: note.text.to_owned(),
            })
            .collect(),
        status_reason: concept.status_reason().to_owned(),
        not_selectable: concept.not_selectable(),
        features: concept
            .features()
            .map(|feature| pb::Note {
                language: feature.language.to_owned(),
                text: feature.text.to_owned(),
            })
            .collect(),
        subject_fields: concept.subject_fields().map(str::to_owned).collect(),
        steward: concept.steward().to_owned(),
        diagrams: concept
            .edition()
            .diagrams()
            .iter()
            .filter(|diagram| diagram.nodes.iter().any(|node| node.code == concept.code()))
            .map(|diagram| diagram.id.clone())
            .collect(),
        component: concept.component().map(component_message),
        attributes: concept.attributes().map(attribute_message).collect(),
        reference_sets: concept
            .reference_sets()
            .map(|set| set.code().to_owned())
            .collect(),
    }
}

fn component_message(component: ComponentView<'_>) -> pb::concept::Component {
    let module = component.module.map(|module| module.code().to_owned());
    pb::concept::Component {
        module: module.unwrap_or_default(),
        effective_time: component.effective_time,
        defined: component.defined,
    }
}

fn attribute_message(attribute: AttributeView<'_>) -> pb::concept::Attribute {
    use pb::concept::attribute::Value;
    pb::concept::Attribute {
        group: attribute.group.into(),
        kind: attribute.kind.code().to_owned(),
        value: Some(match attribute.value {
            AttributeValueView::Concept(concept) => Value::Concept(concept.code().to_owned()),
            AttributeValueView::Number(number) => Value::Number(number.to_owned()),
            AttributeValueView::Text(text) => Value::Text(text.to_owned()),
            AttributeValueView::Boolean(value) => Value::Boolean(value),
        }),
    }
}

/// A concept diagram as a message.
pub fn diagram_message(diagram: &Diagram) -> pb::Diagram {
    pb::Diagram {
        id: diagram.id.clone(),
        title: diagram
            .title
            .iter()
            .map(|title| pb::Note {
                language: title.language.clone(),
                text: title.text.clone(),
            })
            .collect(),
        nodes: diagram
            .nodes
            .iter()
            .map(|node| pb::diagram::Node {
                code: node.code.clone(),
                column: node.column.into(),
                row: node.row.into(),
            })
            .collect(),
    }
}

/// The least of a concept: code, display, status and dates.
pub fn brief_message(concept: ConceptView<'_>, language: &str, date: Date) -> pb::Concept {
    let (valid_from, valid_until) = validity(concept.validity());
    pb::Concept {
        code: concept.code().to_owned(),
        display: display(concept, language, date),
        status: concept_status(concept.status()).into(),
        valid_from,
        valid_until,
        ..Default::default()
    }
}

/// What a validation says, as a message; displayed in the first of the languages that the concept has a term in.
pub fn validation_message(
    validation: Validation<'_>,
    version: &str,
    languages: &Languages,
    date: Date,
) -> pb::ValidateCodeResponse {
    let finding = |code: &str, severity: types::Severity, path: &str, message: String| types::Finding {
        code: code.to_owned(),
        severity: severity.into(),
        path: path.to_owned(),
        message,
    };
    let error = |code, path, message: &str| finding(code, types::Severity::Error, path, message.to_owned());
    let (concept, findings) = match validation {
        Validation::Valid {
            concept,
            deprecated: None,
        } => (Some(concept), Vec::new()),
        Validation::Valid {
            concept,
            deprecated: Some(deprecated),
        } => {
            let instead = deprecated
                .recommended
                .map(|term| format!("; use `{}`", term.text))
                .unwrap_or_default();
            let message = format!("the term is deprecated (avrådd) on the date{instead}");
            (
                Some(concept),
                vec![finding(
                    "VN-TERM-005",
                    types::Severity::Warning,
                    "display",
                    message,
                )],
            )
        }
        Validation::UnknownCode => (
            None,
            vec![error("VN-TERM-001", "code", "the edition does not hold the code")],
        ),
        Validation::NotValidOnDate { concept } => (
            Some(concept),
            vec![error(
                "VN-TERM-002",
                "date",
                "the code may not be used on the date",
            )],
        ),
        Validation::Inactive { concept } => (
            Some(concept),
            vec![error("VN-TERM-003", "code", "the concept is not in use")],
        ),
        Validation::DisplayMismatch { concept, expected } => {
            let message = match expected {
                "" => "the display is no term for the concept on the date".to_owned(),
                expected => format!("the display is no term for the concept on the date; use `{expected}`"),
            };
            (
                Some(concept),
                vec![finding("VN-TERM-004", types::Severity::Error, "display", message)],
            )
        }
    };
    pb::ValidateCodeResponse {
        valid: matches!(validation, Validation::Valid { .. }),
        display: concept
            .map(|concept| display_in(concept, languages, date))
            .unwrap_or_default(),
        findings,
        version: version.to_owned(),
        code: concept
            .map(|concept| concept.code().to_owned())
            .unwrap_or_default(),
        inactive: concept.is_some_and(|concept| concept.status() != ConceptStatus::Active),
    }
}

/// How two codes stand to each other, as a message.
pub fn subsumption_message(subsumption: Subsumption) -> pb::Subsumption {
    match subsumption {
        Subsumption::Equivalent => pb::Subsumption::Equivalent,
        Subsumption::Subsumes => pb::Subsumption::Subsumes,
        Subsumption::SubsumedBy => pb::Subsumption::SubsumedBy,
        Subsumption::NotSubsumed => pb::Subsumption::NotSubsumed,
    }
}

/// A hit as a message, displayed as on `date`.
pub fn hit_message(hit: &SearchHit<'_>, date: Date) -> pb::SearchHit {
    let edition = hit.concept.edition();
    let matched = hit.designation;
    // A term may change its status with time: the one in force on the date is told.
    let status = matched.map(|matched| {
        if matched.validity.contains(date) {
            return designation_status(matched.status);
        }
        let same = |other: &DesignationView<'_>| {
            other.text == matched.text && other.language == matched.language && other.validity.contains(date)
        };
        designation_status(hit.concept.designations().find(same).unwrap_or(matched).status)
    });
    pb::SearchHit {
        system: edition.url().to_owned(),
        version: edition.version().to_owned(),
        code: hit.concept.code().to_owned(),
        display: display(hit.concept, "", date),
        matched: matched
            .map(|designation| designation.text.to_owned())
            .unwrap_or_default(),
        matched_status: status.unwrap_or_default().into(),
        highlights: highlights(hit),
    }
}

/// The parts of the matched term that were typed, in characters.
fn highlights(hit: &SearchHit<'_>) -> Vec<pb::search_hit::Highlight> {
    let text = hit.designation.map_or("", |designation| designation.text);
    // The parts follow each other, so that every character is counted once.
    let (mut counted, mut characters) = (0, 0);
    let mut upto = |bytes: usize| {
        let between = text.get(counted..bytes).unwrap_or_default();
        (counted, characters) = (bytes, characters + between.chars().count());
        u32::try_from(characters).unwrap_or(u32::MAX)
    };
    let parts = hit.highlights().into_iter();
    parts
        .map(|part| pb::search_hit::Highlight {
            start: upto(part.start),
            end: upto(part.end),
        })
        .collect()
}

/// An edition in a list. `digest` and `release` say where it came from.
pub fn code_system_message(edition: &Edition, digest: Option<&[u8; 32]>, release: &str) -> pb::CodeSystem {
    pb::CodeSystem {
        url: edition.url().to_owned(),
        version: edition.version().to_owned(),
        title: edition.title().to_owned(),
        concepts: u32::try_from(edition.len()).unwrap_or(u32::MAX),
        digest: digest
            .map(|digest| prost::bytes::Bytes::copy_from_slice(digest))
            .unwrap_or_default(),
        release: release.to_owned(),
    }
}

/// An edition that was imported.
pub fn imported_message(record: &EditionRecord) -> pb::CodeSystem {
    pb::CodeSystem {
        url: record.system.clone(),
        version: record.version.clone(),
        title: record.title.clone(),
        concepts: u32::try_from(record.concepts).unwrap_or(u32::MAX),
        digest: prost::bytes::Bytes::copy_from_slice(&record.blob),
        release: String::new(),
    }
}

/// A value set or map that was imported.
pub fn resource_message(record: &ContentRecord) -> pb::Resource {
    pb::Resource {
        url: record.url.clone(),
        version: record.version.clone(),
        title: record.title.clone(),
        digest: prost::bytes::Bytes::copy_from_slice(&record.blob),
    }
}

/// The display in the first of the languages that the concept has a term in; without one, its own.
fn display_in(concept: ConceptView<'_>, languages: &Languages, date: Date) -> String {
    let tags = languages.tags();
    let wished = tags.iter().find(|tag| {
        let shown = concept.display(tag, Some(date));
        shown.is_some_and(|shown| Languages::is_answered(tag, shown.language))
    });
    display(concept, wished.map_or("", String::as_str), date)
}

fn display(concept: ConceptView<'_>, language: &str, date: Date) -> String {
    concept
        .display(language, Some(date))
        .map(|designation| designation.text.to_owned())
        .unwrap_or_default()
}

fn designation_message(designation: DesignationView<'_>) -> pb::Designation {
    let (valid_from, valid_until) = validity(designation.validity);
    pb::Designation {
        text: designation.text.to_owned(),
        language: designation.language.to_owned(),
        status: designation_status(designation.status).into(),
        valid_from,
        valid_until,
        scope: designation.scope.to_owned(),
        comment: designation.comment.to_owned(),
        domain: designation.domain.to_owned(),
        usage: designation.usage.to_owned(),
    }
}

fn designation_status(status: DesignationStatus) -> pb::DesignationStatus {
    match status {
        DesignationStatus::Recommended => pb::DesignationStatus::Recommended,
        DesignationStatus::Accepted => pb::DesignationStatus::Accepted,
        DesignationStatus::Deprecated => pb::DesignationStatus::Deprecated,
    }
}

fn concept_status(status: ConceptStatus) -> pb::ConceptStatus {
    match status {
        ConceptStatus::Active => pb::ConceptStatus::Active,
        ConceptStatus::Inactive => pb::ConceptStatus::Inactive,
        ConceptStatus::Proposed => pb::ConceptStatus::Proposed,
        ConceptStatus::Analysis => pb::ConceptStatus::Analysis,
        ConceptStatus::Referral => pb::ConceptStatus::Referral,
        ConceptStatus::NotAgreed => pb::ConceptStatus::NotAgreed,
        ConceptStatus::Withdrawn => pb::ConceptStatus::Withdrawn,
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

fn validity(validity: Validity) -> (Option<types::Date>, Option<types::Date>) {
    (validity.from.map(date_message), validity.until.map(date_message))
}
