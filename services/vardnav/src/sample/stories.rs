//! Courses of care: who gives what to whom, as the records that a reporter would make of it.

use jiff::ToSpan;
use serde_json::{Value, json};

use super::directory::OfficeKind;
use super::plot::Care;
use super::records::{Course, FIRST_DATE, Facts, Stay, Teller};

impl Teller<'_> {
    /// The records, an episode before its contacts.
    pub(super) fn tell(&mut self) -> Vec<Value> {
        match self.plot.care {
            Care::Clinic => self.clinic(
                "VC1",
                &[("nurse", 40), ("physician", 40), ("physiotherapist", 20)],
            ),
            Care::SpecialisedClinic => {
                self.clinic("SP1", &[("physician", 70), ("nurse", 20), ("dietitian", 10)])
            }
            Care::Psychiatry => self.clinic(
                "PS1",
                &[("psychologist", 40), ("physician", 30), ("counsellor", 30)],
            ),
            Care::Remote => self.remote(),
            Care::HomeVisit => self.visits("VC2", "ordinary-housing"),
            Care::MobileTeam => {
                let place = self.chance.weighted([
                    (3, "mobile-unit"),
                    (7, "ordinary-housing"),
                    (2, "special-housing"),
                ]);
                self.visits("MT1", place)
            }
            Care::Vaccination => self.visits("MT1", "school"),
            Care::Rehabilitation => {
                let unit = self.chance.pick(["HS1", "HS2"]);
                self.visits(unit, "ordinary-housing")
            }
            Care::HospitalAtHome => self.hospital_at_home(),
            Care::Palliative => self.palliative(),
            Care::ChildrenAtHome => self.children_at_home(),
            Care::Ward => self.ward(),
            Care::PrimaryBeds => self.primary_beds(),
            Care::Monitoring => self.monitoring(),
            Care::Prehospital => self.prehospital(),
            Care::Indirect => self.indirect(),
            Care::SelfAdministered => self.self_care(),
            Care::HomeNursing => self.home_care("ordinary-housing"),
            Care::SpecialHousing => self.home_care("special-housing"),
            Care::ShortStay => self.home_care("short-stay"),
        }
    }

    fn clinic(&mut self, unit: &'static str, staff: &[(&'static str, u32)]) -> Vec<Value> {
        let count = self.chance.weighted([(6, 1), (3, 2), (1, 3)]);
        let place = self.home_place("clinic");
        let mut requests = Vec::new();
        let mut records: Vec<Value> = (0..count)
            .map(|_| {
                let date = self.date();
                let mut facts = place.clone();
                // Where some visits of psychiatry were is not noted: they are held until it is supplied.
                if unit == "PS1" && self.chance.yes(10) {
                    facts.retain(|(axis, _)| *axis != "place");
                }
                facts.push(("contact-mode", "in-person"));
                facts.push((
                    "urgency",
                    self.chance
                        .weighted([(7, "planned"), (2, "unplanned"), (1, "acute")]),
                ));
                let who = self.one_of(staff);
                let mut contact = self.contact(unit, date, facts, &[who]);
                if unit == "VC1" && self.chance.yes(40) {
                    let asked = date
                        .saturating_sub(self.chance.between(0, 6).days())
                        .max(FIRST_DATE);
                    contact.insert("requested".into(), json!(asked.to_string()));
                    contact.insert("first_contact".into(), json!(true));
                    requests.push((asked, date));
                }
                Value::Object(contact)
            })
            .collect();
        for (asked, date) in requests {
            records.push(self.request(unit, asked, Some(date)));
            // Somebody asked for care and never got it, some time before.
            if asked.day() % 8 == 0 {
                let earlier = asked.saturating_sub(21.days()).max(FIRST_DATE);
                records.push(self.request(unit, earlier, None));
            }
        }
        records
    }

    fn remote(&mut self) -> Vec<Value> {
        let unit = if self.plot.office.kind == OfficeKind::Digital {
            "DV1"
        } else {
            "VC1"
        };
        let count = self.chance.weighted([(7, 1), (3, 2)]);
        let mut records = Vec::new();
        for _ in 0..count {
            let date = self.date();
            let mode = self.chance.weighted([
                (5, "telephone"),
                (3, "video"),
                (2, "written-realtime"),
                (2, "written-deferred"),
            ]);
            let facts = vec![
                ("contact-mode", mode),
                ("enrolment", "none"),
                ("continuity", "single"),
            ];
            let who = self.one_of(&[("nurse", 50), ("physician", 40), ("psychologist", 10)]);
            records.push(Value::Object(self.contact(unit, date, facts, &[who])));
            // Two of three began with a request for care, some days before.
            if !self.serial.is_multiple_of(3) {
                let days = i32::try_from(*self.serial % 6).unwrap_or(0);
                let asked = date.saturating_sub(days.days()).max(FIRST_DATE);
                records.push(self.request(unit, asked, Some(date)));
            }
        }
        records
    }

    /// Visits to someone who is not enrolled.
    fn visits(&mut self, unit: &'static str, place: &'static str) -> Vec<Value> {
        let count = self.chance.weighted([(6, 1), (3, 2), (1, 3)]);
        let municipal = self.plot.office.kind == OfficeKind::Kommun;
        (0..count)
            .map(|_| {
                let date = self.date();
                let mut facts = self.home_place(place);
                facts.push(("contact-mode", "in-person"));
                facts.push((
                    "urgency",
                    self.chance
                        .weighted([(4, "planned"), (4, "unplanned"), (2, "acute")]),
                ));
                let who: &[&str] = if municipal {
                    self.chance
                        .pick([&["occupational-therapist"], &["physiotherapist"]])
                } else {
                    self.chance
                        .pick([&["nurse"] as &[&str], &["physician"], &["physician", "nurse"]])
                };
                Value::Object(self.contact(unit, date, facts, who))
            })
            .collect()
    }

    fn hospital_at_home(&mut self) -> Vec<Value> {
        let shortened = self.chance.yes(60);
        let mut stays = Vec::new();
        if shortened {
            let facts = vec![
                ("place", "hospital-ward"),
                ("enrolment", "inpatient"),
                ("bed", "hospital"),
                ("replaces-ward", "no"),
            ];
            stays.push(Stay {
                days: (1, 4),
                unit: Some("AV1"),
                facts,
            });
        }
        let replaces = if shortened {
            "shortened-stay"
        } else {
            "instead-of-admission"
        };
        let facts = vec![
            ("place", "ordinary-housing"),
            ("enrolment", "care-period-without-bed"),
            ("bed", "home-place"),
            ("replaces-ward", replaces),
        ];
        stays.push(Stay {
            days: (3, 14),
            unit: None,
            facts,
        });
        self.course(
            Course {
                unit: "SH1",
                facts: vec![("continuity", "bounded-series"), ("care-intent", "other")],
                plan: Some("hospital-at-home-plan"),
                decided_by: "hospital-physician",
                stays,
                lasting: false,
            },
            (1, 4),
            &[("nurse", 60), ("physician", 40)],
        )
    }

    fn palliative(&mut self) -> Vec<Value> {
        let unit = if self.plot.office.kind == OfficeKind::HomeProvider {
            "AP1"
        } else {
            "AH1"
        };
        let facts = vec![
            ("place", "ordinary-housing"),
            ("enrolment", "care-period-without-bed"),
            ("bed", "home-place"),
            ("replaces-ward", "instead-of-admission"),
        ];
        self.course(
            Course {
                unit,
                facts: vec![
                    ("continuity", "continuous"),
                    ("care-intent", "specialised-palliative"),
                ],
                plan: Some("palliative-plan"),
                decided_by: "hospital-physician",
                stays: vec![Stay {
                    days: (10, 60),
                    unit: None,
                    facts,
                }],
                lasting: true,
            },
            (2, 5),
            &[("nurse", 70), ("physician", 30)],
        )
    }

    fn children_at_home(&mut self) -> Vec<Value> {
        let facts = vec![
            ("place", "ordinary-housing"),
            ("enrolment", "care-period-without-bed"),
            ("bed", "home-place"),
            ("replaces-ward", "shortened-stay"),
        ];
        self.course(
            Course {
                unit: "BH1",
                facts: vec![("continuity", "bounded-series"), ("care-intent", "other")],
                plan: Some("hospital-at-home-plan"),
                decided_by: "hospital-physician",
                stays: vec![Stay {
                    days: (3, 21),
                    unit: None,
                    facts,
                }],
                lasting: false,
            },
            (1, 3),
            &[("nurse", 80), ("physician", 20)],
        )
    }

    fn ward(&mut self) -> Vec<Value> {
        let bed = self.chance.weighted([(9, "hospital"), (1, "overflow")]);
        let facts = vec![
            ("place", "hospital-ward"),
            ("enrolment", "inpatient"),
            ("bed", bed),
            ("replaces-ward", "no"),
        ];
        let mut records = self.course(
            Course {
                unit: "AV1",
                facts: vec![("continuity", "single"), ("care-intent", "other")],
                plan: None,
                decided_by: "hospital-physician",
                stays: vec![Stay {
                    days: (1, 9),
                    unit: None,
                    facts,
                }],
                lasting: false,
            },
            (0, 1),
            &[("physician", 100)],
        );
        // One of three comes back within some weeks.
        if self.serial.is_multiple_of(3) {
            let again = records.first().and_then(|episode| self.again(episode));
            records.extend(again);
        }
        records
    }

    fn primary_beds(&mut self) -> Vec<Value> {
        let facts = vec![
            ("place", "ward-outside-hospital"),
            ("enrolment", "inpatient"),
            ("bed", "primary-care"),
            ("replaces-ward", "no"),
        ];
        self.course(
            Course {
                unit: "PB1",
                facts: vec![("continuity", "single"), ("care-intent", "other")],
                plan: Some("care-plan"),
                decided_by: "primary-care-physician",
                stays: vec![Stay {
                    days: (2, 12),
                    unit: None,
                    facts,
                }],
                lasting: false,
            },
            (0, 2),
            &[("physician", 60), ("nurse", 40)],
        )
    }

    fn home_care(&mut self, place: &'static str) -> Vec<Value> {
        let (unit, decided_by) = match self.plot.office.kind {
            OfficeKind::Kommun => (self.chance.pick(["HS1", "HS2"]), "municipal-nurse"),
            OfficeKind::Joint => ("HJ1", "joint-planning"),
            _ => ("HR1", "regional-nurse"),
        };
        let bed = if place == "short-stay" {
            "short-stay"
        } else {
            "none"
        };
        let facts = vec![
            ("place", place),
            ("enrolment", "home-care"),
            ("bed", bed),
            ("replaces-ward", "no"),
        ];
        let intent = self.chance.weighted([(1, "general-palliative"), (9, "other")]);
        let plan = self.chance.pick(["home-care-plan", "sip"]);
        let days = if place == "short-stay" { (7, 28) } else { (60, 400) };
        self.course(
            Course {
                unit,
                facts: vec![("continuity", "continuous"), ("care-intent", intent)],
                plan: Some(plan),
                decided_by,
                stays: vec![Stay {
                    days,
                    unit: None,
                    facts,
                }],
                lasting: true,
            },
            (2, 5),
            &[
                ("nurse", 60),
                ("assistant-nurse", 30),
                ("occupational-therapist", 10),
            ],
        )
    }

    fn monitoring(&mut self) -> Vec<Value> {
        let date = self.date();
        let end = date.saturating_add(self.chance.between(14, 120).days());
        let alone = self.chance.yes(15);
        let kind = if alone { "self" } else { "remote-prescribed" };
        let mut record = self.record("monitoring-period", "MC1", &vec![("monitoring", kind)]);
        record.insert("start".into(), json!(date.to_string()));
        if end <= self.last {
            record.insert("end".into(), json!(end.to_string()));
        }
        let measures: &[&str] = self.chance.pick([
            &["blood-pressure", "weight"] as &[&str],
            &["oxygen-saturation", "symptoms"],
            &["glucose"],
        ]);
        record.insert("measures".into(), json!(measures));
        if !alone {
            record.insert("ordered_by".into(), json!(self.plot.office.unit("SP1")));
            record.insert("thresholds".into(), json!(true));
            record.insert("response_duty".into(), json!(true));
            record.insert("assessed_alarms".into(), json!(self.chance.between(0, 9)));
        }
        let mut records = vec![Value::Object(record)];
        if !alone && self.chance.yes(50) {
            let facts = vec![("contact-mode", "automatic-measurement"), ("enrolment", "none")];
            let date = date
                .saturating_add(self.chance.between(0, 20).days())
                .min(self.last);
            records.push(Value::Object(self.contact("MC1", date, facts, &["nurse"])));
        }
        records
    }

    fn prehospital(&mut self) -> Vec<Value> {
        let date = self.date();
        let conveyed = self.chance.weighted([(7, "no"), (3, "yes")]);
        let place = if conveyed == "yes" {
            "scene"
        } else {
            "ordinary-housing"
        };
        let mut facts = self.home_place(place);
        facts.extend([
            ("contact-mode", "in-person"),
            ("urgency", "acute"),
            ("conveyed", conveyed),
        ]);
        vec![Value::Object(self.contact("AM1", date, facts, &["nurse"]))]
    }

    fn indirect(&mut self) -> Vec<Value> {
        let date = self.date();
        let facts = vec![("contact-mode", "indirect"), ("enrolment", "none")];
        vec![Value::Object(self.contact("VC1", date, facts, &["physician"]))]
    }

    fn self_care(&mut self) -> Vec<Value> {
        let date = self.date();
        let mut facts = self.home_place("ordinary-housing");
        facts.extend([("contact-mode", "in-person"), ("self-care-assessment", "yes")]);
        vec![Value::Object(self.contact(
            "VC2",
            date,
            facts,
            &["patient-or-relative"],
        ))]
    }

    /// Facts of someone who is not enrolled anywhere, at a place.
    fn home_place(&mut self, place: &'static str) -> Facts {
        vec![("place", place), ("enrolment", "none"), ("continuity", "single")]
    }
}
