//! The concepts that every synthetic edition begins with: the root, the hierarchies, the attributes and what the
//! format itself refers to, under SNOMED CT's identifiers.

use super::super::ids;

/// A concept that stands first in every edition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) id: u64,
    pub(super) parent: u64,
    pub(super) term: &'static str,
    pub(super) tag: &'static str,
    pub(super) swedish: &'static str,
}

/// A hierarchy whose concepts are made, in so many of a hundred.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hierarchy {
    pub(super) top: u64,
    pub(super) percent: usize,
    pub(super) tag: &'static str,
    /// Attributes of its concepts, and the hierarchy that their values lie in.
    pub(super) attributes: &'static [(u64, u64)],
}

pub(super) const FINDING: u64 = 404_684_003;
pub(super) const PROCEDURE: u64 = 71_388_002;
pub(super) const BODY: u64 = 123_037_004;
pub(super) const SUBSTANCE: u64 = 105_590_001;
pub(super) const PRODUCT: u64 = 373_873_005;
const ORGANISM: u64 = 410_607_006;
const OBSERVABLE: u64 = 363_787_002;
const QUALIFIER: u64 = 362_981_000;
const SITUATION: u64 = 243_796_009;
const EVENT: u64 = 272_379_006;
const OBJECT: u64 = 260_787_004;
const SPECIMEN: u64 = 123_038_009;

const FINDING_SITE: u64 = 363_698_007;
const MORPHOLOGY: u64 = 116_676_008;
const AGENT: u64 = 246_075_003;
const SEVERITY: u64 = 246_112_005;
const COURSE: u64 = 263_502_005;
const METHOD: u64 = 260_686_004;
const PROCEDURE_SITE: u64 = 363_704_007;
const DEVICE: u64 = 424_226_004;
const FOCUS: u64 = 363_702_006;
const INGREDIENT: u64 = 127_489_000;
const DOSE_FORM: u64 = 411_116_001;
const ASSOCIATED_FINDING: u64 = 246_090_004;
const TOPOGRAPHY: u64 = 118_169_006;
/// The attribute of concrete values.
pub(super) const STRENGTH: u64 = 1_142_135_004;

pub(super) const HIERARCHIES: [Hierarchy; 12] = [
    hierarchy(
        FINDING,
        33,
        "finding",
        &[
            (FINDING_SITE, BODY),
            (MORPHOLOGY, BODY),
            (AGENT, ORGANISM),
            (SEVERITY, QUALIFIER),
            (COURSE, QUALIFIER),
        ],
    ),
    hierarchy(
        PROCEDURE,
        17,
        "procedure",
        &[
            (METHOD, QUALIFIER),
            (PROCEDURE_SITE, BODY),
            (DEVICE, OBJECT),
            (FOCUS, FINDING),
        ],
    ),
    hierarchy(BODY, 12, "body structure", &[]),
    hierarchy(ORGANISM, 9, "organism", &[]),
    hierarchy(SUBSTANCE, 8, "substance", &[]),
    hierarchy(
        PRODUCT,
        8,
        "product",
        &[(INGREDIENT, SUBSTANCE), (DOSE_FORM, QUALIFIER)],
    ),
    hierarchy(OBSERVABLE, 3, "observable entity", &[]),
    hierarchy(QUALIFIER, 3, "qualifier value", &[]),
    hierarchy(SITUATION, 2, "situation", &[(ASSOCIATED_FINDING, FINDING)]),
    hierarchy(EVENT, 2, "event", &[(AGENT, SUBSTANCE)]),
    hierarchy(OBJECT, 2, "physical object", &[]),
    hierarchy(SPECIMEN, 1, "specimen", &[(TOPOGRAPHY, BODY)]),
];

const fn hierarchy(
    top: u64,
    percent: usize,
    tag: &'static str,
    attributes: &'static [(u64, u64)],
) -> Hierarchy {
    Hierarchy {
        top,
        percent,
        tag,
        attributes,
    }
}

