//! The deliveries of a stream, and from which position on an entry is current.

use std::collections::BTreeMap;

use crate::entry::{Header, StreamEntry};

use super::entries::{Closing, Opening};

/// A delivery: its opening and, once it is closed, the position of its closing with that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What opened it.
    pub opening: Opening,
    /// Where and how it was closed.
    pub closed: Option<(u64, Closing)>,
}

/// The deliveries of a stream, by the position of their opening.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deliveries {
    all: BTreeMap<u64, Delivery>,
}

impl Deliveries {
    /// Takes the next entry of the stream; of those that frame no delivery nothing is kept.
    pub fn take(&mut self, position: u64, entry: &StreamEntry) {
        match entry {
            StreamEntry::Opened(opening) => self.opened(position, opening.clone()),
            StreamEntry::Closed(closing) => self.closed(position, closing.clone()),
            StreamEntry::Record(_) | StreamEntry::Kept(_) | StreamEntry::Erased(_) => {}
        }
    }

    /// Takes an opening.
    pub fn opened(&mut self, position: u64, opening: Opening) {
        let delivery = Delivery {
            opening,
            closed: None,
        };
        self.all.entry(position).or_insert(delivery);
    }

    /// Takes a closing; only the first of a delivery counts.
    pub fn closed(&mut self, position: u64, closing: Closing) {
        if let Some(delivery) = self.all.get_mut(&closing.opened) {
            delivery.closed.get_or_insert((position, closing));
        }
    }

    /// All, by the position of their opening.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = (u64, &Delivery)> {
        self.all.iter().map(|(position, delivery)| (*position, delivery))
    }

    /// The delivery opened at a position.
    pub fn get(&self, opened: u64) -> Option<&Delivery> {
        self.all.get(&opened)
    }

    /// The delivery with a number, with the position of its opening.
    pub fn numbered(&self, number: u32) -> Option<(u64, &Delivery)> {
        self.all().find(|(_, delivery)| delivery.opening.number == number)
    }

    /// The open delivery for a register, with the position of its opening.
    pub fn open_for(&self, register: &str) -> Option<(u64, &Delivery)> {
        self.all()
            .find(|(_, delivery)| delivery.closed.is_none() && delivery.opening.register == register)
    }

    /// Whether one that is no test is open: then records may have revisions that are not current yet.
    pub fn any_open(&self) -> bool {
        self.all
            .values()
            .any(|delivery| delivery.closed.is_none() && !delivery.opening.test)
    }

    /// As they were when the stream had so many entries.
    #[must_use]
    pub fn as_of(&self, size: u64) -> Self {
        let mut then = self.clone();
        then.all.retain(|opened, _| *opened < size);
        for delivery in then.all.values_mut() {
            delivery.closed.take_if(|(closed, _)| *closed >= size);
        }
        then
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The position from which on the entry of a record at `position` is current, until a later one takes its place:
    /// its own, or that of the closing of its delivery. `None` while that is open, and for ever when it was given up or
    /// is a test.
    pub fn current_from(&self, position: u64, header: &Header) -> Option<u64> {
        match header.delivery {
            None => Some(position),
            Some(delivered) => self.effect_of(delivered.opened),
        }
    }

    /// The position at which the entries of the delivery opened at a position became current.
    pub fn effect_of(&self, opened: u64) -> Option<u64> {
        let (closed, closing) = self.all.get(&opened)?.closed.as_ref()?;
        closing.end.is_current().then_some(*closed)
    }

    /// Whether the entry with a header waits for its delivery to be closed.
    pub fn is_waiting(&self, header: &Header) -> bool {
        header.delivery.is_some_and(|delivered| {
            !delivered.test
                && self
                    .all
                    .get(&delivered.opened)
                    .is_none_or(|delivery| delivery.closed.is_none())
        })
    }
}
