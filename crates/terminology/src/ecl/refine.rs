//! Refinements: which concepts have the attributes wished for, and the values of attributes.
//!
//! An attribute is counted by relationship, in whatever group; a reversed one by the concepts whose attribute it is. A
//! group is a role group with a number above 0. A reversed attribute in a group belongs to the group of the concept
//! whose attribute it is, so that what stands with it in braces must be of that concept too.
//!
//! Where a refinement cannot hold without certain attributes, the concepts that have them are found from the values'
//! end or from the attributes', and only these are looked at.

use super::ast::{Attribute, Cardinality, Focus, Operator, Refinement, SubExpression};
use super::error::EvaluateError;
use super::evaluate::Evaluator;
use super::matching::Collation;
use super::value::{Prepared, Value};
use crate::components::{AttributeRow, AttributeValueRow, ComponentTables};
use crate::edition::Edition;
use crate::set::ConceptSet;

const ATTRIBUTES: &str = "attributes";

/// About how many attributes a concept has.
const ROWS: usize = 8;

/// The attributes meant by a name, as far as they occur.
enum Kinds {
    All,
    Some(Vec<u32>),
}

impl Kinds {
    fn holds(&self, kind: u32) -> bool {
        match self {
            Self::All => true,
            Self::Some(kinds) => match kinds.as_slice() {
                [only] => *only == kind,
                several => several.binary_search(&kind).is_ok(),
            },
        }
    }
}

/// A refinement with its names and values evaluated.
enum Wanted<'r> {
    Attribute(WantedAttribute<'r>),
    Group {
        cardinality: Cardinality,
        inner: Box<Wanted<'r>>,
        /// Whether an attribute in it is reversed.
        reversed: bool,
    },
    And(Vec<Wanted<'r>>),
    Or(Vec<Wanted<'r>>),
}

struct WantedAttribute<'r> {
    cardinality: Cardinality,
    reverse: bool,
    kinds: Kinds,
    value: Prepared<'r>,
}

/// A role group of a concept.
#[derive(Clone, Copy)]
struct Group<'g> {
    source: u32,
    rows: &'g [AttributeRow],
}

impl<'e> Evaluator<'e> {
    /// The concepts of a focus that satisfy a refinement, perhaps only those among some.
    pub(super) fn refined(
        &mut self,
        focus: &SubExpression,
        refinement: &Refinement,
        among: Option<ConceptSet>,
    ) -> Result<ConceptSet, EvaluateError> {
        let components = self.components(ATTRIBUTES)?;
        let wanted = self.wanted(refinement)?;
        let (known, size) = match (among, self.wide(focus)) {
            (None, Some(size)) => (None, size),
            (among, _) => {
                let set = match among {
                    Some(among) => self.within(focus, among)?,
                    None => self.sub(focus)?,
                };
                let size = set.len();
                (Some(set), size)
            }
        };
        let possible = match effort(&wanted, components) {
            Some(effort) if effort < size.saturating_mul(ROWS) => self.possible(&wanted, components)?,
            _ => None,
        };
        let (candidates, exact) = match (known, possible) {
            (Some(mut set), Some((possible, exact))) => {
                set.intersect(&possible);
                (set, exact)
            }
            (None, Some((possible, exact))) => (self.within(focus, possible)?, exact),
            (Some(set), None) => (set, false),
            (None, None) => (self.sub(focus)?, false),
        };
        if exact {
            return Ok(candidates);
        }
        let mut check = Check {
            edition: self.edition,
            components,
            work: 0,
        };
        let mut satisfied = self.none()?;
        for concept in candidates.numbers() {
            if check.satisfies(concept, &wanted, None) {
                satisfied.insert(concept);
            }
            self.spend(1 + std::mem::take(&mut check.work))?;
        }
        Ok(satisfied)
    }

    /// The concepts that are values of attributes of some concepts.
    pub(super) fn values(
        &mut self,
        sources: &ConceptSet,
        name: &SubExpression,
    ) -> Result<ConceptSet, EvaluateError> {
        let components = self.components(ATTRIBUTES)?;
        let kinds = self.kinds(name)?;
        self.targets(sources, &kinds, components)
    }

