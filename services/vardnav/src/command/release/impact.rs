//! `vardnav release impact`: what a draft or release would do to the register.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use vardnav_api::vardnav::register::v1 as pb;

use crate::client::Client;
use crate::command::date;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

const MATRIX: [&str; 5] = ["group", "table", "from", "to", "parts"];
const FIGURES: [&str; 7] = [
    "indicator",
    "value",
    "region",
    "before",
    "after",
    "difference",
    "relative",
];

/// What is previewed, and of what.
#[derive(Debug, clap::Args)]
pub struct Impact {
    /// Draft, or published release
    pub release: String,
    /// Another variant of an unsettled point than it takes, for example U4:physician-only; may be repeated
    #[arg(long, value_name = "POINT:VARIANT")]
    pub variant: Vec<String>,
    /// Look at this fraction of the records only, and tell estimates
    #[arg(long, value_name = "FRACTION")]
    pub sample: Option<f64>,
    /// Seed of the sample: the same gives the same records
    #[arg(long, default_value_t = 1, requires = "sample")]
    pub seed: u64,
    /// First date of care
    #[arg(long, value_name = "DATE")]
    pub from: Option<jiff::civil::Date>,
    /// First date of care no longer included
    #[arg(long, value_name = "DATE")]
    pub until: Option<jiff::civil::Date>,
    /// Break the matrix down
    #[arg(long, value_enum)]
    pub by: Option<By>,
    /// Show the values that stay too
    #[arg(long)]
    pub all: bool,
}

/// By what the matrix is broken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// Region of residence
    Region,
    /// Kommun of residence
    Kommun,
    /// Reporter
    Reporter,
}

/// What was told.
#[derive(Default)]
struct Told {
    cells: Vec<pb::ImpactCell>,
    indicators: Vec<pb::ImpactIndicator>,
    impact: pb::Impact,
}

/// Runs the command.
pub(super) async fn run(command: Impact, client: &Client, format: Format) -> Outcome {
    let by = match command.by {
        None => pb::ImpactBy::Unspecified,
        Some(By::Region) => pb::ImpactBy::Region,
        Some(By::Kommun) => pb::ImpactBy::Kommun,
        Some(By::Reporter) => pb::ImpactBy::Reporter,
    };
    if command.sample == Some(0.0) {
        return Err(Failure::Usage(
            "--sample must be above 0 and at most 1".to_owned(),
        ));
    }
    let request = pb::PreviewImpactRequest {
        release: command.release,
        variants: command.variant,
        from: date(command.from),
        until: date(command.until),
        fraction: command.sample.unwrap_or_default(),
        seed: command.seed,
        by: by.into(),
        with_unmoved: command.all,
    };
    let told = listen(request, client).await?;
    match format {
        Format::Json => output::one(format, &document(&told)),
        Format::Ndjson => output::rows(format, &[], &lines(&told)),
        Format::Csv => {
            let rows: Vec<Value> = told.cells.iter().map(cell).collect();
            output::rows(format, &[&MATRIX[..], &["estimate", "error"]].concat(), &rows)
        }
        Format::Table => tables(&told, command.by.is_some(), command.all),
    }
}

/// Listens until the answer is there, and shows how far it has come meanwhile.
async fn listen(request: pb::PreviewImpactRequest, client: &Client) -> Outcome<Told> {
    let bar = ProgressBar::new(0);
    let style = "{bar:30} {human_pos} of {human_len} entries, {msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut answers = client.register().preview_impact(request).await?.into_inner();
    let mut told = Told::default();
    let mut complete = false;
    while let Some(message) = answers.message().await? {
        if let Some(progress) = message.progress {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
            let left = match progress.seconds_left {
                Some(seconds) => format!("{seconds} s left"),
                None => "time left not known".to_owned(),
            };
            bar.set_message(format!("{:.0} a second, {left}", progress.per_second));
        }
        told.cells.extend(message.cells);
        told.indicators.extend(message.indicators);
        if let Some(impact) = message.impact {
            told.impact = impact;
            complete = true;
        }
    }
    bar.finish_and_clear();
    match complete {
        true => Ok(told),
        false => Err(Failure::failed("the preview broke off before its answer")),
    }
}

fn cell(cell: &pb::ImpactCell) -> Value {
    with_parts(
        json!({"group": cell.group, "table": cell.table, "from": cell.from, "to": cell.to}),
        cell.parts.as_ref(),
    )
}

