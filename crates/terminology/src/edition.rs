//! One version of one code system, compiled: immutable, shared by all, nothing on the way to an answer but reads.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use jiff::civil::Date;

use crate::codes::{CodeTable, undotted};
use crate::components::ComponentTables;
use crate::csr::Csr;
use crate::hierarchy::{Hierarchy, Subsumption};
use crate::model::{CodeSystem, ConceptStatus, DesignationStatus, RelationKind, Validity};
use crate::problem::Problem;
use crate::search::{SearchHit, SearchIndex, SearchQuery};
use crate::set::ConceptSet;
use crate::texts::{Span, Texts};
use crate::validate::{self, Validation};
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
/// Codes are matched as they stand, with one courtesy: a code in ICD-10's printed form, a letter and two digits
/// before a full stop (`I50.9`), is on a miss tried without the full stop (`I509`). Answers carry the code as the
/// edition writes it.
pub struct Edition {
    pub(crate) url: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) language: String,
    pub(crate) texts: Texts,
    pub(crate) codes: CodeTable,
    pub(crate) concepts: Box<[ConceptRow]>,
    pub(crate) hierarchy: Hierarchy,
    pub(crate) languages: Box<[String]>,
    pub(crate) designations: Box<[DesignationRow]>,
    pub(crate) details: Box<[DesignationDetail]>,
    pub(crate) definitions: Csr<DefinitionRow>,
    pub(crate) notes: Csr<NoteRow>,
    pub(crate) relations: Csr<RelationRow>,
    pub(crate) properties: Csr<(Span, Span)>,
    pub(crate) components: Option<ComponentTables>,
    pub(crate) index: SearchIndex,
}

/// What nearly every question about a concept needs, in one line of the processor's cache.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct ConceptRow {
    pub(crate) code: Span,
    pub(crate) validity: Validity,
    /// Its designations among all of the edition.
    pub(crate) designations: (u32, u32),
    /// Copy of the first of them; without meaning when there is none.
    pub(crate) first: DesignationRow,
    pub(crate) status: ConceptStatus,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DesignationRow {
    pub(crate) text: Span,
    /// Index into [`Edition::details`]; beyond its end when there is none.
    pub(crate) detail: u32,
    pub(crate) language: u16,
    pub(crate) status: DesignationStatus,
}

/// What few designations have.
#[derive(Debug)]
pub(crate) struct DesignationDetail {
    pub(crate) validity: Validity,
    pub(crate) scope: Span,
    pub(crate) comment: Span,
}

#[derive(Debug)]
pub(crate) struct DefinitionRow {
    pub(crate) text: Span,
    pub(crate) source: Span,
    pub(crate) domain: Span,
    pub(crate) decided: Span,
    pub(crate) language: u16,
    pub(crate) paraphrase: bool,
}

#[derive(Debug)]
pub(crate) struct NoteRow {
    pub(crate) text: Span,
    pub(crate) language: u16,
}

#[derive(Debug)]
pub(crate) struct RelationRow {
    pub(crate) target: u32,
    pub(crate) kind: RelationKind,
    pub(crate) validity: Validity,
    pub(crate) scope: Span,
    pub(crate) source: Span,
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
        &self.url
    }

    /// Version of the content.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Title for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Language of designations that state none (BCP 47).
    pub fn language(&self) -> &str {
        &self.language
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
            .map(ConceptIndex)
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
    #[allow(dead_code, reason = "for expressions over components")]
    pub(crate) fn components(&self) -> Option<&ComponentTables> {
        self.components.as_ref()
    }

    /// The numbers of a concept's designations among all of the edition.
    #[allow(dead_code, reason = "for expressions over components")]
    pub(crate) fn designation_numbers(&self, concept: u32) -> Range<u32> {
        let numbers = self.concepts.get(concept as usize).map(|row| row.designations);
        numbers.map_or(0..0, |(start, end)| start..end)
    }

    /// The concept whose designation has a number.
    #[allow(dead_code, reason = "for expressions over components")]
    pub(crate) fn designated(&self, designation: u32) -> u32 {
        self.concepts
            .partition_point(|row| row.designations.1 <= designation) as u32
    }

    pub(crate) fn code(&self, concept: u32) -> &str {
        self.concepts
            .get(concept as usize)
            .map_or("", |row| self.texts.get(row.code))
    }

    pub(crate) fn designations<'e>(&'e self, concept: &'e ConceptRow) -> &'e [DesignationRow] {
        match concept.designations {
            (start, end) if end - start == 1 => std::slice::from_ref(&concept.first),
            (start, end) => self
                .designations
                .get(start as usize..end as usize)
                .unwrap_or_default(),
        }
    }

    pub(crate) fn tag(&self, language: u16) -> &str {
        self.languages.get(language as usize).map_or("", String::as_str)
    }

    pub(crate) fn detail(&self, row: &DesignationRow) -> Option<&DesignationDetail> {
        self.details.get(row.detail as usize)
    }
}

impl fmt::Debug for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edition")
            .field("url", &self.url)
            .field("version", &self.version)
            .field("concepts", &self.len())
            .finish_non_exhaustive()
    }
}
