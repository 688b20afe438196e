//! What a care unit may say: numbers that are numbers, places and reporters that exist, facts on axes of the
//! release in force that a unit may supply.

use vardnav_api::status::ApiError;
use vardnav_classification::model::FactSource;
use vardnav_register::identity;
use vardnav_register::surroundings::Codes as _;
use vardnav_register::text::holds_personal_number;
use vardnav_register::unit::{CareUnit, UnitVersion};
use vardnav_store::View;

const VERSIONS_MAX: usize = 1000;
const TEXT_BYTES_MAX: usize = 500;

/// Checks a unit.
pub(crate) fn unit(unit: &CareUnit, view: &View) -> Result<(), ApiError> {
    if identity::hsa_id(&unit.hsa_id).is_err() {
        return Err(ApiError::field(
            "unit.hsa_id",
            "not an HSA-id: SE, an organisationsnummer, a dash and a suffix",
        ));
    }
    if unit.versions.len() > VERSIONS_MAX {
        return Err(ApiError::field(
            "unit.versions",
            format!("at most {VERSIONS_MAX} versions"),
        ));
    }
    for (index, stated) in unit.versions.iter().enumerate() {
        version(stated, view).map_err(|error| error.within(&format!("unit.versions[{index}]")))?;
    }
    Ok(())
}

fn version(version: &UnitVersion, view: &View) -> Result<(), ApiError> {
    for (field, text) in [
        ("name", &version.name),
        ("hours", &version.hours),
        ("kind", &version.kind),
    ] {
        if text.len() > TEXT_BYTES_MAX || holds_personal_number(text) {
            return Err(ApiError::field(field, "too long, or holds a personal number"));
        }
    }
    if version.name.is_empty() {
        return Err(ApiError::field("name", "a name is needed"));
    }
    if identity::organisation_number(&version.provider).is_err() {
        return Err(ApiError::field("provider", "not an organisationsnummer"));
    }
    if version.closed.is_some_and(|closed| closed < version.from) {
        return Err(ApiError::field("closed", "lies before the first date"));
    }
    for (index, reporter) in version.reporters.iter().enumerate() {
        if view.state().reporter(reporter).is_none() {
            return Err(ApiError::field(
                format!("reporters[{index}]"),
                "no such reporter is registered",
            ));
        }
    }
    // A unit may be older than every release; then the oldest one says what it may state.
    let oldest = || view.releases().min_by_key(|release| release.from);
    let Some(release) = view.release_on(version.from).or_else(oldest) else {
        return Err(ApiError::field("from", "no release is published yet"));
    };
    let principals = &version.principals;
    for (field, code) in [
        ("responsible_principal", &principals.responsible),
        ("performing_principal", &principals.performing),
        ("bed_owner_principal", &principals.bed_owner),
        ("payer_principal", &principals.payer),
        ("kommun", &version.kommun),
    ] {
        if let Some(code) = code
            && release.principal_kind(code).is_none()
        {
            return Err(ApiError::field(field, "not the code of a region or kommun"));
        }
    }
    for (index, fact) in version.facts.iter().enumerate() {
        let field = |part: &str| format!("facts[{index}].{part}");
        let Some(axis) = release.description.axis(&fact.axis) else {
            return Err(ApiError::field(
                field("axis"),
                "no such axis in the release in force",
            ));
        };
        let may_supply = release
            .description
            .axis_definition(axis)
            .is_some_and(|definition| definition.sources.contains(&FactSource::Unit));
        if !may_supply {
            return Err(ApiError::field(
                field("axis"),
                "a unit does not supply facts on this axis",
            ));
        }
        for value in &fact.values {
            if release.description.value(axis, value).is_none() {
                return Err(ApiError::field(field("values"), "no such value of the axis"));
            }
        }
    }
    Ok(())
}
