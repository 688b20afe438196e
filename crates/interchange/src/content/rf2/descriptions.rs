//! The Description and TextDefinition tables and the reference sets of languages: from them the designations and
//! definitions of the concepts.

use std::mem::take;

use vardnav_terminology::model::{
    self, Acceptability, Concept, Definition, Designation, DesignationComponent, DesignationStatus, Standing,
};

use super::concepts::Concepts;
use super::finding::Report;
use super::ids;
use super::index::{Index, Newest, State};
use super::names::{FileName, Table};
use super::row::{MEMBER_COLUMNS, Row, Source};
use super::sctid::Kind;

const COLUMNS: [&str; 9] = [
    "id",
    "effectiveTime",
    "active",
    "moduleId",
    "conceptId",
    "languageCode",
    "typeId",
    "term",
    "caseSignificanceId",
];

/// Most languages.
const LANGUAGES_MAX: usize = 255;

/// What becomes of the descriptions.
#[derive(Debug, Default)]
pub(super) struct Designations {
    /// The language of most fully specified names.
    pub(super) language: String,
    pub(super) components: Vec<DesignationComponent>,
    pub(super) acceptabilities: Vec<Acceptability>,
    /// Those that are no designations, by concept.
    pub(super) others: Vec<model::Description>,
}

/// All descriptions, by identifier.
#[derive(Debug, Default)]
pub(super) struct Descriptions {
    rows: Newest<u64, Description>,
    /// Identifiers of modules, types and case significances.
    ids: Index<u64>,
    languages: Vec<String>,
}

/// A description. It is small, since there are millions.
#[derive(Debug)]
struct Description {
    text: Box<str>,
    concept: u32,
    time: u32,
    module: u16,
    kind: u16,
    case_significance: u16,
    language: u8,
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Inactive,
    Definition,
    /// A designation that is preferred in no dialect.
    Designation,
    /// A designation that is preferred in a dialect.
    Preferred,
}

impl State for Description {
    fn time(&self) -> u32 {
        self.time
    }
}

/// A member of a reference set of a language.
#[derive(Debug, Clone, Copy)]
struct Member {
    time: u32,
    /// Position of the description.
    description: u32,
    /// Position of the reference set's concept.
    dialect: u32,
    active: bool,
    preferred: bool,
}

impl State for Member {
    fn time(&self) -> u32 {
        self.time
    }
}

