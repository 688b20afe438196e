//! Rows of Socialstyrelsen's text files: UTF-8 with or without byte order mark, tab-separated, one code a line, the
//! last line with or without line end, a first row `Kod:` in some. Columns are code, mark, text, description.

use std::collections::HashMap;

use vardnav_register::text::shape;
use vardnav_terminology::model::{Concept, Definition, Designation, Property};

use super::finding::Findings;

/// Most bytes of a file.
pub const FILE_BYTES_MAX: usize = 8 << 20;
/// Most bytes of a line.
pub const LINE_BYTES_MAX: usize = 16 << 10;
/// Most rows of a file.
pub const ROWS_MAX: usize = 200_000;

/// First column of a header row.
const HEADER: &str = "Kod:";

/// A row, its columns without white space at their ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'f> {
    pub(super) file: &'f str,
    pub(super) line: u32,
    pub(super) code: &'f str,
    /// `dagger`, `asterisk` or empty.
    pub(super) mark: &'static str,
    pub(super) text: &'f str,
    /// Empty when there is none.
    pub(super) description: &'f str,
}

/// What the rows of a file look like.
pub(super) struct Layout {
    /// How many columns a row may have; columns beyond must be empty.
    pub(super) columns: usize,
    /// Whether a text has the shape of a code of the file.
    pub(super) is_code: fn(&str) -> bool,
}

/// All codes of a code system read so far, with where they were read.
#[derive(Debug, Default)]
pub(super) struct Codes<'f>(HashMap<&'f str, (&'f str, u32)>);

impl<'f> Codes<'f> {
    pub(super) fn contains(&self, code: &str) -> bool {
        self.0.contains_key(code)
    }

    /// The longest code that `code` begins with, of at least `least` bytes.
    pub(super) fn longest_beginning(&self, code: &'f str, least: usize) -> Option<&'f str> {
        (least..code.len())
            .rev()
            .filter_map(|len| code.get(..len))
            .find(|start| self.contains(start))
    }
}

/// The rows of a file. Defects become findings; the rows without are given back all the same.
pub(super) fn read<'f>(
    (file, bytes): (&'f str, &'f [u8]),
    layout: &Layout,
    codes: &mut Codes<'f>,
    findings: &mut Findings,
) -> Vec<Row<'f>> {
    if bytes.len() > FILE_BYTES_MAX {
        findings.error(
            "VN-IMP-009",
            file,
            0,
            format!("the file is larger than {FILE_BYTES_MAX} bytes"),
        );
        return Vec::new();
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        findings.error("VN-IMP-001", file, 0, "the file is UTF-16; save it as UTF-8");
        return Vec::new();
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut rows = Vec::new();
    for (number, line) in (1_u32..).zip(bytes.split(|&byte| byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if rows.len() == ROWS_MAX {
            findings.error(
                "VN-IMP-010",
                file,
                number,
                format!("the file has more than {ROWS_MAX} rows"),
            );
            break;
        }
        match row(line, layout) {
            Ok(None) if number == 1 => {}
            Ok(None) => findings.error(
                "VN-IMP-004",
                file,
                number,
                "a header row that is not the first line",
            ),
            Ok(Some(columns)) => {
                let row = Row {
                    file,
                    line: number,
                    ..columns
                };
                if let Some((other, at)) = codes.0.insert(row.code, (file, number)) {
                    let message = format!("the code `{}` is also on line {at} of `{other}`", row.code);
                    findings.error("VN-IMP-005", file, number, message);
                }
                rows.push(row);
            }
            Err((code, message)) => findings.error(code, file, number, message),
        }
    }
    if rows.is_empty() && !findings.any_error() {
        findings.error("VN-IMP-003", file, 0, "the file has no rows");
    }
    rows
}

/// One line; `None` for a header row.
fn row<'f>(line: &'f [u8], layout: &Layout) -> Result<Option<Row<'f>>, (&'static str, String)> {
    if line.len() > LINE_BYTES_MAX {
        return Err((
            "VN-IMP-008",
            format!("the line is longer than {LINE_BYTES_MAX} bytes"),
        ));
    }
    let line =
        std::str::from_utf8(line).map_err(|_| ("VN-IMP-001", "the line is not valid UTF-8".to_owned()))?;
    if line.contains(|c: char| c.is_control() && c != '\t') {
        return Err(("VN-IMP-001", "the line holds a control character".to_owned()));
    }
    let mut columns = line.split('\t').map(str::trim);
    let code = columns.next().unwrap_or_default();
    if code == HEADER {
        return Ok(None);
    }
    let (Some(mark), Some(text)) = (columns.next(), columns.next()) else {
        return Err((
            "VN-IMP-003",
            "the line is cut short: code, mark and text are needed".to_owned(),
        ));
    };
    let description = if layout.columns > 3 {
        columns.next().unwrap_or_default()
    } else {
        ""
    };
    if columns.any(|column| !column.is_empty()) {
        return Err((
            "VN-IMP-003",
            format!("the line has more than {} columns", layout.columns),
        ));
    }
    if !(layout.is_code)(code) {
        return Err((
            "VN-IMP-004",
            format!("`{}` is not a code of this file", shape(code)),
        ));
    }
    if text.is_empty() {
        return Err(("VN-IMP-003", format!("the code `{code}` has no text")));
    }
    let mark = match mark {
        "" => "",
        "†" => "dagger",
        "*" => "asterisk",
        other => {
            return Err((
                "VN-IMP-007",
                format!("the mark `{}` is neither † nor *", shape(other)),
            ));
        }
    };
    Ok(Some(Row {
        file: "",
        line: 0,
        code,
        mark,
        text,
        description,
    }))
}

/// The concept a row states.
pub(super) fn concept(row: &Row<'_>, level: &str, parent: Option<&str>, source: &str) -> Concept {
    let property = |name: &str, value: &str| Property {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let mut properties = vec![property("level", level)];
    if !row.mark.is_empty() {
        properties.push(property("mark", row.mark));
    }
    let definitions = (!row.description.is_empty()).then(|| Definition {
        text: row.description.to_owned(),
        language: "sv".to_owned(),
        source: source.to_owned(),
        ..Definition::default()
    });
    Concept {
        code: row.code.to_owned(),
        parents: parent.into_iter().map(str::to_owned).collect(),
        designations: vec![Designation {
            text: row.text.to_owned(),
            language: "sv".to_owned(),
            ..Designation::default()
        }],
        definitions: definitions.into_iter().collect(),
        properties,
        ..Concept::default()
    }
}
