//! The legal bases of a variable as a release states them: which register holds it on which, from when. Whether a record
//! states the variable is judged elsewhere.

use jiff::civil::Date;

use crate::definition::{LegalBasis, RegisterDefinition, Variable, VariableBasis};
use crate::surroundings::CollectedFor;

/// The bases of one variable.
#[derive(Debug, Clone)]
pub(super) struct Bases(Vec<Held>);

/// One basis.
#[derive(Debug, Clone)]
struct Held {
    basis: String,
    registers: Vec<String>,
    /// Whether what is reported record by record is for one of the registers.
    record_by_record: bool,
    /// First date on which both the variable and its basis hold; `None` when the basis is none that the release collects
    /// on.
    from: Option<Date>,
    until: Option<Date>,
}

impl Bases {
    /// The bases of a variable of a release.
    pub(super) fn of(variable: &Variable, definition: &RegisterDefinition) -> Self {
        let is_whole = |id: &str| {
            let mut rules = definition.deliveries.iter();
            rules.any(|rule| rule.whole && rule.id == id)
        };
        let none_is_whole = !definition.deliveries.iter().any(|rule| rule.whole);
        let held = variable.bases.iter().map(|stated| Held {
            basis: stated.legal_basis.clone(),
            registers: stated.registers.clone(),
            record_by_record: none_is_whole || stated.registers.iter().any(|id| is_whole(id)),
            from: held_from(variable, stated, definition),
            until: earliest(variable.until, stated.until),
        });
        Self(held.collect())
    }

    /// Whether a register may hold the variable of care on a date.
    pub(super) fn hold(&self, date: Date, collected: &CollectedFor) -> bool {
        let mut held = self.0.iter();
        held.any(|held| held.is_for(collected) && held.holds_on(date))
    }

    /// The bases that there are for a register, and when they hold.
    pub(super) fn told(&self, collected: &CollectedFor) -> String {
        let own = self.0.iter().filter(|held| held.is_for(collected));
        let told: Vec<String> = own.map(Held::told).collect();
        match (told.is_empty(), collected) {
            (false, _) => told.join(", "),
            (true, CollectedFor::Register(register)) => format!("no basis for {register}"),
            (true, CollectedFor::RecordByRecord | CollectedFor::AsBefore) => {
                "no basis for what is reported record by record".to_owned()
            }
        }
    }
}

impl Held {
    fn is_for(&self, collected: &CollectedFor) -> bool {
        self.registers.is_empty()
            || match collected {
                CollectedFor::RecordByRecord => self.record_by_record,
                CollectedFor::Register(register) => self.registers.contains(register),
                CollectedFor::AsBefore => true,
            }
    }

    fn holds_on(&self, date: Date) -> bool {
        self.from.is_some_and(|from| from <= date) && self.until.is_none_or(|until| date < until)
    }

    fn told(&self) -> String {
        let Self {
            basis, from, until, ..
        } = self;
        let from = from.map_or_else(|| "not in force".to_owned(), |from| format!("from {from}"));
        let until = until.map_or_else(String::new, |until| format!(" until {until}"));
        format!("basis {basis} {from}{until}")
    }
}

/// The first date on which a variable and a basis of it both hold; `None` where the basis is not one that the release
/// collects on.
fn held_from(variable: &Variable, stated: &VariableBasis, definition: &RegisterDefinition) -> Option<Date> {
    let basis = definition
        .legal_bases
        .iter()
        .find(|basis| basis.id == stated.legal_basis)
        .filter(|basis| definition.collects_on_proposals || basis.status != LegalBasis::PROPOSED)?;
    [Some(variable.from), basis.from, stated.from]
        .into_iter()
        .flatten()
        .max()
}

