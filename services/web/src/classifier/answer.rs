//! What the tables give: the value, the rule and its basis, the facts that met it, what is missing, why earlier rules do
//! not match, and what would lead elsewhere.

use maud::{Markup, html};
use vardnav_classification::counterfactual::{
    Change, ChangeKind, Counterfactual, Effect, Stater, TableCounterfactuals, Way,
};
use vardnav_classification::explain::{Match, OtherRule, Possible, Standing, TableExplanation, Verdict};
use vardnav_classification::facts::bits;
use vardnav_classification::model::Rule;
use vardnav_classification::{Explanation, FactSource};

use super::asked::Asked;
use super::words::Words;
use crate::address::Address;

/// Ways elsewhere that are told of a value.
const WAYS_MAX: usize = 3;
/// Rules that do not match that are told of a table.
const OTHERS_MAX: usize = 60;

/// The axes that would decide something that waits.
pub(super) fn missing<'s>(explanation: &Explanation<'s>) -> Vec<&'s str> {
    let mut all: Vec<&str> = explanation
        .tables()
        .filter(|table| table.verdict() == Verdict::Held)
        .flat_map(|table| {
            table
                .possible()
                .flat_map(|open| open.missing.ids())
                .collect::<Vec<_>>()
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The answer in short, which stays in view while facts are chosen.
pub(super) fn gist(explanation: &Explanation<'_>, words: Words<'_>) -> Markup {
    html! {
        p class="gist noprint" id="gist" {
            @for table in explanation.tables() {
                @let values: Vec<&str> = table.matched().filter_map(|found| found.value()).map(|value| words.value(table.id(), value)).collect();
                a href="#answer" {
                    span class="soft" { (words.axis(table.id())) }
                    " "
                    strong {
                        @if !values.is_empty() { (values.join(", ")) }
                        @else if table.verdict() == Verdict::Held { (words.say("avvaktar", "waits")) }
                        @else { "–" }
                    }
                }
                " "
            }
        }
    }
}

/// The answer.
pub(super) fn answer<'s>(
    asked: &'s Asked,
    explanation: &Explanation<'s>,
    elsewhere: &[TableCounterfactuals],
    address: &Address,
    words: Words<'s>,
) -> Markup {
    html! {
        h2 class="hidden" { (words.say("Svar", "Answer")) }
        @if !asked.ignored.is_empty() {
            p class="note bad" {
                (words.say("Det här i adressen har ingen innebörd här och är utelämnat: ",
                           "This in the address means nothing here and is left out: "))
                (asked.ignored.join(", ")) "."
            }
        }
        @for (at, table) in explanation.tables().enumerate() {
            @let led = elsewhere.iter().find(|led| led.table == table.index());
            (result(asked, at, table, led, address, words))
        }
    }
}

fn result<'s>(
    asked: &'s Asked,
    at: usize,
    table: TableExplanation<'_, 's>,
    led: Option<&TableCounterfactuals>,
    address: &Address,
    words: Words<'s>,
) -> Markup {
    let id = table.id();
    let heading = format!("table-{at}");
    let matched: Vec<Match<'_, 's>> = table.matched().collect();
    let possible: Vec<Possible<'s>> = table.possible().collect();
    let others: Vec<OtherRule<'_, 's>> = table.others().take(OTHERS_MAX).collect();
    html! {
        section class="result" aria-labelledby=(heading) {
            h3 id=(heading) { (words.axis(id)) }
            @match table.verdict() {
                Verdict::Decided => @for found in &matched { (decided(asked, id, found, address, words)) },
                Verdict::Collected => {
                    @if matched.is_empty() { p class="value none" { (words.say("inget", "none")) } }
                    @for found in &matched { (decided(asked, id, found, address, words)) }
                },
                Verdict::Held => {
                    p class="value held" { (words.say("avvaktar", "waits")) }
                    @for found in &matched {
                        p class="soft" {
                            (found.reason().map_or(words.say("Ingen regel passar.", "No rule matches."), |reason| words.language.of(reason)))
                            " " (rule_link(asked, id, &found.rule.id, address, words))
                        }
                    }
                },
            }
            @if !possible.is_empty() && table.verdict() == Verdict::Held {
                p class="soft" { (words.say("Fortfarande möjligt:", "Still possible:")) }
                ul { @for open in &possible { (still(id, open, words)) } }
            }
            @if !possible.is_empty() && table.verdict() == Verdict::Collected {
                details id={ "open-" (at) } {
                    summary { (words.say("Kan tillkomma: ", "May be added: ")) (possible.len()) }
                    ul { @for open in &possible { (still(id, open, words)) } }
                }
            }
            @if let Some(led) = led { (ways(asked, at, led, address, words)) }
            @if !others.is_empty() {
                details id={ "others-" (at) } {
                    summary {
                        @if table.verdict() == Verdict::Collected { (words.say("Varför de andra reglerna inte gäller", "Why the other rules do not apply")) }
                        @else { (words.say("Varför tidigare regler inte gäller", "Why earlier rules do not apply")) }
                    }
                    ul { @for other in &others { (not(asked, id, other, address, words)) } }
                }
            }
        }
    }
}

