//! Pictures of figures: dots with their intervals, a row for each name, beside the value of the whole; and a course over
//! years. Data in, SVG out; whoever asks gives every text. A picture only repeats what a table beside it says.

use maud::{Markup, html};

use super::words;

/// Height of a row of dots.
const ROW: f64 = 22.0;
/// Room for the axis.
const AXIS: f64 = 40.0;
/// Height of a course.
const COURSE: f64 = 190.0;
/// Most marks along an axis.
const TICKS_MAX: u32 = 12;
/// What is drawn.
const INK: &str = "#2b7bba";
/// The value of the whole.
const WHOLE: &str = "#b3541e";

/// A value with its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dot {
    pub(super) value: f64,
    pub(super) limits: Option<(f64, f64)>,
}

/// Rows of dots: their names, and nothing where none is told.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Dots {
    pub(super) rows: Vec<(String, Option<Dot>)>,
    /// The value of the whole, and what it is called.
    pub(super) whole: Option<(f64, String)>,
    /// What the axis is of.
    pub(super) unit: String,
    pub(super) decimals: usize,
}

/// Values over years, joined where nothing is missing between.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Course {
    pub(super) years: Vec<(i32, Option<Dot>)>,
    pub(super) unit: String,
    pub(super) decimals: usize,
}

/// What is drawn, at a width.
pub(super) trait Drawn {
    /// The inside, and the height that it takes.
    fn draw(&self, width: f64) -> (Markup, f64);
}

/// A picture as a part of a page, at the width of a screen and of a hand; hidden from those who hear the page.
pub(super) fn on_page(drawn: &dyn Drawn) -> Markup {
    html! {
        @for (class, width) in [("wide", 720.0), ("narrow", 340.0)] {
            @let (inside, height) = drawn.draw(width);
            svg class=(class) viewBox={ "0 0 " (width) " " (n(height)) } width=(width) height=(n(height))
                font-family="inherit" font-size="13" fill="currentColor" aria-hidden="true" { (inside) }
        }
    }
}

/// A picture as a file of its own, on white.
pub(super) fn as_file(drawn: &dyn Drawn, title: &str) -> Markup {
    let width = 720.0;
    let (inside, height) = drawn.draw(width);
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (n(height)) } width=(width) height=(n(height))
            font-family="Segoe UI, Helvetica, Arial, sans-serif" font-size="13" fill="#1d1d1f" color="#1d1d1f" role="img" {
            title { (title) }
            rect width="100%" height="100%" fill="#ffffff" {}
            (inside)
        }
    }
}

impl Drawn for Dots {
    fn draw(&self, width: f64) -> (Markup, f64) {
        let names = self
            .rows
            .iter()
            .map(|(name, _)| width_of(name))
            .fold(0.0, f64::max);
        let left = (names + 12.0).min(width * 0.42);
        let right = width - 16.0;
        let told = self.rows.iter().filter_map(|(_, dot)| *dot);
        let values = told
            .flat_map(spread)
            .chain(self.whole.iter().map(|(value, _)| *value));
        let scale = Scale::over(values, left, right);
        let head = if self.whole.is_some() { 24.0 } else { 6.0 };
        let bottom = head + ROW * number(self.rows.len());
        let inside = html! {
            (self.axis(&scale, (head, bottom), (left, right)))
            @if let Some((value, name)) = &self.whole {
                @let x = scale.at(*value);
                line x1=(n(x)) x2=(n(x)) y1=(n(head - 6.0)) y2=(n(bottom)) stroke=(WHOLE) stroke-width="1.5" {}
                text x=(n(x)) y=(n(head - 10.0)) text-anchor=(anchor(x, (left, right))) { (name) }
            }
            @for (at, (name, dot)) in (0_u32..).zip(&self.rows) {
                @let y = head + (f64::from(at) + 0.5) * ROW;
                text x=(n(left - 8.0)) y=(n(y + 4.5)) text-anchor="end" { (fitted(name, left - 10.0)) }
                @if let Some(dot) = dot { (marked(*dot, y, &scale)) }
                @else { text x=(n(left + 4.0)) y=(n(y + 4.5)) fill-opacity="0.7" { "visas inte" } }
            }
        };
        (inside, bottom + AXIS)
    }
}

