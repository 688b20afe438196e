//! Judging records that are reported one by one, whose revisions the reporter numbers: new, the same as before, other
//! content, or a gap.

use std::collections::HashMap;
use std::sync::Arc;

use vardnav_register::entry::{Nonce, row_key};
use vardnav_register::outcome::{Standing, assess, is_same, standing};
use vardnav_register::record::{Record, RecordKind};
use vardnav_register::validate::{Mechanism, finding_about};
use vardnav_store::{StoreError, Vault};

use super::{Candidate, Judge, Judged, Kept, Read, Verdict, identity_nonce, says_the_same};
use crate::delivery::findings;
use crate::ledger::Former;
use crate::surroundings::BatchSurroundings;

/// What was looked up for a batch before it is judged.
#[derive(Default)]
pub(crate) struct LookedUp {
    /// Former entries of the very revisions that are reported.
    pub(crate) formers: HashMap<[u8; 16], Former>,
    /// Latest revision in the ledger of the records that are revised; those never reported are left out.
    pub(crate) latest: HashMap<(RecordKind, String), u32>,
    /// What the next revision takes the place of, where that is not the revision before: it was withdrawn, or never
    /// became current.
    pub(crate) replaces: HashMap<(RecordKind, String), u32>,
    /// Numbers of the open deliveries that hold the latest revisions of records.
    pub(crate) waiting: HashMap<(RecordKind, String), u32>,
}

/// Judges the records of one reporter's batch.
#[derive(Clone)]
pub(crate) struct Single {
    reporter: Arc<str>,
    received: i64,
    looked_up: Arc<LookedUp>,
    /// How far the records have come in the batch.
    latest: HashMap<Name, u32>,
    /// Where the first record of a revision stands in the batch, of those that the register takes or holds.
    seen: HashMap<[u8; 16], usize>,
}

/// What a record is known by in its reporter's stream.
type Name = (RecordKind, String);

/// A revision of a record in its place of the batch.
pub(crate) struct Revised {
    key: [u8; 16],
    name: Name,
    revision: u32,
    place: usize,
}

impl Single {
    /// Judges records that a reporter reports at an instant.
    pub(crate) fn new(reporter: &str, received: i64, looked_up: LookedUp) -> Self {
        Self {
            reporter: reporter.into(),
            received,
            looked_up: Arc::new(looked_up),
            latest: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    /// A record that is the next of its revisions.
    fn next(&self, record: &Record, mark: Revised, surroundings: &BatchSurroundings) -> Verdict<Revised> {
        let assessment = assess(record, &self.reporter, self.received, surroundings);
        let Some((_, derived)) = assessment.accepted else {
            return Verdict::Settled(Judged::Rejected(assessment.findings));
        };
        let LookedUp { latest, replaces, .. } = self.looked_up.as_ref();
        let before = record.revision.saturating_sub(1);
        let is_first = latest.get(&mark.name).copied().unwrap_or_default() == before;
        let replaced = replaces.get(&mark.name).filter(|_| is_first);
        let candidate = Candidate {
            record: None,
            outcome: assessment.outcome,
            findings: assessment.findings,
            derived,
            replaces: replaced.copied().unwrap_or(before),
        };
        Verdict::ToTake(Box::new(candidate), mark)
    }

    /// A record whose revision is not the next: it is told that, and what else is wrong.
    fn gap(
        &self,
        record: &Record,
        (known, expected): (Option<u32>, u32),
        surroundings: &BatchSurroundings,
    ) -> Judged {
        let mut findings = assess(record, &self.reporter, self.received, surroundings).findings;
        let detail = match known {
            Some(_) => format!("the next is {expected}"),
            None => "the one before it was not taken".to_owned(),
        };
        let gap = Mechanism::IdRevisionGap;
        findings.insert(0, finding_about(record, gap, "revision", &detail, surroundings));
        Judged::Rejected(findings)
    }

    /// A record that the register holds with the same content.
    fn same(&mut self, former: &Former, nonce: Nonce, mark: Revised) -> Option<Judged> {
        let kept = Kept::of(&former.entry, former.leaf, Some(former.position), nonce)?;
        self.took(mark);
        Some(Judged::Resent {
            kept: Box::new(kept),
            derived: former.entry.derived().ok().flatten().map(|(_, derived)| derived),
            as_before: false,
        })
    }
}

impl Judge for Single {
    type Mark = Revised;

    fn judge(
        &mut self,
        record: &Record,
        place: usize,
        records: &[Read],
        surroundings: &BatchSurroundings,
        vault: &dyn Vault,
    ) -> Result<Verdict<Revised>, StoreError> {
        let key = row_key(record.kind(), &record.id, record.revision);
        if let Some(earlier) = self.seen.get(&key).copied() {
            let same = records.get(earlier).and_then(|other| other.as_ref().ok());
            let same = same.is_some_and(|other| says_the_same(record, other, self.received));
            return Ok(Verdict::Settled(match same {
                true => Judged::Repeats(earlier),
                false => other_content(record, surroundings),
            }));
        }
        let looked_up = Arc::clone(&self.looked_up);
        let former = looked_up.formers.get(&key);
        let nonce = former
            .map(|former| identity_nonce(&former.entry, vault))
            .transpose()?
            .flatten();
        let same = former.map(|former| nonce.is_some_and(|nonce| is_same(record, &former.entry, &nonce)));
        let name = (record.kind(), record.id.clone());
        let in_batch = self.latest.get(&name).copied();
        let known = in_batch.or_else(|| looked_up.latest.get(&name).copied());
        let standing = standing(record.revision, known.unwrap_or_default(), same);
        if let Some(number) = looked_up
            .waiting
            .get(&name)
            .filter(|_| standing != Standing::Same)
        {
            return Ok(Verdict::Settled(Judged::Rejected(vec![findings::waits(*number)])));
        }
        let mark = Revised {
            key,
            name,
            revision: record.revision.max(known.unwrap_or_default()),
            place,
        };
        Ok(match (standing, former, nonce) {
            (Standing::New, ..) => self.next(record, mark, surroundings),
            (Standing::RevisionGap { expected }, ..) => {
                Verdict::Settled(self.gap(record, (known, expected), surroundings))
            }
            (Standing::Same, Some(former), Some(nonce)) => {
                let same = self.same(former, nonce, mark);
                Verdict::Settled(same.unwrap_or_else(|| other_content(record, surroundings)))
            }
            (Standing::Same | Standing::OtherContent, ..) => {
                Verdict::Settled(other_content(record, surroundings))
            }
        })
    }

    fn took(&mut self, mark: Revised) {
        self.seen.insert(mark.key, mark.place);
        self.latest.insert(mark.name, mark.revision);
    }
}

fn other_content(record: &Record, surroundings: &BatchSurroundings) -> Judged {
    let other = Mechanism::IdOtherContent;
    Judged::Rejected(vec![finding_about(record, other, "revision", "", surroundings)])
}
