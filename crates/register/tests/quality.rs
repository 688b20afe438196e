//! Counts against brute force: whatever is reported, corrected, withdrawn and followed in whatever pieces, they are those
//! of the records that stand, counted one by one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use proptest::prelude::*;
use vardnav_register::definition::Severity;
use vardnav_register::delivery::Month;
use vardnav_register::finding::Finding;
use vardnav_register::hash::to_hex;
use vardnav_register::quality::alike::{
    BLOCK, Blocks, Gathered, Likeness, MARK, Mark, block_key, months_from, number_of,
};
use vardnav_register::quality::departure::{Asked, Departure, Of, Series};
use vardnav_register::quality::refusal::Refusal;
use vardnav_register::quality::{Counted, Counts, Key, Tally, has_duty, row};
use vardnav_register::record::{Principals, RecordKind};
use vardnav_register::unit::{About, CareUnit, UnitVersion};

/// January 2026 and the months after it.
fn month(after: i32) -> Month {
    Month::from_number(Month::of(date(2026, 1, 1)).number() + after).unwrap()
}

fn counted() -> impl Strategy<Value = Counted> {
    let kinds = [RecordKind::Episode, RecordKind::Contact];
    let codes = prop::collection::btree_set(prop::sample::select(vec!["VN-A", "VN-B", "VN-C"]), 0..3);
    let lasts = prop::option::of(0..3_i32);
    (
        0..6_i32,
        lasts,
        prop::sample::select(kinds.to_vec()),
        0..3_u8,
        any::<bool>(),
        codes,
    )
        .prop_map(|(first, lasts, kind, unit, held, codes)| Counted {
            month: month(first),
            last: lasts.map(|lasts| month(first + lasts)),
            kind,
            unit: match unit {
                0 => String::new(),
                unit => format!("SE-{unit}"),
            },
            held,
            codes: codes.into_iter().map(str::to_owned).collect(),
            likeness: None,
        })
}

/// What happens to one of a few records: it is stated, anew or for the first time, or withdrawn.
fn steps() -> impl Strategy<Value = Vec<(u8, Option<Counted>)>> {
    prop::collection::vec((0..8_u8, prop::option::weighted(0.8, counted())), 0..60)
}

proptest! {
    #[test]
    fn counts_are_those_of_the_records_that_stand(steps in steps()) {
        let mut tally = Tally::default();
        let mut current: BTreeMap<u8, Counted> = BTreeMap::new();
        for (record, stated) in steps {
            if let Some(former) = current.remove(&record) {
                tally.count(&former, -1);
            }
            if let Some(stated) = stated {
                tally.count(&stated, 1);
                current.insert(record, stated);
            }
        }
        for at in -1..12 {
            let at = month(at);
            let period = tally.period(at);
            let begin: Vec<_> = current.values().filter(|record| record.month == at).collect();
            let span: Vec<_> = current
                .values()
                .filter(|record| record.month <= at && record.last.is_none_or(|last| at <= last))
                .collect();
            let held = begin.iter().filter(|record| record.held).count() as i64;
            let found = begin.iter().filter(|record| !record.codes.is_empty()).count() as i64;
            prop_assert_eq!(period.total().accepted, begin.len() as i64 - held);
            prop_assert_eq!(period.total().held, held);
            prop_assert_eq!(period.total().with_findings, found);
            prop_assert_eq!(period.spanning, span.len() as i64);
            for kind in [RecordKind::Episode, RecordKind::Contact] {
                let own = begin.iter().filter(|record| record.kind == kind).count() as i64;
                prop_assert_eq!(period.kinds.get(&kind).map_or(0, Counts::records), own);
            }
            for unit in ["", "SE-1", "SE-2"] {
                let spans = span.iter().filter(|record| record.unit == unit).count() as i64;
                let begins = begin.iter().filter(|record| record.unit == unit).count() as i64;
                let own = period.units.get(unit).copied().unwrap_or_default();
                prop_assert_eq!(own.counts.records(), begins);
                prop_assert_eq!(own.spanning, spans);
                prop_assert_eq!(period.delivered(unit), spans > 0);
            }
        }
        let (from, until) = (month(1), month(4));
        let findings = tally.findings(from, until);
        for code in ["VN-A", "VN-B", "VN-C"] {
            let has = |record: &&Counted| {
                record.codes.contains(code) && from <= record.month && record.month < until
            };
            let count = current.values().filter(has).count() as i64;
            prop_assert_eq!(findings.get(code).map_or(0, Counts::records), count);
        }
        // As rows, in whatever order they are read back.
        let mut read = Tally::default();
        for (key, counts) in tally.iter() {
            let bytes = key.encode("region-x");
            prop_assert!(bytes.starts_with(&row::prefix("region-x")));
            let (reporter, back) = Key::decode(&bytes).unwrap();
            prop_assert_eq!(reporter, "region-x");
            prop_assert_eq!(&back, key);
            read.add(back, Counts::decode(&counts.encode().unwrap()).unwrap());
        }
        prop_assert!(read.iter().eq(tally.iter()));
    }

    #[test]
    fn keys_and_notes_are_read_without_panic(bytes: Vec<u8>) {
        if let Some((reporter, key)) = Key::decode(&bytes) {
            prop_assert_eq!(key.encode(reporter), bytes.clone());
        }
        if let Ok(counts) = Counts::decode(&bytes) {
            prop_assert!(counts.encode().is_some());
        }
        if let Ok(refusal) = Refusal::decode(&bytes) {
            prop_assert_eq!(refusal.encode(), bytes);
        }
    }
}

