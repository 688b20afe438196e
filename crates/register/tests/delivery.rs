//! Which entries of a stream are current, against a model that keeps everything in memory.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use proptest::prelude::*;
use vardnav_register::delivery::*;
use vardnav_register::entry::{Act, Delivered, Entry, EntryBody, Header, StreamEntry, VERSION};
use vardnav_register::record::RecordKind;

/// What happens to a stream. Records and deliveries are named by small numbers.
#[derive(Debug, Clone, Copy)]
enum Event {
    Report(u8),
    Withdraw(u8),
    Open { register: u8, test: bool },
    Deliver { register: u8, record: u8 },
    Gone { register: u8, record: u8 },
    Close(u8),
    Abandon(u8),
    Note,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0u8..6).prop_map(Event::Report),
        2 => (0u8..6).prop_map(Event::Withdraw),
        2 => (0u8..3, prop::bool::weighted(0.2)).prop_map(|(register, test)| Event::Open { register, test }),
        8 => (0u8..3, 0u8..6).prop_map(|(register, record)| Event::Deliver { register, record }),
        2 => (0u8..3, 0u8..6).prop_map(|(register, record)| Event::Gone { register, record }),
        2 => (0u8..3).prop_map(Event::Close),
        1 => (0u8..3).prop_map(Event::Abandon),
        1 => Just(Event::Note),
    ]
}

/// A record as the model has it: its revision, and whether it is withdrawn.
type Standing = BTreeMap<String, (u32, bool)>;

/// The model: every record's revisions, and what each open delivery would make of them.
#[derive(Default)]
struct Model {
    stream: Vec<StreamEntry>,
    revisions: BTreeMap<String, u32>,
    current: Standing,
    /// By register: where it was opened, whether it is a test, and what it holds.
    open: BTreeMap<u8, (u64, bool, Standing)>,
    deliveries: u32,
    /// What was current at each position.
    history: Vec<Standing>,
}

impl Model {
    fn entry(&mut self, id: &str, revision: u32, delivery: Option<Delivered>, withdrawn: bool) {
        let header = Header {
            version: VERSION,
            act: Act::Report,
            reporter: "r".into(),
            kind: RecordKind::Contact,
            id: id.to_owned(),
            revision,
            replaces: 0,
            delivery,
            received: 0,
            release: String::new(),
        };
        let entry = match withdrawn {
            true => Entry::withdrawal(header, "error".into()),
            false => Entry {
                header,
                identity: [0; 32],
                body: EntryBody::Erased {
                    content: [1; 32],
                    derived: [2; 32],
                    filler: 0,
                },
            },
        };
        self.stream.push(StreamEntry::Record(entry));
    }

    fn next(&mut self, id: &str) -> u32 {
        let revision = self.revisions.entry(id.to_owned()).or_default();
        *revision += 1;
        *revision
    }

    fn waits(&self, id: &str) -> bool {
        self.open
            .values()
            .any(|(_, test, staged)| !test && staged.contains_key(id))
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Report(record) | Event::Withdraw(record) => {
                let id = format!("c{record}");
                // Refused while a delivery holds a revision of it.
                if self.waits(&id) {
                    return;
                }
                let withdrawn = matches!(event, Event::Withdraw(_));
                let revision = self.next(&id);
                self.entry(&id, revision, None, withdrawn);
                self.current.insert(id, (revision, withdrawn));
            }
            Event::Open { register, test } => {
                if self.open.contains_key(&register) {
                    return;
                }
                self.deliveries += 1;
                let opened = self.stream.len() as u64;
                self.stream.push(StreamEntry::Opened(Opening {
                    version: VERSION,
                    reporter: "r".into(),
                    number: self.deliveries,
                    received: 0,
                    register: register.to_string(),
                    periods: vec![Month::of(date(2026, 9, 1))],
                    test,
                    window: Window::Primary,
                    replaces: Vec::new(),
                    by: "anna".into(),
                }));
                self.open.insert(register, (opened, test, Standing::new()));
            }
            Event::Deliver { register, record } | Event::Gone { register, record } => {
                let id = format!("c{record}");
                let Some((opened, test, staged)) = self.open.get(&register) else {
                    return;
                };
                let (opened, test) = (*opened, *test);
                // Another open delivery holds a revision of it.
                if !test && !staged.contains_key(&id) && self.waits(&id) {
                    return;
                }
                let withdrawn = matches!(event, Event::Gone { .. });
                let revision = if test { 1 } else { self.next(&id) };
                self.entry(&id, revision, Some(Delivered { opened, test }), withdrawn);
                let (_, _, staged) = self.open.get_mut(&register).unwrap();
                staged.insert(id, (revision, withdrawn));
            }
            Event::Close(register) | Event::Abandon(register) => {
                let Some((opened, test, staged)) = self.open.remove(&register) else {
                    return;
                };
                let abandoned = matches!(event, Event::Abandon(_));
                let end = match (abandoned, test) {
                    (true, _) => End::Abandoned,
                    (false, true) => End::Tested(Counts::default()),
                    (false, false) => End::Current(Counts::default()),
                };
                if end.is_current() {
                    self.current.extend(staged);
                }
                self.stream.push(StreamEntry::Closed(Closing {
                    version: VERSION,
                    reporter: "r".into(),
                    number: 1,
                    received: 0,
                    opened,
                    end,
                    by: "anna".into(),
                }));
            }
            Event::Note => {
                let note = KeptNote::new("r", 0, vec![0]);
                self.stream.push(StreamEntry::Kept(note));
            }
        }
        self.history.push(self.current.clone());
    }
}

