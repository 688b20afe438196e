//! The start page: how the shift to near care is going, one small figure for each indicator, and the way to a place.

use axum::response::Response;
use maud::{Markup, html};
use vardnav_indicators::Place;
use vardnav_indicators::answer::FigureRow;
use vardnav_indicators::definition::Indicator;

use super::board::{Board, is_percent, limits, value, worth_telling};
use super::figures::moved;
use super::panel::period;
use super::place;
use crate::Source;
use crate::address::{Address, segment};
use crate::answer;
use crate::chart::spark;
use crate::frame::{Section, frame};
use crate::typography::{capital, month};

/// Width of a small figure.
const WIDTH: f64 = 210.0;

/// The page.
pub(crate) fn page(source: &dyn Source, address: &Address) -> Response {
    let say = |sv, en| address.language.pick(sv, en);
    let board = Board::today(source, address);
    let content = html! {
        div class="opening" {
        div {
        h1 { (say("Hur går omställningen till nära vård?", "How is the shift to near care going?")) }
        p class="lead" {
            (say("Nationella kärnindikatorer och uppdragets egna mått, räknade på samma sätt i hela landet. Varje siffra leder till \
                  sin definition, sina regioner och sina filer.",
                 "National core indicators and the mission's own measures, counted the same way in the whole country. Every figure \
                  leads to its definition, its regions and its files."))
        }
        }
        @if let Some(board) = &board { (place::chooser(board, "")) }
        }
        @match &board {
            None => p class="empty" { (say("Ingen release är publicerad ännu.", "No release is published yet.")) },
            Some(board) => {
                (small_multiples(board))
                p class="soft small" {
                    (say("Enligt release ", "By release ")) (board.release.id) ", " (address.language.of(&board.release.title)) ". "
                    a href=(address.to("/indikatorer", &[])) { (say("Alla indikatorer och hur de räknas", "All indicators and how they are counted")) }
                    ". "
                    a href=(address.to("/jamfor", &[])) { (say("Jämför två regioner", "Compare two regions")) } "."
                }
            },
        }
    };
    answer::page(frame(
        say("Nära vård i siffror", "Care close to the patient in figures"),
        Section::Analysis,
        address,
        &content,
    ))
}

fn small_multiples(board: &Board<'_>) -> Markup {
    let all = &board.release.indicators.indicators;
    let mut core: Vec<&Indicator> = all.iter().filter(|one| one.core_number > 0).collect();
    core.sort_by_key(|one| one.core_number);
    let own: Vec<&Indicator> = all.iter().filter(|one| one.core_number == 0).collect();
    html! {
        @for (id, title, indicators) in [
            ("core", board.say("Kärnindikatorerna", "The core indicators"), core),
            ("own", board.say("Uppdragets egna mått", "The mission's own measures"), own),
        ] {
            @if !indicators.is_empty() {
                section aria-labelledby=(id) {
                    h2 id=(id) { (title) }
                    ul class="multiples" { @for indicator in indicators { li { (one(board, indicator)) } } }
                }
            }
        }
    }
}

/// The path of an indicator's page.
pub(crate) fn path(indicator: &Indicator) -> String {
    format!("/indikatorer/{}", segment(&indicator.id))
}

fn one(board: &Board<'_>, indicator: &Indicator) -> Markup {
    let language = board.language;
    let shown = board.shown(indicator);
    let course = shown
        .as_ref()
        .map(|(variant, years)| board.course(indicator, variant, Place::Country, years));
    let rows = course.map(|course| course.years).unwrap_or_default();
    let last = rows.iter().rev().find(|row| value(row).is_some());
    let months = match (&shown, last) {
        (Some((variant, _)), Some(last)) if rows.iter().filter(|row| value(row).is_some()).count() < 2 => {
            board.months(indicator, variant, Place::Country, last.year)
        }
        _ => Vec::new(),
    };
    html! {
        h3 {
            @if indicator.core_number > 0 { span class="ordinal" { (indicator.core_number) } " " }
            a href=(board.address.to(&path(indicator), &[])) { (capital(language.of(&indicator.label))) }
        }
        @match last {
            Some(last) => (told(board, indicator, last, &rows, &months)),
            None => p class="none" {
                @if rows.iter().any(FigureRow::is_suppressed) { (board.say("För få uppgifter för att visas", "Too few data to be shown")) }
                @else { (board.awaited(indicator.feed)) }
            },
        }
    }
}

fn told(
    board: &Board<'_>,
    indicator: &Indicator,
    last: &FigureRow,
    rows: &[FigureRow],
    months: &[FigureRow],
) -> Markup {
    let language = board.language;
    let drawn: Vec<&FigureRow> = if months.is_empty() {
        rows.iter().collect()
    } else {
        months.iter().collect()
    };
    let values: Vec<_> = drawn.iter().map(|row| Some((value(row)?, limits(row)))).collect();
    let name = |row: Option<&&FigureRow>| {
        row.map(|row| match row.month {
            Some(number) => month(number, language).to_owned(),
            None => row.year.to_string(),
        })
    };
    let (first, end) = (
        name(drawn.first()).unwrap_or_default(),
        name(drawn.last()).unwrap_or_default(),
    );
    let moved = moved(board, indicator, rows);
    html! {
        p class="figure-value" {
            strong { (board.told(indicator, last)) }
            @if !is_percent(indicator) { " " span class="soft" { (language.of(&indicator.unit)) } }
            " " span class="soft" { (period(board, last)) }
        }
        @if drawn.len() > 1 { (spark::draw(&values, [&first, &end], WIDTH).on_page("spark")) }
        p class="moved small" {
            @if let Some(moved) = &moved {
                span class=[match moved.better { Some(true) => Some("good"), Some(false) => Some("bad"), None => None }] { (capital(&moved.words)) }
            } @else if !months.is_empty() {
                (board.say("Månad för månad", "Month by month")) " " (last.year)
            }
        }
        @if let Some(marks) = marks(board, last) { p class="marks small" { (marks) } }
    }
}

/// The marks of a figure in words; none for one that is as it should be.
fn marks(board: &Board<'_>, row: &FigureRow) -> Option<String> {
    let words: Vec<String> = worth_telling(row)
        .map(|mark| board.language.of(&mark.label()).to_owned())
        .collect();
    (!words.is_empty()).then(|| capital(&words.join(", ")))
}
