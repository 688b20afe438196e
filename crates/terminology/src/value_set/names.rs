//! The terms of a concept as a question sees them: those of its edition, of supplements and of the value set; which one
//! is shown, and whether a term given is one of them.

use std::sync::Arc;

use jiff::civil::Date;

use super::languages::Languages;
use crate::edition::Edition;
use crate::language;
use crate::letters::same_text;
use crate::model::{ConceptReference, DesignationStatus};
use crate::view::{ConceptView, DesignationView};

/// A term of a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    concept: ConceptView<'a>,
    supplements: &'a [Arc<Edition>],
    reference: Option<&'a ConceptReference>,
    date: Option<Date>,
    /// The designation that is shown when no language is wished for; `None` when the value set names another.
    main: Option<DesignationView<'a>>,
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
        let fits = |main: &DesignationView<'_>| {
            own_language.is_empty() || language::fit(own_language, main.language) > 0
        };
        let renamed = reference.is_some_and(|reference| !reference.display.is_empty());
        let main = if renamed {
            None
        } else {
            concept.display("", date).filter(fits)
        };
        Self {
            concept,
            supplements,
            reference,
            date,
            main,
        }
    }

    /// All terms: the value set's display, the edition's terms, the value set's, those of supplements.
    fn terms(&self) -> impl Iterator<Item = Term<'a>> {
        let (main, date) = (self.main, self.date);
        let language = self.concept.edition().language();
        let renamed = self.reference.filter(|reference| !reference.display.is_empty());
        let renamed = renamed.map(move |reference| Term {
            text: &reference.display,
            language,
            usage: "",
            status: DesignationStatus::Recommended,
            main: true,
        });
        let own = self.concept.designations();
        let own = own
            .filter(move |own| date.is_none_or(|date| own.validity.contains(date)))
            .map(move |own| Term {
                // Equal texts of an edition lie in one place.
                main: main.is_some_and(|main| std::ptr::eq(main.text, own.text) && main == own),
                ..term(own)
            });
        let further = self
            .reference
            .into_iter()
            .flat_map(|reference| &reference.designations);
        let further = further.map(|designation| Term {
            text: &designation.text,
            language: &designation.language,
            usage: &designation.usage,
            status: designation.status,
            main: false,
        });
        let code = self.concept.code();
        let supplied = self
            .supplements
            .iter()
            .filter_map(move |supplement| supplement.lookup(code));
        let supplied = supplied.flat_map(|supplied| supplied.designations()).map(term);
        renamed.into_iter().chain(own).chain(further).chain(supplied)
    }

    /// The term to show. `None` when there is none, or none in languages that are insisted on.
    pub(crate) fn shown(&self, languages: &Languages) -> Option<Term<'a>> {
        let main = || self.terms().find(|term| term.main);
        if languages.is_empty() {
            return main();
        }
        let best = self
            .terms()
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
    pub(crate) fn others(&self, shown: Option<Term<'a>>) -> impl Iterator<Item = Term<'a>> {
        self.terms().filter(move |term| shown != Some(*term))
    }

    /// What a term that was given is.
    pub(crate) fn judge(&self, display: &str, languages: &Languages) -> Judgement {
        let any_language = languages.is_empty();
        let choice = || {
            self.terms()
                .filter(|term| any_language || languages.rank(term.language).is_some())
        };
        let mut met: Option<Term<'_>> = None;
        for term in choice().filter(|term| same_text(term.text, display)) {
            if term.status == DesignationStatus::Recommended {
                return Judgement::Right;
            }
            if met.is_none_or(|met| crate::view::rank(term.status) < crate::view::rank(met.status)) {
                met = Some(term);
            }
        }
        match met {
            Some(term) if term.status == DesignationStatus::Deprecated => Judgement::Deprecated,
            Some(_) => Judgement::Right,
            None if choice().next().is_some() => Judgement::Wrong,
            None => {
                let language = self.concept.edition().language();
                let own = |term: &Term<'_>| term.main || language::fit(language, term.language) > 0;
                let mut own = self.terms().filter(own);
                match own.any(|term| same_text(term.text, display)) {
                    true => Judgement::OtherLanguage,
                    false => Judgement::WrongWithoutChoice,
                }
            }
        }
    }
}

fn term(designation: DesignationView<'_>) -> Term<'_> {
    Term {
        text: designation.text,
        language: designation.language,
        usage: designation.usage,
        status: designation.status,
        main: false,
    }
}
