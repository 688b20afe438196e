//! Population files: what a population register says of persons, one statement a line. CSV in UTF-8 with a comma, a first
//! line that names the columns, no quotes. Lines are read as they come; what is wrong with one is a finding that holds
//! nothing of the line.
//!
//! | column | holds |
//! |---|---|
//! | `type` | `personnummer`, `samordningsnummer`, or `reserve@` and the reporter that gave the number out |
//! | `number` | the person's number; in a change or merge the one that gives way |
//! | `event` | `residence`, `death`, `no-death`, `moved-in`, `moved-out`, `protection-begins`, `protection-ends`, `number-change`, `merge`, `part` |
//! | `from` | the date (`YYYY-MM-DD`); of a residence the first |
//! | `until` | of a residence the first date no more; empty while it lasts |
//! | `kommun` | of a residence the four digits of the kommun |
//! | `other_type`, `other_number` | in a change the new number, in a merge that of the person who leads |

use jiff::civil::Date;
use vardnav_register::definition::Severity;
use vardnav_register::finding::Finding;
use vardnav_register::identity::{IdentityError, Number, normalise};
use vardnav_register::person::{Kommun, Statement};
use vardnav_register::record::{IdentityType, Person};
use vardnav_register::text::is_id;

/// Code, meaning and remedy of what is found in population files.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-POP-001",
        "the first line of a population file does not name its columns",
        "begin the file with: type,number,event,from,until,kommun,other_type,other_number",
    ),
    (
        "VN-POP-002",
        "a line of a population file does not have the columns of the first",
        "give every column, empty where it does not apply, without quotes",
    ),
    (
        "VN-POP-003",
        "a number in a population file is not of its kind",
        "correct type and number; a reserve number is of the reporter that gave it out: reserve@REPORTER",
    ),
    (
        "VN-POP-004",
        "an event in a population file is not known",
        "use one of residence, death, no-death, moved-in, moved-out, protection-begins, protection-ends, \
         number-change, merge, part",
    ),
    (
        "VN-POP-005",
        "a date in a population file is missing, not of its form, or not in the calendar",
        "write dates as YYYY-MM-DD",
    ),
    (
        "VN-POP-006",
        "a kommun in a population file is not four digits",
        "write the kommun's code with four digits",
    ),
    (
        "VN-POP-007",
        "a statement in a population file does not fit what is known of the person",
        "look at what the message names: an interval that ends before it begins, or a merge into somebody who leads already",
    ),
];

/// The columns.
pub const COLUMNS: [&str; 8] = [
    "type",
    "number",
    "event",
    "from",
    "until",
    "kommun",
    "other_type",
    "other_number",
];

/// Most bytes of a line.
const LINE_MAX: usize = 1_024;

/// A person as a line names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Kind of number.
    pub identity_type: IdentityType,
    /// The number in its one form.
    pub number: Number,
    /// The reporter that gave it out, of a reserve number; else empty.
    pub issuer: String,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Something of the person alone.
    Of(Statement),
    /// Another number leads to the person.
    NumberChanged {
        /// The new number.
        to: Named,
        /// First date.
        from: Date,
    },
    /// The person is the same as another, who leads.
    Merged {
        /// Who leads.
        into: Named,
    },
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// The person, and what is said of them; or what is wrong.
    pub content: Result<(Named, Said), Finding>,
}

/// Reads a file piece by piece.
#[derive(Debug)]
pub struct Reader {
    rest: Vec<u8>,
    line: u64,
    reference: Date,
    has_header: Option<bool>,
}

impl Reader {
    /// A reader at the beginning of a file. `reference` gives ten-digit numbers their century, and no one is born after
    /// it.
    pub fn new(reference: Date) -> Self {
        Self {
            rest: Vec::new(),
            line: 0,
            reference,
            has_header: None,
        }
    }

