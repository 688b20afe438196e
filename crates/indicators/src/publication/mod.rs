//! A publication: the figures of a year as they were shown on a day, with what they mean, in one form that never changes.
//! Figures come decided: nothing is counted or rounded here. Which figures are others than in the publication before is
//! told by comparing the two; what that one withheld stays withheld, so that the two together tell no more of it
//! ([`crate::disclosure::indicator::Decided::after`] says why).

mod bytes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;
use vardnav_classification::model::Label;

use crate::answer::Mark;

pub use bytes::{FORMAT_VERSION, PublicationError};

/// The mark of a figure that is another than in a publication before.
pub const REVISED: &str = Mark::Revised.code();
/// The mark of a figure that is withheld.
pub const SUPPRESSED: &str = Mark::Suppressed.code();

/// Marks that say something of the numbers.
const OF_NUMBERS: [&str; 3] = [Mark::Missing.code(), REVISED, Mark::Zero.code()];

/// Most figures of a publication.
pub const ROWS_MAX: usize = 2_000_000;
/// Most indicators of a publication.
pub const INDICATORS_MAX: usize = 1_000;

/// The figures of a year.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Publication {
    /// The calendar year. Figures of earlier years stand beside, so that it can be seen what became of them.
    pub year: i16,
    /// A count that is shown is 0 or at least this.
    pub min_count: u32,
    /// Indicators in the order of their ids.
    pub indicators: Vec<Published>,
}

/// The figures of an indicator, with what they mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Published {
    /// What they mean.
    pub about: About,
    /// Names of codes: what it is a code of (`place`, `group`), the code, the name.
    pub names: BTreeMap<(String, String), Label>,
    /// The figures.
    pub rows: BTreeMap<RowKey, Numbers>,
}

/// What figures of an indicator mean, as its release had it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// Id of the indicator.
    pub id: String,
    /// Number among the core indicators; 0 for the mission's own.
    pub core_number: u8,
    /// Name.
    pub label: Label,
    /// What the figure says, in one plain sentence.
    pub plain: Label,
    /// What is counted above the line.
    pub numerator: Label,
    /// What is counted below the line.
    pub denominator: Label,
    /// Whom or what it is about.
    pub population: Label,
    /// Who or what is left out.
    pub exclusions: Label,
    /// Unit of the values.
    pub unit: Label,
    /// What numerator over denominator is multiplied by.
    pub factor: u32,
    /// Which way is the better one: `higher`, `lower`; empty for neither.
    pub direction: String,
    /// Where the data come from.
    pub source: String,
    /// Where the figures come from, as [`crate::definition::Feed::name`].
    pub feed: String,
    /// How intervals are computed, as [`crate::definition::Interval::name`].
    pub interval: String,
    /// Version of the method.
    pub method_version: String,
    /// How sure the description is.
    pub certainty: String,
    /// What the figures cover and what they leave out.
    pub note: Label,
    /// Goals that it tells of, by id.
    pub goals: Vec<(String, Label)>,
    /// Ways of counting, by id.
    pub variants: Vec<(String, Label)>,
    /// What figures are broken down by beside place, sex, age and month, by id.
    pub breakdowns: Vec<(String, Label)>,
    /// Where the series breaks, and why.
    pub breaks: Vec<(Date, Label)>,
}

/// Which figure it is: codes as in answers to questions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RowKey {
    /// Id of the variant; empty for counts by the values of a table.
    pub variant: String,
    /// Calendar year; the last one where several are taken together.
    pub year: i16,
    /// Calendar month; 0 for the year.
    pub month: u8,
    /// Id of the breakdown that `group` is a value of; empty where nothing is broken down further.
    pub breakdown: String,
    /// Value of the breakdown; empty for all together.
    pub group: String,
    /// Region or kommun; empty for the country.
    pub place: String,
    /// `female`, `male`; empty for both.
    pub sex: String,
    /// Age group; empty for all.
    pub age_group: String,
}

