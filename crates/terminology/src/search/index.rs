//! The search index of an edition: its terms in rank order, the words they hold, and where each word occurs. Made in
//! `build`, asked in `query`; all of it lies in flat arrays.

use std::ops::Range;

use crate::csr::Csr;
use crate::edition::DesignationRow;
use crate::image::kept;
use crate::letters::fold;
use crate::search::common::Common;
use crate::search::typos;
use crate::search::word_set::WordSet;
use crate::search::words::Words;

/// Statuses of designations, each a segment of the active and one of the other concepts.
pub(super) const STATUSES: u8 = 3;

/// Where each segment (activity, then status) begins, and the end.
pub(super) type Segments = [u32; 2 * STATUSES as usize + 1];

/// No designation, and the language of none.
pub(super) const NONE: u32 = u32::MAX;
pub(super) const NO_LANGUAGE: u16 = u16::MAX;

/// The index. A term of a concept, or the bare code of a concept without terms, is called a doc. Docs are numbered in
/// rank order, words in the order of their letters.
#[derive(Debug)]
pub(crate) struct SearchIndex {
    /// By doc: its concept.
    pub(super) concepts: Box<[u32]>,
    /// By doc: its position among all designations of the edition; beyond them when there is none.
    pub(super) designations: Box<[u32]>,
    /// By doc: the number of its language in the edition.
    pub(super) languages: Box<[u16]>,
    pub(super) segments: Segments,
    /// By concept: its docs.
    pub(super) docs_of: Csr<u32>,
    /// By doc: the words of its text, then those of its code.
    pub(super) words_of: Csr<u32>,
    /// By concept: the words of its code.
    pub(super) code_words: Csr<u32>,
    /// By word: the docs that hold it in text or code.
    pub(super) postings: Csr<u32>,
    /// Docs by the words of their text.
    pub(super) by_text: Box<[u32]>,
    /// Concepts by the words of their code.
    pub(super) by_code: Box<[u32]>,
    /// By language of the edition: how many docs.
    pub(super) by_language: Box<[u32]>,
    pub(super) words: Words,
    pub(super) common: Common,
}

kept!(SearchIndex {
    concepts,
    designations,
    languages,
    segments,
    docs_of,
    words_of,
    code_words,
    postings,
    by_text,
    by_code,
    by_language,
    words,
    common,
});

/// What a word of a query may stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct QueryWord {
    /// The very word, if the edition has it.
    pub(super) whole: Option<u32>,
    /// Words that begin with it.
    pub(super) exact: Range<u32>,
    /// Ranks of words that begin with it when folded.
    pub(super) folded: Range<u32>,
    /// Words that have it inside when folded and do not begin with it. Empty until looked for.
    pub(super) inside: WordSet,
    /// Words that begin with it but for one edit, and for two. Empty until looked for.
    pub(super) near: WordSet,
    pub(super) far: WordSet,
}

impl SearchIndex {
    /// How many docs there are.
    pub(super) fn len(&self) -> u32 {
        self.concepts.len() as u32
    }

    /// The segment a doc lies in: statuses of active concepts first, then those of the others.
    pub(super) fn segment(&self, doc: u32) -> u8 {
        (self.segments.partition_point(|&start| start <= doc) as u8).saturating_sub(1)
    }

    /// The docs of each segment, in order.
    pub(super) fn segments(&self) -> impl Iterator<Item = Range<u32>> {
        self.segments
            .iter()
            .zip(self.segments.iter().skip(1))
            .map(|(&start, &end)| start..end)
    }

    /// Whether a doc is of an active concept.
    pub(super) fn active(&self, doc: u32) -> bool {
        self.segments
            .get(usize::from(STATUSES))
            .is_some_and(|&end| doc < end)
    }

    pub(super) fn concept(&self, doc: u32) -> u32 {
        self.concepts.get(doc as usize).copied().unwrap_or(NONE)
    }

    pub(super) fn language(&self, doc: u32) -> u16 {
        self.languages.get(doc as usize).copied().unwrap_or(NO_LANGUAGE)
    }

