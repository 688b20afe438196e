//! `vardnav admin store copy`: the store of a folder, a database or a server copied into a folder or a database, and both
//! held against each other. What is copied and when it is refused is decided in `vardnav_store::copy`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use vardnav_register::audit::{About, AuditEntry};
use vardnav_runtime::clock;
use vardnav_store::copy::{Compared, Copied, CopyError, Progress, Verdict, Wish, compare, copy};
use vardnav_store::postgres::{self, Claim, LeaseError, Postgres, PostgresVault};
use vardnav_store::{Digest, Embedded, FileVault, Options, Store, StoreError, StreamId, VaultKeeper, audit};

use super::remote::Remote;
use crate::client::Target;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::{cli, place};

/// Folder of the vault within a node's folder.
const VAULT: &str = "vault";
/// File of its key within that.
const KEY: &str = "key";
/// How long a database that becomes a copy is kept from servers when the copy is broken off.
const CLAIM_TIME: Duration = Duration::from_secs(10);
const COLUMNS: &[&str] = &["stream", "rows", "root", "held_before", "verdict"];

/// One end of a copy.
enum End {
    /// A node's folder.
    Folder(PathBuf),
    /// A database.
    Database(String),
    /// A server, which is asked for what it keeps.
    Server(String),
}

impl End {
    fn of(text: &str) -> Self {
        let begins = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
        if begins(&["postgres://", "postgresql://"]) {
            Self::Database(text.to_owned())
        } else if begins(&["http://", "https://"]) {
            Self::Server(text.to_owned())
        } else {
            Self::Folder(PathBuf::from(text))
        }
    }

    /// What it is called where it is told: without secrets.
    fn name(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::Database(url) => postgres::named(url),
            Self::Server(url) => url.clone(),
        }
    }
}

/// Runs the command.
pub(super) async fn run(command: cli::StoreCopy, target: &Target, format: Format) -> Outcome {
    let (from, to) = (End::of(&command.from), End::of(&command.to));
    let wish = Wish {
        streams: streams(&command.stream)?,
        lanes: command.lanes.into(),
        reread: !command.heads_only,
    };
    let source = source(&from, target).await?;
    let (into, claim) = into(&from, &to).await?;
    let making = make(
        (&from, &*source),
        (&to, &*into),
        &wish,
        command.keys.as_deref(),
        format,
    );
    let Some(claim) = claim else {
        return making.await;
    };
    let outcome = tokio::select! {
        outcome = making => outcome,
        () = claim.lost() => {
            let what = "the database was not renewed as this copy's in time, or another copy took it: copy it again";
            Err(Failure::Failed(what.to_owned()))
        }
    };
    claim.give_back().await;
    outcome
}

/// Copies, holds both against each other, and tells.
async fn make(
    (from, source): (&End, &dyn Store),
    (to, into): (&End, &dyn Store),
    wish: &Wish,
    keys: Option<&Path>,
    format: Format,
) -> Outcome {
    let bar = bar();
    let tell = |progress: Progress| tell(&bar, progress);
    let begun = Instant::now();
    let copied = copy(source, into, wish, &tell).await;
    let took = begun.elapsed();
    if copied.is_ok() && wish.streams.is_empty() {
        persons(from, to, keys).await?;
    }
    let compared = match &copied {
        Ok(_) => compare(source, into, wish, false, &tell).await,
        Err(_) => Ok(Compared::default()),
    };
    bar.finish_and_clear();
    let (copied, compared) = (
        copied.map_err(|error| failed(&error))?,
        compared.map_err(|error| failed(&error))?,
    );
    show(from, to, &copied, &compared, took, format)?;
    let rows_per_second = per(copied.rows, took);
    output::say(format_args!(
        "{} rows ({} bytes) and {} of {} blobs copied in {:.1} s: {rows_per_second} rows/s, {} bytes/s; {} rows read \
         again, {} of them erased",
        copied.rows,
        copied.bytes,
        copied.blobs_new,
        copied.blobs,
        took.as_secs_f64(),
        per(copied.bytes, took),
        copied.reread,
        copied.erased,
    ));
    conclude(&compared)
}

