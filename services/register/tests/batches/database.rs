//! Two servers over one database, the vault in it: what the one's vault was told the other's batches are held against, a
//! person has one key whoever brings them, and no stored byte holds a number.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;
use vardnav_register::entry::StreamEntry;
use vardnav_register::person::{PersonEvent, Statement};
use vardnav_service_register::{Register, Service};
use vardnav_store::postgres::private::{Private, QUICK};
use vardnav_store::postgres::{Options, Postgres, PostgresVault};
use vardnav_store::{HeadKey, Store as _, StreamId, Vault as _, VaultKeeper as _};

use crate::bench::*;
use crate::*;

/// A server of its own over the database, with the keys in a folder; what it keeps persons by too.
async fn serve(url: &str, folder: &Path) -> (Bench, Arc<PostgresVault>, Postgres) {
    let options = Options {
        connections: 6,
        volatile: true,
        ..Options::default()
    };
    let store = Postgres::open(url, options).await.unwrap();
    let vault = Arc::new(PostgresVault::open(&store, folder).await.unwrap());
    let bench = Bench::new().await;
    let register = Register::new(
        Arc::new(store.clone()),
        Arc::<PostgresVault>::clone(&vault),
        Arc::clone(&bench.authority),
        HeadKey::open(folder).unwrap(),
        2,
    );
    let bench = Bench {
        service: Service::new(register),
        ..bench
    };
    (bench, vault, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_over_one_database_know_the_same_persons_and_it_holds_no_number() {
    let Some(private) = Private::start(QUICK).unwrap() else {
        return;
    };
    let url = private.database("register").await.unwrap();
    let folders = tempfile::tempdir().unwrap();
    let at = |name: &str| folders.path().join(name);
    let (one, vault, store) = serve(&url, &at("one")).await;
    std::fs::create_dir_all(at("other")).unwrap();
    for key in ["key", "head-key"] {
        std::fs::copy(at("one").join(key), at("other").join(key)).unwrap();
    }
    let (other, _, _) = serve(&url, &at("other")).await;

    // Both bring the same person at once, each to a reporter of its own.
    let (here, there) = (
        of_person(visit("here", 1, None), ALIVE),
        of_person(visit("there", 1, None), ALIVE),
    );
    let (one_told, other_told) = tokio::join!(
        one.report(vec![batch(NORTH, &[&here])], trusted()),
        other.report(vec![batch(SOUTH, &[&there])], trusted()),
    );
    for told in [told(one_told), told(other_told)] {
        assert!(outcomes(&told).iter().all(|(_, taken)| *taken), "{told:?}");
    }
    let mut persons = BTreeSet::new();
    for reporter in [NORTH, SOUTH] {
        let stream = StreamId::reporter(reporter).unwrap();
        for row in store.read(&stream, 0, 10).await.unwrap() {
            if let Ok(StreamEntry::Record(entry)) = StreamEntry::decode(&row.bytes) {
                persons.extend(entry.person().unwrap());
            }
        }
    }
    let [person] = Vec::from_iter(persons).try_into().unwrap();

    // What is stated at the one is known to the other's next batch.
    let event = PersonEvent {
        person,
        statement: Statement::Died { on: date(2020, 1, 1) },
        at: RECEIVED,
        caller: "anna".into(),
        source: "00".into(),
    };
    assert_eq!(vault.note(vec![event]).await.unwrap(), [Ok(true)]);
    assert_eq!(vault.keys(person).await.unwrap(), [person]);
    let late = of_person(visit("late", 1, None), ALIVE);
    let mut misplaced = visit(DEAD, 1, None);
    misplaced.unit = Some(DEAD.into());
    let answers = told(
        other
            .report(
                vec![batch(SOUTH, &[&late, &misplaced, &visit("fine", 1, None)])],
                trusted(),
            )
            .await,
    );
    let taken: Vec<bool> = outcomes(&answers).iter().map(|(_, taken)| *taken).collect();
    assert_eq!(taken, [false, false, true], "{answers:?}");
    assert!(
        codes(answers.first().unwrap()).contains(&"VN-REG-053"),
        "{answers:?}"
    );

    let rows = private.rows("register").await.unwrap();
    assert!(rows.lines().count() > 20, "something was looked at");
    for number in [ALIVE, DEAD] {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let (_, short) = digits.split_at_checked(2).unwrap();
        for told in [short.to_owned(), format!("{}-{}", &short[..6], &short[6..])] {
            let bytes: String = told.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(
                !rows.contains(&told) && !rows.contains(&bytes),
                "a personal number is stored"
            );
        }
    }
}
