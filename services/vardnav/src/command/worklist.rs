//! `vardnav register worklist`, `supply` and `unmatched`: what is held and why, one fact for many records, and the rule
//! that is wanted next.

use std::path::PathBuf;

use serde_json::{Value, json};
use vardnav_api::register::{kind, kind_message};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::r#type::v1::Fact;
use vardnav_register::record::{Fact as StatedFact, RecordKind};
use vardnav_register::supply::Supplied;

use crate::client::Client;
use crate::command::{date_text, enum_text, facts_value, finding_row, hex, supplied};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Which held records.
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// Only of this care unit (HSA-id; empty for records that state none)
    #[arg(long, value_name = "HSA-ID")]
    pub unit: Option<String>,
    /// Only what this owner can settle
    #[arg(long, value_parser = ["reporting-unit", "unit-registration", "authority"])]
    pub owner: Option<String>,
    /// Only what this table waits for
    #[arg(long)]
    pub table: Option<String>,
    /// Only what has waited at least so many days; of one reporter only
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    pub older_than: u32,
}

/// What is held.
#[derive(Debug, Clone, clap::Args)]
pub struct Held {
    /// Reporter; the counts of all reporters when left out
    pub reporter: Option<String>,
    #[command(flatten)]
    pub which: Which,
    /// Only what misses this axis
    #[arg(long, value_name = "AXIS")]
    pub missing: Option<String>,
    /// Only what this row, or guard, holds
    #[arg(long)]
    pub rule: Option<String>,
    /// List the records instead of the groups
    #[arg(long, requires = "reporter")]
    pub records: bool,
}

/// One fact for many records.
#[derive(Debug, Clone, clap::Args)]
pub struct Supply {
    /// Reporter
    pub reporter: String,
    /// Axis of the fact
    pub axis: String,
    /// Its value; several where the axis takes several
    #[arg(required = true)]
    pub values: Vec<String>,
    #[command(flatten)]
    pub which: Which,
    /// Only this record, for example contact:v-17; may be repeated. Without any, all that are held and miss the axis
    #[arg(long = "record", value_name = "KIND:ID", conflicts_with_all = ["unit", "owner", "table", "older_than"])]
    pub records: Vec<String>,
    /// Index of the segment it is stated of, for episodes
    #[arg(long)]
    pub segment: Option<u32>,
    /// Only check; nothing is stored
    #[arg(long)]
    pub dry_run: bool,
    /// File of the lines that were reported (NDJSON): the supplied lines and their receipts are made from it
    #[arg(long, value_name = "FILE", requires = "receipts")]
    pub lines: Option<PathBuf>,
    /// Folder for the supplied lines and their receipts
    #[arg(long, value_name = "DIR", requires = "lines")]
    pub receipts: Option<PathBuf>,
}

/// What no rule gives a value for.
#[derive(Debug, Clone, clap::Args)]
pub struct Unmatched {
    /// Reporter; the counts of all reporters when left out
    pub reporter: Option<String>,
    /// Only this table
    #[arg(long)]
    pub table: Option<String>,
}

impl Which {
    fn filter(&self) -> pb::HeldFilter {
        let owner = match self.owner.as_deref() {
            Some("reporting-unit") => pb::HeldOwner::ReportingUnit,
            Some("unit-registration") => pb::HeldOwner::UnitRegistration,
            Some("authority") => pb::HeldOwner::Authority,
            _ => pb::HeldOwner::Unspecified,
        };
        pb::HeldFilter {
            unit: self.unit.clone(),
            owner: owner.into(),
            table: self.table.clone().unwrap_or_default(),
            older_than_days: self.older_than,
            ..Default::default()
        }
    }
}

