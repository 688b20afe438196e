//! Numbers and dates as Swedish writes them: a comma before decimals, a narrow space in large numbers, that does not break.

/// A narrow space that does not break, between groups of three digits.
const GROUP: char = '\u{202f}';
/// A space that does not break, between a number and its unit.
const HELD: char = '\u{a0}';
/// The sign before a number below zero.
const MINUS: char = '\u{2212}';

const MONTHS: [&str; 12] = [
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
];

/// A count.
pub(super) fn count(count: u64) -> String {
    grouped(&count.to_string())
}

fn grouped(digits: &str) -> String {
    let length = digits.chars().count();
    // Four digits stand together.
    if length <= 4 {
        return digits.to_owned();
    }
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (length - at).is_multiple_of(3) {
            text.push(GROUP);
        }
        text.push(digit);
    }
    text
}

/// A number with so many decimals.
pub(super) fn decimal(number: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", number.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let is_nought = text.chars().all(|letter| matches!(letter, '0' | '.'));
    let mut told = String::new();
    if number < 0.0 && !is_nought {
        told.push(MINUS);
    }
    told.push_str(&grouped(whole));
    if !rest.is_empty() {
        told.push(',');
        told.push_str(rest);
    }
    told
}

/// How many decimals tell numbers of a size apart: three figures, but no decimals that say nothing.
pub(super) fn decimals(largest: f64) -> usize {
    match largest.abs() {
        size if size >= 100.0 => 0,
        size if size >= 1.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    }
}

/// A number with its unit.
pub(super) fn of_unit(number: &str, unit: &str) -> String {
    match unit {
        "" => number.to_owned(),
        unit => format!("{number}{HELD}{unit}"),
    }
}

/// A date, from its year, month and day.
pub(super) fn date(year: i32, month: i32, day: i32) -> String {
    let name = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at));
    match name {
        Some(name) => format!("{day}{HELD}{name} {year}"),
        None => format!("{year:04}-{month:02}-{day:02}"),
    }
}

/// A text that begins with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect());
    first.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_swedish_writes_them() {
        assert_eq!(count(1_234), "1234");
        assert_eq!(count(12_345_678), "12\u{202f}345\u{202f}678");
        assert_eq!(decimal(12.345, 1), "12,3");
        assert_eq!(decimal(-0.04, 1), "0,0");
        assert_eq!(decimal(-12_345.0, 0), "\u{2212}12\u{202f}345");
        assert_eq!(date(2026, 8, 30), "30\u{a0}augusti 2026");
        assert_eq!(capital("ålder"), "Ålder");
    }
}
