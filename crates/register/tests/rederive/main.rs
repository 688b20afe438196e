//! Deriving history anew: whatever was reported in whatever order, what packed facts settle is what the ledger says,
//! and what they do not settle they leave to it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a test stops at the first surprise"
)]

mod blocks;
mod history;
#[expect(dead_code, reason = "this test needs a part of the sample world")]
#[path = "../support/mod.rs"]
mod support;

use history::*;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use support::*;
use vardnav_classification::model::*;
use vardnav_classification::{DescriptionSystem, TableResult};
use vardnav_register::derived::{Derived, Part};
use vardnav_register::entry::Entry;
use vardnav_register::outcome::Outcome as RecordOutcome;
use vardnav_register::record::*;
use vardnav_register::rederive::*;
use vardnav_register::surroundings::{ReleaseView, Surroundings};

/// What a later release is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Later {
    /// Other rules, values and tables over the same axes in another order.
    Tables,
    /// The same as the release in force.
    Same,
    /// An axis takes its facts from elsewhere.
    Axes,
    /// An axis is gone.
    Fewer,
    /// Codes lead elsewhere.
    Maps,
}

fn later(kind: Later, now: &DescriptionSystem) -> DescriptionSystem {
    let mut source = now.source().clone();
    let condition = |axis: &str, value: &str| Condition {
        axis: axis.into(),
        any_of: vec![value.into()],
        negated: false,
    };
    match kind {
        Later::Tables => {
            source.axes.reverse();
            for axis in &mut source.axes {
                if axis.id != "performer" {
                    axis.values.reverse();
                }
            }
            let form = &mut source.tables[0];
            form.values.reverse();
            form.values.push(AxisValue {
                code: "in-a-ward".into(),
                label: Label::default(),
            });
            form.rules.insert(
                0,
                Rule {
                    id: "E05".into(),
                    alternatives: vec![vec![condition("place", "ward"), condition("principal", "region")]],
                    outcome: Outcome::Value("in-a-ward".into()),
                    variant: None,
                    legal_basis: String::new(),
                    status: String::new(),
                    in_force_from: Some(date(2026, 9, 6)),
                    line: 0,
                },
            );
            source.tables[2].rules[0].alternatives = vec![vec![condition("form", "in-a-ward")]];
            source.tables.swap(0, 1);
        }
        Later::Axes => {
            let place = source.axes.iter_mut().find(|axis| axis.id == "place").unwrap();
            place.sources.retain(|from| *from != FactSource::Episode);
        }
        Later::Fewer => source.axes.retain(|axis| axis.id != "bed" && axis.id != "mode"),
        Later::Maps | Later::Same => {}
    }
    source.exclusions.clear();
    source.contradictions.clear();
    DescriptionSystem::compile(source).unwrap()
}

/// Holds the short way against the long one; answers how many entries the short one settled.
fn compare(
    events: &[Event],
    kind: Later,
    from: Option<Date>,
    until: Option<Date>,
) -> Result<usize, TestCaseError> {
    let mut history = History::of(events);
    let mut other = world();
    let system = later(kind, history.world.release_on(date(2026, 9, 1)).unwrap().system);
    other.maps = match kind {
        Later::Maps => vec![map(&[("w", "home")])],
        _ => history.world.maps.clone(),
    };
    let of_other = other.release_on(date(2026, 9, 1)).unwrap();
    let plan = Rederivation {
        release: ReleaseView {
            id: "2027.1",
            system: &system,
            ..of_other
        },
        from,
        until,
    };
    let expected = history.anew(&plan);
    let blocks = history.blocks();
    let own_maps = !history.world.own_maps.is_empty();
    let own = history.world.release_on(date(2026, 9, 1)).unwrap();
    let units = UnitColumns::new(history.world.units.values(), plan.release);
    let columnar = Columnar::new(plan, [own], units);
    let mut episodes = Episodes::default();
    for (first, block) in &blocks {
        columnar.learn(block, *first, own_maps, &mut episodes);
    }
    let mut settled = 0;
    let mut met = 0;
    let mut outcome = Ok(());
    for (first, block) in &blocks {
        columnar.read(block, *first, own_maps, &episodes, |position, entry, anew| {
            met += 1;
            settled += usize::from(!matches!(anew, Anew::Ledger));
            let at = usize::try_from(position).unwrap();
            let checked = check(&history.entries[at], expected[at].as_ref(), anew, &columnar);
            if outcome.is_ok() {
                outcome = checked;
            }
            let header = &history.entries[at].header;
            let known = &history.latest[&(header.kind as u8, header.id.clone())];
            assert_eq!(episodes.is_latest(entry), Some(known.0 == header.revision));
        });
    }
    outcome?;
    prop_assert_eq!(met, history.entries.len());
    Ok(settled)
}

