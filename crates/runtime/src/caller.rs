//! Who is behind a request and what they may do. Callers come from a file of hashed tokens; without one, on
//! loopback only, the client asserts its name and may do everything.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Metadata key by which a client on loopback asserts its name.
pub const CALLER_METADATA: &str = "vardnav-caller";

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// So many digits in a row no name has.
const NAME_DIGITS_END: usize = 6;

/// The authenticated system or person behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name, as it stands in the audit trail.
    pub name: String,
    grants: Grants,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Grants {
    Everything,
    Listed {
        permissions: BTreeSet<String>,
        reporters: BTreeSet<String>,
    },
}

impl Caller {
    /// A caller who may do everything: the server itself, and asserted callers on loopback.
    pub fn trusted(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            grants: Grants::Everything,
        }
    }

    /// Whether the caller holds a permission.
    pub fn may(&self, permission: &str) -> bool {
        match &self.grants {
            Grants::Everything => true,
            Grants::Listed { permissions, .. } => permissions.contains(permission),
        }
    }

    /// Whether the caller may read and write the stream of a reporter.
    pub fn may_act_for(&self, reporter: &str) -> bool {
        match &self.grants {
            Grants::Everything => true,
            Grants::Listed { reporters, .. } => reporters.contains(reporter) || reporters.contains("*"),
        }
    }
}

/// The callers a server knows.
#[derive(Debug, Clone)]
pub enum Callers {
    /// Loopback without credentials: the client asserts its name.
    Asserted,
    /// Callers with tokens, by the SHA-256 of the token.
    Known(Arc<HashMap<[u8; 32], Arc<Caller>>>),
}

/// Why a callers file was refused.
#[derive(Debug, thiserror::Error)]
pub enum CallersError {
    /// It is not the TOML it must be.
    #[error("the callers file cannot be read: {0}")]
    Format(#[from] toml::de::Error),
    /// A token hash is not 64 hexadecimal digits.
    #[error("caller number {0}: token_sha256 must be 64 hexadecimal digits")]
    Token(usize),
    /// A name is not usable.
    #[error("caller number {0}: a name has 1 to 64 of A–Z a–z 0–9 . _ : @ - and no six digits in a row")]
    Name(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallersFile {
    #[serde(default)]
    caller: Vec<CallerRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerRow {
    name: String,
    token_sha256: String,
    #[serde(default)]
    permissions: BTreeSet<String>,
    #[serde(default)]
    reporters: BTreeSet<String>,
}

impl Callers {
    /// Reads a callers file: `[[caller]]` with `name`, `token_sha256`, `permissions`, `reporters` (`*` for all).
    pub fn parse(text: &str) -> Result<Self, CallersError> {
        let file: CallersFile = toml::from_str(text)?;
        let mut known = HashMap::new();
        for (number, row) in (1..).zip(file.caller) {
            let key = hex32(&row.token_sha256).ok_or(CallersError::Token(number))?;
            if !usable(&row.name) {
                return Err(CallersError::Name(number));
            }
            let grants = Grants::Listed {
                permissions: row.permissions,
                reporters: row.reporters,
            };
            known.insert(
                key,
                Arc::new(Caller {
                    name: row.name,
                    grants,
                }),
            );
        }
        Ok(Self::Known(Arc::new(known)))
    }

    /// Finds the caller of a request by its metadata; `None` when it is not known.
    pub fn identify(&self, headers: &http::HeaderMap) -> Option<Arc<Caller>> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match self {
            Self::Asserted => {
                let name = headers
                    .get(CALLER_METADATA)
                    .map_or(Some("anonymous"), |name| name.to_str().ok())?;
                usable(name).then(|| Arc::new(Caller::trusted(name)))
            }
            Self::Known(known) => {
                let token = text("authorization")?.strip_prefix("Bearer ")?;
                let key: [u8; 32] = Sha256::digest(token.as_bytes()).into();
                known.get(&key).cloned()
            }
        }
    }
}

/// Whether a name may stand in audit trails and logs: 1–64 of `A–Z a–z 0–9 . _ : @ -`, and no six digits in a row,
/// so that no personal number gets there.
fn usable(name: &str) -> bool {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:@-".contains(&byte));
    fits && name
        .split(|letter: char| !letter.is_ascii_digit())
        .all(|digits| digits.len() < NAME_DIGITS_END)
}

fn hex32(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[caller]]
        name = "region-skane-ehr"
        # SHA-256 of "open-sesame"
        token_sha256 = "d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7"
        permissions = ["register.report"]
        reporters = ["region-skane"]
    "#;

    fn headers(name: &'static str, value: &str) -> http::HeaderMap {
        let mut headers = http::HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_known_token_names_its_caller_and_nothing_more() {
        let callers = Callers::parse(FILE).unwrap();
        let caller = callers
            .identify(&headers("authorization", "Bearer open-sesame"))
            .unwrap();
        assert_eq!(caller.name, "region-skane-ehr");
        assert!(caller.may("register.report") && !caller.may("release.publish"));
        assert!(caller.may_act_for("region-skane") && !caller.may_act_for("region-halland"));
    }

    #[test]
    fn a_name_that_could_hold_a_personal_number_is_nobody() {
        let asserted = |name: &str| Callers::Asserted.identify(&headers("vardnav-caller", name));
        assert_eq!(asserted("anna").unwrap().name, "anna");
        for name in ["191212121212", "u-121212-1212", "", "två", &"x".repeat(65)] {
            assert!(asserted(name).is_none(), "{name}");
        }
    }

    #[test]
    fn an_unknown_or_missing_token_is_nobody() {
        let callers = Callers::parse(FILE).unwrap();
        assert!(
            callers
                .identify(&headers("authorization", "Bearer sesame"))
                .is_none()
        );
        assert!(callers.identify(&headers("vardnav-caller", "anna")).is_none());
    }
}
