//! Whom the vault is asked for before a batch is judged: the persons of its records, all in one question. Who is refused is
//! asked for too; nothing comes of that.

use vardnav_register::identity::{PersonKey, normalise, reference_date};
use vardnav_store::{Drawn, Found, IdentityBytes, People, Sought, StoreError, Vault};

use super::Read;

/// The persons of a batch, and which is whose record's.
pub(crate) struct Asked {
    pub(crate) sought: Vec<Sought>,
    /// By the place of the record; nobody where its number is none.
    places: Vec<Option<usize>>,
}

impl Asked {
    /// The persons of records that a reporter reports at an instant (microseconds since 1970-01-01 UTC).
    ///
    /// # Errors
    /// When the vault's key is not as it must be.
    pub(crate) fn of(
        records: &[Read],
        reporter: &str,
        received: i64,
        vault: &dyn Vault,
    ) -> Result<Self, StoreError> {
        let on = reference_date(received);
        let mut asked = Self {
            sought: Vec::with_capacity(records.len()),
            places: Vec::with_capacity(records.len()),
        };
        for read in records {
            let person = read.as_ref().ok().map(|record| &record.person);
            let number = person.and_then(|person| Some((person.identity_type, normalise(person, on).ok()?)));
            asked.places.push(number.is_some().then_some(asked.sought.len()));
            if let Some((kind, number)) = number {
                asked
                    .sought
                    .push(vault.seek(IdentityBytes::given_by(kind, &number, reporter))?);
            }
        }
        Ok(asked)
    }

    /// The key of the person of the record in a place, of people who were looked at.
    ///
    /// # Errors
    /// `Corrupt` when that record's number is none, though it was found to be right.
    pub(crate) fn found(&self, place: usize, people: &People) -> Result<Found, StoreError> {
        let at = self.places.get(place).copied().flatten();
        let found = at.and_then(|at| people.found.get(at)).copied();
        found.ok_or_else(|| {
            StoreError::Corrupt("the vault was not asked for the person of a record".to_owned())
        })
    }

    /// The person of the record in a place as they are to be kept under a key.
    pub(crate) fn drawn(&self, place: usize, person: PersonKey) -> Option<Drawn> {
        let at = self.places.get(place).copied().flatten()?;
        Some(self.sought.get(at)?.clone().under(person))
    }
}
