//! Where a person lived on the date of care: as the record states it or, where it states nothing, as the population
//! register had it. Which of the two it is follows from the record, so it is not stored. Knows what is known of persons
//! through [`Surroundings`] only.

use crate::derived::Derived;
use crate::identity::PersonKey;
use crate::person::Kommun;
use crate::record::Record;
use crate::surroundings::{CodeStatus, Surroundings};

/// Where a residence that is kept is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResidenceSource {
    /// The record states it.
    Stated,
    /// The population register had it on the date of care.
    Population,
}

impl ResidenceSource {
    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Population => "population",
        }
    }

    /// Where the residence is from that is kept of a record; `None` when none is.
    pub fn of(record: &Record, derived: &Derived) -> Option<Self> {
        derived.residence.as_ref()?;
        Some(match record.residence {
            Some(_) => Self::Stated,
            None => Self::Population,
        })
    }
}

/// Adds the residence on the date of care to what was derived of a record that states none, now that its person is
/// known. Of whoever is protected none is added, nor a code that the release does not know on the date.
pub fn add_known<S: Surroundings + ?Sized>(
    record: &Record,
    person: PersonKey,
    derived: &mut Derived,
    surroundings: &S,
) {
    if record.residence.is_some() || record.person.protected || derived.protected {
        return;
    }
    derived.residence = known(record, person, surroundings).map(|kommun| kommun.code().to_owned());
}

/// Where the population register had a person on the date of care, by a code that is valid then.
pub(crate) fn known<S: Surroundings + ?Sized>(
    record: &Record,
    person: PersonKey,
    surroundings: &S,
) -> Option<Kommun> {
    let date = record.date();
    let kommun = surroundings.residence(person, date)?;
    let release = surroundings.release_on(date)?;
    let system = &release.register.geography_system;
    let status = release.codes.check(system, None, kommun.code(), date);
    (status == CodeStatus::Valid).then_some(kommun)
}
