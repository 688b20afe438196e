//! Combinations of facts that do not go together: exclusions, which the proofs leave out, and contradictions, which
//! they do not know.

use super::{DescriptionSystem, Place, Problem, Span, names, repeated};
use crate::facts::FactSet;
use crate::model::{Combination, DescriptionSource, Grain};

/// A combination of facts that do not go together.
#[derive(Debug, Clone)]
pub(crate) struct CompiledCombination {
    pub(crate) grains: Vec<Grain>,
    alternatives: Span,
}

impl DescriptionSystem {
    pub(super) fn add_combinations(&mut self, source: &DescriptionSource, problems: &mut Vec<Problem>) {
        check_ids(source, problems);
        for exclusion in &source.exclusions {
            let place = Place::Exclusion(exclusion.id.clone());
            let compiled = self.combination(source, exclusion, &place, 0, problems);
            self.exclusions.push(compiled);
        }
        for contradiction in &source.contradictions {
            let place = Place::Contradiction(contradiction.id.clone());
            let tables = source.tables.len();
            let compiled = self.combination(source, contradiction, &place, tables, problems);
            self.contradictions.push(compiled);
        }
    }

    /// A combination whose conditions may name the first `tables` tables.
    fn combination(
        &mut self,
        source: &DescriptionSource,
        combination: &Combination,
        place: &Place,
        tables: usize,
        problems: &mut Vec<Problem>,
    ) -> CompiledCombination {
        let scope = names::Scope {
            place,
            line: combination.line,
            tables,
        };
        CompiledCombination {
            grains: combination.grains.clone(),
            alternatives: self.add_alternatives(source, &combination.alternatives, &scope, problems),
        }
    }

    /// The ids of the exclusions that the facts of a grain are known to meet, in order, each once.
    pub fn excluded<'a>(&'a self, grain: Grain, facts: &'a FactSet) -> impl Iterator<Item = &'a str> {
        self.met(&self.exclusions, &self.source.exclusions, grain, facts)
    }

    /// The ids of the contradictions that the facts of a grain, with what the tables made of them, are known to
    /// meet, in order, each once.
    pub fn contradicted<'a>(&'a self, grain: Grain, facts: &'a FactSet) -> impl Iterator<Item = &'a str> {
        self.met(&self.contradictions, &self.source.contradictions, grain, facts)
    }

    fn met<'a>(
        &'a self,
        compiled: &'a [CompiledCombination],
        sources: &'a [Combination],
        grain: Grain,
        facts: &'a FactSet,
    ) -> impl Iterator<Item = &'a str> {
        let is_met = move |compiled: &CompiledCombination| {
            compiled.grains.contains(&grain)
                && self
                    .spans(compiled.alternatives)
                    .iter()
                    .any(|span| self.conjunction(span, facts) == crate::classify::Truth::True)
        };
        compiled
            .iter()
            .zip(sources)
            .filter(move |(compiled, _)| is_met(compiled))
            .map(|(_, source)| source.id.as_str())
    }

    pub(crate) fn exclusion_alternatives(&self, exclusion: &CompiledCombination) -> &[Span] {
        self.spans(exclusion.alternatives)
    }
}

/// Every exclusion and contradiction has an id of its own: rows with one id stand together and are about the same.
fn check_ids(source: &DescriptionSource, problems: &mut Vec<Problem>) {
    for id in repeated(source.exclusions.iter().map(|exclusion| exclusion.id.as_str())) {
        problems.push(Problem {
            place: Place::Exclusion(id.to_owned()),
            line: 0,
            message: "is stated twice".to_owned(),
        });
    }
    let mut ids: Vec<&str> = source
        .contradictions
        .iter()
        .map(|other| other.id.as_str())
        .collect();
    for id in repeated(ids.iter().copied()) {
        problems.push(Problem {
            place: Place::Contradiction(id.to_owned()),
            line: 0,
            message: "is stated twice".to_owned(),
        });
    }
    ids.retain(|id| source.exclusions.iter().any(|exclusion| exclusion.id == *id));
    for id in ids {
        problems.push(Problem {
            place: Place::Contradiction(id.to_owned()),
            line: 0,
            message: "is an exclusion too".to_owned(),
        });
    }
}
