//! What the web page shows, from this very process: the release in force and the computed indicators by region.

mod contents;
mod quality;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use jiff::civil::Date;
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::Label;
use vardnav_indicators::answer::{Answered, Question};
use vardnav_indicators::definition::{BrokenDownBy, Feed, Indicator};
use vardnav_indicators::lattice::UNKNOWN;
use vardnav_indicators::{Answer, Figure, Place};
use vardnav_release::authority::{Draft, Stage};
use vardnav_release::diff::Change;
use vardnav_release::{Digest, Snapshot};
use vardnav_runtime::clock;
use vardnav_runtime::gate::GateLayer;
use vardnav_runtime::metrics::Exporter;
use vardnav_service_classification::Classifier;
use vardnav_service_indicators::Indicators;
use vardnav_store::Authority;
use vardnav_web::quality::{Coverage, Credential, Quality, Refused, SignedIn};
use vardnav_web::{Column, Overview, Refusal, Release, Row, Source, Table};

use self::contents::Contents;
use self::quality::Desk;
use crate::exit::{Failure, Outcome};
use crate::follow;
use crate::server::Node;

/// The routes of the web page.
pub(crate) fn router(node: &Node, gate: GateLayer) -> Outcome<Router> {
    let exporter = Exporter::new(&node.metrics).map_err(Failure::failed)?;
    if let Some(progress) = &node.following {
        follow::export(&exporter, progress);
    }
    let shown = Shown {
        authority: Arc::clone(&node.authority),
        indicators: node.indicators.clone(),
        classification: node.classification.clone(),
        contents: Contents::new(Arc::clone(&node.authority)),
        desk: Desk::new(node, gate),
        exporter,
    };
    Ok(vardnav_web::router(Arc::new(shown)))
}

struct Shown {
    authority: Arc<Authority>,
    indicators: Indicators,
    classification: Classifier,
    contents: Contents,
    desk: Desk,
    exporter: Exporter,
}

impl Source for Shown {
    fn overview(&self, year: Option<i16>) -> Overview {
        let today = clock::today();
        let view = self.authority.view();
        let Some(release) = view.release_on(today).or_else(|| view.newest_release()) else {
            return Overview {
                year: today.year(),
                ..Overview::default()
            };
        };
        let years = self.indicators.counts().years();
        let year = year
            .filter(|year| years.contains(year))
            .or(years.last().copied())
            .unwrap_or(today.year());
        let library = release
            .indicators
            .indicators
            .iter()
            .filter(|indicator| indicator.counted_grain.is_some());
        let mut coverage = Label::default();
        let mut tables = Vec::new();
        for indicator in library {
            // What cannot be asked for in this year has no table.
            if let Ok((table, note)) = self.table(&release, indicator, year) {
                tables.push(table);
                coverage = note;
            }
        }
        Overview {
            release: Some(Release {
                id: release.id.clone(),
                title: release.title.clone(),
                from: release.from,
            }),
            year,
            years,
            tables,
            coverage,
            min_count: release.indicators.disclosure.min_count,
        }
    }

    fn figures(&self, indicator: &str, question: &Question) -> Result<Answered, Refusal> {
        let answered = self.indicators.figures(indicator, question);
        answered.map_err(|error| Refusal {
            code: error.code.to_owned(),
            message: error.message,
        })
    }

    fn years(&self, indicator: &str, variant: &str) -> Vec<i16> {
        let Some(release) = self.authority.view().newest_release() else {
            return Vec::new();
        };
        let known = release.indicators.indicator(indicator);
        let variant = known.and_then(|known| known.variants.iter().find(|known| known.id == variant));
        match variant.map(|variant| (variant.feed, &variant.id)) {
            None => Vec::new(),
            Some((Feed::Computed | Feed::MethodTest, _)) => self.indicators.counts().years(),
            Some((Feed::Uploaded | Feed::Linked, id)) => {
                let held = self
                    .indicators
                    .uploads()
                    .series_at_hand(indicator, id)
                    .ok()
                    .flatten();
                let years: BTreeSet<i16> = held
                    .iter()
                    .flat_map(|held| held.content.points())
                    .filter_map(|(key, _)| Some(key.period.last_day()?.year()))
                    .collect();
                years.into_iter().collect()
            }
        }
    }

    fn today(&self) -> Date {
        clock::today()
    }

    fn releases(&self) -> Vec<Arc<Snapshot>> {
        self.authority.view().releases().collect()
    }

