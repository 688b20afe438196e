//! A small release with a measure of every sort, and parts made at random.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use vardnav_classification::model::*;
use vardnav_classification::{DescriptionSystem, FactSet, TableResult};
use vardnav_indicators::Residence;
use vardnav_indicators::definition::{
    Breakdown, BrokenDownBy, Feed, Indicator, IndicatorDefinitions, Interval, Length, Variant, Window,
};
use vardnav_indicators::engine::{Described, Engine, Ground, Marked, PartView};
use vardnav_indicators::measure::{Condition, Counts, Dated, Days, Figure, Measure, Part, Term};
use vardnav_register::bytes::{date_from_days, days_from_date};
use vardnav_register::record::Sex;

/// The last year in which open parts are counted.
pub(crate) const THROUGH: i16 = 2026;

pub(crate) struct World {
    pub(crate) definitions: IndicatorDefinitions,
    pub(crate) engine: Engine,
}

/// A part as the oracle sees it.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) kind: Part,
    pub(crate) start: Date,
    pub(crate) end: Option<Date>,
    pub(crate) residence: Residence,
    pub(crate) sex: Option<Sex>,
    pub(crate) age: Option<u16>,
    /// What the tables `form` and `groups` gave.
    pub(crate) tables: [TableResult; 2],
    pub(crate) problem: Option<&'static str>,
    pub(crate) ending: Option<&'static str>,
}

pub(crate) struct View<'a> {
    sample: &'a Sample,
    engine: &'a Engine,
    facts: FactSet,
}

impl World {
    pub(crate) fn new() -> Self {
        let system = system();
        let definitions = definitions();
        let ground = Ground {
            definitions: &definitions,
            system: &system,
            unit_kinds: &[],
            through: THROUGH,
        };
        let engine = Engine::new(&ground, [("r1", &system)]).unwrap();
        Self { definitions, engine }
    }

    pub(crate) fn view<'a>(&'a self, sample: &'a Sample) -> View<'a> {
        View {
            sample,
            engine: &self.engine,
            facts: FactSet::new(),
        }
    }

    pub(crate) fn mark(&self, sample: &Sample) -> Marked {
        self.engine.mark(&self.view(sample), &())
    }
}

impl PartView for View<'_> {
    fn kind(&self) -> Part {
        self.sample.kind
    }

    fn start(&self) -> Date {
        self.sample.start
    }

    fn end(&self) -> Option<Date> {
        self.sample.end
    }

    fn residence(&self) -> Residence {
        self.sample.residence
    }

    fn sex(&self) -> Option<Sex> {
        self.sample.sex
    }

    fn age(&self) -> Option<u16> {
        self.sample.age
    }

    fn described(&self) -> Option<Described<'_>> {
        Some(Described {
            system: self.engine.system("r1")?,
            facts: &self.facts,
            tables: &self.sample.tables,
        })
    }

    fn variable(&self, path: &str, each: &mut dyn FnMut(&str)) -> bool {
        let value = match path {
            "problem" => self.sample.problem,
            "ending" => self.sample.ending,
            _ => None,
        };
        value.map(each).is_some()
    }

    fn date(&self, path: &str) -> Option<Date> {
        match path {
            "start" => Some(self.sample.start),
            "end" => self.sample.end,
            _ => None,
        }
    }

    fn codes(&self, _path: &str, _each: &mut dyn FnMut(&str, &str)) {}

    fn unit_kind(&self) -> Option<&str> {
        None
    }
}

fn label() -> Label {
    Label::default()
}

fn values(codes: &[&str]) -> Vec<AxisValue> {
    let value = |code: &&str| AxisValue {
        code: (*code).into(),
        label: label(),
    };
    codes.iter().map(value).collect()
}

