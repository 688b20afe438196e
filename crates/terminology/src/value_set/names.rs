//! The terms of a concept as a question sees them: those of its edition, of supplements and of the value set; which one
//! is shown, and whether a term given is one of them.

use std::sync::Arc;

use jiff::civil::Date;

use super::languages::Languages;
use crate::edition::Edition;
use crate::language;
use crate::letters::same_text;
use crate::model::{ConceptReference, DesignationStatus};
use crate::view::ConceptView;

/// A term of a concept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term<'a> {
    pub(crate) text: &'a str,
    pub(crate) language: &'a str,
    /// `system|code`; empty when not stated.
    pub(crate) usage: &'a str,
    pub(crate) status: DesignationStatus,
    /// The one that is shown when no language is wished for.
    pub(crate) main: bool,
}

/// The terms of a concept on a date.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    terms: Vec<Term<'a>>,
    /// The edition's language.
    language: &'a str,
}

/// What came of holding a term against those of a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It is one of them.
    Right,
    /// It was one of them, or is advised against.
    Deprecated,
    /// It is one, but of another language, and there is none in those wished for.
    OtherLanguage,
    /// It is none of them; there are some in the languages wished for.
    Wrong,
    /// It is none of them, nor are there any in the languages wished for.
    WrongWithoutChoice,
}

impl<'a> Names<'a> {
    /// The terms of a concept. `reference` is how the value set lists it.
    pub(crate) fn new(
        concept: ConceptView<'a>,
        supplements: &'a [Arc<Edition>],
        reference: Option<&'a ConceptReference>,
        date: Option<Date>,
    ) -> Self {
        let own_language = concept.edition().language();
        let shown = concept
            .display("", date)
            .filter(|main| own_language.is_empty() || language::fit(own_language, main.language) > 0);
        let mut terms = Vec::with_capacity(concept.designations().len() + 1);
        let listed = reference.filter(|reference| !reference.display.is_empty());
        if let Some(reference) = listed {
            terms.push(Term {
                text: &reference.display,
                language: own_language,
                usage: "",
                status: DesignationStatus::Recommended,
                main: true,
            });
        }
        let mut main_is_met = listed.is_some();
        for own in concept.designations() {
            if date.is_some_and(|date| !own.validity.contains(date)) {
                continue;
            }
            let main = !main_is_met && shown == Some(own);
            main_is_met |= main;
            terms.push(Term {
                text: own.text,
                language: own.language,
                usage: own.usage,
                status: own.status,
                main,
            });
        }
        let further = reference
            .into_iter()
            .flat_map(|reference| &reference.designations);
        terms.extend(further.map(|designation| Term {
            text: &designation.text,
            language: &designation.language,
            usage: &designation.usage,
            status: designation.status,
            main: false,
        }));
        for supplement in supplements {
            let added = supplement.lookup(concept.code()).into_iter();
            terms.extend(added.flat_map(|added| added.designations()).map(|added| Term {
                text: added.text,
                language: added.language,
                usage: added.usage,
                status: added.status,
                main: false,
            }));
        }
        Self {
            terms,
            language: own_language,
        }
    }

    /// The term to show. `None` when there is none, or none in languages that are insisted on.
    pub(crate) fn shown(&self, languages: &Languages) -> Option<&Term<'a>> {
        let main = || self.terms.iter().find(|term| term.main);
        if languages.is_empty() {
            return main();
        }
        let best = self
            .terms
            .iter()
            .filter_map(|term| Some((languages.rank(term.language)?, term)))
            .min_by_key(|(rank, term)| {
                (
                    term.status == DesignationStatus::Deprecated,
                    *rank,
                    !term.main,
                    crate::view::rank(term.status),
                )
            })
            .map(|(_, term)| term);
        match best {
            None if languages.is_strict() => None,
            None => main(),
            best => best,
        }
    }

    /// All terms but one.
    pub(crate) fn others<'s>(&'s self, shown: Option<&'s Term<'a>>) -> impl Iterator<Item = &'s Term<'a>> {
        self.terms
            .iter()
            .filter(move |term| shown.is_none_or(|shown| !std::ptr::eq(*term, shown)))
    }

    /// What a term that was given is.
    pub(crate) fn judge(&self, display: &str, languages: &Languages) -> Judgement {
        let any_language = languages.is_empty();
        let choice = || {
            self.terms
                .iter()
                .filter(|term| any_language || languages.rank(term.language).is_some())
        };
        let met = choice()
            .filter(|term| same_text(term.text, display))
            .min_by_key(|term| crate::view::rank(term.status));
        match met {
            Some(term) if term.status == DesignationStatus::Deprecated => Judgement::Deprecated,
            Some(_) => Judgement::Right,
            None if choice().next().is_some() => Judgement::Wrong,
            None => {
                let own = |term: &&Term<'_>| term.main || language::fit(self.language, term.language) > 0;
                let mut own = self.terms.iter().filter(own);
                match own.any(|term| same_text(term.text, display)) {
                    true => Judgement::OtherLanguage,
                    false => Judgement::WrongWithoutChoice,
                }
            }
        }
    }
}
