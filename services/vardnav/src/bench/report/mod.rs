//! Reporting: checked, classified, durable, receipted records per second over gRPC with eight senders, to a server in a
//! process of its own; beside a bare log that is synced once a batch and a bare insert into PostgreSQL, in turns in the
//! same run. And what becomes of the server as it grows: its rate, the space and memory it takes, how fast it is exported,
//! how soon it is back after `kill -9`.

mod bare;
mod lanes;
mod postgres;
mod subject;

use std::time::Instant;

use tokio_stream::StreamExt as _;
use vardnav_api::vardnav::register::v1 as pb;

use self::bare::BareLanes;
pub(super) use self::lanes::lanes;
use self::lanes::{Lanes, Pieces};
use self::postgres::Postgres;
use self::subject::Subject;
use super::{Budget, Figure};
use crate::client::{Client, Target};
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::sample;

const BATCH: usize = 1000;
const SENDERS: usize = 8;
/// Records that are made ready at once, while nothing is measured.
const PIECE: usize = 200_000;
/// Length of an entry of the ledger before any is known, in bytes.
const ENTRY_GUESS: usize = 700;

/// Seconds that each way took, and for how many records.
#[derive(Default)]
struct Totals {
    records: usize,
    ours: f64,
    log: f64,
    postgres: f64,
    /// Records and seconds of each piece.
    pieces: Vec<(usize, f64)>,
}

/// Measures with `count` records, with the register in a folder or in PostgreSQL.
pub(crate) async fn measure(count: u64, in_database: bool) -> Outcome<Vec<Figure>> {
    let count = usize::try_from(count).map_err(Failure::failed)?;
    let place = tempfile::tempdir()?;
    let data = place.path().join("data");
    let postgres = Postgres::start().await?;
    if postgres.is_none() {
        let none = "this machine has no PostgreSQL to measure";
        if in_database {
            return Err(Failure::Failed(none.to_owned()));
        }
        output::say(format_args!("{none} beside"));
    }
    let subject = Subject::new(&data, postgres.as_ref().filter(|_| in_database)).await?;
    let server = subject.start()?;
    let client = connect(&server.url).await?;
    let log = std::fs::File::create(place.path().join("bare.log"))?;

    let mut totals = Totals::default();
    let mut entry = ENTRY_GUESS;
    for (number, lanes) in Pieces::new(count, PIECE).enumerate() {
        let rows = bare::rows(&lanes, entry);
        let records = lanes::records(&lanes);
        let order = if number % 2 == 0 {
            [true, false]
        } else {
            [false, true]
        };
        let mut rows = Some(rows);
        for ours in order {
            if ours {
                let sent = send(&client, &lanes).await?;
                if sent.rejected > 0 {
                    return Err(Failure::Failed(format!(
                        "{} records were rejected",
                        sent.rejected
                    )));
                }
                totals.ours += sent.seconds;
                totals.pieces.push((records, sent.seconds));
            } else if let Some(rows) = rows.take() {
                totals.beside(rows, &log, postgres.as_ref()).await?;
            }
        }
        totals.records += records;
        if number == 0 {
            entry = subject.entry(records).await?;
        }
    }
    let postgres = postgres.filter(|_| in_database);
    let again = again(&client, count.min(PIECE)).await?;
    let exported = exported(&client).await?;
    let (resident, peak) = (server.resident(), server.peak());
    server.kill()?;
    let least = if in_database { 0.5 } else { 1.5 };
    let mut figures = totals.figures(again, least);
    figures.extend(left_behind(&subject, totals.records, postgres.as_ref()).await?);
    figures.extend([
        figure("all of them exported", exported, "records/s", None, None),
        figure("memory of the server", resident, "MB", None, None),
        figure("most memory of the server", peak, "MB", None, None),
    ]);
    Ok(figures)
}

/// How soon the next server answers after one was killed, and what the register takes of the disk.
async fn left_behind(subject: &Subject, records: usize, postgres: Option<&Postgres>) -> Outcome<Vec<Figure>> {
    let lanes = lanes(BATCH);
    let began = Instant::now();
    let server = subject.start()?;
    let client = connect(&server.url).await?;
    send(&client, &lanes).await?;
    let reopened = began.elapsed().as_secs_f64();
    drop(client);
    server.kill()?;
    let budget = Some(Budget::AtMost(2.0));
    let mut figures = vec![figure("first answer after kill -9", reopened, "s", None, budget)];
    figures.extend(subject.space(records, postgres).await?);
    Ok(figures)
}