/// Follows a stream in pages of the lengths given, again and again, stopping and going on at every page.
fn follow(stream: &[StreamEntry], pages: &[usize]) -> (Standing, Vec<(u64, u64)>) {
    let mut place = Place::default();
    let mut current = Standing::new();
    let mut order = Vec::new();
    let mut pages = pages.iter().cycle();
    loop {
        let most = place.reads_at_most(stream.len() as u64);
        if place.within.is_none() && most == 0 {
            return (current, order);
        }
        let limit = most.min(*pages.next().unwrap() as u64) as usize;
        let from = place.reads_from();
        let page = (from..).zip(stream.iter().skip(from as usize).take(limit).cloned());
        let (entries, next) = step(place, page);
        assert!(next > place, "{place:?} {next:?}");
        for (position, entry) in entries {
            order.push((place.cursor, position));
            let revision = entry.header.revision;
            current.insert(entry.header.id.clone(), (revision, entry.is_withdrawal()));
        }
        // What is kept of a place is enough to go on from it.
        let bytes = next.within_bytes();
        place = Place::of(next.cursor, bytes.as_ref().map(|bytes| bytes.as_slice())).unwrap();
        assert_eq!(place, next);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// However deliveries, reports, withdrawals, closings and those given up are mixed, and however a follower pages:
    /// what is current is what the model says, each entry comes once, and every position tells the same.
    #[test]
    fn what_is_current_is_what_a_model_says(
        events in prop::collection::vec(event(), 0..60),
        pages in prop::collection::vec(1usize..9, 1..6),
    ) {
        let mut model = Model::default();
        events.into_iter().for_each(|event| model.take(event));
        let (current, order) = follow(&model.stream, &pages);
        prop_assert_eq!(&current, &model.current);
        let once: BTreeSet<u64> = order.iter().map(|(_, position)| *position).collect();
        prop_assert_eq!(once.len(), order.len());

        let mut deliveries = Deliveries::default();
        for (position, entry) in (0..).zip(&model.stream) {
            deliveries.take(position, entry);
        }
        for (position, entry) in (0..).zip(&model.stream) {
            if let StreamEntry::Record(entry) = entry {
                let from = deliveries.current_from(position, &entry.header);
                prop_assert_eq!(from.is_some(), once.contains(&position));
            }
        }
        // As known at each position: the last revision of each record that was current by then.
        for (at, known) in (1..).zip(&model.history) {
            let mut then = Standing::new();
            for (position, entry) in (0..).zip(&model.stream) {
                let StreamEntry::Record(entry) = entry else { continue };
                let header = &entry.header;
                if deliveries.current_from(position, header).is_some_and(|from| from < at) {
                    let standing = (header.revision, entry.is_withdrawal());
                    let known = then.entry(header.id.clone()).or_insert(standing);
                    *known = (*known).max(standing);
                }
            }
            prop_assert_eq!(&then, known, "at {}", at);
        }
    }
}

#[test]
fn a_record_belongs_to_every_month_it_spans() {
    let month = |text| Month::parse(text).unwrap();
    let months = Months {
        first: month("2026-09"),
        last: None,
    };
    assert!(months.holds(month("2027-01")) && !months.holds(month("2026-08")));
    let months = Months {
        last: Some(month("2026-10")),
        ..months
    };
    assert!(months.touch(&[month("2026-11"), month("2026-10")]));
    assert!(!months.touch(&[month("2026-11"), month("2026-08")]));
    assert!(!months.touch(&[]));
}

#[test]
fn months_are_read_and_written_in_one_form() {
    for text in ["2026-09", "0000-01", "9999-12"] {
        let month = Month::parse(text).unwrap();
        assert_eq!(month.to_string(), text);
        assert_eq!(Month::from_number(month.number()), Some(month));
    }
    for text in [
        "2026-13",
        "2026-00",
        "2026-9",
        "26-09",
        "2026/09",
        "2026-09-01",
        "+026-09",
        "",
    ] {
        assert_eq!(Month::parse(text), Err(MonthError), "{text}");
    }
    assert_eq!(Month::of(date(2026, 12, 31)).next(), Month::of(date(2027, 1, 1)));
    assert_eq!(Month::of(date(2026, 12, 31)).first_day(), date(2026, 12, 1));
    assert_eq!(Month::from_number(-1), None);
}
