//! What an entry of a reporter's stream counts as: the cells of each of its parts, by the tables that the release
//! it was classified with counts.

use std::sync::Arc;

use vardnav_indicators::{Cell, Counting, Residence, Subject};
use vardnav_register::derived::Derived;
use vardnav_release::Snapshot;

/// The cells of everything derived of a record.
///
/// # Errors
/// The id of a release that a part names and `release` does not give.
pub(crate) fn cells(
    derived: &Derived,
    release: impl Fn(&str) -> Option<Arc<Snapshot>>,
) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    let residence = derived.residence.as_deref().and_then(Residence::parse);
    for part in &derived.parts {
        let release = release(&part.release).ok_or_else(|| part.release.clone())?;
        let counting = Counting::of(&release.indicators, &release.description);
        let subject = Subject {
            grain: part.part.grain(),
            date: part.date,
            residence: residence.unwrap_or(Residence::UNKNOWN),
            sex: derived.sex,
            age: part.age,
        };
        let result = |table: vardnav_classification::TableIndex| part.tables.get(table.position()).copied();
        counting.keys(subject, result, |key| cells.extend(counting.cell(key)));
    }
    Ok(cells)
}
