//! Members of reference sets, their fields, and history by way of them.

use super::ast::{Equality, FieldComparison, Fields, History, MemberFilter, MemberOf, Order, Time};
use super::error::EvaluateError;
use super::evaluate::Evaluator;
use super::matching::Collation;
use super::value::{Prepared, Value, active_holds, time_holds};
use super::well_known;
use crate::components::{FieldValueRow, MemberRow, ReferenceSetTable};
use crate::set::ConceptSet;
use crate::texts::Texts;

const REFERENCE_SETS: &str = "members of reference sets";

/// A field of a reference set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    ReferenceSet,
    Referenced,
    Module,
    EffectiveTime,
    Active,
    /// A further one, by position.
    Further(usize),
}

/// What a member must satisfy, with sets evaluated.
enum Condition<'c> {
    Module(Equality, ConceptSet),
    EffectiveTime(Order, &'c [Time]),
    Active(Equality, Option<bool>),
    Field(&'c str, Prepared<'c>),
    FieldTime(&'c str, Order, &'c [Time]),
}

impl Evaluator<'_> {
    /// The concepts that members of reference sets refer to, or the values of the field asked for; perhaps only those
    /// among some concepts.
    pub(super) fn members(
        &mut self,
        reference_sets: &ConceptSet,
        member_of: &MemberOf,
        among: Option<&ConceptSet>,
    ) -> Result<ConceptSet, EvaluateError> {
        let components = self.components(REFERENCE_SETS)?;
        let texts = &self.edition.texts;
        let tables: Vec<&ReferenceSetTable> = components
            .reference_sets()
            .iter()
            .filter(|table| reference_sets.holds(table.concept()))
            .collect();
        self.spend(components.reference_sets().len())?;
        let name = match &member_of.fields {
            None => "referencedComponentId",
            Some(Fields::Named(names)) if names.len() == 1 => names.first().map_or("", String::as_str),
            Some(Fields::All) if tables.iter().all(|table| table.fields(texts).len() == 0) => {
                "referencedComponentId"
            }
            Some(_) => return Err(EvaluateError::SeveralFields),
        };
        let mut conditions = Vec::with_capacity(member_of.filters.len());
        for filter in &member_of.filters {
            conditions.push(self.condition(filter)?);
        }
        let states_active = conditions
            .iter()
            .any(|condition| matches!(condition, Condition::Active(..)));
        let mut found = self.none()?;
        let mut known = tables.is_empty();
        for table in tables {
            let Some(wanted) = column(table, texts, name) else {
                continue;
            };
            known = true;
            let columns: Vec<Option<Column>> = conditions
                .iter()
                .map(|condition| match condition {
                    Condition::Field(name, _) | Condition::FieldTime(name, ..) => column(table, texts, name),
                    _ => None,
                })
                .collect();
            let mut take = |position: usize, member: &MemberRow| {
                let row = Row {
                    table,
                    position,
                    member,
                    texts,
                };
                let mut pairs = conditions.iter().zip(&columns);
                if (states_active || member.active())
                    && pairs.all(|(condition, &column)| condition.holds(&row, column))
                    && let Value::Concept(concept) = row.value(wanted)
                {
                    found.insert(concept);
                }
            };
            let each = 1 + conditions.len();
            match among {
                Some(among) if wanted == Column::Referenced && among.len() < table.members().len() / 16 => {
                    self.spend(among.len() * each)?;
                    for concept in among.numbers() {
                        for (position, member) in table.members_of(concept) {
                            take(position, member);
                        }
                    }
                }
                _ => {
                    self.spend(table.members().len() * each)?;
                    for (position, member) in table.members().iter().enumerate() {
                        take(position, member);
                    }
                }
            }
        }
        if let Some(among) = among {
            found.intersect(among);
        }
        if known {
            Ok(found)
        } else {
            Err(EvaluateError::UnknownField)
        }
    }

    fn condition<'c>(&mut self, filter: &'c MemberFilter) -> Result<Condition<'c>, EvaluateError> {
        Ok(match filter {
            MemberFilter::Module(equality, set) => Condition::Module(*equality, self.sub(set)?),
            MemberFilter::EffectiveTime(order, times) => Condition::EffectiveTime(*order, times),
            MemberFilter::Active(equality, active) => Condition::Active(*equality, *active),
            MemberFilter::Field(name, FieldComparison::Time(order, times)) => {
                Condition::FieldTime(name, *order, times)
            }
            MemberFilter::Field(name, FieldComparison::Value(comparison)) => {
                Condition::Field(name, self.prepare(comparison, Collation::of(""))?)
            }
        })
    }

    /// Adds the concepts that a history supplement leads to from those in `set`.
    pub(super) fn add_history(
        &mut self,
        history: &History,
        set: &mut ConceptSet,
    ) -> Result<(), EvaluateError> {
        let components = self.components("history")?;
        let named = |evaluator: &mut Self, ids: &[u64]| {
            let mut named = evaluator.none()?;
            ids.iter()
                .filter_map(|&id| evaluator.find(id))
                .for_each(|concept| named.insert(concept));
            Ok(named)
        };
        let mut historical = self.none()?;
        if let Some(top) = self.find(well_known::HISTORICAL) {
            self.hierarchy()
                .descendants(top, |concept| historical.insert(concept));
        }
        let reference_sets = match history {
            History::Minimum => named(self, well_known::MINIMUM)?,
            History::Moderate => named(self, well_known::MODERATE)?,
            History::Maximum => historical,
            History::Subset(subset) => {
                let mut subset = self.expression(subset)?;
                subset.intersect(&historical);
                subset
            }
        };
        let texts = &self.edition.texts;
        let mut added = self.none()?;
        for table in components.reference_sets() {
            let Some(target) = table.field(texts, well_known::TARGET) else {
                continue;
            };
            if !reference_sets.holds(table.concept()) {
                continue;
            }
            self.spend(table.members().len())?;
            for (position, member) in table.members().iter().enumerate() {
                if member.active()
                    && let Some(FieldValueRow::Concept(target)) = table.value(texts, position, target)
                    && set.holds(target)
                {
                    added.insert(member.referenced);
                }
            }
        }
        set.unite(&added);
        Ok(())
    }
}

