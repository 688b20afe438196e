//! A small world to judge records in: one release with a few axes and tables, two units, one reporter.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, date};
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::*;
use vardnav_register::definition::*;
use vardnav_register::mapping::{CodeMap, ReporterMaps};
use vardnav_register::record::*;
use vardnav_register::surroundings::*;
use vardnav_register::unit::{About, CareUnit, UnitVersion};
use vardnav_register::validate::{CheckSet, MECHANISMS, RECORD_PATHS, RecordPath};

pub(crate) const UNIT: &str = "SE2321000131-P000000123457";
pub(crate) const CLOSED_UNIT: &str = "SE2321000131-C1";
pub(crate) const TODAY: Date = date(2026, 11, 22);
/// 2026-11-22T00:00:00Z.
pub(crate) const RECEIVED: i64 = 1_795_305_600_000_000;

pub(crate) struct World {
    system: DescriptionSystem,
    pub(crate) register: RegisterDefinition,
    pub(crate) checks: CheckSet,
    pub(crate) units: BTreeMap<String, CareUnit>,
    pub(crate) episodes: BTreeMap<String, EpisodeView>,
    /// The release's maps.
    pub(crate) maps: Vec<Arc<CodeMap>>,
    /// The reporter's own.
    pub(crate) own_maps: ReporterMaps,
}

impl Surroundings for World {
    fn release_on(&self, on: Date) -> Option<ReleaseView<'_>> {
        (on >= date(2026, 1, 1)).then_some(ReleaseView {
            id: "2026.1",
            system: &self.system,
            register: &self.register,
            checks: &self.checks,
            codes: self,
            maps: &self.maps,
        })
    }

    fn unit(&self, hsa_id: &str) -> Option<&CareUnit> {
        self.units.get(hsa_id)
    }

    fn reporter_known(&self, reporter: &str) -> bool {
        reporter == "region-norr"
    }

    fn episode(&self, reporter: &str, id: &str) -> Option<&EpisodeView> {
        self.episodes.get(id).filter(|_| reporter == "region-norr")
    }

    fn reporter_maps(&self, reporter: &str) -> Option<&ReporterMaps> {
        (reporter == "region-norr").then_some(&self.own_maps)
    }
}

impl Codes for World {
    fn check(&self, system: &str, _version: Option<&str>, code: &str, on: Date) -> CodeStatus {
        match (system, code) {
            ("geo", "0180" | "0188" | "0980" | "2482" | "01" | "09" | "24") => CodeStatus::Valid,
            ("geo", "0117") | ("plans", "sip") if on < date(2026, 9, 1) => CodeStatus::NotValidOnDate,
            ("ends", "moved") if on >= date(2026, 9, 19) => CodeStatus::NotValidOnDate,
            ("geo", "0117") | ("ends", "planned" | "moved") | ("plans", "sip") => CodeStatus::Valid,
            ("deciders", "physician") | ("measures", "blood-pressure" | "weight") => CodeStatus::Valid,
            ("icd", "I50.9" | "000") => CodeStatus::Valid,
            ("bases", "by-law" | "joint-body" | "transferred") => CodeStatus::Valid,
            ("roles", "named-physician") | ("requests", "new" | "telephone" | "met") => CodeStatus::Valid,
            ("icd", "U07.1") if on >= date(2026, 6, 1) => CodeStatus::NotValidOnDate,
            ("icd", "U07.1") => CodeStatus::Valid,
            ("later", _) => CodeStatus::NotLoaded,
            (
                "geo" | "icd" | "ends" | "deciders" | "plans" | "measures" | "bases" | "roles" | "requests",
                _,
            ) => CodeStatus::Unknown,
            _ => CodeStatus::UnknownSystem,
        }
    }

    fn principal_kind(&self, code: &str) -> Option<PrincipalKind> {
        match code {
            "01" | "09" | "24" => Some(PrincipalKind::Region),
            "0180" | "0188" | "0980" | "2482" | "0117" => Some(PrincipalKind::Kommun),
            _ => None,
        }
    }

