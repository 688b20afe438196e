//! Publications: the figures of a year as they are shown on a day, frozen. What may be published is decided in
//! `vardnav_release::lifecycle`, what may be shown was decided with every figure, what a publication's bytes are in
//! `vardnav_indicators::publication`. Here figures are collected, kept and given back.

mod answer;
mod collect;
mod service;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vardnav_api::release::refusal;
use vardnav_api::status::{ApiError, Kind};
use vardnav_indicators::publication::{Publication, Revision};
use vardnav_register::national::{NationalHead, StreamHeads};
use vardnav_release::authority::{AuthorityState, KeptPublication, Mark};
use vardnav_release::entry::{HeadMark, PublicationRecord};
use vardnav_release::lifecycle::{self, Refusal};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{AuthorityError, DecideError, StoreError, StreamId, national};

use self::collect::Collected;
use crate::Indicators;

/// Publications that are remembered as they were read.
const REMEMBERED_MAX: usize = 4;
/// How long a publication waits for a national head over all that was counted.
const HEAD_MAX: Duration = Duration::from_secs(20);
/// How often is looked for one.
const HEAD_EVERY: Duration = Duration::from_millis(200);

/// Publications as they were read, by id, the last read first.
type Remembered = Vec<(String, Arc<Publication>)>;

/// Publications behind the service.
#[derive(Clone)]
pub struct Publications {
    indicators: Indicators,
    remembered: Arc<Mutex<Remembered>>,
    /// One is made at a time.
    making: Arc<tokio::sync::Semaphore>,
}

/// What is said of figures that are to be published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Year, title, state and note; all else is found out.
    pub record: PublicationRecord,
    /// The publication whose place it is to take.
    pub revises: Option<String>,
    /// Only tells what would be published.
    pub validate_only: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The publication that holds now, or would.
    pub kept: KeptPublication,
    /// Whether it is a new one, or would be.
    pub changed: bool,
    /// How it differs from the one before.
    pub revision: Revision,
}

impl Publications {
    /// Publications of what `indicators` shows.
    pub fn new(indicators: Indicators) -> Self {
        Self {
            indicators,
            remembered: Arc::default(),
            making: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }

    /// Publishes the figures of a year as they are shown now.
    ///
    /// # Errors
    /// The refusal; when figures change while they are collected, no national head is signed over what was counted, or
    /// the store does not take it.
    pub async fn publish(&self, caller: &Caller, wish: Wish) -> Result<Made, ApiError> {
        let turn = self.making.try_acquire();
        let _turn = turn.map_err(|_| {
            let message = "figures are being published; try again in a moment";
            ApiError::new(Kind::ResourceExhausted, "VN-API-012", message)
        })?;
        let at = clock::now_micros();
        let revises = wish.revises.as_deref();
        let authority = &self.indicators.authority;
        // What is refused anyway is refused before anything is counted; which release decides is not known yet.
        let release = self.indicators.release()?.id.clone();
        let stated = PublicationRecord {
            release,
            ..wish.record
        };
        judge(authority.view().state(), caller, at, revises, &stated)?;
        let Collected {
            mut publication,
            release,
            derivation,
            reporters,
            entries,
            taken_in,
        } = self.indicators.collect(stated.year).await?;
        let before = match revises {
            Some(id) => Some(self.read(&self.find(id)?.record).await?),
            None => None,
        };
        let (bytes, publication, revision) = blocking(move || {
            let revision = before.map(|before| publication.revise(&before));
            let bytes = publication.sealed().map_err(|error| {
                tracing::error!(%error, "figures cannot be published");
                unread()
            })?;
            Ok((bytes, publication, revision.unwrap_or_default()))
        })
        .await?;
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let record = PublicationRecord {
            release,
            derivation,
            head: self.head(&taken_in).await?,
            reporters,
            entries,
            indicators: u32::try_from(publication.indicators.len()).unwrap_or(u32::MAX),
            rows: count(publication.rows()),
            revised: revision.changed,
            blob: vardnav_store::Digest::of(&bytes).0,
            ..stated
        };
        self.write(caller, at, revises, record, bytes, wish.validate_only)
            .await
            .map(|(kept, changed)| Made {
                kept,
                changed,
                revision,
            })
    }

    async fn write(
        &self,
        caller: &Caller,
        at: i64,
        revises: Option<&str>,
        record: PublicationRecord,
        bytes: Vec<u8>,
        validate_only: bool,
    ) -> Result<(KeptPublication, bool), ApiError> {
        let authority = &self.indicators.authority;
        let view = authority.view();
        let entry = judge(view.state(), caller, at, revises, &record)?;
        let holds = |state: &AuthorityState| {
            let last = state.publications().last(record.year).cloned();
            last.ok_or_else(unread)
        };
        match entry {
            None => Ok((holds(view.state())?, false)),
            Some(record) if validate_only => {
                let mark = Mark {
                    by: caller.name.clone(),
                    at,
                };
                Ok((KeptPublication { record, mark }, true))
            }
            Some(_) => {
                authority.keep_blob(bytes).await.map_err(|error| failed(&error))?;
                let mut written = false;
                let decided = authority.decide_all(|state| {
                    let entry = lifecycle::publish_figures(state, &caller.name, at, revises, &record)?;
                    written = entry.is_some();
                    Ok::<_, Refusal>(entry.into_iter().collect())
                });
                let view = decided.await.map_err(|error| match error {
                    DecideError::Refused(refused) => refusal(&refused),
                    DecideError::Authority(error) => failed(&error),
                })?;
                Ok((holds(view.state())?, written))
            }
        }
    }

    /// A publication by its id, or the one of a year that holds.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, id: &str) -> Result<KeptPublication, ApiError> {
        let view = self.indicators.authority.view();
        let publications = view.state().publications();
        let of_year = id.parse().ok().and_then(|year| publications.last(year));
        let found = of_year.or_else(|| publications.get(id)).cloned();
        found.ok_or_else(|| ApiError::not_found("a publication with that id"))
    }

