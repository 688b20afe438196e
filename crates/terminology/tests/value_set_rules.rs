//! The rules of value sets by example: dates and versions, languages, supplements, implicit value sets, limits, what
//! cannot be carried out.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

#[path = "support/sets.rs"]
mod sets;

use jiff::civil::date;
use vardnav_terminology::Canonical;
use vardnav_terminology::model::{
    CodeSystem, Components, Concept, ConceptComponent, Content, FilterOperator, Include, Property,
    ReferenceSet, ReferenceSetMember, ValueSet,
};
use vardnav_terminology::value_set::{
    Coding, ExpandRequest, Failure, FailureKind, IssueKind, Languages, Severity, Subject, ValidateRequest,
    ValueSetEdition, ValueSetRef,
};

use crate::sets::{
    SNOMED, catalog, codes, coding, concept, filtered, include, kinds, named, set, system, validate, year,
};

#[test]
fn a_floating_version_is_that_in_force_on_the_date_else_the_newest() {
    let yearly = |version: &str, code: &str| system("urn:icd", version, vec![concept(code, &[])]);
    let all = set("urn:all", vec![include("urn:icd", &[])]);
    let mut catalog = catalog(vec![yearly("2026", "NEW"), yearly("2025", "OLD")], vec![all]);
    let mut request = ExpandRequest::new(named("urn:all"));
    assert_eq!(codes(&catalog.expand(&request).unwrap()), ["NEW"]);
    catalog.bind("urn:icd", "2025", year(2025)).unwrap();
    catalog.bind("urn:icd", "2026", year(2026)).unwrap();
    request.settings.date = Some(date(2025, 6, 1));
    assert_eq!(codes(&catalog.expand(&request).unwrap()), ["OLD"]);
    request.settings.date = Some(date(2027, 6, 1));
    let failure = catalog.expand(&request).unwrap_err();
    assert_eq!(failure.kind, FailureKind::UnknownCodeSystem);
    request.settings.versions.force = vec![Canonical::parse("urn:icd|2026")];
    let expansion = catalog.expand(&request).unwrap();
    assert_eq!(codes(&expansion), ["NEW"]);
    assert_eq!(expansion.used.code_systems, ["urn:icd|2026"]);
}

#[test]
fn codes_beyond_their_dates_are_inactive() {
    let mut old = concept("A", &[]);
    old.validity = year(2024);
    let all = set("urn:all", vec![include("urn:s", &[])]);
    let catalog = catalog(
        vec![system("urn:s", "1", vec![old, concept("B", &[])])],
        vec![all],
    );
    let mut request = ExpandRequest::new(named("urn:all"));
    request.active_only = true;
    assert_eq!(codes(&catalog.expand(&request).unwrap()), ["A", "B"]);
    request.settings.date = Some(date(2026, 1, 1));
    assert_eq!(codes(&catalog.expand(&request).unwrap()), ["B"]);
}

#[test]
fn terms_are_shown_and_judged_in_the_languages_wished_for() {
    let concepts = vec![
        concept(
            "1",
            &[
                ("hjärtsvikt", "sv"),
                ("heart failure", "en"),
                ("sydämen vajaatoiminta", "fi"),
            ],
        ),
        concept("2", &[("astma", "sv")]),
    ];
    let all = set("urn:all", vec![include("urn:s", &[])]);
    let catalog = catalog(vec![system("urn:s", "1", concepts)], vec![all]);
    let shown = |languages: &str| {
        let mut request = ExpandRequest::new(named("urn:all"));
        request.settings.languages = Languages::parse(languages).unwrap();
        let expansion = catalog.expand(&request).unwrap();
        expansion
            .items
            .into_iter()
            .map(|item| item.display)
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(""), ["hjärtsvikt", "astma"]);
    assert_eq!(shown("de, en-GB;q=0.5"), ["heart failure", "astma"]);
    assert_eq!(shown("fi, *;q=0"), ["sydämen vajaatoiminta", ""]);
    let judged = |languages: &str, code: &str, display: &str| {
        let coding = Coding {
            display: Some(display),
            ..coding("urn:s", code)
        };
        let mut request = ValidateRequest::new(Some(named("urn:all")), Subject::Coding(coding));
        request.settings.languages = Languages::parse(languages).unwrap();
        let validated = catalog.validate(&request).unwrap();
        (validated.result, kinds(&validated))
    };
    assert_eq!(judged("", "1", "Heart failure"), (true, vec![]));
    assert_eq!(
        judged("fi", "1", "heart failure"),
        (false, vec![(Severity::Error, IssueKind::InvalidDisplay)])
    );
    assert_eq!(
        judged("fi", "2", "astma"),
        (true, vec![(Severity::Information, IssueKind::InvalidDisplay)])
    );
}

