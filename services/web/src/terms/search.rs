//! Search, and what there is to look through when nothing is asked for.

use std::collections::BTreeMap;

use maud::{Markup, html};
use vardnav_terminology::model::{ConceptStatus, DesignationStatus};
use vardnav_terminology::{ConceptView, Edition, SearchHit, SearchQuery, search_editions};

use super::words::{concept_mark, language_name, term_mark, text_in, validity};
use super::{Browsed, RELEASE, alphabetical};
use crate::address::{Address, Language};
use crate::frame::{Section, frame};
use crate::typography::count;

/// Hits that are shown.
const HITS_MAX: usize = 50;
/// Letters that are searched for.
const TEXT_MAX: usize = 200;
/// Concepts of a code system that are listed by subject field.
const LISTED_MAX: usize = 2_000;

/// The page of the search.
pub(super) fn page(browsed: &Browsed, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let asked: String = address
        .value("q")
        .unwrap_or_default()
        .trim()
        .chars()
        .take(TEXT_MAX)
        .collect();
    let title = if asked.is_empty() {
        say("Begrepp och termer", "Concepts and terms").to_owned()
    } else {
        format!("{}: {asked}", say("Sök begrepp", "Search terms"))
    };
    let content = html! {
        h1 { (say("Begrepp och termer", "Concepts and terms")) }
        (browsed.notice(address))
        (form(browsed, address, &asked))
        div id="found" {
            @if asked.is_empty() {
                p { a href=(address.to("/andringar", &[])) { (say("Vad som är nytt, och vad som är på remiss", "What is new, and what is out for comments")) } }
                (overview(browsed, address))
            }
            @else { (hits(browsed, address, &asked)) }
        }
    };
    frame(&title, Section::Terms, address, &content)
}

/// The page when no release is published.
pub(super) fn nothing(address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let content = html! {
        h1 { (say("Begrepp och termer", "Concepts and terms")) }
        p class="empty" { (say("Ingen release är publicerad ännu, så det finns inga begrepp att visa.",
                               "No release is published yet, so there are no concepts to show.")) }
    };
    frame(
        say("Begrepp och termer", "Concepts and terms"),
        Section::Terms,
        address,
        &content,
    )
}

fn form(browsed: &Browsed, address: &Address, asked: &str) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    html! {
        form class="search" role="search" action="/begrepp" method="get" data-live="found" {
            label for="q" { (say("Sök på en term eller en kod", "Search for a term or a code")) }
            input type="search" id="q" name="q" value=(asked) maxlength=(TEXT_MAX) autocomplete="off" spellcheck="false"
                enterkeyhint="search";
            @if browsed.named { input type="hidden" name=(RELEASE) value=(browsed.release.id); }
            @if address.language == Language::English { input type="hidden" name="lang" value="en"; }
            button { (say("Sök", "Search")) }
        }
    }
}

fn hits(browsed: &Browsed, address: &Address, asked: &str) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    // Without a date, so that what is proposed is found, and what was said before.
    let query = SearchQuery {
        text: asked,
        limit: HITS_MAX + 1,
        ..SearchQuery::default()
    };
    let found = search_editions(&query, browsed.editions().map(|edition| (edition.as_ref(), None)));
    let more = found.len() > HITS_MAX;
    let shown = found.len().min(HITS_MAX);
    html! {
        p class="soft" role="status" {
            @if more { (say("De första ", "The first ")) (shown) (say(" träffarna; skriv mer för färre.", " hits; write more for fewer.")) }
            @else if shown == 1 { (say("1 träff.", "1 hit.")) }
            @else { (shown) (say(" träffar.", " hits.")) }
        }
        @if found.is_empty() {
            div class="empty" {
                p { (say("Inget begrepp hittades. Pröva ett annat ord, början av ett ord, eller en kod.",
                         "No concept was found. Try another word, the beginning of a word, or a code.")) }
            }
        }
        ul class="hits" {
            @for hit in found.iter().take(HITS_MAX) { (one(browsed, address, hit)) }
        }
    }
}

fn one(browsed: &Browsed, address: &Address, hit: &SearchHit<'_>) -> Markup {
    let language = address.language;
    let concept = hit.concept;
    let own = browsed.term(concept, language);
    let deprecated = hit
        .designation
        .is_some_and(|term| term.status == DesignationStatus::Deprecated);
    html! {
        li {
            p class="hit" {
                a href=(browsed.link_to(address, concept)) { (marked(hit)) }
                @if let Some(term) = hit.designation {
                    @if deprecated { " " (term_mark(term.status, language)) " " (language.pick("använd ", "use ")) strong { (own) } }
                    @else if term.text != own { " " span class="soft" { "→ " (own) } }
                    @if !term.validity.contains(browsed.today) { " " span class="tag" { (validity(term.validity, language)) } }
                    @if !term.language.starts_with(language.tag()) {
                        " " span class="soft small" { (language_name(term.language, language)) }
                    }
                }
                @if concept.status() != ConceptStatus::Active { " " (concept_mark(concept.status(), language)) }
            }
            @if let Some(text) = definition(concept, language) { p class="soft" { (text) } }
            p class="small soft" { (concept.edition().title()) " · " span class="code" { (concept.code()) } }
        }
    }
}

