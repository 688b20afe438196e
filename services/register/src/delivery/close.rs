//! Closing a delivery, or giving it up. What is gone is withdrawn first, as entries of the delivery; the entry that
//! closes it makes all of that current at once. Until that one stands nothing has happened, and closing again goes on.

use vardnav_api::status::ApiError;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::definition::NOT_IN_DELIVERY;
use vardnav_register::delivery::{Closing, Counts, Delivery, End};
use vardnav_register::entry::{Act, Delivered, Entry, Header, VERSION, row_key};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{Head, Row, StoreError, StreamId};

use super::held::{Held, HeldRecord};
use super::session::Session;
use super::{Known, busy, message, name_of, numbered, precondition};
use crate::tries::Tries;
use crate::{Register, ledger, store_error};

/// Withdrawals appended at once.
const WITHDRAWN: usize = 5000;

/// What closing came to.
enum Came {
    /// It is closed, or counted.
    To(Box<pb::Delivery>),
    /// Another server was faster.
    Conflict,
}

impl Register {
    /// Closes a delivery or gives it up.
    ///
    /// # Errors
    /// When there is none of that number, it holds something else than expected, or it ended otherwise before.
    pub(crate) async fn close_delivery(
        &self,
        caller: &Caller,
        stream: &StreamId,
        request: &pb::CloseDeliveryRequest,
    ) -> Result<pb::CloseDeliveryResponse, ApiError> {
        let store = self.store.as_ref();
        let mut held = None;
        if !request.abandon {
            // Most of the stream is read before batches of the reporter have to wait.
            let deliveries = vardnav_store::current::deliveries(store, stream)
                .await
                .map_err(store_error)?;
            let (opened, delivery) = numbered(&deliveries, request.number)?;
            if delivery.closed.is_none() {
                let whole = self.rule(&delivery.opening.register, clock::now_micros())?.whole;
                let head = store.head(stream).await.map_err(store_error)?;
                let held = held.insert(Held::new(opened, &deliveries, whole));
                let read = held.read_on(store, stream, head.size, &deliveries).await;
                read.map_err(store_error)?;
            }
        }
        let turn = self.turn(&request.reporter).await;
        let _turn = turn.lock().await;
        let known = self.known(&request.reporter).await;
        let mut known = known.lock().await;
        let mut tries = Tries::begin();
        loop {
            match self
                .try_close(caller, stream, request, &mut known, held.as_mut())
                .await?
            {
                Came::To(delivery) => {
                    return Ok(pb::CloseDeliveryResponse {
                        delivery: Some(*delivery),
                    });
                }
                Came::Conflict if tries.again().await => {}
                Came::Conflict => return Err(busy()),
            }
        }
    }

    async fn try_close(
        &self,
        caller: &Caller,
        stream: &StreamId,
        request: &pb::CloseDeliveryRequest,
        known: &mut Known,
        held: Option<&mut Held>,
    ) -> Result<Came, ApiError> {
        let store = self.store.as_ref();
        let mut head = store.head(stream).await.map_err(store_error)?;
        known.learn(store, stream).await.map_err(store_error)?;
        let (opened, delivery) = numbered(&known.deliveries, request.number)?;
        let delivery = delivery.clone();
        if let Some((_, closing)) = &delivery.closed {
            let abandoned = closing.end == End::Abandoned;
            if abandoned != request.abandon {
                let how = if abandoned { "given up" } else { "closed" };
                return Err(precondition(format!("delivery {} was {how}", request.number)));
            }
            return Ok(Came::To(Box::new(message::delivery(opened, &delivery, None))));
        }
        let (end, gone) = match held {
            None => (End::Abandoned, Vec::new()),
            Some(held) => {
                let read = held.read_on(store, stream, head.size, &known.deliveries).await;
                read.map_err(store_error)?;
                let session = known
                    .sessions
                    .entry(opened)
                    .or_insert_with(|| Session::new(opened));
                session
                    .catch_up(store, stream, head.size)
                    .await
                    .map_err(store_error)?;
                let gone = held.gone(session);
                let counts = session.counts(store, stream, gone.len() as u64).await;
                let counts = counts.map_err(store_error)?;
                expected(request, counts)?;
                if request.validate_only {
                    let told = message::delivery(opened, &delivery, Some(counts));
                    return Ok(Came::To(Box::new(told)));
                }
                match delivery.opening.test {
                    true => (End::Tested(counts), Vec::new()),
                    false => (End::Current(counts), gone),
                }
            }
        };
        if request.validate_only {
            return Ok(Came::To(Box::new(message::delivery(opened, &delivery, None))));
        }
        for some in gone.chunks(WITHDRAWN) {
            match self.withdraw_gone(stream, (opened, &delivery), some, head).await {
                Err(StoreError::Conflict { .. }) => return Ok(Came::Conflict),
                other => head = other.map_err(store_error)?,
            }
        }
        let closing = Closing {
            version: VERSION,
            reporter: delivery.opening.reporter.clone(),
            number: delivery.opening.number,
            received: clock::now_micros(),
            opened,
            end,
            by: name_of(caller)?,
        };
        let row = Row {
            key: closing.key(),
            leaf: closing.leaf(),
            bytes: closing.encode(),
        };
        match store.append(stream, head.size, vec![row]).await {
            Err(StoreError::Conflict { .. }) => return Ok(Came::Conflict),
            other => other.map_err(store_error)?,
        };
        known.deliveries.closed(head.size, closing);
        let (_, delivery) = numbered(&known.deliveries, request.number)?;
        Ok(Came::To(Box::new(message::delivery(opened, delivery, None))))
    }

    /// Appends withdrawals of what is gone.
    async fn withdraw_gone(
        &self,
        stream: &StreamId,
        (opened, delivery): (u64, &Delivery),
        gone: &[HeldRecord],
        head: Head,
    ) -> Result<Head, StoreError> {
        let store = self.store.as_ref();
        let key = |at: usize, revision| {
            let held = gone.get(at);
            held.map_or([0; 16], |held| row_key(held.kind, &held.id, revision))
        };
        let latest = ledger::latest(store, stream, gone.len(), key).await?;
        let received = clock::now_micros();
        let rows = gone.iter().zip(latest).map(|(held, latest)| {
            let header = Header {
                version: VERSION,
                act: Act::Withdrawal,
                reporter: delivery.opening.reporter.clone(),
                kind: held.kind,
                id: held.id.clone(),
                revision: latest.map_or(0, |(revision, _)| revision).saturating_add(1),
                replaces: held.revision,
                delivery: Some(Delivered { opened, test: false }),
                received,
                release: String::new(),
            };
            row(&Entry::withdrawal(header, NOT_IN_DELIVERY.to_owned()))
        });
        store.append(stream, head.size, rows.collect()).await
    }
}

/// The row of an entry.
pub(super) fn row(entry: &Entry) -> Row {
    Row {
        key: entry.key(),
        leaf: entry.leaf(),
        bytes: entry.encode(),
    }
}

fn expected(request: &pb::CloseDeliveryRequest, counts: Counts) -> Result<(), ApiError> {
    let Some(expected) = request.expect.map(message::counts_of) else {
        return Ok(());
    };
    if expected == counts {
        return Ok(());
    }
    let told = |counts: Counts| {
        let Counts {
            kept,
            new,
            changed,
            gone,
        } = counts;
        format!("{kept} kept, {new} new, {changed} changed, {gone} gone")
    };
    Err(precondition(format!(
        "the delivery holds {}; expected are {}",
        told(counts),
        told(expected)
    )))
}
