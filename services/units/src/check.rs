//! What a care unit may say: lists and texts within their limits, numbers that are numbers, places and reporters
//! that exist, facts on axes of the release in force that a unit may supply.

use std::collections::BTreeSet;

use vardnav_api::status::ApiError;
use vardnav_classification::model::FactSource;
use vardnav_register::identity;
use vardnav_register::record::Principal;
use vardnav_register::surroundings::Codes as _;
use vardnav_register::text::holds_personal_number;
use vardnav_register::unit::{CareUnit, UnitVersion};
use vardnav_release::Snapshot;
use vardnav_store::View;

const VERSIONS_MAX: usize = 1000;
/// Most reporters, facts, values of a fact, or kinds of beds of one version.
const ITEMS_MAX: usize = 100;
const TEXT_BYTES_MAX: usize = 500;
const CODE_BYTES_MAX: usize = 64;

/// Checks a unit.
pub(crate) fn unit(unit: &CareUnit, view: &View) -> Result<(), ApiError> {
    if identity::hsa_id(&unit.hsa_id).is_err() || text(&unit.hsa_id).is_err() {
        return Err(ApiError::field(
            "unit.hsa_id",
            "not an HSA-id: SE, an organisationsnummer, a dash and a suffix",
        ));
    }
    if !(1..=VERSIONS_MAX).contains(&unit.versions.len()) {
        return Err(ApiError::field(
            "unit.versions",
            format!("1 to {VERSIONS_MAX} versions are needed"),
        ));
    }
    if !unit.versions.is_sorted_by(|one, other| one.from < other.from) {
        return Err(ApiError::field(
            "unit.versions",
            "versions must have rising, different first dates",
        ));
    }
    for (index, stated) in unit.versions.iter().enumerate() {
        version(stated, view).map_err(|error| error.within(&format!("unit.versions[{index}]")))?;
    }
    Ok(())
}

fn version(version: &UnitVersion, view: &View) -> Result<(), ApiError> {
    for (field, stated) in [
        ("name", &version.name),
        ("hours", &version.hours),
        ("kind", &version.kind),
        ("provider", &version.provider),
    ] {
        text(stated).map_err(|message| ApiError::field(field, message))?;
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
    reporters(version, view)?;
    beds(version)?;
    // A unit may be older than every release; then the oldest one says what it may state.
    let oldest = || view.releases().min_by_key(|release| release.from);
    let Some(release) = view.release_on(version.from).or_else(oldest) else {
        return Err(ApiError::field("from", "no release is published yet"));
    };
    let principals = &version.principals;
    let first = |holders| Principal::first(holders);
    for (field, code) in [
        ("responsible_principal", first(&principals.responsible)),
        ("performing_principal", first(&principals.performing)),
        ("bed_owner_principal", first(&principals.bed_owner)),
        ("payer_principal", first(&principals.payer)),
        ("kommun", version.kommun.as_deref()),
    ] {
        if let Some(code) = code
            && release.principal_kind(code).is_none()
        {
            return Err(ApiError::field(field, "not the code of a region or kommun"));
        }
    }
    facts(version, &release)
}

fn reporters(version: &UnitVersion, view: &View) -> Result<(), ApiError> {
    list("reporters", version.reporters.iter())?;
    for (index, reporter) in version.reporters.iter().enumerate() {
        if view.state().reporter(reporter).is_none() {
            return Err(ApiError::field(
                format!("reporters[{index}]"),
                "no such reporter is registered",
            ));
        }
    }
    Ok(())
}

fn beds(version: &UnitVersion) -> Result<(), ApiError> {
    list("beds", version.beds.iter().map(|beds| &beds.kind))?;
    for (index, beds) in version.beds.iter().enumerate() {
        let fits = (1..=CODE_BYTES_MAX).contains(&beds.kind.len())
            && beds
                .kind
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && text(&beds.kind).is_ok();
        if !fits {
            return Err(ApiError::field(
                format!("beds[{index}].kind"),
                format!("not 1 to {CODE_BYTES_MAX} of a–z 0–9 -"),
            ));
        }
    }
    Ok(())
}

fn facts(version: &UnitVersion, release: &Snapshot) -> Result<(), ApiError> {
    list("facts", version.facts.iter().map(|fact| &fact.axis))?;
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
        list(&field("values"), fact.values.iter())?;
        for value in &fact.values {
            if release.description.value(axis, value).is_none() {
                return Err(ApiError::field(field("values"), "no such value of the axis"));
            }
        }
    }
    Ok(())
}

/// A list within its limit that names nothing twice.
fn list<'a>(field: &str, mut names: impl ExactSizeIterator<Item = &'a String>) -> Result<(), ApiError> {
    if names.len() > ITEMS_MAX {
        return Err(ApiError::field(field, format!("at most {ITEMS_MAX}")));
    }
    let mut seen = BTreeSet::new();
    if names.all(|name| seen.insert(name)) {
        Ok(())
    } else {
        Err(ApiError::field(field, "one of them is given twice"))
    }
}

/// The rule for every text of a unit.
fn text(text: &str) -> Result<(), String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("longer than {TEXT_BYTES_MAX} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("holds a control character".to_owned());
    }
    if holds_personal_number(text) {
        return Err("holds a personal number".to_owned());
    }
    Ok(())
}
