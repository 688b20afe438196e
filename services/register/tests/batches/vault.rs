//! What the vault knows of a batch's persons, and when it comes to know them: deaths, protection, residence, and keys.

use std::sync::Arc;

use jiff::civil::{Date, date};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::entry::StreamEntry;
use vardnav_register::identity::{PersonKey, normalise};
use vardnav_register::person::{Kommun, PersonEvent, Persons, Statement};
use vardnav_register::record::*;
use vardnav_service_register::{Register, Service};
use vardnav_store::{
    Answer, Drawn, FileVault, HeadKey, IdentityBytes, People, Sought, StoreError, StreamId, Vault,
    VaultKeeper as _,
};

use crate::bench::*;
use crate::*;

pub(crate) const DEAD: &str = "19821105-9954";
pub(crate) const ALIVE: &str = "198211069813";

async fn person(bench: &Bench, number: &str) -> PersonKey {
    let person = Person {
        identity: number.into(),
        ..visit("x", 1, None).person
    };
    let number = normalise(&person, date(2026, 11, 22)).unwrap();
    let identity = IdentityBytes::of(IdentityType::Personnummer, &number);
    *bench
        .files
        .resolve(vec![identity])
        .await
        .unwrap()
        .first()
        .unwrap()
}

pub(crate) async fn state(bench: &Bench, number: &str, statement: Statement) {
    let event = PersonEvent {
        person: person(bench, number).await,
        statement,
        at: RECEIVED,
        caller: "anna".into(),
        source: "00".into(),
    };
    bench.files.note(vec![event]).await.unwrap();
}

#[tokio::test]
async fn care_after_death_and_the_residence_of_the_protected_are_refused_by_what_the_vault_knows() {
    let bench = Bench::new().await;
    let on: Date = date(2026, 2, 7);
    state(&bench, DEAD, Statement::Died { on }).await;
    // Thirty days after it are too few by one.
    let mut last = visit("last", 1, None);
    let mut after = visit("after", 1, None);
    for (record, on) in [(&mut last, date(2026, 3, 9)), (&mut after, date(2026, 3, 10))] {
        if let Body::Contact(contact) = &mut record.body {
            contact.date = on;
        }
    }
    let answers = told(
        bench
            .report(vec![batch(NORTH, &[&last, &after])], trusted())
            .await,
    );
    assert_eq!(outcomes(&answers), [("last", true), ("after", false)]);
    assert!(
        codes(answers.last().unwrap()).contains(&"VN-REG-053"),
        "{answers:?}"
    );

    state(
        &bench,
        ALIVE,
        Statement::ProtectionBegan {
            on: date(2026, 3, 10),
        },
    )
    .await;
    let placed = of_person(visit("placed", 1, None), ALIVE);
    let mut unplaced = of_person(visit("unplaced", 1, None), ALIVE);
    unplaced.residence = None;
    unplaced.person.protected = true;
    let answers = told(
        bench
            .report(vec![batch(NORTH, &[&placed, &unplaced])], trusted())
            .await,
    );
    assert_eq!(
        outcomes(&answers),
        [("placed", false), ("unplaced", true)],
        "{answers:?}"
    );
    assert_eq!(codes(answers.first().unwrap()).first(), Some(&"VN-REG-039"));
}

/// The records of the north by id, with the residence that a caller is told of each and where it is from.
async fn residences(bench: &Bench, caller: Caller) -> Vec<(String, String, String)> {
    let request = pb::FollowRegisterRequest {
        reporter: NORTH.into(),
        until_now: true,
        ..Default::default()
    };
    let pieces = bench.service.follow_register(asked(request, caller)).await;
    let mut pieces = pieces.unwrap().into_inner();
    let mut told = Vec::new();
    while let Some(piece) = pieces.next().await {
        let records = piece
            .unwrap()
            .changes
            .into_iter()
            .filter_map(|change| change.record);
        told.extend(records.map(|record| (record.id, record.residence, record.residence_source)));
    }
    told
}

