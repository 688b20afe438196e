//! The mechanisms by name. The order is that of their own finding codes and does not change.

use std::ops::RangeInclusive;

macro_rules! mechanisms {
    ($($variant:ident $name:literal $message:literal,)*) => {
        /// A mechanism of validation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mechanism {
            $(#[doc = $message] $variant,)*
        }

        /// The names of the mechanisms, as a release's checks name them, in the order of their own codes.
        pub const MECHANISMS: &[&str] = &[$($name,)*];

        impl Mechanism {
            const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What is wrong, when no release says it.
            pub fn message(self) -> &'static str {
                match self {
                    $(Self::$variant => $message,)*
                }
            }
        }
    };
}

mechanisms! {
    FormatUnreadable "format.unreadable" "the line cannot be read as a record",
    FormatEncoding "format.encoding" "the text is not UTF-8",
    FormatLineTooLong "format.line-too-long" "the line is longer than the limit",
    FormatUnknownField "format.unknown-field" "the record has a field that is not known",
    FormatMissingField "format.missing-field" "a field is missing",
    FormatBadDate "format.bad-date" "this is not a date of the form YYYY-MM-DD",
    IdCharset "id.charset" "an id has 1 to 64 characters of A–Z a–z 0–9 . _ : -",
    IdHoldsPersonalNumber "id.holds-personal-number" "the id holds a personal number",
    IdRevisionGap "id.revision-gap" "revisions are numbered 1, 2, … without gaps",
    IdOtherContent "id.other-content" "this id and revision was reported before with other content",
    ReporterUnknown "reporter.unknown" "the reporter is not registered",
    IdentityFormat "identity.format" "the identity number does not have the form of its kind",
    IdentityDate "identity.date" "the date in the identity number does not exist, lies ahead or is of another kind",
    IdentityCheckDigit "identity.check-digit" "the check digit of the identity number is wrong",
    IdentityReservePattern "identity.reserve-pattern" "the reserve number has no known pattern",
    TextHoldsPersonalNumber "text.holds-personal-number" "the text holds a personal number",
    FactUnknownAxis "fact.unknown-axis" "the release has no such axis",
    FactUnknownValue "fact.unknown-value" "the axis has no such value",
    FactSeveralValues "fact.several-values" "the axis takes one value",
    FactWrongPlace "fact.wrong-place" "facts of the axis are not stated here",
    UnitFormat "unit.format" "this is not an HSA-id",
    UnitUnknown "unit.unknown" "the care unit is not registered",
    UnitClosed "unit.closed" "the care unit is not open on the date",
    UnitNotReporters "unit.not-reporters" "the reporter does not report for the care unit",
    PrincipalUnknown "principal.unknown" "this is not the code of a region or kommun",
    ResidenceUnknown "residence.unknown" "this is not the code of a kommun on the date",
    CodeUnknown "code.unknown" "the code system or the code is not known",
    CodeNotValidOnDate "code.not-valid-on-date" "the code is not valid on the date",
    CodeEditionNotLoaded "code.edition-not-loaded" "the edition is not loaded, so the code was not checked",
    CodeMostDetailed "code.most-detailed" "a more detailed code is needed",
    TimeTooEarly "time.too-early" "the date lies before the register begins",
    TimeTooLate "time.too-late" "the date lies after the day of reporting",
    TimeOrder "time.order" "the dates are not in order",
    TimeOutsideEpisode "time.outside-episode" "the date lies outside the episode",
    SegmentsOrder "segments.order" "segments are in order, within the episode and without overlap",
    SegmentsMissing "segments.missing" "an episode has at least one segment",
    EpisodeUnknown "episode.unknown" "the episode has not been reported",
    EpisodeOtherPerson "episode.other-person" "the episode is another person's",
    ProtectedGeography "protected.geography" "a protected identity is reported without residence",
    PersonAge "person.age" "the date of birth does not fit the date of care",
    ClassificationHeld "classification.held" "a derived value waits",
    ReleaseNoneInForce "release.none-in-force" "no release is in force on the date",
    ProfessionUnknown "profession.unknown" "this is not a profession of the release",
    LimitTooMany "limit.too-many" "there are more items or characters than the register takes",
    MapCodeUnknown "map.code-unknown" "no map of its code system knows the code, so it gives no fact",
    MapSystemUnknown "map.system-unknown" "no map is for the code system, so the code gives no fact",
    MapContradiction "map.contradiction" "codes lead to different values of an axis that takes one, so none of them holds",
    MapMisled "map.misled" "a map leads from the code to an axis or value that the release does not take from codes",
    VariableNoBasis "variable.no-basis" "the variable has no legal basis on the date",
    ProviderFormat "provider.format" "this is not an organisationsnummer",
    ProviderOther "provider.other-than-units" "the care provider is another than the care unit's on the date",
    RequestEnding "request.ending" "how a care request ended and the date on which it did go together",
    TimeAfterDeath "time.after-death" "the care lies after the death of the person",
    ContactDuplicate "contact.duplicate" "another contact of the same person, unit, date and type is reported already",
    PeriodDeparts "period.departs" "the month has far more or fewer records than the months before it",
    ResidenceOther "residence.other-than-known" "the population register has the person in another kommun on the date",
}

