//! How a query is answered from the index of one edition.

use std::ops::Range;

use crate::edition::Edition;
use crate::letters::for_each_word;
use crate::search::candidates::Candidates;
use crate::search::filter::Filter;
use crate::search::index::{QueryWord, SearchIndex};
use crate::search::plan::{LEVELS, Level, Plan};
use crate::search::{Asked, Grade, SearchQuery};
use crate::set::ConceptSet;

/// Up to so many hits are gone through to tell whether a concept was met; with more wanted, those met are bits.
const GONE_THROUGH_MAX: usize = 64;

/// A doc that fits.
pub(super) struct Found {
    pub(super) concept: u32,
    pub(super) doc: u32,
    pub(super) grade: Grade,
    pub(super) whole: bool,
}

/// A search of one edition, which goes from the best grade to the last.
pub(super) struct Search<'e, 's> {
    pub(super) edition: &'e Edition,
    index: &'e SearchIndex,
    typed: Vec<String>,
    words: Vec<QueryWord>,
    filter: Filter<'e, 's>,
    limit: usize,
    pub(super) found: Vec<Found>,
    /// The concepts found, where many are wanted.
    met: Option<ConceptSet>,
    /// By level: the docs among which those that fit are looked for, once the lists have been opened.
    candidates: [Option<Candidates<'e>>; LEVELS],
    /// By level: what going through docs has cost before that.
    walked: [f64; LEVELS],
}

impl<'e, 's> Search<'e, 's> {
    pub(super) fn new(edition: &'e Edition, query: &SearchQuery<'s>, asked: Asked<'_>) -> Self {
        let mut typed = Vec::new();
        for_each_word(query.text, |word| typed.push(word.to_owned()));
        let index = &edition.index;
        Self {
            edition,
            index,
            words: typed.iter().map(|word| index.word(word)).collect(),
            limit: if typed.is_empty() { 0 } else { query.limit },
            typed,
            filter: Filter::new(edition, query, asked),
            found: Vec::new(),
            met: (query.limit > GONE_THROUGH_MAX).then(|| ConceptSet::none(edition.len())),
            candidates: Default::default(),
            walked: Default::default(),
        }
    }

    /// The words typed.
    pub(super) fn typed(&self) -> &[String] {
        &self.typed
    }

    pub(super) fn full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Finds what holds all words typed.
    pub(super) fn exact(&mut self) {
        if self.full() {
            return;
        }
        if self.words.iter().all(|word| !word.folded.is_empty()) {
            self.equal();
            if self
                .typed
                .iter()
                .any(|word| word.bytes().any(|byte| byte.is_ascii_digit()))
            {
                self.codes();
            }
            self.passes(&[Level::Whole, Level::Beginning]);
            self.passes(&[Level::Folded]);
        }
        if !self.full() {
            for (word, typed) in self.words.iter_mut().zip(&self.typed) {
                self.index.look_inside(typed, word);
            }
            self.passes(&[Level::Inside]);
        }
    }

    /// Every concept that holds all words typed, however well.
    pub(super) fn every(&mut self) -> ConceptSet {
        let mut all = ConceptSet::none(self.edition.len());
        if self.full() {
            return all;
        }
        for (word, typed) in self.words.iter_mut().zip(&self.typed) {
            self.index.look_inside(typed, word);
        }
        let plan = self.plan(Level::Inside);
        if !plan.is_held() {
            return all;
        }
        plan.open().each(&(0..self.index.len()), |doc| {
            let concept = self.index.concept(doc);
            let fits = !all.holds(concept)
                && self.filter.may_admit(doc)
                && self.level(doc, Level::Inside) >= Level::Inside
                && self.filter.on_date(doc);
            if fits {
                all.insert(concept);
            }
            false
        });
        all
    }

    /// How many docs hold each very word typed.
    pub(super) fn known(&self) -> impl Iterator<Item = u32> {
        let whole = self.words.iter().map(|word| word.whole);
        whole.map(|whole| whole.map_or(0, |word| self.index.postings.count(word, word + 1)))
    }

    /// Adds what holds words like those `wanted` of the words typed. Comes after [`Search::exact`].
    pub(super) fn like(&mut self, wanted: &[bool]) {
        if self.full() {
            return;
        }
        for ((word, typed), _) in self
            .words
            .iter_mut()
            .zip(&self.typed)
            .zip(wanted)
            .filter(|&(_, &wanted)| wanted)
        {
            self.index.look_near(typed, word);
        }
        self.passes(&[Level::OneEdit]);
        self.passes(&[Level::TwoEdits]);
    }

    fn push(&mut self, doc: u32, grade: Grade, whole: bool) {
        let concept = self.index.concept(doc);
        if self.full() || self.is_met(concept) {
            return;
        }
        if let Some(met) = &mut self.met {
            met.insert(concept);
        }
        self.found.push(Found {
            concept,
            doc,
            grade,
            whole,
        });
    }

    /// Whether a concept is among those found.
    fn is_met(&self, concept: u32) -> bool {
        match &self.met {
            Some(met) => met.holds(concept),
            None => self.found.iter().any(|found| found.concept == concept),
        }
    }

    /// The first doc of a concept that passes the filter.
    fn first_doc(&self, concept: u32) -> Option<u32> {
        if self.filter.within.is_some_and(|set| !set.holds(concept)) {
            return None;
        }
        let docs = self.index.docs_of.row(concept).iter().copied();
        docs.into_iter().find(|&doc| self.filter.admits(doc))
    }