    /// Takes the next piece; gives the lines that it completes.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Line> {
        self.rest.extend(piece);
        let bytes = std::mem::take(&mut self.rest);
        let mut lines = Vec::new();
        let mut left = bytes.as_slice();
        while let Some(end) = left.iter().position(|byte| *byte == b'\n') {
            let (line, after) = left.split_at(end);
            lines.extend(self.take(line));
            left = after.get(1..).unwrap_or_default();
        }
        // A line that is too long is cut: it is wrong whatever follows.
        self.rest = left
            .get(..(2 * LINE_MAX).min(left.len()))
            .unwrap_or_default()
            .to_vec();
        lines
    }

    /// The last line, when it has no end.
    pub fn finish(mut self) -> Option<Line> {
        let rest = std::mem::take(&mut self.rest);
        self.take(&rest)
    }

    fn take(&mut self, bytes: &[u8]) -> Option<Line> {
        self.line += 1;
        let number = self.line;
        let line = |content| Some(Line { number, content });
        let text = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if text.is_empty() {
            return None;
        }
        let Some(has_header) = self.has_header else {
            let named = std::str::from_utf8(text).is_ok_and(|text| text.split(',').eq(COLUMNS));
            self.has_header = Some(named);
            return match named {
                true => None,
                false => line(Err(found(
                    "VN-POP-001",
                    "",
                    "the first line does not name the columns",
                ))),
            };
        };
        if !has_header {
            return None;
        }
        let columns = std::str::from_utf8(text)
            .ok()
            .filter(|text| text.len() <= LINE_MAX && !text.contains('"'))
            .map(|text| text.split(',').map(str::trim).collect::<Vec<_>>());
        match columns.as_deref() {
            Some([kind, number, event, from, until, kommun, other_kind, other]) => {
                let named = |kind: &str, number: &str, path| named(kind, number, path, self.reference);
                let content = named(kind, number, "number").and_then(|person| {
                    let other = || named(other_kind, other, "other_number");
                    Ok((person, said(event, (from, until), kommun, other)?))
                });
                line(content)
            }
            _ => line(Err(found(
                "VN-POP-002",
                "",
                "the line does not have eight columns without quotes",
            ))),
        }
    }
}

fn named(kind: &str, number: &str, path: &str, reference: Date) -> Result<Named, Finding> {
    let (kind, issuer) = kind.split_once('@').unwrap_or((kind, ""));
    let identity_type = match (kind, is_id(issuer)) {
        ("personnummer", _) if issuer.is_empty() => IdentityType::Personnummer,
        ("samordningsnummer", _) if issuer.is_empty() => IdentityType::Samordningsnummer,
        ("reserve", true) => IdentityType::Reserve,
        ("reserve", false) => {
            let message = "a reserve number is named with the reporter that gave it out";
            return Err(found("VN-POP-003", path, message));
        }
        _ => return Err(found("VN-POP-003", path, "the type of the number is not known")),
    };
    let person = Person {
        identity_type,
        identity: number.to_owned(),
        ..Person::withheld()
    };
    let wrong = |error: IdentityError| found("VN-POP-003", path, &error.to_string());
    let number = normalise(&person, reference).map_err(wrong)?;
    Ok(Named {
        identity_type,
        number,
        issuer: issuer.to_owned(),
    })
}

