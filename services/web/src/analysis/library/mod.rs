//! The library of indicators as pages: what each one means, its figures, how it is counted, where its figures come from,
//! and what it is not yet broken down by.

mod entry;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use vardnav_indicators::definition::{Feed, Indicator};
use vardnav_release::Snapshot;

use super::board::Board;
use super::files;
use crate::Source;
use crate::address::{Address, Language, segment};
use crate::answer;
use crate::frame::{self, Section, frame};

/// Parameter that names a release.
const RELEASE: &str = "release";

/// A release as the library is read from it.
struct Read {
    release: Arc<Snapshot>,
    /// Whether the address names it.
    named: bool,
}

impl Read {
    /// The release that the address names, else that in force today, else the newest.
    fn of(source: &dyn Source, address: &Address) -> Option<Self> {
        let named = address.value(RELEASE);
        let release = match named {
            Some(id) => source.releases().into_iter().find(|release| release.id == id),
            None => source
                .release_on(source.today())
                .or_else(|| source.releases().into_iter().last()),
        }?;
        Some(Self {
            release,
            named: named.is_some(),
        })
    }

    /// A link that stays in the release where the address names one.
    fn link(&self, address: &Address, path: &str) -> String {
        let release = self.named.then_some((RELEASE, self.release.id.as_str()));
        address.to(path, release.as_slice())
    }

    /// The release, and how to come back to that in force.
    fn notice(&self, address: &Address) -> Markup {
        let say = |sv, en| address.language.pick(sv, en);
        html! {
            p class="soft" {
                (say("Enligt release ", "By release ")) (self.release.id) ", "
                (address.language.of(&self.release.title)) "."
                @if self.named {
                    " " a href=(address.to("/indikatorer", &[])) { (say("Visa den som gäller i dag", "Show the one in force today")) }
                }
            }
        }
    }
}

/// The page of the whole library.
pub(crate) fn start(source: &dyn Source, address: &Address) -> Response {
    let Some(read) = Read::of(source, address) else {
        return missing_or_empty(address);
    };
    let say = |sv, en| address.language.pick(sv, en);
    let all = &read.release.indicators.indicators;
    let mut core: Vec<&Indicator> = all.iter().filter(|one| one.core_number > 0).collect();
    core.sort_by_key(|one| one.core_number);
    let own: Vec<&Indicator> = all.iter().filter(|one| one.core_number == 0).collect();
    let content = html! {
        h1 { (say("Hur följs omställningen till nära vård?", "How is the shift to near care followed?")) }
        p class="lead" {
            (say("Varje indikator har en publicerad definition: vad som räknas, vilka som ingår, hur säker siffran är och \
                  var uppgifterna kommer ifrån.",
                 "Every indicator has a published definition: what is counted, who is included, how sure the figure is \
                  and where the data come from."))
        }
        (read.notice(address))
        (group(&read, address, "core", say("Kärnindikatorer", "Core indicators"), &core))
        (group(&read, address, "own", say("Uppdragets egna mått", "The mission's own measures"), &own))
    };
    answer::page(frame(
        say("Indikatorer", "Indicators"),
        Section::Analysis,
        address,
        &content,
    ))
}

/// The page of one indicator.
pub(crate) fn indicator(source: &dyn Source, address: &Address, id: &str) -> Response {
    let read = Read::of(source, address);
    let found = read
        .as_ref()
        .and_then(|read| Some((read, read.release.indicators.indicator(id)?)));
    match found {
        Some((read, indicator)) => answer::page(entry::page(source, read, indicator, address)),
        None => answer::page_with(StatusCode::NOT_FOUND, frame::missing(address)),
    }
}

/// A file of a figure of one indicator.
pub(crate) fn file(source: &dyn Source, address: &Address, id: &str, file: &str) -> Response {
    let read = Read::of(source, address);
    let found = read
        .as_ref()
        .and_then(|read| Some((read, read.release.indicators.indicator(id)?)));
    match found {
        Some((read, indicator)) => files::of_panel(
            &Board::new(source, Arc::clone(&read.release), address),
            indicator,
            file,
        ),
        None => answer::page_with(StatusCode::NOT_FOUND, frame::missing(address)),
    }
}

/// Without a release there is no library; an address that names one that there is not leads nowhere.
fn missing_or_empty(address: &Address) -> Response {
    if address.value(RELEASE).is_some() {
        return answer::page_with(StatusCode::NOT_FOUND, frame::missing(address));
    }
    let say = |sv, en| address.language.pick(sv, en);
    let title = say("Indikatorer", "Indicators");
    let content = html! {
        h1 { (title) }
        p class="empty" { (say("Ingen release är publicerad ännu.", "No release is published yet.")) }
    };
    answer::page(frame(title, Section::Analysis, address, &content))
}

fn group(read: &Read, address: &Address, id: &str, title: &str, indicators: &[&Indicator]) -> Markup {
    let language = address.language;
    html! {
        @if !indicators.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                ol class="hits" {
                    @for indicator in indicators {
                        li {
                            p class="hit" {
                                @if indicator.core_number > 0 { span class="soft" { (indicator.core_number) ". " } }
                                a href=(read.link(address, &path(indicator))) { (language.of(&indicator.label)) }
                                " " (feed_tag(indicator.feed, language))
                            }
                            p { (language.of(&indicator.plain)) }
                        }
                    }
                }
            }
        }
    }
}

/// The path of an indicator's page.
fn path(indicator: &Indicator) -> String {
    format!("/indikatorer/{}", segment(&indicator.id))
}

/// Where figures come from, in words.
fn feed(feed: Feed, language: Language) -> &'static str {
    match feed {
        Feed::Computed => language.pick("räknas ur registret", "counted from the register"),
        Feed::Linked => language.pick("samkörs med andra register", "linked with other registers"),
        Feed::Uploaded => language.pick("hämtas från en annan källa", "taken from another source"),
        Feed::MethodTest => language.pick("metodprov", "test of the method"),
    }
}

fn feed_tag(of: Feed, language: Language) -> Markup {
    let class = match of {
        Feed::Computed => "tag good",
        Feed::MethodTest => "tag warm",
        Feed::Linked | Feed::Uploaded => "tag",
    };
    html! { span class=(class) { (feed(of, language)) } }
}
