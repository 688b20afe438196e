//! What is made of the cells of a line where no column states it: ids, and what kind of number identifies a person.

use std::borrow::Cow;

use vardnav_register::hash::{Hash, sha256};

use super::column::Made;

/// Letters of a made id: no run of them can be taken for a number.
const LETTERS: &[u8; 16] = b"abcdefghijklmnop";

impl Made {
    /// What is made of a line; empty where it has nothing to be made of.
    pub(super) fn of(&self, cells: &[Cow<'_, str>]) -> String {
        let cell = |at: usize| cells.get(at).map_or("", |cell| cell.as_ref());
        match self {
            Self::IdentityType { cell: at } => identity_type(cell(*at)).to_owned(),
            Self::Id { prefix, cells, key } => {
                let parts: Vec<&str> = cells.iter().map(|at| cell(*at)).collect();
                if parts.iter().all(|part| part.is_empty()) {
                    return String::new();
                }
                match key {
                    None => format!("{prefix}{}", parts.join("-")),
                    Some(key) => format!("{prefix}{}", digest(key, &parts)),
                }
            }
        }
    }
}

/// A digest of cells under a key, in 32 letters.
fn digest(key: &Hash, parts: &[&str]) -> String {
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
    use super::*;

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
                cells: vec![0, 1],
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
}
