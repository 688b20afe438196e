//! Deliveries: opened for periods of a register, taken batch by batch, closed by what makes their records current
//! together. What a delivery is and when its entries are current is said in `vardnav_register::delivery`.

mod chains;
mod close;
mod deliver;
pub(crate) mod findings;
mod held;
mod judge;
mod message;
mod session;
mod withdraw;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::delivery::{Deliveries, Delivery, Month, Opening, PERIODS_MAX, RegisterRule};
use vardnav_register::entry::VERSION;
use vardnav_register::identity::reference_date;
use vardnav_register::text::id_holds_personal_number;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{Row, Store, StoreError, StreamId, current};

pub(crate) use self::deliver::Of;
pub(crate) use self::judge::replaced;
use self::session::Session;
use crate::tries::Tries;
use crate::{Register, store_error};

/// Deliveries that one reporter may have opened.
const DELIVERIES_MAX: usize = 100_000;

/// What is known of the deliveries of a reporter: the ledger's, read once and then followed.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) deliveries: Deliveries,
    sessions: BTreeMap<u64, Session>,
}

impl Known {
    /// Learns what was opened and closed since, and forgets what is known of those that are closed for long.
    async fn learn(&mut self, store: &dyn Store, stream: &StreamId) -> Result<(), StoreError> {
        current::learn(store, stream, &mut self.deliveries).await?;
        // A sender may still send again what the last closed one holds.
        let closed: Vec<u64> = self
            .sessions
            .keys()
            .copied()
            .filter(|opened| {
                self.deliveries
                    .get(*opened)
                    .is_some_and(|known| known.closed.is_some())
            })
            .collect();
        for opened in closed.iter().rev().skip(1) {
            self.sessions.remove(opened);
        }
        Ok(())
    }
}

impl Register {
    /// What is known of the deliveries of a reporter. Only registered reporters are asked for, so there are not more than
    /// those.
    pub(crate) async fn known(&self, reporter: &str) -> Arc<Mutex<Known>> {
        Arc::clone(
            self.delivered
                .lock()
                .await
                .entry(reporter.to_owned())
                .or_default(),
        )
    }

    /// Opens a delivery, or finds that it is open already.
    ///
    /// # Errors
    /// When the release has no such register, a period is in none of its windows, or another delivery is open.
    pub(crate) async fn open_delivery(
        &self,
        caller: &Caller,
        stream: &StreamId,
        request: pb::OpenDeliveryRequest,
    ) -> Result<pb::OpenDeliveryResponse, ApiError> {
        let periods = periods(&request.periods)?;
        let by = name_of(caller)?;
        let received = clock::now_micros();
        let rule = self.rule(&request.register, received)?;
        let store = self.store.as_ref();
        let turn = self.turn(&request.reporter).await;
        let _turn = turn.lock().await;
        let known = self.known(&request.reporter).await;
        let mut known = known.lock().await;
        let mut tries = Tries::begin();
        loop {
            let head = store.head(stream).await.map_err(store_error)?;
            known.learn(store, stream).await.map_err(store_error)?;
            if let Some((position, open)) = known.deliveries.open_for(&rule.id) {
                let same = open.opening.periods == periods && open.opening.test == request.test;
                if !same {
                    return Err(precondition(format!(
                        "delivery {} of the register is open: close it or give it up first",
                        open.opening.number
                    )));
                }
                return Ok(pb::OpenDeliveryResponse {
                    delivery: Some(message::delivery(position, open, None)),
                    resumed: true,
                });
            }
            let today = reference_date(received);
            let window = rule
                .window(&request.reporter, &periods, today)
                .map_err(|error| precondition(error.to_string()))?;
            if known.deliveries.len() >= DELIVERIES_MAX {
                let message = format!("a reporter has at most {DELIVERIES_MAX} deliveries");
                return Err(ApiError::new(Kind::ResourceExhausted, "VN-API-012", message));
            }
            let number = u32::try_from(known.deliveries.len() + 1).unwrap_or(u32::MAX);
            let opening = Opening {
                version: VERSION,
                reporter: request.reporter.clone(),
                number: if request.validate_only { 0 } else { number },
                received,
                register: rule.id.clone(),
                replaces: replaces(&known.deliveries, &rule.id, &periods),
                periods: periods.clone(),
                test: request.test,
                window,
                by: by.clone(),
            };
            let delivery = Delivery {
                opening: opening.clone(),
                closed: None,
            };
            let told = pb::OpenDeliveryResponse {
                delivery: Some(message::delivery(head.size, &delivery, None)),
                resumed: false,
            };
            if request.validate_only {
                return Ok(told);
            }
            let row = Row {
                key: opening.key(),
                leaf: opening.leaf(),
                bytes: opening.encode(),
            };
            match store.append(stream, head.size, vec![row]).await {
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(store_error(error)),
                Ok(_) => {
                    known.deliveries.opened(head.size, opening);
                    return Ok(told);
                }
            }
            if !tries.again().await {
                return Err(busy());
            }
        }
    }

