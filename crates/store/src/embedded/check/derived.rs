//! What is derived held against the log: hash files, places and keys in the index, cursors of projections; and blobs
//! against their digests.

use std::collections::BTreeSet;
use std::io;

use super::super::frame::{Entry, FrameHead};
use super::super::hashes::{Hashes, Nodes};
use super::Check;
use super::log::row_at;
use crate::check::{Finding, sought};
use crate::codec::len64;
use crate::contract::{Cursor, Digest, ROWS_LIMIT, StoreError, StreamId};
use crate::disk::unavailable;

/// Rows of the authority's stream that are read at once.
const NAMING: u32 = 1_000;

impl Check<'_> {
    /// The hashes that a frame completes stand in their files.
    pub(super) fn hash_files(&mut self, stream: &StreamId, nodes: &Nodes) -> Result<(), StoreError> {
        let is_unsettled = self.shared.is_unsettled(stream);
        for (level, (first, hashes)) in (0..).zip(nodes.levels()) {
            if hashes.is_empty() || is_unsettled {
                continue;
            }
            let held = self
                .shared
                .hashes
                .stored(stream, level, *first, len64(hashes.len()));
            let held = match held {
                Ok(held) => held,
                Err(error) => return Err(unavailable("cannot read a hash file", &error)),
            };
            let same = held
                .iter()
                .zip(hashes)
                .take_while(|(held, known)| held == known)
                .count();
            if same < hashes.len() {
                let what = format!("hash {} of level {level} is another", first + len64(same));
                let file = Hashes::name(stream, level);
                let finding = Finding::of("VN-STO-005", file, what).at((first + len64(same)) * 32);
                self.telling.find(finding.row(stream, *first))?;
            }
        }
        Ok(())
    }

    /// The index leads to a frame by its first row, and to each of its rows by key.
    pub(super) fn places(
        &mut self,
        number: u32,
        at: u64,
        head: &FrameHead,
        entries: &[Entry],
    ) -> Result<(), StoreError> {
        let located = self.shared.locate(number, head.first);
        let leads = located.as_ref().is_ok_and(|frames| {
            let frame = frames.range(..=head.first).next_back();
            frame == Some((&head.first, &at))
        });
        if !leads {
            if let Err(error @ StoreError::Unavailable(_)) = located {
                return Err(error);
            }
            let what = format!("the index does not lead to row {}", head.first);
            let finding = Finding::of("VN-STO-006", "index".to_owned(), what);
            self.telling.find(finding.row(&head.stream, head.first))?;
        }
        for (part, entries) in (0..).zip(entries.chunks(ROWS_LIMIT)) {
            let first = head.first + part * len64(ROWS_LIMIT);
            let keys: Vec<_> = entries.iter().map(|entry| entry.key).collect();
            let found = match self.shared.find(&head.stream, &keys) {
                Ok(found) => found,
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(error) => {
                    let finding = Finding::of("VN-STO-006", "index".to_owned(), error.to_string());
                    self.telling.find(finding.row(&head.stream, first))?;
                    continue;
                }
            };
            for ((position, key), found) in (first..).zip(&keys).zip(found) {
                let right = match found {
                    Some(found) if found == position => true,
                    // The same key once more, further on.
                    Some(found) if found > position => {
                        row_at(self, &head.stream, found).is_some_and(|row| row.key == *key)
                    }
                    _ => false,
                };
                if !right {
                    let what = format!("the index does not lead to row {position} by its key");
                    let finding = Finding::of("VN-STO-006", "index".to_owned(), what);
                    self.telling.find(finding.row(&head.stream, position))?;
                }
            }
        }
        Ok(())
    }

    /// Every block of every run can be read.
    pub(super) fn index(&mut self) -> Result<(), StoreError> {
        match self.shared.index.walk() {
            Ok(()) => Ok(()),
            Err(error @ StoreError::Unavailable(_)) => Err(error),
            Err(error) => self
                .telling
                .find(Finding::of("VN-STO-006", "index".to_owned(), error.to_string())),
        }
    }

    /// Every blob has the digest it is named by, and those that the authority's stream names are there.
    pub(super) fn blobs(&mut self) -> Result<(), StoreError> {
        let failed = |error: io::Error| unavailable("cannot read a blob", &error);
        let digests = self.shared.blobs.list().map_err(failed)?;
        let total = len64(digests.len());
        let mut seen = BTreeSet::new();
        for (done, digest) in (0..).zip(digests) {
            self.telling.summary.blobs += 1;
            seen.insert(digest);
            match self.shared.blobs.get(&digest) {
                Ok(_) => {}
                Err(StoreError::Corrupt(_)) => self.telling.find(damaged(&digest))?,
                Err(error) => return Err(error),
            }
            if done % 64 == 0 {
                self.telling.progress("blobs", done, total)?;
            }
        }
        self.named(&seen)
    }

    /// Every blob that the authority's stream names is there.
    fn named(&mut self, seen: &BTreeSet<Digest>) -> Result<(), StoreError> {
        let (stream, mut from) = (StreamId::authority(), 0);
        loop {
            // What cannot be read of the stream was found with the log.
            let rows = match self.shared.read(&stream, from, NAMING) {
                Err(StoreError::Corrupt(_)) => return Ok(()),
                rows => rows?,
            };
            let Some(last) = rows.last() else { return Ok(()) };
            from = last.position + 1;
            let mut sought = sought(&rows, seen);
            while let Some(named) = sought.pop() {
                match self.shared.blobs.get(&named.digest) {
                    Ok(Some(bytes)) if named.is_release => sought.extend(named.files(&bytes)),
                    Ok(Some(_)) | Err(StoreError::Corrupt(_)) => {}
                    Ok(None) => self.telling.find(named.missing("blobs"))?,
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Every row of every projection can be read, and no cursor is beyond its stream.
    pub(super) fn projections(&mut self) -> Result<(), StoreError> {
        let file = || "projections".to_owned();
        let projections = &self.shared.projections;
        let cursors = match projections.read_through().and_then(|()| projections.cursors()) {
            Ok(cursors) => cursors,
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => {
                return self
                    .telling
                    .find(Finding::of("VN-STO-008", file(), error.to_string()));
            }
        };
        for Cursor {
            projection,
            stream,
            next: cursor,
        } in cursors
        {
            self.telling.summary.cursors += 1;
            let size = self.shared.heads.get(&stream).map_or(0, |(_, head)| head.size);
            if cursor > size {
                let what = format!(
                    "projection {projection} has followed stream {stream} to {cursor}, which has {size} rows"
                );
                self.telling
                    .find(Finding::of("VN-STO-008", file(), what).row(&stream, cursor))?;
            }
        }
        Ok(())
    }
}

fn damaged(digest: &Digest) -> Finding {
    let name = digest.to_string();
    let folder: String = name.chars().take(2).collect();
    let what = "the blob no longer has the digest it is named by";
    Finding::of("VN-STO-007", format!("blobs/{folder}/{name}"), what).lost()
}
