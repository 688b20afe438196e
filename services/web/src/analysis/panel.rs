//! A figure on a page: its drawing, the table that it repeats, and its files. What a page shows and what a file holds is
//! made from the same rows.

use std::collections::BTreeMap;

use maud::{Markup, html};
use vardnav_classification::model::Label;
use vardnav_indicators::answer::{Answered, FigureRow};
use vardnav_indicators::definition::Indicator;
use vardnav_indicators::statistics::funnel::Standing;

use super::board::{Board, value};
use crate::chart::course::Course;
use crate::chart::dots::Dots;
use crate::chart::tiles::{self, Tile};
use crate::chart::{Drawing, Told};
use crate::typography::{capital, count, decimal, month};

/// Width of a drawing on a large window, and on a small one.
pub(crate) const WIDE: f64 = 500.0;
const NARROW: f64 = 330.0;

/// What is drawn.
pub(crate) enum Drawn {
    Dots(Dots),
    Course(Course),
    Tiles(Vec<Tile>),
}

/// A figure.
pub(crate) struct Panel {
    /// Name of its files and of its place on the page.
    pub(crate) id: String,
    /// Heading.
    pub(crate) title: String,
    /// How it is to be read, in a sentence; may be empty.
    pub(crate) reading: String,
    /// The drawing.
    pub(crate) drawn: Drawn,
    /// The rows behind it.
    pub(crate) rows: Vec<FigureRow>,
    /// What is answered beside the rows.
    pub(crate) answer: Answered,
    /// What the groups in the rows are of.
    pub(crate) groups_of: String,
}

impl Drawn {
    /// The drawing at a width.
    pub(crate) fn draw(&self, width: f64) -> Drawing {
        match self {
            Self::Dots(dots) => dots.draw(width),
            Self::Course(course) => course.draw(width),
            Self::Tiles(all) => tiles::draw(all, width.min(460.0)),
        }
    }
}

impl Panel {
    /// The figure on its page. `file` makes the address of a file from its ending.
    pub(crate) fn on_page(
        &self,
        board: &Board<'_>,
        indicator: &Indicator,
        file: &dyn Fn(&str) -> String,
    ) -> Markup {
        html! {
            section class="panel" aria-labelledby=(self.id) {
                h2 id=(self.id) { (self.title) }
                @if !self.reading.is_empty() { p class="soft small" { (self.reading) } }
                div class="drawn" {
                    (self.drawn.draw(WIDE).on_page("wide"))
                    (self.drawn.draw(NARROW).on_page("narrow"))
                }
                details id={ (self.id) "-table" } {
                    summary { (board.say("Siffrorna i tabell", "The figures as a table")) span class="hidden" { ": " (self.title) } }
                    (table(board, indicator, self))
                }
                p class="files small soft noprint" {
                    (board.say("Hämta: ", "Download: "))
                    @for (at, (ending, name)) in [("csv", "CSV"), ("json", "JSON"), ("svg", "SVG"), ("png", "PNG")].into_iter().enumerate() {
                        @if at > 0 { ", " }
                        a href=(file(ending)) { (name) span class="hidden" { " – " (self.title) } }
                    }
                }
            }
        }
    }

    /// What is said around its drawing in a file.
    pub(crate) fn told(&self, board: &Board<'_>, indicator: &Indicator, cited: String) -> Told {
        let language = board.language;
        Told {
            title: format!("{}. {}", capital(language.of(&indicator.label)), self.title),
            subtitle: capital(language.of(&indicator.plain)),
            source: vec![cited, language.of(&self.answer.note).to_owned()],
            language: language.tag(),
        }
    }
}

/// How the rows of a table differ.
struct Differ {
    variant: bool,
    place: bool,
    group: bool,
    sex: bool,
    age: bool,
    period: bool,
    below: bool,
    limits: bool,
}

impl Differ {
    fn of(rows: &[FigureRow]) -> Self {
        let first = rows.first();
        let differs = |same: fn(&FigureRow, &FigureRow) -> bool| {
            first.is_some_and(|first| rows.iter().any(|row| !same(first, row)))
        };
        let mut differ = Self {
            variant: differs(|a, b| a.variant == b.variant),
            place: differs(|a, b| a.place == b.place),
            group: differs(|a, b| a.group == b.group),
            sex: differs(|a, b| a.sex == b.sex),
            age: differs(|a, b| a.age == b.age),
            period: differs(|a, b| (a.year, a.month) == (b.year, b.month)),
            below: rows.iter().any(|row| row.denominator.is_some()),
            limits: rows.iter().any(|row| row.low.is_some()),
        };
        // A table has a column that names its rows.
        differ.place |= !(differ.variant || differ.group || differ.sex || differ.age || differ.period);
        differ
    }
}

