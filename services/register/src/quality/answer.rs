//! What is told of counts: months beside other months, units with the duty beside those that delivered, findings with
//! their remedies.

use std::collections::BTreeMap;

use jiff::civil::Date;
use vardnav_api::common::{date_message, label_message, severity_message};
use vardnav_api::quality::{counts_message, whole};
use vardnav_api::register::kind_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::period_completeness::{
    Deadline, KindCounts, PeriodFinding, UnitCounts,
};
use vardnav_classification::model::Label;
use vardnav_register::definition::Severity;
use vardnav_register::delivery::Month;
use vardnav_register::quality::departure::{Asked, Of, Series};
use vardnav_register::quality::{Counts, Period, Tally, UnitPeriod, has_duty};
use vardnav_register::validate::Mechanism;
use vardnav_store::View;

/// Units named that nothing came from.
const MISSING_MAX: usize = 1_000;
/// Units told of a month.
const UNITS_MAX: usize = 5_000;
/// Findings told.
const FINDINGS_MAX: usize = 1_000;

/// What is found of records of a month together, by finding code.
pub(super) type Together = BTreeMap<String, (Severity, Counts)>;

/// What there is of months of a reporter, from `from` on and before `until`, asked for today.
pub(super) fn periods(
    (reporter, tally, together): (&str, &Tally, &BTreeMap<Month, Together>),
    (from, until): (Month, Month),
    with_units: bool,
    (today, view): (Date, &View),
) -> Vec<pb::PeriodCompleteness> {
    let mut known: BTreeMap<Month, Period> = BTreeMap::new();
    let asked: Vec<Month> = std::iter::successors(Some(from), |month| Some(month.next()))
        .take_while(|month| *month < until)
        .collect();
    for month in &asked {
        for of in [Some(*month), before(*month, 1), before(*month, 12)]
            .into_iter()
            .flatten()
        {
            known.entry(of).or_insert_with(|| tally.period(of));
        }
    }
    let none = Period::default();
    let of = |month: Option<Month>| month.and_then(|month| known.get(&month)).unwrap_or(&none);
    let series = Series::of(tally);
    let told = asked.into_iter().map(|month| {
        let beside = Beside {
            period: of(Some(month)),
            previous: of(before(month, 1)),
            last_year: of(before(month, 12)),
        };
        pb::PeriodCompleteness {
            findings: found_together((reporter, month), together.get(&month), &series, (today, view)),
            ..beside.message((reporter, month), with_units, (today, view))
        }
    });
    told.collect()
}

/// What is found of records of a month together.
fn found_together(
    (reporter, month): (&str, Month),
    together: Option<&Together>,
    series: &Series,
    (today, view): (Date, &View),
) -> Vec<PeriodFinding> {
    let finding = |code: &str, severity, records| {
        let (message, remedy) = words(code, view);
        PeriodFinding {
            code: code.to_owned(),
            severity: severity_message(severity).into(),
            records: whole(records),
            message: Some(label_message(&message)),
            remedy: Some(label_message(&remedy)),
            ..PeriodFinding::default()
        }
    };
    let together = together.into_iter().flatten();
    let together = together.map(|(code, (severity, counts))| finding(code, *severity, counts.records()));
    let departures = asked(month, view).into_iter().flat_map(|asked| {
        let is_over = month.next().first_day() <= today;
        let departures = series.departures(month, is_over, &asked);
        let departures = departures.into_iter().filter(|departure| match &departure.of {
            Of::Unit(unit) => departure.records > 0 || is_due(unit, reporter, month, view),
            Of::Kind(_) => true,
        });
        let told = departures.map(|departure| {
            let of = finding(&asked.code, asked.severity, departure.records);
            let usual = whole(departure.usual);
            match departure.of {
                Of::Kind(kind) => PeriodFinding {
                    kind: kind_message(kind).into(),
                    usual,
                    ..of
                },
                Of::Unit(unit) => PeriodFinding { unit, usual, ..of },
            }
        });
        told.collect::<Vec<_>>()
    });
    together.chain(departures).take(FINDINGS_MAX).collect()
}

/// What a month is held against, by the release in force on its last day.
fn asked(month: Month, view: &View) -> Option<Asked> {
    let last = month.next().first_day().yesterday().ok()?;
    Asked::by(view.snapshot_on(last)?.view().checks, last)
}

/// Whether a reporter has records to report of a care unit in a month: it has the duty, or the unit is not registered.
fn is_due(unit: &str, reporter: &str, month: Month, view: &View) -> bool {
    let unit = view.state().unit(unit);
    unit.is_none_or(|unit| has_duty(unit, reporter, month))
}

/// A month beside others.
struct Beside<'a> {
    period: &'a Period,
    previous: &'a Period,
    last_year: &'a Period,
}

