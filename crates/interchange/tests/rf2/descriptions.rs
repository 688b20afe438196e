//! What expressions see of descriptions that are no designations.

use vardnav_interchange::content;
use vardnav_terminology::{Edition, ecl};

use super::{HEART, HEART_TROUBLE, Texts, components, concept, files, only, small, small_edition};

#[test]
fn definitions_and_descriptions_that_no_longer_hold_are_for_expressions_alone() {
    let mut texts = small();
    let add = |texts: &mut Texts, part: &str, row: &str| {
        let (_, text) = texts.iter_mut().find(|(path, _)| path.contains(part)).unwrap();
        text.push_str(row);
        text.push('\n');
    };
    add(
        &mut texts,
        "sct2_Description_Snapshot-en",
        "30099999999118\t20190131\t0\t900000000000207008\t29999999105\ten\t900000000000013009\tTicker\t900000000000448009",
    );
    add(
        &mut texts,
        "LanguageSnapshot-en",
        "00000000-0000-4000-8000-0000000003e8\t20190131\t1\t900000000000207008\t900000000000508004\t199999999117\t900000000000548007",
    );
    add(
        &mut texts,
        "sct2_Concept_Snapshot_INT",
        "900000000000550004\t20020131\t1\t900000000000207008\t900000000000074008",
    );
    let system = only(content::read(&files(&texts)));
    let before = small_edition();
    for code in [HEART, HEART_TROUBLE] {
        let of = |system| concept(system, code).clone();
        assert_eq!(
            of(&system),
            of(&before),
            "designations and definitions are what they were"
        );
    }
    let described: Vec<_> = components(&system)
        .descriptions
        .iter()
        .map(|one| {
            let of = system.concepts[one.concept as usize].code.as_str();
            (
                of,
                one.component.id,
                one.active,
                one.text.as_str(),
                one.standings.len(),
            )
        })
        .collect();
    assert_eq!(
        described,
        [
            (
                HEART_TROUBLE,
                199_999_999_117,
                true,
                "A heart that does not do as it should.",
                1
            ),
            (HEART_TROUBLE, 189_999_999_119, false, "Ticker trouble", 0),
            (HEART, 30_099_999_999_118, false, "Ticker", 0),
        ]
    );
    let edition = Edition::compile(system).unwrap();
    let meant = |expression: &str| {
        let parsed = ecl::parse(expression).unwrap();
        let set = ecl::evaluate(&edition, &parsed, &ecl::Limits::default()).unwrap();
        let concepts = set.iter().map(|index| edition.concept(index).unwrap());
        concepts
            .map(|concept| concept.code().to_owned())
            .collect::<Vec<_>>()
    };
    for (filter, found) in [
        ("type = def", vec![HEART_TROUBLE]),
        ("typeId = 900000000000013009, term = \"ticker\"", vec![]),
        ("active = false", vec![HEART_TROUBLE, HEART]),
        (
            "active = 0, term = \"ticker\", id = 30099999999118, type = syn, language = en",
            vec![HEART],
        ),
        ("active = *, term = \"ticker\"", vec![HEART_TROUBLE, HEART]),
        ("active = true, id = 30099999999118", vec![]),
        ("active = 0, id = 30099999999118", vec![HEART]),
        ("active = 0, effectiveTime = \"20190131\"", vec![HEART]),
        ("active = 0, moduleId = 69999999101", vec![]),
        ("type = def, dialect = en-gb (prefer)", vec![HEART_TROUBLE]),
        ("type = def, dialect = sv", vec![]),
        ("term = \"does\"", vec![HEART_TROUBLE]),
    ] {
        assert_eq!(meant(&format!("* {{{{ D {filter} }}}}")), found, "{filter}");
    }
    let shown = edition.lookup(HEART).unwrap();
    assert!(shown.designations().all(|one| one.text != "Ticker"));
}
