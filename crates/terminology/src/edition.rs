//! One version of one code system, compiled: immutable, shared by all, nothing on the way to an answer but reads.

use std::collections::HashSet;
use std::fmt;

use jiff::civil::Date;

use crate::codes::{CodeTable, folded, undotted};
use crate::components::ComponentTables;
use crate::csr::Csr;
use crate::hierarchy::{Hierarchy, Subsumption};
use crate::image::kept;
use crate::model::{CodeSystem, Content, Diagram, PropertyDefinition, Publication};
use crate::problem::Problem;
pub(crate) use crate::rows::{ConceptRow, DesignationRow};
use crate::rows::{DefinitionRow, DetailRow, NoteRow, PropertyNameRow, PropertyRow, RarityRow, RelationRow};
use crate::search::{SearchHit, SearchIndex, SearchQuery};
use crate::set::ConceptSet;
use crate::texts::{Span, Texts};
use crate::validate::{self, Validation};
use crate::version;
use crate::view::ConceptView;

/// A concept of one edition, as a number. Means nothing in another edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConceptIndex(pub(crate) u32);

impl ConceptIndex {
    /// The concept's position in the source, from 0.
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// A code that the edition does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCode {
    /// The first of two codes.
    #[error("the first code is not known")]
    First,
    /// The second of two codes.
    #[error("the second code is not known")]
    Second,
}

/// A compiled code system.
///
/// Codes are matched as they stand, with two courtesies on a miss: a code in ICD-10's printed form, a letter and two
/// digits before a full stop (`I50.9`), is tried without the full stop (`I509`); and where the code system says that
/// letter case does not matter, it does not. Answers carry the code as the edition writes it.
pub struct Edition {
    /// All that is said of the code system as a whole. It has neither concepts nor components.
    pub(crate) head: CodeSystem,
    pub(crate) texts: Texts,
    pub(crate) codes: CodeTable,
    /// The codes in lower case, where letter case does not tell them apart.
    pub(crate) folded_codes: Option<CodeTable>,
    pub(crate) concepts: Box<[ConceptRow]>,
    pub(crate) hierarchy: Hierarchy,
    pub(crate) languages: Vec<String>,
    pub(crate) designations: Box<[DesignationRow]>,
    pub(crate) details: Box<[DetailRow]>,
    pub(crate) definitions: Csr<DefinitionRow>,
    pub(crate) notes: Csr<NoteRow>,
    pub(crate) relations: Csr<RelationRow>,
    pub(crate) properties: Csr<PropertyRow>,
    /// Names of properties: those defined, in the order of their definitions, then the others.
    pub(crate) property_names: Box<[PropertyNameRow]>,
    pub(crate) rarities: Box<[RarityRow]>,
    pub(crate) features: Csr<NoteRow>,
    pub(crate) subject_fields: Csr<Span>,
    pub(crate) components: Option<ComponentTables>,
    pub(crate) index: SearchIndex,
}

impl Edition {
    /// Compiles a code system.
    ///
    /// # Errors
    /// Every defect found; there is no edition with any of them.
    pub fn compile(source: CodeSystem) -> Result<Self, Vec<Problem>> {
        crate::compile::compile(source)
    }

    /// Canonical address of the code system.
    pub fn url(&self) -> &str {
        &self.head.url
    }

    /// Version of the content.
    pub fn version(&self) -> &str {
        &self.head.version
    }

    /// The edition's own date: the one its version names, else that of its last change. `None` when neither is a date.
    pub fn date(&self) -> Option<Date> {
        let head = &self.head;
        version::date(&head.version).or_else(|| version::date(&head.publication.date))
    }

    /// Title for people.
    pub fn title(&self) -> &str {
        &self.head.title
    }

    /// Language of designations that state none (BCP 47).
    pub fn language(&self) -> &str {
        &self.head.language
    }

    /// What is said of it as a published thing.
    pub fn publication(&self) -> &Publication {
        &self.head.publication
    }

    /// How much of the code system it holds.
    pub fn content(&self) -> Content {
        self.head.content
    }

    /// The code system that it adds to, `url` or `url|version`; empty when it is no supplement.
    pub fn supplements(&self) -> &str {
        &self.head.supplements
    }

    /// Whether codes that differ in letter case alone are the same code.
    pub fn case_insensitive(&self) -> bool {
        self.head.case_insensitive
    }

    /// Address of the value set of all its codes; empty when it has none.
    pub fn value_set(&self) -> &str {
        &self.head.value_set
    }

    /// Whether it defines a property, or any concept has it.
    pub(crate) fn has_property(&self, name: &str) -> bool {
        let mut names = self.property_names.iter();
        names.any(|row| self.texts.get(row.name) == name)
    }

    /// The properties that its concepts may have. A property that stands here nowhere is text.
    pub fn property_definitions(&self) -> &[PropertyDefinition] {
        &self.head.properties
    }

    /// Its concept diagrams.
    pub fn diagrams(&self) -> &[Diagram] {
        &self.head.diagrams
    }

    /// The code system that it was compiled from.
    pub fn to_source(&self) -> CodeSystem {
        crate::source::source(self)
    }

    /// How many concepts it holds.
    pub fn len(&self) -> usize {
        self.concepts.len()
    }

    /// Whether it holds no concept.
    pub fn is_empty(&self) -> bool {
        self.concepts.is_empty()
    }

