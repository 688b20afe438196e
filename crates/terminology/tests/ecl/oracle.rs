//! What an expression means, straight from the specification: sets of numbers, everything looked at. Shares nothing
//! with the evaluator but the tree it reads.

use std::collections::BTreeSet;

use proptest::prelude::*;
use vardnav_terminology::ecl::ast::{
    Acceptability, Cardinality, Comparison, ConceptFilter, DescriptionFilter, DescriptionType, DialectName,
    Equality, Expression, FieldComparison, Fields, Filter, Focus, History, MemberFilter, MemberOf, Operator,
    Order, Refinement, SearchTerm, SubExpression,
};
use vardnav_terminology::ecl::{self, EvaluateError, Limits};

use super::random::Draw;
use super::small::{self, Attribute, Description, Member, ReferenceSet, Small, Value};

type Set = BTreeSet<usize>;

/// A role group: whose, and its number.
type Group = (usize, u16);

impl Small {
    /// `None` when the expression asks for a field that is not there.
    pub(crate) fn evaluate(&self, expression: &Expression) -> Option<Set> {
        match expression {
            Expression::Sub(sub) => self.sub(sub),
            Expression::And(parts) => {
                let sets: Vec<Set> = parts.iter().map(|part| self.sub(part)).collect::<Option<_>>()?;
                sets.into_iter().reduce(|a, b| &a & &b)
            }
            Expression::Or(parts) => {
                let sets: Vec<Set> = parts.iter().map(|part| self.sub(part)).collect::<Option<_>>()?;
                sets.into_iter().reduce(|a, b| &a | &b)
            }
            Expression::Minus(from, without) => Some(&self.sub(from)? - &self.sub(without)?),
            Expression::Refined(focus, refinement) => {
                let mut satisfied = Set::new();
                for concept in self.sub(focus)? {
                    if self.satisfies(concept, refinement, None)? {
                        satisfied.insert(concept);
                    }
                }
                Some(satisfied)
            }
            Expression::Dotted(focus, names) => {
                let mut set = self.sub(focus)?;
                for name in names {
                    let kinds = self.sub(name)?;
                    set = self
                        .attributes
                        .iter()
                        .filter(|attribute| {
                            set.contains(&attribute.source) && kinds.contains(&attribute.kind)
                        })
                        .filter_map(|attribute| match attribute.value {
                            Value::Concept(target) => Some(target),
                            _ => None,
                        })
                        .collect();
                }
                Some(set)
            }
        }
    }

    fn all(&self) -> Set {
        (0..self.concepts.len()).collect()
    }

    fn named(&self, id: u64) -> Set {
        self.all()
            .into_iter()
            .filter(|&concept| self.concepts[concept].id == id)
            .collect()
    }

    fn ancestors(&self, concept: usize) -> Set {
        let parents = &self.concepts[concept].parents;
        parents
            .iter()
            .fold(parents.clone(), |above, &parent| &above | &self.ancestors(parent))
    }

    fn descendants(&self, concept: usize) -> Set {
        self.all()
            .into_iter()
            .filter(|&other| self.ancestors(other).contains(&concept))
            .collect()
    }

    fn children(&self, concept: usize) -> Set {
        self.all()
            .into_iter()
            .filter(|&other| self.concepts[other].parents.contains(&concept))
            .collect()
    }

