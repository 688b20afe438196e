//! How a query is answered from the index.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::Range;

use jiff::civil::Date;

use crate::edition::{DesignationRow, Edition};
use crate::language;
use crate::letters::for_each_word;
use crate::model::ConceptStatus;
use crate::search::index::{QueryWord, SearchIndex};
use crate::search::{Grade, SearchQuery};
use crate::set::ConceptSet;
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
    if words.is_empty() || query.limit == 0 {
        return Vec::new();
    }
    let filter = Filter::new(edition, query);
    let mut search = Search {
        index,
        words: &words,
        filter: &filter,
        limit: query.limit,
        found: Vec::new(),
    };
    if words.iter().all(|word| !word.folded.is_empty()) {
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
    }
    if search.full() {
        return search.found;
    }
    let found = search.found;
    let mut rest = words.iter_mut();
    for_each_word(query.text, |typed| {
        rest.next()
            .into_iter()
            .for_each(|word| index.look_inside(typed, word));
    });
    let mut search = Search {
        index,
        words: &words,
        filter: &filter,
        limit: query.limit,
        found,
    };
    for docs in index.segments() {
        search.pass(Level::Inside, docs);
    }
    search.found
}

/// How well a doc holds a word, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Absent,
    Inside,
    Folded,
    Beginning,
    Whole,
}

struct Search<'e, 'q> {
    index: &'e SearchIndex,
    words: &'q [QueryWord],
    filter: &'q Filter<'e>,
    limit: usize,
    found: Vec<Found>,
}

