//! Everything coded: facts on axes, care units, principals, residence, professions, codes of code systems.

use jiff::civil::Date;
use vardnav_classification::model::{Axis, FactSource, Grain};

use super::Mechanism;
use super::coded::{self, Field};
use super::report::Report;
use crate::record::{Body, Coding, Episode, Fact, Record, RecordKind};
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
    let kind = record.kind();
    let systems = |field| release.checks.coded.systems(field, kind, date);
    let place = match record.body {
        Body::Episode(_) => Place::Episode,
        Body::Contact(_) => Place::Record(Grain::Contact),
        Body::MonitoringPeriod(_) => Place::Record(Grain::MonitoringPeriod),
    };
    facts(&record.facts, place, release, || "facts".to_owned(), report);
    if !record.codes.is_empty() && !release.takes("codes", kind, date) {
        report.add(Mechanism::FormatUnknownField, || "codes".to_owned());
    }
    unit(
        record.unit.as_deref(),
        reporter,
        date,
        surroundings,
        || "unit".to_owned(),
        report,
    );
    let principals = &record.principals;
    for (code, field, path) in [
        (
            &principals.responsible,
            Field::Responsible,
            "principals.responsible",
        ),
        (&principals.performing, Field::Performing, "principals.performing"),
        (&principals.bed_owner, Field::BedOwner, "principals.bed_owner"),
        (&principals.payer, Field::Payer, "principals.payer"),
    ] {
        let Some(code) = code else { continue };
        let path = || path.to_owned();
        if release.codes.principal_kind(code).is_none() {
            report.add_shape(Mechanism::PrincipalUnknown, path, code);
        } else {
            coded::value(code, systems(field), date, release.codes, path, report);
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
            coded_of_episode(episode, release, surroundings, report);
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
                if !segment.codes.is_empty() && !release.takes("segments.codes", kind, segment.start) {
                    let path = || format!("segments[{at}].codes");
                    report.add(Mechanism::FormatUnknownField, path);
                }
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
                let systems = systems(Field::Reason);
                coding(reason, systems, date, release, || "reason".to_owned(), report);
            }
            for (list, field, path) in [
                (&contact.diagnoses, Field::Diagnoses, "diagnoses"),
                (&contact.procedures, Field::Procedures, "procedures"),
            ] {
                let systems = systems(field);
                for (at, code) in list.iter().enumerate() {
                    coding(code, systems, date, release, || format!("{path}[{at}]"), report);
                }
            }
        }
        Body::MonitoringPeriod(period) => {
            let systems = systems(Field::Measures);
            for (at, measure) in period.measures.iter().enumerate() {
                let path = || format!("measures[{at}]");
                coded::value(measure, systems, date, release.codes, path, report);
            }
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

/// Holds what an episode states in codes against the release of the date that each value is about: the end may lie
/// in a later release than the start.
fn coded_of_episode<S: Surroundings + ?Sized>(
    episode: &Episode,
    release: ReleaseView<'_>,
    surroundings: &S,
    report: &mut Report<'_>,
) {
    let on = |date: Date| surroundings.release_on(date).unwrap_or(release);
    if let Some(code) = &episode.decided_by {
        let date = episode.start;
        let systems = release
            .checks
            .coded
            .systems(Field::DecidedBy, RecordKind::Episode, date);
        let path = || "decided_by".to_owned();
        coded::value(code, systems, date, release.codes, path, report);
    }
    if let Some(code) = &episode.end_mode {
        let date = coded::end_date(episode);
        let release = on(date);
        let systems = release
            .checks
            .coded
            .systems(Field::EndMode, RecordKind::Episode, date);
        let path = || "end_mode".to_owned();
        coded::value(code, systems, date, release.codes, path, report);
    }
    for (at, plan) in episode.plans.iter().enumerate() {
        let date = coded::plan_date(plan, episode);
        let release = on(date);
        let systems = |field| release.checks.coded.systems(field, RecordKind::Episode, date);
        let path = || format!("plans[{at}].kind");
        coded::value(
            &plan.kind,
            systems(Field::PlanKind),
            date,
            release.codes,
            path,
            report,
        );
        for (party, code) in plan.parties.iter().enumerate() {
            let path = || format!("plans[{at}].parties[{party}]");
            coded::value(
                code,
                systems(Field::PlanParties),
                date,
                release.codes,
                path,
                report,
            );
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

/// Holds a coding against the system it names, which must be one of the variable's.
fn coding(
    coding: &Coding,
    systems: &[String],
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
    if !systems.is_empty() && !systems.contains(system) {
        report.add_shape(Mechanism::CodeUnknown, || format!("{}.system", path()), system);
        return;
    }
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
