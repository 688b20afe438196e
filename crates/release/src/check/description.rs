//! Checks of the description system: it compiles, every table is proven, every rule with a status names its
//! legal basis, every exclusion has the check that refuses it.

use vardnav_classification::model::{Outcome, Table};
use vardnav_classification::{Defect, DescriptionSystem};

use super::Findings;
use crate::source::{Element, Place};

/// Checks the description system.
pub(super) fn check(found: &mut Findings<'_>) {
    let description = &found.source.description;
    for table in &description.tables {
        legal_bases(found, table);
    }
    for exclusion in &description.exclusions {
        if !found
            .source
            .register
            .checks
            .iter()
            .any(|check| check.code == exclusion.id)
        {
            let place = Place {
                line: exclusion.line,
                ..found.source.places.of(&Element::Exclusions)
            };
            let message = format!("exclusion `{}` has no check with that code", exclusion.id);
            found.at("VN-REL-110", place, message);
        }
    }
    proofs(found);
}

/// A table in which some rule states a status or a legal basis is one of duties: every value needs both.
fn legal_bases(found: &mut Findings<'_>, table: &Table) {
    let duties = table
        .rules
        .iter()
        .any(|rule| !rule.status.is_empty() || !rule.legal_basis.is_empty());
    if !duties {
        return;
    }
    for rule in table
        .rules
        .iter()
        .filter(|rule| matches!(rule.outcome, Outcome::Value(_)))
    {
        let place = Place {
            line: rule.line,
            ..found.source.places.of(&Element::Table(table.id.clone()))
        };
        match found
            .source
            .register
            .legal_bases
            .iter()
            .find(|basis| basis.id == rule.legal_basis)
        {
            None if rule.legal_basis.is_empty() => {
                found.at(
                    "VN-REL-102",
                    place,
                    format!("rule `{}` names no legal basis", rule.id),
                );
            }
            None => {
                let message = format!(
                    "rule `{}` names legal basis `{}`, which the release does not have",
                    rule.id, rule.legal_basis
                );
                found.at("VN-REL-102", place, message);
            }
            Some(basis) if basis.status != rule.status => {
                let message = format!(
                    "rule `{}` is {} but its legal basis `{}` is {}",
                    rule.id,
                    if rule.status.is_empty() {
                        "without status"
                    } else {
                        &rule.status
                    },
                    basis.id,
                    basis.status
                );
                found.at("VN-REL-102", place, message);
            }
            Some(_) => {}
        }
    }
}

fn proofs(found: &mut Findings<'_>) {
    let system = match DescriptionSystem::compile(found.source.description.clone()) {
        Ok(system) => system,
        Err(problems) => {
            for problem in problems {
                let place = place_of(found, &problem.place, problem.line);
                found.at(
                    "VN-REL-103",
                    place,
                    format!("{}: {}", problem.place, problem.message),
                );
            }
            return;
        }
    };
    for proof in system.prove(found.source.head.from) {
        for defect in &proof.defects {
            let mut place = found.source.places.of(&Element::Table(proof.table.clone()));
            if let Defect::Unreachable { line, .. } = defect {
                place.line = *line;
            }
            found.at(
                "VN-REL-103",
                place,
                format!("table `{}` from {}: {defect}", proof.table, proof.from),
            );
        }
    }
}

fn place_of(found: &Findings<'_>, place: &vardnav_classification::Place, line: u32) -> Place {
    use vardnav_classification::Place as At;
    let element = match place {
        At::Table(table) | At::Rule { table, .. } => Element::Table(table.clone()),
        At::Exclusion(_) => Element::Exclusions,
        _ => {
            return Place {
                file: String::new(),
                line,
            };
        }
    };
    Place {
        line,
        ..found.source.places.of(&element)
    }
}
