//! The TOML of a layout: everything that is wrong with it is found at its line.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use vardnav_register::record::RecordKind;
use vardnav_register::text::{holds_personal_number, safe_echo};

use super::{HeaderLine, Layout, LayoutColumn, RecordId, Text};
use crate::register::table::column::Writing;
use crate::register::table::dates::DateForm;
use crate::register::table::encoding::Encoding;
use crate::register::table::field::{FIELDS, Target};

/// Most columns of a layout.
const COLUMNS_MAX: usize = 500;

/// Something that is wrong with a layout. The codes are those of releases, which layouts are part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutFinding {
    /// `VN-REL-003` for the form of the file, `VN-REL-021` for columns, `VN-REL-022` for what they hold.
    pub code: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayoutText {
    id: Spanned<String>,
    title: Text,
    source: String,
    certainty: String,
    kind: Spanned<String>,
    separator: Spanned<String>,
    #[serde(default)]
    quoting: bool,
    #[serde(default)]
    header: HeaderLine,
    encoding: Option<Spanned<String>>,
    #[serde(default)]
    empty: Vec<String>,
    #[serde(default)]
    dates: Vec<Spanned<String>>,
    #[serde(default)]
    identity_type_by_number: bool,
    record_id: Option<Spanned<RecordIdText>>,
    #[serde(default)]
    constants: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    column: Vec<ColumnText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordIdText {
    #[serde(default)]
    prefix: String,
    of: Vec<String>,
    #[serde(default)]
    keyed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnText {
    name: Spanned<String>,
    label: Text,
    field: Option<String>,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    shapes: BTreeMap<String, String>,
    several: Option<char>,
    #[serde(default)]
    empty: Vec<String>,
    #[serde(default)]
    dates: Vec<Spanned<String>>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    example: String,
    #[serde(default)]
    also: Vec<AlsoText>,
}

/// Another field that a column states.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlsoText {
    field: String,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    shapes: BTreeMap<String, String>,
}

/// What is found, by line of the text.
struct Findings<'t> {
    text: &'t str,
    found: Vec<LayoutFinding>,
}

impl Findings<'_> {
    fn line_of(&self, offset: usize) -> u32 {
        let newlines = self
            .text
            .bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count();
        u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn add<T>(&mut self, code: &'static str, at: &Spanned<T>, message: impl Into<String>) {
        let line = self.line_of(at.span().start);
        self.found.push(LayoutFinding {
            code,
            line,
            message: message.into(),
        });
    }

    fn column<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.add("VN-REL-021", at, message);
    }

    fn value<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.add("VN-REL-022", at, message);
    }
}

/// Reads a layout.
pub(super) fn read(text: &str) -> Result<Layout, Vec<LayoutFinding>> {
    let mut findings = Findings {
        text,
        found: Vec::new(),
    };
    let file: LayoutText = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map_or(0, |span| findings.line_of(span.start));
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            let message = match holds_personal_number(&message) {
                true => "this is not the TOML of a layout".to_owned(),
                false => message,
            };
            return Err(vec![LayoutFinding {
                code: "VN-REL-003",
                line,
                message,
            }]);
        }
    };
    let layout = layout(file, &mut findings);
    match layout {
        Some(layout) if findings.found.is_empty() => Ok(layout),
        _ => Err(findings.found),
    }
}

