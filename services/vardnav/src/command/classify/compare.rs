//! `vardnav classify --against`: the same lines under two releases or choices of variants, side by side.

use std::io::BufRead;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use vardnav_api::vardnav::classification::v1 as pb;
use vardnav_interchange::classify_lines::{
    Compared, ComparedBy, ComparedRule, ComparedSide, ComparedTable, Comparer, next_line, write_findings,
};

use super::answer::{line_findings, strings, table_answer, texts};
use super::{Slot, Starter, read};
use crate::cli;
use crate::client::Target;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Cases in one message.
const BATCH_CASES: usize = 500;

/// The columns of a table: a row for each table that differs.
const COLUMNS: [&str; 5] = ["id", "table", "one", "other", "rules"];

/// Answers on their way out: at once as lines, at the end as one document.
struct Shown {
    format: Format,
    kept: Vec<Value>,
    lines: u64,
    differing: u64,
    bad: u64,
}

impl Shown {
    fn take(&mut self, answer: Value, whole: bool) -> Outcome {
        self.lines += 1;
        self.bad += u64::from(!whole);
        self.differing += u64::from(answer.get("differs") == Some(&Value::Bool(true)));
        match self.format {
            Format::Ndjson => output::line(&mut std::io::stdout().lock(), &answer)?,
            Format::Json => self.kept.push(answer),
            Format::Table | Format::Csv => self.kept.extend(rows(&answer)),
        }
        Ok(())
    }

    /// Takes a line that could not be read.
    fn refuse(&mut self, refused: &vardnav_interchange::classify_lines::Refused) -> Outcome {
        let mut line = Vec::new();
        write_findings(refused.id.as_deref(), &refused.findings, &mut line);
        self.take(serde_json::from_slice(&line).map_err(Failure::failed)?, false)
    }

    fn finish(self) -> Outcome<u64> {
        match self.format {
            Format::Json => output::one(self.format, &Value::Array(self.kept))?,
            Format::Table | Format::Csv => output::rows(self.format, &COLUMNS, &self.kept)?,
            Format::Ndjson => {}
        }
        output::say(format_args!("{} of {} cases differ", self.differing, self.lines));
        Ok(self.bad)
    }
}

/// Compares every line; gives how many could not be decided on both sides.
pub(super) async fn run(
    input: Box<dyn BufRead + Send>,
    command: &cli::Classify,
    format: Format,
    target: &Target,
) -> Outcome<u64> {
    let mut shown = Shown {
        format,
        kept: Vec::new(),
        lines: 0,
        differing: 0,
        bad: 0,
    };
    if command.offline {
        offline(input, command, &mut shown)?;
    } else {
        online(input, command, target, &mut shown).await?;
    }
    shown.finish()
}

fn offline(mut input: Box<dyn BufRead + Send>, command: &cli::Classify, shown: &mut Shown) -> Outcome {
    let (one, other) = (
        Starter::load(command.release.as_deref())?,
        Starter::load(command.against.as_deref())?,
    );
    let (left, left_variants) = one.under(&command.variant)?;
    let (right, right_variants) = other.under(&command.against_variant)?;
    let comparer = Comparer {
        one: ComparedBy {
            releases: one.releases(&left),
            variants: left_variants,
        },
        other: ComparedBy {
            releases: other.releases(&right),
            variants: right_variants,
        },
    };
    let mut line = Vec::new();
    while next_line(&mut input, &mut line)? {
        let answer = comparer.compare(&line, |compared| (compared.value(), whole(compared)));
        match answer {
            Ok((value, whole)) => shown.take(value, whole)?,
            Err(refused) => shown.refuse(&refused)?,
        }
    }
    Ok(())
}

async fn online(
    input: Box<dyn BufRead + Send>,
    command: &cli::Classify,
    target: &Target,
    shown: &mut Shown,
) -> Outcome {
    let client = target.connect().await?;
    let (batches, mut waiting) = mpsc::channel::<(Vec<Slot>, Vec<pb::Case>)>(2);
    let reading = tokio::task::spawn_blocking(move || read(input, BATCH_CASES, &batches));
    let (requests, outgoing) = mpsc::channel::<pb::CompareReleasesRequest>(1);
    let answers = client
        .classification()
        .compare_releases(ReceiverStream::new(outgoing))
        .await?;
    let mut answers = answers.into_inner();
    let side = |release: &Option<String>, variants: &[String]| {
        Some(pb::Basis {
            release: release.clone().unwrap_or_default(),
            variants: variants.to_vec(),
        })
    };
    let gone = || Failure::Unreachable("the server ended the stream".into());
    while let Some((slots, cases)) = waiting.recv().await {
        let request = pb::CompareReleasesRequest {
            cases,
            one: side(&command.release, &command.variant),
            other: side(&command.against, &command.against_variant),
        };
        requests.send(request).await.map_err(|_| gone())?;
        let answer = answers.next().await.ok_or_else(gone)??;
        let mut comparisons = answer.comparisons.into_iter();
        for slot in slots {
            match slot {
                Slot::Refused(refused) => shown.refuse(&refused)?,
                Slot::Sent => {
                    let comparison = comparisons
                        .next()
                        .ok_or_else(|| Failure::Failed("the server gave too few answers".into()))?;
                    take(comparison, shown)?;
                }
            }
        }
    }
    reading.await.map_err(Failure::failed)?
}

