//! Judging the records of a batch of a delivery: pure work over what was looked up. A record that says what the delivery
//! holds of it last is answered with that, one that is the same as the current one is kept, any other becomes the next
//! revision of its record: the last word counts. Lines that were answered before are answered as then.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vardnav_register::delivery::{Deliveries, Month, spans};
use vardnav_register::entry::Nonce;
use vardnav_register::finding::Finding;
use vardnav_register::outcome::{assess, is_same};
use vardnav_register::record::{Record, RecordKind};
use vardnav_store::{StoreError, Vault};

use super::chains::Chain;
use super::findings;
use super::session::RECORDS_MAX;
use crate::batch::{Candidate, Judge, Judged, Kept, Read, Verdict, identity_nonce, says_the_same};
use crate::ledger::Former;
use crate::surroundings::BatchSurroundings;

/// What a batch of a delivery is judged against.
pub(crate) struct Delivering {
    pub(crate) reporter: String,
    /// The instant at which it is taken.
    pub(crate) received: i64,
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
    /// How many records may come to those that it holds.
    pub(crate) room: usize,
    /// The records of the batch by name: the place of their chain.
    pub(crate) places: HashMap<(RecordKind, String), usize>,
    pub(crate) chains: Vec<Chain>,
}

/// Judges the records of a batch of a delivery.
#[derive(Clone)]
pub(crate) struct Delivered {
    against: Arc<Delivering>,
    /// By the place of the chain.
    seen: HashMap<usize, Seen>,
    /// How many records came to those that the delivery holds.
    came: usize,
    /// Positions of entries that are noted as the same as before.
    pub(crate) kept: Vec<u64>,
}

/// What came of a record earlier in the batch.
#[derive(Clone, Default)]
struct Seen {
    places: Vec<usize>,
    /// How many next revisions it got, and the last of them.
    new: u32,
    last: u32,
}

/// A revision that is to be taken: the place of its chain, its own, and its number.
pub(crate) struct Revised {
    chain: usize,
    place: usize,
    revision: u32,
}

impl Delivered {
    /// Judges what is delivered.
    pub(crate) fn new(against: Delivering) -> Self {
        Self {
            against: Arc::new(against),
            seen: HashMap::new(),
            came: 0,
            kept: Vec::new(),
        }
    }
}

impl Judge for Delivered {
    type Mark = Revised;

    fn judge(
        &mut self,
        record: &Record,
        place: usize,
        records: &[Read],
        surroundings: &BatchSurroundings,
        vault: &dyn Vault,
    ) -> Result<Verdict<Revised>, StoreError> {
        let settled = |judged| Ok(Verdict::Settled(judged));
        let against = self.against.as_ref();
        let name = (record.kind(), record.id.clone());
        let chain = against.places.get(&name).copied();
        let Some((at, chain)) = chain.and_then(|at| Some((at, against.chains.get(at)?))) else {
            return settled(Judged::Rejected(vec![findings::unknown_record()]));
        };
        let before = self.seen.entry(at).or_default();
        let states = match against.answers_any() {
            true => before.places.as_slice(),
            false => before.places.last().map_or(&[][..], std::slice::from_ref),
        };
        let repeats = states.iter().copied().find(|place| {
            let other = records.get(*place).and_then(|other| other.as_ref().ok());
            other.is_some_and(|other| says_the_same(record, other, against.received))
        });
        if let Some(earlier) = repeats {
            return settled(Judged::Repeats(earlier));
        }
        let is_behind = !before.places.is_empty() && !against.answers_any();
        if !is_behind && let Some(held) = against.held(record, chain, vault)? {
            before.places.push(place);
            return settled(held);
        }
        if let Some(refused) = against.refused(chain) {
            return settled(refused);
        }
        let current = chain.current(&against.deliveries);
        let is_first = before.places.is_empty() && chain.within(against.opened).next().is_none();
        if is_first && self.came >= against.room {
            let full = findings::full(against.number, RECORDS_MAX);
            return settled(Judged::Rejected(vec![full]));
        }
        if is_first
            && let Some(former) = current
            && let Some(same) = same(record, former, vault)?
        {
            if let Some(found) = against.against_keeping(record, former, surroundings) {
                return settled(Judged::Rejected(found));
            }
            self.came += 1;
            self.kept.push(former.position);
            before.places.push(place);
            return settled(same.kept());
        }
        let latest = match against.test {
            true => chain.latest_tested,
            false => chain.latest,
        };
        let next = Record {
            revision: latest.saturating_add(before.new).saturating_add(1),
            ..record.clone()
        };
        let replaces = match before.new {
            0 => against.replaced_by_next(chain, current),
            _ => before.last,
        };
        Ok(against.next(next, replaces, (at, place), surroundings))
    }

