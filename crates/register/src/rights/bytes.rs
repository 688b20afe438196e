//! The bytes and the leaf of an entry of the stream of rights: `kind u8 ‖ version u8 ‖ instant ‖ caller ‖ tag u8 ‖ what
//! the step says`.

use super::{Asked, LIMITS, RecordRef, Rectification, RightsEntry, Scope, Step};
use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::hash::{Hash, sha256};
use crate::identity::PersonKey;
use crate::record::RecordKind;

/// The version of the format that new entries are written in.
pub(super) const VERSION: u8 = 1;

/// The kind of an entry of the stream of rights.
const KIND_RIGHTS: u8 = 8;

const TAG_LEAF: u8 = 0x00;

impl RightsEntry {
    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(128);
        w.u8(KIND_RIGHTS);
        w.u8(VERSION);
        w.i64(self.at);
        w.str(&self.caller);
        match &self.step {
            Step::Asked(asked) => {
                w.u8(1);
                w.str(&asked.purpose);
                w.str(&asked.reason);
                write_scope(&mut w, &asked.scope);
                w.u32(asked.uses);
                w.i64(asked.until);
            }
            Step::Approved { request } => {
                w.u8(2);
                w.u64(*request);
            }
            Step::Used { request, count } => {
                w.u8(3);
                w.u64(*request);
                w.u64(*count);
            }
            Step::Ended { request } => {
                w.u8(4);
                w.u64(*request);
            }
            Step::Rectify(asked) => {
                w.u8(5);
                w.raw(&asked.person.0);
                w.str(&asked.purpose);
                w.str(&asked.reason);
                w.seq(&asked.records, write_record);
            }
        }
        w.into_bytes()
    }

    /// Reads an entry of any version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != KIND_RIGHTS {
            return Err(r.error(DecodeProblem::Tag));
        }
        if r.u8()? != VERSION {
            return Err(r.error(DecodeProblem::Version));
        }
        let (at, caller) = (r.i64()?, r.string()?);
        let step = match r.u8()? {
            1 => Step::Asked(Asked {
                purpose: r.string()?,
                reason: r.string()?,
                scope: read_scope(&mut r)?,
                uses: r.u32()?,
                until: r.i64()?,
            }),
            2 => Step::Approved { request: r.u64()? },
            3 => Step::Used {
                request: r.u64()?,
                count: r.u64()?,
            },
            4 => Step::Ended { request: r.u64()? },
            5 => Step::Rectify(Rectification {
                person: PersonKey(r.array()?),
                purpose: r.string()?,
                reason: r.string()?,
                records: r.seq(LIMITS.scope, read_record)?,
            }),
            _ => return Err(r.error(DecodeProblem::Tag)),
        };
        r.finish()?;
        Ok(Self { caller, at, step })
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        sha256(&[&[TAG_LEAF], &self.encode()])
    }
}

fn write_scope(w: &mut Writer, scope: &Scope) {
    match scope {
        Scope::Persons(persons) => {
            w.u8(1);
            w.seq(persons, |w, person| w.raw(&person.0));
        }
        Scope::Records(records) => {
            w.u8(2);
            w.seq(records, write_record);
        }
        Scope::Linkage { project, reporters } => {
            w.u8(3);
            w.str(project);
            w.seq(reporters, |w, reporter| w.str(reporter));
        }
        Scope::Erasure(records) => {
            w.u8(4);
            w.seq(records, write_record);
        }
        Scope::PersonErasure {
            person,
            reporter,
            records,
        } => {
            w.u8(5);
            w.raw(&person.0);
            w.str(reporter);
            w.seq(records, write_record);
        }
    }
}

fn read_scope(r: &mut Reader<'_>) -> Result<Scope, DecodeError> {
    Ok(match r.u8()? {
        1 => Scope::Persons(r.seq(LIMITS.scope, |r| r.array().map(PersonKey))?),
        2 => Scope::Records(r.seq(LIMITS.scope, read_record)?),
        3 => Scope::Linkage {
            project: r.string()?,
            reporters: r.seq(LIMITS.scope, Reader::string)?,
        },
        4 => Scope::Erasure(r.seq(LIMITS.scope, read_record)?),
        5 => Scope::PersonErasure {
            person: PersonKey(r.array()?),
            reporter: r.string()?,
            records: r.seq(LIMITS.scope, read_record)?,
        },
        _ => return Err(r.error(DecodeProblem::Tag)),
    })
}

fn write_record(w: &mut Writer, record: &RecordRef) {
    w.str(&record.reporter);
    w.u8(record.kind as u8);
    w.str(&record.id);
    w.u32(record.revision);
    w.u64(record.position);
}

fn read_record(r: &mut Reader<'_>) -> Result<RecordRef, DecodeError> {
    Ok(RecordRef {
        reporter: r.string()?,
        kind: RecordKind::from_number(r.u8()?).ok_or_else(|| r.error(DecodeProblem::Tag))?,
        id: r.string()?,
        revision: r.u32()?,
        position: r.u64()?,
    })
}
