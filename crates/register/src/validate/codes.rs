//! Everything coded: facts on axes, care units, principals, residence, professions, codes of code systems.

use jiff::civil::Date;
use vardnav_classification::model::{Axis, FactSource, Grain};

use super::Mechanism;
use super::report::Report;
use crate::record::{Body, Coding, Fact, Record};
use crate::surroundings::{CodeStatus, ReleaseView, Surroundings};

/// The value that is the same as leaving an axis out.
pub(crate) const UNKNOWN: &str = "unknown";

pub(super) fn check<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    release: ReleaseView<'_>,
    surroundings: &S,
    report: &mut Report<'_>,
) {
    let date = record.date();
    let place = match record.body {
        Body::Episode(_) => Place::Episode,
        Body::Contact(_) => Place::Record(Grain::Contact),
        Body::MonitoringPeriod(_) => Place::Record(Grain::MonitoringPeriod),
    };
    facts(&record.facts, place, release, || "facts".to_owned(), report);
    unit(
        record.unit.as_deref(),
        reporter,
        date,
        surroundings,
        || "unit".to_owned(),
        report,
    );
    let principals = &record.principals;
    for (code, path) in [
        (&principals.responsible, "principals.responsible"),
        (&principals.performing, "principals.performing"),
        (&principals.bed_owner, "principals.bed_owner"),
        (&principals.payer, "principals.payer"),
    ] {
        if let Some(code) = code
            && release.codes.principal_kind(code).is_none()
        {
            report.add_shape(Mechanism::PrincipalUnknown, || path.to_owned(), code);
        }
    }
    if let Some(residence) = &record.residence {
        let status = if residence.len() == 4 {
            release
                .codes
                .check(&release.register.geography_system, None, residence, date)
        } else {
            CodeStatus::Unknown
        };
        if status != CodeStatus::Valid {
            report.add_shape(Mechanism::ResidenceUnknown, || "residence".to_owned(), residence);
        }
    }
    match &record.body {
        Body::Episode(episode) => {
            for (at, segment) in episode.segments.iter().enumerate() {
                let path = || format!("segments[{at}].start");
                let Some(release) = surroundings.release_on(segment.start) else {
                    report.add(Mechanism::ReleaseNoneInForce, path);
                    continue;
                };
                facts(
                    &segment.facts,
                    Place::Segment,
                    release,
                    || format!("segments[{at}].facts"),
                    report,
                );
                let path = || format!("segments[{at}].unit");
                unit(
                    segment.unit.as_deref(),
                    reporter,
                    segment.start,
                    surroundings,
                    path,
                    report,
                );
            }
        }
        Body::Contact(contact) => {
            for (at, profession) in contact.professions.iter().enumerate() {
                let known = release.checks.professions.is_none_or(|axis| {
                    profession == UNKNOWN || release.system.value(axis, profession).is_some()
                });
                if !known {
                    report.add_shape(
                        Mechanism::ProfessionUnknown,
                        || format!("professions[{at}]"),
                        profession,
                    );
                }
            }
            if let Some(reason) = &contact.reason {
                coding(reason, date, release, || "reason".to_owned(), report);
            }
            for (list, path) in [
                (&contact.diagnoses, "diagnoses"),
                (&contact.procedures, "procedures"),
            ] {
                for (at, code) in list.iter().enumerate() {
                    coding(code, date, release, || format!("{path}[{at}]"), report);
                }
            }
        }
        Body::MonitoringPeriod(period) => {
            if let Some(ordered_by) = &period.ordered_by {
                let path = || "ordered_by".to_owned();
                if crate::identity::hsa_id(ordered_by).is_err() {
                    report.add_shape(Mechanism::UnitFormat, path, ordered_by);
                } else if surroundings.unit(ordered_by).is_none() {
                    report.add(Mechanism::UnitUnknown, path);
                }
            }
        }
    }
}

