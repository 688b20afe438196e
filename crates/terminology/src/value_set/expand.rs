//! What is in a value set: sets of concepts by edition in a stable order, and pages of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::compiled::{Clause, ValueSetEdition};
use super::concept;
use super::issue::{Failure, FailureKind};
use super::kept::Meaning;
use super::request::ExpandRequest;
use super::scope::{Scope, unknown_code_system};
use super::supplement;
use super::used::Used;
use crate::catalog::Catalog;
use crate::edition::{ConceptIndex, Edition};
use crate::model::Include;
use crate::search;
use crate::set::ConceptSet;

/// The codes of a value set, found once: pages are cut from it without finding them again.
///
/// The order is that of the value set's clauses; within a clause that of its enumeration, else that of the code system.
#[derive(Debug)]
pub struct Contents {
    pub(crate) value_set: Arc<ValueSetEdition>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) supplements: Vec<Arc<Edition>>,
    pub(crate) used: Used,
    /// Whether the codes may be shown with their hierarchy.
    pub(crate) nested: bool,
    total: usize,
}

/// Codes of one edition that one clause brings in.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) edition: Arc<Edition>,
    pub(crate) set: ConceptSet,
    /// What the clause means by itself, with the order of its enumeration.
    meaning: Arc<Meaning>,
    /// The value set and clause that enumerate them.
    pub(crate) clause: Option<(Arc<ValueSetEdition>, usize)>,
}

