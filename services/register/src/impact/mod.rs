//! Impact previews: a draft or release run over what the streams hold when it is asked for, beside the work on batches
//! and behind it. Nothing is kept. What is counted is said in `vardnav_register::impact` and
//! `vardnav_indicators::impact`.

mod answer;
mod run;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tonic::Status;
use vardnav_api::common::optional_date;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::impact::{By, Sample};
use vardnav_release::Snapshot;
use vardnav_release::entry::DerivationPlan;
use vardnav_store::{AuthorityError, StreamId, View};

use crate::rederive::{Compiled, Trouble};
use crate::{Register, store_error};

/// Previews that a server runs at once.
pub(crate) const AT_ONCE: usize = 1;
/// How often it is told how far a preview has come.
const TELL: Duration = Duration::from_millis(500);
/// Messages that wait for a slow reader.
const WAITING_MAX: usize = 4;

type Message = Result<pb::PreviewImpactResponse, Status>;

/// What is previewed of what.
struct Preview {
    compiled: Arc<Compiled>,
    view: Arc<View>,
    /// The releases that entries name, in the order of publication.
    releases: Vec<Arc<Snapshot>>,
    /// What each reporter's stream held when it began.
    streams: Vec<(StreamId, u64)>,
    sample: Sample,
    by: By,
    with_unmoved: bool,
}

/// How far a preview has come, and whether it is still wanted.
struct Course {
    began: Instant,
    total: u64,
    done: AtomicU64,
    stop: AtomicBool,
}

impl Register {
    /// Starts a preview and gives what it tells. It stops when that is dropped.
    ///
    /// # Errors
    /// When there is no such draft, release or variant, the request is not well formed, or another preview runs.
    pub(crate) async fn preview_impact(
        self: &Arc<Self>,
        request: pb::PreviewImpactRequest,
    ) -> Result<Receiver<Message>, ApiError> {
        let preview = self.preview(request).await?;
        let permit = Arc::clone(&self.previews).try_acquire_owned().map_err(|_| {
            let message = "another preview runs on this server; ask again when it is done";
            ApiError::new(Kind::ResourceExhausted, "VN-API-012", message)
        })?;
        let (sender, receiver) = channel(WAITING_MAX);
        let course = Arc::new(Course {
            began: Instant::now(),
            total: preview.streams.iter().map(|(_, size)| size).sum(),
            done: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let work = run::Work::new(self, preview, Arc::clone(&course), Handle::current());
        tokio::spawn(async move {
            let done = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                work.run()
            });
            tell(done, &course, &sender).await;
        });
        Ok(receiver)
    }

    async fn preview(&self, request: pb::PreviewImpactRequest) -> Result<Preview, ApiError> {
        let by = match request.by() {
            pb::ImpactBy::Unspecified => By::Nothing,
            pb::ImpactBy::Region => By::Region,
            pb::ImpactBy::Kommun => By::Kommun,
            pb::ImpactBy::Reporter => By::Reporter,
        };
        let sample = match request.fraction {
            0.0 => Sample::ALL,
            fraction => Sample::new(fraction, request.seed)
                .ok_or_else(|| ApiError::field("fraction", "above 0 and at most 1"))?,
        };
        let (from, until) = (
            optional_date(request.from.as_ref(), "from")?,
            optional_date(request.until.as_ref(), "until")?,
        );
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            return Err(ApiError::field("until", "a date after `from`"));
        }
        let view = self.authority.view();
        let release = self.proposed(&view, &request.release).await?;
        let source = release.description.source();
        let texts = request.variants.iter().map(String::as_str);
        let chosen = source.choices(texts).map_err(|wrong| {
            let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            ApiError::field("variants", wrong.join("; "))
        })?;
        let plan = DerivationPlan {
            id: String::new(),
            release: release.id.clone(),
            variants: source.departures(&chosen).map(ToString::to_string).collect(),
            from,
            until,
        };
        let compiled = Compiled::of(&plan, release).map_err(|trouble| trouble_error(&trouble))?;
        let named = view.state().releases().map(|published| {
            view.release(&published.id)
                .ok_or_else(|| trouble_error(&Trouble::Release(published.id.clone())))
        });
        let releases = named.collect::<Result<Vec<_>, _>>()?;
        let streams = self.store.streams().await.map_err(store_error)?;
        let streams = streams
            .into_iter()
            .filter(|(stream, _)| stream.as_reporter().is_some())
            .map(|(stream, head)| (stream, head.size));
        Ok(Preview {
            compiled: Arc::new(compiled),
            releases,
            streams: streams.collect(),
            sample,
            by,
            with_unmoved: request.with_unmoved,
            view,
        })
    }

    /// The release, or the release as a draft proposes it. That one has a name that no published release has.
    async fn proposed(&self, view: &View, id: &str) -> Result<Arc<Snapshot>, ApiError> {
        if let Some(release) = view.release(id) {
            return Ok(release);
        }
        let draft = view.state().draft(id);
        let draft = draft.ok_or_else(|| ApiError::not_found("the draft or release"))?;
        let compiled = self.authority.compile(&draft.proposal.digest).await;
        let compiled = compiled.map_err(|error| match error {
            AuthorityError::Store(error) => store_error(error),
            error => {
                let message =
                    format!("a draft that compiles; `release check` tells why this one does not: {error}");
                ApiError::field("release", message)
            }
        })?;
        Ok(Arc::new(Snapshot {
            id: format!("draft {id}"),
            ..compiled
        }))
    }
}

/// Tells how far a preview has come until it is done, and then its answer.
async fn tell(
    mut done: tokio::task::JoinHandle<Result<Vec<pb::PreviewImpactResponse>, Trouble>>,
    course: &Course,
    sender: &Sender<Message>,
) {
    let outcome = loop {
        tokio::select! {
            outcome = &mut done => break outcome,
            () = sender.closed() => {
                course.stop.store(true, Ordering::Relaxed);
                let _ = (&mut done).await;
                return;
            }
            () = tokio::time::sleep(TELL) => {
                // A reader that is behind is not told of each step.
                let _ = sender.try_send(Ok(course.message()));
            }
        }
    };
    let messages = match outcome {
        Ok(Ok(messages)) => messages,
        Ok(Err(trouble)) => {
            let _ = sender.send(Err(trouble_error(&trouble).into())).await;
            return;
        }
        Err(_) => {
            let _ = sender.send(Err(store_error(crate::stopping()).into())).await;
            return;
        }
    };
    let _ = sender.send(Ok(course.message())).await;
    for message in messages {
        if sender.send(Ok(message)).await.is_err() {
            return;
        }
    }
}

impl Course {
    fn message(&self) -> pb::PreviewImpactResponse {
        let done = self.done.load(Ordering::Relaxed);
        let per_second = done as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let left = self.total.saturating_sub(done);
        let progress = pb::ImpactProgress {
            done,
            total: self.total,
            per_second,
            seconds_left: (left == 0 || done > 0).then(|| match left {
                0 => 0,
                left => (left as f64 / per_second).ceil() as u64,
            }),
        };
        pb::PreviewImpactResponse {
            progress: Some(progress),
            ..Default::default()
        }
    }
}

fn trouble_error(trouble: &Trouble) -> ApiError {
    match trouble {
        Trouble::Store(error) => store_error(error.clone()),
        other => ApiError::new(Kind::Unavailable, "VN-API-010", other.to_string()),
    }
}
