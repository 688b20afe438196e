//! Numbers, months and headings as they are written: a narrow space that does not break between groups of three digits,
//! a minus sign that is one, a capital letter first, decimals and names of months in the language of the page.

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

/// The months of a year: Swedish, English.
const MONTHS: [(&str, &str); 12] = [
    ("januari", "January"),
    ("februari", "February"),
    ("mars", "March"),
    ("april", "April"),
    ("maj", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("augusti", "August"),
    ("september", "September"),
    ("oktober", "October"),
    ("november", "November"),
    ("december", "December"),
];

/// A month such as `2026-09` by name and year; as it is where it is no month.
pub(crate) fn period(period: &str, language: Language) -> String {
    match named(period) {
        Some((year, name)) => format!("{} {year}", language.pick(name.0, name.1)),
        None => period.to_owned(),
    }
}

/// As [`period`], with the beginning of the name.
pub(crate) fn period_short(period: &str, language: Language) -> String {
    match named(period) {
        Some((year, name)) => {
            let short: String = language.pick(name.0, name.1).chars().take(3).collect();
            format!("{short}\u{a0}{year}")
        }
        None => period.to_owned(),
    }
}

fn named(period: &str) -> Option<(&str, (&'static str, &'static str))> {
    let (year, month) = period.split_once('-')?;
    let at = month.parse::<usize>().ok()?.checked_sub(1)?;
    Some((year, *MONTHS.get(at)?))
}

/// A part of a whole in whole per cent; a dash where there is no whole. What is not all is never told as 100, and what
/// is something never as 0.
pub(crate) fn percent(part: u64, of: u64, language: Language) -> String {
    let Some(rounded) = (part.saturating_mul(200).saturating_add(of)).checked_div(of.saturating_mul(2))
    else {
        return "–".to_owned();
    };
    let shown = match rounded {
        0 if part > 0 => 1,
        100 if part < of => 99,
        shown => shown,
    };
    format!("{}{}", count(shown), language.pick("\u{a0}%", "%"))
}

/// How a number stands to an earlier one, in whole per cent with its sign; a dash where there was none.
pub(crate) fn change(now: u64, before: u64, language: Language) -> String {
    let difference = now.abs_diff(before);
    let Some(rounded) =
        (difference.saturating_mul(200).saturating_add(before)).checked_div(before.saturating_mul(2))
    else {
        return "–".to_owned();
    };
    let sign = match now.cmp(&before) {
        _ if rounded == 0 => "±",
        std::cmp::Ordering::Less => "−",
        std::cmp::Ordering::Equal => "±",
        std::cmp::Ordering::Greater => "+",
    };
    format!("{sign}{}{}", count(rounded), language.pick("\u{a0}%", "%"))
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
    use super::{capital, change, count, decimal, month, percent, period, period_short};
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
    fn periods_have_names() {
        assert_eq!(period("2026-09", Swedish), "september 2026");
        assert_eq!(period("2026-09", English), "September 2026");
        assert_eq!(period_short("2026-01", Swedish), "jan\u{a0}2026");
        for none in ["2026-13", "2026-00", "2026", "x-y"] {
            assert_eq!(period(none, Swedish), none);
        }
    }

    #[test]
    fn shares_and_changes() {
        assert_eq!(percent(1, 3, Swedish), "33\u{a0}%");
        assert_eq!(
            (percent(2, 3, English), percent(0, 5, English)),
            ("67%".into(), "0%".into())
        );
        assert_eq!(
            (percent(999, 1000, English), percent(1, 1000, English)),
            ("99%".into(), "1%".into())
        );
        assert_eq!(
            (percent(5, 5, English), percent(0, 0, English)),
            ("100%".into(), "–".into())
        );
        assert_eq!(change(110, 100, Swedish), "+10\u{a0}%");
        assert_eq!(
            (change(50, 100, English), change(5, 5, English)),
            ("−50%".into(), "±0%".into())
        );
        assert_eq!(
            (change(1, 0, English), change(1001, 1000, English)),
            ("–".into(), "±0%".into())
        );
    }

    #[test]
    fn groups_of_three() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1\u{202f}000");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
