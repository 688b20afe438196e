//! The server is killed without warning while senders report, again and again, and the database that it keeps the register
//! in, where it does, or both; and of two servers that share a database one, the other, the database or their connections.
//! What was acknowledged is there once, unchanged, after every restart; `VARDNAV_CRASH_ROUNDS` says how many rounds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rand::Rng as _;
use serde_json::Value;
use vardnav_store::postgres::private::{Private, SERVED};
use vardnav_tests::{Server, binary, json, lines, sample};

const SENDERS: u32 = 8;
/// Lines that each of them has in a round.
const LINES: u32 = 1500;
/// Bytes after which a connection is cut at the latest.
const CUT_AFTER_MAX: usize = 60_000;
/// Rounds on one ledger; then another is begun, for every round reads all of it.
const ROUNDS_OF_ONE: u32 = 20;

fn rounds() -> u32 {
    std::env::var("VARDNAV_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20)
}

/// The rounds, as many as are on one ledger at a time.
fn of_one_ledger() -> impl Iterator<Item = std::ops::Range<u32>> {
    let rounds = rounds();
    let begins = (0..rounds).step_by(ROUNDS_OF_ONE as usize);
    begins.map(move |begin| begin..rounds.min(begin + ROUNDS_OF_ONE))
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    for rounds in of_one_ledger() {
        kill_again_and_again(rounds, None);
    }
}

#[test]
fn what_was_acknowledged_survives_every_kill_of_server_and_database() {
    for rounds in of_one_ledger() {
        let Some(private) = Private::start(SERVED).unwrap() else {
            println!("skipped: this machine has no PostgreSQL");
            return;
        };
        kill_again_and_again(rounds, Some(private));
    }
}

/// Kills the server, which has its register in a database or in a folder. Of three rounds, one kills the database a while
/// before the server, one right before it, and one the server alone.
fn kill_again_and_again(rounds: std::ops::Range<u32>, mut database: Option<Private>) {
    let store = database.as_ref().map(|private| private.url("postgres"));
    let arguments: Vec<&str> = store.iter().flat_map(|url| ["--store", url]).collect();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut acknowledged: BTreeMap<RecordName, String> = BTreeMap::new();
    let mut kept_before = 0;
    for round in rounds {
        let server = Server::start_with(&data, &arguments);
        let files = (0..SENDERS).map(|lane| lines_of(folder.path(), round, lane));
        let senders: Vec<Sender> = files
            .map(|file| Sender::start(&server.url(), &file, 100))
            .collect();
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(5..400)));
        if let Some(private) = database.as_mut().filter(|_| round % 3 != 1) {
            private.kill().unwrap();
            private.begin().unwrap();
        }
        if database.is_some() && round % 3 == 0 {
            // The senders go on over the end of the database.
            std::thread::sleep(Duration::from_millis(200));
        }
        server.kill();
        for outcome in senders.into_iter().flat_map(Sender::outcomes) {
            note(&mut acknowledged, &outcome);
        }
        let server = Server::start_with(&data, &arguments);
        let kept = check(&server, &acknowledged);
        assert!(kept >= kept_before, "the ledger shrank");
        kept_before = kept;
        println!(
            "round {round}: {} acknowledged, {kept} kept, 0 lost, 0 duplicated",
            acknowledged.len()
        );
        server.kill();
    }
    assert!(
        !acknowledged.is_empty(),
        "no round acknowledged anything: the kills come too early"
    );
}

/// Reporter, kind, id, revision.
type RecordName = (String, String, String, u64);

fn name(outcome: &Value) -> RecordName {
    let text = |name: &str| outcome[name].as_str().unwrap().to_owned();
    let revision = outcome["revision"].as_u64().unwrap();
    (text("reporter"), text("kind"), text("id"), revision)
}

/// Notes what an outcome acknowledges: always the same leaf.
fn note(acknowledged: &mut BTreeMap<RecordName, String>, outcome: &Value) {
    if let Some(leaf) = outcome["leaf"].as_str() {
        let former = acknowledged.insert(name(outcome), leaf.to_owned());
        let is_same = former.is_none_or(|former| former == leaf);
        assert!(is_same, "{:?} has two leaves", name(outcome));
    }
}

/// The lines of a sender in a round.
fn lines_of(folder: &Path, round: u32, lane: u32) -> PathBuf {
    let file = folder.join(format!("lines-{lane}.ndjson"));
    let lines = sample(LINES, 1000 + round * SENDERS + lane);
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    file
}

/// A sender, with what it is answered.
struct Sender {
    child: Child,
    told: mpsc::Receiver<Value>,
}