    pub(super) fn designation<'d>(
        &self,
        designations: &'d [DesignationRow],
        doc: u32,
    ) -> Option<&'d DesignationRow> {
        designations.get(*self.designations.get(doc as usize)? as usize)
    }

    /// Which part of the docs is in the languages marked.
    pub(super) fn share(&self, languages: &[bool]) -> f64 {
        let counts = self.by_language.iter().zip(languages);
        let wanted: u32 = counts
            .filter(|&(_, &wanted)| wanted)
            .map(|(count, _)| count)
            .sum();
        f64::from(wanted) / f64::from(self.len().max(1))
    }

    /// The words that a doc holds in text or code.
    pub(super) fn words_of(&self, doc: u32) -> &[u32] {
        self.words_of.row(doc)
    }

    /// What a lower-case word of a query may stand for.
    pub(super) fn word(&self, word: &str) -> QueryWord {
        let (exact, whole) = self.words.beginning(word);
        QueryWord {
            whole,
            exact,
            folded: self.words.folded_beginning(&folded(word)),
            ..QueryWord::default()
        }
    }

    /// Adds to a word of a query the words that have it inside.
    pub(super) fn look_inside(&self, word: &str, found: &mut QueryWord) {
        let ranks = self.words.inside(&folded(word)).iter();
        let words = ranks.filter(|&rank| !found.folded.contains(rank));
        let words = words.filter_map(|&rank| self.words.at(&(rank..rank + 1)).first().copied());
        found.inside = WordSet::new(words, |word| self.held(word));
    }

    /// Adds to a word of a query the words that begin with something like it.
    pub(super) fn look_near(&self, word: &str, found: &mut QueryWord) {
        let (mut near, mut far) = (Vec::new(), Vec::new());
        typos::find(&self.words, &folded(word), |ranks, edits| {
            let words = self.words.at(&ranks).iter();
            match edits {
                1 => near.extend(words),
                _ => far.extend(words),
            }
        });
        found.near = WordSet::new(near.into_iter(), |word| self.held(word));
        found.far = WordSet::new(far.into_iter(), |word| self.held(word));
    }

    /// How many docs hold a word.
    fn held(&self, word: u32) -> u32 {
        self.postings.count(word, word + 1)
    }

    /// Docs whose text has exactly these words.
    pub(super) fn text_equal(&self, words: &[u32]) -> &[u32] {
        equal(&self.by_text, |doc| self.text_words(doc), words)
    }

    /// Concepts whose code has exactly these words.
    pub(super) fn code_equal(&self, words: &[u32]) -> &[u32] {
        equal(&self.by_code, |concept| self.code_words.row(concept), words)
    }

    /// Concepts whose code has `head` and then a word in `last`, in the order of their codes.
    pub(super) fn code_beginning(&self, head: &[u32], last: &Range<u32>) -> &[u32] {
        let key = |&concept: &u32| {
            let words = self.code_words.row(concept);
            (
                words.get(..head.len()).unwrap_or(words),
                words.get(head.len()).copied(),
            )
        };
        let start = self
            .by_code
            .partition_point(|concept| key(concept) < (head, Some(last.start)));
        let end = self
            .by_code
            .partition_point(|concept| key(concept) < (head, Some(last.end)));
        self.by_code.get(start..end).unwrap_or_default()
    }

    /// The words of a doc's text alone.
    pub(super) fn text_words(&self, doc: u32) -> &[u32] {
        let words = self.words_of.row(doc);
        let code = self.code_words.row(self.concept(doc)).len();
        words.get(..words.len().saturating_sub(code)).unwrap_or_default()
    }
}

/// A word with its letters folded.
pub(super) fn folded(word: &str) -> String {
    word.chars().map(fold).collect()
}

fn equal<'o, 'r>(order: &'o [u32], row: impl Fn(u32) -> &'r [u32], words: &[u32]) -> &'o [u32] {
    let start = order.partition_point(|&id| row(id) < words);
    let end = order.partition_point(|&id| row(id) <= words);
    order.get(start..end).unwrap_or_default()
}
