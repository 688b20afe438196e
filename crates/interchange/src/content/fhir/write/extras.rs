//! Writing the parts of a concept and of a code system that FHIR has little or no place for: definitions, relations,
//! diagrams.

use vardnav_terminology::model::{Definition, Diagram, Relation};

use super::super::valued::{ValueKind, Valued};
use super::super::words::{RELATION_KIND, TRANSLATION, word};
use super::{language_extension, localized, own, part, text_extension, validity_parts};

/// The first definition with what it is extended by; the others follow as translations where they are no more than
/// that, otherwise as extensions of the concept.
pub(super) fn definitions(
    definitions: &[Definition],
    language: &str,
    concept: &mut Vec<Valued>,
) -> (String, Vec<Valued>) {
    let mut extension = Vec::new();
    let mut rest = definitions;
    let mut text = String::new();
    if let Some((first, others)) = definitions
        .split_first()
        .filter(|(first, _)| !first.text.is_empty())
    {
        text.clone_from(&first.text);
        language_extension(&first.language, language, &mut extension);
        text_extension("source", &first.source, &mut extension);
        if first.paraphrase {
            extension.push(Valued::extension(own("paraphrase"), ValueKind::Boolean, "true"));
        }
        text_extension("domain", &first.domain, &mut extension);
        text_extension("decided", &first.decided, &mut extension);
        let translations = others.iter().take_while(|other| is_translation(other)).count();
        let (translations, others) = others.split_at(translations);
        extension.extend(translations.iter().map(translation));
        rest = others;
    }
    concept.extend(rest.iter().map(definition));
    (text, extension)
}

fn is_translation(definition: &Definition) -> bool {
    let plain = Definition {
        text: definition.text.clone(),
        language: definition.language.clone(),
        ..Definition::default()
    };
    *definition == plain && !plain.text.is_empty() && !plain.language.is_empty()
}

fn translation(definition: &Definition) -> Valued {
    let parts = vec![
        Valued::extension("lang", ValueKind::Code, &definition.language),
        Valued::extension("content", ValueKind::String, &definition.text),
    ];
    Valued::of(TRANSLATION, parts)
}

fn definition(definition: &Definition) -> Valued {
    let mut parts = Vec::new();
    part("text", &definition.text, &mut parts);
    part("language", &definition.language, &mut parts);
    part("source", &definition.source, &mut parts);
    if definition.paraphrase {
        parts.push(Valued::extension("paraphrase", ValueKind::Boolean, "true"));
    }
    part("domain", &definition.domain, &mut parts);
    part("decided", &definition.decided, &mut parts);
    Valued::of(own("definition"), parts)
}

/// A relation as an extension.
pub(super) fn relation(relation: &Relation) -> Valued {
    let kind = word(RELATION_KIND, &relation.kind);
    let mut parts = vec![
        Valued::extension("kind", ValueKind::Code, kind),
        Valued::extension("target", ValueKind::Code, &relation.target),
    ];
    validity_parts(relation.validity, &mut parts);
    part("scope", &relation.scope, &mut parts);
    part("source", &relation.source, &mut parts);
    Valued::of(own("relation"), parts)
}

/// A diagram as an extension.
pub(super) fn diagram(diagram: &Diagram) -> Valued {
    let mut parts = vec![Valued::extension("id", ValueKind::String, &diagram.id)];
    parts.extend(
        diagram
            .title
            .iter()
            .map(|title| localized("title".to_owned(), title)),
    );
    parts.extend(diagram.nodes.iter().map(|node| {
        let place = vec![
            Valued::extension("code", ValueKind::Code, &node.code),
            Valued::extension("column", ValueKind::UnsignedInt, node.column.to_string()),
            Valued::extension("row", ValueKind::UnsignedInt, node.row.to_string()),
        ];
        Valued::of("node", place)
    }));
    Valued::of(own("diagram"), parts)
}
