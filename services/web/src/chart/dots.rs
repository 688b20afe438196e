//! Dots with their intervals, a row for each name, and a line for what they are held against: the value stands in words
//! at the end of its row, so that nobody has to read it off an axis.

use maud::{Markup, html};

use super::scale::Scale;
use super::{Drawing, Tone, fitted, key, n, width_of, with_interval};

/// Height of a row.
const ROW: f64 = 24.0;
/// Room above the rows: what the reference is, and the key.
const HEAD: f64 = 30.0;
/// Room below them: the axis.
const FOOT: f64 = 34.0;

/// Rows of dots.
#[derive(Debug, Clone)]
pub(crate) struct Dots {
    /// From above.
    pub(crate) rows: Vec<Row>,
    /// What all are held against, and what it is called.
    pub(crate) reference: Option<(f64, String)>,
    /// What the tones stand for, where there are several.
    pub(crate) key: Vec<(Tone, String)>,
    /// What the axis is of.
    pub(crate) unit: String,
    /// How a number is written: digits after the point are given.
    pub(crate) number: fn(f64, usize) -> String,
}

/// A row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: String,
    /// Its dots; none where nothing may be or is told.
    pub(crate) dots: Vec<Dot>,
    /// What stands at its end: the value, or why there is none.
    pub(crate) text: String,
    /// Whether it is the one that the drawing is about.
    pub(crate) strong: bool,
}

/// A value with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Dot {
    /// The value.
    pub(crate) value: f64,
    /// Lower and upper limit.
    pub(crate) interval: Option<(f64, f64)>,
    /// How it is drawn.
    pub(crate) tone: Tone,
}

impl Dots {
    /// The drawing at a width.
    pub(crate) fn draw(&self, width: f64) -> Drawing {
        let longest =
            |of: fn(&Row) -> &str| self.rows.iter().map(|row| width_of(of(row))).fold(0.0, f64::max);
        let names = (longest(|row| &row.name) + 12.0).min(width * 0.36);
        let texts = (longest(|row| &row.text) + 10.0).min(width * 0.34);
        let (left, right) = (names, (width - texts).max(names + 40.0));
        let values = self.rows.iter().flat_map(|row| &row.dots).flat_map(|dot| {
            let (low, high) = dot.interval.unwrap_or((dot.value, dot.value));
            [dot.value, low, high]
        });
        let reference = self.reference.iter().map(|(value, _)| *value);
        let scale = Scale::over(values.chain(reference), false, left + 6.0, right - 6.0);
        let rows = f64::from(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        let head = if self.key.is_empty() { HEAD } else { HEAD + 22.0 };
        let (top, bottom) = (head, head + rows * ROW);
        let inside = html! {
            @if !self.key.is_empty() { (key(&self.key, left, 16.0)) }
            (self.axis(&scale, (left, right), (top, bottom)))
            @if let Some((value, name)) = &self.reference { (reference_line(scale.at(*value), name, (left, right), (top, bottom))) }
            @for (at, row) in (0_u32..).zip(&self.rows) {
                (line(row, &scale, top + (f64::from(at) + 0.5) * ROW, (names, width), (left, right)))
            }
        };
        Drawing {
            width,
            height: bottom + FOOT,
            inside,
        }
    }

    fn axis(&self, scale: &Scale, (left, right): (f64, f64), (top, bottom): (f64, f64)) -> Markup {
        let wanted = if right - left < 260.0 { 3 } else { 5 };
        let digits = scale.digits(wanted);
        html! {
            @for tick in scale.ticks(wanted) {
                @let x = n(scale.at(tick));
                line class="grid" x1=(x) x2=(x) y1=(n(top)) y2=(n(bottom)) {}
                text class="faint" x=(x) y=(n(bottom + 16.0)) text-anchor="middle" { ((self.number)(tick, digits)) }
            }
            text class="faint" x=(n(left + 6.0)) y=(n(bottom + 31.0)) { (self.unit) }
        }
    }
}

/// The line of what all are held against, named where it begins.
fn reference_line(x: f64, name: &str, (left, right): (f64, f64), (top, bottom): (f64, f64)) -> Markup {
    let half = width_of(name) / 2.0;
    let at = x.clamp((left + half).min(right), (right - half).max(left));
    html! {
        line class="reference" x1=(n(x)) x2=(n(x)) y1=(n(top - 4.0)) y2=(n(bottom)) {}
        text class="soft" x=(n(at)) y=(n(top - 9.0)) text-anchor="middle" { (name) }
    }
}

fn line(row: &Row, scale: &Scale, y: f64, (names, width): (f64, f64), (left, right): (f64, f64)) -> Markup {
    let class = if row.strong { "who strong" } else { "who" };
    // Of several dots none covers another's interval.
    let count = f64::from(u32::try_from(row.dots.len()).unwrap_or(1).max(1));
    let apart = if row.dots.len() > 1 { 6.0 } else { 0.0 };
    html! {
        line class="row" x1=(n(left)) x2=(n(right)) y1=(n(y)) y2=(n(y)) {}
        text class=(class) x="0" y=(n(y + 4.5)) { (fitted(&row.name, names - 8.0)) }
        @for (at, dot) in (0_u32..).zip(&row.dots) {
            @let y = y + (f64::from(at) - (count - 1.0) / 2.0) * apart;
            (with_interval(scale, dot.value, dot.interval, y, dot.tone))
        }
        text class={ "said" @if row.strong { " strong" } @if row.dots.is_empty() { " untold" } } x=(n(width)) y=(n(y + 4.5))
            text-anchor="end" { (row.text) }
    }
}
