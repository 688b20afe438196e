//! Lines of `vardnav classify`: one contact, segment or monitoring period a line in, one answer a line out, in
//! order. A line that cannot be read answers with its findings and the rest goes on. Reads and writes the form;
//! what follows from the facts is decided by the description system.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};

use jiff::civil::Date;
use vardnav_classification::variants::WrongChoice;
use vardnav_classification::{DescriptionSystem, FactSet, FactSource, Grain, StatementError, Undetermined};
use vardnav_register::text::{holds_personal_number, safe_echo};

use crate::release::tables;

mod answer;
mod compare;
mod conformance;
mod counterfactuals;
mod explanation;
mod line;

pub use answer::{Answer, TableAnswer, write_findings};
pub use compare::{Compared, ComparedBy, ComparedRule, ComparedSide, ComparedTable, Comparer};
pub use conformance::{Conformance, conformance, write_case};
pub use counterfactuals::{FactChange, Lead, TableLeads, counterfactuals_value};
pub use explanation::{KnownFact, MatchedRule, OtherRule, TableReasons, Wanted, WhyNot, explanation_value};

use line::{RawLine, Stated};

/// Longest line that is read, in bytes, without its end.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Longest id of a line, in bytes.
const ID_BYTES_MAX: usize = 64;

/// Codes of findings about lines: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-CLS-001",
        "the line is too long",
        "write one case per line; 64 KiB suffice for all facts",
    ),
    ("VN-CLS-002", "the line is not UTF-8", "save the file as UTF-8"),
    (
        "VN-CLS-003",
        "the line is not one JSON object",
        "write one JSON object per line, without line breaks inside",
    ),
    (
        "VN-CLS-004",
        "the line has a field that is not known",
        "remove the field or correct its name",
    ),
    (
        "VN-CLS-005",
        "a field is missing, has another form, or stands twice",
        "state each field once, in the form the format asks for",
    ),
    (
        "VN-CLS-006",
        "what the line describes is not a contact, a segment or a monitoring period",
        "set `of` to contact, segment or monitoring-period",
    ),
    (
        "VN-CLS-007",
        "the date is not a calendar date",
        "write dates as YYYY-MM-DD",
    ),
    (
        "VN-CLS-008",
        "no release applies on the date",
        "check the date, or name a release",
    ),
    (
        "VN-CLS-009",
        "the axis is not known",
        "use one of the release's axes",
    ),
    (
        "VN-CLS-010",
        "the value is not known",
        "use one of the axis's values, or leave the axis out when the value is unknown",
    ),
    (
        "VN-CLS-011",
        "the axis allows one value at a time",
        "state one value, or make a line of each",
    ),
    (
        "VN-CLS-012",
        "a table decides this, so it cannot be stated",
        "leave it out, and state the facts that decide it",
    ),
    ("VN-CLS-013", "the fact is stated twice", "state it once"),
    (
        "VN-CLS-014",
        "the id is not usable",
        "use 1 to 64 of A–Z a–z 0–9 . _ : - without any personal number",
    ),
    (
        "VN-CLS-015",
        "the variant is not one of the release",
        "choose one of the variants that the finding lists, each point at most once",
    ),
];

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFinding {
    /// Stable code, see [`CODES`].
    pub code: &'static str,
    /// Path of the element, for example `facts.place`; empty for the whole line.
    pub path: String,
    /// What is wrong and how to mend it. Repeats a value only when it can hold no personal data.
    pub message: String,
}

impl LineFinding {
    /// A finding.
    pub fn new(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            path: path.into(),
            message: message.into(),
        }
    }
}

/// A line that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case<'a> {
    /// Its id.
    pub id: Cow<'a, str>,
    /// What it describes.
    pub grain: Grain,
    /// Its date.
    pub date: Date,
    /// What it states.
    pub facts: FactSet,
}

/// A release that may decide lines.
#[derive(Debug, Clone, Copy)]
pub struct InForce<'a> {
    /// First date it applies to.
    pub from: Date,
    /// Its id.
    pub id: &'a str,
    /// Its description system.
    pub system: &'a DescriptionSystem,
}

/// The releases that decide lines: by date, or one for all.
#[derive(Debug, Clone)]
pub struct Releases<'a>(Vec<InForce<'a>>);

impl<'a> Releases<'a> {
    /// Each date is decided by the release with the latest `from` on or before it.
    pub fn by_date(releases: impl IntoIterator<Item = InForce<'a>>) -> Self {
        let mut list: Vec<_> = releases.into_iter().collect();
        list.sort_by_key(|release| release.from);
        Self(list)
    }

