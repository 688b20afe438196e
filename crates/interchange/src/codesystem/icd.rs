//! ICD-10-SE: five files from chapters to five characters.
//!
//! A chapter states its range of categories at the end of its text, `(A00-B99)`; a block is its range. A block's
//! parent is the smallest block around it, else its chapter; a category's the smallest block around it; a longer
//! code's the longest code it begins with.

use vardnav_terminology::model::{CodeSystem, Concept};

use super::Source;
use super::finding::Findings;
use super::rows::{self, Codes, Layout, Row};

/// Canonical address of ICD-10-SE.
pub const ICD_10_SE: &str = "urn:oid:1.2.752.116.1.1.1.1.3";

/// The files with the level of their codes.
pub(super) const FILES: [(&str, Level); 5] = [
    ("chapter.txt", Level::Chapter),
    ("block.txt", Level::Block),
    ("digit3.txt", Level::Three),
    ("digit4.txt", Level::Four),
    ("digit5.txt", Level::Five),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Chapter,
    Block,
    Three,
    Four,
    Five,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Chapter => "chapter",
            Self::Block => "block",
            Self::Three => "three-character",
            Self::Four => "four-character",
            Self::Five => "five-character",
        }
    }

    fn layout(self) -> Layout {
        let is_code: fn(&str) -> bool = match self {
            Self::Chapter => |code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Block => |code| range(code).is_some(),
            Self::Three => is_category,
            Self::Four => |code| code.len() == 4 && is_subdivided(code),
            Self::Five => |code| code.len() == 5 && is_subdivided(code),
        };
        Layout { columns: 3, is_code }
    }
}

pub(super) fn read(source: &Source<'_>, findings: &mut Findings) -> Option<CodeSystem> {
    let mut codes = Codes::default();
    let mut read: Vec<(Level, Row<'_>)> = Vec::new();
    for (name, level) in FILES {
        if let Some(file) = source.file(name, findings) {
            let rows = rows::read(file, &level.layout(), &mut codes, findings);
            read.extend(rows.into_iter().map(|row| (level, row)));
        }
    }
    if findings.any_error() {
        return None;
    }
    let chapters = ranges(&read, Level::Chapter, |row| {
        row.text.strip_suffix(')')?.rsplit_once('(').map(|p| p.1)
    });
    let blocks = ranges(&read, Level::Block, |row| Some(row.code));
    for (_, row) in read.iter().filter(|(level, row)| {
        *level == Level::Chapter && chapters.iter().all(|chapter| chapter.code != row.code)
    }) {
        findings.error(
            "VN-IMP-006",
            row.file,
            row.line,
            "the chapter's text names no range such as (A00-B99)",
        );
    }
    let mut concepts: Vec<Concept> = Vec::with_capacity(read.len());
    for (level, row) in &read {
        let parent = match level {
            Level::Chapter => None,
            Level::Block => {
                let own = range(row.code);
                own.and_then(|own| {
                    let around = smallest(&blocks, own, |other| other.code != row.code);
                    around.or_else(|| smallest(&chapters, own, |_| true))
                })
            }
            Level::Three => smallest(&blocks, (row.code, row.code), |_| true),
            Level::Four | Level::Five => codes.longest_beginning(row.code, 3),
        };
        if parent.is_none() && *level != Level::Chapter {
            let message = format!("no code above `{}` is in the files", row.code);
            findings.error("VN-IMP-006", row.file, row.line, message);
        }
        concepts.push(rows::concept(row, level.name(), parent, ""));
    }
    (!findings.any_error()).then(|| CodeSystem {
        url: ICD_10_SE.to_owned(),
        version: source.version.to_owned(),
        title: format!("ICD-10-SE {}", source.version),
        language: "sv".to_owned(),
        case_insensitive: true,
        concepts,
        ..CodeSystem::default()
    })
}

/// A chapter or block with its first and last category.
struct Ranged<'f> {
    code: &'f str,
    from: &'f str,
    to: &'f str,
}

fn ranges<'f>(
    rows: &[(Level, Row<'f>)],
    level: Level,
    text: impl Fn(&Row<'f>) -> Option<&'f str>,
) -> Vec<Ranged<'f>> {
    let of_level = rows.iter().filter(|(of, _)| *of == level);
    of_level
        .filter_map(|(_, row)| {
            let (from, to) = range(text(row)?)?;
            Some(Ranged {
                code: row.code,
                from,
                to,
            })
        })
        .collect()
}

/// The code of the smallest range around `inner`: that which begins last, then that which ends first.
fn smallest<'f>(
    ranges: &[Ranged<'f>],
    (from, to): (&str, &str),
    wanted: impl Fn(&Ranged<'f>) -> bool,
) -> Option<&'f str> {
    let around = ranges
        .iter()
        .filter(|range| range.from <= from && to <= range.to && wanted(range));
    around
        .min_by(|a, b| b.from.cmp(a.from).then(a.to.cmp(b.to)))
        .map(|range| range.code)
}

/// The first and last category of `A00-B99`.
fn range(text: &str) -> Option<(&str, &str)> {
    let (from, to) = text.split_once('-')?;
    (is_category(from) && is_category(to) && from <= to).then_some((from, to))
}

fn is_category(code: &str) -> bool {
    matches!(code.as_bytes(), [letter, tens, ones]
        if letter.is_ascii_uppercase() && tens.is_ascii_digit() && ones.is_ascii_digit())
}

fn is_subdivided(code: &str) -> bool {
    code.split_at_checked(3).is_some_and(|(category, rest)| {
        is_category(category)
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    })
}
