//! National heads: signed over the heads of all streams whenever something changed, kept in a stream of their own, and
//! told to whoever asks. What they are and how they are verified is said in `vardnav_register::national`.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Mutex;
use tonic::{Request, Response, Status};
use vardnav_api::common::page_size;
use vardnav_api::heads::{anchor_message, national_message, stream_messages};
use vardnav_api::register::bytes;
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::heads_service_server::HeadsService;
use vardnav_register::national::{
    Anchor, NationalEntry, NationalHead, StreamHead, StreamHeads, leaves, root,
};
use vardnav_register::receipt::key_id;
use vardnav_register::tree::{MultiProof, ProofError, Subtree, node};
use vardnav_runtime::clock;
use vardnav_store::national::{entries, streams_under};
use vardnav_store::{Duty, Hash, Head, Row, Store, StoreError, StreamId};

use crate::service::Service;
use crate::{Register, proof, store_error};

/// How often is looked whether something changed.
const EVERY: Duration = Duration::from_secs(3);
/// How often is tried again when other servers sign at the same time.
const TRIES: usize = 64;
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// The last national head with the streams under it, as far as they are known.
#[derive(Default)]
pub(crate) struct National {
    last: Mutex<Option<(NationalHead, StreamHeads)>>,
}

/// Signs a national head whenever something changed, until the register is dropped.
pub(crate) async fn follow(register: Weak<Register>, duty: Duty) {
    let mut reported = String::new();
    while let (Some(shift), Some(register)) = (duty.begin().await, register.upgrade()) {
        match register.national_head().await {
            Ok(_) => reported.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != reported {
                    tracing::error!(%error, "no national head can be signed");
                    reported = text;
                }
            }
        }
        drop((register, shift));
        tokio::time::sleep(EVERY).await;
    }
}

impl Register {
    /// The national head over all streams as they are now: the last one, or a new one when anything changed since.
    /// `None` while there are no streams.
    ///
    /// # Errors
    /// When the store does not answer, or what is kept of the last head does not fit it.
    pub(crate) async fn national_head(&self) -> Result<Option<(NationalHead, StreamHeads)>, StoreError> {
        let mut last = self.national.last.lock().await;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.sign_national_head(&mut last).await {
                Err(StoreError::Conflict { .. }) if tries < TRIES => {}
                other => return other,
            }
        }
    }

    /// As [`Self::national_head`]; a conflict when another server signed one meanwhile.
    async fn sign_national_head(
        &self,
        last: &mut Option<(NationalHead, StreamHeads)>,
    ) -> Result<Option<(NationalHead, StreamHeads)>, StoreError> {
        let stream = StreamId::heads();
        // First: what is read of the streams after it is at least as new as what stands under the last head.
        let earlier = self.store.head(&stream).await?;
        let now: StreamHeads = self
            .store
            .streams()
            .await?
            .into_iter()
            .filter(|(id, _)| *id != stream)
            .map(|(id, Head { size, root })| (id.as_str().to_owned(), StreamHead { size, root }))
            .collect();
        if last.as_ref().map_or(0, |(head, _)| head.number + 1) != earlier.size {
            *last = match earlier.size.checked_sub(1) {
                Some(number) => Some(streams_under(self.store.as_ref(), number).await?),
                None => None,
            };
        }
        if now.is_empty() || last.as_ref().is_some_and(|(_, streams)| *streams == now) {
            return Ok(last.clone());
        }
        let public = self.key.public();
        let before = last.as_ref().map_or(i64::MIN, |(head, _)| head.time);
        let mut head = NationalHead {
            number: earlier.size,
            time: clock::now_micros().max(before),
            streams: now.len() as u64,
            root: root(&now),
            history: earlier.root,
            key_id: key_id(&public),
            signature: [0; 64],
        };
        head.signature = self.key.sign(&head.bytes_to_sign());
        let nothing = StreamHeads::new();
        let former = last.as_ref().map_or(&nothing, |(_, streams)| streams);
        let entry = NationalEntry::new(head.clone(), &now, former);
        let row = Row {
            key: number_key(head.number),
            leaf: head.leaf(),
            bytes: entry.encode(),
        };
        if let Err(error) = self.store.append(&stream, earlier.size, vec![row]).await {
            *last = None;
            return Err(error);
        }
        *last = Some((head, now));
        Ok(last.clone())
    }

    /// Leads from the head of a stream of `since` leaves to a national head.
    ///
    /// # Errors
    /// `Limit` when the stream never was that long; when the store does not answer.
    async fn anchor(&self, stream: &StreamId, since: u64) -> Result<Anchor, StoreError> {
        let never = || StoreError::Limit(format!("{stream} never had {since} leaves"));
        let (national, streams) = self.national_head().await?.ok_or_else(never)?;
        let name = stream.as_str();
        let under = *streams.get(name).ok_or_else(never)?;
        if since > under.size {
            return Err(never());
        }
        let place = streams.keys().take_while(|other| other.as_str() < name).count() as u64;
        let tree = leaves(&streams);
        let damaged = |error: ProofError| StoreError::Corrupt(format!("national head: {error}"));
        let inclusion = MultiProof::build(tree.len() as u64, &[place], |subtree| subtree_of(&tree, subtree))
            .map_err(damaged)?;
        let size_and_root = Head {
            size: under.size,
            root: under.root,
        };
        Ok(Anchor {
            national,
            stream: name.to_owned(),
            under,
            place,
            inclusion,
            since,
            growth: proof::consistency(self.store.as_ref(), stream, since, size_and_root).await?,
        })
    }
}

