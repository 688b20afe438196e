//! The records themselves: what every one holds, episodes with their segments, contacts.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::directory::OfficeKind;
use super::person::Person;
use super::plot::Plot;

/// First date of the sample.
pub(super) const FIRST_DATE: Date = Date::constant(2026, 1, 1);

pub(super) const ICD: &str = "urn:oid:1.2.752.116.1.1.1.1.3";
pub(super) const KMA: &str = "https://vardnav.se/CodeSystem/kma";

/// Facts on axes.
pub(super) type Facts = Vec<(&'static str, &'static str)>;

/// A segment of an episode: how many days it lasts at least and at most, at which unit, with which facts.
pub(super) struct Stay {
    pub(super) days: (i32, i32),
    pub(super) unit: Option<&'static str>,
    pub(super) facts: Facts,
}

/// An episode about to be told.
pub(super) struct Course {
    pub(super) unit: &'static str,
    pub(super) facts: Facts,
    pub(super) plan: Option<&'static str>,
    pub(super) decided_by: &'static str,
    pub(super) stays: Vec<Stay>,
    /// Whether it may go on beyond the year.
    pub(super) lasting: bool,
}

/// An episode that was told: its id, first date, and the date up to which contacts may lie.
struct Told {
    id: String,
    from: Date,
    until: Date,
}

/// Tells the story of a plot as records.
pub(super) struct Teller<'a> {
    pub(super) chance: &'a mut Chance,
    pub(super) last: Date,
    pub(super) serial: &'a mut usize,
    pub(super) person: &'a Person,
    pub(super) plot: &'a Plot,
}

