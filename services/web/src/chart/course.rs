//! A course over time: lines with their intervals, named where they end; a series that breaks is not joined over its
//! break, and what is missing leaves a gap.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::scale::Scale;
use super::{Drawing, Tone, fitted, mark, n, width_of, wrapped};

/// Height of the drawing.
const HEIGHT: f64 = 250.0;
/// Room above the lines.
const TOP: f64 = 28.0;
/// Room below them.
const FOOT: f64 = 26.0;

/// Lines over time.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    /// Names of the periods, in order; those that are not to be written are empty.
    pub(crate) periods: Vec<String>,
    /// The lines; the last one is drawn over the others.
    pub(crate) lines: Vec<Line>,
    /// Periods before which the series breaks, and why.
    pub(crate) breaks: Vec<(usize, String)>,
    /// What the axis is of.
    pub(crate) unit: String,
    /// How a number is written: digits after the point are given.
    pub(crate) number: fn(f64, usize) -> String,
}

/// A line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// What it is called, where it ends.
    pub(crate) name: String,
    /// One value a period, with its interval; none where nothing is told.
    pub(crate) points: Vec<Option<Point>>,
    /// How it is drawn.
    pub(crate) tone: Tone,
}

/// A value of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// The value.
    pub(crate) value: f64,
    /// Lower and upper limit.
    pub(crate) interval: Option<(f64, f64)>,
    /// Whether it may change yet: drawn as a ring.
    pub(crate) open: bool,
}

impl Course {
    /// The drawing at a width.
    pub(crate) fn draw(&self, width: f64) -> Drawing {
        let points = || self.lines.iter().flat_map(|line| line.points.iter().flatten());
        let values = points().flat_map(|point| {
            let (low, high) = point.interval.unwrap_or((point.value, point.value));
            [point.value, low, high]
        });
        let scale = Scale::over(values, false, HEIGHT - FOOT, TOP);
        let digits = scale.digits(4);
        let ticks: Vec<(f64, String)> = scale
            .ticks(4)
            .into_iter()
            .map(|tick| (tick, (self.number)(tick, digits)))
            .collect();
        let left = ticks.iter().map(|(_, text)| width_of(text)).fold(0.0, f64::max) + 14.0;
        let names = self
            .lines
            .iter()
            .map(|line| width_of(&line.name))
            .fold(0.0, f64::max);
        // Lines that are named by many words have their names below each other.
        let room = (names + 14.0).min(width * 0.34);
        let right = width - room;
        let steps =
            f64::from(u32::try_from(self.periods.len().saturating_sub(1)).unwrap_or(u32::MAX)).max(1.0);
        let x = |at: u32| match self.periods.len() {
            0 | 1 => f64::midpoint(left, right),
            _ => left + 10.0 + f64::from(at) / steps * (right - left - 20.0),
        };
        // Names of periods that would lie on each other are left out, evenly.
        let widest = self.periods.iter().map(|name| width_of(name)).fold(0.0, f64::max) + 4.0;
        let step = (right - left - 20.0) / steps;
        let every = (1..=12)
            .find(|every| f64::from(*every) * step >= widest)
            .unwrap_or(12_u32);
        let inside = html! {
            text class="faint" x="0" y="12" { (self.unit) }
            @for (tick, text) in &ticks {
                @let y = scale.at(*tick);
                line class="grid" x1=(n(left)) x2=(n(right)) y1=(n(y)) y2=(n(y)) {}
                text class="faint" x=(n(left - 8.0)) y=(n(y + 4.0)) text-anchor="end" { (text) }
            }
            @for (at, name) in (0_u32..).zip(&self.periods).filter(|(at, _)| at % every == 0) {
                text class="faint" x=(n(x(at))) y=(n(HEIGHT - 6.0)) text-anchor="middle" { (name) }
            }
            @for (at, why) in &self.breaks { (self.broken(*at, why, &x, (left, right))) }
            @for line in &self.lines { (self.line(line, &scale, &x)) }
            (self.names(&scale, &x, right, width))
        };
        Drawing {
            width,
            height: HEIGHT,
            inside,
        }
    }

