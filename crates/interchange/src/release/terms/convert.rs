//! From what the files of terms say to concepts and diagrams of the source model.

use jiff::civil::Date;
use vardnav_release::source::Element;
use vardnav_terminology::model::{
    Concept, Definition, Designation, DesignationStatus, Diagram, DiagramNode, LocalizedText, Property,
    Relation, Validity,
};
use vardnav_terminology::terms_check::{DEFINITION_SEE, HEADING};

use super::text::{ConceptText, DefinitionText, DiagramText, LanguagesText, RelationText, TermText};
use crate::release::reading::{Day, Reading, TextFile};

/// A concept. `from` is the first date of concepts that state none.
pub(super) fn concept(
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
        match designation(term) {
            Some(term) => designations.push(term),
            None => {
                let message = format!("a term of `{code}` needs either `sv` or `en`");
                reading.problem("VN-REL-005", file.path, line, message);
            }
        }
    }
    designations.sort_by_key(|term| match term.status {
        DesignationStatus::Recommended => 0,
        DesignationStatus::Accepted => 1,
        DesignationStatus::Deprecated => 2,
    });
    let marks = [
        (HEADING, if text.heading { "true" } else { "" }),
        (DEFINITION_SEE, text.definition_see.as_str()),
    ];
    let properties = text
        .properties
        .into_iter()
        .chain(
            marks
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        )
        .map(|(name, value)| Property { name, value })
        .collect();
    Concept {
        parents: text.parents,
        status: text.status.into(),
        status_reason: text.status_reason,
        features: texts(text.features),
        subject_fields: text.subject_fields,
        steward: text.steward,
        validity: Validity {
            from: text.from.map(|day| day.0).or(from),
            until: text.until.map(|day| day.0),
        },
        designations,
        definitions: text.definitions.into_iter().flat_map(definitions).collect(),
        notes: texts(text.notes),
        relations: text.relations.into_iter().map(relation).collect(),
        properties,
        code,
        ..Concept::default()
    }
}

/// A concept diagram.
pub(super) fn diagram(text: DiagramText) -> Diagram {
    Diagram {
        id: text.id.into_inner(),
        title: localized(Some(text.title.sv), Some(text.title.en)).collect(),
        nodes: text
            .nodes
            .into_iter()
            .map(|node| DiagramNode {
                code: node.code,
                column: node.column,
                row: node.row,
            })
            .collect(),
    }
}

/// A term; `None` when it does not state exactly one language.
fn designation(term: TermText) -> Option<Designation> {
    let (language, text) = match (term.sv, term.en) {
        (Some(text), None) => ("sv", text),
        (None, Some(text)) => ("en", text),
        _ => return None,
    };
    Some(Designation {
        text,
        language: language.to_owned(),
        status: term.status.into(),
        validity: validity(term.from, term.until),
        scope: term.scope,
        domain: term.domain,
        comment: term.comment,
        ..Designation::default()
    })
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

fn texts(texts: Vec<LanguagesText>) -> Vec<LocalizedText> {
    texts
        .into_iter()
        .flat_map(|text| localized(text.sv, text.en))
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
        kind: text.kind.into(),
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
