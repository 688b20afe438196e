//! Validation of a record: mechanisms are code, everything else (finding code, weight, message, from when) is the
//! release's [`Check`]s, compiled into a [`CheckSet`]. A mechanism without a check in force on the record's date
//! does not fire; those that guard identities do with codes of their own.
//!
//! Findings carry paths and shapes, never what was reported. A clean record costs no allocation.

mod bases;
mod coded;
mod codes;
mod fields;
mod maps;
mod mechanism;
mod person;
mod report;
mod times;
mod variables;

pub use coded::CODED_PATHS;
pub(crate) use codes::UNKNOWN;
pub use maps::mapping;
pub use mechanism::{
    MAP_MECHANISMS, MECHANISMS, Mechanism, OPTIONAL_MECHANISMS, TOGETHER, bounds, parameters,
};
pub use variables::{OPTIONAL_PATHS, RECORD_PATHS, RecordPath};

use std::collections::BTreeMap;

use jiff::civil::Date;
use vardnav_classification::explain::Verdict;
use vardnav_classification::model::{Derivation, Label};
use vardnav_classification::{AxisIndex, DescriptionSystem};

use crate::bytes::{Writer, days_from_date};
use crate::definition::{Check, RegisterDefinition, Severity};
use crate::derived::{Derived, encode_result};
use crate::finding::Finding;
use crate::hash::sha256;
use crate::identity::PersonKey;
use crate::record::{Body, Record};
use crate::residence;
use crate::surroundings::{ReleaseView, Surroundings};
use coded::CodedVariables;
use report::Report;
use variables::Variables;

/// The checks of a release, compiled for its description system.
#[derive(Debug, Clone)]
pub struct CheckSet {
    /// By mechanism, latest first date first.
    by_mechanism: Vec<Vec<CompiledCheck>>,
    /// By finding code: what the release's exclusions and contradictions name.
    combinations: BTreeMap<String, CompiledCheck>,
    variables: Variables,
    coded: CodedVariables,
    /// The axis that is derived from the professions of a contact.
    professions: Option<AxisIndex>,
    unknown: Vec<String>,
}

#[derive(Debug, Clone)]
struct CompiledCheck {
    code: String,
    severity: Severity,
    message: Label,
    remedy: Label,
    from: Option<Date>,
    until: Option<Date>,
    parameters: Vec<(String, u32)>,
}

impl CompiledCheck {
    fn in_force(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date < until)
    }
}

impl CheckSet {
    /// Compiles the checks and the required and coded variables of a release.
    pub fn compile(definition: &RegisterDefinition, system: &DescriptionSystem) -> Self {
        let mut set = Self {
            by_mechanism: vec![Vec::new(); MECHANISMS.len()],
            combinations: BTreeMap::new(),
            variables: Variables::compile(definition),
            coded: CodedVariables::compile(&definition.variables),
            professions: None,
            unknown: Vec::new(),
        };
        for check in &definition.checks {
            set.add(check, system);
        }
        for checks in &mut set.by_mechanism {
            checks.sort_by_key(|check| std::cmp::Reverse(check.from));
        }
        let professions = system
            .source()
            .axes
            .iter()
            .find(|axis| axis.derivation == Some(Derivation::Professions));
        set.professions = professions.and_then(|axis| system.axis(&axis.id));
        set
    }

    fn add(&mut self, check: &Check, system: &DescriptionSystem) {
        let compiled = CompiledCheck {
            code: check.code.clone(),
            severity: check.severity,
            message: check.message.clone(),
            remedy: check.remedy.clone(),
            from: check.from,
            until: check.until,
            parameters: check.parameters.clone(),
        };
        let source = system.source();
        if source
            .exclusions
            .iter()
            .chain(&source.contradictions)
            .any(|combination| combination.id == check.code)
        {
            self.combinations.insert(check.code.clone(), compiled);
        } else if let Some(checks) = Mechanism::from_name(&check.mechanism)
            .and_then(|mechanism| self.by_mechanism.get_mut(mechanism as usize))
        {
            checks.push(compiled);
        } else {
            self.unknown.push(check.code.clone());
        }
    }

