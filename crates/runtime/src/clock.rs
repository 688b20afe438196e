//! The one place that reads the clock. Care dates are calendar dates in Europe/Stockholm, instants are UTC.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Time in Sweden as a POSIX rule: central European time with summer time.
const SWEDEN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// Now, in microseconds since 1970-01-01 UTC.
pub fn now_micros() -> i64 {
    now().as_microsecond()
}

/// Today in Sweden.
pub fn today() -> Date {
    date_of(now())
}

/// The date in Sweden of an instant in microseconds since 1970-01-01 UTC; the first date of the era when out of range.
pub fn date_of_micros(micros: i64) -> Date {
    date_of(Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn date_of(instant: Timestamp) -> Date {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::posix(SWEDEN).unwrap_or(TimeZone::UTC));
    ZONE.to_datetime(instant).date()
}

fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the composition root's own reading of the clock"
    )]
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn dates_turn_at_swedish_midnight_in_summer_and_winter() {
        let at = |text: &str| date_of_micros(text.parse::<Timestamp>().unwrap().as_microsecond());
        assert_eq!(at("2026-07-01T21:59:59Z"), date(2026, 7, 1));
        assert_eq!(at("2026-07-01T22:00:00Z"), date(2026, 7, 2));
        assert_eq!(at("2026-12-01T22:59:59Z"), date(2026, 12, 1));
        assert_eq!(at("2026-12-01T23:00:00Z"), date(2026, 12, 2));
    }
}
