//! Keyed values of a simulated machine: what a power cut leaves of them is what was flushed last or before, or nothing.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::Rng as _;
use rand::rngs::StdRng;

use crate::contract::StoreError;
use crate::embedded::keyed::Pair;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Keyed values.
#[derive(Default)]
pub(crate) struct Values {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    now: Map,
    /// As flushed, newest last.
    flushed: Vec<Map>,
    fails: bool,
}

impl Values {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        let mut state = self.state();
        match state.fails {
            true => Err(StoreError::Unavailable("index: no room".to_owned())),
            false => Ok(change(&mut state)),
        }
    }

    /// Makes changes fail, or succeed again.
    pub(super) fn fail(&self, fails: bool) {
        self.state().fails = fails;
    }

    pub(super) fn cut_power(&self, chance: &mut StdRng) {
        let mut state = self.state();
        let kept = match chance.random_range(0..4) {
            0 => 0,
            1 => state.flushed.len().saturating_sub(1),
            _ => state.flushed.len(),
        };
        state.flushed.truncate(kept);
        state.now = state.flushed.last().cloned().unwrap_or_default();
        state.fails = false;
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<sled::IVec> {
        self.state().now.get(key).map(|value| value.as_slice().into())
    }

    pub(crate) fn insert(&self, key: Vec<u8>, value: Vec<u8>) -> Result<(), StoreError> {
        self.change(|state| drop(state.now.insert(key, value)))
    }

    pub(crate) fn remove(&self, key: &[u8]) -> Result<(), StoreError> {
        self.change(|state| drop(state.now.remove(key)))
    }

    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        self.change(|state| state.now.clear())
    }

    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.change(|state| {
            state.flushed.push(state.now.clone());
            if state.flushed.len() > 3 {
                state.flushed.remove(0);
            }
        })
    }

    pub(crate) fn range(&self, from: Bound<Vec<u8>>, until: Bound<Vec<u8>>) -> Vec<Pair> {
        let state = self.state();
        let ends = |bound: &Bound<Vec<u8>>| match bound {
            Bound::Included(key) => Some((key.clone(), true)),
            Bound::Excluded(key) => Some((key.clone(), false)),
            Bound::Unbounded => None,
        };
        if let (Some((low, with_low)), Some((high, with_high))) = (ends(&from), ends(&until))
            && (low > high || (low == high && !(with_low && with_high)))
        {
            return Vec::new();
        }
        let pairs = state.now.range::<Vec<u8>, _>((from, until));
        pairs
            .map(|(key, value)| (key.as_slice().into(), value.as_slice().into()))
            .collect()
    }
}