fn said(
    event: &str,
    (from, until): (&str, &str),
    kommun: &str,
    other: impl FnOnce() -> Result<Named, Finding>,
) -> Result<Said, Finding> {
    let date = |text: &str, path: &str| {
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        date.ok_or_else(|| found("VN-POP-005", path, "the date is not written as YYYY-MM-DD"))
    };
    let on = || date(from, "from");
    Ok(Said::Of(match event {
        "residence" => Statement::Residence {
            kommun: Kommun::new(kommun)
                .ok_or_else(|| found("VN-POP-006", "kommun", "the kommun is not four digits"))?,
            from: on()?,
            until: match until {
                "" => None,
                until => Some(date(until, "until")?),
            },
        },
        "death" => Statement::Died { on: on()? },
        "no-death" => Statement::NotDead,
        "moved-in" => Statement::MovedIn { on: on()? },
        "moved-out" => Statement::MovedOut { on: on()? },
        "protection-begins" => Statement::ProtectionBegan { on: on()? },
        "protection-ends" => Statement::ProtectionEnded { on: on()? },
        "part" => Statement::Parted,
        "number-change" => {
            let (to, from) = (other()?, on()?);
            return Ok(Said::NumberChanged { to, from });
        }
        "merge" => return Ok(Said::Merged { into: other()? }),
        _ => return Err(found("VN-POP-004", "event", "the event is not known")),
    }))
}

fn found(code: &str, path: &str, message: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        severity: Severity::Error,
        path: path.to_owned(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const FILE: &str = "type,number,event,from,until,kommun,other_type,other_number\n\
        personnummer,19821105-9954,residence,2024-01-01,,0180,,\n\
        personnummer,19821105-9954,residence,2024-01-01,2025-13-01,0180,,\n\
        personnummer,19821105-9955,death,2024-01-01,,,,\n\
        \n\
        reserve@region-norr,R99X12345678,number-change,2025-02-03,,,personnummer,198211059954\n\
        personnummer,19821105-9954,flight,2024-01-01,,,,\n\
        personnummer,19821105-9954,residence,2024-01-01,,Solna,,\n\
        personnummer,19821105-9954,merge,,,,reserve\n\
        personnummer,198211059954,no-death,,,,,\r\n\
        reserve@region-norr,R99X1,merge,,,,reserve@region-norr,R99X2\n\
        reserve,R99X1,no-death,,,,,\n\
        personnummer@region-norr,198211059954,no-death,,,,,";

    fn read(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<Line> {
        let mut reader = Reader::new(date(2026, 11, 22));
        let mut lines: Vec<Line> = pieces.flat_map(|piece| reader.push(&piece)).collect();
        lines.extend(reader.finish());
        lines
    }

    #[test]
    fn a_file_is_read_the_same_however_it_is_cut_and_findings_name_the_line() {
        let whole = read(std::iter::once(FILE.as_bytes().to_vec()));
        for size in [1, 2, 7, 64] {
            assert_eq!(read(FILE.as_bytes().chunks(size).map(<[u8]>::to_vec)), whole);
        }
        let told: Vec<(u64, String)> = whole
            .iter()
            .map(|line| {
                let told = match &line.content {
                    Ok((_, Said::Of(statement))) => statement.name().to_owned(),
                    Ok((_, Said::NumberChanged { .. })) => "number-change".to_owned(),
                    Ok((_, Said::Merged { .. })) => "merge".to_owned(),
                    Err(finding) => format!("{} {}", finding.code, finding.path),
                };
                (line.number, told)
            })
            .collect();
        let expected = [
            (2, "residence"),
            (3, "VN-POP-005 until"),
            (4, "VN-POP-003 number"),
            (6, "number-change"),
            (7, "VN-POP-004 event"),
            (8, "VN-POP-006 kommun"),
            (9, "VN-POP-002 "),
            (10, "no-death"),
            (11, "merge"),
            (12, "VN-POP-003 number"),
            (13, "VN-POP-003 number"),
        ];
        let expected: Vec<(u64, String)> = expected
            .iter()
            .map(|(line, told)| (*line, (*told).to_owned()))
            .collect();
        assert_eq!(told, expected);
        assert!(
            !format!("{whole:?}").contains("9954"),
            "no finding and no Debug holds a number"
        );
    }

    #[test]
    fn a_file_without_its_first_line_has_one_finding() {
        let body = FILE.split_once('\n').unwrap().1;
        let lines = read(std::iter::once(body.as_bytes().to_vec()));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].content.as_ref().unwrap_err().code, "VN-POP-001");
    }
}
