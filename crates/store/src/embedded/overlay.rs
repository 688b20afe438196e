//! What the index on disk does not hold yet: keys and frames of the newest rows, so that finding and reading see
//! every append that has returned. Parts are sealed when large and leave once the follower has written them.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::contract::{Hash, RowKey, StreamId};
use crate::tree::Frontier;

/// A key with the number of its stream.
pub(crate) type FullKey = (u32, RowKey);

/// Spreads keys over a table: they are hashes already, so that one multiplication does, under a secret of this process
/// so that nobody can choose keys that fall together.
#[derive(Debug, Clone)]
pub(crate) struct Spread(u64);

impl Default for Spread {
    fn default() -> Self {
        static SECRET: OnceLock<u64> = OnceLock::new();
        Self(*SECRET.get_or_init(|| rand::random::<u64>() | 1))
    }
}

impl BuildHasher for Spread {
    type Hasher = Spreading;

    fn build_hasher(&self) -> Spreading {
        Spreading {
            secret: self.0,
            state: 0,
        }
    }
}

/// A key on its way through [`Spread`].
pub(crate) struct Spreading {
    secret: u64,
    state: u64,
}

impl Spreading {
    fn mix(&mut self, more: u64) {
        let product = u128::from(self.state ^ more) * u128::from(self.secret);
        let [low, high] = [product, product >> 64].map(|half| half.to_le_bytes());
        let low = low.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let high = high.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        self.state = (low ^ high).rotate_left(23);
    }
}

impl Hasher for Spreading {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.mix(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number) ^ self.secret.rotate_left(32));
    }

    /// The length of a key is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.state
    }
}

/// What a stream's tree is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    /// The right edge is known: rows can be appended.
    Whole(Frontier),
    /// Rows are missing or may be: what is readable is served, nothing is appended.
    Broken {
        /// Rows the stream is known to have had.
        size: u64,
        /// The last root known.
        root: Hash,
    },
}

impl Tree {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Whole(frontier) => frontier.size(),
            Self::Broken { size, .. } => *size,
        }
    }

    pub(crate) fn root(&self) -> Hash {
        match self {
            Self::Whole(frontier) => frontier.root(),
            Self::Broken { root, .. } => *root,
        }
    }
}

/// A stream as of some offset of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamState {
    pub(crate) number: u32,
    pub(crate) id: StreamId,
    pub(crate) tree: Tree,
}

/// One part of the overlay.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) keys: HashMap<FullKey, u64, Spread>,
    /// (stream, first position) → offset of the frame.
    pub(crate) frames: BTreeMap<(u32, u64), u64>,
    /// Bytes of log behind it.
    pub(crate) bytes: u64,
}

/// A part that takes no more, with the state of the streams it touched.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) part: Part,
    pub(crate) log_end: u64,
    pub(crate) states: Vec<StreamState>,
}

#[derive(Default)]
struct Parts {
    active: Part,
    sealed: Vec<Arc<Sealed>>,
}

/// All parts.
#[derive(Default)]
pub(crate) struct Overlay {
    parts: RwLock<Parts>,
}

impl Overlay {
    /// Adds a frame of a stream.
    pub(crate) fn add(
        &self,
        stream: u32,
        first: u64,
        offset: u64,
        length: u64,
        keys: impl Iterator<Item = RowKey>,
    ) {
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        let active = &mut parts.active;
        active.frames.insert((stream, first), offset);
        active.bytes += length;
        active
            .keys
            .extend(keys.zip(first..).map(|(key, position)| ((stream, key), position)));
    }

    /// Rows and log bytes in the part that still grows.
    pub(crate) fn fill(&self) -> (usize, u64) {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        (parts.active.keys.len(), parts.active.bytes)
    }

    /// Sealed parts that the index does not hold yet.
    pub(crate) fn waiting(&self) -> usize {
        self.parts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .sealed
            .len()
    }

    /// Closes the growing part.
    pub(crate) fn seal(&self, log_end: u64, states: Vec<StreamState>) -> Arc<Sealed> {
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        let part = std::mem::take(&mut parts.active);
        let sealed = Arc::new(Sealed {
            part,
            log_end,
            states,
        });
        parts.sealed.push(Arc::clone(&sealed));
        sealed
    }

    /// Drops a part that the index now holds.
    pub(crate) fn forget(&self, written: &Arc<Sealed>) {
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        parts.sealed.retain(|sealed| !Arc::ptr_eq(sealed, written));
    }

    /// Newest positions of those keys it holds.
    pub(crate) fn find(&self, stream: u32, keys: &[RowKey]) -> Vec<Option<u64>> {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        let find = |key: &RowKey| {
            let key = (stream, *key);
            let sealed = || {
                parts
                    .sealed
                    .iter()
                    .rev()
                    .find_map(|sealed| sealed.part.keys.get(&key))
            };
            parts.active.keys.get(&key).or_else(sealed).copied()
        };
        keys.iter().map(find).collect()
    }

    /// Frames of a stream with their offsets: the one that begins at or before `position`, and those after it.
    pub(crate) fn frames(&self, stream: u32, position: u64, limit: usize) -> BTreeMap<u64, u64> {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeMap::new();
        for part in parts
            .sealed
            .iter()
            .map(|sealed| &sealed.part)
            .chain([&parts.active])
        {
            let before = part.frames.range((stream, 0)..=(stream, position)).next_back();
            let after = part
                .frames
                .range((stream, position)..=(stream, u64::MAX))
                .take(limit);
            found.extend(
                before
                    .into_iter()
                    .chain(after)
                    .map(|((_, first), offset)| (*first, *offset)),
            );
        }
        found
    }
}
