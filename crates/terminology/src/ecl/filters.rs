//! Filters: which concepts of a set, or which of their descriptions, satisfy all conditions of a pair of braces.

use super::ast::{
    Acceptability, ConceptFilter, DescriptionFilter, Dialect, DialectName, Equality, Filter, Order,
    SearchTerm, Time,
};
use super::error::EvaluateError;
use super::evaluate::Evaluator;
use super::matching::{Collation, Matcher};
use super::value::{active_holds, time_holds};
use super::well_known;
use crate::components::ComponentTables;
use crate::edition::Edition;
use crate::set::ConceptSet;
use crate::texts::Span;

/// What a look at a text costs, beside a look at a number.
const TEXT_WORK: usize = 16;

/// A condition on a concept, with sets evaluated.
enum OnConcept<'f> {
    Defined(Equality, [bool; 2]),
    Module(Equality, ConceptSet),
    EffectiveTime(Order, &'f [Time]),
    Active(Equality, Option<bool>),
}

/// A condition on a description, with sets evaluated.
enum OnDescription<'f> {
    Active(Equality, Option<bool>),
    /// By language of the edition, whether it fits.
    Language(Vec<bool>),
    Kind(Equality, ConceptSet),
    Module(Equality, ConceptSet),
    EffectiveTime(Order, &'f [Time]),
    Id(Equality, &'f [u64]),
    Dialect(Equality, Vec<(ConceptSet, &'f [Acceptability])>),
    /// Matchers, and by language of the edition which of them.
    Term(Equality, Vec<Matcher>, Vec<usize>),
}

/// A description that is looked at.
struct Described {
    /// Its number among all descriptions of the edition.
    number: u32,
    text: Span,
    language: u16,
    active: bool,
}

impl Evaluator<'_> {
    /// What is left of a set by filters.
    pub(super) fn filtered(
        &mut self,
        mut set: ConceptSet,
        filters: &[Filter],
    ) -> Result<ConceptSet, EvaluateError> {
        for filter in filters {
            set = match filter {
                Filter::Concept(conditions) => self.by_concept(&set, conditions)?,
                Filter::Description(conditions) => self.by_description(&set, conditions)?,
            };
        }
        Ok(set)
    }

    fn by_concept(
        &mut self,
        set: &ConceptSet,
        filters: &[ConceptFilter],
    ) -> Result<ConceptSet, EvaluateError> {
        let mut conditions = Vec::with_capacity(filters.len());
        for filter in filters {
            conditions.push(self.on_concept(filter)?);
        }
        let components = self.edition.components();
        let mut left = self.none()?;
        self.spend(set.len() * conditions.len())?;
        for concept in set.numbers() {
            let component = components.map(|components| components.concept(concept));
            let component = component.unwrap_or_default();
            if conditions.iter().all(|condition| match condition {
                OnConcept::Defined(equality, which) => {
                    let [primitive, defined] = *which;
                    equality.holds(if component.defined { defined } else { primitive })
                }
                OnConcept::Module(equality, modules) => equality.holds(modules.holds(component.module)),
                OnConcept::EffectiveTime(order, times) => time_holds(*order, times, component.effective_time),
                OnConcept::Active(equality, active) => {
                    active_holds(*equality, *active, self.is_active(concept))
                }
            }) {
                left.insert(concept);
            }
        }
        Ok(left)
    }

    fn on_concept<'f>(&mut self, filter: &'f ConceptFilter) -> Result<OnConcept<'f>, EvaluateError> {
        Ok(match filter {
            ConceptFilter::Active(equality, active) => OnConcept::Active(*equality, *active),
            ConceptFilter::DefinitionStatus(equality, statuses) => {
                self.components("the definition status of concepts")?;
                OnConcept::Defined(*equality, [statuses.contains(&false), statuses.contains(&true)])
            }
            ConceptFilter::DefinitionStatusId(equality, set) => {
                self.components("the definition status of concepts")?;
                let statuses = self.sub(set)?;
                let has = |id| self.find(id).is_some_and(|status| statuses.holds(status));
                OnConcept::Defined(*equality, [has(well_known::PRIMITIVE), has(well_known::DEFINED)])
            }
            ConceptFilter::Module(equality, set) => {
                self.components("the module of concepts")?;
                OnConcept::Module(*equality, self.sub(set)?)
            }
            ConceptFilter::EffectiveTime(order, times) => {
                self.components("the effective time of concepts")?;
                OnConcept::EffectiveTime(*order, times)
            }
        })
    }

    fn by_description(
        &mut self,
        set: &ConceptSet,
        filters: &[DescriptionFilter],
    ) -> Result<ConceptSet, EvaluateError> {
        let mut conditions = Vec::with_capacity(filters.len());
        for filter in filters {
            conditions.push(self.on_description(filter)?);
        }
        // Texts are looked at last.
        conditions.sort_by_key(|condition| matches!(condition, OnDescription::Term(..)));
        let edition = self.edition;
        let components = edition.components();
        let has_text = matches!(conditions.last(), Some(OnDescription::Term(..)));
        let each = conditions.len() + if has_text { TEXT_WORK } else { 0 };
        let states_active = conditions
            .iter()
            .any(|condition| matches!(condition, OnDescription::Active(..)));
        let mut left = self.none()?;
        for concept in set.numbers() {
            let Some(row) = edition.concepts.get(concept as usize) else {
                continue;
            };
            let [first, _] = row.designations;
            let designations = (first..).zip(edition.designations(row));
            let designations = designations.map(|(number, row)| Described {
                number,
                text: row.text,
                language: row.language,
                active: true,
            });
            let others = components
                .into_iter()
                .flat_map(|tables| tables.descriptions(concept));
            let others = others.map(|(number, row)| Described {
                number,
                text: row.text,
                language: row.language,
                active: row.active(),
            });
            let mut looked = 0;
            let fits = designations
                .chain(others)
                .filter(|description| states_active || description.active)
                .any(|description| {
                    looked += 1;
                    conditions
                        .iter()
                        .all(|condition| condition.holds(edition, components, &description))
                });
            self.spend(1 + looked * each)?;
            if fits {
                left.insert(concept);
            }
        }
        Ok(left)
    }

    fn on_description<'f>(
        &mut self,
        filter: &'f DescriptionFilter,
    ) -> Result<OnDescription<'f>, EvaluateError> {
        let edition = self.edition;
        let needs = |what: &'static str| {
            let components = edition.components();
            components.map(|_| ()).ok_or(EvaluateError::NoComponents(what))
        };
        Ok(match filter {
            DescriptionFilter::Active(equality, active) => OnDescription::Active(*equality, *active),
            DescriptionFilter::Language(equality, codes) => OnDescription::Language(
                self.edition
                    .languages
                    .iter()
                    .map(|tag| equality.holds(codes.iter().any(|code| is_language(tag, code))))
                    .collect(),
            ),
            DescriptionFilter::Term(equality, terms) => self.term(*equality, terms),
            DescriptionFilter::Type(equality, types) => {
                needs("the type of descriptions")?;
                let mut kinds = self.none()?;
                types
                    .iter()
                    .filter_map(|&kind| self.find(well_known::description_type(kind)))
                    .for_each(|kind| kinds.insert(kind));
                OnDescription::Kind(*equality, kinds)
            }
            DescriptionFilter::TypeId(equality, set) => {
                needs("the type of descriptions")?;
                OnDescription::Kind(*equality, self.sub(set)?)
            }
            DescriptionFilter::Module(equality, set) => {
                needs("the module of descriptions")?;
                OnDescription::Module(*equality, self.sub(set)?)
            }
            DescriptionFilter::EffectiveTime(order, times) => {
                needs("the effective time of descriptions")?;
                OnDescription::EffectiveTime(*order, times)
            }
            DescriptionFilter::Id(equality, ids) => {
                needs("the identifier of descriptions")?;
                OnDescription::Id(*equality, ids)
            }
            DescriptionFilter::Dialect(equality, dialects) => {
                needs("the dialect of descriptions")?;
                let mut wanted = Vec::with_capacity(dialects.len());
                for Dialect {
                    dialect,
                    acceptability,
                } in dialects
                {
                    wanted.push((self.dialect(dialect)?, acceptability.as_slice()));
                }
                OnDescription::Dialect(*equality, wanted)
            }
        })
    }

    fn dialect(&mut self, dialect: &DialectName) -> Result<ConceptSet, EvaluateError> {
        match dialect {
            DialectName::Concepts(set) => self.sub(set),
            DialectName::Alias(alias) => {
                let id = well_known::dialect(alias).ok_or(EvaluateError::UnknownDialect)?;
                let mut set = self.none()?;
                self.find(id).into_iter().for_each(|concept| set.insert(concept));
                Ok(set)
            }
        }
    }

    fn term<'f>(&mut self, equality: Equality, terms: &[SearchTerm]) -> OnDescription<'f> {
        let mut collations: Vec<Collation> = Vec::new();
        let by_language = self.edition.languages.iter().map(|tag| {
            let collation = Collation::of(tag);
            let known = collations.iter().position(|&known| known == collation);
            known.unwrap_or_else(|| {
                collations.push(collation);
                collations.len() - 1
            })
        });
        let by_language = by_language.collect();
        let matchers = collations.iter().map(|&collation| Matcher::new(terms, collation));
        OnDescription::Term(equality, matchers.collect(), by_language)
    }
}

