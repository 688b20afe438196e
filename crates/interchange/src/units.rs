//! Care units as NDJSON: one unit a line, with its dated versions. Owns the form of the file and nothing else.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_path_to_error::Segment;
use vardnav_register::record::{Fact, Principal, Principals};
use vardnav_register::text::safe_echo;
use vardnav_register::unit::{Beds, CareUnit, UnitVersion};

/// Why a line is no care unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct UnitLineError {
    /// Path of the element, `$` for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Reads one line.
pub fn read_line(line: &str) -> Result<CareUnit, UnitLineError> {
    let mut json = serde_json::Deserializer::from_str(line);
    let row: UnitRow = serde_path_to_error::deserialize(&mut json).map_err(|error| UnitLineError {
        path: path(error.path()),
        message: match error.inner().classify() {
            serde_json::error::Category::Data => {
                "is missing, unknown or of another form than it must be".into()
            }
            _ => format!("no JSON at column {}", error.inner().column()),
        },
    })?;
    json.end().map_err(|_| UnitLineError {
        path: "$".into(),
        message: "more than one JSON value on the line".into(),
    })?;
    let versions = row.versions.into_iter().map(UnitVersion::from).collect();
    Ok(CareUnit {
        hsa_id: row.hsa_id,
        versions,
    })
}

/// A path in words. A key that is no name of ours is shown by its shape: it may be anything.
fn path(path: &serde_path_to_error::Path) -> String {
    let mut words = String::from("$");
    for segment in path {
        match segment {
            Segment::Seq { index } => words.push_str(&format!("[{index}]")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                if words.len() > 1 {
                    words.push('.');
                }
                words.push_str(&safe_echo(key));
            }
            Segment::Unknown => words.push('?'),
        }
    }
    words
}

/// Writes one line, without its end.
pub fn write_line(unit: &CareUnit) -> Result<String, serde_json::Error> {
    let versions = unit.versions.iter().map(VersionRow::from).collect();
    serde_json::to_string(&UnitRow {
        hsa_id: unit.hsa_id.clone(),
        versions,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitRow {
    hsa_id: String,
    versions: Vec<VersionRow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionRow {
    from: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<Date>,
    name: String,
    kind: String,
    provider: String,
    reporters: Vec<String>,
    #[serde(default)]
    principals: PrincipalsRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kommun: Option<String>,
    #[serde(default)]
    facts: BTreeMap<String, Values>,
    #[serde(default)]
    hours: String,
    #[serde(default)]
    beds: BTreeMap<String, u32>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PrincipalsRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    responsible: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    performing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bed_owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

impl From<VersionRow> for UnitVersion {
    fn from(row: VersionRow) -> Self {
        let facts = row.facts.into_iter().map(|(axis, values)| Fact {
            axis,
            values: match values {
                Values::One(value) => vec![value],
                Values::Several(values) => values,
            },
        });
        Self {
            from: row.from,
            closed: row.closed,
            name: row.name,
            kind: row.kind,
            provider: row.provider,
            reporters: row.reporters,
            principals: Principals {
                responsible: Principal::alone(row.principals.responsible),
                performing: Principal::alone(row.principals.performing),
                bed_owner: Principal::alone(row.principals.bed_owner),
                payer: Principal::alone(row.principals.payer),
            },
            kommun: row.kommun,
            facts: facts.collect(),
            hours: row.hours,
            beds: row
                .beds
                .into_iter()
                .map(|(kind, count)| Beds { kind, count })
                .collect(),
        }
    }
}

impl From<&UnitVersion> for VersionRow {
    fn from(version: &UnitVersion) -> Self {
        let principals = &version.principals;
        let first = |holders: &[Principal]| Principal::first(holders).map(str::to_owned);
        let values = |fact: &Fact| match fact.values.as_slice() {
            [one] => Values::One(one.clone()),
            several => Values::Several(several.to_vec()),
        };
        Self {
            from: version.from,
            closed: version.closed,
            name: version.name.clone(),
            kind: version.kind.clone(),
            provider: version.provider.clone(),
            reporters: version.reporters.clone(),
            principals: PrincipalsRow {
                responsible: first(&principals.responsible),
                performing: first(&principals.performing),
                bed_owner: first(&principals.bed_owner),
                payer: first(&principals.payer),
            },
            kommun: version.kommun.clone(),
            facts: version
                .facts
                .iter()
                .map(|fact| (fact.axis.clone(), values(fact)))
                .collect(),
            hours: version.hours.clone(),
            beds: version
                .beds
                .iter()
                .map(|beds| (beds.kind.clone(), beds.count))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"hsa_id":"SE2321000131-A1","versions":[{"from":"2026-01-01","name":"Mobilt team","kind":"mobile-team","provider":"2321000131","reporters":["region-skane"],"principals":{"responsible":"12","performing":"12"},"kommun":"1290","facts":{"level":"primary","origin":"regional-primary-care"},"hours":"vardagar 8–17","beds":{"home-place":4}}]}"#;

    #[test]
    fn a_line_comes_back_as_it_was() {
        assert_eq!(write_line(&read_line(LINE).unwrap()).unwrap(), LINE);
    }

    #[test]
    fn a_bad_line_is_shown_by_its_path() {
        let error = read_line(&LINE.replace("\"2026-01-01\"", "\"2026-13-01\"")).unwrap_err();
        assert_eq!(error.path, "$versions[0].from");
        let error = read_line(&LINE.replace("\"hours\"", "\"191212121212\"")).unwrap_err();
        assert!(!error.to_string().contains("1912"), "{error}");
    }
}