#[test]
fn a_supplement_adds_terms_where_it_is_asked_for() {
    let mut supplement = system("urn:more", "1", vec![concept("1", &[("svikt", "sv")])]);
    supplement.content = Content::Supplement;
    supplement.supplements = "urn:s".to_owned();
    let mut needy = set("urn:needy", vec![include("urn:s", &[])]);
    needy.parameters = vec![Property {
        name: "useSupplement".to_owned(),
        value: "urn:more".to_owned(),
    }];
    let base = system("urn:s", "1", vec![concept("1", &[("hjärtsvikt", "sv")])]);
    let plain = set("urn:all", vec![include("urn:s", &[])]);
    let catalog = catalog(vec![base, supplement], vec![plain, needy]);
    let with = Coding {
        display: Some("svikt"),
        ..coding("urn:s", "1")
    };
    assert!(validate(&catalog, "urn:needy", with).result);
    assert!(!validate(&catalog, "urn:all", with).result);
    let mut request = ExpandRequest::new(named("urn:needy"));
    request.designations = true;
    let expansion = catalog.expand(&request).unwrap();
    assert_eq!(expansion.items[0].designations[0].text, "svikt");
    assert_eq!(expansion.used.supplements, ["urn:more|1"]);
    request.settings.supplements = vec!["urn:nowhere".to_owned()];
    let failure = catalog.expand(&request).unwrap_err();
    assert_eq!(failure.kind, FailureKind::UnknownSupplement);
}

#[test]
fn imports_that_lead_round_are_named() {
    let importing = |url: &str, import: &str| {
        let clause = Include {
            value_sets: vec![import.to_owned()],
            ..Include::default()
        };
        set(url, vec![clause])
    };
    let sets = vec![
        importing("urn:x", "urn:y"),
        importing("urn:y", "urn:x"),
        importing("urn:z", "urn:none"),
    ];
    let catalog = catalog(vec![system("urn:s", "1", vec![concept("1", &[])])], sets);
    let failure = catalog.expand(&ExpandRequest::new(named("urn:x"))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Circular);
    assert!(
        failure.message.contains("`urn:x` → `urn:y` → `urn:x`"),
        "{failure}"
    );
    let request = ValidateRequest::new(Some(named("urn:y")), Subject::Coding(coding("urn:s", "1")));
    assert_eq!(
        catalog.validate(&request).unwrap_err().kind,
        FailureKind::Circular
    );
    let failure = catalog.expand(&ExpandRequest::new(named("urn:z"))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::UnknownValueSet);
}

#[test]
fn more_codes_than_allowed_are_not_answered_unless_by_pages() {
    let codes = (0..100)
        .map(|number| concept(&format!("c{number}"), &[]))
        .collect();
    let all = set("urn:all", vec![include("urn:s", &[])]);
    let catalog = catalog(vec![system("urn:s", "1", codes)], vec![all]);
    let mut request = ExpandRequest::new(named("urn:all"));
    request.limit = 50;
    let failure = catalog.expand(&request).unwrap_err();
    assert_eq!(failure.kind, FailureKind::TooCostly);
    assert!(failure.message.contains("100 codes"), "{failure}");
    request.count = Some(50);
    let page = catalog.expand(&request).unwrap();
    assert_eq!((page.total, page.items.len()), (100, 50));
    request.count = Some(0);
    let page = catalog.expand(&request).unwrap();
    assert_eq!((page.total, page.items.len()), (100, 0));
}

