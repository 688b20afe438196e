//! Quality: how complete what is reported is. Anybody sees by region whether the care units that are to report did, and
//! nothing of what they reported; a reporter sees its own figures, findings and worklist after signing in with the
//! token that it reports with. Who may see what is decided where gRPC decides it, and not here.

mod desk;
mod model;
mod public;
mod session;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

pub use self::model::{
    Common, Coverage, Deadline, Found, Month, Owner, Quality, Refused, RegionCoverage, Reporter, SignedIn,
    Unit, Waiting,
};
pub use self::session::Credential;
use crate::address::{Address, segment};
use crate::answer;
use crate::frame::{Section, frame};
use crate::{Source, frame as frames};

/// Where the pages of this room begin; the cookie is sent to no others.
const ROOT: &str = "/kvalitet";

/// Who asks, read from the cookie.
pub(crate) struct Asker {
    credential: Credential,
    is_local: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let is_local = session::is_local(&parts.headers);
        Ok(Self {
            credential: session::credential(&parts.headers),
            is_local,
        })
    }
}

impl Asker {
    /// Who is signed in. Where nobody needs to be, only those who ask this machine by its own name are let in: a page
    /// of somebody else that leads its own name here is not.
    fn signed_in(&self, source: &dyn Source) -> Result<SignedIn, Refused> {
        let found = source.signed_in(&self.credential)?;
        if found.is_open && !self.is_local {
            return Err(Refused::Unknown);
        }
        Ok(found)
    }
}

/// What anybody may see, and the way in for reporters.
pub(crate) fn start(source: &dyn Source, address: &Address, asker: &Asker) -> Response {
    let signed_in = asker.signed_in(source).ok();
    let page = public::page(&source.coverage(), signed_in.as_ref(), None, address);
    session::private(answer::page(page))
}

/// The reporters that whoever is signed in acts for.
pub(crate) fn reporters(source: &dyn Source, address: &Address, asker: &Asker) -> Response {
    match asker.signed_in(source) {
        Ok(signed_in) => session::private(answer::page(desk::reporters(&signed_in, address))),
        Err(refused) => refusal(source, refused, address),
    }
}

/// What there is of a reporter.
pub(crate) fn reporter(source: &dyn Source, address: &Address, asker: &Asker, id: &str) -> Response {
    let until = address.value(desk::MONTH);
    let asked = asker
        .signed_in(source)
        .and_then(|who| Ok((source.quality(&asker.credential, id, until)?, who)));
    match asked {
        Ok((quality, who)) => session::private(answer::page(desk::page(&quality, &who, address))),
        Err(refused) => refusal(source, refused, address),
    }
}

/// Signs in: keeps the token in a cookie that no script reads, where the token is known.
pub(crate) fn sign_in(source: &dyn Source, address: &Address, headers: &HeaderMap, form: &[u8]) -> Response {
    if !session::is_from_here(headers) {
        return refusal(source, Refused::NotAllowed, address);
    }
    let credential = session::stated_in(form);
    match source.signed_in(&credential) {
        Ok(_) => moved(
            &address.to("/kvalitet/rapportorer", &[]),
            session::cookie(&credential, headers),
        ),
        Err(refused) => refusal(source, refused, address),
    }
}

/// Signs out.
pub(crate) fn sign_out(source: &dyn Source, address: &Address, headers: &HeaderMap) -> Response {
    if !session::is_from_here(headers) {
        return refusal(source, Refused::NotAllowed, address);
    }
    moved(
        &address.to(ROOT, &[]),
        session::cookie(&Credential::none(), headers),
    )
}

fn moved(to: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    session::private(response)
}

/// Why something is not shown. Whoever is not known sees what anybody sees, and the form.
fn refusal(source: &dyn Source, refused: Refused, address: &Address) -> Response {
    let say = |sv, en| address.language.pick(sv, en);
    match refused {
        Refused::Unknown => {
            let told = say(
                "Uppgiften känns inte igen. Kontrollera att hela nyckeln är med.",
                "The token is not known. See to it that all of it is there.",
            );
            let page = public::page(&source.coverage(), None, Some(told), address);
            session::private(answer::page_with(StatusCode::UNAUTHORIZED, page))
        }
        Refused::NotAllowed => {
            let page = not_allowed(address);
            session::private(answer::page_with(StatusCode::FORBIDDEN, page))
        }
        Refused::Missing => answer::page_with(StatusCode::NOT_FOUND, frames::missing(address)),
        Refused::Unavailable => answer::page_with(StatusCode::SERVICE_UNAVAILABLE, frames::busy(address)),
    }
}

fn not_allowed(address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let title = say("Du får inte se det här", "You may not see this");
    let content = html! {
        div class="state" {
            p class="kicker" { "403" }
            h1 { (title) }
            p class="lead" {
                (say("Den nyckel som du är inloggad med gäller andra rapportörer, eller ger inte rätt att läsa.",
                     "The token that you are signed in with is for other reporters, or does not let you read."))
            }
            ul class="actions" {
                li { a class="button" href=(address.to("/kvalitet/rapportorer", &[])) { (say("Dina rapportörer", "Your reporters")) } }
                li { a href=(address.to(ROOT, &[])) { (say("Till kvalitet", "To quality")) } }
            }
        }
    };
    frame(title, Section::Quality, address, &content)
}

fn reporter_link(id: &str, address: &Address) -> String {
    address.to(&format!("/kvalitet/rapportorer/{}", segment(id)), &[])
}
