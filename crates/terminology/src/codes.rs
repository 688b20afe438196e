//! From a code to its concept: an open-addressed hash table over the codes of an edition.

use crate::letters::is_category;

/// No concept.
const EMPTY: u32 = u32::MAX;

/// The table. The codes themselves lie elsewhere; callers compare.
#[derive(Debug)]
pub(crate) struct CodeTable {
    /// (upper half of the hash, concept).
    slots: Box<[(u32, u32)]>,
}

impl CodeTable {
    /// An empty table for `count` codes, at most half full.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self {
            slots: vec![(0, EMPTY); (count * 2 + 1).next_power_of_two()].into(),
        }
    }

    /// Puts `concept` under `code`, or tells the concept that is there already. `is` tells whether a concept has
    /// the code.
    pub(crate) fn insert(&mut self, code: &[u8], concept: u32, is: impl Fn(u32) -> bool) -> Result<(), u32> {
        let hash = hash(code);
        let (tag, mask) = ((hash >> 32) as u32, self.slots.len() - 1);
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            match *slot {
                (_, EMPTY) => {
                    *slot = (tag, concept);
                    return Ok(());
                }
                (other, there) if other == tag && is(there) => return Err(there),
                _ => at = (at + 1) & mask,
            }
        }
        Ok(())
    }

    /// The concept under `code`.
    pub(crate) fn find(&self, code: &[u8], is: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = hash(code);
        let (tag, mask) = ((hash >> 32) as u32, self.slots.len() - 1);
        let mut at = hash as usize & mask;
        loop {
            match *self.slots.get(at)? {
                (_, EMPTY) => return None,
                (other, there) if other == tag && is(there) => return Some(there),
                _ => at = (at + 1) & mask,
            }
        }
    }
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

fn hash(code: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (code.len() as u64).wrapping_mul(FACTOR);
    for chunk in code.chunks(8) {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
        hash ^= hash >> 29;
    }
    hash
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
