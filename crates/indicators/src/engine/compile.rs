//! From the measures of a release to what a part is held against: every condition that measures share is asked once, and
//! conditions on tables and axes are bits of the description system that the part was described by.

use vardnav_classification::model::Derivation;
use vardnav_classification::{AxisIndex, DescriptionSystem};

use super::truth::{BITS, Bits};
use super::{Ground, TooLarge};
use crate::definition::{BrokenDownBy, Feed, IndicatorDefinitions, Interval, Length};
use crate::measure::{ABSENT_IS_KNOWN, Condition, Counts, Dated, Days, Measure, Part, number_scale};

/// Values of a column that the engine has no ordinal for.
pub(super) const NO_VALUE: u8 = u8::MAX;

/// A measure, made ready.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) counts: Counted,
    pub(super) dated: Dated,
    pub(super) relations: Vec<Relation>,
    /// Measures that its relations rest on, and theirs.
    pub(super) needs: Bits,
    /// Whether it rests on days that must be over.
    pub(super) is_timed: bool,
    /// Whether figures of months are made of it.
    pub(super) is_monthly: bool,
    /// The engine's breakdowns that figures made of it offer.
    pub(super) breakdowns: Vec<usize>,
}

/// What is counted, with the number as a position in [`Part::numbers`], which is the same for all parts of the measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Parts,
    Persons,
    Days,
    Sum(usize),
}

/// A condition on another part of the person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relation {
    pub(super) measure: usize,
    pub(super) days: Days,
    pub(super) is_after: bool,
    pub(super) is_excluded: bool,
}

/// A figure whose interval is by clusters.
#[derive(Debug)]
pub(super) struct ClusterFigure {
    pub(super) indicator: String,
    pub(super) variant: String,
    pub(super) is_of_persons: bool,
    pub(super) is_monthly: bool,
    pub(super) breakdowns: Vec<usize>,
    /// Measures with how many times they count.
    pub(super) numerator: Vec<(usize, u64)>,
    pub(super) denominator: Vec<(usize, u64)>,
}

/// Where the values of a column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Axis(String),
    Table(String),
    UnitKind,
}

/// A breakdown that parts have a value in.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) id: String,
    pub(super) column: usize,
    pub(super) is_before: bool,
    pub(super) values: Vec<String>,
}

/// What parts of one kind are asked, whatever system they were described by.
#[derive(Debug, Default)]
pub(super) struct Questions {
    pub(super) variables: Vec<Variable>,
    pub(super) codes: Vec<Codes>,
    pub(super) dates: Vec<Between>,
    pub(super) ages: Vec<(u16, Option<u16>, usize)>,
    pub(super) unit_kinds: Vec<(Vec<String>, usize)>,
    /// Conditions on tables and axes.
    pub(super) described: Bits,
    /// Measures by their place, with the conditions that must hold and those that must not.
    pub(super) measures: Vec<(usize, Bits, Bits)>,
}

#[derive(Debug)]
pub(super) struct Variable {
    pub(super) path: String,
    pub(super) absent_is_known: bool,
    pub(super) values: Vec<(String, usize)>,
    /// The conditions that ask for values.
    pub(super) asked: Bits,
    pub(super) stated: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Codes {
    pub(super) path: String,
    pub(super) system: String,
    pub(super) any: Vec<String>,
    pub(super) condition: usize,
}

#[derive(Debug)]
pub(super) struct Between {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) days: Days,
    pub(super) absent_is_known: (bool, bool),
    pub(super) condition: usize,
}

/// What parts of one kind are asked that one system describes.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Position of a table, the values asked for (`None` for any), the condition.
    pub(super) tables: Vec<(usize, Option<u64>, usize)>,
    pub(super) axes: Vec<(AxisIndex, u64, usize)>,
    /// Conditions on what the system does not have.
    pub(super) missing: Bits,
}

