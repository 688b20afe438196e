//! Care units as JSON: one unit with its dated versions, as a line of a file or as commands show it. Owns the form of the
//! file and nothing else.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_path_to_error::Segment;
use vardnav_register::record::{Fact, Principal, Principals, Responsibility};
use vardnav_register::text::safe_echo;
use vardnav_register::unit::{About, Beds, CareUnit, Opening, Staff, UnitVersion};

/// Why a line is no care unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct UnitLineError {
    /// Path of the element, `$` for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Reads a file: units a line each, or a list of units or one unit as commands show them. Of each unit its place is told:
/// the line, or of a list its number.
pub fn read_file(text: &str) -> Vec<(usize, Result<CareUnit, UnitLineError>)> {
    let by_line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .is_none_or(|line| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line).is_ok());
    let whole = || serde_json::from_str::<serde_json::Value>(text).ok();
    let listed = match (!by_line).then(whole).flatten() {
        Some(serde_json::Value::Array(units)) => units,
        Some(unit @ serde_json::Value::Object(_)) => vec![unit],
        _ => {
            let lines = text.lines().enumerate();
            let units = lines.filter(|(_, line)| !line.trim().is_empty());
            return units.map(|(index, line)| (index + 1, read_line(line))).collect();
        }
    };
    let units = listed.iter().enumerate();
    units
        .map(|(index, unit)| (index + 1, read_line(&unit.to_string())))
        .collect()
}

/// Reads one line.
pub fn read_line(line: &str) -> Result<CareUnit, UnitLineError> {
    let mut json = serde_json::Deserializer::from_str(line);
    let row: UnitRow = serde_path_to_error::deserialize(&mut json).map_err(|error| UnitLineError {
        path: path(error.path()),
        message: match error.inner().classify() {
            serde_json::error::Category::Data => {
                "is missing, unknown or of another form than it must be".into()
            }
            _ => format!("no JSON at column {}", error.inner().column()),
        },
    })?;
    json.end().map_err(|_| UnitLineError {
        path: "$".into(),
        message: "more than one JSON value on the line".into(),
    })?;
    let versions = row.versions.into_iter().map(UnitVersion::from).collect();
    Ok(CareUnit {
        hsa_id: row.hsa_id,
        versions,
    })
}

/// A path in words. A key that is no name of ours is shown by its shape: it may be anything.
fn path(path: &serde_path_to_error::Path) -> String {
    let mut words = String::from("$");
    for segment in path {
        match segment {
            Segment::Seq { index } => words.push_str(&format!("[{index}]")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                if words.len() > 1 {
                    words.push('.');
                }
                words.push_str(&safe_echo(key));
            }
            Segment::Unknown => words.push('?'),
        }
    }
    words
}

