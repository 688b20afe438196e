//! What the term browser calls things, and the marks that it puts beside them.

use maud::{Markup, html};
use vardnav_terminology::model::{
    ConceptStatus, DesignationStatus, LocalizedText, MapRelationship, RelationKind, Validity,
};

use crate::address::Language;

/// Where a concept stands in its life.
pub(super) fn concept_status(status: ConceptStatus, language: Language) -> &'static str {
    let say = |sv, en| language.pick(sv, en);
    match status {
        ConceptStatus::Active => say("i bruk", "in use"),
        ConceptStatus::Inactive => say("inaktivt", "inactive"),
        ConceptStatus::Proposed => say("föreslaget", "proposed"),
        ConceptStatus::Analysis => say("under begreppsanalys", "under concept analysis"),
        ConceptStatus::Referral => say("på remiss", "in its referral round"),
        ConceptStatus::NotAgreed => say("ej enats", "not agreed"),
        ConceptStatus::Withdrawn => say("återkallat", "withdrawn"),
    }
}

/// The mark of a status.
pub(super) fn concept_mark(status: ConceptStatus, language: Language) -> Markup {
    let class = match status {
        ConceptStatus::Active => "tag good",
        ConceptStatus::Inactive | ConceptStatus::Withdrawn => "tag bad",
        _ => "tag warm",
    };
    html! { span class=(class) { (concept_status(status, language)) } }
}

/// Status of a term.
pub(super) fn term_status(status: DesignationStatus, language: Language) -> &'static str {
    match status {
        DesignationStatus::Recommended => language.pick("rekommenderad", "recommended"),
        DesignationStatus::Accepted => language.pick("tillåten", "accepted"),
        DesignationStatus::Deprecated => language.pick("avrådd", "deprecated"),
    }
}

/// The mark of a term's status.
pub(super) fn term_mark(status: DesignationStatus, language: Language) -> Markup {
    let class = match status {
        DesignationStatus::Recommended => "tag good",
        DesignationStatus::Accepted => "tag",
        DesignationStatus::Deprecated => "tag bad",
    };
    html! { span class=(class) { (term_status(status, language)) } }
}

/// How a concept stands to another.
pub(super) fn relation(kind: RelationKind, language: Language) -> &'static str {
    match kind {
        RelationKind::Partitive => language.pick("har del", "has part"),
        RelationKind::Associative => language.pick("jämför", "compare"),
        RelationKind::Distinguish => language.pick("skilj från", "distinguish from"),
        RelationKind::ReplacedBy => language.pick("ersatt av", "replaced by"),
        RelationKind::Replaces => language.pick("ersätter", "replaces"),
    }
}

/// How a code stands to what it is mapped to.
pub(super) fn mapping(relationship: MapRelationship, language: Language) -> &'static str {
    match relationship {
        MapRelationship::RelatedTo => language.pick("hör samman med", "related to"),
        MapRelationship::Equivalent => language.pick("samma innebörd", "equivalent"),
        MapRelationship::SourceIsNarrowerThanTarget => language.pick("snävare än", "narrower than"),
        MapRelationship::SourceIsBroaderThanTarget => language.pick("vidare än", "broader than"),
        MapRelationship::NotRelatedTo => language.pick("hör inte samman med", "not related to"),
    }
}

/// Name of a language.
pub(super) fn language_name(tag: &str, language: Language) -> &str {
    match tag.split('-').next().unwrap_or(tag) {
        "sv" => language.pick("svenska", "Swedish"),
        "en" => language.pick("engelska", "English"),
        "fi" => language.pick("finska", "Finnish"),
        "se" => language.pick("nordsamiska", "Northern Sami"),
        _ => tag,
    }
}

/// From when until when something holds; empty when always.
pub(super) fn validity(validity: Validity, language: Language) -> String {
    let last = validity.until.map(|until| until.yesterday().unwrap_or(until));
    match (validity.from, last) {
        (None, None) => String::new(),
        (Some(from), None) => format!("{} {from}", language.pick("från", "from")),
        (None, Some(last)) => format!("{} {last}", language.pick("till och med", "until")),
        (Some(from), Some(last)) => format!("{from} – {last}"),
    }
}

/// Of texts in several languages the one in the language of the page, else the first.
pub(super) fn text_in(texts: &[LocalizedText], language: Language) -> &str {
    let own = texts.iter().find(|text| text.language == language.tag());
    own.or(texts.first()).map_or("", |text| &text.text)
}
