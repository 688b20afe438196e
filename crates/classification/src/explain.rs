//! Why a value was decided, as data: the rule and the facts that met it, what ruled out the rules before it, and
//! what is missing where nothing could be decided. [`crate::text`] puts it into words.

use jiff::civil::Date;

use crate::classify::{TableResult, Truth};
use crate::compile::{CompiledRule, CompiledTable, DescriptionSystem, Gives, TableIndex};
use crate::facts::{AxisIndex, AxisSet, FactSet, bits};
use crate::model::{Condition, FactSource, Grain, Label, Rule};
use crate::undetermined::{Undetermined, Waiting};

/// Why the tables gave what they gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was classified.
    pub grain: Grain,
    /// The date whose rules were in force.
    pub date: Date,
    /// The tables that apply, in feeding order.
    pub tables: Vec<TableExplanation>,
}

/// Why one table gave what it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableExplanation {
    /// The table.
    pub table: TableIndex,
    /// Its id.
    pub id: String,
    /// What it gave.
    pub answer: Answer,
    /// The rules that did not match: in a *first* table those before the one that decided, in a *collect* table
    /// all of them.
    pub others: Vec<OtherRule>,
}

/// What a table gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A *first* table decided by this rule.
    Decided(Match),
    /// A *first* table could not decide.
    Held {
        /// The row that holds, or the guard, when it decided.
        row: Option<Match>,
        /// Values still possible.
        possible: Vec<Possible>,
    },
    /// A *collect* table.
    Collected {
        /// The rules that match, in order; a value may come from several.
        rules: Vec<Match>,
        /// Values that no matching rule gives, and some rule may still give.
        possible: Vec<Possible>,
    },
}

/// A rule that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The rule's id.
    pub rule: String,
    /// Its position in the source table.
    pub position: u16,
    /// The value it gives; `None` when it holds.
    pub value: Option<String>,
    /// Why it holds; `None` when it gives a value, or is the guard at the end.
    pub reason: Option<Label>,
    /// Its legal basis; empty when none.
    pub legal_basis: String,
    /// `statutory`, `proposed` or empty.
    pub status: String,
    /// The facts that met its conditions.
    pub facts: Vec<DecidingFact>,
}

/// A known fact that a condition was tested on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidingFact {
    /// Id of the axis or table.
    pub axis: String,
    /// Codes of its values; none when it does not apply.
    pub values: Vec<String>,
    /// Where it came from; `None` when a table decided it.
    pub source: Option<FactSource>,
}

/// A rule that does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRule {
    /// The rule's id.
    pub rule: String,
    /// Its position in the source table.
    pub position: u16,
    /// The value it would give; `None` when it holds.
    pub value: Option<String>,
    /// Why it does not match.
    pub standing: Standing,
}

/// Why a rule does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is in force only later.
    NotInForce {
        /// From this date.
        from: Date,
    },
    /// It is known not to match: the first condition that fails, one for each of its alternatives.
    RuledOut(Vec<FailedCondition>),
    /// It would be decided by these axes.
    Undetermined {
        /// Ids of axes, or of a table that waits for no axis.
        missing: Vec<String>,
    },
}

/// A condition that is known not to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCondition {
    /// The values asked for, as the rule names them.
    pub any_of: Vec<String>,
    /// Whether it asked for anything but them.
    pub negated: bool,
    /// What the fact is.
    pub fact: DecidingFact,
}

/// A value that may still be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Possible {
    /// Its code.
    pub value: String,
    /// Ids of the axes that would decide, or of a table that waits for no axis.
    pub missing: Vec<String>,
}

impl DescriptionSystem {
    /// Decides as [`Self::classify`] does, and tells why.
    pub fn explain(&self, grain: Grain, date: Date, facts: &FactSet) -> Explanation {
        let mut filled = *facts;
        let result = self.classify_into(grain, date, &mut filled);
        let mut undetermined = Vec::new();
        self.undetermined(date, &filled, &result, &mut undetermined);
        let telling = Telling {
            system: self,
            date,
            waiting: self.waiting(date, &filled, &result),
            filled,
        };
        let tables = result
            .iter()
            .filter_map(|(index, result)| telling.table(index, result, &undetermined))
            .collect();
        Explanation { grain, date, tables }
    }
}

/// What the parts of an explanation have in common.
struct Telling<'a> {
    system: &'a DescriptionSystem,
    date: Date,
    filled: FactSet,
    waiting: Waiting,
}

