//! The docs of beginnings of words that very many docs hold, a bit a doc, so that terms that hold several common words
//! are found without going through the lists of any.

use std::ops::Range;

use crate::image::kept;
use crate::search::candidates::Marks;
use crate::search::index::NO_LANGUAGE;
use crate::search::words::Words;

/// A beginning is common when more than one in this many docs hold a word with it.
const RARITY: u32 = 8;

/// In editions with fewer docs nothing is common: their lists are short.
const DOCS_MIN: u32 = 20_000;

/// With more languages their docs are not kept.
const LANGUAGES_MAX: usize = 8;

/// Longest beginning looked at, in letters.
const LETTERS_MAX: usize = 8;

/// The docs of each common beginning.
#[derive(Debug, Default)]
pub(super) struct Common {
    /// First rank and end of the words of each beginning, wider before narrower.
    ranks: Box<[[u32; 2]]>,
    /// For each beginning a bit for each doc.
    marks: Box<[u64]>,
    /// For each language of the edition a bit for each doc; none when there are very many languages or few docs.
    languages: Box<[u64]>,
}

kept!(Common {
    ranks,
    marks,
    languages,
});

impl Common {
    /// Those among `words`; `postings` gives the docs of the words at some ranks.
    pub(super) fn new<'p, P: Iterator<Item = &'p [u32]>>(
        languages: &[u16],
        words: &Words,
        postings: impl Fn(Range<u32>) -> P,
    ) -> Self {
        let docs = languages.len() as u32;
        let mut found = Vec::new();
        if docs >= DOCS_MIN {
            let all = 0..words.len();
            split(
                words,
                docs / RARITY,
                0,
                &all,
                words.folded_count(&all),
                &mut found,
            );
        }
        let mut marks: Vec<u64> = Vec::with_capacity(found.len() * Marks::size(docs));
        for ranks in &found {
            let mut set = Marks::new(docs);
            postings(ranks.clone()).for_each(|docs| set.add(docs));
            marks.extend(set.bits());
        }
        Self {
            ranks: found.into_iter().map(|ranks| [ranks.start, ranks.end]).collect(),
            marks: marks.into(),
            languages: by_language(languages),
        }
    }

    /// The docs in a language of the edition.
    pub(super) fn in_language(&self, docs: u32, language: usize) -> Option<&[u64]> {
        let size = Marks::size(docs);
        self.languages.get(language * size..(language + 1) * size)
    }

    /// The docs of the narrowest common beginning that has all words at `ranks`, and its ranks.
    pub(super) fn holding(&self, docs: u32, ranks: &Range<u32>) -> Option<(&[u64], Range<u32>)> {
        let holds = |&[start, end]: &[u32; 2]| start <= ranks.start && ranks.end <= end;
        let at = self.ranks.iter().rposition(holds)?;
        let &[start, end] = self.ranks.get(at)?;
        let size = Marks::size(docs);
        let marks = self.marks.get(at * size..(at + 1) * size)?;
        Some((marks, start..end))
    }
}

fn by_language(languages: &[u16]) -> Box<[u64]> {
    let docs = languages.len() as u32;
    let spoken = languages.iter().filter(|&&language| language != NO_LANGUAGE);
    let count = spoken.max().map_or(0, |&last| usize::from(last) + 1);
    if docs < DOCS_MIN || count > LANGUAGES_MAX {
        return Box::default();
    }
    let size = Marks::size(docs);
    let mut bits = vec![0; size * count];
    for (doc, &language) in languages
        .iter()
        .enumerate()
        .filter(|&(_, &language)| language != NO_LANGUAGE)
    {
        if let Some(word) = bits.get_mut(usize::from(language) * size + doc / 64) {
            *word |= 1 << (doc % 64);
        }
    }
    bits.into()
}

/// Adds the common beginnings that are one letter longer than that of all words at `ranks`, and from there the longer
/// ones. One with nearly as many docs as a shorter one is left out, since that serves for both.
fn split(
    words: &Words,
    least: u32,
    letters: usize,
    ranks: &Range<u32>,
    kept: u32,
    found: &mut Vec<Range<u32>>,
) {
    let mut start = ranks.start;
    while start < ranks.end && letters < LETTERS_MAX {
        let end = words.next_unlike(start + 1, ranks.end, letters + 1);
        let part = start..end;
        let count = words.folded_count(&part);
        if count > least {
            let narrower = count < kept / 3 * 2;
            if narrower {
                found.push(part.clone());
            }
            split(
                words,
                least,
                letters + 1,
                &part,
                if narrower { count } else { kept },
                found,
            );
        }
        start = end;
    }
}
