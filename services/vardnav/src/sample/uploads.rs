//! Made-up uploads for the demonstration: a population table, groups of kommuner by size, and a series for each variant of
//! an indicator that a release says is uploaded or linked. All of it is drawn from a seed and plainly said to be made up:
//! nothing here is a statistic, nor anybody's table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vardnav_indicators::definition::{BrokenDownBy, Direction, Feed, Indicator, Length};
use vardnav_indicators::series::Amount;
use vardnav_indicators::series::judge::is_share;
use vardnav_interchange::upload::{groups, population, series};
use vardnav_release::Snapshot;
use vardnav_release::entry::MADE_UP;

use super::chance::Chance;
use super::population::Kommun;

/// The date of the table.
const COUNTED: &str = "2025-12-31";
/// First age that stands open.
const AGES_END: u32 = 95;
/// Surveys, years and months of the series; those of months tell of a year too.
const SURVEYS: [&str; 3] = ["2023-10-15", "2024-10-15", "2025-10-15"];
const YEARS: [&str; 3] = ["2023", "2024", "2025"];
const MONTHS: [&str; 7] = [
    "2025", "2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12",
];
/// First inhabitants of a group of kommuner, its code and name.
const SIZES: [(u32, &str, &str, &str); 3] = [
    (
        50_000,
        "large",
        "Större kommuner (påhittad grupp)",
        "Larger kommuner (made-up group)",
    ),
    (
        15_000,
        "middle",
        "Mellanstora kommuner (påhittad grupp)",
        "Middle-sized kommuner (made-up group)",
    ),
    (
        0,
        "small",
        "Mindre kommuner (påhittad grupp)",
        "Smaller kommuner (made-up group)",
    ),
];

/// A file to be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its kind.
    pub kind: &'static str,
    /// What is said of where it comes from.
    pub source: String,
    /// CSV.
    pub file: String,
}

/// Made-up uploads that fit a release.
pub fn uploads(seed: u64, release: &Snapshot) -> Vec<Upload> {
    let mut chance = Chance::new(seed);
    let kommuner = super::population::kommuner();
    let of = |kind, what: &str, file| Upload {
        kind,
        source: format!("{MADE_UP}: {what}, drawn from seed {seed}"),
        file,
    };
    let mut uploads = vec![of(
        population::NAME,
        "approximate sizes of kommuner with made-up ages",
        inhabitants(&mut chance, &kommuner),
    )];
    for breakdown in &release.indicators.breakdowns {
        if let BrokenDownBy::KommunGroup(id) = &breakdown.by {
            let file = by_size(id, &kommuner);
            uploads.push(of(
                groups::NAME,
                "groups of kommuner by size, nobody's table",
                file,
            ));
        }
    }
    let regions: Vec<String> = regions(&kommuner);
    for indicator in &release.indicators.indicators {
        for variant in &indicator.variants {
            if matches!(variant.feed, Feed::Uploaded | Feed::Linked) {
                let offered = Offered::of(indicator, release);
                let file = figures(&mut chance, indicator, &variant.id, &offered, &regions);
                uploads.push(of(series::NAME, "figures that nobody measured", file));
            }
        }
    }
    uploads
}

/// Inhabitants by kommun, region and country, sex and age.
fn inhabitants(chance: &mut Chance, kommuner: &[Kommun]) -> String {
    let mut counts: BTreeMap<(String, &str), Vec<u64>> = BTreeMap::new();
    for kommun in kommuner {
        // Some kommuner are older than others.
        let old = u64::from(chance.number(0, 60));
        let weights: Vec<u64> = (0..=u64::from(AGES_END)).map(|age| weight(age, old)).collect();
        let sum: u64 = weights.iter().sum();
        let code = format!("{:04}", kommun.code);
        for sex in ["female", "male"] {
            let ages: Vec<u64> = weights
                .iter()
                .map(|weight| {
                    let noise = 95 + u64::from(chance.number(0, 10));
                    u64::from(kommun.population) * weight * noise / (sum * 200)
                })
                .collect();
            let region = code.get(..2).unwrap_or_default().to_owned();
            for area in ["00".to_owned(), region] {
                let of_area = counts.entry((area, sex)).or_insert_with(|| vec![0; ages.len()]);
                of_area
                    .iter_mut()
                    .zip(&ages)
                    .for_each(|(sum, count)| *sum += count);
            }
            counts.insert((code.clone(), sex), ages);
        }
    }
    let mut file = population_head();
    for ((area, sex), ages) in counts {
        for (age, count) in (0..).zip(ages) {
            let open = if age == AGES_END { "+" } else { "" };
            // Writing into a text does not fail.
            let _ = writeln!(file, "{COUNTED},{area},{sex},{age}{open},{count}");
        }
    }
    file
}

fn population_head() -> String {
    let mut head = vardnav_interchange::population_table::COLUMNS.join(",");
    head.push('\n');
    head
}

/// How many of an age there are, of a kommun that is as old as `old` says.
fn weight(age: u64, old: u64) -> u64 {
    let younger = 200 - old;
    match age {
        0..65 => younger,
        65..80 => 150 + old,
        80..95 => (150 + old) * (95 - age) / 16,
        _ => 6,
    }
}