/// Records a second when those first sent are sent again.
async fn again(client: &Client, count: usize) -> Outcome<f64> {
    let (mut records, mut seconds) = (0, 0.0);
    for lanes in Pieces::new(count, PIECE) {
        seconds += send(client, &lanes).await?.seconds;
        records += lanes::records(&lanes);
    }
    Ok(records as f64 / seconds)
}

/// Revisions a second when the streams of all reporters are exported, one after the other.
async fn exported(client: &Client) -> Outcome<f64> {
    let began = Instant::now();
    let mut revisions = 0;
    for reporter in sample::reporters() {
        let request = pb::ExportRequest {
            reporter: reporter.id,
            ..Default::default()
        };
        let mut pieces = client.register().export(request).await?.into_inner();
        while let Some(piece) = pieces.next().await {
            revisions += piece?.revisions.len();
        }
    }
    Ok(revisions as f64 / began.elapsed().as_secs_f64())
}

impl Totals {
    /// The same rows without any checking.
    async fn beside(&mut self, rows: BareLanes, log: &std::fs::File, postgres: Option<&Postgres>) -> Outcome {
        self.log += bare::log(&rows, log)?;
        if let Some(postgres) = postgres {
            self.postgres += bare::table(rows, postgres).await?;
        }
        Ok(())
    }

    /// `least` is how many times the bare insert's rate is to be had at least.
    fn figures(&self, again: f64, least: f64) -> Vec<Figure> {
        let per_second = |seconds: f64| self.records as f64 / seconds;
        let ours = per_second(self.ours);
        let report = "report, 8 senders, batches of 1,000";
        let unit = "records/s";
        let mut figures = vec![figure(
            report,
            ours,
            unit,
            Some(("bare log, synced after every batch", per_second(self.log))),
            None,
        )];
        if self.postgres > 0.0 {
            let bare = ("bare insert into PostgreSQL", per_second(self.postgres));
            figures.push(figure(
                report,
                ours,
                unit,
                Some(bare),
                Some(Budget::RatioAtLeast(least)),
            ));
        }
        if let Some((first, last)) = self.ends() {
            figures.push(figure(
                "the last tenth of them",
                last,
                unit,
                Some(("the first tenth", first)),
                Some(Budget::RatioAtLeast(0.8)),
            ));
        }
        let first = self
            .pieces
            .first()
            .map_or(ours, |(records, seconds)| *records as f64 / seconds);
        figures.push(figure(
            "the first records sent again",
            again,
            unit,
            Some(("first time", first)),
            Some(Budget::RatioAtLeast(1.0)),
        ));
        figures
    }

    /// Records a second in the first tenth of the pieces and in the last one; `None` when there are too few.
    fn ends(&self) -> Option<(f64, f64)> {
        let tenth = self.pieces.len() / 10;
        let rate = |pieces: &[(usize, f64)]| {
            let records: usize = pieces.iter().map(|(records, _)| records).sum();
            records as f64 / pieces.iter().map(|(_, seconds)| seconds).sum::<f64>()
        };
        let first = self.pieces.get(..tenth).filter(|pieces| !pieces.is_empty())?;
        let last = self.pieces.get(self.pieces.len() - tenth..)?;
        Some((rate(first), rate(last)))
    }
}

fn figure(
    name: &str,
    value: f64,
    unit: &'static str,
    baseline: Option<(&'static str, f64)>,
    budget: Option<Budget>,
) -> Figure {
    Figure {
        name: name.into(),
        value,
        unit,
        baseline,
        budget,
    }
}

async fn connect(url: &str) -> Outcome<Client> {
    let target = Target {
        server: url.to_owned(),
        data: None,
        caller: "bench".into(),
        token: None,
    };
    target.connect().await
}

/// What became of what was sent.
pub(super) struct Sent {
    pub(super) seconds: f64,
    rejected: usize,
}

/// Sends what the lanes hold, a sender a lane.
pub(super) async fn send(client: &Client, lanes: &Lanes) -> Outcome<Sent> {
    let lanes = lanes.clone();
    let began = Instant::now();
    let tasks: Vec<_> = lanes
        .into_iter()
        .map(|lane| {
            let client = client.clone();
            tokio::spawn(async move {
                let answers = client.register().report(tokio_stream::iter(lane)).await?;
                let mut answers = answers.into_inner();
                let mut rejected = 0;
                while let Some(answer) = answers.next().await {
                    let outcomes = answer?.outcomes;
                    rejected += outcomes.iter().filter(|outcome| outcome.leaf.is_empty()).count();
                }
                Ok::<_, tonic::Status>(rejected)
            })
        })
        .collect();
    let mut rejected = 0;
    for task in tasks {
        rejected += task.await.map_err(Failure::failed)??;
    }
    Ok(Sent {
        seconds: began.elapsed().as_secs_f64(),
        rejected,
    })
}
