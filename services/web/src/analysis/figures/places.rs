//! A figure by place: the regions, ranked and on a map, and the kommuner of one.

use vardnav_indicators::Place;
use vardnav_indicators::answer::{FigureRow, Question};
use vardnav_indicators::definition::BrokenDownBy;
use vardnav_indicators::query::Dimension;

use super::drawing::{DRAWN_MAX, axis, beside, dots_row, how_read, ranked, reference};
use super::{Asked, KOMMUNER, MAP, REGIONS};
use crate::analysis::board::{Board, is_whole, value};
use crate::analysis::panel::{Drawn, Panel};
use crate::chart::dots::Dots;
use crate::chart::tiles::{Tile, shades};
use crate::typography::capital;

/// The regions, ranked, and on the map.
pub(super) fn by_region(board: &Board<'_>, asked: &Asked<'_>, whole: &FigureRow) -> Vec<Panel> {
    let indicator = asked.indicator;
    if !board.offers(indicator, |by| *by == BrokenDownBy::Region) {
        return Vec::new();
    }
    let question = Question {
        by: vec![Dimension::Region],
        ..board.question(asked.variant, Place::Country, asked.year)
    };
    let Some(answer) = board.ask(indicator, &question) else {
        return Vec::new();
    };
    let mut rows: Vec<FigureRow> = answer
        .rows
        .iter()
        .filter(|row| matches!(row.place, Place::Region(_)) && is_whole(row, row.place))
        .cloned()
        .collect();
    if !rows.iter().any(|row| value(row).is_some() || row.is_suppressed()) {
        return Vec::new();
    }
    ranked(&mut rows);
    let dots = Dots {
        rows: rows
            .iter()
            .map(|row| {
                let mut drawn = dots_row(board, indicator, row, short(&board.place(row.place)));
                drawn.strong = matches!(row.place, Place::Region(code) if asked.region == Some(code));
                drawn
            })
            .collect(),
        reference: reference(board, indicator, whole),
        key: Vec::new(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    let values: Vec<Option<f64>> = rows.iter().map(value).collect();
    let tiles: Vec<Tile> = rows
        .iter()
        .zip(shades(&values))
        .filter_map(|(row, shade)| {
            let Place::Region(region) = row.place else {
                return None;
            };
            Some(Tile {
                region,
                name: short(&board.place(row.place)),
                text: match value(row) {
                    Some(value) => board.number(indicator, value),
                    None => "..".to_owned(),
                },
                shade,
                link: None,
            })
        })
        .collect();
    let listed: Vec<FigureRow> = std::iter::once(whole.clone()).chain(rows).collect();
    let panel = |id: &str, title: &str, reading: String, drawn: Drawn| Panel {
        id: id.to_owned(),
        title: format!("{title} {}", asked.year),
        reading,
        drawn,
        rows: listed.clone(),
        answer: beside(&answer),
        groups_of: String::new(),
    };
    vec![
        panel(
            REGIONS,
            board.say("Regionerna", "The regions"),
            how_read(board, &listed),
            Drawn::Dots(dots),
        ),
        panel(
            MAP,
            board.say("Regionerna på kartan", "The regions on the map"),
            board
                .say(
                    "Varje ruta är en region, ungefär där den ligger. Mörkare är ett högre värde.",
                    "Every tile is a region, about where it lies. Darker is a higher value.",
                )
                .to_owned(),
            Drawn::Tiles(tiles),
        ),
    ]
}

/// The name of a region as it fits a tile: without what regions are called by.
fn short(name: &str) -> String {
    let name = name.strip_prefix("Region ").unwrap_or(name);
    let name = name.strip_suffix(" län").unwrap_or(name);
    // Most names of counties end with the genitive.
    let is_genitive = name.ends_with('s') && !name.ends_with("ss");
    match name {
        "Jämtland Härjedalen" => "Jämtland".to_owned(),
        "Västra Götalands" | "Västra Götalandsregionen" => "V. Götaland".to_owned(),
        name if is_genitive => name.strip_suffix('s').unwrap_or(name).to_owned(),
        name => name.to_owned(),
    }
}

/// The kommuner of the region that is chosen, ranked.
pub(super) fn kommuner(board: &Board<'_>, asked: &Asked<'_>, whole: &FigureRow) -> Option<Panel> {
    let (indicator, region) = (asked.indicator, asked.region?);
    if !board.offers(indicator, |by| *by == BrokenDownBy::Kommun) {
        return None;
    }
    let place = Place::Region(region);
    let question = Question {
        by: vec![Dimension::Kommun],
        ..board.question(asked.variant, place, asked.year)
    };
    let answer = board.ask(indicator, &question)?;
    let is_of = |row: &&FigureRow| {
        matches!(row.place, Place::Kommun(code) if code / 100 == u16::from(region))
            && is_whole(row, row.place)
    };
    let mut rows: Vec<FigureRow> = answer.rows.iter().filter(is_of).cloned().collect();
    ranked(&mut rows);
    if rows.is_empty() {
        return None;
    }
    let dots = Dots {
        rows: rows
            .iter()
            .take(DRAWN_MAX)
            .map(|row| dots_row(board, indicator, row, board.place(row.place)))
            .collect(),
        reference: reference(board, indicator, whole),
        key: Vec::new(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    let title = format!(
        "{} {}, {}",
        board.say("Kommunerna i", "The kommuner of"),
        board.place(place),
        asked.year
    );
    Some(Panel {
        id: KOMMUNER.to_owned(),
        title,
        reading: how_read(board, &rows),
        drawn: Drawn::Dots(dots),
        rows,
        answer: beside(&answer),
        groups_of: String::new(),
    })
}