fn rule(rule: &pb::ImpactRule) -> Value {
    with_parts(
        json!({"table": rule.table, "from": rule.from, "to": rule.to}),
        rule.parts.as_ref(),
    )
}

fn want(want: &pb::ImpactWant) -> Value {
    with_parts(
        json!({"table": want.table, "axis": want.axis, "rule": want.rule}),
        want.parts.as_ref(),
    )
}

fn with_parts(mut row: Value, count: Option<&pb::ImpactCount>) -> Value {
    let count = count.cloned().unwrap_or_default();
    if let Some(row) = row.as_object_mut() {
        row.insert("parts".to_owned(), json!(count.count));
        if let (Some(estimate), Some(error)) = (count.estimate, count.error) {
            row.insert("estimate".to_owned(), json!(estimate.round()));
            row.insert("error".to_owned(), json!(error.round()));
        }
    }
    row
}

fn figures(indicator: &pb::ImpactIndicator) -> impl Iterator<Item = Value> + '_ {
    indicator.figures.iter().map(|figure| {
        let count = |count: Option<&pb::ImpactCount>| count.and_then(|count| count.count);
        json!({
            "indicator": indicator.id,
            "value": figure.value,
            "region": figure.region,
            "before": count(figure.before.as_ref()),
            "after": count(figure.after.as_ref()),
            "difference": figure.difference,
            "relative": figure.relative,
            "differs": indicator.differs,
        })
    })
}

fn summary(impact: &pb::Impact) -> Value {
    let count = |count: Option<&pb::ImpactCount>| {
        let count = count.cloned().unwrap_or_default();
        match (count.estimate, count.error) {
            (Some(estimate), Some(error)) => {
                json!({"count": count.count, "estimate": estimate.round(), "error": error.round()})
            }
            _ => json!(count.count),
        }
    };
    json!({
        "release": impact.release,
        "entries": impact.entries,
        "records": impact.records,
        "parts": impact.parts,
        "sampled": impact.sampled,
        "sampled_from": impact.sampled_from,
        "moved": count(impact.moved.as_ref()),
        "held_before": count(impact.held_before.as_ref()),
        "becomes_held": count(impact.becomes_held.as_ref()),
        "released": count(impact.released.as_ref()),
        "fewer_than": impact.fewer_than,
        "from_ledger": impact.from_ledger,
        "seconds": impact.seconds,
    })
}

fn document(told: &Told) -> Value {
    let mut document = summary(&told.impact);
    if let Some(document) = document.as_object_mut() {
        let mut put = |name: &str, rows: Vec<Value>| document.insert(name.to_owned(), rows.into());
        put("cells", told.cells.iter().map(cell).collect());
        put("wants", told.impact.wants.iter().map(want).collect());
        put("rules", told.impact.rules.iter().map(rule).collect());
        put("figures", told.indicators.iter().flat_map(figures).collect());
    }
    document
}

fn lines(told: &Told) -> Vec<Value> {
    let kind = |kind: &'static str| {
        move |mut row: Value| {
            if let Some(row) = row.as_object_mut() {
                row.insert("kind".to_owned(), json!(kind));
            }
            row
        }
    };
    let summary = [summary(&told.impact)].into_iter().map(kind("impact"));
    let cells = told.cells.iter().map(cell).map(kind("cell"));
    let wants = told.impact.wants.iter().map(want).map(kind("want"));
    let rules = told.impact.rules.iter().map(rule).map(kind("rule"));
    let figures = told.indicators.iter().flat_map(figures).map(kind("figure"));
    summary
        .chain(cells)
        .chain(wants)
        .chain(rules)
        .chain(figures)
        .collect()
}

