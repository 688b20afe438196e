//! Personal identity numbers (personnummer, samordningsnummer) in texts. What is found is exact: a date of birth that
//! exists, with 60 added to the day or not, and the right check digit. How it may be written is another matter for ids
//! than for texts that people write. Nothing here tells which number it found.

/// So many characters between two digits of a number there are at most.
const GAP_MAX: usize = 16;

/// The digits that stand for zero, each followed by those for one to nine: Unicode's characters of the general category
/// Nd, version 14.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// Whether a text that somebody wrote holds a personal identity number: ten or twelve digits, of whatever script, with
/// anything but letters and further digits between them, up to 16 characters. What is written as a date with a time
/// of day, or as two dates, is taken for that, and a date is not taken apart. Finds all that [`id_holds_personal_number`] finds.
pub fn holds_personal_number(text: &str) -> bool {
    if text.len() < 10 {
        return false;
    }
    if id_holds_personal_number(text) {
        return true;
    }
    let written = Written::of(text);
    (0..written.groups.len()).any(|first| written.begins_number(first))
}

/// Whether an id holds what must be taken for a personnummer or samordningsnummer: ten or twelve digits, or six or
/// eight, one separator, and four. In runs longer than twelve digits every window of twelve with a century of 18–20
/// counts. Digits that are grouped otherwise are no number: ids are full of them.
pub fn id_holds_personal_number(text: &str) -> bool {
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

/// Digits in a row.
#[derive(Debug)]
struct Group {
    /// Position of its first digit among all digits.
    from: usize,
    /// Position after its last.
    to: usize,
    /// The only character between it and the group before; `None` when there are more, or a letter.
    gap: Option<char>,
    /// Whether nothing but separators stands between it and the group before.
    joined: bool,
}

impl Group {
    fn count(&self) -> usize {
        self.to - self.from
    }
}

/// The digits of a text and how they are grouped.
#[derive(Debug, Default)]
struct Written {
    /// As ASCII.
    digits: Vec<u8>,
    groups: Vec<Group>,
}

impl Written {
    fn of(text: &str) -> Self {
        let mut written = Self::default();
        let (mut gap, mut letters) = (0, true);
        let mut only = None;
        let mut within = false;
        for character in text.chars() {
            if let Some(digit) = digit(character) {
                if !within {
                    written.groups.push(Group {
                        from: written.digits.len(),
                        to: written.digits.len(),
                        gap: only.filter(|_| gap == 1 && !letters),
                        joined: gap <= GAP_MAX && !letters,
                    });
                }
                written.digits.push(digit);
                if let Some(group) = written.groups.last_mut() {
                    group.to = written.digits.len();
                }
                (gap, letters, within) = (0, false, true);
            } else {
                gap += 1;
                letters |= character.is_alphanumeric();
                only = Some(character);
                within = false;
            }
        }
        written
    }

    /// Whether the groups from one on are a number, up to the end of one of them.
    fn begins_number(&self, first: usize) -> bool {
        let Some(begin) = self.groups.get(first) else {
            return false;
        };
        for (at, group) in self.groups.iter().enumerate().skip(first) {
            let digits = self.digits.get(begin.from..group.to).unwrap_or_default();
            if digits.len() > 12 || (at > first && !group.joined) {
                return false;
            }
            let Some((date, rest)) = digits
                .len()
                .checked_sub(4)
                .and_then(|at| digits.split_at_checked(at))
            else {
                continue;
            };
            if matches!(digits.len(), 10 | 12)
                && is_number(date, rest)
                && !self.is_dated(first, at)
                && !self.cuts_date(first, at)
            {
                return true;
            }
        }
        false
    }

    /// Whether the groups from `first` to `last` are written as a date followed by a time of day or another date.
    fn is_dated(&self, first: usize, last: usize) -> bool {
        if !self.is_date(first) {
            return false;
        }
        let at = first + 3;
        match last.checked_sub(first) {
            Some(3) => self.is_date(at) || self.is_time(at),
            Some(4) => self.is_time(at),
            _ => false,
        }
    }

    /// Whether the groups from `first` to `last` hold a part of a date that has other parts beyond them.
    fn cuts_date(&self, first: usize, last: usize) -> bool {
        let before = first.saturating_sub(2)..first;
        let behind = last.saturating_sub(1).max(first)..last + 1;
        before.chain(behind).any(|at| self.is_date(at))
    }

    /// Whether a date as `2026-01-31` begins at a group, with one kind of `-`, `/` or `.` in it.
    fn is_date(&self, first: usize) -> bool {
        let [Some(year), Some(month), Some(day)] = [0, 1, 2].map(|at| self.groups.get(first + at)) else {
            return false;
        };
        let within = |group: &Group, most: u8| {
            group.count() == 2
                && matches!(self.digits.get(group.from..group.to), Some(&[tens, ones])
                if (1..=most).contains(&two(tens, ones)))
        };
        let century = self.digits.get(year.from..year.from + 2).unwrap_or_default();
        year.count() == 4
            && matches!(century, b"18" | b"19" | b"20")
            && matches!(month.gap, Some('-' | '/' | '.'))
            && month.gap == day.gap
            && within(month, 12)
            && within(day, 31)
    }

    /// Whether a time of day as `08:15` or `08.15` begins at a group.
    fn is_time(&self, first: usize) -> bool {
        let [Some(hour), Some(minute)] = [0, 1].map(|at| self.groups.get(first + at)) else {
            return false;
        };
        let below = |group: &Group, end: u8| matches!(self.digits.get(group.from..group.to), Some(&[tens, ones]) if two(tens, ones) < end);
        matches!(minute.gap, Some(':' | '.')) && below(hour, 24) && below(minute, 60)
    }
}

/// A decimal digit of some script, as ASCII.
fn digit(character: char) -> Option<u8> {
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(character as u8);
    }
    let code = u32::from(character);
    let at = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    let value = u8::try_from(code - ZEROS.get(at)?).ok()?;
    (value < 10).then(|| b'0' + value)
}

