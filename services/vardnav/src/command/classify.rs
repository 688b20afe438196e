//! `vardnav classify`: lines of facts in, one answer line each, in order. By a server, or offline by the same engine.

pub(crate) mod answer;
mod compare;

use std::io::{BufRead, Write};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use vardnav_api::vardnav::classification::v1 as pb;
use vardnav_api::vardnav::r#type::v1::Fact;
use vardnav_classification::{DescriptionSystem, Grain};
use vardnav_interchange::classify_lines::{
    Classifier, InForce, Refused, Releases, next_line, read_form, write_findings,
};
use vardnav_interchange::release;
use vardnav_release::Snapshot;

use self::answer::Further;
use crate::cli;
use crate::client::{Client, Target};
use crate::command::report::reader;
use crate::exit::{Failure, Outcome};
use crate::output::Format;

/// Cases in one message.
const BATCH_CASES: usize = 1000;

/// Runs the command.
pub(crate) async fn run(command: cli::Classify, format: Format, target: &Target) -> Outcome {
    let input = reader(&command.file)?;
    let bad = if command.against.is_some() || !command.against_variant.is_empty() {
        compare::run(input, &command, format, target).await?
    } else if command.offline {
        offline(input, &command)?
    } else {
        online(input, &command, target).await?
    };
    if bad == 0 {
        Ok(())
    } else {
        Err(Failure::Findings(format!("{bad} lines could not be classified")))
    }
}

fn offline(mut input: Box<dyn BufRead + Send>, command: &cli::Classify) -> Outcome<u64> {
    let starter = Starter::load(command.release.as_deref())?;
    let (system, variants) = starter.under(&command.variant)?;
    let releases = starter.releases(&system);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut classifier = Classifier::new(releases, command.explain).under(variants);
    if command.counterfactuals {
        classifier = classifier.with_counterfactuals();
    }
    let counts = classifier.answer_all(&mut input, &mut out)?;
    out.flush()?;
    Ok(counts.with_findings)
}

/// The starter release, as classifying without a server needs it.
struct Starter {
    release: Snapshot,
    /// Whether it was named, and so decides every date.
    named: bool,
}

impl Starter {
    fn load(named: Option<&str>) -> Outcome<Self> {
        let package = release::starter::package().map_err(Failure::failed)?;
        let release = release::compile(&package, &[]).map_err(|findings| {
            Failure::Failed(format!("the starter release has {} findings", findings.len()))
        })?;
        match named {
            Some(id) if id != release.id => Err(Failure::Usage(format!(
                "offline there is only release {}",
                release.id
            ))),
            _ => Ok(Self {
                release,
                named: named.is_some(),
            }),
        }
    }

    /// What decides under the variants asked for, and their names in the order of the points.
    fn under(&self, asked: &[String]) -> Outcome<(Arc<DescriptionSystem>, Vec<String>)> {
        let system = &self.release.description;
        if asked.is_empty() {
            return Ok((Arc::clone(system), Vec::new()));
        }
        let choices = system.source().choices(asked.iter().map(String::as_str));
        let choices = choices.map_err(|wrong| {
            let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
            Failure::Usage(wrong.join("; "))
        })?;
        let variants = choices.iter().map(ToString::to_string).collect();
        let system = DescriptionSystem::compile_with(system.source().clone(), &choices)
            .map_err(|problems| Failure::Failed(format!("the variants give {} problems", problems.len())))?;
        Ok((Arc::new(system), variants))
    }

    fn releases<'a>(&'a self, system: &'a DescriptionSystem) -> Releases<'a> {
        if self.named {
            return Releases::named(&self.release.id, system);
        }
        Releases::by_date([InForce {
            from: self.release.from,
            id: &self.release.id,
            system,
        }])
    }
}

/// A line read here: refused at once, or the next case of its batch.
enum Slot {
    Refused(Refused),
    Sent,
}

