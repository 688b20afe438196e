//! Where people live: approximate populations, as weights only.

/// A kommun with its weight.
pub(super) struct Kommun {
    /// SCB code as a number.
    pub(super) code: u16,
    /// Approximate population.
    pub(super) population: u32,
}

/// All kommuner.
pub(super) fn kommuner() -> Vec<Kommun> {
    let row = |line: &str| {
        let mut columns = line.split(',');
        let code = columns.next()?.parse().ok()?;
        let population = columns.next_back()?.parse().ok()?;
        Some(Kommun { code, population })
    };
    include_str!("population.csv").lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_kommun_has_a_weight() {
        let kommuner = super::kommuner();
        assert_eq!(kommuner.len(), 290);
        assert!(
            (10_400_000..10_800_000).contains(&kommuner.iter().map(|kommun| kommun.population).sum::<u32>())
        );
    }
}
