//! Records are read from lines and written as lines; what is wrong is found, and nothing of it repeated.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;

use proptest::prelude::*;
use vardnav_interchange::register::lines::{LineContent, Lines};
use vardnav_interchange::register::read::{read_line, read_record};
use vardnav_interchange::register::write::write_record;

const RECORDS: &str = include_str!("register/records.ndjson");

#[test]
fn a_record_has_one_line() {
    let mut written = Vec::new();
    for line in RECORDS.lines() {
        let reported = read_record(line.as_bytes()).unwrap();
        write_record(&mut written, &reported.reporter, &reported.record, true).unwrap();
    }
    assert_eq!(String::from_utf8(written).unwrap(), RECORDS);
}

#[test]
fn what_leaves_the_register_has_no_person() {
    for line in RECORDS.lines() {
        let reported = read_record(line.as_bytes()).unwrap();
        let mut written = Vec::new();
        write_record(&mut written, &reported.reporter, &reported.record, false).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert!(
            !text.contains("person") && !text.contains(&reported.record.person.identity),
            "{text}"
        );
    }
}

/// The bytes of a line in which `\xNN` stands for a byte.
fn unescape(line: &str) -> Vec<u8> {
    let mut parts = line.split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

#[test]
fn what_is_wrong_with_a_line_is_said_without_repeating_it() {
    let cases = include_str!("register/refused.txt");
    let mut answered = String::new();
    for line in cases.lines() {
        if line.is_empty() || line.starts_with('#') {
            answered.push_str(line);
            answered.push('\n');
        } else if !line.starts_with("  ") {
            let refused = read_record(&unescape(line)).unwrap_err();
            writeln!(answered, "{line}").unwrap();
            for finding in &refused.findings {
                writeln!(
                    answered,
                    "  {} {} {}",
                    finding.code, finding.path, finding.message
                )
                .unwrap();
            }
            let kind = refused.kind.map(|kind| kind.name().to_owned());
            let told = [
                refused.reporter,
                kind,
                refused.id,
                refused.revision.map(|revision| revision.to_string()),
            ];
            if told.iter().any(Option::is_some) {
                let told = told.map(|part| part.unwrap_or_else(|| "-".into()));
                writeln!(answered, "  = {}", told.join(" ")).unwrap();
            }
        }
    }
    assert_eq!(answered, cases);
    for answer in answered.lines().filter(|line| line.starts_with("  ")) {
        assert!(!answer.contains("1982") && !answer.contains("Anna"), "{answer}");
    }
}

#[test]
fn a_line_too_long_is_one_finding_and_reading_goes_on() {
    let text = format!("{}\n{}", "x".repeat(1024 * 1024 + 1), RECORDS);
    let mut lines = Lines::new(text.as_bytes());
    let first = lines.next_line().unwrap().unwrap();
    assert_eq!((first.number, first.content), (1, LineContent::TooLong));
    let refused = read_line(first.content).unwrap_err();
    assert_eq!(refused.findings.len(), 1);
    assert_eq!(refused.findings.first().unwrap().code, "VN-REG-003");
    let mut read = 0;
    while let Some(line) = lines.next_line().unwrap() {
        read_line(line.content).unwrap();
        read += 1;
    }
    assert_eq!(read, 6);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = read_record(&bytes);
    }

    #[test]
    fn damaged_lines_are_read_without_panic(line in 0usize..6, at in 0usize..2_000, byte: u8) {
        let mut bytes = RECORDS.lines().nth(line).unwrap().as_bytes().to_vec();
        let length = bytes.len();
        if let Some(target) = bytes.get_mut(at % length) {
            *target = byte;
        }
        let _ = read_record(&bytes);
        bytes.truncate(at % length);
        prop_assert!(read_record(&bytes).is_err());
    }
}
