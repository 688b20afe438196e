//! What becomes current, told from a place on: each reporter's entries in the order in which they became current, page by
//! page, with a token that leads on after each; and what was erased since, so that whoever holds it drops it. Goes on until the caller goes or, when asked to end, until what was there
//! is told. Pages wait for a slow reader, so that a stream holds a few of them at most.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use vardnav_api::common::{date, date_message};
use vardnav_api::quality::{places, token};
use vardnav_api::register::{bytes, kind_message};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::delivery::{Month, Place};
use vardnav_register::erasure::Erasure;
use vardnav_runtime::caller::Caller;
use vardnav_store::current::{self, Current};
use vardnav_store::{StoreError, StreamId};

use crate::ledger::Former;
use crate::rederive::reading::Choice;
use crate::{Register, store_error};

/// The permission of those who are told also what only the register knows of persons.
const ADMINISTER: &str = "register.administer";
/// Callers that follow at once.
pub(crate) const AT_ONCE: usize = 64;
/// Entries read at a time.
const PAGE: u32 = 500;
/// Answers that wait for a slow reader before reading stops.
const WAITING_MAX: usize = 4;
/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_millis(500);

type Sender = mpsc::Sender<Result<pb::FollowRegisterResponse, Status>>;

/// Tells a caller what becomes current, as it asks.
///
/// # Errors
/// When its token is none, the derivation is not known, or too many follow already.
pub(crate) fn follow(
    register: &Arc<Register>,
    caller: Arc<Caller>,
    request: pb::FollowRegisterRequest,
) -> Result<ReceiverStream<Result<pb::FollowRegisterResponse, Status>>, ApiError> {
    let permit = Arc::clone(&register.followers)
        .try_acquire_owned()
        .map_err(|_| too_many())?;
    let follower = Follower {
        places: places(&request.token)?,
        choice: register.choose(&request.derivation)?,
        month: month(&request.month)?,
        noted: BTreeSet::new(),
        caller,
        request,
        _permit: permit,
    };
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let register = Arc::downgrade(register);
    tokio::spawn(async move {
        if let Err(error) = follower.run(register, &sender).await {
            // Whoever went away does not hear it.
            let _ = sender.send(Err(error.into())).await;
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// One who follows.
struct Follower {
    caller: Arc<Caller>,
    request: pb::FollowRegisterRequest,
    choice: Choice,
    /// The month whose records are told with what they hold; `None` for all.
    month: Option<Month>,
    places: BTreeMap<String, Place>,
    /// Reporters whose records were looked at, which is in the audit trail.
    noted: BTreeSet<String>,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    async fn run(mut self, register: Weak<Register>, sender: &Sender) -> Result<(), ApiError> {
        loop {
            let Some(register) = register.upgrade() else {
                return Ok(());
            };
            if !self.tell(&register, sender).await? || self.request.until_now {
                return Ok(());
            }
            drop(register);
            tokio::select! {
                () = sender.closed() => return Ok(()),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Tells what the streams hold now; `false` when nobody listens any more.
    async fn tell(&mut self, register: &Register, sender: &Sender) -> Result<bool, ApiError> {
        let streams = register.store.streams().await.map_err(store_error)?;
        for (stream, head) in streams {
            let Some(reporter) = stream.as_reporter() else {
                continue;
            };
            if !self.request.reporter.is_empty() && self.request.reporter != reporter {
                continue;
            }
            if self.place(reporter).cursor > head.size {
                return Err(beyond());
            }
            if !self
                .tell_stream(register, (&stream, reporter, head.size), sender)
                .await?
            {
                return Ok(false);
            }
        }
        // The token is told even when nothing is new, so that whoever asks for an end has one to go on from.
        if self.request.until_now {
            return Ok(self.send(Vec::new(), sender).await);
        }
        Ok(true)
    }

    async fn tell_stream(
        &mut self,
        register: &Register,
        (stream, reporter, size): (&StreamId, &str, u64),
        sender: &Sender,
    ) -> Result<bool, ApiError> {
        loop {
            let place = self.place(reporter);
            let page = current::page(register.store.as_ref(), stream, place, size, PAGE).await;
            let Some(page) = page.map_err(store_error)? else {
                return Ok(true);
            };
            let is_empty = page.entries.is_empty() && page.erasures.is_empty();
            if !is_empty && self.noted.insert(reporter.to_owned()) {
                let noted = register.note(&self.caller, "follow", reporter, None).await;
                noted.map_err(store_error)?;
            }
            let changes = self
                .changes(register, stream, page.entries)
                .await
                .map_err(store_error)?;
            let changes = with_erasures(changes, page.erasures);
            self.places.insert(reporter.to_owned(), page.next);
            if !changes.is_empty() && !self.send(changes, sender).await {
                return Ok(false);
            }
        }
    }

    async fn send(&self, changes: Vec<pb::RegisterChange>, sender: &Sender) -> bool {
        let answer = pb::FollowRegisterResponse {
            changes,
            token: token(&self.places),
            derivation: self.choice.id().to_owned(),
        };
        sender.send(Ok(answer)).await.is_ok()
    }

    fn place(&self, reporter: &str) -> Place {
        self.places.get(reporter).copied().unwrap_or_default()
    }

    /// Whether what a record holds is told with its change.
    fn tells_content(&self, change: &pb::RegisterChange) -> bool {
        let is_of_month = || {
            let date = date(change.date.as_ref(), "date").ok();
            self.month
                .is_none_or(|month| date.is_some_and(|date| Month::of(date) == month))
        };
        !self.request.keys_only && change.change() == pb::ChangeKind::Current && is_of_month()
    }

    async fn changes(
        &self,
        register: &Register,
        stream: &StreamId,
        entries: Vec<Current>,
    ) -> Result<Vec<pb::RegisterChange>, StoreError> {
        let mut changes = Vec::with_capacity(entries.len());
        let mut formers = Vec::new();
        for entry in entries {
            let change = change(stream, &entry)?;
            if self.tells_content(&change) {
                let Current {
                    position,
                    leaf,
                    entry,
                } = entry;
                formers.push(Former {
                    position,
                    leaf,
                    entry,
                });
            }
            changes.push(change);
        }
        let told = match self.caller.may(ADMINISTER) {
            true => register.told_in_full(stream, &formers, &self.choice).await?,
            false => register.told_of(stream, &formers, &self.choice).await?,
        };
        let with_content = changes.iter_mut().filter(|change| self.tells_content(change));
        for (change, told) in with_content.zip(told) {
            change.record = Some(told);
        }
        Ok(changes)
    }
}

/// What became of a record with an entry.
fn change(stream: &StreamId, current: &Current) -> Result<pb::RegisterChange, StoreError> {
    let Current {
        position,
        leaf,
        entry,
    } = current;
    let record = entry
        .record()
        .map_err(|error| StoreError::Corrupt(format!("{stream}: position {position}: {error}")))?;
    let happened = match (&record, entry.is_withdrawal()) {
        (_, true) => pb::ChangeKind::Withdrawn,
        (Some(_), false) => pb::ChangeKind::Current,
        (None, false) => pb::ChangeKind::Erased,
    };
    let header = &entry.header;
    Ok(pb::RegisterChange {
        change: happened.into(),
        reporter: header.reporter.clone(),
        kind: kind_message(header.kind).into(),
        id: header.id.clone(),
        revision: header.revision,
        replaces: header.replaces,
        position: *position,
        leaf: bytes(leaf),
        received_micros: header.received,
        date: record.map(|record| date_message(record.date())),
        record: None,
    })
}

/// Changes of a page with what tells of erasures between them: one for each revision whose content is gone.
fn with_erasures(changes: Vec<pb::RegisterChange>, erasures: Vec<(u64, Erasure)>) -> Vec<pb::RegisterChange> {
    if erasures.is_empty() {
        return changes;
    }
    let mut placed: Vec<(u64, pb::RegisterChange)> = changes
        .into_iter()
        .map(|change| (change.position, change))
        .collect();
    for (position, erasure) in erasures {
        let Erasure {
            reporter,
            at,
            targets,
            ..
        } = erasure;
        placed.extend(targets.into_iter().map(|target| {
            let change = pb::RegisterChange {
                change: pb::ChangeKind::Erased.into(),
                reporter: reporter.clone(),
                kind: kind_message(target.kind).into(),
                id: target.id,
                revision: target.revision,
                position: target.position,
                leaf: bytes(&target.leaf),
                received_micros: at,
                ..Default::default()
            };
            (position, change)
        }));
    }
    placed.sort_by_key(|(position, _)| *position);
    placed.into_iter().map(|(_, change)| change).collect()
}

fn month(text: &str) -> Result<Option<Month>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let month = Month::parse(text).map_err(|error| ApiError::field("month", error.to_string()))?;
    Ok(Some(month))
}

fn too_many() -> ApiError {
    let message = format!("{AT_ONCE} callers follow already; try again later");
    ApiError::new(Kind::ResourceExhausted, "VN-API-012", message)
}

fn beyond() -> ApiError {
    ApiError {
        field: "token".to_owned(),
        ..ApiError::new(
            Kind::FailedPrecondition,
            "VN-API-035",
            "the token lies beyond the end of a stream",
        )
    }
}
