//! Search as one types, held to value sets, expressions, dates.

use vardnav_api::common::optional_date;
use vardnav_api::common::page_size;
use vardnav_api::status::ApiError;
use vardnav_api::terminology::hit_message;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::SearchQuery;

const HITS_DEFAULT: usize = 20;
const HITS_PAGE_MAX: usize = 100;
/// Hits that can be paged through.
const HITS_MAX: usize = 1000;
const TEXT_CHARS_MAX: usize = 200;

pub(crate) fn search(view: &View, request: &pb::SearchRequest) -> Result<pb::SearchResponse, ApiError> {
    if request.text.chars().count() > TEXT_CHARS_MAX {
        return Err(ApiError::field(
            "text",
            format!("at most {TEXT_CHARS_MAX} characters"),
        ));
    }
    let size = page_size(request.page_size, HITS_DEFAULT, HITS_PAGE_MAX)?;
    let from = match request.page_token.as_str() {
        "" => 0,
        token => token
            .parse()
            .map_err(|_| ApiError::field("page_token", "not a token of this method"))?,
    };
    let from = usize::min(HITS_MAX, from);
    let wanted = usize::min(HITS_MAX, from + size + 1);
    let systems: Vec<&str> = request.systems.iter().map(String::as_str).collect();
    let query = SearchQuery {
        text: &request.text,
        language: &request.language,
        date: optional_date(request.date.as_ref(), "date")?,
        within: None,
        active_only: request.active_only,
        limit: wanted,
    };
    let found = view.catalog().search(&query, &systems);
    let today = clock::today();
    let hits: Vec<_> = found
        .iter()
        .skip(from)
        .take(size)
        .map(|hit| hit_message(hit, today))
        .collect();
    let next = from + hits.len();
    let next_page_token = if next < found.len() {
        next.to_string()
    } else {
        String::new()
    };
    Ok(pb::SearchResponse {
        hits,
        next_page_token,
    })
}
