//! Whether an entry is what its record stands as, of what a stream holds up to a position. What makes an entry current is
//! said in `vardnav_register::delivery`.

use vardnav_register::delivery::Deliveries;
use vardnav_register::entry::{Header, row_key};
use vardnav_store::{Store, StoreError, StreamId};

use crate::ledger::{self, Former};

/// Most later revisions of a record that are looked through.
const REVISIONS_MAX: u32 = 1000;

/// How an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is not current: its delivery is open, was given up or is a test.
    Waits,
    /// Another revision took its place.
    Replaced,
    /// Its record stands so.
    Stands,
}

/// How entries stand, of what the stream holds before a position, in their order. Most have no later revision: whether
/// they do is asked of all together.
///
/// # Errors
/// As [`standing`].
pub(crate) async fn standings(
    store: &dyn Store,
    stream: &StreamId,
    deliveries: &Deliveries,
    formers: &[Former],
    until: u64,
) -> Result<Vec<Standing>, StoreError> {
    let next = formers.iter().map(|former| later_key(&former.entry.header, 1));
    let next = ledger::find(store, stream, next.collect()).await?;
    let mut standings = Vec::with_capacity(formers.len());
    for (former, next) in formers.iter().zip(next) {
        standings.push(after(store, stream, deliveries, (former, next), until).await?);
    }
    Ok(standings)
}

/// How an entry stands, of what the stream holds before a position.
///
/// # Errors
/// When the store cannot, or an entry is not of its form.
pub(crate) async fn standing(
    store: &dyn Store,
    stream: &StreamId,
    deliveries: &Deliveries,
    former: &Former,
    until: u64,
) -> Result<Standing, StoreError> {
    let next = ledger::find(store, stream, vec![later_key(&former.entry.header, 1)]).await?;
    let next = next.first().copied().flatten();
    after(store, stream, deliveries, (former, next), until).await
}

/// The key of a later revision.
fn later_key(header: &Header, further: u32) -> [u8; 16] {
    row_key(header.kind, &header.id, header.revision.saturating_add(further))
}

/// How an entry stands whose next revision is where `next` says, if anywhere.
async fn after(
    store: &dyn Store,
    stream: &StreamId,
    deliveries: &Deliveries,
    (former, mut next): (&Former, Option<u64>),
    until: u64,
) -> Result<Standing, StoreError> {
    let is_current = |position: u64, header: &Header| {
        let test = header.delivery.is_some_and(|delivered| delivered.test);
        let from = deliveries.current_from(position, header);
        !test && from.is_some_and(|from| from < until)
    };
    let header = &former.entry.header;
    if !is_current(former.position, header) {
        return Ok(Standing::Waits);
    }
    for further in 1..=REVISIONS_MAX {
        let Some(position) = next else { break };
        if deliveries.is_empty() {
            return Ok(match position < until {
                true => Standing::Replaced,
                false => Standing::Stands,
            });
        }
        let later = ledger::read(store, stream, vec![position]).await?;
        let takes_its_place = |later: &Former| is_current(position, &later.entry.header);
        if later.values().any(takes_its_place) {
            return Ok(Standing::Replaced);
        }
        let found = ledger::find(store, stream, vec![later_key(header, further.saturating_add(1))]).await?;
        next = found.first().copied().flatten();
    }
    Ok(Standing::Stands)
}
