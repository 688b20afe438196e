//! A figure by whom or what it is of: sexes and ages, the values of a further breakdown, and ways of counting.

use vardnav_indicators::Place;
use vardnav_indicators::answer::{Answered, FigureRow, Question};
use vardnav_indicators::definition::{BrokenDownBy, Indicator};
use vardnav_indicators::query::{AgeGroup, Dimension, SexGroup};
use vardnav_register::record::Sex;

use super::drawing::{DRAWN_MAX, axis, beside, dots_row, how_read, ranked, reference};
use super::{Asked, PERSONS, VARIANTS};
use crate::analysis::board::{Board, is_whole, limits, value};
use crate::analysis::panel::{Drawn, Panel};
use crate::chart::Tone;
use crate::chart::dots::{Dot, Dots, Row};
use crate::typography::capital;

/// By sex, by age, or by both.
pub(super) fn persons(board: &Board<'_>, asked: &Asked<'_>, whole: &FigureRow) -> Option<Panel> {
    let indicator = asked.indicator;
    let by_sex = board.offers(indicator, |by| *by == BrokenDownBy::Sex);
    let by_age = board.offers_ages(indicator);
    let mut by = Vec::new();
    by.extend(by_sex.then_some(Dimension::Sex));
    by.extend(by_age.then_some(Dimension::AgeGroup));
    let place = asked.region.map_or(Place::Country, Place::Region);
    let ask = |by: Vec<Dimension>| {
        board
            .ask(
                indicator,
                &Question {
                    by,
                    ..board.question(asked.variant, place, asked.year)
                },
            )
            .filter(|answer| answer.rows.iter().any(|row| value(row).is_some()))
    };
    if by.is_empty() {
        return None;
    }
    // A series may be stated by either and not by both.
    let both = ask(by.clone());
    let answers: Vec<Answered> = match both {
        Some(both) => vec![both],
        None => by.into_iter().filter_map(|one| ask(vec![one])).collect(),
    };
    let rows: Vec<FigureRow> = answers
        .iter()
        .flat_map(|answer| &answer.rows)
        .filter(|row| {
            row.place == place
                && row.group.is_empty()
                && row.sex != SexGroup::Unknown
                && row.age != AgeGroup::Unknown
        })
        .cloned()
        .collect();
    let answer = beside(answers.first()?);
    let mut ages: Vec<AgeGroup> = Vec::new();
    for row in &rows {
        if !ages.contains(&row.age) {
            ages.push(row.age.clone());
        }
    }
    let crossed = answers.len() == 1 && by_sex && ages.iter().any(|age| *age != AgeGroup::All);
    let drawn = if crossed {
        ages.iter()
            .map(|age| two_sexes(board, indicator, &rows, age))
            .collect()
    } else {
        rows.iter()
            .map(|row| {
                let name = if row.age == AgeGroup::All {
                    board.sex(row.sex)
                } else {
                    board.age(&row.age)
                };
                Row {
                    strong: false,
                    ..dots_row(board, indicator, row, name)
                }
            })
            .collect()
    };
    let key = [
        (Tone::First, SexGroup::Only(Sex::Female)),
        (Tone::Second, SexGroup::Only(Sex::Male)),
    ];
    let dots = Dots {
        rows: drawn,
        reference: reference(board, indicator, whole),
        key: if crossed {
            key.into_iter()
                .map(|(tone, sex)| (tone, board.sex(sex)))
                .collect()
        } else {
            Vec::new()
        },
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    let title = match (by_sex, by_age) {
        (true, true) => board.say(
            "Kvinnor och män i olika åldrar",
            "Women and men of different ages",
        ),
        (true, false) => board.say("Kvinnor och män", "Women and men"),
        _ => board.say("Olika åldrar", "Different ages"),
    };
    Some(Panel {
        id: PERSONS.to_owned(),
        title: format!("{title}, {} {}", board.place(place), asked.year),
        reading: how_read(board, &rows),
        drawn: Drawn::Dots(dots),
        rows,
        answer,
        groups_of: String::new(),
    })
}

/// Women and men of an age beside each other.
fn two_sexes(board: &Board<'_>, indicator: &Indicator, rows: &[FigureRow], age: &AgeGroup) -> Row {
    let of = |sex: Sex| {
        rows.iter()
            .find(|row| row.age == *age && row.sex == SexGroup::Only(sex))
    };
    let told = [(of(Sex::Female), Tone::First), (of(Sex::Male), Tone::Second)];
    let texts: Vec<String> = told
        .iter()
        .map(|(row, _)| row.map_or_else(|| "..".to_owned(), |row| board.told(indicator, row)))
        .collect();
    let dots = told.iter().filter_map(|(row, tone)| {
        let row = (*row)?;
        Some(Dot {
            value: value(row)?,
            interval: limits(row),
            tone: *tone,
        })
    });
    Row {
        name: board.age(age),
        dots: dots.collect(),
        text: texts.join("  "),
        strong: false,
    }
}

/// By the values of a further breakdown.
pub(super) fn broken_down(
    board: &Board<'_>,
    asked: &Asked<'_>,
    id: &str,
    whole: Option<&FigureRow>,
) -> Option<Panel> {
    let indicator = asked.indicator;
    let breakdown = board.release.indicators.breakdown(id)?;
    let place = asked.region.map_or(Place::Country, Place::Region);
    let question = Question {
        breakdown: Some(id.to_owned()),
        ..board.question(asked.variant, place, asked.year)
    };
    let answer = board.ask(indicator, &question)?;
    let mut rows: Vec<FigureRow> = answer
        .rows
        .iter()
        .filter(|row| {
            row.place == place
                && !row.group.is_empty()
                && row.sex == SexGroup::All
                && row.age == AgeGroup::All
        })
        .cloned()
        .collect();
    if !rows.iter().any(|row| value(row).is_some()) {
        return None;
    }
    ranked(&mut rows);
    let dots = Dots {
        rows: rows
            .iter()
            .take(DRAWN_MAX)
            .map(|row| dots_row(board, indicator, row, board.group(&row.group, &answer.groups)))
            .map(|row| Row { strong: false, ..row })
            .collect(),
        reference: whole.and_then(|whole| reference(board, indicator, whole)),
        key: Vec::new(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    let name = capital(board.language.of(&breakdown.label));
    Some(Panel {
        id: id.to_owned(),
        title: format!("{name}, {} {}", board.place(place), asked.year),
        reading: how_read(board, &rows),
        drawn: Drawn::Dots(dots),
        rows,
        answer: beside(&answer),
        groups_of: name,
    })
}

/// Ways of counting beside each other, where several have a figure of the year.
pub(super) fn variants(board: &Board<'_>, asked: &Asked<'_>) -> Option<Panel> {
    let indicator = asked.indicator;
    let mut rows = Vec::new();
    let mut answer = None;
    for variant in &indicator.variants {
        if !board.years(indicator, variant).contains(&asked.year) {
            continue;
        }
        let Some(told) = board.ask(indicator, &board.question(variant, Place::Country, asked.year)) else {
            continue;
        };
        rows.extend(
            told.rows
                .iter()
                .find(|row| is_whole(row, Place::Country) && value(row).is_some())
                .cloned(),
        );
        answer = answer.or_else(|| Some(beside(&told)));
    }
    if rows.len() < 2 {
        return None;
    }
    let name = |row: &FigureRow| {
        let known = indicator.variants.iter().find(|known| known.id == row.variant);
        known.map_or_else(
            || row.variant.clone(),
            |known| capital(board.language.of(&known.label)),
        )
    };
    let dots = Dots {
        rows: rows
            .iter()
            .map(|row| Row {
                strong: row.variant == asked.variant.id,
                ..dots_row(board, indicator, row, name(row))
            })
            .collect(),
        reference: None,
        key: Vec::new(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    Some(Panel {
        id: VARIANTS.to_owned(),
        title: format!(
            "{} {}",
            board.say(
                "Sätten att räkna bredvid varandra",
                "The ways of counting beside each other"
            ),
            asked.year
        ),
        reading: how_read(board, &rows),
        drawn: Drawn::Dots(dots),
        rows,
        answer: answer?,
        groups_of: String::new(),
    })
}
