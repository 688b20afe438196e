//! What an edition knows of a concept, borrowed from it: nothing is copied or allocated.

use std::fmt;

use jiff::civil::Date;

use crate::components::AttributeValueRow;
use crate::edition::{ConceptIndex, ConceptRow, DesignationRow, Edition};
use crate::language;
use crate::model::{ConceptStatus, DesignationStatus, PropertyKind, RelationKind, Validity};
use crate::rows::{DetailRow, NoteRow, RarityRow};
use crate::texts::Span;

/// A concept of an edition.
#[derive(Clone, Copy)]
pub struct ConceptView<'e> {
    edition: &'e Edition,
    index: u32,
    row: &'e ConceptRow,
}

/// A term for a concept, with its status for this very concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DesignationView<'e> {
    /// The term.
    pub text: &'e str,
    /// BCP 47 language.
    pub language: &'e str,
    /// Recommended, accepted or deprecated (avrådd).
    pub status: DesignationStatus,
    /// Dates on which the term has this status.
    pub validity: Validity,
    /// Where the status applies; empty when everywhere.
    pub scope: &'e str,
    /// Domain in which it has the status; empty for all.
    pub domain: &'e str,
    /// What it is used for, as `system|code`; empty when not stated.
    pub usage: &'e str,
    /// Why, for people; empty when nothing is said.
    pub comment: &'e str,
}

/// What a concept means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefinitionView<'e> {
    /// The text.
    pub text: &'e str,
    /// BCP 47 language.
    pub language: &'e str,
    /// Statute, document or record it rests on.
    pub source: &'e str,
    /// True when the wording is ours and only the meaning is the source's.
    pub paraphrase: bool,
    /// Domain qualifier; empty when general.
    pub domain: &'e str,
    /// Year or date of decision as the source states it; empty when unknown.
    pub decided: &'e str,
}

/// A text of a concept with its language, such as a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteView<'e> {
    /// BCP 47 language.
    pub language: &'e str,
    /// The text.
    pub text: &'e str,
}

/// A typed relation to another concept of the edition.
#[derive(Debug, Clone, Copy)]
pub struct RelationView<'e> {
    /// What kind of relation.
    pub kind: RelationKind,
    /// The other concept.
    pub target: ConceptView<'e>,
    /// Dates on which it holds.
    pub validity: Validity,
    /// Where it applies; empty when everywhere.
    pub scope: &'e str,
    /// What it rests on.
    pub source: &'e str,
}

/// A named value of a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PropertyView<'e> {
    /// Name.
    pub name: &'e str,
    /// Value, as the source writes it.
    pub value: &'e str,
    /// Form of the value, as the edition defines the property.
    pub kind: PropertyKind,
}

