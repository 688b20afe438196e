//! How far a derivation has come in each stream, asked of all streams together: most of them rest, and a pass over hundreds
//! of those asks no more than over one. Only reads; what is to be done is decided where it is done.

use std::collections::BTreeMap;

use vardnav_register::rederive::rows::Key;
use vardnav_store::{ROWS_LIMIT, Store, StoreError, StreamId, current};

use super::packing;
use super::pass::position;

/// What is known of each stream by a position.
const MARKS: [Key; 3] = [Key::Target, Key::Known, Key::Swept];

/// How far a derivation has come in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reached {
    /// The next position that is derived.
    pub(super) cursor: u64,
    /// Whether a delivery is being taken in, so that what is derived is of two moments.
    pub(super) is_within: bool,
    /// Up to where packed facts are packed.
    pub(super) packed: u64,
    /// Up to where packed facts are taken; none as long as the stream is not begun.
    pub(super) target: Option<u64>,
    /// The position of the authority's stream whose units and maps it is derived with.
    pub(super) known: u64,
    /// Up to where episodes have reached what was reported before them.
    pub(super) swept: u64,
}

impl Reached {
    /// Whether nothing is to be done for a stream of so many entries, when the authority has stated so many.
    pub(super) fn rests(&self, size: u64, authority: u64) -> bool {
        let is_begun = self.target.is_some() && !self.is_within;
        is_begun && self.cursor >= size && self.known >= authority && self.swept >= self.cursor
    }
}

/// How far a derivation has come in these streams, in their order.
///
/// # Errors
/// When the store cannot.
pub(super) async fn reached<'s>(
    store: &dyn Store,
    projection: &str,
    streams: impl Iterator<Item = &'s StreamId> + Clone,
) -> Result<Vec<Reached>, StoreError> {
    let places = current::places(store, projection).await?;
    let packed = store.cursors_of(packing::PROJECTION).await?;
    let marks = marks(store, projection, streams.clone()).await?;
    let each = streams.map(|stream| {
        let place = places.get(stream);
        let mark = |key: Key| marks.get(&key.with(stream.as_str().as_bytes())).copied();
        Reached {
            cursor: place.map_or(0, |place| place.cursor),
            is_within: place.is_some_and(|place| place.within.is_some()),
            packed: packed.get(stream).copied().unwrap_or(0),
            target: mark(Key::Target),
            known: mark(Key::Known).unwrap_or(0),
            swept: mark(Key::Swept).unwrap_or(0),
        }
    });
    Ok(each.collect())
}

/// Positions by the keys of their rows, of those that there are.
async fn marks<'s>(
    store: &dyn Store,
    projection: &str,
    streams: impl Iterator<Item = &'s StreamId>,
) -> Result<BTreeMap<Vec<u8>, u64>, StoreError> {
    let keys = streams.flat_map(|stream| MARKS.map(|key| key.with(stream.as_str().as_bytes())));
    let keys: Vec<Vec<u8>> = keys.collect();
    let mut marks = BTreeMap::new();
    for some in keys.chunks(ROWS_LIMIT) {
        let rows = store.rows(projection, some).await?;
        let there = some.iter().zip(rows).filter_map(|(key, row)| Some((key, row?)));
        marks.extend(there.map(|(key, row)| (key.clone(), position(&row))));
    }
    Ok(marks)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use vardnav_store::suite::sample_rows;
    use vardnav_store::{Change, Memory};

    use super::*;

    /// What is asked of all streams together is what each has, whatever lies beside it.
    #[tokio::test]
    async fn each_stream_is_told_as_it_stands() {
        let store = Memory::default();
        let names = ["rests", "behind", "new", "unswept", "unknown"];
        let streams = names.map(|name| StreamId::reporter(name).unwrap());
        let stands = [
            // Cursor, packed, and up to where: target, known, swept.
            (5, 5, Some((2, 7, 5))),
            (3, 5, Some((2, 7, 3))),
            (0, 4, None),
            (5, 4, Some((2, 7, 4))),
            (5, 5, Some((2, 6, 5))),
        ];
        for (stream, (cursor, packed, marks)) in streams.iter().zip(stands) {
            store.append(stream, 0, sample_rows(0, 5)).await.unwrap();
            let marks = marks.map(|(target, known, swept)| [target, known, swept]);
            let rows = marks.into_iter().flat_map(|marks| MARKS.into_iter().zip(marks));
            let rows = rows.map(|(key, at): (Key, u64)| Change {
                key: key.with(stream.as_str().as_bytes()),
                value: Some(at.to_be_bytes().to_vec()),
            });
            store
                .commit("derived", stream, 0, cursor, rows.collect())
                .await
                .unwrap();
            store
                .commit(packing::PROJECTION, stream, 0, packed, Vec::new())
                .await
                .unwrap();
        }
        let reached = reached(&store, "derived", streams.iter()).await.unwrap();
        for (reached, (cursor, packed, marks)) in reached.iter().zip(stands) {
            let (known, swept) = marks.map_or((0, 0), |(_, known, swept)| (known, swept));
            let wanted = Reached {
                cursor,
                is_within: false,
                packed,
                target: marks.map(|(target, ..)| target),
                known,
                swept,
            };
            assert_eq!(*reached, wanted);
        }
        let rests: Vec<bool> = reached.iter().map(|reached| reached.rests(5, 7)).collect();
        assert_eq!(rests, [true, false, false, false, false]);
        let within = reached.first().map(|reached| Reached {
            is_within: true,
            ..*reached
        });
        assert!(within.is_some_and(|within| !within.rests(5, 7)));
    }
}
