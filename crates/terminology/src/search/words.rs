//! The words of an edition, in the order of their letters and of their folded letters. Knows nothing of the terms that
//! hold them but how many there are.

use std::ops::Range;

use crate::csr::Csr;
use crate::image::kept;
use crate::letters::fold;
use crate::search::tails::Tails;
use crate::search::vocabulary::Vocabulary;
use crate::texts::{Span, Texts, TextsBuilder};

/// The words. A word's number is its position in the order of letters; its rank, that among the folded forms.
#[derive(Debug)]
pub(super) struct Words {
    texts: Texts,
    /// By word.
    exact: Box<[Span]>,
    /// By rank.
    folded: Box<[Span]>,
    /// By rank: the word.
    by_folded: Box<[u32]>,
    /// By word: its rank.
    folded_rank: Box<[u32]>,
    /// By rank: postings of all before; one more at the end.
    folded_before: Box<[u32]>,
    /// By rank: how many letters the folded form begins with as the one before does, at most 255.
    shared: Box<[u8]>,
    tails: Tails,
}

kept!(Words {
    texts,
    exact,
    folded,
    by_folded,
    folded_rank,
    folded_before,
    shared,
    tails,
});

impl Words {
    /// Those of a vocabulary in `order`, with the docs that hold each.
    pub(super) fn new(vocabulary: &Vocabulary, order: &[u32], postings: &Csr<u32>) -> Self {
        let mut texts = TextsBuilder::default();
        let exact: Box<[Span]> = order.iter().map(|&id| texts.append(vocabulary.get(id))).collect();
        let mut forms: Vec<(Span, u32)> = Vec::with_capacity(order.len());
        let mut form = String::new();
        for ((&id, &span), word) in order.iter().zip(&exact).zip(0..) {
            let letters = vocabulary.get(id);
            form.clear();
            form.extend(letters.chars().map(fold));
            let span = if form == letters {
                span
            } else {
                texts.append(&form)
            };
            forms.push((span, word));
        }
        let texts = texts.finish();
        // Nearly in order already, as few words fold.
        forms.sort_by(|a, b| texts.get(a.0).cmp(texts.get(b.0)));
        let mut folded_rank = vec![0; forms.len()];
        let mut folded_before = Vec::with_capacity(forms.len() + 1);
        folded_before.push(0);
        let mut shared = Vec::with_capacity(forms.len());
        let (mut total, mut before) = (0, "");
        for (rank, &(span, word)) in (0..).zip(&forms) {
            if let Some(slot) = folded_rank.get_mut(word as usize) {
                *slot = rank;
            }
            total += postings.row(word).len() as u32;
            folded_before.push(total);
            let form = texts.get(span);
            let same = form
                .chars()
                .zip(before.chars())
                .take_while(|(a, b)| a == b)
                .count();
            shared.push(u8::try_from(same).unwrap_or(u8::MAX));
            before = form;
        }
        let folded: Box<[Span]> = forms.iter().map(|&(span, _)| span).collect();
        let tails = Tails::new(&texts, &folded);
        Self {
            exact,
            folded,
            by_folded: forms.into_iter().map(|(_, word)| word).collect(),
            folded_rank: folded_rank.into(),
            folded_before: folded_before.into(),
            shared: shared.into(),
            tails,
            texts,
        }
    }

    /// The words that begin with `letters`, and the very word if there is one.
    pub(super) fn beginning(&self, letters: &str) -> (Range<u32>, Option<u32>) {
        let range = beginning(self.exact.len(), |word| self.get(word as u32), letters);
        let whole = (!range.is_empty() && self.get(range.start) == letters).then_some(range.start);
        (range, whole)
    }

    /// The ranks of words that begin with `letters`, which are folded, when folded.
    pub(super) fn folded_beginning(&self, letters: &str) -> Range<u32> {
        beginning(self.folded.len(), |rank| self.form(rank as u32), letters)
    }

    /// The ranks of words that have `typed`, which is folded, inside when folded; some more than once.
    pub(super) fn inside(&self, typed: &str) -> &[u32] {
        self.tails.find(&self.texts, &self.folded, typed)
    }

    fn get(&self, word: u32) -> &str {
        self.exact
            .get(word as usize)
            .map_or("", |&span| self.texts.get(span))
    }

    /// The folded form at a rank.
    pub(super) fn form(&self, rank: u32) -> &str {
        self.folded
            .get(rank as usize)
            .map_or("", |&span| self.texts.get(span))
    }

    /// How many words there are.
    pub(super) fn len(&self) -> u32 {
        self.folded.len() as u32
    }

    /// How many letters the folded form at a rank begins with as the one before does, at most 255.
    pub(super) fn shared(&self, rank: u32) -> u8 {
        self.shared.get(rank as usize).copied().unwrap_or_default()
    }

    /// The first rank from `start` up to `end` whose folded form begins with fewer than `letters` letters as the one
    /// before does; `end` if there is none.
    pub(super) fn next_unlike(&self, start: u32, end: u32, letters: usize) -> u32 {
        let rest = self.shared.get(start as usize..end as usize).unwrap_or_default();
        let unlike = |&shared: &u8| usize::from(shared) < letters;
        // Many at a time, without asking after each.
        let mut passed = 0;
        for chunk in rest.chunks(64) {
            if chunk.iter().fold(false, |found, shared| found | unlike(shared)) {
                passed += chunk.iter().position(unlike).unwrap_or_default();
                return start + passed as u32;
            }
            passed += chunk.len();
        }
        end
    }

    /// Rank of a word among the folded forms.
    pub(super) fn rank(&self, word: u32) -> u32 {
        self.folded_rank.get(word as usize).copied().unwrap_or(u32::MAX)
    }

    /// The words at a range of ranks.
    pub(super) fn at(&self, ranks: &Range<u32>) -> &[u32] {
        self.by_folded
            .get(ranks.start as usize..ranks.end as usize)
            .unwrap_or_default()
    }

    /// How many postings the words at a range of ranks have together.
    pub(super) fn folded_count(&self, ranks: &Range<u32>) -> u32 {
        let at = |rank: u32| self.folded_before.get(rank as usize).copied().unwrap_or_default();
        at(ranks.end).saturating_sub(at(ranks.start))
    }
}

/// Where among `count` sorted texts those beginning with `start` lie.
pub(super) fn beginning<'t>(count: usize, text: impl Fn(usize) -> &'t str, start: &str) -> Range<u32> {
    let first = partition(0..count, |at| text(at) < start);
    // Most ranges are short beside all texts, so the end is looked for in steps that double.
    let mut step = 1;
    while first + step < count && text(first + step).starts_with(start) {
        step *= 2;
    }
    let end = partition(first..count.min(first + step), |at| text(at).starts_with(start));
    first as u32..end as u32
}

/// The first place of a range where `before` no longer holds.
fn partition(range: Range<usize>, before: impl Fn(usize) -> bool) -> usize {
    let (mut start, mut end) = (range.start, range.end);
    while start < end {
        let middle = start.midpoint(end);
        if before(middle) {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}

/// The first eight bytes of a text as a number that sorts as they do.
pub(super) fn head(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(text.as_bytes()) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}
