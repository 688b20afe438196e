//! The source form of a description system: axes, value sets and decision tables as a release states them.
//! Plain data; [`DescriptionSystem`](crate::DescriptionSystem) is compiled from it.

use jiff::civil::Date;

/// What kind of thing is described and classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// A care contact (vårdkontakt).
    Contact,
    /// An interval of an episode in which its facts are constant.
    Segment,
    /// A period of monitoring.
    MonitoringPeriod,
}

/// Where a fact may come from, in the order of a release's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactSource {
    /// Stated in the record itself.
    Record,
    /// Stated in the segment of the episode that covers the record's date.
    Segment,
    /// Stated in the episode.
    Episode,
    /// Stated for the care unit, as it was on the date.
    Unit,
    /// Computed from other reported data, as the axis's [`Derivation`] says.
    Derived,
    /// Mapped from a code that the record states.
    Mapped,
}

/// A text in Swedish and English.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Label {
    /// Swedish.
    pub sv: String,
    /// English.
    pub en: String,
}

/// The whole source form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescriptionSource {
    /// Axes of facts.
    pub axes: Vec<Axis>,
    /// Named sets of axis values.
    pub value_sets: Vec<ValueSet>,
    /// Decision tables in the order in which they feed each other.
    pub tables: Vec<Table>,
    /// Unsettled points with their variants, and which variant this release takes.
    pub points: Vec<UnsettledPoint>,
    /// Combinations of facts that validation refuses; the proofs exclude them. Their conditions name axes only.
    pub exclusions: Vec<Combination>,
    /// Combinations of facts that validation takes and warns of; the proofs do not know them. Their conditions may
    /// name any table.
    pub contradictions: Vec<Combination>,
}

/// An axis of observable facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Stable id, for example `place`.
    pub id: String,
    /// Name for people.
    pub label: Label,
    /// What it describes.
    pub definition: Label,
    /// Its values, in the axis's order. At most 62.
    pub values: Vec<AxisValue>,
    /// Whether several values may hold at once (several professions in one contact).
    pub multiple: bool,
    /// What it may be stated of.
    pub grains: Vec<Grain>,
    /// Where facts of it may come from, first wins.
    pub sources: Vec<FactSource>,
    /// How it is computed when `sources` names [`FactSource::Derived`].
    pub derivation: Option<Derivation>,
}

/// A value of an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AxisValue {
    /// Stable code, unique within the axis.
    pub code: String,
    /// Name for people.
    pub label: Label,
}

/// How a derived axis gets its value from other reported data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derivation {
    /// Completed years at the record's date; bands `(first year, value)` in rising order.
    Age(Vec<(u16, String)>),
    /// The kind (`region`, `kommun`) of the coded organisation that holds a role of principal; both where they hold it
    /// jointly, though the axis takes one where it is stated.
    PrincipalKind {
        /// The role, for example `responsible`.
        role: String,
    },
    /// The basis on which a role of principal is held: of the first of these roles with a basis that is a value.
    PrincipalBasis {
        /// The roles, in the order in which they are asked.
        roles: Vec<String>,
    },
    /// Whether a dated plan exists on the record's date: the values for yes and no.
    PlanExists {
        /// Value when one exists.
        yes: String,
        /// Value when the record lists plans and none holds on the date.
        no: String,
    },
    /// The professions of the record, as they are.
    Professions,
    /// From professions and delegation: the first value, in the axis's order, that some profession maps to.
    Performer(Vec<PerformerMap>),
}

/// How a profession performs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerformerMap {
    /// Value of the profession axis.
    pub profession: String,
    /// Value when the record does not state delegation.
    pub value: String,
    /// Value when the record states that the act was delegated.
    pub delegated: String,
}

/// A named set of values of one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSet {
    /// Name, for example `dwelling`.
    pub id: String,
    /// The axis.
    pub axis: String,
    /// Its values; may name other value sets of the same axis.
    pub values: Vec<String>,
}

/// How the matches of a table become its result (DMN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HitPolicy {
    /// The first rule that matches gives the value.
    First,
    /// Every rule that matches adds its value.
    Collect,
}

/// A decision table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Stable id, for example `episode-form`; also the name of the derived fact it feeds to later tables.
    pub id: String,
    /// Name for people.
    pub label: Label,
    /// Hit policy.
    pub hit_policy: HitPolicy,
    /// What it classifies.
    pub grains: Vec<Grain>,
    /// The values it can give (a hold row gives none).
    pub values: Vec<AxisValue>,
    /// Rules in order.
    pub rules: Vec<Rule>,
}

/// A rule of a table. Its alternatives are rows of the file with the same id: it matches if any of them does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Stable id, kept when rows move.
    pub id: String,
    /// Disjunction of conjunctions.
    pub alternatives: Vec<Vec<Condition>>,
    /// What it gives.
    pub outcome: Outcome,
    /// The variant of an unsettled point that it belongs to, `None` when it holds in all.
    pub variant: Option<VariantRef>,
    /// Legal basis; empty when none.
    pub legal_basis: String,
    /// `statutory`, `proposed` or empty.
    pub status: String,
    /// First date on which it applies.
    pub in_force_from: Option<Date>,
    /// Line in its file, for findings.
    pub line: u32,
}

/// What a rule gives when it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A value of the table.
    Value(String),
    /// The value waits, for a stated reason (a named hold row).
    Hold {
        /// Why, for people.
        reason: Label,
    },
    /// The guard at the end of a *first* table: held because nothing matched. Exempt from the proofs.
    CatchAll,
}

/// A condition on one axis or on the value of an earlier table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Axis or table id.
    pub axis: String,
    /// Values; may name value sets of the axis.
    pub any_of: Vec<String>,
    /// True when the fact must be none of them. On an axis where several values hold at once, a condition, negated
    /// or not, holds if any of them meets it.
    pub negated: bool,
}

/// An unsettled point (U1 …) and the variants of rules that answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsettledPoint {
    /// Id, for example `U4`.
    pub id: String,
    /// The question.
    pub question: Label,
    /// Names of the variants kept side by side; empty when no rule depends on the point.
    pub variants: Vec<String>,
    /// The variant the release takes; empty when `variants` is.
    pub chosen: String,
}

/// Names a variant of an unsettled point.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VariantRef {
    /// The point.
    pub point: String,
    /// The variant.
    pub name: String,
}

/// A combination of facts that do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination {
    /// Stable id: the finding code of the validation rule.
    pub id: String,
    /// What it applies to.
    pub grains: Vec<Grain>,
    /// Disjunction of conjunctions.
    pub alternatives: Vec<Vec<Condition>>,
    /// Line in its file.
    pub line: u32,
}
