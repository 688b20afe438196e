//! A [`Report`] in words, in Swedish and English. Only wording: what is told is decided where it is proven.

use super::departures::VariantProof;
use super::report::{Report, TableReport};
use super::settling::{Settling, SettlingFact};
use super::variants::Comparison;
use super::{Defect, Example};
use crate::compile::DescriptionSystem;
use crate::model::{HitPolicy, Label};
use crate::text::{Language, grain};

impl Report {
    /// The report in words: a line for each table, each variant not taken and each pair of variants, followed by indented lines. `system` is
    /// the one it tells of.
    pub fn lines(&self, system: &DescriptionSystem, language: Language) -> Vec<String> {
        let words = Words { system, language };
        let mut lines = Vec::new();
        for told in &self.tables {
            words.table(told, &mut lines);
        }
        for proofs in self.variants.chunk_by(|one, other| one.variant == other.variant) {
            words.variant(proofs, &mut lines);
        }
        for compared in &self.comparisons {
            words.comparison(compared, &mut lines);
        }
        lines
    }
}

impl Example {
    /// The facts in words, joined; "whatever the facts" when there are none.
    pub fn words(&self, system: &DescriptionSystem, language: Language) -> String {
        Words { system, language }.example(self)
    }
}

impl Defect {
    /// What is wrong, and how to mend it, in words.
    pub fn words(&self, system: &DescriptionSystem, language: Language) -> String {
        Words { system, language }.defect(self)
    }
}

struct Words<'a> {
    system: &'a DescriptionSystem,
    language: Language,
}

