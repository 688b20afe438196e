//! What a whole record holds beside its facts, as lines judged by the starter release: who holds each role of principal
//! and on which basis, care requests whether met or not, newborns, protected identities, legal bases.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use jiff::civil::{Date, date};
use serde_json::{Value, json};
use vardnav_classification::facts::bits;
use vardnav_classification::{AxisIndex, FactSource, TableResult};
use vardnav_interchange::register::read::read_record;
use vardnav_interchange::register::write::write_record;
use vardnav_interchange::release::{self, starter};
use vardnav_register::definition::Severity;
use vardnav_register::derived::Derived;
use vardnav_register::identity::PersonKey;
use vardnav_register::outcome::{Assessment, Outcome, assess};
use vardnav_register::record::Record;
use vardnav_register::surroundings::{EpisodeView, ReleaseView, Surroundings};
use vardnav_register::unit::CareUnit;
use vardnav_register::validate::{Mechanism, about_person, contact_key};
use vardnav_release::snapshot::Snapshot;

/// 2026-11-22T00:00:00Z.
const RECEIVED: i64 = 1_795_305_600_000_000;

struct World {
    release: Snapshot,
    synthetic: bool,
    died: Option<Date>,
}

impl Surroundings for World {
    fn release_on(&self, on: Date) -> Option<ReleaseView<'_>> {
        (on >= self.release.from).then(|| self.release.view())
    }

    fn unit(&self, _: &str) -> Option<&CareUnit> {
        None
    }

    fn reporter_known(&self, _: &str) -> bool {
        true
    }

    fn episode(&self, _: &str, _: &str) -> Option<&EpisodeView> {
        None
    }

    fn is_synthetic(&self) -> bool {
        self.synthetic
    }

    fn died(&self, _: PersonKey) -> Option<Date> {
        self.died
    }
}

/// The starter release with a file changed.
fn world_with(change: impl Fn(&str, String) -> String) -> World {
    let files = starter::package().unwrap();
    let files = files.files().map(|(path, bytes)| {
        let bytes = match std::str::from_utf8(bytes) {
            Ok(text) => change(path, text.to_owned()).into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        (path.to_owned(), bytes)
    });
    let package = vardnav_release::package::Package::new(files).unwrap();
    let release = release::compile(&package, &[]);
    World {
        release: release.map_err(|findings| format!("{findings:?}")).unwrap(),
        synthetic: false,
        died: None,
    }
}

fn world() -> World {
    world_with(|_, text| text)
}

fn visit(principals: Value) -> Value {
    json!({
        "reporter": "region-norr", "kind": "contact", "id": "c-1", "revision": 1,
        "person": {"type": "personnummer", "number": "198211059954"},
        "principals": principals,
        "facts": {"place": "ordinary-housing", "contact-mode": "in-person", "enrolment": "none", "level": "primary",
                  "origin": "joint", "self-care-assessment": "no"},
        "date": "2026-09-01", "professions": ["nurse"],
    })
}

fn request() -> Value {
    json!({
        "reporter": "region-norr", "kind": "care-request", "id": "r-1", "revision": 1,
        "person": {"type": "personnummer", "number": "198211059954"}, "residence": "0188",
        "principals": {"responsible": "01"},
        "date": "2026-09-01", "problem": "new", "channel": "telephone", "professions": ["physician"],
    })
}

fn judged(line: &Value, world: &World) -> Assessment {
    let line = line.to_string();
    let reported = read_record(line.as_bytes()).unwrap();
    // What is read is written as it was, so nothing of it is lost on the way.
    let mut written = Vec::new();
    write_record(&mut written, &reported.reporter, &reported.record, true).unwrap();
    let again: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(&line).unwrap());
    assess(&reported.record, &reported.reporter, RECEIVED, world)
}

fn derived(line: &Value, world: &World) -> Derived {
    let assessment = judged(line, world);
    assert_ne!(assessment.outcome, Outcome::Rejected, "{:?}", assessment.findings);
    assessment.accepted.unwrap().1
}

fn found(line: &Value, world: &World) -> Vec<(String, String)> {
    let findings = judged(line, world).findings;
    findings
        .into_iter()
        .map(|finding| (finding.code, finding.path))
        .collect()
}

/// The values of an axis, of the first part.
fn values(derived: &Derived, axis: &str, world: &World) -> Vec<String> {
    let system = &world.release.description;
    let slot = system.axis(axis).unwrap();
    codes(slot, derived.parts[0].facts.values(slot), world)
}

/// The duties of the first part.
fn duties(derived: &Derived, world: &World) -> Vec<String> {
    let system = &world.release.description;
    let mut tables = system.tables().zip(&derived.parts[0].tables);
    let ((index, _), result) = tables.find(|((_, table), _)| table.id == "duties").unwrap();
    let TableResult::Collected { values, .. } = result else {
        return Vec::new();
    };
    codes(system.slot_of(index).unwrap(), *values, world)
}

fn codes(slot: AxisIndex, values: u64, world: &World) -> Vec<String> {
    let system = &world.release.description;
    bits(values)
        .map(|value| system.value_code(slot, value).to_owned())
        .collect()
}

