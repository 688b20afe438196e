//! Terminology content as CSV: mappings, what is wrong in them, real lists where they are at hand, the way out and back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where it fails"
)]

#[path = "fhir/models.rs"]
mod models;

use std::collections::BTreeMap;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use vardnav_interchange::content::csv::{Sink, write_code_system, write_concept_map, write_value_set};
use vardnav_interchange::content::{Contents, MemoryFiles, read};
use vardnav_terminology::model::{
    ConceptStatus, DesignationStatus, FieldValue, FilterOperator, MapRelationship, PropertyKind, Unmapped,
};

use models::Choices;

fn contents(files: &[(&str, &[u8])]) -> Contents {
    let files = files
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    read(&MemoryFiles::new(files))
}

fn codes(contents: &Contents) -> Vec<(&str, u32, &'static str)> {
    contents
        .findings
        .iter()
        .map(|finding| (&*finding.file, finding.line, finding.code))
        .collect()
}

const MAPPING: &str = r#"
kind = "code-system"
url = "urn:a"
version = "1"
title = "A"
language = "sv"
"#;

#[test]
fn a_code_system_through_a_mapping() {
    let mapping = format!(
        r#"{MAPPING}
delimiter = ";"
encoding = "latin-1"
[columns]
Kod = "code"
"Överordnad" = "parent"
Namn = "display"
Name = "display:en"
Alias = "synonym"
Status = "status"
Niva = "property:level"
Rest = "ignore"
[[property]]
name = "level"
kind = "integer"
"#
    );
    let csv = "Kod;Överordnad;Namn;Name;Alias;Status;Niva;Rest\n\
               a;;Åtgärd;Measure;;;1;x\n\
               b;a;\"två; med semikolon\";;även;withdrawn;2;\n";
    let latin: Vec<u8> = csv.chars().map(|character| character as u8).collect();
    let read = contents(&[
        ("x/list.mapping.toml", mapping.as_bytes()),
        ("x/list.csv", &latin),
    ]);
    assert_eq!(codes(&read), []);
    assert_eq!(read.code_systems[0].paths, ["x/list.csv", "x/list.mapping.toml"]);
    let system = &read.code_systems[0].content;
    assert_eq!(
        (&*system.url, &*system.version, &*system.title),
        ("urn:a", "1", "A")
    );
    assert_eq!(system.properties[0].kind, PropertyKind::Integer);
    let [a, b] = &system.concepts[..] else {
        panic!("two concepts")
    };
    let terms: Vec<_> = a
        .designations
        .iter()
        .map(|term| (&*term.text, &*term.language))
        .collect();
    assert_eq!(terms, [("Åtgärd", "sv"), ("Measure", "en")]);
    assert_eq!(b.parents, ["a"]);
    assert_eq!(b.designations[0].text, "två; med semikolon");
    assert_eq!(b.designations[1].status, DesignationStatus::Accepted);
    assert_eq!(b.status, ConceptStatus::Withdrawn);
    assert_eq!((&*b.properties[0].name, &*b.properties[0].value), ("level", "2"));
}

