//! Collects findings: finds the check in force and words the message. Paths are built only for findings.

use jiff::civil::Date;

use super::{CheckSet, Mechanism, finding_without_release};
use crate::definition::Severity;
use crate::finding::Finding;
use crate::identity::Number;
use crate::text::{holds_number, holds_personal_number, shape};

/// The findings of one record.
pub(super) struct Report<'a> {
    checks: Option<&'a CheckSet>,
    date: Date,
    /// The record's own reserve number, which has no form that could be known anywhere else.
    reserve_number: Option<Number>,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(super) fn new(checks: Option<&'a CheckSet>, date: Date) -> Self {
        Self {
            checks,
            date,
            reserve_number: None,
            findings: Vec::new(),
        }
    }

    /// Makes [`Self::holds_number`] look for a reserve number too.
    pub(super) fn look_for(&mut self, reserve_number: Option<Number>) {
        self.reserve_number = reserve_number;
    }

    /// Whether a text holds an identity number.
    pub(super) fn holds_number(&self, text: &str) -> bool {
        holds_personal_number(text)
            || self
                .reserve_number
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
        if let Some(check) = self.checks.and_then(|checks| checks.check(mechanism, self.date)) {
            self.findings.push(Finding {
                code: check.code.clone(),
                // What must never be stored is refused, whatever the release says.
                severity: if mechanism.is_invariant() {
                    Severity::Error
                } else {
                    check.severity
                },
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
