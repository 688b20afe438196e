//! One indicator: its plain line, what is counted of whom, its variants with their conditions, what it is broken down by
//! and what it is not, how sure it is, and where its series breaks.

use maud::{Markup, html};
use vardnav_classification::model::Label;
use vardnav_indicators::definition::{
    BrokenDownBy, Direction, Indicator, IndicatorDefinitions, Interval, Length, Variant,
};
use vardnav_indicators::measure::Term;

use super::{Read, feed, feed_tag};
use crate::address::{Address, Language};
use crate::frame::{Section, frame};

/// The page of an indicator.
pub(super) fn page(read: &Read, indicator: &Indicator, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let definitions = &read.release.indicators;
    let title = language.of(&indicator.label);
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
        section aria-labelledby="figures" {
            h2 id="figures" { (say("Siffrorna", "The figures")) }
            @if indicator.counted_table.is_empty() {
                p {
                    (say("Siffrorna visas inte på den här sidan. De fås med ", "The figures are not shown on this page. They are had by "))
                    code { "vardnav indicator query " (indicator.id) }
                    (say(" eller över gRPC.", " or over gRPC."))
                }
            } @else {
                p { a href=(address.to("/", &[])) { (say("Siffrorna per region", "The figures by region")) } }
            }
        }
    };
    frame(title, Section::Analysis, address, &content)
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
