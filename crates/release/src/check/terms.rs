//! Checks of the release's own code systems: unique codes, sound hierarchy and relations, one recommended term
//! in each language on every date.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use vardnav_terminology::model::{CodeSystem, Concept, Designation, DesignationStatus};

use super::Findings;
use crate::source::Element;

/// Checks all code systems of the release.
pub(super) fn check(found: &mut Findings<'_>) {
    let mut urls = BTreeSet::new();
    for system in &found.source.code_systems {
        let at = Element::CodeSystem(system.url.clone());
        if system.url.is_empty() || system.version.is_empty() || system.title.is_empty() {
            found.error("VN-REL-112", &at, "a code system lacks address, version or title");
        }
        if !urls.insert(system.url.as_str()) {
            found.error(
                "VN-REL-104",
                &at,
                format!("code system `{}` is given twice", system.url),
            );
        }
        concepts(found, system);
    }
}

fn concepts(found: &mut Findings<'_>, system: &CodeSystem) {
    let codes: BTreeSet<&str> = system
        .concepts
        .iter()
        .map(|concept| concept.code.as_str())
        .collect();
    let mut seen = BTreeSet::new();
    for concept in &system.concepts {
        let at = Element::Concept(system.url.clone(), concept.code.clone());
        if concept.code.is_empty() || !seen.insert(concept.code.as_str()) {
            let message = format!(
                "code `{}` is empty or given twice in `{}`",
                concept.code, system.url
            );
            found.error("VN-REL-104", &at, message);
        }
        let targets = concept.relations.iter().map(|relation| relation.target.as_str());
        for target in concept.parents.iter().map(String::as_str).chain(targets) {
            if !codes.contains(target) || target == concept.code {
                let message = format!(
                    "`{}` refers to `{target}`, which is not another concept",
                    concept.code
                );
                found.error("VN-REL-106", &at, message);
            }
        }
        found.validity(&at, &format!("`{}`", concept.code), concept.validity);
        for relation in &concept.relations {
            found.validity(
                &at,
                &format!("a relation of `{}`", concept.code),
                relation.validity,
            );
        }
        for definition in &concept.definitions {
            if definition.text.trim().is_empty() || definition.source.trim().is_empty() {
                let message = format!("a definition of `{}` lacks text or source", concept.code);
                found.error("VN-REL-113", &at, message);
            }
        }
        designations(found, &at, concept);
    }
    cycles(found, system);
}

fn designations(found: &mut Findings<'_>, at: &Element, concept: &Concept) {
    let code = &concept.code;
    if concept.designations.is_empty() {
        found.error("VN-REL-105", at, format!("`{code}` has no term"));
    }
    let mut groups = BTreeSet::new();
    for designation in &concept.designations {
        found.validity(at, &format!("a term of `{code}`"), designation.validity);
        if designation.text.trim().is_empty() {
            found.error("VN-REL-112", at, format!("a term of `{code}` is empty"));
        }
        if designation.status == DesignationStatus::Deprecated && designation.comment.trim().is_empty() {
            let message = format!("`{code}` has a deprecated term without a comment that says why");
            found.error("VN-REL-112", at, message);
        }
        groups.insert((designation.language.as_str(), designation.domain.as_str()));
    }
    for (language, domain) in &groups {
        // A domain without a recommended term of its own takes the general one.
        let fewest = usize::from(domain.is_empty() || !groups.contains(&(*language, "")));
        recommended(found, at, concept, (language, domain), fewest);
    }
}

/// In a language and domain one term is recommended on every date, `fewest` being 0 where none may be.
fn recommended(
    found: &mut Findings<'_>,
    at: &Element,
    concept: &Concept,
    (language, domain): (&str, &str),
    fewest: usize,
) {
    let code = &concept.code;
    let terms = || {
        let all = concept.designations.iter();
        all.filter(|term| term.language == language && term.domain == domain)
    };
    for date in turning_dates(concept, terms()) {
        let recommended = terms()
            .filter(|term| term.status == DesignationStatus::Recommended)
            .filter(|term| term.validity.contains(date))
            .count();
        if !(fewest..=1).contains(&recommended) {
            let when = if date == Date::MIN {
                "from the start".to_owned()
            } else {
                format!("from {date}")
            };
            let within = if domain.is_empty() { "" } else { " in one domain" };
            let message = format!(
                "`{code}` has {recommended} recommended terms in `{language}`{within} {when} instead of one"
            );
            found.error("VN-REL-105", at, message);
            break;
        }
    }
}

/// Dates on which something may change for some terms, while the concept is valid.
fn turning_dates<'c>(concept: &Concept, terms: impl Iterator<Item = &'c Designation>) -> BTreeSet<Date> {
    terms
        .flat_map(|term| [term.validity.from, term.validity.until])
        .flatten()
        .chain([concept.validity.from.unwrap_or(Date::MIN)])
        .filter(|date| concept.validity.contains(*date))
        .collect()
}

/// Finds codes that are their own ancestors, by taking away concepts whose parents are all gone.
fn cycles(found: &mut Findings<'_>, system: &CodeSystem) {
    let mut left: BTreeMap<&str, &Concept> = system
        .concepts
        .iter()
        .map(|concept| (concept.code.as_str(), concept))
        .collect();
    loop {
        let before = left.len();
        let free: Vec<&str> = left
            .iter()
            .filter(|(_, concept)| {
                concept
                    .parents
                    .iter()
                    .all(|parent| !left.contains_key(parent.as_str()))
            })
            .map(|(code, _)| *code)
            .collect();
        for code in free {
            left.remove(code);
        }
        if left.len() == before {
            break;
        }
    }
    if let Some(code) = left.keys().next() {
        let at = Element::Concept(system.url.clone(), (*code).to_owned());
        found.error(
            "VN-REL-114",
            &at,
            format!("the parents of `{code}` lead in a circle"),
        );
    }
}
