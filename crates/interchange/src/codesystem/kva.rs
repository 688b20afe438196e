//! KVÅ: two code systems of the same form, KKÅ (surgical) and KMÅ (medical), each four files from groups to codes.
//!
//! Which of the two a folder holds is told by its name (`kka`, `kma`), else by the first code of level 4: three
//! letters begin a code of KKÅ, two a code of KMÅ. The parent of a code is the longest code it begins with.

use vardnav_terminology::model::{CodeSystem, Concept};

use super::Source;
use super::finding::Findings;
use super::rows::{self, Codes, Layout, Row};

/// Canonical address of KKÅ, the surgical procedures (kirurgiska åtgärder).
pub const KKA: &str = "https://vardnav.se/CodeSystem/kka";
/// Canonical address of KMÅ, the medical procedures (medicinska åtgärder).
pub const KMA: &str = "https://vardnav.se/CodeSystem/kma";

/// The files, level by level.
pub(super) const FILES: [&str; 4] = ["level1.txt", "level2.txt", "level3.txt", "level4.txt"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Kka,
    Kma,
}

pub(super) fn read(source: &Source<'_>, findings: &mut Findings) -> Option<CodeSystem> {
    let files: Vec<_> = FILES.iter().map(|name| source.file(name, findings)).collect();
    let part = by_name(&source.group.folder).or_else(|| by_code((*files.last()?)?.1));
    let Some(part) = part else {
        let message = "neither the folder's name nor its codes tell whether it holds KKÅ or KMÅ";
        findings.error("VN-IMP-004", &source.group.folder, 0, message);
        return None;
    };
    let mut codes = Codes::default();
    let mut read: Vec<(usize, Row<'_>)> = Vec::new();
    for (level, file) in (1..).zip(files) {
        if let Some(file) = file {
            let rows = rows::read(file, &part.layout(level), &mut codes, findings);
            read.extend(rows.into_iter().map(|row| (level, row)));
        }
    }
    if findings.any_error() {
        return None;
    }
    let origin = format!("Socialstyrelsen, KVÅ {}", source.version);
    let mut concepts: Vec<Concept> = Vec::with_capacity(read.len());
    for (level, row) in &read {
        let parent = codes.longest_beginning(row.code, 1);
        if parent.is_none() && *level > 1 {
            let message = format!("no code above `{}` is in the files", row.code);
            findings.error("VN-IMP-006", row.file, row.line, message);
        }
        concepts.push(rows::concept(row, &level.to_string(), parent, &origin));
    }
    let (url, name) = match part {
        Part::Kka => (KKA, "KKÅ"),
        Part::Kma => (KMA, "KMÅ"),
    };
    (!findings.any_error()).then(|| CodeSystem {
        url: url.to_owned(),
        version: source.version.to_owned(),
        title: format!("{name} {} (KVÅ)", source.version),
        language: "sv".to_owned(),
        case_insensitive: true,
        concepts,
        ..CodeSystem::default()
    })
}

impl Part {
    fn layout(self, level: usize) -> Layout {
        let is_code: fn(&str) -> bool = match (self, level) {
            (_, 1) => |code| has_form(code, 1, 1),
            (_, 2) => |code| has_form(code, 2, 2),
            (Self::Kka, 3) => |code| has_form(code, 3, 3),
            (Self::Kma, 3) => |code| has_form(code, 2, 3),
            (Self::Kka, _) => |code| has_form(code, 3, 5),
            (Self::Kma, _) => |code| has_form(code, 2, 5),
        };
        Layout { columns: 4, is_code }
    }
}

/// Whether a code has `len` characters: so many letters, then digits.
fn has_form(code: &str, letters: usize, len: usize) -> bool {
    code.len() == len
        && code.bytes().enumerate().all(|(at, byte)| {
            if at < letters {
                byte.is_ascii_uppercase()
            } else {
                byte.is_ascii_digit()
            }
        })
}

fn by_name(folder: &str) -> Option<Part> {
    let name = folder.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    match (name.contains("kka"), name.contains("kma")) {
        (true, false) => Some(Part::Kka),
        (false, true) => Some(Part::Kma),
        _ => None,
    }
}

fn by_code(level4: &[u8]) -> Option<Part> {
    let lines = level4.split(|&byte| byte == b'\n');
    lines
        .filter_map(|line| std::str::from_utf8(line).ok()?.split('\t').next())
        .find_map(|code| {
            if has_form(code, 3, 5) {
                Some(Part::Kka)
            } else if has_form(code, 2, 5) {
                Some(Part::Kma)
            } else {
                None
            }
        })
}
