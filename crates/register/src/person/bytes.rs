//! The bytes of a statement of a person, as the vault seals them: `version u8 ‖ person ‖ instant ‖ caller ‖ source ‖
//! tag u8 ‖ what the statement says`.

use super::{Kommun, PersonEvent, Statement};
use crate::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use crate::identity::PersonKey;

/// The version of the format that new events are written in.
pub(super) const VERSION: u8 = 1;

impl PersonEvent {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(96);
        w.u8(VERSION);
        w.raw(&self.person.0);
        w.i64(self.at);
        w.str(&self.caller);
        w.str(&self.source);
        match self.statement {
            Statement::NumberChanged { from } => {
                w.u8(1);
                w.date(from);
            }
            Statement::Merged { into } => {
                w.u8(2);
                w.raw(&into.0);
            }
            Statement::Parted => w.u8(3),
            Statement::Died { on } => {
                w.u8(4);
                w.date(on);
            }
            Statement::NotDead => w.u8(5),
            Statement::MovedIn { on } => {
                w.u8(6);
                w.date(on);
            }
            Statement::MovedOut { on } => {
                w.u8(7);
                w.date(on);
            }
            Statement::ProtectionBegan { on } => {
                w.u8(8);
                w.date(on);
            }
            Statement::ProtectionEnded { on } => {
                w.u8(9);
                w.date(on);
            }
            Statement::Residence { kommun, from, until } => {
                w.u8(10);
                w.raw(&kommun.0);
                w.date(from);
                w.option_date(until);
            }
        }
        w.into_bytes()
    }

    /// Reads an event of any version ever written.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != VERSION {
            return Err(r.error(DecodeProblem::Version));
        }
        let event = Self {
            person: PersonKey(r.array()?),
            at: r.i64()?,
            caller: r.string()?,
            source: r.string()?,
            statement: match r.u8()? {
                1 => Statement::NumberChanged { from: r.date()? },
                2 => Statement::Merged {
                    into: PersonKey(r.array()?),
                },
                3 => Statement::Parted,
                4 => Statement::Died { on: r.date()? },
                5 => Statement::NotDead,
                6 => Statement::MovedIn { on: r.date()? },
                7 => Statement::MovedOut { on: r.date()? },
                8 => Statement::ProtectionBegan { on: r.date()? },
                9 => Statement::ProtectionEnded { on: r.date()? },
                10 => Statement::Residence {
                    kommun: Kommun::new(&String::from_utf8_lossy(&r.array::<4>()?))
                        .ok_or_else(|| r.error(DecodeProblem::Tag))?,
                    from: r.date()?,
                    until: r.option_date()?,
                },
                _ => return Err(r.error(DecodeProblem::Tag)),
            },
        };
        r.finish()?;
        Ok(event)
    }
}