impl Dots {
    fn axis(&self, scale: &Scale, (top, bottom): (f64, f64), (left, right): (f64, f64)) -> Markup {
        html! {
            @for tick in scale.ticks(if right - left > 300.0 { 6 } else { 3 }) {
                @let x = scale.at(tick);
                line x1=(n(x)) x2=(n(x)) y1=(n(top)) y2=(n(bottom)) stroke="currentColor" stroke-opacity="0.15" {}
                text x=(n(x)) y=(n(bottom + 15.0)) text-anchor="middle" fill-opacity="0.75" { (words::decimal(tick, scale.decimals(self.decimals))) }
            }
            text x=(n(right)) y=(n(bottom + 33.0)) text-anchor="end" fill-opacity="0.75" { (fitted(&self.unit, right - left)) }
        }
    }
}

impl Drawn for Course {
    fn draw(&self, width: f64) -> (Markup, f64) {
        let told = self.years.iter().filter_map(|(_, dot)| *dot);
        let (top, bottom) = (28.0, COURSE - 26.0);
        let scale = Scale::over(told.flat_map(spread), bottom, top);
        let (left, right) = (56.0, width - 30.0);
        let step = (right - left) / number(self.years.len().saturating_sub(1)).max(1.0);
        let points: Vec<(f64, i32, Option<Dot>)> = (0_u32..)
            .zip(&self.years)
            .map(|(at, (year, dot))| (left + f64::from(at) * step, *year, *dot))
            .collect();
        let joined = points.windows(2).filter_map(|pair| match pair {
            [(from, _, Some(first)), (until, _, Some(second))] => {
                Some((*from, first.value, *until, second.value))
            }
            _ => None,
        });
        let joined: Vec<_> = joined.collect();
        let inside = html! {
            text x="0" y="13" fill-opacity="0.75" { (fitted(&self.unit, width)) }
            @for tick in scale.ticks(4) {
                @let y = scale.at(tick);
                line x1=(n(left - 10.0)) x2=(n(right + 10.0)) y1=(n(y)) y2=(n(y)) stroke="currentColor" stroke-opacity="0.15" {}
                text x=(n(left - 16.0)) y=(n(y + 4.5)) text-anchor="end" fill-opacity="0.75" { (words::decimal(tick, scale.decimals(self.decimals))) }
            }
            @for (from, first, until, second) in joined {
                line x1=(n(from)) x2=(n(until)) y1=(n(scale.at(first))) y2=(n(scale.at(second))) stroke=(INK) stroke-width="2" {}
            }
            @for (x, year, dot) in points {
                text x=(n(x)) y=(n(COURSE - 6.0)) text-anchor="middle" { (year) }
                @if let Some(Dot { value, limits }) = dot {
                    @if let Some((low, high)) = limits {
                        line x1=(n(x)) x2=(n(x)) y1=(n(scale.at(low))) y2=(n(scale.at(high))) stroke=(INK) stroke-width="1.5" stroke-opacity="0.7" {}
                    }
                    circle cx=(n(x)) cy=(n(scale.at(value))) r="4.5" fill=(INK) {}
                }
            }
        };
        (inside, COURSE)
    }
}

fn marked(dot: Dot, y: f64, scale: &Scale) -> Markup {
    html! {
        @if let Some((low, high)) = dot.limits {
            line x1=(n(scale.at(low))) x2=(n(scale.at(high))) y1=(n(y)) y2=(n(y)) stroke=(INK) stroke-width="2" stroke-opacity="0.55" {}
        }
        circle cx=(n(scale.at(dot.value))) cy=(n(y)) r="4.5" fill=(INK) {}
    }
}

