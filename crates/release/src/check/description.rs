//! Checks of the description system: it compiles, every table is proven, every rule with a status names its
//! legal basis, every exclusion has the check that refuses it, every contradiction the one that warns of it.

use std::collections::BTreeSet;

use vardnav_classification::Place as At;
use vardnav_classification::model::{Combination, HitPolicy, Outcome, Table};
use vardnav_classification::verify::VariantProof;
use vardnav_classification::{Defect, DescriptionSystem, Proof};
use vardnav_register::definition::Severity;

use super::Findings;
use crate::source::{Element, Place, ReleaseSource};

/// Checks the description system.
pub(super) fn check(found: &mut Findings<'_>) {
    let description = &found.source.description;
    for table in &description.tables {
        if !found.source.unread.contains(LEGAL_BASES) {
            legal_bases(found, table);
        }
        if !is_unread(found.source, table) {
            guard(found, table);
        }
        holds(found, table);
    }
    if !found.source.unread.contains(CHECKS) {
        for exclusion in &description.exclusions {
            combination(found, exclusion, &Element::Exclusions);
        }
        for contradiction in &description.contradictions {
            combination(found, contradiction, &Element::Contradictions);
        }
    }
    proofs(found);
}

/// A *first* table ends with its guard: what no rule foresaw is then held, whatever becomes of the proofs.
fn guard(found: &mut Findings<'_>, table: &Table) {
    let last = table.rules.last();
    if table.hit_policy == HitPolicy::First && last.is_none_or(|rule| rule.outcome != Outcome::CatchAll) {
        let place = Place {
            line: last.map_or(1, |rule| rule.line),
            ..found.source.places.of(&Element::Table(table.id.clone()))
        };
        let message = format!(
            "table `{}` has no guard after its last rule; end it with a row whose `value` is `held`, without conditions \
             and reason",
            table.id
        );
        found.at("VN-REL-138", place, message);
    }
}

/// A row that holds says of what: without a condition it would hide every gap, as the guard does, and be proven.
fn holds(found: &mut Findings<'_>, table: &Table) {
    for rule in &table.rules {
        if matches!(rule.outcome, Outcome::Hold { .. }) && rule.alternatives.iter().any(Vec::is_empty) {
            let place = Place {
                line: rule.line,
                ..found.source.places.of(&Element::Table(table.id.clone()))
            };
            let message = format!(
                "table `{}`, rule `{}` holds whatever the facts are; state the combination that it holds, or leave its \
                 reason out and make it the guard",
                table.id, rule.id
            );
            found.at("VN-REL-103", place, message);
        }
    }
}

/// A combination has its check. The proofs leave out what exclusions name, so their checks refuse from the first
/// day; contradictions are not left out, so theirs warn.
fn combination(found: &mut Findings<'_>, combination: &Combination, element: &Element) {
    let refuses = *element == Element::Exclusions;
    let name = format!(
        "{} `{}`",
        if refuses { "exclusion" } else { "contradiction" },
        combination.id
    );
    let place = Place {
        line: combination.line,
        ..found.source.places.of(element)
    };
    let release = found.source;
    let check = release
        .register
        .checks
        .iter()
        .find(|check| check.code == combination.id);
    let Some(check) = check else {
        found.at("VN-REL-110", place, format!("{name} has no check with that code"));
        return;
    };
    let weight = if refuses {
        Severity::Error
    } else {
        Severity::Warning
    };
    if check.severity != weight {
        let wanted = if refuses { "an error" } else { "a warning" };
        found.at(
            "VN-REL-117",
            place.clone(),
            format!("the check of {name} is not {wanted}"),
        );
    }
    if refuses && check.from.is_some_and(|from| from > release.head.from) {
        let message = format!("the check of {name} begins after the release");
        found.at("VN-REL-117", place, message);
    }
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

/// The files that every table rests on.
const GROUND: [&str; 5] = [
    "axes.toml",
    "value-sets.toml",
    "tables.toml",
    "unsettled.toml",
    "exclusions.csv",
];

/// The file that legal bases stand in.
const LEGAL_BASES: &str = "register/legal.toml";

/// The file that checks stand in.
const CHECKS: &str = "register/checks.toml";

/// Whether rows of a table could not be read.
fn is_unread(source: &ReleaseSource, table: &Table) -> bool {
    let place = source.places.of(&Element::Table(table.id.clone()));
    source.unread.contains(&place.file)
}

/// Whether the tables and what they rest on are all read whole.
pub(super) fn is_whole(source: &ReleaseSource) -> bool {
    !GROUND.iter().any(|path| source.unread.contains(*path)) && unproven(source).is_empty()
}

/// The tables that are not read whole, and those that read their values: a proof of these would be of other tables.
fn unproven(source: &ReleaseSource) -> BTreeSet<String> {
    let mut unproven: BTreeSet<String> = BTreeSet::new();
    for table in &source.description.tables {
        let conditions = table
            .rules
            .iter()
            .flat_map(|rule| rule.alternatives.iter().flatten());
        let mut read = conditions.map(|condition| &condition.axis);
        if is_unread(source, table) || read.any(|axis| unproven.contains(axis)) {
            unproven.insert(table.id.clone());
        }
    }
    unproven
}

fn proofs(found: &mut Findings<'_>) {
    if GROUND.iter().any(|path| found.source.unread.contains(*path)) {
        return;
    }
    let rests = unproven(found.source);
    let system = match DescriptionSystem::compile(found.source.description.clone()) {
        Ok(system) => system,
        Err(problems) => {
            for problem in problems {
                if let At::Table(table) | At::Rule { table, .. } = &problem.place
                    && rests.contains(table)
                {
                    continue;
                }
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
    let from = found.source.head.from;
    let whole = |proof: &Proof| !rests.contains(&proof.table);
    let chosen = system.prove(from);
    for proof in chosen.iter().filter(|proof| whole(proof)) {
        defects(found, proof, "");
    }
    let variants = system.prove_variants(from).into_iter();
    for VariantProof { variant, mut proof } in variants.filter(|told| whole(&told.proof)) {
        // What is wrong under the variants taken is told once.
        let told = chosen.iter().filter(|other| {
            (&other.table, other.grain, other.from) == (&proof.table, proof.grain, proof.from)
        });
        let told: Vec<&Defect> = told.flat_map(|other| &other.defects).collect();
        proof.defects.retain(|defect| !told.contains(&defect));
        defects(found, &proof, &format!("variant `{variant}`, "));
    }
}

/// Notes what is wrong with a table; `under` begins the message.
fn defects(found: &mut Findings<'_>, proof: &Proof, under: &str) {
    for defect in &proof.defects {
        let mut place = found.source.places.of(&Element::Table(proof.table.clone()));
        if let Defect::Unreachable { line, .. } = defect {
            place.line = *line;
        }
        let message = format!("{under}table `{}` from {}: {defect}", proof.table, proof.from);
        found.at("VN-REL-103", place, message);
    }
}

fn place_of(found: &Findings<'_>, place: &vardnav_classification::Place, line: u32) -> Place {
    let element = match place {
        At::Table(table) | At::Rule { table, .. } => Element::Table(table.clone()),
        At::Exclusion(_) => Element::Exclusions,
        At::Contradiction(_) => Element::Contradictions,
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
