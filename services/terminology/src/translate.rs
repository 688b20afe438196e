//! Where a code leads by concept maps.
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_store::View;
pub(crate) fn translate(
    _view: &View,
    _request: &pb::TranslateRequest,
) -> Result<pb::TranslateResponse, ApiError> {
    Err(ApiError::field("", ""))
}
