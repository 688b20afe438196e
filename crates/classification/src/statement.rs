//! Stating facts by name: from the codes a reporter gives to the slots the tables read. The same for lines, messages
//! and records, so that a fact means the same however it arrives.

use thiserror::Error;

use crate::compile::DescriptionSystem;
use crate::facts::FactSet;
use crate::model::{FactSource, Grain};

/// The value that stands for a missing fact. No axis may have it as a value.
pub const UNKNOWN: &str = "unknown";

/// Why a fact cannot be stated. Names no code of the reporter's: what may be repeated is the caller's to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StatementError {
    /// There is no such axis.
    #[error("no axis has this name")]
    UnknownAxis,
    /// The axis has no such value.
    #[error("the axis has no such value")]
    UnknownValue {
        /// Position among the values given.
        position: usize,
    },
    /// The axis allows one value.
    #[error("the axis allows one value at a time")]
    SeveralValues,
    /// The fact is a table's to decide, or never has a value for what is described.
    #[error("a table decides this, so it cannot be stated")]
    Decided,
    /// The fact was stated before.
    #[error("the fact is stated twice")]
    Twice,
}

impl DescriptionSystem {
    /// Adds a fact by codes; [`UNKNOWN`] among them, or no value at all, leaves it missing.
    ///
    /// # Errors
    /// The fact as given means nothing in this description system; the facts are unchanged.
    pub fn state<'v>(
        &self,
        grain: Grain,
        facts: &mut FactSet,
        axis: &str,
        values: impl Iterator<Item = &'v str>,
        source: FactSource,
    ) -> Result<(), StatementError> {
        let slot = self.axis(axis).ok_or(StatementError::UnknownAxis)?;
        if !self.takes_fact(slot, grain) {
            return Err(StatementError::Decided);
        }
        let (mut mask, mut missing) = (0_u64, false);
        for (position, code) in values.enumerate() {
            if code == UNKNOWN {
                missing = true;
            } else {
                let value = self
                    .value(slot, code)
                    .ok_or(StatementError::UnknownValue { position })?;
                mask |= 1 << value;
            }
        }
        if mask.count_ones() > 1 && !self.axis_definition(slot).is_some_and(|axis| axis.multiple) {
            return Err(StatementError::SeveralValues);
        }
        if facts.is_known(slot) {
            return Err(StatementError::Twice);
        }
        if mask != 0 && !missing {
            facts.set(slot, mask, source);
        }
        Ok(())
    }
}
