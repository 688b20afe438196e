//! What is wrong with a source is found where it is, all of it at once, by name.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use vardnav_classification::DescriptionSystem;
use vardnav_classification::compile::naming;
use vardnav_classification::model::*;

fn label() -> Label {
    Label {
        sv: "text".to_owned(),
        en: "text".to_owned(),
    }
}

fn value(code: &str) -> AxisValue {
    AxisValue {
        code: code.to_owned(),
        label: label(),
    }
}

fn condition(axis: &str, any_of: &[&str]) -> Condition {
    Condition {
        axis: axis.to_owned(),
        any_of: any_of.iter().map(|name| (*name).to_owned()).collect(),
        negated: false,
    }
}

fn rule(id: &str, conditions: Vec<Condition>, outcome: Outcome) -> Rule {
    Rule {
        id: id.to_owned(),
        alternatives: vec![conditions],
        outcome,
        variant: None,
        legal_basis: String::new(),
        status: String::new(),
        in_force_from: None,
        line: 2,
    }
}

fn gives(value: &str) -> Outcome {
    Outcome::Value(value.to_owned())
}

fn table(id: &str, hit_policy: HitPolicy, rules: Vec<Rule>) -> Table {
    let values = vec![value("yes"), value("no")];
    Table {
        id: id.to_owned(),
        label: label(),
        hit_policy,
        grains: vec![Grain::Contact],
        values,
        rules,
    }
}

fn sound() -> DescriptionSource {
    DescriptionSource {
        axes: vec![Axis {
            id: "place".to_owned(),
            label: label(),
            definition: label(),
            values: vec![value("home"), value("clinic")],
            multiple: false,
            grains: vec![Grain::Contact],
            sources: vec![FactSource::Record],
            derivation: None,
        }],
        value_sets: vec![ValueSet {
            id: "anywhere".to_owned(),
            axis: "place".to_owned(),
            values: vec!["home".to_owned(), "clinic".to_owned()],
        }],
        tables: vec![table(
            "visit",
            HitPolicy::First,
            vec![
                rule("V10", vec![condition("place", &["home"])], gives("yes")),
                rule("V20", vec![condition("place", &["anywhere"])], gives("no")),
                rule("V99", vec![], Outcome::CatchAll),
            ],
        )],
        points: vec![UnsettledPoint {
            id: "U1".to_owned(),
            question: label(),
            variants: vec!["left".to_owned()],
            chosen: "left".to_owned(),
        }],
        exclusions: Vec::new(),
        contradictions: Vec::new(),
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut DescriptionSource), expected: &[&str]) {
    let mut source = sound();
    change(&mut source);
    let problems = match DescriptionSystem::compile(source) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(problems, expected);
}

#[test]
fn a_sound_source_compiles() {
    check(|_| {}, &[]);
}

#[test]
fn unknown_names() {
    check(
        |source| source.tables[0].rules[0].alternatives[0] = vec![condition("colour", &["red"])],
        &["table `visit`, rule `V10`, line 2: no axis or table is called `colour`"],
    );
    check(
        |source| source.tables[0].rules[0].alternatives[0] = vec![condition("place", &["moon"])],
        &[
            "table `visit`, rule `V10`, line 2: `place` has no value or value set `moon`; it has `home`, `clinic`",
        ],
    );
    check(
        |source| source.tables[0].rules[0].outcome = gives("maybe"),
        &[
            "table `visit`, rule `V10`, line 2: gives `maybe`, which the table does not have; it has `yes`, `no`",
        ],
    );
    check(
        |source| source.value_sets[0].values.push("moon".to_owned()),
        &[
            "value set `anywhere`, line 0: `place` has no value or value set `moon`",
            "table `visit`, rule `V20`, line 2: `place` has no value or value set `anywhere`; that value set cannot be resolved",
        ],
    );
    check(
        |source| {
            source.tables[0].rules[0].variant = Some(VariantRef {
                point: "U1".to_owned(),
                name: "right".to_owned(),
            });
        },
        &["table `visit`, rule `V10`, line 2: `U1` has no variant `right`; it has `left`"],
    );
}

