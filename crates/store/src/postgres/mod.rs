//! The store in PostgreSQL, or in an engine that speaks as it does, for more than one machine. What the database must be
//! able to do is the portable part only: every key begins with what it is sharded by, positions come from a
//! compare-and-swap on the head, and nothing rests on sequences, notifications, advisory locks, triggers or keys between
//! tables. A stop, a lost connection or another server's work is met by asking again; an answer is given for what the
//! database has made durable. It decides nothing: what rows mean is said elsewhere.

mod address;
mod apart;
mod append;
mod behind;
mod blobs;
mod check;
mod claim;
mod connection;
mod encryption;
mod failed;
mod heads;
mod lately;
mod lease;
mod projections;
mod reading;
mod redact;
mod schema;
mod sharing;
mod single;
mod tree;
mod vacuum;
mod vault;

pub mod private;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_postgres::Row as Found;
use tokio_postgres::types::ToSql;
use vardnav_register::tree::Subtree;

pub use self::address::named;
pub use self::claim::Claim;
pub use self::connection::Options;
pub use self::lease::{Lease, LeaseError};
pub use self::schema::{MIGRATIONS, Migration};
pub use self::sharing::Sharing;
pub use self::single::{ConnectError, connect};
pub use self::vault::PostgresVault;
pub(crate) use self::vault::key_in;

use self::behind::Behind;
use self::connection::Link;
use self::failed::Tries;
use self::heads::Edges;
use self::lately::{Lately, Moment};
use self::lease::Taking;
use self::sharing::Shared;
use self::vacuum::Vacuums;
use crate::contract::{
    Answer, Change, Cursor, Digest, Hash, Head, ProjectionRow, Row, RowKey, Store, StoreError, StoredRow,
    StreamId, check_batch, check_blob, check_changes, check_keys, check_many_rows, check_projection,
};
use crate::duty::Duty;
use crate::tree::Frontier;

/// A store in a database. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Postgres {
    core: Arc<Core>,
}

/// What the parts share.
struct Core {
    link: Link,
    options: Options,
    edges: Edges,
    behind: Arc<Behind>,
    lately: Lately,
    vacuums: Vacuums,
    /// What it has of the background work, where it shares its database.
    shared: Shared,
}

impl Postgres {
    /// Opens the store in the database that `url` names (`postgres://user@host:port/name`, or with the folder of a
    /// socket as `host`), and makes or brings on its tables. The database must be there and hold nothing else in the
    /// schema that comes first. Connections beyond this machine are encrypted: `sslmode` is `require` or `verify-full`
    /// (with this machine's certificates, or those of the file `sslrootcert`), and `disable` only where that stands in
    /// the address. A password that it does not have comes from `PGPASSWORD` or a password file.
    ///
    /// # Errors
    /// `Limit` when `url` is no address, or leads beyond this machine unencrypted without saying so; `Unavailable` when the
    /// database cannot be reached, refuses, or puts nothing on disk before it answers; `Corrupt` when a newer version of
    /// this program made its tables, or another did.
    pub async fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        Self::open_with(url, options, MIGRATIONS).await
    }

    /// As [`Postgres::open`], with the first migrations only, or others: for tests of what comes after them.
    ///
    /// # Errors
    /// As [`Postgres::open`].
    pub async fn open_with(
        url: &str,
        options: Options,
        migrations: &[Migration],
    ) -> Result<Self, StoreError> {
        let link = Link::new(url, &options)?;
        schema::migrate(&link, migrations, Tries::within(options.patience)).await?;
        Ok(Self {
            core: Arc::new(Core {
                link,
                options,
                edges: Edges::default(),
                behind: Arc::default(),
                lately: Lately::default(),
                vacuums: Vacuums::default(),
                shared: Shared::default(),
            }),
        })
    }
}

impl Core {
    /// How long what is asked now is tried again.
    fn tries(&self) -> Tries {
        Tries::within(self.options.patience)
    }

