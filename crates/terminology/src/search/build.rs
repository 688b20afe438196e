//! Makes the search index of an edition.

use crate::csr::Csr;
use crate::edition::{ConceptRow, DesignationRow};
use crate::letters::for_each_word;
use crate::model::ConceptStatus;
use crate::search::common::Common;
use crate::search::index::{NO_LANGUAGE, NONE, STATUSES, SearchIndex, Segments};
use crate::search::vocabulary::Vocabulary;
use crate::search::words::{Words, head};
use crate::texts::Texts;
use crate::view::rank;

impl SearchIndex {
    pub(crate) fn new(concepts: &[ConceptRow], designations: &[DesignationRow], texts: &Texts) -> Self {
        let (docs, segments) = ranked(concepts, designations, texts);
        let count = docs.len() as u32;
        let mut vocabulary = Vocabulary::default();
        let code_words = code_words(concepts, texts, &mut vocabulary);
        let words_of = words_of(&docs, designations, texts, &code_words, &mut vocabulary);
        let (order, number) = vocabulary.sorted();
        let code_words = renumbered(code_words, &number);
        let words_of = renumbered(words_of, &number);
        drop(number);

        let postings = postings(order.len(), count, &words_of);
        let words = Words::new(&vocabulary, &order, &postings);
        drop((vocabulary, order));
        let languages: Box<[u16]> = docs
            .iter()
            .map(|&(_, row)| {
                designations
                    .get(row as usize)
                    .map_or(NO_LANGUAGE, |row| row.language)
            })
            .collect();
        let common = Common::new(&languages, &words, |ranks| {
            words.at(&ranks).iter().map(|&word| postings.row(word))
        });
        let docs_of = Csr::from_pairs(
            concepts.len(),
            docs.iter().zip(0..).map(|(&(concept, _), doc)| (concept, doc)),
        );
        let mut index = Self {
            concepts: docs.iter().map(|&(concept, _)| concept).collect(),
            designations: docs.into_iter().map(|(_, designation)| designation).collect(),
            by_language: by_language(&languages),
            languages,
            segments,
            docs_of,
            words_of,
            code_words,
            postings,
            by_text: Box::default(),
            by_code: Box::default(),
            words,
            common,
        };
        index.by_text = ordered(count, |doc| index.text_words(doc), |a, b| a.cmp(&b));
        let code = |concept: u32| {
            concepts
                .get(concept as usize)
                .map_or("", |row| texts.get(row.code))
        };
        index.by_code = ordered(
            concepts.len() as u32,
            |concept| index.code_words.row(concept),
            |a, b| code(a).cmp(code(b)),
        );
        index
    }
}

/// Concept and designation of each doc in rank order, and where the segments begin.
fn ranked(
    concepts: &[ConceptRow],
    designations: &[DesignationRow],
    texts: &Texts,
) -> (Vec<(u32, u32)>, Segments) {
    struct Ranked {
        segment: u8,
        chars: u32,
        head: u64,
        concept: u32,
        designation: u32,
    }
    let mut ranked: Vec<Ranked> = Vec::with_capacity(designations.len().max(concepts.len()));
    for (id, concept) in (0..).zip(concepts) {
        let activity = if concept.status == ConceptStatus::Active {
            0
        } else {
            STATUSES
        };
        let [start, end] = concept.designations;
        if start == end {
            ranked.push(Ranked {
                segment: activity,
                chars: 0,
                head: 0,
                concept: id,
                designation: NONE,
            });
        }
        let rows = designations.get(start as usize..end as usize).unwrap_or_default();
        for (designation, row) in (start..).zip(rows) {
            let text = texts.get(row.text);
            ranked.push(Ranked {
                segment: activity + rank(row.status),
                chars: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
                head: head(text),
                concept: id,
                designation,
            });
        }
    }
    let text = |doc: &Ranked| {
        let row = designations.get(doc.designation as usize);
        row.map_or("", |row| texts.get(row.text))
    };
    let code = |doc: &Ranked| {
        let row = concepts.get(doc.concept as usize);
        row.map_or("", |row| texts.get(row.code))
    };
    ranked.sort_unstable_by(|a, b| {
        (a.segment, a.chars, a.head)
            .cmp(&(b.segment, b.chars, b.head))
            .then_with(|| text(a).cmp(text(b)))
            .then_with(|| code(a).cmp(code(b)))
            .then_with(|| (a.designation, a.concept).cmp(&(b.designation, b.concept)))
    });
    let mut segments = Segments::default();
    for (segment, start) in (0..).zip(&mut segments) {
        *start = ranked.partition_point(|doc| doc.segment < segment) as u32;
    }
    let docs = ranked.into_iter().map(|doc| (doc.concept, doc.designation));
    (docs.collect(), segments)
}

