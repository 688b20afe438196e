//! The bytes of the worklist's rows: a key that leads from the reporter to the record, and an item that fits into a row
//! of a projection. Rows are derived: they are built anew from the ledger, so that only this version is read.

use super::{Cause, Item, MissingAxis, Owner, Wait};
use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::record::{Fact, RecordKind};

/// The version of the rows.
const VERSION: u8 = 1;
/// Most waits of an item; what a record may state allows fewer alike ones.
const WAITS_MAX: usize = 64;
/// Most axes, values or facts of a wait that are read.
const LIST_MAX: usize = 4_096;

const MISSING: u8 = 1;
const RULE: u8 = 2;
const GUARD: u8 = 3;
const CHECK: u8 = 4;

/// What the keys of a reporter's rows begin with.
pub fn prefix(reporter: &str) -> Vec<u8> {
    let mut key = reporter.as_bytes().to_vec();
    key.push(0);
    key
}

/// The key of a record's row.
pub fn key(reporter: &str, kind: RecordKind, id: &str) -> Vec<u8> {
    let mut key = prefix(reporter);
    key.push(kind as u8);
    key.extend(id.as_bytes());
    key
}

/// The reporter in a key.
pub fn reporter_of(key: &[u8]) -> Option<&str> {
    let end = key.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(key.get(..end)?).ok()
}

impl Item {
    /// Its bytes, at most `limit`: waits that there is no room for are left out and counted in `more`.
    pub fn encode(&self, limit: usize) -> Vec<u8> {
        let mut kept = self.waits.len().min(WAITS_MAX);
        loop {
            let bytes = self.encode_some(kept);
            if bytes.len() <= limit || kept == 0 {
                return bytes;
            }
            kept -= 1;
        }
    }

    fn encode_some(&self, kept: usize) -> Vec<u8> {
        let left_out = u32::try_from(self.waits.len() - kept).unwrap_or(u32::MAX);
        let mut w = Writer::with_capacity(256);
        w.u8(VERSION);
        w.u8(self.kind as u8);
        w.str(&self.id);
        w.u32(self.revision);
        w.u64(self.position);
        w.i64(self.since);
        w.date(self.date);
        w.seq(self.waits.get(..kept).unwrap_or_default(), write_wait);
        w.u32(self.more.saturating_add(left_out));
        w.into_bytes()
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no item of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != VERSION {
            return Err(r.error(DecodeProblem::Version));
        }
        let item = Self {
            kind: RecordKind::from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?,
            id: r.string()?,
            revision: r.u32()?,
            position: r.u64()?,
            since: r.i64()?,
            date: r.date()?,
            waits: r.seq(WAITS_MAX, read_wait)?,
            more: r.u32()?,
        };
        r.finish()?;
        Ok(item)
    }
}

impl Owner {
    /// The owner with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::ReportingUnit, Self::UnitRegistration, Self::Authority]
            .into_iter()
            .find(|owner| *owner as u8 == number)
    }
}

fn write_wait(w: &mut Writer, wait: &Wait) {
    w.str(&wait.release);
    w.str(&wait.table);
    w.option_str(wait.unit.as_deref());
    w.option(wait.segment, |w, segment| w.u32(segment));
    w.u32(wait.parts);
    match &wait.cause {
        Cause::Missing { axes, possible } => {
            w.u8(MISSING);
            w.seq(axes, |w, missing| {
                w.str(&missing.axis);
                w.u8(missing.owner as u8);
            });
            write_strings(w, possible);
        }
        Cause::Rule { rule, guard, facts } => {
            w.u8(if *guard { GUARD } else { RULE });
            w.str(rule);
            w.seq(facts, |w, fact| {
                w.str(&fact.axis);
                write_strings(w, &fact.values);
            });
        }
        Cause::Check { code, path } => {
            w.u8(CHECK);
            w.str(code);
            w.str(path);
        }
    }
}

fn read_wait(r: &mut Reader<'_>) -> Result<Wait, DecodeError> {
    Ok(Wait {
        release: r.string()?,
        table: r.string()?,
        unit: r.option_string()?,
        segment: r.option(Reader::u32)?,
        parts: r.u32()?,
        cause: read_cause(r)?,
    })
}

fn read_cause(r: &mut Reader<'_>) -> Result<Cause, DecodeError> {
    Ok(match r.u8()? {
        MISSING => Cause::Missing {
            axes: r.seq(LIST_MAX, |r| {
                Ok(MissingAxis {
                    axis: r.string()?,
                    owner: Owner::from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?,
                })
            })?,
            possible: read_strings(r)?,
        },
        tag @ (RULE | GUARD) => Cause::Rule {
            rule: r.string()?,
            guard: tag == GUARD,
            facts: r.seq(LIST_MAX, |r| {
                Ok(Fact {
                    axis: r.string()?,
                    values: read_strings(r)?,
                })
            })?,
        },
        CHECK => Cause::Check {
            code: r.string()?,
            path: r.string()?,
        },
        _ => return Err(r.error(DecodeProblem::Tag)),
    })
}

fn write_strings(w: &mut Writer, texts: &[String]) {
    w.seq(texts, |w, text| w.str(text));
}

fn read_strings(r: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    r.seq(LIST_MAX, Reader::string)
}