/// A relationship other than is-a, of a clinical terminology.
#[derive(Debug, Clone, Copy)]
pub struct AttributeView<'e> {
    /// Role group; 0 when in none.
    pub group: u16,
    /// The attribute.
    pub kind: ConceptView<'e>,
    /// Its value.
    pub value: AttributeValueView<'e>,
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy)]
pub enum AttributeValueView<'e> {
    /// A concept.
    Concept(ConceptView<'e>),
    /// A number, as written without `#`.
    Number(&'e str),
    /// A text.
    Text(&'e str),
    /// True or false.
    Boolean(bool),
}

/// What a clinical terminology says of a concept as a component.
#[derive(Debug, Clone, Copy)]
pub struct ComponentView<'e> {
    /// The module it belongs to; `None` when the edition does not hold it.
    pub module: Option<ConceptView<'e>>,
    /// When it last changed, as the number yyyymmdd.
    pub effective_time: u32,
    /// Whether it is sufficiently defined rather than primitive.
    pub defined: bool,
}

impl<'e> ConceptView<'e> {
    pub(crate) fn new(edition: &'e Edition, index: u32, row: &'e ConceptRow) -> Self {
        Self { edition, index, row }
    }

    pub(crate) fn row(&self) -> &'e ConceptRow {
        self.row
    }

    /// The edition it belongs to.
    pub fn edition(&self) -> &'e Edition {
        self.edition
    }

    /// Its number within the edition.
    pub fn index(&self) -> ConceptIndex {
        ConceptIndex(self.index)
    }

    /// Its code, as the edition writes it.
    pub fn code(&self) -> &'e str {
        self.edition.texts.get(self.row.code)
    }

    /// Where it stands in its life.
    pub fn status(&self) -> ConceptStatus {
        self.row.status
    }

    /// Dates on which the code may be used.
    pub fn validity(&self) -> Validity {
        self.row.validity.into()
    }

    /// Why it stands where it does, for people; empty when nothing is said.
    pub fn status_reason(&self) -> &'e str {
        self.edition.texts.get(self.rarity().status_reason)
    }

    /// Maturity in the words of FHIR's `structuredefinition-standards-status`; empty when not stated.
    pub fn standards_status(&self) -> &'e str {
        self.edition.texts.get(self.rarity().standards_status)
    }

    /// Who looks after it, when not the code system's steward; empty otherwise.
    pub fn steward(&self) -> &'e str {
        self.edition.texts.get(self.rarity().steward)
    }

    /// Whether it only groups others and may not be chosen itself.
    pub fn not_selectable(&self) -> bool {
        self.row.not_selectable
    }

    /// What sets it apart from its superordinate concept and siblings (särskiljande kännetecken).
    pub fn features(&self) -> impl ExactSizeIterator<Item = NoteView<'e>> + use<'e> {
        notes(self.edition, self.edition.features.row(self.index))
    }

    /// Its subject fields (ämnesområden).
    pub fn subject_fields(&self) -> impl ExactSizeIterator<Item = &'e str> + use<'e> {
        let edition = self.edition;
        let rows = edition.subject_fields.row(self.index).iter();
        rows.map(move |&field| edition.texts.get(field))
    }

    /// All its terms, in the order of the source.
    pub fn designations(&self) -> impl ExactSizeIterator<Item = DesignationView<'e>> + use<'e> {
        let edition = self.edition;
        edition
            .designations(self.row)
            .iter()
            .map(move |row| designation(edition, row))
    }

    /// The term to show in `language` (BCP 47; empty for the edition's own) on `date` (`None`: on any).
    ///
    /// Terms in force on the date come first, then those not deprecated, then the language, then recommended ones.
    /// The language falls back from the narrow to the wide tag (`sv-FI` → `sv`), to its relatives, to the edition's
    /// own, to any. `None` only when the concept has no designation.
    pub fn display(&self, language: &str, date: Option<Date>) -> Option<DesignationView<'e>> {
        let edition = self.edition;
        let wished = if language.is_empty() {
            edition.language()
        } else {
            language
        };
        let rows = edition.designations(self.row);
        let best = match rows {
            [] => return None,
            [only] => only,
            // Nothing comes before a recommended term in force in the very language.
            _ => match rows.iter().find(|row| {
                row.status == DesignationStatus::Recommended
                    && edition.tag(row.language) == wished
                    && date.is_none_or(|date| in_force(edition, row, date))
            }) {
                Some(row) => row,
                None => rows.iter().min_by_key(|row| {
                    let in_force = date.is_none_or(|date| in_force(edition, row, date));
                    let tag = edition.tag(row.language);
                    let fit = match language::fit(wished, tag) {
                        0 => u8::from(language::fit(edition.language(), tag) > 0),
                        fit => fit + 1,
                    };
                    (
                        !in_force,
                        row.status == DesignationStatus::Deprecated,
                        u8::MAX - fit,
                        rank(row.status),
                    )
                })?,
            },
        };
        Some(designation(edition, best))
    }

    /// The recommended term in `language` on `date`, with the fallback of [`ConceptView::display`]. Where the
    /// concept has none then, that of the concept that replaces it on the date.
    pub fn recommended(&self, language: &str, date: Date) -> Option<DesignationView<'e>> {
        let own = |concept: &Self| {
            let display = concept.display(language, Some(date))?;
            (display.status == DesignationStatus::Recommended && display.validity.contains(date))
                .then_some(display)
        };
        own(self).or_else(|| {
            self.relations()
                .filter(|relation| {
                    relation.kind == RelationKind::ReplacedBy && relation.validity.contains(date)
                })
                .find_map(|relation| own(&relation.target))
        })
    }

    /// Its definitions.
    pub fn definitions(&self) -> impl ExactSizeIterator<Item = DefinitionView<'e>> + use<'e> {
        let edition = self.edition;
        edition
            .definitions
            .row(self.index)
            .iter()
            .map(move |row| DefinitionView {
                text: edition.texts.get(row.text),
                language: edition.tag(row.language),
                source: edition.texts.get(row.source),
                paraphrase: row.paraphrase,
                domain: edition.texts.get(row.domain),
                decided: edition.texts.get(row.decided),
            })
    }

    /// Notes on it.
    pub fn notes(&self) -> impl ExactSizeIterator<Item = NoteView<'e>> + use<'e> {
        notes(self.edition, self.edition.notes.row(self.index))
    }

    /// Its direct superordinate concepts.
    pub fn parents(&self) -> impl Iterator<Item = ConceptView<'e>> + use<'e> {
        let edition = self.edition;
        edition
            .hierarchy
            .parents(self.index)
            .iter()
            .filter_map(move |&c| edition.concept(ConceptIndex(c)))
    }

    /// Its direct subordinate concepts, in the order of the source.
    pub fn children(&self) -> impl Iterator<Item = ConceptView<'e>> + use<'e> {
        let edition = self.edition;
        edition
            .hierarchy
            .children(self.index)
            .iter()
            .filter_map(move |&c| edition.concept(ConceptIndex(c)))
    }

    /// Whether nothing is below it.
    pub fn is_leaf(&self) -> bool {
        self.edition.hierarchy.children(self.index).is_empty()
    }

    /// Its relations other than the hierarchy.
    pub fn relations(&self) -> impl Iterator<Item = RelationView<'e>> + use<'e> {
        let edition = self.edition;
        edition.relations.row(self.index).iter().filter_map(move |row| {
            Some(RelationView {
                kind: row.kind,
                target: edition.concept(ConceptIndex(row.target))?,
                validity: row.validity.into(),
                scope: edition.texts.get(row.scope),
                source: edition.texts.get(row.source),
            })
        })
    }

    /// What is said of it as a component; `None` where the code system keeps no components.
    pub fn component(&self) -> Option<ComponentView<'e>> {
        let component = self.edition.components()?.concept(self.index);
        Some(ComponentView {
            module: self.edition.concept(ConceptIndex(component.module)),
            effective_time: component.effective_time,
            defined: component.defined,
        })
    }

    /// Its relationships other than is-a, by group.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeView<'e>> + use<'e> {
        let (edition, concept) = (self.edition, self.index);
        let tables = edition.components().into_iter();
        tables.flat_map(move |tables| {
            let texts = &edition.texts;
            tables.attributes(concept).iter().filter_map(move |row| {
                Some(AttributeView {
                    group: row.group,
                    kind: edition.concept(ConceptIndex(row.kind))?,
                    value: match row.value() {
                        AttributeValueRow::Concept(value) => {
                            AttributeValueView::Concept(edition.concept(ConceptIndex(value))?)
                        }
                        AttributeValueRow::Number(number) => {
                            AttributeValueView::Number(tables.number_text(texts, number))
                        }
                        AttributeValueRow::Text(text) => AttributeValueView::Text(tables.text(texts, text)),
                        AttributeValueRow::Boolean(value) => AttributeValueView::Boolean(value),
                    },
                })
            })
        })
    }

    /// The reference sets that have it as an active member.
    pub fn reference_sets(&self) -> impl Iterator<Item = ConceptView<'e>> + use<'e> {
        let (edition, concept) = (self.edition, self.index);
        let tables = edition.components().into_iter();
        let sets = tables.flat_map(move |tables| tables.reference_sets_of(concept));
        sets.filter_map(move |set| edition.concept(ConceptIndex(set.concept())))
    }

    /// Its further properties.
    pub fn properties(&self) -> impl ExactSizeIterator<Item = PropertyView<'e>> + use<'e> {
        let edition = self.edition;
        edition.properties.row(self.index).iter().map(move |row| {
            let name = edition.property_names.get(row.name as usize);
            PropertyView {
                name: name.map_or("", |name| edition.texts.get(name.name)),
                value: edition.texts.get(row.value),
                kind: name.map(|name| name.kind).unwrap_or_default(),
            }
        })
    }

    fn rarity(&self) -> RarityRow {
        let rarities = &self.edition.rarities;
        rarities
            .get(self.row.rarity as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The first value of a property.
    pub fn property(&self, name: &str) -> Option<&'e str> {
        self.properties()
            .find(|property| property.name == name)
            .map(|property| property.value)
    }
}