impl Contents {
    /// How many codes there are.
    pub fn len(&self) -> usize {
        self.total
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The concepts by edition, each edition once.
    pub fn sets(&self) -> Vec<(&Arc<Edition>, Cow<'_, ConceptSet>)> {
        let mut sets: Vec<(&Arc<Edition>, Cow<'_, ConceptSet>)> = Vec::new();
        for block in &self.blocks {
            match sets
                .iter_mut()
                .find(|(edition, _)| Arc::ptr_eq(edition, &block.edition))
            {
                Some((_, set)) => set.to_mut().unite(&block.set),
                None => sets.push((&block.edition, Cow::Borrowed(&block.set))),
            }
        }
        sets
    }

    /// The value set.
    pub fn value_set(&self) -> &Arc<ValueSetEdition> {
        &self.value_set
    }

    /// What it was made from.
    pub fn used(&self) -> &Used {
        &self.used
    }

    /// The concepts of a page, in order.
    pub(crate) fn page(&self, offset: usize, count: usize) -> impl Iterator<Item = (&Block, u32)> {
        let mut passed = offset;
        let blocks = self.blocks.iter().filter_map(move |block| {
            let len = block.set.len();
            if passed >= len {
                passed -= len;
                return None;
            }
            Some((block, std::mem::take(&mut passed)))
        });
        blocks
            .flat_map(|(block, skip)| block.numbers().skip(skip).map(move |concept| (block, concept)))
            .take(count)
    }
}

impl Block {
    /// Its concepts, in order.
    pub(crate) fn numbers(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match &self.meaning.listed {
            None => Box::new(self.set.numbers()),
            Some(listed) => Box::new(listed.iter().copied().filter(|&concept| self.set.holds(concept))),
        }
    }
}

/// Finds the codes of a value set.
///
/// # Errors
/// When something needed is not known, cannot be carried out or is ruled out.
pub(crate) fn contents(catalog: &Catalog, request: &ExpandRequest<'_>) -> Result<Contents, Failure> {
    let mut scope = Scope::new(catalog, &request.settings);
    let value_set = scope.value_set(request.value_set)?;
    scope.follow(value_set.own());
    let reached = scope.reached(&value_set)?;
    let supplements = supplement::all(catalog, &value_set, &request.settings)?;

    let mut used = Used::default();
    let mut blocks = blocks(&scope, &value_set, &mut used)?;
    if request.versions_match.unwrap_or(value_set.own().versions_match) {
        merge_versions(&mut blocks);
    }
    for block in &mut blocks {
        narrow(block, request, &scope);
    }
    blocks.retain(|block| !block.set.is_empty());
    used.note_statuses(&value_set, &reached, &supplements);
    let source = value_set.source();
    let plain = |clause: &Include| clause.concepts.is_empty() && clause.value_sets.is_empty();
    let nested = source.exclude.is_empty()
        && request.text.is_empty()
        && matches!(source.include.as_slice(), [only] if plain(only));
    Ok(Contents {
        total: blocks.iter().map(|block| block.set.len()).sum(),
        value_set,
        blocks,
        supplements,
        used,
        nested,
    })
}

/// Takes out what the request does not want.
fn narrow(block: &mut Block, request: &ExpandRequest<'_>, scope: &Scope<'_>) {
    if !request.text.is_empty() {
        let languages = &request.settings.languages;
        block.set = search::narrowed(&block.edition, request.text, &block.set, scope.date, languages);
    }
    if request.active_only {
        take_out_inactive(block, scope);
    }
    if request.selectable_only {
        take_out(block, |view| view.not_selectable());
    }
}

fn take_out_inactive(block: &mut Block, scope: &Scope<'_>) {
    take_out(block, |view| concept::is_inactive(view, scope.date));
}

fn take_out(block: &mut Block, unwanted: impl Fn(crate::view::ConceptView<'_>) -> bool) {
    for number in block.set.clone().numbers() {
        if block.edition.concept(ConceptIndex(number)).is_some_and(&unwanted) {
            block.set.remove(number);
        }
    }
}

/// The codes of a value set, by clause and edition; no concept is in two blocks.
fn blocks(
    scope: &Scope<'_>,
    value_set: &Arc<ValueSetEdition>,
    used: &mut Used,
) -> Result<Vec<Block>, Failure> {
    let mut all: Vec<Block> = Vec::new();
    for (at, (source, clause)) in value_set.included().enumerate() {
        for mut block in of_clause(scope, value_set, at, source, clause, used)? {
            for before in all
                .iter()
                .filter(|before| Arc::ptr_eq(&before.edition, &block.edition))
            {
                block.set.subtract(&before.set);
            }
            all.push(block);
        }
    }
    let versions_match = value_set.own().versions_match;
    for (at, (source, clause)) in value_set.excluded().enumerate() {
        for out in of_clause(scope, value_set, at, source, clause, used)? {
            for block in all
                .iter_mut()
                .filter(|block| block.edition.url() == out.edition.url())
            {
                if Arc::ptr_eq(&block.edition, &out.edition) {
                    block.set.subtract(&out.set);
                } else if versions_match {
                    subtract_codes(block, &out);
                }
            }
        }
    }
    if value_set.source().inactive == Some(false) {
        all.iter_mut().for_each(|block| take_out_inactive(block, scope));
    }
    Ok(all)
}

fn of_clause(
    scope: &Scope<'_>,
    value_set: &Arc<ValueSetEdition>,
    at: usize,
    source: &Include,
    clause: &Clause,
    used: &mut Used,
) -> Result<Vec<Block>, Failure> {
    let mut found = match source.system.is_empty() {
        true => None,
        false => Some(vec![of_system(scope, value_set, at, source, clause, used)?]),
    };
    for import in &clause.value_sets {
        let imported = scope.import(import)?;
        used.note_value_set(&imported);
        let brought = blocks(scope, &imported, used)?;
        found = Some(match found {
            None => brought,
            Some(mut found) => {
                found.iter_mut().for_each(|block| keep(block, &brought));
                found
            }
        });
    }
    Ok(found.unwrap_or_default())
}

/// Keeps of a block what others hold too.
fn keep(block: &mut Block, others: &[Block]) {
    let mut union = ConceptSet::none(block.edition.len());
    for other in others
        .iter()
        .filter(|other| Arc::ptr_eq(&other.edition, &block.edition))
    {
        union.unite(&other.set);
    }
    block.set.intersect(&union);
}

fn of_system(
    scope: &Scope<'_>,
    value_set: &Arc<ValueSetEdition>,
    at: usize,
    source: &Include,
    clause: &Clause,
    used: &mut Used,
) -> Result<Block, Failure> {
    let version = scope.wanted(&source.system, &source.version);
    let edition = scope
        .edition_as_of(&source.system, version, value_set.own().locked)
        .ok_or_else(|| unknown_code_system(scope, &source.system, version))?;
    if let Some(required) = scope.ruled_out(edition) {
        let message = format!(
            "version `{}` of `{}` is ruled out: the request requires `{required}`",
            edition.version(),
            edition.url()
        );
        return Err(Failure::new(FailureKind::VersionRuledOut, message));
    }
    used.note_code_system(edition);
    let meaning = clause.meaning(source, edition, scope.date)?;
    Ok(Block {
        edition: Arc::clone(edition),
        set: meaning.set.clone(),
        clause: meaning.listed.is_some().then(|| (Arc::clone(value_set), at)),
        meaning,
    })
}

/// Takes out of a block the codes that another, of another version, has.
fn subtract_codes(block: &mut Block, other: &Block) {
    for concept in other.set.numbers() {
        if let Some(same) = block.edition.find(other.edition.code(concept)) {
            block.set.remove(same.0);
        }
    }
}

/// Keeps each code once, in the newest version of its code system that has it.
fn merge_versions(blocks: &mut [Block]) {
    let mut newest: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, block) in blocks.iter().enumerate() {
        newest.entry(block.edition.url().to_owned()).or_default().push(at);
    }
    for mut places in newest.into_values().filter(|places| places.len() > 1) {
        let version = |at: usize| blocks.get(at).map_or("", |block| block.edition.version());
        places.sort_by(|&a, &b| crate::version::compare(version(b), version(a)));
        for (rank, &newer) in places.iter().enumerate() {
            for &older in places.iter().skip(rank + 1) {
                if let Ok([newer, older]) = blocks.get_disjoint_mut([newer, older])
                    && !Arc::ptr_eq(&newer.edition, &older.edition)
                {
                    subtract_codes(older, newer);
                }
            }
        }
    }
}