    /// The figures of a publication.
    ///
    /// # Errors
    /// When its blob is not there or cannot be read.
    pub async fn read(&self, record: &PublicationRecord) -> Result<Arc<Publication>, ApiError> {
        let id = record.id();
        if let Some((_, known)) = self.remembered().iter().find(|(known, _)| *known == id) {
            return Ok(Arc::clone(known));
        }
        let bytes = self.bytes(record).await?;
        let publication = blocking(move || {
            Publication::decode(&bytes).map(Arc::new).map_err(|error| {
                tracing::error!(%error, "a publication cannot be read");
                unread()
            })
        })
        .await?;
        let mut remembered = self.remembered();
        if !remembered.iter().any(|(known, _)| *known == id) {
            remembered.truncate(REMEMBERED_MAX - 1);
            remembered.insert(0, (id, Arc::clone(&publication)));
        }
        Ok(publication)
    }

    async fn bytes(&self, record: &PublicationRecord) -> Result<Vec<u8>, ApiError> {
        let blob = self.indicators.authority.blob(&record.blob).await;
        blob.map_err(|error| failed(&error))?.ok_or_else(|| {
            tracing::error!(publication = %record.id(), "the blob of a publication is missing");
            unread()
        })
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first national head at hand that holds so much of each stream; of no streams where nothing was reported and
    /// none is signed.
    async fn head(&self, taken_in: &[(StreamId, u64)]) -> Result<HeadMark, ApiError> {
        let until = tokio::time::Instant::now() + HEAD_MAX;
        loop {
            let last = national::last(self.indicators.store.as_ref()).await;
            match last.map_err(|error| unavailable(&error))? {
                Some((head, streams)) if covers(&streams, taken_in) => return Ok(mark(&head)),
                None if taken_in.is_empty() => return Ok(HeadMark::default()),
                _ if tokio::time::Instant::now() >= until => {
                    let message = "no national head is signed over what was counted; try again in a moment";
                    return Err(ApiError::new(Kind::Unavailable, "VN-API-010", message));
                }
                _ => tokio::time::sleep(HEAD_EVERY).await,
            }
        }
    }
}

fn covers(streams: &StreamHeads, taken_in: &[(StreamId, u64)]) -> bool {
    taken_in.iter().all(|(stream, size)| {
        let under = streams.get(stream.as_str());
        under.is_some_and(|head| head.size >= *size)
    })
}

fn mark(head: &NationalHead) -> HeadMark {
    HeadMark {
        number: head.number,
        time: head.time,
        streams: head.streams,
        root: head.root,
    }
}

/// The record that would be written; `None` when just this holds.
fn judge(
    state: &AuthorityState,
    caller: &Caller,
    at: i64,
    revises: Option<&str>,
    record: &PublicationRecord,
) -> Result<Option<PublicationRecord>, ApiError> {
    let entry = lifecycle::publish_figures(state, &caller.name, at, revises, record);
    let entry = entry.map_err(|refused| refusal(&refused))?;
    Ok(entry.and_then(|entry| match entry.change {
        vardnav_release::entry::Change::FiguresPublished(record) => Some(record),
        _ => None,
    }))
}

/// Does what takes long on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| unread())?
}

fn failed(error: &AuthorityError) -> ApiError {
    match error {
        AuthorityError::Entry(error) => ApiError::field("note", error.to_string()),
        _ => ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string()),
    }
}

fn unavailable(error: &StoreError) -> ApiError {
    ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string())
}

fn unread() -> ApiError {
    let message = "the publication cannot be read; the operator has been told";
    ApiError::new(Kind::Internal, "VN-API-013", message)
}
