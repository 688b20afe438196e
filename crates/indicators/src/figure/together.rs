//! Years taken together where one has few events: as few as give the events that an indicator asks for.

use crate::definition::{Indicator, Interval};

use super::{Sums, Told, pooled};

/// A figure of a year with as many of the years before it as the indicator's window asks for. `before` gives those, the
/// newest first; it ends at a year that may not be shown, of which nothing is known, or that cannot be compared. A figure
/// without denominator, or whose interval is by clusters, stands alone: a person in two years is two clusters.
pub fn together(indicator: &Indicator, newest: Told, before: impl FnMut(u8) -> Option<Told>) -> Told {
    let is_clustered = matches!(indicator.interval, Interval::ByPerson | Interval::ByUnit);
    let window = &indicator.window;
    let is_enough = newest.sums.numerator >= u64::from(window.enough);
    if newest.sums.denominator.is_none() || is_clustered || is_enough || window.years < 2 {
        return newest;
    }
    let most = usize::from(window.years);
    let first = newest.clone();
    let years: Vec<Told> = std::iter::once(first)
        .chain((1..window.years).map_while(before))
        .take(most)
        .collect();
    let tallies: Vec<(u64, f64)> = years
        .iter()
        .filter_map(|told| Some((told.sums.numerator, told.sums.denominator?)))
        .collect();
    let Ok(taken) = pooled(indicator, &tallies) else {
        return newest;
    };
    let mut taken = years.into_iter().take(taken.years);
    let Some(first) = taken.next() else { return newest };
    taken.fold(first, |sum, year| sum.and(&year))
}

impl Told {
    /// With the figure of another year. Clusters do not come together: a person in two years is two of them.
    pub fn and(self, year: &Self) -> Self {
        Self {
            sums: add(self.sums, &year.sums),
            years: self.years.saturating_add(year.years),
            undecided: both(self.undecided, year.undecided),
            undecided_denominator: both(self.undecided_denominator, year.undecided_denominator),
        }
    }
}

fn add(mut sum: Sums, year: &Sums) -> Sums {
    sum.numerator = sum.numerator.saturating_add(year.numerator);
    sum.denominator = sum
        .denominator
        .zip(year.denominator)
        .map(|(sum, year)| sum + year);
    // Both are by the bands of the same standard.
    for (sum, year) in sum.strata.iter_mut().zip(&year.strata) {
        sum.events = sum.events.saturating_add(year.events);
        sum.population += year.population;
    }
    if sum.strata.len() != year.strata.len() {
        sum.strata.clear();
    }
    sum.clusters = None;
    sum
}

fn both(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(other?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Window;
    use crate::statistics::standardised::Stratum;

    fn told(events: u64, over: f64) -> Told {
        Told {
            sums: Sums {
                numerator: events,
                denominator: Some(over),
                strata: vec![Stratum {
                    events,
                    population: over,
                    weight: 1.0,
                }],
                clusters: None,
                cluster_scale: 1.0,
                is_proportion: false,
            },
            years: 1,
            undecided: Some(1),
            undecided_denominator: None,
        }
    }

    fn indicator(interval: Interval) -> Indicator {
        Indicator {
            interval,
            window: Window {
                years: 3,
                enough: 20,
                ..Window::default()
            },
            ..Indicator::default()
        }
    }

    #[test]
    fn as_few_years_as_give_enough() {
        let of = |interval, events: u64, before: &[u64]| {
            let before = before.to_vec();
            let found = together(&indicator(interval), told(events, 100.0), |back| {
                let at = usize::from(back) - 1;
                before.get(at).map(|events| told(*events, 90.0))
            });
            let strata = found
                .sums
                .strata
                .iter()
                .map(|stratum| stratum.events)
                .sum::<u64>();
            (found.years, found.sums.numerator, strata, found.undecided)
        };
        assert_eq!(of(Interval::Poisson, 25, &[9]), (1, 25, 25, Some(1)));
        assert_eq!(of(Interval::Poisson, 9, &[12, 8]), (2, 21, 21, Some(2)));
        assert_eq!(of(Interval::Standardised, 9, &[1, 8, 99]), (3, 18, 18, Some(3)));
        assert_eq!(of(Interval::Poisson, 9, &[]), (1, 9, 9, Some(1)));
        assert_eq!(of(Interval::ByPerson, 9, &[12]), (1, 9, 9, Some(1)));
    }
}
