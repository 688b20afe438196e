//! Why a value was decided, as data: the rule and the facts that met it, what ruled out the rules before it, and
//! what is missing where nothing could be decided. [`crate::text`] puts it into words.
//!
//! Everything a description system owns is borrowed from it, values are kept as bits, and the rules and facts of all
//! tables lie in one list each: explaining a contact costs a handful of allocations.

use core::ops::Range;

use jiff::civil::Date;

use crate::classify::{TableResult, Truth};
use crate::compile::{Atom, CompiledRule, DescriptionSystem, Gives, TableIndex};
use crate::facts::{AxisIndex, AxisSet, FactSet, bits};
use crate::model::{Condition, FactSource, Grain, Label, Outcome, Rule, Table};
use crate::undetermined::{Undetermined, Waiting, add};

/// Why the tables gave what they gave.
#[derive(Debug, Clone)]
pub struct Explanation<'s> {
    /// What was classified.
    pub grain: Grain,
    /// The date whose rules were in force.
    pub date: Date,
    system: &'s DescriptionSystem,
    tables: Vec<Told<'s>>,
    rules: Vec<ToldRule<'s>>,
    tests: Vec<TestedFact<'s>>,
    possible: Vec<Undetermined>,
}

/// Why one table gave what it gave.
#[derive(Debug, Clone, Copy)]
pub struct TableExplanation<'e, 's> {
    explanation: &'e Explanation<'s>,
    told: &'e Told<'s>,
}

/// What a table gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A *first* table decided: the rule that matches gives the value.
    Decided,
    /// A *first* table could not decide, or the row that holds, or the guard, did: then it is the rule that matches.
    Held,
    /// A *collect* table; a value may come from several of the rules that match.
    Collected,
}

/// A rule that matches.
#[derive(Debug, Clone, Copy)]
pub struct Match<'e, 's> {
    /// The rule.
    pub rule: &'s Rule,
    /// Its position in the source table.
    pub position: u16,
    /// The facts that met its conditions.
    pub facts: &'e [TestedFact<'s>],
}

/// A rule that does not match.
#[derive(Debug, Clone, Copy)]
pub struct OtherRule<'e, 's> {
    /// The rule.
    pub rule: &'s Rule,
    /// Its position in the source table.
    pub position: u16,
    /// Why it does not match.
    pub standing: Standing<'e, 's>,
}

/// Why a rule does not match.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'e, 's> {
    /// It is in force only later.
    NotInForce {
        /// From this date.
        from: Date,
    },
    /// It is known not to match: the first condition that fails, one for each of its alternatives.
    RuledOut(&'e [TestedFact<'s>]),
    /// It would be decided by these axes.
    Undetermined(Missing<'s>),
}

/// A known fact, and the condition that was tested on it.
#[derive(Debug, Clone, Copy)]
pub struct TestedFact<'s> {
    system: &'s DescriptionSystem,
    condition: &'s Condition,
    values: u64,
    slot: AxisIndex,
    /// Where the fact came from; `None` when a table decided it.
    pub source: Option<FactSource>,
}

/// Axes whose facts are missing, or a table that waits for no axis.
#[derive(Debug, Clone, Copy)]
pub struct Missing<'s> {
    system: &'s DescriptionSystem,
    /// Their slots.
    pub slots: AxisSet,
}

/// A value that may still be given. Of a *collect* table: one that no matching rule gives.
#[derive(Debug, Clone, Copy)]
pub struct Possible<'s> {
    /// Its code.
    pub value: &'s str,
    /// What would decide.
    pub missing: Missing<'s>,
}

impl<'s> Explanation<'s> {
    /// The tables that apply, in feeding order.
    pub fn tables(&self) -> impl Iterator<Item = TableExplanation<'_, 's>> {
        self.tables.iter().map(|told| TableExplanation {
            explanation: self,
            told,
        })
    }

    fn tests(&self, range: &Range<usize>) -> &[TestedFact<'s>] {
        self.tests.get(range.clone()).unwrap_or(&[])
    }
}

impl<'e, 's> TableExplanation<'e, 's> {
    /// The table's position.
    pub fn index(&self) -> TableIndex {
        self.told.index
    }

