//! Versions of published things: patterns that name them, which of two is the newer, the dates that they name.

use std::cmp::Ordering;

use jiff::civil::Date;

/// Years that a version of four digits can mean.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// Whether `pattern` leaves part of the version open: `1.x`, `1.2.*`.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    pattern.split('.').any(is_wild)
}

/// Whether a version is what `pattern` says: the same text, or equal in every part that the pattern does not leave
/// open. A pattern that ends with an open part leaves open everything after it; one that names an edition of SNOMED CT
/// (`http://snomed.info/sct/<module>`) leaves open its date.
pub(crate) fn matches(pattern: &str, version: &str) -> bool {
    if pattern == version || is_of_edition(pattern, version) {
        return true;
    }
    if !is_pattern(pattern) {
        return false;
    }
    let (mut wished, mut given) = (pattern.split('.').peekable(), version.split('.'));
    while let Some(part) = wished.next() {
        match given.next() {
            None => return false,
            Some(_) if is_wild(part) && wished.peek().is_none() => return true,
            Some(text) if is_wild(part) || part == text => {}
            Some(_) => return false,
        }
    }
    given.next().is_none()
}

/// Whether `named` names an edition of SNOMED CT without a date, and `version` a version of that edition.
pub(crate) fn is_of_edition(named: &str, version: &str) -> bool {
    let rest = version.strip_prefix(named);
    rest.is_some_and(|rest| rest.starts_with("/version/"))
        && matches!(snomed(named), Some((module, "")) if !module.is_empty())
}

fn is_wild(part: &str) -> bool {
    matches!(part, "x" | "X" | "*")
}

/// Which of two versions is the older. Runs of digits are compared as numbers and everything else letter by letter,
/// which orders semantic versions, years, dates and plain numbers alike. A pre-release (`1.0.0-rc1`) comes before its
/// release, and no version at all before any. Of two editions of SNOMED CT
/// (`http://snomed.info/sct/<module>/version/<date>`) the one of the earlier date is the older, whatever their modules.
pub fn compare(a: &str, b: &str) -> Ordering {
    if let (Some((module_a, date_a)), Some((module_b, date_b))) = (snomed(a), snomed(b)) {
        return natural(date_a, date_b).then_with(|| natural(module_a, module_b));
    }
    let (head_a, tail_a) = split_release(a);
    let (head_b, tail_b) = split_release(b);
    natural(head_a, head_b).then_with(|| match (tail_a, tail_b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => natural(a, b),
    })
}

/// The date that a version names: as FHIR writes dates, whole or to the month or year, whose first day counts; eight
/// digits (`20260131`); or an address that ends so (`http://snomed.info/sct/…/version/20260131`). What a time of day
/// or a part of a day says is left out.
pub(crate) fn date(version: &str) -> Option<Date> {
    let (_, last) = version.rsplit_once('/').unwrap_or(("", version));
    let day = last.split_once('T').map_or(last, |(day, _)| day);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = match (day.len(), digits(day)) {
        (8, true) => {
            let (year, rest) = day.split_at_checked(4)?;
            let (month, day) = rest.split_at_checked(2)?;
            vec![year, month, day]
        }
        _ => day.split('-').collect(),
    }
    .into_iter();
    let part = |text: &str, length: usize| -> Option<i16> {
        (text.len() == length && digits(text)).then(|| text.parse().ok())?
    };
    let year = part(parts.next()?, 4).filter(|year| YEARS.contains(year))?;
    let mut small = || match parts.next() {
        Some(text) => i8::try_from(part(text, 2)?).ok(),
        None => Some(1),
    };
    let (month, day) = (small()?, small()?);
    match parts.next() {
        None => Date::new(year, month, day).ok(),
        Some(_) => None,
    }
}

