//! What an entry of a reporter's stream counts as: the cells of each of its parts, by the tables that the release
//! it was classified with counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use vardnav_classification::TableResult;
use vardnav_classification::facts::bits;
use vardnav_classification::model::Derivation;
use vardnav_indicators::{Cell, Residence};
use vardnav_register::derived::{Derived, PartDerived};
use vardnav_release::Snapshot;

/// First year and code of each age group of a release, rising.
pub(crate) fn age_groups(release: &Snapshot) -> Vec<(u8, String)> {
    let axes = release.description.source().axes.iter();
    let bands = axes.filter_map(|axis| match &axis.derivation {
        Some(Derivation::Age(bands)) => Some(bands),
        _ => None,
    });
    let first = bands.into_iter().next().into_iter().flatten();
    first
        .filter_map(|(from, code)| Some((u8::try_from(*from).ok()?, code.clone())))
        .collect()
}

/// The cells of everything derived of a record.
///
/// # Errors
/// The id of a release that a part names and `release` does not give.
pub(crate) fn cells(
    derived: &Derived,
    release: impl Fn(&str) -> Option<Arc<Snapshot>>,
) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    for part in &derived.parts {
        let release = release(&part.release).ok_or_else(|| part.release.clone())?;
        of_part(part, derived, &release, &mut cells);
    }
    Ok(cells)
}

fn of_part(part: &PartDerived, derived: &Derived, release: &Snapshot, cells: &mut Vec<Cell>) {
    let grain = part.part.grain();
    let counted: BTreeSet<&str> = release
        .indicators
        .indicators
        .iter()
        .filter(|indicator| indicator.counted_grain == Some(grain))
        .map(|indicator| indicator.counted_table.as_str())
        .collect();
    let residence = derived
        .residence
        .as_deref()
        .and_then(Residence::parse)
        .unwrap_or(Residence::UNKNOWN);
    let groups = age_groups(release);
    let age_from = part.age.and_then(|age| {
        groups
            .iter()
            .rev()
            .find(|(from, _)| u16::from(*from) <= age)
            .map(|(from, _)| *from)
    });
    for ((_, table), result) in release.description.tables().zip(&part.tables) {
        if !counted.contains(table.id.as_str()) {
            continue;
        }
        let values = match result {
            TableResult::Value { value, .. } => 1_u64.checked_shl((*value).into()).unwrap_or(0),
            TableResult::Collected { values, .. } => *values,
            TableResult::NotApplicable | TableResult::Held { .. } => 0,
        };
        for value in bits(values) {
            let Some(value) = table.values.get(usize::from(value)) else {
                continue;
            };
            cells.push(Cell {
                table: table.id.clone(),
                value: value.code.clone(),
                grain,
                year: part.date.year(),
                month: part.date.month(),
                residence,
                sex: derived.sex,
                age_from,
            });
        }
    }
}
