//! What FHIR says and what the model then holds; what is wrong and where.

use vardnav_interchange::codesystem::ImportSeverity;
use vardnav_interchange::content::fhir::{parse_code_system, parse_concept_map, parse_value_set};
use vardnav_interchange::content::{Contents, MemoryFiles, read};
use vardnav_terminology::model::{
    CodeSystem, ConceptStatus, Content, DesignationStatus, FilterOperator, MapRelationship, PropertyKind,
    PublicationStatus, Unmapped,
};

fn contents(files: &[(&str, &str)]) -> Contents {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    read(&MemoryFiles::new(files))
}

fn codes(contents: &Contents) -> Vec<(&str, u32)> {
    contents
        .findings
        .iter()
        .map(|finding| (finding.code, finding.line))
        .collect()
}

const SMALL: &str = r#"{"resourceType":"CodeSystem","url":"urn:a","status":"active","content":"complete","concept":[{"code":"a"}]}"#;

fn system(body: &str) -> CodeSystem {
    let text = format!(
        r#"{{"resourceType":"CodeSystem","url":"urn:a","status":"draft","content":"complete","language":"sv",{body}}}"#
    );
    parse_code_system(text.as_bytes()).unwrap()
}

#[test]
fn a_code_system() {
    let read = system(
        r#""caseSensitive":false,"experimental":true,
        "property":[{"code":"dead","uri":"http://hl7.org/fhir/concept-properties#inactive","type":"boolean"},
                    {"code":"size","type":"decimal"},{"code":"up","uri":"http://hl7.org/fhir/concept-properties#parent","type":"code"}],
        "concept":[{"code":"a","display":"A","definition":"det första",
            "_definition":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/translation","extension":[
                {"url":"lang","valueCode":"en"},{"url":"content","valueString":"the first"}]}]},
            "designation":[{"value":"annat A"},{"language":"en","use":{"system":"s","code":"display"},"value":"An A"}],
            "concept":[{"code":"b","property":[{"code":"dead","valueBoolean":true},{"code":"size","valueDecimal":1.50},
                {"code":"up","valueCode":"c"},{"code":"see","valueCoding":{"system":"urn:x","code":"y"}}]}]},
          {"code":"c","property":[{"code":"status","valueCode":"retired"},{"code":"notSelectable","valueBoolean":true}]}]"#,
    );
    assert!(read.case_insensitive && read.publication.experimental);
    assert_eq!(read.publication.status, PublicationStatus::Draft);
    assert_eq!(read.content, Content::Complete);
    assert_eq!(read.properties[1].kind, PropertyKind::Decimal);
    let [a, b, c] = &read.concepts[..] else {
        panic!("three concepts")
    };
    let terms: Vec<_> = a
        .designations
        .iter()
        .map(|term| (&*term.text, &*term.language, &*term.usage, term.status))
        .collect();
    assert_eq!(
        terms,
        [
            ("A", "sv", "", DesignationStatus::Recommended),
            ("annat A", "", "", DesignationStatus::Accepted),
            ("An A", "en", "s|display", DesignationStatus::Recommended),
        ]
    );
    assert_eq!(a.definitions[1].text, "the first");
    assert_eq!(b.parents, ["a", "c"]);
    assert_eq!(b.status, ConceptStatus::Inactive);
    let properties: Vec<_> = b
        .properties
        .iter()
        .map(|property| (&*property.name, &*property.value))
        .collect();
    assert_eq!(
        properties,
        [("dead", "true"), ("size", "1.50"), ("see", "urn:x|y")]
    );
    // A property of this name means inactivity only where no other has that meaning by its address.
    assert_eq!(c.status, ConceptStatus::Inactive);
    assert!(c.not_selectable);
}

#[test]
fn children_are_named_by_their_parents_too() {
    let read = system(
        r#""concept":[{"code":"a","property":[{"code":"child","valueCode":"b"}]},{"code":"b"},
           {"code":"c","property":[{"code":"parent","valueCode":"b"}]}]"#,
    );
    assert_eq!(read.concepts[1].parents, ["a"]);
    assert_eq!(read.concepts[2].parents, ["b"]);
    assert!(read.concepts[0].properties.is_empty());
}

