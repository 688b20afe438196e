//! `vardnav register layout`: which tables records are read from, and what stands in each of their columns, for whoever
//! builds such files. It asks no server; what fields mean is said by the release that comes with the command.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use vardnav_classification::model::{Axis, FactSource, Grain};
use vardnav_interchange::register::read::read_record;
use vardnav_interchange::register::table::column::Writing;
use vardnav_interchange::register::table::field::{Target, VALUES};
use vardnav_interchange::register::table::layout::{HeaderLine, Layout};
use vardnav_interchange::register::table::write::Sheet;
use vardnav_interchange::release::{layouts, parse, starter};
use vardnav_register::record::{Body, Fact, RecordKind};
use vardnav_release::source::ReleaseSource;

use crate::command::input::{CSV_NAMES, Named, named};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::sample;

/// A number kept for tests, in examples.
const TEST_NUMBER: &str = "19821105-9954";

/// Lines of a sample among which an example of each kind is found.
const EXAMPLES_AMONG: usize = 2_000;

/// Shows layouts.
#[derive(Debug, Args)]
pub struct Columns {
    /// A layout, or a TOML file with one; lists the layouts when left out
    pub name: Option<PathBuf>,
    /// Write a file with one record in the layout instead
    #[arg(long, requires = "name")]
    pub example: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Columns, format: Format) -> Outcome {
    let Some(name) = &command.name else {
        return list(format);
    };
    match (named(name)?, command.example) {
        (Named::Csv(kind), false) => {
            let columns = ["column", "type", "required", "several", "values", "explanation"];
            output::rows(format, &columns, &csv_rows(kind)?)
        }
        (Named::Text(layout), false) => {
            let columns = [
                "number",
                "column",
                "field",
                "type",
                "required",
                "several",
                "values",
                "explanation",
            ];
            if format == Format::Table {
                output::say(format_args!("{}\n{}", layout.source, layout.certainty));
            }
            output::rows(format, &columns, &text_rows(&layout))
        }
        (Named::Csv(kind), true) => print(&csv_example(kind)?),
        (Named::Text(layout), true) => print(&text_example(&layout)),
    }
}

fn print(text: &str) -> Outcome {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn list(format: Format) -> Outcome {
    let package = starter::package().map_err(Failure::failed)?;
    let csv = CSV_NAMES.map(|(name, kind)| {
        json!({
            "name": name,
            "form": "csv",
            "kind": kind.name(),
            "title": "columns named by the fields of a record, in any order and choice",
            "source": null,
            "certainty": null,
        })
    });
    let texts = layouts::of(&package).into_iter().map(|layout| {
        json!({
            "name": layout.id,
            "form": "text",
            "kind": layout.kind.name(),
            "title": layout.title.en,
            "source": layout.source,
            "certainty": layout.certainty,
        })
    });
    let rows: Vec<Value> = csv.into_iter().chain(texts).collect();
    output::rows(format, &["name", "form", "kind", "title"], &rows)
}

/// The columns that CSV of a kind may have, with a column for each axis on which such records state facts.
fn csv_rows(kind: RecordKind) -> Outcome<Vec<Value>> {
    let package = starter::package().map_err(Failure::failed)?;
    let release = parse(&package)
        .source
        .ok_or_else(|| Failure::Failed("the release that comes with the command cannot be read".into()))?;
    let axes = &release.description.axes;
    let stated = |grain: Option<Grain>| {
        let source = if grain.is_some() {
            FactSource::Record
        } else {
            FactSource::Episode
        };
        axes.iter()
            .filter(move |axis| {
                axis.sources.contains(&source) && grain.is_none_or(|grain| axis.grains.contains(&grain))
            })
            .map(|axis| axis.id.as_str())
    };
    let of_record: Vec<&str> = match kind {
        RecordKind::Episode => stated(None).collect(),
        RecordKind::Contact => stated(Some(Grain::Contact)).collect(),
        RecordKind::MonitoringPeriod => stated(Some(Grain::MonitoringPeriod)).collect(),
        RecordKind::CareRequest => Vec::new(),
    };
    let sheet = Sheet::new(kind, ';', of_record, stated(Some(Grain::Segment)));
    let rows = sheet.columns().iter().map(|target| {
        let axis = axes.iter().find(|axis| target.axis.as_ref() == Some(&axis.id));
        let several = target.holds_several() && axis.is_none_or(|axis| axis.multiple);
        let (sv, en) = explained(target, axis, &release);
        let values = axis.map(|axis| {
            axis.values
                .iter()
                .map(|value| value.code.as_str())
                .collect::<Vec<_>>()
        });
        json!({
            "column": target.name(),
            "type": target.field.form.name(),
            "required": required(target),
            "several": several.then(|| format!("with {VALUES} between them")),
            "values": values.unwrap_or_else(|| fixed(target, kind)),
            "explanation": en,
            "explanation_sv": sv,
        })
    });
    Ok(rows.collect())
}

/// Values that are those of the format, not of a release.
fn fixed(target: &Target, kind: RecordKind) -> Vec<&'static str> {
    match target.name().as_str() {
        "kind" => vec![kind.name()],
        "person.type" => vec!["personnummer", "samordningsnummer", "reserve"],
        "person.sex" => vec!["female", "male"],
        _ => Vec::new(),
    }
}

fn required(target: &Target) -> Value {
    match (target.field.required, target.part_of()) {
        (false, _) => json!("no"),
        (true, None) => json!("yes"),
        (true, Some(group)) => json!(format!("in each of {group}")),
    }
}