    /// Its id.
    pub fn id(&self) -> &'s str {
        &self.told.table.id
    }

    /// What it gave.
    pub fn verdict(&self) -> Verdict {
        self.told.verdict
    }

    /// The rules that match, in order: of a *first* table at most the one that decided.
    pub fn matched(&self) -> impl Iterator<Item = Match<'e, 's>> + use<'e, 's> {
        let explanation = self.explanation;
        self.rules()
            .filter(|told| matches!(told.standing, Stands::Matches))
            .map(|told| Match {
                rule: told.rule,
                position: told.position,
                facts: explanation.tests(&told.tests),
            })
    }

    /// The rules that do not match, in order: of a *first* table those before the one that decided, of a *collect*
    /// table all of them.
    pub fn others(&self) -> impl Iterator<Item = OtherRule<'e, 's>> + use<'e, 's> {
        let explanation = self.explanation;
        self.rules().filter_map(|told| {
            let standing = match told.standing {
                Stands::Matches => return None,
                Stands::NotInForce { from } => Standing::NotInForce { from },
                Stands::RuledOut => Standing::RuledOut(explanation.tests(&told.tests)),
                Stands::Undetermined { missing } => Standing::Undetermined(Missing {
                    system: explanation.system,
                    slots: missing,
                }),
            };
            Some(OtherRule {
                rule: told.rule,
                position: told.position,
                standing,
            })
        })
    }

    /// The values still possible, in rule order.
    pub fn possible(&self) -> impl Iterator<Item = Possible<'s>> + use<'e, 's> {
        let (system, table) = (self.explanation.system, self.told.table);
        let open = self.explanation.possible.get(self.told.possible.clone());
        open.unwrap_or(&[]).iter().map(|open| Possible {
            value: table
                .values
                .get(usize::from(open.value))
                .map_or("", |value| value.code.as_str()),
            missing: Missing {
                system,
                slots: open.missing,
            },
        })
    }

    /// The system that decided.
    pub(crate) fn system(&self) -> &'s DescriptionSystem {
        self.explanation.system
    }

    fn rules(&self) -> core::slice::Iter<'e, ToldRule<'s>> {
        let rules = self.explanation.rules.get(self.told.rules.clone());
        rules.unwrap_or(&[]).iter()
    }
}

impl<'s> Match<'_, 's> {
    /// The value it gives; `None` when it holds.
    pub fn value(&self) -> Option<&'s str> {
        value(self.rule)
    }

    /// Why it holds; `None` when it gives a value, or is the guard at the end.
    pub fn reason(&self) -> Option<&'s Label> {
        match &self.rule.outcome {
            Outcome::Hold { reason } => Some(reason),
            Outcome::Value(_) | Outcome::CatchAll => None,
        }
    }
}

impl<'s> OtherRule<'_, 's> {
    /// The value it would give; `None` when it holds.
    pub fn value(&self) -> Option<&'s str> {
        value(self.rule)
    }
}

impl<'s> TestedFact<'s> {
    /// Id of the axis or table.
    pub fn axis(&self) -> &'s str {
        &self.condition.axis
    }

    /// Codes of its values; none when it does not apply.
    pub fn values(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        let (system, slot) = (self.system, self.slot);
        bits(self.values).map(move |value| system.value_code(slot, value))
    }

    /// The values that the condition names, as the rule names them.
    pub fn any_of(&self) -> &'s [String] {
        &self.condition.any_of
    }

    /// The codes of the values that the condition names, value sets resolved.
    pub fn named_values(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        self.system.named_values(self.condition)
    }

    /// Whether the condition asks for anything but them.
    pub fn negated(&self) -> bool {
        self.condition.negated
    }

    /// The system that the fact is of.
    pub(crate) fn system(&self) -> &'s DescriptionSystem {
        self.system
    }
}

impl<'s> Missing<'s> {
    /// Ids of the axes, or of a table that waits for no axis.
    pub fn ids(self) -> impl Iterator<Item = &'s str> {
        self.slots.iter().map(move |slot| self.system.axis_id(slot))
    }
}

/// Of one table, where its parts lie in the lists of the explanation.
#[derive(Debug, Clone)]
struct Told<'s> {
    index: TableIndex,
    table: &'s Table,
    verdict: Verdict,
    rules: Range<usize>,
    possible: Range<usize>,
}

#[derive(Debug, Clone)]
struct ToldRule<'s> {
    rule: &'s Rule,
    position: u16,
    standing: Stands,
    tests: Range<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Stands {
    Matches,
    NotInForce { from: Date },
    RuledOut,
    Undetermined { missing: AxisSet },
}

impl DescriptionSystem {
    /// Decides as [`Self::classify`] does, and tells why.
    pub fn explain(&self, grain: Grain, date: Date, facts: &FactSet) -> Explanation<'_> {
        let mut filled = *facts;
        let result = self.classify_into(grain, date, &mut filled);
        let (tables, rules) = result
            .iter()
            .filter(|(_, result)| *result != TableResult::NotApplicable)
            .filter_map(|(index, _)| self.source_table(index))
            .fold((0, 0), |(tables, rules), (table, _)| {
                (tables + 1, rules + self.rules_of(table).len())
            });
        let mut telling = Telling {
            filled: &filled,
            waiting: Waiting::default(),
            out: Explanation {
                grain,
                date,
                system: self,
                tables: Vec::with_capacity(tables),
                rules: Vec::with_capacity(rules),
                tests: Vec::with_capacity(rules * 2),
                possible: Vec::new(),
            },
        };
        for (index, result) in result.iter() {
            telling.table(index, result);
        }
        telling.out
    }
}

