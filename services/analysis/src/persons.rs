//! What the tables need to know of persons beside the entries, and the keys that stand for persons in them. A key is an
//! HMAC of the leading person key under a secret of the tables alone, so that it leads nowhere else: not to the ledger,
//! not to a linkage project, not to the tables of another database.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::civil::Date;
use sha2::Sha256;
use vardnav_register::identity::PersonKey;
use vardnav_store::{StoreError, Vault};

/// Persons that the vault is asked for at once.
const AT_ONCE: usize = 4_000;

/// What is known of a person now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The key that leads for the person.
    pub leader: PersonKey,
    /// Whether the person's data are protected: then nothing below the country is told of where they live.
    pub protected: bool,
}

/// An answer about persons, some time later.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Known>, StoreError>> + Send + 'a>>;

/// Whoever knows persons by their keys.
pub trait Persons: Send + Sync + 'static {
    /// What is known of each person, in order.
    fn known(&self, persons: Vec<PersonKey>) -> Answer<'_>;
}

/// Persons as the vault knows them.
pub struct OfVault(pub Arc<dyn Vault>);

impl Persons for OfVault {
    fn known(&self, persons: Vec<PersonKey>) -> Answer<'_> {
        Box::pin(async move {
            let mut known = Vec::with_capacity(persons.len());
            for persons in persons.chunks(AT_ONCE) {
                let stated = self.0.stated(persons).await?;
                known.extend(persons.iter().map(|person| {
                    // Whose data are protected at any time lives nowhere, also in what was before.
                    let state = stated.state(*person, Date::MAX);
                    Known {
                        leader: state.leader,
                        protected: state.protected,
                    }
                }));
            }
            Ok(known)
        })
    }
}

/// The secret of the tables' person keys.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) [u8; 32]);

impl Secret {
    /// What stands for a person in the tables.
    pub(crate) fn key(&self, leader: PersonKey) -> [u8; 16] {
        let mut key = [0; 16];
        // HMAC takes a key of any length.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(b"vardnav analysis person\0");
            mac.update(&leader.0);
            let tag = mac.finalize().into_bytes();
            for (to, from) in key.iter_mut().zip(tag) {
                *to = from;
            }
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_persons_apart_and_lead_nowhere_under_another_secret() {
        let (one, other) = (PersonKey([1; 16]), PersonKey([2; 16]));
        let secret = Secret([7; 32]);
        assert_eq!(secret.key(one), secret.key(one));
        assert_ne!(secret.key(one), secret.key(other));
        assert_ne!(secret.key(one), one.0);
        assert_ne!(secret.key(one), Secret([8; 32]).key(one));
    }
}
