//! Which look-up leads to which person, of those that came up lately: for what may be forgotten, and as much of it as
//! fits. Half of it is forgotten together once as many have come after.

use std::collections::HashMap;

use vardnav_register::identity::PersonKey;

use super::seal::{Lookup, random};
use crate::contract::StoreError;

/// Look-ups and the persons they lead to.
#[derive(Debug)]
pub(crate) struct Recent {
    max: usize,
    young: HashMap<Lookup, PersonKey>,
    old: HashMap<Lookup, PersonKey>,
}

impl Recent {
    /// Holds the last `max` at least, and twice as many at most.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// The person that a look-up leads to, when it came up lately.
    pub(crate) fn get(&self, lookup: &Lookup) -> Option<PersonKey> {
        self.young.get(lookup).or_else(|| self.old.get(lookup)).copied()
    }

    /// Lets a look-up lead to a person.
    pub(crate) fn insert(&mut self, lookup: Lookup, person: PersonKey) {
        if self.young.len() >= self.max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(lookup, person);
    }

    /// The person that a look-up leads to, drawn now when it did not come up lately.
    pub(crate) fn get_or_draw(&mut self, lookup: &Lookup) -> Result<PersonKey, StoreError> {
        if let Some(person) = self.get(lookup) {
            return Ok(person);
        }
        let person = PersonKey(random()?);
        self.insert(*lookup, person);
        Ok(person)
    }

    /// Forgets one.
    pub(crate) fn forget(&mut self, lookup: &Lookup) {
        self.young.remove(lookup);
        self.old.remove(lookup);
    }
}
