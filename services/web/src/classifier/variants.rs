//! Unsettled points: what the same facts give under the other variants of each of them.

use std::sync::Arc;

use maud::{Markup, html};
use vardnav_classification::model::UnsettledPoint;
use vardnav_classification::{DescriptionSystem, TableResult, facts::bits};

use super::asked::Asked;
use super::words::Words;
use crate::Source;
use crate::address::Address;

/// Points whose variants are tried.
const POINTS_MAX: usize = 32;
/// Variants of a point that are tried.
const VARIANTS_MAX: usize = 8;

/// A variant that gives something else.
struct Other {
    variant: String,
    /// Name of a table, what it gives, and what it gives under the variant.
    tables: Vec<(String, String, String)>,
}

/// The points whose variants give something else for these facts.
pub(super) fn section(source: &dyn Source, asked: &Asked, address: &Address, words: Words<'_>) -> Markup {
    let points = &asked.system.source().points;
    let found: Vec<(&UnsettledPoint, Vec<Other>)> = points
        .iter()
        .filter(|point| !point.variants.is_empty())
        .take(POINTS_MAX)
        .map(|point| (point, others(source, asked, point, words)))
        .filter(|(_, others)| !others.is_empty())
        .collect();
    let departs = !asked.variants.is_empty();
    html! {
        @if !found.is_empty() || departs {
            section class="result" aria-labelledby="unsettled" {
                h3 id="unsettled" { (words.say("Oavgjorda punkter som spelar roll här", "Unsettled points that matter here")) }
                @if departs {
                    p class="note warm" {
                        (words.say("Avgjort under andra varianter än releasens: ", "Decided under other variants than the release's: "))
                        (asked.variants.join(", ")) ". "
                        a href=(address.with(&asked.parameters_of(&asked.facts, &[], false))) { (words.say("Tillbaka till releasens", "Back to the release's")) }
                    }
                }
                @for (point, others) in &found {
                    p { strong { (point.id) } " " (words.language.of(&point.question)) " "
                        span class="soft" { (words.say("Här gäller ", "Here holds ")) (point.chosen) "." } }
                    ul {
                        @for other in others {
                            li {
                                a href=(address.with(&asked.parameters_of(&asked.facts, &chosen(asked, point, &other.variant), false))) { (other.variant) }
                                ": "
                                @for (at, (table, now, then)) in other.tables.iter().enumerate() {
                                    @if at > 0 { "; " }
                                    (table) " " strong { (then) } " " (words.say("i stället för", "instead of")) " " (now)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The variants of the address with another one of a point.
fn chosen(asked: &Asked, point: &UnsettledPoint, variant: &str) -> Vec<String> {
    let of_point = format!("{}:", point.id);
    let others = asked
        .variants
        .iter()
        .filter(|known| !known.starts_with(&of_point))
        .cloned();
    others.chain([format!("{of_point}{variant}")]).collect()
}

fn others(source: &dyn Source, asked: &Asked, point: &UnsettledPoint, words: Words<'_>) -> Vec<Other> {
    let variants = point.variants.iter().filter(|variant| **variant != point.chosen);
    variants
        .take(VARIANTS_MAX)
        .filter_map(|variant| {
            let system = source.under(&asked.release, &chosen(asked, point, variant))?;
            let tables = different(asked, &system, words);
            (!tables.is_empty()).then(|| Other {
                variant: variant.clone(),
                tables,
            })
        })
        .collect()
}

/// The tables that give something else.
fn different(
    asked: &Asked,
    other: &Arc<DescriptionSystem>,
    words: Words<'_>,
) -> Vec<(String, String, String)> {
    let one = asked.system.classify(asked.grain, asked.date, &asked.facts);
    let two = other.classify(asked.grain, asked.date, &asked.facts);
    asked
        .system
        .tables()
        .filter_map(|(index, table)| {
            let now = given(&asked.system, &table.id, one.get(index), words);
            let (there, _) = other.table(&table.id)?;
            let then = given(other, &table.id, two.get(there), words);
            (now != then).then(|| (words.axis(&table.id).to_owned(), now, then))
        })
        .collect()
}

/// What a table gives, in words.
fn given(system: &DescriptionSystem, table: &str, result: TableResult, words: Words<'_>) -> String {
    let words = Words::new(system, words.language);
    let Some(slot) = system.axis(table) else {
        return String::new();
    };
    let named = |mask: u64| match words.named(slot, mask).join(", ") {
        none if none.is_empty() => words.say("inget", "none").to_owned(),
        names => names,
    };
    match result {
        TableResult::NotApplicable => String::new(),
        TableResult::Value { value, .. } => named(1_u64 << value),
        TableResult::Held { possible } => match bits(possible).next() {
            Some(_) => format!("{} ({})", words.say("avvaktar", "waits"), named(possible)),
            None => words.say("avvaktar", "waits").to_owned(),
        },
        TableResult::Collected { values, .. } => named(values),
    }
}
