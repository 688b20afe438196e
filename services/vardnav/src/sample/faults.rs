//! Ways in which a line can be wrong, one for each kind of finding. Each takes a good record that nothing else
//! refers to and spoils it.

use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_interchange::register::lines::LINE_MAX;

use super::Memory;
use super::directory::{CLOSED, Directory};
use super::person::personal_number;
use super::records::KMA;

/// What a fault is made from.
pub(super) struct Material<'a> {
    /// A good contact without an episode.
    pub(super) contact: Value,
    /// A good episode.
    pub(super) episode: Value,
    /// Good records already given.
    pub(super) memory: &'a Memory,
    pub(super) units: &'a Directory,
}

/// A code system that every release has.
const GEOGRAPHY: &str = "https://vardnav.se/CodeSystem/geography";

type Fault = fn(Material<'_>) -> String;

/// The wrong line with a running number: the kinds take turns. The line that is too long comes once, after the
/// first round: it weighs as much as a thousand others.
pub(super) fn bad_line(number: usize, material: Material<'_>) -> String {
    if number == FAULTS.len() {
        return contact(material, &[("/anteckning", json!("x".repeat(LINE_MAX)))]);
    }
    match FAULTS.get(number % FAULTS.len()) {
        Some(fault) => fault(material),
        None => material.contact.to_string(),
    }
}

/// How many kinds there are.
#[cfg(test)]
pub(super) const KINDS: usize = FAULTS.len();

/// A personal number in the wrong place, valid in form.
fn stray_number() -> String {
    personal_number(Date::constant(1986, 3, 17), 0, 991)
}

fn contact(material: Material<'_>, changes: &[(&str, Value)]) -> String {
    spoil(material.contact, changes)
}

fn episode(material: Material<'_>, changes: &[(&str, Value)]) -> String {
    spoil(material.episode, changes)
}

/// Sets values at paths such as `/facts/place`; `null` removes. Missing parents are made.
fn spoil(mut record: Value, changes: &[(&str, Value)]) -> String {
    for (path, value) in changes {
        let (parent, key) = path.rsplit_once('/').unwrap_or(("", path));
        if !parent.is_empty()
            && record.pointer(parent).is_none()
            && let Some(object) = record.as_object_mut()
        {
            object.insert(parent.trim_start_matches('/').to_owned(), json!({}));
        }
        if let Some(object) = record.pointer_mut(parent).and_then(Value::as_object_mut) {
            if value.is_null() {
                object.remove(key);
            } else {
                object.insert(key.to_owned(), value.clone());
            }
        }
    }
    record.to_string()
}

fn at<'a>(record: &'a Value, path: &str) -> &'a str {
    record.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The record's number with its last digit changed by one.
fn other_check_digit(record: &Value) -> String {
    let number = at(record, "/person/number");
    let mut digits: Vec<char> = number.chars().collect();
    if let Some(last) = digits.last_mut() {
        *last = char::from_digit((last.to_digit(10).unwrap_or(0) + 1) % 10, 10).unwrap_or('0');
    }
    digits.into_iter().collect()
}

/// HSA-id of a unit of the record's reporter, or of another one.
fn unit_of(material: &Material<'_>, suffix: &str, own: bool) -> String {
    let reporter = at(&material.contact, "/reporter");
    let office = material.units.find(|office| (office.id == reporter) == own);
    office.map_or_else(String::new, |office| office.unit(suffix))
}

