//! What differs between releases and drafts, and where a draft and a release published since meet.

use std::collections::BTreeSet;

use vardnav_api::common::page_size;
use vardnav_api::release::{area_messages, change_message, conflict_message};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_interchange::release as files;
use vardnav_release::AuthorityState;
use vardnav_release::authority::Draft;
use vardnav_release::diff::{self, Change};
use vardnav_release::entry::AreaCount;
use vardnav_release::package::Digest;
use vardnav_release::source::ReleaseSource;
use vardnav_runtime::clock;

use crate::referral::{numbered, position};
use crate::{Releases, draft_of, failed, on_pool};

const CHANGES_DEFAULT: usize = 1000;
const CHANGES_MAX: usize = 10_000;

impl Releases {
    /// A page of what differs between two releases or drafts.
    pub(crate) async fn differences(
        &self,
        request: &pb::DiffReleasesRequest,
    ) -> Result<pb::DiffReleasesResponse, ApiError> {
        let size = page_size(request.page_size, CHANGES_DEFAULT, CHANGES_MAX)?;
        let (old, new) = (self.digest(&request.one)?, self.digest(&request.other)?);
        let changes = self.changes(old, new).await?;
        let areas = area_messages(&diff::areas(&changes));
        let wanted = |change: &&Change| request.element.is_empty() || change.kind.name() == request.element;
        let wanted: Vec<&Change> = changes.iter().filter(wanted).collect();
        let (rows, next_page_token) = numbered(&wanted, &request.page_token, size)?;
        Ok(pb::DiffReleasesResponse {
            changes: rows.iter().map(|change| change_message(change)).collect(),
            areas,
            next_page_token,
        })
    }

    /// What a draft and the newest release both changed since the release that the draft is made from.
    pub(crate) async fn conflicts(
        &self,
        request: &pb::ListConflictsRequest,
    ) -> Result<pb::ListConflictsResponse, ApiError> {
        let size = page_size(request.page_size, CHANGES_DEFAULT, CHANGES_MAX)?;
        let from = position(&request.page_token)?;
        let view = self.authority.view();
        let draft = draft_of(&view, &request.id)?;
        let newest = view.state().newest_release();
        let (Some(base), Some(newest)) = (&draft.base, newest) else {
            return Ok(pb::ListConflictsResponse::default());
        };
        let ours = self.changes(base.digest, draft.proposal.digest).await?;
        let theirs = self.changes(base.digest, newest.proposal.digest).await?;
        let found = diff::conflicts(&ours, &theirs);
        let longest = found.both.len().max(found.theirs.len());
        let next = from.checked_add(size).filter(|next| *next < longest);
        Ok(pb::ListConflictsResponse {
            base: base.release.clone(),
            newest: newest.id.clone(),
            conflicts: found
                .both
                .iter()
                .skip(from)
                .take(size)
                .map(conflict_message)
                .collect(),
            theirs: found
                .theirs
                .iter()
                .skip(from)
                .take(size)
                .map(change_message)
                .collect(),
            next_page_token: next.map(|next| next.to_string()).unwrap_or_default(),
            alike: u32::try_from(found.alike.len()).unwrap_or(u32::MAX),
        })
    }

    /// How much a draft changes since the newest release, by area; none when it is the first.
    pub(crate) async fn changed_areas(
        &self,
        state: &AuthorityState,
        digest: Digest,
    ) -> Result<Vec<AreaCount>, ApiError> {
        match state.newest_release() {
            None => Ok(Vec::new()),
            Some(newest) => Ok(diff::areas(&self.changes(newest.proposal.digest, digest).await?)),
        }
    }

    /// What the files of a kept package say, as far as they can be read.
    pub(crate) async fn source(&self, digest: Digest) -> Result<ReleaseSource, ApiError> {
        let package = self.authority.package(&digest).await.map_err(failed)?;
        let parsed = on_pool(move || files::parse(&package)).await?;
        parsed.source.ok_or_else(|| {
            let first = parsed.findings.into_iter().next();
            first.map_or_else(
                || ApiError::not_found("release.toml"),
                |finding| ApiError::new(Kind::FailedPrecondition, finding.code, finding.to_string()),
            )
        })
    }

    /// How many elements of a draft differ from what its last finished referral round was about; `None` when there is
    /// no such round, or the files of one of the two cannot be read.
    pub(crate) async fn changed_since_referral(&self, draft: &Draft) -> Result<Option<u32>, ApiError> {
        let today = clock::today();
        let mut rounds = draft.rounds.iter().rev();
        let Some(round) = rounds.find(|round| !round.is_open(today)) else {
            return Ok(None);
        };
        if round.digest == draft.proposal.digest {
            return Ok(Some(0));
        }
        let old = self.authority.package(&round.digest).await.map_err(failed)?;
        let digest = draft.proposal.digest;
        let new = self.authority.package(&digest).await.map_err(failed)?;
        on_pool(move || {
            let changes = diff::diff(&files::parse(&old).source?, &files::parse(&new).source?);
            let elements: BTreeSet<_> = changes.iter().map(|change| (change.kind, &change.id)).collect();
            Some(u32::try_from(elements.len()).unwrap_or(u32::MAX))
        })
        .await
    }

    async fn changes(&self, old: Digest, new: Digest) -> Result<Vec<Change>, ApiError> {
        let (old, new) = (self.source(old).await?, self.source(new).await?);
        on_pool(move || diff::diff(&old, &new)).await
    }

    fn digest(&self, id: &str) -> Result<Digest, ApiError> {
        let view = self.authority.view();
        match view.state().release(id) {
            Some(release) => Ok(release.proposal.digest),
            None => Ok(draft_of(&view, id)?.proposal.digest),
        }
    }
}