/// The parameters that a check of a mechanism may set, each with what it is without one.
pub fn parameters(mechanism: Mechanism) -> &'static [(&'static str, u32)] {
    match mechanism {
        // How many days after a death care may still be dated, such as of an examination.
        Mechanism::TimeAfterDeath => &[("days", 0)],
        // How many months before are looked at, by how many per cent of their median a month may depart, how many
        // records the median is at least, and whether care units are looked at one by one (1) beside kinds of record.
        Mechanism::PeriodDeparts => &[("months", 6), ("percent", 50), ("least", 20), ("units", 1)],
        _ => &[],
    }
}

/// The least and the greatest value of a parameter.
pub fn bounds(mechanism: Mechanism, parameter: &str) -> RangeInclusive<u32> {
    match (mechanism, parameter) {
        (Mechanism::PeriodDeparts, "months") => 2..=36,
        (Mechanism::PeriodDeparts, "percent") => 1..=10_000,
        (Mechanism::PeriodDeparts, "least") => 1..=u32::MAX,
        (Mechanism::PeriodDeparts, "units") => 0..=1,
        _ => 0..=u32::MAX,
    }
}

/// The mechanisms about records together, which hold nothing up: their checks warn, and no record is judged by them when it is taken.
pub const TOGETHER: &[Mechanism] = &[Mechanism::ContactDuplicate, Mechanism::PeriodDeparts];

/// The mechanisms that a release may leave without a check: it then asks for nothing of them.
pub const OPTIONAL_MECHANISMS: &[&str] = &["period.departs"];

/// The mechanisms about maps: a release needs checks for them only when it takes codes that maps are asked about.
pub const MAP_MECHANISMS: &[&str] = &[
    "map.code-unknown",
    "map.system-unknown",
    "map.contradiction",
    "map.misled",
];

impl Mechanism {
    /// The mechanism with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        MECHANISMS
            .iter()
            .position(|known| *known == name)
            .and_then(|at| Self::ALL.get(at).copied())
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        MECHANISMS.get(self as usize).copied().unwrap_or_default()
    }

    /// Its own finding code, used when no release gives one.
    pub fn code(self) -> String {
        format!("VN-REG-{:03}", self as usize + 1)
    }

    /// The mechanism whose own finding code this is.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|mechanism| mechanism.code() == code)
            .copied()
    }

    /// Whether it fires without a check: what it finds must never be stored.
    pub(super) fn is_invariant(self) -> bool {
        matches!(
            self,
            Self::IdCharset
                | Self::IdHoldsPersonalNumber
                | Self::IdRevisionGap
                | Self::IdOtherContent
                | Self::ReporterUnknown
                | Self::IdentityFormat
                | Self::IdentityDate
                | Self::IdentityCheckDigit
                | Self::TextHoldsPersonalNumber
                | Self::FactSeveralValues
                | Self::EpisodeOtherPerson
                | Self::ProtectedGeography
                | Self::ReleaseNoneInForce
                | Self::LimitTooMany
                | Self::VariableNoBasis
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_codes_follow_the_order() {
        for mechanism in Mechanism::ALL {
            assert_eq!(Mechanism::from_name(mechanism.name()), Some(*mechanism));
            assert_eq!(Mechanism::from_code(&mechanism.code()), Some(*mechanism));
        }
        assert_eq!(Mechanism::FormatUnreadable.code(), "VN-REG-001");
        assert_eq!(Mechanism::TextHoldsPersonalNumber.code(), "VN-REG-016");
        assert_eq!(Mechanism::LimitTooMany.code(), "VN-REG-044");
        assert_eq!(Mechanism::MapMisled.code(), "VN-REG-048");
        assert_eq!(Mechanism::ContactDuplicate.code(), "VN-REG-054");
        assert_eq!(Mechanism::PeriodDeparts.code(), "VN-REG-055");
        assert_eq!(Mechanism::ResidenceOther.code(), "VN-REG-056");
        assert_eq!(Mechanism::from_name("exclusion"), None);
    }
}