#[test]
fn a_value_set() {
    let read = parse_value_set(
        br#"{"resourceType":"ValueSet","status":"active","extension":[
            {"url":"http://hl7.org/fhir/StructureDefinition/valueset-supplement","valueCanonical":"urn:s|1"}],
         "compose":{"inactive":false,"lockedDate":"2024-01-01","extension":[
            {"url":"http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter","extension":[
               {"url":"name","valueCode":"displayLanguage"},{"url":"value","valueCode":"de"}]}],
          "include":[{"system":"urn:a","version":"1.x","concept":[{"code":"a","display":"A!","extension":[
             {"url":"http://hl7.org/fhir/StructureDefinition/itemWeight","valueDecimal":4.0}]}]},
             {"system":"urn:a","filter":[{"property":"concept","op":"descendent-leaf","value":"a"}],"valueSet":["urn:v"]}],
          "exclude":[{"valueSet":["urn:w|2"]}]}}"#,
    )
    .unwrap();
    assert_eq!((read.inactive, &*read.locked_date), (Some(false), "2024-01-01"));
    let parameters: Vec<_> = read.parameters.iter().map(|p| (&*p.name, &*p.value)).collect();
    assert_eq!(
        parameters,
        [("displayLanguage", "de"), ("useSupplement", "urn:s|1")]
    );
    let weight = &read.include[0].concepts[0].properties[0];
    assert_eq!((&*weight.name, &*weight.value), ("weight", "4.0"));
    assert_eq!(
        read.include[1].filters[0].operator,
        FilterOperator::DescendentLeaf
    );
    assert_eq!(read.exclude[0].value_sets, ["urn:w|2"]);
}

#[test]
fn an_expansion_is_read_as_its_codes() {
    let read = parse_value_set(
        br#"{"resourceType":"ValueSet","url":"urn:v","status":"active","expansion":{"contains":[
          {"display":"a group","contains":[{"system":"urn:a","code":"1","display":"One"},{"system":"urn:a","code":"2"}]},
          {"system":"urn:a","code":"3","abstract":true,"contains":[{"system":"urn:b","version":"7","code":"1"}]},
          {"system":"urn:a","code":"4"}]}}"#,
    )
    .unwrap();
    let listed: Vec<_> = read
        .include
        .iter()
        .flat_map(|include| {
            let system = (&*include.system, &*include.version);
            include
                .concepts
                .iter()
                .map(move |concept| (system, &*concept.code))
        })
        .collect();
    let (a, b) = (("urn:a", ""), ("urn:b", "7"));
    assert_eq!(listed, [(a, "1"), (a, "2"), (b, "1"), (a, "4")]);
    assert_eq!(read.include.len(), 3);
}

#[test]
fn maps_of_both_versions_are_the_same() {
    let r4 = parse_concept_map(
        br#"{"resourceType":"ConceptMap","url":"urn:m","status":"active","sourceUri":"urn:v","targetCanonical":"urn:w",
        "group":[{"source":"urn:a","sourceVersion":"1","target":"urn:b","element":[
          {"code":"x","target":[{"code":"1","equivalence":"wider"},{"code":"2","equivalence":"equal","comment":"c",
             "dependsOn":[{"property":"sex","value":"f"}],"product":[{"property":"p","value":"q"}]}]},
          {"code":"y","target":[{"equivalence":"unmatched"}]}],
          "unmapped":{"mode":"provided"}},
          {"source":"urn:a","target":"urn:c","unmapped":{"mode":"other-map","url":"urn:n"}}]}"#,
    )
    .unwrap();
    let r5 = parse_concept_map(
        br#"{"resourceType":"ConceptMap","url":"urn:m","status":"active","sourceScopeUri":"urn:v","targetScopeCanonical":"urn:w",
        "group":[{"source":"urn:a|1","target":"urn:b","element":[
          {"code":"x","target":[{"code":"1","relationship":"source-is-narrower-than-target"},
             {"code":"2","relationship":"equivalent","comment":"c",
             "dependsOn":[{"attribute":"sex","valueCode":"f"}],"product":[{"attribute":"p","valueString":"q"}]}]},
          {"code":"y","noMap":true}],
          "unmapped":{"mode":"use-source-code","relationship":"related-to"}},
          {"source":"urn:a","target":"urn:c","unmapped":{"mode":"other-map","otherMap":"urn:n"}}]}"#,
    )
    .unwrap();
    assert_eq!(r4, r5);
    assert!(r5.groups[0].elements[1].no_map);
    let narrower = MapRelationship::SourceIsNarrowerThanTarget;
    assert_eq!(r5.groups[0].elements[0].targets[0].relationship, narrower);
    assert_eq!(r5.groups[1].unmapped, Unmapped::OtherMap { url: "urn:n".into() });
}

