//! Reporters: who they are. Registering one is an entry of the authority's stream.

use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::identity::organisation_number;
use vardnav_register::text::holds_personal_number;
use vardnav_release::entry::{AuthorityEntry, Change, Reporter};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;

use crate::Register;

const ID_MAX: usize = 64;
const NAME_MAX: usize = 200;

impl Register {
    /// Registers a reporter or changes it. The same again changes nothing.
    ///
    /// # Errors
    /// When its id, name or number is not as it must be, or the store does not take it.
    pub async fn put_reporter(&self, caller: &Caller, stated: pb::Reporter) -> Result<Reporter, ApiError> {
        let id_fits = (1..=ID_MAX).contains(&stated.id.len())
            && stated
                .id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
            && !holds_personal_number(&stated.id);
        if !id_fits {
            return Err(ApiError::field(
                "reporter.id",
                "1 to 64 of A–Z a–z 0–9 . _ : -, without a personal number",
            ));
        }
        if stated.name.is_empty() || stated.name.len() > NAME_MAX || holds_personal_number(&stated.name) {
            return Err(ApiError::field(
                "reporter.name",
                "a name of at most 200 bytes, without a personal number",
            ));
        }
        if organisation_number(&stated.organisation).is_err() {
            return Err(ApiError::field(
                "reporter.organisation",
                "not an organisationsnummer",
            ));
        }
        let known = self.authority.view().reporter(&stated.id).cloned();
        let reporter = Reporter {
            id: stated.id,
            name: stated.name,
            provider: stated.organisation,
            ..known.clone().unwrap_or_default()
        };
        if known.as_ref() == Some(&reporter) {
            return Ok(reporter);
        }
        let change = Change::ReporterPut(reporter.clone());
        let entry = AuthorityEntry {
            caller: caller.name.clone(),
            at: clock::now_micros(),
            change,
        };
        let append = self.authority.append(&entry).await;
        append.map_err(|error| ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string()))?;
        Ok(reporter)
    }
}

/// A reporter as a message.
pub(crate) fn message(reporter: &Reporter) -> pb::Reporter {
    pb::Reporter {
        id: reporter.id.clone(),
        name: reporter.name.clone(),
        organisation: reporter.provider.clone(),
    }
}
