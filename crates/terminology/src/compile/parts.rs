//! The rows of an edition while they are collected.

use std::collections::HashMap;
use std::hash::Hash;

use crate::codes::CodeTable;
use crate::csr::CsrBuilder;
use crate::model::{CodeSystem, Concept, Definition, Designation, LocalizedText, PropertyKind};
use crate::problem::{ProblemKind, Problems};
use crate::rows::{
    ConceptRow, DefinitionRow, DesignationRow, DetailRow, NoteRow, PropertyNameRow, PropertyRow, RarityRow,
    RelationRow,
};
use crate::texts::{Span, TextsBuilder};

/// No rarities, no detail.
const NONE: u32 = u32::MAX;

/// The rows.
pub(super) struct Parts {
    own_language: String,
    pub(super) texts: TextsBuilder,
    /// By concept.
    pub(super) codes: Vec<Span>,
    pub(super) languages: Vec<String>,
    language_ids: HashMap<String, u16>,
    pub(super) concepts: Vec<ConceptRow>,
    pub(super) parents: CsrBuilder<u32>,
    pub(super) designations: Vec<DesignationRow>,
    pub(super) details: Vec<DetailRow>,
    detail_ids: HashMap<DetailRow, u32>,
    pub(super) definitions: CsrBuilder<DefinitionRow>,
    pub(super) notes: CsrBuilder<NoteRow>,
    pub(super) relations: CsrBuilder<RelationRow>,
    pub(super) properties: CsrBuilder<PropertyRow>,
    pub(super) property_names: Vec<PropertyNameRow>,
    property_ids: HashMap<String, u32>,
    pub(super) rarities: Vec<RarityRow>,
    rarity_ids: HashMap<RarityRow, u32>,
    pub(super) features: CsrBuilder<NoteRow>,
    pub(super) subject_fields: CsrBuilder<Span>,
}

impl Parts {
    /// No rows yet, with room for those of `source`.
    pub(super) fn new(source: &CodeSystem) -> Self {
        let concepts = source.concepts.len();
        let sum = |count: fn(&Concept) -> usize| source.concepts.iter().map(count).sum::<usize>();
        let mut parts = Self {
            own_language: source.language.clone(),
            texts: TextsBuilder::default(),
            codes: Vec::with_capacity(concepts),
            languages: Vec::new(),
            language_ids: HashMap::new(),
            concepts: Vec::with_capacity(concepts),
            parents: CsrBuilder::with_capacity(concepts, sum(|concept| concept.parents.len())),
            designations: Vec::with_capacity(sum(|concept| concept.designations.len())),
            details: Vec::new(),
            detail_ids: HashMap::new(),
            definitions: CsrBuilder::new(),
            notes: CsrBuilder::new(),
            relations: CsrBuilder::new(),
            properties: CsrBuilder::new(),
            property_names: Vec::new(),
            property_ids: HashMap::new(),
            rarities: Vec::new(),
            rarity_ids: HashMap::new(),
            features: CsrBuilder::new(),
            subject_fields: CsrBuilder::new(),
        };
        for definition in &source.properties {
            parts.property(&definition.name, definition.kind);
        }
        parts
    }

    /// The code of a concept.
    pub(super) fn code(&self, concept: u32) -> &str {
        self.codes
            .get(concept as usize)
            .map_or("", |&code| self.texts.get(code))
    }

    /// The concept with a code.
    pub(super) fn find(&self, codes: &CodeTable, code: &str) -> Option<u32> {
        codes.find(code.as_bytes(), |other| self.code(other) == code)
    }

    /// Adds a concept's parents and relations.
    pub(super) fn add_edges(
        &mut self,
        position: usize,
        concept: &Concept,
        codes: &CodeTable,
        problems: &mut Problems,
    ) {
        let mut parents: Vec<u32> = Vec::with_capacity(concept.parents.len());
        for code in &concept.parents {
            match self.find(codes, code) {
                Some(parent) if parents.contains(&parent) => {}
                Some(parent) => parents.push(parent),
                None => problems.add(position, &concept.code, ProblemKind::UnknownParent(code.clone())),
            }
        }
        parents.into_iter().for_each(|parent| self.parents.push(parent));
        self.parents.end_row();
        for relation in &concept.relations {
            match self.find(codes, &relation.target) {
                Some(target) => self.relations.push(RelationRow {
                    target,
                    kind: relation.kind,
                    validity: relation.validity.into(),
                    scope: self.texts.intern(&relation.scope),
                    source: self.texts.intern(&relation.source),
                    rest: [0; 3],
                }),
                None => {
                    let kind = ProblemKind::UnknownTarget(relation.target.clone());
                    problems.add(position, &concept.code, kind);
                }
            }
        }
        self.relations.end_row();
    }

