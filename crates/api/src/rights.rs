//! Requests that need two persons as messages, and why they are refused as errors.

use vardnav_register::identity::{IdentityError, Number, normalise};
use vardnav_register::record::{IdentityType, Person, RecordKind};
use vardnav_register::rights::{RecordRef, Request, RightsError, Scope};
use vardnav_register::text::is_id;

use crate::register::{kind, kind_message};
use crate::status::{ApiError, Kind};
use crate::vardnav::register::v1 as pb;

/// Why a step is refused, as an error.
pub fn refusal(error: &RightsError) -> ApiError {
    let message = error.to_string();
    match error {
        RightsError::Purpose(_) | RightsError::NotForPurpose(_) => ApiError::field("purpose", &message),
        RightsError::Reason => ApiError::field("reason", &message),
        RightsError::Scope => ApiError::field("records", &message),
        RightsError::Extent => ApiError::field("uses", &message),
        RightsError::Unknown => ApiError::not_found("the request"),
        RightsError::Own | RightsError::Stranger(_) | RightsError::NotYours => {
            ApiError::new(Kind::FailedPrecondition, "VN-API-050", message)
        }
        _ => ApiError::new(Kind::FailedPrecondition, "VN-API-051", message),
    }
}

/// A request as a message, as it stands at `now` (microseconds since 1970-01-01 UTC).
pub fn request_message(number: u64, request: &Request, now: i64) -> pb::RightsRequest {
    let (by, at) = (&request.by, request.asked.until);
    let approved = request.approved.as_ref();
    let (kind, project) = match &request.asked.scope {
        Scope::Persons(_) | Scope::Records(_) => ("opening", String::new()),
        Scope::Linkage { project, .. } => ("linkage", project.clone()),
        Scope::Erasure(_) | Scope::PersonErasure { .. } => ("erasure", String::new()),
    };
    pb::RightsRequest {
        number,
        kind: kind.to_owned(),
        purpose: request.asked.purpose.clone(),
        reason: request.asked.reason.clone(),
        things: u32::try_from(request.asked.scope.size()).unwrap_or(u32::MAX),
        project,
        uses: request.asked.uses,
        used: request.used,
        until_micros: at,
        asked_by: by.by.clone(),
        asked_micros: by.at,
        approved_by: approved.map(|mark| mark.by.clone()).unwrap_or_default(),
        approved_micros: approved.map_or(0, |mark| mark.at),
        ended_by: request
            .ended
            .as_ref()
            .map(|mark| mark.by.clone())
            .unwrap_or_default(),
        standing: request.standing(now).name().to_owned(),
    }
}

/// A revision of a record as a message.
pub fn record_key(record: &RecordRef) -> pb::RecordKey {
    pb::RecordKey {
        reporter: record.reporter.clone(),
        kind: kind_message(record.kind).into(),
        id: record.id.clone(),
        revision: record.revision,
        position: record.position,
    }
}

/// Reporter, kind, id and revision of a message.
///
/// # Errors
/// When the kind is none.
pub fn named_record(message: &pb::RecordKey) -> Result<(String, RecordKind, String, u32), ApiError> {
    Ok((
        message.reporter.clone(),
        kind(message.kind(), "records.kind")?,
        message.id.clone(),
        message.revision,
    ))
}

/// The number by which a person is named. `reference` gives ten-digit forms their century.
///
/// # Errors
/// When there is none, it is no number of its kind, or a reserve number without who gave it out; the error does not hold
/// it.
pub fn number(
    message: Option<pb::PersonNumber>,
    reference: jiff::civil::Date,
) -> Result<NamedPerson, ApiError> {
    let message = message.ok_or_else(|| ApiError::field("person", "missing"))?;
    let identity_type = match message.r#type() {
        pb::IdentityType::Personnummer => IdentityType::Personnummer,
        pb::IdentityType::Samordningsnummer => IdentityType::Samordningsnummer,
        pb::IdentityType::Reserve => IdentityType::Reserve,
        pb::IdentityType::Unspecified => return Err(ApiError::field("person.type", "missing")),
    };
    let issuer = message.issuer;
    match (identity_type, is_id(&issuer)) {
        (IdentityType::Reserve, true) => {}
        (IdentityType::Reserve, false) => {
            let message = "a reserve number is known by the reporter that gave it out: name it";
            return Err(ApiError::field("person.issuer", message));
        }
        _ if issuer.is_empty() => {}
        _ => {
            return Err(ApiError::field(
                "person.issuer",
                "only reserve numbers are given out by reporters",
            ));
        }
    }
    let person = Person {
        identity_type,
        identity: message.number,
        ..Person::withheld()
    };
    let wrong = |error: IdentityError| ApiError::field("person.number", error.to_string());
    Ok(NamedPerson {
        identity_type,
        number: normalise(&person, reference).map_err(wrong)?,
        issuer,
    })
}

/// A person as a request names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPerson {
    /// Kind of number.
    pub identity_type: IdentityType,
    /// The number in its one form.
    pub number: Number,
    /// The reporter that gave it out, of a reserve number; else empty.
    pub issuer: String,
}
