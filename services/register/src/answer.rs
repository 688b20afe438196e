//! What the register says, as messages: outcomes, receipts, heads, what was derived.

use std::sync::Arc;

use vardnav_api::common::{coding_message, date_message, finding_message};
use vardnav_api::register::{bytes, kind_message, stated_kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_classification::facts::{SLOTS, bits};
use vardnav_classification::model::FactSource;
use vardnav_classification::{AxisIndex, DescriptionSystem, TableResult};
use vardnav_register::derived::{Derived, Part, PartDerived};
use vardnav_register::finding::Finding;
use vardnav_register::hash::from_hex;
use vardnav_register::mapping::MappedFrom;
use vardnav_register::outcome::Outcome;
use vardnav_register::receipt::{Receipt, SignedHead, stream_of};
use vardnav_register::record::Record;
use vardnav_register::text::{may_echo_id, may_echo_revision};
use vardnav_register::validate::CheckSet;
use vardnav_release::Snapshot;
use vardnav_store::View;

use crate::intake::RecordOutcome;

/// What the batch said of a record, for its outcome.
pub(crate) struct Stated {
    kind: pb::RecordKind,
    id: String,
    revision: u32,
    /// Whether the id may be repeated when the record is refused.
    repeatable: bool,
}

impl Stated {
    /// What a message says of its record.
    pub(crate) fn of(record: &pb::Record) -> Self {
        let number = record
            .person
            .as_ref()
            .map_or("", |person| person.identity.as_str());
        Self {
            kind: stated_kind(record),
            id: record.id.clone(),
            revision: record.revision,
            repeatable: may_echo_id(&record.id, number),
        }
    }
}

/// An outcome. Id and revision of a refused record are repeated unless they are themselves what may not be.
pub(crate) fn outcome(
    index: u32,
    stated: Stated,
    outcome: RecordOutcome,
    view: Option<&View>,
) -> pb::RecordOutcome {
    let id = if outcome.outcome != Outcome::Rejected || stated.repeatable {
        stated.id
    } else {
        String::new()
    };
    let derived = view
        .zip(outcome.derived.as_ref())
        .map(|(view, derived)| parts(derived, None, view))
        .unwrap_or_default();
    let revision = match outcome.outcome {
        Outcome::Rejected if !may_echo_revision(stated.revision) => 0,
        _ => stated.revision,
    };
    pb::RecordOutcome {
        index,
        kind: stated.kind.into(),
        id,
        revision: outcome.revision.unwrap_or(revision),
        outcome: outcome_message(outcome.outcome).into(),
        findings: outcome.findings.iter().map(finding_message).collect(),
        leaf: outcome.leaf.map(|leaf| bytes(&leaf)).unwrap_or_default(),
        resent: outcome.resent,
        derived,
        kept: outcome.kept,
    }
}

pub(crate) fn outcome_message(outcome: Outcome) -> pb::Outcome {
    match outcome {
        Outcome::Accepted => pb::Outcome::Accepted,
        Outcome::Held => pb::Outcome::Held,
        Outcome::Rejected => pb::Outcome::Rejected,
    }
}

/// A receipt; its lines count from 1, the message's places from 0. `leaves` are the leaf hashes in the same order.
pub(crate) fn receipt(receipt: &Receipt, leaves: &[[u8; 32]]) -> pb::Receipt {
    let leaf = |(leaf, hash): (&vardnav_register::receipt::ReceiptLeaf, &[u8; 32])| pb::ReceiptLeaf {
        index: u32::try_from(leaf.line.saturating_sub(1)).unwrap_or(u32::MAX),
        kind: kind_message(leaf.kind).into(),
        id: leaf.id.clone(),
        revision: leaf.revision,
        position: leaf.position,
        received_micros: leaf.received,
        release: leaf.release.clone(),
        content_nonce: bytes(&leaf.content_nonce),
        identity_nonce: bytes(&leaf.identity_nonce),
        derived_commitment: bytes(&leaf.derived),
        leaf: bytes(hash),
        version: leaf.version.into(),
        replaces: leaf.replaces,
        delivery: leaf.delivery.map(|delivered| delivered.opened),
        test: leaf.delivery.is_some_and(|delivered| delivered.test),
        assigned: leaf.assigned,
        withdrawn: String::new(),
    };
    pb::Receipt {
        reporter: receipt.reporter.clone(),
        leaves: receipt.leaves.iter().zip(leaves).map(leaf).collect(),
        head: Some(head(&stream_of(&receipt.reporter), &receipt.head)),
        proof: receipt.proof.hashes.iter().map(|hash| bytes(hash)).collect(),
    }
}

pub(crate) fn head(stream: &str, head: &SignedHead) -> pb::SignedHead {
    pb::SignedHead {
        stream: stream.to_owned(),
        size: head.size,
        root: bytes(&head.root),
        time_micros: head.time,
        key_id: from_hex(&head.key_id).unwrap_or_default().into(),
        signature: bytes(&head.signature),
    }
}

/// What was found when a record was taken, in the words of the releases that described it.
pub(crate) fn findings(derived: &Derived, view: &View) -> Vec<Finding> {
    let mut releases: Vec<&str> = derived.parts.iter().map(|part| part.release.as_str()).collect();
    releases.dedup();
    let checks: Vec<&CheckSet> = releases
        .into_iter()
        .filter_map(|release| Some(view.snapshot(release)?.view().checks))
        .collect();
    let stored = derived.findings.iter();
    stored
        .map(|finding| Finding::from_stored(finding, checks.iter().copied()))
        .collect()
}

/// What was derived, in the codes of the releases that derived it. Of the record come the codes that gave facts.
pub(crate) fn parts(derived: &Derived, record: Option<&Record>, view: &View) -> Vec<pb::DerivedPart> {
    parts_of(derived, record, |id| view.snapshot(id))
}

/// As [`parts`], with the releases that `release` gives by their ids.
pub(crate) fn parts_of<'a>(
    derived: &Derived,
    record: Option<&Record>,
    release: impl Fn(&str) -> Option<&'a Arc<Snapshot>>,
) -> Vec<pb::DerivedPart> {
    let parts = derived.parts.iter();
    parts
        .filter_map(|part| {
            let release = release(&part.release)?;
            Some(part_message(part, record, &release.description))
        })
        .collect()
}

