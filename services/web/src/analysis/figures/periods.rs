//! A figure over time: by year, and by the months of one.

use vardnav_indicators::Place;
use vardnav_indicators::answer::FigureRow;
use vardnav_indicators::definition::Variant;

use super::drawing::{axis, beside, point};
use super::{Asked, MONTHS, OVER_TIME};
use crate::analysis::board::{Board, value};
use crate::analysis::panel::{Drawn, Panel};
use crate::chart::Tone;
use crate::chart::course::{self, Course};
use crate::typography::{capital, month};

/// Year by year, in every way of counting that has more than one.
pub(super) fn over_time(board: &Board<'_>, asked: &Asked<'_>) -> Option<Panel> {
    let indicator = asked.indicator;
    // Of every way of counting that has more than one year; the chosen one is drawn last, over the others.
    let mut told: Vec<(&Variant, Place, Vec<FigureRow>)> = Vec::new();
    let mut answer = None;
    for variant in &indicator.variants {
        let is_chosen = variant.id == asked.variant.id;
        let course = board.course(
            indicator,
            variant,
            Place::Country,
            &board.years(indicator, variant),
        );
        if course.years.iter().any(|row| value(row).is_some()) {
            if is_chosen || answer.is_none() {
                answer = course.answer;
            }
            told.push((variant, Place::Country, course.years));
        }
    }
    if let Some(region) = asked.region {
        let place = Place::Region(region);
        let course = board.course(indicator, asked.variant, place, &asked.years);
        if course.years.iter().any(|row| value(row).is_some()) {
            told.push((asked.variant, place, course.years));
        }
    }
    let mut years: Vec<i16> = told
        .iter()
        .flat_map(|(_, _, rows)| rows.iter().map(|row| row.year))
        .collect();
    years.sort_unstable();
    years.dedup();
    let (first, last) = (*years.first()?, *years.last()?);
    if first == last {
        return None;
    }
    let many = told
        .iter()
        .filter(|(_, place, _)| *place == Place::Country)
        .count()
        > 1;
    told.sort_by_key(|(variant, place, _)| (variant.id == asked.variant.id, *place != Place::Country));
    let all: Vec<i16> = (first..=last).collect();
    let lines = told.iter().map(|(variant, place, rows)| {
        let tone = match (*place, variant.id == asked.variant.id) {
            (Place::Country, true) if asked.region.is_none() => Tone::First,
            (Place::Country, true) => Tone::Third,
            (Place::Country, false) => Tone::Second,
            _ => Tone::First,
        };
        let name = match *place {
            Place::Country if many => capital(board.language.of(&variant.label)),
            place => board.place(place),
        };
        let point = |year: &i16| point(rows.iter().find(|row| row.year == *year)?);
        course::Line {
            name,
            points: all.iter().map(point).collect(),
            tone,
        }
    });
    let breaks = board
        .breaks(indicator, first, last)
        .into_iter()
        .filter_map(|one| {
            let at = all.iter().position(|year| *year == one.from.year())?;
            Some((at, board.language.of(&one.reason).to_owned()))
        });
    let course = Course {
        periods: all.iter().map(i16::to_string).collect(),
        lines: lines.collect(),
        breaks: breaks.collect(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    Some(Panel {
        id: OVER_TIME.to_owned(),
        title: board.say("Över tid", "Over time").to_owned(),
        reading: String::new(),
        drawn: Drawn::Course(course),
        rows: told.into_iter().rev().flat_map(|(_, _, rows)| rows).collect(),
        answer: answer?,
        groups_of: String::new(),
    })
}

/// The months of the year.
pub(super) fn months(board: &Board<'_>, asked: &Asked<'_>) -> Option<Panel> {
    let place = asked.region.map_or(Place::Country, Place::Region);
    let rows = board.months(asked.indicator, asked.variant, place, asked.year);
    let answer = board.ask(asked.indicator, &board.question(asked.variant, place, asked.year))?;
    if rows.is_empty() {
        return None;
    }
    let course = Course {
        periods: rows
            .iter()
            .map(|row| month(row.month.unwrap_or(0), board.language).to_owned())
            .collect(),
        lines: vec![course::Line {
            name: board.place(place),
            points: rows.iter().map(point).collect(),
            tone: Tone::First,
        }],
        breaks: Vec::new(),
        unit: capital(board.language.of(&asked.indicator.unit)),
        number: axis(board.language),
    };
    Some(Panel {
        id: MONTHS.to_owned(),
        title: format!(
            "{} {}",
            board.say("Månad för månad", "Month by month"),
            asked.year
        ),
        reading: board
            .say(
                "Ring: månaden kan ännu ändras.",
                "A ring: the month may change yet.",
            )
            .to_owned(),
        drawn: Drawn::Course(course),
        rows,
        answer: beside(&answer),
        groups_of: String::new(),
    })
}