    /// Asks for rows, by a statement that does no harm when it is repeated.
    async fn ask(&self, statement: &str, with: &[&(dyn ToSql + Sync)]) -> Result<Vec<Found>, StoreError> {
        let mut tries = self.tries();
        loop {
            let failed = match self.link.lend().await {
                Ok(mut lent) => match lent.query(statement, with).await {
                    Ok(rows) => return Ok(rows),
                    Err(failed) => failed,
                },
                Err(failed) => failed,
            };
            tries.again(failed).await?;
        }
    }

    /// Changes something, by a statement that does no harm when it is repeated.
    async fn change(&self, statement: &str, with: &[&(dyn ToSql + Sync)]) -> Result<(), StoreError> {
        self.ask(statement, with).await.map(drop)
    }

    /// The right edge of a stream's tree, from the database.
    async fn edge(&self, stream: &StreamId) -> Result<Frontier, StoreError> {
        let mut tries = self.tries();
        loop {
            let failed = match self.link.lend().await {
                Ok(mut lent) => match heads::edge(&mut lent, stream).await {
                    Ok(edge) => {
                        self.edges.keep(stream, edge.clone());
                        return Ok(edge);
                    }
                    Err(failed) => failed,
                },
                Err(failed) => failed,
            };
            tries.again(failed).await?;
        }
    }

    /// The taking under which rows are kept for those who follow; none where the work is not this server's, or nobody
    /// shares the store and so others may write to it unseen.
    fn following(&self) -> Option<Taking> {
        let is_mine = self.shared.duty().is_mine();
        self.shared.taking().ok().flatten().filter(|_| is_mine)
    }

    /// From when on rows of a stream may be kept for those who follow.
    fn moment(&self) -> Option<Moment> {
        self.following().map(|taking| self.lately.moment(taking))
    }

    /// Rows for whoever follows a stream.
    async fn follow(&self, stream: &StreamId, from: u64, limit: u32) -> Result<Vec<StoredRow>, StoreError> {
        let kept = |taking: Taking| self.lately.read(&taking, stream, from, limit);
        if let Some(rows) = self.following().and_then(kept) {
            return Ok(rows);
        }
        let moment = self.moment();
        let rows = self.read(stream, from, limit).await?;
        if let Some(moment) = moment {
            self.lately.keep(moment, stream, rows.clone());
        }
        Ok(rows)
    }

    async fn streams(&self) -> Result<Vec<(StreamId, Head)>, StoreError> {
        let mut tries = self.tries();
        loop {
            let failed = match self.link.lend().await {
                Ok(mut lent) => match heads::all(&mut lent).await {
                    Ok(all) => return Ok(all),
                    Err(failed) => failed,
                },
                Err(failed) => failed,
            };
            tries.again(failed).await?;
        }
    }
}

impl Store for Postgres {
    fn append<'a>(&'a self, stream: &'a StreamId, expected: u64, rows: Vec<Row>) -> Answer<'a, Head> {
        Box::pin(async move {
            check_batch(&rows)?;
            let moment = self.core.moment();
            let head = self.core.append(stream, expected, &rows).await?;
            if let Some(moment) = moment {
                self.core.lately.appended(moment, stream, expected, rows);
            }
            Ok(head)
        })
    }

    fn append_behind<'a>(&'a self, stream: &'a StreamId, rows: Vec<Row>) -> Answer<'a, Head> {
        Box::pin(async move {
            check_batch(&rows)?;
            behind::append(&self.core, stream, rows).await
        })
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, Head> {
        Box::pin(async move { Ok(heads::head_of(&self.core.edge(stream).await?)) })
    }

    fn streams(&self) -> Answer<'_, Vec<(StreamId, Head)>> {
        Box::pin(self.core.streams())
    }

    fn read<'a>(&'a self, stream: &'a StreamId, from: u64, limit: u32) -> Answer<'a, Vec<StoredRow>> {
        Box::pin(self.core.read(stream, from, limit))
    }

    fn follow<'a>(&'a self, stream: &'a StreamId, from: u64, limit: u32) -> Answer<'a, Vec<StoredRow>> {
        Box::pin(self.core.follow(stream, from, limit))
    }

    fn read_at<'a>(&'a self, stream: &'a StreamId, positions: Vec<u64>) -> Answer<'a, Vec<StoredRow>> {
        Box::pin(async move { self.core.read_at(stream, &positions).await })
    }

