//! `vardnav heads`: national heads listed, kept as a plain file that anyone can publish, and held against what a server
//! tells later. A mirror believes nothing twice: every head must be signed by the key it knows and stand on all before
//! it, and every stream must begin as it did.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vardnav_api::heads::{national, stream_head};
use vardnav_api::register::hash;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::heads_file::{read_heads, read_streams, write_head, write_streams};
use vardnav_interchange::register::receipt_file::PublicKey;
use vardnav_register::national::{Chain, NationalHead, StreamHeads, check_growth, check_streams};
use vardnav_store::keys;

use crate::cli;
use crate::client::{Client, Target};
use crate::command::hex;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// File of the heads within a mirror.
const HEADS_FILE: &str = "heads.ndjson";
/// File of the heads of streams under the last national head whose streams were verified.
const STREAMS_FILE: &str = "streams.json";
/// File of the public key.
const KEY_FILE: &str = "key.txt";
/// File of what a server told that does not fit what is kept.
const CONFLICT_FILE: &str = "conflict.ndjson";
/// Heads asked for at a time.
const PAGE: i32 = 1000;

/// Runs the command.
pub(crate) async fn run(command: cli::Heads, target: &Target, format: Format) -> Outcome {
    match command {
        cli::Heads::List { from } => list(from, &target.connect().await?, format).await,
        cli::Heads::Mirror { dir, key } => {
            mirror(&dir, key.as_deref(), &target.connect().await?, format).await
        }
        cli::Heads::Check { dir, key } => {
            let kept = Mirror::open(&dir, key.as_deref())?;
            output::one(format, &kept.summary(0))
        }
    }
}

async fn list(from: u64, client: &Client, format: Format) -> Outcome {
    let mut rows = Vec::new();
    let mut next = from;
    loop {
        let (heads, _, _) = heads(client, next).await?;
        let Some(last) = heads.last() else { break };
        next = last.number + 1;
        rows.extend(heads.iter().map(head_row));
    }
    output::rows(format, &["number", "time", "streams", "root", "history"], &rows)
}

fn head_row(head: &NationalHead) -> Value {
    json!({
        "number": head.number,
        "time": jiff::Timestamp::from_microsecond(head.time).map(|instant| instant.to_string()).ok(),
        "streams": head.streams,
        "root": hex(&head.root),
        "history": hex(&head.history),
        "key": head.key_id,
        "signature": hex(&head.signature),
    })
}

/// National heads from a number on, how many there are, and the key that the server names.
async fn heads(client: &Client, from: u64) -> Outcome<(Vec<NationalHead>, u64, PublicKey)> {
    let request = pb::ListHeadsRequest {
        from_number: from,
        page_size: PAGE,
    };
    let answer = client.heads().list_heads(request).await?.into_inner();
    let heads = answer.heads.iter().map(national);
    let heads: Result<Vec<_>, _> = heads.collect();
    let key = hash(&answer.public_key, "public_key").map_err(Failure::failed)?;
    Ok((heads.map_err(Failure::failed)?, answer.count, PublicKey(key)))
}

/// A kept copy that was found to stand on itself.
struct Mirror {
    dir: PathBuf,
    key: Option<PublicKey>,
    chain: Chain,
    /// The streams under the last national head whose streams were verified, and its number.
    streams: Option<(u64, StreamHeads)>,
}

impl Mirror {
    /// Reads a copy and holds it against itself and the key.
    fn open(dir: &Path, key: Option<&Path>) -> Outcome<Self> {
        let refused = |what: &Path, error: &dyn std::fmt::Display| {
            Failure::Findings(format!("{}: {error}", what.display()))
        };
        let read = |path: &Path| match std::fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::Usage(format!(
                "{} cannot be read: {error}",
                path.display()
            ))),
        };
        let kept_key = dir.join(KEY_FILE);
        let key_path = key.unwrap_or(&kept_key);
        let key = match read(key_path)? {
            Some(bytes) => Some(PublicKey::read(&bytes).map_err(|error| refused(key_path, &error))?),
            None if key.is_some() => {
                return Err(Failure::Usage(format!("{} is missing", key_path.display())));
            }
            None => None,
        };
        let path = dir.join(HEADS_FILE);
        let kept = read(&path)?.unwrap_or_default();
        let kept = read_heads(&kept).map_err(|error| refused(&path, &error))?;
        let mut mirror = Self {
            dir: dir.to_owned(),
            key,
            chain: Chain::new(),
            streams: None,
        };
        let mut marked = None;
        let path_of_streams = dir.join(STREAMS_FILE);
        if let Some(bytes) = read(&path_of_streams)? {
            marked = Some(read_streams(&bytes).map_err(|error| refused(&path_of_streams, &error))?);
        }
        for head in &kept {
            mirror.push(head).map_err(|error| refused(&path, &error))?;
            if let Some((number, streams)) = &marked
                && *number == head.number
            {
                check_streams(head, streams).map_err(|error| refused(&path_of_streams, &error))?;
            }
        }
        if let Some((number, _)) = &marked
            && *number >= mirror.chain.length()
        {
            return Err(refused(&path, &"heads were kept once that are gone now"));
        }
        mirror.streams = marked;
        Ok(mirror)
    }

    fn push(&mut self, head: &NationalHead) -> Result<(), vardnav_register::national::NationalError> {
        let key = self.key;
        self.chain.push(head, |key_id, message, signature| {
            key.is_some_and(|key| key.id() == key_id && keys::verify(&key.0, message, signature))
        })
    }

    fn summary(&self, new: u64) -> Value {
        json!({
            "heads": self.chain.length(),
            "new": new,
            "root": hex(&self.chain.root()),
            "key": self.key.map(|key| key.id()),
            "streams": self.streams.as_ref().map(|(_, streams)| streams.len()),
            "last": self.chain.last().map(head_row),
        })
    }

    /// Keeps heads behind those that are kept.
    fn keep(&self, heads: &[NationalHead]) -> Outcome {
        let lines: String = heads.iter().map(write_head).collect();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.join(HEADS_FILE))?;
        file.write_all(lines.as_bytes())?;
        Ok(file.sync_all()?)
    }

    /// Keeps what does not fit, and says so.
    fn conflict(&self, told: &[NationalHead], error: &dyn std::fmt::Display) -> Failure {
        let lines: String = told.iter().map(write_head).collect();
        let place = self.dir.join(CONFLICT_FILE);
        let kept = match std::fs::write(&place, lines) {
            Ok(()) => format!("what the server tells is kept in {}", place.display()),
            Err(error) => format!("what the server tells cannot be kept: {error}"),
        };
        Failure::Findings(format!(
            "HISTORY WAS REWRITTEN, or another register answers: {error}; {kept}; nothing else was changed"
        ))
    }
}

