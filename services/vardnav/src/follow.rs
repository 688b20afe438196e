//! How a copy follows its origin: everything that is told is taken, and when the origin is away it is asked again, after
//! pauses that grow. Ends only where no pause helps.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_stream::StreamExt as _;
use tonic::Code;
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_runtime::clock;
use vardnav_runtime::metrics::Exporter;
use vardnav_store::Authority;

use crate::client::Target;
use crate::copy::{Copy, Fault, other_history};
use crate::exit::{Failure, Outcome};

/// The first pause.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Follows an origin into a copy.
pub(crate) struct Follower {
    copy: Copy,
    origin: Target,
    authority: Arc<Authority>,
    progress: watch::Sender<Progress>,
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    /// Whether the origin answers.
    pub connected: bool,
    /// Whether following ended for ever.
    pub stopped: bool,
    /// Steps of the origin that were seen, those that concern nobody else included.
    pub seen: u64,
    /// Steps that the origin has, as it last told.
    pub end: u64,
    /// When the copy was last known to be current (microseconds since 1970-01-01 UTC).
    pub current_at: i64,
}

/// What happened.
pub(crate) enum Event<'e> {
    /// A step was taken.
    Taken {
        /// The step.
        answer: &'e pb::WatchReleasesResponse,
        /// Bytes that were fetched for it.
        bytes: u64,
    },
    /// Everything was taken.
    Current,
    /// The origin is away, or something else went wrong that may pass.
    Away {
        /// What.
        failure: &'e Failure,
        /// Time until the next try.
        pause: Duration,
    },
}

impl Progress {
    /// Steps that the origin told of and that are not taken.
    pub(crate) fn behind(&self) -> u64 {
        self.end.saturating_sub(self.seen)
    }

    /// Whether it holds everything that the origin has.
    pub(crate) fn is_current(&self) -> bool {
        self.connected && !self.stopped && self.end > 0 && self.behind() == 0
    }

    /// Seconds since it was last known to be current.
    pub(crate) fn stale_seconds(&self) -> u64 {
        if self.is_current() {
            return 0;
        }
        let micros = clock::now_micros().saturating_sub(self.current_at);
        u64::try_from(micros / 1_000_000).unwrap_or_default()
    }
}

impl Follower {
    /// Follows the origin of `copy`, reached as `as_caller` says.
    pub(crate) fn new(copy: Copy, as_caller: &Target, authority: Arc<Authority>) -> Self {
        let origin = Target {
            server: copy.origin().to_owned(),
            data: None,
            ..as_caller.clone()
        };
        let progress = watch::Sender::new(Progress {
            seen: copy.next(),
            current_at: copy.current_at(),
            ..Progress::default()
        });
        Self {
            copy,
            origin,
            authority,
            progress,
        }
    }

