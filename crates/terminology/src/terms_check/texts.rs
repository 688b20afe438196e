//! Checks of terms and definitions: what a definition leans on, which terms compete, which concepts say nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::relations::{is_replacement, overlap};
use super::words::{Term, Terms, words};
use super::{DEFINITION_SEE, Findings, HEADING, TermFindingKind, circles, code, is_current, positions};
use crate::model::{CodeSystem, Concept, ConceptStatus, Designation, DesignationStatus};

/// Most domains that are searched for circles on their own.
const DOMAINS_MAX: usize = 256;

/// Most earlier concepts that a term is compared with.
const RIVALS_MAX: usize = 256;

/// Checks all terms and definitions of a code system.
pub(super) fn check(found: &mut Findings<'_>) {
    let system = found.system;
    let index = Index::new(system);
    definitions(found, &index);
    for (position, concept) in system.concepts.iter().enumerate() {
        recommended(found, position, concept);
        repeated(found, position, concept);
    }
    undefined(found);
    homonyms(found, &index);
}

/// How strongly a term stands for a concept: the lower the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Recommended,
    Accepted,
    /// Once recommended or accepted.
    Former,
    Deprecated,
    /// A term of a concept that is out of use, or no longer deprecated.
    Gone,
}

/// A term for a concept.
#[derive(Debug, Clone, Copy)]
struct Meaning<'s> {
    concept: usize,
    designation: &'s Designation,
    standing: Standing,
}

/// Terms by language, and what they stand for.
struct Index<'s> {
    languages: HashMap<&'s str, (Terms, HashMap<Term, Vec<Meaning<'s>>>)>,
}

impl<'s> Index<'s> {
    fn new(system: &'s CodeSystem) -> Self {
        let mut languages = HashMap::new();
        for (position, concept) in system.concepts.iter().enumerate() {
            for designation in &concept.designations {
                let language = language(system, &designation.language);
                let (terms, meanings) = languages
                    .entry(language)
                    .or_insert_with(|| (Terms::new(language), HashMap::new()));
                if let Some(term) = terms.add(&designation.text) {
                    let meanings: &mut Vec<Meaning<'s>> = meanings.entry(term).or_default();
                    meanings.push(Meaning {
                        concept: position,
                        designation,
                        standing: standing(concept, designation),
                    });
                }
            }
        }
        Self { languages }
    }

    /// What each term that a text uses stands for: its strongest meanings.
    fn uses(&self, language: &str, text: &str) -> Vec<Vec<Meaning<'s>>> {
        let Some((terms, meanings)) = self.languages.get(language) else {
            return Vec::new();
        };
        let used: BTreeSet<Term> = terms.used(text).into_iter().collect();
        used.into_iter()
            .filter_map(|term| meanings.get(&term))
            .map(|all| {
                let best = all.iter().map(|meaning| meaning.standing).min();
                all.iter()
                    .filter(|meaning| Some(meaning.standing) == best)
                    .copied()
                    .collect()
            })
            .collect()
    }
}

fn language<'s>(system: &'s CodeSystem, language: &'s str) -> &'s str {
    if language.is_empty() {
        &system.language
    } else {
        language
    }
}

fn standing(concept: &Concept, designation: &Designation) -> Standing {
    let lasts = designation.validity.until.is_none();
    match designation.status {
        _ if !is_current(concept) => Standing::Gone,
        DesignationStatus::Recommended if lasts => Standing::Recommended,
        DesignationStatus::Accepted if lasts => Standing::Accepted,
        DesignationStatus::Recommended | DesignationStatus::Accepted => Standing::Former,
        DesignationStatus::Deprecated if lasts => Standing::Deprecated,
        DesignationStatus::Deprecated => Standing::Gone,
    }
}

/// What one definition uses: its concept, its domain, and the concepts it leads to.
struct Lead<'s> {
    concept: usize,
    domain: &'s str,
    to: Vec<u32>,
}

