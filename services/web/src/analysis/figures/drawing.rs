//! What the drawings of figures have in common: how numbers and rows are written, in which order they stand, and how a
//! drawing is read.

use vardnav_indicators::Place;
use vardnav_indicators::answer::{Answered, FigureRow, Mark};
use vardnav_indicators::definition::Indicator;
use vardnav_indicators::statistics::funnel::Standing;

use crate::address::Language;
use crate::analysis::board::{Board, limits, value};
use crate::chart::Tone;
use crate::chart::course;
use crate::chart::dots::{Dot, Row};
use crate::typography::decimal;

/// Most rows in a drawing; the table and the files have all.
pub(super) const DRAWN_MAX: usize = 80;

/// How numbers along an axis are written.
pub(super) fn axis(language: Language) -> fn(f64, usize) -> String {
    match language {
        Language::Swedish => |number, digits| decimal(number, digits, Language::Swedish),
        Language::English => |number, digits| decimal(number, digits, Language::English),
    }
}

/// What an answer says beside its rows.
pub(super) fn beside(answer: &Answered) -> Answered {
    Answered {
        rows: Vec::new(),
        ..answer.clone()
    }
}

pub(super) fn point(row: &FigureRow) -> Option<course::Point> {
    let open = row.marks.contains(&Mark::Preliminary);
    Some(course::Point {
        value: value(row)?,
        interval: limits(row),
        open,
    })
}

/// A row of dots for a figure: filled where it can be told from the country, a ring where it cannot.
pub(super) fn dots_row(board: &Board<'_>, indicator: &Indicator, row: &FigureRow, name: String) -> Row {
    let tone = match row.standing {
        Some(Standing::NotToldApart) => Tone::Third,
        _ => Tone::First,
    };
    let dot = value(row).map(|value| Dot {
        value,
        interval: limits(row),
        tone,
    });
    Row {
        name,
        text: board.told(indicator, row),
        dots: dot.into_iter().collect(),
        strong: row.place == Place::Country,
    }
}

pub(super) fn reference(
    board: &Board<'_>,
    indicator: &Indicator,
    whole: &FigureRow,
) -> Option<(f64, String)> {
    // A count of a part is not held against the count of all.
    if indicator.denominator.sv.is_empty() {
        return None;
    }
    let value = value(whole)?;
    Some((
        value,
        format!(
            "{} {}",
            board.say("Landet", "The country"),
            board.number(indicator, value)
        ),
    ))
}

pub(super) fn ranked(rows: &mut [FigureRow]) {
    let key = |row: &FigureRow| value(row);
    rows.sort_by(|a, b| match (key(a), key(b)) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
}

pub(super) fn how_read(board: &Board<'_>, rows: &[FigureRow]) -> String {
    let mut told = Vec::new();
    if rows.iter().any(|row| row.low.is_some()) {
        told.push(board.say(
            "Strecken är 95-procentiga konfidensintervall.",
            "The lines are 95 per cent confidence intervals.",
        ));
    }
    if rows
        .iter()
        .any(|row| row.standing == Some(Standing::NotToldApart))
    {
        told.push(board.say(
            "Ring: går inte att skilja från landet, och ska inte rangordnas.",
            "A ring: cannot be told from the country, and must not be ranked.",
        ));
    }
    if rows.iter().any(FigureRow::is_suppressed) {
        told.push(board.say(
            "Det som inte visas är för litet för att ingen ska kunna kännas igen.",
            "What is withheld is too small for nobody to be recognised.",
        ));
    }
    told.join(" ")
}