/// A value with its rule, basis and reasons.
fn decided<'s>(
    asked: &'s Asked,
    table: &'s str,
    found: &Match<'_, 's>,
    address: &Address,
    words: Words<'s>,
) -> Markup {
    let rule = found.rule;
    html! {
        p class="value" { (found.value().map_or("", |value| words.value(table, value))) }
        p class="soft because" {
            (rule_link(asked, table, &rule.id, address, words))
            @if !found.facts.is_empty() {
                ": "
                @for (at, fact) in found.facts.iter().enumerate() {
                    @let (axis, values) = words.fact(fact);
                    @if at > 0 { "; " }
                    (axis) " " (words.say("är", "is")) " " strong { (values) }
                    @if fact.source.is_none() { " (" (words.say("ur tabellen", "from the table")) ")" }
                    @else if fact.source == Some(FactSource::Mapped) { " (" (words.say("ur en kod", "from a code")) ")" }
                }
            }
            "."
        }
        @if !rule.legal_basis.is_empty() || !rule.status.is_empty() {
            p class="soft small" { (basis(asked, rule, words)) }
        }
    }
}

/// The legal basis of a rule, as it is cited, and whether it holds.
pub(super) fn basis(asked: &Asked, rule: &Rule, words: Words<'_>) -> Markup {
    let legal = asked
        .release
        .register
        .legal_bases
        .iter()
        .find(|legal| legal.id == rule.legal_basis);
    html! {
        @match legal {
            Some(legal) => {
                (legal.citation)
                @let summary = words.language.of(&legal.summary);
                @if !summary.is_empty() { ": " (summary) }
            },
            None => (rule.legal_basis),
        }
        @match rule.status.as_str() {
            "statutory" => { " " span class="tag good" { (words.say("gällande rätt", "statutory")) } },
            "proposed" => { " " span class="tag warm" { (words.say("föreslaget", "proposed")) } },
            _ => {},
        }
    }
}

fn rule_link(asked: &Asked, table: &str, rule: &str, address: &Address, words: Words<'_>) -> Markup {
    let link = format!(
        "{}#{}",
        asked.tables_link(address, table),
        crate::address::segment(rule)
    );
    html! { a href=(link) { (words.say("Regel ", "Rule ")) (rule) } }
}

/// A value still possible, and what would decide it.
fn still<'s>(table: &'s str, open: &Possible<'s>, words: Words<'s>) -> Markup {
    let missing: Vec<&str> = open.missing.ids().map(|id| words.axis(id)).collect();
    html! {
        li { (words.value(table, open.value))
            @if !missing.is_empty() { span class="soft" { " – " (words.say("saknar ", "lacks ")) (missing.join(", ")) } }
        }
    }
}

/// Why a rule does not match.
fn not<'s>(
    asked: &'s Asked,
    table: &'s str,
    other: &OtherRule<'_, 's>,
    address: &Address,
    words: Words<'s>,
) -> Markup {
    html! {
        li {
            (rule_link(asked, table, &other.rule.id, address, words))
            @if let Some(value) = other.value() { " (" (words.value(table, value)) ")" }
            ": "
            @match &other.standing {
                Standing::NotInForce { from } => { (words.say("gäller först från ", "in force only from ")) time { (from) } },
                Standing::RuledOut(failed) => {
                    @for (at, fact) in failed.iter().enumerate() {
                        @let (axis, values) = words.fact(fact);
                        @if at > 0 { (words.say("; och ", "; and ")) }
                        (axis) " " (words.say("är", "is")) " " (values) ", " (words.say("ska vara", "must be")) " " (words.tested(fact))
                    }
                },
                Standing::Undetermined(missing) => {
                    @let ids: Vec<&str> = missing.ids().map(|id| words.axis(id)).collect();
                    (words.say("oavgjord, saknar ", "undetermined, lacks ")) (ids.join(", "))
                },
            }
        }
    }
}