impl Teller<'_> {
    /// An episode and some contacts within it.
    pub(super) fn course(
        &mut self,
        course: Course,
        contacts: (i32, i32),
        staff: &[(&'static str, u32)],
    ) -> Vec<Value> {
        let unit = course.unit;
        let enrolled = course
            .stays
            .iter()
            .any(|stay| stay.facts.contains(&("enrolment", "home-care")));
        let (episode, told) = self.episode(course);
        let mut records = vec![episode];
        for _ in 0..self.chance.between(contacts.0, contacts.1) {
            let days = told.from.until(told.until).map_or(0, |span| span.get_days());
            let date = told.from.saturating_add(self.chance.between(0, days - 1).days());
            let who = self.one_of(staff);
            let mut facts = vec![("contact-mode", "in-person")];
            if enrolled {
                facts.push(("within-care-plan", self.chance.weighted([(8, "yes"), (2, "no")])));
            }
            let mut contact = self.contact(unit, date, facts, &[who]);
            contact.insert("episode".into(), json!(told.id));
            if who == "assistant-nurse" {
                contact.insert("delegated".into(), json!(true));
            }
            records.push(Value::Object(contact));
        }
        records
    }

    fn episode(&mut self, course: Course) -> (Value, Told) {
        let shortest: i32 = course.stays.iter().map(|stay| stay.days.0).sum();
        let latest = FIRST_DATE.until(self.last).map_or(0, |span| span.get_days()) - shortest;
        let start = FIRST_DATE.saturating_add(self.chance.between(0, latest.max(0)).days());
        let mut segments = Vec::new();
        let mut from = start;
        let mut open = false;
        let stays = course.stays.len();
        for (index, stay) in course.stays.into_iter().enumerate() {
            let until = from.saturating_add(self.chance.between(stay.days.0, stay.days.1).days());
            let mut segment = Map::new();
            segment.insert("start".into(), json!(from.to_string()));
            // What has not ended by the last date is still open: only the last segment may be.
            open = until > self.last;
            let until = if open && index + 1 < stays {
                from.saturating_add(1.days())
            } else {
                until
            };
            open = until > self.last;
            if !open {
                segment.insert("end".into(), json!(until.to_string()));
            }
            if let Some(unit) = stay.unit {
                segment.insert("unit".into(), json!(self.plot.office.unit(unit)));
            }
            segment.insert("facts".into(), facts_to_json(&stay.facts));
            segments.push(Value::Object(segment));
            from = until;
        }
        let mut record = self.record("episode", course.unit, &course.facts);
        let id = text(&record, "id");
        record.insert("start".into(), json!(start.to_string()));
        if !open {
            record.insert("end".into(), json!(from.to_string()));
            let mode = if course.lasting {
                self.chance
                    .weighted([(5, "deceased"), (3, "to-special-housing"), (2, "to-hospital")])
            } else {
                self.chance
                    .weighted([(8, "completed"), (1, "to-hospital"), (1, "to-other-provider")])
            };
            record.insert("end_mode".into(), json!(mode));
        }
        record.insert("decided_by".into(), json!(course.decided_by));
        if let Some(kind) = course.plan {
            let parties = organisations(&record, &["principals", "performing"]);
            let plan = json!({ "kind": kind, "from": start.to_string(), "parties": parties });
            record.insert("plans".into(), json!([plan]));
        }
        record.insert("segments".into(), Value::Array(segments));
        let until = if open {
            self.last.saturating_add(1.days())
        } else {
            from
        };
        (
            Value::Object(record),
            Told {
                id,
                from: start,
                until,
            },
        )
    }

    pub(super) fn contact(
        &mut self,
        unit: &str,
        date: Date,
        facts: Facts,
        professions: &[&str],
    ) -> Map<String, Value> {
        let mut record = self.record("contact", unit, &facts);
        record.insert("date".into(), json!(date.to_string()));
        record.insert("professions".into(), json!(professions));
        if self.chance.yes(10) {
            let code = self.chance.pick(["I509", "J449", "E119", "J189", "N390", "F329"]);
            record.insert(
                "diagnoses".into(),
                json!([{ "system": ICD, "version": "2021", "code": code }]),
            );
        }
        if self.chance.yes(4) {
            let code = self.chance.pick(["AV018", "AV019", "AU124"]);
            record.insert(
                "procedures".into(),
                json!([{ "system": KMA, "version": "2021", "code": code }]),
            );
        }
        record
    }

    /// The same care once more, some days after an episode that has ended; none where that would be beyond the year.
    pub(super) fn again(&mut self, episode: &Value) -> Option<Value> {
        let ended: Date = episode.get("end")?.as_str()?.parse().ok()?;
        let mut record = episode.as_object()?.clone();
        *self.serial += 1;
        let days = i32::try_from(*self.serial % 25).unwrap_or(0);
        let start = ended.saturating_add((1 + days).days());
        let end = start.saturating_add(4.days());
        if end > self.last {
            return None;
        }
        let mut segment = record.get("segments")?.as_array()?.last()?.as_object()?.clone();
        for (name, date) in [("start", start), ("end", end)] {
            segment.insert(name.into(), json!(date.to_string()));
            record.insert(name.into(), json!(date.to_string()));
        }
        record.insert("segments".into(), json!([segment]));
        record.insert("id".into(), json!(format!("e-{:06}", self.serial)));
        record.remove("plans");
        Some(Value::Object(record))
    }

    /// A request for care: met on a date, or never. Most are for a new or worsened problem; a few are taken back.
    pub(super) fn request(&mut self, unit: &str, asked: Date, met: Option<Date>) -> Value {
        let mut record = self.record("care-request", unit, &Vec::new());
        record.remove("facts");
        let (day, serial) = (asked.day(), *self.serial);
        let problem = match serial % 10 {
            0 => "known",
            1..=3 => "worsened",
            _ => "new",
        };
        record.insert("date".into(), json!(asked.to_string()));
        // What some were about is not noted: they are told as undecided.
        if !serial.is_multiple_of(29) {
            record.insert("problem".into(), json!(problem));
        }
        record.insert("channel".into(), json!("telephone"));
        record.insert("professions".into(), json!(["nurse"]));
        if day % 2 == 0 {
            let young = self.person.birth_date.year() > asked.year() - 25;
            let codes = if young {
                ["F329", "F419", "J069"]
            } else {
                ["J449", "I509", "F329"]
            };
            let code = codes.get(serial % 3).copied().unwrap_or("J069");
            record.insert(
                "reason".into(),
                json!({ "system": ICD, "version": "2021", "code": code }),
            );
        }
        let withdrawn = met.is_none() && serial.is_multiple_of(4);
        let ended = match met {
            Some(met) => {
                record.insert("contacted".into(), json!(met.to_string()));
                record.insert("assessed".into(), json!(met.to_string()));
                met
            }
            None => asked.saturating_add(14.days()).min(self.last),
        };
        let ending = match met {
            Some(_) => "met",
            None if withdrawn => "withdrawn",
            None => "never-met",
        };
        record.insert("ending".into(), json!(ending));
        record.insert("ended".into(), json!(ended.to_string()));
        Value::Object(record)
    }

    /// What every record has.
    pub(super) fn record(&mut self, kind: &str, unit: &str, facts: &Facts) -> Map<String, Value> {
        *self.serial += 1;
        let office = &self.plot.office;
        let region = format!("{:02}", self.plot.kommun / 100);
        let principals = match office.kind {
            OfficeKind::Kommun => {
                let kommun = format!("{:04}", self.plot.kommun);
                json!({ "responsible": kommun, "performing": kommun })
            }
            // Region and kommun are both responsible and perform the care through a body of theirs.
            OfficeKind::Joint => {
                let holder = |code: &str| json!({ "organisation": code, "basis": "joint-body" });
                let both = [holder(&region), holder(&format!("{:04}", self.plot.kommun))];
                json!({ "responsible": both, "performing": both })
            }
            _ if matches!(unit, "AV1" | "PB1") => {
                json!({ "responsible": region, "performing": region, "bed_owner": region })
            }
            OfficeKind::Digital | OfficeKind::HomeProvider => {
                json!({ "responsible": region, "performing": region, "payer": region })
            }
            _ => json!({ "responsible": region, "performing": region }),
        };
        let letter = kind.chars().next().unwrap_or('x');
        let mut record = Map::new();
        record.insert("reporter".into(), json!(office.id));
        record.insert("kind".into(), json!(kind));
        record.insert("id".into(), json!(format!("{letter}-{:06}", self.serial)));
        record.insert("revision".into(), json!(1));
        record.insert("person".into(), self.person.to_json());
        if !self.person.protected {
            record.insert("residence".into(), json!(format!("{:04}", self.plot.kommun)));
        }
        record.insert("principals".into(), principals);
        record.insert("unit".into(), json!(office.unit(unit)));
        record.insert("facts".into(), facts_to_json(facts));
        record
    }

    /// A date of the year, weekdays more often.
    pub(super) fn date(&mut self) -> Date {
        let days = FIRST_DATE.until(self.last).map_or(0, |span| span.get_days());
        let date = FIRST_DATE.saturating_add(self.chance.between(0, days).days());
        let weekend = matches!(
            date.weekday(),
            jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
        );
        if weekend && self.chance.yes(60) {
            date.saturating_sub(2.days()).max(FIRST_DATE)
        } else {
            date
        }
    }

    pub(super) fn one_of(&mut self, staff: &[(&'static str, u32)]) -> &'static str {
        let mut left = u32::try_from(self.chance.between(0, 99)).unwrap_or(0);
        for (who, share) in staff {
            if left < *share {
                return who;
            }
            left -= share;
        }
        "nurse"
    }
}

fn facts_to_json(facts: &Facts) -> Value {
    Value::Object(
        facts
            .iter()
            .map(|(axis, value)| ((*axis).to_owned(), json!(value)))
            .collect(),
    )
}

fn text(record: &Map<String, Value>, key: &str) -> String {
    record
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Those who hold a role.
fn organisations(record: &Map<String, Value>, [group, role]: &[&str; 2]) -> Vec<Value> {
    match record.get(*group).and_then(|principals| principals.get(role)) {
        Some(Value::Array(holders)) => {
            let code = |holder: &Value| holder.get("organisation").cloned();
            holders.iter().filter_map(code).collect()
        }
        one => one.cloned().into_iter().collect(),
    }
}
