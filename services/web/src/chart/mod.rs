//! The chart room: data in, SVG out. Dots with their intervals ([`dots`]), a course over time ([`course`]), a small course
//! beside a number ([`spark`]), and a map made of tiles ([`tiles`]).
//!
//! It knows no indicator, no release and no language: whoever asks gives every text as it is to be read. A drawing only
//! repeats what a table beside it says, and is hidden from those who hear the page. Colour never says anything alone.

pub(crate) mod course;
pub(crate) mod dots;
mod file;
mod png;
pub(crate) mod scale;
pub(crate) mod spark;
pub(crate) mod tiles;

use maud::{Markup, html};

use self::scale::Scale;

pub(crate) use self::file::{Told, svg_file};
pub(crate) use self::png::png_file;

/// How something is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    /// What the drawing is about: filled and round.
    #[default]
    First,
    /// What stands beside it: filled and square.
    Second,
    /// What it is held against: a ring.
    Third,
    /// What is only there for its place among others.
    Quiet,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
            Self::Quiet => "quiet",
        }
    }
}

/// What is drawn, and how large it is.
#[derive(Debug, Clone)]
pub(crate) struct Drawing {
    /// In units of a page's pixels.
    pub(crate) width: f64,
    /// As the width.
    pub(crate) height: f64,
    /// Inside of the `svg` element.
    pub(crate) inside: Markup,
}

impl Drawing {
    /// As a part of a page, hidden from those who hear it. `class` names the widths of window that it is for.
    pub(crate) fn on_page(&self, class: &str) -> Markup {
        html! {
            svg class={ "chart " (class) } viewBox={ "0 0 " (n(self.width)) " " (n(self.height)) } width=(n(self.width))
                height=(n(self.height)) aria-hidden="true" focusable="false" { (self.inside) }
        }
    }
}

/// A number in a drawing: a tenth of a pixel is enough.
pub(crate) fn n(number: f64) -> String {
    let text = format!("{number:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// The mark of a value.
pub(crate) fn mark(x: f64, y: f64, tone: Tone) -> Markup {
    let class = format!("dot {}", tone.class());
    html! {
        @if tone == Tone::Second {
            rect class=(class) x=(n(x - 4.0)) y=(n(y - 4.0)) width="8" height="8" {}
        } @else {
            circle class=(class) cx=(n(x)) cy=(n(y)) r=(if tone == Tone::Quiet { "3.5" } else { "4.5" }) {}
        }
    }
}

/// The mark of a value with its interval.
pub(crate) fn with_interval(
    scale: &Scale,
    value: f64,
    limits: Option<(f64, f64)>,
    y: f64,
    tone: Tone,
) -> Markup {
    html! {
        @if let Some((low, high)) = limits {
            line class={ "interval " (tone.class()) } x1=(n(scale.at(low))) x2=(n(scale.at(high))) y1=(n(y)) y2=(n(y)) {}
        }
        (mark(scale.at(value), y, tone))
    }
}

/// What the tones stand for, in a line: width that it takes, and the marks with their texts.
fn key(tones: &[(Tone, String)], x: f64, y: f64) -> Markup {
    let mut at = x;
    let placed: Vec<(f64, &(Tone, String))> = tones
        .iter()
        .map(|one| {
            let own = at;
            at += 24.0 + width_of(&one.1);
            (own, one)
        })
        .collect();
    html! {
        @for (x, (tone, text)) in placed {
            (mark(x + 5.0, y - 4.5, *tone))
            text class="soft" x=(n(x + 14.0)) y=(n(y)) { (text) }
        }
    }
}

/// About how wide a text is: letters are wider and narrower, so it leaves room.
pub(crate) fn width_of(text: &str) -> f64 {
    let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    f64::from(letters) * 7.0
}

/// A text that fits a width, with a sign that something is left out.
pub(crate) fn fitted(text: &str, width: f64) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let letters = (1..=text.chars().count())
        .rev()
        .find(|count| f64::from(u32::try_from(*count).unwrap_or(u32::MAX)) * 7.0 + 7.0 <= width)
        .unwrap_or(1);
    let kept: String = text.chars().take(letters).collect();
    format!("{}…", kept.trim_end())
}

/// A text in lines of a width.
fn wrapped(text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width_of(line) + width_of(word) + 7.0 <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
