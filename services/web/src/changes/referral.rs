//! Drafts in their referral rounds (remisser): what they propose, who is asked, what was said, and what came of it.
//! Shown is what the newest round is about; what was put after it is not out for comments. Who wrote a comment down is
//! not told, only which body it comes from.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use vardnav_release::authority::{Draft, KeptComment, Round};
use vardnav_release::diff::{Kind, words as sentences};
use vardnav_release::entry::Subject;

use super::list::{self, Sides};
use super::words::resolution;
use crate::Source;
use crate::address::{Address, segment};
use crate::frame::{Section, frame};
use crate::typography::{capital, count};

/// Comments that are shown.
const COMMENTS_MAX: usize = 1_000;

/// The drafts that went out for comments, as a section of another page; nothing when there is none.
pub(super) fn open(source: &dyn Source, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let drafts = source.referrals();
    let today = source.today();
    html! {
        @if !drafts.is_empty() {
            section {
                h2 { (say("På remiss", "Out for comments")) }
                ul class="hits" {
                    @for draft in &drafts {
                        @if let Some(round) = draft.rounds.last() {
                            li {
                                p class="hit" {
                                    a href=(link(draft, address)) { (title(draft, address)) }
                                    " " (state(round, today, address))
                                }
                                p class="small soft" {
                                    (say("Föreslår release ", "Proposes release ")) (draft.proposal.release)
                                    (say(", för vård från ", ", for care from ")) time { (draft.proposal.from) } ". "
                                    (comments(draft.comments.len(), address)) "."
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The page of a draft; `None` when it has no round.
pub(super) fn page(source: &dyn Source, draft: &Draft, address: &Address) -> Option<Markup> {
    let say = |sv, en| address.language.pick(sv, en);
    let round = draft.rounds.last()?;
    let base = draft.base.as_ref();
    let known = base.and_then(|base| {
        source
            .releases()
            .into_iter()
            .find(|release| release.id == base.release)
    });
    let sides = Sides::proposed(source, known);
    let title = title(draft, address);
    let content = html! {
        p class="kicker" {
            a href=(address.to("/begrepp", &[])) { (say("Begrepp", "Terms")) } " / "
            a href=(address.to("/andringar", &[])) { (say("Ändringar", "Changes")) }
        }
        h1 { (title) }
        p class="status" { (state(round, source.today(), address)) }
        dl {
            dt { (say("Föreslår", "Proposes")) } dd { "release " (draft.proposal.release) (say(", för vård från ", ", for care from ")) time { (draft.proposal.from) } }
            @if let Some(base) = base { dt { (say("Utgår från", "Made from")) } dd { "release " (base.release) } }
            dt { (say("Remissomgång", "Round")) } dd { (round.number) ": " time { (round.opened) } " – " time { (round.closed.map_or(round.until, |closed| closed.min(round.until))) } }
            dt { (say("Tillfrågade", "Asked")) } dd { (asked(draft, round, address)) }
        }
        @if draft.proposal.digest != round.digest {
            p class="note warm" {
                (say("Utkastet har ändrats sedan remissen öppnades. Här visas det som remissen gäller.",
                     "The draft has changed since the round was opened. Shown here is what the round is about."))
            }
        }
        section {
            h2 id="comments" { (say("Synpunkter", "Comments")) " " span class="soft" { (draft.comments.len()) } }
            (said(draft, &sides, address))
        }
        @if let Some(base) = base {
            section {
                h2 { (say("Föreslagna ändringar sedan ", "Proposed changes since ")) (base.release) }
                @match source.differences(base.digest, round.digest) {
                    Some(changes) => (list::changes(&changes, &sides, address)),
                    None => p class="empty" { (say("Utkastet kan inte läsas just nu, så skillnaden kan inte visas.",
                                                   "The draft cannot be read just now, so the difference cannot be shown.")) },
                }
            }
        }
    };
    Some(frame(&title, Section::Terms, address, &content))
}

fn link(draft: &Draft, address: &Address) -> String {
    address.to(&format!("/remisser/{}", segment(&draft.id)), &[])
}

fn title(draft: &Draft, address: &Address) -> String {
    match address.language.of(&draft.proposal.title) {
        "" => draft.id.clone(),
        title => title.to_owned(),
    }
}

/// Whether a round takes comments.
fn state(round: &Round, today: jiff::civil::Date, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    html! {
        @if round.is_open(today) {
            span class="tag warm" { (say("på remiss till och med ", "out for comments until ")) time { (round.until) } }
        } @else {
            span class="tag" { (say("remissen är stängd", "the round is closed")) }
        }
    }
}

fn comments(number: usize, address: &Address) -> String {
    let say = |sv, en| address.language.pick(sv, en);
    match number {
        0 => say("Inga synpunkter än", "No comments yet").to_owned(),
        1 => say("1 synpunkt", "1 comment").to_owned(),
        number => {
            let number = count(u64::try_from(number).unwrap_or(u64::MAX));
            format!("{number} {}", say("synpunkter", "comments"))
        }
    }
}

/// The bodies of the round; those that said something in it are told.
fn asked(draft: &Draft, round: &Round, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let of_round = draft
        .comments
        .iter()
        .filter(|kept| kept.comment.round == round.number);
    let spoke: BTreeSet<&str> = of_round.map(|kept| kept.comment.body.as_str()).collect();
    html! {
        @for (at, body) in round.bodies.iter().enumerate() {
            @if at > 0 { ", " }
            (body.name) @if spoke.contains(body.id.as_str()) { " " span class="soft small" { (say("(har svarat)", "(has answered)")) } }
        }
    }
}

/// The comments, by what they are about.
fn said(draft: &Draft, sides: &Sides, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let mut by_subject: BTreeMap<&Subject, Vec<&KeptComment>> = BTreeMap::new();
    for kept in draft.comments.iter().take(COMMENTS_MAX) {
        by_subject.entry(&kept.comment.subject).or_default().push(kept);
    }
    html! {
        @if by_subject.is_empty() { p class="empty" { (say("Ingen har lämnat någon synpunkt än.", "Nobody has made a comment yet.")) } }
        @for (subject, comments) in &by_subject {
            h3 { (about(subject, sides, address)) }
            ol class="comments" { @for kept in comments { (comment(draft, kept, address)) } }
        }
        @if draft.comments.len() > COMMENTS_MAX {
            p class="soft" { (say("De första visas.", "The first are shown.")) }
        }
    }
}

/// What comments are about.
fn about(subject: &Subject, sides: &Sides, address: &Address) -> Markup {
    let language = address.language;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == subject.kind);
    let name = subject.name.rsplit('|').next().unwrap_or_default();
    html! {
        @match kind {
            Some(kind) => {
                @let label = sentences::kind(kind);
                (capital(language.of(&label)))
                @if name != kind.name() { " " @match sides.link(kind, &subject.name, address) {
                    Some(link) => a class="code" href=(link) { (name) },
                    None => span class="code" { (name) },
                } }
            },
            None if subject.name.is_empty() => (language.pick("Utkastet i sin helhet", "The draft as a whole")),
            None => span class="code" { (subject.name) },
        }
    }
}

fn comment(draft: &Draft, kept: &KeptComment, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let comment = &kept.comment;
    let body = draft
        .round(comment.round)
        .and_then(|round| round.bodies.iter().find(|body| body.id == comment.body));
    html! {
        li id={ "comment-" (comment.number) } {
            p class="small soft" {
                strong { (body.map_or(comment.body.as_str(), |body| body.name.as_str())) }
                ", " (say("omgång ", "round ")) (comment.round) ", " (say("nr ", "no. ")) (comment.number)
            }
            @for line in comment.text.lines().filter(|line| !line.trim().is_empty()) { p { (line) } }
            div class="reply" {
                @match &kept.resolved {
                    Some(answer) => p { (resolution(answer.resolution, address.language)) " " (answer.text) },
                    None => p { span class="tag" { (say("väntar på svar", "waits for an answer")) } },
                }
            }
        }
    }
}
