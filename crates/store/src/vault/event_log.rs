//! The file of what is stated of persons, and of the secrets of linkage: each record sealed to its place in the order,
//! so that none can be left out, moved or read without the vault's key.

use std::path::Path;

use vardnav_register::person::PersonEvent;
use zeroize::Zeroizing;

use super::group_log::{Format, GroupLog};
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

/// A record of the file.
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
            let mut cut = Cut(content);
            while !cut.is_empty() {
                let length = index(cut.u32()?.into());
                let opened = keys.unseal_event(cut.take(length)?, next)?;
                each(decode(&opened)?);
                next += 1;
            }
            Some(())
        })?;
        Ok(Self { log, next })
    }

    /// Appends events; durable on return.
    pub(crate) fn append(&mut self, events: &[Event], keys: &Keys) -> Result<(), StoreError> {
        let mut content = Vec::new();
        for (number, event) in (self.next..).zip(events) {
            let sealed = keys.seal_event(&encode(event), number)?;
            content.extend(len32(sealed.len()).to_le_bytes());
            content.extend(sealed);
        }
        self.log.append(&content)?;
        self.next += crate::codec::len64(events.len());
        Ok(())
    }
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
