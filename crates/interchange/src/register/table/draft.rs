//! A record being put together from its lines, as the tree that an NDJSON line is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use vardnav_register::finding::Finding;
use vardnav_register::validate::{Mechanism, finding_without_release};

use super::column::{Column, Source};
use super::field::Form;
use super::shape::{List, Part, Shape};
use super::{GroupLines, Table};
use crate::register::json::Json;
use crate::register::lines::LINE_MAX;

/// Most lines of one record.
const LINES_MAX: usize = 5_000;

type Fields = Vec<(Cow<'static, str>, Json<'static>)>;

/// The parts of an item, by name; without one in a list of texts.
type Parts<'r> = Vec<(Option<&'r str>, &'r str)>;

/// A line whose cells are read.
#[derive(Debug)]
pub(super) struct Row {
    /// Its number.
    pub(super) line: u64,
    /// The values of each column.
    values: Vec<Vec<String>>,
    findings: Vec<Finding>,
}

impl Row {
    /// Reads the cells of a line.
    pub(super) fn read(table: &Table, line: u64, cells: &[Cow<'_, str>]) -> Self {
        let mut findings = Vec::new();
        let read = |column: &Column| match &column.source {
            Source::Constant(text) => vec![text.clone()],
            Source::Cell(at) => {
                let cell = cells.get(*at).map_or("", |cell| cell.as_ref());
                let path = column.target.path();
                let values = column
                    .writing
                    .read(cell, column.target.field.form, &path, &mut findings);
                // What every record needs is missed when the record is read.
                let is_missed = column.target.field.required && column.target.part_of().is_none();
                if values.is_empty() && column.required && !is_missed {
                    findings.push(finding_without_release(Mechanism::FormatMissingField, path, ""));
                }
                values
            }
            Source::Made(made) => vec![made.of(cells)],
        };
        let values = table.columns.iter().map(read).collect();
        Self {
            line,
            values,
            findings,
        }
    }

    /// The first value of a column.
    pub(super) fn text(&self, column: Option<usize>) -> &str {
        let values = column.map(|column| self.of(column)).unwrap_or_default();
        values.first().map_or("", String::as_str)
    }

    /// The bytes of its values.
    fn size(&self) -> usize {
        self.values.iter().flatten().map(String::len).sum()
    }

    fn of(&self, column: usize) -> &[String] {
        self.values.get(column).map(Vec::as_slice).unwrap_or_default()
    }

    fn states(&self, column: usize) -> bool {
        self.of(column).iter().any(|value| !value.is_empty())
    }
}

/// A record being put together.
#[derive(Debug)]
pub(super) struct Draft {
    first: Row,
    fields: Fields,
    /// What was found on the way.
    pub(super) findings: Vec<Finding>,
    /// The lines of what a line holds one of, by group.
    lines: GroupLines,
    /// How many lines were taken, and how many bytes in them.
    taken: usize,
    size: usize,
    /// Whether no more are taken.
    is_full: bool,
}

impl Draft {
    /// Begins with the first line of a record.
    pub(super) fn begin(table: &Table, mut first: Row) -> Self {
        let mut findings = std::mem::take(&mut first.findings);
        let mut fields = Fields::new();
        build(&table.record, table, &first, &mut fields, &mut findings);
        let mut draft = Self {
            first,
            fields,
            findings,
            lines: Vec::new(),
            taken: 1,
            size: 0,
            is_full: false,
        };
        draft.take_groups(table, None);
        draft
    }

    /// The number of its first line.
    pub(super) fn line(&self) -> u64 {
        self.first.line
    }

    /// Whether it may go over several lines.
    pub(super) fn is_joined(&self, table: &Table) -> bool {
        !table.groups.is_empty() && self.first.text(table.key.kind) == "episode"
    }

    /// Whether a line is of this record.
    pub(super) fn goes_on_in(&self, table: &Table, row: &Row) -> bool {
        let same = |column| self.first.text(column) == row.text(column);
        let same_or_empty = |column| row.text(column).is_empty() || same(column);
        let key = &table.key;
        self.is_joined(table)
            && !row.text(key.id).is_empty()
            && same(key.id)
            && same_or_empty(key.kind)
            && same_or_empty(key.reporter)
            && same_or_empty(key.revision)
    }

