//! The source form of a code system: what an [`Edition`](crate::Edition) is compiled from.

use bytemuck::{CheckedBitPattern, NoUninit};

use super::{Components, LocalizedText, Publication, Validity};

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
    /// What is said of it as a published thing.
    pub publication: Publication,
    /// How much of the code system is here.
    pub content: Content,
    /// The code system that a supplement adds to, `url` or `url|version`; empty when this is none.
    pub supplements: String,
    /// Whether codes that differ in letter case alone are the same code.
    pub case_insensitive: bool,
    /// Address of the value set of all its codes; empty when it has none.
    pub value_set: String,
    /// The properties its concepts may have. A property that stands here nowhere is text.
    pub properties: Vec<PropertyDefinition>,
    /// The concepts, in the order of the source.
    pub concepts: Vec<Concept>,
    /// Concept diagrams (begreppsdiagram).
    pub diagrams: Vec<Diagram>,
    /// What a clinical terminology keeps beyond this.
    pub components: Option<Box<Components>>,
}

/// How much of a code system its content is (FHIR `CodeSystemContentMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, NoUninit, CheckedBitPattern)]
#[repr(u8)]
pub enum Content {
    /// All of it.
    #[default]
    Complete,
    /// A part: codes that are not here may exist.
    Fragment,
    /// An example.
    Example,
    /// Nothing: it is only named.
    NotPresent,
    /// Additions to another code system.
    Supplement,
}

/// A property that concepts may have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PropertyDefinition {
    /// Name.
    pub name: String,
    /// Address that says what it means; empty when none.
    pub uri: String,
    /// What it means, for people; empty when nothing is said.
    pub description: String,
    /// Form of its values.
    pub kind: PropertyKind,
}

/// Form of a property's values. Values are kept as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, NoUninit, CheckedBitPattern)]
#[repr(u8)]
pub enum PropertyKind {
    /// Text.
    #[default]
    String,
    /// A code of the same code system.
    Code,
    /// A code of any code system, as `system|code`.
    Coding,
    /// An integer.
    Integer,
    /// A decimal number.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A date or an instant.
    DateTime,
}

/// A concept diagram (begreppsdiagram): concepts of the code system, where they are drawn and whose relations are
/// shown. The relations themselves are the concepts'.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagram {
    /// Id, unique within the code system.
    pub id: String,
    /// Title.
    pub title: Vec<LocalizedText>,
    /// Concepts, each once.
    pub nodes: Vec<DiagramNode>,
}

/// A concept in a diagram.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiagramNode {
    /// Its code.
    pub code: String,
    /// Column of the grid, from 0.
    pub column: u16,
    /// Row of the grid, from 0.
    pub row: u16,
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
    /// Why it stands there, for people; empty when nothing is said.
    pub status_reason: String,
    /// Whether it only groups others and may not be chosen itself (FHIR `notSelectable`).
    pub not_selectable: bool,
    /// Maturity in the words of FHIR's `structuredefinition-standards-status`; empty when not stated.
    pub standards_status: String,
    /// What sets it apart from its superordinate concept and siblings (särskiljande kännetecken).
    pub features: Vec<LocalizedText>,
    /// Subject fields (ämnesområden).
    pub subject_fields: Vec<String>,
    /// Who looks after it, when not the code system's steward; empty otherwise.
    pub steward: String,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, NoUninit, CheckedBitPattern)]
#[repr(u8)]
pub enum ConceptStatus {
    /// In use; agreed on, where terms are agreed on.
    #[default]
    Active,
    /// Kept for history only.
    Inactive,
    /// Proposed, not yet worked on.
    Proposed,
    /// Under concept analysis (begreppsanalys).
    Analysis,
    /// In its referral round (remiss).
    Referral,
    /// Worked on without agreement (ej enats).
    NotAgreed,
    /// Taken back.
    Withdrawn,
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
    /// Domain in which it has the status, for example `socialtjänst`; empty for all.
    pub domain: String,
    /// What it is used for (FHIR `designation.use`), as `system|code`; empty when not stated.
    pub usage: String,
    /// Why, for people; empty when nothing is said.
    pub comment: String,
}

/// Status of a term for a concept, in the words of Socialstyrelsen's termbank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, NoUninit, CheckedBitPattern)]
#[repr(u8)]
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

/// Kinds of relation between concepts (ISO 704, ISO 1087 and the termbank's own). Generic relations are the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, NoUninit, CheckedBitPattern)]
#[repr(u8)]
pub enum RelationKind {
    /// Whole–part: the target is a part of this concept.
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
