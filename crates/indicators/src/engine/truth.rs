//! Kleene's logic, and sets of ordinals as bits.

/// A truth value of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// Known not to hold.
    False,
    /// Not known.
    Unknown,
    /// Known to hold.
    True,
}

impl Truth {
    /// Of what is known.
    pub fn of(is_true: bool) -> Self {
        if is_true { Self::True } else { Self::False }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of them.
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The other way round.
    #[expect(
        clippy::should_implement_trait,
        reason = "beside `and` and `or`, without an operator of its own"
    )]
    pub fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

/// Words of a set.
const WORDS: usize = 4;

/// How many ordinals a set can hold.
pub(super) const BITS: usize = WORDS * 64;

/// A set of ordinals below [`BITS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Bits([u64; WORDS]);

impl Bits {
    /// Adds an ordinal; one that is too large is left out.
    pub(super) fn insert(&mut self, ordinal: usize) {
        if let Some(word) = self.0.get_mut(ordinal / 64) {
            *word |= 1 << (ordinal % 64);
        }
    }

    pub(super) fn contains(&self, ordinal: usize) -> bool {
        self.0
            .get(ordinal / 64)
            .is_some_and(|word| word & (1 << (ordinal % 64)) != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    pub(super) fn with(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
        self
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(word, other)| word & other != 0)
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(word, other)| other & !word == 0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..).step_by(64).zip(self.0).flat_map(|(from, word)| {
            vardnav_classification::facts::bits(word).map(move |bit| from + usize::from(bit))
        })
    }

    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(ordinals: I) -> Self {
        let mut bits = Self::default();
        for ordinal in ordinals {
            bits.insert(ordinal);
        }
        bits
    }
}
