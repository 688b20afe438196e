//! Counts straight from the parts, day by day and part by part, with truth as `Option<bool>`. Slow, and written from
//! the definitions' documents rather than from the engine.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use vardnav_classification::TableResult;
use vardnav_indicators::definition::BrokenDownBy;
use vardnav_indicators::engine::{BrokenDown, Counted, MeasureCell, Moment, Value};
use vardnav_indicators::measure::{Condition, Counts, Dated, Measure, Part};

use super::ground::{Sample, THROUGH, World};

type Truth = Option<bool>;
type Cells = BTreeMap<MeasureCell, u64>;
/// The parts of a cluster, its numerator and its denominator.
type Cluster = (BTreeSet<usize>, [u64; 2]);

const TABLES: [(&str, [&str; 2]); 2] = [("form", ["x", "y"]), ("groups", ["p", "q"])];

fn days(from: Date, to: Date) -> i64 {
    from.until(to).unwrap().get_days().into()
}

fn ended(part: &Sample) -> Option<Date> {
    part.end.or((part.kind == Part::Contact).then_some(part.start))
}

fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let truths: Vec<Truth> = truths.into_iter().collect();
    if truths.contains(&Some(false)) {
        Some(false)
    } else if truths.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
    all(truths.into_iter().map(|truth| truth.map(|known| !known))).map(|known| !known)
}

struct Oracle<'a> {
    measures: &'a [Measure],
    parts: Vec<&'a Sample>,
    today: Date,
}

