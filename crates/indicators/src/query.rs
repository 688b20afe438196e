//! Questions about counts and their answers. Every figure is a cell of a lattice on which disclosure has been
//! decided as a whole; nothing is added up or subtracted here, and periods are calendar months and years only, so
//! that questions cannot be played against each other.

use jiff::civil::Date;
use vardnav_classification::model::{Grain, Label};
use vardnav_register::record::Sex;

use crate::cube::{Cube, Slice};
use crate::definition::Disclosure;
use crate::disclosure::Decision;
use crate::disclosure::indicator::{Counts, Decided};
use crate::lattice::{Frame, Inner, Lattice, Place, Spot, UNKNOWN};

/// Most rows in an answer.
pub const MAX_ROWS: usize = 100_000;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The counted table, from the indicator's definition.
    pub table: String,
    /// What is counted.
    pub grain: Grain,
    /// Values of the table; empty for all.
    pub values: Vec<String>,
    /// What to break down by.
    pub by: Vec<Dimension>,
    /// Regions (two-digit numbers); empty for all.
    pub regions: Vec<u8>,
    /// Kommuner (four-digit numbers); empty for all.
    pub kommuner: Vec<u16>,
    /// Sexes; empty for all.
    pub sexes: Vec<Sex>,
    /// Codes of age groups; empty for all.
    pub ages: Vec<String>,
    /// The period.
    pub period: Period,
}

/// What an answer can be broken down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Region of residence.
    Region,
    /// Kommun of residence.
    Kommun,
    /// Legal sex.
    Sex,
    /// Age group.
    AgeGroup,
    /// Calendar month of the start.
    Month,
}

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A calendar year.
    Year(i16),
    /// A calendar month (1–12) of a year.
    Month(i16, i8),
}

impl Period {
    /// The period from `from` up to, not including, `until`.
    ///
    /// # Errors
    /// When that is neither a calendar month nor a calendar year.
    pub fn between(from: Date, until: Date) -> Result<Self, QueryError> {
        let first = Date::new(from.year(), from.month(), 1).is_ok_and(|first| first == from);
        let (month, year) = (jiff::Span::new().months(1), jiff::Span::new().years(1));
        if first && from.month() == 1 && from.checked_add(year).is_ok_and(|end| end == until) {
            Ok(Self::Year(from.year()))
        } else if first && from.checked_add(month).is_ok_and(|end| end == until) {
            Ok(Self::Month(from.year(), from.month()))
        } else {
            Err(QueryError::NotACalendarPeriod)
        }
    }

    /// The calendar year.
    pub fn year(self) -> i16 {
        match self {
            Self::Year(year) | Self::Month(year, _) => year,
        }
    }
}

/// Why a question is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Neither a month nor a year.
    #[error("the period must be a calendar month or a calendar year; others could be differenced")]
    NotACalendarPeriod,
    /// Several values of something that is not broken down.
    #[error("several values of {0} are only given apart: break down by {0}")]
    NotBrokenDown(&'static str),
    /// A value that does not exist.
    #[error("unknown {0}")]
    Unknown(&'static str),
    /// The answer would be too large.
    #[error("the answer would have more than {MAX_ROWS} rows; ask for fewer values or a coarser breakdown")]
    TooManyRows,
}

/// A count, or the mark that it is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// 0 or at least the threshold.
    Count(u64),
    /// Hidden to protect persons: small itself, or needed so that a small one cannot be computed.
    Suppressed,
}

/// The sexes a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SexGroup {
    /// All.
    All,
    /// One.
    Only(Sex),
    /// Those whose sex is not known.
    Unknown,
}

impl SexGroup {
    /// Its code: empty for all.
    pub fn code(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Only(Sex::Female) => "female",
            Self::Only(Sex::Male) => "male",
            Self::Unknown => UNKNOWN,
        }
    }
}

/// The ages a figure counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgeGroup {
    /// All.
    All,
    /// A group, by its code.
    Group(String),
    /// Those whose age is not known.
    Unknown,
}

impl AgeGroup {
    /// Its code: empty for all.
    pub fn code(&self) -> &str {
        match self {
            Self::All => "",
            Self::Group(code) => code,
            Self::Unknown => UNKNOWN,
        }
    }
}

/// A row of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Value of the counted table.
    pub value: String,
    /// Residence.
    pub place: Place,
    /// Sexes.
    pub sex: SexGroup,
    /// Ages.
    pub age: AgeGroup,
    /// Calendar month, `None` for the whole year.
    pub month: Option<i8>,
    /// The figure.
    pub figure: Figure,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Rows in the order of values, places, sexes, ages, months.
    pub rows: Vec<Row>,
    /// The release whose definitions it follows.
    pub release: String,
    /// What the figures cover and what not.
    pub coverage: Label,
}

