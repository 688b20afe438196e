//! Filters of value sets on properties: those of SNOMED CT's components, those that depend on the date, those that no one
//! knows.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;

use jiff::civil::{Date, date};
use vardnav_terminology::model::{
    Attribute, AttributeValue, CodeSystem, Components, Concept, ConceptComponent, Designation, Filter,
    FilterOperator, Include, PropertyDefinition, Validity, ValueSet,
};
use vardnav_terminology::value_set::{
    Coding, ExpandRequest, Failure, FailureKind, Subject, ValidateRequest, ValueSetEdition, ValueSetRef,
};
use vardnav_terminology::{Catalog, Edition};

const SNOMED: &str = "http://snomed.info/sct";

const MODULE: u32 = 0;
const OTHER_MODULE: u32 = 1;
const SITE: u32 = 2;
const LUNG: u32 = 3;
const DOSE: u32 = 4;
/// Codes of the concepts: two modules, an attribute, its value, an attribute with numbers, two disorders.
const CODES: [&str; 7] = [
    "45991000052106",
    "900000000000207008",
    "363698007",
    "39607008",
    "1142135004",
    "233604007",
    "195967001",
];

fn concept(code: &str) -> Concept {
    Concept {
        code: code.to_owned(),
        ..Concept::default()
    }
}

fn snomed() -> CodeSystem {
    let component = |at: usize| ConceptComponent {
        module: if at == 6 { OTHER_MODULE } else { MODULE },
        effective_time: 20_260_131,
        defined: at == 5,
    };
    let attribute = |source, kind, value| Attribute {
        source,
        group: 1,
        kind,
        value,
    };
    CodeSystem {
        url: SNOMED.to_owned(),
        concepts: CODES.map(concept).into(),
        components: Some(Box::new(Components {
            concepts: (0..CODES.len()).map(component).collect(),
            attributes: vec![
                attribute(5, SITE, AttributeValue::Concept(LUNG)),
                attribute(6, DOSE, AttributeValue::Number("2.5".to_owned())),
            ],
            ..Components::default()
        })),
        ..CodeSystem::default()
    }
}

fn catalog(system: CodeSystem) -> Catalog {
    let mut catalog = Catalog::new();
    catalog
        .insert(Arc::new(Edition::compile(system).unwrap()))
        .unwrap();
    catalog
}

fn filtered(system: &str, (property, operator, value): (&str, FilterOperator, &str)) -> ValueSet {
    let include = Include {
        system: system.to_owned(),
        filters: vec![Filter {
            property: property.to_owned(),
            operator,
            value: value.to_owned(),
        }],
        ..Include::default()
    };
    ValueSet {
        url: "urn:set".to_owned(),
        include: vec![include],
        ..ValueSet::default()
    }
}

/// The codes of a value set, which asking for each of them alone must confirm.
fn codes(catalog: &Catalog, set: &ValueSet, on: Option<Date>) -> Result<Vec<String>, Failure> {
    let mut expand = ExpandRequest::new(ValueSetRef::Inline(set));
    expand.settings.date = on;
    let found = catalog.expand(&expand);
    // A value set that is kept is asked for one code after another.
    let mut kept = catalog.clone();
    kept.insert_value_set(Arc::new(ValueSetEdition::compile(set.clone())))
        .unwrap();
    for edition in catalog.editions() {
        for concept in edition.concepts() {
            let coding = Coding {
                system: edition.url(),
                code: concept.code(),
                ..Coding::default()
            };
            let named = ValueSetRef::Address {
                url: &set.url,
                version: "",
            };
            let mut request = ValidateRequest::new(Some(named), Subject::Coding(coding));
            request.membership_only = true;
            request.settings.date = on;
            let alone = kept.validate(&request).map(|validated| validated.result);
            let listed = found.as_ref().map(|found| {
                let mut items = found.items.iter();
                items.any(|item| item.code == concept.code())
            });
            assert_eq!(alone.as_ref().ok(), listed.as_ref().ok(), "{}", concept.code());
            assert_eq!(alone.err().as_ref(), listed.err());
        }
    }
    found.map(|found| found.items.into_iter().map(|item| item.code).collect())
}

#[test]
fn snomed_s_concepts_are_filtered_by_definition_status_module_and_attributes() {
    use FilterOperator::{Equal, Exists, In, NotIn, Regex};
    let catalog = catalog(snomed());
    for (filter, right) in [
        (("sufficientlyDefined", Equal, "true"), &CODES[5..6]),
        (("moduleId", Equal, CODES[1]), &CODES[6..]),
        (("moduleId", NotIn, CODES[0]), &CODES[6..]),
        ((CODES[2], Equal, CODES[3]), &CODES[5..6]),
        ((CODES[2], In, "39607008,1"), &CODES[5..6]),
        ((CODES[2], Equal, CODES[0]), &[]),
        (
            (CODES[2], NotIn, CODES[3]),
            &[CODES[0], CODES[1], CODES[2], CODES[3], CODES[4], CODES[6]],
        ),
        (
            (CODES[2], Exists, "false"),
            &[CODES[0], CODES[1], CODES[2], CODES[3], CODES[4], CODES[6]],
        ),
        ((CODES[4], Regex, r"2\..*"), &CODES[6..]),
        ((CODES[4], Exists, "true"), &CODES[6..]),
    ] {
        let found = codes(&catalog, &filtered(SNOMED, filter), None).unwrap();
        assert_eq!(found, right, "{filter:?}");
    }
}

