//! The gRPC adapter: messages in, use cases, messages out. Streams go on after a batch with bad records; they end
//! only when the caller may not do what it asks, or nothing can be stored.

use std::pin::Pin;
use std::sync::Arc;

use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::common::{optional_date, page, page_size};
use vardnav_api::register::{bytes, kind, record};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::upload::Upload;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::register_service_server::RegisterService;
use vardnav_register::delivery::{Place, Within};
use vardnav_register::finding::Finding;
use vardnav_register::record::RecordKind;
use vardnav_register::text::id_holds_personal_number;
use vardnav_register::validate::{Mechanism, finding_without_release};
use vardnav_release::entry::ConceptMapRecord;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::gate::caller;
use vardnav_runtime::limits::{BATCH_DERIVED_RECORDS_MAX, BATCH_RECORDS_MAX};
use vardnav_store::StreamId;

use crate::answer::{self, Stated};
use crate::audit::ALL_REPORTERS;
use crate::batch::Read;
use crate::delivery::Of;
use crate::intake::BatchAnswer;
use crate::{Register, maps, reporters, store_error};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;
const KEYS_MAX: usize = 10_000;
const REVISIONS_DEFAULT: usize = 20;
const REVISIONS_MAX: usize = 100;
const BATCH_ID_BYTES_MAX: usize = 64;
/// Answers that wait for a slow reader before reading stops.
const ANSWERS_WAITING_MAX: usize = 4;

/// The service.
#[derive(Clone)]
pub struct Service {
    pub(crate) register: Arc<Register>,
}

impl Service {
    /// Serves a register.
    pub fn new(register: Arc<Register>) -> Self {
        Self { register }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl RegisterService for Service {
    type ReportStream = Answers<pb::ReportResponse>;
    type ExportStream = Answers<pb::ExportResponse>;
    type PreviewImpactStream = Answers<pb::PreviewImpactResponse>;

    async fn report(
        &self,
        request: Request<Streaming<pb::ReportRequest>>,
    ) -> Result<Response<Self::ReportStream>, Status> {
        let caller = caller(&request)?;
        let register = Arc::clone(&self.register);
        let answers = request.into_inner().then(move |batch| {
            let (register, caller) = (Arc::clone(&register), Arc::clone(&caller));
            async move { Ok(report(&register, &caller, batch?).await?) }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn open_delivery(
        &self,
        request: Request<pb::OpenDeliveryRequest>,
    ) -> Result<Response<pb::OpenDeliveryResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        let opened = self.register.open_delivery(&caller, &stream, request);
        Ok(Response::new(opened.await?))
    }

    async fn close_delivery(
        &self,
        request: Request<pb::CloseDeliveryRequest>,
    ) -> Result<Response<pb::CloseDeliveryResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        let closed = self.register.close_delivery(&caller, &stream, &request);
        Ok(Response::new(closed.await?))
    }

    async fn get_delivery(
        &self,
        request: Request<pb::GetDeliveryRequest>,
    ) -> Result<Response<pb::GetDeliveryResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        Ok(Response::new(
            self.register.get_delivery(&stream, &request).await?,
        ))
    }

    async fn list_deliveries(
        &self,
        request: Request<pb::ListDeliveriesRequest>,
    ) -> Result<Response<pb::ListDeliveriesResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        let all = self.register.list_deliveries(&stream, &request.reporter).await?;
        // Newest first: keys rise as numbers fall.
        let key = |delivery: &pb::Delivery| format!("{:010}", u32::MAX - delivery.number);
        let (deliveries, next_page_token) = page(all.into_iter(), key, &request.page_token, size);
        Ok(Response::new(pb::ListDeliveriesResponse {
            deliveries,
            next_page_token,
        }))
    }

    async fn withdraw_records(
        &self,
        request: Request<pb::WithdrawRecordsRequest>,
    ) -> Result<Response<pb::WithdrawRecordsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        Ok(Response::new(
            self.register.withdraw(&caller, &stream, request).await?,
        ))
    }