impl Words<'_> {
    fn pick(&self, sv: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Swedish => sv,
            Language::English => en,
        }
    }

    fn table(&self, told: &TableReport, lines: &mut Vec<String>) {
        let proof = &told.proof;
        let proven = if proof.defects.is_empty() {
            self.pick("bevisad", "proven")
        } else {
            self.pick("inte bevisad", "not proven")
        };
        lines.push(format!(
            "{} ({}), {}, {} {}: {proven}, {} {}",
            self.axis(&proof.table),
            proof.table,
            grain(proof.grain, self.language),
            self.pick("från", "from"),
            proof.from,
            self.count(proof.combinations),
            self.pick("kombinationer", "combinations"),
        ));
        for defect in &proof.defects {
            lines.push(format!(
                "  {}: {}",
                self.pick("fel", "fault"),
                self.defect(defect)
            ));
        }
        for hold in &told.holds {
            lines.push(format!(
                "  {} {} {}: {}",
                self.pick("regel", "rule"),
                hold.rule,
                self.pick("håller med avsikt", "holds on purpose"),
                self.language.of(&hold.reason),
            ));
            lines.push(format!(
                "    {}: {}",
                self.pick("till exempel", "for example"),
                self.example(&hold.example)
            ));
        }
        for overlap in &told.overlaps {
            lines.push(format!(
                "  {} {} ({}) {} {} ({}): {}",
                self.pick("ordningen avgör: regel", "order decides: rule"),
                overlap.rule,
                self.outcome(&proof.table, overlap.gives.as_deref()),
                self.pick("före", "before"),
                overlap.behind,
                self.outcome(&proof.table, overlap.would_give.as_deref()),
                self.example(&overlap.example),
            ));
        }
        for settling in &told.settling {
            self.settling(&proof.table, settling, lines);
        }
        if told.more {
            lines.push(format!(
                "  {}",
                self.pick(
                    "det kan finnas fler än som visas",
                    "there may be more than is shown"
                )
            ));
        }
    }

    /// What is proven of one variant that is not taken.
    fn variant(&self, proofs: &[VariantProof], lines: &mut Vec<String>) {
        let Some(VariantProof { variant, .. }) = proofs.first() else {
            return;
        };
        let proven = if proofs.iter().all(|proof| proof.defects().is_empty()) {
            self.pick("bevisad", "proven")
        } else {
            self.pick("inte bevisad", "not proven")
        };
        let instead = self.pick("i stället för den valda", "in place of the one chosen");
        lines.push(format!("variant {variant} {instead}: {proven}"));
        for VariantProof { proof, .. } in proofs {
            for defect in &proof.defects {
                lines.push(format!(
                    "  {}: {} ({}), {}, {} {}: {}",
                    self.pick("fel", "fault"),
                    self.axis(&proof.table),
                    proof.table,
                    grain(proof.grain, self.language),
                    self.pick("från", "from"),
                    proof.from,
                    self.defect(defect)
                ));
            }
        }
    }

    fn defect(&self, defect: &Defect) -> String {
        match defect {
            Defect::Gap { example } => format!(
                "{} {}; {}",
                self.pick("ingen regel passar när", "no rule matches when"),
                self.example(example),
                self.pick(
                    "lägg till en regel, eller en rad som håller med sitt skäl",
                    "add a rule, or a row that holds with its reason"
                ),
            ),
            Defect::Unreachable { rule, behind, .. } if behind.is_empty() => format!(
                "{} {rule} {}",
                self.pick("regel", "rule"),
                self.pick(
                    "kan aldrig passa: dess villkor utesluter varandra eller är uteslutna; rätta eller ta bort den",
                    "can never match: its conditions exclude each other, or are excluded; correct or remove it"
                ),
            ),
            Defect::Unreachable { rule, behind, .. } => format!(
                "{} {rule} {} {}: {}",
                self.pick("regel", "rule"),
                self.pick(
                    "kan aldrig avgöra, reglerna före tar allt; flytta upp den, snäva in dem eller ta bort den:",
                    "can never decide, the rules before it take everything; move it up, narrow them or remove it:"
                ),
                self.pick("före står", "before it stand"),
                behind.join(", "),
            ),
            Defect::Undecided { limit } => format!(
                "{} {limit} {}",
                self.pick("beviset behöver fler än", "the proof needs more than"),
                self.pick(
                    "steg; använd färre axlar eller enklare villkor",
                    "steps; use fewer axes or plainer conditions"
                ),
            ),
        }
    }

    fn settling(&self, table: &str, settling: &Settling, lines: &mut Vec<String>) {
        let value = self.value(table, &settling.value);
        if settling.sets.is_empty() {
            lines.push(format!(
                "  {} {}",
                value,
                if settling.more {
                    self.pick(
                        "avgörs av fler mängder av fakta än gränsen medger att söka",
                        "is settled by more sets of facts than the limit allows to look for",
                    )
                } else {
                    self.pick("avgörs av inga fakta", "is settled by no facts")
                }
            ));
            return;
        }
        let axes: Vec<String> = settling
            .axes
            .iter()
            .map(|axes| {
                axes.iter()
                    .map(|axis| self.axis(axis))
                    .collect::<Vec<_>>()
                    .join(" + ")
            })
            .collect();
        let more = if settling.more {
            self.pick(" (det kan finnas fler)", " (there may be more)")
        } else {
            ""
        };
        lines.push(format!(
            "  {value} {} {}{more}",
            self.pick("avgörs med", "is settled with"),
            axes.join(self.pick("; eller ", "; or ")),
        ));
        for set in &settling.sets {
            let facts: Vec<String> = set.facts.iter().map(|fact| self.fact(fact)).collect();
            let facts = if facts.is_empty() {
                self.pick("vad som helst", "anything").to_owned()
            } else {
                facts.join(", ")
            };
            lines.push(format!(
                "    {} {}: {facts}",
                self.pick("regel", "rule"),
                set.rule
            ));
        }
    }

    fn comparison(&self, compared: &Comparison, lines: &mut Vec<String>) {
        let lead = format!(
            "{} {}: {} {} {}",
            self.pick("punkt", "point"),
            compared.point,
            compared.one,
            self.pick("mot", "against"),
            compared.other
        );
        if compared.differences.is_empty() {
            let none = if compared.more {
                self.pick("är inte avgjort", "is not decided")
            } else {
                self.pick("skiljer sig aldrig", "never differ")
            };
            lines.push(format!("{lead} {none}"));
            return;
        }
        lines.push(format!("{lead} {}", self.pick("skiljer sig", "differ")));
        for difference in &compared.differences {
            let table = &difference.table;
            let collects = self
                .system
                .table(table)
                .is_some_and(|(_, table)| table.hit_policy == HitPolicy::Collect);
            let outcome = |value: Option<&str>| match value {
                None if collects => self.pick("ges inte", "not given").to_owned(),
                value => self.outcome(table, value),
            };
            lines.push(format!(
                "  {}, {}: {} {} {}, {} {}",
                self.axis(table),
                grain(difference.grain, self.language),
                outcome(difference.one.as_deref()),
                self.pick("mot", "against"),
                outcome(difference.other.as_deref()),
                self.pick("när", "when"),
                self.example(&difference.example),
            ));
        }
        if compared.more {
            lines.push(format!(
                "  {}",
                self.pick(
                    "det kan finnas fler än som visas",
                    "there may be more than is shown"
                )
            ));
        }
    }

    fn example(&self, example: &Example) -> String {
        if example.facts.is_empty() {
            return self
                .pick("vilka fakta som helst", "whatever the facts")
                .to_owned();
        }
        let facts: Vec<String> = example
            .facts
            .iter()
            .map(|fact| {
                let values: Vec<String> = fact
                    .values
                    .iter()
                    .map(|value| self.value(&fact.axis, value))
                    .collect();
                let joint = self.pick(" och ", " and ");
                format!("{} = {}", self.axis(&fact.axis), values.join(joint))
            })
            .collect();
        let size = if example.smallest {
            ""
        } else {
            self.pick(
                " (ett kortare exempel kan finnas)",
                " (there may be a shorter example)",
            )
        };
        format!("{}{size}", facts.join(", "))
    }

    fn fact(&self, fact: &SettlingFact) -> String {
        let of = |values: &[String]| {
            let names: Vec<String> = values.iter().map(|value| self.value(&fact.axis, value)).collect();
            names.join(self.pick(" eller ", " or "))
        };
        let axis = self.axis(&fact.axis);
        if fact.only {
            let only = self.pick("bara", "only");
            return format!("{axis} = {only} {}", of(&fact.values));
        }
        let all = self
            .system
            .axis(&fact.axis)
            .map_or(&[][..], |slot| self.system.values_of(slot));
        let others: Vec<String> = all
            .iter()
            .filter(|value| !fact.values.contains(&value.code))
            .map(|value| value.code.clone())
            .collect();
        if others.is_empty() {
            format!("{axis} {}", self.pick("angiven", "stated"))
        } else if others.len() < fact.values.len() {
            format!("{axis} {} {}", self.pick("inte", "not"), of(&others))
        } else {
            format!("{axis} = {}", of(&fact.values))
        }
    }

    fn outcome(&self, table: &str, value: Option<&str>) -> String {
        value.map_or_else(
            || self.pick("avvaktar", "held").to_owned(),
            |value| self.value(table, value),
        )
    }

    fn count(&self, count: u64) -> String {
        if count == u64::MAX {
            return format!("{} {count}", self.pick("minst", "at least"));
        }
        count.to_string()
    }

    fn axis(&self, id: &str) -> String {
        let source = self.system.source();
        let axis = source
            .axes
            .iter()
            .find(|axis| axis.id == id)
            .map(|axis| &axis.label);
        let label = axis.or_else(|| {
            let table = source.tables.iter().find(|table| table.id == id);
            table.map(|table| &table.label)
        });
        self.named(label, id)
    }

    fn value(&self, axis: &str, code: &str) -> String {
        let values = self
            .system
            .axis(axis)
            .map_or(&[][..], |slot| self.system.values_of(slot));
        let label = values
            .iter()
            .find(|value| value.code == code)
            .map(|value| &value.label);
        self.named(label, code)
    }

    fn named(&self, label: Option<&Label>, code: &str) -> String {
        match label.map(|label| self.language.of(label)) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => code.to_owned(),
        }
    }
}
