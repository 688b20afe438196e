//! The gRPC adapter of the vault.

use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use vardnav_api::common::page_size;
use vardnav_api::rights::{named_record, record_key, refusal, request_message};
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_api::vardnav::admin::v1::vault_service_server::VaultService;
use vardnav_api::vardnav::register::v1 as register;
use vardnav_register::audit::{About, AuditEntry};
use vardnav_register::entry::row_key;
use vardnav_register::hash::{array_from_hex, to_hex};
use vardnav_register::identity::{PersonKey, reference_date};
use vardnav_register::record::IdentityType;
use vardnav_register::rights::{Asked, RecordRef, RightsError, Scope, Use};
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;
use vardnav_store::{StreamId, audit};

use super::population::Import;
use super::{Opened, VaultAdmin, failed, not_decided, store_error};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;
/// For how many hours a request holds, when nothing is said.
const HOURS_DEFAULT: u32 = 24;
const HOUR: i64 = 3_600_000_000;

#[tonic::async_trait]
impl VaultService for VaultAdmin {
    type ExportLinkageStream = ReceiverStream<Result<pb::ExportLinkageResponse, Status>>;

    async fn import_population(
        &self,
        request: Request<Streaming<pb::ImportPopulationRequest>>,
    ) -> Result<Response<pb::ImportPopulationResponse>, Status> {
        let caller = caller(&request)?;
        let today = reference_date(clock::now_micros());
        let mut pieces = request.into_inner();
        let mut import: Option<Import> = None;
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            let import = import
                .get_or_insert_with(|| Import::new(&caller.name, today, piece.validate_only, piece.go_on));
            import.push(&piece.chunk.unwrap_or_default().data)?;
        }
        let import = import.ok_or_else(|| ApiError::field("chunk", "no file was sent"))?;
        let note = AuditEntry::about(&caller.name, clock::now_micros(), "population", About::default());
        let note = note.map_err(|error| failed(&error))?;
        audit::note(self.store.as_ref(), &[note])
            .await
            .map_err(store_error)?;
        Ok(Response::new(import.finish(self).await?))
    }

    async fn request_vault(
        &self,
        request: Request<pb::RequestVaultRequest>,
    ) -> Result<Response<pb::RequestVaultResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let hours = match request.hours {
            0 => HOURS_DEFAULT,
            hours => hours,
        };
        let asked = Asked {
            scope: self.scope(&request).await?,
            purpose: request.purpose,
            reason: request.reason,
            uses: request.uses.max(1),
            until: clock::now_micros().saturating_add(i64::from(hours) * HOUR),
        };
        let number = self.ask(&caller.name, asked).await?;
        Ok(Response::new(pb::RequestVaultResponse {
            request: Some(self.told(number).await?),
        }))
    }

    async fn approve_vault(
        &self,
        request: Request<pb::ApproveVaultRequest>,
    ) -> Result<Response<pb::ApproveVaultResponse>, Status> {
        let caller = caller(&request)?;
        let number = request.into_inner().number;
        self.approve(&caller.name, number).await?;
        Ok(Response::new(pb::ApproveVaultResponse {
            request: Some(self.told(number).await?),
        }))
    }

    async fn end_vault(
        &self,
        request: Request<pb::EndVaultRequest>,
    ) -> Result<Response<pb::EndVaultResponse>, Status> {
        let caller = caller(&request)?;
        let number = request.into_inner().number;
        self.end(&caller.name, number).await?;
        Ok(Response::new(pb::EndVaultResponse {
            request: Some(self.told(number).await?),
        }))
    }

    async fn list_vault_requests(
        &self,
        request: Request<pb::ListVaultRequestsRequest>,
    ) -> Result<Response<pb::ListVaultRequestsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let rights = self.rights.current().await.map_err(store_error)?;
        let now = clock::now_micros();
        let after = match request.page_token.as_str() {
            "" => u64::MAX,
            token => token
                .parse()
                .map_err(|_| ApiError::field("page_token", "not a token of this method"))?,
        };
        let mut requests: Vec<_> = rights
            .requests()
            .rev()
            .filter(|(number, _)| *number < after)
            .take(size + 1)
            .map(|(number, asked)| request_message(number, asked, now))
            .collect();
        let mut next_page_token = String::new();
        if requests.len() > size {
            requests.truncate(size);
            next_page_token = requests
                .last()
                .map(|last| last.number.to_string())
                .unwrap_or_default();
        }
        Ok(Response::new(pb::ListVaultRequestsResponse {
            requests,
            next_page_token,
        }))
    }

    async fn open_vault(
        &self,
        request: Request<pb::OpenVaultRequest>,
    ) -> Result<Response<pb::OpenVaultResponse>, Status> {
        let caller = caller(&request)?;
        let opened = self.open(&caller.name, request.into_inner().number).await?;
        let numbers = opened.iter().filter_map(opened_message).collect();
        Ok(Response::new(pb::OpenVaultResponse { numbers }))
    }

    async fn export_linkage(
        &self,
        request: Request<pb::ExportLinkageRequest>,
    ) -> Result<Response<Self::ExportLinkageStream>, Status> {
        let caller = caller(&request)?;
        let (number, now) = (request.into_inner().number, clock::now_micros());
        let rights = self.rights.current().await.map_err(store_error)?;
        let unknown = || refusal(&RightsError::Unknown);
        let request = rights.request(number).ok_or_else(unknown)?;
        let Scope::Linkage { project, reporters } = request.asked.scope.clone() else {
            return Err(unknown().into());
        };
        let about = About {
            purpose: Some(request.asked.purpose.clone()),
            request: Some(number),
            ..About::default()
        };
        let note = AuditEntry::about(&caller.name, now, "export-linkage", about);
        let note = note.map_err(|error| failed(&error))?;
        audit::note(self.store.as_ref(), &[note])
            .await
            .map_err(store_error)?;
        let count = reporters.len() as u64;
        self.rights
            .decide(|rights| rights.spend(&caller.name, now, number, Use::Linkage, count))
            .await
            .map_err(not_decided)?;
        let (sender, receiver) = mpsc::channel(1);
        let admin = self.clone();
        tokio::spawn(async move { admin.export(project, reporters, sender).await });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

impl VaultAdmin {
    async fn told(&self, number: u64) -> Result<register::RightsRequest, ApiError> {
        let rights = self.rights.current().await.map_err(store_error)?;
        let request = rights.request(number);
        let request = request.ok_or_else(|| refusal(&RightsError::Unknown))?;
        Ok(request_message(number, request, clock::now_micros()))
    }

    /// What a request names: a project, persons by key, or the persons of revisions that the register holds.
    async fn scope(&self, request: &pb::RequestVaultRequest) -> Result<Scope, ApiError> {
        if !request.project.is_empty() {
            return Ok(Scope::Linkage {
                project: request.project.clone(),
                reporters: request.reporters.clone(),
            });
        }
        if !request.persons.is_empty() {
            let keys = request
                .persons
                .iter()
                .map(|text| array_from_hex(text).map(PersonKey));
            let keys: Option<Vec<_>> = keys.collect();
            let wrong = || ApiError::field("persons", "not keys of persons");
            return keys.map(Scope::Persons).ok_or_else(wrong);
        }
        let mut records = Vec::new();
        for message in &request.records {
            let (reporter, kind, id, revision) = named_record(message)?;
            let stream = StreamId::reporter(&reporter).map_err(store_error)?;
            let key = row_key(kind, &id, revision);
            let found = self.store.find(&stream, vec![key]).await.map_err(store_error)?;
            let position = found.first().copied().flatten();
            let missing = || ApiError::not_found("one of the revisions");
            records.push(RecordRef {
                position: position.ok_or_else(missing)?,
                reporter,
                kind,
                id,
                revision,
            });
        }
        Ok(Scope::Records(records))
    }
}

fn opened_message(opened: &Opened) -> Option<pb::OpenedNumber> {
    let (kind, number) = opened.number.identity.reveal()?;
    let kind = match kind {
        IdentityType::Personnummer => register::IdentityType::Personnummer,
        IdentityType::Samordningsnummer => register::IdentityType::Samordningsnummer,
        IdentityType::Reserve => register::IdentityType::Reserve,
    };
    Some(pb::OpenedNumber {
        record: opened.record.as_ref().map(record_key),
        person: to_hex(&opened.number.person.0),
        number: Some(register::PersonNumber {
            r#type: kind.into(),
            number: number.to_owned(),
            issuer: opened.number.identity.issuer().to_owned(),
        }),
    })
}
