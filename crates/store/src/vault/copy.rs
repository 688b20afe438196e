//! Bringing one vault what another with the same key keeps, as sealed rows: no identity is opened. Both may be in use, and
//! it may be broken off at any moment and begun again.

use super::{Counts, VaultKeeper};
use crate::contract::StoreError;

/// Brings `to` everything that `from` keeps; gives how much `to` holds then. What it has stays. As long as persons or
/// statements come to `from` they may be missing in `to`: once nothing comes any more, a last time brings the rest.
///
/// # Errors
/// `Corrupt` when the two are vaults of different keys, or `to` has other persons or statements than `from`.
pub async fn copy(from: &dyn VaultKeeper, to: &dyn VaultKeeper) -> Result<Counts, StoreError> {
    if from.id()? != to.id()? {
        return Err(StoreError::Corrupt(
            "the two vaults have different keys, and neither can read what the other keeps".to_owned(),
        ));
    }
    let mut place = Vec::new();
    loop {
        let kept = from.kept_persons(&place).await?;
        to.keep_persons(kept.persons).await?;
        match kept.next {
            Some(next) => place = next,
            None => break,
        }
    }
    let mut next = to.counts().await?.events;
    hold_same(from, to, next).await?;
    loop {
        let events = from.kept_events(next).await?;
        if events.is_empty() {
            return to.counts().await;
        }
        let count = crate::codec::len64(events.len());
        to.keep_events(next, events).await?;
        next += count;
    }
}

/// Holds that the last event that one vault has is the other's too: each is sealed anew by whoever states it, so that the
/// same bytes in one place mean the same before it.
async fn hold_same(from: &dyn VaultKeeper, to: &dyn VaultKeeper, count: u64) -> Result<(), StoreError> {
    let Some(last) = count.checked_sub(1) else {
        return Ok(());
    };
    let (own, other) = (from.kept_events(last).await?, to.kept_events(last).await?);
    match own.first() == other.first() {
        true => Ok(()),
        false => Err(StoreError::Corrupt(
            "statements were noted in the one vault that are not in the other: it is no copy of it"
                .to_owned(),
        )),
    }
}