/// Copies the vault, where its key is at hand; says so where it is not.
async fn persons(from: &End, to: &End, keys: Option<&Path>) -> Outcome {
    let key_of = |end: &End| match end {
        End::Folder(folder) => Some(folder.clone()),
        End::Database(_) | End::Server(_) => None,
    };
    let held = keys
        .map(Path::to_owned)
        .or_else(|| key_of(from))
        .or_else(|| key_of(to));
    let (Some(source), Some(target)) = (
        keeper(from, held.as_deref(), true).await?,
        keeper(to, held.as_deref(), false).await?,
    ) else {
        output::say(
            "the vault was not copied: its key (`vault/key`) must lie in a folder of either side, or name one with --keys",
        );
        return Ok(());
    };
    let counts = vardnav_store::copy::vault(&*source, &*target).await;
    let counts = counts.map_err(|error| failed(&error))?;
    output::say(format_args!(
        "the vault of both holds {} numbers and {} statements",
        counts.persons, counts.stated
    ));
    Ok(())
}

/// The vault of an end, if it has one and its key is at hand.
async fn keeper(end: &End, keys: Option<&Path>, is_source: bool) -> Outcome<Option<Arc<dyn VaultKeeper>>> {
    let has_key = |folder: &Path| folder.join(VAULT).join(KEY).is_file();
    let cannot = |error: StoreError| Failure::Failed(format!("the vault cannot be opened: {error}"));
    match end {
        End::Folder(folder) if has_key(folder) => {
            let place = folder.join(VAULT);
            let open = if is_source {
                FileVault::open_existing
            } else {
                FileVault::open
            };
            let opened = tokio::task::spawn_blocking(move || open(&place)).await;
            let vault = opened.map_err(Failure::failed)?.map_err(cannot)?;
            Ok(Some(Arc::new(vault)))
        }
        End::Database(url) => match keys.filter(|keys| has_key(keys)) {
            Some(keys) => {
                let store = Postgres::open(url, postgres::Options::default()).await;
                let store = store.map_err(place::cannot)?;
                let vault = PostgresVault::open_existing(&store, &keys.join(VAULT)).await;
                Ok(Some(Arc::new(vault.map_err(cannot)?)))
            }
            None => Ok(None),
        },
        End::Folder(_) | End::Server(_) => Ok(None),
    }
}

/// Holds two stores against each other. Nothing of either is told but where they differ, and nothing is noted, for a note
/// would be a difference.
pub(super) async fn hold(command: cli::StoreCompare, format: Format) -> Outcome {
    let (from, to) = (End::of(&command.from), End::of(&command.to));
    let wish = Wish {
        streams: streams(&command.stream)?,
        ..Wish::default()
    };
    let (source, target) = (there(&from).await?, there(&to).await?);
    let bar = bar();
    let tell = |progress: Progress| tell(&bar, progress);
    let compared = compare(&*source, &*target, &wish, true, &tell).await;
    bar.finish_and_clear();
    let compared = compared.map_err(|error| failed(&error))?;
    show(&from, &to, &Copied::default(), &compared, Duration::ZERO, format)?;
    conclude(&compared)
}

fn streams(names: &[String]) -> Outcome<Vec<StreamId>> {
    let streams = names.iter().map(|name| StreamId::new(name));
    let streams = streams.collect::<Result<Vec<_>, _>>();
    streams.map_err(|error| Failure::Usage(error.to_string()))
}

fn tell(bar: &ProgressBar, progress: Progress) -> bool {
    bar.set_message(progress.step);
    bar.set_length(progress.total);
    bar.set_position(progress.done);
    true
}

/// A store that is there already, in a folder or a database.
async fn there(end: &End) -> Outcome<Arc<dyn Store>> {
    match end {
        End::Folder(folder) => {
            place::find(folder)?;
            if !place::store_folder(folder).is_dir() {
                return Err(Failure::Usage(format!("{} holds no store", folder.display())));
            }
            folder_store(folder).await
        }
        End::Database(url) => Ok(Arc::new(database(url).await?)),
        End::Server(_) => {
            let what = "a server is copied, not compared: name its folder or its database";
            Err(Failure::Usage(what.to_owned()))
        }
    }
}