fn spread(dot: Dot) -> [f64; 3] {
    let (low, high) = dot.limits.unwrap_or((dot.value, dot.value));
    [low, dot.value, high]
}

/// At which end a text is held, so that it stays within.
fn anchor(x: f64, (left, right): (f64, f64)) -> &'static str {
    match (x - left) / (right - left) {
        share if share < 0.25 => "start",
        share if share > 0.75 => "end",
        _ => "middle",
    }
}

/// A linear scale from values to places.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Over all of some values, with room at its ends; what cannot be less than 0 does not go below it.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let spread = values
            .filter(|value| value.is_finite())
            .fold(None, |spread, value| {
                let (low, high): (f64, f64) = spread.unwrap_or((value, value));
                Some((low.min(value), high.max(value)))
            });
        let (low, high) = spread.unwrap_or((0.0, 1.0));
        let room = match high - low {
            0.0 => (high.abs() * 0.1).max(0.5),
            spread => spread * 0.06,
        };
        let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        Self {
            low: (low - room).max(floor),
            high: high + room,
            from,
            to,
        }
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// The round step of 1, 2 or 5 times a power of ten that gives about so many marks.
    fn step(&self, wanted: u32) -> f64 {
        let rough = (self.high - self.low) / f64::from(wanted.clamp(1, TICKS_MAX));
        let power = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0].into_iter().map(|times| times * power);
        steps
            .into_iter()
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(power * 10.0)
    }

    /// Round numbers along it, rising.
    fn ticks(&self, wanted: u32) -> Vec<f64> {
        let step = self.step(wanted);
        let first = (self.low / step).ceil();
        (0..=TICKS_MAX * 2)
            .map(|count| (first + f64::from(count)) * step)
            .take_while(|tick| *tick <= self.high)
            .collect()
    }

    /// Decimals that tell its round numbers apart: none where steps are whole.
    fn decimals(&self, most: usize) -> usize {
        if self.step(4) >= 1.0 { 0 } else { most.max(1) }
    }
}

/// A number in a drawing: a tenth of a pixel is enough.
fn n(number: f64) -> String {
    format!("{number:.1}")
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// About how wide a text is.
fn width_of(text: &str) -> f64 {
    number(text.chars().count()) * 7.0
}

/// A text that fits a width, with a sign where something is left out.
fn fitted(text: &str, width: f64) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if width_of(&kept) + 14.0 > width {
            break;
        }
        kept.push(letter);
    }
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_round_marks_and_does_not_go_below_nought() {
        let scale = Scale::over([2.0, 61.0].into_iter(), 0.0, 100.0);
        assert_eq!(scale.ticks(4), [0.0, 20.0, 40.0, 60.0]);
        assert!(scale.at(2.0) > 0.0 && scale.at(61.0) < 100.0);
        let one = Scale::over(std::iter::once(5.0), 0.0, 100.0);
        assert!((one.at(5.0) - 50.0).abs() < 1e-9);
        assert!(one.ticks(3).len() > 1);
    }

    #[test]
    fn texts_are_written_as_texts_and_what_is_withheld_is_said() {
        let dots = Dots {
            rows: vec![
                (
                    "<b>".to_owned(),
                    Some(Dot {
                        value: 3.0,
                        limits: Some((2.0, 4.0)),
                    }),
                ),
                ("Gotlands län".to_owned(), None),
            ],
            whole: Some((3.5, "riket".to_owned())),
            unit: "procent".to_owned(),
            decimals: 1,
        };
        let file = as_file(&dots, "a & b").into_string();
        assert!(file.contains("&lt;b&gt;") && file.contains("a &amp; b"));
        assert_eq!(file.matches("visas inte").count(), 1);
        assert_eq!(file.matches("<circle").count(), 1);
        assert_eq!(on_page(&dots).into_string().matches("<svg").count(), 2);
    }
}