/// An explanation while it is told, and what it is told from.
struct Telling<'s, 'f> {
    filled: &'f FactSet,
    waiting: Waiting,
    out: Explanation<'s>,
}

impl<'s> Telling<'s, '_> {
    fn table(&mut self, index: TableIndex, result: TableResult) {
        let (system, date) = (self.out.system, self.out.date);
        let Some((compiled, table)) = system.source_table(index) else {
            return;
        };
        let (rules, possible) = (self.out.rules.len(), self.out.possible.len());
        let verdict = match result {
            TableResult::NotApplicable => return,
            TableResult::Value { .. } => self.first(system.rules_of(compiled), table),
            TableResult::Held { .. } => {
                let (waiting, out) = (&mut self.waiting, &mut self.out.possible);
                system.held(index, compiled, date, self.filled, waiting, out);
                self.first(system.rules_of(compiled), table)
            }
            TableResult::Collected { possible, .. } => {
                for rule in system.rules_of(compiled) {
                    if let Some(Stands::Undetermined { missing }) = self.rule(rule, table)
                        && let Gives::Value(value) = rule.gives
                        && possible & (1 << value) != 0
                    {
                        add(&mut self.out.possible, index, value, missing);
                    }
                }
                Verdict::Collected
            }
        };
        let told = Told {
            index,
            table,
            verdict,
            rules: rules..self.out.rules.len(),
            possible: possible..self.out.possible.len(),
        };
        self.out.tables.push(told);
    }

    /// The rules up to the first that matches. It is not told when one before it might still take its place.
    fn first(&mut self, rules: &'s [CompiledRule], table: &'s Table) -> Verdict {
        let mut undecided = false;
        for rule in rules {
            match self.rule(rule, table) {
                Some(Stands::Matches) if undecided => {
                    self.out.rules.pop();
                    break;
                }
                Some(Stands::Matches) => {
                    return match rule.gives {
                        Gives::Value(_) => Verdict::Decided,
                        Gives::Hold | Gives::Guard => Verdict::Held,
                    };
                }
                Some(Stands::Undetermined { .. }) => undecided = true,
                Some(Stands::NotInForce { .. } | Stands::RuledOut) | None => {}
            }
        }
        Verdict::Held
    }

    fn rule(&mut self, rule: &'s CompiledRule, table: &'s Table) -> Option<Stands> {
        let source = table.rules.get(usize::from(rule.position))?;
        let tests = self.out.tests.len();
        let standing = self.standing(rule, source);
        self.out.rules.push(ToldRule {
            rule: source,
            position: rule.position,
            standing,
            tests: tests..self.out.tests.len(),
        });
        Some(standing)
    }

    /// How a rule stands; adds the facts that say so.
    fn standing(&mut self, rule: &'s CompiledRule, source: &'s Rule) -> Stands {
        if self.out.date < rule.from {
            return Stands::NotInForce { from: rule.from };
        }
        let system = self.out.system;
        let before = self.out.tests.len();
        let mut undetermined = false;
        for (span, conditions) in system.alternatives_of(rule).iter().zip(&source.alternatives) {
            let atoms = system.atoms_of(span);
            match self.test(atoms, conditions) {
                Truth::False => {}
                Truth::Unknown => undetermined = true,
                Truth::True => {
                    self.out.tests.truncate(before);
                    for (atom, condition) in atoms.iter().zip(conditions) {
                        self.tell(atom, condition);
                    }
                    return Stands::Matches;
                }
            }
        }
        if undetermined {
            self.out.tests.truncate(before);
            let missing = system.missing(rule, self.filled, &self.waiting);
            return Stands::Undetermined { missing };
        }
        Stands::RuledOut
    }

    /// Whether an alternative matches; adds the first fact that fails.
    fn test(&mut self, atoms: &[Atom], conditions: &'s [Condition]) -> Truth {
        let mut truth = Truth::True;
        for (atom, condition) in atoms.iter().zip(conditions) {
            let fact = self.filled.raw(atom.slot);
            if fact == 0 {
                truth = Truth::Unknown;
            } else if fact & atom.mask == 0 {
                self.tell(atom, condition);
                return Truth::False;
            }
        }
        truth
    }

    fn tell(&mut self, atom: &Atom, condition: &'s Condition) {
        if let Some(slot) = AxisIndex::new(usize::from(atom.slot)) {
            self.out.tests.push(TestedFact {
                system: self.out.system,
                condition,
                values: self.filled.values(slot),
                slot,
                source: self.filled.source(slot),
            });
        }
    }
}

/// The value that a rule gives; `None` when it holds.
fn value(rule: &Rule) -> Option<&str> {
    match &rule.outcome {
        Outcome::Value(value) => Some(value),
        Outcome::Hold { .. } | Outcome::CatchAll => None,
    }
}
