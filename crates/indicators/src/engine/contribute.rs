//! What all parts of a person, or of a unit, count as.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use vardnav_classification::facts::bits;
use vardnav_register::bytes::date_from_days;

use super::compile::{ClusterFigure, Compiled, Counted as Counts};
use super::marked::{Column, Marked};
use super::periods::Period;
use super::relations::{Person, Standings};
use super::truth::{Bits, Truth};
use super::{BrokenDown, Counted, Engine, MeasureCell, Moment, Value};

/// Counts of cells.
type Cells = BTreeMap<MeasureCell, u64>;

/// The values in which a part, or a person in a period, is counted and in which it is undecided.
#[derive(Debug, Clone, Copy, Default)]
struct In {
    counted: u64,
    undecided: u64,
}

/// The bit of a part that has none of the values.
const NONE: u64 = 1 << 62;
/// The bit of a part whose value is not known.
const UNKNOWN: u64 = 1 << 63;

impl Engine {
    /// What parts count as, each cell with how many; in order of cells, none twice. They are all current parts of one
    /// person; or all of one care unit, of which those of different calendar years may be given apart. Parts of
    /// inhabitants count as nothing here.
    pub fn contributions(&self, parts: &[Marked]) -> Vec<(MeasureCell, u64)> {
        let person = Person::new(parts);
        let sets = person.parts.iter().map(|part| part.holds.with(&part.undecided));
        let active = sets.fold(Bits::default(), |all, set| all.with(&set));
        if active.is_empty() {
            return Vec::new();
        }
        let before = match self.whole.splits.iter().any(|split| split.is_before) {
            true => person.before(),
            false => Vec::new(),
        };
        let pass = Pass {
            engine: self,
            person: &person,
            before,
        };
        let mut standings: Standings = vec![None; self.whole.measures.len()];
        let (timed, lasting) = pass.settle(&active, &mut standings);
        let clusters = |is_timed: bool| {
            let figures = self.whole.clusters.iter().enumerate();
            figures.filter(move |(_, figure)| self.is_timed(figure) == is_timed)
        };
        let mut cells = Cells::new();
        for measure in lasting {
            pass.count(measure, &standings, &mut cells);
        }
        for (at, figure) in clusters(false) {
            pass.cluster(at, figure, &standings, &mut cells);
        }
        if !timed.is_empty() {
            let mut turns = Vec::new();
            for measure in &timed {
                person.turns(self, *measure, &mut turns);
            }
            let stretches = std::iter::once(i32::MIN).chain(turns.iter().copied());
            let mut runs = Runs::default();
            for on in stretches {
                let mut cells = Cells::new();
                for measure in &timed {
                    let standing = person.standing(self, *measure, on, &standings);
                    if let Some(place) = standings.get_mut(*measure) {
                        *place = Some(standing);
                    }
                }
                for measure in timed.iter().filter(|measure| active.contains(**measure)) {
                    pass.count(*measure, &standings, &mut cells);
                }
                for (at, figure) in clusters(true) {
                    pass.cluster(at, figure, &standings, &mut cells);
                }
                runs.add(date_from_days(on).filter(|_| on > i32::MIN), cells);
            }
            cells.extend(runs.end());
        }
        cells.into_iter().collect()
    }

    fn is_timed(&self, figure: &ClusterFigure) -> bool {
        let terms = figure.numerator.iter().chain(&figure.denominator);
        let mut measures = terms.filter_map(|(measure, _)| self.whole.measures.get(*measure));
        measures.any(|measure| measure.is_timed)
    }
}

struct Pass<'a> {
    engine: &'a Engine,
    person: &'a Person<'a>,
    before: Vec<Vec<usize>>,
}

