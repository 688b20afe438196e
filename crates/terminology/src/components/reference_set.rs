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
    /// Texts that values name.
    pub(super) texts: Box<[Span]>,
}

kept!(ReferenceSetTable {
    concept,
    fields,
    members,
    values,
    integers,
    texts
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
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
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
