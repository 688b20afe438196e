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

/// Most bytes of rows that wait for all streams. What is under way is not among them.
const WAITING_BYTES_MAX: usize = 4 * BATCH_LIMIT;

/// What waits.
#[derive(Default)]
pub(super) struct Behind(Mutex<Queues>);

#[derive(Default)]
struct Queues {
    /// By stream. A stream that is here has somebody who sees to it.
    streams: HashMap<StreamId, VecDeque<Waiting>>,
    /// Of their rows.
    bytes: usize,
}

/// Whoever sees to a stream. When it ends before nothing waits any more, those that wait are told so, and whoever comes
/// next finds the stream without anybody.
struct Seeing {
    behind: Arc<Behind>,
    stream: StreamId,
    /// Whether nothing waited any more, and so the stream may be somebody else's by now.
    over: bool,
}

impl Drop for Seeing {
    fn drop(&mut self) {
        if !self.over {
            self.behind.abandon(&self.stream);
        }
    }
}

/// Where the answer to what waits comes.
type Answered = oneshot::Receiver<Result<Head, StoreError>>;

struct Waiting {
    rows: Vec<Row>,
    answer: oneshot::Sender<Result<Head, StoreError>>,
}

impl Waiting {
    fn bytes(&self) -> usize {
        self.rows.iter().map(|row| row.bytes.len()).sum()
    }
}

impl Behind {
    /// Takes rows; gives their answer, and who has to see to their stream when nobody does yet.
    fn put(
        self: &Arc<Self>,
        stream: &StreamId,
        rows: Vec<Row>,
    ) -> Result<(Answered, Option<Seeing>), StoreError> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { rows, answer };
        let mut queues = self.held();
        let bytes = queues.bytes.saturating_add(waiting.bytes());
        if bytes > WAITING_BYTES_MAX {
            return Err(StoreError::Unavailable(format!(
                "appends of {} bytes wait already, at most {WAITING_BYTES_MAX} may",
                queues.bytes
            )));
        }
        let alone = !queues.streams.contains_key(stream);
        let queue = queues.streams.entry(stream.clone()).or_default();
        if queue.len() >= WAITING_MAX {
            return Err(StoreError::Unavailable(format!(
                "{WAITING_MAX} appends wait for {stream} already"
            )));
        }
        queue.push_back(waiting);
        queues.bytes = bytes;
        let seeing = alone.then(|| Seeing {
            behind: Arc::clone(self),
            stream: stream.clone(),
            over: false,
        });
        Ok((answered, seeing))
    }

    /// As many as fit into one append; empty when nothing waits, and then nobody sees to the stream any more.
    fn take(&self, seeing: &mut Seeing) -> Vec<Waiting> {
        let mut queues = self.held();
        let (mut rows, mut bytes, mut gone) = (0_usize, 0_usize, 0_usize);
        let mut taken = Vec::new();
        if let Some(queue) = queues.streams.get_mut(&seeing.stream) {
            while let Some(next) = queue.front() {
                rows += next.rows.len();
                bytes += next.bytes();
                if !taken.is_empty() && (rows > ROWS_LIMIT || bytes > BATCH_LIMIT) {
                    break;
                }
                gone = bytes;
                taken.extend(queue.pop_front());
            }
        }
        queues.bytes = queues.bytes.saturating_sub(gone);
        if taken.is_empty() {
            queues.streams.remove(&seeing.stream);
            seeing.over = true;
        }
        taken
    }

    /// Lets go of a stream and of what waits for it.
    fn abandon(&self, stream: &StreamId) {
        let mut queues = self.held();
        let left = queues.streams.remove(stream).unwrap_or_default();
        let bytes: usize = left.iter().map(Waiting::bytes).sum();
        queues.bytes = queues.bytes.saturating_sub(bytes);
    }

    fn held(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends rows to whatever the stream holds.
pub(super) async fn append(core: &Arc<Core>, stream: &StreamId, rows: Vec<Row>) -> Result<Head, StoreError> {
    let (answered, seeing) = core.behind.put(stream, rows)?;
    if let Some(mut seeing) = seeing {
        // It goes on when whoever asked no longer waits.
        let core = Arc::clone(core);
        tokio::spawn(async move {
            loop {
                let taken = core.behind.take(&mut seeing);
                if taken.is_empty() {
                    return;
                }
                together(&core, &seeing.stream, taken).await;
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::suite::sample_rows;

    fn stream(name: &str) -> StreamId {
        StreamId::new(name).unwrap()
    }

    #[test]
    fn a_stream_whose_keeper_ended_is_taken_up_by_the_next() {
        let (behind, one) = (Arc::<Behind>::default(), stream("behind/one"));
        let (mut first, seeing) = behind.put(&one, sample_rows(0, 3)).unwrap();
        let (mut second, nobody) = behind.put(&one, sample_rows(3, 3)).unwrap();
        assert!(nobody.is_none());
        // As when its task panics, or goes with its runtime.
        drop(seeing.unwrap());
        for waiting in [&mut first, &mut second] {
            assert_eq!(
                waiting.try_recv().unwrap_err(),
                oneshot::error::TryRecvError::Closed
            );
        }
        assert_eq!(behind.held().bytes, 0);
        let (_, seeing) = behind.put(&one, sample_rows(6, 3)).unwrap();
        let mut seeing = seeing.unwrap();
        assert_eq!(behind.take(&mut seeing).len(), 1);
        assert!(behind.take(&mut seeing).is_empty());
        // It is another's by now, and stays so when the one before ends.
        let (mut third, other) = behind.put(&one, sample_rows(9, 3)).unwrap();
        assert!(other.is_some());
        drop(seeing);
        assert_eq!(third.try_recv().unwrap_err(), oneshot::error::TryRecvError::Empty);
    }

    #[test]
    fn what_waits_is_bounded_by_bytes() {
        let behind = Arc::<Behind>::default();
        let mut large = sample_rows(0, 1);
        large.iter_mut().for_each(|row| row.bytes = vec![0; BATCH_LIMIT]);
        let mut kept = Vec::new();
        for number in 0..WAITING_BYTES_MAX / BATCH_LIMIT {
            kept.push(
                behind
                    .put(&stream(&format!("behind/{number}")), large.clone())
                    .unwrap(),
            );
        }
        let refused = behind.put(&stream("behind/more"), sample_rows(0, 1)).err();
        assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
        let (_, Some(seeing)) = kept.first_mut().unwrap() else {
            return;
        };
        assert_eq!(behind.take(seeing).len(), 1);
        assert!(behind.put(&stream("behind/more"), sample_rows(0, 1)).is_ok());
        drop(kept);
    }
}
