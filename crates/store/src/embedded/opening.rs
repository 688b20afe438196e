//! Files that are opened beside what is in use already: a start does not wait for them, whoever asks for them does.
//! What cannot be opened is tried again when it is asked for.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use super::keyed::Keyed;
use super::recovery::Damage;
use crate::contract::StoreError;

/// What an opening gives: the files, and what was found wrong with them.
type Outcome = Result<(Keyed, Vec<Damage>), StoreError>;
/// Opens them.
type Opener = Arc<dyn Fn() -> Outcome + Send + Sync>;

/// Keyed values that are being opened, or are open.
pub(crate) struct Opening {
    opener: Opener,
    open: OnceLock<Keyed>,
    state: Mutex<State>,
}

/// How far it has come.
enum State {
    /// Nobody has begun.
    Closed,
    /// A thread opens them.
    Under(JoinHandle<Outcome>),
    /// They are open; this was found.
    Open(Vec<Damage>),
    /// They are not.
    Failed(StoreError),
}

impl Opening {
    /// Files that are opened when that is begun, or somebody asks for them.
    pub(crate) fn of(opener: Opener) -> Self {
        Self {
            opener,
            open: OnceLock::new(),
            state: Mutex::new(State::Closed),
        }
    }

    /// Begins in a thread of its own.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn begin(&self) -> std::io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Closed) {
            let work = Arc::clone(&self.opener);
            let thread = std::thread::Builder::new().name("store-opening".to_owned());
            *state = State::Under(thread.spawn(move || work())?);
        }
        Ok(())
    }

    /// The open values; waits until they are.
    ///
    /// # Errors
    /// Why they cannot be opened.
    pub(crate) fn get(&self) -> Result<&Keyed, StoreError> {
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle(&mut state);
        match (&*state, self.open.get()) {
            (_, Some(open)) => Ok(open),
            (State::Failed(error), None) => Err(error.clone()),
            _ => Err(gave_up()),
        }
    }

    /// Opens them again after their files failed, or for the first time when they could not be opened. Files that are
    /// damaged by now are treated as at a start.
    ///
    /// # Errors
    /// Why they cannot be opened.
    pub(crate) fn again(&self) -> Result<(), StoreError> {
        let reopened = self.open.get().map(|open| (open, open.reopen()));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match reopened {
            None => {}
            Some((open, Err(StoreError::Corrupt(_)))) => {
                let (fresh, found) = (self.opener)()?;
                open.take(&fresh);
                if let State::Open(damage) = &mut *state {
                    damage.extend(found);
                }
                return Ok(());
            }
            Some((_, outcome)) => return outcome,
        }
        self.settle(&mut state);
        if let State::Failed(_) = &*state {
            self.take(&mut state, (self.opener)());
        }
        match &*state {
            State::Failed(error) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// What was found wrong; waits until they are open.
    pub(crate) fn damage(&self) -> Vec<Damage> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle(&mut state);
        match &*state {
            State::Open(damage) => damage.clone(),
            _ => Vec::new(),
        }
    }

    /// Waits for the thread, or opens them when there is none.
    fn settle(&self, state: &mut State) {
        if !matches!(state, State::Closed | State::Under(_)) {
            return;
        }
        let outcome = match std::mem::replace(state, State::Failed(gave_up())) {
            State::Under(thread) => thread.join().unwrap_or_else(|_panic| Err(gave_up())),
            _ => (self.opener)(),
        };
        self.take(state, outcome);
    }

    fn take(&self, state: &mut State, outcome: Outcome) {
        *state = match outcome {
            Ok((open, damage)) => {
                // Nobody else sets it: the state is held.
                let _ = self.open.set(open);
                State::Open(damage)
            }
            Err(error) => {
                tracing::error!(%error, "files of the store cannot be opened; it is tried again when they are asked for");
                State::Failed(error)
            }
        };
    }
}

impl Drop for Opening {
    /// Its thread writes to the folder, which is let go of only afterwards.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Under(thread) = std::mem::replace(state, State::Failed(gave_up())) {
            // What it was to give nobody takes any more.
            let _ = thread.join();
        }
    }
}

fn gave_up() -> StoreError {
    StoreError::Unavailable("the projections could not be opened; see the log".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_could_not_be_opened_is_tried_again_when_it_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let (path, tries) = (folder.path().join("values"), Arc::new(AtomicUsize::new(0)));
        let (counted, found) = (Arc::clone(&tries), Vec::from([damage()]));
        let opening = Opening::of(Arc::new(move || match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Err(StoreError::Unavailable("no room".to_owned())),
            _ => Ok((Keyed::open(&path)?, found.clone())),
        }));
        opening.begin().unwrap();
        let refused = opening.get().map(drop);
        assert_eq!(refused, Err(StoreError::Unavailable("no room".to_owned())));
        assert_eq!(opening.damage(), []);
        assert_eq!(opening.again(), Ok(()));
        assert_eq!(opening.get().map(|open| open.is_empty()), Ok(Ok(true)));
        assert_eq!(opening.damage(), [damage()]);
        assert_eq!(opening.again(), Ok(()));
        assert_eq!(tries.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn what_is_damaged_when_it_is_opened_again_is_set_aside_as_at_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values");
        let (own, aside) = (path.clone(), folder.path().join("aside"));
        let opening = Opening::of(Arc::new(move || match Keyed::open(&own) {
            Err(StoreError::Corrupt(_)) => {
                std::fs::rename(&own, &aside).unwrap();
                Ok((Keyed::open(&own)?, vec![damage()]))
            }
            opened => Ok((opened?, Vec::new())),
        }));
        let put = |opening: &Opening, key: &[u8]| opening.get().unwrap().insert(key.to_vec(), vec![1]);
        put(&opening, b"one").unwrap();
        opening.get().unwrap().db().unwrap().flush().unwrap();
        // A snapshot that a full disk cut short costs nothing.
        std::fs::write(path.join("snap.00000000000000FF.generating"), []).unwrap();
        std::fs::write(path.join("snap.00000000000000FE"), []).unwrap();
        assert_eq!(opening.again(), Ok(()));
        assert_eq!(opening.damage(), []);
        assert_eq!(
            opening.get().unwrap().get(b"one").unwrap().as_deref(),
            Some(&[1][..])
        );
        // Files that sled cannot read do.
        for file in std::fs::read_dir(&path).unwrap().flatten() {
            if file.file_name().to_string_lossy().starts_with("snap.") {
                std::fs::write(file.path(), [7; 64]).unwrap();
            }
        }
        assert_eq!(opening.again(), Ok(()));
        assert_eq!(opening.damage(), [damage()]);
        assert_eq!(opening.get().map(|open| open.is_empty()), Ok(Ok(true)));
        put(&opening, b"two").unwrap();
    }

    fn damage() -> Damage {
        Damage {
            place: "values".to_owned(),
            what: "set aside".to_owned(),
            lost: false,
        }
    }
}
