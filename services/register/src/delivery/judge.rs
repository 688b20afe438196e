//! Judging the records of a batch of a delivery: pure work over what was looked up. A record that says what the delivery
//! holds of it last is answered with that, one that is the same as the current one is kept, any other becomes the next
//! revision of its record: the last word counts. Lines that were answered before are answered as then.

use std::collections::{HashMap, HashSet};

use vardnav_register::delivery::{Deliveries, Month, spans};
use vardnav_register::entry::Nonce;
use vardnav_register::outcome::{assess, is_same};
use vardnav_register::record::{Record, RecordKind};
use vardnav_store::{StoreError, Vault};

use super::chains::Chain;
use super::findings;
use crate::batch::{Judged, Kept, Read, Refused, identity_nonce, says_the_same, stand_for_later};
use crate::ledger::Former;
use crate::surroundings::BatchSurroundings;

/// What a batch of a delivery is judged against.
pub(crate) struct Delivering {
    pub(crate) number: u32,
    pub(crate) opened: u64,
    pub(crate) test: bool,
    /// Whether nothing new is taken any more.
    pub(crate) closed: bool,
    /// Whether the lines of the batch were answered before.
    pub(crate) resent: bool,
    pub(crate) periods: Vec<Month>,
    pub(crate) deliveries: Deliveries,
    /// Of the entries in the chains, the positions of those that the delivery noted as the same as before.
    pub(crate) noted: HashSet<u64>,
    /// The records of the batch by name: the place of their chain.
    pub(crate) places: HashMap<(RecordKind, String), usize>,
    pub(crate) chains: Vec<Chain>,
}

/// A batch judged.
pub(crate) struct JudgedBatch {
    pub(crate) judged: Vec<Judged>,
    /// The records with the revisions that the register gives them.
    pub(crate) records: Vec<Read>,
    /// Positions of entries that are noted as the same as before.
    pub(crate) kept: Vec<u64>,
}

/// What came of a record earlier in the batch.
#[derive(Default)]
struct Seen {
    places: Vec<usize>,
    /// The places of those that were refused once their persons were known.
    refused: Vec<usize>,
    /// How many next revisions it got, and the last of them.
    new: u32,
    last: u32,
}

impl Delivering {
    /// Judges every record in order; episodes of the batch stand for the records after them, but for those that were
    /// refused. `of` are the reporter, the instant and what was refused.
    ///
    /// # Errors
    /// When a nonce that the vault sealed cannot be opened again: then nothing can be said of what was sent before.
    pub(crate) fn judge(
        &self,
        (reporter, received, refused): (&str, i64, &Refused),
        mut records: Vec<Read>,
        surroundings: &mut BatchSurroundings,
        vault: &dyn Vault,
    ) -> Result<JudgedBatch, StoreError> {
        let mut seen: HashMap<usize, Seen> = HashMap::new();
        let mut judged = Vec::with_capacity(records.len());
        let mut kept = Vec::new();
        for place in 0..records.len() {
            let (earlier, rest) = records.split_at_mut(place);
            let record = match rest.first_mut() {
                Some(Ok(record)) => record,
                Some(Err(finding)) => {
                    judged.push(Judged::Rejected(vec![finding.clone()]));
                    continue;
                }
                None => break,
            };
            let name = (record.kind(), record.id.clone());
            let Some((at, chain)) = self
                .places
                .get(&name)
                .and_then(|at| Some((*at, self.chains.get(*at)?)))
            else {
                judged.push(Judged::Rejected(vec![findings::unknown_record()]));
                continue;
            };
            let before = seen.entry(at).or_default();
            let states = match self.answers_any() {
                true => before.places.as_slice(),
                false => before.places.last().map_or(&[][..], std::slice::from_ref),
            };
            let repeats = states.iter().chain(&before.refused).copied().find(|place| {
                let other = earlier.get(*place).and_then(|other| other.as_ref().ok());
                other.is_some_and(|other| says_the_same(record, other, received))
            });
            if let Some(earlier) = repeats {
                judged.push(Judged::Repeats(earlier));
                continue;
            }
            if let Some(findings) = refused.at(place) {
                before.refused.push(place);
                judged.push(Judged::Rejected(findings.clone()));
                continue;
            }
            let is_behind = !before.places.is_empty() && !self.answers_any();
            if !is_behind && let Some(held) = self.held(record, chain, vault)? {
                before.places.push(place);
                judged.push(held);
                continue;
            }
            if let Some(refused) = self.refused(chain) {
                judged.push(refused);
                continue;
            }
            let current = chain.current(&self.deliveries);
            let is_first = before.places.is_empty() && chain.within(self.opened).next().is_none();
            if is_first
                && let Some(former) = current
                && let Some(same) = same(record, former, vault)?
            {
                kept.push(former.position);
                before.places.push(place);
                judged.push(same.kept());
                continue;
            }
            let latest = match self.test {
                true => chain.latest_tested,
                false => chain.latest,
            };
            record.revision = latest.saturating_add(before.new).saturating_add(1);
            let assessment = assess(record, reporter, received, surroundings);
            let mut found = assessment.findings;
            let periods = !spans(record).touch(&self.periods);
            if periods {
                found.insert(0, findings::other_period(self.number));
            }
            judged.push(match assessment.accepted.filter(|_| !periods) {
                None => Judged::Rejected(found),
                Some((identity, derived)) => {
                    let replaces = match before.new {
                        0 => self.replaced_by_next(chain, current),
                        _ => before.last,
                    };
                    before.new += 1;
                    before.last = record.revision;
                    before.places.push(place);
                    stand_for_later(record, None, &derived, surroundings);
                    Judged::New {
                        outcome: assessment.outcome,
                        findings: found,
                        identity,
                        derived,
                        replaces,
                    }
                }
            });
        }
        Ok(JudgedBatch {
            judged,
            records,
            kept,
        })
    }

