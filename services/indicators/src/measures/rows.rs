//! Rows of the projection of measures: what is marked of each current record, under the person whom it is about, and the
//! cells that these come to (those: [`super::blocks`]). Keys begin with a letter; values have a version. Nothing is read or written here.

use vardnav_register::identity::PersonKey;
use vardnav_register::record::RecordKind;
use vardnav_store::{StreamId, VALUE_LIMIT};

/// What the names of all projections of measures begin with.
pub const PREFIX: &str = "measures.";
/// The version of the rows, which follows.
pub(crate) const FORM: &str = "2.";

/// The version of what is marked of a record.
const VERSION: u8 = 1;
/// Bytes before the parts: version and position.
const HEAD: usize = 9;

/// What begins the key of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Key {
    /// Cells, packed; see [`super::blocks`].
    Cell = b'c',
    /// That the projection has once taken in all there was; the value is empty.
    Done = b'd',
    /// How many erasures were carried out when it was begun.
    Erasures = b'e',
    /// Of the results of a derivation, a row of a stream as it was taken in; the value its digest.
    Results = b'h',
    /// How much was taken in of a stream; the rest is its name.
    Kept = b'k',
    /// How much was taken in of all streams.
    KeptAll = b'n',
    /// What is marked of a record: person, stream, a zero, kind, id, a zero, the number of the piece.
    Record = b'p',
    /// How far the results of a derivation were looked through again; the rest is the stream.
    Looked = b'w',
}

impl Key {
    /// The key with its rest.
    pub(crate) fn with(self, rest: &[u8]) -> Vec<u8> {
        [&[self as u8], rest].concat()
    }

    /// The rest of a key; `None` when it is another one's.
    pub(crate) fn rest(self, key: &[u8]) -> Option<&[u8]> {
        key.strip_prefix(&[self as u8])
    }
}

/// What the keys of a person's rows begin with.
pub(crate) fn of_person(person: PersonKey) -> Vec<u8> {
    Key::Record.with(&person.0)
}

/// What the keys of a record's rows begin with.
pub(crate) fn of_record(person: PersonKey, stream: &StreamId, kind: RecordKind, id: &str) -> Vec<u8> {
    let parts: [&[u8]; 6] = [
        &of_person(person),
        stream.as_str().as_bytes(),
        &[0],
        &[kind as u8],
        id.as_bytes(),
        &[0],
    ];
    parts.concat()
}

/// The rows of a record at a position of its stream, by key: its parts, as many of them a row as fit.
pub(crate) fn record_rows(begin: &[u8], position: u64, parts: &[Vec<u8>]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let key = |number: usize| [begin, &u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes()].concat();
    let fresh = || {
        let mut value = Vec::with_capacity(64);
        value.push(VERSION);
        value.extend_from_slice(&position.to_be_bytes());
        value
    };
    let mut value = fresh();
    for part in parts {
        let Ok(length) = u16::try_from(part.len()) else {
            continue;
        };
        if value.len() > HEAD && value.len() + part.len() + 2 > VALUE_LIMIT {
            rows.push((key(rows.len()), std::mem::replace(&mut value, fresh())));
        }
        value.extend_from_slice(&length.to_be_bytes());
        value.extend_from_slice(part);
    }
    // A record without parts has a row too: it tells where its entry stands.
    if value.len() > HEAD || rows.is_empty() {
        rows.push((key(rows.len()), value));
    }
    rows
}

/// The position and the parts of a row; `None` when it is not of its form.
pub(crate) fn read_record(value: &[u8]) -> Option<(u64, Vec<&[u8]>)> {
    let (&version, rest) = value.split_first()?;
    let (position, mut rest) = rest.split_first_chunk::<8>()?;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (part, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        parts.push(part);
        rest = after;
    }
    (version == VERSION).then_some((u64::from_be_bytes(*position), parts))
}

/// The value of a count.
pub(crate) fn number(count: u64) -> Vec<u8> {
    count.to_be_bytes().to_vec()
}

/// The count of a value; `None` when it is not of its form.
pub(crate) fn read_number(value: &[u8]) -> Option<u64> {
    value.try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_record_come_back_in_pieces_that_the_store_takes() {
        let person = PersonKey([7; 16]);
        let stream = StreamId::reporter("a").unwrap();
        let begin = of_record(person, &stream, RecordKind::Episode, "e-1");
        assert!(begin.starts_with(&of_person(person)));
        let parts: Vec<Vec<u8>> = (0..300_u16).map(|number| vec![number as u8; 50]).collect();
        let rows = record_rows(&begin, 9, &parts);
        assert_eq!(rows.len(), 3);
        let mut read = Vec::new();
        for (key, value) in &rows {
            assert!(key.starts_with(&begin) && value.len() <= VALUE_LIMIT);
            let (position, parts) = read_record(value).unwrap();
            assert_eq!(position, 9);
            read.extend(parts.into_iter().map(<[u8]>::to_vec));
        }
        assert_eq!(read, parts);
        assert!(rows.is_sorted(), "pieces follow each other");
        assert_eq!(record_rows(&begin, 9, &[]).len(), 1);
        let (_, value) = &rows[0];
        assert!(read_record(&value[..value.len() - 1]).is_none());
        assert!(read_record(&[]).is_none());
    }

    /// What is stored is read back for ever.
    #[test]
    fn stored_bytes_stay_as_they_are() {
        let stream = StreamId::reporter("a").unwrap();
        let begin = of_record(PersonKey([1; 16]), &stream, RecordKind::Contact, "c");
        let rows = record_rows(&begin, 258, &[vec![1, 2, 3], vec![4]]);
        let key = [b"p".as_slice(), &[1; 16], b"reporter/a\0\x02c\0\0\0"].concat();
        let value = [1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 1, 2, 3, 0, 1, 4].to_vec();
        assert_eq!(rows, [(key, value)]);
        assert_eq!(read_number(&number(513)), Some(513));
    }
}
