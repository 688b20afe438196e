//! Collects findings: finds the check in force and words the message. Paths are built only for findings.

use jiff::civil::Date;

use super::{CheckSet, Mechanism, finding_without_release};
use crate::definition::Severity;
use crate::finding::Finding;
use crate::identity::Number;
use crate::text::{holds_number, id_holds_personal_number, shape};

/// Findings told of one record one by one.
const FINDINGS_MAX: usize = 20;

/// The findings of one record.
pub(super) struct Report<'a> {
    checks: Option<&'a CheckSet>,
    date: Date,
    /// The number of the record's own person, found in any writing.
    own_number: Option<Number>,
    findings: Vec<Finding>,
    /// Findings beyond those kept.
    more: usize,
}

impl<'a> Report<'a> {
    pub(super) fn new(checks: Option<&'a CheckSet>, date: Date) -> Self {
        Self {
            checks,
            date,
            own_number: None,
            findings: Vec::new(),
            more: 0,
        }
    }

    /// Makes [`Self::holds_number`] look for the number of the record's person too, in any writing.
    pub(super) fn look_for(&mut self, own_number: Option<Number>) {
        self.own_number = own_number;
    }

    /// Whether a text holds an identity number.
    pub(super) fn holds_number(&self, text: &str) -> bool {
        id_holds_personal_number(text)
            || self
                .own_number
                .as_ref()
                .is_some_and(|number| holds_number(text, number.reveal()))
    }

    /// A finding without detail.
    pub(super) fn add(&mut self, mechanism: Mechanism, path: impl FnOnce() -> String) {
        self.add_with(mechanism, path, "");
    }

    /// A finding that shows the shape of a value.
    pub(super) fn add_shape(&mut self, mechanism: Mechanism, path: impl FnOnce() -> String, value: &str) {
        self.add_with(mechanism, path, &shape(value));
    }

    /// A finding with a detail that is free of reported data.
    pub(super) fn add_with(&mut self, mechanism: Mechanism, path: impl FnOnce() -> String, detail: &str) {
        let found = if let Some(check) = self.checks.and_then(|checks| checks.check(mechanism, self.date)) {
            // What must never be stored is refused, whatever the release says.
            let severity = if mechanism.is_invariant() {
                Severity::Error
            } else {
                check.severity
            };
            // A full report has room for an error only, and only for the first.
            if self.findings.len() >= FINDINGS_MAX && (severity < Severity::Error || self.has_error()) {
                self.more += 1;
                return;
            }
            let message = sentence(&check.message.en, detail, &check.remedy.en);
            Finding {
                code: check.code.clone(),
                severity,
                path: path(),
                message,
            }
        } else if mechanism.is_invariant() {
            finding_without_release(mechanism, path(), detail)
        } else {
            return;
        };
        if self.findings.len() >= FINDINGS_MAX {
            self.findings.pop();
            self.more += 1;
        }
        self.findings.push(found);
    }

    fn has_error(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// The findings, at most [`FINDINGS_MAX`]; the last says how many more there were.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        if let Some(last) = self.findings.last_mut().filter(|_| self.more > 0) {
            last.message
                .push_str(&format!("; and {} more findings", self.more));
        }
        self.findings
    }
}

/// `message (detail); remedy`, without the parts that are empty.
pub(super) fn sentence(message: &str, detail: &str, remedy: &str) -> String {
    let mut sentence = message.to_owned();
    if !detail.is_empty() {
        sentence.push_str(" (");
        sentence.push_str(detail);
        sentence.push(')');
    }
    if !remedy.is_empty() {
        sentence.push_str("; ");
        sentence.push_str(remedy);
    }
    sentence
}
