//! Texts of unknown content: their shape for messages, and whether they hold a personal identity number.
//! Nothing here returns the text it was given unless it is certainly harmless.

/// Longest shape, in characters; longer texts end in `…`.
const SHAPE_MAX: usize = 24;

/// Longest text that [`safe_echo`] repeats, in bytes.
const ECHO_MAX: usize = 40;

/// The shape of a text: digits become `9`, letters `a` or `A`, anything else but ASCII punctuation and space
/// `?`. Cut after 24 characters.
pub fn shape(text: &str) -> String {
    let mut shape = String::with_capacity(text.len().min(SHAPE_MAX + 3));
    for (count, character) in text.chars().enumerate() {
        if count == SHAPE_MAX {
            shape.push('…');
            break;
        }
        shape.push(match character {
            c if c.is_numeric() => '9',
            c if c.is_uppercase() => 'A',
            c if c.is_alphabetic() => 'a',
            c if c.is_ascii_punctuation() || c == ' ' => c,
            _ => '?',
        });
    }
    shape
}

/// The text itself when it looks like a name of our own kind (lower-case ASCII letters, digits, `-`, `_` and
/// `.`, starting with a letter, at most five digits and 40 bytes), otherwise its shape.
pub fn safe_echo(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let named = text
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
    if named && digits <= 5 && text.len() <= ECHO_MAX {
        text.to_owned()
    } else {
        shape(text)
    }
}

/// Whether a text holds what must be taken for a personnummer or samordningsnummer: ten or twelve digits, or
/// six or eight, one separator, and four, whose date exists (day + 60 included) and whose check digit is right.
/// In runs longer than twelve digits every window of twelve with a century of 18–20 counts.
pub fn holds_personal_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 10 {
        return false;
    }
    let mut rest = bytes;
    // The digits before the separator that has just been passed, when six or eight.
    let mut before: Option<&[u8]> = None;
    while let Some(skip) = rest.iter().position(u8::is_ascii_digit) {
        let (gap, from_digit) = rest.split_at(skip);
        let length = from_digit.iter().take_while(|b| b.is_ascii_digit()).count();
        let (run, after) = from_digit.split_at(length);
        if run.len() == 4
            && is_separator(gap)
            && let Some(date) = before
            && is_number(date, run)
        {
            return true;
        }
        if run_is_number(run) {
            return true;
        }
        before = (length == 6 || length == 8).then_some(run);
        rest = after;
    }
    false
}

/// Whether a text holds a given normalised number of at least eight places: a number of digits with or without its
/// century and whatever stands between its digits, another one whatever its letter case and whichever dashes and
/// spaces stand in it.
pub fn holds_number(text: &str, number: &str) -> bool {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let number = match number.split_at_checked(2) {
        Some((_, short)) if digits && number.len() == 12 => short,
        _ => number,
    };
    let counts = |byte: &u8| {
        if digits {
            byte.is_ascii_digit()
        } else {
            !matches!(byte, b'-' | b' ')
        }
    };
    if number.len() < 8 || text.bytes().filter(counts).count() < number.len() {
        return false;
    }
    let begins_with = |from: usize| {
        let mut rest = text.as_bytes().iter().skip(from).filter(|byte| counts(byte));
        number
            .bytes()
            .all(|wanted| rest.next().is_some_and(|byte| byte.eq_ignore_ascii_case(&wanted)))
    };
    (0..text.len()).any(begins_with)
}

/// Whether an id given by a reporter may stand in an answer: it has the length and the charset of ids and holds
/// neither a personal number nor `number`, the number of its record's person as reported, however either is written.
pub fn may_echo_id(id: &str, number: &str) -> bool {
    is_id(id) && !holds_personal_number(id) && !holds_reported(id, number)
}

/// Whether a text has the form of an id given by a reporter: 1 to 64 bytes of `A–Z a–z 0–9 . _ : -`.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}

/// Whether an id holds a number as reported, right or wrong, with or without its century. Numbers of fewer than six
/// places identify nobody.
fn holds_reported(text: &str, number: &str) -> bool {
    let bare = |text: &str| -> Vec<u8> {
        let kept = text.bytes().filter(u8::is_ascii_alphanumeric);
        kept.map(|byte| byte.to_ascii_uppercase()).collect()
    };
    let (id, number) = (bare(text), bare(number));
    let holds = |number: &[u8]| number.len() >= 6 && id.windows(number.len()).any(|window| window == number);
    let short = number
        .split_at_checked(2)
        .filter(|_| number.len() == 12)
        .map_or(&[][..], |(_, short)| short);
    holds(&number)
        || holds(short)
        || std::str::from_utf8(&number).is_ok_and(|number| holds_number(text, number))
}

/// One separator: ASCII `-+_.:` or space, or a dash that word processors put in place of `-`.
fn is_separator(gap: &[u8]) -> bool {
    match gap {
        [one] => b"-+_.: ".contains(one),
        [0xe2, 0x80, 0x90..=0x95] | [0xe2, 0x88, 0x92] => true,
        _ => false,
    }
}