    /// All dates are decided by one release.
    pub fn named(id: &'a str, system: &'a DescriptionSystem) -> Self {
        Self(vec![InForce {
            from: Date::MIN,
            id,
            system,
        }])
    }

    /// The release that decides a date.
    pub fn on(&self, date: Date) -> Option<InForce<'a>> {
        self.0.iter().rev().find(|release| release.from <= date).copied()
    }
}

/// How many lines were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All of them.
    pub lines: u64,
    /// Those answered with findings.
    pub with_findings: u64,
}

/// Answers lines; keeps its buffers from line to line.
#[derive(Debug)]
pub struct Classifier<'a> {
    releases: Releases<'a>,
    explain: bool,
    counterfactuals: bool,
    variants: Vec<String>,
    undetermined: Vec<Undetermined>,
}

impl<'a> Classifier<'a> {
    /// A classifier over some releases; `explain` adds the reasons to each answer.
    pub fn new(releases: Releases<'a>, explain: bool) -> Self {
        Self {
            releases,
            explain,
            counterfactuals: false,
            variants: Vec::new(),
            undetermined: Vec::new(),
        }
    }

    /// Adds to each answer the smallest changes of facts that lead elsewhere.
    #[must_use]
    pub fn with_counterfactuals(mut self) -> Self {
        self.counterfactuals = true;
        self
    }

    /// Answers name these variants, written `point:variant`, as those that the releases were compiled under.
    #[must_use]
    pub fn under(mut self, variants: Vec<String>) -> Self {
        self.variants = variants;
        self
    }

    /// Appends the answer to one line, ended by a newline. Tells whether the line could be read.
    pub fn answer(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        match read(line, &self.releases) {
            Ok((case, release)) => {
                let mut filled = case.facts;
                let result = release.system.classify_into(case.grain, case.date, &mut filled);
                self.undetermined.clear();
                release
                    .system
                    .undetermined(case.date, &filled, &result, &mut self.undetermined);
                let decided = answer::Decided {
                    release: &release,
                    id: &case.id,
                    result: &result,
                    undetermined: &self.undetermined,
                    variants: &self.variants,
                    explanation: self.explain.then(|| {
                        let explanation = release.system.explain(case.grain, case.date, &case.facts);
                        explanation_value(&explanation::reasons(&explanation))
                    }),
                    counterfactuals: self.counterfactuals.then(|| {
                        let found = release.system.counterfactuals(case.grain, case.date, &case.facts);
                        counterfactuals_value(&counterfactuals::leads(release.system, &found))
                    }),
                };
                decided.write(out);
                true
            }
            Err(refused) => {
                answer::write_findings(refused.id.as_deref(), &refused.findings, out);
                false
            }
        }
    }

    /// Answers every line of a reader. Holds one line at a time; one beyond the limit is skipped, and answered.
    ///
    /// # Errors
    /// Those of the reader and the writer.
    pub fn answer_all(&mut self, reader: &mut impl BufRead, writer: &mut impl Write) -> io::Result<Counts> {
        answer_each(reader, writer, |line, out| self.answer(line, out))
    }
}

/// Answers every line of a reader by `answer`, which tells whether it could be read. Holds one line at a time.
fn answer_each(
    reader: &mut impl BufRead,
    writer: &mut impl Write,
    mut answer: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
) -> io::Result<Counts> {
    let mut counts = Counts::default();
    let (mut line, mut out) = (Vec::new(), Vec::new());
    while next_line(reader, &mut line)? {
        out.clear();
        counts.lines += 1;
        counts.with_findings += u64::from(!answer(&line, &mut out));
        writer.write_all(&out)?;
    }
    Ok(counts)
}

/// Why a line cannot be answered, with its id when that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The id.
    pub id: Option<String>,
    /// What is wrong; never empty.
    pub findings: Vec<LineFinding>,
}

/// The form of a line, before any release is asked what its facts mean.
#[derive(Debug)]
pub struct Form<'a> {
    /// Its id.
    pub id: Cow<'a, str>,
    /// What it describes.
    pub grain: Grain,
    /// Its date.
    pub date: Date,
    facts: Vec<(Cow<'a, str>, Stated<'a>)>,
}

impl Form<'_> {
    /// What it states: axes with the codes given for them.
    pub fn facts(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        self.facts
            .iter()
            .map(|(axis, stated)| (axis.as_ref(), stated.codes()))
    }
}

