//! Submission, approval and publication: the last steps of a draft, and what the procedure in force asks of them.
//!
//! A step that leads on to publication takes the outcome of a check of the very content, so that none can be taken on
//! an older one.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::identity::{NotAnother, is_another};
use super::{Refusal, check_caller, check_text, checked, entry, open, sound};
use crate::authority::{AuthorityState, Draft};
use crate::entry::{Announcement, AreaCount, AuthorityEntry, Base, Change, EditionPin, Procedure, Step};
use crate::package::Digest;

/// Most reporters that one entry tells of a release.
const REPORTERS_MAX: usize = 4000;

/// What a check of a draft's content gave just now, and the bound editions that it saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckOutcome {
    /// Findings that stop publication.
    pub errors: u32,
    /// Findings that deserve a look.
    pub warnings: u32,
    /// The editions that the content binds, by code system and version.
    pub bound: Vec<(String, String)>,
    /// Those of them that were at hand.
    pub editions: Vec<EditionPin>,
}

impl CheckOutcome {
    /// The bound editions at hand in a state, as a check made under it sees them.
    pub fn pins(state: &AuthorityState, bound: &[(String, String)]) -> Vec<EditionPin> {
        let at_hand = |(system, version): &(String, String)| {
            state.edition(system, version).map(|edition| EditionPin {
                system: edition.system.clone(),
                version: edition.version.clone(),
                digest: edition.blob,
            })
        };
        bound.iter().filter_map(at_hand).collect()
    }
}

/// What is said where a release applies sooner than the procedure asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Haste {
    /// Nothing: the notice is as long as it must be.
    #[default]
    None,
    /// The notice is shorter, for a reason that stays with the release.
    ShortNotice(String),
    /// The release applies to days that are past, for a reason that stays with it.
    Retroactive(String),
}

/// On which terms a draft is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The first date of care; the one that its files state when missing.
    pub from: Option<Date>,
    /// The day of publication.
    pub today: Date,
    /// What is said when it applies sooner than the procedure asks.
    pub haste: Haste,
    /// The procedure that its files bring.
    pub procedure: Option<Procedure>,
    /// How much changes since the newest release, by area.
    pub changes: Vec<AreaCount>,
}

/// The procedure in force: that of the release published last.
pub(super) fn procedure(state: &AuthorityState) -> Option<Procedure> {
    state.newest_release()?.announced.as_ref()?.procedure
}

/// Submits the content with `digest` for approval: the check's outcome, then the submission. Whoever submits is an
/// author.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::Changed`],
/// [`Refusal::EditionsChanged`], [`Refusal::Faulty`], [`Refusal::Submitted`], [`Refusal::Behind`],
/// [`Refusal::RemissOpen`], [`Refusal::RemissMissing`], [`Refusal::Unresolved`].
pub fn submit(
    state: &AuthorityState,
    caller: &str,
    (at, today): (i64, Date),
    draft: &str,
    digest: Digest,
    check: &CheckOutcome,
) -> Result<Vec<AuthorityEntry>, Refusal> {
    let noted = recheck(state, caller, at, draft, digest, check)?;
    let known = open(state, draft, &digest)?;
    if known.submission.is_some() {
        return Err(Refusal::Submitted {
            draft: draft.to_owned(),
        });
    }
    current(state, known)?;
    referred(state, known, Some(today))?;
    let step = Step::DraftSubmitted {
        draft: draft.to_owned(),
        digest,
    };
    Ok(vec![noted, entry(caller, at, Change::Step(step))])
}

/// Approves the content with `digest`.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::Changed`],
/// [`Refusal::NotChecked`], [`Refusal::Faulty`], [`Refusal::Behind`], [`Refusal::NotSubmitted`],
/// [`Refusal::RemissMissing`], [`Refusal::Unresolved`], [`Refusal::OwnDraft`], [`Refusal::IdentityMissing`].
pub fn approve(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: Digest,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    let known = open(state, draft, &digest)?;
    sound(known)?;
    ready(state, known)?;
    by_another(state, known, caller)?;
    Ok(entry(
        caller,
        at,
        Change::DraftApproved {
            draft: draft.to_owned(),
            digest,
        },
    ))
}

/// Publishes the content with `digest`: the check's outcome, the release, and what reporters are told. From then on
/// it is the release for dates of care from its first one on. The bound editions that are at hand are written down.
///
/// # Errors
/// Those of [`approve`], of which [`Refusal::OwnDraft`] also when the approver has become an author or known as one
/// since; [`Refusal::EditionsChanged`], [`Refusal::NotApproved`], [`Refusal::IdTaken`], [`Refusal::TooEarly`],
/// [`Refusal::ShortNotice`], [`Refusal::Retroactive`], [`Refusal::ReasonMissing`], [`Refusal::BadText`].
pub fn publish(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: Digest,
    check: &CheckOutcome,
    terms: &Publication,
) -> Result<Vec<AuthorityEntry>, Refusal> {
    let known = open(state, draft, &digest)?;
    sound(known)?;
    let noted = recheck(state, caller, at, draft, digest, check)?;
    ready(state, known)?;
    let approval = known.approval.as_ref().ok_or_else(|| Refusal::NotApproved {
        draft: draft.to_owned(),
    })?;
    by_another(state, known, &approval.by)?;
    if state.release(&known.proposal.release).is_some() {
        return Err(Refusal::IdTaken {
            release: known.proposal.release.clone(),
        });
    }
    let from = terms.from.unwrap_or(known.proposal.from);
    if from < known.proposal.from {
        return Err(Refusal::TooEarly {
            from: known.proposal.from,
        });
    }
    let reason = notice(state, from, terms)?;
    let published = Change::ReleasePublished {
        draft: draft.to_owned(),
        digest,
        from,
        editions: check.editions.clone(),
    };
    let mut entries = vec![noted, entry(caller, at, published)];
    let told = announcements(state, known, from, reason, terms);
    entries.extend(
        told.into_iter()
            .map(|told| entry(caller, at, Change::Step(Step::ReleaseAnnounced(told)))),
    );
    Ok(entries)
}

