//! The long way: entries derived anew from what was reported, with their episodes as they are now, derived anew too.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use vardnav_register::bytes::DecodeError;
use vardnav_register::derived::Derived;
use vardnav_register::record::{Body, Record};
use vardnav_register::rederive::{episode_anew, rederive};
use vardnav_store::{Store, StoreError, StreamId, View};

use super::Compiled;
use crate::ledger::{self, Former};
use crate::surroundings::BatchSurroundings;

/// An entry derived anew.
pub(crate) struct Anew {
    pub(crate) record: Record,
    /// What was derived when it was taken.
    pub(crate) former: Derived,
    pub(crate) derived: Derived,
}

/// Derives entries of a stream anew, which lie in its order; `None` for one that was erased.
///
/// # Errors
/// When the store cannot, or an entry is not of its form.
pub(crate) async fn anew(
    store: &Arc<dyn Store>,
    view: &Arc<View>,
    compiled: &Arc<Compiled>,
    stream: &StreamId,
    formers: Vec<Former>,
) -> Result<Vec<Option<Anew>>, StoreError> {
    let read = |former: &Former| self::stated(stream, former);
    let stated = formers.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let named: BTreeSet<String> = stated
        .iter()
        .flatten()
        .filter_map(|(record, _)| named(record).map(str::to_owned))
        .collect();
    let episodes = ledger::latest_episodes(store.as_ref(), stream, named, &formers).await?;
    derive(view, compiled, stream, stated, episodes)
}

fn derive(
    view: &Arc<View>,
    compiled: &Compiled,
    stream: &StreamId,
    stated: Vec<Option<(Record, Derived)>>,
    episodes: HashMap<String, Former>,
) -> Result<Vec<Option<Anew>>, StoreError> {
    let reporter = stream.as_reporter().unwrap_or_default();
    let plan = compiled.rederivation();
    let mut surroundings = BatchSurroundings::of(Arc::clone(view), HashMap::new());
    let system = |id: &str| {
        compiled
            .release(id, view)
            .map(|release| release.description.as_ref())
    };
    let mut views = HashMap::with_capacity(episodes.len());
    for (id, former) in episodes {
        let Some((record, derived)) = self::stated(stream, &former)? else {
            continue;
        };
        if let Some(view) = episode_anew(&record, reporter, (None, &derived), &plan, &surroundings, system) {
            views.insert(id, Arc::new(view));
        }
    }
    surroundings.episodes = views;
    let derive = |stated: Option<(Record, Derived)>| {
        let (record, former) = stated?;
        let derived = rederive(&record, reporter, &former, &plan, &surroundings);
        Some(Anew {
            record,
            former,
            derived,
        })
    };
    Ok(stated.into_iter().map(derive).collect())
}

/// What an entry states and what was derived of it; `None` when it was erased.
pub(super) fn stated(stream: &StreamId, former: &Former) -> Result<Option<(Record, Derived)>, StoreError> {
    let damaged =
        |error: DecodeError| StoreError::Corrupt(format!("{stream}: position {}: {error}", former.position));
    let record = former.entry.record().map_err(damaged)?;
    let derived = former.entry.derived().map_err(damaged)?;
    Ok(record
        .zip(derived)
        .map(|(record, (_, derived))| (record, derived)))
}

/// The id of the episode that a record names.
pub(crate) fn named(record: &Record) -> Option<&str> {
    match &record.body {
        Body::Contact(contact) => contact.episode.as_deref(),
        Body::MonitoringPeriod(period) => period.episode.as_deref(),
        Body::Episode(_) | Body::CareRequest(_) => None,
    }
}
