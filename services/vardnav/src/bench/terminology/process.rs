//! Import and start of a server, each in a process of its own: how long, and how much memory.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::subject::Subject;
use crate::bench::process::{Server, memory, vardnav};
use crate::bench::{Budget, Figure};
use crate::exit::{Failure, Outcome};

/// How often a process is asked for its memory.
const POLL: Duration = Duration::from_millis(5);

/// Imports the files of a subject into `data`, starts a server on it, and stops that again.
pub(super) fn measure(subject: &Subject, data: &Path) -> Outcome<Vec<Figure>> {
    let (seconds, peak) = import(&subject.files, data)?;
    let (start, resident) = start(subject, data)?;
    let figure = |what: &str, value: f64, unit: &'static str, most: Option<f64>| Figure {
        name: format!("{}: {what}", subject.name),
        value,
        unit,
        baseline: None,
        budget: most.map(Budget::AtMost),
    };
    let large = |most: f64| subject.large.then_some(most);
    Ok(vec![
        figure("import", seconds, "s", large(45.0)),
        figure("peak memory of the import", peak, "MB", large(2000.0)),
        figure("start to first answer", start, "s", Some(1.0)),
        figure("resident memory then", resident, "MB", large(450.0)),
    ])
}

fn import(files: &Path, data: &Path) -> Outcome<(f64, f64)> {
    let began = Instant::now();
    let mut child = vardnav(data)?
        .args(["codesystem", "import"])
        .arg(files)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut peak = 0.0_f64;
    let status = loop {
        peak = peak.max(memory(&child, "VmHWM:"));
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(POLL),
        }
    };
    // Warnings in files are findings, but no failure.
    if !status.success() {
        return Err(Failure::Failed("the files cannot be imported".into()));
    }
    Ok((began.elapsed().as_secs_f64(), peak))
}

fn start(subject: &Subject, data: &Path) -> Outcome<(f64, f64)> {
    let began = Instant::now();
    let server = Server::start(data)?;
    let status = Command::new(std::env::current_exe()?)
        .args([
            "--server",
            &server.url,
            "term",
            "search",
            "a",
            "--system",
            &subject.url,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let took = began.elapsed().as_secs_f64();
    // Exit code 1 says that nothing was found: an answer as well.
    match status.code() {
        Some(0 | 1) => Ok((took, server.resident())),
        _ => Err(Failure::Failed("the server does not answer".into())),
    }
}
