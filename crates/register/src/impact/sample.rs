//! Samples of records by a seeded hash of their keys: the same seed gives the same sample, whatever order they come in,
//! and all revisions of a record are in it or none. Also what a count in a sample says of the whole.

use crate::hash::sha256;

const TAG_SAMPLE: u8 = 0x53;

/// Which records are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    seed: u64,
    /// Records whose number is at most this are in it.
    bound: u64,
}

/// Which records of one stream are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamSample {
    salt: u64,
    bound: u64,
}

/// What a count in a sample says of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// How many there are, by estimate.
    pub count: f64,
    /// Its standard error, as for records drawn one by one of which each has one such part; 0 when the sample is the
    /// whole.
    pub error: f64,
}

impl Sample {
    /// All records.
    pub const ALL: Self = Self {
        seed: 0,
        bound: u64::MAX,
    };

    /// A fraction of the records; `None` when it is not above 0 and at most 1.
    pub fn new(fraction: f64, seed: u64) -> Option<Self> {
        if !(fraction > 0.0 && fraction <= 1.0) {
            return None;
        }
        if fraction >= 1.0 {
            return Some(Self { seed, ..Self::ALL });
        }
        // Below 2⁶⁴, and cut to it where it is not.
        let bound = (fraction * 2_f64.powi(64)) as u64;
        Some(Self { seed, bound })
    }

    /// Whether all records are in it.
    pub fn is_all(&self) -> bool {
        self.bound == u64::MAX
    }

    /// The sample of a reporter's stream.
    pub fn of(&self, reporter: &str) -> StreamSample {
        let hash = sha256(&[&[TAG_SAMPLE], &self.seed.to_le_bytes(), reporter.as_bytes()]);
        StreamSample {
            salt: u64::from_le_bytes(hash.first_chunk().copied().unwrap_or_default()),
            bound: self.bound,
        }
    }
}

impl StreamSample {
    /// Whether a record is in it, by [`crate::rederive::EntryColumn::record`].
    pub fn takes(&self, record: u64) -> bool {
        // SplitMix64's finish: each bit of the number bears on each of the result.
        let mut mixed = record ^ self.salt;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31) <= self.bound
    }
}

impl Estimate {
    /// What `count` says when `sampled` of `records` records were looked at.
    pub fn of(count: u64, sampled: u64, records: u64) -> Self {
        if sampled >= records || sampled == 0 {
            return Self {
                count: count as f64,
                error: 0.0,
            };
        }
        let fraction = sampled as f64 / records as f64;
        Self {
            count: count as f64 / fraction,
            error: (count as f64 * (1.0 - fraction)).sqrt() / fraction,
        }
    }
}
