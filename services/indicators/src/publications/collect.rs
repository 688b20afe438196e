//! The figures of a year, indicator by indicator, as answers to questions give them: of the country, regions and kommuner,
//! by sex and age, month and what else the release offers; of the years before, the country and the regions. All from one
//! state of what is counted.

use vardnav_api::indicators::{question, row_message};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::query_indicator_response::{Name, Row};
use vardnav_classification::model::{Derivation, Label};
use vardnav_indicators::answer::{Answered, Question};
use vardnav_indicators::definition::{BrokenDownBy, Indicator};
use vardnav_indicators::publication::{About, Numbers, Publication, Published, RowKey};
use vardnav_release::Snapshot;
use vardnav_store::StreamId;

use crate::answers::Choice;
use crate::{Indicators, names};

/// How many years before the one that is published stand beside it.
const EARLIER_YEARS: i16 = 4;
/// How often figures are collected anew when records came in meanwhile.
const TRIES: usize = 5;

/// What was collected, and what it rests on.
pub(super) struct Collected {
    pub(super) publication: Publication,
    pub(super) release: String,
    pub(super) derivation: String,
    pub(super) reporters: u32,
    pub(super) entries: u64,
    /// How much of each reporter's stream is counted.
    pub(super) taken_in: Vec<(StreamId, u64)>,
}

/// What all figures of one publication must have in common.
#[derive(PartialEq)]
struct Ground {
    projection: String,
    revision: u64,
    entries: u64,
    reporters: u32,
    release: String,
}

impl Indicators {
    /// The figures of a year.
    ///
    /// # Errors
    /// When a figure cannot be computed, or what is counted changes each time before all of them are collected.
    pub(super) async fn collect(&self, year: i16) -> Result<Collected, ApiError> {
        for _ in 0..TRIES {
            self.take_in().await?;
            let view = self.authority.view();
            let before = self.ground()?;
            let streams = self.store.streams().await;
            let streams = streams.map_err(|error| super::unavailable(&error))?;
            let indicators = self.clone();
            let collected = super::blocking(move || {
                let streams = streams.into_iter().map(|(stream, _)| stream);
                indicators.collected(year, streams)
            })
            .await?;
            let is_same = view
                .state()
                .uploads()
                .shares(self.authority.view().state().uploads());
            if is_same && self.ground()? == before && self.measures.left().await.is_ok_and(|left| left == 0) {
                return Ok(collected);
            }
        }
        let message = "records keep coming in while figures are collected; publish when it is quieter";
        Err(ApiError::new(Kind::Aborted, "VN-API-011", message))
    }

    /// Takes in all that figures are told of.
    async fn take_in(&self) -> Result<(), ApiError> {
        let release = self.release()?;
        let choice = self.choose("", false)?;
        let whole = Question::default();
        for indicator in &release.indicators.indicators {
            self.catch_up_for(&indicator.id, &whole, &choice).await?;
        }
        Ok(())
    }

    fn ground(&self) -> Result<Ground, ApiError> {
        let projected = self.measures.served().ok_or_else(crate::counts::unread)?;
        let (reporters, entries) = projected.coverage();
        Ok(Ground {
            projection: projected.plan.name.clone(),
            revision: projected.revision(),
            entries,
            reporters,
            release: self.release()?.id.clone(),
        })
    }

    /// The figures of a year as they are at hand.
    fn collected(&self, year: i16, streams: impl Iterator<Item = StreamId>) -> Result<Collected, ApiError> {
        let release = self.release()?;
        let choice = self.choose("", false)?;
        let mut indicators = Vec::new();
        for indicator in &release.indicators.indicators {
            indicators.push(self.published(indicator, &release, &choice, year)?);
        }
        indicators.sort_by(|one, other| one.about.id.cmp(&other.about.id));
        let projected = self.measures.served().ok_or_else(crate::counts::unread)?;
        let (reporters, entries) = projected.coverage();
        let of_reporters = streams.filter(|stream| stream.as_reporter().is_some());
        let taken_in = of_reporters.map(|stream| {
            let size = projected.taken_in(&stream);
            (stream, size)
        });
        let derivation = projected.plan.derivation_id();
        Ok(Collected {
            publication: Publication {
                year,
                min_count: release.indicators.disclosure.min_count,
                indicators,
            },
            release: release.id.clone(),
            derivation: derivation
                .unwrap_or(vardnav_release::entry::AS_REPORTED)
                .to_owned(),
            reporters,
            entries,
            taken_in: taken_in.filter(|(_, size)| *size > 0).collect(),
        })
    }

