//! The figures as files, with their release: CSV (RFC 4180) and JSON. A withheld count is empty and marked.

use serde_json::{Value, json};
use vardnav_indicators::Figure;

use crate::{Overview, Table};

/// A row for each place and group.
pub(crate) fn csv(overview: &Overview, table: &Table) -> String {
    let release = overview
        .release
        .as_ref()
        .map_or("", |release| release.id.as_str());
    let mut text = String::from("indicator,release,year,region,region_name,group,count,suppressed\r\n");
    for row in &table.rows {
        for (column, figure) in table.columns.iter().zip(&row.figures) {
            let (count, suppressed) = match figure {
                Figure::Count(count) => (count.to_string(), "false"),
                Figure::Suppressed => (String::new(), "true"),
            };
            let year = overview.year.to_string();
            let cells = [
                &table.id,
                release,
                &year,
                &row.code,
                &row.name.sv,
                &column.code,
                count.as_str(),
                suppressed,
            ];
            text.push_str(&cells.map(field).join(","));
            text.push_str("\r\n");
        }
    }
    text
}

/// A field, in quotes where it must be.
pub(crate) fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The table with names in both languages.
pub(crate) fn json(overview: &Overview, table: &Table) -> String {
    let figures = |row: &crate::Row| -> Vec<Value> {
        let cells = table.columns.iter().zip(&row.figures);
        cells
            .map(|(column, figure)| match figure {
                Figure::Count(count) => json!({ "group": column.code, "count": count, "suppressed": false }),
                Figure::Suppressed => json!({ "group": column.code, "count": null, "suppressed": true }),
            })
            .collect()
    };
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|row| {
            json!({
                "region": row.code,
                "name": { "sv": row.name.sv, "en": row.name.en },
                "figures": figures(row),
            })
        })
        .collect();
    let groups: Vec<Value> = table
        .columns
        .iter()
        .map(
            |column| json!({ "code": column.code, "name": { "sv": column.label.sv, "en": column.label.en } }),
        )
        .collect();
    let document = json!({
        "indicator": table.id,
        "title": { "sv": table.title.sv, "en": table.title.en },
        "release": overview.release.as_ref().map(|release| release.id.as_str()),
        "year": overview.year,
        "coverage": { "sv": overview.coverage.sv, "en": overview.coverage.en },
        "min_count": overview.min_count,
        "groups": groups,
        "rows": rows,
    });
    format!("{document:#}\n")
}
