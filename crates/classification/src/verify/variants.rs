//! Whether variants of unsettled points differ: the same facts under two systems that differ in one variant, over one
//! circuit. The other points are as chosen.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::circuit::{Circuit, Node};
use super::departures::{bears_on, touched};
use super::question::Reading;
use super::solver::OutOfSteps;
use super::{Example, STEPS};
use crate::compile::{DescriptionSystem, TableIndex};
use crate::model::Grain;

/// How many pairs of values are told in which two variants differ, of one table and grain.
pub const DIFFERENCES: usize = 24;

/// Two variants of an unsettled point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Id of the point.
    pub point: String,
    /// One variant.
    pub one: String,
    /// The other.
    pub other: String,
    /// Where they differ; none when they never do.
    pub differences: Vec<Difference>,
    /// Whether there may be more differences than are told.
    pub more: bool,
}

/// Two variants lead to different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Id of the table.
    pub table: String,
    /// Of what.
    pub grain: Grain,
    /// The first date on which they differ so.
    pub from: Date,
    /// Under the one variant: the value; `None` when it is held, or when a table that collects does not give it.
    pub one: Option<String>,
    /// Under the other, likewise.
    pub other: Option<String>,
    /// Facts for which they do.
    pub example: Example,
}

/// Ordinals of the values under the one variant and under the other.
type Outcomes = (Option<usize>, Option<usize>);

/// Compares each pair of variants of each point.
pub(super) fn comparisons(system: &DescriptionSystem, from: Date) -> Vec<Comparison> {
    let mut all = Vec::new();
    for (at, point) in system.source().points.iter().enumerate() {
        let touched = touched(system.source(), &point.id);
        let systems: Vec<(&String, DescriptionSystem)> = point
            .variants
            .iter()
            .filter_map(|variant| Some((variant, system.with_variant(at, variant)?)))
            .collect();
        for (position, (one, first)) in systems.iter().enumerate() {
            for (other, second) in systems.iter().skip(position + 1) {
                let mut compared = Comparison {
                    point: point.id.clone(),
                    one: (*one).clone(),
                    other: (*other).clone(),
                    differences: Vec::new(),
                    more: false,
                };
                for (index, table) in system.tables().filter(|(index, _)| bears_on(&touched, *index)) {
                    for &grain in &table.grains {
                        let pair = Pair {
                            systems: [first, second],
                            index,
                            grain,
                        };
                        compared.more |= pair.compare(from, &mut compared.differences).unwrap_or(true);
                    }
                }
                all.push(compared);
            }
        }
    }
    all
}

/// One table of one grain under two variants.
struct Pair<'s> {
    systems: [&'s DescriptionSystem; 2],
    index: TableIndex,
    grain: Grain,
}

impl Pair<'_> {
    /// Tells the differences, each on the first date on which it is; true when there may be more.
    fn compare(&self, from: Date, differences: &mut Vec<Difference>) -> Result<bool, OutOfSteps> {
        let dates: BTreeSet<Date> = self
            .systems
            .iter()
            .flat_map(|system| system.turning_points(self.index, from))
            .collect();
        let mut told = BTreeSet::new();
        for date in dates {
            if self.on(date, &mut told, differences)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn on(
        &self,
        date: Date,
        told: &mut BTreeSet<Outcomes>,
        differences: &mut Vec<Difference>,
    ) -> Result<bool, OutOfSteps> {
        let mut circuit = Circuit::new();
        circuit.allow(STEPS);
        let (mut taken, mut fed, mut values, mut collects) = (Vec::new(), Vec::new(), Vec::new(), false);
        for system in self.systems {
            let mut reading = Reading::new(system, self.index.position(), self.grain, date);
            let nodes = reading.table(&mut circuit, self.index.position());
            taken.push(reading.taken(&mut circuit));
            fed.push(reading.fed(&mut circuit));
            collects = nodes.collects;
            values.push(nodes.values);
        }
        let (taken, fed) = (circuit.all(taken), circuit.all(fed));
        let ([one, other], count) = match values.as_slice() {
            [one, other] => ([one.clone(), other.clone()], one.len()),
            _ => return Ok(false),
        };
        let held = [!circuit.any(one.clone()), !circuit.any(other.clone())];
        let outcomes = |values: &[Node], held: Node| -> Vec<(Option<usize>, Node)> {
            let values = values.iter().enumerate().map(|(at, node)| (Some(at), *node));
            values.chain((!collects).then_some((None, held))).collect()
        };
        let [held_one, held_other] = held;
        let mut pairs: Vec<(Outcomes, Vec<Node>)> = Vec::new();
        if collects {
            for (at, (one, other)) in (0..count).zip(one.iter().zip(&other)) {
                pairs.push(((Some(at), None), vec![*one, !*other]));
                pairs.push(((None, Some(at)), vec![!*one, *other]));
            }
        } else {
            for (left, one) in outcomes(&one, held_one) {
                for (right, other) in outcomes(&other, held_other) {
                    if left != right {
                        pairs.push(((left, right), vec![one, other]));
                    }
                }
            }
        }
        let before = told.len();
        for (pair, nodes) in pairs {
            if told.contains(&pair) {
                continue;
            }
            let mut asked = nodes;
            asked.push(fed);
            let differ = circuit.all(asked);
            if !circuit.can(&[taken, differ])? {
                continue;
            }
            if told.len() - before >= DIFFERENCES {
                return Ok(true);
            }
            if let Some(shown) = circuit.smallest(taken, differ)? {
                told.insert(pair);
                differences.push(self.difference(date, pair, self.systems[0].example(&shown)));
            }
        }
        Ok(false)
    }

    fn difference(&self, date: Date, pair: Outcomes, example: Example) -> Difference {
        let [system, _] = self.systems;
        let table = system.source_table(self.index).map(|(_, table)| table);
        let code = |at: Option<usize>| Some(table?.values.get(at?)?.code.clone());
        Difference {
            table: table.map_or_else(String::new, |table| table.id.clone()),
            grain: self.grain,
            from: date,
            one: code(pair.0),
            other: code(pair.1),
            example,
        }
    }
}
