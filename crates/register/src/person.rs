//! What is known of persons beside what is reported: numbers that lead to another, deaths, migration, protection,
//! dated residence. Statements are appended and never changed; what holds of a person on a date follows from all of
//! them. Knows persons by key only: numbers, and who may see them, are the vault's.

mod bytes;

use std::collections::HashMap;

use jiff::civil::Date;

use crate::identity::PersonKey;

/// A kommun by its four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kommun([u8; 4]);

impl Kommun {
    /// The kommun with this code.
    pub fn new(code: &str) -> Option<Self> {
        let digits: [u8; 4] = code.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// Its code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Something stated of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statement {
    /// Another number leads to the person from a date on.
    NumberChanged {
        /// First date.
        from: Date,
    },
    /// The person is the same as another, whose key leads. Both keys stay valid.
    Merged {
        /// The leading key.
        into: PersonKey,
    },
    /// It was wrong that the person is the same as another.
    Parted,
    /// The person died.
    Died {
        /// Date of death.
        on: Date,
    },
    /// It was wrong that the person died.
    NotDead,
    /// The person moved into the country.
    MovedIn {
        /// Date.
        on: Date,
    },
    /// The person moved out of the country.
    MovedOut {
        /// Date.
        on: Date,
    },
    /// The person's data are protected from a date on.
    ProtectionBegan {
        /// First date.
        on: Date,
    },
    /// They are not any more.
    ProtectionEnded {
        /// First date without.
        on: Date,
    },
    /// The person is registered in a kommun. Takes the place of what was stated from the same date.
    Residence {
        /// The kommun.
        kommun: Kommun,
        /// First date.
        from: Date,
        /// First date no more; open when missing, until another begins.
        until: Option<Date>,
    },
}

impl Statement {
    /// Its name in files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NumberChanged { .. } => "number-change",
            Self::Merged { .. } => "merge",
            Self::Parted => "part",
            Self::Died { .. } => "death",
            Self::NotDead => "no-death",
            Self::MovedIn { .. } => "moved-in",
            Self::MovedOut { .. } => "moved-out",
            Self::ProtectionBegan { .. } => "protection-begins",
            Self::ProtectionEnded { .. } => "protection-ends",
            Self::Residence { .. } => "residence",
        }
    }
}

/// A statement of a person as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEvent {
    /// Of whom.
    pub person: PersonKey,
    /// What.
    pub statement: Statement,
    /// When it was noted, in microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// By whom.
    pub caller: String,
    /// Where it is from: the digest of the file, in hexadecimal.
    pub source: String,
}

/// What holds of a person on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonState {
    /// The key that leads for the person: their own unless they are merged.
    pub leader: PersonKey,
    /// Date of death, however it lies to the date asked for.
    pub died: Option<Date>,
    /// Whether they have moved out of the country.
    pub abroad: bool,
    /// Whether their data are protected.
    pub protected: bool,
    /// Where they are registered; nothing below the country is told of whoever is protected or abroad.
    pub residence: Option<Kommun>,
}

/// Why a statement is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PersonError {
    /// A person would be merged into themselves, or two into one another.
    #[error("a person cannot be merged into themselves, nor two into one another")]
    Circle,
    /// An interval ends before it begins.
    #[error("the interval ends on or before the day it begins")]
    Interval,
    /// The person has been merged already, into another.
    #[error("the person is merged into another already: part them first")]
    MergedElsewhere,
}

/// All statements of all persons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Persons {
    statements: HashMap<PersonKey, Vec<(u64, Statement)>>,
    into: HashMap<PersonKey, PersonKey>,
    followers: HashMap<PersonKey, Vec<PersonKey>>,
    next: u64,
}

/// Most merges between a key and the one that leads.
const MERGES_MAX: usize = 64;

impl Persons {
    /// Nothing is stated.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many statements were taken in.
    pub fn count(&self) -> u64 {
        self.next
    }

    /// Whether a statement would change anything, or why it cannot be made. One that says what the newest of its kind
    /// says already changes nothing: a file may be taken in again.
    ///
    /// # Errors
    /// [`PersonError`].
    pub fn check(&self, person: PersonKey, statement: &Statement) -> Result<bool, PersonError> {
        match statement {
            Statement::Merged { into } => {
                if self.into.get(&person) == Some(into) {
                    return Ok(false);
                }
                if self.leader(*into) == person || *into == person {
                    return Err(PersonError::Circle);
                }
                if self.into.contains_key(&person) {
                    return Err(PersonError::MergedElsewhere);
                }
                Ok(true)
            }
            Statement::Parted => Ok(self.into.contains_key(&person)),
            Statement::Residence {
                from,
                until: Some(until),
                ..
            } if until <= from => Err(PersonError::Interval),
            _ => {
                let known = self.statements.get(&person).into_iter().flatten();
                let former = known.rev().find(|(_, known)| is_about_the_same(known, statement));
                let nothing_to_undo = former.is_none() && *statement == Statement::NotDead;
                Ok(former.is_none_or(|(_, known)| known != statement) && !nothing_to_undo)
            }
        }
    }

    /// Takes in a statement, the next in order.
    pub fn apply(&mut self, person: PersonKey, statement: Statement) {
        match statement {
            Statement::Merged { into } => {
                if self.check(person, &statement) == Ok(true) {
                    self.into.insert(person, into);
                    self.followers.entry(into).or_default().push(person);
                }
            }
            Statement::Parted => {
                if let Some(into) = self.into.remove(&person)
                    && let Some(followers) = self.followers.get_mut(&into)
                {
                    followers.retain(|follower| *follower != person);
                }
            }
            _ => self
                .statements
                .entry(person)
                .or_default()
                .push((self.next, statement)),
        }
        self.next += 1;
    }

