//! The vault gives each identity one key for good, keeps no number in plain bytes, and notices damage.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;
use vardnav_register::identity::{PersonKey, normalise};
use vardnav_register::record::{IdentityType, Person};
use vardnav_store::keys::verify;
use vardnav_store::{FileVault, HeadKey, IdentityBytes, StoreError, Vault};

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

fn identities(numbers: impl IntoIterator<Item = u64>) -> Vec<IdentityBytes> {
    numbers.into_iter().map(identity).collect()
}

async fn fill(folder: &Path) -> Vec<PersonKey> {
    let vault = FileVault::open(folder).unwrap();
    let mut keys = Vec::new();
    for group in 0..4 {
        keys.extend(vault.resolve(identities(group * 5..group * 5 + 5)).await.unwrap());
    }
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_has_one_key_whoever_asks_and_whenever() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(FileVault::open(folder.path()).unwrap());
    let askers: Vec<_> = (0..8)
        .map(|_| {
            let vault = Arc::clone(&vault);
            tokio::spawn(async move { vault.resolve(identities(0..200)).await.unwrap() })
        })
        .collect();
    let keys = vault.resolve(identities(0..200)).await.unwrap();
    for asker in askers {
        assert_eq!(asker.await.unwrap(), keys);
    }
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), 200);
    assert_eq!(vault.persons(), 200);
    let elsewhere = vault
        .resolve(vec![identity(0).within("SE-1"), identity(0).within("SE-2")])
        .await
        .unwrap();
    assert!(elsewhere[0] != elsewhere[1] && elsewhere[0] != keys[0]);
    drop(vault);
    let vault = FileVault::open(folder.path()).unwrap();
    assert_eq!(vault.resolve(identities(0..200)).await.unwrap(), keys);
}

#[tokio::test]
async fn no_number_is_in_any_byte_and_files_are_the_owners() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path()).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        for n in 0..20 {
            let number = text(n);
            assert!(!bytes.windows(number.len()).any(|part| part == number.as_bytes()));
        }
        if entry.file_name() != "lock" {
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o077,
                0,
                "{:?}",
                entry.file_name()
            );
        }
    }
}

#[tokio::test]
async fn a_sealed_nonce_opens_only_where_it_belongs() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = {
        let vault = FileVault::open(folder.path()).unwrap();
        let sealed = vault.seal_nonce(&[7; 32], b"entry 1").unwrap();
        assert_ne!(
            sealed,
            vault.seal_nonce(&[7; 32], b"entry 1").unwrap(),
            "sealing shows no equality"
        );
        sealed
    };
    let vault = FileVault::open(folder.path()).unwrap();
    assert_eq!(vault.unseal_nonce(&sealed, b"entry 1").unwrap(), [7; 32]);
    assert!(vault.unseal_nonce(&sealed, b"entry 2").is_err());
    for place in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[place] ^= 1;
        assert!(matches!(
            vault.unseal_nonce(&bent, b"entry 1"),
            Err(StoreError::Corrupt(_))
        ));
        assert!(vault.unseal_nonce(&sealed[..place], b"entry 1").is_err());
    }
}

#[tokio::test]
async fn a_torn_end_is_cut_and_every_other_damage_stops_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    let keys = fill(folder.path()).await;
    let file = folder.path().join("persons");
    let bytes = std::fs::read(&file).unwrap();
    let group = (bytes.len() - 12) / 4;
    for cut in (1..group).step_by(7) {
        std::fs::write(&file, &bytes[..bytes.len() - cut]).unwrap();
        let vault = FileVault::open(folder.path()).unwrap();
        assert_eq!(vault.persons(), 15);
        assert_eq!(vault.resolve(identities(0..15)).await.unwrap(), keys[..15]);
    }
    for place in (0..bytes.len() - group).step_by(3) {
        let mut bent = bytes.clone();
        bent[place] ^= 4;
        std::fs::write(&file, &bent).unwrap();
        assert!(
            matches!(FileVault::open(folder.path()), Err(StoreError::Corrupt(_))),
            "byte {place}"
        );
        assert_eq!(
            std::fs::read(&file).unwrap(),
            bent,
            "a damaged file is left as it is"
        );
    }
    std::fs::write(&file, &bytes).unwrap();
    std::fs::remove_file(folder.path().join("key")).unwrap();
    assert!(
        FileVault::open(folder.path()).is_err(),
        "no new key beside persons sealed under another"
    );
}

#[test]
fn a_head_key_signs_and_shows_its_public_half() {
    let folder = tempfile::tempdir().unwrap();
    let key = HeadKey::open(folder.path()).unwrap();
    let signature = key.sign(b"head");
    assert_eq!(HeadKey::open(folder.path()).unwrap().public(), key.public());
    let public = key.public();
    assert!(verify(&public, b"head", &signature));
    assert!(!verify(&public, b"heap", &signature));
    let mut bent = signature;
    bent[40] ^= 1;
    assert!(!verify(&public, b"head", &bent));
}

/// Says what an open vault of many persons takes of memory, and how long opening takes:
/// `VARDNAV_VAULT_PERSONS=1000000 cargo test -p vardnav-store --test vault -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measure"]
async fn what_many_persons_take() {
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let kib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        (kib("VmRSS"), kib("VmHWM"))
    };
    if let Ok(folder) = std::env::var("VARDNAV_VAULT_FOLDER") {
        let (before, _) = memory();
        let begun = std::time::Instant::now();
        let vault = FileVault::open(Path::new(&folder)).unwrap();
        let taken = begun.elapsed();
        let (after, most) = memory();
        let each = |kib: u64| (kib - before) * 1024 / vault.persons() as u64;
        println!(
            "{} persons: {} bytes each, {} at most while opening, {taken:?}",
            vault.persons(),
            each(after),
            each(most)
        );
        return;
    }
    let persons = std::env::var("VARDNAV_VAULT_PERSONS").map_or(200_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let vault = FileVault::open(folder.path()).unwrap();
    for first in (0..persons).step_by(10_000) {
        vault.resolve(identities(first..first + 10_000)).await.unwrap();
    }
    drop(vault);
    let opened = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["what_many_persons_take", "--ignored", "--nocapture"])
        .env("VARDNAV_VAULT_FOLDER", folder.path())
        .status();
    assert!(opened.unwrap().success());
}

#[tokio::test]
async fn whoever_is_not_kept_is_not_known_and_gets_the_same_key_again_until_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let vault = FileVault::open(folder.path()).unwrap();
    let sought = [1, 1, 2].map(|number| vault.seek(identity(number)).unwrap());
    let found = vault.look(&sought).await.unwrap().found;
    let (one, again, other) = (found[0], found[1], found[2]);
    assert!(!one.is_known && one.person == again.person && one.person != other.person);
    assert_eq!(vault.persons(), 0);
    let key = one.person;
    let drawn = sought[..2]
        .iter()
        .map(|sought| sought.clone().under(key))
        .collect();
    assert_eq!(vault.keep(drawn).await.unwrap(), [key, key]);
    let found = vault.look(&sought).await.unwrap().found;
    assert!(found[0].is_known && found[0].person == key && !found[2].is_known);
    assert_eq!(found[2], other);
    drop(vault);
    let vault = FileVault::open(folder.path()).unwrap();
    let known = vault.known(vec![identity(1), identity(2)]).await.unwrap();
    assert_eq!(known, [Some(key), None]);
    assert_eq!(vault.persons(), 1);
}
