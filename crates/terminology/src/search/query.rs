//! How a query is answered from the index.

use std::ops::Range;

use jiff::civil::Date;

use crate::edition::{DesignationRow, Edition};
use crate::language;
use crate::letters::for_each_word;
use crate::model::ConceptStatus;
use crate::search::index::{QueryWord, SearchIndex};
use crate::search::{Grade, SearchQuery};
use crate::view::in_force;

/// A doc that fits.
pub(super) struct Found {
    pub(super) concept: u32,
    pub(super) doc: u32,
    pub(super) grade: Grade,
    pub(super) whole: bool,
}

pub(super) fn run(edition: &Edition, query: &SearchQuery<'_>) -> Vec<Found> {
    let index = &edition.index;
    let mut words = Vec::new();
    let mut digits = false;
    for_each_word(query.text, |word| {
        digits |= word.bytes().any(|byte| byte.is_ascii_digit());
        words.push(index.word(word));
    });
    if words.is_empty() || query.limit == 0 || words.iter().any(|word| word.folded.is_empty()) {
        return Vec::new();
    }
    let filter = Filter::new(edition, query);
    let mut search = Search {
        index,
        words: &words,
        filter,
        limit: query.limit,
        found: Vec::new(),
    };
    search.equal();
    if digits {
        search.codes();
    }
    for docs in index.segments() {
        search.pass(Level::Whole, docs.clone());
        search.pass(Level::Beginning, docs);
    }
    for docs in index.segments() {
        search.pass(Level::Folded, docs);
    }
    search.found
}

/// How well a doc holds a word, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Absent,
    Folded,
    Beginning,
    Whole,
}

struct Search<'e, 'q> {
    index: &'e SearchIndex,
    words: &'q [QueryWord],
    filter: Filter<'e>,
    limit: usize,
    found: Vec<Found>,
}

impl Search<'_, '_> {
    fn full(&self) -> bool {
        self.found.len() >= self.limit
    }

    fn push(&mut self, doc: u32, grade: Grade, whole: bool) {
        let concept = self.index.concept(doc);
        if !self.full() && self.found.iter().all(|found| found.concept != concept) {
            self.found.push(Found {
                concept,
                doc,
                grade,
                whole,
            });
        }
    }

    /// The first doc of a concept that passes the filter.
    fn first_doc(&self, concept: u32) -> Option<u32> {
        self.index
            .docs_of
            .row(concept)
            .iter()
            .copied()
            .find(|&doc| self.filter.admits(doc))
    }

    /// Texts and codes that are what was typed.
    fn equal(&mut self) {
        let Some(whole) = self
            .words
            .iter()
            .map(|word| word.whole)
            .collect::<Option<Vec<u32>>>()
        else {
            return;
        };
        let texts = self
            .index
            .text_equal(&whole)
            .iter()
            .copied()
            .filter(|&doc| self.filter.admits(doc));
        let codes = self
            .index
            .code_equal(&whole)
            .iter()
            .filter_map(|&concept| self.first_doc(concept));
        let mut docs: Vec<u32> = texts.chain(codes).collect();
        docs.sort_unstable();
        docs.into_iter()
            .for_each(|doc| self.push(doc, Grade::Equal, true));
    }

    /// Codes that begin with what was typed.
    fn codes(&mut self) {
        let Some((last, head)) = self.words.split_last() else {
            return;
        };
        let Some(head) = head.iter().map(|word| word.whole).collect::<Option<Vec<u32>>>() else {
            return;
        };
        let concepts = self.index.code_beginning(&head, &last.exact);
        for active in [true, false] {
            for &concept in concepts {
                if self.full() {
                    return;
                }
                if self.filter.active(concept) == active
                    && let Some(doc) = self.first_doc(concept)
                {
                    self.push(doc, Grade::Code, false);
                }
            }
        }
    }

    /// Adds the docs of a range that hold all words at `level` and no better, in rank order.
    fn pass(&mut self, level: Level, docs: Range<u32>) {
        if docs.is_empty() || self.full() || !self.possible(level) {
            return;
        }
        match self.rarest(level, &docs) {
            Some(word) => {
                let mut candidates = self.holding(word, level, &docs);
                candidates.sort_unstable();
                candidates.dedup();
                self.take(level, candidates.into_iter());
            }
            None => self.take(level, docs),
        }
    }

    fn take(&mut self, level: Level, docs: impl Iterator<Item = u32>) {
        let grade = if level == Level::Folded {
            Grade::Folded
        } else {
            Grade::Letters
        };
        for doc in docs {
            if self.level(doc, level) == level && self.filter.admits(doc) {
                self.push(doc, grade, level == Level::Whole);
                if self.full() {
                    return;
                }
            }
        }
    }

    /// Whether some doc could hold all words at `level` and no better.
    fn possible(&self, level: Level) -> bool {
        let some = |wider: fn(&QueryWord) -> bool| self.words.iter().any(wider);
        match level {
            Level::Absent => false,
            Level::Whole => self.words.iter().all(|word| word.whole.is_some()),
            Level::Beginning => {
                self.words.iter().all(|word| !word.exact.is_empty())
                    && some(|word| word.exact.len() > usize::from(word.whole.is_some()))
            }
            Level::Folded => some(|word| word.folded.len() > word.exact.len()),
        }
    }

