//! Search as one types, held to value sets, expressions, dates.

use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use vardnav_api::common::{date_message, optional_date, page_size};
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::terminology::{expression, hit_message};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::value_set::{Contents, ExpandRequest, Settings, ValueSetRef};
use vardnav_terminology::{SearchQuery, search_editions};

use crate::expand::{Recent, SNOMED_CT};

const HITS_DEFAULT: usize = 20;
const HITS_PAGE_MAX: usize = 100;
/// Hits that can be paged to.
const HITS_MAX: usize = 1000;
const TEXT_CHARS_MAX: usize = 200;

pub(crate) fn search(
    view: &View,
    recent: &Recent,
    request: &pb::SearchRequest,
) -> Result<pb::SearchResponse, ApiError> {
    if request.text.chars().count() > TEXT_CHARS_MAX {
        return Err(ApiError::field(
            "text",
            format!("at most {TEXT_CHARS_MAX} characters"),
        ));
    }
    let size = page_size(request.page_size, HITS_DEFAULT, HITS_PAGE_MAX)?;
    let from = match request.page_token.as_str() {
        "" => 0,
        token => Token::parse(token)?.offset(view, request)?,
    };
    let size = usize::min(size, HITS_MAX - from);
    let date = optional_date(request.date.as_ref(), "date")?;
    let query = SearchQuery {
        text: &request.text,
        language: &request.language,
        date,
        within: None,
        active_only: request.active_only,
        // One more tells whether there is another page.
        limit: from + size + 1,
    };
    let systems: Vec<&str> = request.systems.iter().map(String::as_str).collect();
    let held = held(view, recent, request, date)?;
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
            search_editions(
                &query,
                wanted.map(|(edition, set)| (edition.as_ref(), Some(set.as_ref()))),
            )
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
    let (mut next_page_token, mut findings) = (String::new(), Vec::new());
    if next >= HITS_MAX && next < found.len() {
        findings.push(beyond());
    } else if next < found.len() {
        next_page_token = Token::of(view, request, next).text();
    }
    Ok(pb::SearchResponse {
        hits,
        next_page_token,
        findings,
    })
}

/// That there are more hits than can be paged to.
fn beyond() -> types::Finding {
    types::Finding {
        code: "VN-TERM-030".to_owned(),
        severity: types::Severity::Warning.into(),
        path: "text".to_owned(),
        message: format!("there are more hits; the first {HITS_MAX} can be paged to, so write more"),
    }
}

