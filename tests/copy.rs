//! Copies of a server from outside: a second server that keeps itself current while it serves, what it does not take,
//! and how both it and a follower live through an origin that goes away, comes back, or is another.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use vardnav_tests::{Server, binary, root, run, stdout};

const AT_HOME: &str = "https://example.org/ValueSet/at-home";
/// How long anything may take to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(30);

fn visits() -> String {
    root()
        .join("tests/terminology/visits.json")
        .to_string_lossy()
        .into_owned()
}

/// A code system of one concept in a file.
fn small(folder: &Path, name: &str) -> String {
    let file = folder.join(format!("{name}.json"));
    let text = format!(
        r#"{{"resourceType":"CodeSystem","url":"urn:{name}","version":"1","status":"active","content":"complete","concept":[{{"code":"a","display":"A"}}]}}"#
    );
    std::fs::write(&file, text).unwrap();
    file.to_string_lossy().into_owned()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < ARRIVAL_MAX, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn knows(server: &Server, system: &str) -> bool {
    server
        .run(&["term", "lookup", "a", "--system", system])
        .status
        .success()
}

/// A number that a server exports.
fn gauge(server: &Server, name: &str) -> Option<u64> {
    let metrics = server.get("/metrics");
    let line = metrics.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_second_server_keeps_itself_current_while_it_serves_and_takes_nothing_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (of_origin, of_copy) = (folder.path().join("origin"), folder.path().join("copy"));
    let origin = Server::start(&of_origin);
    let (url, address) = (origin.url(), origin.grpc().to_owned());
    let copy = Server::start_with(&of_copy, &["--sync", &url]);
    until("the release", || {
        copy.run(&["term", "lookup", "home-visit"]).status.success()
    });
    assert!(origin.run(&["codesystem", "import", &visits()]).status.success());
    until("the value set", || {
        copy.run(&["term", "expand", AT_HOME]).status.success()
    });
    until("being current", || {
        // Steps of the origin may still come between two looks.
        gauge(&copy, "vardnav_sync_stale_seconds") == Some(0)
            && gauge(&copy, "vardnav_sync_connected") == Some(1)
            && gauge(&copy, "vardnav_sync_behind") == Some(0)
    });

    let sample = run(&["register", "sample", "--count", "2"]).stdout;
    let starter = root().join("crates/interchange/starter/2026.1");
    draft_of_the_origin_is_told_of(&origin, &copy, folder.path(), &starter);
    let refused = [
        copy.run(&["codesystem", "import", &visits()]),
        copy.run(&["release", "draft", starter.to_str().unwrap(), "--id", "own"]),
        copy.run(&["release", "approve", "2026.1"]),
        copy.run(&["register", "reporter", "one", "--name", "One"]),
        copy.run_with(&["register", "report", "-"], &sample),
    ];
    for output in refused {
        assert_eq!(output.status.code(), Some(4), "{}", said(&output));
        assert!(said(&output).contains(&url), "{}", said(&output));
    }

    origin.kill();
    until("being away", || gauge(&copy, "vardnav_sync_connected") == Some(0));
    assert!(
        copy.run(&["term", "expand", AT_HOME]).status.success(),
        "without its origin"
    );
    let origin = Server::start_at(&of_origin, &address, &[]);
    assert!(
        origin
            .run(&["codesystem", "import", &small(folder.path(), "later")])
            .status
            .success()
    );
    until("what came later", || knows(&copy, "urn:later"));
    until("being current", || {
        gauge(&copy, "vardnav_sync_connected") == Some(1)
    });

    copy.kill();
    let still = Server::start(&of_copy);
    assert!(knows(&still, "urn:later"));
    let output = still.run(&["codesystem", "import", &visits()]);
    assert_eq!(
        output.status.code(),
        Some(4),
        "a copy without --sync: {}",
        said(&output)
    );
    still.kill();
    let place = of_copy.to_str().unwrap();
    let output = run(&["--data", place, "codesystem", "import", &visits()]);
    assert_eq!(output.status.code(), Some(4), "in place: {}", said(&output));
    assert!(said(&output).contains(&url));
    let output = run(&[
        "--data",
        place,
        "serve",
        "--sync",
        "http://127.0.0.1:9",
        "--grpc",
        "127.0.0.1:0",
    ]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "a copy of another: {}",
        said(&output)
    );
}

#[test]
fn a_server_with_content_of_its_own_becomes_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let place = data.to_str().unwrap();
    assert!(
        run(&["--data", place, "codesystem", "import", &visits()])
            .status
            .success()
    );
    let output = run(&[
        "--data",
        place,
        "serve",
        "--sync",
        "http://127.0.0.1:9",
        "--grpc",
        "127.0.0.1:0",
    ]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        run(&[
            "--data",
            place,
            "codesystem",
            "import",
            &small(folder.path(), "own")
        ])
        .status
        .success()
    );
}

/// A follower whose lines are read as they come.
struct Following {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Following {
    fn start(url: &str, copy: &Path) -> Self {
        let mut child = Command::new(binary())
            .args([
                "--server",
                url,
                "--data",
                copy.to_str().unwrap(),
                "sync",
                "--follow",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Waits for the step that names something.
    fn wait_for(&mut self, name: &str) {
        let mut line = String::new();
        while !line.contains(name) {
            line.clear();
            assert!(
                self.lines.read_line(&mut line).unwrap() > 0,
                "it ended before {name}"
            );
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_follower_waits_for_its_server_and_ends_when_that_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let of_origin = folder.path().join("origin");
    let origin = Server::start(&of_origin);
    let (url, address) = (origin.url(), origin.grpc().to_owned());
    let mut following = Following::start(&url, &folder.path().join("copy"));
    following.wait_for("2026.1");
    origin.kill();
    let origin = Server::start_at(&of_origin, &address, &[]);
    assert!(
        origin
            .run(&["codesystem", "import", &small(folder.path(), "later")])
            .status
            .success()
    );
    following.wait_for("urn:later");
    origin.kill();

    let other = Server::start_at(&folder.path().join("other"), &address, &[]);
    let mut said = String::new();
    following
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(following.child.wait().unwrap().code(), Some(5), "{said}");
    assert!(said.contains("make it anew"), "{said}");
    drop(other);
}

/// A copy lists the drafts of its origin; what stands in their files is asked there.
fn draft_of_the_origin_is_told_of(origin: &Server, copy: &Server, folder: &Path, starter: &Path) {
    let changed = folder.join("changed");
    vardnav_tests::copy(starter, &changed);
    let head = std::fs::read_to_string(changed.join("release.toml")).unwrap();
    let head = head
        .replace("2026.1", "2027.1")
        .replace("from = 2026-01-01", "from = 2027-01-01");
    std::fs::write(changed.join("release.toml"), head).unwrap();
    let drafted = origin.run(&["release", "draft", changed.to_str().unwrap(), "--id", "coming"]);
    assert!(drafted.status.success(), "{}", said(&drafted));
    until("the draft", || {
        stdout(&copy.run(&["release", "list"])).contains("coming")
    });
    let differing = copy.run(&["release", "diff", "2026.1", "coming"]);
    assert_eq!(differing.status.code(), Some(4), "{}", said(&differing));
    assert!(said(&differing).contains("ask there"), "{}", said(&differing));
}
