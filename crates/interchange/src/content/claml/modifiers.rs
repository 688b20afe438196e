//! Modifiers of ClaML: lists of endings that classes take, made into classes of their own.
//!
//! A modifier of a class holds for every class below it that has none below itself, unless that class or one between
//! excludes it. Modifiers are applied in the order in which they stand, each to what the one before it made. What the
//! standard leaves to rubrics of the modified class (validity by text) is not looked at.

use std::collections::{HashMap, HashSet};

use vardnav_terminology::model::{Concept, DesignationStatus};

use super::{add_rubric, property};
use crate::codesystem::Findings;
use crate::content::xml::Element;

/// Most classes that modifiers may make.
const MADE_MAX: usize = 1_000_000;

/// Deepest nesting of classes that is followed.
const DEPTH_MAX: usize = 100;

/// Adds the classes that modifiers make.
pub(super) fn expand(path: &str, root: &Element, concepts: &mut Vec<Concept>, findings: &mut Findings) {
    let mut endings: HashMap<&str, Vec<Concept>> = HashMap::new();
    for class in root.named("ModifierClass") {
        let mut ending = Concept {
            code: class.attribute("code").to_owned(),
            ..Concept::default()
        };
        class
            .named("Rubric")
            .for_each(|rubric| add_rubric(&mut ending, rubric));
        endings
            .entry(class.attribute("modifier"))
            .or_default()
            .push(ending);
    }
    let classes: HashMap<&str, &Element> = root
        .named("Class")
        .map(|class| (class.attribute("code"), class))
        .collect();
    let inner: HashSet<String> = concepts
        .iter()
        .flat_map(|concept| concept.parents.clone())
        .collect();
    let mut known: HashSet<String> = concepts.iter().map(|concept| concept.code.clone()).collect();
    let mut made = Vec::new();
    for concept in concepts.iter().filter(|concept| !inner.contains(&concept.code)) {
        let mut stems = vec![concept.clone()];
        for (modifier, valid) in modifiers(concept.code.as_str(), &classes) {
            let Some(endings) = endings.get(modifier) else {
                let message = format!(
                    "modifier `{modifier}` of class `{}` is not in the file",
                    concept.code
                );
                findings.error("VN-IMP-315", path, 0, message);
                continue;
            };
            let mut next = Vec::new();
            for stem in &stems {
                for ending in endings
                    .iter()
                    .filter(|ending| valid.is_empty() || valid.contains(ending.code.as_str()))
                {
                    next.push(joined(stem, ending));
                }
            }
            if made.len() + next.len() > MADE_MAX {
                let message = format!("modifiers make more than {MADE_MAX} classes");
                findings.error("VN-IMP-315", path, 0, message);
                return;
            }
            stems = next;
            made.extend(
                stems
                    .iter()
                    .filter(|stem| known.insert(stem.code.clone()))
                    .cloned(),
            );
        }
    }
    concepts.extend(made);
}

/// The modifiers that hold for a class, nearest to the root first, with the endings that are valid (empty: all).
fn modifiers<'e>(code: &'e str, classes: &HashMap<&'e str, &'e Element>) -> Vec<(&'e str, HashSet<&'e str>)> {
    let mut found = Vec::new();
    let mut excluded = HashSet::new();
    let mut at = Some(code);
    for _ in 0..DEPTH_MAX {
        let Some(class) = at.and_then(|code| classes.get(code)) else {
            break;
        };
        excluded.extend(
            class
                .named("ExcludeModifier")
                .map(|modifier| modifier.attribute("code")),
        );
        let own: Vec<_> = class
            .named("ModifiedBy")
            .filter(|modifier| !excluded.contains(modifier.attribute("code")))
            .map(|modifier| {
                let valid = modifier
                    .named("ValidModifierClass")
                    .map(|valid| valid.attribute("code"));
                (modifier.attribute("code"), valid.collect())
            })
            .collect();
        found.splice(0..0, own);
        at = class
            .named("SuperClass")
            .next()
            .map(|above| above.attribute("code"));
    }
    found
}

/// The class that an ending makes of another.
fn joined(stem: &Concept, ending: &Concept) -> Concept {
    let mut made = Concept {
        code: format!("{}{}", stem.code, ending.code),
        parents: vec![stem.code.clone()],
        ..Concept::default()
    };
    property(&mut made, "kind", "modified".to_owned());
    made.properties.extend(
        stem.properties
            .iter()
            .filter(|property| property.name == "mark")
            .cloned(),
    );
    made.properties.extend(ending.properties.iter().cloned());
    made.notes.clone_from(&ending.notes);
    for term in stem
        .designations
        .iter()
        .filter(|term| term.status == DesignationStatus::Recommended)
    {
        let end = ending
            .designations
            .iter()
            .find(|end| end.language == term.language);
        let mut term = term.clone();
        if let Some(end) = end {
            term.text = format!("{}, {}", term.text, end.text);
        }
        made.designations.push(term);
    }
    made
}
