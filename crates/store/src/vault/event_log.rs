//! What is stated of persons and the secrets of linkage, as bytes: each sealed to its place in the order, so that none can
//! be left out, moved or read without the vault's key; and the file of them.

use std::path::Path;

use vardnav_register::person::PersonEvent;
use zeroize::Zeroizing;

use super::group_log::{Format, GroupLog, Written};
use super::seal::Keys;
use crate::codec::{Cut, index, len32};
use crate::contract::StoreError;
use crate::disk::Disk;

static FORMAT: Format = Format {
    magic: *b"VARDNAVE\x01\0\0\0",
    marker: *b"\xf7VNe",
    what: "file of events",
};

const TAG_PERSON: u8 = 1;
const TAG_PROJECT: u8 = 2;

/// Something that is kept in its order.
pub(crate) enum Event {
    /// Something stated of a person.
    Person(PersonEvent),
    /// The secret under which the keys of a linkage project are derived.
    Project {
        /// Its name.
        project: String,
        /// The secret.
        secret: Zeroizing<[u8; 32]>,
    },
}

/// The open file.
pub(crate) struct EventLog {
    log: GroupLog,
    next: u64,
}

impl EventLog {
    /// Opens or creates the file; calls `each` for every event.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &Path,
        keys: &Keys,
        mut each: impl FnMut(Event),
    ) -> Result<Self, StoreError> {
        let mut next = 0;
        let log = GroupLog::open(disk, path, &FORMAT, |content| {
            read_events(content, |sealed| {
                each(unseal(sealed, next, keys)?);
                next += 1;
                Some(())
            })
        })?;
        Ok(Self { log, next })
    }

    /// The place of the event that comes next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Appends events that are sealed to their places; durable on return.
    pub(crate) fn append(&mut self, sealed: &[Vec<u8>]) -> Result<(), StoreError> {
        let mut content = Vec::new();
        for sealed in sealed {
            content.extend(len32(sealed.len()).to_le_bytes());
            content.extend(sealed);
        }
        self.log.append(&content)?;
        self.next += crate::codec::len64(sealed.len());
        Ok(())
    }

    /// What is durable now.
    pub(crate) fn written(&self) -> Written {
        self.log.written()
    }
}

/// Tells the sealed events of a group's content; `None` when it is not made of them, or `each` says so.
pub(crate) fn read_events(content: &[u8], mut each: impl FnMut(&[u8]) -> Option<()>) -> Option<()> {
    let mut cut = Cut(content);
    while !cut.is_empty() {
        let length = index(cut.u32()?.into());
        each(cut.take(length)?)?;
    }
    Some(())
}

/// Events sealed to their places, the first of which is given.
pub(crate) fn seal_all(events: &[Event], from: u64, keys: &Keys) -> Result<Vec<Vec<u8>>, StoreError> {
    let places = (from..).zip(events);
    places
        .map(|(place, event)| keys.seal_event(&encode(event), place))
        .collect()
}

/// The event sealed to a place.
pub(crate) fn unseal(sealed: &[u8], place: u64, keys: &Keys) -> Option<Event> {
    decode(&keys.unseal_event(sealed, place)?)
}

fn encode(event: &Event) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::new());
    match event {
        Event::Person(event) => {
            bytes.push(TAG_PERSON);
            bytes.extend(event.encode());
        }
        Event::Project { project, secret } => {
            bytes.push(TAG_PROJECT);
            bytes.extend(secret.iter());
            bytes.extend(project.as_bytes());
        }
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Event> {
    let (tag, rest) = bytes.split_first()?;
    match *tag {
        TAG_PERSON => PersonEvent::decode(rest).ok().map(Event::Person),
        TAG_PROJECT => {
            let (secret, project) = rest.split_first_chunk::<32>()?;
            Some(Event::Project {
                project: std::str::from_utf8(project).ok()?.to_owned(),
                secret: Zeroizing::new(*secret),
            })
        }
        _ => None,
    }
}
