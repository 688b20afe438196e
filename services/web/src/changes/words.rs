//! The words for areas of a release, for what became of an element, and for the answers to comments.

use maud::{Markup, html};
use vardnav_release::diff::What;
use vardnav_release::entry::Resolution;

use crate::address::Language;

/// The areas of a release in the order in which readers look for them.
pub(super) const AREAS: [&str; 14] = [
    "terms",
    "tables",
    "axes",
    "indicators",
    "variables",
    "validation",
    "maps",
    "code-systems",
    "deliveries",
    "legal-bases",
    "units",
    "withdrawals",
    "purposes",
    "release",
];

/// Name of an area.
pub(super) fn area(name: &str, language: Language) -> &str {
    match name {
        "release" => language.pick("releasen", "the release"),
        "terms" => language.pick("begrepp", "terms"),
        "tables" => language.pick("beslutstabeller", "decision tables"),
        "axes" => language.pick("axlar", "axes"),
        "indicators" => language.pick("indikatorer", "indicators"),
        "variables" => language.pick("variabler", "variables"),
        "validation" => language.pick("kontroller", "checks"),
        "maps" => language.pick("mappningar", "maps"),
        "code-systems" => language.pick("kodsystem", "code systems"),
        "deliveries" => language.pick("leveranser", "deliveries"),
        "legal-bases" => language.pick("rättsliga grunder", "legal bases"),
        "units" => language.pick("vårdenheter", "care units"),
        "withdrawals" => language.pick("återtaganden", "withdrawals"),
        "purposes" => language.pick("ändamål", "purposes"),
        other => other,
    }
}

/// The mark of what became of an element.
pub(super) fn what(what: What, language: Language) -> Markup {
    let (class, sv, en) = match what {
        What::Added => ("tag good", "ny", "new"),
        What::Removed => ("tag bad", "utgår", "removed"),
        What::Changed => ("tag warm", "ändrad", "changed"),
        What::Moved => ("tag", "flyttad", "moved"),
    };
    html! { span class=(class) { (language.pick(sv, en)) } }
}

/// The mark of what became of a comment.
pub(super) fn resolution(resolution: Resolution, language: Language) -> Markup {
    let (class, sv, en) = match resolution {
        Resolution::Accepted => ("tag good", "tillgodosedd", "accepted"),
        Resolution::Partly => ("tag warm", "delvis tillgodosedd", "accepted in part"),
        Resolution::Rejected => ("tag bad", "inte tillgodosedd", "not accepted"),
        Resolution::Noted => ("tag", "noterad", "noted"),
    };
    html! { span class=(class) { (language.pick(sv, en)) } }
}