/// Marks of contacts of few likenesses that become current one after the other, some in the place of others, some gone.
fn marks() -> impl Strategy<Value = Vec<Mark>> {
    prop::collection::vec((0..6_u64, 0..12_usize, any::<bool>(), any::<bool>()), 0..1_500).prop_map(|steps| {
        let mut current: BTreeMap<usize, Mark> = BTreeMap::new();
        let mut marks = Vec::new();
        for (position, (digest, record, held, withdrawn)) in (0..).zip(steps) {
            if let Some(former) = current.remove(&record) {
                marks.push(Mark { gone: true, ..former });
            }
            if !withdrawn {
                let day = u8::try_from(digest).unwrap() + 26;
                let likeness = Likeness {
                    digest: digest << 40 | 7,
                    day,
                };
                let mark = Mark {
                    likeness,
                    position,
                    held,
                    gone: false,
                };
                current.insert(record, mark);
                marks.push(mark);
            }
        }
        marks
    })
}

proptest! {
    #[test]
    fn contacts_alike_are_those_that_stand_and_share_a_likeness(marks in marks(), step in 1..700_usize, shares in 1..4_u64) {
        // In whatever pieces they come, the blocks are the same.
        let mut blocks: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for some in marks.chunks(step) {
            let (number, last) = blocks.last_key_value().map(|(number, last)| (*number, last.clone())).unwrap_or_default();
            let mut tail = Blocks::after(number, last);
            some.iter().for_each(|mark| tail.push(mark));
            blocks.extend(tail.into_changed());
        }
        let bytes: Vec<u8> = marks.iter().flat_map(Mark::encode).collect();
        let whole: Vec<Vec<u8>> = bytes.chunks(BLOCK * MARK).map(<[u8]>::to_vec).collect();
        prop_assert_eq!(blocks.into_values().collect::<Vec<_>>(), whole.clone());
        // Those that stand, two and more of a likeness, compared one by one.
        let stands = |mark: &&Mark| !mark.gone && !marks.contains(&Mark { gone: true, ..**mark });
        let stand: Vec<Mark> = marks.iter().filter(stands).copied().collect();
        let others = |mark: &Mark| stand.iter().filter(|other| other.likeness == mark.likeness).count();
        let alike: BTreeSet<u64> = stand.iter().filter(|mark| others(mark) > 1).map(|mark| mark.position).collect();
        let mut told = BTreeSet::new();
        for share in 0..shares {
            let mut gathered = Gathered::new(share, shares);
            whole.iter().for_each(|block| gathered.take(block).unwrap());
            for group in gathered.alike() {
                prop_assert!(group.len() > 1);
                prop_assert!(group.windows(2).all(|two| two[0].likeness == two[1].likeness && two[0].position < two[1].position));
                for mark in group {
                    prop_assert!(stand.contains(&mark));
                    prop_assert!(told.insert(mark.position), "told once");
                }
            }
        }
        prop_assert_eq!(told, alike);
    }
}

#[test]
fn blocks_lie_after_the_counts_by_month_the_last_of_a_month_first() {
    let keys = [
        Key::Rejected(month(40), "VN-REG-999".to_owned()).encode("a"),
        row::end("a"),
        block_key("a", month(0), 7),
        block_key("a", month(0), 6),
        block_key("a", month(0), 0),
        block_key("a", month(1), 3),
        row::prefix("b"),
    ];
    assert!(keys.is_sorted(), "{keys:?}");
    assert!(keys[2].starts_with(&months_from("a", month(0))));
    assert_eq!(number_of(&keys[3]), Some(6));
    assert_eq!(Key::decode(&keys[2]), None);
    assert!(Gathered::new(0, 1).take(&[1; MARK + 1]).is_err());
}

/// A tally of so many contacts of a unit in months from January on.
fn tally_of(unit: &str, counts: &[i64]) -> Tally {
    let mut tally = Tally::default();
    for (after, count) in (0..).zip(counts) {
        let (accepted, held) = (count / 2, count - count / 2);
        let counts = Counts {
            accepted,
            held,
            ..Counts::default()
        };
        tally.add(
            Key::Records(month(after), RecordKind::Contact, unit.to_owned()),
            counts,
        );
    }
    tally
}

