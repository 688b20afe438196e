//! Reading files of a release folder: text, TOML, CSV, with every problem noted by file and line instead of
//! ending the reading. What the files mean is for the modules beside it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use vardnav_classification::model::Label;
use vardnav_release::package::Package;
use vardnav_release::source::{Element, Place, Places, ReleaseFinding};

/// A release folder being read.
#[derive(Debug)]
pub struct Reading<'a> {
    package: &'a Package,
    read: BTreeSet<&'a str>,
    /// What was found so far.
    pub findings: Vec<ReleaseFinding>,
    /// Where elements stand.
    pub places: Places,
}

/// One file as text.
#[derive(Debug, Clone, Copy)]
pub struct TextFile<'a> {
    /// Its path in the folder.
    pub path: &'a str,
    /// Its text, without byte order mark.
    pub text: &'a str,
}

impl TextFile<'_> {
    /// The line, from 1, in which the byte at an offset stands.
    pub fn line_of(&self, offset: usize) -> u32 {
        let newlines = self
            .text
            .bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count();
        u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The place of a spanned value.
    pub fn place<T>(&self, value: &Spanned<T>) -> Place {
        Place {
            file: self.path.to_owned(),
            line: self.line_of(value.span().start),
        }
    }
}

impl<'a> Reading<'a> {
    /// Begins.
    pub fn new(package: &'a Package) -> Self {
        Self {
            package,
            read: BTreeSet::new(),
            findings: Vec::new(),
            places: Places::default(),
        }
    }

    /// Notes a problem.
    pub fn problem(&mut self, code: &'static str, file: &str, line: u32, message: impl Into<String>) {
        let place = Place {
            file: file.to_owned(),
            line,
        };
        self.findings.push(ReleaseFinding::error(code, place, message));
    }

    /// Notes something that deserves a look.
    pub fn warn(&mut self, code: &'static str, file: &str, line: u32, message: impl Into<String>) {
        let place = Place {
            file: file.to_owned(),
            line,
        };
        self.findings.push(ReleaseFinding::warning(code, place, message));
    }

    /// Notes where an element stands.
    pub fn note<T>(&mut self, element: Element, file: &TextFile<'_>, value: &Spanned<T>) {
        self.places
            .note(element, file.path, file.line_of(value.span().start));
    }

    /// Paths below a folder (`terms/`) with an ending (`.toml`), in order.
    pub fn paths_in(&self, folder: &str, ending: &str) -> Vec<&'a str> {
        self.package
            .files()
            .map(|(path, _)| path)
            .filter(|path| path.starts_with(folder) && path.ends_with(ending))
            .collect()
    }

    /// A file that may be left out.
    pub fn optional(&mut self, path: &str) -> Option<TextFile<'a>> {
        let (path, bytes) = self.package.files().find(|(known, _)| *known == path)?;
        self.read.insert(path);
        let Ok(text) = std::str::from_utf8(bytes) else {
            let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), |_| 0);
            let newlines = bytes.iter().take(valid).filter(|byte| **byte == b'\n').count();
            let line = u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1);
            let message = "the file is not UTF-8 from this line on, as a file saved as Latin-1 is not; save it as UTF-8";
            self.problem("VN-REL-002", path, line, message);
            return None;
        };
        Some(TextFile {
            path,
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
        })
    }

    /// A file that must be there.
    pub fn required(&mut self, path: &str) -> Option<TextFile<'a>> {
        if self.package.file(path).is_none() {
            self.problem("VN-REL-001", path, 0, "the file is missing");
        }
        self.optional(path)
    }

    /// The content of a TOML file.
    pub fn toml<T: DeserializeOwned>(&mut self, file: &TextFile<'_>) -> Option<T> {
        match toml::from_str(file.text) {
            Ok(value) => Some(value),
            Err(error) => {
                let line = error.span().map_or(0, |span| file.line_of(span.start));
                let message = error.message().lines().next().unwrap_or_default().to_owned();
                self.problem("VN-REL-003", file.path, line, message);
                None
            }
        }
    }

    /// The rows of a CSV file with a header, each with its line; a row that cannot be read is noted and left out.
    pub fn csv<T: DeserializeOwned>(&mut self, file: &TextFile<'_>) -> Vec<(u32, T)> {
        let mut rows = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(file.text.as_bytes());
        let header = rows.headers().cloned().unwrap_or_default();
        let mut out = Vec::new();
        for row in rows.records() {
            let line = |position: Option<&csv::Position>| {
                position.map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX))
            };
            match row {
                Err(error) => {
                    let line = line(error.position());
                    self.problem(
                        "VN-REL-004",
                        file.path,
                        line,
                        "the row has another number of columns",
                    );
                }
                Ok(row) => match row.deserialize(Some(&header)) {
                    Ok(value) => out.push((line(row.position()), value)),
                    Err(error) => {
                        let line = line(row.position());
                        self.problem(
                            "VN-REL-004",
                            file.path,
                            line,
                            format!("the row cannot be read: {error}"),
                        );
                    }
                },
            }
        }
        out
    }

    /// Notes every file that nothing has read.
    pub fn leftovers(&mut self) {
        let leftovers: Vec<&str> = self
            .package
            .files()
            .map(|(path, _)| path)
            .filter(|path| !self.read.contains(path))
            .collect();
        for path in leftovers {
            self.problem("VN-REL-006", path, 0, "the file is not part of a release");
        }
    }
}

/// A calendar date, written as TOML's own local date: `2026-07-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::value::Datetime::deserialize(deserializer)?;
        let date = match value {
            toml::value::Datetime {
                date: Some(date),
                time: None,
                offset: None,
            } => date,
            _ => {
                return Err(serde::de::Error::custom(
                    "a calendar date such as 2026-07-01 is expected",
                ));
            }
        };
        let (year, month, day) = (
            i16::try_from(date.year),
            i8::try_from(date.month),
            i8::try_from(date.day),
        );
        match (year, month, day) {
            (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day)
                .map(Day)
                .map_err(serde::de::Error::custom),
            _ => Err(serde::de::Error::custom("the date is not in the calendar")),
        }
    }
}

/// A calendar date in a cell of a CSV file: `2026-07-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellDay(pub Date);

impl<'de> Deserialize<'de> for CellDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map(Self)
            .map_err(|_| serde::de::Error::custom("a calendar date such as 2026-07-01 is expected"))
    }
}

/// A text in Swedish and English.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelText {
    /// Swedish.
    pub sv: String,
    /// English.
    pub en: String,
}

impl From<LabelText> for Label {
    fn from(text: LabelText) -> Self {
        Self {
            sv: text.sv,
            en: text.en,
        }
    }
}
