//! What a register of another size would take, calculated from figures that were measured at some sizes: nothing is
//! measured here and no figure is known here.
//!
//! The method, by the unit of each figure:
//!
//! - `records/s`: the time that one record takes is fitted as `a + b · ln n`, where `n` is how many there were in the
//!   run, by least squares, with `b` not below 0: indexes are trees, and what takes no longer at larger sizes is not taken
//!   to become faster. The time for all is the integral of that from 0 to the size asked for.
//! - `s` (how soon a server is back, a failover): fitted as `a + b · n`, `b` not below 0.
//! - `bytes a record`: fitted as `a + b · ln n`, `b` not below 0, times the size.
//! - Cost: the space at a price, and servers at a price, both given by whoever asks.
//!
//! Of one run alone the growth (`b`) is taken to be 0, and that is said. What is calculated so is no more than an order of
//! magnitude: other limits are met on the way, and the further the size is from those measured the less it says.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::exit::{Failure, Outcome};

/// What is asked.
pub(super) struct Asked<'a> {
    /// Runs: `RECORDS=FILE`, the file as `vardnav -o json bench` wrote it.
    pub(super) runs: &'a [String],
    /// Records of the register that is calculated.
    pub(super) records: u64,
    /// Price of a gigabyte for a month.
    pub(super) gigabyte_month: Option<f64>,
    /// Price of a server for a month.
    pub(super) server_month: Option<f64>,
    /// How many servers there are.
    pub(super) servers: u32,
}

/// What a figure was at some sizes.
#[derive(Debug, Clone, Default, PartialEq)]
struct Measured {
    unit: String,
    /// Records of the run, and the value.
    at: Vec<(f64, f64)>,
}

/// `a + b · x`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    a: f64,
    b: f64,
}

impl Line {
    /// Through points, by least squares; level when that would fall, or there is one point alone.
    fn through(points: &[(f64, f64)]) -> Option<Self> {
        let count = points.len() as f64;
        if points.is_empty() {
            return None;
        }
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let b = match spread > 0.0 {
            true => (together / spread).max(0.0),
            false => 0.0,
        };
        Some(Self { a: y - b * x, b })
    }
}

/// The rows of the calculation.
pub(super) fn rows(asked: &Asked<'_>) -> Outcome<Vec<Value>> {
    let mut figures: BTreeMap<String, Measured> = BTreeMap::new();
    for run in asked.runs {
        let (records, file) = run
            .split_once('=')
            .ok_or_else(|| Failure::Usage(format!("`{run}`: write a run as RECORDS=FILE")))?;
        let records: f64 = records
            .replace('_', "")
            .parse()
            .ok()
            .filter(|records| *records >= 1.0)
            .ok_or_else(|| Failure::Usage(format!("`{run}`: begin with how many records the run had")))?;
        take_in(&mut figures, records, &read(Path::new(file))?);
    }
    if figures.is_empty() {
        let what = "name at least one run to calculate from: --run RECORDS=FILE";
        return Err(Failure::Usage(what.to_owned()));
    }
    Ok(calculated(&figures, asked))
}