#[test]
fn a_month_departs_when_it_is_too_far_from_the_median_of_those_before_it() {
    let asked = Asked {
        code: "VN-REG-055".to_owned(),
        severity: Severity::Warning,
        months: 4,
        percent: 50,
        least: 20,
        units: false,
    };
    let departs = |counts: &[i64], is_over, asked: &Asked| {
        let series = Series::of(&tally_of("", counts));
        let at = month(i32::try_from(counts.len()).unwrap() - 1);
        let departures = series.departures(at, is_over, asked);
        assert!(
            departures
                .iter()
                .all(|found| found.of == Of::Kind(RecordKind::Contact))
        );
        departures.first().map(|found| (found.records, found.usual))
    };
    // The median of 10, 90, 100, 110 is 95.
    for (records, is_over, told) in [
        (48, true, false),
        (47, true, true),
        (0, true, true),
        (142, true, false),
        (143, true, true),
        (47, false, false),
        (0, false, false),
        (143, false, true),
    ] {
        let counts = [5_000, 110, 10, 100, 90, records];
        let told = told.then_some((records, 95));
        assert_eq!(departs(&counts, is_over, &asked), told, "{records} {is_over}");
    }
    // Of an odd number the middle one; months without records count.
    let three = Asked {
        months: 3,
        ..asked.clone()
    };
    assert_eq!(departs(&[5_000, 30, 0, 40, 90], true, &three), Some((90, 30)));
    assert_eq!(departs(&[0, 0, 40, 0], true, &three), None, "too few are usual");
    assert_eq!(departs(&[20, 20, 20, 0], true, &three), Some((0, 20)));
    assert_eq!(departs(&[19, 19, 19, 0], true, &three), None);
    assert_eq!(departs(&[19, 19, 19, 900], true, &three), None);
    // The months there are not are empty.
    assert_eq!(departs(&[40, 90], true, &three), None);

    // One unit fell silent, which kinds of record do not tell.
    let units = Asked {
        units: true,
        ..three.clone()
    };
    let mut tally = tally_of("SE-1", &[100, 100, 100, 0]);
    for (key, counts) in tally_of("SE-2", &[900, 900, 900, 950]).iter() {
        tally.add(key.clone(), counts);
    }
    let series = Series::of(&tally);
    assert_eq!(series.departures(month(3), true, &three), []);
    let silent = Departure {
        of: Of::Unit("SE-1".to_owned()),
        records: 0,
        usual: 100,
    };
    assert_eq!(series.departures(month(3), true, &units), [silent]);
}

#[test]
fn a_note_counts_errors_once_a_record() {
    let finding = |code: &str, severity| Finding {
        code: code.to_owned(),
        severity,
        path: "date".to_owned(),
        message: "nothing of this is kept".to_owned(),
    };
    let first = [
        finding("VN-B", Severity::Error),
        finding("VN-B", Severity::Error),
        finding("VN-A", Severity::Warning),
    ];
    let second = [finding("VN-A", Severity::Error)];
    assert_eq!(Refusal::of("r", 5, []), None);
    let refusal = Refusal::of("r", 5, [&first[..], &second[..]]).unwrap();
    let codes = [("VN-A".to_owned(), 1), ("VN-B".to_owned(), 1)];
    assert_eq!((refusal.records, refusal.codes.as_slice()), (2, &codes[..]));
    let bytes = refusal.encode();
    assert_eq!(Refusal::decode(&bytes), Ok(refusal.clone()));
    // These bytes are stored and stay readable.
    let stored = concat!(
        "09010172050000000000000002000000",
        "0204564e2d410100000004564e2d4201000000",
    );
    assert_eq!(to_hex(&bytes), stored);
    assert!(!bytes.windows(7).any(|part| part == b"nothing"));
    for end in 0..bytes.len() {
        assert!(Refusal::decode(&bytes[..end]).is_err());
    }
    let mut tally = Tally::default();
    tally.refuse(&refusal, month(3));
    tally.refuse(&refusal, month(3));
    assert_eq!(tally.period(month(3)).rejected, 4);
    assert_eq!(tally.period(month(2)).rejected, 0);
    assert_eq!(tally.findings(month(3), month(4))["VN-A"].rejected, 2);
    assert!(tally.findings(month(4), month(5)).is_empty());
}

#[test]
fn a_unit_has_the_duty_while_it_is_open_and_the_reporters() {
    let version = |from, closed, reporters: &[&str]| UnitVersion {
        from,
        closed,
        name: String::new(),
        kind: String::new(),
        provider: String::new(),
        reporters: reporters.iter().map(|reporter| (*reporter).to_owned()).collect(),
        principals: Principals::default(),
        kommun: None,
        facts: Vec::new(),
        hours: String::new(),
        beds: Vec::new(),
        about: About::default(),
    };
    let unit = CareUnit {
        hsa_id: "SE-1".to_owned(),
        versions: vec![
            version(date(2026, 1, 31), None, &["a"]),
            version(date(2026, 3, 1), Some(date(2026, 4, 1)), &["b", "c"]),
        ],
    };
    let months = |reporter: &str| -> BTreeSet<i32> {
        (-1..6)
            .filter(|at| has_duty(&unit, reporter, month(*at)))
            .collect()
    };
    assert_eq!(months("a"), BTreeSet::from([0, 1]));
    assert_eq!(months("b"), BTreeSet::from([2]));
    assert_eq!(months("d"), BTreeSet::new());
}
