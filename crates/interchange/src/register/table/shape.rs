//! How the columns of a table make a record: which of them are fields of their own, which together are the items of a
//! list, and which state what a line holds one of.

use super::column::{Column, Source};
use super::field::Step;

/// What columns make: a record, or one item of those that a line holds one of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shape {
    /// Fields of their own.
    pub(super) single: Vec<Single>,
    /// Lists.
    pub(super) lists: Vec<List>,
}

/// A field of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Single {
    /// The column, by place.
    pub(super) column: usize,
    /// The names that lead to the field.
    pub(super) names: Vec<String>,
    /// For a constant part of a thing, the columns that state whether there is the thing.
    pub(super) only_with: Option<Vec<usize>>,
}

/// A list: of texts, or of things with parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List {
    /// The names that lead to the list.
    pub(super) names: Vec<String>,
    /// Its columns.
    pub(super) parts: Vec<Part>,
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The column, by place.
    pub(super) column: usize,
    /// The name of the part; `None` in a list of texts.
    pub(super) name: Option<String>,
    /// Whether its values tell how many items there are.
    pub(super) counts: bool,
}

impl Shape {
    /// The shape of a record, and that of each group that a line holds one of.
    pub(super) fn of(columns: &[Column]) -> (Self, Vec<(&'static str, Self)>) {
        let mut record = Self::default();
        let mut groups: Vec<(&'static str, Self)> = Vec::new();
        for (place, column) in columns.iter().enumerate() {
            let shape = match column.target.row_group() {
                None => &mut record,
                Some(group) => {
                    if !groups.iter().any(|(known, _)| *known == group) {
                        groups.push((group, Self::default()));
                    }
                    match groups.iter_mut().find(|(known, _)| *known == group) {
                        Some((_, shape)) => shape,
                        None => continue,
                    }
                }
            };
            shape.take(place, column, columns);
        }
        (record, groups)
    }

    fn take(&mut self, place: usize, column: &Column, columns: &[Column]) {
        let mut names = Vec::new();
        let mut steps = column.target.steps().into_iter();
        while let Some(step) = steps.next() {
            match step {
                Step::Name(name) => names.push(name),
                // What a line holds one of is an object of its own.
                Step::Rows => names.clear(),
                Step::Items => {
                    let name = steps.next().and_then(|step| match step {
                        Step::Name(name) => Some(name),
                        Step::Items | Step::Rows => None,
                    });
                    self.take_part(place, names, name);
                    return;
                }
            }
        }
        let is_constant = matches!(column.source, Source::Constant(_));
        let only_with = column.target.part_of().filter(|_| is_constant).map(|group| {
            let stated = columns.iter().enumerate().filter(|(_, other)| {
                !matches!(other.source, Source::Constant(_))
                    && other.target.part_of().as_ref() == Some(&group)
            });
            stated.map(|(place, _)| place).collect()
        });
        self.single.push(Single {
            column: place,
            names,
            only_with,
        });
    }

    fn take_part(&mut self, column: usize, names: Vec<String>, name: Option<String>) {
        let part = Part {
            column,
            counts: matches!(name.as_deref(), None | Some("code" | "organisation")),
            name,
        };
        match self.lists.iter_mut().find(|list| list.names == names) {
            Some(list) => list.parts.push(part),
            None => self.lists.push(List {
                names,
                parts: vec![part],
            }),
        }
    }
}