const MODEL: u64 = 900_000_000_000_441_003;
const LINKAGE: u64 = 106_237_007;
const ATTRIBUTE: u64 = 410_662_002;
const OBJECT_ATTRIBUTE: u64 = 762_705_008;
const DATA_ATTRIBUTE: u64 = 762_706_009;
const CORE_METADATA: u64 = 900_000_000_000_442_005;
const FOUNDATION_METADATA: u64 = 900_000_000_000_454_005;
const MODULE: u64 = 900_000_000_000_443_000;
const DEFINITION_STATUS: u64 = 900_000_000_000_444_006;
const DESCRIPTION_TYPE: u64 = 900_000_000_000_446_008;
const CASE_SIGNIFICANCE: u64 = 900_000_000_000_447_004;
const CHARACTERISTIC_TYPE: u64 = 900_000_000_000_449_001;
const MODIFIER: u64 = 900_000_000_000_450_001;
const ACCEPTABILITY: u64 = 900_000_000_000_511_003;
const REFERENCE_SET: u64 = 900_000_000_000_455_006;
const LANGUAGE_TYPE: u64 = 900_000_000_000_506_000;
const ASSOCIATION_TYPE: u64 = 900_000_000_000_521_006;
const HISTORICAL: u64 = 900_000_000_000_522_004;
pub(super) const SIMPLE_TYPE: u64 = 446_609_009;
pub(super) const SIMPLE_MAP_TYPE: u64 = 900_000_000_000_496_009;

