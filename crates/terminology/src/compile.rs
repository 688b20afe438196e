//! From a code system as read to an [`Edition`], or to the list of what keeps it from becoming one.

use std::collections::HashMap;

use crate::codes::CodeTable;
use crate::csr::CsrBuilder;
use crate::edition::{
    ConceptRow, DefinitionRow, DesignationDetail, DesignationRow, Edition, NoteRow, RelationRow,
};
use crate::hierarchy::{Hierarchy, HierarchyError};
use crate::model::{CodeSystem, Concept, Validity};
use crate::problem::{Problem, ProblemKind};
use crate::search::SearchIndex;
use crate::texts::{Span, TextsBuilder};

/// Longest code, in bytes.
const CODE_BYTES_MAX: usize = 255;

/// Most items of one kind.
const ITEMS_MAX: usize = u32::MAX as usize - 1;

pub(crate) fn compile(source: &CodeSystem) -> Result<Edition, Vec<Problem>> {
    let mut problems = Problems {
        source,
        found: Vec::new(),
    };
    if !fits(source) {
        problems.add(0, ProblemKind::TooLarge);
        return Err(problems.found);
    }
    let codes = codes(source, &mut problems);
    let find = |code: &str| codes.find(code.as_bytes(), is(source, code));

    let mut parts = Parts::new(&source.language);
    for (position, concept) in source.concepts.iter().enumerate() {
        check(position, concept, &mut problems);
        let mut parents: Vec<u32> = Vec::with_capacity(concept.parents.len());
        for code in &concept.parents {
            match find(code) {
                Some(parent) if parents.contains(&parent) => {}
                Some(parent) => parents.push(parent),
                None => problems.add(position, ProblemKind::UnknownParent(code.clone())),
            }
        }
        parents.into_iter().for_each(|parent| parts.parents.push(parent));
        parts.parents.end_row();
        for relation in &concept.relations {
            match find(&relation.target) {
                Some(target) => parts.relations.push(RelationRow {
                    target,
                    kind: relation.kind,
                    validity: relation.validity,
                    scope: parts.texts.intern(&relation.scope),
                    source: parts.texts.intern(&relation.source),
                }),
                None => problems.add(position, ProblemKind::UnknownTarget(relation.target.clone())),
            }
        }
        parts.relations.end_row();
        parts.add(concept);
    }
    if parts.texts.overflow() || parts.languages.len() > u16::MAX as usize {
        problems.add(0, ProblemKind::TooLarge);
    }
    if !problems.found.is_empty() {
        return Err(problems.found);
    }
    let hierarchy =
        Hierarchy::new(source.concepts.len(), parts.parents.finish()).map_err(|error| match error {
            HierarchyError::TooLarge => vec![problems.at(0, ProblemKind::TooLarge)],
            HierarchyError::Cycle(concepts) => concepts
                .into_iter()
                .map(|c| problems.at(c as usize, ProblemKind::Cycle))
                .collect(),
        })?;

    let concepts = parts.concepts.into_boxed_slice();
    let texts = parts.texts.finish();
    let designations = parts.designations.into_boxed_slice();
    let index = SearchIndex::new(&concepts, &designations, &texts);
    Ok(Edition {
        texts,
        codes,
        concepts,
        hierarchy,
        languages: parts.languages.into(),
        designations,
        details: parts.details.into(),
        definitions: parts.definitions.finish(),
        notes: parts.notes.finish(),
        relations: parts.relations.finish(),
        properties: parts.properties.finish(),
        index,
        url: source.url.clone(),
        version: source.version.clone(),
        title: source.title.clone(),
        language: source.language.clone(),
    })
}

struct Problems<'s> {
    source: &'s CodeSystem,
    found: Vec<Problem>,
}

impl Problems<'_> {
    fn at(&self, position: usize, kind: ProblemKind) -> Problem {
        let code = self
            .source
            .concepts
            .get(position)
            .map(|concept| concept.code.clone())
            .unwrap_or_default();
        Problem { position, code, kind }
    }

    fn add(&mut self, position: usize, kind: ProblemKind) {
        self.found.push(self.at(position, kind));
    }
}

fn fits(source: &CodeSystem) -> bool {
    let most = |count: fn(&Concept) -> usize| source.concepts.iter().map(count).sum::<usize>() < ITEMS_MAX;
    source.concepts.len() < ITEMS_MAX
        && most(|c| c.parents.len())
        && most(|c| c.designations.len())
        && most(|c| c.definitions.len())
        && most(|c| c.notes.len())
        && most(|c| c.relations.len())
        && most(|c| c.properties.len())
}

fn is<'a>(source: &'a CodeSystem, code: &'a str) -> impl Fn(u32) -> bool + 'a {
    move |concept| {
        source
            .concepts
            .get(concept as usize)
            .is_some_and(|concept| concept.code == code)
    }
}

