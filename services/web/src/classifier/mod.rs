//! The classifier: facts are chosen, and what follows from them is shown with its reason, what is missing, and what
//! would lead elsewhere; and the decision tables, to read. The pure crate decides; here it is only asked and shown.

mod answer;
mod asked;
mod coming;
mod form;
mod rules;
mod variants;
mod words;

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use vardnav_classification::counterfactual::Limits;

use self::asked::Asked;
use self::words::Words;
use crate::Source;
use crate::address::Address;
use crate::frame::{Section, frame};
use crate::{answer as answers, frame as frames};

/// How far is searched for what would lead elsewhere: a page is asked for often, and shows few ways.
const LIMITS: Limits = Limits {
    tries: 4_000,
    ways: 4,
    conjunctions: 1_000,
};

/// The page on which facts are chosen.
pub(crate) fn start(source: &dyn Source, address: &Address) -> Response {
    match Asked::of(source, address) {
        Some(asked) => answers::page(page(source, &asked, address)),
        None if address.value(asked::RELEASE).is_some() => gone(address),
        None => answers::page(nothing(address)),
    }
}

/// The decision tables of a release.
pub(crate) fn tables(source: &dyn Source, address: &Address) -> Response {
    match Asked::of(source, address) {
        Some(asked) => answers::page(rules::list(&asked, address)),
        None => gone(address),
    }
}

/// A decision table.
pub(crate) fn table(source: &dyn Source, address: &Address, id: &str) -> Response {
    let Some(asked) = Asked::of(source, address) else {
        return gone(address);
    };
    match asked.system.table(id) {
        Some((_, table)) => answers::page(rules::page(&asked, table, address)),
        None => gone(address),
    }
}

fn gone(address: &Address) -> Response {
    answers::page_with(StatusCode::NOT_FOUND, frames::missing(address))
}

fn nothing(address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let content = html! {
        h1 { (say("Klassificera", "Classify")) }
        p class="empty" { (say("Ingen release gäller det valda datumet, så det finns inga beslutstabeller att pröva mot.",
                               "No release is in force on the date chosen, so there are no decision tables to decide by.")) }
    };
    frame(
        say("Klassificera", "Classify"),
        Section::Classifier,
        address,
        &content,
    )
}

fn page(source: &dyn Source, asked: &Asked, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let words = Words::new(&asked.system, address.language);
    let explanation = asked.system.explain(asked.grain, asked.date, &asked.facts);
    let elsewhere = asked
        .system
        .counterfactuals_within(asked.grain, asked.date, &asked.facts, LIMITS);
    let missing = answer::missing(&explanation);
    let content = html! {
        h1 { (say("Klassificera", "Classify")) }
        p class="lead noprint" {
            (say("Ange vad som går att iaktta. Det som inte anges är okänt; inget värde antas.",
                 "State what can be observed. What is not stated is unknown; no value is assumed."))
        }
        (answer::gist(&explanation, words))
        div class="sides" {
            (form::form(asked, &missing, address, words))
            div id="answer" class="answer" {
                (answer::answer(asked, &explanation, &elsewhere, address, words))
                (variants::section(source, asked, address, words))
                (coming::section(source, asked, address, words))
                (reference(asked, address))
            }
        }
    };
    frame(
        say("Klassificera", "Classify"),
        Section::Classifier,
        address,
        &content,
    )
}

/// The link that always shows the same, and what decided.
fn reference(asked: &Asked, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let permanent = address.with(&asked.parameters(true));
    html! {
        section {
            h2 { (say("Hänvisa hit", "Refer to this")) }
            dl {
                dt { (say("Release", "Release")) } dd { (asked.release.id) ", " (address.language.of(&asked.release.title)) }
                dt { (say("Datum", "Date")) } dd { time { (asked.date) } }
                dt { (say("Permanent länk", "Permanent link")) } dd { a href=(permanent) { (say("till just det här fallet", "to this very case")) } }
                dt { (say("Beslutstabeller", "Decision tables")) } dd { a href=(asked.tables_link(address, "")) { (say("läs reglerna", "read the rules")) } }
            }
        }
    }
}
