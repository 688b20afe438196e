//! Batches over the wire: what one record of a batch has to do with the records beside it, with what the vault knows of
//! its person, and with whoever sends it.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test that cannot go on stops"
)]

#[expect(dead_code, reason = "this test needs a part of the bench")]
#[path = "../bench/mod.rs"]
mod bench;
mod database;
mod vault;

use bench::*;
use jiff::civil::{Date, date};
use tokio_stream::StreamExt as _;
use tonic::Code;
use vardnav_api::register::record_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::quality_service_server::QualityService as _;
use vardnav_api::vardnav::register::v1::register_service_server::RegisterService as _;
use vardnav_interchange::release::starter;
use vardnav_register::audit::AuditEntry;
use vardnav_register::entry::StreamEntry;
use vardnav_register::person::Statement;
use vardnav_register::receipt::WithdrawalLeaf;
use vardnav_register::record::*;
use vardnav_register::tree::MultiProof;
use vardnav_release::package::Package;
use vardnav_runtime::caller::Caller;
use vardnav_store::StreamId;
use vault::{ALIVE, DEAD, state};

fn batch(reporter: &str, records: &[&Record]) -> pb::ReportRequest {
    pb::ReportRequest {
        reporter: reporter.into(),
        records: records
            .iter()
            .map(|record| record_message(record, true))
            .collect(),
        ..Default::default()
    }
}

/// The outcomes of records sent together, and of the same sent one by one to the other reporter.
async fn together_and_one_by_one(bench: &Bench, held: &[&Record], sent: &[&Record]) -> [Vec<Told>; 2] {
    for reporter in [NORTH, SOUTH] {
        bench.report(vec![batch(reporter, held)], trusted()).await;
    }
    let together = bench.report(vec![batch(NORTH, sent)], trusted()).await;
    let each = sent.iter().map(|record| batch(SOUTH, &[record])).collect();
    let one_by_one = bench.report(each, trusted()).await;
    [told(together), told(one_by_one)]
}

/// Id, revision, outcome, codes and texts of what was found.
type Told = (String, u32, i32, Vec<(String, String)>);

fn told(answers: Vec<pb::ReportResponse>) -> Vec<Told> {
    let outcomes = answers.into_iter().flat_map(|answer| answer.outcomes);
    let told = |outcome: pb::RecordOutcome| {
        let findings = outcome.findings.into_iter();
        let findings = findings.map(|finding| (finding.code, finding.message)).collect();
        (outcome.id, outcome.revision, outcome.outcome, findings)
    };
    outcomes.map(told).collect()
}

fn outcomes(told: &[Told]) -> Vec<(&str, bool)> {
    let rejected = i32::from(pb::Outcome::Rejected);
    told.iter()
        .map(|(id, _, outcome, _)| (id.as_str(), *outcome != rejected))
        .collect()
}

fn codes(told: &Told) -> Vec<&str> {
    told.3.iter().map(|(code, _)| code.as_str()).collect()
}

fn of_person(record: Record, number: &str) -> Record {
    let mut record = record;
    record.person.identity = number.into();
    record
}

/// An episode in hospital, and a contact within it whose facts say less than a contact alone must.
fn episode(id: &str, revision: u32) -> Record {
    let visit = visit(id, revision, None);
    Record {
        facts: Vec::new(),
        body: Body::Episode(Episode {
            start: date(2026, 3, 1),
            end: None,
            end_mode: None,
            decided_by: Some("hospital-physician".into()),
            plans: Vec::new(),
            responsibilities: Vec::new(),
            segments: vec![Segment {
                start: date(2026, 3, 1),
                end: None,
                unit: None,
                facts: vec![fact("place", "clinic")],
                codes: Vec::new(),
            }],
        }),
        ..visit
    }
}

fn within(id: &str, episode: &str) -> Record {
    let mut record = visit(id, 1, None);
    if let Body::Contact(contact) = &mut record.body {
        contact.episode = Some(episode.into());
    }
    record
}