    fn is_detailed_enough(&self, _system: &str, _version: Option<&str>, code: &str, _on: Date) -> bool {
        code != "000"
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

fn axis(
    id: &str,
    codes: &[&str],
    grains: &[Grain],
    sources: &[FactSource],
    derivation: Option<Derivation>,
) -> Axis {
    Axis {
        id: id.into(),
        label: label(id),
        definition: label(id),
        values: values(codes),
        multiple: derivation == Some(Derivation::Professions),
        grains: grains.to_vec(),
        sources: sources.to_vec(),
        derivation,
    }
}

fn condition(axis: &str, any_of: &[&str]) -> Condition {
    Condition {
        axis: axis.into(),
        any_of: any_of.iter().map(|v| (*v).into()).collect(),
        negated: false,
    }
}

fn rule(id: &str, conditions: Vec<Condition>, outcome: Outcome) -> Rule {
    Rule {
        id: id.into(),
        alternatives: vec![conditions],
        outcome,
        variant: None,
        legal_basis: String::new(),
        status: String::new(),
        in_force_from: None,
        line: 0,
    }
}

fn value(code: &str) -> Outcome {
    Outcome::Value(code.into())
}

fn description() -> DescriptionSource {
    use FactSource::{Derived, Episode, Mapped, Record, Segment, Unit};
    use Grain::{Contact, MonitoringPeriod};
    let all = [Contact, Grain::Segment, MonitoringPeriod];
    let bands = vec![(0, "0-17".into()), (18, "18-plus".into())];
    let performs = |profession: &str, value: &str, delegated: &str| PerformerMap {
        profession: profession.into(),
        value: value.into(),
        delegated: delegated.into(),
    };
    let performer = vec![
        performs("physician", "licensed", "licensed"),
        performs("assistant-nurse", "other-staff", "delegated"),
    ];
    DescriptionSource {
        axes: vec![
            axis(
                "place",
                &["clinic", "home", "ward"],
                &all,
                &[Record, Mapped, Segment, Episode, Unit],
                None,
            ),
            axis(
                "bed",
                &["hospital", "none"],
                &[Contact, Grain::Segment],
                &[Record, Mapped, Segment, Episode],
                None,
            ),
            axis(
                "level",
                &["primary", "specialised"],
                &all,
                &[Record, Mapped, Segment, Episode, Unit],
                None,
            ),
            axis(
                "mode",
                &["in-person", "video"],
                &[Contact],
                &[Record, Mapped],
                None,
            ),
            axis(
                "age-group",
                &["0-17", "18-plus"],
                &all,
                &[Derived],
                Some(Derivation::Age(bands)),
            ),
            axis(
                "principal",
                &["region", "kommun"],
                &all,
                &[Record, Derived],
                Some(Derivation::PrincipalKind {
                    role: "responsible".into(),
                }),
            ),
            axis(
                "plan",
                &["yes", "no"],
                &all,
                &[Derived],
                Some(Derivation::PlanExists {
                    yes: "yes".into(),
                    no: "no".into(),
                }),
            ),
            // Before the axis it is computed from: the order of axes must not matter.
            axis(
                "performer",
                &["licensed", "delegated", "other-staff"],
                &[Contact],
                &[Record, Derived],
                Some(Derivation::Performer(performer)),
            ),
            axis(
                "profession",
                &["physician", "assistant-nurse"],
                &[Contact],
                &[Record, Derived, Mapped],
                Some(Derivation::Professions),
            ),
        ],
        value_sets: Vec::new(),
        tables: vec![
            Table {
                id: "form".into(),
                label: label("form"),
                hit_policy: HitPolicy::First,
                grains: vec![Grain::Segment],
                values: values(&["at-home", "elsewhere"]),
                rules: vec![
                    rule("E10", vec![condition("place", &["home"])], value("at-home")),
                    rule(
                        "E20",
                        vec![condition("place", &["clinic", "ward"])],
                        value("elsewhere"),
                    ),
                    rule("E99", vec![], Outcome::CatchAll),
                ],
            },
            Table {
                id: "care-level".into(),
                label: label("care-level"),
                hit_policy: HitPolicy::First,
                grains: all.to_vec(),
                values: values(&["primary", "specialised"]),
                rules: vec![
                    rule("L10", vec![condition("level", &["primary"])], value("primary")),
                    rule(
                        "L20",
                        vec![condition("level", &["specialised"])],
                        value("specialised"),
                    ),
                    rule("L99", vec![], Outcome::CatchAll),
                ],
            },
            Table {
                id: "groups".into(),
                label: label("groups"),
                hit_policy: HitPolicy::Collect,
                grains: vec![Contact],
                values: values(&["children-at-home", "licensed"]),
                rules: vec![
                    rule(
                        "G10",
                        vec![condition("age-group", &["0-17"]), condition("form", &["at-home"])],
                        value("children-at-home"),
                    ),
                    rule(
                        "G20",
                        vec![condition("performer", &["licensed"])],
                        value("licensed"),
                    ),
                ],
            },
        ],
        points: Vec::new(),
        exclusions: vec![Combination {
            id: "VN-REG-201".into(),
            grains: vec![Contact, Grain::Segment],
            alternatives: vec![vec![
                condition("bed", &["hospital"]),
                condition("place", &["home"]),
            ]],
            line: 2,
        }],
        contradictions: vec![Combination {
            id: "VN-REG-301".into(),
            grains: vec![Contact],
            alternatives: vec![vec![
                condition("principal", &["kommun"]),
                condition("profession", &["physician"]),
                condition("care-level", &["specialised"]),
            ]],
            line: 2,
        }],
    }
}

fn check(code: String, mechanism: &str, severity: Severity) -> Check {
    Check {
        code,
        family: "format".into(),
        mechanism: mechanism.into(),
        severity,
        message: label(mechanism),
        remedy: label("mend it"),
        legal_basis: String::new(),
        from: None,
        until: None,
        parameters: Vec::new(),
    }
}

/// The world with a check for every mechanism.
pub(crate) fn world() -> World {
    let mut checks: Vec<Check> = MECHANISMS
        .iter()
        .enumerate()
        .map(|(at, mechanism)| {
            let severity = match *mechanism {
                "code.edition-not-loaded" | "episode.unknown" | "contact.duplicate" => Severity::Warning,
                "provider.other-than-units" => Severity::Warning,
                mechanism if mechanism.starts_with("map.") => Severity::Warning,
                "classification.held" => Severity::Hold,
                _ => Severity::Error,
            };
            check(format!("VN-REG-{:03}", at + 1), mechanism, severity)
        })
        .collect();
    checks.push(check("VN-REG-201".into(), "exclusion", Severity::Error));
    checks.push(check("VN-REG-301".into(), "contradiction", Severity::Warning));
    let systems = |path: &str| -> &[&str] {
        match path {
            "principals.responsible" | "plans.parties" => &["geo"],
            "principals.basis" => &["bases"],
            "end_mode" => &["ends"],
            "decided_by" => &["deciders"],
            "plans.kind" => &["plans"],
            "diagnoses" | "external_causes" => &["icd"],
            "procedures" => &["icd", "later"],
            "measures" => &["measures"],
            "responsibilities.role" => &["roles"],
            "problem" | "channel" | "ending" => &["requests"],
            _ => &[],
        }
    };
    let variable = |known: &RecordPath| Variable {
        id: format!("VN-V-{}", known.path),
        path: known.path.into(),
        label: label(known.path),
        definition: label(known.path),
        kinds: known.kinds.to_vec(),
        bases: vec![VariableBasis::of_every_register("law")],
        required: known.path == "professions",
        code_systems: systems(known.path)
            .iter()
            .map(|system| (*system).into())
            .collect(),
        from: date(2026, 1, 1),
        until: None,
    };
    world_with(RegisterDefinition {
        variables: RECORD_PATHS.iter().map(variable).collect(),
        checks,
        legal_bases: vec![LegalBasis {
            id: "law".into(),
            citation: "lag".into(),
            summary: label("law"),
            status: "statutory".into(),
            from: None,
        }],
        reserve_patterns: vec![ReservePattern {
            issuer: "national".into(),
            pattern: "########@@##".into(),
        }],
        limits: TimeLimits::default(),
        geography_system: "geo".into(),
        ..RegisterDefinition::default()
    })
}

/// The world with another definition of the register.
pub(crate) fn world_with(register: RegisterDefinition) -> World {
    let system = DescriptionSystem::compile(description()).expect("the system compiles");
    let version = UnitVersion {
        from: date(2026, 1, 1),
        closed: None,
        name: "unit".into(),
        kind: "mobile-team".into(),
        provider: "2321000131".into(),
        reporters: vec!["region-norr".into()],
        principals: Principals {
            responsible: vec![Principal::new("24")],
            ..Principals::default()
        },
        kommun: None,
        facts: vec![
            fact("level", &["specialised"]),
            fact("place", &["clinic"]),
            fact("mode", &["video"]),
        ],
        hours: String::new(),
        beds: Vec::new(),
        about: About::default(),
    };
    let closed = UnitVersion {
        closed: Some(date(2026, 3, 1)),
        ..version.clone()
    };
    let unit = |id: &str, version| {
        (
            id.to_owned(),
            CareUnit {
                hsa_id: id.into(),
                versions: vec![version],
            },
        )
    };
    World {
        checks: CheckSet::compile(&register, &system),
        system,
        register,
        units: BTreeMap::from([unit(UNIT, version), unit(CLOSED_UNIT, closed)]),
        episodes: BTreeMap::new(),
        maps: Vec::new(),
        own_maps: ReporterMaps::default(),
    }
}

pub(crate) fn fact(axis: &str, values: &[&str]) -> Fact {
    Fact {
        axis: axis.into(),
        values: values.iter().map(|value| (*value).into()).collect(),
    }
}

pub(crate) fn coding(system: &str, code: &str) -> Coding {
    Coding {
        system: system.into(),
        version: None,
        code: code.into(),
    }
}

/// The person of a published test number: a man born 1982-11-05.
pub(crate) fn person() -> Person {
    Person {
        identity_type: IdentityType::Personnummer,
        identity: "19821105-9954".into(),
        sex: None,
        birth_date: None,
        protected: false,
    }
}

fn record(id: &str, body: Body) -> Record {
    Record {
        id: id.into(),
        revision: 1,
        person: person(),
        residence: Some("0180".into()),
        principals: Principals {
            responsible: vec![Principal::new("01")],
            ..Principals::default()
        },
        provider: None,
        unit: Some(UNIT.into()),
        facts: Vec::new(),
        codes: Vec::new(),
        body,
    }
}

pub(crate) fn contact() -> Record {
    let body = Contact {
        date: date(2026, 9, 1),
        end: None,
        episode: None,
        professions: vec!["assistant-nurse".into(), "physician".into()],
        delegated: Some(true),
        reason: Some(coding("icd", "I50.9")),
        diagnoses: vec![coding("icd", "I50.9")],
        external_causes: Vec::new(),
        procedures: Vec::new(),
        requested: Some(date(2026, 8, 30)),
        first_contact: Some(false),
    };
    Record {
        facts: vec![fact("place", &["home"]), fact("mode", &["in-person"])],
        ..record("c-1", Body::Contact(body))
    }
}

pub(crate) fn episode() -> Record {
    let body = Episode {
        start: date(2026, 9, 1),
        end: Some(date(2026, 9, 20)),
        end_mode: Some("planned".into()),
        decided_by: Some("physician".into()),
        plans: vec![Plan {
            kind: "sip".into(),
            legal_basis: None,
            parties: vec!["01".into(), "0180".into()],
            from: date(2026, 9, 10),
            until: None,
        }],
        responsibilities: Vec::new(),
        segments: vec![
            Segment {
                start: date(2026, 9, 1),
                end: Some(date(2026, 9, 10)),
                unit: None,
                facts: vec![fact("place", &["ward"]), fact("bed", &["hospital"])],
                codes: Vec::new(),
            },
            Segment {
                start: date(2026, 9, 10),
                end: Some(date(2026, 9, 20)),
                unit: Some(UNIT.into()),
                facts: vec![fact("place", &["home"])],
                codes: Vec::new(),
            },
        ],
    };
    Record {
        facts: vec![fact("level", &["primary"])],
        ..record("e-1", Body::Episode(body))
    }
}

pub(crate) fn monitoring_period() -> Record {
    let body = MonitoringPeriod {
        start: date(2026, 9, 5),
        end: None,
        episode: Some("e-1".into()),
        ordered_by: Some(UNIT.into()),
        measures: vec!["blood-pressure".into(), "weight".into()],
        thresholds: Some(true),
        response_duty: Some(true),
        assessed_alarms: Some(3),
    };
    record("m-1", Body::MonitoringPeriod(body))
}
