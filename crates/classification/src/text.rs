//! Explanations in words, in Swedish and English. Only wording: what is said is decided in [`crate::explain`].

use crate::compile::DescriptionSystem;
use crate::explain::{
    Answer, DecidingFact, Explanation, FailedCondition, Match, Possible, Standing, TableExplanation,
};
use crate::model::{FactSource, Grain, Label};

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

/// The explanation line by line: a line for each table, followed by indented lines with the reasons.
pub fn lines(system: &DescriptionSystem, explanation: &Explanation, language: Language) -> Vec<String> {
    let words = Words { system, language };
    explanation
        .tables
        .iter()
        .flat_map(|table| words.table(table))
        .collect()
}

/// What is said of one table, as in [`lines`].
pub fn table_lines(system: &DescriptionSystem, table: &TableExplanation, language: Language) -> Vec<String> {
    Words { system, language }.table(table)
}

/// A condition that does not hold, and the fact that says so.
pub fn failed_condition(system: &DescriptionSystem, failed: &FailedCondition, language: Language) -> String {
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
    }
}

struct Words<'a> {
    system: &'a DescriptionSystem,
    language: Language,
}

impl Words<'_> {
    fn table(&self, table: &TableExplanation) -> Vec<String> {
        let name = self.axis(&table.id);
        let mut lines = Vec::new();
        match &table.answer {
            Answer::Decided(found) => {
                lines.push(format!("{name}: {}", self.outcome(&table.id, found)));
                lines.extend(self.reasons(found));
            }
            Answer::Held { row, possible } => {
                lines.push(format!("{name}: {}", self.language.pick("avvaktar", "held")));
                match row {
                    Some(row) => {
                        let reason = row.reason.as_ref().map_or(
                            self.language.pick("ingen regel passar", "no rule matches"),
                            |reason| self.language.of(reason),
                        );
                        lines.push(format!(
                            "  {} {}: {reason}",
                            self.language.pick("regel", "rule"),
                            row.rule
                        ));
                        lines.extend(self.reasons(row));
                    }
                    None => lines.extend(self.possible(&table.id, possible)),
                }
            }
            Answer::Collected { rules, possible } => {
                if rules.is_empty() {
                    lines.push(format!("{name}: {}", self.language.pick("inget", "none")));
                }
                for found in rules {
                    lines.push(format!("{name}: {}", self.outcome(&table.id, found)));
                    lines.extend(self.reasons(found));
                }
                lines.extend(self.possible(&table.id, possible));
            }
        }
        for other in &table.others {
            let value = other.value.as_ref().map_or_else(
                || self.language.pick("avvaktar", "held").to_owned(),
                |value| self.value(&table.id, value),
            );
            let why = match &other.standing {
                Standing::NotInForce { from } => {
                    format!("{} {from}", self.language.pick("gäller från", "in force from"))
                }
                Standing::RuledOut(failed) => {
                    let failed: Vec<_> = failed.iter().map(|failed| self.failed(failed)).collect();
                    failed.join(self.language.pick("; och ", "; and "))
                }
                Standing::Undetermined { missing } => {
                    format!(
                        "{} {}",
                        self.language.pick("oavgjord, saknar", "undetermined, lacks"),
                        self.axes(missing)
                    )
                }
            };
            lines.push(format!(
                "  {} {} ({value}): {why}",
                self.language.pick("inte regel", "not rule"),
                other.rule
            ));
        }
        lines
    }

    fn outcome(&self, table: &str, found: &Match) -> String {
        let value = found
            .value
            .as_ref()
            .map(|value| self.value(table, value))
            .unwrap_or_default();
        let mut text = format!("{value} ({} {})", self.language.pick("regel", "rule"), found.rule);
        if !found.legal_basis.is_empty() {
            text = format!("{text}, {}", found.legal_basis);
        }
        match found.status.as_str() {
            "statutory" => text.push_str(self.language.pick(", gällande rätt", ", statutory")),
            "proposed" => text.push_str(self.language.pick(", föreslaget", ", proposed")),
            _ => {}
        }
        text
    }

    fn reasons(&self, found: &Match) -> Vec<String> {
        let because = self.language.pick("eftersom", "because");
        found
            .facts
            .iter()
            .map(|fact| format!("  {because} {}", self.fact(fact)))
            .collect()
    }

    fn fact(&self, fact: &DecidingFact) -> String {
        let from = match fact.source {
            Some(from) => source(from, self.language),
            None => self.language.pick("ur tabellen", "from the table"),
        };
        format!(
            "{} = {} ({from})",
            self.axis(&fact.axis),
            self.codes(&fact.axis, &fact.values)
        )
    }

    fn failed(&self, failed: &FailedCondition) -> String {
        let not = if failed.negated {
            self.language.pick("inte ", "not ")
        } else {
            ""
        };
        format!(
            "{} {} {}, {} {not}{}",
            self.axis(&failed.fact.axis),
            self.language.pick("är", "is"),
            self.codes(&failed.fact.axis, &failed.fact.values),
            self.language.pick("ska vara", "must be"),
            self.any(&failed.fact.axis, &failed.any_of),
        )
    }

    fn possible(&self, table: &str, possible: &[Possible]) -> Vec<String> {
        let lead = self.language.pick("möjligt", "possible");
        let lacks = self.language.pick("saknar", "lacks");
        possible
            .iter()
            .map(|one| {
                format!(
                    "  {lead}: {}, {lacks} {}",
                    self.value(table, &one.value),
                    self.axes(&one.missing)
                )
            })
            .collect()
    }

    fn codes(&self, axis: &str, codes: &[String]) -> String {
        if codes.is_empty() {
            return self.language.pick("ej tillämpligt", "not applicable").to_owned();
        }
        let names: Vec<_> = codes.iter().map(|code| self.value(axis, code)).collect();
        names.join(", ")
    }

    fn any(&self, axis: &str, names: &[String]) -> String {
        let names: Vec<_> = names.iter().map(|name| self.value(axis, name)).collect();
        names.join(self.language.pick(" eller ", " or "))
    }

    fn axes(&self, ids: &[String]) -> String {
        let names: Vec<_> = ids.iter().map(|id| self.axis(id)).collect();
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
