//! Everything that the proofs tell of a description system before it is published: what is wrong, what each row that
//! holds is reached by, where the order of rules matters, whether variants differ, which facts settle each value.
//! Data only; [`super::words`] puts it into words.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::departures::VariantProof;
use super::question::{Question, RuleNodes};
use super::settling::{AxesByValue, Settling, settle};
use super::solver::OutOfSteps;
use super::variants::{Comparison, comparisons};
use super::{Defect, Example, Proof, STEPS, value_of};
use crate::compile::{CompiledRule, CompiledTable, DescriptionSystem, Gives, TableIndex};
use crate::facts::AxisIndex;
use crate::model::{Grain, Label, Outcome};

/// How many overlaps are told of one table, for one grain on one date.
pub const OVERLAPS: usize = 200;

/// How many steps it may take to tell the overlaps of one table, and what settles its values.
const FURTHER_STEPS: u64 = 6_000_000;

/// What the proofs tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The date from which on it holds.
    pub from: Date,
    /// What is told of each table, by grain and by date on which its rules change.
    pub tables: Vec<TableReport>,
    /// What is proven of the variants that are not taken, of the tables that their points bear on.
    pub variants: Vec<VariantProof>,
    /// Each pair of variants of each unsettled point, the other points as chosen.
    pub comparisons: Vec<Comparison>,
}

/// What is told of one table, for one grain with the rules in force on one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// The proof.
    pub proof: Proof,
    /// The rows that hold, each with facts that reach it.
    pub holds: Vec<Hold>,
    /// The rules whose order matters; none in a *collect* table.
    pub overlaps: Vec<Overlap>,
    /// What settles each value.
    pub settling: Vec<Settling>,
    /// Whether there may be more rows that hold, overlaps or sets than are told, for want of steps or for their number.
    pub more: bool,
}

/// A row that holds, on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Id of the rule.
    pub rule: String,
    /// Its line.
    pub line: u32,
    /// Why it holds.
    pub reason: Label,
    /// Facts for which it decides.
    pub example: Example,
}

/// Two rules that match together and give different things: the one that stands first decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The rule that decides.
    pub rule: String,
    /// What it gives; `None` when it holds.
    pub gives: Option<String>,
    /// The rule behind it.
    pub behind: String,
    /// What that one would give; `None` when it holds.
    pub would_give: Option<String>,
    /// Facts for which both match, and no rule before them.
    pub example: Example,
}

/// What the proofs tell of a description system, for the dates from one on.
pub fn report(system: &DescriptionSystem, from: Date) -> Report {
    let mut tables = Vec::new();
    let mut settled: BTreeMap<(usize, Grain), AxesByValue> = BTreeMap::new();
    let mut dated: Vec<(Date, TableIndex)> = system
        .tables()
        .flat_map(|(index, _)| {
            system
                .turning_points(index, from)
                .into_iter()
                .map(move |date| (date, index))
        })
        .collect();
    // By date first, so that what settles earlier tables is that of the date.
    dated.sort_unstable();
    for (date, index) in dated {
        let Some((table, _)) = system.source_table(index) else {
            continue;
        };
        for (proof, mut question) in system.proven(index, date, STEPS) {
            let grain = proof.grain;
            let mut told = TableReport {
                proof,
                holds: Vec::new(),
                overlaps: Vec::new(),
                settling: Vec::new(),
                more: false,
            };
            question.circuit.allow(STEPS);
            told.more |= system.tell_holds(index, &mut question, &mut told.holds).is_err();
            question.circuit.allow(FURTHER_STEPS);
            told.more |= system
                .tell_overlaps(index, table, &mut question, &mut told.overlaps)
                .unwrap_or(true);
            question.circuit.allow(FURTHER_STEPS);
            let earlier = |at| settled.get(&(at, grain)).cloned();
            match settle(system, table, &mut question, earlier) {
                Ok(all) => {
                    let (axes, settling) = all.into_iter().map(|one| (one.axes, one.settling)).unzip();
                    settled.insert((index.position(), grain), axes);
                    told.settling = settling;
                }
                Err(OutOfSteps) => told.more = true,
            }
            tables.push((index, told));
        }
    }
    tables.sort_by_key(|(index, told)| (*index, told.proof.from));
    Report {
        from,
        tables: tables.into_iter().map(|(_, told)| told).collect(),
        variants: system.prove_variants(from),
        comparisons: comparisons(system, from),
    }
}

