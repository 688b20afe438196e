//! Kills a process that appends, again and again, and demands every row it was told is there: once, in order, under
//! the right root. The test is its own child: with a folder in the environment it appends until it is killed.
//! `VARDNAV_CRASH_ROUNDS` sets the number of rounds.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed expectation ends the test"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use rand::Rng as _;
use vardnav_register::identity::normalise;
use vardnav_register::record::{IdentityType, Person};
use vardnav_store::suite::{read_all, root_of, sample_rows};
use vardnav_store::{Embedded, FileVault, IdentityBytes, Options, Store, StreamId, Vault};

const FOLDER: &str = "VARDNAV_CRASH_FOLDER";
const WRITERS: u64 = 4;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    if let Ok(folder) = std::env::var(FOLDER) {
        runtime.block_on(append_until_killed(Path::new(&folder)));
        return;
    }
    // Asked by a test runner for a list of tests.
    if std::env::args().any(|argument| argument == "--list") {
        println!("kill_rounds: test");
        return;
    }
    let rounds = std::env::var("VARDNAV_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20);
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    for round in 0..rounds {
        run_and_kill(folder.path(), &mut acknowledged);
        runtime.block_on(check(folder.path(), round, &mut acknowledged));
    }
    let rows: u64 = acknowledged.values().sum();
    assert!(rows > 0, "the child appended something");
    println!("test kill_rounds ... ok ({rounds} rounds, {rows} rows)");
}

fn options() -> Options {
    Options {
        segment_bytes: 400_000,
        part_rows: 900,
        part_bytes: 200_000,
        fan_in: 3,
    }
}

fn stream(writer: u64) -> StreamId {
    StreamId::new(&format!("crash/{writer}")).unwrap()
}

/// Rows follow from the position alone, so that whoever looks later knows what they must be.
fn seed(writer: u64, position: u64) -> u64 {
    writer << 40 | position
}

async fn append_until_killed(folder: &Path) {
    let store: Arc<dyn Store> = Arc::new(Embedded::open(&folder.join("store"), options()).unwrap());
    let vault = Arc::new(FileVault::open(&folder.join("vault")).unwrap());
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, vault) = (Arc::clone(&store), Arc::clone(&vault));
            tokio::spawn(async move {
                let stream = stream(writer);
                let mut size = store.head(&stream).await.unwrap().size;
                while size < u64::MAX {
                    let count = rand::rng().random_range(1..60);
                    let persons = (0..3).map(|n| identity(writer, size + n)).collect();
                    let keys = vault.resolve(persons).await.unwrap();
                    let head = store
                        .append(&stream, size, sample_rows(seed(writer, size), count))
                        .await
                        .unwrap();
                    // Told to the parent only after the answer.
                    writeln!(std::io::stdout().lock(), "{writer} {} {}", head.size, keys.len()).unwrap();
                    size = head.size;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Reserve numbers of no one.
fn identity(writer: u64, n: u64) -> IdentityBytes {
    let person = Person {
        identity_type: IdentityType::Reserve,
        identity: format!("R{writer:02}X{n:012}"),
        sex: None,
        birth_date: None,
        protected: false,
    };
    IdentityBytes::of(
        IdentityType::Reserve,
        &normalise(&person, date(2026, 1, 1)).unwrap(),
    )
}

fn run_and_kill(folder: &Path, acknowledged: &mut BTreeMap<u64, u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        // A line cut by the kill tells nothing.
        BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .collect::<Vec<_>>()
    });
    std::thread::sleep(Duration::from_millis(rand::rng().random_range(20..400)));
    child.kill().unwrap();
    child.wait().unwrap();
    for line in reader.join().unwrap() {
        let mut numbers = line.split(' ').map_while(|word| word.parse::<u64>().ok());
        let (Some(writer), Some(size)) = (numbers.next(), numbers.next()) else {
            continue;
        };
        let held = acknowledged.entry(writer).or_insert(0);
        *held = (*held).max(size);
    }
}

async fn check(folder: &Path, round: u32, acknowledged: &mut BTreeMap<u64, u64>) {
    let store = Embedded::open(&folder.join("store"), options()).unwrap();
    let damage = store.damage();
    let lost: Vec<_> = damage.iter().filter(|found| found.lost).collect();
    assert!(lost.is_empty(), "round {round}: {lost:?}");
    for writer in 0..WRITERS {
        let stream = stream(writer);
        let head = store.head(&stream).await.unwrap();
        let told = acknowledged.get(&writer).copied().unwrap_or(0);
        assert!(
            head.size >= told,
            "round {round}: {told} rows were acknowledged, {} are there",
            head.size
        );
        let rows = read_all(&store, &stream).await.unwrap();
        assert_eq!(rows.len() as u64, head.size);
        let wanted: Vec<_> = (0..head.size)
            .flat_map(|position| sample_rows(seed(writer, position), 1))
            .collect();
        assert!(
            rows == wanted,
            "round {round}: stream {writer} is not what was appended"
        );
        assert_eq!(head.root, root_of(&rows), "round {round}");
        let last = rows.len().saturating_sub(300);
        let keys = rows[last..].iter().map(|row| row.key).collect();
        let found = store.find(&stream, keys).await.unwrap();
        assert!(
            found.into_iter().eq((last as u64..head.size).map(Some)),
            "round {round}: keys are found"
        );
        let hashes = store.hashes(&stream, 0, last as u64, 300).await.unwrap();
        assert!(
            hashes.into_iter().eq(rows[last..].iter().map(|row| row.leaf)),
            "round {round}: leaves are kept"
        );
        acknowledged.insert(writer, head.size);
    }
    drop(store);
    let vault = FileVault::open(&folder.join("vault")).unwrap();
    let known = vault.persons();
    // Every row of the ledger had its person in the vault before it was appended.
    let persons = acknowledged
        .iter()
        .filter(|(_, size)| **size > 0)
        .map(|(writer, _)| identity(*writer, 0))
        .collect();
    vault.resolve(persons).await.unwrap();
    assert_eq!(
        vault.persons(),
        known,
        "round {round}: the vault knew every person of the ledger"
    );
}
