//! What was derived anew, as rows of a projection: the results of the tables, by entry. Facts, codes and texts are in
//! the ledger. Rows of one derivation lie in one projection, under keys that begin with a letter: see [`Key`].

use vardnav_classification::TableResult;

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::derived::{Derived, Part, decode_result, encode_result};
use crate::rederive::{PartAnew, Rederivation};

/// Entries whose results lie in one row.
pub const ROW_ENTRIES: u64 = 128;

/// The version of the format.
const VERSION: u8 = 1;
/// Most parts of an entry that are read.
const PARTS_MAX: usize = 10_000;

/// The projection of a derivation. The number is the version of its rows: rows of another version lie in another
/// projection, which is cleared.
pub fn projection(derivation: &str) -> String {
    format!("derived.1.{derivation}")
}

/// The projection that held the rows of a derivation before they had a version.
pub fn unversioned_projection(derivation: &str) -> String {
    format!("derived.{derivation}")
}

/// What begins the key of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Key {
    /// A cell of the cube; the rest is the stream, a zero and the cell's bytes, the value a count of eight bytes, the
    /// highest first: what the entries of that stream count as. The cell of the register is the sum over its streams.
    Cell = b'c',
    /// A record that waits; the rest is its key in a worklist, the value its item: see [`crate::worklist::row`].
    Held = b'h',
    /// Of a stream, the position of the authority's stream whose units and maps it is derived with; the value a
    /// position.
    Known = b'k',
    /// What parts changed to; the rest is the stream, table, from and to, parted by zeros; the value as of a cell.
    Change = b'm',
    /// Results: the stream, a zero, the number of the row and its piece.
    Results = b'r',
    /// Of a stream, up to where packed facts were taken; the value a position.
    Target = b't',
    /// Of a stream, up to where episodes have reached what was reported before them; the value a position.
    Swept = b's',
}

impl Key {
    /// The key with its rest.
    pub fn with(self, rest: &[u8]) -> Vec<u8> {
        [&[self as u8], rest].concat()
    }

    /// The key of a row of a stream.
    pub fn of_stream(self, stream: &str, rest: &[u8]) -> Vec<u8> {
        [&[self as u8], stream.as_bytes(), &[0], rest].concat()
    }

    /// What follows the stream in a key that [`Self::of_stream`] gave.
    pub fn after_stream(self, key: &[u8]) -> Option<&[u8]> {
        let rest = key.strip_prefix(&[self as u8])?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        rest.get(end + 1..)
    }

    /// The key of a piece of the results in a row of a stream.
    pub fn results(stream: &str, row: u64, piece: u16) -> Vec<u8> {
        let rest = [&row.to_be_bytes()[..], &piece.to_be_bytes()].concat();
        Self::Results.of_stream(stream, &rest)
    }
}

/// What was derived anew of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Results {
    /// Its parts; none of an entry that was erased.
    pub parts: Vec<PartResults>,
}

/// What was derived anew of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartResults {
    /// Which segment; 0 for a contact or monitoring period.
    pub index: usize,
    /// What the tables of the plan's release gave, in feeding order; `None` when the part keeps what its entry holds.
    pub tables: Option<Vec<TableResult>>,
}

