//! Conversions of care-unit messages.

use vardnav_register::unit::{About, Beds, CareUnit, Opening, Staff, UnitVersion};

use crate::common::{date, date_message, fact_messages, facts, optional_date, some};
use crate::pb::vardnav::units::v1 as pb;
use crate::register::{indexed, principals, principals_message, responsibility, responsibility_message};
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
        principals: message
            .principals
            .map(principals)
            .transpose()?
            .unwrap_or_default(),
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
        about: About {
            ownership: some(message.ownership),
            responsibilities: indexed(message.responsibilities, "responsibilities", responsibility)?,
            covers: message.covers,
            open: indexed(message.open, "open", opening)?,
            response_minutes: message
                .response_minutes
                .map(|minutes| narrow(minutes, "response_minutes"))
                .transpose()?,
            staff: message
                .staff
                .into_iter()
                .map(|staff| Staff {
                    profession: staff.profession,
                    hundredths: staff.hundredths,
                })
                .collect(),
            successor: some(message.successor),
        },
    })
}

fn opening(message: pb::Opening) -> Result<Opening, ApiError> {
    let opening = Opening {
        first_day: narrow(message.first_day, "first_day")?,
        last_day: narrow(message.last_day, "last_day")?,
        from: narrow(message.from, "from")?,
        until: narrow(message.until, "until")?,
    };
    match opening.is_valid() {
        true => Ok(opening),
        false => Err(ApiError::field(
            "until",
            "not a time of a week: days are 1 to 7 and do not fall, and it ends after it begins, at 1440 at the latest",
        )),
    }
}

fn narrow<T: TryFrom<u32>>(number: u32, field: &str) -> Result<T, ApiError> {
    T::try_from(number).map_err(|_| ApiError::field(field, "too large"))
}

/// A version of a unit as a message.
pub fn version_message(version: &UnitVersion) -> pb::UnitVersion {
    let about = &version.about;
    let text = |code: &Option<String>| code.clone().unwrap_or_default();
    pb::UnitVersion {
        from: Some(date_message(version.from)),
        closed: version.closed.map(date_message),
        name: version.name.clone(),
        kind: version.kind.clone(),
        provider: version.provider.clone(),
        reporters: version.reporters.clone(),
        principals: Some(principals_message(&version.principals)),
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
        ownership: text(&about.ownership),
        responsibilities: about
            .responsibilities
            .iter()
            .map(responsibility_message)
            .collect(),
        covers: about.covers.clone(),
        open: about
            .open
            .iter()
            .map(|open| pb::Opening {
                first_day: open.first_day.into(),
                last_day: open.last_day.into(),
                from: open.from.into(),
                until: open.until.into(),
            })
            .collect(),
        response_minutes: about.response_minutes.map(Into::into),
        staff: about
            .staff
            .iter()
            .map(|staff| pb::Staff {
                profession: staff.profession.clone(),
                hundredths: staff.hundredths,
            })
            .collect(),
        successor: text(&about.successor),
    }
}
