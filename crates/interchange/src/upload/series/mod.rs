//! Series of figures as uploads: all of one variant of an indicator, which the release says is uploaded or linked.
//!
//! | column | holds |
//! |---|---|
//! | `indicator`, `variant` | ids, the same in every row |
//! | `period` | `2025`, `2025-10`, or the date of a survey's measurement (`2025-10-15`), as the indicator's window is |
//! | `place` | `00` for the country, two digits for a region, four for a kommun |
//! | `sex` | `female`, `male`, or nothing for both |
//! | `age_group` | an age group of the release, or nothing for all ages |
//! | `breakdown`, `breakdown_value` | a further breakdown that the indicator offers and a value of it, or nothing |
//! | `value`, `low`, `high` | the figure, times the indicator's factor, and its interval |
//! | `numerator`, `denominator` | whole numbers, where stated; of a survey the answers |
//! | `mark` | `missing`, `suppressed` (then there is no value), `preliminary`, or nothing |
//! | `method_version` | version of the method where it is another than the definition's |
//! | `break` | `yes` where figures cannot be compared with those before |
//!
//! All but indicator, variant, period, place and value may be left out.

mod fits;

use vardnav_indicators::population::Area;
use vardnav_indicators::series::{Amount, Mark, Period, Point, PointKey, Series};
use vardnav_register::record::Sex;

use super::population::told;
use super::problem::{Problem, Problems};
use super::rows::{self, Row, Shape, Written};
use super::{Against, Content, Kind};

/// Name of the kind.
pub const NAME: &str = "series";

/// Code, meaning and remedy of what is found in series.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-UPL-020",
        "the indicator of a series is not in the library",
        "write an id that `indicator list` gives",
    ),
    (
        "VN-UPL-021",
        "the variant of a series is none of the indicator, or is counted from the register",
        "write a variant of the indicator that is uploaded or linked",
    ),
    (
        "VN-UPL-022",
        "a row of a series is broken down by what the indicator does not offer, or by a value that there is not",
        "leave the column empty, or write what the release offers for the indicator",
    ),
    (
        "VN-UPL-023",
        "a sex, age group, mark or break of a series is not known",
        "write female or male; an age group of the release; missing, preliminary or suppressed; yes; or nothing",
    ),
    (
        "VN-UPL-024",
        "a row of a series has no value and no mark, or a value in spite of its mark",
        "state the value, or mark the row as missing or suppressed and leave its numbers empty",
    ),
    (
        "VN-UPL-025",
        "an interval of a series does not hold its value",
        "state both ends so that low ≤ value ≤ high, or neither",
    ),
    (
        "VN-UPL-026",
        "a figure of a series is impossible",
        "see that it is not below 0, a share not above the whole, a numerator not above its denominator",
    ),
];

/// The columns.
const COLUMNS: [&str; 16] = [
    "indicator",
    "variant",
    "period",
    "place",
    "sex",
    "age_group",
    "breakdown",
    "breakdown_value",
    "value",
    "low",
    "high",
    "numerator",
    "denominator",
    "mark",
    "method_version",
    "break",
];

const SHAPE: Shape = Shape {
    columns: &COLUMNS,
    optional: &[
        "sex",
        "age_group",
        "breakdown",
        "breakdown_value",
        "low",
        "high",
        "numerator",
        "denominator",
        "mark",
        "method_version",
        "break",
    ],
    rows_max: 200_000,
};

/// The kind; the id of an upload is that of the indicator and its variant.
#[derive(Debug, Clone, Copy)]
pub struct OfSeries;

impl Kind for OfSeries {
    fn name(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> &'static [&'static str] {
        &COLUMNS
    }

    fn read(&self, file: &[u8], against: &Against<'_>) -> Result<Content, Vec<Problem>> {
        let mut problems = Problems::default();
        let series = parse(file, &mut problems, |series, row, key, point, problems| {
            fits::fits(series, row, key, point, against, problems);
        });
        let series = problems.or(series)?;
        let (rows, bytes) = written(&series);
        Ok(Content {
            id: id_of(&series.indicator, &series.variant),
            date: series.last_day().unwrap_or(against.today).min(against.today),
            rows,
            bytes,
        })
    }
}

/// Id of the upload that holds the series of a variant.
pub fn id_of(indicator: &str, variant: &str) -> String {
    format!("{indicator}/{variant}")
}

/// Reads a series as it is kept.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn decode(bytes: &[u8]) -> Result<Series, String> {
    let mut problems = Problems::default();
    let series = parse(bytes, &mut problems, |_, _, _, _, _| {});
    problems.or(series).map_err(|problems| told(&problems))
}

