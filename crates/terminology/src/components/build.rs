//! Compiles the tables of components, or says which rows lead nowhere.

use std::collections::HashMap;
use std::hash::Hash;

use super::reference_set::{self, FieldRow, MemberRow, ReferenceSetTable};
use super::{
    AcceptabilityRow, AttributeRow, BOOLEAN, CONCEPT, ComponentTables, ConceptComponentRow, Decimal,
    DescriptionRow, NUMBER, Profile, SourceRow, TEXT,
};
use crate::csr::{Csr, CsrBuilder};
use crate::model::{
    Acceptability, Attribute, AttributeValue, Components, ConceptComponent, Description,
    DesignationComponent, FieldValue, ReferenceSet, ReferenceSetMember,
};
use crate::problem::{ProblemKind, Problems};
use crate::texts::{Span, TextsBuilder};

/// What stands for a concept that the edition does not have, where the model allows it.
const ABSENT: u32 = u32::MAX;

/// The tables, of an edition with so many concepts and designations; `languages` are those of the descriptions that are
/// none, by number. With a problem the tables are not to be used.
pub(crate) fn build(
    mut source: Components,
    (concepts, designations): (usize, usize),
    languages: Vec<u16>,
    texts: &mut TextsBuilder,
    problems: &mut Problems,
) -> ComponentTables {
    let mut builder = Builder {
        concepts,
        descriptions: designations + source.descriptions.len(),
        texts,
        problems,
    };
    let concept_rows = builder.concepts(std::mem::take(&mut source.concepts));
    builder.expect("designation", designations, source.designations.len());
    let descriptions = builder.descriptions(&mut source, languages);
    let standings = builder.standings(source.acceptabilities);
    let (ids, profile_of, profiles, standings) = builder.profiles(source.designations, &standings);
    let mut numbers = Numbered::default();
    let mut attribute_texts = Numbered::default();
    let attributes = builder.attributes(source.attributes, &mut numbers, &mut attribute_texts);
    let sources = sources(concepts, &attributes);
    let (kinds, sources_with) = sources_with(&attributes);
    let attributes = rows(concepts, attributes);
    let reference_sets = builder.reference_sets(source.reference_sets);
    ComponentTables {
        concepts: concept_rows,
        descriptions,
        ids,
        profile_of,
        profiles,
        standings,
        attributes,
        sources,
        kinds,
        sources_with,
        numbers: numbers.items.into(),
        texts: attribute_texts.items.into(),
        reference_sets,
    }
}

struct Builder<'b> {
    concepts: usize,
    /// All descriptions, designations first.
    descriptions: usize,
    texts: &'b mut TextsBuilder,
    problems: &'b mut Problems,
}