#[test]
fn a_value_set_and_a_map_with_our_own_headings() {
    let read = contents(&[
        (
            "set.mapping.toml",
            b"kind = \"value-set\"\nurl = \"urn:v\"\nsystem = \"urn:a\"",
        ),
        (
            "set.csv",
            b"list,kind,code,display,property,operator,value,property:weight\n\
              ,,a,A!,,,,2.5\n,,b,,,,,\nexclude,filter,,,concept,is-a,b,\n",
        ),
        (
            "map.mapping.toml",
            b"kind = \"concept-map\"\nurl = \"urn:m\"\n[[group]]\nsource = \"urn:a\"\ntarget = \"urn:b|1\"\nunmapped = \"fixed\"\nunmapped-code = \"z\"",
        ),
        (
            "map.csv",
            b"source,target,relationship,no-map,depends-on:sex\na,1,equivalent,,f\na,2,wider,,\nb,,,true,\n",
        ),
    ]);
    assert_eq!(codes(&read), []);
    let set = &read.value_sets[0].content;
    assert_eq!((set.include.len(), &*set.include[0].system), (1, "urn:a"));
    assert_eq!(set.include[0].concepts[0].properties[0].value, "2.5");
    assert_eq!(set.include[0].concepts[1].code, "b");
    assert_eq!(set.exclude[0].filters[0].operator, FilterOperator::IsA);
    let group = &read.concept_maps[0].content.groups[0];
    assert_eq!(group.elements.len(), 2);
    let targets: Vec<_> = group.elements[0]
        .targets
        .iter()
        .map(|target| (&*target.code, target.relationship, target.depends_on.len()))
        .collect();
    assert_eq!(
        targets,
        [
            ("1", MapRelationship::Equivalent, 1),
            ("2", MapRelationship::SourceIsNarrowerThanTarget, 0)
        ]
    );
    assert!(group.elements[1].no_map);
    assert!(matches!(&group.unmapped, Unmapped::Fixed { code, .. } if code == "z"));
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let mapping = |more: &str| format!("{MAPPING}{more}").into_bytes();
    type Case<'c> = (&'c [u8], &'c [u8], (&'c str, u32, &'c str));
    let cases: &[Case<'_>] = &[
        (
            b"kind = \"code-system\"\nurl = 3",
            b"code\na\n",
            ("l.mapping.toml", 2, "VN-IMP-401"),
        ),
        (
            &mapping("colour = 1"),
            b"code\na\n",
            ("l.mapping.toml", 7, "VN-IMP-401"),
        ),
        (
            &mapping("delimiter = \"ab\""),
            b"code\na\n",
            ("l.mapping.toml", 7, "VN-IMP-401"),
        ),
        (
            &mapping("status = \"old\""),
            b"code\na\n",
            ("l.mapping.toml", 0, "VN-IMP-401"),
        ),
        (&mapping(""), b"code\na\n\xff\n", ("l.csv", 3, "VN-IMP-403")),
        (&mapping(""), b"code,colour\na,b\n", ("l.csv", 1, "VN-IMP-404")),
        (
            &mapping(""),
            b"code,status,status\na,,\n",
            ("l.csv", 1, "VN-IMP-404"),
        ),
        (&mapping(""), b"display\na\n", ("l.csv", 1, "VN-IMP-404")),
        (
            &mapping("[columns]\ncode = \"code\"\nx = \"note\""),
            b"code\na\n",
            ("l.csv", 1, "VN-IMP-404"),
        ),
        (&mapping(""), b"code,note\na,b\nc\n", ("l.csv", 3, "VN-IMP-405")),
        (&mapping(""), b"code,note\na,b\n,c\n", ("l.csv", 3, "VN-IMP-406")),
        (&mapping(""), b"code\na\nb\na\n", ("l.csv", 4, "VN-IMP-407")),
        (
            &mapping(""),
            b"code,status\na,asleep\n",
            ("l.csv", 2, "VN-IMP-408"),
        ),
        (
            &mapping(""),
            b"code,from\na,2024-13-01\n",
            ("l.csv", 2, "VN-IMP-408"),
        ),
    ];
    for (mapping, csv, expected) in cases {
        let read = contents(&[("l.mapping.toml", mapping), ("l.csv", csv)]);
        assert_eq!(codes(&read), [*expected], "{}", String::from_utf8_lossy(csv));
        assert!(read.code_systems.is_empty());
    }
    let alone = contents(&[
        ("l.mapping.toml", MAPPING.as_bytes()),
        ("other.csv", b"code\n1\n"),
    ]);
    assert_eq!(codes(&alone), [("l.mapping.toml", 0, "VN-IMP-402")]);
    let stray = contents(&[
        ("l.mapping.toml", MAPPING.as_bytes()),
        ("l.csv", b"code\na\n"),
        ("l.parents.csv", b"code,parent\nb,a\n"),
    ]);
    assert_eq!(codes(&stray), [("l.parents.csv", 2, "VN-IMP-409")]);
}

