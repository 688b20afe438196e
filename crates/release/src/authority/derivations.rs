//! The derivations that the stream tells of, and which of them readers are answered from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{FoldError, Mark};
use crate::entry::{AS_REPORTED, DerivationPlan, DerivationStep};

/// A derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// What is derived anew, and under what.
    pub plan: DerivationPlan,
    /// Who planned it, and when.
    pub planned: Mark,
    /// Who gave it up, and when.
    pub cancelled: Option<Mark>,
    /// Who last had readers answered from it, and when.
    pub switched: Option<Mark>,
}

/// That readers were answered from something else from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Id of what they are answered from, or [`AS_REPORTED`].
    pub to: String,
    /// Id of what they were answered from until then, or [`AS_REPORTED`].
    pub from: String,
    /// Why; may be empty.
    pub reason: String,
    /// Who had it so, and when.
    pub mark: Mark,
}

/// Every derivation of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Derivations {
    by_id: Arc<BTreeMap<String, Derivation>>,
    active: Option<String>,
    last: Option<Switch>,
}

impl Derivations {
    pub(super) fn take(&mut self, step: &DerivationStep, mark: Mark) -> Result<(), FoldError> {
        match step {
            DerivationStep::Planned(plan) => match self.get(&plan.id) {
                Some(known) if known.plan == *plan => {}
                Some(_) => return Err(FoldError::Derivation(plan.id.clone())),
                None if plan.id == AS_REPORTED => return Err(FoldError::Derivation(plan.id.clone())),
                None => {
                    let derivation = Derivation {
                        plan: plan.clone(),
                        planned: mark,
                        cancelled: None,
                        switched: None,
                    };
                    Arc::make_mut(&mut self.by_id).insert(plan.id.clone(), derivation);
                }
            },
            DerivationStep::Cancelled { id } => {
                if self.active.as_ref() == Some(id) {
                    return Err(FoldError::Derivation(id.clone()));
                }
                self.known(id)?.cancelled.get_or_insert(mark);
            }
            DerivationStep::Switched { id, from, reason } => self.switch(Switch {
                to: id.clone(),
                from: from.clone(),
                reason: reason.clone(),
                mark,
            })?,
        }
        Ok(())
    }

    fn switch(&mut self, switch: Switch) -> Result<(), FoldError> {
        if self.last.as_ref() == Some(&switch) {
            return Ok(());
        }
        if self.active_id() != switch.from {
            return Err(FoldError::Derivation(switch.from));
        }
        if switch.to == AS_REPORTED {
            self.active = None;
        } else {
            let known = self.known(&switch.to)?;
            if known.cancelled.is_some() {
                return Err(FoldError::Derivation(switch.to));
            }
            known.switched = Some(switch.mark.clone());
            self.active = Some(switch.to.clone());
        }
        self.last = Some(switch);
        Ok(())
    }

    fn known(&mut self, id: &str) -> Result<&mut Derivation, FoldError> {
        let known = Arc::make_mut(&mut self.by_id).get_mut(id);
        known.ok_or_else(|| FoldError::Derivation(id.to_owned()))
    }

    /// A derivation by id.
    pub fn get(&self, id: &str) -> Option<&Derivation> {
        self.by_id.get(id)
    }

    /// The derivation of an id, unless it is given up.
    pub fn standing(&self, id: &str) -> Option<&Derivation> {
        self.get(id).filter(|known| known.cancelled.is_none())
    }

    /// All of them, by id, given up or not.
    pub fn all(&self) -> impl Iterator<Item = &Derivation> {
        self.by_id.values()
    }

    /// Those that are not given up.
    pub fn live(&self) -> impl Iterator<Item = &Derivation> {
        self.all().filter(|derivation| derivation.cancelled.is_none())
    }

    /// The derivation that readers are answered from; `None` when that is what the ledger's entries hold.
    pub fn active(&self) -> Option<&Derivation> {
        self.get(self.active.as_deref()?)
    }

    /// Id of the derivation that readers are answered from, or [`AS_REPORTED`].
    pub fn active_id(&self) -> &str {
        self.active.as_deref().unwrap_or(AS_REPORTED)
    }

    /// The last switch; `None` when there was none.
    pub fn last_switch(&self) -> Option<&Switch> {
        self.last.as_ref()
    }
}