#[tokio::test]
async fn an_episode_that_is_refused_lends_nothing_to_the_records_after_it() {
    let bench = Bench::new().await;
    state(&bench, DEAD, Statement::Died { on: date(2020, 1, 1) }).await;
    let [refused, taken] = ["e-refused", "e-taken"].map(|id| episode(id, 1));
    let taken = of_person(taken, ALIVE);
    let [on_refused, on_taken] =
        [("c-1", "e-refused"), ("c-2", "e-taken")].map(|(id, episode)| of_person(within(id, episode), ALIVE));
    // The same episode again of whom it is: now it is taken, and lends what it says.
    let mended = of_person(episode("e-refused", 1), ALIVE);
    let on_mended = of_person(within("c-3", "e-refused"), ALIVE);
    let next = of_person(episode("e-refused", 2), ALIVE);
    let sent = [
        &refused,
        &taken,
        &on_refused,
        &on_taken,
        &refused,
        &mended,
        &on_mended,
        &next,
    ];
    let [together, one_by_one] = together_and_one_by_one(&bench, &[], &sent).await;
    assert_eq!(together, one_by_one);
    assert!(
        codes(together.first().unwrap()).contains(&"VN-REG-053"),
        "{together:?}"
    );
    let kind = async |reporter: &str, id: &str| {
        let request = pb::GetEpisodeRequest {
            reporter: reporter.into(),
            id: id.into(),
            kind: pb::RecordKind::Contact.into(),
            ..Default::default()
        };
        let held = bench.service.get_episode(asked(request, trusted())).await;
        let held = held.unwrap().into_inner().revisions;
        held.first().unwrap().derived.clone()
    };
    let alone = kind(NORTH, "c-1").await;
    assert_eq!(alone, kind(SOUTH, "c-1").await, "it is as if it stood alone");
    let lent = kind(NORTH, "c-2").await;
    assert_ne!(alone, lent, "an episode tells where its contacts take place");
    assert_eq!(lent, kind(NORTH, "c-3").await);
}

#[tokio::test]
async fn revisions_that_the_ledger_holds_decide_the_same_however_they_are_batched() {
    let first = visit("a", 1, None);
    let other = visit("a", 1, Some("clinic"));
    let [second, third] = [2, 3].map(|revision| visit("a", revision, Some("clinic")));
    for (sent, taken) in [
        (vec![&other, &second], vec![("a", false), ("a", true)]),
        (vec![&second, &first], vec![("a", true), ("a", true)]),
        (
            vec![&third, &second, &first],
            vec![("a", false), ("a", true), ("a", true)],
        ),
        (
            vec![&other, &third, &second],
            vec![("a", false), ("a", false), ("a", true)],
        ),
    ] {
        let bench = Bench::new().await;
        let [together, one_by_one] = together_and_one_by_one(&bench, &[&first], &sent).await;
        assert_eq!(outcomes(&together), taken);
        assert_eq!(together, one_by_one);
    }
}

