//! Conformance cases of a release as lines and their answers: what `vardnav classify` reads and writes, so that any
//! program that classifies can be held against them, line by line.

use jiff::civil::Date;
use vardnav_classification::DescriptionSystem;
use vardnav_classification::verify::cases::{Case, cases};

use super::answer::text;
use super::{Classifier, Releases};
use crate::release::tables;

/// The lines of a release, and their answers in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conformance {
    /// The lines, each ended by a newline.
    pub lines: Vec<u8>,
    /// The answers, each ended by a newline.
    pub answers: Vec<u8>,
    /// How many.
    pub count: usize,
    /// Whether the tables would give more lines than are allowed.
    pub more: bool,
}

/// The conformance cases of a release: one for each alternative of each rule, with those that miss it by one
/// condition and those that lack one fact. The same release gives the same bytes.
pub fn conformance(system: &DescriptionSystem, release: &str, from: Date) -> Conformance {
    let made = cases(system, from);
    let mut classifier = Classifier::new(Releases::named(release, system), false);
    let mut all = Conformance {
        count: made.cases.len(),
        more: made.more,
        ..Conformance::default()
    };
    for case in &made.cases {
        let from = all.lines.len();
        write_case(case, &mut all.lines);
        let line = all.lines.get(from..).unwrap_or_default();
        classifier.answer(line.strip_suffix(b"\n").unwrap_or(line), &mut all.answers);
    }
    all
}

/// Appends a case as a line, ended by a newline.
pub fn write_case(case: &Case, out: &mut Vec<u8>) {
    out.extend(b"{\"id\":");
    text(&case.id, out);
    out.extend(b",\"of\":");
    text(tables::grain_name(case.grain), out);
    out.extend(b",\"date\":");
    text(&case.date.to_string(), out);
    out.extend(b",\"facts\":{");
    for (at, (axis, values)) in case.facts.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        text(axis, out);
        out.push(b':');
        match values.as_slice() {
            [one] => text(one, out),
            several => {
                out.push(b'[');
                for (at, value) in several.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    text(value, out);
                }
                out.push(b']');
            }
        }
    }
    out.extend(b"}}\n");
}