fn system() -> DescriptionSystem {
    let grains = vec![Grain::Contact, Grain::Segment];
    let axis = |id: &str, codes: &[&str], derivation: Option<Derivation>| Axis {
        id: id.into(),
        label: label(),
        definition: label(),
        values: values(codes),
        multiple: false,
        grains: grains.clone(),
        sources: vec![match derivation {
            Some(_) => FactSource::Derived,
            None => FactSource::Record,
        }],
        derivation,
    };
    let rule = |id: &str, code: &str, value: Option<&str>| Rule {
        id: id.into(),
        alternatives: vec![match value {
            Some(_) => vec![vardnav_classification::model::Condition {
                axis: "place".into(),
                any_of: vec![code.into()],
                negated: false,
            }],
            None => vec![],
        }],
        outcome: value.map_or(Outcome::CatchAll, |value| Outcome::Value(value.into())),
        variant: None,
        legal_basis: String::new(),
        status: String::new(),
        in_force_from: None,
        line: 1,
    };
    let table = |id: &str, hit_policy, codes: &[&str], rules: Vec<Rule>| Table {
        id: id.into(),
        label: label(),
        hit_policy,
        grains: grains.clone(),
        values: values(codes),
        rules,
    };
    let bands = Derivation::Age(vec![(0, "young".into()), (65, "old".into())]);
    DescriptionSystem::compile(DescriptionSource {
        axes: vec![
            axis("place", &["a", "b"], None),
            axis("age-group", &["young", "old"], Some(bands)),
        ],
        tables: vec![
            table(
                "form",
                HitPolicy::First,
                &["x", "y"],
                vec![
                    rule("r1", "a", Some("x")),
                    rule("r2", "b", Some("y")),
                    rule("r3", "", None),
                ],
            ),
            table(
                "groups",
                HitPolicy::Collect,
                &["p", "q"],
                vec![rule("r1", "a", Some("p")), rule("r2", "b", Some("q"))],
            ),
        ],
        ..DescriptionSource::default()
    })
    .unwrap()
}

fn measure(id: &str, of: &[Part], counts: Counts, dated: Dated, conditions: Vec<Condition>) -> Measure {
    Measure {
        id: id.into(),
        label: label(),
        of: of.to_vec(),
        counts,
        dated,
        conditions,
        exclusions: vec![],
    }
}

fn of_table(table: &str, any: &[&str]) -> Condition {
    Condition::Table {
        table: table.into(),
        any: any.iter().map(|value| (*value).into()).collect(),
    }
}

fn of_variable(path: &str, value: &str) -> Condition {
    Condition::Variable {
        path: path.into(),
        any: vec![value.into()],
    }
}

fn followed_by(measure: &str, least: u16, most: u16) -> Condition {
    Condition::FollowedBy {
        measure: measure.into(),
        days: Days { least, most },
    }
}

fn follows(measure: &str, least: u16, most: u16) -> Condition {
    Condition::Follows {
        measure: measure.into(),
        days: Days { least, most },
    }
}

fn definitions() -> IndicatorDefinitions {
    use Part::{Contact, Segment};
    let old = || Condition::Age {
        from: 65,
        below: None,
    };
    let mut discharges = measure(
        "discharges",
        &[Segment],
        Counts::Parts,
        Dated::End,
        vec![of_table("form", &["x"]), old()],
    );
    discharges.exclusions = vec![followed_by("formed", 0, 0)];
    let mut readmissions = discharges.clone();
    readmissions.id = "readmissions".into();
    readmissions.conditions.push(followed_by("formed", 1, 30));
    let mut asked = measure(
        "asked",
        &[Contact],
        Counts::Persons,
        Dated::Start,
        vec![of_variable("problem", "new")],
    );
    asked.exclusions = vec![of_variable("ending", "withdrawn")];
    let measures = vec![
        measure(
            "formed",
            &[Segment],
            Counts::Parts,
            Dated::Start,
            vec![of_table("form", &[])],
        ),
        measure(
            "days",
            &[Segment],
            Counts::Days,
            Dated::Start,
            vec![of_table("form", &["x"])],
        ),
        measure(
            "reached",
            &[Contact, Segment],
            Counts::Persons,
            Dated::During,
            vec![of_table("groups", &[])],
        ),
        discharges,
        readmissions,
        measure(
            "movements",
            &[Segment],
            Counts::Parts,
            Dated::Start,
            vec![follows("formed", 0, 1)],
        ),
        asked,
        measure(
            "awaited",
            &[Contact],
            Counts::Persons,
            Dated::Start,
            vec![followed_by("formed", 0, 7)],
        ),
        measure(
            "nested",
            &[Segment],
            Counts::Parts,
            Dated::During,
            vec![follows("readmissions", 0, 90)],
        ),
        measure(
            "short",
            &[Segment],
            Counts::Parts,
            Dated::During,
            vec![Condition::Between {
                from: "start".into(),
                to: "end".into(),
                days: Days { least: 0, most: 14 },
            }],
        ),
    ];
    let term = |id: &str| Term {
        measure: id.into(),
        times: 1,
    };
    let variants = measures.iter().map(|measure| Variant {
        id: measure.id.clone(),
        feed: Feed::Computed,
        figure: Figure {
            numerator: vec![term(&measure.id)],
            denominator: vec![],
        },
        ..Variant::default()
    });
    let all = Indicator {
        id: "all".into(),
        breakdowns: ["group", "form", "form-before", "month"].map(String::from).into(),
        window: Window {
            period: Length::Month,
            ..Window::default()
        },
        variants: variants.collect(),
        ..Indicator::default()
    };
    let clustered = Indicator {
        id: "clustered".into(),
        breakdowns: vec!["form-before".into()],
        interval: Interval::ByPerson,
        variants: vec![Variant {
            id: "own".into(),
            feed: Feed::MethodTest,
            figure: Figure {
                numerator: vec![
                    Term {
                        measure: "readmissions".into(),
                        times: 2,
                    },
                    term("asked"),
                ],
                denominator: vec![term("discharges"), term("days")],
            },
            ..Variant::default()
        }],
        ..Indicator::default()
    };
    let breakdown = |id: &str, by: BrokenDownBy| Breakdown {
        id: id.into(),
        label: label(),
        by,
        source: String::new(),
    };
    IndicatorDefinitions {
        indicators: vec![all, clustered],
        measures,
        breakdowns: vec![
            breakdown("group", BrokenDownBy::Table("groups".into())),
            breakdown("form", BrokenDownBy::Table("form".into())),
            breakdown("form-before", BrokenDownBy::TableBefore("form".into())),
            breakdown("month", BrokenDownBy::Month),
        ],
        ..IndicatorDefinitions::default()
    }
}

