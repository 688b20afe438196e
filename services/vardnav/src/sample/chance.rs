//! Chances drawn from a seed, the same on every machine.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::population::Kommun;

/// A source of chances.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from `low` up to and including `high`.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        self.0.random_range(low..=high.max(low))
    }

    /// As [`Chance::between`], of numbers from 0.
    pub(super) fn number(&mut self, low: u32, high: u32) -> u32 {
        self.0.random_range(low..=high.max(low))
    }

    /// True in so many of a hundred cases.
    pub(super) fn yes(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// One of the items, equally likely.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, items: [T; N]) -> T {
        self.weighted(items.map(|item| (1, item)))
    }

    /// One of the items by weight.
    #[expect(
        clippy::indexing_slicing,
        reason = "a list of fixed length that callers never leave empty"
    )]
    pub(super) fn weighted<T: Copy, const N: usize>(&mut self, items: [(u32, T); N]) -> T {
        const { assert!(N > 0, "something to choose from") };
        let mut left = self
            .0
            .random_range(0..items.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in items {
            if left < weight {
                return item;
            }
            left -= weight;
        }
        items[N - 1].1
    }

    /// A kommun by population.
    pub(super) fn kommun(&mut self, kommuner: &[Kommun]) -> u16 {
        let mut left = self.0.random_range(
            0..kommuner
                .iter()
                .map(|kommun| kommun.population)
                .sum::<u32>()
                .max(1),
        );
        for kommun in kommuner {
            if left < kommun.population {
                return kommun.code;
            }
            left -= kommun.population;
        }
        0
    }
}
