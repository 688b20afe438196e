//! The pages in a real browser: they load nothing from elsewhere, and what looks for barriers (axe-core) finds none, in
//! light and dark, on a phone and on a large screen. Skipped without Chromium, unless `VARDNAV_BROWSER=required`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use vardnav_tests::Server;

/// Every kind of page, and each state that an address can bring about.
const PAGES: &[&str] = &[
    "/",
    "/?lang=en",
    "/om",
    "/begrepp",
    "/begrepp?q=hemsjukv%C3%A5rd",
    "/begrepp?q=qzxqzx",
    "/begrepp/near-care-terms",
    "/begrepp/near-care-terms/hospital-care-at-home",
    "/begrepp/near-care-terms/hospital-care-at-home?lang=en&release=2026.1",
    "/begrepp-diagram/near-care-terms/care-forms",
    "/andringar",
    "/andringar?lang=en",
    "/kvalitet",
    "/kvalitet?lang=en",
    "/kvalitet/rapportorer",
    "/klassificera",
    "/klassificera?of=segment&f.enrolment=inpatient&f.place=ordinary-housing",
    "/klassificera?of=segment&variant=U1:inpatient&lang=en&f.none=x",
    "/beslutstabeller",
    "/beslutstabeller/episode-form",
    "/indikatorer",
    "/indikatorer/core-02",
    "/indikatorer/core-09?lang=en&region=01&variant=own-ledger",
    "/indikatorer/contacts-by-group?by=contact-mode",
    "/kommun/0180",
    "/region/12?lang=en",
    "/jamfor?a=01&b=12",
    "/plats?q=stad",
    "/nothing",
];

/// What is added to a page that is looked at: the checker, and where it leaves what it found.
const CHECK: &str = "<script src=\"/axe.js\"></script><script>\
    axe.run(document,{runOnly:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})\
    .then(found=>document.body.setAttribute('data-found',JSON.stringify(found.violations.map(one=>\
    [one.id,one.nodes.length,one.nodes[0].html,one.nodes[0].failureSummary]))))</script></body>";

/// Where the tests' own tools lie.
fn axe() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/node_modules/axe-core/axe.min.js")
}

fn chromium() -> Command {
    Command::new("chromium")
}

fn has_browser() -> bool {
    let found = chromium()
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let ready = found && axe().exists();
    assert!(
        ready || std::env::var_os("VARDNAV_BROWSER").is_none_or(|value| value != "required"),
        "Chromium or axe-core is missing; `tests/run` installs them"
    );
    ready
}

/// Passes pages on with the checker added, and without the policy that rightly forbids it.
fn serve_checked(upstream: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let checker = std::fs::read_to_string(axe()).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (upstream, checker) = (upstream.clone(), checker.clone());
            std::thread::spawn(move || pass_on(stream.unwrap(), &upstream, &checker));
        }
    });
    address
}

/// Answers one request. A browser that goes away is its own business.
fn pass_on(mut stream: TcpStream, upstream: &str, checker: &str) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line == "\r\n" {
            break;
        }
    }
    let path = first.split(' ').nth(1)?;
    let (kind, body) = if path == "/axe.js" {
        ("text/javascript".to_owned(), checker.to_owned())
    } else {
        let mut from = TcpStream::connect(upstream).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {upstream}\r\nconnection: close\r\n\r\n");
        from.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        from.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let kind = head
            .lines()
            .find_map(|line| line.strip_prefix("content-type: "))
            .unwrap_or("text/plain");
        (kind.to_owned(), body.replace("</body>", CHECK))
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()
}

/// What the checker found on a page.
fn found(address: &str, path: &str, size: &str, dark: bool, profile: &Path) -> Value {
    let mut browser = chromium();
    browser
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=20000",
        ])
        .arg("--dump-dom")
        .arg(format!("--window-size={size}"))
        .arg(format!("--user-data-dir={}", profile.display()))
        // Whatever is asked for elsewhere leads nowhere.
        .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        .stderr(Stdio::null());
    if dark {
        browser.arg("--blink-settings=preferredColorScheme=0");
    }
    let output = browser.arg(format!("http://{address}{path}")).output().unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    let told = page
        .split_once("data-found=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .unwrap_or_else(|| panic!("{path}: the checker said nothing"));
    let text = told
        .0
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn no_page_has_a_barrier_that_can_be_found() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let profile = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let address = serve_checked(server.http().to_owned());
    for path in PAGES {
        for (size, dark) in [("1280,900", false), ("390,844", true)] {
            let barriers = found(&address, path, size, dark, profile.path());
            assert_eq!(
                barriers,
                Value::Array(Vec::new()),
                "{path} at {size}, dark: {dark}"
            );
        }
    }
}

#[test]
fn pages_name_nothing_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    for path in PAGES {
        let page = server.get(path);
        assert!(
            page.contains("content-security-policy: default-src 'none'"),
            "{path}"
        );
        for part in ["src=\"", "rel=\"stylesheet\" href=\"", "action=\""] {
            for named in page.split(part).skip(1) {
                assert!(
                    named.starts_with('/') && !named.starts_with("//"),
                    "{path}: {part}"
                );
            }
        }
    }
}
