//! What rows that are counted from statements of care units say beside their numbers: that nothing is stated of their
//! period, that days of it lack, or that what is stated is made up. Numbers are made elsewhere.

use std::collections::BTreeSet;

use vardnav_indicators::answer::{Answered, FigureRow, Mark};
use vardnav_indicators::definition::{IndicatorDefinitions, Variant};
use vardnav_indicators::measure::Part;

use crate::measures::{Told, is_of_units};

/// Marks rows, and adds to the note how much is stated of the year, or the month asked for.
pub(crate) fn tell<'a>(
    answered: &mut Answered,
    month: Option<i8>,
    definitions: &IndicatorDefinitions,
    variants: impl Iterator<Item = &'a Variant> + Clone,
    told: &Told,
) {
    let mut noted = BTreeSet::new();
    for row in &mut answered.rows {
        let Some(variant) = variants.clone().find(|variant| variant.id == row.variant) else {
            continue;
        };
        let parts = parts(variant, definitions);
        for part in &parts {
            let stated = told.stated(*part, row.year, row.month);
            if stated.days == 0 {
                *row = missing(row);
                continue;
            }
            if stated.lacking > 0 {
                row.marks.insert(Mark::Incomplete);
            }
            if told.is_made_up(*part) {
                row.marks.insert(Mark::MadeUp);
            }
        }
        noted.extend(parts);
    }
    for part in noted {
        let stated = told.stated(part, answered.year, month);
        let (units, days, lacking) = (stated.units, stated.days, stated.lacking);
        answered.note.sv.push_str(&format!(
            "; {days} dygn uppgivna av {units} vårdenheter, {lacking} dygn saknas i månader som de har lämnat"
        ));
        answered.note.en.push_str(&format!(
            "; {days} days stated by {units} care units, {lacking} days lack of months that they have stated"
        ));
    }
}

/// The kinds of statements that a variant counts.
fn parts(variant: &Variant, definitions: &IndicatorDefinitions) -> BTreeSet<Part> {
    let measures = variant
        .figure
        .terms()
        .filter_map(|term| definitions.measure(&term.measure));
    let parts = measures.flat_map(|measure| measure.of.iter().copied());
    parts.filter(|part| is_of_units(*part)).collect()
}

/// The row of a period of which nothing is stated: no numbers, whatever they would be.
fn missing(row: &FigureRow) -> FigureRow {
    FigureRow {
        group: row.group.clone(),
        place: row.place,
        sex: row.sex,
        age: row.age.clone(),
        month: row.month,
        marks: [Mark::Missing].into(),
        ..FigureRow::of(&row.variant, row.year)
    }
}