/// Each name is met with the one it resembles, or with the axis it belongs to.
#[test]
fn what_is_said_of_unknown_names() {
    let said = |axis: &str, name: &str| {
        let mut source = sound();
        source.axes.push(Axis {
            id: "colour".to_owned(),
            values: vec![value("red"), value("dark-red")],
            ..source.axes[0].clone()
        });
        source.value_sets[0].axis = "colour".to_owned();
        naming::faults(&source, &condition(axis, &[name]))
    };
    assert_eq!(said("colour", "red"), [""; 0]);
    assert_eq!(said("colour", "anywhere"), [""; 0]);
    assert_eq!(
        said("color", "red"),
        ["no axis or table is called `color`; did you mean `colour`?"]
    );
    assert_eq!(
        said("colour", "dark-rd"),
        ["`colour` has no value or value set `dark-rd`; did you mean `dark-red`?"]
    );
    assert_eq!(
        said("place", "red"),
        ["`place` has no value or value set `red`; that is a value of `colour`"]
    );
    assert_eq!(
        said("place", "anywhere"),
        ["`place` has no value or value set `anywhere`; that is a value set of `colour`"]
    );
    assert_eq!(
        said("place", "home,clinic"),
        ["`place` has no value or value set as it stands there; part several values by `|`"]
    );
    assert_eq!(
        said("place", "19121212-1212"),
        ["`place` has no value or value set as it stands there; it has `home`, `clinic`"]
    );
}

#[test]
fn value_sets_in_a_circle() {
    check(
        |source| source.value_sets[0].values = vec!["anywhere".to_owned()],
        &[
            "value set `anywhere`, line 0: names `anywhere`, which cannot be resolved",
            "table `visit`, rule `V20`, line 2: `place` has no value or value set `anywhere`; that value set cannot be resolved",
        ],
    );
}

#[test]
fn ids_given_twice() {
    check(
        |source| source.tables[0].rules[1].id = "V10".to_owned(),
        &[
            "table `visit`, rule `V10`, line 2: has the id of the rule on line 2; rows of one rule stand together, another rule has an id of its own",
        ],
    );
    check(
        |source| source.tables[0].id = "place".to_owned(),
        &["description system, line 0: `place` names two axes or tables"],
    );
    check(
        |source| source.axes[0].values.push(value("home")),
        &["axis `place`, line 0: has the value `home` twice"],
    );
}

#[test]
fn tables_feed_in_order() {
    let later = |source: &mut DescriptionSource, hit_policy| {
        let rules = vec![rule("W10", vec![condition("place", &["home"])], gives("yes"))];
        source.tables.push(table("later", hit_policy, rules));
    };
    check(
        |source| {
            later(source, HitPolicy::First);
            source.tables[0].rules[0].alternatives[0] = vec![condition("later", &["yes"])];
        },
        &[
            "table `visit`, rule `V10`, line 2: table `later` is not decided before this, so it cannot be a condition",
        ],
    );
    check(
        |source| {
            later(source, HitPolicy::Collect);
            let rules = vec![rule("X10", vec![condition("later", &["yes"])], gives("yes"))];
            source.tables.push(table("last", HitPolicy::First, rules));
        },
        &[
            "table `last`, rule `X10`, line 2: table `later` collects, and only tables that give one value feed others",
        ],
    );
}

#[test]
fn values_have_a_limit_and_a_reserved_word() {
    check(
        |source| {
            source.axes[0]
                .values
                .extend((0..61).map(|at| value(&format!("v{at}"))))
        },
        &["axis `place`, line 0: has 63 values, 1 to 62 are allowed"],
    );
    check(
        |source| source.axes[0].values.push(value("unknown")),
        &["axis `place`, line 0: has the value `unknown`, which stands for a missing fact"],
    );
}

#[test]
fn guards_and_holds() {
    check(
        |source| source.tables[0].rules.swap(1, 2),
        &["table `visit`, rule `V99`, line 2: guards the end, so no rule can follow it"],
    );
    check(
        |source| {
            source.tables[0].rules[1].outcome = Outcome::Hold {
                reason: Label::default(),
            }
        },
        &[
            "table `visit`, rule `V20`, line 2: holds without a reason in both languages; state why in Swedish and English",
        ],
    );
    check(
        |source| source.tables[0].hit_policy = HitPolicy::Collect,
        &["table `visit`, rule `V99`, line 2: guards the end, but the table collects"],
    );
}

#[test]
fn points_and_variants() {
    check(
        |source| source.points[0].chosen = "right".to_owned(),
        &["unsettled point `U1`, line 0: takes the variant `right`, which it does not have"],
    );
}

#[test]
fn derivations_name_existing_values() {
    check(
        |source| {
            source.axes[0].sources.push(FactSource::Derived);
            source.axes[0].derivation = Some(Derivation::Age(vec![
                (18, "old".to_owned()),
                (0, "home".to_owned()),
            ]));
        },
        &[
            "axis `place`, line 0: its age bands do not rise",
            "axis `place`, line 0: its derivation names the value `old`, which does not exist",
        ],
    );
}
