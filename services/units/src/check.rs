//! What a care unit may say: lists and texts within their limits, numbers that are numbers, places and reporters
//! that exist, facts on axes of the release in force that a unit may supply.

use std::collections::BTreeSet;

use jiff::civil::Date;
use vardnav_api::status::ApiError;
use vardnav_classification::model::FactSource;
use vardnav_register::identity;
use vardnav_register::record::Responsibility;
use vardnav_register::surroundings::{CodeStatus, Codes as _, PrincipalKind};
use vardnav_register::text::holds_personal_number;
use vardnav_register::unit::{CareUnit, DAY_MINUTES, Opening, UnitVersion};
use vardnav_release::Snapshot;
use vardnav_store::View;

const VERSIONS_MAX: usize = 1000;
/// Most reporters, facts, values of a fact, or kinds of beds of one version.
const ITEMS_MAX: usize = 100;
const TEXT_BYTES_MAX: usize = 500;
const CODE_BYTES_MAX: usize = 64;
/// Most kommuner that a unit covers: more than there are.
const COVERS_MAX: usize = 400;

/// Most principals of one role.
const PRINCIPALS_MAX: usize = 20;
/// Most full-time equivalents of one profession, in hundredths.
const STAFF_MAX: u32 = 10_000_000;

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
        let checked = version(stated, view).and_then(|()| successor(unit, stated, view));
        checked.map_err(|error| error.within(&format!("unit.versions[{index}]")))?;
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
    principals(version, &release)?;
    if let Some(kommun) = &version.kommun
        && release.principal_kind(kommun).is_none()
    {
        return Err(ApiError::field("kommun", "not the code of a region or kommun"));
    }
    code(
        &release,
        &release.register.units.kinds,
        &version.kind,
        version.from,
    )
    .map_err(|message| ApiError::field("kind", message))?;
    about(version, &release)?;
    facts(version, &release)
}

fn principals(version: &UnitVersion, release: &Snapshot) -> Result<(), ApiError> {
    for (role, holders) in version.principals.by_role() {
        if holders.len() > PRINCIPALS_MAX {
            let message = format!("at most {PRINCIPALS_MAX}");
            return Err(ApiError::field(format!("principals.{role}"), message));
        }
        let mut seen = BTreeSet::new();
        for (index, holder) in holders.iter().enumerate() {
            let field = |part: &str| format!("principals.{role}[{index}].{part}");
            if release.principal_kind(&holder.organisation).is_none() {
                return Err(ApiError::field(
                    field("organisation"),
                    "not the code of a region or kommun",
                ));
            }
            if !seen.insert(&holder.organisation) {
                return Err(ApiError::field(field("organisation"), "given twice in the role"));
            }
            if let Some(basis) = &holder.basis {
                code(release, &release.register.units.bases, basis, version.from)
                    .map_err(|message| ApiError::field(field("basis"), message))?;
            }
        }
    }
    Ok(())
}

/// What a unit says of itself beside what reports take from it.
fn about(version: &UnitVersion, release: &Snapshot) -> Result<(), ApiError> {
    let (about, units) = (&version.about, &release.register.units);
    if let Some(ownership) = &about.ownership {
        code(release, &units.ownerships, ownership, version.from)
            .map_err(|message| ApiError::field("ownership", message))?;
    }
    if about.responsibilities.len() > ITEMS_MAX {
        return Err(ApiError::field(
            "responsibilities",
            format!("at most {ITEMS_MAX}"),
        ));
    }
    for (index, one) in about.responsibilities.iter().enumerate() {
        responsibility(one, version, release)
            .map_err(|error| error.within(&format!("responsibilities[{index}]")))?;
    }
    if about.covers.len() > COVERS_MAX {
        return Err(ApiError::field("covers", format!("at most {COVERS_MAX}")));
    }
    let mut seen = BTreeSet::new();
    for (index, kommun) in about.covers.iter().enumerate() {
        let field = format!("covers[{index}]");
        if release.principal_kind(kommun) != Some(PrincipalKind::Kommun) {
            return Err(ApiError::field(field, "not the code of a kommun"));
        }
        if !seen.insert(kommun) {
            return Err(ApiError::field(field, "given twice"));
        }
    }
    if about.open.len() > ITEMS_MAX || !about.open.iter().all(Opening::is_valid) {
        let message =
            format!("at most {ITEMS_MAX} times of a week, each from a weekday and minute to a later one");
        return Err(ApiError::field("open", message));
    }
    if about
        .response_minutes
        .is_some_and(|minutes| minutes == 0 || minutes > DAY_MINUTES)
    {
        return Err(ApiError::field("response_minutes", "not 1 to 1440"));
    }
    list("staff", about.staff.iter().map(|staff| &staff.profession))?;
    for (index, staff) in about.staff.iter().enumerate() {
        let field = |part: &str| format!("staff[{index}].{part}");
        profession(release, &staff.profession)
            .map_err(|message| ApiError::field(field("profession"), message))?;
        if staff.hundredths.is_some_and(|hundredths| hundredths > STAFF_MAX) {
            return Err(ApiError::field(field("hundredths"), "too large"));
        }
    }
    Ok(())
}

fn responsibility(one: &Responsibility, version: &UnitVersion, release: &Snapshot) -> Result<(), ApiError> {
    code(
        release,
        &release.register.units.responsibilities,
        &one.role,
        version.from,
    )
    .map_err(|message| ApiError::field("role", message))?;
    if one.until.is_some_and(|until| until <= one.from) {
        return Err(ApiError::field("until", "not after the first date"));
    }
    if let Some(unit) = &one.unit
        && (identity::hsa_id(unit).is_err() || text(unit).is_err())
    {
        return Err(ApiError::field("unit", "not an HSA-id"));
    }
    match &one.profession {
        Some(code) => profession(release, code).map_err(|message| ApiError::field("profession", message)),
        None => Ok(()),
    }
}

/// Who takes over must be another unit of the registry, and the unit must close.
fn successor(unit: &CareUnit, version: &UnitVersion, view: &View) -> Result<(), ApiError> {
    let Some(successor) = &version.about.successor else {
        return Ok(());
    };
    if version.closed.is_none() {
        return Err(ApiError::field("successor", "the unit does not close"));
    }
    if *successor == unit.hsa_id || view.state().unit(successor).is_none() {
        return Err(ApiError::field(
            "successor",
            "not another unit that the registry has: put that one first",
        ));
    }
    Ok(())
}

/// Holds a code against a code system of the release, unless the release names none.
fn code(release: &Snapshot, system: &str, code: &str, date: Date) -> Result<(), String> {
    text(code)?;
    if system.is_empty() {
        return Ok(());
    }
    match release.check(system, None, code, date.max(release.from)) {
        CodeStatus::Valid | CodeStatus::NotLoaded => Ok(()),
        _ => Err(format!("not a code of {system} on the date")),
    }
}

fn profession(release: &Snapshot, code: &str) -> Result<(), String> {
    text(code)?;
    let description = &release.description;
    let axis = description.axis(&release.register.units.profession_axis);
    match axis.is_none_or(|axis| description.value(axis, code).is_some()) {
        true => Ok(()),
        false => Err("no such profession in the release".to_owned()),
    }
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
