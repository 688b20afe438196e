//! Value sets, expressions and compositions listed, page by page.
use std::sync::Arc;
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_store::View;
pub(crate) async fn expand(
    _view: Arc<View>,
    _request: pb::ExpandRequest,
) -> Result<pb::ExpandResponse, ApiError> {
    Err(ApiError::field("", ""))
}
