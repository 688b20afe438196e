//! Which docs a query wants, whatever was typed.

use jiff::civil::Date;

use crate::edition::Edition;
use crate::language;
use crate::search::{Asked, SearchQuery};
use crate::set::ConceptSet;
use crate::value_set::Languages;
use crate::view::in_force;

/// The filter of a query over one edition.
pub(super) struct Filter<'e, 's> {
    edition: &'e Edition,
    pub(super) within: Option<&'s ConceptSet>,
    pub(super) active_only: bool,
    /// By language of the edition, whether it is wanted; `None` when all are.
    languages: Option<Vec<bool>>,
    date: Option<Date>,
    /// Whether concepts too, and not terms alone, are held to the date.
    usable: bool,
    /// About which part of the docs passes.
    pub(super) share: f64,
    /// About how many docs the concepts of the set have; those of all when there is no set.
    pub(super) docs: f64,
}

impl<'e, 's> Filter<'e, 's> {
    pub(super) fn new(edition: &'e Edition, query: &SearchQuery<'s>, asked: Asked<'_>) -> Self {
        let languages = match asked {
            Asked::Concepts => spoken(edition, query.language),
            Asked::Terms(languages) => wished(edition, languages),
        };
        let usable = matches!(asked, Asked::Concepts);
        let spoken = languages
            .as_deref()
            .map_or(1.0, |languages| edition.index.share(languages));
        let part = query
            .within
            .map_or(1.0, |set| set.len() as f64 / edition.len().max(1) as f64);
        Self {
            edition,
            within: query.within,
            active_only: query.active_only || (usable && query.date.is_some()),
            languages,
            date: query.date,
            usable,
            share: spoken * part,
            docs: part * f64::from(edition.index.len()),
        }
    }

    pub(super) fn admits(&self, doc: u32) -> bool {
        self.may_admit(doc) && self.on_date(doc)
    }

    /// Whether a doc passes all but the date: what is quick to tell.
    pub(super) fn may_admit(&self, doc: u32) -> bool {
        let index = &self.edition.index;
        self.within.is_none_or(|set| set.holds(index.concept(doc)))
            && (!self.active_only || index.active(doc))
            && self
                .languages
                .as_ref()
                .is_none_or(|languages| languages.get(usize::from(index.language(doc))) == Some(&true))
    }

    /// The docs in the one language that is wanted, when there is one and its docs are kept.
    pub(super) fn in_language(&self) -> Option<&'e [u64]> {
        let mut wanted = self
            .languages
            .as_ref()?
            .iter()
            .enumerate()
            .filter(|&(_, &wanted)| wanted);
        let (Some((language, _)), None) = (wanted.next(), wanted.next()) else {
            return None;
        };
        let index = &self.edition.index;
        index.common.in_language(index.len(), language)
    }

    pub(super) fn on_date(&self, doc: u32) -> bool {
        let Some(date) = self.date else {
            return true;
        };
        let index = &self.edition.index;
        let concept = self.edition.concepts.get(index.concept(doc) as usize);
        let row = index.designation(&self.edition.designations, doc);
        concept.is_some_and(|concept| !self.usable || concept.validity.contains(date))
            && row.is_none_or(|row| in_force(self.edition, row, date))
    }
}

/// By language of the edition whether it is a language or a narrower form of it; `None` when none is asked for.
fn spoken(edition: &Edition, asked: &str) -> Option<Vec<bool>> {
    let wanted = |tag: &String| language::within(asked, tag);
    (!asked.is_empty()).then(|| edition.languages.iter().map(wanted).collect())
}

/// By language of the edition whether it answers a wish; `None` when there is no wish, or when none answers it and
/// others will do.
fn wished(edition: &Edition, languages: &Languages) -> Option<Vec<bool>> {
    if languages.is_empty() {
        return None;
    }
    let tags = edition.languages.iter();
    let wanted: Vec<bool> = tags.map(|tag| languages.rank(tag).is_some()).collect();
    (languages.is_strict() || wanted.contains(&true)).then_some(wanted)
}
