//! A drawing as a file of its own: with its heading, where it comes from and how to cite it, in colours for paper.

use maud::{Markup, PreEscaped, html};

use super::{Drawing, n, wrapped};

/// How drawings look; the same rules stand in the pages' style sheet.
const RULES: &str = include_str!("../assets/chart.css");
/// Colours for paper, by the names that the rules use.
const PAPER: [(&str, &str); 14] = [
    ("var(--sans)", "\"DejaVu Sans\", \"Noto Sans\", sans-serif"),
    ("var(--serif)", "\"DejaVu Serif\", \"Noto Serif\", serif"),
    ("var(--ink)", "#17232d"),
    ("var(--soft)", "#43525f"),
    ("var(--faint)", "#5c6a76"),
    ("var(--paper)", "#fbfaf7"),
    ("var(--card)", "#ffffff"),
    ("var(--line)", "#dcdfe0"),
    ("var(--edge)", "#7d8a94"),
    ("var(--mark)", "#e8f0f3"),
    ("var(--link)", "#0b4f6c"),
    ("var(--on-link)", "#ffffff"),
    ("var(--warm)", "#8a4b08"),
    ("var(--bad)", "#8f1d2c"),
];
/// Around everything.
const EDGE: f64 = 24.0;

/// What is said around a drawing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// Heading.
    pub(crate) title: String,
    /// What the figures are of.
    pub(crate) subtitle: String,
    /// Where they come from and how they are cited, line by line.
    pub(crate) source: Vec<String>,
    /// Tag of the language.
    pub(crate) language: &'static str,
}

/// A file of a drawing, as text of an SVG document that needs nothing else.
pub(crate) fn svg_file(drawing: &Drawing, told: &Told) -> String {
    let width = drawing.width + EDGE * 2.0;
    let titles = wrapped(&told.title, drawing.width / 1.9);
    let subtitles = wrapped(&told.subtitle, drawing.width);
    let sources: Vec<String> = told
        .source
        .iter()
        .flat_map(|line| wrapped(line, drawing.width))
        .collect();
    let lines = |count: usize, step: f64| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) * step;
    let top = EDGE + lines(titles.len(), 24.0) + lines(subtitles.len(), 18.0) + 14.0;
    let below = top + drawing.height + 26.0;
    let height = below + lines(sources.len(), 17.0) + EDGE - 10.0;
    let text = |class: &'static str, lines: &[String], y: f64, step: f64| -> Markup {
        html! {
            @for (at, line) in (0_u32..).zip(lines) {
                text class=(class) x=(n(EDGE)) y=(n(y + f64::from(at) * step)) { (line) }
            }
        }
    };
    let document = html! {
        (PreEscaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
        svg xmlns="http://www.w3.org/2000/svg" class="chart" lang=(told.language) viewBox={ "0 0 " (n(width)) " " (n(height)) }
            width=(n(width)) height=(n(height)) role="img" aria-labelledby="t" {
            title id="t" { (told.title) ". " (told.subtitle) }
            style { (PreEscaped(rules())) }
            rect class="sheet" width="100%" height="100%" {}
            (text("heading", &titles, EDGE + 16.0, 24.0))
            (text("soft", &subtitles, EDGE + lines(titles.len(), 24.0) + 12.0, 18.0))
            g transform={ "translate(" (n(EDGE)) " " (n(top)) ")" } { (drawing.inside) }
            (text("faint", &sources, below, 17.0))
        }
    };
    format!("{}\n", document.into_string())
}

/// The rules with the colours for paper in place of names.
fn rules() -> String {
    PAPER.iter().fold(RULES.to_owned(), |rules, (name, value)| {
        rules.replace(name, value)
    })
}
