//! Collects findings: finds the check in force and words the message. Paths are built only for findings.

use jiff::civil::Date;

use super::{CheckSet, Mechanism, finding_without_release};
use crate::finding::Finding;
use crate::text::shape;

/// The findings of one record.
pub(super) struct Report<'a> {
    checks: Option<&'a CheckSet>,
    date: Date,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(super) fn new(checks: Option<&'a CheckSet>, date: Date) -> Self {
        Self {
            checks,
            date,
            findings: Vec::new(),
        }
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
        if let Some(check) = self.checks.and_then(|checks| checks.check(mechanism, self.date)) {
            self.findings.push(Finding {
                code: check.code.clone(),
                severity: check.severity,
                path: path(),
                message: sentence(&check.message.en, detail, &check.remedy.en),
            });
        } else if mechanism.is_invariant() {
            self.findings
                .push(finding_without_release(mechanism, path(), detail));
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
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