impl Builder<'_> {
    fn concepts(&mut self, source: Vec<ConceptComponent>) -> Box<[ConceptComponentRow]> {
        self.expect("concept", self.concepts, source.len());
        let mut rows = Vec::with_capacity(source.len());
        for (row, component) in source.into_iter().enumerate() {
            self.perhaps("concept components", row, component.module);
            rows.push(ConceptComponentRow {
                module: component.module,
                effective_time: component.effective_time,
                defined: component.defined.into(),
            });
        }
        rows.into()
    }

    /// The descriptions that are no designations, whose components and standings are added to those of the designations.
    fn descriptions(&mut self, source: &mut Components, languages: Vec<u16>) -> Csr<DescriptionRow> {
        let mut others: Vec<(Description, u16)> = std::mem::take(&mut source.descriptions)
            .into_iter()
            .zip(languages)
            .collect();
        others.sort_by_key(|(description, _)| description.concept);
        let mut rows = CsrBuilder::with_capacity(self.concepts, others.len());
        let mut open = 0;
        for (row, (description, language)) in others.into_iter().enumerate() {
            self.concept("descriptions", row, description.concept);
            let to = description.concept.min(self.concepts as u32);
            (open..to).for_each(|_| rows.end_row());
            open = to;
            rows.push(DescriptionRow {
                text: self.texts.intern(&description.text),
                language,
                active: description.active.into(),
            });
            let designation = source.designations.len() as u32;
            source.designations.push(description.component);
            let standings = description.standings.into_iter();
            source
                .acceptabilities
                .extend(standings.map(|standing| Acceptability {
                    designation,
                    dialect: standing.dialect,
                    preferred: standing.preferred,
                }));
        }
        (open..self.concepts as u32).for_each(|_| rows.end_row());
        rows.finish()
    }

    /// By description: its standings, by dialect.
    fn standings(&mut self, source: Vec<Acceptability>) -> Csr<AcceptabilityRow> {
        let mut pairs = Vec::with_capacity(source.len());
        for (row, acceptability) in source.into_iter().enumerate() {
            self.concept("acceptabilities", row, acceptability.dialect);
            if acceptability.designation as usize >= self.descriptions {
                self.unknown("acceptabilities", row);
            }
            pairs.push((
                acceptability.designation,
                AcceptabilityRow {
                    dialect: acceptability.dialect,
                    preferred: acceptability.preferred.into(),
                },
            ));
        }
        rows(self.descriptions, pairs)
    }

    #[expect(clippy::type_complexity, reason = "four columns of one table")]
    fn profiles(
        &mut self,
        source: Vec<DesignationComponent>,
        standings: &Csr<AcceptabilityRow>,
    ) -> (Box<[u64]>, Box<[u32]>, Box<[Profile]>, Csr<AcceptabilityRow>) {
        let mut ids = Vec::with_capacity(source.len());
        let mut profile_of = Vec::with_capacity(source.len());
        let mut profiles = Numbered::default();
        let mut distinct: HashMap<&[AcceptabilityRow], u32> = HashMap::new();
        let mut rows = CsrBuilder::new();
        for (row, component) in source.into_iter().enumerate() {
            for concept in [component.module, component.kind, component.case_significance] {
                self.perhaps("designation components", row, concept);
            }
            let standing = standings.row(row as u32);
            let next = distinct.len() as u32;
            let standing = *distinct.entry(standing).or_insert_with(|| {
                standing.iter().for_each(|&standing| rows.push(standing));
                rows.end_row();
                next
            });
            ids.push(component.id);
            profile_of.push(profiles.number(Profile {
                module: component.module,
                kind: component.kind,
                case_significance: component.case_significance,
                effective_time: component.effective_time,
                standing,
            }));
        }
        (
            ids.into(),
            profile_of.into(),
            profiles.items.into(),
            rows.finish(),
        )
    }

    /// The attributes with their sources, sorted by source and by what a row is sorted by.
    fn attributes(
        &mut self,
        source: Vec<Attribute>,
        numbers: &mut Numbered<Span>,
        texts: &mut Numbered<Span>,
    ) -> Vec<(u32, AttributeRow)> {
        let mut pairs = Vec::with_capacity(source.len());
        for (row, attribute) in source.into_iter().enumerate() {
            self.concept("attributes", row, attribute.source);
            self.concept("attributes", row, attribute.kind);
            let (form, value) = match attribute.value {
                AttributeValue::Concept(concept) => {
                    self.concept("attributes", row, concept);
                    (CONCEPT, concept)
                }
                AttributeValue::Number(number) => {
                    if Decimal::parse(&number).is_none() {
                        let position = attribute.source as usize;
                        self.problems
                            .add(position, "", ProblemKind::MalformedNumber { row });
                    }
                    (NUMBER, numbers.number(self.texts.intern(&number)))
                }
                AttributeValue::Text(text) => (TEXT, texts.number(self.texts.intern(&text))),
                AttributeValue::Boolean(value) => (BOOLEAN, value.into()),
            };
            pairs.push((
                attribute.source,
                AttributeRow {
                    group: attribute.group,
                    form,
                    kind: attribute.kind,
                    value,
                },
            ));
        }
        pairs.sort_unstable_by_key(|&(source, row)| (source, row.group, row.kind, row.form, row.value));
        pairs
    }

    fn reference_sets(&mut self, source: Vec<ReferenceSet>) -> Vec<ReferenceSetTable> {
        let mut tables: Vec<ReferenceSetTable> = Vec::with_capacity(source.len());
        for (row, set) in source.into_iter().enumerate() {
            self.concept("reference sets", row, set.concept);
            tables.push(self.reference_set(set));
        }
        tables.sort_by_key(ReferenceSetTable::concept);
        for (former, latter) in tables.iter().zip(tables.iter().skip(1)) {
            if former.concept == latter.concept {
                self.problems
                    .add(latter.concept as usize, "", ProblemKind::DuplicateReferenceSet);
            }
        }
        tables
    }

    fn reference_set(&mut self, mut set: ReferenceSet) -> ReferenceSetTable {
        set.members.sort_by_key(|member| (member.referenced, member.id));
        let mut integers = Numbered::default();
        let mut texts = Numbered::default();
        let mut members = Vec::with_capacity(set.members.len());
        let mut values = Vec::with_capacity(set.members.len() * set.fields.len());
        for (row, member) in set.members.into_iter().enumerate() {
            self.concept("members of a reference set", row, member.referenced);
            self.perhaps("members of a reference set", row, member.module);
            if member.values.len() != set.fields.len() {
                self.problems
                    .add(set.concept as usize, "", ProblemKind::FieldCount { row });
            }
            members.push(member_row(&member));
            for value in member.values {
                let (form, value) = match value {
                    FieldValue::Concept(concept) => {
                        self.concept("members of a reference set", row, concept);
                        (reference_set::CONCEPT, concept)
                    }
                    FieldValue::Integer(integer) => (reference_set::INTEGER, integers.number(integer)),
                    FieldValue::Text(text) => (reference_set::TEXT, texts.number(self.texts.intern(&text))),
                };
                values.push(FieldRow { form, value });
            }
        }
        let texts = self.sorted(texts.items, &mut values);
        let by_target = by_target(&set.fields, &values);
        ReferenceSetTable {
            concept: set.concept,
            fields: set.fields.iter().map(|field| self.texts.intern(field)).collect(),
            members: members.into(),
            values: values.into(),
            integers: integers.items.into(),
            texts,
            by_target,
        }
    }

    /// Texts in ascending order; what named them names them still.
    fn sorted(&self, texts: Vec<Span>, values: &mut [FieldRow]) -> Box<[Span]> {
        let mut order: Vec<(Span, u32)> = texts.into_iter().zip(0..).collect();
        order.sort_unstable_by(|(a, _), (b, _)| self.texts.get(*a).cmp(self.texts.get(*b)));
        let mut places = vec![0; order.len()];
        for ((_, former), place) in order.iter().zip(0_u32..) {
            if let Some(slot) = places.get_mut(*former as usize) {
                *slot = place;
            }
        }
        for value in values
            .iter_mut()
            .filter(|value| value.form == reference_set::TEXT)
        {
            value.value = places.get(value.value as usize).copied().unwrap_or_default();
        }
        order.into_iter().map(|(span, _)| span).collect()
    }

    fn expect(&mut self, table: &'static str, expected: usize, found: usize) {
        if expected != found {
            let kind = ProblemKind::ComponentCount {
                table,
                expected,
                found,
            };
            self.problems.add(0, "", kind);
        }
    }

    fn concept(&mut self, table: &'static str, row: usize, concept: u32) {
        if concept as usize >= self.concepts {
            self.unknown(table, row);
        }
    }

    /// As [`Self::concept`], where a concept may be absent.
    fn perhaps(&mut self, table: &'static str, row: usize, concept: u32) {
        if concept != ABSENT {
            self.concept(table, row, concept);
        }
    }

    fn unknown(&mut self, table: &'static str, row: usize) {
        self.problems
            .add(0, "", ProblemKind::UnknownPosition { table, row });
    }
}