/// The table behind a figure.
pub(crate) fn table(board: &Board<'_>, indicator: &Indicator, panel: &Panel) -> Markup {
    let differ = Differ::of(&panel.rows);
    let say = |sv, en| board.say(sv, en);
    let caption = format!("{}-caption", panel.id);
    let language = board.language;
    html! {
        div class="scroll" role="region" aria-labelledby=(caption) tabindex="0" {
            table class="told" {
                caption id=(caption) { (panel.title) ", " (language.of(&panel.answer.unit)) }
                thead { tr {
                    @if differ.variant { th scope="col" { (say("Sätt att räkna", "Way of counting")) } }
                    @if differ.place { th scope="col" { (say("Bosatta i", "Residents of")) } }
                    @if differ.group { th scope="col" { (panel.groups_of) } }
                    @if differ.sex { th scope="col" { (say("Kön", "Sex")) } }
                    @if differ.age { th scope="col" { (say("Ålder", "Age")) } }
                    @if differ.period { th scope="col" { (say("Period", "Period")) } }
                    th scope="col" class="number" { (say("Värde", "Value")) }
                    @if differ.limits { th scope="col" class="number" { (say("95 % intervall", "95% interval")) } }
                    @if differ.below {
                        th scope="col" class="number" { (say("Täljare", "Numerator")) }
                        th scope="col" class="number" { (say("Nämnare", "Denominator")) }
                    }
                    th scope="col" { (say("Anmärkning", "Remark")) }
                } }
                tbody { @for row in &panel.rows { (line(board, indicator, panel, row, &differ)) } }
            }
        }
    }
}

fn line(board: &Board<'_>, indicator: &Indicator, panel: &Panel, row: &FigureRow, differ: &Differ) -> Markup {
    let names = names(board, indicator, row, &panel.answer.groups, differ);
    html! {
        tr {
            @for (at, name) in names.iter().enumerate() {
                @if at == 0 { th scope="row" { (name) } } @else { td { (name) } }
            }
            td class="number" {
                @match value(row) {
                    Some(value) => (board.number(indicator, value)),
                    None => { span aria-hidden="true" { ".." } span class="hidden" { (board.why_none(row)) } },
                }
            }
            @if differ.limits { td class="number" { (board.interval(indicator, row)) } }
            @if differ.below {
                td class="number" { @if let Some(number) = row.numerator { (count(number)) } }
                td class="number" { @if let Some(number) = row.denominator { (decimal(number, 0, board.language)) } }
            }
            td { (remarks(board, row)) }
        }
    }
}

/// What sets a row apart from the others, in the order of the columns.
fn names(
    board: &Board<'_>,
    indicator: &Indicator,
    row: &FigureRow,
    groups: &BTreeMap<String, Label>,
    differ: &Differ,
) -> Vec<String> {
    let variant = || {
        let mut known = indicator.variants.iter();
        known.find(|known| known.id == row.variant).map_or_else(
            || row.variant.clone(),
            |known| capital(board.language.of(&known.label)),
        )
    };
    let columns: [(bool, &dyn Fn() -> String); 6] = [
        (differ.variant, &variant),
        (differ.place, &|| board.place(row.place)),
        (differ.group, &|| board.group(&row.group, groups)),
        (differ.sex, &|| board.sex(row.sex)),
        (differ.age, &|| board.age(&row.age)),
        (differ.period, &|| period(board, row)),
    ];
    columns
        .into_iter()
        .filter(|(shown, _)| *shown)
        .map(|(_, name)| name())
        .collect()
}

/// The period of a row.
pub(crate) fn period(board: &Board<'_>, row: &FigureRow) -> String {
    match row.month {
        Some(number) => format!("{} {}", month(number, board.language), row.year),
        None if row.years > 1 => format!("{}–{}", row.year - i16::from(row.years) + 1, row.year),
        None => row.year.to_string(),
    }
}

/// What is to be known of a row, in words.
pub(crate) fn remarks(board: &Board<'_>, row: &FigureRow) -> String {
    let say = |sv, en| board.say(sv, en).to_owned();
    let mut told: Vec<String> = row
        .marks
        .iter()
        .map(|mark| board.language.of(&mark.label()).to_owned())
        .collect();
    if let Some(undecided) = row.undecided.filter(|undecided| *undecided > 0) {
        told.push(format!(
            "{} {}",
            count(undecided),
            say("ej avgjorda", "undecided")
        ));
    }
    told.extend(
        row.standing
            .and_then(|standing| standing_words(board, standing))
            .map(str::to_owned),
    );
    told.join("; ")
}

/// How a figure stands to the country's, where it can be told from it.
pub(crate) fn standing_words(board: &Board<'_>, standing: Standing) -> Option<&'static str> {
    let say = |sv, en| Some(board.language.pick(sv, en));
    match standing {
        Standing::FarBelow | Standing::Below => say("lägre än landet", "below the country"),
        Standing::NotToldApart => None,
        Standing::Above | Standing::FarAbove => say("högre än landet", "above the country"),
    }
}

/// Stable codes of a row's place, sex, age and standing, for files.
pub(crate) fn codes(row: &FigureRow) -> [String; 4] {
    [
        row.place.code(),
        row.sex.code().to_owned(),
        row.age.code().to_owned(),
        row.standing.map_or("", Standing::code).to_owned(),
    ]
}
