//! Identities as the vault looks them up. The only place that turns a number into bytes and back; nothing it shows by
//! accident holds a number.

use vardnav_register::identity::Number;
use vardnav_register::record::IdentityType;
use zeroize::Zeroizing;

/// An identity as the vault looks it up: equal bytes are one person. Wiped when dropped, withheld by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityBytes(Zeroizing<Vec<u8>>);

impl IdentityBytes {
    /// The identity of a normalised number of a kind.
    pub fn of(identity_type: IdentityType, number: &Number) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + vardnav_register::identity::NUMBER_MAX));
        bytes.push(identity_type as u8);
        bytes.extend(number.reveal().as_bytes());
        Self(bytes)
    }

    /// The identity of a normalised number of a kind. Reserve numbers are unique only where they are given out: those of
    /// two issuers are two persons.
    pub fn given_by(identity_type: IdentityType, number: &Number, issuer: &str) -> Self {
        let bytes = Self::of(identity_type, number);
        match identity_type {
            IdentityType::Reserve => bytes.within(issuer),
            IdentityType::Personnummer | IdentityType::Samordningsnummer => bytes,
        }
    }

    /// The same number as given out by somebody, for numbers that are unique only there.
    #[must_use]
    pub fn within(mut self, issuer: &str) -> Self {
        self.0.push(b'@');
        self.0.extend(issuer.as_bytes());
        self
    }

    /// Who gave the number out, of one that is unique only there; else empty.
    pub fn issuer(&self) -> &str {
        let number = std::str::from_utf8(&self.0).unwrap_or_default();
        number.split_once('@').map_or("", |(_, issuer)| issuer)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The identity that was kept as these bytes.
    pub(crate) fn kept(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Kind of number and the number itself: shown only to whom the vault was opened for.
    pub fn reveal(&self) -> Option<(IdentityType, &str)> {
        let (kind, number) = self.0.split_first()?;
        let kind = [
            IdentityType::Personnummer,
            IdentityType::Samordningsnummer,
            IdentityType::Reserve,
        ]
        .into_iter()
        .find(|known| *known as u8 == *kind)?;
        let number = std::str::from_utf8(number).ok()?;
        Some((kind, number.split('@').next().unwrap_or(number)))
    }
}

impl std::fmt::Debug for IdentityBytes {
    /// Never shows the identity.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityBytes(withheld)")
    }
}
