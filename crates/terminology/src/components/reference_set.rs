//! A reference set: its fields, and its members with a value for each.

use bytemuck::{Pod, Zeroable};

use crate::image::kept;
use crate::model::{FieldValue, ReferenceSetMember};
use crate::texts::{Span, Texts};

/// A reference set.
#[derive(Debug)]
pub(crate) struct ReferenceSetTable {
    pub(super) concept: u32,
    /// Names of the further fields.
    pub(super) fields: Box<[Span]>,
    /// By the concept they refer to, then by identifier.
    pub(super) members: Box<[MemberRow]>,
    /// Member by member, a value for each field.
    pub(super) values: Box<[FieldRow]>,
    /// Integers that values name.
    pub(super) integers: Box<[i64]>,
    /// Texts that values name, ascending.
    pub(super) texts: Box<[Span]>,
    /// Positions of its members by what they lead to; none when its members lead nowhere.
    pub(super) by_target: Box<[u32]>,
}

/// Where the members of a reference set lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeadingTo {
    /// From a concept to another.
    Concept,
    /// From a concept to a code of another code system.
    Code,
    /// From such a code to a concept.
    ConceptFromCode,
}

/// Fields that lead somewhere, and where.
const LEADING: [(&str, LeadingTo); 3] = [
    ("targetComponentId", LeadingTo::Concept),
    ("mapTarget", LeadingTo::Code),
    ("mapSource", LeadingTo::ConceptFromCode),
];

/// Position of the field that leads somewhere among the names of fields, and where.
pub(super) fn leading<'t>(fields: impl Iterator<Item = &'t str>) -> Option<(usize, LeadingTo)> {
    fields.enumerate().find_map(|(position, field)| {
        let (_, leading) = LEADING.iter().find(|(name, _)| *name == field)?;
        Some((position, *leading))
    })
}

kept!(ReferenceSetTable {
    concept,
    fields,
    members,
    values,
    integers,
    texts,
    by_target
});

/// A member of a reference set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct MemberRow {
    /// Identifier (UUID) as a number.
    pub(crate) id: u128,
    /// The concept that is referred to.
    pub(crate) referenced: u32,
    /// When it last changed, as the number yyyymmdd.
    pub(crate) effective_time: u32,
    /// Module: a concept, [`u32::MAX`] when it is not in the edition.
    pub(crate) module: u32,
    pub(super) active: u32,
}

impl MemberRow {
    /// Whether it holds.
    pub(crate) fn active(&self) -> bool {
        self.active != 0
    }
}

/// A value as it is kept: its form, and the value itself or where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub(super) struct FieldRow {
    pub(super) form: u32,
    pub(super) value: u32,
}

pub(super) const CONCEPT: u32 = 0;
pub(super) const INTEGER: u32 = 1;
pub(super) const TEXT: u32 = 2;

/// A value of a further field of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValueRow<'t> {
    /// A concept.
    Concept(u32),
    /// An integer.
    Integer(i64),
    /// Anything else, as written.
    Text(&'t str),
}

impl ReferenceSetTable {
    /// The concept it is.
    pub(crate) fn concept(&self) -> u32 {
        self.concept
    }

    /// Names of the further fields.
    pub(crate) fn fields<'t>(&self, texts: &'t Texts) -> impl ExactSizeIterator<Item = &'t str> {
        self.fields.iter().map(|&field| texts.get(field))
    }

    /// Position of a further field, by its name.
    pub(crate) fn field(&self, texts: &Texts, name: &str) -> Option<usize> {
        self.fields(texts).position(|field| field == name)
    }

    /// Its members, by the concept they refer to.
    pub(crate) fn members(&self) -> &[MemberRow] {
        &self.members
    }

    /// The members that refer to a concept, with their positions among all members.
    pub(crate) fn members_of(&self, concept: u32) -> impl Iterator<Item = (usize, &MemberRow)> {
        let start = self.members.partition_point(|member| member.referenced < concept);
        let from_start = self.members.iter().enumerate().skip(start);
        from_start.take_while(move |(_, member)| member.referenced == concept)
    }

    /// The value of a field, by position, of a member, by position.
    pub(crate) fn value<'t>(
        &self,
        texts: &'t Texts,
        member: usize,
        field: usize,
    ) -> Option<FieldValueRow<'t>> {
        if field >= self.fields.len() {
            return None;
        }
        let row = self.values.get(member.checked_mul(self.fields.len())? + field)?;
        let at = row.value as usize;
        Some(match row.form {
            CONCEPT => FieldValueRow::Concept(row.value),
            INTEGER => FieldValueRow::Integer(*self.integers.get(at)?),
            _ => FieldValueRow::Text(texts.get(*self.texts.get(at)?)),
        })
    }

    /// Where its members lead, if anywhere.
    pub(crate) fn leading(&self, texts: &Texts) -> Option<LeadingTo> {
        leading(self.fields(texts)).map(|(_, leading)| leading)
    }

    /// What a member, by position, leads to: the code that it leads from where it leads from one.
    pub(crate) fn target<'t>(&self, texts: &'t Texts, member: usize) -> Option<FieldValueRow<'t>> {
        let (field, _) = leading(self.fields(texts))?;
        self.value(texts, member, field)
    }

    /// The members whose target is a concept or a text, with their positions among all members.
    pub(crate) fn leading_to<'s>(
        &'s self,
        texts: &Texts,
        target: FieldValueRow<'_>,
    ) -> impl Iterator<Item = (usize, &'s MemberRow)> + use<'s> {
        let field = leading(self.fields(texts)).map_or(usize::MAX, |(field, _)| field);
        let row = |member: &u32| {
            let at = (*member as usize)
                .checked_mul(self.fields.len())?
                .checked_add(field)?;
            self.values.get(at).copied()
        };
        let wanted = match target {
            FieldValueRow::Concept(value) => Some(FieldRow { form: CONCEPT, value }),
            FieldValueRow::Text(text) => {
                let at = self.texts.binary_search_by(|&span| texts.get(span).cmp(text));
                at.ok().map(|at| FieldRow {
                    form: TEXT,
                    value: at as u32,
                })
            }
            FieldValueRow::Integer(_) => None,
        };
        let found = wanted.map_or(&[][..], |wanted| {
            let start = self
                .by_target
                .partition_point(|member| row(member) < Some(wanted));
            let rest = self.by_target.get(start..).unwrap_or_default();
            let end = rest.partition_point(|member| row(member) == Some(wanted));
            rest.get(..end).unwrap_or_default()
        });
        found.iter().filter_map(|&member| {
            let at = member as usize;
            Some((at, self.members.get(at)?))
        })
    }

    /// Its members as they were read.
    pub(crate) fn source_members(&self, texts: &Texts) -> Vec<ReferenceSetMember> {
        let members = self.members.iter().enumerate();
        members
            .map(|(position, member)| ReferenceSetMember {
                id: member.id,
                effective_time: member.effective_time,
                active: member.active(),
                module: member.module,
                referenced: member.referenced,
                values: (0..self.fields.len())
                    .filter_map(|field| self.value(texts, position, field))
                    .map(|value| match value {
                        FieldValueRow::Concept(concept) => FieldValue::Concept(concept),
                        FieldValueRow::Integer(integer) => FieldValue::Integer(integer),
                        FieldValueRow::Text(text) => FieldValue::Text(text.to_owned()),
                    })
                    .collect(),
            })
            .collect()
    }
}
