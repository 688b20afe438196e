//! Decision tables, exclusions and contradictions as CSV: one row an alternative of a rule, one column an axis or an earlier
//! table. Reads cells; which names exist is asked of the description system, whether tables hold is decided where they
//! are compiled.
//!
//! A cell is empty (anything), `a|b` (one of them), `!a|b` (none of them); a name may be a value set's. Rows in
//! sequence with the same rule and variant are alternatives of one rule.

use csv::StringRecord;
use jiff::civil::Date;
use vardnav_classification::compile::naming;
use vardnav_classification::facts::SLOTS;
use vardnav_classification::model::{
    Combination, Condition, DescriptionSource, Grain, Label, Outcome, Rule, VariantRef,
};
use vardnav_register::text::safe_echo;

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

/// Most columns a file may have: those of every slot beside those that are not conditions.
const COLUMNS_MAX: usize = SLOTS + RULE_COLUMNS.len();

/// Longest cell that is repeated as it stands, in bytes; shorter than a personal number.
const ECHO_BYTES: usize = 10;

/// Where the parts of a file stand.
#[derive(Debug, Default)]
pub struct Layout {
    /// Path of the file.
    pub path: String,
    /// The columns that hold conditions.
    pub columns: Vec<String>,
    /// For each rule or combination the line of each of its rows.
    pub lines: Vec<Vec<u32>>,
}

/// The rules of a table, in order, and where they stand.
pub fn rules(reading: &mut Reading<'_>, file: &TextFile<'_>) -> (Vec<Rule>, Layout) {
    let mut rules: Vec<Rule> = Vec::new();
    let (rows, mut layout) = rows(reading, file, &RULE_COLUMNS);
    for row in rows {
        let conditions = row.conditions(reading, &RULE_COLUMNS);
        let rule = row.rule(reading, conditions);
        let lines = layout.lines.last_mut();
        match rules.last_mut().zip(lines) {
            Some((last, lines)) if last.id == rule.id && last.variant == rule.variant => {
                lines.push(rule.line);
                if !says_the_same(last, &rule) {
                    let message = format!(
                        "rule `{}` gives something else than on line {}; give both rows the same value, reason, basis, \
                         status and date, or another rule",
                        rule.id, last.line
                    );
                    reading.problem("VN-REL-024", file.path, rule.line, message);
                }
                if let Some(conditions) = rule.alternatives.first() {
                    warn_of_twin(reading, file, &last.alternatives, conditions, lines);
                }
                last.alternatives.extend(rule.alternatives);
            }
            _ => {
                layout.lines.push(vec![rule.line]);
                rules.push(rule);
            }
        }
    }
    (rules, layout)
}

/// The combinations that validation refuses or warns of, and where they stand; rows in sequence with the same id are
/// alternatives.
pub fn combinations(reading: &mut Reading<'_>, file: &TextFile<'_>) -> (Vec<Combination>, Layout) {
    let mut combinations: Vec<Combination> = Vec::new();
    let (rows, mut layout) = rows(reading, file, &COMBINATION_COLUMNS);
    for row in rows {
        let conditions = row.conditions(reading, &COMBINATION_COLUMNS);
        let grains = row.grains(reading);
        let lines = layout.lines.last_mut();
        match combinations.last_mut().zip(lines) {
            Some((last, lines)) if last.id == row.cell("id") && last.grains == grains => {
                lines.push(row.line);
                warn_of_twin(reading, file, &last.alternatives, &conditions, lines);
                last.alternatives.push(conditions);
            }
            _ => {
                layout.lines.push(vec![row.line]);
                combinations.push(Combination {
                    id: row.cell("id").to_owned(),
                    grains,
                    alternatives: vec![conditions],
                    line: row.line,
                });
            }
        }
    }
    (combinations, layout)
}

