//! A server in a process of its own, as its users have it: how soon it answers, how much memory it takes, and what
//! is left of it after `kill -9`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::exit::{Failure, Outcome};

/// A running `vardnav serve`; killed when dropped.
pub(super) struct Server {
    child: Child,
    /// Where its gRPC services are.
    pub(super) url: String,
}

impl Server {
    /// Starts one on a folder and waits until it tells its address.
    pub(super) fn start(data: &Path) -> Outcome<Self> {
        Self::start_with(data, &[])
    }

    /// As [`Server::start`], with further arguments for `serve`.
    pub(super) fn start_with(data: &Path, arguments: &[&str]) -> Outcome<Self> {
        let mut child = vardnav(data)?
            .args(["-o", "json", "serve"])
            .args(["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take();
        let mut server = Self {
            child,
            url: String::new(),
        };
        let stdout = stdout.ok_or_else(|| Failure::Failed("the server has no output".into()))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).map_err(Failure::failed)?;
        let address = ready.get("grpc").and_then(Value::as_str).unwrap_or_default();
        server.url = format!("http://{address}");
        Ok(server)
    }

    /// Megabytes that lie in memory now.
    pub(super) fn resident(&self) -> f64 {
        memory(&self.child, "VmRSS:")
    }

    /// Megabytes that lay in memory at most.
    pub(super) fn peak(&self) -> f64 {
        memory(&self.child, "VmHWM:")
    }

    /// Ends it as `kill -9` does.
    pub(super) fn kill(mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This very command, on a folder.
pub(super) fn vardnav(data: &Path) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--data").arg(data).stdin(Stdio::null());
    Ok(command)
}

/// A line of what the system says of a process's memory, in megabytes; 0 when it says nothing.
pub(super) fn memory(process: &Child, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0 / 1e6
}
