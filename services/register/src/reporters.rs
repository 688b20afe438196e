//! Reporters: who they are. Registering one is an entry of the authority's stream.

use vardnav_api::release::refusal;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::identity::organisation_number;
use vardnav_register::text::{holds_personal_number, id_holds_personal_number};
use vardnav_release::entry::Reporter;
use vardnav_release::lifecycle;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{AuthorityError, DecideError};

use crate::Register;

const ID_MAX: usize = 64;
const NAME_MAX: usize = 200;

impl Register {
    /// Registers a reporter or changes it. The same again changes nothing.
    ///
    /// # Errors
    /// When its id, name or number is not as it must be, somebody else changed it meanwhile, or the store does not
    /// take it.
    pub async fn put_reporter(&self, caller: &Caller, stated: pb::Reporter) -> Result<Reporter, ApiError> {
        let reporter = checked(stated)?;
        self.put_all(caller, std::slice::from_ref(&reporter)).await?;
        Ok(reporter)
    }

    /// As [`Register::put_reporter`] for several with one append: all of them or none.
    ///
    /// # Errors
    /// As [`Register::put_reporter`].
    pub async fn put_reporters(&self, caller: &Caller, stated: Vec<pb::Reporter>) -> Result<(), ApiError> {
        let reporters = stated.into_iter().map(checked).collect::<Result<Vec<_>, _>>()?;
        self.put_all(caller, &reporters).await
    }

    async fn put_all(&self, caller: &Caller, reporters: &[Reporter]) -> Result<(), ApiError> {
        let seen = self.authority.view();
        let at = clock::now_micros();
        let decided = self.authority.decide_all(|state| {
            let mut entries = Vec::new();
            for reporter in reporters {
                if state.reporter(&reporter.id) != seen.reporter(&reporter.id) {
                    return Err(changed());
                }
                let entry = lifecycle::put_reporter(state, &caller.name, at, reporter);
                entries.extend(entry.map_err(|refused| refusal(&refused))?);
            }
            Ok(entries)
        });
        match decided.await {
            Ok(_) => Ok(()),
            Err(DecideError::Refused(refused)) => Err(refused),
            Err(DecideError::Authority(AuthorityError::Entry(error))) => {
                Err(ApiError::field("reporter", error.to_string()))
            }
            Err(DecideError::Authority(error)) => {
                Err(ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string()))
            }
        }
    }
}

fn checked(stated: pb::Reporter) -> Result<Reporter, ApiError> {
    let id_fits = (1..=ID_MAX).contains(&stated.id.len())
        && stated
            .id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
        && !id_holds_personal_number(&stated.id);
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
    if organisation_number(&stated.organisation).is_err() || holds_personal_number(&stated.organisation) {
        return Err(ApiError::field(
            "reporter.organisation",
            "not an organisationsnummer",
        ));
    }
    Ok(Reporter {
        id: stated.id,
        name: stated.name,
        provider: stated.organisation,
    })
}

fn changed() -> ApiError {
    ApiError::new(
        Kind::Aborted,
        "VN-API-011",
        "the reporter was changed meanwhile: read it again and decide anew",
    )
}

/// A reporter as a message.
pub(crate) fn message(reporter: &Reporter) -> pb::Reporter {
    pb::Reporter {
        id: reporter.id.clone(),
        name: reporter.name.clone(),
        organisation: reporter.provider.clone(),
    }
}
