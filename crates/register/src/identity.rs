//! Identity numbers: personnummer, samordningsnummer, reserve numbers, organisationsnummer and HSA-id.
//! Parses and normalises; resolves nothing to a person, and no error or `Debug` output holds a number.

use jiff::civil::Date;

use crate::bytes::days_from_date;
use crate::definition::ReservePattern;
use crate::record::{IdentityType, Person, Sex};
use crate::text::luhn;

/// Longest normalised number, in bytes.
pub const NUMBER_MAX: usize = 24;

/// A normalised identity number: twelve digits, or a reserve number in upper case without dashes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    bytes: [u8; NUMBER_MAX],
    length: u8,
}

impl Number {
    /// The number as text. Only the vault and the commitment to the identity have use for it.
    pub fn reveal(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn from_digits(century: u8, digits: [u8; 10]) -> Self {
        let mut number = Self {
            bytes: [0; NUMBER_MAX],
            length: 12,
        };
        let century = [b'0' + century / 10, b'0' + century % 10];
        for (target, source) in number.bytes.iter_mut().zip(century.iter().chain(&digits)) {
            *target = *source;
        }
        number
    }
}

impl std::fmt::Debug for Number {
    /// Never shows the number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Number(withheld)")
    }
}

/// What an identity number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// What kind of number it is.
    pub identity_type: IdentityType,
    /// The number in its one form.
    pub number: Number,
    /// Legal sex, where the number tells it.
    pub sex: Option<Sex>,
    /// Date of birth, where the number tells it.
    pub birth_date: Option<Date>,
}

/// Why an identity number was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IdentityError {
    /// It has not the form of its kind.
    #[error("the number does not have the form of its kind")]
    Format,
    /// The date in it does not exist, lies ahead, or is one of another kind of number.
    #[error("the date in the number does not exist, lies ahead or belongs to another kind of number")]
    Date,
    /// The check digit is wrong.
    #[error("the check digit of the number is wrong")]
    CheckDigit,
    /// It matches none of the release's patterns of reserve numbers.
    #[error("the number matches no known pattern of reserve numbers")]
    ReservePattern,
}

/// Reads the identity number of a person. `reference` is the day of reporting: ten-digit forms get their century
/// from it, and no one is born after it.
///
/// # Errors
/// [`IdentityError`], which never holds the number.
pub fn identify(
    person: &Person,
    reference: Date,
    patterns: &[ReservePattern],
) -> Result<Identity, IdentityError> {
    match person.identity_type {
        IdentityType::Personnummer | IdentityType::Samordningsnummer => {
            swedish_number(person.identity_type, &person.identity, reference)
        }
        IdentityType::Reserve => {
            let number = normalise_reserve(&person.identity)?;
            if patterns
                .iter()
                .any(|pattern| matches_reserve(&pattern.pattern, number.reveal()))
            {
                Ok(Identity {
                    identity_type: IdentityType::Reserve,
                    number,
                    sex: None,
                    birth_date: None,
                })
            } else {
                Err(IdentityError::ReservePattern)
            }
        }
    }
}

/// The one form of a person's number, without regard to patterns of reserve numbers: what the vault looks up and
/// the commitment to the identity holds.
///
/// # Errors
/// [`IdentityError`] when it is no number of its kind.
pub fn normalise(person: &Person, reference: Date) -> Result<Number, IdentityError> {
    match person.identity_type {
        IdentityType::Reserve => normalise_reserve(&person.identity),
        kind => swedish_number(kind, &person.identity, reference).map(|identity| identity.number),
    }
}

/// The day of reporting at the latest Swedish offset from UTC, from an instant in microseconds since 1970: the
/// reference date of ten-digit forms. A function of the instant alone, so that a receipt can be checked later.
pub fn reference_date(received: i64) -> Date {
    const DAY: i64 = 86_400_000_000;
    const TWO_HOURS: i64 = 7_200_000_000;
    let days = received.saturating_add(TWO_HOURS).div_euclid(DAY);
    i32::try_from(days)
        .ok()
        .and_then(crate::bytes::date_from_days)
        .unwrap_or(Date::MAX)
}