    /// Those among some concepts that are values of attributes of others.
    pub(super) fn values_within(
        &mut self,
        sources: &ConceptSet,
        name: &SubExpression,
        among: ConceptSet,
    ) -> Result<ConceptSet, EvaluateError> {
        let components = self.components(ATTRIBUTES)?;
        let kinds = self.kinds(name)?;
        if sources.len() < among.len() {
            let mut values = self.targets(sources, &kinds, components)?;
            values.intersect(&among);
            return Ok(values);
        }
        let mut found = self.none()?;
        for concept in among.numbers() {
            let rows = components.sources(concept);
            self.spend(1 + rows.len())?;
            if rows
                .iter()
                .any(|row| kinds.holds(row.kind) && sources.holds(row.source))
            {
                found.insert(concept);
            }
        }
        Ok(found)
    }

    /// About how many concepts a focus has that is better asked of the concepts that are left than evaluated first.
    fn wide(&self, focus: &SubExpression) -> Option<usize> {
        if focus.member_of.is_some() || focus.history.is_some() {
            return None;
        }
        match (focus.operator, &focus.focus) {
            (None | Some(Operator::DescendantOrSelfOf), Focus::Any) => Some(self.edition.len()),
            (Some(Operator::DescendantOf | Operator::DescendantOrSelfOf), Focus::Concept(top)) => {
                Some(self.hierarchy().reach(self.find(top.id)?))
            }
            _ => None,
        }
    }

    fn kinds(&mut self, name: &SubExpression) -> Result<Kinds, EvaluateError> {
        if name.is_plain() && name.focus == Focus::Any {
            return Ok(Kinds::All);
        }
        let components = self.components(ATTRIBUTES)?;
        let names = self.sub(name)?;
        let kinds = components.kinds().iter().copied();
        Ok(Kinds::Some(kinds.filter(|&kind| names.holds(kind)).collect()))
    }

