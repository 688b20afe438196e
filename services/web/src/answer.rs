//! Answers: their headers, their tag, and gzip. What is asked for again and has not changed is not sent again.

use std::io::Write as _;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use maud::Markup;

use crate::assets::digest;

/// Type of a page.
const HTML: &str = "text/html; charset=utf-8";
/// Nothing is loaded from elsewhere, nothing is run that stands in the page itself, nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// An answer that is smaller is sent as it is.
const GZIP_FROM: usize = 1_024;
/// An answer that is larger is sent as it is, without a tag.
const BODY_MAX: usize = 16 * 1024 * 1024;

/// A page.
pub(crate) fn page(markup: Markup) -> Response {
    body(HTML, markup.into_string())
}

/// A page with a status other than that all is well.
pub(crate) fn page_with(status: StatusCode, markup: Markup) -> Response {
    let mut response = page(markup);
    *response.status_mut() = status;
    response
}

/// A file that may change.
pub(crate) fn body(content_type: &'static str, body: impl Into<Body>) -> Response {
    with_cache(content_type, "no-cache", body.into())
}

/// A file that never changes under its name.
pub(crate) fn kept(content_type: &'static str, content: &'static str) -> Response {
    with_cache(
        content_type,
        "public, max-age=31536000, immutable",
        content.into(),
    )
}

fn with_cache(content_type: &'static str, cache: &'static str, body: Body) -> Response {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (headers, body).into_response()
}

/// Gives what is found its tag, answers that nothing has changed where that is so, and packs what is larger.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let get = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let gzip = takes_gzip(request.headers());
    let response = next.run(request).await;
    if !get {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The bodies of pages are whole; one that cannot be read here could not be sent either.
    let Ok(bytes) = to_bytes(body, BODY_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts
        .headers
        .insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if parts.status == StatusCode::OK
        && let Ok(tag) = HeaderValue::from_str(&format!("W/\"{}\"", digest(&bytes)))
    {
        let unchanged = known.is_some_and(|known| matches(&known, &tag));
        parts.headers.insert(header::ETAG, tag);
        if unchanged {
            parts.status = StatusCode::NOT_MODIFIED;
            parts.headers.remove(header::CONTENT_TYPE);
            return Response::from_parts(parts, Body::empty());
        }
    }
    let packed = (gzip && bytes.len() >= GZIP_FROM).then(|| pack(&bytes)).flatten();
    let bytes = match packed {
        Some(packed) => {
            parts
                .headers
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Bytes::from(packed)
        }
        None => bytes,
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

/// Whether one of the tags that a caller knows is this one.
fn matches(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    match (known.to_str(), tag.to_str()) {
        (Ok(known), Ok(tag)) => known
            .split(',')
            .any(|one| one.trim() == "*" || bare(one) == bare(tag)),
        _ => false,
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| {
        accepted.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
                && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    })
}

fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
