//! The search index of an edition: its terms in rank order, the words they hold, and where each word occurs.

use std::collections::HashMap;
use std::ops::Range;

use crate::csr::{Csr, CsrBuilder};
use crate::edition::{ConceptRow, DesignationRow};
use crate::letters::{fold, for_each_word};
use crate::model::ConceptStatus;
use crate::search::tails::{Tails, WordSet};
use crate::texts::{Span, Texts, TextsBuilder};
use crate::view::rank;

/// Statuses of designations, each a segment of the active and one of the other concepts.
pub(super) const STATUSES: u8 = 3;

/// No designation.
const NONE: u32 = u32::MAX;

/// A term of a concept, or the bare code of a concept without terms. Called `doc` for short.
#[derive(Debug)]
pub(super) struct Doc {
    pub(super) concept: u32,
    /// Position among all designations of the edition; beyond them when there is none.
    pub(super) designation: u32,
}

/// The index. Docs are numbered in rank order, words in the order of their letters.
#[derive(Debug)]
pub(crate) struct SearchIndex {
    pub(super) docs: Box<[Doc]>,
    /// First doc of each segment (activity, then status) and the end.
    segments: [u32; 2 * STATUSES as usize + 1],
    /// By concept: its docs.
    pub(super) docs_of: Csr<u32>,
    /// By doc: the words of its text, then those of its code.
    words_of: Csr<u32>,
    /// By concept: the words of its code.
    code_words: Csr<u32>,
    /// By word: the docs that hold it in text or code.
    pub(super) postings: Csr<u32>,
    /// Docs by the words of their text.
    by_text: Box<[u32]>,
    /// Concepts by the words of their code.
    by_code: Box<[u32]>,
    /// By language of the edition: how many docs.
    by_language: Box<[u32]>,
    words: Words,
}

/// The words of an edition.
#[derive(Debug)]
struct Words {
    texts: Texts,
    /// By word.
    exact: Box<[Span]>,
    /// By rank among the folded forms.
    folded: Box<[Span]>,
    /// By rank among the folded forms: the word.
    by_folded: Box<[u32]>,
    /// By word: its rank among the folded forms.
    folded_rank: Box<[u32]>,
    /// By rank among the folded forms: postings of all before; one more at the end.
    folded_before: Box<[u32]>,
    tails: Tails,
}

/// What a word of a query may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueryWord {
    /// The very word, if the edition has it.
    pub(super) whole: Option<u32>,
    /// Words that begin with it.
    pub(super) exact: Range<u32>,
    /// Ranks of words that begin with it when folded.
    pub(super) folded: Range<u32>,
    /// Words that have it inside when folded and do not begin with it. Empty until looked for.
    pub(super) inside: WordSet,
    /// How many postings those have together.
    pub(super) inside_count: u32,
}

