//! Where a code leads by concept maps, and what leads to it.

use vardnav_api::status::ApiError;
use vardnav_api::terminology::{failure, missing_map_message, target_message};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::model::Property;
use vardnav_terminology::translate::{Direction, TranslateRequest};
use vardnav_terminology::value_set::Coding;

/// Most targets of one answer.
const TARGETS_MAX: usize = 1000;
/// Most values known beside a code.
const KNOWN_MAX: usize = 100;

pub(crate) fn translate(
    view: &View,
    request: &pb::TranslateRequest,
) -> Result<pb::TranslateResponse, ApiError> {
    for (field, text) in [("system", &request.system), ("code", &request.code)] {
        if text.is_empty() {
            return Err(ApiError::field(field, "must be stated"));
        }
    }
    if request.known.len() > KNOWN_MAX {
        return Err(ApiError::field("known", format!("at most {KNOWN_MAX} values")));
    }
    let known = request.known.iter().map(|known| Property {
        name: known.name.clone(),
        value: known.value.clone(),
    });
    let known: Vec<Property> = known.collect();
    let direction = if request.reverse {
        Direction::Backward
    } else {
        Direction::Forward
    };
    let translated = view
        .catalog()
        .translate(&TranslateRequest {
            direction,
            coding: Coding {
                system: &request.system,
                version: &request.version,
                code: &request.code,
                ..Coding::default()
            },
            map: &request.concept_map,
            to_system: &request.target_system,
            known: &known,
            date: Some(clock::today()),
            ..TranslateRequest::default()
        })
        .map_err(|error| failure(&error))?;
    let missing = translated.missing.iter();
    let targets = translated.matches.iter().take(TARGETS_MAX).map(target_message);
    Ok(pb::TranslateResponse {
        found: translated.result,
        targets: targets.collect(),
        findings: missing.map(|name| missing_map_message(name)).collect(),
    })
}
