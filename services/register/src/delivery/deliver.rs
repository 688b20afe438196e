//! Taking a batch of a delivery: as a batch that is reported record by record, but for who gives the revisions and for
//! what is the same as before, which is noted and not appended again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vardnav_register::delivery::KeptNote;
use vardnav_register::entry::{self, test_key};
use vardnav_register::record::RecordKind;
use vardnav_register::surroundings::CollectedFor;
use vardnav_store::{Row, Store, StoreError, StreamId, View};

use super::Known;
use super::chains::chains;
use super::findings;
use super::judge::{Delivered, Delivering};
use super::session::Session;
use crate::Register;
use crate::audit::By;
use crate::batch::{Batch, Judged, Read};
use crate::intake::{BatchAnswer, Taken, all_loaded, named_episodes, pieces};
use crate::ledger::{self, Among};
use crate::surroundings::BatchSurroundings;
use crate::tries::{Tries, is_conflict};

/// Which delivery a batch belongs to, and where its records come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Of {
    /// Number of the delivery.
    pub(crate) number: u32,
    /// Name of the input.
    pub(crate) input: String,
    /// Line of the last record in it.
    pub(crate) last_line: u64,
}

impl Register {
    /// Takes a batch of a delivery of a reporter that is known.
    ///
    /// # Errors
    /// When the store does not take it; then nothing of the batch is acknowledged, and sending it again is safe.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        (caller, reporter, stream): (&str, &str, &StreamId),
        of: &Of,
        records: Vec<Read>,
        validate_only: bool,
    ) -> Result<BatchAnswer, StoreError> {
        let records = Arc::new(records);
        let taken = {
            let turn = self.turn(reporter).await;
            let _turn = turn.lock().await;
            let known = self.known(reporter).await;
            let mut known = known.lock().await;
            let mut tries = Tries::begin();
            loop {
                let who = (caller, reporter, stream);
                let taken = self.try_deliver(who, of, &records, validate_only, (&mut known, &tries));
                let taken = taken.await;
                if !is_conflict(&taken) || !tries.again().await {
                    break taken?;
                }
            }
        };
        self.answer(reporter, stream, taken, validate_only).await
    }

    async fn try_deliver(
        self: &Arc<Self>,
        (caller, reporter, stream): (&str, &str, &StreamId),
        of: &Of,
        records: &Arc<Vec<Read>>,
        validate_only: bool,
        (known, tries): (&mut Known, &Tries),
    ) -> Result<Taken, StoreError> {
        let store = self.store.as_ref();
        let received = tries.at();
        let view = self.authority.view();
        let judged_by = view.position();
        all_loaded(&view, reporter, records)?;
        let head = store.head(stream).await?;
        known.learn(store, stream).await?;
        let Some((opened, delivery)) = known.deliveries.numbered(of.number) else {
            let refuse = |record: &Read| match record {
                Ok(_) => Judged::Rejected(vec![findings::not_open(of.number)]),
                Err(finding) => Judged::Rejected(vec![finding.clone()]),
            };
            let judged: Vec<Judged> = records.iter().map(refuse).collect();
            let sealed = judged.iter().map(|_| None).collect();
            return Ok(Taken { judged, sealed, head });
        };
        let test = delivery.opening.test;
        let collected_for = CollectedFor::Register(delivery.opening.register.clone());
        let until = delivery.closed.as_ref().map_or(head.size, |(closed, _)| *closed);
        let (names, places) = names(records);
        let mut delivering = Delivering {
            reporter: reporter.to_owned(),
            received,
            number: of.number,
            opened,
            test,
            closed: delivery.closed.is_some(),
            resent: false,
            periods: delivery.opening.periods.clone(),
            deliveries: known.deliveries.clone(),
            noted: HashSet::new(),
            room: 0,
            places,
            chains: Vec::new(),
        };
        let floor = (opened, test.then_some(opened));
        delivering.chains = chains(store, stream, &names, &known.deliveries, floor).await?;
        let session = known.session(store, stream, opened, until).await?;
        delivering.room = session.room();
        delivering.resent = session.has_taken(&of.input, of.last_line);
        let positions = delivering.chains.iter().flat_map(|chain| &chain.entries);
        delivering.noted = positions
            .map(|former| former.position)
            .filter(|position| session.kept.contains(position))
            .collect();
        let episodes = named_episodes(records);
        let among = Among {
            deliveries: Some(&delivering.deliveries),
            within: Some(opened),
        };
        let mut around = ledger::episodes(store, stream, &view, episodes.iter().cloned(), among).await?;
        if test {
            let tested = tested_episodes(store, stream, &view, opened, episodes).await?;
            around.extend(tested);
        }
        let mut before = BatchSurroundings::of(view, around);
        before.synthetic = test;
        before.collected_for = collected_for;
        let batch = Batch {
            records: Arc::clone(records),
            reporter: reporter.into(),
            received,
            delivered: Some(entry::Delivered { opened, test }),
            validate_only,
        };
        let judge = Delivered::new(delivering);
        let (passed, judge) = self.judge_and_seal(caller, batch, judge, before).await?;
        let (judged, mut sealed, kept) = (passed.judged, passed.sealed, judge.kept);
        self.judged_by_newest(&judged, judged_by).await?;
        if validate_only {
            return Ok(Taken { judged, sealed, head });
        }
        let first = head.size;
        for (position, sealed) in (first..).zip(sealed.iter_mut().flatten()) {
            sealed.kept.position = Some(position);
        }
        let mut pieces = pieces(&mut sealed);
        if !kept.is_empty() {
            let note = note(reporter, opened, &kept);
            match pieces.last_mut() {
                Some(piece) => piece.push(note),
                None => pieces.push(vec![note]),
            }
        }
        let by = By {
            caller,
            action: "deliver",
            at: received,
        };
        let head = self.append_by(by, tries, (stream, head), pieces).await?;
        let headers = sealed.iter().flatten().map(|sealed| &sealed.kept.header);
        session.appended((first, head.size), headers, &kept);
        session.took(&of.input, of.last_line);
        Ok(Taken { judged, sealed, head })
    }
}

