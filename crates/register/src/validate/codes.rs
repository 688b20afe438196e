//! Everything coded: facts on axes, care units, principals, residence, professions, codes of code systems.

use jiff::civil::Date;
use vardnav_classification::model::{Axis, FactSource, Grain};

use super::Mechanism;
use super::coded::{self, Field};
use super::fields::holder_path;
use super::report::Report;
use crate::identity::organisation_number;
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
        Body::CareRequest(_) => Place::Nowhere,
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
    let fields = [
        Field::Responsible,
        Field::Performing,
        Field::BedOwner,
        Field::Payer,
    ];
    for ((role, holders), field) in record.principals.by_role().into_iter().zip(fields) {
        for (at, holder) in holders.iter().enumerate() {
            let path = || holder_path(role, holders, at);
            let code = holder.organisation.as_str();
            if release.codes.principal_kind(code).is_none() {
                report.add_shape(Mechanism::PrincipalUnknown, path, code);
            } else {
                coded::value(code, systems(field), date, release.codes, path, report);
            }
            if let Some(basis) = &holder.basis {
                let path = || format!("{}.basis", path());
                coded::value(basis, systems(Field::Basis), date, release.codes, path, report);
            }
        }
    }
    provider(record, surroundings, report);
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
            responsibilities(episode, reporter, release, surroundings, report);
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
            professions(&contact.professions, release, report);
            if let Some(reason) = &contact.reason {
                let systems = systems(Field::Reason);
                coding(reason, systems, date, release, || "reason".to_owned(), report);
            }
            for (list, field, path) in [
                (&contact.diagnoses, Field::Diagnoses, "diagnoses"),
                (&contact.external_causes, Field::ExternalCauses, "external_causes"),
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
        Body::CareRequest(request) => {
            professions(&request.professions, release, report);
            if let Some(reason) = &request.reason {
                let systems = systems(Field::Reason);
                coding(reason, systems, date, release, || "reason".to_owned(), report);
            }
            for (code, field, path, date) in [
                (&request.problem, Field::Problem, "problem", date),
                (&request.channel, Field::Channel, "channel", date),
                (
                    &request.ending,
                    Field::Ending,
                    "ending",
                    request.ended.unwrap_or(date),
                ),
            ] {
                if let Some(code) = code {
                    let path = || path.to_owned();
                    coded::value(code, systems(field), date, release.codes, path, report);
                }
            }
        }
    }
}

/// Holds professions against the axis that is derived from them.
fn professions(professions: &[String], release: ReleaseView<'_>, report: &mut Report<'_>) {
    for (at, profession) in professions.iter().enumerate() {
        if !is_profession(profession, release) {
            let path = || format!("professions[{at}]");
            report.add_shape(Mechanism::ProfessionUnknown, path, profession);
        }
    }
}

fn is_profession(profession: &str, release: ReleaseView<'_>) -> bool {
    release
        .checks
        .professions
        .is_none_or(|axis| profession == UNKNOWN || release.system.value(axis, profession).is_some())
}

/// Holds the care provider against its form and against the unit's.
fn provider<S: Surroundings + ?Sized>(record: &Record, surroundings: &S, report: &mut Report<'_>) {
    let Some(provider) = &record.provider else { return };
    let path = || "provider".to_owned();
    let Ok(number) = organisation_number(provider) else {
        report.add_shape(Mechanism::ProviderFormat, path, provider);
        return;
    };
    let unit = record.unit.as_deref().and_then(|unit| surroundings.unit(unit));
    let of_unit = unit.and_then(|unit| organisation_number(&unit.on(record.date())?.provider).ok());
    if of_unit.is_some_and(|of_unit| of_unit != number) {
        report.add(Mechanism::ProviderOther, path);
    }
}

/// Holds what an episode says of responsibilities against the codes, units and professions of the date from which each
/// holds, within the episode.
fn responsibilities<S: Surroundings + ?Sized>(
    episode: &Episode,
    reporter: &str,
    release: ReleaseView<'_>,
    surroundings: &S,
    report: &mut Report<'_>,
) {
    for (at, one) in episode.responsibilities.iter().enumerate() {
        let date = one.from.max(episode.start);
        let release = surroundings.release_on(date).unwrap_or(release);
        let path = |field: &str| format!("responsibilities[{at}].{field}");
        let systems = release
            .checks
            .coded
            .systems(Field::Role, RecordKind::Episode, date);
        coded::value(&one.role, systems, date, release.codes, || path("role"), report);
        // Whoever has it may belong to another reporter.
        let known = |unit: &str| {
            surroundings
                .unit(unit)
                .is_some_and(|unit| unit.on(date).is_some())
        };
        match &one.unit {
            Some(hsa_id) if known(hsa_id) => {}
            hsa_id => unit(
                hsa_id.as_deref(),
                reporter,
                date,
                surroundings,
                || path("unit"),
                report,
            ),
        }
        if let Some(profession) = &one.profession
            && !is_profession(profession, release)
        {
            report.add_shape(Mechanism::ProfessionUnknown, || path("profession"), profession);
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
    /// Of this kind of record there are no facts.
    Nowhere,
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
            Self::Nowhere => false,
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
