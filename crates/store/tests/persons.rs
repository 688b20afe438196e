//! What the vault knows of persons beside their numbers: noted once, kept sealed, read back as it was said; keys for
//! linkage say nothing across projects.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;
use vardnav_register::identity::{PersonKey, normalise};
use vardnav_register::person::{Kommun, PersonError, PersonEvent, Statement};
use vardnav_register::record::{IdentityType, Person};
use vardnav_store::vault::suite::{self, Opener};
use vardnav_store::{FileVault, IdentityBytes, StoreError, Vault, VaultKeeper};

/// Reserve numbers of no one.
fn text(n: u64) -> String {
    format!("R99X{n:010}")
}

fn identity(n: u64) -> IdentityBytes {
    let person = Person {
        identity_type: IdentityType::Reserve,
        identity: text(n),
        sex: None,
        birth_date: None,
        protected: false,
    };
    IdentityBytes::of(
        IdentityType::Reserve,
        &normalise(&person, date(2026, 1, 1)).unwrap(),
    )
}

fn event(person: PersonKey, statement: Statement) -> PersonEvent {
    PersonEvent {
        person,
        statement,
        at: 7,
        caller: "anna".to_owned(),
        source: "ab".to_owned(),
    }
}

fn lives(code: &str, year: i16) -> Statement {
    Statement::Residence {
        kommun: Kommun::new(code).unwrap(),
        from: date(year, 1, 1),
        until: None,
    }
}

async fn keys(vault: &FileVault, count: u64) -> Vec<PersonKey> {
    vault.resolve((0..count).map(identity).collect()).await.unwrap()
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap_or_default())
        })
        .collect()
}

struct Folder<'a>(&'a Path);

impl Opener for Folder<'_> {
    async fn open(&mut self) -> Arc<dyn VaultKeeper> {
        Arc::new(FileVault::open(self.0).unwrap())
    }

    async fn beside(&mut self, open: &Arc<dyn VaultKeeper>) -> Arc<dyn VaultKeeper> {
        Arc::clone(open)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_in_a_folder_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    suite::run(&mut Folder(folder.path())).await;
}

#[tokio::test]
async fn statements_are_noted_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let events = |keys: &[PersonKey]| {
        vec![
            event(keys[0], lives("0180", 2024)),
            event(keys[0], lives("0180", 2024)),
            event(keys[0], lives("1280", 2025)),
            event(keys[1], Statement::Died { on: date(2026, 2, 3) }),
            event(keys[2], Statement::Merged { into: keys[1] }),
            event(keys[1], Statement::Merged { into: keys[2] }),
        ]
    };
    let circle = Err(PersonError::Circle);
    let known = {
        let vault = FileVault::open(folder.path()).unwrap();
        let keys = keys(&vault, 4).await;
        let noted = vault.note(events(&keys)).await.unwrap();
        assert_eq!(noted, [Ok(true), Ok(false), Ok(true), Ok(true), Ok(true), circle]);
        keys
    };
    for _ in 0..2 {
        let before = files(folder.path());
        let vault = FileVault::open_existing(folder.path()).unwrap();
        let again = vault.note(events(&known)).await.unwrap();
        assert!(again[..5].iter().all(|noted| *noted == Ok(false)) && again[5] == circle);
        assert_eq!(files(folder.path()), before, "the same again writes nothing");
        let stated = vault.stated(&known).await.unwrap();
        let state = |key, year| stated.state(key, date(year, 6, 1));
        assert_eq!(state(known[0], 2024).residence, Kommun::new("0180"));
        assert_eq!(state(known[0], 2026).residence, Kommun::new("1280"));
        for key in [known[1], known[2]] {
            assert_eq!(state(key, 2020).died, Some(date(2026, 2, 3)));
            assert_eq!(state(key, 2020).leader, known[1]);
            assert_eq!(vault.keys(key).await.unwrap(), [known[1], known[2]]);
        }
        assert_eq!(state(known[3], 2026).leader, known[3]);
    }
}

