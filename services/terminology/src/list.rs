//! What is at hand: editions, value sets, maps, page by page.

use vardnav_api::common::{page, page_size};
use vardnav_api::status::ApiError;
use vardnav_api::terminology::{code_system_message, diagram_message, resource_message};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_release::entry::ContentKind;
use vardnav_store::View;
use vardnav_terminology::Edition;

use crate::answer;

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

pub(crate) fn code_systems(
    view: &View,
    request: &pb::ListCodeSystemsRequest,
) -> Result<pb::ListCodeSystemsResponse, ApiError> {
    let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let editions = view.catalog().editions();
    let mut systems: Vec<pb::CodeSystem> = editions.map(|edition| listed(view, edition)).collect();
    let key = |system: &pb::CodeSystem| format!("{}|{}", system.url, system.version);
    systems.sort_by_key(key);
    let (code_systems, next_page_token) = page(systems.into_iter(), key, &request.page_token, size);
    Ok(pb::ListCodeSystemsResponse {
        code_systems,
        next_page_token,
    })
}

pub(crate) fn diagrams(
    view: &View,
    request: &pb::ListDiagramsRequest,
) -> Result<pb::ListDiagramsResponse, ApiError> {
    let date = answer::day(request.date.as_ref())?;
    let edition = answer::edition(view, &request.system, &request.version, date)?;
    Ok(pb::ListDiagramsResponse {
        diagrams: edition.diagrams().iter().map(diagram_message).collect(),
        version: edition.version().to_owned(),
    })
}

pub(crate) fn value_sets(
    view: &View,
    request: &pb::ListValueSetsRequest,
) -> Result<pb::ListValueSetsResponse, ApiError> {
    let sets = view.value_sets().map(|(record, _)| resource_message(record));
    let (value_sets, next_page_token) = resources(sets.collect(), request.page_size, &request.page_token)?;
    Ok(pb::ListValueSetsResponse {
        value_sets,
        next_page_token,
    })
}

pub(crate) fn concept_maps(
    view: &View,
    request: &pb::ListConceptMapsRequest,
) -> Result<pb::ListConceptMapsResponse, ApiError> {
    let maps = view.catalog().concept_maps().map(|map| {
        let source = map.source();
        let imported = view
            .state()
            .content(ContentKind::ConceptMap, &source.url, &source.version);
        imported.map_or_else(
            || pb::Resource {
                url: source.url.clone(),
                version: source.version.clone(),
                title: source.title.clone(),
                digest: Vec::new().into(),
            },
            resource_message,
        )
    });
    let implicit = view.catalog().all_implicit_maps().map(|map| pb::Resource {
        url: map.url(),
        version: map.version().to_owned(),
        title: map.title().to_owned(),
        digest: Vec::new().into(),
    });
    let all = maps.chain(implicit).collect();
    let (concept_maps, next_page_token) = resources(all, request.page_size, &request.page_token)?;
    Ok(pb::ListConceptMapsResponse {
        concept_maps,
        next_page_token,
    })
}

fn resources(
    mut resources: Vec<pb::Resource>,
    size: i32,
    token: &str,
) -> Result<(Vec<pb::Resource>, String), ApiError> {
    let size = page_size(size, PAGE_DEFAULT, PAGE_MAX)?;
    let key = |resource: &pb::Resource| format!("{}|{}", resource.url, resource.version);
    resources.sort_by_key(key);
    Ok(page(resources.into_iter(), key, token, size))
}

/// An edition with where it came from.
fn listed(view: &View, edition: &Edition) -> pb::CodeSystem {
    match view.state().edition(edition.url(), edition.version()) {
        Some(record) => code_system_message(edition, Some(&record.blob), ""),
        None => {
            let carries = |id: &str| {
                view.snapshot(id).is_some_and(|release| {
                    release
                        .catalog
                        .edition(edition.url(), edition.version())
                        .is_some()
                })
            };
            let release = view.state().releases().find(|release| carries(&release.id));
            code_system_message(edition, None, release.map_or("", |release| &release.id))
        }
    }
}