/// A part at random. Few days, so that parts meet.
pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    let form = prop_oneof![
        4 => (0_u8..2).prop_map(|value| TableResult::Value { value, rule: 0 }),
        1 => Just(TableResult::Held { possible: 0b11 }),
        1 => Just(TableResult::NotApplicable),
    ];
    let groups = (0_u64..4, 0_u64..4).prop_map(|(values, possible)| TableResult::Collected {
        values,
        possible: possible & !values,
    });
    let place = prop_oneof![Just("0180"), Just("0980"), Just("14")];
    (
        (
            any::<bool>(),
            0_i32..420,
            prop::option::weighted(0.8, 0_i32..40),
            place,
        ),
        (
            any::<bool>(),
            prop::option::weighted(0.9, 60_u16..70),
            form,
            groups,
        ),
        (
            prop::option::of(prop_oneof![Just("new"), Just("known")]),
            prop::option::of(prop_oneof![Just("withdrawn"), Just("met")]),
        ),
    )
        .prop_map(
            |((is_contact, start, length, place), (is_female, age, form, groups), (problem, ending))| {
                let first = days_from_date(date(2025, 1, 1)) + start;
                let end = length.and_then(|length| date_from_days(first + length));
                Sample {
                    kind: if is_contact { Part::Contact } else { Part::Segment },
                    start: date_from_days(first).unwrap(),
                    end: end.filter(|_| !is_contact || start % 2 == 0),
                    residence: Residence::parse(place).unwrap(),
                    sex: is_female.then_some(Sex::Female),
                    age,
                    tables: [form, groups],
                    problem,
                    ending,
                }
            },
        )
}

/// Parts for a measurement, always the same.
pub(crate) fn many(count: u32) -> Vec<Sample> {
    let one = |at: u32| {
        let first = days_from_date(date(2025, 1, 1)) + i32::try_from(at * 7919 % 420).unwrap_or(0);
        Sample {
            kind: if at.is_multiple_of(3) {
                Part::Segment
            } else {
                Part::Contact
            },
            start: date_from_days(first).unwrap(),
            end: date_from_days(first + i32::try_from(at % 20).unwrap_or(0)),
            residence: Residence::from_number(180),
            sex: Some(Sex::Female),
            age: Some(u16::try_from(at % 100).unwrap_or(0)),
            tables: [
                TableResult::Value {
                    value: u8::from(at.is_multiple_of(2)),
                    rule: 0,
                },
                TableResult::Collected {
                    values: u64::from(at % 4),
                    possible: 0,
                },
            ],
            problem: Some("new"),
            ending: None,
        }
    };
    (0..count).map(one).collect()
}