    fn wanted<'r>(&mut self, refinement: &'r Refinement) -> Result<Wanted<'r>, EvaluateError> {
        Ok(match refinement {
            Refinement::Attribute(attribute) => {
                let Attribute {
                    cardinality,
                    reverse,
                    name,
                    value,
                } = attribute.as_ref();
                Wanted::Attribute(WantedAttribute {
                    cardinality: *cardinality,
                    reverse: *reverse,
                    kinds: self.kinds(name)?,
                    value: self.prepare(value, Collation::Exact)?,
                })
            }
            Refinement::Group(cardinality, inner) => {
                let inner = Box::new(self.wanted(inner)?);
                Wanted::Group {
                    cardinality: *cardinality,
                    reversed: inner.has_reversed(),
                    inner,
                }
            }
            Refinement::And(parts) => Wanted::And(self.all_wanted(parts)?),
            Refinement::Or(parts) => Wanted::Or(self.all_wanted(parts)?),
        })
    }

    fn all_wanted<'r>(&mut self, parts: &'r [Refinement]) -> Result<Vec<Wanted<'r>>, EvaluateError> {
        parts.iter().map(|part| self.wanted(part)).collect()
    }

    /// Concepts that hold all that satisfy it, and whether they are just these; `None` when that takes a look at each.
    fn possible(
        &mut self,
        wanted: &Wanted<'_>,
        components: &'e ComponentTables,
    ) -> Result<Option<(ConceptSet, bool)>, EvaluateError> {
        match wanted {
            Wanted::Attribute(attribute) => self.possible_attribute(attribute, components),
            Wanted::Group { cardinality, .. } if cardinality.min == 0 => Ok(None),
            Wanted::Group { inner, .. } => Ok(self
                .possible(inner, components)?
                .map(|(possible, _)| (possible, false))),
            Wanted::And(parts) => {
                let mut all: Option<(ConceptSet, bool)> = None;
                let mut exact = true;
                for part in parts {
                    let possible = self.possible(part, components)?;
                    exact &= possible.as_ref().is_some_and(|(_, exact)| *exact);
                    all = match (all, possible) {
                        (Some((mut all, _)), Some((possible, _))) => {
                            all.intersect(&possible);
                            Some((all, exact))
                        }
                        (known, new) => known.or(new),
                    };
                }
                Ok(all.map(|(set, _)| (set, exact)))
            }
            Wanted::Or(parts) => {
                let mut any = (self.none()?, true);
                for part in parts {
                    let Some((possible, exact)) = self.possible(part, components)? else {
                        return Ok(None);
                    };
                    any.0.unite(&possible);
                    any.1 &= exact;
                }
                Ok(Some(any))
            }
        }
    }

    fn possible_attribute(
        &mut self,
        attribute: &WantedAttribute<'_>,
        components: &'e ComponentTables,
    ) -> Result<Option<(ConceptSet, bool)>, EvaluateError> {
        let WantedAttribute {
            cardinality,
            reverse,
            kinds,
            value,
        } = attribute;
        if cardinality.min == 0 {
            return Ok(None);
        }
        let exact = *cardinality == Cardinality::default();
        match (value, kinds) {
            (Prepared::Concept(values), _) if *reverse => {
                Ok(Some((self.targets(values, kinds, components)?, exact)))
            }
            (Prepared::Concept(values), _) => Ok(Some((self.sources(values, kinds, components)?, exact))),
            (_, Kinds::All) => Ok(None),
            (_, Kinds::Some(kinds)) => {
                let mut having = self.none()?;
                for &kind in kinds {
                    let sources = components.sources_with(kind);
                    self.spend(sources.len())?;
                    sources.iter().for_each(|&source| having.insert(source));
                }
                Ok(Some((having, false)))
            }
        }
    }

    /// The concepts that have one of `values` as an attribute.
    fn sources(
        &mut self,
        values: &ConceptSet,
        kinds: &Kinds,
        components: &'e ComponentTables,
    ) -> Result<ConceptSet, EvaluateError> {
        let mut found = self.none()?;
        if let Kinds::Some(kinds) = kinds {
            let sources = |&kind: &u32| components.sources_with(kind);
            if kinds.iter().map(|kind| sources(kind).len()).sum::<usize>() < values.len() {
                for &source in kinds.iter().flat_map(sources) {
                    let rows = components.attributes(source);
                    self.spend(1 + rows.len())?;
                    if rows.iter().any(|row| {
                        kinds.contains(&row.kind) && row.target().is_some_and(|value| values.holds(value))
                    }) {
                        found.insert(source);
                    }
                }
                return Ok(found);
            }
        }
        for value in values.numbers() {
            let rows = match kinds {
                Kinds::Some(kinds) if kinds.len() == 1 => {
                    components.sources_of_kind(value, kinds.first().copied().unwrap_or_default())
                }
                _ => components.sources(value),
            };
            self.spend(1 + rows.len())?;
            for row in rows.iter().filter(|row| kinds.holds(row.kind)) {
                found.insert(row.source);
            }
        }
        Ok(found)
    }

    /// The concepts that one of `sources` has as an attribute.
    fn targets(
        &mut self,
        sources: &ConceptSet,
        kinds: &Kinds,
        components: &'e ComponentTables,
    ) -> Result<ConceptSet, EvaluateError> {
        let mut found = self.none()?;
        let mut take = |evaluator: &mut Self, source: u32| {
            let rows = components.attributes(source);
            evaluator.spend(1 + rows.len())?;
            for target in rows
                .iter()
                .filter(|row| kinds.holds(row.kind))
                .filter_map(|row| row.target())
            {
                found.insert(target);
            }
            Ok(())
        };
        match kinds {
            Kinds::Some(kinds)
                if kinds
                    .iter()
                    .map(|&kind| components.sources_with(kind).len())
                    .sum::<usize>()
                    < sources.len() =>
            {
                for &source in kinds.iter().flat_map(|&kind| components.sources_with(kind)) {
                    if sources.holds(source) {
                        take(self, source)?;
                    }
                }
            }
            _ => {
                for source in sources.numbers() {
                    take(self, source)?;
                }
            }
        }
        Ok(found)
    }
}

/// About how many concepts and attributes finding the possible concepts looks at; `None` when that cannot be done.
fn effort(wanted: &Wanted<'_>, components: &ComponentTables) -> Option<usize> {
    match wanted {
        Wanted::Attribute(WantedAttribute { cardinality, .. }) | Wanted::Group { cardinality, .. }
            if cardinality.min == 0 =>
        {
            None
        }
        Wanted::Attribute(WantedAttribute { kinds, value, .. }) => {
            let values = match value {
                Prepared::Concept(values) => Some(values.len()),
                _ => None,
            };
            let having = match kinds {
                Kinds::All => None,
                Kinds::Some(kinds) => Some(
                    kinds
                        .iter()
                        .map(|&kind| components.sources_with(kind).len())
                        .sum(),
                ),
            };
            values.into_iter().chain(having).min()
        }
        Wanted::Group { inner, .. } => effort(inner, components),
        Wanted::And(parts) => {
            let efforts: Vec<usize> = parts.iter().filter_map(|part| effort(part, components)).collect();
            (!efforts.is_empty()).then(|| efforts.iter().sum())
        }
        Wanted::Or(parts) => parts.iter().map(|part| effort(part, components)).sum(),
    }
}

