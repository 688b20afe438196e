//! Counterfactuals in words: a line for each way. Only wording.

use super::{Language, Words};
use crate::compile::DescriptionSystem;
use crate::counterfactual::{Change, ChangeKind, Counterfactual, Effect, Stater, TableCounterfactuals, Way};
use crate::facts::bits;

/// What would lead a table elsewhere: a line for each way, and one where the search was cut.
pub fn counterfactual_lines(
    system: &DescriptionSystem,
    table: &TableCounterfactuals,
    language: Language,
) -> Vec<String> {
    let words = Words { system, language };
    let id = system
        .slot_of(table.table)
        .map_or("", |slot| system.axis_id(slot));
    let mut lines = Vec::new();
    for found in &table.found {
        let lead = words.lead(id, found, system, table);
        let ways = found.ways.iter();
        lines.extend(ways.map(|way| format!("{lead} {} {}", language.pick("om", "if"), words.way(way))));
        if found.cut {
            let more = language.pick("kan gå på fler sätt", "may be led to in further ways");
            lines.push(format!("  {more}: {lead}"));
        }
    }
    lines
}

impl Words<'_> {
    fn lead(
        &self,
        id: &str,
        found: &Counterfactual,
        system: &DescriptionSystem,
        table: &TableCounterfactuals,
    ) -> String {
        let code = system
            .slot_of(table.table)
            .map_or("", |slot| system.value_code(slot, found.value));
        let verb = match found.effect {
            Effect::Gives => self.language.pick("blir", "becomes"),
            Effect::Adds => self.language.pick("får även", "also gives"),
            Effect::Drops => self.language.pick("ger inte längre", "no longer gives"),
        };
        format!("{} {verb} {}", self.axis(id), self.value(id, code))
    }

    fn way(&self, way: &Way) -> String {
        let changes: Vec<_> = way.changes.iter().map(|change| self.change(change)).collect();
        changes.join(self.language.pick(" och ", " and "))
    }

    fn change(&self, change: &Change) -> String {
        let axis = self.system.axis_id(change.slot);
        let named = |mask| {
            let codes = bits(mask).map(|bit| self.value(axis, self.system.value_code(change.slot, bit)));
            codes.collect::<Vec<_>>()
        };
        let values = self.any_of(change, named);
        let verb = match change.kind {
            ChangeKind::Set => "=",
            ChangeKind::Add => self.language.pick("även =", "also ="),
            ChangeKind::Remove => self.language.pick("utan", "without"),
        };
        let now = match named(change.from) {
            none if none.is_empty() => self.language.pick("saknas", "missing").to_owned(),
            now => format!("{} {}", self.language.pick("nu", "now"), now.join(", ")),
        };
        let stater = match self.system.stater(change.slot) {
            Stater::Reporter => "",
            Stater::Unit => self
                .language
                .pick("; anges av vårdenheten", "; stated by the care unit"),
            Stater::Derived => self
                .language
                .pick("; härleds ur andra uppgifter", "; derived from other data"),
            Stater::Person => self
                .language
                .pick("; följer av personen", "; follows from the person"),
            Stater::Segment => self
                .language
                .pick("; avgörs av segmentet", "; decided of the segment"),
        };
        format!("{} {verb} {values} ({now}{stater})", self.axis(axis))
    }

    /// The values of which any one does: by the others where those are fewer.
    fn any_of(&self, change: &Change, named: impl Fn(u64) -> Vec<String>) -> String {
        let or = self.language.pick(" eller ", " or ");
        let count = self.system.values_of(change.slot).len();
        let all = (0..count).fold(0_u64, |all, bit| all | 1 << bit);
        let others = all & !change.any_of;
        if others == 0 {
            self.language
                .pick("vilket värde som helst", "any value")
                .to_owned()
        } else if change.kind == ChangeKind::Set && others.count_ones() < change.any_of.count_ones() {
            let but = self.language.pick("annat än", "other than");
            format!("{but} {}", named(others).join(or))
        } else {
            named(change.any_of).join(or)
        }
    }
}
