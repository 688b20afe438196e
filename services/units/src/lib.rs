//! The registry of care units as a gRPC service: puts, shows and lists units with their dated versions.
//! What a unit may say is held against the release in force; nothing is derived here.

mod capacity;
mod check;
mod closing;
mod history;

use std::sync::Arc;

use tonic::{Request, Response, Status};
use vardnav_api::common::{date, page, page_size, some};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::units::{unit, unit_message};
use vardnav_api::vardnav::units::v1::care_unit_service_server::CareUnitService;
use vardnav_api::vardnav::units::v1::{
    CloseCareUnitsRequest, CloseCareUnitsResponse, GetCareUnitHistoryRequest, GetCareUnitHistoryResponse,
    GetCareUnitRequest, GetCareUnitResponse, ListCareUnitsRequest, ListCareUnitsResponse, PutCareUnitRequest,
    PutCareUnitResponse, QueryCapacityRequest, QueryCapacityResponse,
};
use vardnav_register::unit::CareUnit;
use vardnav_release::entry::{AuthorityEntry, Change};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;
use vardnav_store::uploads::UploadKeeper;
use vardnav_store::{Authority, AuthorityError, DecideError, View};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// The service.
#[derive(Clone)]
pub struct Units {
    authority: Arc<Authority>,
    uploads: Arc<UploadKeeper>,
}

impl Units {
    /// Serves what `authority` keeps.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self {
            uploads: Arc::new(UploadKeeper::new(Arc::clone(&authority))),
            authority,
        }
    }

    /// Puts a unit: appends the versions that are new or changed, in order.
    ///
    /// # Errors
    /// When the unit does not hold against the release in force, or the store does not take it.
    pub async fn put(
        &self,
        caller: &Caller,
        unit: CareUnit,
        validate_only: bool,
    ) -> Result<CareUnit, ApiError> {
        if validate_only {
            check::unit(&unit, &self.authority.view())?;
            return Ok(unit);
        }
        let view = self.put_all(caller, std::slice::from_ref(&unit)).await?;
        view.unit(&unit.hsa_id)
            .cloned()
            .ok_or_else(|| ApiError::not_found("the care unit"))
    }

    /// As [`Units::put`] for several units with one append: all of them or none. Answers the view that holds them.
    ///
    /// # Errors
    /// As [`Units::put`], and when somebody else changed one of them meanwhile.
    pub async fn put_all(&self, caller: &Caller, units: &[CareUnit]) -> Result<Arc<View>, ApiError> {
        let seen = self.authority.view();
        for unit in units {
            check::unit(unit, &seen)?;
        }
        let at = clock::now_micros();
        let decided = self.authority.decide_all(|state| {
            let mut entries = Vec::new();
            for unit in units {
                let known = state.unit(&unit.hsa_id);
                if known != seen.unit(&unit.hsa_id) {
                    return Err(changed());
                }
                let is_known = |version| known.is_some_and(|known| known.versions.contains(version));
                let new = unit.versions.iter().filter(|version| !is_known(version));
                entries.extend(new.map(|version| AuthorityEntry {
                    caller: caller.name.clone(),
                    at,
                    change: Change::UnitPut {
                        hsa_id: unit.hsa_id.clone(),
                        version: Box::new(version.clone()),
                    },
                }));
            }
            Ok(entries)
        });
        decided.await.map_err(|error| match error {
            DecideError::Refused(refused) => refused,
            DecideError::Authority(error) => failed(&error),
        })
    }
}

#[tonic::async_trait]
impl CareUnitService for Units {
    async fn put_care_unit(
        &self,
        request: Request<PutCareUnitRequest>,
    ) -> Result<Response<PutCareUnitResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stated = request
            .unit
            .ok_or_else(|| ApiError::field("unit", "a care unit is needed"))?;
        let stands = self.put(&caller, unit(stated)?, request.validate_only).await?;
        Ok(Response::new(PutCareUnitResponse {
            unit: Some(unit_message(&stands)),
        }))
    }

    async fn get_care_unit(
        &self,
        request: Request<GetCareUnitRequest>,
    ) -> Result<Response<GetCareUnitResponse>, Status> {
        let view = self.authority.view();
        let unit = view
            .state()
            .unit(&request.into_inner().hsa_id)
            .ok_or_else(|| ApiError::not_found("a care unit with that HSA-id"))?;
        Ok(Response::new(GetCareUnitResponse {
            unit: Some(unit_message(unit)),
        }))
    }

    async fn list_care_units(
        &self,
        request: Request<ListCareUnitsRequest>,
    ) -> Result<Response<ListCareUnitsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let view = self.authority.view();
        let units = view.state().units().filter(|unit| {
            request.reporter.is_empty()
                || unit
                    .versions
                    .iter()
                    .any(|version| version.reporters.contains(&request.reporter))
        });
        let (units, next_page_token) = page(units, |unit| unit.hsa_id.clone(), &request.page_token, size);
        let units = units.into_iter().map(unit_message).collect();
        Ok(Response::new(ListCareUnitsResponse {
            units,
            next_page_token,
        }))
    }

    async fn get_care_unit_history(
        &self,
        request: Request<GetCareUnitHistoryRequest>,
    ) -> Result<Response<GetCareUnitHistoryResponse>, Status> {
        let view = self.authority.view();
        let said = view.state().unit_history(&request.into_inner().hsa_id);
        if said.is_empty() {
            return Err(ApiError::not_found("a care unit with that HSA-id").into());
        }
        Ok(Response::new(history::answer(said)))
    }

    async fn close_care_units(
        &self,
        request: Request<CloseCareUnitsRequest>,
    ) -> Result<Response<CloseCareUnitsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let closed = date(request.closed.as_ref(), "closed")?;
        let units = self
            .close(&caller, &request.hsa_ids, closed, some(request.successor))
            .await?;
        Ok(Response::new(CloseCareUnitsResponse {
            units: units.iter().map(unit_message).collect(),
        }))
    }

    async fn query_capacity(
        &self,
        request: Request<QueryCapacityRequest>,
    ) -> Result<Response<QueryCapacityResponse>, Status> {
        let request = request.into_inner();
        let month = date(request.month.as_ref(), "month")?;
        Ok(Response::new(self.capacity(month, &request.by).await?))
    }
}

fn changed() -> ApiError {
    ApiError::new(
        Kind::Aborted,
        "VN-API-011",
        "the care unit was changed meanwhile: read it again and decide anew",
    )
}

fn failed(error: &AuthorityError) -> ApiError {
    match error {
        AuthorityError::Entry(error) => ApiError::field("unit", error.to_string()),
        _ => ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string()),
    }
}