/// Reads a personnummer or samordningsnummer: twelve digits with an optional separator before the last four, or ten
/// with the `-` or `+` (from the year in which the person turns 100) that gives them their century. The check
/// digit is over the digits as they stand, in samordningsnummer with the day plus 60.
fn swedish_number(kind: IdentityType, text: &str, reference: Date) -> Result<Identity, IdentityError> {
    let mut digits = [0u8; 12];
    let mut count = 0usize;
    let mut separator: Option<(usize, u8)> = None;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(count).ok_or(IdentityError::Format)? = byte;
                count += 1;
            }
            b'-' | b'+' if separator.is_none() => separator = Some((count, byte)),
            _ => return Err(IdentityError::Format),
        }
    }
    let [c1, c2, y1, y2, m1, m2, d1, d2, n1, n2, n3, n4] = digits;
    let two = |tens: u8, ones: u8| (tens & 0x0f) * 10 + (ones & 0x0f);
    let (year, ten) = match (count, separator) {
        (12, None | Some((8, _))) => {
            let century = two(c1, c2);
            if !(18..=20).contains(&century) {
                return Err(IdentityError::Date);
            }
            let year = i16::from(century) * 100 + i16::from(two(y1, y2));
            if separator == Some((8, b'+')) && year > reference.year() - 100 {
                return Err(IdentityError::Format);
            }
            (year, [y1, y2, m1, m2, d1, d2, n1, n2, n3, n4])
        }
        (10, Some((6, sign))) => {
            let short = i16::from(two(c1, c2));
            let latest = reference.year() - (reference.year() - short).rem_euclid(100);
            let year = if sign == b'+' { latest - 100 } else { latest };
            (year, [c1, c2, y1, y2, m1, m2, d1, d2, n1, n2])
        }
        _ => return Err(IdentityError::Format),
    };
    let [_, _, m1, m2, d1, d2, n1, n2, sex, _] = ten;
    if [n1, n2, sex] == *b"000" {
        return Err(IdentityError::Format);
    }
    let day = match (kind, two(d1, d2)) {
        (IdentityType::Samordningsnummer, day) => day.checked_sub(60).ok_or(IdentityError::Date)?,
        (_, day) => day,
    };
    let birth_date = Date::new(year, two(m1, m2).cast_signed(), day.cast_signed())
        .ok()
        .filter(|date| *date <= reference)
        .ok_or(IdentityError::Date)?;
    if !luhn(ten.iter()) {
        return Err(IdentityError::CheckDigit);
    }
    let century = u8::try_from(year / 100).map_err(|_| IdentityError::Date)?;
    Ok(Identity {
        identity_type: kind,
        number: Number::from_digits(century, ten),
        sex: Some(if sex % 2 == 1 { Sex::Male } else { Sex::Female }),
        birth_date: Some(birth_date),
    })
}

/// A reserve number in upper case without dashes and spaces.
fn normalise_reserve(text: &str) -> Result<Number, IdentityError> {
    let mut number = Number {
        bytes: [0; NUMBER_MAX],
        length: 0,
    };
    for byte in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')) {
        if !byte.is_ascii_alphanumeric() {
            return Err(IdentityError::Format);
        }
        *number
            .bytes
            .get_mut(usize::from(number.length))
            .ok_or(IdentityError::Format)? = byte.to_ascii_uppercase();
        number.length += 1;
    }
    if number.length == 0 {
        Err(IdentityError::Format)
    } else {
        Ok(number)
    }
}

/// Whether a normalised number matches a pattern: `#` a digit, `@` a letter except I O Q V W, anything else
/// itself. Dashes and spaces of the pattern do not count.
fn matches_reserve(pattern: &str, number: &str) -> bool {
    let mut wanted = pattern.bytes().filter(|byte| !matches!(byte, b'-' | b' '));
    let mut given = number.bytes();
    loop {
        let fits = match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(b'#'), Some(byte)) => byte.is_ascii_digit(),
            (Some(b'@'), Some(byte)) => byte.is_ascii_uppercase() && !b"IOQVW".contains(&byte),
            (Some(wanted), Some(byte)) => wanted.eq_ignore_ascii_case(&byte),
            _ => false,
        };
        if !fits {
            return false;
        }
    }
}

/// Reads an organisationsnummer: ten digits, an optional dash before the last four, an optional prefix `16`;
/// the third digit is at least 2, the first is not 0, the last is the check digit. Returns the ten digits.
///
/// # Errors
/// [`IdentityError::Format`] or [`IdentityError::CheckDigit`].
pub fn organisation_number(text: &str) -> Result<[u8; 10], IdentityError> {
    let mut digits = [0u8; 12];
    let mut count = 0usize;
    let mut dash = None;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(count).ok_or(IdentityError::Format)? = byte;
                count += 1;
            }
            b'-' if dash.is_none() => dash = Some(count),
            _ => return Err(IdentityError::Format),
        }
    }
    if dash.is_some_and(|at| at + 4 != count) {
        return Err(IdentityError::Format);
    }
    let ten: Option<[u8; 10]> = match (count, digits) {
        (10, _) => digits.first_chunk().copied(),
        (12, [b'1', b'6', ..]) => digits.last_chunk().copied(),
        _ => None,
    };
    let ten = ten.ok_or(IdentityError::Format)?;
    let [first, _, third, ..] = ten;
    if first == b'0' || third < b'2' {
        return Err(IdentityError::Format);
    }
    if luhn(ten.iter()) {
        Ok(ten)
    } else {
        Err(IdentityError::CheckDigit)
    }
}

/// Reads an HSA-id: `SE`, the ten digits of its owner's organisationsnummer, `-` and a suffix of letters and
/// digits, 31 bytes at most. Returns it as it stands.
///
/// # Errors
/// [`IdentityError::Format`], or [`IdentityError::CheckDigit`] of the organisationsnummer.
pub fn hsa_id(text: &str) -> Result<&str, IdentityError> {
    let (owner, suffix) = text
        .strip_prefix("SE")
        .and_then(|rest| rest.split_once('-'))
        .ok_or(IdentityError::Format)?;
    if text.len() > 31
        || owner.len() != 10
        || suffix.is_empty()
        || !suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Err(IdentityError::Format);
    }
    organisation_number(owner).map(|_| text)
}

