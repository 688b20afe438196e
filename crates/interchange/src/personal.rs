//! Personal identity numbers in files as they are uploaded: looked for in every file of a release or a map, whatever its
//! format, comments and columns without a name too, before anything of it is kept. Only the place is told.

use vardnav_register::text::{holds_personal_number, shape};
use vardnav_release::source::{Place, ReleaseFinding};

/// Most lines that are told of one file.
const LINES_MAX: usize = 20;

/// Where files hold what must be taken for a personal number (`VN-REL-118`): lines of texts, cells of tables, names of
/// files. A table is looked through cell by cell, as its codes stand side by side.
pub fn findings<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Vec<ReleaseFinding> {
    let mut findings = Vec::new();
    for (path, bytes) in files {
        let mut note = |file: &str, line: u32, what: &str| {
            let place = Place {
                file: file.to_owned(),
                line,
            };
            let message = format!("{what} holds what must be taken for a personal number; leave it out");
            findings.push(ReleaseFinding::error("VN-REL-118", place, message));
        };
        let name = if holds_personal_number(path) {
            let name = shape(path);
            note(&name, 0, "the file's name");
            name
        } else {
            path.to_owned()
        };
        let text = String::from_utf8_lossy(bytes);
        let lines = if path.ends_with(".csv") {
            in_table(&text)
        } else {
            in_text(&text)
        };
        for line in lines.into_iter().take(LINES_MAX) {
            note(&name, line, "the line");
        }
    }
    findings
}

/// Lines with a cell that holds a number.
fn in_table(text: &str) -> Vec<u32> {
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for row in rows.records() {
        // A row that is no row is found where the file is read; none is made of text that is UTF-8.
        let Ok(row) = row else { continue };
        if row.iter().any(holds_personal_number) {
            let line = row.position().map_or(0, csv::Position::line);
            lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        }
    }
    lines
}

/// Lines that hold a number, or begin one that goes on in the next.
fn in_text(text: &str) -> Vec<u32> {
    if !holds_personal_number(text) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(&lines) {
        if holds_personal_number(line) {
            found.push(number);
        }
    }
    if found.is_empty() {
        let pairs = (1..).zip(lines.windows(2));
        found.extend(
            pairs.filter_map(|(number, pair)| holds_personal_number(&pair.join("\n")).then_some(number)),
        );
    }
    if found.is_empty() {
        // It goes over more lines than two.
        found.push(0);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<(String, u32)> {
        let found = findings([(path, text.as_bytes())]);
        assert!(found.iter().all(|finding| finding.code == "VN-REL-118"));
        found
            .into_iter()
            .map(|finding| (finding.place.file, finding.place.line))
            .collect()
    }

    #[test]
    fn every_writing_is_found_at_its_line() {
        for (path, text, line) in [
            ("release.toml", "id = \"x\"\n# see 19701063/2391\n", 2),
            ("terms/a.toml", "text = \"\"\"\nborn 701063\n- 2391\n\"\"\"\n", 2),
            ("tables/t.csv", "rule,value\nE1,\"a, 1970 10 63, 2391\"\n", 2),
            ("tables/t.csv", "rule,value\nE1,a,,,701063-2391\n", 2),
            ("notes.md", "7010632391", 1),
        ] {
            assert_eq!(places(path, text), [(path.to_owned(), line)], "{text}");
        }
        assert_eq!(
            places("701063-2391.csv", "a,b\n"),
            [("999999-9999.aaa".to_owned(), 0)]
        );
    }

    #[test]
    fn codes_side_by_side_are_none() {
        assert_eq!(
            places("geography/kommun.csv", "code,from,until\n1970,10,63,2391\n"),
            []
        );
        assert_eq!(
            places("release.toml", "from = 2026-01-01\nuntil = 2026-12-31\n"),
            []
        );
    }

    #[test]
    fn a_file_that_is_not_utf_8_is_looked_through_too() {
        let found = findings([("release.toml", &b"title = \"\xe5r\" # 701063-2391\n"[..])]);
        assert_eq!(found.len(), 1);
    }
}
