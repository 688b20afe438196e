//! A page of a value set's codes, with what the request wants to know of each.

use super::concept;
use super::expand::{Block, Contents};
use super::issue::{Failure, FailureKind};
use super::languages::Languages;
use super::names::{Names, Term};
use super::request::ExpandRequest;
use super::used::Used;
use crate::canonical;
use crate::edition::ConceptIndex;
use crate::model::{ConceptReference, PropertyKind};
use crate::view::ConceptView;

/// What languages are called where designations are asked for.
const LANGUAGES: &str = "urn:ietf:bcp:47";

/// The use of the term that would be shown if no language were wished for.
pub const PREFERRED_FOR_LANGUAGE: &str =
    "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra|preferredForLanguage";

/// A value set's codes, or a page of them.
#[derive(Debug, Clone)]
pub struct Expansion {
    /// The value set, as `url|version`; empty when the request brought it without an address.
    pub value_set: String,
    /// How many codes there are on all pages.
    pub total: usize,
    /// How many were passed over.
    pub offset: usize,
    /// The codes, in order; a code that is below another stands after it, see [`Item::level`].
    pub items: Vec<Item>,
    /// What it rests on.
    pub used: Used,
}

/// A code of an expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// Code system.
    pub system: String,
    /// Its version; empty when it has none.
    pub version: String,
    /// The code.
    pub code: String,
    /// The term to show; empty when there is none, or none in a language that is insisted on.
    pub display: String,
    /// It only groups others.
    pub is_abstract: bool,
    /// It is not in use.
    pub inactive: bool,
    /// How deep it is nested: the item above it is the last before it whose level is one less.
    pub level: u32,
    /// Further terms, when asked for.
    pub designations: Vec<ItemDesignation>,
    /// Properties asked for; those that the value set gives it; its status, when it is another than active.
    pub properties: Vec<ItemProperty>,
}

/// A further term of a code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemDesignation {
    /// The term.
    pub text: String,
    /// BCP 47 language; empty when not stated.
    pub language: String,
    /// What it is used for, as `system|code`; empty when not stated.
    pub usage: String,
}

/// A property of a code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemProperty {
    /// Its name.
    pub name: String,
    /// Its value, as written.
    pub value: String,
    /// The form of its value.
    pub kind: PropertyKind,
}

impl Contents {
    /// The page that a request asks for. The request must be the one these contents were found for, but for its page.
    ///
    /// # Errors
    /// When there are more codes than the request allows.
    pub fn expansion(&self, request: &ExpandRequest<'_>) -> Result<Expansion, Failure> {
        let paged = request.count.is_some() || request.offset > 0;
        let count = request.count.unwrap_or(usize::MAX);
        let wanted = count.min(self.len().saturating_sub(request.offset));
        if wanted > request.limit {
            let message = format!(
                "the value set has {} codes, and {} is the most that is answered at once; ask for pages with `count` \
                 and `offset`",
                self.len(),
                request.limit
            );
            return Err(Failure::new(FailureKind::TooCostly, message));
        }
        let writer = Writer::new(self, request);
        let items = if self.nested && !paged && !request.exclude_nested {
            let blocks = self.blocks.iter();
            blocks
                .flat_map(|block| {
                    nest(block)
                        .into_iter()
                        .map(|(concept, level)| writer.item(block, concept, level))
                })
                .collect()
        } else {
            let page = self.page(request.offset, count);
            page.map(|(block, concept)| writer.item(block, concept, 0))
                .collect()
        };
        Ok(Expansion {
            value_set: self.value_set.canonical(),
            total: self.len(),
            offset: request.offset,
            items,
            used: self.used.clone(),
        })
    }
}

/// The concepts of a block, each after the one it is below, with its level. A concept is below the first of its parents
/// that is in the block, or else below the first parent's parents that are.
fn nest(block: &Block) -> Vec<(u32, u32)> {
    let hierarchy = &block.edition.hierarchy;
    let above = |concept: u32| {
        let mut at = concept;
        loop {
            let parents = hierarchy.parents(at);
            if let Some(&parent) = parents.iter().find(|&&parent| block.set.holds(parent)) {
                return Some(parent);
            }
            at = *parents.first()?;
        }
    };
    let pairs: Vec<(u32, Option<u32>)> = block.numbers().map(|concept| (concept, above(concept))).collect();
    let edges = || {
        pairs
            .iter()
            .filter_map(|&(concept, above)| Some((above?, concept)))
    };
    let below = crate::csr::Csr::from_pairs(block.edition.len(), edges());
    let mut nested = Vec::with_capacity(pairs.len());
    for &(top, _) in pairs.iter().filter(|(_, above)| above.is_none()) {
        let mut open = vec![(top, 0)];
        while let Some((concept, level)) = open.pop() {
            nested.push((concept, level));
            open.extend(below.row(concept).iter().rev().map(|&child| (child, level + 1)));
        }
    }
    nested
}

