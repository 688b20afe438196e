//! Connections to the database: so many and no more, each with the settings that the store's promises need, each
//! question with a limit of time. What is asked stands beside whoever asks it.

use std::net::IpAddr;
use std::sync::Once;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row};

use super::failed::Failed;
use crate::contract::StoreError;

/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long a connection that is needed may be waited for.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How much longer than the database's own limit an answer is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// How the database is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most connections that are open at once.
    pub connections: usize,
    /// How long something that fails is tried again before it is given up.
    pub patience: Duration,
    /// How long the database may work on one statement.
    pub statement_max: Duration,
    /// Whether a database is taken that puts nothing on disk before it answers (`fsync = off`), so that a power cut takes
    /// what was acknowledged. For tests and measurements only.
    pub volatile: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 16,
            patience: Duration::from_secs(10),
            statement_max: Duration::from_secs(60),
            volatile: false,
        }
    }
}

/// How statements are planned: each time they run, for tables grow by orders of magnitude between two countings of their
/// rows; and along an index that has the rows in the order asked for. An engine that does not know these plans otherwise.
const PLANNING: [&str; 3] = [
    "SET plan_cache_mode = force_custom_plan",
    "SET enable_bitmapscan = off",
    "SET jit = off",
];

/// The connections of one store.
pub(super) struct Link {
    pool: Pool,
    answer_max: Duration,
}

/// A connection for a while.
pub(super) struct Lent {
    /// There as long as it is of use.
    object: Option<Object>,
    answer_max: Duration,
}

impl Link {
    /// Connections to what `url` names; none is opened yet.
    ///
    /// # Errors
    /// `Limit` when it is no address of a database, or one beyond this machine, to which connections are not encrypted.
    pub(super) fn new(url: &str, options: &Options) -> Result<Self, StoreError> {
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            // What the parser says may hold a part of the address, and so of a password.
            let _ = error;
            StoreError::Limit(
                "no address of a database: write it as postgres://user@host:port/name".to_owned(),
            )
        })?;
        hold_to_this_machine(&config)?;
        config
            .connect_timeout(CONNECT_MAX)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .tcp_user_timeout(options.statement_max + GRACE);
        if config.get_application_name().is_none() {
            config.application_name("vardnav");
        }
        let manager = Manager::from_config(
            config,
            NoTls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let settings = settings(options.statement_max);
        let volatile = options.volatile;
        let pool = Pool::builder(manager)
            .max_size(options.connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_MAX))
            .create_timeout(Some(CONNECT_MAX + GRACE))
            .post_create(Hook::async_fn(move |client, _| {
                let settings = settings.clone();
                Box::pin(async move {
                    let set = client.batch_execute(&settings).await;
                    set.map_err(HookError::Backend)?;
                    for setting in PLANNING {
                        match client.batch_execute(setting).await {
                            Err(error) if error.as_db_error().is_none() => {
                                return Err(HookError::Backend(error));
                            }
                            Err(error) => tracing::debug!(%error, setting, "not set"),
                            Ok(()) => {}
                        }
                    }
                    hold_to_durable(client, volatile).await
                })
            }))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            pool,
            answer_max: options.statement_max + GRACE,
        })
    }

    /// A connection, as soon as there is one.
    pub(super) async fn lend(&self) -> Result<Lent, Failed> {
        Ok(Lent {
            object: Some(self.pool.get().await?),
            answer_max: self.answer_max,
        })
    }

    /// A connection outside the others that runs one statement for as long as it takes, and ends with it.
    pub(super) async fn run_long(&self, statement: &str) -> Result<(), Failed> {
        let client: ClientWrapper = Object::take(self.pool.get().await?);
        client.batch_execute("SET statement_timeout = 0").await?;
        Ok(client.batch_execute(statement).await?)
    }

    /// A connection of its own for work in several statements.
    pub(super) async fn own(&self) -> Result<Object, Failed> {
        Ok(self.pool.get().await?)
    }
}

impl Lent {
    /// Rows that a statement gives.
    pub(super) async fn query(
        &mut self,
        statement: &str,
        with: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failed> {
        let gone = || Failed::Again(StoreError::Unavailable("the connection was given up".to_owned()));
        let object = self.object.as_ref().ok_or_else(gone)?;
        let asked = async {
            let prepared = object.prepare_cached(statement).await?;
            object.query(&prepared, with).await
        };
        match tokio::time::timeout(self.answer_max, asked).await {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                // Whoever had it next would wait behind what hangs.
                drop(self.object.take().map(Object::take));
                Err(Failed::silent(self.answer_max))
            }
        }
    }

    /// The row that a statement gives, if it gives one.
    pub(super) async fn query_opt(
        &mut self,
        statement: &str,
        with: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Failed> {
        Ok(self.query(statement, with).await?.into_iter().next())
    }
}

/// What holds of every connection.
fn settings(statement_max: Duration) -> String {
    let milliseconds = statement_max.as_millis();
    format!(
        "SET statement_timeout = {milliseconds}; \
         SET idle_in_transaction_session_timeout = {milliseconds}; \
         SET default_transaction_isolation = 'read committed'"
    )
}

/// Holds that what is answered is on disk.
async fn hold_to_durable(client: &Client, volatile: bool) -> Result<(), HookError> {
    static TOLD: Once = Once::new();
    if !volatile && setting(client, "SHOW fsync").await?.as_deref() == Some("off") {
        return Err(HookError::message(
            "the database puts nothing on disk before it answers, and a power cut would take what was acknowledged: set \
             fsync = on in its configuration",
        ));
    }
    match setting(client, "SHOW synchronous_commit").await?.as_deref() {
        // An answer would come before anything is on disk.
        Some("off") => client
            .batch_execute("SET synchronous_commit = on")
            .await
            .map_err(HookError::Backend),
        Some("local") => {
            TOLD.call_once(|| {
                tracing::warn!(
                    "synchronous_commit is local: what is acknowledged may be missing on a standby that takes over"
                );
            });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What a setting is; `None` where the engine does not have it.
async fn setting(client: &Client, show: &str) -> Result<Option<String>, HookError> {
    match client.query_one(show, &[]).await {
        Ok(row) => row.try_get(0).map(Some).map_err(HookError::Backend),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_OBJECT) => Ok(None),
        Err(error) => Err(HookError::Backend(error)),
    }
}

/// Holds that nothing leaves this machine: connections are not encrypted.
fn hold_to_this_machine(config: &Config) -> Result<(), StoreError> {
    let near = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    let far_address = config
        .get_hostaddrs()
        .iter()
        .any(|address| !address.is_loopback());
    let encrypted = matches!(config.get_ssl_mode(), SslMode::Require);
    if far_address || encrypted || !config.get_hosts().iter().all(near) {
        return Err(StoreError::Limit(
            "connections to the database are not encrypted: reach it over a socket, over loopback or through a tunnel"
                .to_owned(),
        ));
    }
    Ok(())
}