fn codes(source: &CodeSystem, problems: &mut Problems<'_>) -> CodeTable {
    let mut codes = CodeTable::with_capacity(source.concepts.len());
    for (position, concept) in source.concepts.iter().enumerate() {
        let code = concept.code.as_str();
        if code.is_empty()
            || code.len() > CODE_BYTES_MAX
            || code.trim() != code
            || code.contains(char::is_control)
        {
            problems.add(position, ProblemKind::MalformedCode);
        } else if let Err(first) = codes.insert(code.as_bytes(), position as u32, is(source, code)) {
            problems.add(
                position,
                ProblemKind::DuplicateCode {
                    first: first as usize,
                },
            );
        }
    }
    codes
}

fn check(position: usize, concept: &Concept, problems: &mut Problems<'_>) {
    if concept
        .designations
        .iter()
        .any(|designation| designation.text.trim().is_empty())
    {
        problems.add(position, ProblemKind::EmptyDesignation);
    }
    let intervals = std::iter::once(concept.validity)
        .chain(
            concept
                .designations
                .iter()
                .map(|designation| designation.validity),
        )
        .chain(concept.relations.iter().map(|relation| relation.validity));
    if intervals.into_iter().any(is_empty) {
        problems.add(position, ProblemKind::EmptyInterval);
    }
}

fn is_empty(validity: Validity) -> bool {
    matches!((validity.from, validity.until), (Some(from), Some(until)) if until <= from)
}

/// The rows of an edition while they are collected.
struct Parts<'s> {
    own_language: &'s str,
    texts: TextsBuilder<'s>,
    languages: Vec<String>,
    language_ids: HashMap<&'s str, u16>,
    concepts: Vec<ConceptRow>,
    parents: CsrBuilder<u32>,
    designations: Vec<DesignationRow>,
    details: Vec<DesignationDetail>,
    definitions: CsrBuilder<DefinitionRow>,
    notes: CsrBuilder<NoteRow>,
    relations: CsrBuilder<RelationRow>,
    properties: CsrBuilder<(Span, Span)>,
}

impl<'s> Parts<'s> {
    fn new(own_language: &'s str) -> Self {
        Self {
            own_language,
            texts: TextsBuilder::default(),
            languages: Vec::new(),
            language_ids: HashMap::new(),
            concepts: Vec::new(),
            parents: CsrBuilder::new(),
            designations: Vec::new(),
            details: Vec::new(),
            definitions: CsrBuilder::new(),
            notes: CsrBuilder::new(),
            relations: CsrBuilder::new(),
            properties: CsrBuilder::new(),
        }
    }

    /// Adds everything of a concept but its parents and relations.
    fn add(&mut self, concept: &'s Concept) {
        let code = self.texts.intern(&concept.code);
        let first = self.designations.len() as u32;
        for designation in &concept.designations {
            let plain = designation.validity == Validity::default()
                && designation.scope.is_empty()
                && designation.comment.is_empty();
            let detail = if plain {
                u32::MAX
            } else {
                self.details.len() as u32
            };
            if !plain {
                let (scope, comment) = (
                    self.texts.intern(&designation.scope),
                    self.texts.intern(&designation.comment),
                );
                self.details.push(DesignationDetail {
                    validity: designation.validity,
                    scope,
                    comment,
                });
            }
            let text = self.texts.intern(&designation.text);
            let language = self.language(&designation.language);
            self.designations.push(DesignationRow {
                text,
                detail,
                language,
                status: designation.status,
            });
        }
        self.concepts.push(ConceptRow {
            code,
            validity: concept.validity,
            designations: (first, self.designations.len() as u32),
            first: self.designations.get(first as usize).copied().unwrap_or_default(),
            status: concept.status,
        });
        for definition in &concept.definitions {
            let row = DefinitionRow {
                text: self.texts.intern(&definition.text),
                source: self.texts.intern(&definition.source),
                domain: self.texts.intern(&definition.domain),
                decided: self.texts.intern(&definition.decided),
                language: self.language(&definition.language),
                paraphrase: definition.paraphrase,
            };
            self.definitions.push(row);
        }
        self.definitions.end_row();
        for note in &concept.notes {
            let row = NoteRow {
                text: self.texts.intern(&note.text),
                language: self.language(&note.language),
            };
            self.notes.push(row);
        }
        self.notes.end_row();
        for property in &concept.properties {
            let row = (
                self.texts.intern(&property.name),
                self.texts.intern(&property.value),
            );
            self.properties.push(row);
        }
        self.properties.end_row();
    }

    fn language(&mut self, tag: &'s str) -> u16 {
        let tag = if tag.is_empty() { self.own_language } else { tag };
        *self.language_ids.entry(tag).or_insert_with(|| {
            self.languages.push(tag.to_owned());
            (self.languages.len() - 1).min(u16::MAX as usize) as u16
        })
    }
}