    fn sub(&self, sub: &SubExpression) -> Option<Set> {
        let focus = match &sub.focus {
            Focus::Concept(concept) => self.named(concept.id),
            Focus::Any => self.all(),
            Focus::Alternate(_) => return None,
            Focus::Nested(expression) => self.evaluate(expression)?,
        };
        let focus = match &sub.member_of {
            Some(member_of) => self.members(&focus, member_of)?,
            None => focus,
        };
        let each =
            |of: &dyn Fn(usize) -> Set| focus.iter().fold(Set::new(), |all, &concept| &all | &of(concept));
        let mut set = match sub.operator {
            None => focus,
            Some(Operator::DescendantOf) => each(&|c| self.descendants(c)),
            Some(Operator::DescendantOrSelfOf) => &each(&|c| self.descendants(c)) | &focus,
            Some(Operator::AncestorOf) => each(&|c| self.ancestors(c)),
            Some(Operator::AncestorOrSelfOf) => &each(&|c| self.ancestors(c)) | &focus,
            Some(Operator::ChildOf) => each(&|c| self.children(c)),
            Some(Operator::ChildOrSelfOf) => &each(&|c| self.children(c)) | &focus,
            Some(Operator::ParentOf) => each(&|c| self.concepts[c].parents.clone()),
            Some(Operator::ParentOrSelfOf) => &each(&|c| self.concepts[c].parents.clone()) | &focus,
            Some(Operator::Top) => &focus - &each(&|c| self.descendants(c)),
            Some(Operator::Bottom) => &focus - &each(&|c| self.ancestors(c)),
        };
        for filter in &sub.filters {
            let mut left = Set::new();
            for concept in set {
                if self.passes(concept, filter)? {
                    left.insert(concept);
                }
            }
            set = left;
        }
        match &sub.history {
            Some(history) => self.with_history(set, history),
            None => Some(set),
        }
    }

    fn members(&self, focus: &Set, member_of: &MemberOf) -> Option<Set> {
        let sets = || {
            self.reference_sets
                .iter()
                .filter(|set| focus.contains(&set.concept))
        };
        let name = match &member_of.fields {
            None => "referencedComponentId",
            Some(Fields::Named(names)) if names.len() == 1 => &names[0],
            Some(_) => return None,
        };
        let known = ["referencedComponentId", "moduleId"].contains(&name);
        if !known
            && sets().next().is_some()
            && !sets().any(|set| set.fields.iter().any(|field| field == name))
        {
            return None;
        }
        let asks_active = member_of
            .filters
            .iter()
            .any(|filter| matches!(filter, MemberFilter::Active(..)));
        let mut found = Set::new();
        for set in sets() {
            for member in &set.members {
                let mut fits = asks_active || member.active;
                for filter in &member_of.filters {
                    fits &= self.member_passes(set, member, filter)?;
                }
                if fits && let Some(Value::Concept(concept)) = field(set, member, name) {
                    found.insert(concept);
                }
            }
        }
        Some(found)
    }

    fn member_passes(&self, set: &ReferenceSet, member: &Member, filter: &MemberFilter) -> Option<bool> {
        Some(match filter {
            MemberFilter::Module(equality, modules) => {
                equals(*equality, self.sub(modules)?.contains(&member.module))
            }
            MemberFilter::EffectiveTime(order, times) => time_fits(*order, times, member.time),
            MemberFilter::Active(equality, active) => {
                equals(*equality, *active == Some(member.active) || active.is_none())
            }
            MemberFilter::Field(name, FieldComparison::Value(comparison)) => match field(set, member, name) {
                Some(value) => self.compare(comparison, &value, true)?,
                None => false,
            },
            MemberFilter::Field(_, FieldComparison::Time(..)) => return None,
        })
    }

    fn compare(&self, comparison: &Comparison, value: &Value, folded: bool) -> Option<bool> {
        Some(match (comparison, value) {
            (Comparison::Concept(equality, set), value) => {
                let set = self.sub(set)?;
                matches!(value, Value::Concept(concept) if equals(*equality, set.contains(concept)))
            }
            (Comparison::Number(order, wanted), Value::Number(number)) => in_order(
                *order,
                number.parse::<f64>().unwrap(),
                wanted.parse::<f64>().unwrap(),
            ),
            (Comparison::Number(order, wanted), Value::Integer(integer)) => {
                in_order(*order, *integer as f64, wanted.parse::<f64>().unwrap())
            }
            (Comparison::Text(equality, terms), Value::Text(text)) => {
                let language = if folded { "" } else { "exact" };
                equals(*equality, terms.iter().any(|term| matches(term, text, language)))
            }
            (Comparison::Text(equality, terms), Value::Integer(integer)) => equals(
                *equality,
                terms.iter().any(|term| matches(term, &integer.to_string(), "")),
            ),
            (Comparison::Boolean(equality, wanted), Value::Boolean(found)) => {
                equals(*equality, wanted == found)
            }
            _ => false,
        })
    }

