//! Writing over rows of the log: the only change that bytes of the log ever see. What is written is kept as a plan
//! first, durably, so that a stop in the middle is finished at the next start; the plan holds nothing of what is
//! written over. Decides nothing: who may redact, and why, is said elsewhere.
//!
//! The new bytes have the length of the old ones, so every other row, every offset and every hash stays as it is. What
//! changes of a frame is the rows, their checksums in the table, and the two checksums in the head that cover the table.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::Shared;
use super::recovery::{Damage, forget_tails};
use super::segments::{Frame, damaged};
use crate::codec::{Cut, index, len32, len64, seal, unseal};
use crate::contract::{BATCH_LIMIT, ROWS_LIMIT, StoreError, StreamId};
use crate::disk::{create_folder, put_file, unavailable, write_all_at};

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

/// A redaction that an earlier process was stopped in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    /// There was none.
    Nothing,
    /// It is finished now.
    Finished,
    /// Its plan cannot be carried out and is set aside: whoever asked for it asks again.
    SetAside(Damage),
}

/// Rows of a stream with what is written over them, in order.
type New<'a> = [(u64, &'a [u8])];

impl Shared {
    fn plan_file(&self) -> PathBuf {
        self.folder.join(PLAN_FILE)
    }

    /// Finishes a redaction that a stop broke off.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be carried out now.
    pub(crate) fn finish_redaction(&self) -> Result<Unfinished, StoreError> {
        let bytes = match self.disk.read(&self.plan_file()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Unfinished::Nothing),
            Err(error) => return Err(unavailable("cannot read the plan of a redaction", &error)),
        };
        // Its name may not be durable yet, and the log must not be written over before it is.
        let named = self.disk.sync_folder(&self.folder);
        named.map_err(|error| unavailable("cannot keep the plan of a redaction", &error))?;
        match Plan::decode(&bytes).map(|plan| self.carry_out(&plan)) {
            Some(Ok(())) => Ok(Unfinished::Finished),
            Some(Err(error @ StoreError::Unavailable(_))) => Err(error),
            _ => self.set_plan_aside().map(Unfinished::SetAside),
        }
    }

    /// Moves a plan that cannot be carried out out of the way.
    fn set_plan_aside(&self) -> Result<Damage, StoreError> {
        let quarantine = self.folder.join("quarantine");
        let kept = quarantine.join(format!("redaction-{:016x}", rand::random::<u64>()));
        create_folder(&*self.disk, &quarantine)
            .and_then(|()| self.disk.rename(&self.plan_file(), &kept))
            .and_then(|()| self.disk.sync_folder(&quarantine))
            .and_then(|()| self.disk.sync_folder(&self.folder))
            .map_err(|error| unavailable("cannot set the plan of a redaction aside", &error))?;
        let what = "the plan of a redaction cannot be carried out and was set aside: the redaction is to be done again";
        tracing::error!(what);
        Ok(Damage {
            place: PLAN_FILE.to_owned(),
            what: what.to_owned(),
            lost: false,
        })
    }

    /// Replaces the bytes of rows by others of the same length and leaf. Durable on return.
    pub(crate) fn redact(&self, stream: &StreamId, rows: &[(u64, Vec<u8>)]) -> Result<(), StoreError> {
        let rows: BTreeMap<u64, &[u8]> = rows
            .iter()
            .map(|(position, bytes)| (*position, bytes.as_slice()))
            .collect();
        let mut planned = Vec::new();
        let mut bytes = 0;
        for row in rows {
            if planned.len() == ROWS_LIMIT || bytes + row.1.len() > BATCH_LIMIT {
                self.write_over(stream, &planned)?;
                planned.clear();
                bytes = 0;
            }
            bytes += row.1.len();
            planned.push(row);
        }
        self.write_over(stream, &planned)
    }

    /// Writes over rows by one plan.
    fn write_over(&self, stream: &StreamId, rows: &New<'_>) -> Result<(), StoreError> {
        let _alone = self.redacting.write().unwrap_or_else(PoisonError::into_inner);
        self.finish_redaction()?;
        let mut patches = Vec::new();
        let mut rest = rows;
        while let Some((position, _)) = rest.first() {
            let frame = self.frame_with(stream, *position)?;
            let within = rest.iter().take_while(|(at, _)| *at < frame.head().end()).count();
            let (these, later) = rest.split_at_checked(within.max(1)).unwrap_or((rest, &[]));
            let changed = changed(&frame, these)?;
            if !changed.is_empty() {
                patches.extend(frame.patches(&changed)?);
            }
            rest = later;
        }
        if patches.is_empty() {
            return Ok(());
        }
        let plan = Plan(patches);
        put_file(&*self.disk, &self.folder.join(PURGE_FILE), b"", 0o600)
            .and_then(|()| put_file(&*self.disk, &self.plan_file(), &plan.encode(), 0o600))
            .map_err(|error| unavailable("cannot keep the plan of a redaction", &error))?;
        self.carry_out(&plan)
    }

    /// The frame that holds a row.
    pub(crate) fn frame_with(&self, stream: &StreamId, position: u64) -> Result<Frame<'_>, StoreError> {
        let missing = || StoreError::Limit(format!("stream {stream} has no row {position}"));
        let (number, head) = self.heads.get(stream).ok_or_else(missing)?;
        if position >= head.size {
            return Err(missing());
        }
        let frames = self.locate(number, position)?;
        let (first, offset) = frames.range(..=position).next_back().ok_or_else(missing)?;
        let frame = self.segments.frame(*offset)?;
        let sound = frame.head().stream == *stream && frame.head().first == *first;
        match sound && position < frame.head().end() {
            true => Ok(frame),
            false => Err(damaged(*offset)),
        }
    }

    /// Writes what a plan says, syncs it, drops what of refused groups was set aside and may hold the same, and only then
    /// forgets the plan.
    fn carry_out(&self, plan: &Plan) -> Result<(), StoreError> {
        let failed = |error: io::Error| unavailable("cannot write over rows of the log", &error);
        let mut files = BTreeMap::new();
        for (at, bytes) in &plan.0 {
            let (base, file) = self.segments.at(*at).ok_or_else(|| damaged(*at))?;
            let end = (at - base).saturating_add(len64(bytes.len()));
            if file.length().map_err(failed)? < end {
                return Err(damaged(*at));
            }
            files.insert(base, file);
        }
        self.redactions.fetch_add(1, Ordering::AcqRel);
        self.segments.forget_tables();
        for (at, bytes) in &plan.0 {
            if let Some((base, file)) = files.range(..=at).next_back() {
                write_all_at(&**file, bytes, at - base).map_err(failed)?;
            }
        }
        for file in files.values() {
            file.sync().map_err(failed)?;
        }
        self.redactions.fetch_add(1, Ordering::AcqRel);
        forget_tails(&*self.disk, &self.folder, 0)
            .and_then(|()| self.disk.remove(&self.plan_file()))
            .and_then(|()| self.disk.sync_folder(&self.folder))
            .map_err(failed)
    }
}