fn layout(file: LayoutText, findings: &mut Findings<'_>) -> Option<Layout> {
    if safe_echo(file.id.get_ref()) != *file.id.get_ref() {
        findings.value(&file.id, "an id has lower-case letters, digits, - and _");
    }
    let kind = RecordKind::from_name(file.kind.get_ref());
    if kind.is_none() {
        let names = RecordKind::ALL.map(RecordKind::name).join(", ");
        findings.value(&file.kind, format!("a kind is one of {names}"));
    }
    let mut separators = file.separator.get_ref().chars();
    let separator = match (separators.next(), separators.next()) {
        (Some(one), None) if one == '\t' || one.is_ascii_punctuation() && !"\"'\\-._".contains(one) => {
            Some(one)
        }
        _ => {
            findings.value(
                &file.separator,
                "a separator is one character, such as ; or a tab",
            );
            None
        }
    };
    let encoding = match &file.encoding {
        None => Encoding::Recognise,
        Some(name) => name.get_ref().parse().unwrap_or_else(|message: String| {
            findings.value(name, format!("an encoding is {message}"));
            Encoding::Recognise
        }),
    };
    let of_all = Common {
        kind: kind?,
        empty: file.empty,
        dates: dates(&file.dates, findings),
    };
    if file.column.is_empty() || file.column.len() > COLUMNS_MAX {
        findings.column(&file.id, format!("a layout has 1 to {COLUMNS_MAX} columns"));
    }
    let mut stated: Vec<Target> = Vec::new();
    let mut columns: Vec<LayoutColumn> = Vec::new();
    for text in file.column {
        if columns.iter().any(|column| column.name == *text.name.get_ref()) {
            findings.column(
                &text.name,
                format!("the column {} stands twice", safe_echo(text.name.get_ref())),
            );
        }
        if !is_name(text.name.get_ref()) {
            findings.column(&text.name, "a name has 1 to 40 letters, digits, _, - and .");
        }
        columns.push(column(text, &of_all, &mut stated, findings));
    }
    let mut constants = Vec::new();
    for (name, text) in &file.constants {
        if let Some(target) = target(name, &of_all, text, &mut stated, findings) {
            constants.push((target, text.get_ref().clone()));
        }
    }
    constants.push((Target::named("kind")?, of_all.kind.name().to_owned()));
    let place = |name: &str| columns.iter().position(|column| column.name == name);
    let number_at = columns.iter().position(|column| {
        let mut states = column.states.iter();
        states.any(|(target, _)| target.path() == "person.number")
    });
    let record_id = file.record_id.map(|rule| {
        let of: Vec<Option<usize>> = rule.get_ref().of.iter().map(|name| place(name)).collect();
        if of.is_empty() || of.contains(&None) {
            findings.column(&rule, "an id is made of columns of the layout");
        }
        if !rule.get_ref().keyed && of.contains(&number_at) {
            findings.value(&rule, "an id made with the person's number is keyed");
        }
        if stated.iter().any(|target| target.path() == "id") {
            findings.column(&rule, "ids are made, and stand in a column too");
        }
        stated.extend(Target::named("id"));
        let RecordIdText { prefix, keyed, .. } = rule.into_inner();
        RecordId {
            prefix,
            of: of.into_iter().flatten().collect(),
            keyed,
        }
    });
    let identity = number_at.filter(|_| file.identity_type_by_number);
    if identity.is_some() {
        stated.extend(Target::named("person.type"));
    }
    for field in FIELDS
        .iter()
        .filter(|field| field.required && field.kinds.contains(&of_all.kind))
    {
        let target = field.target();
        let (path, is_part) = (target.path(), target.part_of().is_some());
        // The reporter may be named when a file is sent, and the register gives the revisions of a delivery.
        let later = ["kind", "reporter", "revision"].contains(&path.as_str());
        if !is_part && !later && !stated.iter().any(|known| known.path() == path) {
            findings.column(&file.id, format!("nothing states {path}"));
        }
    }
    Some(Layout {
        id: file.id.into_inner(),
        title: file.title,
        source: file.source,
        certainty: file.certainty,
        kind: of_all.kind,
        separator: separator?,
        quoting: file.quoting,
        header: file.header,
        encoding,
        columns,
        constants,
        record_id,
        identity,
    })
}

/// What values, or values of a shape, stand for.
type Meanings = BTreeMap<String, String>;

/// What is the same for all columns.
struct Common {
    kind: RecordKind,
    empty: Vec<String>,
    dates: Vec<DateForm>,
}

fn column(
    text: ColumnText,
    common: &Common,
    stated: &mut Vec<Target>,
    findings: &mut Findings<'_>,
) -> LayoutColumn {
    let own_dates = dates(&text.dates, findings);
    let writing = |target: &Target, (values, shapes): (Meanings, Meanings)| Writing {
        several: text.several.filter(|_| target.holds_several()),
        empty: common.empty.iter().chain(&text.empty).cloned().collect(),
        values,
        shapes,
        dates: match own_dates.is_empty() {
            true => common.dates.clone(),
            false => own_dates.clone(),
        },
    };
    let named = text.field.map(|field| (field, (text.values, text.shapes)));
    let also = text.also.into_iter();
    let also = also.map(|also| (also.field, (also.values, also.shapes)));
    let mut states = Vec::new();
    for (name, meanings) in named.into_iter().chain(also) {
        if name == "kind" {
            findings.column(&text.name, "a layout is for one kind of record");
        } else if let Some(target) = target(&name, common, &text.name, stated, findings) {
            let writing = writing(&target, meanings);
            states.push((target, writing));
        }
    }
    if text.several.is_some() && !states.iter().any(|(target, _)| target.holds_several()) {
        findings.value(
            &text.name,
            "the column states nothing that there may be several of",
        );
    }
    LayoutColumn {
        name: text.name.into_inner(),
        label: text.label,
        states,
        required: text.required,
        example: text.example,
    }
}

/// The field with a name, of the kind and not stated before.
fn target<T>(
    name: &str,
    common: &Common,
    at: &Spanned<T>,
    stated: &mut Vec<Target>,
    findings: &mut Findings<'_>,
) -> Option<Target> {
    let found = Target::named(name).filter(|target| target.field.kinds.contains(&common.kind));
    let Some(target) = found else {
        let kind = common.kind.name();
        findings.column(at, format!("a {kind} has no field {}", safe_echo(name)));
        return None;
    };
    if stated.contains(&target) {
        findings.column(at, format!("{name} is stated twice"));
    }
    stated.push(target.clone());
    Some(target)
}

fn dates(texts: &[Spanned<String>], findings: &mut Findings<'_>) -> Vec<DateForm> {
    let mut forms = Vec::new();
    for text in texts {
        match text.get_ref().parse() {
            Ok(form) => forms.push(form),
            Err(message) => {
                let message: String = message;
                findings.value(text, message);
            }
        }
    }
    forms
}

fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.chars().count())
        && !holds_personal_number(text)
        && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}