impl Descriptions {
    /// Reads the descriptions and text definitions.
    pub(super) fn read<'n>(
        source: Source<'_>,
        files: impl Iterator<Item = &'n FileName>,
        concepts: &Concepts,
        report: &mut Report,
    ) -> Self {
        let mut all = Self::default();
        for file in files {
            all.rows.begin_file();
            let definitions = file.table == Table::TextDefinition;
            source.each(file, (&COLUMNS, 0), report, |row, report| {
                all.take(row, definitions, concepts, report);
            });
        }
        if all.ids.keys().len() > usize::from(u16::MAX) {
            report.error(
                "VN-IMP-117",
                "",
                0,
                "more than 65535 modules, types and case significances",
            );
        }
        all
    }

    fn take(
        &mut self,
        row: &Row<'_>,
        definitions: bool,
        concepts: &Concepts,
        report: &mut Report,
    ) -> Option<()> {
        let id = row.own_id(Kind::Description, report)?;
        let head = row.head(report)?;
        let (concept, kind) = (row.id(4, report)?, row.id(6, report)?);
        let case_significance = row.id(8, report)?;
        let Some(concept) = concepts.find(concept) else {
            let message = format_args!("`{id}` describes `{concept}`, which is not here");
            report.warn("VN-IMP-107", row.file, row.line, message);
            return None;
        };
        let text = row.text(7);
        if text.trim().is_empty() {
            row.error("VN-IMP-116", format_args!("`{id}` has no text"), report);
            return None;
        }
        let role = match head.active {
            false => Role::Inactive,
            true if definitions || kind == ids::DEFINITION => Role::Definition,
            true => Role::Designation,
        };
        let description = Description {
            text: text.into(),
            concept,
            time: head.time,
            module: self.id(head.module),
            kind: self.id(kind),
            case_significance: self.id(case_significance),
            language: self.language(row, report)?,
            role,
        };
        row.note(self.rows.put(id, description, row.history), report);
        Some(())
    }

    fn id(&mut self, id: u64) -> u16 {
        u16::try_from(self.ids.insert(id).0).unwrap_or(u16::MAX)
    }

    fn language(&mut self, row: &Row<'_>, report: &mut Report) -> Option<u8> {
        let tag = row.text(5);
        if let Some(at) = self.languages.iter().position(|language| language == tag) {
            return u8::try_from(at).ok();
        }
        let well_formed = (2..=35).contains(&tag.len())
            && tag.split('-').all(|part| {
                (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        if !well_formed || self.languages.len() == LANGUAGES_MAX {
            row.error("VN-IMP-106", "languageCode is not a language", report);
            return None;
        }
        self.languages.push(tag.to_owned());
        u8::try_from(self.languages.len() - 1).ok()
    }

    /// Reads the reference sets of languages and gives every concept its designations and definitions.
    pub(super) fn into_concepts<'n>(
        mut self,
        source: Source<'_>,
        languages: impl Iterator<Item = &'n FileName>,
        concepts: &Concepts,
        into: &mut [Concept],
        report: &mut Report,
    ) -> Designations {
        let members = members(source, languages, &self.rows, concepts, report);
        let (keys, mut rows) = take(&mut self.rows).into_parts();
        for member in members.iter().filter(|member| member.active && member.preferred) {
            if let Some(row) = rows.get_mut(member.description as usize)
                && row.role == Role::Designation
            {
                row.role = Role::Preferred;
            }
        }
        let own = self.most_named(&rows);
        let order = order(&keys, &rows, self.ids.find(ids::FULLY_SPECIFIED_NAME), own);
        let mut designations = Designations {
            language: own
                .and_then(|own| self.languages.get(usize::from(own)))
                .cloned()
                .unwrap_or_default(),
            ..Designations::default()
        };
        let positions = self.place(&keys, &mut rows, &order, own, concepts, into, &mut designations);
        drop((keys, rows, order));
        let mut all = acceptabilities(members, &positions);
        let of_others = all.split_off(all.partition_point(|one| one.designation < OTHER));
        for one in of_others {
            if let Some(other) = designations.others.get_mut((one.designation - OTHER) as usize) {
                other.standings.push(Standing {
                    dialect: one.dialect,
                    preferred: one.preferred,
                });
            }
        }
        designations.acceptabilities = all;
        designations
    }

    /// The language of most fully specified names, else of most descriptions.
    fn most_named(&self, rows: &[Description]) -> Option<u8> {
        let name = self.ids.find(ids::FULLY_SPECIFIED_NAME);
        let mut counts = vec![(0_u32, 0_u32); self.languages.len()];
        for row in rows.iter().filter(|row| row.role != Role::Inactive) {
            if let Some((names, all)) = counts.get_mut(usize::from(row.language)) {
                *names += u32::from(Some(u32::from(row.kind)) == name);
                *all += 1;
            }
        }
        let by_count = (0_u8..).zip(counts).zip(&self.languages);
        by_count
            .max_by(|((_, a), tag_a), ((_, b), tag_b)| a.cmp(b).then(tag_b.cmp(tag_a)))
            .map(|((language, _), _)| language)
    }

    /// Moves the descriptions to their concepts, in `order`, and answers which place each designation has.
    #[expect(clippy::too_many_arguments, reason = "the one place where the tables meet")]
    fn place(
        &self,
        keys: &[u64],
        rows: &mut [Description],
        order: &[Ordered],
        own: Option<u8>,
        concepts: &Concepts,
        into: &mut [Concept],
        designations: &mut Designations,
    ) -> Vec<u32> {
        let named: Vec<u32> = self.ids.keys().iter().map(|id| concepts.position(*id)).collect();
        let position = |id: u16| named.get(usize::from(id)).copied().unwrap_or(u32::MAX);
        let mut positions = vec![u32::MAX; rows.len()];
        for group in order.chunk_by(|a, b| a.concept == b.concept) {
            let Some(concept) = group
                .first()
                .and_then(|first| into.get_mut(first.concept as usize))
            else {
                continue;
            };
            let count = group.partition_point(|ordered| ordered.rank < DEFINITION_RANK);
            let held = group.partition_point(|ordered| ordered.rank < INACTIVE_RANK);
            concept.designations.reserve_exact(count);
            concept.definitions.reserve_exact(held - count);
            for ordered in group {
                let at = ordered.row as usize;
                let (Some(row), Some(&id)) = (rows.get_mut(at), keys.get(at)) else {
                    continue;
                };
                let text = String::from(take(&mut row.text));
                // The code system's own language is not repeated.
                let language = match self.languages.get(usize::from(row.language)) {
                    Some(language) if own != Some(row.language) => language.clone(),
                    _ => String::new(),
                };
                let component = DesignationComponent {
                    id,
                    module: position(row.module),
                    kind: position(row.kind),
                    case_significance: position(row.case_significance),
                    effective_time: row.time,
                };
                if ordered.rank >= DEFINITION_RANK {
                    if ordered.rank == DEFINITION_RANK {
                        concept.definitions.push(Definition {
                            text: text.clone(),
                            language: language.clone(),
                            ..Definition::default()
                        });
                    }
                    if let Some(position) = positions.get_mut(at) {
                        *position = OTHER + designations.others.len() as u32;
                    }
                    designations.others.push(model::Description {
                        concept: ordered.concept,
                        text,
                        language,
                        active: ordered.rank == DEFINITION_RANK,
                        component,
                        standings: Vec::new(),
                    });
                    continue;
                }
                let kind = self
                    .ids
                    .keys()
                    .get(usize::from(row.kind))
                    .copied()
                    .unwrap_or_default();
                let status = match row.role {
                    Role::Preferred => DesignationStatus::Recommended,
                    _ => DesignationStatus::Accepted,
                };
                let usage = format!("{}|{kind}", super::URL);
                concept.designations.push(Designation {
                    text,
                    language,
                    status,
                    usage,
                    ..Designation::default()
                });
                if let Some(position) = positions.get_mut(at) {
                    *position = designations.components.len() as u32;
                }
                designations.components.push(component);
            }
        }
        positions
    }
}

/// Rank of definitions, behind all designations.
const DEFINITION_RANK: u8 = INACTIVE_RANK - 1;
/// Rank of descriptions that no longer hold, behind all others.
const INACTIVE_RANK: u8 = u8::MAX;

/// Places from here on are those of descriptions that are no designations.
const OTHER: u32 = 1 << 31;

/// A description's place among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ordered {
    concept: u32,
    rank: u8,
    id: u64,
    row: u32,
}

