//! FHIR's filters, asked of a concept or of all of an edition.

use std::cell::Cell;
use std::collections::HashSet;

use jiff::civil::Date;
use regex::{Regex, RegexBuilder};

use super::concept;
use super::issue::{Failure, FailureKind};
use crate::canonical;
use crate::ecl::{self, EvaluateError, Expression, Limits};
use crate::edition::{ConceptIndex, Edition};
use crate::hierarchy::Subsumption;
use crate::model::{Filter, FilterOperator};
use crate::set::ConceptSet;

/// Most bytes that a compiled regular expression may take.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Address of SNOMED CT, whose filters take expressions and reference sets.
pub(crate) const SNOMED: &str = "http://snomed.info/sct";

/// A filter, ready to be asked.
#[derive(Debug)]
pub(crate) enum Test {
    /// Below a concept, perhaps that itself.
    Below { code: Box<str>, itself: bool },
    /// Below a concept, with nothing below.
    Leaf(Box<str>),
    /// Neither a concept itself nor below it.
    NotBelow(Box<str>),
    /// A concept or above it.
    Above(Box<str>),
    /// Directly below a concept.
    Child(Box<str>),
    /// What a property says.
    Value { property: Box<str>, check: Check },
    /// In what an expression (ECL) means.
    Expression(Box<Expression>),
    /// The same, of a code system that may have a property of the filter's name: then what that says.
    Ambiguous(Box<Ambiguous>),
}

/// A filter that is an expression, except in editions that have a property of its name.
#[derive(Debug)]
pub(crate) struct Ambiguous {
    property: Box<str>,
    value: Box<str>,
    /// The expression, or why it cannot be read.
    parsed: Result<Expression, ecl::Error>,
}

/// What a property's values are held against.
#[derive(Debug)]
pub(crate) enum Check {
    Equal(Box<str>),
    In(HashSet<Box<str>>),
    NotIn(HashSet<Box<str>>),
    Regex(Regex),
    Exists(bool),
}

impl Test {
    /// Makes a filter ready.
    ///
    /// # Errors
    /// Why it cannot be carried out.
    pub(crate) fn new(system: &str, filter: &Filter) -> Result<Self, String> {
        let Filter {
            property,
            operator,
            value,
        } = filter;
        if value.is_empty() {
            return Err(format!("a filter on `{property}` of `{system}` has no value"));
        }
        let of_concept = matches!(property.as_str(), "concept" | "code");
        let text = || Box::from(value.as_str());
        let list = || value.split(',').map(|item| Box::from(item.trim())).collect();
        let check = match operator {
            _ if system == SNOMED && matches!(property.as_str(), "constraint" | "expression") => {
                return match operator {
                    FilterOperator::Equal => expression(value),
                    _ => Err(format!("a filter on `{property}` takes `=` alone")),
                };
            }
            FilterOperator::Equal if matches!(property.as_str(), "constraint" | "expression") => {
                return Ok(Self::Ambiguous(Box::new(Ambiguous {
                    property: property.as_str().into(),
                    value: text(),
                    parsed: ecl::parse(value),
                })));
            }
            FilterOperator::In if system == SNOMED && of_concept => {
                return expression(&format!("^ {value}"));
            }
            FilterOperator::Equal => Check::Equal(text()),
            FilterOperator::In => Check::In(list()),
            FilterOperator::NotIn => Check::NotIn(list()),
            FilterOperator::Regex => Check::Regex(regex(value)?),
            FilterOperator::Exists => match value.as_str() {
                "true" => Check::Exists(true),
                "false" => Check::Exists(false),
                _ => return Err("a filter `exists` takes `true` or `false`".to_owned()),
            },
            _ if !of_concept => {
                return Err(format!(
                    "a filter on `{property}` asks for the hierarchy, which only `concept` has"
                ));
            }
            FilterOperator::IsA => {
                return Ok(Self::Below {
                    code: text(),
                    itself: true,
                });
            }
            FilterOperator::DescendentOf => {
                return Ok(Self::Below {
                    code: text(),
                    itself: false,
                });
            }
            FilterOperator::DescendentLeaf => return Ok(Self::Leaf(text())),
            FilterOperator::IsNotA => return Ok(Self::NotBelow(text())),
            FilterOperator::Generalizes => return Ok(Self::Above(text())),
            FilterOperator::ChildOf => return Ok(Self::Child(text())),
        };
        Ok(Self::Value {
            property: property.as_str().into(),
            check,
        })
    }