#[test]
fn value_sets_in_the_place_of_mapped_codes_lead_nowhere() {
    let map = parse_concept_map(
        br#"{"resourceType":"ConceptMap","url":"urn:m","status":"active",
        "group":[{"source":"urn:a","target":"urn:b","element":[
          {"valueSet":"urn:v","target":[{"code":"1","relationship":"equivalent"}]},
          {"code":"x","target":[{"valueSet":"urn:v","relationship":"equivalent"},
             {"code":"2","relationship":"equivalent"}]},
          {"code":"y","target":[{"valueSet":"urn:v","relationship":"equivalent"}]}],
          "unmapped":{"mode":"fixed","valueSet":"urn:v","relationship":"related-to"}}]}"#,
    )
    .unwrap();
    let group = &map.groups[0];
    let elements = group.elements.iter();
    let mapped: Vec<_> = elements
        .map(|element| {
            let targets = element.targets.iter().map(|target| target.code.as_str());
            (element.code.as_str(), targets.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(mapped, [("x", vec!["2"]), ("y", vec![])]);
    assert_eq!(group.unmapped, Unmapped::None);
}

#[test]
fn hierarchies_may_be_deep_but_not_endless() {
    let nested = |depth: usize| {
        let mut text = SMALL.replace(r#"[{"code":"a"}]"#, "");
        text.pop();
        for level in 0..depth {
            text.push_str(&format!(r#"[{{"code":"c{level}","concept":"#));
        }
        text + "[]" + &"}]".repeat(depth) + "}"
    };
    let deep = parse_code_system(nested(1_000).as_bytes()).unwrap();
    assert_eq!(deep.concepts.len(), 1_000);
    assert_eq!(deep.concepts[999].parents, ["c998"]);
    let findings = parse_code_system(nested(2_000).as_bytes()).unwrap_err();
    assert_eq!(findings[0].code, "VN-IMP-207");
    let brackets = format!(
        r#"{{"resourceType":"CodeSystem","concept":{}"#,
        "[".repeat(1_000_000)
    );
    assert_eq!(
        parse_code_system(brackets.as_bytes()).unwrap_err()[0].code,
        "VN-IMP-207"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, code, line) in [
        ("{\"resourceType\":\"CodeSystem\",\n\"url\":}", "VN-IMP-201", 2),
        (
            "{\"resourceType\":\"CodeSystem\",\n\"url\":\"a\"",
            "VN-IMP-201",
            2,
        ),
        (
            "{\"resourceType\":\"CodeSystem\",\"url\":\"a\",\n\"content\":\"complete\",\n\"concept\":[{\"code\":1}]}",
            "VN-IMP-202",
            3,
        ),
        (
            "{\"resourceType\":\"CodeSystem\",\"url\":\"a\",\n\"url\":\"a\"}",
            "VN-IMP-202",
            2,
        ),
        (&SMALL.replace("urn:a", ""), "VN-IMP-203", 0),
        (&SMALL.replace("complete", "all"), "VN-IMP-204", 0),
        (
            &SMALL.replace(r#"{"code":"a"}"#, r#"{"code":"a"},{"code":"a"}"#),
            "VN-IMP-205",
            0,
        ),
        (
            &SMALL.replace(r#""a"}"#, r#""a","property":[{"code":"p","valueDecimal":"1"}]}"#),
            "VN-IMP-202",
            1,
        ),
    ] {
        let contents = contents(&[("a.json", text)]);
        assert_eq!(
            codes(&contents),
            [(code, line)],
            "{text}\n{:?}",
            contents.findings
        );
        assert!(contents.code_systems.is_empty());
        assert_eq!(contents.findings[0].severity, ImportSeverity::Error);
    }
    let wrong = contents(&[(
        "a.json",
        "{\"resourceType\":\"CodeSystem\",\"url\":\"urn:a\",\"content\":\"complete\",\"concept\":[{\"code\":{\"secret\":1}}]}",
    )]);
    assert_eq!(
        wrong.findings[0].message,
        "concept[0].code: a string was expected (column 83)"
    );
}

/// A code system with components; `OWN` stands for the beginning of our extensions' addresses.
const CLINICAL: &str = r#"{"resourceType":"CodeSystem","url":"urn:a","content":"complete","extension":[
{"url":"OWNcomponents","valueBoolean":true},
{"url":"OWNreference-set","extension":[{"url":"concept","valueCode":"b"},{"url":"field","valueString":"order"}]}],
"property":[{"code":"module","type":"code","extension":[{"url":"OWNcomponent","valueCode":"module"}]},
{"code":"time","type":"string","extension":[{"url":"OWNcomponent","valueCode":"effective-time"}]},
{"code":"site","type":"code","extension":[{"url":"OWNattribute","valueCode":"b"}]}],
"concept":[{"code":"a","extension":[{"url":"OWNmember","extension":[{"url":"set","valueCode":"b"},
{"url":"id","valueUuid":"urn:uuid:00000000-0000-4000-8000-00000000012c"},{"url":"value","valueInteger":1}]}],
"designation":[{"value":"A","extension":[{"url":"OWNdescription","extension":[{"url":"id","valueString":"7"},
{"url":"preferred","valueCode":"b"}]}]}],
"property":[{"code":"module","valueCode":"b"},{"code":"time","valueString":"20240131"},
{"code":"site","valueCode":"b","extension":[{"url":"OWNgroup","valueUnsignedInt":1}]}]},{"code":"b"}]}"#;

#[test]
fn what_is_wrong_with_components_is_told() {
    let read = |from: &str, to: &str| {
        assert!(CLINICAL.contains(from), "{from}");
        let text = CLINICAL
            .replacen(from, to, 1)
            .replace("OWN", "https://vardnav.se/fhir/StructureDefinition/");
        contents(&[("a.json", &text)])
    };
    let right = read("urn:a", "urn:b");
    assert_eq!(right.findings, []);
    let components = right.code_systems[0].content.components.as_ref().unwrap();
    assert_eq!(components.attributes[0].group, 1);
    assert_eq!(
        components.reference_sets[0].members[0].id,
        0x4000_8000_0000_0000_012c
    );
    for (from, to) in [
        (r#""valueCode":"effective-time""#, r#""valueCode":"time""#),
        (
            r#"component","valueCode":"module""#,
            r#"component","valueCode":"modules""#,
        ),
        (r#"attribute","valueCode":"b""#, r#"attribute","valueCode":"c""#),
        (r#""concept","valueCode":"b""#, r#""concept","valueCode":"a""#),
        (r#""set","valueCode":"b""#, r#""set","valueCode":"a""#),
        ("urn:uuid:00000000-0000-4000-8000-00000000012c", "12c"),
        (r#""valueInteger":1"#, r#""valueDecimal":1.5"#),
        (r#""id","valueString":"7""#, r#""id","valueString":"seven""#),
        (r#""preferred","valueCode":"b""#, r#""preferred","valueCode":"c""#),
        (r#""module","valueCode":"b""#, r#""module","valueCode":"c""#),
        ("20240131", "2024-01-31"),
        (r#""site","valueCode":"b""#, r#""site","valueCode":"c""#),
        (r#""valueUnsignedInt":1"#, r#""valueUnsignedInt":65536"#),
    ] {
        let contents = read(from, to);
        let found = codes(&contents);
        assert!(!found.is_empty(), "{from}");
        assert!(
            found.iter().all(|(code, _)| *code == "VN-IMP-211"),
            "{from}: {found:?}"
        );
        assert!(contents.code_systems.is_empty(), "{from}");
    }
}

#[test]
fn a_broken_resource_leaves_the_others() {
    let lines = format!(
        "{SMALL}\n\n{{\"resourceType\":\n{{\"resourceType\":\"Patient\"}}\n{}",
        SMALL.replace("urn:a", "urn:b")
    );
    let read = contents(&[("some.ndjson", &lines)]);
    assert_eq!(codes(&read), [("VN-IMP-201", 3)]);
    assert_eq!(read.code_systems.len(), 2);

    let bundle = format!(
        "{{\"resourceType\":\"Bundle\",\"entry\":[\n{{\"resource\":{SMALL}}},{{}},\n{{\"resource\":{{\"resourceType\":\"ValueSet\",\n\"url\":3}}}},{{\"resource\":{}}}]}}",
        SMALL.replace("urn:a", "urn:b")
    );
    let read = contents(&[("some.json", &bundle)]);
    assert_eq!(codes(&read), [("VN-IMP-202", 4)]);
    assert_eq!(read.code_systems.len(), 2);
    assert_eq!(read.code_systems[0].paths, ["some.json"]);
}

#[test]
fn what_is_not_fhirs_is_left_alone() {
    let read = contents(&[
        ("package/package.json", SMALL),
        ("package/.index.json", SMALL),
        ("package/example/a.json", SMALL),
        ("package/a.json", SMALL),
        ("other.json", "{\"name\":1}"),
        ("list.json", "[1,2]"),
        ("patient.json", "{\"resourceType\":\"Patient\",\"name\":3}"),
        ("lines.ndjson", "{\"a\":1}\n{"),
    ]);
    assert_eq!(codes(&read), []);
    assert_eq!(read.code_systems.len(), 1);
    let read = contents(&[("other.json", "{\"name\":\n")]);
    assert_eq!(read.findings[0].severity, ImportSeverity::Warning);
}