impl<'e, 'q> Search<'e, 'q> {
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
        let Some(plan) = self.plan(level, docs.len()) else {
            return;
        };
        let rest = docs.start.saturating_add(plan.patience).min(docs.end)..docs.end;
        self.take(level, docs.start..rest.start);
        if rest.is_empty() || self.full() {
            return;
        }
        let lists = self.lists(plan.rarest, level, &rest);
        if plan.merge {
            self.take(level, Merge::new(lists));
        } else {
            let held = lists.into_iter().flatten().copied();
            let mut held: Vec<u32> = held.filter(|&doc| self.level(doc, level) == level).collect();
            held.sort_unstable();
            held.dedup();
            self.take(level, held.into_iter());
        }
    }

    fn take(&mut self, level: Level, docs: impl Iterator<Item = u32>) {
        let grade = match level {
            Level::Absent | Level::Inside => Grade::Inside,
            Level::Folded => Grade::Folded,
            Level::Beginning | Level::Whole => Grade::Letters,
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
            Level::Inside => {
                let held = |word: &QueryWord| !word.folded.is_empty() || !word.inside.words().is_empty();
                self.words.iter().all(held) && some(|word| !word.inside.words().is_empty())
            }
        }
    }

    /// How to search `range` docs at a level; `None` when nothing can be found.
    fn plan(&self, level: Level, range: usize) -> Option<Plan<'q>> {
        let words = self.words;
        let all = self.index.docs.len() as f64;
        let mut rarest: Option<(&QueryWord, f64, f64)> = None;
        // Which part of the docs holds all words at the level or better, and better, were words independent.
        let (mut share, mut better) = (1.0, 1.0);
        for word in words {
            let whole = word
                .whole
                .map_or(0, |whole| self.index.postings.row(whole).len() as u32);
            let beginning = self.index.postings.count(word.exact.start, word.exact.end);
            let folded = self.index.folded_count(&word.folded);
            let (count, width, best) = match level {
                Level::Absent => return None,
                Level::Whole => (whole, 1, 0),
                Level::Beginning => (beginning, word.exact.len(), whole),
                Level::Folded => (folded, word.folded.len(), beginning),
                Level::Inside => (
                    folded + word.inside_count,
                    word.folded.len() + word.inside.words().len(),
                    folded,
                ),
            };
            share *= (f64::from(count) / all).min(1.0);
            better *= (f64::from(best) / all).min(1.0);
            if rarest.is_none_or(|(_, least, _)| f64::from(count) < least) {
                rarest = Some((word, f64::from(count), width as f64));
            }
        }
        let (rarest, count, width) = rarest?;
        let share = ((share - better).max(0.0) * self.filter.share).max(f64::MIN_POSITIVE);
        let missing = (self.limit - self.found.len()) as f64;
        // In steps, each the check of one doc in passing. Terms are unevenly spread, so going through gets four
        // times its due; a list far from the others costs more to open, most of all when it is to be merged.
        let through = (4.0 * missing / share).min(range as f64);
        let examined = (missing * count / (all * share)).min(count);
        let merge = 30.0 * width + examined * (2.0 + width.log2());
        let gather = 10.0 * width + 3.0 * count;
        let lists = merge.min(gather);
        let patience = if through < lists {
            (2.0 * lists).min(range as f64) as u32
        } else {
            0
        };
        Some(Plan {
            rarest,
            patience,
            merge: merge < gather,
        })
    }

    /// The docs of a range that hold a word at `level` or better, a list for each word it may stand for.
    fn lists(&self, word: &QueryWord, level: Level, docs: &Range<u32>) -> Vec<&'e [u32]> {
        let index = self.index;
        let within = |word: u32| {
            let postings = index.postings.row(word);
            let start = postings.partition_point(|&doc| doc < docs.start);
            let rest = postings.get(start..).unwrap_or_default();
            let end = rest.partition_point(|&doc| doc < docs.end);
            rest.get(..end).unwrap_or_default()
        };
        match level {
            Level::Absent => Vec::new(),
            Level::Whole => word.whole.into_iter().map(within).collect(),
            Level::Beginning => word.exact.clone().map(within).collect(),
            Level::Folded | Level::Inside => {
                let folded = index.at_folded(word.folded.clone());
                let inside = word.inside.words().iter().filter(|_| level == Level::Inside);
                folded.iter().chain(inside).map(|&word| within(word)).collect()
            }
        }
    }

    /// How well a doc holds all words; what is below `floor` counts as absent.
    fn level(&self, doc: u32, floor: Level) -> Level {
        let words = self.index.words_of(doc);
        let mut all = Level::Whole;
        for word in self.words {
            let mut best = Level::Absent;
            for &held in words {
                let level = if word.whole == Some(held) {
                    Level::Whole
                } else if word.exact.contains(&held) {
                    Level::Beginning
                } else if floor <= Level::Folded && word.folded.contains(&self.index.folded_rank(held)) {
                    Level::Folded
                } else if floor <= Level::Inside && word.inside.contains(held) {
                    Level::Inside
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

/// How a level is searched: first, where much seems to fit, by going through the docs in rank order, which ends early
/// when it does; then, as far as needed, by the lists of the rarest word.
struct Plan<'q> {
    /// The word that the fewest docs hold.
    rarest: &'q QueryWord,
    /// How many docs to go through before turning to the lists.
    patience: u32,
    /// Whether to merge the lists, which ends early when many of their docs fit, or to check all their docs.
    merge: bool,
}

/// Docs of several lists in rising order, each once.
struct Merge<'l> {
    heads: BinaryHeap<Reverse<(u32, usize)>>,
    lists: Vec<&'l [u32]>,
}

impl<'l> Merge<'l> {
    fn new(mut lists: Vec<&'l [u32]>) -> Self {
        let pop = |(list, docs): (usize, &mut &[u32])| {
            let (&first, rest) = docs.split_first()?;
            *docs = rest;
            Some(Reverse((first, list)))
        };
        Self {
            heads: lists.iter_mut().enumerate().filter_map(pop).collect(),
            lists,
        }
    }
}

impl Iterator for Merge<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let Reverse((doc, _)) = *self.heads.peek()?;
        while let Some(mut head) = self.heads.peek_mut().filter(|head| head.0.0 == doc) {
            let docs = self.lists.get_mut(head.0.1)?;
            if let Some((&next, rest)) = docs.split_first() {
                *docs = rest;
                head.0.0 = next;
            } else {
                PeekMut::pop(head);
            }
        }
        Some(doc)
    }
}

/// Which docs a query wants.
struct Filter<'e> {
    edition: &'e Edition,
    within: Option<&'e ConceptSet>,
    active_only: bool,
    /// By language of the edition, whether it is wanted; `None` when all are.
    languages: Option<Vec<bool>>,
    date: Option<Date>,
    /// About which part of the docs passes.
    share: f64,
}

impl<'e> Filter<'e> {
    fn new(edition: &'e Edition, query: &SearchQuery<'e>) -> Self {
        let wanted = |tag: &String| language::within(query.language, tag);
        let languages =
            (!query.language.is_empty()).then(|| edition.languages.iter().map(wanted).collect::<Vec<_>>());
        let share = languages
            .as_deref()
            .map_or(1.0, |languages| edition.index.share(languages));
        Self {
            edition,
            within: query.within,
            active_only: query.active_only,
            languages,
            date: query.date,
            share,
        }
    }

    fn admits(&self, doc: u32) -> bool {
        let concept = self.edition.index.concept(doc);
        if self.within.is_some_and(|set| !set.holds(concept)) || (self.active_only && !self.active(concept)) {
            return false;
        }
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