    /// Whether it costs much to ask of a single concept.
    pub(crate) fn is_costly(&self) -> bool {
        matches!(self, Self::Expression(_) | Self::Ambiguous(_))
    }

    /// Whether what it says of a concept depends on the date.
    pub(crate) fn is_dated(&self) -> bool {
        matches!(self, Self::Value { property, .. } if &**property == concept::INACTIVE)
    }

    /// Whether it holds of a concept on a date.
    ///
    /// # Errors
    /// When the edition knows neither the property nor the code that it names, or it is an expression that cannot be
    /// evaluated.
    pub(crate) fn holds(&self, edition: &Edition, concept: u32, date: Option<Date>) -> Result<bool, Failure> {
        let Self::Value { property, check } = self else {
            return self.passes(edition, concept, date);
        };
        let view = edition.concept(ConceptIndex(concept));
        // A property of which there is a value is known.
        let is_known = Cell::new(false);
        let holds = view.is_some_and(|view| {
            check.holds(|test| {
                concept::any_value(view, property, date, &|value| {
                    is_known.set(true);
                    test(value)
                })
            })
        });
        if !is_known.get() {
            known_property(edition, property)?;
        }
        Ok(holds)
    }

    /// Whether it holds of a concept, when its property is known.
    fn passes(&self, edition: &Edition, concept: u32, date: Option<Date>) -> Result<bool, Failure> {
        let stands = |code: &str| {
            known_code(edition, code).map(|other| edition.subsumes(other, ConceptIndex(concept)))
        };
        Ok(match self {
            Self::Below { code, itself } => match stands(code)? {
                Subsumption::Subsumes => true,
                Subsumption::Equivalent => *itself,
                _ => false,
            },
            Self::Leaf(code) => {
                stands(code)? == Subsumption::Subsumes && edition.hierarchy.children(concept).is_empty()
            }
            Self::NotBelow(code) => !matches!(stands(code)?, Subsumption::Subsumes | Subsumption::Equivalent),
            Self::Above(code) => {
                matches!(stands(code)?, Subsumption::SubsumedBy | Subsumption::Equivalent)
            }
            Self::Child(code) => {
                let parent = known_code(edition, code)?;
                edition.hierarchy.parents(concept).contains(&parent.0)
            }
            Self::Value { property, check } => edition
                .concept(ConceptIndex(concept))
                .is_some_and(|view| check.holds(|test| concept::any_value(view, property, date, test))),
            Self::Expression(expression) => expressed_of(edition, expression, concept)?,
            Self::Ambiguous(either) => match either.expression(edition)? {
                Some(expression) => expressed_of(edition, expression, concept)?,
                None => either.stated(edition, concept),
            },
        })
    }
}

/// The concept with a code that a filter names.
fn known_code(edition: &Edition, code: &str) -> Result<ConceptIndex, Failure> {
    edition.find(code).ok_or_else(|| {
        let message = format!(
            "a filter names the code `{code}`, which `{}` does not have",
            canonical::join(edition.url(), edition.version())
        );
        Failure::new(FailureKind::Definition, message)
    })
}

/// That concepts of an edition can have a property that a filter names.
fn known_property(edition: &Edition, property: &str) -> Result<(), Failure> {
    if concept::has_property(edition, property) {
        return Ok(());
    }
    let message = format!(
        "a filter names the property `{property}`, which `{}` neither defines nor has",
        canonical::join(edition.url(), edition.version())
    );
    Err(Failure::new(FailureKind::Definition, message))
}

impl Ambiguous {
    /// The expression; `None` for an edition in which a property is meant.
    fn expression(&self, edition: &Edition) -> Result<Option<&Expression>, Failure> {
        if edition.has_property(&self.property) {
            return Ok(None);
        }
        self.parsed.as_ref().map(Some).map_err(|error| {
            let message = format!(
                "an expression on `{}` cannot be read: {error}; expressions name concepts by SNOMED CT's identifiers, \
                 which are numbers: for codes of another form use filters such as `is-a`",
                edition.url()
            );
            Failure::new(FailureKind::Definition, message)
        })
    }