    fn satisfies(&self, concept: usize, refinement: &Refinement, group: Option<Group>) -> Option<bool> {
        Some(match refinement {
            Refinement::And(parts) => {
                let parts: Vec<bool> = self.each(parts, concept, group)?;
                parts.into_iter().all(|satisfied| satisfied)
            }
            Refinement::Or(parts) => {
                let parts: Vec<bool> = self.each(parts, concept, group)?;
                parts.into_iter().any(|satisfied| satisfied)
            }
            Refinement::Group(cardinality, inner) => {
                let incoming = has_reversed(inner);
                let groups: BTreeSet<Group> = self
                    .attributes
                    .iter()
                    .filter(|row| row.group != 0)
                    .filter(|row| row.source == concept || (incoming && row.value == Value::Concept(concept)))
                    .map(|row| (row.source, row.group))
                    .collect();
                let mut count = 0;
                for group in groups {
                    count += u32::from(self.satisfies(concept, inner, Some(group))?);
                }
                within(*cardinality, count)
            }
            Refinement::Attribute(attribute) => {
                let kinds = self.sub(&attribute.name)?;
                let rows = self.attributes.iter().filter(|row| {
                    kinds.contains(&row.kind) && group.is_none_or(|group| group == (row.source, row.group))
                });
                let mut rows_found: Vec<&Attribute> = Vec::new();
                for row in rows {
                    let fits = if attribute.reverse {
                        row.value == Value::Concept(concept)
                            && self.compare(&attribute.value, &Value::Concept(row.source), false)?
                    } else {
                        row.source == concept && self.compare(&attribute.value, &row.value, false)?
                    };
                    if fits {
                        rows_found.push(row);
                    }
                }
                let count = if attribute.reverse {
                    rows_found.iter().map(|row| row.source).collect::<Set>().len()
                } else {
                    rows_found.len()
                };
                within(attribute.cardinality, count as u32)
            }
        })
    }

    fn each(&self, parts: &[Refinement], concept: usize, group: Option<Group>) -> Option<Vec<bool>> {
        parts
            .iter()
            .map(|part| self.satisfies(concept, part, group))
            .collect()
    }

    fn passes(&self, concept: usize, filter: &Filter) -> Option<bool> {
        match filter {
            Filter::Concept(conditions) => {
                let all: Vec<bool> = conditions
                    .iter()
                    .map(|condition| self.concept_passes(concept, condition))
                    .collect::<Option<_>>()?;
                Some(all.into_iter().all(|passes| passes))
            }
            Filter::Description(conditions) => {
                let mut any = false;
                let asks_active = conditions
                    .iter()
                    .any(|condition| matches!(condition, DescriptionFilter::Active(..)));
                for description in &self.concepts[concept].descriptions {
                    let counts = asks_active || description.active;
                    let all: Vec<bool> = conditions
                        .iter()
                        .map(|condition| self.description_passes(description, condition))
                        .collect::<Option<_>>()?;
                    any |= counts && all.into_iter().all(|passes| passes);
                }
                Some(any)
            }
        }
    }

    fn concept_passes(&self, number: usize, condition: &ConceptFilter) -> Option<bool> {
        let concept = &self.concepts[number];
        Some(match condition {
            ConceptFilter::Active(equality, active) => {
                equals(*equality, active.is_none() || *active == Some(concept.active))
            }
            ConceptFilter::DefinitionStatus(equality, statuses) => {
                equals(*equality, statuses.contains(&concept.defined))
            }
            ConceptFilter::DefinitionStatusId(equality, set) => {
                let status = if concept.defined {
                    small::DEFINED
                } else {
                    small::PRIMITIVE
                };
                equals(*equality, self.sub(set)?.contains(&status))
            }
            ConceptFilter::Module(equality, set) => {
                equals(*equality, self.sub(set)?.contains(&concept.module))
            }
            ConceptFilter::EffectiveTime(order, times) => time_fits(*order, times, concept.time),
        })
    }

