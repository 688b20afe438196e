//! Values of attributes and of fields of reference sets, and whether they stand a comparison. A value of another form
//! than what it is compared with satisfies neither `=` nor `!=`.

use super::ast::{Comparison, Equality, Order, Time};
use super::error::EvaluateError;
use super::evaluate::Evaluator;
use super::matching::{Collation, Matcher};
use crate::components::Decimal;
use crate::set::ConceptSet;

/// A value.
#[derive(Debug)]
pub(super) enum Value<'v> {
    Concept(u32),
    Integer(i64),
    Number(Decimal<'v>),
    Text(&'v str),
    Owned(String),
    Boolean(bool),
}

/// A comparison made ready.
pub(super) enum Prepared<'c> {
    /// With the concepts that satisfy it.
    Concept(ConceptSet),
    Number(Order, Option<Decimal<'c>>),
    Text(Equality, Matcher),
    Boolean(Equality, bool),
}

impl Evaluator<'_> {
    pub(super) fn prepare<'c>(
        &mut self,
        comparison: &'c Comparison,
        collation: Collation,
    ) -> Result<Prepared<'c>, EvaluateError> {
        Ok(match comparison {
            Comparison::Concept(equality, set) => {
                let mut concepts = self.sub(set)?;
                if *equality == Equality::NotEqual {
                    let others = ConceptSet::all(self.edition.len());
                    let equal = std::mem::replace(&mut concepts, others);
                    concepts.subtract(&equal);
                }
                Prepared::Concept(concepts)
            }
            Comparison::Number(order, number) => Prepared::Number(*order, Decimal::parse(number)),
            Comparison::Text(equality, terms) => Prepared::Text(*equality, Matcher::new(terms, collation)),
            Comparison::Boolean(equality, value) => Prepared::Boolean(*equality, *value),
        })
    }
}

impl Prepared<'_> {
    pub(super) fn holds(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Concept(concepts) => matches!(value, Value::Concept(concept) if concepts.holds(*concept)),
            Self::Number(order, Some(wanted)) => {
                let holds = |number: Option<Decimal<'_>>| {
                    number.is_some_and(|number| order.holds(number.cmp(wanted)))
                };
                match value {
                    Value::Number(number) => holds(Some(*number)),
                    Value::Integer(integer) => holds(Decimal::parse(&integer.to_string())),
                    Value::Text(text) => holds(Decimal::parse(text)),
                    _ => false,
                }
            }
            Self::Number(_, None) => false,
            Self::Text(equality, matcher) => match value {
                Value::Text(text) => equality.holds(matcher.matches(text)),
                Value::Owned(text) => equality.holds(matcher.matches(text)),
                Value::Integer(integer) => equality.holds(matcher.matches(&integer.to_string())),
                _ => false,
            },
            Self::Boolean(equality, wanted) => {
                let found = match value {
                    Value::Boolean(found) => Some(*found),
                    Value::Integer(1) | Value::Text("1") => Some(true),
                    Value::Integer(0) | Value::Text("0") => Some(false),
                    Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
                    Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
                    _ => None,
                };
                found.is_some_and(|found| equality.holds(found == *wanted))
            }
        }
    }
}

/// Whether a date of change (0 when not published) stands so to one of `times`; with `!=`, to all of them. What is not
/// published is neither before nor after anything.
pub(super) fn time_holds(order: Order, times: &[Time], date: u32) -> bool {
    let equal = || times.iter().any(|time| time.unwrap_or_default() == date);
    match order {
        Order::Equal => equal(),
        Order::NotEqual => !equal(),
        _ => date != 0 && times.iter().flatten().any(|time| order.holds(date.cmp(time))),
    }
}

/// Whether what is `is_active` satisfies a filter on activity; `None` asks for either.
pub(super) fn active_holds(equality: Equality, active: Option<bool>, is_active: bool) -> bool {
    equality.holds(active.is_none_or(|active| active == is_active))
}