    async fn get_episode(
        &self,
        request: Request<pb::GetEpisodeRequest>,
    ) -> Result<Response<pb::GetEpisodeResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        own_stream(&self.register, &caller, &request.reporter)?;
        let kind = match request.kind() {
            pb::RecordKind::Unspecified => RecordKind::Episode,
            stated => kind(stated, "kind")?,
        };
        let size = page_size(request.page_size, REVISIONS_DEFAULT, REVISIONS_MAX)?;
        let newest = match request.page_token.as_str() {
            "" => None,
            token => Some(
                token
                    .parse()
                    .map_err(|_| ApiError::field("page_token", "not a token of this method"))?,
            ),
        };
        let of = (request.reporter.as_str(), kind, request.id.as_str());
        let choice = self.register.choose(&request.derivation)?;
        let (revisions, next) = self
            .register
            .revisions(&caller, of, (newest, size), request.at_position, &choice)
            .await
            .map_err(store_error)?;
        if revisions.is_empty() {
            return Err(ApiError::not_found("a record with that id").into());
        }
        let next_page_token = next.map(|revision| revision.to_string()).unwrap_or_default();
        Ok(Response::new(pb::GetEpisodeResponse {
            revisions,
            next_page_token,
            derivation: choice.id().to_owned(),
        }))
    }

    async fn export(
        &self,
        request: Request<pb::ExportRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        let from = place(&request)?;
        let choice = self.register.choose(&request.derivation)?;
        self.register
            .note(&caller, "export", &request.reporter, None)
            .await
            .map_err(store_error)?;
        let (sender, receiver) = mpsc::channel(ANSWERS_WAITING_MAX);
        let register = Arc::clone(&self.register);
        tokio::spawn(async move {
            let mut place = from;
            loop {
                let piece = register
                    .piece(&stream, place, &choice)
                    .await
                    .map_err(|error| Status::from(store_error(error)));
                let answer = match piece {
                    Ok(None) => return,
                    Ok(Some((revisions, next))) => {
                        place = next;
                        Ok(pb::ExportResponse {
                            revisions,
                            derivation: choice.id().to_owned(),
                            next_position: next.cursor,
                            next_within: next.within.map(|within| pb::DeliveryPlace {
                                opened: within.opened,
                                next: within.next,
                            }),
                        })
                    }
                    Err(status) => Err(status),
                };
                let failed = answer.is_err();
                if sender.send(answer).await.is_err() || failed {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_receipt(
        &self,
        request: Request<pb::GetReceiptRequest>,
    ) -> Result<Response<pb::GetReceiptResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        own_stream(&self.register, &caller, &request.reporter)?;
        if request.keys.len() > KEYS_MAX {
            return Err(ApiError::field("keys", format!("at most {KEYS_MAX} keys")).into());
        }
        let keys = request
            .keys
            .into_iter()
            .enumerate()
            .map(|(index, key)| {
                Ok((
                    kind(key.kind(), &format!("keys[{index}].kind"))?,
                    key.id,
                    key.revision,
                ))
            })
            .collect::<Result<Vec<_>, ApiError>>()?;
        let receipt = self
            .register
            .receipt(&request.reporter, &keys)
            .await
            .map_err(store_error)?;
        Ok(Response::new(pb::GetReceiptResponse { receipt }))
    }

    async fn get_head(
        &self,
        request: Request<pb::GetHeadRequest>,
    ) -> Result<Response<pb::GetHeadResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        let (head, public_key, consistency) = self
            .register
            .signed_head(&stream, request.since_size)
            .await
            .map_err(store_error)?;
        let head = Some(answer::head(stream.as_str(), &head));
        let consistency = consistency.iter().map(|hash| bytes(hash)).collect();
        Ok(Response::new(pb::GetHeadResponse {
            head,
            public_key: bytes(&public_key),
            consistency,
        }))
    }

    async fn preview_impact(
        &self,
        request: Request<pb::PreviewImpactRequest>,
    ) -> Result<Response<Self::PreviewImpactStream>, Status> {
        let caller = caller(&request)?;
        self.register
            .note(&caller, "impact", ALL_REPORTERS, None)
            .await
            .map_err(store_error)?;
        let told = self.register.preview_impact(request.into_inner()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(told))))
    }

    async fn put_reporter(
        &self,
        request: Request<pb::PutReporterRequest>,
    ) -> Result<Response<pb::PutReporterResponse>, Status> {
        let caller = caller(&request)?;
        let stated = request
            .into_inner()
            .reporter
            .ok_or_else(|| ApiError::field("reporter", "a reporter is needed"))?;
        let reporter = self.register.put_reporter(&caller, stated).await?;
        Ok(Response::new(pb::PutReporterResponse {
            reporter: Some(reporters::message(&reporter)),
        }))
    }

    async fn list_reporters(
        &self,
        request: Request<pb::ListReportersRequest>,
    ) -> Result<Response<pb::ListReportersResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let view = self.register.authority.view();
        let (reporters, next_page_token) = page(
            view.reporters(),
            |reporter| reporter.id.clone(),
            &request.page_token,
            size,
        );
        let reporters = reporters.into_iter().map(reporters::message).collect();
        Ok(Response::new(pb::ListReportersResponse {
            reporters,
            next_page_token,
        }))
    }

    async fn put_concept_map(
        &self,
        request: Request<Streaming<pb::PutConceptMapRequest>>,
    ) -> Result<Response<pb::PutConceptMapResponse>, Status> {
        let caller = caller(&request)?;
        let mut pieces = request.into_inner();
        let mut first: Option<(String, Option<Date>, bool)> = None;
        let mut upload = Upload::default();
        while let Some(piece) = pieces.message().await? {
            if first.is_none() {
                own_stream(&self.register, &caller, &piece.reporter)?;
                let from = optional_date(piece.from.as_ref(), "from")?;
                first = Some((piece.reporter, from, piece.validate_only));
            }
            if let Some(chunk) = piece.chunk {
                upload.push(chunk)?;
            }
        }
        let (reporter, from, validate_only) =
            first.ok_or_else(|| ApiError::field("chunk", "one file is needed"))?;
        let answer = self
            .register
            .put_concept_map(&caller, &reporter, from, upload.finish()?, validate_only)
            .await?;
        Ok(Response::new(answer))
    }

    async fn describe_record(
        &self,
        request: Request<pb::DescribeRecordRequest>,
    ) -> Result<Response<pb::DescribeRecordResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        Ok(Response::new(self.register.describe(&stream, request).await?))
    }

    async fn list_concept_maps(
        &self,
        request: Request<pb::ListConceptMapsRequest>,
    ) -> Result<Response<pb::ListConceptMapsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        own_stream(&self.register, &caller, &request.reporter)?;
        let view = self.register.authority.view();
        let key = |map: &&ConceptMapRecord| format!("{}|{}", map.url, map.version);
        let mut kept: Vec<&ConceptMapRecord> =
            view.state().concept_maps_of(&request.reporter).iter().collect();
        kept.sort_by_key(key);
        let (found, next_page_token) = page(kept.into_iter(), key, &request.page_token, size);
        Ok(Response::new(pb::ListConceptMapsResponse {
            concept_maps: found.into_iter().map(maps::message).collect(),
            next_page_token,
        }))
    }

    async fn start_reclassification(
        &self,
        request: Request<pb::StartReclassificationRequest>,
    ) -> Result<Response<pb::StartReclassificationResponse>, Status> {
        let caller = caller(&request)?;
        let started = self
            .register
            .start_reclassification(&caller, request.into_inner());
        Ok(Response::new(pb::StartReclassificationResponse {
            derivation: Some(started.await?),
        }))
    }

    async fn get_reclassification(
        &self,
        request: Request<pb::GetReclassificationRequest>,
    ) -> Result<Response<pb::GetReclassificationResponse>, Status> {
        let caller = caller(&request)?;
        self.register
            .note(&caller, "reclassification", ALL_REPORTERS, None)
            .await
            .map_err(store_error)?;
        let view = self.register.authority.view();
        let id = request.into_inner().id;
        Ok(Response::new(pb::GetReclassificationResponse {
            derivation: Some(self.register.told(&view, &id, true).await?),
        }))
    }

    async fn list_reclassifications(
        &self,
        request: Request<pb::ListReclassificationsRequest>,
    ) -> Result<Response<pb::ListReclassificationsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let view = self.register.authority.view();
        let known = view
            .state()
            .derivations()
            .all()
            .map(|known| known.plan.id.clone());
        let (ids, next_page_token) = page(known, String::clone, &request.page_token, size);
        let mut derivations = Vec::new();
        for id in ids {
            derivations.push(self.register.told(&view, &id, false).await?);
        }
        Ok(Response::new(pb::ListReclassificationsResponse {
            derivations,
            next_page_token,
        }))
    }

    async fn cancel_reclassification(
        &self,
        request: Request<pb::CancelReclassificationRequest>,
    ) -> Result<Response<pb::CancelReclassificationResponse>, Status> {
        let caller = caller(&request)?;
        let id = request.into_inner().id;
        Ok(Response::new(pb::CancelReclassificationResponse {
            derivation: Some(self.register.cancel_reclassification(&caller, &id).await?),
        }))
    }

    async fn switch_derivation(
        &self,
        request: Request<pb::SwitchDerivationRequest>,
    ) -> Result<Response<pb::SwitchDerivationResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let wanted = (request.id.as_str(), request.reason.as_str());
        Ok(Response::new(
            self.register.switch_derivation(&caller, wanted).await?,
        ))
    }
}

