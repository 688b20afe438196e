//! Connections to the database: so many and no more, each with the settings that the store's promises need, each
//! question with a limit of time. What is asked stands beside whoever asks it.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio::runtime::Handle;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, named};
use super::failed::Failed;
use super::single::reach;
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
    config: Config,
    encryption: Option<MakeRustlsConnect>,
    volatile: bool,
    answer_max: Duration,
    /// Where the database is, as it may be told.
    place: String,
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
    /// `Limit` when it is no address of a database, or one beyond this machine to which connections are not encrypted.
    pub(super) fn new(url: &str, options: &Options) -> Result<Self, StoreError> {
        let Address {
            mut config,
            encryption,
        } = Address::read(url)?;
        config
            .connect_timeout(CONNECT_MAX)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .tcp_user_timeout(options.statement_max + GRACE);
        if config.get_application_name().is_none() {
            config.application_name("vardnav");
        }
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match encryption.clone() {
            Some(encryption) => Manager::from_config(config.clone(), encryption, recycling),
            None => Manager::from_config(config.clone(), NoTls, recycling),
        };
        let settings = settings(options.statement_max);
        let volatile = options.volatile;
        let pool = Pool::builder(manager)
            .max_size(options.connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_MAX))
            .create_timeout(Some(CONNECT_MAX + GRACE))
            .post_create(Hook::async_fn(move |client, _| {
                let settings = settings.clone();
                Box::pin(async move { prepare(client, &settings, volatile).await })
            }))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            pool,
            config,
            encryption,
            volatile,
            answer_max: options.statement_max + GRACE,
            place: named(url),
        })
    }

    /// A connection of the pool.
    async fn pooled(&self) -> Result<Object, Failed> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => Failed::unreached(&error, &self.place),
            other => other.into(),
        })
    }

    /// A connection, as soon as there is one.
    pub(super) async fn lend(&self) -> Result<Lent, Failed> {
        Ok(Lent {
            object: Some(self.pooled().await?),
            answer_max: self.answer_max,
        })
    }

    /// A connection that is none of those which are lent, as good as they are; whatever is asked on it takes no longer than
    /// `statement_max`.
    pub(super) async fn apart(&self, statement_max: Duration) -> Result<Client, Failed> {
        let mut config = self.config.clone();
        config
            .connect_timeout(statement_max)
            .tcp_user_timeout(statement_max);
        let reached = reach(&config, self.encryption.as_ref()).await;
        let client = reached.map_err(|error| Failed::unreached(&error, &self.place))?;
        let prepared = prepare(&client, &settings(statement_max), self.volatile).await;
        prepared.map_err(PoolError::PostCreateHook)?;
        Ok(client)
    }

    /// A connection outside the others that runs one statement for as long as it takes, and ends with it.
    pub(super) async fn run_long(&self, statement: &str) -> Result<(), Failed> {
        let client: ClientWrapper = Object::take(self.pooled().await?);
        client.batch_execute("SET statement_timeout = 0").await?;
        Ok(client.batch_execute(statement).await?)
    }

    /// A connection of its own for work in several statements.
    pub(super) async fn own(&self) -> Result<Object, Failed> {
        self.pooled().await
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
        let mut asking = Asking {
            object: self.object.take(),
            answer_max: self.answer_max,
        };
        let object = asking.object.as_ref().ok_or_else(gone)?;
        let asked = async {
            let prepared = object.prepare_cached(statement).await?;
            object.query(&prepared, with).await
        };
        match tokio::time::timeout(self.answer_max, asked).await {
            Ok(answer) => {
                self.object = asking.object.take();
                Ok(answer?)
            }
            Err(_) => {
                // Whoever had it next would wait behind what hangs.
                drop(asking.object.take().map(Object::take));
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

/// A connection on which something is asked. When whoever asked goes away meanwhile, the connection goes back to the others
/// once the database is done with that, so that nobody waits behind it and no further connection takes its place.
struct Asking {
    object: Option<Object>,
    answer_max: Duration,
}

impl Drop for Asking {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let Ok(runtime) = Handle::try_current() else {
            drop(Object::take(object));
            return;
        };
        let answer_max = self.answer_max;
        runtime.spawn(async move {
            // The database answers in turn.
            let done = tokio::time::timeout(answer_max, object.batch_execute("SELECT 1")).await;
            if !matches!(done, Ok(Ok(()))) {
                drop(Object::take(object));
            }
        });
    }
}

/// Makes a fresh connection what each must be.
async fn prepare(client: &Client, settings: &str, volatile: bool) -> Result<(), HookError> {
    let set = client.batch_execute(settings).await;
    set.map_err(HookError::Backend)?;
    for setting in PLANNING {
        match client.batch_execute(setting).await {
            Err(error) if error.as_db_error().is_none() => return Err(HookError::Backend(error)),
            Err(error) => tracing::debug!(%error, setting, "not set"),
            Ok(()) => {}
        }
    }
    hold_to_durable(client, volatile).await
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

/// Settings without which what was acknowledged does not outlive a power cut, and what is lost without them.
const DURABLE: [(&str, &str, &str); 2] = [
    (
        "SHOW fsync",
        "fsync",
        "the database puts nothing on disk before it answers, and a power cut would take what was acknowledged",
    ),
    (
        "SHOW full_page_writes",
        "full_page_writes",
        "the database cannot mend pages of which a power cut left a half, and what was acknowledged would be lost with them",
    ),
];

/// Holds that what is answered is on disk, and wherever else the database keeps it.
async fn hold_to_durable(client: &Client, volatile: bool) -> Result<(), HookError> {
    for (show, name, lost) in DURABLE {
        if !volatile && setting(client, show).await?.as_deref() == Some("off") {
            return Err(HookError::message(format!(
                "{lost}: set {name} = on in its configuration"
            )));
        }
    }
    match setting(client, "SHOW synchronous_commit").await?.as_deref() {
        // An answer would come before anything is on disk, or before a standby has it that takes over.
        Some("off" | "local") => client
            .batch_execute("SET synchronous_commit = on")
            .await
            .map_err(HookError::Backend),
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