/// Where a system has the values of a column, with the engine's ordinals of its own.
#[derive(Debug)]
pub(super) enum From {
    Axis(AxisIndex, Vec<u8>),
    Table(usize, Vec<u8>),
    UnitKind,
    Nowhere,
}

/// A description system, made ready.
#[derive(Debug)]
pub(super) struct System {
    pub(super) id: String,
    /// By [`Part::ALL`].
    pub(super) asked: Vec<Asked>,
    pub(super) columns: Vec<From>,
}

/// Everything that does not depend on a part's system.
#[derive(Debug, Default)]
pub(super) struct Whole {
    pub(super) measures: Vec<Compiled>,
    pub(super) conditions: Vec<Condition>,
    /// By [`Part::ALL`].
    pub(super) questions: Vec<Questions>,
    pub(super) columns: Vec<(Source, Vec<String>)>,
    pub(super) splits: Vec<Split>,
    pub(super) clusters: Vec<ClusterFigure>,
    pub(super) ages: Vec<u8>,
}

impl Whole {
    pub(super) fn of(ground: &Ground<'_>) -> Result<Self, TooLarge> {
        let definitions = ground.definitions;
        if definitions.measures.len() > BITS {
            return Err(TooLarge("measures"));
        }
        let mut whole = Self {
            ages: age_bands(ground),
            ..Self::default()
        };
        whole.split(ground)?;
        for measure in &definitions.measures {
            let compiled = whole.compile(definitions, measure);
            whole.measures.push(compiled);
        }
        whole.cluster(definitions);
        for part in Part::ALL {
            let questions = whole.ask(definitions, part);
            whole.questions.push(questions);
        }
        match whole.conditions.len() {
            0..=BITS => Ok(whole),
            _ => Err(TooLarge("conditions")),
        }
    }

    fn split(&mut self, ground: &Ground<'_>) -> Result<(), TooLarge> {
        let offered = |id: &String| {
            computed(ground.definitions).any(|(indicator, _)| indicator.breakdowns.contains(id))
        };
        for breakdown in ground
            .definitions
            .breakdowns
            .iter()
            .filter(|known| offered(&known.id))
        {
            let (source, is_before) = match &breakdown.by {
                BrokenDownBy::Axis(axis) if is_age(ground.system, axis) => continue,
                BrokenDownBy::Axis(axis) => (Source::Axis(axis.clone()), false),
                BrokenDownBy::Table(table) => (Source::Table(table.clone()), false),
                BrokenDownBy::TableBefore(table) => (Source::Table(table.clone()), true),
                BrokenDownBy::UnitKind => (Source::UnitKind, false),
                BrokenDownBy::Region
                | BrokenDownBy::Kommun
                | BrokenDownBy::KommunGroup(_)
                | BrokenDownBy::Sex
                | BrokenDownBy::Month
                | BrokenDownBy::NotAvailable(_) => continue,
            };
            let values = values(ground, &source);
            let column = match self.columns.iter().position(|(known, _)| *known == source) {
                Some(column) => column,
                None => {
                    self.columns.push((source, values.clone()));
                    self.columns.len() - 1
                }
            };
            if values.len() > vardnav_classification::facts::VALUES_MAX {
                return Err(TooLarge("values of a breakdown"));
            }
            self.splits.push(Split {
                id: breakdown.id.clone(),
                column,
                is_before,
                values,
            });
        }
        match self.columns.len() <= super::marked::COLUMNS_MAX {
            true => Ok(()),
            false => Err(TooLarge("breakdowns")),
        }
    }