fn check(
    entry: &Entry,
    expected: Option<&Derived>,
    anew: Anew<'_>,
    columnar: &Columnar<'_>,
) -> Result<(), TestCaseError> {
    let (parts, expected) = match (anew, expected) {
        (Anew::Erased, expected) => {
            prop_assert!(expected.is_none());
            return Ok(());
        }
        (Anew::Ledger, expected) => {
            prop_assert!(expected.is_some());
            return Ok(());
        }
        (Anew::Parts(parts), expected) => (parts, expected.expect("an erased entry has no parts")),
    };
    let (_, former) = entry.derived().unwrap().unwrap();
    prop_assert_eq!(parts.len(), expected.parts.len());
    for (part, expected) in parts.iter().zip(&expected.parts) {
        prop_assert_eq!(
            (part.part, part.date, part.age),
            (expected.part, expected.date, expected.age)
        );
        let before = former
            .parts
            .iter()
            .find(|former| former.part == part.part)
            .unwrap();
        let results = |all: vardnav_classification::Classification| -> Vec<TableResult> {
            all.iter().map(|(_, result)| result).collect()
        };
        prop_assert_eq!(results(part.was), before.tables.clone());
        prop_assert_eq!(
            columnar.releases().nth(part.former).map(|release| release.id),
            Some(&*before.release)
        );
        match part.now {
            Some(now) => {
                prop_assert_eq!(&expected.release, "2027.1");
                prop_assert_eq!(results(now), expected.tables.clone());
            }
            None => prop_assert_eq!(expected, before),
        }
    }
    Ok(())
}

fn kinds() -> impl Strategy<Value = Later> {
    prop_oneof![
        4 => Just(Later::Tables),
        1 => Just(Later::Same),
        1 => Just(Later::Axes),
        1 => Just(Later::Fewer),
        1 => Just(Later::Maps),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn both_ways_agree(
        events in prop::collection::vec(any::<Event>(), 1..60),
        kind in kinds(),
        from in prop::option::of(0u8..25),
        until in prop::option::of(0u8..25),
    ) {
        compare(&events, kind, from.map(day), until.map(day))?;
    }

    #[test]
    fn what_cannot_have_changed_is_settled(
        events in prop::collection::vec(any::<Event>(), 1..60),
        kind in prop_oneof![Just(Later::Tables), Just(Later::Fewer), Just(Later::Same)],
    ) {
        // Contacts follow their episodes, which are never revised; nothing is put, erased or of another year.
        let (mut first, mut rest) = (Vec::new(), Vec::new());
        for [what, a, b, c, d, e] in events {
            match what % 12 {
                0..=2 if first.len() < 3 => first.push([0, u8::try_from(first.len()).unwrap(), b, c, d, e]),
                3..=7 => rest.push([3, a.min(250), b, c, d, e]),
                8 => rest.push([8, a, b, c, d, e]),
                _ => {}
            }
        }
        let events: Vec<Event> = first.into_iter().chain(rest).collect();
        prop_assert_eq!(compare(&events, kind, None, None)?, events.len());
    }

    #[test]
    fn anything_is_read_without_panic(bytes: Vec<u8>) {
        let _ = Columns::decode(&bytes);
        let versioned: Vec<u8> = [&[1][..], &bytes].concat();
        if let Ok(columns) = Columns::decode(&versioned) {
            prop_assert_eq!(columns.encode(), versioned);
        }
    }
}

#[test]
fn a_contact_reported_before_its_episode_is_set_right() {
    let mut history = History::of(&[]);
    let mut early = contact();
    let Body::Contact(body) = &mut early.body else {
        unreachable!()
    };
    body.episode = Some("e-1".into());
    early.facts.clear();
    early.unit = None;
    history.report(early);
    history.report(episode());
    let system = later(
        Later::Same,
        history.world.release_on(date(2026, 9, 1)).unwrap().system,
    );
    let other = world();
    let release = ReleaseView {
        id: "2027.1",
        system: &system,
        ..other.release_on(date(2026, 9, 1)).unwrap()
    };
    let plan = Rederivation {
        release,
        from: None,
        until: None,
    };
    let (_, before) = stated(&history.entries[0]);
    assert_eq!(before.unwrap().1.outcome, RecordOutcome::Held);
    let anew = history.anew(&plan);
    let contact = anew[0].as_ref().unwrap();
    assert_eq!(contact.outcome, RecordOutcome::Accepted);
    assert_eq!(contact.parts[0].part, Part::Contact);
    assert_eq!(contact.parts[0].release, "2027.1");
    // Outside the plan it keeps what it has.
    let elsewhere = Rederivation {
        from: Some(date(2026, 9, 2)),
        ..plan
    };
    assert_eq!(
        history.anew(&elsewhere)[0].as_ref().unwrap().outcome,
        RecordOutcome::Held
    );
}
