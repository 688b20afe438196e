//! The vault in the database: it passes the suite of vaults, with two servers over it; nothing of it can be read without
//! its key; its rows and those of a vault in a folder are each other's copies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::date;
use vardnav_register::person::{PersonEvent, Statement};
use vardnav_release::Snapshot;
use vardnav_release::package::Package;
use vardnav_store::postgres::{Postgres, PostgresVault};
use vardnav_store::vault::copy;
use vardnav_store::vault::suite::{self, Opener, all_kept, identity, text};
use vardnav_store::{
    Authority, CustodyError, FileVault, Loader, Memory, StoreError, Vault as _, VaultKeeper, custody,
};
use vardnav_terminology::Edition;

use crate::{options, private, server};

struct Servers {
    url: String,
    /// The key is copied from the first to each.
    folders: tempfile::TempDir,
    opened: usize,
}

impl Servers {
    fn new(url: String) -> Self {
        Self {
            url,
            folders: tempfile::tempdir().unwrap(),
            opened: 0,
        }
    }

    fn folder(&self, number: usize) -> PathBuf {
        self.folders.path().join(number.to_string())
    }

    async fn next(&mut self) -> Arc<dyn VaultKeeper> {
        let folder = self.folder(self.opened);
        if self.opened > 0 {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::copy(self.folder(0).join("key"), folder.join("key")).unwrap();
        }
        self.opened += 1;
        let store = Postgres::open(&self.url, options()).await.unwrap();
        Arc::new(PostgresVault::open(&store, &folder).await.unwrap())
    }
}

impl Opener for Servers {
    async fn open(&mut self) -> Arc<dyn VaultKeeper> {
        self.next().await
    }

