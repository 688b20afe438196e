//! Writing over one row of the log: the only change that bytes of the log ever see. What is written is kept as a plan
//! first, durably, so that a stop in the middle is finished at the next start; the plan holds nothing of what is
//! written over. Decides nothing: who may redact, and why, is said elsewhere.
//!
//! The new bytes have the length of the old ones, so every other row, every offset and every hash stays as it is. What
//! changes of a frame is the row, its checksum in the table, and the two checksums in the head that cover the table.

use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::Shared;
use super::segments::damaged;
use crate::codec::{Cut, index, len32, len64, seal, unseal};
use crate::contract::{StoreError, StreamId};
use crate::disk::{put_file, unavailable, write_all_at};

/// File of the plan within the store's folder.
const PLAN_FILE: &str = "redaction";
/// A file of this name asks for the projections to be removed when the store is opened: what was erased may still lie in
/// pages of their files that hold nothing any more.
pub(crate) const PURGE_FILE: &str = "projections.purge";
const MAGIC: [u8; 12] = *b"VARDNAVR\x01\0\0\0";

/// Bytes to be written at places of the log.
#[derive(Debug, PartialEq, Eq)]
struct Plan(Vec<(u64, Vec<u8>)>);

impl Plan {
    fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for (at, bytes) in &self.0 {
            out.extend(at.to_le_bytes());
            out.extend(len32(bytes.len()).to_le_bytes());
            out.extend(bytes);
        }
        seal(out)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut(unseal(bytes)?);
        if cut.array()? != MAGIC {
            return None;
        }
        let mut patches = Vec::new();
        while !cut.is_empty() {
            let at = cut.u64()?;
            let length = index(cut.u32()?.into());
            patches.push((at, cut.take(length)?.to_vec()));
        }
        Some(Self(patches))
    }
}

impl Shared {
    fn plan_file(&self) -> PathBuf {
        self.folder.join(PLAN_FILE)
    }

    /// Finishes a redaction that a stop broke off; whether there was one.
    ///
    /// # Errors
    /// `Corrupt` when its plan cannot be read, `Unavailable` when it cannot be carried out.
    pub(crate) fn finish_redaction(&self) -> Result<bool, StoreError> {
        let bytes = match self.disk.read(&self.plan_file()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(unavailable("cannot read the plan of a redaction", &error)),
        };
        // Its name may not be durable yet, and the log must not be written over before it is.
        let named = self.disk.sync_folder(&self.folder);
        named.map_err(|error| unavailable("cannot keep the plan of a redaction", &error))?;
        let plan = Plan::decode(&bytes)
            .ok_or_else(|| StoreError::Corrupt(format!("the plan of a redaction, {PLAN_FILE}")))?;
        self.carry_out(&plan)?;
        Ok(true)
    }

    /// Replaces the bytes of a row by others of the same length and leaf. Durable on return.
    pub(crate) fn redact(&self, stream: &StreamId, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let _alone = self.redacting.write().unwrap_or_else(PoisonError::into_inner);
        self.finish_redaction()?;
        let missing = || StoreError::Limit(format!("stream {stream} has no row {position}"));
        let (number, head) = self.heads.get(stream).ok_or_else(missing)?;
        if position >= head.size {
            return Err(missing());
        }
        let frames = self.locate(number, position)?;
        let (first, offset) = frames.range(..=position).next_back().ok_or_else(missing)?;
        let (first, offset) = (*first, *offset);
        let frame = self.segments.frame(offset)?;
        let sound = frame.head.stream == *stream && frame.head.first == first;
        let rows = frame.rows(position, 1, usize::MAX)?;
        let row = rows.first().filter(|_| sound).ok_or_else(|| damaged(offset))?;
        if row.bytes.len() != bytes.len() {
            return Err(StoreError::Limit(format!(
                "{} bytes in place of a row of {}",
                bytes.len(),
                row.bytes.len()
            )));
        }
        if row.bytes == bytes {
            return Ok(());
        }
        let patches = frame.patches(position, bytes)?;
        let plan = Plan(patches);
        put_file(&*self.disk, &self.folder.join(PURGE_FILE), b"", 0o600)
            .and_then(|()| put_file(&*self.disk, &self.plan_file(), &plan.encode(), 0o600))
            .map_err(|error| unavailable("cannot keep the plan of a redaction", &error))?;
        self.carry_out(&plan)
    }

