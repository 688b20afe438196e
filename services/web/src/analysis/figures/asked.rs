//! What an address asks for of an indicator.

use vardnav_indicators::definition::{Breakdown, BrokenDownBy, Indicator, Variant};

use crate::analysis::board::Board;

/// What an address asks for of an indicator.
pub(crate) struct Asked<'i> {
    pub(crate) indicator: &'i Indicator,
    /// The way of counting, and the years that it has.
    pub(crate) variant: &'i Variant,
    pub(crate) years: Vec<i16>,
    /// The year shown.
    pub(crate) year: i16,
    /// The region whose kommuner are shown.
    pub(crate) region: Option<u8>,
    /// The further breakdown that is chosen.
    pub(crate) by: Option<String>,
}

impl<'i> Asked<'i> {
    /// What the address of a page asks for; what it does not name, or names wrongly, is chosen. `None` for an indicator
    /// without a way of counting.
    pub(crate) fn of(board: &Board<'_>, indicator: &'i Indicator) -> Option<Self> {
        let address = board.address;
        let named = address
            .value("variant")
            .and_then(|id| indicator.variants.iter().find(|known| known.id == id));
        let (variant, years) = match named {
            Some(variant) => (variant, board.years(indicator, variant)),
            None => board.shown(indicator)?,
        };
        let newest = years.last().copied().unwrap_or(board.today.year());
        let year = address
            .year()
            .filter(|year| years.contains(year))
            .unwrap_or(newest);
        let region = address.value("region").and_then(|code| code.parse().ok());
        let by = address
            .value("by")
            .filter(|id| further(board, indicator).iter().any(|known| known.id == *id));
        Some(Self {
            indicator,
            variant,
            years,
            year,
            region: region.filter(|code| board.regions().contains_key(code)),
            by: by.map(str::to_owned),
        })
    }

    /// The parameters that a link to the same must have.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut told = vec![
            ("variant", self.variant.id.clone()),
            ("year", self.year.to_string()),
        ];
        told.extend(self.region.map(|code| ("region", format!("{code:02}"))));
        told.extend(self.by.clone().map(|id| ("by", id)));
        told
    }
}

/// The breakdowns that may be chosen: those beside place, sex, age and month.
pub(crate) fn further<'b>(board: &'b Board<'_>, indicator: &Indicator) -> Vec<&'b Breakdown> {
    let definitions = &board.release.indicators;
    let is_further = |by: &BrokenDownBy| match by {
        BrokenDownBy::Axis(axis) => !board.is_of_age(axis),
        BrokenDownBy::KommunGroup(_)
        | BrokenDownBy::Table(_)
        | BrokenDownBy::TableBefore(_)
        | BrokenDownBy::UnitKind => true,
        BrokenDownBy::Region
        | BrokenDownBy::Kommun
        | BrokenDownBy::Sex
        | BrokenDownBy::Month
        | BrokenDownBy::NotAvailable(_) => false,
    };
    indicator
        .breakdowns
        .iter()
        .filter_map(|id| definitions.breakdown(id))
        .filter(|known| is_further(&known.by))
        .collect()
}