    /// Codes of checks whose mechanism is none of [`MECHANISMS`] and that no exclusion or contradiction names: they
    /// never fire.
    pub fn without_mechanism(&self) -> &[String] {
        &self.unknown
    }

    /// The message of the check with this finding code, without details of a value.
    pub(crate) fn message(&self, code: &str) -> Option<String> {
        let check = self.combinations.get(code).or_else(|| {
            let mut checks = self.by_mechanism.iter().flatten();
            checks.find(|check| check.code == code)
        })?;
        Some(report::sentence(&check.message.en, "", &check.remedy.en))
    }

    /// The finding code of a mechanism on a date; `None` when no check asks for it.
    pub(crate) fn code_of(&self, mechanism: Mechanism, date: Date) -> Option<&str> {
        Some(&self.check(mechanism, date)?.code)
    }

    /// Finding code and weight of a mechanism on a date; `None` when no check asks for it.
    pub fn told_as(&self, mechanism: Mechanism, date: Date) -> Option<(&str, Severity)> {
        let check = self.check(mechanism, date)?;
        Some((&check.code, check.severity))
    }

    /// A parameter of a mechanism's check on a date, or what it is without one.
    pub(crate) fn parameter(&self, mechanism: Mechanism, name: &str, date: Date) -> u32 {
        let given = self
            .check(mechanism, date)
            .map_or(&[][..], |check| &check.parameters);
        let given = given.iter().find(|(known, _)| known == name);
        let otherwise = || parameters(mechanism).iter().find(|(known, _)| *known == name);
        given
            .map(|(_, value)| *value)
            .or_else(|| otherwise().map(|(_, value)| *value))
            .unwrap_or_default()
    }

    fn check(&self, mechanism: Mechanism, date: Date) -> Option<&CompiledCheck> {
        self.by_mechanism
            .get(mechanism as usize)?
            .iter()
            .find(|check| check.in_force(date))
    }
}

/// A finding of a mechanism outside any release, such as a line of a file that cannot be read: with the mechanism's
/// own code and message. `detail` must be free of reported data.
pub fn finding_without_release(mechanism: Mechanism, path: String, detail: &str) -> Finding {
    Finding {
        code: mechanism.code(),
        severity: Severity::Error,
        path,
        message: report::sentence(mechanism.message(), detail, ""),
    }
}

/// A finding of a mechanism about a record, worded and weighed by the release in force on its date. `detail` must be
/// free of reported data.
pub fn finding_about<S: Surroundings + ?Sized>(
    record: &Record,
    mechanism: Mechanism,
    path: &str,
    detail: &str,
    surroundings: &S,
) -> Finding {
    let release = surroundings.release_on(record.date());
    let mut report = Report::new(release.map(|release| release.checks), record.date());
    report.add_with(mechanism, || path.to_owned(), detail);
    report
        .into_findings()
        .pop()
        .unwrap_or_else(|| finding_without_release(mechanism, path.to_owned(), detail))
}

/// Everything that is wrong with a record as it stands. `received` is the day of reporting.
pub fn validate<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    received: Date,
    surroundings: &S,
) -> Vec<Finding> {
    validate_with(record, reporter, received, surroundings, true)
}

/// As [`validate`], of a record whose person was identified before and is withheld: nothing is said of the person but
/// whether the protection fits the rest.
pub fn validate_identified<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    received: Date,
    surroundings: &S,
) -> Vec<Finding> {
    validate_with(record, reporter, received, surroundings, false)
}