#[test]
fn filters_that_cannot_be_carried_out_say_why() {
    let wrong = [
        ("concept", FilterOperator::IsA, ""),
        ("p", FilterOperator::IsA, "1"),
        ("code", FilterOperator::Regex, "("),
        ("code", FilterOperator::Regex, "(((a{1000}){1000}){1000})"),
        ("code", FilterOperator::Exists, "maybe"),
    ];
    for (property, operator, value) in wrong {
        let source = set("urn:x", vec![filtered("urn:s", property, operator, value)]);
        let catalog = catalog(vec![system("urn:s", "1", vec![concept("1", &[])])], vec![source]);
        let failure = catalog.expand(&ExpandRequest::new(named("urn:x"))).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Definition, "{value}");
    }
    let source = set(
        "urn:x",
        vec![filtered(SNOMED, "constraint", FilterOperator::Equal, "<< (")],
    );
    let compiled = ValueSetEdition::compile(source);
    assert!(compiled.failure().unwrap().message.contains("column"));
}

#[test]
fn a_code_is_found_as_it_is_written_elsewhere() {
    let mut free = system("urn:free", "1", vec![concept("Ab1", &[])]);
    free.case_insensitive = true;
    let icd = system("urn:icd", "1", vec![concept("I509", &[]), concept("I500", &[])]);
    let listing = set(
        "urn:x",
        vec![include("urn:free", &["AB1"]), include("urn:icd", &["I50.9"])],
    );
    let catalog = catalog(vec![free, icd], vec![listing]);
    let found = validate(&catalog, "urn:x", coding("urn:free", "ab1"));
    assert!(found.result);
    assert_eq!(found.normalized_code.as_deref(), Some("Ab1"));
    assert_eq!(kinds(&found), [(Severity::Information, IssueKind::CodeRule)]);
    assert!(validate(&catalog, "urn:x", coding("urn:icd", "I50.9")).result);
    assert!(validate(&catalog, "urn:x", coding("urn:icd", "I509")).result);
    assert!(!validate(&catalog, "urn:x", coding("urn:icd", "I500")).result);
    let expansion = catalog.expand(&ExpandRequest::new(named("urn:x"))).unwrap();
    assert_eq!(codes(&expansion), ["Ab1", "I509"]);
}

#[test]
fn a_code_that_is_enumerated_is_in_the_value_set_though_its_code_system_is_not_loaded() {
    let catalog = catalog(Vec::new(), vec![set("urn:x", vec![include("urn:s", &["1"])])]);
    let found = validate(&catalog, "urn:x", coding("urn:s", "1"));
    assert!(found.result);
    assert_eq!(kinds(&found), [(Severity::Warning, IssueKind::NotFound)]);
    assert!(!validate(&catalog, "urn:x", coding("urn:s", "2")).result);
}

/// Finding (404684003) above disease (64572001), in a reference set (900000000000497000) of its own.
fn snomed() -> CodeSystem {
    let mut disease = concept("64572001", &[("Disease", "en")]);
    disease.parents = vec!["404684003".to_owned()];
    let mut source = system(
        SNOMED,
        "http://snomed.info/sct/45991000052106/version/20260531",
        vec![
            concept("404684003", &[("Clinical finding", "en")]),
            disease,
            concept("900000000000497000", &[]),
        ],
    );
    source.components = Some(Box::new(Components {
        concepts: vec![ConceptComponent::default(); 3],
        designations: vec![Default::default(); 2],
        reference_sets: vec![ReferenceSet {
            concept: 2,
            members: vec![ReferenceSetMember {
                active: true,
                referenced: 1,
                ..ReferenceSetMember::default()
            }],
            ..ReferenceSet::default()
        }],
        ..Components::default()
    }));
    source
}

