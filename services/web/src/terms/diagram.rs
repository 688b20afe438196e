//! A concept diagram (begreppsdiagram) of a release, and the list of what it draws.

use maud::{Markup, html};
use vardnav_terminology::model::{Diagram, RelationKind};
use vardnav_terminology::{ConceptView, Edition};

use super::Browsed;
use super::drawing::{Line, LineKind, Node, draw};
use super::words::{relation, text_in};
use crate::address::Address;
use crate::frame::{Section, frame};

/// The page of a diagram.
pub(super) fn page(browsed: &Browsed, edition: &Edition, diagram: &Diagram, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let title = text_in(&diagram.title, language);
    let drawn: Vec<(ConceptView<'_>, u16, u16)> = diagram
        .nodes
        .iter()
        .filter_map(|node| Some((edition.lookup(&node.code)?, node.column, node.row)))
        .collect();
    let nodes: Vec<Node> = drawn
        .iter()
        .map(|(concept, column, row)| Node {
            text: browsed.term(*concept, language).to_owned(),
            link: Some(browsed.link_to(address, *concept)),
            column: *column,
            row: *row,
        })
        .collect();
    let lines = lines(&drawn.iter().map(|(concept, _, _)| *concept).collect::<Vec<_>>());
    let content = html! {
        p class="kicker" { a href=(browsed.link(address, &browsed.system_path(edition))) { (edition.title()) } }
        h1 { (title) }
        (browsed.notice(address))
        div class="scroll figure" tabindex="0" role="region" aria-label=(say("Begreppsdiagram; samma sak står i listan efter", "Concept diagram; the list below says the same")) {
            (draw(&nodes, &lines))
        }
        (key(address))
        h2 { (say("Samma sak som lista", "The same as a list")) }
        ul {
            @for (concept, _, _) in &drawn {
                li {
                    a href=(browsed.link_to(address, *concept)) { (browsed.term(*concept, language)) }
                    @let mine = told(&drawn, *concept, browsed, address);
                    @if !mine.is_empty() { ul { @for line in mine { li { (line) } } } }
                }
            }
        }
    };
    frame(title, Section::Terms, address, &content)
}

/// What the kinds of line mean.
pub(super) fn key(address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let kinds = [
        (
            "generic",
            say(
                "över- och underordnat begrepp",
                "superordinate and subordinate concept",
            ),
        ),
        ("partitive", say("helhet och del", "whole and part")),
        ("associative", say("jämför", "compare")),
        ("distinguish", say("skilj från", "distinguish from")),
    ];
    html! {
        ul class="key small soft" aria-hidden="true" {
            @for (class, text) in kinds {
                li {
                    svg width="36" height="10" viewBox="0 0 36 10" focusable="false" { path class={ "line " (class) } d="M0 5H36" {} }
                    " " (text)
                }
            }
        }
    }
}

/// What kind of line stands for a relation.
pub(super) fn line_kind(kind: RelationKind) -> LineKind {
    match kind {
        RelationKind::Partitive => LineKind::Partitive,
        RelationKind::Associative => LineKind::Associative,
        RelationKind::Distinguish => LineKind::Distinguish,
        RelationKind::ReplacedBy | RelationKind::Replaces => LineKind::Replaced,
    }
}

/// The lines between concepts: one for each pair and kind.
fn lines(concepts: &[ConceptView<'_>]) -> Vec<Line> {
    let position = |code: &str| concepts.iter().position(|concept| concept.code() == code);
    let mut lines: Vec<Line> = Vec::new();
    let mut add = |from: usize, to: usize, kind: LineKind| {
        let there = |line: &Line| {
            line.kind == kind
                && ((line.from == from && line.to == to) || (line.from == to && line.to == from))
        };
        if from != to && !lines.iter().any(there) {
            lines.push(Line { from, to, kind });
        }
    };
    for (at, concept) in concepts.iter().enumerate() {
        for child in concept.children().filter_map(|child| position(child.code())) {
            add(at, child, LineKind::Generic);
        }
        for relation in concept.relations() {
            if let Some(other) = position(relation.target.code()) {
                add(at, other, line_kind(relation.kind));
            }
        }
    }
    lines
}

/// What the diagram draws from one concept, in words.
fn told(
    drawn: &[(ConceptView<'_>, u16, u16)],
    concept: ConceptView<'_>,
    browsed: &Browsed,
    address: &Address,
) -> Vec<String> {
    let is_drawn = |code: &str| drawn.iter().any(|(other, _, _)| other.code() == code);
    let language = address.language;
    let children = concept
        .children()
        .filter(|child| is_drawn(child.code()))
        .map(|child| {
            let lead = language.pick("underordnat", "subordinate");
            format!("{lead}: {}", browsed.term(child, language))
        });
    let others = concept
        .relations()
        .filter(|found| is_drawn(found.target.code()))
        .map(|found| {
            let lead = relation(found.kind, language);
            format!("{lead}: {}", browsed.term(found.target, language))
        });
    children.chain(others).collect()
}