fn by_size(id: &str, kommuner: &[Kommun]) -> String {
    let mut file = "grouping,from,kommun,group,name_sv,name_en\n".to_owned();
    for kommun in kommuner {
        let size = SIZES.iter().find(|(from, ..)| kommun.population >= *from);
        if let Some((_, group, sv, en)) = size {
            let _ = writeln!(file, "{id},2023-01-01,{:04},{group},{sv},{en}", kommun.code);
        }
    }
    file
}

fn regions(kommuner: &[Kommun]) -> Vec<String> {
    let mut regions: Vec<String> = kommuner
        .iter()
        .map(|kommun| format!("{:02}", kommun.code / 100))
        .collect();
    regions.dedup();
    regions
}

/// What an indicator is broken down by.
struct Offered {
    region: bool,
    sex: bool,
}

impl Offered {
    fn of(indicator: &Indicator, release: &Snapshot) -> Self {
        let offers = |by: &BrokenDownBy| {
            let breakdowns = indicator.breakdowns.iter();
            let mut known = breakdowns.filter_map(|id| release.indicators.breakdown(id));
            known.any(|breakdown| breakdown.by == *by)
        };
        Self {
            region: offers(&BrokenDownBy::Region),
            sex: offers(&BrokenDownBy::Sex),
        }
    }
}

fn figures(
    chance: &mut Chance,
    indicator: &Indicator,
    variant: &str,
    offered: &Offered,
    regions: &[String],
) -> String {
    let mut file = "indicator,variant,period,place,sex,value,low,high,denominator,mark\n".to_owned();
    let surveyed = indicator.window.period == Length::Survey;
    let periods: &[&str] = match indicator.window.period {
        Length::Survey => &SURVEYS,
        Length::Year => &YEARS,
        Length::Month => &MONTHS,
    };
    // In thousandths of the whole: shares as they often are, others far below.
    let (low, high) = match (is_share(indicator), indicator.direction) {
        (true, Direction::Lower) => (100, 250),
        (true, _) => (400, 850),
        (false, _) if indicator.factor <= 100 => (20, 80),
        (false, _) => (8, 12),
    };
    let national = chance.number(low, high);
    let row = |file: &mut String, chance: &mut Chance, place: &str, sex: &str, period: &str| {
        let spread = (high - low) / 5;
        let share = match (place, sex) {
            ("00", "") => national,
            _ => (national + chance.number(0, 2 * spread)).saturating_sub(spread),
        };
        let share = (share + chance.number(0, 10)).saturating_sub(5).max(1);
        let wide = if place == "00" { 15 } else { 40 };
        let amount = |share: u32| {
            let millionths = i64::from(share) * i64::from(indicator.factor) * 1_000;
            Amount::from_millionths(millionths)
        };
        let (value, below, above) = match surveyed {
            true => (share, share.saturating_sub(wide), (share + wide).min(1000)),
            false => (share, share - share.div_ceil(20), share + share.div_ceil(20)),
        };
        let answers = match (surveyed, place) {
            (false, _) => String::new(),
            (true, "00") => (chance.number(40, 60) * 100).to_string(),
            (true, _) => (chance.number(20, 40) * 10).to_string(),
        };
        let mark = if periods.last() == Some(&period) {
            "preliminary"
        } else {
            ""
        };
        let Indicator { id, .. } = indicator;
        let (value, below, above) = (amount(value), amount(below), amount(above));
        let _ = writeln!(
            file,
            "{id},{variant},{period},{place},{sex},{value},{below},{above},{answers},{mark}"
        );
    };
    for period in periods {
        row(&mut file, chance, "00", "", period);
        for sex in ["female", "male"].iter().filter(|_| offered.sex) {
            row(&mut file, chance, "00", sex, period);
        }
        for region in regions.iter().filter(|_| offered.region) {
            row(&mut file, chance, region, "", period);
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;
    use vardnav_interchange::release::{self, starter};
    use vardnav_interchange::upload::{self, Against};
    use vardnav_release::AuthorityState;

    use super::*;

    #[test]
    fn they_fit_the_starter_release_and_say_that_they_are_made_up() {
        let package = starter::package().unwrap();
        let release = Arc::new(release::compile(&package, &[]).unwrap());
        let made = uploads(1, &release);
        assert_eq!(made, uploads(1, &release));
        assert_ne!(made, uploads(2, &release));
        let state = AuthorityState::default();
        let against = Against {
            today: date(2026, 11, 23),
            release: &release,
            on: &|date| (date >= release.from).then(|| Arc::clone(&release)),
            state: &state,
        };
        let mut ids = Vec::new();
        for upload in &made {
            assert!(upload.source.starts_with(MADE_UP), "{}", upload.source);
            let kind = upload::kind(upload.kind).unwrap();
            let content = kind.read(upload.file.as_bytes(), &against);
            ids.push(content.unwrap_or_else(|problems| panic!("{problems:?}")).id);
        }
        // Of every core indicator something is uploaded, or it is counted from the register.
        for indicator in &release.indicators.indicators {
            let is_uploaded = ids.iter().any(|id| id.starts_with(&format!("{}/", indicator.id)));
            let computed = indicator
                .variants
                .iter()
                .any(|variant| variant.feed == Feed::Computed);
            assert!(is_uploaded || computed, "{}", indicator.id);
        }
    }
}
