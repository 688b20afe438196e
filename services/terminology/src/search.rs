//! Search as one types, held to value sets, expressions, dates.

use jiff::civil::Date;
use vardnav_api::common::{optional_date, page_size};
use vardnav_api::status::ApiError;
use vardnav_api::terminology::{expression, failure, hit_message};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::value_set::{Contents, ExpandRequest, Settings, ValueSetRef};
use vardnav_terminology::{SearchQuery, search_editions};

use crate::expand::SNOMED_CT;

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
    let date = optional_date(request.date.as_ref(), "date")?;
    let query = SearchQuery {
        text: &request.text,
        language: &request.language,
        date,
        within: None,
        active_only: request.active_only,
        limit: wanted,
    };
    let systems: Vec<&str> = request.systems.iter().map(String::as_str).collect();
    let held = held(view, request, date)?;
    let sets = held.as_ref().map(|contents| contents.sets());
    let found = match &sets {
        None => {
            // Without a date any term is found, but of the editions in force today alone.
            let editions = view
                .catalog()
                .searched(Some(date.unwrap_or_else(clock::today)), &systems);
            search_editions(&query, editions.map(|edition| (edition.as_ref(), None)))
        }
        Some(sets) => {
            let wanted = sets
                .iter()
                .filter(|(edition, _)| systems.is_empty() || systems.contains(&edition.url()));
            search_editions(&query, wanted.map(|(edition, set)| (edition.as_ref(), Some(set))))
        }
    };
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

/// The codes that a search is held to; `None` when it is held to none.
fn held(view: &View, request: &pb::SearchRequest, date: Option<Date>) -> Result<Option<Contents>, ApiError> {
    let inline = match (request.value_set.is_empty(), request.ecl.is_empty()) {
        (true, true) => return Ok(None),
        (false, false) => {
            return Err(ApiError::field(
                "ecl",
                "state a value set or an expression, not both",
            ));
        }
        (false, true) => None,
        (true, false) => {
            let system = match request.systems.as_slice() {
                [] => SNOMED_CT,
                [only] => only,
                _ => {
                    return Err(ApiError::field(
                        "ecl",
                        "an expression speaks of one code system: state one in `systems`, or none for SNOMED CT",
                    ));
                }
            };
            Some(expression(system, "", &request.ecl))
        }
    };
    let asked = ExpandRequest {
        settings: Settings {
            date: Some(date.unwrap_or_else(clock::today)),
            ..Settings::default()
        },
        ..ExpandRequest::new(match &inline {
            Some(set) => ValueSetRef::Inline(set),
            None => ValueSetRef::Address {
                url: &request.value_set,
                version: "",
            },
        })
    };
    let contents = view.catalog().contents(&asked);
    contents.map(Some).map_err(|error| failure(&error))
}
