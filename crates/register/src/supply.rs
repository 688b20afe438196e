//! Supplying one fact to a record that lacks it: the next revision is the latest one with the fact added, about the same
//! person. Nothing that is stated or known is overwritten. Which records, and keeping the revisions, is the caller's.
//!
//! The entry of such a revision carries the commitment to the identity of the entry before it under the same nonce, so
//! that whoever reported the record can prove the revision with the number reported then. The person key is the one
//! before; the number is not needed and is not asked for.

use std::collections::BTreeSet;

use vardnav_classification::DescriptionSystem;
use vardnav_classification::facts::bits;
use vardnav_classification::model::FactSource;

use crate::bytes::DecodeError;
use crate::content::content_bytes;
use crate::derived::{Derived, Part, PartDerived};
use crate::entry::{Entry, EntryBody, Header, Nonce};
use crate::identity::PersonKey;
use crate::record::{Body, Fact, Person, Record};
use crate::validate::UNKNOWN;

/// What is supplied, and where in the record it is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplied {
    /// The fact.
    pub fact: Fact,
    /// Index of the segment it is stated of; `None` for the record as a whole.
    pub segment: Option<usize>,
}

/// Why a fact is not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// The record states the axis otherwise.
    #[error("the record states other values of the axis: a revision that replaces them is reported")]
    StatedOtherwise,
    /// The record has no such segment.
    #[error("the record has no segment with this index")]
    NoSuchSegment,
    /// No revision can follow.
    #[error("the record has as many revisions as there can be")]
    NoRevisionLeft,
}

/// How a fact stands to what was known of the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It says what was not known.
    Tells,
    /// All parts that it would be about know it already.
    KnownAlready,
    /// A part knows another value, from this source.
    KnownOtherwise(FactSource),
    /// It would not be used: the release takes the axis from elsewhere.
    None,
}

impl Supplied {
    /// The next revision of a record, with the fact; `None` when it states the very same already. A fact that states
    /// nothing, or that it is unknown, is the same as none.
    ///
    /// # Errors
    /// [`NotAdded`] when the record states the axis otherwise, or has no such place.
    pub fn added_to(&self, record: &Record) -> Result<Option<Record>, NotAdded> {
        let mut next = record.clone();
        let facts = match (self.segment, &mut next.body) {
            (None, _) => &mut next.facts,
            (Some(index), Body::Episode(episode)) => {
                let segment = episode.segments.get_mut(index);
                &mut segment.ok_or(NotAdded::NoSuchSegment)?.facts
            }
            (Some(_), Body::Contact(_) | Body::MonitoringPeriod(_) | Body::CareRequest(_)) => {
                return Err(NotAdded::NoSuchSegment);
            }
        };
        let own = facts.iter().filter(|fact| fact.axis == self.fact.axis);
        let stated: BTreeSet<&str> = own.flat_map(known_values).collect();
        if !stated.is_empty() {
            return if stated == known_values(&self.fact).collect() {
                Ok(None)
            } else {
                Err(NotAdded::StatedOtherwise)
            };
        }
        facts.retain(|fact| fact.axis != self.fact.axis);
        facts.push(self.fact.clone());
        next.revision = record.revision.checked_add(1).ok_or(NotAdded::NoRevisionLeft)?;
        Ok(Some(next))
    }

    /// How the fact stands to what was known `before`, as the parts it is about are described `after` it. `system` finds
    /// the description system of a release by the release's id.
    pub fn effect<'a>(
        &self,
        before: &Derived,
        after: &Derived,
        system: impl Fn(&str) -> Option<&'a DescriptionSystem>,
    ) -> Effect {
        let mut effect = Effect::KnownAlready;
        let about = |part: &&PartDerived| self.segment.is_none_or(|index| part.part == Part::Segment(index));
        for part in after.parts.iter().filter(about) {
            let former = before.parts.iter().find(|former| former.part == part.part);
            let former = former.and_then(|former| self.known(former, &system));
            let now = self.known(part, &system);
            match (former, now) {
                (Some((was, source)), now) if now.as_ref().is_none_or(|(values, _)| *values != was) => {
                    return Effect::KnownOtherwise(source);
                }
                (Some(_), _) => {}
                (None, Some(_)) => effect = Effect::Tells,
                (None, None) if effect == Effect::KnownAlready => effect = Effect::None,
                (None, None) => {}
            }
        }
        effect
    }

    /// The codes that a part knows of the axis, and from where.
    fn known<'a>(
        &self,
        part: &PartDerived,
        system: impl Fn(&str) -> Option<&'a DescriptionSystem>,
    ) -> Option<(Vec<&'a str>, FactSource)> {
        let system = system(&part.release)?;
        let axis = system.axis(&self.fact.axis)?;
        let source = part.facts.source(axis)?;
        let values = bits(part.facts.values(axis)).map(|value| system.value_code(axis, value));
        Some((values.collect(), source))
    }
}

/// The person of a revision that is made from the one before it: withheld, but for the protection.
pub fn person_before(derived: &Derived) -> Person {
    Person {
        protected: derived.protected,
        ..Person::withheld()
    }
}

/// The entry of a revision about the same person as the entry before it. `sealed_identity_nonce` is the nonce of that
/// entry, sealed for the new header. `None` when the entry before was erased or withdraws the record.
///
/// # Errors
/// [`DecodeError`] when the version of the header is not known.
pub fn next_entry(
    former: &Entry,
    header: Header,
    record: &Record,
    (person, derived): (PersonKey, &Derived),
    (content_nonce, derived_nonce): (Nonce, Nonce),
    sealed_identity_nonce: Vec<u8>,
) -> Result<Option<Entry>, DecodeError> {
    if !matches!(former.body, EntryBody::Whole { .. }) {
        return Ok(None);
    }
    let content = content_bytes(record, header.version)?;
    let derived = derived.encode(person, header.version)?;
    Ok(Some(Entry {
        header,
        identity: former.identity,
        body: EntryBody::Whole {
            content,
            content_nonce,
            sealed_identity_nonce,
            derived,
            derived_nonce,
        },
    }))
}

fn known_values(fact: &Fact) -> impl Iterator<Item = &str> {
    let values = fact.values.iter().map(String::as_str);
    values.filter(|value| !value.is_empty() && *value != UNKNOWN)
}
