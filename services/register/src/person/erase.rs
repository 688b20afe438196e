//! Erasure: the entry that tells of it first, then the content of each entry written over, then everything that followed
//! the streams forgets what it held and is built anew. Each step may be taken again: what a stop breaks off is finished
//! when the register is served again. What is not done here: copies of the store made earlier hold the content until
//! they are made anew or thrown away.

use std::collections::BTreeMap;

use vardnav_api::rights::refusal;
use vardnav_api::status::ApiError;
use vardnav_register::audit::About;
use vardnav_register::entry::{Entry, EntryBody, StreamEntry};
use vardnav_register::erasure::{self, Erasure, TARGETS_MAX, Target};
use vardnav_register::identity::{Number, PersonKey};
use vardnav_register::record::{IdentityType, RecordKind};
use vardnav_register::rederive::rows::projection;
use vardnav_register::rights::{Asked, RecordRef, Request, Rights, RightsEntry, Scope, Step};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{NotDecided, ROWS_LIMIT, Row, StoreError, StreamId, current};

use super::{not_decided, record_ref};
use crate::{Register, ledger, store_error};

/// For how long an erasure may wait for the second person, in microseconds.
const WAITS_MAX: i64 = 14 * 86_400_000_000;
/// How often an erasure's entry is tried again when others write to the stream at the same time.
const TRIES: usize = 64;

impl Register {
    /// Asks that content be erased: of all records of a person, or of revisions by name.
    pub(super) async fn request_erasure(
        &self,
        caller: &Caller,
        named: Option<(IdentityType, Number)>,
        listed: Vec<(String, RecordKind, String, u32)>,
        (basis, reason, reporter): (&str, &str, &str),
    ) -> Result<(u64, Vec<RecordRef>), ApiError> {
        let unknown = || ApiError::not_found("what is to be erased");
        let (records, person) = match named {
            Some(named) => {
                let keys = self.keys_of(named).map_err(store_error)?.ok_or_else(unknown)?;
                (
                    self.whole(&keys, reporter).await.map_err(store_error)?,
                    keys.first().copied(),
                )
            }
            None => (self.listed(listed).await?, None),
        };
        if records.is_empty() {
            return Err(unknown());
        }
        let now = clock::now_micros();
        let asked = Asked {
            purpose: basis.to_owned(),
            reason: reason.to_owned(),
            scope: Scope::Erasure(records.clone()),
            uses: 1,
            until: now + WAITS_MAX,
        };
        let entry = Rights::ask(&caller.name, now, asked).map_err(|error| refusal(&error))?;
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
            request.is_some_and(|request| matches!(request.asked.scope, Scope::Erasure(_)))
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
        self.rights
            .decide(|rights| rights.approve(&caller.name, now, number, &another))
            .await
            .map_err(not_decided)?;
        let rights = self.rights.current().await.map_err(store_error)?;
        let request = rights
            .request(number)
            .ok_or_else(|| ApiError::not_found("the erasure"))?;
        self.carry_out(number, request).await.map_err(store_error)
    }

    /// Carries out every erasure that is approved and not done.
    ///
    /// # Errors
    /// When one cannot be carried out now.
    pub(crate) async fn finish_erasures(&self) -> Result<(), StoreError> {
        let rights = self.rights.current().await?;
        for (number, request) in rights.requests() {
            let is_due = request.approved.is_some() && request.ended.is_none() && request.used == 0;
            if is_due && matches!(request.asked.scope, Scope::Erasure(_)) {
                self.carry_out(number, request).await?;
            }
        }
        Ok(())
    }

    async fn carry_out(&self, number: u64, request: &Request) -> Result<u64, StoreError> {
        let Scope::Erasure(records) = &request.asked.scope else {
            return Ok(0);
        };
        let _alone = self.erasing.lock().await;
        if self
            .rights
            .current()
            .await?
            .request(number)
            .is_some_and(|request| request.used > 0)
        {
            return Ok(records.len() as u64);
        }
        let mut by_reporter: BTreeMap<&str, Vec<&RecordRef>> = BTreeMap::new();
        for record in records {
            by_reporter.entry(&record.reporter).or_default().push(record);
        }
        for (reporter, records) in by_reporter {
            let stream = StreamId::reporter(reporter)?;
            self.tell(&stream, number, request, &records).await?;
            for some in records.chunks(ROWS_LIMIT) {
                self.redact(&stream, some).await?;
            }
        }
        self.forget_all().await?;
        let by = request.approved.as_ref().unwrap_or(&request.by).by.clone();
        let done = RightsEntry {
            caller: by,
            at: clock::now_micros(),
            step: Step::Used {
                request: number,
                count: records.len() as u64,
            },
        };
        match self
            .rights
            .decide(|_| Ok::<_, std::convert::Infallible>(done.clone()))
            .await
        {
            Ok(_) => {}
            Err(NotDecided::Refused(never)) => match never {},
            Err(NotDecided::Store(error)) => return Err(error),
        }
        Ok(records.len() as u64)
    }

    /// Appends the entry that tells of an erasure, unless it is there.
    async fn tell(
        &self,
        stream: &StreamId,
        number: u64,
        request: &Request,
        records: &[&RecordRef],
    ) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        let reporter = stream.as_reporter().unwrap_or_default();
        let turn = self.turn(reporter).await;
        let _turn = turn.lock().await;
        let known = store.find(stream, vec![erasure::key(number)]).await?;
        if known.first().copied().flatten().is_some() {
            return Ok(());
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
        let row = Row {
            key: erasure.key(),
            leaf: erasure.leaf(),
            bytes: erasure.encode(),
        };
        for _ in 0..TRIES {
            let size = store.head(stream).await?.size;
            match store.append(stream, size, vec![row.clone()]).await {
                Err(StoreError::Conflict { .. }) => {}
                other => return other.map(|_| ()),
            }
        }
        Err(StoreError::Unavailable(format!("{stream} is busy")))
    }

    /// Writes over the content of entries, but for those whose content is gone already.
    async fn redact(&self, stream: &StreamId, records: &[&RecordRef]) -> Result<(), StoreError> {
        let mut erased = Vec::with_capacity(records.len());
        for record in records {
            let bytes = self.erased(stream, record.position).await?;
            erased.extend(bytes.map(|bytes| (record.position, bytes)));
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
        let view = self.authority.view();
        let derived = view.state().derivations();
        let derived = derived.all().map(|standing| projection(&standing.plan.id));
        let own = [
            super::INDEX,
            crate::WORKLIST,
            crate::QUALITY,
            crate::rederive::packing::PROJECTION,
        ]
        .map(str::to_owned);
        let others = self
            .also_forget
            .get()
            .into_iter()
            .flatten()
            .map(|name| (*name).to_owned());
        for projection in own.into_iter().chain(others).chain(derived) {
            self.store.clear(&projection).await?;
        }
        Ok(())
    }
}

fn holds_content(entry: &Entry) -> bool {
    matches!(entry.body, EntryBody::Whole { .. })
}
