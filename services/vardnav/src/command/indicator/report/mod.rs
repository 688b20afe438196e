//! `vardnav indicator report`: the yearly report of a publication as one document, HTML or Markdown. What it says is in
//! `contents`, how it is written in `document`; here figures are asked for and files written.

mod chart;
mod contents;
mod document;
mod told;
mod words;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use self::document::Document;
use self::told::Told;
use super::published;
use crate::cli::publication::{DocumentFormat, Report};
use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::output;

/// Runs `indicator report`.
pub(super) async fn run(command: Report, client: &Client) -> Outcome {
    let id = command.publication.unwrap_or_else(|| command.year.to_string());
    let whole = published::get(id, client).await?;
    let publication = &whole.publication;
    if publication.year != command.year {
        return Err(Failure::Usage(format!(
            "publication {} is of {}",
            publication.id, publication.year
        )));
    }
    let mut indicators = Vec::new();
    for known in whole.indicators {
        let id = known.indicator.as_ref().map(|indicator| indicator.id.clone());
        let id = id.unwrap_or_default();
        let (figures, names) = published::all_figures(&publication.id, &id, false, client).await?;
        indicators.push(Told::new(known, figures, names, command.year));
    }
    let document = contents::document(publication, whole.min_count, &indicators, command.purpose);
    match command.format {
        DocumentFormat::Html => written(document.html(), command.out.as_deref()),
        DocumentFormat::Md => markdown(&document, command.out.as_deref()),
    }
}

/// Writes Markdown, and its pictures into a folder beside it.
fn markdown(document: &Document, out: Option<&Path>) -> Outcome {
    let Some(out) = out else {
        output::say("pictures are written beside a file: name one with --out");
        return written(document.markdown("pictures"), None);
    };
    let stem = out.file_stem().map(OsStr::to_string_lossy).unwrap_or_default();
    let folder = format!("{stem}-pictures");
    let beside = out.with_file_name(&folder);
    fs::create_dir_all(&beside)?;
    for (name, picture) in document.pictures() {
        fs::write(beside.join(name), picture)?;
    }
    written(document.markdown(&folder), Some(out))
}

fn written(text: String, out: Option<&Path>) -> Outcome {
    match out {
        Some(path) => {
            fs::write(path, text)?;
            output::say(format_args!("written: {}", path.display()));
            Ok(())
        }
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes())?;
            Ok(out.flush()?)
        }
    }
}
