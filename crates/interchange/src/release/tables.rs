//! Decision tables, exclusions and contradictions as CSV: one row an alternative of a rule, one column an axis or an earlier
//! table. Reads cells only; whether names exist and tables hold is decided where they are compiled.
//!
//! A cell is empty (anything), `a|b` (one of them), `!a|b` (none of them); a name may be a value set's. Rows in
//! sequence with the same rule and variant are alternatives of one rule.

use csv::StringRecord;
use jiff::civil::Date;
use vardnav_classification::model::{Combination, Condition, Grain, Label, Outcome, Rule, VariantRef};

use super::reading::{Reading, TextFile};

/// Columns of a table that are not conditions.
const RULE_COLUMNS: [&str; 8] = [
    "rule",
    "variant",
    "value",
    "hold_reason_sv",
    "hold_reason_en",
    "legal_basis",
    "status",
    "from",
];

/// Columns of exclusions and contradictions that are not conditions.
const COMBINATION_COLUMNS: [&str; 2] = ["id", "grains"];

/// In the column `value`: the value waits.
const HELD: &str = "held";

/// The rules of a table, in order.
pub fn rules(reading: &mut Reading<'_>, file: &TextFile<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for row in rows(reading, file, &RULE_COLUMNS) {
        let conditions = row.conditions(reading, &RULE_COLUMNS);
        let rule = row.rule(reading, conditions);
        match rules.last_mut() {
            Some(last) if last.id == rule.id && last.variant == rule.variant => {
                if !says_the_same(last, &rule) {
                    let message = format!(
                        "rule `{}` gives something else than on line {}",
                        rule.id, last.line
                    );
                    reading.problem("VN-REL-024", file.path, rule.line, message);
                }
                last.alternatives.extend(rule.alternatives);
            }
            _ => rules.push(rule),
        }
    }
    rules
}

/// The combinations that validation refuses or warns of; rows in sequence with the same id are alternatives.
pub fn combinations(reading: &mut Reading<'_>, file: &TextFile<'_>) -> Vec<Combination> {
    let mut combinations: Vec<Combination> = Vec::new();
    for row in rows(reading, file, &COMBINATION_COLUMNS) {
        let conditions = row.conditions(reading, &COMBINATION_COLUMNS);
        let grains = row.grains(reading);
        match combinations.last_mut() {
            Some(last) if last.id == row.cell("id") && last.grains == grains => {
                last.alternatives.push(conditions);
            }
            _ => combinations.push(Combination {
                id: row.cell("id").to_owned(),
                grains,
                alternatives: vec![conditions],
                line: row.line,
            }),
        }
    }
    combinations
}

/// A grain by the name used in files and lines.
pub fn grain(name: &str) -> Option<Grain> {
    match name {
        "contact" => Some(Grain::Contact),
        "segment" => Some(Grain::Segment),
        "monitoring-period" => Some(Grain::MonitoringPeriod),
        _ => None,
    }
}

/// The name of a grain in files and lines.
pub fn grain_name(grain: Grain) -> &'static str {
    match grain {
        Grain::Contact => "contact",
        Grain::Segment => "segment",
        Grain::MonitoringPeriod => "monitoring-period",
    }
}

