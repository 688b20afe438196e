//! Vacuums, which free what older versions of rows took once their content was to go. No promise rests on them, and an
//! engine without them loses nothing by that.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinHandle;

use super::Core;

/// What is vacuumed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    /// After rows were written over.
    Ledger,
    /// After projections were begun anew.
    ProjectionRows,
}

impl Table {
    fn statement(self) -> &'static str {
        match self {
            Self::Ledger => "VACUUM ledger",
            Self::ProjectionRows => "VACUUM projection_rows",
        }
    }
}

/// Vacuums of each table take turns.
#[derive(Default)]
pub(super) struct Vacuums {
    ledger: Turns,
    projection_rows: Turns,
}

#[derive(Clone)]
struct Turns {
    /// One works and one waits: a further one would find nothing that the one that waits does not.
    places: Arc<Semaphore>,
    turn: Arc<Mutex<()>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(2)),
            turn: Arc::default(),
        }
    }
}

impl Core {
    /// Vacuums a table however long that takes, also when nobody waits for it.
    pub(super) fn vacuum(self: &Arc<Self>, table: Table) -> JoinHandle<()> {
        let core = Arc::clone(self);
        let turns = match table {
            Table::Ledger => &self.vacuums.ledger,
            Table::ProjectionRows => &self.vacuums.projection_rows,
        };
        let Turns { places, turn } = turns.clone();
        tokio::spawn(async move {
            let Ok(_place) = places.try_acquire() else {
                return;
            };
            let _turn = turn.lock().await;
            if let Err(failed) = core.link.run_long(table.statement()).await {
                tracing::warn!(
                    ?failed,
                    ?table,
                    "older versions of rows stay until the database vacuums"
                );
            }
        })
    }
}
