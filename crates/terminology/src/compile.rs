//! From a code system as read to an [`Edition`], or to the list of what keeps it from becoming one. The source is taken
//! apart concept by concept, so that the two are never in memory as a whole side by side.

mod parts;

use crate::codes::{CodeTable, folded};
use crate::components;
use crate::csr::{Csr, CsrBuilder};
use crate::edition::Edition;
use crate::hierarchy::{Hierarchy, HierarchyError};
use crate::model::{CodeSystem, Concept, Validity};
use crate::problem::{Problem, ProblemKind, Problems};
use crate::search::SearchIndex;
use parts::Parts;

/// Longest code, in bytes.
const CODE_BYTES_MAX: usize = 255;

/// Longest designation, in bytes.
const DESIGNATION_BYTES_MAX: usize = 65_536;

/// Most items of one kind.
const ITEMS_MAX: usize = u32::MAX as usize - 1;

pub(crate) fn compile(mut source: CodeSystem) -> Result<Edition, Vec<Problem>> {
    let mut problems = Problems::default();
    if !fits(&source) {
        problems.add(0, "", ProblemKind::TooLarge);
        return Err(problems.finish());
    }
    let mut parts = Parts::new(&source);
    let codes = codes(&source.concepts, &mut parts, &mut problems);
    let folded_codes = source
        .case_insensitive
        .then(|| folded_codes(&parts, &mut problems));
    for (position, concept) in std::mem::take(&mut source.concepts).into_iter().enumerate() {
        check(position, &concept, &mut problems);
        parts.add_edges(position, &concept, &codes, &mut problems);
        parts.add(position, &concept);
    }
    let (concepts, designations) = (parts.concepts.len(), parts.designations.len());
    let components = source.components.take().map(|components| {
        let languages = components.descriptions.iter();
        let languages = languages.map(|one| parts.language(&one.language)).collect();
        components::build(
            *components,
            (concepts, designations),
            languages,
            &mut parts.texts,
            &mut problems,
        )
    });
    check_diagrams(&source, &parts, &codes, &mut problems);
    if parts.texts.overflow() || parts.languages.len() > u16::MAX as usize {
        problems.add(0, "", ProblemKind::TooLarge);
    }
    if !problems.is_empty() {
        return Err(problems.finish());
    }
    let parents = std::mem::replace(&mut parts.parents, CsrBuilder::new()).finish();
    let hierarchy = hierarchy(&parts, parents)?;

    let concepts = parts.concepts.into_boxed_slice();
    let texts = parts.texts.finish();
    let designations = parts.designations.into_boxed_slice();
    let index = SearchIndex::new(&concepts, &designations, &texts);
    Ok(Edition {
        texts,
        codes,
        folded_codes,
        concepts,
        hierarchy,
        languages: parts.languages,
        designations,
        details: parts.details.into(),
        definitions: parts.definitions.finish(),
        notes: parts.notes.finish(),
        relations: parts.relations.finish(),
        properties: parts.properties.finish(),
        property_names: parts.property_names.into(),
        rarities: parts.rarities.into(),
        features: parts.features.finish(),
        subject_fields: parts.subject_fields.finish(),
        components,
        index,
        head: source,
    })
}

fn fits(source: &CodeSystem) -> bool {
    let most = |count: fn(&Concept) -> usize| source.concepts.iter().map(count).sum::<usize>() < ITEMS_MAX;
    source.concepts.len() < ITEMS_MAX
        && most(|c| c.parents.len())
        && most(|c| c.designations.len())
        && most(|c| c.definitions.len())
        && most(|c| c.notes.len())
        && most(|c| c.relations.len())
        && most(|c| c.properties.len())
        && most(|c| c.features.len())
        && most(|c| c.subject_fields.len())
        && source.components.as_ref().is_none_or(|components| {
            components.attributes.len() < ITEMS_MAX
                && components
                    .descriptions
                    .len()
                    .saturating_add(components.designations.len())
                    < ITEMS_MAX
                && components.acceptabilities.len() < ITEMS_MAX
                && components
                    .reference_sets
                    .iter()
                    .map(|set| set.members.len().saturating_mul(set.fields.len().max(1)))
                    .fold(0, usize::saturating_add)
                    < ITEMS_MAX
        })
}