/// The key by which the entry of a national head is found.
fn number_key(number: u64) -> [u8; 16] {
    let mut key = [0; 16];
    for (byte, digit) in key.iter_mut().zip(number.to_be_bytes()) {
        *byte = digit;
    }
    key
}

/// The hash of a complete subtree over leaves at hand.
fn subtree_of(leaves: &[Hash], subtree: Subtree) -> Result<Hash, ProofError> {
    let first = usize::try_from(subtree.first()).map_err(|_| ProofError::Leaves)?;
    let count = usize::try_from(subtree.leaves()).map_err(|_| ProofError::Leaves)?;
    let mut level: Vec<Hash> = leaves
        .get(first..first.saturating_add(count))
        .ok_or(ProofError::Leaves)?
        .to_vec();
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        level = pairs.iter().map(|[left, right]| node(left, right)).collect();
    }
    level.first().copied().ok_or(ProofError::Leaves)
}

#[tonic::async_trait]
impl HeadsService for Service {
    async fn list_heads(
        &self,
        request: Request<pb::ListHeadsRequest>,
    ) -> Result<Response<pb::ListHeadsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let store: &Arc<dyn Store> = &self.register.store;
        // So that whoever has just reported finds it under the last head.
        self.register.national_head().await.map_err(store_error)?;
        let count = store.head(&StreamId::heads()).await.map_err(store_error)?.size;
        let entries = entries(store.as_ref(), request.from_number, size as u64)
            .await
            .map_err(store_error)?;
        Ok(Response::new(pb::ListHeadsResponse {
            heads: entries
                .iter()
                .map(|entry| national_message(&entry.head))
                .collect(),
            count,
            public_key: bytes(&self.register.key.public()),
        }))
    }

    async fn list_stream_heads(
        &self,
        request: Request<pb::ListStreamHeadsRequest>,
    ) -> Result<Response<pb::ListStreamHeadsResponse>, Status> {
        let number = request.into_inner().number;
        let (_, streams) = streams_under(self.register.store.as_ref(), number)
            .await
            .map_err(store_error)?;
        Ok(Response::new(pb::ListStreamHeadsResponse {
            streams: stream_messages(&streams),
        }))
    }

    async fn get_growth(
        &self,
        request: Request<pb::GetGrowthRequest>,
    ) -> Result<Response<pb::GetGrowthResponse>, Status> {
        let request = request.into_inner();
        let stream = StreamId::new(&request.stream).map_err(store_error)?;
        let store = self.register.store.as_ref();
        let head = store.head(&stream).await.map_err(store_error)?;
        if request.to_size > head.size {
            return Err(ApiError::field("to_size", "the stream never was that long").into());
        }
        let newer = Head {
            size: request.to_size,
            ..head
        };
        let hashes = proof::consistency(store, &stream, request.from_size, newer)
            .await
            .map_err(store_error)?;
        Ok(Response::new(pb::GetGrowthResponse {
            hashes: hashes.iter().map(|hash| bytes(hash)).collect(),
        }))
    }

    async fn get_anchor(
        &self,
        request: Request<pb::GetAnchorRequest>,
    ) -> Result<Response<pb::GetAnchorResponse>, Status> {
        let request = request.into_inner();
        let stream = StreamId::reporter(&request.reporter).map_err(store_error)?;
        let anchor = self.register.anchor(&stream, request.since_size).await;
        Ok(Response::new(anchor_message(&anchor.map_err(store_error)?)))
    }
}
