//! `vardnav classify`: lines of facts in, one answer line each, in order. By a server, or offline by the same engine.

use std::io::{BufRead, Write};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use vardnav_api::vardnav::classification::v1 as pb;
use vardnav_api::vardnav::r#type::v1::{Fact, Label};
use vardnav_classification::Grain;
use vardnav_interchange::classify_lines::{
    Answer, CODES, Classifier, InForce, KnownFact, LineFinding, MatchedRule, OtherRule, Refused, Releases,
    TableAnswer, TableReasons, Wanted, WhyNot, explanation_value, next_line, read_form, write_findings,
};
use vardnav_interchange::release;

use crate::cli;
use crate::client::{Client, Target};
use crate::command::report::reader;
use crate::exit::{Failure, Outcome};

/// Cases in one message.
const BATCH_CASES: usize = 1000;

/// Runs the command.
pub(crate) async fn run(command: cli::Classify, target: &Target) -> Outcome {
    let input = reader(&command.file)?;
    let bad = if command.offline {
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
    let package = release::starter::package().map_err(Failure::failed)?;
    let release = release::compile(&package, &[]).map_err(|findings| {
        Failure::Failed(format!("the starter release has {} findings", findings.len()))
    })?;
    let releases = match &command.release {
        Some(id) if *id != release.id => {
            return Err(Failure::Usage(format!(
                "offline there is only release {}",
                release.id
            )));
        }
        Some(id) => Releases::named(id, &release.description),
        None => Releases::by_date([InForce {
            from: release.from,
            id: &release.id,
            system: &release.description,
        }]),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let counts = Classifier::new(releases, command.explain).answer_all(&mut input, &mut out)?;
    out.flush()?;
    Ok(counts.with_findings)
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
    let reading = tokio::task::spawn_blocking(move || read(input, &batches));
    let (requests, outgoing) = mpsc::channel::<pb::ClassifyStreamRequest>(1);
    let answers = client
        .classification()
        .classify_stream(ReceiverStream::new(outgoing))
        .await?;
    let mut answers = answers.into_inner();
    let mut bad = 0;
    let mut line = Vec::new();
    while let Some((slots, cases)) = waiting.recv().await {
        let classified = if command.explain {
            explained(&client, cases, &release).await?
        } else {
            let request = pb::ClassifyStreamRequest {
                cases,
                release: release.clone(),
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
                .map(|classification| (classification, None))
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
                    let (classification, explanation) = classified
                        .next()
                        .ok_or_else(|| Failure::Failed("the server gave too few answers".into()))?;
                    bad += u64::from(!classification.findings.is_empty());
                    write(classification, explanation, &mut line);
                }
            }
            out.write_all(&line)?;
        }
        out.flush()?;
    }
    reading.await.map_err(Failure::failed)??;
    Ok(bad)
}

fn read(mut input: Box<dyn BufRead + Send>, batches: &mpsc::Sender<(Vec<Slot>, Vec<pb::Case>)>) -> Outcome {
    let mut line = Vec::new();
    loop {
        let (mut slots, mut cases) = (Vec::new(), Vec::new());
        while slots.len() < BATCH_CASES {
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

async fn explained(
    client: &Client,
    cases: Vec<pb::Case>,
    release: &str,
) -> Outcome<Vec<(pb::Classification, Option<Value>)>> {
    let mut answers = Vec::with_capacity(cases.len());
    for case in cases {
        let request = pb::ClassifyRequest {
            case: Some(case),
            release: release.to_owned(),
            explain: true,
        };
        let answer = client.classification().classify(request).await?.into_inner();
        let tables: Vec<_> = answer.explanation.iter().map(reasons).collect();
        let explanation = explanation_value(&tables);
        answers.push((answer.classification.unwrap_or_default(), Some(explanation)));
    }
    Ok(answers)
}

fn write(classification: pb::Classification, explanation: Option<Value>, line: &mut Vec<u8>) {
    if !classification.findings.is_empty() {
        let findings: Vec<LineFinding> = classification
            .findings
            .into_iter()
            .map(|finding| {
                let known = CODES.iter().find(|(code, ..)| *code == finding.code);
                LineFinding::new(
                    known.map_or("VN-CLS", |(code, ..)| code),
                    finding.path,
                    finding.message,
                )
            })
            .collect();
        let id = (!classification.id.is_empty()).then_some(classification.id.as_str());
        write_findings(id, &findings, line);
        return;
    }
    let tables = classification.results.into_iter().map(|result| TableAnswer {
        collects: result.hit_policy() == pb::HitPolicy::Collect,
        rule: result.rules.into_iter().next(),
        table: result.table,
        values: result.values,
        held: result.held,
        possible: result
            .possible
            .into_iter()
            .map(|possible| (possible.value, possible.missing))
            .collect(),
    });
    let answer = Answer {
        id: classification.id,
        tables: tables.collect(),
        release: classification.release,
        further: explanation
            .map(|value| ("explanation", value))
            .into_iter()
            .collect(),
    };
    answer.write(line);
}

/// Why a table gave what it gave, as lines tell it.
fn reasons(table: &pb::TableExplanation) -> TableReasons<'_> {
    let (matched, others): (Vec<_>, Vec<_>) = table
        .rules
        .iter()
        .partition(|rule| rule.state() == pb::RuleState::Matched);
    let (sv, en) = table.text.as_ref().map(texts).unwrap_or_default();
    TableReasons {
        table: &table.table,
        held: table.held,
        matched: matched.into_iter().map(matched_rule).collect(),
        possible: table
            .possible
            .iter()
            .map(|open| (open.value.as_str(), strings(&open.missing)))
            .collect(),
        others: others.into_iter().map(other_rule).collect(),
        sv: sv.into(),
        en: en.into(),
    }
}

fn matched_rule(rule: &pb::RuleTrace) -> MatchedRule<'_> {
    MatchedRule {
        rule: &rule.rule,
        value: value(rule),
        reason: rule.hold_reason.as_ref().map(texts),
        legal_basis: &rule.legal_basis,
        status: &rule.status,
        because: rule.because.iter().map(known_fact).collect(),
    }
}

fn other_rule(rule: &pb::RuleTrace) -> OtherRule<'_> {
    let failed = rule.failed_conditions.iter().filter_map(|failed| {
        let wanted = Wanted {
            any_of: &failed.any_of,
            negated: failed.negated,
        };
        Some((known_fact(failed.fact.as_ref()?), wanted))
    });
    let from = vardnav_api::common::optional_date(rule.in_force_from.as_ref(), "in_force_from");
    OtherRule {
        rule: &rule.rule,
        value: value(rule),
        why: match from {
            _ if rule.state() == pb::RuleState::Undetermined => WhyNot::Missing(strings(&rule.missing)),
            Ok(Some(from)) => WhyNot::InForceFrom(from),
            Ok(None) | Err(_) => WhyNot::RuledOut(failed.collect()),
        },
    }
}

fn known_fact(fact: &pb::DecidingFact) -> KnownFact<'_> {
    KnownFact {
        axis: &fact.axis,
        values: strings(&fact.values),
        source: &fact.source,
    }
}

fn value(rule: &pb::RuleTrace) -> Option<&str> {
    (!rule.value.is_empty()).then_some(rule.value.as_str())
}

fn texts(label: &Label) -> (&str, &str) {
    (&label.sv, &label.en)
}

fn strings(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn grain(grain: Grain) -> pb::Grain {
    match grain {
        Grain::Contact => pb::Grain::Contact,
        Grain::Segment => pb::Grain::Segment,
        Grain::MonitoringPeriod => pb::Grain::MonitoringPeriod,
    }
}
