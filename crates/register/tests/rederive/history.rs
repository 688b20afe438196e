//! Histories: what is reported in whatever order to a sample world that changes meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, date};
use vardnav_register::derive::{Ages, Attributes, derive};
use vardnav_register::derived::Derived;
use vardnav_register::entry::{Act, Entry, Header, Nonces, VERSION};
use vardnav_register::identity::PersonKey;
use vardnav_register::mapping::*;
use vardnav_register::record::*;
use vardnav_register::rederive::*;
use vardnav_register::surroundings::{EpisodeView, Surroundings};
use vardnav_terminology::model::MapRelationship;

use crate::support::*;

pub(crate) const REPORTER: &str = "region-norr";
pub(crate) const LOCAL: &str = "urn:local:visit";
pub(crate) const OTHER_UNIT: &str = "SE2321000131-C1";

/// One thing that happens; the numbers choose what.
pub(crate) type Event = [u8; 6];

/// A stream as it came to be, and the world as it is after it.
pub(crate) struct History {
    pub(crate) world: World,
    pub(crate) entries: Vec<Entry>,
    pub(crate) latest: BTreeMap<(u8, String), (u32, usize)>,
}

impl History {
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut history = Self {
            world: world(),
            entries: Vec::new(),
            latest: BTreeMap::new(),
        };
        history.world.units.get_mut(OTHER_UNIT).unwrap().versions[0].closed = None;
        history.world.maps = vec![map(&[("w", "ward")])];
        for event in events {
            history.happens(*event);
        }
        history
    }

    pub(crate) fn happens(&mut self, event: Event) {
        let [what, a, b, c, d, e] = event;
        match what % 12 {
            0..=2 => self.report(an_episode(a, b, c, d, e)),
            3..=7 => self.report(a_contact(a, b, c, d, e)),
            8 => self.report(a_period(a, b, c)),
            9 | 10 => {
                let unit = if a % 2 == 0 { UNIT } else { OTHER_UNIT };
                let version = &mut self.world.units.get_mut(unit).unwrap().versions[0];
                match b % 4 {
                    0 => {
                        version.facts = vec![fact("level", &[["primary", "specialised"][usize::from(c % 2)]])]
                    }
                    1 => version.facts = vec![fact("place", &["clinic"])],
                    2 => {
                        version.principals.responsible = Principal::alone(
                            [None, Some("01".into()), Some("0180".into())][usize::from(c % 3)].clone(),
                        )
                    }
                    _ => version.closed = (c % 3 == 0).then_some(date(2026, 9, 8)),
                }
            }
            _ if a % 8 == 0 => {
                let own = DatedMap {
                    url: "own".into(),
                    from: date(2026, 9, 1),
                    map: map(&[("w", "clinic"), ("h", "home")]),
                };
                self.world.own_maps = ReporterMaps::new(vec![own]);
            }
            _ if !self.entries.is_empty() && a % 8 == 1 => {
                let at = usize::from(b) % self.entries.len();
                self.entries[at] = self.entries[at].erased();
                let header = &self.entries[at].header;
                let known = (header.kind as u8, header.id.clone());
                if header.kind == RecordKind::Episode && self.latest[&known].1 == at {
                    self.world.episodes.remove(&header.id);
                }
            }
            _ => {}
        }
    }

    /// Takes a record as its next revision, under the release in force.
    pub(crate) fn report(&mut self, mut record: Record) {
        let known = self
            .latest
            .entry((record.kind() as u8, record.id.clone()))
            .or_default();
        known.0 += 1;
        known.1 = self.entries.len();
        record.revision = known.0;
        let person = Attributes {
            sex: Some(Sex::Male),
            ages: Ages::Born(date(2009, 1, 1)),
            protected: false,
        };
        let derived = derive(&record, REPORTER, &person, &self.world);
        let release = self.world.release_on(record.date());
        let header = Header {
            version: VERSION,
            act: Act::Report,
            reporter: REPORTER.into(),
            kind: record.kind(),
            id: record.id.clone(),
            revision: record.revision,
            replaces: record.revision - 1,
            delivery: None,
            received: RECEIVED,
            release: release.map(|release| release.id.to_owned()).unwrap_or_default(),
        };
        let nonces = Nonces {
            content: [1; 32],
            identity: [2; 32],
            derived: [3; 32],
        };
        let key = PersonKey([7; 16]);
        let entry = Entry::new(header, &record, b"identity", (key, &derived), &nonces, Vec::new());
        self.entries.push(entry.unwrap());
        let system = release.map(|release| release.system);
        if let Some(view) = EpisodeView::of(&record, Some(key), &derived, |_| system) {
            self.world.episodes.insert(record.id.clone(), view);
        }
    }

    /// What the ledger says of every entry under a plan.
    pub(crate) fn anew(&mut self, plan: &Rederivation<'_>) -> Vec<Option<Derived>> {
        let own = self.world.release_on(date(2026, 9, 1)).unwrap();
        let mut episodes = BTreeMap::new();
        for ((kind, id), (_, at)) in &self.latest {
            let (Some(record), Some((key, former))) = stated(&self.entries[*at]) else {
                continue;
            };
            if *kind == RecordKind::Episode as u8 {
                let of = (Some(key), &former);
                let view = episode_anew(&record, REPORTER, of, plan, &self.world, |_| Some(own.system));
                episodes.insert(id.clone(), view.unwrap());
            }
        }
        self.world.episodes = episodes;
        let anew = |entry: &Entry| {
            let (Some(record), Some((_, former))) = stated(entry) else {
                return None;
            };
            Some(rederive(&record, REPORTER, &former, plan, &self.world))
        };
        self.entries.iter().map(anew).collect()
    }

    /// The stream in blocks, with the position of each one's first entry.
    pub(crate) fn blocks(&self) -> Vec<(u64, Columns)> {
        let mut blocks: Vec<(u64, Columns)> = Vec::new();
        for (entry, position) in self.entries.iter().zip(0..) {
            let taken = match blocks.last_mut() {
                // A block is read again before it takes another entry, as after a restart.
                Some((_, block)) if block.len() < 5 => {
                    *block = Columns::decode(&block.encode()).unwrap().reopened();
                    block.push(entry).unwrap()
                }
                _ => false,
            };
            if !taken {
                let mut block = Columns::new();
                assert!(block.push(entry).unwrap());
                blocks.push((position, block));
            }
        }
        let read = |(first, block): (u64, Columns)| (first, Columns::decode(&block.encode()).unwrap());
        blocks.into_iter().map(read).collect()
    }
}

