//! `vardnav register describe`: records as they would be reported in, the facts found, the facts missing, the classes and
//! the codes no map knew out; nothing is stored.

use std::path::Path;

use serde_json::{Map, Value, json};
use tonic::{Code, Status};
use vardnav_api::register::record_message;
use vardnav_api::vardnav::classification::v1 as classification;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::records::{Reading, Records};
use vardnav_register::record::{Body, Coding, Record};
use vardnav_register::text::{holds_personal_number, may_echo_id, shape};

use crate::client::Client;
use crate::command::classify::answer::{counterfactuals, explanation};
use crate::command::input::Input;
use crate::command::report::placed;
use crate::command::{date_text, enum_text, finding_row};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// What is asked of each record.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The reporter; that of each line when left out.
    pub reporter: Option<String>,
    /// Whether to explain.
    pub explain: bool,
    /// Whether to tell what would lead elsewhere.
    pub counterfactuals: bool,
    /// How the file is written.
    pub input: Input,
}

/// The columns of a table: a row for each fact, class, missing fact, code without a map and finding.
const COLUMNS: [&str; 6] = ["id", "part", "what", "name", "values", "from"];

/// Runs the command.
pub(crate) async fn run(file: &Path, options: &Options, client: &Client, format: Format) -> Outcome {
    let (input, form) = options.input.open(file)?;
    let reading = Reading {
        form,
        delivered: false,
        reporter: options.reporter.clone(),
    };
    let mut records = Records::new(input, &reading);
    let (mut kept, mut rejected) = (Vec::new(), 0_u64);
    while let Some(record) = records.next_record()? {
        let number = record.line;
        let answer = match record.read {
            Err(refused) => json!({
                "line": number,
                "id": refused.id,
                "outcome": "rejected",
                "findings": refused
                    .findings
                    .iter()
                    .map(|finding| {
                        let row = finding_row(&vardnav_api::common::finding_message(finding));
                        placed(row, &finding.path, &record.places)
                    })
                    .collect::<Value>(),
            }),
            Ok(reported) => {
                let request = pb::DescribeRecordRequest {
                    reporter: options.reporter.clone().unwrap_or(reported.reporter),
                    record: Some(record_message(&reported.record, true)),
                    explain: options.explain,
                    counterfactuals: options.counterfactuals,
                };
                match client.register().describe_record(request).await {
                    Ok(answer) => described(number, &reported.record, answer.get_ref(), options),
                    Err(status) if is_about_the_record(&status) => refused(number, &reported.record, &status),
                    Err(status) => return Err(status.into()),
                }
            }
        };
        rejected += u64::from(answer.get("outcome") == Some(&json!("rejected")));
        match format {
            Format::Ndjson => output::line(&mut std::io::stdout().lock(), &answer)?,
            Format::Json => kept.push(answer),
            Format::Table | Format::Csv => kept.extend(rows(&answer)),
        }
    }
    match format {
        Format::Json => output::one(format, &Value::Array(kept))?,
        Format::Table | Format::Csv => output::rows(format, &COLUMNS, &kept)?,
        Format::Ndjson => {}
    }
    match rejected {
        0 => Ok(()),
        rejected => Err(Failure::Findings(format!("{rejected} records would be rejected"))),
    }
}

/// Whether a record was refused for what it is, so that the next may do.
fn is_about_the_record(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument | Code::NotFound | Code::PermissionDenied | Code::ResourceExhausted
    )
}

/// A record that could not be described at all.
fn refused(line: u64, record: &Record, status: &Status) -> Value {
    json!({
        "line": line,
        "id": id(record),
        "outcome": "rejected",
        "findings": [{ "severity": "error", "path": "", "message": status.message() }],
    })
}

/// The id of a record, unless it may not be repeated.
fn id(record: &Record) -> Option<&str> {
    may_echo_id(&record.id, &record.person.identity).then_some(record.id.as_str())
}

/// An answer as JSON. The codes are those of the record that was sent.
fn described(line: u64, record: &Record, answer: &pb::DescribeRecordResponse, options: &Options) -> Value {
    json!({
        "line": line,
        "id": id(record),
        "outcome": enum_text(answer.outcome().as_str_name(), "OUTCOME_"),
        "findings": answer.findings.iter().map(finding_row).collect::<Value>(),
        "parts": answer
            .parts
            .iter()
            .map(|part| part_value(record, part, options))
            .collect::<Value>(),
        "unmapped": answer
            .unmapped
            .iter()
            .map(|code| code_value(record, &code.path, "asked", json!(code.asked)))
            .collect::<Value>(),
    })
}

