//! Entries of the audit trail: who looked at or took out whose records, when. Their bytes and their leaf; writing
//! them before an answer leaves is the service's.
//!
//! An entry is `kind u8 ‖ version u8 ‖ instant ‖ caller ‖ action ‖ reporter ‖ kind of record ‖ id`, the last two
//! optional. Version 2, of entries about a person, goes on with `unit ‖ person ‖ purpose ‖ request`, each optional, and
//! its reporter may be empty. The leaf is SHA-256(0x00 ‖ entry).

use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::hash::{Hash, sha256};
use crate::identity::PersonKey;
use crate::record::RecordKind;
use crate::text::{holds_personal_number, id_holds_personal_number, is_id};

/// The version of the format that entries about records are written in.
pub const VERSION: u8 = 1;

/// The version of the format that entries about a person are written in.
pub const VERSION_PERSON: u8 = 2;

/// The kind of entry that notes a look at records. Reports are 1.
const KIND_AUDIT: u8 = 2;

/// Longest caller or action, in bytes.
pub const TEXT_MAX: usize = 128;

const TAG_LEAF: u8 = 0x00;

/// What somebody did with records of a reporter. It holds no personal number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    version: u8,
    caller: String,
    at: i64,
    action: String,
    reporter: String,
    kind: Option<RecordKind>,
    id: Option<String>,
    about: About,
}

/// Whom and what an entry is about beside records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// The care unit, by HSA-id.
    pub unit: Option<String>,
    /// The person.
    pub person: Option<PersonKey>,
    /// Code of the purpose.
    pub purpose: Option<String>,
    /// Number of the request in the stream of rights.
    pub request: Option<u64>,
}

/// Why there is no such entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// A text is empty or longer than the trail takes.
    #[error("the {0} of an audit entry is empty or longer than {TEXT_MAX} bytes")]
    Length(&'static str),
    /// Reporter or id of a record does not have the form of an id.
    #[error("the {0} of an audit entry does not have the form of an id")]
    Form(&'static str),
    /// A text holds a personal number.
    #[error("the {0} of an audit entry holds a personal number")]
    PersonalNumber(&'static str),
}

impl AuditEntry {
    /// Notes that `caller` did `action` with a record of a reporter, with all records of a kind, or (without a
    /// kind) with all of them. `at` is in microseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// [`AuditError`] when a text is empty, too long, not of its form or holds a personal number.
    pub fn new(
        caller: &str,
        at: i64,
        action: &str,
        reporter: &str,
        kind: Option<RecordKind>,
        id: Option<&str>,
    ) -> Result<Self, AuditError> {
        for (name, text) in [("caller", caller), ("action", action)] {
            if text.is_empty() || text.len() > TEXT_MAX {
                return Err(AuditError::Length(name));
            }
            if holds_personal_number(text) {
                return Err(AuditError::PersonalNumber(name));
            }
        }
        for (name, text) in [("reporter", Some(reporter)), ("id", id)] {
            let Some(text) = text else { continue };
            if !is_id(text) {
                return Err(AuditError::Form(name));
            }
            if id_holds_personal_number(text) {
                return Err(AuditError::PersonalNumber(name));
            }
        }
        Ok(Self {
            version: VERSION,
            caller: caller.to_owned(),
            at,
            action: action.to_owned(),
            reporter: reporter.to_owned(),
            kind,
            id: id.map(str::to_owned),
            about: About::default(),
        })
    }

    /// Notes that `caller` did `action` with what is held of a person, by whichever reporter.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn about(caller: &str, at: i64, action: &str, about: About) -> Result<Self, AuditError> {
        let texts = [("unit", &about.unit), ("purpose", &about.purpose)];
        for (name, text) in texts {
            let Some(text) = text else { continue };
            if !is_id(text) {
                return Err(AuditError::Form(name));
            }
            if holds_personal_number(text) {
                return Err(AuditError::PersonalNumber(name));
            }
        }
        let entry = Self::new(caller, at, action, "none", None, None)?;
        Ok(Self {
            version: VERSION_PERSON,
            reporter: String::new(),
            about,
            ..entry
        })
    }

    /// Whom and what it is about beside records.
    pub fn whom(&self) -> &About {
        &self.about
    }

    /// The authenticated caller.
    pub fn caller(&self) -> &str {
        &self.caller
    }

    /// When, in microseconds since 1970-01-01 UTC.
    pub fn at(&self) -> i64 {
        self.at
    }

    /// What was done, for example `show` or `export`.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Whose records.
    pub fn reporter(&self) -> &str {
        &self.reporter
    }

    /// Which kind of record; `None` for all.
    pub fn kind(&self) -> Option<RecordKind> {
        self.kind
    }

    /// Which record; `None` for all.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The bytes kept in the stream.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(64 + self.caller.len());
        w.u8(KIND_AUDIT);
        w.u8(self.version);
        w.i64(self.at);
        w.str(&self.caller);
        w.str(&self.action);
        w.str(&self.reporter);
        w.option(self.kind, |w, kind| w.u8(kind as u8));
        w.option_str(self.id.as_deref());
        if self.version >= VERSION_PERSON {
            w.option_str(self.about.unit.as_deref());
            w.option(self.about.person, |w, person| w.raw(&person.0));
            w.option_str(self.about.purpose.as_deref());
            w.option(self.about.request, Writer::u64);
        }
        w.into_bytes()
    }

    /// Reads an entry of any version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no audit entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != KIND_AUDIT {
            return Err(r.error(DecodeProblem::Tag));
        }
        let version = r.u8()?;
        if !(VERSION..=VERSION_PERSON).contains(&version) {
            return Err(r.error(DecodeProblem::Version));
        }
        let entry = Self {
            version,
            at: r.i64()?,
            caller: r.string()?,
            action: r.string()?,
            reporter: r.string()?,
            kind: r.option(|r| {
                let number = r.u8()?;
                RecordKind::from_number(number).ok_or_else(|| r.error(DecodeProblem::Tag))
            })?,
            id: r.option_string()?,
            about: match version {
                VERSION => About::default(),
                _ => About {
                    unit: r.option_string()?,
                    person: r.option(|r| r.array().map(PersonKey))?,
                    purpose: r.option_string()?,
                    request: r.option(Reader::u64)?,
                },
            },
        };
        r.finish()?;
        Ok(entry)
    }

    /// Its leaf in the Merkle tree.
    pub fn leaf(&self) -> Hash {
        sha256(&[&[TAG_LEAF], &self.encode()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_about_a_person_reads_back_and_holds_no_number() {
        let about = About {
            unit: Some("SE2321000131-E000000000001".to_owned()),
            person: Some(PersonKey([5; 16])),
            purpose: Some("person-right".to_owned()),
            request: Some(3),
        };
        let entry = AuditEntry::about("anna", 7, "extract", about.clone()).unwrap();
        let bytes = entry.encode();
        assert_eq!(AuditEntry::decode(&bytes), Ok(entry.clone()));
        assert_eq!(entry.whom(), &about);
        for end in 0..bytes.len() {
            assert!(AuditEntry::decode(&bytes[..end]).is_err());
        }
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            if let Ok(other) = AuditEntry::decode(&wrong) {
                assert_eq!(other.encode(), wrong);
                assert_ne!(other.leaf(), entry.leaf());
            }
        }
        let number = About {
            purpose: Some("19821105-9954".to_owned()),
            ..about
        };
        let refused = AuditEntry::about("anna", 7, "extract", number);
        assert_eq!(refused, Err(AuditError::PersonalNumber("purpose")));
    }
}