    /// Writes what a plan says, syncs it, and only then forgets the plan.
    fn carry_out(&self, plan: &Plan) -> Result<(), StoreError> {
        let failed = |error: io::Error| unavailable("cannot write over a row of the log", &error);
        self.redactions.fetch_add(1, Ordering::AcqRel);
        for (at, bytes) in &plan.0 {
            let (base, file) = self.segments.at(*at).ok_or_else(|| damaged(*at))?;
            let within = at - base;
            let end = within.saturating_add(len64(bytes.len()));
            if file.length().map_err(failed)? < end {
                return Err(damaged(*at));
            }
            write_all_at(&*file, bytes, within).map_err(failed)?;
        }
        for (at, _) in &plan.0 {
            if let Some((_, file)) = self.segments.at(*at) {
                file.sync().map_err(failed)?;
            }
        }
        self.redactions.fetch_add(1, Ordering::AcqRel);
        self.disk
            .remove(&self.plan_file())
            .and_then(|()| self.disk.sync_folder(&self.folder))
            .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::embedded::{Embedded, Options};
    use crate::suite::{read_all, root_of, sample_rows};
    use crate::{Row, Store};

    const SECRET: &[u8] = b"what nobody may read any more";
    const ERASED: &[u8] = b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    fn open(folder: &Path) -> Embedded {
        let options = Options {
            segment_bytes: 60_000,
            part_rows: 100,
            ..Options::default()
        };
        let store = Embedded::open(folder, options).unwrap();
        assert_eq!(store.damage(), []);
        store
    }

    fn rows() -> Vec<Row> {
        let mut rows = sample_rows(0, 240);
        for row in rows.iter_mut().skip(77).step_by(60) {
            row.bytes = SECRET.to_vec();
        }
        rows
    }

    async fn filled(folder: &Path, stream: &StreamId) {
        let store = open(folder);
        for (place, batch) in rows().chunks(100).enumerate() {
            store
                .append(stream, len64(place) * 100, batch.to_vec())
                .await
                .unwrap();
        }
    }

    fn holds_secret(folder: &Path) -> bool {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(path)
                    .unwrap()
                    .windows(SECRET.len())
                    .any(|window| window == SECRET)
                {
                    return true;
                }
            }
        }
        false
    }

    /// A stop after the plan was kept, with any beginning of what it says written, is finished at the next start.
    #[tokio::test]
    async fn a_stop_at_any_step_is_finished_at_the_next_start() {
        let stream = StreamId::reporter("one").unwrap();
        for written in [0, 1, 15, 28, 29, 31, 33, 35, 37, 40, 41] {
            let folder = tempfile::tempdir().unwrap();
            filled(folder.path(), &stream).await;
            {
                let store = open(folder.path());
                for position in [77, 197] {
                    store.redact(&stream, position, ERASED.to_vec()).await.unwrap();
                }
                let (_, offset) = store.shared.locate(0, 137).unwrap().pop_first().unwrap();
                let frame = store.shared.segments.frame(offset).unwrap();
                let plan = Plan(frame.patches(137, ERASED).unwrap());
                put_file(
                    &*store.shared.disk,
                    &store.shared.plan_file(),
                    &plan.encode(),
                    0o600,
                )
                .unwrap();
                let mut left = written;
                for (at, bytes) in &plan.0 {
                    let some = bytes.get(..left.min(bytes.len())).unwrap();
                    let (base, file) = store.shared.segments.at(*at).unwrap();
                    write_all_at(&*file, some, at - base).unwrap();
                    left -= some.len();
                }
            }
            let store = open(folder.path());
            let mut expected = rows();
            let root = root_of(&expected);
            for row in expected.iter_mut().skip(77).step_by(60) {
                row.bytes = ERASED.to_vec();
            }
            assert_eq!(read_all(&store, &stream).await.unwrap(), expected, "{written}");
            assert_eq!(store.head(&stream).await.unwrap().root, root);
            assert!(!store.shared.plan_file().exists());
            drop(store);
            assert!(!holds_secret(folder.path()), "{written}");
        }
    }

    #[tokio::test]
    async fn nothing_changes_before_the_plan_is_kept() {
        let stream = StreamId::reporter("one").unwrap();
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), &stream).await;
        let mut torn = folder.path().join(PLAN_FILE).into_os_string();
        torn.push(".0123456789abcdef.tmp");
        std::fs::write(torn, b"VARDN").unwrap();
        let store = open(folder.path());
        assert_eq!(read_all(&store, &stream).await.unwrap(), rows());
        drop(store);
        assert!(holds_secret(folder.path()), "the search finds what is there");
    }

    #[test]
    fn a_plan_reads_back_and_damage_is_seen() {
        let plan = Plan(vec![(7, vec![1, 2, 3]), (900, Vec::new())]);
        let bytes = plan.encode();
        assert_eq!(Plan::decode(&bytes), Some(plan));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1;
            }
            assert_eq!(Plan::decode(&damaged), None);
        }
    }
}
