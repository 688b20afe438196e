//! What is wrong with a file of rows: where, under which code, and in words that repeat nothing of what stands there.

/// Most problems that are told of a file.
pub const PROBLEMS_MAX: usize = 1_000;

/// Something wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Line, from 1; 0 for the whole file.
    pub line: u64,
    /// Column; empty for the whole line.
    pub column: &'static str,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong, without what stands there.
    pub message: String,
}

/// What was found so far.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    /// Notes a problem; those beyond [`PROBLEMS_MAX`] are left out.
    pub fn add(&mut self, line: u64, column: &'static str, code: &'static str, message: impl Into<String>) {
        if self.found.len() < PROBLEMS_MAX {
            self.found.push(Problem {
                line,
                column,
                code,
                message: message.into(),
            });
        }
    }

    /// Whether as many were found as are told.
    pub fn is_full(&self) -> bool {
        self.found.len() >= PROBLEMS_MAX
    }

    /// How many were found.
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// Gives `whole` when nothing is wrong.
    ///
    /// # Errors
    /// What is wrong; when nothing is and there is no whole, that the file has no rows.
    pub fn or<T>(mut self, whole: Option<T>) -> Result<T, Vec<Problem>> {
        match whole {
            Some(whole) if self.found.is_empty() => Ok(whole),
            whole => {
                if whole.is_none() && self.found.is_empty() {
                    self.add(0, "", "VN-UPL-003", "the file has no rows");
                }
                Err(self.found)
            }
        }
    }
}
