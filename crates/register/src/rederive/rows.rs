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

/// The projection of a derivation.
pub fn projection(derivation: &str) -> String {
    format!("derived.{derivation}")
}

/// What begins the key of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Key {
    /// A cell of the cube; the rest is the cell's bytes, the value a count of eight bytes, the highest first.
    Cell = b'c',
    /// What parts changed to; the rest is table, from and to, parted by zeros; the value as of a cell.
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

    /// The key of a piece of the results in a row of a stream.
    pub fn results(stream: &str, row: u64, piece: u16) -> Vec<u8> {
        let row = row.to_be_bytes();
        let rest = [stream.as_bytes(), &[0], &row, &piece.to_be_bytes()].concat();
        Self::Results.with(&rest)
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
    /// Of parts that packed facts settled.
    pub fn of_parts(parts: &[PartAnew]) -> Self {
        let of = |part: &PartAnew| PartResults {
            index: index(part.part),
            tables: part.now.map(|now| now.iter().map(|(_, result)| result).collect()),
        };
        Self {
            parts: parts.iter().map(of).collect(),
        }
    }

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

/// The bytes of a row.
pub fn encode(entries: &[Results]) -> Vec<u8> {
    let mut w = Writer::with_capacity(entries.len() * 24);
    w.u8(VERSION);
    w.seq(entries, |w, entry| {
        w.seq(&entry.parts, |w, part| {
            w.varint(part.index as u64);
            w.option(part.tables.as_deref(), |w, tables| {
                w.seq(tables, |w, result| encode_result(w, *result));
            });
        });
    });
    w.into_bytes()
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
        assert_eq!(decode(&bytes), Ok(entries));
        for end in 0..bytes.len() {
            assert!(decode(bytes.get(..end).unwrap_or_default()).is_err());
        }
        assert_eq!(Key::results("reporter/a", 1, 2).len(), 1 + 10 + 1 + 8 + 2);
    }
}
