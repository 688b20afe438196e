//! Several servers on one database, from outside: any of them answers anybody, what one publishes the others have soon,
//! the same that comes to two of them at once is taken once, and the background work goes on when its server ends, stops
//! or stands still.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vardnav_store::postgres::private::{Private, SERVED};
use vardnav_tests::{Server, binary, copy, json, lines, plain_contact, root, sample, stdout, write};

/// How long background work may take to go on at another server: its time without a sign of life, and some.
const TAKEN_OVER_MAX: Duration = Duration::from_secs(15);

/// Until when what is decided at one server is in force at the others.
const SEEN_MAX: Duration = Duration::from_secs(2);

/// Servers that share a database, by number; each has a folder of its own.
struct Cluster {
    database: Private,
    folder: tempfile::TempDir,
}

impl Cluster {
    fn start() -> Option<Self> {
        let database = Private::start(SERVED).unwrap();
        if database.is_none() {
            eprintln!("skipped: this machine has no PostgreSQL");
        }
        let folder = tempfile::tempdir().unwrap();
        database.map(|database| Self { database, folder })
    }

    fn data(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("data-{number}"))
    }

    /// Serves; the first server's keys are everybody's.
    fn serve(&self, number: usize) -> Server {
        let (url, keys) = (self.database.url("postgres"), self.data(0));
        let mut arguments = vec!["--store", url.as_str(), "--connections", "8"];
        if number > 0 {
            arguments.extend(["--keys", keys.to_str().unwrap()]);
        }
        Server::start_with(&self.data(number), &arguments)
    }

    fn two(&self) -> [Server; 2] {
        [self.serve(0), self.serve(1)]
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, lines: &[String]) -> String {
        write(self.folder.path(), name, lines)
    }

    fn ask(&self, statement: &str) -> String {
        self.database.ask("postgres", statement).unwrap()
    }

    /// Which server does the background work, of two, when that is one of them.
    fn worker(&self) -> Option<usize> {
        let holder = self.ask("SELECT holder FROM leases WHERE name = 'work' AND until > now()");
        (0..2).find(|number| {
            let name = std::fs::read_to_string(self.data(*number).join("postgres")).unwrap();
            name.trim() == holder.trim()
        })
    }

    fn wait_for_worker(&self, number: usize) -> Duration {
        let began = Instant::now();
        while self.worker() != Some(number) {
            assert!(began.elapsed() < TAKEN_OVER_MAX, "nobody took the work over");
            std::thread::sleep(Duration::from_millis(50));
        }
        began.elapsed()
    }

    /// What the projections hold, as one hash, and how often they were begun anew.
    fn projected(&self) -> String {
        self.ask(
            "SELECT md5(string_agg(md5(projection || generation || encode(key, 'hex') || encode(value, 'hex')), '' \
             ORDER BY projection, generation, key)) FROM projection_rows WHERE value IS NOT NULL",
        ) + &self.ask("SELECT projection, generation FROM projections ORDER BY projection")
    }
}

fn report(server: &Server, file: &str, further: &[&str]) -> Vec<(Value, Value, Value)> {
    let arguments = ["-o", "ndjson", "register", "report", "--batch", "100", file];
    let answer = server.run(&[&arguments, further].concat());
    let told = |outcome: &Value| {
        let of = |name: &str| outcome[name].clone();
        (of("line"), of("outcome"), of("leaf"))
    };
    let told: Vec<_> = lines(&answer).iter().map(told).collect();
    assert!(!told.is_empty(), "{}", String::from_utf8_lossy(&answer.stderr));
    told
}

/// Leaves of what is kept, by reporter, kind, id and revision; each is there once.
fn kept(server: &Server) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for entry in json(&server.run(&["-o", "json", "register", "export"]))
        .as_array()
        .unwrap()
    {
        let key = ["reporter", "kind", "id", "revision"].map(|name| entry[name].to_string());
        let former = kept.insert(key.join(" "), entry["leaf"].as_str().unwrap().to_owned());
        assert!(former.is_none(), "{key:?} is kept twice");
    }
    kept
}