#[tokio::test]
async fn where_a_record_states_no_residence_it_is_the_population_registers_on_the_date() {
    let bench = Bench::new().await;
    let lives = |code: &str, from| Statement::Residence {
        kommun: Kommun::new(code).unwrap(),
        from,
        until: None,
    };
    state(&bench, ALIVE, lives("1280", date(2020, 1, 1))).await;
    state(&bench, ALIVE, lives("0180", date(2026, 11, 1))).await;
    // No code of a kommun.
    state(&bench, DEAD, lives("9999", date(2020, 1, 1))).await;
    let unplaced = |id: &str, number: &str| {
        let mut record = of_person(visit(id, 1, None), number);
        record.residence = None;
        record
    };
    let stated = of_person(visit("stated", 1, None), ALIVE);
    let mut agreed = of_person(visit("agreed", 1, None), ALIVE);
    agreed.residence = Some("1280".into());
    let (looked_up, nowhere) = (unplaced("looked-up", ALIVE), unplaced("nowhere", DEAD));
    let sent = batch(NORTH, &[&stated, &agreed, &looked_up, &nowhere]);
    let answers = told(bench.report(vec![sent], trusted()).await);
    let warned: Vec<bool> = answers
        .iter()
        .map(|told| codes(told).contains(&"VN-REG-056"))
        .collect();
    assert_eq!(warned, [true, false, false, false], "{answers:?}");
    assert!(outcomes(&answers).iter().all(|(_, taken)| *taken), "{answers:?}");

    let row = |id: &str, code: &str, source: &str| (id.to_owned(), code.to_owned(), source.to_owned());
    let before = residences(&bench, trusted()).await;
    assert_eq!(before.get(2), Some(&row("looked-up", "1280", "population")));
    // A guess is not answered where nothing is taken.
    for (id, validate_only) in [("guess", true), ("guess", false)] {
        let mut guess = of_person(visit(id, 1, None), ALIVE);
        if !validate_only {
            guess.revision = 7;
        }
        let request = pb::ReportRequest {
            validate_only,
            ..batch(NORTH, &[&guess])
        };
        let told = told(bench.report(vec![request], trusted()).await);
        assert!(!codes(told.first().unwrap()).contains(&"VN-REG-056"), "{told:?}");
    }

    // Whose data are protected now lived nowhere before either, but for what was stated.
    let on = date(2026, 11, 10);
    state(&bench, ALIVE, Statement::ProtectionBegan { on }).await;
    let hidden = unplaced("hidden", ALIVE);
    bench.report(vec![batch(NORTH, &[&hidden])], trusted()).await;
    assert_eq!(
        residences(&bench, trusted()).await,
        [
            row("stated", "0180", "stated"),
            row("agreed", "1280", "stated"),
            row("looked-up", "", ""),
            row("nowhere", "", ""),
            row("hidden", "", ""),
        ]
    );
    // A reporter is told what it stated.
    let own = residences(&bench, of_the_north(r#""register.export""#)).await;
    assert_eq!(own.get(2), Some(&row("looked-up", "", "")));
    assert_eq!(own.first(), Some(&row("stated", "0180", "stated")));
}

#[tokio::test]
async fn a_dry_run_tells_what_the_vault_knows_keeps_nobody_and_is_noted() {
    let bench = Bench::new().await;
    state(&bench, DEAD, Statement::Died { on: date(2020, 1, 1) }).await;
    let dead = visit("late", 1, None);
    let unknown = of_person(visit("unknown", 1, None), ALIVE);
    let persons = bench.files.persons();
    let audit = StreamId::audit();
    for (record, finding, validate_only, noted) in [
        (&unknown, None, true, 0),
        (&dead, Some("VN-REG-053"), true, 1),
        // So is a batch of which nothing is taken.
        (&dead, Some("VN-REG-053"), false, 1),
    ] {
        let before = bench.store.head(&audit).await.unwrap().size;
        let request = pb::ReportRequest {
            validate_only,
            ..batch(NORTH, &[record])
        };
        let answers = told(bench.report(vec![request], trusted()).await);
        let found = codes(answers.first().unwrap());
        assert_eq!(found.contains(&"VN-REG-053"), finding.is_some(), "{answers:?}");
        assert_eq!(bench.store.head(&audit).await.unwrap().size, before + noted);
    }
    assert_eq!(bench.files.persons(), persons);
    let stream = StreamId::reporter(NORTH).unwrap();
    assert_eq!(bench.store.head(&stream).await.unwrap().size, 0);
}

/// A vault that at first does not know whom it has: as when another batch brings them at the same moment.
struct Late {
    vault: Arc<FileVault>,
    unknown: std::sync::atomic::AtomicUsize,
}

impl Vault for Late {
    fn seek(&self, identity: IdentityBytes) -> Result<Sought, StoreError> {
        self.vault.seek(identity)
    }

    fn look<'a>(&'a self, sought: &'a [Sought]) -> Answer<'a, People> {
        use std::sync::atomic::Ordering::Relaxed;
        Box::pin(async move {
            let mut people = self.vault.look(sought).await?;
            for found in &mut people.found {
                let late = self
                    .unknown
                    .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
                if late.is_ok() {
                    (found.person, found.is_known) = (PersonKey([7; 16]), false);
                }
            }
            Ok(people)
        })
    }

    fn keep(&self, persons: Vec<Drawn>) -> Answer<'_, Vec<PersonKey>> {
        self.vault.keep(persons)
    }

    fn stated<'a>(&'a self, persons: &'a [PersonKey]) -> Answer<'a, Persons> {
        self.vault.stated(persons)
    }

    fn seal_nonce(&self, nonce: &[u8; 32], associated: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.vault.seal_nonce(nonce, associated)
    }

    fn unseal_nonce(&self, sealed: &[u8], associated: &[u8]) -> Result<[u8; 32], StoreError> {
        self.vault.unseal_nonce(sealed, associated)
    }
}

#[tokio::test]
async fn whoever_comes_with_another_batch_at_the_same_time_gets_one_key_and_is_held_against_what_is_known() {
    for late in 0..3 {
        let bench = Bench::new().await;
        state(&bench, DEAD, Statement::Died { on: date(2020, 1, 1) }).await;
        let known = person(&bench, ALIVE).await;
        let vault = Arc::new(Late {
            vault: Arc::clone(&bench.files),
            unknown: late.into(),
        });
        let register = Register::new(
            Arc::clone(&bench.store),
            vault,
            Arc::clone(&bench.authority),
            HeadKey::open(bench.folder.path()).unwrap(),
            2,
        );
        let bench = Bench {
            service: Service::new(register),
            ..bench
        };
        let records = [
            of_person(visit("a", 1, None), ALIVE),
            visit("dead", 1, None),
            of_person(visit("b", 1, None), ALIVE),
        ];
        let sent: Vec<&Record> = records.iter().collect();
        let answers = told(bench.report(vec![batch(NORTH, &sent)], trusted()).await);
        assert_eq!(
            outcomes(&answers),
            [("a", true), ("dead", false), ("b", true)],
            "{late}: {answers:?}"
        );
        let rows = bench.store.read(&StreamId::reporter(NORTH).unwrap(), 0, 10).await;
        let persons = rows
            .unwrap()
            .into_iter()
            .map(|row| match StreamEntry::decode(&row.bytes) {
                Ok(StreamEntry::Record(entry)) => entry.person().unwrap(),
                other => panic!("{other:?}"),
            });
        assert_eq!(persons.collect::<Vec<_>>(), [Some(known); 2]);
    }
}
