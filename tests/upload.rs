//! Uploads of large content that break off: servers and clients are killed in their middle, and what had arrived is not
//! sent again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vardnav_tests::{Server, binary, json};

/// Bytes of the large text.
const LARGE: usize = 20 << 20;
/// Bytes that must have arrived before anything is killed.
const ARRIVED: u64 = 4 << 20;

/// A code system with a text that is large and cannot be compressed.
fn large(folder: &Path) -> PathBuf {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let letters = (0..LARGE).map(|_| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+ "[(seed % 64) as usize]
    });
    let text = String::from_utf8(letters.collect()).unwrap();
    let file = folder.join("large.json");
    let resource = format!(
        r#"{{"resourceType":"CodeSystem","url":"urn:large","version":"1","status":"active","content":"complete","concept":[{{"code":"a","display":"A","definition":"{text}"}}]}}"#
    );
    std::fs::write(&file, resource).unwrap();
    file
}

/// Bytes that are written down in a server's folder.
fn written(data: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(data.join("uploads")) else {
        return 0;
    };
    entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

fn import(server: &Server, file: &Path) -> Child {
    Command::new(binary())
        .args(["--server", &server.url(), "codesystem", "import"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until an upload is in its middle.
fn until_arriving(data: &Path) {
    let began = Instant::now();
    while written(data) < ARRIVED {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing arrives");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Bytes that a command said it need not send again.
fn spared(said: &str) -> u64 {
    let mut lines = said.lines();
    let line = lines.find(|line| line.contains("are there already")).expect(said);
    line.split(' ').next().unwrap().parse().unwrap()
}

fn assert_imported(server: &Server, data: &Path) {
    let listed = json(&server.run(&["-o", "json", "codesystem", "list"]));
    let mut rows = listed.as_array().unwrap().iter();
    assert!(rows.any(|row| row["url"] == "urn:large"), "{listed}");
    assert_eq!(written(data), 0, "what is imported is not kept as an upload");
}

#[test]
fn an_upload_goes_on_by_itself_when_its_server_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), large(folder.path()));
    let server = Server::start(&data);
    let address = server.grpc().to_owned();
    let importing = import(&server, &file);
    until_arriving(&data);
    server.kill();
    let arrived = written(&data);
    assert!(arrived < LARGE as u64, "it was killed in the middle");
    let server = Server::start_at(&data, &address, &[]);
    let output = importing.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    // Records have heads, and the last one may not be whole.
    assert!(
        spared(&said) <= arrived && spared(&said) + (2 << 20) > arrived,
        "{said}"
    );
    assert_imported(&server, &data);
}

#[test]
fn another_try_goes_on_where_one_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), large(folder.path()));
    let server = Server::start(&data);
    let mut importing = import(&server, &file);
    until_arriving(&data);
    importing.kill().unwrap();
    importing.wait().unwrap();
    server.kill();
    let server = Server::start(&data);
    let output = import(&server, &file).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(spared(&said) + (2 << 20) > ARRIVED, "{said}");
    assert_imported(&server, &data);
}
