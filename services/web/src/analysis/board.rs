//! What pages of figures are made from: a source, a release, and the language they are read in. It asks the questions that
//! several pages share, and names places, sexes, ages and values of breakdowns.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use vardnav_classification::model::{AxisValue, Derivation, Label};
use vardnav_indicators::answer::{Answered, FigureRow, Mark, Question};
use vardnav_indicators::definition::{BrokenDownBy, Feed, Indicator, SeriesBreak, Variant};
use vardnav_indicators::query::{AgeGroup, Dimension, SexGroup};
use vardnav_indicators::{Place, Residence};
use vardnav_register::record::Sex;
use vardnav_release::Snapshot;

use crate::Source;
use crate::address::{Address, Language};
use crate::typography::{capital, decimal};

/// Most years that are asked for.
const YEARS_MAX: usize = 12;

/// What pages of figures are made from.
pub(crate) struct Board<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) release: Arc<Snapshot>,
    pub(crate) address: &'a Address,
    pub(crate) language: Language,
    pub(crate) today: Date,
    regions: BTreeMap<u8, String>,
    kommuner: BTreeMap<u16, String>,
}

/// The figures of one place over time.
pub(crate) struct Course {
    /// Those of years, rising; of each there is a row.
    pub(crate) years: Vec<FigureRow>,
    /// What was answered last, without its rows.
    pub(crate) answer: Option<Answered>,
}

impl<'a> Board<'a> {
    /// What is made from a source by a release.
    pub(crate) fn new(source: &'a dyn Source, release: Arc<Snapshot>, address: &'a Address) -> Self {
        let today = source.today();
        let (mut regions, mut kommuner) = (BTreeMap::new(), BTreeMap::new());
        let geography = release
            .catalog
            .in_force(&release.register.geography_system, today);
        for concept in geography.into_iter().flat_map(|edition| edition.concepts()) {
            let code = concept.code();
            let Some(name) = concept
                .display("sv", Some(today))
                .filter(|_| concept.validity().contains(today))
            else {
                continue;
            };
            match (code.len(), code.parse::<u16>()) {
                (2, Ok(number)) => {
                    regions.insert(u8::try_from(number).unwrap_or(u8::MAX), name.text.to_owned());
                }
                (4, Ok(number)) => {
                    kommuner.insert(number, name.text.to_owned());
                }
                _ => {}
            }
        }
        Self {
            source,
            release,
            address,
            language: address.language,
            today,
            regions,
            kommuner,
        }
    }

    /// A board of the release in force today, or else of the newest; `None` before there is any.
    pub(crate) fn today(source: &'a dyn Source, address: &'a Address) -> Option<Self> {
        let release = source
            .release_on(source.today())
            .or_else(|| source.releases().into_iter().last())?;
        Some(Self::new(source, release, address))
    }

    /// A text in the language of the page.
    pub(crate) fn say<'t>(&self, sv: &'t str, en: &'t str) -> &'t str {
        self.language.pick(sv, en)
    }

    /// The regions by their codes.
    pub(crate) fn regions(&self) -> &BTreeMap<u8, String> {
        &self.regions
    }

    /// The kommuner by their codes.
    pub(crate) fn kommuner(&self) -> &BTreeMap<u16, String> {
        &self.kommuner
    }

