//! The revisions of records that bear on what is reported of them now: from the latest down to the one that was current
//! before a delivery was opened.

use vardnav_register::delivery::Deliveries;
use vardnav_register::entry::{row_key, test_key};
use vardnav_register::record::RecordKind;
use vardnav_store::{RowKey, Store, StoreError, StreamId};

use crate::ledger::{self, Former};

/// The revisions of one record.
#[derive(Default)]
pub(crate) struct Chain {
    /// The latest revision of all, whether current or not; 0 when there is none.
    pub(crate) latest: u32,
    /// From the latest down to the first that is current and lies before the floor.
    pub(crate) entries: Vec<Former>,
    /// The latest revision within the test delivery; 0 when there is none, or it is no test.
    pub(crate) latest_tested: u32,
    /// Those of the test delivery.
    pub(crate) tested: Vec<Former>,
}

impl Chain {
    /// The current revision, which may withdraw the record.
    pub(crate) fn current(&self, deliveries: &Deliveries) -> Option<&Former> {
        let mut entries = self.entries.iter();
        entries.find(|former| {
            deliveries
                .current_from(former.position, &former.entry.header)
                .is_some()
        })
    }

    /// The opening of the open delivery that holds the latest revision.
    pub(crate) fn waits_in(&self, deliveries: &Deliveries) -> Option<u64> {
        let header = &self.entries.first()?.entry.header;
        deliveries.is_waiting(header).then_some(header.delivery?.opened)
    }

    /// The revisions within the delivery opened at a position, latest first.
    pub(crate) fn within(&self, opened: u64) -> impl Iterator<Item = &Former> {
        let all = self.tested.iter().chain(&self.entries);
        all.filter(move |former| {
            let delivered = former.entry.header.delivery;
            delivered.is_some_and(|delivered| delivered.opened == opened)
        })
    }
}

/// The chains of records, in the order given. The floor is the opening of the delivery that they are asked for, or
/// `u64::MAX` for what is current now; `test` is that delivery's opening when it is a test.
///
/// # Errors
/// When the store cannot, or an entry is not of its form.
pub(crate) async fn chains(
    store: &dyn Store,
    stream: &StreamId,
    names: &[(RecordKind, String)],
    deliveries: &Deliveries,
    (floor, test): (u64, Option<u64>),
) -> Result<Vec<Chain>, StoreError> {
    let mut chains: Vec<Chain> = names.iter().map(|_| Chain::default()).collect();
    let key = |at: usize, revision| {
        let name = names.get(at);
        name.map_or([0; 16], |(kind, id)| row_key(*kind, id, revision))
    };
    let latest = ledger::latest(store, stream, names.len(), key).await?;
    let mut next: Vec<(usize, u64)> = Vec::new();
    for (at, (chain, latest)) in chains.iter_mut().zip(latest).enumerate() {
        if let Some((revision, position)) = latest {
            chain.latest = revision;
            next.push((at, position));
        }
    }
    walk(store, stream, &mut chains, next, key, |former| {
        let from = deliveries.current_from(former.position, &former.entry.header);
        from.is_some() && former.position < floor
    })
    .await?;
    if let Some(opened) = test {
        let key = |at: usize, revision| {
            let name = names.get(at);
            name.map_or([0; 16], |(kind, id)| test_key(opened, *kind, id, revision))
        };
        let latest = ledger::latest(store, stream, names.len(), key).await?;
        let mut tested: Vec<Chain> = names.iter().map(|_| Chain::default()).collect();
        let places = latest.iter().enumerate();
        let next = places
            .filter_map(|(at, latest)| Some((at, (*latest)?.1)))
            .collect();
        walk(store, stream, &mut tested, next, key, |_| false).await?;
        for ((chain, tested), latest) in chains.iter_mut().zip(tested).zip(latest) {
            chain.tested = tested.entries;
            chain.latest_tested = latest.map_or(0, |(revision, _)| revision);
        }
    }
    Ok(chains)
}

/// Goes down from places until `ends` says so of an entry or the first revision is there.
async fn walk(
    store: &dyn Store,
    stream: &StreamId,
    chains: &mut [Chain],
    mut next: Vec<(usize, u64)>,
    key: impl Fn(usize, u32) -> RowKey,
    ends: impl Fn(&Former) -> bool,
) -> Result<(), StoreError> {
    while !next.is_empty() {
        let found = ledger::read(
            store,
            stream,
            next.iter().map(|(_, position)| *position).collect(),
        )
        .await?;
        let mut before: Vec<(usize, RowKey)> = Vec::new();
        for (at, position) in next {
            let (Some(chain), Some(former)) = (chains.get_mut(at), found.get(&position)) else {
                continue;
            };
            let revision = former.entry.header.revision;
            if revision > 1 && !ends(former) {
                before.push((at, key(at, revision - 1)));
            }
            chain.entries.push(former.clone());
        }
        let positions = ledger::find(store, stream, before.iter().map(|(_, key)| *key).collect()).await?;
        next = before
            .into_iter()
            .zip(positions)
            .filter_map(|((at, _), position)| Some((at, position?)))
            .collect();
    }
    Ok(())
}
