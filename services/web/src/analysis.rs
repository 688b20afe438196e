//! Figures as pages: the start page, a place, two regions, an indicator, and the library of definitions. Every figure
//! stands in a table with headers that a screen reader can tell; what is withheld is marked in words as well as by a sign.
//! This file has counts by the values of a table.

mod board;
mod figures;
mod files;
pub(crate) mod library;
mod panel;
pub(crate) mod place;
pub(crate) mod start;

use maud::{Markup, html};
use vardnav_indicators::Figure;

use crate::address::{Address, Language};
use crate::typography::count;
use crate::{Overview, Row, Table};

/// The sign for a figure that is withheld, as official statistics in Sweden use it.
const WITHHELD: &str = "..";

/// The counts of an indicator by the values of its table, in a year.
pub(crate) fn counts(overview: &Overview, table: &Table, path: &str, address: &Address) -> Markup {
    let language = address.language;
    html! {
        section aria-labelledby="counts" {
            h2 id="counts" { (language.pick("Antal per grupp och region", "Counts by group and region")) " " (overview.year) }
            p class="soft" { (language.of(&overview.coverage)) "." }
            (years(overview, path, address))
            (figures_of(overview, table, language))
            (legend(overview, language))
        }
    }
}

fn years(overview: &Overview, path: &str, address: &Address) -> Markup {
    html! {
        @if overview.years.len() > 1 {
            nav class="years" aria-label=(address.language.pick("Välj år", "Choose a year")) {
                ul {
                    @for year in &overview.years {
                        li {
                            @if *year == overview.year { span aria-current="page" { (year) } }
                            @else { a href=(address.to(path, &[("year", &year.to_string())])) { (year) } }
                        }
                    }
                }
            }
        }
    }
}

fn figures_of(overview: &Overview, table: &Table, language: Language) -> Markup {
    let caption = format!("t-{}", table.id);
    let address = |ending: &str| format!("/figures/{}{ending}?year={}", table.id, overview.year);
    html! {
        p { (language.of(&table.definition)) }
        div class="scroll" role="region" aria-labelledby=(caption) tabindex="0" {
            table class="figures" {
                caption id=(caption) { (language.of(&table.title)) ", " (overview.year) }
                thead { tr {
                    th scope="col" { (language.pick("Bosatta i", "Residents of")) }
                    @for column in &table.columns { th scope="col" { (language.of(&column.label)) } }
                } }
                tbody { @for row in &table.rows { (line(row, language)) } }
            }
        }
        p {
            (language.pick("Samma siffror som fil: ", "The same figures as a file: "))
            a href=(address(".csv")) { "CSV" } ", " a href=(address(".json")) { "JSON" }
        }
    }
}

fn line(row: &Row, language: Language) -> Markup {
    html! {
        tr {
            th scope="row" { (language.of(&row.name)) }
            @for figure in &row.figures {
                td {
                    @match figure {
                        Figure::Count(number) => (count(*number)),
                        Figure::Suppressed => {
                            span aria-hidden="true" { (WITHHELD) }
                            span class="hidden" { (language.pick("visas inte", "withheld")) }
                        },
                    }
                }
            }
        }
    }
}

fn legend(overview: &Overview, language: Language) -> Markup {
    let least = overview.min_count.saturating_sub(1);
    html! {
        p class="soft" {
            strong { (WITHHELD) } " "
            @match language {
                Language::Swedish => {
                    "Visas inte: antalet är 1–" (least) ", eller behövs för att ett sådant antal inte ska gå att räkna ut."
                },
                Language::English => {
                    "Withheld: the count is 1–" (least) ", or is needed so that such a count cannot be worked out."
                },
            }
        }
    }
}
