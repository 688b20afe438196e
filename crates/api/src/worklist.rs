//! Conversions of the worklist: filters, groups, held records, combinations that no rule meets.

use vardnav_classification::model::Label;
use vardnav_register::record::Fact;
use vardnav_register::supply::Supplied;
use vardnav_register::worklist::groups::{Filter, Group, GroupKey};
use vardnav_register::worklist::unmatched::{Combination, Occurrence};
use vardnav_register::worklist::{Cause, Item, Owner, Wait, Want};

use crate::common::{date_message, fact_messages, label_message, some};
use crate::pb::vardnav::register::v1 as pb;
use crate::register::kind_message;
use crate::status::ApiError;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// What a filter asks for at an instant in microseconds since 1970-01-01 UTC.
pub fn filter(message: pb::HeldFilter, now: i64) -> Filter {
    let owner = owner(message.owner());
    let days = i64::from(message.older_than_days);
    Filter {
        unit: message.unit,
        owner,
        axis: some(message.axis),
        table: some(message.table),
        rule: some(message.rule),
        since_until: (days > 0).then(|| now.saturating_sub(days.saturating_mul(DAY))),
    }
}

/// What is supplied.
///
/// # Errors
/// When no axis or no value is stated.
pub fn supplied(
    fact: Option<crate::vardnav::r#type::v1::Fact>,
    segment: Option<u32>,
) -> Result<Supplied, ApiError> {
    let fact = fact.ok_or_else(|| ApiError::field("fact", "a fact is needed"))?;
    if fact.axis.is_empty() {
        return Err(ApiError::field("fact.axis", "an axis is needed"));
    }
    if fact.values.is_empty() || fact.values.iter().any(String::is_empty) {
        return Err(ApiError::field(
            "fact.values",
            "a value is needed, and none may be empty",
        ));
    }
    let segment = segment.map(usize::try_from).transpose();
    Ok(Supplied {
        fact: Fact {
            axis: fact.axis,
            values: fact.values,
        },
        segment: segment.map_err(|_| ApiError::field("segment", "not an index"))?,
    })
}

/// An owner, as far as one is stated.
pub fn owner(message: pb::HeldOwner) -> Option<Owner> {
    match message {
        pb::HeldOwner::Unspecified => None,
        pb::HeldOwner::ReportingUnit => Some(Owner::ReportingUnit),
        pb::HeldOwner::UnitRegistration => Some(Owner::UnitRegistration),
        pb::HeldOwner::Authority => Some(Owner::Authority),
    }
}

/// An owner as a message.
pub fn owner_message(owner: Owner) -> pb::HeldOwner {
    match owner {
        Owner::ReportingUnit => pb::HeldOwner::ReportingUnit,
        Owner::UnitRegistration => pb::HeldOwner::UnitRegistration,
        Owner::Authority => pb::HeldOwner::Authority,
    }
}

/// A count, of which those below the threshold are not told.
pub fn count_message(count: u64, threshold: u64) -> pb::HeldCount {
    if count > 0 && count < threshold {
        pb::HeldCount {
            count: 0,
            fewer_than: threshold,
        }
    } else {
        pb::HeldCount { count, fewer_than: 0 }
    }
}

/// A group as a message; what would tell of fewer records than `threshold` is left out.
pub fn group_message(
    key: &GroupKey,
    group: &Group,
    remedy: &Label,
    now: i64,
    threshold: u64,
) -> pb::HeldGroup {
    let told = group.records >= threshold;
    let (axis, rule, check) = match &key.want {
        Want::Fact(axis) => (axis.as_str(), "", ""),
        Want::Rule(rule) => ("", rule.as_str(), ""),
        Want::Check(check) => ("", "", check.as_str()),
    };
    // Differences of two told counts are told as well.
    let alone = Some(group.alone).filter(|alone| {
        let others = group.records - alone;
        told && [*alone, others]
            .iter()
            .all(|part| *part == 0 || *part >= threshold)
    });
    pb::HeldGroup {
        reporter: key.reporter.clone(),
        unit: key.unit.clone().unwrap_or_default(),
        table: key.table.clone(),
        axis: axis.to_owned(),
        rule: rule.to_owned(),
        check: check.to_owned(),
        owner: owner_message(key.owner).into(),
        records: Some(count_message(group.records, threshold)),
        alone: alone.unwrap_or_default(),
        oldest_days: if told { days(group.oldest, now) } else { 0 },
        first: told.then(|| date_message(group.first)),
        last: told.then(|| date_message(group.last)),
        possible: group.possible.iter().filter(|_| told).cloned().collect(),
        remedy: Some(label_message(remedy)),
    }
}

