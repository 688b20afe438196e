//! Search as one types: every word of the query begins a word of a designation or of the code, or stands inside one.
//!
//! Order of hits, one a concept: first those whose whole text or code is what was typed; then, when something typed
//! has a digit, codes that begin with it; then hits with the very letters; then those found only by folding letters
//! (å, ä → a; ö → o); then those where something typed stands only inside a word; last those that hold only something
//! like what was typed. Within each: active concepts first; recommended terms before accepted before deprecated; whole
//! words before beginnings; short terms before long; then by text and code.
//!
//! Terms are stored in that order as far as the query does not decide it, so a search for something common stops
//! when it has enough, and one for something rare looks only at the terms that hold its rarest words. Which of the two
//! is cheaper is estimated for each kind of hit (`plan`).
//!
//! Swedish writes compounds as one word, and their last part says what they are: who types "hjärtsvikt" (heart
//! failure) also means "högerhjärtsvikt" (of the right side). So something typed of at least four letters is found
//! inside a word too, from the word's fourth letter on, with letters folded. Fewer letters would mostly meet endings.
//! Words with a digit are no compounds: the middle of a code is never found. For this the index holds the tails of all
//! words in the order of their letters, five bytes each; they are looked at only when the beginnings of words have not
//! given enough.
//!
//! Slips are forgiven when all that comes before has given fewer than three hits in all editions searched: a word
//! typed then also stands for words that begin with something like it, one edit off from four letters on, two from
//! eight (`typos`), unless three terms hold the very word. A term may be two edits off in all; those one edit off come
//! first.

mod build;
mod candidates;
mod common;
mod filter;
mod highlight;
mod index;
mod plan;
mod query;
mod tails;
mod typos;
mod vocabulary;
mod word_set;
mod words;

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;

use crate::edition::{ConceptIndex, Edition};
use crate::letters::for_each_word;
use crate::search::highlight::Typed;
use crate::search::query::Search;
use crate::set::ConceptSet;
use crate::value_set::Languages;
use crate::view::{ConceptView, DesignationView, designation};

pub(crate) use index::SearchIndex;

/// What to search for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchQuery<'q> {
    /// What was typed. Its length is the caller's to limit; without a letter or digit nothing is found.
    pub text: &'q str,
    /// Only terms in this language or a narrower form of it (BCP 47); empty for all.
    pub language: &'q str,
    /// Only terms in force on this date, of codes that may be used on it; `None` for all.
    pub date: Option<Date>,
    /// Only concepts of this set, which must be of the edition searched; `None` for all.
    pub within: Option<&'q ConceptSet>,
    /// Only concepts that are active.
    pub active_only: bool,
    /// At most this many hits.
    pub limit: usize,
}

impl Default for SearchQuery<'_> {
    /// Nothing typed, no filter, at most 20 hits.
    fn default() -> Self {
        Self {
            text: "",
            language: "",
            date: None,
            within: None,
            active_only: false,
            limit: 20,
        }
    }
}

/// What the date and the language of a search are about.
#[derive(Debug, Clone, Copy)]
enum Asked<'q> {
    /// Concepts that may be used on the date, by terms in the language of the query.
    Concepts,
    /// Concepts whatever their state, by terms in force on the date, in languages wished for.
    Terms(&'q Languages),
}

/// A concept that fits a query.
#[derive(Debug, Clone)]
pub struct SearchHit<'e> {
    /// The concept.
    pub concept: ConceptView<'e>,
    /// The term that fits, or the first of those searched when the code fits; `None` when the concept has no term.
    pub designation: Option<DesignationView<'e>>,
    grade: Grade,
    segment: u8,
    whole: bool,
    /// The words typed.
    typed: Arc<[Typed]>,
}

/// How a hit was found, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Equal,
    Code,
    Letters,
    Folded,
    Inside,
    OneEdit,
    TwoEdits,
}

/// A word that so many terms hold stands for itself.
const KNOWN: u32 = 3;

/// Words like those typed are looked for when fewer hits than this were found with the words themselves.
const ENOUGH: usize = 3;

