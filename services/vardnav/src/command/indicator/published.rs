//! `vardnav indicator publish`, `publications` and `publication`: figures as they were published.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::r#type::v1::Label;

use super::{Told, shown, write};
use crate::cli::publication::{Publish, Published};
use crate::client::Client;
use crate::command::{date_text, hex};
use crate::exit::Outcome;
use crate::output::{self, Format};

/// Figures asked for at a time.
const PAGE: i32 = 10_000;

const COLUMNS: [&str; 9] = [
    "id",
    "date",
    "state",
    "title",
    "release",
    "rows",
    "revised",
    "revises",
    "revised_by",
];

/// A publication with the indicators in it.
pub(super) struct Whole {
    pub(super) publication: pb::Publication,
    pub(super) min_count: u32,
    pub(super) indicators: Vec<pb::PublishedIndicator>,
}

/// Runs `indicator publish`.
pub(super) async fn publish(command: Publish, client: &Client, format: Format) -> Outcome {
    let request = pb::PublishIndicatorsRequest {
        year: command.year,
        title: Some(Label {
            sv: command.title,
            en: command.title_en,
        }),
        state: if command.is_final { "final" } else { "preliminary" }.to_owned(),
        revises: command.revises.unwrap_or_default(),
        note: command.note.unwrap_or_default(),
        validate_only: command.dry_run,
    };
    let answer = client
        .publications()
        .publish_indicators(request)
        .await?
        .into_inner();
    let publication = answer.publication.unwrap_or_default();
    let mut row = row(&publication);
    if let Some(fields) = row.as_object_mut() {
        fields.insert("changed".into(), json!(answer.changed));
        fields.insert("figures_changed".into(), json!(answer.figures_changed));
        fields.insert("figures_added".into(), json!(answer.figures_added));
        fields.insert("figures_gone".into(), json!(answer.figures_gone));
    }
    output::one(format, &row)?;
    match (answer.changed, command.dry_run) {
        (true, true) => output::say("good; nothing was kept"),
        (true, false) => {}
        (false, _) => output::say("this holds already; nothing changed"),
    }
    Ok(())
}

/// Runs `indicator publications`.
pub(super) async fn list(year: i32, client: &Client, format: Format) -> Outcome {
    let mut request = pb::ListPublicationsRequest {
        year,
        page_size: 1000,
        page_token: String::new(),
    };
    let mut rows = Vec::new();
    loop {
        let page = client.publications().list_publications(request.clone()).await?;
        let page = page.into_inner();
        rows.extend(page.publications.iter().map(row));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return output::rows(format, &COLUMNS, &rows);
        }
    }
}

/// Runs `indicator publication`.
pub(super) async fn show(command: Published, client: &Client, format: Format) -> Outcome {
    if let Some(to) = &command.content {
        return content(command.id, to, client).await;
    }
    let whole = get(command.id, client).await?;
    let Some(id) = &command.indicator else {
        return about(&whole, format);
    };
    let language = shown::language(command.language);
    let (told, indicator) = figures(&whole, id, command.revised, client).await?;
    match (command.format, format) {
        (Some(as_file), _) => write(&shown::figures(&told, &indicator), as_file, language, command.to),
        (None, Format::Table) => shown::table(&told, language),
        (None, _) => {
            let rows: Vec<Value> = told
                .rows
                .iter()
                .map(|row| shown::figure(row, &told, language))
                .collect();
            output::rows(format, shown::COLUMNS, &rows)
        }
    }
}

/// A publication with what is told of its indicators.
pub(super) async fn get(id: String, client: &Client) -> Outcome<Whole> {
    let request = pb::GetPublicationRequest { id };
    let answer = client.publications().get_publication(request).await?.into_inner();
    Ok(Whole {
        publication: answer.publication.unwrap_or_default(),
        min_count: answer.min_count,
        indicators: answer.indicators,
    })
}

/// All figures of an indicator, with their names.
pub(super) async fn all_figures(
    publication: &str,
    indicator: &str,
    revised_only: bool,
    client: &Client,
) -> Outcome<(Vec<pb::PublishedFigure>, Vec<pb::query_indicator_response::Name>)> {
    let mut request = pb::ListPublishedFiguresRequest {
        publication: publication.to_owned(),
        indicator: indicator.to_owned(),
        revised_only,
        page_size: PAGE,
        page_token: String::new(),
    };
    let (mut figures, mut names) = (Vec::new(), Vec::new());
    loop {
        let page = client
            .publications()
            .list_published_figures(request.clone())
            .await?
            .into_inner();
        figures.extend(page.figures);
        names.extend(page.names);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok((figures, names));
        }
    }
}