    fn compile(&self, definitions: &IndicatorDefinitions, measure: &Measure) -> Compiled {
        let excluded = measure.exclusions.iter().map(|condition| (condition, true));
        let conditions = measure.conditions.iter().map(|condition| (condition, false));
        let mut relations = Vec::new();
        for (condition, is_excluded) in conditions.chain(excluded) {
            let (of, days, is_after) = match condition {
                Condition::Follows { measure, days } => (measure, *days, false),
                Condition::FollowedBy { measure, days } => (measure, *days, true),
                _ => continue,
            };
            // One that does not stand before it is none: nothing is known of the condition.
            let known = definitions.measures.iter().take(self.measures.len());
            relations.push(Relation {
                measure: known
                    .into_iter()
                    .position(|known| known.id == *of)
                    .unwrap_or(BITS),
                days,
                is_after,
                is_excluded,
            });
        }
        let before = |relation: &Relation| self.measures.get(relation.measure);
        let needs = relations.iter().fold(Bits::default(), |mut needs, relation| {
            needs.insert(relation.measure);
            before(relation).map_or(needs, |before| needs.with(&before.needs))
        });
        let users = || {
            computed(definitions)
                .filter(|(_, variant)| variant.figure.terms().any(|term| term.measure == measure.id))
        };
        let breakdowns = (0..self.splits.len()).filter(|at| {
            let split = self.splits.get(*at);
            split.is_some_and(|split| users().any(|(indicator, _)| indicator.breakdowns.contains(&split.id)))
        });
        Compiled {
            counts: counted(measure),
            dated: measure.dated,
            is_timed: relations
                .iter()
                .any(|relation| relation.is_after || before(relation).is_some_and(|before| before.is_timed)),
            needs,
            relations,
            is_monthly: users().any(|(indicator, _)| is_monthly(definitions, indicator)),
            breakdowns: breakdowns.collect(),
        }
    }

    fn cluster(&mut self, definitions: &IndicatorDefinitions) {
        let place = |id: &str| definitions.measures.iter().position(|measure| measure.id == id);
        let scale = |id: &str| match definitions.measure(id).map(|measure| &measure.counts) {
            Some(Counts::Sum(number)) => u64::from(number_scale(number)),
            _ => 1,
        };
        for (indicator, variant) in computed(definitions) {
            if !matches!(indicator.interval, Interval::ByPerson | Interval::ByUnit) {
                continue;
            }
            // The terms of a sum in the finest unit of them.
            let sum = |terms: &[crate::measure::Term]| -> Vec<(usize, u64)> {
                let finest = terms.iter().map(|term| scale(&term.measure)).max().unwrap_or(1);
                let times =
                    |term: &crate::measure::Term| u64::from(term.times) * (finest / scale(&term.measure));
                let terms = terms.iter();
                terms
                    .filter_map(|term| Some((place(&term.measure)?, times(term))))
                    .collect()
            };
            let splits = (0..).zip(&self.splits);
            self.clusters.push(ClusterFigure {
                indicator: indicator.id.clone(),
                variant: variant.id.clone(),
                is_of_persons: indicator.interval == Interval::ByPerson,
                is_monthly: is_monthly(definitions, indicator),
                breakdowns: splits
                    .filter(|(_, split)| indicator.breakdowns.contains(&split.id))
                    .map(|(at, _)| at)
                    .collect(),
                numerator: sum(&variant.figure.numerator),
                denominator: sum(&variant.figure.denominator),
            });
        }
    }

    fn ask(&mut self, definitions: &IndicatorDefinitions, part: Part) -> Questions {
        let mut questions = Questions::default();
        for (at, measure) in (0..).zip(&definitions.measures) {
            if !measure.of.contains(&part) {
                continue;
            }
            let mut sets = [Bits::default(); 2];
            for (set, conditions) in sets.iter_mut().zip([&measure.conditions, &measure.exclusions]) {
                for condition in conditions.iter() {
                    if matches!(
                        condition,
                        Condition::Follows { .. } | Condition::FollowedBy { .. }
                    ) {
                        continue;
                    }
                    let place = self.place(condition);
                    questions.add(condition, place);
                    set.insert(place);
                }
            }
            let [must, must_not] = sets;
            questions.measures.push((at, must, must_not));
        }
        questions
    }

