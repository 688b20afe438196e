//! The figures as a page. Every figure stands in a table with headers that a screen reader can tell; what is withheld
//! is marked in words as well as by a sign.

pub(crate) mod library;

use maud::{Markup, html};
use vardnav_indicators::Figure;

use crate::address::{Address, Language};
use crate::frame::{Section, frame};
use crate::typography::count;
use crate::{Overview, Row, Table};

/// The sign for a figure that is withheld, as official statistics in Sweden use it.
const WITHHELD: &str = "..";

/// The start page.
pub(crate) fn start(overview: &Overview, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let content = html! {
        h1 { (say("Vård nära patienten, beskriven på samma sätt i hela landet",
                  "Care close to the patient, described the same way everywhere")) }
        p class="lead" {
            (say("Den som ger vården anger vad som går att iaktta. Vårdform, vårdnivå och redovisningsskyldighet följer \
                  av publicerade beslutstabeller, och siffrorna räknas ur det som rapporterats.",
                 "Those who give care state what can be observed. Form, level and duties to report follow from \
                  published decision tables, and the figures are counted from what was reported."))
        }
        ul class="actions" {
            li { a class="button" href=(address.to("/begrepp", &[])) { (say("Sök begrepp", "Search terms")) } }
            li { a href=(address.to("/klassificera", &[])) { (say("Pröva en klassificering", "Try a classification")) } }
        }
        section aria-labelledby="release" {
            h2 id="release" { (say("Gällande release", "Release in force")) }
            @match &overview.release {
                Some(release) => dl {
                    dt { (say("Beteckning", "Id")) } dd { (release.id) }
                    dt { (say("Namn", "Name")) } dd { (language.of(&release.title)) }
                    dt { (say("Gäller vård från", "Applies to care from")) } dd { time { (release.from) } }
                },
                None => p class="empty" { (say("Ingen release är publicerad ännu.", "No release is published yet.")) },
            }
        }
        section aria-labelledby="library" {
            h2 id="library" { (say("Indikatorerna", "The indicators")) }
            p {
                a href=(address.to("/indikatorer", &[])) { (say("Alla indikatorer och hur de räknas", "All indicators and how they are counted")) }
            }
        }
        @if !overview.tables.is_empty() {
            section aria-labelledby="figures" {
                h2 id="figures" { (say("Antal per grupp och region", "Counts by group and region")) " " (overview.year) }
                p class="soft" { (language.of(&overview.coverage)) "." }
                (years(overview, address))
                @for table in &overview.tables { (figures(overview, table, language)) }
                (legend(overview, language))
            }
        }
    };
    frame(
        say("Nära vård i siffror", "Care close to the patient in figures"),
        Section::Analysis,
        address,
        &content,
    )
}

fn years(overview: &Overview, address: &Address) -> Markup {
    html! {
        @if overview.years.len() > 1 {
            nav class="years" aria-label=(address.language.pick("Välj år", "Choose a year")) {
                ul {
                    @for year in &overview.years {
                        li {
                            @if *year == overview.year { span aria-current="page" { (year) } }
                            @else { a href=(address.to("/", &[("year", &year.to_string())])) { (year) } }
                        }
                    }
                }
            }
        }
    }
}

fn figures(overview: &Overview, table: &Table, language: Language) -> Markup {
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
