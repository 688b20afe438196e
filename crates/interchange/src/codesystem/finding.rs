//! What was found in the files of a code system.

/// Most findings of one code system that are told one by one.
const FINDINGS_MAX: usize = 100;

/// Codes of findings about the files of a code system: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-001",
        "the text is not UTF-8, or holds control characters",
        "save the file as UTF-8",
    ),
    (
        "VN-IMP-002",
        "a file of the code system is missing",
        "put all files of the code system into its folder",
    ),
    (
        "VN-IMP-003",
        "a line or file is cut short or has too many columns",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-004",
        "something stands where a code of the file is expected",
        "check that the file is of this code system and level",
    ),
    ("VN-IMP-005", "a code stands twice", "keep one of the lines named"),
    (
        "VN-IMP-006",
        "nothing above a code is in the files",
        "add the file of the level above",
    ),
    (
        "VN-IMP-007",
        "the mark is neither † nor *",
        "correct the mark, or fetch the file again from its owner",
    ),
    (
        "VN-IMP-008",
        "the line is too long",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-009",
        "the file is too large",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-010",
        "the file has too many rows",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-011",
        "there are more findings than are shown",
        "mend those shown, then import again",
    ),
    (
        "VN-IMP-012",
        "nothing to import was found",
        "name files, folders or archives with text files of ICD-10-SE, KKÅ or KMÅ, FHIR resources, RF2, ClaML, SKOS, TBX, or CSV with its mapping",
    ),
    (
        "VN-IMP-013",
        "the folder names no year, so the version is `undated`",
        "put the year of the edition into the folder's name",
    ),
    (
        "VN-IMP-014",
        "the same edition is in another folder already",
        "import one of the folders",
    ),
];

/// How much weighs a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportSeverity {
    /// Worth a look; the code system is read.
    Warning,
    /// The code system is not read.
    Error,
}

/// What is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportFinding {
    /// Path of the file, or of the folder when no single file is to blame.
    pub file: String,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Stable code, `VN-IMP-001` and on.
    pub code: &'static str,
    /// Weight.
    pub severity: ImportSeverity,
    /// What is wrong. Values that are not codes are shown by their shape.
    pub message: String,
}

impl ImportFinding {
    /// A finding that keeps a code system from being read.
    pub fn error(code: &'static str, file: &str, line: u32, message: impl Into<String>) -> Self {
        let severity = ImportSeverity::Error;
        Self {
            file: file.to_owned(),
            line,
            code,
            severity,
            message: message.into(),
        }
    }
}

/// The findings of one code system.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    told: Vec<ImportFinding>,
    errors: usize,
    untold: usize,
}

impl Findings {
    pub(crate) fn error(&mut self, code: &'static str, file: &str, line: u32, message: impl Into<String>) {
        self.errors += 1;
        self.add(ImportFinding::error(code, file, line, message));
    }

    pub(crate) fn warn(&mut self, code: &'static str, file: &str, line: u32, message: impl Into<String>) {
        let finding = ImportFinding::error(code, file, line, message);
        self.add(ImportFinding {
            severity: ImportSeverity::Warning,
            ..finding
        });
    }

    pub(crate) fn any_error(&self) -> bool {
        self.errors > 0
    }

    /// All findings, by file and line; beyond a limit only how many more there are (`VN-IMP-011`).
    pub(crate) fn finish(mut self) -> Vec<ImportFinding> {
        self.told.sort();
        if let (Some(last), 1..) = (self.told.last(), self.untold) {
            let more = format!("{} more findings are not shown", self.untold);
            let file = last.file.clone();
            self.told.push(ImportFinding::error("VN-IMP-011", &file, 0, more));
        }
        self.told
    }

    fn add(&mut self, finding: ImportFinding) {
        if self.told.len() < FINDINGS_MAX {
            self.told.push(finding);
        } else {
            self.untold += 1;
        }
    }
}