async fn online(input: Box<dyn BufRead + Send>, command: &cli::Classify, target: &Target) -> Outcome<u64> {
    let client = target.connect().await?;
    let release = command.release.clone().unwrap_or_default();
    let (batches, mut waiting) = mpsc::channel::<(Vec<Slot>, Vec<pb::Case>)>(2);
    let reading = tokio::task::spawn_blocking(move || read(input, BATCH_CASES, &batches));
    let (requests, outgoing) = mpsc::channel::<pb::ClassifyStreamRequest>(1);
    let answers = client
        .classification()
        .classify_stream(ReceiverStream::new(outgoing))
        .await?;
    let mut answers = answers.into_inner();
    let mut bad = 0;
    let mut line = Vec::new();
    while let Some((slots, cases)) = waiting.recv().await {
        let classified = if command.explain || command.counterfactuals {
            told(&client, cases, command).await?
        } else {
            let request = pb::ClassifyStreamRequest {
                cases,
                release: release.clone(),
                variants: command.variant.clone(),
                brief: false,
            };
            requests
                .send(request)
                .await
                .map_err(|_| Failure::Unreachable("the server ended the stream".into()))?;
            let answer = answers.next().await;
            let answer =
                answer.ok_or_else(|| Failure::Unreachable("the server ended the stream".into()))??;
            answer
                .classifications
                .into_iter()
                .map(|classification| (classification, Further::default()))
                .collect()
        };
        let mut classified = classified.into_iter();
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for slot in slots {
            line.clear();
            match slot {
                Slot::Refused(refused) => {
                    bad += 1;
                    write_findings(refused.id.as_deref(), &refused.findings, &mut line);
                }
                Slot::Sent => {
                    let (classification, further) = classified
                        .next()
                        .ok_or_else(|| Failure::Failed("the server gave too few answers".into()))?;
                    bad += u64::from(!classification.findings.is_empty());
                    answer::write(classification, further, &mut line);
                }
            }
            out.write_all(&line)?;
        }
        out.flush()?;
    }
    reading.await.map_err(Failure::failed)??;
    Ok(bad)
}

fn read(
    mut input: Box<dyn BufRead + Send>,
    batch: usize,
    batches: &mpsc::Sender<(Vec<Slot>, Vec<pb::Case>)>,
) -> Outcome {
    let mut line = Vec::new();
    loop {
        let (mut slots, mut cases) = (Vec::new(), Vec::new());
        while slots.len() < batch {
            if !next_line(&mut input, &mut line)? {
                break;
            }
            slots.push(match read_form(&line) {
                Err(refused) => Slot::Refused(refused),
                Ok(form) => {
                    let facts = form.facts().map(|(axis, codes)| Fact {
                        axis: axis.to_owned(),
                        values: codes.map(str::to_owned).collect(),
                    });
                    cases.push(pb::Case {
                        id: form.id.to_string(),
                        of: grain(form.grain).into(),
                        date: Some(vardnav_api::common::date_message(form.date)),
                        facts: facts.collect(),
                    });
                    Slot::Sent
                }
            });
        }
        if slots.is_empty() || batches.blocking_send((slots, cases)).is_err() {
            return Ok(());
        }
    }
}

/// Asks case by case, for what streams do not carry.
async fn told(
    client: &Client,
    cases: Vec<pb::Case>,
    command: &cli::Classify,
) -> Outcome<Vec<(pb::Classification, Further)>> {
    let mut answers = Vec::with_capacity(cases.len());
    for case in cases {
        let request = pb::ClassifyRequest {
            case: Some(case),
            release: command.release.clone().unwrap_or_default(),
            explain: command.explain,
            variants: command.variant.clone(),
            counterfactuals: command.counterfactuals,
        };
        let answer = client.classification().classify(request).await?.into_inner();
        let further = Further::of(&answer, command.explain, command.counterfactuals);
        answers.push((answer.classification.unwrap_or_default(), further));
    }
    Ok(answers)
}

/// What a line describes, as a message.
pub(crate) fn grain(grain: Grain) -> pb::Grain {
    match grain {
        Grain::Contact => pb::Grain::Contact,
        Grain::Segment => pb::Grain::Segment,
        Grain::MonitoringPeriod => pb::Grain::MonitoringPeriod,
    }
}
