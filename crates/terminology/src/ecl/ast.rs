//! What an expression constraint says, as a tree: the parts of the language under the names of its specification,
//! whichever syntax they were written in. Plain data; it evaluates nothing.
//!
//! What two ways of writing mean the same stands here in one way only: redundant brackets are gone, a set of concepts
//! in brackets is a disjunction, an acceptability after a set of dialects stands with each of them.

/// An expression constraint: a set of concepts by what holds of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// One sub-expression.
    Sub(Box<SubExpression>),
    /// What is in all of two or more sets (`AND`, `,`).
    And(Vec<SubExpression>),
    /// What is in any of two or more sets (`OR`).
    Or(Vec<SubExpression>),
    /// What is in the first set and not in the second (`MINUS`).
    Minus(Box<SubExpression>, Box<SubExpression>),
    /// What is in a set and satisfies a refinement (`:`).
    Refined(Box<SubExpression>, Refinement),
    /// The values of an attribute of a set's concepts, then those of another of these, and so on (`.`).
    Dotted(Box<SubExpression>, Vec<SubExpression>),
}

/// A sub-expression: a focus, and what is applied to it in this order: membership, operator, filters, history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubExpression {
    /// Operator of the hierarchy.
    pub operator: Option<Operator>,
    /// Whether the focus names reference sets whose members are meant.
    pub member_of: Option<MemberOf>,
    /// What it starts from.
    pub focus: Focus,
    /// Filters, each applied to what the former left.
    pub filters: Vec<Filter>,
    /// Inactive concepts to add.
    pub history: Option<History>,
}

impl SubExpression {
    /// A focus alone.
    pub fn of(focus: Focus) -> Self {
        Self {
            operator: None,
            member_of: None,
            focus,
            filters: Vec::new(),
            history: None,
        }
    }

    /// Whether nothing is applied to the focus.
    pub fn is_plain(&self) -> bool {
        self.operator.is_none()
            && self.member_of.is_none()
            && self.filters.is_empty()
            && self.history.is_none()
    }
}

/// An operator of the hierarchy. Applied to a set it gives the union of what it gives for each concept, apart from
/// the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `<`
    DescendantOf,
    /// `<<`
    DescendantOrSelfOf,
    /// `<!`
    ChildOf,
    /// `<<!`
    ChildOrSelfOf,
    /// `>`
    AncestorOf,
    /// `>>`
    AncestorOrSelfOf,
    /// `>!`
    ParentOf,
    /// `>>!`
    ParentOrSelfOf,
    /// `!!>`: the concepts of the set that are below no other of it.
    Top,
    /// `!!<`: the concepts of the set that are above no other of it.
    Bottom,
}

/// What a sub-expression starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Focus {
    /// A concept.
    Concept(ConceptReference),
    /// `*`: every concept of the edition.
    Any,
    /// A concept by its identifier in another scheme.
    Alternate(AlternateIdentifier),
    /// An expression in brackets.
    Nested(Box<Expression>),
}

/// A concept by its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConceptReference {
    /// SNOMED CT identifier. Its check digit is not looked at.
    pub id: u64,
    /// The term that stands beside it, for people; it means nothing.
    pub term: Option<String>,
}

impl From<u64> for ConceptReference {
    fn from(id: u64) -> Self {
        Self { id, term: None }
    }
}

/// A concept by its identifier in another scheme, such as `LOINC#54486-6`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlternateIdentifier {
    /// Alias of the scheme.
    pub scheme: String,
    /// Identifier.
    pub code: String,
    /// The term that stands beside it.
    pub term: Option<String>,
}

/// Membership in reference sets (`^`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberOf {
    /// The fields whose values are meant, instead of the concepts referred to.
    pub fields: Option<Fields>,
    /// What a member must satisfy, all of it.
    pub filters: Vec<MemberFilter>,
}

/// Fields of reference sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// All that are no metadata (`*`).
    All,
    /// These, by name.
    Named(Vec<String>),
}

/// A refinement: what must hold of a concept's attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refinement {
    /// An attribute, in whatever group.
    Attribute(Box<Attribute>),
    /// A number of attribute groups, each satisfying the same (`{ }`). What is in it holds no further group.
    Group(Cardinality, Box<Refinement>),
    /// All of two or more.
    And(Vec<Refinement>),
    /// Any of two or more.
    Or(Vec<Refinement>),
}

/// How often an attribute or group must occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cardinality {
    /// At least.
    pub min: u32,
    /// At most; `None` for any number.
    pub max: Option<u32>,
}

impl Cardinality {
    /// Whether a number is within it.
    pub fn holds(self, count: u32) -> bool {
        self.min <= count && self.max.is_none_or(|max| count <= max)
    }
}

