//! The indicators of the starter release: each core indicator tells of the goals that the national table gives it, what
//! is declared is used, and the standard population is the published one.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;

use vardnav_indicators::definition::{BrokenDownBy, Feed, IndicatorDefinitions};
use vardnav_indicators::measure::Condition;
use vardnav_indicators::population::AGES;
use vardnav_interchange::release::{parse, starter};

fn definitions() -> IndicatorDefinitions {
    let parsed = parse(&starter::package().unwrap());
    assert_eq!(parsed.findings, []);
    parsed.source.unwrap().indicators
}

/// Goal keywords by core indicator: table 1 of Socialstyrelsen's follow-up of the change to near care.
const GOALS: [&[&str]; 12] = [
    &["tillgänglig", "kontinuitet"],
    &["tillgänglig"],
    &["tillgänglig", "stärker hälsan"],
    &["tillgänglig", "personcentrerad", "samordnad"],
    &[
        "kontinuitet",
        "personcentrerad",
        "delaktig",
        "samordnad",
        "tillgänglig",
    ],
    &["tillgänglig", "personcentrerad"],
    &["delaktig", "personcentrerad"],
    &["stärker hälsan", "personcentrerad", "delaktig", "tillgänglig"],
    &["kontinuitet", "tillgänglig", "samordnad", "stärker hälsan"],
    &["samordnad", "tillgänglig", "kontinuitet"],
    &["samordnad", "kontinuitet", "stärker hälsan", "tillgänglig"],
    &["tillgänglig"],
];

#[test]
fn core_indicators_tell_of_the_goals_of_the_national_table() {
    let definitions = definitions();
    for (number, goals) in (1..).zip(GOALS) {
        let mut indicators = definitions.indicators.iter();
        let core = indicators
            .find(|indicator| indicator.core_number == number)
            .unwrap();
        assert_eq!(core.goals, goals, "core indicator {number}");
    }
}

#[test]
fn every_measure_breakdown_and_goal_is_used() {
    let definitions = definitions();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for indicator in &definitions.indicators {
        let terms = indicator
            .variants
            .iter()
            .flat_map(|variant| variant.figure.terms());
        used.extend(terms.map(|term| term.measure.as_str()));
        used.extend(
            indicator
                .breakdowns
                .iter()
                .chain(&indicator.goals)
                .map(String::as_str),
        );
    }
    for measure in &definitions.measures {
        for condition in measure.all_conditions() {
            if let Condition::Follows { measure, .. } | Condition::FollowedBy { measure, .. } = condition {
                used.insert(measure);
            }
        }
    }
    let declared = definitions.measures.iter().map(|measure| &measure.id);
    let declared = declared.chain(definitions.breakdowns.iter().map(|breakdown| &breakdown.id));
    let declared = declared.chain(definitions.goals.iter().map(|goal| &goal.id));
    // The care level is declared for the questions of those who ask; no indicator is shown by it.
    let unused: Vec<&String> = declared.filter(|id| !used.contains(id.as_str())).collect();
    assert_eq!(unused, ["care-level"]);
}

#[test]
fn figures_of_forms_show_regional_and_municipal_care_side_by_side() {
    let definitions = definitions();
    for indicator in &definitions.indicators {
        if indicator
            .breakdowns
            .iter()
            .any(|by| by == "group" || by == "form")
        {
            assert!(
                indicator
                    .side_by_side
                    .iter()
                    .any(|by| by == "responsible-principal"),
                "{}",
                indicator.id
            );
        }
    }
}

#[test]
fn what_no_source_has_is_said_to_be_not_available() {
    let definitions = definitions();
    for id in ["complexity-of-need", "disability"] {
        let breakdown = definitions.breakdown(id).unwrap();
        assert!(matches!(breakdown.by, BrokenDownBy::NotAvailable(_)), "{id}");
    }
    for indicator in &definitions.indicators {
        let tests = indicator
            .variants
            .iter()
            .filter(|variant| variant.feed == Feed::MethodTest);
        assert!(
            tests.count() == 0 || indicator.feed != Feed::Computed,
            "{} is said to be computed and holds a test of the method",
            indicator.id
        );
    }
}

#[test]
fn the_standard_population_is_the_european_one_of_2013() {
    let definitions = definitions();
    let standard = definitions.standard("esp-2013").unwrap();
    let bands: Vec<_> = standard.bands().collect();
    assert_eq!(bands.len(), 20);
    assert_eq!(
        bands.iter().map(|(_, weight)| u64::from(*weight)).sum::<u64>(),
        100_000
    );
    assert_eq!(bands.last(), Some(&(95..AGES, 200)));
    // Each band begins where the one before ends.
    assert!(bands.windows(2).all(|pair| match pair {
        [(first, _), (second, _)] => first.end == second.start,
        _ => true,
    }));
}
