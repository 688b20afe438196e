//! Background work: what follows the streams, and what is finished after a stop. Of the servers that share a store one
//! does it at a time; of a store that one process has, that process does. Says who works, never at what: what must not be
//! done by another is refused by the store itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, RwLock, watch};

/// Whose the background work over a store is. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Duty {
    /// The number of the taking under which it is this server's.
    mine: watch::Receiver<Option<u64>>,
    /// Read by whoever is in a shift.
    shifts: Arc<RwLock<()>>,
}

/// A piece of background work. When the work goes to another meanwhile, the store refuses what is written further, and
/// this server does not take the work again before the shift is over: what was read in it is of an earlier time.
#[derive(Debug)]
pub struct Shift {
    number: u64,
    _over: OwnedRwLockReadGuard<()>,
}

/// Assigns the work of one server, which does none once this is gone.
#[derive(Debug)]
pub(crate) struct Assigning {
    mine: watch::Sender<Option<u64>>,
    shifts: Arc<RwLock<()>>,
}

impl Duty {
    /// The work over a store that no other server shares: always this one's.
    pub fn alone() -> Self {
        // What is said stays so, for there is nobody who could take it back.
        let (_, mine) = watch::channel(Some(0));
        let shifts = Arc::default();
        Self { mine, shifts }
    }

    /// The work over a store that others share: nobody's yet.
    pub(crate) fn shared() -> (Self, Assigning) {
        let (sender, mine) = watch::channel(None);
        let shifts = Arc::<RwLock<()>>::default();
        let duty = Self {
            mine,
            shifts: Arc::clone(&shifts),
        };
        (duty, Assigning { mine: sender, shifts })
    }

    /// Whether it is this server's now, as far as that is known here.
    pub fn is_mine(&self) -> bool {
        self.mine.borrow().is_some()
    }

    /// Begins a shift as soon as the work is this server's; `None` when it never will be again.
    pub async fn begin(&self) -> Option<Shift> {
        let mut mine = self.mine.clone();
        loop {
            mine.wait_for(Option::is_some).await.ok()?;
            let over = Arc::clone(&self.shifts).read_owned().await;
            if let Some(shift) = self.shift(over) {
                return Some(shift);
            }
        }
    }

    /// Begins a shift when the work is this server's now.
    pub fn try_begin(&self) -> Option<Shift> {
        let over = Arc::clone(&self.shifts).try_read_owned().ok()?;
        self.shift(over)
    }

    fn shift(&self, over: OwnedRwLockReadGuard<()>) -> Option<Shift> {
        let number = (*self.mine.borrow())?;
        Some(Shift { number, _over: over })
    }
}

impl Default for Duty {
    fn default() -> Self {
        Self::alone()
    }
}

impl Shift {
    /// The number of the taking of the work: what was kept in memory under another one may be of an earlier time.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Assigning {
    /// The work is this server's, under a taking of that number.
    pub(crate) fn give(&self, number: u64) {
        self.mine.send_replace(Some(number));
    }

    /// The work may be another's: no further shift begins.
    pub(crate) fn withdraw(&self) {
        self.mine.send_replace(None);
    }

    /// Waits until every shift is over, at most for so long; gives whether they are.
    pub(crate) async fn over(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.shifts.write()).await.is_ok()
    }
}

impl Drop for Assigning {
    fn drop(&mut self) {
        self.withdraw();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn work_that_nobody_shares_is_always_ones_own() {
        let duty = Duty::alone();
        assert!(duty.is_mine());
        let first = duty.begin().await.unwrap();
        assert_eq!(duty.try_begin().unwrap().number(), first.number());
    }

    #[tokio::test]
    async fn shifts_are_over_before_the_work_is_taken_again() {
        let (duty, assigning) = Duty::shared();
        assert!(!duty.is_mine() && duty.try_begin().is_none());
        let waits = tokio::time::timeout(SOON, duty.begin()).await;
        assert!(waits.is_err(), "it is nobody's");
        assigning.give(3);
        let shift = duty.begin().await.unwrap();
        assert_eq!(shift.number(), 3);
        assigning.withdraw();
        assert!(duty.try_begin().is_none());
        assert!(!assigning.over(SOON).await, "the shift goes on");
        drop(shift);
        assert!(assigning.over(SOON).await);
        assigning.give(5);
        assert_eq!(duty.begin().await.unwrap().number(), 5);
        drop(assigning);
        assert!(!duty.is_mine() && duty.try_begin().is_none());
        assert!(duty.begin().await.is_none(), "nobody assigns it any more");
    }
}
