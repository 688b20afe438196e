//! The worklist says what brute force over whole histories says, its rows are read as they were written, and what led
//! to a guard leads there alone.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use proptest::collection::vec;
use proptest::prelude::*;
use vardnav_classification::model::*;
use vardnav_classification::{DescriptionSystem, FactSet};
use vardnav_register::definition::Severity;
use vardnav_register::derived::{Derived, Part, PartDerived};
use vardnav_register::finding::StoredFinding;
use vardnav_register::outcome::Outcome as Became;
use vardnav_register::record::*;
use vardnav_register::worklist::groups::{Filter, Groups};
use vardnav_register::worklist::unmatched::Unmatched;
use vardnav_register::worklist::{
    Cause, Item, MissingAxis, Owner, Revision, Wait, Want, held, owner, remedy, row,
};

const DAY: Date = date(2026, 5, 5);

fn any_wait() -> impl Strategy<Value = Wait> {
    let axis = prop::sample::select(vec!["place", "bed", "level"]);
    let missing = (prop::collection::btree_set(axis, 1..3), any::<bool>()).prop_map(|(axes, unit)| {
        let owner = if unit {
            Owner::UnitRegistration
        } else {
            Owner::ReportingUnit
        };
        Cause::Missing {
            axes: axes
                .into_iter()
                .map(|axis| MissingAxis {
                    axis: axis.to_owned(),
                    owner,
                })
                .collect(),
            possible: vec!["a".into(), "b".into()],
        }
    });
    let rule =
        (prop::sample::select(vec!["R1", "R9"]), any::<bool>(), 0..3_u8).prop_map(|(rule, guard, value)| {
            Cause::Rule {
                rule: rule.to_owned(),
                guard,
                facts: vec![Fact {
                    axis: "place".into(),
                    values: vec![format!("v{value}")],
                }],
            }
        });
    let check = Just(Cause::Check {
        code: "VN-REG-900".into(),
        path: "unit".into(),
    });
    let unit = prop::option::of(prop::sample::select(vec!["U1", "U2"]));
    let table = prop::sample::select(vec!["form", "care-level"]);
    (
        prop_oneof![4 => missing, 2 => rule, 1 => check],
        unit,
        table,
        prop::option::of(0..9_u32),
    )
        .prop_map(|(cause, unit, table, segment)| Wait {
            release: "2026.1".into(),
            table: table.into(),
            unit: unit.map(str::to_owned),
            segment,
            parts: 1,
            cause,
        })
}

fn any_item() -> impl Strategy<Value = Item> {
    (
        prop::sample::select(vec![
            RecordKind::Episode,
            RecordKind::Contact,
            RecordKind::MonitoringPeriod,
        ]),
        "[a-z0-9._:-]{1,64}",
        any::<u32>(),
        any::<u64>(),
        0..2_000_000_000_000_000_i64,
        vec(any_wait(), 1..6),
        0..3_u32,
    )
        .prop_map(|(kind, id, revision, position, since, waits, more)| Item {
            kind,
            id,
            revision,
            position,
            since,
            date: DAY,
            waits,
            more,
        })
}

/// A history: which record gets its next revision, after how long, and what that leaves open.
fn histories() -> impl Strategy<Value = Vec<(usize, i64, Option<Vec<Wait>>)>> {
    vec(
        (
            0..4_usize,
            1..1_000_i64,
            prop::option::weighted(0.7, vec(any_wait(), 1..3)),
        ),
        0..60,
    )
}

