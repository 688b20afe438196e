//! Single expressions where the specification tells the answer, and what cannot be answered.

use std::collections::BTreeSet;

use vardnav_terminology::Edition;
use vardnav_terminology::ecl::{self, EvaluateError, Limits};
use vardnav_terminology::model;

use super::random::id;
use super::small::{Attribute, Concept, Small, Value, WELL_KNOWN};

/// Ordinary concepts of the terminology below: their positions.
const PRODUCT: usize = 10;
const SUBSTANCE: usize = 11;
const INGREDIENT: usize = 12;
const ASPIRIN: usize = 13;
const CODEINE: usize = 14;
const FIRST_PRODUCT: usize = 15;

/// Three products with aspirin, one of which has it twice, one with codeine too; all by one attribute.
fn products() -> Small {
    let concept = |number: usize, parents: &[usize]| Concept {
        id: WELL_KNOWN.get(number).copied().unwrap_or_else(|| id(number)),
        active: true,
        parents: parents.iter().copied().collect(),
        ..Concept::default()
    };
    let mut small = Small::default();
    for number in 0..FIRST_PRODUCT + 3 {
        let parents: &[usize] = match number {
            ASPIRIN | CODEINE => &[SUBSTANCE],
            FIRST_PRODUCT.. => &[PRODUCT],
            _ => &[],
        };
        small.concepts.push(concept(number, parents));
    }
    for (product, group, substance) in [
        (0, 1, ASPIRIN),
        (1, 1, ASPIRIN),
        (1, 2, CODEINE),
        (2, 1, ASPIRIN),
        (2, 2, ASPIRIN),
    ] {
        small.attributes.push(Attribute {
            source: FIRST_PRODUCT + product,
            group,
            kind: INGREDIENT,
            value: Value::Concept(substance),
        });
    }
    small
}

fn found(edition: &Edition, text: &str) -> Result<BTreeSet<usize>, EvaluateError> {
    let expression = ecl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let found = ecl::evaluate(edition, &expression, &Limits::default())?;
    Ok(found.iter().map(|concept| concept.position()).collect())
}

#[test]
fn cardinalities_count_as_the_specification_tells() {
    let small = products();
    let edition = small.edition();
    let (product, substance, ingredient) = (id(PRODUCT), id(SUBSTANCE), id(INGREDIENT));
    let products = |numbers: &[usize]| Ok(numbers.iter().map(|number| FIRST_PRODUCT + number).collect());
    for (text, expected) in [
        (
            format!("< {product} : [2..*] {ingredient} = < {substance}"),
            products(&[1, 2]),
        ),
        (format!("< {product} : [1..1] {ingredient} = *"), products(&[0])),
        (
            format!("< {product} : {{ [2..*] {ingredient} = * }}"),
            products(&[]),
        ),
        (
            format!("< {product} : [2..2] {{ {ingredient} = {} }}", id(ASPIRIN)),
            products(&[2]),
        ),
        (
            format!("< {product} : [0..0] {ingredient} != {}", id(ASPIRIN)),
            products(&[0, 2]),
        ),
        // Three products have aspirin, by four relationships.
        (
            format!("< {substance} : [3..3] R {ingredient} = *"),
            Ok([ASPIRIN].into()),
        ),
        (
            format!("< {product} . {ingredient}"),
            Ok([ASPIRIN, CODEINE].into()),
        ),
        (format!("!!> (< {product} OR {product})"), Ok([PRODUCT].into())),
        (
            format!("!!< (< {substance} OR {substance})"),
            Ok([ASPIRIN, CODEINE].into()),
        ),
    ] {
        assert_eq!(found(&edition, &text), expected, "{text}");
    }
}

#[test]
fn what_is_not_kept_is_told() {
    let edition = products().edition();
    let plain = Edition::compile(model::CodeSystem {
        concepts: vec![model::Concept {
            code: "404684003".to_owned(),
            ..model::Concept::default()
        }],
        ..model::CodeSystem::default()
    })
    .unwrap();
    assert_eq!(found(&plain, "<< 404684003"), Ok([0].into()));
    assert_eq!(found(&plain, "* {{ C active = false }}"), Ok([].into()));
    for text in [
        "* : * = *",
        "^ *",
        "* {{ C moduleId = * }}",
        "* {{ type = syn }}",
        "* {{ + HISTORY }}",
        "* . *",
    ] {
        assert!(
            matches!(found(&plain, text), Err(EvaluateError::NoComponents(_))),
            "{text}"
        );
    }
    for (text, error) in [
        ("< LOINC#54486-6", EvaluateError::AlternateIdentifier),
        ("* {{ dialect = tlh }}", EvaluateError::UnknownDialect),
        ("^ [mapTarget, mapGroup] *", EvaluateError::SeveralFields),
    ] {
        assert_eq!(found(&edition, text), Err(error), "{text}");
    }
}

#[test]
fn concepts_that_are_not_there_are_none_and_are_told() {
    let edition = products().edition();
    let text = format!(
        "(<< 404684003 OR {} OR 404684003) : 363698007 = * {{{{ C moduleId = 64572001 }}}}",
        id(ASPIRIN)
    );
    assert_eq!(found(&edition, &text), Ok([].into()));
    let expression = ecl::parse(&text).unwrap();
    assert_eq!(
        ecl::unknown(&edition, &expression),
        [404684003, 363698007, 64572001]
    );
}

#[test]
fn work_is_limited() {
    let edition = products().edition();
    let expression = ecl::parse("* . *").unwrap();
    let little = Limits { work: 5 };
    assert_eq!(
        ecl::evaluate(&edition, &expression, &little),
        Err(EvaluateError::TooMuchWork)
    );
}