    fn release_on(&self, date: Date) -> Option<Arc<Snapshot>> {
        self.authority.view().release_on(date)
    }

    fn under(&self, release: &Snapshot, variants: &[String]) -> Option<Arc<DescriptionSystem>> {
        self.classification.under(release, variants)
    }

    fn referrals(&self) -> Vec<Draft> {
        let view = self.authority.view();
        let referred = |draft: &&Draft| !draft.rounds.is_empty() && draft.stage() != Stage::Published;
        let mut drafts: Vec<Draft> = view.state().drafts().filter(referred).cloned().collect();
        drafts.sort_by_key(|draft| std::cmp::Reverse(draft.rounds.last().map(|round| round.mark.at)));
        drafts
    }

    fn differences(&self, old: Digest, new: Digest) -> Option<Arc<Vec<Change>>> {
        self.contents.differences(old, new)
    }

    fn proposed(&self, content: Digest) -> Option<Arc<Snapshot>> {
        self.contents.compiled(content)
    }

    fn signed_in(&self, credential: &Credential) -> Result<SignedIn, Refused> {
        self.desk.signed_in(credential)
    }

    fn quality(
        &self,
        credential: &Credential,
        reporter: &str,
        until: Option<&str>,
    ) -> Result<Quality, Refused> {
        self.desk.quality(credential, reporter, until)
    }

    fn coverage(&self) -> Arc<Coverage> {
        self.desk.coverage()
    }

    fn metrics(&self) -> String {
        self.exporter.text().unwrap_or_default()
    }
}

impl Shown {
    fn table(&self, release: &Snapshot, indicator: &Indicator, year: i16) -> Outcome<(Table, Label)> {
        let ask = |breakdowns: Vec<String>| {
            let request = pb::QueryIndicatorRequest {
                indicator: indicator.id.clone(),
                year: year.into(),
                breakdowns,
                ..Default::default()
            };
            self.indicators
                .ask(&request)
                .map(|(answer, _)| answer)
                .map_err(Failure::failed)
        };
        let mut breakdowns = release.indicators.breakdowns.iter();
        let region = breakdowns.find(|breakdown| breakdown.by == BrokenDownBy::Region);
        let region = region.map(|breakdown| breakdown.id.clone());
        let answers = [ask(Vec::new())?, ask(region.into_iter().collect())?];
        let all = || answers.iter().flat_map(|answer: &Answer| &answer.rows);
        let values = release
            .description
            .table(&indicator.counted_table)
            .map(|(_, table)| table.values.as_slice());
        let columns: Vec<Column> = values
            .unwrap_or_default()
            .iter()
            .filter(|value| all().any(|row| row.value == value.code && row.figure != Figure::Count(0)))
            .map(|value| Column {
                code: value.code.clone(),
                label: value.label.clone(),
            })
            .collect();
        let mut places: Vec<Place> = all().map(|row| row.place).collect();
        places.sort_unstable();
        places.dedup();
        let figure = |place: Place, column: &Column| {
            let row = all().find(|row| row.place == place && row.value == column.code);
            row.map_or(Figure::Count(0), |row| row.figure)
        };
        let last = Date::new(year, 12, 31).unwrap_or(Date::MAX);
        let rows = places
            .into_iter()
            .map(|place| Row {
                code: place.code(),
                name: name(release, place, last),
                figures: columns.iter().map(|column| figure(place, column)).collect(),
            })
            .collect();
        let table = Table {
            id: indicator.id.clone(),
            title: indicator.label.clone(),
            definition: indicator.numerator.clone(),
            columns,
            rows,
        };
        let [whole, _] = answers;
        Ok((table, whole.coverage))
    }
}

/// The name of a place on a date.
fn name(release: &Snapshot, place: Place, date: Date) -> Label {
    let both = |sv: &str, en: &str| Label {
        sv: sv.to_owned(),
        en: en.to_owned(),
    };
    let code = place.code();
    match place {
        Place::Country => return both("Hela landet", "The whole country"),
        Place::Unknown | Place::UnknownKommun(_) => {
            return both("Okänt eller skyddat", "Unknown or protected");
        }
        Place::Region(_) | Place::Kommun(_) => {}
    }
    let geography = release.catalog.in_force(&release.register.geography_system, date);
    let term = geography.and_then(|edition| edition.lookup(&code)?.display("sv", Some(date)));
    let text = term.map_or(UNKNOWN, |term| term.text);
    both(text, text)
}
