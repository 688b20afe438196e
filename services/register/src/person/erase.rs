//! Erasure: the entry that tells of it first, then the content of each entry written over, then everything that followed
//! the streams forgets what it held and is built anew. Each step may be taken again: what a stop breaks off is finished
//! when the register is served again. What is not done here: copies of the store made earlier hold the content until
//! they are made anew or thrown away.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use vardnav_api::rights::{NamedPerson, refusal};
use vardnav_api::status::ApiError;
use vardnav_register::audit::About;
use vardnav_register::entry::{Entry, EntryBody, StreamEntry};
use vardnav_register::erasure::{self, Erasure, TARGETS_MAX, Target};
use vardnav_register::identity::PersonKey;
use vardnav_register::record::RecordKind;
use vardnav_register::rights::{Asked, RecordRef, Request, Rights, RightsEntry, Scope, Step, Use};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{NotDecided, ROWS_LIMIT, Row, Store, StoreError, StreamId, current};

use super::{not_decided, record_ref};
use crate::tries::{Tries, is_conflict};
use crate::{LOOK, Register, clear_alone, ledger, store_error};

/// For how long an erasure may wait for the second person, in microseconds.
const WAITS_MAX: i64 = 14 * 86_400_000_000;
/// How long an erasure that another server carries out is waited for.
const CARRIED_OUT_MAX: Duration = Duration::from_secs(30);

impl Register {
    /// Asks that content be erased: of all records of a person, or of revisions by name.
    pub(super) async fn request_erasure(
        &self,
        caller: &Caller,
        named: Option<NamedPerson>,
        listed: Vec<(String, RecordKind, String, u32)>,
        (basis, reason, reporter): (&str, &str, &str),
    ) -> Result<(u64, Vec<RecordRef>), ApiError> {
        let unknown = || ApiError::not_found("what is to be erased");
        let (records, person) = match named {
            Some(named) => {
                let keys = self
                    .keys_of(&named)
                    .await
                    .map_err(store_error)?
                    .ok_or_else(unknown)?;
                let person = keys.first().copied().ok_or_else(unknown)?;
                let whole = self.whole(&keys, reporter).await.map_err(store_error)?;
                (whole, Some(person))
            }
            None => (self.listed(listed).await?, None),
        };
        if records.is_empty() {
            return Err(unknown());
        }
        let scope = match person {
            Some(person) => Scope::PersonErasure {
                person,
                reporter: reporter.to_owned(),
                records: records.clone(),
            },
            None => Scope::Erasure(records.clone()),
        };
        let now = clock::now_micros();
        let asked = Asked {
            purpose: basis.to_owned(),
            reason: reason.to_owned(),
            scope,
            uses: 1,
            until: now + WAITS_MAX,
        };
        let release = self.release_at(now)?;
        let entry =
            Rights::ask(&release.register, &caller.name, now, asked).map_err(|error| refusal(&error))?;
        let about = About {
            person,
            purpose: Some(basis.to_owned()),
            ..About::default()
        };
        self.note_person(caller, "request-erasure", about)
            .await
            .map_err(store_error)?;
        let number = self
            .rights
            .decide(|_| Ok(entry.clone()))
            .await
            .map_err(not_decided)?;
        Ok((number, records))
    }

    /// The revisions of a person that have content.
    async fn whole(&self, keys: &[PersonKey], reporter: &str) -> Result<Vec<RecordRef>, StoreError> {
        let mut records = Vec::new();
        for (stream, formers) in self.revisions_of(keys, reporter).await? {
            let whole = formers.iter().filter(|former| holds_content(&former.entry));
            records.extend(whole.map(|former| record_ref(&stream, former)));
        }
        Ok(records)
    }

    /// Revisions by name.
    async fn listed(
        &self,
        listed: Vec<(String, RecordKind, String, u32)>,
    ) -> Result<Vec<RecordRef>, ApiError> {
        let mut records = Vec::new();
        for (reporter, kind, id, revision) in listed {
            let stream = StreamId::reporter(&reporter).map_err(store_error)?;
            let found = ledger::revisions(self.store.as_ref(), &stream, kind, &id, revision..=revision).await;
            let found = found.map_err(store_error)?;
            let former = found
                .first()
                .filter(|former| holds_content(&former.entry))
                .ok_or_else(|| ApiError::not_found("one of the revisions, with content,"))?;
            records.push(record_ref(&stream, former));
        }
        records.sort_unstable();
        records.dedup();
        Ok(records)
    }

