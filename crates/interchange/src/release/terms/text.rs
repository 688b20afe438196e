//! What the files of terms say, key by key. Nothing here is judged.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use vardnav_terminology::model::{ConceptStatus, DesignationStatus, RelationKind};

use crate::release::reading::{Day, LabelText};

/// `terms/system.toml` and each of `codes/*.toml`: the head of a code system, and concepts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SystemFile {
    pub(super) url: Spanned<String>,
    pub(super) title: String,
    pub(super) language: String,
    #[serde(default)]
    pub(super) publisher: String,
    #[serde(default)]
    pub(super) steward: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) copyright: String,
    pub(super) from: Option<Day>,
    #[serde(default)]
    pub(super) concept: Vec<ConceptText>,
}

/// Any other of `terms/*.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConceptsFile {
    pub(super) concept: Vec<ConceptText>,
}

/// `terms/diagrams.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DiagramsFile {
    pub(super) diagram: Vec<DiagramText>,
}

/// A concept diagram.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DiagramText {
    pub(super) id: Spanned<String>,
    pub(super) title: LabelText,
    pub(super) nodes: Vec<NodeText>,
}

/// A concept in a diagram.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeText {
    pub(super) code: String,
    pub(super) column: u16,
    pub(super) row: u16,
}

/// A concept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConceptText {
    pub(super) code: Spanned<String>,
    #[serde(default)]
    pub(super) parents: Vec<String>,
    #[serde(default)]
    pub(super) status: StatusText,
    #[serde(default)]
    pub(super) status_reason: String,
    pub(super) from: Option<Day>,
    pub(super) until: Option<Day>,
    #[serde(default)]
    pub(super) heading: bool,
    #[serde(default)]
    pub(super) definition_see: String,
    #[serde(default)]
    pub(super) features: Vec<LanguagesText>,
    #[serde(default)]
    pub(super) subject_fields: Vec<String>,
    #[serde(default)]
    pub(super) steward: String,
    #[serde(default)]
    pub(super) terms: Vec<TermText>,
    #[serde(default)]
    pub(super) definitions: Vec<DefinitionText>,
    #[serde(default)]
    pub(super) notes: Vec<LanguagesText>,
    #[serde(default)]
    pub(super) relations: Vec<RelationText>,
    #[serde(default)]
    pub(super) properties: BTreeMap<String, String>,
}

/// Status of a concept.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StatusText {
    #[default]
    Active,
    Inactive,
    Proposed,
    Analysis,
    Referral,
    NotAgreed,
    Withdrawn,
}

impl From<StatusText> for ConceptStatus {
    fn from(text: StatusText) -> Self {
        match text {
            StatusText::Active => Self::Active,
            StatusText::Inactive => Self::Inactive,
            StatusText::Proposed => Self::Proposed,
            StatusText::Analysis => Self::Analysis,
            StatusText::Referral => Self::Referral,
            StatusText::NotAgreed => Self::NotAgreed,
            StatusText::Withdrawn => Self::Withdrawn,
        }
    }
}

/// Status of a term.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TermStatusText {
    #[default]
    Recommended,
    Accepted,
    Deprecated,
}

impl From<TermStatusText> for DesignationStatus {
    fn from(text: TermStatusText) -> Self {
        match text {
            TermStatusText::Recommended => Self::Recommended,
            TermStatusText::Accepted => Self::Accepted,
            TermStatusText::Deprecated => Self::Deprecated,
        }
    }
}

/// A term in one language: exactly one of `sv` and `en`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TermText {
    pub(super) sv: Option<String>,
    pub(super) en: Option<String>,
    #[serde(default)]
    pub(super) status: TermStatusText,
    pub(super) from: Option<Day>,
    pub(super) until: Option<Day>,
    #[serde(default)]
    pub(super) scope: String,
    #[serde(default)]
    pub(super) domain: String,
    #[serde(default)]
    pub(super) comment: String,
}

/// A definition, in one or both languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DefinitionText {
    pub(super) sv: Option<String>,
    pub(super) en: Option<String>,
    pub(super) source: String,
    pub(super) paraphrase: bool,
    #[serde(default)]
    pub(super) domain: String,
    #[serde(default)]
    pub(super) decided: String,
}

/// A text in one or both languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguagesText {
    pub(super) sv: Option<String>,
    pub(super) en: Option<String>,
}

/// A relation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RelationText {
    pub(super) kind: RelationKindText,
    pub(super) target: String,
    pub(super) from: Option<Day>,
    pub(super) until: Option<Day>,
    #[serde(default)]
    pub(super) scope: String,
    #[serde(default)]
    pub(super) source: String,
}

/// Kind of a relation.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RelationKindText {
    Partitive,
    Associative,
    Distinguish,
    ReplacedBy,
    Replaces,
}

impl From<RelationKindText> for RelationKind {
    fn from(text: RelationKindText) -> Self {
        match text {
            RelationKindText::Partitive => Self::Partitive,
            RelationKindText::Associative => Self::Associative,
            RelationKindText::Distinguish => Self::Distinguish,
            RelationKindText::ReplacedBy => Self::ReplacedBy,
            RelationKindText::Replaces => Self::Replaces,
        }
    }
}
