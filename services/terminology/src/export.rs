//! Content as files.
use std::sync::Arc;
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_store::View;
pub(crate) async fn export(
    _view: Arc<View>,
    _request: pb::ExportContentRequest,
) -> Result<Vec<types::FileChunk>, ApiError> {
    Err(ApiError::field("", ""))
}
