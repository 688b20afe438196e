//! What a question about an indicator gets of uploaded series: the figures of those variants that are uploaded or linked,
//! with where they come from. Which figures of a series answer it is said in `vardnav_indicators::series::stated`.

use std::fmt::Write as _;

use vardnav_classification::model::Label;
use vardnav_indicators::answer::{FigureRow, Mark, Question};
use vardnav_indicators::definition::{Feed, Indicator, Variant};
use vardnav_indicators::series::stated;
use vardnav_release::entry::UploadRecord;
use vardnav_store::uploads::NotAtHand;

use super::Uploads;

/// What is answered from series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stated {
    /// Rows, in the order of variants, periods and places. A variant without a figure of the period has one row of the
    /// country, marked as missing.
    pub rows: Vec<FigureRow>,
    /// Where they come from, for people.
    pub note: Label,
}

impl Uploads {
    /// The figures that answer a question, from what is at hand; `None` when none of the variants asked for is uploaded or
    /// linked. A question that names no variant is about the first, but for one of which nothing is uploaded where others
    /// are computed.
    ///
    /// # Errors
    /// When a series was not read yet.
    pub fn stated(&self, question: &Question, indicator: &Indicator) -> Result<Option<Stated>, NotAtHand> {
        let asked = asked(question, indicator);
        let mut answer = Stated::default();
        for variant in asked.iter().copied() {
            let held = self.series_at_hand(&indicator.id, &variant.id)?;
            if held.is_none() && question.variants.is_empty() && has_others(indicator) {
                return Ok(None);
            }
            let made_up = held.as_ref().is_some_and(|held| held.record.is_made_up());
            let rows = held.as_ref().map(|held| stated::rows(question, &held.content));
            let first = answer.rows.len();
            match rows {
                Some(rows) if !rows.is_empty() => answer.rows.extend(rows),
                _ => answer.rows.push(missing(question, variant)),
            }
            if made_up {
                for row in answer.rows.iter_mut().skip(first) {
                    row.marks.insert(Mark::MadeUp);
                }
            }
            note(&mut answer.note, variant, held.as_ref().map(|held| &held.record));
        }
        Ok(Some(answer).filter(|_| !asked.is_empty()))
    }
}

/// The variants asked for that are uploaded or linked.
fn asked<'a>(question: &Question, indicator: &'a Indicator) -> Vec<&'a Variant> {
    let named = |at: usize, variant: &Variant| match question.variants.is_empty() {
        true => at == 0,
        false => question.variants.contains(&variant.id),
    };
    let variants = indicator.variants.iter().enumerate();
    let asked = variants.filter(|(at, variant)| named(*at, variant) && is_stated(variant));
    asked.map(|(_, variant)| variant).collect()
}

fn is_stated(variant: &Variant) -> bool {
    matches!(variant.feed, Feed::Uploaded | Feed::Linked)
}

/// Whether some variant is computed.
fn has_others(indicator: &Indicator) -> bool {
    !indicator.variants.iter().all(is_stated)
}

fn missing(question: &Question, variant: &Variant) -> FigureRow {
    FigureRow {
        month: question.month,
        marks: [Mark::Missing].into(),
        ..FigureRow::of(&variant.id, question.year)
    }
}

/// Adds where a variant comes from.
fn note(note: &mut Label, variant: &Variant, record: Option<&UploadRecord>) {
    let (sv, en) = match record {
        None => ("inget uppladdat".to_owned(), "nothing uploaded".to_owned()),
        Some(record) => {
            let UploadRecord {
                source,
                date,
                revision,
                ..
            } = record;
            let made_up = match record.is_made_up() {
                true => ("påhittade uppgifter: ", "made-up data: "),
                false => ("", ""),
            };
            (
                format!("{}{source}, till och med {date}, version {revision}", made_up.0),
                format!("{}{source}, until {date}, revision {revision}", made_up.1),
            )
        }
    };
    for (text, told) in [(&mut note.sv, sv), (&mut note.en, en)] {
        if !text.is_empty() {
            text.push_str("; ");
        }
        // Writing into a text does not fail.
        let _ = write!(text, "{}: {told}", variant.id);
    }
}
