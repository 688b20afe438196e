//! TBX (ISO 30042:2019) in both its styles, DCA (categories as attributes) and DCT (categories as elements), and its
//! older form (`martif`): read into code systems, and written in the DCA style.
//!
//! TBX has neither address nor version of a termbank: they are taken from the first paragraph of the header that begins
//! with an address, `address` or `address|version`, which is how they are written here.

mod read;
mod write;

use std::collections::BTreeSet;

pub use write::write;

use super::xml;
use super::{Contents, Files};

/// Codes of findings about TBX: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-351",
        "an entry has no id or one that stands twice",
        "give each concept entry an `id` of its own",
    ),
    (
        "VN-IMP-352",
        "a reference leads to an entry that is not in the file",
        "add the entry, or correct the `target`",
    ),
    (
        "VN-IMP-353",
        "the header states no address or version of the termbank",
        "write `address|version` into a paragraph of the header's `sourceDesc`",
    ),
    (
        "VN-IMP-354",
        "a language section names no language",
        "state `xml:lang`",
    ),
];

/// Whether a path can be of this format.
pub(super) fn wants(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.ends_with(".tbx") || path.ends_with(".xml")
}

/// Reads those of `paths` that are of this format, and answers which they were.
pub(super) fn read(files: &dyn Files, paths: &[String], contents: &mut Contents) -> BTreeSet<String> {
    let is_ours = |path: &str, root: &str| {
        matches!(root, "tbx" | "TBX" | "martif") || path.to_ascii_lowercase().ends_with(".tbx")
    };
    xml::read_each(files, paths, contents, is_ours, read::termbank)
}