/// What is meant where no cardinality is written: `[1..*]`.
impl Default for Cardinality {
    fn default() -> Self {
        Self { min: 1, max: None }
    }
}

/// An attribute with what its value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// How many such attributes.
    pub cardinality: Cardinality,
    /// Whether the concept is the attribute's value and what is compared is whose attribute it is (`R`).
    pub reverse: bool,
    /// The attributes meant.
    pub name: SubExpression,
    /// What the value must be.
    pub value: Comparison,
}

/// A comparison with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// A concept that is in a set, or is not.
    Concept(Equality, SubExpression),
    /// A number, as written without `#`.
    Number(Order, String),
    /// A text that one of the terms matches, or none.
    Text(Equality, Vec<SearchTerm>),
    /// A truth value.
    Boolean(Equality, bool),
}

/// Equal or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equality {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
}

impl Equality {
    /// Whether the comparison holds when equality does, or does not.
    pub fn holds(self, equal: bool) -> bool {
        equal == (self == Self::Equal)
    }
}

/// How two numbers or dates stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Order {
    /// Whether a value that stands so to the one compared with satisfies it.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// A term to match a text with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchTerm {
    /// Words, each of which begins a word of the text, in any order (`match:`).
    Match(Vec<String>),
    /// The whole text, where `*` stands for any characters (`wild:`). A backslash takes the next character as it is.
    Wild(String),
}

/// A filter in double braces. All its conditions must hold, of the concept or of one and the same description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// On descriptions (`{{ D … }}`).
    Description(Vec<DescriptionFilter>),
    /// On the concept (`{{ C … }}`).
    Concept(Vec<ConceptFilter>),
}

/// A condition on a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DescriptionFilter {
    /// One of the terms matches it.
    Term(Equality, Vec<SearchTerm>),
    /// It is in one of the languages (ISO 639-1, lower case).
    Language(Equality, Vec<String>),
    /// It is of one of the types.
    Type(Equality, Vec<DescriptionType>),
    /// Its type is in a set.
    TypeId(Equality, SubExpression),
    /// It is in one of the dialects, with one of the acceptabilities if any are given.
    Dialect(Equality, Vec<Dialect>),
    /// Its module is in a set.
    Module(Equality, SubExpression),
    /// When it last changed.
    EffectiveTime(Order, Vec<Time>),
    /// Whether it is active; `None` for either.
    Active(Equality, Option<bool>),
    /// Its identifier.
    Id(Equality, Vec<u64>),
}

/// A type of descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DescriptionType {
    /// `syn`
    Synonym,
    /// `fsn`
    FullySpecifiedName,
    /// `def`
    Definition,
}

/// A dialect, perhaps with acceptability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Which.
    pub dialect: DialectName,
    /// The acceptabilities that count; all when empty.
    pub acceptability: Vec<Acceptability>,
}

/// How a dialect is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialectName {
    /// By its alias, such as `sv-se`, in lower case.
    Alias(String),
    /// By the language reference sets.
    Concepts(SubExpression),
}

/// How acceptable a description is in a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acceptability {
    /// `prefer`
    Preferred,
    /// `accept`
    Acceptable,
}

/// A date of change as the number yyyymmdd; `None` for what is not published yet (`""`).
pub type Time = Option<u32>;

/// A condition on a concept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConceptFilter {
    /// It is defined (`true`) or primitive.
    DefinitionStatus(Equality, Vec<bool>),
    /// Its definition status is in a set.
    DefinitionStatusId(Equality, SubExpression),
    /// Its module is in a set.
    Module(Equality, SubExpression),
    /// When it last changed.
    EffectiveTime(Order, Vec<Time>),
    /// Whether it is active; `None` for either.
    Active(Equality, Option<bool>),
}

/// A condition on a member of a reference set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberFilter {
    /// Its module is in a set.
    Module(Equality, SubExpression),
    /// When it last changed.
    EffectiveTime(Order, Vec<Time>),
    /// Whether it is active; `None` for either.
    Active(Equality, Option<bool>),
    /// The value of a field.
    Field(String, FieldComparison),
}

/// A comparison with the value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldComparison {
    /// As that of an attribute.
    Value(Comparison),
    /// With dates. Equality with a date is written as that with a text.
    Time(Order, Vec<Time>),
}

/// Which inactive concepts are added to those they were replaced by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// Those that are the same (`HISTORY-MIN`).
    Minimum,
    /// Those close enough in meaning (`HISTORY-MOD`).
    Moderate,
    /// All (`HISTORY-MAX`, `HISTORY`).
    Maximum,
    /// By these reference sets (`HISTORY (…)`).
    Subset(Box<Expression>),
}