    /// Adds a line.
    pub(super) fn add(&mut self, table: &Table, mut row: Row) {
        if self.is_full {
            return;
        }
        self.taken += 1;
        self.size += row.size();
        if self.taken > LINES_MAX || self.size > LINE_MAX {
            self.is_full = true;
            let detail = format!("at most {LINES_MAX} lines of one record and {LINE_MAX} bytes in them");
            self.found(Mechanism::LimitTooMany, "", &detail);
            return;
        }
        self.findings.append(&mut row.findings);
        for (place, column) in table.columns.iter().enumerate() {
            let is_own = column.target.row_group().is_none();
            if is_own && row.states(place) && row.of(place) != self.first.of(place) {
                let detail = format!("line {} says other than line {}", row.line, self.first.line);
                let path = column.target.path();
                self.found(Mechanism::FormatUnreadable, &path, &detail);
            }
        }
        self.take_groups(table, Some(&row));
    }

    /// Refuses the record for the sake of a line beside it.
    pub(super) fn spoil(&mut self, line: u64) {
        let detail = format!("line {line}, beside its lines, cannot be read and may be part of it");
        self.found(Mechanism::FormatUnreadable, "", &detail);
    }

    /// The tree, what was found on the way, and the lines of what a line holds one of.
    pub(super) fn end(mut self, reporter: Option<&str>) -> (Json<'static>, Vec<Finding>, GroupLines) {
        if let (Some(reporter), false) = (reporter, self.fields.iter().any(|(name, _)| name == "reporter")) {
            let reporter = Json::Text(Cow::Owned(reporter.to_owned()));
            self.fields.push((Cow::Borrowed("reporter"), reporter));
        }
        (Json::Object(self.fields), self.findings, self.lines)
    }

    /// Takes what the line holds one of; the first line when none is given.
    fn take_groups(&mut self, table: &Table, row: Option<&Row>) {
        for (group, shape) in &table.groups {
            let row = row.unwrap_or(&self.first);
            let stated = table.columns.iter().enumerate().any(|(place, column)| {
                column.target.row_group() == Some(group)
                    && !matches!(column.source, Source::Constant(_))
                    && row.states(place)
            });
            if !stated {
                continue;
            }
            let mut item = Fields::new();
            build(shape, table, row, &mut item, &mut self.findings);
            let line = row.line;
            if let Some(list) = entry(&mut self.fields, group) {
                match list {
                    Json::List(items) => items.push(Json::Object(item)),
                    other => *other = Json::List(vec![Json::Object(item)]),
                }
            }
            match self.lines.iter_mut().find(|(known, _)| known == group) {
                Some((_, lines)) => lines.push(line),
                None => self.lines.push((group, vec![line])),
            }
        }
    }

