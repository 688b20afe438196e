//! What is made of the cells of a line where no column states it: ids, and what kind of number identifies a person.

use std::borrow::Cow;

use jiff::civil::Date;
use vardnav_register::hash::{Hash, sha256};
use vardnav_register::identity::normalise;
use vardnav_register::record::{IdentityType, Person};

use super::column::{IdForm, IdPart, Made, Writing};
use super::field::Form;

/// Stands between the parts of an id without key.
const BETWEEN: char = ':';
/// Stands before a character of a part that means something in an id.
const ESCAPE: char = '_';

/// Letters of a made id: no run of them can be taken for a number.
const LETTERS: &[u8; 16] = b"abcdefghijklmnop";

impl Made {
    /// What is made of a line; empty where it has nothing to be made of.
    pub(super) fn of(&self, cells: &[Cow<'_, str>]) -> String {
        let cell = |at: usize| cells.get(at).map_or("", |cell| cell.as_ref());
        match self {
            Self::IdentityType { cell: at } => identity_type(cell(*at)).to_owned(),
            Self::Id { prefix, parts, key } => {
                let parts = values(parts, cell);
                if parts.iter().all(String::is_empty) {
                    return String::new();
                }
                match key {
                    None => format!("{prefix}{}", joined(&parts)),
                    Some(key) => format!("{prefix}{}", digest(key, &parts)),
                }
            }
        }
    }
}

/// What an id is made of. The century of a ten-digit number is told by the first date among it, not by the day of
/// reading, so that the id stays the same.
fn values<'c>(parts: &[IdPart], cell: impl Fn(usize) -> &'c str) -> Vec<String> {
    let date = |writing: &Writing, at| first(writing, cell(at), Form::Date);
    let mut dates = parts.iter().filter_map(|part| match &part.form {
        IdForm::Date(writing) => date(writing, part.cell).parse::<Date>().ok(),
        IdForm::AsWritten | IdForm::Number(_) => None,
    });
    let day = dates.next().unwrap_or(Date::MAX);
    let value = |part: &IdPart| match &part.form {
        IdForm::AsWritten => cell(part.cell).to_owned(),
        IdForm::Date(writing) => date(writing, part.cell),
        IdForm::Number(writing) => one_form(first(writing, cell(part.cell), Form::Text), day),
    };
    parts.iter().map(value).collect()
}

/// The value that a cell states. What is wrong with it is found where the column is read.
fn first(writing: &Writing, cell: &str, form: Form) -> String {
    let values = writing.read(cell, form, "", &mut Vec::new());
    values.into_iter().next().unwrap_or_default()
}

/// A person's number in its one form; one that is wrong without what stands between its digits.
fn one_form(number: String, day: Date) -> String {
    let identity_type = match identity_type(&number) {
        "personnummer" => IdentityType::Personnummer,
        "samordningsnummer" => IdentityType::Samordningsnummer,
        _ => IdentityType::Reserve,
    };
    let person = Person {
        identity_type,
        identity: number,
        sex: None,
        birth_date: None,
        protected: false,
    };
    match normalise(&person, day) {
        Ok(number) => number.reveal().to_owned(),
        Err(_) => person.identity.replace(['-', ' '], ""),
    }
}

/// Parts as one text, from which they can be told again.
fn joined(parts: &[String]) -> String {
    let mut text = String::new();
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            text.push(BETWEEN);
        }
        for character in part.chars() {
            if matches!(character, BETWEEN | ESCAPE) {
                text.push(ESCAPE);
            }
            text.push(character);
        }
    }
    text
}

/// A digest of parts under a key, in 32 letters.
fn digest(key: &Hash, parts: &[String]) -> String {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    let inner = sha256(&[key, b"vardnav record id", &bytes]);
    let hash = sha256(&[key, &inner]);
    let letter = |nibble: u8| LETTERS.get(usize::from(nibble)).copied().map_or('a', char::from);
    let bytes = hash.iter().take(16);
    bytes
        .flat_map(|byte| [letter(byte >> 4), letter(byte & 15)])
        .collect()
}

