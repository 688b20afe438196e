//! The gRPC adapter of the person's rights.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use vardnav_api::rights::{named_record, number, record_key, request_message};
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::person_service_server::PersonService;
use vardnav_register::audit::About;
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;

use super::today;
use crate::service::{Service, own_stream};
use crate::{ledger, store_error};

/// Revisions in one piece.
const PIECE: usize = 200;
/// Records named in one request.
const RECORDS_MAX: usize = 10_000;

#[tonic::async_trait]
impl PersonService for Service {
    type ExtractPersonStream = ReceiverStream<Result<pb::ExtractPersonResponse, Status>>;

    async fn extract_person(
        &self,
        request: Request<pb::ExtractPersonRequest>,
    ) -> Result<Response<Self::ExtractPersonStream>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        self.register.check_purpose(&request.purpose)?;
        let named = number(request.person, today())?;
        let register = Arc::clone(&self.register);
        let nobody = || ApiError::not_found("a record of that person");
        let keys = register
            .keys_of(&named)
            .await
            .map_err(store_error)?
            .ok_or_else(nobody)?;
        let about = About {
            person: keys.first().copied(),
            purpose: Some(request.purpose),
            ..About::default()
        };
        register
            .note_person(&caller, "extract", about)
            .await
            .map_err(store_error)?;
        let choice = register.choose(vardnav_release::entry::AS_REPORTED)?;
        let held = register.revisions_of(&keys, "").await.map_err(store_error)?;
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for (stream, formers) in held {
                for some in formers.chunks(PIECE) {
                    let told = register.told_in_full(&stream, some, &choice).await;
                    let piece = told
                        .map(|revisions| pb::ExtractPersonResponse { revisions })
                        .map_err(|error| Status::from(store_error(error)));
                    let failed = piece.is_err();
                    if sender.send(piece).await.is_err() || failed {
                        return;
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn rectify_person(
        &self,
        request: Request<pb::RectifyPersonRequest>,
    ) -> Result<Response<pb::RectifyPersonResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let named = number(request.person, today())?;
        let (number, records) = self
            .register
            .rectify(
                &caller,
                &named,
                (&request.purpose, &request.reason),
                (&request.reporter, &request.id),
            )
            .await?;
        Ok(Response::new(pb::RectifyPersonResponse {
            number,
            records: records.iter().map(record_key).collect(),
        }))
    }

    async fn list_rectifications(
        &self,
        request: Request<pb::ListRectificationsRequest>,
    ) -> Result<Response<pb::ListRectificationsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        let rights = self.register.rights.current().await.map_err(store_error)?;
        let mut rectifications = Vec::new();
        for (number, asked, mark) in rights.rectifications() {
            for record in asked
                .records
                .iter()
                .filter(|record| record.reporter == request.reporter)
            {
                let store = self.register.store.as_ref();
                let latest = ledger::latest_revision(store, &stream, record.kind, &record.id)
                    .await
                    .map_err(store_error)?;
                if request.open && latest > record.revision {
                    continue;
                }
                rectifications.push(pb::Rectification {
                    number,
                    reason: asked.reason.clone(),
                    asked_micros: mark.at,
                    record: Some(record_key(record)),
                    latest,
                });
            }
        }
        Ok(Response::new(pb::ListRectificationsResponse { rectifications }))
    }

    async fn request_erasure(
        &self,
        request: Request<pb::RequestErasureRequest>,
    ) -> Result<Response<pb::RequestErasureResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let named = match request.person {
            Some(person) => Some(number(Some(person), today())?),
            None => None,
        };
        if request.records.len() > RECORDS_MAX {
            return Err(ApiError::field("records", "too many").into());
        }
        let listed = request.records.iter().map(named_record);
        let listed = listed.collect::<Result<Vec<_>, _>>()?;
        let texts = (
            request.basis.as_str(),
            request.reason.as_str(),
            request.reporter.as_str(),
        );
        let asked = self.register.request_erasure(&caller, named, listed, texts);
        let (number, records) = asked.await?;
        Ok(Response::new(pb::RequestErasureResponse {
            request: Some(self.told(number).await?),
            records: records.iter().map(record_key).collect(),
        }))
    }

    async fn approve_erasure(
        &self,
        request: Request<pb::ApproveErasureRequest>,
    ) -> Result<Response<pb::ApproveErasureResponse>, Status> {
        let caller = caller(&request)?;
        let number = request.into_inner().number;
        let erased = self.register.approve_erasure(&caller, number).await?;
        Ok(Response::new(pb::ApproveErasureResponse {
            request: Some(self.told(number).await?),
            erased,
        }))
    }
}

impl Service {
    /// A request as it stands now.
    async fn told(&self, number: u64) -> Result<pb::RightsRequest, ApiError> {
        let rights = self.register.rights.current().await.map_err(store_error)?;
        let request = rights
            .request(number)
            .ok_or_else(|| ApiError::not_found("the request"))?;
        Ok(request_message(number, request, clock::now_micros()))
    }
}