/// A place, sex and age that a question asks for, and where a lattice has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Index of the place.
    pub index: usize,
    /// The spot inside it.
    pub spot: Spot,
    /// Residence.
    pub place: Place,
    /// Sexes.
    pub sex: SexGroup,
    /// Ages.
    pub age: AgeGroup,
}

/// A slice of the cube with the decision on what may be shown of it.
#[derive(Debug, Clone)]
pub struct Published {
    frame: Frame,
    lattice: Lattice,
    decision: Decision,
}

impl Published {
    /// Decides on a slice.
    pub fn new(cube: &Cube, slice: &Slice, frame: Frame, disclosure: &Disclosure) -> Self {
        Self::of(cube.lattice(slice, &frame), frame, disclosure)
    }

    /// Decides on slices of one table, which are shown beside each other and beside their sum; in the order of the slices.
    pub fn beside(cube: &Cube, slices: &[Slice], frame: &Frame, disclosure: &Disclosure) -> Vec<Self> {
        let values: Vec<Counts> = slices.iter().map(|slice| cube.counts(slice)).collect();
        Decided::of_values(values, frame, disclosure)
    }

    /// Decides on all totals of some counts, which stand in a frame.
    pub fn of(lattice: Lattice, frame: Frame, disclosure: &Disclosure) -> Self {
        let decision = Decision::on(&lattice, u64::from(disclosure.min_count));
        Self {
            frame,
            lattice,
            decision,
        }
    }

    /// Counts with a decision on them.
    pub(crate) fn with(lattice: Lattice, frame: Frame, decision: Decision) -> Self {
        Self {
            frame,
            lattice,
            decision,
        }
    }

    /// The counts.
    pub(crate) fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// The figure at a place and spot of the lattice.
    pub fn figure(&self, place: usize, spot: Spot) -> Figure {
        if self.decision.hides(&self.lattice, place, spot) {
            Figure::Suppressed
        } else {
            Figure::Count(self.lattice.count(place, spot))
        }
    }

    /// The places, sexes and ages that a question asks for, in that order, whatever is counted there; months are 0.
    ///
    /// # Errors
    /// When the question names something unknown, asks for sums that are not shown, or for too much.
    pub fn points(&self, query: &Query) -> Result<Vec<Point>, QueryError> {
        let (places, sexes, ages) = (self.places(query)?, self.sexes(query)?, self.ages(query)?);
        if places.len() * sexes.len() * ages.len() > MAX_ROWS {
            return Err(QueryError::TooManyRows);
        }
        let mut points = Vec::new();
        for &(index, place) in &places {
            for &(sex, sex_group) in &sexes {
                for (age, age_group) in &ages {
                    points.push(Point {
                        index,
                        spot: Spot {
                            sex,
                            age: *age,
                            month: 0,
                        },
                        place,
                        sex: sex_group,
                        age: age_group.clone(),
                    });
                }
            }
        }
        Ok(points)
    }

    fn places(&self, query: &Query) -> Result<Vec<(usize, Place)>, QueryError> {
        let all = || {
            self.lattice
                .places()
                .iter()
                .enumerate()
                .map(|(index, (place, _))| (index, *place))
        };
        let by_kommun = query.by.contains(&Dimension::Kommun);
        for kommun in &query.kommuner {
            self.lattice
                .find(Place::Kommun(*kommun))
                .ok_or(QueryError::Unknown("kommun"))?;
        }
        for region in &query.regions {
            self.lattice
                .find(Place::Region(*region))
                .ok_or(QueryError::Unknown("region"))?;
        }
        let in_regions = |region: &u8| query.regions.is_empty() || query.regions.contains(region);
        if by_kommun || !query.kommuner.is_empty() {
            if !by_kommun && query.kommuner.len() > 1 {
                return Err(QueryError::NotBrokenDown("kommun"));
            }
            let wanted = |place: &Place| match place {
                Place::Kommun(kommun) => {
                    (query.kommuner.is_empty() || query.kommuner.contains(kommun))
                        && u8::try_from(kommun / 100).is_ok_and(|region| in_regions(&region))
                }
                Place::UnknownKommun(region) => query.kommuner.is_empty() && in_regions(region),
                _ => false,
            };
            return Ok(all().filter(|(_, place)| wanted(place)).collect());
        }
        if query.by.contains(&Dimension::Region) {
            let wanted = |place: &Place| match place {
                Place::Region(region) => in_regions(region),
                Place::Unknown => query.regions.is_empty(),
                _ => false,
            };
            return Ok(all().filter(|(_, place)| wanted(place)).collect());
        }
        match query.regions.as_slice() {
            [] => Ok(vec![(0, Place::Country)]),
            [region] => Ok(all()
                .filter(|(_, place)| *place == Place::Region(*region))
                .collect()),
            _ => Err(QueryError::NotBrokenDown("region")),
        }
    }