    /// The way of counting that is shown when none is named: the first that has figures, else the first. With the years
    /// that it has.
    pub(crate) fn shown<'i>(&self, indicator: &'i Indicator) -> Option<(&'i Variant, Vec<i16>)> {
        let with_years = |variant: &'i Variant| (variant, self.years(indicator, variant));
        let found = indicator
            .variants
            .iter()
            .map(with_years)
            .find(|(_, years)| !years.is_empty());
        found.or_else(|| indicator.variants.first().map(with_years))
    }

    /// The years that a way of counting has figures of, rising.
    pub(crate) fn years(&self, indicator: &Indicator, variant: &Variant) -> Vec<i16> {
        let mut years = self.source.years(&indicator.id, &variant.id);
        let from = years.len().saturating_sub(YEARS_MAX);
        years.split_off(from)
    }

    /// Asks. What is refused has no answer.
    pub(crate) fn ask(&self, indicator: &Indicator, question: &Question) -> Option<Answered> {
        let answered = self.source.figures(&indicator.id, question).ok()?;
        Some(Answered {
            rows: answered
                .rows
                .into_iter()
                .filter(|row| row.year == question.year)
                .collect(),
            ..answered
        })
    }

    /// A question about a way of counting in a place and year.
    pub(crate) fn question(&self, variant: &Variant, place: Place, year: i16) -> Question {
        Question {
            year,
            place: residence(place),
            variants: vec![variant.id.clone()],
            ..Question::default()
        }
    }

    /// The figures of a place in years.
    pub(crate) fn course(
        &self,
        indicator: &Indicator,
        variant: &Variant,
        place: Place,
        years: &[i16],
    ) -> Course {
        let mut course = Course {
            years: Vec::new(),
            answer: None,
        };
        for year in years {
            let Some(mut answer) = self.ask(indicator, &self.question(variant, place, *year)) else {
                continue;
            };
            let row = answer.rows.drain(..).find(|row| is_whole(row, place));
            course.years.extend(row);
            course.answer = Some(answer);
        }
        course
    }

    /// The figures of a place in the months of a year that are over or under way; empty where there are none.
    pub(crate) fn months(
        &self,
        indicator: &Indicator,
        variant: &Variant,
        place: Place,
        year: i16,
    ) -> Vec<FigureRow> {
        if !self.offers(indicator, |by| *by == BrokenDownBy::Month) {
            return Vec::new();
        }
        let question = Question {
            by: vec![Dimension::Month],
            ..self.question(variant, place, year)
        };
        let rows = self
            .ask(indicator, &question)
            .map(|answer| answer.rows)
            .unwrap_or_default();
        let begun = |month: i8| (year, month) <= (self.today.year(), self.today.month());
        let mut rows: Vec<FigureRow> = rows
            .into_iter()
            .filter(|row| is_whole(row, place) && row.month.is_some_and(begun))
            .collect();
        rows.sort_by_key(|row| row.month);
        if rows.iter().filter(|row| value(row).is_some()).count() < 3 {
            Vec::new()
        } else {
            rows
        }
    }

    /// Whether figures are broken down in a way.
    pub(crate) fn offers(&self, indicator: &Indicator, way: impl Fn(&BrokenDownBy) -> bool) -> bool {
        let definitions = &self.release.indicators;
        indicator
            .breakdowns
            .iter()
            .filter_map(|id| definitions.breakdown(id))
            .any(|known| way(&known.by))
    }

    /// Whether figures are broken down by age groups.
    pub(crate) fn offers_ages(&self, indicator: &Indicator) -> bool {
        self.offers(
            indicator,
            |by| matches!(by, BrokenDownBy::Axis(axis) if self.is_of_age(axis)),
        )
    }

    /// Whether an axis tells the age group.
    pub(crate) fn is_of_age(&self, axis: &str) -> bool {
        let mut axes = self.release.description.source().axes.iter();
        axes.any(|known| known.id == axis && matches!(known.derivation, Some(Derivation::Age(_))))
    }

    /// The name of a place.
    pub(crate) fn place(&self, place: Place) -> String {
        match place {
            Place::Country => self.say("Hela landet", "The whole country").to_owned(),
            Place::Region(code) => self
                .regions
                .get(&code)
                .cloned()
                .unwrap_or_else(|| format!("{code:02}")),
            Place::Kommun(code) => self
                .kommuner
                .get(&code)
                .cloned()
                .unwrap_or_else(|| format!("{code:04}")),
            Place::UnknownKommun(_) => self.say("Okänd kommun", "Kommun unknown").to_owned(),
            Place::Unknown => self.say("Okänt eller skyddat", "Unknown or protected").to_owned(),
        }
    }

    /// The name of sexes.
    pub(crate) fn sex(&self, sex: SexGroup) -> String {
        match sex {
            SexGroup::All => self.say("Alla", "All"),
            SexGroup::Only(Sex::Female) => self.say("Kvinnor", "Women"),
            SexGroup::Only(Sex::Male) => self.say("Män", "Men"),
            SexGroup::Unknown => self.say("Okänt kön", "Sex unknown"),
        }
        .to_owned()
    }

    /// The name of ages.
    pub(crate) fn age(&self, age: &AgeGroup) -> String {
        match age {
            AgeGroup::All => self.say("Alla åldrar", "All ages").to_owned(),
            AgeGroup::Unknown => self.say("Okänd ålder", "Age unknown").to_owned(),
            AgeGroup::Group(code) => {
                let axes = self.release.description.source().axes.iter();
                let mut ages = axes.filter(|axis| matches!(axis.derivation, Some(Derivation::Age(_))));
                ages.find_map(|axis| named(&axis.values, code))
                    .map_or_else(|| code.clone(), |label| self.language.of(label).to_owned())
            }
        }
    }

    /// The name of a value of a breakdown, as the answer or the release has it.
    pub(crate) fn group(&self, code: &str, groups: &BTreeMap<String, Label>) -> String {
        match (groups.get(code), code) {
            (Some(label), _) => capital(self.language.of(label)),
            (None, "unknown") => self.say("Okänt", "Unknown").to_owned(),
            (None, "none") => self.say("Inget", "None").to_owned(),
            (None, code) => code.to_owned(),
        }
    }

    /// A value in words, with its unit where that is short.
    pub(crate) fn number(&self, indicator: &Indicator, value: f64) -> String {
        let text = decimal(value, digits(indicator, value), self.language);
        if is_percent(indicator) {
            format!("{text}\u{a0}%")
        } else {
            text
        }
    }

    /// A row's value in words, or why there is none.
    pub(crate) fn told(&self, indicator: &Indicator, row: &FigureRow) -> String {
        match value(row) {
            Some(value) => self.number(indicator, value),
            None => self.why_none(row).to_owned(),
        }
    }

    /// Why a row has no value.
    pub(crate) fn why_none(&self, row: &FigureRow) -> &'static str {
        match row.is_suppressed() {
            true => self.language.pick("visas inte", "withheld"),
            false => self.language.pick("saknas", "missing"),
        }
    }

    /// A row's interval in words; empty where there is none.
    pub(crate) fn interval(&self, indicator: &Indicator, row: &FigureRow) -> String {
        let (Some(low), Some(high)) = (row.low, row.high) else {
            return String::new();
        };
        let digits = digits(indicator, value(row).unwrap_or(high));
        format!(
            "{}–{}",
            decimal(low, digits, self.language),
            decimal(high, digits, self.language)
        )
    }

    /// Where figures come from when there are none.
    pub(crate) fn awaited(&self, feed: Feed) -> &'static str {
        match feed {
            Feed::Computed | Feed::MethodTest => self.language.pick("Inga uppgifter ännu", "No data yet"),
            Feed::Linked => self.language.pick(
                "Länkas in från andra register; ännu inga uppgifter",
                "Linked with other registers; no data yet",
            ),
            Feed::Uploaded => self.language.pick(
                "Hämtas från en annan källa; ännu inga uppgifter",
                "Taken from another source; no data yet",
            ),
        }
    }

    /// The breaks of a series after a year and up to another.
    pub(crate) fn breaks<'i>(
        &self,
        indicator: &'i Indicator,
        after: i16,
        until: i16,
    ) -> Vec<&'i SeriesBreak> {
        // What breaks on the first of January breaks the year that begins then.
        indicator
            .breaks
            .iter()
            .filter(|one| one.from.year() > after && one.from.year() <= until)
            .collect()
    }
}