    /// What is stated of these persons and of all whom they are merged with, apart from the others: of them it says what
    /// all statements say.
    #[must_use]
    pub fn of(&self, persons: impl IntoIterator<Item = PersonKey>) -> Self {
        let mut of = Self {
            next: self.next,
            ..Self::default()
        };
        if self.statements.is_empty() && self.into.is_empty() {
            return of;
        }
        for person in persons {
            match self.is_alone(person) {
                true => self.copy(person, &mut of),
                false => {
                    for key in self.keys(person) {
                        self.copy(key, &mut of);
                    }
                }
            }
        }
        of
    }

    /// Copies what is stated of a key, unless it is there.
    fn copy(&self, key: PersonKey, of: &mut Self) {
        if let Some(known) = self.statements.get(&key) {
            of.statements.entry(key).or_insert_with(|| known.clone());
        }
        if let Some(into) = self.into.get(&key) {
            of.into.insert(key, *into);
        }
        if let Some(followers) = self.followers.get(&key) {
            of.followers.entry(key).or_insert_with(|| followers.clone());
        }
    }

    /// Whether a key is merged with no other.
    fn is_alone(&self, person: PersonKey) -> bool {
        !self.into.contains_key(&person) && !self.followers.contains_key(&person)
    }

    /// The key that leads for a person.
    pub fn leader(&self, person: PersonKey) -> PersonKey {
        let mut leader = person;
        for _ in 0..MERGES_MAX {
            match self.into.get(&leader) {
                Some(into) => leader = *into,
                None => break,
            }
        }
        leader
    }

    /// All keys of the person that a key is of, the leading one first.
    pub fn keys(&self, person: PersonKey) -> Vec<PersonKey> {
        let mut keys = vec![self.leader(person)];
        let mut at = 0;
        while let Some(key) = keys.get(at).copied() {
            let followers = self.followers.get(&key).into_iter().flatten();
            let new: Vec<_> = followers.filter(|key| !keys.contains(key)).copied().collect();
            keys.extend(new);
            at += 1;
        }
        keys
    }

    /// What holds of a person on a date, by all that is stated of any of their keys.
    pub fn state(&self, person: PersonKey, on: Date) -> PersonState {
        let of = |key| self.statements.get(key).into_iter().flatten();
        if self.is_alone(person) {
            return state(person, of(&person), on);
        }
        let keys = self.keys(person);
        let mut stated: Vec<&(u64, Statement)> = keys.iter().flat_map(of).collect();
        stated.sort_unstable_by_key(|(number, _)| *number);
        let leader = keys.first().copied().unwrap_or(person);
        state(leader, stated.into_iter(), on)
    }
}

/// What holds on a date of the person whom `leader` leads for, by what is stated in order.
fn state<'a>(leader: PersonKey, stated: impl Iterator<Item = &'a (u64, Statement)>, on: Date) -> PersonState {
    let mut died = None;
    let mut migration: Option<(Date, bool)> = None;
    let mut protection: Option<(Date, bool)> = None;
    let mut residences: Vec<(Date, Option<Date>, Kommun)> = Vec::new();
    for (_, statement) in stated {
        match *statement {
            Statement::Died { on } => died = Some(on),
            Statement::NotDead => died = None,
            Statement::MovedIn { on: date } => newest(&mut migration, on, date, false),
            Statement::MovedOut { on: date } => newest(&mut migration, on, date, true),
            Statement::ProtectionBegan { on: date } => newest(&mut protection, on, date, true),
            Statement::ProtectionEnded { on: date } => newest(&mut protection, on, date, false),
            Statement::Residence { kommun, from, until } => {
                residences.retain(|(known, _, _)| *known != from);
                residences.push((from, until, kommun));
            }
            Statement::NumberChanged { .. } | Statement::Merged { .. } | Statement::Parted => {}
        }
    }
    let abroad = migration.is_some_and(|(_, out)| out);
    let protected = protection.is_some_and(|(_, protected)| protected);
    let residence = residences
        .into_iter()
        .filter(|(from, _, _)| *from <= on)
        .max_by_key(|(from, _, _)| *from)
        .filter(|(_, until, _)| until.is_none_or(|until| on < until))
        .map(|(_, _, kommun)| kommun)
        .filter(|_| !abroad && !protected);
    PersonState {
        leader,
        died,
        abroad,
        protected,
        residence,
    }
}

/// Keeps what is stated of the latest date that is not after `on`; of one date, what was stated last.
fn newest(known: &mut Option<(Date, bool)>, on: Date, date: Date, value: bool) {
    if date <= on && known.is_none_or(|(known, _)| known <= date) {
        *known = Some((date, value));
    }
}

/// Whether one statement takes the place of another: both say when or whether the same thing happened.
fn is_about_the_same(known: &Statement, other: &Statement) -> bool {
    use Statement as S;
    match (known, other) {
        (S::Died { .. } | S::NotDead, S::Died { .. } | S::NotDead) => true,
        (S::MovedIn { on: one } | S::MovedOut { on: one }, S::MovedIn { on } | S::MovedOut { on })
        | (
            S::ProtectionBegan { on: one } | S::ProtectionEnded { on: one },
            S::ProtectionBegan { on } | S::ProtectionEnded { on },
        )
        | (S::NumberChanged { from: one }, S::NumberChanged { from: on })
        | (S::Residence { from: one, .. }, S::Residence { from: on, .. }) => one == on,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