/// A row with its header.
struct Row<'a> {
    path: &'a str,
    line: u32,
    header: StringRecord,
    cells: StringRecord,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> &str {
        let at = self.header.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at)).unwrap_or_default()
    }

    /// The conditions, in the order of the columns.
    fn conditions(&self, reading: &mut Reading<'_>, others: &[&str]) -> Vec<Condition> {
        let cells = self.header.iter().zip(&self.cells);
        let mut conditions = Vec::new();
        for (axis, cell) in cells.filter(|(axis, cell)| !others.contains(axis) && !cell.is_empty()) {
            let (negated, names) = match cell.strip_prefix('!') {
                Some(names) => (true, names),
                None => (false, cell),
            };
            let any_of: Vec<String> = names.split('|').map(|name| name.trim().to_owned()).collect();
            if any_of.iter().any(String::is_empty) {
                let message = format!("the cell of `{axis}` has an empty name between `|`");
                reading.problem("VN-REL-022", self.path, self.line, message);
            } else {
                conditions.push(Condition {
                    axis: axis.to_owned(),
                    any_of,
                    negated,
                });
            }
        }
        conditions
    }

    fn rule(&self, reading: &mut Reading<'_>, conditions: Vec<Condition>) -> Rule {
        let reason = Label {
            sv: self.cell("hold_reason_sv").to_owned(),
            en: self.cell("hold_reason_en").to_owned(),
        };
        let named = !reason.sv.is_empty() || !reason.en.is_empty();
        let outcome = match self.cell("value") {
            HELD if !named && conditions.is_empty() => Outcome::CatchAll,
            HELD => Outcome::Hold { reason },
            value => {
                if named {
                    let message = "a reason to hold stands beside a value".to_owned();
                    reading.problem("VN-REL-023", self.path, self.line, message);
                }
                Outcome::Value(value.to_owned())
            }
        };
        Rule {
            id: self.cell("rule").to_owned(),
            alternatives: vec![conditions],
            outcome,
            variant: self.variant(reading),
            legal_basis: self.cell("legal_basis").to_owned(),
            status: self.cell("status").to_owned(),
            in_force_from: self.from(reading),
            line: self.line,
        }
    }

    fn variant(&self, reading: &mut Reading<'_>) -> Option<VariantRef> {
        let cell = self.cell("variant");
        if cell.is_empty() {
            return None;
        }
        let parts = cell
            .split_once(':')
            .filter(|(point, name)| !point.is_empty() && !name.is_empty());
        if parts.is_none() {
            let message = format!("`{cell}` is not a point and a variant, such as `U4:name`");
            reading.problem("VN-REL-022", self.path, self.line, message);
        }
        parts.map(|(point, name)| VariantRef {
            point: point.to_owned(),
            name: name.to_owned(),
        })
    }

    fn from(&self, reading: &mut Reading<'_>) -> Option<Date> {
        let cell = self.cell("from");
        if cell.is_empty() {
            return None;
        }
        let date = cell.parse().ok();
        if date.is_none() {
            let message = format!("`{cell}` is not a date such as 2026-07-01");
            reading.problem("VN-REL-022", self.path, self.line, message);
        }
        date
    }

    fn grains(&self, reading: &mut Reading<'_>) -> Vec<Grain> {
        let mut grains = Vec::new();
        for name in self.cell("grains").split('|').map(str::trim) {
            match grain(name) {
                Some(grain) => grains.push(grain),
                None => {
                    let message = format!("`{name}` is not contact, segment or monitoring-period");
                    reading.problem("VN-REL-022", self.path, self.line, message);
                }
            }
        }
        grains
    }
}

fn says_the_same(one: &Rule, other: &Rule) -> bool {
    one.outcome == other.outcome
        && one.legal_basis == other.legal_basis
        && one.status == other.status
        && one.in_force_from == other.in_force_from
}

/// The rows of a file; columns that are missing or stand twice are noted, and so are rows that cannot be read.
fn rows<'a>(reading: &mut Reading<'_>, file: &TextFile<'a>, needed: &[&str]) -> Vec<Row<'a>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file.text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    for column in needed {
        if !header.iter().any(|name| name == *column) {
            reading.problem(
                "VN-REL-021",
                file.path,
                1,
                format!("the column `{column}` is missing"),
            );
        }
    }
    for (at, column) in header.iter().enumerate() {
        if column.is_empty() || header.iter().take(at).any(|earlier| earlier == column) {
            reading.problem(
                "VN-REL-021",
                file.path,
                1,
                format!("the column `{column}` stands twice or has no name"),
            );
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(cells) => {
                rows.push(Row {
                    path: file.path,
                    line: line(cells.position()),
                    header: header.clone(),
                    cells,
                });
            }
            Err(error) => {
                let line = line(error.position());
                reading.problem(
                    "VN-REL-004",
                    file.path,
                    line,
                    "the row has another number of columns",
                );
            }
        }
    }
    rows
}

fn line(position: Option<&csv::Position>) -> u32 {
    position.map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX))
}