    fn find<'a>(&'a self, stream: &'a StreamId, keys: Vec<RowKey>) -> Answer<'a, Vec<Option<u64>>> {
        Box::pin(async move {
            check_keys(&keys)?;
            self.core.find(stream, &keys).await
        })
    }

    fn hashes<'a>(&'a self, stream: &'a StreamId, level: u8, from: u64, count: u32) -> Answer<'a, Vec<Hash>> {
        Box::pin(self.core.hashes(stream, level, from, count))
    }

    fn subtrees<'a>(&'a self, stream: &'a StreamId, wanted: Vec<Subtree>) -> Answer<'a, Vec<Hash>> {
        Box::pin(async move { self.core.subtrees(stream, &wanted).await })
    }

    fn mend<'a>(&'a self, stream: &'a StreamId) -> Answer<'a, ()> {
        Box::pin(self.core.mend(stream))
    }

    fn redact<'a>(&'a self, stream: &'a StreamId, position: u64, bytes: Vec<u8>) -> Answer<'a, ()> {
        self.redact_many(stream, vec![(position, bytes)])
    }

    fn redact_many<'a>(&'a self, stream: &'a StreamId, rows: Vec<(u64, Vec<u8>)>) -> Answer<'a, ()> {
        Box::pin(self.core.redact(stream, rows))
    }

    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, Digest> {
        Box::pin(async move {
            check_blob(&bytes)?;
            self.core.put_blob(&bytes).await
        })
    }

    fn get_blob<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(self.core.get_blob(digest))
    }

    fn blobs(&self, after: Option<Digest>, limit: u32) -> Answer<'_, Vec<Digest>> {
        Box::pin(self.core.blobs(after, limit))
    }

    fn row<'a>(&'a self, projection: &'a str, key: &'a [u8]) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            check_projection(projection)?;
            self.core.row(projection, key).await
        })
    }

    fn rows<'a>(&'a self, projection: &'a str, keys: &'a [Vec<u8>]) -> Answer<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async move {
            check_projection(projection)?;
            check_many_rows(keys.len())?;
            self.core.rows(projection, keys).await
        })
    }

    fn scan<'a>(&'a self, projection: &'a str, from: &'a [u8], limit: u32) -> Answer<'a, Vec<ProjectionRow>> {
        Box::pin(async move {
            check_projection(projection)?;
            self.core.scan(projection, from, limit).await
        })
    }

    fn rows_under<'a>(
        &'a self,
        projection: &'a str,
        beginnings: &'a [Vec<u8>],
        limit: u32,
    ) -> Answer<'a, Vec<Vec<ProjectionRow>>> {
        Box::pin(async move {
            check_projection(projection)?;
            check_many_rows(beginnings.len().saturating_mul(crate::codec::index(limit.into())))?;
            self.core.rows_under(projection, beginnings, limit).await
        })
    }

    fn cursor<'a>(&'a self, projection: &'a str, stream: &'a StreamId) -> Answer<'a, u64> {
        Box::pin(async move {
            check_projection(projection)?;
            self.core.cursor(projection, stream).await
        })
    }

    fn cursors(&self) -> Answer<'_, Vec<Cursor>> {
        Box::pin(self.core.cursors())
    }

    fn cursors_of<'a>(&'a self, projection: &'a str) -> Answer<'a, BTreeMap<StreamId, u64>> {
        Box::pin(async move {
            check_projection(projection)?;
            self.core.cursors_of(projection).await
        })
    }

    fn commit<'a>(
        &'a self,
        projection: &'a str,
        stream: &'a StreamId,
        expected: u64,
        next: u64,
        changes: Vec<Change>,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            check_projection(projection)?;
            check_changes(expected, next, &changes)?;
            self.core
                .commit(projection, stream, (expected, next), changes)
                .await
        })
    }

    fn clear<'a>(&'a self, projection: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            check_projection(projection)?;
            self.core.clear(projection).await
        })
    }

    fn duty(&self) -> Duty {
        self.core.shared.duty()
    }
}
