//! Decision tables, to read: each rule with what it asks for and what it gives.

use maud::{Markup, html};
use vardnav_classification::model::{HitPolicy, Outcome, Rule, Table};

use super::answer::basis;
use super::asked::Asked;
use super::words::Words;
use crate::address::{Address, segment};
use crate::frame::{Section, frame};
use crate::typography::capital;

/// All tables of the release.
pub(super) fn list(asked: &Asked, address: &Address) -> Markup {
    let words = Words::new(&asked.system, address.language);
    let content = html! {
        p class="kicker" { a href=(address.to("/klassificera", &[])) { (words.say("Klassificera", "Classify")) } }
        h1 { (words.say("Beslutstabeller", "Decision tables")) }
        p class="lead" {
            (words.say("Tabellerna avgör vad fakta betyder. De läses uppifrån och ned, och är bevisade: inget fall faller \
                        utanför, och ingen regel är utan verkan.",
                       "The tables decide what facts mean. They are read from above, and are proven: no case falls \
                        outside, and no rule is without effect."))
        }
        (of(asked, words))
        ul class="hits" {
            @for (_, table) in asked.system.tables() {
                li {
                    p class="hit" { a href=(asked.tables_link(address, &table.id)) { (words.axis(&table.id)) } }
                    p class="soft small" { (table.rules.len()) " " (words.say("regler", "rules")) ", " (policy(table.hit_policy, words)) }
                }
            }
        }
    };
    frame(
        words.say("Beslutstabeller", "Decision tables"),
        Section::Classifier,
        address,
        &content,
    )
}

/// One table.
pub(super) fn page(asked: &Asked, table: &Table, address: &Address) -> Markup {
    let words = Words::new(&asked.system, address.language);
    let title = words.label(&table.label, &table.id);
    let has_basis = table
        .rules
        .iter()
        .any(|rule| !rule.legal_basis.is_empty() || !rule.status.is_empty());
    let content = html! {
        p class="kicker" {
            a href=(address.to("/klassificera", &[])) { (words.say("Klassificera", "Classify")) } " / "
            a href=(asked.tables_link(address, "")) { (words.say("Beslutstabeller", "Decision tables")) }
        }
        h1 { (capital(title)) }
        p class="lead" { (capital(policy(table.hit_policy, words))) "." }
        (of(asked, words))
        div class="scroll" tabindex="0" role="region" aria-label=(title) {
            table class="rules stacked" {
                thead { tr {
                    th scope="col" { (words.say("Regel", "Rule")) }
                    th scope="col" { (words.say("Om", "If")) }
                    th scope="col" { (words.say("Ger", "Gives")) }
                    @if has_basis { th scope="col" { (words.say("Grund", "Basis")) } }
                } }
                tbody { @for rule in &table.rules { (row(asked, table, rule, has_basis, words)) } }
            }
        }
    };
    frame(title, Section::Classifier, address, &content)
}

fn of(asked: &Asked, words: Words<'_>) -> Markup {
    html! {
        p class="soft small" {
            (words.say("Release ", "Release ")) (asked.release.id) ", " (words.say("för vård från ", "for care from "))
            time { (asked.release.from) } "."
        }
    }
}

fn policy(policy: HitPolicy, words: Words<'_>) -> &'static str {
    match policy {
        HitPolicy::First => words.say(
            "den första regel som passar avgör",
            "the first rule that matches decides",
        ),
        HitPolicy::Collect => words.say(
            "varje regel som passar ger sitt värde",
            "every rule that matches gives its value",
        ),
    }
}

fn row(asked: &Asked, table: &Table, rule: &Rule, has_basis: bool, words: Words<'_>) -> Markup {
    // Rules of a variant that is not taken are kept beside the others, and are told from them.
    let taken = rule.variant.as_ref().is_none_or(|variant| {
        let points = &asked.system.source().points;
        points
            .iter()
            .any(|point| point.id == variant.point && point.chosen == variant.name)
    });
    // One rule id stands in several variants; the one that is taken is the one that links lead to.
    let id = taken.then(|| segment(&rule.id));
    html! {
        tr id=[id] class=[(!taken).then_some("aside")] {
            th scope="row" {
                span class="code" { (rule.id) }
                @if let Some(variant) = &rule.variant {
                    br; span class=(if taken { "tag" } else { "tag warm" }) {
                        (variant.to_string()) @if !taken { " – " (words.say("gäller inte", "not taken")) }
                    }
                }
                @if let Some(from) = rule.in_force_from {
                    br; span class="soft small" { (words.say("från ", "from ")) time { (from) } }
                }
            }
            td class="wide" {
                @for (at, conditions) in rule.alternatives.iter().enumerate() {
                    @if at > 0 { p class="or soft" { (words.say("eller", "or")) } }
                    @if conditions.is_empty() { span class="soft" { (words.say("alltid", "always")) } }
                    ul class="plain" {
                        @for condition in conditions {
                            li { span class="soft" { (words.axis(&condition.axis)) ": " } (words.asked_for(condition)) }
                        }
                    }
                }
                @if rule.alternatives.is_empty() { span class="soft" { (words.say("alltid", "always")) } }
            }
            td class="wide" {
                @match &rule.outcome {
                    Outcome::Value(value) => strong { (words.value(&table.id, value)) },
                    Outcome::Hold { reason } => { span class="tag warm" { (words.say("avvaktar", "waits")) } br; span class="soft" { (words.language.of(reason)) } },
                    Outcome::CatchAll => span class="soft" { (words.say("avvaktar: ingen regel passar", "waits: no rule matches")) },
                }
            }
            @if has_basis { td class="wide" { (basis(asked, rule, words)) } }
        }
    }
}
