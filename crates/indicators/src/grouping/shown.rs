//! Which groups of kommuner may be told beside figures of kommuner, regions and the country that are told already.
//!
//! Groups cross regions, so what is withheld of a kommun stands in two sums: that of its region and that of its group.
//! Whoever sees both takes away the kommuner that are shown, and has what is left of each region and of each group. By
//! adding up what is left of some groups, and taking away what is left of the regions that lie within them, there
//! remains the sum of some withheld kommuner. It must be 0 or reach the threshold, for every choice of groups; what
//! remains of other choices of regions is more by what is left of those, which was decided upon before. By taking the rest
//! of the groups and of the regions, the same holds for what remains of regions when groups are taken away. Where it does
//! not hold, a group is withheld, and stands from then on together with all that are, and with what is in no group.
//!
//! Of a withheld kommun some finer figure may be told, as of one sex. What finer figures tell of it does not protect it, so
//! what remains must reach the threshold without that.

use std::collections::{BTreeMap, BTreeSet};

/// Most groups that are told: every choice of them is tried.
const GROUPS_MAX: usize = 12;

/// A kommun whose figure is withheld, or what stands beside the kommuner of a region or of the country.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Withheld<'a> {
    /// Its region; `None` where the region's figure is withheld too, or it has none.
    pub region: Option<u8>,
    /// Its group; `None` where it is in none.
    pub group: Option<&'a str>,
    /// Of each count that figures are made of: how many, and how many of them no finer figure tells of.
    pub counts: Vec<(u64, u64)>,
}