#[test]
fn each_who_holds_a_role_stands_by_itself_with_its_basis() {
    let world = world();
    let at = |code: &str, basis: &str| json!({"organisation": code, "basis": basis});
    for (principals, responsible, performing, basis, registers) in [
        // Gotland is a region and a kommun: the code says in which office it acts.
        (
            json!({"responsible": at("09", "by-law"), "performing": at("09", "by-law")}),
            "region",
            "region",
            "by-law",
            "primary-care-register",
        ),
        (
            json!({"responsible": at("0980", "by-law"), "performing": at("0980", "by-law")}),
            "kommun",
            "kommun",
            "by-law",
            "municipal-register",
        ),
        (
            json!({"responsible": "09", "performing": at("0980", "transferred-to-kommun")}),
            "region",
            "kommun",
            "transferred-to-kommun",
            "municipal-register",
        ),
        // Norrtälje: region and kommun are both responsible and perform the care through a body of theirs.
        (
            json!({
                "responsible": [at("01", "joint-body"), at("0188", "joint-body")],
                "performing": [at("01", "joint-body"), at("0188", "joint-body")],
            }),
            "region kommun",
            "region kommun",
            "joint-body",
            "municipal-register primary-care-register",
        ),
        // The performing principal's basis counts before the responsible one's.
        (
            json!({"responsible": at("01", "by-law"), "performing": at("0180", "performed-for-other-principal")}),
            "region",
            "kommun",
            "performed-for-other-principal",
            "municipal-register",
        ),
        (
            json!({"responsible": at("01", "privately-financed"), "performing": "01"}),
            "region",
            "region",
            "privately-financed",
            "primary-care-register",
        ),
        // On different bases: there is no one basis of the care.
        (
            json!({"responsible": "01", "performing": [at("01", "by-law"), at("0188", "joint-by-contract")]}),
            "region",
            "region kommun",
            "",
            "municipal-register primary-care-register",
        ),
    ] {
        let derived = derived(&visit(principals.clone()), &world);
        let said = |name| values(&derived, name, &world).join(" ");
        assert_eq!(said("responsible-principal"), responsible, "{principals}");
        assert_eq!(said("performing-principal"), performing, "{principals}");
        assert_eq!(said("principal-basis"), basis, "{principals}");
        assert_eq!(duties(&derived, &world).join(" "), registers, "{principals}");
    }
}

#[test]
fn what_is_stated_of_the_care_comes_before_the_bases_of_principals() {
    let world = world();
    let mut line = visit(json!({"performing": {"organisation": "01", "basis": "by-law"}}));
    line["facts"]["principal-basis"] = json!("joint-body");
    let derived = derived(&line, &world);
    let slot = world.release.description.axis("principal-basis").unwrap();
    assert_eq!(derived.parts[0].facts.source(slot), Some(FactSource::Record));
    assert_eq!(values(&derived, "principal-basis", &world), ["joint-body"]);
}

#[test]
fn wrong_principals_are_found_where_they_stand() {
    let world = world();
    let wrong = json!({
        "responsible": ["01", "01"],
        "performing": [{"organisation": "01", "basis": "friendship"}, "9999"],
    });
    let found = found(&visit(wrong), &world);
    for finding in [
        ("VN-REG-019", "principals.responsible[1]"),
        ("VN-REG-027", "principals.performing[0].basis"),
        ("VN-REG-025", "principals.performing[1]"),
    ] {
        assert!(
            found.contains(&(finding.0.into(), finding.1.into())),
            "{finding:?} {found:?}"
        );
    }
}

#[test]
fn a_request_is_a_record_also_when_it_was_never_met() {
    let world = world();
    let waiting = request();
    let mut met = request();
    for (field, value) in [
        ("contacted", "2026-09-03"),
        ("assessed", "2026-09-04"),
        ("ending", "met"),
        ("ended", "2026-09-04"),
    ] {
        met[field] = json!(value);
    }
    let mut never = request();
    never["ending"] = json!("never-met");
    never["ended"] = json!("2026-10-01");
    for line in [&waiting, &met, &never] {
        let derived = derived(line, &world);
        assert_eq!(derived.outcome, Outcome::Accepted, "{line}");
        assert!(derived.parts.is_empty());
        assert_eq!((derived.age(), derived.days), (Some(43), None));
        assert_eq!(derived.residence.as_deref(), Some("0188"));
        let bytes = derived.encode(PersonKey([1; 16]), 3).unwrap();
        assert_eq!(Derived::decode(&bytes, 3).unwrap().1, derived);
    }
    for (field, value, code, path) in [
        ("contacted", "2026-08-31", "VN-REG-033", "contacted"),
        ("assessed", "2026-09-02", "VN-REG-033", "assessed"),
        ("ended", "2026-08-31", "VN-REG-033", "ended"),
        ("ended", "2031-01-01", "VN-REG-032", "ended"),
        ("ending", "", "VN-REG-052", "ending"),
        ("ending", "forgotten", "VN-REG-027", "ending"),
        ("problem", "old", "VN-REG-027", "problem"),
        ("channel", "pigeon", "VN-REG-027", "channel"),
    ] {
        let mut wrong = met.clone();
        match value {
            "" => drop(wrong.as_object_mut().unwrap().remove(field)),
            value => wrong[field] = json!(value),
        }
        assert!(
            found(&wrong, &world).contains(&(code.into(), path.into())),
            "{field} {value}"
        );
    }
    let mut stated = request();
    stated["facts"] = json!({"place": "clinic"});
    assert_eq!(
        found(&stated, &world),
        [
            ("VN-REG-020".to_owned(), "facts.place".to_owned()),
            ("VN-REG-049".to_owned(), "facts".to_owned())
        ]
    );
}