impl SearchIndex {
    pub(crate) fn new(concepts: &[ConceptRow], designations: &[DesignationRow], texts: &Texts) -> Self {
        let (docs, segments) = ranked(concepts, designations, texts);
        let mut vocabulary = Vocabulary::default();
        let mut words_of = CsrBuilder::new();
        let mut code_words = CsrBuilder::new();
        for doc in &docs {
            let text = designations
                .get(doc.designation as usize)
                .map_or("", |row| texts.get(row.text));
            for_each_word(text, |word| words_of.push(vocabulary.id(word)));
            let code = concepts
                .get(doc.concept as usize)
                .map_or("", |concept| texts.get(concept.code));
            for_each_word(code, |word| words_of.push(vocabulary.id(word)));
            words_of.end_row();
        }
        for concept in concepts {
            for_each_word(texts.get(concept.code), |word| {
                code_words.push(vocabulary.id(word))
            });
            code_words.end_row();
        }
        let (sorted, number) = vocabulary.sorted();
        let words_of = renumbered(&words_of.finish(), docs.len(), &number);
        let code_words = renumbered(&code_words.finish(), concepts.len(), &number);

        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(words_of.items().len());
        for id in 0..docs.len() as u32 {
            let first = pairs.len();
            for &word in words_of.row(id) {
                if pairs.get(first..).is_some_and(|seen| !seen.contains(&(word, id))) {
                    pairs.push((word, id));
                }
            }
        }
        let postings = Csr::from_pairs(sorted.len(), pairs.iter().copied());
        drop(pairs);
        let docs_of = Csr::from_pairs(
            concepts.len(),
            (0..).zip(&docs).map(|(id, doc): (u32, &Doc)| (doc.concept, id)),
        );
        let mut by_text: Vec<u32> = (0..docs.len() as u32).collect();
        let text_words = |doc: u32| {
            let concept = docs.get(doc as usize).map_or(NONE, |doc| doc.concept);
            text_words(&words_of, &code_words, doc, concept)
        };
        by_text.sort_by(|&a, &b| text_words(a).cmp(text_words(b)));
        let mut by_code: Vec<u32> = (0..concepts.len() as u32).collect();
        let code = |concept: u32| {
            concepts
                .get(concept as usize)
                .map_or("", |row| texts.get(row.code))
        };
        by_code.sort_by(|&a, &b| {
            code_words
                .row(a)
                .cmp(code_words.row(b))
                .then_with(|| code(a).cmp(code(b)))
        });
        let mut by_language: Vec<u32> = Vec::new();
        for row in designations {
            let language = row.language as usize;
            by_language.resize(by_language.len().max(language + 1), 0);
            by_language
                .get_mut(language)
                .into_iter()
                .for_each(|count| *count += 1);
        }
        let words = Words::new(&sorted, &postings);
        Self {
            docs: docs.into(),
            segments,
            docs_of,
            words_of,
            code_words,
            postings,
            by_text: by_text.into(),
            by_code: by_code.into(),
            by_language: by_language.into(),
            words,
        }
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

    pub(super) fn concept(&self, doc: u32) -> u32 {
        self.docs.get(doc as usize).map_or(NONE, |doc| doc.concept)
    }

    pub(super) fn designation<'d>(
        &self,
        designations: &'d [DesignationRow],
        doc: u32,
    ) -> Option<&'d DesignationRow> {
        designations.get(self.docs.get(doc as usize)?.designation as usize)
    }

    /// Which part of the docs is in the languages marked.
    pub(super) fn share(&self, languages: &[bool]) -> f64 {
        let counts = self.by_language.iter().zip(languages);
        let wanted: u32 = counts
            .filter(|&(_, &wanted)| wanted)
            .map(|(count, _)| count)
            .sum();
        f64::from(wanted) / self.docs.len().max(1) as f64
    }

    /// The words that a doc holds in text or code.
    pub(super) fn words_of(&self, doc: u32) -> &[u32] {
        self.words_of.row(doc)
    }

    /// What a lower-case word of a query may stand for.
    pub(super) fn word(&self, word: &str) -> QueryWord {
        let exact = beginning(&self.words.texts, &self.words.exact, word);
        let whole = Some(exact.start).filter(|&first| {
            self.words
                .exact
                .get(first as usize)
                .is_some_and(|&span| self.words.texts.get(span) == word)
        });
        let folded: String = word.chars().map(fold).collect();
        QueryWord {
            whole,
            exact,
            folded: beginning(&self.words.texts, &self.words.folded, &folded),
            inside: WordSet::default(),
            inside_count: 0,
        }
    }

    /// Adds to a word of a query the words that have it inside.
    pub(super) fn look_inside(&self, word: &str, found: &mut QueryWord) {
        let folded: String = word.chars().map(fold).collect();
        let words = self.words.tails.words(&self.words.texts, &folded).iter().copied();
        found.inside = WordSet::new(words.filter(|&word| !found.folded.contains(&self.folded_rank(word))));
        let counts = found
            .inside
            .words()
            .iter()
            .map(|&word| self.postings.row(word).len() as u32);
        found.inside_count = counts.sum();
    }

    /// Rank of a word among the folded forms.
    pub(super) fn folded_rank(&self, word: u32) -> u32 {
        self.words.folded_rank.get(word as usize).copied().unwrap_or(NONE)
    }

    /// The words at a range of ranks among the folded forms.
    pub(super) fn at_folded(&self, ranks: Range<u32>) -> &[u32] {
        self.words
            .by_folded
            .get(ranks.start as usize..ranks.end as usize)
            .unwrap_or_default()
    }

    /// How many postings the words at a range of ranks among the folded forms have together.
    pub(super) fn folded_count(&self, ranks: &Range<u32>) -> u32 {
        let at = |rank: u32| {
            self.words
                .folded_before
                .get(rank as usize)
                .copied()
                .unwrap_or_default()
        };
        at(ranks.end).saturating_sub(at(ranks.start))
    }

    /// Docs whose text has exactly these words.
    pub(super) fn text_equal(&self, words: &[u32]) -> &[u32] {
        equal(
            &self.by_text,
            |doc| text_words(&self.words_of, &self.code_words, doc, self.concept(doc)),
            words,
        )
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
}

fn equal<'o, 'r>(order: &'o [u32], row: impl Fn(u32) -> &'r [u32], words: &[u32]) -> &'o [u32] {
    let start = order.partition_point(|&id| row(id) < words);
    let end = order.partition_point(|&id| row(id) <= words);
    order.get(start..end).unwrap_or_default()
}

/// The words of a doc's text alone.
fn text_words<'r>(words_of: &'r Csr<u32>, code_words: &Csr<u32>, doc: u32, concept: u32) -> &'r [u32] {
    let words = words_of.row(doc);
    words
        .get(..words.len().saturating_sub(code_words.row(concept).len()))
        .unwrap_or_default()
}

