//! What a mapping says: a TOML file beside a CSV file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vardnav_terminology::model::{Publication, PublicationStatus};

use super::super::fhir::words::{PUBLICATION_STATUS, meaning, word};
use crate::codesystem::Findings;

/// What the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Concepts of a code system.
    CodeSystem,
    /// What a value set is composed of.
    ValueSet,
    /// Mappings.
    ConceptMap,
}

/// How the bytes of the CSV files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Encoding {
    /// UTF-8.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1.
    #[serde(rename = "latin-1")]
    Latin1,
}

/// A mapping.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Mapping {
    pub(super) kind: Kind,
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) language: String,
    #[serde(default, skip_serializing_if = "is_comma")]
    pub(super) delimiter: Delimiter,
    #[serde(default, skip_serializing_if = "is_utf_8")]
    pub(super) encoding: Encoding,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) status: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) experimental: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) date: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) publisher: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) steward: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) copyright: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) standards_status: String,
    /// Of a code system.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) content: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) supplements: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) case_insensitive: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) value_set: String,
    /// Whether the code system has components, in tables of their own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) components: bool,
    /// Of a value set: the code system of rows that name none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) system: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inactive: Option<bool>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) locked_date: String,
    /// Of a map.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) source_scope: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) target_scope: String,
    /// What the columns of the CSV file are, by their headings; none when the headings say so themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) columns: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) property: Vec<PropertyEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) diagram: Vec<DiagramEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) reference_set: Vec<ReferenceSetEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parameter: Vec<NamedEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) group: Vec<GroupEntry>,
}

/// A character between columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Delimiter(pub(super) u8);

impl Default for Delimiter {
    fn default() -> Self {
        Self(b',')
    }
}

impl TryFrom<String> for Delimiter {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_bytes() {
            [byte] if *byte == b'\t' || byte.is_ascii_punctuation() && *byte != b'"' => Ok(Self(*byte)),
            _ => Err("the delimiter must be a tab or a punctuation mark other than `\"`"),
        }
    }
}

impl From<Delimiter> for String {
    fn from(delimiter: Delimiter) -> Self {
        char::from(delimiter.0).to_string()
    }
}

/// A property that concepts may have.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct PropertyEntry {
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) kind: String,
}

/// A concept diagram; its concepts are in a table of their own.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DiagramEntry {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) title: Vec<TextEntry>,
}

/// A reference set; its members are in a table of their own.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReferenceSetEntry {
    /// Code of the concept it is.
    pub(super) concept: String,
    /// Names of the further fields of its members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fields: Vec<String>,
}

/// A text with its language.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TextEntry {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) language: String,
    pub(super) text: String,
}

/// A name with its value.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedEntry {
    pub(super) name: String,
    pub(super) value: String,
}

/// The two code systems of a part of a map, and what becomes of codes that no row names.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct GroupEntry {
    pub(super) source: String,
    pub(super) target: String,
    /// `use-source-code`, `fixed` or `other-map`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unmapped: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unmapped_code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unmapped_display: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unmapped_relationship: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unmapped_map: String,
}

impl Mapping {
    /// A mapping of our own files.
    pub(super) fn new(kind: Kind, url: &str, said: &Publication) -> Self {
        let status = match said.status {
            PublicationStatus::Active => "",
            _ => word(PUBLICATION_STATUS, &said.status),
        };
        Self {
            kind,
            url: url.to_owned(),
            version: String::new(),
            title: String::new(),
            language: String::new(),
            delimiter: Delimiter::default(),
            encoding: Encoding::Utf8,
            name: said.name.clone(),
            status: status.to_owned(),
            experimental: said.experimental,
            date: said.date.clone(),
            publisher: said.publisher.clone(),
            steward: said.steward.clone(),
            description: said.description.clone(),
            copyright: said.copyright.clone(),
            standards_status: said.standards_status.clone(),
            content: String::new(),
            supplements: String::new(),
            case_insensitive: false,
            value_set: String::new(),
            components: false,
            system: String::new(),
            inactive: None,
            locked_date: String::new(),
            source_scope: String::new(),
            target_scope: String::new(),
            columns: BTreeMap::new(),
            property: Vec::new(),
            diagram: Vec::new(),
            reference_set: Vec::new(),
            parameter: Vec::new(),
            group: Vec::new(),
        }
    }

    /// Reads a mapping; `None` when it is none, which is told.
    pub(super) fn read(text: &str, path: &str, findings: &mut Findings) -> Option<Self> {
        match toml::from_str::<Self>(text) {
            Ok(mapping) if mapping.url.is_empty() => {
                findings.error("VN-IMP-401", path, 0, "`url` is empty");
                None
            }
            Ok(mapping) => Some(mapping),
            Err(error) => {
                let before = error.span().and_then(|span| text.as_bytes().get(..span.start));
                let line = before.map_or(0, |before| memchr::memchr_iter(b'\n', before).count() + 1);
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                let what = "not known here, missing, or of another form than it must be";
                findings.error("VN-IMP-401", path, line, what);
                None
            }
        }
    }

    /// What it says of the content as a published thing.
    pub(super) fn publication(&self, path: &str, findings: &mut Findings) -> Publication {
        let status = match self.status.as_str() {
            "" => Some(PublicationStatus::Active),
            status => meaning(PUBLICATION_STATUS, status),
        };
        if status.is_none() {
            findings.error("VN-IMP-401", path, 0, "`status` is none of FHIR's");
        }
        Publication {
            name: self.name.clone(),
            status: status.unwrap_or_default(),
            experimental: self.experimental,
            date: self.date.clone(),
            publisher: self.publisher.clone(),
            steward: self.steward.clone(),
            description: self.description.clone(),
            copyright: self.copyright.clone(),
            standards_status: self.standards_status.clone(),
        }
    }
}

fn is_comma(delimiter: &Delimiter) -> bool {
    *delimiter == Delimiter::default()
}

fn is_utf_8(encoding: &Encoding) -> bool {
    *encoding == Encoding::Utf8
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(flag: &bool) -> bool {
    !flag
}
