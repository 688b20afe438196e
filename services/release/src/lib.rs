//! Releases as a gRPC service: drafts from uploaded files, checks, approval by another caller, publication.
//! What a step needs is decided in `vardnav_release::lifecycle`, what files mean in `vardnav_interchange::release`.

mod watch;

use std::pin::Pin;
use std::sync::Arc;

use jiff::civil::Date;
use tokio::sync::watch::Sender;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::common::{optional_date, page, page_size};
use vardnav_api::register::hash;
use vardnav_api::release::{
    contents_message, draft_message, file_messages, finding_message, pinned_messages, refusal,
    release_message,
};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::upload::Upload;
use vardnav_api::vardnav::release::v1::release_service_server::ReleaseService;
use vardnav_api::vardnav::release::v1::{
    ApproveDraftRequest, ApproveDraftResponse, CheckDraftRequest, CheckDraftResponse, CreateDraftRequest,
    CreateDraftResponse, DownloadRequest, DownloadResponse, GetReleaseRequest, GetReleaseResponse,
    ListReleasesRequest, ListReleasesResponse, PublishReleaseRequest, PublishReleaseResponse, Release,
    UpdateDraftRequest, UpdateDraftResponse, WatchReleasesRequest, WatchReleasesResponse,
};
use vardnav_interchange::release as files;
use vardnav_release::authority::Draft;
use vardnav_release::entry::Proposal;
use vardnav_release::lifecycle::{self, Refusal};
use vardnav_release::package::{Digest, Package};
use vardnav_release::source::{ReleaseFinding, ReleaseHead};
use vardnav_runtime::caller::Caller;
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

    /// Makes a draft. Without an `id` it is called as the release that it wants to become.
    ///
    /// # Errors
    /// When `release.toml` cannot be read, the id is taken, or the store does not take it.
    pub async fn create(&self, caller: &Caller, id: &str, package: &Package) -> Result<Draft, ApiError> {
        let proposal = proposal(package)?;
        let id = if id.is_empty() {
            proposal.release.clone()
        } else {
            id.to_owned()
        };
        self.authority.keep_package(package).await.map_err(failed)?;
        let at = clock::now_micros();
        let decide = self
            .authority
            .decide(|state| lifecycle::create(state, &caller.name, at, &id, proposal.clone()));
        let view = decide.await.map_err(undecided)?;
        draft_of(&view, &id)
    }

    /// Gives a draft other files; with `expected` only when it still holds that content.
    ///
    /// # Errors
    /// As [`Releases::create`], and when the draft is unknown, published or another.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<Digest>,
        package: &Package,
    ) -> Result<Draft, ApiError> {
        let proposal = proposal(package)?;
        self.authority.keep_package(package).await.map_err(failed)?;
        let at = clock::now_micros();
        let decide = self
            .authority
            .decide(|state| lifecycle::update(state, &caller.name, at, id, expected, proposal.clone()));
        let view = decide.await.map_err(undecided)?;
        draft_of(&view, id)
    }

    /// Checks what a draft holds and notes the outcome.
    ///
    /// # Errors
    /// When the draft is unknown, published, or changed meanwhile; when its files cannot be had.
    pub async fn check(&self, caller: &Caller, id: &str) -> Result<(Draft, Vec<ReleaseFinding>), ApiError> {
        let digest = self.draft(id)?.proposal.digest;
        let package = self.authority.package(&digest).await.map_err(failed)?;
        let findings = on_pool(move || files::check(&package)).await?;
        let warnings = findings.iter().filter(|finding| finding.warning).count();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (errors, warnings) = (count(findings.len() - warnings), count(warnings));
        let at = clock::now_micros();
        let decide = self
            .authority
            .decide(|state| lifecycle::checked(state, &caller.name, at, id, digest, errors, warnings));
        let view = decide.await.map_err(undecided)?;
        Ok((draft_of(&view, id)?, findings))
    }

    /// Approves a draft; with `expected` only when it holds that content.
    ///
    /// # Errors
    /// When the caller put content into it, it is not checked or faulty, unknown, published or another.
    pub async fn approve(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<Digest>,
    ) -> Result<Draft, ApiError> {
        let digest = match expected {
            Some(digest) => digest,
            None => self.draft(id)?.proposal.digest,
        };
        let at = clock::now_micros();
        let decide = self
            .authority
            .decide(|state| lifecycle::approve(state, &caller.name, at, id, digest));
        let view = decide.await.map_err(undecided)?;
        draft_of(&view, id)
    }

    /// Publishes an approved draft, for dates of care from `from` or from the date its files state.
    ///
    /// # Errors
    /// When it is not approved, its release id is taken, or `from` lies before the date its files state.
    pub async fn publish(&self, caller: &Caller, id: &str, from: Option<Date>) -> Result<Release, ApiError> {
        let digest = self.draft(id)?.proposal.digest;
        let package = self.authority.package(&digest).await.map_err(failed)?;
        let bindings = head(&package)?.bindings;
        let bound: Vec<_> = bindings
            .into_iter()
            .map(|binding| (binding.system, binding.version))
            .collect();
        let at = clock::now_micros();
        let decide = self
            .authority
            .decide(|state| lifecycle::publish(state, &caller.name, at, id, digest, from, &bound));
        let view = decide.await.map_err(undecided)?;
        let release = draft_of(&view, id)?.proposal.release;
        let published = view
            .state()
            .release(&release)
            .ok_or_else(|| ApiError::not_found("the release"))?;
        Ok(release_message(published, view.state()))
    }

    fn draft(&self, id: &str) -> Result<Draft, ApiError> {
        draft_of(&self.authority.view(), id)
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
        let (release, digest) = match published {
            Some(published) => (release_message(published, state), published.proposal.digest),
            None => {
                let draft = draft_of(&view, id)?;
                (draft_message(&draft), draft.proposal.digest)
            }
        };
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
        let draft = self.create(&caller, &first.id, &package).await?;
        Ok(Response::new(CreateDraftResponse {
            draft: Some(draft_message(&draft)),
        }))
    }

    async fn update_draft(
        &self,
        request: Request<Streaming<UpdateDraftRequest>>,
    ) -> Result<Response<UpdateDraftResponse>, Status> {
        let caller = caller(&request)?;
        let (first, package) = receive(request.into_inner(), |message| message.chunk.take()).await?;
        let expected = expected_digest(&first.expected_digest)?;
        let draft = self.update(&caller, &first.id, expected, &package).await?;
        Ok(Response::new(UpdateDraftResponse {
            draft: Some(draft_message(&draft)),
        }))
    }

    async fn check_draft(
        &self,
        request: Request<CheckDraftRequest>,
    ) -> Result<Response<CheckDraftResponse>, Status> {
        let caller = caller(&request)?;
        let (draft, findings) = self.check(&caller, &request.into_inner().id).await?;
        let findings = findings.iter().map(finding_message).collect();
        Ok(Response::new(CheckDraftResponse {
            draft: Some(draft_message(&draft)),
            findings,
        }))
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
            draft: Some(draft_message(&draft)),
        }))
    }

    async fn publish_release(
        &self,
        request: Request<PublishReleaseRequest>,
    ) -> Result<Response<PublishReleaseResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let from = optional_date(request.effective.as_ref(), "effective")?;
        let release = self.publish(&caller, &request.id, from).await?;
        Ok(Response::new(PublishReleaseResponse {
            release: Some(release),
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
    let state = view.state();
    let key = |at: i64, id: &str| format!("{:020} {id}", i128::from(i64::MAX) - i128::from(at));
    let releases = state.releases().map(|release| {
        (
            key(release.publication.at, &release.id),
            release_message(release, state),
        )
    });
    let drafts = state
        .drafts()
        .filter(|draft| draft.publication.is_none())
        .map(|draft| (key(draft.put_at, &draft.id), draft_message(draft)));
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

fn head(package: &Package) -> Result<ReleaseHead, ApiError> {
    files::parse_head(package).map_err(|findings| {
        let finding = findings.into_iter().next();
        finding.map_or_else(
            || ApiError::field("chunk", "release.toml cannot be read"),
            |finding| ApiError::new(Kind::InvalidArgument, finding.code, finding.to_string()),
        )
    })
}

fn proposal(package: &Package) -> Result<Proposal, ApiError> {
    let head = head(package)?;
    Ok(Proposal {
        release: head.id,
        title: head.title,
        from: head.from,
        digest: package.digest(),
    })
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
        AuthorityError::Entry(_) => ApiError::field("id", error.to_string()),
        AuthorityError::Store(_) | AuthorityError::Busy => {
            ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string())
        }
    }
}
