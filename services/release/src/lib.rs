//! Releases as a gRPC service: drafts from uploaded files, checks, referral rounds, submission, approval by another
//! person, publication, notices to reporters. Here is the adapter; the use cases stand beside it.
//! What a step needs is decided in `vardnav_release::lifecycle`, what files mean in `vardnav_interchange::release`.

mod compare;
mod notices;
mod referral;
mod steps;
mod watch;

use std::pin::Pin;
use std::sync::Arc;

use jiff::civil::Date;
use tokio::sync::watch::Sender;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::common::{optional_date, page, page_size, some};
use vardnav_api::register::hash;
use vardnav_api::release::{
    caution_message, contents_message, draft_message, file_messages, finding_message, pinned_messages,
    refusal, release_message, trail_messages,
};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::upload::Upload;
use vardnav_api::vardnav::release::v1::release_service_server::ReleaseService;
use vardnav_api::vardnav::release::v1::{
    self as pb, ApproveDraftRequest, ApproveDraftResponse, CheckDraftRequest, CheckDraftResponse,
    CreateDraftRequest, CreateDraftResponse, DownloadRequest, DownloadResponse, GetReleaseRequest,
    GetReleaseResponse, ListReleasesRequest, ListReleasesResponse, PublishReleaseRequest,
    PublishReleaseResponse, Release, UpdateDraftRequest, UpdateDraftResponse, WatchReleasesRequest,
    WatchReleasesResponse,
};
use vardnav_interchange::release as files;
use vardnav_release::authority::Draft;
use vardnav_release::lifecycle::{Haste, Refusal};
use vardnav_release::package::{Digest, Package};
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;
use vardnav_store::authority::{Authority, AuthorityError, DecideError, View};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// The service.
#[derive(Clone)]
pub struct Releases {
    authority: Arc<Authority>,
    /// Says true when those who follow are to be let go.
    stopping: Sender<bool>,
}

impl Releases {
    /// Serves what `authority` keeps.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self {
            authority,
            stopping: Sender::new(false),
        }
    }

    /// Lets go of those who follow what is published: else a server would wait for them when it stops.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    fn draft(&self, id: &str) -> Result<Draft, ApiError> {
        draft_of(&self.authority.view(), id)
    }

    fn message(&self, draft: &Draft) -> Release {
        draft_message(draft, self.authority.view().state(), clock::today())
    }

    async fn get(&self, id: &str, date: Date) -> Result<GetReleaseResponse, ApiError> {
        let view = self.authority.view();
        let state = view.state();
        let published = if id.is_empty() {
            Some(
                state
                    .release_on(date)
                    .ok_or_else(|| ApiError::not_found("a release in force on the date"))?,
            )
        } else {
            state.release(id)
        };
        let (mut release, digest) = match published {
            Some(published) => (
                release_message(published, state, clock::today()),
                published.proposal.digest,
            ),
            None => {
                let draft = draft_of(&view, id)?;
                (self.message(&draft), draft.proposal.digest)
            }
        };
        let trail = state.draft(published.map_or(id, |published| &published.draft));
        if let Some(draft) = trail {
            release.changed_since_referral = self.changed_since_referral(draft).await?;
        }
        let package = self.authority.package(&digest).await.map_err(failed)?;
        let files = file_messages(&package);
        let snapshot = match published.and_then(|published| view.release(&published.id)) {
            Some(snapshot) => Some(snapshot),
            None => on_pool(move || files::compile(&package, &[]))
                .await?
                .ok()
                .map(Arc::new),
        };
        let contents = snapshot.map(|snapshot| contents_message(&snapshot));
        Ok(GetReleaseResponse {
            release: Some(release),
            files,
            contents,
            pinned_editions: published.map(pinned_messages).unwrap_or_default(),
            trail: trail.map(trail_messages).unwrap_or_default(),
        })
    }
}

#[tonic::async_trait]
impl ReleaseService for Releases {
    type WatchReleasesStream = Answers<WatchReleasesResponse>;
    type DownloadStream = Answers<DownloadResponse>;

    async fn create_draft(
        &self,
        request: Request<Streaming<CreateDraftRequest>>,
    ) -> Result<Response<CreateDraftResponse>, Status> {
        let caller = caller(&request)?;
        let (first, package) = receive(request.into_inner(), |message| message.chunk.take()).await?;
        let base = some(first.base);
        let draft = self
            .create_from(&caller, &first.id, base.as_deref(), &package)
            .await?;
        Ok(Response::new(CreateDraftResponse {
            draft: Some(self.message(&draft)),
        }))
    }

    async fn update_draft(
        &self,
        request: Request<Streaming<UpdateDraftRequest>>,
    ) -> Result<Response<UpdateDraftResponse>, Status> {
        let caller = caller(&request)?;
        let (first, package) = receive(request.into_inner(), |message| message.chunk.take()).await?;
        let expected = expected_digest(&first.expected_digest)?;
        let base = some(first.base);
        let draft = self
            .update_from(&caller, &first.id, expected, base.as_deref(), &package)
            .await?;
        Ok(Response::new(UpdateDraftResponse {
            draft: Some(self.message(&draft)),
        }))
    }

