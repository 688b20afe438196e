//! What it costs to find the docs that hold all words of a query at a level, and how their lists are opened. Costs are
//! estimates in nanoseconds.

use crate::search::Grade;
use crate::search::candidates::{Candidates, Marks};
use crate::search::filter::Filter;
use crate::search::index::{QueryWord, SearchIndex};

/// How well a doc holds a word, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Absent,
    TwoEdits,
    OneEdit,
    Inside,
    Folded,
    Beginning,
    Whole,
}

/// How many levels there are.
pub(super) const LEVELS: usize = Level::Whole as usize + 1;

/// Looking at a doc in passing, for the letters typed and for anything else.
const STEP: f64 = 10.0;
const WIDE_STEP: f64 = 40.0;

/// Asking the filter of a doc somewhere, and looking at one that it admits.
const ASK: f64 = 5.0;
const CHECK: f64 = 60.0;

/// Looking up a list, and taking one doc of it.
const LIST: f64 = 10.0;
const MARK: f64 = 1.5;

/// Going over the bits of so many docs.
const SWEEP: f64 = 0.02;

/// Up to so many docs are sorted and looked at one by one.
const FEW: f64 = 1000.0;

/// Up to so many lists are merged as far as they are gone through; each adds so much to the cost of a doc.
const MERGED: usize = 32;
const MERGE: f64 = 2.0;

impl Level {
    pub(super) fn grade(self) -> Grade {
        match self {
            Self::Absent | Self::TwoEdits => Grade::TwoEdits,
            Self::OneEdit => Grade::OneEdit,
            Self::Inside => Grade::Inside,
            Self::Folded => Grade::Folded,
            Self::Beginning | Self::Whole => Grade::Letters,
        }
    }

    pub(super) fn edits(self) -> u8 {
        match self {
            Self::OneEdit => 1,
            Self::TwoEdits => 2,
            _ => 0,
        }
    }
}

/// The words of a query, at a level.
pub(super) struct Plan<'p, 'e, 's> {
    pub(super) index: &'e SearchIndex,
    pub(super) words: &'p [QueryWord],
    pub(super) filter: &'p Filter<'e, 's>,
    pub(super) level: Level,
    /// How many more docs are wanted.
    pub(super) missing: usize,
}

impl<'e> Plan<'_, 'e, '_> {
    /// Whether some doc could hold all words at the level or better.
    pub(super) fn is_held(&self) -> bool {
        self.words.iter().all(|word| self.lists(word) > 0)
    }

    /// Whether some doc could hold all words at the level and no better.
    pub(super) fn possible(&self) -> bool {
        let some = |wider: fn(&QueryWord) -> bool| self.words.iter().any(wider);
        self.is_held()
            && match self.level {
                Level::Absent => false,
                Level::Whole => true,
                Level::Beginning => some(|word| word.exact.len() > usize::from(word.whole.is_some())),
                Level::Folded => some(|word| word.folded.len() > word.exact.len()),
                Level::Inside => some(|word| !word.inside.is_empty()),
                Level::OneEdit => some(|word| !word.near.is_empty()),
                Level::TwoEdits => some(|word| !word.near.is_empty() || !word.far.is_empty()),
            }
    }

    /// What it costs to go through the docs in rank order until enough are found. Terms are unevenly spread, so it gets
    /// four times its due.
    pub(super) fn through(&self) -> f64 {
        4.0 * self.missing as f64 / self.fitting() * self.step()
    }

    /// What it costs to look at one doc in passing.
    pub(super) fn step(&self) -> f64 {
        match self.level {
            Level::Whole | Level::Beginning => STEP,
            _ => WIDE_STEP,
        }
    }

    /// About which part of the docs holds all words at the level and no better and passes the filter, were words
    /// independent.
    fn fitting(&self) -> f64 {
        let all = self.all();
        let share = |level: Level| {
            let at = Self { level, ..*self };
            let shares = self.words.iter().map(|word| (at.postings(word) / all).min(1.0));
            shares.product::<f64>()
        };
        let better = match self.level {
            Level::Whole | Level::Absent => 0.0,
            Level::Beginning => share(Level::Whole),
            Level::Folded => share(Level::Beginning),
            Level::Inside => share(Level::Folded),
            Level::OneEdit | Level::TwoEdits => share(Level::Inside),
        };
        let fitting = (share(self.level) - better).max(0.0) * self.filter.share;
        fitting.max(f64::MIN_POSITIVE)
    }

