//! Facts packed as records come in: blocks of some hundred entries of a stream, behind the ledger and rebuilt from it.
//! See [`Columns`]. Nothing waits for it: what is not packed yet is derived from the ledger. An entry that cannot be
//! read is left out and told of; those after it are packed.

use std::collections::HashMap;
use std::sync::Arc;

use vardnav_register::bytes::DecodeError;
use vardnav_register::entry::StreamEntry;
use vardnav_register::rederive::Columns;
use vardnav_store::{Change, Shift, Store, StoreError, StreamId};

/// Name of the projection, with the version of its rows: rows of another version lie in another, which is cleared.
pub(crate) const PROJECTION: &str = "packed-facts.1";
/// The projection that held blocks before they had a version.
pub(crate) const UNVERSIONED: &str = "packed-facts";

/// Entries packed at a time.
const BATCH: u32 = 4_000;
/// Begins the key of a block; the rest is the stream, a zero and the position of its first entry.
const BLOCK: u8 = b'b';
/// Begins the key of the place of a stream's last block.
const TAIL: u8 = b't';
/// Begins the key of an entry that cannot be read; the rest is the stream, a zero and its position, the value why.
const UNREADABLE: u8 = b'u';
/// Most entries that cannot be read that are told of.
const TOLD_MAX: u32 = 100;

/// Why packing does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unpacked {
    /// The store could not; with `Corrupt` it is the stream that cannot be read.
    Store(StoreError),
    /// What is packed is not of its form.
    Damaged,
}

impl From<StoreError> for Unpacked {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The last blocks of the streams, which further entries are added to.
#[derive(Default)]
pub(crate) struct Packing {
    tails: HashMap<StreamId, (u64, Columns)>,
    /// The number of the shift in which they were packed.
    shift: u64,
}

impl Packing {
    /// Begins to pack in a shift: blocks that were kept from an earlier one may have been packed anew since.
    pub(crate) fn begin(&mut self, shift: &Shift) {
        if self.shift != shift.number() {
            self.tails.clear();
            self.shift = shift.number();
        }
    }

    /// Packs the next entries of a stream; answers whether there may be more.
    ///
    /// # Errors
    /// When the store cannot, or what is packed is not of its form.
    pub(crate) async fn step(&mut self, store: &Arc<dyn Store>, stream: &StreamId) -> Result<bool, Unpacked> {
        let cursor = store.cursor(PROJECTION, stream).await?;
        let rows = store.follow(stream, cursor, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(false) };
        let next = last.position + 1;
        let tail = match self.tails.remove(stream) {
            Some((first, block)) if first + block.len() as u64 == cursor => (first, block),
            _ => tail(store.as_ref(), stream, cursor).await?,
        };
        let of = stream.clone();
        let packed = tokio::task::spawn_blocking(move || {
            let (mut first, mut block) = tail;
            let mut changes = Vec::new();
            for row in &rows {
                let entry = StreamEntry::decode(&row.bytes);
                loop {
                    let pushed = match &entry {
                        Ok(StreamEntry::Record(entry)) => block.push(entry),
                        Ok(_) => Ok(block.push_nothing()),
                        Err(error) => Err(*error),
                    };
                    let has_room = pushed.unwrap_or_else(|error| {
                        changes.push(unreadable(&of, row.position, &error));
                        block.push_nothing()
                    });
                    if has_room {
                        break;
                    }
                    changes.push(change(&of, first, &block));
                    first += block.len() as u64;
                    block = Columns::new();
                }
            }
            changes.push(change(&of, first, &block));
            changes.push(Change {
                key: tail_key(&of),
                value: Some(first.to_be_bytes().to_vec()),
            });
            (first, block, changes)
        });
        let (first, block, changes) = packed.await.map_err(|_| crate::stopping())?;
        store.commit(PROJECTION, stream, cursor, next, changes).await?;
        self.tails.insert(stream.clone(), (first, block));
        Ok(true)
    }
}

/// The entries that cannot be read, and why: the first of them.
///
/// # Errors
/// When the store cannot.
pub(crate) async fn told_unreadable(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let rows = store.scan(PROJECTION, &[UNREADABLE], TOLD_MAX).await?;
    let told = rows
        .into_iter()
        .take_while(|row| row.key.first() == Some(&UNREADABLE));
    Ok(told
        .map(|row| String::from_utf8_lossy(&row.value).into_owned())
        .collect())
}

fn unreadable(stream: &StreamId, position: u64, error: &DecodeError) -> Change {
    tracing::error!(%stream, position, %error, "an entry cannot be read: derivations leave it out");
    let rest = [stream.as_str().as_bytes(), &[0], &position.to_be_bytes()].concat();
    let text = format!("{stream}: position {position} cannot be read and is left out: {error}");
    Change {
        key: [&[UNREADABLE], rest.as_slice()].concat(),
        value: Some(text.into_bytes()),
    }
}

fn change(stream: &StreamId, first: u64, block: &Columns) -> Change {
    Change {
        key: block_key(stream, first),
        value: Some(block.encode()),
    }
}

/// The last block of a stream of which `cursor` entries are packed.
async fn tail(store: &dyn Store, stream: &StreamId, cursor: u64) -> Result<(u64, Columns), Unpacked> {
    let damaged = || Unpacked::Damaged;
    let Some(first) = store.row(PROJECTION, &tail_key(stream)).await? else {
        return match cursor {
            0 => Ok((0, Columns::new())),
            _ => Err(damaged()),
        };
    };
    let first = u64::from_be_bytes(first.try_into().map_err(|_| damaged())?);
    let block = store.row(PROJECTION, &block_key(stream, first)).await?;
    let block = Columns::decode(&block.unwrap_or_default()).map_err(|_| damaged())?;
    match first + block.len() as u64 == cursor {
        true => Ok((first, block.reopened())),
        false => Err(damaged()),
    }
}

/// The key of the block that begins at a position.
fn block_key(stream: &StreamId, first: u64) -> Vec<u8> {
    [&[BLOCK], stream.as_str().as_bytes(), &[0], &first.to_be_bytes()].concat()
}

fn tail_key(stream: &StreamId) -> Vec<u8> {
    [&[TAIL], stream.as_str().as_bytes()].concat()
}

/// Blocks of a stream as they are kept, from that which begins at `from` or after it, each with its first position;
/// those that begin at `until` or after it are left out. None at the end.
pub(crate) async fn blocks(
    store: &dyn Store,
    stream: &StreamId,
    from: u64,
    until: u64,
    limit: u32,
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    if from >= until {
        return Ok(Vec::new());
    }
    let prefix = block_key(stream, 0);
    let prefix = prefix
        .split_last_chunk::<8>()
        .map_or(&[][..], |(prefix, _)| prefix);
    let rows = store.scan(PROJECTION, &block_key(stream, from), limit).await?;
    let own = rows.into_iter().map_while(|row| {
        let first = row.key.strip_prefix(prefix)?;
        let first = u64::from_be_bytes(first.try_into().ok()?);
        (first < until).then_some((first, row.value))
    });
    Ok(own.collect())
}