proptest! {
    #[test]
    fn following_revisions_gives_what_the_whole_history_gives(history in histories()) {
        let mut received = 0;
        let mut revisions: Vec<Revision> = Vec::new();
        for (position, (record, pause, waits)) in (0..).zip(history) {
            received += pause;
            let id = format!("r-{record}");
            let before = revisions.iter().filter(|revision| revision.id == id).count();
            revisions.push(Revision {
                position,
                kind: RecordKind::Contact,
                id,
                revision: u32::try_from(before).unwrap() + 1,
                received,
                held: waits.map(|waits| (DAY, waits)),
            });
        }

        // As a projection follows: one revision at a time, over rows.
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for revision in &revisions {
            let key = row::key("region-norr", revision.kind, &revision.id);
            let former = rows.get(&key).map(|bytes| Item::decode(bytes).unwrap());
            match Item::after(former.as_ref(), revision.clone()) {
                Some(item) => rows.insert(key, item.encode(7 * 1024)),
                None => rows.remove(&key),
            };
        }
        let followed: Vec<Item> = rows.values().map(|bytes| Item::decode(bytes).unwrap()).collect();

        // By the definition: the last revision is held, and so is every one since the first of the run.
        let ids: BTreeSet<&str> = revisions.iter().map(|revision| revision.id.as_str()).collect();
        let mut expected = Vec::new();
        for id in ids {
            let of: Vec<&Revision> = revisions.iter().filter(|revision| revision.id == id).collect();
            let last = of[of.len() - 1];
            let Some((day, waits)) = &last.held else { continue };
            let run = of.iter().rev().take_while(|revision| revision.held.is_some()).last().unwrap();
            expected.push(Item {
                kind: last.kind,
                id: id.to_owned(),
                revision: last.revision,
                position: last.position,
                since: run.received,
                date: *day,
                waits: waits.clone(),
                more: 0,
            });
        }
        prop_assert_eq!(followed, expected);
    }

    #[test]
    fn rows_are_read_as_written_and_never_too_long(item in any_item(), limit in 0..600_usize) {
        prop_assert_eq!(&Item::decode(&item.encode(7 * 1024)).unwrap(), &item);
        let short = item.encode(limit);
        let read = Item::decode(&short).unwrap();
        prop_assert!(short.len() <= limit || read.waits.is_empty());
        prop_assert!(item.waits.starts_with(&read.waits));
        prop_assert_eq!(read.waits.len() + read.more as usize, item.waits.len() + item.more as usize);
        for end in 0..short.len() {
            prop_assert!(Item::decode(&short[..end]).is_err());
        }
    }

    #[test]
    fn groups_count_what_each_item_wants(
        items in vec((prop::sample::select(vec!["n", "s"]), any_item()), 0..20),
        axis in prop::option::of(prop::sample::select(vec!["place", "bed"])),
        unit in prop::option::of(prop::sample::select(vec!["U1", "U2", ""])),
        owned in prop::option::of(prop::sample::select(vec![Owner::ReportingUnit, Owner::Authority])),
    ) {
        let filter = Filter {
            axis: axis.map(str::to_owned),
            unit: unit.map(str::to_owned),
            owner: owned,
            ..Filter::default()
        };
        let mut groups = Groups::default();
        for (reporter, item) in &items {
            prop_assert_eq!(groups.add(reporter, item, &filter), filter.matches(item));
        }
        // What each item wants, spelt out.
        let wants = |item: &Item| -> BTreeSet<(Option<String>, String, Want, Owner)> {
            let mut wants = BTreeSet::new();
            for wait in &item.waits {
                let each: Vec<(Want, Owner)> = match &wait.cause {
                    Cause::Missing { axes, .. } => axes
                        .iter()
                        .map(|missing| (Want::Fact(missing.axis.clone()), missing.owner))
                        .collect(),
                    Cause::Rule { rule, .. } => vec![(Want::Rule(rule.clone()), Owner::Authority)],
                    Cause::Check { code, .. } => vec![(Want::Check(code.clone()), Owner::ReportingUnit)],
                };
                for (want, owner) in each {
                    let fits = axis.is_none_or(|axis| want == Want::Fact(axis.into()))
                        && unit.is_none_or(|unit| wait.unit.as_deref().unwrap_or("") == unit)
                        && owned.is_none_or(|owned| owned == owner);
                    if fits {
                        wants.insert((wait.unit.clone(), wait.table.clone(), want, owner));
                    }
                }
            }
            wants
        };
        let mut expected: BTreeMap<_, (u64, i64)> = BTreeMap::new();
        for (reporter, item) in &items {
            for want in wants(item) {
                let count = expected.entry((reporter.to_owned(), want)).or_insert((0, i64::MAX));
                count.0 += 1;
                count.1 = count.1.min(item.since);
            }
        }
        let counted: BTreeMap<_, (u64, i64)> = groups
            .groups
            .iter()
            .map(|(key, group)| {
                let want = (key.unit.clone(), key.table.clone(), key.want.clone(), key.owner);
                ((if key.reporter == "n" { "n" } else { "s" }, want), (group.records, group.oldest))
            })
            .collect();
        prop_assert_eq!(counted, expected);
        let records = items.iter().filter(|(_, item)| !wants(item).is_empty()).count();
        prop_assert_eq!(groups.records, records as u64);
        for group in groups.groups.values() {
            prop_assert!(group.alone <= group.records);
        }
    }

    #[test]
    fn combinations_are_ranked_by_records(
        items in vec((prop::sample::select(vec!["n", "s"]), any_item()), 0..30),
        threshold in 0..6_u64,
    ) {
        let mut unmatched = Unmatched::default();
        for (reporter, item) in &items {
            unmatched.add(reporter, item, None);
        }
        let ranked = unmatched.ranked(threshold);
        for (combination, occurrence) in &ranked {
            let has = |item: &Item| item.waits.iter().any(|wait| {
                matches!(&wait.cause, Cause::Rule { rule, guard, facts } if *rule == combination.rule
                    && *guard == combination.guard
                    && *facts == combination.facts
                    && wait.table == combination.table)
            });
            let count = items.iter().filter(|(_, item)| has(item)).count() as u64;
            prop_assert_eq!(occurrence.records, count);
            prop_assert_eq!(occurrence.reporters.values().sum::<u64>(), count);
        }
        let told: Vec<u64> = ranked
            .iter()
            .map(|(_, occurrence)| occurrence.records)
            .map(|count| if count < threshold { 0 } else { count })
            .collect();
        prop_assert!(told.is_sorted_by(|one, other| one >= other));
        // Those that are not told stand by what they are.
        let small: Vec<_> = ranked
            .iter()
            .filter(|(_, occurrence)| occurrence.records < threshold)
            .map(|(combination, _)| combination)
            .collect();
        prop_assert!(small.is_sorted());
    }
}

