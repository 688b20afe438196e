//! The same source under other variants: each choice decides as a source that takes it does, and a wrong one tells
//! what there is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use proptest::prelude::*;
use support::{Choices, GRAINS, Oracle, Said, TODAY, codes, compiled, facts, system};
use vardnav_classification::model::*;
use vardnav_classification::variants::ChoiceFault;
use vardnav_classification::{DescriptionSystem, TableResult};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_choice_decides_as_a_source_that_takes_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut choices = Choices(bytes.iter());
        let source = system(&mut choices);
        for name in ["left", "right"] {
            let choice = VariantRef { point: "U1".to_owned(), name: name.to_owned() };
            let chosen = DescriptionSystem::compile_with(source.clone(), std::slice::from_ref(&choice)).unwrap();
            prop_assert_eq!(chosen.variants().collect::<Vec<_>>(), [choice]);
            let mut taken = source.clone();
            taken.points[0].chosen = name.to_owned();
            for grain in GRAINS {
                let facts = facts(&mut choices, &source, grain);
                let result = chosen.classify(grain, TODAY, &compiled(&chosen, &facts));
                let oracle = Oracle { source: &taken, grain, date: TODAY, facts: &facts };
                for (index, table) in chosen.tables() {
                    let said = oracle.says(table);
                    if let TableResult::Value { value, rule } = result.get(index) {
                        let value = codes(&chosen, &table.id, 1 << value).remove(0);
                        let rule = chosen.rule(index, rule).unwrap().id.clone();
                        prop_assert_eq!(said, Said::Value { value, rule });
                    } else {
                        let is_value = matches!(said, Said::Value { .. });
                        prop_assert!(!is_value);
                    }
                }
            }
        }
    }
}

fn points() -> DescriptionSource {
    let point = |id: &str, variants: &[&str]| UnsettledPoint {
        id: id.to_owned(),
        question: Label::default(),
        variants: variants.iter().map(|name| (*name).to_owned()).collect(),
        chosen: variants.first().copied().unwrap_or_default().to_owned(),
    };
    DescriptionSource {
        points: vec![
            point("U1", &["a", "b"]),
            point("U2", &[]),
            point("U3", &["c", "d"]),
        ],
        ..DescriptionSource::default()
    }
}

fn wrong(texts: &[&str]) -> Vec<(usize, ChoiceFault)> {
    let wrong = points().choices(texts.iter().copied()).unwrap_err();
    wrong
        .into_iter()
        .map(|wrong| (wrong.position, wrong.fault))
        .collect()
}

#[test]
fn choices_come_in_the_order_of_the_points_and_departures_are_those_not_taken_anyway() {
    let source = points();
    let choices = source.choices(["U3:c", "U1:b"]).unwrap();
    let written: Vec<_> = choices.iter().map(ToString::to_string).collect();
    assert_eq!(written, ["U1:b", "U3:c"]);
    let departures: Vec<_> = source.departures(&choices).map(ToString::to_string).collect();
    assert_eq!(departures, ["U1:b"]);
}

#[test]
fn a_wrong_choice_tells_what_there_is_and_not_what_was_asked() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let no_point = ChoiceFault::NoPoint {
        known: names(&["U1", "U3"]),
    };
    let no_variant = ChoiceFault::NoVariant {
        point: "U3".to_owned(),
        known: names(&["c", "d"]),
    };
    let form = ChoiceFault::Form {
        known: names(&["U1:a", "U1:b", "U3:c", "U3:d"]),
    };
    let twice = ChoiceFault::Twice {
        point: "U1".to_owned(),
    };
    assert_eq!(
        wrong(&["U1:a", "U9:a", "U2:a"]),
        [(1, no_point.clone()), (2, no_point)]
    );
    assert_eq!(wrong(&["U3:a"]), [(0, no_variant)]);
    assert_eq!(wrong(&["U1", ":a"]), [(0, form.clone()), (1, form)]);
    assert_eq!(wrong(&["U1:a", "U1:a"]), [(1, twice)]);
    let told = points().choices(["U3:191212121212"]).unwrap_err();
    assert_eq!(told[0].to_string(), "`U3` has no such variant; it has c, d");
    let unknown = VariantRef {
        point: "U9".to_owned(),
        name: "a".to_owned(),
    };
    assert!(DescriptionSystem::compile_with(points(), &[unknown]).is_err());
}