/// What is told of all that follows the streams, once nothing is behind.
fn told(server: &Server) -> [String; 3] {
    let began = Instant::now();
    loop {
        let held = json(&server.run(&["-o", "json", "register", "worklist"]));
        let is_behind = held["behind"].as_u64().unwrap_or(0) > 0;
        if !is_behind {
            let of = |arguments: &[&str]| stdout(&server.run(arguments));
            return [
                of(&["-o", "csv", "register", "worklist"]),
                of(&["-o", "csv", "register", "completeness", "--from", "2026-01"]),
                of(&["-o", "csv", "indicator", "query", "--by", "region,sex"]),
            ];
        }
        assert!(began.elapsed() < TAKEN_OVER_MAX, "{held}");
    }
}

/// What both tell, once what was decided at one of them is in force at the other.
fn told_alike([one, other]: [&Server; 2]) -> [String; 3] {
    let began = Instant::now();
    loop {
        let is_late = began.elapsed() > SEEN_MAX;
        let (told, of_other) = (told(one), told(other));
        if told == of_other {
            return told;
        }
        assert!(!is_late, "one tells {told:?}, the other {of_other:?}");
    }
}

/// The heads of all streams but of those that questions themselves write to.
fn heads(server: &Server) -> Value {
    let listed = json(&server.run(&["-o", "json", "heads", "list"]));
    listed.as_array().unwrap().last().unwrap().clone()
}

#[test]
fn any_server_answers_anybody() {
    let Some(cluster) = Cluster::start() else { return };
    let servers = cluster.two();
    let all = sample(800, 3);
    let (mut told_of, mut leaves) = (Vec::new(), BTreeMap::new());
    // Of each reporter some comes here and some there, and each line once more to the other server.
    for (number, some) in all.chunks(100).enumerate() {
        let file = cluster.write(&format!("some-{number}.ndjson"), some);
        let (one, other) = (&servers[number % 2], &servers[(number + 1) % 2]);
        let first = report(one, &file, &[]);
        assert_eq!(report(other, &file, &[]), first, "the same answers there");
        told_of.extend(first);
    }
    let accepted = told_of.iter().filter(|(_, _, leaf)| leaf.is_string()).count();
    assert!(accepted > 400, "{accepted}");
    for server in &servers {
        let kept = kept(server);
        assert_eq!(kept.len(), accepted);
        leaves = kept;
    }
    assert_eq!(told(&servers[0]), told(&servers[1]));
    assert!(told(&servers[0]).iter().all(|told| told.lines().count() > 1));

    // What one answers is proven by the key that both have, and by the heads that either tells.
    let (key, receipts) = (cluster.path("key"), cluster.path("receipts"));
    assert!(servers[0].run(&["register", "key", &key]).status.success());
    let file = cluster.write("again.ndjson", &all[..100]);
    report(&servers[1], &file, &["--receipts", &receipts]);
    for receipt in std::fs::read_dir(&receipts).unwrap() {
        let receipt = receipt.unwrap().path().to_str().unwrap().to_owned();
        let proven = servers[0].run(&["register", "prove", &receipt, "--input", &file, "--key", &key]);
        assert!(
            proven.status.success(),
            "{}",
            String::from_utf8_lossy(&proven.stderr)
        );
    }
    let mirror = cluster.path("mirror");
    for number in [0, 1, 0, 1] {
        let more = cluster.write("more.ndjson", &sample(40, 50 + number as u32));
        report(&servers[number], &more, &[]);
        let kept = servers[1 - number].run(&["-o", "json", "heads", "mirror", &mirror]);
        assert!(kept.status.success(), "{}", String::from_utf8_lossy(&kept.stderr));
    }
    drop(servers);
    // A server that comes later needs nothing of those before it but the keys.
    let third = cluster.serve(2);
    let kept = kept(&third);
    assert!(leaves.iter().all(|(record, leaf)| kept.get(record) == Some(leaf)));
}