    /// The place of a condition among all.
    fn place(&mut self, condition: &Condition) -> usize {
        match self.conditions.iter().position(|known| known == condition) {
            Some(place) => place,
            None => {
                self.conditions.push(condition.clone());
                self.conditions.len() - 1
            }
        }
    }
}

impl Questions {
    fn add(&mut self, condition: &Condition, place: usize) {
        match condition {
            Condition::Table { .. } | Condition::Axis { .. } => self.described.insert(place),
            Condition::Variable { path, any } => {
                let variable = self.variable(path);
                if !variable.asked.contains(place) {
                    variable.asked.insert(place);
                    variable
                        .values
                        .extend(any.iter().map(|value| (value.clone(), place)));
                }
            }
            Condition::Stated { path } => self.variable(path).stated = Some(place),
            Condition::Below { path, system, any }
                if self.codes.iter().all(|known| known.condition != place) =>
            {
                self.codes.push(Codes {
                    path: path.clone(),
                    system: system.clone(),
                    any: any.clone(),
                    condition: place,
                });
            }
            Condition::Between { from, to, days }
                if self.dates.iter().all(|known| known.condition != place) =>
            {
                self.dates.push(Between {
                    from: from.clone(),
                    to: to.clone(),
                    days: *days,
                    absent_is_known: (absent_is_known(from), absent_is_known(to)),
                    condition: place,
                });
            }
            Condition::Age { from, below } => self.ages.push((*from, *below, place)),
            Condition::UnitKind { any } => self.unit_kinds.push((any.clone(), place)),
            Condition::Below { .. }
            | Condition::Between { .. }
            | Condition::Follows { .. }
            | Condition::FollowedBy { .. } => {}
        }
    }

    fn variable(&mut self, path: &str) -> &mut Variable {
        let at = self.variables.iter().position(|known| known.path == path);
        let at = at.unwrap_or(self.variables.len());
        if at == self.variables.len() {
            self.variables.push(Variable {
                path: path.to_owned(),
                absent_is_known: absent_is_known(path),
                values: Vec::new(),
                asked: Bits::default(),
                stated: None,
            });
        }
        #[expect(clippy::indexing_slicing, reason = "it was found there or put there")]
        &mut self.variables[at]
    }
}

impl System {
    pub(super) fn of(id: &str, system: &DescriptionSystem, whole: &Whole) -> Self {
        let asked = whole.questions.iter().map(|questions| {
            let mut asked = Asked::default();
            for place in questions.described.iter() {
                asked.add(system, whole.conditions.get(place), place);
            }
            asked
        });
        let columns = whole.columns.iter().map(|(source, values)| {
            let ordinals = |codes: &mut dyn Iterator<Item = &str>| -> Vec<u8> {
                let place = |code| (0..).zip(values).find(|(_, known)| known.as_str() == code);
                codes
                    .map(|code| place(code).map_or(NO_VALUE, |(at, _)| at))
                    .collect()
            };
            match source {
                Source::Axis(axis) => system.axis(axis).map_or(From::Nowhere, |axis| {
                    let mut codes = system.values_of(axis).iter().map(|value| value.code.as_str());
                    From::Axis(axis, ordinals(&mut codes))
                }),
                Source::Table(table) => system.table(table).map_or(From::Nowhere, |(at, table)| {
                    let mut codes = table.values.iter().map(|value| value.code.as_str());
                    From::Table(at.position(), ordinals(&mut codes))
                }),
                Source::UnitKind => From::UnitKind,
            }
        });
        Self {
            id: id.to_owned(),
            columns: columns.collect(),
            asked: asked.collect(),
        }
    }
}