/// Descriptions by concept. Designations preferred in a dialect come first, of these synonyms before fully
/// specified names; of those preferred nowhere fully specified names come first, since they are unambiguous. Each time
/// the code system's own language comes first. Then come definitions, and last what no longer holds.
fn order(keys: &[u64], rows: &[Description], name: Option<u32>, own: Option<u8>) -> Vec<Ordered> {
    let mut order = Vec::with_capacity(rows.len());
    for ((row, &id), description) in (0_u32..).zip(keys).zip(rows) {
        let named = Some(u32::from(description.kind)) == name;
        let other = u8::from(Some(description.language) != own);
        let rank = match description.role {
            Role::Inactive => INACTIVE_RANK,
            Role::Definition => DEFINITION_RANK,
            Role::Preferred => 2 * u8::from(named) + other,
            Role::Designation => 4 + 2 * u8::from(!named) + other,
        };
        let concept = description.concept;
        order.push(Ordered {
            concept,
            rank,
            id,
            row,
        });
    }
    order.sort_unstable();
    order
}

fn members<'n>(
    source: Source<'_>,
    files: impl Iterator<Item = &'n FileName>,
    descriptions: &Newest<u64, Description>,
    concepts: &Concepts,
    report: &mut Report,
) -> Vec<Member> {
    let mut newest = Newest::default();
    for file in files {
        newest.begin_file();
        source.each(file, (&MEMBER_COLUMNS, 1), report, |row, report| {
            let Some((id, head)) = row.member_id(report).zip(row.head(report)) else {
                return;
            };
            let Some(((set, listed), value)) =
                row.id(4, report).zip(row.id(5, report)).zip(row.id(6, report))
            else {
                return;
            };
            let Some((dialect, description)) = concepts.find(set).zip(descriptions.find(listed)) else {
                let message = format_args!("`{set}` or the description `{listed}` is not here");
                report.warn("VN-IMP-109", row.file, row.line, message);
                return;
            };
            if value != ids::PREFERRED && value != ids::ACCEPTABLE {
                let message = format_args!("`{value}` is neither preferred nor acceptable");
                row.error("VN-IMP-106", message, report);
                return;
            }
            let member = Member {
                time: head.time,
                description,
                dialect,
                active: head.active,
                preferred: value == ids::PREFERRED,
            };
            row.note(newest.put(id, member, row.history), report);
        });
    }
    newest.into_parts().1
}

/// The active members of descriptions, in the order of their places and each dialect once: preferred if it is so
/// anywhere.
fn acceptabilities(members: Vec<Member>, positions: &[u32]) -> Vec<Acceptability> {
    let mut all: Vec<Acceptability> = members
        .into_iter()
        .filter(|member| member.active)
        .filter_map(|member| {
            let designation = *positions.get(member.description as usize)?;
            let (dialect, preferred) = (member.dialect, member.preferred);
            (designation != u32::MAX).then_some(Acceptability {
                designation,
                dialect,
                preferred,
            })
        })
        .collect();
    all.sort_unstable_by_key(|one| (one.designation, one.dialect, !one.preferred));
    all.dedup_by_key(|one| (one.designation, one.dialect));
    all
}