fn two(tens: u8, ones: u8) -> u8 {
    (tens & 0x0f) * 10 + (ones & 0x0f)
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
            assert!(id_holds_personal_number(text), "{text}");
            assert!(holds_personal_number(text), "{text}");
        }
    }

    #[test]
    fn in_a_text_they_are_found_whatever_stands_between_their_digits() {
        for text in [
            "patient 19701063/2391",
            "701063--2391",
            "7010-632391",
            "70 10 63 23 91",
            "1970.10.63 - 2391",
            "1970\u{a0}10\u{a0}63\u{2011}23\u{200b}91",
            "\u{ff11}\u{ff19}\u{ff17}\u{ff10}\u{ff11}\u{ff10}\u{ff16}\u{ff13}\u{ff12}\u{ff13}\u{ff19}\u{ff11}",
            "\u{667}\u{660}\u{661}\u{660}\u{666}\u{663}+\u{662}\u{663}\u{669}\u{661}",
            "1-9-7-0-1-0-6-3-2-3-9-1",
            "född 701063 (2391)",
            "nr 3: 701063/2391, se 4",
            "1982-11-05-9954",
        ] {
            assert!(holds_personal_number(text), "{text}");
        }
    }

    #[test]
    fn ordinary_texts_hold_none() {
        for text in [
            "",
            "gäller från 2026-01-01 till 2026-12-31",
            "2026-01-01–2027-01-01, 2026-03-01—2026-04-15, 2026/05/02 2026/06/03",
            "2026-01-01 08:15, 2026-01-02 23:59, 2026-01-03 07.30 och 2010-05-01 16:45",
            "telefon 010-788 50 00, 08-123 456 78, +46 8 555 123 40",
            "organisationsnummer 232100-0131 och 556677-8899",
            "öppet 08.00–17.00, lördag 10.00–14.00",
            "1.2.752.116.1.1.1.1.3 och 2.16.840.1.113883.6.96",
            "HSLF-FS 2017:67, SFS 2001:707, prop. 2025/26:310, s. 12–17",
            "12 345 besök 2024, 13 020 besök 2025, 14 118 besök 2026",
            "701063-2392",
            "2026-09-01-0001",
            "701063a2391",
        ] {
            assert!(!holds_personal_number(text), "{text}");
        }
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
            assert!(!id_holds_personal_number(text), "{text}");
        }
    }
}
