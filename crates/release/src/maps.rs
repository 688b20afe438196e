//! What must hold of a map from codes to facts before it is published in a release or put by a reporter. Every defect
//! is found; none is repaired.

use std::collections::BTreeMap;

use vardnav_classification::model::{Axis, DescriptionSource, FactSource};
use vardnav_register::mapping::{MapRow, MapSource};
use vardnav_register::text::holds_personal_number;
use vardnav_terminology::model::Validity;

use crate::source::{Place, ReleaseFinding};

/// Most rows of one map.
pub const ROWS_MAX: usize = 100_000;
/// Longest text of a map, in bytes.
pub const TEXT_BYTES_MAX: usize = 256;

/// What is wrong with a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MapDefect {
    /// Line of its file, from 1; 0 for the map as a whole or when unknown.
    pub line: u32,
    /// Stable code, one of [`crate::check::CODES`].
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

impl MapDefect {
    /// The defect as a finding in a file.
    pub fn in_file(self, file: &str) -> ReleaseFinding {
        let place = Place {
            file: file.to_owned(),
            line: self.line,
        };
        ReleaseFinding::error(self.code, place, self.message)
    }
}

/// Everything that is wrong with a map, held against the axes that it leads to.
pub fn defects(map: &MapSource, axes: &DescriptionSource) -> Vec<MapDefect> {
    let mut found = Defects(Vec::new());
    found.head(map);
    if map.rows.len() > ROWS_MAX {
        found.add(0, "VN-REL-116", format!("more than {ROWS_MAX} rows"));
        return found.0;
    }
    let by_id: BTreeMap<&str, &Axis> = axes.axes.iter().map(|axis| (axis.id.as_str(), axis)).collect();
    for row in &map.rows {
        found.row(row, by_id.get(row.axis.as_str()).copied());
    }
    found.against_each_other(map, &by_id);
    found.0.sort();
    found.0
}

struct Defects(Vec<MapDefect>);

impl Defects {
    fn add(&mut self, line: u32, code: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.0.push(MapDefect { line, code, message });
    }

    fn head(&mut self, map: &MapSource) {
        for (what, text) in [("address", &map.url), ("version", &map.version)] {
            if text.is_empty() {
                self.add(0, "VN-REL-134", format!("the map has no {what}"));
            }
        }
        if map.rows.is_empty() {
            self.add(0, "VN-REL-134", "the map has no row");
        }
        let texts = [
            ("address", &map.url),
            ("version", &map.version),
            ("title", &map.title),
        ];
        for (what, text) in texts {
            self.text(0, &format!("the map's {what}"), text);
        }
        if map.url.contains(['|', ' ']) || map.version.contains(['|', ' ']) {
            self.add(0, "VN-REL-134", "address and version have no space and no `|`");
        }
    }

    fn text(&mut self, line: u32, what: &str, text: &str) {
        if text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
            let message =
                format!("{what} is longer than {TEXT_BYTES_MAX} bytes or holds a control character");
            self.add(line, "VN-REL-116", message);
        }
        if holds_personal_number(text) {
            self.add(line, "VN-REL-118", format!("{what} holds a personal number"));
        }
    }

    fn row(&mut self, row: &MapRow, axis: Option<&Axis>) {
        for (what, text) in [("code system", &row.system), ("code", &row.code)] {
            if text.is_empty() {
                self.add(row.line, "VN-REL-134", format!("the row has no {what}"));
            }
            self.text(row.line, &format!("the row's {what}"), text);
        }
        if let Validity {
            from: Some(from),
            until: Some(until),
        } = row.validity
            && until <= from
        {
            let message = format!("the row ends on {until}, not after its start {from}");
            self.add(row.line, "VN-REL-133", message);
        }
        let Some(axis) = axis else {
            self.add(
                row.line,
                "VN-REL-131",
                format!("there is no axis {}", named(&row.axis)),
            );
            return;
        };
        if !axis.sources.contains(&FactSource::Mapped) {
            let message = format!("axis `{}` takes no mapped facts", axis.id);
            self.add(row.line, "VN-REL-131", message);
        }
        if !axis.values.iter().any(|value| value.code == row.value) {
            let message = format!("axis `{}` has no value {}", axis.id, named(&row.value));
            self.add(row.line, "VN-REL-131", message);
        }
    }

    /// Rows about the same code whose dates meet, and that say the same twice or settle different values.
    fn against_each_other(&mut self, map: &MapSource, axes: &BTreeMap<&str, &Axis>) {
        let mut by_code: BTreeMap<(&str, &str, &str), Vec<&MapRow>> = BTreeMap::new();
        for row in &map.rows {
            let key = (row.system.as_str(), row.code.as_str(), row.axis.as_str());
            let rows = by_code.entry(key).or_default();
            let one = !axes.get(row.axis.as_str()).is_some_and(|axis| axis.multiple);
            let against = rows.iter().find(|other| {
                let differ = one && row.settles() && other.settles();
                meet(row.validity, other.validity) && (row.value == other.value || differ)
            });
            if let Some(other) = against {
                let what = if row.value == other.value {
                    "says something of the same code and value"
                } else {
                    "settles another value of an axis that takes one"
                };
                let message = match other.line {
                    0 => format!("another row {what}"),
                    line => format!("the row on line {line} {what}"),
                };
                self.add(row.line, "VN-REL-132", message);
            } else {
                rows.push(row);
            }
        }
    }
}

/// Whether two intervals share a date.
fn meet(one: Validity, other: Validity) -> bool {
    let before = |end: Option<_>, start: Option<_>| end.zip(start).is_some_and(|(end, start)| end <= start);
    !before(one.until, other.from) && !before(other.until, one.from)
}

/// A name as messages repeat it: only when it looks like one.
fn named(name: &str) -> String {
    format!("`{}`", vardnav_register::text::safe_echo(name))
}