/// Whether a tag (BCP 47) is of a language (ISO 639-1).
fn is_language(tag: &str, code: &str) -> bool {
    let primary = tag.split('-').next().unwrap_or_default();
    primary.eq_ignore_ascii_case(code)
}

impl OnDescription<'_> {
    fn holds(
        &self,
        edition: &Edition,
        components: Option<&ComponentTables>,
        description: &Described,
    ) -> bool {
        let number = description.number;
        let component = || {
            components
                .map(|components| components.designation(number))
                .unwrap_or_default()
        };
        let language = usize::from(description.language);
        match self {
            Self::Active(equality, active) => active_holds(*equality, *active, description.active),
            Self::Language(fits) => fits.get(language).copied().unwrap_or_default(),
            Self::Kind(equality, kinds) => equality.holds(kinds.holds(component().kind)),
            Self::Module(equality, modules) => equality.holds(modules.holds(component().module)),
            Self::EffectiveTime(order, times) => time_holds(*order, times, component().effective_time),
            Self::Id(equality, ids) => equality.holds(ids.contains(&component().id)),
            Self::Dialect(equality, dialects) => {
                let standings = components.map_or(&[][..], |components| components.acceptabilities(number));
                equality.holds(standings.iter().any(|standing| {
                    let acceptability = if standing.preferred() {
                        Acceptability::Preferred
                    } else {
                        Acceptability::Acceptable
                    };
                    dialects.iter().any(|(sets, wanted)| {
                        sets.holds(standing.dialect) && (wanted.is_empty() || wanted.contains(&acceptability))
                    })
                }))
            }
            Self::Term(equality, matchers, by_language) => by_language
                .get(language)
                .and_then(|&matcher| matchers.get(matcher))
                .is_some_and(|matcher| equality.holds(matcher.matches(edition.texts.get(description.text)))),
        }
    }
}
