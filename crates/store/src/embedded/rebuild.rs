//! Building the runs of the index anew while the store is in use, when one of them was found damaged: keys are taken from
//! the tables of the frames that the index's own lists lead to, so that exactly what it had followed is found again.
//! The rest of the index is not touched; it is built anew when the store is opened next.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use super::index_codec::{Manifest, full_key_bytes};
use super::overlay::{FullKey, Spread};
use super::run::{Run, RunWriter};
use super::{FRAMES_AHEAD, Shared};
use crate::codec::len64;
use crate::contract::{StoreError, StreamId};

/// Runs on their way.
struct Rebuilding<'a> {
    shared: &'a Shared,
    manifest: Manifest,
    runs: Vec<Arc<Run>>,
    /// Keys that are in no run yet.
    keys: HashMap<FullKey, u64, Spread>,
    entries: u64,
}

impl Shared {
    /// Writes runs with the keys of all rows that the index has followed, and lets them take the place of those that
    /// hold now. Answers how many entries they have.
    ///
    /// # Errors
    /// `Corrupt` when the index cannot be written or its lists of frames cannot be read; the log's own damage is
    /// passed over.
    pub(crate) fn rebuild_runs(&self, manifest: &mut Manifest) -> Result<u64, StoreError> {
        let mut rebuilding = Rebuilding {
            shared: self,
            manifest: manifest.clone(),
            runs: Vec::new(),
            keys: HashMap::default(),
            entries: 0,
        };
        for (stream, (number, _)) in self.heads.snapshot().1 {
            rebuilding.stream(&stream, number)?;
        }
        rebuilding.write_run()?;
        let Rebuilding {
            manifest: mut next,
            runs,
            entries,
            ..
        } = rebuilding;
        next.generation += 1;
        next.runs = runs.iter().map(|run| run.record).collect();
        let old = self.index.runs();
        self.index.hold(&next, runs)?;
        *manifest = next;
        self.index.flush()?;
        if let Err(error) = self.index.erase(&old) {
            // No manifest names them any more.
            tracing::warn!(%error, "damaged runs of the index are left until the next start");
        }
        Ok(entries)
    }
}

impl Rebuilding<'_> {
    /// Takes in the keys of a stream, as far as the index has followed it.
    fn stream(&mut self, stream: &StreamId, number: u32) -> Result<(), StoreError> {
        let mut at = 0;
        loop {
            let before = at;
            for (first, offset) in self.shared.index.frames(number, at, FRAMES_AHEAD)? {
                if first < at {
                    continue;
                }
                // Rows that cannot be read are missing from the index as from the log.
                at = first + 1;
                let redacting = self.shared.redacting.read();
                let _unchanged = redacting.unwrap_or_else(PoisonError::into_inner);
                match self.shared.segments.frame(offset) {
                    Ok(frame) if frame.head().stream == *stream && frame.head().first == first => {
                        let keys = frame.keys().map(|key| (number, key));
                        self.keys.extend(keys.zip(first..));
                        at = frame.head().end();
                    }
                    Ok(_) | Err(StoreError::Corrupt(_)) => {}
                    Err(error) => return Err(error),
                }
                if self.keys.len() >= self.shared.options.part_rows {
                    self.write_run()?;
                }
            }
            if at == before {
                return Ok(());
            }
        }
    }

    fn write_run(&mut self) -> Result<(), StoreError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let mut entries: Vec<_> = self
            .keys
            .drain()
            .map(|(key, position)| (full_key_bytes(&key), position))
            .collect();
        entries.sort_unstable();
        let values = self.shared.index.values();
        let mut writer = RunWriter::new(values, self.manifest.next_run, 0, len64(entries.len()));
        self.manifest.next_run += 1;
        self.entries += len64(entries.len());
        for (key, position) in entries {
            writer.push(key, position)?;
        }
        self.runs.push(Arc::new(writer.finish()?));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::check::Told;
    use crate::embedded::{Embedded, Options};
    use crate::suite::sample_rows;
    use crate::{RowKey, Store};

    const ROWS: u64 = 1_500;

    fn keys(seed: u64, rows: u64) -> Vec<RowKey> {
        sample_rows(seed, rows).iter().map(|row| row.key).collect()
    }

    /// Every block of every run goes bad under an open store: keys are found again without a start, nothing that was
    /// reported is taken for new, and what comes then is merged with what was built anew.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn damaged_runs_are_built_anew_while_the_store_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            segment_bytes: 300_000,
            part_rows: 200,
            fan_in: 3,
            ..Options::default()
        };
        let store = Embedded::open(folder.path(), options.clone()).unwrap();
        let streams = ["rebuilt/one", "rebuilt/two"].map(|name| StreamId::new(name).unwrap());
        for batch in 0..ROWS / 30 {
            for (seed, stream) in [0, 1_000_000].into_iter().zip(&streams) {
                let rows = sample_rows(seed + batch * 30, 30);
                store.append(stream, batch * 30, rows).await.unwrap();
            }
        }
        let behind = || store.shared.overlay.waiting();
        let begun = Instant::now();
        while behind() > 0 || store.shared.index.runs().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The filters and fences of the runs stay in memory; their blocks are what is read.
        let values = Arc::clone(store.shared.index.values());
        let blocks: Vec<_> = values.prefix(b"r").unwrap().map(|pair| pair.unwrap()).collect();
        assert!(blocks.len() > 10);
        for (key, value) in blocks {
            let mut value = value.to_vec();
            let middle = value.len() / 2;
            value[middle] ^= 1;
            values.insert(key.to_vec(), value).unwrap();
        }
        let begun = Instant::now();
        let mut refused = 0;
        for (seed, stream) in [0, 1_000_000].into_iter().zip(&streams) {
            loop {
                match store.find(stream, keys(seed, ROWS)).await {
                    Ok(found) => break assert!(found.into_iter().eq((0..ROWS).map(Some))),
                    Err(StoreError::Unavailable(_)) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
                assert!(begun.elapsed() < Duration::from_secs(20), "it is not built anew");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        assert!(refused > 0, "the damage is met");
        for batch in ROWS / 30..2 * ROWS / 30 {
            let rows = sample_rows(batch * 30, 30);
            store.append(&streams[0], batch * 30, rows).await.unwrap();
        }
        let found = store.find(&streams[0], keys(0, 2 * ROWS)).await.unwrap();
        assert!(found.into_iter().eq((0..2 * ROWS).map(Some)));
        drop(store);
        let store = Embedded::open(folder.path(), options).unwrap();
        let found = store.find(&streams[0], keys(0, 2 * ROWS)).await.unwrap();
        assert!(found.into_iter().eq((0..2 * ROWS).map(Some)));
        let sound = |told| match told {
            Told::Finding(finding) => assert_eq!(finding.code, "VN-STO-009", "only what opening told"),
            Told::Progress { .. } => {}
        };
        store
            .check(&mut |told| {
                sound(told);
                true
            })
            .unwrap();
    }
}