impl Beside<'_> {
    fn message(
        &self,
        (reporter, month): (&str, Month),
        with_units: bool,
        (today, view): (Date, &View),
    ) -> pb::PeriodCompleteness {
        let units = view.units().filter(|unit| has_duty(unit, reporter, month));
        let duty: Vec<&str> = units.map(|unit| unit.hsa_id.as_str()).collect();
        let missing = duty.iter().filter(|unit| !self.period.delivered(unit));
        let missing: Vec<String> = missing.map(|unit| (*unit).to_owned()).collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        pb::PeriodCompleteness {
            reporter: reporter.to_owned(),
            period: month.to_string(),
            records: Some(counts_message(self.period.total())),
            spanning: whole(self.period.spanning),
            previous_month: whole(self.previous.total().records()),
            same_month_last_year: whole(self.last_year.total().records()),
            rejected: whole(self.period.rejected),
            kinds: self.kinds(),
            units_with_duty: number(duty.len()),
            units_delivered: number(duty.len() - missing.len()),
            units_missing: missing.into_iter().take(MISSING_MAX).collect(),
            units: if with_units { self.units(&duty) } else { Vec::new() },
            deadlines: deadlines(month, today, view),
            findings: Vec::new(),
        }
    }

    fn kinds(&self) -> Vec<KindCounts> {
        let all = [self.period, self.previous, self.last_year];
        let mut kinds: Vec<_> = all.iter().flat_map(|period| period.kinds.keys()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let told = kinds.into_iter().map(|kind| {
            let of = |period: &Period| period.kinds.get(kind).copied().unwrap_or_default();
            KindCounts {
                kind: kind_message(*kind).into(),
                records: Some(counts_message(of(self.period))),
                previous_month: whole(of(self.previous).records()),
                same_month_last_year: whole(of(self.last_year).records()),
            }
        });
        told.collect()
    }

    fn units(&self, duty: &[&str]) -> Vec<UnitCounts> {
        let mut units: Vec<&str> = duty.to_vec();
        let all = [self.period, self.previous, self.last_year];
        units.extend(
            all.iter()
                .flat_map(|period| period.units.keys())
                .map(String::as_str),
        );
        units.sort_unstable();
        units.dedup();
        let told = units.into_iter().take(UNITS_MAX).map(|unit| {
            let of = |period: &Period| -> UnitPeriod { period.units.get(unit).copied().unwrap_or_default() };
            UnitCounts {
                unit: unit.to_owned(),
                records: Some(counts_message(of(self.period).counts)),
                spanning: whole(of(self.period).spanning),
                previous_month: whole(of(self.previous).counts.records()),
                same_month_last_year: whole(of(self.last_year).counts.records()),
                has_duty: duty.contains(&unit),
            }
        });
        told.collect()
    }
}

/// Until when a month is delivered to each register, by the release in force on a date: opening a delivery on it is
/// judged by the same.
fn deadlines(month: Month, today: Date, view: &View) -> Vec<Deadline> {
    let Some(release) = view.snapshot_on(today) else {
        return Vec::new();
    };
    let told = release.register.deliveries.iter().map(|register| {
        let (primary, refresh) = register.deadlines(month);
        Deadline {
            register: register.id.clone(),
            primary: Some(date_message(primary)),
            refresh: Some(date_message(refresh)),
        }
    });
    told.collect()
}

/// The month so many months before.
fn before(month: Month, months: i32) -> Option<Month> {
    Month::from_number(month.number() - months)
}

/// Findings by how many records they concern, with the words of the newest release that has their check.
pub(super) fn findings(counts: &BTreeMap<String, Counts>, view: &View) -> (Vec<pb::FindingCount>, u32) {
    let concerned = |counts: &Counts| counts.records().saturating_add(counts.rejected);
    let mut ranked: Vec<(&String, &Counts)> = counts.iter().collect();
    ranked.sort_by_key(|(_, counts)| std::cmp::Reverse(concerned(counts)));
    let more = u32::try_from(ranked.len().saturating_sub(FINDINGS_MAX)).unwrap_or(u32::MAX);
    let told = ranked.into_iter().take(FINDINGS_MAX).map(|(code, counts)| {
        let (message, remedy) = words(code, view);
        pb::FindingCount {
            code: code.clone(),
            accepted: whole(counts.accepted),
            held: whole(counts.held),
            rejected: whole(counts.rejected),
            message: Some(label_message(&message)),
            remedy: Some(label_message(&remedy)),
        }
    });
    (told.collect(), more)
}

/// What a finding says and what to do about it. A mechanism without a check has one sentence for both languages.
fn words(code: &str, view: &View) -> (Label, Label) {
    let mut releases: Vec<_> = view.releases().collect();
    releases.reverse();
    let check = releases.iter().find_map(|release| {
        let mut checks = release.register.checks.iter();
        checks.find(|check| check.code == code)
    });
    match (check, Mechanism::from_code(code)) {
        (Some(check), _) => (check.message.clone(), check.remedy.clone()),
        (None, Some(mechanism)) => {
            let message = Label {
                sv: mechanism.message().to_owned(),
                en: mechanism.message().to_owned(),
            };
            (message, Label::default())
        }
        (None, None) => (Label::default(), Label::default()),
    }
}
