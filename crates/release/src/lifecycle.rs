//! From draft to release: what may be written to the authority's stream, given what it says so far.
//! Each function answers with the entries to append, or with the refusal; it appends nothing.

mod caution;
mod derivations;
mod figures;
mod identity;
mod imports;
mod maps;
mod notice;
mod publication;
mod referral;
mod refusal;
mod text;
mod uploads;

pub use caution::{Caution, cautions};
pub use derivations::{
    DERIVATION_ID_BYTES_MAX, DERIVATIONS_MAX, DerivationRefusal, cancel_derivation, plan_derivation,
    switch_derivation,
};
pub use figures::{PUBLICATIONS_MAX, publish_figures};
pub use identity::{NotAnother, is_another, link_caller};
pub use imports::{import_content, import_edition, put_reporter};
pub use maps::put_concept_map;
pub use notice::acknowledge;
pub use publication::{CheckOutcome, Haste, Publication, approve, is_behind, publish, submit};
pub use referral::{Invitation, close, comment, refer, resolve};
pub use refusal::{CODES, Refusal};
pub use text::TextFault;
pub use uploads::{REVISIONS_MAX, UPLOAD_ID_BYTES_MAX, UPLOADS_MAX, put_upload, withdraw_upload};

use crate::authority::{AuthorityState, Draft, Stage};
use crate::entry::{AuthorityEntry, Base, Change, Proposal, Step};
use crate::package::{Digest, hex};
use text::{check_caller, check_id, check_long_text, check_text};

/// Longest id of a draft or release, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Longest name of a caller, in bytes.
pub const CALLER_BYTES_MAX: usize = 64;
/// Longest name of a reporter and title of a release, in bytes.
pub const TEXT_BYTES_MAX: usize = 500;
/// Most bodies of a referral round.
pub const BODIES_MAX: usize = 500;

/// Makes a draft.
///
/// # Errors
/// [`Refusal::DraftExists`], and those of [`put`].
pub fn create(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    proposal: Proposal,
) -> Result<AuthorityEntry, Refusal> {
    match state.draft(draft).map(Draft::stage) {
        None => put(state, caller, at, draft, proposal),
        Some(Stage::Published) => Err(Refusal::Published {
            draft: draft.to_owned(),
        }),
        Some(_) => Err(Refusal::DraftExists {
            draft: draft.to_owned(),
        }),
    }
}

/// Gives a draft other content. With `expected` only when it holds that content now.
///
/// # Errors
/// [`Refusal::UnknownDraft`], [`Refusal::Changed`], and those of [`put`].
pub fn update(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    expected: Option<Digest>,
    proposal: Proposal,
) -> Result<AuthorityEntry, Refusal> {
    let found = state.draft(draft).ok_or(Refusal::UnknownDraft)?.proposal.digest;
    open(state, draft, &expected.unwrap_or(found))?;
    put(state, caller, at, draft, proposal)
}

/// Puts a draft: makes it, or gives it other content, which undoes check and approval.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadId`], [`Refusal::BadText`], [`Refusal::IdTaken`], [`Refusal::Published`].
pub fn put(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    proposal: Proposal,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    check_id("draft", draft)?;
    check_id("release", &proposal.release)?;
    check_text("title of the release", &proposal.title.sv)?;
    check_text("title of the release", &proposal.title.en)?;
    if state
        .draft(draft)
        .is_some_and(|draft| draft.stage() == Stage::Published)
    {
        return Err(Refusal::Published {
            draft: draft.to_owned(),
        });
    }
    if state.release(&proposal.release).is_some() {
        return Err(Refusal::IdTaken {
            release: proposal.release,
        });
    }
    Ok(entry(
        caller,
        at,
        Change::DraftPut {
            draft: draft.to_owned(),
            proposal,
        },
    ))
}

/// Notes the outcome of a check of the content with `digest`.
///
/// # Errors
/// [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::Changed`].
pub fn checked(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: Digest,
    errors: u32,
    warnings: u32,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    open(state, draft, &digest)?;
    Ok(entry(
        caller,
        at,
        Change::DraftChecked {
            draft: draft.to_owned(),
            digest,
            errors,
            warnings,
        },
    ))
}

/// States which published release the content of a draft is made from; the newest when none is named. `None` when
/// there is no release yet.
///
/// # Errors
/// [`Refusal::UnknownBase`] when the one named does not exist; [`Refusal::UnknownDraft`], [`Refusal::Published`],
/// [`Refusal::Changed`].
pub fn base(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: Digest,
    named: Option<&str>,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    open(state, draft, &digest)?;
    let release = match named {
        Some(id) => Some(state.release(id).ok_or(Refusal::UnknownBase)?),
        None => state.newest_release(),
    };
    Ok(release.map(|release| {
        let step = Step::DraftBased {
            draft: draft.to_owned(),
            digest,
            base: Base {
                release: release.id.clone(),
                digest: release.proposal.digest,
            },
        };
        entry(caller, at, Change::Step(step))
    }))
}

fn entry(caller: &str, at: i64, change: Change) -> AuthorityEntry {
    AuthorityEntry {
        caller: caller.to_owned(),
        at,
        change,
    }
}

/// The draft, when it is not published and holds just that content.
fn open<'a>(state: &'a AuthorityState, draft: &str, digest: &Digest) -> Result<&'a Draft, Refusal> {
    let known = state.draft(draft).ok_or(Refusal::UnknownDraft)?;
    if known.stage() == Stage::Published {
        return Err(Refusal::Published {
            draft: draft.to_owned(),
        });
    }
    if known.proposal.digest != *digest {
        return Err(Refusal::Changed {
            draft: draft.to_owned(),
            found: hex(&known.proposal.digest),
        });
    }
    Ok(known)
}

/// Checked without findings that stop it.
fn sound(draft: &Draft) -> Result<(), Refusal> {
    match &draft.check {
        None => Err(Refusal::NotChecked {
            draft: draft.id.clone(),
        }),
        Some(check) if check.errors > 0 => Err(Refusal::Faulty {
            draft: draft.id.clone(),
            errors: check.errors,
        }),
        Some(_) => Ok(()),
    }
}
