//! A concept: what it means, what it is called and is not to be called, how it stands to others, and what became of it.

use maud::{Markup, html};
use vardnav_terminology::model::{DesignationStatus, RelationKind};
use vardnav_terminology::translate::{Direction, TranslateRequest, Translation};
use vardnav_terminology::value_set::Coding;
use vardnav_terminology::{ConceptView, DefinitionView, DesignationView};

use super::diagram::{key, line_kind};
use super::drawing::{Line, LineKind, Node, draw};
use super::history;
use super::words::{concept_mark, language_name, mapping, relation, term_mark, text_in, validity};
use super::{Browsed, RELEASE};
use crate::Source;
use crate::address::Address;
use crate::frame::{Section, frame};
use crate::typography::capital;

/// Concepts of each kind that are drawn; all of them are listed.
const DRAWN_MAX: usize = 8;
/// Concepts of each kind that are listed.
const LISTED_MAX: usize = 200;
/// Mappings that are listed.
const MAPPED_MAX: usize = 200;

/// The page of a concept.
pub(super) fn page(
    source: &dyn Source,
    browsed: &Browsed,
    concept: ConceptView<'_>,
    address: &Address,
) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let edition = concept.edition();
    let term = browsed.term(concept, language);
    let path = browsed.concept_path(concept);
    let permanent = address.to(&path, &[(RELEASE, &browsed.release.id)]);
    let content = html! {
        p class="kicker" {
            a href=(browsed.link(address, "/begrepp")) { (say("Begrepp", "Terms")) } " / "
            a href=(browsed.link(address, &browsed.system_path(edition))) { (edition.title()) }
        }
        h1 { (term) }
        (browsed.notice(address))
        div class="status" {
            p { (concept_mark(concept.status(), language))
                @for field in concept.subject_fields() { " " span class="soft" { (field) } }
            }
            @if !concept.status_reason().is_empty() { p class="note warm" { (concept.status_reason()) } }
            @if concept.not_selectable() {
                p class="soft" { (say("Grupperar andra begrepp och väljs inte självt.", "Groups other concepts and is not chosen itself.")) }
            }
        }
        (avoid(concept, term, address))
        (definitions(concept, address))
        (terms(concept, address))
        (features(concept, address))
        (relations(browsed, concept, address))
        (codes(browsed, concept, address))
        (history::section(source, concept, address))
        section {
            h2 { (say("Hänvisa hit", "Refer to this")) }
            dl {
                dt { (say("Kod", "Code")) } dd class="code" { (concept.code()) }
                dt { (say("Kodsystem", "Code system")) } dd class="code" { (edition.url()) }
                @if !concept.steward().is_empty() { dt { (say("Förvaltare", "Steward")) } dd { (concept.steward()) } }
                dt { (say("Permanent länk", "Permanent link")) } dd { a href=(permanent) { (permanent) } }
                dt { (say("Som data", "As data")) } dd { a href=(browsed.link(address, &format!("{path}.json"))) { "JSON" } }
            }
        }
    };
    frame(term, Section::Terms, address, &content)
}

/// Terms that are not to be used, and what to use instead.
fn avoid(concept: ConceptView<'_>, term: &str, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let deprecated: Vec<DesignationView<'_>> = concept
        .designations()
        .filter(|term| term.status == DesignationStatus::Deprecated)
        .collect();
    html! {
        @for other in deprecated {
            p class="note bad" {
                (term_mark(other.status, address.language)) " " span class="quoted" { (other.text) } ": "
                (say("använd ", "use ")) strong { (term) }
                @if !other.scope.is_empty() { " (" (other.scope) ")" }
                @if !other.comment.is_empty() { br; span class="soft" { (other.comment) } }
            }
        }
    }
}

fn definitions(concept: ConceptView<'_>, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let mut all: Vec<DefinitionView<'_>> = concept.definitions().collect();
    all.sort_by_key(|definition| definition.language != language.tag());
    html! {
        section {
            h2 { (say("Definition", "Definition")) }
            @if all.is_empty() {
                p class="soft" { (say("Begreppet har ingen definition.", "The concept has no definition.")) }
            }
            @for definition in all {
                figure class="definition" {
                    blockquote lang=(definition.language) {
                        @if !definition.domain.is_empty() { span class="soft" { (definition.domain) ": " } }
                        (definition.text)
                    }
                    figcaption class="soft small" {
                        @if !definition.source.is_empty() { (say("Källa: ", "Source: ")) (definition.source) ". " }
                        @if !definition.decided.is_empty() { (say("Beslutad ", "Decided ")) (definition.decided) ". " }
                        @if definition.paraphrase {
                            (say("Ordalydelsen är vår egen, innebörden är källans.", "The wording is ours, the meaning is the source's."))
                        }
                    }
                }
            }
            @for note in concept.notes().filter(|note| note.language == language.tag() || !has_note(concept, language.tag())) {
                p { strong { (say("Anmärkning. ", "Note. ")) } (note.text) }
            }
        }
    }
}