    fn description_passes(&self, description: &Description, condition: &DescriptionFilter) -> Option<bool> {
        Some(match condition {
            DescriptionFilter::Term(equality, terms) => equals(
                *equality,
                terms
                    .iter()
                    .any(|term| matches(term, &description.term, &description.language)),
            ),
            DescriptionFilter::Language(equality, codes) => equals(
                *equality,
                codes
                    .iter()
                    .any(|code| description.language.starts_with(code.as_str())),
            ),
            DescriptionFilter::Type(equality, types) => equals(
                *equality,
                types.iter().any(|kind| {
                    description.kind
                        == match kind {
                            DescriptionType::Synonym => small::SYNONYM,
                            DescriptionType::FullySpecifiedName => small::FSN,
                            DescriptionType::Definition => small::DEFINITION,
                        }
                }),
            ),
            DescriptionFilter::TypeId(equality, set) => {
                equals(*equality, self.sub(set)?.contains(&description.kind))
            }
            DescriptionFilter::Dialect(equality, dialects) => {
                let mut any = false;
                for dialect in dialects {
                    let sets = match &dialect.dialect {
                        DialectName::Alias(alias) if alias == "en-us" => Set::from([small::AMERICAN]),
                        DialectName::Alias(_) => Set::from([small::SWEDISH]),
                        DialectName::Concepts(set) => self.sub(set)?,
                    };
                    any |= description.standings.iter().any(|(set, preferred)| {
                        let wanted = &dialect.acceptability;
                        let is = if *preferred {
                            Acceptability::Preferred
                        } else {
                            Acceptability::Acceptable
                        };
                        sets.contains(set) && (wanted.is_empty() || wanted.contains(&is))
                    });
                }
                equals(*equality, any)
            }
            DescriptionFilter::Module(equality, set) => {
                equals(*equality, self.sub(set)?.contains(&description.module))
            }
            DescriptionFilter::EffectiveTime(order, times) => time_fits(*order, times, description.time),
            DescriptionFilter::Active(equality, active) => {
                equals(*equality, active.is_none() || *active == Some(description.active))
            }
            DescriptionFilter::Id(equality, ids) => equals(*equality, ids.contains(&description.id)),
        })
    }

    fn with_history(&self, set: Set, history: &History) -> Option<Set> {
        let historical = self.descendants(small::HISTORICAL);
        let sets = match history {
            History::Minimum => Set::from([small::SAME_AS]),
            History::Moderate => Set::from([small::SAME_AS, small::REPLACED_BY]),
            History::Maximum => historical,
            History::Subset(subset) => &self.evaluate(subset)? & &historical,
        };
        let mut all = set.clone();
        for table in self
            .reference_sets
            .iter()
            .filter(|table| sets.contains(&table.concept))
        {
            for member in table.members.iter().filter(|member| member.active) {
                let target = field(table, member, "targetComponentId");
                if target
                    .is_some_and(|target| matches!(target, Value::Concept(target) if set.contains(&target)))
                {
                    all.insert(member.referenced);
                }
            }
        }
        Some(all)
    }
}

fn field(set: &ReferenceSet, member: &Member, name: &str) -> Option<Value> {
    match name {
        "referencedComponentId" => Some(Value::Concept(member.referenced)),
        "moduleId" => Some(Value::Concept(member.module)),
        _ => {
            let place = set.fields.iter().position(|field| field == name)?;
            Some(member.values[place].clone())
        }
    }
}

fn has_reversed(refinement: &Refinement) -> bool {
    match refinement {
        Refinement::Attribute(attribute) => attribute.reverse,
        Refinement::Group(_, inner) => has_reversed(inner),
        Refinement::And(parts) | Refinement::Or(parts) => parts.iter().any(has_reversed),
    }
}