/// The codes that a search is held to; `None` when it is held to none. They are found once for all that is typed.
fn held(
    view: &View,
    recent: &Recent,
    request: &pb::SearchRequest,
    date: Option<Date>,
) -> Result<Option<Arc<Contents>>, ApiError> {
    let system = match (request.value_set.is_empty(), request.ecl.is_empty()) {
        (true, true) => return Ok(None),
        (false, false) => {
            return Err(ApiError::field(
                "ecl",
                "state a value set or an expression, not both",
            ));
        }
        (false, true) => "",
        (true, false) => match request.systems.as_slice() {
            [] => SNOMED_CT,
            [only] => only,
            _ => {
                return Err(ApiError::field(
                    "ecl",
                    "an expression speaks of one code system: state one in `systems`, or none for SNOMED CT",
                ));
            }
        },
    };
    let inline = (!request.ecl.is_empty()).then(|| expression(system, "", &request.ecl));
    let date = date.unwrap_or_else(clock::today);
    let asked = ExpandRequest {
        settings: Settings {
            date: Some(date),
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
    let key = pb::ExpandRequest {
        value_set: request.value_set.clone(),
        ecl: request.ecl.clone(),
        system: system.to_owned(),
        date: Some(date_message(date)),
        ..Default::default()
    };
    recent.contents(view, key, &asked).map(Some)
}

/// Where a page begins, of what question, and in what state of the content its hits were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    offset: usize,
    position: u64,
    question: u64,
}

impl Token {
    fn of(view: &View, request: &pb::SearchRequest, offset: usize) -> Self {
        Self {
            offset,
            position: view.position(),
            question: question(request),
        }
    }

    fn parse(text: &str) -> Result<Self, ApiError> {
        let mut parts = text.split('.');
        let mut read = || {
            let offset = parts.next()?.parse().ok()?;
            let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
            let token = Self {
                offset,
                position: number()?,
                question: number()?,
            };
            (parts.next().is_none() && offset < HITS_MAX).then_some(token)
        };
        read().ok_or_else(|| ApiError::field("page_token", "not a token of this method"))
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// When the token belongs to another question, or the content changed since it was given.
    fn offset(self, view: &View, request: &pb::SearchRequest) -> Result<usize, ApiError> {
        if self.question != question(request) {
            return Err(ApiError::field("page_token", "belongs to another question"));
        }
        if self.position != view.position() {
            return Err(ApiError {
                field: "page_token".to_owned(),
                ..ApiError::new(
                    Kind::Aborted,
                    "VN-TERM-029",
                    "the content changed since the page before; begin again",
                )
            });
        }
        Ok(self.offset)
    }

    fn text(self) -> String {
        format!("{}.{:x}.{:x}", self.offset, self.position, self.question)
    }
}

/// A short hash of what a request asks, whatever page of it.
fn question(request: &pb::SearchRequest) -> u64 {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    for text in [&request.text, &request.language, &request.value_set, &request.ecl] {
        part(text);
    }
    part(&format!("{:?} {}", request.date, request.active_only));
    request.systems.iter().for_each(|system| part(system));
    let hash: [u8; 32] = hash.finalize().into();
    let head = hash.iter().take(8);
    head.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use vardnav_release::Snapshot;
    use vardnav_release::entry::EditionRecord;
    use vardnav_release::package::Package;
    use vardnav_runtime::caller::Caller;
    use vardnav_store::{Authority, Blobs, Contents as Loaded, Digest as Blob, Loader, Memory, Store};
    use vardnav_terminology::Edition;

    use super::*;
    use crate::kept::Spool;
    use crate::{Terminology, load};

    struct Files;

    impl Loader for Files {
        fn load_release(&self, _: &Package, _: &[Arc<Edition>]) -> Result<Snapshot, String> {
            Err("no releases here".to_owned())
        }

        fn load_edition(&self, record: &EditionRecord, blobs: &Blobs) -> Result<Edition, String> {
            load::edition(record, blobs, None)
        }

        fn load_contents(&self, blob: &Blob, blobs: &Blobs) -> Result<Loaded, String> {
            load::contents(blob, blobs)
        }
    }

    #[tokio::test]
    async fn what_a_search_is_held_to_is_found_once_for_all_that_is_typed() {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let authority = Authority::open(Arc::clone(&store), Arc::new(Files))
            .await
            .unwrap();
        let service = Terminology::new(store, authority.clone(), None);
        let files = r#"{"resourceType":"CodeSystem","url":"urn:s","version":"1","status":"active","content":"complete","concept":[{"code":"1","display":"hals"}]}
{"resourceType":"ValueSet","url":"urn:v","version":"1","status":"active","compose":{"include":[{"system":"urn:s"}]}}"#;
        let mut spool = Spool::default();
        spool.push("all.ndjson", files.as_bytes()).unwrap();
        let caller = Caller::trusted("anna");
        service
            .import(&caller, spool.finish(), false, None)
            .await
            .unwrap();
        let view = authority.view();
        let recent = Recent::default();
        for text in ["h", "ha", "hal"] {
            let request = pb::SearchRequest {
                text: text.to_owned(),
                value_set: "urn:v".to_owned(),
                ..Default::default()
            };
            assert_eq!(search(&view, &recent, &request).unwrap().hits.len(), 1, "{text}");
        }
        assert_eq!(recent.len(), 1);
    }
}