/// Notes what the columns and cells of a file name that the release does not have, at the row where it stands. `place`
/// and `alternatives` tell of the rule or combination at a position.
pub fn check_names<'s>(
    reading: &mut Reading<'_>,
    source: &'s DescriptionSource,
    layout: &Layout,
    of: impl Fn(usize) -> Option<(String, &'s [Vec<Condition>])>,
) {
    let known = |name: &str| {
        source.axes.iter().any(|axis| axis.id == name) || source.tables.iter().any(|table| table.id == name)
    };
    for column in layout.columns.iter().filter(|column| !known(column)) {
        let message = naming::unknown_axis(source, column);
        reading.problem("VN-REL-021", &layout.path, 1, message);
    }
    for (at, lines) in layout.lines.iter().enumerate() {
        let Some((place, alternatives)) = of(at) else {
            continue;
        };
        for (line, conditions) in lines.iter().zip(alternatives) {
            for condition in conditions.iter().filter(|condition| known(&condition.axis)) {
                for fault in naming::faults(source, condition) {
                    reading.problem("VN-REL-103", &layout.path, *line, format!("{place}: {fault}"));
                }
            }
        }
    }
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
                let fault = if negated && names.trim().is_empty() {
                    "has `!` with nothing after it; name the values that are left out, or leave the cell empty"
                } else {
                    "has an empty name between `|`; write `a|b`"
                };
                let message = format!("the cell of `{axis}` {fault}");
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
                    let message = "a reason to hold stands beside a value; write `held` in `value`, or remove the reason";
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
            let cell = echo(cell);
            let message =
                format!("the cell of `variant`: `{cell}` is not a point and a variant, such as `U4:name`");
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
            let cell = echo(cell);
            let message = format!("the cell of `from`: `{cell}` is not a date such as 2026-07-01");
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
                    let name = echo(name);
                    let message = format!(
                        "the cell of `grains`: `{name}` is not contact, segment or monitoring-period"
                    );
                    reading.problem("VN-REL-022", self.path, self.line, message);
                }
            }
        }
        grains
    }
}

/// Notes a row whose conditions stand in an earlier one of the same rule or combination: it adds nothing, and was most
/// likely meant to differ. `lines` are those of the rows, this one last.
fn warn_of_twin(
    reading: &mut Reading<'_>,
    file: &TextFile<'_>,
    earlier: &[Vec<Condition>],
    conditions: &[Condition],
    lines: &[u32],
) {
    let twin = earlier.iter().position(|other| other == conditions);
    if let Some((first, line)) = twin.and_then(|at| lines.get(at)).zip(lines.last()) {
        let message = format!(
            "the row has the same conditions as line {first}; remove it, or correct the cell in which it was to differ"
        );
        reading.warn("VN-REL-025", file.path, *line, message);
    }
}

fn says_the_same(one: &Rule, other: &Rule) -> bool {
    one.outcome == other.outcome
        && one.legal_basis == other.legal_basis
        && one.status == other.status
        && one.in_force_from == other.in_force_from
}

/// The rows of a file; columns that are missing or stand twice are noted, and so are rows that cannot be read.
fn rows<'a>(reading: &mut Reading<'_>, file: &TextFile<'a>, needed: &[&str]) -> (Vec<Row<'a>>, Layout) {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file.text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let mut layout = Layout {
        path: file.path.to_owned(),
        ..Layout::default()
    };
    if !header_is_sound(reading, file, &header, needed) {
        return (Vec::new(), layout);
    }
    let conditions = header
        .iter()
        .filter(|name| !name.is_empty() && !needed.contains(name));
    layout.columns = conditions.map(str::to_owned).collect();
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
                let message = match error.kind() {
                    csv::ErrorKind::UnequalLengths {
                        expected_len, len, ..
                    } => format!(
                        "the row has another number of columns: {len} instead of {expected_len}; add or remove commas, \
                         and put a text with commas in quotes"
                    ),
                    _ => "the row cannot be read".to_owned(),
                };
                reading.problem("VN-REL-004", file.path, line, message);
            }
        }
    }
    (rows, layout)
}

/// Whether the rows can be read under the header. Notes what is wrong with it.
fn header_is_sound(
    reading: &mut Reading<'_>,
    file: &TextFile<'_>,
    header: &StringRecord,
    needed: &[&str],
) -> bool {
    let mut note = |message: String| reading.problem("VN-REL-021", file.path, 1, message);
    for (separator, name) in [(';', "semicolons"), ('\t', "tabs")] {
        if header.len() == 1 && header.iter().any(|cell| cell.contains(separator)) {
            note(format!(
                "the columns are parted by {name}; save the file with commas"
            ));
            return false;
        }
    }
    if header.len() > COLUMNS_MAX {
        note(format!(
            "there are {} columns, {COLUMNS_MAX} are allowed; remove those that no rule needs",
            header.len()
        ));
        return false;
    }
    for column in needed {
        if !header.iter().any(|name| name == *column) {
            note(format!(
                "the column `{column}` is missing; add it to the header, its cells may be empty"
            ));
        }
    }
    for (at, column) in header.iter().enumerate() {
        if column.is_empty() {
            note(format!(
                "column {} has no name; name its axis or remove it",
                at + 1
            ));
        } else if header.iter().take(at).any(|earlier| earlier == column) {
            note(format!("the column `{}` stands twice; remove one", echo(column)));
        }
    }
    true
}

/// A cell as it may be repeated.
fn echo(cell: &str) -> String {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    if cell.len() <= ECHO_BYTES || digits == 0 {
        cell.to_owned()
    } else {
        safe_echo(cell)
    }
}

fn line(position: Option<&csv::Position>) -> u32 {
    position.map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX))
}
