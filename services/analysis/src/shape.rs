//! The shape of the tables: the columns of the export under every published release together, so that a record of any
//! time has a place. A release adds columns and takes none away. Names are those of the export.

use std::collections::BTreeSet;

use jiff::civil::Date;
use vardnav_classification::model::Label;
use vardnav_interchange::export::{Column, Kind, Place, Table, tables_of};
use vardnav_register::record::RecordKind;
use vardnav_store::View;

/// Longest name that the database takes, in bytes.
const NAME_MAX: usize = 63;

/// The tables under some releases.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// The releases whose columns it has.
    pub(crate) releases: BTreeSet<String>,
    /// The tables.
    pub(crate) tables: Vec<Shaped>,
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Shaped {
    /// Its name in the database.
    pub(crate) name: String,
    /// The columns that it has beside the export's, which come before those.
    pub(crate) own: &'static [Own],
    /// The export's table, with the columns of all releases.
    pub(crate) table: Table,
}

/// A column that the export does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Own {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its type in the database.
    pub(crate) kind: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
}

const MONTH: Own = Own {
    name: "month",
    kind: "date",
    meaning: "månad: Första dagen i månaden för postens eller delens datum; tabellen är delad efter den.\n\
              month: First day of the month of the record's or part's date; the table is partitioned by it.",
};
const PERSON: Own = Own {
    name: "person",
    kind: "uuid",
    meaning: "person: Står för personen i dessa tabeller och ingen annanstans.\n\
              person: Stands for the person in these tables and nowhere else.",
};
const PART: Own = Own {
    name: "part",
    kind: "integer",
    meaning: "del: Delens ordning i posten, från 0.\npart: Index of the part in its record, from 0.",
};
/// What tables of records have beside the export's columns.
const OF_RECORDS: &[Own] = &[MONTH, PERSON];
/// What the table of parts has.
const OF_PARTS: &[Own] = &[MONTH, PERSON, PART];

impl Shape {
    /// The tables under the releases of a view, the oldest first: of what several say the newest is told.
    pub(crate) fn of(view: &View) -> Self {
        let mut releases: Vec<_> = view.releases().collect();
        releases.sort_by(|one, other| (one.from, &one.id).cmp(&(other.from, &other.id)));
        let tables = releases
            .iter()
            .map(|release| tables_of(release.description.source(), &release.register));
        Self {
            releases: releases.iter().map(|release| release.id.clone()).collect(),
            tables: together(tables),
        }
    }

    /// Whether it has the columns of every release of a view: a published release never changes.
    pub(crate) fn is_of(&self, view: &View) -> bool {
        view.releases().all(|release| self.releases.contains(&release.id))
    }

    /// The table of a kind of records; `None` for that of parts.
    pub(crate) fn table(&self, kind: Option<RecordKind>) -> Option<(usize, &Shaped)> {
        let mut tables = self.tables.iter().enumerate();
        tables.find(|(_, shaped)| shaped.table.kind == kind)
    }
}

impl Shaped {
    /// Names of all columns, in the order of their values.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.own.iter().map(|own| own.name);
        own.chain(self.table.columns.iter().map(|column| column.name.as_str()))
    }

    /// Name, type and meaning of every column.
    pub(crate) fn described(&self) -> impl Iterator<Item = (&str, String, String)> {
        let own = self
            .own
            .iter()
            .map(|own| (own.name, own.kind.to_owned(), own.meaning.to_owned()));
        let columns = self.table.columns.iter();
        own.chain(columns.map(|column| (column.name.as_str(), kind(column), meaning(column))))
    }
}

/// The tables of several releases as one.
fn together(releases: impl Iterator<Item = Vec<Table>>) -> Vec<Shaped> {
    let mut shaped: Vec<Shaped> = Vec::new();
    for table in releases.flatten() {
        match shaped.iter_mut().find(|known| known.table.kind == table.kind) {
            Some(known) => {
                for column in table.columns {
                    add(known.own, &mut known.table.columns, column);
                }
                known.table.named.extend(table.named);
                known.table.label = table.label;
            }
            None => shaped.push(first(table)),
        }
    }
    shaped
}