/// Writes one line, without its end.
pub fn write_line(unit: &CareUnit) -> Result<String, serde_json::Error> {
    let versions = unit.versions.iter().map(VersionRow::from).collect();
    serde_json::to_string(&UnitRow {
        hsa_id: unit.hsa_id.clone(),
        versions,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitRow {
    hsa_id: String,
    versions: Vec<VersionRow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionRow {
    from: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<Date>,
    name: String,
    kind: String,
    provider: String,
    reporters: Vec<String>,
    #[serde(default)]
    principals: PrincipalsRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kommun: Option<String>,
    #[serde(default)]
    facts: BTreeMap<String, Values>,
    #[serde(default)]
    hours: String,
    #[serde(default)]
    beds: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ownership: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    responsibilities: Vec<ResponsibilityRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    covers: Vec<String>,
    /// Times of a week, such as `Mon-Fri 08:00-17:00`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    open: Vec<OpeningText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response_minutes: Option<u16>,
    /// Full-time equivalents by profession; null where only the category is stated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    staff: BTreeMap<String, Option<Hundredths>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    successor: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResponsibilityRow {
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profession: Option<String>,
    from: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Date>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PrincipalsRow {
    #[serde(skip_serializing_if = "Holders::is_empty")]
    responsible: Holders,
    #[serde(skip_serializing_if = "Holders::is_empty")]
    performing: Holders,
    #[serde(skip_serializing_if = "Holders::is_empty")]
    bed_owner: Holders,
    #[serde(skip_serializing_if = "Holders::is_empty")]
    payer: Holders,
}

/// Those who hold a role: one as it is, several as a list.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Holders {
    One(Holder),
    Several(Vec<Holder>),
}

/// One who holds a role: a text where no basis is stated.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Holder {
    Organisation(String),
    WithBasis(HolderRow),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HolderRow {
    organisation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basis: Option<String>,
}

impl Default for Holders {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Holders {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Several(several) if several.is_empty())
    }

    fn of(holders: &[Principal]) -> Self {
        let holder = |holder: &Principal| match &holder.basis {
            None => Holder::Organisation(holder.organisation.clone()),
            Some(_) => Holder::WithBasis(HolderRow {
                organisation: holder.organisation.clone(),
                basis: holder.basis.clone(),
            }),
        };
        match holders {
            [one] => Self::One(holder(one)),
            several => Self::Several(several.iter().map(holder).collect()),
        }
    }

    fn principals(self) -> Vec<Principal> {
        let holders = match self {
            Self::One(one) => vec![one],
            Self::Several(several) => several,
        };
        let principal = |holder| match holder {
            Holder::Organisation(organisation) => Principal::new(organisation),
            Holder::WithBasis(HolderRow { organisation, basis }) => Principal { organisation, basis },
        };
        holders.into_iter().map(principal).collect()
    }
}

/// A time of a week as a text.
#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(try_from = "String", into = "String")]
struct OpeningText(Opening);

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A time of a week from a text: a weekday or two with a dash, a space, two times of day with a dash, such as
/// `Mon-Fri 08:00-17:00`; `24:00` is the end of the day.
pub fn opening(text: &str) -> Option<Opening> {
    let (days, times) = text.split_once(' ')?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let day = |name: &str| {
        let at = WEEKDAYS.iter().position(|known| *known == name)?;
        u8::try_from(at + 1).ok()
    };
    let (from, until) = times.split_once('-')?;
    let minute = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        let number = |text: &str| {
            let is_two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            is_two_digits.then(|| text.parse::<u16>().ok()).flatten()
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        (minute < 60).then_some(hour * 60 + minute)
    };
    let opening = Opening {
        first_day: day(first)?,
        last_day: day(last)?,
        from: minute(from)?,
        until: minute(until)?,
    };
    opening.is_valid().then_some(opening)
}

/// The text of a time of a week.
pub fn opening_text(opening: &Opening) -> String {
    let day = |number: u8| WEEKDAYS.get(usize::from(number).wrapping_sub(1)).unwrap_or(&"?");
    let days = match opening.first_day == opening.last_day {
        true => (*day(opening.first_day)).to_owned(),
        false => format!("{}-{}", day(opening.first_day), day(opening.last_day)),
    };
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{days} {}-{}", time(opening.from), time(opening.until))
}

impl TryFrom<String> for OpeningText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        opening(&text).map(Self).ok_or("not a time of a week")
    }
}

impl From<OpeningText> for String {
    fn from(text: OpeningText) -> Self {
        opening_text(&text.0)
    }
}

/// A number with at most two decimals, as hundredths.
#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(try_from = "f64", into = "f64")]
struct Hundredths(u32);

impl TryFrom<f64> for Hundredths {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        let hundredths = (number * 100.0).round();
        let fits = (0.0..=1e8).contains(&hundredths) && (hundredths / 100.0 - number).abs() < 1e-9;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and from 0 to 1e8, as was just held"
        )]
        let whole = hundredths as u32;
        fits.then_some(Self(whole))
            .ok_or("not a number with two decimals at most")
    }
}

