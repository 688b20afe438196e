//! The source form of code systems: what files are read into and what an [`Edition`](crate::Edition) is
//! compiled from. Plain data in FHIR's words; it computes nothing.

use jiff::civil::Date;

/// A half-open interval of calendar dates; a missing end is unbounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Validity {
    /// First date included.
    pub from: Option<Date>,
    /// First date no longer included.
    pub until: Option<Date>,
}

impl Validity {
    /// Whether `date` lies in the interval.
    pub fn contains(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date < until)
    }
}

/// One version of one code system (FHIR `CodeSystem`), as read from files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeSystem {
    /// Canonical address, for example `urn:oid:1.2.752.116.1.1.1.1.3`.
    pub url: String,
    /// Version of the content, for example `2021`.
    pub version: String,
    /// Title for people.
    pub title: String,
    /// Language of designations that state none (BCP 47).
    pub language: String,
    /// The concepts, in the order of the source.
    pub concepts: Vec<Concept>,
}

/// A concept of a code system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Concept {
    /// Code, unique within the code system.
    pub code: String,
    /// Codes of the direct superordinate concepts.
    pub parents: Vec<String>,
    /// Where the concept stands in its life.
    pub status: ConceptStatus,
    /// Dates on which the code may be used.
    pub validity: Validity,
    /// Terms, recommended first.
    pub designations: Vec<Designation>,
    /// Definitions; several when they differ by domain.
    pub definitions: Vec<Definition>,
    /// Notes, such as scope notes and "skilj från" remarks, with their language.
    pub notes: Vec<LocalizedText>,
    /// Relations other than the hierarchy.
    pub relations: Vec<Relation>,
    /// Further properties, such as `mark` = `dagger` or `level` = `block`.
    pub properties: Vec<Property>,
}

/// Where a concept stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum ConceptStatus {
    /// In use.
    #[default]
    Active,
    /// Kept for history only.
    Inactive,
    /// Proposed, not yet agreed.
    Proposed,
    /// Worked on without agreement.
    NotAgreed,
}

/// A term for a concept, with its status for this very concept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Designation {
    /// The term.
    pub text: String,
    /// BCP 47 language.
    pub language: String,
    /// Recommended, accepted or deprecated (avrådd).
    pub status: DesignationStatus,
    /// Dates on which the term has this status.
    pub validity: Validity,
    /// Where the status applies, for example `i tillämpliga fall`; empty when everywhere.
    pub scope: String,
    /// Why, for people; empty when nothing is said.
    pub comment: String,
}

/// Status of a term for a concept, in the words of Socialstyrelsen's termbank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum DesignationStatus {
    /// rekommenderad
    #[default]
    Recommended,
    /// tillåten
    Accepted,
    /// avrådd
    Deprecated,
}

/// What a concept means.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definition {
    /// The text.
    pub text: String,
    /// BCP 47 language.
    pub language: String,
    /// Statute, document or record it rests on.
    pub source: String,
    /// True when the wording is ours and only the meaning is the source's.
    pub paraphrase: bool,
    /// Domain qualifier such as `inom socialtjänsten`; empty when general.
    pub domain: String,
    /// Year or date of decision as the source states it; empty when unknown.
    pub decided: String,
}

/// A text with its language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalizedText {
    /// BCP 47 language.
    pub language: String,
    /// The text.
    pub text: String,
}

/// A typed relation to another concept of the same code system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// What kind of relation.
    pub kind: RelationKind,
    /// Code of the other concept.
    pub target: String,
    /// Dates on which it holds.
    pub validity: Validity,
    /// Where it applies, for example `i tillämpliga fall`; empty when everywhere.
    pub scope: String,
    /// What it rests on.
    pub source: String,
}

/// Kinds of relation between concepts (ISO 704, ISO 1087 and the termbank's own).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// Whole–part.
    Partitive,
    /// jämför
    Associative,
    /// skilj från
    Distinguish,
    /// This concept's term gives way to the target's.
    ReplacedBy,
    /// The other direction of `ReplacedBy`.
    Replaces,
}

/// A named value of a concept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}
