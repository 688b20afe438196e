//! Generates realistic register records of people who do not exist: for trying out, for the demonstration, for
//! measuring. The same seed and count give the same lines on every machine. About one line in twenty is wrong in
//! some way the register finds; nothing in the data says which. Lines are text, so none of them is wrong in its
//! encoding; one in a sample, after every other kind of fault, is longer than a line may be.
//!
//! Personal numbers have birth numbers 980–999, which Skatteverket keeps for tests. Organisation numbers are made
//! up and valid in form only. Nothing here is a statistic.

mod chance;
mod directory;
mod faults;
mod person;
mod plot;
mod population;
mod records;
mod statements;
mod stories;
mod uploads;

use std::collections::{BTreeMap, VecDeque};

use jiff::civil::Date;
use serde_json::Value;
use vardnav_register::unit::CareUnit;

use self::chance::Chance;
use self::directory::Directory;
use self::person::Person;
use self::plot::Plot;
use self::population::Kommun;
use self::records::Teller;

pub use self::statements::statements;
pub use self::uploads::{Upload, uploads};

/// Last date of the sample's year.
pub const LAST_DATE: Date = Date::constant(2026, 12, 31);

/// One line in this many is wrong.
const FAULT_EVERY: usize = 20;

/// Which of them.
const FAULT_AT: usize = 13;

/// A reporter of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporter {
    /// Its id, for example `region-stockholm`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Organisationsnummer.
    pub organisation: String,
}

/// The reporters that the sample's records come from.
pub fn reporters() -> Vec<Reporter> {
    let office = |office: &directory::Office| Reporter {
        id: office.id.clone(),
        name: office.name.clone(),
        organisation: office.number.clone(),
    };
    Directory::new().offices().iter().map(office).collect()
}

/// The care units that the sample's records name.
pub fn units() -> Vec<CareUnit> {
    Directory::new().units()
}

/// `count` lines of NDJSON over the year 2026, one record each. An episode comes before what belongs to it.
pub fn generate(seed: u64, count: usize) -> impl Iterator<Item = String> {
    generate_until(seed, count, LAST_DATE)
}

/// As [`generate`], without any wrong line.
pub fn generate_good(seed: u64, count: usize) -> impl Iterator<Item = String> {
    Generator {
        faults: false,
        ..Generator::new(seed, count, LAST_DATE)
    }
}

/// As [`generate`], with no date of care after `last` (but for records that are wrong in just that), so that a
/// register whose day of reporting is `last` takes them.
pub fn generate_until(seed: u64, count: usize, last: Date) -> impl Iterator<Item = String> {
    Generator::new(seed, count, last)
}

/// Good records already given, which some faults refer to.
#[derive(Debug, Default)]
struct Memory {
    contact: Option<Value>,
    episode: Option<Value>,
}

struct Generator {
    /// Whether some lines are wrong.
    faults: bool,
    chance: Chance,
    directory: Directory,
    kommuner: Vec<Kommun>,
    last: Date,
    count: usize,
    line: usize,
    fault: usize,
    serial: usize,
    waiting: VecDeque<Value>,
    /// Persons that have had care, by the kommun they live in.
    persons: BTreeMap<u16, Vec<Person>>,
    memory: Memory,
}

impl Iterator for Generator {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.line >= self.count {
            return None;
        }
        self.line += 1;
        if self.faults && self.line % FAULT_EVERY == FAULT_AT {
            return Some(self.bad_line());
        }
        while self.waiting.is_empty() {
            let story = self.story();
            self.waiting.extend(story);
        }
        let record = self.waiting.pop_front()?;
        match record.get("kind").and_then(Value::as_str) {
            Some("episode") => self.memory.episode = Some(record.clone()),
            Some("contact") => self.memory.contact = Some(record.clone()),
            _ => {}
        }
        Some(record.to_string())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.count - self.line;
        (left, Some(left))
    }
}

impl Generator {
    fn new(seed: u64, count: usize, last: Date) -> Self {
        Self {
            faults: true,
            chance: Chance::new(seed),
            directory: Directory::new(),
            kommuner: population::kommuner(),
            last: last.clamp(Date::constant(2026, 1, 31), LAST_DATE),
            count,
            line: 0,
            fault: 0,
            serial: 0,
            waiting: VecDeque::new(),
            persons: BTreeMap::new(),
            memory: Memory::default(),
        }
    }

    /// The records of one course of care, good ones.
    fn story(&mut self) -> Vec<Value> {
        let kommun = self.chance.kommun(&self.kommuner);
        let plot = Plot::pick(&mut self.chance, &self.directory, kommun);
        let person = self.person(plot.ages(), &plot);
        let mut teller = Teller {
            chance: &mut self.chance,
            last: self.last,
            serial: &mut self.serial,
            person: &person,
            plot: &plot,
        };
        teller.tell()
    }

    /// A person who lives where the story plays: at times one who has had care before.
    fn person(&mut self, ages: (i16, i16), plot: &Plot) -> Person {
        let neighbours = self.persons.entry(plot.kommun).or_default();
        if self.chance.yes(15) {
            let fits = |person: &&Person| (ages.0..=ages.1).contains(&(2026 - person.birth_date.year()));
            if let Some(person) = neighbours.iter().rev().take(200).find(fits) {
                return person.clone();
            }
        }
        let person = Person::new(&mut self.chance, ages);
        neighbours.push(person.clone());
        person
    }

    fn bad_line(&mut self) -> String {
        let mut fresh = || {
            let mut records = self.story();
            while !records
                .iter()
                .any(|record| record.get("kind").is_some_and(|kind| kind == "episode"))
            {
                records = self.story();
            }
            records
        };
        let episode_story = fresh();
        let contact = loop {
            let records = self.story();
            let single = records.into_iter().find(|record| {
                record.get("kind").is_some_and(|kind| kind == "contact") && record.get("episode").is_none()
            });
            if let Some(contact) = single {
                break contact;
            }
        };
        let episode = episode_story.into_iter().next().unwrap_or_default();
        let fault = self.fault;
        self.fault += 1;
        faults::bad_line(
            fault,
            faults::Material {
                contact,
                episode,
                memory: &self.memory,
                units: &self.directory,
            },
        )
    }
}

#[cfg(test)]
mod tests;
