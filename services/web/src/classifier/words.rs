//! The names of axes, tables and values in the language of the page.

use vardnav_classification::explain::TestedFact;
use vardnav_classification::facts::bits;
use vardnav_classification::model::{Condition, Label};
use vardnav_classification::{AxisIndex, DescriptionSystem};

use crate::address::Language;

/// Names, as a release gives them.
#[derive(Clone, Copy)]
pub(super) struct Words<'s> {
    pub(super) system: &'s DescriptionSystem,
    pub(super) language: Language,
}

impl<'s> Words<'s> {
    pub(super) fn new(system: &'s DescriptionSystem, language: Language) -> Self {
        Self { system, language }
    }

    pub(super) fn say(self, sv: &'static str, en: &'static str) -> &'static str {
        self.language.pick(sv, en)
    }

    /// A label, or the code where it says nothing.
    pub(super) fn label<'t>(self, label: &'t Label, code: &'t str) -> &'t str {
        match self.language.of(label) {
            "" => code,
            text => text,
        }
    }

    /// Name of an axis or a table.
    pub(super) fn axis(self, id: &'s str) -> &'s str {
        let source = self.system.source();
        let axis = source
            .axes
            .iter()
            .find(|axis| axis.id == id)
            .map(|axis| &axis.label);
        let table = || {
            source
                .tables
                .iter()
                .find(|table| table.id == id)
                .map(|table| &table.label)
        };
        axis.or_else(table).map_or(id, |label| self.label(label, id))
    }

    /// Name of a value of an axis or a table.
    pub(super) fn value(self, axis: &str, code: &'s str) -> &'s str {
        let slot = self.system.axis(axis);
        let values = slot.map_or(&[][..], |slot| self.system.values_of(slot));
        let value = values.iter().find(|value| value.code == code);
        value.map_or(code, |value| self.label(&value.label, code))
    }

    /// Names of values by their bits.
    pub(super) fn named(self, slot: AxisIndex, mask: u64) -> Vec<&'s str> {
        let axis = self.system.axis_id(slot);
        bits(mask)
            .map(|bit| self.value(axis, self.system.value_code(slot, bit)))
            .collect()
    }

    /// A known fact: axis and values.
    pub(super) fn fact(self, fact: &TestedFact<'s>) -> (&'s str, String) {
        let values: Vec<&str> = fact.values().map(|code| self.value(fact.axis(), code)).collect();
        let values = if values.is_empty() {
            self.say("ej tillämpligt", "not applicable").to_owned()
        } else {
            values.join(", ")
        };
        (self.axis(fact.axis()), values)
    }

    /// What a condition asks for.
    pub(super) fn asked_for(self, condition: &'s Condition) -> String {
        let names: Vec<&str> = self
            .system
            .named_values(condition)
            .map(|code| self.value(&condition.axis, code))
            .collect();
        let names = names.join(self.say(" eller ", " or "));
        if condition.negated {
            format!("{} {names}", self.say("annat än", "other than"))
        } else {
            names
        }
    }

    /// What a tested condition asks for.
    pub(super) fn tested(self, fact: &TestedFact<'s>) -> String {
        let names: Vec<&str> = fact
            .named_values()
            .map(|code| self.value(fact.axis(), code))
            .collect();
        let names = names.join(self.say(" eller ", " or "));
        if fact.negated() {
            format!("{} {names}", self.say("annat än", "other than"))
        } else {
            names
        }
    }
}
