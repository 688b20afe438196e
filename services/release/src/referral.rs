//! Referral rounds and their comments, and which callers are one person.

use vardnav_api::common::{date, page_size};
use vardnav_api::release::{bodies, comment_message, link_message, resolution};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_release::authority::{Draft, Link};
use vardnav_release::diff::{self, Item};
use vardnav_release::entry::{Change, Step, Subject};
use vardnav_release::lifecycle::{self, Invitation};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;

use crate::{PAGE_DEFAULT, PAGE_MAX, Releases, draft_of, expected_digest, failed, undecided};

/// The permission of whoever may speak for any body.
const FOR_ALL: &str = "release.draft";

/// Most elements of one id that a refusal names.
const SEVERAL_MAX: usize = 6;

impl Releases {
    /// Opens a referral round.
    pub(crate) async fn refer(
        &self,
        caller: &Caller,
        request: pb::OpenReferralRequest,
    ) -> Result<Draft, ApiError> {
        let invitation = Invitation {
            until: date(request.until.as_ref(), "until")?,
            bodies: bodies(request.bodies),
        };
        let id = request.id.as_str();
        let digest = match expected_digest(&request.expected_digest)? {
            Some(digest) => digest,
            None => self.draft(id)?.proposal.digest,
        };
        let now = (clock::now_micros(), clock::today());
        let decide = self
            .authority
            .decide(|state| lifecycle::refer(state, &caller.name, now, id, digest, &invitation));
        let view = decide.await.map_err(undecided)?;
        draft_of(&view, id)
    }

    /// Closes the open round.
    pub(crate) async fn close(&self, caller: &Caller, id: &str) -> Result<Draft, ApiError> {
        let now = (clock::now_micros(), clock::today());
        let decide = self
            .authority
            .decide(|state| lifecycle::close(state, &caller.name, now, id));
        let view = decide.await.map_err(undecided)?;
        draft_of(&view, id)
    }

    /// Takes a comment of a body that the caller acts for.
    pub(crate) async fn comment(
        &self,
        caller: &Caller,
        request: pb::MakeCommentRequest,
    ) -> Result<pb::Comment, ApiError> {
        let draft = self.draft(&request.id)?;
        let bodies = draft.rounds.iter().filter_map(|round| round.body(&request.body));
        let acts = |id: &str| caller.may(FOR_ALL) || caller.may_act_for(id);
        if bodies.into_iter().any(|body| !acts(&body.id)) {
            return Err(ApiError::new(
                Kind::PermissionDenied,
                "VN-API-020",
                "the caller does not act for this body",
            ));
        }
        let subject = self.subject(&draft, request.subject.unwrap_or_default()).await?;
        let now = (clock::now_micros(), clock::today());
        let (id, body, text) = (request.id.as_str(), request.body.as_str(), request.text.as_str());
        let mut number = 0;
        let decide = self.authority.decide(|state| {
            let made = lifecycle::comment(state, &caller.name, now, id, body, &subject, text)?;
            if let Change::Step(Step::CommentMade { comment, .. }) = &made.change {
                number = comment.number;
            }
            Ok(made)
        });
        let view = decide.await.map_err(undecided)?;
        let draft = draft_of(&view, id)?;
        let kept = draft.comment(number);
        let kept = kept.ok_or_else(|| ApiError::not_found("the comment"))?;
        Ok(comment_message(kept, &draft))
    }

    /// What a comment is about, found in what the draft holds: a file by its path, an element by its id, or a rule or
    /// value by its own id when only one has it.
    async fn subject(&self, draft: &Draft, stated: pb::Subject) -> Result<Subject, ApiError> {
        let (kind, name) = (stated.kind, stated.name);
        if name.is_empty() {
            return Ok(Subject::default());
        }
        let digest = draft.proposal.digest;
        let package = self.authority.package(&digest).await.map_err(failed)?;
        if matches!(kind.as_str(), "" | "file") && package.file(&name).is_some() {
            let kind = "file".to_owned();
            return Ok(Subject { kind, name });
        }
        let items = diff::items(&self.source(digest).await?);
        let of_kind: Vec<_> = items
            .iter()
            .filter(|item| kind.is_empty() || item.kind.name() == kind)
            .collect();
        let last = |id: &str| {
            let id = id.split_once('@').map_or(id, |(id, _)| id);
            id.rsplit(['/', '|']).next().map(str::to_owned)
        };
        // By the whole id, by that of a rule in all its variants, or by the last part of it.
        let of_any = |item: &&&Item| item.id.split_once('@').is_some_and(|(id, _)| id == name);
        let mut found: Vec<_> = of_kind.iter().filter(|item| item.id == name).collect();
        if found.is_empty() {
            found = of_kind.iter().filter(of_any).collect();
        }
        if found.is_empty() {
            let ending = |item: &&&Item| last(&item.id).as_ref() == Some(&name);
            found = of_kind.iter().filter(ending).collect();
        }
        match found.as_slice() {
            [item] => Ok(Subject {
                kind: item.kind.name().to_owned(),
                name: item.id.clone(),
            }),
            [] => Err(ApiError::field(
                "subject",
                "the draft holds nothing of that kind and id",
            )),
            several => {
                let names = several.iter().take(SEVERAL_MAX);
                let names: Vec<_> = names
                    .map(|item| format!("`{}:{}`", item.kind.name(), item.id))
                    .collect();
                let more = if several.len() > SEVERAL_MAX { " …" } else { "" };
                let message = format!(
                    "the draft holds several of that id: state kind and whole id, one of {}{more}",
                    names.join(", ")
                );
                Err(ApiError::field("subject", message))
            }
        }
    }

