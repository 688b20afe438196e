//! A personal identity number is found in a text however it is written, and random text is rarely taken for one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use jiff::ToSpan as _;
use jiff::civil::date;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use vardnav_register::text::{holds_personal_number, id_holds_personal_number};

/// The check digit, counted otherwise than the code does: by the table of doubled digits.
fn check_digit(nine: &[u32]) -> u32 {
    let doubled = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let sum: u32 = nine
        .iter()
        .zip([true, false].into_iter().cycle())
        .map(|(digit, double)| if double { doubled[*digit as usize] } else { *digit })
        .sum();
    (100 - sum) % 10
}

/// Ten or twelve digits that are a number.
fn number() -> impl Strategy<Value = Vec<u32>> {
    (0..50_000_i32, 1..1000_u32, any::<bool>(), any::<bool>()).prop_map(
        |(days, birth, coordination, century)| {
            let born = date(1890, 1, 1).checked_add(days.days()).unwrap();
            let day = i32::from(born.day()) + if coordination { 60 } else { 0 };
            let text = format!("{:04}{:02}{day:02}{birth:03}", born.year(), born.month());
            let mut digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
            digits.push(check_digit(&digits[2..]));
            if century { digits } else { digits.split_off(2) }
        },
    )
}

const SEPARATORS: [&str; 20] = [
    "-", "+", " ", ".", "/", "_", " - ", "\u{a0}", "\u{2009}", "–", "—", "\u{200b}", ", ", " (", "*", "·",
    "|", "\t", "\n", "…!?",
];

const ZEROS: [char; 6] = ['0', '\u{ff10}', '\u{660}', '\u{966}', '\u{1d7ce}', '\u{e50}'];

const AROUND: [&str; 7] = ["", " ", "Anna ", "nr: ", "(", "å", "—"];

/// A number with separators at some places, in the digits of some script, within words; and how its digits are grouped.
fn written() -> impl Strategy<Value = (String, Vec<usize>)> {
    let between = prop::collection::vec(
        prop::option::weighted(0.3, prop::sample::select(&SEPARATORS[..])),
        12,
    );
    (
        number(),
        between,
        prop::sample::select(&ZEROS[..]),
        prop::sample::select(&AROUND[..]),
        prop::sample::select(&AROUND[..]),
    )
        .prop_map(|(digits, between, zero, before, after)| {
            let mut text = before.to_owned();
            let mut groups = vec![0];
            for (at, (digit, between)) in digits.iter().zip(between).enumerate() {
                if let Some(between) = between.filter(|_| at > 0) {
                    text.push_str(between);
                    groups.push(0);
                }
                *groups.last_mut().unwrap() += 1;
                text.push(char::from_u32(u32::from(zero) + digit).unwrap());
            }
            (text + after, groups)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn any_number_is_found_however_it_is_written((text, groups) in written()) {
        // What may be a date with a time of day is taken for that.
        prop_assume!(!groups.starts_with(&[4, 2, 2, 2]));
        prop_assert!(holds_personal_number(&text), "{text}");
    }

    #[test]
    fn what_an_id_holds_a_text_holds(text in "[0-9a-z .:_-]{0,40}", number in number()) {
        prop_assert!(!id_holds_personal_number(&text) || holds_personal_number(&text), "{text}");
        let bare: String = number.iter().map(ToString::to_string).collect();
        let within = format!("x-{bare}");
        prop_assert!(id_holds_personal_number(&within) && holds_personal_number(&bare));
        // Another check digit makes it none.
        let mut wrong = number;
        let last = wrong.pop().unwrap();
        wrong.push((last + 1) % 10);
        let bare: String = wrong.iter().map(ToString::to_string).collect();
        prop_assert!(!holds_personal_number(&bare), "{bare}");
    }
}

/// Random text, fixed once: printable characters, words with numbers, digits in groups.
#[test]
fn random_text_is_rarely_taken_for_one() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for (pattern, most) in [
        ("[ -~]{200}", 1),
        ("\\PC{100}", 1),
        (
            "([a-zåäö]{2,9} ){10}[0-9]{1,4} ([a-z]{2,9} ){5}[0-9]{1,2}[,.] ",
            1,
        ),
        ("([0-9]{1,3} [0-9]{3} [a-z]{4,8}, ){4}", 3),
        (
            "20[12][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]) 20[12][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])",
            0,
        ),
    ] {
        let texts = proptest::string::string_regex(pattern).unwrap();
        let taken = (0..1000)
            .filter(|_| {
                let text = texts.new_tree(&mut runner).unwrap().current();
                holds_personal_number(&text)
            })
            .count();
        assert!(taken <= most, "{pattern}: {taken} of 1000");
    }
}