impl Known {
    /// What is known of a delivery, up to a position.
    async fn session(
        &mut self,
        store: &dyn Store,
        stream: &StreamId,
        opened: u64,
        until: u64,
    ) -> Result<&mut Session, StoreError> {
        let session = self
            .sessions
            .entry(opened)
            .or_insert_with(|| Session::new(opened));
        session.catch_up(store, stream, until).await?;
        Ok(session)
    }
}

/// What a record is known by in its reporter's stream.
type Name = (RecordKind, String);

/// The records of a batch by name, each once, with the places of their names.
fn names(records: &[Read]) -> (Vec<Name>, HashMap<Name, usize>) {
    let mut names = Vec::new();
    let mut places = HashMap::new();
    for record in records.iter().filter_map(|record| record.as_ref().ok()) {
        let name = (record.kind(), record.id.clone());
        places.entry(name.clone()).or_insert_with(|| {
            names.push(name);
            names.len() - 1
        });
    }
    (names, places)
}

/// The row that notes records as the same as before.
fn note(reporter: &str, opened: u64, kept: &[u64]) -> Row {
    let note = KeptNote::new(reporter, opened, kept.to_vec());
    Row {
        key: note.key(),
        leaf: note.leaf(),
        bytes: note.encode(),
    }
}

/// The episodes that a test delivery holds.
async fn tested_episodes(
    store: &dyn Store,
    stream: &StreamId,
    view: &View,
    opened: u64,
    ids: HashSet<String>,
) -> Result<HashMap<String, Arc<vardnav_register::surroundings::EpisodeView>>, StoreError> {
    let ids: Vec<String> = ids.into_iter().collect();
    let key = |at: usize, revision| {
        let id = ids.get(at).map_or("", String::as_str);
        test_key(opened, RecordKind::Episode, id, revision)
    };
    let latest = ledger::latest(store, stream, ids.len(), key).await?;
    let positions = latest.iter().flatten().map(|(_, position)| *position).collect();
    let found = ledger::read(store, stream, positions).await?;
    let mut episodes = HashMap::new();
    for (id, latest) in ids.into_iter().zip(latest) {
        let former = latest.and_then(|(_, position)| found.get(&position));
        if let Some(former) = former
            && let Some(episode) = ledger::episode_of(stream, former, view)?
        {
            episodes.insert(id, episode);
        }
    }
    Ok(episodes)
}
