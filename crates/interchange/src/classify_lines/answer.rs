//! Writing answers, without building a tree first.

use vardnav_classification::{
    AxisIndex, AxisSet, Classification, DescriptionSystem, TableIndex, TableResult, Undetermined,
};

use super::{InForce, LineFinding};

/// A line that was decided.
pub(super) struct Decided<'a> {
    pub(super) release: &'a InForce<'a>,
    pub(super) id: &'a str,
    pub(super) result: &'a Classification,
    pub(super) undetermined: &'a [Undetermined],
    pub(super) variants: &'a [String],
    pub(super) explanation: Option<serde_json::Value>,
    pub(super) counterfactuals: Option<serde_json::Value>,
}

impl Decided<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let system = self.release.system;
        out.extend(b"{\"id\":");
        text(self.id, out);
        for (table, result) in self.result.iter() {
            let Some(slot) = system.slot_of(table) else {
                continue;
            };
            match result {
                TableResult::Value { value, .. } => {
                    key(system.axis_id(slot), out);
                    text(system.value_code(slot, value), out);
                }
                TableResult::Collected { values, .. } => {
                    key(system.axis_id(slot), out);
                    list(in_rule_order(system, table, slot, values), out);
                }
                TableResult::Held { .. } | TableResult::NotApplicable => {}
            }
        }
        self.write_rules(out);
        self.write_undetermined(out);
        out.extend(b",\"release\":");
        text(self.release.id, out);
        if !self.variants.is_empty() {
            out.extend(b",\"variants\":");
            list(self.variants.iter().map(String::as_str), out);
        }
        if let Some(explanation) = &self.explanation {
            out.extend(b",\"explanation\":");
            out.extend(explanation.to_string().as_bytes());
        }
        if let Some(counterfactuals) = &self.counterfactuals {
            out.extend(b",\"counterfactuals\":");
            out.extend(counterfactuals.to_string().as_bytes());
        }
        out.extend(b"}\n");
    }

    fn write_rules(&self, out: &mut Vec<u8>) {
        let system = self.release.system;
        out.extend(b",\"rules\":{");
        let mut first = true;
        for (table, result) in self.result.iter() {
            let TableResult::Value { rule, .. } = result else {
                continue;
            };
            let (Some(slot), Some(rule)) = (system.slot_of(table), system.rule(table, rule)) else {
                continue;
            };
            comma(&mut first, out);
            text(system.axis_id(slot), out);
            out.push(b':');
            text(&rule.id, out);
        }
        out.push(b'}');
    }

    fn write_undetermined(&self, out: &mut Vec<u8>) {
        let system = self.release.system;
        out.extend(b",\"undetermined\":{");
        let mut first = true;
        for (table, result) in self.result.iter() {
            if !matches!(
                result,
                TableResult::Held { .. } | TableResult::Collected { possible: 1.., .. }
            ) {
                continue;
            }
            let Some(slot) = system.slot_of(table) else {
                continue;
            };
            comma(&mut first, out);
            text(system.axis_id(slot), out);
            out.extend(b":{");
            let mut first = true;
            for open in self.undetermined.iter().filter(|open| open.table == table) {
                comma(&mut first, out);
                text(system.value_code(slot, open.value), out);
                out.push(b':');
                axes(system, open.missing, out);
            }
            out.push(b'}');
        }
        out.push(b'}');
    }
}

/// An answer that was decided elsewhere, for example by a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The line's id.
    pub id: String,
    /// What each table that applies gave, in feeding order.
    pub tables: Vec<TableAnswer>,
    /// The release that decided.
    pub release: String,
    /// Further keys, after the others: names as they are written, values as JSON.
    pub further: Vec<(&'static str, serde_json::Value)>,
}

