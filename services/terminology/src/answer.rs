//! One question, one answer: look-up, validation, subsumption. A question takes one look at the view and no lock.

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_api::common::optional_date;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::terminology::{
    brief_message, concept_message, failure, subsumption_message, validated_message, validation_message,
};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::value_set::{Coding, Settings, Subject, ValidateRequest, ValueSetRef};
use vardnav_terminology::{CodeStatus, Edition, UnknownCode};

use crate::expand::languages;

pub(crate) fn lookup(view: &View, request: &pb::LookupRequest) -> Result<pb::LookupResponse, ApiError> {
    let date = day(request.date.as_ref())?;
    let edition = edition(view, &request.system, &request.version, date)?;
    let concept = edition
        .lookup(&request.code)
        .ok_or_else(|| unknown_code("code"))?;
    let message = if request.brief {
        brief_message
    } else {
        concept_message
    };
    let concept = Some(message(concept, &request.language, date));
    Ok(pb::LookupResponse {
        concept,
        version: edition.version().to_owned(),
    })
}

pub(crate) fn validate(
    view: &View,
    request: &pb::ValidateCodeRequest,
) -> Result<pb::ValidateCodeResponse, ApiError> {
    let date = day(request.date.as_ref())?;
    if !request.value_set.is_empty() {
        return in_value_set(view, request, date);
    }
    let edition = edition(view, &request.system, &request.version, date)?;
    let languages = languages(&request.language)?;
    let display = (!request.display.is_empty()).then_some(request.display.as_str());
    Ok(validation_message(
        edition.validate_code(&request.code, display, date),
        edition.version(),
        &languages,
        date,
    ))
}

/// The same in a stream, where what is wrong with a question is its answer.
pub(crate) fn validated(view: &View, request: &pb::ValidateCodeRequest) -> pb::StreamValidateCodeResponse {
    let answer = validate(view, request).unwrap_or_else(|error| pb::ValidateCodeResponse {
        findings: vec![finding(error)],
        ..Default::default()
    });
    pb::StreamValidateCodeResponse {
        validate_code: Some(answer),
    }
}

/// Whether a validation may take long.
pub(crate) fn is_costly(view: &View, request: &pb::ValidateCodeRequest) -> bool {
    !request.value_set.is_empty() && view.catalog().is_costly(&request.value_set)
}

/// Whether a code is right and in a value set, without listing that.
fn in_value_set(
    view: &View,
    request: &pb::ValidateCodeRequest,
    date: Date,
) -> Result<pb::ValidateCodeResponse, ApiError> {
    let coding = Coding {
        system: &request.system,
        version: &request.version,
        code: &request.code,
        display: (!request.display.is_empty()).then_some(request.display.as_str()),
    };
    let value_set = ValueSetRef::Address {
        url: &request.value_set,
        version: "",
    };
    let question = ValidateRequest {
        settings: Settings {
            date: Some(date),
            languages: languages(&request.language)?,
            ..Settings::default()
        },
        infer_system: request.system.is_empty(),
        ..ValidateRequest::new(Some(value_set), Subject::Coding(coding))
    };
    let validated = view.catalog().validate(&question);
    validated.map(validated_message).map_err(|error| failure(&error))
}

pub(crate) fn subsumes(view: &View, request: &pb::SubsumesRequest) -> Result<pb::SubsumesResponse, ApiError> {
    let date = day(request.date.as_ref())?;
    let edition = edition(view, &request.system, &request.version, date)?;
    let outcome =
        edition
            .subsumes_codes(&request.code_a, &request.code_b)
            .map_err(|unknown| match unknown {
                UnknownCode::First => unknown_code("code_a"),
                UnknownCode::Second => unknown_code("code_b"),
            })?;
    Ok(pb::SubsumesResponse {
        outcome: subsumption_message(outcome).into(),
    })
}

pub(crate) fn day(date: Option<&types::Date>) -> Result<Date, ApiError> {
    Ok(optional_date(date, "date")?.unwrap_or_else(clock::today))
}

pub(crate) fn edition<'v>(
    view: &'v View,
    system: &str,
    version: &str,
    date: Date,
) -> Result<&'v Arc<Edition>, ApiError> {
    let named = (!version.is_empty()).then_some(version);
    view.catalog()
        .resolve(system, named, date)
        .map_err(|status| match status {
            CodeStatus::NotLoaded => ApiError::new(
                Kind::NotFound,
                "VN-API-031",
                "the edition is not loaded; import it first",
            ),
            CodeStatus::NotValidOnDate => ApiError::new(
                Kind::NotFound,
                "VN-API-032",
                "no edition of the code system is in force on the date",
            ),
            CodeStatus::UnknownSystem | CodeStatus::Unknown | CodeStatus::Valid => {
                ApiError::new(Kind::NotFound, "VN-API-030", "the code system is not known")
            }
        })
}

pub(crate) fn unknown_code(field: &str) -> ApiError {
    ApiError {
        field: field.to_owned(),
        ..ApiError::new(Kind::NotFound, "VN-API-033", "the edition does not hold the code")
    }
}

pub(crate) fn finding(error: ApiError) -> types::Finding {
    types::Finding {
        code: error.code.to_owned(),
        severity: types::Severity::Error.into(),
        path: error.field,
        message: error.message,
    }
}
