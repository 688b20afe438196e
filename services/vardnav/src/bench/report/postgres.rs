//! A table of a PostgreSQL of the benchmark's own, and a connection to it for every sender.

use std::sync::Arc;

use tokio_postgres::{Client, NoTls, Statement};
use vardnav_store::postgres::private::{MEASURED, Private};

use super::SENDERS;
use super::bare::BareRow;
use crate::exit::{Failure, Outcome};

/// A running server.
pub(super) struct Postgres {
    connections: Vec<Connection>,
    server: Private,
}

/// A connection with its statement.
#[derive(Clone)]
pub(super) struct Connection {
    client: Arc<Client>,
    insert: Statement,
}

impl Postgres {
    /// Starts one; `None` when the machine has none.
    pub(super) async fn start() -> Outcome<Option<Self>> {
        let Some(server) = Private::start(MEASURED)? else {
            return Ok(None);
        };
        let table = "CREATE TABLE bare (key bytea PRIMARY KEY, value bytea NOT NULL)";
        server.execute("postgres", table).await?;
        let mut connections = Vec::new();
        for _ in 0..SENDERS {
            connections.push(connect(&server.url("postgres")).await?);
        }
        Ok(Some(Self { connections, server }))
    }

    /// Makes an empty database in it; gives its address.
    pub(super) async fn database(&self, name: &str) -> Outcome<String> {
        Ok(self.server.database(name).await?)
    }

    /// Bytes that a database takes of the disk.
    pub(super) async fn size(&self, database: &str) -> Outcome<u64> {
        let connection = connect(&self.server.url("postgres")).await?;
        let size = connection
            .client
            .query_one("SELECT pg_database_size($1::text::name)", &[&database])
            .await;
        let size: i64 = size.and_then(|row| row.try_get(0)).map_err(Failure::failed)?;
        u64::try_from(size).map_err(Failure::failed)
    }

    /// A connection for every sender.
    pub(super) fn connections(&self) -> impl Iterator<Item = Connection> {
        self.connections.iter().cloned()
    }
}

async fn connect(url: &str) -> Outcome<Connection> {
    let (client, link) = tokio_postgres::connect(url, NoTls)
        .await
        .map_err(Failure::failed)?;
    tokio::spawn(link);
    let insert = "INSERT INTO bare SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING";
    let insert = client.prepare(insert).await.map_err(Failure::failed)?;
    Ok(Connection {
        client: Arc::new(client),
        insert,
    })
}

impl Connection {
    /// Inserts rows with one statement, which is a transaction.
    pub(super) async fn insert(&self, rows: &[BareRow]) -> Outcome {
        let keys: Vec<&[u8]> = rows.iter().map(|row| row.key.as_slice()).collect();
        let values: Vec<&[u8]> = rows.iter().map(|row| row.value.as_slice()).collect();
        let inserted = self.client.execute(&self.insert, &[&keys, &values]).await;
        inserted.map(|_| ()).map_err(Failure::failed)
    }
}
