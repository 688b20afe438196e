//! The vault of identities beside the store that is copied: `crate::vault::copy` brings its sealed rows, and this holds
//! that the target has nothing that the source does not, as for everything else that is copied.

use super::CopyError;
use crate::contract::StoreError;
use crate::vault::{self, Counts, VaultKeeper};

/// Copies what `from` keeps into `to`, which goes on from what it holds. Gives how much `to` holds then.
///
/// # Errors
/// `NoBeginning` when the vaults have not the same key, or `to` holds what `from` does not.
pub async fn vault(from: &dyn VaultKeeper, to: &dyn VaultKeeper) -> Result<Counts, CopyError> {
    if from.id().map_err(CopyError::Source)? != to.id().map_err(CopyError::Target)? {
        let what =
            "its vault has another key, so that neither can read what the other keeps (nothing was written)";
        return Err(CopyError::NoBeginning(what.to_owned()));
    }
    let before = to.counts().await.map_err(CopyError::Target)?;
    let counts = from.counts().await.map_err(CopyError::Source)?;
    if before.persons > counts.persons || before.events > counts.events {
        let what = "its vault knows persons, or statements, that the source does not (nothing was written)";
        return Err(CopyError::NoBeginning(what.to_owned()));
    }
    vault::copy(from, to).await.map_err(|error| match error {
        // Persons go page by page: those of the pages before stay.
        StoreError::Corrupt(what) => {
            let what =
                format!("its vault is no copy of the other, and what came before that stays in it: {what}");
            CopyError::NoBeginning(what)
        }
        error => CopyError::Target(error),
    })
}