/// Takes an answer of the server.
fn take(comparison: pb::Comparison, shown: &mut Shown) -> Outcome {
    if !comparison.findings.is_empty() {
        return shown.refuse(&vardnav_interchange::classify_lines::Refused {
            id: (!comparison.id.is_empty()).then_some(comparison.id),
            findings: line_findings(comparison.findings),
        });
    }
    let side = |side: Option<&pb::ComparedSide>| side.cloned().unwrap_or_default();
    let (one, other) = (side(comparison.one.as_ref()), side(comparison.other.as_ref()));
    let compared = Compared {
        id: &comparison.id,
        one: compared_side(&one),
        other: compared_side(&other),
        tables: comparison.tables.iter().map(compared_table).collect(),
    };
    shown.take(compared.value(), whole(&compared))
}

fn whole(compared: &Compared<'_>) -> bool {
    compared.one.findings.is_empty() && compared.other.findings.is_empty()
}

fn compared_side(side: &pb::ComparedSide) -> ComparedSide<'_> {
    ComparedSide {
        release: &side.release,
        variants: &side.variants,
        findings: line_findings(side.findings.clone()),
    }
}

fn compared_table(table: &pb::TableComparison) -> ComparedTable<'_> {
    let (sv, en) = table.text.as_ref().map(texts).unwrap_or_default();
    let rules = table.rules.iter().map(|rule| ComparedRule {
        rule: &rule.rule,
        change: match rule.change() {
            pb::RuleChange::Added => "added",
            pb::RuleChange::Removed => "removed",
            pb::RuleChange::Moved => "moved",
            pb::RuleChange::Changed | pb::RuleChange::Unspecified => "changed",
        },
        one: state(rule.one()),
        other: state(rule.other()),
        decides: rule.decides,
    });
    ComparedTable {
        table: &table.table,
        differs: table.differs,
        one: table.one.clone().map(table_answer),
        other: table.other.clone().map(table_answer),
        rules: rules.collect(),
        through: strings(&table.through),
        sv: sv.into(),
        en: en.into(),
    }
}

fn state(state: pb::RuleState) -> Option<&'static str> {
    match state {
        pb::RuleState::Unspecified => None,
        pb::RuleState::Matched => Some("matched"),
        pb::RuleState::RuledOut => Some("ruled-out"),
        pb::RuleState::Undetermined => Some("undetermined"),
    }
}

/// The tables of an answer that differ, as rows; and what could not be decided.
fn rows(answer: &Value) -> Vec<Value> {
    let id = answer.get("id").cloned().unwrap_or_default();
    let mut rows = Vec::new();
    let side = |name: &str| answer.pointer(&format!("/{name}/findings"));
    let sides = [
        ("one", side("one")),
        ("other", side("other")),
        ("one", answer.get("findings")),
    ];
    for (name, findings) in sides {
        for finding in findings.and_then(Value::as_array).into_iter().flatten() {
            let mut row = json!({ "id": id });
            if let Some(row) = row.as_object_mut() {
                row.insert(
                    name.to_owned(),
                    finding.get("message").cloned().unwrap_or_default(),
                );
            }
            rows.push(row);
        }
    }
    let tables = answer
        .get("tables")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for table in tables.filter(|table| table.get("differs") == Some(&Value::Bool(true))) {
        let rules = table.get("rules").and_then(Value::as_array).into_iter().flatten();
        let rules = rules.map(|rule| {
            let part = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("{} {}", part("rule"), part("change"))
        });
        rows.push(json!({
            "id": id,
            "table": table.get("table"),
            "one": given(table.get("one")),
            "other": given(table.get("other")),
            "rules": rules.collect::<Vec<_>>(),
        }));
    }
    rows
}

fn given(given: Option<&Value>) -> Value {
    let Some(given) = given.filter(|given| !given.is_null()) else {
        return json!("–");
    };
    let held = given.get("held") == Some(&Value::Bool(true));
    let rule = given.get("rule").and_then(Value::as_str);
    let values = given
        .get("values")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut text: Vec<String> = values.filter_map(Value::as_str).map(str::to_owned).collect();
    if held {
        text.push("held".to_owned());
    }
    text.extend(rule.map(|rule| format!("({rule})")));
    json!(text.join(" "))
}
