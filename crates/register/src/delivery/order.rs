//! The order in which the entries of a stream become current. Whoever follows a stream goes from its beginning to its
//! end in pages, skips the entries of deliveries where they stand, and goes back for them when it meets the closing
//! that makes them current. Where it is on that way is a [`Place`], so that it can stop after any page and go on.

use crate::entry::{Entry, StreamEntry};

/// Where a follower of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The position it has come to: what stands before it is taken in.
    pub cursor: u64,
    /// Where it is within the delivery that is closed at `cursor`, if it has gone back for that.
    pub within: Option<Within>,
}

/// A place within a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Within {
    /// Position of the delivery's opening.
    pub opened: u64,
    /// The position read next.
    pub next: u64,
}

impl Place {
    /// At a position, not within a delivery.
    pub fn at(cursor: u64) -> Self {
        Self { cursor, within: None }
    }

    /// From which position on the next page is read.
    pub fn reads_from(&self) -> u64 {
        self.within.map_or(self.cursor, |within| within.next)
    }

    /// How many entries can be read at most, of a stream of `size`.
    pub fn reads_at_most(&self, size: u64) -> u64 {
        let until = match self.within {
            // The closing itself is not read again.
            Some(_) => self.cursor,
            None => size,
        };
        until.saturating_sub(self.reads_from())
    }

    /// Canonical bytes of what is not the cursor; `None` outside deliveries.
    pub fn within_bytes(&self) -> Option<[u8; 16]> {
        let within = self.within?;
        let mut bytes = [0; 16];
        let (opened, next) = bytes.split_at_mut(8);
        opened.copy_from_slice(&within.opened.to_be_bytes());
        next.copy_from_slice(&within.next.to_be_bytes());
        Some(bytes)
    }

    /// The place of a cursor and what [`Self::within_bytes`] gave; `None` when they do not belong together.
    pub fn of(cursor: u64, within: Option<&[u8]>) -> Option<Self> {
        let Some(bytes) = within else {
            return Some(Self::at(cursor));
        };
        let (opened, rest) = bytes.split_first_chunk::<8>()?;
        let next = rest.try_into().ok().map(u64::from_be_bytes)?;
        let within = Within {
            opened: u64::from_be_bytes(*opened),
            next,
        };
        (within.opened < within.next && within.next <= cursor).then_some(Self {
            cursor,
            within: Some(within),
        })
    }
}

/// Takes a page: entries that follow one another in the stream from [`Place::reads_from`] on. Gives those that become
/// current, each with its position, in the order in which they do, and the next place. A page may be of any length; an
/// empty one is the end, within a delivery the end of that.
pub fn step(place: Place, page: impl IntoIterator<Item = (u64, StreamEntry)>) -> (Vec<(u64, Entry)>, Place) {
    match place.within {
        Some(within) => of_delivery(place.cursor, within, page),
        None => of_stream(place.cursor, page),
    }
}

fn of_stream(
    mut cursor: u64,
    page: impl IntoIterator<Item = (u64, StreamEntry)>,
) -> (Vec<(u64, Entry)>, Place) {
    let mut current = Vec::new();
    for (position, entry) in page {
        match entry {
            StreamEntry::Record(entry) if entry.header.delivery.is_none() => current.push((position, entry)),
            StreamEntry::Closed(closing) if closing.end.is_current() => {
                let within = Within {
                    opened: closing.opened,
                    next: closing.opened.saturating_add(1),
                };
                let place = Place {
                    cursor: position,
                    within: Some(within),
                };
                return (current, place);
            }
            _ => {}
        }
        cursor = position + 1;
    }
    (current, Place::at(cursor))
}

fn of_delivery(
    cursor: u64,
    within: Within,
    page: impl IntoIterator<Item = (u64, StreamEntry)>,
) -> (Vec<(u64, Entry)>, Place) {
    let Within { opened, next } = within;
    let mut current = Vec::new();
    let mut last = None;
    for (position, entry) in page {
        if position >= cursor {
            break;
        }
        last = Some(position);
        let own = |entry: &Entry| {
            let delivered = entry.header.delivery;
            delivered.is_some_and(|delivered| delivered.opened == opened && !delivered.test)
        };
        if let StreamEntry::Record(entry) = entry
            && own(&entry)
        {
            current.push((position, entry));
        }
    }
    let next = last.map_or(cursor.max(next), |last| last + 1);
    let place = match next < cursor {
        true => Place {
            cursor,
            within: Some(Within { opened, next }),
        },
        false => Place::at(cursor + 1),
    };
    (current, place)
}
