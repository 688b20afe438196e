//! Identifiers of SNOMED CT's own concepts that the format is written with.

pub(super) const ROOT: u64 = 138_875_005;
pub(super) const IS_A: u64 = 116_680_003;

pub(super) const CORE_MODULE: u64 = 900_000_000_000_207_008;
pub(super) const MODEL_MODULE: u64 = 900_000_000_000_012_004;

pub(super) const DEFINED: u64 = 900_000_000_000_073_002;
pub(super) const PRIMITIVE: u64 = 900_000_000_000_074_008;

pub(super) const FULLY_SPECIFIED_NAME: u64 = 900_000_000_000_003_001;
pub(super) const SYNONYM: u64 = 900_000_000_000_013_009;
pub(super) const DEFINITION: u64 = 900_000_000_000_550_004;

pub(super) const CASE_INSENSITIVE: u64 = 900_000_000_000_448_009;

pub(super) const STATED: u64 = 900_000_000_000_010_007;
pub(super) const INFERRED: u64 = 900_000_000_000_011_006;
pub(super) const SOME: u64 = 900_000_000_000_451_002;

pub(super) const PREFERRED: u64 = 900_000_000_000_548_007;
pub(super) const ACCEPTABLE: u64 = 900_000_000_000_549_004;

pub(super) const US_ENGLISH: u64 = 900_000_000_000_509_007;
pub(super) const GB_ENGLISH: u64 = 900_000_000_000_508_004;
pub(super) const SWEDISH: u64 = 46_011_000_052_107;

pub(super) const MODULE_DEPENDENCY: u64 = 900_000_000_000_534_007;

pub(super) const SAME_AS: u64 = 900_000_000_000_527_005;
pub(super) const REPLACED_BY: u64 = 900_000_000_000_526_001;
pub(super) const POSSIBLY_EQUIVALENT_TO: u64 = 900_000_000_000_523_009;

/// Historical association reference sets that lead from an inactive concept to what may stand in its place, with
/// the word for how. `MOVED TO` and `MOVED FROM` name namespaces, `REFERS TO` comes from descriptions.
pub(super) const ASSOCIATIONS: [(u64, &str); 8] = [
    (SAME_AS, "same as"),
    (REPLACED_BY, "replaced by"),
    (POSSIBLY_EQUIVALENT_TO, "possibly equivalent to"),
    (1_186_921_001, "possibly replaced by"),
    (1_186_924_009, "partially equivalent to"),
    (900_000_000_000_529_008, "similar to"),
    (900_000_000_000_530_003, "alternative"),
    (900_000_000_000_528_000, "was a"),
];
