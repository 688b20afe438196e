//! A kommun or a region: all indicators beside those that it is held against. And two regions beside each other.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use vardnav_indicators::Place;
use vardnav_indicators::answer::{Answered, FigureRow};
use vardnav_indicators::definition::{BrokenDownBy, Indicator};

use super::board::{Board, is_percent, is_whole, limits, value, worth_telling};
use super::files;
use super::panel::standing_words;
use super::start::path;
use crate::Source;
use crate::address::{Address, Language};
use crate::answer;
use crate::chart::scale::Scale;
use crate::chart::{Drawing, Tone};
use crate::frame::{self, Section, frame};
use crate::typography::capital;

/// Size of the small drawing in a row.
const WIDTH: f64 = 190.0;
const HEIGHT: f64 = 40.0;
/// Most places that are offered for what was typed.
const OFFERED_MAX: usize = 30;

/// A place that figures are shown of, and how it is drawn.
type Column = (Place, String, Tone);

/// An indicator with the figures of each column; none where figures of that kind of place are not made.
pub(crate) struct Line<'i> {
    pub(crate) indicator: &'i Indicator,
    pub(crate) year: i16,
    pub(crate) cells: Vec<Option<FigureRow>>,
    pub(crate) answer: Option<Answered>,
}

/// The form that leads to a place; it works without script.
pub(crate) fn chooser(board: &Board<'_>, typed: &str) -> Markup {
    html! {
        form class="search to-place" action="/plats" method="get" role="search" {
            label for="plats" { (board.say("Min kommun eller region", "My kommun or region")) }
            input id="plats" type="search" name="q" value=(typed) list="platser" autocomplete="off"
                placeholder=(board.say("Till exempel Kiruna", "For example Kiruna"));
            @if board.language == Language::English { input type="hidden" name="lang" value="en"; }
            button { (board.say("Visa", "Show")) }
            datalist id="platser" {
                @for name in board.kommuner().values().chain(board.regions().values()) { option value=(name) {} }
            }
        }
    }
}

/// Leads to the place that was typed, or offers those that it may be.
pub(crate) fn find(source: &dyn Source, address: &Address) -> Response {
    let Some(board) = Board::today(source, address) else {
        return answer::page_with(StatusCode::NOT_FOUND, frame::missing(address));
    };
    let typed = address.value("q").unwrap_or_default().trim().to_owned();
    let lower = typed.to_lowercase();
    let mut places: Vec<(String, String)> = Vec::new();
    places.extend(
        board
            .kommuner()
            .iter()
            .map(|(code, name)| (format!("/kommun/{code:04}"), name.clone())),
    );
    places.extend(
        board
            .regions()
            .iter()
            .map(|(code, name)| (format!("/region/{code:02}"), name.clone())),
    );
    let exact = places
        .iter()
        .find(|(path, name)| name.to_lowercase() == lower || path.rsplit('/').next() == Some(typed.as_str()));
    if let Some((path, _)) = exact {
        return Redirect::to(&address.to(path, &[])).into_response();
    }
    let alike: Vec<&(String, String)> = places
        .iter()
        .filter(|(_, name)| !lower.is_empty() && name.to_lowercase().contains(&lower))
        .take(OFFERED_MAX)
        .collect();
    let title = board.say("Välj kommun eller region", "Choose a kommun or region");
    let content = html! {
        h1 { (title) }
        (chooser(&board, &typed))
        @if !alike.is_empty() {
            ul class="plain columns" { @for (path, name) in alike { li { a href=(address.to(path, &[])) { (name) } } } }
        } @else if !typed.is_empty() {
            p class="empty" role="status" { (board.say("Ingen kommun eller region heter så.", "No kommun or region is called that.")) }
        } @else {
            ul class="plain columns" {
                @for (code, name) in board.regions() { li { a href=(address.to(&format!("/region/{code:02}"), &[])) { (name) } } }
            }
        }
    };
    answer::page(frame(title, Section::Analysis, address, &content))
}

