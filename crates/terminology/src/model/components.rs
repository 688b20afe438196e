//! What a clinical terminology such as SNOMED CT keeps beyond a plain code system (Release Format 2): modules,
//! attribute relationships, acceptability by dialect, reference sets. Flat tables; concepts are named by their position
//! in [`CodeSystem::concepts`](super::CodeSystem::concepts), since there are millions of rows.

/// The tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Components {
    /// One a concept, in the order of the concepts.
    pub concepts: Vec<ConceptComponent>,
    /// One a designation, in the order of the concepts and of the designations of each.
    pub designations: Vec<DesignationComponent>,
    /// Which designation is preferred or acceptable in which dialect, by designation.
    pub acceptabilities: Vec<Acceptability>,
    /// Descriptions that are no designations, by concept.
    pub descriptions: Vec<Description>,
    /// Relationships other than is-a, by source, then group.
    pub attributes: Vec<Attribute>,
    /// Reference sets, those of languages excepted.
    pub reference_sets: Vec<ReferenceSet>,
}

/// A concept as a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConceptComponent {
    /// Module it belongs to: position of a concept, [`u32::MAX`] when it is not in the edition.
    pub module: u32,
    /// When it last changed, as the number yyyymmdd.
    pub effective_time: u32,
    /// Whether it is sufficiently defined rather than primitive.
    pub defined: bool,
}

/// A designation as a component (a description, in SNOMED's words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DesignationComponent {
    /// Its identifier.
    pub id: u64,
    /// Module: position of a concept.
    pub module: u32,
    /// Its type, such as fully specified name: position of a concept.
    pub kind: u32,
    /// Case significance: position of a concept.
    pub case_significance: u32,
    /// When it last changed, as the number yyyymmdd.
    pub effective_time: u32,
}

/// A description that is no designation: one that no longer holds, or a text definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// What it describes: position of a concept.
    pub concept: u32,
    /// The text.
    pub text: String,
    /// BCP 47 language; empty for that of the code system.
    pub language: String,
    /// Whether it holds.
    pub active: bool,
    /// It as a component.
    pub component: DesignationComponent,
    /// Its standing in dialects, by dialect.
    pub standings: Vec<Standing>,
}

/// A standing in a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The language reference set: position of a concept.
    pub dialect: u32,
    /// Preferred rather than acceptable.
    pub preferred: bool,
}

/// A designation's standing in a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptability {
    /// Position of the designation among all of the code system.
    pub designation: u32,
    /// The language reference set: position of a concept.
    pub dialect: u32,
    /// Preferred rather than acceptable.
    pub preferred: bool,
}

/// A relationship other than is-a.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Whose it is: position of a concept.
    pub source: u32,
    /// Role group; 0 when in none.
    pub group: u16,
    /// The attribute: position of a concept.
    pub kind: u32,
    /// Its value.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A concept, by position.
    Concept(u32),
    /// A number, integer or decimal, as written without `#`.
    Number(String),
    /// A text.
    Text(String),
    /// True or false.
    Boolean(bool),
}

/// A reference set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReferenceSet {
    /// What it is: position of a concept.
    pub concept: u32,
    /// Names of the further fields, such as `mapTarget` or `targetComponentId`.
    pub fields: Vec<String>,
    /// Its members.
    pub members: Vec<ReferenceSetMember>,
}

/// A member of a reference set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReferenceSetMember {
    /// Identifier (UUID) as a number.
    pub id: u128,
    /// When it last changed, as the number yyyymmdd.
    pub effective_time: u32,
    /// Whether it holds.
    pub active: bool,
    /// Module: position of a concept.
    pub module: u32,
    /// The concept that is referred to, by position. Members that refer to anything else are not kept.
    pub referenced: u32,
    /// Values of the further fields, in their order.
    pub values: Vec<FieldValue>,
}

/// A value of a further field of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// A concept of the edition, by position.
    Concept(u32),
    /// An integer.
    Integer(i64),
    /// Anything else, as written.
    Text(String),
}
