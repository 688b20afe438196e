//! Figures of an indicator in a publication, as a report looks them up.

use std::collections::BTreeMap;

use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::query_indicator_response::{Name, Row};
use vardnav_api::vardnav::r#type::v1::Label;

use super::chart::Dot;
use super::words;

/// An indicator with its figures.
pub(super) struct Told {
    pub(super) indicator: pb::Indicator,
    pub(super) note: String,
    figures: Vec<pb::PublishedFigure>,
    names: BTreeMap<(String, String), String>,
    pub(super) year: i32,
    revised: u64,
}

/// Places of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Places {
    Regions,
    Kommuner,
}

/// The Swedish text of a label.
pub(super) fn sv(label: &Option<Label>) -> &str {
    label.as_ref().map_or("", |label| &label.sv)
}

/// The number that a figure is read by: its value, or what is counted.
pub(super) fn number(row: &Row) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let count = row.count.map(|count| count as f64);
    row.value.filter(|_| row.count.is_none()).or(count)
}

/// A figure as it is drawn.
pub(super) fn dot(row: &Row) -> Option<Dot> {
    let value = number(row)?;
    let limits = row.low.zip(row.high).filter(|_| row.value.is_some());
    Some(Dot { value, limits })
}

impl Told {
    pub(super) fn new(
        published: pb::PublishedIndicator,
        figures: Vec<pb::PublishedFigure>,
        names: Vec<Name>,
        year: i32,
    ) -> Self {
        let names = names.into_iter().map(|name| {
            let label = sv(&name.label).to_owned();
            ((name.of, name.code), label)
        });
        Self {
            note: sv(&published.note).to_owned(),
            revised: published.revised,
            indicator: published.indicator.unwrap_or_default(),
            figures,
            names: names.collect(),
            year,
        }
    }

    /// How many of its figures are others than in a publication before.
    pub(super) fn revised(&self) -> u64 {
        self.revised
    }

    /// The name of a code; the code where it has none.
    pub(super) fn name<'a>(&'a self, of: &str, code: &'a str) -> &'a str {
        let known = self.names.get(&(of.to_owned(), code.to_owned()));
        known.map_or(code, String::as_str)
    }

    /// The heading: with its number, where it is a core indicator.
    pub(super) fn heading(&self) -> String {
        let label = sv(&self.indicator.label);
        match self.indicator.core_number {
            0 => words::capital(label),
            number => format!("Kärnindikator {number}. {}", words::capital(label)),
        }
    }

    /// The variants that have a figure of the country in the year, in the order of the release; those counted by the values
    /// of a table last.
    pub(super) fn variants(&self) -> Vec<&str> {
        let ids = self.indicator.variants.iter().map(|variant| variant.id.as_str());
        ids.chain([""])
            .filter(|id| self.whole(id, self.year).and_then(number).is_some())
            .collect()
    }

    /// What sets a variant apart.
    pub(super) fn variant_label(&self, id: &str) -> &str {
        let known = self.indicator.variants.iter().find(|variant| variant.id == id);
        known.map_or("", |variant| sv(&variant.label))
    }

    /// Figures that are not broken down by anything else than place, sex and age.
    fn plain(&self, variant: &str, year: i32) -> impl Iterator<Item = &Row> {
        let rows = self.figures.iter().filter(|figure| figure.breakdown.is_empty());
        rows.filter_map(|figure| figure.row.as_ref())
            .filter(move |row| row.variant == variant && row.year == year && row.month == 0)
    }

    /// The figure of the country.
    pub(super) fn whole(&self, variant: &str, year: i32) -> Option<&Row> {
        self.plain(variant, year)
            .find(|row| row.place.is_empty() && row.sex.is_empty() && row.age_group.is_empty())
    }

    /// The figures of places of a kind, highest first; those that are not told last.
    pub(super) fn of_places(&self, variant: &str, places: Places) -> Vec<&Row> {
        let length = match places {
            Places::Regions => 2,
            Places::Kommuner => 4,
        };
        let is_place = |code: &str| code.len() == length && code.bytes().all(|byte| byte.is_ascii_digit());
        let mut rows: Vec<&Row> = self
            .plain(variant, self.year)
            .filter(|row| is_place(&row.place) && row.sex.is_empty() && row.age_group.is_empty())
            .collect();
        rows.sort_by(|one, other| {
            let value = |row: &Row| number(row).unwrap_or(f64::NEG_INFINITY);
            value(other)
                .total_cmp(&value(one))
                .then_with(|| one.place.cmp(&other.place))
        });
        rows
    }

