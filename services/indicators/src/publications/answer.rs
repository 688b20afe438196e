//! Publications as messages.

use vardnav_api::common::{date_message, label_message};
use vardnav_api::register::bytes;
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::indicator::{Goal, OfferedBreakdown, SeriesBreak, Variant};
use vardnav_api::vardnav::indicators::v1::query_indicator_response::{Name, Row};
use vardnav_indicators::publication::{About, Numbers, Published, REVISED, RowKey, SUPPRESSED};
use vardnav_register::identity::reference_date;
use vardnav_release::authority::{KeptPublication, Publications};

pub(super) fn message(kept: &KeptPublication, publications: &Publications) -> pb::Publication {
    let record = &kept.record;
    let after = publications.after(record).map(|after| after.record.id());
    pb::Publication {
        id: record.id(),
        year: record.year.into(),
        number: record.number,
        title: Some(label_message(&record.title)),
        state: record.state.name().to_owned(),
        revises: record.revises().unwrap_or_default(),
        revised_by: after.unwrap_or_default(),
        note: record.note.clone(),
        release: record.release.clone(),
        derivation: record.derivation.clone(),
        head: Some(pb::HeadMark {
            number: record.head.number,
            time_micros: record.head.time,
            streams: record.head.streams,
            root: bytes(&record.head.root),
        }),
        reporters: record.reporters,
        entries: record.entries,
        indicators: record.indicators,
        rows: record.rows,
        revised: record.revised,
        digest: bytes(&record.blob),
        published_by: kept.mark.by.clone(),
        published_micros: kept.mark.at,
        date: Some(date_message(reference_date(kept.mark.at))),
    }
}

pub(super) fn published_message(published: &Published) -> pb::PublishedIndicator {
    let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
    let revised = published
        .rows
        .values()
        .filter(|numbers| numbers.is_marked(REVISED));
    pb::PublishedIndicator {
        indicator: Some(indicator_message(&published.about)),
        note: Some(label_message(&published.about.note)),
        rows: count(published.rows.len()),
        revised: count(revised.count()),
    }
}

fn indicator_message(about: &About) -> pb::Indicator {
    pb::Indicator {
        id: about.id.clone(),
        core_number: about.core_number.into(),
        label: Some(label_message(&about.label)),
        plain: Some(label_message(&about.plain)),
        numerator: Some(label_message(&about.numerator)),
        denominator: Some(label_message(&about.denominator)),
        population: Some(label_message(&about.population)),
        exclusions: Some(label_message(&about.exclusions)),
        unit: Some(label_message(&about.unit)),
        factor: about.factor,
        direction: about.direction.clone(),
        source: about.source.clone(),
        feed: about.feed.clone(),
        interval: about.interval.clone(),
        method_version: about.method_version.clone(),
        certainty: about.certainty.clone(),
        goals: about
            .goals
            .iter()
            .map(|(id, label)| Goal {
                id: id.clone(),
                label: Some(label_message(label)),
                ..Goal::default()
            })
            .collect(),
        variants: about
            .variants
            .iter()
            .map(|(id, label)| Variant {
                id: id.clone(),
                label: Some(label_message(label)),
                ..Variant::default()
            })
            .collect(),
        breakdowns: about
            .breakdowns
            .iter()
            .map(|(id, label)| OfferedBreakdown {
                id: id.clone(),
                label: Some(label_message(label)),
                ..OfferedBreakdown::default()
            })
            .collect(),
        breaks: about
            .breaks
            .iter()
            .map(|(from, reason)| SeriesBreak {
                from: from.to_string(),
                reason: Some(label_message(reason)),
            })
            .collect(),
        ..pb::Indicator::default()
    }
}

pub(super) fn names(published: &Published) -> Vec<Name> {
    let names = published.names.iter();
    names
        .map(|((of, code), label)| Name {
            of: of.clone(),
            code: code.clone(),
            label: Some(label_message(label)),
        })
        .collect()
}

pub(super) fn figure(key: &RowKey, numbers: &Numbers) -> pb::PublishedFigure {
    pb::PublishedFigure {
        breakdown: key.breakdown.clone(),
        row: Some(Row {
            group: key.group.clone(),
            place: key.place.clone(),
            sex: key.sex.clone(),
            age_group: key.age_group.clone(),
            month: key.month.into(),
            count: numbers.count,
            suppressed: numbers.is_marked(SUPPRESSED),
            variant: key.variant.clone(),
            year: key.year.into(),
            numerator: numbers.numerator,
            denominator: numbers.denominator,
            value: numbers.value,
            low: numbers.low,
            high: numbers.high,
            undecided: numbers.undecided,
            marks: numbers.marks.clone(),
            years: numbers.years.into(),
            undecided_denominator: numbers.undecided_denominator,
            standing: numbers.standing.clone(),
            told_at: None,
        }),
    }
}