#[test]
fn what_is_wrong_with_components_is_told() {
    let mapping =
        format!("{MAPPING}components = true\n[[reference-set]]\nconcept = \"b\"\nfields = [\"order\"]\n");
    let id = "00000000-0000-4000-8000-00000000012c";
    let right = [
        ("l.mapping.toml", mapping.as_str()),
        ("l.csv", "code,display\na,A\nb,B\n"),
        (
            "l.components.csv",
            "code,module,effective-time,defined\na,b,20240131,true\n",
        ),
        (
            "l.descriptions.csv",
            "code,number,id,module,type,case-significance,effective-time\na,1,7,b,b,,20240131\n",
        ),
        (
            "l.acceptabilities.csv",
            "code,number,dialect,preferred\na,1,b,true\n",
        ),
        (
            "l.other-descriptions.csv",
            "code,id,module,type,case-significance,effective-time,language,active,text\na,8,b,b,,20240131,sv,,gammal\n",
        ),
        ("l.other-acceptabilities.csv", "number,dialect,preferred\n1,b,\n"),
        (
            "l.attributes.csv",
            "code,group,attribute,kind,value\na,1,b,number,2.5\n",
        ),
        (
            "l.members-1.csv",
            &format!("id,effective-time,active,module,code,integer:1:order\n{id},20240131,true,,a,12\n"),
        ),
    ];
    let edited = |file: &str, from: &str, to: &str| {
        let files = right.map(|(path, text)| {
            let edited = if path == file {
                text.replacen(from, to, 1)
            } else {
                text.to_owned()
            };
            assert!(path != file || edited != text, "{file}: {from}");
            (path.to_owned(), edited.into_bytes())
        });
        read(&MemoryFiles::new(files))
    };
    let read = edited("l.csv", "A", "B");
    assert_eq!(codes(&read), []);
    let components = read.code_systems[0].content.components.as_ref().unwrap();
    assert_eq!(
        components.reference_sets[0].members[0].values,
        [FieldValue::Integer(12)]
    );
    assert_eq!(components.designations[0].id, 7);
    for (file, from, to, line, code) in [
        (
            "l.mapping.toml",
            "concept = \"b\"",
            "concept = \"c\"",
            0,
            "VN-IMP-401",
        ),
        ("l.components.csv", "a,b", "c,b", 2, "VN-IMP-409"),
        ("l.components.csv", "a,b", "a,c", 2, "VN-IMP-409"),
        ("l.components.csv", "20240131", "2024-01-31", 2, "VN-IMP-408"),
        ("l.descriptions.csv", "a,1", "a,2", 2, "VN-IMP-409"),
        ("l.descriptions.csv", "a,1,7", "a,1,seven", 2, "VN-IMP-408"),
        ("l.acceptabilities.csv", "1,b", "1,c", 2, "VN-IMP-409"),
        ("l.acceptabilities.csv", "a,1", "a,0", 2, "VN-IMP-408"),
        ("l.other-descriptions.csv", "a,8", "c,8", 2, "VN-IMP-409"),
        ("l.other-acceptabilities.csv", "1,b", "2,b", 2, "VN-IMP-408"),
        ("l.other-acceptabilities.csv", "1,b", "1,c", 2, "VN-IMP-409"),
        ("l.attributes.csv", "number", "colour", 2, "VN-IMP-408"),
        ("l.attributes.csv", "number", "concept", 2, "VN-IMP-409"),
        ("l.attributes.csv", "a,1", "a,65536", 2, "VN-IMP-408"),
        ("l.members-1.csv", id, "12c", 2, "VN-IMP-408"),
        ("l.members-1.csv", "integer:1:order", "order", 1, "VN-IMP-404"),
        (
            "l.members-1.csv",
            "integer:1:order",
            "integer:2:order",
            2,
            "VN-IMP-409",
        ),
        (
            "l.members-1.csv",
            "integer:1:order",
            "concept:1:order",
            2,
            "VN-IMP-409",
        ),
        ("l.members-1.csv", ",12", ",twelve", 2, "VN-IMP-408"),
    ] {
        let read = edited(file, from, to);
        assert_eq!(codes(&read), [(file, line, code)], "{file}: {from} -> {to}");
        assert!(read.code_systems.is_empty());
    }
}