fn validate_with<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    received: Date,
    surroundings: &S,
    with_person: bool,
) -> Vec<Finding> {
    let date = record.date();
    let release = surroundings.release_on(date);
    let checks = release
        .or_else(|| surroundings.release_on(received))
        .map(|release| release.checks);
    let mut report = Report::new(checks, date);
    if release.is_none() {
        report.add(Mechanism::ReleaseNoneInForce, || date_path(record).to_owned());
    }
    if !surroundings.reporter_known(reporter) {
        report.add(Mechanism::ReporterUnknown, || "reporter".to_owned());
    }
    report.look_for(person::own_number(record, received));
    fields::check(record, &mut report);
    person::check_protection(record, &mut report);
    if with_person {
        person::check(
            record,
            received,
            release.map(|release| release.register),
            &mut report,
        );
    }
    times::check(
        record,
        reporter,
        received,
        release.map(|release| release.register.limits),
        surroundings,
        &mut report,
    );
    if let Some(release) = release {
        codes::check(record, reporter, release, surroundings, &mut report);
        let variables = &release.checks.variables;
        variables.check(record, with_person, surroundings, &mut report);
    }
    report.into_findings()
}

/// Whether the episode that a contact or monitoring period names is another person's: known only when the person
/// has been resolved to a key.
pub fn other_person<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    person: PersonKey,
    surroundings: &S,
) -> Option<Finding> {
    let episode = surroundings.episode(reporter, episode_id(record)?)?;
    if surroundings.is_same_person(episode.person?, person) {
        return None;
    }
    let release = surroundings.release_on(record.date());
    let mut report = Report::new(release.map(|release| release.checks), record.date());
    report.add(Mechanism::EpisodeOtherPerson, || "episode".to_owned());
    report.into_findings().pop()
}

/// What is wrong with a record now that its person is known: care after death, the residence of a person who is known to
/// be protected though the record does not say so. Another person's episode is [`other_person`]'s, another residence
/// [`other_residence`]'s. Whether another contact says the same is not told of a record when it is taken, which
/// would make it depend on what came before: [`crate::quality::alike`] has it.
pub fn about_person<S: Surroundings + ?Sized>(
    record: &Record,
    person: PersonKey,
    surroundings: &S,
) -> Vec<Finding> {
    let date = record.date();
    let release = surroundings.release_on(date);
    let mut report = Report::new(release.map(|release| release.checks), date);
    if let (Some(died), Some(release)) = (surroundings.died(person), release)
        && !matches!(record.body, Body::CareRequest(_))
    {
        let days = release.checks.parameter(Mechanism::TimeAfterDeath, "days", date);
        let last = days_from_date(died).saturating_add(i32::try_from(days).unwrap_or(i32::MAX));
        if days_from_date(date) > last {
            report.add(Mechanism::TimeAfterDeath, || date_path(record).to_owned());
        }
    }
    if record.residence.is_some() && !record.person.protected && surroundings.is_protected(person, date) {
        report.add(Mechanism::ProtectedGeography, || "residence".to_owned());
    }
    report.into_findings()
}

/// Whether a record states another residence than the population register has. It answers a guess, so it is told of what
/// is taken alone, which leaves an entry: not in a dry run, nor beside what refuses a record.
pub fn other_residence<S: Surroundings + ?Sized>(
    record: &Record,
    person: PersonKey,
    surroundings: &S,
) -> Option<Finding> {
    let stated = record.residence.as_deref().filter(|_| !record.person.protected)?;
    let known = residence::known(record, person, surroundings)?;
    let date = record.date();
    let mut report = Report::new(surroundings.release_on(date).map(|release| release.checks), date);
    if known.code() != stated {
        report.add(Mechanism::ResidenceOther, || "residence".to_owned());
    }
    report.into_findings().into_iter().next()
}

