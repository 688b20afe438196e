//! A set of words that is asked for each word of many terms.

/// Up to so many words are looked through one by one.
const FEW: usize = 16;

/// The set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WordSet {
    words: Vec<u32>,
    /// A bit for each word up to the last of them; empty when they are few.
    marks: Vec<u64>,
    /// How many docs hold them, counted once for each word.
    docs: u32,
}

impl WordSet {
    /// A set of words, some of which may come more than once; `docs` tells how many docs hold a word.
    pub(super) fn new(words: impl Iterator<Item = u32>, docs: impl Fn(u32) -> u32) -> Self {
        let mut words: Vec<u32> = words.collect();
        if words.len() <= FEW {
            words.sort_unstable();
            words.dedup();
            return Self {
                docs: words.iter().map(|&word| docs(word)).sum(),
                words,
                marks: Vec::new(),
            };
        }
        let mut marks = vec![0; words.iter().max().map_or(0, |&last| last as usize / 64 + 1)];
        words.retain(|&word| {
            marks.get_mut(word as usize / 64).is_some_and(|mark: &mut u64| {
                let bit = 1 << (word % 64);
                let new = *mark & bit == 0;
                *mark |= bit;
                new
            })
        });
        Self {
            docs: words.iter().map(|&word| docs(word)).sum(),
            words,
            marks,
        }
    }

    /// How many docs hold them, counted once for each word.
    pub(super) fn docs(&self) -> u32 {
        self.docs
    }

    /// The words, each once.
    pub(super) fn words(&self) -> &[u32] {
        &self.words
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub(super) fn contains(&self, word: u32) -> bool {
        if self.marks.is_empty() {
            return self.words.contains(&word);
        }
        let mark = self.marks.get(word as usize / 64).copied().unwrap_or_default();
        mark >> (word % 64) & 1 == 1
    }
}
