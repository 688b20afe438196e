//! From a code to its concept: an open-addressed hash table over the codes of an edition.

use bytemuck::{Pod, Zeroable};

use crate::image::{ImageError, Kept, Reader, Writer};
use crate::letters::is_category;

/// No concept.
const EMPTY: u32 = u32::MAX;

/// Codes up to this many bytes lie in the table itself.
const INLINE: usize = 8;

/// So do longer ones of digits alone up to this many, as numbers: those of SNOMED CT.
const DIGITS_INLINE: usize = 19;

/// Marks the length of a code that lies in the table as a number.
const NUMBER: u32 = 1 << 31;

/// The table. Other codes lie elsewhere; callers compare.
#[derive(Debug)]
pub(crate) struct CodeTable {
    slots: Box<[Slot]>,
    /// By how much a hash is shifted to give a slot.
    shift: u32,
}

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Slot {
    bits: u64,
    len: u32,
    concept: u32,
}

impl Slot {
    fn has(self, key: Key) -> bool {
        self.bits == key.bits && self.len == key.len
    }
}

/// A short code or a number itself, or the hash of a longer code; and the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    bits: u64,
    len: u32,
}

impl CodeTable {
    /// An empty table for `count` codes, at most two thirds full.
    pub(crate) fn with_capacity(count: usize) -> Self {
        let slots = (count + count / 2 + 1).next_power_of_two().max(2);
        let empty = Slot {
            bits: 0,
            len: 0,
            concept: EMPTY,
        };
        Self {
            slots: vec![empty; slots].into(),
            shift: 64 - slots.trailing_zeros(),
        }
    }

    /// Puts `concept` under `code`, or tells the concept that is there already. `is` tells whether a concept has
    /// the code.
    pub(crate) fn insert(&mut self, code: &[u8], concept: u32, is: impl Fn(u32) -> bool) -> Result<(), u32> {
        let key = Key::of(code);
        let mut at = key.start(self.shift);
        let mask = self.slots.len() - 1;
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.concept == EMPTY {
                *slot = Slot {
                    bits: key.bits,
                    len: key.len,
                    concept,
                };
                return Ok(());
            }
            if slot.has(key) && (key.is_whole() || is(slot.concept)) {
                return Err(slot.concept);
            }
            at = (at + 1) & mask;
        }
        Ok(())
    }

    /// The concept under `code`.
    pub(crate) fn find(&self, code: &[u8], is: impl Fn(u32) -> bool) -> Option<u32> {
        let key = Key::of(code);
        let mut at = key.start(self.shift);
        let mask = self.slots.len() - 1;
        loop {
            let slot = self.slots.get(at)?;
            if slot.concept == EMPTY {
                return None;
            }
            if slot.has(key) && (key.is_whole() || is(slot.concept)) {
                return Some(slot.concept);
            }
            at = (at + 1) & mask;
        }
    }
}

impl Kept for CodeTable {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        self.slots.write(to)
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        let slots = Box::<[Slot]>::read(from)?;
        // Looking ends at a free slot, so that there must be one.
        let free = slots.iter().any(|slot| slot.concept == EMPTY);
        if slots.len() < 2 || !slots.len().is_power_of_two() || !free {
            return Err(ImageError::Damaged);
        }
        Ok(Self {
            shift: 64 - slots.len().trailing_zeros(),
            slots,
        })
    }
}

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Key {
    fn of(code: &[u8]) -> Self {
        let len = u32::try_from(code.len()).unwrap_or(u32::MAX) & !NUMBER;
        if (INLINE + 1..=DIGITS_INLINE).contains(&code.len()) && code.iter().all(u8::is_ascii_digit) {
            let number = code
                .iter()
                .fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
            return Self {
                bits: number,
                len: len | NUMBER,
            };
        }
        let mut bits = 0;
        for chunk in code.chunks(INLINE) {
            let mut word = [0; INLINE];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            let word = u64::from_le_bytes(word);
            bits = if code.len() <= INLINE {
                word
            } else {
                mixed(bits ^ word)
            };
        }
        Self { bits, len }
    }

    /// Whether the code itself is here.
    fn is_whole(self) -> bool {
        self.len & NUMBER != 0 || self.len as usize <= INLINE
    }

    fn start(self, shift: u32) -> usize {
        (mixed(self.bits ^ (u64::from(self.len) << 59)) >> shift) as usize
    }
}

fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_mul(FACTOR);
    (bits ^ (bits >> 32)).wrapping_mul(FACTOR)
}

/// The code as it is compared where letter case does not matter.
pub(crate) fn folded(code: &str) -> String {
    code.chars().flat_map(char::to_lowercase).collect()
}

/// The code without the full stop of ICD-10's printed form: a letter, two digits, full stop, one to five letters
/// or digits. `None` for every other shape.
pub(crate) fn undotted(code: &str) -> Option<([u8; 8], usize)> {
    let (category, rest) = code.as_bytes().split_at_checked(3)?;
    let (&b'.', subdivision) = rest.split_first()? else {
        return None;
    };
    let fits = is_category(category)
        && (1..=5).contains(&subdivision.len())
        && subdivision.iter().all(u8::is_ascii_alphanumeric);
    fits.then(|| {
        let mut plain = [0; 8];
        for (to, from) in plain.iter_mut().zip(category.iter().chain(subdivision)) {
            *to = *from;
        }
        (plain, 3 + subdivision.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(code: &str) -> Option<String> {
        undotted(code).map(|(bytes, len)| String::from_utf8_lossy(&bytes[..len]).into_owned())
    }

    #[test]
    fn only_the_printed_form_of_icd_10_loses_its_full_stop() {
        assert_eq!(plain("I50.9").as_deref(), Some("I509"));
        assert_eq!(plain("V74.0123").as_deref(), Some("V740123"));
        for code in [
            "I509",
            "I50.",
            "05.80",
            "I5.09",
            "I50.9 ",
            "I50.123456",
            "A00-A09",
            "I50.å",
        ] {
            assert_eq!(plain(code), None, "{code}");
        }
    }
}
