//! The frame of every page: head, navigation, the switch of language, foot. And the pages that say what went wrong.

use maud::{DOCTYPE, Markup, html};

use crate::address::{Address, Language};
use crate::assets::{MARK, SCRIPT, STYLE};

/// A place in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Analysis,
    Terms,
    Classifier,
    Quality,
    About,
    /// None of them.
    Nowhere,
}

const SECTIONS: [(Section, &str, &str, &str); 5] = [
    (Section::Analysis, "/", "Analys", "Analysis"),
    (Section::Terms, "/begrepp", "Begrepp", "Terms"),
    (Section::Classifier, "/klassificera", "Klassificera", "Classify"),
    (Section::Quality, "/kvalitet", "Kvalitet", "Quality"),
    (Section::About, "/om", "Om", "About"),
];

/// A whole page.
pub(crate) fn frame(title: &str, section: Section, address: &Address, content: &Markup) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let other = address.language.other();
    html! {
        (DOCTYPE)
        html lang=(address.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – Vårdnav" }
                link rel="stylesheet" href=(STYLE.path());
                link rel="icon" type="image/svg+xml" href=(MARK.path());
                link rel="alternate" hreflang=(other.tag()) href=(address.in_language(other));
                script src=(SCRIPT.path()) defer {}
            }
            body {
                a class="skip" href="#content" { (say("Till innehållet", "To the content")) }
                header class="top" {
                    a class="name" href=(address.to("/", &[])) {
                        img src=(MARK.path()) alt="" width="28" height="28";
                        "Vårdnav"
                    }
                    nav aria-label=(say("Huvudmeny", "Main menu")) {
                        ul {
                            @for (place, path, sv, en) in SECTIONS {
                                li {
                                    a href=(address.to(path, &[])) aria-current=[(place == section).then_some("page")] {
                                        (say(sv, en))
                                    }
                                }
                            }
                        }
                    }
                    a class="away" href=(address.in_language(other)) lang=(other.tag()) hreflang=(other.tag()) {
                        (match other { Language::English => "In English", Language::Swedish => "På svenska" })
                    }
                }
                main id="content" tabindex="-1" { (content) }
                footer {
                    p {
                        (say("Vårdnav beskriver vård nära patienten på samma sätt i hela landet. Definitioner, \
                              beslutstabeller och mått är publicerade och versionerade.",
                             "Vårdnav describes care close to the patient the same way everywhere in the country. \
                              Definitions, decision tables and measures are published and versioned."))
                    }
                    p { a href=(address.to("/om", &[])) { (say("Om Vårdnav", "About Vårdnav")) } }
                }
            }
        }
    }
}

/// The page for an address that leads nowhere.
pub(crate) fn missing(address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    state(
        address,
        "404",
        say("Sidan finns inte", "There is no such page"),
        say(
            "Adressen kan vara felskriven, eller så finns det den pekade på inte i den release som gäller. \
             Sök efter begreppet, eller börja om från startsidan.",
            "The address may be misspelt, or what it led to is not in the release in force. Search for the term, or \
             begin again at the start page.",
        ),
    )
}

/// The page for what went wrong here.
pub(crate) fn failed(address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    state(
        address,
        "500",
        say("Något gick fel hos oss", "Something went wrong with us"),
        say(
            "Sidan kunde inte visas. Försök igen om en stund; det du valde finns kvar i adressen.",
            "The page could not be shown. Try again in a while; what you chose is kept in the address.",
        ),
    )
}

/// The page for when too much is asked for at once.
pub(crate) fn busy(address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    state(
        address,
        "503",
        say("Just nu är det många som frågar", "Many are asking just now"),
        say(
            "Svaret dröjde för länge. Försök igen om en stund; det du valde finns kvar i adressen.",
            "The answer took too long. Try again in a while; what you chose is kept in the address.",
        ),
    )
}

fn state(address: &Address, code: &str, title: &str, text: &str) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let content = html! {
        div class="state" {
            p class="kicker" { (code) }
            h1 { (title) }
            p class="lead" { (text) }
            ul class="actions" {
                @if code == "404" {
                    li { a class="button" href=(address.to("/begrepp", &[])) { (say("Sök begrepp", "Search terms")) } }
                } @else {
                    li { a class="button" href=(address.here()) { (say("Försök igen", "Try again")) } }
                }
                li { a href=(address.to("/", &[])) { (say("Till startsidan", "To the start page")) } }
            }
        }
    };
    frame(title, Section::Nowhere, address, &content)
}
