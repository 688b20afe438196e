//! A small course beside a number: no axis, the last value marked. What is missing leaves a gap.

use std::fmt::Write as _;

use maud::html;

use super::scale::Scale;
use super::{Drawing, Tone, mark, n};

/// A value with its limits; neither where nothing is told.
type Told = Option<(f64, Option<(f64, f64)>)>;

/// The drawing of values in order of time, with a band for their intervals: what moves within it has not moved for certain.
/// Names of the first and the last period stand below.
pub(crate) fn draw(values: &[Told], ends: [&str; 2], width: f64) -> Drawing {
    let (top, bottom) = (8.0, 46.0);
    let all = values.iter().flatten().flat_map(|(value, limits)| {
        let (low, high) = limits.unwrap_or((*value, *value));
        [*value, low, high]
    });
    let scale = Scale::over(all, false, bottom, top);
    let steps = f64::from(u32::try_from(values.len().saturating_sub(1)).unwrap_or(u32::MAX)).max(1.0);
    let x = |at: u32| match values.len() {
        0 | 1 => width / 2.0,
        _ => 6.0 + f64::from(at) / steps * (width - 12.0),
    };
    let last = values.iter().rposition(Option::is_some);
    let inside = html! {
        @for band in bands(values, &scale, &x) { path class="band" d=(band) {} }
        path class="path first" d=(path(values, &scale, &x)) {}
        @for (at, value) in (0_u32..).zip(values) {
            @if let Some((value, _)) = value {
                @if usize::try_from(at).ok() == last { (mark(x(at), scale.at(*value), Tone::First)) }
                @else { circle class="dot small" cx=(n(x(at))) cy=(n(scale.at(*value))) r="2" {} }
            }
        }
        @let [first, last] = ends;
        text class="faint" x="2" y="62" { (first) }
        @if last != first { text class="faint" x=(n(width - 2.0)) y="62" text-anchor="end" { (last) } }
    };
    Drawing {
        width,
        height: 66.0,
        inside,
    }
}

/// The band around each run of values that have limits: along the upper ones, and back along the lower.
fn bands(values: &[Told], scale: &Scale, x: &dyn Fn(u32) -> f64) -> Vec<String> {
    let limits: Vec<Option<(f64, f64, f64)>> = (0_u32..)
        .zip(values)
        .map(|(at, value)| {
            value
                .and_then(|(_, limits)| limits)
                .map(|(low, high)| (x(at), scale.at(low), scale.at(high)))
        })
        .collect();
    let runs = limits.split(Option::is_none).filter(|run| run.len() > 1);
    let corner = |(x, y): (f64, f64)| format!("{} {}", n(x), n(y));
    let band = |run: &[Option<(f64, f64, f64)>]| {
        let above = run.iter().flatten().map(|(x, _, high)| (*x, *high));
        let below = run.iter().rev().flatten().map(|(x, low, _)| (*x, *low));
        let corners: Vec<String> = above.chain(below).map(corner).collect();
        format!("M{}Z", corners.join("L"))
    };
    runs.map(band).collect()
}

fn path(values: &[Told], scale: &Scale, x: &dyn Fn(u32) -> f64) -> String {
    let mut path = String::new();
    let mut joined = false;
    for (at, value) in (0_u32..).zip(values) {
        if let Some((value, _)) = value {
            let command = if joined { 'L' } else { 'M' };
            // Writing into a text does not fail.
            let _ = write!(path, "{command}{} {}", n(x(at)), n(scale.at(*value)));
        }
        joined = value.is_some();
    }
    path
}
