//! One indicator: its plain line, its figures, what is counted of whom, its variants with their conditions, what it is broken down by
//! and what it is not, how sure it is, and where its series breaks.

use std::sync::Arc;

use maud::{Markup, html};
use vardnav_classification::model::Label;
use vardnav_indicators::definition::{
    BrokenDownBy, Direction, Indicator, IndicatorDefinitions, Interval, Length, Variant,
};
use vardnav_indicators::measure::Term;

use super::{Read, feed, feed_tag};
use crate::Source;
use crate::address::{Address, Language};
use crate::analysis::board::Board;
use crate::analysis::figures::{self, Asked};
use crate::analysis::start::path;
use crate::analysis::{self, files};
use crate::frame::{Section, frame};
use crate::typography::{capital, count};

/// The page of an indicator.
pub(super) fn page(source: &dyn Source, read: &Read, indicator: &Indicator, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let definitions = &read.release.indicators;
    let title = language.of(&indicator.label);
    let board = Board::new(source, Arc::clone(&read.release), address);
    let content = html! {
        p class="kicker" { a href=(read.link(address, "/indikatorer")) { (say("Indikatorer", "Indicators")) } }
        h1 { (title) }
        p class="status" {
            @if indicator.core_number > 0 {
                span class="tag" { (say("kärnindikator ", "core indicator ")) (indicator.core_number) } " "
            }
            (feed_tag(indicator.feed, language))
        }
        p class="lead" { (language.of(&indicator.plain)) }
        (shown(&board, read, indicator))
        @if !indicator.counted_table.is_empty() { (counted_by_values(source, indicator, address)) }
        (read.notice(address))
        section aria-labelledby="definition" {
            h2 id="definition" { (say("Definition", "Definition")) }
            dl {
                (line(say("Räknas", "Counted"), &indicator.numerator, language))
                (line(say("Av", "Of"), &indicator.denominator, language))
                (line(say("Gäller", "About"), &indicator.population, language))
                (line(say("Utom", "Left out"), &indicator.exclusions, language))
                (line(say("Enhet", "Unit"), &indicator.unit, language))
                dt { (say("Bättre", "Better")) } dd { (direction(indicator.direction, language)) }
                dt { (say("Period", "Period")) } dd { (period(indicator, language)) }
                dt { (say("Intervall", "Interval")) } dd { (interval(indicator.interval, language)) }
                @if let Some(standard) = definitions.standard(&indicator.standard) {
                    dt { (say("Standardpopulation", "Standard population")) } dd { (language.of(&standard.label)) }
                }
                dt { (say("Källa", "Source")) } dd { (indicator.source) }
                dt { (say("Metodversion", "Version of the method")) } dd { (indicator.method_version) }
                dt { (say("Beteckning", "Id")) } dd class="code" { (indicator.id) }
            }
        }
        (goals(definitions, indicator, language))
        (variants(definitions, indicator, language))
        (breakdowns(definitions, indicator, language))
        @if !indicator.breaks.is_empty() {
            section aria-labelledby="breaks" {
                h2 id="breaks" { (say("Brott i serien", "Breaks in the series")) }
                ul class="plain" {
                    @for broken in &indicator.breaks {
                        li { (say("Från ", "From ")) time { (broken.from) } ": " (language.of(&broken.reason)) }
                    }
                }
            }
        }
    };
    frame(title, Section::Analysis, address, &content)
}

/// The figures: how they are chosen, the panels, what they rest on, and how they are cited.
fn shown(board: &Board<'_>, read: &Read, indicator: &Indicator) -> Markup {
    let say = |sv, en| board.say(sv, en);
    let Some(asked) = Asked::of(board, indicator) else {
        return html! {};
    };
    let panels = figures::panels(board, &asked);
    if panels.is_empty() {
        return html! { p class="empty" { (board.awaited(asked.variant.feed)) "." } };
    }
    let file = |id: &str, ending: &str| {
        let mut parameters = asked.parameters();
        parameters.extend(read.named.then(|| (super::RELEASE, read.release.id.clone())));
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        board
            .address
            .to(&format!("{}/{id}.{ending}", path(indicator)), &parameters)
    };
    let rests_on = panels.last().map(|panel| &panel.answer);
    html! {
        (chooser(board, read, &asked))
        div class="panels" {
            @for panel in &panels { (panel.on_page(board, indicator, &|ending| file(&panel.id, ending))) }
        }
        @if let Some(answer) = rests_on {
            p class="soft small" {
                (capital(board.language.of(&answer.note))) ". "
                @if answer.coverage.behind > 0 {
                    (count(answer.coverage.behind)) " " (say("poster är inte räknade än.", "entries are not counted yet."))
                }
            }
        }
        @if let Some(panel) = panels.first() {
            p class="cite small" { (say("Så här citeras sidan: ", "How to cite this page: ")) q { (files::cited(board, &asked, panel)) } }
        }
    }
}

