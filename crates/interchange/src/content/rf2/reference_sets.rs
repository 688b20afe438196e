//! Reference sets other than those of languages: their members with further fields, and the historical associations
//! among them as relations of inactive concepts.

use std::collections::BTreeMap;

use vardnav_terminology::model::{
    Concept, FieldValue, ReferenceSet, ReferenceSetMember, Relation, RelationKind, Validity,
};

use super::concepts::Concepts;
use super::finding::Report;
use super::ids;
use super::index::{Newest, State};
use super::names::FileName;
use super::row::{MEMBER_COLUMNS, Row, Source, civil};

/// A member with the reference set it belongs to.
#[derive(Debug)]
struct Listed {
    set: u32,
    member: ReferenceSetMember,
}

impl State for Listed {
    fn time(&self) -> u32 {
        self.member.effective_time
    }
}

/// Reads the reference sets, by concept; their members by the concept referred to. Fields have the names that the
/// header row gives them, which are those that expressions use.
pub(super) fn read<'n>(
    source: Source<'_>,
    files: impl Iterator<Item = &'n FileName>,
    concepts: &Concepts,
    report: &mut Report,
) -> Vec<ReferenceSet> {
    let mut newest = Newest::default();
    let mut fields: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for file in files {
        newest.begin_file();
        let mut sets = Vec::new();
        let forms = file.forms.as_bytes();
        let names = source.each(file, (&MEMBER_COLUMNS, forms.len()), report, |row, report| {
            let Some((id, Some(listed))) = row
                .member_id(report)
                .zip(Some(()))
                .map(|(id, ())| (id, member(row, id, forms, concepts, report)))
            else {
                return;
            };
            if !sets.contains(&listed.set) {
                sets.push(listed.set);
            }
            row.note(newest.put(id, listed, row.history), report);
        });
        for set in sets {
            fields
                .entry(set)
                .or_insert_with(|| names.clone().unwrap_or_default());
        }
    }
    let mut sets: BTreeMap<u32, ReferenceSet> = fields
        .into_iter()
        .map(|(concept, fields)| {
            (
                concept,
                ReferenceSet {
                    concept,
                    fields,
                    members: Vec::new(),
                },
            )
        })
        .collect();
    for Listed { set, member } in newest.into_parts().1 {
        if let Some(set) = sets.get_mut(&set) {
            set.members.push(member);
        }
    }
    let mut sets: Vec<ReferenceSet> = sets.into_values().collect();
    for set in &mut sets {
        set.members
            .sort_unstable_by_key(|member| (member.referenced, member.id));
        set.members.shrink_to_fit();
    }
    sets
}

/// A member; `None` when it is malformed or refers to something other than a concept.
fn member(row: &Row<'_>, id: u128, forms: &[u8], concepts: &Concepts, report: &mut Report) -> Option<Listed> {
    let head = row.head(report)?;
    let (set, referenced) = (row.id(4, report)?, row.id(5, report)?);
    let Some(set) = concepts.find(set) else {
        let message = format_args!("the reference set `{set}` is not here");
        report.warn("VN-IMP-109", row.file, row.line, message);
        return None;
    };
    let referenced = concepts.find(referenced)?;
    let mut values = Vec::with_capacity(forms.len());
    for (column, form) in (MEMBER_COLUMNS.len()..).zip(forms) {
        values.push(value(row, column, *form, concepts, report)?);
    }
    let member = ReferenceSetMember {
        id,
        effective_time: head.time,
        active: head.active,
        module: concepts.position(head.module),
        referenced,
        values,
    };
    Some(Listed { set, member })
}

fn value(
    row: &Row<'_>,
    column: usize,
    form: u8,
    concepts: &Concepts,
    report: &mut Report,
) -> Option<FieldValue> {
    let text = || FieldValue::Text(row.text(column).to_owned());
    match form {
        b'c' => {
            let id = row.id(column, report)?;
            Some(concepts.find(id).map_or_else(text, FieldValue::Concept))
        }
        b'i' => {
            let number = row.text(column).parse().ok().map(FieldValue::Integer);
            if number.is_none() {
                let message = format_args!("column {} is not an integer", column + 1);
                row.error("VN-IMP-106", message, report);
            }
            number
        }
        _ => Some(text()),
    }
}

/// Gives inactive concepts their relations to what may stand in their place.
pub(super) fn add_associations(sets: &[ReferenceSet], concepts: &Concepts, into: &mut [Concept]) {
    for (id, scope) in ids::ASSOCIATIONS {
        let set = concepts
            .find(id)
            .and_then(|concept| sets.iter().find(|set| set.concept == concept));
        for member in set.iter().flat_map(|set| &set.members) {
            let Some(FieldValue::Concept(target)) = member.values.first() else {
                continue;
            };
            if !member.active || concepts.is_active(member.referenced) {
                continue;
            }
            let Some((concept, target)) = into.get_mut(member.referenced as usize).zip(concepts.id(*target))
            else {
                continue;
            };
            concept.relations.push(Relation {
                kind: RelationKind::ReplacedBy,
                target: target.to_string(),
                validity: Validity {
                    from: civil(member.effective_time),
                    until: None,
                },
                scope: scope.to_owned(),
                source: String::new(),
            });
        }
    }
}
