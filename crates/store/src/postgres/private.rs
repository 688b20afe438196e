//! A PostgreSQL of one's own, for tests and measurements, from the machine's packages: in a fresh folder, under a user
//! without rights, on a socket in that folder and nowhere else, and gone with it. Never for data that matter.

use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The user that owns nothing, on Debian; PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;
/// Where Debian keeps its programs, a folder a version.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// Who it knows.
const USER: &str = "vardnav";
/// How long it may take to start or to stop.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Settings for measurements: memory and log as for a machine that it has to itself. What it answers is on disk, as by
/// default.
pub const MEASURED: &[&str] = &[
    "synchronous_commit=on",
    "shared_buffers=1GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
];
/// Settings for tests that reach it from another process, which takes none that is volatile.
pub const SERVED: &[&str] = &["shared_buffers=64MB", "max_connections=60"];
/// Settings for tests: what it answers would not survive a power cut, but does survive that its processes are killed. A
/// store takes it with [`Options::volatile`](super::Options::volatile) only.
pub const QUICK: &[&str] = &["fsync=off", "shared_buffers=64MB", "max_connections=60"];

/// A running server. It is stopped, and its folder removed, when this is dropped.
pub struct Private {
    programs: PathBuf,
    place: tempfile::TempDir,
    settings: Vec<String>,
    process: Option<Child>,
}

impl Private {
    /// Starts one with settings (`name=value`); `None` when the machine has no PostgreSQL and need not have one.
    ///
    /// # Errors
    /// When it does not start, and what it said of that is in the error; when the machine has none although the
    /// environment says `VARDNAV_POSTGRES=required`.
    pub fn start(settings: &[&str]) -> io::Result<Option<Self>> {
        let Some(programs) = programs() else {
            return match std::env::var_os("VARDNAV_POSTGRES").is_some_and(|said| said == "required") {
                true => Err(io::Error::other(
                    "this machine has no PostgreSQL: install Debian's package postgresql",
                )),
                false => Ok(None),
            };
        };
        let place = tempfile::Builder::new().prefix("pg").tempdir()?;
        if std::fs::metadata(place.path())?.uid() == 0 {
            chown(place.path(), Some(NOBODY), Some(NOBODY))?;
            std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o700))?;
        }
        let mut private = Self {
            programs,
            place,
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            process: None,
        };
        let user = format!("--username={USER}");
        let made = private
            .command("initdb")?
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                &user,
            ])
            .status()?;
        if !made.success() {
            return Err(private.said("initdb failed"));
        }
        private.begin()?;
        Ok(Some(private))
    }

    /// Folder of its socket.
    pub fn socket(&self) -> &Path {
        self.place.path()
    }

    /// The socket itself.
    pub fn socket_file(&self) -> PathBuf {
        self.place.path().join(".s.PGSQL.5432")
    }

    /// Address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        let socket = self.place.path().display().to_string().replace('/', "%2F");
        format!("postgres://{USER}@{socket}/{database}")
    }

    /// Address of one of its databases by way of something that listens on a port of this machine.
    pub fn url_by(&self, port: u16, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{port}/{database}")
    }

    /// Makes an empty database; gives its address.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn database(&self, name: &str) -> io::Result<String> {
        self.execute("postgres", &format!("CREATE DATABASE \"{name}\""))
            .await?;
        Ok(self.url(name))
    }

    /// Runs statements in a database.
    ///
    /// # Errors
    /// When they fail.
    pub async fn execute(&self, database: &str, statements: &str) -> io::Result<()> {
        let url = self.url(database);
        let (client, link) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .map_err(io::Error::other)?;
        let link = tokio::spawn(link);
        let done = client.batch_execute(statements).await.map_err(io::Error::other);
        drop(client);
        // The connection ends with its client.
        let _ = link.await;
        done
    }

    /// What a statement gives: a line for each row, its columns parted by a bar. For tests that have no runtime.
    ///
    /// # Errors
    /// When it fails.
    pub fn ask(&self, database: &str, statement: &str) -> io::Result<String> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-At", "-d", &self.url(database), "-c", statement]);
        let told = command.stdin(Stdio::null()).stderr(Stdio::piped()).output()?;
        match told.status.success() {
            true => String::from_utf8(told.stdout).map_err(io::Error::other),
            false => Err(io::Error::other(
                String::from_utf8_lossy(&told.stderr).into_owned(),
            )),
        }
    }

    /// All rows of all tables in a database, each in a line as text in which bytes are hexadecimal digits.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn rows(&self, database: &str) -> io::Result<String> {
        let url = self.url(database);
        let (client, link) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .map_err(io::Error::other)?;
        let link = tokio::spawn(link);
        let tables = "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) \
                      FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')";
        let mut all = String::new();
        for table in client.query(tables, &[]).await.map_err(io::Error::other)? {
            let table: String = table.get(0);
            let rows = client
                .query(&format!("SELECT t::text FROM {table} AS t"), &[])
                .await;
            for row in rows.map_err(io::Error::other)? {
                all.push_str(row.get(0));
                all.push('\n');
            }
        }
        drop(client);
        // The connection ends with its client.
        let _ = link.await;
        Ok(all)
    }

    /// Kills the process that the others belong to, without any warning (SIGKILL); the others end soon by themselves.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Starts it again after [`Private::kill`]; waits until it takes connections.
    ///
    /// # Errors
    /// When it does not start.
    pub fn begin(&mut self) -> io::Result<()> {
        let until = Instant::now() + TIME_MAX;
        while Instant::now() < until {
            let mut process = self.spawn()?;
            while Instant::now() < until {
                if process.try_wait()?.is_some() {
                    // Processes of the one before are not gone yet.
                    break;
                }
                if self.is_ready(process.id()) {
                    self.process = Some(process);
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(self.said("it did not start"))
    }

    fn spawn(&self) -> io::Result<Child> {
        let socket = self.place.path();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(socket.join("log"))?;
        let mut command = self.command("postgres")?;
        command.arg("-k").arg(socket).args(["-c", "listen_addresses="]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.stderr(log).spawn()
    }

    /// Whether the process of that number takes connections: it writes so into its own file.
    fn is_ready(&self, process: u32) -> bool {
        let file = self.place.path().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut lines = text.lines();
        let own = lines
            .next()
            .is_some_and(|line| line.trim() == process.to_string());
        own && lines.next_back().is_some_and(|line| line.trim() == "ready")
    }

    /// One of its programs, on its folder and under its user.
    fn command(&self, program: &str) -> io::Result<Command> {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(self.place.path().join("data"));
        command.current_dir(self.place.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if std::fs::metadata(self.place.path())?.uid() == NOBODY {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ok(command)
    }

    /// An error with the end of what it said.
    fn said(&self, what: &str) -> io::Error {
        let log = std::fs::read_to_string(self.place.path().join("log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        io::Error::other(format!("PostgreSQL: {what}: {}", last.join("; ")))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        // The folder is going away with everything in it.
        let stopped = self
            .command("pg_ctl")
            .and_then(|mut command| command.args(["stop", "--mode=immediate", "--silent"]).status());
        if !stopped.is_ok_and(|stopped| stopped.success()) {
            let _ = process.kill();
        }
        let _ = process.wait();
    }
}

/// The folder with the programs of the newest version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).ok()?.filter_map(Result::ok);
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").exists())
        .max_by_key(|path| version(path))?;
    Some(newest.join("bin"))
}