/// The answer for people: the matrix, what is wanted, the rules, the figures that move.
fn tables(told: &Told, broken_down: bool, all: bool) -> Outcome {
    let impact = &told.impact;
    let hidden = format!(
        "not told, to protect few ({} or fewer)",
        impact.fewer_than.saturating_sub(1)
    );
    let count = |count: Option<&pb::ImpactCount>| {
        let count = count.cloned().unwrap_or_default();
        match (count.count, count.estimate, count.error) {
            (None, ..) => hidden.clone(),
            (Some(count), Some(estimate), Some(error)) => {
                format!("{count} (about {estimate:.0} ± {error:.0})")
            }
            (Some(count), ..) => count.to_string(),
        }
    };
    output::say(format_args!(
        "{}: {} records of {} parts, from {} entries in {:.1} s",
        impact.release, impact.records, impact.parts, impact.entries, impact.seconds
    ));
    if let (Some(sampled), Some(records)) = (impact.sampled, impact.sampled_from) {
        output::say(format_args!(
            "a sample of {sampled} of {records} records; counts are of the sample, with estimates of the whole"
        ));
    }
    for (what, records) in [
        ("moved", &impact.moved),
        ("held before", &impact.held_before),
        ("becomes held", &impact.becomes_held),
        ("released", &impact.released),
    ] {
        output::say(format_args!("{what}: {}", count(records.as_ref())));
    }
    let text = |mut row: Value, parts: Option<&pb::ImpactCount>| {
        if let Some(row) = row.as_object_mut() {
            row.insert("parts".to_owned(), json!(count(parts)));
        }
        row
    };
    if all && !broken_down {
        grids(&told.cells, count)?;
    } else {
        let cells = told.cells.iter();
        let rows: Vec<Value> = cells.map(|of| text(cell(of), of.parts.as_ref())).collect();
        let columns = if broken_down { &MATRIX[..] } else { &MATRIX[1..] };
        output::rows(Format::Table, columns, &rows)?;
    }
    if !impact.wants.is_empty() {
        output::say("becomes held for want of:");
        let wants = impact.wants.iter();
        let rows: Vec<Value> = wants.map(|of| text(want(of), of.parts.as_ref())).collect();
        output::rows(Format::Table, &["table", "axis", "rule", "parts"], &rows)?;
    }
    if !impact.rules.is_empty() {
        output::say("rules that take over:");
        let rules = impact.rules.iter();
        let rows: Vec<Value> = rules.map(|of| text(rule(of), of.parts.as_ref())).collect();
        output::rows(Format::Table, &["table", "from", "to", "parts"], &rows)?;
    }
    let figures: Vec<Value> = told
        .indicators
        .iter()
        .flat_map(figures)
        .filter(|row| all || moves(row))
        .map(|row| shown(row, &hidden))
        .collect();
    for indicator in told.indicators.iter().filter(|indicator| indicator.differs) {
        output::say(format_args!(
            "{}: its table {} is not the same in every release that the entries name",
            indicator.id, indicator.table
        ));
    }
    if !figures.is_empty() {
        output::say("indicators:");
        output::rows(Format::Table, &FIGURES, &figures)?;
    }
    Ok(())
}

/// Whether a figure is told to move.
fn moves(figure: &Value) -> bool {
    let difference = figure.get("difference").and_then(Value::as_i64);
    difference.is_some_and(|difference| difference != 0)
}

/// A figure for people.
fn shown(mut row: Value, hidden: &str) -> Value {
    let relative = row.get("relative").and_then(Value::as_f64);
    if let Some(row) = row.as_object_mut() {
        for name in ["before", "after"] {
            if row.get(name).is_some_and(Value::is_null) {
                row.insert(name.to_owned(), json!(hidden));
            }
        }
        let relative = relative.map(|relative| format!("{:+.1} %", relative * 100.0));
        row.insert("relative".to_owned(), json!(relative));
    }
    row
}

/// Each table's values before, a row each, by its values after, a column each.
fn grids(cells: &[pb::ImpactCell], count: impl Fn(Option<&pb::ImpactCount>) -> String) -> Outcome {
    for of in cells.chunk_by(|one, other| one.table == other.table) {
        let Some(first) = of.first() else { continue };
        output::say(format_args!(
            "{}: from, a row each, to, a column each",
            first.table
        ));
        let name = |value: &str| match value {
            "" => "(none)".to_owned(),
            value => value.to_owned(),
        };
        let mut to: Vec<String> = of.iter().map(|cell| name(&cell.to)).collect();
        to.sort();
        to.dedup();
        let rows: Vec<Value> = of
            .chunk_by(|one, other| one.from == other.from)
            .map(|row| {
                let cells = row
                    .iter()
                    .map(|cell| (name(&cell.to), json!(count(cell.parts.as_ref()))));
                let from = row.first().map(|cell| name(&cell.from)).unwrap_or_default();
                let from = ("from".to_owned(), json!(from));
                Value::Object([from].into_iter().chain(cells).collect())
            })
            .collect();
        let columns: Vec<&str> = ["from"]
            .into_iter()
            .chain(to.iter().map(String::as_str))
            .collect();
        output::rows(Format::Table, &columns, &rows)?;
    }
    Ok(())
}
