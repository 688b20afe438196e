//! Concept maps that no one wrote down: the reference sets of a clinical terminology that lead from its concepts to
//! codes of another code system (simple, complex and extended maps), from such codes to its concepts, or from one of its
//! concepts to another (associations). They are read where they lie, in the edition's reference sets.
//!
//! Their addresses are those of FHIR's implicit concept maps of SNOMED CT: the code system, or its edition or version,
//! followed by `?fhir_cm=` and the reference set. Members that no longer hold lead nowhere.

use std::borrow::Cow;

use super::index::{Translation, mirrored};
use super::known;
use super::{Direction, MapReference};
use crate::canonical;
use crate::components::{FieldValueRow, LeadingTo, MemberRow, ReferenceSetTable};
use crate::edition::{ConceptIndex, Edition};
use crate::model::{
    ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Property, Publication, Unmapped,
};

/// What the address of an implicit concept map holds after the code system or its edition.
pub(super) const MARK: &str = "?fhir_cm=";

/// Fields of complex and extended maps that say in which order members are tried.
const ORDER: [&str; 2] = ["mapGroup", "mapPriority"];
/// Field of complex and extended maps that says when a member counts.
const RULE: &str = "mapRule";
/// A rule that always holds.
const ALWAYS: &str = "TRUE";

/// A reference set as a concept map.
#[derive(Debug, Clone, Copy)]
pub struct ImplicitMap<'e> {
    edition: &'e Edition,
    table: &'e ReferenceSetTable,
    leading: LeadingTo,
}

/// A member, by its position among those of its reference set.
type At<'e> = (usize, &'e MemberRow);

impl<'e> ImplicitMap<'e> {
    /// All that an edition has, by the reference sets' concepts.
    pub(crate) fn all(edition: &'e Edition) -> impl Iterator<Item = Self> {
        let sets = edition
            .components()
            .map_or(&[][..], |components| components.reference_sets());
        sets.iter().filter_map(move |table| {
            Some(Self {
                edition,
                table,
                leading: table.leading(&edition.texts)?,
            })
        })
    }

    /// That of a reference set.
    pub(super) fn of(edition: &'e Edition, set: &str) -> Option<Self> {
        let concept = edition.find(set)?;
        Self::all(edition).find(|map| map.table.concept() == concept.0)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("{}{MARK}{}", self.edition.url(), self.set())
    }