fn run_is_number(run: &[u8]) -> bool {
    match run.len() {
        10 => run
            .split_at_checked(6)
            .is_some_and(|(date, rest)| is_number(date, rest)),
        12.. => run.windows(12).any(|window| {
            window
                .split_at_checked(8)
                .is_some_and(|(date, rest)| is_number(date, rest))
        }),
        _ => false,
    }
}

/// Whether six or eight digits are a date of birth (day + 60 included) and the four after them fit its check
/// digit.
fn is_number(date: &[u8], rest: &[u8]) -> bool {
    let Some((century, date)) = (match date.len() {
        6 => Some((None, date)),
        8 => date
            .split_at_checked(2)
            .map(|(century, date)| (Some(century), date)),
        _ => None,
    }) else {
        return false;
    };
    if century.is_some_and(|century| !matches!(century, b"18" | b"19" | b"20")) {
        return false;
    }
    let &[y1, y2, m1, m2, d1, d2] = date else {
        return false;
    };
    // The birth number 000 is given to no one, but dated serial numbers often begin with it.
    if rest.starts_with(b"000") {
        return false;
    }
    let two = |tens: u8, ones: u8| (tens & 0x0f) * 10 + (ones & 0x0f);
    let day = two(d1, d2);
    let day = if day > 60 { day - 60 } else { day };
    let year = two(y1, y2);
    // Without a century a 29 February of a year ending in 00 may be 2000's.
    let leap = year.is_multiple_of(4) && (year != 0 || century.is_none_or(|century| century == b"20"));
    let days = match two(m1, m2) {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day) && luhn(date.iter().chain(rest))
}

/// Whether ASCII digits, the check digit last and an even number of them, satisfy the Luhn formula.
pub(crate) fn luhn<'a>(digits: impl Iterator<Item = &'a u8>) -> bool {
    let sum: u32 = digits
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit & 0x0f) * if index % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_tell_no_content() {
        assert_eq!(shape("Anna Åberg 19"), "Aaaa Aaaaa 99");
        assert_eq!(shape("2026-09-01"), "9999-99-99");
        assert_eq!(shape("a\u{0}b\u{202e}"), "a?a?");
        assert_eq!(shape(&"x".repeat(100)).chars().count(), 25);
    }

    #[test]
    fn only_our_own_kind_of_name_is_repeated() {
        assert_eq!(safe_echo("ordinary-housing"), "ordinary-housing");
        assert_eq!(safe_echo("Anna"), "Aaaa");
        assert_eq!(safe_echo("nr-701063-2391"), "aa-999999-9999");
    }

    #[test]
    fn personal_numbers_are_found_however_they_are_written() {
        for text in [
            "701063-2391",
            "7010632391",
            "19701063-2391",
            "197010632391",
            "x_19701063.2391",
            "701063+2391",
            "701063:2391",
            "701063 2391",
            "701063–2391",
            "ab7010632391cd",
            "3-701063-2391-1",
            "0000197010632391",
            "197010632391999",
        ] {
            assert!(holds_personal_number(text), "{text}");
        }
    }

    #[test]
    fn ids_are_repeated_unless_they_hold_a_number() {
        let mine = "19821105-9954";
        for id in [
            "550e8400-e29b-41d4-a716-446655440000",
            "c-1",
            "a:b_c.d-2026",
            "9954",
        ] {
            assert!(may_echo_id(id, mine), "{id}");
        }
        let wrong_digit = "198211059955";
        for (id, number) in [
            ("", mine),
            ("a b", mine),
            ("x".repeat(65).as_str(), mine),
            ("å", mine),
            ("c-701063-2391", mine),
            ("c-198211059955", wrong_digit),
            ("c-1982_11_05_9955", wrong_digit),
            ("c-821105-9955", wrong_digit),
            ("c-8211059955", "821105+9955"),
            ("c-19820101ab12", "19820101-AB12"),
            ("c19821105x9955", wrong_digit),
        ] {
            assert!(!may_echo_id(id, number), "{id}");
        }
        assert!(may_echo_id("c-1", ""));
    }

    #[test]
    fn a_given_number_is_found_however_it_is_written() {
        for text in ["19820101AB12", "x19820101-ab12y", "1982 0101 AB 12"] {
            assert!(holds_number(text, "19820101AB12"), "{text}");
        }
        assert!(!holds_number("19820101AB1", "19820101AB12"));
        assert!(!holds_number("A1", "A1"));
        for text in [
            "4:2:0:8:1:3:9:9:0:9",
            "1942-08-13-9909",
            "c19420813x9909",
            "420813-99-09",
        ] {
            assert!(holds_number(text, "194208139909"), "{text}");
        }
        assert!(!holds_number("2026-09-01-0001", "194208139909"));
    }

    #[test]
    fn ordinary_ids_are_no_personal_numbers() {
        for text in [
            "",
            "2026-09-01-0001",
            "SE2321000131-P000000123457",
            "550e8400-e29b-41d4-a716-446655440000",
            "20150916-0006",
            "201509160006",
            "701063-2392",
            "701063--2391",
            "7010-632391",
            "701363-2391",
            "900161-0017",
            "1.2.752.116.1.1.1.1.3",
            "https://vardnav.se/CodeSystem/near-care-terms",
            "contact-000000000042",
            "97010632391",
            "217010632391",
        ] {
            assert!(!holds_personal_number(text), "{text}");
        }
    }
}
