//! Layouts: what the columns of a text file mean that was made for another register. A layout is data, of a release or
//! of whoever sends such files; nothing of any register stands in code.

mod read;

use vardnav_register::hash::Hash;
use vardnav_register::record::RecordKind;

pub use read::LayoutFinding;

use super::Table;
use super::column::{Column, IdForm, IdPart, Made, Source, Writing};
use super::encoding::Encoding;
use super::field::{Form, Target};

/// A text for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// In Swedish.
    pub sv: String,
    /// In English.
    pub en: String,
}

/// A layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What it is called.
    pub id: String,
    /// What files it is for.
    pub title: Text,
    /// Where its columns were taken from.
    pub source: String,
    /// How sure it is that files look so.
    pub certainty: String,
    /// The kind of record that a line states.
    pub kind: RecordKind,
    /// What stands between cells.
    pub separator: char,
    /// Whether cells may stand in quotes.
    pub quoting: bool,
    /// Whether a line with the names of the columns comes first.
    pub header: HeaderLine,
    /// How files are encoded.
    pub encoding: Encoding,
    /// The columns, in order.
    pub columns: Vec<LayoutColumn>,
    /// What is the same in every line.
    pub constants: Vec<(Target, String)>,
    /// How ids are made, where no column has them.
    record_id: Option<RecordId>,
    /// The column whose number tells what kind of number it is, where nothing else does.
    identity: Option<usize>,
}

/// What the first line of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderLine {
    /// A record as any: columns stand in the order of the layout.
    #[default]
    None,
    /// Something that is not read: columns stand in the order of the layout.
    Skipped,
    /// The names of the columns, which may stand in any order.
    Names,
}

/// A column of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutColumn {
    /// Its name.
    pub name: String,
    /// What it holds, for people.
    pub label: Text,
    /// What it states; nothing where it is passed over.
    pub states: Vec<(Target, Writing)>,
    /// Whether its cell may not be empty.
    pub required: bool,
    /// A cell as it may look.
    pub example: String,
}

impl LayoutColumn {
    /// What of its cells an id is made of.
    fn id_form(&self) -> IdForm {
        let number = self
            .states
            .iter()
            .find(|(target, _)| target.path() == "person.number");
        let date = self
            .states
            .iter()
            .find(|(target, _)| target.field.form == Form::Date);
        match (number, date) {
            (Some((_, writing)), _) => IdForm::Number(writing.clone()),
            (None, Some((_, writing))) => IdForm::Date(writing.clone()),
            (None, None) => IdForm::AsWritten,
        }
    }
}

/// How an id is made of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RecordId {
    prefix: String,
    /// The columns, by place.
    of: Vec<usize>,
    /// Whether it is a digest under a key of the reporter's own, so that nobody can try persons' numbers out against it.
    keyed: bool,
}

impl Layout {
    /// Reads the TOML of a layout.
    ///
    /// # Errors
    /// Everything that is wrong with it, by line.
    pub fn read(text: &str) -> Result<Self, Vec<LayoutFinding>> {
        read::read(text)
    }

    /// Whether files are read only with a key, as their records' ids are made under it.
    pub fn needs_key(&self) -> bool {
        self.record_id.as_ref().is_some_and(|id| id.keyed)
    }

    /// The table of a file whose lines hold the columns in order; or, when the first line names them, in its order.
    /// `None` when a column that lines need or ids are made of is not named, or is named twice.
    pub(super) fn table(&self, names: Option<&[&str]>, key: Option<&Hash>) -> Option<Table> {
        let place = |at: usize| match names {
            None => Some(at),
            Some(names) => {
                let name = &self.columns.get(at)?.name;
                let mut places = (0..).zip(names).filter(|(_, known)| *known == name);
                let place = places.next().map(|(place, _)| place);
                place.filter(|_| places.next().is_none())
            }
        };
        let mut columns = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let Some(place) = place(at) else {
                match column.required {
                    true => return None,
                    false => continue,
                }
            };
            columns.extend(
                (0..)
                    .zip(&column.states)
                    .map(|(number, (target, writing))| Column {
                        name: column.name.clone(),
                        source: Source::Cell(place),
                        target: target.clone(),
                        writing: writing.clone(),
                        // An empty cell is missed once, whatever else it would have stated.
                        required: column.required && number == 0,
                    }),
            );
        }
        columns.extend(
            self.constants
                .iter()
                .map(|(target, text)| Column::of_lines(target.clone(), Source::Constant(text.clone()))),
        );
        if let Some(id) = &self.record_id {
            let part = |at: &usize| {
                let form = self.columns.get(*at)?.id_form();
                place(*at).map(|cell| IdPart { cell, form })
            };
            let made = Made::Id {
                prefix: id.prefix.clone(),
                // Without one of its cells an id would be another, or that of several lines.
                parts: id.of.iter().map(part).collect::<Option<_>>()?,
                key: key.copied().filter(|_| id.keyed),
            };
            columns.push(Column::of_lines(Target::named("id")?, Source::Made(made)));
        }
        if let Some(cell) = self.identity.and_then(place) {
            let made = Made::IdentityType { cell };
            columns.push(Column::of_lines(
                Target::named("person.type")?,
                Source::Made(made),
            ));
        }
        let width = names.map_or(self.columns.len(), <[&str]>::len);
        Some(Table::new(columns, width))
    }
}