/// The form that chooses what is shown; it works without script.
fn chooser(board: &Board<'_>, read: &Read, asked: &Asked<'_>) -> Markup {
    let say = |sv, en| board.say(sv, en);
    let language = board.language;
    let with_figures = |variant: &&Variant| !board.years(asked.indicator, variant).is_empty();
    let variants: Vec<&Variant> = asked.indicator.variants.iter().filter(with_figures).collect();
    let further = figures::further(board, asked.indicator);
    let by_region = board.offers(asked.indicator, |by| *by == BrokenDownBy::Region);
    html! {
        form class="choose" action=(path(asked.indicator)) method="get" {
            @if variants.len() > 1 {
                div {
                    label for="variant" { (say("Sätt att räkna", "Way of counting")) }
                    select id="variant" name="variant" {
                        @for variant in variants {
                            option value=(variant.id) selected[variant.id == asked.variant.id] { (capital(language.of(&variant.label))) }
                        }
                    }
                }
            } @else { input type="hidden" name="variant" value=(asked.variant.id); }
            div {
                label for="year" { (say("År", "Year")) }
                select id="year" name="year" {
                    @for year in asked.years.iter().rev() { option selected[*year == asked.year] { (year) } }
                }
            }
            @if by_region {
                div {
                    label for="region" { (say("Region", "Region")) }
                    select id="region" name="region" {
                        option value="" { (say("Hela landet", "The whole country")) }
                        @for (code, name) in board.regions() {
                            option value={ (format!("{code:02}")) } selected[asked.region == Some(*code)] { (name) }
                        }
                    }
                }
            }
            @if !further.is_empty() {
                div {
                    label for="by" { (say("Dela upp på", "Break down by")) }
                    select id="by" name="by" {
                        option value="" { (say("inget mer", "nothing more")) }
                        @for one in &further {
                            option value=(one.id) selected[asked.by.as_deref() == Some(one.id.as_str())] { (language.of(&one.label)) }
                        }
                    }
                }
            }
            @if read.named { input type="hidden" name=(super::RELEASE) value=(read.release.id); }
            @if language == Language::English { input type="hidden" name="lang" value="en"; }
            button { (say("Visa", "Show")) }
        }
    }
}

/// Counts by the values of the indicator's table.
fn counted_by_values(source: &dyn Source, indicator: &Indicator, address: &Address) -> Markup {
    let overview = source.overview(address.year());
    let table = overview.tables.iter().find(|table| table.id == indicator.id);
    html! { @if let Some(table) = table { (analysis::counts(&overview, table, &path(indicator), address)) } }
}

fn line(name: &str, text: &Label, language: Language) -> Markup {
    html! { @if !text.sv.is_empty() { dt { (name) } dd { (language.of(text)) } } }
}

fn goals(definitions: &IndicatorDefinitions, indicator: &Indicator, language: Language) -> Markup {
    let named = |id: &String| definitions.goals.iter().find(|goal| goal.id == *id);
    html! {
        @if !indicator.goals.is_empty() {
            section aria-labelledby="goals" {
                h2 id="goals" { (language.pick("Mål som den belyser", "Goals that it tells of")) }
                ul class="plain" {
                    @for id in &indicator.goals {
                        li {
                            strong { (id) }
                            @if let Some(goal) = named(id) { ": " (language.of(&goal.label)) }
                        }
                    }
                }
            }
        }
    }
}

fn variants(definitions: &IndicatorDefinitions, indicator: &Indicator, language: Language) -> Markup {
    html! {
        section aria-labelledby="variants" {
            h2 id="variants" { (language.pick("Sätt att räkna", "Ways of counting")) }
            @for variant in &indicator.variants { (counted(definitions, variant, language)) }
        }
    }
}

