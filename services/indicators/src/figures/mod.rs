//! Figures of an indicator whose variants are sums of measures: from cells, through what may be shown of them, to rows of an
//! answer. Values, intervals and how a figure stands to the country are computed in `vardnav_indicators::figure`; what may
//! be shown is decided in [`crate::disclose`].

mod asked;
mod leaves;
mod people;
mod period;

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_api::status::{ApiError, Kind};
use vardnav_indicators::answer::{FigureRow, Question};
use vardnav_indicators::definition::{Indicator, Variant};
use vardnav_indicators::lattice::Frame;
use vardnav_indicators::measure::{Part, Term};
use vardnav_indicators::population::PopulationTable;
use vardnav_indicators::query::{MAX_ROWS, QueryError};
use vardnav_release::Snapshot;

use self::asked::Asked;
use crate::disclose::{Decisions, computed};
use crate::measures::Projected;

/// What figures are computed from.
#[derive(Clone)]
pub(crate) struct Ground<'a> {
    pub(crate) projected: &'a Projected,
    pub(crate) release: &'a Snapshot,
    /// The places and ages of the year that figures are of.
    pub(crate) frame: Frame,
    /// The day of the question: what rests on days that must be over is told by it.
    pub(crate) today: Date,
    pub(crate) decisions: &'a Decisions,
    /// Population tables.
    pub(crate) populations: &'a [Arc<PopulationTable>],
}

/// The rows that answer a question.
///
/// # Errors
/// When the question names something unknown, asks for too much, or nothing of the indicator is computed.
pub(crate) fn answer(
    question: &Question,
    indicator: &Indicator,
    ground: &Ground<'_>,
) -> Result<Vec<FigureRow>, ApiError> {
    let mut rows = Vec::new();
    for variant in variants(question, indicator, ground.release)? {
        Asked::new(question, indicator, variant, ground).rows(&mut rows)?;
        if rows.len() > MAX_ROWS {
            return Err(QueryError::TooManyRows.into());
        }
    }
    Ok(rows)
}

/// The variants that are computed, of those asked for.
fn variants<'a>(
    question: &Question,
    indicator: &'a Indicator,
    release: &Snapshot,
) -> Result<Vec<&'a Variant>, ApiError> {
    let is_known = |term: &Term| release.indicators.measure(&term.measure).is_some();
    let mut computed = computed(indicator).filter(|variant| variant.figure.terms().all(is_known));
    let chosen: Vec<&Variant> = match question.variants.as_slice() {
        [] => computed.next().into_iter().collect(),
        asked => computed.filter(|variant| asked.contains(&variant.id)).collect(),
    };
    match chosen.is_empty() {
        false => Ok(chosen),
        true => Err(ApiError::new(
            Kind::FailedPrecondition,
            "VN-API-042",
            "the indicator is described but not counted from the register",
        )),
    }
}

/// Whether a term is counted in a population table.
pub(crate) fn is_population(term: &Term, release: &Snapshot) -> bool {
    let measure = release.indicators.measure(&term.measure);
    measure.is_some_and(|measure| measure.of == [Part::Inhabitant])
}

#[cfg(test)]
mod tests {
    use vardnav_interchange::release::{self, starter};

    use super::*;

    #[test]
    fn variants_that_are_computed_are_told() {
        let package = starter::package().unwrap();
        let release = release::compile(&package, &[]).unwrap();
        let told = |id: &str, asked: &[&str]| {
            let question = Question {
                variants: asked.iter().map(|&variant| variant.to_owned()).collect(),
                ..Question::default()
            };
            let indicator = release.indicators.indicator(id).unwrap();
            let variants = variants(&question, indicator, &release).ok()?;
            Some(
                variants
                    .iter()
                    .map(|variant| variant.id.clone())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(told("core-12", &[]), Some(vec!["own-units".to_owned()]));
        assert_eq!(
            told("core-12", &["own-units"]),
            Some(vec!["own-units".to_owned()])
        );
        assert_eq!(told("core-01", &[]), None);
        assert_eq!(told("core-02", &[]), Some(vec!["assessed".to_owned()]));
    }
}
