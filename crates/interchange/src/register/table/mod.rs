//! Records as lines of cells: CSV whose columns are named by the fields of a record, and the text files of today's
//! registers, which a layout tells the meaning of. A line becomes the tree that an NDJSON line is, so that what is
//! wrong with it is found in the same words.
//!
//! A record is one line. Only an episode may go over several that stand together, with the same reporter, kind, id
//! and revision: then each of them states one plan, one responsibility, one segment at most, and what the first says of
//! the episode itself is repeated or left empty. A line that cannot be read spoils the episodes that stand beside it
//! too, since it may be part of them: half an episode is never read.
//!
//! Where ids are made of cells, two lines of a file never give the same record: the later one is refused, also when it
//! says the same, since nobody but the sender can tell whether it is a line too many or another measure.

pub mod column;
pub mod dates;
mod draft;
pub mod encoding;
pub mod field;
mod given;
mod header;
pub mod layout;
mod made;
mod rows;
mod shape;
pub mod split;
pub mod write;

use std::sync::Arc;

use vardnav_register::hash::Hash;
use vardnav_register::record::RecordKind;

use column::{Column, Made, Source};
use encoding::Encoding;
pub use header::separator_of;
use layout::Layout;
pub use rows::Rows;
use shape::Shape;

/// How a table is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableForm {
    /// CSV whose header names fields; of records of a kind, where no column states it.
    Csv {
        /// How it is encoded.
        encoding: Encoding,
        /// The kind.
        kind: Option<RecordKind>,
    },
    /// A text file of a layout.
    Text(TextFile),
}

/// A text file of a layout.
#[derive(Clone, PartialEq, Eq)]
pub struct TextFile {
    /// The layout.
    pub layout: Arc<Layout>,
    /// How it is encoded, where other than the layout says.
    pub encoding: Option<Encoding>,
    /// The key under which ids are made, where the layout needs one.
    pub key: Option<Hash>,
}

impl std::fmt::Debug for TextFile {
    /// Never shows the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextFile")
            .field("layout", &self.layout.id)
            .finish_non_exhaustive()
    }
}

impl TableForm {
    fn encoding(&self) -> Encoding {
        match self {
            Self::Csv { encoding, .. } => *encoding,
            Self::Text(file) => file.encoding.unwrap_or(file.layout.encoding),
        }
    }
}

/// The lines of what a line holds one of, by group.
pub(super) type GroupLines = Vec<(&'static str, Vec<u64>)>;

/// A table whose columns are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns that state something.
    columns: Vec<Column>,
    /// What they make of a record, and of each group that a line holds one of.
    record: Shape,
    groups: Vec<(&'static str, Shape)>,
    /// Cells of a line.
    width: usize,
    /// What lines are told apart by.
    key: Key,
}

/// The columns, by place in [`Table::columns`], that tell which record a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Key {
    kind: Option<usize>,
    reporter: Option<usize>,
    id: Option<usize>,
    revision: Option<usize>,
}

impl Table {
    fn new(columns: Vec<Column>, width: usize) -> Self {
        let of = |name: &str| columns.iter().position(|column| column.target.name() == name);
        let key = Key {
            kind: of("kind"),
            reporter: of("reporter"),
            id: of("id"),
            revision: of("revision"),
        };
        let (record, groups) = Shape::of(&columns);
        Self {
            columns,
            record,
            groups,
            width,
            key,
        }
    }

    /// Whether ids are made of the cells of lines.
    fn makes_ids(&self) -> bool {
        let id = self.key.id.and_then(|at| self.columns.get(at));
        id.is_some_and(|column| matches!(column.source, Source::Made(Made::Id { .. })))
    }

    /// The name of the column that a path of a finding leads to; `None` when no cell is about it.
    pub(super) fn column_of(&self, path: &str) -> Option<&str> {
        let (bare, place) = without_places(path);
        let of_file = || {
            self.columns
                .iter()
                .filter(|column| matches!(column.source, Source::Cell(_)))
        };
        let exact: Vec<&Column> = of_file().filter(|column| column.target.path() == bare).collect();
        // Several columns hold one item each, in order.
        let numbered = exact.get(place).filter(|column| column.target.item.is_some());
        let within = || {
            of_file().find(|column| {
                let path = column.target.path();
                let inside = |outer: &str, inner: &str| {
                    inner
                        .strip_prefix(outer)
                        .is_some_and(|rest| rest.starts_with('.'))
                };
                inside(&bare, &path) || inside(&path, &bare)
            })
        };
        let found = numbered.or_else(|| exact.first()).copied().or_else(within);
        found.map(|column| column.name.as_str())
    }
}

/// A path without the places in lists, and the last of those.
fn without_places(path: &str) -> (String, usize) {
    let mut bare = String::with_capacity(path.len());
    let mut place = 0;
    for (number, part) in path.split('[').enumerate() {
        match part.split_once(']') {
            Some((at, rest)) if number > 0 => {
                place = at.parse().unwrap_or_default();
                bare.push_str(rest);
            }
            _ => bare.push_str(part),
        }
    }
    (bare, place)
}
