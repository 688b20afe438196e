//! Identifiers of SNOMED CT that the language itself speaks of: types of descriptions, acceptabilities, definition
//! statuses, historical associations, and the dialects of the specification's appendix C.

use super::ast::DescriptionType;

/// |Preferred|
pub(super) const PREFERRED: u64 = 900_000_000_000_548_007;
/// |Acceptable|
pub(super) const ACCEPTABLE: u64 = 900_000_000_000_549_004;

/// |Primitive|
pub(super) const PRIMITIVE: u64 = 900_000_000_000_074_008;
/// |Defined|
pub(super) const DEFINED: u64 = 900_000_000_000_073_002;

/// |Historical association reference set|
pub(super) const HISTORICAL: u64 = 900_000_000_000_522_004;
/// |SAME AS association reference set|
const SAME_AS: u64 = 900_000_000_000_527_005;
/// |REPLACED BY association reference set|
const REPLACED_BY: u64 = 900_000_000_000_526_001;
/// |WAS A association reference set|
const WAS_A: u64 = 900_000_000_000_528_000;
/// |PARTIALLY EQUIVALENT TO association reference set|
const PARTIALLY_EQUIVALENT: u64 = 1_186_924_009;

/// Reference sets of `HISTORY-MIN`.
pub(super) const MINIMUM: &[u64] = &[SAME_AS];
/// Reference sets of `HISTORY-MOD`.
pub(super) const MODERATE: &[u64] = &[SAME_AS, REPLACED_BY, WAS_A, PARTIALLY_EQUIVALENT];

/// Field of an association reference set that leads to the other concept.
pub(super) const TARGET: &str = "targetComponentId";

pub(super) fn description_type(kind: DescriptionType) -> u64 {
    match kind {
        DescriptionType::FullySpecifiedName => 900_000_000_000_003_001,
        DescriptionType::Synonym => 900_000_000_000_013_009,
        DescriptionType::Definition => 900_000_000_000_550_004,
    }
}

/// The language reference set of a dialect, by its alias in lower case. A language alone stands for its one dialect.
pub(super) fn dialect(alias: &str) -> Option<u64> {
    let known = DIALECTS.iter().find(|(known, _)| *known == alias);
    known.map(|&(_, id)| id)
}

const DIALECTS: &[(&str, u64)] = &[
    ("da", 554_461_000_005_103),
    ("da-dk", 554_461_000_005_103),
    ("de", 722_130_004),
    ("en-au", 32_570_271_000_036_106),
    ("en-ca", 19_491_000_087_109),
    ("en-gb", 900_000_000_000_508_004),
    ("en-gb-x-drug", 999_000_681_000_001_101),
    ("en-gb-x-ext", 999_001_251_000_000_103),
    ("en-ie", 21_000_220_103),
    ("en-nhs-clinical", 999_001_261_000_000_100),
    ("en-nhs-dmd", 999_000_671_000_001_103),
    ("en-nhs-pharmacy", 999_000_691_000_001_104),
    ("en-nz", 271_000_210_107),
    ("en-nz-x-pat", 281_000_210_109),
    ("en-us", 900_000_000_000_509_007),
    ("en-x-gmdn", 608_771_002),
    ("en-x-nhs-clinical", 999_001_261_000_000_100),
    ("en-x-nhs-dmd", 999_000_671_000_001_103),
    ("en-x-nhs-pharmacy", 999_000_691_000_001_104),
    ("es", 450_828_004),
    ("es-uy", 5_641_000_179_103),
    ("et", 71_000_181_105),
    ("et-ee", 71_000_181_105),
    ("fr", 722_131_000),
    ("fr-be", 21_000_172_104),
    ("fr-ca", 20_581_000_087_109),
    ("ja", 722_129_009),
    ("mi", 291_000_210_106),
    ("nb", 61_000_202_103),
    ("nb-no", 61_000_202_103),
    ("nl-be", 31_000_172_101),
    ("nl-nl", 31_000_146_106),
    ("nn", 91_000_202_106),
    ("nn-no", 91_000_202_106),
    ("sv", 46_011_000_052_107),
    ("sv-se", 46_011_000_052_107),
    ("zh", 722_128_001),
];
