//! The page as HTML. Every figure stands in a table with headers that a screen reader can tell; what is withheld is
//! marked in words as well as by a sign.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use vardnav_indicators::Figure;

use crate::style::STYLE;
use crate::{Language, Overview, Row, Table};

/// The sign for a figure that is withheld, as official statistics in Sweden use it.
const WITHHELD: &str = "..";

/// The start page.
pub(crate) fn start(overview: &Overview, language: Language) -> Markup {
    let say = |sv, en| language.pick(sv, en);
    let content = html! {
        h1 { (say("Vård nära patienten, beskriven på samma sätt i hela landet",
                  "Care close to the patient, described the same way everywhere")) }
        p {
            (say("Vårdnav är ett gemensamt system för begrepp, klassificering och uppföljning av nära vård: \
                  mobil vård, sjukhusvård i hemmet, hälso- och sjukvård i hemmet, vårdplatser i primärvården och \
                  vård på distans. Den som ger vården anger vad som går att iaktta. Vårdform, vårdnivå och \
                  redovisningsskyldighet följer av publicerade beslutstabeller.",
                 "Vårdnav is a shared system for the terms, classification and follow-up of care close to the \
                  patient: mobile care, hospital care at home, home health care, primary-care beds and remote care. \
                  Those who give care state what can be observed. Form, level and duties to report follow from \
                  published decision tables."))
        }
        section aria-labelledby="release" {
            h2 id="release" { (say("Gällande release", "Release in force")) }
            @match &overview.release {
                Some(release) => dl {
                    dt { (say("Beteckning", "Id")) } dd { (release.id) }
                    dt { (say("Namn", "Name")) } dd { (language.of(&release.title)) }
                    dt { (say("Gäller vård från", "Applies to care from")) } dd { time { (release.from) } }
                },
                None => p { (say("Ingen release är publicerad ännu.", "No release is published yet.")) },
            }
        }
        @if !overview.tables.is_empty() {
            section aria-labelledby="figures" {
                h2 id="figures" { (say("Antal per grupp och region", "Counts by group and region")) " " (overview.year) }
                p class="soft" { (language.of(&overview.coverage)) "." }
                (years(overview, language))
                @for table in &overview.tables { (figures(overview, table, language)) }
                (legend(overview, language))
            }
        }
    };
    frame(
        say(
            "Vårdnav – nära vård i siffror",
            "Vårdnav – care close to the patient in figures",
        ),
        language,
        &content,
    )
}

/// The page for an address that leads nowhere.
pub(crate) fn missing(language: Language) -> Markup {
    let title = language.pick("Sidan finns inte", "There is no such page");
    let content = html! {
        h1 { (title) }
        p { a href=(home(language)) { (language.pick("Till startsidan", "To the start page")) } }
    };
    frame(title, language, &content)
}

fn frame(title: &str, language: Language, content: &Markup) -> Markup {
    let (own, other) = match language {
        Language::Swedish => ("sv", Language::English),
        Language::English => ("en", Language::Swedish),
    };
    html! {
        (DOCTYPE)
        html lang=(own) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#content" { (language.pick("Till innehållet", "To the content")) }
                header {
                    p class="name" { a href=(home(language)) { "Vårdnav" } }
                    p class="away" {
                        @if other == Language::English {
                            a href=(home(other)) lang="en" hreflang="en" { "In English" }
                        } @else {
                            a href=(home(other)) lang="sv" hreflang="sv" { "På svenska" }
                        }
                    }
                }
                main id="content" { (content) }
                footer {
                    p class="soft" {
                        (language.pick(
                            "Antalen är räknade ur registret. Små antal visas inte, för att ingen ska kunna kännas igen.",
                            "The counts come from the register. Small counts are withheld, so that nobody can be recognised."))
                    }
                }
            }
        }
    }
}

fn home(language: Language) -> &'static str {
    language.pick("/", "/?lang=en")
}

fn years(overview: &Overview, language: Language) -> Markup {
    let language_part = language.pick("", "&lang=en");
    html! {
        @if overview.years.len() > 1 {
            nav aria-label=(language.pick("Välj år", "Choose a year")) {
                ul {
                    @for year in &overview.years {
                        li {
                            @if *year == overview.year { span aria-current="page" { (year) } }
                            @else { a href={ "/?year=" (year) (language_part) } { (year) } }
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
            table {
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
                        Figure::Count(count) => (grouped(*count)),
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

/// A count with a narrow space that does not break between groups of three digits.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}
