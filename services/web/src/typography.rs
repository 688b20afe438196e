//! Numbers and headings as they are written: a narrow space that does not break between groups of three digits, a
//! capital letter first, decimals and names of months in the language of the page.

use crate::address::Language;

/// A count, with groups of three digits.
pub(crate) fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number with so many digits after the point: a comma in Swedish, groups of three digits, and a minus that is one.
pub(crate) fn decimal(number: f64, digits: usize, language: Language) -> String {
    let text = format!("{:.digits$}", number.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let is_nought = text.chars().all(|letter| matches!(letter, '0' | '.'));
    let mut told = String::new();
    if number < 0.0 && !is_nought {
        told.push('\u{2212}');
    }
    told.push_str(&grouped(whole));
    if !rest.is_empty() {
        told.push(language.pick(',', '.'));
        told.push_str(rest);
    }
    told
}

/// The name of a month, 1–12, in short.
pub(crate) fn month(number: i8, language: Language) -> &'static str {
    let names = match language {
        Language::Swedish => [
            "jan", "feb", "mars", "april", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec",
        ],
        Language::English => [
            "Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sep", "Oct", "Nov", "Dec",
        ],
    };
    let at = usize::try_from(number).unwrap_or(0).wrapping_sub(1);
    names.get(at).copied().unwrap_or_default()
}

/// A text that begins with a capital letter.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{capital, count, decimal, month};
    use crate::address::Language::{English, Swedish};

    #[test]
    fn decimals_are_written_as_the_language_writes_them() {
        assert_eq!(decimal(54.26, 1, Swedish), "54,3");
        assert_eq!(decimal(1_234_567.0, 0, Swedish), "1\u{202f}234\u{202f}567");
        assert_eq!(decimal(-0.5, 1, English), "\u{2212}0.5");
        assert_eq!(decimal(-0.01, 1, Swedish), "0,0");
    }

    #[test]
    fn months_have_names() {
        assert_eq!((month(1, Swedish), month(12, English)), ("jan", "Dec"));
        assert_eq!((month(0, Swedish), month(13, Swedish)), ("", ""));
    }

    #[test]
    fn a_heading_begins_with_a_capital() {
        assert_eq!(capital("öppen vård"), "Öppen vård");
        assert_eq!(capital(""), "");
    }

    #[test]
    fn groups_of_three() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1\u{202f}000");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
