//! Which edition the files make up: its most specific module and its date.

use std::collections::BTreeMap;

use vardnav_terminology::model::{FieldValue, ReferenceSet};

use super::concepts::Concepts;
use super::ids;
use super::names::FileName;

/// The module an edition is named by, and its date as the number yyyymmdd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EditionName {
    pub(super) module: u64,
    pub(super) date: u32,
}

/// The name of an edition.
///
/// By the module dependency reference set: the module that no other depends on, of several the one that depends on
/// most others, then the one with the newest dependency, then that of the greatest identifier; with the date of its
/// newest dependency. Without one: the module that most active concepts belong to, with the newest date in the files'
/// names, or, when only rows up to a date are read or no name has one, the newest of the concepts.
pub(super) fn name(
    sets: &[ReferenceSet],
    concepts: &Concepts,
    files: &[FileName],
    until: Option<u32>,
) -> Option<EditionName> {
    by_dependency(sets, concepts).or_else(|| {
        let of_files = files
            .iter()
            .filter_map(|file| file.date)
            .max()
            .filter(|_| until.is_none());
        let date = of_files.or_else(|| concepts.newest_time())?;
        let module = concepts.largest_module()?;
        Some(EditionName { module, date })
    })
}

fn by_dependency(sets: &[ReferenceSet], concepts: &Concepts) -> Option<EditionName> {
    let concept = concepts.find(ids::MODULE_DEPENDENCY)?;
    let set = sets.iter().find(|set| set.concept == concept)?;
    let time = set
        .fields
        .iter()
        .position(|field| field.eq_ignore_ascii_case("sourceEffectiveTime"))?;
    let active = || {
        set.members
            .iter()
            .filter(|member| member.active && member.module != member.referenced)
    };
    let mut modules: BTreeMap<u32, (usize, u32)> = BTreeMap::new();
    for member in active() {
        let Some(FieldValue::Text(date)) = member.values.get(time) else {
            continue;
        };
        let (count, newest) = modules.entry(member.module).or_default();
        *count += 1;
        *newest = super::row::date(date).unwrap_or_default().max(*newest);
    }
    for member in active() {
        modules.remove(&member.referenced);
    }
    let ((_, date), module) = modules.into_iter().map(|(module, rank)| (rank, module)).max()?;
    let module = concepts.id(module)?;
    (date > 0).then_some(EditionName { module, date })
}