fn has_note(concept: ConceptView<'_>, language: &str) -> bool {
    concept.notes().any(|note| note.language == language)
}

fn terms(concept: ConceptView<'_>, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let mut all: Vec<DesignationView<'_>> = concept.designations().collect();
    all.sort_by_key(|term| {
        let rank = match term.status {
            DesignationStatus::Recommended => 0,
            DesignationStatus::Accepted => 1,
            DesignationStatus::Deprecated => 2,
        };
        (term.language != language.tag(), rank)
    });
    let dated = all
        .iter()
        .any(|term| !validity(term.validity, language).is_empty());
    let told = all
        .iter()
        .any(|term| !term.comment.is_empty() || !term.scope.is_empty() || !term.domain.is_empty());
    html! {
        section {
            h2 id="termer" { (say("Termer", "Terms")) }
            div class="scroll" tabindex="0" role="region" aria-labelledby="termer" {
                table class="stacked" {
                    thead { tr {
                        th scope="col" { (say("Term", "Term")) }
                        th scope="col" { (say("Status", "Status")) }
                        th scope="col" { (say("Språk", "Language")) }
                        @if dated { th scope="col" { (say("Gäller", "Holds")) } }
                        @if told { th scope="col" { (say("Kommentar", "Comment")) } }
                    } }
                    tbody {
                        @for term in &all {
                            tr {
                                th scope="row" lang=(term.language) { (term.text) }
                                td { (term_mark(term.status, language)) }
                                td { (language_name(term.language, language)) }
                                @if dated { td { (validity(term.validity, language)) } }
                                @if told {
                                    td {
                                        @for text in [term.domain, term.scope, term.comment] {
                                            @if !text.is_empty() { span class="part" { (text) } " " }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn features(concept: ConceptView<'_>, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let tag = address.language.tag();
    let has_own = concept.features().any(|feature| feature.language == tag);
    let shown: Vec<&str> = concept
        .features()
        .filter(|feature| feature.language == tag || !has_own)
        .map(|feature| feature.text)
        .collect();
    html! {
        @if !shown.is_empty() {
            section {
                h2 { (say("Särskiljande kännetecken", "Distinguishing features")) }
                ul { @for feature in shown { li { (feature) } } }
            }
        }
    }
}

/// The concepts around a concept, by how they stand to it.
struct Around<'e> {
    parents: Vec<ConceptView<'e>>,
    children: Vec<ConceptView<'e>>,
    others: Vec<(RelationKind, ConceptView<'e>)>,
}

fn relations(browsed: &Browsed, concept: ConceptView<'_>, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let around = Around {
        parents: concept.parents().take(LISTED_MAX).collect(),
        children: concept.children().take(LISTED_MAX).collect(),
        others: concept
            .relations()
            .filter(|found| found.validity.contains(browsed.today))
            .map(|found| (found.kind, found.target))
            .take(LISTED_MAX)
            .collect(),
    };
    if around.parents.is_empty() && around.children.is_empty() && around.others.is_empty() {
        return html! {};
    }
    let named = |concept: &ConceptView<'_>| html! { a href=(browsed.link_to(address, *concept)) { (browsed.term(*concept, language)) } };
    let group = |title: &str, concepts: Vec<ConceptView<'_>>| {
        html! {
            @if !concepts.is_empty() {
                div class="group" {
                    h3 { (title) }
                    ul class="plain" { @for concept in &concepts { li { (named(concept)) } } }
                }
            }
        }
    };
    let kinds = [
        RelationKind::Partitive,
        RelationKind::Associative,
        RelationKind::Distinguish,
        RelationKind::ReplacedBy,
        RelationKind::Replaces,
    ];
    let edition = concept.edition();
    let diagrams: Vec<_> = edition
        .diagrams()
        .iter()
        .filter(|diagram| diagram.nodes.iter().any(|node| node.code == concept.code()))
        .collect();
    html! {
        section {
            h2 { (say("Relationer", "Relations")) }
            div class="scroll figure noprint" tabindex="0" role="region" aria-label=(say("Begreppsdiagram; samma sak står i listan efter", "Concept diagram; the list below says the same")) {
                (neighbourhood(browsed, concept, &around, address))
            }
            (key(address))
            div class="groups" {
                (group(say("Överordnat begrepp", "Superordinate concept"), around.parents.clone()))
                (group(say("Underordnade begrepp", "Subordinate concepts"), around.children.clone()))
                @for kind in kinds {
                    @let found: Vec<_> = around.others.iter().filter(|(other, _)| *other == kind).map(|(_, concept)| *concept).collect();
                    (group(&capital(relation(kind, language)), found))
                }
            }
            @if !diagrams.is_empty() {
                p {
                    (say("Ingår i diagrammen: ", "In the diagrams: "))
                    @for (at, diagram) in diagrams.iter().enumerate() {
                        @if at > 0 { " · " }
                        a href=(browsed.link(address, &browsed.diagram_path(edition, &diagram.id))) { (text_in(&diagram.title, language)) }
                    }
                }
            }
        }
    }
}

/// The concept with its superordinate concepts above, subordinate ones below and others at its side.
fn neighbourhood(
    browsed: &Browsed,
    concept: ConceptView<'_>,
    around: &Around<'_>,
    address: &Address,
) -> Markup {
    let language = address.language;
    let own_row = u16::from(!around.parents.is_empty());
    let number = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    let mut nodes = vec![Node {
        text: browsed.term(concept, language).to_owned(),
        link: None,
        column: 0,
        row: own_row,
    }];
    let mut lines = Vec::new();
    let mut add = |other: ConceptView<'_>, column: u16, row: u16, kind: LineKind, above: bool| {
        let at = nodes.len();
        nodes.push(Node {
            text: browsed.term(other, language).to_owned(),
            link: Some(browsed.link_to(address, other)),
            column,
            row,
        });
        let (from, to) = if above { (at, 0) } else { (0, at) };
        lines.push(Line { from, to, kind });
    };
    for (at, parent) in around.parents.iter().take(DRAWN_MAX).enumerate() {
        add(*parent, number(at), 0, LineKind::Generic, true);
    }
    for (at, child) in around.children.iter().take(DRAWN_MAX).enumerate() {
        add(*child, number(at), own_row + 1, LineKind::Generic, false);
    }
    // Others stand beside the concept, one after another; the line to each goes over those before it.
    for (at, (kind, other)) in around.others.iter().take(DRAWN_MAX).enumerate() {
        add(*other, number(at + 1), own_row, line_kind(*kind), false);
    }
    draw(&nodes, &lines)
}

fn codes(browsed: &Browsed, concept: ConceptView<'_>, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let forward = mapped(browsed, concept, Direction::Forward);
    let backward = mapped(browsed, concept, Direction::Backward);
    let properties: Vec<_> = concept.properties().collect();
    html! {
        @if !forward.is_empty() || !backward.is_empty() || !properties.is_empty() {
            section {
                h2 id="koder" { (say("Koder och egenskaper", "Codes and properties")) }
                @if !properties.is_empty() {
                    dl {
                        @for property in properties { dt { (property.name) } dd class="code" { (property.value) } }
                    }
                }
                @if !forward.is_empty() || !backward.is_empty() {
                    div class="scroll" tabindex="0" role="region" aria-labelledby="koder" {
                        table {
                            thead { tr {
                                th scope="col" { (say("Kod", "Code")) }
                                th scope="col" { (say("Kodsystem", "Code system")) }
                                th scope="col" { (say("Begreppet är", "The concept is")) }
                                th scope="col" { (say("Kommentar", "Comment")) }
                            } }
                            tbody {
                                @for found in forward.iter().chain(&backward) {
                                    tr {
                                        th scope="row" { span class="code" { (found.code) } " " (display(browsed, found, address)) }
                                        td class="code" { (super::short(found.system)) }
                                        td { (mapping(found.relationship, language)) }
                                        td { (found.comment) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where the maps of the release lead from a concept, or what they lead to it.
pub(super) fn mapped<'b>(
    browsed: &'b Browsed,
    concept: ConceptView<'b>,
    direction: Direction,
) -> Vec<Translation<'b>> {
    let request = TranslateRequest {
        direction,
        coding: Coding {
            system: concept.edition().url(),
            code: concept.code(),
            ..Coding::default()
        },
        date: Some(browsed.today),
        ..TranslateRequest::default()
    };
    // A concept that no map knows leads nowhere; so does one whose maps cannot be followed.
    let mut found = browsed
        .release
        .catalog
        .translate(&request)
        .map_or_else(|_| Vec::new(), |translated| translated.matches);
    found.truncate(MAPPED_MAX);
    found
}

/// The name of what a map leads to: the map's own, else that of the code system.
fn display(browsed: &Browsed, found: &Translation<'_>, address: &Address) -> String {
    if !found.display.is_empty() {
        return found.display.to_owned();
    }
    let catalog = &browsed.release.catalog;
    let edition = catalog
        .in_force(found.system, browsed.today)
        .or_else(|| browsed.editions().find(|edition| edition.url() == found.system));
    let concept = edition.and_then(|edition| edition.lookup(found.code));
    concept.map_or_else(String::new, |concept| {
        browsed.term(concept, address.language).to_owned()
    })
}
