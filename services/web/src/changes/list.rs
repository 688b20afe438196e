//! Differences as a list: by area, element by element, with what was and what is.

use std::collections::BTreeMap;
use std::sync::Arc;

use maud::{Markup, html};
use vardnav_release::Snapshot;
use vardnav_release::diff::{Change, Kind, What, words as sentences};

use super::marked::marked;
use super::words::{AREAS, area, what};
use crate::Source;
use crate::address::{Address, segment};
use crate::terms;
use crate::typography::{capital, count};

/// Elements that are shown of an area.
const ELEMENTS_MAX: usize = 100;
/// Differences that are shown of an element.
const ASPECTS_MAX: usize = 30;
/// Parameter that names the area that is shown whole.
const AREA: &str = "area";

/// The two sides that links to elements lead to; a draft has no pages of its own.
pub(super) struct Sides {
    old: Option<Arc<Snapshot>>,
    new: Option<Arc<Snapshot>>,
    today: jiff::civil::Date,
}

impl Sides {
    /// Two releases.
    pub(super) fn published(source: &dyn Source, old: &Arc<Snapshot>, new: &Arc<Snapshot>) -> Self {
        Self {
            old: Some(Arc::clone(old)),
            new: Some(Arc::clone(new)),
            today: source.today(),
        }
    }

    /// A release and a draft that is made from it: links lead to the release alone.
    pub(super) fn proposed(source: &dyn Source, old: Option<Arc<Snapshot>>) -> Self {
        Self {
            old,
            new: None,
            today: source.today(),
        }
    }

    /// Where an element can be read: in the newer release, else in the older.
    pub(super) fn link(&self, kind: Kind, id: &str, address: &Address) -> Option<String> {
        let of = |release: &Option<Arc<Snapshot>>| self.link_in(release.as_ref()?, kind, id, address);
        of(&self.new).or_else(|| of(&self.old))
    }

    fn link_in(&self, release: &Arc<Snapshot>, kind: Kind, id: &str, address: &Address) -> Option<String> {
        let with = [("release", release.id.as_str())];
        match kind {
            Kind::Concept => {
                let (system, code) = id.split_once('|')?;
                terms::link_to_code(release, self.today, system, code, address)
            }
            Kind::Table | Kind::TableValue | Kind::Rule => {
                let (table, rule) = id.split_once('/').unwrap_or((id, ""));
                let (_, found) = release.description.table(table)?;
                let rule = rule.split('@').next().unwrap_or_default();
                let link = address.to(&format!("/beslutstabeller/{}", segment(table)), &with);
                let known = kind == Kind::Rule && found.rules.iter().any(|one| one.id == rule);
                Some(if known {
                    format!("{link}#{}", segment(rule))
                } else {
                    link
                })
            }
            Kind::Indicator => {
                let mut all = release.indicators.indicators.iter();
                all.any(|indicator| indicator.id == id)
                    .then(|| address.to(&format!("/indikatorer/{}", segment(id)), &with))
            }
            _ => None,
        }
    }
}

/// An element with what became of it.
struct Element<'c> {
    kind: Kind,
    id: &'c str,
    name: &'c str,
    what: What,
    changes: Vec<&'c Change>,
}

/// The elements that differ, in the order in which they are told first.
fn elements(changes: &[Change]) -> Vec<Element<'_>> {
    let mut places: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
    let mut elements: Vec<Element<'_>> = Vec::new();
    for change in changes {
        let next = elements.len();
        let place = *places.entry((change.kind, &change.id)).or_insert(next);
        match elements.get_mut(place) {
            Some(element) => {
                if change.what != What::Moved {
                    element.what = change.what;
                }
                element.changes.push(change);
            }
            None => elements.push(Element {
                kind: change.kind,
                id: &change.id,
                name: &change.name,
                what: change.what,
                changes: vec![change],
            }),
        }
    }
    elements
}

/// All differences.
pub(super) fn changes(changes: &[Change], sides: &Sides, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let mut by_area: BTreeMap<&str, Vec<Element<'_>>> = BTreeMap::new();
    for element in elements(changes) {
        by_area.entry(element.kind.area()).or_default().push(element);
    }
    let known = AREAS.iter().filter_map(|name| Some((*name, by_area.get(name)?)));
    let areas: Vec<_> = known.collect();
    let whole = address.value(AREA);
    html! {
        @if areas.is_empty() {
            p class="empty" { (say("Inget skiljer dem åt.", "Nothing differs between them.")) }
        } @else {
            nav class="areas" aria-label=(say("Vad som ändras", "What changes")) {
                ul {
                    @for (name, elements) in &areas {
                        li { a href={ "#" (name) } { (capital(area(name, language))) } " " span class="soft" { (number(elements.len())) } }
                    }
                }
            }
        }
        @for (name, elements) in &areas {
            @let shown = if whole == Some(name) { elements.len() } else { ELEMENTS_MAX };
            section id=(name) class="area" {
                h3 { (capital(area(name, language))) }
                ul class="hits changes" { @for one in elements.iter().take(shown) { (element(one, sides, address)) } }
                @if elements.len() > shown {
                    p {
                        a href={ (whole_area(address, name)) "#" (name) } {
                            (say("Visa alla ", "Show all ")) (number(elements.len()))
                        }
                    }
                }
            }
        }
    }
}

/// The address of this page with an area shown whole.
fn whole_area(address: &Address, name: &str) -> String {
    let others = address.parameters().iter().filter(|(known, _)| known != AREA);
    let mut parameters: Vec<(String, String)> = others.cloned().collect();
    parameters.push((AREA.to_owned(), name.to_owned()));
    address.with(&parameters)
}

fn element(element: &Element<'_>, sides: &Sides, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let code = element.id.rsplit('|').next().unwrap_or(element.id);
    let kind = sentences::kind(element.kind);
    // What there is one of has no name of its own.
    let is_single = element.id == element.kind.name();
    let name = if is_single {
        language.of(&kind)
    } else {
        element.name
    };
    html! {
        li {
            p class="hit" {
                @let named = html! { @if name.is_empty() { span class="code" { (code) } } @else { (capital(name)) } };
                @match sides.link(element.kind, element.id, address) {
                    Some(link) => a href=(link) { (named) },
                    None => strong class="named" { (named) },
                }
                " " (what(element.what, language))
            }
            @if !is_single {
                p class="small soft" { (language.of(&kind)) @if !name.is_empty() { " · " span class="code" { (code) } } }
            }
            @if element.what == What::Changed || element.what == What::Moved {
                dl class="aspects" {
                    @for change in element.changes.iter().take(ASPECTS_MAX) { (aspect(change, address)) }
                }
                @if element.changes.len() > ASPECTS_MAX {
                    p class="soft small" { (say("och ", "and ")) (number(element.changes.len() - ASPECTS_MAX)) (say(" till", " more")) }
                }
            } @else {
                @for change in &element.changes {
                    @let text = if change.after.is_empty() { &change.before } else { &change.after };
                    @if !text.is_empty() && text != name { p class="soft" { (text) } }
                }
            }
        }
    }
}

fn aspect(change: &Change, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let name = sentences::aspect(change.aspect);
    html! {
        @if change.what == What::Moved {
            @let after = |id: &str| if id.is_empty() { say("först", "first").to_owned() } else { format!("{} {id}", say("efter", "after")) };
            dt { (say("ordning", "order")) }
            dd { (say("stod ", "stood ")) (after(&change.before)) (say(", står ", ", stands ")) (after(&change.after)) }
        } @else {
            dt { (language.of(&name)) }
            dd { (marked(&change.before, &change.after)) }
        }
    }
}

fn number(number: usize) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}