/// Positions of members by what they lead to.
fn by_target(fields: &[String], values: &[FieldRow]) -> Box<[u32]> {
    let Some((field, _)) = reference_set::leading(fields.iter().map(String::as_str)) else {
        return Box::default();
    };
    let rows = values.chunks_exact(fields.len()).zip(0_u32..);
    let mut order: Vec<(FieldRow, u32)> = rows
        .filter_map(|(row, member)| Some((*row.get(field)?, member)))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, member)| member).collect()
}

fn member_row(member: &ReferenceSetMember) -> MemberRow {
    MemberRow {
        id: member.id,
        referenced: member.referenced,
        effective_time: member.effective_time,
        module: member.module,
        active: member.active.into(),
    }
}

/// Rows from (row, item) pairs in any order; each row's items ascend. Pairs of rows that are not there are left out.
fn rows<T: Ord + Copy>(count: usize, mut pairs: Vec<(u32, T)>) -> Csr<T> {
    if !pairs.is_sorted() {
        pairs.sort_unstable();
    }
    let mut rows = CsrBuilder::with_capacity(count, pairs.len());
    let mut open = 0;
    for (row, item) in pairs {
        if row as usize >= count {
            break;
        }
        (open..row).for_each(|_| rows.end_row());
        open = row;
        rows.push(item);
    }
    (open..count as u32).for_each(|_| rows.end_row());
    rows.finish()
}

fn sources(concepts: usize, attributes: &[(u32, AttributeRow)]) -> Csr<SourceRow> {
    let targeted = attributes.iter().filter(|(_, row)| row.form == CONCEPT);
    let mut pairs = Vec::with_capacity(targeted.clone().count());
    pairs.extend(targeted.map(|&(source, row)| {
        let group = row.group.into();
        (
            row.value,
            SourceRow {
                kind: row.kind,
                source,
                group,
            },
        )
    }));
    rows(concepts, pairs)
}

fn sources_with(attributes: &[(u32, AttributeRow)]) -> (Box<[u32]>, Csr<u32>) {
    let mut pairs: Vec<(u32, u32)> = attributes
        .iter()
        .map(|&(source, row)| (row.kind, source))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut kinds: Vec<u32> = Vec::new();
    let mut rows = CsrBuilder::with_capacity(0, pairs.len());
    for (kind, source) in pairs {
        if kinds.last() != Some(&kind) {
            if !kinds.is_empty() {
                rows.end_row();
            }
            kinds.push(kind);
        }
        rows.push(source);
    }
    if !kinds.is_empty() {
        rows.end_row();
    }
    (kinds.into(), rows.finish())
}

/// Things numbered in the order they are met, each once.
#[derive(Debug)]
struct Numbered<T> {
    items: Vec<T>,
    known: HashMap<T, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            known: HashMap::new(),
        }
    }
}

impl<T: Copy + Eq + Hash> Numbered<T> {
    fn number(&mut self, item: T) -> u32 {
        *self.known.entry(item).or_insert_with(|| {
            self.items.push(item);
            (self.items.len() - 1) as u32
        })
    }
}