    /// The country's figures of each sex, then of each age group, with their names.
    pub(super) fn of_people(&self, variant: &str) -> Vec<(String, &Row)> {
        let country = || self.plain(variant, self.year).filter(|row| row.place.is_empty());
        let sexes = country().filter(|row| !row.sex.is_empty() && row.age_group.is_empty());
        let ages = country().filter(|row| row.sex.is_empty() && !row.age_group.is_empty());
        let sexes = sexes.map(|row| (words::capital(self.name("sex", &row.sex)), row));
        let ages = ages.map(|row| (words::capital(self.name("age_group", &row.age_group)), row));
        sexes.chain(ages).collect()
    }

    /// The country's figures by the values of a breakdown, with their names.
    pub(super) fn of_values(&self, variant: &str, breakdown: &str) -> Vec<(String, &Row)> {
        let own = self.figures.iter().filter(|figure| figure.breakdown == breakdown);
        let rows = own.filter_map(|figure| figure.row.as_ref()).filter(|row| {
            row.variant == variant && row.year == self.year && row.month == 0 && row.place.is_empty()
        });
        rows.filter(|row| row.sex.is_empty() && row.age_group.is_empty())
            .map(|row| (words::capital(self.name(breakdown, &row.group)), row))
            .collect()
    }

    /// Breakdowns beside place, sex, age and month by which there are figures, with their names.
    pub(super) fn breakdowns(&self) -> Vec<(String, String)> {
        let mut known: Vec<(String, String)> = Vec::new();
        for figure in &self.figures {
            if figure.breakdown.is_empty() || known.iter().any(|(id, _)| *id == figure.breakdown) {
                continue;
            }
            let offered = self.indicator.breakdowns.iter();
            let label = offered.filter(|offered| offered.id == figure.breakdown);
            let label = label.map(|offered| sv(&offered.label)).next();
            let label = label.unwrap_or("grupp");
            known.push((figure.breakdown.clone(), label.to_owned()));
        }
        known
    }

    /// Years in which the country has a figure, rising.
    pub(super) fn years(&self, variant: &str) -> Vec<(i32, &Row)> {
        let rows = self.figures.iter().filter_map(|figure| figure.row.as_ref());
        let mut years: Vec<i32> = rows.map(|row| row.year).collect();
        years.sort_unstable();
        years.dedup();
        let told = years
            .into_iter()
            .filter_map(|year| Some((year, self.whole(variant, year)?)));
        told.filter(|(_, row)| number(row).is_some()).collect()
    }

    /// Decimals with which the indicator's values are written.
    pub(super) fn decimals(&self, variant: &str) -> usize {
        let whole = self.whole(variant, self.year);
        match whole {
            Some(row) if row.count.is_none() => words::decimals(number(row).unwrap_or_default()),
            _ => 0,
        }
    }

    /// The value as it is written; that it is not told where there is none.
    pub(super) fn value(&self, row: &Row, decimals: usize) -> String {
        match number(row) {
            Some(value) => words::decimal(value, decimals),
            None if row.suppressed => "visas inte".to_owned(),
            None => "uppgift saknas".to_owned(),
        }
    }

    /// The interval as it is written; empty where there is none.
    pub(super) fn interval(&self, row: &Row, decimals: usize) -> String {
        match row.low.zip(row.high) {
            Some((low, high)) => {
                let (low, high) = (words::decimal(low, decimals), words::decimal(high, decimals));
                format!("{low}–{high}")
            }
            None => String::new(),
        }
    }

    /// What is to be known of a figure, in words. That it is withheld stands in the place of its value.
    pub(super) fn marks(&self, row: &Row) -> String {
        let marks = row
            .marks
            .iter()
            .filter(|mark| !matches!(mark.as_str(), "suppressed" | "missing" | "zero"));
        let names: Vec<&str> = marks.map(|mark| self.name("mark", mark)).collect();
        names.join(", ")
    }

    /// Whether any of its figures rests on made-up data.
    pub(super) fn is_made_up(&self) -> bool {
        let rows = self.figures.iter().filter_map(|figure| figure.row.as_ref());
        let mut marks = rows.flat_map(|row| &row.marks);
        marks.any(|mark| mark == "made-up")
    }
}
