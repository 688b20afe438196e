//! Work on pieces of something side by side, kept in order. No more pieces are out at once than a window allows, so that
//! what is done early does not pile up, and whatever a thread does (also when it panics), the others end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

/// How many threads work, and how many pieces may be out at once: handed out and not kept yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) threads: usize,
    pub(super) window: usize,
}

/// Takes pieces from `next` until it gives none, has `work` done on them by threads, and hands the results to `keep` in
/// the order of the pieces. `broken` says what has become of work that panicked.
///
/// # Errors
/// The first error of any of them; pieces after it are not kept.
pub(super) fn in_order<T: Send, D: Send, E: Send>(
    size: Size,
    mut next: impl FnMut() -> Result<Option<T>, E>,
    work: impl Fn(T) -> Result<D, E> + Sync,
    mut keep: impl FnMut(D) -> Result<(), E>,
    broken: impl Fn() -> E + Sync,
) -> Result<(), E> {
    let (tasks, waiting) = channel::<(u64, T)>();
    let (finished, done) = channel::<(u64, Result<D, E>)>();
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        for _ in 0..size.threads.max(1) {
            let (work, broken, waiting, finished) = (&work, &broken, &waiting, finished.clone());
            scope.spawn(move || {
                loop {
                    let task = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, task)) = task else { return };
                    let result = catch_unwind(AssertUnwindSafe(|| work(task)));
                    let result = result.unwrap_or_else(|_| Err(broken()));
                    if finished.send((number, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(finished);
        // Dropped when this ends, however it ends, so that the threads end too.
        let tasks = tasks;
        let (mut given, mut kept, mut more) = (0_u64, 0_u64, true);
        let mut early: BTreeMap<u64, D> = BTreeMap::new();
        loop {
            while more && given - kept < size.window.max(1) as u64 {
                match next()? {
                    Some(task) => {
                        // Threads take tasks as long as this goes on.
                        let _ = tasks.send((given, task));
                        given += 1;
                    }
                    None => more = false,
                }
            }
            if kept == given {
                return Ok(());
            }
            let Ok((number, result)) = done.recv() else {
                return Err(broken());
            };
            early.insert(number, result?);
            while let Some(result) = early.remove(&kept) {
                keep(result)?;
                kept += 1;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    const SIZE: Size = Size {
        threads: 3,
        window: 4,
    };

    fn up_to(end: u64) -> impl FnMut() -> Result<Option<u64>, String> {
        let mut numbers = 0..end;
        move || Ok(numbers.next())
    }

    #[test]
    fn pieces_are_kept_in_order_and_a_slow_one_holds_no_more_than_the_window_up() {
        let (begun, mut kept) = (AtomicU64::new(0), Vec::new());
        let most = AtomicU64::new(0);
        let outcome = in_order(
            SIZE,
            up_to(50),
            |number| {
                begun.fetch_add(1, Ordering::SeqCst);
                if number == 0 {
                    std::thread::sleep(Duration::from_millis(150));
                    most.store(begun.load(Ordering::SeqCst), Ordering::SeqCst);
                }
                Ok(number)
            },
            |number| {
                kept.push(number);
                Ok(())
            },
            || "broken".to_owned(),
        );
        assert_eq!(outcome, Ok(()));
        assert_eq!(kept, (0..50).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= 4, "more pieces than the window");
    }

    #[test]
    fn work_that_panics_ends_the_whole_with_an_error() {
        let mut kept = Vec::new();
        let outcome = in_order(
            SIZE,
            up_to(50),
            |number| match number {
                7 => panic!("a fault"),
                number => Ok(number),
            },
            |number| {
                kept.push(number);
                Ok(())
            },
            || "broken".to_owned(),
        );
        assert_eq!(outcome, Err("broken".to_owned()));
        assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
        assert!(kept.len() <= 7, "{kept:?}");
    }

    #[test]
    fn an_error_of_any_step_ends_the_whole() {
        let refuse = |_| Err("kept".to_owned());
        let broken = || "broken".to_owned();
        assert_eq!(
            in_order(SIZE, up_to(50), Ok, refuse, broken),
            Err("kept".to_owned())
        );
        let next = || Err::<Option<u64>, _>("next".to_owned());
        assert_eq!(
            in_order(SIZE, next, Ok, |_| Ok(()), broken),
            Err("next".to_owned())
        );
        assert_eq!(in_order(SIZE, up_to(0), Ok, refuse, broken), Ok(()));
    }
}
