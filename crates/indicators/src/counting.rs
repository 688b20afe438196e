//! What the parts of records count as: the cells of a contact, segment or monitoring period by what its tables gave,
//! under the tables that a release counts. Where the parts come from, and where the counts are kept, is not known here.

use jiff::civil::Date;
use vardnav_classification::facts::bits;
use vardnav_classification::model::{Derivation, Grain, Table};
use vardnav_classification::{DescriptionSystem, TableIndex, TableResult};
use vardnav_register::record::Sex;

use crate::cube::{Cell, Residence};
use crate::definition::IndicatorDefinitions;

/// The tables that a release counts, made ready.
#[derive(Debug)]
pub struct Counting<'a> {
    tables: Vec<(TableIndex, &'a Table, Vec<Grain>)>,
    ages: Vec<(u8, String)>,
}

/// Whom and what a part is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// What is counted.
    pub grain: Grain,
    /// Its date.
    pub date: Date,
    /// Where the person lived.
    pub residence: Residence,
    /// Legal sex.
    pub sex: Option<Sex>,
    /// Age in completed years on the date.
    pub age: Option<u16>,
}

/// A cell by the ordinals of one release: what [`Counting::cell`] puts into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    table: u8,
    value: u8,
    grain: Grain,
    year: i16,
    month: i8,
    residence: Residence,
    sex: Option<Sex>,
    age_from: Option<u8>,
}

impl<'a> Counting<'a> {
    /// The tables that some indicator of the release counts.
    pub fn of(definitions: &IndicatorDefinitions, system: &'a DescriptionSystem) -> Self {
        let counted = |table: &Table| -> Vec<Grain> {
            let indicators = definitions.indicators.iter();
            let own = indicators.filter(|indicator| indicator.counted_table == table.id);
            own.filter_map(|indicator| indicator.counted_grain).collect()
        };
        let tables = system
            .tables()
            .map(|(index, table)| (index, table, counted(table)));
        Self {
            tables: tables.filter(|(_, _, grains)| !grains.is_empty()).collect(),
            ages: age_groups(system),
        }
    }

    /// The cells of one part, each once. `results` are what the release's tables gave.
    pub fn keys(
        &self,
        of: Subject,
        results: impl Fn(TableIndex) -> Option<TableResult>,
        mut each: impl FnMut(CellKey),
    ) {
        let age_from = of.age.and_then(|age| {
            let mut groups = self.ages.iter().rev();
            groups
                .find(|(from, _)| u16::from(*from) <= age)
                .map(|(from, _)| *from)
        });
        for (at, (index, _, grains)) in (0..).zip(&self.tables) {
            if !grains.contains(&of.grain) {
                continue;
            }
            let values = match results(*index) {
                Some(TableResult::Value { value, .. }) => 1_u64.checked_shl(value.into()).unwrap_or(0),
                Some(TableResult::Collected { values, .. }) => values,
                Some(TableResult::NotApplicable | TableResult::Held { .. }) | None => 0,
            };
            for value in bits(values) {
                each(CellKey {
                    table: at,
                    value,
                    grain: of.grain,
                    year: of.date.year(),
                    month: of.date.month(),
                    residence: of.residence,
                    sex: of.sex,
                    age_from,
                });
            }
        }
    }

    /// A cell in words; `None` when its value is none of its table's.
    pub fn cell(&self, key: CellKey) -> Option<Cell> {
        let (_, table, _) = self.tables.get(usize::from(key.table))?;
        let value = table.values.get(usize::from(key.value))?;
        Some(Cell {
            table: table.id.clone(),
            value: value.code.clone(),
            grain: key.grain,
            year: key.year,
            month: key.month,
            residence: key.residence,
            sex: key.sex,
            age_from: key.age_from,
        })
    }
}

/// First year and code of each age group of a description system, rising.
pub fn age_groups(system: &DescriptionSystem) -> Vec<(u8, String)> {
    let axes = system.source().axes.iter();
    let bands = axes.filter_map(|axis| match &axis.derivation {
        Some(Derivation::Age(bands)) => Some(bands),
        _ => None,
    });
    let first = bands.into_iter().next().into_iter().flatten();
    first
        .filter_map(|(from, code)| Some((u8::try_from(*from).ok()?, code.clone())))
        .collect()
}
