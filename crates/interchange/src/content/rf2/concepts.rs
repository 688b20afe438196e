//! The Concept table: which concepts there are, in which order, and how a row of another table names one.

use vardnav_terminology::model::{Concept, ConceptComponent, ConceptStatus};

use super::finding::Report;
use super::ids;
use super::index::{Index, Newest, State};
use super::names::FileName;
use super::row::Source;
use super::sctid::Kind;

/// Columns of the table.
pub(super) const COLUMNS: [&str; 5] = ["id", "effectiveTime", "active", "moduleId", "definitionStatusId"];

/// All concepts, by identifier.
#[derive(Debug, Default)]
pub(super) struct Concepts {
    index: Index<u64>,
    states: Vec<ConceptState>,
}

#[derive(Debug, Clone, Copy)]
struct ConceptState {
    module: u64,
    time: u32,
    active: bool,
    defined: bool,
}

impl State for ConceptState {
    fn time(&self) -> u32 {
        self.time
    }
}

impl Concepts {
    /// Reads the concepts. Their order is that of their identifiers as numbers, whatever the files' is.
    pub(super) fn read<'n>(
        source: Source<'_>,
        files: impl Iterator<Item = &'n FileName>,
        report: &mut Report,
    ) -> Self {
        let mut newest = Newest::default();
        for file in files {
            newest.begin_file();
            source.each(file, (&COLUMNS, 0), report, |row, report| {
                let Some((id, head)) = row.own_id(Kind::Concept, report).zip(row.head(report)) else {
                    return;
                };
                let Some(definition_status) = row.id(4, report) else {
                    return;
                };
                let state = ConceptState {
                    module: head.module,
                    time: head.time,
                    active: head.active,
                    defined: definition_status == ids::DEFINED,
                };
                row.note(newest.put(id, state, row.history), report);
            });
        }
        let (keys, states) = newest.into_parts();
        let mut all: Vec<(u64, ConceptState)> = keys.into_iter().zip(states).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        Self {
            index: Index::new(all.iter().map(|(id, _)| *id)),
            states: all.into_iter().map(|(_, state)| state).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// Position of a concept.
    pub(super) fn find(&self, id: u64) -> Option<u32> {
        self.index.find(id)
    }

    /// Position of a concept, [`u32::MAX`] when it is not here.
    pub(super) fn position(&self, id: u64) -> u32 {
        self.find(id).unwrap_or(u32::MAX)
    }

    /// Identifier of the concept at a position.
    pub(super) fn id(&self, position: u32) -> Option<u64> {
        self.index.keys().get(position as usize).copied()
    }

    pub(super) fn is_active(&self, position: u32) -> bool {
        self.states
            .get(position as usize)
            .is_some_and(|state| state.active)
    }

    /// The newest date on which a concept changed.
    pub(super) fn newest_time(&self) -> Option<u32> {
        self.states.iter().map(|state| state.time).max()
    }

    /// The module that most active concepts belong to.
    pub(super) fn largest_module(&self) -> Option<u64> {
        let mut modules: Vec<u64> = self
            .states
            .iter()
            .filter(|state| state.active)
            .map(|state| state.module)
            .collect();
        modules.sort_unstable();
        let runs = modules.chunk_by(|a, b| a == b);
        runs.max_by_key(|run| run.len())
            .and_then(|run| run.first().copied())
    }

    /// The concepts with nothing but code and status, and what else is known of each.
    pub(super) fn bare(&self) -> (Vec<Concept>, Vec<ConceptComponent>) {
        let concept = |(id, state): (&u64, &ConceptState)| Concept {
            code: id.to_string(),
            status: if state.active {
                ConceptStatus::Active
            } else {
                ConceptStatus::Inactive
            },
            ..Concept::default()
        };
        let component = |state: &ConceptState| ConceptComponent {
            module: self.position(state.module),
            effective_time: state.time,
            defined: state.defined,
        };
        (
            self.index.keys().iter().zip(&self.states).map(concept).collect(),
            self.states.iter().map(component).collect(),
        )
    }
}