/// What a contact is told apart by: person, unit, date, and what was decided of it with who took part. `None` when the
/// record is no contact. Says nothing of the person by itself: the person's key is random.
pub fn contact_key(record: &Record, person: PersonKey, derived: &Derived) -> Option<[u8; 16]> {
    const TAG: u8 = 0x43;
    let Body::Contact(contact) = &record.body else {
        return None;
    };
    let mut w = Writer::with_capacity(128);
    w.u8(TAG);
    w.raw(&person.0);
    w.date(contact.date);
    w.option_str(record.unit.as_deref());
    let mut professions: Vec<&str> = contact.professions.iter().map(String::as_str).collect();
    professions.sort_unstable();
    w.seq(&professions, |w, profession| w.str(profession));
    for part in &derived.parts {
        w.str(&part.release);
        w.seq(&part.tables, |w, result| encode_result(w, *result));
    }
    sha256(&[w.as_slice()]).first_chunk().copied()
}

/// What the facts say against each other, by the exclusions and contradictions of the release of each part.
pub fn contradictions<S: Surroundings + ?Sized>(derived: &Derived, surroundings: &S) -> Vec<Finding> {
    let mut findings = Vec::new();
    for part in &derived.parts {
        let Some(release) = surroundings.release_on(part.date) else {
            continue;
        };
        let facts = part.with_tables(release.system);
        let grain = part.part.grain();
        let excluded = release.system.excluded(grain, &facts);
        let contradicted = release.system.contradicted(grain, &facts);
        let met = excluded
            .map(|code| (code, Severity::Error))
            .chain(contradicted.map(|code| (code, Severity::Warning)));
        for (code, weight) in met {
            let check = release.checks.combinations.get(code);
            if check.is_some_and(|check| !check.in_force(part.date)) {
                continue;
            }
            let (severity, message) = check.map_or_else(
                || (weight, "these facts do not go together".to_owned()),
                |check| {
                    (
                        check.severity,
                        report::sentence(&check.message.en, "", &check.remedy.en),
                    )
                },
            );
            let path = match part.part.path() {
                path if path.is_empty() => "facts".to_owned(),
                path => format!("{path}.facts"),
            };
            findings.push(Finding {
                code: code.to_owned(),
                severity,
                path,
                message,
            });
        }
    }
    findings
}

/// A warning for every value that waits, with the axes that would decide it.
pub fn waiting<S: Surroundings + ?Sized>(derived: &Derived, surroundings: &S) -> Vec<Finding> {
    let mut findings = Vec::new();
    for part in derived.parts.iter().filter(|part| part.is_held()) {
        let Some(ReleaseView { system, checks, .. }) = surroundings.release_on(part.date) else {
            continue;
        };
        let mut report = Report::new(Some(checks), part.date);
        let explanation = system.explain(part.part.grain(), part.date, &part.facts);
        for table in explanation
            .tables()
            .filter(|table| table.verdict() == Verdict::Held)
        {
            let mut detail = format!("table {}", table.id());
            if let Some(reason) = table.matched().find_map(|row| row.reason()) {
                detail = format!("{detail}: {}", reason.en);
            }
            let missing: std::collections::BTreeSet<&str> =
                table.possible().flat_map(|value| value.missing.ids()).collect();
            if !missing.is_empty() {
                let missing: Vec<&str> = missing.into_iter().collect();
                detail = format!("{detail}; missing {}", missing.join(", "));
            }
            report.add_with(Mechanism::ClassificationHeld, || part.part.path(), &detail);
        }
        findings.extend(report.into_findings());
    }
    findings
}

/// The id of the episode that a contact or monitoring period names.
fn episode_id(record: &Record) -> Option<&str> {
    match &record.body {
        Body::Contact(contact) => contact.episode.as_deref(),
        Body::MonitoringPeriod(period) => period.episode.as_deref(),
        Body::Episode(_) | Body::CareRequest(_) => None,
    }
}

/// The path of the date that chooses the release.
fn date_path(record: &Record) -> &'static str {
    match record.body {
        Body::Contact(_) | Body::CareRequest(_) => "date",
        Body::Episode(_) | Body::MonitoringPeriod(_) => "start",
    }
}