impl Sender {
    fn start(server: &str, file: &Path, batch: u32) -> Self {
        let batch = batch.to_string();
        let mut child = Command::new(binary())
            .args([
                "--server", server, "-o", "ndjson", "register", "report", "--batch", &batch,
            ])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if let Ok(outcome) = serde_json::from_str::<Value>(&line) {
                    let _ = tell.send(outcome);
                }
            }
        });
        Self { child, told }
    }

    /// Ends it, when it did not end by itself.
    fn end(&mut self) {
        let _ = self.child.kill();
    }

    /// Everything it was answered, once it has ended.
    fn outcomes(mut self) -> Vec<Value> {
        self.child.wait().unwrap();
        self.told.iter().collect()
    }
}

/// Every acknowledged record is in the export exactly once, with its leaf. Gives how many are kept in all.
fn check(server: &Server, acknowledged: &BTreeMap<RecordName, String>) -> usize {
    let entries = json(&server.run(&["-o", "json", "register", "export"]));
    let mut kept: BTreeMap<RecordName, Vec<String>> = BTreeMap::new();
    for entry in entries.as_array().unwrap() {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let key = name(entry);
        kept.entry(key).or_default().push(text("leaf"));
    }
    for (key, leaves) in &kept {
        assert_eq!(leaves.len(), 1, "{key:?} is kept {} times", leaves.len());
    }
    for (key, leaf) in acknowledged {
        assert_eq!(
            kept.get(key).map(|leaves| &leaves[0]),
            Some(leaf),
            "{key:?} was acknowledged and is lost"
        );
    }
    kept.len()
}

/// A way to the database that cuts connections after so many bytes, while it is told to.
struct Cutter {
    port: u16,
    cutting: Arc<AtomicBool>,
    cuts: Arc<AtomicU32>,
}

impl Cutter {
    fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cutter = Self {
            port: listener.local_addr().unwrap().port(),
            cutting: Arc::default(),
            cuts: Arc::default(),
        };
        let (cutting, cuts) = (Arc::clone(&cutter.cutting), Arc::clone(&cutter.cuts));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // While the database is away nobody is let through to it.
                let Ok(server) = UnixStream::connect(&socket) else {
                    continue;
                };
                let _ = client.set_nodelay(true);
                let ways = [true, false].map(|there| {
                    let (client, server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                    let (cutting, cuts) = (Arc::clone(&cutting), Arc::clone(&cuts));
                    move || {
                        let (mut from, mut to): (Box<dyn Read>, Box<dyn Write>) = match there {
                            true => (Box::new(&client), Box::new(&server)),
                            false => (Box::new(&server), Box::new(&client)),
                        };
                        let left = rand::rng().random_range(0..CUT_AFTER_MAX);
                        cuts.fetch_add(
                            u32::from(pass(&mut from, &mut to, left, &cutting)),
                            Ordering::Relaxed,
                        );
                        let _ = client.shutdown(Shutdown::Both);
                        let _ = server.shutdown(Shutdown::Both);
                    }
                });
                ways.into_iter().for_each(|way| drop(std::thread::spawn(way)));
            }
        });
        cutter
    }
}

/// Passes bytes on until the connection ends or is cut; gives whether it was cut.
fn pass(from: &mut dyn Read, to: &mut dyn Write, mut left: usize, cutting: &AtomicBool) -> bool {
    let mut buffer = [0; 4096];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer) else {
            return false;
        };
        let cut = cutting.load(Ordering::Relaxed) && left < count;
        let passed = if cut { left } else { count };
        if to.write_all(&buffer[..passed]).is_err() {
            return false;
        }
        if cut {
            return true;
        }
        left = left.saturating_sub(count);
    }
}

/// Two servers on one database, four senders at each. Each round one thing of all that may end does: a server, the other,
/// both, the database, it and a server, everything, or connections at any byte. What is left goes on; then all is there
/// again, and both servers tell the same.
struct Pair {
    private: Private,
    cutter: Cutter,
    folder: tempfile::TempDir,
    acknowledged: BTreeMap<RecordName, String>,
    kept: usize,
}

