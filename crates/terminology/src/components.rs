//! What a clinical terminology keeps beyond a plain code system, compiled to flat tables: modules, attribute
//! relationships and who has them, acceptability by dialect, reference sets. Concepts and designations are numbers of
//! the edition. Says what is there; knows nothing of expressions or of what a filter means.

mod build;
mod decimal;
mod reference_set;

use bytemuck::{Pod, Zeroable};

use crate::csr::Csr;
use crate::image::kept;
use crate::model::{Attribute, AttributeValue, ConceptComponent, DesignationComponent};
use crate::texts::{Span, Texts};

pub(crate) use build::build;
pub(crate) use decimal::Decimal;
pub(crate) use reference_set::{FieldValueRow, LeadingTo, MemberRow, ReferenceSetTable};

/// The tables of an edition.
#[derive(Debug)]
pub(crate) struct ComponentTables {
    concepts: Box<[ConceptComponentRow]>,
    /// Descriptions that are no designations, by concept. They have the numbers after those of the designations.
    descriptions: Csr<DescriptionRow>,
    /// By description: its identifier.
    ids: Box<[u64]>,
    /// By description: what it shares with many others, in `profiles`.
    profile_of: Box<[u32]>,
    profiles: Box<[Profile]>,
    /// Standings in the dialects, as profiles name them.
    standings: Csr<AcceptabilityRow>,
    /// By source; within it by group, kind and value.
    attributes: Csr<AttributeRow>,
    /// By target; within it by kind, source and group.
    sources: Csr<SourceRow>,
    /// Every kind of attribute that occurs, ascending.
    kinds: Box<[u32]>,
    /// By position in `kinds`: who has one, ascending, each once.
    sources_with: Csr<u32>,
    /// Numbers of attributes, as written.
    numbers: Box<[Span]>,
    /// Texts of attributes.
    texts: Box<[Span]>,
    /// By the concept they are.
    reference_sets: Vec<ReferenceSetTable>,
}

kept!(ComponentTables {
    concepts,
    descriptions,
    ids,
    profile_of,
    profiles,
    standings,
    attributes,
    sources,
    kinds,
    sources_with,
    numbers,
    texts,
    reference_sets,
});

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct ConceptComponentRow {
    module: u32,
    effective_time: u32,
    defined: u32,
}

/// A description that is no designation.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct DescriptionRow {
    pub(crate) text: Span,
    /// Language of the edition, by number.
    pub(crate) language: u16,
    active: u16,
}

impl DescriptionRow {
    /// Whether it holds.
    pub(crate) fn active(self) -> bool {
        self.active != 0
    }
}

/// What many descriptions have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
struct Profile {
    module: u32,
    kind: u32,
    case_significance: u32,
    effective_time: u32,
    /// Row of the standings.
    standing: u32,
}

/// A designation's standing in a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct AcceptabilityRow {
    /// The language reference set.
    pub(crate) dialect: u32,
    preferred: u32,
}

impl AcceptabilityRow {
    /// Preferred rather than acceptable.
    pub(crate) fn preferred(self) -> bool {
        self.preferred != 0
    }
}

/// A relationship other than is-a, seen from its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct AttributeRow {
    /// Role group; 0 when in none.
    pub(crate) group: u16,
    form: u16,
    /// The attribute.
    pub(crate) kind: u32,
    value: u32,
}

const CONCEPT: u16 = 0;
const NUMBER: u16 = 1;
const TEXT: u16 = 2;
const BOOLEAN: u16 = 3;

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttributeValueRow {
    /// A concept.
    Concept(u32),
    /// A number: [`ComponentTables::number`] tells which.
    Number(u32),
    /// A text: [`ComponentTables::text`] tells which.
    Text(u32),
    /// True or false.
    Boolean(bool),
}

impl AttributeRow {
    /// Its value.
    pub(crate) fn value(self) -> AttributeValueRow {
        match self.form {
            CONCEPT => AttributeValueRow::Concept(self.value),
            NUMBER => AttributeValueRow::Number(self.value),
            TEXT => AttributeValueRow::Text(self.value),
            _ => AttributeValueRow::Boolean(self.value != 0),
        }
    }

    /// The concept that is its value, if one is.
    pub(crate) fn target(self) -> Option<u32> {
        (self.form == CONCEPT).then_some(self.value)
    }
}

/// A relationship other than is-a to a concept, seen from its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct SourceRow {
    /// The attribute.
    pub(crate) kind: u32,
    /// Whose attribute it is.
    pub(crate) source: u32,
    group: u32,
}

impl SourceRow {
    /// Role group; 0 when in none.
    pub(crate) fn group(self) -> u16 {
        self.group as u16
    }
}

