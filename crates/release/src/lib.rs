//! Releases: the package of files that decides everything, its checks, its way from draft to publication, and
//! what the authority's stream of changes says.
//!
//! Pure: no files, no clock, no network, no file formats. [`source::ReleaseSource`] is what files are read into,
//! [`check::check`] judges it, and [`authority::AuthorityState`] is the fold over what was decided.

pub mod authority;
pub mod axes;
pub mod check;
pub mod diff;
pub mod entry;
pub mod lifecycle;
pub mod maps;
pub mod package;
pub mod snapshot;
pub mod source;

pub use authority::AuthorityState;
pub use entry::{AuthorityEntry, Change};
pub use package::{Digest, Package};
pub use snapshot::Snapshot;
pub use source::{EditionBinding, ReleaseFinding, ReleaseSource};
