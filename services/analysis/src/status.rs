//! What whoever runs the tables asks of them from outside, in their database: how far they are, and to build them anew.

use crate::connection::connect;
use crate::error::AnalysisError;

/// How far the tables have followed a reporter's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Lag {
    /// The reporter.
    pub reporter: String,
    /// Entries of the stream that are taken in.
    pub taken_in: i64,
    /// Entries that the stream had when it was last looked at.
    pub in_ledger: i64,
    /// How old what is not taken in yet is at most, in seconds; 0 when all is, none before anything is.
    pub seconds_behind: Option<f64>,
    /// When the ledger was last looked at, as text in UTC.
    pub looked_at: Option<String>,
}

/// How far the tables in the database that `url` names are, by reporter.
///
/// # Errors
/// When the database cannot be reached or has no such tables.
pub async fn status(url: &str) -> Result<Vec<Lag>, AnalysisError> {
    let client = connect(url).await?;
    let rows = client
        .query(
            "SELECT reporter, taken_in, in_ledger, seconds_behind::float8, looked_at::text FROM analysis.lag \
             ORDER BY reporter",
            &[],
        )
        .await?;
    let lags = rows.iter().map(|row| {
        Ok(Lag {
            reporter: row.try_get(0)?,
            taken_in: row.try_get(1)?,
            in_ledger: row.try_get(2)?,
            seconds_behind: row.try_get(3)?,
            looked_at: row.try_get(4)?,
        })
    });
    lags.collect()
}

/// Asks whoever keeps the tables in the database that `url` names to build them anew from the ledger. They are read as they
/// are until the new ones take their place.
///
/// # Errors
/// When the database cannot be reached or has no such tables.
pub async fn ask_to_rebuild(url: &str) -> Result<(), AnalysisError> {
    let client = connect(url).await?;
    client
        .execute(
            "UPDATE analysis_own.follower SET rebuild = clock_timestamp()",
            &[],
        )
        .await?;
    Ok(())
}