    fn took(&mut self, mark: Revised) {
        let seen = self.seen.entry(mark.chain).or_default();
        self.came += usize::from(seen.places.is_empty());
        seen.new += 1;
        seen.last = mark.revision;
        seen.places.push(mark.place);
    }
}

impl Delivering {
    /// A record as the next of its revisions.
    fn next(
        &self,
        next: Record,
        replaces: u32,
        (chain, place): (usize, usize),
        surroundings: &BatchSurroundings,
    ) -> Verdict<Revised> {
        let assessment = assess(&next, &self.reporter, self.received, surroundings);
        let mut found = assessment.findings;
        let is_other_period = !spans(&next).touch(&self.periods);
        if is_other_period {
            found.insert(0, findings::other_period(self.number));
        }
        let Some((_, derived)) = assessment.accepted.filter(|_| !is_other_period) else {
            return Verdict::Settled(Judged::Rejected(found));
        };
        let mark = Revised {
            chain,
            place,
            revision: next.revision,
        };
        let candidate = Candidate {
            record: Some(next),
            outcome: assessment.outcome,
            findings: found,
            derived,
            replaces,
        };
        Verdict::ToTake(Box::new(candidate), mark)
    }

    /// What speaks against noting a record as the same as before: that it is of other months, or that the delivery's
    /// register may not hold it as it stands, when it was not delivered to that register.
    fn against_keeping(
        &self,
        record: &Record,
        former: &Former,
        surroundings: &BatchSurroundings,
    ) -> Option<Vec<Finding>> {
        let register = |opened| Some(self.deliveries.get(opened)?.opening.register.as_str());
        let header = &former.entry.header;
        let of = header.delivery.and_then(|delivered| register(delivered.opened));
        let mut found = Vec::new();
        if of.is_none() || of != register(self.opened) {
            let as_before = Record {
                revision: header.revision,
                ..record.clone()
            };
            let assessment = assess(&as_before, &self.reporter, self.received, surroundings);
            if assessment.accepted.is_none() {
                found = assessment.findings;
            }
        }
        if !spans(record).touch(&self.periods) {
            found.insert(0, findings::other_period(self.number));
        }
        (!found.is_empty()).then_some(found)
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

#[cfg(test)]
mod tests {
    use vardnav_interchange::register::read::read_record;
    use vardnav_release::Snapshot;
    use vardnav_release::package::Package;
    use vardnav_store::{Authority, FileVault, Loader, Memory};
    use vardnav_terminology::Edition;

    use super::*;

    struct NoReleases;

    impl Loader for NoReleases {
        fn load_release(&self, _: &Package, _: &[Arc<Edition>]) -> Result<Snapshot, String> {
            Err("there is none".to_owned())
        }
    }

    fn record(id: &str) -> Option<Record> {
        let line = format!(
            r#"{{"reporter":"a","kind":"contact","id":"{id}","revision":1,"date":"2026-03-10","professions":["nurse"],
            "person":{{"type":"personnummer","number":"19821105-9954"}}}}"#
        );
        Some(read_record(line.as_bytes()).ok()?.record)
    }

    #[tokio::test]
    async fn a_full_delivery_takes_what_it_holds_again_and_nothing_more() {
        let folder = tempfile::tempdir().ok();
        let vault = folder.and_then(|folder| FileVault::open(folder.path()).ok());
        let authority = Authority::open(Arc::new(Memory::new()), Arc::new(NoReleases)).await;
        let (Some(vault), Ok(authority)) = (vault, authority) else {
            panic!("neither needs anything");
        };
        let surroundings = BatchSurroundings::of(authority.view(), HashMap::new());
        let records: Vec<Record> = ["a", "b"].into_iter().filter_map(record).collect();
        let places = records.iter().zip(0..);
        let delivering = Delivering {
            reporter: "a".to_owned(),
            received: 0,
            number: 1,
            opened: 0,
            test: false,
            closed: false,
            resent: false,
            periods: Vec::new(),
            deliveries: Deliveries::default(),
            noted: HashSet::new(),
            room: 1,
            places: places
                .map(|(record, at)| ((record.kind(), record.id.clone()), at))
                .collect(),
            chains: vec![Chain::default(), Chain::default()],
        };
        let mut judge = Delivered::new(delivering);
        let is_full = |judge: &mut Delivered, at: usize| {
            let judged = records
                .get(at)
                .map(|record| judge.judge(record, 2, &[], &surroundings, &vault));
            match judged {
                Some(Ok(Verdict::Settled(Judged::Rejected(found)))) => {
                    found.iter().any(|finding| finding.code == "VN-DEL-006")
                }
                _ => panic!("without a release nothing is taken"),
            }
        };
        assert!(!is_full(&mut judge, 0) && !is_full(&mut judge, 1));
        judge.took(Revised {
            chain: 0,
            place: 0,
            revision: 1,
        });
        assert!(!is_full(&mut judge, 0) && is_full(&mut judge, 1));
    }
}
