//! Findings: what is wrong, where, by which rule, how to mend it. A finding never holds a personal number:
//! values are shown by their shape.

use crate::definition::Severity;
use crate::validate::{CheckSet, Mechanism};

/// One finding about one record, file or release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// Stable code, for example `VN-REG-012`.
    pub code: String,
    /// Weight.
    pub severity: Severity,
    /// Path of the element, for example `segments[1].start`; empty for the whole.
    pub path: String,
    /// What is wrong and how to mend it, without personal data.
    pub message: String,
}

/// A finding as the ledger keeps it: what was said, without the words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredFinding {
    /// Stable code.
    pub code: String,
    /// Weight.
    pub severity: Severity,
    /// Path of the element.
    pub path: String,
}

impl Finding {
    /// What the ledger keeps of it.
    pub fn stored(&self) -> StoredFinding {
        StoredFinding {
            code: self.code.clone(),
            severity: self.severity,
            path: self.path.clone(),
        }
    }

    /// A finding from what the ledger keeps. Its message is that of the first of the releases' checks with its code,
    /// or of the mechanism with that code as its own; without details of the value, and empty when nobody knows it.
    pub fn from_stored<'a>(stored: &StoredFinding, checks: impl IntoIterator<Item = &'a CheckSet>) -> Self {
        let StoredFinding { code, severity, path } = stored.clone();
        let message = checks
            .into_iter()
            .find_map(|checks| checks.message(&code))
            .or_else(|| Mechanism::from_code(&code).map(|mechanism| mechanism.message().to_owned()))
            .unwrap_or_default();
        Self {
            code,
            severity,
            path,
            message,
        }
    }
}