/// Writes items.
struct Writer<'a> {
    contents: &'a Contents,
    request: &'a ExpandRequest<'a>,
    languages: &'a Languages,
}

impl<'a> Writer<'a> {
    fn new(contents: &'a Contents, request: &'a ExpandRequest<'a>) -> Self {
        let wished = &request.settings.languages;
        let own = &contents.value_set.own().languages;
        Self {
            contents,
            request,
            languages: if wished.is_empty() { own } else { wished },
        }
    }

    fn item(&self, block: &'a Block, concept: u32, level: u32) -> Item {
        let Some(view) = block.edition.concept(ConceptIndex(concept)) else {
            return Item::default();
        };
        let reference = reference(block, view);
        let date = self.request.settings.date;
        let names = Names::new(view, &self.contents.supplements, reference, date);
        let shown = names.shown(self.languages);
        let designations = match self.request.designations {
            true => names
                .others(shown)
                .filter(|term| self.wants(term))
                .map(designation)
                .collect(),
            false => Vec::new(),
        };
        Item {
            system: block.edition.url().to_owned(),
            version: block.edition.version().to_owned(),
            code: view.code().to_owned(),
            display: shown.map_or_else(String::new, |term| term.text.to_owned()),
            is_abstract: view.not_selectable(),
            inactive: concept::is_inactive(view, date),
            level,
            designations,
            properties: self.properties(view, reference),
        }
    }

    /// Whether a designation passes the filter on designations.
    fn wants(&self, term: &Term<'_>) -> bool {
        let filter = &self.request.designation_filter;
        filter.is_empty()
            || filter.iter().any(|wanted| match canonical::split(wanted) {
                (LANGUAGES, language) => language.eq_ignore_ascii_case(term.language),
                _ => wanted == term.usage,
            })
    }

    fn properties(&self, view: ConceptView<'_>, reference: Option<&ConceptReference>) -> Vec<ItemProperty> {
        let wanted = |name: &str| {
            self.request
                .properties
                .iter()
                .any(|wish| wish == name || wish == "*")
        };
        let mut all: Vec<ItemProperty> = Vec::new();
        if self.request.properties.iter().any(|wish| wish == "definition") {
            all.extend(
                view.definitions()
                    .map(|definition| property("definition", definition.text)),
            );
        }
        let listed = reference.into_iter().flat_map(|reference| &reference.properties);
        all.extend(listed.map(|given| property(&given.name, &given.value)));
        let status = concept::status(view);
        if !matches!(status, "" | "active") && !all.iter().any(|other| other.name == "status") {
            all.push(property("status", status));
        }
        let supplements = self.contents.supplements.iter();
        let added = supplements.filter_map(|supplement| supplement.lookup(view.code()));
        for (concept, supplied) in std::iter::once((view, false)).chain(added.map(|added| (added, true))) {
            let definitions = concept.edition().property_definitions();
            for own in concept.properties() {
                let defined = definitions.iter().find(|definition| definition.name == own.name);
                // What a code system does not define is presentation, which goes with every code.
                let unasked = matches!(own.name, "label" | "order" | "weight") && defined.is_none();
                if (wanted(own.name) || unasked)
                    && !all
                        .iter()
                        .any(|other| other.name == own.name && (supplied || unasked))
                {
                    all.push(ItemProperty {
                        kind: defined.map(|definition| definition.kind).unwrap_or_default(),
                        ..property(own.name, own.value)
                    });
                }
            }
        }
        all
    }
}

/// How the value set lists a concept.
fn reference<'b>(block: &'b Block, view: ConceptView<'_>) -> Option<&'b ConceptReference> {
    let (value_set, at) = block.clause.as_ref()?;
    let (source, clause) = value_set.included().nth(*at)?;
    clause.reference(source, view.code(), view.edition().case_insensitive())
}

fn designation(term: Term<'_>) -> ItemDesignation {
    let usage = match term.main && term.usage.is_empty() {
        true => PREFERRED_FOR_LANGUAGE,
        false => term.usage,
    };
    ItemDesignation {
        text: term.text.to_owned(),
        language: term.language.to_owned(),
        usage: usage.to_owned(),
    }
}

fn property(name: &str, value: &str) -> ItemProperty {
    ItemProperty {
        name: name.to_owned(),
        value: value.to_owned(),
        kind: PropertyKind::String,
    }
}