    /// Whether a concept has the property with the value.
    fn stated(&self, edition: &Edition, concept: u32) -> bool {
        let view = edition.concept(ConceptIndex(concept));
        let is_value = |value: &str| value == &*self.value;
        view.is_some_and(|view| concept::any_value(view, &self.property, None, &is_value))
    }
}

impl Check {
    /// Whether it holds of nothing that has no value.
    fn needs_value(&self) -> bool {
        !matches!(self, Self::NotIn(_) | Self::Exists(false))
    }

    /// Whether it holds, when `any` tells whether any of the values passes a test.
    fn holds(&self, any: impl Fn(&dyn Fn(&str) -> bool) -> bool) -> bool {
        match self {
            Self::Equal(text) => any(&|value| value == &**text),
            Self::In(list) => any(&|value| list.contains(value)),
            Self::NotIn(list) => !any(&|value| list.contains(value)),
            Self::Regex(regex) => any(&|value| regex.is_match(value)),
            Self::Exists(wanted) => any(&|_| true) == *wanted,
        }
    }
}

/// The concepts of an edition of which all filters hold on a date.
///
/// # Errors
/// When the edition knows neither a property nor a code that a filter names, or one is an expression that cannot be
/// evaluated.
pub(crate) fn all(edition: &Edition, tests: &[Test], date: Option<Date>) -> Result<ConceptSet, Failure> {
    let mut set = ConceptSet::all(edition.len());
    let mut slow = Vec::new();
    for test in tests {
        match test {
            Test::Below { code, itself } => set.intersect(&below(edition, code, *itself)?),
            Test::NotBelow(code) => set.subtract(&below(edition, code, true)?),
            Test::Leaf(code) => {
                set.intersect(&below(edition, code, false)?);
                slow.push(test);
            }
            Test::Above(code) | Test::Child(code) => {
                known_code(edition, code)?;
                slow.push(test);
            }
            Test::Value { property, check } => {
                known_property(edition, property)?;
                if check.needs_value()
                    && let Some(with) = concept::with_attribute(edition, property)
                {
                    set.intersect(&with);
                }
                slow.push(test);
            }
            Test::Expression(expression) => set.intersect(&expressed(edition, expression)?),
            Test::Ambiguous(either) => match either.expression(edition)? {
                Some(expression) => set.intersect(&expressed(edition, expression)?),
                None => slow.push(test),
            },
        }
    }
    if !slow.is_empty() {
        for concept in set.clone().numbers() {
            for test in &slow {
                if !test.passes(edition, concept, date)? {
                    set.remove(concept);
                    break;
                }
            }
        }
    }
    Ok(set)
}

fn below(edition: &Edition, code: &str, itself: bool) -> Result<ConceptSet, Failure> {
    let top = known_code(edition, code)?;
    let mut set = edition.descendants(top);
    if itself {
        set.insert(top.0);
    }
    Ok(set)
}

fn expression(text: &str) -> Result<Test, String> {
    let parsed = ecl::parse(text).map_err(|error| format!("its expression cannot be read: {error}"))?;
    Ok(Test::Expression(Box::new(parsed)))
}

fn expressed(edition: &Edition, expression: &Expression) -> Result<ConceptSet, Failure> {
    ecl::evaluate(edition, expression, &Limits::default()).map_err(not_evaluated)
}

/// Whether an expression holds of a concept.
fn expressed_of(edition: &Edition, expression: &Expression, concept: u32) -> Result<bool, Failure> {
    ecl::holds(edition, expression, ConceptIndex(concept), &Limits::default()).map_err(not_evaluated)
}

fn not_evaluated(error: EvaluateError) -> Failure {
    let kind = match error {
        EvaluateError::TooMuchWork => FailureKind::TooCostly,
        _ => FailureKind::Definition,
    };
    Failure::new(kind, error)
}

/// A regular expression that must match a whole value. It takes time linear in the value.
fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|_| "a regular expression cannot be read, or is too large".to_owned())
}