fn within(cardinality: Cardinality, count: u32) -> bool {
    (cardinality.min..=cardinality.max.unwrap_or(u32::MAX)).contains(&count)
}

fn equals(equality: Equality, equal: bool) -> bool {
    match equality {
        Equality::Equal => equal,
        Equality::NotEqual => !equal,
    }
}

fn in_order<T: PartialOrd>(order: Order, left: T, right: T) -> bool {
    match order {
        Order::Equal => left == right,
        Order::NotEqual => left != right,
        Order::Less => left < right,
        Order::LessOrEqual => left <= right,
        Order::Greater => left > right,
        Order::GreaterOrEqual => left >= right,
    }
}

fn time_fits(order: Order, times: &[Option<u32>], time: u32) -> bool {
    let published = (time != 0).then_some(time);
    match order {
        Order::Equal => times.contains(&published),
        Order::NotEqual => !times.contains(&published),
        _ => times
            .iter()
            .any(|wanted| matches!((published, wanted), (Some(time), Some(wanted)) if in_order(order, time, *wanted))),
    }
}

/// The letters of a text as they are compared; `exact` is no language.
fn letters(text: &str, language: &str) -> Vec<char> {
    if language == "exact" {
        text.chars().collect()
    } else {
        text.to_lowercase().chars().collect()
    }
}

fn same(query: char, letter: char, language: &str) -> bool {
    let base = match (language, letter) {
        ("exact", other) => other,
        ("sv", 'ø') => 'ö',
        ("sv", other) => other,
        (_, 'å' | 'ä') => 'a',
        (_, 'ö' | 'ø') => 'o',
        (_, other) => other,
    };
    query == letter || query == base
}

fn begins(word: &[char], text: &[char], language: &str) -> bool {
    word.len() <= text.len() && word.iter().zip(text).all(|(&q, &t)| same(q, t, language))
}

fn matches(term: &SearchTerm, text: &str, language: &str) -> bool {
    let text = letters(text, language);
    match term {
        SearchTerm::Match(words) => words.iter().all(|word| {
            let word = letters(word, language);
            (0..text.len())
                .filter(|&at| at == 0 || !text[at - 1].is_alphanumeric())
                .any(|at| begins(&word, &text[at..], language))
        }),
        SearchTerm::Wild(pattern) => is_like(&letters(pattern, language), &text, language),
    }
}

fn is_like(pattern: &[char], text: &[char], language: &str) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|at| is_like(rest, &text[at..], language)),
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => {
            !text.is_empty() && same(*letter, text[0], language) && is_like(rest, &text[1..], language)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
    #[test]
    fn agrees_with_the_specification_looked_at_one_by_one(
        content in prop::collection::vec(any::<u16>(), 0..1000),
        wish in prop::collection::vec(any::<u16>(), 0..160),
    ) {
        let mut draw = Draw::new(&content, false);
        let small = draw.terminology();
        let edition = small.edition();
        let mut draw = draw.with(&wish);
        let expression = draw.expression(3);
        let text = expression.to_string();
        let read = ecl::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let again = ecl::parse(&read.to_string());
        prop_assert_eq!(again.as_ref(), Ok(&read), "{}", text);
        let expected = small.evaluate(&expression);
        let found = ecl::evaluate(&edition, &read, &Limits::default());
        match (expected, found) {
            (Some(expected), Ok(found)) => {
                let found: BTreeSet<usize> = found.iter().map(|concept| concept.position()).collect();
                prop_assert_eq!(&found, &expected, "{}", text);
                for concept in edition.concepts() {
                    let (index, limits) = (concept.index(), Limits::default());
                    let holds = ecl::holds(&edition, &read, index, &limits);
                    prop_assert_eq!(holds, Ok(found.contains(&index.position())), "{} {:?}", text, index);
                }
            }
            (None, _) => {}
            // A field that is not there shows to whoever looks first.
            (_, Err(EvaluateError::UnknownField)) => {}
            (Some(_), Err(error)) => prop_assert!(false, "{}: {}", text, error),
        }
    }
}
