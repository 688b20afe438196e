//! A PostgreSQL of the benchmark's own, from the machine's packages: in a fresh folder, under a user without rights, on
//! a socket in that folder, and gone with it.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tokio_postgres::{Client, Config, NoTls, Statement};

use super::SENDERS;
use super::bare::BareRow;
use crate::exit::{Failure, Outcome};

/// The user that owns nothing, on Debian; PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;
/// Where Debian keeps its programs, a folder a version.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// What differs from the settings it comes with: memory and log as for a machine that it has to itself. What it answers
/// is on disk, as by default.
const SETTINGS: [&str; 5] = [
    "listen_addresses=",
    "synchronous_commit=on",
    "shared_buffers=1GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
];

/// A running server.
pub(super) struct Postgres {
    programs: PathBuf,
    place: tempfile::TempDir,
    connections: Vec<Connection>,
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
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let place = tempfile::tempdir()?;
        if std::fs::metadata(place.path())?.uid() == 0 {
            chown(place.path(), Some(NOBODY), Some(NOBODY))?;
            std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o700))?;
        }
        let mut postgres = Self {
            programs,
            place,
            connections: Vec::new(),
        };
        postgres.run(
            "initdb",
            &[
                "--auth=trust",
                "--username=bench",
                "--encoding=UTF8",
                "--locale=C",
            ],
        )?;
        let socket = postgres.place.path().display();
        let settings = SETTINGS.map(|setting| format!(" -c {setting}")).concat();
        postgres.run(
            "pg_ctl",
            &[
                "start",
                "--wait",
                "--silent",
                "--log",
                &format!("{socket}/log"),
                "--options",
                &format!("-k {socket}{settings}"),
            ],
        )?;
        for number in 0..SENDERS {
            let connection = postgres.connect(number == 0).await?;
            postgres.connections.push(connection);
        }
        Ok(Some(postgres))
    }

    /// A connection for every sender.
    pub(super) fn connections(&self) -> impl Iterator<Item = Connection> {
        self.connections.iter().cloned()
    }

    async fn connect(&self, first: bool) -> Outcome<Connection> {
        let mut config = Config::new();
        config
            .host_path(self.place.path())
            .user("bench")
            .dbname("postgres");
        let (client, link) = config.connect(NoTls).await.map_err(Failure::failed)?;
        tokio::spawn(link);
        if first {
            let table = "CREATE TABLE bare (key bytea PRIMARY KEY, value bytea NOT NULL)";
            client.batch_execute(table).await.map_err(Failure::failed)?;
        }
        let insert = "INSERT INTO bare SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING";
        let insert = client.prepare(insert).await.map_err(Failure::failed)?;
        Ok(Connection {
            client: Arc::new(client),
            insert,
        })
    }

    /// Runs one of its programs on the folder.
    fn run(&self, program: &str, arguments: &[&str]) -> Outcome {
        let data = self.place.path().join("data");
        let mut command = Command::new(self.programs.join(program));
        command
            .args(arguments)
            .arg("-D")
            .arg(&data)
            .current_dir(self.place.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if std::fs::metadata(self.place.path())?.uid() == NOBODY {
            command.uid(NOBODY).gid(NOBODY);
        }
        match command.status()?.success() {
            true => Ok(()),
            false => Err(Failure::Failed(format!("PostgreSQL's {program} failed"))),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The folder is going away with everything in it.
        let _ = self.run("pg_ctl", &["stop", "--mode=immediate", "--silent"]);
    }
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

/// The folder with the programs of the newest version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).ok()?.filter_map(Result::ok);
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|entry| entry.path())
        .max_by_key(|path| version(path))?;
    let programs = newest.join("bin");
    programs.join("initdb").exists().then_some(programs)
}
