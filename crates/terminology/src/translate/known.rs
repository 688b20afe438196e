//! What is known of SNOMED CT's reference sets that their files do not say: where maps lead, and how concepts stand to
//! each other by associations. Data, in the words of those who publish it.

use crate::model::MapRelationship;

/// Code systems that maps lead to, by reference set.
pub(super) const SYSTEMS: &[(&str, &str)] = &[
    // SNOMED CT to ICD-10 extended map
    ("447562003", "http://hl7.org/fhir/sid/icd-10"),
    // SNOMED CT to ICD-O simple map
    ("446608001", "http://terminology.hl7.org/CodeSystem/icd-o-3"),
    // CTV3 simple map
    ("900000000000497000", "http://read.info/ctv3"),
    // ICD-10-CM extended map (United States)
    ("6011000124106", "http://hl7.org/fhir/sid/icd-10-cm"),
    // ICPC-2 extended map
    ("450993002", "http://hl7.org/fhir/sid/icpc-2"),
    // SNOMED CT to Orphanet simple map
    ("784008009", "http://www.orpha.net"),
];

/// Historical associations: how an inactive concept stands to the other. The first four as FHIR tells ("Using SNOMED CT
/// with HL7 standards"; R4's `equal` and `inexact` are R5's `equivalent` and `related-to`), the others as their meaning
/// is described in the Release Format.
pub(super) const ASSOCIATIONS: &[(&str, MapRelationship)] = &[
    // SAME AS
    ("900000000000527005", MapRelationship::Equivalent),
    // REPLACED BY
    ("900000000000526001", MapRelationship::Equivalent),
    // POSSIBLY EQUIVALENT TO
    ("900000000000523009", MapRelationship::RelatedTo),
    // ALTERNATIVE
    ("900000000000530003", MapRelationship::RelatedTo),
    // POSSIBLY REPLACED BY
    ("1186921001", MapRelationship::RelatedTo),
    // PARTIALLY EQUIVALENT TO
    ("1186924009", MapRelationship::RelatedTo),
    // SIMILAR TO
    ("900000000000529008", MapRelationship::RelatedTo),
    // WAS A
    ("900000000000528000", MapRelationship::SourceIsNarrowerThanTarget),
];

/// Values of the field `correlationId` of complex and extended maps.
pub(super) const CORRELATIONS: &[(&str, MapRelationship)] = &[
    // Not mappable
    ("447556008", MapRelationship::NotRelatedTo),
    ("1193551006", MapRelationship::NotRelatedTo),
    // Exact match
    ("447557004", MapRelationship::Equivalent),
    ("1193548004", MapRelationship::Equivalent),
    // Narrow to broad
    ("447558009", MapRelationship::SourceIsNarrowerThanTarget),
    ("1193549007", MapRelationship::SourceIsNarrowerThanTarget),
    // Broad to narrow
    ("447559001", MapRelationship::SourceIsBroaderThanTarget),
    ("1193547009", MapRelationship::SourceIsBroaderThanTarget),
];

/// What a table says of a code.
pub(super) fn of<T: Copy>(table: &[(&str, T)], code: &str) -> Option<T> {
    table
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, what)| *what)
}