/// The check's outcome as an entry, when the check stops nothing and saw what is at hand.
fn recheck(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: Digest,
    check: &CheckOutcome,
) -> Result<AuthorityEntry, Refusal> {
    let noted = checked(state, caller, at, draft, digest, check.errors, check.warnings)?;
    if check.editions != CheckOutcome::pins(state, &check.bound) {
        return Err(Refusal::EditionsChanged {
            draft: draft.to_owned(),
        });
    }
    if check.errors > 0 {
        return Err(Refusal::Faulty {
            draft: draft.to_owned(),
            errors: check.errors,
        });
    }
    Ok(noted)
}

/// Whether the draft is made from the newest release.
pub fn is_behind(state: &AuthorityState, draft: &Draft) -> bool {
    let newest = state.newest_release().map(|release| release.id.as_str());
    draft.publication.is_none() && newest != draft.base.as_ref().map(|base| base.release.as_str())
}

fn current(state: &AuthorityState, draft: &Draft) -> Result<(), Refusal> {
    if !is_behind(state, draft) {
        return Ok(());
    }
    let newest = state.newest_release().map(|release| release.id.clone());
    Err(Refusal::Behind {
        draft: draft.id.clone(),
        base: draft
            .base
            .as_ref()
            .map_or_else(|| "no release".to_owned(), |base| base.release.clone()),
        newest: newest.unwrap_or_default(),
    })
}

/// What approval and publication ask of a draft alike.
fn ready(state: &AuthorityState, draft: &Draft) -> Result<(), Refusal> {
    current(state, draft)?;
    let asked = procedure(state).is_some() || !draft.rounds.is_empty();
    if asked && draft.submission.is_none() {
        return Err(Refusal::NotSubmitted {
            draft: draft.id.clone(),
        });
    }
    referred(state, draft, None)
}

/// Whether the referral is done as the procedure asks; with `today`, whether every round is over.
fn referred(state: &AuthorityState, draft: &Draft, today: Option<Date>) -> Result<(), Refusal> {
    let open = |today| draft.rounds.iter().find(move |round| round.is_open(today));
    if let Some(round) = today.and_then(open) {
        return Err(Refusal::RemissOpen {
            draft: draft.id.clone(),
            until: round.until,
        });
    }
    let Some(procedure) = procedure(state) else {
        return Ok(());
    };
    let days = procedure.remiss_days_min;
    if days > 0 && !draft.rounds.iter().any(|round| round.days() >= i32::from(days)) {
        return Err(Refusal::RemissMissing {
            draft: draft.id.clone(),
            days,
        });
    }
    match draft.unresolved() {
        comments if comments > 0 && procedure.resolution_required => Err(Refusal::Unresolved {
            draft: draft.id.clone(),
            comments,
        }),
        _ => Ok(()),
    }
}

/// Whether the approver is another person than every author, by all that is known today.
fn by_another(state: &AuthorityState, draft: &Draft, approver: &str) -> Result<(), Refusal> {
    let authors: Vec<&str> = draft.authors.iter().map(String::as_str).collect();
    is_another(state, &authors, approver).map_err(|refused| match refused {
        NotAnother::Own => Refusal::OwnDraft {
            draft: draft.id.clone(),
        },
        NotAnother::Unknown(caller) => Refusal::IdentityMissing { caller },
    })
}

/// Whether the notice is as long as the procedure asks, or a reason is given; answers the reason, empty when none is
/// needed.
fn notice<'a>(state: &AuthorityState, from: Date, terms: &'a Publication) -> Result<&'a str, Refusal> {
    let days = procedure(state).map_or(0, |procedure| procedure.notice_days_min);
    let earliest = terms.today.checked_add(i64::from(days).days());
    let earliest = earliest.unwrap_or(Date::MAX);
    if days == 0 || from >= earliest {
        return Ok("");
    }
    let reason = match &terms.haste {
        Haste::Retroactive(reason) if from <= terms.today => reason,
        Haste::ShortNotice(reason) if from > terms.today => reason,
        _ if from <= terms.today => {
            return Err(Refusal::Retroactive {
                from,
                today: terms.today,
            });
        }
        _ => return Err(Refusal::ShortNotice { days, earliest }),
    };
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    check_text("reason", reason)?;
    Ok(reason)
}

/// What the reporters registered today are told: the same in each entry, with as many of them as one holds.
fn announcements(
    state: &AuthorityState,
    draft: &Draft,
    from: Date,
    reason: &str,
    terms: &Publication,
) -> Vec<Announcement> {
    let told = Announcement {
        release: draft.proposal.release.clone(),
        on: terms.today,
        from,
        reason: reason.to_owned(),
        procedure: terms.procedure,
        compared: state.newest_release().map(|release| Base {
            release: release.id.clone(),
            digest: release.proposal.digest,
        }),
        changes: terms.changes.clone(),
        reporters: Vec::new(),
    };
    let reporters: Vec<String> = state.reporters().map(|reporter| reporter.id.clone()).collect();
    if reporters.is_empty() {
        return vec![told];
    }
    let parts = reporters.chunks(REPORTERS_MAX);
    parts
        .map(|part| Announcement {
            reporters: part.to_vec(),
            ..told.clone()
        })
        .collect()
}