fn code_words(concepts: &[ConceptRow], texts: &Texts, vocabulary: &mut Vocabulary) -> (Vec<u32>, Vec<u32>) {
    let mut items = Vec::with_capacity(concepts.len());
    let mut offsets = Vec::with_capacity(concepts.len() + 1);
    offsets.push(0);
    for concept in concepts {
        for_each_word(texts.get(concept.code), |word| items.push(vocabulary.id(word)));
        offsets.push(items.len() as u32);
    }
    (offsets, items)
}

fn words_of(
    docs: &[(u32, u32)],
    designations: &[DesignationRow],
    texts: &Texts,
    (code_offsets, code_items): &(Vec<u32>, Vec<u32>),
    vocabulary: &mut Vocabulary,
) -> (Vec<u32>, Vec<u32>) {
    let mut items = Vec::with_capacity(docs.len() * 4);
    let mut offsets = Vec::with_capacity(docs.len() + 1);
    offsets.push(0);
    for &(concept, designation) in docs {
        let text = designations
            .get(designation as usize)
            .map_or("", |row| texts.get(row.text));
        for_each_word(text, |word| items.push(vocabulary.id(word)));
        let at = |row: usize| code_offsets.get(row).copied().unwrap_or_default() as usize;
        let code = at(concept as usize)..at(concept as usize + 1);
        items.extend(code_items.get(code).unwrap_or_default());
        offsets.push(u32::try_from(items.len()).unwrap_or(u32::MAX));
    }
    (offsets, items)
}

fn renumbered((offsets, mut items): (Vec<u32>, Vec<u32>), number: &[u32]) -> Csr<u32> {
    for item in &mut items {
        *item = number.get(*item as usize).copied().unwrap_or(NONE);
    }
    Csr::from_parts(offsets, items)
}

/// By word: the docs that hold it, each once.
fn postings(words: usize, docs: u32, words_of: &Csr<u32>) -> Csr<u32> {
    let held = || {
        (0..docs).flat_map(|doc| {
            let words = words_of.row(doc);
            let new = move |&(at, word): &(usize, &u32)| {
                words.get(..at).is_none_or(|before| !before.contains(word))
            };
            words
                .iter()
                .enumerate()
                .filter(new)
                .map(move |(_, &word)| (word, doc))
        })
    };
    Csr::from_pairs(words, held())
}

fn by_language(languages: &[u16]) -> Box<[u32]> {
    let mut counts: Vec<u32> = Vec::new();
    for &language in languages.iter().filter(|&&language| language != NO_LANGUAGE) {
        let language = usize::from(language);
        counts.resize(counts.len().max(language + 1), 0);
        counts.get_mut(language).into_iter().for_each(|count| *count += 1);
    }
    counts.into()
}

/// The numbers up to `count` by the words of their rows, equal rows as `tie` says.
fn ordered<'r>(
    count: u32,
    row: impl Fn(u32) -> &'r [u32],
    tie: impl Fn(u32, u32) -> std::cmp::Ordering,
) -> Box<[u32]> {
    // The first two words decide most; a row that has fewer comes before those that it begins.
    let head = |row: &[u32]| {
        let word = |at: usize| row.get(at).map_or(0, |&word| u64::from(word) + 1);
        word(0) << 32 | word(1)
    };
    let mut heads: Vec<(u64, u32)> = (0..count).map(|id| (head(row(id)), id)).collect();
    heads.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0)
            .then_with(|| row(a.1).cmp(row(b.1)))
            .then_with(|| tie(a.1, b.1))
    });
    heads.into_iter().map(|(_, id)| id).collect()
}
