//! The disk of a running server is full: it says so, acknowledges nothing it cannot keep, goes on by itself when there
//! is room again, and nothing acknowledged is lost. Needs Linux with user namespaces, for a small disk of its own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use vardnav_tests::{Server, binary, copy, lines, run, sample, write};

/// Bytes of the disk.
const DISK: u64 = 96 << 20;

/// A server on a disk of its own.
struct Small {
    child: Child,
    url: String,
    /// The disk as seen from here.
    disk: PathBuf,
}

impl Small {
    /// `None` where there can be no such disk.
    fn start(place: &Path) -> Option<Self> {
        std::fs::create_dir_all(place).unwrap();
        let script = format!(
            "mount -t tmpfs -o size={DISK} tmpfs \"$0\" && exec \"$1\" -o json serve --grpc 127.0.0.1:0 --http 127.0.0.1:0 --data \"$0/data\""
        );
        let mut child = Command::new("unshare")
            .args(["-rm", "sh", "-c", &script])
            .arg(place)
            .arg(binary())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .ok()?;
        let mut first = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut first).ok()?;
        let Ok(ready) = serde_json::from_str::<Value>(&first) else {
            let _ = child.wait();
            return None;
        };
        let url = format!("http://{}", ready["grpc"].as_str()?);
        let place = place.strip_prefix("/").unwrap();
        let disk = Path::new("/proc")
            .join(child.id().to_string())
            .join("root")
            .join(place);
        Some(Self { child, url, disk })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["--server", self.url.as_str()];
        all.extend(arguments);
        run(&all)
    }

    /// Fills the disk but for so many bytes.
    fn fill(&self, but: u64) {
        let ballast = self.disk.join("ballast");
        let mut file = std::fs::File::create(&ballast).unwrap();
        let block = vec![0; 64 * 1024];
        while file.write_all(&block).is_ok() {}
        let length = std::fs::metadata(&ballast).unwrap().len();
        file.set_len(length.saturating_sub(but)).unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.disk.join("ballast")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Leaves = BTreeMap<(String, String, String, u64), String>;

fn leaves(output: &Output) -> Leaves {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter_map(|line| {
            let text = |name: &str| Some(line[name].as_str()?.to_owned());
            let key = (
                text("reporter")?,
                text("kind")?,
                text("id")?,
                line["revision"].as_u64()?,
            );
            Some((key, text("leaf")?))
        })
        .collect()
}

#[test]
fn a_full_disk_is_told_and_got_over() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = Small::start(&folder.path().join("small")) else {
        eprintln!("skipped: no disk of its own can be had here");
        return;
    };
    let report = |file: &str| server.run(&["-o", "ndjson", "register", "report", "--batch", "50", file]);
    let first = report(&write(folder.path(), "first.ndjson", &sample(300, 31)));
    let mut acknowledged = leaves(&first);
    assert!(!acknowledged.is_empty());

    let second = write(folder.path(), "second.ndjson", &sample(3000, 32));
    for room in [300_000, 40_000, 0] {
        server.fill(room);
        let full = report(&second);
        let said = String::from_utf8_lossy(&full.stderr).into_owned();
        acknowledged.extend(leaves(&full));
        assert!(
            !matches!(full.status.code(), Some(0 | 1)),
            "with {room} bytes left: {said}"
        );
        assert!(said.contains("No space left"), "with {room} bytes left: {said}");
        // What needs no note in the audit trail is still answered; records are not given out without one.
        let answered = server.run(&["release", "list"]);
        assert_eq!(answered.status.code(), Some(0), "with {room} bytes left");
        server.make_room();
        // The same server goes on as soon as there is room.
        let third = report(&write(
            folder.path(),
            "third.ndjson",
            &sample(200, 40 + room as u32 % 7),
        ));
        let said = String::from_utf8_lossy(&third.stderr).into_owned();
        assert!(
            matches!(third.status.code(), Some(0 | 1)),
            "after {room} bytes: {said}"
        );
        acknowledged.extend(leaves(&third));
    }
    let held = leaves(&server.run(&["-o", "ndjson", "register", "export"]));
    for (key, leaf) in &acknowledged {
        assert_eq!(held.get(key), Some(leaf), "{key:?} after the disk was full");
    }
    let again = report(&second);
    assert!(matches!(again.status.code(), Some(0 | 1)));
    for (key, leaf) in leaves(&again) {
        let former = acknowledged.insert(key.clone(), leaf.clone());
        assert!(
            former.is_none_or(|former| former == leaf),
            "{key:?} has two leaves"
        );
    }
    // What follows the ledger may take a moment to go on.
    let sound = (0..20).any(|_| {
        let checked = server.run(&["admin", "store", "check"]);
        let is_sound = checked.status.code() == Some(0);
        if !is_sound {
            eprintln!("{}", String::from_utf8_lossy(&checked.stderr));
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
        is_sound
    });
    assert!(sound, "the store is not sound after the disk was full");

    // As it is on the disk without a stop.
    let after = folder.path().join("after");
    copy(&server.disk.join("data"), &after);
    drop(server);
    let server = Server::start(&after);
    let export = server.run(&["-o", "ndjson", "register", "export"]);
    assert_eq!(lines(&export).len(), leaves(&export).len());
    let held = leaves(&export);
    for (key, leaf) in &acknowledged {
        assert_eq!(held.get(key), Some(leaf), "{key:?} was acknowledged and is lost");
    }
}