/// The table of the codes. Their texts are added first, so that concepts are told apart by their spans.
fn codes(concepts: &[Concept], parts: &mut Parts, problems: &mut Problems) -> CodeTable {
    let mut codes = CodeTable::with_capacity(concepts.len());
    for (position, concept) in concepts.iter().enumerate() {
        let code = concept.code.as_str();
        let malformed = code.is_empty()
            || code.len() > CODE_BYTES_MAX
            || code.trim() != code
            || code.contains(char::is_control);
        parts
            .codes
            .push(parts.texts.intern(if malformed { "" } else { code }));
        if malformed {
            problems.add(
                position,
                code.get(..CODE_BYTES_MAX).unwrap_or(code),
                ProblemKind::MalformedCode,
            );
            continue;
        }
        let inserted = codes.insert(code.as_bytes(), position as u32, |other| {
            parts.code(other) == code
        });
        if let Err(first) = inserted {
            let first = first as usize;
            problems.add(position, code, ProblemKind::DuplicateCode { first });
        }
    }
    codes
}

/// The table of the codes where letter case tells none apart.
fn folded_codes(parts: &Parts, problems: &mut Problems) -> CodeTable {
    let mut codes = CodeTable::with_capacity(parts.codes.len());
    for concept in 0..parts.codes.len() as u32 {
        let code = parts.code(concept);
        let folded = folded(code);
        let inserted = codes.insert(folded.as_bytes(), concept, |other| {
            self::folded(parts.code(other)) == folded
        });
        if let Err(first) = inserted
            && parts.code(first) != code
        {
            let first = first as usize;
            problems.add(concept as usize, code, ProblemKind::DuplicateCode { first });
        }
    }
    codes
}

fn check_diagrams(source: &CodeSystem, parts: &Parts, codes: &CodeTable, problems: &mut Problems) {
    for diagram in &source.diagrams {
        for node in &diagram.nodes {
            if parts.find(codes, &node.code).is_none() {
                let (diagram, code) = (diagram.id.clone(), node.code.clone());
                problems.add(0, "", ProblemKind::UnknownDiagramCode { diagram, code });
            }
        }
    }
}

fn check(position: usize, concept: &Concept, problems: &mut Problems) {
    if concept
        .designations
        .iter()
        .any(|designation| designation.text.trim().is_empty())
    {
        problems.add(position, &concept.code, ProblemKind::EmptyDesignation);
    }
    if concept
        .designations
        .iter()
        .any(|designation| designation.text.len() > DESIGNATION_BYTES_MAX)
    {
        problems.add(position, &concept.code, ProblemKind::LongDesignation);
    }
    let intervals = std::iter::once(concept.validity)
        .chain(
            concept
                .designations
                .iter()
                .map(|designation| designation.validity),
        )
        .chain(concept.relations.iter().map(|relation| relation.validity));
    if intervals.into_iter().any(is_empty) {
        problems.add(position, &concept.code, ProblemKind::EmptyInterval);
    }
}

fn is_empty(validity: Validity) -> bool {
    matches!((validity.from, validity.until), (Some(from), Some(until)) if until <= from)
}

fn hierarchy(parts: &Parts, parents: Csr<u32>) -> Result<Hierarchy, Vec<Problem>> {
    Hierarchy::new(parts.concepts.len(), parents).map_err(|error| {
        let mut problems = Problems::default();
        match error {
            HierarchyError::TooLarge => problems.add(0, "", ProblemKind::TooLarge),
            HierarchyError::Cycle(concepts) => {
                for concept in concepts {
                    problems.add(concept as usize, parts.code(concept), ProblemKind::Cycle);
                }
            }
        }
        problems.finish()
    })
}
