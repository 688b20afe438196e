//! What became of a concept.
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_store::View;
pub(crate) fn history(
    _view: &View,
    _request: &pb::GetHistoryRequest,
) -> Result<pb::GetHistoryResponse, ApiError> {
    Err(ApiError::field("", ""))
}