    /// All concepts, in the order of the source.
    pub fn concepts(&self) -> impl ExactSizeIterator<Item = ConceptView<'_>> {
        self.concepts
            .iter()
            .enumerate()
            .map(|(index, row)| ConceptView::new(self, index as u32, row))
    }

    /// The concept with a code.
    pub fn find(&self, code: &str) -> Option<ConceptIndex> {
        let find = |code: &[u8]| {
            self.codes
                .find(code, |concept| self.code(concept).as_bytes() == code)
        };
        find(code.as_bytes())
            .or_else(|| {
                let (plain, len) = undotted(code)?;
                find(plain.get(..len)?)
            })
            .or_else(|| self.find_folded(code))
            .map(ConceptIndex)
    }

    /// The concept whose code differs in letter case alone, where that tells no codes apart.
    #[cold]
    fn find_folded(&self, code: &str) -> Option<u32> {
        let codes = self.folded_codes.as_ref()?;
        let find = |code: &str| {
            let folded = folded(code);
            codes.find(folded.as_bytes(), |concept| {
                self::folded(self.code(concept)) == folded
            })
        };
        find(code).or_else(|| {
            let (plain, len) = undotted(code)?;
            find(std::str::from_utf8(plain.get(..len)?).ok()?)
        })
    }

    /// What is known of a code.
    pub fn lookup(&self, code: &str) -> Option<ConceptView<'_>> {
        self.concept(self.find(code)?)
    }

    /// What is known of a concept of this edition.
    pub fn concept(&self, index: ConceptIndex) -> Option<ConceptView<'_>> {
        self.concepts
            .get(index.position())
            .map(|row| ConceptView::new(self, index.0, row))
    }

    /// How concept `a` stands to concept `b`, both of this edition.
    pub fn subsumes(&self, a: ConceptIndex, b: ConceptIndex) -> Subsumption {
        self.hierarchy.subsumes(a.0, b.0)
    }

    /// How code `a` stands to code `b`.
    ///
    /// # Errors
    /// When the edition does not hold one of them.
    pub fn subsumes_codes(&self, a: &str, b: &str) -> Result<Subsumption, UnknownCode> {
        let a = self.find(a).ok_or(UnknownCode::First)?;
        let b = self.find(b).ok_or(UnknownCode::Second)?;
        Ok(self.subsumes(a, b))
    }

    /// Whether a code may be used on `date`, and whether `display` is a term for it then.
    pub fn validate_code(&self, code: &str, display: Option<&str>, date: Date) -> Validation<'_> {
        validate::validate(self, code, display, date)
    }

    /// The concepts that fit a query, best first.
    pub fn search(&self, query: &SearchQuery<'_>) -> Vec<SearchHit<'_>> {
        crate::search::search(self, query)
    }

    /// The concepts below a concept of this edition, itself excluded.
    pub fn descendants(&self, concept: ConceptIndex) -> ConceptSet {
        let mut set = ConceptSet::none(self.len());
        self.add_descendants(concept, &mut set);
        set
    }

    /// Adds the concepts below a concept of this edition, itself excluded. Takes as long as there are many.
    pub fn add_descendants(&self, concept: ConceptIndex, set: &mut ConceptSet) {
        self.hierarchy.descendants(concept.0, |below| set.insert(below));
    }

    /// The concepts above a concept of this edition, itself excluded.
    pub fn ancestors(&self, concept: ConceptIndex) -> ConceptSet {
        let mut set = ConceptSet::none(self.len());
        self.add_ancestors(concept, &mut set);
        set
    }

    /// Adds the concepts above a concept of this edition, itself excluded.
    pub fn add_ancestors(&self, concept: ConceptIndex, set: &mut ConceptSet) {
        // What is in `set` already says nothing of what is above it.
        let mut open: Vec<u32> = self.hierarchy.parents(concept.0).to_vec();
        let mut met = HashSet::new();
        while let Some(above) = open.pop() {
            if met.insert(above) {
                set.insert(above);
                open.extend_from_slice(self.hierarchy.parents(above));
            }
        }
    }

    /// What it keeps as a clinical terminology, if it is one.
    pub(crate) fn components(&self) -> Option<&ComponentTables> {
        self.components.as_ref()
    }

    pub(crate) fn code(&self, concept: u32) -> &str {
        self.concepts
            .get(concept as usize)
            .map_or("", |row| self.texts.get(row.code))
    }

    pub(crate) fn designations<'e>(&'e self, concept: &'e ConceptRow) -> &'e [DesignationRow] {
        match concept.designations {
            [start, end] if start.checked_add(1) == Some(end) => std::slice::from_ref(&concept.first),
            [start, end] => self
                .designations
                .get(start as usize..end as usize)
                .unwrap_or_default(),
        }
    }

    pub(crate) fn tag(&self, language: u16) -> &str {
        self.languages.get(language as usize).map_or("", String::as_str)
    }

    pub(crate) fn detail(&self, row: &DesignationRow) -> Option<&DetailRow> {
        self.details.get(row.detail as usize)
    }
}

kept!(Edition {
    head,
    texts,
    codes,
    folded_codes,
    concepts,
    hierarchy,
    languages,
    designations,
    details,
    definitions,
    notes,
    relations,
    properties,
    property_names,
    rarities,
    features,
    subject_fields,
    components,
    index,
});

impl fmt::Debug for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edition")
            .field("url", &self.head.url)
            .field("version", &self.head.version)
            .field("concepts", &self.len())
            .finish_non_exhaustive()
    }
}
