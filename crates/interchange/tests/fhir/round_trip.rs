//! What is written is read back as it was.

use proptest::collection::vec;
use proptest::prelude::*;
use vardnav_interchange::content::fhir::{
    FhirVersion, Resource, parse_code_system, parse_concept_map, parse_resource, parse_value_set,
    write_code_system, write_concept_map, write_value_set,
};
use vardnav_terminology::model::{
    Attribute, AttributeValue, CodeSystem, Components, Concept, ConceptComponent,
};

use crate::hl7;
use crate::models::Choices;

const VERSIONS: [FhirVersion; 2] = [FhirVersion::R4, FhirVersion::R5];

fn text(resource: &Resource, version: FhirVersion) -> Vec<u8> {
    let mut out = Vec::new();
    match resource {
        Resource::CodeSystem(system) => write_code_system(system, version, &mut out),
        Resource::ValueSet(set) => write_value_set(set, version, &mut out),
        Resource::ConceptMap(map) => write_concept_map(map, version, &mut out),
    }
    .unwrap();
    out
}

fn shown(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn code_systems(choices in vec(any::<u8>(), 0..600)) {
        let system = Choices::new(choices).code_system();
        for version in VERSIONS {
            let written = text(&Resource::CodeSystem(system.clone()), version);
            let read = parse_code_system(&written);
            prop_assert_eq!(read.as_ref(), Ok(&system), "{}", shown(&written));
        }
    }

    #[test]
    fn code_systems_with_components(choices in vec(any::<u8>(), 0..1500)) {
        let system = Choices::new(choices).clinical();
        for version in VERSIONS {
            let written = text(&Resource::CodeSystem(system.clone()), version);
            let read = parse_code_system(&written);
            prop_assert_eq!(read.as_ref(), Ok(&system), "{}", shown(&written));
        }
    }

    #[test]
    fn value_sets(choices in vec(any::<u8>(), 0..300)) {
        let set = Choices::new(choices).value_set();
        for version in VERSIONS {
            let written = text(&Resource::ValueSet(set.clone()), version);
            let read = parse_value_set(&written);
            prop_assert_eq!(read.as_ref(), Ok(&set), "{}", shown(&written));
        }
    }

    #[test]
    fn concept_maps(choices in vec(any::<u8>(), 0..300)) {
        let map = Choices::new(choices).concept_map();
        for version in VERSIONS {
            let written = text(&Resource::ConceptMap(map.clone()), version);
            let read = parse_concept_map(&written);
            prop_assert_eq!(read.as_ref(), Ok(&map), "{}", shown(&written));
        }
    }
}

#[test]
fn hl7s_own() {
    for (file, value) in hl7::all() {
        let Ok(read) = parse_resource(&serde_json::to_vec(&value).unwrap()) else {
            continue;
        };
        for version in VERSIONS {
            let written = text(&read, version);
            assert_eq!(
                parse_resource(&written).as_ref(),
                Ok(&read),
                "{file}: {}",
                shown(&written)
            );
        }
    }
}

#[test]
fn a_tree_is_written_as_one() {
    let concept = |code: &str, parents: &[&str]| Concept {
        code: code.to_owned(),
        parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
        ..Concept::default()
    };
    let system = CodeSystem {
        url: "urn:a".to_owned(),
        concepts: vec![concept("a", &[]), concept("b", &["a"]), concept("c", &["a", "b"])],
        ..CodeSystem::default()
    };
    let written = text(&Resource::CodeSystem(system), FhirVersion::R4);
    assert_eq!(
        shown(&written),
        concat!(
            r#"{"resourceType":"CodeSystem","url":"urn:a","status":"active","caseSensitive":true,"content":"complete","#,
            r#""property":[{"extension":[{"url":"https://vardnav.se/fhir/StructureDefinition/derived","valueBoolean":true}],"#,
            r#""code":"parent","uri":"http://hl7.org/fhir/concept-properties#parent","type":"code"}],"#,
            r#""concept":[{"code":"a","concept":[{"code":"b"},{"code":"c","property":[{"code":"parent","valueCode":"b"}]}]}]}"#
        )
    );
}

#[test]
fn others_see_components_as_properties() {
    let concept = |code: &str| Concept {
        code: code.to_owned(),
        ..Concept::default()
    };
    let component = ConceptComponent {
        module: 1,
        effective_time: 20_240_501,
        defined: true,
    };
    let attribute = |source, value| Attribute {
        source,
        group: 1,
        kind: 1,
        value,
    };
    let system = CodeSystem {
        url: "urn:a".to_owned(),
        concepts: vec![concept("a"), concept("b")],
        components: Some(Box::new(Components {
            concepts: vec![component, component],
            attributes: vec![
                attribute(0, AttributeValue::Concept(1)),
                attribute(1, AttributeValue::Number("2.50".to_owned())),
            ],
            ..Components::default()
        })),
        ..CodeSystem::default()
    };
    let written = text(&Resource::CodeSystem(system.clone()), FhirVersion::R5);
    let json: serde_json::Value = serde_json::from_slice(&written).unwrap();
    let common = |value: (&str, serde_json::Value)| {
        let mut attribute = serde_json::json!({
            "extension": [{"url": "https://vardnav.se/fhir/StructureDefinition/group", "valueUnsignedInt": 1}],
            "code": "b",
        });
        attribute[value.0] = value.1;
        serde_json::json!([
            {"code": "moduleId", "valueCode": "b"},
            {"code": "sufficientlyDefined", "valueBoolean": true},
            {"code": "effectiveTime", "valueString": "20240501"},
            attribute,
        ])
    };
    let properties = |concept: usize| &json["concept"][concept]["property"];
    assert_eq!(*properties(0), common(("valueCode", "b".into())));
    assert_eq!(*properties(1), common(("valueDecimal", serde_json::json!(2.50))));
    assert_eq!(parse_code_system(&written), Ok(system));
}

/// ICD-10-SE and KVÅ, where they are at hand.
#[test]
fn whole_code_systems() {
    let systems = crate::models::real_code_systems();
    for system in &systems {
        let read = parse_code_system(&text(&Resource::CodeSystem(system.clone()), FhirVersion::R5));
        assert!(read.as_ref() == Ok(system), "{}", system.url);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    /// Whatever a text holds, it is read or told what is wrong with it.
    #[test]
    fn broken_texts_are_told(
        choices in vec(any::<u8>(), 0..400),
        cuts in vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..4), 1..4),
    ) {
        let system = Choices::new(choices).clinical();
        let mut written = text(&Resource::CodeSystem(system), FhirVersion::R5);
        for (at, byte, kind) in cuts {
            let at = at.index(written.len());
            match kind {
                0 => written[at] = byte,
                1 => written.insert(at, b"[]{}\":,1"[usize::from(byte) % 8]),
                2 => drop(written.remove(at)),
                _ => written.truncate(at.max(1)),
            }
        }
        if let Err(findings) = parse_resource(&written) {
            prop_assert!(!findings.is_empty());
        }
    }
}