#[tokio::test]
async fn a_batch_of_another_reporter_changes_nothing_of_that_reporters() {
    let bench = Bench::new().await;
    let month = jiff::Zoned::now().date().first_of_month().yesterday().unwrap();
    let number = open(&bench, SOUTH, "near-care", month, false).await;
    let stray = |delivery| pb::ReportRequest {
        delivery,
        input: "stray".into(),
        last_line: 999_999,
        ..batch(SOUTH, &[&visit("a", 1, None)])
    };
    let sizes = async || {
        let mut sizes = Vec::new();
        let refused = StreamId::new(&format!("refused/{SOUTH}"));
        for stream in [StreamId::reporter(SOUTH), refused] {
            let stream = stream.unwrap();
            sizes.push(bench.store.head(&stream).await.unwrap().size);
        }
        sizes
    };
    let before = sizes().await;
    let stranger = || of_the_north(r#""register.report""#);
    let answers = told(bench.report(vec![stray(number), stray(0)], stranger()).await);
    assert_eq!(outcomes(&answers), [("a", false), ("a", false)]);
    assert_eq!(sizes().await, before);
    // Nor does a batch of its own that is too large tell that its lines were answered.
    let many = pb::ReportRequest {
        records: vec![record_message(&visit("a", 1, None), true); 5_001],
        ..stray(number)
    };
    bench.report(vec![many], trusted()).await;
    let request = pb::GetDeliveryRequest {
        reporter: SOUTH.into(),
        number,
    };
    let held = bench
        .service
        .get_delivery(asked(request, trusted()))
        .await
        .unwrap();
    assert!(held.into_inner().inputs.is_empty());
}

#[tokio::test]
async fn a_variable_without_a_basis_is_taken_in_a_test_delivery_alone() {
    let files = starter::package().unwrap();
    let files = files.files().map(|(path, bytes)| match path {
        "register/limits.toml" => {
            let text = std::str::from_utf8(bytes).unwrap();
            let decided = text.replace("collects_on_proposals = true", "collects_on_proposals = false");
            (path.to_owned(), decided.into_bytes())
        }
        _ => (path.to_owned(), bytes.to_vec()),
    });
    let bench = Bench::under(Package::new(files).unwrap()).await;
    let month = jiff::Zoned::now().date().first_of_month().yesterday().unwrap();
    let mut record = visit("a", 1, None);
    if let Body::Contact(contact) = &mut record.body {
        contact.date = month;
    }
    let plain = told(bench.report(vec![batch(NORTH, &[&record])], trusted()).await);
    assert!(codes(plain.first().unwrap()).contains(&"VN-REG-049"), "{plain:?}");
    let number = open(&bench, NORTH, "near-care", month, true).await;
    let mut tested = batch(NORTH, &[&record]);
    tested.delivery = number;
    let tested = told(bench.report(vec![tested], trusted()).await);
    assert_eq!(outcomes(&tested), [("a", true)], "{tested:?}");
}

#[tokio::test]
async fn a_register_holds_what_it_has_a_basis_for() {
    let bench = Bench::new().await;
    let month = jiff::Zoned::now().date().first_of_month().yesterday().unwrap();
    let delegated = |id: &str| {
        let mut record = visit(id, 1, None);
        if let Body::Contact(contact) = &mut record.body {
            contact.date = month;
            contact.delegated = Some(true);
        }
        record
    };
    for (register, is_held) in [
        ("near-care", true),
        ("municipal-register", true),
        ("par-outpatient", false),
    ] {
        let number = open(&bench, NORTH, register, month, false).await;
        let mut delivered = batch(NORTH, &[&delegated(register)]);
        delivered.delivery = number;
        let told = told(bench.report(vec![delivered], trusted()).await);
        let found = codes(told.first().unwrap());
        assert_eq!(!found.contains(&"VN-REG-049"), is_held, "{register}: {told:?}");
    }
    let alone = told(
        bench
            .report(vec![batch(NORTH, &[&delegated("alone")])], trusted())
            .await,
    );
    assert_eq!(outcomes(&alone), [("alone", true)], "{alone:?}");

    // What another register holds as it stands is not held by this one for that, nor in other months.
    let other = month.first_of_month().yesterday().unwrap();
    for (register, period, code) in [
        ("par-inpatient", month, "VN-REG-049"),
        ("near-care-of-another-month", other, "VN-DEL-003"),
    ] {
        let register = register.strip_suffix("-of-another-month").unwrap_or(register);
        let number = open(&bench, SOUTH, register, period, false).await;
        bench
            .report(vec![batch(SOUTH, &[&delegated("alone")])], trusted())
            .await;
        let mut delivered = batch(SOUTH, &[&delegated("alone")]);
        delivered.delivery = number;
        let told = told(bench.report(vec![delivered], trusted()).await);
        assert!(
            codes(told.first().unwrap()).contains(&code),
            "{register}: {told:?}"
        );
    }
}

/// Opens a delivery of a reporter to a register for a month; gives its number.
async fn open(bench: &Bench, reporter: &str, register: &str, month: Date, test: bool) -> u32 {
    let request = pb::OpenDeliveryRequest {
        reporter: reporter.into(),
        register: register.into(),
        periods: vec![month.strftime("%Y-%m").to_string()],
        test,
        ..Default::default()
    };
    let opened = bench.service.open_delivery(asked(request, trusted())).await;
    opened.unwrap().into_inner().delivery.unwrap().number
}

/// Opens a delivery of the north for the month before this one; gives its number and a visit in it.
async fn delivery(bench: &Bench) -> (u32, impl Fn(&str, Option<&str>) -> Record) {
    let month = jiff::Zoned::now().date().first_of_month().yesterday().unwrap();
    let number = open(bench, NORTH, "near-care", month, false).await;
    let record = move |id: &str, place: Option<&str>| {
        let mut record = visit(id, 1, place);
        if let Body::Contact(contact) = &mut record.body {
            contact.date = month;
        }
        record
    };
    (number, record)
}

#[tokio::test]
async fn the_last_word_on_a_record_in_a_delivery_counts_and_lines_sent_again_are_answered_as_before() {
    let (one, other) = (Some("clinic"), Some("school"));
    for batches in [vec![3], vec![1, 1, 1], vec![2, 1]] {
        let bench = Bench::new().await;
        let (number, record) = delivery(&bench).await;
        let words = [record("a", one), record("a", other), record("a", one)];
        let mut line = 0;
        let sent: Vec<pb::ReportRequest> = batches
            .iter()
            .map(|count| {
                let some: Vec<&Record> = words.iter().skip(line).take(*count).collect();
                line += count;
                pb::ReportRequest {
                    delivery: number,
                    input: "file".into(),
                    last_line: line as u64,
                    ..batch(NORTH, &some)
                }
            })
            .collect();
        let answers = bench.report(sent.clone(), trusted()).await;
        let outcomes = |answers: &[pb::ReportResponse]| {
            let outcomes = answers.iter().flat_map(|answer| &answer.outcomes);
            let told = outcomes.map(|outcome| (outcome.revision, outcome.leaf.clone()));
            told.collect::<Vec<_>>()
        };
        let first = outcomes(&answers);
        let revisions: Vec<u32> = first.iter().map(|(revision, _)| *revision).collect();
        assert_eq!(revisions, [1, 2, 3]);
        assert!(first.iter().all(|(_, leaf)| !leaf.is_empty()));

        let stream = StreamId::reporter(NORTH).unwrap();
        let size = bench.store.head(&stream).await.unwrap().size;
        let again = outcomes(&bench.report(sent, trusted()).await);
        assert_eq!(bench.store.head(&stream).await.unwrap().size, size);
        for ((before, after), place) in first.iter().zip(&again).zip(0..) {
            // The first and the last say the same: either may be told for both.
            let is_one = place != 1;
            assert!(before == after || is_one && after.0 != 2, "{first:?} {again:?}");
        }
    }
}

#[tokio::test]
async fn who_reported_delivered_or_withdrew_is_noted_once_a_batch_with_the_instant_of_its_entries() {
    let bench = Bench::new().await;
    let north = || of_the_north(r#""register.report""#);
    let records = [visit("a", 1, None), visit("b", 1, None)];
    let both: Vec<&Record> = records.iter().collect();
    let (number, record) = delivery(&bench).await;
    let delivered = pb::ReportRequest {
        delivery: number,
        ..batch(NORTH, &[&record("c", None)])
    };
    // What is sent again changes nothing, and is not noted.
    let sent = vec![batch(NORTH, &both), batch(NORTH, &both), delivered];
    bench.report(sent, north()).await;
    let request = pb::WithdrawRecordsRequest {
        reporter: NORTH.into(),
        reason: "duplicate".into(),
        records: vec![pb::withdraw_records_request::RecordName {
            kind: pb::RecordKind::Contact.into(),
            id: "a".into(),
            revision: 0,
        }],
        ..Default::default()
    };
    bench
        .service
        .withdraw_records(asked(request, north()))
        .await
        .unwrap();

    let rows = bench.store.read(&StreamId::audit(), 0, 100).await.unwrap();
    let notes = rows.iter().map(|row| AuditEntry::decode(&row.bytes).unwrap());
    let notes: Vec<AuditEntry> = notes.filter(|note| note.reporter() == NORTH).collect();
    let told: Vec<_> = notes.iter().map(|note| (note.caller(), note.action())).collect();
    assert_eq!(
        told,
        [("north", "report"), ("north", "deliver"), ("north", "withdraw")]
    );
    let rows = bench
        .store
        .read(&StreamId::reporter(NORTH).unwrap(), 0, 100)
        .await
        .unwrap();
    for row in rows {
        if let Ok(StreamEntry::Record(entry)) = StreamEntry::decode(&row.bytes) {
            let noted = notes.iter().filter(|note| note.at() == entry.header.received);
            assert_eq!(noted.count(), 1);
        }
    }
}

#[tokio::test]
async fn a_record_is_withdrawn_for_a_reason_that_the_release_has() {
    let bench = Bench::new().await;
    let north = || of_the_north(r#""register.report""#);
    bench
        .report(vec![batch(NORTH, &[&visit("a", 1, None)])], north())
        .await;
    let withdraw = async |reason: &str| {
        let request = pb::WithdrawRecordsRequest {
            reporter: NORTH.into(),
            reason: reason.into(),
            records: vec![pb::withdraw_records_request::RecordName {
                kind: pb::RecordKind::Contact.into(),
                id: "a".into(),
                revision: 0,
            }],
            ..Default::default()
        };
        let answer = bench.service.withdraw_records(asked(request, north())).await;
        answer.map(|answer| {
            let mut answer = answer.into_inner();
            (answer.outcomes.remove(0), answer.receipt)
        })
    };
    for reason in ["boredom", "not-in-delivery", ""] {
        let refused = withdraw(reason).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(
            refused
                .message()
                .contains("release 2026.1 has reported-in-error, wrong-person"),
            "{refused:?}"
        );
    }
    let (first, receipt) = withdraw("duplicate").await.unwrap();
    assert!(first.withdrawn && !first.resent);
    let (again, receipt_again) = withdraw("duplicate").await.unwrap();
    assert!(again.resent);
    assert_eq!(again.leaf, first.leaf);
    for receipt in [receipt.unwrap(), receipt_again.unwrap()] {
        assert_eq!(receipt.leaves.len(), 1);
        let leaf = receipt.leaves.first().unwrap();
        assert_eq!((leaf.leaf.as_ref(), leaf.position), (first.leaf.as_ref(), 1));
        let hash = WithdrawalLeaf {
            version: u8::try_from(leaf.version).unwrap(),
            kind: RecordKind::Contact,
            id: leaf.id.clone(),
            revision: leaf.revision,
            replaces: leaf.replaces,
            position: leaf.position,
            received: leaf.received_micros,
            reason: leaf.withdrawn.clone(),
        };
        let hash = hash.hash(NORTH).unwrap();
        assert_eq!(hash, leaf.leaf.as_ref());
        let hashes = receipt.proof.iter().map(|hash| hash.as_ref().try_into().unwrap());
        let proof = MultiProof {
            hashes: hashes.collect(),
        };
        let head = receipt.head.unwrap();
        let root = head.root.as_ref().try_into().unwrap();
        assert_eq!(proof.verify(head.size, &[(1, hash)], &root), Ok(()));
    }
}

#[tokio::test]
async fn a_locked_month_is_delivered_by_whom_the_release_excepts() {
    let files = starter::package().unwrap();
    let files = files.files().map(|(path, bytes)| match path {
        "register/deliveries.toml" => {
            let text = std::str::from_utf8(bytes).unwrap();
            let excepted = format!(
                "refresh_days = 92\n\n[[register.exception]]\nreporter = \"{NORTH}\"\nperiods = [\"2024-02\"]\n\
                 until = 9999-01-01\n"
            );
            (path.to_owned(), text.replacen("refresh_days = 92\n", &excepted, 1).into_bytes())
        }
        _ => (path.to_owned(), bytes.to_vec()),
    });
    let bench = Bench::under(Package::new(files).unwrap()).await;
    let open = async |reporter: &str, period: &str| {
        let request = pb::OpenDeliveryRequest {
            reporter: reporter.into(),
            register: "par-inpatient".into(),
            periods: vec![period.into()],
            validate_only: true,
            ..Default::default()
        };
        let opened = bench.service.open_delivery(asked(request, trusted())).await;
        opened.map(|opened| opened.into_inner().delivery.unwrap().window())
    };
    assert_eq!(
        open(NORTH, "2024-02").await.unwrap(),
        pb::DeliveryWindow::Exception
    );
    for (reporter, period) in [(SOUTH, "2024-02"), (NORTH, "2024-03")] {
        let refused = open(reporter, period).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused:?}");
    }
}
