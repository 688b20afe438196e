//! Names in requests that no release knows: refused with the nearest that one does, so that a slip of the pen is not
//! answered as if nothing were there.

use std::collections::BTreeSet;

use vardnav_api::status::ApiError;
use vardnav_classification::DescriptionSystem;
use vardnav_register::record::Fact;

use vardnav_register::worklist::groups::Filter;

/// What a fact states that states nothing.
const UNKNOWN: &str = "unknown";
/// How alike two names are at least, from 0 to 1, for the one to be meant by the other.
const ALIKE: f64 = 0.75;
/// Most names that are told where none is alike.
const TOLD_MAX: usize = 12;

/// Holds a fact against what releases know.
///
/// # Errors
/// When none has the axis, or the axis has no such value in any of them.
pub(crate) fn check_fact<'a>(
    fact: &Fact,
    systems: impl Iterator<Item = &'a DescriptionSystem> + Clone,
) -> Result<(), ApiError> {
    let axes: BTreeSet<&str> = systems.clone().flat_map(axes_of).collect();
    check("fact.axis", "axis", &fact.axis, &axes)?;
    let values: BTreeSet<&str> = systems
        .flat_map(|system| {
            let of_axis = |axis: &&vardnav_classification::model::Axis| axis.id == fact.axis;
            let axes = system.source().axes.iter().filter(of_axis);
            axes.flat_map(|axis| axis.values.iter().map(|value| value.code.as_str()))
        })
        .collect();
    for (at, value) in fact.values.iter().enumerate() {
        if value != UNKNOWN && !value.is_empty() {
            check(&format!("fact.values[{at}]"), "value of the axis", value, &values)?;
        }
    }
    Ok(())
}

/// Holds what is asked for against what releases know. A table may be missed as an axis is.
///
/// # Errors
/// When none has the axis, the table or the rule.
pub(crate) fn check_filter<'a>(
    filter: &Filter,
    systems: impl Iterator<Item = &'a DescriptionSystem> + Clone,
) -> Result<(), ApiError> {
    let tables: BTreeSet<&str> = systems.clone().flat_map(tables_of).collect();
    if let Some(axis) = &filter.axis {
        let known: BTreeSet<&str> = systems.clone().flat_map(axes_of).collect();
        check(
            "filter.axis",
            "axis",
            axis,
            &known.union(&tables).copied().collect(),
        )?;
    }
    if let Some(table) = &filter.table {
        check("filter.table", "table", table, &tables)?;
    }
    if let Some(rule) = &filter.rule {
        let rules = systems.flat_map(|system| {
            let tables = system.tables();
            tables.flat_map(|(_, table)| table.rules.iter().map(|rule| rule.id.as_str()))
        });
        check("filter.rule", "rule", rule, &rules.collect())?;
    }
    Ok(())
}

/// Holds the name of a table against what releases know.
///
/// # Errors
/// When none has it.
pub(crate) fn check_table<'a>(
    table: &str,
    systems: impl Iterator<Item = &'a DescriptionSystem>,
) -> Result<(), ApiError> {
    check("table", "table", table, &systems.flat_map(tables_of).collect())
}

fn axes_of(system: &DescriptionSystem) -> impl Iterator<Item = &str> {
    system.source().axes.iter().map(|axis| axis.id.as_str())
}

fn tables_of(system: &DescriptionSystem) -> impl Iterator<Item = &str> {
    system.tables().map(|(_, table)| table.id.as_str())
}

fn check(field: &str, what: &str, name: &str, known: &BTreeSet<&str>) -> Result<(), ApiError> {
    if known.contains(name) || known.is_empty() {
        return Ok(());
    }
    // The name itself may be anything, so it is not repeated.
    Err(ApiError::field(
        field,
        format!("no release has such a name as {what}; {}", instead(name, known)),
    ))
}

/// What is meant instead: the most alike, or else what there is.
fn instead(name: &str, known: &BTreeSet<&str>) -> String {
    let mut alike: Vec<(f64, &str)> = known
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), *other))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    alike.sort_by(|one, other| other.0.total_cmp(&one.0));
    let quoted = |names: Vec<&str>| {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    };
    if !alike.is_empty() {
        let nearest = alike.into_iter().take(3).map(|(_, name)| name).collect();
        return format!("did you mean {}?", quoted(nearest));
    }
    let some: Vec<&str> = known.iter().copied().take(TOLD_MAX).collect();
    let more = if known.len() > some.len() { ", …" } else { "" };
    format!("there are {}{more}", quoted(some))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_known_is_told_with_the_nearest_and_not_repeated() {
        let known = BTreeSet::from(["place", "enrolment", "contact-mode"]);
        assert!(check("fact.axis", "axis", "place", &known).is_ok());
        let told = |name: &str| check("fact.axis", "axis", name, &known).map_err(|error| error.message);
        let near = told("plcae").err().unwrap_or_default();
        assert!(near.contains("did you mean `place`?"), "{near}");
        let far = told("191212121212").err().unwrap_or_default();
        assert!(
            far.contains("there are `contact-mode`, `enrolment`, `place`"),
            "{far}"
        );
        assert!(!far.contains("1912"));
    }
}
