//! Trying again what another server was faster at: how often, after which pauses, and that what is done is noted once
//! however often it is tried. Knows nothing of what is tried.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::Rng as _;
use vardnav_runtime::clock;
use vardnav_store::StoreError;

/// How often something is tried when other servers are faster.
const TRIES_MAX: u32 = 64;
/// The longest pause before the second try. It doubles with each further one.
const PAUSE_FIRST: Duration = Duration::from_millis(2);
/// The longest pause of all.
const PAUSE_MAX: Duration = Duration::from_millis(128);

/// The tries of one thing.
#[derive(Debug)]
pub(crate) struct Tries {
    at: i64,
    made: u32,
    noted: AtomicBool,
}

impl Tries {
    /// The first one, now.
    pub(crate) fn begin() -> Self {
        Self {
            at: clock::now_micros(),
            made: 1,
            noted: AtomicBool::new(false),
        }
    }

    /// When the first one began, in microseconds since 1970-01-01 UTC: the instant of what is done, whichever succeeds.
    pub(crate) fn at(&self) -> i64 {
        self.at
    }

    /// Whether there is another try, after a pause that is not the same for everybody who tries.
    pub(crate) async fn again(&mut self) -> bool {
        if self.made >= TRIES_MAX {
            return false;
        }
        let pause = rand::rng().random_range(Duration::ZERO..=longest(self.made));
        self.made += 1;
        tokio::time::sleep(pause).await;
        true
    }

    /// Whether it stands in the audit trail already.
    pub(crate) fn is_noted(&self) -> bool {
        self.noted.load(Ordering::Relaxed)
    }

    /// It stands in the audit trail.
    pub(crate) fn noted(&self) {
        self.noted.store(true, Ordering::Relaxed);
    }
}

/// Whether another server was faster.
pub(crate) fn is_conflict<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Conflict { .. }))
}

/// The longest pause after so many tries.
fn longest(made: u32) -> Duration {
    let doubled = 1_u32.checked_shl(made.saturating_sub(1)).unwrap_or(u32::MAX);
    PAUSE_FIRST.saturating_mul(doubled).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_short() {
        let pauses: Vec<u128> = (1..=9).map(|made| longest(made).as_millis()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 128, 128]);
        assert_eq!(longest(TRIES_MAX), PAUSE_MAX);
    }

    #[tokio::test]
    async fn tries_come_to_an_end() {
        let mut tries = Tries::begin();
        tries.made = TRIES_MAX - 1;
        assert!(tries.again().await);
        assert!(!tries.again().await);
    }
}
