//! May this code, with this term, be used on this date?

use jiff::civil::Date;

use crate::edition::Edition;
use crate::letters::same_text;
use crate::model::{ConceptStatus, DesignationStatus};
use crate::rows::DesignationRow;
use crate::view::{ConceptView, DesignationView, designation, in_force, rank};

/// The answer to the question whether a code may be used on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "an answer is looked at and dropped; a box would cost each a place in memory"
)]
pub enum Validation<'e> {
    /// It may.
    Valid {
        /// The concept.
        concept: ConceptView<'e>,
        /// Set when the display given is a deprecated (avrådd) term for it on the date.
        deprecated: Option<DeprecatedDisplay<'e>>,
    },
    /// The edition does not hold the code.
    UnknownCode,
    /// The code's dates, [`ConceptView::validity`], do not contain the date.
    NotValidOnDate {
        /// The concept.
        concept: ConceptView<'e>,
    },
    /// The concept is not in use: [`ConceptView::status`] says why.
    Inactive {
        /// The concept.
        concept: ConceptView<'e>,
    },
    /// The display given is no term for the concept on the date.
    DisplayMismatch {
        /// The concept.
        concept: ConceptView<'e>,
        /// The term to show instead; empty when the concept has none.
        expected: &'e str,
    },
}

/// A deprecated term that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeprecatedDisplay<'e> {
    /// The term that was used.
    pub used: DesignationView<'e>,
    /// The term recommended on the date, of the concept or of the one that replaces it.
    pub recommended: Option<DesignationView<'e>>,
}

pub(crate) fn validate<'e>(
    edition: &'e Edition,
    code: &str,
    display: Option<&str>,
    date: Date,
) -> Validation<'e> {
    let Some(concept) = edition.lookup(code) else {
        return Validation::UnknownCode;
    };
    if concept.status() != ConceptStatus::Active {
        return Validation::Inactive { concept };
    }
    if !concept.validity().contains(date) {
        return Validation::NotValidOnDate { concept };
    }
    let Some(display) = display else {
        return Validation::Valid {
            concept,
            deprecated: None,
        };
    };
    match used(edition, &concept, display, date) {
        Some(row) if row.status == DesignationStatus::Deprecated => {
            let used = designation(edition, row);
            let recommended = concept.recommended(used.language, date);
            Validation::Valid {
                concept,
                deprecated: Some(DeprecatedDisplay { used, recommended }),
            }
        }
        Some(_) => Validation::Valid {
            concept,
            deprecated: None,
        },
        None => {
            let expected = concept
                .display("", Some(date))
                .map_or("", |designation| designation.text);
            Validation::DisplayMismatch { concept, expected }
        }
    }
}

/// The best of the terms in force on the date that are the display given. A recommended term with its very letters is
/// looked for before terms that are the same but for letter case, composition and white space; first among all that of
/// the concept that lies beside it, which is the one that is mostly given.
fn used<'e>(
    edition: &'e Edition,
    concept: &ConceptView<'e>,
    display: &str,
    date: Date,
) -> Option<&'e DesignationRow> {
    let recommended = |row: &&DesignationRow| {
        row.status == DesignationStatus::Recommended
            && edition.texts.is(row.text, display)
            && in_force(edition, row, date)
    };
    let row = concept.row();
    let first = (!row.is_bare()).then_some(&row.first);
    if let Some(first) = first.filter(recommended) {
        return Some(first);
    }
    let rows = edition.designations(row);
    rows.iter().find(recommended).or_else(|| {
        let fits = |row: &&DesignationRow| {
            in_force(edition, row, date) && same_text(edition.texts.get(row.text), display)
        };
        rows.iter().filter(fits).min_by_key(|row| rank(row.status))
    })
}
