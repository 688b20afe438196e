//! What is asked of a vault beside what records need: statements noted, numbers led to a person, keys derived for linkage,
//! numbers read back, which alone is opening the vault, and rows as they are sealed, by which one vault becomes a copy of
//! another. Who may, and for what, is decided before anything here is asked.

use vardnav_register::identity::PersonKey;
use vardnav_register::person::{PersonError, PersonEvent};

use super::{IdentityBytes, Vault};
use crate::contract::{Answer, StoreError};

/// Stands for a person within one linkage project, and nowhere else.
pub type LinkageKey = [u8; 16];

/// What became of a statement.
pub type Noted = Result<bool, PersonError>;

/// A number of a person. Those under one key are in the order in which they became known: the last is the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberOf {
    /// The key to which it leads.
    pub person: PersonKey,
    /// The number.
    pub identity: IdentityBytes,
}

/// How much a vault holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Numbers that lead to a person.
    pub persons: u64,
    /// Statements of persons.
    pub stated: u64,
    /// Events in all: statements, and secrets of linkage projects.
    pub events: u64,
}

/// A number as it is kept: sealed, with its keyed look-up and the person to whom it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPerson {
    /// By what it is looked up.
    pub lookup: [u8; 32],
    /// To whom it leads.
    pub person: PersonKey,
    /// The identity, sealed to that key.
    pub sealed: Vec<u8>,
}

/// Some of the numbers that a vault keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPersons {
    /// Those; of one person in the order in which they became known.
    pub persons: Vec<KeptPerson>,
    /// Where those after them begin, in this vault's own way of counting; `None` when nothing was there any more.
    pub next: Option<Vec<u8>>,
}

/// Everything that is asked of a vault.
pub trait VaultKeeper: Vault {
    /// Short id of the vault: follows from its look-up key and says nothing of it.
    ///
    /// # Errors
    /// Never in practice: the key has the right length.
    fn id(&self) -> Result<[u8; 8], StoreError>;

    /// How much it holds.
    fn counts(&self) -> Answer<'_, Counts>;

    /// Notes statements of persons, in order; durable on return. For each whether it changed anything: what is known
    /// already is not noted again.
    ///
    /// # Errors
    /// When the vault cannot be written: none is noted then.
    fn note(&self, events: Vec<PersonEvent>) -> Answer<'_, Vec<Noted>>;

    /// Lets a number lead to a person who has a key; durable on return. Gives the key to which the number leads from
    /// now on: another when it led to that before.
    ///
    /// # Errors
    /// When the vault cannot be written.
    fn lead(&self, identity: IdentityBytes, person: PersonKey) -> Answer<'_, PersonKey>;

    /// Opens the vault: the numbers of persons, under all keys of each.
    ///
    /// # Errors
    /// `Corrupt` when a number cannot be read back.
    fn open_numbers(&self, persons: Vec<PersonKey>) -> Answer<'_, Vec<NumberOf>>;

    /// Keys that stand for persons within a linkage project, in order: the same person has the same key, whichever of
    /// their own keys is given, and nobody can tell from the keys of two projects who is the same in both. The
    /// project's secret is drawn when it is first named, and kept.
    ///
    /// # Errors
    /// When the vault cannot be written.
    fn linkage<'a>(&'a self, project: &'a str, persons: &'a [PersonKey]) -> Answer<'a, Vec<LinkageKey>>;

    /// Numbers as they are kept, some thousands from a place on (empty: the beginning). Whoever asks again with each
    /// answer's `next` until there is none has come by all that were kept when it began.
    ///
    /// # Errors
    /// `Limit` when `from` is no place of this vault; `Corrupt` when they cannot be read.
    fn kept_persons<'a>(&'a self, from: &'a [u8]) -> Answer<'a, KeptPersons>;

    /// Keeps numbers as a vault with the same key kept them, in order; durable on return. Those that are there stay.
    ///
    /// # Errors
    /// `Corrupt` when one is sealed under another key, or leads to another person here.
    fn keep_persons(&self, persons: Vec<KeptPerson>) -> Answer<'_, ()>;

    /// Events as they are kept, some thousands from a place on, in order; none where there are no more.
    fn kept_events(&self, from: u64) -> Answer<'_, Vec<Vec<u8>>>;

    /// Keeps events as a vault with the same key kept them from this place on; durable on return.
    ///
    /// # Errors
    /// `Conflict` when this vault holds more or fewer events than come before that place; `Corrupt` when one was not
    /// sealed to its place under this vault's key.
    fn keep_events(&self, from: u64, events: Vec<Vec<u8>>) -> Answer<'_, ()>;
}
