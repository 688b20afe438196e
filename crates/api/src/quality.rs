//! Conversions of completeness, findings and changes: months, counts, and the token that names a place in all streams.

use std::collections::BTreeMap;

use vardnav_register::delivery::{Month, Place, Within};
use vardnav_register::quality::Counts;
use vardnav_register::text::is_id;

use crate::pb::vardnav::register::v1 as pb;
use crate::status::ApiError;

/// Most months asked for at once.
const MONTHS_MAX: i32 = 60;
/// Longest token that is read, in bytes.
const TOKEN_MAX: usize = 1 << 20;
/// What tokens begin with: the version of their form.
const TOKEN_VERSION: &str = "c1";

/// The first month asked for, and the first no longer included: the one after it when none is stated.
///
/// # Errors
/// When a text is no month, or there are none between them or more than 60.
pub fn months(from: &str, until: &str) -> Result<(Month, Month), ApiError> {
    let month = |text: &str, field: &str| {
        Month::parse(text).map_err(|error| ApiError::field(field, error.to_string()))
    };
    let from = month(from, "from")?;
    let until = if until.is_empty() {
        from.next()
    } else {
        month(until, "until")?
    };
    match until.number() - from.number() {
        1..=MONTHS_MAX => Ok((from, until)),
        _ => Err(ApiError::field(
            "until",
            format!("1 to {MONTHS_MAX} months after `from`"),
        )),
    }
}

/// A count; one below zero, which no ledger gives, is told as none.
pub fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// Counts of records that stand.
pub fn counts_message(counts: Counts) -> pb::RecordCounts {
    pb::RecordCounts {
        accepted: whole(counts.accepted),
        held: whole(counts.held),
        with_findings: whole(counts.with_findings),
    }
}

/// A token of the places in reporters' streams; streams at their beginning are left out.
pub fn token(places: &BTreeMap<String, Place>) -> String {
    let mut token = TOKEN_VERSION.to_owned();
    for (reporter, place) in places {
        let Place { cursor, within } = place;
        if *cursor == 0 {
            continue;
        }
        token.push_str(&format!(",{reporter}={cursor}"));
        if let Some(Within { opened, next }) = within {
            token.push_str(&format!("/{opened}/{next}"));
        }
    }
    token
}

/// The places of a token, by reporter.
///
/// # Errors
/// When it is not of the form that [`token`] gives.
pub fn places(token: &str) -> Result<BTreeMap<String, Place>, ApiError> {
    let wrong = || ApiError::field("token", "not a token of an earlier answer");
    if token.is_empty() {
        return Ok(BTreeMap::new());
    }
    if token.len() > TOKEN_MAX {
        return Err(wrong());
    }
    let mut parts = token.split(',');
    if parts.next() != Some(TOKEN_VERSION) {
        return Err(wrong());
    }
    let place = |part: &str| {
        let (reporter, numbers) = part.split_once('=')?;
        let numbers = numbers.split('/').map(|number| number.parse::<u64>().ok());
        let numbers = numbers.collect::<Option<Vec<_>>>()?;
        let (cursor, within) = match *numbers.as_slice() {
            [cursor] => (cursor, None),
            [cursor, opened, next] => (cursor, Some(Within { opened, next })),
            _ => return None,
        };
        let bytes = Place { cursor, within }.within_bytes();
        let place = Place::of(cursor, bytes.as_ref().map(<[u8; 16]>::as_slice))?;
        is_id(reporter).then(|| (reporter.to_owned(), place))
    };
    parts.map(|part| place(part).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_they_were_written() {
        let within = Within { opened: 3, next: 9 };
        let all = [
            ("region:x", Place::at(17)),
            (
                "kommun.y",
                Place {
                    cursor: 12,
                    within: Some(within),
                },
            ),
        ];
        let all: BTreeMap<String, Place> = all.map(|(id, place)| (id.to_owned(), place)).into();
        let text = token(&all);
        assert_eq!(text, "c1,kommun.y=12/3/9,region:x=17");
        assert_eq!(places(&text).unwrap(), all);
        assert_eq!(places("").unwrap(), BTreeMap::new());
        assert_eq!(places(&token(&BTreeMap::new())).unwrap(), BTreeMap::new());
        for wrong in [
            "x",
            "c2",
            "c1,",
            "c1,a",
            "c1,a=",
            "c1,a=1/2",
            "c1,a=5/9/2",
            "c1,=1",
            "c1,å=1",
        ] {
            assert!(places(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn months_are_bounded() {
        assert_eq!(months("2026-12", "").unwrap().1.to_string(), "2027-01");
        assert!(months("2026-01", "2031-01").is_ok());
        for (from, until) in [
            ("2026-01", "2031-02"),
            ("2026-01", "2026-01"),
            ("2026-1", ""),
            ("", ""),
        ] {
            assert!(months(from, until).is_err(), "{from} {until}");
        }
    }
}
