//! Figures of an indicator as files for those who go on with them: CSV, JSON-stat 2.0 and Parquet. All three are made of
//! the same rows: codes of the dimensions, numbers, marks. What may be shown was decided before; nothing is added up,
//! rounded or left out here.

mod csv;
mod json_stat;
mod parquet;

use std::collections::BTreeMap;

use vardnav_classification::model::Label;

pub use self::csv::csv;
pub use self::json_stat::{MOST_CELLS, json_stat};
pub use self::parquet::parquet;

/// Names of the dimensions, in the order of a row's codes. The last one is time: `2026`, `2026-03`.
pub const DIMENSIONS: [&str; 6] = ["variant", "group", "place", "sex", "age_group", "time"];

/// Names of the numbers, in the order of a row's.
pub const NUMBERS: [&str; 8] = [
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "undecided",
    "undecided_denominator",
    "years",
];

/// Code that stands for all together where a format needs one.
pub const TOTAL: &str = "total";

/// Figures with what they mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Id of the indicator.
    pub id: String,
    /// Its name.
    pub label: Label,
    /// Where the data come from.
    pub source: String,
    /// Unit of the values.
    pub unit: Label,
    /// What they cover and leave out.
    pub note: Label,
    /// What else is told of them, by name: release, derivation, method.
    pub about: Vec<(String, String)>,
    /// Names of codes, by dimension and code.
    pub names: BTreeMap<(String, String), Label>,
    /// The figures.
    pub rows: Vec<FigureRow>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FigureRow {
    /// Codes of the [`DIMENSIONS`]; an empty one is all together.
    pub codes: [String; 6],
    /// The [`NUMBERS`]; those that are missing or withheld are `None`.
    pub numbers: [Option<f64>; 8],
    /// What is to be known of it.
    pub marks: Vec<String>,
}

/// Why figures are not written.
#[derive(Debug, thiserror::Error)]
pub enum FiguresError {
    /// They would be a cube with too many cells.
    #[error(
        "the figures would be a cube of {0} cells, at most {MOST_CELLS}: ask for fewer breakdowns at a time"
    )]
    TooManyCells(usize),
    /// Two figures have the same codes.
    #[error("two figures stand at one place of the cube")]
    Twice,
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Csv(String),
}

/// The language of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Swedish.
    #[default]
    Swedish,
    /// English.
    English,
}

impl Language {
    /// A text in the language.
    pub fn of(self, label: &Label) -> &str {
        match self {
            Self::Swedish => &label.sv,
            Self::English => &label.en,
        }
    }

    /// Its tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Swedish => "sv",
            Self::English => "en",
        }
    }
}

impl Figures {
    /// The name of a code; the code itself where none is known.
    pub fn name<'a>(&'a self, dimension: &str, code: &'a str, language: Language) -> &'a str {
        let known = self.names.get(&(dimension.to_owned(), code.to_owned()));
        known.map_or(code, |label| language.of(label))
    }
}

/// The name of a column or dimension.
pub(crate) fn title(name: &str, language: Language) -> &str {
    let (sv, en) = match name {
        "variant" => ("variant", "variant"),
        "group" => ("grupp", "group"),
        "place" => ("ort", "place"),
        "sex" => ("kön", "sex"),
        "age_group" => ("åldersgrupp", "age group"),
        "time" => ("tid", "time"),
        "numerator" => ("täljare", "numerator"),
        "denominator" => ("nämnare", "denominator"),
        "value" => ("värde", "value"),
        "low" => ("undre gräns", "lower limit"),
        "high" => ("övre gräns", "upper limit"),
        "undecided" => ("ej avgjorda, täljare", "undecided, numerator"),
        "undecided_denominator" => ("ej avgjorda, nämnare", "undecided, denominator"),
        "years" => ("antal år", "years together"),
        "marks" => ("märken", "marks"),
        other => (other, other),
    };
    match language {
        Language::Swedish => sv,
        Language::English => en,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
pub(crate) mod tests {
    use super::*;

    /// Three figures: two shown, one withheld.
    pub(crate) fn some() -> Figures {
        let row = |place: &str, numbers: [Option<f64>; 8], marks: &[&str]| FigureRow {
            codes: ["assessed", "", place, "", "", "2026"].map(str::to_owned),
            numbers,
            marks: marks.iter().map(|mark| (*mark).to_owned()).collect(),
        };
        let shown = [
            Some(10.0),
            Some(20.0),
            Some(50.0),
            Some(29.9),
            Some(70.1),
            Some(0.0),
            Some(1.0),
            Some(1.0),
        ];
        let withheld = [None, None, None, None, None, None, None, Some(1.0)];
        let label = |text: &str| Label {
            sv: format!("{text} på svenska"),
            en: format!("{text} in English"),
        };
        Figures {
            id: "core-02".to_owned(),
            label: label("bedömning"),
            source: "registret".to_owned(),
            unit: label("procent"),
            note: label("allt"),
            about: vec![("release".to_owned(), "2026.1".to_owned())],
            names: [(("place".to_owned(), "01".to_owned()), label("Stockholm"))].into(),
            rows: vec![
                row("", shown, &[]),
                row("01", withheld, &["suppressed"]),
                row("12", shown, &[]),
            ],
        }
    }
}