fn notes<'e>(
    edition: &'e Edition,
    rows: &'e [NoteRow],
) -> impl ExactSizeIterator<Item = NoteView<'e>> + use<'e> {
    rows.iter().map(move |row| NoteView {
        language: edition.tag(u16::try_from(row.language).unwrap_or(u16::MAX)),
        text: edition.texts.get(row.text),
    })
}

impl fmt::Debug for ConceptView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConceptView").field(&self.code()).finish()
    }
}

impl PartialEq for ConceptView<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.edition, other.edition) && self.index == other.index
    }
}

impl Eq for ConceptView<'_> {}

/// Recommended before accepted before deprecated.
pub(crate) fn rank(status: DesignationStatus) -> u8 {
    match status {
        DesignationStatus::Recommended => 0,
        DesignationStatus::Accepted => 1,
        DesignationStatus::Deprecated => 2,
    }
}

pub(crate) fn in_force(edition: &Edition, row: &DesignationRow, date: Date) -> bool {
    edition
        .detail(row)
        .is_none_or(|detail| detail.validity.contains(date))
}

pub(crate) fn designation<'e>(edition: &'e Edition, row: &DesignationRow) -> DesignationView<'e> {
    let detail = edition.detail(row);
    let text = |of: fn(&DetailRow) -> Span| detail.map_or("", |detail| edition.texts.get(of(detail)));
    DesignationView {
        text: edition.texts.get(row.text),
        language: edition.tag(row.language),
        status: row.status,
        validity: detail.map_or_else(Validity::default, |detail| detail.validity.into()),
        scope: text(|detail| detail.scope),
        domain: text(|detail| detail.domain),
        usage: text(|detail| detail.usage),
        comment: text(|detail| detail.comment),
    }
}
