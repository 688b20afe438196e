//! The term browser: search, code systems, concepts, their diagrams and their history over releases. It shows the code
//! systems that a release carries; those that it only binds are others' to publish.

mod concept;
mod diagram;
mod drawing;
mod history;
mod json;
mod search;
mod system;
mod words;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use maud::{Markup, html};
use vardnav_release::Snapshot;
use vardnav_terminology::{ConceptView, Edition};

use crate::Source;
use crate::address::{Address, Language, segment};
use crate::{answer, frame};

/// Parameter that names a release.
const RELEASE: &str = "release";

/// A release as the term browser looks at it.
pub(crate) struct Browsed {
    release: Arc<Snapshot>,
    /// Whether the address names it.
    named: bool,
    today: Date,
}

impl Browsed {
    /// The release that the address names, else that in force today, else the newest.
    fn of(source: &dyn Source, address: &Address) -> Option<Self> {
        let today = source.today();
        let named = address.value(RELEASE);
        let release = match named {
            Some(id) => source.releases().into_iter().find(|release| release.id == id),
            None => source
                .release_on(today)
                .or_else(|| source.releases().into_iter().last()),
        }?;
        Some(Self {
            release,
            named: named.is_some(),
            today,
        })
    }

    /// The code systems it carries, by address.
    fn editions(&self) -> impl Iterator<Item = &Arc<Edition>> {
        let catalog = &self.release.catalog;
        catalog
            .editions()
            .filter(|edition| self.release.carries(edition.url()))
    }

    /// The code system that stands under a name in addresses.
    fn edition(&self, name: &str) -> Option<&Arc<Edition>> {
        let exact = self.editions().find(|edition| edition.url() == name);
        exact.or_else(|| self.editions().find(|edition| short(edition.url()) == name))
    }

    /// The name of a code system in addresses: the end of its own address where no other ends so.
    fn name<'e>(&self, edition: &'e Edition) -> &'e str {
        let name = short(edition.url());
        let same = self.editions().filter(|other| short(other.url()) == name);
        if name.is_empty() || same.count() > 1 {
            edition.url()
        } else {
            name
        }
    }

    fn system_path(&self, edition: &Edition) -> String {
        format!("/begrepp/{}", segment(self.name(edition)))
    }

    fn concept_path(&self, concept: ConceptView<'_>) -> String {
        format!(
            "{}/{}",
            self.system_path(concept.edition()),
            segment(concept.code())
        )
    }

    fn diagram_path(&self, edition: &Edition, id: &str) -> String {
        format!("/begrepp-diagram/{}/{}", segment(self.name(edition)), segment(id))
    }

    /// A link that stays in the release when the address names it.
    fn link(&self, address: &Address, path: &str) -> String {
        if self.named {
            address.to(path, &[(RELEASE, &self.release.id)])
        } else {
            address.to(path, &[])
        }
    }

    fn link_to(&self, address: &Address, concept: ConceptView<'_>) -> String {
        self.link(address, &self.concept_path(concept))
    }

    /// The term of a concept in the language of the page.
    fn term<'e>(&self, concept: ConceptView<'e>, language: Language) -> &'e str {
        let shown = concept.display(language.tag(), Some(self.today));
        shown.map_or(concept.code(), |term| term.text)
    }

    /// What says that the page shows another release than that in force.
    fn notice(&self, address: &Address) -> Markup {
        let say = |sv, en| address.language.pick(sv, en);
        html! {
            @if self.named {
                p class="note small" {
                    (say("Visar release ", "Shows release ")) strong { (self.release.id) }
                    (say(", för vård från ", ", for care from ")) time { (self.release.from) } "."
                }
            }
        }
    }
}

/// The end of an address.
fn short(url: &str) -> &str {
    url.rsplit(['/', ':']).next().unwrap_or(url)
}

/// The place of a text in Swedish order, where å, ä and ö are the last letters.
fn alphabetical(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .map(|letter| match letter {
            'å' => '\u{7b}',
            'ä' | 'æ' => '\u{7c}',
            'ö' | 'ø' => '\u{7d}',
            'é' | 'è' => 'e',
            'ü' => 'y',
            other => other,
        })
        .collect()
}

/// Search, or all there is to look through.
pub(crate) fn start(source: &dyn Source, address: &Address) -> Response {
    match Browsed::of(source, address) {
        Some(browsed) => answer::page(search::page(&browsed, address)),
        None if address.value(RELEASE).is_some() => gone(address),
        None => answer::page(search::nothing(address)),
    }
}

/// A code system.
pub(crate) fn system(source: &dyn Source, address: &Address, name: &str) -> Response {
    let Some(browsed) = Browsed::of(source, address) else {
        return gone(address);
    };
    match browsed.edition(name) {
        Some(edition) => answer::page(system::page(&browsed, edition, address)),
        None => gone(address),
    }
}

/// Where a concept of a release can be read, in that release; `None` when the release does not carry it.
pub(crate) fn link_to_code(
    release: &Arc<Snapshot>,
    today: Date,
    system: &str,
    code: &str,
    address: &Address,
) -> Option<String> {
    let browsed = Browsed {
        release: Arc::clone(release),
        named: true,
        today,
    };
    let edition = browsed.editions().find(|edition| edition.url() == system)?;
    Some(browsed.link_to(address, edition.lookup(code)?))
}

/// A concept, as a page or as JSON.
pub(crate) fn concept(source: &dyn Source, address: &Address, system: &str, code: &str) -> Response {
    let Some(browsed) = Browsed::of(source, address) else {
        return gone(address);
    };
    let Some(edition) = browsed.edition(system) else {
        return gone(address);
    };
    if let Some(concept) = edition.lookup(code) {
        return answer::page(concept::page(source, &browsed, concept, address));
    }
    let as_json = code.strip_suffix(".json").and_then(|code| edition.lookup(code));
    match as_json {
        Some(concept) => answer::body("application/json", json::concept(source, &browsed, concept)),
        None => gone(address),
    }
}

/// A concept diagram.
pub(crate) fn diagram(source: &dyn Source, address: &Address, system: &str, id: &str) -> Response {
    let found = Browsed::of(source, address).and_then(|browsed| {
        let edition = browsed.edition(system)?;
        let diagram = edition.diagrams().iter().find(|diagram| diagram.id == id)?;
        Some(diagram::page(&browsed, edition, diagram, address))
    });
    found.map_or_else(|| gone(address), answer::page)
}

fn gone(address: &Address) -> Response {
    answer::page_with(StatusCode::NOT_FOUND, frame::missing(address))
}
