//! Where pages are made: on threads of their own, as many at a time as the machine has for it, within a time and with
//! an end to the queue.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Requests that may wait or be worked on at once.
const REQUESTS_MAX: usize = 512;
/// How long a page may wait and be made.
const TIME_MAX: Duration = Duration::from_secs(10);

/// The places where pages are made.
pub(crate) struct Work {
    requests: Semaphore,
    places: std::sync::Arc<Semaphore>,
}

/// Why a page was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undone {
    /// Making it broke.
    Failed,
    /// Too much is asked for, or it took too long.
    Busy,
}

impl Default for Work {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            requests: Semaphore::new(REQUESTS_MAX),
            places: std::sync::Arc::new(Semaphore::new(threads * 2)),
        }
    }
}

impl Work {
    /// Makes something. What takes too long keeps its place until it is done, so that no more is begun than fits.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        make: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let Ok(_request) = self.requests.try_acquire() else {
            return Err(Undone::Busy);
        };
        let made = async {
            let place = self
                .places
                .clone()
                .acquire_owned()
                .await
                .map_err(|_| Undone::Failed)?;
            let making = tokio::task::spawn_blocking(move || {
                let made = make();
                drop(place);
                made
            });
            making.await.map_err(|_| Undone::Failed)
        };
        timeout(TIME_MAX, made).await.unwrap_or(Err(Undone::Busy))
    }
}