    /// Answers a comment.
    pub(crate) async fn resolve(
        &self,
        caller: &Caller,
        request: pb::ResolveCommentRequest,
    ) -> Result<pb::Comment, ApiError> {
        let resolution = resolution(request.resolution())?;
        let (id, number, text) = (request.id.as_str(), request.comment, request.text.as_str());
        let at = clock::now_micros();
        let decide = self
            .authority
            .decide(|state| lifecycle::resolve(state, &caller.name, at, id, number, resolution, text));
        let view = decide.await.map_err(undecided)?;
        let draft = draft_of(&view, id)?;
        let kept = draft.comment(number);
        let kept = kept.ok_or_else(|| ApiError::not_found("the comment"))?;
        Ok(comment_message(kept, &draft))
    }

    /// A page of the comments on a draft or a release.
    pub(crate) fn comments(
        &self,
        request: &pb::ListCommentsRequest,
    ) -> Result<pb::ListCommentsResponse, ApiError> {
        let view = self.authority.view();
        let published = view.state().release(&request.id);
        let draft = draft_of(&view, published.map_or(&*request.id, |release| &release.draft))?;
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let (rows, next_page_token) = numbered(&draft.comments, &request.page_token, size)?;
        Ok(pb::ListCommentsResponse {
            comments: rows.iter().map(|kept| comment_message(kept, &draft)).collect(),
            next_page_token,
        })
    }

    /// Notes that a caller is an account of a person.
    pub(crate) async fn link(
        &self,
        caller: &Caller,
        link: pb::CallerLink,
    ) -> Result<pb::CallerLink, ApiError> {
        let at = clock::now_micros();
        let decide = self.authority.decide_all(|state| {
            let linked = lifecycle::link_caller(state, &caller.name, at, &link.caller, &link.identity)?;
            Ok(linked.into_iter().collect())
        });
        let view = decide.await.map_err(undecided)?;
        let links = view.state().identities().links().iter().rev();
        let written = |known: &&Link| {
            known.caller == link.caller
                && known.identity == link.identity
                && known.mark.by.eq_ignore_ascii_case(&caller.name)
        };
        let known = links.into_iter().find(written);
        known
            .map(link_message)
            .ok_or_else(|| ApiError::not_found("the link"))
    }

    /// A page of the callers that are linked to persons.
    pub(crate) fn links(
        &self,
        request: &pb::ListCallersRequest,
    ) -> Result<pb::ListCallersResponse, ApiError> {
        let view = self.authority.view();
        let links = view.state().identities().links();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let (rows, next_page_token) = numbered(links, &request.page_token, size)?;
        Ok(pb::ListCallersResponse {
            links: rows.iter().map(link_message).collect(),
            next_page_token,
        })
    }
}

/// The position of the next row that a token names.
pub(crate) fn position(token: &str) -> Result<usize, ApiError> {
    match token {
        "" => Ok(0),
        token => token
            .parse()
            .map_err(|_| ApiError::field("page_token", "not a token of a previous answer")),
    }
}

/// A page of a list that only grows; the token is the position of the next row.
pub(crate) fn numbered<'a, T>(
    items: &'a [T],
    token: &str,
    size: usize,
) -> Result<(&'a [T], String), ApiError> {
    let from = position(token)?;
    let rest = items.get(from..).unwrap_or_default();
    let rows = rest.get(..size).unwrap_or(rest);
    let next = (rows.len() < rest.len()).then(|| (from + rows.len()).to_string());
    Ok((rows, next.unwrap_or_default()))
}
