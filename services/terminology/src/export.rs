//! Content as files: a code system, a value set or a map in a format that is asked for.

use std::sync::Arc;

use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_interchange::content::fhir::FhirVersion;
use vardnav_interchange::content::{csv, fhir, skos, tbx};
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::compare_versions;
use vardnav_terminology::model::{CodeSystem, ConceptMap, Content as Completeness, ValueSet};

use crate::on_pool;

/// Bytes of a piece of a file.
const PIECE_BYTES: usize = 1 << 20;

/// What is exported.
enum Content {
    CodeSystem(CodeSystem),
    ValueSet(ValueSet),
    ConceptMap(ConceptMap),
}

/// The files in pieces. They are written on the blocking pool.
pub(crate) async fn export(
    view: Arc<View>,
    request: pb::ExportContentRequest,
) -> Result<Vec<types::FileChunk>, ApiError> {
    on_pool(move || {
        let content = content(&view, &request)?;
        let files = files(&content, request.format())?;
        Ok(files.into_iter().flat_map(pieces).collect())
    })
    .await
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
        return Ok(Content::CodeSystem(edition.to_source()));
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

fn files(content: &Content, format: pb::ExportFormat) -> Result<Vec<(String, Vec<u8>)>, ApiError> {
    match format {
        pb::ExportFormat::Unspecified | pb::ExportFormat::FhirR5 => as_fhir(content, FhirVersion::R5),
        pb::ExportFormat::FhirR4 => as_fhir(content, FhirVersion::R4),
        pb::ExportFormat::Csv => Ok(match content {
            Content::CodeSystem(system) => csv::write_code_system(system, &name(&system.url)),
            Content::ValueSet(set) => csv::write_value_set(set, &name(&set.url)),
            Content::ConceptMap(map) => csv::write_concept_map(map, &name(&map.url)),
        }),
        pb::ExportFormat::Skos | pb::ExportFormat::Tbx => {
            let Content::CodeSystem(system) = content else {
                return Err(ApiError::field("format", "holds code systems only"));
            };
            let mut out = Vec::new();
            let (ending, done) = if format == pb::ExportFormat::Skos {
                ("ttl", skos::write(system, &mut out))
            } else {
                ("tbx", tbx::write(system, &mut out))
            };
            done.map_err(|error| written(&error))?;
            Ok(vec![(format!("{}.{ending}", name(&system.url)), out)])
        }
    }
}

fn written(error: &std::io::Error) -> ApiError {
    ApiError::new(Kind::Internal, "VN-API-013", error.to_string())
}

fn as_fhir(content: &Content, version: FhirVersion) -> Result<Vec<(String, Vec<u8>)>, ApiError> {
    let mut out = Vec::new();
    let (kind, url, done) = match content {
        Content::CodeSystem(system) => {
            let done = fhir::write_code_system(system, version, &mut out);
            ("CodeSystem", &system.url, done)
        }
        Content::ValueSet(set) => (
            "ValueSet",
            &set.url,
            fhir::write_value_set(set, version, &mut out),
        ),
        Content::ConceptMap(map) => {
            let done = fhir::write_concept_map(map, version, &mut out);
            ("ConceptMap", &map.url, done)
        }
    };
    done.map_err(|error| written(&error))?;
    Ok(vec![(format!("{kind}-{}.json", name(url)), out)])
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

fn pieces((path, bytes): (String, Vec<u8>)) -> Vec<types::FileChunk> {
    let piece = |data: &[u8]| types::FileChunk {
        path: path.clone(),
        data: data.to_vec().into(),
    };
    if bytes.is_empty() {
        return vec![piece(&[])];
    }
    bytes.chunks(PIECE_BYTES).map(piece).collect()
}
