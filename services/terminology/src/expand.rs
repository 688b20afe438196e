//! Value sets, expressions and compositions listed, page by page. What was found for a first page is kept for a while,
//! so that the next ones need not find it again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use vardnav_api::common::{date_message, page_size};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::terminology::{composition, expression, failure, item_message, warning_message};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_store::View;
use vardnav_terminology::model::ValueSet;
use vardnav_terminology::value_set::{Contents, ExpandRequest, Languages, Settings, ValueSetRef};

use crate::answer::day;
use crate::on_pool;

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;
const FILTER_CHARS_MAX: usize = 200;
/// Contents that are kept for further pages.
const KEPT_MAX: usize = 16;
/// The code system of expressions that name none.
pub(crate) const SNOMED_CT: &str = "http://snomed.info/sct";

/// Contents found lately.
#[derive(Clone, Default)]
pub(crate) struct Recent(Arc<Mutex<VecDeque<Known>>>);

struct Known {
    /// Position of the view that they were found in, and the request but for its page, its date stated.
    key: (u64, pb::ExpandRequest),
    contents: Arc<Contents>,
}

impl Recent {
    /// What is in the value set that a request names, found anew when it was not found lately. `key` is the request
    /// but for its page, with its date stated.
    pub(crate) fn contents(
        &self,
        view: &View,
        key: pb::ExpandRequest,
        asked: &ExpandRequest<'_>,
    ) -> Result<Arc<Contents>, ApiError> {
        let key = (view.position(), key);
        if let Some(contents) = self.get(&key) {
            return Ok(contents);
        }
        let contents = Arc::new(view.catalog().contents(asked).map_err(|error| failure(&error))?);
        self.put(key, &contents);
        Ok(contents)
    }

    /// How many are kept.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn get(&self, key: &(u64, pb::ExpandRequest)) -> Option<Arc<Contents>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|known| known.key == *key);
        found.map(|known| Arc::clone(&known.contents))
    }

    fn put(&self, key: (u64, pb::ExpandRequest), contents: &Arc<Contents>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.truncate(KEPT_MAX - 1);
        known.push_front(Known {
            key,
            contents: Arc::clone(contents),
        });
    }
}

/// Answers a page. The work of finding the codes is done on the blocking pool.
pub(crate) async fn expand(
    view: Arc<View>,
    recent: Recent,
    request: pb::ExpandRequest,
) -> Result<pb::ExpandResponse, ApiError> {
    on_pool(move || page(&view, &recent, &request)).await
}

fn page(view: &View, recent: &Recent, request: &pb::ExpandRequest) -> Result<pb::ExpandResponse, ApiError> {
    if request.filter.chars().count() > FILTER_CHARS_MAX {
        return Err(ApiError::field(
            "filter",
            format!("at most {FILTER_CHARS_MAX} characters"),
        ));
    }
    let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let token = Token::parse(&request.page_token)?;
    let inline = inline(request)?;
    let asked = ExpandRequest {
        settings: settings(request)?,
        text: &request.filter,
        active_only: request.active_only,
        exclude_nested: true,
        designations: request.include_designations,
        properties: request.properties.clone(),
        count: Some(size),
        offset: token.map_or(0, |token| token.offset),
        ..ExpandRequest::new(match &inline {
            Some(set) => ValueSetRef::Inline(set),
            None => ValueSetRef::Address {
                url: &request.value_set,
                version: "",
            },
        })
    };
    let unpaged = pb::ExpandRequest {
        date: asked.settings.date.map(date_message),
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let contents = recent.contents(view, unpaged, &asked)?;
    let total = contents.len();
    let state = state(&contents);
    if token.is_some_and(|token| token.state != state) {
        return Err(ApiError {
            field: "page_token".to_owned(),
            ..ApiError::new(
                Kind::Aborted,
                "VN-TERM-029",
                "the value set changed since the page before; begin again",
            )
        });
    }
    let expansion = contents.expansion(&asked).map_err(|error| failure(&error))?;
    let next = asked.offset + expansion.items.len();
    let used = expansion
        .used
        .code_systems
        .iter()
        .chain(&expansion.used.value_sets);
    Ok(pb::ExpandResponse {
        used: used.chain(&expansion.used.supplements).cloned().collect(),
        findings: expansion.used.warnings.iter().map(warning_message).collect(),
        items: expansion.items.into_iter().map(item_message).collect(),
        total: total as u64,
        next_page_token: if next < total {
            Token { offset: next, state }.text()
        } else {
            String::new()
        },
    })
}

/// The value set that the request brings itself; `None` when it names one.
fn inline(request: &pb::ExpandRequest) -> Result<Option<ValueSet>, ApiError> {
    let stated = [
        !request.value_set.is_empty(),
        request.composition.is_some(),
        !request.ecl.is_empty(),
    ];
    if stated.iter().filter(|stated| **stated).count() != 1 {
        return Err(ApiError::field(
            "value_set",
            "state one of `value_set`, `composition` and `ecl`",
        ));
    }
    if let Some(message) = &request.composition {
        return composition(message).map(Some);
    }
    let system = if request.system.is_empty() {
        SNOMED_CT
    } else {
        &request.system
    };
    Ok((!request.ecl.is_empty()).then(|| expression(system, &request.version, &request.ecl)))
}

/// The date and the languages of a question about value sets.
fn settings(request: &pb::ExpandRequest) -> Result<Settings, ApiError> {
    Ok(Settings {
        date: Some(day(request.date.as_ref())?),
        languages: languages(&request.language)?,
        ..Settings::default()
    })
}

pub(crate) fn languages(text: &str) -> Result<Languages, ApiError> {
    if text.is_empty() {
        return Ok(Languages::default());
    }
    Languages::parse(text).map_err(|error| ApiError::field("language", error.to_string()))
}

/// What pages of the same contents have in common: a short hash of how many codes there are, and of which versions.
fn state(contents: &Contents) -> u64 {
    let mut hash = Sha256::new();
    hash.update((contents.len() as u64).to_le_bytes());
    let used = contents.used();
    for canonical in used
        .code_systems
        .iter()
        .chain(&used.value_sets)
        .chain(&used.supplements)
    {
        hash.update(canonical.as_bytes());
        hash.update([0]);
    }
    let hash: [u8; 32] = hash.finalize().into();
    hash.iter()
        .take(8)
        .fold(0, |state, byte| state << 8 | u64::from(*byte))
}

/// Where a page begins, and what the contents were when the first was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    offset: usize,
    state: u64,
}

impl Token {
    fn parse(text: &str) -> Result<Option<Self>, ApiError> {
        if text.is_empty() {
            return Ok(None);
        }
        let parts = text.split_once('.');
        let read = parts.and_then(|(offset, state)| {
            Some(Self {
                offset: offset.parse().ok()?,
                state: u64::from_str_radix(state, 16).ok()?,
            })
        });
        read.map(Some)
            .ok_or_else(|| ApiError::field("page_token", "not a token of this method"))
    }

    fn text(self) -> String {
        format!("{}.{:016x}", self.offset, self.state)
    }
}
