//! Conversions of care-unit messages.

use vardnav_register::record::{Principal, Principals};
use vardnav_register::unit::{Beds, CareUnit, UnitVersion};

use crate::common::{date, date_message, fact_messages, facts, optional_date, some};
use crate::pb::vardnav::units::v1 as pb;
use crate::status::ApiError;

/// A care unit from its message.
pub fn unit(message: pb::CareUnit) -> Result<CareUnit, ApiError> {
    let versions = message
        .versions
        .into_iter()
        .enumerate()
        .map(|(index, version)| {
            unit_version(version).map_err(|error| error.within(&format!("unit.versions[{index}]")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if versions.is_empty() {
        return Err(ApiError::field(
            "unit.versions",
            "at least one dated version is needed",
        ));
    }
    if !versions.is_sorted_by(|a, b| a.from < b.from) {
        return Err(ApiError::field(
            "unit.versions",
            "versions must have rising, different first dates",
        ));
    }
    Ok(CareUnit {
        hsa_id: message.hsa_id,
        versions,
    })
}

/// A care unit as a message.
pub fn unit_message(unit: &CareUnit) -> pb::CareUnit {
    pb::CareUnit {
        hsa_id: unit.hsa_id.clone(),
        versions: unit.versions.iter().map(version_message).collect(),
    }
}

fn unit_version(message: pb::UnitVersion) -> Result<UnitVersion, ApiError> {
    Ok(UnitVersion {
        from: date(message.from.as_ref(), "from")?,
        closed: optional_date(message.closed.as_ref(), "closed")?,
        name: message.name,
        kind: message.kind,
        provider: message.provider,
        reporters: message.reporters,
        principals: Principals {
            responsible: Principal::alone(some(message.responsible_principal)),
            performing: Principal::alone(some(message.performing_principal)),
            bed_owner: Principal::alone(some(message.bed_owner_principal)),
            payer: Principal::alone(some(message.payer_principal)),
        },
        kommun: some(message.kommun),
        facts: facts(message.facts),
        hours: message.hours,
        beds: message
            .beds
            .into_iter()
            .map(|beds| Beds {
                kind: beds.kind,
                count: beds.count,
            })
            .collect(),
    })
}

fn version_message(version: &UnitVersion) -> pb::UnitVersion {
    let first = |holders: &[Principal]| Principal::first(holders).unwrap_or_default().to_owned();
    let text = |code: &Option<String>| code.clone().unwrap_or_default();
    pb::UnitVersion {
        from: Some(date_message(version.from)),
        closed: version.closed.map(date_message),
        name: version.name.clone(),
        kind: version.kind.clone(),
        provider: version.provider.clone(),
        reporters: version.reporters.clone(),
        responsible_principal: first(&version.principals.responsible),
        performing_principal: first(&version.principals.performing),
        bed_owner_principal: first(&version.principals.bed_owner),
        payer_principal: first(&version.principals.payer),
        kommun: text(&version.kommun),
        facts: fact_messages(&version.facts),
        hours: version.hours.clone(),
        beds: version
            .beds
            .iter()
            .map(|beds| pb::Beds {
                kind: beds.kind.clone(),
                count: beds.count,
            })
            .collect(),
    }
}