#[test]
fn value_sets_that_no_one_wrote_are_found_by_their_address() {
    let mut plain = system("urn:s", "1", vec![concept("1", &[]), concept("2", &[])]);
    plain.value_set = "urn:s:all".to_owned();
    let catalog = catalog(vec![plain, snomed()], Vec::new());
    let expanded = |url: &str| {
        let expansion = catalog.expand(&ExpandRequest::new(named(url))).unwrap();
        codes(&expansion).join(" ")
    };
    assert_eq!(expanded("urn:s:all"), "1 2");
    assert_eq!(
        expanded("http://snomed.info/sct?fhir_vs=isa/404684003"),
        "404684003 64572001"
    );
    assert_eq!(
        expanded("http://snomed.info/sct?fhir_vs=ecl/%3C%20404684003"),
        "64572001"
    );
    assert_eq!(
        expanded("http://snomed.info/sct?fhir_vs=refset/900000000000497000"),
        "64572001"
    );
    let below = "http://snomed.info/sct?fhir_vs=ecl/%3C404684003";
    assert!(validate(&catalog, below, coding(SNOMED, "64572001")).result);
    assert!(!validate(&catalog, below, coding(SNOMED, "404684003")).result);
    let unknown = ExpandRequest::new(named("http://snomed.info/sct?fhir_vs=other"));
    assert_eq!(
        catalog.expand(&unknown).unwrap_err().kind,
        FailureKind::UnknownValueSet
    );
}

#[test]
fn snomed_s_own_filters_take_expressions_and_reference_sets() {
    let clauses = [
        filtered(SNOMED, "constraint", FilterOperator::Equal, "< 404684003"),
        filtered(SNOMED, "expression", FilterOperator::Equal, "<! 404684003"),
        filtered(SNOMED, "concept", FilterOperator::In, "900000000000497000"),
    ];
    for clause in clauses {
        let catalog = catalog(vec![snomed()], vec![set("urn:x", vec![clause])]);
        let expansion = catalog.expand(&ExpandRequest::new(named("urn:x"))).unwrap();
        assert_eq!(codes(&expansion), ["64572001"]);
        assert!(validate(&catalog, "urn:x", coding(SNOMED, "64572001")).result);
        assert!(!validate(&catalog, "urn:x", coding(SNOMED, "404684003")).result);
    }
}

/// Numbered codes: 100001 above 100002 above 100003, and 100004 beside.
fn numbered(url: &str) -> CodeSystem {
    let below = |code: &str, parent: &[&str]| Concept {
        parents: parent.iter().map(|&parent| parent.to_owned()).collect(),
        ..concept(code, &[])
    };
    let concepts = vec![
        below("100001", &[]),
        below("100002", &["100001"]),
        below("100003", &["100002"]),
        below("100004", &[]),
    ];
    system(url, "1", concepts)
}

#[test]
fn an_expression_is_one_over_any_code_system() {
    let mut own = system("urn:own", "1", vec![concept("1", &[]), concept("2", &[])]);
    own.concepts[1].properties = vec![Property {
        name: "constraint".to_owned(),
        value: "<< 100002".to_owned(),
    }];
    let catalog = catalog(vec![numbered("urn:s"), own], vec![]);
    let expanded = |system: &str, property: &str, text: &str| {
        let source = set("", vec![filtered(system, property, FilterOperator::Equal, text)]);
        let expansion = catalog.expand(&ExpandRequest::new(ValueSetRef::Inline(&source)))?;
        Ok(expansion
            .items
            .into_iter()
            .map(|item| item.code)
            .collect::<Vec<_>>())
    };
    for property in ["constraint", "expression"] {
        assert_eq!(
            expanded("urn:s", property, "<< 100002 OR 100004"),
            Ok(["100002", "100003", "100004"].map(str::to_owned).to_vec())
        );
    }
    assert_eq!(
        expanded("urn:own", "constraint", "<< 100002"),
        Ok(vec!["2".to_owned()])
    );
    let reason = |text: &str| -> Failure { expanded("urn:s", "constraint", text).unwrap_err() };
    let failure = reason("* : 100002 = *");
    assert_eq!(failure.kind, FailureKind::Definition);
    assert!(failure.message.contains("hierarchy alone"), "{failure}");
    let failure = reason("<< J40");
    assert_eq!(failure.kind, FailureKind::Definition);
    assert!(failure.message.contains("numbers"), "{failure}");
}

