//! The words of an edition while they are collected: each once, in the order they are met.

use crate::search::words::head;

/// A slot that is free.
const FREE: u32 = u32::MAX;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// The words. All letters lie in one piece of memory.
#[derive(Debug)]
pub(super) struct Vocabulary {
    letters: String,
    /// By word: where its letters end; they begin where those of the word before end.
    ends: Vec<u32>,
    /// Open-addressed: part of the hash, and the word.
    slots: Vec<(u32, u32)>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self {
            letters: String::new(),
            ends: Vec::new(),
            slots: vec![(0, FREE); 1024],
        }
    }
}

impl Vocabulary {
    /// The number of a word, which is added when new.
    pub(super) fn id(&mut self, word: &str) -> u32 {
        if (self.ends.len() + 1) * 3 > self.slots.len() * 2 {
            self.grow();
        }
        let hash = hash(word.as_bytes());
        let mut at = self.start(hash);
        while let Some(&(part, id)) = self.slots.get(at) {
            if id == FREE {
                break;
            }
            if part == hash && self.get(id) == word {
                return id;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        let id = self.ends.len() as u32;
        self.letters.push_str(word);
        self.ends
            .push(u32::try_from(self.letters.len()).unwrap_or(u32::MAX));
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = (hash, id);
        }
        id
    }

    pub(super) fn get(&self, id: u32) -> &str {
        let end = self.ends.get(id as usize).copied().unwrap_or_default();
        let start = id
            .checked_sub(1)
            .and_then(|before| self.ends.get(before as usize).copied());
        self.letters
            .get(start.unwrap_or_default() as usize..end as usize)
            .unwrap_or_default()
    }

    /// The words by their letters, and the position there of each word.
    pub(super) fn sorted(&self) -> (Vec<u32>, Vec<u32>) {
        let mut heads: Vec<(u64, u32)> = (0..self.ends.len() as u32)
            .map(|id| (head(self.get(id)), id))
            .collect();
        heads.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.get(a.1).cmp(self.get(b.1))));
        let mut number = vec![0; heads.len()];
        for (position, &(_, id)) in (0..).zip(&heads) {
            if let Some(slot) = number.get_mut(id as usize) {
                *slot = position;
            }
        }
        (heads.into_iter().map(|(_, id)| id).collect(), number)
    }

    fn start(&self, hash: u32) -> usize {
        (u64::from(hash).wrapping_mul(FACTOR) >> 32) as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        let slots = vec![(0, FREE); self.slots.len() * 2];
        for (hash, id) in std::mem::replace(&mut self.slots, slots) {
            if id == FREE {
                continue;
            }
            let mut at = self.start(hash);
            while self.slots.get(at).is_some_and(|&(_, id)| id != FREE) {
                at = (at + 1) & (self.slots.len() - 1);
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = (hash, id);
            }
        }
    }
}

fn hash(word: &[u8]) -> u32 {
    let mut hash = word.len() as u64;
    for chunk in word.chunks(8) {
        let bits = chunk.iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        hash = (hash ^ bits).wrapping_mul(FACTOR);
        hash ^= hash >> 29;
    }
    (hash.wrapping_mul(FACTOR) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_known_once_and_sorted_by_its_letters() {
        let mut vocabulary = Vocabulary::default();
        let word = |number: u32| format!("ord{}", number * 7919 % 5000);
        for number in 0..10_000 {
            assert_eq!(vocabulary.id(&word(number)), number % 5000);
        }
        let (order, number) = vocabulary.sorted();
        assert_eq!(order.len(), 5000);
        assert!(order.iter().map(|&id| vocabulary.get(id)).is_sorted());
        assert!(
            (0..)
                .zip(&order)
                .all(|(position, &id)| number[id as usize] == position)
        );
    }
}