    /// Tells how far a delivery has come.
    pub(crate) async fn get_delivery(
        &self,
        stream: &StreamId,
        request: &pb::GetDeliveryRequest,
    ) -> Result<pb::GetDeliveryResponse, ApiError> {
        let store = self.store.as_ref();
        let known = self.known(&request.reporter).await;
        let mut known = known.lock().await;
        known.learn(store, stream).await.map_err(store_error)?;
        let (opened, delivery) = numbered(&known.deliveries, request.number)?;
        let delivery = delivery.clone();
        let mut inputs = Vec::new();
        let mut counts = None;
        if delivery.closed.is_none() {
            let head = store.head(stream).await.map_err(store_error)?;
            let session = known
                .sessions
                .entry(opened)
                .or_insert_with(|| Session::new(opened));
            session
                .catch_up(store, stream, head.size)
                .await
                .map_err(store_error)?;
            counts = Some(session.counts(store, stream, 0).await.map_err(store_error)?);
            let told = session.inputs().map(|(input, last_line)| pb::DeliveryInput {
                input: input.to_owned(),
                last_line,
            });
            inputs.extend(told);
        }
        Ok(pb::GetDeliveryResponse {
            delivery: Some(message::delivery(opened, &delivery, counts)),
            inputs,
        })
    }

    /// The deliveries of a reporter, newest first.
    pub(crate) async fn list_deliveries(
        &self,
        stream: &StreamId,
        reporter: &str,
    ) -> Result<Vec<pb::Delivery>, ApiError> {
        let known = self.known(reporter).await;
        let mut known = known.lock().await;
        let learnt = known.learn(self.store.as_ref(), stream).await;
        learnt.map_err(store_error)?;
        let all = known.deliveries.all().rev();
        Ok(all
            .map(|(position, delivery)| message::delivery(position, delivery, None))
            .collect())
    }

    /// What the release in force says of a register.
    fn rule(&self, register: &str, received: i64) -> Result<RegisterRule, ApiError> {
        let view = self.authority.view();
        let today = reference_date(received);
        let release = view
            .snapshot_on(today)
            .ok_or_else(|| precondition("no release is in force today".to_owned()))?;
        let rules = &release.register.deliveries;
        let found = rules.iter().find(|rule| rule.id == register);
        found.cloned().ok_or_else(|| {
            let known: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
            let message = match known.is_empty() {
                true => format!("release {} has no registers that are delivered to", release.id),
                false => format!("release {} has {}", release.id, known.join(", ")),
            };
            ApiError::field("register", message)
        })
    }
}

/// The delivery with a number.
fn numbered(deliveries: &Deliveries, number: u32) -> Result<(u64, &Delivery), ApiError> {
    let found = deliveries.numbered(number);
    found.ok_or_else(|| ApiError::not_found("the delivery"))
}

/// Numbers of the deliveries of a register whose periods some periods state again.
fn replaces(deliveries: &Deliveries, register: &str, periods: &[Month]) -> Vec<u32> {
    let again = deliveries.all().filter(|(opened, delivery)| {
        let opening = &delivery.opening;
        deliveries.effect_of(*opened).is_some()
            && opening.register == register
            && opening.periods.iter().any(|period| periods.contains(period))
    });
    again.map(|(_, delivery)| delivery.opening.number).collect()
}

fn periods(stated: &[String]) -> Result<Vec<Month>, ApiError> {
    if stated.is_empty() || stated.len() > PERIODS_MAX {
        return Err(ApiError::field(
            "periods",
            format!("1 to {PERIODS_MAX} periods are needed"),
        ));
    }
    let periods = stated.iter().enumerate().map(|(at, text)| {
        Month::parse(text).map_err(|error| ApiError::field(format!("periods[{at}]"), error.to_string()))
    });
    let mut periods = periods.collect::<Result<Vec<_>, _>>()?;
    periods.sort_unstable();
    periods.dedup();
    Ok(periods)
}

/// The name that an opening or closing keeps of its caller.
fn name_of(caller: &Caller) -> Result<String, ApiError> {
    match id_holds_personal_number(&caller.name) {
        false => Ok(caller.name.clone()),
        true => Err(ApiError::field("caller", "its name holds a personal number")),
    }
}

fn precondition(message: String) -> ApiError {
    ApiError::new(Kind::FailedPrecondition, "VN-API-028", message)
}

fn busy() -> ApiError {
    let message = "another server takes records of the reporter; try again";
    ApiError::new(Kind::Aborted, "VN-API-011", message)
}