fn label(text: &str) -> Label {
    Label {
        sv: text.into(),
        en: text.into(),
    }
}

fn values(codes: &[&str]) -> Vec<AxisValue> {
    codes
        .iter()
        .map(|code| AxisValue {
            code: (*code).into(),
            label: label(code),
        })
        .collect()
}

fn axis(id: &str, sources: &[FactSource]) -> Axis {
    Axis {
        id: id.into(),
        label: label(id),
        definition: label(id),
        values: values(&["x", "y", "z"]),
        multiple: false,
        grains: vec![Grain::Contact, Grain::Segment],
        sources: sources.to_vec(),
        derivation: None,
    }
}

fn rule(id: &str, conditions: &[(&str, &[&str])], outcome: Outcome) -> Rule {
    Rule {
        id: id.into(),
        alternatives: vec![
            conditions
                .iter()
                .map(|(axis, any_of)| Condition {
                    axis: (*axis).into(),
                    any_of: any_of.iter().map(|value| (*value).into()).collect(),
                    negated: false,
                })
                .collect(),
        ],
        outcome,
        variant: None,
        legal_basis: String::new(),
        status: String::new(),
        in_force_from: None,
        line: 0,
    }
}

/// Three axes from different places, and a table with a row that holds and a guard.
fn system() -> DescriptionSystem {
    let value = |code: &str| Outcome::Value(code.into());
    let hold = Outcome::Hold {
        reason: label("not settled"),
    };
    DescriptionSystem::compile(DescriptionSource {
        axes: vec![
            axis("place", &[FactSource::Record, FactSource::Unit]),
            axis("bed", &[FactSource::Record, FactSource::Segment]),
            axis("level", &[FactSource::Unit]),
        ],
        value_sets: Vec::new(),
        tables: vec![
            Table {
                id: "form".into(),
                label: label("form"),
                hit_policy: HitPolicy::First,
                grains: vec![Grain::Contact, Grain::Segment],
                values: values(&["p", "q"]),
                rules: vec![
                    rule("F1", &[("place", &["x"]), ("bed", &["x"])], value("p")),
                    rule("F2", &[("place", &["y"]), ("level", &["x", "y"])], hold),
                    rule("F3", &[("bed", &["y"]), ("level", &["y"])], value("q")),
                    rule("F9", &[], Outcome::CatchAll),
                ],
            },
            Table {
                id: "duty".into(),
                label: label("duty"),
                hit_policy: HitPolicy::First,
                grains: vec![Grain::Contact, Grain::Segment],
                values: values(&["d"]),
                rules: vec![
                    rule("D1", &[("form", &["p"])], value("d")),
                    rule("D2", &[("form", &["q"])], value("d")),
                    rule("D9", &[], Outcome::CatchAll),
                ],
            },
        ],
        points: Vec::new(),
        exclusions: Vec::new(),
        contradictions: Vec::new(),
    })
    .expect("the system compiles")
}

