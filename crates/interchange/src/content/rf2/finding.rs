//! What can be wrong in the files of Release Format 2, and how much of it is told.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::codesystem::{ImportFinding, ImportSeverity};

/// Most findings of one code that are told one by one.
const TOLD_MAX: u32 = 20;

/// Codes of findings about files of Release Format 2: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-101",
        "the first line does not name the columns of this table",
        "fetch the file again from its owner, or give it the name of its table",
    ),
    (
        "VN-IMP-102",
        "a line has too few or too many columns",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-103",
        "something stands where an identifier is expected",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-104",
        "an identifier's check digit is wrong, or it is not one of this kind of component",
        "tell the owner of the module; the row is read as it stands",
    ),
    (
        "VN-IMP-105",
        "something stands where a date yyyymmdd is expected",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-106",
        "a value is not one of those that the column may have",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-107",
        "a description belongs to a concept that is in none of the files; it is passed over",
        "add the edition or module that the extension rests on",
    ),
    (
        "VN-IMP-108",
        "a relationship names a concept that is in none of the files; it is passed over",
        "add the edition or module that the extension rests on",
    ),
    (
        "VN-IMP-109",
        "a reference set or the description it lists is in none of the files; the member is passed over",
        "add the edition or module that the extension rests on",
    ),
    (
        "VN-IMP-110",
        "an identifier stands twice in a file",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-111",
        "the text is not UTF-8",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-112",
        "the line is too long",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-113",
        "there are only the changes since the former release (Delta)",
        "add the file of type Snapshot or Full",
    ),
    (
        "VN-IMP-114",
        "a table without which nothing can be read is missing",
        "put the Concept, Description and Relationship files into the folder",
    ),
    (
        "VN-IMP-115",
        "the file cannot be read to its end",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-116",
        "a description has no text",
        "fetch the file again from its owner",
    ),
    (
        "VN-IMP-117",
        "there is more of something than can be held",
        "import fewer files at a time",
    ),
    (
        "VN-IMP-118",
        "the state at a date is asked for, but there is no file of type Full",
        "add the file of type Full, or ask for no date",
    ),
    (
        "VN-IMP-119",
        "no edition was published by the date asked for",
        "ask for a later date",
    ),
];

/// The findings of one set of files.
#[derive(Debug, Default)]
pub(super) struct Report {
    told: Vec<ImportFinding>,
    counts: BTreeMap<&'static str, Count>,
    errors: u64,
}

#[derive(Debug)]
struct Count {
    all: u32,
    severity: ImportSeverity,
    file: String,
}

impl Report {
    /// Notes what keeps the code system from being read.
    pub(super) fn error(&mut self, code: &'static str, file: &str, line: u32, message: impl Display) {
        self.errors += 1;
        self.add(ImportSeverity::Error, code, file, line, message);
    }

    /// Notes what does not keep it from being read.
    pub(super) fn warn(&mut self, code: &'static str, file: &str, line: u32, message: impl Display) {
        self.add(ImportSeverity::Warning, code, file, line, message);
    }

    pub(super) fn any_error(&self) -> bool {
        self.errors > 0
    }

    /// All that is told, by file and line; of each code beyond a limit only how many more there are.
    pub(super) fn finish(mut self) -> Vec<ImportFinding> {
        self.told.sort();
        for (code, count) in self.counts {
            if let more @ 1.. = count.all.saturating_sub(TOLD_MAX) {
                self.told.push(ImportFinding {
                    file: count.file,
                    line: 0,
                    code,
                    severity: count.severity,
                    message: format!("{more} more findings of this kind are not shown"),
                });
            }
        }
        self.told
    }

    fn add(
        &mut self,
        severity: ImportSeverity,
        code: &'static str,
        file: &str,
        line: u32,
        message: impl Display,
    ) {
        let count = self.counts.entry(code).or_insert_with(|| Count {
            all: 0,
            severity,
            file: file.to_owned(),
        });
        count.all = count.all.saturating_add(1);
        count.severity = count.severity.max(severity);
        if count.all <= TOLD_MAX {
            let file = file.to_owned();
            let message = message.to_string();
            self.told.push(ImportFinding {
                file,
                line,
                code,
                severity,
                message,
            });
        }
    }
}
