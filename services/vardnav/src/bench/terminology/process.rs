//! Import and start of a server, each in a process of its own: how long, and how much memory.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::subject::Subject;
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
    let mut server = vardnav(data)?
        .args([
            "-o",
            "json",
            "serve",
            "--grpc",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let answered = first_answer(subject, &mut server);
    let took = began.elapsed().as_secs_f64();
    let resident = memory(&server, "VmRSS:");
    server.kill()?;
    server.wait()?;
    answered?;
    Ok((took, resident))
}

fn first_answer(subject: &Subject, server: &mut Child) -> Outcome {
    let stdout = server.stdout.take();
    let stdout = stdout.ok_or_else(|| Failure::Failed("the server has no output".into()))?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let ready: serde_json::Value = serde_json::from_str(&line).map_err(Failure::failed)?;
    let address = ready
        .get("grpc")
        .and_then(|grpc| grpc.as_str())
        .unwrap_or_default();
    let status = Command::new(std::env::current_exe()?)
        .args([
            "--server",
            &format!("http://{address}"),
            "term",
            "search",
            "a",
            "--system",
            &subject.url,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    // Exit code 1 says that nothing was found: an answer as well.
    match status.code() {
        Some(0 | 1) => Ok(()),
        _ => Err(Failure::Failed("the server does not answer".into())),
    }
}

fn vardnav(data: &Path) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--data").arg(data).stdin(Stdio::null());
    Ok(command)
}

/// A line of what the system says of a process's memory, in megabytes; 0 when it says nothing.
fn memory(process: &Child, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0 / 1e6
}