/// Figures of an indicator as an answer to a question has them. A value of a breakdown stands with the breakdown's id,
/// since different ones may have the same codes.
async fn figures(
    whole: &Whole,
    id: &str,
    revised_only: bool,
    client: &Client,
) -> Outcome<(Told, pb::Indicator)> {
    let publication = &whole.publication;
    let (figures, names) = all_figures(&publication.id, id, revised_only, client).await?;
    let published = whole.indicators.iter().find(|published| {
        let indicator = published.indicator.as_ref();
        indicator.is_some_and(|indicator| indicator.id == id)
    });
    let published = published.cloned().unwrap_or_default();
    let indicator = published.indicator.unwrap_or_default();
    let qualified = |of: &str, code: &str| format!("{of}:{code}");
    let rows = figures.into_iter().map(|figure| {
        let mut row = figure.row.unwrap_or_default();
        if !figure.breakdown.is_empty() {
            row.group = qualified(&figure.breakdown, &row.group);
        }
        row
    });
    let rows: Vec<_> = rows.collect();
    let is_breakdown = |of: &str| !matches!(of, "variant" | "place" | "sex" | "age_group" | "mark");
    let names = names.into_iter().map(|mut name| {
        if is_breakdown(&name.of) {
            name.code = qualified(&name.of, &name.code);
            name.of = "group".to_owned();
        }
        name
    });
    let answer = pb::QueryIndicatorResponse {
        indicator: id.to_owned(),
        release: publication.release.clone(),
        derivation: publication.derivation.clone(),
        completeness: published.note,
        unit: indicator.unit.clone(),
        method: indicator.interval.clone(),
        method_version: indicator.method_version.clone(),
        min_count: whole.min_count,
        names: names.collect(),
        ..pb::QueryIndicatorResponse::default()
    };
    Ok((Told { answer, rows }, indicator))
}

fn about(whole: &Whole, format: Format) -> Outcome {
    let mut publication = row(&whole.publication);
    let indicators: Vec<Value> = whole
        .indicators
        .iter()
        .map(|published| {
            let indicator = published.indicator.clone().unwrap_or_default();
            json!({
                "id": indicator.id,
                "name": indicator.label.map(|label| label.sv),
                "rows": published.rows,
                "revised": published.revised,
                "note": published.note.as_ref().map(|note| note.sv.clone()),
            })
        })
        .collect();
    match format {
        Format::Table => {
            output::one(format, &publication)?;
            output::rows(format, &["id", "name", "rows", "revised"], &indicators)
        }
        _ => {
            if let Some(fields) = publication.as_object_mut() {
                fields.insert("in_it".into(), json!(indicators));
            }
            output::one(format, &publication)
        }
    }
}

/// Writes the bytes of a publication to a file.
async fn content(id: String, to: &Path, client: &Client) -> Outcome {
    let request = pb::DownloadPublicationRequest { id };
    let answer = client.publications().download_publication(request).await?;
    let mut pieces = answer.into_inner();
    let mut file = File::create(to)?;
    let mut size = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?.data;
        size += piece.len();
        file.write_all(&piece)?;
    }
    file.sync_all()?;
    output::say(format_args!("{size} bytes in {}", to.display()));
    Ok(())
}

fn row(publication: &pb::Publication) -> Value {
    let title = publication.title.clone().unwrap_or_default();
    let head = publication.head.clone().unwrap_or_default();
    json!({
        "id": publication.id,
        "year": publication.year,
        "date": date_text(publication.date.as_ref()),
        "state": publication.state,
        "title": title.sv,
        "title_en": title.en,
        "release": publication.release,
        "derivation": publication.derivation,
        "head": head.number,
        "head_streams": head.streams,
        "head_root": hex(&head.root),
        "reporters": publication.reporters,
        "entries": publication.entries,
        "indicators": publication.indicators,
        "rows": publication.rows,
        "revised": publication.revised,
        "revises": publication.revises,
        "revised_by": publication.revised_by,
        "note": publication.note,
        "digest": hex(&publication.digest),
        "published_by": publication.published_by,
        "published_micros": publication.published_micros,
    })
}