/// What one table gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableAnswer {
    /// The table's id.
    pub table: String,
    /// Whether it collects.
    pub collects: bool,
    /// The value, or the collected values in rule order; none when it is held.
    pub values: Vec<String>,
    /// The rule that decided a table that does not collect.
    pub rule: Option<String>,
    /// Whether a value waits.
    pub held: bool,
    /// Values still possible, each with the axes that would decide.
    pub possible: Vec<(String, Vec<String>)>,
}

impl Answer {
    /// Appends the answer as a line, ended by a newline, in the very form of lines that were decided here.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend(b"{\"id\":");
        text(&self.id, out);
        for table in &self.tables {
            if table.collects {
                key(&table.table, out);
                list(table.values.iter().map(String::as_str), out);
            } else if let Some(value) = table.values.first().filter(|_| !table.held) {
                key(&table.table, out);
                text(value, out);
            }
        }
        out.extend(b",\"rules\":{");
        let mut first = true;
        for table in self.tables.iter().filter(|table| !table.collects && !table.held) {
            let Some(rule) = &table.rule else { continue };
            comma(&mut first, out);
            text(&table.table, out);
            out.push(b':');
            text(rule, out);
        }
        out.extend(b"},\"undetermined\":{");
        let mut first = true;
        for table in self
            .tables
            .iter()
            .filter(|table| table.held || !table.possible.is_empty())
        {
            comma(&mut first, out);
            text(&table.table, out);
            out.extend(b":{");
            let mut first = true;
            for (value, missing) in &table.possible {
                comma(&mut first, out);
                text(value, out);
                out.push(b':');
                list(missing.iter().map(String::as_str), out);
            }
            out.push(b'}');
        }
        out.extend(b"},\"release\":");
        text(&self.release, out);
        for (name, value) in &self.further {
            out.push(b',');
            text(name, out);
            out.push(b':');
            out.extend(value.to_string().as_bytes());
        }
        out.extend(b"}\n");
    }
}

/// Appends the answer to a line that cannot be read, ended by a newline.
pub fn write_findings(id: Option<&str>, findings: &[LineFinding], out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(id) = id {
        out.extend(b"\"id\":");
        text(id, out);
        out.push(b',');
    }
    out.extend(b"\"findings\":[");
    let mut first = true;
    for finding in findings {
        comma(&mut first, out);
        out.extend(b"{\"code\":");
        text(finding.code, out);
        out.extend(b",\"path\":");
        text(&finding.path, out);
        out.extend(b",\"message\":");
        text(&finding.message, out);
        out.push(b'}');
    }
    out.extend(b"]}\n");
}

/// The codes of collected values, each once, in the order of the rules that may give them.
fn in_rule_order(
    system: &DescriptionSystem,
    table: TableIndex,
    slot: AxisIndex,
    values: u64,
) -> impl Iterator<Item = &str> {
    let order = system.collected_order(table).iter().copied();
    order
        .filter(move |value| values & (1 << value) != 0)
        .map(move |value| system.value_code(slot, value))
}

fn axes(system: &DescriptionSystem, axes: AxisSet, out: &mut Vec<u8>) {
    list(axes.iter().map(|axis| system.axis_id(axis)), out);
}

fn list<'a>(items: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    out.push(b'[');
    let mut first = true;
    for item in items {
        comma(&mut first, out);
        text(item, out);
    }
    out.push(b']');
}

fn comma(first: &mut bool, out: &mut Vec<u8>) {
    if !std::mem::take(first) {
        out.push(b',');
    }
}

/// A key after another: a table's id as JSON names are written, `care_level` for `care-level`.
fn key(table: &str, out: &mut Vec<u8>) {
    out.push(b',');
    let at = out.len();
    text(table, out);
    for byte in out.iter_mut().skip(at) {
        if *byte == b'-' {
            *byte = b'_';
        }
    }
    out.push(b':');
}

pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    if text
        .bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
    {
        out.push(b'"');
        out.extend(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend(serde_json::Value::from(text).to_string().as_bytes());
    }
}
