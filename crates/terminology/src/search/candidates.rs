//! Docs among which those that fit a query are looked for, in rank order.

use std::borrow::Cow;
use std::ops::Range;

/// The candidates. All that fit are among them; some of them may not fit.
#[derive(Debug, Clone)]
pub(super) enum Candidates<'e> {
    /// In rising order, each once.
    List(Vec<u32>),
    /// Few lists, each in rising order, merged as far as they are gone through.
    Lists(Vec<&'e [u32]>),
    Marks(Marks<'e>),
}

impl Candidates<'_> {
    /// Calls `take` with those in a range, in order, until it says that it has enough.
    pub(super) fn each(&self, docs: &Range<u32>, take: impl FnMut(u32) -> bool) {
        match self {
            Self::List(list) => merged(std::iter::once(list.as_slice()), docs, take),
            Self::Lists(lists) => merged(lists.iter().copied(), docs, take),
            Self::Marks(marks) => marks.each(docs, take),
        }
    }
}

/// Calls `take` with what lists hold of a range, in order and each once, until it says that it has enough.
fn merged<'l>(lists: impl Iterator<Item = &'l [u32]>, docs: &Range<u32>, mut take: impl FnMut(u32) -> bool) {
    let within = |list: &'l [u32]| {
        let start = list.partition_point(|&doc| doc < docs.start);
        let rest = list.get(start..).unwrap_or_default().split_first()?;
        (*rest.0 < docs.end).then_some(rest)
    };
    let mut heads: Vec<(&u32, &[u32])> = lists.filter_map(within).collect();
    while let Some(&doc) = heads.iter().map(|(doc, _)| *doc).min() {
        if take(doc) {
            return;
        }
        heads.retain_mut(|head| {
            if *head.0 > doc {
                return true;
            }
            match head.1.split_first() {
                Some((next, rest)) if *next < docs.end => {
                    *head = (next, rest);
                    true
                }
                _ => false,
            }
        });
    }
}

/// A set of docs, a bit a doc.
#[derive(Debug, Clone)]
pub(super) struct Marks<'e>(Cow<'e, [u64]>);

impl<'e> Marks<'e> {
    /// How many numbers hold the bits of `docs` docs.
    pub(super) fn size(docs: u32) -> usize {
        docs.div_ceil(u64::BITS) as usize
    }

    /// None of `docs` docs.
    pub(super) fn new(docs: u32) -> Self {
        Self(Cow::Owned(vec![0; Self::size(docs)]))
    }

    /// Those with a bit in `bits`.
    pub(super) fn of(bits: &'e [u64]) -> Self {
        Self(Cow::Borrowed(bits))
    }

    pub(super) fn bits(&self) -> &[u64] {
        &self.0
    }

    pub(super) fn add(&mut self, docs: &[u32]) {
        let all = self.0.to_mut();
        for &doc in docs {
            if let Some(bits) = all.get_mut(doc as usize / 64) {
                *bits |= 1 << (doc % 64);
            }
        }
    }

    /// Keeps those with a bit in `bits`.
    pub(super) fn keep(&mut self, bits: &[u64]) {
        for (mine, theirs) in self.0.to_mut().iter_mut().zip(bits) {
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
    fn a_range_of_candidates_begins_and_ends_anywhere() {
        let parts: [Vec<u32>; 3] = [7, 64, 5].map(|step| (0..300).filter(|doc| doc % step == 3).collect());
        let mut marks = Marks::new(300);
        parts.iter().for_each(|part| marks.add(part));
        let all: Vec<u32> = (0..300)
            .filter(|doc| parts.iter().any(|part| part.contains(doc)))
            .collect();
        let kinds = [
            Candidates::List(all.clone()),
            Candidates::Lists(parts.iter().map(Vec::as_slice).collect()),
            Candidates::Marks(marks),
        ];
        for range in [0..300, 3..4, 63..64, 64..128, 5..5, 100..231, 298..300] {
            let wanted: Vec<u32> = all.iter().copied().filter(|doc| range.contains(doc)).collect();
            for candidates in &kinds {
                let mut found = Vec::new();
                candidates.each(&range, |doc| {
                    found.push(doc);
                    false
                });
                assert_eq!(found, wanted, "{candidates:?}");
                let mut first = Vec::new();
                candidates.each(&range, |doc| {
                    first.push(doc);
                    first.len() == 2
                });
                assert_eq!(first, wanted[..wanted.len().min(2)]);
            }
        }
    }
}
