//! Names of the codes in an answer, as the release and its geography have them on the last date of the period.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use vardnav_api::common::label_message;
use vardnav_api::vardnav::indicators::v1::query_indicator_response::{Name, Row};
use vardnav_classification::model::{AxisValue, Label};
use vardnav_indicators::answer::{FigureRow, Mark};
use vardnav_indicators::definition::{BrokenDownBy, Indicator};
use vardnav_indicators::lattice::UNKNOWN;
use vardnav_release::Snapshot;

/// The names of the codes of some rows about an indicator; `groups` are those of their groups.
pub(crate) fn names(
    rows: &[Row],
    indicator: &Indicator,
    groups: &BTreeMap<String, Label>,
    release: &Snapshot,
    last: Date,
) -> Vec<Name> {
    let mut names = Vec::new();
    let mut tell = |of: &str, codes: BTreeSet<&str>, name: &dyn Fn(&str) -> Option<Label>| {
        for code in codes {
            if let Some(label) = name(code) {
                names.push(Name {
                    of: of.to_owned(),
                    code: code.to_owned(),
                    label: Some(label_message(&label)),
                });
            }
        }
    };
    let codes = |of: fn(&Row) -> &str| rows.iter().map(of).collect::<BTreeSet<_>>();
    tell("variant", codes(|row| &row.variant), &|code| {
        let mut variants = indicator.variants.iter();
        variants
            .find(|variant| variant.id == code)
            .map(|variant| variant.label.clone())
    });
    tell("group", codes(|row| &row.group), &|code| {
        groups.get(code).cloned()
    });
    let place = |code: &str| place(code, release, last);
    tell("place", codes(|row| &row.place), &place);
    tell("sex", codes(|row| &row.sex), &|code| {
        Some(match code {
            "" => both("alla", "all"),
            "female" => both("kvinnor", "women"),
            "male" => both("män", "men"),
            _ => unknown(),
        })
    });
    tell("age_group", codes(|row| &row.age_group), &|code| match code {
        "" => Some(both("alla åldrar", "all ages")),
        UNKNOWN => Some(unknown()),
        code => {
            let mut axes = release.description.source().axes.iter();
            axes.find_map(|axis| axis.derivation.as_ref().and_then(|_| of(&axis.values, code)))
        }
    });
    let marks = rows
        .iter()
        .flat_map(|row| &row.marks)
        .map(String::as_str)
        .collect();
    tell("mark", marks, &|code| Mark::of_code(code).map(Mark::label));
    names
}

/// The names of the groups in some figures. `by` is the id of the breakdown whose values they are; where there is none,
/// they are those of the counted table.
pub(crate) fn groups(
    rows: &[FigureRow],
    indicator: &Indicator,
    by: Option<&str>,
    release: &Snapshot,
) -> BTreeMap<String, Label> {
    let by = match by {
        Some(id) => release
            .indicators
            .breakdown(id)
            .map(|breakdown| breakdown.by.clone()),
        None => Some(BrokenDownBy::Table(indicator.counted_table.clone())),
    };
    let codes: BTreeSet<&str> = rows.iter().map(|row| row.group.as_str()).collect();
    let named = codes
        .into_iter()
        .filter_map(|code| Some((code.to_owned(), value(by.as_ref()?, code, release)?)));
    named.collect()
}

/// The name of a value of a breakdown.
fn value(by: &BrokenDownBy, code: &str, release: &Snapshot) -> Option<Label> {
    if code == UNKNOWN {
        return Some(unknown());
    }
    let source = release.description.source();
    let values = match by {
        BrokenDownBy::Table(id) | BrokenDownBy::TableBefore(id) => source
            .tables
            .iter()
            .find(|table| table.id == *id)
            .map(|table| &table.values),
        BrokenDownBy::Axis(id) => source
            .axes
            .iter()
            .find(|axis| axis.id == *id)
            .map(|axis| &axis.values),
        _ => None,
    };
    of(values?, code)
}

fn of(values: &[AxisValue], code: &str) -> Option<Label> {
    values
        .iter()
        .find(|value| value.code == code)
        .map(|value| value.label.clone())
}

/// The name of a region or kommun by its code.
fn place(code: &str, release: &Snapshot, last: Date) -> Option<Label> {
    if code.is_empty() {
        return Some(both("hela landet", "the whole country"));
    }
    if code.ends_with(UNKNOWN) {
        return Some(both(
            "okänd eller skyddad bostadsort",
            "residence unknown or protected",
        ));
    }
    let geography = release
        .catalog
        .in_force(&release.register.geography_system, last)?;
    let term = geography.lookup(code)?.display("sv", Some(last))?;
    Some(both(term.text, term.text))
}

fn unknown() -> Label {
    both("okänt", "unknown")
}

fn both(sv: &str, en: &str) -> Label {
    Label {
        sv: sv.to_owned(),
        en: en.to_owned(),
    }
}