#[test]
fn a_filter_on_what_no_one_knows_is_an_error() {
    use FilterOperator::{
        ChildOf, DescendentLeaf, DescendentOf, Equal, Exists, Generalizes, IsA, IsNotA, NotIn,
    };
    let plain = CodeSystem {
        url: "urn:s".to_owned(),
        properties: vec![PropertyDefinition {
            name: "level".to_owned(),
            ..PropertyDefinition::default()
        }],
        concepts: vec![concept("a")],
        ..CodeSystem::default()
    };
    let (plain, snomed) = (catalog(plain), catalog(snomed()));
    for (catalog, system, filter) in [
        (&plain, "urn:s", ("lvel", Equal, "1")),
        (&plain, "urn:s", ("lvel", NotIn, "1")),
        (&plain, "urn:s", ("lvel", Exists, "false")),
        (&plain, "urn:s", ("sufficientlyDefined", Equal, "false")),
        (&plain, "urn:s", ("concept", IsA, "b")),
        (&plain, "urn:s", ("concept", IsNotA, "b")),
        (&plain, "urn:s", ("concept", DescendentOf, "b")),
        (&plain, "urn:s", ("concept", DescendentLeaf, "b")),
        (&plain, "urn:s", ("concept", ChildOf, "b")),
        (&plain, "urn:s", ("concept", Generalizes, "b")),
        (&snomed, SNOMED, ("363698008", NotIn, "39607008")),
        (&snomed, SNOMED, ("concept", IsNotA, "404684003")),
    ] {
        let failure = codes(catalog, &filtered(system, filter), None).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Definition, "{filter:?}");
        let named = if filter.0 == "concept" { filter.2 } else { filter.0 };
        assert!(failure.message.contains(named), "{failure}");
    }
    // What is defined and had by none, or is FHIR's own, is known.
    for (filter, right) in [
        (("level", Equal, "1"), &[][..]),
        (("level", Exists, "false"), &["a"][..]),
        (("status", NotIn, "retired"), &["a"][..]),
    ] {
        let found = codes(&plain, &filtered("urn:s", filter), None).unwrap();
        assert_eq!(found, right, "{filter:?}");
    }
}

#[test]
fn value_sets_with_expressions_are_known_to_be_costly() {
    use FilterOperator::{Equal, IsA};
    let mut catalog = catalog(snomed());
    let sets = [
        ("urn:plain", filtered(SNOMED, ("concept", IsA, CODES[0]))),
        ("urn:ecl", filtered(SNOMED, ("constraint", Equal, "*"))),
        ("urn:importing", importing("urn:ecl")),
        ("urn:ring", importing("urn:ring")),
        ("urn:light", importing("urn:plain")),
    ];
    for (url, set) in sets {
        let set = ValueSet {
            url: url.to_owned(),
            version: "1".to_owned(),
            ..set
        };
        catalog
            .insert_value_set(Arc::new(ValueSetEdition::compile(set)))
            .unwrap();
    }
    for (set, costly) in [
        ("urn:plain", false),
        ("urn:ecl", true),
        ("urn:ecl|1", true),
        ("urn:importing", true),
        ("urn:ring", false),
        ("urn:light", false),
        ("urn:unknown", false),
        ("http://snomed.info/sct?fhir_vs", false),
        ("http://snomed.info/sct?fhir_vs=isa/233604007", false),
        ("http://snomed.info/sct?fhir_vs=ecl/*", true),
    ] {
        assert_eq!(catalog.is_costly(set), costly, "{set}");
    }
}

fn importing(url: &str) -> ValueSet {
    ValueSet {
        include: vec![Include {
            value_sets: vec![url.to_owned()],
            ..Include::default()
        }],
        ..ValueSet::default()
    }
}

#[test]
fn whether_a_code_is_inactive_depends_on_the_date() {
    let mut former = concept("former");
    former.validity = Validity {
        from: None,
        until: Some(date(2025, 1, 1)),
    };
    former.designations = vec![Designation {
        text: "förr".to_owned(),
        ..Designation::default()
    }];
    let catalog = catalog(CodeSystem {
        url: "urn:s".to_owned(),
        concepts: vec![former, concept("now")],
        ..CodeSystem::default()
    });
    let mut set = filtered("urn:s", ("inactive", FilterOperator::Equal, "false"));
    let (before, after) = (Some(date(2024, 6, 1)), Some(date(2026, 6, 1)));
    assert_eq!(codes(&catalog, &set, before).unwrap(), ["former", "now"]);
    assert_eq!(codes(&catalog, &set, after).unwrap(), ["now"]);
    // As the value set's own word on inactive codes does.
    let filters = std::mem::take(&mut set.include[0].filters);
    set.inactive = Some(false);
    assert_eq!(codes(&catalog, &set, after).unwrap(), ["now"]);
    // One value set, asked on one date and then on another.
    set.inactive = None;
    set.include[0].filters = filters;
    let mut kept = catalog.clone();
    kept.insert_value_set(Arc::new(ValueSetEdition::compile(set)))
        .unwrap();
    for (on, right) in [(before, 2), (after, 1), (before, 2), (after, 1)] {
        let mut expand = ExpandRequest::new(ValueSetRef::Address {
            url: "urn:set",
            version: "",
        });
        expand.settings.date = on;
        assert_eq!(kept.expand(&expand).unwrap().total, right, "{on:?}");
    }
}
