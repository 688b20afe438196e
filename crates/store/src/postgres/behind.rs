//! Appends behind whatever a stream holds. Those that come while one is under way wait and go together with the next
//! statement, so that many cost little more than one, and none of them is in another's way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::Core;
use super::heads::head_of;
use crate::contract::{BATCH_LIMIT, Head, ROWS_LIMIT, Row, StoreError, StreamId};

/// Most appends that wait for one stream.
const WAITING_MAX: usize = 10_000;

/// What waits, by stream. A stream that is here has somebody who sees to it.
#[derive(Default)]
pub(super) struct Behind(Mutex<HashMap<StreamId, VecDeque<Waiting>>>);

struct Waiting {
    rows: Vec<Row>,
    answer: oneshot::Sender<Result<Head, StoreError>>,
}

impl Behind {
    /// Takes rows; gives their answer, and whether nobody sees to their stream yet.
    fn put(
        &self,
        stream: &StreamId,
        rows: Vec<Row>,
    ) -> Result<(oneshot::Receiver<Result<Head, StoreError>>, bool), StoreError> {
        let (answer, answered) = oneshot::channel();
        let mut streams = self.held();
        let alone = !streams.contains_key(stream);
        let queue = streams.entry(stream.clone()).or_default();
        if queue.len() >= WAITING_MAX {
            return Err(StoreError::Unavailable(format!(
                "{WAITING_MAX} appends wait for {stream} already"
            )));
        }
        queue.push_back(Waiting { rows, answer });
        Ok((answered, alone))
    }

    /// As many as fit into one append; empty when nothing waits, and then nobody need see to the stream.
    fn take(&self, stream: &StreamId) -> Vec<Waiting> {
        let mut streams = self.held();
        let (mut rows, mut bytes) = (0_usize, 0_usize);
        let mut taken = Vec::new();
        if let Some(queue) = streams.get_mut(stream) {
            while let Some(next) = queue.front() {
                rows += next.rows.len();
                bytes += next.rows.iter().map(|row| row.bytes.len()).sum::<usize>();
                if !taken.is_empty() && (rows > ROWS_LIMIT || bytes > BATCH_LIMIT) {
                    break;
                }
                taken.extend(queue.pop_front());
            }
        }
        if taken.is_empty() {
            streams.remove(stream);
        }
        taken
    }

    fn held(&self) -> MutexGuard<'_, HashMap<StreamId, VecDeque<Waiting>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends rows to whatever the stream holds.
pub(super) async fn append(core: &Arc<Core>, stream: &StreamId, rows: Vec<Row>) -> Result<Head, StoreError> {
    let (answered, alone) = core.behind.put(stream, rows)?;
    if alone {
        // It goes on when whoever asked no longer waits.
        let (core, stream) = (Arc::clone(core), stream.clone());
        tokio::spawn(async move {
            loop {
                let taken = core.behind.take(&stream);
                if taken.is_empty() {
                    return;
                }
                together(&core, &stream, taken).await;
            }
        });
    }
    let stopped = |_| StoreError::Unavailable("the server is stopping".to_owned());
    answered.await.map_err(stopped)?
}

/// Appends what was taken, and answers everyone.
async fn together(core: &Core, stream: &StreamId, taken: Vec<Waiting>) {
    let (rows, waiting): (Vec<_>, Vec<_>) = taken
        .into_iter()
        .map(|waiting| (waiting.rows, waiting.answer))
        .unzip();
    let counts: Vec<usize> = rows.iter().map(Vec::len).collect();
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    match append_wherever(core, stream, &rows).await {
        Ok(mut edge) => {
            let mut leaves = rows.iter().map(|row| row.leaf);
            for (count, answer) in counts.into_iter().zip(waiting) {
                for leaf in leaves.by_ref().take(count) {
                    edge.append(leaf, |_, _| {});
                }
                // Whoever no longer waits does not mind.
                let _ = answer.send(Ok(head_of(&edge)));
            }
        }
        Err(error) => {
            for answer in waiting {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

/// Appends rows where the stream ends; gives the edge that it had before them.
async fn append_wherever(
    core: &Core,
    stream: &StreamId,
    rows: &[Row],
) -> Result<crate::tree::Frontier, StoreError> {
    let tries = core.tries();
    loop {
        let before = match core.edges.get(stream) {
            Some(edge) => edge,
            None => core.edge(stream).await?,
        };
        match core.append(stream, before.size(), rows).await {
            Ok(_) => return Ok(before),
            // Another server came before: what is known of the end is newer now.
            Err(StoreError::Conflict { .. }) if !tries.over() => {}
            Err(StoreError::Conflict { .. }) => {
                return Err(StoreError::Unavailable(format!(
                    "the end of {stream} moves all the time"
                )));
            }
            Err(error) => return Err(error),
        }
    }
}