impl Pass<'_> {
    /// Settles the measures that some part may be counted by and those they rest on. Gives those that rest on days that
    /// must be over, which are not settled, and of the others those that count.
    fn settle(&self, active: &Bits, standings: &mut Standings) -> (Vec<usize>, Vec<usize>) {
        let measures = &self.engine.whole.measures;
        let needs = active
            .iter()
            .filter_map(|at| measures.get(at))
            .map(|measure| &measure.needs);
        let needed = needs.fold(*active, |all, needs| all.with(needs));
        let (mut timed, mut lasting) = (Vec::new(), Vec::new());
        for at in needed.iter() {
            let Some(measure) = measures.get(at) else { continue };
            if measure.is_timed {
                timed.push(at);
                continue;
            }
            let standing = self.person.standing(self.engine, at, i32::MIN, standings);
            if let Some(place) = standings.get_mut(at) {
                *place = Some(standing);
            }
            if active.contains(at) {
                lasting.push(at);
            }
        }
        (timed, lasting)
    }

    /// Counts the parts, days, numbers or persons of a measure.
    fn count(&self, at: usize, standings: &Standings, cells: &mut Cells) {
        let (Some(measure), Some(Some(standing))) = (self.engine.whole.measures.get(at), standings.get(at))
        else {
            return;
        };
        if measure.counts == Counts::Persons {
            self.count_persons(at, measure, standing, cells);
            return;
        }
        for (place, truth) in standing
            .iter()
            .enumerate()
            .filter(|(_, truth)| **truth != Truth::False)
        {
            let Some(part) = self.person.parts.get(place) else {
                continue;
            };
            let values: Vec<(usize, In)> = self.values(place, *truth, &measure.breakdowns);
            self.engine
                .periods(part, measure, measure.is_monthly, |period, weight| {
                    let whole = self.cell(measure_of(at), period, part, *truth != Truth::True);
                    *cells.entry(whole).or_default() += weight;
                    for cell in broken_down(whole, &values) {
                        *cells.entry(cell).or_default() += weight;
                    }
                });
        }
        cells.retain(|_, count| *count > 0);
    }

    /// Counts a person once in each period, where the first part lies that counts there.
    fn count_persons(&self, at: usize, measure: &Compiled, standing: &[Truth], cells: &mut Cells) {
        struct Once {
            first: usize,
            truth: Truth,
            values: Vec<(usize, In)>,
        }
        let mut periods: BTreeMap<Period, Once> = BTreeMap::new();
        for (place, truth) in standing
            .iter()
            .enumerate()
            .filter(|(_, truth)| **truth != Truth::False)
        {
            let Some(part) = self.person.parts.get(place) else {
                continue;
            };
            let values = self.values(place, *truth, &measure.breakdowns);
            self.engine
                .periods(part, measure, measure.is_monthly, |period, _| {
                    let once = periods.entry(period).or_insert_with(|| Once {
                        first: place,
                        truth: *truth,
                        values: measure
                            .breakdowns
                            .iter()
                            .map(|split| (*split, In::default()))
                            .collect(),
                    });
                    if once.truth < *truth {
                        (once.first, once.truth) = (place, *truth);
                    }
                    for ((_, all), (_, values)) in once.values.iter_mut().zip(&values) {
                        all.counted |= values.counted;
                        all.undecided |= values.undecided;
                    }
                });
        }
        for (period, mut once) in periods {
            let Some(part) = self.person.parts.get(once.first) else {
                continue;
            };
            let whole = self.cell(measure_of(at), period, part, once.truth != Truth::True);
            cells.insert(whole, 1);
            for (_, values) in &mut once.values {
                values.undecided &= !values.counted;
            }
            cells.extend(broken_down(whole, &once.values).map(|cell| (cell, 1)));
        }
    }

    /// Adds the cluster that the parts are to a figure.
    fn cluster(&self, at: usize, figure: &ClusterFigure, standings: &Standings, cells: &mut Cells) {
        let is_of_person = |part: &&Marked| part.kind.is_of_a_person();
        if self
            .person
            .parts
            .first()
            .is_none_or(|part| is_of_person(part) != figure.is_of_persons)
        {
            return;
        }
        /// The first part, and the sums: numerator, denominator.
        type Cluster = (usize, [u64; 2]);
        let mut clusters: BTreeMap<(Period, Option<BrokenDown>), Cluster> = BTreeMap::new();
        for (side, terms) in [&figure.numerator, &figure.denominator].into_iter().enumerate() {
            for (measure_at, times) in terms {
                let measure = self.engine.whole.measures.get(*measure_at);
                let (Some(measure), Some(Some(standing))) = (measure, standings.get(*measure_at)) else {
                    continue;
                };
                let is_of_persons = measure.counts == Counts::Persons;
                let mut counted = BTreeSet::new();
                let those = standing
                    .iter()
                    .enumerate()
                    .filter(|(_, truth)| **truth == Truth::True);
                for (place, truth) in those {
                    let Some(part) = self.person.parts.get(place) else {
                        continue;
                    };
                    let values = self.values(place, *truth, &figure.breakdowns);
                    self.engine
                        .periods(part, measure, figure.is_monthly, |period, weight| {
                            let whole = self.cell(measure_of(*measure_at), period, part, false);
                            let cells = broken_down(whole, &values).filter(|cell| !cell.is_undecided);
                            for value in std::iter::once(None).chain(cells.map(|cell| cell.value)) {
                                if is_of_persons && !counted.insert((period, value)) {
                                    continue;
                                }
                                let (first, sums) =
                                    clusters.entry((period, value)).or_insert((place, [0, 0]));
                                *first = (*first).min(place);
                                if let Some(sum) = sums.get_mut(side) {
                                    *sum = sum.saturating_add(weight.saturating_mul(*times));
                                }
                            }
                        });
                }
            }
        }
        for ((period, value), (first, [y, x])) in clusters {
            let Some(part) = self.person.parts.get(first).filter(|_| y > 0 || x > 0) else {
                continue;
            };
            for moment in Moment::ALL {
                let figure = u16::try_from(at).unwrap_or(u16::MAX);
                let cell = MeasureCell {
                    value,
                    ..self.cell(Counted::Cluster(figure, moment), period, part, false)
                };
                let sum = match moment {
                    Moment::Clusters => 1,
                    Moment::Numerator => y,
                    Moment::Denominator => x,
                    Moment::Squares => y.saturating_mul(y),
                    Moment::Products => y.saturating_mul(x),
                    Moment::DenominatorSquares => x.saturating_mul(x),
                };
                if sum > 0 {
                    cells.insert(cell, sum);
                }
            }
        }
    }

    /// The values of a part that is counted, or undecided, in breakdowns.
    fn values(&self, place: usize, truth: Truth, breakdowns: &[usize]) -> Vec<(usize, In)> {
        let of = |split: &usize| {
            let column = self.column(place, *split);
            let (values, possible) = match column {
                Column { is_known: false, .. } => (UNKNOWN, 0),
                Column { values: 0, .. } => (NONE, 0),
                Column { values, possible, .. } => (values, possible),
            };
            let values = match truth {
                Truth::True => In {
                    counted: values,
                    undecided: possible,
                },
                _ => In {
                    counted: 0,
                    undecided: values | possible,
                },
            };
            (*split, values)
        };
        breakdowns.iter().map(of).collect()
    }

    fn column(&self, place: usize, split: usize) -> Column {
        let Some(split) = self.engine.whole.splits.get(split) else {
            return Column::default();
        };
        let own = |place: usize| {
            let part = self.person.parts.get(place);
            part.and_then(|part| part.columns.get(split.column))
                .copied()
                .unwrap_or_default()
        };
        if !split.is_before {
            return own(place);
        }
        let none = Column {
            is_known: true,
            ..Column::default()
        };
        let before = self.before.get(place).map_or(&[][..], Vec::as_slice);
        before
            .iter()
            .map(|before| own(*before))
            .fold(none, |all, one| match all.is_known && one.is_known {
                true => Column {
                    is_known: true,
                    values: all.values | one.values,
                    possible: (all.possible | one.possible) & !(all.values | one.values),
                },
                false => Column::default(),
            })
    }

    fn cell(
        &self,
        counted: Counted,
        (year, month): Period,
        part: &Marked,
        is_undecided: bool,
    ) -> MeasureCell {
        MeasureCell {
            counted,
            value: None,
            year,
            month,
            residence: part.residence,
            sex: part.sex,
            age_from: self.engine.age_from(part.age),
            is_undecided,
            from: None,
            until: None,
        }
    }
}

