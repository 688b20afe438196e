//! What stands elsewhere in a list whose order decides: the fewest elements whose moving makes one order the other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, Item, What, change};

/// The elements of ordered lists that were moved, each with what it stood after and stands after now.
pub(super) fn moves(old: &[Item], new: &[Item]) -> Vec<Change> {
    let (before, after) = (lists(old), lists(new));
    let mut moved = Vec::new();
    for (list, items) in &after {
        let Some(known) = before.get(list) else { continue };
        let places: BTreeMap<&str, usize> = known
            .iter()
            .enumerate()
            .map(|(at, item)| (item.id.as_str(), at))
            .collect();
        let kept: Vec<(usize, &Item)> = items
            .iter()
            .filter_map(|item| Some((*places.get(item.id.as_str())?, *item)))
            .collect();
        let numbers: Vec<usize> = kept.iter().map(|(at, _)| *at).collect();
        let resting = rising(&numbers);
        for (at, item) in &kept {
            if resting.contains(at) {
                continue;
            }
            let stood = known.get(*at).map(|item| item.place.clone());
            moved.push(Change {
                aspect: "order",
                before: preceding(known, &item.id),
                after: preceding(items, &item.id),
                old: stood.unwrap_or_default(),
                new: item.place.clone(),
                ..change(item, What::Moved)
            });
        }
    }
    moved
}

fn lists(items: &[Item]) -> BTreeMap<&str, Vec<&Item>> {
    let mut lists: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in items.iter().filter(|item| !item.list.is_empty()) {
        lists.entry(&item.list).or_default().push(item);
    }
    lists
}

/// The id that an element stands after; empty for the first.
fn preceding(list: &[&Item], id: &str) -> String {
    let at = list.iter().position(|item| item.id == id).unwrap_or_default();
    let previous = at.checked_sub(1).and_then(|at| list.get(at));
    previous.map(|item| item.id.clone()).unwrap_or_default()
}

/// A longest rising part of distinct numbers.
fn rising(numbers: &[usize]) -> BTreeSet<usize> {
    // Of the rising parts of each length, the one that ends lowest; and what each number follows.
    let mut ends: Vec<usize> = Vec::new();
    let mut follows: BTreeMap<usize, Option<usize>> = BTreeMap::new();
    for &number in numbers {
        let at = ends.partition_point(|end| *end < number);
        let previous = at.checked_sub(1).and_then(|at| ends.get(at)).copied();
        follows.insert(number, previous);
        match ends.get_mut(at) {
            Some(end) => *end = number,
            None => ends.push(number),
        }
    }
    let mut rising = BTreeSet::new();
    let mut next = ends.last().copied();
    while let Some(number) = next {
        rising.insert(number);
        next = follows.get(&number).copied().flatten();
    }
    rising
}

#[cfg(test)]
mod tests {
    use super::rising;

    #[test]
    fn as_few_as_possible_are_moved() {
        let resting = |numbers: &[usize]| rising(numbers).into_iter().collect::<Vec<_>>();
        assert_eq!(resting(&[]), []);
        assert_eq!(resting(&[0, 1, 2]), [0, 1, 2]);
        assert_eq!(resting(&[3, 0, 1, 2]), [0, 1, 2]);
        assert_eq!(resting(&[1, 2, 3, 0]), [1, 2, 3]);
        assert_eq!(resting(&[2, 1, 0]).len(), 1);
        assert_eq!(resting(&[4, 0, 5, 1, 2, 6, 3]).len(), 4);
    }
}
