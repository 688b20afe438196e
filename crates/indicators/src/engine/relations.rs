//! Where the parts of a person stand to each measure once their other parts are known.

use super::Engine;
use super::compile::Relation;
use super::day;
use super::marked::Marked;
use super::periods::ended;
use super::truth::Truth;

/// Most dates of a person on which days are over that a measure rests on. Of more, the last count: before the first of
/// those all that waits is undecided.
const TURNS_MAX: usize = 256;

/// The parts of a person in order, with their days.
pub(super) struct Person<'a> {
    pub(super) parts: Vec<&'a Marked>,
    starts: Vec<i32>,
    ends: Vec<Option<i32>>,
}

/// Where each part stands to each measure; `None` for measures that were not asked for.
pub(super) type Standings = Vec<Option<Vec<Truth>>>;

/// Parts of a measure by a day of theirs, rising, with how many before each are counted and undecided.
#[derive(Default)]
struct ByDay {
    days: Vec<i32>,
    before: Vec<(u32, u32)>,
}

impl<'a> Person<'a> {
    pub(super) fn new(parts: &'a [Marked]) -> Self {
        let mut parts: Vec<&Marked> = parts.iter().collect();
        parts.sort();
        Self {
            starts: parts.iter().map(|part| day(part.start)).collect(),
            ends: parts.iter().map(|part| ended(part).map(day)).collect(),
            parts,
        }
    }

    /// Where the parts stand to a measure on a day, when it is known how they stand to those before it.
    pub(super) fn standing(
        &self,
        engine: &Engine,
        measure: usize,
        on: i32,
        earlier: &Standings,
    ) -> Vec<Truth> {
        let mut standing: Vec<Truth> = self.parts.iter().map(|part| part.truth(measure)).collect();
        let relations = engine
            .whole
            .measures
            .get(measure)
            .map_or(&[][..], |measure| &measure.relations);
        for relation in relations {
            let others = earlier.get(relation.measure).and_then(Option::as_ref);
            let by_day = others.map(|others| self.by_day(others, relation.is_after));
            for (at, truth) in standing
                .iter_mut()
                .enumerate()
                .filter(|(_, truth)| **truth != Truth::False)
            {
                let found = match (&by_day, others) {
                    (Some(by_day), Some(others)) => self.find(at, relation, by_day, others, on),
                    _ => Truth::Unknown,
                };
                *truth = truth.and(if relation.is_excluded { found.not() } else { found });
            }
        }
        standing
    }

    /// The days on which a measure's standing may turn because days are over.
    pub(super) fn turns(&self, engine: &Engine, measure: usize, turns: &mut Vec<i32>) {
        let relations = engine
            .whole
            .measures
            .get(measure)
            .map_or(&[][..], |measure| &measure.relations);
        for relation in relations.iter().filter(|relation| relation.is_after) {
            for (part, end) in self.parts.iter().zip(&self.ends) {
                if let Some(end) = end.filter(|_| part.truth(measure) != Truth::False) {
                    turns.push(end + i32::from(relation.days.most) + 1);
                }
            }
        }
        turns.sort_unstable();
        turns.dedup();
        let surplus = turns.len().saturating_sub(TURNS_MAX);
        turns.drain(..surplus);
    }

    fn by_day(&self, others: &[Truth], is_after: bool) -> ByDay {
        let day = |at: usize| match is_after {
            true => self.starts.get(at).copied(),
            false => self.ends.get(at).copied().flatten(),
        };
        let with = others
            .iter()
            .enumerate()
            .filter(|(_, truth)| **truth != Truth::False);
        let mut with: Vec<(i32, Truth)> = with.filter_map(|(at, truth)| Some((day(at)?, *truth))).collect();
        with.sort_unstable();
        let mut by_day = ByDay {
            days: with.iter().map(|(day, _)| *day).collect(),
            before: vec![(0, 0)],
        };
        let mut count = (0, 0);
        for (_, truth) in &with {
            match truth {
                Truth::True => count.0 += 1,
                _ => count.1 += 1,
            }
            by_day.before.push(count);
        }
        by_day
    }

    /// Whether another part stands as a relation asks.
    fn find(&self, at: usize, relation: &Relation, by_day: &ByDay, others: &[Truth], on: i32) -> Truth {
        let (start, end) = (self.starts.get(at).copied(), self.ends.get(at).copied().flatten());
        let (least, most) = (i32::from(relation.days.least), i32::from(relation.days.most));
        let (range, own) = match (relation.is_after, start, end) {
            (false, Some(start), end) => (start - most..=start - least, end),
            (true, start, Some(end)) => (end + least..=end + most, start),
            // While it is open nothing follows it.
            _ => return Truth::Unknown,
        };
        let from = by_day.days.partition_point(|day| day < range.start());
        let to = by_day.days.partition_point(|day| day <= range.end());
        let count = |at: usize| by_day.before.get(at).copied().unwrap_or_default();
        let (mut holds, mut may) = (count(to).0 - count(from).0, count(to).1 - count(from).1);
        // It is no other than itself.
        if own.is_some_and(|own| range.contains(&own)) {
            match others.get(at) {
                Some(Truth::True) => holds -= 1,
                Some(Truth::Unknown) => may -= 1,
                Some(Truth::False) | None => {}
            }
        }
        if holds > 0 {
            Truth::True
        } else if may > 0 || (relation.is_after && on <= *range.end()) {
            Truth::Unknown
        } else {
            Truth::False
        }
    }

    /// For each part those that were directly before it: the parts of its kind that began before it and ended last, on
    /// or before its first date.
    pub(super) fn before(&self) -> Vec<Vec<usize>> {
        let mut by_end: Vec<(i32, usize)> = (0..)
            .zip(&self.ends)
            .filter_map(|(at, end)| Some(((*end)?, at)))
            .collect();
        by_end.sort_unstable();
        let fits = |at: usize, other: usize| {
            let kind = |at: usize| self.parts.get(at).map(|part| part.kind);
            kind(at) == kind(other) && self.starts.get(other) < self.starts.get(at)
        };
        let before = self.starts.iter().enumerate().map(|(at, start)| {
            let until = by_end.partition_point(|(end, _)| end <= start);
            let earlier = by_end.get(..until).unwrap_or_default().iter().rev();
            let mut fitting = earlier.filter(|(_, other)| fits(at, *other)).peekable();
            let last = fitting.peek().map(|(end, _)| *end);
            fitting
                .take_while(|(end, _)| Some(*end) == last)
                .map(|(_, other)| *other)
                .collect()
        });
        before.collect()
    }
}
