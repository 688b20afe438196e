//! What changed from one release to another, and the drafts that are out for comments, with what was said of them.
//! It shows differences that the pure crate found, and comments that bodies made; it finds and judges nothing.

mod list;
mod marked;
mod referral;
mod words;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use vardnav_release::Snapshot;

use self::list::Sides;
use crate::Source;
use crate::address::{Address, Language};
use crate::frame::{Section, frame};
use crate::typography::count;
use crate::{answer, frame as frames};

/// Parameter that names the newer release.
const RELEASE: &str = "release";
/// Parameter that names the older release.
const FROM: &str = "from";

/// What changed from a release to another: those that the address names, else the newest and the one before it.
pub(crate) fn start(source: &dyn Source, address: &Address) -> Response {
    let releases = source.releases();
    let place = |id: &str| releases.iter().position(|release| release.id == id);
    let (named, from) = (address.value(RELEASE), address.value(FROM));
    let new = match named {
        Some(id) => place(id),
        None => releases.len().checked_sub(1),
    };
    let old = match (from, new) {
        (Some(id), _) => place(id),
        (None, Some(new)) => new.checked_sub(1),
        (None, None) => None,
    };
    if (named.is_some() && new.is_none()) || (from.is_some() && old.is_none()) {
        return gone(address);
    }
    let at = |place: Option<usize>| place.and_then(|place| releases.get(place));
    answer::page(page(source, &releases, (at(old), at(new)), address))
}

/// A draft that went out for comments.
pub(crate) fn draft(source: &dyn Source, address: &Address, id: &str) -> Response {
    let draft = source.referrals().into_iter().find(|draft| draft.id == id);
    match draft.and_then(|draft| referral::page(source, &draft, address)) {
        Some(page) => answer::page(page),
        None => gone(address),
    }
}

fn gone(address: &Address) -> Response {
    answer::page_with(StatusCode::NOT_FOUND, frames::missing(address))
}

fn page(
    source: &dyn Source,
    releases: &[Arc<Snapshot>],
    (old, new): (Option<&Arc<Snapshot>>, Option<&Arc<Snapshot>>),
    address: &Address,
) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let title = match new {
        Some(new) => format!("{} {}", say("Nytt i release", "New in release"), new.id),
        None => say("Vad som ändras", "What changes").to_owned(),
    };
    let content = html! {
        p class="kicker" { a href=(address.to("/begrepp", &[])) { (say("Begrepp", "Terms")) } }
        h1 { (title) }
        @match new {
            Some(new) => (head(new, address)),
            None => p class="empty" { (say("Ingen release är publicerad ännu, så det finns inget att jämföra.",
                                           "No release is published yet, so there is nothing to compare.")) },
        }
        (referral::open(source, address))
        @if let (Some(old), Some(new)) = (old, new) {
            section {
                h2 { (say("Ändringar sedan ", "Changes since ")) (old.id) }
                (choice(releases, old, new, address))
                @match source.differences(old.digest, new.digest) {
                    Some(changes) => (list::changes(&changes, &Sides::published(source, old, new), address)),
                    None => p class="empty" { (say("En av releaserna kan inte läsas just nu, så skillnaden kan inte visas.",
                                                   "One of the releases cannot be read just now, so the difference cannot be shown.")) },
                }
            }
        } @else if let Some(new) = new {
            section {
                h2 { (say("Den första releasen", "The first release")) }
                p { (say("Det finns ingen tidigare release att jämföra med. Den här innehåller:",
                         "There is no earlier release to compare with. This one holds:")) }
                (contents(new, address))
                (choice(releases, new, new, address))
            }
        }
    };
    frame(&title, Section::Terms, address, &content)
}

/// What a release is and from when it applies.
fn head(release: &Snapshot, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let summary = language.of(&release.summary);
    html! {
        @if !summary.is_empty() { p class="lead" { (summary) } }
        p class="soft" {
            (language.of(&release.title)) ". " (say("Gäller vård från ", "Applies to care from ")) time { (release.from) } "."
        }
    }
}

/// What a release holds, by count.
fn contents(release: &Arc<Snapshot>, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let own = |edition: &&Arc<vardnav_terminology::Edition>| release.carries(edition.url());
    let concepts: usize = release
        .catalog
        .editions()
        .filter(own)
        .map(|edition| edition.len())
        .sum();
    let tables: Vec<_> = release.description.tables().collect();
    let rules: usize = tables.iter().map(|(_, table)| table.rules.len()).sum();
    let with = [(RELEASE, release.id.as_str())];
    let number = |number: usize| count(u64::try_from(number).unwrap_or(u64::MAX));
    html! {
        dl class="numbers" {
            dt { (number(concepts)) } dd { a href=(address.to("/begrepp", &with)) { (say("begrepp och koder", "concepts and codes")) } }
            dt { (number(tables.len())) } dd { a href=(address.to("/beslutstabeller", &with)) { (say("beslutstabeller", "decision tables")) }
                (say(" med ", " with ")) (number(rules)) (say(" regler", " rules")) }
            dt { (number(release.register.variables.len())) } dd { (say("variabler", "variables")) }
            dt { (number(release.indicators.indicators.len())) } dd { a href=(address.to("/indikatorer", &with)) { (say("indikatorer", "indicators")) } }
        }
    }
}

/// The choice of two releases, where there are two to choose.
fn choice(releases: &[Arc<Snapshot>], old: &Snapshot, new: &Snapshot, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let select = |id: &str, label: &str, chosen: &Snapshot| {
        html! {
            span class="pick" {
                label for=(id) { (label) }
                select id=(id) name=(id) {
                    @for release in releases.iter().rev() {
                        option value=(release.id) selected[release.id == chosen.id] { (release.id) }
                    }
                }
            }
        }
    };
    html! {
        @if releases.len() > 1 {
            form class="picks noprint" action="/andringar" method="get" aria-label=(say("Jämför två releaser", "Compare two releases")) {
                @if address.language == Language::English { input type="hidden" name="lang" value="en"; }
                (select(FROM, say("Från", "From"), old))
                (select(RELEASE, say("Till", "To"), new))
                button class="quiet" { (say("Jämför", "Compare")) }
            }
        }
    }
}
