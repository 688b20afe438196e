//! Texts of unknown content: their shape for messages, and whether they hold a personal identity number.
//! Nothing here returns the text it was given unless it is certainly harmless.

mod number;

pub(crate) use number::luhn;
pub use number::{holds_personal_number, id_holds_personal_number};

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
    is_id(id) && !id_holds_personal_number(id) && !holds_reported(id, number)
}

/// Whether a revision may stand in an answer that refuses its record. A personal number that slipped there is above a
/// million, also without its century and leading zeros.
pub fn may_echo_revision(revision: u32) -> bool {
    revision <= 9_999
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
}
