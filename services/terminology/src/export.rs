//! Content as files: a code system, a value set or a map in a format that is asked for. Files are written on the
//! blocking pool and go out in pieces while they are written, so that they are never in memory as a whole.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tonic::Status;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_interchange::content::fhir::FhirVersion;
use vardnav_interchange::content::left_out::{self, LeftOut};
use vardnav_interchange::content::{csv, fhir, skos, tbx};
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::compare_versions;
use vardnav_terminology::model::{CodeSystem, ConceptMap, Content as Completeness, ValueSet};

use crate::on_pool;

/// Exports under way at once: each holds what it writes.
pub(crate) const EXPORTS_MAX: usize = 4;

/// Bytes of a piece of a file.
const PIECE_BYTES: usize = 1 << 20;

/// Pieces that wait for the caller.
const PIECES_MAX: usize = 4;

/// How long a piece waits for the caller before the export is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the pieces come out.
pub(crate) type Pieces = mpsc::Receiver<Result<pb::ExportContentResponse, Status>>;

/// What is exported.
enum Content {
    CodeSystem(Box<CodeSystem>),
    ValueSet(ValueSet),
    ConceptMap(ConceptMap),
}

/// The files in pieces, when one of `turns` is free.
pub(crate) async fn export(
    turns: &Arc<Semaphore>,
    view: Arc<View>,
    request: pb::ExportContentRequest,
) -> Result<Pieces, ApiError> {
    let turn = Arc::clone(turns).try_acquire_owned().map_err(|_| {
        let message = "other exports are under way; try again when one is done";
        ApiError::new(Kind::Unavailable, "VN-API-010", message)
    })?;
    let format = request.format();
    let (content, findings) = on_pool(move || {
        let content = content(&view, &request)?;
        let findings = left_out(&content, format)?;
        Ok((content, findings))
    })
    .await?;
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    let out = Out {
        handle: Handle::current(),
        sender,
        path: String::new(),
        held: Vec::new(),
        findings,
        gone: false,
    };
    tokio::task::spawn_blocking(move || run(&content, format, out, turn));
    Ok(receiver)
}

fn run(content: &Content, format: pb::ExportFormat, mut out: Out, _turn: OwnedSemaphorePermit) {
    let written = write(content, format, &mut out).and_then(|()| out.flush());
    if let Err(error) = written
        && !out.gone
    {
        let error = ApiError::new(Kind::Internal, "VN-API-013", error.to_string());
        // Whoever went away does not hear it.
        let _ = out.handle.block_on(out.sender.send(Err(error.into())));
    }
}

fn content(view: &View, request: &pb::ExportContentRequest) -> Result<Content, ApiError> {
    let catalog = view.catalog();
    let (url, version) = (request.url.as_str(), request.version.as_str());
    let named = (!version.is_empty()).then_some(version);
    let in_force = catalog.resolve(url, named, clock::today()).ok();
    // Supplements are never in force, and exported by their address all the same.
    let supplement = || {
        let editions = catalog.editions().filter(|edition| edition.url() == url);
        let supplements = editions.filter(|edition| edition.content() == Completeness::Supplement);
        supplements.max_by(|a, b| compare_versions(a.version(), b.version()))
    };
    if let Some(edition) = in_force.or_else(|| supplement().filter(|_| named.is_none())) {
        return Ok(Content::CodeSystem(Box::new(edition.to_source())));
    }
    if let Some(set) = catalog.value_set(url, version) {
        return Ok(Content::ValueSet(set.source().clone()));
    }
    if let Some(map) = catalog.concept_map(url, version) {
        return Ok(Content::ConceptMap(map.source().clone()));
    }
    if let Some(map) = catalog.implicit_map(url, version, Some(clock::today())) {
        return Ok(Content::ConceptMap(map.to_concept_map()));
    }
    Err(ApiError {
        field: "url".to_owned(),
        ..ApiError::not_found("a code system, value set or map with this address and version")
    })
}

/// What the format has no place for.
fn left_out(content: &Content, format: pb::ExportFormat) -> Result<Vec<types::Finding>, ApiError> {
    use pb::ExportFormat::{Csv, FhirR4, FhirR5, Skos, Tbx, Unspecified};
    let found = match (content, format) {
        (Content::CodeSystem(system), Skos) => left_out::skos(system),
        (Content::CodeSystem(system), Tbx) => left_out::tbx(system),
        (_, Skos | Tbx) => return Err(ApiError::field("format", "holds code systems only")),
        (Content::ConceptMap(map), Csv) => left_out::of_map(map, "CSV"),
        (Content::ConceptMap(map), Unspecified | FhirR5 | FhirR4) => left_out::of_map(map, "FHIR"),
        (Content::CodeSystem(_) | Content::ValueSet(_), Unspecified | FhirR5 | FhirR4 | Csv) => Vec::new(),
    };
    Ok(found.iter().map(finding).collect())
}