fn facts(system: &DescriptionSystem, known: &[(&str, &str)]) -> FactSet {
    let mut facts = FactSet::new();
    for (axis, value) in known {
        let axis = system.axis(axis).unwrap();
        facts.set(axis, 1 << system.value(axis, value).unwrap(), FactSource::Record);
    }
    facts
}

fn record(unit: Option<&str>) -> Record {
    Record {
        id: "c-1".into(),
        revision: 1,
        person: Person::withheld(),
        residence: None,
        principals: Principals::default(),
        provider: None,
        unit: unit.map(str::to_owned),
        facts: Vec::new(),
        codes: Vec::new(),
        body: Body::Contact(Contact {
            date: DAY,
            end: None,
            episode: None,
            professions: Vec::new(),
            delegated: None,
            reason: None,
            diagnoses: Vec::new(),
            external_causes: Vec::new(),
            procedures: Vec::new(),
            requested: None,
            first_contact: None,
        }),
    }
}

fn derived(system: &DescriptionSystem, facts: FactSet) -> Derived {
    let part = PartDerived {
        part: Part::Contact,
        date: DAY,
        release: "2026.1".into(),
        age: None,
        facts,
        mapped: Vec::new(),
        tables: system
            .classify(Grain::Contact, DAY, &facts)
            .iter()
            .map(|(_, result)| result)
            .collect(),
    };
    let mut derived = Derived {
        parts: vec![part],
        ..Derived::default()
    };
    if derived.is_held() {
        derived.outcome = Became::Held;
    }
    derived
}

fn waits(system: &DescriptionSystem, known: &[(&str, &str)], unit: Option<&str>) -> Vec<Wait> {
    let derived = derived(system, facts(system, known));
    let held = held(&record(unit), &derived, |_| Some(system)).unwrap();
    held.map(|(_, waits)| waits).unwrap_or_default()
}

