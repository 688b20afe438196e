//! Answering readers from a derivation: which one, and what it says of entries. That is derived for the answer, as what
//! is kept is, so that facts and values of an answer are of one moment, also where what is kept has still to follow.

use std::sync::Arc;

use vardnav_api::status::{ApiError, Kind};
use vardnav_register::derived::Derived;
use vardnav_release::Snapshot;
use vardnav_release::entry::AS_REPORTED;
use vardnav_store::{StoreError, StreamId, View};

use super::from_ledger;
use super::{Compiled, Trouble};
use crate::Register;
use crate::ledger::Former;

/// The derivation that an answer is from, for the whole of the answer.
#[derive(Clone)]
pub(crate) struct Choice {
    compiled: Option<Arc<Compiled>>,
}

impl Choice {
    /// Its id.
    pub(crate) fn id(&self) -> &str {
        self.compiled
            .as_ref()
            .map_or(AS_REPORTED, |compiled| &compiled.plan.id)
    }

    /// A release that parts name, under the choice.
    pub(crate) fn release<'a>(&'a self, id: &str, view: &'a View) -> Option<&'a Arc<Snapshot>> {
        match &self.compiled {
            Some(compiled) => compiled.release(id, view),
            None => view.snapshot(id),
        }
    }
}

impl Register {
    /// The derivation that a request names, or else the one that readers are answered from.
    ///
    /// # Errors
    /// When there is none of that id, or it cannot be read.
    pub(crate) fn choose(&self, asked: &str) -> Result<Choice, ApiError> {
        let view = self.authority.view();
        let derivations = view.state().derivations();
        let derivation = match asked {
            "" => derivations.active(),
            AS_REPORTED => None,
            id => {
                let known = derivations.standing(id);
                Some(known.ok_or_else(|| ApiError::not_found("the derivation"))?)
            }
        };
        let compiled = derivation
            .map(|derivation| self.compiled(&derivation.plan))
            .transpose();
        let compiled = compiled.map_err(|trouble: Trouble| {
            ApiError::new(Kind::Unavailable, "VN-API-010", trouble.to_string())
        })?;
        Ok(Choice { compiled })
    }

    /// What a derivation says of entries, in their order; `None` for one that was erased. Without a derivation, what
    /// the entries hold.
    ///
    /// # Errors
    /// When the store cannot, or an entry is not of its form.
    pub(crate) async fn derived(
        &self,
        choice: &Choice,
        stream: &StreamId,
        formers: &[Former],
        view: &Arc<View>,
    ) -> Result<Option<Vec<Option<Derived>>>, StoreError> {
        let Some(compiled) = &choice.compiled else {
            return Ok(None);
        };
        let anew = from_ledger::anew(&self.store, view, compiled, stream, formers.to_vec()).await?;
        let derived = anew.into_iter().map(|anew| Some(anew?.derived));
        Ok(Some(derived.collect()))
    }
}