/// The store that is copied; that it is, stands in its audit trail.
async fn source(from: &End, target: &Target) -> Outcome<Arc<dyn Store>> {
    if let End::Server(url) = from {
        let target = Target {
            server: url.clone(),
            data: None,
            ..target.clone()
        };
        return Ok(Arc::new(Remote::begin(target.connect().await?).await?));
    }
    let store = there(from).await?;
    let note = AuditEntry::about(
        &target.caller,
        clock::now_micros(),
        "copy-store",
        About::default(),
    );
    let note = note.map_err(|error| Failure::Usage(error.to_string()))?;
    let noted = audit::note(&*store, &[note]).await;
    noted
        .map_err(|error| Failure::Failed(format!("the copy cannot be noted in the audit trail: {error}")))?;
    Ok(store)
}

/// The store that becomes a copy, and what keeps servers from a database meanwhile.
async fn into(from: &End, to: &End) -> Outcome<(Arc<dyn Store>, Option<Claim>)> {
    match to {
        End::Folder(folder) => {
            if folder.is_dir() && !place::store_folder(folder).is_dir() {
                place::find_or_begun(folder)?;
            }
            Ok((folder_store(folder).await?, None))
        }
        End::Database(url) => {
            let store = database(url).await?;
            let claimed = store
                .claim(&format!("a copy of {}", from.name()), CLAIM_TIME)
                .await;
            let claim = claimed.map_err(|error| match error {
                LeaseError::Held => Failure::Refused(format!(
                    "{} is served, or was a moment ago, or another copy is made into it: end its servers, wait some \
                     seconds, and copy then",
                    to.name()
                )),
                LeaseError::Store(error) => cannot_ask(url, &error),
            })?;
            Ok((Arc::new(store), Some(claim)))
        }
        End::Server(_) => {
            let what = "a server takes no copy: name the folder or the database that no server serves yet";
            Err(Failure::Usage(what.to_owned()))
        }
    }
}

async fn folder_store(folder: &Path) -> Outcome<Arc<dyn Store>> {
    let place = place::store_folder(folder);
    let name = folder.display().to_string();
    let opened = tokio::task::spawn_blocking(move || Embedded::open(&place, Options::default())).await;
    match opened.map_err(Failure::failed)? {
        Ok(store) if store.damage().iter().any(|damage| damage.lost) => Err(Failure::Refused(format!(
            "{name} is damaged, and a copy would take the place of a better one: see `vardnav --data {name} admin \
             store check`"
        ))),
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(Failure::Failed(format!(
            "{name} cannot be opened; while a server serves it, the copy is asked of the server (--from \
             http://host:port): {error}"
        ))),
    }
}

async fn database(url: &str) -> Outcome<Postgres> {
    let opened = Postgres::open(url, postgres::Options::default()).await;
    opened.map_err(|error| cannot_ask(url, &error))
}

