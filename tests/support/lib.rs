//! What the tests of the whole share: the binary as released, a server of its own per test, lines of a sample.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test support"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

/// The binary: named by `VARDNAV_BIN`, else the release build, else the debug build of this workspace.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("VARDNAV_BIN") {
        return path.into();
    }
    let target = root().join("target");
    let built = ["release", "debug"].map(|profile| target.join(profile).join("vardnav"));
    built
        .into_iter()
        .find(|path| path.exists())
        .expect("build the binary first: cargo build --release -p vardnav")
}

/// The workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// How long a command may take before it counts as hung.
const COMMAND_MAX: Duration = Duration::from_secs(120);

/// Runs the binary to its end; a command that does not end is killed and fails the test.
pub fn run(arguments: &[&str]) -> Output {
    run_with(arguments, b"")
}

/// Runs the binary with `input` on its stdin.
pub fn run_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(binary())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A command may end before it has read everything; that is its business.
        let _ = stdin.write_all(&input);
    });
    let (ended, watched) = mpsc::channel::<()>();
    let id = child.id().to_string();
    let watch = std::thread::spawn(move || {
        let hung = watched.recv_timeout(COMMAND_MAX) == Err(mpsc::RecvTimeoutError::Timeout);
        if hung {
            let _ = Command::new("kill").args(["-9", &id]).status();
        }
        hung
    });
    let output = child.wait_with_output().unwrap();
    let _ = ended.send(());
    assert!(
        !watch.join().unwrap(),
        "{arguments:?} did not end in {COMMAND_MAX:?}"
    );
    writer.join().unwrap();
    output
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard output as JSON lines.
pub fn lines(output: &Output) -> Vec<Value> {
    stdout(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Standard output as one JSON document; shows standard error when it is none.
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}\nstdout: {}\nstderr: {}",
            stdout(output),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// A running server on ports of its own.
pub struct Server {
    child: Child,
    grpc: String,
    http: String,
}

impl Server {
    /// Starts one on `folder` and waits until it serves.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// As [`Server::start`], with further arguments for `serve`.
    pub fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_at(folder, "127.0.0.1:0", arguments)
    }

    /// As [`Server::start_with`], with its gRPC services at an address.
    pub fn start_at(folder: &Path, grpc: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(binary())
            .args([
                "-o",
                "json",
                "serve",
                "--grpc",
                grpc,
                "--http",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let ready: Value = serde_json::from_str(&first).expect("the server says where it serves");
        let address = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self {
            grpc: address("grpc"),
            http: address("http"),
            child,
        }
    }

    /// `host:port` of the gRPC services.
    pub fn grpc(&self) -> &str {
        &self.grpc
    }

    /// `host:port` of the web page.
    pub fn http(&self) -> &str {
        &self.http
    }

    /// The URL for `--server`.
    pub fn url(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// What the web page answers to a path.
    pub fn get(&self, path: &str) -> String {
        let mut connection = TcpStream::connect(&self.http).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Runs a client command against it.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let url = self.url();
        let mut all = vec!["--server", url.as_str()];
        all.extend(arguments);
        run(&all)
    }

    /// Runs a client command against it, with `input` on its stdin.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Output {
        let url = self.url();
        let mut all = vec!["--server", url.as_str()];
        all.extend(arguments);
        run_with(&all, input)
    }

    /// Sends it a signal by name: `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Asks it to stop and waits for its end; gives whether it ended as it should.
    pub fn stop(mut self) -> bool {
        self.signal("TERM");
        self.child.wait().unwrap().success()
    }

    /// Kills it without any warning (SIGKILL) and waits for its end.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines of a generated sample.
pub fn sample(count: u32, seed: u32) -> Vec<String> {
    let output = run(&[
        "register",
        "sample",
        "--count",
        &count.to_string(),
        "--seed",
        &seed.to_string(),
    ]);
    assert!(output.status.success());
    stdout(&output).lines().map(str::to_owned).collect()
}

/// A contact of a sample that stands alone: the first revision, of a person with a personnummer, in the middle of the
/// year, by a nurse, with nothing but what a contact must have and its facts.
pub fn plain_contact(count: u32, seed: u32) -> Value {
    let records = sample(count, seed);
    let mut records = records
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = records.find(|record| {
        record["kind"] == "contact"
            && record["episode"].is_null()
            && record["revision"] == 1
            && record["person"]["type"] == "personnummer"
            && record["date"]
                .as_str()
                .is_some_and(|date| date > "2026-02" && date < "2026-10")
    });
    let mut record = found.expect("the sample holds such a contact");
    for field in [
        "unit",
        "delegated",
        "reason",
        "diagnoses",
        "procedures",
        "requested",
        "first_contact",
    ] {
        record
            .as_object_mut()
            .expect("a record is an object")
            .remove(field);
    }
    record["professions"] = json!(["nurse"]);
    record
}

/// Writes lines into a file of a folder; gives its path.
pub fn write(folder: &Path, name: &str, lines: &[String]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path.to_string_lossy().into_owned()
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Looks at every file below a folder.
pub fn for_each_file(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            for_each_file(&path, look);
        } else {
            look(&path, &std::fs::read(&path).unwrap());
        }
    }
}
