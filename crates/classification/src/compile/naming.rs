//! What is said of a name that nothing defines: which axis it belongs to instead, or which name it resembles.

use crate::model::{Condition, DescriptionSource};

/// How many values are listed where no name resembles the one given.
const LISTED: usize = 12;

/// Longest name that is repeated, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// How many digits a name that is repeated may have: fewer than a personal number.
const DIGITS_MAX: usize = 9;

/// What is wrong with the names in a condition: an axis, or values of it, that the source does not have. The order of
/// tables is not looked at.
pub fn faults(source: &DescriptionSource, condition: &Condition) -> Vec<String> {
    let Some(values) = values_of(source, &condition.axis) else {
        return vec![unknown_axis(source, &condition.axis)];
    };
    let unknown = condition
        .any_of
        .iter()
        .filter(|name| !values.contains(&name.as_str()) && !is_set(source, &condition.axis, name));
    unknown
        .map(|name| unknown_value(source, &condition.axis, name))
        .collect()
}

/// What is said of an axis or table that does not exist.
pub fn unknown_axis(source: &DescriptionSource, name: &str) -> String {
    let mut message = format!("no axis or table is called {}", quoted(name));
    if let Some(near) = nearest(name, names(source)) {
        message.push_str(&format!("; did you mean `{near}`?"));
    }
    message
}

/// What is said of a value that an axis or table does not have.
pub(super) fn unknown_value(source: &DescriptionSource, axis: &str, name: &str) -> String {
    let message = format!("`{axis}` has no value or value set {}", quoted(name));
    let values = values_of(source, axis).unwrap_or_default();
    let sets = source.value_sets.iter().filter(|set| set.axis == axis);
    let own = values.iter().copied().chain(sets.map(|set| set.id.as_str()));
    let others: Vec<String> = names(source)
        .filter(|other| values_of(source, other).is_some_and(|values| values.contains(&name)))
        .map(|other| format!("`{other}`"))
        .collect();
    let remedy = if let Some(set) = source.value_sets.iter().find(|set| set.id == name) {
        if set.axis == axis {
            "that value set cannot be resolved".to_owned()
        } else {
            format!("that is a value set of `{}`", set.axis)
        }
    } else if !others.is_empty() {
        format!("that is a value of {}", others.join(", "))
    } else if name.contains([',', ';', '/']) {
        "part several values by `|`".to_owned()
    } else {
        match nearest(name, own) {
            Some(near) => format!("did you mean `{near}`?"),
            None => match listed(&values) {
                Some(list) => list,
                None => return message,
            },
        }
    };
    format!("{message}; {remedy}")
}

/// What is said of an outcome that a table does not have.
pub(super) fn unknown_outcome(values: &[crate::model::AxisValue], name: &str) -> String {
    let values: Vec<&str> = values.iter().map(|value| value.code.as_str()).collect();
    let remedy = match nearest(name, values.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => listed(&values),
    };
    let remedy = remedy.map_or(String::new(), |remedy| format!("; {remedy}"));
    format!("gives {}, which the table does not have{remedy}", quoted(name))
}

/// The remedy for a name that resembles one of others; empty when it resembles none.
pub(super) fn did_you_mean<'a>(name: &str, others: impl Iterator<Item = &'a str>) -> String {
    nearest(name, others).map_or(String::new(), |near| format!("; did you mean `{near}`?"))
}

/// A name as it may be repeated: only when it is shaped like a code.
fn quoted(name: &str) -> String {
    let code = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let digits = name.chars().filter(char::is_ascii_digit).count();
    if name.len() <= NAME_BYTES_MAX && digits <= DIGITS_MAX && name.chars().all(code) {
        format!("`{name}`")
    } else {
        "as it stands there".to_owned()
    }
}

fn listed(values: &[&str]) -> Option<String> {
    if values.is_empty() || values.len() > LISTED {
        return None;
    }
    let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    Some(format!("it has {}", values.join(", ")))
}

/// The ids of axes and tables.
fn names(source: &DescriptionSource) -> impl Iterator<Item = &str> {
    let tables = source.tables.iter().map(|table| table.id.as_str());
    source.axes.iter().map(|axis| axis.id.as_str()).chain(tables)
}

fn values_of<'s>(source: &'s DescriptionSource, name: &str) -> Option<Vec<&'s str>> {
    let axis = source
        .axes
        .iter()
        .find(|axis| axis.id == name)
        .map(|axis| &axis.values);
    let table = || source.tables.iter().find(|table| table.id == name);
    let values = axis.or_else(|| table().map(|table| &table.values))?;
    Some(values.iter().map(|value| value.code.as_str()).collect())
}

fn is_set(source: &DescriptionSource, axis: &str, name: &str) -> bool {
    source
        .value_sets
        .iter()
        .any(|set| set.axis == axis && set.id == name)
}

/// The name that takes the fewest changes of letters, if it takes less than a third of them.
fn nearest<'a>(name: &str, others: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).max(1);
    others
        .map(|other| (changes(name, other), other))
        .filter(|(changes, _)| *changes <= most)
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, other)| other)
}

/// How many letters must be added, left out or changed (Levenshtein), case aside.
fn changes(one: &str, other: &str) -> usize {
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .take(NAME_BYTES_MAX)
            .collect()
    };
    let (one, other): (Vec<char>, Vec<char>) = (lower(one), lower(other));
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut next = vec![at + 1];
        for ((before, changed), own) in row.iter().skip(1).zip(&row).zip(&other) {
            let left = next.last().copied().unwrap_or(0);
            next.push(
                (changed + usize::from(letter != own))
                    .min(before + 1)
                    .min(left + 1),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
