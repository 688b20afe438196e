//! Made-up description systems of any size, to measure with: one *first* table as people write them, with several
//! conditions a rule, sets, negations, alternatives, exceptions before what they are exceptions from, refused
//! combinations and a guard. Nothing in them means anything.

use crate::model::{
    Axis, AxisValue, Combination, Condition, DescriptionSource, FactSource, Grain, HitPolicy, Label, Outcome,
    Rule, Table, UnsettledPoint, VariantRef,
};

/// How a made-up system is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How many axes; at least 4.
    pub axes: usize,
    /// How many rules, without the guard; at least 10.
    pub rules: usize,
    /// Whether one case is left out.
    pub gap: bool,
    /// The same seed gives the same system.
    pub seed: u64,
}

/// How many values the table has.
const VALUES: usize = 12;

/// A system with one table. A third of the rules are exceptions; the others part all facts among them.
pub fn system(shape: Shape) -> DescriptionSource {
    let mut chance = Chance(shape.seed | 1);
    let axes: Vec<Axis> = (0..shape.axes.max(4)).map(|at| axis(&mut chance, at)).collect();
    let exceptions = shape.rules / 3;
    let mut parts = parts(&mut chance, &axes, shape.rules.max(10) - exceptions);
    if shape.gap {
        parts.pop();
    }
    let mut rules: Vec<Vec<Vec<Condition>>> = parts.into_iter().map(|part| vec![part]).collect();
    for at in 0..exceptions {
        let place = chance.below(at + 1);
        let mut alternatives = vec![exception(&mut chance, &axes)];
        if at % 4 == 0 {
            alternatives.push(exception(&mut chance, &axes));
        }
        rules.insert(place, alternatives);
    }
    let mut rules: Vec<Rule> = rules
        .into_iter()
        .zip(1..)
        .map(|(alternatives, at)| {
            let outcome = Outcome::Value(format!("value-{}", chance.below(VALUES)));
            rule(at, alternatives, outcome)
        })
        .collect();
    let last = u32::try_from(rules.len()).unwrap_or(u32::MAX).saturating_add(1);
    rules.push(rule(last, vec![Vec::new()], Outcome::CatchAll));
    let refused = Combination {
        id: "refused".to_owned(),
        grains: vec![Grain::Contact],
        alternatives: vec![exception(&mut chance, &axes)],
        line: 0,
    };
    DescriptionSource {
        axes,
        tables: vec![Table {
            id: "table".to_owned(),
            label: Label::default(),
            hit_policy: HitPolicy::First,
            grains: vec![Grain::Contact],
            values: values("value", VALUES),
            rules,
        }],
        exclusions: vec![refused],
        ..DescriptionSource::default()
    }
}

/// A system of [`system`] with unsettled points, each of which decides what one of its rules gives: the variant `as-is`,
/// which is taken, what it gave, the variant `other` another value.
pub fn unsettled(shape: Shape, points: usize) -> DescriptionSource {
    let mut source = system(shape);
    let Some(table) = source.tables.first_mut() else {
        return source;
    };
    let stated = table.rules.len();
    for point in 0..points.min(stated.saturating_sub(1)) {
        // From the end, so that the rules before keep their places.
        let at = (stated - 1) * (points - point) / (points + 1);
        let id = format!("U{}", points - point);
        let variant = |name: &str| VariantRef {
            point: id.clone(),
            name: name.to_owned(),
        };
        let Some(rule) = table.rules.get_mut(at) else {
            continue;
        };
        rule.variant = Some(variant("as-is"));
        let other = match &rule.outcome {
            Outcome::Value(value) if value == "value-0" => "value-1",
            _ => "value-0",
        };
        let other = Rule {
            variant: Some(variant("other")),
            outcome: Outcome::Value(other.to_owned()),
            ..rule.clone()
        };
        table.rules.insert(at + 1, other);
        source.points.push(UnsettledPoint {
            id,
            question: Label::default(),
            variants: vec!["as-is".to_owned(), "other".to_owned()],
            chosen: "as-is".to_owned(),
        });
    }
    source
}

/// Parts all facts: splits the largest part, on an axis that it is not yet split on, until there are enough.
fn parts(chance: &mut Chance, axes: &[Axis], count: usize) -> Vec<Vec<Condition>> {
    let mut parts = std::collections::VecDeque::from([Vec::<Condition>::new()]);
    while parts.len() < count {
        let Some(part) = parts.pop_front() else { break };
        let free: Vec<&Axis> = axes
            .iter()
            .filter(|axis| !axis.multiple && !part.iter().any(|known| known.axis == axis.id))
            .collect();
        let Some(axis) = free.get(chance.below(free.len().max(1))) else {
            parts.push_front(part);
            break;
        };
        let cut = 1 + chance.below(axis.values.len() - 1);
        let some: Vec<String> = axis
            .values
            .iter()
            .take(cut)
            .map(|value| value.code.clone())
            .collect();
        for negated in [false, true] {
            let mut next = part.clone();
            next.push(Condition {
                axis: axis.id.clone(),
                any_of: some.clone(),
                negated,
            });
            parts.push_back(next);
        }
    }
    parts.into()
}

/// Some three to six conditions.
fn exception(chance: &mut Chance, axes: &[Axis]) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = Vec::new();
    for _ in 0..3 + chance.below(4) {
        let Some(axis) = axes.get(chance.below(axes.len())) else {
            continue;
        };
        if conditions.iter().any(|known| known.axis == axis.id) {
            continue;
        }
        let from = chance.below(axis.values.len());
        let count = 1 + chance.below(2);
        conditions.push(Condition {
            axis: axis.id.clone(),
            any_of: axis
                .values
                .iter()
                .skip(from)
                .take(count)
                .map(|value| value.code.clone())
                .collect(),
            negated: chance.below(8) == 0,
        });
    }
    conditions
}

fn axis(chance: &mut Chance, at: usize) -> Axis {
    Axis {
        id: format!("axis-{at}"),
        label: Label::default(),
        definition: Label::default(),
        values: values("value", 2 + chance.below(8)),
        multiple: at % 12 == 11,
        grains: vec![Grain::Contact],
        sources: vec![FactSource::Record],
        derivation: None,
    }
}

fn values(name: &str, count: usize) -> Vec<AxisValue> {
    (0..count)
        .map(|at| AxisValue {
            code: format!("{name}-{at}"),
            label: Label::default(),
        })
        .collect()
}

fn rule(at: u32, alternatives: Vec<Vec<Condition>>, outcome: Outcome) -> Rule {
    Rule {
        id: format!("R{at}"),
        alternatives,
        outcome,
        variant: None,
        legal_basis: String::new(),
        status: String::new(),
        in_force_from: None,
        line: at + 1,
    }
}

/// Numbers that look drawn (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % limit.max(1)
    }
}
