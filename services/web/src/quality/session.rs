//! The cookie that holds a reporter's token: no script reads it, no other site makes the browser send it, and beyond
//! this machine it goes over encrypted connections only. The token is shown nowhere and written down nowhere.

use std::fmt;

use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;

/// Name of the cookie.
const COOKIE: &str = "vardnav-token";
/// How long a browser keeps it, in seconds: a working day.
const KEPT_SECONDS: u32 = 8 * 60 * 60;
/// The longest token that is read, in bytes.
const TOKEN_BYTES_MAX: usize = 512;

/// What whoever asks stated: a token, or nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(Option<String>);

impl Credential {
    /// Nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// A token; nothing where it cannot be one: empty, too long, or of other than visible letters.
    pub fn token(text: &str) -> Self {
        let text = text.trim();
        let fits = !text.is_empty()
            && text.len() <= TOKEN_BYTES_MAX
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'"' | b'\\'));
        Self(fits.then(|| text.to_owned()))
    }

    /// The token, where there is one.
    pub fn stated(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Credential(…)"
        } else {
            "Credential(none)"
        })
    }
}

/// What the form of the sign-in states.
pub(super) fn stated_in(form: &[u8]) -> Credential {
    // A form is written as the parameters of an address are.
    let uri = std::str::from_utf8(form)
        .ok()
        .and_then(|form| format!("/?{form}").parse::<Uri>().ok());
    let pairs = uri.and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
    let token = pairs.and_then(|Query(pairs)| pairs.into_iter().find(|(name, _)| name == "token"));
    token.map_or_else(Credential::none, |(_, token)| Credential::token(&token))
}

/// What the cookies of a request state.
pub(super) fn credential(headers: &HeaderMap) -> Credential {
    let cookies = headers.get_all(header::COOKIE).iter();
    let texts = cookies.filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';'));
    let found = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    found.map_or_else(Credential::none, Credential::token)
}

/// The cookie that keeps a credential; one that is gone at once when there is none.
pub(super) fn cookie(credential: &Credential, headers: &HeaderMap) -> Option<HeaderValue> {
    let (token, seconds) = match credential.stated() {
        Some(token) => (token, KEPT_SECONDS),
        None => ("", 0),
    };
    let secure = if is_local(headers) { "" } else { "; Secure" };
    let text =
        format!("{COOKIE}={token}; Path=/kvalitet; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether this machine is asked by its own name.
pub(super) fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    matches!(name, "127.0.0.1" | "localhost" | "::1")
}

/// Whether a form was sent from a page of ours. Browsers say so; what is no browser needs not.
pub(super) fn is_from_here(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_none_or(|site| site == "same-origin" || site == "none")
}

/// An answer that is for whoever asked, and is kept by nobody.
pub(super) fn private(mut response: Response) -> Response {
    let kept = HeaderValue::from_static("private, no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::{Credential, cookie, credential, is_from_here, is_local, stated_in};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_token_comes_back_from_its_cookie_and_is_not_told() {
        let token = Credential::token(" s3cret-Token_1 ");
        let local = headers(&[("host", "127.0.0.1:8080")]);
        let kept = cookie(&token, &local).unwrap();
        assert!(kept.is_sensitive());
        let text = kept.to_str().unwrap();
        assert!(text.contains("HttpOnly") && text.contains("SameSite=Strict") && !text.contains("Secure"));
        let sent = headers(&[("cookie", &format!("a=b; {}", text.split(';').next().unwrap()))]);
        assert_eq!(credential(&sent).stated(), Some("s3cret-Token_1"));
        assert!(!format!("{token:?}").contains("s3cret"));
        let afar = headers(&[("host", "vardnav.example.se")]);
        assert!(
            cookie(&token, &afar)
                .unwrap()
                .to_str()
                .unwrap()
                .ends_with("; Secure")
        );
        let gone = cookie(&Credential::none(), &local).unwrap();
        assert!(
            gone.to_str().unwrap().contains("vardnav-token=; ")
                && gone.to_str().unwrap().contains("Max-Age=0")
        );
    }

    #[test]
    fn a_form_states_a_token() {
        assert_eq!(stated_in(b"token=a%2Bb&other=1").stated(), Some("a+b"));
        assert_eq!(stated_in(b"other=1").stated(), None);
        assert_eq!(stated_in(&[0xff, 0x00]).stated(), None);
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        for text in ["", " ", "a b", "a;b", "å", "a\r\nb", &"x".repeat(513)] {
            assert_eq!(Credential::token(text), Credential::none(), "{text}");
        }
        assert_eq!(
            credential(&headers(&[("cookie", "vardnav-tokens=x; other=y")])).stated(),
            None
        );
    }

    #[test]
    fn this_machine_and_this_page_are_told_from_others() {
        for (host, local) in [
            ("localhost", true),
            ("127.0.0.1:1", true),
            ("[::1]:80", true),
            ("localhost.example.se", false),
            ("127.0.0.1.example.se", false),
        ] {
            assert_eq!(is_local(&headers(&[("host", host)])), local, "{host}");
        }
        assert!(!is_local(&HeaderMap::new()));
        assert!(
            is_from_here(&HeaderMap::new()) && is_from_here(&headers(&[("sec-fetch-site", "same-origin")]))
        );
        assert!(!is_from_here(&headers(&[("sec-fetch-site", "cross-site")])));
    }
}