    /// Its version: that of the edition.
    pub fn version(&self) -> &'e str {
        self.edition.version()
    }

    /// Its title: the name of the reference set.
    pub fn title(&self) -> &'e str {
        self.display(self.table.concept())
    }

    /// Whether it answers without being named: a map, or a historical association. Other associations lead from parts to
    /// wholes and the like.
    pub(super) fn answers_unnamed(&self) -> bool {
        self.leading != LeadingTo::Concept || known::of(known::ASSOCIATIONS, self.set()).is_some()
    }

    /// The value sets that it leads from and to: of all codes of a code system; empty when not known.
    pub(super) fn scopes(&self) -> (String, String) {
        let own = format!("{}?fhir_vs", self.edition.url());
        match self.leading {
            LeadingTo::Concept => (own.clone(), own),
            LeadingTo::Code => (own, String::new()),
            LeadingTo::ConceptFromCode => (String::new(), own),
        }
    }

    /// Where a code leads. A map to a code system that is not known by name is asked back only when it is `named`.
    pub(super) fn translate(
        self,
        direction: Direction,
        system: &str,
        code: &str,
        named: bool,
    ) -> Vec<Translation<'e>> {
        let from_concept = (direction == Direction::Forward) != (self.leading == LeadingTo::ConceptFromCode);
        let asked = if from_concept || self.leading == LeadingTo::Concept {
            self.edition.url()
        } else {
            self.system()
        };
        if asked != system && !(asked.is_empty() && named) {
            return Vec::new();
        }
        let mut members: Vec<At<'e>> = if from_concept {
            let concept = self.edition.find(code);
            concept.map_or_else(Vec::new, |concept| self.table.members_of(concept.0).collect())
        } else {
            let target = match self.leading {
                LeadingTo::Concept => {
                    let concept = self.edition.find(code);
                    concept.map(|concept| FieldValueRow::Concept(concept.0))
                }
                _ => Some(FieldValueRow::Text(code)),
            };
            let members = target.map(|target| self.table.leading_to(&self.edition.texts, target));
            members.into_iter().flatten().collect()
        };
        members.retain(|(_, member)| member.active());
        members.sort_by_key(|(at, member)| (self.numbers(*at), self.edition.code(member.referenced), *at));
        let translations = members
            .into_iter()
            .map(|member| self.translation(member, direction, from_concept));
        translations.filter(|found| !found.code.is_empty()).collect()
    }

    /// The whole map, written down.
    pub fn to_concept_map(self) -> ConceptMap {
        let mut elements: Vec<MapElement> = Vec::new();
        for (code, display, found) in self.pairs() {
            let target = MapTarget {
                code: found.code.to_owned(),
                display: found.display.to_owned(),
                relationship: found.relationship,
                comment: found.comment.to_owned(),
                depends_on: found.depends_on.into_owned(),
                products: found.products.into_owned(),
            };
            if elements.last().is_none_or(|last| last.code != code) {
                elements.push(MapElement {
                    code: code.to_owned(),
                    display: display.to_owned(),
                    ..MapElement::default()
                });
            }
            let Some(element) = elements.last_mut() else {
                continue;
            };
            if target.code.is_empty() {
                element.no_map = element.targets.is_empty();
            } else {
                element.no_map = false;
                element.targets.push(target);
            }
        }
        let own = canonical::join(self.edition.url(), self.edition.version());
        let (source, target) = match self.leading {
            LeadingTo::Concept => (own.clone(), own),
            LeadingTo::Code => (own, self.system().to_owned()),
            LeadingTo::ConceptFromCode => (self.system().to_owned(), own),
        };
        let (source_scope, target_scope) = self.scopes();
        ConceptMap {
            url: self.url(),
            version: self.version().to_owned(),
            title: self.title().to_owned(),
            publication: Publication {
                date: self.edition.publication().date.clone(),
                ..Publication::default()
            },
            source_scope,
            target_scope,
            groups: vec![MapGroup {
                source,
                target,
                elements,
                unmapped: Unmapped::None,
            }],
        }
    }

    /// Every member that holds, by source code: the code, its display, and where it leads.
    fn pairs(self) -> Vec<(&'e str, &'e str, Translation<'e>)> {
        let from_concept = self.leading != LeadingTo::ConceptFromCode;
        let members = self.table.members().iter().enumerate();
        let mut pairs: Vec<_> = members
            .filter(|(_, member)| member.active())
            .map(|member| {
                let (at, of) = member;
                let found = self.translation(member, Direction::Forward, from_concept);
                let back = self.translation(member, Direction::Backward, !from_concept);
                (
                    (back.code, self.numbers(at), self.edition.code(of.referenced)),
                    back.display,
                    found,
                )
            })
            .collect();
        pairs.sort_by_key(|(key, ..)| *key);
        let pairs = pairs.into_iter();
        pairs
            .map(|((code, ..), display, found)| (code, display, found))
            .collect()
    }

    fn translation(self, (at, member): At<'e>, direction: Direction, to_value: bool) -> Translation<'e> {
        let own = |concept: u32| {
            (
                self.edition.url(),
                self.version(),
                self.edition.code(concept),
                self.display(concept),
            )
        };
        let (system, version, code, display) = if to_value {
            match self.table.target(&self.edition.texts, at) {
                Some(FieldValueRow::Concept(concept)) => own(concept),
                Some(FieldValueRow::Text(text)) => (self.system(), "", text, ""),
                _ => ("", "", "", ""),
            }
        } else {
            own(member.referenced)
        };
        let relationship = self.relationship(at);
        Translation {
            map: MapReference::Implicit(self),
            system,
            version,
            code,
            display,
            relationship: match direction {
                Direction::Forward => relationship,
                Direction::Backward => mirrored(relationship),
            },
            comment: self.text(at, "mapAdvice"),
            depends_on: self.properties(at, &[RULE]),
            products: self.properties(at, &ORDER),
            unmapped: false,
        }
    }

    fn relationship(&self, at: usize) -> MapRelationship {
        let correlation = match self.field(at, "correlationId") {
            Some(FieldValueRow::Concept(concept)) => self.edition.code(concept),
            Some(FieldValueRow::Text(text)) => text,
            _ => "",
        };
        known::of(known::CORRELATIONS, correlation)
            .or_else(|| known::of(known::ASSOCIATIONS, self.set()))
            .unwrap_or_default()
    }

    /// In which order the member is tried.
    fn numbers(&self, at: usize) -> [i64; 2] {
        ORDER.map(|name| match self.field(at, name) {
            Some(FieldValueRow::Integer(number)) => number,
            _ => 0,
        })
    }

    /// Fields of a member as properties, those left out that say nothing.
    fn properties(&self, at: usize, names: &[&str]) -> Cow<'e, [Property]> {
        let property = |name: &&str| {
            let value = match self.field(at, name)? {
                FieldValueRow::Integer(number) => number.to_string(),
                FieldValueRow::Text(text) if text != ALWAYS && !text.is_empty() => text.to_owned(),
                _ => return None,
            };
            let name = (*name).to_owned();
            Some(Property { name, value })
        };
        Cow::Owned(names.iter().filter_map(property).collect())
    }

    fn text(&self, at: usize, name: &str) -> &'e str {
        match self.field(at, name) {
            Some(FieldValueRow::Text(text)) => text,
            _ => "",
        }
    }

    fn field(&self, at: usize, name: &str) -> Option<FieldValueRow<'e>> {
        let texts = &self.edition.texts;
        self.table.value(texts, at, self.table.field(texts, name)?)
    }

    fn set(&self) -> &'e str {
        self.edition.code(self.table.concept())
    }

    /// The other code system, as far as it is known.
    fn system(&self) -> &'static str {
        known::of(known::SYSTEMS, self.set()).unwrap_or_default()
    }

    fn display(&self, concept: u32) -> &'e str {
        let concept = self.edition.concept(ConceptIndex(concept));
        let display = concept.and_then(|concept| concept.display("", None));
        display.map_or("", |display| display.text)
    }
}
