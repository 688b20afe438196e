//! Derivations over a store in memory: the worklist is of the one that readers are answered from, and what is derived
//! follows from the streams alone, whatever was stated in between, also where an entry cannot be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "this test needs a part of the bench")]
mod bench;

use std::time::Duration;

use bench::*;
use jiff::civil::date;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::register_service_server::RegisterService as _;
use vardnav_api::vardnav::register::v1::worklist_service_server::WorklistService as _;
use vardnav_interchange::release::starter;
use vardnav_register::audit::AuditEntry;
use vardnav_register::delivery::{Closing, Counts, End, Opening, Window};
use vardnav_register::entry::{Delivered, Entry, Header, StreamEntry, VERSION};
use vardnav_register::record::{Principals, Record};
use vardnav_register::rederive::rows::{Key, Results, encode, projection};
use vardnav_register::unit::{About, UnitVersion};
use vardnav_release::entry::{AuthorityEntry, Change, Proposal};
use vardnav_release::package::Package;
use vardnav_runtime::caller::Caller;
use vardnav_store::{Change as RowChange, Row, StreamId};

const DAY: i64 = 86_400_000_000;
const UNIT: &str = "SE2321000016-0001";

/// Publishes the starter release from 2027 on, with visits to a clinic held.
async fn publish_strict(bench: &Bench) {
    let package = starter::package().unwrap();
    let files = package.files().map(|(path, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = match path {
            "release.toml" => text
                .replace("id = \"2026.1\"", "id = \"2027.1\"")
                .replace("from = 2026-01-01", "from = 2027-01-01"),
            "tables/contact-type.csv" => {
                let rule = "C32,,,,in-person,,,clinic,,,clinic-visit,,,,,";
                assert!(text.contains(rule));
                text.replace(
                    rule,
                    "C32,,,,in-person,,,clinic,,,held,ej avgjort,not decided yet,,,",
                )
            }
            _ => text,
        };
        (path.to_owned(), text.into_bytes())
    });
    let digest = bench
        .authority
        .keep_package(&Package::new(files).unwrap())
        .await
        .unwrap();
    let (id, from) = ("2027.1".to_owned(), date(2027, 1, 1));
    let proposal = Proposal {
        release: id.clone(),
        from,
        digest,
        ..Proposal::default()
    };
    let put = Change::DraftPut {
        draft: id.clone(),
        proposal,
    };
    let published = Change::ReleasePublished {
        draft: id,
        digest,
        from,
        editions: Vec::new(),
    };
    let state = |change| AuthorityEntry {
        caller: "anna".to_owned(),
        at: 9,
        change,
    };
    bench
        .authority
        .append_all(vec![state(put), state(published)])
        .await
        .unwrap();
}

/// Registers the unit of visits from 2026 on, at a place where one is known.
async fn register_unit(bench: &Bench, known: Option<&str>) {
    let version = UnitVersion {
        from: date(2026, 1, 1),
        closed: None,
        name: "Mottagningen".to_owned(),
        kind: "clinic".to_owned(),
        provider: "2321000016".to_owned(),
        reporters: vec![NORTH.to_owned()],
        principals: Principals::default(),
        kommun: None,
        facts: known.map(|known| fact("place", known)).into_iter().collect(),
        hours: String::new(),
        beds: Vec::new(),
        about: About::default(),
    };
    let change = Change::UnitPut {
        hsa_id: UNIT.to_owned(),
        version: Box::new(version),
    };
    let entry = AuthorityEntry {
        caller: "anna".to_owned(),
        at: 10,
        change,
    };
    bench.authority.append(&entry).await.unwrap();
}

fn at_unit(id: &str) -> Record {
    Record {
        unit: Some(UNIT.to_owned()),
        ..visit(id, 1, None)
    }
}

async fn plan(bench: &Bench, id: &str, release: &str) {
    let request = pb::StartReclassificationRequest {
        id: id.to_owned(),
        release: release.to_owned(),
        ..Default::default()
    };
    let request = asked(request, Caller::trusted("anna"));
    bench.service.start_reclassification(request).await.unwrap();
}

async fn look(bench: &Bench, id: &str) -> pb::DerivationProgress {
    let request = pb::GetReclassificationRequest { id: id.to_owned() };
    let answer = bench
        .service
        .get_reclassification(asked(request, trusted()))
        .await;
    answer.unwrap().into_inner().derivation.unwrap().progress.unwrap()
}

