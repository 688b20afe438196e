//! What the web page shows, from this very process.

use axum::Router;
use axum::routing::get;

use crate::exit::Outcome;
use crate::server::Node;

/// The routes of the web page.
pub fn router(_node: &Node) -> Outcome<Router> {
    Ok(Router::new().route("/healthz", get(|| async { "ok" })))
}