/// Reads the form of one line.
///
/// # Errors
/// Everything that is wrong with the form.
pub fn read_form(line: &[u8]) -> Result<Form<'_>, Refused> {
    let raw = RawLine::read(line).map_err(|finding| Refused {
        id: None,
        findings: vec![finding],
    })?;
    let mut findings = raw.findings;
    let fault = raw.id.as_deref().and_then(id_fault);
    let id = raw.id.filter(|_| fault.is_none());
    findings.extend(fault);
    let grain = raw.of.as_deref().and_then(|of| {
        let grain = tables::grain(of);
        if grain.is_none() {
            let message = format!("`{}` is not contact, segment or monitoring-period", safe_echo(of));
            findings.push(LineFinding::new("VN-CLS-006", "of", message));
        }
        grain
    });
    let date = raw.date.as_deref().and_then(|text| {
        let date = line::date(text);
        if date.is_none() {
            let message = "the date is not in the calendar; write it as 2026-09-01";
            findings.push(LineFinding::new("VN-CLS-007", "date", message));
        }
        date
    });
    match (id, grain, date) {
        (Some(id), Some(grain), Some(date)) if findings.is_empty() => Ok(Form {
            id,
            grain,
            date,
            facts: raw.facts,
        }),
        (id, ..) => Err(Refused {
            id: id.map(Cow::into_owned),
            findings,
        }),
    }
}

/// Reads one line, and finds the release that decides it.
///
/// # Errors
/// Everything that is wrong with the line.
pub fn read<'a, 'r>(line: &'a [u8], releases: &Releases<'r>) -> Result<(Case<'a>, InForce<'r>), Refused> {
    let form = read_form(line)?;
    let Some(release) = releases.on(form.date) else {
        return Err(Refused {
            id: Some(form.id.into_owned()),
            findings: vec![no_release(form.date)],
        });
    };
    let mut facts = FactSet::new();
    let mut findings = Vec::new();
    for (axis, stated) in &form.facts {
        let said = release
            .system
            .state(form.grain, &mut facts, axis, stated.codes(), FactSource::Record);
        if let Err(error) = said {
            findings.push(fact_fault(error, axis, stated.codes(), stated.is_list()));
        }
    }
    if findings.is_empty() {
        Ok((
            Case {
                id: form.id,
                grain: form.grain,
                date: form.date,
                facts,
            },
            release,
        ))
    } else {
        Err(Refused {
            id: Some(form.id.into_owned()),
            findings,
        })
    }
}

/// The finding for a fact that cannot be stated; `list` when its values were given as a list.
pub fn fact_fault<'v>(
    error: StatementError,
    axis: &str,
    mut codes: impl Iterator<Item = &'v str>,
    list: bool,
) -> LineFinding {
    let path = format!("facts.{}", safe_echo(axis));
    match error {
        StatementError::UnknownAxis => LineFinding::new(
            "VN-CLS-009",
            path,
            format!("no axis is called `{}`", safe_echo(axis)),
        ),
        StatementError::UnknownValue { position } => {
            let code = codes.nth(position).unwrap_or_default();
            let path = if list { format!("{path}[{position}]") } else { path };
            let message = format!("`{}` has no value `{}`", safe_echo(axis), safe_echo(code));
            LineFinding::new("VN-CLS-010", path, message)
        }
        StatementError::SeveralValues => LineFinding::new("VN-CLS-011", path, error.to_string()),
        StatementError::Twice => LineFinding::new("VN-CLS-013", path, error.to_string()),
        _ => LineFinding::new("VN-CLS-012", path, error.to_string()),
    }
}

/// The finding for a variant that a release does not have. It lists those it has.
pub fn choice_fault(wrong: &WrongChoice) -> LineFinding {
    let path = format!("variants[{}]", wrong.position);
    LineFinding::new("VN-CLS-015", path, wrong.to_string())
}

/// The finding for a date before every release.
pub fn no_release(date: Date) -> LineFinding {
    LineFinding::new("VN-CLS-008", "date", format!("no release applies on {date}"))
}

/// What is wrong with an id, if anything. The finding does not repeat it.
pub fn id_fault(id: &str) -> Option<LineFinding> {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    let fault = if id.is_empty() || id.len() > ID_BYTES_MAX {
        "is not 1 to 64 bytes long"
    } else if !id.bytes().all(harmless) {
        "has other characters than A–Z a–z 0–9 . _ : -"
    } else if holds_personal_number(id) {
        "holds what looks like a personal number"
    } else {
        return None;
    };
    Some(LineFinding::new("VN-CLS-014", "id", format!("the id {fault}")))
}

/// Reads the next line without its end; false at the end of the input. Of a line that is too long only so much is
/// kept as shows it.
pub fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let piece = available
            .get(..end.unwrap_or(available.len()))
            .unwrap_or_default();
        let room = (LINE_BYTES_MAX + 2).saturating_sub(line.len());
        line.extend(piece.iter().take(room));
        let used = end.map_or(available.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}