impl SearchHit<'_> {
    /// Which of two hits for the same query comes first, be they of different editions.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.grade
            .cmp(&other.grade)
            .then_with(|| match self.grade {
                Grade::Code => self.by_code().cmp(&other.by_code()),
                _ => self.by_term().cmp(&other.by_term()),
            })
            .then_with(|| self.concept.code().cmp(other.concept.code()))
    }

    /// The parts of the text of [`SearchHit::designation`] that were typed, as ranges of its bytes: in order, apart from
    /// each other. Of what was typed a word is marked where it fits the text best: where words begin with its letters,
    /// else with its letters folded, else where it stands inside words, else where words begin with something like it.
    /// Empty when the hit was found by its code alone.
    pub fn highlights(&self) -> Vec<Range<usize>> {
        highlight::highlights(self.text(), &self.typed)
    }

    /// Whether it was found only by words like those typed.
    pub fn approximate(&self) -> bool {
        self.grade >= Grade::OneEdit
    }

    fn by_code(&self) -> impl Ord + use<> {
        (self.segment >= index::STATUSES, words(self.concept.code()))
    }

    fn by_term(&self) -> impl Ord + '_ {
        (
            self.segment,
            !self.whole,
            self.text().chars().count(),
            self.text(),
        )
    }

    fn text(&self) -> &str {
        self.designation.map_or("", |designation| designation.text)
    }
}

/// The concepts of several editions that fit a query, best first, each edition with the set to which its concepts are
/// held. The set of the query itself is left out of account, as a set belongs to one edition.
pub fn search_editions<'e, 's>(
    query: &SearchQuery<'s>,
    editions: impl IntoIterator<Item = (&'e Edition, Option<&'s ConceptSet>)>,
) -> Vec<SearchHit<'e>> {
    let editions = editions.into_iter();
    let mut searches: Vec<Search<'e, 's>> = editions
        .map(|(edition, within)| Search::new(edition, &SearchQuery { within, ..*query }, Asked::Concepts))
        .collect();
    find(&mut searches);
    let one = searches.len() == 1;
    let mut hits: Vec<SearchHit<'e>> = searches.into_iter().flat_map(hits).collect();
    if !one {
        hits.sort_by(SearchHit::compare);
        hits.truncate(query.limit);
    }
    hits
}

/// Finds what holds the words typed, and words like them where that is little.
fn find(searches: &mut [Search<'_, '_>]) {
    searches.iter_mut().for_each(Search::exact);
    let found: usize = searches.iter().map(|search| search.found.len()).sum();
    if found < ENOUGH {
        like(searches);
    }
}

/// Adds what holds words like those typed, but for words that the editions know well as they are.
fn like(searches: &mut [Search<'_, '_>]) {
    let mut held: Vec<u32> = Vec::new();
    for search in &*searches {
        let count = held.len().max(search.typed().len());
        held.resize(count, 0);
        for (all, docs) in held.iter_mut().zip(search.known()) {
            *all += docs;
        }
    }
    let wanted: Vec<bool> = held.into_iter().map(|docs| docs < KNOWN).collect();
    searches.iter_mut().for_each(|search| search.like(&wanted));
}

pub(crate) fn search<'e>(edition: &'e Edition, query: &SearchQuery<'_>) -> Vec<SearchHit<'e>> {
    search_editions(query, [(edition, query.within)])
}

/// All concepts of a set, active or not, that hold a text, by terms in force on a date, in languages wished for where the
/// edition speaks any of them. What holds only something like the text is left out: a set cannot tell that it does.
pub(crate) fn narrowed(
    edition: &Edition,
    text: &str,
    within: &ConceptSet,
    date: Option<Date>,
    languages: &Languages,
) -> ConceptSet {
    let query = SearchQuery {
        text,
        date,
        within: Some(within),
        limit: edition.len(),
        ..SearchQuery::default()
    };
    Search::new(edition, &query, Asked::Terms(languages)).every()
}

fn hits<'e>(search: Search<'e, '_>) -> Vec<SearchHit<'e>> {
    let typed: Arc<[Typed]> = search.typed().iter().map(|word| Typed::new(word)).collect();
    let edition = search.edition;
    let index = &edition.index;
    let hit = |hit: query::Found| {
        let concept = edition.concept(ConceptIndex(hit.concept))?;
        let designation = index
            .designation(&edition.designations, hit.doc)
            .map(|row| designation(edition, row));
        Some(SearchHit {
            concept,
            designation,
            grade: hit.grade,
            segment: index.segment(hit.doc),
            whole: hit.whole,
            typed: Arc::clone(&typed),
        })
    };
    search.found.into_iter().filter_map(hit).collect()
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each_word(text, |word| words.push(word.to_owned()));
    words
}