fn part_value(record: &Record, part: &pb::DescribedPart, options: &Options) -> Value {
    let facts = part.facts.iter().map(|fact| {
        let mut value = json!({ "axis": fact.axis, "values": fact.values, "source": fact.source });
        if let (false, Some(value)) = (fact.mapped_from.is_empty(), value.as_object_mut()) {
            let from = fact.mapped_from.iter();
            let from = from.map(|from| code_value(record, &from.path, "map", json!(from.map)));
            value.insert("mapped_from".to_owned(), from.collect());
        }
        value
    });
    let missing = part.missing.iter().map(|missing| {
        json!({
            "axis": missing.axis,
            "sources": missing.sources,
            "stated_by": missing.stated_by,
            "tables": missing.tables,
        })
    });
    let mut value = json!({
        "segment": part.segment,
        "date": date_text(part.date.as_ref()),
        "release": part.release,
        "facts": facts.collect::<Value>(),
        "results": part.results.iter().map(result_value).collect::<Value>(),
        "missing": missing.collect::<Value>(),
    });
    if let Some(value) = value.as_object_mut() {
        if options.explain {
            value.insert("explanation".to_owned(), explanation(&part.explanation));
        }
        if options.counterfactuals {
            value.insert(
                "counterfactuals".to_owned(),
                counterfactuals(&part.counterfactuals),
            );
        }
    }
    value
}

fn result_value(result: &classification::TableResult) -> Value {
    let possible = result.possible.iter();
    json!({
        "table": result.table,
        "values": result.values,
        "rules": result.rules,
        "held": result.held,
        "possible": possible
            .map(|open| (open.value.clone(), json!(open.missing)))
            .collect::<Map<_, _>>(),
    })
}

/// A code of the record by its path, with one thing more.
fn code_value(record: &Record, path: &str, name: &str, further: Value) -> Value {
    let code = coding(record, path);
    let mut value = json!({
        "path": path,
        "system": code.map(|code| told(&code.system)),
        "code": code.map(|code| told(&code.code)),
    });
    if let Some(value) = value.as_object_mut() {
        value.insert(name.to_owned(), further);
    }
    value
}

/// A text of the record, or its shape when it could hold a personal number.
fn told(text: &str) -> String {
    match holds_personal_number(text) {
        true => shape(text),
        false => text.to_owned(),
    }
}

/// The code that stands at a path of the record.
fn coding<'r>(record: &'r Record, path: &str) -> Option<&'r Coding> {
    let mut numbers = path
        .split(['[', ']'])
        .skip(1)
        .step_by(2)
        .map_while(|number| number.parse::<usize>().ok());
    let first = numbers.next()?;
    match (&record.body, numbers.next()) {
        (Body::Episode(episode), Some(second)) => episode.segments.get(first)?.codes.get(second),
        (Body::Contact(contact), None) if path.starts_with("procedures") => contact.procedures.get(first),
        _ => record.codes.get(first),
    }
}

/// An answer as rows.
fn rows(answer: &Value) -> Vec<Value> {
    let list = |of: &Value, name: &str| {
        of.get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let get = |of: &Value, name: &str| of.get(name).cloned().unwrap_or_default();
    let id = get(answer, "id");
    let row = |part: Value, what: &str, name: Value, values: Value, from: Value| json!({ "id": id, "part": part, "what": what, "name": name, "values": values, "from": from });
    let mut rows = vec![row(
        Value::Null,
        "outcome",
        get(answer, "outcome"),
        Value::Null,
        Value::Null,
    )];
    for finding in list(answer, "findings") {
        let (code, message) = (get(&finding, "code"), get(&finding, "message"));
        rows.push(row(get(&finding, "path"), "finding", code, Value::Null, message));
    }
    for part in list(answer, "parts") {
        let named = match get(&part, "segment") {
            Value::Null => get(&part, "date"),
            segment => json!(format!("segments[{segment}]")),
        };
        for fact in list(&part, "facts") {
            let mut from = vec![get(&fact, "source")];
            for code in list(&fact, "mapped_from") {
                from.extend([get(&code, "code"), get(&code, "map")]);
            }
            let (axis, values) = (get(&fact, "axis"), get(&fact, "values"));
            rows.push(row(named.clone(), "fact", axis, values, json!(from)));
        }
        for result in list(&part, "results") {
            let values = match get(&result, "held") {
                Value::Bool(true) => json!("held"),
                _ => get(&result, "values"),
            };
            let table = get(&result, "table");
            rows.push(row(named.clone(), "class", table, values, get(&result, "rules")));
        }
        for missing in list(&part, "missing") {
            let (axis, tables) = (get(&missing, "axis"), get(&missing, "tables"));
            let from = get(&missing, "stated_by");
            rows.push(row(named.clone(), "missing", axis, tables, from));
        }
    }
    for code in list(answer, "unmapped") {
        let (path, asked) = (get(&code, "path"), get(&code, "asked"));
        rows.push(row(path, "unmapped", get(&code, "code"), Value::Null, asked));
    }
    rows
}