/// A random key that stands for a person everywhere outside the vault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey(pub [u8; 16]);

impl std::fmt::Debug for PersonKey {
    /// Shows only the beginning: enough to tell keys apart, too little to look one up.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "PersonKey({first:02x}{second:02x}…)")
    }
}

/// Completed years from birth to a date; `None` before birth.
pub fn age_on(birth_date: Date, date: Date) -> Option<u16> {
    let years = i32::from(date.year()) - i32::from(birth_date.year());
    let before_birthday = (date.month(), date.day()) < (birth_date.month(), birth_date.day());
    u16::try_from(years - i32::from(before_birthday)).ok()
}

/// Age in days from birth to a date, of who has not completed the first year then; `None` before birth and after.
pub fn days_on(birth_date: Date, date: Date) -> Option<u16> {
    let days = days_from_date(date).checked_sub(days_from_date(birth_date))?;
    age_on(birth_date, date)
        .filter(|years| *years == 0)
        .and_then(|_| u16::try_from(days).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date::constant(2026, 11, 22);

    fn person(identity_type: IdentityType, identity: &str) -> Person {
        Person {
            identity_type,
            identity: identity.to_owned(),
            sex: None,
            birth_date: None,
            protected: false,
        }
    }

    fn read(identity_type: IdentityType, identity: &str) -> Result<Identity, IdentityError> {
        let patterns = [
            ReservePattern {
                issuer: "national".into(),
                pattern: "########-@@##".into(),
            },
            ReservePattern {
                issuer: "stockholm".into(),
                pattern: "99##########".into(),
            },
        ];
        identify(&person(identity_type, identity), TODAY, &patterns)
    }

    /// Cases as data: kind, number, then `ok normalised sex birth-date` or the error.
    #[test]
    fn numbers_are_read_as_published() {
        for line in include_str!("../tests/data/identity-numbers.txt").lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (given, wanted) = line.split_once(" => ").expect(line);
            let (kind, number) = given.split_once(' ').expect(line);
            let kind = match kind {
                "personnummer" => IdentityType::Personnummer,
                "samordningsnummer" => IdentityType::Samordningsnummer,
                _ => IdentityType::Reserve,
            };
            let got = match read(kind, number) {
                Ok(identity) => format!(
                    "{} {} {}",
                    identity.number.reveal(),
                    identity
                        .sex
                        .map_or("-".into(), |sex| format!("{sex:?}").to_lowercase()),
                    identity.birth_date.map_or("-".into(), |date| date.to_string()),
                ),
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(got, wanted, "{given}");
        }
    }

    #[test]
    fn nothing_shows_the_number() {
        let identity = read(IdentityType::Samordningsnummer, "701063-2391").unwrap();
        assert!(!format!("{identity:?}").contains("2391"));
        assert!(!format!("{:?}", person(IdentityType::Personnummer, "701063-2391")).contains("2391"));
    }

    #[test]
    fn organisations_are_no_persons() {
        assert!(organisation_number("232100-0131").is_ok());
        assert!(organisation_number("162321000131").is_ok());
        assert_eq!(
            organisation_number("16232100-0131"),
            organisation_number("2321000131")
        );
        for wrong in [
            "232100-0132",
            "7010632391",
            "0321000131",
            "23210-00131",
            "172321000131",
            "",
            "2321000131x",
        ] {
            assert!(organisation_number(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hsa_ids_name_their_owner() {
        assert!(hsa_id("SE2321000131-P000000123457").is_ok());
        for wrong in [
            "SE2321000131",
            "SE2321000131-",
            "SE2321000132-A1",
            "se2321000131-A1",
            "SE2321000131-Å",
            "SE232100-0131-A",
        ] {
            assert!(hsa_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn age_is_in_completed_years() {
        let born = Date::constant(2004, 2, 29);
        assert_eq!(age_on(born, Date::constant(2026, 2, 28)), Some(21));
        assert_eq!(age_on(born, Date::constant(2026, 3, 1)), Some(22));
        assert_eq!(age_on(born, born), Some(0));
        assert_eq!(age_on(born, Date::constant(2004, 2, 28)), None);
    }

    #[test]
    fn age_is_in_days_too_until_the_first_birthday() {
        let born = Date::constant(2025, 11, 20);
        assert_eq!(days_on(born, born), Some(0));
        assert_eq!(days_on(born, Date::constant(2025, 12, 1)), Some(11));
        assert_eq!(days_on(born, Date::constant(2026, 11, 19)), Some(364));
        assert_eq!(days_on(born, Date::constant(2026, 11, 20)), None);
        assert_eq!(days_on(born, Date::constant(2025, 11, 19)), None);
    }

    #[test]
    fn the_reference_date_follows_the_instant() {
        assert_eq!(reference_date(0), Date::constant(1970, 1, 1));
        assert_eq!(reference_date(79_200_000_000), Date::constant(1970, 1, 2));
        let _ = (reference_date(i64::MAX), reference_date(i64::MIN));
    }
}
