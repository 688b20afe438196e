//! Lines under two releases or choices of variants: one line in, one line out that says what each table gives on both
//! sides and what makes the difference. Found here or elsewhere, written by the same hand.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};

use serde_json::{Map, Value, json};
use vardnav_classification::compare::{Given, Side, TableComparison, compare};
use vardnav_classification::facts::bits;
use vardnav_classification::model::HitPolicy;
use vardnav_classification::text::{Language, comparison_lines};
use vardnav_classification::{DescriptionSystem, FactSet, FactSource, TableResult, Undetermined};

use super::{
    Counts, Form, InForce, LineFinding, Releases, TableAnswer, answer_each, fact_fault, no_release,
    read_form, write_findings,
};

/// A line under two sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared<'a> {
    /// The line's id.
    pub id: &'a str,
    /// What decided one side.
    pub one: ComparedSide<'a>,
    /// What decided the other side.
    pub other: ComparedSide<'a>,
    /// Every table that applies on either side; none when a side could not decide.
    pub tables: Vec<ComparedTable<'a>>,
}

/// What decided a side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComparedSide<'a> {
    /// The release; empty when none did.
    pub release: &'a str,
    /// The variants asked for.
    pub variants: &'a [String],
    /// What this side does not know.
    pub findings: Vec<LineFinding>,
}

/// What a table gives on two sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComparedTable<'a> {
    /// The table's id.
    pub table: &'a str,
    /// Whether it differs.
    pub differs: bool,
    /// On one side.
    pub one: Option<TableAnswer>,
    /// On the other side.
    pub other: Option<TableAnswer>,
    /// The rules that make a difference.
    pub rules: Vec<ComparedRule<'a>>,
    /// Earlier tables and axes that are not the same on both sides.
    pub through: Vec<&'a str>,
    /// The same in Swedish, line by line.
    pub sv: Cow<'a, str>,
    /// The same in English, line by line.
    pub en: Cow<'a, str>,
}

/// A rule that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComparedRule<'a> {
    /// Its id.
    pub rule: &'a str,
    /// `added`, `removed`, `changed` or `moved`.
    pub change: &'a str,
    /// How it stands on one side: `matched`, `ruled-out`, `undetermined`; `None` when it is not there.
    pub one: Option<&'a str>,
    /// How it stands on the other side.
    pub other: Option<&'a str>,
    /// Whether it decides on a side.
    pub decides: bool,
}

impl Compared<'_> {
    /// The answer as JSON.
    pub fn value(&self) -> Value {
        let sv = self.tables.iter().flat_map(|table| table.sv.lines());
        let en = self.tables.iter().flat_map(|table| table.en.lines());
        json!({
            "id": self.id,
            "differs": self.tables.iter().any(|table| table.differs),
            "one": side_value(&self.one),
            "other": side_value(&self.other),
            "tables": self.tables.iter().map(table_value).collect::<Value>(),
            "text": { "sv": sv.collect::<Value>(), "en": en.collect::<Value>() },
        })
    }
}

/// One side that lines are decided by.
#[derive(Debug, Clone)]
pub struct ComparedBy<'a> {
    /// Its releases.
    pub releases: Releases<'a>,
    /// The variants that they were compiled under.
    pub variants: Vec<String>,
}

/// Compares lines under two sides.
#[derive(Debug)]
pub struct Comparer<'a> {
    /// One side.
    pub one: ComparedBy<'a>,
    /// The other side.
    pub other: ComparedBy<'a>,
}

impl Comparer<'_> {
    /// What two sides make of a line, handed to `told`; or the findings of a line that cannot be read.
    pub fn compare<T>(
        &self,
        line: &[u8],
        told: impl FnOnce(&Compared<'_>) -> T,
    ) -> Result<T, super::Refused> {
        let form = read_form(line)?;
        let (one, other) = (self.one.sided(&form), self.other.sided(&form));
        let tables = match (&one, &other) {
            (Ok(one), Ok(other)) => one.against(&form, other),
            _ => Vec::new(),
        };
        Ok(told(&Compared {
            id: &form.id,
            one: self.one.told(&one),
            other: self.other.told(&other),
            tables,
        }))
    }

    /// Appends the answer to one line. Tells whether both sides could decide all of it.
    pub fn answer(&self, line: &[u8], out: &mut Vec<u8>) -> bool {
        let answered = self.compare(line, |compared| {
            out.extend(compared.value().to_string().as_bytes());
            out.push(b'\n');
            compared.one.findings.is_empty() && compared.other.findings.is_empty()
        });
        answered.unwrap_or_else(|refused| {
            write_findings(refused.id.as_deref(), &refused.findings, out);
            false
        })
    }

    /// Answers every line of a reader.
    ///
    /// # Errors
    /// Those of the reader and the writer.
    pub fn answer_all(&self, reader: &mut impl BufRead, writer: &mut impl Write) -> io::Result<Counts> {
        answer_each(reader, writer, |line, out| self.answer(line, out))
    }
}

/// What a side makes of a line.
struct Sided<'s> {
    release: InForce<'s>,
    facts: FactSet,
    /// What it does not know, with the place of the fact.
    unknown: Vec<(usize, LineFinding)>,
}

