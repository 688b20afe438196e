//! Populations: a table of how many lived where on a date, by sex and age, and standard populations that rates are
//! standardised to. Tables come with their date and source and are never corrected here: what they do not hold is
//! answered with `None`, not with 0.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use vardnav_classification::model::Label;
use vardnav_register::record::Sex;

use crate::cube::Residence;

/// First age that no table holds: ages are below it.
pub const AGES: u16 = 150;

/// Where a population lives: the country, or an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// The country.
    Country,
    /// A region (`09`).
    Region(u8),
    /// A kommun (`0980`).
    Kommun(u16),
}

impl Area {
    /// From a code: `00` for the country, two digits for a region, four for a kommun.
    pub fn parse(code: &str) -> Option<Self> {
        if code == "00" {
            return Some(Self::Country);
        }
        let residence = Residence::parse(code)?;
        match code.len() {
            2 => residence.region().map(Self::Region),
            _ => residence.kommun().map(Self::Kommun),
        }
    }
}

impl std::fmt::Display for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Country => f.write_str("00"),
            Self::Region(region) => write!(f, "{region:02}"),
            Self::Kommun(kommun) => write!(f, "{kommun:04}"),
        }
    }
}

/// A row of a table: how many of an area, sex and ages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationRow {
    /// The area.
    pub area: Area,
    /// Legal sex.
    pub sex: Sex,
    /// Ages in completed years; the last age that stands open ends at [`AGES`].
    pub ages: Range<u16>,
    /// How many.
    pub count: u32,
}

/// Why a row cannot be taken into a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum RowError {
    /// No age.
    #[error("the ages are none, or beyond {AGES}")]
    Ages,
    /// Another row tells of some of the same.
    #[error("another row tells of some of the same area, sex and ages")]
    Overlaps,
}

/// How many lived where on a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationTable {
    date: Date,
    source: String,
    bands: BTreeMap<(Area, Sex), BTreeMap<u16, (u16, u32)>>,
}

impl PopulationTable {
    /// An empty table of a date, with where it comes from.
    pub fn new(date: Date, source: impl Into<String>) -> Self {
        Self {
            date,
            source: source.into(),
            bands: BTreeMap::new(),
        }
    }

    /// Takes in a row.
    ///
    /// # Errors
    /// When its ages are none, or another row tells of some of the same. The table is then as before.
    pub fn add(&mut self, row: PopulationRow) -> Result<(), RowError> {
        let Range { start, end } = row.ages;
        if start >= end || end > AGES {
            return Err(RowError::Ages);
        }
        let bands = self.bands.entry((row.area, row.sex)).or_default();
        let before = bands.range(..end).next_back();
        if before.is_some_and(|(_, (until, _))| *until > start) {
            return Err(RowError::Overlaps);
        }
        bands.insert(start, (end, row.count));
        Ok(())
    }

    /// The date on which it was counted.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Where it comes from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many of an area, of a sex or of both, of ages in completed years up to, not including, the end. `None` when
    /// the table does not hold the area for the sex, or holds it in bands that do not begin and end with the ages asked
    /// for.
    pub fn count(&self, area: Area, sex: Option<Sex>, ages: &Range<u16>) -> Option<u64> {
        let of = |sex| in_bands(self.bands.get(&(area, sex))?, ages);
        match sex {
            Some(sex) => of(sex),
            None => Some(of(Sex::Female)? + of(Sex::Male)?),
        }
    }

    /// As [`Self::count`], of several areas together: the kommuner of a region by the geography of the table's date,
    /// for a table that has no rows of regions. `None` when one of them is not held.
    pub fn count_of(&self, areas: &[Area], sex: Option<Sex>, ages: &Range<u16>) -> Option<u64> {
        areas.iter().map(|area| self.count(*area, sex, ages)).sum()
    }

    /// All rows, by area, sex and age.
    pub fn rows(&self) -> impl Iterator<Item = PopulationRow> {
        self.bands.iter().flat_map(|(&(area, sex), bands)| {
            bands.iter().map(move |(&start, &(end, count))| PopulationRow {
                area,
                sex,
                ages: start..end,
                count,
            })
        })
    }

    /// The areas that have rows, rising.
    pub fn areas(&self) -> Vec<Area> {
        let mut areas: Vec<Area> = self.bands.keys().map(|(area, _)| *area).collect();
        areas.dedup();
        areas
    }
}

/// The sum of the bands that the ages are made up of.
fn in_bands(bands: &BTreeMap<u16, (u16, u32)>, ages: &Range<u16>) -> Option<u64> {
    let end = ages.end.min(AGES);
    let mut at = ages.start;
    let mut sum = 0_u64;
    while at < end {
        let (until, count) = bands.get(&at)?;
        sum += u64::from(*count);
        at = *until;
    }
    (at == end).then_some(sum)
}

/// A standard population: how many of each age band there are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandardPopulation {
    /// Stable id, for example `esp-2013`.
    pub id: String,
    /// Name.
    pub label: Label,
    /// Where it comes from.
    pub source: String,
    /// First age and weight of each band, rising from 0; the last has no upper end.
    pub bands: Vec<(u16, u32)>,
}

impl StandardPopulation {
    /// Ages and weight of each band, the last ending at [`AGES`].
    pub fn bands(&self) -> impl Iterator<Item = (Range<u16>, u32)> {
        let ends = self.bands.iter().skip(1).map(|(from, _)| *from);
        let ends = ends.chain(std::iter::once(AGES));
        self.bands
            .iter()
            .zip(ends)
            .map(|(&(from, weight), end)| (from..end, weight))
    }

    /// Whether its bands rise from 0 to below [`AGES`] and some weight is above 0.
    pub fn is_sound(&self) -> bool {
        self.bands.first().is_some_and(|(from, _)| *from == 0)
            && self.bands().all(|(ages, _)| ages.start < ages.end)
            && self.bands.iter().any(|(_, weight)| *weight > 0)
    }
}