fn measure_of(at: usize) -> Counted {
    Counted::Measure(u16::try_from(at).unwrap_or(u16::MAX))
}

/// The cells of the values beside that of the whole.
fn broken_down(whole: MeasureCell, values: &[(usize, In)]) -> impl Iterator<Item = MeasureCell> {
    values.iter().flat_map(move |(split, values)| {
        let each = move |set: u64, is_undecided: bool| {
            bits(set).map(move |bit| MeasureCell {
                value: Some(BrokenDown {
                    breakdown: u8::try_from(*split).unwrap_or(u8::MAX),
                    value: match 1_u64 << bit {
                        NONE => Value::None,
                        UNKNOWN => Value::Unknown,
                        _ => Value::Of(bit),
                    },
                }),
                is_undecided,
                ..whole
            })
        };
        each(values.counted, false).chain(each(values.undecided, true))
    })
}

/// Counts that change from one stretch of time to the next, put together where they do not.
#[derive(Default)]
struct Runs {
    /// Where the stretch at hand begins.
    open: BTreeMap<MeasureCell, (Option<Date>, u64)>,
    closed: Vec<(MeasureCell, u64)>,
}

impl Runs {
    /// Adds the counts of the stretch that begins on a date, or the first.
    fn add(&mut self, from: Option<Date>, cells: Cells) {
        let ended: Vec<MeasureCell> = self
            .open
            .iter()
            .filter(|(cell, (_, count))| cells.get(cell) != Some(count))
            .map(|(cell, _)| *cell)
            .collect();
        for cell in ended {
            if let Some((since, count)) = self.open.remove(&cell) {
                let cell = MeasureCell {
                    from: since,
                    until: from,
                    ..cell
                };
                self.closed.push((cell, count));
            }
        }
        for (cell, count) in cells {
            self.open.entry(cell).or_insert((from, count));
        }
    }

    /// All of them.
    fn end(self) -> impl Iterator<Item = (MeasureCell, u64)> {
        let open = self.open.into_iter();
        let open = open.map(|(cell, (from, count))| (MeasureCell { from, ..cell }, count));
        self.closed.into_iter().chain(open)
    }
}