/// The concepts themselves, each after its superordinate concept.
pub(super) const KNOWN: &[Known] = &[
    known(
        ids::ROOT,
        0,
        "SNOMED CT Concept",
        "SNOMED RT+CTV3",
        "SNOMED CT-begrepp",
    ),
    known(FINDING, ids::ROOT, "Clinical finding", "finding", "kliniskt fynd"),
    known(PROCEDURE, ids::ROOT, "Procedure", "procedure", "åtgärd"),
    known(
        BODY,
        ids::ROOT,
        "Body structure",
        "body structure",
        "kroppsstruktur",
    ),
    known(ORGANISM, ids::ROOT, "Organism", "organism", "organism"),
    known(SUBSTANCE, ids::ROOT, "Substance", "substance", "substans"),
    known(
        PRODUCT,
        ids::ROOT,
        "Pharmaceutical / biologic product",
        "product",
        "läkemedel",
    ),
    known(
        OBSERVABLE,
        ids::ROOT,
        "Observable entity",
        "observable entity",
        "observerbar företeelse",
    ),
    known(
        QUALIFIER,
        ids::ROOT,
        "Qualifier value",
        "qualifier value",
        "bestämningsvärde",
    ),
    known(
        SITUATION,
        ids::ROOT,
        "Situation with explicit context",
        "situation",
        "situation med uttryckligt sammanhang",
    ),
    known(EVENT, ids::ROOT, "Event", "event", "händelse"),
    known(
        OBJECT,
        ids::ROOT,
        "Physical object",
        "physical object",
        "fysiskt föremål",
    ),
    known(SPECIMEN, ids::ROOT, "Specimen", "specimen", "provmaterial"),
    known(
        MODEL,
        ids::ROOT,
        "SNOMED CT Model Component",
        "metadata",
        "modellkomponent",
    ),
    known(
        LINKAGE,
        MODEL,
        "Linkage concept",
        "linkage concept",
        "länkbegrepp",
    ),
    known(
        ATTRIBUTE,
        LINKAGE,
        "Concept model attribute",
        "attribute",
        "attribut",
    ),
    known(ids::IS_A, LINKAGE, "Is a", "attribute", "är en"),
    known(
        OBJECT_ATTRIBUTE,
        ATTRIBUTE,
        "Concept model object attribute",
        "attribute",
        "objektattribut",
    ),
    known(
        DATA_ATTRIBUTE,
        ATTRIBUTE,
        "Concept model data attribute",
        "attribute",
        "dataattribut",
    ),
    known(
        FINDING_SITE,
        OBJECT_ATTRIBUTE,
        "Finding site",
        "attribute",
        "lokalisation",
    ),
    known(
        MORPHOLOGY,
        OBJECT_ATTRIBUTE,
        "Associated morphology",
        "attribute",
        "morfologi",
    ),
    known(
        AGENT,
        OBJECT_ATTRIBUTE,
        "Causative agent",
        "attribute",
        "orsakande agens",
    ),
    known(
        SEVERITY,
        OBJECT_ATTRIBUTE,
        "Severity",
        "attribute",
        "svårighetsgrad",
    ),
    known(
        COURSE,
        OBJECT_ATTRIBUTE,
        "Clinical course",
        "attribute",
        "kliniskt förlopp",
    ),
    known(METHOD, OBJECT_ATTRIBUTE, "Method", "attribute", "metod"),
    known(
        PROCEDURE_SITE,
        OBJECT_ATTRIBUTE,
        "Procedure site",
        "attribute",
        "åtgärdens lokalisation",
    ),
    known(
        DEVICE,
        OBJECT_ATTRIBUTE,
        "Using device",
        "attribute",
        "använt hjälpmedel",
    ),
    known(FOCUS, OBJECT_ATTRIBUTE, "Has focus", "attribute", "har fokus"),
    known(
        INGREDIENT,
        OBJECT_ATTRIBUTE,
        "Has active ingredient",
        "attribute",
        "har aktiv substans",
    ),
    known(
        DOSE_FORM,
        OBJECT_ATTRIBUTE,
        "Has manufactured dose form",
        "attribute",
        "har läkemedelsform",
    ),
    known(
        ASSOCIATED_FINDING,
        OBJECT_ATTRIBUTE,
        "Associated finding",
        "attribute",
        "hörande fynd",
    ),
    known(
        TOPOGRAPHY,
        OBJECT_ATTRIBUTE,
        "Specimen source topography",
        "attribute",
        "provtagningsställe",
    ),
    known(
        STRENGTH,
        DATA_ATTRIBUTE,
        "Has presentation strength numerator value",
        "attribute",
        "har styrka",
    ),
    known(
        CORE_METADATA,
        MODEL,
        "Core metadata concept",
        "core metadata concept",
        "kärnmetadata",
    ),
    known(
        FOUNDATION_METADATA,
        MODEL,
        "Foundation metadata concept",
        "foundation metadata concept",
        "grundmetadata",
    ),
    known(MODULE, CORE_METADATA, "Module", "core metadata concept", "modul"),
    known(
        ids::CORE_MODULE,
        MODULE,
        "SNOMED CT core module",
        "core metadata concept",
        "kärnmodul",
    ),
    known(
        ids::MODEL_MODULE,
        MODULE,
        "SNOMED CT model component module",
        "core metadata concept",
        "modellmodul",
    ),
    known(
        DEFINITION_STATUS,
        CORE_METADATA,
        "Definition status",
        "core metadata concept",
        "definitionsstatus",
    ),
    known(
        ids::PRIMITIVE,
        DEFINITION_STATUS,
        "Primitive",
        "core metadata concept",
        "primitiv",
    ),
    known(
        ids::DEFINED,
        DEFINITION_STATUS,
        "Defined",
        "core metadata concept",
        "definierad",
    ),
    known(
        DESCRIPTION_TYPE,
        CORE_METADATA,
        "Description type",
        "core metadata concept",
        "benämningstyp",
    ),
    known(
        ids::FULLY_SPECIFIED_NAME,
        DESCRIPTION_TYPE,
        "Fully specified name",
        "core metadata concept",
        "fullständigt specificerat namn",
    ),
    known(
        ids::SYNONYM,
        DESCRIPTION_TYPE,
        "Synonym",
        "core metadata concept",
        "synonym",
    ),
    known(
        ids::DEFINITION,
        DESCRIPTION_TYPE,
        "Definition",
        "core metadata concept",
        "definition",
    ),
    known(
        CASE_SIGNIFICANCE,
        CORE_METADATA,
        "Case significance",
        "core metadata concept",
        "skiftlägesbetydelse",
    ),
    known(
        ids::CASE_INSENSITIVE,
        CASE_SIGNIFICANCE,
        "Entire term case insensitive",
        "core metadata concept",
        "skiftlägesokänslig",
    ),
    known(
        CHARACTERISTIC_TYPE,
        CORE_METADATA,
        "Characteristic type",
        "core metadata concept",
        "relationstyp",
    ),
    known(
        ids::STATED,
        CHARACTERISTIC_TYPE,
        "Stated relationship",
        "core metadata concept",
        "angiven relation",
    ),
    known(
        ids::INFERRED,
        CHARACTERISTIC_TYPE,
        "Inferred relationship",
        "core metadata concept",
        "härledd relation",
    ),
    known(
        MODIFIER,
        CORE_METADATA,
        "Modifier",
        "core metadata concept",
        "modifierare",
    ),
    known(
        ids::SOME,
        MODIFIER,
        "Existential restriction modifier",
        "core metadata concept",
        "existentiell restriktion",
    ),
    known(
        ACCEPTABILITY,
        FOUNDATION_METADATA,
        "Acceptability",
        "foundation metadata concept",
        "godtagbarhet",
    ),
    known(
        ids::PREFERRED,
        ACCEPTABILITY,
        "Preferred",
        "foundation metadata concept",
        "föredragen",
    ),
    known(
        ids::ACCEPTABLE,
        ACCEPTABILITY,
        "Acceptable",
        "foundation metadata concept",
        "godtagbar",
    ),
    known(
        REFERENCE_SET,
        FOUNDATION_METADATA,
        "Reference set",
        "foundation metadata concept",
        "urval",
    ),
    known(
        LANGUAGE_TYPE,
        REFERENCE_SET,
        "Language type reference set",
        "foundation metadata concept",
        "språkurval",
    ),
    known(
        ids::US_ENGLISH,
        LANGUAGE_TYPE,
        "US English",
        "foundation metadata concept",
        "amerikansk engelska",
    ),
    known(
        ids::GB_ENGLISH,
        LANGUAGE_TYPE,
        "GB English",
        "foundation metadata concept",
        "brittisk engelska",
    ),
    known(
        ids::SWEDISH,
        LANGUAGE_TYPE,
        "Swedish",
        "foundation metadata concept",
        "svenska",
    ),
    known(
        SIMPLE_TYPE,
        REFERENCE_SET,
        "Simple type reference set",
        "foundation metadata concept",
        "enkelt urval",
    ),
    known(
        SIMPLE_MAP_TYPE,
        REFERENCE_SET,
        "Simple map type reference set",
        "foundation metadata concept",
        "enkel mappning",
    ),
    known(
        ASSOCIATION_TYPE,
        REFERENCE_SET,
        "Association type reference set",
        "foundation metadata concept",
        "associationsurval",
    ),
    known(
        HISTORICAL,
        ASSOCIATION_TYPE,
        "Historical association reference set",
        "foundation metadata concept",
        "historiska associationer",
    ),
    known(
        ids::MODULE_DEPENDENCY,
        REFERENCE_SET,
        "Module dependency reference set",
        "foundation metadata concept",
        "modulberoenden",
    ),
    known(
        ids::SAME_AS,
        HISTORICAL,
        "SAME AS association reference set",
        "foundation metadata concept",
        "samma som",
    ),
    known(
        ids::REPLACED_BY,
        HISTORICAL,
        "REPLACED BY association reference set",
        "foundation metadata concept",
        "ersatt av",
    ),
    known(
        ids::POSSIBLY_EQUIVALENT_TO,
        HISTORICAL,
        "POSSIBLY EQUIVALENT TO association reference set",
        "foundation metadata concept",
        "möjligen likvärdig med",
    ),
];

const fn known(id: u64, parent: u64, term: &'static str, tag: &'static str, swedish: &'static str) -> Known {
    Known {
        id,
        parent,
        term,
        tag,
        swedish,
    }
}
