//! A code system: what it is, and its concepts.

use maud::{Markup, html};
use vardnav_terminology::{ConceptView, Edition};

use super::search::list;
use super::words::text_in;
use super::{Browsed, alphabetical};
use crate::address::Address;
use crate::frame::{Section, frame};
use crate::typography::count;

/// Concepts that are listed.
const LISTED_MAX: usize = 2_000;

/// The page of a code system.
pub(super) fn page(browsed: &Browsed, edition: &Edition, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let publication = edition.publication();
    let mut concepts: Vec<ConceptView<'_>> = edition.concepts().take(LISTED_MAX).collect();
    concepts.sort_by_cached_key(|concept| alphabetical(browsed.term(*concept, language)));
    let content = html! {
        p class="kicker" { a href=(browsed.link(address, "/begrepp")) { (say("Begrepp", "Terms")) } }
        h1 { (edition.title()) }
        (browsed.notice(address))
        @if !publication.description.is_empty() { p class="lead" { (publication.description) } }
        dl {
            dt { (say("Adress", "Address")) } dd class="code" { (edition.url()) }
            dt { (say("Version", "Version")) } dd { (edition.version()) }
            dt { (say("Begrepp", "Concepts")) } dd { (count(edition.len() as u64)) }
            @if !publication.publisher.is_empty() { dt { (say("Utgivare", "Publisher")) } dd { (publication.publisher) } }
            @if !publication.steward.is_empty() { dt { (say("Förvaltare", "Steward")) } dd { (publication.steward) } }
            @if !publication.copyright.is_empty() { dt { (say("Rättigheter", "Rights")) } dd { (publication.copyright) } }
        }
        @if !edition.diagrams().is_empty() {
            h2 { (say("Begreppsdiagram", "Concept diagrams")) }
            ul class="plain" {
                @for diagram in edition.diagrams() {
                    li { a href=(browsed.link(address, &browsed.diagram_path(edition, &diagram.id))) { (text_in(&diagram.title, language)) } }
                }
            }
        }
        h2 { (say("Begrepp A–Ö", "Concepts A–Z")) }
        @if edition.len() > LISTED_MAX {
            p class="soft" { (say("De första visas. Sök för att hitta de övriga.", "The first are shown. Search to find the others.")) }
        }
        (list(browsed, address, &concepts))
    };
    frame(edition.title(), Section::Terms, address, &content)
}
