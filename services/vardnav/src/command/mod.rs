//! The commands, a file a noun. Each turns flags into gRPC calls and answers into rows; nothing is decided here.

pub(crate) mod admin;
pub(crate) mod changes;
pub(crate) mod classify;
pub(crate) mod codesystem;
pub(crate) mod completeness;
pub(crate) mod conform;
pub(crate) mod delivery;
pub(crate) mod describe;
pub(crate) mod export;
pub(crate) mod heads;
pub(crate) mod indicator;
pub(crate) mod input;
pub(crate) mod layout;
pub(crate) mod map;
pub(crate) mod person;
pub(crate) mod prove;
pub(crate) mod reclassify;
pub(crate) mod register;
pub(crate) mod release;
pub(crate) mod report;
pub(crate) mod supplied;
pub(crate) mod term;
pub(crate) mod unit;
pub(crate) mod upload;
pub(crate) mod vault;
pub(crate) mod withdrawal;
pub(crate) mod worklist;

use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_api::vardnav::r#type::v1 as pb;

/// A date as a message.
pub(crate) fn date(date: Option<Date>) -> Option<pb::Date> {
    date.map(vardnav_api::common::date_message)
}

/// A date message as text.
pub(crate) fn date_text(date: Option<&pb::Date>) -> Value {
    date.map_or(Value::Null, |date| {
        json!(format!("{:04}-{:02}-{:02}", date.year, date.month, date.day))
    })
}

/// A finding message as a row.
pub(crate) fn finding_row(finding: &pb::Finding) -> Value {
    json!({
        "code": finding.code,
        "severity": finding.severity().as_str_name().trim_start_matches("SEVERITY_").to_lowercase(),
        "path": finding.path,
        "message": finding.message,
    })
}

/// An enum value's proto name without its prefix, in lower case with dashes.
pub(crate) fn enum_text(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix)
        .unwrap_or(name)
        .to_lowercase()
        .replace('_', "-")
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Facts as a JSON object: one value as a string, several as an array.
pub(crate) fn facts_value(facts: &[pb::Fact]) -> Value {
    facts
        .iter()
        .map(|fact| {
            let value = match fact.values.as_slice() {
                [one] => json!(one),
                several => json!(several),
            };
            (fact.axis.clone(), value)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}
