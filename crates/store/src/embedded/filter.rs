//! A Bloom filter in cache lines: says "surely not here" of most keys a run does not hold, at 12 bits a key.

use super::index_codec::KeyBytes;
use crate::codec::{Cut, index, len64};

const BITS_A_KEY: u64 = 12;
const LINE_BITS: u64 = 512;
const PROBES: u32 = 6;

/// One filter; 64 bytes a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    lines: Vec<[u64; 8]>,
}

impl Filter {
    /// An empty filter for so many keys.
    pub(crate) fn new(keys: u64) -> Self {
        let lines = (keys * BITS_A_KEY).div_ceil(LINE_BITS).max(1);
        Self {
            lines: vec![[0; 8]; index(lines)],
        }
    }

    pub(crate) fn add(&mut self, key: &KeyBytes) {
        let (line, bits) = self.place(key);
        let Some(line) = self.lines.get_mut(line) else {
            return;
        };
        for (word, bit) in probes(bits) {
            if let Some(word) = line.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// False only when the key was never added.
    pub(crate) fn may_hold(&self, key: &KeyBytes) -> bool {
        let (line, bits) = self.place(key);
        self.lines.get(line).is_none_or(|line| {
            probes(bits).all(|(word, bit)| line.get(word).is_none_or(|held| held & bit != 0))
        })
    }

    fn place(&self, key: &KeyBytes) -> (usize, u64) {
        let mut cut = Cut(key);
        let stream = u64::from(cut.u32().unwrap_or(0));
        let a = cut.u64().unwrap_or(0);
        let b = cut.u64().unwrap_or(0);
        let first = mix(a ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let hash = mix(first ^ b);
        let line = (u128::from(hash) * u128::from(len64(self.lines.len()))) >> 64;
        (
            usize::try_from(line).unwrap_or(0),
            mix(hash ^ 0x2545_f491_4f6c_dd1d),
        )
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        self.lines
            .iter()
            .flatten()
            .flat_map(|word| word.to_le_bytes())
            .collect()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut(bytes);
        let mut lines = Vec::with_capacity(bytes.len() / 64);
        while !cut.is_empty() {
            let mut line = [0; 8];
            for word in &mut line {
                *word = cut.u64()?;
            }
            lines.push(line);
        }
        (!lines.is_empty()).then_some(Self { lines })
    }
}

fn probes(bits: u64) -> impl Iterator<Item = (usize, u64)> {
    (0..PROBES).map(move |probe| {
        let bit = (bits >> (probe * 9)) & 511;
        (index(bit >> 6), 1 << (bit & 63))
    })
}

/// The finishing step of SplitMix64.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(stream: u32, n: u64) -> KeyBytes {
        super::super::index_codec::key_bytes(stream, &u128::from(n).to_le_bytes())
    }

    #[test]
    fn finds_every_key_and_few_others_even_when_keys_are_counters() {
        let mut filter = Filter::new(20_000);
        for n in 0..20_000 {
            filter.add(&key(3, n));
        }
        assert!((0..20_000).all(|n| filter.may_hold(&key(3, n))));
        let wrong = (0..20_000).filter(|n| filter.may_hold(&key(4, *n))).count();
        assert!(wrong < 400, "{wrong} of 20,000 taken for held");
        assert_eq!(Filter::decode(&filter.encode()), Some(filter));
    }
}