    /// Texts and codes that are what was typed.
    fn equal(&mut self) {
        let whole: Option<Vec<u32>> = self.words.iter().map(|word| word.whole).collect();
        let Some(whole) = whole else {
            return;
        };
        let texts = self.index.text_equal(&whole).iter().copied();
        let texts = texts.filter(|&doc| self.filter.admits(doc));
        let codes = self.index.code_equal(&whole).iter();
        let codes = codes.filter_map(|&concept| self.first_doc(concept));
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
        let head: Option<Vec<u32>> = head.iter().map(|word| word.whole).collect();
        let Some(head) = head else {
            return;
        };
        let concepts = self.index.code_beginning(&head, &last.exact);
        // Whether a concept is active is told by any of its docs, at the price of looking them up: those of others
        // are kept for later.
        let mut inactive = Vec::new();
        for &concept in concepts {
            if self.full() {
                return;
            }
            match self.first_doc(concept) {
                Some(doc) if self.index.active(doc) => self.push(doc, Grade::Code, false),
                Some(doc) if inactive.len() < self.limit => inactive.push(doc),
                _ => {}
            }
        }
        for doc in inactive {
            self.push(doc, Grade::Code, false);
        }
    }

    /// Goes through the segments, at each level through one before the next.
    fn passes(&mut self, levels: &[Level]) {
        for docs in self.index.segments() {
            for &level in levels {
                if self.full() || (self.filter.active_only && !self.index.active(docs.start)) {
                    return;
                }
                self.pass(level, docs.clone());
            }
        }
    }

    /// Adds the docs of a range that hold all words at `level` and no better, in rank order.
    ///
    /// Where much seems to fit, first by going through the docs in rank order, which ends early when it does; then, as
    /// far as needed, by the lists of the words. Going through costs at most twice what opening the lists does.
    fn pass(&mut self, level: Level, docs: Range<u32>) {
        let plan = self.plan(level);
        if docs.is_empty() || !plan.possible() {
            return;
        }
        let mut rest = docs;
        let at = level as usize;
        if let (Some(None), Some(&walked)) = (self.candidates.get(at), self.walked.get(at)) {
            let open = plan.cost();
            if plan.through().min(rest.len() as f64 * plan.step()) < open {
                let patience = ((2.0 * open - walked) / plan.step()).clamp(0.0, rest.len() as f64);
                let spent = walked + patience * plan.step();
                let middle = rest.start + patience as u32;
                self.take(level, rest.start..middle);
                self.walked
                    .get_mut(at)
                    .into_iter()
                    .for_each(|walked| *walked = spent);
                rest.start = middle;
            }
        }
        if rest.is_empty() || self.full() {
            return;
        }
        let kept = self.candidates.get_mut(at).and_then(Option::take);
        let opened = kept.unwrap_or_else(|| self.plan(level).open());
        opened.each(&rest, |doc| {
            self.look(level, doc);
            self.full()
        });
        if let Some(kept) = self.candidates.get_mut(at) {
            *kept = Some(opened);
        }
    }

    fn plan(&self, level: Level) -> Plan<'_, 'e, 's> {
        Plan {
            index: self.index,
            words: &self.words,
            filter: &self.filter,
            level,
            missing: self.limit.saturating_sub(self.found.len()),
        }
    }

    fn take(&mut self, level: Level, docs: Range<u32>) {
        for doc in docs {
            self.look(level, doc);
            if self.full() {
                return;
            }
        }
    }

    /// Adds a doc if it holds all words at `level` and no better and passes the filter.
    fn look(&mut self, level: Level, doc: u32) {
        if self.filter.may_admit(doc) && self.level(doc, level) == level && self.filter.on_date(doc) {
            self.push(doc, level.grade(), level == Level::Whole);
        }
    }

    /// How well a doc holds all words; what is below `floor` counts as absent.
    fn level(&self, doc: u32, floor: Level) -> Level {
        let words = self.index.words_of(doc);
        let (mut all, mut edits) = (Level::Whole, 0);
        for word in &self.words {
            let mut best = Level::Absent;
            for &held in words {
                best = best.max(self.held(word, held, floor));
                if best == Level::Whole {
                    break;
                }
            }
            all = all.min(best);
            if all < floor {
                return Level::Absent;
            }
            edits += best.edits();
        }
        match edits {
            0 => all,
            1 => Level::OneEdit,
            2 => Level::TwoEdits,
            _ => Level::Absent,
        }
    }

    fn held(&self, word: &QueryWord, held: u32, floor: Level) -> Level {
        if word.whole == Some(held) {
            Level::Whole
        } else if word.exact.contains(&held) {
            Level::Beginning
        } else if floor <= Level::Folded
            && word.folded.len() > word.exact.len()
            && word.folded.contains(&self.index.words.rank(held))
        {
            Level::Folded
        } else if floor <= Level::Inside && word.inside.contains(held) {
            Level::Inside
        } else if floor <= Level::OneEdit && word.near.contains(held) {
            Level::OneEdit
        } else if floor <= Level::TwoEdits && word.far.contains(held) {
            Level::TwoEdits
        } else {
            Level::Absent
        }
    }
}
