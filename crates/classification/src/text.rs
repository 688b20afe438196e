//! Explanations in words, in Swedish and English. Only wording: what is said is decided in [`crate::explain`].

use crate::compile::DescriptionSystem;
use crate::explain::{Match, Missing, Standing, TableExplanation, TestedFact, Verdict};
use crate::model::{FactSource, Grain, Label};

mod compare;
mod counterfactual;

pub use compare::comparison_lines;
pub use counterfactual::counterfactual_lines;

/// A language of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Swedish.
    Swedish,
    /// English.
    English,
}

impl Language {
    /// The text of a label in this language.
    pub fn of(self, label: &Label) -> &str {
        match self {
            Self::Swedish => &label.sv,
            Self::English => &label.en,
        }
    }

    fn pick(self, sv: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Swedish => sv,
            Self::English => en,
        }
    }
}

/// What is said of one table: a line for each value, followed by indented lines with the reasons.
pub fn table_lines(table: &TableExplanation<'_, '_>, language: Language) -> Vec<String> {
    let system = table.system();
    Words { system, language }.table(table)
}

/// A condition that does not hold, and the fact that says so.
pub fn failed_condition(failed: &TestedFact<'_>, language: Language) -> String {
    let system = failed.system();
    Words { system, language }.failed(failed)
}

/// Name of a grain.
pub fn grain(grain: Grain, language: Language) -> &'static str {
    match grain {
        Grain::Contact => language.pick("vårdkontakt", "contact"),
        Grain::Segment => language.pick("segment", "segment"),
        Grain::MonitoringPeriod => language.pick("monitoreringsperiod", "monitoring period"),
    }
}

/// Name of a source of facts.
pub fn source(source: FactSource, language: Language) -> &'static str {
    match source {
        FactSource::Record => language.pick("uppgiften själv", "the record"),
        FactSource::Segment => language.pick("segmentet", "the segment"),
        FactSource::Episode => language.pick("vårdepisoden", "the episode"),
        FactSource::Unit => language.pick("vårdenheten", "the care unit"),
        FactSource::Derived => language.pick("härlett", "derived"),
        FactSource::Mapped => language.pick("översatt ur en kod", "mapped from a code"),
    }
}

struct Words<'a> {
    system: &'a DescriptionSystem,
    language: Language,
}

