//! The person of a record: identity number, age on the dates of care, protection.

use jiff::civil::Date;

use super::report::Report;
use super::{Mechanism, date_path};
use crate::definition::RegisterDefinition;
use crate::identity::{IdentityError, Number, age_on, identify, normalise};
use crate::record::{Body, IdentityType, Record};

/// The number of a record's person in its one form.
pub(super) fn own_number(record: &Record, received: Date) -> Option<Number> {
    normalise(&record.person, received).ok()
}

/// Whether the protection of the person goes with the residence.
pub(super) fn check_protection(record: &Record, report: &mut Report<'_>) {
    if record.person.protected && record.residence.is_some() {
        report.add(Mechanism::ProtectedGeography, || "residence".to_owned());
    }
}

pub(super) fn check(
    record: &Record,
    received: Date,
    register: Option<&RegisterDefinition>,
    report: &mut Report<'_>,
) {
    let person = &record.person;
    let born = match (register, person.identity_type) {
        // Patterns of reserve numbers are a release's; without one only the charset can be told.
        (None, IdentityType::Reserve) => normalise(person, received).map(|_| person.birth_date),
        (register, _) => identify(
            person,
            received,
            register.map_or(&[], |register| &register.reserve_patterns),
        )
        .map(|identity| identity.birth_date.or(person.birth_date)),
    };
    match born {
        Err(error) => {
            let mechanism = match error {
                IdentityError::Format => Mechanism::IdentityFormat,
                IdentityError::Date => Mechanism::IdentityDate,
                IdentityError::CheckDigit => Mechanism::IdentityCheckDigit,
                IdentityError::ReservePattern => Mechanism::IdentityReservePattern,
            };
            report.add(mechanism, || "person.number".to_owned());
        }
        Ok(Some(born)) => {
            let age_max = register.map_or(u16::MAX, |register| register.limits.age_max);
            let fits = |date| age_on(born, date).is_some_and(|age| age <= age_max);
            if !fits(record.date()) {
                report.add(Mechanism::PersonAge, || date_path(record).to_owned());
            }
            if let Body::Episode(episode) = &record.body {
                for (at, segment) in episode.segments.iter().enumerate() {
                    if segment.start != episode.start && !fits(segment.start) {
                        report.add(Mechanism::PersonAge, || format!("segments[{at}].start"));
                    }
                }
            }
        }
        Ok(None) => {}
    }
}
