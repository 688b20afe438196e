//! `vardnav admin backup` and `restore`: a copy of a node taken while it is in use, and made a node's folder again.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_api::vardnav::admin::v1::back_up_store_response::Given;
use vardnav_store::backup::{self, Manifest, RestoreError, Taking};

use crate::client::Target;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Takes a copy into `folder`, and, in place alone, the secret keys into `keys`.
pub(crate) async fn take(folder: &Path, keys: Option<&Path>, target: &Target, format: Format) -> Outcome {
    if keys.is_some() && target.data.is_none() {
        let what = "a server gives its secret keys to nobody: take them on its own machine with `--data`, while no server holds that folder";
        return Err(Failure::Usage(what.to_owned()));
    }
    let client = target.connect().await?;
    let begin = |folder: &Path| {
        Taking::begin(folder).map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))
    };
    let mut taking = begin(folder)?;
    let held = taking.held();
    let earlier: u64 = held.iter().map(|file| file.length).sum();
    let request = pb::BackUpStoreRequest {
        held: held
            .into_iter()
            .map(|file| pb::BackupFile {
                path: file.path,
                length: file.length,
                sha256: file.digest.0.to_vec().into(),
            })
            .collect(),
        keys: false,
    };
    let mut given = client.admin().back_up_store(request).await?.into_inner();
    let bar = ProgressBar::new(0);
    let style = "{bar:30} {bytes} of {total_bytes} of the log";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut manifest = None;
    while let Some(message) = given.message().await? {
        match message.given {
            Some(Given::Chunk(chunk)) => taking.take(&chunk.path, chunk.offset, &chunk.data)?,
            Some(Given::Progress(progress)) => {
                bar.set_length(progress.total);
                bar.set_position(progress.done);
            }
            Some(Given::Manifest(text)) => manifest = Some(text),
            None => {}
        }
    }
    bar.finish_and_clear();
    let text = manifest.ok_or_else(|| Failure::Failed("the copy ended before its manifest".to_owned()))?;
    let text = String::from_utf8(text.to_vec()).map_err(Failure::failed)?;
    let taken = taking.bytes();
    let manifest = taking.finish(&text)?;
    match (keys, client.node()) {
        (Some(keys), Some(node)) => {
            let taken = node.admin.take_secrets(&target.caller, keys).await;
            taken.map_err(|error| Failure::Failed(error.to_string()))?;
        }
        _ => output::say(
            "the secret keys are not in the copy: keep `vault/key` and `keys/head-key` elsewhere, or take them in place with `--data DIR` and `--keys`",
        ),
    }
    show(
        &manifest,
        json!({"bytes_new": taken, "bytes_earlier": earlier}),
        format,
    )
}

/// Makes a copy the folder of a node.
pub(crate) async fn restore(
    folder: &Path,
    keys: Option<PathBuf>,
    data: Option<&Path>,
    format: Format,
) -> Outcome {
    let data = data
        .ok_or_else(|| Failure::Usage("name the node's folder that is to be made with --data".to_owned()))?;
    let (from, to) = (folder.to_owned(), data.to_owned());
    let restored = tokio::task::spawn_blocking(move || backup::restore(&from, &to, keys.as_deref()));
    let restored = restored
        .await
        .map_err(Failure::failed)?
        .map_err(|error| match error {
            RestoreError::Taken(_) => Failure::Usage(error.to_string()),
            RestoreError::Io(_) | RestoreError::Store(_) => Failure::failed(error),
            RestoreError::Manifest(_) | RestoreError::File(_) | RestoreError::Heads(_) => {
                Failure::Refused(error.to_string())
            }
        })?;
    for key in &restored.keys_missing {
        output::say(format_args!(
            "put `{key}` into {} from where it is kept before the node is served",
            data.display()
        ));
    }
    show(
        &restored.manifest,
        json!({"keys_missing": restored.keys_missing}),
        format,
    )
}

/// What a copy consists of.
fn show(manifest: &Manifest, more: serde_json::Value, format: Format) -> Outcome {
    let rows: u64 = manifest.heads.iter().map(|(_, head)| head.size).sum();
    let mut told = json!({
        "taken": jiff::Timestamp::from_microsecond(manifest.taken).ok().map(|taken| taken.to_string()),
        "streams": manifest.heads.len(),
        "rows": rows,
        "log_bytes": manifest.end,
        "files": manifest.files.len(),
    });
    if let (Some(told), serde_json::Value::Object(more)) = (told.as_object_mut(), more) {
        told.extend(more);
    }
    output::one(format, &told)
}