fn definitions(found: &mut Findings<'_>, index: &Index<'_>) {
    let system = found.system;
    let mut leads: BTreeMap<&str, Vec<Lead<'_>>> = BTreeMap::new();
    for (position, concept) in system.concepts.iter().enumerate() {
        if !is_current(concept) {
            continue;
        }
        for definition in &concept.definitions {
            let language = language(system, &definition.language);
            let uses = index.uses(language, &definition.text);
            for meanings in &uses {
                deprecated(found, position, &definition.domain, meanings);
            }
            let to: BTreeSet<u32> = uses
                .iter()
                .flatten()
                .map(|meaning| meaning.concept as u32)
                .collect();
            leads.entry(language).or_default().push(Lead {
                concept: position,
                domain: &definition.domain,
                to: to.into_iter().collect(),
            });
        }
    }
    let mut told = BTreeSet::new();
    let is_foreign = |language: &str| language != system.language;
    let mut leads: Vec<(&str, Vec<Lead<'_>>)> = leads.into_iter().collect();
    leads.sort_by_key(|(language, _)| is_foreign(language));
    for (language, leads) in &leads {
        for circle in circles_in(system, leads) {
            let Some(first) = circle.first().copied() else {
                continue;
            };
            let path: Vec<String> = circle
                .iter()
                .map(|concept| code(system, *concept as usize).to_owned())
                .collect();
            if told.insert(path.clone()) {
                let language = (*language).to_owned();
                found.add(first as usize, TermFindingKind::Circle { language, path });
            }
        }
    }
}

/// Circles of the definitions in one language. In a domain a concept is what its definition for the domain says, or
/// else what its general one says.
fn circles_in(system: &CodeSystem, leads: &[Lead<'_>]) -> BTreeSet<Vec<u32>> {
    let domains: BTreeSet<&str> = leads.iter().map(|lead| lead.domain).chain([""]).collect();
    let mut all = BTreeSet::new();
    for domain in domains.into_iter().take(DOMAINS_MAX) {
        let own: BTreeSet<usize> = leads
            .iter()
            .filter(|lead| lead.domain == domain)
            .map(|lead| lead.concept)
            .collect();
        let mut edges = vec![Vec::new(); system.concepts.len()];
        for lead in leads {
            let counts = lead.domain == domain || (lead.domain.is_empty() && !own.contains(&lead.concept));
            if let Some(row) = edges.get_mut(lead.concept).filter(|_| counts) {
                row.extend_from_slice(&lead.to);
            }
        }
        all.extend(circles::circles(&edges));
    }
    all
}

/// A term that nothing current is called any more, and that is deprecated without reserve.
fn deprecated(found: &mut Findings<'_>, position: usize, domain: &str, meanings: &[Meaning<'_>]) {
    let meaning = meanings.iter().find(|meaning| {
        let designation = meaning.designation;
        meaning.standing == Standing::Deprecated
            && designation.scope.is_empty()
            && (designation.domain.is_empty() || designation.domain == domain)
    });
    let Some(meaning) = meaning else {
        return;
    };
    let concept = found.system.concepts.get(meaning.concept);
    let instead = concept
        .into_iter()
        .flat_map(|concept| &concept.designations)
        .find(|term| {
            term.language == meaning.designation.language
                && term.status == DesignationStatus::Recommended
                && term.validity.until.is_none()
        });
    let kind = TermFindingKind::DeprecatedInDefinition {
        term: meaning.designation.text.clone(),
        concept: code(found.system, meaning.concept).to_owned(),
        instead: instead.map_or_else(String::new, |term| term.text.clone()),
    };
    found.add(position, kind);
}

fn recommended(found: &mut Findings<'_>, position: usize, concept: &Concept) {
    let recommended: BTreeSet<&str> = concept
        .designations
        .iter()
        .filter(|term| term.status == DesignationStatus::Recommended)
        .map(|term| term.language.as_str())
        .collect();
    let mut languages: BTreeSet<&str> = concept
        .designations
        .iter()
        .map(|term| term.language.as_str())
        .collect();
    if languages.is_empty() {
        languages.insert("");
    }
    for language in languages.difference(&recommended) {
        let language = (*language).to_owned();
        found.add(position, TermFindingKind::NoRecommendedTerm { language });
    }
}

/// Definitions that say the term and nothing else, articles aside.
fn repeated(found: &mut Findings<'_>, position: usize, concept: &Concept) {
    let bare = |text: &str| -> Vec<String> {
        words(text)
            .filter(|word| {
                !matches!(
                    word.as_str(),
                    "" | "en" | "ett" | "den" | "det" | "a" | "an" | "the"
                )
            })
            .collect()
    };
    for definition in &concept.definitions {
        let text = bare(&definition.text);
        let repeats = concept
            .designations
            .iter()
            .filter(|term| term.language == definition.language)
            .any(|term| bare(&term.text) == text);
        if repeats {
            let language = definition.language.clone();
            found.add(position, TermFindingKind::DefinitionRepeatsTerm { language });
        }
    }
}

fn undefined(found: &mut Findings<'_>) {
    let system = found.system;
    let strict = system.properties.iter().any(|property| property.name == HEADING);
    let positions = positions(system);
    for (position, concept) in system.concepts.iter().enumerate() {
        let value = |name: &str| {
            let property = concept.properties.iter().find(|property| property.name == name);
            property.map(|property| property.value.as_str())
        };
        let see = value(DEFINITION_SEE);
        if let Some(target) = see.filter(|target| !positions.contains_key(target)) {
            let target = target.to_owned();
            found.add(position, TermFindingKind::UnknownDefinition { target });
        }
        let agreed = matches!(
            concept.status,
            ConceptStatus::Active | ConceptStatus::Analysis | ConceptStatus::Referral
        );
        let excused = see.is_some() || value(HEADING) == Some("true");
        if strict && agreed && !excused && concept.definitions.is_empty() {
            found.add(position, TermFindingKind::NoDefinition);
        }
    }
}

fn homonyms(found: &mut Findings<'_>, index: &Index<'_>) {
    let system = found.system;
    for (language, (_, meanings)) in &index.languages {
        for meanings in meanings.values().filter(|meanings| meanings.len() > 1) {
            let rivals: Vec<&Meaning<'_>> = meanings
                .iter()
                .filter(|meaning| {
                    meaning.standing != Standing::Gone
                        && meaning.designation.status == DesignationStatus::Recommended
                })
                .collect();
            for (at, meaning) in rivals.iter().enumerate() {
                let earlier = rivals.iter().take(at).take(RIVALS_MAX).find(|earlier| {
                    earlier.concept != meaning.concept
                        && earlier.designation.domain == meaning.designation.domain
                        && overlap(earlier.designation.validity, meaning.designation.validity)
                        && !give_way(system, earlier.concept, meaning.concept)
                });
                if let Some(earlier) = earlier {
                    let kind = TermFindingKind::Homonym {
                        term: meaning.designation.text.clone(),
                        language: (*language).to_owned(),
                        other: code(system, earlier.concept).to_owned(),
                    };
                    found.add(meaning.concept, kind);
                }
            }
        }
    }
}

/// Whether one of two concepts replaces the other, so that they share terms over time.
fn give_way(system: &CodeSystem, a: usize, b: usize) -> bool {
    let leads = |from: usize, to: usize| {
        system.concepts.get(from).is_some_and(|concept| {
            concept
                .relations
                .iter()
                .any(|relation| is_replacement(relation.kind) && relation.target == code(system, to))
        })
    };
    leads(a, b) || leads(b, a)
}
