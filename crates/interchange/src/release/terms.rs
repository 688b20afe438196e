//! `terms/*.toml` and `codes/*.toml`: the release's own code systems, with dated designations, definitions,
//! notes and relations. The version of each is the release's id.

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use vardnav_release::source::Element;
use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Definition, Designation, DesignationStatus, LocalizedText, Property,
    Relation, RelationKind, Validity,
};

use super::reading::{Day, Reading, TextFile};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemFile {
    url: Spanned<String>,
    title: String,
    language: String,
    from: Option<Day>,
    #[serde(default)]
    concept: Vec<ConceptText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConceptsFile {
    concept: Vec<ConceptText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConceptText {
    code: Spanned<String>,
    #[serde(default)]
    parents: Vec<String>,
    #[serde(default)]
    status: StatusText,
    from: Option<Day>,
    until: Option<Day>,
    #[serde(default)]
    terms: Vec<TermText>,
    #[serde(default)]
    definitions: Vec<DefinitionText>,
    #[serde(default)]
    notes: Vec<NoteText>,
    #[serde(default)]
    relations: Vec<RelationText>,
    #[serde(default)]
    properties: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum StatusText {
    #[default]
    Active,
    Inactive,
    Proposed,
    NotAgreed,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum TermStatusText {
    #[default]
    Recommended,
    Accepted,
    Deprecated,
}

/// A term in one language: exactly one of `sv` and `en`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermText {
    sv: Option<String>,
    en: Option<String>,
    #[serde(default)]
    status: TermStatusText,
    from: Option<Day>,
    until: Option<Day>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    comment: String,
}

/// A definition, in one or both languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefinitionText {
    sv: Option<String>,
    en: Option<String>,
    source: String,
    paraphrase: bool,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    decided: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteText {
    sv: Option<String>,
    en: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationText {
    kind: RelationKindText,
    target: String,
    from: Option<Day>,
    until: Option<Day>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    source: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum RelationKindText {
    Partitive,
    Associative,
    Distinguish,
    ReplacedBy,
    Replaces,
}

/// Reads the terms (one code system over several files) and each small code system (one file each).
pub(super) fn read(reading: &mut Reading<'_>, version: &str) -> Vec<CodeSystem> {
    let mut systems = Vec::new();
    if let Some(file) = reading.required("terms/system.toml")
        && let Some(mut system) = read_system(reading, &file, version)
    {
        for path in reading.paths_in("terms/", ".toml") {
            if path == file.path {
                continue;
            }
            if let Some(file) = reading.optional(path)
                && let Some(ConceptsFile { concept }) = reading.toml(&file)
            {
                for text in concept {
                    let concept = convert(reading, &file, &system.url, None, text);
                    system.concepts.push(concept);
                }
            }
        }
        systems.push(system);
    }
    for path in reading.paths_in("codes/", ".toml") {
        if let Some(file) = reading.optional(path)
            && let Some(system) = read_system(reading, &file, version)
        {
            systems.push(system);
        }
    }
    systems
}

/// Reads the head of a code system and the concepts that stand in the same file.
pub(super) fn read_system(
    reading: &mut Reading<'_>,
    file: &TextFile<'_>,
    version: &str,
) -> Option<CodeSystem> {
    let text: SystemFile = reading.toml(file)?;
    let url = text.url.get_ref().clone();
    reading.note(Element::CodeSystem(url.clone()), file, &text.url);
    let from = text.from.map(|day| day.0);
    let concepts = text
        .concept
        .into_iter()
        .map(|concept| convert(reading, file, &url, from, concept))
        .collect();
    Some(CodeSystem {
        url,
        version: version.to_owned(),
        title: text.title,
        language: text.language,
        concepts,
        ..CodeSystem::default()
    })
}

fn convert(
    reading: &mut Reading<'_>,
    file: &TextFile<'_>,
    url: &str,
    from: Option<Date>,
    text: ConceptText,
) -> Concept {
    let code = text.code.get_ref().clone();
    reading.note(Element::Concept(url.to_owned(), code.clone()), file, &text.code);
    let line = file.line_of(text.code.span().start);
    let mut designations = Vec::new();
    for term in text.terms {
        let (language, words) = match (term.sv, term.en) {
            (Some(words), None) => ("sv", words),
            (None, Some(words)) => ("en", words),
            _ => {
                let message = format!("a term of `{code}` needs either `sv` or `en`");
                reading.problem("VN-REL-005", file.path, line, message);
                continue;
            }
        };
        designations.push(Designation {
            text: words,
            language: language.to_owned(),
            status: match term.status {
                TermStatusText::Recommended => DesignationStatus::Recommended,
                TermStatusText::Accepted => DesignationStatus::Accepted,
                TermStatusText::Deprecated => DesignationStatus::Deprecated,
            },
            validity: validity(term.from, term.until),
            scope: term.scope,
            comment: term.comment,
            ..Designation::default()
        });
    }
    designations.sort_by_key(|term| match term.status {
        DesignationStatus::Recommended => 0,
        DesignationStatus::Accepted => 1,
        DesignationStatus::Deprecated => 2,
    });
    Concept {
        parents: text.parents,
        status: match text.status {
            StatusText::Active => ConceptStatus::Active,
            StatusText::Inactive => ConceptStatus::Inactive,
            StatusText::Proposed => ConceptStatus::Proposed,
            StatusText::NotAgreed => ConceptStatus::NotAgreed,
        },
        validity: Validity {
            from: text.from.map(|day| day.0).or(from),
            until: text.until.map(|day| day.0),
        },
        designations,
        definitions: text.definitions.into_iter().flat_map(definitions).collect(),
        notes: text
            .notes
            .into_iter()
            .flat_map(|note| localized(note.sv, note.en))
            .collect(),
        relations: text.relations.into_iter().map(relation).collect(),
        properties: text
            .properties
            .into_iter()
            .map(|(name, value)| Property { name, value })
            .collect(),
        code,
        ..Concept::default()
    }
}

fn definitions(text: DefinitionText) -> Vec<Definition> {
    let DefinitionText {
        sv,
        en,
        source,
        paraphrase,
        domain,
        decided,
    } = text;
    localized(sv, en)
        .map(|words| Definition {
            text: words.text,
            language: words.language,
            source: source.clone(),
            paraphrase,
            domain: domain.clone(),
            decided: decided.clone(),
        })
        .collect()
}

fn localized(sv: Option<String>, en: Option<String>) -> impl Iterator<Item = LocalizedText> {
    [("sv", sv), ("en", en)]
        .into_iter()
        .filter_map(|(language, text)| {
            Some(LocalizedText {
                language: language.to_owned(),
                text: text?,
            })
        })
}

fn relation(text: RelationText) -> Relation {
    Relation {
        kind: match text.kind {
            RelationKindText::Partitive => RelationKind::Partitive,
            RelationKindText::Associative => RelationKind::Associative,
            RelationKindText::Distinguish => RelationKind::Distinguish,
            RelationKindText::ReplacedBy => RelationKind::ReplacedBy,
            RelationKindText::Replaces => RelationKind::Replaces,
        },
        target: text.target,
        validity: validity(text.from, text.until),
        scope: text.scope,
        source: text.source,
    }
}

fn validity(from: Option<Day>, until: Option<Day>) -> Validity {
    Validity {
        from: from.map(|day| day.0),
        until: until.map(|day| day.0),
    }
}