fn counted(definitions: &IndicatorDefinitions, variant: &Variant, language: Language) -> Markup {
    html! {
        h3 { (language.of(&variant.label)) }
        p class="soft" { (feed(variant.feed, language)) "." }
        @if variant.figure.is_computed() {
            dl {
                (terms(definitions, language.pick("Täljare", "Numerator"), &variant.figure.numerator, language))
                (terms(definitions, language.pick("Nämnare", "Denominator"), &variant.figure.denominator, language))
            }
        }
    }
}

/// A sum: each measure in words, and its conditions as the release states them.
fn terms(definitions: &IndicatorDefinitions, name: &str, terms: &[Term], language: Language) -> Markup {
    html! {
        @if !terms.is_empty() {
            dt { (name) }
            dd {
                @for term in terms {
                    @if term.times > 1 { (term.times) " × " }
                    @match definitions.measure(&term.measure) {
                        Some(measure) => {
                            (language.of(&measure.label))
                            ul {
                                @for condition in &measure.conditions { li { code { (condition) } } }
                                @for condition in &measure.exclusions {
                                    li { (language.pick("inte ", "not ")) code { (condition) } }
                                }
                            }
                        },
                        None => code { (term.measure) },
                    }
                }
            }
        }
    }
}

fn breakdowns(definitions: &IndicatorDefinitions, indicator: &Indicator, language: Language) -> Markup {
    let offered = indicator
        .breakdowns
        .iter()
        .filter_map(|id| definitions.breakdown(id));
    let (absent, present): (Vec<_>, Vec<_>) =
        offered.partition(|one| matches!(one.by, BrokenDownBy::NotAvailable(_)));
    html! {
        @if !present.is_empty() || !absent.is_empty() {
            section aria-labelledby="breakdowns" {
                h2 id="breakdowns" { (language.pick("Uppdelningar", "Breakdowns")) }
                ul class="plain" {
                    @for one in &present {
                        li {
                            (language.of(&one.label))
                            @if !one.source.is_empty() { span class="soft" { " (" (one.source) ")" } }
                        }
                    }
                }
                @if !absent.is_empty() {
                    h3 { (language.pick("Efterfrågas men finns inte", "Asked for and not available")) }
                    ul class="plain" {
                        @for one in &absent {
                            @if let BrokenDownBy::NotAvailable(reason) = &one.by {
                                li { (language.of(&one.label)) ": " (language.of(reason)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn direction(direction: Direction, language: Language) -> &'static str {
    match direction {
        Direction::Higher => language.pick("ju högre", "the higher"),
        Direction::Lower => language.pick("ju lägre", "the lower"),
        Direction::None => language.pick("varken eller: den beskriver", "neither: it describes"),
    }
}

fn period(indicator: &Indicator, language: Language) -> Markup {
    let window = &indicator.window;
    let length = match window.period {
        Length::Month => language.pick("kalendermånad och kalenderår", "calendar month and calendar year"),
        Length::Year => language.pick("kalenderår", "calendar year"),
        Length::Survey => language.pick("när undersökningen gjordes", "when the survey was made"),
    };
    html! {
        (length)
        @if window.years > 1 {
            @match language {
                Language::Swedish => {
                    "; upp till " (window.years) " år tas tillsammans där ett år har färre än " (window.enough) " händelser"
                },
                Language::English => {
                    "; up to " (window.years) " years are taken together where one has fewer than " (window.enough) " events"
                },
            }
        }
    }
}

fn interval(interval: Interval, language: Language) -> &'static str {
    match interval {
        Interval::None => language.pick(
            "inget: siffran gäller alla",
            "none: the figure is of all there is",
        ),
        Interval::Wilson => language.pick("för en andel, enligt Wilson", "of a proportion, by Wilson"),
        Interval::Poisson => language.pick("för antal händelser, Poisson", "of a count of events, Poisson"),
        Interval::Standardised => language.pick(
            "för en åldersstandardiserad kvot",
            "of a rate standardised for age",
        ),
        Interval::ByPerson => language.pick("med personerna som kluster", "with the persons as clusters"),
        Interval::ByUnit => language.pick("med vårdenheterna som kluster", "with the care units as clusters"),
        Interval::Stated => language.pick("som källan anger", "as the source states"),
    }
}
