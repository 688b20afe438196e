//! Which tables and columns an export has: for each kind of record the register's own columns and the release's variables
//! of that kind; for the parts that are classified the release's tables and axes. A variable that is not named here is a
//! list of texts, so that a new one in a release needs no new code.

use std::collections::BTreeSet;

use jiff::civil::Date;
use vardnav_classification::model::{
    Axis, Derivation, DescriptionSource, HitPolicy, Label, Table as DecisionTable,
};
use vardnav_register::definition::{RegisterDefinition, Variable};
use vardnav_register::record::RecordKind;
use vardnav_release::source::ReleaseSource;

/// Variables with one value, and what that is.
const SINGLE: &[(&str, Kind)] = &[
    ("id", Kind::Text),
    ("revision", Kind::Integer),
    ("residence", Kind::Text),
    ("provider", Kind::Text),
    ("unit", Kind::Text),
    ("start", Kind::Date),
    ("end", Kind::Date),
    ("date", Kind::Date),
    ("end_mode", Kind::Text),
    ("decided_by", Kind::Text),
    ("episode", Kind::Text),
    ("delegated", Kind::Boolean),
    ("reason", Kind::Text),
    ("requested", Kind::Date),
    ("first_contact", Kind::Boolean),
    ("ordered_by", Kind::Text),
    ("thresholds", Kind::Boolean),
    ("response_duty", Kind::Boolean),
    ("assessed_alarms", Kind::Integer),
    ("problem", Kind::Text),
    ("channel", Kind::Text),
    ("contacted", Kind::Date),
    ("assessed", Kind::Date),
    ("ending", Kind::Text),
    ("ended", Kind::Date),
];
/// Last names in the paths of variables that are dates wherever they stand in a list.
const DATES: &[&str] = &["start", "end", "from", "until"];
/// What the paths of variables begin with that stay in the vault.
const PERSON: &str = "person.";

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text or a code.
    Text,
    /// A calendar date.
    Date,
    /// Yes or no.
    Boolean,
    /// A whole number.
    Integer,
    /// An instant in UTC.
    Instant,
}

/// Where a column's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A field of the line.
    Line(&'static str),
    /// A path in the record.
    Record(String),
    /// A field of the part.
    Part(&'static str),
    /// The value that a table gave.
    Value(String),
    /// The rule by which it gave it.
    Rule(String),
    /// Tables that wait for facts.
    Held,
    /// The fact of an axis.
    Fact(String),
    /// Tables and axes of other releases, as `name=value`.
    Other,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name: `a–z 0–9 _`.
    pub name: String,
    /// Where its value comes from.
    pub place: Place,
    /// What its values are.
    pub kind: Kind,
    /// Whether it is a list.
    pub list: bool,
    /// Id of the variable, axis or table that it holds; empty for the register's own.
    pub of: String,
    /// Name for people.
    pub label: Label,
    /// What it means.
    pub description: Label,
    /// Where its codes come from, or which there are.
    pub codes: String,
    /// First date on which it is collected.
    pub from: Option<Date>,
    /// First date on which it no longer is.
    pub until: Option<Date>,
    /// Legal basis.
    pub legal_basis: String,
}

/// A table: one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name, which that of the file begins with.
    pub name: String,
    /// What a row is.
    pub label: Label,
    /// The kind of record whose rows it has; `None` for the table of parts.
    pub kind: Option<RecordKind>,
    /// Columns.
    pub columns: Vec<Column>,
    /// Ids of the axes and tables that have columns of their own.
    pub named: BTreeSet<String>,
}

/// The tables of an export under a release: one for each kind of record that has variables, and that of parts.
pub fn tables(release: &ReleaseSource) -> Vec<Table> {
    tables_of(&release.description, &release.register)
}

/// As [`tables`], of a release of which only its axes and tables and its variables are at hand.
pub fn tables_of(description: &DescriptionSource, register: &RegisterDefinition) -> Vec<Table> {
    let mut kinds: Vec<RecordKind> = Vec::new();
    for variable in &register.variables {
        kinds.extend(&variable.kinds);
    }
    kinds.sort_unstable();
    kinds.dedup();
    let mut tables: Vec<Table> = kinds.into_iter().map(|kind| of_kind(register, kind)).collect();
    tables.push(of_parts(description));
    tables
}

