//! Referral rounds (remiss): who is asked about which content until when, what they say, what became of it.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::publication::procedure;
use super::{BODIES_MAX, Refusal, check_caller, check_id, check_long_text, check_text, entry, open, sound};
use crate::authority::{AuthorityState, Draft, Stage};
use crate::entry::{AuthorityEntry, Body, Change, Comment, Resolution, Step, Subject};
use crate::package::Digest;

/// Most rounds of a draft.
const ROUNDS_MAX: usize = 20;
/// Most comments on a draft.
const COMMENTS_MAX: usize = 5_000;
/// Most bytes of all comments and answers of a draft.
const COMMENT_BYTES_MAX: usize = 8 << 20;

/// Who is asked in a round, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The last day on which comments are taken.
    pub until: Date,
    /// Who is asked. A body without an id gets one from its name.
    pub bodies: Vec<Body>,
}

/// Opens a referral round on the content with `digest`, which must be checked.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::Changed`],
/// [`Refusal::NotChecked`], [`Refusal::Faulty`], [`Refusal::Submitted`], [`Refusal::RoundTooShort`],
/// [`Refusal::BadBodies`], [`Refusal::BadId`], [`Refusal::BadText`], [`Refusal::TooManyComments`].
pub fn refer(
    state: &AuthorityState,
    caller: &str,
    (at, today): (i64, Date),
    draft: &str,
    digest: Digest,
    invitation: &Invitation,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    let known = open(state, draft, &digest)?;
    unsubmitted(known)?;
    sound(known)?;
    let days = procedure(state).map_or(0, |procedure| procedure.remiss_days_min);
    let earliest = today
        .checked_add(i64::from(days).days())
        .map_err(|_| Refusal::BadBodies)?;
    if invitation.until < earliest {
        return Err(Refusal::RoundTooShort {
            days,
            until: earliest,
        });
    }
    if known.rounds.len() >= ROUNDS_MAX {
        return Err(too_many(draft));
    }
    let step = Step::ReferralOpened {
        draft: draft.to_owned(),
        digest,
        round: next(known.rounds.iter().map(|round| round.number)),
        opened: today,
        until: invitation.until,
        bodies: named(&invitation.bodies)?,
    };
    Ok(entry(caller, at, Change::Step(step)))
}

/// Takes a comment of a body, named by id or name, in the round that was opened last and asks it.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::NoOpenRound`],
/// [`Refusal::NotInvited`], [`Refusal::BadLongText`], [`Refusal::BadText`], [`Refusal::TooManyComments`].
pub fn comment(
    state: &AuthorityState,
    caller: &str,
    (at, today): (i64, Date),
    draft: &str,
    body: &str,
    subject: &Subject,
    text: &str,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    let known = unpublished(state, draft)?;
    let mut open = known.rounds.iter().rev().filter(|round| round.is_open(today));
    let mut open = open.by_ref().peekable();
    if open.peek().is_none() {
        return Err(Refusal::NoOpenRound {
            draft: draft.to_owned(),
        });
    }
    let found = open.find_map(|round| Some((round.number, round.body(body)?)));
    let (round, body) = found.ok_or_else(|| Refusal::NotInvited {
        draft: draft.to_owned(),
    })?;
    check_text("kind of what the comment is about", &subject.kind)?;
    check_text("name of what the comment is about", &subject.name)?;
    check_long_text(text)?;
    room(known, text)?;
    let step = Step::CommentMade {
        draft: draft.to_owned(),
        comment: Comment {
            number: next(known.comments.iter().map(|kept| kept.comment.number)),
            round,
            body: body.id.clone(),
            subject: subject.clone(),
            text: text.to_owned(),
        },
    };
    Ok(entry(caller, at, Change::Step(step)))
}