/// The groups that must be withheld, of all that there are.
pub fn withheld<'a>(groups: &[&'a str], kommuner: &[Withheld<'a>], threshold: u64) -> BTreeSet<&'a str> {
    let mut hidden = BTreeSet::new();
    if groups.len() > GROUPS_MAX {
        return groups.iter().copied().collect();
    }
    loop {
        let told: Vec<&str> = groups
            .iter()
            .copied()
            .filter(|group| !hidden.contains(group))
            .collect();
        let Some(wrong) = first_wrong(&told, kommuner, threshold) else {
            return hidden;
        };
        // The least of those that tell too much, or of those that leave the rest so.
        let sum = |group: &&&str| -> u64 {
            let of = kommuner.iter().filter(|kommun| kommun.group == Some(**group));
            of.flat_map(|kommun| kommun.counts.iter().map(|(count, _)| count))
                .sum()
        };
        let chosen = told.iter().filter(|group| wrong.contains(*group)).min_by_key(sum);
        match chosen.or_else(|| told.iter().min_by_key(sum)) {
            Some(group) => hidden.insert(*group),
            None => return hidden,
        };
    }
}

/// A choice of groups of which too few remain. Without any name, that is what is in none of those told.
fn first_wrong<'a>(told: &[&'a str], kommuner: &[Withheld<'a>], threshold: u64) -> Option<BTreeSet<&'a str>> {
    // The last place is for all that is in no group that is told.
    let place = |kommun: &Withheld<'_>| {
        let found = told.iter().position(|group| kommun.group == Some(*group));
        1_u32 << found.unwrap_or(told.len())
    };
    let mut regions: BTreeMap<Option<u8>, u32> = BTreeMap::new();
    for kommun in kommuner {
        *regions.entry(kommun.region).or_default() |= place(kommun);
    }
    let counts = kommuner
        .iter()
        .map(|kommun| kommun.counts.len())
        .max()
        .unwrap_or(0);
    let choices = 1..1_u32 << (told.len() + 1);
    let wrong = choices.into_iter().find(|choice| {
        let remains = |kommun: &&Withheld<'_>| {
            let within = regions
                .get(&kommun.region)
                .is_some_and(|groups| groups & !choice == 0);
            place(kommun) & choice != 0 && !within
        };
        (0..counts).any(|at| {
            let (mut all, mut untold) = (0_u64, 0_u64);
            for kommun in kommuner.iter().filter(remains) {
                let (count, own) = kommun.counts.get(at).copied().unwrap_or_default();
                all = all.saturating_add(count);
                untold = untold.saturating_add(own);
            }
            all > 0 && untold < threshold
        })
    })?;
    let chosen = (0..).zip(told).filter(|(at, _)| wrong & (1_u32 << at) != 0);
    Some(chosen.map(|(_, group)| *group).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kommun(region: u8, group: &'static str, count: u64) -> Withheld<'static> {
        Withheld {
            region: Some(region),
            group: Some(group),
            counts: vec![(count, count)],
        }
    }

    fn hidden(kommuner: &[Withheld<'static>]) -> Vec<&'static str> {
        withheld(&["a", "b", "c"], kommuner, 5).into_iter().collect()
    }

    #[test]
    fn nothing_that_is_withheld_reveals_nothing() {
        assert!(hidden(&[]).is_empty());
        // What is left of a group is what is left of its region: nothing new.
        assert!(hidden(&[kommun(1, "a", 2), kommun(1, "a", 3)]).is_empty());
    }

    #[test]
    fn a_group_that_crosses_regions_must_not_tell_of_one_kommun() {
        // Region 1 leaves 2 and 9; the group of the 2 alone would tell it.
        let told = hidden(&[kommun(1, "a", 2), kommun(1, "b", 9)]);
        assert!(told.contains(&"a"), "{told:?}");
        // Enough of others in both groups, in other regions.
        let others = [
            kommun(1, "a", 2),
            kommun(1, "b", 9),
            kommun(2, "a", 9),
            kommun(2, "b", 9),
        ];
        assert!(hidden(&others).is_empty());
    }

    #[test]
    fn regions_are_taken_away_from_groups() {
        // Group a has 2 in region 1 and all that is left of region 2: together 11, but region 2's 9 is known.
        let told = hidden(&[
            kommun(1, "a", 2),
            kommun(1, "b", 20),
            kommun(2, "a", 4),
            kommun(2, "a", 5),
        ]);
        assert!(told.contains(&"a"), "{told:?}");
    }

    #[test]
    fn what_finer_figures_tell_protects_nobody() {
        let of = |untold| Withheld {
            counts: vec![(9, untold)],
            ..kommun(2, "a", 9)
        };
        let kommuner = |untold| {
            [
                kommun(1, "a", 2),
                kommun(1, "b", 9),
                of(untold),
                kommun(2, "b", 9),
            ]
        };
        assert!(hidden(&kommuner(9)).is_empty());
        assert!(!hidden(&kommuner(2)).is_empty());
    }

    /// Every sum of what is left of some groups less what is left of some regions that holds no count twice and none
    /// below 0 is 0 or reaches the threshold: tried over all choices of both, where the function tries groups alone.
    #[test]
    fn no_difference_of_groups_and_regions_is_small() {
        let mut state = 7_u64;
        let mut below = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % most
        };
        let names = ["a", "b", "c"];
        let (mut tried, mut told_at_all) = (0_u32, 0_usize);
        for _ in 0..400 {
            let mut kommuner = Vec::new();
            for region in 1..=3_u8 {
                // As regions are decided upon before: what is left of one is enough.
                let mut left: Vec<Withheld<'static>> = (0..1 + below(4))
                    .map(|_| kommun(region, ["a", "b", "c"][below(3) as usize], below(9)))
                    .collect();
                let sum: u64 = left.iter().map(|kommun| kommun.counts[0].0).sum();
                if sum < 5 {
                    left[0].counts = vec![(9, 9)];
                }
                kommuner.extend(left);
            }
            let hidden = withheld(&names, &kommuner, 5);
            let groups: Vec<&str> = names.into_iter().filter(|name| !hidden.contains(name)).collect();
            told_at_all += groups.len();
            for chosen in 0..1_u32 << (groups.len() + 1) {
                for regions in 0..8_u32 {
                    let in_groups = |kommun: &Withheld<'_>| {
                        let at = groups.iter().position(|group| kommun.group == Some(*group));
                        chosen & (1 << at.unwrap_or(groups.len())) != 0
                    };
                    let in_regions =
                        |kommun: &Withheld<'_>| regions & (1 << (kommun.region.unwrap() - 1)) != 0;
                    let sum = |is: &dyn Fn(&Withheld<'_>) -> bool| -> u64 {
                        let of = kommuner.iter().filter(|kommun| is(kommun));
                        of.map(|kommun| kommun.counts[0].0).sum()
                    };
                    let any = |is: &dyn Fn(&Withheld<'_>) -> bool| kommuner.iter().any(is);
                    let plus = |kommun: &Withheld<'_>| in_groups(kommun) && !in_regions(kommun);
                    let minus = |kommun: &Withheld<'_>| in_regions(kommun) && !in_groups(kommun);
                    type Is<'a> = &'a dyn Fn(&Withheld<'_>) -> bool;
                    let (plus, minus): (Is<'_>, Is<'_>) = (&plus, &minus);
                    for (remains, other) in [(plus, minus), (minus, plus)] {
                        if !any(other) {
                            let sum = sum(remains);
                            assert!(sum == 0 || sum >= 5, "{sum} of {kommuner:?} with {groups:?}");
                            tried += 1;
                        }
                    }
                }
            }
        }
        assert!(
            tried > 5_000 && told_at_all > 100,
            "{tried} tried, {told_at_all} told"
        );
    }
}