impl Words<'_> {
    fn table(&self, table: &TableExplanation<'_, '_>) -> Vec<String> {
        let id = table.id();
        let name = self.axis(id);
        let mut lines = Vec::new();
        match table.verdict() {
            Verdict::Decided => self.decided(&name, table, &mut lines),
            Verdict::Held => {
                lines.push(format!("{name}: {}", self.language.pick("avvaktar", "held")));
                match table.matched().next() {
                    Some(row) => {
                        let reason = row.reason().map_or(
                            self.language.pick("ingen regel passar", "no rule matches"),
                            |reason| self.language.of(reason),
                        );
                        lines.push(format!(
                            "  {} {}: {reason}",
                            self.language.pick("regel", "rule"),
                            row.rule.id
                        ));
                        self.reasons(&row, &mut lines);
                    }
                    None => self.possible(table, &mut lines),
                }
            }
            Verdict::Collected => {
                if table.matched().next().is_none() {
                    lines.push(format!("{name}: {}", self.language.pick("inget", "none")));
                }
                self.decided(&name, table, &mut lines);
                self.possible(table, &mut lines);
            }
        }
        for other in table.others() {
            let value = other.value().map_or_else(
                || self.language.pick("avvaktar", "held").to_owned(),
                |value| self.value(id, value),
            );
            let why = match &other.standing {
                Standing::NotInForce { from } => {
                    format!("{} {from}", self.language.pick("gäller från", "in force from"))
                }
                Standing::RuledOut(failed) => {
                    let failed: Vec<_> = failed.iter().map(|failed| self.failed(failed)).collect();
                    failed.join(self.language.pick("; och ", "; and "))
                }
                Standing::Undetermined(missing) => {
                    format!(
                        "{} {}",
                        self.language.pick("oavgjord, saknar", "undetermined, lacks"),
                        self.axes(*missing)
                    )
                }
            };
            lines.push(format!(
                "  {} {} ({value}): {why}",
                self.language.pick("inte regel", "not rule"),
                other.rule.id
            ));
        }
        lines
    }

    fn decided(&self, name: &str, table: &TableExplanation<'_, '_>, lines: &mut Vec<String>) {
        for found in table.matched() {
            lines.push(format!("{name}: {}", self.outcome(table.id(), &found)));
            self.reasons(&found, lines);
        }
    }

    fn outcome(&self, table: &str, found: &Match<'_, '_>) -> String {
        let value = found
            .value()
            .map(|value| self.value(table, value))
            .unwrap_or_default();
        let rule = found.rule;
        let mut text = format!("{value} ({} {})", self.language.pick("regel", "rule"), rule.id);
        if !rule.legal_basis.is_empty() {
            text = format!("{text}, {}", rule.legal_basis);
        }
        match rule.status.as_str() {
            "statutory" => text.push_str(self.language.pick(", gällande rätt", ", statutory")),
            "proposed" => text.push_str(self.language.pick(", föreslaget", ", proposed")),
            _ => {}
        }
        text
    }

    fn reasons(&self, found: &Match<'_, '_>, lines: &mut Vec<String>) {
        let because = self.language.pick("eftersom", "because");
        let facts = found.facts.iter();
        lines.extend(facts.map(|fact| format!("  {because} {}", self.fact(fact))));
    }

    fn fact(&self, fact: &TestedFact<'_>) -> String {
        let from = match fact.source {
            Some(from) => source(from, self.language),
            None => self.language.pick("ur tabellen", "from the table"),
        };
        format!("{} = {} ({from})", self.axis(fact.axis()), self.values(fact))
    }

    fn failed(&self, failed: &TestedFact<'_>) -> String {
        let not = if failed.negated() {
            self.language.pick("inte ", "not ")
        } else {
            ""
        };
        format!(
            "{} {} {}, {} {not}{}",
            self.axis(failed.axis()),
            self.language.pick("är", "is"),
            self.values(failed),
            self.language.pick("ska vara", "must be"),
            self.any(failed),
        )
    }

    fn possible(&self, table: &TableExplanation<'_, '_>, lines: &mut Vec<String>) {
        let lead = self.language.pick("möjligt", "possible");
        let lacks = self.language.pick("saknar", "lacks");
        lines.extend(table.possible().map(|one| {
            format!(
                "  {lead}: {}, {lacks} {}",
                self.value(table.id(), one.value),
                self.axes(one.missing)
            )
        }));
    }

    fn values(&self, fact: &TestedFact<'_>) -> String {
        let names: Vec<_> = fact.values().map(|code| self.value(fact.axis(), code)).collect();
        if names.is_empty() {
            return self.language.pick("ej tillämpligt", "not applicable").to_owned();
        }
        names.join(", ")
    }

    fn any(&self, failed: &TestedFact<'_>) -> String {
        let names: Vec<_> = failed
            .named_values()
            .map(|code| self.value(failed.axis(), code))
            .collect();
        names.join(self.language.pick(" eller ", " or "))
    }

    fn axes(&self, missing: Missing<'_>) -> String {
        let names: Vec<_> = missing.ids().map(|id| self.axis(id)).collect();
        names.join(", ")
    }

    fn axis(&self, id: &str) -> String {
        let source = self.system.source();
        let axis = source
            .axes
            .iter()
            .find(|axis| axis.id == id)
            .map(|axis| &axis.label);
        let label = axis.or_else(|| {
            source
                .tables
                .iter()
                .find(|table| table.id == id)
                .map(|table| &table.label)
        });
        self.named(label, id)
    }

    fn value(&self, axis: &str, code: &str) -> String {
        let values = self
            .system
            .axis(axis)
            .map_or(&[][..], |slot| self.system.values_of(slot));
        self.named(
            values
                .iter()
                .find(|value| value.code == code)
                .map(|value| &value.label),
            code,
        )
    }

    fn named(&self, label: Option<&Label>, code: &str) -> String {
        let text = label.map_or("", |label| self.language.of(label));
        if text.is_empty() {
            code.to_owned()
        } else {
            text.to_owned()
        }
    }
}
