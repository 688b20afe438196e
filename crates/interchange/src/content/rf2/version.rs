//! Which edition the files make up: its most specific module and its date.

use vardnav_terminology::model::{FieldValue, ReferenceSet};

use super::concepts::Concepts;
use super::editions::most_specific;
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
/// By the module dependency reference set its most specific module, with the date of its newest dependency. Without
/// one: the module that most active concepts belong to, with the newest date in the files' names, or, when only rows
/// `until` a date are read or no name has one, the newest of the concepts.
pub(super) fn name(
    sets: &[ReferenceSet],
    concepts: &Concepts,
    files: &[FileName],
    until: bool,
) -> Option<EditionName> {
    by_dependency(sets, concepts).or_else(|| {
        let of_files = files.iter().filter_map(|file| file.date).max().filter(|_| !until);
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
    let active = set.members.iter().filter(|member| member.active);
    let dependencies = active.filter_map(|member| {
        let FieldValue::Text(date) = member.values.get(time)? else {
            return None;
        };
        let date = super::row::date(date).unwrap_or_default();
        Some((concepts.id(member.module)?, concepts.id(member.referenced)?, date))
    });
    let (module, date) = most_specific(dependencies)?;
    Some(EditionName { module, date })
}