/// A kommun beside its region and the country. `code` may end with that of a file.
pub(crate) fn kommun(source: &dyn Source, address: &Address, code: &str) -> Response {
    let board = Board::today(source, address);
    let (code, ending) = files::split(code);
    let known = board
        .as_ref()
        .zip(code.parse::<u16>().ok())
        .filter(|(board, number)| code.len() == 4 && board.kommuner().contains_key(number));
    let Some((board, number)) = known else {
        return answer::page_with(StatusCode::NOT_FOUND, frame::missing(address));
    };
    let region = u8::try_from(number / 100).unwrap_or(0);
    let places = [
        (Place::Kommun(number), Tone::First),
        (Place::Region(region), Tone::Second),
        (Place::Country, Tone::Third),
    ];
    let columns = named(board, &places);
    let lines = lines(board, &columns);
    if let Some(ending) = ending {
        return files::of_places(board, &lines, ending);
    }
    let name = board.place(Place::Kommun(number));
    let content = html! {
        p class="kicker" { a href=(address.to(&format!("/region/{region:02}"), &[])) { (board.place(Place::Region(region))) } }
        h1 { (name) }
        p class="lead" { (board.say("Alla indikatorer, bredvid regionen och landet.", "All indicators, beside the region and the country.")) }
        (beside(board, &columns, &lines, &address.to(&format!("/kommun/{number:04}.csv"), &[]), &address.to(&format!("/kommun/{number:04}.json"), &[])))
        (chooser(board, ""))
    };
    answer::page(frame(&name, Section::Analysis, address, &content))
}

/// A region beside the country. `code` may end with that of a file.
pub(crate) fn region(source: &dyn Source, address: &Address, code: &str) -> Response {
    let board = Board::today(source, address);
    let (code, ending) = files::split(code);
    let known = board
        .as_ref()
        .zip(code.parse::<u8>().ok())
        .filter(|(board, number)| code.len() == 2 && board.regions().contains_key(number));
    let Some((board, number)) = known else {
        return answer::page_with(StatusCode::NOT_FOUND, frame::missing(address));
    };
    let columns = named(
        board,
        &[
            (Place::Region(number), Tone::First),
            (Place::Country, Tone::Third),
        ],
    );
    let lines = lines(board, &columns);
    if let Some(ending) = ending {
        return files::of_places(board, &lines, ending);
    }
    let name = board.place(Place::Region(number));
    let of_region = board
        .kommuner()
        .iter()
        .filter(|(code, _)| *code / 100 == u16::from(number));
    let content = html! {
        h1 { (name) }
        p class="lead" {
            (board.say("Alla indikatorer, bredvid landet.", "All indicators, beside the country.")) " "
            a href=(address.to("/jamfor", &[("a", &format!("{number:02}"))])) { (board.say("Jämför med en annan region", "Compare with another region")) } "."
        }
        (beside(board, &columns, &lines, &address.to(&format!("/region/{number:02}.csv"), &[]), &address.to(&format!("/region/{number:02}.json"), &[])))
        section aria-labelledby="kommuner" {
            h2 id="kommuner" { (board.say("Regionens kommuner", "The region's kommuner")) }
            ul class="plain columns" {
                @for (code, name) in of_region { li { a href=(address.to(&format!("/kommun/{code:04}"), &[])) { (name) } } }
            }
        }
    };
    answer::page(frame(&name, Section::Analysis, address, &content))
}