impl ComponentTables {
    /// A concept as a component.
    pub(crate) fn concept(&self, concept: u32) -> ConceptComponent {
        let row = self.concepts.get(concept as usize);
        row.map_or_else(ConceptComponent::default, |row| ConceptComponent {
            module: row.module,
            effective_time: row.effective_time,
            defined: row.defined != 0,
        })
    }

    /// A concept's descriptions that are no designations, each with its number among all descriptions of the edition.
    pub(crate) fn descriptions(&self, concept: u32) -> impl Iterator<Item = (u32, &DescriptionRow)> {
        let rows = self.descriptions.row(concept);
        let designations = self.ids.len().saturating_sub(self.descriptions.len()) as u32;
        let before = self.descriptions.count(0, concept);
        (designations + before..).zip(rows)
    }

    /// A description, by its number among all of the edition, as a component.
    pub(crate) fn designation(&self, designation: u32) -> DesignationComponent {
        let id = self.ids.get(designation as usize).copied();
        let profile = self.profile(designation);
        profile.map_or_else(DesignationComponent::default, |profile| DesignationComponent {
            id: id.unwrap_or_default(),
            module: profile.module,
            kind: profile.kind,
            case_significance: profile.case_significance,
            effective_time: profile.effective_time,
        })
    }

    /// A description's standing in the dialects that have it, by dialect.
    pub(crate) fn acceptabilities(&self, designation: u32) -> &[AcceptabilityRow] {
        self.profile(designation)
            .map_or(&[], |profile| self.standings.row(profile.standing))
    }

    /// A concept's attributes, by group, then kind, then value.
    pub(crate) fn attributes(&self, concept: u32) -> &[AttributeRow] {
        self.attributes.row(concept)
    }

    /// A concept's attributes as they were read.
    pub(crate) fn source_attributes<'t>(
        &'t self,
        texts: &'t Texts,
        concept: u32,
    ) -> impl Iterator<Item = Attribute> + 't {
        self.attributes(concept).iter().map(move |row| Attribute {
            source: concept,
            group: row.group,
            kind: row.kind,
            value: match row.value() {
                AttributeValueRow::Concept(target) => AttributeValue::Concept(target),
                AttributeValueRow::Number(number) => {
                    let span = self.numbers.get(number as usize).copied().unwrap_or_default();
                    AttributeValue::Number(texts.get(span).to_owned())
                }
                AttributeValueRow::Text(text) => AttributeValue::Text(self.text(texts, text).to_owned()),
                AttributeValueRow::Boolean(value) => AttributeValue::Boolean(value),
            },
        })
    }

    /// The attributes whose value a concept is, by kind, then source.
    pub(crate) fn sources(&self, target: u32) -> &[SourceRow] {
        self.sources.row(target)
    }

    /// The attributes of one kind whose value a concept is, by source.
    pub(crate) fn sources_of_kind(&self, target: u32, kind: u32) -> &[SourceRow] {
        let rows = self.sources(target);
        let start = rows.partition_point(|row| row.kind < kind);
        let rest = rows.get(start..).unwrap_or_default();
        let end = rest.partition_point(|row| row.kind == kind);
        rest.get(..end).unwrap_or_default()
    }

    /// Every kind of attribute that occurs, ascending.
    pub(crate) fn kinds(&self) -> &[u32] {
        &self.kinds
    }

    /// The concepts that have an attribute of a kind, ascending, each once.
    pub(crate) fn sources_with(&self, kind: u32) -> &[u32] {
        match self.kinds.binary_search(&kind) {
            Ok(position) => self.sources_with.row(position as u32),
            Err(_) => &[],
        }
    }

    /// A number of an attribute.
    pub(crate) fn number<'t>(&self, texts: &'t Texts, number: u32) -> Option<Decimal<'t>> {
        Decimal::parse(texts.get(*self.numbers.get(number as usize)?))
    }

    /// A number of an attribute, as written.
    pub(crate) fn number_text<'t>(&self, texts: &'t Texts, number: u32) -> &'t str {
        self.numbers
            .get(number as usize)
            .map_or("", |&span| texts.get(span))
    }

    /// A text of an attribute.
    pub(crate) fn text<'t>(&self, texts: &'t Texts, text: u32) -> &'t str {
        self.texts.get(text as usize).map_or("", |&span| texts.get(span))
    }

    /// All reference sets, by the concept they are.
    pub(crate) fn reference_sets(&self) -> &[ReferenceSetTable] {
        &self.reference_sets
    }

    /// The reference sets that have a concept as an active member, by the concept they are.
    pub(crate) fn reference_sets_of(&self, concept: u32) -> impl Iterator<Item = &ReferenceSetTable> {
        self.reference_sets
            .iter()
            .filter(move |set| set.members_of(concept).any(|(_, member)| member.active()))
    }

    fn profile(&self, designation: u32) -> Option<&Profile> {
        let profile = *self.profile_of.get(designation as usize)?;
        self.profiles.get(profile as usize)
    }
}

#[cfg(test)]
mod tests;
