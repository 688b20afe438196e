//! DuckDB beside the figures: the records of a month are exported as the files that anyone gets, and a Python that has
//! DuckDB asks them what the server is asked.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::delivery::Month;

use crate::client::Client;
use crate::command::export;
use crate::exit::{Failure, Outcome};

/// The month that is asked about.
const MONTH: &str = "2026-03";
/// Its number in the year.
pub(super) const MONTH_OF_YEAR: i32 = 3;

/// The question, in Python.
const SCRIPT: &str = include_str!("beside.py");

/// What DuckDB took, in milliseconds, and how much it read.
#[derive(Debug)]
pub(super) struct Beside {
    /// Median of the answers.
    pub(super) p50: f64,
    /// The slowest of forty answers.
    pub(super) p99: f64,
    /// Care requests in the files.
    pub(super) records: u64,
}

/// Exports the month and asks.
///
/// # Errors
/// When the month cannot be exported, or the Python has no DuckDB.
pub(super) async fn ask(python: &Path, client: &Client) -> Outcome<Beside> {
    let place = tempfile::tempdir()?;
    let month = Month::parse(MONTH).map_err(Failure::failed)?;
    let asked = pb::FollowRegisterRequest {
        until_now: true,
        ..Default::default()
    };
    export::files(month, place.path(), asked, client).await?;
    let asked = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(place.path().join(MONTH))
        .output()?;
    let text = String::from_utf8_lossy(&asked.stderr).into_owned();
    if !asked.status.success() {
        return Err(Failure::Failed(format!("DuckDB did not answer: {text}")));
    }
    let told: Value = serde_json::from_slice(&asked.stdout).map_err(Failure::failed)?;
    let milliseconds = |name: &str| told.get(name).and_then(Value::as_f64);
    let counted = |name: &str| told.get(name).and_then(Value::as_u64).filter(|count| *count > 0);
    match (
        milliseconds("p50"),
        milliseconds("p99"),
        counted("rows"),
        counted("records"),
    ) {
        (Some(p50), Some(p99), Some(_), Some(records)) => Ok(Beside { p50, p99, records }),
        _ => Err(Failure::Failed("DuckDB found nothing to count".into())),
    }
}
