//! Copies of a node's store for the day it is lost: what a copy consists of, how it is given while the store is in
//! use, taken into a folder, and made a node's folder again. The secret keys are never part of a copy: whoever has both
//! can read identities. They are copied apart, from folder to folder on the node's own machine.

mod give;
mod manifest;
mod restore;
mod take;

pub use self::give::Given;
pub use self::manifest::{FileRecord, MANIFEST_FILE, Manifest};
pub use self::restore::{RestoreError, Restored, restore};
pub use self::take::{Taking, take_secrets};

/// Files of a node's folder that are secret keys.
pub const SECRETS: &[&str] = &["vault/key", "keys/head-key"];

/// Whether a path of a copy stays within the folder it is taken into, and is of a part of a node that is copied.
pub(crate) fn is_path(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
    };
    let mut parts = path.split('/');
    let room = parts.next();
    room.is_some_and(|room| ["store", "vault", "keys"].contains(&room))
        && path.split('/').count() > 1
        && parts.all(plain)
}