/// Those of some rows of a frame that are not as they are to be.
fn changed<'a>(frame: &Frame<'_>, rows: &New<'a>) -> Result<Vec<(u64, &'a [u8])>, StoreError> {
    let mut changed = Vec::new();
    for (position, bytes) in rows {
        let held = frame.rows(*position, 1, usize::MAX)?;
        let held = held.first().map_or(&[][..], |row| &row.bytes);
        if held.len() != bytes.len() {
            return Err(StoreError::Limit(format!(
                "{} bytes in place of a row of {}",
                bytes.len(),
                held.len()
            )));
        }
        if held != *bytes {
            changed.push((*position, *bytes));
        }
    }
    Ok(changed)
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
                let plan = Plan(frame.patches(&[(137, ERASED)]).unwrap());
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

    /// Many rows of several frames and segments are written over by one plan: a few syncs in all.
    #[tokio::test]
    async fn many_rows_are_written_over_by_one_plan() {
        let machine = std::sync::Arc::new(crate::embedded::simulated::Machine::new(1));
        let ground = crate::embedded::open::Ground::Simulated(std::sync::Arc::clone(&machine));
        let options = Options {
            segment_bytes: 30_000,
            ..Options::default()
        };
        let mut opened =
            crate::embedded::open::open(Path::new("/store"), options, &ground, |mut follower| {
                Ok(Box::new(move |sealed| follower.take(sealed)))
            })
            .unwrap();
        let stream = StreamId::reporter("one").unwrap();
        let rows = sample_rows(0, 900);
        for (place, batch) in rows.chunks(100).enumerate() {
            let (answer, mut answered) = tokio::sync::oneshot::channel();
            let share = std::sync::Arc::new(tokio::sync::Semaphore::new(1));
            let job = crate::embedded::log::Job {
                stream: stream.clone(),
                expected: Some(len64(place) * 100),
                body: crate::embedded::frame::Body::encode(batch),
                answer,
                _share: share.try_acquire_owned().unwrap(),
            };
            opened.writer.commit(std::iter::once(job), Vec::new());
            answered.try_recv().unwrap().unwrap();
        }
        let shared = &opened.shared;
        assert!(shared.segments.list().len() > 2);
        let mut expected = rows.clone();
        for row in expected.iter_mut().skip(3).step_by(2) {
            row.bytes.fill(b'x');
        }
        let new: Vec<_> = (0..)
            .zip(&expected)
            .skip(3)
            .step_by(2)
            .map(|(position, row)| (position, row.bytes.clone()))
            .collect();
        let before = machine.synced();
        shared.redact(&stream, &new).unwrap();
        let synced = machine.synced() - before;
        assert!(
            synced <= 8 + shared.segments.list().len() as u64,
            "{synced} syncs"
        );
        let mut held = Vec::new();
        while held.len() < 900 {
            held.extend(shared.read(&stream, held.len() as u64, 1_000).unwrap());
        }
        assert!(
            held.iter()
                .zip(&expected)
                .all(|(held, row)| held.bytes == row.bytes)
        );
        let (_, head) = shared.heads.get(&stream).unwrap();
        assert_eq!(head.root, root_of(&rows));
        let beyond = shared.redact(&stream, &[(3, vec![0; rows[3].bytes.len()]), (900, Vec::new())]);
        assert!(matches!(beyond, Err(StoreError::Limit(_))));
        assert_eq!(shared.read(&stream, 3, 1).unwrap()[0].bytes, expected[3].bytes);
    }

    /// Whatever became of the plan, the store opens, says so, and takes the redaction again.
    #[tokio::test]
    async fn a_damaged_plan_is_set_aside() {
        let stream = StreamId::reporter("one").unwrap();
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), &stream).await;
        let plan = {
            let store = open(folder.path());
            let (_, offset) = store.shared.locate(0, 137).unwrap().pop_first().unwrap();
            let frame = store.shared.segments.frame(offset).unwrap();
            Plan(frame.patches(&[(137, ERASED)]).unwrap())
        };
        let elsewhere = Plan(vec![(1 << 40, vec![1])]).encode();
        let flipped = (0..plan.encode().len()).step_by(9).map(|at| {
            let mut bytes = plan.encode();
            bytes[at] ^= 8;
            bytes
        });
        for bytes in flipped.chain([elsewhere, Vec::new()]) {
            std::fs::write(folder.path().join(PLAN_FILE), &bytes).unwrap();
            let store = Embedded::open(folder.path(), Options::default()).unwrap();
            let found = store.damage();
            assert!(
                found.len() == 1 && found[0].place == PLAN_FILE && !found[0].lost,
                "{found:?}"
            );
            assert_eq!(read_all(&store, &stream).await.unwrap(), rows());
        }
        let store = open(folder.path());
        for position in [77, 137, 197] {
            store.redact(&stream, position, ERASED.to_vec()).await.unwrap();
        }
        drop(store);
        open(folder.path());
        assert!(!holds_secret(folder.path()));
    }

    /// What was set aside of a group that was never answered goes with the first redaction.
    #[tokio::test]
    async fn what_was_set_aside_of_the_logs_end_is_dropped() {
        let stream = StreamId::reporter("one").unwrap();
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), &stream).await;
        let quarantine = folder.path().join("quarantine");
        for round in 0..super::super::recovery::TAILS_KEPT + 3 {
            let log = std::fs::read_dir(folder.path().join("log")).unwrap();
            let last = log.map(|entry| entry.unwrap().path()).max().unwrap();
            let mut bytes = std::fs::read(&last).unwrap();
            bytes.extend(SECRET);
            std::fs::write(&last, bytes).unwrap();
            let store = Embedded::open(folder.path(), Options::default()).unwrap();
            assert_eq!(store.damage().len(), 1);
            let size = 240 + round as u64;
            store.append(&stream, size, sample_rows(size, 1)).await.unwrap();
        }
        let kept = std::fs::read_dir(&quarantine).unwrap().count();
        assert_eq!(kept, super::super::recovery::TAILS_KEPT);
        let store = open(folder.path());
        for position in [77, 137, 197] {
            store.redact(&stream, position, ERASED.to_vec()).await.unwrap();
        }
        drop(store);
        assert_eq!(std::fs::read_dir(&quarantine).unwrap().count(), 0);
        assert!(!holds_secret(folder.path()));
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