/// All docs in rank order, and where the segments begin.
fn ranked(
    concepts: &[ConceptRow],
    designations: &[DesignationRow],
    texts: &Texts,
) -> (Vec<Doc>, [u32; 2 * STATUSES as usize + 1]) {
    struct Ranked<'t> {
        segment: u8,
        chars: usize,
        text: &'t str,
        code: &'t str,
        doc: Doc,
    }
    let mut ranked: Vec<Ranked<'_>> = Vec::with_capacity(designations.len());
    let mut next = 0;
    for (id, concept) in (0..).zip(concepts) {
        let code = texts.get(concept.code);
        let activity = if concept.status == ConceptStatus::Active {
            0
        } else {
            STATUSES
        };
        let [start, end] = concept.designations;
        let rows = designations.get(start as usize..end as usize).unwrap_or_default();
        if rows.is_empty() {
            let doc = Doc {
                concept: id,
                designation: NONE,
            };
            ranked.push(Ranked {
                segment: activity,
                chars: 0,
                text: "",
                code,
                doc,
            });
        }
        for row in rows {
            let text = texts.get(row.text);
            let doc = Doc {
                concept: id,
                designation: next,
            };
            next += 1;
            ranked.push(Ranked {
                segment: activity + rank(row.status),
                chars: text.chars().count(),
                text,
                code,
                doc,
            });
        }
    }
    ranked.sort_by(|a, b| {
        (a.segment, a.chars, a.text, a.code, a.doc.designation).cmp(&(
            b.segment,
            b.chars,
            b.text,
            b.code,
            b.doc.designation,
        ))
    });
    let mut segments = [0; 2 * STATUSES as usize + 1];
    for (segment, start) in (0..).zip(&mut segments) {
        *start = ranked.partition_point(|doc| doc.segment < segment) as u32;
    }
    (ranked.into_iter().map(|ranked| ranked.doc).collect(), segments)
}

fn renumbered(rows: &Csr<u32>, count: usize, number: &[u32]) -> Csr<u32> {
    let mut renumbered = CsrBuilder::new();
    for row in 0..count as u32 {
        for &word in rows.row(row) {
            renumbered.push(number.get(word as usize).copied().unwrap_or(NONE));
        }
        renumbered.end_row();
    }
    renumbered.finish()
}

/// Words in the order they are met.
#[derive(Default)]
struct Vocabulary {
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    fn id(&mut self, word: &str) -> u32 {
        if let Some(&id) = self.ids.get(word) {
            return id;
        }
        let id = self.ids.len() as u32;
        self.ids.insert(word.to_owned(), id);
        id
    }

    /// The words by their letters, and the position there of each word as met.
    fn sorted(self) -> (Vec<String>, Vec<u32>) {
        let mut words: Vec<(String, u32)> = self.ids.into_iter().collect();
        words.sort_unstable();
        let mut number = vec![0; words.len()];
        for (position, (_, id)) in (0..).zip(&words) {
            if let Some(slot) = number.get_mut(*id as usize) {
                *slot = position;
            }
        }
        (words.into_iter().map(|(word, _)| word).collect(), number)
    }
}

impl Words {
    fn new(sorted: &[String], postings: &Csr<u32>) -> Self {
        let mut folded: Vec<(String, u32)> = sorted
            .iter()
            .map(|word| word.chars().map(fold).collect())
            .zip(0..)
            .collect();
        folded.sort_unstable();
        let mut folded_rank = vec![0; sorted.len()];
        let mut folded_before = vec![0];
        let mut total = 0;
        for (rank, (_, word)) in (0..).zip(&folded) {
            if let Some(slot) = folded_rank.get_mut(*word as usize) {
                *slot = rank;
            }
            total += postings.row(*word).len() as u32;
            folded_before.push(total);
        }
        let mut texts = TextsBuilder::default();
        let exact = sorted.iter().map(|word| texts.append(word)).collect();
        let folded_spans: Box<[Span]> = folded.iter().map(|(form, _)| texts.append(form)).collect();
        let texts = texts.finish();
        let forms = folded_spans.iter().zip(&folded);
        let tails = Tails::new(&texts, forms.map(|(&span, &(_, word))| (span, word)));
        Self {
            exact,
            folded: folded_spans,
            tails,
            texts,
            by_folded: folded.into_iter().map(|(_, word)| word).collect(),
            folded_rank: folded_rank.into(),
            folded_before: folded_before.into(),
        }
    }
}

/// Where in the sorted `spans` those beginning with `start` lie.
pub(super) fn beginning(texts: &Texts, spans: &[Span], start: &str) -> Range<u32> {
    let first = spans.partition_point(|&span| texts.get(span) < start);
    let rest = spans.get(first..).unwrap_or_default();
    let count = rest.partition_point(|&span| texts.get(span).starts_with(start));
    first as u32..(first + count) as u32
}