fn first(table: Table) -> Shaped {
    let own = match table.kind {
        Some(_) => OF_RECORDS,
        None => OF_PARTS,
    };
    let mut columns = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        add(own, &mut columns, column);
    }
    // By these rows are found again, whatever the release collects.
    for (name, kind) in [("id", Kind::Text), ("revision", Kind::Integer)] {
        if !columns.iter().any(|column| column.place == Place::Line(name)) {
            add(own, &mut columns, bare(name, kind));
        }
    }
    Shaped {
        name: table.name.replace('-', "_"),
        own,
        table: Table { columns, ..table },
    }
}

/// Adds a column; one that is there already is told as the newer release tells it, and becomes a list when it is one in
/// any.
fn add(own: &[Own], columns: &mut Vec<Column>, column: Column) {
    if let Some(known) = columns.iter_mut().find(|known| known.place == column.place) {
        *known = Column {
            name: known.name.clone(),
            list: known.list || column.list,
            from: known.from.min(column.from),
            ..column
        };
        return;
    }
    let taken =
        |name: &str| own.iter().any(|own| own.name == name) || columns.iter().any(|known| known.name == name);
    let base = shortened(&column.name);
    let mut name = base.clone();
    let mut number = 2;
    while taken(&name) {
        name = format!("{base}_{number}");
        number += 1;
    }
    columns.push(Column { name, ..column });
}

/// A name that leaves room for a number.
fn shortened(name: &str) -> String {
    name.chars().take(NAME_MAX - 5).collect()
}

fn bare(name: &'static str, kind: Kind) -> Column {
    Column {
        name: name.to_owned(),
        place: Place::Line(name),
        kind,
        list: false,
        of: String::new(),
        label: Label::default(),
        description: Label::default(),
        codes: String::new(),
        from: None,
        until: None,
        legal_basis: String::new(),
    }
}

/// The type of a column in the database.
fn kind(column: &Column) -> String {
    let kind = match column.kind {
        Kind::Text => "text",
        Kind::Date => "date",
        Kind::Boolean => "boolean",
        Kind::Integer => "bigint",
        Kind::Instant => "timestamp with time zone",
    };
    match column.list {
        true => format!("{kind}[]"),
        false => kind.to_owned(),
    }
}

/// What a column holds, for people: in Swedish, in English, its codes, and where it is from.
fn meaning(column: &Column) -> String {
    let told = |label: &str, description: &str| match (label, description) {
        (label, "") => label.to_owned(),
        ("", description) => description.to_owned(),
        (label, description) => format!("{label}: {description}"),
    };
    let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let named = |name: &str, value: &str| match value.is_empty() {
        true => String::new(),
        false => format!("{name}: {value}"),
    };
    let period = match (column.from, column.until) {
        (None, None) => String::new(),
        (from, until) => format!("{}–{}", date(from), date(until)),
    };
    let lines = [
        told(&column.label.sv, &column.description.sv),
        told(&column.label.en, &column.description.en),
        named("koder/codes", &column.codes),
        named("variabel/variable", &column.of),
        named("rättslig grund/legal basis", &column.legal_basis),
        named("samlas in/collected", &period),
    ];
    let lines: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, place: Place, list: bool) -> Column {
        Column {
            name: name.to_owned(),
            place,
            list,
            ..bare("x", Kind::Text)
        }
    }

    fn table(columns: Vec<Column>) -> Table {
        Table {
            name: "care-request".to_owned(),
            label: Label::default(),
            kind: Some(RecordKind::CareRequest),
            columns,
            named: BTreeSet::new(),
        }
    }

    #[test]
    fn releases_add_columns_and_take_none_away() {
        let path = |path: &str| Place::Record(path.to_owned());
        let older = table(vec![
            column("id", Place::Line("id"), false),
            column("a_b", path("a.b"), false),
            column("gone", path("gone"), false),
        ]);
        let newer = table(vec![
            column("a_b", path("a-b"), false),
            column("a_b_2", path("a.b"), true),
            column("month", path("month"), false),
        ]);
        let shaped = together([vec![older], vec![newer]].into_iter());
        let names: Vec<&str> = shaped[0].names().collect();
        assert_eq!(shaped[0].name, "care_request");
        let wanted = [
            "month", "person", "id", "a_b", "gone", "revision", "a_b_2", "month_2",
        ];
        assert_eq!(names, wanted);
        let columns = &shaped[0].table.columns;
        assert_eq!(columns[1].place, path("a.b"), "a column keeps its name");
        assert!(
            columns[1].list,
            "it is a list as soon as it is one in some release"
        );
    }
}