    async fn beside(&mut self, _: &Arc<dyn VaultKeeper>) -> Arc<dyn VaultKeeper> {
        self.next().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_of_vaults() {
    let Some(private) = server() else { return };
    let url = private.database("vault").await.unwrap();
    suite::run(&mut Servers::new(url)).await;
}

fn noted(person: vardnav_register::identity::PersonKey, statement: Statement) -> PersonEvent {
    PersonEvent {
        person,
        statement,
        at: 7,
        caller: "anna".to_owned(),
        source: "ab".to_owned(),
    }
}

#[tokio::test]
async fn nothing_in_the_database_tells_a_number_or_what_is_stated() {
    let Some(private) = server() else { return };
    let url = private.database("sealed").await.unwrap();
    let vault = Servers::new(url.clone()).next().await;
    let keys = vault
        .resolve((0..20).map(|n| identity(1, n)).collect())
        .await
        .unwrap();
    let died = Statement::Died { on: date(2026, 2, 3) };
    vault.note(vec![noted(keys[0], died)]).await.unwrap();
    vault.linkage("heart-failure", &keys).await.unwrap();
    let all = private.rows("sealed").await.unwrap();
    assert!(all.lines().count() > 40, "something was looked at");
    let hexadecimal = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let numbers = (0..20).map(|n| text(1, n));
    for told in numbers.chain(["anna", "heart-failure"].map(str::to_owned)) {
        assert!(
            !all.contains(&told) && !all.contains(&hexadecimal(&told)),
            "{told}"
        );
    }
    let events = all
        .lines()
        .filter(|line| line.contains(",0,") || line.contains(",1,"));
    let person: String = keys[0].0.iter().map(|byte| format!("{byte:02x}")).collect();
    let of_person = events.filter(|line| line.contains(&person)).count();
    assert!(of_person <= 1, "of whom anything is stated cannot be seen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_is_copied_from_a_folder_and_back() {
    let Some(private) = server() else { return };
    let url = private.database("copied").await.unwrap();
    let folders = tempfile::tempdir().unwrap();
    let at = |name: &str| folders.path().join(name);
    let from = FileVault::open(&at("from")).unwrap();
    for group in 0..4 {
        from.resolve(
            (group * 2_000..group * 2_000 + 2_000)
                .map(|n| identity(2, n))
                .collect(),
        )
        .await
        .unwrap();
    }
    let keys = from
        .resolve((0..5).map(|n| identity(2, n)).collect())
        .await
        .unwrap();
    for number in [9_000, 9_001] {
        from.lead(identity(2, number), keys[1]).await.unwrap();
    }
    from.note(vec![
        noted(keys[0], Statement::Died { on: date(2026, 2, 3) }),
        noted(keys[2], Statement::Merged { into: keys[1] }),
    ])
    .await
    .unwrap();
    let linked = from.linkage("heart", &keys).await.unwrap();
    let copy_key = |from: &str, to: &str| {
        std::fs::create_dir_all(at(to)).unwrap();
        std::fs::copy(at(from).join("key"), at(to).join("key")).unwrap();
    };
    copy_key("from", "database");
    copy_key("from", "back");
    let store = Postgres::open(&url, options()).await.unwrap();
    let database = PostgresVault::open_existing(&store, &at("database"))
        .await
        .unwrap();
    let back = FileVault::open(&at("back")).unwrap();
    let ways: [(&dyn VaultKeeper, &dyn VaultKeeper); 2] = [(&from, &database), (&database, &back)];
    for (from, to) in ways {
        // What was begun and broken off goes on.
        let some = from.kept_persons(&[]).await.unwrap().persons;
        to.keep_persons(some[..1_000].to_vec()).await.unwrap();
        let events = from.kept_events(0).await.unwrap();
        to.keep_events(0, events[..1].to_vec()).await.unwrap();
        for _ in 0..2 {
            let counts = copy(from, to).await.unwrap();
            assert_eq!(counts, from.counts().await.unwrap());
        }
        assert_eq!(to.counts().await.unwrap(), from.counts().await.unwrap());
        assert_eq!(
            to.resolve((0..5).map(|n| identity(2, n)).collect())
                .await
                .unwrap(),
            keys
        );
        assert_eq!(to.linkage("heart", &keys).await.unwrap(), linked);
        let numbers = to.open_numbers(vec![keys[1]]).await.unwrap();
        let of_leader = numbers.iter().filter(|number| number.person == keys[1]);
        let texts: Vec<_> = of_leader
            .map(|number| number.identity.reveal().unwrap().1.to_owned())
            .collect();
        assert_eq!(texts, [text(2, 1), text(2, 9_000), text(2, 9_001)]);
    }
    // What each notes by itself parts them, and vaults of other keys are no copies.
    for (vault, year) in [(&from as &dyn VaultKeeper, 2026), (&back, 2025)] {
        let moved = Statement::MovedOut { on: date(year, 5, 6) };
        vault.note(vec![noted(keys[4], moved)]).await.unwrap();
    }
    let stranger = FileVault::open(&at("stranger")).unwrap();
    for (from, to) in [(&from, &back), (&from, &stranger)] {
        assert!(matches!(copy(from, to).await, Err(StoreError::Corrupt(_))));
    }
}

struct NoReleases;

impl Loader for NoReleases {
    fn load_release(&self, _: &Package, _: &[Arc<Edition>]) -> Result<Snapshot, String> {
        Err("there is none".to_owned())
    }
}

#[tokio::test]
async fn a_server_beside_others_needs_the_keys_and_nothing_else() {
    let Some(private) = server() else { return };
    let url = private.database("custody").await.unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let folders = tempfile::tempdir().unwrap();
    let at = |name: &str| folders.path().join(name);
    let authority = Authority::open(Arc::new(store.clone()), Arc::new(NoReleases))
        .await
        .unwrap();
    let open = |folder: &str| {
        let (authority, store, folder) = (&authority, &store, at(folder));
        async move { custody::open_in_database(authority, &folder, store, "node", 1).await }
    };
    let (vault, key) = open("first").await.unwrap();
    let keys = vault.resolve(vec![identity(5, 0)]).await.unwrap();
    // Without the keys nothing is opened, and none are made.
    let lost = open("second").await.err().unwrap();
    assert!(matches!(lost, CustodyError::Lost { .. }), "{lost}");
    assert!(lost.to_string().contains("--keys"), "{lost}");
    assert!(!at("second").join("vault").exists());
    for path in ["vault/key", "keys/head-key"] {
        let to = at("second").join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(at("first").join(path), to).unwrap();
    }
    let (beside, same) = open("second").await.unwrap();
    assert_eq!(beside.resolve(vec![identity(5, 0)]).await.unwrap(), keys);
    assert_eq!(same.id(), key.id());
    // Keys of another node are refused.
    let other = Authority::open(Arc::new(Memory::new()), Arc::new(NoReleases))
        .await
        .unwrap();
    drop(custody::open(&other, &at("third"), "node", 1).await.unwrap());
    let refused = open("third").await.err().unwrap();
    assert!(matches!(refused, CustodyError::Beside { .. }), "{refused}");
    std::fs::remove_file(at("third").join("vault/persons")).unwrap();
    let refused = open("third").await.err().unwrap();
    assert!(matches!(refused, CustodyError::Other { .. }), "{refused}");
}

/// A server that stays while the database is set back does not go on as if nothing had been.
#[tokio::test]
async fn statements_that_went_missing_are_noticed() {
    let Some(private) = server() else { return };
    let url = private.database("set-back").await.unwrap();
    let vault = Servers::new(url.clone()).next().await;
    let keys = vault.resolve(vec![identity(3, 0)]).await.unwrap();
    for year in 2020..2023 {
        let died = Statement::Died { on: date(year, 2, 3) };
        vault.note(vec![noted(keys[0], died)]).await.unwrap();
    }
    let sought = [vault.seek(identity(3, 0)).unwrap()];
    for (damage, is_fine) in [
        ("UPDATE vault_heads SET size = 3", true),
        ("UPDATE vault_heads SET size = 2", false),
        ("UPDATE vault_heads SET size = 4", false),
        ("DELETE FROM vault_heads", false),
    ] {
        private.execute("set-back", damage).await.unwrap();
        let looked = vault.look(&sought).await;
        assert_eq!(looked.is_ok(), is_fine, "{damage}");
        assert!(
            is_fine || matches!(looked, Err(StoreError::Corrupt(_))),
            "{damage}"
        );
    }
    private
        .execute(
            "set-back",
            "UPDATE vault_events SET sealed = sealed || 'x' WHERE place = 1",
        )
        .await
        .unwrap();
    private
        .execute(
            "set-back",
            "INSERT INTO vault_heads SELECT vault, 3 FROM vault_events WHERE place = 1",
        )
        .await
        .unwrap();
    let store = Postgres::open(&url, options()).await.unwrap();
    let other = PostgresVault::open(&store, Path::new("/nowhere")).await;
    assert!(other.is_err(), "its key is missed");
}

/// Connections that the database ends at any moment, and a server that is killed, lose and double nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_connections_end() {
    let Some(mut private) = private() else { return };
    let url = private.database("broken").await.unwrap();
    let mut servers = Servers::new(url.clone());
    let vaults = [servers.next().await, servers.next().await];
    let working = vaults.clone().into_iter().enumerate().map(|(server, vault)| {
        tokio::spawn(async move {
            let mut noted_of = Vec::new();
            for round in 0..40_u32 {
                let numbers = (round * 5..round * 5 + 20).map(|n| identity(4, n));
                let keys = vault.resolve(numbers.collect()).await.unwrap();
                let year = 1900 + i16::try_from(round).unwrap() * 2 + i16::try_from(server).unwrap();
                let died = Statement::Died { on: date(year, 1, 1) };
                let events = keys[..2].iter().map(|key| noted(*key, died)).collect();
                noted_of.extend(vault.note(events).await.unwrap());
                vault
                    .linkage(&format!("project {}", round / 8), &keys)
                    .await
                    .unwrap();
            }
            noted_of
        })
    });
    let working: Vec<_> = working.collect();
    for round in 0..6 {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        match round {
            3 => {
                private.kill().unwrap();
                private.begin().unwrap();
            }
            _ => {
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE datname = 'broken' AND pid <> pg_backend_pid()";
                private.execute("postgres", end).await.unwrap();
            }
        }
    }
    let mut noted = Vec::new();
    for working in working {
        noted.extend(working.await.unwrap());
    }
    assert!(
        noted.iter().all(|noted| *noted == Ok(true)),
        "each changed something, once"
    );
    let fresh = servers.next().await;
    let counts = fresh.counts().await.unwrap();
    assert_eq!((counts.persons, counts.stated, counts.events), (215, 160, 165));
    assert_eq!(all_kept(fresh.as_ref()).await.len(), 215);
}
