//! How the files of an import come in: piece by piece into memory, and a named upload beside it into a file, so that it
//! goes on where it was when it breaks off. What the files hold is read in `import`.

use std::sync::Arc;
use std::time::Duration;

use tokio_stream::{Stream, StreamExt as _};
use tonic::{Status, Streaming};
use vardnav_api::register::hash;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::terminology::v1::import_content_response::{Arrived, Result as Imported, arrived};
use vardnav_api::vardnav::r#type::v1::FileChunk;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;

use crate::kept::{Journal, Spool};
use crate::{Terminology, import, on_pool};

/// How long the next message may be in coming: an upload that stands still keeps others from importing.
const PATIENCE: Duration = Duration::from_secs(60);

/// The next message; `None` at the end of the stream.
///
/// # Errors
/// That of the stream, or that nothing came for too long.
async fn next<T>(
    messages: &mut (impl Stream<Item = Result<T, Status>> + Unpin),
    patience: Duration,
) -> Result<Option<T>, Status> {
    match tokio::time::timeout(patience, messages.next()).await {
        Ok(message) => message.transpose(),
        Err(_) => {
            let message =
                "nothing of the upload came for too long; send it again, which goes on where a named one was";
            Err(ApiError::new(Kind::Unavailable, "VN-API-010", message).into())
        }
    }
}

/// What has come in.
#[derive(Default)]
struct Received {
    spool: Spool,
    /// Where a named upload is written down.
    journal: Option<Journal>,
}

impl Received {
    fn push(&mut self, chunk: &FileChunk) -> Result<(), ApiError> {
        self.spool
            .push(&chunk.path, &chunk.data)
            .map_err(import::spool_error)?;
        if let Some(mut journal) = self.journal.take() {
            match journal.push(&chunk.path, &chunk.data) {
                Ok(()) => self.journal = Some(journal),
                Err(error) => {
                    tracing::warn!(%error, "an upload cannot be written down: it begins anew if it breaks off");
                    journal.remove();
                }
            }
        }
        Ok(())
    }
}

impl Terminology {
    /// Takes the files of an import and imports them.
    pub(crate) async fn receive(
        self,
        caller: Arc<Caller>,
        mut messages: Streaming<pb::ImportContentRequest>,
        progress: import::Progress,
    ) -> Result<Imported, Status> {
        // Before anything is taken into memory.
        let turn = self.turn()?;
        let Some(mut first) = next(&mut messages, PATIENCE).await? else {
            return Err(ApiError::field("chunk", "the stream holds no message").into());
        };
        let editions = import::editions(&first)?;
        let name = match first.upload.is_empty() {
            true => None,
            false => Some(hash(&first.upload, "upload")?),
        };
        let mut received = match name {
            Some(_) if first.chunk.is_some() => {
                let message = "a named upload begins with a message without a piece";
                return Err(ApiError::field("chunk", message).into());
            }
            Some(name) => {
                let received = self.begun(&caller, name).await?;
                let arrived = Some(arrived_message(&received.spool));
                let answer = pb::ImportContentResponse {
                    arrived,
                    ..Default::default()
                };
                // Whoever went away does not hear it.
                let _ = progress.send(Ok(answer)).await;
                received
            }
            None => Received::default(),
        };
        let mut chunk = first.chunk.take();
        loop {
            if let Some(chunk) = chunk {
                received = on_pool(move || {
                    received.push(&chunk)?;
                    Ok(received)
                })
                .await?;
            }
            match next(&mut messages, PATIENCE).await? {
                Some(message) => chunk = message.chunk,
                None => break,
            }
        }
        let Received { spool, journal } = received;
        let files = on_pool(move || Ok(spool.finish())).await?;
        if name.is_some_and(|name| name != files.name()) {
            if let Some(journal) = journal {
                journal.remove();
            }
            let message = "the files are not those that name the upload; begin it anew";
            return Err(ApiError::field("upload", message).into());
        }
        let validate_only = first.validate_only;
        let imported = self
            .import_in_turn(&turn, &caller, files, editions, validate_only, Some(progress))
            .await?;
        if let Some(journal) = journal {
            journal.remove();
        }
        Ok(imported)
    }

    /// What there is of a named upload.
    async fn begun(&self, caller: &Caller, name: [u8; 32]) -> Result<Received, ApiError> {
        let Some(uploads) = self.uploads.clone() else {
            return Ok(Received::default());
        };
        let caller = caller.name.clone();
        on_pool(move || {
            Ok(match uploads.open(&caller, &name, clock::now_micros()) {
                Ok((journal, spool)) => Received {
                    spool,
                    journal: Some(journal),
                },
                Err(error) => {
                    tracing::warn!(%error, "an upload cannot be written down: it begins anew if it breaks off");
                    Received::default()
                }
            })
        })
        .await
    }
}

fn arrived_message(spool: &Spool) -> Arrived {
    let files = spool.arrived().into_iter();
    Arrived {
        files: files.map(|(path, size)| arrived::File { path, size }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_upload_that_stands_still_is_given_up() {
        let soon = Duration::from_millis(10);
        let mut messages = tokio_stream::iter([Ok(1), Ok(2)]).chain(tokio_stream::pending());
        assert_eq!(next(&mut messages, soon).await.unwrap(), Some(1));
        assert_eq!(next(&mut messages, soon).await.unwrap(), Some(2));
        let given_up = next::<i32>(&mut messages, soon).await.unwrap_err();
        assert_eq!(given_up.code(), tonic::Code::Unavailable);
        let mut ended = tokio_stream::empty::<Result<i32, Status>>();
        assert_eq!(next(&mut ended, soon).await.unwrap(), None);
    }
}