/// Waits until a derivation has taken in everything.
async fn derived(bench: &Bench, id: &str) -> pb::DerivationProgress {
    for _ in 0..200 {
        let progress = look(bench, id).await;
        if progress.total > 0 && progress.done == progress.total {
            return progress;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let progress = look(bench, id).await;
    assert_eq!(progress.done, progress.total, "{id} does not come to an end");
    progress
}

async fn switch(bench: &Bench, id: &str) {
    let request = pb::SwitchDerivationRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    let request = asked(request, Caller::trusted("bo"));
    bench.service.switch_derivation(request).await.unwrap();
}

/// What a derivation keeps, but for how far it has come.
async fn kept(bench: &Bench, id: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = bench.store.scan(&projection(id), &[], 10_000).await.unwrap();
    let told = [Key::Cell, Key::Held, Key::Change, Key::Results].map(|key| key as u8);
    rows.into_iter()
        .filter(|row| row.key.first().is_some_and(|first| told.contains(first)))
        .map(|row| (row.key, row.value))
        .collect()
}

#[tokio::test]
async fn the_worklist_is_of_the_derivation_that_readers_are_answered_from() {
    let bench = Bench::new().await;
    publish_strict(&bench).await;
    for (id, revision, place) in [
        ("a", 1, None),
        ("b", 1, Some("clinic")),
        ("c", 1, Some("school")),
        ("d", 1, None),
        ("d", 2, Some("clinic")),
        ("e", 1, Some("clinic")),
        ("e", 2, Some("school")),
    ] {
        let received = RECEIVED + i64::from(revision) * DAY;
        bench
            .append(NORTH, &visit(id, revision, place), received, false)
            .await;
    }
    plan(&bench, "strict", "2027.1").await;
    derived(&bench, "strict").await;
    let before = bench.held(NORTH).await;
    assert_eq!(
        (before.derivation.as_str(), ids(&before)),
        ("as-reported", vec![("a", 1)])
    );

    switch(&bench, "strict").await;
    let held = bench.held(NORTH).await;
    assert_eq!(held.derivation, "strict");
    assert_eq!(ids(&held), [("a", 1), ("b", 1), ("d", 2)]);
    let since = |held: &pb::ListHeldResponse| -> Vec<i64> {
        let records = held.records.iter();
        records
            .map(|record| (record.since_micros - RECEIVED) / DAY)
            .collect()
    };
    assert_eq!(since(&held), [1, 1, 1], "d waits since its first revision");
    assert!(
        held.groups
            .iter()
            .all(|group| group.owner() != pb::HeldOwner::Unspecified)
    );
    let of_rule = held.groups.iter().find(|group| group.rule == "C32").unwrap();
    assert_eq!(of_rule.owner(), pb::HeldOwner::Authority);
    assert_eq!(of_rule.records.unwrap().count, 2);
    let request = pb::ListUnmatchedRequest {
        reporter: NORTH.to_owned(),
        ..Default::default()
    };
    let unmatched = bench.service.list_unmatched(asked(request, trusted())).await;
    let unmatched = unmatched.unwrap().into_inner();
    assert_eq!(unmatched.derivation, "strict");
    assert_eq!(unmatched.combinations.first().unwrap().rule, "C32");

    // It goes on with what is reported.
    let later = RECEIVED + 5 * DAY;
    bench
        .append(NORTH, &visit("f", 1, Some("clinic")), later, false)
        .await;
    bench
        .append(NORTH, &visit("b", 2, Some("school")), later, false)
        .await;
    bench.append(NORTH, &visit("d", 3, None), later, true).await;
    let held = bench.held(NORTH).await;
    assert_eq!((held.behind, ids(&held)), (0, vec![("a", 1), ("f", 1)]));
    assert_eq!(since(&held), [1, 5]);
    // Planned now, it comes to the same.
    plan(&bench, "anew", "2027.1").await;
    derived(&bench, "anew").await;
    assert_eq!(kept(&bench, "strict").await, kept(&bench, "anew").await);

    switch(&bench, "as-reported").await;
    let back = bench.held(NORTH).await;
    assert_eq!(
        (back.derivation.as_str(), ids(&back)),
        ("as-reported", vec![("a", 1)])
    );
}

#[tokio::test]
async fn units_stated_anew_bear_on_what_was_derived_before() {
    let bench = Bench::new().await;
    register_unit(&bench, None).await;
    for id in ["a", "b", "c"] {
        bench.append(NORTH, &at_unit(id), RECEIVED, false).await;
    }
    bench.append(NORTH, &visit("x", 1, None), RECEIVED, false).await;
    plan(&bench, "early", "2026.1").await;
    derived(&bench, "early").await;
    switch(&bench, "early").await;
    let held = bench.held(NORTH).await;
    assert_eq!(ids(&held).len(), 4);
    let owners = held.groups.iter().filter(|group| group.axis == "place");
    let mut owners: Vec<pb::HeldOwner> = owners.map(pb::HeldGroup::owner).collect();
    owners.sort_by_key(|owner| *owner as i32);
    assert_eq!(
        owners,
        [pb::HeldOwner::ReportingUnit, pb::HeldOwner::UnitRegistration]
    );

    register_unit(&bench, Some("clinic")).await;
    let mut left = 4;
    for _ in 0..100 {
        left = bench.held(NORTH).await.records.len();
        if left == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left, 1, "the registration of the unit tells where");
    plan(&bench, "late", "2026.1").await;
    derived(&bench, "late").await;
    assert_eq!(kept(&bench, "early").await, kept(&bench, "late").await);
    // What the entries hold stays.
    switch(&bench, "as-reported").await;
    assert_eq!(bench.held(NORTH).await.records.len(), 4);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_told_and_left_out() {
    let bench = Bench::new().await;
    for id in ["a", "b"] {
        bench
            .append(NORTH, &visit(id, 1, Some("clinic")), RECEIVED, false)
            .await;
    }
    let stream = StreamId::reporter(NORTH).unwrap();
    let row = Row {
        key: [9; 16],
        leaf: [9; 32],
        bytes: b"nothing that an entry begins with".to_vec(),
    };
    bench.store.append(&stream, 2, vec![row]).await.unwrap();
    bench.append(NORTH, &visit("c", 1, None), RECEIVED, false).await;
    bench
        .append(SOUTH, &visit("s", 1, Some("clinic")), RECEIVED, false)
        .await;
    plan(&bench, "whole", "2026.1").await;
    let progress = derived(&bench, "whole").await;
    let told = progress.unreadable.first().unwrap();
    assert!(told.starts_with("reporter/region-01: position 2"), "{told}");
    assert_eq!(progress.unreadable.len(), 1);
    let parts: u64 = progress
        .changes
        .iter()
        .filter(|change| change.table == "contact-type")
        .map(|change| change.parts)
        .sum();
    assert_eq!(parts, 4);
    // What follows is followed, too.
    bench
        .append(NORTH, &visit("d", 1, Some("clinic")), RECEIVED, false)
        .await;
    assert_eq!(derived(&bench, "whole").await.done, 6);
}

#[tokio::test]
async fn a_derivation_goes_on_within_a_block() {
    let bench = Bench::new().await;
    for number in 0..12 {
        let id = format!("v-{number}");
        bench
            .append(NORTH, &visit(&id, 1, Some("clinic")), RECEIVED, false)
            .await;
    }
    // Left so by a stop: five of ten entries are derived, and all lie in one block.
    let stream = StreamId::reporter(NORTH).unwrap();
    let row = |key: Vec<u8>, value: Vec<u8>| RowChange {
        key,
        value: Some(value),
    };
    let left = vec![
        row(
            Key::Target.with(stream.as_str().as_bytes()),
            10_u64.to_be_bytes().to_vec(),
        ),
        row(
            Key::results(stream.as_str(), 0, 0),
            encode(&vec![Results::default(); 5]),
        ),
    ];
    bench
        .store
        .commit(&projection("resumed"), &stream, 0, 5, left)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    plan(&bench, "resumed", "2026.1").await;
    assert_eq!(derived(&bench, "resumed").await.done, 12);
}

/// Appends an entry of any kind to the stream of the north.
async fn append(bench: &Bench, entry: &StreamEntry) {
    let stream = StreamId::reporter(NORTH).unwrap();
    let size = bench.store.head(&stream).await.unwrap().size;
    let row = Row {
        key: entry.key(),
        leaf: entry.leaf(),
        bytes: entry.encode(),
    };
    bench.store.append(&stream, size, vec![row]).await.unwrap();
}

/// Appends an entry of a delivery of the north.
async fn deliver(bench: &Bench, opened: u64, record: &Record) {
    let mut entry = bench.append(SOUTH, record, RECEIVED, false).await;
    entry.header.reporter = NORTH.to_owned();
    entry.header.delivery = Some(Delivered { opened, test: false });
    append(bench, &StreamEntry::Record(entry)).await;
}

/// How many parts have a type of contact, and how many records wait, under a derivation.
async fn standing(bench: &Bench, id: &str) -> (u64, usize) {
    let progress = derived(bench, id).await;
    let of_type = progress
        .changes
        .iter()
        .filter(|change| change.table == "contact-type");
    let prefix = Key::Held.with(NORTH.as_bytes());
    let kept = kept(bench, id).await;
    let held = kept.iter().filter(|(key, _)| key.starts_with(&prefix)).count();
    (of_type.map(|change| change.parts).sum(), held)
}

#[tokio::test]
async fn records_of_a_delivery_count_once_it_is_closed() {
    let bench = Bench::new().await;
    bench
        .append(NORTH, &visit("a", 1, Some("clinic")), RECEIVED, false)
        .await;
    let opening = Opening {
        version: VERSION,
        reporter: NORTH.to_owned(),
        number: 1,
        received: RECEIVED,
        register: "near-care".to_owned(),
        periods: Vec::new(),
        test: false,
        window: Window::Primary,
        replaces: Vec::new(),
        by: "test".to_owned(),
    };
    append(&bench, &StreamEntry::Opened(opening)).await;
    plan(&bench, "followed", "2026.1").await;
    derived(&bench, "followed").await;
    deliver(&bench, 1, &visit("a", 2, None)).await;
    deliver(&bench, 1, &visit("b", 1, Some("clinic"))).await;
    bench.append(NORTH, &visit("c", 1, None), RECEIVED, false).await;
    plan(&bench, "between", "2026.1").await;
    for id in ["followed", "between"] {
        // Those of the south are the same records, each on its own.
        let (parts, held) = standing(&bench, id).await;
        assert_eq!((parts - 2, held), (2, 1), "{id}: a and c");
    }

    let closing = Closing {
        version: VERSION,
        reporter: NORTH.to_owned(),
        number: 1,
        received: RECEIVED,
        opened: 1,
        end: End::Current(Counts::default()),
        by: "test".to_owned(),
    };
    append(&bench, &StreamEntry::Closed(closing)).await;
    plan(&bench, "closed", "2026.1").await;
    for id in ["followed", "between", "closed"] {
        let (parts, held) = standing(&bench, id).await;
        assert_eq!((parts - 2, held), (3, 2), "{id}: a as delivered, b and c");
    }
    let closed = kept(&bench, "closed").await;
    assert_eq!(kept(&bench, "followed").await, closed);
    assert_eq!(kept(&bench, "between").await, closed);

    let header = bench
        .append(SOUTH, &visit("w", 1, None), RECEIVED, false)
        .await
        .header;
    let header = Header {
        reporter: NORTH.to_owned(),
        id: "a".to_owned(),
        revision: 3,
        replaces: 2,
        ..header
    };
    let withdrawal = Entry::withdrawal(header, "duplicate".to_owned());
    append(&bench, &StreamEntry::Record(withdrawal)).await;
    plan(&bench, "withdrawn", "2026.1").await;
    for id in ["followed", "withdrawn"] {
        let (parts, held) = standing(&bench, id).await;
        assert_eq!((parts - 3, held), (2, 1), "{id}: b and c");
    }
    assert_eq!(kept(&bench, "followed").await, kept(&bench, "withdrawn").await);
}

#[tokio::test]
async fn looking_at_exact_counts_is_noted() {
    let bench = Bench::new().await;
    bench
        .append(NORTH, &visit("a", 1, Some("clinic")), RECEIVED, false)
        .await;
    plan(&bench, "counted", "2026.1").await;
    look(&bench, "counted").await;
    let rows = bench.store.read(&StreamId::audit(), 0, 100).await.unwrap();
    let noted: Vec<String> = rows
        .iter()
        .map(|row| AuditEntry::decode(&row.bytes).unwrap().action().to_owned())
        .collect();
    assert!(
        noted.iter().any(|action| action == "reclassification"),
        "{noted:?}"
    );
}