/// The value of a row: what its method gives, or the count.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(crate) fn value(row: &FigureRow) -> Option<f64> {
    row.value
        .or_else(|| row.count.map(|count| count as f64))
        .filter(|value| value.is_finite())
}

/// The limits of a row.
pub(crate) fn limits(row: &FigureRow) -> Option<(f64, f64)> {
    Some((row.low?, row.high?))
}

/// Whether a row is about all of a place.
pub(crate) fn is_whole(row: &FigureRow, place: Place) -> bool {
    row.place == place && row.sex == SexGroup::All && row.age == AgeGroup::All && row.group.is_empty()
}

/// Whether the figures are shares in per cent.
pub(crate) fn is_percent(indicator: &Indicator) -> bool {
    indicator.factor == 100 && indicator.unit.sv.starts_with("procent")
}

/// Digits after the point that a value is told with.
pub(crate) fn digits(indicator: &Indicator, value: f64) -> usize {
    match value.abs() {
        _ if indicator.denominator.sv.is_empty() => 0,
        _ if indicator.factor == 100 => 1,
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 0.1 || value == 0.0 => 2,
        value if value >= 0.01 => 3,
        _ => 4,
    }
}

/// A place as questions name it; nothing for the country.
pub(crate) fn residence(place: Place) -> Option<Residence> {
    match place {
        Place::Region(code) => Residence::parse(&format!("{code:02}")),
        Place::Kommun(code) => Residence::parse(&format!("{code:04}")),
        Place::Country | Place::UnknownKommun(_) | Place::Unknown => None,
    }
}

/// The marks of a row that are worth a word beside it, in their order.
pub(crate) fn worth_telling(row: &FigureRow) -> impl Iterator<Item = Mark> + '_ {
    let told = |mark: &Mark| {
        matches!(
            mark,
            Mark::Preliminary | Mark::Incomplete | Mark::Revised | Mark::MethodTest | Mark::MadeUp
        )
    };
    row.marks.iter().copied().filter(told)
}

fn named<'v>(values: &'v [AxisValue], code: &str) -> Option<&'v Label> {
    values
        .iter()
        .find(|value| value.code == code)
        .map(|value| &value.label)
}