    /// Where the series breaks: between two periods.
    fn broken(&self, at: usize, why: &str, x: &dyn Fn(u32) -> f64, (left, right): (f64, f64)) -> Markup {
        let at = u32::try_from(at).unwrap_or(0);
        let middle = match at {
            0 => x(0) - 8.0,
            at => f64::midpoint(x(at - 1), x(at)),
        };
        let anchor = if middle > f64::midpoint(left, right) {
            "end"
        } else {
            "start"
        };
        html! {
            line class="break" x1=(n(middle)) x2=(n(middle)) y1=(n(TOP - 8.0)) y2=(n(HEIGHT - FOOT)) {}
            text class="soft" x=(n(if anchor == "end" { middle - 5.0 } else { middle + 5.0 })) y=(n(TOP - 2.0)) text-anchor=(anchor) {
                (fitted(why, (right - left) * 0.6))
            }
        }
    }

    fn line(&self, line: &Line, scale: &Scale, x: &dyn Fn(u32) -> f64) -> Markup {
        let is_broken = |at: usize| self.breaks.iter().any(|(broken, _)| *broken == at);
        let mut path = String::new();
        let mut joined = false;
        for (at, point) in line.points.iter().enumerate() {
            let Some(point) = point else {
                joined = false;
                continue;
            };
            let command = if joined && !is_broken(at) { 'L' } else { 'M' };
            joined = true;
            // Writing into a text does not fail.
            let _ = write!(
                path,
                "{command}{} {}",
                n(x(u32::try_from(at).unwrap_or(0))),
                n(scale.at(point.value))
            );
        }
        let quiet = line.tone == Tone::Quiet;
        html! {
            @if !quiet {
                @for (at, point) in (0_u32..).zip(&line.points) {
                    @if let Some((low, high)) = point.and_then(|point| point.interval) {
                        line class={ "interval " (line.tone.class()) } x1=(n(x(at))) x2=(n(x(at))) y1=(n(scale.at(low))) y2=(n(scale.at(high))) {}
                    }
                }
            }
            path class={ "path " (line.tone.class()) } d=(path) {}
            @if !quiet {
                @for (at, point) in (0_u32..).zip(&line.points) {
                    @if let Some(point) = point {
                        @if point.open { circle class={ "dot open " (line.tone.class()) } cx=(n(x(at))) cy=(n(scale.at(point.value))) r="4.5" {} }
                        @else { (mark(x(at), scale.at(point.value), line.tone)) }
                    }
                }
            }
        }
    }

    /// The names at the ends of the lines, moved apart where they would lie on each other.
    fn names(&self, scale: &Scale, x: &dyn Fn(u32) -> f64, right: f64, width: f64) -> Markup {
        let mut ends: Vec<(f64, &Line)> = self
            .lines
            .iter()
            .filter(|line| !line.name.is_empty())
            .filter_map(|line| Some((scale.at(line.points.iter().rev().flatten().next()?.value), line)))
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let last = x(u32::try_from(self.periods.len().saturating_sub(1)).unwrap_or(0));
        let from = (last + 12.0).min(right + 4.0);
        let named = ends
            .into_iter()
            .map(|(y, line)| (y, line.tone, two_lines(&line.name, (width - from) * 0.88)));
        let mut named: Vec<(f64, Tone, Vec<String>)> = named.collect();
        let mut below = f64::NEG_INFINITY;
        for (y, _, lines) in &mut named {
            *y = y.max(below);
            below = *y + f64::from(u32::try_from(lines.len()).unwrap_or(1)) * 15.0 + 4.0;
        }
        // What would fall out below is moved up with all that is above it.
        let over = (below - 4.0 - (HEIGHT - FOOT) - 12.0).max(0.0);
        html! {
            @for (y, tone, lines) in named {
                @for (at, line) in (0_u32..).zip(lines) {
                    text class={ "end " (tone.class()) } x=(n(from)) y=(n(y - over + 4.5 + f64::from(at) * 15.0)) { (line) }
                }
            }
        }
    }
}

/// A name in at most two lines of a width.
fn two_lines(name: &str, width: f64) -> Vec<String> {
    let mut lines = wrapped(name, width);
    if lines.len() > 2 {
        let rest: Vec<String> = lines.split_off(1);
        lines.push(fitted(&rest.join(" "), width));
    }
    lines
}
