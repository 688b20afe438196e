//! Circles in a directed graph of concepts: for each knot of concepts that all lead to each other one shortest circle.

/// For each strongly connected part of the graph that has a circle, one shortest circle through its first concept that
/// lies on one, as the concepts in order, the first of them once. `edges` gives what each concept leads to.
pub(super) fn circles(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let part = parts(edges);
    let mut done = vec![false; edges.len()];
    let mut found = Vec::new();
    for start in 0..edges.len() as u32 {
        let Some(of) = part.get(start as usize).copied() else {
            continue;
        };
        if done.get(of as usize).copied().unwrap_or(true) {
            continue;
        }
        if let Some(circle) = shortest(edges, &part, start) {
            if let Some(done) = done.get_mut(of as usize) {
                *done = true;
            }
            found.push(circle);
        }
    }
    found
}

/// The shortest way from a concept back to itself within its part.
fn shortest(edges: &[Vec<u32>], part: &[u32], start: u32) -> Option<Vec<u32>> {
    let of = part.get(start as usize)?;
    let within = |node: &&u32| part.get(**node as usize) == Some(of);
    let mut came: std::collections::HashMap<u32, u32> = std::collections::HashMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in edges.get(node as usize)?.iter().filter(within) {
            if next == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    at = *came.get(&at)?;
                    path.push(at);
                }
                path.reverse();
                return Some(path);
            }
            if next != start && !came.contains_key(&next) {
                came.insert(next, node);
                queue.push_back(next);
            }
        }
    }
    None
}

/// The strongly connected part of each concept (Tarjan's algorithm, without recursion). Parts are numbered below the
/// number of concepts.
fn parts(edges: &[Vec<u32>]) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let count = edges.len();
    let mut order = vec![NONE; count];
    let mut low = vec![NONE; count];
    let mut part = vec![NONE; count];
    let (mut next_order, mut next_part) = (0, 0);
    let mut open: Vec<u32> = Vec::new();
    let get = |list: &[u32], at: u32| list.get(at as usize).copied().unwrap_or(NONE);
    let set = |list: &mut [u32], at: u32, value: u32| {
        if let Some(slot) = list.get_mut(at as usize) {
            *slot = value;
        }
    };
    for root in 0..count as u32 {
        if get(&order, root) != NONE {
            continue;
        }
        let mut walk: Vec<(u32, usize)> = vec![(root, 0)];
        while let Some((node, edge)) = walk.pop() {
            if edge == 0 {
                set(&mut order, node, next_order);
                set(&mut low, node, next_order);
                next_order += 1;
                open.push(node);
            }
            let target = edges.get(node as usize).and_then(|row| row.get(edge)).copied();
            if let Some(target) = target {
                walk.push((node, edge + 1));
                if get(&order, target) == NONE {
                    walk.push((target, 0));
                } else if get(&part, target) == NONE {
                    let lowest = get(&low, node).min(get(&order, target));
                    set(&mut low, node, lowest);
                }
                continue;
            }
            if get(&low, node) == get(&order, node) {
                while let Some(member) = open.pop() {
                    set(&mut part, member, next_part);
                    if member == node {
                        break;
                    }
                }
                next_part += 1;
            }
            if let Some((above, _)) = walk.last() {
                let lowest = get(&low, *above).min(get(&low, node));
                set(&mut low, *above, lowest);
            }
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_deep_chain_that_closes_is_one_circle() {
        let count = 50_000;
        let edges: Vec<Vec<u32>> = (0..count).map(|node| vec![(node + 1) % count]).collect();
        let found = circles(&edges);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0], (0..count).collect::<Vec<_>>());
    }

    /// Whether concepts reach each other, by closing the relation step by step.
    fn reach(edges: &[Vec<u32>]) -> Vec<Vec<bool>> {
        let count = edges.len();
        let mut reach = vec![vec![false; count]; count];
        for (from, row) in edges.iter().enumerate() {
            row.iter().for_each(|to| reach[from][*to as usize] = true);
        }
        for via in 0..count {
            for from in 0..count {
                for to in 0..count {
                    reach[from][to] |= reach[from][via] && reach[via][to];
                }
            }
        }
        reach
    }

    proptest! {
        #[test]
        fn circles_are_those_of_the_closure(
            pairs in prop::collection::vec((0u32..9, 0u32..9), 0..24)
        ) {
            let mut edges = vec![Vec::new(); 9];
            pairs.iter().for_each(|(from, to)| edges[*from as usize].push(*to));
            let reach = reach(&edges);
            let found = circles(&edges);
            let mut knots: Vec<Vec<usize>> = (0..9usize)
                .filter(|node| reach[*node][*node])
                .map(|node| (0..9).filter(|other| reach[node][*other] && reach[*other][node]).collect())
                .collect();
            knots.sort();
            knots.dedup();
            prop_assert_eq!(found.len(), knots.len());
            for circle in found {
                let next = circle.iter().cycle().skip(1);
                for (from, to) in circle.iter().zip(next) {
                    prop_assert!(edges[*from as usize].contains(to));
                }
            }
        }
    }
}
