//! People who do not exist, with identity numbers that are valid in form.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::chance::Chance;

/// A person.
#[derive(Clone)]
pub(super) struct Person {
    /// `personnummer`, `samordningsnummer` or `reserve`.
    pub(super) identity_type: &'static str,
    /// The number.
    pub(super) number: String,
    pub(super) female: bool,
    pub(super) birth_date: Date,
    pub(super) protected: bool,
}

impl Person {
    /// Someone of an age (in years, at the end of 2026) between two bounds.
    pub(super) fn new(chance: &mut Chance, ages: (i16, i16)) -> Self {
        let age = chance.between(ages.0.into(), ages.1.into());
        let day = chance.between(0, 364);
        // Newborns of the year are born before its first contacts.
        let year = Date::constant(2025, 12, 31).saturating_sub(age.years());
        let birth_date = year.saturating_sub(day.days());
        let serial = chance.between(980, 999);
        let female = serial % 2 == 0;
        let (identity_type, number) = match chance.between(0, 199) {
            0..=2 => ("samordningsnummer", personal_number(birth_date, 60, serial)),
            // Stockholm's pattern of reserve numbers.
            3 => (
                "reserve",
                format!(
                    "99{:05}{:05}",
                    chance.between(0, 99_999),
                    chance.between(0, 99_999)
                ),
            ),
            _ => ("personnummer", personal_number(birth_date, 0, serial)),
        };
        let protected = chance.between(0, 249) == 0;
        Self {
            identity_type,
            number,
            female,
            birth_date,

            protected,
        }
    }

    /// The person as a record states it.
    pub(super) fn to_json(&self) -> Value {
        let mut person = Map::new();
        person.insert("type".into(), json!(self.identity_type));
        person.insert("number".into(), json!(self.number));
        if self.identity_type == "reserve" {
            person.insert("sex".into(), json!(if self.female { "female" } else { "male" }));
            person.insert("birth_date".into(), json!(self.birth_date.to_string()));
        }
        if self.protected {
            person.insert("protected".into(), json!(true));
        }
        Value::Object(person)
    }
}

/// Twelve digits: the date of birth with `day_offset` added to the day, a birth number, the check digit.
pub(super) fn personal_number(birth_date: Date, day_offset: i32, serial: i32) -> String {
    let (year, month) = (birth_date.year(), birth_date.month());
    let day = i32::from(birth_date.day()) + day_offset;
    let nine = format!("{:02}{month:02}{day:02}{serial:03}", year.rem_euclid(100));
    format!("{:02}{nine}{}", year / 100, check_digit(&nine))
}

/// The Luhn check digit of a row of digits.
pub(super) fn check_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(|(place, digit)| {
            if place % 2 == 0 {
                digit * 2 / 10 + digit * 2 % 10
            } else {
                digit
            }
        })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_agree_with_published_test_numbers() {
        // Skatteverket's published test numbers.
        for number in ["189001019802", "199001012385", "201701102384"] {
            let (eleven, check) = number.split_at(11);
            let nine = eleven.split_at(2).1;
            assert_eq!(check_digit(nine).to_string(), check, "{number}");
        }
        assert_eq!(
            personal_number(Date::constant(1890, 1, 1), 0, 980),
            "189001019802"
        );
    }
}
