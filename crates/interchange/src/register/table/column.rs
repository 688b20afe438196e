//! A column of a table: where its cells stand, what they state, how they are written. From a cell to the texts that it
//! states; what is wrong with those is found by [`crate::register::read`].

use std::collections::BTreeMap;

use vardnav_register::finding::Finding;
use vardnav_register::hash::Hash;
use vardnav_register::text::shape;
use vardnav_register::validate::{Mechanism, finding_without_release};

use super::dates::DateForm;
use super::field::{Form, Target, VALUES};

/// Most values of one cell.
const VALUES_MAX: usize = 1_000;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it is called in the file or its layout.
    pub name: String,
    /// Where its values come from.
    pub source: Source,
    /// What it states.
    pub target: Target,
    /// How its cells are written.
    pub writing: Writing,
    /// Whether its cells may not be empty, though a record may do without.
    pub required: bool,
}

impl Column {
    /// A column that is no cell of the file.
    pub(super) fn of_lines(target: Target, source: Source) -> Self {
        Self {
            name: target.name(),
            source,
            writing: Writing::of_field(&target),
            target,
            required: false,
        }
    }
}

/// Where the values of a column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The cell at this place of a line, from 0.
    Cell(usize),
    /// The same in every line.
    Constant(String),
    /// Made of other cells of the line.
    Made(Made),
}

/// What is made of cells.
#[derive(Clone, PartialEq, Eq)]
pub enum Made {
    /// An id: these cells with `:` between them, and `_` before a `:` or `_` within them; or, under a key, a digest of
    /// them.
    Id {
        /// What it begins with.
        prefix: String,
        /// The cells.
        parts: Vec<IdPart>,
        /// The key.
        key: Option<Hash>,
    },
    /// The type of the identity number in a cell.
    IdentityType {
        /// The cell.
        cell: usize,
    },
}

/// A cell that an id is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPart {
    /// The cell.
    pub cell: usize,
    /// What of it the id is made of.
    pub form: IdForm,
}

/// What of a cell an id is made of, so that the same said in two ways gives one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdForm {
    /// The cell as it is written.
    AsWritten,
    /// The date, as `2026-09-01`.
    Date(Writing),
    /// The person's number, in its one form.
    Number(Writing),
}

impl std::fmt::Debug for Made {
    /// Never shows the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id { parts, .. } => f.debug_struct("Id").field("parts", parts).finish_non_exhaustive(),
            Self::IdentityType { cell } => f.debug_struct("IdentityType").field("cell", cell).finish(),
        }
    }
}

/// How the cells of a column are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    /// What separates several values; `None` when a cell holds one.
    pub several: Option<char>,
    /// How nothing is written, beside an empty cell.
    pub empty: Vec<String>,
    /// What its values stand for; then no other value may stand there. Empty when they stand for themselves.
    pub values: BTreeMap<String, String>,
    /// What values of a shape stand for, such as `AA999` for two letters and three digits, where `values` has none.
    pub shapes: BTreeMap<String, String>,
    /// How dates are written, beside `2026-09-01`.
    pub dates: Vec<DateForm>,
}

impl Writing {
    /// The writing of a table whose columns are named by the fields: values as they are, several with `|` between them.
    pub fn of_field(target: &Target) -> Self {
        Self {
            several: target.holds_several().then_some(VALUES),
            empty: Vec::new(),
            values: BTreeMap::new(),
            shapes: BTreeMap::new(),
            dates: Vec::new(),
        }
    }

    /// The values that a cell states; none where it is empty. What is wrong is found under `path`, and then passed on
    /// as nothing.
    pub(super) fn read(
        &self,
        cell: &str,
        form: Form,
        path: &str,
        findings: &mut Vec<Finding>,
    ) -> Vec<String> {
        if self.is_empty(cell) {
            return Vec::new();
        }
        let values = match self.several {
            Some(separator) => parts(cell, separator),
            None => vec![cell.to_owned()],
        };
        if values.len() > VALUES_MAX {
            let detail = format!("at most {VALUES_MAX} values in a cell");
            findings.push(finding_without_release(
                Mechanism::LimitTooMany,
                path.to_owned(),
                &detail,
            ));
            return Vec::new();
        }
        let one = |value: String| self.one(value, form, path, findings);
        values.into_iter().map(one).collect()
    }

    fn is_empty(&self, cell: &str) -> bool {
        cell.is_empty() || self.empty.iter().any(|empty| empty == cell)
    }

    fn one(&self, value: String, form: Form, path: &str, findings: &mut Vec<Finding>) -> String {
        if value.is_empty() {
            return value;
        }
        if !self.values.is_empty() || !self.shapes.is_empty() {
            let found = self
                .values
                .get(&value)
                .or_else(|| self.shapes.get(&shape(&value)));
            return found.cloned().unwrap_or_else(|| {
                let detail = format!("the layout says nothing of {}", shape(&value));
                let path = path.to_owned();
                findings.push(finding_without_release(
                    Mechanism::FormatUnreadable,
                    path,
                    &detail,
                ));
                String::new()
            });
        }
        match form {
            // What no form fits is left as it is, and then is no date.
            Form::Date => self
                .dates
                .iter()
                .find_map(|form| form.read(&value))
                .unwrap_or(value),
            Form::Text | Form::Number | Form::Flag => value,
        }
    }
}

/// The values of a cell that holds several; a `\` makes the separator or `\` after it part of a value.
fn parts(cell: &str, separator: char) -> Vec<String> {
    let mut values = Vec::new();
    let mut value = String::new();
    let mut characters = cell.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = characters.next_if(|next| character == '\\' && (*next == separator || *next == '\\'));
        if let Some(escaped) = escaped {
            value.push(escaped);
        } else if character == separator {
            values.push(std::mem::take(&mut value));
        } else {
            value.push(character);
        }
    }
    values.push(value);
    values
}

/// Values as one cell, which [`parts`] reads.
pub(super) fn joined<'v>(values: impl IntoIterator<Item = &'v str>) -> String {
    let mut cell = String::new();
    for (number, value) in values.into_iter().enumerate() {
        if number > 0 {
            cell.push(VALUES);
        }
        for character in value.chars() {
            if character == VALUES || character == '\\' {
                cell.push('\\');
            }
            cell.push(character);
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_joined_is_parted_again(values in proptest::collection::vec("[a|\\\\]{0,5}", 1..5)) {
            let cell = joined(values.iter().map(String::as_str));
            prop_assert_eq!(parts(&cell, VALUES), values);
        }
    }

    #[test]
    fn a_value_without_translation_is_found_by_its_shape() {
        let mut writing = Writing::of_field(&Target::named("person.sex").unwrap());
        writing.values = [("1".to_owned(), "male".to_owned())].into();
        writing.empty = vec!["9".to_owned()];
        let mut findings = Vec::new();
        let mut read = |cell: &str| writing.read(cell, Form::Text, "person.sex", &mut findings);
        assert_eq!(read("1"), ["male"]);
        assert!(read("9").is_empty() && read("").is_empty());
        assert_eq!(read("19821105-9954"), [""]);
        let message = &findings.first().unwrap().message;
        assert!(
            message.contains("99999999-9999") && !message.contains("1982"),
            "{message}"
        );
    }
}