#[tokio::test]
async fn another_number_leads_to_the_same_person_and_all_are_given_when_opened() {
    let folder = tempfile::tempdir().unwrap();
    let vault = FileVault::open(folder.path()).unwrap();
    let persons = keys(&vault, 3).await;
    assert_eq!(vault.lead(identity(90), persons[0]).await.unwrap(), persons[0]);
    assert_eq!(vault.lead(identity(90), persons[1]).await.unwrap(), persons[0]);
    assert_eq!(vault.lead(identity(2), persons[0]).await.unwrap(), persons[2]);
    assert_eq!(vault.resolve(vec![identity(90)]).await.unwrap(), persons[..1]);
    let unknown = vault.known(vec![identity(1), identity(91)]).await.unwrap();
    assert_eq!(unknown, [Some(persons[1]), None]);
    vault
        .note(vec![event(persons[2], Statement::Merged { into: persons[0] })])
        .await
        .unwrap();
    drop(vault);
    let vault = FileVault::open_existing(folder.path()).unwrap();
    for asked in [persons[0], persons[2]] {
        let numbers = vault.open_numbers(vec![asked]).await.unwrap();
        let told: Vec<_> = numbers
            .iter()
            .map(|number| (number.person, number.identity.reveal().unwrap().1.to_owned()))
            .collect();
        let expected = [(persons[0], 0), (persons[2], 2), (persons[0], 90)];
        assert_eq!(told, expected.map(|(person, number)| (person, text(number))));
    }
    assert!(
        vault
            .open_numbers(vec![PersonKey([0; 16])])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn keys_of_linkage_are_one_a_person_within_a_project_and_strangers_across() {
    let folder = tempfile::tempdir().unwrap();
    let vault = FileVault::open(folder.path()).unwrap();
    let persons = keys(&vault, 50).await;
    let one = vault.linkage("heart", &persons).await.unwrap();
    let other = vault.linkage("lung", &persons).await.unwrap();
    drop(vault);
    let vault = FileVault::open_existing(folder.path()).unwrap();
    assert_eq!(vault.linkage("heart", &persons).await.unwrap(), one);
    let all: BTreeSet<[u8; 16]> = one.iter().chain(&other).copied().collect();
    assert_eq!(all.len(), 100);
    assert!(persons.iter().all(|person| !all.contains(&person.0)));
    vault
        .note(vec![event(persons[7], Statement::Merged { into: persons[3] })])
        .await
        .unwrap();
    let merged = vault.linkage("heart", &persons).await.unwrap();
    assert_eq!(merged[7], one[3]);
    assert!(
        (0..50)
            .filter(|place| *place != 7)
            .all(|place| merged[place] == one[place])
    );
    // Another vault knows other secrets.
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = FileVault::open(elsewhere.path()).unwrap();
    assert_ne!(stranger.linkage("heart", &persons).await.unwrap(), one);
}

#[tokio::test]
async fn no_byte_tells_what_is_stated_and_no_damage_passes() {
    let folder = tempfile::tempdir().unwrap();
    let persons = {
        let vault = FileVault::open(folder.path()).unwrap();
        let persons = keys(&vault, 3).await;
        for year in 2020..2024 {
            vault
                .note(vec![event(persons[0], lives("0180", year))])
                .await
                .unwrap();
        }
        vault.linkage("heart-failure", &persons).await.unwrap();
        persons
    };
    let path = folder.path().join("events");
    let whole = std::fs::read(&path).unwrap();
    for told in [&b"0180"[..], b"anna", b"heart-failure", &persons[0].0] {
        assert!(!whole.windows(told.len()).any(|window| window == told));
    }
    for at in (12..whole.len() - 200).step_by(37) {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        std::fs::write(&path, &bent).unwrap();
        assert!(matches!(
            FileVault::open_existing(folder.path()),
            Err(StoreError::Corrupt(_))
        ));
    }
    // A group that was never answered is cut; all before it stays.
    std::fs::write(&path, [whole.as_slice(), &whole[12..60]].concat()).unwrap();
    {
        let vault = FileVault::open_existing(folder.path()).unwrap();
        assert_eq!(
            vault
                .stated(&persons)
                .await
                .unwrap()
                .state(persons[0], date(2026, 1, 1))
                .residence,
            Kommun::new("0180")
        );
        assert_eq!(vault.count_stated(), 4);
    }
    std::fs::remove_file(&path).unwrap();
    assert!(
        FileVault::open_existing(folder.path()).is_err(),
        "deaths and protection are not forgotten in silence"
    );
}