fn mapped_message(from: &MappedFrom, record: Option<&Record>) -> pb::MappedFrom {
    pb::MappedFrom {
        map: from.map.clone(),
        path: from.path.to_string(),
        code: record.and_then(|record| from.path.of(record)).map(coding_message),
    }
}

fn part_message(part: &PartDerived, record: Option<&Record>, system: &DescriptionSystem) -> pb::DerivedPart {
    let tables = system.tables().zip(&part.tables);
    let values = tables.filter_map(|((index, table), result)| {
        let slot = system.slot_of(index)?;
        let code = |value: u8| system.value_code(slot, value).to_owned();
        let (values, rule, held) = match *result {
            TableResult::NotApplicable => return None,
            TableResult::Value { value, rule } => {
                let rule = system.rule(index, rule).map(|rule| rule.id.clone());
                (vec![code(value)], rule.unwrap_or_default(), false)
            }
            TableResult::Held { .. } => (Vec::new(), String::new(), true),
            TableResult::Collected { values, .. } => (bits(values).map(code).collect(), String::new(), false),
        };
        Some(pb::DerivedValue {
            table: table.id.clone(),
            values,
            rule,
            held,
        })
    });
    let facts = (0..SLOTS).filter_map(AxisIndex::new).filter_map(|axis| {
        let source = part.facts.source(axis)?;
        Some(pb::SourcedFact {
            axis: system.axis_id(axis).to_owned(),
            values: bits(part.facts.values(axis))
                .map(|value| system.value_code(axis, value).to_owned())
                .collect(),
            source: source_name(source).to_owned(),
            mapped_from: part
                .mapped
                .iter()
                .filter(|from| from.axis == axis)
                .map(|from| mapped_message(from, record))
                .collect(),
        })
    });
    pb::DerivedPart {
        segment: match part.part {
            Part::Segment(index) => u32::try_from(index).ok(),
            Part::Contact | Part::MonitoringPeriod => None,
        },
        date: Some(date_message(part.date)),
        release: part.release.clone(),
        values: values.collect(),
        facts: facts.collect(),
    }
}

pub(crate) fn source_name(source: FactSource) -> &'static str {
    match source {
        FactSource::Record => "record",
        FactSource::Segment => "segment",
        FactSource::Episode => "episode",
        FactSource::Unit => "unit",
        FactSource::Derived => "derived",
        FactSource::Mapped => "mapped",
    }
}