fn cannot_ask(url: &str, error: &StoreError) -> Failure {
    let what = format!("{}: {error}", postgres::named(url));
    match error {
        StoreError::Limit(_) => Failure::Usage(what),
        StoreError::Unavailable(_) => Failure::Unreachable(what),
        StoreError::Corrupt(_) | StoreError::Conflict { .. } => Failure::Failed(what),
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = "{bar:30} {msg} {human_pos} of {human_len}, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn failed(error: &CopyError) -> Failure {
    let what = error.to_string();
    match error {
        CopyError::NoBeginning(_) | CopyError::Damaged(_) => Failure::Refused(what),
        CopyError::Source(StoreError::Unavailable(_)) | CopyError::Target(StoreError::Unavailable(_)) => {
            Failure::Unreachable(what)
        }
        CopyError::Source(_) | CopyError::Target(_) | CopyError::Stopped => Failure::Failed(what),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "same",
        Verdict::Behind => "behind",
        Verdict::Ahead => "ahead",
        Verdict::Other => "other",
    }
}

/// What holds of both stores together.
fn whole(compared: &Compared) -> Verdict {
    match (compared.is_same(), compared.is_ahead()) {
        _ if compared.differs() => Verdict::Other,
        (true, _) => Verdict::Same,
        (false, true) => Verdict::Ahead,
        (false, false) => Verdict::Behind,
    }
}

fn show(
    from: &End,
    to: &End,
    copied: &Copied,
    compared: &Compared,
    took: Duration,
    format: Format,
) -> Outcome {
    let verdict_of = |stream: &StreamId| {
        let found = compared.streams.iter().find(|(name, _)| name == stream);
        found.map_or(Verdict::Same, |(_, verdict)| *verdict)
    };
    let mut streams: Vec<Value> = Vec::new();
    for of in &copied.streams {
        streams.push(json!({
            "stream": of.stream.to_string(),
            "rows": of.head.size,
            "root": Digest(of.head.root).to_string(),
            "held_before": of.held,
            "verdict": word(verdict_of(&of.stream)),
        }));
    }
    let unknown = compared.streams.iter();
    let unknown = unknown.filter(|(name, _)| !copied.streams.iter().any(|of| of.stream == *name));
    for (stream, verdict) in unknown {
        streams.push(json!({"stream": stream.to_string(), "verdict": word(*verdict)}));
    }
    if matches!(format, Format::Table | Format::Csv) {
        return output::rows(format, COLUMNS, &streams);
    }
    let blobs = compared.blobs.iter();
    let projections = compared.projections.iter();
    let told = json!({
        "from": from.name(),
        "to": to.name(),
        "verdict": word(whole(compared)),
        "rows": copied.rows,
        "bytes": copied.bytes,
        "rows_reread": copied.reread,
        "rows_erased": copied.erased,
        "rows_behind": compared.rows_behind,
        "rows_kept": compared.rows_kept,
        "blobs": copied.blobs,
        "blobs_new": copied.blobs_new,
        "blob_bytes": copied.blob_bytes,
        "seconds": took.as_secs_f64(),
        "rows_per_second": u64::try_from(per(copied.rows, took)).unwrap_or(u64::MAX),
        "bytes_per_second": u64::try_from(per(copied.bytes, took)).unwrap_or(u64::MAX),
        "streams": streams,
        "blobs_other": blobs
            .map(|(digest, verdict)| json!({"digest": digest.to_string(), "verdict": word(*verdict)}))
            .collect::<Vec<_>>(),
        "projections": projections
            .map(|of| json!({"projection": of.name, "rows": of.rows, "verdict": word(of.verdict)}))
            .collect::<Vec<_>>(),
    });
    output::one(format, &told)
}

/// So many in a second, as a whole number.
fn per(count: u64, took: Duration) -> u128 {
    (u128::from(count) * 1_000_000)
        .checked_div(took.as_micros())
        .unwrap_or_default()
}

fn conclude(compared: &Compared) -> Outcome {
    for of in compared
        .projections
        .iter()
        .filter(|of| of.verdict != Verdict::Same)
    {
        let what = match of.verdict {
            Verdict::Other => "has other rows at the same place",
            _ => "has not been followed to the same place",
        };
        output::say(format_args!("projection {} {what}", of.name));
    }
    let said = match whole(compared) {
        Verdict::Same => {
            output::say("both hold the same");
            return Ok(());
        }
        Verdict::Behind if compared.rows_kept > 0 => format!(
            "the target holds the content of {} rows that was erased in the source meanwhile: copy it again",
            compared.rows_kept
        ),
        Verdict::Behind => format!(
            "the source has {} rows more by now: copy it again, the last time while no server serves it",
            compared.rows_behind
        ),
        Verdict::Ahead => "the target has gone on by itself: it is no copy any more".to_owned(),
        Verdict::Other => "both do not hold the same: see what is told as `other`".to_owned(),
    };
    Err(Failure::Findings(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_what_it_looks_like_and_tells_no_password() {
        assert!(matches!(End::of("/var/lib/vardnav"), End::Folder(_)));
        assert!(matches!(End::of("data"), End::Folder(_)));
        assert!(matches!(End::of("http://127.0.0.1:50051"), End::Server(_)));
        let database = End::of("postgres://one:secret@localhost/name");
        assert!(matches!(database, End::Database(_)));
        assert!(!database.name().contains("secret"));
    }

    #[test]
    fn what_is_behind_is_no_difference() {
        let mut compared = Compared::default();
        assert_eq!(whole(&compared), Verdict::Same);
        compared.streams.push((StreamId::audit(), Verdict::Behind));
        assert_eq!(whole(&compared), Verdict::Behind);
        compared.blobs.push((Digest([0; 32]), Verdict::Other));
        assert_eq!(whole(&compared), Verdict::Other);
    }
}
