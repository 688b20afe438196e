//! What a release says of care units: from which code systems their attributes are, and for how many inhabitants a
//! named physician is to answer at most. Plain data; what is not stated is not checked.

/// The registry of care units as a release has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitDefinition {
    /// Code system of the kinds of unit; empty when they are not checked.
    pub kinds: String,
    /// Code system of the roles of those who answer for something in a unit.
    pub responsibilities: String,
    /// Code system of the bases on which principals have their roles.
    pub bases: String,
    /// Code system of the owners of care providers.
    pub ownerships: String,
    /// Axis whose values are professions.
    pub profession_axis: String,
    /// Axis whose values are kinds of beds.
    pub bed_axis: String,
    /// Kinds of beds that are places at home: they are no beds of a ward, and stand apart in every figure.
    pub home_places: Vec<String>,
    /// For how many a physician is to answer.
    pub load: Option<LoadGuideline>,
}

/// For how many inhabitants a named physician (fast läkarkontakt) is to answer at most, by full-time equivalent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadGuideline {
    /// A specialist.
    pub specialist: u32,
    /// A physician in specialist training.
    pub in_training: u32,
}