/// Module and date of an edition of SNOMED CT, as its version names them; `xsct` names those not yet published. The
/// date is empty when only the edition is named.
fn snomed(version: &str) -> Option<(&str, &str)> {
    let of = version.strip_prefix("http://snomed.info/")?;
    let of = of.strip_prefix('x').unwrap_or(of).strip_prefix("sct/")?;
    let (module, date) = of.split_once("/version/").unwrap_or((of, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(module) && digits(date)).then_some((module, date))
}

/// A semantic version and what is said of its pre-release. Dates (`2026-01-31`) are whole.
fn split_release(version: &str) -> (&str, Option<&str>) {
    match version.split_once('-') {
        Some((head, tail)) if head.contains('.') => (head, Some(tail)),
        _ => (version, None),
    }
}

fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (run_a, rest_a) = run(a);
        let (run_b, rest_b) = run(b);
        let order = match (number(run_a), number(run_b)) {
            (Some(x), Some(y)) => (x.len(), x).cmp(&(y.len(), y)),
            _ => run_a.cmp(run_b),
        };
        if order != Ordering::Equal || (rest_a.is_empty() && rest_b.is_empty()) {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// The digits, or the non-digits, that a text begins with; and the rest.
fn run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text
        .find(|c: char| c.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// A run of digits without leading zeros.
fn number(run: &str) -> Option<&str> {
    run.starts_with(|c: char| c.is_ascii_digit())
        .then(|| run.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_parts_match_anything() {
        assert!(matches("1.x.x", "1.2.0") && matches("1.0.x", "1.0.0") && matches("1.*", "1.2.3"));
        assert!(!matches("1", "1.0.0") && !matches("1.x", "2.0") && !matches("1.x.0", "1.2.1"));
        assert!(!matches("1.x", "1") && matches("x", "2026"));
    }

    #[test]
    fn an_edition_of_snomed_without_a_date_is_any_version_of_it() {
        let edition = "http://snomed.info/sct/45991000052106";
        assert!(matches(edition, &format!("{edition}/version/20260531")));
        for (pattern, version) in [
            (
                edition,
                "http://snomed.info/sct/900000000000207008/version/20260531".to_owned(),
            ),
            (edition, format!("{edition}0/version/20260531")),
            (edition, "20260531".to_owned()),
            (
                "http://snomed.info/sct",
                "http://snomed.info/sct/version/20260531".to_owned(),
            ),
            ("urn:a", "urn:a/version/1".to_owned()),
        ] {
            assert!(!matches(pattern, &version), "{pattern} {version}");
        }
    }

    #[test]
    fn versions_that_are_dates_name_them_and_others_name_none() {
        for (version, named) in [
            ("2026", "2026-01-01"),
            ("2026-07", "2026-07-01"),
            ("2026-07-31", "2026-07-31"),
            ("2026-07-31T12:00:00+02:00", "2026-07-31"),
            ("20260731", "2026-07-31"),
            (
                "http://snomed.info/sct/45991000052106/version/20260531",
                "2026-05-31",
            ),
            (
                "http://snomed.info/xsct/45991000052106/version/20260531",
                "2026-05-31",
            ),
        ] {
            assert_eq!(date(version), Some(named.parse().unwrap()), "{version}");
        }
        for version in [
            "",
            "1",
            "2.77",
            "2026.1",
            "4.0.1",
            "0999",
            "9999",
            "20261301",
            "20260230",
            "2026-13",
            "2026-1",
            "2026-00",
            "2026-01-01-01",
            "2026-",
            "år 2026",
            "２０２６",
            "http://snomed.info/sct/45991000052106",
        ] {
            assert_eq!(date(version), None, "{version}");
        }
    }

    #[test]
    fn numbers_count_as_numbers() {
        for (older, newer) in [
            ("1.9.0", "1.10.0"),
            ("2021", "2026"),
            ("", "0.1"),
            ("1.0", "1.0.1"),
            ("1.0.0-rc1", "1.0.0"),
            ("2025-12-31", "2026-01-01"),
            ("9", "10"),
            (
                "http://snomed.info/sct/900000000000207008/version/20250101",
                "http://snomed.info/sct/45991000052106/version/20250531",
            ),
            (
                "http://snomed.info/sct/45991000052106/version/20250531",
                "http://snomed.info/sct/900000000000207008/version/20250531",
            ),
            (
                "http://snomed.info/xsct/45991000052106/version/20250531",
                "http://snomed.info/sct/45991000052106/version/20251130",
            ),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater);
            assert_eq!(compare(newer, newer), Ordering::Equal);
        }
    }
}
