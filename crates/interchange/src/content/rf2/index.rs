//! From an identifier to the position of its row, and the newest of several rows with the same identifier. Compact:
//! the identifiers once, and four bytes a slot of an open-addressed table.

/// No row.
const EMPTY: u32 = u32::MAX;

/// Most rows of one kind.
pub(super) const ROWS_MAX: usize = 1 << 28;

/// An identifier.
pub(super) trait Key: Copy + Eq {
    /// A number whose upper bits are spread evenly.
    fn spread(self) -> u64;
}

impl Key for u64 {
    fn spread(self) -> u64 {
        let mixed = (self ^ (self >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }
}

impl Key for u128 {
    fn spread(self) -> u64 {
        (((self >> 64) as u64).rotate_left(23) ^ self as u64).spread()
    }
}

/// Identifiers, each with the position at which it was put in.
#[derive(Debug)]
pub(super) struct Index<K> {
    keys: Vec<K>,
    slots: Vec<u32>,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            slots: Vec::new(),
        }
    }
}

impl<K: Key> Index<K> {
    /// Identifiers in the order given, which holds each once.
    pub(super) fn new(keys: impl IntoIterator<Item = K>) -> Self {
        let mut index = Self::default();
        for key in keys {
            index.insert(key);
        }
        index
    }

    /// All identifiers by position.
    pub(super) fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Position of an identifier.
    pub(super) fn find(&self, key: K) -> Option<u32> {
        match self.slots.get(self.slot(key)?) {
            Some(&EMPTY) | None => None,
            Some(&position) => Some(position),
        }
    }

    /// Position of an identifier, and whether it is new.
    pub(super) fn insert(&mut self, key: K) -> (u32, bool) {
        if (self.keys.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let position = self.keys.len() as u32;
        let slot = self.slot(key).and_then(|slot| self.slots.get_mut(slot));
        match slot {
            Some(slot) if *slot == EMPTY => *slot = position,
            Some(slot) => return (*slot, false),
            None => {}
        }
        self.keys.push(key);
        (position, true)
    }

    /// The slot that holds the identifier or is free for it; `None` while there are none.
    fn slot(&self, key: K) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = (key.spread() >> 32) as usize & mask;
        while let Some(&position) = self.slots.get(at) {
            if position == EMPTY || self.keys.get(position as usize) == Some(&key) {
                break;
            }
            at = (at + 1) & mask;
        }
        Some(at)
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(16);
        self.slots = Vec::new();
        self.slots.resize(slots, EMPTY);
        for (position, &key) in (0_u32..).zip(&self.keys) {
            if let Some(slot) = self.slot(key).and_then(|slot| self.slots.get_mut(slot)) {
                *slot = position;
            }
        }
    }
}

/// A row's state.
pub(super) trait State {
    /// When it came to be, as the number yyyymmdd.
    fn time(&self) -> u32;
}

/// Rows by identifier, of each the newest.
#[derive(Debug)]
pub(super) struct Newest<K, R> {
    index: Index<K>,
    rows: Vec<R>,
    /// Rows from here on were put in by the present file.
    of_file: usize,
}

/// What became of a row that was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is the newest so far, or an older one that no longer counts.
    Taken,
    /// The same file has it already.
    Twice,
    /// There are [`ROWS_MAX`] rows.
    TooMany,
}

impl<K, R> Default for Newest<K, R> {
    fn default() -> Self {
        Self {
            index: Index::default(),
            rows: Vec::new(),
            of_file: 0,
        }
    }
}

impl<K: Key, R: State> Newest<K, R> {
    /// Begins another file.
    pub(super) fn begin_file(&mut self) {
        self.of_file = self.rows.len();
    }

    /// Puts a row in. A file of type Full may have an identifier several times (`history`), with other dates.
    pub(super) fn put(&mut self, key: K, row: R, history: bool) -> Put {
        if self.rows.len() == ROWS_MAX {
            return Put::TooMany;
        }
        let (position, new) = self.index.insert(key);
        if new {
            self.rows.push(row);
            return Put::Taken;
        }
        let Some(former) = self.rows.get_mut(position as usize) else {
            return Put::Taken;
        };
        if position as usize >= self.of_file && (!history || former.time() == row.time()) {
            return Put::Twice;
        }
        if former.time() < row.time() {
            *former = row;
        }
        Put::Taken
    }

    pub(super) fn find(&self, key: K) -> Option<u32> {
        self.index.find(key)
    }

    /// Identifiers and rows, by position.
    pub(super) fn into_parts(self) -> (Vec<K>, Vec<R>) {
        (self.index.keys, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Row(u32, &'static str);

    impl State for Row {
        fn time(&self) -> u32 {
            self.0
        }
    }

    #[test]
    fn every_key_is_found_at_its_position() {
        let keys: Vec<u64> = (0..5000).map(|i| i * 1_000_000 + 7).collect();
        let mut index = Index::new(keys.iter().copied());
        for (position, &key) in (0..).zip(&keys) {
            assert_eq!(index.find(key), Some(position));
            assert_eq!(index.insert(key), (position, false));
        }
        assert_eq!(index.find(8), None);
        assert_eq!(index.keys(), keys);
        assert_eq!(Index::<u64>::default().find(1), None);
    }

    #[test]
    fn the_newest_row_counts_whatever_the_order() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
            let mut rows = Newest::default();
            for time in order {
                rows.begin_file();
                assert_eq!(rows.put(7_u64, Row(time, "a"), false), Put::Taken);
            }
            assert_eq!(rows.into_parts(), (vec![7], vec![Row(3, "a")]));
        }
    }

    #[test]
    fn a_file_may_have_an_identifier_again_only_as_history() {
        let mut rows = Newest::default();
        assert_eq!(rows.put(7_u64, Row(1, "a"), true), Put::Taken);
        assert_eq!(rows.put(7, Row(2, "b"), true), Put::Taken);
        assert_eq!(rows.put(7, Row(2, "c"), true), Put::Twice);
        assert_eq!(rows.put(7, Row(3, "d"), false), Put::Twice);
        rows.begin_file();
        assert_eq!(
            rows.put(7, Row(2, "e"), false),
            Put::Taken,
            "another file repeats it"
        );
        assert_eq!(rows.into_parts().1, [Row(2, "b")]);
    }
}