    /// What it costs to open the lists and to look at the docs in them until enough are found.
    pub(super) fn cost(&self) -> f64 {
        self.words_cost().min(self.set_cost()).min(self.merged_cost())
    }

    /// What it costs to look at candidates, of which there are `count`, until enough are found, when the filter admits a
    /// share of them.
    fn looking(&self, count: f64, admitted: f64) -> f64 {
        let expected = self.missing as f64 * count / (self.fitting() * self.all());
        expected.min(count) * (ASK + admitted * CHECK)
    }

    /// What it costs to look at one doc that holds a word.
    fn check(&self) -> f64 {
        ASK + self.filter.share * CHECK
    }

    /// The docs that may hold all words at the level or better.
    pub(super) fn open(&self) -> Candidates<'e> {
        let marked = self.words_cost();
        if self.merged_cost() < marked.min(self.set_cost()) {
            return Candidates::Lists(self.rows());
        }
        if self.set_cost() < marked {
            return self.of_set();
        }
        let mut words: Vec<(f64, &QueryWord)> = self
            .words
            .iter()
            .map(|word| (self.postings(word), word))
            .collect();
        words.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some((&(mut left, rarest), others)) = words.split_first() else {
            return Candidates::List(Vec::new());
        };
        if left <= FEW {
            return Candidates::List(self.list(rarest));
        }
        let mut marks = self.marks(rarest);
        if let Some(bits) = self.filter.in_language() {
            marks.keep(bits);
        }
        for &(count, word) in others {
            if self.opening(word) > left * self.check() {
                break;
            }
            match self.shared(word) {
                Some(bits) => marks.keep(bits),
                None => marks.keep(self.marks(word).bits()),
            }
            left *= (count / self.all()).min(1.0);
        }
        Candidates::Marks(marks)
    }

    fn all(&self) -> f64 {
        f64::from(self.index.len().max(1))
    }

    /// How many lists the docs that hold a word at the level or better lie in.
    fn lists(&self, word: &QueryWord) -> usize {
        let (exact, folded) = (word.exact.len(), word.folded.len());
        let inside = || folded + word.inside.words().len();
        match self.level {
            Level::Absent => 0,
            Level::Whole => usize::from(word.whole.is_some()),
            Level::Beginning => exact.min(1),
            Level::Folded if folded == exact => exact.min(1),
            Level::Folded => folded,
            Level::Inside => inside(),
            Level::OneEdit => inside() + word.near.words().len(),
            Level::TwoEdits => inside() + word.near.words().len() + word.far.words().len(),
        }
    }

    /// How many lists there are when those of each word it may stand for are apart.
    fn rows_of(&self, word: &QueryWord) -> usize {
        match self.level {
            Level::Beginning => word.exact.len(),
            Level::Folded => word.folded.len(),
            _ => self.lists(word),
        }
    }

    /// How many docs those lists have together.
    fn postings(&self, word: &QueryWord) -> f64 {
        let postings = &self.index.postings;
        let folded = || self.index.words.folded_count(&word.folded);
        let count = match self.level {
            Level::Absent => 0,
            Level::Whole => word.whole.map_or(0, |whole| postings.count(whole, whole + 1)),
            Level::Beginning => postings.count(word.exact.start, word.exact.end),
            Level::Folded => folded(),
            Level::Inside => folded() + word.inside.docs(),
            Level::OneEdit => folded() + word.inside.docs() + word.near.docs(),
            Level::TwoEdits => folded() + word.inside.docs() + word.near.docs() + word.far.docs(),
        };
        f64::from(count)
    }

    fn each_list(&self, word: &QueryWord, mut take: impl FnMut(&'e [u32])) {
        let postings = &self.index.postings;
        let mut each = |words: &[u32]| words.iter().for_each(|&word| take(postings.row(word)));
        match self.level {
            Level::Absent => {}
            Level::Whole => each(word.whole.as_slice()),
            Level::Beginning => take(postings.rows(word.exact.start, word.exact.end)),
            Level::Folded if word.folded.len() == word.exact.len() => {
                take(postings.rows(word.exact.start, word.exact.end));
            }
            _ => {
                each(self.index.words.at(&word.folded));
                if self.level <= Level::Inside {
                    each(word.inside.words());
                }
                if self.level <= Level::OneEdit {
                    each(word.near.words());
                }
                if self.level <= Level::TwoEdits {
                    each(word.far.words());
                }
            }
        }
    }

    /// The docs of a common beginning, when most of them hold the word and all that hold it are among them.
    fn shared(&self, word: &QueryWord) -> Option<&'e [u64]> {
        if !matches!(self.level, Level::Beginning | Level::Folded) {
            return None;
        }
        let (bits, ranks) = self.index.common.holding(self.index.len(), &word.folded)?;
        let most = f64::from(self.index.words.folded_count(&ranks)) < 2.0 * self.postings(word);
        most.then_some(bits)
    }

    fn opening(&self, word: &QueryWord) -> f64 {
        let sweep = SWEEP * self.all();
        if self.shared(word).is_some() {
            return sweep;
        }
        sweep + LIST * self.lists(word) as f64 + MARK * self.postings(word)
    }

    fn words_cost(&self) -> f64 {
        let mut words: Vec<(f64, f64)> = self
            .words
            .iter()
            .map(|word| (self.postings(word), self.opening(word)))
            .collect();
        words.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some((&(mut left, mut cost), others)) = words.split_first() else {
            return 0.0;
        };
        for &(count, opening) in others {
            if left <= FEW || opening > left * self.check() {
                break;
            }
            cost += opening;
            left *= (count / self.all()).min(1.0);
        }
        cost + self.looking(left, self.filter.share)
    }

    /// What it costs to merge the lists of the rarest word as far as needed.
    fn merged_cost(&self) -> f64 {
        let Some(word) = self.rarest() else {
            return 0.0;
        };
        let lists = self.rows_of(word);
        if lists > MERGED {
            return f64::INFINITY;
        }
        let lists = lists as f64;
        LIST * lists
            + self.looking(self.postings(word), self.filter.share) * (1.0 + MERGE * lists / self.check())
    }

    fn set_cost(&self) -> f64 {
        match self.filter.within {
            Some(_) => SWEEP * self.all() + self.filter.docs * LIST + self.looking(self.filter.docs, 1.0),
            None => f64::INFINITY,
        }
    }

    fn of_set(&self) -> Candidates<'e> {
        let concepts = self.filter.within.into_iter().flat_map(|set| set.numbers());
        let docs = concepts.map(|concept| self.index.docs_of.row(concept));
        if self.filter.docs <= FEW {
            let mut list: Vec<u32> = docs.flatten().copied().collect();
            list.sort_unstable();
            return Candidates::List(list);
        }
        let mut marks = Marks::new(self.index.len());
        docs.for_each(|docs| marks.add(docs));
        Candidates::Marks(marks)
    }

    /// The word that the fewest docs hold.
    fn rarest(&self) -> Option<&QueryWord> {
        let mut words = self.words.iter();
        let first = words.next()?;
        let least = words.fold((self.postings(first), first), |least, word| {
            let count = self.postings(word);
            if count < least.0 { (count, word) } else { least }
        });
        Some(least.1)
    }

    /// The docs of each word that the rarest may stand for.
    fn rows(&self) -> Vec<&'e [u32]> {
        let mut rows = Vec::new();
        if let Some(word) = self.rarest() {
            match self.level {
                Level::Beginning => rows.extend(word.exact.clone().map(|word| self.index.postings.row(word))),
                _ => self.each_list(word, |list| rows.push(list)),
            }
        }
        rows
    }

    fn list(&self, word: &QueryWord) -> Vec<u32> {
        let mut docs = Vec::new();
        self.each_list(word, |list| docs.extend_from_slice(list));
        docs.sort_unstable();
        docs.dedup();
        docs
    }

    fn marks(&self, word: &QueryWord) -> Marks<'e> {
        if let Some(bits) = self.shared(word) {
            return Marks::of(bits);
        }
        let mut marks = Marks::new(self.index.len());
        self.each_list(word, |list| marks.add(list));
        marks
    }
}
