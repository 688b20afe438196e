//! Figures as files: CSV (RFC 4180) and JSON of the rows, SVG and PNG of the drawing. Each says by which release and method it was
//! made, and how it is cited.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use vardnav_classification::model::Label;
use vardnav_indicators::answer::{Answered, FigureRow};
use vardnav_indicators::definition::Indicator;

use super::board::Board;
use super::figures::{Asked, panel};
use super::panel::{Panel, WIDE, codes};
use super::place::Line;
use super::start::path;
use crate::answer;
use crate::chart::{png_file, svg_file};
use crate::files::field;
use crate::frame;
use crate::typography::capital;

/// Columns of a file.
const COLUMNS: [&str; 22] = [
    "indicator",
    "variant",
    "release",
    "derivation",
    "method_version",
    "place",
    "place_name",
    "sex",
    "age_group",
    "breakdown",
    "group",
    "year",
    "month",
    "years",
    "value",
    "low",
    "high",
    "numerator",
    "denominator",
    "undecided",
    "standing",
    "marks",
];

/// A name and the ending of a file, where it has one that there are files of.
pub(crate) fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((name, ending)) if ["csv", "json", "svg", "png"].contains(&ending) => (name, Some(ending)),
        _ => (name, None),
    }
}

/// A file of a panel of an indicator.
pub(crate) fn of_panel(board: &Board<'_>, indicator: &Indicator, file: &str) -> Response {
    let missing = || answer::page_with(StatusCode::NOT_FOUND, frame::missing(board.address));
    let (name, Some(ending)) = split(file) else {
        return missing();
    };
    let Some(asked) = Asked::of(board, indicator) else {
        return missing();
    };
    let Some(panel) = panel(board, &asked, name) else {
        return missing();
    };
    let rows = || panel.rows.iter().map(|row| (indicator, row, &panel.answer));
    match ending {
        "csv" => answer::body(
            "text/csv; charset=utf-8",
            csv(board, rows(), breakdown_of(&panel)),
        ),
        "json" => {
            let cited = cited(board, &asked, &panel);
            answer::body(
                "application/json",
                document(board, rows(), breakdown_of(&panel), &panel.title, &cited),
            )
        }
        "svg" => answer::body("image/svg+xml", svg(board, &asked, &panel)),
        "png" => match png_file(&svg(board, &asked, &panel)) {
            Some(file) => answer::body("image/png", file),
            None => missing(),
        },
        _ => missing(),
    }
}

/// A file of indicators of places.
pub(crate) fn of_places(board: &Board<'_>, lines: &[Line<'_>], ending: &str) -> Response {
    let rows = || {
        lines.iter().flat_map(|line| {
            let cells = line.cells.iter().flatten();
            cells.filter_map(|row| Some((line.indicator, row, line.answer.as_ref()?)))
        })
    };
    let cited = format!("Vårdnav, release {}, {}", board.release.id, board.today);
    match ending {
        "csv" => answer::body("text/csv; charset=utf-8", csv(board, rows(), "")),
        "json" => answer::body("application/json", document(board, rows(), "", "", &cited)),
        _ => answer::page_with(StatusCode::NOT_FOUND, frame::missing(board.address)),
    }
}

/// The id of the breakdown whose values the groups of a panel are.
fn breakdown_of(panel: &Panel) -> &str {
    if panel.groups_of.is_empty() { "" } else { &panel.id }
}

/// How a figure is cited: who, what, of when, by what, and when it was fetched.
pub(crate) fn cited(board: &Board<'_>, asked: &Asked<'_>, panel: &Panel) -> String {
    let answer = &panel.answer;
    let derivation = match answer.derivation.as_str() {
        "" => String::new(),
        id => format!(", {} {id}", board.say("härledning", "derivation")),
    };
    format!(
        "Vårdnav. {}: {}. Release {}{derivation}, {} {}. {} {}. {}",
        capital(board.language.of(&asked.indicator.label)),
        panel.title,
        answer.release,
        board.say("metod", "method"),
        answer.method_version,
        board.say("Hämtad", "Fetched"),
        board.today,
        path(asked.indicator),
    )
}

fn svg(board: &Board<'_>, asked: &Asked<'_>, panel: &Panel) -> String {
    let cited = cited(board, asked, panel);
    svg_file(
        &panel.drawn.draw(WIDE),
        &panel.told(board, asked.indicator, cited),
    )
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn marks(row: &FigureRow) -> Vec<&'static str> {
    row.marks.iter().map(|mark| mark.code()).collect()
}

fn csv<'r>(
    board: &Board<'_>,
    rows: impl Iterator<Item = (&'r Indicator, &'r FigureRow, &'r Answered)>,
    breakdown: &str,
) -> String {
    let mut file = format!("{}\r\n", COLUMNS.join(","));
    for (indicator, row, answer) in rows {
        let [place, sex, age, standing] = codes(row);
        let cells = [
            indicator.id.clone(),
            row.variant.clone(),
            answer.release.clone(),
            answer.derivation.clone(),
            answer.method_version.clone(),
            place,
            board.place(row.place),
            sex,
            age,
            breakdown.to_owned(),
            row.group.clone(),
            row.year.to_string(),
            text(row.month),
            row.years.to_string(),
            text(row.value),
            text(row.low),
            text(row.high),
            text(row.numerator),
            text(row.denominator),
            text(row.undecided),
            standing,
            marks(row).join(" "),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| field(cell)).collect();
        file.push_str(&cells.join(","));
        file.push_str("\r\n");
    }
    file
}

fn both(label: &Label) -> Value {
    json!({ "sv": label.sv, "en": label.en })
}

fn document<'r>(
    board: &Board<'_>,
    rows: impl Iterator<Item = (&'r Indicator, &'r FigureRow, &'r Answered)>,
    breakdown: &str,
    title: &str,
    cited: &str,
) -> String {
    let rows: Vec<Value> = rows
        .map(|(indicator, row, answer)| {
            let [place, sex, age, standing] = codes(row);
            json!({
                "indicator": indicator.id,
                "name": both(&indicator.label),
                "unit": both(&answer.unit),
                "variant": row.variant,
                "release": answer.release,
                "derivation": answer.derivation,
                "method": answer.method.name(),
                "method_version": answer.method_version,
                "note": both(&answer.note),
                "place": place,
                "place_name": board.place(row.place),
                "sex": sex,
                "age_group": age,
                "breakdown": breakdown,
                "group": row.group,
                "year": row.year,
                "month": row.month,
                "years": row.years,
                "value": row.value,
                "low": row.low,
                "high": row.high,
                "numerator": row.numerator,
                "denominator": row.denominator,
                "undecided": row.undecided,
                "undecided_denominator": row.undecided_denominator,
                "standing": standing,
                "marks": marks(row),
            })
        })
        .collect();
    format!(
        "{:#}\n",
        json!({ "title": title, "citation": cited, "rows": rows })
    )
}