/// The numbers of a figure; what is withheld has none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numbers {
    /// The numerator of a plain count.
    pub count: Option<u64>,
    /// Above the line.
    pub numerator: Option<u64>,
    /// Below the line.
    pub denominator: Option<f64>,
    /// The value in the indicator's unit.
    pub value: Option<f64>,
    /// Lower limit of the value.
    pub low: Option<f64>,
    /// Upper limit of the value.
    pub high: Option<f64>,
    /// How many more may belong above the line.
    pub undecided: Option<u64>,
    /// How many more may belong below the line.
    pub undecided_denominator: Option<u64>,
    /// How many years are taken together.
    pub years: u8,
    /// How it stands to the country's figure: `above`, `below`; empty where that is not told.
    pub standing: String,
    /// What is to be known of it, by code, rising.
    pub marks: Vec<String>,
}

/// How a publication differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revision {
    /// Figures that are others.
    pub changed: u64,
    /// Figures that were not there.
    pub added: u64,
    /// Figures that are no longer there.
    pub gone: u64,
}

impl Numbers {
    /// Whether it has a mark.
    pub fn is_marked(&self, mark: &str) -> bool {
        self.marks.iter().any(|known| known == mark)
    }

    /// Gives it a mark, once.
    pub fn mark(&mut self, mark: &str) {
        if let Err(at) = self.marks.binary_search_by(|known| known.as_str().cmp(mark)) {
            self.marks.insert(at, mark.to_owned());
        }
    }

    /// Takes its numbers away.
    fn withhold(&mut self) {
        let mut marks = std::mem::take(&mut self.marks);
        marks.retain(|mark| !OF_NUMBERS.contains(&mark.as_str()));
        *self = Self {
            years: 1,
            marks,
            ..Self::default()
        };
        self.mark(SUPPRESSED);
    }

    /// Whether both tell the same figure: the numbers, and whether they are withheld. Marks that only say how sure it is
    /// do not count.
    pub fn tells_the_same(&self, other: &Self) -> bool {
        let figure = |numbers: &Self| {
            let own = [numbers.denominator, numbers.value, numbers.low, numbers.high];
            (
                [numbers.count, numbers.numerator],
                own,
                numbers.years,
                numbers.is_marked(SUPPRESSED),
            )
        };
        figure(self) == figure(other)
    }
}

impl Publication {
    /// How many figures there are.
    pub fn rows(&self) -> usize {
        self.indicators.iter().map(|published| published.rows.len()).sum()
    }

    /// The figures of an indicator.
    pub fn indicator(&self, id: &str) -> Option<&Published> {
        self.indicators.iter().find(|published| published.about.id == id)
    }

    /// Withholds what the publication before withheld; marks each figure that is another than there, or was marked so
    /// there and is the same, and tells how many differ.
    pub fn revise(&mut self, before: &Self) -> Revision {
        let mut revision = Revision::default();
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        for published in &mut self.indicators {
            let Some(known) = before.indicator(&published.about.id) else {
                revision.added += count(published.rows.len());
                continue;
            };
            for (key, numbers) in &mut published.rows {
                let was_withheld = known
                    .rows
                    .get(key)
                    .is_some_and(|known| known.is_marked(SUPPRESSED));
                if was_withheld && !numbers.is_marked(SUPPRESSED) {
                    numbers.withhold();
                }
                match known.rows.get(key) {
                    None => revision.added += 1,
                    Some(same) if same.tells_the_same(numbers) => {
                        if same.is_marked(REVISED) {
                            numbers.mark(REVISED);
                        }
                    }
                    Some(_) => {
                        revision.changed += 1;
                        numbers.mark(REVISED);
                    }
                }
            }
        }
        for known in &before.indicators {
            let now = self.indicator(&known.about.id).map(|published| &published.rows);
            let gone = known
                .rows
                .keys()
                .filter(|key| !now.is_some_and(|now| now.contains_key(key)));
            revision.gone += count(gone.count());
        }
        revision
    }
}