/// Two regions beside each other and the country.
pub(crate) fn compare(source: &dyn Source, address: &Address, ending: Option<&str>) -> Response {
    let Some(board) = Board::today(source, address) else {
        return answer::page_with(StatusCode::NOT_FOUND, frame::missing(address));
    };
    let chosen = |name: &str| {
        let code = address.value(name)?.parse::<u8>().ok()?;
        Some(code).filter(|code| board.regions().contains_key(code))
    };
    let (a, b) = (chosen("a"), chosen("b"));
    let title = board.say("Jämför två regioner", "Compare two regions");
    let shown = a.zip(b).map(|(a, b)| {
        let columns = named(
            &board,
            &[
                (Place::Region(a), Tone::First),
                (Place::Region(b), Tone::Second),
                (Place::Country, Tone::Third),
            ],
        );
        let lines = lines(&board, &columns);
        (a, b, columns, lines)
    });
    if let (Some(ending), Some((_, _, _, lines))) = (ending, &shown) {
        return files::of_places(&board, lines, ending);
    }
    let content = html! {
        h1 { (title) }
        form class="choose" action="/jamfor" method="get" {
            @for (id, label, chosen) in [("a", board.say("Region", "Region"), a), ("b", board.say("Bredvid", "Beside"), b)] {
                div {
                    label for=(id) { (label) }
                    select id=(id) name=(id) {
                        @for (code, name) in board.regions() {
                            option value={ (format!("{code:02}")) } selected[chosen == Some(*code)] { (name) }
                        }
                    }
                }
            }
            @if board.language == Language::English { input type="hidden" name="lang" value="en"; }
            button { (board.say("Jämför", "Compare")) }
        }
        @if let Some((a, b, columns, lines)) = &shown {
            @let file = |ending: &str| address.to(&format!("/jamfor.{ending}"), &[("a", &format!("{a:02}")), ("b", &format!("{b:02}"))]);
            (beside(&board, columns, lines, &file("csv"), &file("json")))
        }
    };
    answer::page(frame(title, Section::Analysis, address, &content))
}

fn named(board: &Board<'_>, places: &[(Place, Tone)]) -> Vec<Column> {
    places
        .iter()
        .map(|(place, tone)| (*place, board.place(*place), *tone))
        .collect()
}

/// The figures of every indicator in the last year that it has any of.
fn lines<'b>(board: &'b Board<'_>, columns: &[Column]) -> Vec<Line<'b>> {
    let mut all: Vec<&Indicator> = board.release.indicators.indicators.iter().collect();
    all.sort_by_key(|one| (one.core_number == 0, one.core_number));
    all.into_iter()
        .map(|indicator| line(board, indicator, columns))
        .collect()
}

fn line<'i>(board: &Board<'_>, indicator: &'i Indicator, columns: &[Column]) -> Line<'i> {
    let empty = |year| Line {
        indicator,
        year,
        cells: columns.iter().map(|_| None).collect(),
        answer: None,
    };
    let Some((variant, years)) = board.shown(indicator) else {
        return empty(board.today.year());
    };
    let Some(year) = years.last().copied() else {
        return empty(board.today.year());
    };
    let mut told = empty(year);
    let figure = |(place, _, _): &Column| {
        let offered = match place {
            Place::Region(_) => board.offers(indicator, |by| *by == BrokenDownBy::Region),
            Place::Kommun(_) => board.offers(indicator, |by| *by == BrokenDownBy::Kommun),
            _ => true,
        };
        let answer = board
            .ask(indicator, &board.question(variant, *place, year))
            .filter(|_| offered)?;
        let row = answer.rows.iter().find(|row| is_whole(row, *place)).cloned()?;
        Some((
            row,
            Answered {
                rows: Vec::new(),
                ..answer
            },
        ))
    };
    let cells: Vec<Option<(FigureRow, Answered)>> = columns.iter().map(figure).collect();
    told.answer = cells.iter().flatten().next().map(|(_, answer)| answer.clone());
    told.cells = cells.into_iter().map(|cell| cell.map(|(row, _)| row)).collect();
    told
}

