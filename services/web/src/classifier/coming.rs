//! The same facts under what is coming: releases that apply to later dates, and drafts that are out for comments.

use std::sync::Arc;

use jiff::civil::Date;
use maud::{Markup, html};
use vardnav_classification::{DescriptionSystem, TableResult, facts::bits};
use vardnav_release::Snapshot;

use super::asked::{self, Asked};
use super::words::Words;
use crate::Source;
use crate::address::{Address, segment};

/// Releases and drafts that are compared with.
const COMPARED_MAX: usize = 6;

/// Something that is coming.
struct Coming {
    release: Arc<Snapshot>,
    /// The draft, where it is one.
    draft: Option<String>,
}

/// What a table gives now and then.
struct Step<'w> {
    table: &'w str,
    now: String,
    then: String,
}

/// What is coming, and what it gives for these facts; nothing when nothing is coming.
pub(super) fn section(source: &dyn Source, asked: &Asked, address: &Address, words: Words<'_>) -> Markup {
    let coming = coming(source, asked);
    html! {
        // Variants are those of the release that they are chosen in.
        @if !coming.is_empty() && asked.variants.is_empty() {
            section class="result" aria-labelledby="coming" {
                h3 id="coming" { (words.say("Samma fakta under det som kommer", "The same facts under what is coming")) }
                @for one in &coming { (compared(asked, one, address, words)) }
            }
        }
    }
}

fn coming(source: &dyn Source, asked: &Asked) -> Vec<Coming> {
    let releases = source.releases().into_iter();
    let later = releases.filter(|release| release.from > asked.release.from);
    let published = later.map(|release| Coming { release, draft: None });
    let drafts = source.referrals().into_iter().filter_map(|draft| {
        let round = draft.rounds.last()?;
        Some(Coming {
            release: source.proposed(round.digest)?,
            draft: Some(draft.id),
        })
    });
    published.chain(drafts).take(COMPARED_MAX).collect()
}

fn compared(asked: &Asked, coming: &Coming, address: &Address, words: Words<'_>) -> Markup {
    let release = &coming.release;
    let date = asked.date.max(release.from);
    let system = release.description.as_ref();
    let (facts, lost) = asked::facts(system, asked.grain, address);
    let now = asked.system.classify(asked.grain, asked.date, &asked.facts);
    let then = system.classify(asked.grain, date, &facts);
    let there = Words::new(system, words.language);
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (index, table) in asked.system.tables() {
        let (old, old_codes) = given(&asked.system, &table.id, now.get(index), words);
        let (new, new_codes) = match system.table(&table.id) {
            Some((index, _)) => given(system, &table.id, then.get(index), there),
            None => (
                words
                    .say("tabellen finns inte", "there is no such table")
                    .to_owned(),
                None,
            ),
        };
        if old_codes != new_codes {
            steps.push(Step {
                table: words.axis(&table.id),
                now: old,
                then: new,
            });
        }
    }
    for (index, table) in system.tables() {
        let (new, codes) = given(system, &table.id, then.get(index), there);
        if asked.system.table(&table.id).is_none() && codes.is_some() {
            let none = words
                .say("tabellen finns inte", "there is no such table")
                .to_owned();
            steps.push(Step {
                table: there.axis(&table.id),
                now: none,
                then: new,
            });
        }
    }
    let unknown: Vec<&String> = lost.iter().filter(|axis| !asked.ignored.contains(axis)).collect();
    html! {
        p {
            (link(coming, date, address))
            span class="soft" { ", " (words.say("för vård från ", "for care from ")) time { (release.from) } }
            @if coming.draft.is_some() { " " span class="tag warm" { (words.say("på remiss", "out for comments")) } }
        }
        @if steps.is_empty() {
            p class="soft" { (words.say("Ger samma svar.", "Gives the same answer.")) }
        } @else {
            ul {
                @for step in &steps {
                    li { span class="soft" { (step.table) ": " } strong { (step.then) } " " (words.say("i stället för", "instead of")) " " (step.now) }
                }
            }
        }
        @if !unknown.is_empty() {
            p class="soft small" {
                (words.say("Fakta som inte finns där: ", "Facts that are not there: "))
                @for (at, axis) in unknown.iter().enumerate() { @if at > 0 { ", " } (words.axis(axis)) }
                "."
            }
        }
    }
}

/// A published release leads to the same case there, a draft to what it proposes.
fn link(coming: &Coming, date: Date, address: &Address) -> Markup {
    let link = match &coming.draft {
        Some(draft) => address.to(&format!("/remisser/{}", segment(draft)), &[]),
        None => {
            let chosen = |name: &str| name == asked::RELEASE || name == asked::DATE;
            let others = address.parameters().iter().filter(|(name, _)| !chosen(name));
            let mut parameters: Vec<(String, String)> = others.cloned().collect();
            parameters.push((asked::RELEASE.to_owned(), coming.release.id.clone()));
            parameters.push((asked::DATE.to_owned(), date.to_string()));
            address.with(&parameters)
        }
    };
    html! { a href=(link) { "Release " (coming.release.id) } }
}

/// What a table gives, in words and in codes; no codes where it does not apply.
fn given(
    system: &DescriptionSystem,
    table: &str,
    result: TableResult,
    words: Words<'_>,
) -> (String, Option<Vec<String>>) {
    let Some(slot) = system.axis(table) else {
        return (String::new(), None);
    };
    let (waits, mask) = match result {
        TableResult::NotApplicable => {
            return (words.say("ej tillämpligt", "not applicable").to_owned(), None);
        }
        TableResult::Value { value, .. } => (false, 1_u64 << value),
        TableResult::Held { possible } => (true, possible),
        TableResult::Collected { values, .. } => (false, values),
    };
    let mut names = words.named(slot, mask).join(", ");
    if names.is_empty() && !waits {
        names = words.say("inget", "none").to_owned();
    }
    let mut codes: Vec<String> = bits(mask)
        .map(|bit| system.value_code(slot, bit).to_owned())
        .collect();
    if !waits {
        return (names, Some(codes));
    }
    codes.push("?".to_owned());
    let waits = words.say("avvaktar", "waits");
    let text = if names.is_empty() {
        waits.to_owned()
    } else {
        format!("{waits} ({names})")
    };
    (text, Some(codes))
}