/// What would lead the table elsewhere: ways by a single change at once, longer ones folded.
fn ways<'s>(
    asked: &'s Asked,
    at: usize,
    led: &TableCounterfactuals,
    address: &Address,
    words: Words<'s>,
) -> Markup {
    let table = asked
        .system
        .slot_of(led.table)
        .map_or("", |slot| asked.system.axis_id(slot));
    let is_single = |found: &&Counterfactual| {
        found.ways.iter().all(|way| way.changes.len() == 1) && !found.ways.is_empty()
    };
    let (single, more): (Vec<_>, Vec<_>) = led.found.iter().partition(is_single);
    let line = |found: &&Counterfactual| {
        let value = asked
            .system
            .slot_of(led.table)
            .map_or("", |slot| asked.system.value_code(slot, found.value));
        html! {
            @for way in found.ways.iter().take(WAYS_MAX) {
                li {
                    (effect(found.effect, words)) " " strong { (words.value(table, value)) } " "
                    (words.say("om", "if")) " " (one_way(way, words)) " "
                    @if let Some(link) = changed(asked, way, address) { a href=(link) { (words.say("pröva", "try")) } }
                }
            }
        }
    };
    html! {
        @if !single.is_empty() {
            details id={ "single-" (at) } {
                summary { (words.say("Vad en enda ändring skulle göra", "What a single change would do")) }
                ul { @for found in &single { (line(found)) } }
            }
        }
        @if !more.is_empty() {
            details id={ "more-" (at) } {
                summary { (words.say("Vad flera ändringar skulle göra", "What several changes would do")) }
                ul { @for found in &more { (line(found)) } }
            }
        }
    }
}

fn effect(effect: Effect, words: Words<'_>) -> &'static str {
    match effect {
        Effect::Gives => words.say("Blir", "Becomes"),
        Effect::Adds => words.say("Får även", "Also gives"),
        Effect::Drops => words.say("Ger inte längre", "No longer gives"),
    }
}

fn one_way(way: &Way, words: Words<'_>) -> Markup {
    html! {
        @for (at, change) in way.changes.iter().enumerate() {
            @if at > 0 { " " (words.say("och", "and")) " " }
            (one_change(change, words))
        }
    }
}

fn one_change(change: &Change, words: Words<'_>) -> Markup {
    let system = words.system;
    let verb = match change.kind {
        ChangeKind::Set => words.say("är", "is"),
        ChangeKind::Add => words.say("även är", "also is"),
        ChangeKind::Remove => words.say("är utan", "is without"),
    };
    let whose = match system.stater(change.slot) {
        Stater::Reporter => "",
        Stater::Unit => words.say(" (anges av vårdenheten)", " (stated by the care unit)"),
        Stater::Derived => words.say(" (härleds)", " (derived)"),
        Stater::Person => words.say(" (följer av personen)", " (follows from the person)"),
        Stater::Segment => words.say(" (avgörs av segmentet)", " (decided of the segment)"),
    };
    let count = system.values_of(change.slot).len();
    let all = (0..count).fold(0_u64, |all, bit| all | 1 << bit);
    let others = all & !change.any_of;
    let or = words.say(" eller ", " or ");
    let values = if others == 0 {
        words.say("vad som helst", "anything").to_owned()
    } else if change.kind == ChangeKind::Set && others.count_ones() < change.any_of.count_ones() {
        format!(
            "{} {}",
            words.say("annat än", "other than"),
            words.named(change.slot, others).join(or)
        )
    } else {
        words.named(change.slot, change.any_of).join(or)
    };
    html! { (words.axis(system.axis_id(change.slot))) " " (verb) " " em { (values) } (whose) }
}

/// A link to the page with the changes made; `None` when one of them is not stated as a fact here.
fn changed(asked: &Asked, way: &Way, address: &Address) -> Option<String> {
    let mut facts = asked.facts;
    for change in &way.changes {
        if !asked.slots().any(|slot| slot == change.slot) {
            return None;
        }
        let first = bits(change.any_of).next().map(|bit| 1_u64 << bit)?;
        let values = match change.kind {
            ChangeKind::Set => first,
            ChangeKind::Add => facts.values(change.slot) | first,
            ChangeKind::Remove => facts.values(change.slot) & !first,
        };
        facts.clear(change.slot);
        if values != 0 {
            facts.set(change.slot, values, FactSource::Record);
        }
    }
    Some(address.with(&asked.parameters_of(&facts, &asked.variants, false)))
}
