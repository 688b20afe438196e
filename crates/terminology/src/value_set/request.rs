//! What can be asked of value sets: plain data in FHIR's words. It decides nothing.

use jiff::civil::Date;

use super::languages::Languages;
use crate::canonical::Canonical;
use crate::model::ValueSet;

/// Most codes of an expansion that asks for no page, unless the request says otherwise.
pub const EXPANSION_MAX: usize = 50_000;

/// Which value set is meant.
#[derive(Debug, Clone, Copy)]
pub enum ValueSetRef<'r> {
    /// One of the catalog, or an implicit one. The address may carry its version as `url|version`.
    Address {
        /// Canonical address.
        url: &'r str,
        /// Its version or a pattern of versions; empty for the newest.
        version: &'r str,
    },
    /// One that the request brings with it.
    Inline(&'r ValueSet),
}

/// What expansion and validation have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The date for which bindings, validity of codes and terms count; `None` for the newest versions and any date.
    pub date: Option<Date>,
    /// Which versions are meant where none is stated, and which are required.
    pub versions: VersionRules,
    /// Languages wished for; without any, the value set's own rules.
    pub languages: Languages,
    /// Supplements to code systems that must be used, `url` or `url|version`.
    pub supplements: Vec<String>,
}

/// FHIR's parameters on versions. A version may be a pattern such as `1.x`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionRules {
    /// `system-version`: the version of a code system where none is stated.
    pub default: Vec<Canonical>,
    /// `check-system-version`: the version that must be used; it is also the one where none is stated.
    pub check: Vec<Canonical>,
    /// `force-system-version`: the version that is used whatever is stated.
    pub force: Vec<Canonical>,
    /// `default-valueset-version`: the version of an imported value set where none is stated.
    pub value_sets: Vec<Canonical>,
}

/// Asks for what is in a value set.
#[derive(Debug, Clone)]
pub struct ExpandRequest<'r> {
    /// Which value set.
    pub value_set: ValueSetRef<'r>,
    /// Date, versions, languages, supplements.
    pub settings: Settings,
    /// What was typed: only codes that a search for it finds; empty for all.
    pub text: &'r str,
    /// Leave out inactive codes.
    pub active_only: bool,
    /// Leave out codes that only group others (`excludeNotForUI`).
    pub selectable_only: bool,
    /// A flat list even where the codes have a hierarchy.
    pub exclude_nested: bool,
    /// With the designations of each code.
    pub designations: bool,
    /// Only designations in these languages (`urn:ietf:bcp:47|sv`) or of these uses (`system|code`); empty for all.
    pub designation_filter: Vec<String>,
    /// Names of the properties wanted with each code; `definition` for what it means, `*` for all.
    pub properties: Vec<String>,
    /// Whether codes that several versions of a code system share are one (`versionsMatch`); `None` for what the
    /// value set says.
    pub versions_match: Option<bool>,
    /// At most this many codes; `None` for all.
    pub count: Option<usize>,
    /// How many codes are passed over.
    pub offset: usize,
    /// Most codes answered: of an expansion that asks for no page all, of a page those on it.
    pub limit: usize,
}

impl<'r> ExpandRequest<'r> {
    /// Asks for all of a value set, flat or nested as it is, without designations or properties.
    pub fn new(value_set: ValueSetRef<'r>) -> Self {
        Self {
            value_set,
            settings: Settings::default(),
            text: "",
            active_only: false,
            selectable_only: false,
            exclude_nested: false,
            designations: false,
            designation_filter: Vec::new(),
            properties: Vec::new(),
            versions_match: None,
            count: None,
            offset: 0,
            limit: EXPANSION_MAX,
        }
    }
}

/// A code as it was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coding<'r> {
    /// Code system; empty when not stated.
    pub system: &'r str,
    /// Its version; empty when not stated.
    pub version: &'r str,
    /// The code.
    pub code: &'r str,
    /// The term it was reported with.
    pub display: Option<&'r str>,
}

/// What is validated. The form decides where issues are placed and how several codes are judged together.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'r> {
    /// A code with its system beside it.
    Code(Coding<'r>),
    /// A FHIR `Coding`.
    Coding(Coding<'r>),
    /// A FHIR `CodeableConcept`: one of its codes must be in the value set, and all must be right.
    CodeableConcept(&'r [Coding<'r>]),
}

/// Asks whether a code is right, and in a value set.
#[derive(Debug, Clone)]
pub struct ValidateRequest<'r> {
    /// The value set; `None` for the code system alone.
    pub value_set: Option<ValueSetRef<'r>>,
    /// What is validated.
    pub subject: Subject<'r>,
    /// Date, versions, languages, supplements.
    pub settings: Settings,
    /// Find the code system of a code that states none from the value set.
    pub infer_system: bool,
    /// Whether codes that only group others are accepted; `None` accepts them.
    pub accept_abstract: Option<bool>,
    /// A wrong display is a warning only.
    pub lenient_display: bool,
    /// Look at membership alone, not at displays and statuses (`valueset-membership-only`).
    pub membership_only: bool,
}

impl<'r> ValidateRequest<'r> {
    /// Asks whether a code is right, and in a value set if one is named.
    pub fn new(value_set: Option<ValueSetRef<'r>>, subject: Subject<'r>) -> Self {
        Self {
            value_set,
            subject,
            settings: Settings::default(),
            infer_system: false,
            accept_abstract: None,
            lenient_display: false,
            membership_only: false,
        }
    }
}