#[test]
fn a_newborn_has_an_age_in_days() {
    let world = world();
    let mut line = visit(json!({"performing": "01"}));
    line["person"] =
        json!({"type": "reserve", "number": "991234567890", "sex": "female", "birth_date": "2026-08-20"});
    let newborn = derived(&line, &world);
    assert_eq!(
        (newborn.years, newborn.days, newborn.age()),
        (Some(0), Some(12), Some(0))
    );
    line["person"]["birth_date"] = json!("2025-09-01");
    let child = derived(&line, &world);
    assert_eq!((child.years, child.days), (Some(1), None));
}

#[test]
fn of_a_protected_identity_no_residence_is_kept_and_none_is_taken() {
    let world = world();
    let mut line = visit(json!({"performing": "01"}));
    line["person"]["protected"] = json!(true);
    assert_eq!(derived(&line, &world).residence, None);
    line["residence"] = json!("0188");
    assert!(found(&line, &world).contains(&("VN-REG-039".into(), "residence".into())));
}

#[test]
fn a_variable_without_a_legal_basis_on_the_date_is_refused_except_as_test_data() {
    let line = visit(json!({"performing": {"organisation": "01", "basis": "by-law"}}));
    let later = |path: &str, text: String| match path {
        "register/legal.toml" => text.replacen(
            "id = \"PROP-2025-26-310\"",
            "id = \"PROP-2025-26-310\"\nfrom = 2026-12-01",
            1,
        ),
        _ => text,
    };
    let decided_only = |path: &str, text: String| match path {
        "register/limits.toml" => {
            text.replace("collects_on_proposals = true", "collects_on_proposals = false")
        }
        _ => text,
    };
    for mut world in [world_with(later), world_with(decided_only)] {
        let assessment = judged(&line, &world);
        assert_eq!(assessment.outcome, Outcome::Rejected);
        let refused: Vec<&str> = assessment
            .findings
            .iter()
            .map(|finding| finding.path.as_str())
            .collect();
        assert_eq!(refused, ["principals.basis", "facts"]);
        for finding in &assessment.findings {
            assert_eq!(finding.code, "VN-REG-049");
            assert!(
                finding.message.contains("PROP-2025-26-310"),
                "{}",
                finding.message
            );
        }
        world.synthetic = true;
        assert_ne!(judged(&line, &world).outcome, Outcome::Rejected);
    }
    let ended = world_with(|path, text| match path {
        "register/variables.toml" => text.replacen(
            "legal_basis = \"SFS-2006-94-4\"\n",
            "legal_basis = \"SFS-2006-94-4\"\nuntil = 2026-09-01\n",
            1,
        ),
        _ => text,
    });
    assert_eq!(
        found(&line, &ended),
        [("VN-REG-049".to_owned(), "principals.performing".to_owned())]
    );
}

#[test]
fn care_after_death_is_found_and_contacts_that_say_the_same_have_one_key_when_the_person_is_known() {
    let mut world = world();
    let line = visit(json!({"performing": "01"}));
    let reported = read_record(line.to_string().as_bytes()).unwrap();
    let (record, person) = (reported.record, PersonKey([7; 16]));
    let derived = derived(&line, &world);
    let about = |world: &World| {
        let findings = about_person(&record, person, world);
        findings
            .into_iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    assert!(about(&world).is_empty());
    // The starter release gives thirty days.
    for (died, codes) in [
        (date(2026, 8, 1), &["VN-REG-053"][..]),
        (date(2026, 8, 2), &[]),
        (date(2026, 10, 1), &[]),
    ] {
        world.died = Some(died);
        assert_eq!(about(&world), codes, "{died}");
    }
    let key = |record: &Record, person| contact_key(record, person, &derived).unwrap();
    let changed = |change: &dyn Fn(&mut Record)| {
        let mut other = record.clone();
        change(&mut other);
        key(&other, person)
    };
    let own = key(&record, person);
    let renamed = changed(&|other| (other.id, other.revision) = ("c-2".to_owned(), 3));
    assert_eq!(renamed, own, "whatever its id");
    assert_ne!(key(&record, PersonKey([8; 16])), own);
    assert_ne!(changed(&|other| other.unit = Some("SE-2".to_owned())), own);
    let checks = world.release.view().checks;
    let told = checks.told_as(Mechanism::ContactDuplicate, record.date());
    assert_eq!(told, Some(("VN-REG-054", Severity::Warning)));
}
