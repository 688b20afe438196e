//! Docs among which those that fit a query are looked for, in rank order.

use std::borrow::Cow;
use std::ops::Range;

/// The candidates. All that fit are among them; some of them may not fit.
#[derive(Debug)]
pub(super) enum Candidates<'e> {
    /// In rising order, each once.
    List(Cow<'e, [u32]>),
    Marks(Marks),
}

impl Candidates<'_> {
    /// Calls `take` with those in a range, in order, until it says that it has enough.
    pub(super) fn each(&self, docs: &Range<u32>, mut take: impl FnMut(u32) -> bool) {
        match self {
            Self::List(list) => {
                let start = list.partition_point(|&doc| doc < docs.start);
                for &doc in list.get(start..).unwrap_or_default() {
                    if doc >= docs.end || take(doc) {
                        return;
                    }
                }
            }
            Self::Marks(marks) => marks.each(docs, take),
        }
    }
}

/// A set of docs, a bit a doc.
#[derive(Debug, Clone)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    /// How many numbers hold the bits of `docs` docs.
    pub(super) fn size(docs: u32) -> usize {
        docs.div_ceil(u64::BITS) as usize
    }

    /// None of `docs` docs.
    pub(super) fn new(docs: u32) -> Self {
        Self(vec![0; Self::size(docs)])
    }

    /// Those with a bit in `bits`.
    pub(super) fn of(bits: &[u64]) -> Self {
        Self(bits.to_vec())
    }

    pub(super) fn bits(&self) -> &[u64] {
        &self.0
    }

    pub(super) fn add(&mut self, docs: &[u32]) {
        for &doc in docs {
            if let Some(bits) = self.0.get_mut(doc as usize / 64) {
                *bits |= 1 << (doc % 64);
            }
        }
    }

    /// Keeps those with a bit in `bits`.
    pub(super) fn keep(&mut self, bits: &[u64]) {
        for (mine, theirs) in self.0.iter_mut().zip(bits) {
            *mine &= theirs;
        }
    }

    fn each(&self, docs: &Range<u32>, mut take: impl FnMut(u32) -> bool) {
        let first = docs.start / u64::BITS;
        let past = docs.end.div_ceil(u64::BITS);
        let words = self.0.get(first as usize..past as usize).unwrap_or_default();
        for (base, &word) in (first..).map(|at| at * u64::BITS).zip(words) {
            let mut rest = word;
            while rest != 0 {
                let doc = base + rest.trailing_zeros();
                rest &= rest - 1;
                if doc >= docs.end || (doc >= docs.start && take(doc)) {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_marks_begins_and_ends_anywhere() {
        let docs: Vec<u32> = (0..300).filter(|doc| doc % 7 == 0 || doc % 64 == 63).collect();
        let mut marks = Marks::new(300);
        marks.add(&docs);
        for range in [0..300, 63..64, 64..128, 5..5, 100..231] {
            let mut found = Vec::new();
            Candidates::Marks(marks.clone()).each(&range, |doc| {
                found.push(doc);
                false
            });
            let mut listed = Vec::new();
            Candidates::List(Cow::Borrowed(&docs)).each(&range, |doc| {
                listed.push(doc);
                false
            });
            assert_eq!(found, listed);
            assert_eq!(found.len(), docs.iter().filter(|doc| range.contains(doc)).count());
        }
    }
}