fn parse(
    file: &[u8],
    problems: &mut Problems,
    mut look: impl FnMut(&Series, Row<'_>, &PointKey, &Point, &mut Problems),
) -> Option<Series> {
    let mut series: Option<Series> = None;
    rows::read(file, SHAPE, problems, |row, problems| {
        let indicator = row.code("indicator", problems);
        let variant = row.code("variant", problems);
        let (key, point) = (key(row, problems), point(row, problems));
        let (Some(indicator), Some(variant), Some(key), Some(point)) = (indicator, variant, key, point)
        else {
            return;
        };
        let series = series.get_or_insert_with(|| Series::new(indicator, variant));
        let others = [
            ("indicator", indicator, &series.indicator),
            ("variant", variant, &series.variant),
        ];
        for (column, stated, first) in others {
            if stated != first {
                problems.add(
                    row.line,
                    column,
                    "VN-UPL-008",
                    format!("the first row has another {column}"),
                );
                return;
            }
        }
        look(series, row, &key, &point, problems);
        if let Err(error) = series.add(key, point) {
            problems.add(row.line, "", "VN-UPL-006", error.to_string());
        }
    });
    series
}

fn key(row: Row<'_>, problems: &mut Problems) -> Option<PointKey> {
    let period = Period::parse(row.cell("period"));
    if period.is_none() {
        let message = "the period is not a year, a month or a date";
        problems.add(row.line, "period", "VN-UPL-004", message);
    }
    let area = Area::parse(row.cell("place"));
    if area.is_none() {
        problems.add(
            row.line,
            "place",
            "VN-UPL-005",
            "the place is not 00, two digits or four",
        );
    }
    let sex = match row.cell("sex") {
        "" => Some(None),
        "female" => Some(Some(Sex::Female)),
        "male" => Some(Some(Sex::Male)),
        _ => {
            problems.add(row.line, "sex", "VN-UPL-023", "the sex is not female or male");
            None
        }
    };
    let mut code = |column| match row.cell(column) {
        "" => Some(String::new()),
        _ => row.code(column, problems).map(str::to_owned),
    };
    let codes = (code("age_group"), code("breakdown"), code("breakdown_value"));
    let (Some(age_group), Some(breakdown), Some(breakdown_value)) = codes else {
        return None;
    };
    Some(PointKey {
        period: period?,
        area: area?,
        sex: sex?,
        age_group,
        breakdown,
        breakdown_value,
    })
}

fn point(row: Row<'_>, problems: &mut Problems) -> Option<Point> {
    let mut amount = |column| {
        let text = row.cell(column);
        let amount = Amount::parse(text);
        if amount.is_none() && !text.is_empty() {
            problems.add(
                row.line,
                column,
                "VN-UPL-007",
                "it is no number with at most six decimals",
            );
        }
        (amount.is_some() || text.is_empty()).then_some(amount)
    };
    let amounts = (amount("value"), amount("low"), amount("high"));
    let counts = (
        row.count("numerator", problems),
        row.count("denominator", problems),
    );
    let mark = match row.cell("mark") {
        "" => Some(None),
        name => Mark::named(name).map(Some),
    };
    if mark.is_none() {
        let message = "the mark is not missing, preliminary or suppressed";
        problems.add(row.line, "mark", "VN-UPL-023", message);
    }
    let method_version = match row.cell("method_version") {
        "" => Some(""),
        _ => row.code("method_version", problems),
    };
    let breaks = match row.cell("break") {
        "" => Some(false),
        "yes" => Some(true),
        _ => {
            problems.add(row.line, "break", "VN-UPL-023", "the break is not yes or nothing");
            None
        }
    };
    Some(Point {
        value: amounts.0?,
        low: amounts.1?,
        high: amounts.2?,
        numerator: counts.0?,
        denominator: counts.1?,
        mark: mark?,
        method_version: method_version?.to_owned(),
        breaks: breaks?,
    })
}

fn written(series: &Series) -> (u64, Vec<u8>) {
    let mut written = Written::new(&COLUMNS);
    let text = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| amount.to_string());
    let number = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
    for (key, point) in series.points() {
        written.row([
            &series.indicator,
            &series.variant,
            &key.period.to_string(),
            &key.area.to_string(),
            match key.sex {
                None => "",
                Some(Sex::Female) => "female",
                Some(Sex::Male) => "male",
            },
            &key.age_group,
            &key.breakdown,
            &key.breakdown_value,
            &text(point.value),
            &text(point.low),
            &text(point.high),
            &number(point.numerator),
            &number(point.denominator),
            point.mark.map_or("", Mark::name),
            &point.method_version,
            if point.breaks { "yes" } else { "" },
        ]);
    }
    written.finish()
}