#[test]
fn a_value_set_of_a_request_is_not_called_by_an_empty_address() {
    let message = |source: ValueSet| {
        ValueSetEdition::compile(source)
            .failure()
            .unwrap()
            .message
            .clone()
    };
    let wrong = || filtered(SNOMED, "constraint", FilterOperator::Equal, "<< (");
    assert!(message(set("", vec![wrong()])).starts_with("the expression cannot be read: line 1"));
    let several = message(set("", vec![wrong(), include("urn:s", &[])]));
    assert!(
        several.starts_with("the value set of the request cannot be used"),
        "{several}"
    );
    assert!(message(set("urn:x", vec![wrong()])).starts_with("the value set `urn:x` cannot be used"));
}

#[test]
fn one_code_is_held_against_an_expression_without_finding_all_that_it_means() {
    let concepts = (0..20_000).map(|number| concept(&format!("{}", 100_000 + number), &[]));
    // All that it means takes more work than is allowed; whether it holds of one concept takes little.
    let text = format!("* {{{{ C {} }}}}", vec!["active=1"; 6000].join(", "));
    let x = set(
        "urn:x",
        vec![filtered("urn:s", "constraint", FilterOperator::Equal, &text)],
    );
    let catalog = catalog(vec![system("urn:s", "1", concepts.collect())], vec![x]);
    let failure = catalog.expand(&ExpandRequest::new(named("urn:x"))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::TooCostly);
    for code in 100_000..100_040 {
        assert!(validate(&catalog, "urn:x", coding("urn:s", &code.to_string())).result);
    }
}

#[test]
fn a_locked_date_rules_floating_versions_of_the_value_set_itself() {
    let yearly = |version: &str, code: &str| system("urn:icd", version, vec![concept(code, &[])]);
    let locked = |url: &str, date: &str| ValueSet {
        locked_date: date.to_owned(),
        ..set(url, vec![include("urn:icd", &[])])
    };
    let fixed = Include {
        version: "2026".to_owned(),
        ..include("urn:icd", &[])
    };
    let sets = vec![
        locked("urn:day", "2025-06-01"),
        locked("urn:month", "2025-12"),
        locked("urn:year", "2025"),
        locked("urn:before", "2001-01-01"),
        locked("urn:wrong", "soon"),
        set("urn:floating", vec![include("urn:icd", &[])]),
        ValueSet {
            locked_date: "2025".to_owned(),
            ..set("urn:fixed", vec![fixed])
        },
    ];
    let mut catalog = catalog(vec![yearly("2026", "NEW"), yearly("2025", "OLD")], sets);
    catalog.bind("urn:icd", "2025", year(2025)).unwrap();
    catalog.bind("urn:icd", "2026", year(2026)).unwrap();
    for (url, right) in [
        ("urn:day", "OLD"),
        ("urn:month", "OLD"),
        ("urn:year", "OLD"),
        ("urn:floating", "NEW"),
        ("urn:fixed", "NEW"),
    ] {
        let mut request = ExpandRequest::new(named(url));
        request.settings.date = Some(date(2026, 6, 1));
        assert_eq!(codes(&catalog.expand(&request).unwrap()), [right], "{url}");
        for (code, version) in [("OLD", ""), ("NEW", ""), ("OLD", "2025"), ("NEW", "2026")] {
            let coding = Coding {
                version,
                ..coding("urn:icd", code)
            };
            let mut request = ValidateRequest::new(Some(named(url)), Subject::Coding(coding));
            request.settings.date = Some(date(2026, 6, 1));
            // A version that floats freely is the one reported.
            let taken = code == right || (url == "urn:floating" && !version.is_empty());
            let result = catalog.validate(&request).unwrap().result;
            assert_eq!(result, taken, "{url} {code} {version}");
        }
    }
    for (url, kind) in [
        ("urn:before", FailureKind::UnknownCodeSystem),
        ("urn:wrong", FailureKind::Definition),
    ] {
        let failure = catalog.expand(&ExpandRequest::new(named(url))).unwrap_err();
        assert_eq!(failure.kind, kind, "{url}");
    }
    let before = ValidateRequest::new(
        Some(named("urn:before")),
        Subject::Coding(coding("urn:icd", "OLD")),
    );
    assert!(!catalog.validate(&before).unwrap().result);
}
