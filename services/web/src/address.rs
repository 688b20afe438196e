//! The address of a page: its path, its parameters, and the language they ask for. The address is the whole state of
//! a page; links are made from it and keep the language.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vardnav_classification::model::Label;

/// What stands for itself in a path and in a parameter; the rest is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The longest address that is read.
const BYTES_MAX: usize = 8 * 1024;
/// Parameter that names the language.
const LANGUAGE: &str = "lang";

/// The languages of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Swedish,
    English,
}

impl Language {
    /// The text in this language; Swedish where there is no English.
    pub(crate) fn of(self, label: &Label) -> &str {
        match self {
            Self::English if !label.en.is_empty() => &label.en,
            _ => &label.sv,
        }
    }

    pub(crate) fn pick<T>(self, sv: T, en: T) -> T {
        match self {
            Self::Swedish => sv,
            Self::English => en,
        }
    }

    /// Its tag (BCP 47).
    pub(crate) fn tag(self) -> &'static str {
        self.pick("sv", "en")
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Swedish => Self::English,
            Self::English => Self::Swedish,
        }
    }
}

/// The address of the page that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The language asked for.
    pub(crate) language: Language,
    path: String,
    query: Vec<(String, String)>,
}

impl Address {
    fn new(path: &str, mut query: Vec<(String, String)>) -> Self {
        let english = query
            .iter()
            .any(|(name, value)| name == LANGUAGE && value == "en");
        query.retain(|(name, _)| name != LANGUAGE);
        Self {
            language: if english {
                Language::English
            } else {
                Language::Swedish
            },
            path: path.to_owned(),
            query,
        }
    }

    /// The first value of a parameter; `None` when it is missing or empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// The values of a parameter that are not empty, in order.
    pub(crate) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let wanted = move |(key, value): &&(String, String)| key == name && !value.is_empty();
        let found: Vec<&str> = self
            .query
            .iter()
            .filter(wanted)
            .map(|(_, value)| value.as_str())
            .collect();
        found.into_iter()
    }

    /// Every parameter but the language, in order.
    pub(crate) fn parameters(&self) -> &[(String, String)] {
        &self.query
    }

    /// The year that a page of figures is asked for.
    pub(crate) fn year(&self) -> Option<i16> {
        self.value("year")?.parse().ok()
    }

    /// A link to another page in the same language.
    pub(crate) fn to(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        link(path, parameters.iter().copied(), self.language)
    }

    /// A link to this page in a language.
    pub(crate) fn in_language(&self, language: Language) -> String {
        link(&self.path, pairs(&self.query), language)
    }

    /// A link to this page as it is.
    pub(crate) fn here(&self) -> String {
        self.in_language(self.language)
    }

    /// A link to this page with other parameters.
    pub(crate) fn with(&self, parameters: &[(String, String)]) -> String {
        link(&self.path, pairs(parameters), self.language)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    /// What cannot be read as parameters is as if it were not there.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let uri = &parts.uri;
        let short = uri.query().is_none_or(|query| query.len() <= BYTES_MAX);
        let query = match Query::<Vec<(String, String)>>::try_from_uri(uri) {
            Ok(Query(query)) if short => query,
            _ => Vec::new(),
        };
        Ok(Self::new(uri.path(), query))
    }
}

/// A part of a path, encoded.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn pairs(query: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    query.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn link<'a>(path: &str, parameters: impl Iterator<Item = (&'a str, &'a str)>, language: Language) -> String {
    let language = (language == Language::English).then_some((LANGUAGE, "en"));
    let mut text = path.to_owned();
    for (at, (name, value)) in parameters.chain(language).enumerate() {
        text.push(if at == 0 { '?' } else { '&' });
        text.push_str(&segment(name));
        text.push('=');
        text.push_str(&segment(value));
    }
    text
}
