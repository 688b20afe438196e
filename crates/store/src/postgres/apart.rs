//! A connection beside those that the store's work shares: for what must be done in time however busy they are. It is asked
//! one thing at a time, with one short limit for all that this takes, and is not for the store's own rows.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::Core;
use super::failed::Failed;

/// One connection, opened when it is needed.
pub(super) struct Apart {
    core: Arc<Core>,
    wait: Duration,
    client: Mutex<Option<Client>>,
}

impl Apart {
    /// A connection whose answers are waited for as long as `wait`, and no longer.
    pub(super) fn new(core: Arc<Core>, wait: Duration) -> Self {
        Self {
            core,
            wait,
            client: Mutex::default(),
        }
    }

    /// Where it leads.
    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Rows that a statement gives, in one try.
    pub(super) async fn ask(
        &self,
        statement: &str,
        with: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failed> {
        let mut kept = self.client.lock().await;
        // What is given up in the middle takes its connection with it, so that nothing waits behind it.
        let asked = async {
            let client = match kept.take() {
                Some(client) if !client.is_closed() => client,
                _ => self.core.link.apart(self.wait).await?,
            };
            let answer = client.query(statement, with).await;
            *kept = Some(client);
            Ok(answer?)
        };
        match tokio::time::timeout(self.wait, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(Failed::silent(self.wait)),
        }
    }
}
