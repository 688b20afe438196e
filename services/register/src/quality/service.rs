//! Completeness, findings and changes as a gRPC service: who may see what of them, months and pages.

use std::collections::BTreeMap;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use vardnav_api::common::page_size;
use vardnav_api::quality::months;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::quality_service_server::QualityService;
use vardnav_register::delivery::Month;
use vardnav_register::identity::reference_date;
use vardnav_register::quality::Counts;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;

use super::answer;
use crate::service::{Service, own_stream};
use crate::{Register, changes, store_error};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1_000;
/// Months of reporters told at once, so that an answer stays small.
const PERIODS_MAX: usize = 6_000;
/// The permission to see all reporters.
const ADMINISTER: &str = "register.administer";

#[tonic::async_trait]
impl QualityService for Service {
    type FollowRegisterStream = ReceiverStream<Result<pb::FollowRegisterResponse, Status>>;

    async fn get_completeness(
        &self,
        request: Request<pb::GetCompletenessRequest>,
    ) -> Result<Response<pb::GetCompletenessResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let months = months(&request.from, &request.until)?;
        let mut size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let spanned = usize::try_from(months.1.number() - months.0.number()).unwrap_or(1);
        size = size.min(PERIODS_MAX / spanned.max(1));
        if request.with_units {
            size = 1;
        }
        let reporters = reporters(&self.register, &caller, &request.reporter)?;
        let behind = self.register.quality.caught_up().await.map_err(store_error)?;
        let mut rest = reporters
            .into_iter()
            .skip_while(|id| !request.page_token.is_empty() && *id <= request.page_token);
        let mut periods = Vec::new();
        let mut last = String::new();
        let view = self.register.authority.view();
        let today = reference_date(clock::now_micros());
        for reporter in rest.by_ref().take(size) {
            let tally = self
                .register
                .quality
                .tally(&reporter)
                .await
                .map_err(store_error)?;
            let together = self.register.quality.together(&reporter, months, &view).await;
            let together = together.map_err(store_error)?;
            let told = answer::periods(
                (&reporter, &tally, &together),
                months,
                request.with_units,
                (today, &view),
            );
            periods.extend(told);
            last = reporter;
        }
        let next_page_token = if rest.next().is_some() {
            last
        } else {
            String::new()
        };
        Ok(Response::new(pb::GetCompletenessResponse {
            periods,
            next_page_token,
            behind,
        }))
    }

    async fn list_findings(
        &self,
        request: Request<pb::ListFindingsRequest>,
    ) -> Result<Response<pb::ListFindingsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (from, until) = months(&request.from, &request.until)?;
        let reporters = reporters(&self.register, &caller, &request.reporter)?;
        let behind = self.register.quality.caught_up().await.map_err(store_error)?;
        let mut all: BTreeMap<String, Counts> = BTreeMap::new();
        let view = self.register.authority.view();
        for reporter in reporters {
            let tally = self
                .register
                .quality
                .tally(&reporter)
                .await
                .map_err(store_error)?;
            for (code, counts) in tally.findings(from, until) {
                all.entry(code.to_owned()).or_default().add(counts, 1);
            }
            let months = (from, until);
            let together = self.register.quality.together(&reporter, months, &view).await;
            for (code, (_, counts)) in together.map_err(store_error)?.into_values().flatten() {
                all.entry(code).or_default().add(counts, 1);
            }
        }
        let (findings, more) = answer::findings(&all, &view);
        Ok(Response::new(pb::ListFindingsResponse {
            findings,
            more,
            behind,
        }))
    }

    async fn list_contacts_alike(
        &self,
        request: Request<pb::ListContactsAlikeRequest>,
    ) -> Result<Response<pb::ListContactsAlikeResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let months = months(&request.from, &request.until)?;
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let stream = own_stream(&self.register, &caller, &request.reporter)?;
        let after = after(&request.page_token)?;
        let behind = self.register.quality.caught_up().await.map_err(store_error)?;
        self.register
            .note(&caller, "contacts-alike", &request.reporter, None)
            .await
            .map_err(store_error)?;
        let view = self.register.authority.view();
        let listed = self.register.quality.listed(&stream, months, after, size, &view);
        let (contacts, next) = listed.await.map_err(store_error)?;
        let next = next.map(|(month, position)| format!("{month}:{position}"));
        Ok(Response::new(pb::ListContactsAlikeResponse {
            contacts,
            next_page_token: next.unwrap_or_default(),
            behind,
        }))
    }

    async fn follow_register(
        &self,
        request: Request<pb::FollowRegisterRequest>,
    ) -> Result<Response<Self::FollowRegisterStream>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        if request.reporter.is_empty() {
            may_see_all(&caller)?;
        } else {
            own_stream(&self.register, &caller, &request.reporter)?;
        }
        Ok(Response::new(changes::follow(&self.register, caller, request)?))
    }
}

/// The month and the first position of those that were told last.
fn after(token: &str) -> Result<Option<(Month, u64)>, ApiError> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (month, position) = token.split_once(':')?;
        Some((Month::parse(month).ok()?, position.parse().ok()?))
    };
    let wrong = || ApiError::field("page_token", "not a token of an earlier answer");
    read().map(Some).ok_or_else(wrong)
}

/// The reporters that are asked for, by id.
fn reporters(register: &Register, caller: &Caller, asked: &str) -> Result<Vec<String>, ApiError> {
    if !asked.is_empty() {
        own_stream(register, caller, asked)?;
        return Ok(vec![asked.to_owned()]);
    }
    may_see_all(caller)?;
    let view = register.authority.view();
    let mut reporters: Vec<String> = view.reporters().map(|reporter| reporter.id.clone()).collect();
    reporters.sort_unstable();
    Ok(reporters)
}

fn may_see_all(caller: &Caller) -> Result<(), ApiError> {
    if caller.may(ADMINISTER) {
        return Ok(());
    }
    let message = "name a reporter that the caller acts for; all reporters together are for those who administer the register";
    Err(ApiError::new(Kind::PermissionDenied, "VN-API-020", message))
}