/// A contact that belongs to an episode already given; the first contact there is, where none was.
fn of_known_episode(material: &Material<'_>) -> Value {
    let Some(known) = &material.memory.episode else {
        return material.contact.clone();
    };
    let mut record = material.contact.clone();
    for key in ["reporter", "person", "residence", "principals", "unit"] {
        if let (Some(object), Some(value)) = (record.as_object_mut(), known.get(key)) {
            object.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(object) = record.as_object_mut() {
        object.insert("episode".into(), json!(at(known, "/id")));
        object.insert("date".into(), json!(at(known, "/start")));
    }
    record
}

fn person(kind: &str, number: &str) -> Value {
    json!({ "type": kind, "number": number })
}

const FAULTS: [Fault; 51] = [
    // The line as such.
    |m| {
        let line = m.contact.to_string();
        line.chars().take(line.chars().count() * 2 / 3).collect()
    },
    |m| contact(m, &[("/rumsnummer", json!("12"))]),
    |m| contact(m, &[("/date", Value::Null)]),
    |m| contact(m, &[("/person", Value::Null)]),
    |m| contact(m, &[("/date", json!("2026-02-30"))]),
    // Ids and revisions.
    |m| contact(m, &[("/id", json!("besök/åtta"))]),
    |m| contact(m, &[("/id", json!(format!("besok-{}", stray_number())))]),
    |m| contact(m, &[("/revision", json!(3))]),
    |m| {
        let known = m.memory.contact.clone().unwrap_or_else(|| m.contact.clone());
        let other = if at(&known, "/facts/urgency") == "acute" {
            "planned"
        } else {
            "acute"
        };
        spoil(known, &[("/facts/urgency", json!(other))])
    },
    |m| contact(m, &[("/reporter", json!("region-okand"))]),
    // Identity.
    |m| contact(m, &[("/person", person("personnummer", "12345"))]),
    |m| contact(m, &[("/person", person("personnummer", "198613319919"))]),
    |m| {
        let number = other_check_digit(&m.contact);
        contact(m, &[("/person", person("personnummer", &number))])
    },
    |m| contact(m, &[("/person", person("samordningsnummer", &stray_number()))]),
    |m| {
        let reserve =
            json!({ "type": "reserve", "number": "X-1", "sex": "female", "birth_date": "1950-05-05" });
        contact(m, &[("/person", reserve)])
    },
    |m| {
        let number = personal_number(Date::constant(1885, 4, 9), 0, 984);
        contact(m, &[("/person", person("personnummer", &number))])
    },
    |m| {
        let number = personal_number(Date::constant(2026, 11, 20), 0, 985);
        contact(
            m,
            &[
                ("/person", person("personnummer", &number)),
                ("/date", json!("2026-01-12")),
            ],
        )
    },
    |m| {
        contact(
            m,
            &[("/person/protected", json!(true)), ("/residence", json!("0180"))],
        )
    },
    |m| {
        episode(
            m,
            &[("/decided_by", json!(format!("anhörig till {}", stray_number())))],
        )
    },
    // Facts.
    |m| contact(m, &[("/facts/skotrum", json!("ja"))]),
    |m| contact(m, &[("/facts/place", json!("moon-base"))]),
    |m| contact(m, &[("/facts/place", json!(["clinic", "ordinary-housing"]))]),
    |m| episode(m, &[("/facts/contact-mode", json!("in-person"))]),
    |m| contact(m, &[("/professions", json!(["troll"]))]),
    // Units.
    |m| contact(m, &[("/unit", json!("SE12-A"))]),
    |m| {
        let unknown = unit_of(&m, "XX7", true);
        contact(m, &[("/unit", json!(unknown))])
    },
    |m| {
        let region = m.units.find(|office| office.id == "region-stockholm");
        let (reporter, closed) = region.map_or_else(Default::default, |office| {
            (office.id.clone(), office.unit(CLOSED))
        });
        let date = json!("2026-05-04");
        contact(
            m,
            &[
                ("/reporter", json!(reporter)),
                ("/unit", json!(closed)),
                ("/date", date),
            ],
        )
    },
    |m| {
        let other = unit_of(&m, "VC1", false);
        contact(m, &[("/unit", json!(other))])
    },
    // Codes.
    |m| contact(m, &[("/principals/responsible", json!("99"))]),
    |m| contact(m, &[("/residence", json!("9999"))]),
    // Heby, until 2006.
    |m| contact(m, &[("/residence", json!("1917"))]),
    |m| {
        contact(
            m,
            &[(
                "/procedures",
                json!([{ "system": KMA, "version": "2021", "code": "AV000" }]),
            )],
        )
    },
    |m| {
        contact(
            m,
            &[(
                "/diagnoses",
                json!([{ "system": "urn:oid:1.2.3.4", "code": "I509" }]),
            )],
        )
    },
    // A code of a loaded system that reasons are not coded in.
    |m| contact(m, &[("/reason", json!({ "system": GEOGRAPHY, "code": "0180" }))]),
    // A code that had ceased to be valid.
    |m| {
        let plan = json!({ "kind": "sip", "from": "2026-02-02", "parties": ["01", "1917"] });
        episode(m, &[("/plans", json!([plan]))])
    },
    // Time.
    |m| contact(m, &[("/date", json!("1850-06-01"))]),
    |m| contact(m, &[("/date", json!("2099-01-01"))]),
    |m| {
        let start = at(&m.episode, "/start").to_owned();
        episode(
            m,
            &[
                ("/start", json!(start)),
                ("/end", json!("2026-01-01")),
                ("/start", json!("2026-03-01")),
            ],
        )
    },
    |m| {
        let known = of_known_episode(&m);
        let early = if at(&known, "/date") > "2026-02-01" {
            "2026-01-05"
        } else {
            "2026-12-30"
        };
        spoil(known, &[("/date", json!(early))])
    },
    |m| {
        let start = at(&m.episode, "/start").to_owned();
        let facts = m
            .episode
            .pointer("/segments/0/facts")
            .cloned()
            .unwrap_or_default();
        let segment = |start: &str, end: &str| json!({ "start": start, "end": end, "facts": facts.clone() });
        let segments = json!([segment("2026-02-10", "2026-02-14"), segment(&start, "2026-02-11")]);
        episode(m, &[("/segments", segments)])
    },
    |m| episode(m, &[("/segments", json!([]))]),
    |m| {
        let plan = json!({ "kind": "sip", "from": "2026-05-02", "until": "2026-04-01", "parties": [] });
        episode(m, &[("/plans", json!([plan]))])
    },
    // What belongs together.
    |m| contact(m, &[("/episode", json!("e-finns-inte"))]),
    |m| {
        let known = of_known_episode(&m);
        spoil(known, &[("/person", person("personnummer", &stray_number()))])
    },
    // Contradictions.
    |m| {
        let principals = json!({ "responsible": "0180", "performing": "0180" });
        contact(
            m,
            &[
                ("/principals", principals),
                ("/facts/principal-basis", json!("by-law")),
                ("/professions", json!(["physician"])),
            ],
        )
    },
    |m| {
        let facts = json!({
            "place": "ordinary-housing", "enrolment": "inpatient", "bed": "hospital",
            "replaces-ward": "instead-of-admission",
        });
        let start = at(&m.episode, "/start").to_owned();
        episode(
            m,
            &[
                ("/segments", json!([{ "start": start, "facts": facts }])),
                ("/end", Value::Null),
            ],
        )
    },
    |m| contact(m, &[("/revision", json!(0))]),
    // Roles, providers and requests.
    |m| {
        let holder = json!({ "organisation": "01", "basis": "gammal vana" });
        contact(m, &[("/principals/performing", holder)])
    },
    |m| contact(m, &[("/provider", json!("12-34"))]),
    |m| contact(m, &[("/provider", json!("2120000142"))]),
    |m| {
        let mut changes = vec![
            ("/kind", json!("care-request")),
            ("/problem", json!("new")),
            ("/ending", json!("never-met")),
        ];
        let of_contacts = [
            "/facts",
            "/delegated",
            "/diagnoses",
            "/procedures",
            "/requested",
            "/first_contact",
        ];
        changes.extend(of_contacts.map(|path| (path, Value::Null)));
        contact(m, &changes)
    },
];
