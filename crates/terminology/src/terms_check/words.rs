//! Which terms a text uses: a trie of the words of all terms in one language, walked along the words of the text.
//!
//! A term is used where its words stand one after the other, whole, with nothing but white space, hyphens and
//! apostrophes between them. Its last word may carry one ending of the language (`vårdplats` in `vårdplatserna`); other
//! words, changed stems (`man` in `männen`) and compounds (`vård` in `läkarvård`) do not count. Where several terms
//! begin at a word the longest is the one used, and what it covers is not looked at again.

use std::collections::HashMap;

use crate::letters::lower;

/// Endings of Swedish nouns and adjectives that a term's last word may carry.
const SWEDISH: &[&str] = &[
    "s", "n", "t", "a", "r", "e", "en", "et", "na", "ar", "er", "or", "ns", "ts", "as", "rs", "rna", "ens",
    "ets", "nas", "arna", "erna", "orna", "ars", "ers", "ors", "rnas", "arnas", "ernas", "ornas",
];

/// Endings of English nouns that a term's last word may carry.
const ENGLISH: &[&str] = &["s", "es"];

/// Fewest letters that must be left when an ending is taken away.
const STEM_LETTERS_MIN: usize = 3;

/// Stands for punctuation that no term reaches across.
const BARRIER: &str = "";

/// The terms of one language.
#[derive(Debug)]
pub(super) struct Terms {
    endings: &'static [&'static str],
    words: HashMap<String, u32>,
    steps: HashMap<(u32, u32), u32>,
    /// Whether a term ends at the node.
    ends: Vec<bool>,
}

/// A term among [`Terms`]: the same words give the same number.
pub(super) type Term = u32;

impl Terms {
    /// No terms yet, of a language (BCP 47).
    pub(super) fn new(language: &str) -> Self {
        let primary = language.split('-').next().unwrap_or_default();
        Self {
            endings: match primary {
                "sv" => SWEDISH,
                "en" => ENGLISH,
                _ => &[],
            },
            words: HashMap::new(),
            steps: HashMap::new(),
            ends: vec![false],
        }
    }

    /// Takes a term in; `None` when it has no words.
    pub(super) fn add(&mut self, text: &str) -> Option<Term> {
        let mut node = 0;
        for word in words(text) {
            let next = self.words.len() as u32;
            let word = *self.words.entry(word).or_insert(next);
            let fresh = self.ends.len() as u32;
            node = *self.steps.entry((node, word)).or_insert(fresh);
            if node == fresh {
                self.ends.push(false);
            }
        }
        *self.ends.get_mut(node as usize)? = node > 0;
        (node > 0).then_some(node)
    }

    /// The terms that a text uses, in order, as often as it uses them.
    pub(super) fn used(&self, text: &str) -> Vec<Term> {
        let words: Vec<String> = words(text).collect();
        let mut used = Vec::new();
        let mut rest = words.as_slice();
        while !rest.is_empty() {
            let taken = match self.longest(rest) {
                Some((term, length)) => {
                    used.push(term);
                    length
                }
                None => 1,
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        used
    }

    /// The longest term that stands at the beginning of `words`, and how many of them it covers.
    fn longest(&self, words: &[String]) -> Option<(Term, usize)> {
        let mut best = None;
        let mut node = 0;
        for (at, word) in words.iter().enumerate() {
            let exact = self.step(node, word);
            let end = exact
                .filter(|node| self.is_end(*node))
                .or_else(|| self.inflected(node, word));
            if let Some(end) = end {
                best = Some((end, at + 1));
            }
            match exact {
                Some(next) => node = next,
                None => break,
            }
        }
        best
    }

    fn step(&self, node: u32, word: &str) -> Option<u32> {
        let word = *self.words.get(word)?;
        self.steps.get(&(node, word)).copied()
    }

    /// The term that ends with `word` less an ending, the shortest ending first.
    fn inflected(&self, node: u32, word: &str) -> Option<u32> {
        self.endings.iter().find_map(|ending| {
            let stem = word.strip_suffix(ending)?;
            (stem.chars().count() >= STEM_LETTERS_MIN)
                .then(|| self.step(node, stem))
                .flatten()
                .filter(|node| self.is_end(*node))
        })
    }

    fn is_end(&self, node: u32) -> bool {
        self.ends.get(node as usize).copied().unwrap_or_default()
    }
}

/// The words of a text in lower case; punctuation between words is a word of its own, [`BARRIER`].
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut letters = lower(text).peekable();
    std::iter::from_fn(move || {
        while let Some(letter) = letters.next() {
            if letter.is_alphanumeric() {
                let mut word = String::from(letter);
                while let Some(letter) = letters.next_if(|letter| letter.is_alphanumeric()) {
                    word.push(letter);
                }
                return Some(word);
            }
            if !(letter.is_whitespace() || matches!(letter, '-' | '‐' | '‑' | '\'' | '’')) {
                return Some(BARRIER.to_owned());
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(language: &str, terms: &[&str], text: &str) -> Vec<String> {
        let mut index = Terms::new(language);
        let known: Vec<(Term, &str)> = terms
            .iter()
            .map(|term| (index.add(term).unwrap(), *term))
            .collect();
        let name = |used: Term| known.iter().find(|(term, _)| *term == used).unwrap().1.to_owned();
        index.used(text).into_iter().map(name).collect()
    }

    #[test]
    fn the_longest_term_is_used_and_covers_its_words() {
        let terms = [
            "vård",
            "öppen vård",
            "hälso- och sjukvård",
            "hälso- och sjukvård i hemmet",
        ];
        let text = "Vård, öppen vård och hälso- och sjukvård i hemmet. Hälso- och sjukvård i skolan";
        let wanted = [
            "vård",
            "öppen vård",
            "hälso- och sjukvård i hemmet",
            "hälso- och sjukvård",
        ];
        assert_eq!(used("sv", &terms, text), wanted);
    }

    #[test]
    fn the_last_word_may_carry_an_ending() {
        let terms = ["vårdplats", "region", "SIP", "fast vårdkontakt"];
        let text = "vårdplatserna, regionens SIPen; fast vårdkontakten och fasta vårdkontakter";
        assert_eq!(
            used("sv", &terms, text),
            ["vårdplats", "region", "SIP", "fast vårdkontakt"]
        );
        assert_eq!(
            used("en", &["care unit"], "care units, a care unit's, care united"),
            ["care unit", "care unit"]
        );
        assert_eq!(used("de", &["Region"], "Regionen"), [] as [String; 0]);
    }

    #[test]
    fn compounds_and_words_beyond_punctuation_are_no_use() {
        assert_eq!(used("sv", &["vård"], "läkarvård vårdplan"), [] as [String; 0]);
        assert_eq!(used("sv", &["öppen vård"], "öppen, vård"), [] as [String; 0]);
        assert_eq!(
            used(
                "sv",
                &["bedömd på plats, inte transporterad"],
                "bedömd på plats, inte transporterad"
            ),
            ["bedömd på plats, inte transporterad"]
        );
    }

    #[test]
    fn a_term_without_words_is_none() {
        assert_eq!(Terms::new("sv").add(" - "), None);
    }
}