    async fn check_draft(
        &self,
        request: Request<CheckDraftRequest>,
    ) -> Result<Response<CheckDraftResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (draft, digest, findings) = self.checked(&caller, &request.id).await?;
        let findings = findings.iter().map(finding_message).collect();
        let proofs = match request.with_proofs {
            true => self.proofs(digest).await?,
            false => None,
        };
        Ok(Response::new(CheckDraftResponse {
            draft: Some(self.message(&draft)),
            findings,
            proofs,
        }))
    }

    async fn open_referral(
        &self,
        request: Request<pb::OpenReferralRequest>,
    ) -> Result<Response<pb::OpenReferralResponse>, Status> {
        let caller = caller(&request)?;
        let draft = self.refer(&caller, request.into_inner()).await?;
        Ok(Response::new(pb::OpenReferralResponse {
            draft: Some(self.message(&draft)),
        }))
    }

    async fn close_referral(
        &self,
        request: Request<pb::CloseReferralRequest>,
    ) -> Result<Response<pb::CloseReferralResponse>, Status> {
        let caller = caller(&request)?;
        let draft = self.close(&caller, &request.into_inner().id).await?;
        Ok(Response::new(pb::CloseReferralResponse {
            draft: Some(self.message(&draft)),
        }))
    }

    async fn make_comment(
        &self,
        request: Request<pb::MakeCommentRequest>,
    ) -> Result<Response<pb::MakeCommentResponse>, Status> {
        let caller = caller(&request)?;
        let comment = self.comment(&caller, request.into_inner()).await?;
        Ok(Response::new(pb::MakeCommentResponse {
            comment: Some(comment),
        }))
    }

    async fn resolve_comment(
        &self,
        request: Request<pb::ResolveCommentRequest>,
    ) -> Result<Response<pb::ResolveCommentResponse>, Status> {
        let caller = caller(&request)?;
        let comment = self.resolve(&caller, request.into_inner()).await?;
        Ok(Response::new(pb::ResolveCommentResponse {
            comment: Some(comment),
        }))
    }

    async fn list_comments(
        &self,
        request: Request<pb::ListCommentsRequest>,
    ) -> Result<Response<pb::ListCommentsResponse>, Status> {
        Ok(Response::new(self.comments(request.get_ref())?))
    }

    async fn diff_releases(
        &self,
        request: Request<pb::DiffReleasesRequest>,
    ) -> Result<Response<pb::DiffReleasesResponse>, Status> {
        Ok(Response::new(self.differences(request.get_ref()).await?))
    }

    async fn list_conflicts(
        &self,
        request: Request<pb::ListConflictsRequest>,
    ) -> Result<Response<pb::ListConflictsResponse>, Status> {
        Ok(Response::new(self.conflicts(request.get_ref()).await?))
    }

    async fn submit_draft(
        &self,
        request: Request<pb::SubmitDraftRequest>,
    ) -> Result<Response<pb::SubmitDraftResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let expected = expected_digest(&request.expected_digest)?;
        let draft = self.submit(&caller, &request.id, expected).await?;
        let mut message = self.message(&draft);
        // What is submitted stays submitted when this cannot be told.
        message.changed_since_referral = self.changed_since_referral(&draft).await.unwrap_or_default();
        Ok(Response::new(pb::SubmitDraftResponse { draft: Some(message) }))
    }

    async fn list_notices(
        &self,
        request: Request<pb::ListNoticesRequest>,
    ) -> Result<Response<pb::ListNoticesResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.notices(&caller, request.get_ref())?))
    }

    async fn acknowledge_notice(
        &self,
        request: Request<pb::AcknowledgeNoticeRequest>,
    ) -> Result<Response<pb::AcknowledgeNoticeResponse>, Status> {
        let caller = caller(&request)?;
        let notice = self.acknowledge(&caller, request.get_ref()).await?;
        Ok(Response::new(pb::AcknowledgeNoticeResponse {
            notice: Some(notice),
        }))
    }

    async fn link_caller(
        &self,
        request: Request<pb::LinkCallerRequest>,
    ) -> Result<Response<pb::LinkCallerResponse>, Status> {
        let caller = caller(&request)?;
        let link = self
            .link(&caller, request.into_inner().link.unwrap_or_default())
            .await?;
        Ok(Response::new(pb::LinkCallerResponse { link: Some(link) }))
    }

    async fn list_callers(
        &self,
        request: Request<pb::ListCallersRequest>,
    ) -> Result<Response<pb::ListCallersResponse>, Status> {
        Ok(Response::new(self.links(request.get_ref())?))
    }

    async fn approve_draft(
        &self,
        request: Request<ApproveDraftRequest>,
    ) -> Result<Response<ApproveDraftResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let expected = expected_digest(&request.expected_digest)?;
        let draft = self.approve(&caller, &request.id, expected).await?;
        Ok(Response::new(ApproveDraftResponse {
            draft: Some(self.message(&draft)),
        }))
    }

    async fn publish_release(
        &self,
        request: Request<PublishReleaseRequest>,
    ) -> Result<Response<PublishReleaseResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let from = optional_date(request.effective.as_ref(), "effective")?;
        let haste = haste(request.short_notice_reason, request.retroactive_reason)?;
        let (release, cautions) = self.publish_told(&caller, &request.id, from, haste).await?;
        Ok(Response::new(PublishReleaseResponse {
            release: Some(release),
            findings: cautions.iter().map(caution_message).collect(),
        }))
    }

    async fn list_releases(
        &self,
        request: Request<ListReleasesRequest>,
    ) -> Result<Response<ListReleasesResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let rows = newest_first(&self.authority.view());
        let (rows, next_page_token) = page(
            rows.into_iter(),
            |(key, _)| key.clone(),
            &request.page_token,
            size,
        );
        let releases = rows.into_iter().map(|(_, release)| release).collect();
        Ok(Response::new(ListReleasesResponse {
            releases,
            next_page_token,
        }))
    }

    async fn get_release(
        &self,
        request: Request<GetReleaseRequest>,
    ) -> Result<Response<GetReleaseResponse>, Status> {
        let request = request.into_inner();
        let date = optional_date(request.date.as_ref(), "date")?.unwrap_or_else(clock::today);
        Ok(Response::new(self.get(&request.id, date).await?))
    }

    async fn watch_releases(
        &self,
        request: Request<WatchReleasesRequest>,
    ) -> Result<Response<Self::WatchReleasesStream>, Status> {
        let told = watch::watch(
            Arc::clone(&self.authority),
            request.into_inner(),
            self.stopping.subscribe(),
        );
        Ok(Response::new(Box::pin(told)))
    }

    async fn download(
        &self,
        request: Request<DownloadRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        let pieces = watch::download(&self.authority, request.get_ref()).await?;
        Ok(Response::new(Box::pin(tokio_stream::iter(
            pieces.into_iter().map(Ok),
        ))))
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Releases and drafts with keys that rise from the newest to the oldest.
fn newest_first(view: &View) -> Vec<(String, Release)> {
    let (state, today) = (view.state(), clock::today());
    let key = |at: i64, id: &str| format!("{:020} {id}", i128::from(i64::MAX) - i128::from(at));
    let releases = state.releases().map(|release| {
        (
            key(release.publication.at, &release.id),
            release_message(release, state, today),
        )
    });
    let drafts = state
        .drafts()
        .filter(|draft| draft.publication.is_none())
        .map(|draft| (key(draft.put_at, &draft.id), draft_message(draft, state, today)));
    let mut rows: Vec<_> = releases.chain(drafts).collect();
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    rows
}

/// The first message of an upload and the package that all of them carry.
async fn receive<M>(
    mut messages: impl Stream<Item = Result<M, Status>> + Unpin,
    mut take: impl FnMut(&mut M) -> Option<vardnav_api::vardnav::r#type::v1::FileChunk>,
) -> Result<(M, Package), Status> {
    let mut upload = Upload::default();
    let mut first = None;
    while let Some(message) = messages.next().await {
        let mut message = message?;
        if let Some(chunk) = take(&mut message) {
            upload.push(chunk)?;
        }
        first.get_or_insert(message);
    }
    let first = first.ok_or_else(|| ApiError::field("id", "the stream holds no message"))?;
    Ok((first, upload.finish()?))
}

fn haste(short_notice: String, retroactive: String) -> Result<Haste, ApiError> {
    match (short_notice.is_empty(), retroactive.is_empty()) {
        (true, true) => Ok(Haste::None),
        (false, true) => Ok(Haste::ShortNotice(short_notice)),
        (true, false) => Ok(Haste::Retroactive(retroactive)),
        (false, false) => Err(ApiError::field(
            "retroactive_reason",
            "a release is either retroactive or given at short notice",
        )),
    }
}

fn expected_digest(bytes: &[u8]) -> Result<Option<Digest>, ApiError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    hash(&vardnav_api::register::bytes(bytes), "expected_digest").map(Some)
}

fn draft_of(view: &View, id: &str) -> Result<Draft, ApiError> {
    view.state()
        .draft(id)
        .cloned()
        .ok_or_else(|| refusal(&Refusal::UnknownDraft))
}

async fn on_pool<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ApiError::new(Kind::Internal, "VN-API-013", "the work was given up"))
}

fn undecided(error: DecideError<Refusal>) -> ApiError {
    match error {
        DecideError::Refused(refused) => refusal(&refused),
        DecideError::Authority(error) => failed(error),
    }
}

fn failed(error: AuthorityError) -> ApiError {
    match error {
        AuthorityError::Load { .. } => ApiError::new(Kind::Internal, "VN-API-013", error.to_string()),
        AuthorityError::NotKept(_) => ApiError::new(
            Kind::FailedPrecondition,
            "VN-API-036",
            "a copy knows of drafts, but their files are with the server that it is a copy of; ask there",
        ),
        AuthorityError::Entry(_) => ApiError::field("id", error.to_string()),
        AuthorityError::Store(_) | AuthorityError::Busy => {
            ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string())
        }
    }
}