impl Oracle<'_> {
    fn counts(&self, at: usize, measure: &Measure) -> Truth {
        if !measure.of.contains(&self.parts[at].kind) {
            return Some(false);
        }
        let must = measure
            .conditions
            .iter()
            .map(|condition| self.holds(at, condition));
        let must_not = measure
            .exclusions
            .iter()
            .map(|condition| self.holds(at, condition).map(|known| !known));
        all(must.chain(must_not))
    }

    fn holds(&self, at: usize, condition: &Condition) -> Truth {
        let part = self.parts[at];
        let measure = |id: &str| self.measures.iter().find(|measure| measure.id == id).unwrap();
        let others = || (0..self.parts.len()).filter(move |other| *other != at);
        match condition {
            Condition::Table { table, any: asked } => {
                let place = TABLES.iter().position(|(id, _)| id == table).unwrap();
                let is_asked =
                    |value: usize| asked.is_empty() || asked.iter().any(|id| id == TABLES[place].1[value]);
                match part.tables[place] {
                    TableResult::NotApplicable => Some(false),
                    TableResult::Held { .. } => None,
                    TableResult::Value { value, .. } => Some(is_asked(value.into())),
                    TableResult::Collected { values, possible } => any((0..2)
                        .filter(|value| is_asked(*value))
                        .map(|value| match (values >> value & 1, possible >> value & 1) {
                            (1, _) => Some(true),
                            (_, 1) => None,
                            _ => Some(false),
                        })),
                }
            }
            Condition::Variable { path, any } if path == "problem" => {
                part.problem.map(|value| any.iter().any(|asked| asked == value))
            }
            // One that may be absent.
            Condition::Variable { any, .. } => {
                Some(part.ending.is_some_and(|value| any.iter().any(|a| a == value)))
            }
            Condition::Age { from, .. } => part.age.map(|age| age >= *from),
            Condition::Between { days: within, .. } => Some(
                part.end
                    .is_some_and(|end| days(part.start, end) <= i64::from(within.most)),
            ),
            Condition::Follows {
                measure: id,
                days: within,
            } => any(others().map(|other| {
                let days = ended(self.parts[other]).map(|end| days(end, part.start));
                match days.is_some_and(|days| (within.least.into()..=within.most.into()).contains(&days)) {
                    true => self.counts(other, measure(id)),
                    false => Some(false),
                }
            })),
            Condition::FollowedBy {
                measure: id,
                days: within,
            } => {
                let end = ended(part)?;
                let found = any(others().map(|other| {
                    let days = days(end, self.parts[other].start);
                    match (within.least.into()..=within.most.into()).contains(&days) {
                        true => self.counts(other, measure(id)),
                        false => Some(false),
                    }
                }));
                let is_over = days(end, self.today) > within.most.into();
                if is_over { found } else { any([found, None]) }
            }
            other => panic!("{other} is in no measure here"),
        }
    }

    /// Months and years, with how much of the part lies there.
    fn periods(&self, part: &Sample, measure: &Measure) -> BTreeMap<(i16, i8), u64> {
        let mut covered = BTreeMap::new();
        let mut each = |date: Date| {
            *covered.entry((date.year(), date.month())).or_default() += 1;
            *covered.entry((date.year(), 0)).or_default() += 1;
        };
        let is_days = measure.counts == Counts::Days;
        match measure.dated {
            Dated::Start if !is_days => each(part.start),
            Dated::End => {
                if let Some(end) = ended(part) {
                    each(end);
                }
            }
            _ => {
                let last = match (part.end, part.kind) {
                    (Some(end), _) => end.yesterday().unwrap(),
                    (None, Part::Contact) => part.start,
                    (None, _) => Date::constant(THROUGH, 12, 31),
                };
                let mut date = part.start;
                loop {
                    each(date);
                    date = date.tomorrow().unwrap();
                    if date > last {
                        break;
                    }
                }
            }
        }
        if !is_days {
            for count in covered.values_mut() {
                *count = 1;
            }
        }
        covered
    }

    /// The values of a part in a breakdown: certain, and possible.
    fn values(&self, at: usize, by: &BrokenDownBy) -> (BTreeSet<Value>, BTreeSet<Value>) {
        let own = |part: &Sample, table: &str| -> Option<(u64, u64)> {
            match part.tables[TABLES.iter().position(|(id, _)| *id == table).unwrap()] {
                TableResult::NotApplicable => Some((0, 0)),
                TableResult::Held { .. } => None,
                TableResult::Value { value, .. } => Some((1 << value, 0)),
                TableResult::Collected { values: 0, possible } if possible != 0 => None,
                TableResult::Collected { values, possible } => Some((values, possible)),
            }
        };
        let part = self.parts[at];
        let found = match by {
            BrokenDownBy::Table(table) => own(part, table),
            BrokenDownBy::TableBefore(table) => {
                let earlier = self.parts.iter().filter(|other| {
                    other.kind == part.kind
                        && other.start < part.start
                        && ended(other).is_some_and(|end| end <= part.start)
                });
                let last = earlier.clone().filter_map(|other| ended(other)).max();
                let before: Option<Vec<(u64, u64)>> = earlier
                    .filter(|other| ended(other) == last)
                    .map(|other| own(other, table))
                    .collect();
                before.map(|all| all.iter().fold((0, 0), |a, b| (a.0 | b.0, a.1 | b.1)))
            }
            _ => panic!("no breakdown of values"),
        };
        let set = |bits: u64| {
            (0..2)
                .filter(|at| bits >> at & 1 == 1)
                .map(Value::Of)
                .collect::<BTreeSet<_>>()
        };
        match found {
            None => ([Value::Unknown].into(), BTreeSet::new()),
            Some((0, _)) => ([Value::None].into(), BTreeSet::new()),
            Some((values, possible)) => (set(values), &set(possible) - &set(values)),
        }
    }

    fn cell(
        &self,
        counted: Counted,
        value: Option<BrokenDown>,
        period: (i16, i8),
        at: usize,
        open: bool,
    ) -> MeasureCell {
        let part = self.parts[at];
        MeasureCell {
            counted,
            value,
            year: period.0,
            month: period.1,
            residence: part.residence,
            sex: part.sex,
            age_from: part.age.map(|age| if age >= 65 { 65 } else { 0 }),
            is_undecided: open,
            from: None,
            until: None,
        }
    }

    /// The whole, and each value in the breakdowns, that a part is in; with whether it is certain.
    fn places(&self, at: usize, breakdowns: &[(u8, &BrokenDownBy)]) -> Vec<(Option<BrokenDown>, bool)> {
        let mut places = vec![(None, true)];
        for (breakdown, by) in breakdowns {
            let (certain, possible) = self.values(at, by);
            for (values, is_certain) in [(certain, true), (possible, false)] {
                places.extend(values.into_iter().map(|value| {
                    let breakdown = *breakdown;
                    (Some(BrokenDown { breakdown, value }), is_certain)
                }));
            }
        }
        places
    }

    fn measure(
        &self,
        number: usize,
        measure: &Measure,
        breakdowns: &[(u8, &BrokenDownBy)],
        cells: &mut Cells,
    ) {
        let counted = Counted::Measure(u16::try_from(number).unwrap());
        let mut persons: BTreeMap<(i16, i8), Vec<usize>> = BTreeMap::new();
        for at in 0..self.parts.len() {
            let truth = self.counts(at, measure);
            if truth == Some(false) {
                continue;
            }
            for (period, weight) in self.periods(self.parts[at], measure) {
                if measure.counts == Counts::Persons {
                    persons.entry(period).or_default().push(at);
                    continue;
                }
                for (value, is_certain) in self.places(at, breakdowns) {
                    let open = truth.is_none() || !is_certain;
                    *cells
                        .entry(self.cell(counted, value, period, at, open))
                        .or_default() += weight;
                }
            }
        }
        for (period, parts) in persons {
            let first = parts
                .iter()
                .find(|at| self.counts(**at, measure) == Some(true))
                .unwrap_or(&parts[0]);
            let mut certain: BTreeMap<Option<BrokenDown>, bool> = BTreeMap::new();
            for at in &parts {
                for (value, is_certain) in self.places(*at, breakdowns) {
                    *certain.entry(value).or_default() |=
                        is_certain && self.counts(*at, measure) == Some(true);
                }
            }
            for (value, is_certain) in certain {
                cells.insert(self.cell(counted, value, period, *first, !is_certain), 1);
            }
        }
    }

    /// The clusters of the one figure that has them: two times the readmissions and the person asking once, over
    /// discharges and days; years alone.
    fn clusters(&self, breakdowns: &[(u8, &BrokenDownBy)], cells: &mut Cells) {
        let named = |id: &str| self.measures.iter().find(|measure| measure.id == id).unwrap();
        let mut sums: BTreeMap<(i16, Option<BrokenDown>), Cluster> = BTreeMap::new();
        for (id, times, side) in [
            ("readmissions", 2, 0),
            ("asked", 1, 0),
            ("discharges", 1, 1),
            ("days", 1, 1),
        ] {
            let mut asked = BTreeSet::new();
            for at in (0..self.parts.len()).filter(|at| self.counts(*at, named(id)) == Some(true)) {
                for ((year, _), weight) in self
                    .periods(self.parts[at], named(id))
                    .into_iter()
                    .filter(|((_, m), _)| *m == 0)
                {
                    for (value, _) in self
                        .places(at, breakdowns)
                        .into_iter()
                        .filter(|(_, is_certain)| *is_certain)
                    {
                        if id == "asked" && !asked.insert((year, value)) {
                            continue;
                        }
                        let sum = sums.entry((year, value)).or_default();
                        sum.0.insert(at);
                        sum.1[side] += weight * times;
                    }
                }
            }
        }
        for ((year, value), (parts, [y, x])) in sums {
            let first = *parts.first().unwrap();
            let all = [1, y, x, y * y, y * x, x * x];
            for (moment, sum) in Moment::ALL.into_iter().zip(all).filter(|(_, sum)| *sum > 0) {
                cells.insert(
                    self.cell(Counted::Cluster(0, moment), value, (year, 0), first, false),
                    sum,
                );
            }
        }
    }
}

/// The cells of a person's parts as they stand on a day.
pub(crate) fn count(world: &World, parts: &[Sample], today: Date) -> Cells {
    // The order of the parts of one day is the engine's own.
    let mut parts: Vec<&Sample> = parts.iter().collect();
    parts.sort_by_key(|part| world.mark(part));
    let oracle = Oracle {
        measures: &world.definitions.measures,
        parts,
        today,
    };
    let by = |id: &str| &world.definitions.breakdown(id).unwrap().by;
    let all = [(0, by("group")), (1, by("form")), (2, by("form-before"))];
    let mut cells = Cells::new();
    for (number, measure) in oracle.measures.iter().enumerate() {
        oracle.measure(number, measure, &all, &mut cells);
    }
    oracle.clusters(&all[2..], &mut cells);
    cells
}
