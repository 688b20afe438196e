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
        let revision = header.revision.saturating_add(further);
        let keys = vec![row_key(header.kind, &header.id, revision)];
        let found = ledger::find(store, stream, keys).await?;
        let Some(position) = found.first().copied().flatten() else {
            break;
        };
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
    }
    Ok(Standing::Stands)
}