    /// Adds everything of a concept but its parents and relations.
    pub(super) fn add(&mut self, position: usize, concept: &Concept) {
        let start = self.designations.len();
        for designation in &concept.designations {
            self.add_designation(designation);
        }
        let rarity = RarityRow {
            status_reason: self.texts.intern(&concept.status_reason),
            standards_status: self.texts.intern(&concept.standards_status),
            steward: self.texts.intern(&concept.steward),
        };
        self.concepts.push(ConceptRow {
            code: self.codes.get(position).copied().unwrap_or_default(),
            validity: concept.validity.into(),
            designations: [start as u32, self.designations.len() as u32],
            first: self.designations.get(start).copied().unwrap_or_default(),
            rarity: number(&mut self.rarities, &mut self.rarity_ids, rarity),
            status: concept.status,
            not_selectable: concept.not_selectable,
            rest: [0; 18],
        });
        for definition in &concept.definitions {
            self.add_definition(definition);
        }
        self.definitions.end_row();
        for note in &concept.notes {
            let row = self.note(note);
            self.notes.push(row);
        }
        self.notes.end_row();
        for feature in &concept.features {
            let row = self.note(feature);
            self.features.push(row);
        }
        self.features.end_row();
        for field in &concept.subject_fields {
            self.subject_fields.push(self.texts.intern(field));
        }
        self.subject_fields.end_row();
        for property in &concept.properties {
            let name = self.property(&property.name, PropertyKind::default());
            let value = self.texts.intern(&property.value);
            self.properties.push(PropertyRow { value, name });
        }
        self.properties.end_row();
    }

    fn add_designation(&mut self, designation: &Designation) {
        let detail = DetailRow {
            validity: designation.validity.into(),
            scope: self.texts.intern(&designation.scope),
            domain: self.texts.intern(&designation.domain),
            usage: self.texts.intern(&designation.usage),
            comment: self.texts.intern(&designation.comment),
        };
        let row = DesignationRow {
            text: self.texts.intern(&designation.text),
            detail: number(&mut self.details, &mut self.detail_ids, detail),
            language: self.language(&designation.language),
            status: designation.status,
            rest: 0,
        };
        self.designations.push(row);
    }

    fn add_definition(&mut self, definition: &Definition) {
        let row = DefinitionRow {
            text: self.texts.intern(&definition.text),
            source: self.texts.intern(&definition.source),
            domain: self.texts.intern(&definition.domain),
            decided: self.texts.intern(&definition.decided),
            language: self.language(&definition.language),
            paraphrase: definition.paraphrase,
            rest: 0,
        };
        self.definitions.push(row);
    }

    fn note(&mut self, note: &LocalizedText) -> NoteRow {
        NoteRow {
            text: self.texts.intern(&note.text),
            language: self.language(&note.language).into(),
        }
    }

    /// The number of a language, that of the code system when it is empty.
    pub(super) fn language(&mut self, tag: &str) -> u16 {
        let tag = if tag.is_empty() { &self.own_language } else { tag };
        if let Some(&id) = self.language_ids.get(tag) {
            return id;
        }
        let id = self.languages.len().min(u16::MAX as usize) as u16;
        self.language_ids.insert(tag.to_owned(), id);
        self.languages.push(tag.to_owned());
        id
    }

    /// The number of a property's name. The first to name it settles its kind.
    fn property(&mut self, name: &str, kind: PropertyKind) -> u32 {
        if let Some(&id) = self.property_ids.get(name) {
            return id;
        }
        let id = self.property_names.len() as u32;
        self.property_ids.insert(name.to_owned(), id);
        self.property_names.push(PropertyNameRow {
            name: self.texts.intern(name),
            kind,
            rest: [0; 3],
        });
        id
    }
}

/// The number of a row among those that differ; none when it says nothing.
fn number<T: Copy + Eq + Hash + Default>(rows: &mut Vec<T>, ids: &mut HashMap<T, u32>, row: T) -> u32 {
    if row == T::default() {
        return NONE;
    }
    *ids.entry(row).or_insert_with(|| {
        rows.push(row);
        (rows.len() - 1) as u32
    })
}
