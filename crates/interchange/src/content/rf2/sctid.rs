//! SNOMED CT identifiers: their form, their check digit (Verhoeff) and the kind of component they name.

/// Verhoeff's multiplication, of the dihedral group of order ten.
const PRODUCT: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/// Verhoeff's permutations, by place from the right.
const PERMUTED: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

/// Verhoeff's inverses.
const INVERSE: [u8; 10] = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9];

/// Kinds of component that have identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Concept,
    Description,
    Relationship,
}

impl Kind {
    /// The last digit of the partition identifier.
    fn digit(self) -> u64 {
        match self {
            Self::Concept => 0,
            Self::Description => 1,
            Self::Relationship => 2,
        }
    }
}

/// The number that 6 to 18 digits without leading zero write.
pub(super) fn parse(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if !(6..=18).contains(&bytes.len()) || bytes.first() == Some(&b'0') {
        return None;
    }
    bytes.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

/// Whether an identifier's check digit is right and it names a component of this kind, of the core (partition `0x`)
/// or of an extension (`1x`).
pub(super) fn is_of(id: u64, kind: Kind) -> bool {
    let partition = id / 10 % 100;
    (partition == kind.digit() || partition == 10 + kind.digit()) && sum(id, 0) == 0
}

/// An identifier from its item, an extension's namespace and the kind of component. The item has at most eight digits.
pub(super) fn of_extension(item: u64, namespace: u64, kind: Kind) -> u64 {
    with_check_digit((item * 10_000_000 + namespace) * 100 + 10 + kind.digit())
}

/// A number with its check digit behind it.
fn with_check_digit(number: u64) -> u64 {
    let inverse = INVERSE
        .get(usize::from(sum(number, 1)))
        .copied()
        .unwrap_or_default();
    number * 10 + u64::from(inverse)
}

/// Verhoeff's sum of the digits, the last standing at `place`.
fn sum(mut number: u64, mut place: usize) -> u8 {
    let at = |table: &[[u8; 10]], row: usize, column: usize| {
        table
            .get(row)
            .and_then(|row| row.get(column))
            .copied()
            .unwrap_or_default()
    };
    let mut sum = 0;
    while number > 0 {
        let permuted = at(&PERMUTED, place % 8, (number % 10) as usize);
        sum = at(&PRODUCT, usize::from(sum), usize::from(permuted));
        number /= 10;
        place += 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Identifiers that SNOMED International documents.
    const KNOWN: [(u64, Kind); 7] = [
        (138_875_005, Kind::Concept),
        (116_680_003, Kind::Concept),
        (900_000_000_000_207_008, Kind::Concept),
        (900_000_000_000_003_001, Kind::Concept),
        (46_011_000_052_107, Kind::Concept),
        (45_991_000_052_106, Kind::Concept),
        (67_031_000_052_107, Kind::Concept),
    ];

    #[test]
    fn documented_identifiers_are_right_and_any_other_last_digit_is_wrong() {
        for (id, kind) in KNOWN {
            assert!(is_of(id, kind), "{id}");
            for other in (0..10)
                .map(|digit| id / 10 * 10 + digit)
                .filter(|other| *other != id)
            {
                assert!(!is_of(other, kind), "{other}");
            }
            assert!(!is_of(id, Kind::Description), "{id}");
        }
    }

    #[test]
    fn made_identifiers_are_right() {
        for item in [1, 9, 10, 4711, 99_999_999] {
            for kind in [Kind::Concept, Kind::Description, Kind::Relationship] {
                let id = of_extension(item, 9_999_999, kind);
                assert!(is_of(id, kind) && id.to_string().len() <= 18, "{id}");
                assert_eq!(parse(&id.to_string()), Some(id));
            }
        }
    }

    #[test]
    fn only_digits_are_identifiers() {
        for text in [
            "",
            "12345",
            "0123456",
            "12345x",
            "1234567890123456789",
            "-123456",
            " 123456",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
