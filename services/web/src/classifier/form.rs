//! The form of facts: a field for each axis, with its help. What would decide something is marked.

use maud::{Markup, html};
use vardnav_classification::facts::bits;
use vardnav_classification::{AxisIndex, text};

use super::asked::{Asked, DATE, GRAIN, GRAINS, RELEASE, VARIANT};
use super::words::Words;
use crate::address::{Address, Language};

/// The form.
pub(super) fn form(asked: &Asked, missing: &[&str], address: &Address, words: Words<'_>) -> Markup {
    let say = |sv, en| words.say(sv, en);
    let wording = match address.language {
        Language::Swedish => text::Language::Swedish,
        Language::English => text::Language::English,
    };
    html! {
        form class="facts" action="/klassificera" method="get" data-live="answer gist" aria-label=(say("Fakta", "Facts")) {
            @if address.language == Language::English { input type="hidden" name="lang" value="en"; }
            @if asked.is_named() { input type="hidden" name=(RELEASE) value=(asked.release.id); }
            @for variant in &asked.variants { input type="hidden" name=(VARIANT) value=(variant); }
            fieldset class="kind" {
                legend { (say("Vad som beskrivs", "What is described")) }
                div class="choices" {
                    @for (grain, name) in GRAINS {
                        label { input type="radio" name=(GRAIN) value=(name) data-also="fields" checked[grain == asked.grain]; " " (text::grain(grain, wording)) }
                    }
                }
            }
            div class="field" {
                p class="head" { label for="date" { (say("Datum", "Date")) } }
                input type="date" id="date" name=(DATE) value=(asked.date);
            }
            div id="fields" { @for slot in asked.slots() { (field(asked, slot, missing, words)) } }
            p class="actions" {
                button { (say("Klassificera", "Classify")) }
                a href=(address.to("/klassificera", &[(GRAIN, asked.grain_name())])) { (say("Börja om", "Begin again")) }
            }
        }
    }
}

fn field(asked: &Asked, slot: AxisIndex, missing: &[&str], words: Words<'_>) -> Markup {
    let say = |sv, en| words.say(sv, en);
    let id = asked.system.axis_id(slot);
    let name = Asked::parameter(id);
    let axis = asked.system.axis_definition(slot);
    let chosen = asked.facts.values(slot);
    let help = axis.map_or("", |axis| words.language.of(&axis.definition));
    let help_id = format!("help-{}", slot.position());
    let field_id = format!("field-{}", slot.position());
    let mark = html! {
        @let open = missing.contains(&id);
        span data-mark=(id) class=(if open { "tag warm" } else { "tag warm off" }) { @if open { (say("saknas", "missing")) } }
    };
    let values = asked.system.values_of(slot);
    html! {
        @if axis.is_some_and(|axis| axis.multiple) {
            fieldset class="field" aria-describedby=(help_id) {
                legend { (words.axis(id)) " " (mark) }
                p class="help" id=(help_id) { (help) @if !help.is_empty() { " " } (say("Flera kan gälla.", "Several may hold.")) }
                div class="choices" {
                    @for (bit, value) in (0_u8..).zip(values) {
                        label {
                            input type="checkbox" name=(name) value=(value.code) checked[bits(chosen).any(|set| set == bit)];
                            " " (words.label(&value.label, &value.code))
                        }
                    }
                }
            }
        } @else {
            div class="field" {
                p class="head" { label for=(field_id) { (words.axis(id)) } " " (mark) }
                @if !help.is_empty() { p class="help" id=(help_id) { (help) } }
                select id=(field_id) name=(name) aria-describedby=[(!help.is_empty()).then_some(&help_id)] {
                    option value="" { (say("– inte angivet –", "– not stated –")) }
                    @for (bit, value) in (0_u8..).zip(values) {
                        option value=(value.code) selected[bits(chosen).any(|set| set == bit)] { (words.label(&value.label, &value.code)) }
                    }
                }
            }
        }
    }
}
