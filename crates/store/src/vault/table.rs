//! Which look-up leads to which person, in memory: 32 bytes a person and little beside it. Keeps nothing on disk.

use vardnav_register::identity::PersonKey;

use super::seal::Lookup;

/// Shelves that the persons are spread over by the beginning of the look-up.
const SHELVES: usize = 4096;

/// The first half of a look-up, which tells persons apart as well as the whole.
type Half = [u8; 16];

/// Look-ups and the persons they lead to: sorted shelves without gaps.
#[derive(Debug)]
pub(crate) struct Table {
    shelves: Vec<Vec<(Half, PersonKey)>>,
    count: usize,
}

impl Table {
    /// Takes in many persons at once, of which there are about `expected`. What leads to two leads to the one that came
    /// last.
    pub(crate) fn filling(expected: usize) -> Filling {
        // A little more than the mean, so that most shelves never grow.
        let room = match expected / SHELVES {
            0 => 0,
            mean => mean + mean.isqrt() * 2,
        };
        Filling(Self {
            shelves: (0..SHELVES).map(|_| Vec::with_capacity(room)).collect(),
            count: 0,
        })
    }

    /// How many look-ups it holds.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The person that a look-up leads to.
    pub(crate) fn get(&self, lookup: &Lookup) -> Option<PersonKey> {
        let half = half(lookup);
        let shelf = self.shelves.get(place(&half))?;
        let at = shelf.binary_search_by(|(held, _)| held.cmp(&half)).ok()?;
        shelf.get(at).map(|(_, person)| *person)
    }

    /// Lets a look-up lead to a person.
    pub(crate) fn insert(&mut self, lookup: &Lookup, person: PersonKey) {
        let half = half(lookup);
        let Some(shelf) = self.shelves.get_mut(place(&half)) else {
            return;
        };
        match shelf.binary_search_by(|(held, _)| held.cmp(&half)) {
            Ok(at) => {
                if let Some((_, held)) = shelf.get_mut(at) {
                    *held = person;
                }
            }
            Err(at) => {
                grow(shelf);
                shelf.insert(at, (half, person));
                self.count += 1;
            }
        }
    }
}

/// A table that is being filled, and answers nothing yet.
#[derive(Debug)]
pub(crate) struct Filling(Table);

impl Filling {
    /// Lets a look-up lead to a person.
    pub(crate) fn push(&mut self, lookup: &Lookup, person: PersonKey) {
        let half = half(lookup);
        if let Some(shelf) = self.0.shelves.get_mut(place(&half)) {
            grow(shelf);
            shelf.push((half, person));
        }
    }

    /// The table.
    pub(crate) fn finish(self) -> Table {
        let mut table = self.0;
        for shelf in &mut table.shelves {
            shelf.sort_by_key(|(half, _)| *half);
            shelf.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    earlier.1 = later.1;
                }
                same
            });
        }
        table.count = table.shelves.iter().map(Vec::len).sum();
        table
    }
}

/// Makes room for one more, without doubling.
fn grow(shelf: &mut Vec<(Half, PersonKey)>) {
    if shelf.len() == shelf.capacity() {
        shelf.reserve_exact(shelf.len() / 8 + 4);
    }
}

/// The half of a look-up by which it is kept.
pub(crate) fn half(lookup: &Lookup) -> Half {
    lookup.first_chunk().copied().unwrap_or_default()
}

fn place(half: &Half) -> usize {
    let [first, second, ..] = *half;
    (usize::from(first) << 8 | usize::from(second)) % SHELVES
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    /// Held against a map, with look-ups that come again and share their shelves.
    #[test]
    fn a_table_answers_as_a_map_does() {
        let mut chance = StdRng::seed_from_u64(12);
        for expected in [0, 3, 9_000] {
            let mut map = HashMap::new();
            let draw = |chance: &mut StdRng| {
                let mut lookup = [0; 32];
                lookup[0] = chance.random_range(0..2);
                lookup[7] = chance.random_range(0..40);
                lookup[15] = chance.random_range(0..40);
                (lookup, PersonKey(chance.random()))
            };
            let mut filling = Table::filling(expected);
            for _ in 0..2_000 {
                let (lookup, person) = draw(&mut chance);
                filling.push(&lookup, person);
                map.insert(lookup, person);
            }
            let mut table = filling.finish();
            assert_eq!(table.len(), map.len());
            for _ in 0..2_000 {
                let (lookup, person) = draw(&mut chance);
                assert_eq!(table.get(&lookup), map.get(&lookup).copied());
                table.insert(&lookup, person);
                map.insert(lookup, person);
                assert_eq!(table.get(&lookup), Some(person));
            }
            assert_eq!(table.len(), map.len());
            assert!(
                map.iter()
                    .all(|(lookup, person)| table.get(lookup) == Some(*person))
            );
        }
    }
}