/// Answers a comment; a later answer stands instead of an earlier one. Whoever answers is an author.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::Submitted`],
/// [`Refusal::UnknownComment`], [`Refusal::BadLongText`], [`Refusal::TooManyComments`].
pub fn resolve(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    number: u32,
    resolution: Resolution,
    text: &str,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    let known = unpublished(state, draft)?;
    unsubmitted(known)?;
    if known.comment(number).is_none() {
        return Err(Refusal::UnknownComment {
            draft: draft.to_owned(),
            number,
        });
    }
    check_long_text(text)?;
    room(known, text)?;
    let step = Step::CommentResolved {
        draft: draft.to_owned(),
        comment: number,
        resolution,
        text: text.to_owned(),
    };
    Ok(entry(caller, at, Change::Step(step)))
}

/// Closes the open round that was opened last, before its last day.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::NoOpenRound`].
pub fn close(
    state: &AuthorityState,
    caller: &str,
    (at, today): (i64, Date),
    draft: &str,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    let known = unpublished(state, draft)?;
    let mut rounds = known.rounds.iter().rev();
    let round = rounds.find(|round| round.is_open(today));
    let round = round.ok_or_else(|| Refusal::NoOpenRound {
        draft: draft.to_owned(),
    })?;
    let step = Step::ReferralClosed {
        draft: draft.to_owned(),
        round: round.number,
        on: today,
    };
    Ok(entry(caller, at, Change::Step(step)))
}

fn unpublished<'a>(state: &'a AuthorityState, draft: &str) -> Result<&'a Draft, Refusal> {
    let known = state.draft(draft).ok_or(Refusal::UnknownDraft)?;
    match known.stage() {
        Stage::Published => Err(Refusal::Published {
            draft: draft.to_owned(),
        }),
        _ => Ok(known),
    }
}

/// Content and answers rest from submission on.
fn unsubmitted(draft: &Draft) -> Result<(), Refusal> {
    match draft.stage() {
        Stage::Submitted | Stage::Approved => Err(Refusal::Submitted {
            draft: draft.id.clone(),
        }),
        _ => Ok(()),
    }
}

fn named(bodies: &[Body]) -> Result<Vec<Body>, Refusal> {
    if !(1..=BODIES_MAX).contains(&bodies.len()) {
        return Err(Refusal::BadBodies);
    }
    let mut named: Vec<Body> = Vec::with_capacity(bodies.len());
    for body in bodies {
        let name = body.name.trim();
        let id = match body.id.trim() {
            "" => id_of(name),
            id => id.to_owned(),
        };
        check_id("body's", &id)?;
        check_text("name of the body", name)?;
        if named.iter().any(|known| known.id == id || known.name == name) {
            return Err(Refusal::BadBodies);
        }
        named.push(Body {
            id,
            name: name.to_owned(),
        });
    }
    Ok(named)
}

/// An id from a name: letters and digits in lower case, everything else as one hyphen.
fn id_of(name: &str) -> String {
    let mut id = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'å' | 'ä' => id.push('a'),
            'ö' => id.push('o'),
            'é' => id.push('e'),
            letter if letter.is_ascii_alphanumeric() => id.push(letter),
            _ if id.is_empty() || id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    id.trim_end_matches('-').to_owned()
}

fn next(numbers: impl Iterator<Item = u32>) -> u32 {
    numbers.max().unwrap_or_default().saturating_add(1)
}

fn room(draft: &Draft, text: &str) -> Result<(), Refusal> {
    let answer = |resolved: &crate::authority::Resolved| resolved.text.len();
    let bytes = draft.comments.iter().fold(text.len(), |bytes, kept| {
        let answered = kept.resolved.as_ref().map_or(0, answer);
        bytes
            .saturating_add(kept.comment.text.len())
            .saturating_add(answered)
    });
    if draft.comments.len() >= COMMENTS_MAX || bytes > COMMENT_BYTES_MAX {
        return Err(too_many(&draft.id));
    }
    Ok(())
}

fn too_many(draft: &str) -> Refusal {
    Refusal::TooManyComments {
        draft: draft.to_owned(),
    }
}