/// A held record as a message. `reason` tells why a row holds, by release, table and rule.
pub fn held_message(
    item: &Item,
    now: i64,
    reason: impl Fn(&str, &str, &str) -> Option<Label>,
) -> pb::HeldRecord {
    pb::HeldRecord {
        kind: kind_message(item.kind).into(),
        id: item.id.clone(),
        revision: item.revision,
        position: item.position,
        date: Some(date_message(item.date)),
        since_micros: item.since,
        days: item.days(now),
        waits: item
            .waits
            .iter()
            .map(|wait| wait_message(wait, &reason))
            .collect(),
        more_waits: item.more,
    }
}

/// A combination as a message. `own` is whether the caller acts for its reporters: then records are named; otherwise
/// what would tell of fewer than `threshold` records is left out.
pub fn unmatched_message(
    combination: &Combination,
    occurrence: &Occurrence,
    reason: Option<Label>,
    own: bool,
    threshold: u64,
) -> pb::UnmatchedCombination {
    let told = occurrence.records >= threshold;
    let reporters = occurrence.reporters.iter();
    let named: Vec<String> = reporters
        .filter(|(_, count)| told && **count >= threshold)
        .map(|(reporter, _)| reporter.clone())
        .collect();
    let more = occurrence.reporters.len() - named.len();
    pb::UnmatchedCombination {
        table: combination.table.clone(),
        rule: combination.rule.clone(),
        guard: combination.guard,
        reason: reason.as_ref().map(label_message),
        facts: if told {
            fact_messages(&combination.facts)
        } else {
            Vec::new()
        },
        records: Some(count_message(occurrence.records, threshold)),
        reporters: named,
        more_reporters: if told {
            u32::try_from(more).unwrap_or(u32::MAX)
        } else {
            0
        },
        first: told.then(|| date_message(occurrence.first)),
        last: told.then(|| date_message(occurrence.last)),
        example: own.then(|| pb::supply_fact_request::Key {
            kind: kind_message(occurrence.example.1).into(),
            id: occurrence.example.2.clone(),
        }),
    }
}

fn wait_message(wait: &Wait, reason: impl Fn(&str, &str, &str) -> Option<Label>) -> pb::held_record::Wait {
    let mut message = pb::held_record::Wait {
        release: wait.release.clone(),
        table: wait.table.clone(),
        unit: wait.unit.clone().unwrap_or_default(),
        segment: wait.segment,
        parts: wait.parts,
        ..Default::default()
    };
    match &wait.cause {
        Cause::Missing { axes, possible } => {
            message.missing = axes
                .iter()
                .map(|missing| pb::held_record::Missing {
                    axis: missing.axis.clone(),
                    owner: owner_message(missing.owner).into(),
                })
                .collect();
            message.possible.clone_from(possible);
        }
        Cause::Rule { rule, guard, facts } => {
            message.reason = reason(&wait.release, &wait.table, rule)
                .as_ref()
                .map(label_message);
            message.rule.clone_from(rule);
            message.guard = *guard;
            message.facts = fact_messages(facts);
        }
        Cause::Check { code, .. } => message.check.clone_from(code),
    }
    message
}

fn days(since: i64, now: i64) -> u32 {
    u32::try_from(now.saturating_sub(since).div_euclid(DAY)).unwrap_or(0)
}
