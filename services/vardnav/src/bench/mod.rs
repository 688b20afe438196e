//! `vardnav bench`: figures beside their baseline from the same run, held against the budgets. Absolute times tell
//! the order of magnitude on a noisy machine; ratios tell more.

mod classification;
mod growth;
mod grpc;
mod indicators;
mod process;
mod reclassification;
mod report;
mod stream;
mod terminology;

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{Bench, Measured};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Calls in flight at once when rates over gRPC are measured.
const IN_FLIGHT: usize = 64;

/// How long one figure is measured.
const MEASURE: Duration = Duration::from_millis(600);

/// One measured figure.
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    baseline: Option<(&'static str, f64)>,
    budget: Option<Budget>,
}

/// What a figure is held against.
#[derive(Clone, Copy)]
pub(crate) enum Budget {
    /// The value must not be more.
    AtMost(f64),
    /// The value must not be less.
    AtLeast(f64),
    /// The ratio of value to baseline must not be less.
    RatioAtLeast(f64),
    /// The ratio of value to baseline must not be more.
    RatioAtMost(f64),
}

impl Figure {
    fn row(&self) -> Value {
        let ratio = self.baseline.map(|(_, baseline)| self.value / baseline);
        let (budget, met) = match self.budget {
            None => (Value::Null, Value::Null),
            Some(Budget::AtMost(most)) => (
                json!(format!("≤ {most} {}", self.unit)),
                json!(self.value <= most),
            ),
            Some(Budget::AtLeast(least)) => (
                json!(format!("≥ {least} {}", self.unit)),
                json!(self.value >= least),
            ),
            Some(Budget::RatioAtLeast(least)) => (
                json!(format!("≥ {least} × baseline")),
                json!(ratio.is_some_and(|ratio| ratio >= least)),
            ),
            Some(Budget::RatioAtMost(most)) => (
                json!(format!("≤ {most} × baseline")),
                json!(ratio.is_some_and(|ratio| ratio <= most)),
            ),
        };
        json!({
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "baseline": self.baseline.map(|(name, _)| name),
            "baseline_value": self.baseline.map(|(_, value)| rounded(value)),
            "ratio": ratio.map(|ratio| (ratio * 1000.0).round() / 1000.0),
            "budget": budget,
            "met": met,
        })
    }
}

/// Runs the command.
pub(crate) async fn run(command: Bench, format: Format) -> Outcome {
    let all = [
        Measured::Terminology,
        Measured::Classification,
        Measured::Report,
        Measured::Reclassify,
        Measured::Indicators,
    ];
    let wanted = if command.what.is_empty() {
        all.to_vec()
    } else {
        command.what.clone()
    };
    let mut rows = Vec::new();
    if wanted.contains(&Measured::Growth) {
        if wanted.len() > 1 {
            let what = "growth is calculated from what was measured earlier: ask for it alone";
            return Err(Failure::Usage(what.to_owned()));
        }
        let asked = growth::Asked {
            runs: &command.run,
            records: command.project,
            gigabyte_month: command.gigabyte_month,
            server_month: command.server_month,
            servers: command.servers,
        };
        let columns = ["name", "value", "unit", "runs", "method"];
        return output::rows(format, &columns, &growth::rows(&asked)?);
    }
    for what in wanted {
        output::say(format_args!("measuring {what:?} …"));
        let figures = match what {
            Measured::Terminology => terminology::measure(command.concepts).await?,
            Measured::Classification => classification::measure().await?,
            Measured::Report => {
                let servers = command.postgres.map(usize::from);
                report::measure(command.count, servers, command.analysis).await?
            }
            Measured::Reclassify => reclassification::measure(command.records).await?,
            Measured::Indicators => indicators::measure(command.records, command.duckdb.as_deref()).await?,
            Measured::Growth => Vec::new(),
        };
        rows.extend(figures.iter().map(Figure::row));
    }
    let columns = [
        "name",
        "value",
        "unit",
        "baseline",
        "baseline_value",
        "ratio",
        "budget",
        "met",
    ];
    output::rows(format, &columns, &rows)
}

/// Nanoseconds of one `work`, whose argument is drawn from `of` in turn.
fn nanoseconds<T, R>(of: &[T], mut work: impl FnMut(&T) -> R) -> f64 {
    for item in of.iter().take(10_000) {
        black_box(work(item));
    }
    let began = Instant::now();
    let mut done = 0_u64;
    while began.elapsed() < MEASURE {
        for item in of {
            black_box(work(black_box(item)));
        }
        done += of.len() as u64;
    }
    began.elapsed().as_nanos() as f64 / done.max(1) as f64
}

fn rounded(value: f64) -> f64 {
    if value.abs() >= 100.0 {
        value.round()
    } else {
        (value * 100.0).round() / 100.0
    }
}