/// The term of a hit, with what was typed marked.
fn marked(hit: &SearchHit<'_>) -> Markup {
    let text = hit.designation.map_or(hit.concept.code(), |term| term.text);
    let mut pieces: Vec<(bool, &str)> = Vec::new();
    let mut at = 0;
    for range in hit.highlights() {
        pieces.push((false, text.get(at..range.start).unwrap_or_default()));
        pieces.push((true, text.get(range.clone()).unwrap_or_default()));
        at = range.end;
    }
    pieces.push((false, text.get(at..).unwrap_or_default()));
    html! {
        @for (typed, piece) in pieces {
            @if typed { mark { (piece) } } @else { (piece) }
        }
    }
}

/// The definition in the language of the page, else the first.
fn definition<'e>(concept: ConceptView<'e>, language: Language) -> Option<&'e str> {
    let own = concept
        .definitions()
        .find(|definition| definition.language == language.tag());
    own.or_else(|| concept.definitions().next())
        .map(|definition| definition.text)
}

/// All there is: concepts by subject field, diagrams, code systems.
fn overview(browsed: &Browsed, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let (banks, lists): (Vec<_>, Vec<_>) =
        browsed
            .editions()
            .map(AsRef::as_ref)
            .partition(|edition: &&Edition| {
                edition.len() <= LISTED_MAX
                    && edition
                        .concepts()
                        .any(|concept| concept.subject_fields().len() > 0)
            });
    html! {
        @for edition in banks {
            section {
                h2 { a href=(browsed.link(address, &browsed.system_path(edition))) { (edition.title()) } }
                @if !edition.diagrams().is_empty() {
                    p {
                        (say("Begreppsdiagram: ", "Concept diagrams: "))
                        @for (at, diagram) in edition.diagrams().iter().enumerate() {
                            @if at > 0 { " · " }
                            a href=(browsed.link(address, &browsed.diagram_path(edition, &diagram.id))) { (text_in(&diagram.title, language)) }
                        }
                    }
                }
                @for (field, concepts) in by_field(browsed, edition, language) {
                    h3 { (if field.is_empty() { say("Övrigt", "Other") } else { field }) }
                    (list(browsed, address, &concepts))
                }
            }
        }
        @if !lists.is_empty() {
            section {
                h2 { (say("Kodverk", "Code systems")) }
                ul class="columns plain" {
                    @for edition in lists {
                        li {
                            a href=(browsed.link(address, &browsed.system_path(edition))) { (edition.title()) }
                            " " span class="soft small" { (count(edition.len() as u64)) }
                        }
                    }
                }
            }
        }
    }
}

/// Concepts in columns.
pub(super) fn list(browsed: &Browsed, address: &Address, concepts: &[ConceptView<'_>]) -> Markup {
    let term = |concept: &ConceptView<'_>| browsed.term(*concept, address.language).to_owned();
    let mut terms: Vec<String> = concepts.iter().map(term).collect();
    terms.sort_unstable();
    // Concepts that share a term are told apart by their codes.
    let is_shared = |term: &String| {
        let first = terms.partition_point(|other| other < term);
        terms.get(first + 1).is_some_and(|next| next == term)
    };
    html! {
        ul class="columns plain" {
            @for concept in concepts {
                li {
                    @let name = term(concept);
                    a href=(browsed.link_to(address, *concept)) { (name) }
                    @if is_shared(&name) { " " span class="code soft" { (concept.code()) } }
                    @if concept.status() != ConceptStatus::Active { " " (concept_mark(concept.status(), address.language)) }
                }
            }
        }
    }
}

/// The concepts by their first subject field, both in the order of their letters.
fn by_field<'e>(
    browsed: &Browsed,
    edition: &'e Edition,
    language: Language,
) -> Vec<(&'e str, Vec<ConceptView<'e>>)> {
    let mut fields: BTreeMap<(String, &str), Vec<ConceptView<'_>>> = BTreeMap::new();
    for concept in edition.concepts() {
        let field = concept.subject_fields().next().unwrap_or_default();
        fields
            .entry((alphabetical(field), field))
            .or_default()
            .push(concept);
    }
    fields
        .into_iter()
        .map(|((_, field), mut concepts)| {
            concepts.sort_by_cached_key(|concept| alphabetical(browsed.term(*concept, language)));
            (field, concepts)
        })
        .collect()
}