    /// Whether a record may be answered with whatever the delivery ever held of it: nothing that is new would come.
    fn answers_any(&self) -> bool {
        self.resent || self.closed
    }

    /// What the delivery holds of a record last: a revision of its own, or one noted as the same as before.
    fn held(&self, record: &Record, chain: &Chain, vault: &dyn Vault) -> Result<Option<Judged>, StoreError> {
        for former in chain.within(self.opened) {
            if let Some(same) = same(record, former, vault)? {
                return Ok(Some(same.resent()));
            }
            if !self.answers_any() {
                return Ok(None);
            }
        }
        let noted = chain
            .entries
            .iter()
            .filter(|former| self.noted.contains(&former.position));
        for former in noted {
            if let Some(same) = same(record, former, vault)? {
                return Ok(Some(same.kept()));
            }
        }
        Ok(None)
    }

    fn refused(&self, chain: &Chain) -> Option<Judged> {
        if self.closed {
            return Some(Judged::Rejected(vec![findings::not_open(self.number)]));
        }
        let other = chain
            .waits_in(&self.deliveries)
            .filter(|opened| *opened != self.opened)?;
        let number = self.deliveries.get(other).map_or(0, |other| other.opening.number);
        (!self.test).then(|| Judged::Rejected(vec![findings::waits(number)]))
    }

    /// The revision that the next one takes the place of.
    fn replaced_by_next(&self, chain: &Chain, current: Option<&Former>) -> u32 {
        let own = chain.within(self.opened).next().filter(|_| !self.test);
        replaced(own.or(current))
    }
}

/// What a revision that comes after another takes the place of.
pub(crate) fn replaced(before: Option<&Former>) -> u32 {
    before.map_or(0, |before| match before.entry.is_withdrawal() {
        true => 0,
        false => before.entry.header.revision,
    })
}

/// A former entry that says the same as a record.
struct Same<'a> {
    former: &'a Former,
    nonce: Nonce,
}

fn same<'a>(record: &Record, former: &'a Former, vault: &dyn Vault) -> Result<Option<Same<'a>>, StoreError> {
    let nonce = identity_nonce(&former.entry, vault)?;
    Ok(nonce
        .filter(|nonce| is_same(record, &former.entry, nonce))
        .map(|nonce| Same { former, nonce }))
}

impl Same<'_> {
    fn resent(self) -> Judged {
        self.judged(false)
    }

    fn kept(self) -> Judged {
        self.judged(true)
    }

    fn judged(self, as_before: bool) -> Judged {
        let Former {
            position,
            leaf,
            entry,
        } = self.former;
        match Kept::of(entry, *leaf, Some(*position), self.nonce) {
            Some(kept) => Judged::Resent {
                kept: Box::new(kept.assigned()),
                derived: entry.derived().ok().flatten().map(|(_, derived)| derived),
                as_before,
            },
            // What is the same was compared, so it is there.
            None => Judged::Rejected(Vec::new()),
        }
    }
}