fn beside(board: &Board<'_>, columns: &[Column], lines: &[Line<'_>], csv: &str, json: &str) -> Markup {
    let language = board.language;
    html! {
        div class="scroll" role="region" aria-labelledby="beside" tabindex="0" {
            table class="beside stacked" {
                caption id="beside" {
                    (board.say("Senaste siffran för varje indikator", "The latest figure of every indicator"))
                    span class="legend" {
                        @for (_, name, tone) in columns { span { (swatch(*tone)) " " (name) } }
                    }
                }
                thead { tr {
                    th scope="col" { (board.say("Indikator", "Indicator")) }
                    @for (_, name, _) in columns { th scope="col" class="number" { (name) } }
                    th scope="col" class="strip" { span class="hidden" { (board.say("Bild", "Drawing")) } }
                } }
                tbody {
                    @for line in lines {
                        tr {
                            th scope="row" {
                                a href=(board.address.to(&path(line.indicator), &[])) { (capital(language.of(&line.indicator.label))) }
                                span class="unit" {
                                    (language.of(&line.indicator.unit)) ", " (line.year)
                                    @for mark in line.cells.iter().flatten().next().into_iter().flat_map(worth_telling) { ", " (language.of(&mark.label())) }
                                }
                            }
                            @for ((_, name, tone), cell) in columns.iter().zip(&line.cells) { (cell_of(board, line.indicator, name, *tone, cell.as_ref())) }
                            td class="strip wide" { @if let Some(drawing) = strip(columns, line) { (drawing.on_page("strip")) } }
                        }
                    }
                }
            }
        }
        p class="files small soft noprint" {
            (board.say("Hämta tabellen: ", "Download the table: ")) a href=(csv) { "CSV" } ", " a href=(json) { "JSON" }
        }
    }
}

fn cell_of(
    board: &Board<'_>,
    indicator: &Indicator,
    name: &str,
    tone: Tone,
    cell: Option<&FigureRow>,
) -> Markup {
    html! {
        td class="number" {
            // On a small window a cell stands without its heading.
            span class="of" aria-hidden="true" { (swatch(tone)) " " (name) " " }
            @match cell {
                None => span class="soft" { (board.say("redovisas inte", "not told")) },
                Some(row) => {
                    @if value(row).is_some() { strong { (board.told(indicator, row)) } } @else { span class="soft" { (board.told(indicator, row)) } }
                    @let interval = board.interval(indicator, row);
                    @if !interval.is_empty() { span class="unit" { (interval) @if is_percent(indicator) { "\u{a0}%" } } }
                    @if let Some(words) = row.standing.and_then(|standing| standing_words(board, standing)) { span class="unit" { (words) } }
                },
            }
        }
    }
}

/// A mark of a tone, beside its name.
fn swatch(tone: Tone) -> Markup {
    Drawing {
        width: 12.0,
        height: 12.0,
        inside: crate::chart::mark(6.0, 6.0, tone),
    }
    .on_page("swatch")
}

/// The figures of a row on a scale of their own. Counts of places of different size are not held against each other.
fn strip(columns: &[Column], line: &Line<'_>) -> Option<Drawing> {
    if line.indicator.denominator.sv.is_empty() {
        return None;
    }
    let told: Vec<_> = columns
        .iter()
        .zip(&line.cells)
        .filter_map(|((_, _, tone), cell)| {
            let row = cell.as_ref()?;
            Some((value(row)?, limits(row), *tone))
        })
        .collect();
    if told.len() < 2 {
        return None;
    }
    let values = told.iter().flat_map(|(value, limits, _)| {
        let (low, high) = limits.unwrap_or((*value, *value));
        [*value, low, high]
    });
    let scale = Scale::over(values, false, 8.0, WIDTH - 8.0);
    let count = f64::from(u32::try_from(told.len()).unwrap_or(1));
    let inside = html! {
        @for (at, (value, limits, tone)) in (0_u32..).zip(&told) {
            @let y = HEIGHT / 2.0 + (f64::from(at) - (count - 1.0) / 2.0) * 11.0;
            (crate::chart::with_interval(&scale, *value, *limits, y, *tone))
        }
    };
    Some(Drawing {
        width: WIDTH,
        height: HEIGHT,
        inside,
    })
}