impl Report {
    /// Whether every table is proven, under every variant.
    pub fn is_proven(&self) -> bool {
        self.defects().next().is_none()
    }

    /// Whether the limit of steps left something undecided.
    pub fn is_undecided(&self) -> bool {
        self.defects()
            .any(|defect| matches!(defect, Defect::Undecided { .. }))
    }

    fn defects(&self) -> impl Iterator<Item = &Defect> {
        let tables = self.tables.iter().flat_map(|told| &told.proof.defects);
        tables.chain(self.variants.iter().flat_map(VariantProof::defects))
    }
}

impl DescriptionSystem {
    fn tell_holds(
        &self,
        index: TableIndex,
        question: &mut Question<'_>,
        holds: &mut Vec<Hold>,
    ) -> Result<(), OutOfSteps> {
        for rule in question.table.rules.clone() {
            let Some(source) = self.rule(index, rule.position) else {
                continue;
            };
            let Outcome::Hold { reason } = &source.outcome else {
                continue;
            };
            if let Some(shown) = question.smallest(vec![rule.decides])? {
                holds.push(Hold {
                    rule: source.id.clone(),
                    line: source.line,
                    reason: reason.clone(),
                    example: self.example(&shown),
                });
            }
        }
        Ok(())
    }

    /// Tells the overlaps; true when there may be more.
    fn tell_overlaps(
        &self,
        index: TableIndex,
        table: &CompiledTable,
        question: &mut Question<'_>,
        overlaps: &mut Vec<Overlap>,
    ) -> Result<bool, OutOfSteps> {
        if question.table.collects {
            return Ok(false);
        }
        let rules = question.table.rules.clone();
        let compiled: BTreeMap<u16, &CompiledRule> = self
            .rules_of(table)
            .iter()
            .map(|rule| (rule.position, rule))
            .collect();
        for (at, first) in rules.iter().enumerate() {
            for behind in rules.iter().skip(at + 1) {
                let differ = value_of(first.gives) != value_of(behind.gives);
                let meet = compiled
                    .get(&first.position)
                    .zip(compiled.get(&behind.position))
                    .is_some_and(|(one, other)| self.may_meet(one, other));
                if !differ || !meet {
                    continue;
                }
                if overlaps.len() >= OVERLAPS {
                    return Ok(true);
                }
                if let Some(overlap) = self.overlap(index, table, question, first, behind)? {
                    overlaps.push(overlap);
                }
            }
        }
        Ok(false)
    }

    fn overlap(
        &self,
        index: TableIndex,
        table: &CompiledTable,
        question: &mut Question<'_>,
        first: &RuleNodes,
        behind: &RuleNodes,
    ) -> Result<Option<Overlap>, OutOfSteps> {
        if !question.can(&[first.decides, behind.matches])? {
            return Ok(None);
        }
        let Some(shown) = question.smallest(vec![first.decides, behind.matches])? else {
            return Ok(None);
        };
        let id = |rule: &RuleNodes| self.rule(index, rule.position).map(|rule| rule.id.clone());
        let gives = |gives: Gives| value_of(gives).map(|value| self.value_code(table.slot, value).to_owned());
        Ok(Some(Overlap {
            rule: id(first).unwrap_or_default(),
            gives: gives(first.gives),
            behind: id(behind).unwrap_or_default(),
            would_give: gives(behind.gives),
            example: self.example(&shown),
        }))
    }

    /// False when no fact can meet both rules, by their conditions on single slots alone.
    fn may_meet(&self, one: &CompiledRule, other: &CompiledRule) -> bool {
        let multiple = |slot: u8| {
            AxisIndex::new(usize::from(slot))
                .and_then(|slot| self.axis_definition(slot))
                .is_some_and(|axis| axis.multiple)
        };
        self.alternatives_of(one).iter().any(|one| {
            self.alternatives_of(other).iter().any(|other| {
                self.atoms_of(one).iter().all(|one| {
                    let mut others = self.atoms_of(other).iter();
                    others.all(|other| {
                        other.slot != one.slot || other.mask & one.mask != 0 || multiple(one.slot)
                    })
                })
            })
        })
    }
}
