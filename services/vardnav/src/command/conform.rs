//! Conformance: the cases of a release as lines with the answers expected of them, and any server held against such
//! lines. Which cases there are and what follows from them is decided by releases and servers.

use std::io::{BufRead, Write};

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::common::date_message;
use vardnav_api::vardnav::classification::v1 as pb;
use vardnav_api::vardnav::r#type::v1::Fact;
use vardnav_interchange::classify_lines::read_form;

use super::classify::{answer, grain};
use super::{date_text, facts_value, report::reader};
use crate::cli;
use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Cases in one message.
const BATCH_CASES: usize = 500;
/// Longest line that is read, in bytes: a case and its answer.
const LINE_BYTES_MAX: u64 = 256 * 1024;

/// Writes the cases of a release, one a line: `{"case": …, "expected": …}`, each in the form of `vardnav classify`.
pub(crate) async fn cases(release: Option<String>, variants: Vec<String>, client: &Client) -> Outcome {
    let request = pb::ListConformanceCasesRequest {
        release: release.unwrap_or_default(),
        date: None,
        variants,
    };
    let mut messages = client
        .classification()
        .list_conformance_cases(request)
        .await?
        .into_inner();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut count, mut more) = (0_usize, false);
    while let Some(message) = messages.next().await {
        let message = message?;
        more |= message.more;
        for made in message.cases {
            let case = made.case.unwrap_or_default();
            let line = json!({
                "case": {
                    "id": case.id,
                    "of": super::enum_text(case.of().as_str_name(), "GRAIN_"),
                    "date": date_text(case.date.as_ref()),
                    "facts": facts_value(&case.facts),
                },
                "expected": answered(made.expected.unwrap_or_default())?,
            });
            output::line(&mut out, &line)?;
            count += 1;
        }
    }
    out.flush()?;
    output::say(format_args!("{count} cases"));
    if more {
        output::say("the tables would give more cases than are made");
    }
    Ok(())
}

/// Holds a server against cases: asks it about each by the release that the case names, and tells what differs.
pub(crate) async fn run(command: cli::Conform, client: &Client, format: Format) -> Outcome {
    let mut input = reader(&command.file)?;
    let (mut asked, mut differences) = (0_usize, Vec::new());
    let mut line = 0;
    let mut next = read(&mut input, &mut line)?;
    while next.is_some() {
        let mut batch: Vec<Expected> = Vec::new();
        while let Some(expected) = next.take_if(|expected| fits(&batch, expected)) {
            batch.push(expected);
            next = read(&mut input, &mut line)?;
        }
        asked += batch.len();
        let answers = ask(client, &batch).await?;
        for (expected, answer) in batch.into_iter().zip(answers) {
            let found = answered(answer)?;
            differences.extend(differing(&expected, &found));
        }
    }
    if asked == 0 {
        return Err(Failure::Usage("there are no cases".to_owned()));
    }
    output::rows(
        format,
        &["line", "case", "field", "expected", "found"],
        &differences,
    )?;
    match differences.len() {
        0 => {
            output::say(format_args!("{asked} cases agree"));
            Ok(())
        }
        count => Err(Failure::Findings(format!("{count} differences in {asked} cases"))),
    }
}

/// A case read from a line.
struct Expected {
    line: u64,
    case: pb::Case,
    answer: Value,
    release: String,
    variants: Vec<String>,
}

/// Whether a case may be asked together with those before it: under the same release and variants.
fn fits(batch: &[Expected], next: &Expected) -> bool {
    batch.len() < BATCH_CASES
        && batch
            .first()
            .is_none_or(|first| first.release == next.release && first.variants == next.variants)
}

fn read(input: &mut dyn BufRead, line: &mut u64) -> Outcome<Option<Expected>> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = std::io::Read::take(&mut *input, LINE_BYTES_MAX).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        *line += 1;
        if !bytes.trim_ascii().is_empty() {
            let expected = expected(*line, &bytes);
            return expected.map(Some).map_err(|problem| {
                Failure::Usage(format!(
                    "line {line}: {problem}; lines are those of `vardnav release cases`"
                ))
            });
        }
    }
}

fn expected(line: u64, bytes: &[u8]) -> Result<Expected, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| "not one JSON object".to_owned())?;
    let (Some(case), Some(answer)) = (value.get("case"), value.get("expected")) else {
        return Err("`case` or `expected` is missing".to_owned());
    };
    let case = case.to_string();
    let form = read_form(case.as_bytes()).map_err(|refused| {
        let messages: Vec<_> = refused
            .findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        messages.join("; ")
    })?;
    let facts = form.facts().map(|(axis, codes)| Fact {
        axis: axis.to_owned(),
        values: codes.map(str::to_owned).collect(),
    });
    let variants = answer.get("variants").and_then(Value::as_array);
    Ok(Expected {
        line,
        case: pb::Case {
            id: form.id.to_string(),
            of: grain(form.grain).into(),
            date: Some(date_message(form.date)),
            facts: facts.collect(),
        },
        release: answer
            .get("release")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        variants: variants
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        answer: answer.clone(),
    })
}

async fn ask(client: &Client, batch: &[Expected]) -> Outcome<Vec<pb::Classification>> {
    let Some(first) = batch.first() else {
        return Ok(Vec::new());
    };
    let request = pb::ClassifyStreamRequest {
        cases: batch.iter().map(|expected| expected.case.clone()).collect(),
        release: first.release.clone(),
        variants: first.variants.clone(),
        brief: false,
    };
    let answers = client
        .classification()
        .classify_stream(tokio_stream::once(request))
        .await?;
    let answer = answers.into_inner().next().await;
    let answer = answer.ok_or_else(|| Failure::Unreachable("the server ended the stream".into()))??;
    if answer.classifications.len() == batch.len() {
        Ok(answer.classifications)
    } else {
        Err(Failure::Failed(
            "the server gave another number of answers".into(),
        ))
    }
}

/// An answer in the form of `vardnav classify`.
fn answered(classification: pb::Classification) -> Outcome<Value> {
    let mut line = Vec::new();
    answer::write(classification, answer::Further::default(), &mut line);
    serde_json::from_slice(&line).map_err(Failure::failed)
}

/// The fields in which an answer is another than expected.
fn differing(expected: &Expected, found: &Value) -> Vec<Value> {
    let nothing = serde_json::Map::new();
    let fields = |value: &Value| value.as_object().unwrap_or(&nothing).clone();
    let (wanted, got) = (fields(&expected.answer), fields(found));
    let mut names: Vec<&String> = wanted.keys().chain(got.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| wanted.get(*name) != got.get(*name))
        .map(|name| {
            json!({
                "line": expected.line,
                "case": expected.case.id,
                "field": name,
                "expected": wanted.get(name),
                "found": got.get(name),
            })
        })
        .collect()
}