    /// The figures of an indicator.
    fn published(
        &self,
        indicator: &Indicator,
        release: &Snapshot,
        choice: &Choice,
        year: i16,
    ) -> Result<Published, ApiError> {
        let mut published = Published {
            about: about(indicator, release),
            ..Published::default()
        };
        let offered = Offered::of(indicator, release);
        // Where counts by the values of a table are answered, they are what is told of no variant.
        let of_table = (!indicator.counted_table.is_empty()).then(Vec::new);
        for variants in of_table.into_iter().chain([vec!["*".to_owned()]]) {
            for before in 0..=EARLIER_YEARS {
                let tables = if before == 0 {
                    offered.tables()
                } else {
                    offered.earlier()
                };
                for breakdowns in tables {
                    let request = pb::QueryIndicatorRequest {
                        indicator: indicator.id.clone(),
                        year: year.saturating_sub(before).into(),
                        breakdowns,
                        variants: variants.clone(),
                        ..pb::QueryIndicatorRequest::default()
                    };
                    let asked = question(&request, indicator, &release.indicators, &release.description);
                    let told = asked.and_then(|asked| {
                        let by = asked.breakdown.clone();
                        Ok((self.told(&indicator.id, &asked, choice)?, by))
                    });
                    match told {
                        Ok((told, by)) => take(&mut published, told, by, indicator, release, before > 0),
                        Err(error) if is_not_offered(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(published)
    }
}

/// What an indicator is broken down by, by the ids that its release has for it.
#[derive(Default)]
struct Offered {
    region: Option<String>,
    kommun: Option<String>,
    sex: Option<String>,
    age: Option<String>,
    month: Option<String>,
    others: Vec<String>,
}

impl Offered {
    fn of(indicator: &Indicator, release: &Snapshot) -> Self {
        let mut offered = Self::default();
        for id in &indicator.breakdowns {
            let Some(breakdown) = release.indicators.breakdown(id) else {
                continue;
            };
            let place = match &breakdown.by {
                BrokenDownBy::Region => &mut offered.region,
                BrokenDownBy::Kommun => &mut offered.kommun,
                BrokenDownBy::Sex => &mut offered.sex,
                BrokenDownBy::Month => &mut offered.month,
                BrokenDownBy::Axis(axis) if is_of_age(release, axis) => &mut offered.age,
                BrokenDownBy::NotAvailable(_) => continue,
                _ => {
                    offered.others.push(id.clone());
                    continue;
                }
            };
            *place = Some(id.clone());
        }
        offered
    }

    /// What is asked for of the published year: each a list of breakdowns.
    fn tables(&self) -> Vec<Vec<String>> {
        let Self {
            region,
            kommun,
            sex,
            age,
            month,
            others,
        } = self;
        let fixed: [&[&Option<String>]; 11] = [
            &[],
            &[region],
            &[kommun],
            &[sex],
            &[age],
            &[sex, age],
            &[region, sex],
            &[region, age],
            &[region, sex, age],
            &[month],
            &[region, month],
        ];
        let mut tables: Vec<Vec<String>> = fixed
            .into_iter()
            .filter_map(|ids| ids.iter().map(|id| (*id).clone()).collect())
            .collect();
        for other in others {
            tables.push(vec![other.clone()]);
            tables.extend(region.as_ref().map(|region| vec![region.clone(), other.clone()]));
        }
        tables
    }

    /// What is asked for of the years before.
    fn earlier(&self) -> Vec<Vec<String>> {
        let of_regions = self.region.as_ref().map(|region| vec![region.clone()]);
        std::iter::once(Vec::new()).chain(of_regions).collect()
    }
}

fn is_of_age(release: &Snapshot, axis: &str) -> bool {
    let mut axes = release.description.source().axes.iter();
    axes.any(|known| known.id == axis && matches!(known.derivation, Some(Derivation::Age(_))))
}

/// Whether a question was refused since the indicator is not told so.
fn is_not_offered(error: &ApiError) -> bool {
    error.code == "VN-API-042" || matches!(error.field.as_str(), "breakdowns" | "month" | "groups")
}

/// Takes the answer of a question. A figure that stands already stays as it is; of an earlier year only what says
/// something is taken.
fn take(
    published: &mut Published,
    told: Answered,
    by: Option<String>,
    indicator: &Indicator,
    release: &Snapshot,
    is_earlier: bool,
) {
    let rows: Vec<Row> = told.rows.iter().map(row_message).collect();
    let last = jiff::civil::Date::new(told.year, 12, 31).unwrap_or(release.from);
    let breakdown = by.unwrap_or_else(|| indicator.counted_table.clone());
    for Name { of, code, label } in names::names(&rows, indicator, &told.groups, release, last) {
        let of = if of == "group" { breakdown.clone() } else { of };
        let label = label.unwrap_or_default();
        let label = Label {
            sv: label.sv,
            en: label.en,
        };
        published.names.entry((of, code)).or_insert(label);
    }
    if published.about.note == Label::default() {
        published.about.note = told.note;
    }
    for row in rows {
        let says_something =
            row.suppressed || row.numerator.is_some_and(|count| count > 0) || row.value.is_some();
        let (key, numbers) = figure(row, &breakdown);
        if says_something || !is_earlier {
            published.rows.entry(key).or_insert(numbers);
        }
    }
}

/// A row of an answer as a figure of a publication.
fn figure(row: Row, breakdown: &str) -> (RowKey, Numbers) {
    let breakdown = if row.group.is_empty() { "" } else { breakdown };
    // A number that is none is not told, and zero is zero.
    let number = |number: Option<f64>| {
        number
            .filter(|number| number.is_finite())
            .map(|number| number + 0.0)
    };
    let key = RowKey {
        variant: row.variant,
        year: i16::try_from(row.year).unwrap_or_default(),
        month: u8::try_from(row.month).unwrap_or_default(),
        breakdown: breakdown.to_owned(),
        group: row.group,
        place: row.place,
        sex: row.sex,
        age_group: row.age_group,
    };
    let mut numbers = Numbers {
        count: row.count,
        numerator: row.numerator,
        denominator: number(row.denominator),
        value: number(row.value),
        low: number(row.low),
        high: number(row.high),
        undecided: row.undecided,
        undecided_denominator: row.undecided_denominator,
        years: u8::try_from(row.years).unwrap_or(u8::MAX),
        standing: row.standing,
        marks: Vec::new(),
    };
    for mark in &row.marks {
        numbers.mark(mark);
    }
    (key, numbers)
}

/// What figures of an indicator mean.
fn about(indicator: &Indicator, release: &Snapshot) -> About {
    let definitions = &release.indicators;
    let goals = indicator.goals.iter().filter_map(|id| {
        let mut goals = definitions.goals.iter();
        goals
            .find(|goal| goal.id == *id)
            .map(|goal| (id.clone(), goal.label.clone()))
    });
    let breakdowns = indicator.breakdowns.iter().filter_map(|id| {
        let breakdown = definitions.breakdown(id)?;
        Some((id.clone(), breakdown.label.clone()))
    });
    let variants = indicator.variants.iter();
    About {
        id: indicator.id.clone(),
        core_number: indicator.core_number,
        label: indicator.label.clone(),
        plain: indicator.plain.clone(),
        numerator: indicator.numerator.clone(),
        denominator: indicator.denominator.clone(),
        population: indicator.population.clone(),
        exclusions: indicator.exclusions.clone(),
        unit: indicator.unit.clone(),
        factor: indicator.factor,
        direction: indicator.direction.name().to_owned(),
        source: indicator.source.clone(),
        feed: indicator.feed.name().to_owned(),
        interval: indicator.interval.name().to_owned(),
        method_version: indicator.method_version.clone(),
        certainty: indicator.certainty.clone(),
        note: Label::default(),
        goals: goals.collect(),
        variants: variants
            .map(|variant| (variant.id.clone(), variant.label.clone()))
            .collect(),
        breakdowns: breakdowns.collect(),
        breaks: indicator
            .breaks
            .iter()
            .map(|broken| (broken.from, broken.reason.clone()))
            .collect(),
    }
}
