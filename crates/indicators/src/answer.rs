//! What is asked about an indicator, and what is answered: figures as rows, with all that is to be known of them. Plain
//! data; where the figures come from is not known here.

use std::collections::{BTreeMap, BTreeSet};

use vardnav_classification::model::{Grain, Label};
use vardnav_register::record::Sex;

use crate::cube::Residence;
use crate::definition::Interval;
use crate::disclosure::indicator::Coarser;
use crate::lattice::Place;
use crate::query::{AgeGroup, Dimension, Figure, Period, Query, Row, SexGroup};
use crate::statistics::funnel::Standing;

/// A question about an indicator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// Calendar year.
    pub year: i16,
    /// Calendar month, 1–12; `None` for the year.
    pub month: Option<i8>,
    /// Only this region or kommun.
    pub place: Option<Residence>,
    /// Only this sex.
    pub sex: Option<Sex>,
    /// Only this age group, by its code.
    pub age_group: Option<String>,
    /// What to break down by of what every figure has.
    pub by: Vec<Dimension>,
    /// Id of the other breakdown.
    pub breakdown: Option<String>,
    /// Only these values of it; empty for all.
    pub values: Vec<String>,
    /// Ids of variants; empty for the first that has figures.
    pub variants: Vec<String>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureRow {
    /// Id of the variant.
    pub variant: String,
    /// Value of the breakdown beside place, sex, age and month; empty for all together.
    pub group: String,
    /// Residence; of beds and listings where the unit lies.
    pub place: Place,
    /// Sexes.
    pub sex: SexGroup,
    /// Ages.
    pub age: AgeGroup,
    /// Calendar year; the last one where several are taken together.
    pub year: i16,
    /// Calendar month, 1–12; `None` for the year as a whole.
    pub month: Option<i8>,
    /// How many years are taken together; 1 for none but the year.
    pub years: u8,
    /// The numerator of a plain count.
    pub count: Option<u64>,
    /// Above the line.
    pub numerator: Option<u64>,
    /// Below the line.
    pub denominator: Option<f64>,
    /// The figure in the indicator's unit.
    pub value: Option<f64>,
    /// Lower limit of the value at 95 per cent.
    pub low: Option<f64>,
    /// Upper limit of the value at 95 per cent.
    pub high: Option<f64>,
    /// How many more may belong above the line.
    pub undecided: Option<u64>,
    /// How many more may belong below the line.
    pub undecided_denominator: Option<u64>,
    /// How it stands to the country's figure; `None` of the country itself, and where that cannot be told.
    pub standing: Option<Standing>,
    /// What is to be known of it.
    pub marks: BTreeSet<Mark>,
    /// Of a figure that is withheld: where a coarser one is told instead, by the release's ladder.
    pub told_at: Option<Coarser>,
}

/// Something that is to be known of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Withheld, so that nobody can be recognised. It has no numbers.
    Suppressed,
    /// There is none: nothing below the line, or nothing uploaded.
    Missing,
    /// The indicator is not to be had here.
    NotAvailable,
    /// It may change yet.
    Preliminary,
    /// Something of what it is of is not stated.
    Incomplete,
    /// It has been published before and was another one.
    Revised,
    /// Nothing is counted, and that is known.
    Zero,
    /// A test of the method, not the indicator's figure.
    MethodTest,
    /// It rests on made-up data.
    MadeUp,
}

/// What figures rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Reporters with entries that are taken in.
    pub reporters: u32,
    /// Entries taken in.
    pub entries: u64,
    /// Entries that the register holds and that are not taken in yet.
    pub behind: u64,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// Id of the release whose definitions it follows.
    pub release: String,
    /// Id of the derivation that was counted; empty where nothing is counted.
    pub derivation: String,
    /// Calendar year of the question.
    pub year: i16,
    /// The figures, in the order of variants, groups, places, sexes, ages and months.
    pub rows: Vec<FigureRow>,
    /// Names of the groups in the rows, by code.
    pub groups: BTreeMap<String, Label>,
    /// What the figures cover and what they leave out, in words.
    pub note: Label,
    /// What they rest on.
    pub coverage: Coverage,
    /// Unit of the values.
    pub unit: Label,
    /// How intervals are computed.
    pub method: Interval,
    /// Version of the method.
    pub method_version: String,
}