fn earliest(one: Option<Date>, other: Option<Date>) -> Option<Date> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use vardnav_classification::model::Label;

    use super::*;
    use crate::delivery::RegisterRule;

    fn definition(whole: &[&str]) -> RegisterDefinition {
        let basis = |id: &str, status: &str, from| LegalBasis {
            id: id.to_owned(),
            citation: id.to_owned(),
            summary: Label::default(),
            status: status.to_owned(),
            from,
        };
        let rule = |id: &str| RegisterRule {
            id: id.to_owned(),
            name: Label::default(),
            legal_basis: "law".to_owned(),
            whole: whole.contains(&id),
            primary_days: 1,
            refresh_days: 1,
            exceptions: Vec::new(),
        };
        RegisterDefinition {
            legal_bases: vec![
                basis("law", "statutory", None),
                basis("late", "statutory", Some(date(2026, 7, 1))),
                basis("bill", "proposed", None),
            ],
            deliveries: ["near-care", "patients", "kommuner"].map(rule).to_vec(),
            ..RegisterDefinition::default()
        }
    }

    fn of(legal_basis: &str, registers: &[&str]) -> VariableBasis {
        VariableBasis {
            registers: registers.iter().map(|id| (*id).to_owned()).collect(),
            ..VariableBasis::of_every_register(legal_basis)
        }
    }

    fn variable(bases: Vec<VariableBasis>) -> Variable {
        Variable {
            id: "V".to_owned(),
            path: "diagnoses".to_owned(),
            label: Label::default(),
            definition: Label::default(),
            kinds: Vec::new(),
            bases,
            required: false,
            code_systems: Vec::new(),
            from: date(2026, 1, 1),
            until: None,
        }
    }

    /// Which of the ways of reporting may hold the variable on a date.
    fn held(bases: &Bases, on: Date) -> Vec<&'static str> {
        let ways = [
            ("one by one", CollectedFor::RecordByRecord),
            ("as before", CollectedFor::AsBefore),
            ("near-care", CollectedFor::Register("near-care".to_owned())),
            ("patients", CollectedFor::Register("patients".to_owned())),
            ("kommuner", CollectedFor::Register("kommuner".to_owned())),
        ];
        let held = ways.iter().filter(|(_, way)| bases.hold(on, way));
        held.map(|(name, _)| *name).collect()
    }

    #[test]
    fn each_register_holds_a_variable_on_a_basis_of_its_own_from_its_own_date() {
        let mut definition = definition(&["near-care"]);
        let stated = vec![
            of("law", &["patients"]),
            of("late", &["near-care"]),
            VariableBasis {
                until: Some(date(2026, 5, 1)),
                ..of("law", &["kommuner"])
            },
        ];
        let bases = Bases::of(&variable(stated), &definition);
        let (spring, summer) = (date(2026, 4, 30), date(2026, 7, 1));
        assert_eq!(held(&bases, date(2025, 12, 31)), [] as [&str; 0]);
        assert_eq!(held(&bases, spring), ["as before", "patients", "kommuner"]);
        assert_eq!(held(&bases, date(2026, 5, 1)), ["as before", "patients"]);
        assert_eq!(
            held(&bases, summer),
            ["one by one", "as before", "near-care", "patients"]
        );
        assert_eq!(
            bases.told(&CollectedFor::RecordByRecord),
            "basis late from 2026-07-01"
        );

        let every = Bases::of(&variable(vec![of("law", &[])]), &definition);
        assert_eq!(held(&every, spring).len(), 5);
        let proposed = variable(vec![of("law", &["patients"]), of("bill", &["near-care"])]);
        let bases = Bases::of(&proposed, &definition);
        assert_eq!(held(&bases, spring), ["as before", "patients"]);
        let kommuner = CollectedFor::Register("kommuner".to_owned());
        assert_eq!(bases.told(&kommuner), "no basis for kommuner");
        definition.collects_on_proposals = true;
        let bases = Bases::of(&proposed, &definition);
        assert_eq!(
            held(&bases, spring),
            ["one by one", "as before", "near-care", "patients"]
        );
    }

    /// Where no delivery stands for what is reported record by record, that is held by whichever register may.
    #[test]
    fn without_a_register_for_single_records_they_are_for_whichever_holds_them() {
        let bases = Bases::of(&variable(vec![of("law", &["patients"])]), &definition(&[]));
        assert_eq!(
            held(&bases, date(2026, 4, 1)),
            ["one by one", "as before", "patients"]
        );
    }
}