fn of_kind(register: &RegisterDefinition, kind: RecordKind) -> Table {
    let mut columns = vec![own(
        "reporter",
        Place::Line("reporter"),
        Kind::Text,
        ("uppgiftslämnare", "Uppgiftslämnaren vars post det är."),
        ("reporter", "The reporter whose record it is."),
    )];
    let variables = register.variables.iter();
    let variables =
        variables.filter(|variable| variable.kinds.contains(&kind) && !variable.path.starts_with(PERSON));
    columns.extend(variables.map(|variable| of_variable(register, variable)));
    columns.extend(received());
    unique(&mut columns);
    Table {
        name: kind.name().to_owned(),
        label: label(
            "En post som den gäller vid exporten; varje post finns en gång, i månaden då den börjar.",
            "A record as it stands at the export; each is there once, in the month that it begins in.",
        ),
        kind: Some(kind),
        columns,
        named: BTreeSet::new(),
    }
}

/// What the register adds to each record.
fn received() -> [Column; 8] {
    [
        own(
            "position",
            Place::Line("position"),
            Kind::Integer,
            ("position", "Postens plats i uppgiftslämnarens ström."),
            ("position", "Place of the record in the reporter's stream."),
        ),
        own(
            "received",
            Place::Line("received"),
            Kind::Instant,
            ("mottagen", "När registret tog emot posten."),
            ("received", "When the register took the record."),
        ),
        own(
            "outcome",
            Place::Line("outcome"),
            Kind::Text,
            (
                "utfall",
                "accepted: mottagen; held: mottagen, men något härlett värde väntar.",
            ),
            (
                "outcome",
                "accepted; held: accepted, and some derived value waits.",
            ),
        ),
        own(
            "leaf",
            Place::Line("leaf"),
            Kind::Text,
            ("löv", "Postens löv i Merkleträdet, som kvittot bevisar."),
            (
                "leaf",
                "The record's leaf in the Merkle tree, which the receipt proves.",
            ),
        ),
        own(
            "sex",
            Place::Line("sex"),
            Kind::Text,
            ("juridiskt kön", "female, male eller unspecified."),
            ("legal sex", "female, male or unspecified."),
        ),
        own(
            "age",
            Place::Line("age"),
            Kind::Integer,
            ("ålder", "Fyllda år på postens datum."),
            ("age", "Completed years on the record's date."),
        ),
        own(
            "residence_known",
            Place::Line("residence"),
            Kind::Text,
            (
                "folkbokföringskommun på postens datum",
                "Som posten anger den, annars som befolkningsregistret hade den när posten togs emot.",
            ),
            (
                "kommun of residence on the record's date",
                "As the record states it, else as the population register had it when the record was taken.",
            ),
        ),
        own(
            "residence_source",
            Place::Line("residence_source"),
            Kind::Text,
            (
                "folkbokföringskommunens källa",
                "stated: angiven i posten; population: ur befolkningsregistret.",
            ),
            (
                "source of the residence",
                "stated: in the record; population: from the population register.",
            ),
        ),
    ]
}

fn of_variable(register: &RegisterDefinition, variable: &Variable) -> Column {
    let single = SINGLE.iter().find(|(path, _)| *path == variable.path);
    let is_date = || {
        let (_, last) = variable.path.rsplit_once('.').unwrap_or_default();
        DATES.contains(&last)
    };
    let kind = match single {
        Some((_, kind)) => *kind,
        None if is_date() => Kind::Date,
        None => Kind::Text,
    };
    let place = match variable.path.as_str() {
        "id" => Place::Line("id"),
        "revision" => Place::Line("revision"),
        path => Place::Record(path.to_owned()),
    };
    Column {
        name: name_of(&variable.path),
        place,
        kind,
        list: single.is_none(),
        of: variable.id.clone(),
        label: variable.label.clone(),
        description: variable.definition.clone(),
        codes: variable.code_systems.join(" "),
        from: Some(variable.from),
        until: variable.until,
        legal_basis: legal_basis(register, variable),
    }
}

