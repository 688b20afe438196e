//! Reporting: checked, classified, durable, receipted records per second over gRPC with eight senders, to a server in a
//! process of its own; beside a bare log that is synced once a batch and a bare insert into PostgreSQL, in turns in the
//! same run. And what becomes of the server as it grows: its rate, the space and memory it takes, how fast it is exported,
//! how soon it is back after `kill -9`.

mod analysts;
mod bare;
mod lanes;
mod postgres;
mod subject;

use std::time::Instant;

use tokio_stream::StreamExt as _;
use vardnav_api::vardnav::register::v1 as pb;

use self::analysts::Analysts;
use self::bare::BareLanes;
pub(super) use self::lanes::lanes;
use self::lanes::{Lanes, Pieces};
use self::postgres::Postgres;
use self::subject::Subject;
use super::process::Server;
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

/// Measures with `count` records, with the register in a folder, or in a PostgreSQL that so many servers share; with the
/// tables for analysts kept beside it when `analysts` says so.
pub(crate) async fn measure(count: u64, servers: Option<usize>, analysts: bool) -> Outcome<Vec<Figure>> {
    let in_database = servers.is_some();
    let count = usize::try_from(count).map_err(Failure::failed)?;
    let place = tempfile::tempdir()?;
    let data = place.path().join("data");
    let postgres = Postgres::start().await?;
    if postgres.is_none() {
        let none = "this machine has no PostgreSQL to measure";
        if in_database || analysts {
            return Err(Failure::Failed(none.to_owned()));
        }
        output::say(format_args!("{none} beside"));
    }
    let subject = Subject::new(&data, postgres.as_ref().filter(|_| in_database)).await?;
    let mut analysts = match postgres.as_ref().filter(|_| analysts) {
        Some(postgres) => Some(Analysts::new(postgres).await?),
        None => None,
    };
    let servers = subject.start(servers.unwrap_or(1), analysts.as_ref().map(Analysts::url))?;
    let clients = connect(&servers).await?;
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
                let sent = send(&clients, &lanes).await?;
                if sent.rejected > 0 {
                    return Err(Failure::Failed(format!(
                        "{} records were rejected",
                        sent.rejected
                    )));
                }
                totals.ours += sent.seconds;
                totals.pieces.push((records, sent.seconds));
                if let Some(analysts) = &mut analysts {
                    analysts.hold(totals.records + records, sent.seconds).await?;
                }
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
    let again = again(&clients, count.min(PIECE)).await?;
    let exported = exported(first(&clients)?).await?;
    let (resident, peak) = servers.iter().fold((0.0, 0.0), |(resident, peak), server| {
        (resident + server.resident(), peak + server.peak())
    });
    servers.into_iter().try_for_each(Server::kill)?;
    let least = if in_database { 0.5 } else { 1.5 };
    let mut figures = totals.figures(again, least);
    if let Some(analysts) = &analysts {
        figures.extend(analysts.figures(totals.records, totals.records as f64 / totals.ours));
    }
    figures.extend(left_behind(&subject, totals.records, postgres.as_ref()).await?);
    figures.extend([
        figure("all of them exported", exported, "records/s", None, None),
        figure("memory of the servers", resident, "MB", None, None),
        figure("most memory of the servers", peak, "MB", None, None),
    ]);
    Ok(figures)
}

/// How soon the next server answers after one was killed, and what the register takes of the disk.
async fn left_behind(subject: &Subject, records: usize, postgres: Option<&Postgres>) -> Outcome<Vec<Figure>> {
    let lanes = lanes(BATCH);
    let began = Instant::now();
    let servers = subject.start(1, None)?;
    send(&connect(&servers).await?, &lanes).await?;
    let reopened = began.elapsed().as_secs_f64();
    servers.into_iter().try_for_each(Server::kill)?;
    let budget = Some(Budget::AtMost(2.0));
    let mut figures = vec![figure("first answer after kill -9", reopened, "s", None, budget)];
    figures.extend(subject.space(records, postgres).await?);
    Ok(figures)
}

/// Records a second when those first sent are sent again.
async fn again(clients: &[Client], count: usize) -> Outcome<f64> {
    let (mut records, mut seconds) = (0, 0.0);
    for lanes in Pieces::new(count, PIECE) {
        seconds += send(clients, &lanes).await?.seconds;
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

/// A connection to each server.
async fn connect(servers: &[Server]) -> Outcome<Vec<Client>> {
    let mut clients = Vec::new();
    for server in servers {
        let target = Target {
            server: server.url.clone(),
            data: None,
            caller: "bench".into(),
            token: None,
        };
        clients.push(target.connect().await?);
    }
    Ok(clients)
}

fn first(clients: &[Client]) -> Outcome<&Client> {
    clients
        .first()
        .ok_or_else(|| Failure::Failed("there is no server to ask".into()))
}

/// What became of what was sent.
pub(super) struct Sent {
    pub(super) seconds: f64,
    rejected: usize,
}

/// Sends what the lanes hold, a sender a lane; the servers have them in turn.
pub(super) async fn send(clients: &[Client], lanes: &Lanes) -> Outcome<Sent> {
    let lanes = lanes.clone();
    let began = Instant::now();
    let tasks: Vec<_> = lanes
        .into_iter()
        .zip(clients.iter().cycle().cloned())
        .map(|(lane, client)| {
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