impl Question {
    /// The same about what is counted by the values of a table.
    pub fn of_table(&self, table: &str, grain: Grain) -> Query {
        let kommun = self.place.and_then(Residence::kommun);
        let region = self
            .place
            .filter(|_| kommun.is_none())
            .and_then(Residence::region);
        Query {
            table: table.to_owned(),
            grain,
            values: self.values.clone(),
            by: self.by.clone(),
            regions: region.into_iter().collect(),
            kommuner: kommun.into_iter().collect(),
            sexes: self.sex.into_iter().collect(),
            ages: self.age_group.clone().into_iter().collect(),
            period: match self.month {
                None => Period::Year(self.year),
                Some(month) => Period::Month(self.year, month),
            },
        }
    }

    /// The months that are asked for; `None` for the year as a whole.
    pub fn months(&self) -> Vec<Option<i8>> {
        match self.month {
            Some(month) => vec![Some(month)],
            None if self.by.contains(&Dimension::Month) => (1..=12).map(Some).collect(),
            None => vec![None],
        }
    }
}

impl FigureRow {
    /// A row of the country in a year, without any number.
    pub fn of(variant: impl Into<String>, year: i16) -> Self {
        Self {
            variant: variant.into(),
            group: String::new(),
            place: Place::Country,
            sex: SexGroup::All,
            age: AgeGroup::All,
            year,
            month: None,
            years: 1,
            count: None,
            numerator: None,
            denominator: None,
            value: None,
            low: None,
            high: None,
            undecided: None,
            undecided_denominator: None,
            standing: None,
            marks: BTreeSet::new(),
            told_at: None,
        }
    }

    /// A count by the value of a table in a year.
    pub fn of_count(row: &Row, year: i16) -> Self {
        let (count, mark) = match row.figure {
            Figure::Count(count) => (Some(count), None),
            Figure::Suppressed => (None, Some(Mark::Suppressed)),
        };
        Self {
            group: row.value.clone(),
            place: row.place,
            sex: row.sex,
            age: row.age.clone(),
            month: row.month,
            count,
            numerator: count,
            marks: mark.into_iter().collect(),
            ..Self::of("", year)
        }
    }

    /// Whether it is withheld.
    pub fn is_suppressed(&self) -> bool {
        self.marks.contains(&Mark::Suppressed)
    }
}

impl Mark {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::Suppressed,
        Self::Missing,
        Self::NotAvailable,
        Self::Preliminary,
        Self::Incomplete,
        Self::Revised,
        Self::Zero,
        Self::MethodTest,
        Self::MadeUp,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Suppressed => "suppressed",
            Self::Missing => "missing",
            Self::NotAvailable => "not-available",
            Self::Preliminary => "preliminary",
            Self::Incomplete => "incomplete",
            Self::Revised => "revised",
            Self::Zero => "zero",
            Self::MethodTest => "method-test",
            Self::MadeUp => "made-up",
        }
    }

    /// The mark with a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.code() == code)
    }

    /// Its name.
    pub fn label(self) -> Label {
        let (sv, en) = match self {
            Self::Suppressed => (
                "visas inte, för att ingen ska kunna kännas igen",
                "withheld, so that nobody can be recognised",
            ),
            Self::Missing => ("uppgift saknas", "missing"),
            Self::NotAvailable => ("ej tillgänglig", "not available"),
            Self::Preliminary => ("preliminär", "preliminary"),
            Self::Incomplete => ("ofullständig", "incomplete"),
            Self::Revised => ("reviderad", "revised"),
            Self::Zero => ("noll", "zero"),
            Self::MethodTest => ("prövning av metoden", "a test of the method"),
            Self::MadeUp => ("påhittade uppgifter", "made-up data"),
        };
        Label {
            sv: sv.to_owned(),
            en: en.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_has_a_code_and_names_of_its_own() {
        let codes: BTreeSet<&str> = Mark::ALL.into_iter().map(Mark::code).collect();
        assert_eq!(codes.len(), Mark::ALL.len());
        for mark in Mark::ALL {
            assert_eq!(Mark::of_code(mark.code()), Some(mark));
            assert!(!mark.label().sv.is_empty() && !mark.label().en.is_empty());
        }
    }

    #[test]
    fn months_are_those_asked_for() {
        let whole = Question::default();
        assert_eq!(whole.months(), [None]);
        let by_month = Question {
            by: vec![Dimension::Month],
            ..whole
        };
        assert_eq!(by_month.months().len(), 12);
        let march = Question {
            month: Some(3),
            ..by_month
        };
        assert_eq!(march.months(), [Some(3)]);
    }
}
