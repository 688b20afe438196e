//! Drawing concepts as boxes on a grid, with lines for their relations, as SVG. A drawing only repeats what a list
//! beside it says, and is hidden from those who hear the page.

use maud::{Markup, PreEscaped, html};

/// Width of a box.
const WIDTH: u32 = 200;
/// Height of a box.
const HEIGHT: u32 = 64;
/// Between boxes beside each other.
const GAP_X: u32 = 26;
/// Between boxes above each other.
const GAP_Y: u32 = 54;
/// Around everything.
const EDGE: u32 = 4;
/// Letters on a line of a box.
const LETTERS: usize = 20;
/// Lines in a box.
const LINES: usize = 3;
/// Rows and columns that are drawn.
const GRID_MAX: u16 = 40;

/// A concept in a drawing.
pub(super) struct Node {
    /// Its term.
    pub(super) text: String,
    /// Where it leads; `None` for the concept that the page is about.
    pub(super) link: Option<String>,
    /// Column, from 0.
    pub(super) column: u16,
    /// Row, from 0.
    pub(super) row: u16,
}

/// A line between two concepts, by their positions.
pub(super) struct Line {
    /// From the superordinate concept, the whole, or either.
    pub(super) from: usize,
    /// To the other.
    pub(super) to: usize,
    /// What kind it is.
    pub(super) kind: LineKind,
}

/// Kinds of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// From a superordinate concept to a subordinate one.
    Generic,
    /// From a whole to a part.
    Partitive,
    /// Between concepts that are compared.
    Associative,
    /// Between concepts that are told apart.
    Distinguish,
    /// From a concept to what replaces it.
    Replaced,
}

impl LineKind {
    fn class(self) -> &'static str {
        match self {
            Self::Generic => "line generic",
            Self::Partitive => "line partitive",
            Self::Associative => "line associative",
            Self::Distinguish => "line distinguish",
            Self::Replaced => "line replaced",
        }
    }
}

/// The drawing.
pub(super) fn draw(nodes: &[Node], lines: &[Line]) -> Markup {
    let columns = nodes
        .iter()
        .map(|node| node.column.min(GRID_MAX))
        .max()
        .unwrap_or(0);
    let rows = nodes.iter().map(|node| node.row.min(GRID_MAX)).max().unwrap_or(0);
    let width = EDGE * 2 + u32::from(columns) * (WIDTH + GAP_X) + WIDTH;
    let height = EDGE * 2 + u32::from(rows) * (HEIGHT + GAP_Y) + HEIGHT;
    html! {
        svg class="drawing" viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) aria-hidden="true" focusable="false" {
            @for line in lines {
                @if let (Some(from), Some(to)) = (nodes.get(line.from), nodes.get(line.to)) { (path(from, to, line.kind)) }
            }
            @for node in nodes { (boxed(node)) }
        }
    }
}

fn place(node: &Node) -> (u32, u32) {
    let x = EDGE + u32::from(node.column.min(GRID_MAX)) * (WIDTH + GAP_X);
    let y = EDGE + u32::from(node.row.min(GRID_MAX)) * (HEIGHT + GAP_Y);
    (x, y)
}

fn boxed(node: &Node) -> Markup {
    let (x, y) = place(node);
    let lines = wrapped(&node.text);
    let step = 18;
    let count = u32::try_from(lines.len()).unwrap_or(1);
    let first = y + HEIGHT / 2 + 5 - (count.saturating_sub(1) * step) / 2;
    let inner = html! {
        rect x=(x) y=(y) width=(WIDTH) height=(HEIGHT) rx="8" {}
        @for (at, line) in (0_u32..).zip(&lines) {
            text x=(x + WIDTH / 2) y=(first + at * step) text-anchor="middle" { (line) }
        }
    };
    html! {
        @match &node.link {
            Some(link) => a class="node" href=(link) tabindex="-1" { (inner) },
            None => g class="node here" { (inner) },
        }
    }
}

/// A line that leaves and reaches boxes at their edges, in right angles where they stand above each other.
fn path(from: &Node, to: &Node, kind: LineKind) -> Markup {
    let ((x1, y1), (x2, y2)) = (place(from), place(to));
    let middle = |x: u32| x + WIDTH / 2;
    let d = if y1 == y2 {
        let (left, right) = if x1 < x2 { (x1, x2) } else { (x2, x1) };
        if right - left > WIDTH + GAP_X {
            // Over what stands between them.
            let over = y1.saturating_sub(GAP_Y / 4);
            format!(
                "M{} {y1}V{over}H{}V{y1}",
                middle(left) + 12,
                middle(right).saturating_sub(12)
            )
        } else {
            format!("M{} {}H{right}", left + WIDTH, y1 + HEIGHT / 2)
        }
    } else {
        let (upper, lower) = if y1 < y2 {
            ((x1, y1), (x2, y2))
        } else {
            ((x2, y2), (x1, y1))
        };
        let turn = lower.1 - GAP_Y / 2;
        // Other kinds of line run beside those of the hierarchy, so that they can be told apart.
        let beside = if kind == LineKind::Generic { 0 } else { 14 };
        format!(
            "M{} {}V{}H{}V{}",
            middle(upper.0) + beside,
            upper.1 + HEIGHT,
            turn + beside / 2,
            middle(lower.0) + beside,
            lower.1
        )
    };
    html! { path class=(kind.class()) d=(PreEscaped(d)) {} }
}

/// A term in lines that fit a box.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        let fits = |line: &String| line.chars().count() + 1 + rest.len() <= LETTERS;
        if let Some(line) = lines.last_mut().filter(|line| fits(line)) {
            line.push(' ');
            line.extend(rest);
            continue;
        }
        while rest.len() > LETTERS {
            let tail = rest.split_off(LETTERS - 1);
            lines.push(rest.iter().chain(&['-']).collect());
            rest = tail;
        }
        lines.push(rest.into_iter().collect());
    }
    if lines.len() > LINES {
        lines.truncate(LINES);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_broken_where_they_do_not_fit() {
        assert_eq!(wrapped("vårdform"), ["vårdform"]);
        assert_eq!(
            wrapped("hälso- och sjukvård i hemmet"),
            ["hälso- och sjukvård", "i hemmet"]
        );
        let long = wrapped(&"å".repeat(200));
        assert_eq!(long.len(), LINES);
        assert!(
            long.iter().all(|line| line.chars().count() <= LETTERS + 1),
            "{long:?}"
        );
        assert!(wrapped("").is_empty());
    }

    #[test]
    fn what_a_term_holds_is_text() {
        let node = Node {
            text: "<script>x</script>".to_owned(),
            link: Some("/begrepp/a\"b".to_owned()),
            column: u16::MAX,
            row: 0,
        };
        let drawn = draw(&[node], &[]).into_string();
        assert!(!drawn.contains("<script") && !drawn.contains("a\"b"), "{drawn}");
    }
}