/// Lists what is held.
pub(crate) async fn held(command: Held, client: &Client, format: Format) -> Outcome {
    let filter = pb::HeldFilter {
        axis: command.missing.unwrap_or_default(),
        rule: command.rule.unwrap_or_default(),
        ..command.which.filter()
    };
    let mut request = pb::ListHeldRequest {
        reporter: command.reporter.unwrap_or_default(),
        filter: Some(filter),
        page_size: 1000,
        page_token: String::new(),
        groups_only: !command.records,
    };
    let mut rows = Vec::new();
    loop {
        let page = client.worklist().list_held(request.clone()).await?.into_inner();
        if request.page_token.is_empty() {
            told(&page);
        }
        if command.records {
            for record in &page.records {
                rows.push(record_row(record)?);
            }
        } else {
            rows.extend(page.groups.iter().map(group_row));
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let columns: &[&str] = if command.records {
        &[
            "kind", "id", "revision", "unit", "date", "days", "tables", "missing", "rules",
        ]
    } else {
        &[
            "reporter",
            "unit",
            "table",
            "wanted",
            "owner",
            "records",
            "alone",
            "oldest_days",
            "remedy",
        ]
    };
    output::rows(format, columns, &rows)
}

/// Supplies a fact for many records.
pub(crate) async fn supply(command: Supply, client: &Client, format: Format) -> Outcome {
    let fact = StatedFact {
        axis: command.axis.clone(),
        values: command.values.clone(),
    };
    let mut request = pb::SupplyFactRequest {
        reporter: command.reporter.clone(),
        fact: Some(Fact {
            axis: command.axis,
            values: command.values,
        }),
        segment: command.segment,
        keys: command
            .records
            .iter()
            .map(|record| key(record))
            .collect::<Outcome<_>>()?,
        filter: Some(command.which.filter()),
        validate_only: command.dry_run,
        page_token: String::new(),
    };
    let ready = match (&command.lines, &command.receipts, command.dry_run) {
        (Some(lines), Some(folder), false) => Some(supplied::Ready::new(lines, folder, &command.reporter)?),
        _ => None,
    };
    let mut outcomes = Vec::new();
    loop {
        let page = client.worklist().supply_fact(request.clone()).await?.into_inner();
        outcomes.extend(page.outcomes);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let rows = outcomes.iter().map(outcome_row).collect::<Outcome<Vec<_>>>()?;
    output::rows(
        format,
        &["kind", "id", "revision", "result", "outcome", "reason", "leaf"],
        &rows,
    )?;
    if let Some(ready) = ready {
        let segment = command
            .segment
            .map(usize::try_from)
            .transpose()
            .map_err(Failure::failed)?;
        let fact = Supplied { fact, segment };
        supplied::prove(client, &command.reporter, &fact, &outcomes, ready).await?;
    }
    let refused = outcomes
        .iter()
        .filter(|outcome| outcome.result() == pb::SupplyResult::Refused)
        .count();
    match refused {
        0 => Ok(()),
        refused => Err(Failure::Findings(format!(
            "{refused} of {} records were refused",
            outcomes.len()
        ))),
    }
}

/// Lists the combinations that no rule gives a value for.
pub(crate) async fn unmatched(command: Unmatched, client: &Client, format: Format) -> Outcome {
    let mut request = pb::ListUnmatchedRequest {
        reporter: command.reporter.unwrap_or_default(),
        table: command.table.unwrap_or_default(),
        page_size: 1000,
        page_token: String::new(),
    };
    let mut rows = Vec::new();
    loop {
        let page = client
            .worklist()
            .list_unmatched(request.clone())
            .await?
            .into_inner();
        rows.extend(page.combinations.iter().map(combination_row));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let columns = [
        "table",
        "rule",
        "records",
        "combination",
        "first",
        "last",
        "example",
        "reason",
    ];
    output::rows(format, &columns, &rows)
}

/// Says how many records are held, and what the answer leaves out.
fn told(page: &pb::ListHeldResponse) {
    if let Some(held) = &page.records_held {
        output::say(format_args!("{} records are held", count_text(held)));
    }
    if page.more_groups > 0 {
        output::say(format_args!("{} smaller groups are left out", page.more_groups));
    }
    if page.behind > 0 {
        output::say(format_args!("{} entries are not taken in yet", page.behind));
    }
}

fn group_row(group: &pb::HeldGroup) -> Value {
    let wanted = [&group.axis, &group.rule, &group.check];
    let wanted = wanted.into_iter().find(|wanted| !wanted.is_empty());
    json!({
        "reporter": group.reporter,
        "unit": group.unit,
        "table": group.table,
        "wanted": wanted,
        "axis": group.axis,
        "rule": group.rule,
        "check": group.check,
        "owner": owner_text(group.owner()),
        "records": count(group.records.as_ref()),
        "alone": group.alone,
        "oldest_days": group.oldest_days,
        "first": date_text(group.first.as_ref()),
        "last": date_text(group.last.as_ref()),
        "possible": group.possible,
        "remedy": group.remedy.as_ref().map(|remedy| &remedy.en),
    })
}

fn record_row(record: &pb::HeldRecord) -> Outcome<Value> {
    let waits: Vec<Value> = record.waits.iter().map(wait_row).collect();
    let each = |of: fn(&pb::held_record::Wait) -> Vec<&str>| {
        let mut texts: Vec<&str> = record
            .waits
            .iter()
            .flat_map(of)
            .filter(|text| !text.is_empty())
            .collect();
        texts.sort_unstable();
        texts.dedup();
        texts.join(", ")
    };
    Ok(json!({
        "kind": kind(record.kind(), "kind").map_err(Failure::failed)?.name(),
        "id": record.id,
        "revision": record.revision,
        "position": record.position,
        "date": date_text(record.date.as_ref()),
        "since": jiff::Timestamp::from_microsecond(record.since_micros).map(|since| since.to_string()).ok(),
        "days": record.days,
        "unit": each(|wait| vec![&wait.unit]),
        "tables": each(|wait| vec![&wait.table]),
        "missing": each(|wait| wait.missing.iter().map(|missing| missing.axis.as_str()).collect()),
        "rules": each(|wait| vec![&wait.rule, &wait.check]),
        "waits": waits,
        "more_waits": record.more_waits,
    }))
}

fn wait_row(wait: &pb::held_record::Wait) -> Value {
    let missing: serde_json::Map<String, Value> = wait
        .missing
        .iter()
        .map(|missing| (missing.axis.clone(), json!(owner_text(missing.owner()))))
        .collect();
    json!({
        "release": wait.release,
        "table": wait.table,
        "unit": wait.unit,
        "segment": wait.segment,
        "parts": wait.parts,
        "missing": missing,
        "possible": wait.possible,
        "rule": wait.rule,
        "guard": wait.guard,
        "facts": facts_value(&wait.facts),
        "reason": wait.reason.as_ref().map(|reason| &reason.en),
        "check": wait.check,
    })
}

fn outcome_row(outcome: &pb::SupplyOutcome) -> Outcome<Value> {
    Ok(json!({
        "kind": kind(outcome.kind(), "kind").map_err(Failure::failed)?.name(),
        "id": outcome.id,
        "revision": outcome.revision,
        "result": enum_text(outcome.result().as_str_name(), "SUPPLY_RESULT_"),
        "outcome": match outcome.outcome() {
            pb::Outcome::Unspecified => Value::Null,
            stated => json!(enum_text(stated.as_str_name(), "OUTCOME_")),
        },
        "reason": (!outcome.reason.is_empty()).then_some(&outcome.reason),
        "findings": outcome.findings.iter().map(finding_row).collect::<Vec<_>>(),
        "leaf": (!outcome.leaf.is_empty()).then(|| hex(&outcome.leaf)),
    }))
}

fn combination_row(combination: &pb::UnmatchedCombination) -> Value {
    let facts: Vec<String> = combination
        .facts
        .iter()
        .map(|fact| format!("{}={}", fact.axis, fact.values.join("|")))
        .collect();
    let example = combination.example.as_ref();
    let example =
        example.and_then(|key| Some(format!("{}:{}", kind(key.kind(), "kind").ok()?.name(), key.id)));
    json!({
        "table": combination.table,
        "rule": combination.rule,
        "guard": combination.guard,
        "records": count(combination.records.as_ref()),
        "combination": facts.join(" "),
        "facts": facts_value(&combination.facts),
        "reporters": combination.reporters,
        "more_reporters": combination.more_reporters,
        "first": date_text(combination.first.as_ref()),
        "last": date_text(combination.last.as_ref()),
        "example": example,
        "reason": combination.reason.as_ref().map(|reason| &reason.en),
    })
}

/// A count as a number, or what it is fewer than as a text.
fn count(count: Option<&pb::HeldCount>) -> Value {
    match count {
        Some(count) if count.fewer_than > 0 => json!(count_text(count)),
        Some(count) => json!(count.count),
        None => Value::Null,
    }
}

fn count_text(count: &pb::HeldCount) -> String {
    if count.fewer_than > 0 {
        format!("fewer than {}", count.fewer_than)
    } else {
        count.count.to_string()
    }
}

fn owner_text(owner: pb::HeldOwner) -> String {
    enum_text(owner.as_str_name(), "HELD_OWNER_")
}

fn key(record: &str) -> Outcome<pb::supply_fact_request::Key> {
    let named = record
        .split_once(':')
        .and_then(|(kind, id)| Some((RecordKind::from_name(kind)?, id)));
    let (kind, id) = named.ok_or_else(|| {
        Failure::Usage("--record names a kind and an id, for example contact:v-17".to_owned())
    })?;
    Ok(pb::supply_fact_request::Key {
        kind: kind_message(kind).into(),
        id: id.to_owned(),
    })
}