/// The kind of an identity number by its form: in a samordningsnummer 60 is added to the day, and what is not ten or
/// twelve digits is a reserve number. Whether it is right is for the register to find.
fn identity_type(number: &str) -> &'static str {
    if number.is_empty() {
        return "";
    }
    let bare: Vec<u8> = number
        .bytes()
        .filter(|byte| !matches!(byte, b'-' | b'+' | b' '))
        .collect();
    let short = match bare.as_slice() {
        [_, _, rest @ ..] if bare.len() == 12 => rest,
        all => all,
    };
    match short {
        digits if digits.len() != 10 || !digits.iter().all(u8::is_ascii_digit) => "reserve",
        [_, _, _, _, b'6'..=b'9', ..] => "samordningsnummer",
        _ => "personnummer",
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use vardnav_register::text::is_id;

    use super::*;
    use crate::register::table::field::Target;

    #[test]
    fn numbers_tell_their_kind() {
        for (number, kind) in [
            ("19821105-9954", "personnummer"),
            ("8211059954", "personnummer"),
            ("701063-2391", "samordningsnummer"),
            ("197010632391", "samordningsnummer"),
            ("19820101-AB12", "reserve"),
            ("R1", "reserve"),
            ("", ""),
        ] {
            assert_eq!(identity_type(number), kind, "{number}");
        }
    }

    #[test]
    fn a_keyed_id_depends_on_key_and_cells_and_tells_nothing() {
        let id = |key: u8, cells: &[&str]| {
            let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| Cow::Borrowed(*cell)).collect();
            let made = Made::Id {
                prefix: "m-".to_owned(),
                parts: as_written(cells.len()),
                key: Some([key; 32]),
            };
            made.of(&cells)
        };
        let one = id(1, &["19821105-9954", "QX001"]);
        assert_eq!(one, id(1, &["19821105-9954", "QX001"]));
        assert_eq!(one.len(), 34);
        assert!(one.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        assert_ne!(one, id(2, &["19821105-9954", "QX001"]));
        assert_ne!(one, id(1, &["19821105-9954Q", "X001"]));
        assert_eq!(id(1, &["", ""]), "");
    }

    fn as_written(cells: usize) -> Vec<IdPart> {
        let part = |cell| IdPart {
            cell,
            form: IdForm::AsWritten,
        };
        (0..cells).map(part).collect()
    }

    #[test]
    fn the_same_number_and_date_give_one_id_however_written() {
        let mut writing = Writing::of_field(&Target::named("date").unwrap());
        writing.dates = vec!["YYYYMMDD".parse().unwrap()];
        let forms = [
            IdForm::Number(Writing::of_field(&Target::named("person.number").unwrap())),
            IdForm::Date(writing),
        ];
        let id = |number: &str, date: &str| {
            let parts = (0..).zip(forms.clone());
            let made = Made::Id {
                prefix: String::new(),
                parts: parts.map(|(cell, form)| IdPart { cell, form }).collect(),
                key: Some([1; 32]),
            };
            made.of(&[Cow::Borrowed(number), Cow::Borrowed(date)])
        };
        let one = id("19821105-9954", "2026-09-01");
        for number in ["198211059954", "19821105-9954", "821105-9954"] {
            for date in ["20260901", "2026-09-01"] {
                assert_eq!(id(number, date), one, "{number} {date}");
            }
        }
        assert_ne!(id("821105+9954", "20260901"), one);
        assert_ne!(id("19821105-9954", "20260902"), one);
        // Wrong numbers and reserve numbers too.
        assert_eq!(id("19821105-9955", "20260901"), id("198211059955", "20260901"));
        assert_eq!(id("19820101-ab12", "20260901"), id("19820101AB12", "20260901"));
    }

    proptest! {
        #[test]
        fn other_parts_give_another_id(
            one in vec("[ab:_-]{0,4}", 2),
            other in vec("[ab:_-]{0,4}", 2),
        ) {
            let id = |parts: &[String]| {
                let made = Made::Id { prefix: "b-".to_owned(), parts: as_written(2), key: None };
                made.of(&parts.iter().map(|part| Cow::Borrowed(part.as_str())).collect::<Vec<_>>())
            };
            prop_assert_eq!(id(&one) == id(&other), one == other);
            prop_assert!(id(&one).is_empty() || is_id(&id(&one)));
        }
    }

    #[test]
    fn parts_that_read_alike_in_a_row_are_told_apart() {
        let id = |cells: &[&str]| {
            let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| Cow::Borrowed(*cell)).collect();
            let made = Made::Id {
                prefix: String::new(),
                parts: as_written(2),
                key: None,
            };
            made.of(&cells)
        };
        assert_eq!(id(&["SE2321000131-P1", "7"]), "SE2321000131-P1:7");
        assert_eq!(id(&["a-b", "c"]), "a-b:c");
        assert_eq!(id(&["a", "b-c"]), "a:b-c");
        assert_eq!(id(&["a:b", "c_"]), "a_:b:c__");
    }
}