/// The citations of the bases of a variable, each with the registers that it is for.
fn legal_basis(register: &RegisterDefinition, variable: &Variable) -> String {
    let told = variable.bases.iter().map(|stated| {
        let mut bases = register.legal_bases.iter();
        let basis = bases.find(|basis| basis.id == stated.legal_basis);
        let citation = basis.map_or(&stated.legal_basis, |basis| &basis.citation);
        match stated.registers.is_empty() {
            true => citation.clone(),
            false => format!("{citation} ({})", stated.registers.join(", ")),
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

fn of_parts(description: &DescriptionSource) -> Table {
    let key =
        |name: &'static str, kind, sv: &str, en: &str| own(name, Place::Line(name), kind, (sv, ""), (en, ""));
    let mut columns = vec![
        key("reporter", Kind::Text, "uppgiftslämnare", "reporter"),
        key("kind", Kind::Text, "postens slag", "kind of record"),
        key("id", Kind::Text, "postens id", "record id"),
        key("revision", Kind::Integer, "revision", "revision"),
        own(
            "segment",
            Place::Part("segment"),
            Kind::Integer,
            (
                "segment",
                "Segmentets ordning i episoden, från 0; saknas för andra delar.",
            ),
            (
                "segment",
                "Index of the segment in its episode, from 0; missing for other parts.",
            ),
        ),
        own(
            "date",
            Place::Part("date"),
            Kind::Date,
            ("datum", "Delens första dag, som väljer utgåva."),
            ("date", "First day of the part, which chooses the release."),
        ),
        own(
            "release",
            Place::Part("release"),
            Kind::Text,
            ("utgåva", "Utgåvan vars tabeller gav värdena."),
            ("release", "The release whose tables gave the values."),
        ),
    ];
    for table in &description.tables {
        columns.extend(of_table(table));
    }
    columns.extend(description.axes.iter().map(of_axis));
    columns.push(Column {
        list: true,
        ..own(
            "held",
            Place::Held,
            Kind::Text,
            (
                "väntar",
                "Tabeller som inte kunde avgöras, eftersom fakta saknas.",
            ),
            ("held", "Tables that could not decide, because facts are missing."),
        )
    });
    columns.push(Column {
        list: true,
        ..own(
            "other",
            Place::Other,
            Kind::Text,
            ("övrigt", "Tabeller och axlar i andra utgåvor, som namn=värde."),
            ("other", "Tables and axes of other releases, as name=value."),
        )
    });
    unique(&mut columns);
    let tables = description.tables.iter().map(|table| table.id.clone());
    let axes = description.axes.iter().map(|axis| axis.id.clone());
    Table {
        name: "parts".to_owned(),
        label: label(
            "En klassificerad del av en post: en kontakt, ett segment, en övervakningsperiod.",
            "A classified part of a record: a contact, a segment, a monitoring period.",
        ),
        kind: None,
        columns,
        named: tables.chain(axes).collect(),
    }
}

fn of_table(table: &DecisionTable) -> Vec<Column> {
    let name = name_of(&table.id);
    let values = table
        .values
        .iter()
        .map(|value| (value.code.as_str(), value.label.sv.as_str()));
    let value = Column {
        list: table.hit_policy == HitPolicy::Collect,
        of: table.id.clone(),
        label: table.label.clone(),
        codes: codes(values),
        ..own(
            &name,
            Place::Value(table.id.clone()),
            Kind::Text,
            ("", "Härlett av utgåvans beslutstabell."),
            ("", "Derived by the release's decision table."),
        )
    };
    let rule = Column {
        of: table.id.clone(),
        ..own(
            &format!("{name}_rule"),
            Place::Rule(table.id.clone()),
            Kind::Text,
            ("regel", "Regeln som gav värdet."),
            ("rule", "The rule that gave the value."),
        )
    };
    match table.hit_policy {
        HitPolicy::Collect => vec![value],
        HitPolicy::First => vec![value, rule],
    }
}

fn of_axis(axis: &Axis) -> Column {
    let values = axis
        .values
        .iter()
        .map(|value| (value.code.as_str(), value.label.sv.as_str()));
    Column {
        // Who holds a role jointly is of several kinds, also where one is stated.
        list: axis.multiple || matches!(axis.derivation, Some(Derivation::PrincipalKind { .. })),
        of: axis.id.clone(),
        label: axis.label.clone(),
        description: axis.definition.clone(),
        codes: codes(values),
        ..own(
            &format!("axis_{}", name_of(&axis.id)),
            Place::Fact(axis.id.clone()),
            Kind::Text,
            ("", ""),
            ("", ""),
        )
    }
}

fn own(name: &str, place: Place, kind: Kind, sv: (&str, &str), en: (&str, &str)) -> Column {
    Column {
        name: name.to_owned(),
        place,
        kind,
        list: false,
        of: String::new(),
        label: label(sv.0, en.0),
        description: label(sv.1, en.1),
        codes: String::new(),
        from: None,
        until: None,
        legal_basis: String::new(),
    }
}

fn label(sv: &str, en: &str) -> Label {
    Label {
        sv: sv.to_owned(),
        en: en.to_owned(),
    }
}

fn codes<'a>(values: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let values: Vec<String> = values.map(|(code, label)| format!("{code} = {label}")).collect();
    values.join("; ")
}

/// A name that every reader of columns takes.
fn name_of(id: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    id.chars().map(plain).collect()
}

/// Columns whose names fall together get numbers.
fn unique(columns: &mut [Column]) {
    let mut taken = BTreeSet::new();
    for column in columns {
        let base = column.name.clone();
        let mut number = 2;
        while !taken.insert(column.name.clone()) {
            column.name = format!("{base}_{number}");
            number += 1;
        }
    }
}