impl From<Hundredths> for f64 {
    fn from(hundredths: Hundredths) -> Self {
        Self::from(hundredths.0) / 100.0
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

impl From<VersionRow> for UnitVersion {
    fn from(row: VersionRow) -> Self {
        let facts = row.facts.into_iter().map(|(axis, values)| Fact {
            axis,
            values: match values {
                Values::One(value) => vec![value],
                Values::Several(values) => values,
            },
        });
        Self {
            from: row.from,
            closed: row.closed,
            name: row.name,
            kind: row.kind,
            provider: row.provider,
            reporters: row.reporters,
            principals: Principals {
                responsible: row.principals.responsible.principals(),
                performing: row.principals.performing.principals(),
                bed_owner: row.principals.bed_owner.principals(),
                payer: row.principals.payer.principals(),
            },
            kommun: row.kommun,
            facts: facts.collect(),
            hours: row.hours,
            beds: row
                .beds
                .into_iter()
                .map(|(kind, count)| Beds { kind, count })
                .collect(),
            about: About {
                ownership: row.ownership,
                responsibilities: row.responsibilities.into_iter().map(Into::into).collect(),
                covers: row.covers,
                open: row.open.into_iter().map(|text| text.0).collect(),
                response_minutes: row.response_minutes,
                staff: row
                    .staff
                    .into_iter()
                    .map(|(profession, number)| Staff {
                        profession,
                        hundredths: number.map(|number| number.0),
                    })
                    .collect(),
                successor: row.successor,
            },
        }
    }
}

impl From<&UnitVersion> for VersionRow {
    fn from(version: &UnitVersion) -> Self {
        let (principals, about) = (&version.principals, &version.about);
        let values = |fact: &Fact| match fact.values.as_slice() {
            [one] => Values::One(one.clone()),
            several => Values::Several(several.to_vec()),
        };
        Self {
            from: version.from,
            closed: version.closed,
            name: version.name.clone(),
            kind: version.kind.clone(),
            provider: version.provider.clone(),
            reporters: version.reporters.clone(),
            principals: PrincipalsRow {
                responsible: Holders::of(&principals.responsible),
                performing: Holders::of(&principals.performing),
                bed_owner: Holders::of(&principals.bed_owner),
                payer: Holders::of(&principals.payer),
            },
            kommun: version.kommun.clone(),
            facts: version
                .facts
                .iter()
                .map(|fact| (fact.axis.clone(), values(fact)))
                .collect(),
            hours: version.hours.clone(),
            beds: version
                .beds
                .iter()
                .map(|beds| (beds.kind.clone(), beds.count))
                .collect(),
            ownership: about.ownership.clone(),
            responsibilities: about.responsibilities.iter().map(Into::into).collect(),
            covers: about.covers.clone(),
            open: about.open.iter().copied().map(OpeningText).collect(),
            response_minutes: about.response_minutes,
            staff: about
                .staff
                .iter()
                .map(|staff| (staff.profession.clone(), staff.hundredths.map(Hundredths)))
                .collect(),
            successor: about.successor.clone(),
        }
    }
}

impl From<ResponsibilityRow> for Responsibility {
    fn from(row: ResponsibilityRow) -> Self {
        Self {
            role: row.role,
            unit: row.unit,
            profession: row.profession,
            from: row.from,
            until: row.until,
        }
    }
}

impl From<&Responsibility> for ResponsibilityRow {
    fn from(one: &Responsibility) -> Self {
        Self {
            role: one.role.clone(),
            unit: one.unit.clone(),
            profession: one.profession.clone(),
            from: one.from,
            until: one.until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"hsa_id":"SE2321000131-A1","versions":[{"from":"2026-01-01","name":"Mobilt team","kind":"mobile-team","provider":"2321000131","reporters":["region-skane"],"principals":{"responsible":"12","performing":"12"},"kommun":"1290","facts":{"level":"primary","origin":"regional-primary-care"},"hours":"vardagar 8–17","beds":{"home-place":4}}]}"#;

    #[test]
    fn a_line_comes_back_as_it_was() {
        assert_eq!(write_line(&read_line(LINE).unwrap()).unwrap(), LINE);
    }

    #[test]
    fn all_that_a_unit_says_comes_back() {
        let line = LINE.replace(
            r#""responsible":"12""#,
            r#""responsible":["12",{"organisation":"1290","basis":"joint-body"}]"#,
        );
        let line = line.replace(
            r#""beds":{"home-place":4}"#,
            r#""beds":{"home-place":4},"ownership":"region","responsibilities":[{"role":"mas","profession":"nurse","from":"2026-01-01"}],"covers":["1290","1272"],"open":["Mon-Fri 08:00-17:00","Sat 00:00-24:00"],"response_minutes":30,"staff":{"nurse":4.75,"physician":null},"successor":"SE2321000131-A2""#,
        );
        assert_eq!(write_line(&read_line(&line).unwrap()).unwrap(), line);
        for bad in [
            "Mon-Fri",
            "Mon 8:00-17:00",
            "Fri-Mon 08:00-17:00",
            "Mon 08:00-24:01",
            "mon 08:00-09:00",
            "Mon 08:60-10:00",
        ] {
            assert_eq!(opening(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_file_is_lines_or_what_commands_show() {
        let two = format!("{LINE}\n\n{LINE}\n");
        let list = format!("[\n {LINE},\n {LINE}\n]\n");
        let pretty: serde_json::Value = serde_json::from_str(LINE).unwrap();
        let pretty = serde_json::to_string_pretty(&pretty).unwrap();
        for (text, places) in [(&two, vec![1, 3]), (&list, vec![1, 2]), (&pretty, vec![1])] {
            let read = read_file(text);
            assert!(read.iter().all(|(_, unit)| unit.is_ok()), "{text}");
            assert_eq!(read.iter().map(|(place, _)| *place).collect::<Vec<_>>(), places);
        }
        assert!(read_file("{\"hsa_id\":1}")[0].1.is_err());
    }

    #[test]
    fn a_bad_line_is_shown_by_its_path() {
        let error = read_line(&LINE.replace("\"2026-01-01\"", "\"2026-13-01\"")).unwrap_err();
        assert_eq!(error.path, "$versions[0].from");
        let error = read_line(&LINE.replace("\"hours\"", "\"191212121212\"")).unwrap_err();
        assert!(!error.to_string().contains("1912"), "{error}");
    }
}