impl Results {
    /// Of what was derived from the ledger under a plan.
    pub fn of_derived(derived: &Derived, plan: &Rederivation<'_>) -> Self {
        let parts = derived.parts.iter().map(|part| PartResults {
            index: index(part.part),
            tables: plan.covers(part.date).then(|| part.tables.clone()),
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// The results of a part.
    pub fn part(&self, part: Part) -> Option<&PartResults> {
        self.parts.iter().find(|known| known.index == index(part))
    }
}

/// Results of entries that follow one another, as the bytes that rows are made of.
#[derive(Debug, Clone, Default)]
pub struct Flat {
    bytes: Writer,
    /// Where each entry's bytes begin and end.
    spans: Vec<(usize, usize)>,
}

impl Flat {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Adds the next entry.
    pub fn push(&mut self, results: &Results) {
        self.spans.push((0, 0));
        self.set(self.len() - 1, results);
    }

    /// Adds the next entry, of parts that packed facts settled.
    pub fn push_parts(&mut self, parts: &[PartAnew]) {
        let from = self.bytes.as_slice().len();
        self.bytes.seq(parts, |w, part| {
            w.varint(index(part.part) as u64);
            w.option(part.now.as_ref(), |w, now| {
                w.varint(now.iter().count() as u64);
                for (_, result) in now.iter() {
                    encode_result(w, result);
                }
            });
        });
        self.spans.push((from, self.bytes.as_slice().len()));
    }

    /// Replaces the results of an entry.
    pub fn set(&mut self, at: usize, results: &Results) {
        let from = self.bytes.as_slice().len();
        write(&mut self.bytes, results);
        if let Some(span) = self.spans.get_mut(at) {
            *span = (from, self.bytes.as_slice().len());
        }
    }

    /// Adds the entries that follow.
    pub fn append(&mut self, following: &Self) {
        let from = self.bytes.as_slice().len();
        self.bytes.raw(following.bytes.as_slice());
        let moved = following
            .spans
            .iter()
            .map(|(start, end)| (start + from, end + from));
        self.spans.extend(moved);
    }

    /// The bytes of a row: entries before these, then the entries in a range of places.
    pub fn row(&self, before: &[Results], entries: std::ops::Range<usize>) -> Vec<u8> {
        let spans = self.spans.get(entries).unwrap_or_default();
        let mut w = Writer::with_capacity((before.len() + spans.len()) * 24);
        w.u8(VERSION);
        w.varint((before.len() + spans.len()) as u64);
        for results in before {
            write(&mut w, results);
        }
        for (from, to) in spans {
            w.raw(self.bytes.as_slice().get(*from..*to).unwrap_or_default());
        }
        w.into_bytes()
    }
}

/// The bytes of a row.
pub fn encode(entries: &[Results]) -> Vec<u8> {
    Flat::default().row(entries, 0..0)
}

fn write(w: &mut Writer, entry: &Results) {
    w.seq(&entry.parts, |w, part| {
        w.varint(part.index as u64);
        w.option(part.tables.as_deref(), |w, tables| {
            w.seq(tables, |w, result| encode_result(w, *result));
        });
    });
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`DecodeError`] when the version is not known or the bytes are not of its form.
pub fn decode(bytes: &[u8]) -> Result<Vec<Results>, DecodeError> {
    let mut r = Reader::new(bytes);
    if r.u8()? != VERSION {
        return Err(r.error(DecodeProblem::Version));
    }
    let most = usize::try_from(ROW_ENTRIES).unwrap_or(usize::MAX);
    let entries = r.seq(most, |r| {
        let parts = r.seq(PARTS_MAX, |r| {
            Ok(PartResults {
                index: usize::try_from(r.varint()?).map_err(|_| r.error(DecodeProblem::TooLong))?,
                tables: r.option(|r| r.seq(usize::from(u8::MAX), decode_result))?,
            })
        })?;
        Ok(Results { parts })
    })?;
    r.finish()?;
    Ok(entries)
}

fn index(part: Part) -> usize {
    match part {
        Part::Segment(index) => index,
        Part::Contact | Part::MonitoringPeriod => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let part = |index, tables| PartResults { index, tables };
        let entries = vec![
            Results::default(),
            Results {
                parts: vec![
                    part(0, None),
                    part(
                        700,
                        Some(vec![
                            TableResult::NotApplicable,
                            TableResult::Value { value: 3, rule: 400 },
                            TableResult::Held { possible: 6 },
                        ]),
                    ),
                ],
            },
        ];
        let bytes = encode(&entries);
        assert_eq!(decode(&bytes), Ok(entries.clone()));
        let mut flat = Flat::default();
        flat.push(&Results::default());
        flat.push(&Results::default());
        flat.set(1, &entries[1]);
        let mut joined = Flat::default();
        joined.push(&entries[1]);
        joined.append(&flat);
        assert_eq!(joined.len(), 3);
        assert_eq!(joined.row(&[], 1..3), bytes);
        assert_eq!(joined.row(&entries[..1], 2..3), bytes);
        for end in 0..bytes.len() {
            assert!(decode(bytes.get(..end).unwrap_or_default()).is_err());
        }
        let key = Key::results("reporter/a", 1, 2);
        assert_eq!(key.len(), 1 + 10 + 1 + 8 + 2);
        assert_eq!(Key::Results.after_stream(&key).map(<[u8]>::len), Some(8 + 2));
    }
}