async fn report(
    register: &Arc<Register>,
    caller: &Caller,
    batch: pb::ReportRequest,
) -> Result<pb::ReportResponse, ApiError> {
    let most = if batch.with_classification {
        BATCH_DERIVED_RECORDS_MAX
    } else {
        BATCH_RECORDS_MAX
    };
    // What is wrong with the batch as a whole is told of each of its records: the stream, which may carry batches of
    // others, goes on.
    let is_own = caller.may_act_for(&batch.reporter);
    let refused = if !is_own {
        Some((
            Mechanism::ReporterUnknown,
            "the caller does not act for this reporter".to_owned(),
        ))
    } else if batch.records.len() > most {
        Some((
            Mechanism::LimitTooMany,
            format!("{} records in one batch, at most {most}", batch.records.len()),
        ))
    } else {
        None
    };
    for (field, text) in [("batch_id", &batch.batch_id), ("input", &batch.input)] {
        if text.len() > BATCH_ID_BYTES_MAX || id_holds_personal_number(text) {
            return Err(ApiError::field(
                field,
                "at most 64 bytes, without a personal number",
            ));
        }
    }
    let _held = register
        .batches
        .acquire()
        .await
        .map_err(|_| store_error(crate::stopping()))?;
    let pb::ReportRequest {
        reporter,
        batch_id,
        validate_only,
        with_classification,
        records,
        delivery,
        input,
        last_line,
    } = batch;
    let of = (delivery > 0).then_some(Of {
        number: delivery,
        input,
        last_line,
    });
    let is_refused = refused.is_some();
    let read = move || -> (Vec<Stated>, Vec<Read>) {
        let read = |message| match &refused {
            None => record(message).map_err(unreadable),
            Some((mechanism, detail)) => Err(finding_without_release(*mechanism, String::new(), detail)),
        };
        records
            .into_iter()
            .map(|message| (Stated::of(&message), read(message)))
            .unzip()
    };
    let (stated, records) = register.compute(read).await.map_err(store_error)?;
    // Nothing of the reporter's is looked at or changed by a batch that is refused as a whole.
    let taken = match is_refused {
        true => BatchAnswer::refused(records),
        false => {
            let taken = register.take((&caller.name, &reporter), of.as_ref(), records, validate_only);
            taken.await.map_err(store_error)?
        }
    };
    if is_own && !validate_only {
        let noted = register.note_refusals(&reporter, &taken.outcomes).await;
        noted.map_err(store_error)?;
    }
    let view = register.authority.view();
    // The name of somebody who is no reporter is not repeated: it could hold anything.
    let reporter = if view.reporter(&reporter).is_some() {
        reporter
    } else {
        String::new()
    };
    let view = with_classification.then_some(view);
    let answer = move || {
        let leaves: Vec<[u8; 32]> = taken.outcomes.iter().filter_map(|outcome| outcome.leaf).collect();
        let receipt = taken
            .receipt
            .as_ref()
            .map(|receipt| answer::receipt(receipt, &leaves));
        let outcomes = taken.outcomes.into_iter().zip(stated).zip(0..);
        let outcomes = outcomes
            .map(|((outcome, stated), index)| answer::outcome(index, stated, outcome, view.as_deref()));
        pb::ReportResponse {
            batch_id,
            reporter,
            outcomes: outcomes.collect(),
            receipt,
        }
    };
    register.compute(answer).await.map_err(store_error)
}