impl Telling<'_> {
    fn table(
        &self,
        index: TableIndex,
        result: TableResult,
        undetermined: &[Undetermined],
    ) -> Option<TableExplanation> {
        let (table, source) = self.system.source_table(index)?;
        let possible = undetermined
            .iter()
            .filter(|open| open.table == index)
            .map(|open| Possible {
                value: self.system.value_code(table.slot, open.value).to_owned(),
                missing: self.ids(open.missing),
            })
            .collect();
        let (answer, others) = match result {
            TableResult::NotApplicable => return None,
            TableResult::Value { .. } | TableResult::Held { .. } => {
                let (found, others) = self.first(index, table);
                let undecided = others
                    .iter()
                    .any(|other| matches!(other.standing, Standing::Undetermined { .. }));
                match found {
                    Some(found) if found.value.is_some() && !undecided => (Answer::Decided(found), others),
                    found => {
                        let row = found.filter(|found| found.value.is_none() && !undecided);
                        (Answer::Held { row, possible }, others)
                    }
                }
            }
            TableResult::Collected { .. } => {
                let mut rules = Vec::new();
                let mut others = Vec::new();
                for rule in self.system.rules_of(table) {
                    match self.rule(index, rule) {
                        Some(Ok(found)) => rules.push(found),
                        Some(Err(other)) => others.push(other),
                        None => {}
                    }
                }
                (Answer::Collected { rules, possible }, others)
            }
        };
        Some(TableExplanation {
            table: index,
            id: source.id.clone(),
            answer,
            others,
        })
    }

    fn first(&self, index: TableIndex, table: &CompiledTable) -> (Option<Match>, Vec<OtherRule>) {
        let mut others = Vec::new();
        for rule in self.system.rules_of(table) {
            match self.rule(index, rule) {
                Some(Ok(found)) => return (Some(found), others),
                Some(Err(other)) => others.push(other),
                None => {}
            }
        }
        (None, others)
    }

    fn rule(&self, index: TableIndex, rule: &CompiledRule) -> Option<Result<Match, OtherRule>> {
        let source = self.system.rule(index, rule.position)?;
        let slot = self.system.slot_of(index)?;
        let value = match rule.gives {
            Gives::Value(value) => Some(self.system.value_code(slot, value).to_owned()),
            Gives::Hold | Gives::Guard => None,
        };
        let standing = match self.system.truth(rule, self.date, &self.filled) {
            Truth::True => return Some(Ok(self.matching(rule, source, value))),
            Truth::False if self.date < rule.from => Standing::NotInForce { from: rule.from },
            Truth::False => Standing::RuledOut(self.failures(rule, source)),
            Truth::Unknown => Standing::Undetermined {
                missing: self.ids(self.system.missing(rule, &self.filled, &self.waiting)),
            },
        };
        Some(Err(OtherRule {
            rule: source.id.clone(),
            position: rule.position,
            value,
            standing,
        }))
    }

    fn matching(&self, rule: &CompiledRule, source: &Rule, value: Option<String>) -> Match {
        let met = self
            .system
            .alternatives_of(rule)
            .iter()
            .zip(&source.alternatives)
            .find(|(span, _)| self.system.conjunction(span, &self.filled) == Truth::True);
        Match {
            rule: source.id.clone(),
            position: rule.position,
            value,
            reason: match &source.outcome {
                crate::model::Outcome::Hold { reason } => Some(reason.clone()),
                crate::model::Outcome::Value(_) | crate::model::Outcome::CatchAll => None,
            },
            legal_basis: source.legal_basis.clone(),
            status: source.status.clone(),
            facts: met
                .map(|(_, conditions)| {
                    conditions
                        .iter()
                        .filter_map(|condition| self.fact(condition))
                        .collect()
                })
                .unwrap_or_default(),
        }
    }

    fn failures(&self, rule: &CompiledRule, source: &Rule) -> Vec<FailedCondition> {
        let alternatives = self.system.alternatives_of(rule).iter().zip(&source.alternatives);
        alternatives
            .filter_map(|(span, conditions)| {
                let (_, failed) = self
                    .system
                    .atoms_of(span)
                    .iter()
                    .zip(conditions)
                    .find(|(atom, _)| {
                        let fact = self.filled.raw(atom.slot);
                        fact != 0 && fact & atom.mask == 0
                    })?;
                Some(FailedCondition {
                    any_of: failed.any_of.clone(),
                    negated: failed.negated,
                    fact: self.fact(failed)?,
                })
            })
            .collect()
    }

    fn fact(&self, condition: &Condition) -> Option<DecidingFact> {
        let axis = self.system.axis(&condition.axis)?;
        Some(DecidingFact {
            axis: condition.axis.clone(),
            values: self.codes(axis),
            source: self.filled.source(axis),
        })
    }

    fn codes(&self, axis: AxisIndex) -> Vec<String> {
        let values = bits(self.filled.values(axis));
        values
            .map(|value| self.system.value_code(axis, value).to_owned())
            .collect()
    }

    fn ids(&self, axes: AxisSet) -> Vec<String> {
        axes.iter()
            .map(|axis| self.system.axis_id(axis).to_owned())
            .collect()
    }
}