fn read(file: &Path) -> Outcome<Vec<Value>> {
    let unreadable = |why: &dyn std::fmt::Display| Failure::Usage(format!("{}: {why}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| unreadable(&error))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))?;
    match value {
        Value::Array(rows) => Ok(rows),
        _ => Err(unreadable(
            &"not the figures of a benchmark (`vardnav -o json bench`)",
        )),
    }
}

fn take_in(figures: &mut BTreeMap<String, Measured>, records: f64, rows: &[Value]) {
    for row in rows {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        let value = row.get("value").and_then(Value::as_f64);
        let (Some(name), Some(unit), Some(value)) = (text("name"), text("unit"), value) else {
            continue;
        };
        let figure = figures.entry(name.to_owned()).or_default();
        unit.clone_into(&mut figure.unit);
        // The same figure stands beside several baselines.
        if value > 0.0 && !figure.at.contains(&(records, value)) {
            figure.at.push((records, value));
        }
    }
}

fn calculated(figures: &BTreeMap<String, Measured>, asked: &Asked<'_>) -> Vec<Value> {
    let size = asked.records as f64;
    let mut rows = Vec::new();
    let mut space = 0.0;
    for (name, figure) in figures {
        let on_logarithm = |value: fn(f64) -> f64| {
            let points = figure.at.iter().map(|(n, measured)| (n.ln(), value(*measured)));
            Line::through(&points.collect::<Vec<_>>())
        };
        let (value, unit, method) = match figure.unit.as_str() {
            "records/s" => {
                let Some(line) = on_logarithm(|rate| 1.0 / rate) else {
                    continue;
                };
                // The integral of a + b ln n.
                let seconds = size * (line.a + line.b * (size.ln() - 1.0));
                (
                    seconds / 3600.0,
                    "hours for all",
                    method("time of a record", "ln n", line),
                )
            }
            "s" => {
                let Some(line) = Line::through(&figure.at) else {
                    continue;
                };
                (line.a + line.b * size, "s", method("seconds", "n", line))
            }
            "bytes a record" => {
                let Some(line) = on_logarithm(|bytes| bytes) else {
                    continue;
                };
                let bytes = size * (line.a + line.b * size.ln());
                space += bytes;
                (bytes / 1e9, "GB", method("bytes of a record", "ln n", line))
            }
            _ => continue,
        };
        rows.push(row(name, value, unit, &method, &figure.at));
    }
    if let Some(price) = asked.gigabyte_month {
        let method = format!("space · {price} for a gigabyte and month");
        rows.push(row("cost of space", space / 1e9 * price, "a month", &method, &[]));
    }
    if let Some(price) = asked.server_month {
        let method = format!("{} servers · {price} a month", asked.servers);
        rows.push(row(
            "cost of servers",
            f64::from(asked.servers) * price,
            "a month",
            &method,
            &[],
        ));
    }
    rows
}

fn method(of: &str, by: &str, line: Line) -> String {
    let Line { a, b } = line;
    format!("{of} = {a:.3e} + {b:.3e} · {by}")
}

fn row(name: &str, value: f64, unit: &str, method: &str, at: &[(f64, f64)]) -> Value {
    let measured = at.iter().map(|(n, value)| json!({"records": n, "value": value}));
    json!({
        "name": name,
        "value": super::rounded(value),
        "unit": unit,
        "method": method,
        "runs": at.len(),
        "measured": measured.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(records: u64) -> Asked<'static> {
        Asked {
            runs: &[],
            records,
            gigabyte_month: None,
            server_month: None,
            servers: 1,
        }
    }

    fn one(unit: &str, at: &[(f64, f64)], records: u64) -> f64 {
        let figure = Measured {
            unit: unit.to_owned(),
            at: at.to_vec(),
        };
        let rows = calculated(&BTreeMap::from([("one".to_owned(), figure)]), &asked(records));
        assert_eq!(rows.len(), 1);
        rows[0]["value"].as_f64().unwrap()
    }

    fn close(one: f64, other: f64) {
        assert!(
            (one - other).abs() <= 0.01 * other.abs().max(1.0),
            "{one} is not {other}"
        );
    }

    #[test]
    fn a_level_rate_takes_the_records_by_the_rate() {
        close(
            one("records/s", &[(1e6, 20_000.0)], 1_000_000_000),
            1e9 / 20_000.0 / 3600.0,
        );
        close(
            one("records/s", &[(1e5, 20_000.0), (1e6, 20_000.0)], 1_000_000_000),
            1e9 / 20_000.0 / 3600.0,
        );
        // What seems to become faster is not taken to go on so.
        let mean = f64::midpoint(1.0 / 10_000.0, 1.0 / 20_000.0);
        close(
            one("records/s", &[(1e5, 10_000.0), (1e6, 20_000.0)], 1_000_000_000),
            1e9 * mean / 3600.0,
        );
    }

    #[test]
    fn a_time_that_grows_with_the_logarithm_is_summed_over_all_records() {
        // 10 µs and 2 µs more for each factor of e.
        let seconds = |n: f64| 10e-6 + 2e-6 * n.ln();
        let at = [
            (1e4, 1.0 / seconds(1e4)),
            (1e5, 1.0 / seconds(1e5)),
            (1e6, 1.0 / seconds(1e6)),
        ];
        let (mut summed, step) = (0.0, 1_000.0);
        let mut n = step / 2.0;
        while n < 5e7 {
            summed += seconds(n) * step;
            n += step;
        }
        close(one("records/s", &at, 50_000_000) * 3600.0, summed);
    }

    #[test]
    fn space_and_starts_grow_as_measured_and_cost_follows_from_prices() {
        close(one("bytes a record", &[(1e6, 900.0)], 1_000_000_000), 900.0);
        close(one("s", &[(1e6, 1.0), (3e6, 2.0)], 9_000_000), 5.0);
        close(one("s", &[(1e6, 2.0)], 1_000_000_000), 2.0);
        let figures = BTreeMap::from([(
            "space".to_owned(),
            Measured {
                unit: "bytes a record".to_owned(),
                at: vec![(1e6, 500.0)],
            },
        )]);
        let asked = Asked {
            gigabyte_month: Some(2.0),
            server_month: Some(300.0),
            servers: 3,
            ..asked(1_000_000_000)
        };
        let rows = calculated(&figures, &asked);
        let value = |name: &str| {
            let row = rows.iter().find(|row| row["name"] == name).unwrap();
            row["value"].as_f64().unwrap()
        };
        close(value("cost of space"), 1_000.0);
        close(value("cost of servers"), 900.0);
    }

    #[test]
    fn runs_are_read_from_what_the_benchmark_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.json");
        let rows = json!([
            {"name": "report", "value": 1000.0, "unit": "records/s", "baseline": "bare log"},
            {"name": "report", "value": 1000.0, "unit": "records/s", "baseline": "bare insert"},
            {"name": "memory of the server", "value": 80, "unit": "MB"},
        ]);
        std::fs::write(&file, rows.to_string()).unwrap();
        let runs = [format!("100_000={}", file.display())];
        let asked = Asked {
            runs: &runs,
            ..asked(3_600_000)
        };
        let told = super::rows(&asked).unwrap();
        assert_eq!(told.len(), 1);
        close(told[0]["value"].as_f64().unwrap(), 1.0);
        assert_eq!(told[0]["runs"], 1);
        for wrong in ["run.json", "many=run.json", "5=/no/such/file"] {
            let runs = [wrong.to_owned()];
            let refused = super::rows(&Asked { runs: &runs, ..asked });
            assert!(matches!(refused, Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
