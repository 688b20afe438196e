//! Findings: what is wrong, where, by which rule, how to mend it. A finding never holds a personal number:
//! values are shown by their shape.

/// One finding about one record, file or release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// Stable code, for example `VN-REG-012`.
    pub code: String,
    /// Weight.
    pub severity: crate::definition::Severity,
    /// Path of the element, for example `segments[1].start`; empty for the whole.
    pub path: String,
    /// What is wrong and how to mend it, without personal data.
    pub message: String,
}