fn missing(wait: &Wait) -> Vec<(&str, Owner)> {
    match &wait.cause {
        Cause::Missing { axes, .. } => {
            let axes = axes.iter();
            axes.map(|missing| (missing.axis.as_str(), missing.owner))
                .collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn owners_follow_from_where_facts_may_come() {
    let system = system();
    let with_unit = waits(&system, &[("place", "x")], Some("SE-1"));
    assert_eq!(with_unit[0].table, "form");
    assert_eq!(
        missing(&with_unit[0]),
        [("bed", Owner::ReportingUnit), ("level", Owner::UnitRegistration)]
    );
    // The table that is fed waits for the same axes.
    assert_eq!(missing(&with_unit[1]), missing(&with_unit[0]));
    // Without a unit there is no registration to mend.
    let without = waits(&system, &[("place", "x")], None);
    assert_eq!(
        missing(&without[0]),
        [("bed", Owner::ReportingUnit), ("level", Owner::ReportingUnit)]
    );
    assert_eq!(owner("form", Grain::Contact, true, &system), Owner::Authority);
    assert_eq!(owner("no-axis", Grain::Contact, true, &system), Owner::Authority);
    for (axis, owner, words) in [
        ("bed", Owner::ReportingUnit, "for many records at once"),
        ("level", Owner::UnitRegistration, "reclassification"),
        ("form", Owner::Authority, "new release"),
    ] {
        let remedy = remedy(axis, owner, Some(&system));
        assert!(remedy.en.contains(words), "{axis}: {remedy:?}");
        assert!(!remedy.sv.is_empty());
    }
}

#[test]
fn rows_that_hold_and_guards_tell_the_combination() {
    let system = system();
    let hold = waits(&system, &[("place", "y"), ("level", "y"), ("bed", "z")], None);
    let Cause::Rule { rule, guard, facts } = &hold[0].cause else {
        panic!("{hold:?}")
    };
    assert_eq!((rule.as_str(), *guard), ("F2", false));
    let named: Vec<(&str, &str)> = facts
        .iter()
        .map(|f| (f.axis.as_str(), f.values[0].as_str()))
        .collect();
    assert_eq!(named, [("level", "y"), ("place", "y")], "the bed does not matter");
    // What is fed by a value that a row holds waits for the authority.
    assert_eq!(missing(&hold[1]), [("form", Owner::Authority)]);

    let guard = waits(&system, &[("place", "z"), ("level", "z"), ("bed", "z")], None);
    assert!(matches!(&guard[0].cause, Cause::Rule { rule, guard: true, .. } if rule == "F9"));
    assert_eq!(waits(&system, &[("place", "x"), ("bed", "x")], None), []);
}

/// All facts known in every combination: where the guard decides, the facts that are told suffice for it.
#[test]
fn what_led_to_a_guard_leads_there_alone() {
    let system = system();
    let codes = ["x", "y", "z"];
    let mut guards = 0;
    for place in codes {
        for bed in codes {
            for level in codes {
                let known = [("place", place), ("bed", bed), ("level", level)];
                for wait in waits(&system, &known, None) {
                    let Cause::Rule {
                        guard: true,
                        facts: told,
                        ..
                    } = &wait.cause
                    else {
                        continue;
                    };
                    guards += 1;
                    let told: Vec<(&str, &str)> = told
                        .iter()
                        .map(|f| (f.axis.as_str(), f.values[0].as_str()))
                        .collect();
                    let again = waits(&system, &told, None);
                    assert!(
                        again
                            .iter()
                            .any(|other| other.table == wait.table && other.cause == wait.cause),
                        "{known:?}: {told:?}"
                    );
                }
            }
        }
    }
    assert!(guards > 5, "only {guards}");
}

#[test]
fn a_check_that_holds_is_listed_when_no_table_waits() {
    let system = system();
    let mut derived = derived(&system, facts(&system, &[("place", "x"), ("bed", "x")]));
    let finding = |code: &str, severity| StoredFinding {
        code: code.into(),
        severity,
        path: "unit".into(),
    };
    derived.findings = vec![
        finding("VN-REG-900", Severity::Hold),
        finding("VN-REG-901", Severity::Warning),
    ];
    let of = |derived: &Derived| held(&record(None), derived, |_| Some(&system)).unwrap();
    assert_eq!(of(&derived), None, "it is not held");
    derived.outcome = Became::Held;
    let (_, waits) = of(&derived).unwrap();
    let wanted: Vec<_> = waits.iter().flat_map(Wait::wants).collect();
    assert_eq!(wanted, [(Want::Check("VN-REG-900".into()), Owner::ReportingUnit)]);
}

#[test]
fn a_release_that_is_not_at_hand_is_named() {
    let system = system();
    let derived = derived(&system, FactSet::new());
    let error = held(&record(None), &derived, |_| None).unwrap_err();
    assert_eq!(error.0, "2026.1");
}

#[test]
fn keys_lead_from_the_reporter_to_the_record() {
    let key = row::key("region-norr", RecordKind::Contact, "v-1");
    assert!(key.starts_with(&row::prefix("region-norr")));
    assert!(!key.starts_with(&row::prefix("region-nor")));
    assert_eq!(row::reporter_of(&key), Some("region-norr"));
    assert_ne!(key, row::key("region-norr", RecordKind::Episode, "v-1"));
}