/// Where an export begins.
fn place(request: &pb::ExportRequest) -> Result<Place, ApiError> {
    let within = request.from_within.map(|within| Within {
        opened: within.opened,
        next: within.next,
    });
    let place = Place {
        cursor: request.from_position,
        within,
    };
    let bytes = place.within_bytes();
    Place::of(place.cursor, bytes.as_ref().map(<[u8; 16]>::as_slice))
        .ok_or_else(|| ApiError::field("from_within", "not of an answer of this method"))
}

/// A message that is no record, as a finding about it.
fn unreadable(error: ApiError) -> Finding {
    let mechanism = match error.code {
        vardnav_api::status::BAD_DATE => Mechanism::FormatBadDate,
        _ => Mechanism::FormatMissingField,
    };
    finding_without_release(mechanism, error.field, "")
}

pub(crate) fn own_stream(register: &Register, caller: &Caller, reporter: &str) -> Result<StreamId, ApiError> {
    if !caller.may_act_for(reporter) {
        let message = "the caller does not act for this reporter";
        return Err(ApiError::new(Kind::PermissionDenied, "VN-API-020", message));
    }
    if register.authority.view().reporter(reporter).is_none() {
        return Err(ApiError::not_found("the reporter"));
    }
    StreamId::reporter(reporter).map_err(store_error)
}