    /// How far it is, now and later.
    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Follows until nothing helps; answers why. `heard` is told what happens and ends it by an error.
    pub(crate) async fn follow(mut self, mut heard: impl FnMut(Event<'_>) -> Outcome + Send) -> Failure {
        let mut pauses = Pauses::default();
        loop {
            let fault = self.attempt(true, &mut pauses, &mut heard).await;
            self.progress.send_modify(|progress| progress.connected = false);
            let failure = match fault {
                Ok(()) => Failure::Unreachable(format!("{} ended the connection", self.copy.origin())),
                Err(Fault::Passing(failure)) => failure,
                Err(Fault::Lasting(failure)) => {
                    self.progress.send_modify(|progress| progress.stopped = true);
                    return failure;
                }
            };
            let pause = pauses.next();
            let away = Event::Away {
                failure: &failure,
                pause,
            };
            if let Err(failure) = heard(away) {
                return failure;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Takes what there is now.
    pub(crate) async fn once(mut self, mut heard: impl FnMut(Event<'_>) -> Outcome + Send) -> Outcome {
        let taken = self.attempt(false, &mut Pauses::default(), &mut heard).await;
        taken.map_err(|fault| match fault {
            Fault::Passing(failure) | Fault::Lasting(failure) => failure,
        })
    }

    async fn attempt(
        &mut self,
        follow: bool,
        pauses: &mut Pauses,
        heard: &mut (impl FnMut(Event<'_>) -> Outcome + Send),
    ) -> Result<(), Fault> {
        let client = self.origin.connect().await.map_err(|failure| match failure {
            // An address that is none, a name that cannot be sent.
            Failure::Usage(_) => Fault::Lasting(failure),
            _ => Fault::Passing(failure),
        })?;
        let request = pb::WatchReleasesRequest {
            from: self.copy.from(),
            follow,
            tell_end: true,
        };
        let told = client.release().watch_releases(request).await;
        let mut told = told.map_err(Failure::from)?.into_inner();
        let mut recognised = false;
        while let Some(answer) = told.next().await {
            let answer = answer.map_err(|status| match status.code() {
                Code::FailedPrecondition => other_history(status.message()),
                _ => Fault::Passing(status.into()),
            })?;
            let known = !recognised && self.copy.recognise(&answer)?;
            recognised = true;
            pauses.reset();
            if known {
                self.note(&answer);
                continue;
            }
            if answer.kind() == pb::WatchedKind::End {
                self.copy.is_current()?;
                self.note(&answer);
                heard(Event::Current).map_err(Fault::Lasting)?;
                continue;
            }
            self.progress.send_modify(|progress| {
                progress.connected = true;
                progress.end = answer.end;
            });
            let bytes = self.copy.take(&client, &self.authority, &answer).await?;
            self.note(&answer);
            let taken = Event::Taken {
                answer: &answer,
                bytes,
            };
            heard(taken).map_err(Fault::Lasting)?;
        }
        Ok(())
    }

    /// Notes how far the copy is after an answer.
    fn note(&self, answer: &pb::WatchReleasesResponse) {
        let is_end = answer.kind() == pb::WatchedKind::End;
        self.progress.send_modify(|progress| {
            progress.connected = true;
            progress.end = answer.end;
            progress.seen = answer.position + u64::from(!is_end);
            if is_end {
                progress.current_at = self.copy.current_at();
            }
        });
    }
}

/// Pauses between tries: each about twice as long as the one before, up to a longest, cut by chance so that many copies
/// do not come back at once.
#[derive(Default)]
pub(crate) struct Pauses(u32);

impl Pauses {
    /// The next pause is a first one.
    pub(crate) fn reset(&mut self) {
        self.0 = 0;
    }

    /// How long to wait now.
    pub(crate) fn next(&mut self) -> Duration {
        let whole = PAUSE_FIRST.saturating_mul(1 << self.0.min(16)).min(PAUSE_MAX);
        self.0 = self.0.saturating_add(1);
        whole.mul_f64(rand::random_range(0.5..=1.0))
    }
}

/// Exports how far a copy is.
pub(crate) fn export(exporter: &Exporter, progress: &watch::Receiver<Progress>) {
    type Gauge = (&'static str, &'static str, fn(&Progress) -> u64);
    let gauges: [Gauge; 5] = [
        (
            "vardnav_sync_connected",
            "whether the server that this is a copy of answers",
            |progress| progress.connected.into(),
        ),
        (
            "vardnav_sync_stopped",
            "whether the copy cannot follow any more and must be made anew",
            |progress| progress.stopped.into(),
        ),
        (
            "vardnav_sync_position",
            "steps of the other server that were seen",
            |progress| progress.seen,
        ),
        (
            "vardnav_sync_behind",
            "steps that the other server told of and that are not taken yet",
            Progress::behind,
        ),
        (
            "vardnav_sync_stale_seconds",
            "seconds since the copy was last known to be current",
            Progress::stale_seconds,
        ),
    ];
    for (name, description, read) in gauges {
        let progress = progress.clone();
        exporter.gauge(name, description, move || read(&progress.borrow()));
    }
}

/// A step that was taken, for people and programs; `None` for one that is only on the way to something.
pub(crate) fn row(answer: &pb::WatchReleasesResponse, bytes: u64) -> Option<Value> {
    (answer.kind() != pb::WatchedKind::Prepared).then(|| {
        json!({
            "position": answer.position,
            "kind": crate::command::enum_text(answer.kind().as_str_name(), "WATCHED_KIND_"),
            "name": answer.name,
            "version": answer.version,
            "bytes": bytes,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_begin_anew() {
        let mut pauses = Pauses::default();
        let mut whole = PAUSE_FIRST;
        for _ in 0..40 {
            let pause = pauses.next();
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
            whole = (whole * 2).min(PAUSE_MAX);
        }
        pauses.reset();
        assert!(pauses.next() <= PAUSE_FIRST);
    }

    #[test]
    fn a_copy_is_current_only_while_the_origin_says_so() {
        let progress = Progress {
            connected: true,
            stopped: false,
            seen: 7,
            end: 7,
            current_at: clock::now_micros() - 5_000_000,
        };
        assert_eq!((progress.is_current(), progress.stale_seconds()), (true, 0));
        let away = Progress {
            connected: false,
            ..progress
        };
        assert_eq!((away.is_current(), away.behind()), (false, 0));
        assert!((5..60).contains(&away.stale_seconds()));
        let behind = Progress { end: 9, ..progress };
        assert_eq!((behind.is_current(), behind.behind()), (false, 2));
    }
}
