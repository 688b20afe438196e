//! From a code system as read to an [`Edition`], or to the list of what keeps it from becoming one. The source is taken
//! apart concept by concept, so that the two are never in memory as a whole side by side.

use std::collections::HashMap;

use crate::codes::CodeTable;
use crate::components;
use crate::csr::{Csr, CsrBuilder};
use crate::edition::{
    ConceptRow, DefinitionRow, DesignationDetail, DesignationRow, Edition, NoteRow, RelationRow,
};
use crate::hierarchy::{Hierarchy, HierarchyError};
use crate::model::{CodeSystem, Concept, Validity};
use crate::problem::{Problem, ProblemKind, Problems};
use crate::search::SearchIndex;
use crate::texts::{Span, TextsBuilder};

/// Longest code, in bytes.
const CODE_BYTES_MAX: usize = 255;

/// Most items of one kind.
const ITEMS_MAX: usize = u32::MAX as usize - 1;

pub(crate) fn compile(mut source: CodeSystem) -> Result<Edition, Vec<Problem>> {
    let mut problems = Problems::default();
    if !fits(&source) {
        problems.add(0, "", ProblemKind::TooLarge);
        return Err(problems.finish());
    }
    let mut parts = Parts::new(&source.language);
    let codes = codes(&source.concepts, &mut parts, &mut problems);
    for (position, concept) in std::mem::take(&mut source.concepts).into_iter().enumerate() {
        check(position, &concept, &mut problems);
        parts.add_edges(position, &concept, &codes, &mut problems);
        parts.add(position, concept);
    }
    let (concepts, designations) = (parts.concepts.len(), parts.designations.len());
    let components = source.components.take().map(|components| {
        components::build(
            *components,
            concepts,
            designations,
            &mut parts.texts,
            &mut problems,
        )
    });
    if parts.texts.overflow() || parts.languages.len() > u16::MAX as usize {
        problems.add(0, "", ProblemKind::TooLarge);
    }
    if !problems.is_empty() {
        return Err(problems.finish());
    }
    let parents = std::mem::replace(&mut parts.parents, CsrBuilder::new()).finish();
    let hierarchy = hierarchy(&parts, parents)?;

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
        components,
        index,
        url: source.url,
        version: source.version,
        title: source.title,
        language: source.language,
    })
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
        && source.components.as_ref().is_none_or(|components| {
            components.attributes.len() < ITEMS_MAX
                && components.acceptabilities.len() < ITEMS_MAX
                && components
                    .reference_sets
                    .iter()
                    .map(|set| set.members.len().saturating_mul(set.fields.len().max(1)))
                    .fold(0, usize::saturating_add)
                    < ITEMS_MAX
        })
}

/// The table of the codes. Their texts are added first, so that concepts are told apart by their spans.
fn codes(concepts: &[Concept], parts: &mut Parts, problems: &mut Problems) -> CodeTable {
    let mut codes = CodeTable::with_capacity(concepts.len());
    for (position, concept) in concepts.iter().enumerate() {
        let code = concept.code.as_str();
        let malformed = code.is_empty()
            || code.len() > CODE_BYTES_MAX
            || code.trim() != code
            || code.contains(char::is_control);
        parts
            .codes
            .push(parts.texts.intern(if malformed { "" } else { code }));
        if malformed {
            problems.add(
                position,
                code.get(..CODE_BYTES_MAX).unwrap_or(code),
                ProblemKind::MalformedCode,
            );
            continue;
        }
        let inserted = codes.insert(code.as_bytes(), position as u32, |other| {
            parts.code(other) == code
        });
        if let Err(first) = inserted {
            let first = first as usize;
            problems.add(position, code, ProblemKind::DuplicateCode { first });
        }
    }
    codes
}

fn check(position: usize, concept: &Concept, problems: &mut Problems) {
    if concept
        .designations
        .iter()
        .any(|designation| designation.text.trim().is_empty())
    {
        problems.add(position, &concept.code, ProblemKind::EmptyDesignation);
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
        problems.add(position, &concept.code, ProblemKind::EmptyInterval);
    }
}

fn is_empty(validity: Validity) -> bool {
    matches!((validity.from, validity.until), (Some(from), Some(until)) if until <= from)
}

fn hierarchy(parts: &Parts, parents: Csr<u32>) -> Result<Hierarchy, Vec<Problem>> {
    Hierarchy::new(parts.concepts.len(), parents).map_err(|error| {
        let mut problems = Problems::default();
        match error {
            HierarchyError::TooLarge => problems.add(0, "", ProblemKind::TooLarge),
            HierarchyError::Cycle(concepts) => {
                for concept in concepts {
                    problems.add(concept as usize, parts.code(concept), ProblemKind::Cycle);
                }
            }
        }
        problems.finish()
    })
}

/// The rows of an edition while they are collected.
struct Parts {
    own_language: String,
    texts: TextsBuilder,
    /// By concept.
    codes: Vec<Span>,
    languages: Vec<String>,
    language_ids: HashMap<String, u16>,
    concepts: Vec<ConceptRow>,
    parents: CsrBuilder<u32>,
    designations: Vec<DesignationRow>,
    details: Vec<DesignationDetail>,
    definitions: CsrBuilder<DefinitionRow>,
    notes: CsrBuilder<NoteRow>,
    relations: CsrBuilder<RelationRow>,
    properties: CsrBuilder<(Span, Span)>,
}

impl Parts {
    fn new(own_language: &str) -> Self {
        Self {
            own_language: own_language.to_owned(),
            texts: TextsBuilder::default(),
            codes: Vec::new(),
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

    fn code(&self, concept: u32) -> &str {
        self.codes
            .get(concept as usize)
            .map_or("", |&code| self.texts.get(code))
    }

    /// Adds a concept's parents and relations.
    fn add_edges(&mut self, position: usize, concept: &Concept, codes: &CodeTable, problems: &mut Problems) {
        let mut parents: Vec<u32> = Vec::with_capacity(concept.parents.len());
        for code in &concept.parents {
            match codes.find(code.as_bytes(), |other| self.code(other) == code) {
                Some(parent) if parents.contains(&parent) => {}
                Some(parent) => parents.push(parent),
                None => problems.add(position, &concept.code, ProblemKind::UnknownParent(code.clone())),
            }
        }
        parents.into_iter().for_each(|parent| self.parents.push(parent));
        self.parents.end_row();
        for relation in &concept.relations {
            let target = &relation.target;
            match codes.find(target.as_bytes(), |other| self.code(other) == target) {
                Some(target) => self.relations.push(RelationRow {
                    target,
                    kind: relation.kind,
                    validity: relation.validity,
                    scope: self.texts.intern(&relation.scope),
                    source: self.texts.intern(&relation.source),
                }),
                None => problems.add(
                    position,
                    &concept.code,
                    ProblemKind::UnknownTarget(target.clone()),
                ),
            }
        }
        self.relations.end_row();
    }

    /// Adds everything of a concept but its parents and relations.
    fn add(&mut self, position: usize, concept: Concept) {
        let code = self.codes.get(position).copied().unwrap_or_default();
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

    fn language(&mut self, tag: &str) -> u16 {
        let tag = if tag.is_empty() { &self.own_language } else { tag };
        if let Some(&id) = self.language_ids.get(tag) {
            return id;
        }
        let id = self.languages.len().min(u16::MAX as usize) as u16;
        self.language_ids.insert(tag.to_owned(), id);
        self.languages.push(tag.to_owned());
        id
    }
}