pub(crate) fn stated(entry: &Entry) -> (Option<Record>, Option<(PersonKey, Derived)>) {
    (entry.record().unwrap(), entry.derived().unwrap())
}

pub(crate) fn map(codes: &[(&str, &str)]) -> Arc<CodeMap> {
    let row = |(code, value): &(&str, &str)| MapRow {
        system: LOCAL.into(),
        code: (*code).into(),
        axis: "place".into(),
        value: (*value).into(),
        relationship: MapRelationship::Equivalent,
        ..MapRow::default()
    };
    Arc::new(CodeMap::compile(&MapSource {
        url: "map".into(),
        version: "1".into(),
        title: String::new(),
        rows: codes.iter().map(row).collect(),
    }))
}

pub(crate) fn day(number: u8) -> Date {
    date(2026, 9, 1 + i8::try_from(number % 25).unwrap())
}

pub(crate) fn place(number: u8) -> Vec<Fact> {
    match number % 5 {
        0 => vec![fact("place", &["home"])],
        1 => vec![fact("place", &["ward"])],
        2 => vec![fact("place", &["clinic"]), fact("level", &["primary"])],
        3 => vec![fact("level", &["specialised"])],
        _ => Vec::new(),
    }
}

pub(crate) fn unit(number: u8) -> Option<String> {
    [Some(UNIT.to_owned()), Some(OTHER_UNIT.to_owned()), None][usize::from(number % 3)].clone()
}

pub(crate) fn codes(number: u8) -> Vec<Coding> {
    let code = ["w", "h", "unknown"].get(usize::from(number % 8));
    code.map(|code| coding(LOCAL, code)).into_iter().collect()
}

pub(crate) fn responsible(number: u8) -> Principals {
    Principals {
        responsible: ["01", "2482"]
            .get(usize::from(number % 3))
            .map(|code| Principal::new(*code))
            .into_iter()
            .collect(),
        ..Principals::default()
    }
}

pub(crate) fn an_episode(a: u8, b: u8, c: u8, d: u8, e: u8) -> Record {
    let mut record = episode();
    record.id = format!("e-{}", a % 3);
    record.unit = unit(b);
    record.facts = place(c);
    record.principals = responsible(d);
    record.codes = codes(e);
    let Body::Episode(body) = &mut record.body else {
        unreachable!()
    };
    if a > 200 {
        body.plans.clear();
    }
    body.segments[0].facts = place(d / 3);
    body.segments[1].facts = place(e / 8);
    body.segments[1].unit = unit(c / 5);
    body.segments[1].codes = codes(b / 3);
    let parting = day(5 + b % 9);
    body.segments[0].end = Some(parting);
    body.segments[1].start = if d > 200 {
        parting.tomorrow().unwrap()
    } else {
        parting
    };
    if e > 240 {
        body.segments.remove(0);
    }
    record
}

pub(crate) fn a_contact(a: u8, b: u8, c: u8, d: u8, e: u8) -> Record {
    let mut record = contact();
    record.id = format!("c-{}", a % 40);
    record.facts = place(b);
    record.unit = unit(c);
    record.principals = responsible(d);
    record.codes = codes(e);
    let Body::Contact(body) = &mut record.body else {
        unreachable!()
    };
    body.date = if a > 250 { date(2025, 9, 1) } else { day(b / 5) };
    body.episode = (!d.is_multiple_of(4)).then(|| format!("e-{}", d / 4 % 3));
    body.delegated = [None, Some(true)][usize::from(c / 3 % 2)];
    if e % 16 == 9 {
        body.procedures = vec![coding(LOCAL, "w")];
    }
    record
}

pub(crate) fn a_period(a: u8, b: u8, c: u8) -> Record {
    let mut record = monitoring_period();
    record.id = format!("c-{}", a % 10);
    record.unit = unit(b);
    record.facts = place(c);
    let Body::MonitoringPeriod(body) = &mut record.body else {
        unreachable!()
    };
    body.episode = Some(format!("e-{}", c % 3));
    body.start = day(b / 3);
    record
}