fn finding(found: &LeftOut) -> types::Finding {
    types::Finding {
        code: LeftOut::CODE.to_owned(),
        severity: types::Severity::Warning.into(),
        path: found.path.to_owned(),
        message: found.message(),
    }
}

fn write(content: &Content, format: pb::ExportFormat, out: &mut Out) -> io::Result<()> {
    match format {
        pb::ExportFormat::Unspecified | pb::ExportFormat::FhirR5 => as_fhir(content, FhirVersion::R5, out),
        pb::ExportFormat::FhirR4 => as_fhir(content, FhirVersion::R4, out),
        pb::ExportFormat::Csv => {
            let mut sink = |path: &str, bytes: &[u8]| out.push(path, bytes);
            match content {
                Content::CodeSystem(system) => csv::write_code_system(system, &name(&system.url), &mut sink),
                Content::ValueSet(set) => csv::write_value_set(set, &name(&set.url), &mut sink),
                Content::ConceptMap(map) => csv::write_concept_map(map, &name(&map.url), &mut sink),
            }
        }
        pb::ExportFormat::Skos | pb::ExportFormat::Tbx => {
            let Content::CodeSystem(system) = content else {
                return Ok(());
            };
            if format == pb::ExportFormat::Skos {
                skos::write(system, out.file(format!("{}.ttl", name(&system.url))))
            } else {
                tbx::write(system, out.file(format!("{}.tbx", name(&system.url))))
            }
        }
    }
}

fn as_fhir(content: &Content, version: FhirVersion, out: &mut Out) -> io::Result<()> {
    let path = |kind: &str, url: &str| format!("{kind}-{}.json", name(url));
    match content {
        Content::CodeSystem(system) => {
            let mut file = out.file(path("CodeSystem", &system.url));
            fhir::write_code_system(system, version, &mut file)
        }
        Content::ValueSet(set) => {
            let mut file = out.file(path("ValueSet", &set.url));
            fhir::write_value_set(set, version, &mut file)
        }
        Content::ConceptMap(map) => {
            let mut file = out.file(path("ConceptMap", &map.url));
            fhir::write_concept_map(map, version, &mut file)
        }
    }
}

/// A name for files, from the end of an address.
fn name(url: &str) -> String {
    let end = url
        .rsplit(['/', ':'])
        .find(|part| !part.is_empty())
        .unwrap_or("content");
    end.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '-'
            }
        })
        .collect()
}

/// The way out: takes bytes of files, one file after the other, and sends them in pieces.
struct Out {
    handle: Handle,
    sender: mpsc::Sender<Result<pb::ExportContentResponse, Status>>,
    /// The file that is being written; empty before the first.
    path: String,
    /// Its bytes that are not sent yet.
    held: Vec<u8>,
    /// For the first answer.
    findings: Vec<types::Finding>,
    /// Whether the caller no longer listens.
    gone: bool,
}

impl Out {
    /// A file of its own.
    fn file(&mut self, path: String) -> OutFile<'_> {
        OutFile { out: self, path }
    }

    /// The next bytes of a file.
    fn push(&mut self, path: &str, mut bytes: &[u8]) -> io::Result<()> {
        if self.path != path {
            self.flush()?;
            path.clone_into(&mut self.path);
        }
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = rest;
            if self.held.len() == PIECE_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Sends what is held.
    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let chunk = types::FileChunk {
            path: self.path.clone(),
            data: std::mem::take(&mut self.held).into(),
        };
        let answer = pb::ExportContentResponse {
            chunk: Some(chunk),
            findings: std::mem::take(&mut self.findings),
        };
        let sent = self
            .handle
            .block_on(self.sender.send_timeout(Ok(answer), PATIENCE));
        sent.map_err(|_| {
            self.gone = true;
            io::Error::from(io::ErrorKind::BrokenPipe)
        })
    }
}

/// A file on the way out.
struct OutFile<'o> {
    out: &'o mut Out,
    path: String,
}

impl io::Write for OutFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.push(&self.path, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
