//! Maps from codes to facts as files: CSV with a head of its own, as a release has them and a reporter may upload them, or
//! a concept map of FHIR whose targets are axes. Only reading: whether axes and values exist is decided in `vardnav_release::maps`.
//!
//! The head stands before the column names, a line each: `# url: …`, `# version: …`, `# title: …`; other lines that
//! begin with `#` are notes for people.

use csv::{ReaderBuilder, StringRecord};
use jiff::civil::Date;
use vardnav_register::mapping::{MapNote, MapRow, MapSource};
use vardnav_release::source::{Place, ReleaseFinding};
use vardnav_terminology::model::{MapRelationship, Validity};

use crate::codesystem::ImportSeverity;
use crate::content::{self, MemoryFiles};

/// Codes of findings about files of maps: what they mean, how to mend it. Those about rows are of a release's files.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-REL-136",
        "the file does not hold one map",
        "upload a CSV file with the columns of a map, or one concept map of FHIR as JSON",
    ),
    (
        "VN-REL-137",
        "a part of the concept map is not used",
        "lead to axes (https://vardnav.se/axis/…) without conditions, and name each code",
    ),
];

/// Columns that every map has; the order is free.
const COLUMNS: [&str; 8] = [
    "source_system",
    "source_code",
    "axis",
    "value",
    "relationship",
    "from",
    "until",
    "comment",
];

/// Columns that may be left out.
const OPTIONAL_COLUMNS: [&str; 3] = ["from", "until", "comment"];

/// How the value of a row stands to its code, in FHIR's words.
const RELATIONSHIPS: [(&str, MapRelationship); 5] = [
    ("equivalent", MapRelationship::Equivalent),
    (
        "source-is-narrower-than-target",
        MapRelationship::SourceIsNarrowerThanTarget,
    ),
    (
        "source-is-broader-than-target",
        MapRelationship::SourceIsBroaderThanTarget,
    ),
    ("related-to", MapRelationship::RelatedTo),
    ("not-related-to", MapRelationship::NotRelatedTo),
];

/// Reads a file with one map. `None` when it holds none; what is wrong with it, and what of it is not used, is found.
pub fn read(path: &str, bytes: &[u8]) -> (Option<MapSource>, Vec<ReleaseFinding>) {
    let place = Place {
        file: path.to_owned(),
        line: 0,
    };
    if path.ends_with(".csv") {
        return match std::str::from_utf8(bytes) {
            Ok(text) => {
                let (source, findings) = read_csv(path, text);
                (Some(source), findings)
            }
            Err(_) => {
                let finding = ReleaseFinding::error("VN-REL-002", place, "the file is not UTF-8");
                (None, vec![finding])
            }
        };
    }
    let read = content::read(&MemoryFiles::new([(path.to_owned(), bytes.to_vec())]));
    let told = read.findings.into_iter().map(|finding| ReleaseFinding {
        place: Place {
            file: finding.file,
            line: finding.line,
        },
        code: finding.code,
        warning: finding.severity == ImportSeverity::Warning,
        message: finding.message,
    });
    let mut findings: Vec<ReleaseFinding> = told.collect();
    let mut maps = read.concept_maps;
    let others = !read.code_systems.is_empty() || !read.value_sets.is_empty();
    let map = match maps.pop() {
        Some(map) if maps.is_empty() && !others => map.content,
        None if findings.iter().any(|finding| !finding.warning) => return (None, findings),
        _ => {
            findings.push(ReleaseFinding::error(
                "VN-REL-136",
                place,
                "the file does not hold one map",
            ));
            return (None, findings);
        }
    };
    let (source, notes) = MapSource::of(&map);
    let unused = notes.into_iter().map(|note| {
        let what = match note {
            MapNote::OtherTarget => "a group that leads to another code system than an axis is not used",
            MapNote::Condition => "a target that holds only under conditions sets no fact",
            MapNote::Unmapped => "what it says of codes that no element names is not used",
            MapNote::Product => "a further value that is not one of an axis is not used",
        };
        ReleaseFinding::warning("VN-REL-137", place.clone(), what)
    });
    findings.extend(unused);
    (Some(source), findings)
}