/// The time until a server has what another one put, with some for the command that asks.
fn until(what: &str, mut is_there: impl FnMut() -> bool) {
    let limit = match binary().to_string_lossy().contains("debug") {
        true => Duration::from_secs(8),
        false => Duration::from_secs(2),
    };
    let began = Instant::now();
    while !is_there() {
        assert!(began.elapsed() < limit, "{what}: not there after {limit:?}");
    }
    println!("{what}: there after {:?}", began.elapsed());
}

#[test]
fn what_one_publishes_the_others_have_soon() {
    let Some(cluster) = Cluster::start() else { return };
    let [one, other] = cluster.two();
    let does = |who: &str, arguments: &[&str]| {
        let output = one.run(&[&["-o", "json", "--as", who], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
    };
    let to = cluster.folder.path().join("2026.2");
    copy(&root().join("crates/interchange/starter/2026.1"), &to);
    let head = to.join("release.toml");
    let text = std::fs::read_to_string(&head).unwrap();
    let text = text
        .replacen("2026.1", "2026.2", 1)
        .replacen("2026-01-01", "2026-01-02", 1);
    std::fs::write(&head, text).unwrap();
    does("anna", &["release", "draft", to.to_str().unwrap()]);
    does("anna", &["release", "check", "2026.2"]);
    does("bo", &["release", "approve", "2026.2"]);
    does("bo", &["release", "publish", "2026.2"]);
    let mut record = plain_contact(600, 5);
    record["id"] = json!("of-the-new-release");
    until("a release in force", || {
        let input = format!("{record}\n");
        let described = ["-o", "json", "register", "describe", "-"];
        stdout(&other.run_with(&described, input.as_bytes())).contains("2026.2")
    });
    does(
        "anna",
        &[
            "register",
            "reporter",
            "region-ny",
            "--name",
            "Ny",
            "--organisation",
            "2321000016",
        ],
    );
    until("a reporter", || {
        stdout(&other.run(&["-o", "json", "register", "reporter"])).contains("region-ny")
    });
}

/// Runs the same at two servers at once.
fn at_once<T: Send>(servers: &[Server; 2], run: impl Fn(&Server) -> T + Sync) -> [T; 2] {
    std::thread::scope(|scope| {
        let [one, other] = [0, 1].map(|number| {
            let (run, server) = (&run, &servers[number]);
            scope.spawn(move || run(server))
        });
        [one.join().unwrap(), other.join().unwrap()]
    })
}

#[test]
fn the_same_at_two_servers_at_once_is_taken_once() {
    let Some(cluster) = Cluster::start() else { return };
    let servers = cluster.two();
    let all = sample(1000, 7);
    let file = cluster.write("all.ndjson", &all);
    let [one, other] = at_once(&servers, |server| report(server, &file, &[]));
    assert_eq!(one.len(), all.len());
    assert_eq!(one, other, "the same outcomes");
    let accepted = one.iter().filter(|(_, _, leaf)| leaf.is_string()).count();
    assert_eq!(kept(&servers[0]).len(), accepted);
    assert_eq!(kept(&servers[1]).len(), accepted);
}

#[test]
fn the_same_delivery_at_two_servers_at_once_is_one() {
    const COUNT: usize = 600;
    let Some(cluster) = Cluster::start() else { return };
    let servers = cluster.two();
    let today = jiff::Zoned::now().date();
    let month = today
        .first_of_month()
        .checked_sub(jiff::ToSpan::days(1))
        .unwrap()
        .first_of_month();
    let period = month.strftime("%Y-%m").to_string();
    let mut record = plain_contact(600, 5);
    record.as_object_mut().unwrap().remove("revision");
    let reporter = record["reporter"].as_str().unwrap().to_owned();
    let contacts: Vec<String> = (0..COUNT)
        .map(|at| {
            record["id"] = json!(format!("d-{at:04}"));
            let day = month.checked_add(jiff::ToSpan::days(at as i64 % 28)).unwrap();
            record["date"] = json!(day.to_string());
            record.to_string()
        })
        .collect();
    let file = cluster.write("delivered.ndjson", &contacts);
    let of = ["--reporter", reporter.as_str()];
    let call = |server: &Server, arguments: &[&str]| {
        let begin = ["-o", "json", "register", "delivery"];
        server.run(&[&begin, arguments, &of].concat())
    };
    let opened = at_once(&servers, |server| {
        json(&call(server, &["open", "--period", &period]))
    });
    assert_eq!(opened[0]["number"], opened[1]["number"]);
    let number = opened[0]["number"].to_string();
    let sent = at_once(&servers, |server| {
        report(server, &file, &["--delivery", &number, "--reporter", &reporter])
    });
    assert_eq!(sent[0], sent[1], "the same outcomes");
    assert!(sent[0].iter().all(|(_, _, leaf)| leaf.is_string()));
    let closed = at_once(&servers, |server| json(&call(server, &["close", &number])));
    assert_eq!(closed[0], closed[1]);
    let expected = json!([0, COUNT, 0, 0]);
    let counts = ["kept", "new", "changed", "gone"].map(|name| closed[0][name].clone());
    assert_eq!(json!(counts), expected);
    let stream = cluster.ask(&format!(
        "SELECT size FROM heads WHERE stream = 'reporter/{reporter}'"
    ));
    // The opening, each record once, and the closing.
    assert_eq!(stream.trim(), (COUNT + 2).to_string());
    for server in &servers {
        assert_eq!(kept(server).len(), COUNT);
        let listed = json(&call(server, &["list"]));
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["state"], "current");
    }
}

#[test]
fn the_work_goes_on_when_its_server_is_killed_or_stops() {
    let Some(cluster) = Cluster::start() else { return };
    let [one, other] = cluster.two();
    assert_eq!(cluster.worker(), Some(0));
    report(&one, &cluster.write("first.ndjson", &sample(300, 8)), &[]);
    one.kill();
    report(&other, &cluster.write("second.ndjson", &sample(300, 9)), &[]);
    println!(
        "taken over from a killed server in {:?}",
        cluster.wait_for_worker(1)
    );
    let before = told(&other);
    let one = cluster.serve(0);
    assert_eq!(told(&one), before);
    // One that stops ends what was asked of it, and gives the work back at once.
    let file = cluster.write("third.ndjson", &sample(300, 10));
    let mut sender = std::process::Command::new(binary())
        .args([
            "--server",
            &other.url(),
            "-o",
            "ndjson",
            "register",
            "report",
            "--batch",
            "20",
            &file,
        ])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(other.stop());
    sender.wait().unwrap();
    let took = cluster.wait_for_worker(0);
    println!("taken over from one that stops in {took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    report(&one, &file, &[]);
    let other = cluster.serve(1);
    assert_eq!(told(&other), told(&one));
}

#[test]
fn a_server_that_stood_still_changes_nothing_of_the_work() {
    let Some(cluster) = Cluster::start() else { return };
    let [one, other] = cluster.two();
    for round in 0..3 {
        let (worker, idle) = match cluster.worker() {
            Some(0) => (&one, &other),
            _ => (&other, &one),
        };
        // It stands still in the middle of its work.
        let file = cluster.write("some.ndjson", &sample(400, 20 + round));
        report(worker, &file, &[]);
        worker.signal("STOP");
        let number = usize::from(std::ptr::eq(idle, &other));
        println!("taken over in {:?}", cluster.wait_for_worker(number));
        let file = cluster.write("more.ndjson", &sample(200, 30 + round));
        report(idle, &file, &[]);
        let before = told(idle);
        std::thread::sleep(Duration::from_secs(4));
        let projected = cluster.projected();
        let fence = cluster.ask("SELECT fence FROM leases WHERE name = 'work'");
        worker.signal("CONT");
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(cluster.projected(), projected, "it changed what it may not");
        assert_eq!(cluster.ask("SELECT fence FROM leases WHERE name = 'work'"), fence);
        assert_eq!(told(worker), before);
        assert_eq!(kept(worker), kept(idle));
    }
}

#[test]
fn what_another_server_works_on_is_waited_for() {
    let Some(cluster) = Cluster::start() else { return };
    let [worker, asked] = cluster.two();
    assert_eq!(cluster.worker(), Some(0));
    let file = cluster.write("some.ndjson", &sample(500, 40));
    let outcomes = report(&asked, &file, &[]);
    let by = |server: &Server, name: &str, arguments: &[&str]| {
        let output = server.run(&[&["-o", "json", "--as", name], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        json(&output)
    };

    // A derivation is planned and switched to where nobody derives.
    let variant = [
        "--release",
        "2026.1",
        "--variant",
        "U1:outpatient",
        "--name",
        "other",
        "--wait",
    ];
    let plan = by(
        &asked,
        "anna",
        &[&["register", "reclassify"], variant.as_slice()].concat(),
    );
    assert_eq!(plan["done"], plan["total"]);
    by(&asked, "bo", &["register", "reclassify", "switch", "other"]);
    let under_other = told_alike([&asked, &worker]);
    by(&asked, "bo", &["register", "reclassify", "switch", "as-reported"]);
    assert_ne!(told_alike([&asked, &worker]), under_other);

    // So is an erasure.
    let line = outcomes
        .iter()
        .find(|(_, _, leaf)| leaf.is_string())
        .unwrap()
        .0
        .as_u64()
        .unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let record: Value = serde_json::from_str(text.lines().nth(line as usize - 1).unwrap()).unwrap();
    let of = |name: &str| record[name].as_str().unwrap().to_owned();
    let revision = record["revision"].as_u64().unwrap_or(1);
    let name = format!("{}/{}/{}/{revision}", of("reporter"), of("kind"), of("id"));
    let ask = [
        "register",
        "erase",
        "--basis",
        "reported-in-error",
        "--reason",
        "not ours",
        "--record",
        &name,
    ];
    let request = by(&asked, "anna", &ask)["request"]["number"].to_string();
    let erased = by(&asked, "bo", &["register", "erase", "approve", &request]);
    assert_eq!(erased["erased"], 1);
    told_alike([&asked, &worker]);
    assert_eq!(heads_kept(&cluster, &[&worker, &asked]), [true, true]);
}

/// Whether the national heads of each server go on from those that were kept of the others.
fn heads_kept(cluster: &Cluster, servers: &[&Server; 2]) -> [bool; 2] {
    let mirror: String = cluster.path("kept-heads");
    servers.map(|server| {
        let kept = server.run(&["-o", "json", "heads", "mirror", &mirror]);
        kept.status.success() && !heads(server).is_null()
    })
}

/// A folder's keys must be those of the others.
#[test]
fn a_server_with_other_keys_is_refused() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.serve(0).kill();
    let elsewhere = cluster.folder.path().join("elsewhere");
    Server::start(&elsewhere).kill();
    let refused = |data: &Path, keys: Option<&Path>, why: &str| {
        let (url, data) = (
            cluster.database.url("postgres"),
            data.to_str().unwrap().to_owned(),
        );
        let mut arguments = vec![
            "serve",
            "--grpc",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--store",
            &url,
        ];
        arguments.extend(["--data", &data]);
        if let Some(keys) = keys {
            arguments.extend(["--keys", keys.to_str().unwrap()]);
        }
        let output = vardnav_tests::run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{said}");
    };
    let fresh = cluster.folder.path().join("fresh");
    refused(&fresh, None, "the vault");
    refused(&fresh, Some(&elsewhere), "");
    refused(&cluster.data(0), Some(&elsewhere), "is another key than");
    refused(&cluster.data(9), Some(&cluster.data(8)), "cannot be read");
}
