//! Expressions are read from both syntaxes, written in one form, and refused with the place and the reason.

use vardnav_terminology::ecl::{DEPTH_MAX, Reason, TEXT_BYTES_MAX, parse};

const CASES: &str = include_str!("expressions.txt");

#[test]
fn texts_are_read_as_listed() {
    let mut text = String::new();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for (number, line) in CASES.lines().enumerate() {
        let at = number + 1;
        let (mark, rest) = (
            line.get(..1).unwrap_or_default(),
            line.get(2..).unwrap_or_default(),
        );
        match mark {
            "?" => text = rest.replace('⏎', "\n"),
            "=" => {
                let canonical = if rest.is_empty() { text.as_str() } else { rest };
                cases += 1;
                match parse(&text) {
                    Err(error) => wrong.push(format!("line {at}: {error}")),
                    Ok(read) => {
                        let bare = format!("{read:#}");
                        if read.to_string() != canonical
                            || parse(canonical).as_ref() != Ok(&read)
                            || parse(&bare).map(|read| format!("{read:#}")).as_ref() != Ok(&bare)
                        {
                            wrong.push(format!("line {at}: read as {read}"));
                        }
                    }
                }
            }
            "!" => {
                cases += 1;
                let found = match parse(&text) {
                    Ok(read) => format!("read as {read}"),
                    Err(error) => format!(
                        "{} {}:{} {}",
                        error.position, error.line, error.column, error.reason
                    ),
                };
                if found != rest {
                    wrong.push(format!("line {at}: {found}"));
                }
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases > 200, "{cases} cases");
}

#[test]
fn terms_are_left_out_when_asked() {
    let expression =
        parse("< 404684003 |Clinical finding| : 363698007 |Finding site| = LOINC#1 |x|").unwrap();
    assert_eq!(format!("{expression:#}"), "< 404684003 : 363698007 = LOINC#1");
}

#[test]
fn nesting_and_length_are_limited() {
    let nested = |depth: usize| format!("{}404684003{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(parse(&nested(DEPTH_MAX + 1)).unwrap_err().reason, Reason::TooDeep);
    assert_eq!(parse(&"(".repeat(60_000)).unwrap_err().reason, Reason::TooDeep);
    let groups = format!("* : {}", "(".repeat(60_000));
    assert_eq!(parse(&groups).unwrap_err().reason, Reason::TooDeep);
    let filters = "* {{ C moduleId = ".repeat(3_000);
    assert_eq!(parse(&filters).unwrap_err().reason, Reason::TooDeep);
    let long = |bytes: usize| format!("404684003{}", " ".repeat(bytes - 9));
    assert!(parse(&long(TEXT_BYTES_MAX)).is_ok());
    assert_eq!(
        parse(&long(TEXT_BYTES_MAX + 1)).unwrap_err().reason,
        Reason::TooLong
    );
}

#[test]
fn no_text_stops_the_reader() {
    // Every beginning of every text, and every text with a character too many.
    for line in CASES.lines().filter_map(|line| line.strip_prefix("? ")) {
        for (at, _) in line.char_indices() {
            let (head, tail) = line.split_at(at);
            let _ = parse(head);
            let _ = parse(tail);
            for inserted in ["(", "{", "\"", "|", "å"] {
                if let Ok(read) = parse(&format!("{head}{inserted}{tail}")) {
                    assert_eq!(parse(&read.to_string()), Ok(read));
                }
            }
        }
    }
}