/// Reads a map as CSV. Rows that cannot be read are left out, and found.
pub fn read_csv(path: &str, text: &str) -> (MapSource, Vec<ReleaseFinding>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut file = MapFile {
        path,
        findings: Vec::new(),
    };
    let mut source = head(text);
    let mut reader = ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let before = text
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with('#'));
    let line = u32::try_from(before.count())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    if !file.columns(&header, line) {
        return (source, file.findings);
    }
    for record in reader.records() {
        match record {
            Ok(cells) => {
                let line = cells.position().map_or(0, line_of);
                source.rows.extend(file.row(&header, &cells, line));
            }
            Err(error) => {
                let line = error.position().map_or(0, line_of);
                file.problem("VN-REL-004", line, "the row has another number of columns");
            }
        }
    }
    (source, file.findings)
}

/// What the lines before the column names say of the map.
fn head(text: &str) -> MapSource {
    let mut source = MapSource::default();
    for line in text.lines() {
        let Some(said) = line.strip_prefix('#') else { break };
        let Some((name, said)) = said.split_once(':') else {
            continue;
        };
        let field = match name.trim() {
            "url" => &mut source.url,
            "version" => &mut source.version,
            "title" => &mut source.title,
            _ => continue,
        };
        if field.is_empty() {
            said.trim().clone_into(field);
        }
    }
    source
}

struct MapFile<'a> {
    path: &'a str,
    findings: Vec<ReleaseFinding>,
}

impl MapFile<'_> {
    fn problem(&mut self, code: &'static str, line: u32, message: impl Into<String>) {
        let place = Place {
            file: self.path.to_owned(),
            line,
        };
        self.findings.push(ReleaseFinding::error(code, place, message));
    }

    /// Whether the columns are those of a map.
    fn columns(&mut self, header: &StringRecord, line: u32) -> bool {
        let before = self.findings.len();
        for column in COLUMNS {
            let times = header.iter().filter(|name| *name == column).count();
            if times > 1 {
                self.problem("VN-REL-021", line, format!("the column `{column}` stands twice"));
            }
            if times == 0 && !OPTIONAL_COLUMNS.contains(&column) {
                self.problem("VN-REL-021", line, format!("the column `{column}` is missing"));
            }
        }
        if header.iter().any(|name| !COLUMNS.contains(&name)) {
            let message = format!("a column is none of {}", COLUMNS.join(", "));
            self.problem("VN-REL-021", line, message);
        }
        self.findings.len() == before
    }

    fn row(&mut self, header: &StringRecord, cells: &StringRecord, line: u32) -> Option<MapRow> {
        let cell = |column: &str| {
            let at = header.iter().position(|name| name == column);
            at.and_then(|at| cells.get(at)).unwrap_or_default()
        };
        let stated = cell("relationship");
        let relationship = RELATIONSHIPS.iter().find(|(name, _)| *name == stated);
        if relationship.is_none() {
            let names: Vec<&str> = RELATIONSHIPS.iter().map(|(name, _)| *name).collect();
            let message = format!("the relationship is none of {}", names.join(", "));
            self.problem("VN-REL-022", line, message);
        }
        let from = self.date("from", cell("from"), line);
        let until = self.date("until", cell("until"), line);
        Some(MapRow {
            system: cell("source_system").to_owned(),
            code: cell("source_code").to_owned(),
            axis: cell("axis").to_owned(),
            value: cell("value").to_owned(),
            relationship: relationship?.1,
            validity: Validity {
                from: from?,
                until: until?,
            },
            line,
        })
    }

    /// A date that may be left out; `None` when it cannot be read.
    fn date(&mut self, column: &str, cell: &str, line: u32) -> Option<Option<Date>> {
        if cell.is_empty() {
            return Some(None);
        }
        let date = cell.parse().ok();
        if date.is_none() {
            let message = format!("the cell of `{column}` is not a date such as 2026-07-01");
            self.problem("VN-REL-022", line, message);
        }
        date.map(Some)
    }
}

fn line_of(position: &csv::Position) -> u32 {
    u32::try_from(position.line()).unwrap_or(u32::MAX)
}