impl Pair {
    fn start() -> Option<Self> {
        let private = Private::start(SERVED).unwrap()?;
        let cutter = Cutter::start(private.socket_file());
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            private,
            cutter,
            folder,
            acknowledged: BTreeMap::new(),
            kept: 0,
        })
    }

    fn serve(&self, number: usize) -> Server {
        let url = self.private.url_by(self.cutter.port, "postgres");
        let data = |number: usize| self.folder.path().join(format!("data-{number}"));
        let keys = data(0);
        let mut arguments = vec!["--store", url.as_str(), "--connections", "8"];
        if number > 0 {
            arguments.extend(["--keys", keys.to_str().unwrap()]);
        }
        Server::start_with(&data(number), &arguments)
    }

    fn round(&mut self, round: u32) {
        let servers = [0, 1].map(|number| self.serve(number));
        let files: Vec<PathBuf> = (0..SENDERS)
            .map(|lane| lines_of(self.folder.path(), round, lane))
            .collect();
        let mut senders: Vec<Sender> = files
            .iter()
            .enumerate()
            .map(|(lane, file)| Sender::start(&servers[lane % 2].url(), file, 50))
            .collect();
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(100..1500)));
        let mut servers = servers.map(Some);
        let kill = |server: &mut Option<Server>| server.take().map(Server::kill);
        let fault = round % 7;
        if fault == 6 {
            self.cutter.cutting.store(true, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(rand::rng().random_range(300..1500)));
            self.cutter.cutting.store(false, Ordering::Relaxed);
        }
        if (3..6).contains(&fault) {
            self.private.kill().unwrap();
            if fault > 3 {
                kill(&mut servers[0]);
            }
            if fault > 4 {
                kill(&mut servers[1]);
            }
            self.private.begin().unwrap();
        } else if fault < 3 {
            for number in [fault == 0 || fault == 2, fault == 1 || fault == 2]
                .iter()
                .enumerate()
            {
                let (number, is_killed) = number;
                if *is_killed {
                    kill(&mut servers[number]);
                }
            }
        }
        // Whoever is left is sent to for a while.
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(0..2500)));
        senders.iter_mut().for_each(Sender::end);
        for sender in senders {
            for outcome in sender.outcomes() {
                note(&mut self.acknowledged, &outcome);
            }
        }
        let servers: Vec<Server> = (0..)
            .zip(servers)
            .map(|(number, server)| server.unwrap_or_else(|| self.serve(number)))
            .collect();
        self.check(&servers, round, &files);
    }

    /// Both servers tell the same, and it is all that was acknowledged.
    fn check(&mut self, servers: &[Server], round: u32, files: &[PathBuf]) {
        // What one of them took is answered by the other as it was before, with receipts that prove themselves.
        let lane = round as usize % files.len();
        let (file, receipts) = (
            files[lane].to_str().unwrap(),
            self.folder.path().join(format!("receipts-{round}")),
        );
        let again = servers[(lane + 1) % 2].run(&[
            "-o",
            "ndjson",
            "register",
            "report",
            "--receipts",
            receipts.to_str().unwrap(),
            file,
        ]);
        let again = lines(&again);
        assert_eq!(again.len(), LINES as usize, "every line is answered");
        for outcome in &again {
            note(&mut self.acknowledged, outcome);
        }
        let kept = servers
            .iter()
            .map(|server| check(server, &self.acknowledged))
            .collect::<Vec<_>>();
        assert_eq!(kept[0], kept[1]);
        assert!(kept[0] >= self.kept, "the ledger shrank");
        self.kept = kept[0];
        let key = self.folder.path().join("key").to_str().unwrap().to_owned();
        assert!(servers[lane % 2].run(&["register", "key", &key]).status.success());
        for receipt in std::fs::read_dir(&receipts).unwrap().take(2) {
            let receipt = receipt.unwrap().path().to_str().unwrap().to_owned();
            let proven = servers[0].run(&["register", "prove", &receipt, "--input", file, "--key", &key]);
            assert!(
                proven.status.success(),
                "{}",
                String::from_utf8_lossy(&proven.stderr)
            );
        }
        // Heads go on from those that were kept before, whoever tells them, and every stream is as its head says.
        let mirror = self.folder.path().join("mirror").to_str().unwrap().to_owned();
        for server in servers {
            let kept = server.run(&["heads", "mirror", &mirror]);
            assert!(kept.status.success(), "{}", String::from_utf8_lossy(&kept.stderr));
        }
        let gaps = self.private.ask(
            "postgres",
            "SELECT h.stream FROM heads AS h JOIN (SELECT stream, count(*) AS rows, max(position) AS last FROM ledger \
             GROUP BY stream) AS l ON l.stream = h.stream WHERE l.rows <> h.size OR l.last + 1 <> h.size",
        );
        assert_eq!(gaps.unwrap(), "", "streams that are not as their heads say");
        println!(
            "round {round}: {} acknowledged, {} kept, 0 lost, 0 duplicated, 0 half visible; {} connections were cut",
            self.acknowledged.len(),
            self.kept,
            self.cutter.cuts.load(Ordering::Relaxed)
        );
    }
}

#[test]
fn two_servers_on_one_database_lose_nothing_whatever_ends() {
    for rounds in of_one_ledger() {
        let Some(mut pair) = Pair::start() else {
            println!("skipped: this machine has no PostgreSQL");
            return;
        };
        for round in rounds {
            pair.round(round);
        }
        assert!(!pair.acknowledged.is_empty(), "no round acknowledged anything");
    }
}
