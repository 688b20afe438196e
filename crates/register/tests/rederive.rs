//! Deriving history anew: whatever was reported in whatever order, what packed facts settle is what the ledger says,
//! and what they do not settle they leave to it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a test stops at the first surprise"
)]

#[expect(dead_code, reason = "this test needs a part of the sample world")]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use support::*;
use vardnav_classification::model::*;
use vardnav_classification::{DescriptionSystem, TableResult};
use vardnav_register::bytes::{DecodeError, DecodeProblem};
use vardnav_register::derive::{Ages, Attributes, derive};
use vardnav_register::derived::{Derived, Part};
use vardnav_register::entry::{Act, Entry, Header, Nonces, VERSION};
use vardnav_register::identity::PersonKey;
use vardnav_register::mapping::*;
use vardnav_register::outcome::Outcome as RecordOutcome;
use vardnav_register::record::*;
use vardnav_register::rederive::*;
use vardnav_register::surroundings::{EpisodeView, ReleaseView, Surroundings};
use vardnav_terminology::model::MapRelationship;

const REPORTER: &str = "region-norr";
const LOCAL: &str = "urn:local:visit";
const OTHER_UNIT: &str = "SE2321000131-C1";

/// One thing that happens; the numbers choose what.
type Event = [u8; 6];

/// A stream as it came to be, and the world as it is after it.
struct History {
    world: World,
    entries: Vec<Entry>,
    latest: BTreeMap<(u8, String), (u32, usize)>,
}

impl History {
    fn of(events: &[Event]) -> Self {
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

    fn happens(&mut self, event: Event) {
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
    fn report(&mut self, mut record: Record) {
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
    fn anew(&mut self, plan: &Rederivation<'_>) -> Vec<Option<Derived>> {
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
    fn blocks(&self) -> Vec<(u64, Columns)> {
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

fn stated(entry: &Entry) -> (Option<Record>, Option<(PersonKey, Derived)>) {
    (entry.record().unwrap(), entry.derived().unwrap())
}

fn map(codes: &[(&str, &str)]) -> Arc<CodeMap> {
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

fn day(number: u8) -> Date {
    date(2026, 9, 1 + i8::try_from(number % 25).unwrap())
}

fn place(number: u8) -> Vec<Fact> {
    match number % 5 {
        0 => vec![fact("place", &["home"])],
        1 => vec![fact("place", &["ward"])],
        2 => vec![fact("place", &["clinic"]), fact("level", &["primary"])],
        3 => vec![fact("level", &["specialised"])],
        _ => Vec::new(),
    }
}

fn unit(number: u8) -> Option<String> {
    [Some(UNIT.to_owned()), Some(OTHER_UNIT.to_owned()), None][usize::from(number % 3)].clone()
}

fn codes(number: u8) -> Vec<Coding> {
    let code = ["w", "h", "unknown"].get(usize::from(number % 8));
    code.map(|code| coding(LOCAL, code)).into_iter().collect()
}

fn responsible(number: u8) -> Principals {
    Principals {
        responsible: ["01", "2482"]
            .get(usize::from(number % 3))
            .map(|code| Principal::new(*code))
            .into_iter()
            .collect(),
        ..Principals::default()
    }
}

fn an_episode(a: u8, b: u8, c: u8, d: u8, e: u8) -> Record {
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

fn a_contact(a: u8, b: u8, c: u8, d: u8, e: u8) -> Record {
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

fn a_period(a: u8, b: u8, c: u8) -> Record {
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

#[test]
fn a_block_is_bounded_and_says_which_version_it_is_of() {
    let mut history = History::of(&[]);
    for number in 0..200u8 {
        history.report(Record {
            id: format!("c-{number}"),
            ..a_contact(0, number, number, number, number)
        });
    }
    let mut block = Columns::new();
    let taken = history
        .entries
        .iter()
        .take_while(|entry| block.push(entry).unwrap())
        .count();
    assert!((64..=BLOCK_ENTRIES_MAX).contains(&taken), "{taken}");
    let mut bytes = block.encode();
    assert!(bytes.len() <= BLOCK_BYTES_MAX);
    assert!(
        bytes.len() / taken <= 44,
        "{} bytes an entry",
        bytes.len() / taken
    );
    bytes[0] = 2;
    assert_eq!(
        Columns::decode(&bytes).unwrap_err(),
        DecodeError {
            at: 1,
            problem: DecodeProblem::Version
        }
    );

    // A record of many parts alone is larger than a block: the ledger is left to say what it is.
    let mut long = episode();
    let Body::Episode(body) = &mut long.body else {
        unreachable!()
    };
    body.segments = vec![body.segments[1].clone(); 5000];
    history.report(long);
    let mut block = Columns::new();
    assert!(block.push(history.entries.last().unwrap()).unwrap());
    assert!(!block.entries()[0].complete);
    assert!(block.encode().len() < 100);
}