    /// The word whose docs are to be looked at, or `None` when it is cheaper to go through the range in rank order
    /// until enough are found.
    fn rarest(&self, level: Level, docs: &Range<u32>) -> Option<&QueryWord> {
        /// Work of gathering, sorting and checking one doc, in steps of going through the range.
        const GATHER_STEPS: f64 = 3.0;
        let all = self.index.docs.len() as f64;
        let mut share = self.filter.share;
        let mut rarest: Option<(&QueryWord, f64)> = None;
        for word in self.words {
            let (count, width) = match level {
                Level::Absent => return None,
                Level::Whole => (
                    word.whole
                        .map_or(0, |whole| self.index.postings.row(whole).len() as u32),
                    1,
                ),
                Level::Beginning => (
                    self.index.postings.count(word.exact.start, word.exact.end),
                    word.exact.len(),
                ),
                Level::Folded => (self.index.folded_count(&word.folded), word.folded.len()),
            };
            share *= (f64::from(count) / all).min(1.0);
            let steps = f64::from(count) * GATHER_STEPS + width as f64;
            if rarest.is_none_or(|(_, least)| steps < least) {
                rarest = Some((word, steps));
            }
        }
        let missing = (self.limit - self.found.len().min(self.limit)) as f64;
        let through = (missing / share).min(docs.len() as f64);
        rarest.filter(|&(_, steps)| steps < through).map(|(word, _)| word)
    }

    /// The docs of a range that hold a word at `level` or better, each at least once.
    fn holding(&self, word: &QueryWord, level: Level, docs: &Range<u32>) -> Vec<u32> {
        let mut held = Vec::new();
        let mut add = |word: u32| {
            let postings = self.index.postings.row(word);
            let start = postings.partition_point(|&doc| doc < docs.start);
            let rest = postings.get(start..).unwrap_or_default();
            let end = rest.partition_point(|&doc| doc < docs.end);
            held.extend_from_slice(rest.get(..end).unwrap_or_default());
        };
        match level {
            Level::Absent => {}
            Level::Whole => word.whole.into_iter().for_each(&mut add),
            Level::Beginning => word.exact.clone().for_each(&mut add),
            Level::Folded => self
                .index
                .at_folded(word.folded.clone())
                .iter()
                .copied()
                .for_each(&mut add),
        }
        held
    }

    /// How well a doc holds all words; what is below `floor` counts as absent.
    fn level(&self, doc: u32, floor: Level) -> Level {
        let text = self.index.text_words.row(doc);
        let code = self.index.code_words.row(self.index.concept(doc));
        let mut all = Level::Whole;
        for word in self.words {
            let mut best = Level::Absent;
            for &held in text.iter().chain(code) {
                let level = if word.whole == Some(held) {
                    Level::Whole
                } else if word.exact.contains(&held) {
                    Level::Beginning
                } else if floor == Level::Folded && word.folded.contains(&self.index.folded_rank(held)) {
                    Level::Folded
                } else {
                    continue;
                };
                best = best.max(level);
                if best == Level::Whole {
                    break;
                }
            }
            all = all.min(best);
            if all < floor {
                return Level::Absent;
            }
        }
        all
    }
}

/// Which docs a query wants.
struct Filter<'e> {
    edition: &'e Edition,
    /// By language of the edition, whether it is wanted; `None` when all are.
    languages: Option<Vec<bool>>,
    date: Option<Date>,
    /// About which part of the docs passes.
    share: f64,
}

impl<'e> Filter<'e> {
    fn new(edition: &'e Edition, query: &SearchQuery<'_>) -> Self {
        let wanted = |tag: &String| language::within(query.language, tag);
        let languages =
            (!query.language.is_empty()).then(|| edition.languages.iter().map(wanted).collect::<Vec<_>>());
        let share = languages
            .as_deref()
            .map_or(1.0, |languages| edition.index.share(languages));
        Self {
            edition,
            languages,
            date: query.date,
            share,
        }
    }

    fn admits(&self, doc: u32) -> bool {
        if self.languages.is_none() && self.date.is_none() {
            return true;
        }
        let edition = self.edition;
        let row = edition.index.designation(&edition.designations, doc);
        let language = match (&self.languages, row) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(languages), Some(row)) => languages.get(row.language as usize) == Some(&true),
        };
        language && self.date.is_none_or(|date| self.on(doc, row, date))
    }

    fn on(&self, doc: u32, row: Option<&DesignationRow>, date: Date) -> bool {
        let concept = self
            .edition
            .concepts
            .get(self.edition.index.concept(doc) as usize);
        concept.is_some_and(|concept| concept.validity.contains(date))
            && row.is_none_or(|row| in_force(self.edition, row, date))
    }

    fn active(&self, concept: u32) -> bool {
        let row = self.edition.concepts.get(concept as usize);
        row.is_some_and(|concept| concept.status == ConceptStatus::Active)
    }
}