async fn mirror(dir: &Path, key: Option<&Path>, client: &Client, format: Format) -> Outcome {
    std::fs::create_dir_all(dir)?;
    let mut mirror = Mirror::open(dir, key)?;
    // The last head kept is asked for again: it must be what it was.
    let mut from = mirror.chain.length().saturating_sub(1);
    let mut new = 0;
    loop {
        let (told, count, public) = heads(client, from).await?;
        match mirror.key {
            None => {
                std::fs::write(dir.join(KEY_FILE), public.write())?;
                mirror.key = Some(public);
            }
            Some(known) if known != public => {
                let error = format!("the server names the key {}, not {}", public.id(), known.id());
                return Err(mirror.conflict(&told, &error));
            }
            Some(_) => {}
        }
        if count < mirror.chain.length() {
            let error = format!(
                "the server tells of {count} heads, {} are kept",
                mirror.chain.length()
            );
            return Err(mirror.conflict(&told, &error));
        }
        let mut fresh = Vec::new();
        for head in &told {
            if head.number + 1 == mirror.chain.length() {
                if mirror.chain.last() != Some(head) {
                    let error = format!("national head {} is another than is kept", head.number);
                    return Err(mirror.conflict(&told, &error));
                }
                continue;
            }
            if let Err(error) = mirror.push(head) {
                return Err(mirror.conflict(&told, &error));
            }
            fresh.push(head.clone());
        }
        mirror.keep(&fresh)?;
        new += fresh.len() as u64;
        from = mirror.chain.length();
        if fresh.is_empty() || from >= count {
            break;
        }
    }
    follow_streams(&mut mirror, client).await?;
    output::one(format, &mirror.summary(new))
}

/// Holds the streams under the last head against those under the head before which they were verified last.
async fn follow_streams(mirror: &mut Mirror, client: &Client) -> Outcome {
    let Some(last) = mirror.chain.last().cloned() else {
        return Ok(());
    };
    if mirror
        .streams
        .as_ref()
        .is_some_and(|(number, _)| *number == last.number)
    {
        return Ok(());
    }
    let request = pb::ListStreamHeadsRequest { number: last.number };
    let answer = client.heads().list_stream_heads(request).await?.into_inner();
    let mut streams = StreamHeads::new();
    for message in &answer.streams {
        streams.insert(
            message.stream.clone(),
            stream_head(message).map_err(Failure::failed)?,
        );
    }
    let told = std::slice::from_ref(&last);
    if let Err(error) = check_streams(&last, &streams) {
        return Err(mirror.conflict(told, &error));
    }
    for (name, older) in mirror.streams.iter().flat_map(|(_, streams)| streams) {
        let newer = streams.get(name);
        if newer == Some(older) {
            continue;
        }
        let mut hashes = Vec::new();
        if let Some(newer) = newer.filter(|newer| newer.size >= older.size) {
            let request = pb::GetGrowthRequest {
                stream: name.clone(),
                from_size: older.size,
                to_size: newer.size,
            };
            let answer = client.heads().get_growth(request).await?.into_inner();
            for bytes in &answer.hashes {
                hashes.push(hash(bytes, "hashes").map_err(Failure::failed)?);
            }
        }
        if let Err(error) = check_growth(name, older, newer, hashes) {
            return Err(mirror.conflict(told, &error));
        }
    }
    let text = write_streams(last.number, &streams);
    let place = mirror.dir.join(STREAMS_FILE);
    let new = place.with_extension("json.new");
    std::fs::write(&new, text)?;
    std::fs::rename(&new, &place)?;
    mirror.streams = Some((last.number, streams));
    Ok(())
}

/// The national heads of a mirror that stands on itself, by number.
pub(crate) fn kept(dir: &Path, key: &PublicKey) -> Outcome<Vec<NationalHead>> {
    let path = dir.join(HEADS_FILE);
    let bytes = std::fs::read(&path)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))?;
    let refused = |error: &dyn std::fmt::Display| Failure::Findings(format!("{}: {error}", path.display()));
    let heads = read_heads(&bytes).map_err(|error| refused(&error))?;
    let mut chain = Chain::new();
    for head in &heads {
        chain
            .push(head, |key_id, message, signature| {
                key.id() == key_id && keys::verify(&key.0, message, signature)
            })
            .map_err(|error| refused(&error))?;
    }
    Ok(heads)
}