/// What a column means, in Swedish and English.
fn explained(target: &Target, axis: Option<&Axis>, release: &ReleaseSource) -> (String, String) {
    if let Some(axis) = axis {
        return (axis.definition.sv.clone(), axis.definition.en.clone());
    }
    let fixed = match target.name().as_str() {
        "reporter" => Some((
            "Uppgiftslämnarens id; får utelämnas när det anges med --reporter.",
            "Id of the reporter; may be left out where --reporter states it.",
        )),
        "kind" => Some((
            "Postens slag; får utelämnas när --layout anger det.",
            "Kind of record; may be left out where --layout states it.",
        )),
        _ => None,
    };
    if let Some((sv, en)) = fixed {
        return (sv.to_owned(), en.to_owned());
    }
    let path = target.path();
    let path = match path.ends_with(".basis") {
        true => "principals.basis".to_owned(),
        false => path,
    };
    let about = release.register.variables.iter().filter(|variable| {
        let rest = path.strip_prefix(&variable.path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    let nearest = about.max_by_key(|variable| variable.path.len());
    nearest.map_or_else(Default::default, |variable| {
        (variable.definition.sv.clone(), variable.definition.en.clone())
    })
}

fn text_rows(layout: &Layout) -> Vec<Value> {
    let mut rows = Vec::new();
    for (number, column) in (1..).zip(&layout.columns) {
        let row = |stated: Option<&(Target, Writing)>| {
            let field = stated.map(|(target, _)| target.name());
            let several = stated.and_then(|(_, writing)| writing.several);
            json!({
                "number": number,
                "column": column.name,
                "field": field,
                "type": stated.map(|(target, writing)| written(target, writing)),
                "required": if column.required { "yes" } else { "no" },
                "several": several.map(|separator| format!("with {separator} between them")),
                "values": stated.map(|(_, writing)| meanings(writing)).unwrap_or_default(),
                "explanation": column.label.en,
                "explanation_sv": column.label.sv,
            })
        };
        match column.states.is_empty() {
            true => rows.push(row(None)),
            false => rows.extend(column.states.iter().map(|stated| row(Some(stated)))),
        }
    }
    rows.extend(layout.constants.iter().map(|(target, text)| {
        json!({
            "number": null,
            "column": null,
            "field": target.name(),
            "type": "the same in every line",
            "values": [text],
        })
    }));
    rows
}

fn written(target: &Target, writing: &Writing) -> String {
    let form = target.field.form.name();
    let dates = writing.dates.iter().map(|form| form.as_str());
    let dates = dates.collect::<Vec<_>>().join(" or ");
    match form == "date" && !dates.is_empty() {
        true => format!("date {dates}"),
        false => form.to_owned(),
    }
}

fn meanings(writing: &Writing) -> Vec<String> {
    let empty = writing.empty.iter().map(|text| format!("{text} = nothing"));
    let values = writing.values.iter().chain(&writing.shapes);
    let values = values.map(|(text, meaning)| match text == meaning {
        true => text.clone(),
        false => format!("{text} = {meaning}"),
    });
    values.chain(empty).collect()
}

/// A record of a sample as CSV, with the columns that it needs.
fn csv_example(kind: RecordKind) -> Outcome<String> {
    let lines = sample::generate_good(1, EXAMPLES_AMONG);
    let mut records = lines.filter_map(|line| read_record(line.as_bytes()).ok());
    let found = records.find(|read| {
        let goes_over_lines = match &read.record.body {
            Body::Episode(episode) => episode.segments.len() > 1,
            _ => true,
        };
        read.record.kind() == kind && read.record.revision == 1 && goes_over_lines
    });
    let read = found.ok_or_else(|| Failure::Failed("the sample has no such record".into()))?;
    let axes = |facts: &[Fact]| {
        facts
            .iter()
            .map(|fact| fact.axis.clone())
            .collect::<BTreeSet<_>>()
    };
    let of_segments = match &read.record.body {
        Body::Episode(episode) => {
            let segments = episode.segments.iter();
            segments.flat_map(|segment| axes(&segment.facts)).collect()
        }
        _ => BTreeSet::new(),
    };
    let of_record = axes(&read.record.facts);
    let sheet = Sheet::new(
        kind,
        ';',
        of_record.iter().map(String::as_str),
        of_segments.iter().map(String::as_str),
    );
    let sheet = sheet
        .narrowed(&read.reporter, &read.record)
        .map_err(Failure::failed)?;
    let lines = sheet
        .write(&read.reporter, &read.record, true)
        .map_err(Failure::failed)?;
    Ok(sheet.header() + &lines)
}

/// The examples of a layout's columns as a line.
fn text_example(layout: &Layout) -> String {
    let separator = layout.separator.to_string();
    let cells = layout.columns.iter().map(|column| {
        let is_number = |(target, _): &(Target, Writing)| target.path() == "person.number";
        match column.states.iter().any(is_number) {
            true => TEST_NUMBER,
            false => column.example.as_str(),
        }
    });
    let line = cells.collect::<Vec<_>>().join(&separator);
    let names: Vec<&str> = layout.columns.iter().map(|column| column.name.as_str()).collect();
    match layout.header {
        HeaderLine::None => format!("{line}\n"),
        _ => format!("{}\n{line}\n", names.join(&separator)),
    }
}