    fn found(&mut self, mechanism: Mechanism, path: &str, detail: &str) {
        self.findings
            .push(finding_without_release(mechanism, path.to_owned(), detail));
    }
}

/// Puts into `fields` what the columns of a shape state.
fn build(shape: &Shape, table: &Table, row: &Row, fields: &mut Fields, findings: &mut Vec<Finding>) {
    for single in &shape.single {
        let text = row.text(Some(single.column));
        let without_thing = single
            .only_with
            .as_ref()
            .is_some_and(|columns| !columns.iter().any(|column| row.states(*column)));
        if text.is_empty() || without_thing {
            continue;
        }
        let form = table
            .columns
            .get(single.column)
            .map_or(Form::Text, |column| column.target.field.form);
        insert(fields, &single.names, value(text, form));
    }
    for list in &shape.lists {
        let items = items(list, table, row, findings);
        if !items.is_empty() {
            insert(fields, &list.names, Json::List(items));
        }
    }
}

/// The items of a list: first those that stand together in cells, then those with a column of their own, by number.
fn items(list: &List, table: &Table, row: &Row, findings: &mut Vec<Finding>) -> Vec<Json<'static>> {
    let column = |part: &Part| table.columns.get(part.column);
    // A constant part is of items that others state; a constant text is an item itself.
    let is_constant = |part: &Part| {
        part.name.is_some() && column(part).is_some_and(|c| matches!(c.source, Source::Constant(_)))
    };
    let number = |part: &Part| column(part).and_then(|c| c.target.item);
    let together = || list.parts.iter().filter(|part| number(part).is_none());
    let counted = |counts: bool| {
        let parts = together().filter(move |part| part.counts == counts && !is_constant(part));
        parts
            .map(|part| row.of(part.column).len())
            .max()
            .unwrap_or_default()
    };
    let count = match counted(true) {
        0 => counted(false),
        count => count,
    };
    // By number of the item, then its place among those that stand together.
    let mut items: BTreeMap<(u16, usize), Parts<'_>> = BTreeMap::new();
    for part in together().filter(|part| !is_constant(part)) {
        let values = row.of(part.column);
        let is_for_all = values.len() == 1 && !part.counts;
        if values.len() != count && !is_for_all && !values.is_empty() {
            let path = column(part).map(|c| c.target.path()).unwrap_or_default();
            let detail = format!("{} values beside {count}", values.len());
            findings.push(finding_without_release(
                Mechanism::FormatUnreadable,
                path,
                &detail,
            ));
        }
        for (place, value) in values.iter().enumerate().filter(|_| values.len() == count) {
            items
                .entry((0, place))
                .or_default()
                .push((part.name.as_deref(), value));
        }
    }
    for part in &list.parts {
        if let (Some(number), [value]) = (number(part), row.of(part.column)) {
            items
                .entry((number, 0))
                .or_default()
                .push((part.name.as_deref(), value));
        }
    }
    items.retain(|_, parts| parts.iter().any(|(_, value)| !value.is_empty()));
    for part in together() {
        if let (false, [value]) = (part.counts, row.of(part.column)) {
            for parts in items.values_mut() {
                if !parts.iter().any(|(name, _)| *name == part.name.as_deref()) {
                    parts.push((part.name.as_deref(), value));
                }
            }
        }
    }
    items.into_values().map(item).collect()
}

/// An item of its parts; a text where it has none.
fn item(parts: Parts<'_>) -> Json<'static> {
    let text = |value: &str| Json::Text(Cow::Owned(value.to_owned()));
    match parts.as_slice() {
        [(None, value), ..] => text(value),
        _ => {
            let stated = parts.into_iter().filter(|(_, value)| !value.is_empty());
            let fields = stated.filter_map(|(name, value)| Some((Cow::Owned(name?.to_owned()), text(value))));
            Json::Object(fields.collect())
        }
    }
}

fn value(text: &str, form: Form) -> Json<'static> {
    match form {
        Form::Flag if text == "true" => Json::Flag(true),
        Form::Flag if text == "false" => Json::Flag(false),
        Form::Number => text.parse().map_or(Json::Number, Json::Count),
        Form::Text | Form::Date | Form::Flag => Json::Text(Cow::Owned(text.to_owned())),
    }
}

/// The field with a name, put in when it is not there.
fn entry<'f>(fields: &'f mut Fields, name: &str) -> Option<&'f mut Json<'static>> {
    let known = fields.iter().position(|(known, _)| known == name);
    let at = known.unwrap_or_else(|| {
        fields.push((Cow::Owned(name.to_owned()), Json::Null));
        fields.len() - 1
    });
    fields.get_mut(at).map(|(_, value)| value)
}

/// Puts a value where names lead.
fn insert(fields: &mut Fields, names: &[String], value: Json<'static>) {
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    let Some(found) = entry(fields, name) else {
        return;
    };
    if rest.is_empty() {
        *found = value;
        return;
    }
    if *found == Json::Null {
        *found = Json::Object(Vec::new());
    }
    if let Json::Object(inner) = found {
        insert(inner, rest, value);
    }
}
