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

/// Every derivation of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Derivations {
    by_id: Arc<BTreeMap<String, Derivation>>,
    active: Option<String>,
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
            DerivationStep::Switched { id } if id == AS_REPORTED => self.active = None,
            DerivationStep::Switched { id } => {
                let known = self.known(id)?;
                if known.cancelled.is_some() {
                    return Err(FoldError::Derivation(id.clone()));
                }
                known.switched = Some(mark);
                self.active = Some(id.clone());
            }
        }
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
}