impl Wanted<'_> {
    fn has_reversed(&self) -> bool {
        match self {
            Self::Attribute(attribute) => attribute.reverse,
            Self::Group { reversed, .. } => *reversed,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::has_reversed),
        }
    }
}

/// Looks at single concepts.
struct Check<'e> {
    edition: &'e Edition,
    components: &'e ComponentTables,
    /// Rows looked at.
    work: usize,
}

impl<'e> Check<'e> {
    fn satisfies(&mut self, concept: u32, wanted: &Wanted<'_>, group: Option<Group<'e>>) -> bool {
        match wanted {
            Wanted::Attribute(attribute) => {
                let count = if attribute.reverse {
                    self.count_reversed(concept, attribute, group)
                } else {
                    self.count(concept, attribute, group)
                };
                attribute.cardinality.holds(count)
            }
            Wanted::Group {
                cardinality,
                inner,
                reversed,
            } => {
                let mut count = 0;
                for group in self.groups(concept, *reversed) {
                    count += u32::from(self.satisfies(concept, inner, Some(group)));
                }
                cardinality.holds(count)
            }
            Wanted::And(parts) => parts.iter().all(|part| self.satisfies(concept, part, group)),
            Wanted::Or(parts) => parts.iter().any(|part| self.satisfies(concept, part, group)),
        }
    }

    fn count(&mut self, concept: u32, attribute: &WantedAttribute<'_>, group: Option<Group<'e>>) -> u32 {
        let rows = match group {
            None => self.components.attributes(concept),
            Some(group) if group.source == concept => group.rows,
            Some(_) => return 0,
        };
        self.work += rows.len();
        let fits =
            |row: &&AttributeRow| attribute.kinds.holds(row.kind) && attribute.value.holds(&self.value(row));
        rows.iter().filter(fits).count() as u32
    }

    /// How many concepts have `concept` as such an attribute.
    fn count_reversed(
        &mut self,
        concept: u32,
        attribute: &WantedAttribute<'_>,
        group: Option<Group<'e>>,
    ) -> u32 {
        let is_source = |source: u32| attribute.value.holds(&Value::Concept(source));
        if let Some(Group { source, rows }) = group {
            self.work += rows.len();
            let has = rows
                .iter()
                .any(|row| attribute.kinds.holds(row.kind) && row.target() == Some(concept));
            return u32::from(has && is_source(source));
        }
        let rows = self.components.sources(concept);
        self.work += rows.len();
        let fitting = rows
            .iter()
            .filter(|row| attribute.kinds.holds(row.kind) && is_source(row.source));
        if attribute.cardinality == Cardinality::default() {
            return u32::from(fitting.into_iter().next().is_some());
        }
        let mut sources: Vec<u32> = fitting.map(|row| row.source).collect();
        sources.sort_unstable();
        sources.dedup();
        sources.len() as u32
    }

    /// A concept's role groups; with `incoming`, also those of other concepts that it is in.
    fn groups(&mut self, concept: u32, incoming: bool) -> Vec<Group<'e>> {
        let of = |source: u32| {
            let rows = self.components.attributes(source);
            rows.chunk_by(|a, b| a.group == b.group)
                .filter(|rows| rows.first().is_some_and(|row| row.group != 0))
                .map(move |rows| Group { source, rows })
        };
        let mut groups: Vec<Group<'e>> = of(concept).collect();
        self.work += self.components.attributes(concept).len();
        if incoming {
            let mut sources: Vec<u32> = self
                .components
                .sources(concept)
                .iter()
                .filter(|row| row.group() != 0 && row.source != concept)
                .map(|row| row.source)
                .collect();
            sources.sort_unstable();
            sources.dedup();
            for source in sources {
                self.work += self.components.attributes(source).len();
                let is_in = |group: &Group<'e>| group.rows.iter().any(|row| row.target() == Some(concept));
                groups.extend(of(source).filter(is_in));
            }
        }
        groups
    }

    fn value(&self, row: &AttributeRow) -> Value<'e> {
        let texts = &self.edition.texts;
        match row.value() {
            AttributeValueRow::Concept(concept) => Value::Concept(concept),
            AttributeValueRow::Number(number) => match self.components.number(texts, number) {
                Some(number) => Value::Number(number),
                None => Value::Text(""),
            },
            AttributeValueRow::Text(text) => Value::Text(self.components.text(texts, text)),
            AttributeValueRow::Boolean(value) => Value::Boolean(value),
        }
    }
}
