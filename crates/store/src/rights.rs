//! The stream of rights as a state that is decided upon: what was asked, approved and used. Reads on from where it is,
//! and appends what a decision gives only where nothing came between. What may be decided is said in
//! `vardnav_register::rights`.

use std::sync::Arc;

use tokio::sync::Mutex;
use vardnav_register::rights::{Rights, RightsEntry};

use crate::contract::{Row, Store, StoreError, StreamId};

/// Rows read at a time.
const ROWS: u32 = 1_000;
/// How often a decision is taken again when others write at the same time.
const TRIES: usize = 64;

/// The stream of rights.
pub struct RightsLog {
    store: Arc<dyn Store>,
    rights: Mutex<Rights>,
}

/// Why nothing was decided.
#[derive(Debug)]
pub enum NotDecided<E> {
    /// The decision was to refuse.
    Refused(E),
    /// The store does not do it.
    Store(StoreError),
}

impl<E> From<StoreError> for NotDecided<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl RightsLog {
    /// The stream in a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            rights: Mutex::default(),
        }
    }

    /// Everything as it stands now.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub async fn current(&self) -> Result<Rights, StoreError> {
        let mut rights = self.rights.lock().await;
        self.catch_up(&mut rights).await?;
        Ok(rights.clone())
    }

    /// Appends the entry that `decide` gives of everything as it stands; durable on return. Gives its number.
    ///
    /// # Errors
    /// What `decide` refuses with, or when the store does not answer.
    pub async fn decide<E>(
        &self,
        mut decide: impl FnMut(&Rights) -> Result<RightsEntry, E>,
    ) -> Result<u64, NotDecided<E>> {
        let stream = StreamId::rights();
        let mut rights = self.rights.lock().await;
        for _ in 0..TRIES {
            self.catch_up(&mut rights).await?;
            let entry = decide(&rights).map_err(NotDecided::Refused)?;
            let leaf = entry.leaf();
            let row = Row {
                key: leaf.first_chunk().copied().unwrap_or_default(),
                leaf,
                bytes: entry.encode(),
            };
            let number = rights.count();
            match self.store.append(&stream, number, vec![row]).await {
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => {
                    rights.apply(entry);
                    return Ok(number);
                }
            }
        }
        Err(StoreError::Unavailable("the stream of rights is busy".to_owned()).into())
    }

    async fn catch_up(&self, rights: &mut Rights) -> Result<(), StoreError> {
        let stream = StreamId::rights();
        loop {
            let rows = self.store.read(&stream, rights.count(), ROWS).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let entry = RightsEntry::decode(&row.bytes).map_err(|error| {
                    StoreError::Corrupt(format!("{stream}: position {}: {error}", row.position))
                })?;
                rights.apply(entry);
            }
        }
    }
}