    fn sexes(&self, query: &Query) -> Result<Vec<(usize, SexGroup)>, QueryError> {
        let group = |index: usize| match index {
            1 => SexGroup::Only(Sex::Female),
            2 => SexGroup::Only(Sex::Male),
            _ => SexGroup::Unknown,
        };
        let filter: Vec<usize> = query.sexes.iter().map(|sex| *sex as usize).collect();
        let chosen = choose(
            &filter,
            query.by.contains(&Dimension::Sex),
            self.lattice.values(Inner::Sex),
            "sex",
        )?;
        Ok(chosen
            .into_iter()
            .map(|index| (index, if index == 0 { SexGroup::All } else { group(index) }))
            .collect())
    }

    fn ages(&self, query: &Query) -> Result<Vec<(usize, AgeGroup)>, QueryError> {
        let mut filter = Vec::new();
        for code in &query.ages {
            let index = self.frame.ages.iter().position(|(_, other)| other == code);
            filter.push(index.ok_or(QueryError::Unknown("age group"))? + 1);
        }
        let by = query.by.contains(&Dimension::AgeGroup);
        let group = |index: usize| match index.checked_sub(1) {
            None => AgeGroup::All,
            Some(index) => self
                .frame
                .ages
                .get(index)
                .map_or(AgeGroup::Unknown, |(_, code)| AgeGroup::Group(code.clone())),
        };
        let chosen = choose(&filter, by, self.lattice.values(Inner::Age), "age group")?;
        Ok(chosen.into_iter().map(|index| (index, group(index))).collect())
    }
}

/// The values of a dimension that a question asks for; 0 is the total.
fn choose(filter: &[usize], by: bool, values: usize, name: &'static str) -> Result<Vec<usize>, QueryError> {
    match (filter, by) {
        ([], false) => Ok(vec![0]),
        ([], true) => Ok((1..=values).collect()),
        ([one], false) => Ok(vec![*one]),
        (_, false) => Err(QueryError::NotBrokenDown(name)),
        (several, true) => Ok(several.to_vec()),
    }
}

/// Answers a question over `values` (all values of the counted table, in the order in which to show them), given a
/// way to get at published slices, the release followed and a note on coverage.
///
/// # Errors
/// When the question names something unknown, asks for sums that are not shown, or for too much.
pub fn answer<P: std::ops::Deref<Target = Published>>(
    query: &Query,
    values: &[String],
    mut published: impl FnMut(&Slice) -> P,
    release: &str,
    coverage: Label,
) -> Result<Answer, QueryError> {
    if query.values.iter().any(|value| !values.contains(value)) {
        return Err(QueryError::Unknown("value of the counted table"));
    }
    let (year, months) = match query.period {
        Period::Month(year, month @ 1..=12) => {
            (year, vec![(usize::try_from(month).unwrap_or(0), Some(month))])
        }
        Period::Month(..) => return Err(QueryError::NotACalendarPeriod),
        Period::Year(year) if query.by.contains(&Dimension::Month) => (
            year,
            (1..=12)
                .map(|month: i8| (usize::try_from(month).unwrap_or(0), Some(month)))
                .collect(),
        ),
        Period::Year(year) => (year, vec![(0, None)]),
    };
    let mut rows = Vec::new();
    for value in values
        .iter()
        .filter(|value| query.values.is_empty() || query.values.contains(value))
    {
        let slice = Slice {
            table: query.table.clone(),
            value: value.clone(),
            grain: query.grain,
            year,
        };
        let published = published(&slice);
        let (places, sexes, ages) = (
            published.places(query)?,
            published.sexes(query)?,
            published.ages(query)?,
        );
        if rows.len() + places.len() * sexes.len() * ages.len() * months.len() > MAX_ROWS {
            return Err(QueryError::TooManyRows);
        }
        for &(place, name) in &places {
            for &(sex, sex_group) in &sexes {
                for (age, age_group) in &ages {
                    for &(month, number) in &months {
                        rows.push(Row {
                            value: value.clone(),
                            place: name,
                            sex: sex_group,
                            age: age_group.clone(),
                            month: number,
                            figure: published.figure(
                                place,
                                Spot {
                                    sex,
                                    age: *age,
                                    month,
                                },
                            ),
                        });
                    }
                }
            }
        }
    }
    Ok(Answer {
        rows,
        release: release.to_owned(),
        coverage,
    })
}