impl<'s> ComparedBy<'s> {
    fn sided(&self, form: &Form<'_>) -> Result<Sided<'s>, LineFinding> {
        let release = self.releases.on(form.date).ok_or_else(|| no_release(form.date))?;
        let (mut facts, mut unknown) = (FactSet::new(), Vec::new());
        for (at, (axis, stated)) in form.facts.iter().enumerate() {
            let said = release
                .system
                .state(form.grain, &mut facts, axis, stated.codes(), FactSource::Record);
            if let Err(error) = said {
                unknown.push((at, fact_fault(error, axis, stated.codes(), stated.is_list())));
            }
        }
        Ok(Sided {
            release,
            facts,
            unknown,
        })
    }

    fn told<'t>(&'t self, sided: &Result<Sided<'t>, LineFinding>) -> ComparedSide<'t> {
        match sided {
            Ok(sided) => ComparedSide {
                release: sided.release.id,
                variants: &self.variants,
                findings: sided.unknown.iter().map(|(_, finding)| finding.clone()).collect(),
            },
            Err(finding) => ComparedSide {
                findings: vec![finding.clone()],
                ..ComparedSide::default()
            },
        }
    }
}

impl<'s> Sided<'s> {
    /// What the tables give on both sides; nothing when neither side knows what some fact means.
    fn against(&self, form: &Form<'_>, other: &Self) -> Vec<ComparedTable<'s>> {
        let nowhere = |(at, _): &(usize, LineFinding)| other.unknown.iter().any(|(place, _)| place == at);
        if self.unknown.iter().any(nowhere) {
            return Vec::new();
        }
        let side = |sided: &Self| Side {
            system: sided.release.system,
            facts: sided.facts,
        };
        let (left, right) = (self.open(form), other.open(form));
        let compared = compare(form.grain, form.date, side(self), side(other));
        let (one, other) = (self.release.system, other.release.system);
        let told = |table: &TableComparison<'s>| ComparedTable {
            table: table.table,
            differs: table.differs,
            one: table.one.map(|given| table_answer(one, given, &left)),
            other: table.other.map(|given| table_answer(other, given, &right)),
            rules: table
                .rules
                .iter()
                .map(|rule| ComparedRule {
                    rule: rule.rule,
                    change: rule.change.name(),
                    one: rule.one.map(|standing| standing.name()),
                    other: rule.other.map(|standing| standing.name()),
                    decides: rule.decides,
                })
                .collect(),
            through: table.through.clone(),
            sv: lines(one, other, table, Language::Swedish),
            en: lines(one, other, table, Language::English),
        };
        compared.iter().map(told).collect()
    }

    fn open(&self, form: &Form<'_>) -> Vec<Undetermined> {
        let mut filled = self.facts;
        let system = self.release.system;
        let result = system.classify_into(form.grain, form.date, &mut filled);
        let mut undetermined = Vec::new();
        system.undetermined(form.date, &filled, &result, &mut undetermined);
        undetermined
    }
}

fn lines<'s>(
    one: &DescriptionSystem,
    other: &DescriptionSystem,
    table: &TableComparison<'_>,
    language: Language,
) -> Cow<'s, str> {
    if table.differs {
        Cow::Owned(comparison_lines(one, other, table, language).join("\n"))
    } else {
        Cow::Borrowed("")
    }
}

/// What a table gives, in codes.
fn table_answer(system: &DescriptionSystem, given: Given, open: &[Undetermined]) -> TableAnswer {
    let slot = system.slot_of(given.table);
    let code = |value| slot.map_or("", |slot| system.value_code(slot, value)).to_owned();
    let collects = system
        .source()
        .tables
        .get(given.table.position())
        .is_some_and(|table| table.hit_policy == HitPolicy::Collect);
    let (values, rule, held) = match given.result {
        TableResult::Value { value, rule } => (vec![code(value)], system.rule(given.table, rule), false),
        TableResult::Held { .. } => (Vec::new(), None, true),
        TableResult::Collected { values, .. } => {
            let order = system.collected_order(given.table).iter().copied();
            let given = order.filter(|value| bits(values).any(|bit| bit == *value));
            (given.map(code).collect(), None, false)
        }
        TableResult::NotApplicable => (Vec::new(), None, false),
    };
    let open = open.iter().filter(|open| open.table == given.table);
    TableAnswer {
        table: slot.map_or("", |slot| system.axis_id(slot)).to_owned(),
        collects,
        values,
        rule: rule.map(|rule| rule.id.clone()),
        held,
        possible: open
            .map(|open| {
                let missing = open.missing.iter().map(|axis| system.axis_id(axis).to_owned());
                (code(open.value), missing.collect())
            })
            .collect(),
    }
}

fn side_value(side: &ComparedSide<'_>) -> Value {
    let mut value = Map::new();
    if !side.release.is_empty() {
        value.insert("release".to_owned(), json!(side.release));
    }
    if !side.variants.is_empty() {
        value.insert("variants".to_owned(), json!(side.variants));
    }
    if !side.findings.is_empty() {
        let findings = side
            .findings
            .iter()
            .map(|finding| json!({ "code": finding.code, "path": finding.path, "message": finding.message }));
        value.insert("findings".to_owned(), findings.collect());
    }
    Value::Object(value)
}

fn table_value(table: &ComparedTable<'_>) -> Value {
    let mut value = json!({
        "table": table.table,
        "differs": table.differs,
        "one": table.one.as_ref().map(given_value),
        "other": table.other.as_ref().map(given_value),
    });
    if let (true, Some(value)) = (table.differs, value.as_object_mut()) {
        let rules = table.rules.iter().map(|rule| {
            json!({
                "rule": rule.rule,
                "change": rule.change,
                "one": rule.one,
                "other": rule.other,
                "decides": rule.decides,
            })
        });
        value.insert("rules".to_owned(), rules.collect());
        value.insert("through".to_owned(), json!(table.through));
    }
    value
}

fn given_value(given: &TableAnswer) -> Value {
    let possible = given.possible.iter();
    json!({
        "values": given.values,
        "rule": given.rule,
        "held": given.held,
        "possible": possible
            .map(|(value, missing)| (value.clone(), json!(missing)))
            .collect::<Map<_, _>>(),
    })
}