impl Asked {
    fn add(&mut self, system: &DescriptionSystem, condition: Option<&Condition>, place: usize) {
        match condition {
            Some(Condition::Table { table, any }) => match system.table(table) {
                Some((at, table)) => {
                    let values = (0..)
                        .zip(&table.values)
                        .filter(|(_, value)| any.contains(&value.code));
                    let mask = values.fold(0, |mask: u64, (at, _): (u32, _)| mask | 1 << at);
                    self.tables
                        .push((at.position(), (!any.is_empty()).then_some(mask), place));
                }
                None => self.missing.insert(place),
            },
            Some(Condition::Axis { axis, any }) => match system.axis(axis) {
                Some(at) => {
                    let values = any.iter().filter_map(|value| system.value(at, value));
                    self.axes
                        .push((at, values.fold(0, |mask, at| mask | 1 << at), place));
                }
                None => self.missing.insert(place),
            },
            _ => {}
        }
    }
}

/// The indicators with their variants that are counted.
fn computed(
    definitions: &IndicatorDefinitions,
) -> impl Iterator<Item = (&crate::definition::Indicator, &crate::definition::Variant)> {
    definitions.indicators.iter().flat_map(|indicator| {
        let variants = indicator.variants.iter().filter(|variant| {
            matches!(variant.feed, Feed::Computed | Feed::MethodTest) && variant.figure.is_computed()
        });
        variants.map(move |variant| (indicator, variant))
    })
}

/// Whether figures of months are made of an indicator.
fn is_monthly(definitions: &IndicatorDefinitions, indicator: &crate::definition::Indicator) -> bool {
    let by_month = |id: &String| {
        definitions
            .breakdown(id)
            .is_some_and(|known| known.by == BrokenDownBy::Month)
    };
    indicator.window.period == Length::Month || indicator.breakdowns.iter().any(by_month)
}

fn counted(measure: &Measure) -> Counted {
    match &measure.counts {
        Counts::Parts => Counted::Parts,
        Counts::Persons => Counted::Persons,
        Counts::Days => Counted::Days,
        Counts::Sum(number) => {
            let numbers = measure.of.first().map_or(&[][..], |part| part.numbers());
            Counted::Sum(
                numbers
                    .iter()
                    .position(|known| known == number)
                    .unwrap_or(usize::MAX),
            )
        }
    }
}

fn values(ground: &Ground<'_>, source: &Source) -> Vec<String> {
    match source {
        Source::Axis(axis) => match ground.system.axis(axis) {
            Some(axis) => ground
                .system
                .values_of(axis)
                .iter()
                .map(|value| value.code.clone())
                .collect(),
            None => Vec::new(),
        },
        Source::Table(table) => match ground.system.table(table) {
            Some((_, table)) => table.values.iter().map(|value| value.code.clone()).collect(),
            None => Vec::new(),
        },
        Source::UnitKind => ground.unit_kinds.to_vec(),
    }
}

/// Whether an axis is of bands of the person's age.
pub(super) fn is_age(system: &DescriptionSystem, axis: &str) -> bool {
    let axis = system.axis(axis).and_then(|axis| system.axis_definition(axis));
    axis.is_some_and(|axis| matches!(axis.derivation, Some(Derivation::Age(_))))
}

/// First ages of bands so fine that those of every axis of ages and of every standard population are made up of them.
fn age_bands(ground: &Ground<'_>) -> Vec<u8> {
    let axes = ground
        .system
        .source()
        .axes
        .iter()
        .filter_map(|axis| match &axis.derivation {
            Some(Derivation::Age(bands)) => Some(bands),
            _ => None,
        });
    let of_axes = axes.flatten().map(|(from, _)| *from);
    let standards = ground.definitions.standards.iter();
    let of_standards = standards.flat_map(|standard| standard.bands.iter().map(|(from, _)| *from));
    let mut ages: Vec<u8> = of_axes
        .chain(of_standards)
        .chain([0])
        .filter_map(|age| u8::try_from(age).ok())
        .collect();
    ages.retain(|age| *age < u8::MAX);
    ages.sort_unstable();
    ages.dedup();
    ages
}

fn absent_is_known(path: &str) -> bool {
    ABSENT_IS_KNOWN.contains(&path)
}
