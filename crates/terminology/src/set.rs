//! A set of concepts of one edition: a bit a concept. What filters, expressions and value sets are computed with.

use crate::edition::{ConceptIndex, Edition};

const BITS: usize = u64::BITS as usize;

/// Concepts of one edition. Sets of different editions must not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConceptSet {
    words: Box<[u64]>,
    /// How many concepts the edition has.
    universe: u32,
}

impl ConceptSet {
    /// No concept of an edition that has `universe`.
    pub(crate) fn none(universe: usize) -> Self {
        Self {
            words: vec![0; universe.div_ceil(BITS)].into(),
            universe: u32::try_from(universe).unwrap_or(u32::MAX),
        }
    }

    /// These concepts of an edition.
    pub fn of(edition: &Edition, concepts: impl IntoIterator<Item = ConceptIndex>) -> Self {
        let mut set = Self::none(edition.len());
        concepts.into_iter().for_each(|concept| set.insert(concept.0));
        set
    }

    /// All concepts of an edition that has `universe`.
    pub(crate) fn all(universe: usize) -> Self {
        let mut set = Self::none(universe);
        set.insert_range(0, set.universe);
        set
    }

    pub(crate) fn insert(&mut self, concept: u32) {
        if concept < self.universe
            && let Some(word) = self.words.get_mut(concept as usize / BITS)
        {
            *word |= 1 << (concept as usize % BITS);
        }
    }

    pub(crate) fn remove(&mut self, concept: u32) {
        if let Some(word) = self.words.get_mut(concept as usize / BITS) {
            *word &= !(1 << (concept as usize % BITS));
        }
    }

    /// Adds the concepts from `start` up to `end`.
    pub(crate) fn insert_range(&mut self, start: u32, end: u32) {
        let (start, end) = (start as usize, end.min(self.universe) as usize);
        if start >= end {
            return;
        }
        let (first, last) = (start / BITS, (end - 1) / BITS);
        for (at, word) in self.words.iter_mut().enumerate().take(last + 1).skip(first) {
            let mut mask = u64::MAX;
            if at == first {
                mask &= u64::MAX << (start % BITS);
            }
            if at == last {
                mask &= u64::MAX >> (BITS - 1 - (end - 1) % BITS);
            }
            *word |= mask;
        }
    }

    /// Whether a concept is in it.
    pub fn contains(&self, concept: ConceptIndex) -> bool {
        self.holds(concept.0)
    }

    pub(crate) fn holds(&self, concept: u32) -> bool {
        let word = self
            .words
            .get(concept as usize / BITS)
            .copied()
            .unwrap_or_default();
        word >> (concept as usize % BITS) & 1 == 1
    }

    /// How many concepts it has.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Its concepts, in the order of the source.
    pub fn iter(&self) -> impl Iterator<Item = ConceptIndex> + '_ {
        self.numbers().map(ConceptIndex)
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.wrapping_sub(1);
                (bit < u64::BITS).then_some((at * BITS) as u32 + bit)
            })
        })
    }

    /// Keeps what is also in `other`.
    pub fn intersect(&mut self, other: &Self) {
        self.with(other, |mine, theirs| mine & theirs);
    }

    /// Adds what is in `other`.
    pub fn unite(&mut self, other: &Self) {
        self.with(other, |mine, theirs| mine | theirs);
    }

    /// Takes out what is in `other`.
    pub fn subtract(&mut self, other: &Self) {
        self.with(other, |mine, theirs| mine & !theirs);
    }

    fn with(&mut self, other: &Self, join: impl Fn(u64, u64) -> u64) {
        for (mine, &theirs) in self.words.iter_mut().zip(&other.words) {
            *mine = join(*mine, theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_begin_and_end_anywhere() {
        for (start, end) in [(0, 0), (0, 1), (3, 64), (63, 65), (64, 128), (5, 200), (199, 200)] {
            let mut set = ConceptSet::none(200);
            set.insert_range(start, end);
            assert_eq!(
                set.numbers().collect::<Vec<_>>(),
                (start..end).collect::<Vec<_>>()
            );
            assert_eq!(set.len(), (end - start) as usize);
        }
        assert_eq!(ConceptSet::all(130).len(), 130);
    }

    #[test]
    fn sets_meet_join_and_part() {
        let set = |numbers: &[u32]| {
            let mut set = ConceptSet::none(100);
            numbers.iter().for_each(|&number| set.insert(number));
            set
        };
        let mut met = set(&[1, 70, 99]);
        met.intersect(&set(&[70, 99, 3]));
        assert_eq!(met, set(&[70, 99]));
        met.unite(&set(&[0]));
        assert_eq!(met, set(&[0, 70, 99]));
        met.subtract(&set(&[70]));
        met.remove(0);
        assert_eq!(met, set(&[99]));
        assert!(met.holds(99) && !met.holds(70));
    }
}