/// Lists of others, where they are at hand.
#[test]
fn real_lists() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    for (file, columns, count, first) in [
        (
            "hsa/verksamhetskoder.csv",
            "kod = \"code\"\nnamn = \"display\"",
            100,
            "10",
        ),
        (
            "geo/counties.csv",
            "county_code = \"code\"\ncounty_name = \"display\"\ncounty_name_short = \"synonym\"",
            21,
            "01",
        ),
        (
            "geo/municipalities.csv",
            "municipality_code = \"code\"\nmunicipality_name = \"display\"\nmunicipality_name_short = \"synonym\"\n\
             county_code = \"property:county\"",
            290,
            "0114",
        ),
    ] {
        let Ok(bytes) = std::fs::read(data.join(file)) else {
            println!("skipped: {file} is not at hand");
            continue;
        };
        let mapping = format!("{MAPPING}[columns]\n{columns}\n");
        let read = contents(&[("list.mapping.toml", mapping.as_bytes()), ("list.csv", &bytes)]);
        assert_eq!(codes(&read), [], "{file}");
        let concepts = &read.code_systems[0].content.concepts;
        assert!(concepts.len() >= count, "{file}: {}", concepts.len());
        assert_eq!(concepts[0].code, first);
        assert!(concepts.iter().all(|concept| !concept.designations.is_empty()));
    }
}

#[test]
fn whole_code_systems_come_back() {
    for system in models::real_code_systems() {
        let read = back(|sink| write_code_system(&system, "name", sink));
        assert_eq!(codes(&read), []);
        assert!(read.code_systems[0].content == system, "{}", system.url);
    }
}

/// What is written, read again. Each file is written whole before the next.
fn back(write: impl FnOnce(&mut Sink<'_>) -> std::io::Result<()>) -> Contents {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    write(&mut |path, bytes| {
        match files.last_mut() {
            Some((last, held)) if last == path => held.extend_from_slice(bytes),
            _ => files.push((path.to_owned(), bytes.to_vec())),
        }
        Ok(())
    })
    .unwrap();
    let count = files.len();
    let files: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
    assert_eq!(files.len(), count, "no file is taken up again");
    read(&MemoryFiles::new(files))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn code_systems_come_back(choices in vec(any::<u8>(), 0..600)) {
        let system = Choices::new(choices).code_system();
        let read = back(|sink| write_code_system(&system, "folder/name", sink));
        prop_assert_eq!(codes(&read), []);
        prop_assert_eq!(&read.code_systems[0].content, &system);
    }

    #[test]
    fn code_systems_with_components_come_back(choices in vec(any::<u8>(), 0..1500)) {
        let system = Choices::new(choices).clinical();
        let read = back(|sink| write_code_system(&system, "name", sink));
        prop_assert_eq!(codes(&read), []);
        prop_assert_eq!(&read.code_systems[0].content, &system);
    }

    #[test]
    fn value_sets_come_back(choices in vec(any::<u8>(), 0..300)) {
        let set = Choices::new(choices).value_set();
        let read = back(|sink| write_value_set(&set, "name", sink));
        prop_assert_eq!(codes(&read), []);
        prop_assert_eq!(&read.value_sets[0].content, &set);
    }

    #[test]
    fn concept_maps_come_back(choices in vec(any::<u8>(), 0..300)) {
        let map = Choices::new(choices).concept_map();
        let read = back(|sink| write_concept_map(&map, "name", sink));
        prop_assert_eq!(codes(&read), []);
        prop_assert_eq!(&read.concept_maps[0].content, &map);
    }
}