/// Where facts are stated.
#[derive(Clone, Copy)]
enum Place {
    Record(Grain),
    Episode,
    Segment,
}

impl Place {
    /// Whether the axis may be stated here. An episode and its segments are the record that a segment's own
    /// facts come from; contacts and monitoring periods stand alone.
    fn takes(self, axis: &Axis) -> bool {
        let from = |source| axis.sources.contains(&source);
        match self {
            Self::Record(grain) => from(FactSource::Record) && axis.grains.contains(&grain),
            Self::Episode => {
                from(FactSource::Episode) || from(FactSource::Record) && axis.grains.contains(&Grain::Segment)
            }
            Self::Segment => {
                from(FactSource::Segment) || from(FactSource::Record) && axis.grains.contains(&Grain::Segment)
            }
        }
    }
}

fn facts(
    facts: &[Fact],
    place: Place,
    release: ReleaseView<'_>,
    path: impl Fn() -> String,
    report: &mut Report<'_>,
) {
    for (at, fact) in facts.iter().enumerate() {
        let Some(axis) = release.system.axis(&fact.axis) else {
            report.add_shape(
                Mechanism::FactUnknownAxis,
                || format!("{}[{at}]", path()),
                &fact.axis,
            );
            continue;
        };
        let path = || format!("{}.{}", path(), release.system.axis_id(axis));
        let Some(definition) = release.system.axis_definition(axis) else {
            // The name of a table: what tables give is derived, never reported.
            report.add(Mechanism::FactWrongPlace, path);
            continue;
        };
        if !place.takes(definition) {
            report.add(Mechanism::FactWrongPlace, path);
        }
        let mut stated = fact
            .values
            .iter()
            .filter(|value| !value.is_empty() && *value != UNKNOWN);
        if !definition.multiple && stated.clone().count() > 1 {
            report.add(Mechanism::FactSeveralValues, path);
        }
        if let Some(value) = stated.find(|value| release.system.value(axis, value).is_none()) {
            report.add_shape(Mechanism::FactUnknownValue, path, value);
        }
    }
}

fn unit<S: Surroundings + ?Sized>(
    hsa_id: Option<&str>,
    reporter: &str,
    date: Date,
    surroundings: &S,
    path: impl Fn() -> String,
    report: &mut Report<'_>,
) {
    let Some(hsa_id) = hsa_id else { return };
    if crate::identity::hsa_id(hsa_id).is_err() {
        report.add_shape(Mechanism::UnitFormat, path, hsa_id);
        return;
    }
    match surroundings.unit(hsa_id).map(|unit| unit.on(date)) {
        None => report.add(Mechanism::UnitUnknown, path),
        Some(None) => report.add(Mechanism::UnitClosed, path),
        Some(Some(version)) => {
            if !version.reporters.iter().any(|known| known == reporter) {
                report.add(Mechanism::UnitNotReporters, path);
            }
        }
    }
}

fn coding(
    coding: &Coding,
    date: Date,
    release: ReleaseView<'_>,
    path: impl Fn() -> String,
    report: &mut Report<'_>,
) {
    let Coding {
        system,
        version,
        code,
    } = coding;
    let at_code = || format!("{}.code", path());
    match release.codes.check(system, version.as_deref(), code, date) {
        CodeStatus::Valid => {
            if !release
                .codes
                .is_detailed_enough(system, version.as_deref(), code, date)
            {
                report.add_shape(Mechanism::CodeMostDetailed, at_code, code);
            }
        }
        CodeStatus::NotValidOnDate => report.add_shape(Mechanism::CodeNotValidOnDate, at_code, code),
        CodeStatus::Unknown => report.add_shape(Mechanism::CodeUnknown, at_code, code),
        CodeStatus::NotLoaded => report.add(Mechanism::CodeEditionNotLoaded, at_code),
        CodeStatus::UnknownSystem => {
            report.add_shape(Mechanism::CodeUnknown, || format!("{}.system", path()), system);
        }
    }
}