fn column(table: &ReferenceSetTable, texts: &Texts, name: &str) -> Option<Column> {
    const METADATA: [(&str, Column); 6] = [
        ("id", Column::Id),
        ("refsetId", Column::ReferenceSet),
        ("referencedComponentId", Column::Referenced),
        ("moduleId", Column::Module),
        ("effectiveTime", Column::EffectiveTime),
        ("active", Column::Active),
    ];
    let metadata = METADATA
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    match metadata {
        Some(&(_, column)) => Some(column),
        None => table
            .fields(texts)
            .position(|field| field.eq_ignore_ascii_case(name))
            .map(Column::Further),
    }
}

/// A member with where it stands.
struct Row<'r> {
    table: &'r ReferenceSetTable,
    position: usize,
    member: &'r MemberRow,
    texts: &'r Texts,
}

impl<'r> Row<'r> {
    fn value(&self, column: Column) -> Value<'r> {
        let member = self.member;
        match column {
            Column::Id => Value::Owned(uuid(member.id)),
            Column::ReferenceSet => Value::Concept(self.table.concept()),
            Column::Referenced => Value::Concept(member.referenced),
            Column::Module => Value::Concept(member.module),
            Column::EffectiveTime => Value::Integer(member.effective_time.into()),
            Column::Active => Value::Boolean(member.active()),
            Column::Further(field) => match self.table.value(self.texts, self.position, field) {
                Some(FieldValueRow::Concept(concept)) => Value::Concept(concept),
                Some(FieldValueRow::Integer(integer)) => Value::Integer(integer),
                Some(FieldValueRow::Text(text)) => Value::Text(text),
                None => Value::Text(""),
            },
        }
    }
}

impl Condition<'_> {
    /// Whether it holds of a member; `column` is the field it speaks of, if the reference set has it.
    fn holds(&self, row: &Row<'_>, column: Option<Column>) -> bool {
        match self {
            Self::Module(equality, set) => equality.holds(set.holds(row.member.module)),
            Self::EffectiveTime(order, times) => time_holds(*order, times, row.member.effective_time),
            Self::Active(equality, active) => active_holds(*equality, *active, row.member.active()),
            Self::Field(_, comparison) => column.is_some_and(|column| comparison.holds(&row.value(column))),
            Self::FieldTime(_, order, times) => column.is_some_and(|column| {
                let date = match row.value(column) {
                    Value::Integer(date) => u32::try_from(date).ok(),
                    Value::Text("") => Some(0),
                    Value::Text(date) => date.parse().ok(),
                    _ => None,
                };
                date.is_some_and(|date| time_holds(*order, times, date))
            }),
        }
    }
}

/// A UUID as it is written.
fn uuid(id: u128) -> String {
    let hex = format!("{id:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
