//! The tails of words, by which something typed is found inside them.

use crate::search::index::beginning;
use crate::texts::{Span, Texts};

/// Fewest letters typed that are looked for inside words.
const TYPED_MIN: usize = 4;

/// Letters of a word before its first tail.
const HEAD: usize = 3;

/// Letters of a word within which tails begin, so that no word takes up more than its share. The longest word of
/// ICD-10-SE has 31.
const START_MAX: usize = 64;

/// The tails of the words of an edition, folded, in the order of their letters.
#[derive(Debug)]
pub(super) struct Tails {
    /// By position in the order: the letters.
    spans: Box<[Span]>,
    /// By position in the order: the word.
    words: Box<[u32]>,
}

impl Tails {
    /// The tails of `words`, given with where their folded forms lie in `texts`.
    pub(super) fn new(texts: &Texts, words: impl Iterator<Item = (Span, u32)>) -> Self {
        let mut tails: Vec<(&str, Span, u32)> = Vec::new();
        for (span, word) in words {
            let form = texts.get(span);
            if !form.chars().all(char::is_alphabetic) {
                continue;
            }
            let starts = (form.chars().count() + 1)
                .saturating_sub(TYPED_MIN)
                .min(START_MAX);
            for (start, _) in form.char_indices().take(starts).skip(HEAD) {
                let tail = span.after(start);
                tails.push((texts.get(tail), tail, word));
            }
        }
        tails.sort_unstable_by_key(|&(letters, _, word)| (letters, word));
        Self {
            spans: tails.iter().map(|&(_, span, _)| span).collect(),
            words: tails.into_iter().map(|(_, _, word)| word).collect(),
        }
    }

    /// The words that have `typed`, which is folded, inside.
    pub(super) fn words(&self, texts: &Texts, typed: &str) -> &[u32] {
        if typed.chars().count() < TYPED_MIN {
            return &[];
        }
        let range = beginning(texts, &self.spans, typed);
        let words = self.words.get(range.start as usize..range.end as usize);
        words.unwrap_or_default()
    }
}

/// A set of words that is asked for each word of many terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WordSet {
    words: Vec<u32>,
    /// A bit for each word up to the last of them.
    marks: Vec<u64>,
}

impl WordSet {
    pub(super) fn new(words: impl Iterator<Item = u32>) -> Self {
        let mut words: Vec<u32> = words.collect();
        words.sort_unstable();
        words.dedup();
        let mut marks = vec![0; words.last().map_or(0, |&last| last as usize / 64 + 1)];
        for &word in &words {
            if let Some(mark) = marks.get_mut(word as usize / 64) {
                *mark |= 1_u64 << (word % 64);
            }
        }
        Self { words, marks }
    }

    /// The words, each once, in their order.
    pub(super) fn words(&self) -> &[u32] {
        &self.words
    }

    pub(super) fn contains(&self, word: u32) -> bool {
        let mark = self.marks.get(word as usize / 64).copied().unwrap_or_default();
        mark >> (word % 64) & 1 == 1
    }
}
