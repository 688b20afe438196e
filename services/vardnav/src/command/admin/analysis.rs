//! `vardnav admin analysis`: the tables for analysts, asked in their own database.

use std::io::Write as _;

use serde_json::{Value, json};
use vardnav_service_analysis::{AnalysisError, Lag, QUERIES, ask_to_rebuild, status};

use crate::cli::Analysis;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

const COLUMNS: &[&str] = &["reporter", "taken_in", "in_ledger", "seconds_behind", "looked_at"];

/// Runs the command.
pub(crate) async fn run(command: Analysis, format: Format) -> Outcome {
    match command {
        Analysis::Status { analysis } => {
            let lags = status(&analysis).await.map_err(cannot)?;
            let rows: Vec<Value> = lags.iter().map(row).collect();
            output::rows(format, COLUMNS, &rows)
        }
        Analysis::Rebuild { analysis } => {
            ask_to_rebuild(&analysis).await.map_err(cannot)?;
            output::say(
                "the server that keeps the tables builds them anew; until then they are read as they are",
            );
            Ok(())
        }
        Analysis::Queries => Ok(std::io::stdout().lock().write_all(QUERIES.as_bytes())?),
    }
}

fn row(lag: &Lag) -> Value {
    json!({
        "reporter": lag.reporter,
        "taken_in": lag.taken_in,
        "in_ledger": lag.in_ledger,
        "seconds_behind": lag.seconds_behind,
        "looked_at": lag.looked_at,
    })
}

fn cannot(error: AnalysisError) -> Failure {
    match error {
        AnalysisError::Address(_) => Failure::Usage(error.to_string()),
        AnalysisError::Refused(_) => Failure::Unreachable(error.to_string()),
        _ => Failure::Failed(error.to_string()),
    }
}