    /// Approves an erasure and carries it out. Gives how many revisions were erased.
    pub(super) async fn approve_erasure(&self, caller: &Caller, number: u64) -> Result<u64, ApiError> {
        let now = clock::now_micros();
        let is_erasure = |rights: &Rights| {
            let request = rights.request(number);
            request.is_some_and(|request| request.asked.scope.use_for() == Use::Erasure)
        };
        if !is_erasure(&self.rights.current().await.map_err(store_error)?) {
            return Err(ApiError::not_found("the erasure"));
        }
        let about = About {
            request: Some(number),
            ..About::default()
        };
        self.note_person(caller, "approve-erasure", about)
            .await
            .map_err(store_error)?;
        let another = |one: &str, other: &str| self.another(one, other);
        let release = self.release_at(now)?;
        self.rights
            .decide(|rights| rights.approve(&release.register, &caller.name, now, number, &another))
            .await
            .map_err(not_decided)?;
        let rights = self.rights.current().await.map_err(store_error)?;
        let request = rights
            .request(number)
            .ok_or_else(|| ApiError::not_found("the erasure"))?;
        self.carried_out(number, request).await.map_err(store_error)
    }

    /// Carries an erasure out, or waits for the server that does: it looks for those that are approved all the time. Gives
    /// how many revisions were erased.
    async fn carried_out(&self, number: u64, request: &Request) -> Result<u64, StoreError> {
        if let Some(_shift) = self.duty.try_begin() {
            return self.carry_out(number, request).await;
        }
        let until = Instant::now() + CARRIED_OUT_MAX;
        while Instant::now() < until {
            let rights = self.rights.current().await?;
            if let Some(erased) = erased(&rights, number) {
                return Ok(erased);
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(StoreError::Unavailable(
            "the erasure is approved, and the server that does the background work carries it out: see whether it is done"
                .to_owned(),
        ))
    }

    /// Carries out every erasure that is approved and not done.
    ///
    /// # Errors
    /// When one cannot be carried out now: the others are all the same.
    pub(crate) async fn finish_erasures(&self) -> Result<(), StoreError> {
        let rights = self.rights.current().await?;
        let mut outcome = Ok(());
        for (number, request) in rights.requests() {
            let is_due = request.approved.is_some() && request.ended.is_none() && request.used == 0;
            if is_due && request.asked.scope.use_for() == Use::Erasure {
                let done = self.carry_out(number, request).await;
                outcome = outcome.and(done.map(|_| ()));
            }
        }
        outcome
    }

    /// Carries out one; gives how many revisions were erased.
    async fn carry_out(&self, number: u64, request: &Request) -> Result<u64, StoreError> {
        let _alone = self.erasing.lock().await;
        if let Some(erased) = erased(&self.rights.current().await?, number) {
            return Ok(erased);
        }
        let records = self.due(&request.asked.scope).await?;
        let mut by_reporter: BTreeMap<&str, Vec<&RecordRef>> = BTreeMap::new();
        for record in &records {
            by_reporter.entry(&record.reporter).or_default().push(record);
        }
        let mut count = 0;
        for (reporter, records) in by_reporter {
            let stream = StreamId::reporter(reporter)?;
            let told = self.tell(&stream, number, request, &records).await?;
            for some in told.chunks(ROWS_LIMIT) {
                self.redact(&stream, some).await?;
            }
            count += told.len() as u64;
        }
        self.forget_all().await?;
        let by = request.approved.as_ref().unwrap_or(&request.by).by.clone();
        let done = RightsEntry {
            caller: by,
            at: clock::now_micros(),
            step: Step::Used {
                request: number,
                count,
            },
        };
        // Told once, also when the work went to another in the middle and was done again.
        let told = self.rights.decide(|rights| match erased(rights, number) {
            Some(erased) => Err(erased),
            None => Ok(done.clone()),
        });
        match told.await {
            Ok(_) => Ok(count),
            Err(NotDecided::Refused(erased)) => Ok(erased),
            Err(NotDecided::Store(error)) => Err(error),
        }
    }

    /// The revisions that an erasure is about as the streams are now: of a person also those that came in after it was
    /// asked.
    async fn due(&self, scope: &Scope) -> Result<Vec<RecordRef>, StoreError> {
        match scope {
            Scope::Erasure(records) => Ok(records.clone()),
            Scope::PersonErasure {
                person,
                reporter,
                records,
            } => {
                let mut due = records.clone();
                let keys = self.vault.keys(*person).await?;
                due.extend(self.whole(&keys, reporter).await?);
                due.sort_unstable();
                due.dedup();
                Ok(due)
            }
            Scope::Persons(_) | Scope::Records(_) | Scope::Linkage { .. } => Ok(Vec::new()),
        }
    }

    /// Appends the entry that tells of an erasure, unless it is there. Gives the positions that it names.
    async fn tell(
        &self,
        stream: &StreamId,
        number: u64,
        request: &Request,
        records: &[&RecordRef],
    ) -> Result<Vec<u64>, StoreError> {
        let store = self.store.as_ref();
        let reporter = stream.as_reporter().unwrap_or_default();
        let turn = self.turn(reporter).await;
        let _turn = turn.lock().await;
        if let Some(told) = told(store, stream, number).await? {
            return Ok(told);
        }
        let found = ledger::read(
            store,
            stream,
            records.iter().map(|record| record.position).collect(),
        )
        .await?;
        let mut targets: Vec<Target> = found
            .into_values()
            .map(|former| Target {
                position: former.position,
                leaf: former.leaf,
                kind: former.entry.header.kind,
                id: former.entry.header.id,
                revision: former.entry.header.revision,
            })
            .collect();
        targets.sort_unstable_by_key(|target| target.position);
        if let Some(left) = targets.len().checked_sub(TARGETS_MAX).filter(|left| *left > 0) {
            tracing::error!(%stream, number, left, "an erasure cannot name all of the revisions: ask for another one");
        }
        targets.truncate(TARGETS_MAX);
        let approved = request.approved.as_ref().unwrap_or(&request.by);
        let erasure = Erasure {
            reporter: reporter.to_owned(),
            request: number,
            at: approved.at,
            basis: request.asked.purpose.clone(),
            requested_by: request.by.by.clone(),
            approved_by: approved.by.clone(),
            targets,
        };
        tell_once(store, stream, &erasure).await
    }

    /// Writes over the content of entries, but for those whose content is gone already.
    async fn redact(&self, stream: &StreamId, positions: &[u64]) -> Result<(), StoreError> {
        let mut erased = Vec::with_capacity(positions.len());
        for position in positions {
            let bytes = self.erased(stream, *position).await?;
            erased.extend(bytes.map(|bytes| (*position, bytes)));
        }
        self.store.redact_many(stream, erased).await
    }

    /// The erased form of an entry; `None` when its content is gone already.
    async fn erased(&self, stream: &StreamId, position: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let damaged = || StoreError::Corrupt(format!("{stream}: position {position} cannot be erased"));
        let rows = self.store.read(stream, position, 1).await?;
        let row = rows.into_iter().next().ok_or_else(damaged)?;
        let StreamEntry::Record(entry) = current::entry(stream, &row)? else {
            return Err(damaged());
        };
        if !holds_content(&entry) {
            return Ok(None);
        }
        let erased = entry.erased_to(row.bytes.len()).ok_or_else(damaged)?;
        if erased.leaf() != row.leaf {
            return Err(damaged());
        }
        Ok(Some(erased.encode()))
    }

    /// Has everything that follows the streams forget what it holds; it is built anew from what the ledger still holds.
    async fn forget_all(&self) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        clear_alone(store, super::INDEX, &self.persons.turn).await?;
        clear_alone(store, crate::WORKLIST, &self.worklist.turn).await?;
        clear_alone(store, crate::QUALITY, &self.quality.turn).await?;
        self.forget_derived().await?;
        let also: Vec<&String> = self.also_forget.get().into_iter().flatten().collect();
        let mut names: Vec<String> = store
            .cursors()
            .await?
            .into_iter()
            .map(|cursor| cursor.projection)
            .collect();
        names.dedup();
        let begins = |name: &String| {
            also.iter()
                .any(|also| also.ends_with('.') && name.starts_with(also.as_str()))
        };
        for projection in names
            .iter()
            .filter(|name| begins(name))
            .chain(also.iter().copied().filter(|name| !name.ends_with('.')))
        {
            store.clear(projection).await?;
        }
        Ok(())
    }
}

/// How many revisions an erasure erased; `None` when it is not done.
fn erased(rights: &Rights, number: u64) -> Option<u64> {
    let request = rights.request(number)?;
    (request.used > 0).then_some(request.things)
}

/// The positions that the entry of an erasure names; `None` when nothing tells of it.
async fn told(store: &dyn Store, stream: &StreamId, number: u64) -> Result<Option<Vec<u64>>, StoreError> {
    let known = store.find(stream, vec![erasure::key(number)]).await?;
    let Some(position) = known.first().copied().flatten() else {
        return Ok(None);
    };
    let rows = store.read(stream, position, 1).await?;
    let erasure = rows.first().and_then(|row| Erasure::decode(&row.bytes).ok());
    match erasure {
        Some(erasure) => Ok(Some(positions(&erasure))),
        None => Err(StoreError::Corrupt(format!(
            "{stream}: position {position} tells of no erasure"
        ))),
    }
}

/// Appends the entry that tells of an erasure, unless one does: another server may have been faster. Gives the positions
/// that the one in the stream names.
async fn tell_once(store: &dyn Store, stream: &StreamId, erasure: &Erasure) -> Result<Vec<u64>, StoreError> {
    let row = Row {
        key: erasure.key(),
        leaf: erasure.leaf(),
        bytes: erasure.encode(),
    };
    let mut tries = Tries::begin();
    loop {
        // The head first: what comes after it, also what tells of this very erasure, is a conflict.
        let size = store.head(stream).await?.size;
        if let Some(told) = told(store, stream, erasure.request).await? {
            return Ok(told);
        }
        let appended = store.append(stream, size, vec![row.clone()]).await;
        if !is_conflict(&appended) {
            return appended.map(|_| positions(erasure));
        }
        if !tries.again().await {
            return Err(StoreError::Unavailable(format!("{stream} is busy")));
        }
    }
}

fn positions(erasure: &Erasure) -> Vec<u64> {
    erasure.targets.iter().map(|target| target.position).collect()
}

fn holds_content(entry: &Entry) -> bool {
    matches!(entry.body, EntryBody::Whole { .. })
}
